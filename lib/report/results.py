"""The rankings of finished runs beside the truth: what every table, figure and claim is computed from."""

import sys
import zlib
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

import joblib
import numpy as np

from lib import crops, deepfashion, metrics, runs
from lib.config import Config, find_profile
from lib.deepfashion import Benchmark
from lib.lists import VISIBLE, DataError, Lacks
from lib.methods import FASHIONNET
from lib.report.files import ROOT
from lib.world import write_world

STAGES = {"category_attribute": "category and attributes", "inshop": "in-shop", "consumer2shop": "consumer-to-shop"}

Counts = tuple[np.ndarray, np.ndarray]  # found and wanted: (seeds, rows) and (1, rows), or both with a third axis


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
    an item is on both sides of a split, where photos are not those that the boxes were drawn on, or cannot be read.
    """
    if skip_damaged and (Path(data) / "world.json").exists():  # its runs are identified by its size and seed
        raise DataError(f"{data}: a synthetic world; delete the folder to have it drawn again")
    root = Path(data) if data else write_world(out / "world", config.world, config.seed, joblib.cpu_count())
    try:
        benchmarks = deepfashion.find_benchmarks(root)
    except DataError as error:
        raise error if data else DataError(f"{error} (drawn clothes: delete the folder {root} instead)") from None
    for name, benchmark in benchmarks.items():
        deepfashion.check_disjoint(benchmark)
        if data:
            crops.check_sizes(benchmark)
            try:
                crops.crop_store(benchmark, out / "cache", config.input)
            except crops.Damaged as error:
                if not skip_damaged:
                    raise
                benchmarks[name] = kept = deepfashion.without(benchmark, error.rows)
                what = f"{len(error.rows)} of {len(benchmark.image)} photos cannot be read and are left out"
                print(f"{name}: {what}", file=sys.stderr)
                if lost := set(benchmark.split) - set(kept.split) - {""}:  # without test it would be measured on val
                    what = f"none of the {lost.pop()} photos can be read; unpack them again"
                    raise DataError(f"{benchmark.images_root}: {what}") from None
    return benchmarks


@dataclass(frozen=True, eq=False)
class Results:
    """The answers of one stage, by method in the order of all tables, beside the benchmark that has the truth.

    answers: one dict of arrays per fine-tuning seed, as `runs.ranking` returns them, on `rows` of the benchmark. rows:
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
    before: list[dict[str, np.ndarray]] = field(default_factory=list)  # of FashionNet before the fine-tuning, by seed
    pretrainings: dict[str, int] = field(default_factory=dict)  # of each method: from how many its runs start

    def has(self, method: str, name: str) -> bool:
        """Return whether a method has the answers `name` ("category", "attributes", "landmarks", "nearest", ...)."""
        return method in self.answers and all(name in answers for answers in self.answers[method])

    def having(self, name: str) -> list[str]:
        """Return the methods that have the answers `name`."""
        return [method for method in self.answers if self.has(method, name)]

    def each(self, method: str, name: str) -> list[np.ndarray]:
        """Return one array of answers per seed. Raises Lacks where the method has none."""
        if not self.has(method, name):
            raise Lacks(f"{method} has no answers {name!r} in {STAGES[self.stage]}")
        return [answers[name] for answers in self.answers[method]]

    def first(self, method: str) -> dict[str, np.ndarray]:
        """Return all answers of the first run. Raises Lacks where the method has none, with the reason."""
        if method not in self.answers:
            reason = self.skipped.get(method, "it is not in this profile")
            raise Lacks(f"no answers of {method} in {STAGES[self.stage]}: {reason}")
        return self.answers[method][0]

    def truth(self, name: str, rows: np.ndarray | None = None) -> np.ndarray:
        """Return a field of the benchmark for the measured rows, or for `rows`. Raises Lacks where it has none."""
        values = getattr(self.benchmark, name)
        if values is None:
            raise Lacks(f"no {name} in this source's {STAGES[self.stage]} benchmark")
        return values[self.rows if rows is None else rows]

    def members(self, group: str) -> np.ndarray:
        """Return (A,) bool: attributes of a group, of "all", or of "ranks 101-500" by frequency in all training."""
        b = self.benchmark
        if group.startswith("ranks "):
            first, last = (int(number) for number in group.removeprefix("ranks ").split("-"))
            order = np.argsort(-b.frequency(b.rows("pretrain", "train")), kind="stable")
            return np.isin(np.arange(len(order)), order[first - 1 : last])
        return np.array([group in ("all", b.group_names[number]) for number in b.attribute_groups.tolist()], bool)

    @cached_property
    def units(self) -> np.ndarray:
        """Return what a bootstrap draws, per image of `rows` or query: the design of drawn clothes, else the item.

        Where no items are listed, it is the image's folder below img/, or the image itself without one.
        """
        b, rows = self.benchmark, self.rows if self.query is None else self.query
        if b.item is not None:
            drawn = runs.designs(b)
            return (b.item if drawn is None else drawn)[rows]
        return np.array([n.rpartition("/")[0] if n.count("/") > 1 else n for n in b.image[rows].tolist()])

    @cached_property
    def bootstrap(self) -> metrics.Bootstrap:
        """Return 1,000 resamples of the units, shared by all methods, so that differences are paired; not by stages."""
        return metrics.Bootstrap(self.units, seed=zlib.crc32(f"{self.stage} {self.seed}".encode()))

    def with_references(self) -> "Results":
        """Return the same with the reference rows "ceiling", "visible ceiling", "prior" and "mean landmark" behind the
        methods."""
        b, rows = self.benchmark, self.rows
        extra = {"ceiling": ceiling(b, rows), "visible ceiling": _listed(b.visible_ceiling, rows)}
        extra |= {"prior": prior(b, rows), "mean landmark": mean_landmarks(b, rows)}
        return replace(self, answers=self.answers | {name: [found] for name, found in extra.items() if found})


def gather(stage: str, plan: runs.Plan, answers: bool = True) -> Results:
    """Return the rankings of a stage's finished runs, of all methods that are trained on this source.

    Only the first seed must be finished; answers: read them. Raises Lacks without the benchmark or without a label that
    a method learns, what `deepfashion.measured_rows` raises, and DataError where a run is not finished.
    """
    benchmark, found, starts, before = runs.benchmark_of(stage, plan.benchmarks), {}, {}, []
    rows, query, gallery = deepfashion.measured_rows(benchmark)
    if not (methods := plan.methods(stage)):
        raise Lacks(f"no method of this profile can be trained on this source's labels in {STAGES[stage]}")
    for method in methods:
        first, *others = plan.of(stage, method)
        finished = (first, *(run for run in others if run.folder.exists()))
        found[method] = [runs.ranking(run) for run in finished] if answers else [{}]
        starts[method] = len({run.parent for run in finished})
        if answers and method == FASHIONNET:
            before = [kept for run in finished if (kept := runs.before(run))]
    seed, skipped = plan.config.seed, plan.missing[stage]
    return Results(stage, benchmark, rows, found, skipped, query, gallery, seed, before, starts)


def prior(benchmark: Benchmark, rows: np.ndarray) -> dict[str, np.ndarray]:
    """Return answers that rank categories and attributes by their frequency in the train split, the same for all."""
    train, out = benchmark.rows("train"), {}
    if benchmark.category is not None:
        counts = np.bincount(benchmark.category[train], minlength=len(benchmark.category_names))[None]
        out["category"] = metrics.ranked(counts, 20)
    if benchmark.attributes is not None:
        frequency = benchmark.frequency(train)[None]
        out["attributes"] = metrics.ranked(frequency, 20)
        out["attributes_in_group"] = metrics.ranked_in_groups(frequency, benchmark.attribute_groups)
    return {name: np.repeat(answer, len(rows), axis=0) for name, answer in out.items()}


def ceiling(benchmark: Benchmark, rows: np.ndarray) -> dict[str, np.ndarray]:
    """Return the best possible ranking of attributes: by the odds that the synthetic world knows, else the true labels
    first, of which the top k hold k; an empty dict without attributes or rows."""
    if benchmark.attributes is None or not len(rows):
        return {}
    if benchmark.ceiling is None:
        return {"attributes": metrics.ranked(benchmark.attributes[rows] == 1, 20)}
    return _listed(benchmark.ceiling, rows)


def _listed(best: np.ndarray | None, rows: np.ndarray) -> dict[str, np.ndarray]:
    """Return a listed ranking of attributes as answers; an empty dict where none is listed."""
    listed = best is not None and (best[rows] >= 0).any()
    return {"attributes": best[rows][:, :20]} if listed else {}


def mean_landmarks(benchmark: Benchmark, rows: np.ndarray) -> dict[str, np.ndarray]:
    """Return answers that put the mean visible landmark of the train split, in box units, into the box of every row.

    A landmark that is never visible there is put into the middle. An empty dict without landmarks.
    """
    if benchmark.landmarks is None or benchmark.visibility is None:
        return {}
    train = benchmark.rows("train")
    visible = (benchmark.visibility[train] == VISIBLE)[..., None]
    place = np.where(visible, crops.to_crop(benchmark.landmarks[train], benchmark.box[train], 0), 0).sum(0)
    mean = np.where(visible.any(0), place / np.maximum(visible.sum(0), 1), 0.5)
    pixels = crops.to_pixels(mean[None], benchmark.box[rows], 0).astype(np.float32)
    return {"landmarks": pixels, "visibility": np.zeros(pixels.shape[:2], np.uint8)}
