"""The paper's claims (Liu et al., CVPR 2016, section 4), each measured, with an interval and a computed verdict.

A claim is turned into a number that is above 0 where the claim is true: a difference between two methods on the same
images, or a distance from a bound. Its 95 % interval comes from a bootstrap over items (images, where there are no
items), paired wherever both sides see the same images. held: the interval lies above 0; not held: below 0; undecided: it
contains 0. What the source has no data for is left out.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd

from lib import metrics, paper, report
from lib.config import Config
from lib.data import LANDMARKS, Benchmark

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

    def units(self, name: str = "") -> np.ndarray | None:
        if name:
            b = self.searches[name][0]
            return b.item[report.sides(b)[0]]
        return None if self.benchmark.item is None else self.benchmark.item[self.rows]

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
            searches[name] = benchmarks[name], {m: report.ranking(run, benchmarks[name])[1] for m, run in runs.items()}
    return Evidence(b, rows, predicted, searches)


def resampled(samples: list[Sample], statistic: Callable, n: int, seed: int) -> np.ndarray:
    """(n + 1,) values of a statistic of column sums: of the samples as they are, then of resamples. Samples are drawn
    apart from each other, the columns of one together. statistic: takes an array (n + 1, columns) for each sample."""
    sums = [metrics.resampled_sums(s.columns, s.units, n, seed + i) for i, s in enumerate(samples)]
    return statistic(*sums)


def ratio(sums: np.ndarray, i: int) -> np.ndarray:
    """Column 2i over column 2i + 1; 0 / 0 is nan."""
    with np.errstate(invalid="ignore", divide="ignore"):
        return sums[:, 2 * i] / sums[:, 2 * i + 1]


def verdict(low: float, high: float) -> str:
    """held, not held or undecided: whether an interval lies above 0, below 0, or contains it."""
    if np.isnan(low) or np.isnan(high):
        return "undecided"
    return "held" if low > 0 else "not held" if high < 0 else "undecided"


def judge(evidence: Evidence, seed: int, n: int = 1000) -> pd.DataFrame:
    """One row a claim that the evidence can speak to: claim (in our words), paper (its number, where it gives one),
    measured, lo, hi, verdict, evidence (the figure or table that shows it)."""
    out = []
    for claim, printed, shown, samples, statistic in _claims(evidence):
        values = resampled(samples, statistic, n, seed)
        value, low, high = metrics.percentiles(values, 0.95)
        out.append((claim, printed, value, low, high, verdict(low, high), shown))
    return pd.DataFrame(out, columns=["claim", "paper", "measured", "lo", "hi", "verdict", "evidence"])


def _difference(sums):
    return ratio(sums, 0) - ratio(sums, 1)


def _claims(e: Evidence):
    """(claim, the paper's number, where it is shown, samples, statistic) of every claim that `e` has the data for."""
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


def _category(e: Evidence):
    have = {m for m, p in e.predicted.items() if "category_scores" in p}
    pairs = [("fashionnet", "darn"), ("darn", "wtbi"), ("fashionnet+500", "fashionnet+100"), ("fashionnet", "fashionnet+500"),
             ("fashionnet", "fashionnet+poselets"), ("fashionnet+poselets", "fashionnet+joints"), ("fashionnet", "fashionnet-joint")]  # fmt: skip
    for better, worse in pairs:
        if {better, worse} <= have:
            printed = np.nan
            if {better, worse} <= set(paper.TABLE2):
                printed = (paper.TABLE2[better]["category"][0] - paper.TABLE2[worse]["category"][0]) / 100
            words = "two alternating steps beat one" if worse == "fashionnet-joint" else f"{better} is above {worse}"
            samples = [Sample(e.category(better) + e.category(worse), e.units())]
            yield f"category, top-3: {words}", printed, "table2", samples, _difference


def _attributes(e: Evidence):
    have = [m for m, p in e.predicted.items() if "attribute_scores" in p and m in paper.METHODS]
    pairs = [("fashionnet", "darn"), ("darn", "wtbi"), ("fashionnet+500", "fashionnet+100"), ("fashionnet", "fashionnet+500"),
             ("fashionnet", "fashionnet+poselets"), ("fashionnet+poselets", "fashionnet+joints")]  # fmt: skip
    for better, worse in pairs:
        if {better, worse} <= set(have):
            printed = (paper.TABLE2[better]["all"][1] - paper.TABLE2[worse]["all"][1]) / 100
            samples = [Sample(e.attributes(better) + e.attributes(worse), e.units())]
            yield f"attributes, top-5: {better} is above {worse}", printed, "table2", samples, _difference
    others = [m for m in have if m != "fashionnet"]
    if "fashionnet" not in have or not others:
        return
    for group in e.benchmark.group_names.values():
        columns = sum((e.attributes(m, (group,)) for m in others), e.attributes("fashionnet", (group,)))
        printed = np.nan
        if group in paper.TABLE2_COLUMNS:
            printed = min(paper.TABLE2["fashionnet"][group][1] - paper.TABLE2[m][group][1] for m in others) / 100

        def lead(sums):
            return ratio(sums, 0) - np.max([ratio(sums, i) for i in range(1, len(others) + 1)], axis=0)

        claim = f"attributes, top-5: fashionnet is first in {group}, against the best other"
        yield claim, printed, "table2", [Sample(columns, e.units())], lead
    if "darn" not in have:
        return
    if {"shape", "part"} < set(e.benchmark.group_names.values()):
        here = ("shape", "part")
        rest = tuple(g for g in e.benchmark.group_names.values() if g not in here)
        columns = sum((e.attributes(m, groups) for groups in (here, rest) for m in ("fashionnet", "darn")), [])

        def larger(sums):
            return ratio(sums, 0) - ratio(sums, 1) - (ratio(sums, 2) - ratio(sums, 3))

        claim = "attributes, top-5: fashionnet's lead over darn is larger in shape and part than in the other groups"
        yield claim, np.nan, "table2", [Sample(columns, e.units())], larger
    if "wtbi" in have:
        labels = e.benchmark.attributes[e.rows]
        methods = ("fashionnet", "darn", "wtbi")
        hits = [
            metrics.attribute_hits(e.predicted[m]["attribute_scores"], labels, paper.FIGURE7_TOP_K) for m in methods
        ]
        count = len(e.figure7)

        def smallest(sums):
            first, second, third, true = (sums[:, i * count : (i + 1) * count] for i in range(4))
            with np.errstate(invalid="ignore", divide="ignore"):
                leads = (first - np.maximum(second, third)) / true
            return np.nanmin(leads, axis=1)

        claim = "attributes, top-5: fashionnet is ahead of darn and wtbi on each of figure 7's, the smallest lead"
        columns = [h[:, j] for h in (*hits, labels == 1) for j in e.figure7]
        yield claim, np.nan, "fig07", [Sample(columns, e.units())], smallest


def _landmarks(e: Evidence):
    if "landmarks" not in e.predicted.get("fashionnet", {}) or e.benchmark.landmarks is None:
        return
    for j, name in enumerate(LANDMARKS):
        samples = [Sample(e.landmarks("fashionnet", (j,)), e.units())]
        claim = f"landmarks: above 80 % of {name}s are within 0.1"
        yield claim, np.nan, "fig10a", samples, lambda sums: ratio(sums, 0) - paper.PDJ_ABOVE
    for name, which in list(PAIRS.items())[1:]:
        samples = [Sample(e.landmarks("fashionnet", PAIRS["collars"]) + e.landmarks("fashionnet", which), e.units())]
        yield f"landmarks: collars are found more often than {name}", np.nan, "fig10a", samples, _difference
    for other, claim in (
        ("fashionnet-noattr", "attributes help"),
        ("fashionnet-joint", "two alternating steps beat one"),
    ):
        if "landmarks" in e.predicted.get(other, {}):
            everything = tuple(range(len(LANDMARKS)))
            samples = [Sample(e.landmarks("fashionnet", everything) + e.landmarks(other, everything), e.units())]
            yield f"landmarks, within 0.1: {claim}", np.nan, "fig10b", samples, _difference


def _search(e: Evidence, name: str, title: str):
    have, figure = e.searches[name][1], {"inshop": "fig08b", "consumer2shop": "fig09b"}[name]
    pairs = [("fashionnet", "darn"), ("darn", "wtbi"), ("fashionnet", "fashionnet+joints"), ("fashionnet", "fashionnet+poselets"),
             ("fashionnet+poselets", "fashionnet+joints"), ("fashionnet", "fashionnet+500"),
             ("fashionnet+500", "fashionnet+100")]  # fmt: skip
    printed = dict(paper.INSHOP_TOP20)
    printed |= {m: printed["fashionnet"] - below for m, below in paper.INSHOP_BELOW_FASHIONNET.items()}
    for better, worse in pairs:
        if {better, worse} <= set(have):
            value = printed[better] - printed[worse] if name == "inshop" else np.nan
            samples = [Sample(e.search(name, better) + e.search(name, worse), e.units(name))]
            yield f"{title}, top-20: {better} is above {worse}", value, figure, samples, _difference


def _both_searches(e: Evidence):
    def sample(name, methods):
        return Sample(sum((e.search(name, m) for m in methods), []), e.units(name))

    if all("fashionnet" in e.searches[name][1] for name in e.searches):
        printed = paper.INSHOP_TOP20["fashionnet"] - paper.CONSUMER2SHOP_TOP20["fashionnet"]
        samples = [sample(name, ["fashionnet"]) for name in ("inshop", "consumer2shop")]
        claim = "fashionnet, top-20: consumer-to-shop is lower than in-shop"
        yield claim, printed, "fig09b", samples, lambda a, b: ratio(a, 0) - ratio(b, 0)
    if all({"fashionnet", "darn"} <= set(e.searches[name][1]) for name in e.searches):
        lead = paper.INSHOP_TOP20["fashionnet"] / paper.INSHOP_TOP20["darn"] - 1
        samples = [sample(name, ["fashionnet", "darn"]) for name in ("consumer2shop", "inshop")]
        claim = "top-20: fashionnet's lead over darn is relatively larger in consumer-to-shop than in-shop"

        def relative(a, b):
            return ratio(a, 0) / ratio(a, 1) - ratio(b, 0) / ratio(b, 1)

        yield claim, paper.CONSUMER2SHOP_LEAD_OVER_DARN - lead, "fig09b", samples, relative


def _variations(e: Evidence):
    b, have = e.searches["inshop"]
    if "fashionnet" not in have:
        return
    query = report.sides(b)[0]
    code = {name: b.pose[query] == number for number, name in report.POSES.items()}
    units = e.units("inshop")

    def compare(better, worse, k):
        return [Sample(e.search("inshop", "fashionnet", k, better) + e.search("inshop", "fashionnet", k, worse), units)]

    pose, scale = code["front"] | code["side"], code["zoom-in"] | code["zoom-out"]
    yield "in-shop, top-1: scale is harder than pose", np.nan, "fig11a", compare(pose, scale, 1), _difference
    rest = pose | code["zoom-out"]
    zoomed = compare(rest, code["zoom-in"], 1)
    yield "in-shop, top-1: zoomed-in queries are the worst", np.nan, "fig11a", zoomed, _difference
    both = (
        compare(rest, code["zoom-in"], 1)[0].columns + compare(rest, code["zoom-in"], paper.RETRIEVAL_TOP_K)[0].columns
    )

    def closer(sums):
        return ratio(sums, 0) - ratio(sums, 1) - (ratio(sums, 2) - ratio(sums, 3))

    yield "in-shop: zoomed-in queries catch up from top-1 to top-20", np.nan, "fig11a", [Sample(both, units)], closer
    if b.category is None:
        return
    names = np.array([name.lower() for name in b.category_names])[b.category[query]]
    for word, claim, sign in (("dress", "dresses are the easiest", 1), ("short", "shorts are the hardest", -1)):
        mask = np.char.find(names, word) >= 0
        if mask.any() and not mask.all():
            first, second = (mask, ~mask) if sign > 0 else (~mask, mask)
            samples = compare(first, second, paper.RETRIEVAL_TOP_K)
            yield f"in-shop, top-20: {claim}, against all others", np.nan, "fig11b", samples, _difference
