"""Exact search and retrieval accuracy against cases worked by hand, scikit-learn, torchmetrics and
pytorch-metric-learning."""

import numpy as np
import pytest
import torch
from pytorch_metric_learning.distances import LpDistance
from pytorch_metric_learning.utils.accuracy_calculator import AccuracyCalculator
from pytorch_metric_learning.utils.inference import CustomKNN
from sklearn.neighbors import NearestNeighbors
from torchmetrics.functional.retrieval import retrieval_hit_rate

from lib import metrics

NAN = float("nan")


def rng(seed=0):
    return np.random.default_rng(seed)


@pytest.mark.parametrize("block", [1, 7, 64, 4096])
def test_search_equals_sklearn_in_any_blocks(block):
    query, gallery = rng().standard_normal((50, 16)), rng(1).standard_normal((120, 16))
    query, gallery = query.astype(np.float32), gallery.astype(np.float32)
    indices, distances = metrics.search(query, gallery, 10, block=block)
    expected = NearestNeighbors(n_neighbors=10, algorithm="brute").fit(gallery).kneighbors(query)
    assert (indices == expected[1]).all()
    assert distances == pytest.approx(expected[0], rel=1e-5)
    assert (np.diff(distances) >= 0).all()
    whole = metrics.search(query, gallery, 10)
    assert (indices == whole[0]).all() and (distances == whole[1]).all()


@pytest.mark.parametrize("block", [3, 16, 4096])
def test_search_breaks_ties_by_the_lower_index(block):
    points = rng().standard_normal((4, 32)).astype(np.float32)
    gallery = np.tile(points, (10, 1))  # image i shows point i % 4
    indices, distances = metrics.search(points, gallery, 12, block=block)
    order = np.argsort(np.linalg.norm(points[:, None].astype(np.float64) - points, axis=2), axis=1)
    for row, (first, second) in zip(indices, order[:, :2], strict=True):
        assert row.tolist() == [*range(first, 40, 4), second, second + 4]
    assert (distances[:, :10] == 0).all()  # the query itself, exactly


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
    for bad in (NAN, np.inf, 1e30):
        with pytest.raises(ValueError, match="finite"):
            metrics.search(np.ones((1, 2)), np.array([[0, bad]]), 1)
    with pytest.raises(ValueError, match="embeddings"):
        metrics.search(np.ones((1, 2)), np.ones((1, 3)), 1)
    with pytest.raises(ValueError, match="k 1 or more"):
        metrics.search(np.ones((1, 2)), np.ones((1, 2)), 0)
    with pytest.raises(ValueError, match="one group each"):
        metrics.search(np.ones((1, 2)), np.ones((1, 2)), 1, query_group=np.array([1]))
    with pytest.raises(ValueError, match="one group each"):
        groups = np.array([1]), np.array([1, 2])
        metrics.search(np.ones((1, 2)), np.ones((1, 2)), 1, query_group=groups[0], gallery_group=groups[1])


def test_retrieval_accuracy_by_hand():
    gallery = np.array(["a", "b", "a", "c", "a"])
    query = np.array(["a", "b", "z", "c"])  # the gallery has no z
    ranked = np.array([[1, 0, 2], [1, 0, 2], [0, 1, 2], [0, 1, -1]])
    result = metrics.retrieval_accuracy(ranked, query, gallery, (1, 2, 3))
    assert result["accuracy"] == {1: 1 / 4, 2: 2 / 4, 3: 2 / 4}  # z is a miss, not left out
    # a finds 0, 1, 2 of its 3 images, b its one, c none; z has none to find
    assert result["recall"] == pytest.approx({1: 1 / 3, 2: (1 / 3 + 1) / 3, 3: (2 / 3 + 1) / 3})
    assert (result["queries"], result["without_match"]) == (4, 1)


def test_retrieval_accuracy_equals_torchmetrics():
    query_items, gallery_items = rng().integers(12, size=30), rng(1).integers(12, size=60)
    query, gallery = rng(2).standard_normal((30, 4)), rng(3).standard_normal((60, 4))
    ranked, _ = metrics.search(query, gallery, 50)
    ours = metrics.retrieval_accuracy(ranked, query_items, gallery_items, range(1, 51))
    closeness = -np.linalg.norm(query[:, None] - gallery, axis=2)
    for k in (1, 5, 20, 50):
        hits = [
            retrieval_hit_rate(torch.tensor(row), torch.tensor(gallery_items == item), top_k=k).item()
            for row, item in zip(closeness, query_items, strict=True)
        ]
        assert ours["accuracy"][k] == pytest.approx(np.mean(hits))
    for name in ("accuracy", "recall"):
        assert (np.diff(list(ours[name].values())) >= 0).all()


def r_at_1(query, query_items, gallery, gallery_items):
    """pytorch-metric-learning's, of the queries with a match alone; None where it refuses because there are none."""
    calculator = AccuracyCalculator(
        ("precision_at_1",), k=1, knn_func=CustomKNN(LpDistance(normalize_embeddings=False))
    )
    tensors = map(torch.tensor, (query, query_items, gallery, gallery_items))
    return calculator.get_accuracy(*tensors)["precision_at_1"] if np.isin(query_items, gallery_items).any() else None


@pytest.mark.parametrize("block", [2])
@pytest.mark.parametrize("case", ["one item", "no match", "single query", "single image", "each its own item"])
def test_adversarial_searches_equal_both_peers(case, block):
    Q, G = {"single query": (1, 40), "single image": (9, 1)}.get(case, (9, 40))
    query, gallery = (
        rng(4).standard_normal((Q, 3)).astype(np.float32),
        rng(5).standard_normal((G, 3)).astype(np.float32),
    )
    asks, has = rng(6).integers(3, size=Q), rng(7).integers(3, size=G)
    if case == "one item":
        asks, has = np.zeros(Q, int), np.zeros(G, int)
    elif case == "no match":
        asks = asks + 3
    elif case == "each its own item":
        asks, has = np.arange(Q), np.arange(G)
    k = min(5, G)
    ranked, distances = metrics.search(query, gallery, k, block=block)
    expected = NearestNeighbors(n_neighbors=k, algorithm="brute").fit(gallery).kneighbors(query)
    assert (ranked == expected[1]).all() and distances == pytest.approx(expected[0], rel=1e-4)
    ours = metrics.retrieval_accuracy(ranked, asks, has, range(1, k + 1))
    hits = (has[expected[1]] == asks[:, None]).cumsum(1) > 0
    assert list(ours["accuracy"].values()) == pytest.approx(hits.mean(0))
    theirs = r_at_1(query, asks, gallery, has)
    matched = ours["queries"] - ours["without_match"]
    assert matched == np.isin(asks, has).sum()
    assert ours["accuracy"][1] * Q == (0 if theirs is None else pytest.approx(theirs * matched))


@pytest.mark.parametrize("block", [3, 4096])
def test_ties_on_a_lattice_stay_between_the_luckiest_and_the_unluckiest_order(block):
    """Points of a 3 x 3 lattice: every distance is shared by several images, of several items."""
    query, gallery = rng(8).integers(3, size=(20, 2)).astype(np.float32), rng(9).integers(3, size=(60, 2))
    asks, has = rng(10).integers(9, size=20), rng(11).integers(8, size=60)  # item 8 has no match
    far = NearestNeighbors(n_neighbors=60, algorithm="brute").fit(gallery).kneighbors(query)
    far = np.take_along_axis(far[0], far[1].argsort(1), 1).round(6)  # in the gallery's order
    ranked, distances = metrics.search(query, gallery.astype(np.float32), 60, block=block)
    assert (ranked == np.argsort(far, axis=1, kind="stable")).all()  # ties by the lower index, whatever the blocks
    assert distances == pytest.approx(np.sort(far, axis=1), abs=1e-5)
    ours = metrics.retrieval_accuracy(ranked, asks, has, range(1, 61))["accuracy"]
    nearest = np.where(has == asks[:, None], far, np.inf).min(1, keepdims=True)
    lucky = np.where(np.isinf(nearest), np.inf, (far < nearest).sum(1, keepdims=True))
    unlucky = np.where(np.isinf(nearest), np.inf, ((far <= nearest) & (has != asks[:, None])).sum(1, keepdims=True))
    strict = [((unlucky < k).mean(), (lucky < k).mean()) for k in ours]
    assert all(low <= value <= high for (low, high), value in zip(strict, ours.values(), strict=True))
    assert any(low < high for low, high in strict)


def test_retrieval_limits():
    items = np.array([1, 2, 3])
    perfect = metrics.retrieval_accuracy(np.array([[0], [1], [2]]), items, items, [1])
    assert perfect == {"accuracy": {1: 1}, "recall": {1: 1}, "queries": 3, "without_match": 0}
    none = metrics.retrieval_accuracy(np.array([[1], [2], [0]]), items, items, [1])
    assert none["accuracy"] == none["recall"] == {1: 0}
    lonely = metrics.retrieval_accuracy(np.array([[0]]), np.array([9]), items, [1])
    assert lonely["accuracy"] == {1: 0} and np.isnan(lonely["recall"][1]) and lonely["without_match"] == 1
    empty = metrics.retrieval_accuracy(np.empty((0, 2), int), items[:0], items, [2])
    assert np.isnan(empty["accuracy"][2]) and empty["queries"] == empty["without_match"] == 0
    with pytest.raises(ValueError, match="ranking of that many"):
        metrics.retrieval_accuracy(np.array([[0]]), items[:1], items, [2])
    with pytest.raises(ValueError, match="indices"):
        metrics.retrieval_matches(np.array([["a"]]), np.array(["a"]), np.array(["a"]))
    with pytest.raises(ValueError, match="0..2|-1..2"):
        metrics.retrieval_matches(np.array([[3]]), items[:1], items)
    with pytest.raises(ValueError, match="does not fit"):
        metrics.retrieval_matches(np.array([[0]]), items, items)
