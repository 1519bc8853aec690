"""Settings of the study, judged on drawn worlds of another seed or on pictures that only pre-training sees.

    python -m benchmarks.trials rates       # FashionNet, DARN and WTBI, two rates each, two passes over 8,000 images
    python -m benchmarks.trials gates       # fashionnet-global at the study's size
    python -m benchmarks.trials landmarks   # what learning landmarks costs FashionNet's attributes
    python -m benchmarks.trials branches    # whether DARN leads for its width, or for its layers of each group

Writes trials.csv, gates.csv, landmarks.csv and branches.csv into outputs/reference/benchmarks/. The first two draw
worlds of which no image is in the study's; the others train on a third of the study's pre-training images and measure
on 4,000 others.
"""

import sys
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import torch
from torch.optim.optimizer import register_optimizer_step_pre_hook

from lib import networks, runs, train
from lib.config import PROFILES, Schedule
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
    clipped: bool = False  # gradients, to a norm of 5, as they were until 2026-11-30
    apart: bool = False  # the pose branch, whose losses then do not train the shared trunk
    model: dict = {}  # changes of `config.Model`


LANDMARKS = {
    FASHIONNET: Variant(FASHIONNET, clipped=True),
    "not clipped": Variant(FASHIONNET),
    "not clipped, pose apart": Variant(FASHIONNET, apart=True),
    GRID: Variant(GRID, clipped=True),
    GLOBAL: Variant(GLOBAL, clipped=True),
}
BRANCHES = {  # DARN describes a photo by 1,536 numbers, 256 from each of its branches, the others by 1,024
    GLOBAL: Variant(GLOBAL),
    "darn": Variant("darn"),
    "darn, 1,026 numbers": Variant("darn", model={"fc_branch": 171}),
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


def compare(variants: dict[str, Variant], base: str, images: int = 24_000, asked: int = 4_000, seed: int = 1):
    """Return each variant's measures and its lead over `base`, paired over pictures; one seed of training."""
    out = Path("outputs/study")
    benchmark = results.open_data(STUDY, "", out)["category_attribute"]
    order = np.random.default_rng(77).permutation(benchmark.rows("pretrain"))
    rows, asked = np.sort(order[:images]), np.sort(order[-asked:])
    answers = {name: [train_variant(benchmark, out, rows, asked, seed, v)] for name, v in variants.items()}
    wanted = [("category", "micro", 3, "all")]
    wanted += [("landmarks", "PDJ box", 0.1, "all")] * (FASHIONNET in variants)
    wanted += [("attributes", definition, 5, "all") for definition in ("micro", "macro")]
    wanted += [("attributes", "micro", 5, f"ranks {first}-{last}") for first, last in measures.BANDS]
    return rungs.measure(Results("category_attribute", benchmark, asked, answers), wanted, base)


def clip(model: torch.nn.Module, *_) -> None:
    """Clip the gradients of a network together, before the optimizer's step."""
    torch.nn.utils.clip_grad_norm_(model.parameters(), 5.0)


def train_variant(benchmark, out: Path, rows, asked, seed: int, variant: Variant) -> dict:
    """Train a variant as the study pre-trains, from ImageNet; return its ranked answers for the rows `asked`."""
    method, fabric = METHODS[variant.method], train.make_fabric("auto")
    config = replace(STUDY, model=replace(STUDY.model, **variant.model))
    model = networks.build(method, benchmark, config, seed)
    started = networks.start_imagenet(model, config, "")[0]
    samples = train.make_samples(benchmark, config, method)
    samples = replace(samples, crops=runs.load_crops(benchmark, config, out, fabric))
    every = supervised(variant.method, benchmark, rows)
    weights = train.attribute_weights(samples, rows, every, config.training.attribute_balance)
    train.start_at_frequencies(model, samples, rows, weights, config, started)
    if variant.apart:
        model.pose.register_forward_pre_hook(lambda _, given: (given[0].detach(),))
    if variant.clipped:
        hook = register_optimizer_step_pre_hook(partial(clip, model))
    schedule, file = config.training.pretrain, OUT / "variant.safetensors"
    OUT.mkdir(parents=True, exist_ok=True)
    file.unlink(missing_ok=True)  # of a call that was stopped, perhaps of another variant
    job = train.Fit(method, schedule, config, fabric, samples, rows, asked[:400], seed, file, weights, variant.method)
    train.fit(model, job)
    if variant.clipped:
        hook.remove()
    return runs.rank(train.predict(model, samples, benchmark, asked, method, config, fabric), benchmark, asked)


if __name__ == "__main__":
    which = sys.argv[1]
    trials = {"rates": rates, "gates": gates}
    trials["landmarks"] = partial(compare, LANDMARKS, FASHIONNET)
    trials["branches"] = partial(compare, BRANCHES, GLOBAL)
    table = trials[which]()
    table.to_csv(KEPT / {"rates": "trials.csv"}.get(which, f"{which}.csv"), index=False, float_format="%.6g")
    print(table.to_string(index=False))
