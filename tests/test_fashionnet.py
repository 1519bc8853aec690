"""FashionNet: sizes counted by hand, and where the local branch pools, beside a slow loop."""

import pytest
import torch
from test_landmark_pooling import slow_pooling

from lib.config import COMPACT, PROFILES, TINY, Model
from lib.fashionnet import GRID, FashionNet, soft_argmax
from lib.lists import VISIBLE
from lib.rivals import PartDetector

SIDE = 64


def randomise(net, seed=0):
    """Give heads and batch norms random values: as they start, every landmark is the same point and every gate open."""
    g = torch.Generator().manual_seed(seed)
    for module in net.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.running_mean.normal_(0, 0.1, generator=g)
            module.running_var.uniform_(0.5, 2, generator=g)
    with torch.no_grad():
        if net.pose is not None:
            net.pose.visibility.weight.normal_(0, 0.3, generator=g)
            net.pose.visibility.bias.normal_(0, 0.3, generator=g)
            if net.pose.landmarks is not None:
                net.pose.landmarks.weight.normal_(0, 0.05, generator=g)
                net.pose.landmarks.bias.uniform_(0.2, 0.8, generator=g)
    return net


def make_net(head="regression", config=TINY, categories=5, attributes=7, **kwargs):
    torch.manual_seed(0)
    return randomise(FashionNet(config, SIDE, categories, attributes, head, **kwargs))


def pictures(n, seed=1):
    """Pictures that differ from each other in every channel and place, as photos do and white noise does not."""
    g = torch.Generator().manual_seed(seed)
    coarse = torch.nn.functional.interpolate(torch.randn(n, 3, 4, 4, generator=g) * 2, SIDE, mode="bilinear")
    return coarse + 0.1 * torch.randn(n, 3, SIDE, SIDE, generator=g)


@pytest.fixture(scope="module")
def net():
    return make_net().eval()


def count(module):
    return sum(p.numel() for p in module.parameters())


def conv(inputs, outputs, batch_norm):
    return 9 * inputs * outputs + (2 * outputs if batch_norm else outputs)


def fc(inputs, outputs):
    return inputs * outputs + outputs


def counted_by_hand(m: Model, view_px, categories, attributes):
    """Return FashionNet's parameters from the paper's figure 5, layer by layer."""
    plan = [round(c * m.width) for c in (64, 64, 128, 128, 256, 256, 256, 512, 512, 512)]
    total = sum(conv(a, b, m.batch_norm) for a, b in zip([3, *plan], plan, strict=False))
    C, cells = plan[-1], view_px // 8
    for channels in (m.conv5, m.conv5_pose):
        total += conv(C, channels, m.batch_norm) + 2 * conv(channels, channels, m.batch_norm)
    pose_cells = (cells // 2 if m.pool4_pose else cells) // 2
    total += fc(m.conv5_pose * pose_cells**2, m.fc_pose) + fc(m.fc_pose, m.fc_pose) + fc(m.fc_pose, 16 + 24)
    total += fc(m.conv5 * (cells // 4) ** 2, m.fc_global) + fc(8 * C * m.bins**2, m.fc_local)
    return total + fc(m.fc_global + m.fc_local, m.fc_fusion) + fc(m.fc_fusion, categories + attributes)


@pytest.mark.parametrize("config, view_px, total", [(Model(), 224, 193_396_098), (COMPACT, 96, None), (TINY, 64, None)])
def test_parameter_counts_are_those_counted_by_hand(config, view_px, total):
    with torch.device("meta"):
        net = FashionNet(config, view_px, 50, 1000)
    assert count(net) == counted_by_hand(config, view_px, 50, 1000)
    assert total is None or count(net) == total


@pytest.mark.parametrize("config", {repr((c.model, c.input)): c for c in PROFILES.values()}.values())
def test_every_profiles_network_runs_at_its_input(config):
    with torch.device("meta"):
        net = FashionNet(config.model, config.input.view_px, 50, 1000)
        out = net(torch.empty(2, 3, config.input.view_px, config.input.view_px))
    assert out["landmarks"].shape == (2, 8, 2) and out["attributes"].device.type == "meta"
    assert out["embedding"].shape == (2, config.model.fc_fusion)


def test_outputs_have_the_promised_shapes_and_are_not_alike(net):
    """Where landmarks or gates were alike, the tests of where the local branch pools could not fail."""
    out = net(pictures(4))
    shapes = {"visibility": (4, 8, 3), "landmarks": (4, 8, 2), "category": (4, 5), "attributes": (4, 7)}
    assert {name: tuple(value.shape) for name, value in out.items()} == shapes | {"embedding": (4, 64)}
    torch.testing.assert_close(out["embedding"].norm(dim=1), torch.ones(4))
    assert all(value.dtype == torch.float32 for value in out.values())
    assert torch.pdist(out["landmarks"].flatten(1)).min() > 0.1  # between images
    assert all(torch.pdist(points).min() > 0.01 for points in out["landmarks"])  # between landmarks of an image
    visible = (out["visibility"].argmax(2) == VISIBLE).float()
    assert 0.1 < visible.mean() < 0.9 and len(visible.unique(dim=0)) >= 3
    assert ((out["landmarks"] > 0) & (out["landmarks"] < 1)).float().mean() > 0.6


@pytest.mark.parametrize("head", ["regression", "heatmap"])
def test_heads_answer_in_float32_under_autocast(head):
    """bfloat16 has 8 bits: landmarks would be on a grid, and scores of 1,000 attributes would tie."""
    net = make_net(head, attributes=300).eval()
    torch.nn.init.normal_(net.attributes.weight, std=0.1)
    log_heatmap = torch.randn(2, 8, 9, 9).log_softmax(3)
    exact = soft_argmax(log_heatmap)[1]
    with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16):
        out = net(pictures(3))
        assert torch.equal(soft_argmax(log_heatmap)[1], exact)
    assert all(value.dtype == torch.float32 for value in out.values())
    assert all(len(row.unique()) == 300 for row in out["attributes"])
    coarse = out["landmarks"].bfloat16().float()
    assert (coarse != out["landmarks"]).float().mean() > 0.9  # more bits than bfloat16 has


def slow_category(net, images):
    """Return the category scores with one image, landmark and cell pooled at a time."""
    conv4 = net.trunk(images)
    pose = net.pose(conv4)
    points, gate = pose["landmarks"], (pose["visibility"].argmax(2) == VISIBLE).float()
    pooled = slow_pooling(conv4, points, gate, net.landmark_pooling.window, net.landmark_pooling.bins)
    fused = [net.fc6_global(net.pool5(net.conv5_global(net.pool4(conv4))).flatten(1)), net.fc6_local(pooled.flatten(1))]
    return net.category(net.fc7_fusion(torch.cat(fused, dim=1)))


@pytest.mark.parametrize("head", ["regression", "heatmap"])
def test_the_local_branch_pools_at_the_predicted_landmarks_of_each_image(head):
    net, images = make_net(head).eval(), pictures(4)
    with torch.inference_mode():
        torch.testing.assert_close(net(images)["category"], slow_category(net, images), rtol=1e-4, atol=1e-6)


def test_given_places_replace_the_predicted_ones_for_pooling_alone_and_the_grid_is_such_places(net):
    images, grid = pictures(3), make_net(pool_at="grid").eval()
    assert grid.pose is None and "places" not in grid.state_dict()
    grid.load_state_dict({name: net.state_dict()[name] for name in grid.state_dict()})
    with torch.inference_mode():
        estimated, found = net(images), grid(images)
        gate = (estimated["visibility"].argmax(2) == VISIBLE).float()
        same = net(images, pool_at=(estimated["landmarks"], gate))
        wanted = net(images, pool_at=(torch.tensor(GRID).expand(3, 8, 2), torch.ones(3, 8)))
    assert torch.equal(same["category"], estimated["category"])
    assert "landmarks" not in found and torch.equal(found["category"], wanted["category"])
    assert ((wanted["category"] - estimated["category"]).abs().amax(1) > 1e-4).all()
    assert torch.equal(wanted["landmarks"], estimated["landmarks"])


def test_the_category_loss_reaches_conv4_through_the_pooled_cells_alone():
    """No gradient reaches the pose branch through pooling: the paper trains it by its own losses."""
    net = make_net().train()
    net(pictures(4))["category"].square().sum().backward()
    assert all(p.grad is None or not p.grad.any() for p in net.pose.parameters())
    assert net.fc6_local[0].weight.grad.abs().sum() > 0


def test_what_is_detected_pools_and_gates():
    torch.manual_seed(0)
    net = randomise(FashionNet(TINY, SIDE, 5, 7, detector=PartDetector(TINY, 14), pool_at="joints")).eval()
    with torch.no_grad():
        net.detector.absent.bias.copy_(torch.linspace(-3, 9, 14))  # some parts are present, some are not
    images, seen = pictures(3), {}
    net.landmark_pooling.register_forward_pre_hook(lambda _, args: seen.update(at=args[1], gate=args[2]))
    with torch.inference_mode():
        out, found = net(images), net.detector(images)
    assert torch.equal(seen["at"], found["parts"]) and torch.equal(seen["gate"], (found["present"] > 0.5).float())
    assert 0 < seen["gate"].mean() < 1
    assert "landmarks" not in out and torch.equal(out["parts"], found["parts"])
    assert net.fc6_local[0].in_features == 14 * 32 * TINY.bins**2
