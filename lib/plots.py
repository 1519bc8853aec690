"""Figures: arrays and tables in, matplotlib figures out. One style, colour-blind safe, methods in one order and colour.

Nothing here reads files or computes a metric; `report.save_figure` writes what these functions return.
"""

import matplotlib.pyplot as plt
import numpy as np
import seaborn as sns

from lib.data import LANDMARKS

_COLOURS = sns.color_palette("colorblind", 10)
# One colour for a method in every figure. Ours never stand beside those of the paper whose colour they share (ten can be
# told apart); what is no method is grey.
METHOD_COLOURS = {
    "fashionnet": _COLOURS[0],
    "darn": _COLOURS[1],
    "wtbi": _COLOURS[2],
    "fashionnet+poselets": _COLOURS[3],
    "fashionnet+joints": _COLOURS[4],
    "fashionnet+500": _COLOURS[5],
    "fashionnet+100": _COLOURS[8],
    "fashionnet-heatmap": _COLOURS[9],
    "fashionnet-noattr": _COLOURS[6],
    "fashionnet-joint": _COLOURS[1],
    "fashionnet-global": _COLOURS[2],
    "fashionnet-oracle": (0, 0, 0),
    "mean landmark": (0.55, 0.55, 0.55),
    "prior": (0.55, 0.55, 0.55),
    "chance": (0.8, 0.8, 0.8),
}
# Left and right of a pair share a colour; the right one is drawn hollow or dashed.
LANDMARK_COLOURS = [_COLOURS[i] for i in (0, 0, 1, 1, 2, 2, 3, 3)]


def use_style() -> None:
    """One look for every notebook."""
    sns.set_theme(context="notebook", style="whitegrid", palette="colorblind")
    plt.rcParams.update({
        "figure.dpi": 100,
        "figure.constrained_layout.use": True,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.titlesize": 11,
        "legend.frameon": False,
        "svg.hashsalt": "fashionnet",  # stable ids, so that an svg changes only where its content does
    })  # fmt: skip


def show(figure) -> None:
    """Show a figure once in a notebook, without its repr, and let go of it."""
    plt.figure(figure)
    plt.show()
    plt.close(figure)


def draw_landmarks(axis, landmarks: np.ndarray, visibility: np.ndarray, size: float = 6) -> None:
    """Landmarks (8, 2) as (x, y) pixels on an image axis: visible ones as discs (left filled, right hollow), occluded
    ones with a known place as crosses."""
    for j, ((x, y), code) in enumerate(zip(landmarks, visibility, strict=True)):
        if code == 0:
            face = LANDMARK_COLOURS[j] if j % 2 == 0 else "white"
            axis.plot(x, y, "o", ms=size, mfc=face, mec=LANDMARK_COLOURS[j], mew=size / 3)
        elif code == 1 and np.isfinite(x):
            axis.plot(x, y, "x", ms=size, mec=LANDMARK_COLOURS[j], mew=size / 3)


def landmark_legend(figure) -> None:
    """What the marks of `draw_landmarks` mean, below the figure."""
    handles = [
        plt.Line2D([], [], marker="o", ls="", ms=6, mew=2, mec=LANDMARK_COLOURS[j], label=name,
                   mfc=LANDMARK_COLOURS[j] if j % 2 == 0 else "white")
        for j, name in enumerate(LANDMARKS)
    ]  # fmt: skip
    figure.legend(handles=handles, loc="outside lower center", ncols=4, fontsize=9)


def photo_grid(photos, titles, columns: int, boxes=None, landmarks=None, visibility=None, size: float = 2.0):
    """Photos (a list of (H, W, 3) uint8) in a grid with their titles, boxes (x1, y1, x2, y2) and landmarks."""
    rows = -(-len(photos) // columns)
    figure, axes = plt.subplots(rows, columns, figsize=(columns * size, rows * size * 1.25), squeeze=False)
    for axis in axes.flat:
        axis.axis("off")
    for i, (axis, photo) in enumerate(zip(axes.flat, photos, strict=False)):
        axis.imshow(photo)
        axis.set_title(titles[i], fontsize=8)
        if boxes is not None:
            x1, y1, x2, y2 = boxes[i]
            axis.add_patch(plt.Rectangle((x1, y1), x2 - x1, y2 - y1, fill=False, ec="black", lw=1, ls=":"))
        if landmarks is not None:
            draw_landmarks(axis, landmarks[i], visibility[i])
        axis.set(xlim=(0, photo.shape[1]), ylim=(photo.shape[0], 0))
    if landmarks is not None:
        landmark_legend(figure)
    return figure


def loss_curves(
    histories: dict,
    terms=("landmark", "heatmap", "visibility", "category", "attribute", "triplet"),
    frequencies: float | None = None,
):
    """Training (line) and held-out (dashed) losses by epoch; step 1 of the iterative training is shaded.

    histories: {method: DataFrame of `report.history`}; a panel a loss that any of them has. frequencies: the held-out attribute
    loss of the label frequencies (`report.frequency_loss`), a dotted line.
    """
    shown = [t for t in terms if any(f"train_{t}" in h for h in histories.values())]
    figure, axes = plt.subplots(1, len(shown), figsize=(3.6 * len(shown), 3.2), squeeze=False)
    for axis, term in zip(axes[0], shown, strict=True):
        for method, h in histories.items():
            # FashionNet, with which the others are compared, shows behind one that lies upon it.
            look = {"color": METHOD_COLOURS[method], "lw": 1.5} | (
                {"lw": 2.8, "zorder": 1} if method == "fashionnet" else {}
            )
            if f"train_{term}" in h:
                axis.plot(h.epoch + 1, h[f"train_{term}"], label=method, **look)
            if f"monitor_{term}" in h:
                axis.plot(h.epoch + 1, h[f"monitor_{term}"], ls="--", **look)
        if term == "attribute" and frequencies is not None:
            axis.axhline(frequencies, color="black", lw=1.5, ls=":")
        stepped = next((h for h in histories.values() if (h.step == 1).any()), next(iter(histories.values())))
        for epoch in stepped.epoch[stepped.step == 1]:
            axis.axvspan(epoch + 0.5, epoch + 1.5, color="black", alpha=0.06, lw=0)
        axis.set(title=term, xlabel="epoch", ylim=(0, None))
        axis.xaxis.get_major_locator().set_params(integer=True)
    axes[0, 0].set_ylabel("loss, unweighted")
    handles = [plt.Line2D([], [], color=METHOD_COLOURS[method], label=method) for method in histories]
    handles += [
        plt.Line2D([], [], color="0.6", label="train"),
        plt.Line2D([], [], color="0.6", ls="--", label="held out"),
    ]
    if frequencies is not None:
        handles += [plt.Line2D([], [], color="black", ls=":", label="label frequencies, held out")]
    handles += [plt.Rectangle((0, 0), 1, 1, color="black", alpha=0.06, label="step 1")]
    lines = -(-len(handles) // 10)
    figure.legend(handles=handles, loc="outside lower center", ncols=-(-len(handles) // lines), fontsize=9)
    return figure


def pdj_curves(table, methods: list[str], norm: str = "box"):
    """Figure 10: PDJ over the threshold, a panel a landmark and one for all; `table` as `report.pdj_table`."""
    names, table = [*LANDMARKS, "all"], table[table.norm == norm]
    figure, axes = plt.subplots(3, 3, figsize=(9.5, 8.5), sharex=True, sharey=True)
    for axis, name in zip(axes.flat, names, strict=True):
        for number, method in enumerate(methods):
            rows = table[(table.method == method) & (table.landmark == name)]
            width = 1.5 if number else 4  # the first shows behind one that lies upon it
            axis.plot(rows.threshold, 100 * rows.pdj, color=METHOD_COLOURS[method], label=method, lw=width)
        axis.axvline(0.1, color="black", lw=0.8, ls=":")
        axis.set_title(f"{name}, n = {int(rows.n.iloc[0]):,}")
    axes[0, 0].set(xlim=(0, table.threshold.max()), ylim=(0, 100))
    for axis in axes[-1]:
        axis.set_xlabel("distance in units of the box" if norm == "box" else "distance in diagonals of the box")
    for axis in axes[:, 0]:
        axis.set_ylabel("detected, %")
    axes[0, 0].legend(fontsize=9)
    return figure


def interval_bars(table, column_order: list[str], methods: list[str], unit: str = "%"):
    """Grouped bars with 95 % intervals. table: columns method, column, ours, lo, hi (as `report.beside_paper`); the
    paper's values, where there are any, as black dashes. A method without a number in these columns is left out."""
    shown = table[table.column.isin(column_order) & table.ours.notna()]
    methods = [method for method in methods if (shown.method == method).any()]
    figure, axis = plt.subplots(figsize=(max(7, 1.5 * len(column_order)), 4.2))
    width = 0.8 / len(methods)
    for m, method in enumerate(methods):
        rows = table[table.method == method].set_index("column").reindex(column_order)
        x = np.arange(len(column_order)) + (m - (len(methods) - 1) / 2) * width
        errors = np.clip(np.stack([rows.ours - rows.lo, rows.hi - rows.ours]), 0, None)
        axis.bar(x, rows.ours, width, color=METHOD_COLOURS[method], label=method, yerr=errors,
                 error_kw={"lw": 1, "alpha": 0.7})  # fmt: skip
        if "paper" in rows and rows.paper.notna().any():
            axis.plot(x, rows.paper, "_", color="black", ms=90 * width, mew=1.5, label="paper" if m == 0 else None)
    axis.set(xticks=np.arange(len(column_order)), xticklabels=column_order, ylabel=unit, ylim=(0, 100))
    axis.grid(False, axis="x")
    _legend_below(figure, axis)
    return figure


def _legend_below(figure, axis) -> None:
    """The axis' legend below the figure, five entries a line at most, lines about equally long."""
    entries = len(axis.get_legend_handles_labels()[1])
    lines = max(1, -(-entries // 5))
    figure.legend(fontsize=9, ncols=-(-entries // lines), loc="outside lower center")


def retrieval_curves(table, methods: list[str], top: int):
    """Figures 8b and 9b: accuracy over k with its 95 % band, and in the legend that at `top` (or the largest k there is); a
    panel a search.
    `table` as `report.retrieval_table`."""
    searches, top = list(table.search.unique()), min(top, table.k.max())
    figure, axes = plt.subplots(1, len(searches), figsize=(5.4 * len(searches), 4.6), sharey=True, squeeze=False)
    for axis, search in zip(axes[0], searches, strict=True):
        for method in methods:
            rows = table[(table.method == method) & (table.search == search)].set_index("k")
            at = rows.accuracy[top]
            axis.plot(rows.index, rows.accuracy, color=METHOD_COLOURS[method], label=f"{method} ({at:.3f})")
            axis.fill_between(rows.index, rows.lo, rows.hi, color=METHOD_COLOURS[method], alpha=0.12, lw=0)
        axis.set(xlabel="k", title=f"search: {search}", ylim=(0, 1), xlim=(1, table.k.max()))
        axis.legend(fontsize=8, title=f"accuracy at top {top}", title_fontsize=8)
    axes[0, 0].set_ylabel("top-k accuracy")
    return figure


def retrieval_rows(rows, top: int):
    """Figures 8a and 9a: a query a row, then its nearest; hits have a green frame, misses a grey one; discs are the
    landmarks that the network predicted and holds visible. rows: of `report.retrieval_examples`."""
    figure, axes = plt.subplots(len(rows), top + 1, figsize=(1.5 * (top + 1), 2.0 * len(rows)), squeeze=False)
    for line, entries in zip(axes, rows, strict=True):
        for axis in line:
            axis.set(xticks=[], yticks=[])
            axis.grid(False)
            for spine in axis.spines.values():
                spine.set_visible(False)
        for axis, (image, landmarks, codes, hit) in zip(line, entries, strict=False):
            axis.imshow(image)
            if landmarks is not None:
                draw_landmarks(axis, landmarks, np.where(codes == 0, 0, 2), size=4)
            axis.set(xlim=(0, image.shape[1]), ylim=(image.shape[0], 0))
            if hit is not None:
                for spine in axis.spines.values():
                    spine.set(visible=True, lw=4 if hit else 1, color=(0.0, 0.6, 0.3) if hit else "0.7")
    axes[0, 0].set_title("query", fontsize=10)
    for k in range(1, top + 1):
        axes[0, k].set_title(str(k), fontsize=10)
    if any(landmarks is not None for entries in rows for _, landmarks, *_ in entries):
        landmark_legend(figure)
    return figure


def variation_curves(table, method: str):
    """Figure 11a: accuracy over k of the queries of each pose and scale; `table` as `report.variation_table`."""
    figure, axes = plt.subplots(1, 2, figsize=(9, 3.8), sharey=True)
    for axis, by in zip(axes, ("pose", "scale"), strict=True):
        rows = table[(table.method == method) & (table.by == by)]
        for colour, (value, curve) in zip(_COLOURS, rows.groupby("value", sort=False), strict=False):
            axis.plot(curve.k, curve.accuracy, color=colour, label=f"{value} ({int(curve.queries.iloc[0])} queries)")
            axis.fill_between(curve.k, curve.lo, curve.hi, color=colour, alpha=0.15, lw=0)
        axis.set(title=f"{method}, by {by}", xlabel="k", ylim=(0, 1))
        axis.legend(fontsize=9)
    axes[0].set_ylabel("top-k accuracy")
    return figure


def variation_bars(table, methods: list[str], k: int, most: int = 12):
    """Figure 11b: accuracy at k by category, the most frequent first, with 95 % intervals."""
    rows = table[(table.by == "category") & (table.k == k)]
    order = list(rows.value.unique()[:most])
    figure, axis = plt.subplots(figsize=(max(7, 0.9 * len(order)), 4))
    width = 0.8 / len(methods)
    for m, method in enumerate(methods):
        own = rows[rows.method == method].set_index("value").reindex(order)
        x = np.arange(len(order)) + (m - (len(methods) - 1) / 2) * width
        errors = np.clip(np.stack([own.accuracy - own.lo, own.hi - own.accuracy]), 0, None)
        axis.bar(x, own.accuracy, width, color=METHOD_COLOURS[method], label=method, yerr=errors,
                 error_kw={"lw": 1, "alpha": 0.7})  # fmt: skip
    queries = rows.drop_duplicates("value").set_index("value").queries.reindex(order)
    axis.set_xticks(
        np.arange(len(order)), [f"{name}\n({int(n)})" for name, n in queries.items()], fontsize=8, rotation=30
    )
    axis.set(ylabel=f"top-{k} accuracy", ylim=(0, 1))
    axis.grid(False, axis="x")
    _legend_below(figure, axis)
    return figure


def verdicts(table):
    """Every claim with its interval: green where it holds, red where it does not, grey where it is undecided; a black dash
    is the paper's number; "not measured" stands where there is none of ours. `table` as `claims.judge`."""
    colours = {"held": _COLOURS[2], "not held": _COLOURS[3], "undecided": (0.55, 0.55, 0.55)}
    figure, axis = plt.subplots(figsize=(10, 0.27 * len(table) + 1))
    y = np.arange(len(table))[::-1]
    for name, colour in colours.items():
        own = (table.verdict == name).to_numpy()
        rows = table[own]
        errors = np.clip(np.stack([rows.measured - rows.lo, rows.hi - rows.measured]), 0, None)
        axis.errorbar(rows.measured, y[own], xerr=errors, fmt="o", ms=4, color=colour, label=f"{name} ({own.sum()})")
    for row in y[table.measured.isna()]:
        axis.text(0.01, row, "not measured", va="center", fontsize=8, color=colours["undecided"])
    if table.paper.notna().any():
        axis.plot(table.paper, y, "|", color="black", ms=9, mew=1.5, label="the paper's")
    axis.axvline(0, color="black", lw=0.8)
    axis.set_yticks(y, table.claim, fontsize=8)
    axis.set(ylim=(-1, len(table)))
    axis.set_xlabel(
        "above 0 where the claim is true; of several comparisons\nthe weakest, judged at a level for their number",
        fontsize=9,
    )
    axis.grid(False, axis="y")
    figure.legend(fontsize=9, ncols=4, loc="outside lower center")
    return figure


def attribute_recall(table, methods: list[str]):
    """Figure 7: a panel a group, a line an attribute, a mark a method; `table` as `report.figure7`."""
    groups = list(table.group.unique())
    figure, axes = plt.subplots(1, len(groups), figsize=(2.9 * len(groups), 4.6), sharex=True, squeeze=False)
    marks = dict(zip(methods, ("s", "D", "o"), strict=False))
    for axis, group in zip(axes[0], groups, strict=True):
        rows = table[table.group == group].iloc[::-1]
        y = np.arange(len(rows))
        axis.hlines(y, rows[methods].min(axis=1) * 100, rows[methods].max(axis=1) * 100, color="0.8", lw=2, zorder=1)
        for method in methods:
            axis.plot(100 * rows[method], y, marks[method], ms=5.5, color=METHOD_COLOURS[method], label=method)
        axis.set(title=group, xlabel="top-5 recall, %", xlim=(-4, 104))
        axis.set_yticks(y, [f"{name} ({n})" for name, n in zip(rows.attribute, rows.n, strict=True)], fontsize=8)
        axis.grid(False, axis="y")
    handles, labels = axes[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=len(methods))
    return figure


def pooling_map(cells: np.ndarray, landmarks: np.ndarray, gate: np.ndarray, window: int):
    """A feature map (H, W) with its cells' values, landmarks (L, 2) in units of the map as dots, and the regions that
    landmark pooling takes; those of gated landmarks dashed."""
    H, W = cells.shape
    figure, axis = plt.subplots(figsize=(4.2, 4))
    axis.imshow(cells, cmap="Greys", vmin=0, vmax=2 * cells.max(), extent=(0, W, H, 0))
    for y in range(H):
        for x in range(W):
            axis.text(x + 0.5, y + 0.5, f"{cells[y, x]:.0f}", ha="center", va="center", color="0.35")
    for j, ((x, y), g) in enumerate(zip(landmarks * (W, H), gate, strict=True)):
        left, top = np.floor([x - window / 2 + 0.5, y - window / 2 + 0.5])
        shift = 0.06 * j if g == 0 else 0  # drawn beside the region that it would hide
        axis.add_patch(plt.Rectangle((left + shift, top + shift), window, window, fill=False, ec=_COLOURS[j], lw=2.5,
                                     ls="-" if g else "--", clip_on=False))  # fmt: skip
        label = f"{j + 1}" if g else f"{j + 1}, invisible"
        axis.plot(x + shift, y + shift, "o", color=_COLOURS[j], label=label, clip_on=False)
    axis.set(xticks=range(W + 1), yticks=range(H + 1), xlim=(-1.2, W + 1.2), ylim=(H + 1.2, -1.2))
    axis.grid(False)
    figure.legend(title="landmark", loc="outside right upper")
    return figure


def examples(rows: dict[str, list[tuple[str, np.ndarray]]], size: float = 1.15):
    """Figure 2: rows of photos with a heading. rows: {heading: [(title, (H, W, 3) uint8), ...]}; a heading that starts
    with a space goes on with the row above and is not shown."""
    columns = max(len(photos) for photos in rows.values())
    figure, axes = plt.subplots(
        len(rows), columns, figsize=(columns * size, len(rows) * size * 1.5), squeeze=False, dpi=52
    )  # a sheet of hundreds of photos: small, so that notebooks stay small
    for line, (heading, photos) in zip(axes, rows.items(), strict=True):
        for axis in line:
            axis.axis("off")
        for axis, (title, photo) in zip(line, photos, strict=False):
            axis.imshow(photo)
            axis.set_title(title, fontsize=7)
        if heading.startswith(" "):
            continue
        line[0].text(
            -0.12, 0.5, heading.strip(), rotation=90, va="center", ha="right", transform=line[0].transAxes, fontsize=10
        )
    return figure


def frequencies(categories, attributes):
    """Figure 3: (a) images of the most frequent categories, (b) of the most frequent attributes of each group.

    categories: Series of counts by name, or None; attributes: {group: Series of counts by name}.
    """
    groups = len(attributes)
    figure = plt.figure(figsize=(11, 6.4))
    parts = figure.subfigures(2, 1, height_ratios=(1, 1.25)) if categories is not None else [None, figure]
    if categories is not None:
        axis = parts[0].subplots()
        axis.bar(categories.index, categories, color=_COLOURS[0])
        axis.set(title=f"(a) the {len(categories)} most frequent categories", ylabel="images")
        axis.tick_params(axis="x", rotation=60)
        axis.grid(False, axis="x")
    axes = parts[1].subplots(1, groups, sharex=True, squeeze=False)[0]
    for axis, (group, counts), colour in zip(axes, attributes.items(), _COLOURS, strict=False):
        axis.barh(counts.index[::-1], counts[::-1], color=colour)
        axis.set(title=group, xlabel="images")
        axis.tick_params(axis="y", labelsize=8)
        axis.grid(False, axis="y")
    letter = "" if categories is None else "(b) "
    parts[1].suptitle(f"{letter}the most frequent attributes of each group", fontsize=11)
    return figure


def landmarks_and_pairs(marked, pairs, shares):
    """Figure 4: (a) annotated landmarks, (b) pairs of a consumer's and a shop's photo, (c) how often each landmark is
    visible, occluded or cut off.

    marked: list of (title, photo, box (4,), landmarks (8, 2), visibility (8,)); pairs: list of (title, consumer photo, shop
    photo), may be empty; shares: DataFrame, a row a landmark, a column a state, shares of the images that have it.
    """
    figure = plt.figure(figsize=(11, 9 if pairs else 6), dpi=70)
    parts = figure.subfigures(3 if pairs else 2, 1, height_ratios=(1.2, 2, 1.3) if pairs else (1.2, 1.3))
    axes = parts[0].subplots(1, len(marked), squeeze=False)[0]
    for axis, (title, photo, (x1, y1, x2, y2), places, codes) in zip(axes, marked, strict=True):
        axis.imshow(photo)
        axis.add_patch(plt.Rectangle((x1, y1), x2 - x1, y2 - y1, fill=False, ec="black", lw=1, ls=":"))
        draw_landmarks(axis, places, codes)
        axis.set(xlim=(0, photo.shape[1]), ylim=(photo.shape[0], 0))
        axis.set_title(title, fontsize=8)
        axis.axis("off")
    parts[0].suptitle("(a) boxes and landmarks: disc visible (left filled, right hollow), cross occluded", fontsize=11)
    if pairs:
        axes = parts[1].subplots(2, len(pairs), squeeze=False)
        for column, (title, consumer, shop) in zip(axes.T, pairs, strict=True):
            for axis, photo in zip(column, (consumer, shop), strict=True):
                axis.imshow(photo)
                axis.axis("off")
            column[0].set_title(title, fontsize=8)
        parts[1].suptitle("(b) pairs: a consumer's photo above the shop's", fontsize=11)
    axis = parts[-1].subplots()
    left = np.zeros(len(shares))
    for (state, values), colour in zip(shares.items(), (_COLOURS[2], _COLOURS[1], _COLOURS[7]), strict=True):
        axis.barh(shares.index[::-1], 100 * values[::-1], left=left, color=colour, label=state)
        left = left + 100 * values[::-1].to_numpy()
    axis.set(xlabel="% of the images whose clothes have it", xlim=(0, 100))
    axis.grid(False, axis="y")
    axis.legend(loc="center left", bbox_to_anchor=(1, 0.5))
    parts[-1].suptitle(f"({'c' if pairs else 'b'}) is it seen?", fontsize=11)
    return figure
