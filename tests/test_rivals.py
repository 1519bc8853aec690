"""DARN, WTBI and the part detector, beside single streams, timm, torchvision and slow loops."""

from dataclasses import replace

import pytest
import timm
import torch

from lib.artefact import read_tensors
from lib.config import COMPACT, PROFILES, TINY, Model
from lib.crops import IMAGENET, normalise
from lib.efficientnet import WEIGHTS
from lib.networks import start_generic
from lib.rivals import DARN, WTBI, PartDetector

SIDE = 64
GROUPS = torch.tensor([3, 1, 1, 2, 3, 3, 1])
BRANCHES = (1, 2, 3)


def darn(streams=1, seed=0, config=TINY):
    torch.manual_seed(seed)
    return DARN(config, SIDE, 5, GROUPS, BRANCHES, streams)


@pytest.fixture(scope="module")
def images():
    return torch.randn(6, 3, SIDE, SIDE, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("config", [TINY, COMPACT, replace(TINY, fc_fusion=7)])
def test_darns_embedding_has_fashionnets_length(config):
    with torch.device("meta"):
        net = DARN(config, SIDE, 50, GROUPS, BRANCHES)
        out = net(torch.empty(2, 3, SIDE, SIDE))
    assert out["embedding"].shape == (2, config.fc_fusion)
    names = ["group_1", "group_2", "group_3", "category"]
    assert sum(net.widths.values()) == config.fc_fusion and list(net.widths) == names
    assert max(net.widths.values()) - min(net.widths.values()) <= 1
    assert out["category"].shape == (2, 50) and out["attributes"].shape == (2, 7)


def test_two_streams_route_each_image_by_its_domain(images):
    net = darn(2).eval()
    alone = []
    for number, other in ((0, 1), (1, 0)):
        state = {name: value for name, value in net.state_dict().items() if f"streams.{other}." not in name}
        alone.append(darn().eval())
        alone[number].load_state_dict({n.replace(f"streams.{number}.", "streams.0."): v for n, v in state.items()})
    domain = torch.tensor([0, 1, 1, 0, 1, 0])
    with torch.inference_mode():
        out = net(images, domain=domain)
        for i in range(6):
            expected = alone[int(domain[i])](images[i : i + 1])
            for name, value in expected.items():
                torch.testing.assert_close(out[name][i : i + 1], value, rtol=1e-4, atol=1e-6)
        other = net(images, domain=1 - domain)
    assert ((out["embedding"] - other["embedding"]).abs().amax(1) > 1e-3).all()


@pytest.mark.parametrize("side", [0, 1])
def test_a_batch_of_one_domain_uses_one_stream(images, side):
    net = darn(2).train()
    out = net(images, domain=torch.full((6,), side))
    (out["embedding"] * torch.randn_like(out["embedding"])).sum().backward()
    used, unused = ([p.grad for p in net.streams[number].parameters()] for number in (side, 1 - side))
    assert all(g is not None and g.abs().sum() > 0 for g in used) and all(g is None for g in unused)
    tracked = [net.streams[n]["conv"][0][1].num_batches_tracked.item() for n in (side, 1 - side)]
    assert tracked == [1, 0]


def test_darns_attribute_scores_equal_a_slow_loop(images):
    net = darn().eval()
    with torch.no_grad():
        net.attributes.bias.copy_(torch.arange(7.0))
        fc7 = net._stream(net.streams[0], images)
        got = net(images)["attributes"]
        begin, starts, seen = 0, {}, {number: 0 for number in BRANCHES}
        for name, width in net.widths.items():
            starts[name], begin = begin, begin + width
        for column, group in enumerate(GROUPS.tolist()):
            name = f"group_{group}"
            weight = net.attributes.heads[name].weight[seen[group]]
            seen[group] += 1
            part = fc7[:, starts[name] : starts[name] + net.widths[name]]
            torch.testing.assert_close(got[:, column], part @ weight + column, rtol=1e-4, atol=1e-5)


def test_wtbis_features_are_timms_with_its_own_normalisation():
    net = WTBI(TINY, 5, 7)
    assert "ImageNet" in start_generic(net, PROFILES["smoke"], "")
    pictures = torch.randint(0, 256, (3, SIDE, SIDE, 3), dtype=torch.uint8, generator=torch.Generator().manual_seed(1))
    theirs = timm.create_model("tf_efficientnet_lite0", pretrained=False, num_classes=0).eval()
    state = {name: value.float() for name, value in read_tensors(WEIGHTS)[0].items()}
    assert not theirs.load_state_dict(state, strict=False).unexpected_keys
    mean, std = theirs.pretrained_cfg["mean"], theirs.pretrained_cfg["std"]
    assert (mean, std) == ((0.5, 0.5, 0.5), (0.5, 0.5, 0.5)) and mean != IMAGENET[0]
    pixels = pictures.permute(0, 3, 1, 2) / 255
    with torch.inference_mode():
        expected = theirs((pixels - torch.tensor(mean)[:, None, None]) / torch.tensor(std)[:, None, None])
        got = net.train().features(normalise(pictures))  # in evaluation mode whatever the mode of the rest
        torch.testing.assert_close(got, expected / expected.square().mean(1, keepdim=True).sqrt(), rtol=1e-3, atol=1e-3)
    assert got.shape == (3, 1280) and torch.pdist(got).min() > 1


def test_a_detector_answers_with_cells_or_absent(images):
    torch.manual_seed(0)
    net = PartDetector(TINY, 5).eval()
    with torch.no_grad():
        net.absent.bias.copy_(torch.tensor([-5.0, 0, 3, 6, 20]))
        out = net(images[..., :48])
    cells = 16 * 12  # rows and columns
    assert out["log_parts"].shape == (6, 5, cells + 1) and out["parts"].shape == (6, 5, 2)
    torch.testing.assert_close(out["log_parts"].exp().sum(2), torch.ones(6, 5))
    for n, j in [(0, 0), (3, 2), (5, 4)]:
        p = out["log_parts"][n, j].exp().tolist()
        here = sum(p[:cells])
        assert out["present"][n, j].item() == pytest.approx(here, abs=1e-5)
        if here > 1e-3:  # the expected location, given that the part is present
            x = sum(p[i] * ((i % 12) + 0.5) / 12 for i in range(cells)) / here
            y = sum(p[i] * ((i // 12) + 0.5) / 16 for i in range(cells)) / here
            assert out["parts"][n, j].tolist() == pytest.approx([x, y], abs=1e-4)
    assert (out["present"][:, 0] > out["present"][:, 3]).all()


def test_a_detector_of_the_papers_size_counted_by_hand():
    with torch.device("meta"):
        net = PartDetector(Model(), 14)
    by_hand = 7_635_264 + 3 * (9 * 512 * 512 + 512)  # conv1-conv4, conv5
    by_hand += 512 * 256 * 16 + 256 + 256 * 14 * 9 + 14 + 512 * 14 + 14  # upsampling, heatmaps, absent
    assert sum(p.numel() for p in net.parameters()) == by_hand
