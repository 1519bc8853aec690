"""Settings of the study, judged on drawn worlds of another seed: its rate by equal trials, and the gates.

    python -m benchmarks.trials rates   # FashionNet, DARN and WTBI, two rates each, two passes over 8,000 images
    python -m benchmarks.trials gates   # fashionnet-global at the study's size

Writes trials.csv and gates.csv into outputs/reference/benchmarks/. No image of these worlds is in the study's.
"""

import sys
from dataclasses import replace
from pathlib import Path

import pandas as pd

from lib import runs
from lib.config import PROFILES, Schedule
from lib.methods import GLOBAL
from lib.report import measures, results, tables
from lib.world.size import World

STUDY, SEED = PROFILES["study"], 32
COMPARED, RATES = ("wtbi", "darn", "fashionnet"), (1e-3, 2e-3)
FEW = dict(inshop_train_items=8, inshop_test_items=8, consumer2shop_train_items=8, consumer2shop_val_items=6)
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


if __name__ == "__main__":
    which = sys.argv[1]
    table = {"rates": rates, "gates": gates}[which]()
    table.to_csv(KEPT / {"rates": "trials.csv", "gates": "gates.csv"}[which], index=False)
    print(table.to_string(index=False))
