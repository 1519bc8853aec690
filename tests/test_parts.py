"""Joints and poselets as targets of a detector, on joints placed by hand."""

from dataclasses import replace

import numpy as np
import pytest
from squares import blank

from lib import parts
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
    box = np.concatenate([corner, corner + size], axis=1).astype(np.float32)
    return blank(N, split=np.array(["train"] * N), box=box, joints=joints, joint_visibility=visibility)


def in_units(benchmark, i, points, margin=0.0):
    """Return pixels (n, 2) of image i in units of its crop, by the definition."""
    x1, y1, x2, y2 = benchmark.box[i].astype(float)
    whole = np.array([x2 - x1, y2 - y1]) * (1 + 2 * margin)
    return (points - np.array([x1 - margin * (x2 - x1), y1 - margin * (y2 - y1)])) / whole


def test_names_and_their_mirror_images():
    assert parts.names("joints") == JOINTS and len(parts.names("poselets")) == 21
    assert parts.names("poselets")[:4] == ("head 1", "head 2", "head 3", "left arm 1")
    for i, j in enumerate(parts.MIRRORED_JOINTS):
        assert JOINTS[j] == JOINTS[i].replace("left", "*").replace("right", "left").replace("*", "right")


@pytest.mark.parametrize("margin", [0.0, 0.25])
def test_joints_are_targets_where_they_are_visible(benchmark, margin):
    benchmark.joint_visibility[3, 5], benchmark.joints[3, 5] = 0, np.nan  # visible without a place: not present
    places, present = parts.targets("joints", benchmark, margin)
    assert places.shape == (N, 2, 14, 2) and places.dtype == np.float32
    seen = (benchmark.joint_visibility == 0) & np.isfinite(benchmark.joints).all(2)
    assert np.array_equal(present[:, 0], seen) and np.array_equal(present[:, 1], seen[:, list(parts.MIRRORED_JOINTS)])
    assert np.isnan(places[~present]).all()
    for i in range(0, N, 7):
        expected = in_units(benchmark, i, benchmark.joints[i], margin)
        np.testing.assert_allclose(places[i, 0][seen[i]], expected[seen[i]], atol=1e-5)
        for j in np.flatnonzero(seen[i]):  # in the mirrored crop a left hand is a right one
            mirrored = places[i, 1, parts.MIRRORED_JOINTS[j]]
            np.testing.assert_allclose(mirrored, [1 - expected[j, 0], expected[j, 1]], atol=1e-5)


def test_poselets_equal_a_slow_loop(benchmark):
    """Each part is present in the nearest of its arrangements, at the mean of its joints, where all are seen."""
    poselets = parts.arrangements(benchmark, np.arange(N), 0)
    assert poselets.shape == (7, 3, 8)
    places, present = parts.targets("poselets", benchmark, 0.0, poselets)
    assert places.shape == (N, 2, 21, 2) and present[:, 0].any(0).all()
    for i in range(N):
        unit = in_units(benchmark, i, benchmark.joints[i])
        for number, joints in enumerate(parts.POSELET_PARTS.values()):
            columns, index = np.arange(3) + 3 * number, [JOINTS.index(joint) for joint in joints]
            if (benchmark.joint_visibility[i, index] != 0).any():
                assert not present[i, 0, columns].any() and np.isnan(places[i, 0, columns]).all()
                continue
            centre = unit[index].mean(0)
            shape = (unit[index] - centre).ravel()
            nearest = int(np.argmin([np.sum((shape - mean[: len(shape)]) ** 2) for mean in poselets[number]]))
            assert np.flatnonzero(present[i, 0, columns]).tolist() == [nearest]
            np.testing.assert_allclose(places[i, 0, columns[nearest]], centre, atol=1e-5)
    # Arrangements are in units of the box, places in units of the crop: the margin moves places and changes no cluster.
    wider, also = parts.targets("poselets", benchmark, 0.25, poselets)
    assert np.array_equal(also, present)
    np.testing.assert_allclose(wider[present], (places[present] + 0.25) / 1.5, atol=1e-5)


def test_arms_that_hang_and_arms_that_are_raised_are_told_apart(benchmark):
    joints = benchmark.box[:, None, :2] + np.random.default_rng(0).random((N, 14, 2)) * 5 + 20
    up = np.arange(N) % 2 == 0
    for k, name in enumerate(parts.POSELET_PARTS["left arm"]):
        joints[:, JOINTS.index(name), 1] += np.where(up, -12 * k, 12 * k)
    b = replace(benchmark, joints=joints.astype(np.float32), joint_visibility=np.zeros((N, 14), np.int8))
    present = parts.targets("poselets", b, 0.0, parts.arrangements(b, np.arange(N), 0))[1]
    which = present[:, 0, 3:6].argmax(1)
    assert not set(which[up]) & set(which[~up])


def test_arrangements_are_learned_from_the_given_rows(benchmark):
    some = parts.arrangements(benchmark, np.arange(30), 0)
    moved = benchmark.joints.copy()
    moved[30:] += 7
    assert np.array_equal(some, parts.arrangements(replace(benchmark, joints=moved), np.arange(30), 0), equal_nan=True)
    assert not np.array_equal(some, parts.arrangements(benchmark, np.arange(N), 0), equal_nan=True)


def test_parts_too_rarely_seen_are_never_present(benchmark):
    b = replace(benchmark, joint_visibility=np.full((N, 14), 2, np.int8))
    poselets = parts.arrangements(b, b.rows("train"), 0)
    places, present = parts.targets("poselets", b, 0.1, poselets)
    assert np.isnan(poselets).all() and not present.any() and np.isnan(places).all()
