"""Reference rows: features beside timm's own, neighbours beside scikit-learn's, a probe that learns squares."""

from dataclasses import replace

import numpy as np
import pytest
import timm
import torch
from safetensors.torch import save_file
from sklearn.neighbors import KNeighborsClassifier
from squares import CONFIG

from lib import crops, probe
from lib.config import Ladder
from lib.lists import DataError


@pytest.fixture(scope="module")
def features(squares, tmp_path_factory):
    out = tmp_path_factory.mktemp("probe")
    return {split: probe.make_features(squares, squares.rows(split), CONFIG, out) for split in ("train", "test")}


def test_features_of_another_network_are_timms(squares, tmp_path):
    """A vision transformer with given weights, at the size of the views and with its own normalisation."""
    torch.manual_seed(3)
    network = timm.create_model("test_vit", num_classes=0, img_size=CONFIG.input.view_px).eval()
    save_file(network.state_dict(), tmp_path / "vit.safetensors")
    rows, i = squares.rows("test"), CONFIG.input
    found = probe.make_features(squares, rows, CONFIG, tmp_path, "test_vit", str(tmp_path / "vit.safetensors"))
    crop = torch.from_numpy(crops.crop_store(squares, tmp_path / "cache", i)[rows])
    views = crops.images_in_view(crop, crops.fixed_view(len(rows), i), i.view_px)
    pixels = torch.from_numpy(crops.denormalise(views)).permute(0, 3, 1, 2).float() / 255  # rounded to whole numbers
    with torch.inference_mode():
        expected = network((pixels - 0.5) / 0.5)
    torch.testing.assert_close(found, expected, atol=0.02, rtol=0.02)


@pytest.mark.parametrize(
    "name, weights, words", [("resnet_of_mine", "", "no network of timm"), ("test_vit", "none.pth", "not the weights")]
)
def test_what_is_no_network_is_refused(name, weights, words):
    with pytest.raises(DataError, match=words):
        probe.load(name, weights, 32)


def test_neighbours_are_scikit_learns(squares, features):
    rows = squares.rows("train")
    found = probe.neighbours(features["train"], squares, rows, features["test"])
    known, asked = (torch.nn.functional.normalize(values, dim=1).numpy() for values in features.values())
    k = min(probe.NEIGHBOURS, len(rows))
    peer = KNeighborsClassifier(k).fit(known, squares.category[rows])
    np.testing.assert_allclose(found["category"], peer.predict_proba(asked), atol=1e-6)
    np.testing.assert_allclose(np.linalg.norm(found["embedding"], axis=1), 1, atol=1e-5)


def test_a_probe_learns_the_colour_of_squares(squares, features):
    rows, test = squares.rows("train"), squares.rows("test")
    many = replace(CONFIG, ladder=Ladder(epochs=100, rate=3e-3))
    found = probe.linear(features["train"], squares, rows, features["test"], many, 0)
    assert (found["category"].argmax(1) == squares.category[test]).mean() > 0.8
    assert found["attributes"].shape == (len(test), 3)
