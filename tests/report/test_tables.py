"""Tables of the data, the network, the training and Table 2, on benchmarks and answers made by hand."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from lib import paper, parts
from lib.config import PROFILES
from lib.deepfashion import Benchmark
from lib.lists import JOINTS, Lacks
from lib.methods import FASHIONNET, METHODS
from lib.report import measures, tables
from lib.report.measures import measure_all
from lib.report.results import Results
from lib.runs import Run

OTHER = paper.METHODS[1]
POOLS_AT_JOINTS = next(name for name, method in METHODS.items() if method.detector == "joints")
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
    every = measure_all(results, ("category", "attributes"))
    at = every[(every.definition == "micro") & (every.group == "all")].set_index(["measure", "method", "k"]).value
    assert at["category", FASHIONNET, 1] == pytest.approx((3 + 2) / 6)  # mean of the two seeds
    assert at["category", OTHER, 1] == pytest.approx(1 / 3) and at["category", "chance", 1] == 1 / 8
    # The prior names category a first, because the one training image has it.
    assert at["category", "prior", 1] == 0
    first = {m: measures.attributes(results.with_references(), m, 1) for m in (FASHIONNET, OTHER, "prior", "ceiling")}
    assert {m: (found.sum(1) / wanted.sum(1)).mean() for m, (found, wanted) in first.items()} == pytest.approx(
        {FASHIONNET: 1, OTHER: 1 / 3, "prior": 1 / 3, "ceiling": 1}
    )
    beside = tables.beside_paper(every)
    assert list(beside.method.unique()) == [FASHIONNET, OTHER, "ceiling", "prior", "chance"]
    assert set(beside.column) == {"category", "texture", "fabric", "all"} and set(beside.k) == {3, 5}
    # Which of an image's true labels come first is arbitrary: groups have no ceiling by them.
    assert set(beside.column[beside.method == "ceiling"]) == {"all"}


def test_the_ceiling_of_table2_is_what_the_source_knows(results):
    best = np.full((4, 50), -1, np.int16)
    best[:, :3] = [0, 1, 2]
    known = replace(results, benchmark=replace(results.benchmark, ceiling=best))
    beside = tables.beside_paper(measure_all(known, ("attributes",))).set_index(["method", "column", "k"])
    assert beside.ours["ceiling", "all", 3] == beside.ours["ceiling", "fabric", 3] == 100


def test_measures_leave_out_what_a_source_lacks(results):
    bare = replace(results, benchmark=replace(results.benchmark, category=None, category_names=None))
    assert set(measure_all(bare).measure) == {"attributes", "landmarks"} - {"landmarks"} | set(
        measure_all(bare).measure
    )
    assert "category" not in set(measure_all(bare).measure)
    bare = replace(results, benchmark=replace(results.benchmark, attributes=None, group_names=None))
    assert set(measure_all(bare).measure) == {"category", "landmarks"}


def test_the_papers_values_stand_beside_comparable_columns_alone(results):
    beside = tables.beside_paper(measure_all(results, ("category", "attributes"))).set_index(["method", "column", "k"])
    assert beside.paper[FASHIONNET, "category", 3] == 82.58 and beside.paper[FASHIONNET, "category", 5] == 90.17
    assert beside.difference[FASHIONNET, "category", 3] == pytest.approx(beside.ours[FASHIONNET, "category", 3] - 82.58)
    other = beside.index.get_level_values("column") != "category"
    assert beside.paper[other].isna().all()  # two groups are not the paper's five
    five = dict(zip((1, 2, 3, 4, 5), paper.ATTRIBUTE_GROUPS.values(), strict=True))
    wide = replace(results.benchmark, group_names=five)
    beside = tables.beside_paper(measure_all(replace(results, benchmark=wide), ("attributes",)))
    assert beside.set_index(["method", "column", "k"]).paper[FASHIONNET, "texture", 5] == 49.52


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
    table = tables.leads(measure_all(results, ("category", "attributes"))).set_index("measure")
    assert table.over.tolist() == [OTHER] * 2  # nobody has landmarks here
    assert table.points["category, top-3"] == pytest.approx(100 * (5 / 6 - 1 / 3))
    assert table.points["attributes, top-5"] == 0 and table["fashionnet is"]["attributes, top-5"] == "not told apart"


@pytest.mark.parametrize(
    ("low", "high", "words"),
    [
        (0.1, 2, "ahead"),
        (-2, -0.1, "behind"),
        (-2, 1, "not told apart"),
        (0, 0.4, "not told apart"),
        (NAN, NAN, "cannot be told"),
    ],
)
def test_the_reading_of_an_interval(low, high, words):
    assert tables.reading(low, high) == words


def test_definitions_side_by_side(results):
    every = measure_all(results, ("category", "attributes"))
    table = tables.definitions(every, "category", 1)
    assert table.micro[OTHER] == pytest.approx(1 / 3) and table.macro[OTHER] == pytest.approx((1 / 2 + 0) / 2)
    assert table.micro[FASHIONNET] == pytest.approx(5 / 6) and table.macro[FASHIONNET] == pytest.approx((1 + 1 / 2) / 2)
    table = tables.definitions(every, "attributes", 3)
    assert list(table) == ["micro", "macro", "group", "image", "best50"] and (table.loc[OTHER] == 1).all()
    bands = tables.by_frequency(every, 3)
    assert list(bands) == ["ranks 1-20", "macro, all"] and bands["macro, all"][OTHER] == "100.0"


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


# ---- searches and parts ---------------------------------------------------------------------------------------------


def test_sizes_of_a_search():
    """Four queries of items a, b, c and d; a gallery of a, b, b and e; one training item."""
    shop = Benchmark("inshop", Path("nowhere"), np.arange(9).astype(str),
                     np.array(["query"] * 4 + ["gallery"] * 4 + ["train"]), np.ones((9, 4), np.float32),
                     item=np.array(list("abcdabbez")))  # fmt: skip
    table = tables.search_sizes(shop)
    assert table.images.tolist() == [4, 4, 1, 2, 0] and table["items"].tolist() == [4, 3, 1, 2, 0]
    leaky = replace(shop, item=np.array(list("abcdabbea")))
    assert tables.search_sizes(leaky).loc["also in training"].tolist() == [2, 1]


def test_the_papers_accuracies_are_its_points_below_fashionnet():
    printed = tables.paper_top20("inshop")
    assert len(printed) == 7 and printed[POOLS_AT_JOINTS] == pytest.approx(0.764 - 0.08)
    assert tables.paper_top20("consumer2shop") == {FASHIONNET: 0.188}


def test_visibility_beside_the_commonest_code(landmarks):
    table = tables.visibility_table(landmarks, [FASHIONNET, OTHER])
    assert table.right["commonest code"] == pytest.approx(15 / 23) and table.right[FASHIONNET] == pytest.approx(15 / 23)
    assert table["absent closed"][FASHIONNET] == 0 and table["absent closed"][OTHER] == 0.5


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


def test_poselets_are_judged_by_their_own_arrangements(landmarks):
    rng, box = np.random.default_rng(0), np.tile(np.array([[10, 20, 110, 220]], np.float32), (40, 1))
    joints = (box[:, None, :2] + rng.random((40, 14, 2)) * (100, 200)).astype(np.float32)
    b = replace(
        landmarks.benchmark,
        image=np.arange(40).astype(str),
        box=box,
        split=np.array(["train"] * 20 + ["test"] * 20),
        joints=joints,
        joint_visibility=np.zeros((40, 14), np.int8),
    )
    poselets = parts.arrangements(b, np.arange(20), seed=0)
    method = next(name for name, row in METHODS.items() if row.detector == "poselets")
    truth, there = parts.targets("poselets", b, 0.0, poselets)
    pixels = np.nan_to_num(truth[20:, 0]) * (100, 200) + (10, 20)
    found = {"parts": pixels.astype(np.float32), "present": there[20:, 0].astype(np.float32), "poselets": poselets}
    results = replace(landmarks, benchmark=b, rows=np.arange(20, 40), answers={method: [found]})
    row = tables.detector_table(results, PROFILES["smoke"]).set_index("part").loc["all"]
    assert row.present == 20 * 7 and row.found == 1 and row.false == 0
    silent = replace(results, answers={method: [{k: v for k, v in found.items() if k != "poselets"}]})
    assert tables.detector_table(silent, PROFILES["smoke"]).empty


def test_loss_shares_are_of_the_weighted_total():
    history = pd.DataFrame({"method": ["m"] * 3, "step": [1, 1, 2], "train_landmark": [9.0, 0.3, 0.5],
                            "train_category": [9.0, 2.0, 1.0], "train_heatmap": [NAN] * 3})  # fmt: skip
    shares, config = tables.loss_shares(history, PROFILES["demo"]), PROFILES["demo"].training
    first, second = config.step1, config.step2
    whole = 0.3 * first.landmark + 2 * first.category
    assert shares.landmark["m", 1] == pytest.approx(0.3 * first.landmark / whole)
    assert shares.category["m", 2] == pytest.approx(second.category / (second.category + 0.5 * second.landmark))
