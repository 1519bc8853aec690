"""Damaged photos: found, named, and never trained on."""

import os
import re
import shutil
from dataclasses import replace

import cv2
import numpy as np
import pytest
from PIL import Image

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


# ---- photos ---------------------------------------------------------------------------------------------------------


DAMAGE = {
    "zeroed": lambda data, n: data[:n] + b"\0" * 800 + data[n + 800 :],
    "cut out": lambda data, n: data[:n] + data[n + 900 :],
    "cut off": lambda data, n: data[:n],
    "cut off, with an end marker": lambda data, n: data[:n] + b"\xff\xd9",
    "cut off and padded": lambda data, n: data[:n] + b"\0" * 5000,
    "head alone": lambda data, n: data[:400],
}


@pytest.mark.parametrize("progressive", [False, True])
@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_jpeg_is_refused_with_its_name(tmp_path, damage, progressive, capfd):
    data = jpeg(progressive=progressive)
    (tmp_path / "x.jpg").write_bytes(DAMAGE[damage](data, len(data) // 2))
    with pytest.raises(DataError, match="x.jpg: .*; download it again"):
        crops.read_photo(tmp_path / "x.jpg")
    assert capfd.readouterr().err == "", "libjpeg's warning names no file"


@pytest.mark.parametrize("tenth", range(10))
@pytest.mark.parametrize("kind", [".jpg", ".png"])
def test_a_photo_cut_at_any_tenth_is_refused(tmp_path, kind, tenth):
    data = cv2.imencode(kind, picture())[1].tobytes()
    (tmp_path / f"x{kind}").write_bytes(data[: len(data) * tenth // 10])
    with pytest.raises(DataError, match=f"x{kind}: "):
        crops.read_photo(tmp_path / f"x{kind}")


@pytest.mark.parametrize("kind", [".jpg", ".png"])
def test_bytes_behind_the_end_are_passed_over(tmp_path, kind):
    data = cv2.imencode(kind, picture())[1].tobytes()
    (tmp_path / "whole").write_bytes(data)
    (tmp_path / "more").write_bytes(data + b"MotionPhoto_Data" + b"\0" * 5000)
    np.testing.assert_array_equal(crops.read_photo(tmp_path / "more"), crops.read_photo(tmp_path / "whole"))


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "I;16"])
def test_every_kind_of_picture_is_read_or_refused_in_a_sentence(tmp_path, mode):
    path = tmp_path / ("x.jpg" if mode == "CMYK" else "x.png")
    Image.new(mode, (7, 5)).save(path)
    assert crops.read_photo(path).shape == (5, 7, 3)


def test_of_a_huge_picture_only_the_header_is_read(tmp_path, monkeypatch):
    Image.new("1", (11_000, 10_000)).save(tmp_path / "bomb.png")
    monkeypatch.setattr(cv2, "imdecode", lambda *_: pytest.fail("decoded"))
    with pytest.raises(DataError, match="bomb.png: 11000 x 10000 pixels; photos above 100 megapixels are refused"):
        crops.read_photo(tmp_path / "bomb.png")


def test_what_others_write_to_stderr_is_passed_on(capfd):
    with crops.libjpeg_warnings() as warnings:
        os.write(2, b"a line\nCorrupt JPEG data: premature end of data segment\n")
        assert warnings == []
    assert warnings == ["Corrupt JPEG data: premature end of data segment"]
    assert capfd.readouterr().err == "a line\n"


def test_all_damaged_photos_are_named_at_once_and_again(benchmark, tmp_path, monkeypatch):
    data = jpeg()
    (tmp_path / "img/2.jpg").write_bytes(DAMAGE["zeroed"](data, len(data) // 2))  # found by a warning alone
    (tmp_path / "img/5.jpg").unlink()
    (tmp_path / "img/8.jpg").write_text("no picture")
    monkeypatch.setattr(crops, "CROPS_AT_ONCE", 2)
    monkeypatch.setattr(crops, "MOST_REPORTED", 2)
    with pytest.raises(crops.Damaged) as first:
        crops.crop_store(benchmark, tmp_path / "cache", CONFIG)
    assert first.value.rows == [2, 5, 8]
    sentence = str(first.value)
    assert "3 of 9 photos of b cannot be read" in sentence and "--skip-damaged" in sentence
    assert "2.jpg: damaged" in sentence and "5.jpg: No such file" in sentence and "8.jpg" not in sentence
    assert "and 1 more" in sentence
    assert not list((tmp_path / "cache").rglob("*.npy"))

    decode, read = crops._decode, []
    with monkeypatch.context() as patch:
        patch.setattr(crops, "_decode", lambda path: (read.append(path.name), decode(path))[1])
        with pytest.raises(crops.Damaged, match=re.escape(sentence)):
            crops.crop_store(benchmark, tmp_path / "cache", CONFIG)
    assert read == ["2.jpg", "5.jpg", "8.jpg"]  # the others are known to be whole
    for i in (2, 5, 8):
        (tmp_path / f"img/{i}.jpg").write_bytes(jpeg(i))
    benchmark = replace(benchmark)  # read again
    crop = crops.crop(crops.read_photo(tmp_path / "img/8.jpg"), benchmark.box[8], 72, 0.1)
    np.testing.assert_array_equal(crops.crop_store(benchmark, tmp_path / "cache", CONFIG)[8], crop)


def test_a_photo_that_could_not_be_read_for_a_while_is_not_remembered_as_damaged(benchmark, tmp_path, monkeypatch):
    decode = crops._decode

    def refuse(path):
        if path.name == "5.jpg":
            raise DataError(f"{path}: Permission denied; put the photo there or take it off the lists")
        return decode(path)

    with monkeypatch.context() as patch:
        patch.setattr(crops, "_decode", refuse)
        with pytest.raises(crops.Damaged, match="5.jpg: Permission denied"):
            crops.crop_store(benchmark, tmp_path / "cache", CONFIG)
    crops.crop_store(benchmark, tmp_path / "cache", CONFIG)


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


# ---- the files of a run ---------------------------------------------------------------------------------------------
