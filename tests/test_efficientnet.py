"""EfficientNet-Lite0's stages as a trunk: they are ImageNet's, and nothing re-initialises them."""

from dataclasses import replace

import pytest
import torch

from lib import efficientnet, networks, trunks
from lib.config import PHOTOS, PROFILES
from lib.crops import normalise
from lib.fashionnet import FashionNet
from lib.artefact import read_tensors, write_tensors
from lib.lists import DataError
from lib.rivals import DARN, PartDetector

SMALL = replace(PHOTOS, fc_global=8, fc_fusion=8, fc_local=8, fc_pose=8)
SIDE = 64


def test_shared_and_global_parts_are_timms_features_of_the_same_picture():
    network, origin = efficientnet.load()
    assert "ImageNet" in origin
    parts = [trunks.make_part("efficientnet_lite0", name).eval() for name in ("shared", "pose", "global")]
    pixels = torch.randint(0, 256, (2, SIDE, SIDE, 3), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        expected = network.eval()(pixels.permute(0, 3, 1, 2) / 255 * 2 - 1)  # timm's own mean and deviation are 0.5
        conv4 = parts[0](normalise(pixels))
        assert conv4.shape == (2, efficientnet.CHANNELS["shared"], SIDE // 8, SIDE // 8)
        assert parts[1](conv4).shape == (2, efficientnet.CHANNELS["pose"], SIDE // 16, SIDE // 16)
        torch.testing.assert_close(parts[2](conv4).mean((2, 3)), expected, rtol=1e-3, atol=1e-3)


def test_every_network_on_it_starts_from_imagenet_and_learns_whole():
    theirs, _ = efficientnet.load()
    networks_ = {
        "fashionnet": FashionNet(SMALL, SIDE, 5, 7), "heatmap": FashionNet(SMALL, SIDE, 5, 7, "heatmap"),
        "darn": DARN(SMALL, SIDE, 5, torch.ones(7, dtype=torch.long), (1,)), "detector": PartDetector(SMALL, 14),
    }  # fmt: skip
    for name, net in networks_.items():
        started, origin = networks.start_imagenet(net, PROFILES["photos"], "")
        assert "ImageNet" in origin and started and set(started) <= {n for n, _ in net.named_parameters()}
        stem = next(p for n, p in net.named_parameters() if n in started and p.shape == theirs.conv_stem.weight.shape)
        assert torch.equal(stem, theirs.conv_stem.weight), name
        out = net(torch.randn(2, 3, SIDE, SIDE))
        sum(value.float().square().mean() for value in out.values()).backward()
        assert all(p.grad is not None for p in net.parameters()), name


def test_a_file_that_lacks_weights_is_named(monkeypatch, tmp_path):
    state, about = read_tensors(efficientnet.WEIGHTS)
    assert "ImageNet" in about["from"] and not [name for name in state if name.startswith("classifier")]
    part = write_tensors(tmp_path / "lite0.safetensors", dict(list(state.items())[3:]))
    monkeypatch.setattr(efficientnet, "WEIGHTS", part)
    with pytest.raises(DataError, match="lite0.safetensors: does not hold"):
        efficientnet.load()
