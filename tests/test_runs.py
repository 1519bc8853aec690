"""Runs: what their identity depends on, what they start from, which rows they train on, and what they leave."""

import json
import os
from dataclasses import replace
from itertools import product

import numpy as np
import pytest
import torch
from squares import with_schedule

from lib import efficientnet, locks, networks, runs, train
from lib.config import PROFILES
from lib.deepfashion import find_benchmarks, sides
from lib.lists import DataError, Lacks
from lib.locks import hold
from lib.methods import DETECTORS, METHODS, find, reason_to_skip

SMOKE, DEMO, PAPER, PHOTOS = (PROFILES[name] for name in ("smoke", "demo", "paper", "photos"))
FINE_TUNED = runs.STAGES[1:]


FROM_FASHIONNET = ("fashionnet-oracle",)  # an upper bound of FashionNet's own network


@pytest.fixture(scope="module")
def no_pretraining(world):
    """The same world without a pre-training split, as the demo's and the real data are."""
    benchmark = world["category_attribute"]
    split = np.where(benchmark.split == "pretrain", "", benchmark.split)
    return world | {"category_attribute": replace(benchmark, split=split)}


# ---- what a run starts from -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name, stage", list(product(METHODS, FINE_TUNED)))
def test_with_a_pretraining_split_every_method_starts_from_its_own(name, stage, world):
    for config in (SMOKE, PAPER, DEMO):
        earlier = runs.predecessor(METHODS[name], stage, world, config)
        assert earlier == ("fashionnet" if name in FROM_FASHIONNET else name, "pretrain")
        assert runs.detector_run(METHODS[name], stage, world, config) is None  # the network holds its detector


@pytest.mark.parametrize("name", METHODS)
def test_pretraining_starts_from_no_method(name, world):
    for config in (SMOKE, PAPER, DEMO):
        assert runs.predecessor(METHODS[name], "pretrain", world, config) is None
    kind = METHODS[name].detector
    assert runs.detector_run(METHODS[name], "pretrain", world, SMOKE) == ((kind, "pretrain") if kind else None)


@pytest.mark.parametrize("name, stage", list(product(METHODS, FINE_TUNED)))
def test_the_demo_starts_from_what_is_shipped(name, stage, no_pretraining):
    assert runs.predecessor(METHODS[name], stage, no_pretraining, DEMO) is None
    assert runs.detector_run(METHODS[name], stage, no_pretraining, DEMO) is None


@pytest.mark.parametrize("name", METHODS)
def test_the_paper_profile_starts_from_imagenet_and_searches_from_the_category_run(name, no_pretraining):
    method, kind = METHODS[name], METHODS[name].detector
    assert runs.predecessor(method, "category_attribute", no_pretraining, PAPER) is None
    detector = (kind, "category_attribute") if kind else None
    assert runs.detector_run(method, "category_attribute", no_pretraining, PAPER) == detector
    for stage in runs.SEARCHES:
        assert runs.predecessor(method, stage, no_pretraining, PAPER) == (name, "category_attribute")
        assert runs.detector_run(method, stage, no_pretraining, PAPER) is None
    alone = {"inshop": no_pretraining["inshop"]}
    assert runs.predecessor(method, "inshop", alone, PAPER) is None


def test_a_search_does_not_start_from_a_run_that_cannot_be_trained(no_pretraining):
    """Without landmarks in the category-and-attribute benchmark, the heatmap head has no run there."""
    bare = replace(no_pretraining["category_attribute"], landmarks=None, visibility=None)
    benchmarks = no_pretraining | {"category_attribute": bare}
    assert runs.predecessor(METHODS["fashionnet-heatmap"], "inshop", benchmarks, PAPER) is None
    assert runs.predecessor(METHODS["darn"], "inshop", benchmarks, PAPER) == ("darn", "category_attribute")


def test_photos_train_detectors_once_and_search_from_the_category_run(no_pretraining):
    joints = METHODS["fashionnet+joints"]
    detector = runs.detector_run(joints, "category_attribute", no_pretraining, PHOTOS)
    assert detector == ("joints", "category_attribute")
    for stage in runs.SEARCHES:
        assert runs.predecessor(joints, stage, no_pretraining, PHOTOS) == ("fashionnet+joints", "category_attribute")
        assert runs.detector_run(joints, stage, no_pretraining, PHOTOS) is None  # the network holds it
    assert runs.detector_run(METHODS["fashionnet"], "category_attribute", no_pretraining, PHOTOS) is None


@pytest.mark.parametrize("profile, pretraining", list(product(PROFILES, [False, True])))
def test_no_method_starts_from_anothers_network_but_the_oracle_and_the_heatmap(
    profile, pretraining, world, no_pretraining
):
    """Through all predecessors, and the shipped file at their end."""
    benchmarks, config = world if pretraining else no_pretraining, PROFILES[profile]
    for name, stage in product(METHODS, FINE_TUNED):
        chain = [(name, stage)]
        while (earlier := runs.predecessor(find(chain[-1][0]), chain[-1][1], benchmarks, config)) is not None:
            chain.append(earlier)
            assert len(chain) < 4
        others = {method for method, _ in chain} - {name}
        assert others <= ({"fashionnet"} if name in FROM_FASHIONNET else set())
        assert METHODS[name].pretraining in ("", "fashionnet")
        assert bool(METHODS[name].pretraining) == (name in FROM_FASHIONNET)


def test_detectors_start_from_no_method(world, no_pretraining):
    for method, stage, benchmarks in product(DETECTORS.values(), runs.STAGES, (world, no_pretraining)):
        assert runs.predecessor(method, stage, benchmarks, PAPER) is None
        assert runs.detector_run(method, stage, benchmarks, PAPER) is None


def test_which_methods_a_stage_trains(world, no_pretraining, squares):
    assert runs.trained("category_attribute", world, SMOKE) == list(METHODS)
    retrieval = [name for name, method in METHODS.items() if method.retrieval]
    assert runs.trained("inshop", world, SMOKE) == runs.trained("consumer2shop", world, SMOKE) == retrieval
    without = runs.skipped("inshop", world, SMOKE)
    assert set(without) == set(METHODS) - set(retrieval)
    small = {"category_attribute": squares}
    reasons = runs.skipped("category_attribute", small, SMOKE)
    assert set(reasons) == {"fashionnet+100", "fashionnet+500"} and "at most 3" in reasons["fashionnet+100"]
    with pytest.raises(Lacks, match="no images for inshop"):
        runs.skipped("inshop", small, SMOKE)
    with pytest.raises(Lacks, match="no images for pretrain"):
        runs.benchmark_of("pretrain", no_pretraining)
    assert runs.benchmark_of("pretrain", world) is world["category_attribute"]


def test_a_search_without_attributes_goes_on_with_those_of_the_stage_before(no_pretraining):
    bare = replace(no_pretraining["inshop"], attributes=None, attribute_names=None)
    benchmarks = no_pretraining | {"inshop": bare}
    assert "fashionnet+100" in runs.trained("inshop", benchmarks, PAPER)
    assert "fashionnet+100" in runs.trained("inshop", {"inshop": bare}, DEMO)  # shipped with a thousand
    assert "fashionnet+100" in runs.skipped("inshop", {"inshop": bare}, PAPER)


def test_a_method_that_is_trained_never_lacks_its_detector(no_pretraining):
    """Without list_joints.txt the shipped detectors serve the demo, and photos do without the methods."""
    bare = {name: replace(b, joints=None, joint_visibility=None) for name, b in no_pretraining.items()}
    assert "fashionnet+joints" in runs.trained("category_attribute", bare, DEMO)
    for stage in FINE_TUNED:
        assert runs.detector_run(METHODS["fashionnet+joints"], stage, bare, DEMO) is None
        assert "no joints" in runs.skipped(stage, bare, PHOTOS)["fashionnet+joints"]


# ---- identity -------------------------------------------------------------------------------------------------------


def folder(benchmarks, config, out, name="fashionnet", stage="category_attribute", seed=0, weights=""):
    return runs.run_folder(name, stage, benchmarks, config, out, seed, weights)


def with_training(config, **changes):
    return replace(config, training=replace(config.training, **changes))


def test_a_loss_that_a_method_lacks_does_not_change_its_runs(world, config, tmp_path):
    t = config.training
    landmarks = with_training(config, step2=replace(t.step2, landmark=9, visibility=9))
    maps = with_training(config, step2=replace(t.step2, heatmap=9))
    attributes = with_training(config, step2=replace(t.step2, attribute=9))
    first = with_training(config, step1=replace(t.step1, attribute=9))
    at_once = with_training(config, at_once=replace(t.at_once, attribute=9))
    changed = {
        name: [folder(world, other, tmp_path, name) != folder(world, config, tmp_path, name)
               for other in (landmarks, maps, attributes, first, at_once)]
        for name in ("wtbi", "fashionnet-global", "fashionnet", "fashionnet-heatmap", "fashionnet-joint")
    }  # fmt: skip
    assert changed == {
        "wtbi": [False, False, True, False, False],
        "fashionnet-global": [False, False, True, False, False],
        "fashionnet": [True, False, True, True, False],
        "fashionnet-heatmap": [True, True, True, True, False],
        "fashionnet-joint": [False, False, False, False, True],
    }


def test_what_changes_a_run_and_what_does_not(world, config, tmp_path, monkeypatch):
    first = folder(world, config, tmp_path)
    t = config.training
    others = {
        "rate": with_training(config, category_attribute=replace(t.category_attribute, rate=2e-3)),
        "rounds": with_training(config, category_attribute=replace(t.category_attribute, rounds=3)),
        "pre-training": with_training(config, pretrain=replace(t.pretrain, rate=2e-3)),
        "loss weights": with_training(config, step1=replace(t.step1, landmark=9)),
        "batch": with_training(config, category_attribute=replace(t.category_attribute, batch=4)),
        "balance": with_training(config, attribute_balance=0.2),
        "input": replace(config, input=replace(config.input, jitter=0.2)),
        "model": replace(config, model=replace(config.model, dropout=0.1)),
        "start": replace(config, start="imagenet"),
    }
    folders = {what: folder(world, other, tmp_path) for what, other in others.items()}
    folders["seed"] = folder(world, config, tmp_path, seed=1)
    folders["seed of the pre-training"] = folder(world, replace(config, seed=2), tmp_path)
    folders["method"] = folder(world, config, tmp_path, "fashionnet-joint")
    folders["stage"] = folder(world, config, tmp_path, stage="inshop")
    with monkeypatch.context() as m:
        m.setattr(runs, "VERSION", runs.VERSION + 1)
        folders["version"] = folder(world, config, tmp_path)
    keys = {what: path.name.rpartition("_")[2] for what, path in folders.items()} | {
        "first": first.name.rpartition("_")[2]
    }
    assert len(set(keys.values())) == len(keys), keys
    # What does not: the profile's name, other methods and seeds, other stages' schedules, how a method is described.
    same = [
        replace(config, profile="another", methods=("fashionnet",), seeds=(0, 1, 2), world=SMOKE.world),
        with_training(config, inshop=replace(t.inshop, rate=5e-3)),
    ]
    assert [folder(world, other, tmp_path) for other in same] == [first, first]
    monkeypatch.setitem(
        METHODS, "fashionnet", replace(METHODS["fashionnet"], difference="in other words", photos=False)
    )
    assert folder(world, config, tmp_path) == first


def test_pretraining_has_the_seed_of_the_profile(world, config, tmp_path):
    assert folder(world, config, tmp_path, stage="pretrain", seed=0) == folder(
        world, config, tmp_path, stage="pretrain", seed=7
    )
    assert folder(world, config, tmp_path, stage="pretrain").name.startswith(f"fashionnet_{config.seed}_")


def test_the_place_on_disk_does_not_change_a_run(world, world_root, config, tmp_path):
    """The same world elsewhere, and another world at the same place."""
    first = folder(world, config, tmp_path)
    elsewhere = tmp_path / "moved"
    elsewhere.symlink_to(world_root)
    again = find_benchmarks(elsewhere)
    assert again["inshop"].images_root != world["inshop"].images_root
    assert folder(again, config, tmp_path) == first
    assert folder(world, config, tmp_path / "other").relative_to(tmp_path / "other") == first.relative_to(tmp_path)


def test_another_world_makes_another_run(world, world_root, config, tmp_path):
    """A synthetic world is known by world.json: its size, seed and version."""
    mark = (world_root / "world.json").read_text()
    assert json.loads(mark)["seed"] == 5
    places = {}
    for name, content in (("same", mark), ("other", json.dumps(json.loads(mark) | {"seed": 6}))):
        place = tmp_path / name
        place.mkdir()
        for path in world_root.iterdir():
            (place / path.name).symlink_to(path)
        (place / "world.json").unlink()
        (place / "world.json").write_text(content)
        places[name] = folder(find_benchmarks(place), config, tmp_path)
    assert places["same"] == folder(world, config, tmp_path) != places["other"]
    main = world["category_attribute"]
    edited = world | {"category_attribute": replace(main, category=np.roll(main.category, 1))}
    assert folder(edited, config, tmp_path) != places["same"]  # by hand, in its lists


def test_other_data_makes_another_run(squares, config, tmp_path):
    """A source without world.json is known by its arrays and the sizes of its photos."""
    first = folder({"category_attribute": squares}, config, tmp_path)
    assert folder({"category_attribute": replace(squares)}, config, tmp_path) == first
    category, split = squares.category.copy(), squares.split.copy()
    category[0], split[0] = 2, "test"
    changes = {"box": squares.box + 1, "category": category, "split": split, "landmarks": squares.landmarks + 1,
               "attributes": -squares.attributes, "attribute_groups": np.array([1, 2, 2], np.int8)}  # fmt: skip
    for name, value in changes.items():
        assert folder({"category_attribute": replace(squares, **{name: value})}, config, tmp_path) != first, name
    names = {"attribute_names": ("a", "b", "c"), "category_names": ("x", "y", "z"), "group_names": {1: "a", 2: "b"}}
    for name, value in names.items():
        assert folder({"category_attribute": replace(squares, **{name: value})}, config, tmp_path) != first, name


def test_another_photo_makes_another_run(squares, config, tmp_path):
    (tmp_path / "img").mkdir()
    for name in squares.image:
        (tmp_path / name).symlink_to(squares.images_root / name)
    moved = replace(squares, images_root=tmp_path)
    first = folder({"category_attribute": squares}, config, tmp_path)
    assert folder({"category_attribute": moved}, config, tmp_path) == first
    (tmp_path / squares.image[3]).unlink()
    (tmp_path / squares.image[3]).write_bytes(b"another photo")
    assert folder({"category_attribute": replace(moved)}, config, tmp_path) != first


def test_a_run_depends_on_the_weights_that_it_starts_from(no_pretraining, config, tmp_path, monkeypatch):
    """ImageNet's by their content, shipped ones by the method's own file, WTBI on its generic features."""
    imagenet, shipped = (replace(config, start=start) for start in ("imagenet", "shipped"))
    paths = [tmp_path / name for name in ("a.safetensors", "b.safetensors", "c.safetensors")]
    for path, content in zip(paths, (b"one", b"two", b"one"), strict=True):
        path.write_bytes(content)
    a, b, c, none = (folder(no_pretraining, imagenet, tmp_path, weights=w) for w in (*map(str, paths), ""))
    assert a == c and len({a, b, none}) == 3
    places = [tmp_path / "shipped_1", tmp_path / "shipped_2"]
    keys = {}
    for number, place in enumerate(places):
        place.mkdir()
        (place / "fashionnet.safetensors").write_bytes(b"x")
        (place / "darn.safetensors").write_bytes(f"{number}".encode())
        monkeypatch.setattr(networks, "SHIPPED", place)
        keys[number] = [
            folder(no_pretraining, shipped, tmp_path, name).name for name in ("fashionnet", "fashionnet-oracle", "darn")
        ]
    assert keys[0][:2] == keys[1][:2] and keys[0][2] != keys[1][2]
    generic = folder(no_pretraining, shipped, tmp_path, "wtbi")
    (tmp_path / "generic").write_bytes(b"other features")
    monkeypatch.setattr(efficientnet, "WEIGHTS", tmp_path / "generic")
    assert folder(no_pretraining, shipped, tmp_path, "wtbi") != generic


# ---- rows -----------------------------------------------------------------------------------------------------------


def test_validation_images_are_logged_where_results_are_measured_on_others(squares, monkeypatch):
    split = squares.split.copy()
    split[:6] = "val"
    benchmark = replace(squares, split=split)
    rows, held_out = runs.training_rows("category_attribute", benchmark, 0)
    assert np.array_equal(rows, benchmark.rows("train")) and np.array_equal(held_out, benchmark.rows("val"))
    monkeypatch.setattr(runs, "MOST_HELD_OUT", 4)
    few = runs.training_rows("category_attribute", benchmark, 0)[1]
    assert len(few) == 4 and set(few) < set(held_out)
    other = runs.training_rows("category_attribute", benchmark, 1)[1]
    assert few.tolist() == sorted(few) and (few.tolist() != other.tolist() or len(other) == 4)


def test_what_is_measured_is_never_logged(squares, search_squares):
    """Val is measured where there is no test split; a twentieth of the training items is then held out instead."""
    only_val = replace(squares, split=np.where(squares.split == "test", "val", squares.split))
    for benchmark in (only_val, search_squares):
        rows, held_out = runs.training_rows("inshop", benchmark, 0)
        assert len(held_out) and sorted([*rows, *held_out]) == benchmark.rows("train").tolist()
    assert len(runs.training_rows("category_attribute", only_val, 0)[1]) == 1  # a twentieth of 16 images
    rows, held_out = runs.training_rows("inshop", search_squares, 0)
    assert not set(search_squares.item[rows]) & set(search_squares.item[held_out])


def test_pretraining_takes_its_own_split(world):
    benchmark = world["category_attribute"]
    rows, held_out = runs.training_rows("pretrain", benchmark, 0)
    assert np.array_equal(rows, benchmark.rows("pretrain")) and set(benchmark.split[held_out]) == {"val"}


# ---- answers --------------------------------------------------------------------------------------------------------


def test_ranked_answers_equal_a_sort(world):
    """With ties, which rank by the lower number."""
    benchmark, rng = world["category_attribute"], np.random.default_rng(0)
    rows = benchmark.rows("test")
    n, A = len(rows), len(benchmark.attribute_names)
    scores = {
        "category": rng.integers(0, 9, (n, 50)).astype(np.float32), "attributes": rng.integers(0, 40, (n, A)).astype(np.float32),
        "visibility": rng.random((n, 8, 3)).astype(np.float32), "landmarks": rng.random((n, 8, 2)).astype(np.float32),
        "embedding": rng.random((n, 4)).astype(np.float32),
    }  # fmt: skip
    got = runs.ranked_answers(scores, benchmark, rows)
    assert {k: (v.shape, v.dtype.name) for k, v in got.items()} == {
        "category": ((n, 20), "int16"), "attributes": ((n, 20), "int16"), "attributes_in_group": ((n, 5, 5), "int16"),
        "visibility": ((n, 8), "uint8"), "landmarks": ((n, 8, 2), "float32"),
    }  # fmt: skip
    for i in range(n):
        for name in ("category", "attributes"):
            order = sorted(range(scores[name].shape[1]), key=lambda j, s=scores[name][i]: (-s[j], j))
            assert got[name][i].tolist() == order[:20]
        for g in range(5):
            members = [j for j in range(A) if benchmark.attribute_groups[j] == g + 1]
            assert (
                got["attributes_in_group"][i, g].tolist()
                == sorted(members, key=lambda j, s=scores["attributes"][i]: (-s[j], j))[:5]
            )
        for j in range(8):
            assert got["visibility"][i, j] == max(range(3), key=lambda code, p=scores["visibility"][i, j]: p[code])
    np.testing.assert_array_equal(got["landmarks"], scores["landmarks"])


def test_few_classes_and_small_groups_are_padded(squares):
    rows = squares.rows("test")
    scores = {
        "category": np.eye(3, dtype=np.float32)[squares.category[rows]],
        "attributes": np.zeros((len(rows), 3), np.float32),
    }
    got = runs.ranked_answers(scores, squares, rows)
    assert got["category"].shape == (8, 3) and np.array_equal(got["category"][:, 0], squares.category[rows])
    assert got["attributes"].tolist() == [[0, 1, 2]] * 8  # equal scores: by number
    assert got["attributes_in_group"].tolist() == [[[0, 1, -1, -1, -1], [2, -1, -1, -1, -1]]] * 8


@pytest.mark.parametrize("name", runs.SEARCHES)
def test_nearest_answers_equal_a_sort(name, world):
    benchmark, rng = world[name], np.random.default_rng(0)
    query, gallery = sides(benchmark)
    rows = np.concatenate([query, gallery])
    embedding = rng.integers(0, 3, (len(rows), 3)).astype(np.float32)  # many equal distances
    got = runs.ranked_answers({"embedding": embedding}, benchmark, rows, len(query))
    assert got["nearest"].shape == (len(query), runs.NEAREST) and got["nearest"].dtype == np.int32
    for q in range(len(query)):
        far = ((embedding[q] - embedding[len(query) :]) ** 2).sum(1)
        order = sorted(range(len(gallery)), key=lambda g, far=far: (far[g], g))
        padded = (order + [-1] * runs.NEAREST)[: runs.NEAREST]
        assert got["nearest"][q].tolist() == padded
        if benchmark.category is not None:
            same = [g for g in order if benchmark.category[gallery[g]] == benchmark.category[query[q]]]
            assert got["nearest_in_category"][q].tolist() == (same + [-1] * runs.NEAREST)[: runs.NEAREST]
    assert ("nearest_in_category" in got) == (benchmark.category is not None)


# ---- runs, trained --------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def trained(world, config, tmp_path_factory):
    """FashionNet+100, pre-trained and fine-tuned on every benchmark."""
    out = tmp_path_factory.mktemp("out")
    folders = {
        stage: runs.train_run("fashionnet+100", stage, world, config, out) for stage in (*FINE_TUNED, "pretrain")
    }
    return out, folders


def test_a_run_leaves_what_it_promises(trained, world, config):
    out, folders = trained
    for stage, path in folders.items():
        files = {"model.safetensors", "run.json"}
        files |= set() if stage == "pretrain" else {"answers.safetensors", "scores.safetensors"}
        assert {p.name for p in path.iterdir()} == files and path.parent == out / "runs" / stage
        about, history = runs.info(path)["about"], runs.info(path)["history"]
        assert {"commit", "date", "device", "seconds", "images", "epochs", "passes", "start", "parameters"} <= set(
            about
        )
        assert about["method"] == "fashionnet+100" and about["stage"] == stage and about["epochs"] == len(history) == 2
        assert history[-1]["rate"] == 0 and about["passes"] == 2 * about["images"]
        assert about["images"] == len(runs.training_rows(stage, runs.benchmark_of(stage, world), config.seed)[0])
        assert about["seconds"] == pytest.approx(sum(row["seconds"] for row in history), abs=0.06)
        assert runs.info(path)["config"]["model"]["window"] == config.model.window
    assert runs.info(folders["pretrain"])["about"]["start"] == "scratch"
    for stage in FINE_TUNED:
        assert runs.info(folders[stage])["about"]["start"] == f"pretrain/{folders['pretrain'].name}"
        assert runs.info(folders[stage])["about"]["started"] > 40


def test_the_same_100_attributes_supervise_at_every_stage(trained, world):
    """Those most frequent in the pre-training, whatever is frequent in a search; the others keep the lowest score."""
    _, folders = trained
    headers = {stage: networks.load(path / "model.safetensors")[1] for stage, path in folders.items()}
    names = headers["pretrain"]["supervised"]
    assert len(names) == 100 and all(header["supervised"] == names for header in headers.values())
    rows = world["inshop"].rows("train")
    estimated = np.argsort(-(world["inshop"].attributes[rows] == 1).sum(0), kind="stable")[:100]
    assert set(np.array(world["inshop"].attribute_names)[estimated]) != set(names)  # its own choice would be another
    mask = np.isin(world["category_attribute"].attribute_names, names)
    for stage in FINE_TUNED:
        scores = runs.scores(folders[stage])[0]["attributes"]
        assert (scores[:, ~mask] == train.NOT_SUPERVISED).all() and scores[:, mask].min() > train.NOT_SUPERVISED


def test_scores_and_answers_are_in_the_order_of_the_measured_rows(trained, world):
    _, folders = trained
    for stage in FINE_TUNED:
        benchmark = world[stage]
        rows = benchmark.rows("test") if stage == "category_attribute" else np.concatenate(sides(benchmark))
        scores, images = runs.scores(folders[stage])
        assert images.tolist() == benchmark.image[rows].tolist()
        assert all(len(value) == len(rows) for value in scores.values())
        found = runs.answers(folders[stage])
        queries = None if stage == "category_attribute" else len(sides(benchmark)[0])
        again = runs.ranked_answers(scores, benchmark, rows, queries)
        assert found.keys() == again.keys() and all(np.array_equal(found[key], again[key]) for key in found)
        best = scores["category"].argmax(1)
        assert np.array_equal(found["category"][:, 0], best)


def test_a_finished_run_is_found_and_not_trained_again(trained, world, config, monkeypatch):
    out, folders = trained
    monkeypatch.setattr(train, "fit", None)
    for stage, path in folders.items():
        assert runs.train_run("fashionnet+100", stage, world, config, out) == path
        assert runs.finished("fashionnet+100", stage, world, config, out) == path
    with pytest.raises(DataError, match="no finished run of fashionnet; run the notebook"):
        runs.finished("fashionnet", "inshop", world, config, out)
    with pytest.raises(DataError, match="no finished run"):
        runs.finished("fashionnet+100", "inshop", world, config, out, seed=1)


def test_fine_tuning_starts_where_pretraining_ended(world, config, trained):
    """At rate 0 nothing moves: every parameter is the pre-trained one, but the head of other categories."""
    out, folders = trained
    still = with_training(config, inshop=replace(config.training.inshop, rate=0.0))
    path = runs.train_run("fashionnet+100", "inshop", world, still, out)
    initial, after = (networks.load(p / "model.safetensors")[0] for p in (folders["pretrain"], path))
    assert world["inshop"].category_names != world["category_attribute"].category_names
    for name in initial:
        if "running_" not in name and "num_batches" not in name:
            same = initial[name].shape == after[name].shape and torch.equal(initial[name], after[name])
            assert same != name.startswith("category."), name


@pytest.mark.parametrize("name", ["fashionnet-global", "fashionnet-oracle"])
def test_answers_contain_no_label(name, squares, config, tmp_path, monkeypatch):
    """With the labels of the test images shuffled, the answers are the same, but for the oracle."""
    config = replace(config, methods=(name,))
    rng, test = np.random.default_rng(0), squares.rows("test")
    changes = {}
    for field in ("category", "landmarks", "visibility", "attributes"):
        changes[field] = getattr(squares, field).copy()
        changes[field][test] = changes[field][rng.permutation(test)]
    shuffled = replace(squares, **changes)
    assert not np.array_equal(shuffled.category, squares.category)
    found = []
    for benchmark in (squares, shuffled):
        monkeypatch.setattr(runs, "identity", lambda *_: "same")  # both start from scratch, with the same seed
        monkeypatch.setattr(runs, "predecessor", lambda *_: None)
        runs._CROPS.clear()
        path = runs.train_run(
            name, "category_attribute", {"category_attribute": benchmark}, config, tmp_path / str(len(found))
        )
        found.append(runs.scores(path)[0])
    differs = {key for key in found[0] if not np.array_equal(found[0][key], found[1][key])}
    assert differs == ({"category", "attributes", "embedding"} if name == "fashionnet-oracle" else set())


def test_a_detector_is_trained_first_and_then_frozen(squares, config, tmp_path):
    benchmarks = {"category_attribute": squares}
    path = runs.train_run("fashionnet+joints", "category_attribute", benchmarks, config, tmp_path)
    (detector,) = (tmp_path / "runs" / "category_attribute").glob("joints_*")
    state, inner = networks.load(path / "model.safetensors")[0], networks.load(detector / "model.safetensors")[0]
    assert {f"detector.{name}" for name in inner} == {name for name in state if name.startswith("detector.")}
    for name, value in inner.items():
        assert torch.equal(state[f"detector.{name}"].nan_to_num(9), value.nan_to_num(9)), name
    untrained = networks.build(find("joints"), squares, config, 0).state_dict()
    assert not torch.equal(inner["heatmap.weight"], untrained["heatmap.weight"])
    found = runs.answers(path)
    assert found["parts"].shape == (8, 14, 2) and found["present"].shape == (8, 14) and "landmarks" not in found


def test_a_stopped_run_resumes_and_ends_with_the_same_answers(squares, config, tmp_path, monkeypatch):
    benchmarks = {"category_attribute": squares}
    whole = runs.train_run("fashionnet", "category_attribute", benchmarks, config, tmp_path / "whole")
    monkeypatch.setenv("DEEPFASHION_DEADLINE", "1")
    with pytest.raises(locks.OutOfTime):
        runs.train_run("fashionnet", "category_attribute", benchmarks, config, tmp_path / "stopped")
    (left,) = (tmp_path / "stopped" / "runs" / "category_attribute").iterdir()
    assert [p.name for p in left.iterdir()] == ["checkpoint.safetensors"] and not runs.is_finished(left)
    monkeypatch.delenv("DEEPFASHION_DEADLINE")
    stopped = runs.train_run("fashionnet", "category_attribute", benchmarks, config, tmp_path / "stopped")
    assert stopped == left and not (left / "checkpoint.safetensors").exists()
    ours, exact = runs.scores(stopped)[0], runs.scores(whole)[0]
    assert all(np.array_equal(ours[key], exact[key]) for key in exact)


def test_a_run_that_another_process_trains_is_waited_for_until_the_deadline(squares, config, tmp_path, monkeypatch):
    benchmarks = {"category_attribute": squares}
    folder = runs.run_folder("fashionnet", "category_attribute", benchmarks, config, tmp_path, 0)
    monkeypatch.setenv("DEEPFASHION_DEADLINE", "1")
    with hold(folder.with_name(f"{folder.name}.lock"), "x"):
        with pytest.raises(locks.OutOfTime, match=f"{folder.name} is being trained by process {os.getpid()} on "):
            runs.train_run("fashionnet", "category_attribute", benchmarks, config, tmp_path)
    assert not folder.exists()


def test_damaged_files_of_a_run_are_named(tmp_path):
    with pytest.raises(DataError, match="run.json: cannot be read"):
        runs.info(tmp_path)
    (tmp_path / "run.json").write_text("{")
    with pytest.raises(DataError, match="run.json: cannot be read"):
        runs.info(tmp_path)
    for read, name in ((runs.answers, "answers"), (runs.scores, "scores")):
        with pytest.raises(DataError, match=f"{name}.safetensors"):
            read(tmp_path)


def test_a_shipped_network_that_does_not_fit_is_named(squares, config, tmp_path, monkeypatch):
    shipped = replace(config, start="shipped")
    monkeypatch.setattr(networks, "SHIPPED", tmp_path)
    benchmarks = {"category_attribute": squares}
    with pytest.raises(DataError, match="fashionnet.safetensors: no such file"):
        runs.train_run("fashionnet", "category_attribute", benchmarks, shipped, tmp_path / "out")
    networks.save(tmp_path / "fashionnet.safetensors", torch.nn.Linear(2, 2), {"classes": {}, "supervised": None})
    with pytest.raises(DataError, match="fashionnet.safetensors: no parameter of it fits this network"):
        runs.train_run("fashionnet", "category_attribute", benchmarks, shipped, tmp_path / "out")


def test_a_shipped_network_is_what_fine_tuning_starts_from(squares, config, tmp_path, monkeypatch):
    """Packed as int8 and unpacked: at rate 0 the run ends with what was shipped."""
    still = replace(with_schedule(config, rate=0.0), start="shipped")
    monkeypatch.setattr(networks, "SHIPPED", tmp_path / "shipped")
    model = networks.build(METHODS["fashionnet"], squares, config, 8)
    header = {"classes": networks.classes(squares), "supervised": None}
    networks.save(tmp_path / "model.safetensors", model, header)
    networks.ship(tmp_path / "model.safetensors", tmp_path / "shipped" / "fashionnet.safetensors", {})
    path = runs.train_run("fashionnet", "category_attribute", {"category_attribute": squares}, still, tmp_path / "out")
    assert runs.info(path)["about"]["start"] == "shipped fashionnet"
    initial = networks.load(tmp_path / "shipped" / "fashionnet.safetensors")[0]
    after = networks.load(path / "model.safetensors")[0]
    assert all(torch.equal(after[n], initial[n]) for n in initial if "running_" not in n and "num_batches" not in n)
    assert any(reason_to_skip(name, squares) for name in METHODS)
