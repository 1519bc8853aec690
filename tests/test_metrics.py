"""Metrics and intervals against cases worked by hand, slow loops and other libraries; searches in test_retrieval.py."""

import numpy as np
import pytest
import scipy.stats
import torch
from sklearn.metrics import top_k_accuracy_score
from torchmetrics.functional.classification import multiclass_accuracy, multilabel_recall
from torchmetrics.utilities.data import select_topk

from lib import metrics

NAN = float("nan")


def rng(seed=0):
    return np.random.default_rng(seed)


# Ranked answers


@pytest.mark.parametrize("k", [1, 5, 20])
@pytest.mark.parametrize("dtype", [np.float16, np.float64, np.int64])
def test_ranked_equals_a_stable_sort(k, dtype):
    scores = rng().integers(-2, 3, size=(5000, 9)).astype(dtype)  # many ties, of both signs
    ours = metrics.ranked(scores, k)
    assert ours.dtype == np.int16 and (ours == np.argsort(-scores, axis=1, kind="stable")[:, :k]).all()


def test_ranked_limits():
    assert metrics.ranked(np.array([[0.0, -0.0, 0.0]]), 3).tolist() == [[0, 1, 2]]  # the two zeros are equal
    assert metrics.ranked(np.array([[-np.inf, 1, np.inf, -1e-45]]), 4).tolist() == [[2, 1, 3, -1]]
    assert metrics.ranked(np.empty((0, 3)), 2).shape == (0, 2)
    assert metrics.ranked(np.zeros((1, 40_000)), 2).dtype == np.int32
    with pytest.raises(ValueError, match="NaN in row 1"):
        metrics.ranked(np.array([[0.0, 1], [NAN, 0]]), 1)


def test_ranked_in_groups_by_hand():
    scores = np.array([[1.0, 5, 3, 2, 4], [0, 0, 0, 0, 0], [9, -np.inf, 1, 2, 3]])
    groups = np.array([7, 7, 2, 2, 2])  # group 2 comes first
    assert metrics.ranked_in_groups(scores, groups, 2).tolist() == [
        [[4, 2], [1, 0]],
        [[2, 3], [0, 1]],
        [[4, 3], [0, -1]],
    ]
    assert metrics.ranked_in_groups(scores, groups, 4)[0].tolist() == [[4, 2, 3, -1], [1, 0, -1, -1]]


# Category


def accuracy(scores, labels, k, average="micro"):
    """Return the accuracy of scores by their full ranking."""
    return metrics.topk_accuracy(metrics.ranked(scores, scores.shape[1]), labels, k, average)


def test_topk_accuracy_by_hand():
    scores = np.array([[0.1, 0.7, 0.2], [0.5, 0.3, 0.2], [0.1, 0.2, 0.7], [0.6, 0.3, 0.1]])
    labels = np.array([1, 1, 0, 0])  # ranks 1, 2, 3, 1
    assert [accuracy(scores, labels, k) for k in (1, 2, 3, 99)] == [0.5, 0.75, 1.0, 1.0]
    # category 0 has ranks 3 and 1, category 1 ranks 1 and 2, category 2 never occurs
    assert [accuracy(scores, labels, k, "macro") for k in (1, 2)] == [0.5, 0.75]
    assert accuracy(np.array([[0.0, -np.inf]]), np.array([1]), 2) == 0  # -inf is never an answer
    for average in ("micro", "macro"):
        assert np.isnan(accuracy(np.empty((0, 3)), np.empty(0, int), 1, average))


@pytest.mark.parametrize("k", [1, 3, 5])
def test_topk_accuracy_equals_torchmetrics_and_sklearn(k):
    scores, labels = rng().standard_normal((400, 50)), rng(1).integers(50, size=400)
    ours = accuracy(scores, labels, k)
    theirs = multiclass_accuracy(torch.tensor(scores), torch.tensor(labels), num_classes=50, average="micro", top_k=k)
    assert ours == pytest.approx(theirs.item(), abs=1e-6)
    assert ours == pytest.approx(top_k_accuracy_score(labels, scores, k=k, labels=np.arange(50)))


# Attributes


def recall_of(scores, labels, k, groups, definition="micro"):
    """Return the recall of scores by the ranking that the definition asks for."""
    lists = metrics.ranked_in_groups(scores, groups, k) if definition == "group" else metrics.ranked(scores, k)
    return metrics.attribute_recall(lists, labels, k, groups, definition)


# Ranking of image 0: attributes 0 1 2 3; of image 1: 3 2 1 0; of image 2: 0 1 2 3.
SCORES = np.array([[4.0, 3, 2, 1], [1, 2, 3, 4], [4, 3, 2, 1]])
LABELS = np.array([[1, -1, 1, 1], [1, -1, -1, 0], [-1, 0, -1, 1]], np.int8)
GROUPS = np.array([1, 1, 2, 2])


@pytest.mark.parametrize(
    ("definition", "k", "recall", "counts"),
    [
        # Top 2: image 0 finds attribute 0, images 1 and 2 find nothing: 1 of the 5 labels, 1 of 2 in group 1.
        ("micro", 2, {"all": 1 / 5, 1: 1 / 2, 2: 0}, {"all": 5, 1: 2, 2: 3}),
        # Attribute 0: 1 of 2, attribute 2: 0 of 1, attribute 3: 0 of 2; attribute 1 has no positives.
        ("macro", 2, {"all": 1 / 6, 1: 1 / 2, 2: 0}, {"all": 3, 1: 1, 2: 2}),
        # Two attributes a group, both in the top 2.
        ("group", 2, {"all": 1, 1: 1, 2: 1}, {"all": 5, 1: 2, 2: 3}),
        # Group 1: images 0 and 1 keep 0 (right) and 1. Group 2: images 0 to 2 keep 2 (right), 3 and 2.
        ("group", 1, {"all": 2 / 5, 1: 1 / 2, 2: 1 / 3}, {"all": 5, 1: 2, 2: 3}),
        # Image 0: 1 of 3, image 1: 0 of 1, image 2: 0 of 1.
        ("image", 2, {"all": 1 / 9, 1: 1 / 2, 2: 0}, {"all": 3, 1: 2, 2: 2}),
        ("best50", 2, {"all": 1 / 6, 1: 1 / 2, 2: 0}, {"all": 3, 1: 1, 2: 2}),
    ],
)
def test_attribute_recall_by_hand(definition, k, recall, counts):
    ours = recall_of(SCORES, LABELS, k, GROUPS, definition)
    assert ours[0] == pytest.approx(recall) and ours[1] == counts


def test_best50_takes_the_best_and_no_more_than_there_are():
    scores, labels = np.tile(np.arange(100.0, 0, -1), (4, 1)), np.zeros((4, 100), int)
    labels[:, :60] = 1  # 25 attributes always found, 35 never, 40 without positives
    recall, counts = recall_of(scores, labels, 25, np.ones(100, int), "best50")
    assert (recall["all"], counts["all"]) == (0.5, 50)
    assert recall_of(scores, labels, 25, np.ones(100, int), "macro")[0]["all"] == 25 / 60


def test_micro_recall_equals_torchmetrics():
    scores, labels = rng().standard_normal((300, 40)), (rng(1).random((300, 40)) < 0.1).astype(np.int8)
    groups, truth = np.arange(40) % 5 + 1, torch.tensor(labels).long()
    for k in (2, 5):
        mask = select_topk(torch.tensor(scores), k).float()
        for name, ours in recall_of(scores, labels, k, groups)[0].items():
            columns = np.flatnonzero(np.ones(40) if name == "all" else groups == name)
            theirs = multilabel_recall(mask[:, columns], truth[:, columns], num_labels=len(columns), average="micro")
            assert ours == pytest.approx(theirs.item(), abs=1e-6)
        each = metrics.attribute_hits(metrics.ranked(scores, 9), labels, k).sum(0) / labels.sum(0)
        theirs = multilabel_recall(mask, truth, num_labels=40, average="none")
        assert each == pytest.approx(theirs.numpy(), abs=1e-6)


@pytest.mark.parametrize("definition", metrics.ATTRIBUTE_DEFINITIONS)
def test_attribute_recall_limits(definition):
    scores, groups = rng().standard_normal((20, 12)), np.repeat([1, 2, 7], 4)
    labels = np.where(rng(1).random((20, 12)) < 0.3, 1, -1)
    labels[:, 8:] = 0
    curve = [recall_of(scores, labels, k, groups, definition)[0] for k in range(1, 13)]
    assert np.isnan([recall[7] for recall in curve]).all()  # named, not perfect and not left out
    for name in ("all", 1, 2):
        values = [recall[name] for recall in curve]
        assert (np.diff(values) >= 0).all() and values[-1] == 1
    for nothing in (recall_of(scores, 0 * labels, 3, groups, definition),
                    recall_of(scores[:0], labels[:0], 3, groups, definition)):  # fmt: skip
        assert np.isnan(list(nothing[0].values())).all() and set(nothing[1].values()) == {0}


def test_a_list_too_short_for_k_is_refused():
    for lists in (metrics.ranked(SCORES, 2), metrics.ranked_in_groups(SCORES, GROUPS, 2)):
        with pytest.raises(ValueError, match="k = 3 needs ranked lists"):
            metrics.attribute_recall(lists, LABELS, 3, GROUPS)


def test_places_without_an_answer_match_nothing():
    lists = np.array([[0, -1], [-1, -1], [3, -1]])
    assert metrics.ranked_matches(lists, LABELS).tolist() == [[True, False], [False, False], [True, False]]
    assert metrics.attribute_hits(lists, LABELS, 2).sum(1).tolist() == [1, 0, 1]


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
    with pytest.raises(ValueError, match="prediction 0 is not finite"):
        metrics.landmark_distances(PRED * NAN, TRUE, BOX)


# Landmark 0 visible, visible, occluded; landmark 1 visible, cut off, lacking; landmark 2 never visible.
DISTANCES = np.array([[0.05, 0.1, 0.0], [0.3, 0.0, 0.0], [0.01, NAN, NAN]])
VISIBILITY = np.array([[0, 0, 1], [0, 2, 2], [1, -1, -1]], np.int8)


def test_pdj_by_hand():
    per_landmark, pooled, counts = metrics.pdj(DISTANCES, VISIBILITY, [0.05, 0.1, 0.2, 1])
    assert counts.tolist() == [2, 1, 0]
    shares = np.array([[0, 0, NAN], [0.5, 0, NAN], [0.5, 1, NAN], [1, 1, NAN]])
    assert per_landmark == pytest.approx(shares, nan_ok=True)  # "below" is strict, and 0 / 0 is not perfect
    assert pooled == pytest.approx([0, 1 / 3, 2 / 3, 1])
    per_landmark, pooled, counts = metrics.pdj(DISTANCES, VISIBILITY, [0.2], invisible="errors")
    assert counts.tolist() == [3, 2, 2]  # the lacking slots never count
    assert per_landmark == pytest.approx(np.array([[1 / 3, 1 / 2, 0]])) and pooled == pytest.approx([2 / 7])
    # a truth without a place is an error
    per_landmark, pooled, counts = metrics.pdj(np.array([[NAN, 0.0]]), np.array([[0, 0]]), [9])
    assert (per_landmark.tolist(), pooled.tolist(), counts.tolist()) == ([[0, 1]], [0.5], [1, 1])


def test_pdj_limits_and_a_curve_that_never_falls():
    distances, visibility = rng().random((200, 8)), rng(1).integers(-1, 3, size=(200, 8))
    thresholds = np.linspace(0, 1.01, 30)
    for invisible in ("left_out", "errors"):
        per_landmark, pooled, counts = metrics.pdj(distances, visibility, thresholds, invisible)
        assert (np.diff(per_landmark, axis=0) >= 0).all() and (np.diff(pooled) >= 0).all() and pooled[0] == 0
        slow = sum(visibility[i, j] == 0 and distances[i, j] < thresholds[10] for i in range(200) for j in range(8))
        assert pooled[10] * counts.sum() == pytest.approx(slow)
    assert metrics.pdj(distances, visibility, thresholds)[1][-1] == 1
    for rows in (slice(0, 0), slice(0, 1)):
        none = metrics.pdj(distances[rows], np.full_like(visibility[rows], 2), thresholds)
        assert np.isnan(none[0]).all() and np.isnan(none[1]).all() and not none[2].any()


def test_later_papers_figures_by_hand():
    per_landmark, pooled, counts = metrics.normalised_error(DISTANCES, VISIBILITY)
    assert per_landmark == pytest.approx([0.175, 0.1, NAN], nan_ok=True)
    assert pooled == pytest.approx(0.15) and counts.tolist() == [2, 1, 0]
    per_landmark, pooled, counts = metrics.pck(DISTANCES, VISIBILITY)
    assert per_landmark == pytest.approx([0.5, 1, NAN], nan_ok=True) and pooled == pytest.approx(2 / 3)
    # The box of 100 x 200 scaled to 224 x 224: 10 px right are 22.4 px, 4 px right and 8 px down 8.96 px.
    true, visibility = np.full((1, 4, 2), 60.0), np.array([[0, 0, 0, 1]])
    pred = true + [[[10, 0], [4, 0], [0, 8], [0, 0]]]
    per_landmark, pooled, counts = metrics.within_pixels(pred, true, BOX, visibility)
    assert per_landmark == pytest.approx([0, 1, 1, NAN], nan_ok=True)
    assert (pooled, counts.tolist()) == (pytest.approx(2 / 3), [1, 1, 1, 0])
    assert metrics.within_pixels(pred, true, BOX, visibility, pixels=23)[1] == 1


# Intervals


def test_interval_equals_scipy():
    """SciPy draws the same indices from the same generator, so that the percentiles agree to the last digits."""
    numerator = rng().random(40)
    denominator = numerator + rng(1).random(40)
    theirs = scipy.stats.bootstrap(
        (numerator, denominator), lambda a, b, axis: a.sum(axis) / b.sum(axis), paired=True, vectorized=True,
        n_resamples=4000, method="percentile", rng=rng(5),
    )  # fmt: skip
    ours = metrics.bootstrap_interval(numerator, denominator, n=4000, seed=5)
    assert ours.value == pytest.approx(numerator.sum() / denominator.sum()) and ours.seeds == 1
    assert (ours.lo, ours.hi) == pytest.approx(tuple(theirs.confidence_interval), abs=0.004)
    assert ours.error == pytest.approx(theirs.standard_error, rel=0.05)
    assert metrics.bootstrap_interval(numerator, denominator, n=4000, seed=5) == ours


@pytest.mark.parametrize("units", [None, np.arange(20) % 7, np.array(list("abcde" * 4))])
def test_sums_equal_a_slow_loop(units):
    columns = rng().random((20, 2, 3))
    ours = metrics.Bootstrap(20 if units is None else units, n=30, seed=5)
    names = np.arange(20) if units is None else units
    unique, generator = np.unique(names), rng(5)
    expected = [columns.sum(0)]
    for _ in range(30):
        drawn = generator.integers(len(unique), size=len(unique), dtype=np.int32)
        expected.append(sum(columns[names == unique[i]].sum(0) for i in drawn))
    assert ours.sums(columns) == pytest.approx(np.array(expected))


def test_two_levels_equal_a_slow_loop():
    """Each resample draws items, shared by all seeds, and one seed fewer than there are."""
    hits, ones = rng().random((3, 12)) < 0.5, np.ones((1, 12))
    boot = metrics.Bootstrap(12, n=200, seed=1)
    ours, weights = boot.ratios(hits, ones, "method"), boot.seed_weights(3, "method")
    assert ours[0] == pytest.approx(np.mean([row.mean() for row in hits]))
    for r in range(1, 200):
        items, seeds = (
            np.repeat(np.arange(12), boot.counts[r]),
            np.repeat(np.arange(3), np.rint(2 * weights[r]).astype(int)),
        )
        assert len(seeds) == 2
        assert ours[r] == pytest.approx(np.mean([[hits[s, i] for i in items] for s in seeds]))


@pytest.mark.parametrize("seeds", [2, 3, 5])
def test_seeds_alone_have_the_unbiased_variance_of_a_mean(seeds):
    """Items that are all alike leave the spread of the seeds: s^2 / S with S - 1 in the denominator of s^2."""
    rates, ones = rng().random(seeds), np.ones((1, 50))
    values = metrics.Bootstrap(50, n=20_000).ratios(np.tile(rates[:, None], (1, 50)), ones)
    assert values[1:].std() == pytest.approx(rates.std(ddof=1) / seeds**0.5, rel=0.03)


def test_ratios_of_many_columns_are_those_of_each():
    hits, true = rng().random((2, 40, 3)), rng(1).random((1, 40, 3))
    boot = metrics.Bootstrap(np.arange(40) // 2, n=50)
    together = boot.ratios(hits, true, "m")
    assert together.shape == (51, 3)
    for column in range(3):
        assert together[:, column] == pytest.approx(boot.ratios(hits[..., column], true[..., column], "m"))


def test_bootstrap_covers_the_truth_and_needs_the_right_unit():
    """40 items of 5 images that hit or miss together; the true rate is 0.4."""
    units, covered = np.repeat(np.arange(40), 5), {"item": 0, "image": 0}
    for seed in range(200):
        hits = (rng(seed).random(40) < 0.4)[units]
        for name, unit in (("item", units), ("image", None)):
            found = metrics.bootstrap_interval(hits, np.ones(200), unit, n=200, seed=seed)
            covered[name] += found.lo <= 0.4 <= found.hi
    assert 0.89 <= covered["item"] / 200 <= 0.99
    assert covered["image"] / 200 < 0.75  # images of one item are not independent


def test_paired_difference_is_narrower_than_two_intervals():
    difficulty, boot = rng().random(300), metrics.Bootstrap(300)
    ours, other = difficulty < 0.6, difficulty < 0.5  # right wherever the other is, and a little more
    first, second = (boot.ratios(hits, np.ones(300)) for hits in (ours, other))
    both = metrics.interval(first - second)
    assert both.value == pytest.approx(ours.mean() - other.mean()) and 0 < both.lo < both.value < both.hi
    assert metrics.interval(first).lo < metrics.interval(second).hi  # these overlap, the paired one excludes 0
    theirs = scipy.stats.bootstrap((ours * 1.0 - other,), np.mean, method="percentile", rng=0).confidence_interval
    assert (both.lo, both.hi) == pytest.approx(tuple(theirs), abs=0.01)


def test_bootstrap_limits():
    ones, zeros = np.ones(4), np.zeros(4)
    assert metrics.bootstrap_interval(ones, ones)[:4] == (1, 1, 1, 0)
    assert metrics.bootstrap_interval(zeros, ones)[:4] == (0, 0, 0, 0)
    for nothing in (zeros, []):
        assert np.isnan(metrics.bootstrap_interval(nothing, nothing)[:4]).all()
    assert np.isnan(metrics.bootstrap_interval([], [], [])[:4]).all()
    # A resample without any denominator is left out; the others count.
    assert metrics.bootstrap_interval([1.0, 0, 0], [1.0, 0, 0])[:3] == (1, 1, 1)
    with pytest.raises(ValueError, match="finite"):
        metrics.bootstrap_interval([NAN], [1])
