"""Pictures: landmarks on the cloth's edge, occlusion, views. What is drawn is in test_golden."""

from dataclasses import replace

import numpy as np
import pytest

from lib.world import figure
from lib.world.garment import VALUES, sample, settle
from lib.world.items import INSHOP_VIEWS, variation


def plain(**changes):
    g = sample("Tee", np.random.default_rng(0))
    values = {name: choices[0] for name, choices in VALUES.items()} | dict(colour="red", accent="white")
    values |= dict(length=1.0, sleeve=0.3, fit=0.2, flare=0.0, waist=0.0, scale=1.0, abstract=0.0, distress=0.0, seed=1)
    return settle(replace(g, **(values | changes)))


def test_a_visible_landmark_lies_on_the_edge_of_the_cloth():
    """The hem's corners of a plain red tee: red just inside, not red just outside. An arm may hang beside a corner
    without hiding it, so a few may fail."""
    inside, outside = [], []
    for seed in range(30):
        image, truth = figure.render(plain(), np.random.default_rng(seed), 256)
        red = (image[..., 0] > image[..., 1].astype(int) + 40) & (image[..., 0] > image[..., 2].astype(int) + 40)
        for j, outward in ((6, -1), (7, 1)):
            x, y = np.nan_to_num(truth["landmarks"][j]).astype(int)
            if truth["visibility"][j] == 0 and 6 <= x < image.shape[1] - 6:
                inside.append(red[y - 4, x - 4 * outward])
                outside.append(red[y - 4, x + 6 * outward])
    assert len(inside) > 20 and np.mean(inside) > 0.9 and np.mean(outside) < 0.15


def test_what_is_drawn_over_a_landmark_occludes_it():
    """Worked by hand: a mask over a known place turns code 0 to 1, and a place outside the frame is code 2."""
    canvas = figure.Canvas(np.zeros((100, 80, 3), np.uint8), 100.0, (0.0, 0.5), 0.0)
    assert canvas.pixels([[0.1, 0.5]]).tolist() == [[50.0, 50.0]]
    square = [[0.05, 0.45], [0.15, 0.45], [0.15, 0.55], [0.05, 0.55]]
    canvas.fill(square, (9, 9, 9), "over")
    assert canvas.over[50, 50] == 255 and canvas.over[50, 30] == 0 and canvas.image[50, 50].tolist() == [9, 9, 9]


def test_zooming_in_cuts_landmarks_off_and_bags_hide_them():
    def codes(view, consumer):
        out = []
        for seed in range(60):
            rng = np.random.default_rng(seed)
            g = sample("Dress", rng)
            out.append(figure.render(g, rng, 128, view, consumer)[1]["visibility"])
        return np.array(out)

    near, plain_view, street = codes("zoom-in", False), codes("front", False), codes("front", True)
    assert (near == 2).mean() > (plain_view == 2).mean() + 0.1
    assert (street == 1).mean() > (plain_view == 1).mean()


def test_seen_from_behind_the_garments_left_is_at_the_right():
    for view, sign in (("front", 1), ("back", -1)):
        landmarks = figure.render(plain(), np.random.default_rng(1), 256, view)[1]["landmarks"]
        assert sign * (landmarks[7, 0] - landmarks[6, 0]) > 0


def test_the_persons_left_is_the_pictures_right_in_front_views():
    for view, sign in (("front", 1), ("back", -1)):
        joints = figure.render(plain(), np.random.default_rng(1), 256, view)[1]["joints"]
        left, right = joints[2], joints[3]  # shoulders
        assert sign * (left[0] - right[0]) > 0


def test_pose_and_zoom_have_their_official_codes():
    views = [("front", 0.7), ("zoom-out", 0.5), ("side", 0.7), ("back", 0.7), ("zoom-in", 1.1), ("zoom-in", 1.3)]
    assert [variation(view, zoom) for view, zoom in views] == [1, 1, 2, 3, 4, 5]
    near, normal = (
        figure.render(plain(), np.random.default_rng(0), 96, view)[1]["zoom"] for view in ("zoom-in", "front")
    )
    assert near > 1 > normal


def test_harder_photos_hide_more_and_are_darker():
    def measure(hardness):
        hidden, light = [], []
        for seed in range(80):
            rng = np.random.default_rng(seed)
            image, truth = figure.render(sample("Dress", rng), rng, 96, "front", True, hardness=hardness)
            hidden.append(np.mean(truth["visibility"] > 0))
            light.append(image.mean())
        return np.mean(hidden), np.percentile(light, 10)

    easy, hard = measure(0.0), measure(1.0)
    assert hard[0] > easy[0] + 0.1 and hard[1] < easy[1] - 10


def test_an_emblem_is_seen_on_a_small_picture():
    """A word on the chest changes a block of pixels a fifth as wide as the picture even at 96 px."""
    for word in ("woke", "brooklyn", "cat"):
        one, two = (figure.render(plain(emblem=e), np.random.default_rng(2), 96)[0].astype(int) for e in ("none", word))
        rows, columns = np.nonzero(np.abs(one - two).max(2) > 30)
        assert np.ptp(columns) > 0.2 * one.shape[1] and len(rows) > 60, word


@pytest.mark.parametrize("view", INSHOP_VIEWS)
@pytest.mark.parametrize("consumer", [False, True])
def test_a_picture_is_a_pure_function_of_its_arguments(view, consumer):
    g = sample("Blouse", np.random.default_rng(2))
    one, two = (figure.render(g, np.random.default_rng(8), 128, view, consumer) for _ in range(2))
    assert np.array_equal(one[0], two[0]) and one[0].shape[0] == 128
    assert all(np.array_equal(one[1][name], two[1][name], equal_nan=True) for name in one[1])
