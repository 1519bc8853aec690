"""Random benchmarks and answers that the tests of the report share."""

import numpy as np
from squares import blank

from lib import metrics, paper
from lib.deepfashion import Benchmark
from lib.methods import FASHIONNET
from lib.report import measures
from lib.report.results import Results

N, A = 60, 12
OTHER = paper.METHODS[1]  # a rival of FashionNet


def rng(seed=0):
    return np.random.default_rng(seed)


def make(**fields) -> Benchmark:
    """60 images, half of them for training; 6 categories, 12 attributes in three groups, landmarks in a box of 100."""
    full = dict(
        image=np.array([f"img/item {i // 2}/{i}.jpg" for i in range(N)]),
        split=np.array(["train", "test"] * (N // 2)),
        box=np.tile(np.array([[10, 20, 110, 120]], np.float32), (N, 1)),
        category=rng(1).integers(0, 6, N).astype(np.int16),
        category_names=tuple("abcdef"),
        landmarks=rng(2).uniform(20, 100, (N, 8, 2)).astype(np.float32),
        visibility=rng(3).integers(-1, 3, (N, 8)).astype(np.int8),
        attributes=np.where(rng(4).random((N, A)) < 0.3, 1, -1).astype(np.int8),
        attribute_names=tuple("abcdefghijkl"),
        attribute_groups=np.array([2] * 5 + [1] * 3 + [5] * 4, np.int8),
        group_names={1: "texture", 2: "fabric", 5: "style"},
    )
    return blank(N, **full | fields)


def answers(b: Benchmark, n: int, seed: int) -> dict[str, np.ndarray]:
    scores = rng(seed).random((n, A))
    return {
        "category": metrics.ranked(rng(seed + 1).random((n, 6)), 20),
        "attributes": metrics.ranked(scores, 20),
        "attributes_in_group": metrics.ranked_in_groups(scores, b.attribute_groups),
        "landmarks": b.landmarks[b.rows("test")] + rng(seed).normal(0, 8, (n, 8, 2)).astype(np.float32),
        "visibility": np.zeros((n, 8), np.uint8),
    }


def value(r: Results, name: str, definition: str, k: float, method: str, group: str = "all") -> float:
    """One measure of one method in the sample, the mean over seeds."""
    sample = metrics.Bootstrap(r.units, n=0)
    return measures.resampled(measures.BY_NAME[name, definition], r, method, k, group, sample)[0][0]


def search_results() -> Results:
    """Queries of items a, b, c and d; a gallery of a, b, b and e; a training image of z. FashionNet and a rival."""
    item = np.array(list("abcdabbez"))
    b = make(
        name="inshop", image=item, split=np.array(["query"] * 4 + ["gallery"] * 4 + ["train"]), item=item,
        box=np.ones((9, 4), np.float32), landmarks=None, visibility=None, attributes=None,
        category=np.array([0, 0, 1, 1, 0, 0, 0, 1, 0], np.int16), category_names=("WOMEN/Dresses", "MEN/Shorts"),
        pose=np.array([1, 2, 4, 5, 1, 1, 1, 1, 1], np.int8),
    )  # fmt: skip
    near = np.full((4, 50), -1, np.int32)
    near[:, :4] = [[0, 1, 2, 3], [0, 3, 1, 2], [0, 1, 2, 3], [3, 2, 1, 0]]  # a at 1, b at 3, c and d never
    worse, within = near.copy(), np.full((4, 50), -1, np.int32)
    worse[0, :4] = [3, 0, 1, 2]  # a at 2
    within[:2, :3], within[2:, 0] = [[0, 1, 2], [1, 2, 0]], 3
    answers = {FASHIONNET: [{"nearest": near, "nearest_in_category": within}]}
    answers[OTHER] = [{"nearest": worse, "nearest_in_category": within}] * 2
    rows = np.arange(8)
    return Results("inshop", b, rows, answers, query=rows[:4], gallery=rows[4:])
