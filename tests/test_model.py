from dataclasses import replace

import pytest
import torch
import torchvision

from lib.config import PHOTOS_MODEL, PROFILES, Model
from lib.model import WTBI, FashionNet, load_vgg16, soft_argmax

TINY = PROFILES["smoke"].model


def count(module):
    return sum(p.numel() for p in module.parameters())


def conv(inputs, outputs):
    return 9 * inputs * outputs + outputs


def fc(inputs, outputs):
    return inputs * outputs + outputs


def counts_by_hand(m: Model, view_px, categories, attributes):
    """FashionNet's parameters from the paper's figure 5, layer by layer."""
    plan = [round(c * m.trunk_width) for c in (64, 64, 128, 128, 256, 256, 256, 512, 512, 512)]
    trunk = sum(conv(a, b) for a, b in zip([3, *plan], plan, strict=False))
    C, cells = plan[-1], view_px // 8
    pose_cells = (cells // 2 if m.pool4_pose else cells) // 2
    pose = conv(C, m.conv5_pose) + 2 * conv(m.conv5_pose, m.conv5_pose)
    pose += fc(m.conv5_pose * pose_cells**2, m.fc_pose) + fc(m.fc_pose, m.fc_pose)
    pose += fc(m.fc_pose, 8 * 2) + fc(m.fc_pose, 8 * 3)
    conv5 = conv(C, m.conv5) + 2 * conv(m.conv5, m.conv5)
    fc6_global = fc(m.conv5 * (cells // 4) ** 2, m.fc_global)
    fc6_local = fc(8 * C * m.bins**2, m.fc_local)
    fusion = fc(m.fc_global + m.fc_local, m.fc_fusion)
    return trunk + pose + conv5 + fc6_global + fc6_local + fusion + fc(m.fc_fusion, categories + attributes)


@pytest.mark.parametrize("name", list(PROFILES))
def test_parameter_counts_are_those_counted_by_hand(name):
    config = PROFILES[name]
    with torch.device("meta"):
        net = FashionNet(config.model, config.input.view_px, 50, 1000)
    assert count(net) == counts_by_hand(config.model, config.input.view_px, 50, 1000)


def test_the_paper_profile_has_the_papers_size():
    """Pinned, so that a change of the network cannot pass unseen: conv1-conv4 7,635,264 as VGG-16's."""
    with torch.device("meta"):
        net = FashionNet(PROFILES["paper"].model, 224, 50, 1000)
    assert count(net.trunk) == 7_635_264
    assert net.fc6_global[0].in_features == 512 * 7 * 7
    assert net.pose.fc6_pose[0].in_features == 512 * 7 * 7
    assert net.fc7_fusion[0].out_features == 4096


@pytest.fixture(scope="module")
def net():
    torch.manual_seed(0)
    return FashionNet(TINY, 64, 5, 7).eval()


def test_outputs_have_the_promised_shapes(net):
    out = net(torch.randn(3, 3, 64, 64))
    shapes = {name: tuple(value.shape) for name, value in out.items()}
    assert shapes == {
        "visibility": (3, 8, 3), "landmarks": (3, 8, 2), "category": (3, 5), "attributes": (3, 7), "embedding": (3, 64),
    }  # fmt: skip
    torch.testing.assert_close(out["embedding"].norm(dim=1), torch.ones(3))
    assert all(value.dtype == torch.float32 for value in out.values())


def test_one_image_alone_gives_what_it_gives_in_a_batch(net):
    x = torch.randn(4, 3, 64, 64)
    together, alone = net(x), net(x[2:3])
    for name in together:
        torch.testing.assert_close(together[name][2:3], alone[name], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("head", ["regression", "heatmap"])
def test_every_parameter_gets_a_gradient(head):
    torch.manual_seed(0)
    net = FashionNet(Model(**(vars(TINY) | {"head": head})), 64, 5, 7).train()
    torch.nn.init.normal_(net.pose.visibility.weight)  # 0 at the start: nothing below it would learn yet
    if head == "regression":
        torch.nn.init.normal_(net.pose.landmarks.weight, std=1e-3)
    out = net(torch.randn(8, 3, 64, 64))
    sum((value * torch.randn_like(value)).sum() for value in out.values()).backward()
    without = [name for name, p in net.named_parameters() if p.grad is None or not p.grad.abs().sum() > 0]
    assert without == []


def test_only_the_mlp_of_wtbi_learns():
    torch.manual_seed(0)
    net = WTBI(TINY, 5, 7)
    out = net(torch.randn(8, 3, 64, 64))
    sum((value * torch.randn_like(value)).sum() for value in out.values()).backward()
    for name, p in net.named_parameters():
        learns = not name.startswith(("trunk", "conv5"))
        assert (p.grad is not None and p.grad.abs().sum() > 0) == learns, name


def test_the_pooling_layer_gets_the_estimated_landmarks(net):
    """Not the true ones: the network sees pixels alone, and what it pools at is its own pose branch's output."""
    seen = {}
    handle = net.landmark_pooling.register_forward_pre_hook(lambda _, args: seen.update(at=args[1], gate=args[2]))
    out = net(torch.randn(2, 3, 64, 64))
    handle.remove()
    torch.testing.assert_close(seen["at"], out["landmarks"], rtol=0, atol=0)
    assert torch.equal(seen["gate"], (out["visibility"].argmax(2) == 0).float())


def test_given_locations_replace_the_estimated_ones(net):
    conv4 = torch.randn(2, 32, 8, 8).relu()
    own = net.branches(conv4)
    gate = (own["visibility"].argmax(2) == 0).float()
    same = net.branches(conv4, pool_at=(own["landmarks"], gate))
    torch.testing.assert_close(same["category"], own["category"], rtol=0, atol=0)
    other = net.branches(conv4, pool_at=(torch.full((2, 8, 2), 0.1), torch.ones(2, 8)))
    assert not torch.allclose(other["category"], own["category"])
    torch.testing.assert_close(other["landmarks"], own["landmarks"], rtol=0, atol=0)


@pytest.mark.parametrize("head", ["regression", "heatmap"])
def test_heads_answer_in_float32_under_autocast(head):
    """bfloat16 has 8 bits: landmarks would lie on a grid, and scores of 1,000 attributes would tie."""
    config = replace(TINY, head=head)
    torch.manual_seed(0)
    net = FashionNet(config, 64, 5, 300).eval()
    for layer in [net.attributes] + ([net.pose.landmarks] if head == "regression" else []):
        torch.nn.init.normal_(layer.weight, std=0.1)
    images = torch.randn(3, 3, 64, 64)
    with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16):
        out = net(images)
        assert torch.equal(soft_argmax(log := torch.randn(2, 8, 9, 9).log_softmax(3)), exact_soft_argmax(log))
    assert all(value.dtype == torch.float32 for value in out.values())
    assert all(len(row.unique()) == 300 for row in out["attributes"])
    coarse = out["landmarks"].bfloat16().float()
    assert (coarse != out["landmarks"]).float().mean() > 0.9  # more bits than bfloat16 has


def test_shapes_can_be_counted_without_memory():
    with torch.device("meta"):
        out = FashionNet(TINY, 64, 5, 4)(torch.empty(2, 3, 64, 64))
    assert out["landmarks"].shape == (2, 8, 2) and out["attributes"].device.type == "meta"


def exact_soft_argmax(log_heatmap):
    with torch.autocast("cpu", enabled=False):
        return soft_argmax(log_heatmap)


def test_no_head_for_what_has_no_labels():
    out = FashionNet(TINY, 64, 0, 0)(torch.randn(1, 3, 64, 64))
    assert "category" not in out and "attributes" not in out and "embedding" in out


def test_an_unknown_head_raises():
    with pytest.raises(ValueError, match="neither"):
        FashionNet(Model(**(vars(TINY) | {"head": "magic"})), 64, 0, 0)


@pytest.fixture(scope="module")
def vgg():
    torch.manual_seed(1)
    return torchvision.models.vgg16(weights=None).features.eval()


def named(features):
    return {f"features.{name}": value for name, value in features.state_dict().items()}


def test_torchvisions_vgg16_names_fill_trunk_and_conv5(vgg):
    net = FashionNet(PHOTOS_MODEL, 64, 0, 0)
    assert load_vgg16(net, named(vgg)) == ["trunk", "conv5_global"]  # conv5_pose is narrower
    x = torch.randn(1, 3, 64, 64)
    with torch.inference_mode():
        torch.testing.assert_close(net.trunk(x), vgg[:23](x))
        torch.testing.assert_close(net.pool5(net.conv5_global(net.pool4(net.trunk(x)))), vgg(x))


def test_wtbi_reads_vgg16s_own_conv5(vgg):
    net = WTBI(Model(fc_fusion=8), 0, 0)
    assert load_vgg16(net, named(vgg)) == ["trunk", "conv5"]


def test_weights_that_do_not_fit_raise(vgg):
    with pytest.raises(ValueError, match="width"):
        load_vgg16(FashionNet(TINY, 64, 0, 0), named(vgg))
    with pytest.raises(ValueError, match="features.0"):
        load_vgg16(FashionNet(PHOTOS_MODEL, 64, 0, 0), {})


def test_soft_argmax_of_a_single_cell_is_its_centre():
    log_heatmap = torch.full((1, 1, 4, 8), -1e9)
    log_heatmap[0, 0, 1, 6] = 0
    assert soft_argmax(log_heatmap).tolist() == [[[6.5 / 8, 1.5 / 4]]]


def test_soft_argmax_of_a_flat_map_is_the_middle():
    flat = torch.zeros(2, 3, 5, 5).flatten(2).log_softmax(2).view(2, 3, 5, 5)
    torch.testing.assert_close(soft_argmax(flat), torch.full((2, 3, 2), 0.5))


def test_the_heatmap_head_is_marked_in_the_outputs():
    out = FashionNet(Model(**(vars(TINY) | {"head": "heatmap"})), 64, 0, 0)(torch.randn(2, 3, 64, 64))
    assert out["log_heatmap"].shape == (2, 8, 16, 16)
    torch.testing.assert_close(out["log_heatmap"].exp().sum((2, 3)), torch.ones(2, 8))
