"""Tables on predictions made by hand."""

import json
from dataclasses import replace
from pathlib import Path

import cv2
import matplotlib
import numpy as np
import pandas as pd
import pytest

from lib import paper, plots, report
from lib.config import METHODS, PROFILES
from lib.data import Benchmark, DataError, Lacks

matplotlib.use("Agg")


@pytest.fixture
def benchmark():
    """Four images with a box of 100 x 200 pixels; all eight landmarks at its middle, the last image's hidden."""
    n = 4
    visibility = np.zeros((n, 8), np.int8)
    visibility[3] = 1
    return Benchmark(
        name="category_attribute",
        images_root=Path("nowhere"),
        image=np.array([f"{i}.jpg" for i in range(n)]),
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


def test_pdj_table_by_hand(benchmark):
    rows = benchmark.rows("test")
    guess = benchmark.landmarks[rows].copy()
    guess[0, 0] += (15, 0)  # 0.15 of the box's width
    guess[1, 1] += (0, 10)  # 0.05 of its height
    table = report.pdj_table({("m", "regression"): guess}, benchmark, rows)
    assert list(table.columns) == ["method", "head", "norm", "landmark", "threshold", "pdj", "n"]
    by_diagonal = table[(table.norm == "diagonal") & (table.threshold == 0.06)].set_index("landmark")
    assert by_diagonal.pdj["left collar"] == 0.5  # 15 px of a diagonal of 224 are 0.067
    assert by_diagonal.pdj["right collar"] == 1  # 10 px are 0.045
    table = table[table.norm == "box"]
    at = table[table.threshold == 0.1].set_index("landmark")
    assert at.pdj["left collar"] == 0.5 and at.pdj["right collar"] == 1 and at.pdj["all"] == 15 / 16
    assert at.n["left collar"] == 2 and at.n["all"] == 16  # the hidden image counts nowhere
    assert table[(table.landmark == "all") & (table.threshold == 0.2)].pdj.item() == 1
    assert table[(table.landmark == "all") & (table.threshold == 0)].pdj.item() == 0  # below is strict


def test_landmark_summary_by_hand(benchmark):
    rows = benchmark.rows("test")
    guess = benchmark.landmarks[rows] + np.array([5, 0], np.float32)
    row = report.landmark_summary({("m", "regression"): guess}, benchmark, rows).iloc[0]
    assert row["NE"] == pytest.approx(0.05) and row["PDJ@0.1 box"] == 1
    assert row["PDJ@0.1 box, invisible as errors"] == pytest.approx(16 / 24)
    assert row["within 10 of 224 px"] == 0 and row["PCK@0.2"] == 1  # 5 of 100 px are 11.2 of 224


def test_the_mean_landmark_is_the_train_splits(benchmark):
    benchmark.landmarks[0] = (35, 70)  # a quarter of the box
    np.testing.assert_allclose(report.mean_landmarks(benchmark)[2], np.tile((35, 70), (8, 1)))


def test_attribute_tables_by_hand(benchmark):
    rows = benchmark.rows("test")
    scores = {"m": np.array([[3.0, 2, 1], [3, 2, 1], [3, 2, 1]])}
    table = report.attribute_table(scores, benchmark, rows, ks=(1, 2))
    assert list(table.columns) == ["method", "group", "k", "macro", "micro", "n"]
    cell = table.set_index(["group", "k"])
    assert cell.micro["all", 1] == pytest.approx(1 / 3) and cell.micro["all", 2] == pytest.approx(2 / 3)
    assert cell.micro["texture", 2] == 1 and cell.micro["fabric", 2] == 0 and cell.n["all", 1] == 3
    names = list(report.attribute_definitions(scores, benchmark, rows).columns)
    assert names == ["method", "group", "k", "micro", "macro", "within_group", "image", "best50", "n"]


def test_category_table_by_hand(benchmark):
    scores = np.zeros((3, 8))
    scores[[0, 1, 2], [1, 3, 1]] = 1  # labels 1, 2, 1: the only image of category 2 is missed
    table = report.category_table({"m": scores}, benchmark, benchmark.rows("test"), ks=(1,))
    assert table.iloc[0].to_list() == ["m", 1, pytest.approx(2 / 3), pytest.approx(1 / 2), 3]


def test_what_a_source_lacks_is_said_once(benchmark, tmp_path, monkeypatch):
    monkeypatch.setattr(report, "open_data", lambda *_: {"category_attribute": benchmark})
    assert report.open_benchmark(None, "d", tmp_path, "category_attribute", "landmarks") is benchmark
    with pytest.raises(Lacks, match="nowhere: no item and no joints, which this notebook is about"):
        report.open_benchmark(None, "d", tmp_path, "category_attribute", "item", "joints")
    with pytest.raises(Lacks, match="d: no In-shop Clothes Retrieval Benchmark"):
        report.open_benchmark(None, "d", tmp_path, "inshop")


def test_methods_need_a_label_that_they_learn(benchmark):
    config = PROFILES["smoke"]
    without = report.skipped(config, benchmark)  # three attributes, no joints
    assert set(without) == {"fashionnet+100", "fashionnet+500", "fashionnet+joints", "fashionnet+poselets"}
    assert "no more than 100 attributes" in without["fashionnet+100"] and "joints" in without["fashionnet+joints"]
    assert report.methods(config, benchmark) == [m for m in config.methods if m not in without]
    assert config.methods == METHODS and METHODS[:7] == paper.METHODS
    alone = report.methods(config, replace(benchmark, category=None, attributes=None))
    assert alone == ["fashionnet", "fashionnet-heatmap", "fashionnet-joint", "fashionnet-oracle"]
    many = replace(benchmark, attributes=np.ones((4, 501), np.int8), joints=np.zeros((4, 14, 2)))
    assert report.methods(config, many) == list(METHODS)


def test_an_item_on_both_sides_of_a_split_stops_every_notebook(benchmark, tmp_path, monkeypatch):
    twice = replace(benchmark, item=np.array(["id_1", "id_1", "id_2", "id_3"]))
    monkeypatch.setattr(report, "find_benchmarks", lambda _: {"category_attribute": twice})
    with pytest.raises(DataError, match="item id_1 is in train and in test"):
        report.open_data(PROFILES["smoke"], str(tmp_path), tmp_path)


def test_points_of_a_source_without_landmarks_are_unknown(benchmark):
    places, codes = report.points(replace(benchmark, landmarks=None, visibility=None))
    assert places.shape == (4, 8, 2) and np.isnan(places).all() and (codes == -1).all()


def test_the_budget_says_which_epoch_was_kept_and_what_rate_was_left(tmp_path):
    config = {"training": {"rounds": 3, "epochs": 1}}
    history = [
        {"epoch": i, "validation": v} if v else {"epoch": i} for i, v in enumerate([None, 5.0, None, 4.0, None, 6.0])
    ]
    for name, epochs in (("whole", history[:4] + [{"epoch": 4}, {"epoch": 5, "validation": 3.0}]), ("short", history)):
        (tmp_path / name).mkdir()
        content = {"config": config, "about": {"images": 10, "seconds": 2.0}, "history": epochs}
        (tmp_path / name / "run.json").write_text(json.dumps(content))
    table = report.budget({name: tmp_path / name for name in ("whole", "short")}).set_index("method")
    assert table.kept.tolist() == [6, 4] and table.validation.tolist() == [3, 4] and table.passes.tolist() == [60, 60]
    assert table.rate_left["whole"] == pytest.approx(0, abs=1e-5)
    # Four of six epochs: a warm-up of 0.6, then 3.4 of 5.4 along the cosine.
    assert table.rate_left["short"] == pytest.approx(0.5 * (1 + np.cos(np.pi * 3.4 / 5.4)))


def test_the_loss_of_the_frequencies_is_1_on_images_like_the_training_ones(benchmark):
    n = 40
    labels = np.where(np.arange(n)[:, None] % 4 == [0, 1, 2], 1, -1).astype(np.int8)  # each on a quarter of the images
    split = np.array(["train"] * 20 + ["val"] * 16 + ["test"] * 4)
    many = replace(benchmark, image=np.array([f"{i}.jpg" for i in range(n)]), split=split, attributes=labels,
                   box=np.tile(benchmark.box[:1], (n, 1)), landmarks=None, visibility=None, category=None)  # fmt: skip
    assert report.frequency_loss(many, PROFILES["smoke"]) == pytest.approx(1, abs=1e-3)
    labels[20:36] = [1, 1, 1]  # rare in training, everywhere here
    assert report.frequency_loss(many, PROFILES["smoke"]) > 1.5
    assert report.frequency_loss(replace(many, attributes=None), PROFILES["smoke"]) is None


def test_the_prior_ranks_by_the_train_split(benchmark):
    prior = report.prior(benchmark, benchmark.rows("test"))
    assert prior["attribute_scores"].tolist() == [[1, 0, 0]] * 3
    assert prior["category_scores"].tolist() == [[1, *[0] * 7]] * 3


def test_chance_margins_and_leads_by_hand(benchmark):
    rows = benchmark.rows("test")  # categories 1, 2, 1; attributes x, y, z
    good = {"category_scores": np.eye(8)[[1, 2, 1]], "attribute_scores": np.eye(3)}
    bad = {"category_scores": np.eye(8)[[1, 7, 1]], "attribute_scores": np.eye(3)[[1, 1, 1]]}
    table = report.table2({"m": good, "n": bad, "prior": report.prior(benchmark, rows)}, benchmark, rows)
    row = report.chance(table, benchmark).set_index("method").loc["chance"]
    assert row.category_top3 == 100 * 3 / 8 and row.category_top5 == 100 * 5 / 8 and row.all_top3 == 100
    assert row.category_top3_lo == row.category_top3
    times = report.margins(report.chance(table, benchmark)).set_index(["times", "k", "method"])
    assert set(times.index) == {(times, k, m) for times in ("prior", "chance") for k in (3, 5) for m in "mn"}
    # The prior names category 0 first and goes on in order: 1 and 2 are among its three.
    assert times.category["prior", 3, "m"] == 1 and times["all"]["prior", 3, "m"] == 1
    assert times.category["chance", 3, "m"] == pytest.approx(8 / 3)
    assert times.category["chance", 3, "n"] == pytest.approx(2 / 3 * 8 / 3)
    lead = report.lead({"m": good, "n": bad}, benchmark, rows, "m", ["n"], 1, seed=0).iloc[0]
    assert lead.points == pytest.approx(100 / 3) and lead.lo == 0 and lead.hi > lead.points


def test_figure_7_takes_the_most_frequent_of_the_train_split(benchmark):
    other = replace(
        benchmark, split=np.array(["test", "train", "train", "test"])
    )  # in training y once, x once, z never
    scores = {"m": np.array([[3.0, 0, 0], [0, 3, 0]])}
    table = report.figure7(scores, other, np.array([0, 3]))
    assert list(table.columns) == ["group", "attribute", "n", "m"]
    assert table.attribute.tolist() == ["x", "y", "z"] and table.n.tolist() == [1, 0, 1]
    many = replace(benchmark, attributes=np.ones((4, 40), np.int8), attribute_names=tuple(map(str, range(40))),
                   attribute_groups=np.repeat([1, 2], 20).astype(np.int8))  # fmt: skip
    table = report.figure7({"m": np.zeros((4, 40))}, many, np.arange(4))
    assert table.groupby("group").size().to_dict() == {"texture": 14, "fabric": 14}
    assert (
        table.m[:5].tolist() == [1] * 5 and table.m[5:].max() == 0
    )  # ties rank by index: the first five are in the top


def test_figures_have_a_mark_a_method_and_a_panel_a_group(benchmark):
    table = pd.DataFrame({"group": ["a", "a", "b"], "attribute": ["x", "y", "z"], "n": [3, 2, 1],
                          "wtbi": [0.1, 0.2, 0.3], "darn": [0.2, 0.1, 0.4], "fashionnet": [0.5, 0.6, 0.7]})  # fmt: skip
    figure = plots.attribute_recall(table, ["wtbi", "darn", "fashionnet"])
    assert [axis.get_title() for axis in figure.axes] == ["a", "b"]
    lines = {line.get_label(): line.get_xdata().tolist() for line in figure.axes[0].lines}
    assert lines["fashionnet"] == [60, 50] and lines["wtbi"] == [20, 10]
    assert [t.get_text() for t in figure.axes[0].get_yticklabels()] == ["y (2)", "x (3)"]
    assert set(METHODS) <= set(plots.METHOD_COLOURS)
    for group in (paper.METHODS, [m for m in METHODS if m not in paper.METHODS] + ["fashionnet"]):
        assert len({plots.METHOD_COLOURS[m] for m in group}) == len(group)  # told apart where they stand together


def test_table2_by_hand(benchmark):
    rows = benchmark.rows("test")
    category = np.zeros((3, 8))
    category[np.arange(3), benchmark.category[rows]] = [9, 9, -9]  # right, right, last
    scores = {"fashionnet": {"category_scores": category, "attribute_scores": np.tile([3.0, 2, 1], (3, 1))}}
    table = report.table2(scores, benchmark, rows)
    row = table.iloc[0]
    assert row.category_top3 == pytest.approx(200 / 3) and row.all_top3 == 100
    assert row.category_top3_lo <= row.category_top3 <= row.category_top3_hi
    beside = report.beside_paper(table, benchmark).set_index(["column", "k"])
    assert (
        beside.paper[beside.index.get_level_values(0) != "category"].isna().all()
    )  # two groups are not the paper's five
    assert beside.paper["category", 3] == paper.TABLE2["fashionnet"]["category"][0] == 82.58
    assert beside.difference["category", 3] == pytest.approx(200 / 3 - 82.58)
    text = report.beside_text(beside.reset_index(), 3)
    assert text.loc["fashionnet", "category, top-3"].startswith("66.7 [")
    assert text.loc["fashionnet", "category, top-3"].endswith("], paper 82.6, -15.9")
    assert text.loc["fashionnet", "all, top-3"] == "100.0 [100.0, 100.0]"


def test_a_bootstrap_draws_items_by_their_folder_where_none_are_listed(benchmark):
    names = np.array(["img/Dress/1.jpg", "img/Dress/2.jpg", "img/Skirt/1.jpg", "img/3.jpg", "4.jpg"])
    b = replace(benchmark, image=names, item=None)
    assert report.units(b, np.arange(5)).tolist() == ["img/Dress", "img/Dress", "img/Skirt", "img/3.jpg", "4.jpg"]
    listed = replace(b, item=np.array(list("aabbc")))
    assert report.units(listed, np.array([4, 0])).tolist() == ["c", "a"]


def test_the_demos_tables_are_of_one_run():
    """What the claims measured is what stands in the tables that they name."""
    folder = report.ROOT / "outputs" / "demo" / "tables"
    claims, table2 = pd.read_csv(folder / "claims.csv").set_index("claim"), pd.read_csv(folder / "table2.csv")
    top3 = table2.set_index("method").category_top3
    for better, worse in (("fashionnet", "darn"), ("darn", "wtbi"), ("fashionnet", "fashionnet+joints")):
        measured = claims.measured[f"category, top-3: {better} is above {worse}"]
        assert 100 * measured == pytest.approx(top3[better] - top3[worse], abs=1e-3)
    for name, title in (("inshop", "in-shop"), ("consumer2shop", "consumer-to-shop")):
        table = pd.read_csv(folder / f"{name}.csv")
        top20 = table[(table.search == "all") & (table.k == paper.RETRIEVAL_TOP_K)].set_index("method").accuracy
        measured = claims.measured[f"{title}, top-20: fashionnet is above darn"]
        assert measured == pytest.approx(top20["fashionnet"] - top20["darn"], abs=1e-5)


def test_what_a_source_lacks_is_left_out(benchmark):
    bare = replace(benchmark, category=None, category_names=None)
    row = report.table2({"m": {"attribute_scores": np.zeros((3, 3))}}, bare, bare.rows("test"))
    assert not [c for c in row.columns if c.startswith("category")] and "all_top5" in row


def test_counts_and_splits(benchmark):
    counts = report.counts_table({"category_attribute": benchmark}).set_index(["benchmark", "what"])
    assert counts.here["category_attribute", "images"] == 4 and counts.here["category_attribute", "attributes"] == 3
    assert pd.isna(counts.here["inshop", "items"]) and counts.release["inshop", "items"] == 7982
    assert report.splits_table({"x": benchmark}).x.to_dict() == {"train": 1, "test": 3}


def test_results_are_measured_on_test_else_on_val(benchmark):
    assert report.test_split(benchmark) == "test"
    assert report.test_split(replace(benchmark, split=np.array(["train", "val", "val", ""]))) == "val"
    with pytest.raises(DataError, match="no test, val or query split"):
        report.test_split(replace(benchmark, split=np.array(["train"] * 4)))


def test_tables_and_figures_are_written_whole(benchmark, tmp_path):
    config, folder = report.open_run("smoke", str(tmp_path / "o"))
    assert config.profile == "smoke" and folder == tmp_path / "o"
    table = report.pdj_table({("fashionnet", "r"): benchmark.landmarks}, benchmark, np.arange(4))
    back = pd.read_csv(report.save_table(table, folder, "pdj"))
    pd.testing.assert_frame_equal(back, table, check_dtype=False)
    plots.use_style()
    figure = plots.pdj_curves(table, ["fashionnet"])
    report.save_figure(figure, folder, "a")
    assert sorted(p.name for p in (folder / "figures").iterdir()) == ["a.png", "a.svg"]
    assert not list(folder.rglob("*.part"))
    matplotlib.pyplot.close("all")


@pytest.fixture
def photographed(benchmark, tmp_path):
    """The same with photos: of 120 x 240 pixels, each of one grey."""
    for i in range(4):
        cv2.imwrite(str(tmp_path / f"{i}.jpg"), np.full((240, 120, 3), 40 * i + 40, np.uint8))
    return replace(benchmark, images_root=tmp_path, clothes_type=np.array([1, 1, 2, 3], np.int8))


def test_counts_of_figure_3_by_hand(benchmark):
    assert report.category_counts(benchmark, 2).to_dict() == {"b": 2, "a": 1}
    counts = report.attribute_counts(benchmark, 1)
    assert {group: c.to_dict() for group, c in counts.items()} == {"texture": {"x": 2}, "fabric": {"z": 1}}
    assert report.category_counts(replace(benchmark, category=None), 2) is None
    assert report.attribute_counts(replace(benchmark, attributes=None), 2) == {}


def test_examples_show_what_their_titles_say(photographed):
    rows = report.example_rows(photographed, 2, seed=0)
    assert {heading: [title for title, _ in line] for heading, line in rows.items()} == {
        "categories": ["b", "a"], "texture": ["x", "y"], "fabric": ["z"],
    }  # fmt: skip
    assert rows["fabric"][0][1].mean() == pytest.approx(160, abs=1)  # the only photo with z is the last
    assert rows["categories"][1][1].mean() == pytest.approx(40, abs=1)
    plots.examples(rows)
    page = report.attribute_rows(photographed, 2, 2, seed=0)
    assert list(page) == ["texture", " texture", "fabric", " fabric"]
    assert [title for title, _ in page["texture"]] == ["x"] and page["fabric"] == []  # y and z have one positive each
    seen = {round(line[0][1].mean() / 40) for line in (page["texture"], page[" texture"])}
    assert seen == {1, 2}
    matplotlib.pyplot.close("all")


def test_a_cutout_is_the_box_with_a_tenth_around_it(photographed):
    photographed.box[1] = (20, 40, 60, 140)
    assert report.cutout(photographed, 1).shape == (121, 49, 3)
    photographed.box[1] = (0, 0, 120, 240)
    assert report.cutout(photographed, 1).shape == (240, 120, 3)


def test_figure_4_has_each_type_and_the_shares_of_each_state(photographed):
    marked, pairs, shares = report.figure4({"category_attribute": photographed}, photographed, seed=0)
    assert [title for title, *_ in marked] == ["upper body", "upper body", "lower body", "full body"] and pairs == []
    assert shares.loc["left hem"].tolist() == [0.75, 0.25, 0]
    names = ("WOMEN/Dress",)
    shop = replace(photographed, category=np.zeros(4, np.int16), category_names=names, pairs=np.array([[0, 3], [1, 3]]))
    _, pairs, _ = report.figure4({"consumer2shop": shop}, photographed, seed=0)
    assert [title for title, *_ in pairs] == ["Dress", "Dress"]
    assert {(round(a.mean() / 40), round(b.mean() / 40)) for _, a, b in pairs} == {(1, 4), (2, 4)}
    plots.landmarks_and_pairs(marked, pairs, shares)
    matplotlib.pyplot.close("all")


def test_figure_3_letters_its_parts_only_where_there_are_two(photographed):
    attributes = report.attribute_counts(photographed, 3)
    whole = plots.frequencies(report.category_counts(photographed, 3), attributes)
    assert whole.subfigs[1].get_suptitle().startswith("(b) the most frequent attributes")
    assert plots.frequencies(None, attributes).get_suptitle().startswith("the most frequent attributes")
    matplotlib.pyplot.close("all")


def test_bars_and_their_legend_are_of_the_methods_that_have_numbers():
    methods = [*METHODS[:6], "prior"]
    table = pd.DataFrame({"method": methods, "column": "all", "ours": 50.0, "lo": 40.0, "hi": 60.0})
    table.loc[table.method == "darn", ["ours", "lo", "hi"]] = np.nan
    figure = plots.interval_bars(table, ["all"], methods)
    assert [text.get_text() for text in figure.legends[0].get_texts()] == [m for m in methods if m != "darn"]
    assert figure.legends[0]._ncols == 3  # two lines of three, not five and one
    assert [bars[0].get_height() for bars in figure.axes[0].containers if hasattr(bars, "patches")] == [50] * 6
    matplotlib.pyplot.close("all")


def test_mean_landmarks_can_be_put_into_other_boxes(benchmark):
    other = replace(benchmark, box=np.array([[0, 0, 10, 10]], np.float32))
    benchmark.landmarks[0] = (35, 70)
    np.testing.assert_allclose(report.mean_landmarks(benchmark, other), np.full((1, 8, 2), 2.5))


def test_an_unknown_profile_is_one_sentence():
    with pytest.raises(
        DataError,
        match="no profile 'huge'; there are smoke, demo, photos, pretrain, pretrain_branches, pretrain_pose, paper",
    ):
        report.open_run("huge", "")


def test_histories_lie_below_each_other():
    h = pd.DataFrame({"epoch": [0, 1], "step": [1, 2], "seconds": [3.0, 4.0], "monitor_landmark": [0.5, 0.25]})
    table = report.all_histories({"a": h, "b": h})
    assert len(table) == 4 and "seconds" not in table and table.method.tolist() == ["a", "a", "b", "b"]
    change = report.first_and_last({"a": h})
    assert change.loc[("a", "landmark")].tolist() == [0.5, 0.25]


def test_best_and_worst_attributes():
    recall, count = np.array([0.9, 0.1, np.nan, 0.5]), np.array([10, 10, 0, 3])
    table = report.best_and_worst(recall, count, ("a", "b", "c", "d"), n=1)
    assert table.attribute.tolist() == ["a", "b"]  # c has no labels, d too few


def test_the_readmes_results_are_those_of_the_tables():
    text = (report.ROOT / "README.md").read_text()
    for first, last, content in report.readme_parts():
        assert text.split(first)[1].split(last)[0] == content, "run `python -m lib.report`"


def test_the_readmes_tables_have_a_heading_for_every_cell():
    lines = [*(report.ROOT / "README.md").read_text().splitlines(), ""]
    for line, following in zip(lines, lines[1:], strict=False):
        if line.startswith("|") and following.startswith("|"):
            assert line.count("|") == following.count("|"), following
