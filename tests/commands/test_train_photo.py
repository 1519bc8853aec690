"""Training the network for photos: its losses and figures by hand, and a few updates on a tiny world."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image
from squares import NO_PICTURES

from lib import networks, photo_network, predict
from lib.commands import train_photo
from lib.crops import crop_store, to_pixels
from lib.deepfashion import find_benchmarks
from lib.lists import VISIBLE
from lib.photo_network import FOLDERS, INPUT, KINDS, NONE, PhotoNet


def test_the_loss_of_a_kind_is_that_of_all_its_categories():
    logits = torch.tensor([[0.0, 0, 0, 0], [2, 1, 0, 0]])
    right = torch.tensor([[True, True, False, False], [False, False, True, False]])
    shares = logits.softmax(1)
    expected = -(torch.log(shares[0, :2].sum()) + torch.log(shares[1, 2])) / 2
    assert train_photo.kind_loss(logits, right) == pytest.approx(float(expected))


def test_the_calibration_error_by_hand():
    """Of four at 0.75 two are right, and of one at 0.15 none is: 0.8 * 0.25 + 0.2 * 0.15."""
    probability = torch.tensor([0.75, 0.75, 0.75, 0.75, 0.15])
    right = torch.tensor([1.0, 1, 0, 0, 0])
    assert train_photo.calibration_error(probability, right) == pytest.approx(0.8 * 0.25 + 0.2 * 0.15)
    assert train_photo.calibration_error(torch.ones(3), torch.ones(3)) == 0


def test_the_temperature_of_logits_that_are_twice_too_large_is_two():
    rng = np.random.default_rng(0)
    logits = torch.from_numpy(rng.normal(0, 2, (20_000, 5))).float()
    truth = torch.from_numpy(np.array([rng.choice(5, p=p / p.sum()) for p in logits.softmax(1).double().numpy()]))
    assert train_photo.temperature(2 * logits, truth) == pytest.approx(2, abs=0.1)


def test_every_row_comes_as_often_as_any_other():
    assert (np.bincount(train_photo.batches(7, 0, 14, 5).flatten(), minlength=7) == 10).all()


def test_every_kind_has_categories_of_the_release(world):
    names = [*world["category_attribute"].category_names, NONE]
    right = photo_network.right_categories(names)
    assert right.any(1).all() and {name for names_ in KINDS.values() for name in names_} <= set(names)


def test_only_what_is_said_is_kept():
    model = PhotoNet(4).eval()
    model.threshold.copy_(torch.tensor([0.5, torch.inf, 0.7, torch.inf]))
    features, kind = torch.randn(3, model.kind.in_features), torch.tensor([0, 1, 2])
    with torch.no_grad():
        before = model.sureness(features, kind)
        assert train_photo.only_said(model, ["a", "b", "c", "d"]) == ["a", "c"]
        torch.testing.assert_close(model.sureness(features, kind), before[:, [0, 2]])
    assert model.threshold.tolist() == pytest.approx([0.5, 0.7])


def test_a_tiny_training_writes_a_network(tmp_path, monkeypatch, capsys):
    rng = np.random.default_rng(0)
    for split in ("train", "validation"):
        for kind in [FOLDERS.get(kind, kind) for kind in KINDS]:
            (tmp_path / "photos" / split / kind).mkdir(parents=True)
            pixels = rng.integers(0, 255, (40, 30, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(tmp_path / "photos" / split / kind / "a.png")
    few = replace(NO_PICTURES, pretrain=8, train=4, val=4, test=8, px=96)
    values = {"WORLD": few, "STEPS": 2, "BATCH": 2, "FEWEST": 1, "EPOCHS": 1, "PRECISION": 0.0}
    training = replace(train_photo.CONFIG.training, precision="32-true")  # of bfloat16 the kernels of tests are slow
    values["CONFIG"] = replace(train_photo.CONFIG, training=training)
    for name, value in (values | {"LANDMARK_STEPS": 20, "LANDMARK_BATCH": 12}).items():
        monkeypatch.setattr(train_photo, name, value)
    arguments = ["--photos", str(tmp_path / "photos"), "--out", str(tmp_path / "out")]
    train_photo.main(arguments)
    figures = networks.load(tmp_path / "out" / "photo.safetensors")[1]["figures"]
    assert 0 <= figures["kind right, %"] <= figures["among three, %"] <= 100
    monkeypatch.setattr(photo_network, "FILE", tmp_path / "out" / "photo.safetensors")
    model, names = photo_network.load()
    assert names["category"][-1] == NONE and len(names["attributes"]) == len(model.threshold)
    monkeypatch.setattr(photo_network, "LANDMARKS_FILE", tmp_path / "out" / "photo_landmarks.safetensors")
    drawn = find_benchmarks(next((tmp_path / "out").glob("world_*")))["category_attribute"]
    rows = drawn.rows("pretrain", "train")
    cut = np.asarray(crop_store(drawn, tmp_path / "out" / "cache", INPUT))[rows]
    found = to_pixels(predict.see(photo_network.load_landmarks(), cut)["landmarks"].numpy(), drawn.box[rows], 0.1)
    seen = drawn.visibility[rows] == VISIBLE
    middle = (drawn.box[rows, None, :2] + drawn.box[rows, None, 2:]) / 2
    error, start = (np.abs(places - drawn.landmarks[rows])[seen].mean() for places in (found, middle))
    assert error < 0.8 * start  # it starts with flat heatmaps, in the middle
