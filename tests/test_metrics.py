"""Metrics against cases worked by hand, slow loops and other libraries."""

import numpy as np
import pytest
import torch
from pytorch_metric_learning.distances import LpDistance
from pytorch_metric_learning.utils.accuracy_calculator import AccuracyCalculator
from pytorch_metric_learning.utils.inference import CustomKNN
from sklearn.metrics import top_k_accuracy_score
from sklearn.neighbors import NearestNeighbors
from torchmetrics.functional.classification import multiclass_accuracy, multilabel_recall
from torchmetrics.functional.retrieval import retrieval_hit_rate
from torchmetrics.utilities.data import select_topk

from lib import metrics

NAN = float("nan")


def rng(seed=0):
    return np.random.default_rng(seed)


# Category


def test_topk_accuracy_by_hand():
    scores = np.array([[0.1, 0.7, 0.2], [0.5, 0.3, 0.2], [0.1, 0.2, 0.7], [0.6, 0.3, 0.1]])
    labels = np.array([1, 1, 0, 0])  # ranks 1, 2, 3, 1
    assert [metrics.topk_accuracy(scores, labels, k) for k in (1, 2, 3)] == [0.5, 0.75, 1.0]
    # category 0 has ranks 3 and 1, category 1 ranks 1 and 2, category 2 never occurs
    assert [metrics.topk_accuracy(scores, labels, k, "macro") for k in (1, 2)] == [0.5, 0.75]


def test_macro_differs_from_micro_when_categories_are_uneven():
    scores = np.tile([1.0, 0.0], (10, 1))
    labels = np.array([0] * 9 + [1])
    assert metrics.topk_accuracy(scores, labels, 1) == 0.9
    assert metrics.topk_accuracy(scores, labels, 1, "macro") == 0.5


@pytest.mark.parametrize("k", [1, 3, 5, 50])
def test_topk_accuracy_equals_torchmetrics_and_sklearn(k):
    scores, labels = rng().standard_normal((400, 50)), rng(1).integers(50, size=400)
    ours = metrics.topk_accuracy(scores, labels, k)
    theirs = multiclass_accuracy(torch.tensor(scores), torch.tensor(labels), num_classes=50, average="micro", top_k=k)
    assert ours == pytest.approx(theirs.item(), abs=1e-6)
    if k < 50:  # scikit-learn calls k = 50 useless and warns
        assert ours == pytest.approx(top_k_accuracy_score(labels, scores, k=k, labels=np.arange(50)))


def test_equal_scores_rank_by_the_lower_index():
    scores = np.zeros((4, 4))
    labels = np.arange(4)
    assert metrics.topk_hits(scores, labels, 1).tolist() == [True, False, False, False]
    assert metrics.topk_hits(scores, labels, 3).tolist() == [True, True, True, False]
    assert metrics.topk_mask(scores, 3).tolist() == [[True, True, True, False]] * 4
    assert metrics.topk_mask(np.array([[1.0, 2, 2, 3, 2]]), 3).tolist() == [[False, True, True, True, False]]


@pytest.mark.parametrize("k", [1, 2, 5, 9])
def test_topk_mask_equals_a_stable_sort(k):
    scores = rng().integers(4, size=(200, 9)).astype(np.float32)  # many ties
    expected = np.zeros(scores.shape, bool)
    for row, mask in zip(scores, expected, strict=True):
        mask[np.argsort(-row, kind="stable")[:k]] = True
    assert (metrics.topk_mask(scores, k) == expected).all()


def test_topk_limits():
    scores, labels = np.eye(3), np.arange(3)
    assert metrics.topk_accuracy(scores, labels, 1) == 1
    assert metrics.topk_accuracy(-scores, labels, 2) == 0
    assert metrics.topk_accuracy(-scores, labels, 99) == 1
    assert np.isnan(metrics.topk_accuracy(np.empty((0, 3)), np.empty(0, int), 1))
    assert np.isnan(metrics.topk_accuracy(np.empty((0, 3)), np.empty(0, int), 1, "macro"))
    assert metrics.topk_accuracy(np.array([[0.0, -np.inf]]), np.array([0]), 1) == 1
    for bad in ([0, 1, 3], [0, 1, -1], [0, 1]):
        with pytest.raises(ValueError, match="labels"):
            metrics.topk_accuracy(scores, np.array(bad), 1)
    with pytest.raises(ValueError, match="NaN in row 1"):
        metrics.topk_accuracy(np.array([[0.0, 1], [NAN, 0]]), np.array([0, 1]), 1)
    with pytest.raises(ValueError, match="k must be"):
        metrics.topk_accuracy(scores, labels, 0)
    with pytest.raises(ValueError, match="average"):
        metrics.topk_accuracy(scores, labels, 1, "weighted")


# Attributes

# Ranking of image 0: attributes 0 1 2 3; of image 1: 3 2 1 0; of image 2: 0 1 2 3.
SCORES = np.array([[4.0, 3, 2, 1], [1, 2, 3, 4], [4, 3, 2, 1]])
LABELS = np.array([[1, -1, 1, 1], [1, -1, -1, 0], [-1, 0, -1, 1]], np.int8)
GROUPS = np.array([1, 1, 2, 2])


@pytest.mark.parametrize(
    ("definition", "recall", "counts"),
    [
        # Top 2: image 0 finds attribute 0, images 1 and 2 find nothing: 1 of the 5 labels, 1 of 2 in group 1.
        ("micro", {"all": 1 / 5, 1: 1 / 2, 2: 0}, {"all": 5, 1: 2, 2: 3}),
        # Attribute 0: 1 of 2, attribute 2: 0 of 1, attribute 3: 0 of 2; attribute 1 has no positives.
        ("macro", {"all": 1 / 6, 1: 1 / 2, 2: 0}, {"all": 3, 1: 1, 2: 2}),
        # Two attributes a group, both in the top 2.
        ("group", {"all": 1, 1: 1, 2: 1}, {"all": 5, 1: 2, 2: 3}),
        # Image 0: 1 of 3, image 1: 0 of 1, image 2: 0 of 1.
        ("image", {"all": 1 / 9, 1: 1 / 2, 2: 0}, {"all": 3, 1: 2, 2: 2}),
        ("best50", {"all": 1 / 6, 1: 1 / 2, 2: 0}, {"all": 3, 1: 1, 2: 2}),
    ],
)
def test_attribute_recall_by_hand(definition, recall, counts):
    ours = metrics.attribute_recall(SCORES, LABELS, 2, GROUPS, definition)
    assert ours[0] == pytest.approx(recall)
    assert ours[1] == counts


def test_group_ranking_by_hand():
    recall, counts = metrics.attribute_recall(SCORES, LABELS, 1, GROUPS, "group")
    # Group 1: image 0 keeps attribute 0 (right), image 1 keeps 1.
    # Group 2: image 0 keeps 2 (right), image 1 keeps 3, image 2 keeps 2.
    assert recall == pytest.approx({"all": 2 / 5, 1: 1 / 2, 2: 1 / 3})
    assert counts == {"all": 5, 1: 2, 2: 3}


def test_best50_takes_the_best_and_no_more_than_there_are():
    scores = np.tile(np.arange(100.0, 0, -1), (4, 1))
    labels = np.zeros((4, 100), int)
    labels[:, :60] = 1
    recall, counts = metrics.attribute_recall(scores, labels, 25, np.ones(100, int), "best50")
    assert (recall["all"], counts["all"]) == (
        0.5,
        50,
    )  # 25 attributes always found, 35 never, 40 without positives
    assert metrics.attribute_recall(scores, labels, 25, np.ones(100, int), "macro")[0]["all"] == 25 / 60


def test_micro_recall_equals_torchmetrics():
    scores, labels = rng().standard_normal((300, 40)), (rng(1).random((300, 40)) < 0.1).astype(np.int8)
    groups = np.arange(40) % 5 + 1
    for k in (2, 5):
        mask = select_topk(torch.tensor(scores), k)
        ours = metrics.attribute_recall(scores, labels, k, groups)[0]
        for name in ours:
            columns = slice(None) if name == "all" else groups == name
            theirs = multilabel_recall(
                mask[:, columns].float(),
                torch.tensor(labels[:, columns]).long(),
                num_labels=mask[:, columns].shape[1],
                average="micro",
            )
            assert ours[name] == pytest.approx(theirs.item(), abs=1e-6)
        each, counts = metrics.attribute_recall_per_attribute(scores, labels, k)
        theirs = multilabel_recall(mask.float(), torch.tensor(labels).long(), num_labels=40, average="none")
        assert each == pytest.approx(theirs.numpy(), abs=1e-6)
        assert (counts == labels.sum(0)).all()


def test_minus_one_and_zero_are_not_positives():
    scores = np.array([[3.0, 2, 1]])
    for absent in (-1, 0):
        labels = np.array([[absent, 1, absent]], np.int8)
        assert metrics.attribute_recall(scores, labels, 1, np.ones(3, int))[0]["all"] == 0
        assert metrics.attribute_recall(scores, labels, 2, np.ones(3, int))[0]["all"] == 1
        assert metrics.attribute_recall_per_attribute(scores, labels, 3)[1].tolist() == [0, 1, 0]


@pytest.mark.parametrize("definition", metrics.ATTRIBUTE_DEFINITIONS)
def test_attribute_recall_limits(definition):
    scores = rng().standard_normal((20, 12))
    groups = np.repeat([1, 2, 7], 4)
    labels = np.where(rng(1).random((20, 12)) < 0.3, 1, -1)
    labels[:, 8:] = 0
    curve = [metrics.attribute_recall(scores, labels, k, groups, definition)[0] for k in range(1, 13)]
    assert np.isnan([recall[7] for recall in curve]).all()  # named, not perfect and not left out
    assert metrics.attribute_recall(scores, labels, 3, groups, definition)[1][7] == 0
    for name in ("all", 1, 2):
        values = [recall[name] for recall in curve]
        assert (np.diff(values) >= 0).all() and values[-1] == 1
    nothing = metrics.attribute_recall(scores, np.zeros((20, 12)), 3, groups, definition)
    assert np.isnan(list(nothing[0].values())).all() and set(nothing[1].values()) == {0}
    empty = metrics.attribute_recall(np.empty((0, 12)), np.empty((0, 12)), 3, groups, definition)
    assert np.isnan(list(empty[0].values())).all()


def test_attribute_recall_refuses():
    with pytest.raises(ValueError, match="definition"):
        metrics.attribute_recall(SCORES, LABELS, 2, GROUPS, "weighted")
    with pytest.raises(ValueError, match="NaN"):
        metrics.attribute_recall(SCORES * NAN, LABELS, 2, GROUPS, "group")
    with pytest.raises(ValueError, match="shape"):
        metrics.attribute_recall(SCORES, LABELS[:2], 2, GROUPS)
    with pytest.raises(ValueError, match="groups"):
        metrics.attribute_recall(SCORES, LABELS, 2, GROUPS[:3])


def test_one_sum_is_not_the_mean_of_batch_means():
    # 3 images hit, then a short last batch of 1 misses: 3/4, where the mean of the batches' means says 1/2.
    scores, labels = np.tile([1.0, 0.0], (4, 1)), np.array([0, 0, 0, 1])
    batches = [metrics.topk_accuracy(scores[rows], labels[rows], 1) for rows in (slice(0, 3), slice(3, 4))]
    assert (np.mean(batches), metrics.topk_accuracy(scores, labels, 1)) == (0.5, 0.75)
    hits = metrics.attribute_hits(SCORES, LABELS, 2)
    assert hits.sum() / (LABELS == 1).sum() == metrics.attribute_recall(SCORES, LABELS, 2, GROUPS)[0]["all"]


# Retrieval


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


def test_faiss_finds_what_the_exact_search_finds():
    query, gallery = rng().standard_normal((40, 16)), rng(1).standard_normal((300, 16))
    groups = rng(2).integers(0, 5, 40), rng(3).integers(0, 4, 300)  # group 4 has no gallery
    for mine in ((None, None), groups):
        exact = metrics.search(query, gallery, 90, query_group=mine[0], gallery_group=mine[1])
        found = metrics.search_faiss(query, gallery, 90, *mine)
        assert (found[0] == exact[0]).all()
        assert found[1] == pytest.approx(exact[1], rel=1e-4)
    assert (found[0][groups[0] == 4] == -1).all()
    for k in (1, 3, 4):
        same = metrics.search_faiss(np.ones((1, 3)), np.ones((4, 3)), k)
        assert same[0].tolist() == [[0, 1, 2, 3][:k]] and (same[1] == 0).all()
    with pytest.raises(ValueError, match="finite"):
        metrics.search_faiss(np.full((1, 3), np.nan), np.ones((4, 3)), 1)


@pytest.mark.parametrize("k", [1, 2, 7, 30])
def test_faiss_ranks_ties_as_the_exact_search_does(k):
    """A lattice, in which most distances are shared by many, and every point is there thrice."""
    points = np.tile(np.stack(np.meshgrid(*[np.arange(4.0)] * 3), axis=-1).reshape(-1, 3), (3, 1))
    query = np.concatenate([points[:20], points[:20] + 0.5])
    exact, found = metrics.search(query, points, k), metrics.search_faiss(query, points, k)
    assert (found[0] == exact[0]).all() and found[1] == pytest.approx(exact[1], rel=1e-6)
    unit = (points[1:64] / np.linalg.norm(points[1:64], axis=1, keepdims=True)).astype(np.float32)
    exact, found = metrics.search(unit, unit, k + 1), metrics.search_faiss(unit, unit, k)
    assert found[1] == pytest.approx(exact[1][:, :k], abs=1e-5)
    clear = (np.diff(exact[1], axis=1, prepend=-1) > 1e-5)[:, :k] & (np.diff(exact[1], axis=1) > 1e-5)
    same = np.isclose(exact[1][:, :k], 0)  # several of one direction: equal to the last digit
    assert clear.any() and ((found[0] == exact[0][:, :k]) | ~(clear | same)).all()


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
    with pytest.raises(ValueError, match="k and block"):
        metrics.search(np.ones((1, 2)), np.ones((1, 2)), 0)
    with pytest.raises(ValueError, match="go together"):
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


def test_missing_ranks_are_no_image():
    # -1 must not mean the last image of the gallery.
    ranked = np.array([[-1, -1]])
    assert metrics.retrieval_accuracy(ranked, np.array([5]), np.array([4, 5]), [2])["accuracy"] == {2: 0}


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


def test_first_rank_equals_pytorch_metric_learning():
    query_items, gallery_items = rng().integers(40, size=50), rng(1).integers(40, size=60)
    query, gallery = rng(2).standard_normal((50, 4)), rng(3).standard_normal((60, 4))
    ranked, _ = metrics.search(query, gallery, 1)
    ours = metrics.retrieval_accuracy(ranked, query_items, gallery_items, [1])
    knn = CustomKNN(LpDistance(normalize_embeddings=False))
    theirs = AccuracyCalculator(include=("precision_at_1",), k=1, knn_func=knn).get_accuracy(
        *map(torch.tensor, (query, query_items, gallery, gallery_items))
    )["precision_at_1"]
    # It leaves queries without a match out, which the paper does not.
    matched = ours["queries"] - ours["without_match"]
    assert 0 < ours["without_match"]
    assert ours["accuracy"][1] * ours["queries"] == pytest.approx(theirs * matched)


def r_at_1(query, query_items, gallery, gallery_items):
    """pytorch-metric-learning's, of the queries with a match alone; None where it refuses because there are none."""
    calculator = AccuracyCalculator(
        ("precision_at_1",), k=1, knn_func=CustomKNN(LpDistance(normalize_embeddings=False))
    )
    tensors = map(torch.tensor, (query, query_items, gallery, gallery_items))
    return calculator.get_accuracy(*tensors)["precision_at_1"] if np.isin(query_items, gallery_items).any() else None


@pytest.mark.parametrize("block", [1, 2, 5, 4096])
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


@pytest.mark.parametrize("block", [1, 3, 4096])
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


# Landmarks

BOX = np.array([[10.0, 20, 110, 220]])  # 100 wide, 200 high
TRUE = np.array([[[50.0, 60], [70, 80], [NAN, NAN]]])
PRED = np.array([[[60.0, 60], [70, 100], [70, 80]]])  # 10 px right, 20 px down, nothing to compare


def test_landmark_distances_by_hand():
    box = metrics.landmark_distances(PRED, TRUE, BOX)
    assert box[0, :2] == pytest.approx([0.1, 0.1]) and np.isnan(box[0, 2])
    diagonal = metrics.landmark_distances(PRED, TRUE, BOX, "diagonal")
    assert diagonal[0, :2] == pytest.approx([10 / 50000**0.5, 20 / 50000**0.5])
    both = metrics.landmark_distances(PRED[:, :1] + [[[0, 20]]], TRUE[:, :1], BOX)
    assert both == pytest.approx(np.array([[0.02**0.5]]))
    swapped = metrics.landmark_distances(PRED[..., ::-1], TRUE[..., ::-1], BOX[:, [1, 0, 3, 2]])
    assert swapped == pytest.approx(box, nan_ok=True)


def test_landmark_distances_do_not_depend_on_the_frame():
    scale, shift = np.array([3.0, 0.5]), np.array([7.0, -40])
    box = (BOX.reshape(1, 2, 2) * scale + shift).reshape(1, 4)
    moved = metrics.landmark_distances(PRED * scale + shift, TRUE * scale + shift, box)
    assert moved == pytest.approx(metrics.landmark_distances(PRED, TRUE, BOX), nan_ok=True)


def test_landmark_distances_refuse():
    with pytest.raises(ValueError, match="prediction 0 is not finite"):
        metrics.landmark_distances(PRED * NAN, TRUE, BOX)
    with pytest.raises(ValueError, match="no area"):
        metrics.landmark_distances(PRED, TRUE, BOX[:, [0, 1, 0, 3]])
    with pytest.raises(ValueError, match="no area"):
        metrics.landmark_distances(PRED, TRUE, BOX * NAN)
    with pytest.raises(ValueError, match="shapes"):
        metrics.landmark_distances(PRED, TRUE[:, :2], BOX)
    with pytest.raises(ValueError, match="norm"):
        metrics.landmark_distances(PRED, TRUE, BOX, "width")


# Landmark 0 visible, visible, occluded; landmark 1 visible, cut off, lacking; landmark 2 never visible.
DISTANCES = np.array([[0.05, 0.1, 0.0], [0.3, 0.0, 0.0], [0.01, NAN, NAN]])
VISIBILITY = np.array([[0, 0, 1], [0, 2, 2], [1, -1, -1]], np.int8)


def test_pdj_by_hand():
    per_landmark, pooled, counts = metrics.pdj(DISTANCES, VISIBILITY, [0.05, 0.1, 0.2, 1])
    assert counts.tolist() == [2, 1, 0]
    assert per_landmark == pytest.approx(
        np.array([[0, 0, NAN], [0.5, 0, NAN], [0.5, 1, NAN], [1, 1, NAN]]), nan_ok=True
    )  # "below" is strict, and 0 / 0 is not perfect
    assert pooled == pytest.approx([0, 1 / 3, 2 / 3, 1])

    per_landmark, pooled, counts = metrics.pdj(DISTANCES, VISIBILITY, [0.2], invisible="errors")
    assert counts.tolist() == [3, 2, 2]  # the lacking slots never count
    assert per_landmark == pytest.approx(np.array([[1 / 3, 1 / 2, 0]]))
    assert pooled == pytest.approx([2 / 7])


def test_pdj_of_a_truth_without_a_place_is_an_error():
    per_landmark, pooled, counts = metrics.pdj(np.array([[NAN, 0.0]]), np.array([[0, 0]]), [9])
    assert (per_landmark.tolist(), pooled.tolist(), counts.tolist()) == ([[0, 1]], [0.5], [1, 1])


def test_pdj_limits_and_a_curve_that_never_falls():
    distances, visibility = rng().random((200, 8)), rng(1).integers(-1, 3, size=(200, 8))
    thresholds = np.linspace(0, 1.01, 30)
    for invisible in ("left_out", "errors"):
        per_landmark, pooled, counts = metrics.pdj(distances, visibility, thresholds, invisible)
        assert per_landmark.shape == (30, 8) and pooled.shape == (30,)
        assert (np.diff(per_landmark, axis=0) >= 0).all() and (np.diff(pooled) >= 0).all()
        assert pooled == pytest.approx(per_landmark @ counts / counts.sum())
        assert pooled[0] == 0
        slow = sum(visibility[i, j] == 0 and distances[i, j] < thresholds[10] for i in range(200) for j in range(8))
        assert pooled[10] * counts.sum() == pytest.approx(slow)
    assert metrics.pdj(distances, visibility, thresholds)[1][-1] == 1
    for rows in (slice(0, 0), slice(0, 1)):
        none = metrics.pdj(distances[rows], np.full_like(visibility[rows], 2), thresholds)
        assert np.isnan(none[0]).all() and np.isnan(none[1]).all() and not none[2].any()
    assert metrics.pdj(distances, visibility, [])[0].shape == (0, 8)
    with pytest.raises(ValueError, match="visibility"):
        metrics.pdj(distances, visibility[:1], thresholds)
    with pytest.raises(ValueError, match="invisible"):
        metrics.pdj(distances, visibility, thresholds, "perfect")


def test_later_papers_figures_by_hand():
    per_landmark, pooled, counts = metrics.normalised_error(DISTANCES, VISIBILITY)
    assert per_landmark == pytest.approx([0.175, 0.1, NAN], nan_ok=True)
    assert pooled == pytest.approx(0.15)
    assert counts.tolist() == [2, 1, 0]
    with pytest.raises(ValueError, match="no true position"):
        metrics.normalised_error(np.array([[NAN]]), np.array([[0]]))

    per_landmark, pooled, counts = metrics.pck(DISTANCES, VISIBILITY)
    assert per_landmark == pytest.approx([0.5, 1, NAN], nan_ok=True)
    assert pooled == pytest.approx(2 / 3)

    # The box of 100 x 200 scaled to 224 x 224: 10 px right are 22.4 px, 4 px right and 8 px down 8.96 px.
    visibility = np.array([[0, 0, 0, 1]])
    true = np.full((1, 4, 2), 60.0)
    pred = true + [[[10, 0], [4, 0], [0, 8], [0, 0]]]
    per_landmark, pooled, counts = metrics.within_pixels(pred, true, BOX, visibility)
    assert per_landmark == pytest.approx([0, 1, 1, NAN], nan_ok=True)
    assert (pooled, counts.tolist()) == (pytest.approx(2 / 3), [1, 1, 1, 0])
    assert metrics.within_pixels(pred, true, BOX, visibility, pixels=23)[1] == 1


# Intervals


def test_bootstrap_is_deterministic_and_of_sums():
    numerator, denominator = np.array([1.0, 0, 3]), np.array([1.0, 0, 9])
    value, low, high = metrics.bootstrap_interval(numerator, denominator)
    assert value == 0.4 and low <= value <= high  # 4 / 10, not the mean of 1, 0 / 0 and 1 / 3
    numerator, denominator = rng().random(50), rng(1).random(50)
    value, low, high = metrics.bootstrap_interval(numerator, denominator, seed=3)
    assert metrics.bootstrap_interval(numerator, denominator, seed=3) == (value, low, high)
    assert metrics.bootstrap_interval(numerator, denominator, seed=4) != (value, low, high)


def test_bootstrap_equals_a_slow_loop():
    numerator, denominator = rng().random(20), rng(1).random(20) + 1
    generator, ratios = rng(5), []
    for _ in range(200):
        pick = generator.integers(20, size=20)
        ratios.append(sum(numerator[i] for i in pick) / sum(denominator[i] for i in pick))
    expected = np.quantile(ratios, [0.05, 0.95])
    ours = metrics.bootstrap_interval(numerator, denominator, n=200, seed=5, level=0.9)
    assert ours[1:] == pytest.approx(expected)


def test_bootstrap_covers_the_truth_and_needs_the_right_unit():
    # 40 items of 5 images that hit or miss together; the true rate is 0.4.
    units = np.repeat(np.arange(40), 5)
    covered = {"item": 0, "image": 0}
    for seed in range(200):
        hits = (rng(seed).random(40) < 0.4)[units]
        for name, unit in (("item", units), ("image", None)):
            _, low, high = metrics.bootstrap_interval(hits, np.ones(200), unit, n=200, seed=seed)
            covered[name] += low <= 0.4 <= high
    assert 0.89 <= covered["item"] / 200 <= 0.99
    assert covered["image"] / 200 < 0.75  # images of one item are not independent


def test_paired_difference_is_narrower_than_two_intervals():
    difficulty = rng().random(300)
    ours, other = difficulty < 0.6, difficulty < 0.5  # right wherever the other is, and a little more
    ones = np.ones(300)
    value, low, high = metrics.bootstrap_difference(ours, ones, other, ones)
    assert value == pytest.approx(ours.mean() - other.mean())
    assert 0 < low < value < high
    single = [metrics.bootstrap_interval(hits, ones) for hits in (ours, other)]
    assert single[0][1] < single[1][2]  # the two intervals overlap, the paired one excludes 0
    assert metrics.bootstrap_difference(ours, ones, ours, ones) == (0, 0, 0)


def test_bootstrap_limits():
    ones, zeros = np.ones(4), np.zeros(4)
    assert metrics.bootstrap_interval(ones, ones) == (1, 1, 1)
    assert metrics.bootstrap_interval(zeros, ones) == (0, 0, 0)
    assert metrics.bootstrap_interval([1.0], [2.0]) == (0.5, 0.5, 0.5)
    assert np.isnan(metrics.bootstrap_interval(zeros, zeros)).all()
    assert np.isnan(metrics.bootstrap_interval([], [])).all()
    assert np.isnan(metrics.bootstrap_interval([], [], [])).all()
    # A resample without any denominator says nothing; the others do.
    assert metrics.bootstrap_interval([1.0, 0, 0], [1.0, 0, 0]) == (1, 1, 1)
    for bad in (NAN, np.inf):
        with pytest.raises(ValueError, match="finite"):
            metrics.bootstrap_interval([bad], [1])
    with pytest.raises(ValueError, match="units"):
        metrics.bootstrap_interval(ones, ones, [1, 2])
    with pytest.raises(ValueError, match="level"):
        metrics.bootstrap_interval(ones, ones, level=95)
