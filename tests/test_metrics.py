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


@pytest.mark.parametrize("k", [1, 2, 5, 9, 20])
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, np.int64])
def test_ranked_equals_a_stable_sort(k, dtype):
    scores = rng().integers(-2, 3, size=(5000, 9)).astype(dtype)  # many ties, of both signs
    expected = np.argsort(-scores, axis=1, kind="stable")[:, :k]
    ours = metrics.ranked(scores, k)
    assert ours.dtype == np.int16 and (ours == expected).all()


def test_ranked_equals_torchmetrics_on_scores_without_ties():
    scores = rng().standard_normal((300, 40)).astype(np.float32)
    for k in (1, 4, 40):
        mask = np.zeros(scores.shape, bool)
        np.put_along_axis(mask, metrics.ranked(scores, k).astype(int), True, 1)
        assert (mask == select_topk(torch.tensor(scores), k).numpy()).all()


def test_ranked_limits():
    assert metrics.ranked(np.array([[0.0, -0.0, 0.0]]), 3).tolist() == [[0, 1, 2]]  # the two zeros are equal
    assert metrics.ranked(np.array([[-np.inf, 1, np.inf, -1e-45]]), 4).tolist() == [[2, 1, 3, -1]]
    assert metrics.ranked(np.full((1, 2), -np.inf), 1).tolist() == [[-1]]
    assert metrics.ranked(np.empty((0, 3)), 2).shape == (0, 2) and metrics.ranked(np.ones((2, 1)), 9).shape == (2, 1)
    assert metrics.ranked(np.zeros((1, 40_000)), 2).dtype == np.int32
    with pytest.raises(ValueError, match="NaN in row 1"):
        metrics.ranked(np.array([[0.0, 1], [NAN, 0]]), 1)
    for scores, k in ((np.ones((2, 2)), 0), (np.ones(2), 1)):
        with pytest.raises(ValueError, match="must be"):
            metrics.ranked(scores, k)


def test_ranked_in_groups_by_hand():
    scores = np.array([[1.0, 5, 3, 2, 4], [0, 0, 0, 0, 0], [9, -np.inf, 1, 2, 3]])
    ours = metrics.ranked_in_groups(scores, np.array([7, 7, 2, 2, 2]), k=2)  # group 2 comes first
    assert ours.tolist() == [[[4, 2], [1, 0]], [[2, 3], [0, 1]], [[4, 3], [0, -1]]]
    assert metrics.ranked_in_groups(scores, np.array([7, 7, 2, 2, 2]), k=4)[0].tolist() == [
        [4, 2, 3, -1],
        [1, 0, -1, -1],
    ]


# Category


def accuracy(scores, labels, k, average="micro"):
    """Of scores, by their full ranking."""
    return metrics.topk_accuracy(metrics.ranked(scores, scores.shape[1]), labels, k, average)


def test_topk_accuracy_by_hand():
    scores = np.array([[0.1, 0.7, 0.2], [0.5, 0.3, 0.2], [0.1, 0.2, 0.7], [0.6, 0.3, 0.1]])
    labels = np.array([1, 1, 0, 0])  # ranks 1, 2, 3, 1
    assert [accuracy(scores, labels, k) for k in (1, 2, 3)] == [0.5, 0.75, 1.0]
    # category 0 has ranks 3 and 1, category 1 ranks 1 and 2, category 2 never occurs
    assert [accuracy(scores, labels, k, "macro") for k in (1, 2)] == [0.5, 0.75]


@pytest.mark.parametrize("k", [1, 3, 5, 50])
def test_topk_accuracy_equals_torchmetrics_and_sklearn(k):
    scores, labels = rng().standard_normal((400, 50)), rng(1).integers(50, size=400)
    ours = accuracy(scores, labels, k)
    theirs = multiclass_accuracy(torch.tensor(scores), torch.tensor(labels), num_classes=50, average="micro", top_k=k)
    assert ours == pytest.approx(theirs.item(), abs=1e-6)
    if k < 50:  # scikit-learn calls k = 50 useless and warns
        assert ours == pytest.approx(top_k_accuracy_score(labels, scores, k=k, labels=np.arange(50)))


def test_topk_limits():
    scores, labels = np.eye(3), np.arange(3)
    assert accuracy(scores, labels, 1) == 1
    assert accuracy(-scores, labels, 2) == 0
    assert accuracy(-scores, labels, 99) == 1
    assert np.isnan(accuracy(np.empty((0, 3)), np.empty(0, int), 1))
    assert np.isnan(accuracy(np.empty((0, 3)), np.empty(0, int), 1, "macro"))
    assert accuracy(np.array([[0.0, -np.inf]]), np.array([0]), 1) == 1
    assert accuracy(np.array([[0.0, -np.inf]]), np.array([1]), 2) == 0  # never an answer
    with pytest.raises(ValueError, match="labels"):
        accuracy(scores, np.array([0, 1]), 1)
    with pytest.raises(ValueError, match="k = 0"):
        accuracy(scores, labels, 0)
    with pytest.raises(ValueError, match="average"):
        accuracy(scores, labels, 1, "weighted")


# Attributes


def recall_of(scores, labels, k, groups, definition="micro"):
    """Of scores, by the ranking that the definition asks for."""
    lists = metrics.ranked_in_groups(scores, groups, k) if definition == "group" else metrics.ranked(scores, k)
    return metrics.attribute_recall(lists, labels, k, groups, definition)


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
    ours = recall_of(SCORES, LABELS, 2, GROUPS, definition)
    assert ours[0] == pytest.approx(recall)
    assert ours[1] == counts


def test_group_ranking_by_hand():
    recall, counts = recall_of(SCORES, LABELS, 1, GROUPS, "group")
    # Group 1: image 0 keeps attribute 0 (right), image 1 keeps 1.
    # Group 2: image 0 keeps 2 (right), image 1 keeps 3, image 2 keeps 2.
    assert recall == pytest.approx({"all": 2 / 5, 1: 1 / 2, 2: 1 / 3})
    assert counts == {"all": 5, 1: 2, 2: 3}


def test_best50_takes_the_best_and_no_more_than_there_are():
    scores = np.tile(np.arange(100.0, 0, -1), (4, 1))
    labels = np.zeros((4, 100), int)
    labels[:, :60] = 1
    recall, counts = recall_of(scores, labels, 25, np.ones(100, int), "best50")
    assert (recall["all"], counts["all"]) == (
        0.5,
        50,
    )  # 25 attributes always found, 35 never, 40 without positives
    assert recall_of(scores, labels, 25, np.ones(100, int), "macro")[0]["all"] == 25 / 60


def test_micro_recall_equals_torchmetrics():
    scores, labels = rng().standard_normal((300, 40)), (rng(1).random((300, 40)) < 0.1).astype(np.int8)
    groups = np.arange(40) % 5 + 1
    for k in (2, 5):
        mask = select_topk(torch.tensor(scores), k)
        ours = recall_of(scores, labels, k, groups)[0]
        for name in ours:
            columns = slice(None) if name == "all" else groups == name
            theirs = multilabel_recall(
                mask[:, columns].float(),
                torch.tensor(labels[:, columns]).long(),
                num_labels=mask[:, columns].shape[1],
                average="micro",
            )
            assert ours[name] == pytest.approx(theirs.item(), abs=1e-6)
        each = metrics.attribute_hits(metrics.ranked(scores, 9), labels, k).sum(0) / labels.sum(0)
        theirs = multilabel_recall(mask.float(), torch.tensor(labels).long(), num_labels=40, average="none")
        assert each == pytest.approx(theirs.numpy(), abs=1e-6)


@pytest.mark.parametrize("definition", metrics.ATTRIBUTE_DEFINITIONS)
def test_attribute_recall_limits(definition):
    scores = rng().standard_normal((20, 12))
    groups = np.repeat([1, 2, 7], 4)
    labels = np.where(rng(1).random((20, 12)) < 0.3, 1, -1)
    labels[:, 8:] = 0
    curve = [recall_of(scores, labels, k, groups, definition)[0] for k in range(1, 13)]
    assert np.isnan([recall[7] for recall in curve]).all()  # named, not perfect and not left out
    assert recall_of(scores, labels, 3, groups, definition)[1][7] == 0
    for name in ("all", 1, 2):
        values = [recall[name] for recall in curve]
        assert (np.diff(values) >= 0).all() and values[-1] == 1
    nothing = recall_of(scores, np.zeros((20, 12)), 3, groups, definition)
    assert np.isnan(list(nothing[0].values())).all() and set(nothing[1].values()) == {0}
    empty = recall_of(np.empty((0, 12)), np.empty((0, 12)), 3, groups, definition)
    assert np.isnan(list(empty[0].values())).all()


def test_attribute_recall_refuses():
    lists = metrics.ranked(SCORES, 2)
    with pytest.raises(ValueError, match="definition"):
        metrics.attribute_recall(lists, LABELS, 2, GROUPS, "weighted")
    with pytest.raises(ValueError, match="does not fit the definition"):
        metrics.attribute_recall(lists, LABELS, 2, GROUPS, "group")
    with pytest.raises(ValueError, match="does not fit labels"):
        metrics.attribute_recall(lists, LABELS[:2], 2, GROUPS)
    with pytest.raises(ValueError, match="groups"):
        metrics.attribute_recall(lists, LABELS, 2, GROUPS[:3])
    for k in (0, 3):  # two answers cannot tell the top 3 of four
        with pytest.raises(ValueError, match="needs ranked lists"):
            metrics.attribute_recall(lists, LABELS, k, GROUPS)
    with pytest.raises(ValueError, match="needs ranked lists"):
        metrics.attribute_recall(metrics.ranked_in_groups(SCORES, GROUPS, 2), LABELS, 3, GROUPS, "group")
    for bad in (-2, 4):
        with pytest.raises(ValueError, match="-1..3"):
            metrics.attribute_hits(np.full((3, 2), bad), LABELS, 2)


def test_places_without_an_answer_match_nothing():
    lists = np.array([[0, -1], [-1, -1], [3, -1]])
    assert metrics.ranked_matches(lists, LABELS).tolist() == [[True, False], [False, False], [True, False]]
    assert metrics.attribute_hits(lists, LABELS, 2).sum(1).tolist() == [1, 0, 1]
    assert metrics.attribute_hits(np.empty((0, 2), int), np.empty((0, 4)), 2).shape == (0, 4)


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


def test_interval_equals_scipy():
    """SciPy draws the same indices from the same generator, so that the percentiles agree to the last digits."""
    numerator = rng().random(40)
    denominator = numerator + rng(1).random(40)
    theirs = scipy.stats.bootstrap(
        (numerator, denominator), lambda a, b, axis: a.sum(axis) / b.sum(axis), paired=True, vectorized=True,
        n_resamples=4000, method="percentile", rng=rng(5),
    )  # fmt: skip
    ours = metrics.bootstrap_interval(numerator, denominator, n=4000, seed=5)
    assert ours.value == pytest.approx(numerator.sum() / denominator.sum())
    assert (ours.lo, ours.hi) == pytest.approx(tuple(theirs.confidence_interval), abs=0.004)
    assert ours.error == pytest.approx(theirs.standard_error, rel=0.05)
    assert ours.seeds == 1


def test_bootstrap_is_deterministic_and_of_sums():
    numerator, denominator = np.array([1.0, 0, 3]), np.array([1.0, 0, 9])
    ours = metrics.bootstrap_interval(numerator, denominator)
    assert ours.value == 0.4 and ours.lo <= 0.4 <= ours.hi  # 4 / 10, not the mean of 1, 0 / 0 and 1 / 3
    numerator, denominator = rng().random(50), rng(1).random(50)
    ours = metrics.bootstrap_interval(numerator, denominator, seed=3)
    assert metrics.bootstrap_interval(numerator, denominator, seed=3) == ours
    assert metrics.bootstrap_interval(numerator, denominator, seed=4) != ours


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
    assert ours.counts.sum(1).tolist() == [len(unique)] * 31


def test_two_levels_equal_a_slow_loop():
    """Each resample draws items, shared by all seeds, and one seed fewer than there are."""
    hits, ones = rng().random((3, 12)) < 0.5, np.ones((1, 12))
    boot = metrics.Bootstrap(12, n=2000, seed=1)
    ours = boot.ratios(hits, ones, "method")
    assert ours[0] == pytest.approx(np.mean([row.mean() for row in hits]))
    weights = boot.seed_weights(3, "method")
    for r in range(1, 200):
        drawn_items = np.repeat(np.arange(12), boot.counts[r])
        drawn_seeds = np.repeat(np.arange(3), np.round(2 * weights[r]).astype(int))
        assert len(drawn_seeds) == 2
        assert ours[r] == pytest.approx(np.mean([[hits[s, i] for i in drawn_items] for s in drawn_seeds]))
    # Of a slow loop with draws of its own: the spread agrees.
    generator, slow = rng(9), []
    for _ in range(4000):
        items = generator.integers(12, size=12)
        slow.append(np.mean([hits[s][items].mean() for s in generator.integers(3, size=2)]))
    assert ours[1:].std() == pytest.approx(np.std(slow), rel=0.08)
    assert np.quantile(ours[1:], [0.1, 0.9]) == pytest.approx(np.quantile(slow, [0.1, 0.9]), abs=0.05)


@pytest.mark.parametrize("seeds", [2, 3, 5])
def test_seeds_alone_have_the_unbiased_variance_of_a_mean(seeds):
    """Items that are all alike leave the spread of the seeds: s^2 / S with S - 1 in the denominator of s^2."""
    rates = rng().random(seeds)
    numerators, ones = np.tile(rates[:, None], (1, 50)), np.ones((1, 50))
    values = metrics.Bootstrap(50, n=20_000).ratios(numerators, ones)
    assert values[1:].std() == pytest.approx(rates.std(ddof=1) / seeds**0.5, rel=0.03)
    one = metrics.Bootstrap(50, n=100).ratios(numerators[:1], ones)
    assert np.ptp(one) < 1e-12  # a single seed's spread is not known


def test_ratios_of_many_columns_are_those_of_each():
    hits, true = rng().random((2, 40, 3)), rng(1).random((1, 40, 3))
    boot = metrics.Bootstrap(np.arange(40) // 2, n=50)
    together = boot.ratios(hits, true, "m")
    assert together.shape == (51, 3)
    for column in range(3):
        assert together[:, column] == pytest.approx(boot.ratios(hits[..., column], true[..., column], "m"))


def test_bootstrap_covers_the_truth_and_needs_the_right_unit():
    # 40 items of 5 images that hit or miss together; the true rate is 0.4.
    units = np.repeat(np.arange(40), 5)
    covered = {"item": 0, "image": 0}
    for seed in range(200):
        hits = (rng(seed).random(40) < 0.4)[units]
        for name, unit in (("item", units), ("image", None)):
            found = metrics.bootstrap_interval(hits, np.ones(200), unit, n=200, seed=seed)
            covered[name] += found.lo <= 0.4 <= found.hi
    assert 0.89 <= covered["item"] / 200 <= 0.99
    assert covered["image"] / 200 < 0.75  # images of one item are not independent


def test_paired_difference_is_narrower_than_two_intervals():
    difficulty, ones = rng().random(300), np.ones(300)
    ours, other = difficulty < 0.6, difficulty < 0.5  # right wherever the other is, and a little more
    boot = metrics.Bootstrap(300)
    first, second = (boot.ratios(hits, ones) for hits in (ours, other))
    both = metrics.interval(first - second)
    assert both.value == pytest.approx(ours.mean() - other.mean())
    assert 0 < both.lo < both.value < both.hi
    assert metrics.interval(first).lo < metrics.interval(second).hi  # these overlap, the paired one excludes 0
    theirs = scipy.stats.bootstrap((ours * 1.0 - other,), np.mean, method="percentile", rng=0).confidence_interval
    assert (both.lo, both.hi) == pytest.approx(tuple(theirs), abs=0.01)


def test_bootstrap_limits():
    ones, zeros = np.ones(4), np.zeros(4)
    assert metrics.bootstrap_interval(ones, ones)[:4] == (1, 1, 1, 0)
    assert metrics.bootstrap_interval(zeros, ones)[:4] == (0, 0, 0, 0)
    assert metrics.bootstrap_interval([1.0], [2.0])[:3] == (0.5, 0.5, 0.5)
    for nothing in (zeros, []):
        assert np.isnan(metrics.bootstrap_interval(nothing, nothing)[:4]).all()
    assert np.isnan(metrics.bootstrap_interval([], [], [])[:4]).all()
    # A resample without any denominator is left out; the others count.
    assert metrics.bootstrap_interval([1.0, 0, 0], [1.0, 0, 0])[:3] == (1, 1, 1)
    for bad in (NAN, np.inf):
        with pytest.raises(ValueError, match="finite"):
            metrics.bootstrap_interval([bad], [1])
    with pytest.raises(ValueError, match="units"):
        metrics.bootstrap_interval(ones, ones, [1, 2])
    with pytest.raises(ValueError, match="level"):
        metrics.interval(np.ones(5), level=95)
