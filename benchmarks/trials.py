"""Trials beside the study: its settings, on drawn worlds of another seed, and what can explain its results.

    python -m benchmarks.trials rates      # FashionNet, DARN and WTBI, two rates each, two passes over 8,000 images
    python -m benchmarks.trials gates      # fashionnet-global at the study's size
    python -m benchmarks.trials places 3   # rungs of notebook 10 and two DARNs, trained end to end, three seeds each
    python -m benchmarks.trials places 3 DIR   # the rungs on real photos, by the photos profile

Writes trials.csv, gates.csv, places.csv and places_photos.csv into outputs/reference/benchmarks/. The first two draw
worlds of which no image is in the study's. The third trains on a third of the study's pre-training images and measures
on 4,000 others, the fourth trains on train and measures on val (or test). A network takes about a quarter of an hour
on one core; a stopped call resumes.
"""

import sys
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from lib import runs
from lib.config import PROFILES, Schedule
from lib.deepfashion import Benchmark, measured_rows, without
from lib.ladder import EQUAL, NOTHING, TRUE
from lib.methods import FASHIONNET, GLOBAL, GRID
from lib.report import measures, results, rungs, tables
from lib.report.results import Results
from lib.world.size import World

STUDY, PHOTOS, SEED = PROFILES["study"], PROFILES["photos"], 32
COMPARED, RATES = ("wtbi", "darn", "fashionnet"), (1e-3, 2e-3)
FEW = dict(inshop_train_items=8, inshop_test_items=8, consumer2shop_train_items=8, consumer2shop_val_items=6)


class Variant(NamedTuple):
    """A method of the study with something changed."""

    method: str
    model: dict = {}  # changes of `config.Model`, besides WIDE


PLACES = {
    NOTHING: Variant(GLOBAL),
    EQUAL: Variant(GLOBAL),
    "fixed grid": Variant(GRID),
    "estimated landmarks": Variant(FASHIONNET),
    "estimated by heatmaps": Variant("fashionnet-heatmap"),
    TRUE: Variant("fashionnet-oracle"),  # from the first update, at test too, gated by the true visibility
    "detected joints": Variant("fashionnet+joints"),
    "darn": Variant("darn"),
    "darn, 1,026 numbers": Variant("darn", {"fc_branch": 171}),  # 6 x 171: an embedding as long as FashionNet's
}
WIDE = {"study": 1_443, "photos": 711}  # fc6_global of EQUAL: as many parameters as with a local branch
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


def places(seeds: int, data: str = "") -> pd.DataFrame:
    """Return the measures of PLACES and their leads over EQUAL, paired over pictures; seeds 1, 2 and so on.

    data: a folder of real photos, of which DARN is not asked; "": a part of the study's pre-training pictures.
    """
    if data:
        whole, profile = results.open_data(PHOTOS, data, OUT / "photos")["category_attribute"], PHOTOS
        rungs_asked = [name for name in PLACES if not name.startswith("darn")]
    else:
        whole, rungs_asked = part_of_the_study(), list(PLACES)
        profile = replace(STUDY, training=replace(STUDY.training, category_attribute=STUDY.training.pretrain))
    answers = {}
    for name in rungs_asked:
        method, changes = PLACES[name]
        if name == EQUAL:
            changes = {"fc_global": WIDE[profile.profile]}
        chosen = tuple(range(1, seeds + 1))
        config = replace(profile, methods=(method,), seeds=chosen, model=replace(profile.model, **changes))
        plan = runs.make_plan({"category_attribute": whole}, config, OUT / "places")
        for run in plan.of("category_attribute", method):
            runs.train_run(plan, run)
        answers[name] = [runs.ranking(run) for run in plan.of("category_attribute", method)]
    found = Results("category_attribute", whole, measured_rows(whole)[0], answers)
    landmarks = rungs.measure(found, [("landmarks", "PDJ box", 0.1, "all")])
    return pd.concat([rungs.measure_all({"category_attribute": found}), landmarks])


def part_of_the_study(images: int = 24_000, asked: int = 4_000) -> Benchmark:
    """Return some of the study's pre-training pictures for training, and others for the test."""
    whole = results.open_data(STUDY, "", Path("outputs/study"))["category_attribute"]
    order = np.random.default_rng(77).permutation(whole.rows("pretrain"))
    split = np.full(len(whole.image), "", "<U5")
    split[order[:images]], split[order[-asked:]] = "train", "test"
    return without(replace(whole, split=split), np.flatnonzero(split == ""))


if __name__ == "__main__":
    which, *values = sys.argv[1:]
    table = {"rates": rates, "gates": gates}[which]() if which != "places" else places(int(values[0]), *values[1:])
    name = {"rates": "trials"}.get(which, which) + "_photos" * len(values[1:])
    table.to_csv(KEPT / f"{name}.csv", index=False, float_format="%.6g")
    print(table.to_string(index=False))
