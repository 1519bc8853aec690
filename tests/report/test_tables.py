"""Tables of the data, the network, the training and Table 2, on benchmarks and answers made by hand."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from lib import paper
from lib.config import PROFILES
from lib.deepfashion import Benchmark
from lib.lists import Lacks
from lib.methods import FASHIONNET
from lib.report import tables
from lib.report.results import Results
from lib.runs import Run

OTHER = paper.METHODS[1]
NAN = float("nan")


@pytest.fixture
def benchmark():
    """Four images, of which three are tested; three attributes in two groups."""
    n = 4
    visibility = np.zeros((n, 8), np.int8)
    visibility[3] = 1
    return Benchmark(
        name="category_attribute",
        images_root=Path("nowhere"),
        image=np.array([f"img/Item_{i}/{i}.jpg" for i in range(n)]),
        split=np.array(["train", "test", "test", "test"]),
        box=np.tile(np.array([[10, 20, 110, 220]], np.float32), (n, 1)),
        category=np.array([0, 1, 2, 1], np.int16),
        category_names=tuple("abcdefgh"),
        landmarks=np.full((n, 8, 2), (60, 120), np.float32),
        visibility=visibility,
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


# ---- the data set ---------------------------------------------------------------------------------------------------


def test_counts_and_splits(benchmark):
    counts = tables.counts_table({"category_attribute": benchmark}).set_index(["benchmark", "what"])
    assert counts.here["category_attribute", "images"] == 4 and counts.here["category_attribute", "attributes"] == 3
    assert pd.isna(counts.here["inshop", "items"]) and counts.release["inshop", "items"] == 7982


def test_what_a_source_lacks_is_in_the_table_and_stops_the_notebook_that_needs_it(benchmark):
    table = tables.source_table({"category_attribute": benchmark})
    assert table.images["category_attribute"] == 4 and "joints" in table.lacks["category_attribute"]
    assert tables.need({"inshop": benchmark}, "inshop", "joints", "landmarks") is benchmark
    with pytest.raises(Lacks, match="nowhere: no item and no joints"):
        tables.need({"inshop": benchmark}, "inshop", "item", "joints")
    with pytest.raises(Lacks, match="no Consumer-to-shop Clothes Retrieval Benchmark"):
        tables.need({"inshop": benchmark}, "consumer2shop")


def test_counts_of_figure_3(benchmark):
    assert tables.category_counts(benchmark, 2).to_dict() == {"b": 2, "a": 1}
    counts = tables.attribute_counts(benchmark, 1)
    assert {group: c.to_dict() for group, c in counts.items()} == {"texture": {"x": 2}, "fabric": {"z": 1}}
    assert tables.category_counts(replace(benchmark, category=None), 2) is None
    assert tables.attribute_counts(replace(benchmark, attributes=None), 2) == {}


def test_labels_per_image_and_attributes_that_never_fire(benchmark):
    table = tables.label_table(benchmark)
    assert table.attributes.to_dict() == {"texture": 2, "fabric": 1, "all": 3}
    assert table["per train image"].to_dict() == {"texture": 1, "fabric": 0, "all": 1}
    assert table["per test image"].to_dict() == pytest.approx({"texture": 2 / 3, "fabric": 1 / 3, "all": 1})
    assert table["never in train"].to_dict() == {"texture": 1, "fabric": 1, "all": 2}
    assert tables.label_table(replace(benchmark, attributes=None)).empty


def test_the_label_loss_is_1_on_splits_that_are_drawn_alike(benchmark):
    labels = np.array([[1, -1], [-1, 1]] * 6, np.int8)
    alike = replace(
        benchmark,
        split=np.array(["train"] * 8 + ["test"] * 4),
        attributes=labels,
        attribute_groups=np.ones(2, np.int8),
        ceiling=None,
    )
    assert tables.frequency_table(alike)["label loss"].to_dict() == pytest.approx({"train": 1, "test": 1})
    labels[8:] = 1
    rare = replace(alike, attributes=np.where(np.arange(12)[:, None] < 7, -1, labels).astype(np.int8))
    assert tables.frequency_table(rare)["label loss"]["test"] > 2


def test_the_ceiling_is_the_recall_of_the_best_ranking(benchmark):
    best = np.full((4, 50), -1, np.int16)
    best[1:, :3] = [[0, 1, 2], [1, 0, 2], [0, 1, 2]]  # finds everything at k = 3
    table = tables.frequency_table(replace(benchmark, ceiling=best))
    assert table["ceiling, top-3"]["test"] == 100 and np.isnan(table["ceiling, top-3"]["train"])


def test_landmark_states_and_distance_to_joints(benchmark):
    joints = np.full((4, 14, 2), np.nan, np.float32)
    joints[:, 0] = (70, 120)  # a tenth of the box to the right
    table = tables.landmark_table(replace(benchmark, joints=joints, joint_visibility=np.zeros((4, 14), np.int8)))
    assert table.loc["left hem"].to_dict() == pytest.approx({
        "visible": 3, "occluded": 1, "cut off": 0, "no such landmark": 0, "to nearest joint": 0.1,
    })  # fmt: skip
    assert (tables.landmark_table(replace(benchmark, visibility=None, landmarks=None))["no such landmark"] == 4).all()


# ---- network and training -------------------------------------------------------------------------------------------


def write_run(folder: Path, seed=0, rates=(1e-3, 0.0), commit="abc", images=10) -> Path:
    folder.mkdir(parents=True)
    history = [
        {"epoch": i, "round": 0, "step": i + 1, "seconds": 2.5, "rate": rate, "train_category": 2.0 - i,
         "held_out_category": 2.5 - i}
        for i, rate in enumerate(rates)
    ]  # fmt: skip
    about = {
        "stage": "inshop",
        "method": folder.name,
        "seed": seed,
        "images": images,
        "epochs": len(rates),
        "seconds": 5.0,
        "passes": images * len(rates),
        "commit": commit,
        "date": "2026-01-01",
        "device": "CPU",
    }
    (folder / "run.json").write_text(json.dumps({"about": about, "history": history}))
    return Run(folder.name, "inshop", seed, "", folder, None, None, "scratch")


def test_budget_and_whether_it_is_equal(tmp_path):
    folders = {"a": [write_run(tmp_path / "a"), write_run(tmp_path / "a1", seed=1)], "b": [write_run(tmp_path / "b")]}
    table = tables.budget("inshop", folders)
    assert table.method.tolist() == ["a", "a", "b"] and table.seed.tolist() == [0, 1, 0]
    assert table.passes.tolist() == [20] * 3 and table.final_rate.tolist() == [0] * 3
    assert tables.equal_budgets(table).loc["inshop"].to_dict() == {
        "runs": 3, "least_passes": 20, "most_passes": 20, "final_rate": 0,
    }  # fmt: skip
    folders["b"].append(write_run(tmp_path / "c", rates=(1e-3, 5e-4, 1e-4)))
    row = tables.equal_budgets(tables.budget("inshop", folders)).loc["inshop"]
    assert row.most_passes == 30 and row.final_rate == 1e-4


def test_histories_and_where_the_losses_end(tmp_path):
    table = tables.history_table({"a": [write_run(tmp_path / "a")], "b": [write_run(tmp_path / "b")]})
    assert table.method.tolist() == ["a", "a", "b", "b"] and "seconds" not in table
    assert table.train_category.to_list() == [2, 1] * 2 and table.held_out_category.to_list() == [2.5, 1.5] * 2


def test_runs_of_different_commits_are_told(tmp_path):
    folders = {"a": [write_run(tmp_path / "a")], "b": [write_run(tmp_path / "b")]}
    assert tables.commits_line(tables.runs_table(folders)) == "All 2 runs come from commit abc."
    folders["c"] = [write_run(tmp_path / "c", commit="def")]
    assert tables.commits_line(tables.runs_table(folders)) == "ROWS COME FROM DIFFERENT COMMITS: abc (a, b); def (c)"


def test_the_profile_line_is_true_of_every_profile():
    assert "profile smoke" in tables.profile_line(PROFILES["smoke"], "") and "not results" in tables.profile_line(
        PROFILES["smoke"], ""
    )
    line = tables.profile_line(PROFILES["paper"], "somewhere")
    assert "profile paper" in line and "synthetic" not in line and "not results" not in line


# ---- Table 2 --------------------------------------------------------------------------------------------------------


def test_table2_by_hand(results):
    table = tables.table2(results, ks=(1,)).set_index("method")
    assert table.index.tolist() == [FASHIONNET, OTHER, "ceiling", "prior", "chance"]
    assert table.category_top1[FASHIONNET] == pytest.approx(100 * (3 + 2) / 6)  # mean of the two seeds
    assert table.category_top1[OTHER] == pytest.approx(100 / 3)
    assert table.all_top1[FASHIONNET] == 100 and table.all_top1[OTHER] == pytest.approx(100 / 3)
    assert table.texture_top1[OTHER] == 50 and table.fabric_top1[OTHER] == 0
    # The prior names x first, because the one training image has it, and category a.
    assert table.all_top1["prior"] == pytest.approx(100 / 3) and table.category_top1["prior"] == 0
    assert table.category_top1["chance"] == 12.5 and table.all_top1["chance"] == pytest.approx(100 / 3)
    assert (table.all_top1_lo <= table.all_top1).all() and (table.all_top1 <= table.all_top1_hi).all()


def test_the_ceiling_of_table2_is_what_the_source_knows(results):
    best = np.full((4, 50), -1, np.int16)
    best[:, :3] = [0, 1, 2]
    known = replace(results, benchmark=replace(results.benchmark, ceiling=best))
    table = tables.table2(known, ks=(1, 3)).set_index("method")
    assert table.index.tolist() == [FASHIONNET, OTHER, "ceiling", "prior", "chance"]
    assert table.all_top3["ceiling"] == 100 and np.isnan(table.category_top3["ceiling"])


def test_a_ceiling_by_the_true_labels_is_of_all_groups(results):
    """Which of an image's labels come first is arbitrary, so that a group, or the mean over attributes, has no
    ceiling."""
    row = tables.table2(results, ks=(1,)).set_index("method").loc["ceiling"]
    labels = results.benchmark.attributes[results.rows] == 1
    assert row.all_top1 == pytest.approx(100 * np.minimum(labels.sum(1), 1).sum() / labels.sum())
    assert np.isnan(row.texture_top1) and np.isnan(row.fabric_top1)
    table = tables.attribute_definitions(results, ks=(1,)).set_index("method").loc["ceiling"]
    assert table.group == "all" and table.micro == pytest.approx(row.all_top1 / 100) and np.isnan(table.macro)


def test_table2_leaves_out_what_a_source_lacks(results):
    bare = replace(results, benchmark=replace(results.benchmark, category=None, category_names=None))
    assert not [c for c in tables.table2(bare) if c.startswith("category")]
    bare = replace(results, benchmark=replace(results.benchmark, attributes=None, group_names=None))
    assert {c.partition("_")[0] for c in tables.table2(bare).columns[1:]} == {"category"}


def test_the_papers_values_stand_beside_comparable_columns_alone(results):
    table = tables.table2(results)
    beside = tables.beside_paper(table, results.benchmark).set_index(["method", "column", "k"])
    assert beside.paper[FASHIONNET, "category", 3] == 82.58 and beside.paper[FASHIONNET, "category", 5] == 90.17
    assert beside.difference[FASHIONNET, "category", 3] == pytest.approx(beside.ours[FASHIONNET, "category", 3] - 82.58)
    other = beside.index.get_level_values("column") != "category"
    assert beside.paper[other].isna().all()  # two groups are not the paper's five
    five = replace(results.benchmark, group_names=dict(paper.ATTRIBUTE_GROUPS))
    assert (
        tables.beside_paper(table, five).set_index(["method", "column", "k"]).paper[FASHIONNET, "texture", 5] == 49.52
    )


def test_the_display_has_one_value_a_cell():
    beside = pd.DataFrame(
        [("m", "category", 3, 80.0, 61.25, 60.0, 63.0, -18.75), ("m", "all", 3, NAN, 50.0, 50.0, 50.0, NAN),
         ("prior", "all", 3, NAN, 10.0, 9.0, 11.0, NAN), ("prior", "category", 3, NAN, NAN, NAN, NAN, NAN)],
        columns=["method", "column", "k", "paper", "ours", "lo", "hi", "difference"],
    )  # fmt: skip
    table = tables.table2_display(beside, 3)
    assert table.index.tolist() == [("m", "here"), ("m", "paper"), ("prior", "here")]
    assert table.category.tolist() == ["61.2 ± 1.5", "80.0", tables.DASH]
    assert table["all"].tolist() == ["50.0", tables.DASH, "10.0 ± 1.0"]


def test_leads_are_paired_and_read(results):
    table = tables.leads(results).set_index("measure")
    assert table.over.tolist() == [OTHER] * 2  # nobody has landmarks here
    assert table.points["category, top-3"] == pytest.approx(100 * (5 / 6 - 1 / 3))
    assert table.points["attributes, top-5"] == 0 and table.reading["attributes, top-5"] == "equal within 0.0"


@pytest.mark.parametrize(
    ("low", "high", "words"),
    [
        (0.1, 2, "ahead"),
        (-2, -0.1, "behind"),
        (-2, 1, "equal within 2.0"),
        (0, 0.4, "equal within 0.4"),
        (NAN, NAN, "cannot be told"),
    ],
)
def test_the_reading_of_an_interval(low, high, words):
    assert tables.reading(low, high) == words


def test_category_micro_and_macro(results):
    table = tables.category_table(results, ks=(1,)).set_index("method")
    assert table.micro[OTHER] == pytest.approx(1 / 3) and table.macro[OTHER] == pytest.approx((1 / 2 + 0) / 2)
    assert table.micro[FASHIONNET] == pytest.approx(5 / 6) and table.macro[FASHIONNET] == pytest.approx((1 + 1 / 2) / 2)
    assert (table.n == 3).all()


def test_five_definitions_of_recall(results):
    table = tables.attribute_definitions(results, ks=(1,)).set_index(["method", "group"])
    names = ["k", "micro", "macro", "within_group", "image", "best50", "n"]
    assert table.columns.tolist() == names and {"prior"} <= set(table.index.get_level_values(0))
    assert table.loc[OTHER, "all"].to_dict() == pytest.approx({
        "k": 1, "micro": 1 / 3, "macro": 1 / 3, "within_group": 2 / 3, "image": 1 / 3, "best50": 1 / 3, "n": 3,
    })  # fmt: skip


def test_figure_7_takes_the_most_frequent_of_training(results, benchmark):
    split = np.array(["test", "train", "train", "test"])  # in training x and y once, z never
    other = replace(results, benchmark=replace(benchmark, split=split), rows=np.array([0, 3]),
                    answers={"m": [answer([[0], [1]], [[0, 1, 2]] * 2)]})  # fmt: skip
    table = tables.figure7(other, ["m"])
    assert table.columns.tolist() == ["group", "attribute", "n", "m"] and table.attribute.tolist() == ["x", "y", "z"]
    assert table.n.tolist() == [1, 0, 1] and table.m.fillna(-1).tolist() == [1, -1, 1]
    many = 20
    wide = replace(
        benchmark,
        attributes=np.ones((4, 2 * many), np.int8),
        attribute_names=tuple(map(str, range(2 * many))),
        attribute_groups=np.repeat([1, 2], many).astype(np.int8),
    )
    table = tables.figure7(Results("category_attribute", wide, wide.rows("test"), {}), [])
    assert table.groupby("group").size().to_dict() == {"texture": 14, "fabric": 14}


def test_figure_7_leads_count_ties_and_attributes_without_labels():
    table = pd.DataFrame({"group": ["a"] * 4, FASHIONNET: [0.5, 0.2, 0.3, NAN], OTHER: [0.4, 0.2, 0.6, NAN]})
    assert tables.figure7_leads(table, [OTHER, FASHIONNET]).loc["a"].to_dict() == {
        "ahead": 1, "level": 1, "behind": 1, "no labels": 1,
    }  # fmt: skip


def test_best_and_worst_need_enough_labels(results):
    table = tables.best_and_worst(results, n=1, least=1)
    assert len(table) == 2 and set(table.recall) == {1}
    assert tables.best_and_worst(results, least=2).empty
