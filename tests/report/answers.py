"""Random benchmarks and answers that the tests of the report share."""

from pathlib import Path

import numpy as np

from lib import metrics
from lib.deepfashion import Benchmark
from lib.report.results import Results

N, A = 60, 12


def rng(seed=0):
    return np.random.default_rng(seed)


def make(**fields) -> Benchmark:
    """60 images, half of them for training; 6 categories, 12 attributes in three groups, landmarks in a box of 100."""
    full = dict(
        name="category_attribute",
        images_root=Path("nowhere"),
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
    return Benchmark(**full | fields)


def answers(b: Benchmark, n: int, seed: int) -> dict[str, np.ndarray]:
    scores = rng(seed).random((n, A))
    return {
        "category": metrics.ranked(rng(seed + 1).random((n, 6)), 20),
        "attributes": metrics.ranked(scores, 20),
        "attributes_in_group": metrics.ranked_in_groups(scores, b.attribute_groups),
        "landmarks": b.landmarks[b.rows("test")] + rng(seed).normal(0, 8, (n, 8, 2)).astype(np.float32),
        "visibility": np.zeros((n, 8), np.uint8),
    }


def search_results(**fields) -> Results:
    """Queries a, a, b, c and a gallery of b, a, a, d; the query c has no match."""
    item = np.array(["a", "a", "b", "c", "b", "a", "a", "d"])
    few = dict(image=item, split=np.array(["query"] * 4 + ["gallery"] * 4), box=np.ones((8, 4), np.float32))
    b = make(name="inshop", item=item, landmarks=None, visibility=None, attributes=None, category=None, **few | fields)
    nearest = np.array([[1, 0, 2, 3], [3, 0, 2, 1], [2, 3, 0, 1], [0, 1, 2, 3]], np.int32)
    mine = {"nearest": nearest, "nearest_in_category": np.where(nearest == 3, -1, nearest)}
    rows = np.arange(8)
    return Results("inshop", b, rows, {"m": [mine]}, query=rows[:4], gallery=rows[4:])
