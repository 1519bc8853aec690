"""What the shipped networks, which no photo has trained, find on a source's photos. (WTBI's features have seen
ImageNet's.)"""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
from torch import nn

from lib import crops, metrics, networks, train
from lib.config import PROFILES
from lib.deepfashion import Benchmark, measured_split, sides, without
from lib.lists import DataError, Lacks
from lib.methods import FASHIONNET, METHODS, find
from lib.report.results import mean_landmarks, units

HEATMAP = next(name for name, method in METHODS.items() if method.head == "heatmap")
GENERIC = next(name for name, method in METHODS.items() if method.network == "wtbi")
FEATURES = "ImageNet features"  # of WTBI, without its perceptron
CONFIG = PROFILES["demo"]  # whose networks are shipped
COLUMNS = ("measure", "method", "value", "lo", "hi", "images")


def zero_shot(benchmarks: dict[str, Benchmark], out: Path, k: int = 20) -> pd.DataFrame:
    """Return one row per measure and shipped network, in per cent with 95 % intervals over items: PDJ at 0.1 of the box
    on the measured split; how many in-shop queries find their item among the first k; how many gallery photos have the
    category of the nearest photo of another item. Measures that the source has no labels or no split for are left out.

    Three rows are references: "ImageNet features" have learned nothing of clothes, "mean landmarks" puts the mean of
    the training split into each box, "chance" is a random order. Crops are kept under `out`/cache, of the measured
    images alone.
    """
    rows: list[tuple] = []
    for benchmark in benchmarks.values():
        if len(measured_rows(benchmark)):
            rows += _searches(benchmark, out, k) if benchmark.name == "inshop" else _landmarks(benchmark, out)
    return pd.DataFrame(rows, columns=COLUMNS)


def measured_rows(benchmark: Benchmark) -> np.ndarray:
    """Return the rows (n,) that are measured: the measured split's with landmarks, or in-shop's queries, then its
    gallery.

    None of them where the source lacks the labels or the split, which other notebooks say.
    """
    try:
        if benchmark.name == "inshop":
            return np.concatenate(sides(benchmark))
        if benchmark.name == "category_attribute" and benchmark.landmarks is not None:
            return benchmark.rows(measured_split(benchmark))
    except (DataError, Lacks):
        pass
    return np.zeros(0, int)


def _row(measure: str, method: str, hits: np.ndarray, counted: np.ndarray, unit: np.ndarray) -> tuple:
    found = metrics.bootstrap_interval(hits.astype(float), counted.astype(float), unit)
    return measure, method, 100 * found.value, 100 * found.lo, 100 * found.hi, len(hits)


def _landmarks(main: Benchmark, out: Path) -> list[tuple]:
    measured = measured_rows(main)
    visible, unit = main.visibility[measured] == 0, units(main, measured)
    answers = {method: outputs(method, main, measured, out) for method in (FASHIONNET, HEATMAP)}
    rows = []
    for method, found in (answers | {"mean landmarks": mean_landmarks(main, measured)}).items():
        far = metrics.landmark_distances(found["landmarks"], main.landmarks[measured], main.box[measured], "box")
        rows.append(_row("PDJ at 0.1", method, ((far < 0.1) & visible).sum(1), visible.sum(1), unit))
    return rows


def _searches(shop: Benchmark, out: Path, k: int) -> list[tuple]:
    query, gallery = sides(shop)
    both, items = np.concatenate([query, gallery]), shop.item[gallery]
    searched, alike, rows = f"in-shop, top-{k}", "category of the nearest photo of another item", []
    same = items[:, None] == items[None]
    kinds = None if shop.category is None else shop.category[gallery]
    for method in (FASHIONNET, GENERIC, FEATURES):
        embedding = outputs(method, shop, both, out)["embedding"]
        ours, theirs = embedding[: len(query)], embedding[len(query) :]
        hits = metrics.retrieval_matches(metrics.search(ours, theirs, k)[0], shop.item[query], items).any(1)
        rows.append(_row(searched, method, hits, np.ones(len(query)), units(shop, query)))
        if kinds is not None and not same.all():
            near = metrics.search(theirs, theirs, int(same.sum(1).max()) + 1)[0]
            other = (near >= 0) & ~np.take_along_axis(same, near, 1)
            first = np.take_along_axis(near, other.argmax(1)[:, None], 1)[:, 0]
            rows.append(_row(alike, method, kinds[first] == kinds, other.any(1), units(shop, gallery)))
    misses = np.ones(len(query))  # the chance that none of the first k of a random order is the query's item
    counts = (shop.item[query][:, None] == items[None]).sum(1)
    for drawn in range(min(k, len(gallery))):
        misses *= np.clip(len(gallery) - counts - drawn, 0, None) / (len(gallery) - drawn)
    rows.append((searched, "chance", *[100 * (1 - misses).mean()] * 3, len(query)))
    if kinds is not None and not same.all():
        share = (((kinds[:, None] == kinds[None]) & ~same).sum(1) / np.maximum((~same).sum(1), 1)).mean()
        rows.append((alike, "chance", *[100 * share] * 3, len(gallery)))
    return rows


def outputs(method: str, benchmark: Benchmark, rows: np.ndarray, out: Path) -> dict[str, np.ndarray]:
    """Return what a shipped network, or FEATURES, sees in `rows`, as `train.predict` does. Its heads for other names
    than the source's are not filled: landmarks and embeddings alone mean something."""
    spec = find(GENERIC if method == FEATURES else method)
    fabric = train.make_fabric(CONFIG.training.precision)
    few = without(benchmark, np.setdiff1d(np.arange(len(benchmark.image)), rows))
    model = networks.build(spec, few, CONFIG, 0)
    if spec.network == "wtbi":
        networks.start_generic(model, CONFIG, "")
    if method == FEATURES:
        model.mlp, model.category, model.attributes = nn.Identity(), None, None
    else:
        state, header = networks.load(networks.SHIPPED / f"{method}.safetensors")
        networks.start(model, state, header["classes"], networks.classes(few))
    stored = crops.crop_store(few, out / "cache", CONFIG.input)
    samples = replace(train.make_samples(few, CONFIG, spec), crops=stored)
    return train.predict(model, samples, few, np.searchsorted(np.sort(rows), rows), spec, CONFIG, fabric)
