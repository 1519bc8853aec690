"""Figures show what their tables hold, name every method once, and never dress a legend as a method."""

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from lib import paper
from lib.lists import LANDMARKS
from lib.methods import FASHIONNET, METHODS, OURS
from lib.report import figures, files

matplotlib.use("Agg")
OTHER = paper.METHODS[1]


@pytest.fixture(autouse=True)
def closed():
    yield
    plt.close("all")


def texts(axis) -> list[str]:
    return [text.get_text() for text in axis.texts]


def curve(method, values, difference, x="k", y="accuracy"):
    table = pd.DataFrame({"method": method, x: np.arange(1, len(values) + 1), y: values})
    table["difference"], table["difference_lo"], table["difference_hi"] = difference, difference - 0.1, difference + 0.1
    return table


def test_methods_that_are_drawn_together_differ_in_colour(monkeypatch):
    for group in (paper.METHODS, (*OURS, FASHIONNET)):
        assert len({matplotlib.colors.to_hex(figures.colour(method)) for method in group}) == len(group)
    assert figures.colour("prior") == figures.GREY and {figures.line_of(m)["ls"] for m in OURS} == {"--"}
    assert {figures.line_of(m)["ls"] for m in paper.METHODS} == {"-"}
    before = {figures.colour(method) for method in METHODS}
    added = [f"m{number}" for number in range(20)]
    monkeypatch.setattr(figures, "METHODS", METHODS | dict.fromkeys(added))
    assert len({matplotlib.colors.to_hex(figures.colour(method)) for method in added} - before) == 20


def test_names_at_line_ends_do_not_overlap_and_keep_their_order():
    _, axis = plt.subplots()
    axis.set(xlim=(0, 1), ylim=(0, 100))
    figures.label_ends(axis, [(f"m{i}", 1, 99 + 0.1 * i, "black") for i in range(10)], gap=0.05)
    heights = [text.xyann[1] for text in axis.texts]
    assert texts(axis) == [f"m{i}" for i in range(10)] and np.diff(heights).min() >= 0.05 - 1e-9
    assert max(heights) <= 1 + 1e-9
    figures.label_ends(axis, [])


def test_curves_are_named_with_their_value_and_differ_from_fashionnet_below():
    drawn = {FASHIONNET: ([0.5, 0.6, 0.7], 0.0), OTHER: ([0.4, 0.5, 0.6], -0.1), "mean landmark": ([0.1] * 3, -0.5)}
    table = pd.concat([curve(method, *values) for method, values in drawn.items()])
    figure = figures.curves_and_differences([("all", table)], list(drawn), "k", "accuracy", at=2)
    upper, lower = figure.axes
    assert set(texts(upper)) == {f"{FASHIONNET} 60.0", f"{OTHER} 50.0", "mean landmark 10.0"}
    assert set(texts(lower)) == {FASHIONNET, OTHER}  # a reference row has no difference
    assert list(lower.lines[0].get_ydata()) == pytest.approx([-10] * 3)
    assert lower.collections[0].get_paths()[0].vertices[:, 1].min() == pytest.approx(-20)
    assert not figure.legends and not upper.get_legend()


def test_a_search_has_a_column_of_panels(tmp_path):
    table = pd.concat([curve(m, [0.2, 0.4], 0.0).assign(search=s) for m in (FASHIONNET, OTHER) for s in ("all", "own")])
    figure = figures.retrieval_curves(table, [FASHIONNET, OTHER])
    assert [axis.get_title() for axis in figure.axes] == ["search: all", "search: own", "", ""]


def test_table_2_and_the_papers_numbers_have_their_own_panels():
    rows = [
        (m, c, 5, p, 50.0, 40.0, 60.0) for m in (FASHIONNET, OTHER) for c, p in (("category", 80.0), ("all", np.nan))
    ]
    rows += [(m, c, 5, np.nan, 10.0, 9.0, 11.0) for m in ("ceiling", "prior") for c in ("category", "all")]
    beside = pd.DataFrame(rows, columns=["method", "column", "k", "paper", "ours", "lo", "hi"])
    figure = figures.table2(beside, 5, ["category", "all"], [FASHIONNET, OTHER, "ceiling", "prior"])
    assert [axis.get_title() for axis in figure.axes] == ["category", "all", "", ""]
    assert [t.get_text() for t in figure.axes[0].get_yticklabels()] == [OTHER, FASHIONNET]  # no reference row
    assert sorted(texts(figure.axes[0])) == ["ceiling", "prior"] and not figure.legends
    assert [line.get_xdata()[0] for line in figure.axes[2].lines] == [80, 80]
    assert 80 not in [x for line in figure.axes[0].lines for x in line.get_xdata()]
    assert [axis.get_ylabel() for axis in figure.axes] == ["here", "", "the paper, on its own data", ""]
    alone = figures.table2(beside.assign(paper=np.nan), 5, ["all"], [FASHIONNET, OTHER, "prior"])
    assert len(alone.axes) == 1


def test_figure_7_tells_where_fashionnet_leads():
    methods = ["wtbi", OTHER, FASHIONNET]
    table = pd.DataFrame({"group": ["a", "a", "b"], "attribute": ["x", "y", "z"], "n": [3, 2, 1],
                          "wtbi": [0.1, 0.2, 0.3], OTHER: [0.2, 0.7, 0.4], FASHIONNET: [0.5, 0.6, 0.4]})  # fmt: skip
    figure = figures.attribute_recall(table, methods)
    assert [axis.get_title() for axis in figure.axes] == ["a: ahead on 1 of 2", "b: ahead on 0 of 1"]
    assert [t.get_text() for t in figure.axes[0].get_yticklabels()] == ["y (2)", "x (3)"]
    main = figure.axes[0].collections[-1]
    assert main.get_offsets()[:, 0].tolist() == [60, 50]
    assert main.get_facecolors()[0].tolist() == [1, 1, 1, 1]  # hollow where it is not ahead
    names = [t.get_text() for t in figure.legends[0].get_texts()]
    assert names == ["wtbi", OTHER, f"{FASHIONNET}, hollow where not ahead"]


def history(method, losses):
    return pd.DataFrame({"method": method, "epoch": [0, 1], "step": [1, 2]} | losses)


def test_loss_curves_have_at_most_five_methods_a_panel():
    names = list(METHODS)
    losses = {"train_category": [2.0, 1.0], "held_out_category": [2.5, 1.5], "train_landmark": [np.nan, np.nan]}
    table = pd.concat([history(name, losses) for name in names])
    figure = figures.loss_curves(table, names)
    assert len(figure.axes) == 3 and figure.axes[0].get_title() == "category"  # 11 others, four a row; one loss
    for axis in figure.axes:
        assert len(axis.texts) <= 5 and FASHIONNET in texts(axis) and not axis.get_legend()
        assert axis.get_ylim()[0] <= 1 and axis.get_ylim()[1] >= 2.5
    assert sorted({name for axis in figure.axes for name in texts(axis)}) == sorted(names)
    shaded = figure.axes[0].patches
    assert len(shaded) == 1 and shaded[0].get_x() == 0.5 and shaded[0].get_width() == 1  # the epoch of step 1
    first, dotted = figure.axes[0].lines[:2]
    assert first.get_ydata().tolist() == [2, 1] and dotted.get_ydata().tolist() == [2.5, 1.5]
    assert dotted.get_linestyle() == ":"


def pdj(method, values):
    thresholds = [0.0, 0.1, 0.2]
    rows = [
        (method, "box", name, t, v, 5) for name in (*LANDMARKS, "all") for t, v in zip(thresholds, values, strict=True)
    ]
    return pd.DataFrame(rows, columns=["method", "norm", "landmark", "threshold", "pdj", "n"])


def test_figure_10_in_one_panel_and_one_per_landmark():
    table = pd.concat([pdj(FASHIONNET, [0, 0.5, 1]), pdj("mean landmark", [0, 0.1, 0.2])])
    axis = figures.pdj_in_one(table, FASHIONNET).axes[0]
    assert {f"{name}: 50.0 at 0.1" for name in LANDMARKS} <= set(texts(axis))
    assert len(axis.lines) == 9  # and the paper's mark
    panels = figures.pdj_curves(table, [FASHIONNET, "mean landmark"]).axes
    assert [a.get_title() for a in panels] == [f"{name}, n = 5" for name in LANDMARKS]
    assert [len(a.texts) for a in panels] == [0, 0, 0, 2] * 2


def variations(by, values):
    """Figure 11's table: values are {(method, value): (accuracies by k, queries)}."""
    rows = [
        (method, by, value, k, accuracy, accuracy - 0.1, accuracy + 0.1, queries)
        for (method, value), (accuracies, queries) in values.items()
        for k, accuracy in accuracies.items()
    ]
    return pd.DataFrame(rows, columns=["method", "by", "value", "k", "accuracy", "lo", "hi", "queries"])


def test_figure_11_is_sorted_by_ease():
    ours = {"hard": ({20: 0.2}, 9), "easy": ({20: 0.9}, 5), "few": ({20: 1}, 1)}
    other = {"hard": ({20: 0.5}, 9), "easy": ({20: 0.5}, 5), "few": ({20: 1}, 1)}
    table = pd.concat(
        variations("category", {(method, value): row for value, row in rows.items()})
        for method, rows in {FASHIONNET: ours, OTHER: other}.items()
    )
    axis = figures.variation_dots(table, [OTHER, FASHIONNET], 20, most=2).axes[0]
    assert [t.get_text() for t in axis.get_yticklabels()] == ["hard (9)", "easy (5)"]
    marks = {line.get_label(): line.get_xdata().tolist() for line in axis.lines}
    assert marks == {OTHER: [50, 50], FASHIONNET: [20, 90]}


def test_pose_and_scale_are_two_panels_with_bands():
    rising = ({1: 0.1, 2: 0.2}, 7)
    poses = variations("pose", {(FASHIONNET, "front"): rising, (FASHIONNET, "side"): rising})
    scales = variations("scale", {(FASHIONNET, "zoom-in"): rising})
    pose, scale = figures.variation_curves(pd.concat([poses, scales]), FASHIONNET).axes
    assert texts(pose) == ["front\n(7 queries)", "side\n(7 queries)"] and texts(scale) == ["zoom-in\n(7 queries)"]
    band = scale.collections[0].get_paths()[0].vertices[:, 1]
    assert (band.min(), band.max()) == pytest.approx((0, 30))


def test_claims_are_in_groups_with_their_verdicts():
    table = pd.DataFrame({"group": ["a", "a", "b"], "claim": ["one", "two", "three"], "paper": [0.2, np.nan, np.nan],
                          "measured": [0.1, -0.1, np.nan], "lo": [0.05, -0.2, np.nan], "hi": [0.15, 0.0, np.nan],
                          "direction": ["held", "undecided", "not testable here"]})  # fmt: skip
    first, second = figures.claims(table).axes
    assert first.get_title(loc="left") == "a" and [t.get_text() for t in first.get_yticklabels()] == ["two", "one"]
    assert texts(first) == ["undecided", "held"] and texts(second) == ["not testable here"]
    bars = [line.get_xdata()[0] for line in first.lines if line.get_marker() == "|"]
    assert bars[1] == 20 and np.isnan(bars[0])


def test_figure_3_letters_its_parts_only_where_there_are_two():
    categories, attributes = pd.Series({"Dress": 3, "Tee": 1}), {"texture": pd.Series({"x": 2})}
    whole = figures.frequencies(categories, attributes)
    assert whole.subfigs[1].get_suptitle().startswith("(b) the most frequent attributes")
    alone = figures.frequencies(None, attributes)
    assert alone.subfigs[0].get_suptitle().startswith("(a) the most frequent attributes")
    assert len(figures.frequencies(categories, {}).subfigs) == 1


def test_a_figure_of_all_methods_is_a_small_png_and_a_dollar_is_no_formula(tmp_path):
    figures.use_style()
    table = pd.concat([curve(m, np.linspace(0.1, 0.9, 50), 0.0).assign(search=r"$\red$") for m in METHODS])
    path = files.save_figure(figures.retrieval_curves(table, list(METHODS)), tmp_path, "fig")
    assert path.stat().st_size <= 350_000


def test_a_curve_without_rivals_has_no_empty_panel():
    columns = ["pdj", "difference", "difference_lo", "difference_hi"]
    table = pd.DataFrame({"method": FASHIONNET, "threshold": [0.0, 0.1, 0.2], **dict.fromkeys(columns, 0.5)})
    lower = figures.pdj_differences(table, [FASHIONNET]).axes[1]
    assert "no other method to compare with" in [text.get_text() for text in lower.texts]
    both = pd.concat([table, table.assign(method=OTHER)])
    lower = figures.pdj_differences(both, [FASHIONNET, OTHER]).axes[1]
    assert "no other method to compare with" not in [text.get_text() for text in lower.texts]
