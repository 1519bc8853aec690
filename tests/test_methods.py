"""Every row of Table 2, and ours: what it is told, what it learns, and that it can learn at all."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from lib import losses, parts, report, store, synthetic, train
from lib.config import METHODS, PROFILES, World
from lib.data import DataError, find_benchmarks

SMOKE = PROFILES["smoke"]
CONFIG = replace(SMOKE, training=replace(SMOKE.training, rate=3e-3))
POSE = {"landmarks": (8, 2), "visibility": (8, 3)}
WITH_POSE = [m for m in METHODS if m.startswith("fashionnet") and not m.endswith(("joints", "poselets", "global"))]
DETECTED = ["fashionnet+joints", "fashionnet+poselets"]


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    size = World(pretrain=0, train=32, val=4, test=8, inshop_items=4, consumer2shop_items=4, px=96)
    return find_benchmarks(synthetic.write_world(tmp_path_factory.mktemp("w") / "world", size, 5, progress=False))


@pytest.fixture(scope="module")
def benchmark(world):
    return world["category_attribute"]


@pytest.fixture(scope="module")
def crops(benchmark, tmp_path_factory):
    return store.crop_store(benchmark, tmp_path_factory.mktemp("cache"), CONFIG.input)


class Bench:
    """A method's network, its optimizer, and the 32 training images in the fixed view as one batch."""

    def __init__(self, method, benchmark, crops):
        self.rows = benchmark.rows("train")
        self.model = train.build(method, benchmark, CONFIG)
        kind = method if method in parts.KINDS else ""
        poselets = parts.arrangements(benchmark, self.rows, 0) if kind == "poselets" else None
        self.samples = train.make_samples(benchmark, {"crops": crops}, CONFIG, kind, poselets)
        self.balance = None
        if self.samples.attributes is not None:
            mask = train.taught(method, benchmark, self.rows)
            self.balance = train.attribute_balance(self.samples, self.rows, mask, CONFIG)
        train.start_at_frequencies(self.model, self.samples, self.rows, self.balance, CONFIG)
        self.view = store.fixed_view(len(self.rows), CONFIG.input)
        self.labels = self.samples.labels(self.rows, self.view, "cpu")
        self.images = store.images_in_view(
            torch.from_numpy(np.array(crops[self.rows])), self.view, CONFIG.input.view_px
        )
        self.given = train.given(self.model, self.samples, self.rows, self.view, "cpu")
        self.optimizer = torch.optim.AdamW(train.parameter_groups(self.model, []), CONFIG.training.rate)
        self.fabric = train.make_fabric(CONFIG)

    def loss(self):
        out = self.model(self.images, **self.given)
        return train.total(train.loss_terms(out, self.labels, self.balance, CONFIG, self.fabric), CONFIG.training.step2)

    def step(self):
        loss = self.loss()
        self.optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 5.0)
        self.optimizer.step()
        return loss.item()


@pytest.mark.parametrize("method", [*METHODS, *parts.KINDS])
def test_shapes(method, benchmark):
    model = train.build(method, benchmark, CONFIG).eval()
    given = {"pool_at": (torch.rand(3, 8, 2), torch.ones(3, 8))} if method == "fashionnet-oracle" else {}
    with torch.inference_mode():
        out = {name: tuple(value.shape[1:]) for name, value in model(torch.randn(3, 3, 64, 64), **given).items()}
    if method in parts.KINDS:
        P = len(parts.names(method))
        assert out == {"parts": (P, 2), "present": (P,), "log_parts": (P, 16 * 16 + 1)}
        return
    expected = {"category": (50,), "attributes": (1000,), "embedding": (6 * 16 if method == "darn" else 64,)}
    expected |= POSE if method in WITH_POSE else {}
    expected |= {"same": ()} if method == "wtbi" else {}
    expected |= {"log_heatmap": (8, 16, 16)} if method == "fashionnet-heatmap" else {}
    if method == "fashionnet-noattr":
        del expected["attributes"]
    assert out == expected


@pytest.mark.parametrize("method", [*METHODS, *parts.KINDS])
def test_gradients_reach_what_learns_and_nothing_else(method, benchmark, crops):
    """Generic features and detectors get none, whatever the loss."""
    bench = Bench(method, benchmark, crops)
    if getattr(bench.model, "pose", None) is not None:  # zero at the start: nothing below would learn yet
        torch.nn.init.normal_(bench.model.pose.visibility.weight)
        if hasattr(bench.model.pose, "landmarks"):
            torch.nn.init.normal_(bench.model.pose.landmarks.weight, std=1e-3)
    bench.loss().backward()
    frozen = {"wtbi": ("trunk.", "conv5."), **dict.fromkeys(DETECTED, ("detector.",))}.get(method, ())
    for name, parameter in bench.model.named_parameters():
        if name == "same":
            continue  # pairs of items alone teach it
        reached = parameter.grad is not None and bool(parameter.grad.abs().sum() > 0)
        assert reached != (bool(frozen) and name.startswith(frozen)), name


@pytest.mark.parametrize("method", [*METHODS, *parts.KINDS])
def test_one_step_lowers_the_loss(method, benchmark, crops):
    bench = Bench(method, benchmark, crops)
    for group in bench.optimizer.param_groups:
        group["lr"] = 1e-4
    assert bench.step() > bench.loss().item()


@pytest.mark.parametrize("method", [*METHODS, *parts.KINDS])
def test_it_overfits_32_images_in_50_steps(method, benchmark, crops):
    """Every category is then known."""
    bench = Bench(method, benchmark, crops)
    first, *_, last = (bench.step() for _ in range(50))
    assert last < 0.75 * first
    if method not in parts.KINDS:
        with torch.inference_mode():
            guess = bench.model.eval()(bench.images, **bench.given)["category"].argmax(1)
        assert torch.equal(guess, bench.labels["category"])


@pytest.mark.parametrize("method", [*WITH_POSE, *DETECTED])
def test_no_label_is_seen_at_test_but_by_the_oracle(method, benchmark, crops):
    model, fabric, rows = train.build(method, benchmark, CONFIG), train.make_fabric(CONFIG), benchmark.rows("test")
    other = replace(benchmark, landmarks=benchmark.landmarks + 9, joints=benchmark.joints + 9,
                    visibility=1 - benchmark.visibility.clip(0, 1), joint_visibility=2 - benchmark.joint_visibility)  # fmt: skip
    honest, moved = (
        train.predict(model, train.make_samples(b, {"crops": crops}, CONFIG), b, rows, CONFIG, fabric)
        for b in (benchmark, other)
    )
    same = {name: np.array_equal(honest[name], moved[name]) for name in honest}
    assert all(same[name] for name in POSE if name in same)
    assert same["category_scores"] == (method != "fashionnet-oracle")


def test_the_oracle_pools_at_the_true_landmarks(benchmark, crops):
    bench, seen = Bench("fashionnet-oracle", benchmark, crops), {}
    bench.model.landmark_pooling.register_forward_pre_hook(lambda _, args: seen.update(at=args[1], gate=args[2]))
    bench.loss()
    visible = bench.labels["visibility"] == 0
    assert torch.equal(seen["gate"], visible.float())
    torch.testing.assert_close(seen["at"][visible], bench.labels["landmarks"][visible])


@pytest.mark.parametrize("method", DETECTED)
def test_what_is_detected_pools_and_gates(method, benchmark, crops):
    bench, seen = Bench(method, benchmark, crops), {}
    bench.model.landmark_pooling.register_forward_pre_hook(lambda _, args: seen.update(at=args[1], gate=args[2]))
    with torch.inference_mode():
        bench.model(bench.images)
        places, gate = bench.model.detector.detect(bench.model.detector(bench.images))
        assert torch.equal(seen["at"], places) and torch.equal(seen["gate"], gate)
        # From cached maps of a trunk that is the detector's own: the same.
        bench.model.trunk.load_state_dict(bench.model.detector.trunk.state_dict())
        again = bench.model.branches(bench.model.trunk(bench.images))
        torch.testing.assert_close(again["category"], bench.model(bench.images)["category"])


@pytest.mark.parametrize("method", DETECTED)
def test_on_a_frozen_conv5_a_detector_stays_as_it_is_and_is_read_from_its_maps(method, benchmark, tmp_path):
    """End to end: the detector is trained first and then no more, trunk and conv5_global are the given ones, what lies above
    learns, and cached maps give what the pixels do."""
    t = replace(CONFIG.training, freeze_trunk=True, freeze_conv5=True, rounds=1, epochs=1)
    config = replace(CONFIG, training=t, input=replace(CONFIG.input, px=64, view=1.0, view_px=64))
    given = train.build("fashionnet-global", benchmark, replace(config, seed=9)).state_dict()
    train.save_file(given, tmp_path / "given.safetensors")
    weights = str(tmp_path / "given.safetensors")
    folder = train.run(method, benchmark, config, tmp_path, weights)
    after, (detector,) = train.load_file(folder / "model.safetensors"), report.about(folder)["before"]
    taught = train.load_file(folder.parent / detector / "model.safetensors")
    untaught = train.build(method.partition("+")[2], benchmark, config).state_dict()
    assert not torch.equal(taught["heatmap.weight"], untaught["heatmap.weight"])
    for name, value in after.items():
        if name.startswith("detector."):
            assert torch.equal(value.nan_to_num(9), taught[name.removeprefix("detector.")].nan_to_num(9)), name
        elif name.startswith(("trunk.", "conv5_global.")):
            assert torch.equal(value, given[name]), name
    start = train.build(method, benchmark, config).state_dict()
    assert all(not torch.equal(after[f"{fc}.0.weight"], start[f"{fc}.0.weight"]) for fc in ("fc6_local", "fc7_fusion"))
    # What the run predicted from cached maps and detections, from the photos' pixels.
    model, rows = train.build(method, benchmark, config), benchmark.rows("test")
    model.load_state_dict(after)
    crops = store.crop_store(benchmark, tmp_path / "cache", config.input)
    samples = train.make_samples(benchmark, {"crops": crops}, config)
    slow = train.predict(model, samples, benchmark, rows, config, train.make_fabric(config))
    fast = report.predictions(folder, "test")
    assert slow.keys() == fast.keys() and "landmarks" not in fast
    for name in slow:
        np.testing.assert_allclose(fast[name], slow[name], atol=0.02, rtol=0.02, err_msg=name)


@pytest.mark.parametrize("number", [100, 500])
def test_only_the_most_frequent_attributes_are_taught_and_the_rest_rank_last(number, benchmark, crops):
    bench = Bench(f"fashionnet+{number}", benchmark, crops)
    mask = train.taught(f"fashionnet+{number}", benchmark, bench.rows)
    counts = (benchmark.attributes[bench.rows] == 1).sum(0)
    assert mask.sum() == number and counts[mask].min() >= counts[~mask].max()
    before = bench.model.attributes.weight.detach().clone()
    for _ in range(3):
        bench.step()
    scores = bench.model.eval()(bench.images)["attributes"]
    assert (scores[:, mask].min(1).values > scores[:, ~mask].max(1).values).all()
    moved = (bench.model.attributes.weight - before).abs().amax(1)
    assert moved[~mask].max() < 1e-4 < moved[mask].max()  # nothing but weight decay


def test_darn_has_a_stream_a_domain_that_learns_from_its_own(world):
    b = world["consumer2shop"]
    model = train.build("darn", b, CONFIG)
    assert len(model.streams) == 2 and len(train.build("darn", world["inshop"], CONFIG).streams) == 1
    images, domain = torch.randn(4, 3, 64, 64), torch.tensor([0, 0, 0, 0])
    out = model(images, domain=domain)
    out["embedding"].square().mul(torch.rand(4, out["embedding"].shape[1])).sum().backward()
    street, shop = ([p.grad.abs().sum() for p in s.parameters() if p.grad is not None] for s in model.streams[::-1])
    assert sum(shop) > 0 and sum(street) == 0
    with torch.no_grad():
        assert not torch.allclose(model(images, domain=1 - domain)["embedding"], out["embedding"])


def test_both_streams_start_from_the_one_of_classification(world):
    one, two = (train.build("darn", world[name], CONFIG) for name in ("category_attribute", "consumer2shop"))
    filled = train.fill(two, one.state_dict())
    for number in (0, 1):
        assert torch.equal(two.streams[number]["fc6"][0].weight, one.streams[0]["fc6"][0].weight)
    assert not [n for n in two.state_dict() if n not in filled and not n.startswith(("category", "attributes"))]


def test_darns_attributes_are_in_the_data_sets_order(benchmark):
    """A head of one group, raised, raises the scores of that group's columns and of no others."""
    model, images = train.build("darn", benchmark, CONFIG).eval(), torch.randn(2, 3, 64, 64)
    with torch.no_grad():
        before = model(images)["attributes"]
        model.attributes.heads["group_3"].weight += 1.0
        changed = (model(images)["attributes"] != before).any(0).numpy()
    assert changed.sum() > 0.9 * (benchmark.attribute_groups == 3).sum()
    assert not changed[benchmark.attribute_groups != 3].any()


@pytest.mark.parametrize("name", ["inshop", "consumer2shop"])
@pytest.mark.parametrize("method", ["wtbi", "darn", "fashionnet"])
def test_retrieval_learns_pairs_or_triplets_in_its_direction(method, name, world, tmp_path):
    """In-shop any image asks for any other; a consumer's photo asks for a shop's."""
    b = world[name]
    crops = store.crop_store(b, tmp_path, CONFIG.input)
    bench = Bench(method, b, crops)
    assert ("domain" in bench.labels) == (name == "consumer2shop")
    out = bench.model(bench.images, **bench.given)
    terms = train.loss_terms(out, bench.labels, bench.balance, CONFIG, bench.fabric)
    term, other = ("pair", "triplet") if method == "wtbi" else ("triplet", "pair")
    assert terms[term] > 0 and other not in terms and "category" in terms
    for _ in range(30):
        bench.step()
    out = bench.model(bench.images, **bench.given)
    assert train.loss_terms(out, bench.labels, bench.balance, CONFIG, bench.fabric)[term] < 0.7 * terms[term]
    if method == "wtbi":
        assert bench.model.same.grad.abs().sum() > 0


# ---- joints and poselets --------------------------------------------------------------------------------------------


def test_mirroring_joints_twice_is_nothing_and_once_swaps_the_hands():
    assert [parts.MIRRORED_JOINTS[i] for i in parts.MIRRORED_JOINTS] == list(range(14))
    points, visible = np.zeros((1, 14, 2)), np.zeros((1, 14), bool)
    left, right = parts.JOINTS.index("left wrist"), parts.JOINTS.index("right wrist")
    points[0, left], visible[0, left] = (0.2, 0.7), True
    there, seen = parts.mirrored(points, visible)
    assert there[0, right].tolist() == [0.8, 0.7] and np.flatnonzero(seen).tolist() == [right]


def test_joints_are_taught_where_they_are_visible(benchmark):
    places, there = parts.targets("joints", benchmark, 0.0)
    assert np.array_equal(there[:, 0], benchmark.joint_visibility == 0)
    side = benchmark.box[:, None, 2:] - benchmark.box[:, None, :2]
    expected = (benchmark.joints - benchmark.box[:, None, :2]) / side
    np.testing.assert_allclose(places[:, 0][there[:, 0]], expected[there[:, 0]], atol=1e-5)
    assert np.isnan(places[:, 0][~there[:, 0]]).all()
    i = int(np.flatnonzero(there[:, 0, 2])[0])  # somebody's left shoulder is the mirrored picture's right one
    np.testing.assert_allclose(places[i, 1, 3], [1 - places[i, 0, 2, 0], places[i, 0, 2, 1]], atol=1e-6)


def test_a_poselet_is_a_part_in_one_of_its_arrangements(benchmark):
    """Each part is there in at most one arrangement, when all its joints are seen, at their mean place; arms that hang
    and arms that are raised are told apart."""
    b = replace(benchmark, joints=benchmark.joints.copy(), joint_visibility=np.zeros_like(benchmark.joint_visibility))
    n = len(b.image)
    rng = np.random.default_rng(0)
    b.joints[:] = b.box[:, None, :2] + rng.random((n, 14, 2)) * 5 + 20
    arm = [parts.JOINTS.index(name) for name in parts.POSELET_PARTS["left arm"]]
    up = np.arange(n) % 2 == 0
    for k, j in enumerate(arm):
        b.joints[:, j, 1] += np.where(up, -12 * k, 12 * k)
    b.joint_visibility[3, arm[1]] = 1
    poselets = parts.arrangements(b, b.rows("train"), 0)
    places, there = parts.targets("poselets", b, 0.0, poselets)
    columns = [i for i, name in enumerate(parts.names("poselets")) if name.startswith("left arm")]
    assert there[:, 0, columns].sum(1).tolist() == [0 if i == 3 else 1 for i in range(n)]
    which = there[:, 0, columns].argmax(1)
    assert not set(which[up]) & set(which[~up & (np.arange(n) != 3)])
    unit = (b.joints[0, arm] - b.box[0, :2]) / (b.box[0, 2:] - b.box[0, :2])
    np.testing.assert_allclose(places[0, 0, columns[which[0]]], unit.mean(0), atol=1e-5)
    # Arrangements are in units of the box, places in units of the crop: the margin moves the places and changes no cluster.
    wider, also = parts.targets("poselets", b, 0.25, poselets)
    assert np.array_equal(also, there)
    np.testing.assert_allclose(wider[there], (places[there] + 0.25) / 1.5, atol=1e-5)
    # Numbered otherwise, each is found under its other number.
    assert np.array_equal(
        parts.targets("poselets", b, 0.0, poselets[:, ::-1])[1][..., columns], there[..., columns[::-1]]
    )


def test_parts_too_rarely_seen_are_never_there(benchmark):
    b = replace(benchmark, joint_visibility=np.full_like(benchmark.joint_visibility, 2))
    poselets = parts.arrangements(b, b.rows("train"), 0)
    assert poselets.shape == (7, 3, 8) and np.isnan(poselets).all()
    places, there = parts.targets("poselets", b, 0.1, poselets)
    assert there.shape == (len(b.image), 2, 21) and not there.any() and np.isnan(places).all()
    with pytest.raises(ValueError, match="kind"):
        parts.targets("limbs", b, 0.1)


def test_detection_loss_by_hand():
    """One part, a map of 2 x 2: a sharp target in the first cell, and one that lies outside the view."""
    log_parts = torch.tensor([[[0.4, 0.1, 0.1, 0.2, 0.2]], [[0.1, 0.2, 0.3, 0.1, 0.3]]]).log()
    true, there = torch.tensor([[[0.25, 0.25]], [[1.5, 0.5]]]), torch.tensor([[True], [True]])
    loss = losses.detection_loss(log_parts, true, there, sigma=0.01)
    assert loss.item() == pytest.approx(-(np.log(0.4) + np.log(0.3)) / 2)
    absent = losses.detection_loss(log_parts, torch.full_like(true, torch.nan), ~there, sigma=0.01)
    assert absent.item() == pytest.approx(-(np.log(0.2) + np.log(0.3)) / 2)


def test_detector_table_by_hand(benchmark):
    """Perfect detections, then one a tenth of the box off and one that is not there."""
    rows = benchmark.rows("test")
    places, there = parts.targets("joints", benchmark, 0.0)
    inside = there[rows, 0] & ((places[rows, 0] > -0.1) & (places[rows, 0] < 1.1)).all(2)
    predicted = {"parts": np.nan_to_num(benchmark.joints[rows]), "present": inside.astype(float), "poselets": None}
    table = report.detector_table("joints", predicted, benchmark, rows, CONFIG).set_index("part")
    assert table.found["all"] == 1 and table.false["all"] == 0 and table.there["all"] == inside.sum()
    i, j = np.argwhere(inside)[0]
    predicted["parts"][i, j, 0] += 0.11 * (benchmark.box[rows[i], 2] - benchmark.box[rows[i], 0])
    table = report.detector_table("joints", predicted, benchmark, rows, CONFIG).set_index("part")
    assert table.found["all"] == pytest.approx(1 - 1 / inside.sum()) == 1 - table.false["all"]


# ---- runs that stand on others --------------------------------------------------------------------------------------


def test_what_a_run_stands_on(benchmark):
    split = benchmark.split.astype("<U8")
    split[:6] = "pretrain"
    with_pretraining = replace(benchmark, split=split)

    def names(method, b=benchmark, weights="none", start=None, split="train"):
        return train.before(method, b, CONFIG, weights, start, split)

    assert names("fashionnet") == names("wtbi", with_pretraining) == names("darn") == []
    assert names("darn", with_pretraining) == [("fashionnet", "pretrain")]
    assert names("fashionnet", with_pretraining, split="pretrain") == []
    assert names("fashionnet+joints") == [("joints", "train")]
    assert names("fashionnet+poselets", with_pretraining) == [("fashionnet", "pretrain"), ("poselets", "pretrain")]
    assert names("fashionnet+joints", with_pretraining, weights="world") == []
    assert names("fashionnet+joints", with_pretraining, start="a run") == []


def test_validation_never_touches_what_is_measured(benchmark):
    rows, held = train.validation(benchmark, "train", 0)
    assert np.array_equal(held, benchmark.rows("val")) and np.array_equal(rows, benchmark.rows("train"))
    only_val = replace(benchmark, split=np.where(benchmark.split == "test", "val", benchmark.split))
    rows, held = train.validation(only_val, "train", 0)
    assert len(held) == 2 and sorted([*rows, *held]) == benchmark.rows("train").tolist()
    items = np.array([f"id_{i // 4}" for i in range(len(benchmark.image))])
    rows, held = train.validation(replace(only_val, item=items), "train", 0)
    assert not set(items[rows]) & set(items[held]) and len(held) == 4


def test_training_stops_when_a_round_is_no_better():
    def row(value=None):
        return {"monitor_category": 1.0} | ({} if value is None else {"validation": value})

    assert not train.converged([row(), row(2.0)])
    assert not train.converged([row(2.0), row(), row(1.9)])
    assert train.converged([row(2.0), row(), row(2.0)])
    assert not train.converged([row(2.0), row(1.0), row()])  # in the middle of a round
    assert train.converged([row(2.0), row(1.0), row(1.5)])


def test_the_best_round_is_kept(benchmark, tmp_path, monkeypatch):
    """Validation that rises: the network is the one after the first round, whatever came later."""
    config = replace(CONFIG, training=replace(CONFIG.training, rounds=3, epochs=1))
    values = iter([1.0, 5.0, 9.0])
    monkeypatch.setattr(train, "total_of", lambda *_: next(values))
    long = train.run("fashionnet-global", benchmark, config, tmp_path / "long")
    assert len(report.history(long)) == 4  # two rounds, the second was no better
    monkeypatch.setattr(train, "converged", lambda history: len(history) == 2)
    values = iter([1.0])
    short = train.run("fashionnet-global", benchmark, config, tmp_path / "short")
    a, b = (train.load_file(folder / "model.safetensors") for folder in (long, short))
    assert all(torch.equal(a[name], b[name]) for name in a)


def test_what_is_not_taught_has_one_score_below_all_others(benchmark, crops):
    bench = Bench("fashionnet+100", benchmark, crops)
    for _ in range(3):
        bench.step()
    scores = bench.model.eval()(bench.images)["attributes"].detach()
    taught = torch.from_numpy(train.taught("fashionnet+100", benchmark, bench.rows))
    assert taught.sum() == 100 and scores[:, ~taught].unique().numel() == 1
    assert scores[:, ~taught].max() < scores[:, taught].min()


def test_steps_of_a_round():
    config = replace(CONFIG, training=replace(CONFIG.training, rounds=2, epochs=1))
    assert train.phases(config, (1, 2)) == [(0, 1), (0, 2), (1, 1), (1, 2)]
    assert train.phases(config, (2,)) == [(0, 2), (0, 2), (1, 2), (1, 2)]
    assert train.phases(config, (3,)) == [(0, 3), (0, 3), (1, 3), (1, 3)]
    assert train.phases(config, (1,)) == [(0, 1), (1, 1)]  # a detector


def test_the_shipped_pretraining_fits_the_demo_and_says_where_it_is_from(benchmark):
    config = PROFILES["demo"]
    state, origin = train.read_weights("world")
    assert origin.startswith("pretrained.safetensors sha256")
    for method in ("fashionnet", "fashionnet+joints", "fashionnet+poselets", "darn"):
        model = train.build(method, benchmark, config)
        filled = train.load_weights(model, state, {})
        conv5 = "streams.0.conv5" if method == "darn" else "conv5_global"
        assert {f"trunk.{i}.weight" for i in (0, 21)} | {f"{conv5}.{i}.weight" for i in (0, 2, 4)} <= set(filled)
        pose = {name for name in model.state_dict() if name.startswith("pose.")}
        assert pose <= set(filled) and bool(pose) == (
            method == "fashionnet"
        )  # all of it: no other width is passed over
        if method in DETECTED:
            kind = method.partition("+")[2]
            assert model.detector.poselets.isfinite().any() == (kind == "poselets")
            for name, value in model.detector.state_dict().items():
                if name == "poselets":
                    continue  # partly nan
                expected = state[name if name.startswith("trunk.") else f"{kind}.{name}"]
                assert torch.equal(value, expected), name
    heatmap = train.build("fashionnet-heatmap", benchmark, config)
    assert [name for name in train.load_weights(heatmap, state, {}) if name.startswith("pose.")] == [
        f"pose.{layer}.{kind}"
        for layer in ("conv5_pose.0", "conv5_pose.2", "conv5_pose.4", "upsample")
        for kind in ("bias", "weight")
    ]
    for ours, theirs in ((heatmap.pose.conv5_pose[4], "joints.conv5.4"), (heatmap.pose.upsample, "joints.upsample")):
        assert torch.equal(ours.weight, state[f"{theirs}.weight"])
    with train.safe_open(train.PRETRAINED, "pt") as file:
        assert set(file.metadata()) == {"fashionnet", "joints", "poselets"}
        assert all("commit" in about for about in file.metadata().values())
    with pytest.raises(DataError, match="another width"):
        train.load_weights(train.build("fashionnet", benchmark, CONFIG), state, {})


# ---- joints of real photos ------------------------------------------------------------------------------------------


def test_joints_found_by_torchvision_become_ours(benchmark, tmp_path):
    """A detector that says what it is told: the person on the box counts, not the surer one beside it; an unsure joint is
    not found; the neck is the middle of the shoulders. The written list is read back by the reader of all lists."""
    from lib import joints

    assert joints.COCO[5:] == ("left shoulder", "right shoulder", "left elbow", "right elbow", "left wrist", "right wrist",
                               "left hip", "right hip", "left knee", "right knee", "left ankle", "right ankle")  # fmt: skip
    box = np.array([10, 10, 50, 90], float)
    keypoints = torch.arange(17.0)[:, None].repeat(1, 3)[None].repeat(3, 1, 1)
    keypoints[1] += 100
    scores = torch.ones(3, 17)
    scores[0, joints.COCO.index("left wrist")] = -1
    found = {"boxes": torch.tensor([[0.0, 0, 60, 95], [60, 0, 90, 90], [0, 0, 95, 95]]), "scores": torch.tensor([0.8, 0.99, 0.2]),
             "keypoints": keypoints, "keypoints_scores": scores}  # fmt: skip
    points, codes = joints.joints_of(found, box)
    named = dict(zip(parts.JOINTS, zip(points[:, 0].tolist(), codes.tolist(), strict=True), strict=True))
    assert named["head"] == (0, 0) and named["neck"] == (5.5, 0) and named["right ankle"] == (16, 0)
    assert codes[parts.JOINTS.index("left wrist")] == 2
    nobody = {name: value[:0] for name, value in found.items()}
    assert (joints.joints_of(nobody, box)[1] == 2).all()

    root = benchmark.images_root
    folder = joints.lists_of(benchmark)
    assert folder.name == "Anno_coarse" and (folder / "list_joints.txt").exists()
    with pytest.raises(DataError, match="is there already"):
        joints.write_joints(folder, benchmark, torch.nn.Identity(), "cpu")
    few = replace(benchmark, image=benchmark.image[:3], box=np.tile(box, (3, 1)))

    class Told(torch.nn.Module):
        def forward(self, images):
            assert images[0].shape[0] == 3 and images[0].max() <= 1
            return [found]

    path = joints.write_joints(tmp_path, few, Told(), "cpu")
    lines = path.read_text().splitlines()
    assert lines[0] == "3" and len(lines) == 5 and lines[2].startswith(few.image[0]) and root.exists()
    values = np.array(lines[2].removeprefix(few.image[0]).split(), float).reshape(14, 3)
    assert values[:, 0].tolist() == codes.tolist() and values[1].tolist() == [0, 6, 6]
