"""Building networks, and what they start from: earlier runs, shipped networks, VGG-16."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torchvision.models import vgg

from lib import networks, parts
from lib.artefact import read_tensors, write_tensors
from lib.commands import find_joints
from lib.config import PROFILES, Model
from lib.fashionnet import FashionNet
from lib.lists import DataError
from lib.methods import DETECTORS, METHODS, Method, find
from lib.rivals import DARN, WTBI, PartDetector

NAMES = {"category": ["red", "green", "blue"], "attributes": ["r", "g", "b"]}


def state_of(net):
    return {name: value.clone() for name, value in net.state_dict().items()}


def as_consumer2shop(benchmark):
    return replace(benchmark, domain=np.array(["shop", "consumer"])[np.arange(len(benchmark.image)) % 2])


def test_classes_are_the_names_that_have_labels(squares, config):
    assert networks.classes(squares) == NAMES
    assert networks.classes(replace(squares, category=None)) == {"attributes": NAMES["attributes"]}
    bare = replace(squares, category=None, attributes=None, attribute_names=None, group_names=None)
    assert networks.classes(bare) == {}
    for name in ("fashionnet", "darn", "wtbi"):
        net = networks.build(find(name), bare, config, 0)
        assert net.category is None and net.attributes is None


def test_a_network_without_its_line_in_build_is_named(squares, config):
    method = Method("my_net", "a network of one's own", network="my_net")
    with pytest.raises(ValueError, match="my_net has the network 'my_net': build it in networks.build"):
        networks.build(method, squares, config, 0)


@pytest.mark.parametrize("name", [*METHODS, *DETECTORS])
def test_build_reads_the_table(name, squares, config):
    method = find(name)
    net = networks.build(method, squares, config, 0)
    assert type(net) is {"fashionnet": FashionNet, "darn": DARN, "wtbi": WTBI, "detector": PartDetector}[method.network]
    if method.network == "detector":
        assert net.heatmap.out_channels == len(parts.names(name)) == {"joints": 14, "poselets": 21}[name]
        return
    assert net.category.out_features == 3 and (net.attributes is None) == (method.attributes == 0)
    if method.network == "fashionnet":
        assert (net.fc6_local is None) == (method.pool_at == "")
        assert (net.detector is not None) == (method.pool_at in ("joints", "poselets"))
        assert (net.pose is not None) == method.predicts_landmarks
        assert net.pose is None or (net.pose.heatmap is not None) == (method.head == "heatmap")
    if method.network == "darn":
        assert len(net.streams) == 1 and list(net.widths) == ["group_1", "group_2", "category"]
        assert len(networks.build(method, as_consumer2shop(squares), config, 0).streams) == method.streams


@pytest.mark.parametrize("method", ["fashionnet", "darn", "wtbi"])
@pytest.mark.parametrize("names", [["r", "g", "x"], ["g", "r", "b"]])
def test_a_head_is_copied_only_for_equal_names(method, names, squares, config):
    """The same number of other names, or another order, makes another head; everything else is copied."""
    other = replace(squares, attribute_names=tuple(names))
    earlier, net = networks.build(find(method), squares, config, 1), networks.build(find(method), other, config, 2)
    initial, source = state_of(net), earlier.state_dict()
    copied = networks.start(net, source, NAMES, NAMES | {"attributes": names})
    assert set(copied) == {name for name in initial if not name.startswith("attributes.")}
    for name, value in net.state_dict().items():
        assert torch.equal(value, (source if name in copied else initial)[name]), name


def test_parameters_of_another_shape_are_left_and_named(squares, config, capsys):
    wide = replace(config, model=replace(config.model, fc_global=80))
    earlier, net = (networks.build(find("fashionnet"), squares, each, 1) for each in (wide, config))
    initial = state_of(net)
    copied = networks.start(net, earlier.state_dict(), NAMES, NAMES)
    left = [name for name in initial if name not in copied]
    assert left == ["fc6_global.0.weight", "fc6_global.0.bias", "fc7_fusion.0.weight"]
    assert all(torch.equal(net.state_dict()[name], initial[name]) for name in left)
    said = capsys.readouterr().out
    assert said.count("\n") == 1 and said.startswith("3 tensors") and f"stay random: {', '.join(left)}" in said
    networks.start(net, earlier.state_dict(), {}, NAMES)
    networks.start(net, net.state_dict(), {}, NAMES)
    assert capsys.readouterr().out == said  # heads are not named, and what fits whole says nothing


def test_a_search_keeps_the_branches_that_are_darns_embedding(squares, config, tmp_path):
    """Official lists of items have no attribute groups: their attributes are read off all branches together."""
    ungrouped = replace(squares, attribute_groups=np.zeros(3, np.int8), group_names={0: "all"})
    earlier = networks.build(find("darn"), squares, config, 1)
    networks.save(tmp_path / "darn.safetensors", earlier, {})
    net = networks.build(find("darn"), ungrouped, config, 2, tmp_path / "darn.safetensors")
    assert list(net.widths) == [*(f"group_{number}" for number in squares.group_names), "category"]
    copied = networks.start(net, earlier.state_dict(), NAMES, NAMES | {"attributes": ["x", "y", "z"]})
    assert {name for name in net.state_dict() if not name.startswith("attributes.")} == set(copied)
    images = torch.randn(2, 3, config.input.view_px, config.input.view_px)
    out, before = net.eval()(images), earlier.eval()(images)
    assert torch.equal(out["embedding"], before["embedding"]) and out["attributes"].shape == (2, 3)
    assert net.attributes.heads["group_0"].in_features == config.model.fc_fusion


def test_both_streams_of_darn_start_from_the_one(squares, config):
    one = networks.build(find("darn"), squares, config, 1)
    two = networks.build(find("darn"), as_consumer2shop(squares), config, 2)
    copied = networks.start(two, one.state_dict(), NAMES, NAMES)
    assert copied == sorted(two.state_dict())
    for name, value in one.state_dict().items():
        for number in (0, 1):
            assert torch.equal(two.state_dict()[name.replace("streams.0.", f"streams.{number}.")], value), name
    # A network of two streams gives each its own.
    with torch.no_grad():
        two.streams[1]["fc6"][0].weight.mul_(2)
    other = networks.build(find("darn"), as_consumer2shop(squares), config, 3)
    networks.start(other, two.state_dict(), NAMES, NAMES)
    assert torch.equal(other.streams[1]["fc6"][0].weight, two.streams[1]["fc6"][0].weight)
    assert torch.equal(other.streams[0]["fc6"][0].weight, one.streams[0]["fc6"][0].weight)


def shipped(net, tmp_path):
    networks.save(tmp_path / "model.safetensors", net, {"classes": NAMES, "supervised": ["r"]})
    networks.ship(tmp_path / "model.safetensors", tmp_path / "shipped.safetensors", {"licence": "MIT"})
    return networks.load(tmp_path / "shipped.safetensors")


@pytest.mark.parametrize("size", [1.0, 1e-6])
def test_a_shipped_matrix_is_off_by_at_most_half_a_step(size, tmp_path):
    """A step is a 127th of the largest weight of the same output channel, whatever the size of the weights."""
    torch.manual_seed(0)
    net = torch.nn.ModuleDict({"conv": torch.nn.Conv2d(6, 9, 3), "fc": torch.nn.Linear(40, 7)})
    with torch.no_grad():
        for layer in net.values():
            layer.weight.normal_(0, size)
            layer.weight[0] *= 1e-3  # channels of different sizes
            layer.weight[1] = 0
    state, header = shipped(net, tmp_path)
    assert header == {"classes": NAMES, "supervised": ["r"], "licence": "MIT"}
    assert state.keys() == net.state_dict().keys()
    for name, value in net.state_dict().items():
        assert state[name].dtype == torch.float32
        error = (state[name] - value).abs()
        if value.ndim >= 2:
            step = value.flatten(1).abs().amax(1).clamp_min(127e-8) / 127
            assert (error.flatten(1).amax(1) <= step * (0.5 + 1e-4)).all()
            assert (error > 0).any() and not state[name][1].any()
        else:
            assert (error <= value.abs() * 2**-11 + 2**-25).all()


def test_a_shipped_network_is_a_quarter_as_large_and_answers_alike(squares, config, tmp_path):
    net = networks.build(find("fashionnet"), squares, config, 1).eval()
    state, _ = shipped(net, tmp_path)
    large, small = ((tmp_path / name).stat().st_size for name in ("model.safetensors", "shipped.safetensors"))
    weights = sum(p.numel() for p in net.parameters())
    assert weights < small < 0.35 * large
    other = networks.build(find("fashionnet"), squares, config, 2).eval()
    assert networks.start(other, state, NAMES, NAMES) == sorted(net.state_dict())
    images = torch.randn(4, 3, 32, 32)
    with torch.inference_mode():
        ours, exact = other(images)["embedding"], net(images)["embedding"]
    assert torch.nn.functional.cosine_similarity(ours, exact).min() > 0.999


def test_wtbis_generic_features_are_shipped_once(squares, config, tmp_path):
    net = networks.build(find("wtbi"), squares, config, 1)
    state, _ = shipped(net, tmp_path)
    assert set(state) == {name for name in net.state_dict() if not name.startswith("generic.")}
    assert (tmp_path / "shipped.safetensors").stat().st_size < 1_000_000


@pytest.fixture(scope="module")
def vgg16(tmp_path_factory):
    """Convolutions under torchvision's names with random weights, and the file that holds them."""
    torch.manual_seed(1)
    features = vgg.make_layers(vgg.cfgs["D"]).eval()
    path = tmp_path_factory.mktemp("vgg") / "vgg16.safetensors"
    write_tensors(path, {f"features.{name}": value for name, value in features.state_dict().items()})
    return features, path


SMALL_FC = Model(fc_global=8, fc_fusion=8, fc_local=8, fc_pose=8, conv5_pose=64)
PAPER = replace(PROFILES["paper"], model=SMALL_FC)


def test_vgg16_fills_trunk_and_conv5(vgg16):
    features, path = vgg16
    net = FashionNet(SMALL_FC, 64, 0, 0)
    pose = state_of(net.pose)
    names, origin = networks.start_imagenet(net, PAPER, str(path))
    assert origin == "vgg16.safetensors" and len(names) == 26
    assert all(name.startswith(("trunk.", "conv5_global.")) for name in names)  # conv5_pose is narrower
    assert all(torch.equal(value, pose[name]) for name, value in net.pose.state_dict().items())
    wide = FashionNet(replace(SMALL_FC, conv5_pose=512), 64, 0, 0)
    assert len(networks.start_imagenet(wide, PAPER, str(path))[0]) == 32
    assert torch.equal(wide.pose.conv5_pose[4].weight, features[28].weight)
    assert len(networks.start_imagenet(DARN(SMALL_FC, 64, 3, None, (), streams=2), PAPER, str(path))[0]) == 52
    x = torch.randn(1, 3, 64, 64)
    with torch.inference_mode():
        torch.testing.assert_close(net.trunk(x), features[:23](x))
        torch.testing.assert_close(net.pool5(net.conv5_global(net.pool4(net.trunk(x)))), features(x))


def test_wtbi_reads_the_same_file(vgg16):
    features, path = vgg16
    net = WTBI(SMALL_FC, 0, 0)
    assert networks.start_generic(net, PAPER, str(path)) == "vgg16.safetensors"
    x = torch.randn(1, 3, 96, 96)
    with torch.inference_mode():
        torch.testing.assert_close(net.generic(x), features(x).flatten(1))


def test_weights_that_do_not_fit_raise(vgg16, squares, config, tmp_path):
    with pytest.raises(DataError, match="has not VGG-16's shape"):
        networks.start_imagenet(networks.build(find("fashionnet"), squares, config, 0), config, str(vgg16[1]))
    state = read_tensors(vgg16[1])[0]
    write_tensors(tmp_path / "other.safetensors", state | {"features.28.weight": torch.zeros(512, 512, 1, 1)})
    write_tensors(tmp_path / "half.safetensors", {"features.0.weight": torch.zeros(64, 3, 3, 3)})
    (tmp_path / "damaged.safetensors").write_bytes(b"x")  # perhaps a download of hours: it is not to be deleted
    said = {"other": r"no features\.28\.weight of the shape \(512, 512, 3, 3\)", "half": r"no features\.0\.bias"}
    for name, words in (said | {"damaged": "(?!.*delete)", "none": "(?!.*delete)"}).items():
        with pytest.raises(DataError, match=rf"{name}\.safetensors: {words}.*; name a torchvision VGG-16"):
            networks.read_vgg16(str(tmp_path / f"{name}.safetensors"))


def test_a_download_without_a_connection_names_proxies_and_files(monkeypatch, tmp_path):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")  # nobody listens there
    monkeypatch.setenv("no_proxy", "")
    for download in (networks.read_vgg16, find_joints.load_detector):
        with pytest.raises(DataError, match="refused.*; connect .behind a proxy, set https_proxy., or name a file"):
            download("")
