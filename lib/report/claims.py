"""The paper's claims (Liu et al., CVPR 2016, section 4), each measured and judged by one rule.

THE RULE, of RULE_DATE. A later change states its date and keeps the earlier verdicts beside the new ones.

A claim is turned into numbers that are above 0 where it is true: a difference of two methods on the same images, or the
distance from a bound; several where it is about each or about the worst. Intervals are 95 %, over units (designs in a
search of drawn clothes, else items) and fine-tuning seeds (`metrics.Bootstrap`), widened for few units by Student's t;
where a method has one pre-training, they know nothing of others.

1. Dose. A claim about an ingredient (landmarks, further attributes, joints or poselets) is judged only where `doses`
   finds that the ingredient was learned.
2. Units. Each side of a comparison has at least FEWEST units.
3. Room. Where the ceiling (the visible one where it is known), or 100 %, leaves less room over the rival than the
   margin of 5, nothing can be seen. Where it leaves less than the effect, sizes and margins are relative: a difference
   as a share of the room. Ours is the room to the ceiling, the paper's the room to 100 %: its ceiling is not known.
4. Power. Where a difference as large as the paper's effect would not be told from 0 in four of five tries, for this
   claim alone, nothing can be seen.
   A claim that fails one of these is "not testable here"; but 3 and 4 never hide an interval that is below 0.
5. Direction: "no difference" where every interval of the claim is within the margin around 0; else "held" or "opposite"
   where its intervals are above, or one is below, 0 and this is told at the 5 % level after Holm's correction for all
   claims of the table; else "undecided". A claim with several numbers is held where each is above 0, and opposite where
   one is below (at a level that allows for their number); the one farthest from being held is shown. The margin is a
   quarter of the paper's effect, since what is left of it would not carry the paper's sentence; one point without one.
6. Size, where the paper gives a number: "same" where the interval contains it and not 0, "not told" where it contains
   both, else "smaller", "larger" or "opposite".
7. What drawn clothes have by construction is "by construction" there where it would be held, and no replication.
   Every other verdict stays. On photos it is judged.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.stats import t as student

from lib import metrics, paper
from lib.config import Config
from lib.lists import LANDMARKS, Lacks
from lib.methods import DETECTORS, FASHIONNET, METHODS
from lib.report import measures
from lib.report.results import STAGES, Results
from lib.report.tables import detector_table, figure7, paper_top20

RULE_DATE = "2026-11-29"
LEVEL, POWER = 0.95, 0.80
QUARTER, POINT = 0.25, 0.01  # the margin: of the paper's effect, and without one
FEWEST = 20  # units on each side of a comparison
MOST_LEFT_OUT = 0.25  # share of a claim's numbers that may be untestable
FOUND = 0.7  # PDJ at 0.1 from which landmarks are learned: the paper has above 0.8 for each
HIT = 0.5  # share of its parts that a detector must find
# Recall of further attributes from which they are learned: beyond rank 20 the prior's is 0 at k = 5, so being above
# it shows nothing.
RECALLED = 0.05
CA, TOP = "category_attribute", paper.RETRIEVAL_TOP_K
IMAGES = "in-shop images"  # in-shop's test images, each on its own


class Untestable(Lacks):
    """The reason why this source cannot test a claim."""


class Side(NamedTuple):
    """A share: its value and resamples, and how many units have a denominator, any hit and any miss."""

    values: np.ndarray  # (n + 1,)
    units: int
    hits: int
    misses: int
    seeds: int = 1
    pretrainings: int = 1  # that the runs of these seeds start from
    ceiling: float = 1.0


class Comparison(NamedTuple):
    """A number that is above 0 where a claim is true, with its resamples and the sides that it compares."""

    name: str
    values: np.ndarray  # (n + 1,)
    sides: tuple[Side, ...]
    paired: bool = False  # the sides are the same items

    @property
    def units(self) -> int:
        return min(side.units for side in self.sides)

    def untestable(self, effect: float = np.nan, rival: float = np.nan) -> str:
        """Return why this cannot be told, or "". effect: the paper's; rival: its value of the lower side."""
        if self.units < FEWEST:
            return f"too few units: {self.units}"
        if not np.isfinite(self.values[0]):
            return "nothing to divide by"
        if self.interval().hi < 0:
            return ""
        if len(self.sides) == 2 and self.room() < margin(effect):
            rate, ceiling = 100 * self.sides[1].values[0], 100 * self.sides[1].ceiling
            return f"no room: {rate:.1f} % of at most {ceiling:.1f} %"
        scaled, wanted = self.scaled(effect, rival)
        least = seen(self.units) * scaled.interval().error
        if least > wanted:
            unit = "points" if scaled is self else "% of the room"
            return f"could see {100 * least:.1f} {unit} at the least, the paper's effect is {100 * wanted:.1f}"
        return ""

    def room(self) -> float:
        return self.sides[1].ceiling - self.sides[1].values[0]

    def scaled(self, effect: float, rival: float) -> tuple["Comparison", float]:
        """Return the comparison and the paper's effect in the unit of sizes: shares of the room where it is less than
        the effect, else points."""
        if np.isnan(rival) or not margin(effect) <= self.room() < effect:
            return self, effect
        room = self.sides[1].ceiling - self.sides[1].values
        values = np.where(room > 0, self.values / np.where(room > 0, room, 1), np.nan)
        return self._replace(values=values), effect / (1 - rival)

    def interval(self) -> metrics.Interval:
        """Return the value with its interval; where the bootstrap sees no spread, by the rule of three.

        That is an upper limit of 3 / n at 95 % for what was seen in none of n units: units on which the sides differ,
        or hits or misses of a side. A bootstrap of n units is too narrow by sqrt((n - 1) / n), and by Student's t.
        """
        found = metrics.interval(self.values, LEVEL)
        slack = 0 if self.paired else sum(3 / side.units for side in self.sides if not min(side.hits, side.misses))
        if not found.error > 1e-9:
            slack = max(slack, 3 / self.units)
        wider, ends = np.sqrt(self.units / (self.units - 1)), student.ppf((1 + LEVEL) / 2, [self.units - 1, np.inf])
        factor, value = wider * ends[0] / ends[1], found.value
        lo, hi = value - factor * (value - found.lo) - slack, value + factor * (found.hi - value) + slack
        error = max(value - lo, hi - value) / ends[0] if slack else wider * found.error
        return found._replace(lo=lo, hi=hi, error=error)


def margin(effect: float) -> float:
    """Return the largest difference that does not matter beside the paper's effect, nan where it gives none."""
    return POINT if np.isnan(effect) else QUARTER * effect


def seen(units: int) -> float:
    """Return how many standard errors are told from 0 at the 5 % level with 80 % power: 2.8 with many units."""
    return student.ppf((1 + LEVEL) / 2, units - 1) + student.ppf(POWER, units - 1)


def difference(name: str, first: Side | Comparison, second: Side | Comparison, paired: bool = False) -> Comparison:
    """Return the comparison first - second, of two shares or of two differences."""
    sides = tuple(side for each in (first, second) for side in getattr(each, "sides", (each,)))
    return Comparison(name, first.values - second.values, sides, paired)


class Evidence:
    """The results that claims are judged by: one `Results` per stage, any of which may be missing."""

    def __init__(self, results: dict[str, Results]):
        self.results = dict(results)
        if "inshop" in results:
            self.results[IMAGES] = replace(results["inshop"], query=None, gallery=None)
        self.units = {stage: np.unique(r.units, return_inverse=True)[1] for stage, r in self.results.items()}

    def at(self, stage: str) -> Results:
        """Return the results of a stage. Raises Untestable without any."""
        if stage not in self.results:
            raise Untestable(f"no {STAGES[stage]} benchmark in this source")
        return self.results[stage]

    def sides(self, stage: str, counts: Callable, method: str, k: float, group="all") -> list[Side]:
        """Return the share that a measure counts for a method at k, or one per label where it counts several.

        counts: of `measures`; group: of labels or queries, as it takes them. Categories are those of in-shop's images,
        where the category-and-attribute benchmark has none. Raises Untestable without the method, Lacks without labels.
        """
        main = self.results.get(CA)
        if counts is measures.category and IMAGES in self.results:
            stage = IMAGES if main is None or main.benchmark.category is None else CA
        results = self.at(stage)
        if method not in results.answers and method in METHODS:
            reason = results.skipped.get(method, "it was not trained")
            raise Untestable(f"{method} is not among the methods: {reason}")
        counted = counts(results, method, k, group)
        found, wanted = (array if array.ndim == 3 else array[..., None] for array in counted)
        values, out = results.bootstrap.ratios(found, wanted, key=method), []
        ceiling = best_possible(results, counts, k, group)
        for i in range(values.shape[1]):
            masks = [(mask[..., i]).any(0) for mask in (wanted > 0, found > 0, found < wanted)]
            numbers = (len(np.unique(self.units[stage][mask])) for mask in masks)
            starts = results.pretrainings.get(method, 1)
            out.append(Side(values[:, i], *numbers, len(results.answers[method]), starts, ceiling))
        return out

    def lead(self, stage: str, counts: Callable, k: float, rival: str, better=FASHIONNET, group="all") -> Comparison:
        """Return the paired comparison of `better` with a rival in one measure."""
        first, second = (self.sides(stage, counts, method, k, group)[0] for method in (better, rival))
        return difference(f"{better} over {rival}", first, second, paired=True)

    def landmarks(self, group="all") -> Side:
        """Return the share of some landmarks that FashionNet finds within 0.1 of the box."""
        return self.sides(CA, measures.landmarks, FASHIONNET, paper.PDJ_THRESHOLD, group)[0]

    def queries(self, group, k: int = 1) -> Side:
        """Return the share of some in-shop queries whose item FashionNet finds."""
        return self.sides("inshop", measures.search, FASHIONNET, k, group)[0]


def best_possible(results: Results, counts: Callable, k: float, group) -> float:
    """Return the ceiling of a measure: that of categories or attributes, visible where it is known, else 1.

    Without odds it is that of k answers, and known for all attributes together alone.
    """
    if counts is measures.category:
        return measures.computed(results, "category", k).get("ceiling", 1.0)
    view = results.with_references() if counts is measures.attributes else results
    best = next((name for name in ("visible ceiling", "ceiling") if view.has(name, "attributes")), None)
    if best is None or (results.benchmark.ceiling is None and group != "all"):
        return 1.0
    found, wanted = measures.attributes(view, best, k, group)
    return found.sum() / wanted.sum()


class Dose(NamedTuple):
    """Whether an ingredient was learned, and the figure that shows it."""

    figure: str
    learned: bool


def doses(results: dict[str, Results], config: Config, landmark_shares: dict | None = None) -> dict[str, Dose]:
    """Return the dose of each ingredient that the category-and-attribute benchmark can measure.

    landmark_shares: of the landmark losses in FashionNet's total loss, by step; see `tables.loss_shares`.
    """
    e, out = Evidence(results), {}
    measures_of = {"landmarks": partial(_landmarks_found, e, landmark_shares or {})}
    measures_of |= {kind: partial(_parts_found, e, config, kind) for kind in DETECTORS}
    for method, first, last in (("fashionnet+500", 101, 500), *((FASHIONNET, first, 1000) for first in (101, 501, 1))):
        measures_of[f"attributes {first}-{last}"] = partial(_further_recalled, e, method, first, last)
    for ingredient, measure in measures_of.items():
        try:
            out[ingredient] = measure()
        except Lacks as reason:
            out[ingredient] = Dose(str(reason), False)
    return out


def _landmarks_found(e: Evidence, shares: dict) -> Dose:
    found = e.landmarks().values[0]
    parts = [f", {100 * share:.0f} % of the loss in step {step}" for step, share in shares.items()]
    return Dose(f"PDJ {100 * found:.1f} %{''.join(parts)}", found >= FOUND)


def _parts_found(e: Evidence, config: Config, kind: str) -> Dose:
    table = detector_table(e.at(CA), config)
    row = table[(table.kind == kind) & (table.part == "all")]
    if row.empty:
        raise Untestable(f"no detector of {kind} was trained")
    found, note = row.found.iloc[0], "by a detector trained on this source (the paper's: elsewhere)"
    return Dose(f"{100 * found:.1f} % found, {note}", found >= HIT)


def _further_recalled(e: Evidence, method: str, first: int, last: int) -> Dose:
    names = e.at(CA).benchmark.attribute_names or ()
    if len(names) < first:
        raise Untestable(f"this source has only {len(names)} attributes")
    e = Evidence({CA: e.at(CA).with_references()})
    ours, prior = (e.sides(CA, measures.attributes, m, 5, f"ranks {first}-{last}")[0] for m in (method, "prior"))
    lead = metrics.interval(ours.values - prior.values, LEVEL)
    figure = f"{100 * ours.values[0]:.1f} % recalled, {100 * lead.value:+.1f} over the prior"
    return Dose(figure, bool(lead.lo > 0 and ours.values[0] >= RECALLED))


def ingredients(better: str, rival: str) -> tuple[str, ...]:
    """Return the ingredients by which two methods of the table of methods differ, as `doses` names them."""
    one, other = METHODS[better], METHODS[rival]
    if other.detector:
        return "landmarks", other.detector
    if one.network == other.network == "fashionnet" and other.attributes is not None:
        return (f"attributes {other.attributes + 1}-{one.attributes or 1000}",)
    return ()


def chances(intervals: list[metrics.Interval], units: list[int]) -> tuple[float, float]:
    """Return the two-sided p-values of "all above 0" and of "one below 0", by Student's t with units - 1 degrees.

    The first is that of the weakest (an intersection-union test), the second allows for their number (Bonferroni).
    """
    z, degrees = np.array([i.value / i.error for i in intervals]), np.array(units) - 1
    above, below = student.sf(z, degrees).max(), student.cdf(z, degrees).min()
    return min(1.0, 2 * above), min(1.0, 2 * below * len(z))


def holm(p: pd.Series) -> pd.Series:
    """Return p-values corrected for their number by Holm's method; nan stays nan."""
    known = p.dropna().sort_values()
    corrected = (known * (len(known) - np.arange(len(known)))).cummax().clip(upper=1)
    return corrected.reindex(p.index)


def direction(ends: list[tuple[float, float]], margin: float, p_held: float, p_opposite: float) -> str:
    """Return the verdict by the rule from the ends of each number's interval, the margin and corrected p-values."""
    lows, highs = zip(*ends, strict=True)
    if -margin <= min(lows) and max(highs) <= margin:
        return "no difference"
    if p_held <= 1 - LEVEL and min(lows) > 0:
        return "held"
    return "opposite" if p_opposite <= 1 - LEVEL and min(highs) < 0 else "undecided"


def size(low: float, high: float, effect: float) -> str:
    """Return same, not told, smaller, larger or opposite: an interval beside the paper's effect; "" without either."""
    if np.isnan([low, high, effect]).any():
        return ""
    if low <= effect <= high:
        return "not told" if low <= 0 else "same"
    return "larger" if low > effect else "opposite" if high < 0 else "smaller"


def weigh(comparisons: list[Comparison], effect: float = np.nan, rival: float = np.nan) -> dict:
    """Return what one claim measures, those of its weakest number: see `judge`. Raises Untestable.

    effect: the paper's difference; rival: the paper's value of the lower side, nan where the room plays no part.
    """
    reasons = [comparison.untestable(effect, rival) for comparison in comparisons]
    tested = [comparison for comparison, reason in zip(comparisons, reasons, strict=True) if not reason]
    left_out = [reason for reason in reasons if reason]
    if not tested:
        raise Untestable(left_out[0] if left_out else "nothing to compare")
    if len(left_out) > MOST_LEFT_OUT * len(comparisons):
        raise Untestable(f"{len(left_out)} of {len(comparisons)} comparisons: {left_out[0]}")
    intervals = [comparison.interval() for comparison in tested]
    sizes = [comparison.scaled(effect, rival) for comparison in tested]  # in the unit of sizes, beside the paper's
    sized = [scaled.interval() for scaled, _ in sizes]
    held, opposite = chances(intervals, [comparison.units for comparison in tested])
    at = int(np.argmin([i.value / i.error for i in intervals]))
    weakest, shown, wanted, (value, low, high, *_) = tested[at], intervals[at], sizes[at][1], sized[at]
    notes = [f"weakest of {len(tested)}: {weakest.name}"] if len(tested) > 1 else []
    notes += [f"{len(left_out)} not testable ({left_out[0]})"] if left_out else []
    if sizes[at][0] is not weakest:
        ends = f"{100 * value:.0f} % [{100 * low:.0f}, {100 * high:.0f}]"
        notes.append(f"of the room {ends}, the paper's {100 * wanted:.0f} %")
    row = {"measured": shown.value, "lo": shown.lo, "hi": shown.hi, "detectable": seen(weakest.units) * shown.error}
    row |= {"p_held": held, "p_opposite": opposite, "size": size(low, high, wanted), "margin": margin(wanted)}
    row["ends"] = [(interval.lo, interval.hi) for interval in sized]
    seeds, starts = (min(getattr(side, name) for side in weakest.sides) for name in ("seeds", "pretrainings"))
    return row | {"reason": "; ".join(notes), "seeds": seeds, "pretrainings": starts}


COLLARS, LOWER = (0, 1), {"sleeves": (2, 3), "waistlines": (4, 5), "hems": (6, 7)}
VIEWS = {"front": "pose front", "side": "pose side", "zoom-out": "scale zoom-out"}
ZOOMED_IN = "scale zoom-in"
TABLE2, FIG7, FIG8, FIG9 = "4.1, Table 2", "4.1, figure 7", "4.1, figure 8b", "4.1, figure 9b"
FIG10A, FIG10B, FIG11A, FIG11B = "4.2, figure 10a", "4.2, figure 10b", "4.2, figure 11a", "4.2, figure 11b"
RIVALS = tuple(method for method in paper.METHODS if method != FASHIONNET)
# DARN's consumer-to-shop accuracy in the paper, which gives FashionNet's and that it is 70 % above.
STREET = paper.CONSUMER2SHOP_TOP20[FASHIONNET]
STREET_DARN = STREET / (1 + paper.CONSUMER2SHOP_LEAD_OVER_DARN)
IN = {"inshop": "in-shop", "consumer2shop": "in consumer-to-shop"}


class Claim(NamedTuple):
    """A sentence of the paper in our words, its place, and what is compared."""

    group: str
    claim: str
    where: str
    compare: Callable[[Evidence], list[Comparison]]
    effect: float = np.nan  # the paper's, as a share
    rival: float = np.nan  # the paper's value of the lower side, as a share
    ingredients: tuple[str, ...] = ()
    drawn: bool = False  # true of the drawn world by construction


def title(method: str) -> str:
    name, plus, more = method.partition("+")
    return ("FashionNet" if name == FASHIONNET else name.upper()) + plus + more.capitalize()


def ahead(stage: str, counts: Callable, k: float, *rivals: str, better: str = FASHIONNET):
    """Return the comparisons of `better` with each rival in one measure, as a `Claim` has them."""
    return lambda e: [e.lead(stage, counts, k, rival, better) for rival in rivals]


def in_table2(column: str, k: int, rival: str, better: str = FASHIONNET) -> Claim:
    """Return the claim that a method is above another in a column of Table 2, "category" or "all" attributes."""
    group = "categories" if column == "category" else "attributes"
    counts = measures.category if column == "category" else measures.attributes
    high, low = (paper.TABLE2[method][column][(3, 5).index(k)] / 100 for method in (better, rival))
    words = f"{title(better)} leads {title(rival)} in {group}, top-{k}"
    compare = ahead(CA, counts, k, rival, better=better)
    return Claim(group, words, TABLE2, compare, high - low, low, ingredients(better, rival))


def in_search(stage: str, rival: str, better: str = FASHIONNET) -> Claim:
    """Return the claim that a method is above another in a search, top-20."""
    words, where = f"{title(better)} leads {title(rival)} {IN[stage]}, top-20", FIG8 if stage == "inshop" else FIG9
    effect = low = np.nan
    if stage == "inshop":
        values = paper_top20(stage)
        effect, low = values[better] - values[rival], values[rival]
    elif (better, rival) == (FASHIONNET, "darn"):
        effect, low = STREET - STREET_DARN, STREET_DARN
    compare = ahead(stage, measures.search, TOP, rival, better=better)
    return Claim(STAGES[stage], words, where, compare, effect, low, ingredients(better, rival))


def best_of_all(stage: str) -> Claim:
    """Return the claim that FashionNet is above each other method of the paper in a search."""
    words, where = f"FashionNet is best of all methods {IN[stage]}, top-20", FIG8 if stage == "inshop" else FIG9
    return Claim(STAGES[stage], words, where, ahead(stage, measures.search, TOP, *RIVALS))


def shape_and_part(e: Evidence) -> list[Comparison]:
    """Compare FashionNet's lead over DARN in shape and in part with that in each other group, at top-3 as Table 2."""
    groups = list((e.at(CA).benchmark.group_names or {}).values())
    if not {"shape", "part"} < set(groups):
        raise Untestable("no attribute groups named shape and part in this source")
    leads = {group: e.lead(CA, measures.attributes, 3, "darn", group=group) for group in groups}
    others = [group for group in groups if group not in ("shape", "part")]
    pairs = [(one, other) for one in ("shape", "part") for other in others]
    return [difference(f"{one} over {other}", leads[one], leads[other], True) for one, other in pairs]


def each_attribute(e: Evidence) -> list[Comparison]:
    """Compare FashionNet with DARN and with WTBI on each attribute of figure 7."""
    results = e.at(CA)
    if results.benchmark.attributes is None:
        raise Untestable("no attributes in this source")
    names = list(figure7(results, []).attribute)
    columns = np.array([results.benchmark.attribute_names.index(name) for name in names])
    methods, out = (FASHIONNET, "darn", "wtbi"), []
    first, *others = (e.sides(CA, measures.each_attribute, m, paper.FIGURE7_TOP_K, columns) for m in methods)
    for rival, second in zip(methods[1:], others, strict=True):
        pairs = zip(names, first, second, strict=True)
        out += [difference(f"{name}, over {rival}", *sides, paired=True) for name, *sides in pairs]
    return out


def above_80(e: Evidence) -> list[Comparison]:
    """Compare the share of each landmark found with 80 %."""
    sides = {name: e.landmarks(name) for name in LANDMARKS}
    return [Comparison(name, side.values - paper.PDJ_ABOVE, (side,)) for name, side in sides.items()]


def lower_for_each(e: Evidence) -> list[Comparison]:
    """Compare the two searches, for every method of the paper that was run in both."""
    ran = [e.at(stage).having("nearest") for stage in ("inshop", "consumer2shop")]
    both = [m for m in paper.METHODS if m in ran[0] and m in ran[1]]
    sides = {m: [e.sides(stage, measures.search, m, TOP)[0] for stage in ("inshop", "consumer2shop")] for m in both}
    return [difference(m, *pair) for m, pair in sides.items()]


def larger_lead(e: Evidence) -> list[Comparison]:
    """Compare FashionNet in consumer-to-shop with DARN there times in-shop's ratio of the two: in points."""
    street, shop = (e.lead(stage, measures.search, TOP, "darn") for stage in ("consumer2shop", "inshop"))
    gap = paper.INSHOP_TOP20[FASHIONNET] - paper.INSHOP_TOP20["darn"]
    for found, stage in ((street, "consumer2shop"), (shop, "inshop")):
        if reason := found.untestable(gap):
            raise Untestable(f"{STAGES[stage]}: {reason}")
    ours, darn, ours_shop, darn_shop = (side.values for side in street.sides + shop.sides)
    ratio = np.where(darn_shop > 0, ours_shop / np.where(darn_shop > 0, darn_shop, 1), np.nan)
    return [Comparison("lead over darn", ours - darn * ratio, street.sides + shop.sides, True)]


def zoom_in_catches_up(e: Evidence) -> list[Comparison]:
    """Compare how far zoomed-in queries are behind the other views at k = 1 and at k = 20."""
    rest = np.any([measures.asked(e.at("inshop"), view) for view in VIEWS.values()], axis=0)
    first, last = (difference("", e.queries(rest, k), e.queries(ZOOMED_IN, k)) for k in (1, TOP))
    return [difference("gap at 1 over gap at 20", first, last)]


def category_extreme(word: str, sign: int) -> Callable[[Evidence], list[Comparison]]:
    """Return a test that the categories named by a word are the easiest (sign 1) or the hardest (-1) of all."""

    def compare(e: Evidence) -> list[Comparison]:
        r = e.at("inshop")
        b = r.benchmark
        if b.category is None:
            raise Untestable("no categories in this source's in-shop benchmark")
        named, category = np.array([word in name.lower() for name in b.category_names]), b.category[r.query]
        if not named[category].any():
            raise Untestable(f"no queries of a category named {word}")
        out, this = [], e.queries(named[category], TOP)
        for c in np.unique(category[~named[category]]):
            sides = (this, e.queries(category == c, TOP))
            out.append(difference(b.category_names[c], *sides[::sign]))
        return out

    return compare


JOINTS, POSELETS, SOME, FEW = "fashionnet+joints", "fashionnet+poselets", "fashionnet+500", "fashionnet+100"
SEARCH_RIVALS = (("darn", FASHIONNET), ("wtbi", "darn"), (JOINTS, FASHIONNET), (POSELETS, FASHIONNET))
DOSE_STEPS = ((SOME, FASHIONNET), (FEW, FASHIONNET), (FEW, SOME))

# Every comparison that the text of section 4 draws, in its order.
CLAIMS = [
    *[in_table2("category", k, rival) for k in (3, 5) for rival in ("wtbi", "darn")],
    *[in_table2("category", 5, rival) for rival in (JOINTS, POSELETS)],
    *[in_table2("category", 5, rival, better) for rival, better in DOSE_STEPS],
    *[in_table2("all", 5, rival) for rival in RIVALS],
    Claim("attributes", "FashionNet leads DARN most in shape and part, top-3", TABLE2, shape_and_part,
          ingredients=("landmarks",)),
    Claim("attributes", "FashionNet leads DARN and WTBI on each attribute of figure 7", FIG7, each_attribute),
    best_of_all("inshop"),
    *[in_search("inshop", rival, better) for rival, better in SEARCH_RIVALS],
    in_search("inshop", "wtbi"),
    *[in_search("inshop", rival) for rival in (SOME, FEW)],
    best_of_all("consumer2shop"),
    Claim("consumer-to-shop", "each method is below its in-shop accuracy, top-20", FIG9, lower_for_each,
          drawn=True),
    in_search("consumer2shop", "darn"),
    Claim("consumer-to-shop",
          "FashionNet leads DARN by more than in-shop, in shares of DARN's, top-20", FIG9, larger_lead,
          STREET - STREET_DARN * paper.INSHOP_TOP20[FASHIONNET] / paper.INSHOP_TOP20["darn"], drawn=True),
    *[in_search("consumer2shop", rival) for rival in (JOINTS, POSELETS)],
    *[in_search("consumer2shop", rival, better) for rival, better in DOSE_STEPS],
    Claim("landmarks", "each landmark is found within 0.1 in more than 80 %", FIG10A, above_80),
    Claim("landmarks", "collars are found more often than sleeves, waistlines and hems", FIG10A,
          lambda e: [difference(f"over {name}", e.landmarks(COLLARS), e.landmarks(pair))
                     for name, pair in LOWER.items()],
          drawn=True),
    Claim("landmarks", "attributes help to find landmarks (joint optimisation)", FIG10B,
          ahead(CA, measures.landmarks, paper.PDJ_THRESHOLD, "fashionnet-noattr"),
          ingredients=("landmarks", "attributes 1-1000")),
    Claim("variations", "scale is harder than pose, top-1", FIG11A,
          lambda e: [difference("pose over scale", e.queries("pose"), e.queries("scale"))], drawn=True),
    Claim("variations", "zoomed-in queries are the worst, top-1", FIG11A,
          lambda e: [difference(f"{name} over zoom-in", e.queries(view), e.queries(ZOOMED_IN))
                     for name, view in VIEWS.items()],
          drawn=True),
    Claim("variations", "zoomed-in queries catch up from top-1 to top-20", FIG11A, zoom_in_catches_up, drawn=True),
    Claim("variations", "dresses are easier than each other category, top-20", FIG11B, category_extreme("dress", 1),
          drawn=True),
    Claim("variations", "shorts are harder than each other category, top-20", FIG11B, category_extreme("short", -1),
          drawn=True),
]  # fmt: skip


def judge(results: dict[str, Results], dosed: dict[str, Dose], drawn: bool) -> pd.DataFrame:
    """Return one row per claim: its sentence, what was measured, and the two verdicts.

    results: by stage, any of which may be missing; dosed: of `doses`; drawn: the source is the synthetic world.
    Columns group, claim, where, paper (its effect), measured, lo, hi, detectable (the smallest difference that the
    test of this claim alone would have told from 0 at the 5 % level with 80 % power), p (corrected by Holm), direction,
    size, dose (its figures), reason, seeds (of fine-tuning, per method; 1: the interval is over units alone),
    pretrainings (of the side with fewer; 1: the interval knows of no other), rule (RULE_DATE). Shares.
    """
    evidence, rows = Evidence(results), []
    for c in CLAIMS:
        row = {"group": c.group, "claim": c.claim, "where": c.where, "paper": c.effect, "seeds": 0}
        row |= {"pretrainings": 1, "rule": RULE_DATE}
        row["dose"] = "; ".join(f"{name}: {dosed[name].figure}" for name in c.ingredients)
        try:
            row |= weigh(c.compare(evidence), c.effect, c.rival)
            if set(c.ingredients) & set(DETECTORS):  # the paper's was trained elsewhere
                row["reason"] = "; ".join(filter(None, [row["reason"], "in-domain detector"]))
            if missed := [name for name in c.ingredients if not dosed[name].learned]:
                raise Untestable(f"not learned: {missed[0]}")
        except Lacks as reason:
            row |= {"reason": str(reason), "direction": "not testable here", "size": ""}
            row |= dict.fromkeys(("p_held", "p_opposite"), np.nan)
        rows.append(row)
    names = ["group", "claim", "where", "paper", "measured", "lo", "hi", "detectable", "p", "direction", "size"]
    names += ["dose", "reason", "seeds", "pretrainings", "rule"]
    table = pd.DataFrame(rows).reindex(columns=[*names, "p_held", "p_opposite"])
    # One family of hypotheses: each claim's better-supported direction.
    table["p"] = holm(table[["p_held", "p_opposite"]].min(axis=1))
    for i in table.index[table.direction.isna()]:
        r = table.loc[i]
        chance = (r.p, 1.0) if r.p_held <= r.p_opposite else (1.0, r.p)
        verdict = direction(rows[i]["ends"], rows[i]["margin"], *chance)
        built = drawn and CLAIMS[i].drawn and verdict == "held"
        table.loc[i, "direction"] = "by construction" if built else verdict
    return table[names]
