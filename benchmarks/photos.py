"""Choose settings for real photos on a development split that is carved from train.

    python -m benchmarks.photos --data DIR --out outputs/photos_settings.csv
    python -m benchmarks.photos --data DIR --only "fashionnet" "fashionnet, half of the photos"
    python -m benchmarks.photos --data DIR --only "fashionnet, vgg16" --weights vgg16.safetensors

Photos and items are held out of the two training splits; val, query and gallery are not touched. Each row is one
network, trained on the rest of the training photos: PDJ at 0.1 of the box and top-5 attribute recall (micro, macro) of
the held-out photos, top-3 categories of the held-out items, and how often a mirrored and jittered view of a held-out
item finds its plain view among all of them (top-1).
"""

import argparse
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from lib import crops, metrics, networks, runs, train
from lib.config import COMPACT, PROFILES, Config, Input, Schedule, find_profile
from lib.deepfashion import Benchmark, find_benchmarks
from lib.methods import find, supervised


def develop(benchmark: Benchmark, held: int, share: float = 1.0) -> tuple[Benchmark, np.ndarray]:
    """Return the benchmark without its measured splits, and the rows of `held` photos that are taken out of train.

    Where there are items, `held` counts them. share: of the rest that is kept.
    """
    rows, rng = benchmark.rows("train"), np.random.default_rng(0)
    names = benchmark.image if benchmark.item is None else benchmark.item
    order = rng.permutation(np.unique(names[rows]))
    taken, rest = np.split(order, [held])
    split = np.full(len(names), "", "<U8")
    split[rows[np.isin(names[rows], rest[: round(share * len(rest))])]] = "train"
    return replace(benchmark, split=split), rows[np.isin(names[rows], taken)]


def variants() -> dict[str, tuple[str, Config, float]]:
    """Return name -> (method, configuration, share of the training photos)."""
    photos = PROFILES["photos"]
    compact = replace(photos, model=COMPACT, input=Input(), start="shipped")
    rows = {
        "fashionnet": ("fashionnet", photos, 1.0),
        "fashionnet, half of the photos": ("fashionnet", photos, 0.5),
        "fashionnet, a quarter of the photos": ("fashionnet", photos, 0.25),
        "heatmap": ("fashionnet-heatmap", photos, 1.0),
        "wtbi": ("wtbi", photos, 1.0),
        "global, compact": ("fashionnet-global", compact, 1.0),
        "fashionnet, compact": ("fashionnet", compact, 1.0),
        "fashionnet, vgg16": ("fashionnet", find_profile("photos-vgg16"), 1.0),
    }
    for px in (96, 112, 128, 160):
        sized = replace(photos, input=Input(px=round(px * 13 / 12), view_px=px))
        rows[f"global, {px} px"] = ("fashionnet-global", sized, 1.0)
        rows[f"fashionnet, {px} px"] = ("fashionnet", sized, 1.0)
    return rows


def fit(name: str, benchmark: Benchmark, state, config: Config, schedule: Schedule, out: Path, weights: str):
    """Train a method; return its network, samples and seconds. state: (state, classes) of an earlier one, or None."""
    spec, fabric = find(name), train.make_fabric(config.training.precision)
    model = networks.build(spec, benchmark, config, 0)
    started = []
    if spec.network == "wtbi":
        networks.start_generic(model, config, "")
    elif state is None and config.start == "imagenet":
        started, _ = networks.start_imagenet(model, config, weights)
    if state is None and config.start == "shipped":
        loaded, header = networks.load(runs.shipped_network(spec))
        state = loaded, header["classes"]
    if state is not None:
        started = networks.start(model, state[0], state[1], networks.classes(benchmark))
    samples = train.make_samples(benchmark, config, spec)
    samples = replace(samples, crops=crops.crop_store(benchmark, out / "cache", config.input))
    rows = benchmark.rows("train")
    mask = supervised(name, benchmark, rows)
    balance = train.attribute_weights(samples, rows, mask, config.training.attribute_balance)
    train.start_at_frequencies(model, samples, rows, balance, config, started)
    begin = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:  # of this fit alone: another one's checkpoint would be gone on from
        checkpoint = Path(folder) / "checkpoint.safetensors"
        train.fit(model, samples, rows, rows[:100], spec, schedule, config, fabric, checkpoint, 0, balance)
    return model, samples, time.monotonic() - begin


def measure(name: str, config: Config, share: float, benchmarks: dict[str, Benchmark], args) -> dict:
    """Return one row. args: of the command line."""
    spec, fabric, row, out = find(name), train.make_fabric(config.training.precision), {}, args.out.parent
    main, held = develop(benchmarks["category_attribute"], args.photos, share)
    schedule = replace(config.training.category_attribute, rounds=args.rounds, epochs=1)
    model, samples, row["seconds"] = fit(name, main, None, config, schedule, out, args.weights)
    scores = train.predict(model, samples, main, held, spec, config, fabric)
    if "landmarks" in scores:
        far = metrics.landmark_distances(scores["landmarks"], main.landmarks[held], main.box[held], "box")
        row["pdj"] = 100 * (far < 0.1)[main.visibility[held] == 0].mean()
    ranked = metrics.ranked(scores["attributes"], 5)
    truth = main.attributes[held] == 1
    found = np.zeros_like(truth)
    np.put_along_axis(found, ranked, True, 1)
    row["attributes"] = 100 * (truth & found).sum() / truth.sum()
    row["attributes_macro"] = 100 * np.nanmean((truth & found).sum(0) / np.where(truth.any(0), truth.sum(0), np.nan))
    if "inshop" in benchmarks:
        shop, held = develop(benchmarks["inshop"], args.items, share)
        state = {key: value.detach().clone() for key, value in model.state_dict().items()}
        schedule = replace(config.training.inshop, rounds=args.inshop_rounds, epochs=1)
        model, samples, seconds = fit(name, shop, (state, networks.classes(main)), config, schedule, out, args.weights)
        row["seconds"] += seconds
        scores = train.predict(model, samples, shop, held, spec, config, fabric)
        row["category"] = 100 * (metrics.ranked(scores["category"], 3) == shop.category[held][:, None]).any(1).mean()
        row["mirrored"] = 100 * mirrored_top1(model, samples, held, scores["embedding"], config)
    return row


@torch.inference_mode()
def mirrored_top1(model, samples, rows: np.ndarray, embedding: np.ndarray, config: Config) -> float:
    """Return how often a mirrored, jittered view is nearest to the plain view (embedding) of its own photo."""
    view = crops.training_view(len(rows), config.input, torch.Generator().manual_seed(0))
    view = view._replace(mirrored=torch.ones_like(view.mirrored))
    images = samples.images(torch.from_numpy(rows), view, config.input.view_px)
    query = torch.cat([model(part)["embedding"].float() for part in images.split(100)]).numpy()
    return float(((query @ embedding.T).argmax(1) == np.arange(len(rows))).mean())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--data", required=True, help="folder with real category-and-attribute photos")
    parser.add_argument("--out", type=Path, default=Path("outputs/photos_settings.csv"))
    parser.add_argument("--photos", type=int, default=500, help="held out of the training photos")
    parser.add_argument("--items", type=int, default=400, help="held out of the in-shop training items")
    parser.add_argument("--weights", default="", help="of an ImageNet network, as .safetensors")
    stages = PROFILES["photos"].training
    parser.add_argument("--rounds", type=int, default=stages.category_attribute.rounds, help="of the two steps")
    parser.add_argument("--inshop-rounds", type=int, default=stages.inshop.rounds)
    parser.add_argument("--only", nargs="*", help="names of rows")
    args = parser.parse_args()
    benchmarks = find_benchmarks(Path(args.data))
    rows = []
    for variant, (name, config, share) in variants().items():
        if args.only and variant not in args.only:
            continue
        row = {"variant": variant, **measure(name, config, share, benchmarks, args)}
        rows.append({k: round(float(v), 1) if isinstance(v, float) else v for k, v in row.items()})
        print(rows[-1], flush=True)
        pd.DataFrame(rows).to_csv(args.out, index=False)


if __name__ == "__main__":
    main()
