"""Draw the paper's figures: arrays and tables in, matplotlib figures out.

Nothing here reads files or computes a metric; `files.save_figure` writes what these functions return. One style for
all, safe for colour-blind readers. Methods are named where their marks end, not in a legend, and keep their colour
everywhere; reference rows (ceiling, prior, chance) are grey.
"""

import colorsys
import io

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import PIL.Image
import seaborn as sns
from IPython.display import Image, display

from lib import paper
from lib.lists import LANDMARKS
from lib.methods import FASHIONNET, METHODS

PALETTE = sns.color_palette("colorblind", 10)
GREY, BLUE, ORANGE, GREEN, RED = (0.55, 0.55, 0.55), *PALETTE[:4]
# In the order of METHODS. The paper's seven differ from each other, ours differ from each other and from FashionNet,
# and are dashed wherever they are lines.
METHOD_COLOURS = ["#117733", "#D98200", "#8F8F2B", "#882255", "#AA4499", "#CC5566", "#0072B2"]
METHOD_COLOURS += ["#2F9C8C", "#AA4499", "#D98200", "#117733", "#000000"]
# Left and right of a pair share a colour; the right one is drawn hollow or dashed.
LANDMARK_COLOURS = [PALETTE[i // 2] for i in range(len(LANDMARKS))]
VERDICT_COLOURS = {"held": BLUE, "opposite": RED, "no difference": "#AA4499"}  # all others: grey


def use_style() -> None:
    """Set one look for every notebook."""
    pd.set_option("display.max_colwidth", None, "display.precision", 3, "display.max_rows", 100)
    sns.set_theme(context="notebook", style="whitegrid", palette="colorblind")
    plt.rc("figure", dpi=100)
    plt.rc("figure.constrained_layout", use=True)
    plt.rc("axes.spines", top=False, right=False)
    plt.rc("axes", titlesize=11, labelsize=10)
    plt.rc(("xtick", "ytick"), labelsize=9)
    plt.rc("legend", frameon=False)
    plt.rc("text", parse_math=False)  # a name with a dollar sign is no formula


def show(figure) -> None:
    """Show a figure of lines once in a notebook as a small PNG of screen size, without its repr, and close it."""
    buffer, small = io.BytesIO(), io.BytesIO()
    figure.savefig(buffer, format="png", dpi=72, bbox_inches="tight")
    plt.close(figure)
    PIL.Image.open(buffer).convert("RGB").quantize(96).save(small, "png", optimize=True)
    display(Image(data=small.getvalue(), format="png"))


def colour(method: str):
    """Return the colour of a method in every figure; grey for a name that is no method."""
    if method not in METHODS:
        return GREY
    place = list(METHODS).index(method)
    if place < len(METHOD_COLOURS):
        return METHOD_COLOURS[place]
    return colorsys.hsv_to_rgb(0.618 * place % 1, 0.9, 0.6)  # hues of added methods: no two alike


def line_of(method: str) -> dict:
    """Return the line style of a method: ours and reference rows are dashed, FashionNet is wider."""
    style = "-" if method in paper.METHODS else "--"
    return {"color": colour(method), "ls": style, "lw": 2.6 if method == FASHIONNET else 1.5}


def label_ends(axis, ends: list[tuple[str, float, float, tuple]], gap: float = 0.055) -> None:
    """Write names at line ends, moved apart where they would overlap.

    ends: (name, x, y, colour) in data units; those whose y is nan are left out. gap: least distance of two names, as a
    share of the axis' height.
    """
    ends = sorted((end for end in ends if np.isfinite(end[2])), key=lambda end: end[2])
    if not ends:
        return
    low, high = axis.get_ylim()
    steps = gap * np.arange(len(ends))
    places = np.array([(y - low) / (high - low) for _, _, y, _ in ends])
    places = np.maximum.accumulate(places - steps) + steps  # each at least a gap above the one before
    places -= max(0.0, places[-1] - 1)  # all of them lower, where the last one would stand above the axis
    line = {"arrowstyle": "-", "lw": 0.5, "shrinkA": 0, "shrinkB": 0, "relpos": (0, 0.5)}
    for (name, x, y, tone), place in zip(ends, places, strict=True):
        where = {"xytext": (1.03, place), "textcoords": "axes fraction", "va": "center", "annotation_clip": False}
        axis.annotate(name, (x, y), fontsize=8, color=tone, arrowprops=line | {"color": tone}, **where)


def shares(rows: pd.DataFrame, x: str, *columns: str) -> pd.DataFrame:
    """Return one curve for `curves_with_intervals`: values by x and, with three columns, the ends of the intervals."""
    return rows.set_index(x)[list(columns)].set_axis(["y", "lo", "hi"][: len(columns)], axis=1).sort_index()


def curves_with_intervals(axis, lines: list[tuple[str, pd.DataFrame, dict]]) -> list[tuple]:
    """Draw curves in per cent with their 95 % bands; return what `label_ends` writes at their ends.

    lines: (name, curve, style of the line), curves of `shares`.
    """
    ends = []
    for name, table, style in lines:
        percent = 100 * table
        axis.plot(percent.index, percent.y, **style)
        if "lo" in percent:
            axis.fill_between(percent.index, percent.lo, percent.hi, color=style["color"], alpha=0.15, lw=0)
        ends.append((name, percent.index[-1], percent.y.iloc[-1], style["color"]))
    return ends


# ---- the data and the training --------------------------------------------------------------------------------------


def frequencies(categories, attributes):
    """Draw figure 3: (a) images of the most frequent categories, (b) of the most frequent attributes of each group.

    categories: Series of counts by name, or None; attributes: {group: Series of counts by name}, may be empty. Without
    either the figure says so.
    """
    halves = (categories is not None) + bool(attributes)
    figure = plt.figure(figsize=(11, 3.2 * max(1, halves)))
    if not halves:
        figure.text(0.5, 0.5, "This source has no categories and no attributes.", ha="center")
        return figure
    parts = np.atleast_1d(figure.subfigures(halves, 1))
    if categories is not None:
        axis = parts[0].subplots()
        axis.bar(categories.index, categories, color=BLUE)
        axis.set(title=f"(a) the {len(categories)} most frequent categories", ylabel="images")
        axis.tick_params(axis="x", rotation=60)
        axis.grid(False, axis="x")
    if attributes:
        axes = parts[-1].subplots(1, len(attributes), sharex=True, squeeze=False)[0]
        for axis, (group, counts) in zip(axes, attributes.items(), strict=True):
            axis.barh(counts.index[::-1], counts[::-1], color=BLUE)
            axis.set(title=group, xlabel="images")
            axis.tick_params(axis="y", labelsize=8)
            axis.grid(False, axis="y")
        parts[-1].suptitle(f"({'ab'[halves - 1]}) the most frequent attributes of each group", fontsize=11)
    return figure


def loss_curves(history: pd.DataFrame, methods: list[str], most: int = 4):
    """Draw the losses by epoch: one column per loss, rows of at most `most` methods besides FashionNet.

    history: of `tables.history_table` (columns method, epoch, step, train_<loss>, held_out_<loss>). Solid lines are
    training losses, dotted ones held-out losses; epochs of step 1 are shaded.
    """
    terms = [c.removeprefix("train_") for c in history if c.startswith("train_") and history[c].notna().any()]
    others = [m for m in methods if m != FASHIONNET]
    groups = [others[i : i + most] for i in range(0, len(others), most)] or [[]]
    size = (2.9 * len(terms), 2.3 * len(groups))
    figure, axes = plt.subplots(len(groups), len(terms), figsize=size, squeeze=False, sharex=True, sharey="col")
    ends = {axis: [] for axis in axes.flat}
    for (row, column), axis in np.ndenumerate(axes):
        for method in [*groups[row], FASHIONNET]:
            h, tone = history[history.method == method], colour(method)
            train, held_out = h[f"train_{terms[column]}"], h.get(f"held_out_{terms[column]}")
            if train.isna().all():
                continue
            axis.plot(h.epoch + 1, train, color=tone, lw=1.4)
            if held_out is not None and held_out.notna().any():
                axis.plot(h.epoch + 1, held_out, color=tone, lw=1.4, ls=":", marker=".", ms=3)
            ends[axis].append((method, h.epoch.iloc[-1] + 1, train.iloc[-1], tone))
        for epoch in history.epoch[history.step == 1].unique():
            axis.axvspan(epoch + 0.5, epoch + 1.5, color="black", alpha=0.06, lw=0)
        axis.xaxis.get_major_locator().set_params(integer=True)
    for axis, names in ends.items():  # only now are the shared scales known
        if not names:
            axis.axis("off")
        label_ends(axis, names, gap=0.13)
    for axis, term in zip(axes[0], terms, strict=True):
        axis.set_title(term)
    for axis in axes[-1]:
        axis.set_xlabel("epoch")
    figure.supylabel("loss, unweighted: line training, dots held out", fontsize=9)
    return figure


# ---- Table 2 and figure 7 -------------------------------------------------------------------------------------------


def table2(beside: pd.DataFrame, k: int, columns: list[str], methods: list[str]):
    """Draw Table 2 at top-k: a panel per column, a line per method with its 95 % interval; below, the paper's numbers.

    The paper's have panels and scales of their own, because its data are other data. beside: of `tables.beside_paper`.
    Names that are no method (ceiling, prior, chance) become grey lines across the panel.
    """
    rows = beside[(beside.k == k) & beside.column.isin(columns)].set_index(["column", "method"])
    methods, lines = [m for m in methods if m in METHODS], [m for m in methods if m not in METHODS]
    printed = [m for m in methods if rows.paper[rows.index.get_level_values("method") == m].notna().any()]
    heights = [len(methods) + 1, len(printed) + 1] if printed else [1]
    size = (1.55 * len(columns) + 1.6, 0.25 * (sum(heights) if printed else len(methods)) + 1.8)
    grid = {"sharey": "row", "squeeze": False, "gridspec_kw": {"height_ratios": heights}}
    figure, axes = plt.subplots(len(heights), len(columns), figsize=size, **grid)
    for axis, column in zip(axes[0], columns, strict=True):
        part = rows.loc[column].reindex([*methods, *lines])
        for y, method in enumerate(methods[::-1]):
            r, tone = part.loc[method], colour(method)
            axis.plot([r.lo, r.hi], [y, y], color=tone, lw=2)
            axis.plot(r.ours, y, "o" if method in paper.METHODS else "D", color=tone, ms=6)
        _reference_lines(axis, part.ours[lines], len(methods) - 0.4)
        axis.set_title(column, pad=36 if lines else 6)
    for axis, column in zip(axes[1] if printed else [], columns, strict=False):
        for y, method in enumerate(printed[::-1]):
            axis.plot(rows.paper[column, method], y, "o", mfc="white", mew=2, color=colour(method), ms=6)
    for line, names, title in zip(axes, (methods, printed), ("here", "the paper, on its own data"), strict=False):
        line[0].set_yticks(range(len(names)), names[::-1])
        line[0].set_ylabel(title)
        for axis in line:
            axis.grid(False, axis="y")
            axis.margins(x=0.12)
            axis.locator_params(axis="x", nbins=3)
    figure.supxlabel(f"top-{k}, %", fontsize=9)
    return figure


def _reference_lines(axis, values: pd.Series, top: float) -> None:
    """Draw the references as grey lines, their names from `top` upwards; those of close lines stay apart."""
    known = values.dropna().sort_values()
    sides = [[], ["center"], ["right", "left"], ["right", "center", "left"], ["right", "left", "right", "left"]]
    styles = dict(zip(values.index, (":", "--", "-.", (0, (6, 2))), strict=False))
    for (name, value), side in zip(known.items(), sides[len(known)], strict=True):
        axis.axvline(value, color=GREY, ls=styles[name], lw=1.2)
        axis.text(value, top, name, fontsize=7, color="0.35", rotation=90, va="bottom", ha=side)


def attribute_recall(table: pd.DataFrame, methods: list[str]):
    """Draw figure 7: a panel per group, a line per attribute; FashionNet's disc is filled where no other is above it.

    table: of `tables.figure7` (columns group, attribute, n and one per method).
    """
    groups = list(table.group.unique())
    figure, axes = plt.subplots(1, len(groups), figsize=(2.7 * len(groups), 4.4), sharex=True, squeeze=False)
    others, tone = [m for m in methods if m != FASHIONNET], colour(FASHIONNET)
    marks = dict(zip(others, ("s", "D", "^", "v"), strict=False))
    for axis, group in zip(axes[0], groups, strict=True):
        rows = table[table.group == group].iloc[::-1]
        ours, best, y = 100 * rows[FASHIONNET], 100 * rows[others].max(axis=1), np.arange(len(rows))
        leads = (ours > best).to_numpy()
        axis.hlines(y, best, ours, color=[BLUE if lead else ORANGE for lead in leads], lw=3, alpha=0.4)
        for method in others:
            axis.plot(100 * rows[method], y, marks[method], ms=4.5, color=colour(method))
        axis.scatter(ours, y, s=36, ec=tone, fc=[tone if lead else "white" for lead in leads], zorder=3)
        axis.set(title=f"{group}: ahead on {leads.sum()} of {len(rows)}", xlabel="top-5 recall, %", xlim=(-4, 104))
        axis.set_yticks(y, [f"{name} ({n})" for name, n in zip(rows.attribute, rows.n, strict=True)], fontsize=8)
        axis.grid(False, axis="y")
    named = {m: (marks[m], m) for m in others} | {FASHIONNET: ("o", f"{FASHIONNET}, hollow where not ahead")}
    handles = [
        plt.Line2D([], [], ls="", marker=mark, color=colour(m), label=label) for m, (mark, label) in named.items()
    ]
    figure.legend(handles=handles, loc="outside lower center", ncols=len(handles), fontsize=9)
    return figure


# ---- curves: figures 8b, 9b, 10, 11 ---------------------------------------------------------------------------------


def curves_and_differences(panels: list[tuple[str, pd.DataFrame]], methods: list[str], x: str, y: str, at: float):
    """Draw curves, named at their ends, and below each method's difference to FashionNet with its 95 % band.

    panels: (title, rows) with columns method, x, y, difference, difference_lo, difference_hi; values are shares. The
    number beside a name is the value at x = `at`. Reference rows have no difference.
    """
    size = (5.2 * len(panels), 6.4)
    figure, axes = plt.subplots(2, len(panels), figsize=size, squeeze=False, sharex="col", sharey="row")
    ends = {}
    for (title, rows), upper, lower in zip(panels, *axes, strict=True):
        last, drawn, gaps = rows[x].max(), [], []
        for method in [m for m in methods if m in set(rows.method)]:
            part, style = rows[rows.method == method], line_of(method)
            curve = shares(part, x, y)
            drawn.append((f"{method} {100 * curve.y[min(at, last)]:.1f}", curve, style))
            if method in METHODS and method != FASHIONNET:
                gaps.append((method, shares(part, x, "difference", "difference_lo", "difference_hi"), style))
        ends[upper] = curves_with_intervals(upper, drawn)
        ends[lower] = curves_with_intervals(lower, gaps) + [(FASHIONNET, last, 0.0, colour(FASHIONNET))]
        lower.axhline(0, color=colour(FASHIONNET), lw=2.6)
        if not gaps:
            lower.set(ylim=(-1, 1), yticks=[0])
            lower.text(0.5, 0.6, "no other method to compare with", transform=lower.transAxes, ha="center", fontsize=9)
        upper.set(title=title, ylim=(0, 100))
    for axis, names in ends.items():  # only now are the shared scales known
        label_ends(axis, names)
    axes[0, 0].set_ylabel("found, %")
    axes[1, 0].set_ylabel(f"difference to {FASHIONNET}, points")
    return figure


def retrieval_curves(table: pd.DataFrame, methods: list[str]):
    """Draw figure 8b or 9b: accuracy over k and the difference to FashionNet; one column per search.

    table: of `tables.retrieval`.
    """
    panels = [(f"search: {search}", rows) for search, rows in table.groupby("search", sort=False)]
    figure = curves_and_differences(panels, methods, "k", "accuracy", paper.RETRIEVAL_TOP_K)
    figure.supxlabel(f"k; the number beside a name is the accuracy at k = {paper.RETRIEVAL_TOP_K}", fontsize=10)
    return figure


def pdj_differences(table: pd.DataFrame, methods: list[str]):
    """Draw figure 10b: PDJ of all landmarks, and the difference to FashionNet. table: of `tables.pdj`."""
    figure = curves_and_differences([("all landmarks", table)], methods, "threshold", "pdj", paper.PDJ_THRESHOLD)
    figure.supxlabel(f"distance in units of the box; numbers are at {paper.PDJ_THRESHOLD}", fontsize=10)
    return figure


def pdj_in_one(table: pd.DataFrame, method: str):
    """Draw figure 10a as the paper does: the eight landmarks of a method in one panel. table: of `tables.pdj`."""
    figure, axis = plt.subplots(figsize=(6.4, 4.2))
    limits = {"xlim": (0, table.threshold.max()), "ylim": (0, 100)}
    axis.set(**limits, ylabel="detected, %", xlabel="distance in units of the box", title=method)
    rows, lines, at = table[table.method == method], [], paper.PDJ_THRESHOLD
    for place, name in enumerate(LANDMARKS):
        curve = shares(rows[rows.landmark == name], "threshold", "pdj")
        if curve.y.notna().any():
            style = {"color": LANDMARK_COLOURS[place], "ls": "--" if place % 2 else "-"}
            lines.append((f"{name}: {100 * curve.y[at]:.1f} at {at}", curve, style))
    ends = curves_with_intervals(axis, lines)
    corner, line = (at, 100 * paper.PDJ_ABOVE), {"arrowstyle": "-", "color": "0.3", "lw": 0.8, "shrinkB": 6}
    axis.plot(*corner, "k+", ms=14, mew=2)
    axis.annotate("the paper: all above this", corner, (0.14, 50), fontsize=8, arrowprops=line)
    label_ends(axis, ends)
    return figure


def pdj_curves(table: pd.DataFrame, methods: list[str]):
    """Draw figure 10a of several methods, one panel per landmark. table: of `tables.pdj`."""
    figure, axes = plt.subplots(2, 4, figsize=(11.5, 5.2), sharex=True, sharey=True)
    axes[0, 0].set(xlim=(0, table.threshold.max()), ylim=(0, 100))
    for axis, name in zip(axes.flat, LANDMARKS, strict=True):
        part = table[table.landmark == name]
        have = [m for m in methods if m in set(part.method)]
        curves = [shares(part[part.method == m], "threshold", "pdj") for m in have]
        ends = curves_with_intervals(axis, list(zip(have, curves, map(line_of, have), strict=True)))
        axis.axvline(paper.PDJ_THRESHOLD, color="black", lw=0.8, ls=":")
        axis.set_title(f"{name}, n = {int(part.n.max()):,}")
        if axis in axes[:, -1]:
            label_ends(axis, ends, gap=0.1)
    figure.supxlabel("distance in units of the box", fontsize=10)
    figure.supylabel("detected, %", fontsize=10)
    return figure


def variation_curves(table: pd.DataFrame, method: str):
    """Draw figure 11a: accuracy over k of the queries of each pose and scale, with 95 % bands.

    table: of `tables.variations`.
    """
    figure, axes = plt.subplots(1, 2, figsize=(10.5, 3.6), sharey=True)
    axes[0].set(ylim=(0, 100), ylabel="found, %")
    for axis, by in zip(axes, ("pose", "scale"), strict=True):
        lines, rows = [], table[(table.method == method) & (table.by == by)]
        for tone, (value, r) in zip((BLUE, ORANGE), rows.groupby("value", sort=False), strict=False):
            curve = shares(r, "k", "accuracy", "lo", "hi")
            lines.append((f"{value}\n({r.queries.iloc[-1]} queries)", curve, {"color": tone}))
        ends = curves_with_intervals(axis, lines)
        axis.set(title=f"{method}, by {by}", xlabel="k")
        label_ends(axis, ends, gap=0.12)
    return figure


def variation_dots(table: pd.DataFrame, methods: list[str], k: int, most: int = 14):
    """Draw figure 11b: accuracy at k by category, easiest for FashionNet first, with 95 % intervals.

    table: of `tables.variations`; the `most` categories with the most queries are shown.
    """
    rows = table[(table.by == "category") & (table.k == k)]
    main = rows[rows.method == FASHIONNET].nlargest(most, "queries").sort_values("accuracy", kind="stable")
    figure, axis = plt.subplots(figsize=(8, 0.36 * len(main) + 1.4))
    for i, method in enumerate(methods):
        r = rows[rows.method == method].set_index("value").reindex(main.value)
        y = np.arange(len(r)) + 0.22 * ((len(methods) - 1) / 2 - i)
        axis.hlines(y, 100 * r.lo, 100 * r.hi, color=colour(method), lw=1.6)
        axis.plot(100 * r.accuracy, y, "os^Dv<>"[i % 7], color=colour(method), ms=5, label=method)
    axis.set_yticks(range(len(main)), [f"{v} ({n})" for v, n in zip(main.value, main.queries, strict=True)])
    axis.set(xlabel=f"top-{k} accuracy, % (queries in brackets)", xlim=(-3, 103))
    axis.grid(False, axis="y")
    figure.legend(loc="outside lower center", ncols=len(methods), fontsize=9)
    return figure


# ---- claims ---------------------------------------------------------------------------------------------------------


def claims(table: pd.DataFrame):
    """Draw every claim with its interval, in groups; a black bar is the paper's effect.

    table: columns group, claim, paper, measured, lo, hi, direction (see `claims.judge`); above 0 a claim is true.
    """
    groups = list(table.group.unique())
    heights = [(table.group == group).sum() + 1.2 for group in groups]
    size = (10, 0.27 * sum(heights) + 0.6)
    figure, axes = plt.subplots(len(groups), 1, figsize=size, squeeze=False, gridspec_kw={"height_ratios": heights})
    for axis, group in zip(axes[:, 0], groups, strict=True):
        rows = table[table.group == group].iloc[::-1].reset_index(drop=True)
        for y, r in rows.iterrows():
            tone = VERDICT_COLOURS.get(r.direction, GREY)
            axis.plot([100 * r.lo, 100 * r.hi], [y, y], color=tone, lw=2.2)
            axis.plot(100 * r.measured, y, "o", color=tone, ms=5)
            axis.plot(100 * r.paper, y, "|", color="black", ms=10, mew=2)
            axis.text(1.01, y, r.direction, transform=axis.get_yaxis_transform(), fontsize=8, va="center", color=tone)
        axis.axvline(0, color="black", lw=0.8)
        axis.set_yticks(range(len(rows)), rows.claim, fontsize=8)
        axis.set_ylim(-0.7, len(rows) - 0.3)
        axis.set_title(group, loc="left", fontsize=10)
        axis.grid(False, axis="y")
    axes[-1, 0].set_xlabel("points, above 0 where the claim is true; black bar: the paper's effect", fontsize=9)
    return figure
