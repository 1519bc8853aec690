"""Runs: the plan, what a run's key depends on, which rows it trains on, and what it leaves."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from squares import with_schedule
from test_train import stopped_before

from lib import efficientnet, networks, runs, train
from lib.artefact import read_tensors
from lib.config import PROFILES
from lib.deepfashion import sides
from lib.lists import DataError, Lacks
from lib.methods import DETECTORS, METHODS, Method, find

SMOKE, DEMO, PAPER, PHOTOS = (PROFILES[name] for name in ("smoke", "demo", "paper", "photos"))
FINE_TUNED = runs.ALL_STAGES[1:]
STARTS = {"fashionnet-oracle": "fashionnet", "darn-one-stream": "darn"}  # from whose network each starts


@pytest.fixture(scope="module")
def no_pretraining(world):
    """The same world without a pre-training split, as the demo's and the real data are."""
    benchmark = world["category_attribute"]
    split = np.where(benchmark.split == "pretrain", "", benchmark.split)
    return world | {"category_attribute": replace(benchmark, split=split)}


def plan_of(benchmarks, config, out, **changes):
    return runs.make_plan(benchmarks, replace(config, **changes), out)


def only(benchmarks, config, out, method, stage="category_attribute", seed=0, weights=""):
    """Return the run of one method on one stage, with the plan that it is in."""
    plan = runs.make_plan(benchmarks, replace(config, methods=(method,), seeds=(seed,)), out, weights)
    return next(run for run in plan.of(stage) if stage == "pretrain" or run.method == method), plan


@pytest.mark.parametrize("config", [SMOKE, PAPER, DEMO], ids=lambda config: config.profile)
def test_with_a_pretraining_split_every_method_starts_from_its_own(config, world, tmp_path):
    plan = runs.make_plan(world, config, tmp_path)
    for run in plan.runs:
        method = find(run.method)
        if run.stage != "pretrain":
            assert run.parent.stage == "pretrain" and run.detector is None  # the network holds its detector
            assert run.parent.method == STARTS.get(run.method, run.method)
        else:
            assert run.parent is None and run.seed == config.seed
            detector = method.detector if config.start != "shipped" else ""
            assert (run.detector.method if run.detector else "") == detector
    wanted = {name for name in config.methods if name not in STARTS}
    wanted |= set(DETECTORS) if config.start != "shipped" else set()
    assert {run.method for run in plan.of("pretrain")} == wanted


def test_some_methods_are_pretrained_for_each_seed_and_a_seed_is_finished_before_the_next(world, tmp_path):
    plan = plan_of(world, SMOKE, tmp_path, seed=7, seeds=(0, 1), reseeded=("fashionnet", "darn"))
    parents = {(run.method, run.seed): run.parent.seed for run in plan.runs if run.parent}
    for method in ("fashionnet", "fashionnet-oracle", "darn", "darn-one-stream"):
        assert (parents[method, 0], parents[method, 1]) == (0, 1)
    assert parents["wtbi", 0] == parents["wtbi", 1] == 7
    order = [run.seed for run in plan.runs if run.seed != 7]
    assert order == sorted(order)


def test_the_demo_starts_from_what_is_shipped(no_pretraining, tmp_path):
    plan = runs.make_plan(no_pretraining, DEMO, tmp_path)
    assert len(plan.runs) == sum(len(METHODS[name].stages) for name in DEMO.methods)
    for run in plan.runs:
        assert run.parent is None and run.detector is None
        assert run.start == str(networks.SHIPPED / f"{STARTS.get(run.method, run.method)}.safetensors")


def test_photos_train_detectors_once_and_search_from_the_category_run(no_pretraining, tmp_path):
    plan = runs.make_plan(no_pretraining, PHOTOS, tmp_path)
    assert len({run.key for run in plan.runs}) == len(plan.runs)
    assert [run.method for run in plan.of("category_attribute") if run.method in DETECTORS] == list(DETECTORS)
    for run in plan.of("inshop"):
        assert (run.parent.method, run.parent.stage) == (run.method, "category_attribute")
    for run in plan.of("category_attribute"):
        assert run.parent is None and run.start == "imagenet"


def test_which_methods_a_stage_trains(world, squares, tmp_path):
    plan = runs.make_plan(world, SMOKE, tmp_path)
    assert set(SMOKE.methods) - set(plan.methods("category_attribute")) == {"darn-one-stream"}
    for stage in ("category_attribute", *runs.SEARCHES):
        assert plan.methods(stage) == [name for name in SMOKE.methods if stage in METHODS[name].stages]
        assert set(plan.missing[stage]) == set(SMOKE.methods) - set(plan.methods(stage))
    assert plan.missing["inshop"]["darn-one-stream"] == "fine-tuned on consumer-to-shop only"
    assert plan.missing["inshop"]["fashionnet-joint"] == "fine-tuned on category and attribute only"
    small = runs.make_plan({"category_attribute": squares}, SMOKE, tmp_path)
    reasons = small.missing["category_attribute"]
    assert set(reasons) == {"darn-one-stream", "fashionnet+100", "fashionnet+500"}
    assert "at most 3" in reasons["fashionnet+100"]
    assert small.methods("inshop") == []
    with pytest.raises(Lacks, match="no images for inshop"):
        runs.benchmark_of("inshop", small.benchmarks)
    with pytest.raises(Lacks, match="no images for pretrain"):
        runs.benchmark_of("pretrain", small.benchmarks)
    assert runs.benchmark_of("pretrain", world) is world["category_attribute"]


def test_without_attributes_a_search_has_those_of_the_stage_before_which_must_have_them(no_pretraining, tmp_path):
    bare = replace(no_pretraining["inshop"], attributes=None, attribute_names=None)
    benchmarks, alone = no_pretraining | {"inshop": bare}, {"inshop": bare}
    assert "fashionnet+100" in runs.make_plan(benchmarks, PAPER, tmp_path).methods("inshop")
    assert "fashionnet+100" in runs.make_plan(alone, DEMO, tmp_path).methods("inshop")  # shipped with a thousand
    assert "fashionnet+100" in runs.make_plan(alone, PAPER, tmp_path).missing["inshop"]
    main = replace(no_pretraining["category_attribute"], attributes=None, attribute_names=None)
    run = only(no_pretraining | {"category_attribute": main}, PHOTOS, tmp_path, "fashionnet+100", "inshop")[0]
    assert run.parent is None and run.start == "imagenet"  # the run before cannot be trained
    # Without joints the shipped detectors serve the demo.
    bare = {name: replace(b, joints=None, joint_visibility=None) for name, b in no_pretraining.items()}
    assert "fashionnet+joints" in runs.make_plan(bare, DEMO, tmp_path).methods("category_attribute")
    for reasons in runs.make_plan(bare, PHOTOS, tmp_path).missing.values():
        assert "needs joints" in reasons["fashionnet+joints"]


class Plain(torch.nn.Module):
    """As small as a network of docs/ADD_A_METHOD.md can be: landmarks and heads from the mean colours."""

    def __init__(self):
        super().__init__()
        self.landmarks, self.visibility = torch.nn.Linear(3, 16), torch.nn.Linear(3, 24)
        self.category, self.attributes = torch.nn.Linear(3, 3), torch.nn.Linear(3, 3)

    def forward(self, images):
        x = images.mean((2, 3))
        out = {"category": self.category(x), "attributes": self.attributes(x), "embedding": x}
        places, codes = self.landmarks(x).unflatten(1, (8, 2)), self.visibility(x).unflatten(1, (8, 3))
        return out | {"landmarks": places, "visibility": codes}


def test_a_network_of_a_new_class_learns_its_landmarks_and_names_its_true_start(squares, config, tmp_path, monkeypatch):
    """ImageNet's weights fit none of its layers."""
    monkeypatch.setitem(METHODS, "mine", Method("mine", "", network="mine"))
    network = Plain()
    before = network.landmarks.bias.detach().clone()
    monkeypatch.setattr(networks, "build", lambda *_: network)
    monkeypatch.setattr(networks, "read_vgg16", lambda _: ({}, "torchvision's"))
    run, plan = only({"category_attribute": squares}, replace(config, start="imagenet"), tmp_path, "mine")
    runs.train_run(plan, run)
    about, history = runs.info(run)["about"], runs.info(run)["history"]
    assert about["start"] == "scratch" and about["started"] == 0
    assert {"train_landmark", "train_visibility"} <= set(history[0])
    assert (networks.load(run.network)[0]["landmarks.bias"] != before).all()


@pytest.mark.parametrize("pretraining", [True, False])
def test_a_method_without_a_shipped_network_is_skipped(pretraining, world, no_pretraining, tmp_path, monkeypatch):
    monkeypatch.setitem(METHODS, "mine", replace(METHODS["fashionnet-global"], name="mine"))
    shipped = replace(SMOKE, start="shipped", methods=("fashionnet", "mine"))
    plan = runs.make_plan(world if pretraining else no_pretraining, shipped, tmp_path)
    assert {run.method for run in plan.runs} == {"fashionnet"}
    assert {reasons["mine"] for reasons in plan.missing.values()} == {"no pre-trained network is shipped for it"}


def key(benchmarks, config, name="fashionnet", stage="category_attribute", seed=0, weights=""):
    return only(benchmarks, config, networks.SHIPPED, name, stage, seed, weights)[0].key


def test_what_changes_a_run_and_what_does_not(world, config, monkeypatch):
    first = key(world, config)
    t = config.training
    others = {
        "rate": with_schedule(config, category_attribute=replace(t.category_attribute, rate=2e-3)),
        "rounds": with_schedule(config, category_attribute=replace(t.category_attribute, rounds=3)),
        "pre-training": with_schedule(config, pretrain=replace(t.pretrain, rate=2e-3)),
        "loss weights": with_schedule(config, step1=replace(t.step1, landmark=9)),
        "batch": with_schedule(config, category_attribute=replace(t.category_attribute, batch=4)),
        "balance": with_schedule(config, attribute_balance=0.2),
        "input": replace(config, input=replace(config.input, jitter=0.2)),
        "model": replace(config, model=replace(config.model, dropout=0.1)),
        "start": replace(config, start="imagenet"),
        "seed of the pre-training": replace(config, seed=2),
    }
    keys = {what: key(world, other) for what, other in others.items()}
    keys |= {"first": first, "seed": key(world, config, seed=1), "stage": key(world, config, stage="inshop")}
    keys["method"] = key(world, config, "fashionnet-joint")
    moved = replace(world["category_attribute"], box=world["category_attribute"].box + 1)
    keys["data"] = key(world | {"category_attribute": moved}, config)
    with monkeypatch.context() as m:
        m.setattr(runs, "VERSION", runs.VERSION + 1)
        keys["version"] = key(world, config)
    assert len(set(keys.values())) == len(keys), keys
    # What does not: the profile's name, other methods and seeds, other stages' schedules, how a method is described.
    assert key(world, replace(config, profile="another", world=SMOKE.world)) == first
    assert key(world, with_schedule(config, inshop=replace(t.inshop, rate=5e-3))) == first
    assert key({name: replace(b) for name, b in world.items()}, config) == first
    monkeypatch.setitem(METHODS, "fashionnet", replace(METHODS["fashionnet"], difference="in other words"))
    plan = plan_of(world, config, networks.SHIPPED, seeds=(0, 1, 2))
    assert [run.key for run in plan.of("category_attribute", "fashionnet")][0] == first


def test_a_run_depends_on_the_weights_that_it_starts_from(no_pretraining, config, tmp_path, monkeypatch):
    """ImageNet's by their content, shipped ones by the method's own file, WTBI on its generic features."""
    imagenet, shipped = (replace(config, start=start) for start in ("imagenet", "shipped"))
    paths = [tmp_path / name for name in ("a.safetensors", "b.safetensors", "c.safetensors")]
    for path, content in zip(paths, (b"one", b"two", b"one"), strict=True):
        path.write_bytes(content)
    a, b, c, none = (key(no_pretraining, imagenet, weights=w) for w in (*map(str, paths), ""))
    assert a == c and len({a, b, none}) == 3
    keys = []
    for number in range(2):
        place = tmp_path / f"shipped_{number}"
        place.mkdir()
        for name in ("fashionnet", "darn", "wtbi"):
            (place / f"{name}.safetensors").write_bytes(str(number).encode() if name == "darn" else b"x")
        monkeypatch.setattr(networks, "SHIPPED", place)
        keys.append([key(no_pretraining, shipped, name) for name in ("fashionnet", "fashionnet-oracle", "darn")])
    assert keys[0][:2] == keys[1][:2] and keys[0][2] != keys[1][2]
    generic = key(no_pretraining, shipped, "wtbi")
    (tmp_path / "generic").write_bytes(b"other features")
    monkeypatch.setattr(efficientnet, "WEIGHTS", tmp_path / "generic")
    assert key(no_pretraining, shipped, "wtbi") != generic


def test_validation_images_are_logged_where_results_are_measured_on_others(squares, monkeypatch):
    split = squares.split.copy()
    split[:6] = "val"
    benchmark = replace(squares, split=split)
    rows, held_out = runs.training_rows("category_attribute", benchmark, 0)
    assert np.array_equal(rows, benchmark.rows("train")) and np.array_equal(held_out, benchmark.rows("val"))
    monkeypatch.setattr(runs, "MOST_HELD_OUT", 4)
    few = runs.training_rows("category_attribute", benchmark, 0)[1]
    assert len(few) == 4 and set(few) < set(held_out)


def test_what_is_measured_is_never_logged(squares, search_squares):
    """Val is measured where there is no test split; a twentieth of the training items is then held out instead."""
    only_val = replace(squares, split=np.where(squares.split == "test", "val", squares.split))
    for benchmark in (only_val, search_squares):
        rows, held_out = runs.training_rows("inshop", benchmark, 0)
        assert len(held_out) and sorted([*rows, *held_out]) == benchmark.rows("train").tolist()
    assert len(runs.training_rows("category_attribute", only_val, 0)[1]) == 1  # a twentieth of 16 images
    rows, held_out = runs.training_rows("inshop", search_squares, 0)
    assert not set(search_squares.item[rows]) & set(search_squares.item[held_out])


def by_score(scores, numbers):
    return sorted(numbers, key=lambda number: (-scores[number], number))


def test_ranked_scores_equal_a_sort(world):
    """With ties, which rank by the lower number."""
    benchmark, rng = world["category_attribute"], np.random.default_rng(0)
    rows = benchmark.rows("test")
    n, A = len(rows), len(benchmark.attribute_names)
    scores = {
        "category": rng.integers(0, 9, (n, 50)).astype(np.float32),
        "attributes": rng.integers(0, 40, (n, A)).astype(np.float32),
        "visibility": rng.random((n, 8, 3)).astype(np.float32),
        "landmarks": rng.random((n, 8, 2)).astype(np.float32),
        "embedding": rng.random((n, 4)).astype(np.float32),
    }
    got = runs.rank(scores, benchmark, rows)
    dtypes = dict.fromkeys(("category", "attributes", "attributes_in_group"), "int16")
    dtypes |= {"visibility": "uint8", "landmarks": "float32"}
    assert {name: value.dtype.name for name, value in got.items()} == dtypes
    for i in range(n):
        assert got["category"][i].tolist() == by_score(scores["category"][i], range(50))[:20]
        assert got["attributes"][i].tolist() == by_score(scores["attributes"][i], range(A))[:20]
        for g in range(5):
            members = np.flatnonzero(benchmark.attribute_groups == g + 1).tolist()
            assert got["attributes_in_group"][i, g].tolist() == by_score(scores["attributes"][i], members)[:5]
    assert np.array_equal(got["visibility"], scores["visibility"].argmax(2))
    np.testing.assert_array_equal(got["landmarks"], scores["landmarks"])


@pytest.mark.parametrize("name", runs.SEARCHES)
def test_nearest_rows_equal_a_sort(name, world):
    benchmark, rng = world[name], np.random.default_rng(0)
    query, gallery = sides(benchmark)
    rows = np.concatenate([query, gallery])
    embedding = rng.integers(0, 3, (len(rows), 3)).astype(np.float32)  # many equal distances
    got = runs.rank({"embedding": embedding}, benchmark, rows, len(query))
    assert got["nearest"].shape == (len(query), runs.NEAREST) and got["nearest"].dtype == np.int32
    for q in range(len(query)):
        order = by_score(-((embedding[q] - embedding[len(query) :]) ** 2).sum(1), range(len(gallery)))
        expected = {"nearest": order}
        if benchmark.category is not None:
            category = benchmark.category[query[q]]
            expected["nearest_in_category"] = [g for g in order if benchmark.category[gallery[g]] == category]
        assert got.keys() == expected.keys()
        for kind, numbers in expected.items():
            assert got[kind][q].tolist() == (numbers + [-1] * runs.NEAREST)[: runs.NEAREST]


@pytest.fixture(scope="module")
def trained(world, config, tmp_path_factory):
    """FashionNet+100, pre-trained and fine-tuned on every benchmark; in-shop as if it were FashionNet."""
    plan = plan_of(world, config, tmp_path_factory.mktemp("out"), methods=("fashionnet+100",), seeds=(0,))
    for run in plan.runs:
        with pytest.MonkeyPatch.context() as m:
            m.setattr(runs, "FASHIONNET", "fashionnet+100" if run.stage == "inshop" else "fashionnet")
            runs.train_run(plan, run)
    return plan, {run.stage: run for run in plan.runs}


def scores_of(run):
    return read_tensors(run.folder / "scores.safetensors", "np")


def test_a_run_leaves_what_it_promises(trained, world, config):
    plan, each = trained
    assert list(each) == list(runs.ALL_STAGES)
    for stage, run in each.items():
        files = {"model.safetensors", "run.json", "about.json"}
        files |= set() if stage == "pretrain" else {"ranking.safetensors", "scores.safetensors"}
        files |= {"before.safetensors"} if stage == "inshop" else set()  # kept of FashionNet's searches alone
        assert {p.name for p in run.folder.iterdir()} == files
        assert run.folder.parent == plan.out / "runs" / stage
        about, history = runs.info(run)["about"], runs.info(run)["history"]
        assert {"commit", "date", "device", "seconds", "start", "parameters"} <= set(about)
        assert about["method"] == "fashionnet+100" and about["stage"] == stage and about["epochs"] == len(history) == 2
        assert history[-1]["rate"] == 0 and about["passes"] == 2 * about["images"]
        assert about["images"] == len(runs.training_rows(stage, runs.benchmark_of(stage, world), config.seed)[0])
    assert runs.info(each["pretrain"])["about"]["start"] == "scratch"
    for stage in FINE_TUNED:
        about = runs.info(each[stage])["about"]
        assert about["start"] == f"pretrain/{each['pretrain'].folder.name}" and about["started"] > 40


def test_the_same_100_attributes_supervise_at_every_stage(trained, world):
    """Those most frequent in the pre-training, whatever is frequent in a search; the others keep the lowest score."""
    _, each = trained
    headers = {stage: networks.load(run.network)[1] for stage, run in each.items()}
    names = headers["pretrain"]["supervised"]
    assert len(names) == 100 and all(header["supervised"] == names for header in headers.values())
    rows = world["inshop"].rows("train")
    estimated = np.argsort(-(world["inshop"].attributes[rows] == 1).sum(0), kind="stable")[:100]
    assert set(np.array(world["inshop"].attribute_names)[estimated]) != set(names)  # its own choice would be another
    mask = np.isin(world["category_attribute"].attribute_names, names)
    for stage in FINE_TUNED:
        scores = scores_of(each[stage])[0]["attributes"]
        assert (scores[:, ~mask] == train.NOT_SUPERVISED).all() and scores[:, mask].min() > train.NOT_SUPERVISED


def test_scores_and_rankings_are_in_the_order_of_the_measured_rows(trained, world):
    _, each = trained
    for stage in FINE_TUNED:
        benchmark = world[stage]
        rows = benchmark.rows("test") if stage == "category_attribute" else np.concatenate(sides(benchmark))
        scores, header = scores_of(each[stage])
        assert json.loads(header["images"]) == benchmark.image[rows].tolist()
        assert all(len(value) == len(rows) for value in scores.values())
        found = runs.ranking(each[stage])
        queries = None if stage == "category_attribute" else len(sides(benchmark)[0])
        again = runs.rank(scores, benchmark, rows, queries)
        assert found.keys() == again.keys() and all(np.array_equal(found[name], again[name]) for name in found)
        assert np.array_equal(found["category"][:, 0], scores["category"].argmax(1))


def test_a_finished_run_is_found_and_not_trained_again(trained, monkeypatch):
    plan, each = trained
    monkeypatch.setattr(train, "fit", None)
    for run in each.values():
        assert runs.train_run(plan, run) == run.folder
    other = plan_of(plan.benchmarks, plan.config, plan.out, seeds=(7,)).of("inshop")[0]
    with pytest.raises(DataError, match="no such file; run the notebook"):
        runs.ranking(other)


def test_a_detector_is_trained_first_and_then_frozen(squares, config, tmp_path):
    run, plan = only({"category_attribute": squares}, config, tmp_path, "fashionnet+joints")
    assert [each.method for each in plan.runs] == ["joints", "fashionnet+joints"]
    runs.train_run(plan, run)
    state, inner = networks.load(run.network)[0], networks.load(run.detector.network)[0]
    assert {f"detector.{name}" for name in inner} == {name for name in state if name.startswith("detector.")}
    for name, value in inner.items():
        assert torch.equal(state[f"detector.{name}"].nan_to_num(9), value.nan_to_num(9)), name
    found = runs.ranking(run)
    assert found["parts"].shape == (8, 14, 2) and found["present"].shape == (8, 14) and "landmarks" not in found


def test_a_stopped_run_resumes_and_ends_with_the_same_scores(squares, config, tmp_path, monkeypatch):
    whole, plan = only({"category_attribute": squares}, config, tmp_path / "whole", "fashionnet")
    runs.train_run(plan, whole)
    run, plan = only({"category_attribute": squares}, config, tmp_path / "stopped", "fashionnet")
    with stopped_before(1):
        runs.train_run(plan, run)
    left = run.folder.with_name(f"{run.folder.name}.part")
    assert [p.name for p in left.iterdir()] == ["checkpoint.safetensors"] and not run.folder.exists()
    epoch, seen = train.run_epoch, []
    monkeypatch.setattr(train, "run_epoch", lambda *given: seen.append(given[2]) or epoch(*given))
    runs.train_run(plan, run)
    assert seen == [1] and not left.exists() and not (run.folder / "checkpoint.safetensors").exists()
    ours, exact = scores_of(run)[0], scores_of(whole)[0]
    assert all(np.array_equal(ours[name], exact[name]) for name in exact)


def test_a_shipped_network_that_does_not_fit_is_named(squares, config, tmp_path, monkeypatch):
    monkeypatch.setattr(networks, "SHIPPED", tmp_path)
    networks.save(tmp_path / "fashionnet.safetensors", torch.nn.Linear(2, 2), {"classes": {}, "supervised": None})
    run, plan = only({"category_attribute": squares}, replace(config, start="shipped"), tmp_path, "fashionnet")
    with pytest.raises(DataError, match="fashionnet.safetensors: no parameter of it fits this network"):
        runs.train_run(plan, run)


def test_a_shipped_network_is_what_fine_tuning_starts_from(squares, config, tmp_path, monkeypatch):
    """Packed as int8 and unpacked: at rate 0 the run ends with what was shipped."""
    still = replace(with_schedule(config, rate=0.0), start="shipped")
    monkeypatch.setattr(networks, "SHIPPED", tmp_path / "shipped")
    model = networks.build(METHODS["fashionnet"], squares, config, 8)
    header = {"classes": networks.classes(squares), "supervised": None}
    networks.save(tmp_path / "model.safetensors", model, header)
    networks.ship(tmp_path / "model.safetensors", tmp_path / "shipped" / "fashionnet.safetensors", {})
    run, plan = only({"category_attribute": squares}, still, tmp_path / "out", "fashionnet")
    runs.train_run(plan, run)
    assert runs.info(run)["about"]["start"] == "shipped fashionnet"
    initial = networks.load(tmp_path / "shipped" / "fashionnet.safetensors")[0]
    after = networks.load(run.network)[0]
    assert all(torch.equal(after[n], initial[n]) for n in initial if "running_" not in n and "num_batches" not in n)


def test_a_loss_that_is_not_finite_names_the_photos(squares, config, tmp_path):
    wild = with_schedule(config, rate=1e30)
    run, plan = only({"category_attribute": squares}, wild, tmp_path, "fashionnet-global")
    with pytest.raises(FloatingPointError, match=r"fashionnet-global_0_\w+: the loss is not finite .*img/\d+"):
        runs.train_run(plan, run)


def test_a_search_keeps_what_fashionnet_found_before_its_fine_tuning(trained, world, config):
    run, benchmark, method = trained[1]["inshop"], world["inshop"], find("fashionnet+100")
    model, fabric = networks.build(method, benchmark, config, 0), train.make_fabric("32-true")
    state, header = networks.load(run.parent.network)
    networks.start(model, state, header["classes"], networks.classes(benchmark))
    query, gallery = sides(benchmark)
    rows, samples = np.concatenate([query, gallery]), train.make_samples(benchmark, config, method)
    samples = replace(samples, crops=runs.load_crops(benchmark, config, trained[0].out, fabric))
    scores = train.predict(model, samples, benchmark, rows, method, config, fabric)
    found = runs.before(run)["nearest"]
    assert runs.before(trained[1]["consumer2shop"]) == {}
    assert (found == runs.rank(scores, benchmark, rows, len(query))["nearest"]).all()
    assert not (found == runs.ranking(run)["nearest"]).all()
