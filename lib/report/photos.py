"""Choose photos by seed, never by success, and draw them: figures 2, 4, 8a and 9a and the sheets of notebooks 00 and 06.

Functions that choose return lists of photos; functions that draw take those lists and return a matplotlib figure.
"""

import io

import cv2
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import torch
from IPython.display import Image, display

from lib import crops
from lib.config import Input
from lib.crops import read_photo
from lib.deepfashion import Benchmark
from lib.lists import LANDMARKS
from lib.report.figures import GREEN, GREY, LANDMARK_COLOURS, ORANGE
from lib.report.tables import attribute_counts, category_counts, landmark_table
from lib.world import garment
from lib.world.garment import CATEGORY_NAMES

MOST = 160  # pixels of a photo's longer side in a sheet: notebooks stay small


def photo(benchmark: Benchmark, row: int) -> np.ndarray:
    """Read one photo of a benchmark, (H, W, 3) uint8."""
    return read_photo(benchmark.images_root / benchmark.image[row])


def cutout(benchmark: Benchmark, row: int) -> np.ndarray:
    """Read one photo cut to its annotated box, with a tenth around it where the photo reaches that far."""
    image, (x1, y1, x2, y2) = photo(benchmark, row), benchmark.box[row]
    dx, dy = 0.1 * (x2 - x1), 0.1 * (y2 - y1)
    return image[max(0, int(y1 - dy)) : int(y2 + dy) + 1, max(0, int(x1 - dx)) : int(x2 + dx) + 1]


# ---- choose ---------------------------------------------------------------------------------------------------------


def example_rows(benchmark: Benchmark, n: int, seed: int) -> dict[str, list[tuple[str, np.ndarray]]]:
    """Return figure 2: photos of the n most frequent categories, and of the n most frequent attributes of each group.

    Where the source has neither, photos of n images.
    """
    rng, out = np.random.default_rng(seed), {}
    if (counts := category_counts(benchmark, n)) is not None:
        rows = [np.flatnonzero(benchmark.category == benchmark.category_names.index(name)) for name in counts.index]
        out["categories"] = [
            (name, photo(benchmark, rng.choice(r))) for name, r in zip(counts.index, rows, strict=True)
        ]
    for group, counts in attribute_counts(benchmark, n).items():
        names = counts.index[counts > 0]
        rows = [np.flatnonzero(benchmark.attributes[:, benchmark.attribute_names.index(n)] == 1) for n in names]
        out[group] = [(name, photo(benchmark, rng.choice(r))) for name, r in zip(names, rows, strict=True)]
    if not any(out.values()):
        chosen = rng.choice(len(benchmark.image), min(n, len(benchmark.image)), replace=False)
        out["photos"] = [("", photo(benchmark, row)) for row in chosen]
    return out


def attribute_rows(benchmark: Benchmark, per_group: int, copies: int, seed: int) -> dict[str, list]:
    """Return a page of the most frequent attributes of each group, `copies` photos of each in one column.

    Photos are cut to their boxes; labels are those of the lists.
    """
    rng, out = np.random.default_rng(seed), {}
    for group, counts in attribute_counts(benchmark, per_group).items():
        lines = [[] for _ in range(copies)]
        for name in counts.index[counts >= copies]:
            positives = np.flatnonzero(benchmark.attributes[:, benchmark.attribute_names.index(name)] == 1)
            for i, row in enumerate(rng.choice(positives, copies, replace=False)):
                lines[i].append((name if i == 0 else "", cutout(benchmark, row)))
        out |= {group if i == 0 else " " * i + group: line for i, line in enumerate(lines)}
    return out


def contact_sheet(seed: int) -> dict[str, list]:
    """Return every category of the synthetic world, as a shop shows it and below as a consumer does."""
    out = {}
    for start in range(0, len(CATEGORY_NAMES), 10):
        for number, consumer in enumerate((False, True)):
            heading = ("shop", "consumer")[number] + " " * start  # a different key for each row
            out[heading] = [
                ("" if consumer else name, garment(name, seed=seed + start + i, consumer=consumer)[0])
                for i, name in enumerate(CATEGORY_NAMES[start : start + 10])
            ]
    return out


def marked_and_paired(benchmarks: dict[str, Benchmark], main: Benchmark, seed: int):
    """Return what `landmarks_and_pairs` draws: marked photos of each clothes type, pairs, and the shares of each state."""
    rng = np.random.default_rng(seed)
    marked = []
    for kind, name in {1: "upper body", 2: "lower body", 3: "full body"}.items():
        rows = np.flatnonzero(main.clothes_type == kind)
        for row in rng.choice(rows, min(3, len(rows)), replace=False):
            marked.append((name, photo(main, row), main.box[row], main.landmarks[row], main.visibility[row]))
    pairs, b = [], benchmarks.get("consumer2shop")
    if b is not None:
        for consumer, shop in b.pairs[rng.choice(len(b.pairs), min(9, len(b.pairs)), replace=False)]:
            name = "" if b.category is None else b.category_names[b.category[shop]].split("/")[-1]
            pairs.append((name, photo(b, consumer), photo(b, shop)))
    counts = landmark_table(main)[["visible", "occluded", "cut off"]]
    return marked, pairs, counts.div(counts.sum(axis=1), axis=0)


def training_views(benchmark: Benchmark, config: Input, n: int, seed: int):
    """Return one training image as a network sees it: its test view, then n - 1 jittered training views.

    The image is the training image with the most visible landmarks. Returns photos (list of (side, side, 3) uint8), titles,
    landmarks (n, 8, 2) in pixels of the view and visibility (n, 8).
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


def nearest_photos(benchmark: Benchmark, sides, answers: dict[str, np.ndarray], n: int, top: int, seed: int):
    """Return figure 8a or 9a: n queries, each with its `top` nearest gallery photos.

    sides: rows of the queries (Q,) and of the gallery (G,); answers: of one run (nearest (Q, k); landmarks (Q + G, 8, 2) and
    visibility (Q + G, 8), queries first, where the method has them). Returns one list per query of (photo, landmarks or
    None, codes or None, hit or None for the query).
    """
    query, gallery = sides
    chosen = np.sort(np.random.default_rng(seed).choice(len(query), min(n, len(query)), replace=False))
    out = []
    for q in chosen:
        near = answers["nearest"][q, :top]
        places = [q, *(len(query) + g for g in near[near >= 0])]
        rows = [query[q], *gallery[near[near >= 0]]]
        hits = [None, *(benchmark.item[gallery[near[near >= 0]]] == benchmark.item[query[q]])]
        has = "landmarks" in answers
        marks = [(answers["landmarks"][p], answers["visibility"][p]) if has else (None, None) for p in places]
        out.append([(photo(benchmark, r), *m, hit) for r, m, hit in zip(rows, marks, hits, strict=True)])
    return out


def predicted_photos(
    benchmark: Benchmark, rows: np.ndarray, answers: dict[str, np.ndarray], far: np.ndarray, n: int, seed: int
):
    """Return n photos of `rows` with predicted landmarks, as arguments of `photo_grid`.

    answers: of one run on `rows`; far (len(rows), 8): normalised distances, nan where there is no visible true landmark. A
    title is the mean distance of its photo.
    """
    chosen = np.sort(np.random.default_rng(seed).choice(len(rows), min(n, len(rows)), replace=False))
    known = [far[i][np.isfinite(far[i])] for i in chosen]
    titles = [f"{k.mean():.2f}" if len(k) else "none visible" for k in known]
    photos = [photo(benchmark, rows[i]) for i in chosen]
    codes = np.where(answers["visibility"][chosen] == 0, 0, 2)  # only landmarks that it holds visible are drawn
    return photos, titles, benchmark.box[rows[chosen]], answers["landmarks"][chosen], codes


# ---- draw -----------------------------------------------------------------------------------------------------------


def show(figure, quality: int = 78) -> None:
    """Show a sheet of photos in a notebook as a JPEG of screen size, and close it."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="jpeg", dpi=72, bbox_inches="tight", pil_kwargs={"quality": quality})
    plt.close(figure)
    display(Image(data=buffer.getvalue(), format="jpeg"))


def draw_landmarks(axis, landmarks: np.ndarray, visibility: np.ndarray, size: float = 6) -> None:
    """Draw landmarks (8, 2) in pixels (x, y): visible as discs (left filled, right hollow), occluded as crosses."""
    for j, ((x, y), code) in enumerate(zip(landmarks, visibility, strict=True)):
        if code == 0:
            face = LANDMARK_COLOURS[j] if j % 2 == 0 else "white"
            axis.plot(x, y, "o", ms=size, mfc=face, mec=LANDMARK_COLOURS[j], mew=size / 3)
        elif code == 1 and np.isfinite(x):
            axis.plot(x, y, "x", ms=size, mec=LANDMARK_COLOURS[j], mew=size / 3)


def landmark_legend(figure) -> None:
    """Explain the marks of `draw_landmarks` below the figure."""
    handles = [
        plt.Line2D([], [], marker="o", ls="", ms=6, mew=2, mec=tone, mfc=tone if j % 2 == 0 else "white", label=name)
        for j, (name, tone) in enumerate(zip(LANDMARKS, LANDMARK_COLOURS, strict=True))
    ]
    figure.legend(handles=handles, loc="outside lower center", ncols=4, fontsize=8)


def _photo(axis, photo: np.ndarray, box=None) -> None:
    height, width = photo.shape[:2]
    scale = min(1.0, MOST / max(height, width))
    small = cv2.resize(photo, (round(width * scale), round(height * scale)), interpolation=cv2.INTER_AREA)
    axis.imshow(small, extent=(0, width, height, 0))
    axis.axis("off")
    axis.set(xlim=(0, photo.shape[1]), ylim=(photo.shape[0], 0))
    if box is not None:
        x1, y1, x2, y2 = box
        axis.add_patch(plt.Rectangle((x1, y1), x2 - x1, y2 - y1, fill=False, ec="black", lw=1, ls=":"))


def photo_grid(photos, titles, columns: int, boxes=None, landmarks=None, visibility=None, size: float = 1.6):
    """Draw photos, a list of (H, W, 3) uint8, with titles, boxes (x1, y1, x2, y2) and landmarks (8, 2) in pixels."""
    rows = -(-len(photos) // columns)
    figure, axes = plt.subplots(rows, columns, figsize=(columns * size, rows * size * 1.25), squeeze=False)
    for axis in axes.flat:
        axis.axis("off")
    for i, (axis, photo) in enumerate(zip(axes.flat, photos, strict=False)):
        _photo(axis, photo, None if boxes is None else boxes[i])
        axis.set_title(titles[i], fontsize=8)
        if landmarks is not None:
            draw_landmarks(axis, landmarks[i], visibility[i], size=4)
    if landmarks is not None:
        landmark_legend(figure)
    return figure


def examples(rows: dict[str, list[tuple[str, np.ndarray]]], size: float = 1.0):
    """Draw figure 2: rows of photos with a heading. rows: {heading: [(title, (H, W, 3) uint8), ...]}; a heading that starts
    with a space continues the row above and is not shown."""
    columns = max(len(photos) for photos in rows.values())
    figure, axes = plt.subplots(len(rows), columns, figsize=(columns * size, len(rows) * size * 1.5), squeeze=False)
    for line, (heading, photos) in zip(axes, rows.items(), strict=True):
        for axis in line:
            axis.axis("off")
        for axis, (title, photo) in zip(line, photos, strict=False):
            _photo(axis, photo)
            axis.set_title(title, fontsize=6.5)
        if not heading.startswith(" "):
            place = {"rotation": 90, "va": "center", "ha": "right", "transform": line[0].transAxes}
            line[0].text(-0.12, 0.5, heading.strip(), fontsize=9, **place)
    return figure


def landmarks_and_pairs(marked, pairs, shares: pd.DataFrame):
    """Draw figure 4: (a) annotated landmarks, (b) pairs of photos, (c) how often each landmark is visible.

    marked: list of (title, photo, box (4,), landmarks (8, 2), visibility (8,)); pairs: list of (title, consumer's photo,
    shop's photo), may be empty; shares: one row per landmark, one column per state, shares of images that have it.
    """
    figure = plt.figure(figsize=(10, 8 if pairs else 5.2))
    parts = figure.subfigures(3 if pairs else 2, 1, height_ratios=(1.2, 2, 1.3) if pairs else (1.2, 1.3))
    axes = parts[0].subplots(1, len(marked), squeeze=False)[0]
    for axis, (title, photo, box, places, codes) in zip(axes, marked, strict=True):
        _photo(axis, photo, box)
        draw_landmarks(axis, places, codes, size=4)
        axis.set_title(title, fontsize=8)
    parts[0].suptitle("(a) boxes and landmarks: disc visible (left filled, right hollow), cross occluded", fontsize=10)
    if pairs:
        axes = parts[1].subplots(2, len(pairs), squeeze=False)
        for column, (title, consumer, shop) in zip(axes.T, pairs, strict=True):
            for axis, photo in zip(column, (consumer, shop), strict=True):
                _photo(axis, photo)
            column[0].set_title(title, fontsize=8)
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


def retrieval_rows(rows, top: int):
    """Draw figure 8a or 9a: one query per row, then its nearest photos; hits framed green, misses grey.

    rows: lists of (photo, landmarks (8, 2) or None, codes (8,), hit or None for the query), see `nearest_photos`.
    """
    figure, axes = plt.subplots(len(rows), top + 1, figsize=(1.3 * (top + 1), 1.7 * len(rows)), squeeze=False)
    for line, entries in zip(axes, rows, strict=True):
        for axis in line[len(entries) :]:
            axis.axis("off")
        for axis, (photo, landmarks, codes, hit) in zip(line, entries, strict=False):
            _photo(axis, photo)
            if landmarks is not None:
                draw_landmarks(axis, landmarks, np.where(codes == 0, 0, 2), size=3)
            if hit is not None:
                axis.axis("on")
                axis.set(xticks=[], yticks=[])
                axis.grid(False)
                for spine in axis.spines.values():
                    spine.set(visible=True, lw=4 if hit else 1, color=GREEN if hit else "0.7")
    for k, axis in enumerate(axes[0]):
        axis.set_title(f"nearest {k}" if k else "query", fontsize=9)
    if any(landmarks is not None for entries in rows for _, landmarks, *_ in entries):
        landmark_legend(figure)
    return figure
