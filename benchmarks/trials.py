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

from lib import runs
from lib.config import PROFILES, Schedule
from lib.deepfashion import without
from lib.ladder import EQUAL, NOTHING, TRUE
from lib.methods import FASHIONNET, GLOBAL, GRID
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
    "estimated by heatmaps": Variant("fashionnet-heatmap"),
    TRUE: Variant("fashionnet-oracle"),  # from the first update
    "detected joints": Variant("fashionnet+joints"),
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
    whole = results.open_data(STUDY, "", Path("outputs/study"))["category_attribute"]
    order = np.random.default_rng(77).permutation(whole.rows("pretrain"))
    split = np.full(len(whole.image), "", "<U5")
    split[order[:images]], split[order[-asked:]] = "train", "test"
    benchmark = without(replace(whole, split=split), np.flatnonzero(split == ""))
    training, answers = replace(STUDY.training, category_attribute=STUDY.training.pretrain), {}
    for name, (method, changes) in PLACES.items():
        model, chosen = replace(STUDY.model, **changes), range(1, seeds + 1)
        config = replace(STUDY, methods=(method,), seeds=tuple(chosen), model=model, training=training)
        plan = runs.make_plan({"category_attribute": benchmark}, config, OUT / "places")
        for run in plan.of("category_attribute", method):
            runs.train_run(plan, run)
        answers[name] = [runs.ranking(run) for run in plan.of("category_attribute", method)]
    wanted = [("category", "micro", 3, "all"), ("landmarks", "PDJ box", 0.1, "all")]
    wanted += [("attributes", definition, 5, "all") for definition in ("micro", "macro")]
    wanted += [("attributes", "micro", 5, f"ranks {first}-{last}") for first, last in measures.BANDS]
    near = [("attributes", "micro", 5, group) for group in (rungs.NEAR_LANDMARKS, rungs.ELSEWHERE)]
    found = Results("category_attribute", benchmark, benchmark.rows("test"), answers)
    return pd.concat([rungs.measure(found, wanted, EQUAL), rungs.measure(rungs.near_landmarks(found), near, EQUAL)])


if __name__ == "__main__":
    which = sys.argv[1]
    table = {"rates": rates, "gates": gates}[which]() if which != "places" else places(int(sys.argv[2]))
    table.to_csv(KEPT / {"rates": "trials.csv"}.get(which, f"{which}.csv"), index=False, float_format="%.6g")
    print(table.to_string(index=False))
