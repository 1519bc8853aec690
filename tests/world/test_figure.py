"""Pictures: landmarks on the cloth's edge, occlusion, views. What is drawn is in test_golden."""

from dataclasses import replace

import numpy as np
import pytest

from lib.world import figure
from lib.world.garment import VALUES, sample, settle
from lib.world.items import variation


def plain(**changes):
    g = sample("Tee", np.random.default_rng(0))
    values = {name: choices[0] for name, choices in VALUES.items()} | dict(colour="red", accent="white")
    values |= dict(length=1.0, sleeve=0.3, fit=0.2, flare=0.0, waist=0.0, scale=1.0, abstract=0.0, distress=0.0, seed=1)
    return settle(replace(g, **(values | changes)))


def test_a_visible_landmark_is_on_the_edge_of_the_cloth():
    """The hem's corners of a plain red tee: red just inside, not red just outside. An arm may hang beside a corner
    without hiding it, so a few may fail."""
    inside, outside = [], []
    for seed in range(30):
        picture = figure.Picture(plain(), np.random.default_rng(seed), 256)
        image, truth = picture.image, picture.labels
        red = (image[..., 0] > image[..., 1].astype(int) + 40) & (image[..., 0] > image[..., 2].astype(int) + 40)
        for j, outward in ((6, -1), (7, 1)):
            x, y = np.nan_to_num(truth["landmarks"][j]).astype(int)
            if truth["visibility"][j] == 0 and 6 <= x < image.shape[1] - 6:
                inside.append(red[y - 4, x - 4 * outward])
                outside.append(red[y - 4, x + 6 * outward])
    assert len(inside) > 20 and np.mean(inside) > 0.9 and np.mean(outside) < 0.15


def test_a_canvas_by_hand():
    canvas = figure.Canvas(np.zeros((100, 80, 3), np.uint8), 100.0, (0.0, 0.5), 0.0)
    assert canvas.pixels([[0.1, 0.5]]).tolist() == [[50.0, 50.0]]
    canvas.fill([[0.05, 0.45], [0.15, 0.45], [0.15, 0.55], [0.05, 0.55]], (9, 9, 9), "over")
    assert canvas.over[50, 50] == 255 and canvas.over[50, 30] == 0 and canvas.image[50, 50].tolist() == [9, 9, 9]


@pytest.mark.parametrize("view, sign", [("front", 1), ("back", -1)])
def test_left_is_the_garments_and_the_persons_own(view, sign):
    """A garment's left is the picture's left in front views, a person's left shoulder the picture's right."""
    truth = figure.Picture(plain(), np.random.default_rng(1), 256, view).labels
    assert sign * (truth["landmarks"][7, 0] - truth["landmarks"][6, 0]) > 0
    assert sign * (truth["joints"][2, 0] - truth["joints"][3, 0]) > 0


def test_pose_and_zoom_have_their_official_codes():
    views = [("front", 0.7), ("zoom-out", 0.5), ("side", 0.7), ("back", 0.7), ("zoom-in", 1.1), ("zoom-in", 1.3)]
    assert [variation(view, zoom) for view, zoom in views] == [1, 1, 2, 3, 4, 5]
    views = ("zoom-in", "front")
    near, normal = (figure.Picture(plain(), np.random.default_rng(0), 96, view).labels["zoom"] for view in views)
    assert near > 1 > normal


@pytest.mark.parametrize("word", ["woke", "brooklyn", "cat"])
def test_an_emblem_is_seen_on_a_small_picture(word):
    """It changes a block of pixels a fifth as wide as the picture even at 96 px."""
    one, two = (
        figure.Picture(plain(emblem=emblem), np.random.default_rng(2), 96).image.astype(int)
        for emblem in (word, "none")
    )
    rows, columns = np.nonzero(np.abs(one - two).max(2) > 30)
    assert np.ptp(columns) > 0.2 * one.shape[1] and len(rows) > 60
