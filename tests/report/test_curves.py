"""Retrieval, variations and landmarks as tables, on answers made by hand."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from lib import paper, parts
from lib.config import PROFILES
from lib.deepfashion import Benchmark
from lib.lists import JOINTS
from lib.methods import FASHIONNET, METHODS
from lib.report import curves
from lib.report.results import Results

OTHER = paper.METHODS[1]
POOLS_AT_JOINTS = next(name for name, method in METHODS.items() if method.detector == "joints")


def boxes(n):
    return np.tile(np.array([[10, 20, 110, 220]], np.float32), (n, 1))


@pytest.fixture
def shop():
    """Four queries of items a, b, c and d; a gallery of a, b, b and e; one training item."""
    benchmark = Benchmark(
        name="inshop", images_root=Path("nowhere"), image=np.array([f"{i}.jpg" for i in range(9)]), box=boxes(9),
        split=np.array(["query"] * 4 + ["gallery"] * 4 + ["train"]), item=np.array(list("abcdabbez")),
        category=np.array([0, 0, 1, 1, 0, 0, 0, 1, 0], np.int16), category_names=("WOMEN/Dresses", "MEN/Shorts"),
        pose=np.array([1, 2, 4, 5, 1, 1, 1, 1, 1], np.int8),
    )  # fmt: skip
    near = np.full((4, 50), -1, np.int32)
    near[:, :4] = [[0, 1, 2, 3], [0, 3, 1, 2], [0, 1, 2, 3], [3, 2, 1, 0]]  # a at 1, b at 3, c and d never
    worse = near.copy()
    worse[0, :4] = [3, 0, 1, 2]  # a at 2
    within = np.full((4, 50), -1, np.int32)
    within[:2, :3] = [[0, 1, 2], [1, 2, 0]]
    within[2:, 0] = 3
    answers = {
        FASHIONNET: [{"nearest": near, "nearest_in_category": within}],
        OTHER: [{"nearest": worse, "nearest_in_category": within}] * 2,
    }
    query, gallery = np.arange(4), np.arange(4, 8)
    return Results("inshop", benchmark, np.arange(8), answers, query=query, gallery=gallery)


def test_sizes_of_a_search(shop):
    table = curves.search_sizes(shop.benchmark)
    assert table.images.to_dict() == {
        "queries": 4,
        "gallery": 4,
        "gallery items without a query": 1,
        "queries without a match": 2,
        "also in training": 0,
    }
    assert table["items"].to_dict() == {
        "queries": 4,
        "gallery": 3,
        "gallery items without a query": 1,
        "queries without a match": 2,
        "also in training": 0,
    }
    leaky = replace(shop.benchmark, item=np.array(list("abcdabbea")))
    assert curves.search_sizes(leaky).loc["also in training"].tolist() == [2, 1]


def test_accuracy_at_every_k_and_the_difference(shop):
    table = curves.retrieval_curves(shop).set_index(["search", "method", "k"]).sort_index()
    main, other = table.loc["all", FASHIONNET], table.loc["all", OTHER]
    assert main.accuracy[[1, 2, 3, 50]].tolist() == [0.25, 0.25, 0.5, 0.5]
    assert other.accuracy[[1, 2, 3]].tolist() == [0, 0.25, 0.5]
    assert other.difference[[1, 2, 3]].tolist() == [-0.25, 0, 0] and (main.difference == 0).all()
    assert main.recall[[1, 2, 3, 4]].tolist() == [0.5, 0.5, 0.75, 1]  # a has one gallery image, b two
    assert (table.queries == 4).all() and (table.lo <= table.accuracy).all() and (table.accuracy <= table.hi).all()
    assert table.loc["within category", FASHIONNET].accuracy[[1, 2]].tolist() == [0.5, 0.5]


def test_the_display_has_the_papers_numbers_for_the_whole_gallery_alone(shop):
    table = curves.retrieval_display(curves.retrieval_curves(shop), curves.paper_top20("inshop"), ks=(1, 3))
    assert (
        table.loc[("all", FASHIONNET), "paper, top-20"] == "76.4"
        and table.loc[("all", OTHER), "paper, top-20"] == "67.5"
    )
    assert (table.loc["within category", "paper, top-20"] == curves.DASH).all()
    assert table.loc[("all", FASHIONNET), "top-3, %"].startswith("50.0 ± ")
    assert table.loc[("all", FASHIONNET), "reading"] == curves.DASH
    assert table.loc[("all", OTHER), "reading"] == "equal within 0.0"


def test_the_papers_accuracies_are_its_points_below_fashionnet():
    printed = curves.paper_top20("inshop")
    assert len(printed) == 7 and printed[POOLS_AT_JOINTS] == pytest.approx(0.764 - 0.08)
    assert curves.paper_top20("consumer2shop") == {FASHIONNET: 0.188}


def test_variations_count_their_own_queries_alone(shop):
    table = curves.variation_table(shop, [FASHIONNET], few=(1, 20)).set_index(["by", "value", "k"])
    assert table.accuracy["pose", "front", 1] == 1 and table.queries["pose", "front", 1] == 1
    assert table.accuracy["pose", "side", 2] == 0 and table.accuracy["pose", "side", 3] == 1
    assert table.accuracy["scale", "zoom-in", 50] == 0 and table.queries["scale", "zoom-in", 50] == 1
    assert table.accuracy["category", "WOMEN/Dresses", 20] == 1 and table.queries["category", "MEN/Shorts", 20] == 2
    assert set(table.loc["category"].index.get_level_values("k")) == {1, 20}


def test_galleries_of_one_size_drop_the_photos_that_were_not_drawn(shop):
    table = curves.matched_searches({"one": shop, "two": shop}, seed=0, ks=(1,)).set_index(["benchmark", "method"])
    assert (table.gallery == 2).all() and (table.queries == 2).all()  # a and b, one photo of each
    # b's list is a, e, b, b: without e and the second b it is a, b.
    assert table.accuracy["one", FASHIONNET] == 0.5 and table.accuracy["two", OTHER] == 0.5
    assert (table.open == 0).all()


def test_galleries_of_one_size_tell_of_lists_that_are_too_short(shop):
    near = np.full((4, 50), -1, np.int32)
    near[:, 0] = 3  # e, which is not drawn: the drawn photos are beyond the list
    short = replace(shop, answers={FASHIONNET: [{"nearest": near}]})
    table = curves.matched_searches({"one": short, "two": short}, seed=0, ks=(1,))
    assert (table.open == 1).all() and (table.accuracy == 0).all()


# ---- landmarks ------------------------------------------------------------------------------------------------------


@pytest.fixture
def landmarks():
    """Three tested images with all landmarks at the box's middle; the last image's are occluded, one slot is absent."""
    visibility = np.zeros((4, 8), np.int8)
    visibility[3], visibility[1, 7] = 1, -1
    benchmark = Benchmark(
        name="category_attribute",
        images_root=Path("nowhere"),
        image=np.array([f"{i}.jpg" for i in range(4)]),
        box=boxes(4),
        split=np.array(["train", "test", "test", "test"]),
        landmarks=np.full((4, 8, 2), (60, 120), np.float32),
        visibility=visibility,
    )
    guess = benchmark.landmarks[1:].copy()
    guess[0, 0] += (15, 0)  # 0.15 of the box's width
    guess[1, 1] += (0, 10)  # 0.05 of its height
    found = {"landmarks": guess, "visibility": np.zeros((3, 8), np.uint8)}
    truth = {"landmarks": benchmark.landmarks[1:], "visibility": np.full((3, 8), 2, np.uint8)}
    answers = {FASHIONNET: [found], OTHER: [found, truth]}
    return Results("category_attribute", benchmark, np.arange(1, 4), answers)


def test_pdj_by_hand(landmarks):
    table = curves.pdj_table(landmarks, [FASHIONNET, OTHER])
    by_diagonal = table[(table.norm == "diagonal") & (table.threshold == 0.06)].set_index(["method", "landmark"]).pdj
    assert by_diagonal[FASHIONNET, "left collar"] == 0.5  # 15 px of a diagonal of 224 are 0.067
    assert by_diagonal[FASHIONNET, "right collar"] == 1  # 10 px are 0.045
    at = table[(table.norm == "box") & (table.threshold == 0.1)].set_index(["method", "landmark"])
    assert at.pdj[FASHIONNET, "left collar"] == 0.5 and at.pdj[FASHIONNET, "right collar"] == 1
    assert at.pdj[OTHER, "left collar"] == 0.75  # the mean of two seeds
    assert at.n[FASHIONNET, "left collar"] == 2 and at.n[FASHIONNET, "right hem"] == 1 and at.n[FASHIONNET, "all"] == 15
    assert at.pdj[FASHIONNET, "all"] == pytest.approx(14 / 15)
    assert (table.pdj[table.threshold == 0] == 0).all()  # below is strict
    wide = curves.pdj_display(table)
    assert wide.index[-1] == "all" and wide.loc["left collar"].to_dict() == {FASHIONNET: 50, OTHER: 75}


def test_pdj_differences_are_to_fashionnet(landmarks):
    table = curves.pdj_differences(landmarks, [FASHIONNET, OTHER], thresholds=[0.1, 0.2]).set_index(
        ["method", "threshold"]
    )
    assert (table.difference[FASHIONNET] == 0).all() and table.pdj[FASHIONNET, 0.1] == pytest.approx(14 / 15)
    assert table.difference[OTHER, 0.1] == pytest.approx(0.5 / 15) and table.difference[OTHER, 0.2] == 0


def test_other_measures_by_hand(landmarks):
    shifted = landmarks.answers[FASHIONNET][0] | {"landmarks": landmarks.benchmark.landmarks[1:] + np.float32([5, 0])}
    row = curves.landmark_summary(replace(landmarks, answers={"m": [shifted]}), ["m"]).iloc[0]
    assert row["NE"] == pytest.approx(0.05) and row["PDJ@0.1 box"] == 1 and row.n == 15
    assert row["PDJ@0.1 box, invisible as errors"] == pytest.approx(15 / 23)
    assert row.lo == row.hi == 1  # of any resample
    assert row["within 10 of 224 px"] == 0 and row["PCK@0.2"] == 1  # 5 of 100 px are 11.2 of 224


def test_visibility_beside_the_commonest_code(landmarks):
    table = curves.visibility_table(landmarks, [FASHIONNET, OTHER])
    assert table.right["commonest code"] == pytest.approx(15 / 23) and table.right[FASHIONNET] == pytest.approx(15 / 23)
    assert table["absent closed"][FASHIONNET] == 0 and table["absent closed"][OTHER] == 0.5


def test_the_mean_landmark_is_a_row_behind_the_methods(landmarks):
    landmarks.benchmark.landmarks[0] = (35, 70)  # the training image: a quarter of the box
    both = curves.with_mean_landmarks(landmarks)
    assert both.methods == [FASHIONNET, OTHER, "mean landmark"]
    np.testing.assert_allclose(both.get("mean landmark", "landmarks"), np.tile((35, 70), (3, 8, 1)))


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
    table = curves.detector_table(results, PROFILES["smoke"]).set_index("part")
    assert table.present[["head", "neck", "left shoulder"]].tolist() == [1, 2, 2]
    assert table.found[["head", "neck", "left shoulder", "right shoulder"]].tolist() == [1, 0.5, 0, 1]
    assert table.false[["neck", "right shoulder"]].tolist() == pytest.approx([2 / 3, 1 / 3])
    assert np.isnan(table.false["left shoulder"]) and table.present["all"] == 27 and tuple(table.index[:-1]) == JOINTS
    none = curves.detector_table(replace(landmarks, answers={}), PROFILES["smoke"])
    assert none.empty and list(none) == ["kind", "part", "present", "detected", "found", "false"]


def test_poselets_are_judged_by_their_own_arrangements(landmarks):
    rng = np.random.default_rng(0)
    joints = (boxes(40)[:, None, :2] + rng.random((40, 14, 2)) * (100, 200)).astype(np.float32)
    b = replace(
        landmarks.benchmark,
        image=np.arange(40).astype(str),
        box=boxes(40),
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
    row = curves.detector_table(results, PROFILES["smoke"]).set_index("part").loc["all"]
    assert row.present == 20 * 7 and row.found == 1 and row.false == 0
    silent = replace(results, answers={method: [{k: v for k, v in found.items() if k != "poselets"}]})
    assert curves.detector_table(silent, PROFILES["smoke"]).empty


def test_nothing_visible_gives_nan(landmarks):
    hidden = replace(landmarks, benchmark=replace(landmarks.benchmark, visibility=np.ones((4, 8), np.int8)))
    table = curves.pdj_table(hidden, [FASHIONNET])
    assert table.pdj.isna().all() and (table.n == 0).all() and isinstance(table, pd.DataFrame)
