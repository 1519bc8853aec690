"""The paper's claims (Liu et al., CVPR 2016, section 4), each measured, with an interval and a computed verdict.

A claim is turned into numbers that are above 0 where the claim is true: a difference between two methods on the same
images, or a distance from a bound; several where it speaks of all ("the first", "the worst"). Their 95 % intervals come from a
bootstrap over items, paired wherever both sides see the same images; they know nothing of another training seed. held: the
intervals lie above 0; not held: one lies below 0; undecided: the rest (see `weigh`). What the source has no data for is left
out.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from statistics import NormalDist

import numpy as np
import pandas as pd

from lib import metrics, paper, report
from lib.config import Config
from lib.data import LANDMARKS, Benchmark

LEVEL = 0.95
LEAST = 5  # items (images, where there are no items) that a side of a comparison must have of hits, and of misses
PAIRS = {"collars": (0, 1), "sleeves": (2, 3), "waistlines": (4, 5), "hems": (6, 7)}


@dataclass(frozen=True)
class Sample:
    """Columns of one row an image, and the units that a bootstrap draws."""

    columns: list[np.ndarray]
    units: np.ndarray | None = None


@dataclass
class Evidence:
    """The finished runs' predictions: on the category-and-attribute benchmark, and of both searches; any may be empty.

    predicted: {method: predictions} on `rows` of `benchmark`; searches: {"inshop" or "consumer2shop": (benchmark, {method:
    (Q, k) bool matches})}.
    """

    benchmark: Benchmark | None
    rows: np.ndarray
    predicted: dict[str, dict[str, np.ndarray]]
    searches: dict[str, tuple[Benchmark, dict[str, np.ndarray]]]
    frozen: bool = False  # conv1-conv4 were: nothing but them lies between attributes and landmarks

    def category(self, method: str, k: int = 3) -> list[np.ndarray]:
        """Hits and ones, of each image."""
        hits = metrics.topk_hits(self.predicted[method]["category_scores"], self.benchmark.category[self.rows], k)
        return [hits, np.ones(len(hits))]

    def attributes(self, method: str, groups: tuple[str, ...] = (), k: int = 5) -> list[np.ndarray]:
        """Matched and true labels of each image, of some groups (all, by default)."""
        labels = self.benchmark.attributes[self.rows]
        hits = metrics.attribute_hits(self.predicted[method]["attribute_scores"], labels, k)
        names = self.benchmark.group_names
        columns = np.array([not groups or names[g] in groups for g in self.benchmark.attribute_groups])
        return [hits[:, columns].sum(1), (labels[:, columns] == 1).sum(1)]

    def landmarks(self, method: str, which: tuple[int, ...]) -> list[np.ndarray]:
        """Landmarks of each image that are visible and found at 0.1, and that are visible."""
        b, rows = self.benchmark, self.rows
        far = metrics.landmark_distances(self.predicted[method]["landmarks"], b.landmarks[rows], b.box[rows])
        visible = b.visibility[rows] == 0
        found = visible & (far < paper.PDJ_THRESHOLD)
        return [found[:, which].sum(1), visible[:, which].sum(1)]

    def search(self, name: str, method: str, k: int = paper.RETRIEVAL_TOP_K, mask=None) -> list[np.ndarray]:
        """Hits and ones of each query; those that `mask` leaves out have 0 and 0."""
        hits = self.searches[name][1][method][:, :k].any(1)
        mask = np.ones(len(hits), bool) if mask is None else mask
        return [hits & mask, mask]

    def units(self, name: str = "") -> np.ndarray:
        if name:
            b = self.searches[name][0]
            return b.item[report.sides(b)[0]]
        return report.units(self.benchmark, self.rows)

    @cached_property
    def figure7(self) -> np.ndarray:
        """The columns (attributes) of figure 7."""
        table = report.figure7({}, self.benchmark, self.rows)
        return np.array([self.benchmark.attribute_names.index(name) for name in table.attribute])


def gather(benchmarks: dict[str, Benchmark], config: Config, out: Path, weights: str) -> Evidence:
    """The evidence of the finished runs, all of them trained by notebooks 02, 04 and 05 where they are not there yet."""
    b, rows, predicted = benchmarks.get("category_attribute"), np.zeros(0, int), {}
    if b is not None:
        split = report.test_split(b)
        rows = b.rows(split)
        for method in report.methods(config, b):
            predicted[method] = report.predictions(report.finished(method, b, config, out, weights), split)
    searches = {}
    for name in ("inshop", "consumer2shop"):
        if name in benchmarks and benchmarks[name].item is not None:
            runs = report.fine_tune(name, benchmarks, config, out, weights)
            matches = {m: report.ranking(run, benchmarks[name], search=config.search)[1] for m, run in runs.items()}
            searches[name] = benchmarks[name], matches
    return Evidence(b, rows, predicted, searches, config.training.freeze_trunk)


def resampled(samples: list[Sample], statistic: Callable, n: int, seed: int) -> np.ndarray:
    """(n + 1,) values of a statistic of column sums: of the samples as they are, then of resamples. Samples are drawn
    apart from each other, the columns of one together. statistic: takes an array (n + 1, columns) for each sample."""
    sums = [metrics.resampled_sums(s.columns, s.units, n, seed + i) for i, s in enumerate(samples)]
    return statistic(*sums)


def ratio(sums: np.ndarray, i: int) -> np.ndarray:
    """Column 2i over column 2i + 1; 0 / 0 is nan."""
    with np.errstate(invalid="ignore", divide="ignore"):
        return sums[:, 2 * i] / sums[:, 2 * i + 1]


@dataclass(frozen=True)
class Comparison:
    """A number that is above 0 where a claim is true. apart: its sides are different images; each must then have LEAST units
    that hit and LEAST that miss, since a bootstrap sees no spread in a side that is all one or the other."""

    samples: list[Sample]
    statistic: Callable
    apart: bool = False

    def values(self, seed: int, n: int) -> np.ndarray:
        """(n + 1,) the number itself, then of n resamples; nan throughout these where a side is too one-sided."""
        values = resampled(self.samples, self.statistic, n, seed)
        if self.apart and not self._spread():
            values[1:] = np.nan
        return values

    def _spread(self) -> bool:
        counts = []
        for sample in self.samples:
            for hit, one in zip(sample.columns[::2], sample.columns[1::2], strict=True):
                units = np.arange(len(hit)) if sample.units is None else sample.units
                counts += [len(np.unique(units[hit > 0])), len(np.unique(units[one > hit]))]
        return min(counts) >= LEAST


def verdict(low: float, high: float) -> str:
    """held, not held or undecided: whether an interval lies above 0, below 0, or contains it."""
    if np.isnan(low) or np.isnan(high):
        return "undecided"
    return "held" if low > 0 else "not held" if high < 0 else "undecided"


def weigh(comparisons: list[Comparison], seed: int, n: int) -> tuple[float, float, float, str]:
    """The weakest of a claim's comparisons, value, lo and hi, and the verdict on all of them: held where every 95 % interval
    lies above 0; not held where one lies below 0, and still does at a level that allows for their number (Bonferroni); else
    undecided."""
    values = [v for v in (c.values(seed, n) for c in comparisons) if np.isfinite(v[0])]  # 0 / 0: nothing to compare
    if not values:
        return np.nan, np.nan, np.nan, "undecided"
    intervals = [metrics.percentiles(v, LEVEL) for v in values]
    said = {verdict(low, high) for _, low, high in intervals}
    if len(values) > 1 and "not held" in said:
        # Percentiles so far out would take tens of thousands of resamples: their spread says it.
        tail = NormalDist().inv_cdf(1 - (1 - LEVEL) / 2 / len(values))
        doubted = [v for v, (_, _, high) in zip(values, intervals, strict=True) if high < 0]
        if not any(v[0] + tail * np.nanstd(v[1:]) < 0 for v in doubted):
            said = said - {"not held"} | {"undecided"}
    return *min(intervals), next(word for word in ("not held", "undecided", "held") if word in said)


def judge(evidence: Evidence, seed: int, n: int = 1000) -> pd.DataFrame:
    """One row a claim that the evidence can speak to: claim (in our words), paper (its number, where it gives one),
    measured, lo, hi, verdict, evidence (the figure or table that shows it). A claim that compares with several (the first,
    the worst, every one) shows its weakest comparison."""
    out = []
    for claim, printed, shown, comparisons in _claims(evidence):
        value, low, high, said = weigh(comparisons, seed, n)
        out.append((claim, printed, value, low, high, said, shown))
    return pd.DataFrame(out, columns=["claim", "paper", "measured", "lo", "hi", "verdict", "evidence"])


def _difference(sums):
    return ratio(sums, 0) - ratio(sums, 1)


def _compare(first: list[np.ndarray], second: list[np.ndarray], units, apart: bool = False) -> Comparison:
    """Hits and ones of one side against those of the other."""
    return Comparison([Sample(first + second, units)], _difference, apart)


def _claims(e: Evidence):
    """(claim, the paper's number, where it is shown, comparisons) of every claim that `e` has the data for."""
    if e.benchmark is not None:
        yield from _category(e)
        yield from _attributes(e)
        yield from _landmarks(e)
    for name, title in (("inshop", "in-shop"), ("consumer2shop", "consumer-to-shop")):
        if name in e.searches:
            yield from _search(e, name, title)
    if {"inshop", "consumer2shop"} <= set(e.searches):
        yield from _both_searches(e)
    if "inshop" in e.searches and e.searches["inshop"][0].pose is not None:
        yield from _variations(e)


# Which method the paper finds above which, in categories, attributes and both searches.
ORDER = (("fashionnet", "darn"), ("darn", "wtbi"), ("fashionnet", "wtbi"), ("fashionnet", "fashionnet+500"),
         ("fashionnet+500", "fashionnet+100"), ("fashionnet", "fashionnet+100"), ("fashionnet", "fashionnet+poselets"),
         ("fashionnet+poselets", "fashionnet+joints"), ("fashionnet", "fashionnet+joints"))  # fmt: skip


def _table2_gap(better: str, worse: str, column: str, k: int) -> float:
    """The paper's difference in Table 2, as a share; nan where it has no such row or column."""
    rows = [paper.TABLE2.get(method, {}).get(column) for method in (better, worse)]
    return np.nan if None in rows else (rows[0][(3, 5).index(k)] - rows[1][(3, 5).index(k)]) / 100


def _category(e: Evidence):
    have = {m for m, p in e.predicted.items() if "category_scores" in p}
    for better, worse in (*ORDER, ("fashionnet", "fashionnet-global"), ("fashionnet", "fashionnet-joint")):
        if {better, worse} <= have:
            words = {"fashionnet-joint": "two alternating steps beat one", "fashionnet-global": "landmarks help"}.get(
                worse, f"{better} is above {worse}"
            )
            gap = _table2_gap(better, worse, "category", 3)
            yield (
                f"category, top-3: {words}",
                gap,
                "table2",
                [_compare(e.category(better), e.category(worse), e.units())],
            )


def _attributes(e: Evidence):
    same_groups = e.benchmark.group_names == paper.ATTRIBUTE_GROUPS  # else the paper's numbers are of other attributes

    def printed_gap(*which) -> float:
        return _table2_gap(*which) if same_groups else np.nan

    have = [m for m, p in e.predicted.items() if "attribute_scores" in p and m in paper.METHODS]
    groups = tuple(e.benchmark.group_names.values()) if e.benchmark.group_names else ()
    for better, worse in ORDER:
        if {better, worse} <= set(have):
            compared = _compare(e.attributes(better), e.attributes(worse), e.units())
            claim = f"attributes, top-5: {better} is above {worse}"
            yield claim, printed_gap(better, worse, "all", 5), "table2", [compared]
    others = [m for m in have if m != "fashionnet"]
    if "fashionnet" not in have or not others:
        return
    for group in groups:
        own = e.attributes("fashionnet", (group,))
        compared = [_compare(own, e.attributes(m, (group,)), e.units()) for m in others]
        printed = min(printed_gap("fashionnet", m, group, 5) for m in others)
        yield f"attributes, top-5: fashionnet is first in {group}", printed, "table2", compared
    if "darn" not in have:
        return
    if {"shape", "part"} < set(groups):
        rest = [g for g in groups if g not in ("shape", "part")]
        pairs = [(here, there) for here in ("shape", "part") for there in rest]

        def lead(group):
            return e.attributes("fashionnet", (group,), 3) + e.attributes("darn", (group,), 3)

        def larger(sums):
            return ratio(sums, 0) - ratio(sums, 1) - (ratio(sums, 2) - ratio(sums, 3))

        gaps = {g: printed_gap("fashionnet", "darn", g, 3) for g in groups}
        compared = [Comparison([Sample(lead(here) + lead(there), e.units())], larger) for here, there in pairs]
        claim = "attributes, top-3: fashionnet leads darn by most in shape and part"
        yield claim, min(gaps[here] - gaps[there] for here, there in pairs), "table2", compared
    if "wtbi" in have:
        labels, k = e.benchmark.attributes[e.rows], paper.FIGURE7_TOP_K
        own, *rivals = (
            metrics.attribute_hits(e.predicted[m]["attribute_scores"], labels, k)
            for m in ("fashionnet", "darn", "wtbi")
        )
        compared = [
            _compare([own[:, j], labels[:, j] == 1], [rival[:, j], labels[:, j] == 1], e.units())
            for rival in rivals
            for j in e.figure7
        ]
        claim = f"attributes, top-5: fashionnet is ahead of darn and wtbi on each of figure 7's {len(e.figure7)}"
        yield claim, np.nan, "fig07", compared


def _landmarks(e: Evidence):
    if "landmarks" not in e.predicted.get("fashionnet", {}) or e.benchmark.landmarks is None:
        return
    for j, name in enumerate(LANDMARKS):
        samples = [Sample(e.landmarks("fashionnet", (j,)), e.units())]
        compared = [Comparison(samples, lambda sums: ratio(sums, 0) - paper.PDJ_ABOVE)]
        yield f"landmarks: above 80 % of {name}s are within 0.1", np.nan, "fig10a", compared
    for name, which in list(PAIRS.items())[1:]:
        compared = [_compare(e.landmarks("fashionnet", PAIRS["collars"]), e.landmarks("fashionnet", which), e.units())]
        yield f"landmarks: collars are found more often than {name}", np.nan, "fig10a", compared
    everything = tuple(range(len(LANDMARKS)))
    for other, claim in (
        ("fashionnet-noattr", "attributes help"),
        ("fashionnet-joint", "two alternating steps beat one"),
    ):
        if "landmarks" not in e.predicted.get(other, {}):
            continue
        compared = [_compare(e.landmarks("fashionnet", everything), e.landmarks(other, everything), e.units())]
        if other == "fashionnet-noattr" and e.frozen:  # what differs is the noise of training
            claim, compared = f"{claim} (cannot be told while conv1-conv4 are frozen)", []
        yield f"landmarks, within 0.1: {claim}", np.nan, "fig10b", compared


def _search(e: Evidence, name: str, title: str):
    have, figure = e.searches[name][1], {"inshop": "fig08b", "consumer2shop": "fig09b"}[name]
    if name == "inshop":
        printed = paper.INSHOP_TOP20 | {
            m: paper.INSHOP_TOP20["fashionnet"] - below for m, below in paper.INSHOP_BELOW_FASHIONNET.items()
        }
    else:
        own = paper.CONSUMER2SHOP_TOP20["fashionnet"]
        printed = {"fashionnet": own, "darn": own / (1 + paper.CONSUMER2SHOP_LEAD_OVER_DARN)}
    for better, worse in ORDER:
        if {better, worse} <= set(have):
            gap = printed.get(better, np.nan) - printed.get(worse, np.nan)
            compared = [_compare(e.search(name, better), e.search(name, worse), e.units(name))]
            yield f"{title}, top-20: {better} is above {worse}", gap, figure, compared


def _both_searches(e: Evidence):
    def sample(name, methods):
        return Sample(sum((e.search(name, m) for m in methods), []), e.units(name))

    names, both = (
        ("inshop", "consumer2shop"),
        [m for m in e.searches["inshop"][1] if m in e.searches["consumer2shop"][1]],
    )
    if both:
        printed = paper.INSHOP_TOP20["fashionnet"] - paper.CONSUMER2SHOP_TOP20["fashionnet"]
        compared = [
            Comparison([sample(name, [m]) for name in names], lambda a, b: ratio(a, 0) - ratio(b, 0), apart=True)
            for m in both
        ]
        yield "top-20: consumer-to-shop is lower than in-shop for every method", printed, "fig09b", compared
    if {"fashionnet", "darn"} <= set(both):
        lead = paper.INSHOP_TOP20["fashionnet"] / paper.INSHOP_TOP20["darn"] - 1
        samples = [sample(name, ["fashionnet", "darn"]) for name in names[::-1]]
        claim = "top-20: fashionnet's lead over darn is relatively larger in consumer-to-shop than in-shop"

        def relative(a, b):
            with np.errstate(invalid="ignore", divide="ignore"):
                return ratio(a, 0) / ratio(a, 1) - ratio(b, 0) / ratio(b, 1)

        yield claim, paper.CONSUMER2SHOP_LEAD_OVER_DARN - lead, "fig09b", [Comparison(samples, relative, apart=True)]


def _variations(e: Evidence):
    b, have = e.searches["inshop"]
    if "fashionnet" not in have:
        return
    query = report.sides(b)[0]
    code = {name: b.pose[query] == number for number, name in report.POSES.items()}
    units = e.units("inshop")

    def compare(better, worse, k):
        sides = [e.search("inshop", "fashionnet", k, mask) for mask in (better, worse)]
        return _compare(*sides, units, apart=True)

    pose, scale = code["front"] | code["side"], code["zoom-in"] | code["zoom-out"]
    claim = "in-shop, top-1: views that differ in scale are harder than those that differ in pose"
    yield claim, np.nan, "fig11a", [compare(pose, scale, 1)]
    others = ("front", "side", "zoom-out")
    worst = [compare(code[other], code["zoom-in"], 1) for other in others]
    yield "in-shop, top-1: zoomed-in queries are the worst", np.nan, "fig11a", worst
    rest, k = pose | code["zoom-out"], paper.RETRIEVAL_TOP_K
    first, last = compare(rest, code["zoom-in"], 1), compare(rest, code["zoom-in"], k)

    def closer(sums):
        return ratio(sums, 0) - ratio(sums, 1) - (ratio(sums, 2) - ratio(sums, 3))

    both = [Comparison([Sample(first.samples[0].columns + last.samples[0].columns, units)], closer)]
    yield "in-shop: zoomed-in queries catch up from top-1 to top-20", np.nan, "fig11a", both
    if b.category is None:
        return
    names, category = np.array([name.lower() for name in b.category_names]), b.category[query]
    for word, claim, sign in (("dress", "dresses are the easiest", 1), ("short", "shorts are the hardest", -1)):
        named = np.array([word in name and "sweatshort" not in name for name in names])
        mask, rest = named[category], [c for c in np.unique(category) if not named[c]]
        if mask.any() and rest:
            # Categories with fewer items say nothing of their own.
            rest = [c for c in rest if len(np.unique(units[category == c])) >= 2 * LEAST] or rest
            compared = [compare(*((mask, category == c)[::sign]), k) for c in rest]
            yield f"in-shop, top-20: {claim}, against every other category", np.nan, "fig11b", compared
