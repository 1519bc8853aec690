"""Sheets of photos with boxes and landmarks: figures 2, 4, 8a and 9a. Photos are drawn by seed, not by success."""

import io
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import matplotlib.pyplot as plt
import numpy as np
from IPython.display import Image, display

from lib import crops
from lib.deepfashion import Benchmark
from lib.lists import LANDMARKS
from lib.report.figures import GREEN, LANDMARK_COLOURS

MOST = 160  # pixels of a photo's longer side in a sheet: notebooks stay small
DPI = 57  # of a sheet: six rows of photos in full colour are then 350 kB


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


def seen(answers: dict[str, np.ndarray], place: int) -> tuple[np.ndarray | None, np.ndarray | None]:
    """Return the landmarks (8, 2) of one answer of a run and codes (8,) that show those that it holds visible."""
    if "landmarks" not in answers:
        return None, None
    return answers["landmarks"][place], np.where(answers["visibility"][place] == 0, 0, 2)


def nearest_photos(results, method: str, n: int, top: int, seed: int):
    """Draw figure 8a or 9a: a row for each of n queries, then its `top` nearest; hits framed green, misses grey."""
    b, query, answers = results.benchmark, results.query, results.first(method)
    rows, titles = [], ["query", *(f"nearest {rank}" for rank in range(1, top + 1))]
    for q in np.sort(np.random.default_rng(seed).choice(len(query), min(n, len(query)), replace=False)):
        near = answers["nearest"][q, :top]
        cells = []
        for rank, place in enumerate([q, *(len(query) + near[near >= 0])]):
            row = results.rows[place]
            hit = bool(b.item[row] == b.item[query[q]]) if rank else None
            cells.append(Cell(photo(b, row), "" if rows else titles[rank], None, *seen(answers, place), hit))
        rows.append(cells)
    return sheet(rows, (1.3, 1.7), font=9, marks=3)


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


def draw_cells(axes: np.ndarray, rows: Sequence[Sequence[Cell]], font: float = 8, marks: float = 4) -> None:
    """Draw rows of cells into axes (rows, columns). font, marks: sizes of titles and landmarks in points."""
    for axis in axes.flat:
        axis.axis("off")
    for line, cells in zip(axes, rows, strict=True):
        for axis, cell in zip(line, cells, strict=False):
            height, width = cell.photo.shape[:2]
            scale = min(1.0, MOST / max(height, width))
            size = (max(1, round(width * scale)), max(1, round(height * scale)))
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


def grid(cells: Sequence[Cell], columns: int, size: float = 1.6):
    """Draw photos in rows of some columns. size: width of a cell in inches."""
    return sheet([cells[i : i + columns] for i in range(0, len(cells), columns)], (size, 1.25 * size))
