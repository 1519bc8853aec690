"""The release at its size: a drawn world of its counts, and time, memory and disk of all that needs no GPU.

    python -m benchmarks.release                             # draws all 580,000 photos: hours on two cores, resumable
    python -m benchmarks.release --scale 0.02 --copies 50    # draws a fiftieth, whose lists are 50 times as long
    python -m benchmarks.release --tiny                      # shows that it runs

A copy has names of its own; its photos are links. The release's 239,557 consumer-to-shop photos make 195,540 pairs;
drawn items have one shop photo, so that as many make 171,000. Writes release.csv to --out.
"""

import argparse
import os
import re
import resource
import time
from dataclasses import replace
from pathlib import Path

import joblib
import numpy as np
import torch
from torchvision import transforms as v1
from torchvision.datasets import ImageFolder

from benchmarks.__main__ import limit, one_core, pair, seconds, write_rows
from benchmarks.lists import ATTRIBUTES, in_a_process
from lib import crops, deepfashion, metrics, networks, runs, train
from lib.artefact import artefact, write_json, write_tensors
from lib.commands.check import report
from lib.commands.run_all import NOTEBOOKS, run_notebook
from lib.config import PROFILES, Schedule
from lib.lists import FOLDERS
from lib.methods import METHODS
from lib.report.measures import measure_all
from lib.report.results import Results
from lib.world import World, write_world

ROOT, PAPER = Path(__file__).parent.parent, PROFILES["paper"]
# Photos of the category and attribute benchmark by split, and items of the searches: 4.5 and 3.5 photos each.
COUNTS = {"train": 209_222, "val": 40_000, "test": 40_000, "inshop_train_items": 5_752, "inshop_test_items": 5_962}
COUNTS |= {f"consumer2shop_{split}_items": 34_223 if split == "train" else 17_111 for split in ("train", "val", "test")}
PHOTOS = 289_222 + 52_712 + 239_557
SEARCHES = {"in-shop": (14_218, 12_612), "consumer-to-shop": (47_434, 21_377)}  # queries and gallery photos
MEASURING = ("03", "04", "05", "06", "07", "08")  # notebooks that make tables and figures of finished runs
NUMBERED = re.compile(rb"((?<=id_)\d{8}|(?<=_)\d{6}(?=/))")  # items; folders of the category and attribute benchmark


def copy_world(world: Path, root: Path, copies: int) -> None:
    """Write the lists of a world `copies` times over, the items of each copy with numbers of their own; link photos."""

    def named(parts: list[bytes], copy: int) -> bytes:  # numbers of a world do not reach the first two digits
        parts[1::2] = [b"%02d" % copy + number[2:] for number in parts[1::2]]
        return b"".join(parts)

    for path in (path for folder in FOLDERS.values() for path in sorted((world / folder).rglob("*.*"))):
        target = root / path.relative_to(world)
        if path.suffix == ".txt" and path.name not in ("list_joints.txt", "list_ceiling.txt"):  # this project's
            count, *header, body = path.read_bytes().split(b"\n", 1 if path.name.startswith("list_item_") else 2)
            parts = NUMBERED.split(body)
            times = copies if len(parts) > 1 else 1
            target.parent.mkdir(parents=True, exist_ok=True)
            with open(target, "wb") as file:
                file.writelines(line + b"\n" for line in (b"%d" % (int(count) * times), *header))
                file.writelines(named(parts, copy) for copy in range(times))
        parts = NUMBERED.split(os.fsencode(target))
        for copy in range(copies if path.suffix == ".jpg" else 0):
            link = Path(os.fsdecode(named(parts, copy)))
            link.parent.mkdir(parents=True, exist_ok=True)
            if not link.exists():
                os.link(path, link)


def lists(root: Path) -> str:
    """Read all lists, until each benchmark is ready for a batch."""
    benchmarks = deepfashion.find_benchmarks(root)
    assert [train.make_samples(b, PAPER, METHODS["fashionnet"]) for b in benchmarks.values()]
    return f"{sum(len(b.image) for b in benchmarks.values()):,} photos"


def check(root: Path) -> str:
    """Do what ./run_all.sh --check does."""
    text, whole = report(root, "paper")
    assert whole, text
    return "profile paper"


def crops_of(world: Path, out: Path):
    """Return a benchmark and its crops, stored as the paper profile does."""
    benchmark = deepfashion.find_benchmarks(world)["category_attribute"]
    return benchmark, crops.crop_store(benchmark, out / "cache", PAPER.input)


@one_core()
def pipeline(world: Path, out: Path, photos: int) -> list[dict]:
    """Measure stored JPEGs on one core, beside torchvision's loader of the photos at 224 px."""
    taken = seconds(lambda: crops_of(world, out))  # almost nothing where they have been cut already
    (benchmark, stored), side, rows = crops_of(world, out), PAPER.input.view_px, np.arange(photos)
    steps = [v1.RandomResizedCrop(side), v1.RandomHorizontalFlip(), v1.ToTensor(), v1.Normalize(*crops.IMAGENET)]
    images = torch.utils.data.Subset(ImageFolder(benchmark.images_root / "img", v1.Compose(steps)), rows.tolist())
    loader = torch.utils.data.DataLoader(images, batch_size=64)
    ours, theirs = (lambda: stored[rows]), (lambda: list(loader))
    about, number = (f"{photos} photos", "torchvision ImageFolder"), len(benchmark.image)
    decoded = pair("stored JPEGs, decoded", *about, ours, theirs, None, 5)
    rate = limit("stored JPEGs, decoded by a core", about[0], photos / decoded["ours"], "images/s", 450, most=False)
    cut = limit("photos cut and stored as JPEG by a core", f"{number} photos", number / taken, "images/s", None)
    room = stored.filename.stat().st_size / number * PHOTOS / 1e9
    return [decoded, rate, cut, limit("crops of the release", f"{PHOTOS:,} photos", room, "GB", 15)]


def training(world: Path, out: Path, batch: int) -> list[dict]:
    """Train FashionNet of the paper profile for 20 updates from random weights; the last ten are counted."""
    method, (benchmark, stored) = METHODS["fashionnet"], crops_of(world, out)
    rows, schedule = np.resize(benchmark.rows("train"), 10 * batch), Schedule(1, 1, 1e-5, batch)
    samples = replace(train.make_samples(benchmark, PAPER, method), crops=stored)
    weights = train.attribute_weights(samples, rows, np.ones(ATTRIBUTES, bool), PAPER.training.attribute_balance)
    fabric, checkpoint = train.make_fabric(PAPER.training.precision), out / "checkpoint"
    job = train.Fit(method, schedule, PAPER, fabric, samples, rows, rows[:1], 0, checkpoint, weights)
    history = train.fit(networks.build(method, benchmark, PAPER, 0), job)
    row = limit("an update of the paper profile", f"batch {batch}", history[-1]["seconds"] / 10, "s", None)
    return [row | ({"device": torch.cuda.get_device_name()} if torch.cuda.is_available() else {})]


def search(queries: int, gallery: int, length: int) -> str:
    """Search random features twice, in all and inside 23 categories."""
    rng = np.random.default_rng(0)
    embeddings = [rng.standard_normal((n, length), np.float32) for n in (queries, gallery)]
    metrics.search(*embeddings, 50)
    metrics.search(*embeddings, 50, "cpu", *(rng.integers(23, size=n) for n in (queries, gallery)))
    return f"{queries} in {gallery} x {length}"


def random_answers(benchmark) -> tuple:
    """Return the measured rows of a benchmark, random answers on them, and queries and gallery of a search."""
    rng, (rows, query, gallery) = np.random.default_rng(0), deepfashion.measured_rows(benchmark)
    shapes = {"category": (len(benchmark.category_names),), "landmarks": (8, 2), "visibility": (8, 3)}
    shapes |= {"attributes": (ATTRIBUTES,)} if query is None else {}
    scores = {name: rng.random((len(rows), *shape), np.float32) for name, shape in shapes.items()}
    found = runs.rank(scores, benchmark, rows)
    for name in () if query is None else ("nearest", "nearest_in_category"):
        found[name] = rng.integers(len(gallery), size=(len(query), runs.NEAREST), dtype=np.int32)
    return rows, found, query, gallery


def of_a_method(found: dict[str, np.ndarray], number: int) -> dict[str, np.ndarray]:
    """Return the same answers in another order of the images."""
    return {name: np.roll(ranked, number, axis=0) for name, ranked in found.items()}


def tables(root: Path) -> str:
    """Measure random answers of all methods on all benchmarks, with 1,000 resamples."""
    images = 0
    for stage, benchmark in deepfashion.find_benchmarks(root).items():
        rows, found, *sides = random_answers(benchmark)
        answers = {method: [of_a_method(found, number)] for number, method in enumerate(METHODS)}
        measure_all(Results(stage, benchmark, rows, answers, {}, *sides))
        images += len(rows)
    return f"{len(METHODS)} methods, {images:,} photos"


def write_runs(root: Path, folder: Path) -> None:
    """Write the paper profile's runs on the release: random answers, and losses of 1."""
    plan = runs.make_plan(deepfashion.find_benchmarks(root), PAPER, folder)
    about = runs.provenance(train.make_fabric(PAPER.training.precision)) | {"start": "none", "seconds": 0, "passes": 1}
    for stage in ("category_attribute", *runs.SEARCHES):
        _, found, *_ = random_answers(plan.benchmarks[stage])
        for number, run in enumerate(plan.of(stage)):
            losses = {f"{part}_{loss}": 1.0 for part in ("train", "held_out") for loss in METHODS[run.method].losses}
            steps = METHODS[run.method].steps
            history = [{"epoch": e, "step": step, "rate": 0, "seconds": 0} | losses for e, step in enumerate(steps)]
            own = about | {"method": run.method, "stage": stage, "seed": run.seed, "images": 1, "epochs": len(history)}
            run.folder.mkdir(parents=True, exist_ok=True)
            write_tensors(run.folder / "ranking.safetensors", of_a_method(found, number))
            write_json(run.folder / "run.json", {"about": own, "history": history})


def notebooks(root: Path, out: Path) -> list[dict]:
    """Run the first notebook, which cuts all photos, and those of tables and figures."""
    rows, folder = [], out / "paper"
    write_runs(root, folder)
    values = {"profile": "paper", "data": str(root), "weights": "", "out": str(folder), "skip_damaged": False}
    for path in (path for number, path in NOTEBOOKS.items() if number in ("00", *MEASURING)):
        start = time.perf_counter()
        lacks = run_notebook(path, folder / "notebooks" / path.name, values)
        assert not lacks, lacks
        rows.append(limit(f"notebook {path.stem}", "", time.perf_counter() - start, "s", None))
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 2**10  # of the kernels
    return [*rows, limit("largest notebook, memory", "", peak, "MB", 8000)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--scale", type=float, default=1.0, help="share of the release that is drawn")
    parser.add_argument("--copies", type=int, default=1, help="of its lists")
    parser.add_argument("--only", default="", help="a part of the names of what is measured")
    parser.add_argument("--batch", type=int, default=8, help="of the training")
    parser.add_argument("--tiny", action="store_true", help="small sizes: shows that it runs")
    parser.add_argument("--out", type=Path, default=ROOT / "outputs" / "benchmarks")
    args = parser.parse_args()
    tiny, out, scale = args.tiny, args.out, 0.0005 if args.tiny else args.scale
    size = World(pretrain=0, distractors=0, px=300, **{name: round(scale * n) for name, n in COUNTS.items()})
    world = root = write_world(out / "release", size, 0, joblib.cpu_count())
    if args.copies > 1:
        root = world.with_name(f"{world.name}_{args.copies}")
        artefact(root, lambda part: copy_world(world, part, args.copies), {"copies": args.copies})
    length, photos = (16, 64) if tiny else (PAPER.model.fc_fusion, 1024)
    parts = {"lists ready for a batch": (60, 4000, lists, root), "--check": (300, None, check, root)}
    for name, sizes in SEARCHES.items():
        parts[f"two searches, {name}"] = None, None, search, *(n // (200 if tiny else 1) for n in sizes), length
    parts["tables of all methods"] = 600, 8000, tables, root
    parts["input pipeline"] = None, None, pipeline, world, out, photos
    if not tiny:
        parts["training"] = None, None, training, world, out, args.batch
        parts["runs and notebooks"] = None, None, notebooks, root, out
    rows = []
    for figure, (bar, most, *call) in parts.items():
        if args.only in figure:
            taken, peak, result = in_a_process(*call)
            found, size = ([], result) if isinstance(result, str) else (result, "")
            rows += [limit(figure, size, taken, "s", bar), limit(f"{figure}, memory", size, peak, "MB", most), *found]
            write_rows(rows, out / "release.csv")


if __name__ == "__main__":
    main()
