"""Trials beside the study: its settings, on drawn worlds of another seed, and what can explain its results.

    python -m benchmarks.trials rates      # FashionNet, DARN and WTBI, two rates each, two passes over 8,000 images
    python -m benchmarks.trials gates      # fashionnet-global at the study's size
    python -m benchmarks.trials places 3   # rungs of notebook 10 end to end, and DARN's width, with so many seeds

Writes trials.csv, gates.csv and places.csv into outputs/reference/benchmarks/. The first two draw worlds of which no
image is in the study's. The third trains on a third of the study's pre-training images and measures on 4,000 others, a
quarter of an hour a network on one core; a stopped call goes on.
"""

import sys
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from lib import networks, runs, train
from lib.artefact import read_tensors, write_tensors
from lib.config import PROFILES, Schedule
from lib.ladder import EQUAL, NOTHING, TRUE
from lib.methods import FASHIONNET, GLOBAL, GRID, METHODS, supervised
from lib.report import measures, results, rungs, tables
from lib.report.results import Results
from lib.world.size import World

STUDY, SEED = PROFILES["study"], 32
COMPARED, RATES = ("wtbi", "darn", "fashionnet"), (1e-3, 2e-3)
FEW = dict(inshop_train_items=8, inshop_test_items=8, consumer2shop_train_items=8, consumer2shop_val_items=6)


class Variant(NamedTuple):
    """A method of the study with something changed."""

    method: str
    model: dict = {}  # changes of `config.Model`


PLACES = {
    NOTHING: Variant(GLOBAL),
    EQUAL: Variant(GLOBAL, {"fc_global": 1_443}),
    "fixed grid": Variant(GRID),
    "estimated landmarks": Variant(FASHIONNET),
    TRUE: Variant("fashionnet-oracle"),
    "estimated by heatmaps": Variant("fashionnet-heatmap"),
    "darn": Variant("darn"),
    "darn, 1,026 numbers": Variant("darn", {"fc_branch": 171}),  # as many as FashionNet's embedding, not 1,536
}
OUT = Path("outputs/trials")
KEPT = Path("outputs/reference/benchmarks")


def trial(images: int, methods: tuple[str, ...], schedule: Schedule) -> pd.DataFrame:
    """Return the measures of methods trained on drawn images as the study pre-trains them."""
    size = World(pretrain=0, train=images, val=400, test=2_000, consumer2shop_test_items=8, distractors=0, **FEW)
    training = replace(STUDY.training, category_attribute=schedule)
    config = replace(STUDY, seed=SEED, seeds=(0,), world=size, training=training, methods=methods)
    out = OUT / f"{images}"
    out.mkdir(parents=True, exist_ok=True)
    plan = runs.make_plan(results.open_data(config, "", out), config, out)
    for run in plan.of("category_attribute"):
        runs.train_run(plan, run)
    return measures.measure_all(results.gather("category_attribute", plan), ("category", "attributes", "landmarks"))


def rates() -> pd.DataFrame:
    """Return what each method reaches at each rate."""
    rows = []
    for rate in RATES:
        found = trial(8_000, COMPARED, replace(STUDY.training.pretrain, rounds=1, rate=rate))
        for method in COMPARED:
            rows.append({"method": method, "rate": rate} | numbers(found, method))
    return pd.DataFrame(rows)


def numbers(found: pd.DataFrame, method: str) -> dict[str, float]:
    """Return a method's main measures in per cent."""
    wanted = {
        "category, top-3": ("category", "micro", "all", 3),
        "attributes, top-5": ("attributes", "micro", "all", 5),
        "attributes, macro": ("attributes", "macro", "all", 5),
        "landmarks within 0.1": ("landmarks", "PDJ box", "all", 0.1),
    }
    of = found[found.method == method].set_index(["measure", "definition", "group", "k"]).value
    return {name: round(100 * float(of.get(key, float("nan"))), 1) for name, key in wanted.items()}


def gates() -> pd.DataFrame:
    """Return whether networks of the study's kind have learned enough to be compared."""
    return tables.gates(trial(STUDY.world.pretrain, (GLOBAL,), STUDY.training.pretrain))


def places(seeds: int, images: int = 24_000, asked: int = 4_000) -> pd.DataFrame:
    """Return the measures of PLACES and their leads over EQUAL, paired over pictures; seeds 1, 2 and so on."""
    out = Path("outputs/study")
    benchmark = results.open_data(STUDY, "", out)["category_attribute"]
    order = np.random.default_rng(77).permutation(benchmark.rows("pretrain"))
    rows, asked = np.sort(order[:images]), np.sort(order[-asked:])
    answers = {name: [] for name in PLACES}
    for seed in range(1, seeds + 1):
        for name, variant in PLACES.items():
            file = OUT / f"{name}_{seed}.safetensors".replace(" ", "-")
            if not file.exists():
                train_variant(benchmark, out, rows, asked, seed, variant, file)
            answers[name].append(read_tensors(file, "np")[0])
    wanted = [("category", "micro", 3, "all"), ("landmarks", "PDJ box", 0.1, "all")]
    wanted += [("attributes", definition, 5, "all") for definition in ("micro", "macro")]
    wanted += [("attributes", "micro", 5, f"ranks {first}-{last}") for first, last in measures.BANDS]
    near = [("attributes", "micro", 5, group) for group in (rungs.NEAR_LANDMARKS, rungs.ELSEWHERE)]
    found = Results("category_attribute", benchmark, asked, answers)
    return pd.concat([rungs.measure(found, wanted, EQUAL), rungs.measure(rungs.near_landmarks(found), near, EQUAL)])


def train_variant(benchmark, out: Path, rows, asked, seed: int, variant: Variant, file: Path) -> None:
    """Train a variant as the study pre-trains, from ImageNet; write its ranked answers for the rows `asked`."""
    method, fabric = METHODS[variant.method], train.make_fabric("auto")
    config = replace(STUDY, model=replace(STUDY.model, **variant.model))
    model = networks.build(method, benchmark, config, seed)
    started = networks.start_imagenet(model, config, "")[0]
    samples = train.make_samples(benchmark, config, method)
    samples = replace(samples, crops=runs.load_crops(benchmark, config, out, fabric))
    every = supervised(variant.method, benchmark, rows)
    weights = train.attribute_weights(samples, rows, every, config.training.attribute_balance)
    train.start_at_frequencies(model, samples, rows, weights, config, started)
    OUT.mkdir(parents=True, exist_ok=True)
    checkpoint, name = file.with_suffix(".part"), file.stem
    job = train.Fit(
        method, config.training.pretrain, config, fabric, samples, rows, asked[:400], seed, checkpoint, weights, name
    )
    train.fit(model, job)
    scores = train.predict(model, samples, benchmark, asked, method, config, fabric)
    write_tensors(file, runs.rank(scores, benchmark, asked))
    checkpoint.unlink(missing_ok=True)


if __name__ == "__main__":
    which = sys.argv[1]
    table = {"rates": rates, "gates": gates}[which]() if which != "places" else places(int(sys.argv[2]))
    table.to_csv(KEPT / {"rates": "trials.csv"}.get(which, f"{which}.csv"), index=False, float_format="%.6g")
    print(table.to_string(index=False))
