"""How far networks that have seen drawn clothes alone carry on a source's photos: no photo of it trains them."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from lib import crops, metrics, networks, train
from lib.config import PROFILES
from lib.deepfashion import Benchmark, measured_split, sides
from lib.methods import find
from lib.report.results import mean_landmarks, units

METHODS = ("fashionnet", "fashionnet-heatmap", "wtbi")  # landmarks twice, and ImageNet's features
CONFIG = PROFILES["demo"]  # whose networks are shipped
COLUMNS = ("measure", "method", "value", "lo", "hi", "images")


def zero_shot(benchmarks: dict[str, Benchmark], out: Path) -> pd.DataFrame:
    """Return one row per measure and shipped network, in per cent with 95 % intervals over items: PDJ at 0.1 of the box on
    the measured split; of the in-shop search, how many queries find their item among the first 20, and how many gallery
    photos have the category of the nearest other photo. Measures that the source has no labels for are left out. "mean
    landmarks" needs no network: it puts the mean of the training split into each box.
    """
    rows = []

    def add(measure: str, method: str, hits: np.ndarray, counted: np.ndarray, unit: np.ndarray) -> None:
        found = metrics.bootstrap_interval(hits, counted, unit)
        rows.append((measure, method, 100 * found.value, 100 * found.lo, 100 * found.hi, len(hits)))

    main, shop = benchmarks.get("category_attribute"), benchmarks.get("inshop")
    if main is not None and main.landmarks is not None:
        measured = main.rows(measured_split(main))
        visible, unit = main.visibility[measured] == 0, units(main, measured)
        answers = {m: outputs(m, main, measured, out) for m in METHODS if find(m).predicts_landmarks}
        for method, found in (answers | {"mean landmarks": mean_landmarks(main, measured)}).items():
            far = metrics.landmark_distances(found["landmarks"], main.landmarks[measured], main.box[measured], "box")
            near = ((far < 0.1) & visible).sum(1).astype(float)
            add("PDJ at 0.1", method, near, visible.sum(1).astype(float), unit)
    if shop is not None:
        query, gallery = sides(shop)
        both = np.concatenate([query, gallery])
        for method in ("fashionnet", "wtbi"):
            embedding = outputs(method, shop, both, out)["embedding"]
            ours, theirs = embedding[: len(query)], embedding[len(query) :]
            near = metrics.search(ours, theirs, 20)[0]
            hits = metrics.retrieval_matches(near, shop.item[query], shop.item[gallery]).any(1)
            add("in-shop, top-20", method, hits.astype(float), np.ones(len(query)), units(shop, query))
            if shop.category is not None and len(gallery) > 1:
                found = metrics.search(theirs, theirs, 2)[0]
                other = np.where(found[:, 0] == np.arange(len(gallery)), found[:, 1], found[:, 0])
                right = shop.category[gallery][other] == shop.category[gallery]
                add("category of the nearest photo", method, right.astype(float), np.ones(len(gallery)), units(shop, gallery))  # fmt: skip
    return pd.DataFrame(rows, columns=COLUMNS)


def outputs(method: str, benchmark: Benchmark, rows: np.ndarray, out: Path) -> dict[str, np.ndarray]:
    """Return what a shipped network sees in `rows`, as `train.predict` does; crops are kept under `out`/cache. Its heads
    for other names than the source's are not filled: landmarks and embeddings alone mean something."""
    spec, fabric = find(method), train.make_fabric(CONFIG.training.precision)
    model = networks.build(spec, benchmark, CONFIG, 0)
    if spec.network == "wtbi":
        networks.start_generic(model, CONFIG, "")
    state, header = networks.load(networks.SHIPPED / f"{method}.safetensors")
    networks.start(model, state, header["classes"], networks.classes(benchmark))
    samples = replace(train.make_samples(benchmark, CONFIG, spec), crops=crops.crop_store(benchmark, out / "cache", CONFIG.input))  # fmt: skip
    return train.predict(model, samples, benchmark, rows, spec, CONFIG, fabric)
