"""Tables of the data, the training and Table 2, on benchmarks and answers made by hand."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from answers import OTHER, search_results
from squares import blank

from lib import lists
from lib.config import PROFILES
from lib.lists import JOINTS, Lacks
from lib.methods import FASHIONNET, GLOBAL, METHODS
from lib.report import tables
from lib.report.measures import measure_all
from lib.report.results import Results
from lib.runs import Run

POOLS_AT_JOINTS = next(name for name, method in METHODS.items() if method.detector == "joints")
NAN = float("nan")


@pytest.fixture
def benchmark():
    """Four images, of which three are tested; three attributes in two groups."""
    return blank(
        4,
        split=np.array(["train", "test", "test", "test"]),
        category=np.array([0, 1, 2, 1], np.int16),
        category_names=tuple("abcdefgh"),
        attributes=np.array([[1, -1, -1], [1, -1, 0], [-1, 1, 0], [-1, -1, 1]], np.int8),
        attribute_names=("x", "y", "z"),
        attribute_groups=np.array([1, 1, 2], np.int8),
        group_names={1: "texture", 2: "fabric"},
    )


def answer(category, attributes):
    """Answers of the three tested images: categories (3, k) and attributes (3, k), best first."""
    attributes = np.array(attributes)
    inside = np.full((len(attributes), 2, 5), -1)
    inside[:, 0, :2], inside[:, 1, 0] = [0, 1], 2
    return {"category": np.array(category), "attributes": attributes, "attributes_in_group": inside}


@pytest.fixture
def results(benchmark):
    """FashionNet, two seeds: all right, then the second image wrong; a rival that is right on the first image alone."""
    order = [[0, 1, 2], [1, 0, 2], [2, 0, 1]]
    right, wrong = [[1, 0], [2, 0], [1, 0]], [[1, 0], [7, 0], [1, 0]]
    answers = {
        FASHIONNET: [answer(right, order), answer(wrong, order)],
        OTHER: [answer([[1, 0], [7, 0], [7, 0]], [[0, 1, 2]] * 3)],
    }
    return Results("category_attribute", benchmark, benchmark.rows("test"), answers)


def test_counts_and_what_a_source_lacks(benchmark):
    counts = tables.counts_table({"category_attribute": benchmark}).set_index(["benchmark", "what"])
    assert counts.here["category_attribute", "images"] == 4 and counts.here["category_attribute", "attributes"] == 3
    assert pd.isna(counts.here["inshop", "items"]) and counts.release["inshop", "items"] == 7982
    table = tables.source_table({"category_attribute": benchmark})
    assert table.images["category_attribute"] == 4 and "joints" in table.lacks["category_attribute"]
    assert tables.need({"inshop": benchmark}, "inshop", "joints", "category") is benchmark
    with pytest.raises(Lacks, match="nowhere: no item and no joints"):
        tables.need({"inshop": benchmark}, "inshop", "item", "joints")
    with pytest.raises(Lacks, match="no Consumer-to-shop Clothes Retrieval Benchmark"):
        tables.need({"inshop": benchmark}, "consumer2shop")


def test_landmarks_by_their_state(landmarks):
    assert tables.landmark_table(landmarks.benchmark).loc["right hem"].tolist() == [2, 1, 0, 1]


def test_sizes_of_a_search():
    table = tables.search_sizes(search_results().benchmark)
    assert table.images.tolist() == [4, 4, 1, 2, 0] and table["items"].tolist() == [4, 3, 1, 2, 0]


def run(folder: Path, seed=0, rates=(1e-3, 0.0), commit="abc") -> Run:
    folder.mkdir(parents=True)
    epoch = {"round": 0, "seconds": 2.5}
    history = [epoch | {"epoch": i, "step": i + 1, "rate": r, "train_category": 2.0 - i} for i, r in enumerate(rates)]
    about = {"stage": "inshop", "method": folder.name, "seed": seed, "images": 10, "epochs": len(rates)}
    about |= {"seconds": 5.0, "passes": 10 * len(rates), "commit": commit, "date": "2026-01-01", "device": "CPU"}
    (folder / "run.json").write_text(json.dumps({"about": about, "history": history}))
    return Run(folder.name, "inshop", seed, "", folder, None, None, "scratch")


def test_what_runs_were_given_and_where_they_come_from(tmp_path):
    trained = {"a": [run(tmp_path / "a"), run(tmp_path / "a1", seed=1)], "b": [run(tmp_path / "b")]}
    table = tables.runs_table(trained)
    assert table.method.tolist() == ["a", "a1", "b"] and table.seed.tolist() == [0, 1, 0]
    assert table.passes.tolist() == [20] * 3 and table.final_rate.tolist() == [0] * 3
    history = tables.history_table(trained)
    assert history.method.tolist() == ["a", "a", "b", "b"] and "seconds" not in history
    assert history.train_category.to_list() == [2, 1] * 2
    assert tables.commits_line(table) == "All 3 runs come from commit abc."
    trained["c"] = [run(tmp_path / "c", rates=(1e-3, 5e-4, 1e-4), commit="def")]
    table = tables.runs_table(trained)
    assert tables.equal_budgets(table).loc["inshop"].tolist() == [4, 20, 30, 1e-4]
    line = tables.commits_line(table)
    assert line == "ROWS COME FROM DIFFERENT COMMITS: abc (a, a1, b); def (c)"


def test_loss_shares_are_of_the_weighted_total():
    history = pd.DataFrame({"method": ["m"] * 3, "step": [1, 1, 2], "train_landmark": [9.0, 0.3, 0.5]})
    history = history.assign(train_category=[9.0, 2.0, 1.0], train_heatmap=NAN)
    shares, config = tables.loss_shares(history, PROFILES["demo"]), PROFILES["demo"].training
    first, second = config.step1, config.step2
    whole = 0.3 * first.landmark + 2 * first.category
    assert shares.landmark["m", 1] == pytest.approx(0.3 * first.landmark / whole)
    assert shares.category["m", 2] == pytest.approx(second.category / (second.category + 0.5 * second.landmark))


def test_table2_by_hand(results):
    every = measure_all(results, ("category", "attributes"))
    at = every[(every.definition == "micro") & (every.group == "all")].set_index(["measure", "method", "k"]).value
    assert at["category", FASHIONNET, 1] == pytest.approx((3 + 2) / 6)  # mean of the two seeds
    assert at["category", OTHER, 1] == pytest.approx(1 / 3) and at["category", "chance", 1] == 1 / 8
    beside = tables.beside_paper(every)
    assert list(beside.method.unique()) == [FASHIONNET, OTHER, "ceiling", "prior", "chance"]
    assert set(beside.column) == {"category", "texture", "fabric", "all"} and set(beside.k) == {3, 5}
    # Which of an image's true labels come first is arbitrary: groups have no ceiling by them.
    assert set(beside.column[beside.method == "ceiling"]) == {"all"}


def test_the_papers_values_stand_beside_comparable_columns_alone(results):
    beside = tables.beside_paper(measure_all(results, ("category", "attributes"))).set_index(["method", "column", "k"])
    assert beside.paper[FASHIONNET, "category", 3] == 82.58 and beside.paper[FASHIONNET, "category", 5] == 90.17
    other = beside.index.get_level_values("column") != "category"
    assert beside.paper[other].isna().all()  # two groups are not the paper's five
    five = dict(zip((1, 2, 3, 4, 5), lists.ATTRIBUTE_GROUPS.values(), strict=True))
    wide = replace(results.benchmark, group_names=five)
    beside = tables.beside_paper(measure_all(replace(results, benchmark=wide), ("attributes",)))
    assert beside.set_index(["method", "column", "k"]).paper[FASHIONNET, "texture", 5] == 49.52
    printed = tables.paper_top20("inshop")
    assert len(printed) == 7 and printed[POOLS_AT_JOINTS] == pytest.approx(0.764 - 0.08)


def test_leads_are_paired_and_read(results):
    table = tables.leads(measure_all(results, ("category", "attributes"))).set_index("measure")
    assert table.over.tolist() == [OTHER] * 2  # nobody has landmarks here
    assert table.points["category, top-3"] == pytest.approx(100 * (5 / 6 - 1 / 3))
    assert table.points["attributes, top-5"] == 0 and table["fashionnet is"]["attributes, top-5"] == "not told apart"
    ends = [(0.1, 2), (-2, -0.1), (-2, 1), (0, 0.4), (NAN, NAN)]
    wanted = ["ahead", "behind", "not told apart", "not told apart", "cannot be told"]
    assert [tables.reading(*both) for both in ends] == wanted
    assert [tables.plus_minus(61.25, *both) for both in ((60, 63), (61.25, 61.25))] == ["61.2 ± 1.5", "61.2"]


def test_definitions_side_by_side(results):
    every = measure_all(results, ("category", "attributes"))
    table = tables.definitions(every, "category", 1)
    assert table.micro[OTHER] == pytest.approx(1 / 3) and table.macro[OTHER] == pytest.approx((1 / 2 + 0) / 2)
    assert table.micro[FASHIONNET] == pytest.approx(5 / 6) and table.macro[FASHIONNET] == pytest.approx((1 + 1 / 2) / 2)
    table = tables.definitions(every, "attributes", 3)
    assert list(table) == ["micro", "macro", "group", "image", "best50"] and (table.loc[OTHER] == 1).all()


def test_figure_7_takes_the_most_frequent_of_training(results, benchmark):
    split = np.array(["test", "train", "train", "test"])  # in training x and y once, z never
    answers = {"m": [answer([[0], [1]], [[0, 1, 2]] * 2)]}
    other = replace(results, benchmark=replace(benchmark, split=split), rows=np.array([0, 3]), answers=answers)
    table = tables.figure7(other, ["m"])
    assert table.columns.tolist() == ["group", "attribute", "n", "m"] and table.attribute.tolist() == ["x", "y", "z"]
    assert table.n.tolist() == [1, 0, 1] and table.m.fillna(-1).tolist() == [1, -1, 1]


def test_detectors_are_judged_by_what_the_view_shows(landmarks):
    joints = np.full((4, 14, 2), (60, 120), np.float32)
    joints[2, 0] = (60, -50)  # above what a view shows
    codes = np.zeros((4, 14), np.int8)
    codes[3] = 2
    b = replace(landmarks.benchmark, joints=joints, joint_visibility=codes)
    guess = joints[1:].copy()
    guess[0, 1] += (30, 0)  # a neck, 0.3 of the box off
    present = np.full((3, 14), 0.9, np.float32)
    present[:, 2] = 0.1  # no left shoulder passes the gate
    results = replace(landmarks, benchmark=b, answers={POOLS_AT_JOINTS: [{"parts": guess, "present": present}]})
    table = tables.detector_table(results, PROFILES["smoke"]).set_index("part")
    assert table.present[["head", "neck", "left shoulder"]].tolist() == [1, 2, 2]
    assert table.found[["head", "neck", "left shoulder", "right shoulder"]].tolist() == [1, 0.5, 0, 1]
    assert table.false[["neck", "right shoulder"]].tolist() == pytest.approx([2 / 3, 1 / 3])
    assert np.isnan(table.false["left shoulder"]) and table.present["all"] == 27 and tuple(table.index[:-1]) == JOINTS
    none = tables.detector_table(replace(landmarks, answers={}), PROFILES["smoke"])
    assert none.empty and list(none) == ["kind", "part", "present", "detected", "found", "false"]


def test_gates_compare_what_was_learned_with_what_pictures_show():
    def rows(method, definition, values):
        return [("attributes", definition, group, 5, method, value) for group, value in values.items()]

    found = rows(GLOBAL, "micro", {"all": 0.42, "texture": 0.5, "shape": 0.6, "ranks 101-500": 0.3})
    found += rows(GLOBAL, "macro", {"all": 0.14})
    best = rows("visible ceiling", "micro", {"all": 0.7, "texture": 0.8, "shape": 0.8, "ranks 101-500": 0.6})
    columns = ["measure", "definition", "group", "k", "method", "value"]
    table = tables.gates(pd.DataFrame(found + best, columns=columns))
    assert table.value.tolist() == pytest.approx([0.6, 0.625, 0.75, 0.14, 0.3])
    assert table.reached.tolist() == [True, False, True, False, True]
    alone = tables.gates(pd.DataFrame(found, columns=columns))
    assert len(alone) == 2 and alone.what.str.contains("macro|101-500").all()
    assert tables.gates(pd.DataFrame(best, columns=columns)).empty
