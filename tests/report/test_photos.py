"""Photo sheets show what their titles claim, on photos of one grey each."""

from dataclasses import replace
from pathlib import Path

import cv2
import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.colors import to_rgb

from lib import predict
from lib.crops import read_photo
from lib.deepfashion import Benchmark
from lib.report import files, photos
from lib.report.results import Results


def search(folder: Path) -> Results:
    """Two queries and a gallery of two, of items p, q, r and p; photos of the greys 40, 80, 120 and 160."""
    for i in range(4):
        cv2.imwrite(str(folder / f"{i}.jpg"), np.full((240, 120, 3), 40 * i + 40, np.uint8))
    names, split = np.array([f"{i}.jpg" for i in range(4)]), np.array(["query"] * 2 + ["gallery"] * 2)
    b, rows = Benchmark("inshop", folder, names, split, np.ones((4, 4)), item=np.array(list("pqrp"))), np.arange(4)
    found = {"nearest": np.array([[1, 0, -1], [0, 1, -1]]), "visibility": np.zeros((4, 8), np.uint8)}
    found["landmarks"] = np.arange(64, dtype=np.float32).reshape(4, 8, 2)
    return Results("inshop", b, rows, {"m": [found]}, query=rows[:2], gallery=rows[2:])


def test_nearest_photos_are_the_answers_with_their_hits(tmp_path):
    results = search(tmp_path)
    axes = np.array(photos.nearest_photos(results, "m", 9, 2, seed=0).axes).reshape(2, 3)
    greys = [[round(axis.images[0].get_array().mean() / 40) for axis in row] for row in axes]
    assert greys == [[1, 4, 3], [2, 3, 4]]
    frames = [[axis.spines["left"].get_linewidth() for axis in row[1:]] for row in axes]
    assert frames == [[4, 1], [1, 1]]
    assert axes[0, 1].spines["left"].get_edgecolor()[:3] == pytest.approx(to_rgb(photos.GREEN))
    # Landmarks are the queries', then the gallery's: gallery photo 1 has row 3.
    assert [axis.lines[0].get_xdata()[0] for axis in axes[0, :2]] == [0, 48]
    assert [axis.get_title() for axis in axes.flat] == ["query", "nearest 1", "nearest 2", "", "", ""]
    bare = {"nearest": results.answers["m"][0]["nearest"]}
    assert not photos.nearest_photos(replace(results, answers={"m": [bare]}), "m", 1, 2, seed=0).legends


def test_large_photos_are_shrunk_but_keep_their_coordinates():
    axis = photos.grid([photos.Cell(np.zeros((400, 800, 3), np.uint8), "wide", (0, 0, 800, 400))], 1).axes[0]
    assert axis.images[0].get_array().shape == (80, 160, 3) and axis.get_title() == "wide" and len(axis.patches) == 1
    assert axis.get_xlim() == (0, 800) and axis.get_ylim() == (400, 0)


def test_discs_left_filled_right_hollow_and_crosses():
    _, axis = plt.subplots()
    codes = np.array([0, 0, 1, 2, -1, 1, 2, 2])
    places = np.full((8, 2), 5.0)
    places[5] = np.nan
    photos.draw_landmarks(axis, places, codes, size=4)
    assert [line.get_marker() for line in axis.lines] == ["o", "o", "x"]
    assert [line.get_markerfacecolor() for line in axis.lines[:2]] == [photos.LANDMARK_COLOURS[0], "white"]


def test_a_sheet_of_six_rows_is_small_in_full_colour_and_shown_as_a_jpeg(tmp_path, monkeypatch):
    cells = [photos.Cell(read_photo(path)) for path in sorted(predict.EXAMPLES.glob("*.jpg"))]
    figure = photos.sheet([cells[i : i + 10] for i in (0, 2, 4, 8, 10, 14)], (0.9, 1.35), ["a", ""] * 3)
    assert files.save_figure(figure, tmp_path, "sheet").stat().st_size < 350_000
    assert [axis.texts[0].get_text() for axis in figure.axes[::10]] == ["a", ""] * 3
    shown = []
    monkeypatch.setattr(photos, "display", shown.append)
    photos.show(figure)
    assert shown[0].data[:2] == b"\xff\xd8" and not plt.get_fignums()
