"""The paper's claims (Liu et al., CVPR 2016, sections 4.1 and 4.2), each measured, with two computed verdicts.

A claim is a sentence of the paper in our words. It is turned into numbers that are above 0 where the claim is true: a
difference between two methods on the same images, or from a bound; several where the sentence is about each or about
the worst. Their 95 % intervals are over items and fine-tuning seeds (see `metrics.Bootstrap`).

Direction, of one number: "no difference" where its interval contains 0 and lies within a quarter of the paper's effect
around it, or lies within one point; else "held" above 0, "not held" below 0, "undecided" around 0. Several are held
where all are; one that is below 0, or no different from it, decides against the claim, at a level that allows for their
number (Bonferroni). "not testable here" comes with a reason. Size, where the paper gives a number: "same" where the
interval contains it, "smaller", "larger", or "opposite" below 0.
"""

from collections.abc import Callable
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
import pandas as pd

from lib import metrics, paper
from lib.lists import LANDMARKS, POSES, Lacks
from lib.methods import FASHIONNET
from lib.report.results import STAGES, Results, gather
from lib.report.tables import figure7
from lib.runs import Plan

LEVEL, POWER = 0.95, 0.80
SEEN = NormalDist().inv_cdf((1 + LEVEL) / 2) + NormalDist().inv_cdf(POWER)  # 2.8 standard errors
MARGIN = 0.01  # a difference that does not matter, where the paper gives no number
QUARTER = 0.25  # of the paper's effect: the same, where it gives one
FEWEST = 20  # units (items) that each side of a comparison needs
SATURATED = 0.98  # both sides at or above it, or at or below its complement, cannot be told apart
MOST_LEFT_OUT = 0.25  # share of a claim's comparisons that may be untestable
PAIRS = {"collars": (0, 1), "sleeves": (2, 3), "waistlines": (4, 5), "hems": (6, 7)}


CA, IMAGES = "category_attribute", "in-shop images"  # the latter: in-shop's test images, each on its own


class Untestable(Exception):
    """The reason why this source cannot test a claim."""


# ---- comparisons ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Side:
    """A share: its value and resamples, and how many units have a denominator, any hit and any miss."""

    values: np.ndarray  # (n + 1,)
    units: int
    hits: int
    misses: int
    seeds: int = 1


@dataclass(frozen=True)
class Comparison:
    """A number that is above 0 where a claim is true, with its resamples and the sides that it compares."""

    name: str
    values: np.ndarray  # (n + 1,)
    sides: tuple[Side, ...]
    paired: bool = False  # the sides are the same items

    def untestable(self) -> str:
        """Return why this cannot be told, or ""."""
        rates, fewest = [side.values[0] for side in self.sides], min(side.units for side in self.sides)
        if fewest < FEWEST:
            return f"too few items: {fewest}"
        if not np.isfinite(self.values[0]):
            return "nothing to divide by"
        if len(rates) > 1 and (min(rates) >= SATURATED or max(rates) <= 1 - SATURATED):
            return f"saturated: {' and '.join(f'{100 * rate:.1f} %' for rate in rates)}"
        return ""

    def interval(self) -> metrics.Interval:
        """Return the value with its interval; where the bootstrap sees no spread, by the rule of three.

        That is an upper limit of 3 / n at 95 % for what was seen in none of n items: items on which the sides differ,
        or hits or misses of a side.
        """
        found = metrics.interval(self.values, LEVEL)
        slack = 0 if self.paired else sum(3 / side.units for side in self.sides if not min(side.hits, side.misses))
        if not found.error > 1e-9:
            slack = max(slack, 3 / min(side.units for side in self.sides))
        error = max(found.error, slack / SEEN)
        seeds = min(side.seeds for side in self.sides)
        return found._replace(lo=found.lo - slack, hi=found.hi + slack, error=error, seeds=seeds)


class Evidence:
    """The results that claims are judged by: one `Results` per stage, any of which may be missing."""

    def __init__(self, results: dict[str, Results]):
        self.results, self._codes = dict(results), {}
        if "inshop" in results:
            self.results[IMAGES] = results["inshop"].one_by_one()

    def categories(self) -> str:
        """Return the stage whose images test categories: in-shop's, where the category-and-attribute benchmark has
        none."""
        main = self.results.get(CA)
        return IMAGES if (main is None or main.benchmark.category is None) and IMAGES in self.results else CA

    def at(self, stage: str) -> Results:
        """Return the results of a stage. Raises Untestable without any."""
        if stage not in self.results:
            raise Untestable(f"no {STAGES[stage]} benchmark in this source")
        return self.results[stage]

    def sides(self, stage: str, measure: str, method: str, *arguments, **options) -> list[Side]:
        """Return one side per statistic of a measure of `Results`. Raises Untestable without the method or the
        labels."""
        stage = self.categories() if measure == "category" else stage
        results = self.at(stage)
        if method not in results.answers:
            raise Untestable(f"{method} is not among the methods: {results.skipped.get(method, 'it was not trained')}")
        try:
            parts, wholes = getattr(results, measure)(method, *arguments, **options)
        except Lacks as reason:
            raise Untestable(str(reason)) from None
        if stage not in self._codes:
            self._codes[stage] = np.unique(results.units, return_inverse=True)[1]
        parts, wholes = (array if array.ndim == 3 else array[..., None] for array in (parts, wholes))
        values = results.values(method, (parts, wholes))
        seen = [wholes > 0, parts > 0, parts < wholes]
        counts = [self._units(stage, mask.any(0)) for mask in seen]
        return [
            Side(values[:, i], *(count[i] for count in counts), results.seeds(method)) for i in range(values.shape[1])
        ]

    def _units(self, stage: str, mask: np.ndarray) -> list[int]:
        return [len(np.unique(self._codes[stage][column])) for column in mask.T]

    def lead(self, stage: str, measure: str, rival: str, *arguments, better: str = FASHIONNET, **options):
        """Return the paired comparison of `better` with a rival in one measure."""
        first, second = (self.sides(stage, measure, m, *arguments, **options)[0] for m in (better, rival))
        return difference(f"{better} over {rival}", first, second, paired=True)


def difference(name: str, first: Side, second: Side, paired: bool = False) -> Comparison:
    """Return the comparison first - second; its number is above 0 where the first share is larger."""
    return Comparison(name, first.values - second.values, (first, second), paired)


# ---- verdicts -------------------------------------------------------------------------------------------------------


def direction(low: float, high: float, margin: float) -> str:
    """Return held, not held, undecided or no difference of an interval; `margin` is the difference that does not
    matter.

    An interval on one side of 0 has a direction, unless it lies within MARGIN too: a lead of six points is one, also
    where the paper's is forty.
    """
    if np.isnan(low) or np.isnan(high):
        return "undecided"
    if low > 0 or high < 0:
        margin = min(margin, MARGIN)
    if -margin <= low and high <= margin:
        return "no difference"
    return "held" if low > 0 else "not held" if high < 0 else "undecided"


def size(low: float, high: float, effect: float) -> str:
    """Return same, smaller, larger or opposite: an interval beside the paper's effect; "" without either."""
    if np.isnan([low, high, effect]).any():
        return ""
    if low <= effect <= high:
        return "same"
    return "larger" if low > effect else "opposite" if high < 0 else "smaller"


def weigh(comparisons: list[Comparison], effect: float = np.nan) -> dict:
    """Return the columns of a claim from "measured" on, see `judge`; those of its weakest comparison, if there are
    several.

    Several are held where each 95 % interval is above 0. "not held" or "no difference" of one decides only where it
    remains so at the corrected level, else that one is undecided.
    """
    reasons = [comparison.untestable() for comparison in comparisons]
    tested = [comparison for comparison, reason in zip(comparisons, reasons, strict=True) if not reason]
    if not tested:
        return untestable(reasons[0] if reasons else "nothing to compare")
    margin = MARGIN if np.isnan(effect) else QUARTER * abs(effect)
    found = [(_direction(i, margin, len(tested)), c.name, i) for c in tested for i in [c.interval()]]
    verdicts = {verdict for verdict, _, _ in found}
    verdict = next(v for v in ("not held", "no difference", "undecided", "held") if v in verdicts)
    deciding = [(i.value / i.error, name, i) for v, name, i in found if v == verdict]
    _, name, i = min(deciding, key=lambda row: row[0])
    reason = f"weakest of {len(tested)}: {name}" if len(tested) > 1 else ""
    left_out = [r for r in reasons if r]
    if len(left_out) > MOST_LEFT_OUT * len(comparisons):
        return untestable(f"{len(left_out)} of {len(comparisons)} comparisons: {left_out[0]}")
    if left_out:
        reason += f"; {len(left_out)} not testable ({left_out[0]})"
    return {"measured": i.value, "lo": i.lo, "hi": i.hi, "detectable": SEEN * i.error, "direction": verdict,
            "size": size(i.lo, i.hi, effect), "reason": reason.removeprefix("; "), "seeds": i.seeds}  # fmt: skip


def _direction(interval: metrics.Interval, margin: float, number: int) -> str:
    verdict = direction(interval.lo, interval.hi, margin)
    if number > 1 and verdict in ("not held", "no difference"):
        # Percentiles so far out would take tens of thousands of resamples; the normal distribution replaces them.
        reach = NormalDist().inv_cdf(1 - (1 - LEVEL) / 2 / number) * interval.error
        if direction(interval.value - reach, interval.value + reach, margin) != verdict:
            return "held" if interval.lo > 0 else "undecided"
    return verdict


def untestable(reason: str) -> dict:
    """Return the row of a claim that cannot be tested."""
    numbers = dict.fromkeys(("measured", "lo", "hi", "detectable"), np.nan)
    return numbers | {"direction": "not testable here", "size": "", "reason": reason, "seeds": 0}


# ---- the claims -----------------------------------------------------------------------------------------------------

Compare = Callable[[Evidence], list[Comparison]]


def untested(reason: str) -> Compare:
    """Return the test of a claim that no method here speaks to."""

    def compare(e: Evidence) -> list[Comparison]:
        raise Untestable(reason)

    return compare


def leads(stage: str, measure: str, rival: str, *arguments, better: str = FASHIONNET) -> Compare:
    """Return a test of one method's lead over another."""
    return lambda e: [e.lead(stage, measure, rival, *arguments, better=better)]


def gap(rival: str, k: int, better: str = FASHIONNET) -> float:
    """Return the paper's difference in top-k category accuracy, Table 2, as a share."""
    first, second = (paper.TABLE2[method]["category"][(3, 5).index(k)] for method in (better, rival))
    return (first - second) / 100


def shape_and_part(e: Evidence) -> list[Comparison]:
    """Compare FashionNet's lead over DARN in shape and in part with that in each other group, at top-3 as in Table
    2."""
    groups = list((e.at("category_attribute").benchmark.group_names or {}).values())
    if not {"shape", "part"} < set(groups):
        raise Untestable("no attribute groups named shape and part in this source")
    lead = {g: e.lead("category_attribute", "attributes", "darn", 3, group=g) for g in groups}
    return [
        Comparison(
            f"{one} over {other}", lead[one].values - lead[other].values, lead[one].sides + lead[other].sides, True
        )
        for one in ("shape", "part")
        for other in groups
        if other not in ("shape", "part")
    ]


def each_attribute(e: Evidence) -> list[Comparison]:
    """Compare FashionNet with DARN and with WTBI on each attribute of figure 7."""
    results = e.at("category_attribute")
    if results.benchmark.attributes is None:
        raise Untestable("no attributes in this source")
    names = list(figure7(results, []).attribute)
    columns = np.array([results.benchmark.attribute_names.index(name) for name in names])
    measure = "category_attribute", "per_attribute"
    first, *rivals = (e.sides(*measure, m, paper.FIGURE7_TOP_K, columns) for m in (FASHIONNET, "darn", "wtbi"))
    return [
        difference(f"{name}, over {rival}", one, other, paired=True)
        for rival, sides in zip(("darn", "wtbi"), rivals, strict=True)
        for name, one, other in zip(names, first, sides, strict=True)
    ]


def found(e: Evidence, *slots: int) -> Side:
    """Return the share of some landmarks that FashionNet finds within 0.1 of the box."""
    return e.sides("category_attribute", "landmarks", FASHIONNET, slots)[0]


def above_80(e: Evidence) -> list[Comparison]:
    """Compare the share of each landmark found with 80 %."""
    sides = {name: found(e, slot) for slot, name in enumerate(LANDMARKS)}
    return [Comparison(name, side.values - paper.PDJ_ABOVE, (side,)) for name, side in sides.items()]


def collars_first(e: Evidence) -> list[Comparison]:
    """Compare collars with sleeves, waistlines and hems."""
    return [difference(f"over {name}", found(e, *PAIRS["collars"]), found(e, *slots))
            for name, slots in list(PAIRS.items())[1:]]  # fmt: skip


def attributes_help(e: Evidence) -> list[Comparison]:
    """Compare FashionNet's landmarks with those of the same network trained without attributes."""
    return [e.lead("category_attribute", "landmarks", "fashionnet-noattr")]


TOP = paper.RETRIEVAL_TOP_K


def lower_for_each(e: Evidence) -> list[Comparison]:
    """Compare the two searches, for every method that was run in both."""
    both = [m for m in e.at("inshop").having("nearest") if m in e.at("consumer2shop").having("nearest")]
    return [
        difference(m, *(e.sides(stage, "search", m, TOP)[0] for stage in ("inshop", "consumer2shop"))) for m in both
    ]


def _relative(e: Evidence, stage: str) -> Comparison:
    lead = e.lead(stage, "search", "darn", TOP)
    first, second = (side.values for side in lead.sides)
    values = np.where(second > 0, first / np.where(second > 0, second, 1), np.nan) - 1
    return Comparison(lead.name, values, lead.sides, True)


def relative_lead(e: Evidence) -> list[Comparison]:
    """Compare FashionNet with DARN in consumer-to-shop, as a share of DARN's accuracy."""
    return [_relative(e, "consumer2shop")]


def larger_lead(e: Evidence) -> list[Comparison]:
    """Compare that with the same in-shop."""
    street, shop = _relative(e, "consumer2shop"), _relative(e, "inshop")
    for lead, stage in ((street, "consumer2shop"), (shop, "inshop")):
        if reason := lead.untestable():
            raise Untestable(f"{STAGES[stage]}: {reason}")
    return [Comparison("relative lead over darn", street.values - shop.values, street.sides + shop.sides, True)]


def _queries(e: Evidence, mask: np.ndarray, k: int) -> Side:
    return e.sides("inshop", "search", FASHIONNET, k, mask)[0]


def _poses(e: Evidence) -> dict[str, np.ndarray]:
    results = e.at("inshop")
    if results.benchmark.pose is None:
        raise Untestable("no poses in this source's in-shop benchmark")
    return {name: results.benchmark.pose[results.query] == code for code, name in POSES.items()}


def pose_over_scale(e: Evidence) -> list[Comparison]:
    """Compare queries that differ in pose (front, side) with those that differ in scale (zoom-in, zoom-out)."""
    views = _poses(e)
    sides = [_queries(e, mask, 1) for mask in (views["front"] | views["side"], views["zoom-in"] | views["zoom-out"])]
    return [difference("pose over scale", *sides)]


def zoom_in_worst(e: Evidence) -> list[Comparison]:
    """Compare each other view with zoomed-in queries at k = 1."""
    views = _poses(e)
    worst = _queries(e, views["zoom-in"], 1)
    return [
        difference(f"{view} over zoom-in", _queries(e, views[view], 1), worst) for view in ("front", "side", "zoom-out")
    ]


def zoom_in_catches_up(e: Evidence) -> list[Comparison]:
    """Compare how far zoomed-in queries are behind the other views at k = 1 and at k = 20."""
    views = _poses(e)
    rest = views["front"] | views["side"] | views["zoom-out"]
    first, last = (difference("", _queries(e, rest, k), _queries(e, views["zoom-in"], k)) for k in (1, TOP))
    return [Comparison("gap at 1 over gap at 20", first.values - last.values, first.sides + last.sides)]


def category_extreme(word: str, sign: int) -> Compare:
    """Return a test that the categories named by a word are the easiest (sign 1) or the hardest (-1) of all."""

    def compare(e: Evidence) -> list[Comparison]:
        results = e.at("inshop")
        b = results.benchmark
        if b.category is None:
            raise Untestable("no categories in this source's in-shop benchmark")
        names = [name.lower() for name in b.category_names]
        named, category = np.array([word in name for name in names]), b.category[results.query]
        if not named[category].any():
            raise Untestable(f"no queries of a category named {word}")
        this = _queries(e, named[category], TOP)
        others = {c: _queries(e, category == c, TOP) for c in np.unique(category) if not named[c]}
        return [difference(f"{b.category_names[c]}", *(this, other)[::sign]) for c, other in others.items()]

    return compare


NONE = float("nan")
SHOP, STREET = paper.INSHOP_TOP20, paper.CONSUMER2SHOP_LEAD_OVER_DARN
BELOW = paper.INSHOP_BELOW_FASHIONNET
TABLE2, FIG7, FIG8, FIG9 = "4.1, Table 2", "4.1, figure 7", "4.1, figure 8b", "4.1, figure 9b"
FIG10A, FIG10B, FIG11A, FIG11B = "4.2, figure 10a", "4.2, figure 10b", "4.2, figure 11a", "4.2, figure 11b"

# One row per claim: group, the claim in our words, its place, the paper's effect as a share, the test.
CLAIMS: list[tuple[str, str, str, float, Compare]] = [
    ("categories", "FashionNet is above DARN, top-3", TABLE2, gap("darn", 3), leads(CA, "category", "darn", 3)),
    ("categories", "FashionNet is above WTBI, top-3", TABLE2, gap("wtbi", 3), leads(CA, "category", "wtbi", 3)),
    ("categories", "FashionNet is above DARN, top-5", TABLE2, gap("darn", 5), leads(CA, "category", "darn", 5)),
    ("categories", "FashionNet is above WTBI, top-5", TABLE2, gap("wtbi", 5), leads(CA, "category", "wtbi", 5)),
    ("categories", "joints instead of landmarks lose accuracy, top-5", TABLE2, gap("fashionnet+joints", 5),
     leads(CA, "category", "fashionnet+joints", 5)),
    ("categories", "poselets instead of landmarks lose accuracy, top-5", TABLE2, gap("fashionnet+poselets", 5),
     leads(CA, "category", "fashionnet+poselets", 5)),
    ("number of attributes", "1,000 attributes are better for categories than 500, top-5", TABLE2,
     gap("fashionnet+500", 5), leads(CA, "category", "fashionnet+500", 5)),
    ("number of attributes", "1,000 attributes are better for categories than 100, top-5", TABLE2,
     gap("fashionnet+100", 5), leads(CA, "category", "fashionnet+100", 5)),
    ("number of attributes", "500 attributes are better for categories than 100, top-5", TABLE2,
     gap("fashionnet+100", 5, "fashionnet+500"), leads(CA, "category", "fashionnet+100", 5, better="fashionnet+500")),
    ("attributes", "FashionNet leads DARN by most in shape and part, top-3", TABLE2, NONE, shape_and_part),
    ("attributes", "FashionNet is ahead of DARN and WTBI on each attribute of figure 7, top-5", FIG7, NONE,
     each_attribute),
    ("landmarks", "each landmark is found within 0.1 in more than 80 %", FIG10A, NONE, above_80),
    ("landmarks", "collars are found more often than sleeves, waistlines and hems", FIG10A, NONE, collars_first),
    ("landmarks", "attributes help to find landmarks", FIG10B, NONE, attributes_help),
    ("landmarks", "joint optimisation converges better", "3 and 4.2", NONE,
     untested("no method here trains one task alone")),
    ("in-shop", "FashionNet is above DARN, top-20", FIG8, SHOP[FASHIONNET] - SHOP["darn"],
     leads("inshop", "search", "darn", TOP)),
    ("in-shop", "DARN is above WTBI, top-20", FIG8, SHOP["darn"] - SHOP["wtbi"],
     leads("inshop", "search", "wtbi", TOP, better="darn")),
    *[("in-shop", f"{what} loses accuracy, top-20", FIG8, BELOW[rival], leads("inshop", "search", rival, TOP))
      for rival, what in (("fashionnet+joints", "pooling at joints"), ("fashionnet+poselets", "pooling at poselets"),
                          ("fashionnet+500", "training with 500 attributes"),
                          ("fashionnet+100", "training with 100 attributes"))],
    ("consumer-to-shop", "accuracy is lower than in-shop for each method, top-20", FIG9, NONE, lower_for_each),
    ("consumer-to-shop", "FashionNet is above DARN, in shares of DARN's top-20", FIG9, STREET, relative_lead),
    ("consumer-to-shop", "that lead is larger than in-shop", FIG9, STREET - (SHOP[FASHIONNET] / SHOP["darn"] - 1),
     larger_lead),
    ("variations", "scale is harder than pose, top-1", FIG11A, NONE, pose_over_scale),
    ("variations", "zoomed-in queries are the worst, top-1", FIG11A, NONE, zoom_in_worst),
    ("variations", "zoomed-in queries catch up from top-1 to top-20", FIG11A, NONE, zoom_in_catches_up),
    ("variations", "dresses are easier than each other category, top-20", FIG11B, NONE, category_extreme("dress", 1)),
    ("variations", "shorts are harder than each other category, top-20", FIG11B, NONE, category_extreme("short", -1)),
]  # fmt: skip


def gather_all(plan: Plan) -> dict[str, Results]:
    """Return the results of all stages that this source has a benchmark for; see `results.gather`."""
    found = {}
    for stage in STAGES:
        if stage in plan.benchmarks:
            try:
                found[stage] = gather(stage, plan)
            except Lacks:
                continue  # claims about it are then not testable
    return found


def judge(results: dict[str, Results]) -> pd.DataFrame:
    """Return one row per claim: group, claim, where, paper, measured, lo, hi, detectable, direction, size, reason,
    seeds.

    results: by stage, as `gather_all` returns them. Shares, not per cent. detectable: the smallest difference that this
    test would have told from 0 at the 5 % level with 80 % power, 2.8 standard errors. seeds: fine-tuning seeds per
    method; with 1 the interval is over items alone.
    """
    evidence, rows = Evidence(results), []
    for group, claim, where, effect, compare in CLAIMS:
        try:
            row = weigh(compare(evidence), effect)
        except Untestable as reason:
            row = untestable(str(reason))
        rows.append({"group": group, "claim": claim, "where": where, "paper": effect} | row)
    return pd.DataFrame(rows)
