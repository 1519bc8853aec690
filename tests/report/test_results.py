"""Answers beside the truth: measures against slow loops and cases worked by hand, reference rows, files."""

import os
import shutil
from dataclasses import replace
from pathlib import Path

import matplotlib
import numpy as np
import pandas as pd
import pytest

from lib import metrics
from lib.config import PROFILES
from lib.deepfashion import Benchmark
from lib.lists import DataError, Lacks
from lib.report import files, results
from lib.report.results import Results

matplotlib.use("Agg")
N, A = 60, 12


def rng(seed=0):
    return np.random.default_rng(seed)


def make(**fields) -> Benchmark:
    """60 images, half of them for training; 6 categories, 12 attributes in three groups, landmarks in a box of 100."""
    full = dict(
        name="category_attribute",
        images_root=Path("nowhere"),
        image=np.array([f"img/item {i // 2}/{i}.jpg" for i in range(N)]),
        split=np.array(["train", "test"] * (N // 2)),
        box=np.tile(np.array([[10, 20, 110, 120]], np.float32), (N, 1)),
        category=rng(1).integers(0, 6, N).astype(np.int16),
        category_names=tuple("abcdef"),
        landmarks=rng(2).uniform(20, 100, (N, 8, 2)).astype(np.float32),
        visibility=rng(3).integers(-1, 3, (N, 8)).astype(np.int8),
        attributes=np.where(rng(4).random((N, A)) < 0.3, 1, -1).astype(np.int8),
        attribute_names=tuple("abcdefghijkl"),
        attribute_groups=np.array([2] * 5 + [1] * 3 + [5] * 4, np.int8),
        group_names={1: "texture", 2: "fabric", 5: "style"},
    )
    return Benchmark(**full | fields)


def answers(b: Benchmark, n: int, seed: int) -> dict[str, np.ndarray]:
    scores = rng(seed).random((n, A))
    return {
        "category": metrics.ranked(rng(seed + 1).random((n, 6)), 20),
        "attributes": metrics.ranked(scores, 20),
        "attributes_in_group": metrics.ranked_in_groups(scores, b.attribute_groups),
        "landmarks": b.landmarks[b.rows("test")] + rng(seed).normal(0, 8, (n, 8, 2)).astype(np.float32),
        "visibility": np.zeros((n, 8), np.uint8),
    }


@pytest.fixture
def found() -> Results:
    b = make()
    rows = b.rows("test")
    return Results("category_attribute", b, rows, {"m": [answers(b, len(rows), 10 * s) for s in range(3)]})


def test_category_hits_are_those_of_a_slow_loop(found):
    hits, ones = found.category("m", 3)
    assert hits.shape == (3, 30) and ones.shape == (1, 30)
    for s in range(3):
        for i, row in enumerate(found.rows):
            assert hits[s, i] == (found.benchmark.category[row] in found.answers["m"][s]["category"][i, :3])
    interval = found.interval("m", (hits, ones))
    assert interval.value == pytest.approx(hits.mean()) and interval.seeds == 3 and interval.lo < interval.hi


@pytest.mark.parametrize(("group", "numbers"), [(None, {1, 2, 5}), ("all", {1, 2, 5}), ("fabric", {2}), (5, {5})])
def test_attribute_matches_are_those_of_a_slow_loop(found, group, numbers):
    b, hits = found.benchmark, {}
    for within in (False, True):
        matched, true = hits[within] = found.attributes("m", 2, group, within)
        for i, row in enumerate(found.rows):
            labels = {j for j in range(A) if b.attributes[row, j] == 1 and b.attribute_groups[j] in numbers}
            assert true[0, i] == len(labels)
            for s, mine in enumerate(found.answers["m"]):
                if within:
                    lists = mine["attributes_in_group"][i, :, :2]
                    top = {j for g, number in enumerate((1, 2, 5)) if number in numbers for j in lists[g]}
                else:
                    top = set(mine["attributes"][i, :2])
                assert matched[s, i] == len(labels & top)
    lists = [mine["attributes"] for mine in found.answers["m"]]
    name = {None: "all", "fabric": 2}.get(group, group)
    means = [metrics.attribute_recall(r, b.attributes[found.rows], 2, b.attribute_groups)[0][name] for r in lists]
    assert found.values("m", hits[False])[0] == pytest.approx(np.mean(means))


def test_more_than_the_answers_hold_is_refused(found):
    with pytest.raises(ValueError, match="needs ranked lists"):
        found.attributes("m", 6, within=True)
    assert found.attributes("m", 50)[0].sum() == 3 * found.attributes("m", 50)[1].sum()  # all 12 are ranked


def test_single_attributes_add_up(found):
    hits, true = found.per_attribute("m", 3, np.arange(A))
    assert hits.shape == (3, 30, A) and true.shape == (1, 30, A)
    matched, total = found.attributes("m", 3)
    assert (hits.sum(2) == matched).all() and (true.sum(2) == total).all()
    values = found.values("m", found.per_attribute("m", 3, np.array([4, 0])))
    assert values.shape == (1001, 2) and values[0, 1] == pytest.approx((hits.sum(1) / true.sum(1))[:, 0].mean())


def test_landmarks_found_are_those_of_a_slow_loop(found):
    b = found.benchmark
    got, visible = found.landmarks("m", (0, 3), threshold=0.1)
    for s in range(3):
        for i, row in enumerate(found.rows):
            count = 0
            for slot in (0, 3):
                far = (found.answers["m"][s]["landmarks"][i, slot] - b.landmarks[row, slot]) / 100
                count += b.visibility[row, slot] == 0 and np.hypot(*far) < 0.1
            assert got[s, i] == count
    assert (visible[0] == (b.visibility[found.rows][:, [0, 3]] == 0).sum(1)).all()
    assert found.distances("m").shape == (3, 30, 8) and got.sum() > 0
    every = found.landmarks("m")
    pooled = [metrics.pdj(far, b.visibility[found.rows], [0.1])[1][0] for far in found.distances("m")]
    assert found.values("m", every)[0] == pytest.approx(np.mean(pooled))


def search_results(**fields) -> Results:
    """Queries a, a, b, c and a gallery of b, a, a, d; the query c has no match."""
    item = np.array(["a", "a", "b", "c", "b", "a", "a", "d"])
    few = dict(image=item, split=np.array(["query"] * 4 + ["gallery"] * 4), box=np.ones((8, 4), np.float32))
    b = make(name="inshop", item=item, landmarks=None, visibility=None, attributes=None, category=None, **few | fields)
    nearest = np.array([[1, 0, 2, 3], [3, 0, 2, 1], [2, 3, 0, 1], [0, 1, 2, 3]], np.int32)
    mine = {"nearest": nearest, "nearest_in_category": np.where(nearest == 3, -1, nearest)}
    rows = np.arange(8)
    return Results("inshop", b, rows, {"m": [mine]}, query=rows[:4], gallery=rows[4:])


def test_search_by_hand():
    found = search_results()
    assert found.matches("m").tolist() == [
        [[True, False, True, False], [False, False, True, True], [False, False, True, False], [False] * 4]
    ]
    assert [found.search("m", k)[0].tolist() for k in (1, 3)] == [[[1, 0, 0, 0]], [[1, 1, 1, 0]]]
    hits, ones = found.search("m", 3, np.array([True, False, True, True]))
    assert hits.tolist() == [[1, 0, 1, 0]] and ones.tolist() == [[1, 0, 1, 1]]
    assert found.matches("m", within=True).tolist() == found.matches("m").tolist()
    assert found.units.tolist() == ["a", "a", "b", "c"]
    difference = found.difference("m", found.search("m", 3), "m", found.search("m", 1))
    assert difference.value == 0.5 and difference.seeds == 1


def test_missing_answers_and_labels_are_named(found):
    with pytest.raises(Lacks, match="other has no answers 'category' in category and attributes"):
        found.category("other", 3)
    partly = replace(found, answers={"m": [*found.answers["m"][:2], {}]})
    assert found.has("m", "landmarks") and not partly.has("m", "landmarks") and partly.having("category") == []
    with pytest.raises(Lacks, match="no category in this source's category and attributes benchmark"):
        replace(found, benchmark=make(category=None)).category("m", 3)
    with pytest.raises(Lacks, match="no landmarks in this source"):
        replace(found, benchmark=make(landmarks=None)).distances("m")


def test_units_are_items_folders_or_images():
    assert len(set(results.units(make(), np.arange(N)))) == N // 2
    flat = make(image=np.array([f"img/{i}.jpg" for i in range(N)]))
    assert len(set(results.units(flat, np.arange(N)))) == N
    assert results.units(make(item=np.arange(N) // 10), np.array([5, 15])).tolist() == [0, 1]


# ---- reference rows -------------------------------------------------------------------------------------------------


def test_prior_ranks_by_training_frequency(found):
    b = found.benchmark
    mine = results.prior(b, found.rows)
    train = b.rows("train")
    counts = [(b.category[train] == c).sum() for c in range(6)]
    assert mine["category"].shape == (30, 6)
    assert mine["category"][7].tolist() == sorted(range(6), key=lambda c: (-counts[c], c))
    labels = (b.attributes[train] == 1).sum(0)
    assert mine["attributes"][3].tolist() == sorted(range(A), key=lambda j: (-labels[j], j))
    assert mine["attributes_in_group"].shape == (30, 3, 5)
    assert mine["attributes_in_group"][0, 0].tolist() == [*sorted((5, 6, 7), key=lambda j: (-labels[j], j)), -1, -1]
    # The test split has no part in it.
    shuffled = np.where((b.split == "test")[:, None], 1, b.attributes).astype(np.int8)
    assert (results.prior(make(attributes=shuffled), found.rows)["attributes"] == mine["attributes"]).all()


def test_ceiling_is_what_the_source_lists():
    best = np.full((N, 50), -1, np.int16)
    best[1::2, :A] = rng().permuted(np.tile(np.arange(A), (N // 2, 1)), axis=1)
    b = make(ceiling=best)
    rows = b.rows("test")
    mine = results.ceiling(b, rows)
    assert (mine["attributes"][:, :A] == best[rows, :A]).all() and mine["attributes"].shape == (30, 20)
    for i, row in enumerate(rows):
        for g, number in enumerate((1, 2, 5)):
            inside = [j for j in best[row, :A].tolist() if b.attribute_groups[j] == number][:5]
            assert mine["attributes_in_group"][i, g].tolist() == inside + [-1] * (5 - len(inside))
    assert results.ceiling(b, b.rows("train")) == results.ceiling(make(), rows[:0]) == {}
    assert results.ceiling(make(attributes=None), rows) == {}
    found = Results("category_attribute", b, rows, {"m": [answers(b, 30, 0)]}).with_references()
    assert found.methods == ["m", "prior", "ceiling"] and not found.has("ceiling", "category")
    assert found.attributes("ceiling", 5)[0].shape == (1, 30)


def test_without_odds_the_ceiling_has_the_true_labels_first(found):
    b, best = found.benchmark, results.ceiling(found.benchmark, found.rows)
    assert b.ceiling is None
    for i, row in enumerate(found.rows):
        true = np.flatnonzero(b.attributes[row] == 1).tolist()
        assert best["attributes"][i, : len(true)].tolist() == true
        for g, number in enumerate((1, 2, 5)):
            inside = [j for j in true if b.attribute_groups[j] == number]
            assert best["attributes_in_group"][i, g, : len(inside)].tolist() == inside[:5]


def test_a_perfect_order_reaches_the_most_that_k_allows(found):
    b = found.benchmark
    best = np.full((N, 50), -1, np.int16)
    best[:, :A] = np.argsort(-b.attributes, axis=1, kind="stable")
    perfect = replace(found, benchmark=replace(b, ceiling=best)).with_references()
    matched, true = perfect.attributes("ceiling", 3)
    assert (matched == np.minimum(true, 3)).all()


def test_chance_equals_a_simulation():
    found = search_results()
    for k in (1, 2, 4, 9):
        simulated = []
        for seed in range(4000):
            order = rng(seed).permutation(4)[None].repeat(4, 0)
            items = found.benchmark.item
            simulated.append(metrics.retrieval_matches(order, items[:4], items[4:])[:, :k].any(1).mean())
        assert results.chance(found, k)["search"] == pytest.approx(np.mean(simulated), abs=0.02)
    assert results.chance(found, 1) == {"search": pytest.approx((2 / 4 + 2 / 4 + 1 / 4 + 0) / 4)}
    table = Results("category_attribute", make(), np.arange(4), {})
    assert results.chance(table, 3) == {"category": 0.5, "attributes": 0.25}
    assert results.chance(table, 50) == {"category": 1, "attributes": 1}


def test_mean_landmarks_are_in_box_units():
    b = make(visibility=np.zeros((N, 8), np.int8))
    b.visibility[:, 5] = 1  # never visible
    b.box[1] = [0, 0, 10, 50]
    mine = results.mean_landmarks(b, np.array([1, 3]))
    train = b.rows("train")
    mean = ((b.landmarks[train] - [10, 20]) / 100).mean(0)
    mean[5] = 0.5
    assert mine["landmarks"][0] == pytest.approx(mean * [10, 50], rel=1e-4)
    assert mine["landmarks"][1] == pytest.approx(mean * 100 + [10, 20], rel=1e-4)
    assert mine["visibility"].shape == (2, 8)
    other = make(box=np.tile(np.array([[0, 0, 1, 1]], np.float32), (N, 1)))
    assert results.mean_landmarks(other, np.array([0]), source=b)["landmarks"][0] == pytest.approx(mean, rel=1e-4)


# ---- opening, gathering, files --------------------------------------------------------------------------------------


def test_open_run(tmp_path):
    config, folder = results.open_run("smoke", str(tmp_path / "here"))
    assert config is PROFILES["smoke"] and (folder / "tables").is_dir() and (folder / "figures").is_dir()
    with pytest.raises(DataError, match="no profile 'large'"):
        results.open_run("large", "")


def test_open_data_checks_and_names_what_is_missing(tmp_path, monkeypatch):
    b, written = make(), []
    monkeypatch.setattr(
        results.deepfashion, "find_benchmarks", lambda root: {"category_attribute": replace(b, images_root=root)}
    )
    monkeypatch.setattr(results, "write_world", lambda root, *_, **__: written.append(root) or root)
    monkeypatch.setattr(results.crops, "crop_store", lambda benchmark, *_: decoded.append(benchmark.images_root))
    config, decoded = PROFILES["smoke"], []
    assert results.open_data(config, "", tmp_path)["category_attribute"].images_root == tmp_path / "world"
    assert results.open_data(config, str(tmp_path), tmp_path)["category_attribute"].images_root == tmp_path
    assert written == [tmp_path / "world"] and decoded == [tmp_path], "a source's photos are decoded at once"
    twice = replace(b, image=np.array(["img/a/0.jpg"] * N))
    monkeypatch.setattr(results.deepfashion, "find_benchmarks", lambda _: {"category_attribute": twice})
    with pytest.raises(DataError):
        results.open_data(config, "x", tmp_path)


def test_a_damaged_list_of_drawn_clothes_is_cured_by_drawing_them_again(tmp_path, world_root, monkeypatch):
    shutil.copytree(world_root, tmp_path / "world")
    (path,) = (tmp_path / "world").rglob("list_category_img.txt")
    os.truncate(path, path.stat().st_size // 2)
    monkeypatch.setattr(results, "write_world", lambda *_: tmp_path / "world")
    with pytest.raises(DataError, match=r"list_category_img.txt.*delete the folder .*/world instead\)$"):
        results.open_data(PROFILES["smoke"], "", tmp_path)
    with pytest.raises(DataError) as error:  # of somebody else
        results.open_data(PROFILES["smoke"], str(tmp_path / "world"), tmp_path)
    assert "delete the folder" not in str(error.value)


def test_gather_reads_all_finished_seeds(tmp_path, monkeypatch):
    b, shop = make(), search_results().benchmark
    config = replace(PROFILES["smoke"], seeds=(3, 4, 5), methods=("wtbi", "fashionnet"))
    plan = results.runs.make_plan({b.name: b}, config, tmp_path)
    search = [replace(run, stage="inshop", folder=tmp_path / run.key) for run in plan.runs]
    missing = {"category_attribute": {"darn": "a reason"}, "inshop": {}}
    plan = replace(plan, benchmarks={b.name: b, "inshop": shop}, runs=(*plan.runs, *search), missing=missing)
    for run in plan.runs:
        if (run.method, run.seed) != ("fashionnet", 4):
            run.folder.mkdir(parents=True)
    monkeypatch.setattr(results.runs, "ranking", lambda run: {"name": f"{run.method} {run.stage} {run.seed}"})
    found = results.gather("category_attribute", plan)
    assert found.methods == ["wtbi", "fashionnet"] and found.skipped == {"darn": "a reason"}
    read = [ranking["name"] for ranking in found.answers["fashionnet"]]
    assert read == [f"fashionnet category_attribute {seed}" for seed in (3, 5)]
    assert found.seeds("wtbi") == 3 and (found.rows == b.rows("test")).all() and found.query is None
    found = results.gather("inshop", plan)
    assert found.query.tolist() == [0, 1, 2, 3] and found.rows.tolist() == list(range(8))
    monkeypatch.undo()
    with pytest.raises(DataError, match="no such file; run the notebook"):
        results.gather("category_attribute", plan)
    with pytest.raises(Lacks):
        results.gather("consumer2shop", plan)


def test_tables_are_written_whole(tmp_path):
    table = pd.DataFrame({"a": [1, 2], "b": [1 / 3, np.nan]})
    path = files.save_table(table, tmp_path, "t")
    assert path.read_text() == "a,b\n1,0.333333\n2,\n" and [p.name for p in path.parent.iterdir()] == ["t.csv"]
