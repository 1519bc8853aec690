"""Joints and poselets as targets of a detector, on joints placed by hand."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from lib import parts
from lib.deepfashion import Benchmark
from lib.lists import JOINTS

N = 60


@pytest.fixture
def benchmark():
    """Random joints in boxes of different sizes, four fifths of them visible; unknown ones are NaN."""
    rng = np.random.default_rng(0)
    corner, size = rng.uniform(5, 30, (N, 2)), rng.uniform(40, 90, (N, 2))
    joints = (corner[:, None] + rng.random((N, 14, 2)) * size[:, None]).astype(np.float32)
    visibility = rng.choice(3, (N, 14), p=(0.8, 0.1, 0.1)).astype(np.int8)
    joints[visibility == 2] = np.nan
    return Benchmark(
        name="category_attribute",
        images_root=Path("nowhere"),
        image=np.array([f"{i}.jpg" for i in range(N)]),
        split=np.array(["train"] * N),
        box=np.concatenate([corner, corner + size], axis=1).astype(np.float32),
        joints=joints,
        joint_visibility=visibility,
    )


def in_units(benchmark, i, points, margin=0.0):
    """Return pixels (n, 2) of image i in units of its crop, by the definition."""
    x1, y1, x2, y2 = benchmark.box[i].astype(float)
    whole = np.array([x2 - x1, y2 - y1]) * (1 + 2 * margin)
    return (points - np.array([x1 - margin * (x2 - x1), y1 - margin * (y2 - y1)])) / whole


def test_mirroring_joints_twice_is_nothing_and_once_swaps_the_hands():
    assert [parts.MIRRORED_JOINTS[i] for i in parts.MIRRORED_JOINTS] == list(range(14))
    for i, j in enumerate(parts.MIRRORED_JOINTS):
        swapped = JOINTS[i].replace("left", "*").replace("right", "left").replace("*", "right")
        assert JOINTS[j] == swapped
    points, visible = np.zeros((1, 14, 2)), np.zeros((1, 14), bool)
    left, right = JOINTS.index("left wrist"), JOINTS.index("right wrist")
    points[0, left], visible[0, left] = (0.2, 0.7), True
    moved, seen = parts.mirrored(points, visible)
    assert moved[0, right].tolist() == [0.8, 0.7] and np.flatnonzero(seen).tolist() == [right]


@pytest.mark.parametrize("margin", [0.0, 0.25])
def test_joints_are_targets_where_they_are_visible(benchmark, margin):
    places, present = parts.targets("joints", benchmark, margin)
    assert places.shape == (N, 2, 14, 2) and places.dtype == np.float32
    assert np.array_equal(present[:, 0], benchmark.joint_visibility == 0)
    assert np.isnan(places[~present]).all() and np.isfinite(places[present]).all()
    for i in range(0, N, 7):
        seen = present[i, 0]
        expected = in_units(benchmark, i, benchmark.joints[i], margin)
        np.testing.assert_allclose(places[i, 0][seen], expected[seen], atol=1e-5)
        for j in np.flatnonzero(seen):  # in the mirrored crop a left hand is a right one
            other = parts.MIRRORED_JOINTS[j]
            np.testing.assert_allclose(places[i, 1, other], [1 - expected[j, 0], expected[j, 1]], atol=1e-5)


def test_a_visible_joint_without_a_place_is_not_present(benchmark):
    benchmark.joint_visibility[3, 5], benchmark.joints[3, 5] = 0, np.nan
    _, present = parts.targets("joints", benchmark, 0.1)
    assert not present[3, 0, 5] and not present[3, 1, parts.MIRRORED_JOINTS[5]]


def test_poselets_equal_a_slow_loop(benchmark):
    """Each part is present in the nearest of its arrangements, at the mean of its joints, where all are seen."""
    poselets = parts.arrangements(benchmark, np.arange(N), 0)
    assert poselets.shape == (7, 3, 8)
    places, present = parts.targets("poselets", benchmark, 0.0, poselets)
    assert places.shape == (N, 2, 21, 2) and present[:, 0].any(0).all()
    for i in range(N):
        unit = in_units(benchmark, i, benchmark.joints[i])
        for number, (name, joints) in enumerate(parts.POSELET_PARTS.items()):
            columns = [k for k, title in enumerate(parts.names("poselets")) if title.startswith(name)]
            index = [JOINTS.index(joint) for joint in joints]
            if (benchmark.joint_visibility[i, index] != 0).any():
                assert not present[i, 0, columns].any() and np.isnan(places[i, 0, columns]).all()
                continue
            centre = unit[index].mean(0)
            shape = (unit[index] - centre).ravel()
            distances = [np.sum((shape - mean[: len(shape)]) ** 2) for mean in poselets[number]]
            assert np.flatnonzero(present[i, 0, columns]).tolist() == [int(np.argmin(distances))]
            np.testing.assert_allclose(places[i, 0, columns[int(np.argmin(distances))]], centre, atol=1e-5)


def test_arms_that_hang_and_arms_that_are_raised_are_told_apart(benchmark):
    rng = np.random.default_rng(0)
    joints = benchmark.box[:, None, :2] + rng.random((N, 14, 2)) * 5 + 20
    arm, up = [JOINTS.index(name) for name in parts.POSELET_PARTS["left arm"]], np.arange(N) % 2 == 0
    for k, j in enumerate(arm):
        joints[:, j, 1] += np.where(up, -12 * k, 12 * k)
    b = replace(benchmark, joints=joints.astype(np.float32), joint_visibility=np.zeros((N, 14), np.int8))
    poselets = parts.arrangements(b, b.rows("train"), 0)
    places, present = parts.targets("poselets", b, 0.0, poselets)
    columns = [i for i, name in enumerate(parts.names("poselets")) if name.startswith("left arm")]
    which = present[:, 0, columns].argmax(1)
    assert not set(which[up]) & set(which[~up])
    # Arrangements are in units of the box, places in units of the crop: the margin moves places and changes no cluster.
    wider, also = parts.targets("poselets", b, 0.25, poselets)
    assert np.array_equal(also, present)
    np.testing.assert_allclose(wider[present], (places[present] + 0.25) / 1.5, atol=1e-5)
    # Numbered otherwise, each is found under its other number.
    renumbered = parts.targets("poselets", b, 0.0, poselets[:, ::-1])[1]
    assert np.array_equal(renumbered[..., columns], present[..., columns[::-1]])


def test_arrangements_are_learned_from_the_given_rows_and_their_mirror_images(benchmark):
    some = parts.arrangements(benchmark, np.arange(30), 0)
    assert np.array_equal(some, parts.arrangements(benchmark, np.arange(30), 0), equal_nan=True)
    moved = benchmark.joints.copy()
    moved[30:] += 7 * np.random.default_rng(1).random((30, 14, 2)).astype(np.float32)
    assert np.array_equal(some, parts.arrangements(replace(benchmark, joints=moved), np.arange(30), 0), equal_nan=True)
    assert not np.array_equal(some, parts.arrangements(benchmark, np.arange(N), 0), equal_nan=True)
    # The torso is its own mirror image, with left and right swapped: the mean over clusters has no side.
    assert np.isfinite(some[3]).all() and np.isnan(some[1, :, 6:]).all()  # four joints, and three


def test_parts_too_rarely_seen_are_never_present(benchmark):
    b = replace(benchmark, joint_visibility=np.full((N, 14), 2, np.int8))
    poselets = parts.arrangements(b, b.rows("train"), 0)
    assert poselets.shape == (7, 3, 8) and np.isnan(poselets).all()
    places, present = parts.targets("poselets", b, 0.1, poselets)
    assert present.shape == (N, 2, 21) and not present.any() and np.isnan(places).all()


def test_names():
    assert parts.names("joints") == JOINTS and len(parts.names("poselets")) == 21
    assert parts.names("poselets")[:4] == ("head 1", "head 2", "head 3", "left arm 1")
