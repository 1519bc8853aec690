"""Damaged photos: found, named, and never trained on."""

import re
import shutil
from dataclasses import replace

import cv2
import numpy as np
import pytest

from lib import crops
from lib.config import PROFILES, Input
from lib.deepfashion import Benchmark, without
from lib.lists import FOLDERS, DataError
from lib.report import results, tables

CONFIG = Input(px=72, view_px=64)
BOX = (10, 10, 110, 150)


def picture(seed: int = 0) -> np.ndarray:
    """A smooth picture of 120 x 160 pixels, (160, 120, 3) uint8."""
    noise = np.random.default_rng(seed).integers(0, 256, (160, 120, 3), dtype=np.uint8)
    return cv2.GaussianBlur(noise, (9, 9), 0)


def jpeg(seed: int = 0, progressive: bool = False) -> bytes:
    options = [cv2.IMWRITE_JPEG_QUALITY, 95, cv2.IMWRITE_JPEG_PROGRESSIVE, int(progressive)]
    return cv2.imencode(".jpg", picture(seed), options)[1].tobytes()


@pytest.fixture
def benchmark(tmp_path):
    """Nine photos of 120 x 160 pixels."""
    names = np.array([f"img/{i}.jpg" for i in range(9)])
    (tmp_path / "img").mkdir()
    for i, name in enumerate(names):
        (tmp_path / name).write_bytes(jpeg(i))
    return Benchmark("b", tmp_path, names, np.array(["train"] * 9), np.tile(np.array([BOX], np.float32), (9, 1)))


def test_all_damaged_photos_are_named_at_once_and_again(benchmark, tmp_path, monkeypatch):
    (tmp_path / "img/2.jpg").write_bytes(jpeg()[:-900] + b"\xff\xd9")  # found by a warning alone
    (tmp_path / "img/5.jpg").unlink()
    (tmp_path / "img/8.jpg").write_text("no picture")
    monkeypatch.setattr(crops, "CHUNK", 2)
    monkeypatch.setattr(crops, "MOST_REPORTED", 2)
    with pytest.raises(crops.Damaged) as first:
        crops.crop_store(benchmark, tmp_path / "cache", CONFIG)
    assert first.value.rows == [2, 5, 8]
    sentence = str(first.value)
    assert "3 of 9 photos of b cannot be read" in sentence and "--skip-damaged" in sentence
    assert "2.jpg: damaged" in sentence and "5.jpg: No such file" in sentence and "8.jpg" not in sentence
    assert "and 1 more" in sentence
    assert not list((tmp_path / "cache").rglob("*.npy"))

    decode, read = crops.read_photo, []
    with monkeypatch.context() as patch:
        patch.setattr(crops, "read_photo", lambda path: (read.append(path.name), decode(path))[1])
        with pytest.raises(crops.Damaged, match=re.escape(sentence)):
            crops.crop_store(benchmark, tmp_path / "cache", CONFIG)
    assert sorted(read) == ["2.jpg", "5.jpg", "8.jpg"]  # the others are known to be whole
    for i in (2, 5, 8):
        (tmp_path / f"img/{i}.jpg").write_bytes(jpeg(i))
    benchmark = replace(benchmark)  # read again
    crop = crops.crop(crops.read_photo(tmp_path / "img/8.jpg"), benchmark.box[8], 72, 0.1)
    np.testing.assert_array_equal(crops.crop_store(benchmark, tmp_path / "cache", CONFIG)[8], crop)


@pytest.mark.parametrize(
    "fault, raised", [(DataError("x.jpg: Permission denied"), crops.Damaged), (MemoryError(), MemoryError)]
)
def test_what_is_no_damage_is_not_remembered_as_such(benchmark, tmp_path, monkeypatch, fault, raised):
    decode = crops.read_photo

    def refuse(path):
        if path.name == "5.jpg":
            raise fault
        return decode(path)

    with monkeypatch.context() as patch:
        patch.setattr(crops, "read_photo", refuse)
        with pytest.raises(raised):
            crops.crop_store(benchmark, tmp_path / "cache", CONFIG)
    assert crops.crop_store(benchmark, tmp_path / "cache", CONFIG).shape == (9, 72, 72, 3)


def test_photos_that_are_larger_than_the_boxes_own_are_refused(benchmark):
    crops.check_sizes(benchmark)
    small = replace(benchmark, box=benchmark.box / 4)
    with pytest.raises(DataError, match=r"boxes reach 23 % of the photos' size .*160 pixels.*unpack img.zip"):
        crops.check_sizes(small)
    crops.check_sizes(replace(small, image=small.image[:7], box=small.box[:7]))  # too few to tell


def test_a_few_small_boxes_say_nothing_of_the_photos(benchmark):
    benchmark.box[:7] /= 4
    crops.check_sizes(benchmark)


def test_an_absurd_box_is_refused_before_training(benchmark, tmp_path):
    benchmark.box[3] = (0, 0, 60_000, 60_000)
    with pytest.raises(DataError, match="3.jpg: box 0 0 60000 60000 .* correct its row in the list of boxes"):
        crops.crop_store(benchmark, tmp_path / "cache", CONFIG)


def test_of_the_synthetic_world_the_cure_is_to_draw_it_again(benchmark, tmp_path):
    benchmark = replace(benchmark, images_root=tmp_path / "world" / FOLDERS["category_attribute"] / "Img")
    shutil.copytree(tmp_path / "img", benchmark.images_root / "img")
    (tmp_path / "world" / "world.json").write_text("{}")
    (benchmark.images_root / "img/4.jpg").write_bytes(jpeg()[:900])
    with pytest.raises(crops.Damaged, match=r"4.jpg: .*; delete the folder .*world$"):
        crops.crop_store(benchmark, tmp_path / "cache", CONFIG)


# ---- going on without damaged photos --------------------------------------------------------------------------------


def test_without_drops_rows_and_their_pairs(world):
    street = world["consumer2shop"]
    gone = [int(street.pairs[0, 0]), int(street.pairs[-1, 1])]
    left = without(street, gone)
    kept = [i for i in range(len(street.image)) if i not in gone]
    assert left.skipped == 2 and left.image.tolist() == street.image[kept].tolist()
    for name in ("box", "split", "item", "domain", "attributes", "landmarks", "visibility"):
        np.testing.assert_array_equal(getattr(left, name), getattr(street, name)[kept])
    names = {tuple(pair) for pair in street.image[street.pairs].tolist() if not set(pair) & set(street.image[gone])}
    assert {tuple(pair) for pair in left.image[left.pairs].tolist()} == names and len(names) < len(street.pairs)
    assert without(left, [0]).skipped == 3


def test_a_source_with_damaged_photos_stops_or_goes_on_without_them(world_root, world, tmp_path, capsys):
    root, config = tmp_path / "source", replace(PROFILES["smoke"], input=CONFIG)
    shutil.copytree(world_root, root)
    (root / "world.json").unlink()  # a real source has none
    bad = {"category_attribute": [3, 7], "inshop": [1]}
    for name, rows in bad.items():
        for row in rows:
            path = root / (world[name].images_root / world[name].image[row]).relative_to(world_root)
            path.write_bytes(path.read_bytes()[:700])
    with pytest.raises(DataError) as stopped:
        results.open_data(config, str(root), tmp_path)
    for name, rows in bad.items():
        assert all(world[name].image[row] in str(stopped.value) for row in rows), "all benchmarks' at once"

    opened = results.open_data(config, str(root), tmp_path, skip_damaged=True)
    said = capsys.readouterr().err
    assert "category_attribute: 2 of 54 photos cannot be read and are left out" in said
    for name, benchmark in world.items():
        rows = [i for i in range(len(benchmark.image)) if i not in bad.get(name, [])]
        assert opened[name].image.tolist() == benchmark.image[rows].tolist()
        assert opened[name].skipped == len(bad.get(name, []))
    counts = tables.counts_table(opened)
    left_out = counts[counts.what == "photos left out, damaged"].set_index("benchmark").here
    assert left_out.to_dict() == {"category_attribute": 2, "inshop": 1}
    assert tables.source_table(opened).skipped.to_dict() == {"category_attribute": 2, "inshop": 1, "consumer2shop": 0}
    assert "skipped" not in tables.source_table(world)


def test_a_source_that_lost_all_of_a_split_is_not_measured_on_another(world_root, world, tmp_path):
    root, config = tmp_path / "source", replace(PROFILES["smoke"], input=CONFIG)
    shutil.copytree(world_root, root)
    (root / "world.json").unlink()
    b = world["category_attribute"]
    for row in b.rows("test"):
        (root / (b.images_root / b.image[row]).relative_to(world_root)).unlink()
    with pytest.raises(DataError, match="none of the test photos can be read; unpack them again"):
        results.open_data(config, str(root), tmp_path, skip_damaged=True)
