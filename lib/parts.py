"""What FashionNet+Joints and FashionNet+Poselets pool at: 14 human joints, or poselets.

A poselet (Bourdev and Malik, ICCV 2009) is a part of a body that is tight in configuration: "right arm, bent up". The
paper does not say which it used. Ours: seven parts of a body, each the mean place of a few joints; the arrangements of
those joints around it, in units of the box, are clustered by k-means over the training split and its mirror image, and
each cluster is a poselet.

Joints and poselets alike are only *taught* by the data set's joints (`targets`, of training images): at test a
`model.PartDetector` finds them in the pixels.
"""

import numpy as np
from sklearn.cluster import KMeans

from lib.data import JOINTS, Benchmark
from lib.store import to_crop

KINDS = ("joints", "poselets")
# Mirroring a picture turns a left hand into a right one.
MIRRORED_JOINTS = tuple(
    JOINTS.index({"left": "right", "right": "left"}.get(word, word) + name.removeprefix(word))
    for name in JOINTS
    for word in name.split()[:1]
)
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
    """The parts of a kind, in order."""
    if kind == "joints":
        return JOINTS
    return tuple(f"{part} {number + 1}" for part in POSELET_PARTS for number in range(CLUSTERS))


def mirrored(points: np.ndarray, visible: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Joints (N, 14, 2) in units of the crop and whether they are visible (N, 14), as the mirrored picture has them."""
    order = list(MIRRORED_JOINTS)
    return points[:, order] * [-1, 1] + [1, 0], visible[:, order]


def targets(kind: str, benchmark: Benchmark, learn: np.ndarray, margin: float, seed: int):
    """What a detector is taught: places (N, 2, P, 2) in units of the crop, of the plain and of the mirrored crop, and
    whether the part is there (N, 2, P) bool; a place is nan where it is not.

    kind: "joints", there where visible, or "poselets", clustered over the rows `learn`. margin: of the crop around the
    box. Raises ValueError for another kind.
    """
    if kind not in KINDS:
        raise ValueError(f"kind must be one of {KINDS}, not {kind!r}")
    points = to_crop(benchmark.joints.astype(np.float64), benchmark.box, margin)
    visible = (benchmark.joint_visibility == 0) & np.isfinite(points).all(2)
    both = [(points, visible), mirrored(points, visible)]
    if kind == "poselets":
        both = _poselets(both, learn, seed)
    places = np.stack([np.where(there[..., None], place, np.nan) for place, there in both], axis=1)
    return places.astype(np.float32), np.stack([there for _, there in both], axis=1)


def _poselets(both, learn, seed):
    """Joints of the plain and the mirrored crops -> poselets of both: [(places (N, P, 2), there (N, P))] * 2."""
    out = [(np.zeros((len(points), 0, 2)), np.zeros((len(points), 0), bool)) for points, _ in both]
    for part in POSELET_PARTS.values():
        joints = [JOINTS.index(name) for name in part]
        centre = [points[:, joints].mean(1) for points, _ in both]
        there = [visible[:, joints].all(1) for _, visible in both]
        shape = [(p[:, joints] - c[:, None]).reshape(len(c), -1) for (p, _), c in zip(both, centre, strict=True)]
        examples = np.concatenate([s[learn][t[learn]] for s, t in zip(shape, there, strict=True)])
        enough = len(examples) >= max(LEAST, CLUSTERS)
        means = KMeans(CLUSTERS, n_init=4, random_state=seed).fit(examples) if enough else None
        for i in (0, 1):
            cluster = np.full(len(centre[i]), -1)
            if enough and there[i].any():
                cluster[there[i]] = means.predict(shape[i][there[i]])
            present = cluster[:, None] == np.arange(CLUSTERS)
            places = np.repeat(centre[i][:, None], CLUSTERS, axis=1)
            out[i] = np.concatenate([out[i][0], places], axis=1), np.concatenate([out[i][1], present], axis=1)
    return out
