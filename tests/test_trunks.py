"""Other networks as a trunk: their parts are the network's own stages, and they start from its weights."""

from dataclasses import replace

import pytest
import torch
import torchvision

from lib import networks, trunks
from lib.config import TRUNKS, find_profile
from lib.fashionnet import FashionNet
from lib.artefact import write_tensors
from lib.lists import DataError

SIDE = 64


@pytest.fixture(scope="module", params=["resnet50", "convnext_tiny"])
def theirs(request, tmp_path_factory):
    """A random torchvision network, and its weights as a file."""
    torch.manual_seed(0)
    network = torchvision.models.get_model(request.param, weights=None).eval()
    path = tmp_path_factory.mktemp("weights") / f"{request.param}.safetensors"
    write_tensors(path, {name: value.contiguous() for name, value in network.state_dict().items()})
    return request.param, network, path


def small(trunk):
    return replace(TRUNKS[trunk], fc_global=8, fc_fusion=8, fc_local=8, fc_pose=8)


def test_a_network_on_it_starts_from_the_weights_and_learns_whole(theirs):
    trunk, network, path = theirs
    net = FashionNet(small(trunk), SIDE, 5, 7)
    started, origin = networks.start_imagenet(net, find_profile(f"photos-{trunk}"), str(path))
    assert origin == path.name and set(started) <= {name for name, _ in net.named_parameters()}
    images = torch.randn(2, 3, SIDE, SIDE)
    with torch.inference_mode():
        net.eval()
        conv4 = net.trunk(images)
        pooled = net.pool5(net.conv5_global(conv4)).flatten(1)
        if trunk == "resnet50":
            network.fc, expected = torch.nn.Identity(), None
            expected = network(images)
        else:
            expected = network.avgpool(network.features(images)).flatten(1)
        torch.testing.assert_close(pooled, expected, rtol=1e-4, atol=1e-4)
        middle = network.layer3 if trunk == "resnet50" else network.features[4:6]
        torch.testing.assert_close(net.pose.conv5_pose(conv4), middle(conv4), rtol=1e-4, atol=1e-4)
        assert conv4.shape == (2, trunks.CHANNELS[trunk]["shared"], SIDE // 8, SIDE // 8)
        assert net.pose.conv5_pose(conv4).shape == (2, trunks.CHANNELS[trunk]["pose"], SIDE // 16, SIDE // 16)
    out = net.train()(images)
    sum(value.float().square().mean() for value in out.values()).backward()
    assert all(p.grad is not None for p in net.parameters())


def test_a_file_of_another_network_is_refused(theirs, tmp_path):
    trunk, network, _ = theirs
    path = write_tensors(tmp_path / "half.safetensors", dict(list(network.state_dict().items())[5:9]))
    with pytest.raises(DataError, match=f"half.safetensors: has no .*; give a torchvision {trunk}"):
        networks.start_imagenet(FashionNet(small(trunk), SIDE, 5, 7), find_profile(f"photos-{trunk}"), str(path))


def test_a_larger_network_of_the_same_names_is_refused(tmp_path):
    """ResNet-101 has every name of ResNet-50, and more."""
    state = {name: value.contiguous() for name, value in torchvision.models.resnet101().state_dict().items()}
    path = write_tensors(tmp_path / "resnet101.safetensors", state)
    with pytest.raises(
        DataError, match="resnet101.safetensors: should have no layer3.10.*; give a torchvision resnet50"
    ):
        trunks.load(FashionNet(small("resnet50"), SIDE, 5, 7), "resnet50", str(path))


def test_vgg16_starts_from_its_weights(tmp_path):
    vgg16 = torchvision.models.vgg16().features
    state = {f"features.{name}": value for name, value in vgg16.state_dict().items()}
    net = FashionNet(small("vgg16"), SIDE, 5, 7)
    started, _ = networks.start_imagenet(
        net, find_profile("photos-vgg16"), str(write_tensors(tmp_path / "v.safetensors", state))
    )
    images = torch.randn(1, 3, SIDE, SIDE)
    with torch.inference_mode():
        conv4 = net.trunk(images)
        torch.testing.assert_close(conv4, vgg16[:23](images))
        torch.testing.assert_close(net.conv5_global(net.pool4(conv4)), vgg16[23:30](conv4))
    assert {name for name, _ in net.named_parameters() if name.startswith(("trunk", "conv5", "pose.conv5"))} == set(
        started
    )


@pytest.mark.parametrize("trunk", list(TRUNKS))
def test_no_trunk_drops_a_part_of_the_picture(trunk):
    """Every pixel of the view reaches the last map: at each halving the side is even."""
    side = find_profile(f"photos-{trunk}").input.view_px
    assert side % 32 == 0


def test_a_wide_convolution_computes_in_float32_inside_autocast(monkeypatch):
    torch.manual_seed(0)
    conv, plain = (torch.nn.Conv2d(8, 8, 5, 2, 2, groups=8) for _ in range(2))
    plain.load_state_dict(conv.state_dict())
    trunks._run_wide(conv)
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
