"""Damaged photos and damaged files of the project itself: found, named, and never trained on."""

import os
import re
import shutil
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
import torch
from PIL import Image

from lib import crops, files, locks, runs, train
from lib.config import PROFILES, Input
from lib.deepfashion import without
from lib.lists import FOLDERS, DataError
from lib.report import results, tables
from lib.world import World, write_world

ROOT = Path(__file__).parents[1]
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
    """Nine photos of 120 x 160 pixels, and what `crop_store` reads of a benchmark."""
    names = np.array([f"img/{i}.jpg" for i in range(9)])
    (tmp_path / "img").mkdir()
    for i, name in enumerate(names):
        (tmp_path / name).write_bytes(jpeg(i))
    return SimpleNamespace(
        name="b", images_root=tmp_path, image=names, box=np.tile(np.array([BOX], np.float32), (9, 1))
    )


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
    assert {path.suffix for path in (tmp_path / "cache").iterdir()} == {".json"}

    decode, read = crops._decode, []
    with monkeypatch.context() as patch:
        patch.setattr(crops, "_decode", lambda path: (read.append(path.name), decode(path))[1])
        with pytest.raises(crops.Damaged, match=re.escape(sentence)):
            crops.crop_store(benchmark, tmp_path / "cache", CONFIG)
    assert read == ["2.jpg", "5.jpg", "8.jpg"]  # the others are known to be whole
    for i in (2, 5, 8):
        (tmp_path / f"img/{i}.jpg").write_bytes(jpeg(i))
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
    benchmark.box = benchmark.box / 4
    with pytest.raises(DataError, match=r"boxes reach 23 % of the photos' size .*160 pixels.*unpack img.zip"):
        crops.check_sizes(benchmark)
    benchmark.image, benchmark.box = benchmark.image[:7], benchmark.box[:7]
    crops.check_sizes(benchmark)  # too few to tell


def test_a_few_small_boxes_say_nothing_of_the_photos(benchmark):
    benchmark.box[:7] /= 4
    crops.check_sizes(benchmark)


def test_an_absurd_box_is_refused_before_training(benchmark, tmp_path):
    benchmark.box[3] = (0, 0, 60_000, 60_000)
    with pytest.raises(DataError, match="3.jpg: box 0 0 60000 60000 .* correct its row in the list of boxes"):
        crops.crop_store(benchmark, tmp_path / "cache", CONFIG)


def test_of_the_synthetic_world_the_cure_is_to_draw_it_again(benchmark, tmp_path):
    benchmark.images_root = tmp_path / "world" / FOLDERS["category_attribute"] / "Img"
    shutil.copytree(tmp_path / "img", benchmark.images_root / "img")
    (tmp_path / "world" / "world.json").write_text("{}")
    (benchmark.images_root / "img/4.jpg").write_bytes(jpeg()[:900])
    with pytest.raises(crops.Damaged, match=r"4.jpg: .*; delete the folder .*world$"):
        crops.crop_store(benchmark, tmp_path / "cache", CONFIG)


def test_that_cure_of_the_synthetic_world_works(tmp_path):
    """Its folder is deleted, and drawn again with the photo whole; a world without its mark alone is not emptied."""
    size = World(
        pretrain=0, train=2, val=1, test=1, inshop_train_items=0, inshop_test_items=0, consumer2shop_train_items=0,
        consumer2shop_val_items=0, consumer2shop_test_items=0, distractors=0, px=48,
    )  # fmt: skip
    world = write_world(tmp_path / "world", size, 0, progress=False)
    photo = next(world.rglob("*.jpg"))
    data = photo.read_bytes()
    photo.write_bytes(data[:300])
    shutil.rmtree(world)
    assert write_world(tmp_path / "world", size, 0, progress=False) == world and photo.read_bytes() == data
    (world / "world.json").unlink()
    with pytest.raises(DataError, match="holds other files"):
        write_world(world, size, 0, progress=False)


# ---- crops ----------------------------------------------------------------------------------------------------------


def test_a_damaged_store_is_set_aside_and_made_again(benchmark, tmp_path, capsys):
    whole = np.array(crops.crop_store(benchmark, tmp_path / "cache", CONFIG))
    (path,) = (tmp_path / "cache").iterdir()
    data = path.read_bytes()
    other = tmp_path / "other.npy"
    np.save(other, whole[:4])
    for content in (data[:-1], data[: len(data) // 2], data + b"more", b"", b"\x93NUMPY", other.read_bytes()):
        path.write_bytes(content)
        np.testing.assert_array_equal(crops.crop_store(benchmark, tmp_path / "cache", CONFIG), whole)
        said = capsys.readouterr().err
        assert f"{path}: damaged (" in said and f"kept as {path.name}.damaged and made again" in said
        assert (tmp_path / "cache" / f"{path.name}.damaged").read_bytes() == content


@pytest.mark.parametrize("kept", [0.0, 0.5, 0.999])
def test_a_stopped_store_whose_file_was_cut_is_made_again(benchmark, tmp_path, capsys, kept):
    whole = np.array(crops.crop_store(benchmark, tmp_path / "cache", CONFIG))
    (path,) = (tmp_path / "cache").iterdir()
    data = path.read_bytes()
    path.unlink()
    path.with_suffix(".part").write_bytes(data[: int(len(data) * kept)])
    path.with_suffix(".done").write_text("9")
    np.testing.assert_array_equal(crops.crop_store(benchmark, tmp_path / "cache", CONFIG), whole)
    assert "cut short" in capsys.readouterr().err
    assert [p.name for p in (tmp_path / "cache").iterdir()] == [path.name]


def test_after_waiting_the_other_process_store_is_read(benchmark, tmp_path, monkeypatch):
    whole = np.array(crops.crop_store(benchmark, tmp_path / "cache", CONFIG))
    (path,) = (tmp_path / "cache").iterdir()
    data = path.read_bytes()
    path.unlink()

    @contextmanager
    def wait_for_the_other(lock, what):
        assert (lock, what) == (path.with_suffix(".lock"), f"{path} is being made")
        path.write_bytes(data)
        yield

    monkeypatch.setattr(crops, "hold", wait_for_the_other)
    monkeypatch.setattr(crops, "_decode", None)
    np.testing.assert_array_equal(crops.crop_store(benchmark, tmp_path / "cache", CONFIG), whole)


def test_a_store_that_another_process_makes_is_waited_for_until_the_deadline(benchmark, tmp_path, monkeypatch):
    crops.crop_store(benchmark, tmp_path / "cache", CONFIG)
    (path,) = (tmp_path / "cache").glob("crops_*.npy")
    path.unlink()
    monkeypatch.setenv("DEEPFASHION_DEADLINE", "1")
    with locks.hold(path.with_suffix(".lock"), "x"):
        with pytest.raises(locks.OutOfTime, match=f"{path.name} is being made by process "):
            crops.crop_store(benchmark, tmp_path / "cache", CONFIG)
    assert not path.exists()


@pytest.mark.parametrize("name", ["model", "answers", "scores"])
def test_a_file_of_another_run_is_set_aside_and_made_again(squares, config, tmp_path, capsys, name):
    benchmarks = {"category_attribute": squares}
    one, other = (
        runs.train_run(name, "category_attribute", benchmarks, config, tmp_path) for name in ("fashionnet", "darn")
    )
    path = one / f"{name}.safetensors"
    exact = {key: value.clone() for key, value in files.read_tensors(path)[0].items()}  # of a mapped file
    shutil.copyfile(other / path.name, path)
    assert not runs.is_whole(one) and runs.is_whole(other)
    runs.train_run("fashionnet", "category_attribute", benchmarks, config, tmp_path)
    assert f"{path}: damaged (" in (said := capsys.readouterr().err)
    assert f"a file of category_attribute/{other.name};" in said
    again = files.read_tensors(path)[0]
    assert runs.is_whole(one, network=True)
    assert [key for key, value in exact.items() if not torch.equal(again[key], value)] == []


RACE = """
import hashlib, sys, time
from pathlib import Path
from types import SimpleNamespace
import numpy as np
from lib import crops
from lib.config import Input
real, crops.CROPS_AT_ONCE = crops.crop, 2
crops.crop = lambda *a: (time.sleep(0.2), real(*a))[1]
names = np.array([f"img/{i}.jpg" for i in range(9)])
b = SimpleNamespace(name="b", images_root=Path(sys.argv[1]), image=names, box=np.tile(np.array([[10, 10, 110, 150]], np.float32), (9, 1)))
stored = np.array(crops.crop_store(b, Path(sys.argv[1]) / "cache", Input(px=72, view_px=64)))
print(hashlib.sha256(stored.tobytes()).hexdigest(), int((~stored.any((1, 2, 3))).sum()))
"""


def test_two_processes_that_fill_one_store_read_the_same_crops(benchmark, tmp_path):
    env = os.environ | {"PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", RACE, str(tmp_path)]
    pair = [subprocess.Popen(command, env=env, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE) for _ in "ab"]
    said = [process.communicate() for process in pair]
    assert [process.returncode for process in pair] == [0, 0], said
    whole = np.array(crops.crop_store(benchmark, tmp_path / "alone", CONFIG))
    expected = f"{files.hashlib.sha256(whole.tobytes()).hexdigest()} 0\n"
    assert [out for out, _ in said] == [expected, expected]


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


def test_a_changed_value_is_noticed(tmp_path):
    path = files.write_tensors(
        tmp_path / "w.safetensors", {"a": torch.arange(100.0), "b": torch.tensor(True)}, {"x": "y"}
    )
    data = bytearray(path.read_bytes())
    data[-40] ^= 1
    path.write_bytes(data)
    with pytest.raises(DataError, match="w.safetensors: its values are not those that were written"):
        files.read_tensors(path)


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-20])


def flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[-20] ^= 64
    path.write_bytes(data)


@pytest.fixture(scope="module")
def trained(squares, config, tmp_path_factory):
    """A finished run's output folder, and the run's folder in it."""
    out = tmp_path_factory.mktemp("trained")
    return out, runs.train_run("fashionnet", "category_attribute", {"category_attribute": squares}, config, out)


ROWS = [("run.json", cut)]
ROWS += [(f"{name}.safetensors", damage) for name in ("model", "answers", "scores") for damage in (cut, flip)]
ROWS += [("answers.safetensors", Path.unlink)]  # a network that is gone is missed only where it is needed


@pytest.mark.parametrize("name, damage", ROWS)
def test_a_damaged_file_of_a_run_is_made_again(trained, squares, config, tmp_path, capsys, monkeypatch, name, damage):
    benchmarks = {"category_attribute": squares}
    shutil.copytree(trained[0], tmp_path / "out")
    folder = tmp_path / "out" / trained[1].relative_to(trained[0])
    damage(folder / name)
    if name in ("answers.safetensors", "scores.safetensors"):
        monkeypatch.setattr(train, "fit", lambda *_, **__: pytest.fail("trained, though the network is there"))
    found = runs.finished("fashionnet", "category_attribute", benchmarks, config, tmp_path / "out")
    assert found == folder and runs.is_whole(folder, network=True)
    ours, exact = runs.scores(found)[0], runs.scores(trained[1])[0]
    assert ours.keys() == exact.keys() and all(np.array_equal(ours[key], exact[key]) for key in exact)
    said = capsys.readouterr().err
    if damage != Path.unlink:
        assert f"{folder / name}: damaged (" in said and (folder / f"{name}.damaged").exists()


def test_a_measured_run_does_without_its_network_until_another_starts_from_it(
    trained, squares, config, tmp_path, monkeypatch
):
    benchmarks = {"category_attribute": squares}
    shutil.copytree(trained[0], tmp_path / "out")
    folder = tmp_path / "out" / trained[1].relative_to(trained[0])
    (folder / "model.safetensors").unlink()
    arguments = "fashionnet", "category_attribute", benchmarks, config, tmp_path / "out"
    with monkeypatch.context() as without:
        without.setattr(train, "fit", lambda *_, **__: pytest.fail("trained, though the answers are there"))
        assert runs.train_run(*arguments) == folder and runs.finished(*arguments) == folder
    assert runs.is_whole(folder) and not runs.is_whole(folder, network=True)
    assert runs.train_run(*arguments, network=True) == folder
    assert (folder / "model.safetensors").exists() and runs.is_whole(folder, network=True)


@pytest.mark.parametrize("name", ["model", "answers"])
def test_a_file_without_a_run_in_its_header_is_made_again(trained, squares, config, tmp_path, name, capsys):
    shutil.copytree(trained[0], tmp_path / "out")
    folder = tmp_path / "out" / trained[1].relative_to(trained[0])
    files.write_tensors(folder / f"{name}.safetensors", {"conv.weight": torch.zeros(2, 2)})
    assert not runs.is_whole(folder, network=True)
    benchmarks = {"category_attribute": squares}
    runs.train_run("fashionnet", "category_attribute", benchmarks, config, tmp_path / "out", network=True)
    assert runs.is_whole(folder, network=True) and f"{name}.safetensors: damaged" in capsys.readouterr().err


@pytest.mark.parametrize("damage", [cut, flip, "foreign", "text"])
def test_a_damaged_checkpoint_is_never_trained_on(trained, squares, config, tmp_path, capsys, monkeypatch, damage):
    benchmarks = {"category_attribute": squares}
    monkeypatch.setenv("DEEPFASHION_DEADLINE", "1")
    with pytest.raises(locks.OutOfTime):
        runs.train_run("fashionnet", "category_attribute", benchmarks, config, tmp_path)
    monkeypatch.delenv("DEEPFASHION_DEADLINE")
    (path,) = tmp_path.glob("runs/*/*/checkpoint.safetensors")
    if damage == "foreign":
        files.write_tensors(path, {"model.a": torch.zeros(3)}, {"epochs": "1", "history": "[]"})
    elif damage == "text":
        path.write_text("{}")
    else:
        damage(path)
    folder = runs.train_run("fashionnet", "category_attribute", benchmarks, config, tmp_path)
    assert f"{path}: damaged (" in capsys.readouterr().err and (folder / f"{path.name}.damaged").exists()
    ours, exact = runs.scores(folder)[0], runs.scores(trained[1])[0]
    assert all(np.array_equal(ours[key], exact[key]) for key in exact)
    assert runs.info(folder)["about"]["epochs"] == runs.info(trained[1])["about"]["epochs"]


def test_a_run_belongs_to_one_process_at_a_time(trained, squares, config, tmp_path, monkeypatch):
    """What the process that was waited for has finished is not trained again."""
    held = []

    @contextmanager
    def wait_for_the_other(lock, what):
        held.append((lock, what))
        shutil.copytree(trained[0], tmp_path, dirs_exist_ok=True)
        yield

    monkeypatch.setattr(runs, "hold", wait_for_the_other)
    monkeypatch.setattr(train, "fit", lambda *_, **__: pytest.fail("two processes train one run"))
    benchmarks = {"category_attribute": squares}
    folder = runs.train_run("fashionnet", "category_attribute", benchmarks, config, tmp_path)
    assert held == [(folder.with_name(f"{folder.name}.lock"), f"{folder} is being trained")]


def test_a_loss_that_is_not_finite_names_the_photos(squares, config, tmp_path, monkeypatch):
    def broken(*arguments):
        raise train.NotFinite("x: the loss is not finite at step 3 (epoch 1)", np.array([2, 0]))

    monkeypatch.setattr(train, "fit", broken)
    with pytest.raises(FloatingPointError) as error:
        runs.train_run("fashionnet", "category_attribute", {"category_attribute": squares}, config, tmp_path)
    images = f"images {squares.image[2]}, {squares.image[0]}; look at these photos and their labels"
    assert str(error.value) == f"x: the loss is not finite at step 3 (epoch 1), {images}"
