"""Choose photos by seed, never by success, and draw them: figures 2, 4, 8a and 9a, and the sheets of photos.

Functions that choose return photos with what belongs to them; functions that draw return a matplotlib figure.
"""

import io
from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import torch
from IPython.display import Image, display

from lib import crops
from lib.config import Input
from lib.deepfashion import Benchmark
from lib.lists import LANDMARKS
from lib.report.figures import GREEN, GREY, LANDMARK_COLOURS, ORANGE
from lib.report.tables import attribute_counts, category_counts, landmark_table

MOST = 160  # pixels of a photo's longer side in a sheet: notebooks stay small
DPI = 57  # of a sheet: six rows of photos in full colour are then 350 kB
TYPES = {1: "upper body", 2: "lower body", 3: "full body"}


@dataclass(frozen=True)
class Cell:
    """One photo of a sheet and what is drawn with it. Boxes and landmarks are in pixels of the photo."""

    photo: np.ndarray  # (H, W, 3) uint8
    title: str = ""
    box: np.ndarray | None = None  # (4,) x1 y1 x2 y2
    landmarks: np.ndarray | None = None  # (8, 2) as (x, y)
    visibility: np.ndarray | None = None  # (8,) 0 visible, 1 occluded, others are not drawn
    hit: bool | None = None  # framed green or grey; no frame for None


def photo(benchmark: Benchmark, row: int) -> np.ndarray:
    """Read one photo of a benchmark, (H, W, 3) uint8."""
    return crops.read_photo(benchmark.images_root / benchmark.image[row])


# ---- choose ---------------------------------------------------------------------------------------------------------


def example_rows(benchmark: Benchmark, n: int, seed: int) -> dict[str, list[Cell]]:
    """Return figure 2: photos of the n most frequent categories, and of the n most frequent attributes of each group.

    Where the source has neither, photos of n images.
    """
    rng, b = np.random.default_rng(seed), benchmark
    have = {}  # heading -> name of a label -> (N,) bool
    counts = category_counts(b, n)
    if counts is not None:
        have["categories"] = {name: b.category == b.category_names.index(name) for name in counts.index}
    for group, counts in attribute_counts(b, n).items():
        names = counts.index[counts > 0]
        have[group] = {name: b.attributes[:, b.attribute_names.index(name)] == 1 for name in names}
    if any(have.values()):
        return {
            heading: [Cell(photo(b, rng.choice(np.flatnonzero(has))), name) for name, has in labels.items()]
            for heading, labels in have.items()
        }
    chosen = rng.choice(len(b.image), min(n, len(b.image)), replace=False)
    return have | {"photos": [Cell(photo(b, row)) for row in chosen]}


def marked_and_paired(benchmarks: dict[str, Benchmark], main: Benchmark, seed: int):
    """Return what `landmarks_and_pairs` draws: marked photos of each clothes type, pairs, shares of each state."""
    rng = np.random.default_rng(seed)
    marked = []
    for kind, name in TYPES.items():
        rows = np.flatnonzero(main.clothes_type == kind)
        for row in rng.choice(rows, min(3, len(rows)), replace=False):
            marked.append(Cell(photo(main, row), name, main.box[row], main.landmarks[row], main.visibility[row]))
    pairs, b = [], benchmarks.get("consumer2shop")
    if b is not None:
        for consumer, shop in b.pairs[rng.choice(len(b.pairs), min(9, len(b.pairs)), replace=False)]:
            name = "" if b.category is None else b.category_names[b.category[shop]].split("/")[-1]
            pairs.append((Cell(photo(b, consumer), name), Cell(photo(b, shop))))
    counts = landmark_table(main)[["visible", "occluded", "cut off"]]
    return marked, pairs, counts.div(counts.sum(axis=1), axis=0)


def training_views(benchmark: Benchmark, config: Input, n: int, seed: int):
    """Return one training image as a network sees it: its test view, then n - 1 jittered training views.

    The image is the training image with the most visible landmarks. Returns photos (list of (side, side, 3) uint8),
    titles, landmarks (n, 8, 2) in pixels of the view and visibility (n, 8).
    """
    side = config.view_px
    places = np.full((len(benchmark.image), 8, 2), np.nan) if benchmark.landmarks is None else benchmark.landmarks
    codes = np.full(places.shape[:2], -1) if benchmark.visibility is None else benchmark.visibility
    rows = benchmark.rows("train")
    row = rows[np.argmax((codes[rows] == 0).sum(1))]
    crop = crops.crop(photo(benchmark, row), benchmark.box[row], config.px, config.margin)
    unit = torch.from_numpy(crops.to_crop(places[[row]], benchmark.box[[row]], config.margin)).float()
    jittered = crops.training_view(n - 1, config, torch.Generator().manual_seed(seed))
    fixed = crops.fixed_view(1, config)._replace(colour=torch.ones_like(jittered.colour[:1]))
    view = crops.View(*(torch.cat(pair) for pair in zip(fixed, jittered, strict=True)))
    shown = crops.denormalise(crops.images_in_view(torch.from_numpy(crop).expand(n, -1, -1, -1), view, side))
    marks = crops.landmarks_in_view(unit.expand(n, -1, -1), view)
    kept = crops.visibility_in_view(torch.from_numpy(codes[[row]]).long().expand(n, -1), marks, view).numpy()
    titles = ["test view"] + ["training, mirrored" if m else "training" for m in view.mirrored[1:]]
    return list(shown), titles, marks.numpy() * side, kept


def nearest_photos(benchmark: Benchmark, sides, answers: dict, n: int, top: int, seed: int) -> list[list[Cell]]:
    """Return figure 8a or 9a: for each of n queries its photo, then its `top` nearest gallery photos.

    sides: rows of the queries (Q,) and of the gallery (G,). answers: of one run (nearest (Q, k); where the method has
    them, landmarks (Q + G, 8, 2) and visibility (Q + G, 8), queries first).
    """
    query, gallery = sides
    item, rows = benchmark.item, np.concatenate(sides)
    lists = []
    for q in np.sort(np.random.default_rng(seed).choice(len(query), min(n, len(query)), replace=False)):
        near = answers["nearest"][q, :top]
        cells = []
        for rank, place in enumerate([q, *(len(query) + near[near >= 0])]):
            marks = {}
            if "landmarks" in answers:
                codes = np.where(answers["visibility"][place] == 0, 0, 2)  # only those that it holds visible are drawn
                marks = {"landmarks": answers["landmarks"][place], "visibility": codes}
            hit = bool(item[rows[place]] == item[query[q]]) if rank else None
            cells.append(Cell(photo(benchmark, rows[place]), hit=hit, **marks))
        lists.append(cells)
    return lists


def predicted_photos(benchmark: Benchmark, rows: np.ndarray, answers: dict, far: np.ndarray, n: int, seed: int):
    """Return n photos of `rows` with predicted landmarks, as arguments of `photo_grid`.

    answers: of one run on `rows`. far: (len(rows), 8) normalised distances, nan where there is no visible true
    landmark. A title is the mean distance of its photo.
    """
    chosen = np.sort(np.random.default_rng(seed).choice(len(rows), min(n, len(rows)), replace=False))
    known = [far[i][np.isfinite(far[i])] for i in chosen]
    titles = [f"{k.mean():.2f}" if len(k) else "none visible" for k in known]
    photos = [photo(benchmark, rows[i]) for i in chosen]
    codes = np.where(answers["visibility"][chosen] == 0, 0, 2)  # only landmarks that it holds visible are drawn
    return photos, titles, benchmark.box[rows[chosen]], answers["landmarks"][chosen], codes


# ---- draw -----------------------------------------------------------------------------------------------------------


def show(figure) -> None:
    """Show a sheet of photos in a notebook as a JPEG of screen size, and close it."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="jpeg", dpi=72, bbox_inches="tight", pil_kwargs={"quality": 78})
    plt.close(figure)
    display(Image(data=buffer.getvalue(), format="jpeg"))


def draw_landmarks(axis, landmarks: np.ndarray, visibility: np.ndarray, size: float) -> None:
    """Draw landmarks (8, 2) in pixels (x, y): visible as discs (left filled, right hollow), occluded as crosses."""
    for j, ((x, y), code) in enumerate(zip(landmarks, visibility, strict=True)):
        tone = LANDMARK_COLOURS[j]
        if code == 0:
            axis.plot(x, y, "o", ms=size, mfc="white" if j % 2 else tone, mec=tone, mew=size / 3)
        elif code == 1 and np.isfinite(x):
            axis.plot(x, y, "x", ms=size, mec=tone, mew=size / 3)


def draw_cells(axes: np.ndarray, rows: Sequence[Sequence[Cell]], font: float, marks: float) -> None:
    """Draw rows of cells into axes (rows, columns). font, marks: sizes of titles and landmarks in points."""
    for axis in axes.flat:
        axis.axis("off")
    for line, cells in zip(axes, rows, strict=True):
        for axis, cell in zip(line, cells, strict=False):
            height, width = cell.photo.shape[:2]
            scale = min(1.0, MOST / max(height, width))
            size = (round(width * scale), round(height * scale))
            axis.imshow(cv2.resize(cell.photo, size, interpolation=cv2.INTER_AREA), extent=(0, width, height, 0))
            axis.set(xlim=(0, width), ylim=(height, 0))
            axis.set_title(cell.title, fontsize=font)
            if cell.box is not None:
                x1, y1, x2, y2 = cell.box
                axis.add_patch(plt.Rectangle((x1, y1), x2 - x1, y2 - y1, fill=False, ec="black", lw=1, ls=":"))
            if cell.landmarks is not None:
                draw_landmarks(axis, cell.landmarks, cell.visibility, marks)
            if cell.hit is not None:
                axis.axis("on")
                axis.set(xticks=[], yticks=[])
                axis.grid(False)
                for spine in axis.spines.values():
                    spine.set(visible=True, lw=4 if cell.hit else 1, color=GREEN if cell.hit else "0.7")


def sheet(rows: Sequence[Sequence[Cell]], size: tuple[float, float], headings=(), font: float = 8, marks: float = 4):
    """Draw rows of photos, each row with a heading where there are headings; a legend explains landmarks.

    size: width and height of a cell in inches. font, marks: sizes of titles and landmarks in points.
    """
    columns = max(len(cells) for cells in rows)
    whole = (columns * size[0], len(rows) * size[1])
    figure, axes = plt.subplots(len(rows), columns, figsize=whole, dpi=DPI, squeeze=False)
    draw_cells(axes, rows, font, marks)
    for axis, heading in zip(axes[:, 0], headings, strict=False):
        axis.text(-0.12, 0.5, heading, fontsize=9, rotation=90, va="center", ha="right", transform=axis.transAxes)
    if any(cell.landmarks is not None for cells in rows for cell in cells):
        handles = []
        for j, (name, tone) in enumerate(zip(LANDMARKS, LANDMARK_COLOURS, strict=True)):
            look = {"marker": "o", "ls": "", "ms": 6, "mew": 2, "mec": tone, "mfc": "white" if j % 2 else tone}
            handles.append(plt.Line2D([], [], label=name, **look))
        figure.legend(handles=handles, loc="outside lower center", ncols=4, fontsize=8)
    return figure


def photo_grid(photos, titles, columns: int, boxes=None, landmarks=None, visibility=None, size: float = 1.6):
    """Draw photos, a list of (H, W, 3) uint8, with titles, boxes (x1, y1, x2, y2) and landmarks (8, 2) in pixels."""
    nothing = [None] * len(photos)
    parts = [nothing if part is None else part for part in (boxes, landmarks, visibility)]
    cells = [Cell(*fields) for fields in zip(photos, titles, *parts, strict=True)]
    rows = [cells[i : i + columns] for i in range(0, len(cells), columns)]
    return sheet(rows, (size, 1.25 * size))


def examples(rows: dict[str, list[Cell]], size: float = 1.0):
    """Draw figure 2: rows of photos by their heading."""
    return sheet(list(rows.values()), (size, 1.5 * size), list(rows), font=6.5)


def retrieval_rows(rows: list[list[Cell]], top: int):
    """Draw figure 8a or 9a: one query per row, then its nearest photos; hits framed green, misses grey.

    rows: of `nearest_photos`.
    """
    titles = ["query", *(f"nearest {rank}" for rank in range(1, top + 1))]
    first = [replace(cell, title=title) for cell, title in zip(rows[0], titles, strict=False)]
    return sheet([first, *rows[1:]], (1.3, 1.7), font=9, marks=3)


def landmarks_and_pairs(marked: list[Cell], pairs: list[tuple[Cell, Cell]], shares: pd.DataFrame):
    """Draw figure 4: (a) annotated landmarks, (b) pairs of photos, (c) how often each landmark is visible.

    pairs: a consumer's photo and the shop's, may be empty. shares: one row per landmark, one column per state, shares
    of the images that have it.
    """
    figure = plt.figure(figsize=(10, 8 if pairs else 5.2), dpi=DPI)
    parts = figure.subfigures(3 if pairs else 2, 1, height_ratios=(1.2, 2, 1.3) if pairs else (1.2, 1.3))
    draw_cells(parts[0].subplots(1, len(marked), squeeze=False), [marked], font=8, marks=4)
    parts[0].suptitle("(a) boxes and landmarks: disc visible (left filled, right hollow), cross occluded", fontsize=10)
    if pairs:
        draw_cells(parts[1].subplots(2, len(pairs), squeeze=False), list(zip(*pairs, strict=True)), font=8, marks=4)
        parts[1].suptitle("(b) pairs: a consumer's photo above the shop's", fontsize=10)
    axis, left = parts[-1].subplots(), np.zeros(len(shares))
    for (state, values), tone in zip(shares.items(), (GREEN, ORANGE, GREY), strict=True):
        axis.barh(shares.index[::-1], 100 * values[::-1], left=left, color=tone, label=state)
        left = left + 100 * values[::-1].to_numpy()
    axis.set(xlabel="% of the images whose clothes have this landmark", xlim=(0, 100))
    axis.grid(False, axis="y")
    axis.legend(loc="center left", bbox_to_anchor=(1, 0.5), fontsize=9)
    parts[-1].suptitle(f"({'c' if pairs else 'b'}) visibility of the landmarks", fontsize=10)
    return figure
