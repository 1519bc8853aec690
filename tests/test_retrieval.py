"""Exact search and retrieval accuracy against cases worked by hand, a slow loop and
three libraries."""

import numpy as np
import pytest
import torch
from pytorch_metric_learning.distances import LpDistance
from pytorch_metric_learning.utils.accuracy_calculator import AccuracyCalculator
from pytorch_metric_learning.utils.inference import CustomKNN
from sklearn.neighbors import NearestNeighbors
from torchmetrics.functional.retrieval import retrieval_hit_rate

from lib import metrics


def rng(seed=0):
    return np.random.default_rng(seed)


@pytest.mark.parametrize("block, group", [(1 << 25, 64), (900, 3)])
@pytest.mark.parametrize("offset, scale", [(0, 1), (4096, 1), (0, 2.0**-40), (0, 2.0**55)])
@pytest.mark.parametrize("groups", [False, True])
def test_equal_distances_rank_by_the_lower_index_as_in_a_slow_loop(block, group, offset, scale, groups, monkeypatch):
    """Points of a lattice, whose distances are exact in float64; far from 0 they are not in float32."""
    for name, value in {"BLOCK": block, "GROUP": group, "QUERIES": 7, "SPARE": 3, "CLOSE": 100}.items():
        monkeypatch.setattr(metrics, name, value)
    query, gallery = (rng(i).integers(5, size=(n, 4)) for i, n in enumerate((20, 400)))
    mine, theirs = (rng(i).integers(3, size=n) if groups else None for i, n in ((2, 20), (3, 400)))
    ours = ((points + offset).astype(np.float32) * np.float32(scale) for points in (query, gallery))
    indices, distances = metrics.search(*ours, 9, "cpu", mine, theirs)
    for i in range(20):
        seen = range(400) if mine is None else np.flatnonzero(theirs == mine[i])
        pairs = sorted((int(((query[i] - gallery[j]) ** 2).sum()), j) for j in seen)[:9]
        assert indices[i].tolist() == [j for _, j in pairs]
        assert distances[i] == pytest.approx([scale * squared**0.5 for squared, _ in pairs], rel=1e-6)


def test_search_within_groups_and_beyond_the_gallery():
    query, gallery = np.array([[0.0], [10.0], [0.0]]), np.array([[1.0], [2.0], [9.0]])
    indices, distances = metrics.search(query, gallery, 4)
    assert indices.tolist() == [[0, 1, 2, -1], [2, 1, 0, -1], [0, 1, 2, -1]]
    assert distances.tolist() == [[1, 2, 9, np.inf], [1, 8, 9, np.inf], [1, 2, 9, np.inf]]
    names = np.array(["Dresses", "Dresses", "Shorts"]), np.array(["Denim", "Dresses", "Dresses"])
    indices, distances = metrics.search(query, gallery, 2, query_group=names[0], gallery_group=names[1])
    assert indices.tolist() == [[1, 2], [2, 1], [-1, -1]]
    assert distances.tolist() == [[2, 9], [1, 8], [np.inf, np.inf]]


def test_search_limits():
    assert metrics.search(np.empty((0, 3)), np.ones((2, 3)), 2)[0].shape == (0, 2)
    assert metrics.search(np.ones((1, 3)), np.empty((0, 3)), 2)[0].tolist() == [[-1, -1]]
    constant = np.ones((5, 3), np.float32)
    constant.flags.writeable = False  # as a memory map is
    assert metrics.search(constant, constant, 5)[0].tolist() == [[0, 1, 2, 3, 4]] * 5
    assert metrics.search(np.zeros((1, 2)), np.array([[0.0, 1e-3], [0, 0]]), 2)[0].tolist() == [[1, 0]]
    for bad in (np.nan, np.inf, 1e30):
        with pytest.raises(ValueError, match="finite"):
            metrics.search(np.ones((1, 2)), np.array([[0, bad]]), 1)


def test_matches_by_hand():
    ranked = np.array([[1, 0, 2], [1, 0, 2], [0, 1, 2], [0, 1, -1]])
    matches = metrics.retrieval_matches(ranked, np.array(["a", "b", "z", "c"]), np.array(["a", "b", "a", "c", "a"]))
    assert matches.tolist() == [[False, True, True], [True, False, False], [False] * 3, [False] * 3]
    assert metrics.retrieval_matches(ranked[:0], np.array([], str), np.array(["a"])).shape == (0, 3)


@pytest.mark.parametrize("case", ["one item", "no match", "single query", "single image", "each its own item"])
def test_adversarial_searches_equal_pytorch_metric_learning(case):
    """Its R@1 is of the queries with a match alone, and it refuses where there are none."""
    Q, G = {"single query": (1, 40), "single image": (9, 1)}.get(case, (9, 40))
    query, gallery = rng(4).standard_normal((Q, 3)), rng(5).standard_normal((G, 3))
    asks, has = rng(6).integers(3, size=Q), rng(7).integers(3, size=G)
    if case == "one item":
        asks, has = np.zeros(Q, int), np.zeros(G, int)
    elif case == "no match":
        asks = asks + 3
    elif case == "each its own item":
        asks, has = np.arange(Q), np.arange(G)
    ours = metrics.retrieval_matches(metrics.search(query, gallery, 1)[0], asks, has).mean()
    matched, knn = np.isin(asks, has).sum(), CustomKNN(LpDistance(normalize_embeddings=False))
    theirs = 0
    if matched:
        calculator = AccuracyCalculator(("precision_at_1",), k=1, knn_func=knn)
        theirs = calculator.get_accuracy(*map(torch.tensor, (query, asks, gallery, has)))["precision_at_1"]
    assert ours * Q == pytest.approx(theirs * matched)


@pytest.mark.parametrize("block", [1, 700, 1 << 24])
def test_search_equals_sklearn_in_any_blocks(block, monkeypatch):
    monkeypatch.setattr(metrics, "BLOCK", block)
    query, gallery = (rng(i).standard_normal((n, 16)).astype(np.float32) for i, n in enumerate((50, 120)))
    indices, distances = metrics.search(query, gallery, 10)
    expected = NearestNeighbors(n_neighbors=10, algorithm="brute").fit(gallery).kneighbors(query)
    assert (indices == expected[1]).all() and distances == pytest.approx(expected[0], rel=1e-5)


def accuracy(query, gallery, asks, has, ks) -> dict[int, float]:
    """Return the share of queries whose item is among the k nearest."""
    matches = metrics.retrieval_matches(metrics.search(query, gallery, max(ks))[0], asks, has)
    return {k: matches[:, :k].any(1).mean() for k in ks}


def test_accuracy_equals_torchmetrics():
    query_items, gallery_items = rng().integers(12, size=30), rng(1).integers(12, size=60)
    query, gallery = rng(2).standard_normal((30, 4)), rng(3).standard_normal((60, 4))
    closeness = torch.tensor(-np.linalg.norm(query[:, None] - gallery, axis=2))
    for k, ours in accuracy(query, gallery, query_items, gallery_items, (1, 5, 20, 50)).items():
        there = [torch.tensor(gallery_items == item) for item in query_items]
        hits = [retrieval_hit_rate(row, item, top_k=k).item() for row, item in zip(closeness, there, strict=True)]
        assert ours == pytest.approx(np.mean(hits))
