import re
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from lib import crops
from lib.config import Input
from lib.deepfashion import Benchmark
from lib.lists import FOLDERS, DataError
from lib.train import Samples

CONFIG = Input(px=72, view_px=64)
JPEG = replace(CONFIG, jpeg=95)


def photo_with_dot(x, y, width=120, height=160):
    """A smooth photo with one bright spot centred on pixel (x, y)."""
    yy, xx = np.mgrid[:height, :width]
    spot = 200 * np.exp(-((xx - x) ** 2 + (yy - y) ** 2) / 18)
    return np.repeat((20 + spot)[..., None], 3, axis=2).astype(np.uint8)


def brightest(image):
    """Centre of mass of the bright part, in units of the image: pixel 0's centre is at 0.5."""
    grey = image.astype(float).mean(-1)
    weight = np.clip(grey - grey.max() / 2, 0, None)
    ys, xs = np.mgrid[: grey.shape[0], : grey.shape[1]] + 0.5
    return np.array([(weight * xs).sum() / grey.shape[1], (weight * ys).sum() / grey.shape[0]]) / weight.sum()


def test_crop_units_by_hand():
    box = np.array([[10.0, 20.0, 110.0, 70.0]])
    points = np.array([[[10.0, 20.0], [110.0, 70.0], [60.0, 45.0], [-2.5, 13.75]]])
    units = crops.to_crop(points, box, margin=0.125)
    np.testing.assert_allclose(units, [[[0.1, 0.1], [0.9, 0.9], [0.5, 0.5], [0.0, 0.0]]])
    np.testing.assert_allclose(crops.to_pixels(units, box, 0.125), points)


@pytest.mark.parametrize("px, margin", [(72, 0.1), (144, 0.0), (20, 0.25), (400, 0.1)])
@pytest.mark.parametrize("box", [(20, 30, 100, 130), (0, 0, 119, 159), (-10, -5, 90, 120)])
def test_a_crop_puts_a_pixel_where_to_crop_says(box, px, margin):
    """Also for boxes at and beyond the edge, enlarged and shrunk."""
    x, y = 64, 72
    got = brightest(crops.crop(photo_with_dot(x, y), np.array(box), px, margin))
    box = np.array([box], float)
    expected = crops.to_crop(np.array([[[x + 0.5, y + 0.5]]]), box, margin)[0, 0]
    np.testing.assert_allclose(got, expected, atol=0.6 / min(px, 90))


def test_a_view_puts_a_pixel_where_landmarks_in_view_says():
    crop = crops.crop(photo_with_dot(64, 72), np.array([20, 30, 100, 130]), 72, 0.1)
    landmarks = torch.tensor(brightest(crop), dtype=torch.float32).expand(6, 8, 2)
    view = crops.training_view(6, CONFIG, torch.Generator().manual_seed(3))
    assert view.mirrored.any() and not view.mirrored.all()
    images = crops.images_in_view(torch.from_numpy(crop).expand(6, -1, -1, -1), view._replace(colour=None), 64)
    expected = crops.landmarks_in_view(landmarks, view)
    for image, place in zip(images, expected, strict=True):
        got = brightest((image.permute(1, 2, 0) * 50 + 120).clamp(0, 255).numpy())
        np.testing.assert_allclose(got, place[0], atol=0.012)
    assert crops.landmarks_in_view(landmarks * torch.nan, view).isnan().all()  # unknown ones stay unknown


def test_visibility_is_swapped_in_a_mirrored_view_and_2_where_the_view_cuts_off():
    plain = crops.View(torch.ones(1, 2), torch.full((1, 2), 0.5), torch.tensor([False]))
    places = torch.full((1, 8, 2), 0.5)
    codes, mirrored = torch.tensor([[0, 1, 2, -1, 0, 1, 2, -1]]), plain._replace(mirrored=torch.tensor([True]))
    assert crops.visibility_in_view(codes, places, mirrored).tolist() == [[1, 0, -1, 2, 1, 0, -1, 2]]
    places[0, 0, 0], places[0, 1, 1], places[0, 2] = -0.01, 1.01, torch.tensor([0.0, 1.0])
    places[0, 3], places[0, 4] = 2.0, torch.nan
    codes = torch.tensor([[0, 1, 0, -1, 1, 0, 2, 0]])
    assert crops.visibility_in_view(codes, places, plain).tolist() == [[2, 2, 0, -1, 1, 0, 2, 0]]


def test_views_are_cut_in_float32_under_autocast():
    """A sampling grid in bfloat16 would be off by up to a quarter of a pixel."""
    images = torch.randint(0, 256, (4, 72, 72, 3), dtype=torch.uint8)
    view = crops.training_view(4, CONFIG, torch.Generator().manual_seed(0))
    plain = crops.images_in_view(images, view, 64)
    with torch.autocast("cpu", torch.bfloat16):
        assert torch.equal(crops.images_in_view(images, view, 64), plain)


@pytest.fixture
def benchmark(tmp_path):
    names = [f"img/{i}.png" for i in range(7)]
    (tmp_path / "img").mkdir()
    for i, name in enumerate(names):
        cv2.imwrite(str(tmp_path / name), photo_with_dot(20 + 10 * i, 80))
    return Benchmark("b", tmp_path, np.array(names), np.array(["train"] * 7), np.float32([[10, 10, 110, 150]] * 7))


@pytest.mark.parametrize("config", [CONFIG, JPEG], ids=["pixels", "JPEG"])
def test_the_store_holds_every_crop_in_order_and_is_read_back(benchmark, tmp_path, monkeypatch, config):
    stored = crops.crop_store(benchmark, tmp_path / "cache", config)
    for i in range(7):
        expected = crops.crop(crops.read_photo(tmp_path / benchmark.image[i]), benchmark.box[i], 72, 0.1)
        np.testing.assert_allclose(stored[np.array([i])][0], expected, atol=8 * (config is JPEG))
    monkeypatch.setattr(crops, "read_photo", None)  # a second call reads the store, not the photos
    np.testing.assert_array_equal(crops.crop_store(benchmark, tmp_path / "cache", config), np.array(stored))


def test_jpegs_are_decoded_in_any_order_and_threads(benchmark, tmp_path):
    """And are what the network sees of a store of pixels, but for the loss."""
    stored, pixels = (np.array(crops.crop_store(benchmark, tmp_path / "cache", config)) for config in (JPEG, CONFIG))
    lazy, rows = crops.crop_store(benchmark, tmp_path / "cache", JPEG), np.array([5, 0, 0, 6, 3])
    assert lazy.shape == pixels.shape and lazy.nbytes == pixels.nbytes
    assert lazy.filename.stat().st_size < pixels.nbytes / 4
    view = crops.fixed_view(5, CONFIG)
    for threads in (1, 3):
        torch.set_num_threads(threads)
        np.testing.assert_array_equal(lazy[rows], stored[rows])
        torch.set_num_threads(1)
    seen = [Samples(crops=array).images(torch.from_numpy(rows), view, 64) for array in (lazy, pixels)]
    torch.testing.assert_close(*seen, atol=0.2, rtol=0)
    whole = lazy.filename.read_bytes()
    lazy.filename.write_bytes(whole[:-1])
    with pytest.raises(DataError, match="its crops cannot be read .*; delete it and start again"):
        crops.crop_store(benchmark, tmp_path / "cache", JPEG)


@pytest.mark.parametrize("config", [CONFIG, JPEG], ids=["pixels", "JPEG"])
def test_a_stopped_store_goes_on_where_it_was(benchmark, tmp_path, monkeypatch, capsys, config):
    benchmark.box[2] = benchmark.box[5] = [10, 10, 125, 60]  # leave their photos
    whole = crops.crop_store(benchmark, tmp_path / "whole", config)
    read, seen = crops.read_photo, []

    def read_until_broken(path):
        seen.append(path.name)
        if path.name == "5.png" and "5.png" not in seen[:-1]:
            raise KeyboardInterrupt
        return read(path)

    monkeypatch.setattr(crops, "read_photo", read_until_broken)
    monkeypatch.setattr(crops, "CHUNK", 2)
    with pytest.raises(KeyboardInterrupt):
        crops.crop_store(benchmark, tmp_path / "cache", config)
    assert {path.suffix for path in (tmp_path / "cache").iterdir()} == {".part", ".lock"}
    seen_before = len(seen)
    capsys.readouterr()
    for file in (tmp_path / "cache").glob("*.part/crops.*"):  # a chunk that was half written
        file.write_bytes(file.read_bytes() + b"x" * 999)
    stored = crops.crop_store(benchmark, tmp_path / "cache", config)
    assert Path(stored.filename).read_bytes() == Path(whole.filename).read_bytes()
    np.testing.assert_array_equal(stored, np.array(whole))
    assert sorted(seen[seen_before:]) == ["4.png", "5.png", "6.png"]
    assert "b: 1 of the 3 boxes cut now leave their photos (--check names them)" in capsys.readouterr().err


def test_a_store_is_of_its_size_margin_boxes_and_photos(benchmark, tmp_path):
    """And not of the views, which are cut later."""
    same = replace(CONFIG, view=0.8, view_px=32, jitter=0.3, colour=0.0)
    others = [(benchmark, replace(CONFIG, **change)) for change in ({"px": 80}, {"margin": 0.2}, {"jpeg": 90})]
    others += [(replace(benchmark, box=benchmark.box + 5), CONFIG)]
    first = crops.crop_store(benchmark, tmp_path / "cache", CONFIG)
    files = {crops.crop_store(b, tmp_path / "cache", config).filename for b, config in others}
    assert len(files | {first.filename}) == 5
    assert crops.crop_store(benchmark, tmp_path / "cache", same).filename == first.filename
    cv2.imwrite(str(tmp_path / benchmark.image[0]), photo_with_dot(90, 20))
    second = crops.crop_store(replace(benchmark), tmp_path / "cache", CONFIG)
    assert not np.array_equal(first[0], second[0]) and np.array_equal(first[1:], second[1:])


def test_boxes_that_are_outside_their_photo_are_refused(benchmark, tmp_path):
    benchmark.box[3] = [121, 10, 170, 60]
    with pytest.raises(DataError, match="3.png: box .* nor overlaps them enough; correct its row"):
        crops.crop_store(benchmark, tmp_path / "cache", CONFIG)


def test_all_damaged_photos_are_named_at_once_and_again(benchmark, tmp_path, monkeypatch):
    (tmp_path / "img/2.png").write_bytes((tmp_path / "img/2.png").read_bytes()[:-900])
    (tmp_path / "img/5.png").unlink()
    (tmp_path / "img/6.png").write_text("no picture")
    monkeypatch.setattr(crops, "CHUNK", 2)
    monkeypatch.setattr(crops, "MOST_REPORTED", 2)
    with pytest.raises(crops.Damaged) as first:
        crops.crop_store(benchmark, tmp_path / "cache", CONFIG)
    assert first.value.rows == [2, 5, 6]
    sentence = str(first.value)
    for words in ("3 of 7 photos of b cannot be read", "--skip-damaged", "2.png: damaged", "5.png: No such", "1 more"):
        assert words in sentence
    assert "6.png" not in sentence
    assert not list((tmp_path / "cache").rglob("*.npy"))

    decode, read = crops.read_photo, []
    monkeypatch.setattr(crops, "read_photo", lambda path: (read.append(path.name), decode(path))[1])
    with pytest.raises(crops.Damaged, match=re.escape(sentence)):
        crops.crop_store(benchmark, tmp_path / "cache", CONFIG)
    assert sorted(read) == ["2.png", "5.png", "6.png"]  # the others are known to be whole


@pytest.mark.parametrize(
    "fault, raised", [(DataError("x.jpg: Permission denied"), crops.Damaged), (MemoryError(), MemoryError)]
)
def test_what_is_no_damage_is_not_remembered_as_such(benchmark, tmp_path, monkeypatch, fault, raised):
    decode = crops.read_photo

    def refuse(path):
        if path.name == "5.png":
            raise fault
        return decode(path)

    with monkeypatch.context() as patch:
        patch.setattr(crops, "read_photo", refuse)
        with pytest.raises(raised):
            crops.crop_store(benchmark, tmp_path / "cache", CONFIG)
    assert crops.crop_store(benchmark, tmp_path / "cache", CONFIG).shape == (7, 72, 72, 3)


def test_photos_that_are_larger_than_the_boxes_own_are_refused(benchmark, monkeypatch):
    monkeypatch.setattr(crops, "FEW_SAMPLED", 7)
    crops.check_sizes(benchmark)
    small = replace(benchmark, box=benchmark.box / 4)
    with pytest.raises(DataError, match=r"boxes reach 23 % of the photos' size .*160 pixels.*unpack img.zip"):
        crops.check_sizes(small)
    crops.check_sizes(replace(small, image=small.image[:6], box=small.box[:6]))  # too few to tell
    benchmark.box[:5] /= 4
    crops.check_sizes(benchmark)


def test_of_the_synthetic_world_the_cure_is_to_draw_it_again(benchmark, tmp_path):
    benchmark = replace(benchmark, images_root=tmp_path / "world" / FOLDERS["category_attribute"] / "Img")
    (tmp_path / "world").mkdir()
    (tmp_path / "world" / "world.json").write_text("{}")
    with pytest.raises(crops.Damaged, match=r"0.png: .*; delete the folder .*world$"):
        crops.crop_store(benchmark, tmp_path / "cache", CONFIG)


def test_denormalise_undoes_normalise():
    images = torch.randint(0, 256, (2, 5, 7, 3), dtype=torch.uint8)
    np.testing.assert_array_equal(crops.denormalise(crops.normalise(images)), images.numpy())
    black = crops.normalise(torch.zeros(1, 1, 1, 3, dtype=torch.uint8)).flatten()
    torch.testing.assert_close(black, torch.tensor([-0.485 / 0.229, -0.456 / 0.224, -0.406 / 0.225]))


def test_recolouring_equals_three_steps_one_after_the_other():
    torch.manual_seed(0)
    images = torch.rand(5, 3, 6, 7) * 255
    colour = 1 + 0.4 * (torch.rand(5, 3) * 2 - 1)
    brightness, contrast, saturation = (c[:, None, None, None] for c in colour.T)
    x = images * brightness
    mean = x.mean((1, 2, 3), keepdim=True)
    x = (x - mean) * contrast + mean
    grey = x.mean(1, keepdim=True)
    x = ((x - grey) * saturation + grey).clamp(0, 255)
    torch.testing.assert_close(crops.recolour(images, colour), x, atol=1e-3, rtol=0)
    assert (x == 255).any()  # clipped, as a picture is
