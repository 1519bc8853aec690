"""Draw the paper's figures: arrays and tables in, matplotlib figures out.

Nothing here reads files or computes a metric; `results.save_figure` writes what these functions return. One style for all,
safe for colour-blind readers. Methods are named where their marks end, not in a legend, and keep their colour everywhere;
reference rows (ceiling, prior, chance) are grey.
"""

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

_COLOURS = sns.color_palette("colorblind", 10)
GREY, BLUE, ORANGE, GREEN = (0.55, 0.55, 0.55), _COLOURS[0], _COLOURS[1], _COLOURS[2]
# In the order of METHODS. The paper's seven differ from each other, ours differ from each other and from FashionNet, and are
# dashed wherever they are lines.
_ORDER = ["#117733", "#D98200", "#8F8F2B", "#882255", "#AA4499", "#CC5566", "#0072B2"]
_ORDER += ["#2F9C8C", "#AA4499", "#D98200", "#117733", "#000000"]
# Left and right of a pair share a colour; the right one is drawn hollow or dashed.
LANDMARK_COLOURS = [_COLOURS[i] for i in (0, 0, 1, 1, 2, 2, 3, 3)]


def use_style() -> None:
    """Set one look for every notebook."""
    pd.set_option("display.max_colwidth", None, "display.precision", 3, "display.max_rows", 100)
    sns.set_theme(context="notebook", style="whitegrid", palette="colorblind")
    plt.rcParams.update({
        "figure.dpi": 72,
        "figure.constrained_layout.use": True,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.titlesize": 11,
        "axes.labelsize": 10,
        "xtick.labelsize": 9,
        "ytick.labelsize": 9,
        "legend.frameon": False,
        "text.parse_math": False,  # a name with a dollar sign is no formula
    })  # fmt: skip


def show(figure, colours: int = 96) -> None:
    """Show a figure once in a notebook as a small png of screen size, without its repr, and close it."""
    buffer, small = io.BytesIO(), io.BytesIO()
    figure.savefig(buffer, format="png", dpi=72, bbox_inches="tight")
    plt.close(figure)
    PIL.Image.open(buffer).convert("RGB").quantize(colours).save(small, "png", optimize=True)
    display(Image(data=small.getvalue(), format="png"))


def colour(method: str):
    """Return the colour of a method in every figure; grey for a name that is no method."""
    order = list(METHODS)
    return _ORDER[order.index(method) % len(_ORDER)] if method in order else GREY


def line_of(method: str) -> dict:
    """Return the line style of a method: ours and reference rows are dashed, FashionNet is wider."""
    return {
        "color": colour(method),
        "ls": "-" if method in paper.METHODS else "--",
        "lw": 2.6 if method == FASHIONNET else 1.5,
    }


def label_ends(axis, ends: list[tuple[str, float, float, tuple]], gap: float = 0.055) -> None:
    """Write names at line ends, moved apart where they would overlap.

    ends: (name, x, y, colour) in data units. gap: least distance of two names, as a share of the axis' height.
    """
    if not ends:
        return
    low, high = axis.get_ylim()
    span, ends = high - low, sorted(ends, key=lambda end: end[2])
    places = [(end[2] - low) / span for end in ends]
    for i in range(1, len(places)):
        places[i] = max(places[i], places[i - 1] + gap)
    over = max(0.0, places[-1] - 1)
    places = [place - over for place in places]
    for i in range(len(places) - 2, -1, -1):
        places[i] = min(places[i], places[i + 1] - gap)
    for (name, x, y, tone), place in zip(ends, places, strict=True):
        axis.annotate(
            name, (x, y), xytext=(1.03, place), textcoords="axes fraction", fontsize=8, color=tone, va="center",
            arrowprops={"arrowstyle": "-", "lw": 0.5, "color": tone, "shrinkA": 0, "shrinkB": 0, "relpos": (0, 0.5)},
            annotation_clip=False,
        )  # fmt: skip


def _band(axis, x, lower, upper, tone) -> None:
    axis.fill_between(x, lower, upper, color=tone, alpha=0.15, lw=0)


# ---- the data: figure 3 ----------------------------------------------------------------------------------------------


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


# ---- the network: figures 5 and 6 -----------------------------------------------------------------------------------

# Layer: (column, row, colour) in figure 5; rows: the pose branch above, global in the middle, local below.
_PLACES = {
    "image": (0, 1, "0.85"), "conv1-conv4": (1, 1, "0.7"),
    "conv5_pose": (2, 0, BLUE), "fc6_pose": (3, 0, BLUE), "fc7_pose": (4, 0, BLUE),
    "landmarks": (5, -0.35, BLUE), "visibility": (5, 0.35, BLUE),
    "conv5_global": (2, 1, ORANGE), "pool5_global": (3, 1, ORANGE), "fc6_global": (4, 1, ORANGE),
    "pool5_local": (3, 2, GREEN), "fc6_local": (4, 2, GREEN),
    "fc7_fusion": (5, 1.5, "0.7"),
    "category": (6, 0.9, "0.7"), "attributes": (6, 1.5, "0.7"), "embedding": (6, 2.1, "0.7"),
}  # fmt: skip
_ARROWS = (
    ("image", "conv1-conv4"), ("conv1-conv4", "conv5_pose"), ("conv5_pose", "fc6_pose"), ("fc6_pose", "fc7_pose"),
    ("fc7_pose", "landmarks"), ("fc7_pose", "visibility"), ("conv1-conv4", "conv5_global"),
    ("conv5_global", "pool5_global"), ("pool5_global", "fc6_global"), ("conv1-conv4", "pool5_local"),
    ("pool5_local", "fc6_local"), ("fc6_global", "fc7_fusion"), ("fc6_local", "fc7_fusion"),
    ("fc7_fusion", "category"), ("fc7_fusion", "attributes"), ("fc7_fusion", "embedding"),
)  # fmt: skip


def network(sizes: dict[str, str], title: str = ""):
    """Draw figure 5: blue pose, orange global and green local branch, with the size of each layer's output.

    sizes: {layer: size as text}, layers as in `tables.layer_table`; layers that are absent are not drawn.
    """
    figure, axis = plt.subplots(figsize=(12, 4.6))
    drawn = {name: place for name, place in _PLACES.items() if name in sizes}
    for name, (x, y, tone) in drawn.items():
        axis.add_patch(plt.Rectangle((x - 0.4, -y - 0.24), 0.8, 0.48, fc=tone, ec="black", alpha=0.75, lw=0.8))
        axis.text(x, -y, f"{name}\n{sizes[name]}", ha="center", va="center", fontsize=8.5)
    for first, last in _ARROWS:
        if first in drawn and last in drawn:
            (x1, y1, _), (x2, y2, _) = drawn[first], drawn[last]
            axis.annotate("", (x2 - 0.4, -y2), (x1 + 0.4, -y1), arrowprops={"arrowstyle": "->", "color": "0.3"})
    if {"landmarks", "pool5_local"} <= set(drawn):  # the estimated landmarks say where conv4 is pooled
        style = {"arrowstyle": "->", "color": BLUE, "ls": "--", "connectionstyle": "arc3,rad=0.22", "zorder": 0}
        axis.annotate("", (2.75, -1.76), (4.6, 0.2), arrowprops=style)
        words = {
            "fontsize": 8,
            "color": BLUE,
            "ha": "center",
            "va": "center",
            "bbox": {"fc": "white", "ec": "none", "pad": 1},
        }
        axis.text(3.62, -0.5, "estimated landmarks place\nand gate the pooling of conv4", **words)
    for x, y, word, tone in ((1.62, 0.33, "pose", BLUE), (1.62, -0.67, "global", ORANGE), (2.62, -2.4, "local", GREEN)):
        axis.text(x, y, f"{word} branch", color=tone, fontsize=9, weight="bold")
    axis.set(xlim=(-0.5, 6.5), ylim=(-2.5, 0.75), title=title)
    axis.axis("off")
    return figure


def pooling_map(cells: np.ndarray, landmarks: np.ndarray, gate: np.ndarray, corners: np.ndarray, window: int):
    """Draw figure 6: a feature map (H, W) with its values and the regions that landmark pooling takes.

    landmarks (L, 2) in units of the map, gate (L,), corners (L, 2) top-left cells (column, row); gated regions are dashed.
    """
    H, W = cells.shape
    figure, axis = plt.subplots(figsize=(4.2, 4))
    axis.imshow(cells, cmap="Greys", vmin=0, vmax=2 * cells.max(), extent=(0, W, H, 0))
    for y in range(H):
        for x in range(W):
            axis.text(x + 0.5, y + 0.5, f"{cells[y, x]:.0f}", ha="center", va="center", color="0.35")
    for j, ((x, y), g, (left, top)) in enumerate(zip(landmarks * (W, H), gate, corners, strict=True)):
        shift = 0 if g else 0.06 * j  # drawn beside the region that it would hide
        look = {"fill": False, "ec": _COLOURS[j], "lw": 2.5, "ls": "-" if g else "--", "clip_on": False}
        axis.add_patch(plt.Rectangle((left + shift, top + shift), window, window, **look))
        label = f"{j + 1}" if g else f"{j + 1}, invisible"
        axis.plot(x + shift, y + shift, "o", color=_COLOURS[j], label=label, clip_on=False)
    axis.set(xticks=range(W + 1), yticks=range(H + 1), xlim=(-1.2, W + 1.2), ylim=(H + 1.2, -1.2))
    axis.grid(False)
    figure.legend(title="landmark", loc="outside right upper", fontsize=8)
    return figure


# ---- training -------------------------------------------------------------------------------------------------------


def loss_curves(history: pd.DataFrame, methods: list[str], most: int = 4):
    """Draw the losses by epoch, small multiples: one column per loss, rows of at most `most` methods besides FashionNet.

    history: of `tables.history_table` (columns method, epoch, step, train_<loss>, held_out_<loss>). Solid lines are training
    losses, dotted ones held-out losses; epochs of step 1 are shaded.
    """
    terms = [c.removeprefix("train_") for c in history if c.startswith("train_") and history[c].notna().any()]
    others = [m for m in methods if m != FASHIONNET]
    rows = [others[i : i + most] for i in range(0, len(others), most)] or [[]]
    size = (2.9 * len(terms), 2.3 * len(rows))
    figure, axes = plt.subplots(len(rows), len(terms), figsize=size, squeeze=False, sharex=True, sharey="col")
    for line, group in zip(axes, rows, strict=True):
        for axis, term in zip(line, terms, strict=True):
            ends = []
            for method in [*group, FASHIONNET]:
                h, tone = history[history.method == method], colour(method)
                if not len(h) or h[f"train_{term}"].isna().all():
                    continue
                axis.plot(h.epoch + 1, h[f"train_{term}"], color=tone, lw=1.4)
                if f"held_out_{term}" in h and h[f"held_out_{term}"].notna().any():
                    axis.plot(h.epoch + 1, h[f"held_out_{term}"], color=tone, lw=1.4, ls=":", marker=".", ms=3)
                ends.append((method, h.epoch.iloc[-1] + 1, h[f"train_{term}"].iloc[-1], tone))
            for epoch in history.epoch[history.step == 1].unique():
                axis.axvspan(epoch + 0.5, epoch + 1.5, color="black", alpha=0.06, lw=0)
            axis.xaxis.get_major_locator().set_params(integer=True)
            axis._ends = ends
    for line in axes:
        for axis in line:  # only now are the shared scales known
            if not axis._ends:
                axis.axis("off")
            label_ends(axis, axis._ends, gap=0.13)
    for axis, term in zip(axes[0], terms, strict=True):
        axis.set_title(term)
    for axis in axes[-1]:
        axis.set_xlabel("epoch")
    figure.supylabel("loss, unweighted: line training, dots held out", fontsize=9)
    return figure


# ---- Table 2 and figure 7 -------------------------------------------------------------------------------------------


def table2(beside: pd.DataFrame, k: int, columns: list[str], methods: list[str]):
    """Draw Table 2 at top-k: one panel per column, one line per method with its 95 % interval; below, the paper's numbers.

    The paper's have panels and scales of their own, because its data are other data. beside: of `tables.beside_paper`. Names
    that are no method (ceiling, prior, chance) become grey lines across the panel.
    """
    rows = beside[(beside.k == k) & beside.column.isin(columns)].set_index(["column", "method"])
    methods, lines = [m for m in methods if m in METHODS], [m for m in methods if m not in METHODS]
    printed = [m for m in methods if rows.paper[rows.index.get_level_values("method") == m].notna().any()]
    heights = [len(methods) + 1, len(printed) + 1] if printed else [1]
    figure, axes = plt.subplots(
        len(heights), len(columns), figsize=(1.55 * len(columns) + 1.6, 0.25 * (sum(heights) if printed else len(methods)) + 1.8),
        sharey="row", squeeze=False, gridspec_kw={"height_ratios": heights},
    )  # fmt: skip
    for axis, column in zip(axes[0], columns, strict=True):
        part = rows.loc[column].reindex([*methods, *lines])
        for y, method in enumerate(methods[::-1]):
            r, tone = part.loc[method], colour(method)
            axis.plot([r.lo, r.hi], [y, y], color=tone, lw=2)
            axis.plot(r.ours, y, "o" if method in paper.METHODS else "D", color=tone, ms=6)
        known = part.ours[lines].dropna().sort_values()
        sides = {1: ["center"], 2: ["right", "left"], 3: ["right", "center", "left"]}.get(len(known), [])
        for (name, value), side in zip(known.items(), sides, strict=True):  # labels of close lines stay apart
            axis.axvline(value, color=GREY, ls=(":", "--", "-.")[lines.index(name)], lw=1.2)
            place = {"rotation": 90, "va": "bottom", "ha": side}
            axis.text(value, len(methods) - 0.4, name, fontsize=7, color="0.35", **place)
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


def attribute_recall(table: pd.DataFrame, methods: list[str]):
    """Draw figure 7: one panel per group, one line per attribute; FashionNet's disc is filled where no other is above it.

    table: of `tables.figure7` (columns group, attribute, n and one per method).
    """
    groups = list(table.group.unique())
    figure, axes = plt.subplots(1, len(groups), figsize=(2.7 * len(groups), 4.4), sharex=True, squeeze=False)
    others = [m for m in methods if m != FASHIONNET]
    marks = dict(zip(others, ("s", "D", "^", "v"), strict=False))
    for axis, group in zip(axes[0], groups, strict=True):
        rows = table[table.group == group].iloc[::-1]
        best, y = rows[others].max(axis=1), np.arange(len(rows))
        leads = (rows[FASHIONNET] > best).to_numpy()
        axis.hlines(
            y, 100 * best, 100 * rows[FASHIONNET], color=[BLUE if lead else ORANGE for lead in leads], lw=3, alpha=0.4
        )
        for method in others:
            axis.plot(100 * rows[method], y, marks[method], ms=4.5, color=colour(method))
        axis.scatter(
            100 * rows[FASHIONNET],
            y,
            s=36,
            ec=colour(FASHIONNET),
            fc=[colour(FASHIONNET) if x else "white" for x in leads],
            zorder=3,
        )
        axis.set(title=f"{group}: ahead on {leads.sum()} of {len(rows)}", xlabel="top-5 recall, %", xlim=(-4, 104))
        axis.set_yticks(y, [f"{name} ({n})" for name, n in zip(rows.attribute, rows.n, strict=True)], fontsize=8)
        axis.grid(False, axis="y")
    handles = [plt.Line2D([], [], ls="", marker=marks[m], color=colour(m), label=m) for m in others]
    handles.append(
        plt.Line2D([], [], ls="", marker="o", color=colour(FASHIONNET), label=f"{FASHIONNET}, hollow where not ahead")
    )
    figure.legend(handles=handles, loc="outside lower center", ncols=len(handles), fontsize=9)
    return figure


# ---- curves: figures 8b, 9b, 10, 11 ---------------------------------------------------------------------------------


def curves_and_differences(panels: list[tuple[str, pd.DataFrame]], methods: list[str], x: str, y: str, at: float):
    """Draw curves, named at their ends, and below each method's difference to FashionNet with its 95 % band.

    panels: (title, rows) with columns method, x, y, difference, difference_lo, difference_hi; values are shares. The number
    beside a name is the value at x = `at`. Reference rows have no difference.
    """
    size = (5.2 * len(panels), 6.4)
    figure, axes = plt.subplots(2, len(panels), figsize=size, squeeze=False, sharex="col", sharey="row")
    for (title, rows), upper, lower in zip(panels, *axes, strict=True):
        ends, differences, last = [], [], rows[x].max()
        for method in [m for m in methods if m in set(rows.method)]:
            r, tone = rows[rows.method == method].set_index(x).sort_index(), colour(method)
            upper.plot(r.index, 100 * r[y], **line_of(method))
            ends.append((f"{method} {100 * r[y][min(at, last)]:.1f}", last, 100 * r[y].iloc[-1], tone))
            if method in METHODS and method != FASHIONNET:
                lower.plot(r.index, 100 * r.difference, **line_of(method))
                _band(lower, r.index, 100 * r.difference_lo, 100 * r.difference_hi, tone)
                differences.append((method, last, 100 * r.difference.iloc[-1], tone))
        lower.axhline(0, color=colour(FASHIONNET), lw=2.6)
        if not differences:
            lower.set(ylim=(-1, 1), yticks=[0])
            lower.text(0.5, 0.6, "no other method to compare with", transform=lower.transAxes, ha="center", fontsize=9)
        upper.set(title=title, ylim=(0, 100))
        upper._ends, lower._ends = ends, [*differences, (FASHIONNET, last, 0.0, colour(FASHIONNET))]
    for axis in axes.flat:
        label_ends(axis, [end for end in axis._ends if np.isfinite(end[2])])
    axes[0, 0].set_ylabel("found, %")
    axes[1, 0].set_ylabel(f"difference to {FASHIONNET}, points")
    return figure


def retrieval_curves(table: pd.DataFrame, methods: list[str]):
    """Draw figure 8b or 9b: accuracy over k and the difference to FashionNet; one column per search.

    table: of `tables.retrieval_curves`.
    """
    panels = [(f"search: {search}", rows) for search, rows in table.groupby("search", sort=False)]
    figure = curves_and_differences(panels, methods, "k", "accuracy", paper.RETRIEVAL_TOP_K)
    figure.supxlabel(f"k; the number beside a name is the accuracy at k = {paper.RETRIEVAL_TOP_K}", fontsize=10)
    return figure


def pdj_in_one(table: pd.DataFrame, method: str):
    """Draw figure 10a as the paper does: all eight landmarks of one method in one panel. table: of `tables.pdj_table`."""
    figure, axis = plt.subplots(figsize=(6.4, 4.2))
    axis.set(
        xlim=(0, table.threshold.max()), ylim=(0, 100), ylabel="detected, %", xlabel="distance in units of the box"
    )
    rows, ends = table[(table.method == method) & (table.norm == "box")], []
    for j, name in enumerate(LANDMARKS):
        r = rows[rows.landmark == name]
        if r.pdj.notna().any():
            axis.plot(r.threshold, 100 * r.pdj, color=LANDMARK_COLOURS[j], ls="--" if j % 2 else "-")
            at = 100 * r.pdj[r.threshold == paper.PDJ_THRESHOLD].iloc[0]
            ends.append(
                (
                    f"{name}: {at:.1f} at {paper.PDJ_THRESHOLD}",
                    r.threshold.iloc[-1],
                    100 * r.pdj.iloc[-1],
                    LANDMARK_COLOURS[j],
                )
            )
    axis.plot([paper.PDJ_THRESHOLD], [100 * paper.PDJ_ABOVE], "k+", ms=14, mew=2)
    corner = (paper.PDJ_THRESHOLD, 100 * paper.PDJ_ABOVE)
    line = {"arrowstyle": "-", "color": "0.3", "lw": 0.8, "shrinkB": 6}
    axis.annotate("the paper: all above this", corner, (0.14, 50), fontsize=8, arrowprops=line)
    axis.set_title(method)
    label_ends(axis, ends)
    return figure


def pdj_curves(table: pd.DataFrame, methods: list[str], norm: str = "box"):
    """Draw figure 10a of several methods, one panel per landmark. table: of `tables.pdj_table`."""
    table = table[table.norm == norm]
    figure, axes = plt.subplots(2, 4, figsize=(11.5, 5.2), sharex=True, sharey=True)
    axes[0, 0].set(xlim=(0, table.threshold.max()), ylim=(0, 100))
    for axis, name in zip(axes.flat, LANDMARKS, strict=True):
        ends, part = [], table[table.landmark == name]
        for method in [m for m in methods if m in set(part.method)]:
            r = part[part.method == method]
            axis.plot(r.threshold, 100 * r.pdj, **line_of(method))
            ends.append((method, r.threshold.iloc[-1], 100 * r.pdj.iloc[-1], colour(method)))
        axis.axvline(paper.PDJ_THRESHOLD, color="black", lw=0.8, ls=":")
        axis.set_title(f"{name}, n = {int(part.n.max()):,}")
        if axis in axes[:, -1]:
            label_ends(axis, ends, gap=0.1)
    figure.supxlabel(
        "distance in units of the box" if norm == "box" else "distance in diagonals of the box", fontsize=10
    )
    figure.supylabel("detected, %", fontsize=10)
    return figure


def pdj_differences(table: pd.DataFrame, methods: list[str]):
    """Draw figure 10b: PDJ of all landmarks, and the difference to FashionNet. table: of `tables.pdj_differences`."""
    figure = curves_and_differences([("all landmarks", table)], methods, "threshold", "pdj", paper.PDJ_THRESHOLD)
    figure.supxlabel(f"distance in units of the box; numbers are at {paper.PDJ_THRESHOLD}", fontsize=10)
    return figure


def variation_curves(table: pd.DataFrame, method: str):
    """Draw figure 11a: accuracy over k of the queries of each pose and scale, with 95 % bands.

    table: of `tables.variation_table`.
    """
    figure, axes = plt.subplots(1, 2, figsize=(10.5, 3.6), sharey=True)
    axes[0].set(ylim=(0, 100), ylabel="found, %")
    for axis, by in zip(axes, ("pose", "scale"), strict=True):
        ends = []
        for tone, (value, r) in zip(
            (BLUE, ORANGE),
            table[(table.method == method) & (table.by == by)].groupby("value", sort=False),
            strict=False,
        ):
            axis.plot(r.k, 100 * r.accuracy, color=tone)
            _band(axis, r.k, 100 * r.lo, 100 * r.hi, tone)
            if np.isfinite(r.accuracy.iloc[-1]):
                ends.append((f"{value}\n({r.queries.iloc[-1]} queries)", r.k.iloc[-1], 100 * r.accuracy.iloc[-1], tone))
        axis.set(title=f"{method}, by {by}", xlabel="k")
        label_ends(axis, ends, gap=0.12)
    return figure


def variation_dots(table: pd.DataFrame, methods: list[str], k: int, most: int = 14):
    """Draw figure 11b: accuracy at k by category, easiest for FashionNet first, with 95 % intervals.

    table: of `tables.variation_table`; the `most` categories with the most queries are shown.
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

VERDICT_COLOURS = {"held": BLUE, "not held": _COLOURS[3], "no difference": "#AA4499"}  # all others: grey


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
