"""Every measure once: what it counts per image, its name and definition, and one long table of all of them.

MEASURES lists them. Each counts, per image or query and fine-tuning seed, what a method found and what there was to
find; a value is one sum divided by the other. docs/METRICS.md defines them in words. References are methods like any
other: ceiling, prior, chance (a random order) and the mean landmark.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import lru_cache, partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.stats import hypergeom

from lib import metrics, paper, runs
from lib.lists import LANDMARKS, POSES
from lib.methods import FASHIONNET
from lib.report.files import read_table, save_table
from lib.report.results import Counts, Results
from lib.runs import SEARCHES
from lib.world.garment import CATEGORY_NAMES, category_ceiling

CHANCE, DESIGN, BEFORE = "chance", "design known", "before fine-tuning"
THRESHOLDS = tuple((np.arange(31) / 100).tolist())  # of PDJ
RANKS = tuple(range(1, 51))
BANDS = ((1, 20), (21, 100), (101, 500), (501, 1000))  # ranks of attributes by their frequency in training
FEW = (1, 5, 20)
EVERY = 10**6  # labels whose mean is taken
BLOCK = 64  # labels that are resampled at a time: (images, 64) float64 fits the memory
NONE = (float("nan"),)  # of a measure without a k

# The long table; values and intervals are shares (NE: units of the box), a difference is method minus FashionNet.
COLUMNS = (
    *("stage", "method", "measure", "definition", "group", "k", "value", "lo", "hi"),
    *("difference", "d_lo", "d_hi", "n"),
)


def _counts(found: Sequence[np.ndarray], wanted: np.ndarray) -> Counts:
    return np.stack(found).astype(np.float64), np.asarray(wanted, np.float64)[None]


def category(r: Results, method: str, k: int, group: str = "all") -> Counts:
    """Return top-k category hits and ones, per image."""
    labels = r.truth("category")
    hits = [(ranked[:, :k] == labels[:, None]).any(1) for ranked in r.each(method, "category")]
    return _counts(hits, np.ones(len(labels)))


def each_category(r: Results, method: str, k: int, columns: np.ndarray) -> Counts:
    """Return the same for each of some categories: hits (seeds, n, C) and the images of each (1, n, C)."""
    hits, _ = category(r, method, k)
    images = r.truth("category")[:, None] == columns
    return hits[..., None] * images, images[None].astype(np.float64)


def attributes(r: Results, method: str, k: int, group: str = "all", name: str = "attributes") -> Counts:
    """Return matched and true attributes of a group per image. name: "attributes_in_group" ranks inside each group."""
    labels, columns = r.truth("attributes"), r.members(group)
    lists = [ranked[..., :k].reshape(len(labels), -1) for ranked in r.each(method, name)]  # of all groups, side by side
    matched = [(metrics.ranked_matches(ranked, labels) & columns[ranked]).sum(1) for ranked in lists]
    return _counts(matched, (labels[:, columns] == 1).sum(1))


def attributes_per_image(r: Results, method: str, k: int, group: str = "all") -> Counts:
    """Return the image's own recall, and ones for the images that have labels of the group."""
    matched, true = attributes(r, method, k, group)
    return np.where(true > 0, matched / np.maximum(true, 1), 0), (true > 0).astype(np.float64)


def each_attribute(r: Results, method: str, k: int, columns: np.ndarray) -> Counts:
    """Return top-k hits (seeds, n, C) and labels (1, n, C) of the attributes `columns` (C,) int."""
    true = r.truth("attributes")[:, columns] == 1
    hits = [(ranked[:, :k, None] == columns).any(1) & true for ranked in r.each(method, "attributes")]
    return _counts(hits, true)


@lru_cache(maxsize=64)
def distances(r: Results, method: str, norm: str = "box") -> np.ndarray:
    """Return (seeds, n, 8) normalised distances of predicted to true landmarks; see `metrics.landmark_distances`."""
    true, box = r.truth("landmarks"), r.truth("box")
    return np.stack([metrics.landmark_distances(p, true, box, norm) for p in r.each(method, "landmarks")])


def _slots(group: str | tuple[int, ...]) -> Sequence[int]:
    """Return the places of one landmark by its name, of "all", or of those that are given."""
    if isinstance(group, tuple):
        return group
    return range(len(LANDMARKS)) if group == "all" else [LANDMARKS.index(group)]


def landmarks(
    r: Results, method: str, k: float, group: str | tuple[int, ...], norm: str = "box", side: float = 1, errors=False
) -> Counts:
    """Return visible landmarks found below k, and visible ones, per image.

    side: of the square that the box is scaled to, in which k is measured. errors: invisible landmarks count as wanted.
    """
    slots, codes = _slots(group), r.truth("visibility")
    seen, far = (codes == 0)[:, slots], side * distances(r, method, norm)[:, :, slots]
    wanted = (codes >= 0)[:, slots] if errors else seen
    return (seen & (far < k)).sum(2).astype(np.float64), wanted.sum(1)[None].astype(np.float64)


def landmark_error(r: Results, method: str, k: float, group: str = "all") -> Counts:
    """Return the summed distance of visible landmarks in units of the box, and their number, per image."""
    slots = _slots(group)
    seen, far = (r.truth("visibility") == 0)[:, slots], distances(r, method)[:, :, slots]
    return np.where(seen, far, 0).sum(2), seen.sum(1)[None].astype(np.float64)


@lru_cache(maxsize=64)
def matches(r: Results, method: str, within: bool = False) -> np.ndarray:
    """Return (seeds, Q, 50) bool: is the image at this rank of the query's item? within: in the query's category."""
    items = r.truth("item", r.query), r.truth("item", r.gallery)
    name = "nearest_in_category" if within else "nearest"
    return np.stack([metrics.retrieval_matches(ranked, *items) for ranked in r.each(method, name)])


def search(r: Results, method: str, k: int, group: str | np.ndarray = "all") -> Counts:
    """Return top-k hits and ones per query; 0 and 0 for those outside the group.

    group: "all", "within category" (the query's), "pose front" and the like, "pose" for both, or a mask (Q,) bool.
    """
    mask = asked(r, group)[None]
    hits = matches(r, method, isinstance(group, str) and group == "within category")[:, :, :k].any(2)
    return (hits & mask).astype(np.float64), mask.astype(np.float64)


def asked(r: Results, group: str | np.ndarray) -> np.ndarray:
    """Return (Q,) bool: the queries of a group."""
    if isinstance(group, np.ndarray):
        return group
    by, _, value = group.partition(" ")
    if by == "category":
        return r.truth("category", r.query) == r.benchmark.category_names.index(value)
    if by in VARIATIONS:
        names = [POSES.get(int(code), "") for code in r.truth("pose", r.query)]
        return np.isin(names, [value] if value else VARIATIONS[by])
    return np.ones(len(r.query), bool)


def share_found(r: Results, method: str, k: int, group: str = "all") -> Counts:
    """Return the share of the item's gallery images among the top k, and ones for the queries that have any."""
    there = in_gallery(r)
    found = matches(r, method, group == "within category")[:, :, :k].sum(2) / np.maximum(there, 1)
    return np.where(there > 0, found, 0), (there > 0)[None].astype(np.float64)


def in_gallery(r: Results) -> np.ndarray:
    """Return (Q,) the number of gallery images of each query's item."""
    items, number = np.unique(r.truth("item", r.gallery), return_counts=True)
    return pd.Series(number, items).reindex(r.truth("item", r.query), fill_value=0).to_numpy()


def computed(r: Results, name: str, k: int) -> dict[str, float]:
    """Return the references that need no answers: what is found among the first k, by the name of the reference.

    "chance" is a random order; in a search, of the gallery, and "design known" one of its images of the query's design.
    "ceiling" is the best possible accuracy in the categories of drawn clothes, see `garment.category_ceiling`.
    """
    if name == "attributes":
        return {CHANCE: min(1.0, k / len(r.benchmark.attribute_names))}
    if name == "category":
        world = runs.drawn_from(r.benchmark)
        shares = np.bincount(r.benchmark.category) / len(r.benchmark.category)
        named = dict(zip(r.benchmark.category_names, shares.tolist(), strict=False))  # the last may be of no image
        official = named.keys() <= set(CATEGORY_NAMES)  # in-shop's tell women's clothes from men's
        best = {"ceiling": category_ceiling(k, world[0].overlap, named)} if world and official else {}
        return {CHANCE: min(1.0, k / len(r.benchmark.category_names))} | best
    good, design = in_gallery(r), runs.designs(r.benchmark)
    sizes = {CHANCE: np.full(len(good), len(r.gallery))}
    if design is not None:
        sizes[DESIGN] = np.bincount(design[r.gallery], minlength=design.max() + 1)[design[r.query]]
    # The chance of at least one of the item's images among k that are drawn without replacement.
    return {name: hypergeom.sf(0, size, good, np.minimum(k, size)).mean() for name, size in sizes.items()}


VARIATIONS = {"pose": ("front", "side"), "scale": ("zoom-in", "zoom-out")}


def groups_of(r: Results) -> dict[str, list[str]]:
    """Return the groups of images, labels or queries that are measured apart, by their kind; none without labels."""
    b, search = r.benchmark, r.stage in SEARCHES
    out = {"images": ["all"] if b.category is not None else []}
    if search:
        out |= {"gallery": ["all"], "category": ["within category"]}
    if b.attributes is not None and not search:
        out["attributes"] = ["all", *b.group_names.values()]
        out["ranks"] = [f"ranks {first}-{last}" for first, last in BANDS if first <= len(b.attribute_names)]
    if b.landmarks is not None and not search:
        out |= {"pooled": ["all"], "each": list(LANDMARKS), "landmarks": ["all", *LANDMARKS]}
    if r.stage == "inshop" and b.pose is not None:
        out["views"] = [f"{by} {value}" for by, values in VARIATIONS.items() for value in values]
    if r.stage == "inshop" and b.category is not None and r.query is not None:
        numbers, counts = np.unique(r.truth("category", r.query), return_counts=True)
        frequent = numbers[np.argsort(-counts, kind="stable")]
        out["query categories"] = [f"category {b.category_names[c]}" for c in frequent]
    return out


class Measure(NamedTuple):
    """One measure under one definition, with its ks and groups. In `words` of a definition {k} stands for k."""

    name: str
    definition: str
    words: str
    needs: str  # the answers that a method must have
    ks: tuple[float, ...]
    counts: Callable[..., Counts]  # of (results, method, k, group), or of (results, method, k, labels) with `best`
    groups: str  # their kind in `groups_of`
    shown: bool = False  # with an interval in the tables of all methods; the others take long
    random: bool = False  # beside the references of `computed`
    best: int = 0  # the mean over so many labels, the best ones; 0: one sum over images divided by another


INSIDE = partial(attributes, name="attributes_in_group")
DIAGONAL, SIDE = (partial(landmarks, norm=norm) for norm in ("diagonal", "side"))
ERRORS, PIXELS = partial(landmarks, errors=True), partial(landmarks, side=224)
TOP, AT = (3, 5), (paper.PDJ_THRESHOLD,)
MEASURES = (
    Measure("category", "micro", "micro", "category", (1, 3, 5), category, "images", True, True),
    Measure("category", "macro", "macro", "category", (1, 3, 5), each_category, "images", best=EVERY),
    Measure("attributes", "micro", "micro", "attributes", TOP, attributes, "attributes", True, True),
    Measure("attributes", "micro", "micro", "attributes", TOP, attributes, "ranks", True),
    Measure("attributes", "macro", "macro", "attributes", TOP, each_attribute, "attributes", best=EVERY),
    Measure("attributes", "group", "ranked inside the group", "attributes_in_group", TOP, INSIDE, "attributes"),
    Measure("attributes", "image", "mean per image", "attributes", TOP, attributes_per_image, "attributes"),
    Measure("attributes", "best50", "best 50", "attributes", TOP, each_attribute, "attributes", best=50),
    Measure("landmarks", "PDJ box", "PDJ@{k} box", "landmarks", THRESHOLDS, landmarks, "pooled", True),
    Measure("landmarks", "PDJ box", "PDJ@{k} box", "landmarks", THRESHOLDS, landmarks, "each"),
    Measure("landmarks", "PDJ diagonal", "PDJ@{k} diagonal", "landmarks", AT, DIAGONAL, "landmarks"),
    Measure("landmarks", "PDJ errors", "PDJ@{k} box, invisible as errors", "landmarks", AT, ERRORS, "landmarks"),
    Measure("landmarks", "NE", "NE", "landmarks", NONE, landmark_error, "landmarks"),
    Measure("landmarks", "PCK", "PCK@{k}", "landmarks", (0.2,), landmarks, "landmarks"),
    Measure("landmarks", "PCK side", "PCK@{k}, longer side", "landmarks", (0.2,), SIDE, "landmarks"),
    Measure("landmarks", "pixels", "within {k} of 224 px", "landmarks", (10,), PIXELS, "landmarks"),
    Measure("search", "hit", "hit at {k}", "nearest", RANKS, search, "gallery", True, True),
    Measure("search", "hit", "hit at {k}", "nearest_in_category", RANKS, search, "category", True),
    Measure("search", "share found", "share found at {k}", "nearest", RANKS, share_found, "gallery"),
    Measure("search", "share found", "share found at {k}", "nearest_in_category", RANKS, share_found, "category"),
    Measure("variations", "hit", "hit at {k}", "nearest", RANKS, search, "views", True),
    Measure("variations", "hit", "hit at {k}", "nearest", FEW, search, "query categories", True),
)
NAMES = tuple(dict.fromkeys(measure.name for measure in MEASURES))
BY_NAME = {(measure.name, measure.definition): measure for measure in reversed(MEASURES)}  # the first of that name
PRINTED = dict.fromkeys(("PDJ box", "PDJ diagonal"), AT) | dict.fromkeys(("hit", "share found"), (1, 5, 10, 20, 50))


def words(row) -> tuple[str, str]:
    """Return the measure and the definition of a row in words, such as "attributes, top-5" and "mean per image"."""
    title = f"{row.measure}, top-{row.k:g}" if row.measure in ("category", "attributes") else row.measure
    return title, BY_NAME[row.measure, row.definition].words.format(k=f"{row.k:g}")


def printed(table: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of those k that papers print."""
    pairs = zip(table.definition, table.k, strict=True)
    return table[[k in PRINTED.get(definition, (k,)) for definition, k in pairs]]


def measure_all(results: Results, names: Sequence[str] = NAMES, alone: bool = False) -> pd.DataFrame:
    """Return the measures of these names for all methods of one stage, and the references: COLUMNS.

    alone: without references, and with the intervals of all measures, not only of those that are `shown`. n is what is
    averaged over: images, labels, categories, attributes or queries.
    """
    rows, images = [], replace(results, query=None, gallery=None)  # a search's images, to measure categories
    images = images if alone else images.with_references()
    before = {BEFORE: results.before} if results.before and not alone else {}
    views = dict.fromkeys(("category", "attributes", "landmarks"), images)
    views["search"] = replace(results, answers=results.answers | before)
    for measure in MEASURES:
        if measure.name in names:
            rows += _rows(measure, views.get(measure.name, results), alone)
    return pd.DataFrame(rows, columns=COLUMNS)


def _rows(measure: Measure, r: Results, alone: bool) -> list[tuple]:
    several = len(np.unique(r.units)) > 1  # of one unit all resamples are the same: no interval
    shown, out = several and (alone or measure.shown), []
    bootstrap = r.bootstrap if shown else metrics.Bootstrap(r.units, n=0)
    for group in groups_of(r).get(measure.groups, []):
        methods = r.having(measure.needs)
        if r.benchmark.ceiling is None and (group != "all" or measure.best):
            # Of a ceiling by the true labels alone, which of them come first is arbitrary.
            methods = [method for method in methods if method != "ceiling"]
        for k in measure.ks:
            about = (measure.name, measure.definition, group, k)
            found, n = compared(measure, r, methods, k, group, bootstrap)
            out += [(r.stage, method, *about, *numbers, n) for method, numbers in found.items()]
            if measure.random and methods and not alone:
                for reference, share in computed(r, measure.name, k).items():
                    out.append((r.stage, reference, *about, share, share, share, *3 * NONE, n))
    return out


def compared(measure: Measure, r: Results, methods, k, group, bootstrap, base=FASHIONNET) -> tuple[dict, int]:
    """Return value, lo, hi, difference to `base`, d_lo and d_hi by method, and what is averaged over."""
    found, n = {}, 0
    for method in methods:
        found[method], n = resampled(measure, r, method, k, group, bootstrap)
    main = found.get(base, np.full(bootstrap.n + 1, np.nan))
    return {m: (*metrics.interval(v)[:3], *metrics.interval(v - main)[:3]) for m, v in found.items()}, n


def resampled(
    measure: Measure, r: Results, method: str, k: float, group: str, bootstrap: metrics.Bootstrap
) -> tuple[np.ndarray, int]:
    """Return a measure in the sample and in each resample, (n + 1,), the mean over seeds, and what is averaged over."""
    if not measure.best:
        found, wanted = measure.counts(r, method, k, group)
        return bootstrap.ratios(found, wanted, key=method), int(wanted.sum())
    labels = np.unique(r.truth("category")) if measure.name == "category" else np.flatnonzero(r.members(group))
    blocks = np.array_split(labels, -(-len(labels) // BLOCK) or 1)
    each = [bootstrap.ratios(*measure.counts(r, method, k, block), key=method) for block in blocks]
    return mean_of_best(np.concatenate(each, axis=1), measure.best)


def mean_of_best(values: np.ndarray, most: int) -> tuple[np.ndarray, int]:
    """Return the mean of the `most` highest values of each row, and how many values are averaged.

    values (resamples, labels): nan for a label that none of the sample's images has. One that a resample has not drawn
    keeps its value in the sample, row 0: without the rare labels, which are hard, resamples would have a higher mean.
    """
    values = values[:, np.isfinite(values[0])]
    if not values.shape[1]:
        return np.full(len(values), np.nan), 0
    values = np.where(np.isfinite(values), values, values[0])
    values = np.sort(values, axis=1)[:, -most:]
    return values.mean(1), values.shape[1]


def save(table: pd.DataFrame, out: Path) -> Path:
    """Write rows of `measure_all` into <out>/tables/measures.csv, in place of those of the same stage and measure."""
    earlier = read_table(out, "measures")
    if earlier is not None:
        new = set(zip(table.stage, table.measure, strict=True))
        kept = [key not in new for key in zip(earlier.stage, earlier.measure, strict=True)]
        table = pd.concat([earlier[kept], table], ignore_index=True)
    return save_table(table, out, "measures")
