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
from IPython.display import Image, display

from lib import paper
from lib.lists import LANDMARKS
from lib.methods import FASHIONNET, METHODS

PALETTE = "#0173b2 #de8f05 #029e73 #d55e00 #cc78bc #ca9161 #fbafe4 #949494 #ece133 #56b4e9".split()  # seaborn's
GREY, BLUE, ORANGE, GREEN, RED = (0.55, 0.55, 0.55), *PALETTE[:4]
# In the order of METHODS. The paper's seven and FashionNet without landmarks differ from each other, ours differ from
# each other and from FashionNet, and are dashed wherever they are lines.
METHOD_COLOURS = ["#117733", "#D98200", "#8F8F2B", "#882255", "#AA4499", "#CC5566", "#0072B2"]
METHOD_COLOURS += ["#2F9C8C", "#AA4499", "#D98200", "#332288", "#000000"]
# Left and right of a pair share a colour; the right one is drawn hollow or dashed.
LANDMARK_COLOURS = [PALETTE[i // 2] for i in range(len(LANDMARKS))]
VERDICT_COLOURS = {"held": BLUE, "opposite": RED, "no difference": "#AA4499"}  # all others: grey


def use_style() -> None:
    """Set one look for every notebook."""
    import seaborn as sns  # takes a second, which `--photo` does not wait for

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

    ends: (name, x, y, colour) in data units, not drawn for nan. gap: least distance in shares of the axis' height.
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


def curves_with_intervals(
    axis, lines: list[tuple[str, pd.DataFrame, dict]], y: str = "value", band: tuple[str, str] | None = None
) -> list[tuple]:
    """Draw curves over k, in per cent, with their 95 % bands; return what `label_ends` writes at their ends.

    lines: (name, rows of one method of the long table of measures, style). y, band: the columns that are drawn.
    """
    ends = []
    for name, rows, style in lines:
        rows = rows.sort_values("k")
        axis.plot(rows.k, 100 * rows[y], **style)
        if band:
            axis.fill_between(rows.k, *(100 * rows[end] for end in band), color=style["color"], alpha=0.15, lw=0)
        ends.append((name, rows.k.iloc[-1], 100 * rows[y].iloc[-1], style["color"]))
    return ends


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
        for epoch in history.epoch[history.step == 1].unique() if ends[axis] else ():
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


def curves_and_differences(table: pd.DataFrame, methods: list[str], at: float, x: str, title: str = ""):
    """Draw curves over k, named at their ends, and below each method's difference to FashionNet with its 95 % band.

    table: rows of one measure of the long table; each group has its panels, titled by `title` and its name. The number
    beside a name is the value at k = `at`. x: what k is. Reference rows have no difference.
    """
    groups = table.groupby("group", sort=False)
    size = (5.2 * len(groups), 6.4)
    figure, axes = plt.subplots(2, len(groups), figsize=size, squeeze=False, sharex="col", sharey="row")
    ends = {}
    for (group, rows), upper, lower in zip(groups, *axes, strict=True):
        last, drawn, gaps = rows.k.max(), [], []
        for method in [m for m in methods if m in set(rows.method)]:
            part, style = rows[rows.method == method], line_of(method)
            value = part.value[part.k == min(at, last)].iloc[0]
            drawn.append((f"{method} {100 * value:.1f}", part, style))
            if method in METHODS and method != FASHIONNET:
                gaps.append((method, part, style))
        ends[upper] = curves_with_intervals(upper, drawn)
        ends[lower] = curves_with_intervals(lower, gaps, "difference", ("d_lo", "d_hi"))
        ends[lower] += [(FASHIONNET, last, 0.0, colour(FASHIONNET))]
        lower.axhline(0, color=colour(FASHIONNET), lw=2.6)
        if not gaps:
            lower.set(ylim=(-1, 1), yticks=[0])
            lower.text(0.5, 0.6, "no other method to compare with", transform=lower.transAxes, ha="center", fontsize=9)
        upper.set(title=f"{title}{group}", ylim=(0, 100))
    for axis, names in ends.items():  # only now are the shared scales known
        label_ends(axis, names)
    axes[0, 0].set_ylabel("found, %")
    axes[1, 0].set_ylabel(f"difference to {FASHIONNET}, points")
    figure.supxlabel(x, fontsize=10)
    return figure
