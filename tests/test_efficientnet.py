"""EfficientNet-Lite0's stages as a trunk: they are ImageNet's, and nothing re-initialises them."""

from dataclasses import replace

import pytest
import torch

from lib import efficientnet, networks
from lib.config import PHOTOS, PROFILES
from lib.crops import normalise
from lib.fashionnet import FashionNet
from lib.rivals import DARN, WTBI, PartDetector

SMALL = replace(PHOTOS, fc_global=8, fc_fusion=8, fc_local=8, fc_pose=8)
SIDE = 64
CELLS = {"fc6_global": 4, "pose.fc6_pose": 4, "wtbi": 1}  # of a channel that are normalised together


def test_shared_and_last_parts_are_timms_features_of_the_same_picture():
    network = efficientnet.load()
    parts = [efficientnet.stages(name).eval() for name in ("shared", "conv5", "last")]
    pixels = torch.randint(0, 256, (2, SIDE, SIDE, 3), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        expected = network.eval()(pixels.permute(0, 3, 1, 2) / 255 * 2 - 1)  # timm's own mean and deviation are 0.5
        conv4 = parts[0](normalise(pixels))
        assert conv4.shape == (2, efficientnet.CHANNELS["shared"], SIDE // 8, SIDE // 8)
        assert parts[1](conv4).shape == (2, efficientnet.CHANNELS["conv5"], SIDE // 16, SIDE // 16)
        torch.testing.assert_close(parts[2](conv4).mean((2, 3)), expected, rtol=1e-3, atol=1e-3)
        fine, middle, coarse = efficientnet.maps(network, normalise(pixels))
        torch.testing.assert_close(coarse.mean((2, 3)), expected, rtol=1e-3, atol=1e-3)
        torch.testing.assert_close(middle, parts[1](conv4), rtol=1e-3, atol=1e-3)
        assert fine.shape == conv4.shape and not torch.equal(fine, conv4)  # one block more than the trunk


def test_every_network_on_it_starts_from_imagenet_and_learns_all_but_its_first_layers():
    theirs = efficientnet.load()
    networks_ = {
        "fashionnet": FashionNet(SMALL, SIDE, 5, 7),
        "heatmap": FashionNet(SMALL, SIDE, 5, 7, "heatmap"),
        "darn": DARN(SMALL, SIDE, 5, torch.ones(7, dtype=torch.long), (1,)),
        "detector": PartDetector(SMALL, 14),
    }
    for name, net in networks_.items():
        started, origin = networks.start_imagenet(net, PROFILES["photos"], "")
        assert "ImageNet" in origin and started and set(started) <= {n for n, _ in net.named_parameters()}
        stem = next(p for n, p in net.named_parameters() if n in started and p.shape == theirs.conv_stem.weight.shape)
        assert torch.equal(stem, theirs.conv_stem.weight), name
        out = net.train()(torch.randn(2, 3, SIDE, SIDE))
        sum(value.float().square().mean() for value in out.values()).backward()
        trunk = net.streams[0]["conv"][0] if name == "darn" else net.trunk
        first = [layer for part in list(trunk)[: efficientnet.FROZEN] for layer in part.modules()]
        kept = {id(p) for layer in first for p in layer.parameters()}
        assert all((p.grad is None) == (id(p) in kept) for p in net.parameters()), name
        norms = [layer for layer in first if isinstance(layer, torch.nn.BatchNorm2d)]
        assert torch.equal(norms[0].running_mean, theirs.bn1.running_mean), name
        assert trunk[efficientnet.FROZEN].training and not any(layer.training for layer in norms), name


@pytest.mark.parametrize("name", ["fc6_global", "pose.fc6_pose", "landmark_pooling", "wtbi"])
def test_what_fully_connected_layers_and_pooling_read_has_mean_0_and_deviation_1(name):
    net = WTBI(SMALL, 5, 7) if name == "wtbi" else FashionNet(SMALL, SIDE, 5, 7)
    layer, seen = net.mlp if name == "wtbi" else net.get_submodule(name), []
    layer.register_forward_pre_hook(lambda _, given: seen.append(given[0]))
    net.train()(torch.randn(16, 3, SIDE, SIDE, generator=torch.Generator().manual_seed(0)))
    maps = seen[0] if seen[0].ndim == 4 else seen[0].unflatten(1, (-1, CELLS[name]))
    mean, deviation = maps.mean((0, *range(2, maps.ndim))), maps.std((0, *range(2, maps.ndim)), correction=0)
    torch.testing.assert_close(mean, torch.zeros_like(mean), rtol=0, atol=1e-4)
    torch.testing.assert_close(deviation, torch.ones_like(deviation), rtol=0, atol=1e-2)


def test_a_wide_convolution_computes_in_float32_inside_autocast():
    torch.manual_seed(0)
    conv, plain = (torch.nn.Conv2d(8, 8, 5, 2, 2, groups=8) for _ in range(2))
    plain.load_state_dict(conv.state_dict())
    efficientnet.run_wide(conv)
    x = torch.randn(2, 8, 9, 9).bfloat16()
    with torch.autocast("cpu", torch.bfloat16):
        out = conv(x)
    expected = plain(x.float())
    assert out.dtype == torch.bfloat16 and torch.equal(out, expected.bfloat16())
    with torch.autocast("cpu", torch.bfloat16):
        assert not torch.equal(plain(x), expected.bfloat16())  # bfloat16 weights give other numbers
    out.float().sum().backward()
    expected.bfloat16().float().sum().backward()
    torch.testing.assert_close(conv.weight.grad, plain.weight.grad)
