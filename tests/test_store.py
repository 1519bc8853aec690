import os
from dataclasses import replace
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
import torch

from lib import store
from lib.config import Input
from lib.data import DataError

CONFIG = Input(px=72, view_px=64)
ALL = np.ones(5, bool)  # five images, each seen mirrored, too


def photo_with_dot(x, y, width=120, height=160):
    """A smooth photo with one bright spot centred on pixel (x, y)."""
    yy, xx = np.mgrid[:height, :width]
    spot = 200 * np.exp(-((xx - x) ** 2 + (yy - y) ** 2) / 18)
    return np.repeat((20 + spot)[..., None], 3, axis=2).astype(np.uint8)


def brightest(image):
    """Centre of mass of the bright part, in units of the image: pixel 0's centre lies at 0.5."""
    grey = image.astype(float).mean(-1)
    weight = np.clip(grey - grey.max() / 2, 0, None)
    ys, xs = np.mgrid[: grey.shape[0], : grey.shape[1]] + 0.5
    return np.array([(weight * xs).sum() / grey.shape[1], (weight * ys).sum() / grey.shape[0]]) / weight.sum()


def test_crop_units_by_hand():
    box = np.array([[10.0, 20.0, 110.0, 70.0]])
    points = np.array([[[10.0, 20.0], [110.0, 70.0], [60.0, 45.0], [-2.5, 13.75]]])
    units = store.to_crop(points, box, margin=0.125)
    np.testing.assert_allclose(units, [[[0.1, 0.1], [0.9, 0.9], [0.5, 0.5], [0.0, 0.0]]])
    np.testing.assert_allclose(store.to_pixels(units, box, 0.125), points)


@pytest.mark.parametrize("px, margin", [(72, 0.1), (144, 0.0), (20, 0.25), (400, 0.1)])
@pytest.mark.parametrize("box", [(20, 30, 100, 130), (0, 0, 119, 159), (-10, -5, 90, 120)])
def test_a_crop_puts_a_pixel_where_to_crop_says(box, px, margin):
    """Also for boxes at and beyond the edge, enlarged and shrunk."""
    x, y = 64, 72
    got = brightest(store.crop(photo_with_dot(x, y), np.array(box), px, margin))
    box = np.array([box], float)
    expected = store.to_crop(np.array([[[x + 0.5, y + 0.5]]]), box, margin)[0, 0]
    np.testing.assert_allclose(got, expected, atol=0.6 / min(px, 90))


def test_a_view_puts_a_pixel_where_landmarks_in_view_says():
    crop = store.crop(photo_with_dot(64, 72), np.array([20, 30, 100, 130]), 72, 0.1)
    landmarks = torch.tensor(brightest(crop), dtype=torch.float32).expand(6, 8, 2)
    view = store.training_view(6, CONFIG, torch.Generator().manual_seed(3))
    assert view.mirrored.any() and not view.mirrored.all()
    images = store.images_in_view(torch.from_numpy(crop).expand(6, -1, -1, -1), view._replace(colour=None), 64)
    expected = store.landmarks_in_view(landmarks, view)
    for image, place in zip(images, expected, strict=True):
        got = brightest((image.permute(1, 2, 0) * 50 + 120).clamp(0, 255).numpy())
        np.testing.assert_allclose(got, place[0], atol=0.012)


def test_mirroring_swaps_left_and_right():
    landmarks = torch.arange(16.0).reshape(1, 8, 2) / 16
    view = store.View(torch.ones(1, 2), torch.full((1, 2), 0.5), torch.tensor([True]))
    seen = store.landmarks_in_view(landmarks, view)[0]
    # the picture's left collar was its right one: slot 1, with x turned round
    assert seen[0].tolist() == [1 - landmarks[0, 1, 0].item(), landmarks[0, 1, 1].item()]
    assert seen[7].tolist() == [1 - landmarks[0, 6, 0].item(), landmarks[0, 6, 1].item()]
    codes = torch.tensor([[0, 1, 2, -1, 0, 1, 2, -1]])
    inside = torch.full((1, 8, 2), 0.5)
    assert store.visibility_in_view(codes, inside, view).tolist() == [[1, 0, -1, 2, 1, 0, -1, 2]]


def test_a_landmark_that_the_view_cuts_off_is_not_visible_in_it():
    plain = store.View(torch.ones(1, 2), torch.full((1, 2), 0.5), torch.tensor([False]))
    places = torch.full((1, 8, 2), 0.5)
    places[0, 0, 0], places[0, 1, 1], places[0, 2] = -0.01, 1.01, torch.tensor([0.0, 1.0])
    places[0, 3], places[0, 4] = 2.0, torch.nan
    codes = torch.tensor([[0, 1, 0, -1, 1, 0, 2, 0]])
    assert store.visibility_in_view(codes, places, plain).tolist() == [[2, 2, 0, -1, 1, 0, 2, 0]]


def test_views_are_cut_in_float32_under_autocast():
    """A sampling grid in bfloat16 would be off by up to a quarter of a pixel."""
    crops = torch.randint(0, 256, (4, 72, 72, 3), dtype=torch.uint8)
    maps = torch.rand(4, 18, 18, 3).half()
    view = store.training_view(4, CONFIG, torch.Generator().manual_seed(0))
    plain = store.images_in_view(crops, view, 64), store.maps_in_view(maps, view, 16)
    with torch.autocast("cpu", torch.bfloat16):
        cast = store.images_in_view(crops, view, 64), store.maps_in_view(maps, view, 16)
    assert all(torch.equal(a, b) for a, b in zip(plain, cast, strict=True))


def test_mirroring_twice_changes_nothing():
    landmarks = torch.rand(2, 8, 2)
    view = store.View(torch.ones(2, 2), torch.full((2, 2), 0.5), torch.ones(2, dtype=torch.bool))
    twice = store.landmarks_in_view(store.landmarks_in_view(landmarks, view), view)
    torch.testing.assert_close(twice, landmarks)


def test_unknown_landmarks_stay_unknown():
    view = store.training_view(4, CONFIG, torch.Generator().manual_seed(0))
    assert store.landmarks_in_view(torch.full((4, 8, 2), torch.nan), view).isnan().all()


def test_landmarks_come_back_from_the_fixed_view():
    landmarks = torch.rand(3, 8, 2)
    view = store.fixed_view(3, CONFIG)
    there = store.landmarks_in_view(landmarks, view)
    torch.testing.assert_close(store.landmarks_in_crop(there, view), landmarks)
    assert not torch.equal(there, landmarks)


def test_the_test_view_has_no_jitter_and_no_mirror():
    view = store.fixed_view(5, CONFIG)
    assert not view.mirrored.any() and view.colour is None
    assert (view.size == CONFIG.view).all() and (view.centre == 0.5).all()


def test_training_views_are_the_same_in_every_process():
    whole = store.training_view(8, CONFIG, torch.Generator().manual_seed(7))
    again = store.training_view(8, CONFIG, torch.Generator().manual_seed(7))
    for a, b in zip(whole.part(slice(4, 8)), again, strict=True):
        assert torch.equal(a, b[4:])


def test_the_whole_crop_at_its_own_size_is_the_crop():
    crops = torch.randint(0, 256, (2, 64, 64, 3), dtype=torch.uint8)
    view = store.View(torch.ones(2, 2), torch.full((2, 2), 0.5), torch.zeros(2, dtype=torch.bool))
    torch.testing.assert_close(store.images_in_view(crops, view, 64), store.normalise(crops), atol=1e-4, rtol=0)


def test_conv4_views_are_cut_as_images_are():
    maps = torch.rand(2, 6, 6, 3).half()
    whole = store.View(torch.ones(2, 2), torch.full((2, 2), 0.5), torch.zeros(2, dtype=torch.bool))
    torch.testing.assert_close(store.maps_in_view(maps, whole, 6), maps.permute(0, 3, 1, 2).float())
    middle = whole._replace(size=torch.full((2, 2), 2 / 3))  # the middle four of six cells
    torch.testing.assert_close(store.maps_in_view(maps, middle, 4), maps[:, 1:5, 1:5].permute(0, 3, 1, 2).float())


@pytest.mark.parametrize("cells", [4, 9, 18])
def test_views_of_maps_are_those_of_grid_sample(cells):
    """Windows that leave the map included; what is not mirrored when told not to."""
    maps, wide = torch.randn(16, cells, cells, 5).half(), replace(CONFIG, jitter=0.6, mirror=False)
    view = store.training_view(16, wide, torch.Generator().manual_seed(0))
    assert not view.mirrored.any()
    seen = store.maps_in_view(maps, view, cells - 1)
    assert seen.dtype == torch.float32 and seen.is_contiguous(memory_format=torch.channels_last)
    torch.testing.assert_close(seen, store.resample(maps.permute(0, 3, 1, 2).float(), view, cells - 1))


@pytest.mark.parametrize("mirror", [False, True])
def test_conv5_of_the_store_is_the_blocks_of_every_side(tmp_path, mirror):
    torch.manual_seed(0)
    trunk = torch.nn.Sequential(torch.nn.Conv2d(3, 4, 3, padding=1), torch.nn.MaxPool2d(4))
    crops = np.random.default_rng(0).integers(0, 256, (5, 16, 16, 3), dtype=np.uint8)
    place = tmp_path, torch.device("cpu"), torch.float32
    conv4 = store.conv4_store(trunk, crops, "x", tmp_path, "digest", *place[1:], np.full(5, mirror))
    assert conv4.shape == (5, 1 + mirror, 4, 4, 4)
    blocks = [torch.nn.Sequential(torch.nn.MaxPool2d(2), torch.nn.Conv2d(4, 3, 3, padding=1)) for _ in range(2)]
    for block in blocks:  # each has a file of its own
        maps = store.conv5_store(block, conv4, "conv5_x", *place)
        with torch.inference_mode():
            expected = [
                block(torch.from_numpy(np.array(conv4[:, side])).float().permute(0, 3, 1, 2))
                for side in range(1 + mirror)
            ]
        expected = torch.stack(expected, dim=1).permute(0, 1, 3, 4, 2)
        torch.testing.assert_close(torch.from_numpy(np.array(maps)).float(), expected, atol=2e-3, rtol=2e-3)


def test_what_is_never_seen_mirrored_is_computed_plain_alone(tmp_path):
    """100 images in pieces of 40, the first 60 of them for training: the last piece has no mirrored maps, in conv5 neither."""
    torch.manual_seed(0)
    trunk = torch.nn.Sequential(torch.nn.Conv2d(3, 4, 3, padding=1), torch.nn.MaxPool2d(4))
    crops = np.random.default_rng(0).integers(0, 256, (100, 16, 16, 3), dtype=np.uint8)
    place = tmp_path, "digest", torch.device("cpu"), torch.float32
    some, every = (store.conv4_store(trunk, crops, "x", *place, np.arange(100) < n) for n in (60, 100))
    assert np.array_equal(some[:, 0], every[:, 0]) and np.array_equal(some[:60], every[:60])
    assert [store.sides_there(some[rows]) for rows in (slice(0, 40), slice(40, 80), slice(80, 100))] == [2, 2, 1]
    assert not some[80:, 1].any() and store.sides_there(every[80:]) == 2
    block = torch.nn.Conv2d(4, 3, 3, padding=1)
    conv5, whole = (store.conv5_store(block, maps, "conv5_x", tmp_path, *place[2:]) for maps in (some, every))
    assert np.array_equal(conv5[:60], whole[:60]) and np.array_equal(conv5[:, 0], whole[:, 0])
    assert not conv5[80:, 1].any() and whole[80:, 1].any()


def test_conv4_of_the_store_is_the_trunks(tmp_path):
    torch.manual_seed(0)
    trunk = torch.nn.Sequential(torch.nn.Conv2d(3, 4, 3, padding=1), torch.nn.MaxPool2d(8))
    crops = np.random.default_rng(0).integers(0, 256, (5, 16, 16, 3), dtype=np.uint8)
    maps = store.conv4_store(trunk, crops, "x", tmp_path, "digest", torch.device("cpu"), torch.float32, ALL)
    images = store.normalise(torch.from_numpy(crops))
    with torch.inference_mode():
        expected = torch.stack([trunk(images), trunk(images.flip(3))], dim=1).permute(0, 1, 3, 4, 2)
    torch.testing.assert_close(torch.from_numpy(maps.astype(np.float32)), expected, atol=2e-3, rtol=2e-3)
    before = trunk[0].weight.clone()
    store.conv4_store(trunk, crops, "y", tmp_path, "digest", torch.device("cpu"), torch.bfloat16, ALL)
    assert torch.equal(trunk[0].weight, before)  # computed in bfloat16 by a copy


@pytest.fixture
def benchmark(tmp_path):
    names = []
    for i in range(7):
        names.append(f"img/{i}.png")
        (tmp_path / "img").mkdir(exist_ok=True)
        cv2.imwrite(str(tmp_path / names[-1]), photo_with_dot(20 + 10 * i, 80))
    return SimpleNamespace(
        name="b",
        images_root=tmp_path,
        image=np.array(names),
        box=np.tile(np.array([[10, 10, 110, 150]], np.float32), (7, 1)),
    )


def test_the_store_holds_every_crop_in_order_and_is_read_back(benchmark, tmp_path, monkeypatch):
    key = store.crops_key(benchmark, CONFIG)
    crops = store.crop_store(benchmark, tmp_path / "cache", CONFIG)
    for i in range(7):
        photo = store.read_photo(tmp_path / benchmark.image[i])
        np.testing.assert_array_equal(crops[i], store.crop(photo, benchmark.box[i], 72, 0.1))
    monkeypatch.setattr(store, "read_photo", None)  # a second call reads the store, not the photos
    monkeypatch.setattr(store, "crops_key", lambda *_: key)
    np.testing.assert_array_equal(store.crop_store(benchmark, tmp_path / "cache", CONFIG), crops)


def test_a_stopped_store_goes_on_where_it_was(benchmark, tmp_path, monkeypatch):
    whole = np.array(store.crop_store(benchmark, tmp_path / "whole", CONFIG))
    read, seen = store.read_photo, []

    def read_until_broken(path):
        seen.append(path.name)
        if path.name == "5.png" and "5.png" not in seen[:-1]:
            raise KeyboardInterrupt
        return read(path)

    monkeypatch.setattr(store, "read_photo", read_until_broken)
    monkeypatch.setattr(store, "CROPS_AT_ONCE", 2)
    monkeypatch.setattr(store, "MARK_EVERY", 2)
    with pytest.raises(KeyboardInterrupt):
        store.crop_store(benchmark, tmp_path / "cache", CONFIG)
    assert not list((tmp_path / "cache").glob("*.npy"))
    seen_before = len(seen)
    crops = store.crop_store(benchmark, tmp_path / "cache", CONFIG)
    np.testing.assert_array_equal(crops, whole)
    assert sorted(seen[seen_before:]) == ["4.png", "5.png", "6.png"]


def test_another_box_makes_another_store(benchmark, tmp_path):
    first = np.array(store.crop_store(benchmark, tmp_path / "cache", CONFIG))
    benchmark.box = benchmark.box + 5
    assert not np.array_equal(store.crop_store(benchmark, tmp_path / "cache", CONFIG), first)


def test_another_photo_of_the_same_name_makes_another_store(benchmark, tmp_path):
    first = np.array(store.crop_store(benchmark, tmp_path / "cache", CONFIG))
    cv2.imwrite(str(tmp_path / benchmark.image[0]), photo_with_dot(90, 20))
    second = store.crop_store(benchmark, tmp_path / "cache", CONFIG)
    assert not np.array_equal(first[0], second[0]) and np.array_equal(first[1:], second[1:])


def test_another_trunk_makes_other_maps(tmp_path):
    """From scratch, two methods draw different trunks from one seed."""
    crops = np.random.default_rng(0).integers(0, 256, (3, 16, 16, 3), dtype=np.uint8)
    trunks = [torch.nn.Sequential(torch.nn.Conv2d(3, 4, 3, padding=1), torch.nn.MaxPool2d(8)) for _ in range(2)]
    place = tmp_path, "same", torch.device("cpu"), torch.float32, ALL[:3]
    maps = [store.conv4_store(t, crops, "x", *place) for t in trunks]
    assert len(list(tmp_path.glob("*.npy"))) == 2 and not np.array_equal(*maps)


def test_a_full_disk_is_one_sentence_and_leaves_nothing(benchmark, tmp_path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "posix_fallocate", full, raising=False)
    with pytest.raises(
        DataError, match=r"crops_b_\w+.part: cannot be written .*No space left.* needs 0.0 GB.*free some"
    ):
        store.crop_store(benchmark, tmp_path / "cache", CONFIG)
    assert not list((tmp_path / "cache").iterdir())


@pytest.mark.parametrize("mark", ["", "nonsense"])
def test_a_mark_that_cannot_be_read_starts_the_store_anew(benchmark, tmp_path, mark):
    whole = np.array(store.crop_store(benchmark, tmp_path / "cache", CONFIG))
    path = next((tmp_path / "cache").glob("*.npy"))
    path.rename(path.with_suffix(".part"))
    path.with_suffix(".done").write_text(mark)
    np.testing.assert_array_equal(store.crop_store(benchmark, tmp_path / "cache", CONFIG), whole)
    assert [p.name for p in (tmp_path / "cache").iterdir()] == [path.name]


def test_boxes_that_leave_their_photo_are_reported(benchmark, tmp_path, capsys):
    benchmark.box = benchmark.box.copy()
    height, width = store.read_photo(tmp_path / benchmark.image[2]).shape[:2]
    benchmark.box[2] = [10, 10, width + 5, 60]
    store.crop_store(benchmark, tmp_path / "cache", CONFIG)
    said = capsys.readouterr().err
    assert f"2.png: box 10 10 {width + 5} 60 is not inside its {width} x {height} pixels; the photo's edge" in said
    benchmark.box[3] = [width + 1, 10, width + 50, 60]
    with pytest.raises(DataError, match="3.png: box .* nor touches them; correct its row"):
        store.crop_store(benchmark, tmp_path / "cache", CONFIG)


def test_bad_photos_are_named(tmp_path):
    with pytest.raises(DataError, match=r"none.jpg: No such file.*put the photo there"):
        store.read_photo(tmp_path / "none.jpg")
    (tmp_path / "text.jpg").write_text("not a picture")
    with pytest.raises(DataError, match="text.jpg: not a whole"):
        store.read_photo(tmp_path / "text.jpg")
    (tmp_path / "empty.jpg").write_bytes(b"")
    with pytest.raises(DataError, match="empty.jpg: not a whole"):
        store.read_photo(tmp_path / "empty.jpg")
    data = cv2.imencode(".jpg", photo_with_dot(5, 5))[1].tobytes()
    (tmp_path / "cut.jpg").write_bytes(data[: len(data) // 2])
    with pytest.raises(DataError, match="cut.jpg: not a whole"):
        store.read_photo(tmp_path / "cut.jpg")
