"""Photo sheets show what their titles claim, on photos of one grey each."""

from dataclasses import replace

import cv2
import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pytest
from PIL import Image

from lib import predict
from lib.config import PROFILES
from lib.crops import read_photo
from lib.deepfashion import Benchmark
from lib.report import files, photos

matplotlib.use("Agg")


@pytest.fixture(autouse=True)
def closed():
    yield
    plt.close("all")


@pytest.fixture
def benchmark(tmp_path):
    """Four photos of 120 x 240 pixels, of the greys 40, 80, 120 and 160; box and landmarks as in the other tests."""
    n = 4
    for i in range(n):
        cv2.imwrite(str(tmp_path / f"{i}.jpg"), np.full((240, 120, 3), 40 * i + 40, np.uint8))
    visibility = np.zeros((n, 8), np.int8)
    visibility[3] = 1
    return Benchmark(
        name="category_attribute",
        images_root=tmp_path,
        image=np.array([f"{i}.jpg" for i in range(n)]),
        split=np.array(["train", "test", "test", "test"]),
        box=np.tile(np.array([[10, 20, 110, 220]], np.float32), (n, 1)),
        clothes_type=np.array([1, 1, 2, 3], np.int8),
        category=np.array([0, 1, 2, 1], np.int16),
        category_names=tuple("abcdefgh"),
        item=np.array(list("pqrp")),
        landmarks=np.full((n, 8, 2), (60, 120), np.float32),
        visibility=visibility,
        attributes=np.array([[1, -1, -1], [1, -1, 0], [-1, 1, 0], [-1, -1, 1]], np.int8),
        attribute_names=("x", "y", "z"),
        attribute_groups=np.array([1, 1, 2], np.int8),
        group_names={1: "texture", 2: "fabric"},
    )


def grey(photo) -> int:
    return round(photo.mean() / 40)


def test_examples_show_what_their_titles_name(benchmark):
    rows = photos.example_rows(benchmark, 2, seed=0)
    assert {heading: [cell.title for cell in cells] for heading, cells in rows.items()} == {
        "categories": ["b", "a"], "texture": ["x", "y"], "fabric": ["z"],
    }  # fmt: skip
    assert grey(rows["fabric"][0].photo) == 4  # the only photo with z
    assert grey(rows["categories"][1].photo) == 1  # the only one of category a
    figure = photos.examples(rows)
    assert [axis.texts[0].get_text() for axis in figure.axes[::2]] == ["categories", "texture", "fabric"]
    bare = replace(benchmark, category=None, attributes=None)
    assert [len(cells) for cells in photos.example_rows(bare, 3, seed=0).values()] == [3]


def test_figure_4_has_each_type_and_the_shares_of_each_state(benchmark):
    marked, pairs, shares = photos.marked_and_paired({"category_attribute": benchmark}, benchmark, seed=0)
    assert [cell.title for cell in marked] == ["upper body", "upper body", "lower body", "full body"] and pairs == []
    assert shares.loc["left hem"].tolist() == [0.75, 0.25, 0]
    dresses = {"category": np.zeros(4, np.int16), "category_names": ("WOMEN/Dress",)}
    shop = replace(benchmark, **dresses, pairs=np.array([[0, 3], [1, 3]]))
    _, pairs, _ = photos.marked_and_paired({"consumer2shop": shop}, benchmark, seed=0)
    assert [consumer.title for consumer, _ in pairs] == ["Dress", "Dress"]
    assert {(grey(consumer.photo), grey(shop.photo)) for consumer, shop in pairs} == {(1, 4), (2, 4)}
    figure = photos.landmarks_and_pairs(marked, pairs, shares)
    assert figure.subfigs[2].get_suptitle() == "(c) visibility of the landmarks"
    assert photos.landmarks_and_pairs(marked, [], shares).subfigs[1].get_suptitle().startswith("(b)")


def test_views_keep_marks_on_the_same_spot_of_the_photo(benchmark, tmp_path):
    photo = np.zeros((240, 120, 3), np.uint8)
    cv2.circle(photo, (40, 70), 6, (255, 255, 255), -1)
    cv2.imwrite(str(tmp_path / "0.png"), photo)
    spotted = replace(benchmark, image=np.array(["0.png", "1.jpg", "2.jpg", "3.jpg"]))
    spotted.landmarks[0] = (40.5, 70.5)
    shown, titles, marks, codes = photos.training_views(spotted, PROFILES["smoke"].input, 6, seed=0)
    assert titles[0] == "test view" and {"training", "training, mirrored"} == set(titles[1:]) and (codes == 0).all()
    for view, places in zip(shown, marks, strict=True):
        ys, xs = np.nonzero(view.mean(2) > 128)
        assert np.hypot(xs.mean() + 0.5 - places[0, 0], ys.mean() + 0.5 - places[0, 1]) < 1.5
    bare = replace(benchmark, landmarks=None, visibility=None)
    assert (photos.training_views(bare, PROFILES["smoke"].input, 2, seed=0)[3] == -1).all()


def test_nearest_photos_are_the_answers_with_their_hits(benchmark):
    query, gallery = np.array([0, 1]), np.array([2, 3])
    found = {
        "nearest": np.array([[1, 0, -1], [0, 1, -1]]),
        "landmarks": np.arange(64, dtype=np.float32).reshape(4, 8, 2),
        "visibility": np.zeros((4, 8), np.uint8),
    }
    rows = photos.nearest_photos(benchmark, (query, gallery), found, n=9, top=3, seed=0)
    assert [[grey(cell.photo) for cell in row] for row in rows] == [[1, 4, 3], [2, 3, 4]]
    assert [[cell.hit for cell in row] for row in rows] == [[None, True, False], [None, False, False]]
    # Landmarks are the queries', then the gallery's: gallery photo 1 has row 3.
    assert [[cell.landmarks[0, 0] for cell in row[:2]] for row in rows] == [[0, 48], [16, 32]]
    figure = photos.retrieval_rows(rows, 3)
    frames = [axis.spines["left"].get_linewidth() for axis in figure.axes[1:3]]
    assert [axis.get_title() for axis in figure.axes[:4]] == ["query", "nearest 1", "nearest 2", "nearest 3"][:3] + [""]
    assert frames == [4, 1] and figure.axes[1].spines["left"].get_edgecolor()[:3] == pytest.approx(photos.GREEN)
    plain = photos.nearest_photos(benchmark, (query, gallery), {"nearest": found["nearest"]}, n=1, top=2, seed=0)
    assert plain[0][0].landmarks is None and not photos.retrieval_rows(plain, 2).legends


def test_predicted_photos_are_titled_by_their_mean_distance(benchmark):
    rows = np.array([1, 2])
    answers = {"landmarks": benchmark.landmarks[rows], "visibility": np.zeros((2, 8), np.uint8)}
    far = np.full((2, 8), np.nan)
    far[0, :2] = [0.1, 0.3]
    shown, titles, boxes, places, codes = photos.predicted_photos(benchmark, rows, answers, far, 5, seed=0)
    assert titles == ["0.20", "none visible"] and [grey(photo) for photo in shown] == [2, 3]
    figure = photos.photo_grid(shown, titles, 2, boxes, places, codes)
    assert [axis.get_title() for axis in figure.axes] == titles and len(figure.axes[0].lines) == 8


def test_large_photos_are_shrunk_but_keep_their_coordinates():
    figure = photos.photo_grid([np.zeros((400, 800, 3), np.uint8)], ["wide"], 1, [(0, 0, 800, 400)])
    axis = figure.axes[0]
    assert axis.images[0].get_array().shape == (80, 160, 3)
    assert axis.get_xlim() == (0, 800) and axis.get_ylim() == (400, 0)


def test_discs_left_filled_right_hollow_and_crosses():
    _, axis = plt.subplots()
    codes = np.array([0, 0, 1, 2, -1, 1, 2, 2])
    places = np.full((8, 2), 5.0)
    places[5] = np.nan
    photos.draw_landmarks(axis, places, codes, size=4)
    assert [line.get_marker() for line in axis.lines] == ["o", "o", "x"]
    assert [line.get_markerfacecolor() for line in axis.lines[:2]] == [photos.LANDMARK_COLOURS[0], "white"]


def test_a_sheet_of_six_rows_is_small_in_full_colour(tmp_path):
    cells = [photos.Cell(read_photo(path)) for path in sorted(predict.EXAMPLES.glob("*.jpg"))]
    figure = photos.sheet([cells[i : i + 10] for i in (0, 2, 4, 8, 10, 14)], (0.9, 1.35), ["a", ""] * 3)
    path = files.save_figure(figure, tmp_path, "sheet")
    with Image.open(path) as image:
        assert image.mode == "RGBA" and path.stat().st_size < 350_000  # no palette
    assert [axis.texts[0].get_text() for axis in figure.axes[::10]] == ["a", ""] * 3


def test_a_sheet_is_shown_as_a_jpeg(monkeypatch):
    shown = []
    monkeypatch.setattr(photos, "display", shown.append)
    figure, axis = plt.subplots(figsize=(2, 2))
    axis.imshow(np.random.default_rng(0).random((50, 50, 3)))
    photos.show(figure)
    assert shown[0].data[:2] == b"\xff\xd8" and len(shown[0].data) < 20_000 and not plt.get_fignums()
