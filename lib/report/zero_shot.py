"""What the shipped networks, which no photo has trained, find on a source's photos. WTBI's features saw ImageNet's."""

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
from lib.report.measures import measure_all
from lib.report.results import Results
from lib.report.tables import rows_of

HEATMAP = next(name for name, method in METHODS.items() if method.head == "heatmap")
GENERIC = next(name for name, method in METHODS.items() if method.network == "wtbi")
FEATURES = "ImageNet features"  # of WTBI, without its perceptron
CONFIG = PROFILES["demo"]  # whose networks are shipped
COLUMNS = ["measure", "method", "value", "lo", "hi", "images"]
ALIKE = "category of the nearest photo of another item"


def zero_shot(benchmarks: dict[str, Benchmark], out: Path, k: int = 20) -> pd.DataFrame:
    """Return one row per measure and shipped network, in per cent with 95 % intervals over items: PDJ at 0.1 of the box
    on the measured split; how many in-shop queries find their item among the first k; how many gallery photos have the
    category of the nearest photo of another item. Measures that the source has no labels or no split for are left out.

    References: "ImageNet features" have learned nothing of clothes, "mean landmark" puts the mean of the training split
    into each box, "chance" is a random order. Crops are kept under `out`/cache, of the measured images alone.
    """
    parts = [pd.DataFrame(columns=COLUMNS)]
    for benchmark in benchmarks.values():
        if len(measured_rows(benchmark)):
            parts += _searches(benchmark, out, k) if benchmark.name == "inshop" else [_landmarks(benchmark, out)]
    table = pd.concat([part for part in parts if len(part)] or parts, ignore_index=True)[COLUMNS]
    return table.assign(**{name: 100 * table[name] for name in ("value", "lo", "hi")})


def measured_rows(benchmark: Benchmark) -> np.ndarray:
    """Return the rows (n,) that are measured: the measured split's with landmarks, or in-shop's queries, then gallery.

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


def _landmarks(benchmark: Benchmark, out: Path) -> pd.DataFrame:
    rows = measured_rows(benchmark)
    answers = {method: [outputs(method, benchmark, rows, out)] for method in (FASHIONNET, HEATMAP)}
    table = measure_all(Results(benchmark.name, benchmark, rows, answers), ("landmarks",))
    return rows_of(table, "landmarks", "PDJ box", 0.1, "all").assign(measure="PDJ at 0.1", images=len(rows))


def _searches(shop: Benchmark, out: Path, k: int) -> list[pd.DataFrame]:
    query, gallery = sides(shop)
    rows, answers, alike = np.concatenate([query, gallery]), {}, []
    photos = pd.DataFrame({"item": shop.item[gallery]})
    photos["category"] = 0 if shop.category is None else shop.category[gallery]
    for method in (FASHIONNET, GENERIC, FEATURES):
        embedding = outputs(method, shop, rows, out)["embedding"]
        ours, theirs = embedding[: len(query)], embedding[len(query) :]
        answers[method] = [{"nearest": metrics.search(ours, theirs, k)[0]}]
        if shop.category is not None and photos.item.nunique() > 1:
            found = metrics.bootstrap_interval(*_alike(photos, theirs), photos.item.to_numpy())
            alike.append((ALIKE, method, found.value, found.lo, found.hi, len(gallery)))
    if alike:
        size = photos.groupby("item").item.transform("size")
        both = photos.groupby(["item", "category"]).item.transform("size")
        others = photos.groupby("category").item.transform("size") - both
        share = (others / (len(gallery) - size)).mean()
        alike.append((ALIKE, "chance", share, share, share, len(gallery)))
    results = Results("inshop", shop, rows, answers, query=query, gallery=gallery)
    hits = rows_of(measure_all(results, ("search",)), "search", "hit", k, "all")
    return [hits.assign(measure=f"in-shop, top-{k}", images=len(query)), pd.DataFrame(alike, columns=COLUMNS)]


def _alike(photos: pd.DataFrame, embedding: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return per photo whether the nearest one of another item has its category, and ones."""
    item, category = photos.item.factorize()[0], photos.category.to_numpy()
    near = metrics.search(embedding, embedding, int(np.bincount(item).max()) + 1)[0]
    other = (near >= 0) & (item[near] != item[:, None])
    first = np.take_along_axis(near, other.argmax(1)[:, None], 1)[:, 0]
    return (category[first] == category).astype(float), other.any(1).astype(float)


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
