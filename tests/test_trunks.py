"""Other networks as a trunk: their parts are the network's own stages, and they start from its weights."""

from dataclasses import replace

import pytest
import torch
import torchvision

from lib import networks, trunks
from lib.config import TRUNKS, find_profile
from lib.fashionnet import FashionNet
from lib.files import write_tensors
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
        assert conv4.shape == (2, trunks.CHANNELS[trunk]["shared"], SIDE // 8, SIDE // 8)
        assert net.pose.conv5_pose(conv4).shape == (2, trunks.CHANNELS[trunk]["pose"], SIDE // 16, SIDE // 16)
    out = net.train()(images)
    sum(value.float().square().mean() for value in out.values()).backward()
    assert all(p.grad is not None for p in net.parameters())


def test_a_file_of_another_network_is_refused(theirs, tmp_path):
    trunk, network, _ = theirs
    path = write_tensors(tmp_path / "half.safetensors", dict(list(network.state_dict().items())[5:9]))
    with pytest.raises(DataError, match=f"half.safetensors: no .*; give a torchvision {trunk}"):
        networks.start_imagenet(FashionNet(small(trunk), SIDE, 5, 7), find_profile(f"photos-{trunk}"), str(path))


def test_vgg16_is_the_papers():
    model = TRUNKS["vgg16"]
    assert (model.width, model.batch_norm, model.conv5) == (1, False, 512)


def test_float32_inside_autocast_gives_the_same_gradients():
    """Depthwise convolutions with stride 2 or 5 x 5 compute in float32: closer to float32 than bfloat16 alone."""
    torch.manual_seed(0)
    conv = torch.nn.Conv2d(8, 8, 5, 2, 2, groups=8)
    plain = torch.nn.Conv2d(8, 8, 5, 2, 2, groups=8)
    plain.load_state_dict(conv.state_dict())
    trunks._run_wide(conv)
    x = torch.randn(2, 8, 9, 9)
    gradients = []
    for layer, autocast in ((plain, False), (conv, True), (plain, True)):
        layer.zero_grad()
        with torch.autocast("cpu", torch.bfloat16, enabled=autocast):
            out = layer(x.bfloat16() if autocast else x)
        assert out.dtype == (torch.bfloat16 if autocast else torch.float32)
        out.float().square().sum().backward()
        gradients.append(layer.weight.grad.clone())
    exact, ours, narrow = gradients
    assert (ours - exact).abs().max() <= (narrow - exact).abs().max()
    torch.testing.assert_close(ours, exact, rtol=0.05, atol=0.5)
