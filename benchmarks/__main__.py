"""Every figure of speed and size, each a ratio to a named peer or a measured limit, in one run.

    python -m benchmarks                        # all, about 15 minutes on two cores and 2 GB of disk
    python -m benchmarks --only pooling search
    python -m benchmarks --tiny                 # seconds: shows that it runs, not how fast

Writes details.csv (every size) and summary.csv (the largest of each figure) to --out, beside parts measured earlier.
A pair is timed in turn, A B A B ...; its ratio is the median of the pairwise ratios, lo and hi are their 10th and 90th
percentile. Where both give a result, the results are compared before. Lists are read once by each, in processes of
their own. What needs a GPU is in gpu.sh, what has the release's size in release.py.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import cv2
import faiss
import joblib
import numpy as np
import pandas as pd
import torch
import torchvision
from scipy.stats import bootstrap
from sklearn.neighbors import NearestNeighbors
from torchmetrics.functional.classification import multilabel_recall
from torchvision import transforms as v1

from benchmarks import gpu
from benchmarks import lists as made
from benchmarks.lists import ATTRIBUTES, in_a_process
from lib import crops, metrics
from lib.commands import KEEP_MEMORY
from lib.config import PROFILES, Input
from lib.fashionnet import FashionNet
from lib.train import Samples
from lib.world import World, write_world

ROOT = Path(__file__).parent.parent
SIZES = 4_519, 18_076, 72_305, 289_222  # images; the last is the category and attribute benchmark's
OTHER_IMAGES = "pretrain val test distractors inshop_train_items inshop_test_items consumer2shop_train_items"
OTHER_IMAGES += " consumer2shop_val_items consumer2shop_test_items"
COLUMNS = ["figure", "size", "ours", "unit", "peer", "peer_value", "ratio", "lo", "hi", "bar", "met", "device"]
NO_GPU = "no GPU"
DEVICE = f"CPU, {torch.get_num_threads()} threads"


def seconds(function: Callable) -> float:
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


def pair(figure: str, size: str, peer: str, ours: Callable, theirs: Callable, bar: float | None, runs: int = 7) -> dict:
    """Return the row of two functions that do the same: seconds of both and the ratio ours / theirs, below `bar`."""
    ours(), theirs()
    return row_of(figure, size, peer, np.array([(seconds(ours), seconds(theirs)) for _ in range(runs)]), bar)


def row_of(figure: str, size: str, peer: str, times: np.ndarray, bar: float | None) -> dict:
    """Return the row of times (runs, 2) of ours and theirs in seconds."""
    ours, theirs = np.median(times, axis=0)
    lo, ratio, hi = np.quantile(times[:, 0] / times[:, 1], [0.1, 0.5, 0.9])
    print(f"{figure:34s} {size:26s} {ours:9.4f} s  {peer:24s} {theirs:9.4f} s  ratio {ratio:.2f} [{lo:.2f}, {hi:.2f}]")
    met = None if bar is None else bool(ratio <= bar)
    row = {"figure": figure, "size": size, "ours": ours, "unit": "s", "peer": peer, "peer_value": theirs}
    return row | {"ratio": ratio, "lo": lo, "hi": hi, "bar": bar, "met": met, "device": DEVICE}


@contextmanager
def one_core() -> Iterator[None]:
    """Keep this thread, and the threads that it starts, on one core."""
    cores, threads = os.sched_getaffinity(0), torch.get_num_threads()
    os.sched_setaffinity(0, {min(cores)})
    torch.set_num_threads(1)
    try:
        yield
    finally:
        os.sched_setaffinity(0, cores)
        torch.set_num_threads(threads)


def limit(figure: str, size: str, value: float, unit: str, bar: float | None, most: bool = True) -> dict:
    """Return the row of a measured value. bar: its upper limit, or with most=False its lower one."""
    met = None if bar is None else bool(value <= bar if most else value >= bar)
    print(f"{figure:34s} {size:26s} {value:9.2f} {unit}", flush=True)
    return {"figure": figure, "size": size, "ours": value, "unit": unit, "bar": bar, "met": met, "device": DEVICE}


def pooling(tiny: bool) -> list[dict]:
    """Landmark pooling forward and backward beside roi_pool, channels-last as in the network."""
    rows, maps = [], {(28, 512, "paper"): (1, 2, 4, 8), (16, 40, "study"): (16, 32, 64, 128)}
    for (side, channels, profile), batches in maps.items():
        for batch in batches[:1] if tiny else batches:
            model = PROFILES[profile].model
            both = gpu.pools("cpu", batch, side, channels, model).values()
            figure, size = f"landmark pooling, {side} px", f"{batch} x {channels} x {side} x {side}"
            rows.append(pair(figure, size, "torchvision roi_pool", *both, 0.5, 1 if tiny else 15))
    return rows


def step(tiny: bool) -> list[dict]:
    """A training step of FashionNet at the paper's size beside torchvision's VGG-16, float32, AdamW."""
    rows, profile = [], PROFILES["smoke" if tiny else "paper"]
    px = profile.input.view_px
    networks = [FashionNet(profile.model, px, 50, ATTRIBUTES), gpu.vgg16(tiny)]
    networks = [net.to(memory_format=torch.channels_last).train() for net in networks]
    for batch in (2,) if tiny else (1, 2, 4, 8):
        images = torch.randn(batch, 3, px, px).contiguous(memory_format=torch.channels_last)
        steps = [gpu.step_of(net, images) for net in networks]
        size = f"batch {batch}"
        rows.append(pair("training step, 224 px", size, "torchvision VGG-16", *steps, 1.1, 1 if tiny else 3))
    return rows


def busy(tiny: bool) -> list[dict]:
    """Training steps of the demo beside another process at full load, and alone."""
    taken = in_a_process(gpu.steps_beside_another, tiny)[2]  # where `lib` is imported before PyTorch
    return [row_of("training steps of the demo, busy", "batch 64", "alone", taken, 2.5)]


def lists(tiny: bool) -> list[dict]:
    """DeepFashion's largest list beside pandas, each in a fresh process, so that each has a peak memory of its own."""
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "list_attr_img.txt"
        for number in (64,) if tiny else SIZES:
            made.write_labels(path, made.names(number))
            taken, peak, ours = in_a_process(made.labels_of, path)
            their_time, _, theirs = in_a_process(made.labels_by_pandas, path)
            assert ours == theirs, "the two readers disagree"
            figure, size = "read list_attr_img.txt", f"{number:,} x {ATTRIBUTES:,}"
            rows.append(row_of(figure, size, "pandas read_csv", np.array([[taken, their_time]]), 1 / 3))
            rows.append(limit(f"{figure}, memory", size, peak, "MB", 1500))
    return rows


@one_core()
def pipeline(tiny: bool) -> list[dict]:
    """Batches of 64 training views beside ImageFolder with a DataLoader, on one core; neither changes colours.

    From JPEG, which fills the store of decoded crops, and from that store.
    """
    rows, inputs, runs = [], Input(), 1 if tiny else 5
    steps = [v1.RandomResizedCrop(inputs.view_px), v1.RandomHorizontalFlip(), v1.ToTensor()]
    change = v1.Compose([*steps, v1.Normalize(*crops.IMAGENET)])
    for photos in (64,) if tiny else (64, 256, 1024, 2048):
        with tempfile.TemporaryDirectory() as folder:
            benchmark = noise_photos(Path(folder), photos)
            images = torchvision.datasets.ImageFolder(folder, change)
            stored = crops.crop_store(benchmark, Path(folder) / "cache", inputs)

            def from_jpeg(benchmark=benchmark):
                with tempfile.TemporaryDirectory() as cache:
                    return views(crops.crop_store(benchmark, Path(cache), inputs), inputs, len(benchmark.image))

            def theirs(images=images):
                return list(torch.utils.data.DataLoader(images, batch_size=64))

            from_store = partial(views, stored, inputs, photos)
            for how, ours, bar in (("JPEG", from_jpeg, 1.0), ("the store", from_store, 0.2)):
                assert len(ours()) == len(theirs()) and ours()[0].shape == theirs()[0][0].shape
                figure, size = f"input pipeline, from {how}", f"{photos} photos"
                rows.append(pair(figure, size, "torchvision ImageFolder", ours, theirs, bar, runs))
    return rows


def noise_photos(folder: Path, number: int) -> SimpleNamespace:
    """Write photos of smooth noise, 300 x 400, and return what the store of crops needs of a benchmark."""
    rng = np.random.default_rng(0)
    names = np.array([f"class/{i:05d}.jpg" for i in range(number)])
    (folder / "class").mkdir()
    for name in names:
        small = rng.integers(0, 256, (40, 30, 3), dtype=np.uint8)
        cv2.imwrite(str(folder / name), cv2.resize(small, (300, 400)))
    boxes = np.tile(np.array([0.0, 0, 300, 400]), (number, 1))
    return SimpleNamespace(name="jpeg", images_root=folder, image=names, box=boxes, key="jpeg")


def views(stored: np.ndarray | crops.Jpegs, inputs: Input, number: int) -> list[torch.Tensor]:
    """Return batches of one random view of each of the first crops."""
    samples, out = Samples(crops=stored), []
    for begin in range(0, number, 64):
        index = torch.arange(begin, min(begin + 64, number))
        view = crops.training_view(len(index), inputs, torch.Generator().manual_seed(begin))._replace(colour=None)
        out.append(samples.images(index, view, inputs.view_px))
    return out


def world(tiny: bool) -> list[dict]:
    """Synthetic images a second and core."""
    rows = []
    for number in (8,) if tiny else (100, 200, 400, 800):
        for workers in sorted({1, joblib.cpu_count()}):
            images = number * workers
            taken = seconds(lambda n=images, w=workers: draw(n, 64 if tiny else 256, w))
            figure, size = f"synthetic images, {workers} worker(s)", f"{images} images"
            rows.append(limit(figure, size, number / taken, "images/s/core", 100, most=False))
    return rows


def draw(images: int, px: int, workers: int) -> None:
    """Draw a world of training images alone."""
    size = World(**dict.fromkeys(OTHER_IMAGES.split(), 0), train=images, px=px)
    with tempfile.TemporaryDirectory() as folder:
        write_world(Path(folder) / "world", size, 0, workers, progress=False)


def search(tiny: bool) -> list[dict]:
    """The exact top 50 beside faiss and scikit-learn."""
    rows, rng = [], np.random.default_rng(0)
    faiss.omp_set_num_threads(torch.get_num_threads())
    sizes = [(1000, 1000, 256), (4000, 4000, 256), (14_218, 12_612, 256), (14_218, 12_612, 4096), (500, 1_000_000, 256)]
    for queries, gallery, length in [(50, 60, 16)] if tiny else sizes:
        x, y = (rng.standard_normal((n, length), np.float32) for n in (queries, gallery))
        x, y = (points / np.linalg.norm(points, axis=1, keepdims=True) for points in (x, y))

        def ours(x=x, y=y):
            return metrics.search(x, y, 50)[0]

        def by_faiss(x=x, y=y):
            index = faiss.IndexFlatL2(x.shape[1])
            index.add(y)
            return index.search(x, 50)[1]

        def by_sklearn(x=x, y=y):
            return NearestNeighbors(n_neighbors=50, algorithm="brute").fit(y).kneighbors(x, return_distance=False)

        peers = [("faiss IndexFlatL2", by_faiss, 1.2), ("sklearn NearestNeighbors", by_sklearn, None)]
        peers = peers[: 2 if gallery <= 4000 else 1]
        for peer, theirs, bar in peers:
            same = (ours() == theirs()).mean()
            assert same > 0.999, f"{peer} agrees in {same:.2%} only"  # float32 against float64: a few neighbours swap
            size, large = f"{queries} in {gallery} x {length}", queries * gallery > 1e8
            rows.append(pair("exact top-50", size, peer, ours, theirs, bar, 1 if tiny or large else 3))
    return rows


def recall(tiny: bool) -> list[dict]:
    """Top-5 recall of 1,000 attributes beside torchmetrics, and 1,000 bootstrap resamples beside scipy."""
    rows, rng, runs = [], np.random.default_rng(0), 1 if tiny else 3
    for images in (64,) if tiny else (5_000, 10_000, 20_000, 40_000):
        scores = rng.standard_normal((images, ATTRIBUTES)).astype(np.float32)
        truth = (rng.random((images, ATTRIBUTES)) < 0.0035).astype(np.int8) * 2 - 1
        target = torch.from_numpy((truth == 1).astype(np.int64))

        def ours(scores=scores, truth=truth):
            return metrics.ranked_matches(metrics.ranked(scores, 5), truth).sum() / (truth == 1).sum()

        def theirs(scores=scores, target=target):
            top = torch.zeros_like(target).scatter_(1, torch.from_numpy(scores).topk(5, dim=1).indices, 1)
            return float(multilabel_recall(top, target, ATTRIBUTES, average="micro"))

        assert abs(ours() - theirs()) < 1e-6
        size = f"{images} x {ATTRIBUTES}"
        rows.append(pair("attribute recall", size, "torchmetrics", ours, theirs, 0.5, runs))
        hits = (rng.random(images) < 0.3).astype(np.float64)

        def resampled(hits=hits):
            return metrics.interval(metrics.Bootstrap(len(hits)).ratios(hits, np.ones(len(hits))))

        def by_scipy(hits=hits):  # of the same statistic, a ratio of two sums over the same rows
            ratio = {"statistic": lambda part, whole, axis=-1: part.sum(axis) / whole.sum(axis), "paired": True}
            options = {"n_resamples": 1000, "batch": 50, "method": "percentile", "rng": np.random.default_rng(0)}
            return bootstrap((hits, np.ones(len(hits))), **ratio, **options).confidence_interval

        assert abs(resampled().lo - by_scipy().low) < (0.2 if tiny else 0.01)
        figure, peer = "1,000 bootstrap resamples", "scipy.stats.bootstrap"
        rows.append(pair(figure, f"{images} rows", peer, resampled, by_scipy, 0.5, runs))
    return rows


def commands(tiny: bool) -> list[dict]:
    """What a user waits for before anything is computed, each in a fresh process."""

    def run(*command: str) -> Callable:
        return lambda: subprocess.run(command, cwd=ROOT, check=True, capture_output=True)

    ours, theirs = (run(sys.executable, "-c", f"import {name}") for name in ("lib.fashionnet", "torch"))
    runs = 1 if tiny else 5
    rows = [pair("import lib.fashionnet", "", "import torch", ours, theirs, 1.2, runs)]
    start_help = run(sys.executable, "-m", "lib.commands.run_all", "--help")
    rows.append(limit("run_all.sh --help", "", float(np.median([seconds(start_help) for _ in range(runs)])), "s", 1))
    return rows


def on_a_gpu(tiny: bool) -> list[dict]:
    """What gpu.py compares on a GPU, and the shares of its peak; a row that says so where there is none."""
    if not torch.cuda.is_available():
        return [{"figure": "training step, pooling and loader on a GPU", "size": "not measured", "device": NO_GPU}]
    table, rows = gpu.measure("cuda", tiny), []
    for row in table[table.peer.notna()].to_dict("records"):
        bar = 1.1 if row["peer"] == "VGG-16" else 1.0
        about = {"figure": f"{row['part']}, {row['variant']}", "device": row["device"]}
        times = {"ours": row["ms"] / 1e3, "unit": "s", "peer_value": row["ms"] / 1e3 / row["times_peer"]}
        ratio = row["times_peer"]
        rows.append(about | times | {"peer": row["peer"], "ratio": ratio, "bar": bar, "met": bool(ratio <= bar)})
        if pd.notna(share := row["share_of_peak"]):
            about["figure"] += ", share of the measured peak"
            rows.append(about | {"ours": share, "bar": 0.5, "met": bool(share >= 0.5)})
    return rows


ALL = (pooling, step, busy, lists, pipeline, search, recall, world, commands, on_a_gpu)
PARTS = {part.__name__: part for part in ALL}


def write_rows(rows: list[dict], path: Path) -> pd.DataFrame:
    """Write rows behind those of other figures that the file has; return all of them."""
    table = pd.DataFrame(rows).reindex(columns=COLUMNS)
    if path.exists():
        earlier = pd.read_csv(path)
        table = pd.concat([earlier[~earlier.figure.isin(table.figure)], table])
    table.to_csv(path, index=False, float_format="%.5g")
    return table


def summarise(details: pd.DataFrame) -> pd.DataFrame:
    """Return the rows with a bar, of the largest size of each figure, and that no GPU was there."""
    groups = details[details.bar.notna() | (details.device == NO_GPU)].groupby(
        ["figure", "peer"], sort=False, dropna=False
    )
    return groups.tail(1).reset_index(drop=True)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__.split("\n")[0])
    parser.add_argument("--tiny", action="store_true", help="small sizes, one call each: shows that it runs")
    parser.add_argument("--only", nargs="*", choices=list(PARTS), default=list(PARTS), help="some parts")
    parser.add_argument("--out", type=Path, default=ROOT / "outputs" / "benchmarks")
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    rows = []
    for name in args.only:
        rows += PARTS[name](args.tiny)
        details = write_rows(rows, args.out / "details.csv")  # a stopped run keeps the parts before
        summarise(details).to_csv(args.out / "summary.csv", index=False, float_format="%.5g")
    print("wrote", args.out)


if __name__ == "__main__":
    if not KEEP_MEMORY.items() <= os.environ.items():  # as run_all.sh has it; read when a process starts
        os.execve(sys.executable, [sys.executable, "-m", "benchmarks", *sys.argv[1:]], os.environ | KEEP_MEMORY)
    main()
