"""The answers of finished runs beside the truth: what every table, figure and claim is computed from.

`gather` reads the runs of one stage into a `Results`. Its measures return numerators and denominators, one column per
image or query and one row per fine-tuning seed; `Results.interval` turns them into a value with its interval."""

import sys
import zlib
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

import joblib
import numpy as np

from lib import crops, deepfashion, metrics, paper, runs
from lib.config import Config, find_profile
from lib.deepfashion import Benchmark
from lib.lists import SPLITS, DataError, Lacks
from lib.world import write_world

CHECKOUT = Path(__file__).parent.parent.parent
ROOT = CHECKOUT if (CHECKOUT / "notebooks").exists() else Path.cwd()  # of outputs/; an installed package has none
SEARCHES = ("inshop", "consumer2shop")
STAGES = {"category_attribute": "category and attributes", "inshop": "in-shop", "consumer2shop": "consumer-to-shop"}

Counts = tuple[np.ndarray, np.ndarray]  # numerators and denominators, each (seeds or 1, rows) float64


# ---- opening --------------------------------------------------------------------------------------------------------


def open_run(profile: str, out: str) -> tuple[Config, Path]:
    """Return the profile's configuration and its output folder: `out`, or outputs/<profile> where `out` is empty.

    Makes its folders tables/ and figures/. Raises DataError for an unknown profile and where the folder cannot be made.
    """
    config = find_profile(profile)
    folder = Path(out) if out else ROOT / "outputs" / profile
    try:
        for name in ("tables", "figures"):
            (folder / name).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DataError(f"{error.filename}: {error.strerror or error}; name another folder for the results") from None
    return config, folder


def open_data(config: Config, data: str, out: Path, skip_damaged: bool = False) -> dict[str, Benchmark]:
    """Return the benchmarks under `data`, or those of the profile's synthetic world, which is written where absent.

    The photos under `data` are decoded here, once: what is wrong with any of them is said before anything is trained.
    skip_damaged: leave those that cannot be read out, with one sentence on stderr. Raises DataError where an image or
    an item is on both sides of a split, where photos are not those that the boxes were drawn on, or cannot be read;
    OutOfTime at the deadline (`locks.deadline`).
    """
    if skip_damaged and (Path(data) / "world.json").exists():  # its runs are identified by its size and seed
        raise DataError(f"{data}: a synthetic world; delete the folder to have it drawn again")
    root = Path(data) if data else write_world(out / "world", config.world, config.seed, joblib.cpu_count())
    try:
        benchmarks = deepfashion.find_benchmarks(root)
    except DataError as error:
        raise error if data else DataError(f"{error} (drawn clothes: delete the folder {root} instead)") from None
    for benchmark in benchmarks.values():
        deepfashion.check_disjoint(benchmark)
        if data:
            crops.check_sizes(benchmark)
    return _readable(benchmarks, config, out, skip_damaged) if data else benchmarks


def _readable(benchmarks: dict[str, Benchmark], config: Config, out: Path, skip_damaged: bool) -> dict[str, Benchmark]:
    """Decode the photos of all benchmarks; return them without those that cannot be read, or raise DataError for
    these."""
    kept, problems = {}, []
    for name, benchmark in benchmarks.items():
        kept[name] = benchmark
        try:
            crops.crop_store(benchmark, out / "cache", config.input)
        except crops.Damaged as error:
            kept[name] = deepfashion.without(benchmark, error.rows)
            problems.append(str(error))
            if skip_damaged:
                print(f"{name}: {len(error.rows)} of {len(benchmark.image)} photos cannot be read and are left out",
                      file=sys.stderr)  # fmt: skip
                gone = [f"{s} " for s in SPLITS if len(benchmark.rows(s)) and not len(kept[name].rows(s))]
                if gone or not len(kept[name].image):  # without its test photos it would be measured on val
                    what = f"none of the {''.join(gone[:1])}photos can be read"
                    raise DataError(f"{benchmark.images_root}: {what}; unpack them again") from None
    if problems and not skip_damaged:
        raise DataError(" || ".join(problems))
    return kept


# ---- results --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Results:
    """The answers of one stage, by method in the order of all tables, beside the benchmark that has the truth.

    answers: one dict of arrays per fine-tuning seed, as `runs.answers` returns them, on `rows` of the benchmark. rows:
    the measured split, or for a search its queries, then its gallery.
    """

    stage: str  # "category_attribute", "inshop" or "consumer2shop"
    benchmark: Benchmark
    rows: np.ndarray  # (n,) int64
    answers: dict[str, list[dict[str, np.ndarray]]]
    skipped: dict[str, str] = field(default_factory=dict)  # method -> why it is not trained on this stage
    query: np.ndarray | None = None  # (Q,) rows of the benchmark; searches only
    gallery: np.ndarray | None = None  # (G,)
    seed: int = 0  # of the bootstrap

    @property
    def methods(self) -> list[str]:
        """Return the methods with answers, in table order; reference rows come last."""
        return list(self.answers)

    def has(self, method: str, name: str) -> bool:
        """Return whether a method has the answers `name` ("category", "attributes", "landmarks", "nearest", ...)."""
        return method in self.answers and all(name in answers for answers in self.answers[method])

    def having(self, name: str) -> list[str]:
        """Return the methods that have the answers `name`."""
        return [method for method in self.answers if self.has(method, name)]

    def seeds(self, method: str) -> int:
        """Return how many fine-tuning seeds a method was run with."""
        return len(self.answers[method])

    def get(self, method: str, name: str, seed: int = 0) -> np.ndarray:
        """Return one array of answers of the seed-th run. Raises Lacks where the method has none."""
        if not self.has(method, name):
            raise Lacks(f"{method} has no answers {name!r} in {STAGES[self.stage]}")
        return self.answers[method][seed][name]

    def first(self, method: str) -> dict[str, np.ndarray]:
        """Return all answers of the first run. Raises Lacks where the method has none, with the reason."""
        if method not in self.answers:
            reason = self.skipped.get(method, "it is not in this profile")
            raise Lacks(f"no answers of {method} in {STAGES[self.stage]}: {reason}")
        return self.answers[method][0]

    def _each(self, method: str, name: str) -> list[np.ndarray]:
        return [self.get(method, name, seed) for seed in range(len(self.answers.get(method, [0])))]

    def _truth(self, name: str, rows: np.ndarray | None = None) -> np.ndarray:
        values = getattr(self.benchmark, name)
        if values is None:
            raise Lacks(f"no {name} in this source's {STAGES[self.stage]} benchmark")
        return values[self.rows if rows is None else rows]

    def category(self, method: str, k: int) -> Counts:
        """Return top-k category hits and ones, per image of `rows`."""
        labels = self._truth("category")
        hits = [metrics.ranked_hits(ranked, labels, k) for ranked in self._each(method, "category")]
        return _counts(hits, np.ones(len(labels)))

    def attributes(self, method: str, k: int, group: int | str | None = None, within: bool = False) -> Counts:
        """Return matched and true attributes per image, of one group (number or name) or of all.

        within: ranked inside each group (`attributes_in_group`) instead of among all attributes.
        """
        labels, columns = self._truth("attributes"), self.group(group)
        name = "attributes_in_group" if within else "attributes"
        lists = [metrics.first_answers(ranked, k, len(columns)) for ranked in self._each(method, name)]
        matched = [(metrics.ranked_matches(ranked, labels) & columns[ranked]).sum(1) for ranked in lists]
        return _counts(matched, (labels[:, columns] == 1).sum(1))

    def group(self, group: int | str | None) -> np.ndarray:
        """Return (A,) bool: the attributes of a group, given by number or name; all for None."""
        groups, names = self.benchmark.attribute_groups, self.benchmark.group_names
        if group is None or group == "all":
            return np.ones(len(groups), bool)
        return np.isin(groups, [number for number, name in names.items() if group in (number, name)])

    def per_attribute(self, method: str, k: int, columns: np.ndarray) -> Counts:
        """Return top-k hits (seeds, n, C) and labels (1, n, C) of the attributes `columns` (C,) int."""
        labels = self._truth("attributes")
        hits = [metrics.attribute_hits(ranked, labels, k)[:, columns] for ranked in self._each(method, "attributes")]
        return _counts(hits, labels[:, columns] == 1)

    def landmarks(self, method: str, slots: tuple[int, ...] | None = None, threshold: float = paper.PDJ_THRESHOLD,
                  norm: str = "box") -> Counts:  # fmt: skip
        """Return visible landmarks found below a normalised distance, and visible ones, per image, of some slots."""
        slots = range(8) if slots is None else slots
        visible = (self._truth("visibility") == 0)[:, slots]
        found = [(visible & (far[:, slots] < threshold)).sum(1) for far in self.distances(method, norm)]
        return _counts(found, visible.sum(1))

    def distances(self, method: str, norm: str = "box") -> np.ndarray:
        """Return (seeds, n, 8) normalised distances of predicted to true landmarks; see
        `metrics.landmark_distances`."""
        true, box = self._truth("landmarks"), self._truth("box")
        return np.stack([metrics.landmark_distances(p, true, box, norm) for p in self._each(method, "landmarks")])

    def search(self, method: str, k: int, mask: np.ndarray | None = None, within: bool = False) -> Counts:
        """Return top-k hits and ones per query; queries outside `mask` (Q,) bool count 0 and 0.

        within: the query's own category is searched instead of the whole gallery.
        """
        hits = self.matches(method, within)[:, :, :k].any(2)
        mask = np.ones(hits.shape[1], bool) if mask is None else mask
        return _counts(hits & mask, mask)

    def matches(self, method: str, within: bool = False) -> np.ndarray:
        """Return (seeds, Q, 50) bool: is the image at this rank of the query's item?"""
        items = self._truth("item", self.query), self._truth("item", self.gallery)
        name = "nearest_in_category" if within else "nearest"
        return np.stack([metrics.retrieval_matches(ranked, *items) for ranked in self._each(method, name)])

    @cached_property
    def units(self) -> np.ndarray:
        """Return what a bootstrap draws, per image of `rows` (per query in a search); see `units`."""
        return units(self.benchmark, self.rows if self.query is None else self.query)

    @cached_property
    def bootstrap(self) -> metrics.Bootstrap:
        """Return 1,000 resamples of the units, shared by all methods, so that differences are paired; not by stages."""
        return metrics.Bootstrap(self.units, seed=zlib.crc32(f"{self.stage} {self.seed}".encode()))

    def values(self, method: str, counts: Counts) -> np.ndarray:
        """Return sum(numerators) / sum(denominators), the mean over seeds: of the sample, then of each resample.

        (1,001,), or (1,001, C) for counts with a third axis. Subtract those of two methods for a paired difference.
        """
        return self.bootstrap.ratios(*counts, key=method)

    def interval(self, method: str, counts: Counts) -> metrics.Interval:
        """Return the value and its 95 % interval over items and seeds: Interval(value, lo, hi, error, seeds)."""
        return metrics.interval(self.values(method, counts), seeds=self.seeds(method))

    def difference(self, method: str, counts: Counts, other: str, other_counts: Counts) -> metrics.Interval:
        """Return the paired difference method - other with its interval."""
        values = self.values(method, counts) - self.values(other, other_counts)
        return metrics.interval(values, seeds=min(self.seeds(method), self.seeds(other)))

    def one_by_one(self) -> "Results":
        """Return a search's results as those of its test images, queries and gallery alike: what categories are
        measured on."""
        return replace(self, query=None, gallery=None)

    def with_references(self) -> "Results":
        """Return the same with the rows "prior" and "ceiling" behind the methods."""
        extra = {"prior": prior(self.benchmark, self.rows), "ceiling": ceiling(self.benchmark, self.rows)}
        return replace(self, answers=self.answers | {name: [found] for name, found in extra.items() if found})


def _counts(numerators, denominators: np.ndarray) -> Counts:
    return np.asarray(numerators, np.float64), np.asarray(denominators, np.float64)[None]


def expected(stage: str, plan: runs.Plan) -> Results:
    """Return a stage's results without rankings: the measured rows, and all methods that are trained on this source.

    Raises Lacks without the benchmark, without images on either side of a search or without a label that a method
    learns, DataError without a split to measure on.
    """
    benchmark, query, gallery = runs.benchmark_of(stage, plan.benchmarks), None, None
    if stage in SEARCHES:
        query, gallery = deepfashion.sides(benchmark)
        rows = np.concatenate([query, gallery])
    else:
        rows = benchmark.rows(deepfashion.measured_split(benchmark))
    if not (methods := plan.methods(stage)):
        raise Lacks(f"no method of this profile can be trained on this source's labels in {STAGES[stage]}")
    empty = {method: [{}] for method in methods}
    return Results(stage, benchmark, rows, empty, plan.missing[stage], query, gallery, plan.config.seed)


def gather(stage: str, plan: runs.Plan) -> Results:
    """Return the finished runs' rankings of a stage, with the methods and rows of `expected`.

    Only the first seed must be finished. Raises what `expected` raises, and DataError where a run is not finished.
    """
    empty, answers = expected(stage, plan), {}
    for method in empty.answers:
        first, *others = plan.of(stage, method)
        answers[method] = [runs.ranking(run) for run in (first, *(run for run in others if run.finished))]
    return replace(empty, answers=answers)


def units(benchmark: Benchmark, rows: np.ndarray) -> np.ndarray:
    """Return (n,) what a bootstrap draws for each of `rows`: its item.

    The category-and-attribute benchmark lists no items: there it is the folder below img/ that holds an item's photos,
    or the image itself where there is no such folder.
    """
    if benchmark.item is not None:
        return benchmark.item[rows]
    names = benchmark.image[rows].tolist()
    return np.array([name.rpartition("/")[0] if name.count("/") > 1 else name for name in names])


# ---- reference rows: what any method must beat, and what none can ---------------------------------------------------


def prior(benchmark: Benchmark, rows: np.ndarray) -> dict[str, np.ndarray]:
    """Return answers that rank categories and attributes by their frequency in the train split, the same for all
    rows."""
    train, n, out = benchmark.rows("train"), len(rows), {}
    if benchmark.category is not None:
        counts = np.bincount(benchmark.category[train], minlength=len(benchmark.category_names))[None]
        out["category"] = np.repeat(metrics.ranked(counts, 20), n, axis=0)
    if benchmark.attributes is not None:
        frequency = (benchmark.attributes[train] == 1).sum(0)[None]
        out["attributes"] = np.repeat(metrics.ranked(frequency, 20), n, axis=0)
        out["attributes_in_group"] = np.repeat(
            metrics.ranked_in_groups(frequency, benchmark.attribute_groups), n, axis=0
        )
    return out


def ceiling(benchmark: Benchmark, rows: np.ndarray) -> dict[str, np.ndarray]:
    """Return the best possible attribute answers: by the odds that the synthetic world knows, else the true labels
    first, of which the top k hold k; an empty dict without attributes or rows."""
    if benchmark.attributes is None or not len(rows):
        return {}
    if benchmark.ceiling is None:
        labels = benchmark.attributes[rows] == 1
        inside = metrics.ranked_in_groups(labels, benchmark.attribute_groups)
        return {"attributes": metrics.ranked(labels, 20), "attributes_in_group": inside}
    best = benchmark.ceiling[rows]
    if (best < 0).all():
        return {}
    inside = []
    for group in np.unique(benchmark.attribute_groups):
        member = np.append(benchmark.attribute_groups == group, False)[best]  # -1 points at the appended False
        first = np.argsort(~member, axis=1, kind="stable")[:, :5]
        inside.append(np.where(np.take_along_axis(member, first, 1), np.take_along_axis(best, first, 1), -1))
    return {"attributes": best[:, :20], "attributes_in_group": np.stack(inside, axis=1)}


def chance(results: Results, k: int) -> dict[str, float]:
    """Return what a random order finds in its top k: shares for "category", "attributes" and "search", where they
    apply."""
    b, out = results.benchmark, {}
    if b.category is not None:
        out["category"] = min(1.0, k / len(b.category_names))
    if b.attributes is not None:
        out["attributes"] = min(1.0, k / b.attributes.shape[1])
    if results.gallery is not None:
        items, number = np.unique(b.item[results.gallery], return_counts=True)
        number = dict(zip(items, number, strict=True))
        good = np.array([number.get(item, 0) for item in b.item[results.query]])
        size, miss = len(results.gallery), np.ones(len(good))
        for drawn in range(min(k, size)):  # without replacement
            miss *= np.maximum(size - good - drawn, 0) / (size - drawn)
        out["search"] = float(1 - miss.mean()) if len(miss) else float("nan")
    return out


def mean_landmarks(benchmark: Benchmark, rows: np.ndarray, source: Benchmark | None = None) -> dict[str, np.ndarray]:
    """Return answers that put the mean visible landmark of the train split, in box units, into the box of every row.

    source: the benchmark whose train split is averaged, by default the same. A landmark that is never visible there is
    put into the middle.
    """
    source = source or benchmark
    train = source.rows("train")
    corner, side = source.box[train, None, :2], source.box[train, None, 2:] - source.box[train, None, :2]
    visible = (source.visibility[train] == 0)[..., None]
    place = np.where(visible, (source.landmarks[train] - corner) / side, 0).sum(0)
    mean = np.where(visible.any(0), place / np.maximum(visible.sum(0), 1), 0.5)
    box = benchmark.box[rows, None]
    pixels = (mean * (box[..., 2:] - box[..., :2]) + box[..., :2]).astype(np.float32)
    return {"landmarks": pixels, "visibility": np.zeros(pixels.shape[:2], np.uint8)}
