"""Metrics, searches and intervals against cases worked by hand, slow loops and other libraries."""

import numpy as np
import pytest
import scipy.stats
from sklearn.neighbors import NearestNeighbors

from lib import metrics

NAN = float("nan")


def rng(seed=0):
    return np.random.default_rng(seed)


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
    with pytest.raises(ValueError, match="NaN in row 1"):
        metrics.ranked(np.array([[0.0, 1], [NAN, 0]]), 1)


def test_ranked_in_groups_by_hand():
    scores = np.array([[1.0, 5, 3, 2, 4], [0, 0, 0, 0, 0], [9, -np.inf, 1, 2, 3]])
    groups = np.array([7, 7, 2, 2, 2])  # group 2 comes first
    first_two = [[[4, 2], [1, 0]], [[2, 3], [0, 1]], [[4, 3], [0, -1]]]
    assert metrics.ranked_in_groups(scores, groups, 2).tolist() == first_two
    assert metrics.ranked_in_groups(scores, groups, 4)[0].tolist() == [[4, 2, 3, -1], [1, 0, -1, -1]]


def test_places_without_an_answer_match_nothing():
    lists = np.array([[0, -1], [-1, -1], [3, -1]])
    labels = np.array([[1, -1, 1, 1], [1, -1, -1, 0], [-1, 0, -1, 1]], np.int8)
    assert metrics.ranked_matches(lists, labels).tolist() == [[True, False], [False, False], [True, False]]


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
    assert metrics.search(np.eye(9), np.ones((1, 9)), 1)[0].tolist() == [[0]] * 9
    constant = np.ones((5, 3), np.float32)
    constant.flags.writeable = False  # as a memory map is
    assert metrics.search(constant, constant, 5)[0].tolist() == [[0, 1, 2, 3, 4]] * 5
    assert metrics.search(np.zeros((1, 2)), np.array([[0.0, 1e-3], [0, 0]]), 2)[0].tolist() == [[1, 0]]
    for bad in (np.nan, np.inf, 1e30):
        with pytest.raises(ValueError, match="finite"):
            metrics.search(np.ones((1, 2)), np.array([[0, bad]]), 1)


def test_matches_by_hand():
    ranked = np.array([[1, 0, 2], [1, 0, 2], [0, 1, 2], [0, 1, -1]])
    matches = metrics.retrieval_matches(ranked, np.array(["a", "b", "z", "c"]), np.array(["a", "b", "a", "c", "c"]))
    assert matches.tolist() == [[False, True, True], [True, False, False], [False] * 3, [False] * 3]
    assert metrics.retrieval_matches(ranked[:0], np.array([], str), np.array(["a"])).shape == (0, 3)


def test_search_is_exact_where_products_in_float32_are_not(monkeypatch):
    """Points far from 0: without the bound of the products' error 21 of these 100 answers would be wrong."""
    monkeypatch.setattr(metrics, "SPARE", 3)
    query, gallery = ((5 + 0.01 * rng(i).standard_normal((n, 64))).astype(np.float32) for i, n in ((0, 100), (1, 2000)))
    indices, _ = metrics.search(query, gallery, 5)
    for row, found in zip(query.astype(np.float64), indices, strict=True):
        assert found.tolist() == np.argsort(((row - gallery) ** 2).sum(1), kind="stable")[:5].tolist()


@pytest.mark.parametrize("block", [1, 700, 1 << 24])
def test_search_equals_sklearn_in_any_blocks(block, monkeypatch):
    monkeypatch.setattr(metrics, "BLOCK", block)
    query, gallery = (rng(i).standard_normal((n, 16)).astype(np.float32) for i, n in enumerate((50, 120)))
    indices, distances = metrics.search(query, gallery, 10)
    expected = NearestNeighbors(n_neighbors=10, algorithm="brute").fit(gallery).kneighbors(query)
    assert (indices == expected[1]).all() and distances == pytest.approx(expected[0], rel=1e-5)


BOX = np.array([[10.0, 20, 110, 220]])  # 100 wide, 200 high
TRUE = np.array([[[50.0, 60], [70, 80], [NAN, NAN]]])
PRED = np.array([[[60.0, 60], [70, 100], [70, 80]]])  # 10 px right, 20 px down, nothing to compare


def test_landmark_distances_by_hand():
    box = metrics.landmark_distances(PRED, TRUE, BOX)
    assert box[0, :2] == pytest.approx([0.1, 0.1]) and np.isnan(box[0, 2])
    diagonal = metrics.landmark_distances(PRED, TRUE, BOX, "diagonal")
    assert diagonal[0, :2] == pytest.approx([10 / 50000**0.5, 20 / 50000**0.5])
    side = metrics.landmark_distances(PRED, TRUE, BOX, "side")
    assert side[0, :2] == pytest.approx([10 / 200, 20 / 200])
    both = metrics.landmark_distances(PRED[:, :1] + [[[0, 20]]], TRUE[:, :1], BOX)
    assert both == pytest.approx(np.array([[0.02**0.5]]))
    swapped = metrics.landmark_distances(PRED[..., ::-1], TRUE[..., ::-1], BOX[:, [1, 0, 3, 2]])
    assert swapped == pytest.approx(box, nan_ok=True)
    with pytest.raises(ValueError, match="prediction 0 is not finite"):
        metrics.landmark_distances(PRED * NAN, TRUE, BOX)


def bootstrap_interval(numerators, denominators, units=None, n=1000, seed=0):
    bootstrap = metrics.Bootstrap(len(numerators) if units is None else units, n, seed)
    return metrics.interval(bootstrap.ratios(numerators, denominators))


def test_interval_equals_scipy():
    """SciPy draws the same indices from the same generator, so that the percentiles agree to the last digits."""
    numerator = rng().random(40)
    denominator = numerator + rng(1).random(40)

    def ratio(a, b, axis):
        return a.sum(axis) / b.sum(axis)

    options = dict(paired=True, vectorized=True, n_resamples=4000, method="percentile", rng=rng(5))
    theirs = scipy.stats.bootstrap((numerator, denominator), ratio, **options)
    ours = bootstrap_interval(numerator, denominator, n=4000, seed=5)
    assert ours.value == pytest.approx(numerator.sum() / denominator.sum())
    assert (ours.lo, ours.hi) == pytest.approx(tuple(theirs.confidence_interval), abs=0.004)
    assert ours.error == pytest.approx(theirs.standard_error, rel=0.05)
    assert bootstrap_interval(numerator, denominator, n=4000, seed=5) == ours


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
        items = np.repeat(np.arange(12), boot.counts[r])
        seeds = np.repeat(np.arange(3), np.rint(2 * weights[r]).astype(int))
        assert len(seeds) == 2
        assert ours[r] == pytest.approx(np.mean([[hits[s, i] for i in items] for s in seeds]))


def test_bootstrap_limits():
    ones, zeros = np.ones(4), np.zeros(4)
    assert bootstrap_interval(ones, ones)[:4] == (1, 1, 1, 0)
    assert bootstrap_interval(zeros, ones)[:4] == (0, 0, 0, 0)
    for nothing in (zeros, []):
        assert np.isnan(bootstrap_interval(nothing, nothing)[:4]).all()
    assert np.isnan(bootstrap_interval([], [], [])[:4]).all()
    # A resample without any denominator is left out; the others count.
    assert bootstrap_interval([1.0, 0, 0], [1.0, 0, 0])[:3] == (1, 1, 1)


@pytest.mark.parametrize("seeds", [2, 3, 5])
def test_seeds_alone_have_the_unbiased_variance_of_a_mean(seeds):
    """Items that are all alike leave the spread of the seeds: s^2 / S with S - 1 in the denominator of s^2."""
    rates, ones = rng().random(seeds), np.ones((1, 50))
    values = metrics.Bootstrap(50, n=20_000).ratios(np.tile(rates[:, None], (1, 50)), ones)
    assert values[1:].std() == pytest.approx(rates.std(ddof=1) / seeds**0.5, rel=0.03)


def test_bootstrap_covers_the_truth_and_needs_the_right_unit():
    """40 items of 5 images that hit or miss together; the true rate is 0.4."""
    units, covered = np.repeat(np.arange(40), 5), {"item": 0, "image": 0}
    for seed in range(200):
        hits = (rng(seed).random(40) < 0.4)[units]
        for name, unit in (("item", units), ("image", None)):
            found = bootstrap_interval(hits, np.ones(200), unit, n=200, seed=seed)
            covered[name] += found.lo <= 0.4 <= found.hi
    assert 0.89 <= covered["item"] / 200 <= 0.99
    assert covered["image"] / 200 < 0.75  # images of one item are not independent
