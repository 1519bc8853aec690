"""Figures show what their tables hold, name every method once, and never dress a legend as a method."""

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
import seaborn as sns
from answers import OTHER

from lib import paper
from lib.methods import FASHIONNET, METHODS
from lib.report import figures, files

OURS = [name for name in METHODS if name not in paper.METHODS]


def texts(axis) -> list[str]:
    return [text.get_text() for text in axis.texts]


def curve(method, values, difference=0.0, group="all"):
    table = pd.DataFrame({"method": method, "group": group, "k": np.arange(1, len(values) + 1), "value": values})
    return table.assign(difference=difference, d_lo=difference - 0.1, d_hi=difference + 0.1)


def test_methods_that_are_drawn_together_differ_in_colour(monkeypatch):
    assert figures.PALETTE == sns.color_palette("colorblind").as_hex()
    for group in ((*paper.METHODS, "fashionnet-global"), (*OURS, FASHIONNET)):
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
    upper, lower = figures.curves_and_differences(table, list(drawn), 2, "k").axes
    assert set(texts(upper)) == {f"{FASHIONNET} 60.0", f"{OTHER} 50.0", "mean landmark 10.0"}
    assert set(texts(lower)) == {FASHIONNET, OTHER}  # a reference row has no difference
    assert list(lower.lines[0].get_ydata()) == pytest.approx([-10] * 3)
    assert lower.collections[0].get_paths()[0].vertices[:, 1].min() == pytest.approx(-20)
    alone = figures.curves_and_differences(table, [FASHIONNET], 2, "k").axes[1]
    assert texts(alone)[0] == "no other method to compare with" not in texts(lower)


def test_a_search_has_a_column_of_panels_and_a_dollar_is_no_formula(tmp_path):
    figures.use_style()
    values = np.linspace(0.1, 0.9, 50)
    table = pd.concat([curve(m, values, group=group) for m in METHODS for group in ("all", r"$\red$")])
    figure = figures.curves_and_differences(table, list(METHODS), 20, "k", "search: ")
    assert [axis.get_title() for axis in figure.axes] == ["search: all", r"search: $\red$", "", ""]
    assert files.save_figure(figure, tmp_path, "fig").stat().st_size <= 350_000


def test_loss_curves_have_at_most_five_methods_a_panel():
    names = list(METHODS)
    losses = {"train_category": [2.0, 1.0], "held_out_category": [2.5, 1.5], "train_landmark": [np.nan, np.nan]}
    table = pd.concat([pd.DataFrame({"method": m, "epoch": [0, 1], "step": [1, 2]} | losses) for m in names])
    figure = figures.loss_curves(table, names)
    assert len(figure.axes) == 4 and figure.axes[0].get_title() == "category"  # 13 others, four a row; one loss
    for axis in figure.axes:
        assert len(axis.texts) <= 5 and FASHIONNET in texts(axis) and not axis.get_legend()
        assert axis.get_ylim()[0] <= 1 and axis.get_ylim()[1] >= 2.5
    assert sorted({name for axis in figure.axes for name in texts(axis)}) == sorted(names)
    shaded = figure.axes[0].patches
    assert len(shaded) == 1 and shaded[0].get_x() == 0.5 and shaded[0].get_width() == 1  # the epoch of step 1
    first, dotted = figure.axes[0].lines[:2]
    assert first.get_ydata().tolist() == [2, 1] and dotted.get_ydata().tolist() == [2.5, 1.5]
    assert dotted.get_linestyle() == ":"
