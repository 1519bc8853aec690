"""The parts of a body that FashionNet+Joints and FashionNet+Poselets pool at: 14 human joints, or poselets.

A poselet (Bourdev and Malik, ICCV 2009) is a part of a body that is tight in configuration: "right arm, bent up". The
paper does not say which it used. Ours: seven parts of a body, each the mean location of a few joints; the arrangements
of those joints around it, in units of the box, are clustered by k-means over the training split and its mirror image,
and each cluster is a poselet. A detector keeps the arrangements that it was trained on, and is measured against those.

The data set's joints supervise training alone (`targets`): at test a `rivals.PartDetector` finds the parts in pixels.
"""

import numpy as np

from lib.crops import to_crop
from lib.deepfashion import Benchmark
from lib.lists import JOINTS, VISIBLE

# Mirroring a picture turns a left hand into a right one.
OTHER_SIDE = {"left": "right", "right": "left"}
MIRRORED_JOINTS = tuple(JOINTS.index(" ".join(OTHER_SIDE.get(word, word) for word in name.split())) for name in JOINTS)
POSELET_PARTS = {
    "head": ("head", "neck", "left shoulder", "right shoulder"),
    "left arm": ("left shoulder", "left elbow", "left wrist"),
    "right arm": ("right shoulder", "right elbow", "right wrist"),
    "torso": ("left shoulder", "right shoulder", "left hip", "right hip"),
    "thighs": ("left hip", "right hip", "left knee", "right knee"),
    "left leg": ("left hip", "left knee", "left ankle"),
    "right leg": ("right hip", "right knee", "right ankle"),
}
CLUSTERS = 3  # arrangements of each part: 21 poselets
LEAST = 10  # images that a part's joints must be visible in, to be clustered


def names(kind: str) -> tuple[str, ...]:
    """Return the names of the parts of a kind, "joints" or "poselets", in order."""
    if kind == "joints":
        return JOINTS
    return tuple(f"{part} {number + 1}" for part in POSELET_PARTS for number in range(CLUSTERS))


def _joints(benchmark: Benchmark, margin: float):
    """Return points (N, 14, 2) in units of the crop and visible (N, 14), of the plain and of the mirrored crops."""
    points = to_crop(benchmark.joints.astype(np.float64), benchmark.box, margin)
    visible = (benchmark.joint_visibility == VISIBLE) & np.isfinite(points).all(2)
    order = list(MIRRORED_JOINTS)
    return [(points, visible), (points[:, order] * [-1, 1] + [1, 0], visible[:, order])]


def _shapes(points, visible, part: tuple[str, ...]):
    """Return a part's centre (N, 2), its joints around it (N, 2 * joints), and whether all of them are visible (N,)."""
    joints = [JOINTS.index(name) for name in part]
    centre = points[:, joints].mean(1)
    return centre, (points[:, joints] - centre[:, None]).reshape(len(centre), -1), visible[:, joints].all(1)


def arrangements(benchmark: Benchmark, learn: np.ndarray, seed: int) -> np.ndarray:
    """Return the poselets: (parts, CLUSTERS, 8) mean offsets of up to four joints from their centre, in box units.

    K-means over the rows `learn` and their mirror images; NaN where a part has fewer joints, or was seen too rarely.
    """
    from sklearn.cluster import KMeans  # its import takes a second

    out = np.full((len(POSELET_PARTS), CLUSTERS, 8), np.nan, np.float32)
    both = _joints(benchmark, 0.0)
    for number, part in enumerate(POSELET_PARTS.values()):
        seen = [_shapes(points[learn], visible[learn], part) for points, visible in both]
        examples = np.concatenate([shape[complete] for _, shape, complete in seen])
        if len(examples) >= LEAST:
            means = KMeans(CLUSTERS, n_init=4, random_state=seed).fit(examples).cluster_centers_
            out[number, :, : means.shape[1]] = means
    return out


def targets(kind: str, benchmark: Benchmark, margin: float, poselets: np.ndarray | None = None):
    """Return the targets of a detector: points (N, 2, P, 2) in units of the crop, plain and mirrored, NaN where a part
    is not present, and present (N, 2, P) bool.

    kind: "joints", present where visible; or "poselets", of which the nearest of a part's `arrangements` is present,
    where all its joints are visible. margin: of the crop around the box.
    """
    both = _joints(benchmark, margin)
    if kind == "poselets":
        both = [_nearest(points, visible, poselets / (1 + 2 * margin)) for points, visible in both]
    points = np.stack([np.where(present[..., None], point, np.nan) for point, present in both], axis=1)
    return points.astype(np.float32), np.stack([present for _, present in both], axis=1)


def _nearest(points, visible, poselets):
    """Turn joints (N, 14, 2) and their visibility (N, 14) into poselets: points (N, P, 2), present (N, P)."""
    centres, present = [], []
    for part, means in zip(POSELET_PARTS.values(), poselets, strict=True):
        centre, shape, seen = _shapes(points, visible, part)
        known = np.isfinite(means[:, : shape.shape[1]]).all()
        far = ((shape[:, None] - np.nan_to_num(means[:, : shape.shape[1]])) ** 2).sum(2)  # NaN where a joint is unknown
        nearest = np.where(seen & known, np.nan_to_num(far, nan=np.inf).argmin(1), -1)
        centres += [centre] * CLUSTERS
        present += list((nearest[:, None] == np.arange(CLUSTERS)).T)
    return np.stack(centres, axis=1), np.stack(present, axis=1)
