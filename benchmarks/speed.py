"""Speed of searching, ranking and reading photos on a CPU, each beside a named peer in the same run, over three sizes.

    python benchmarks/speed.py [--tiny] [--out speed.csv]

- the exact search against faiss's IndexFlatL2 (float32, without our rule for ties) and scikit-learn's NearestNeighbors;
- ranking 1,000 attributes against NumPy's stable argsort, top-k accuracy against scikit-learn's top_k_accuracy_score;
- photos to crops against torchvision's ImageFolder with Resize in a DataLoader, one process each.
Each pair is timed in turn, A B A B ..., and its ratio is the median of the pairwise ratios. gpu.py has the network.
"""

import argparse
import tempfile
import time
from pathlib import Path

import cv2
import faiss
import numpy as np
import pandas as pd
import torch
import torchvision
from sklearn.metrics import top_k_accuracy_score
from sklearn.neighbors import NearestNeighbors

from lib import crops, metrics


def seconds(function) -> float:
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


def compare(what: str, peer: str, ours, theirs, runs: int) -> dict:
    """Return the row of a pair of functions: medians in ms and the median of ours / theirs."""
    ours(), theirs()
    pairs = np.array([(seconds(ours), seconds(theirs)) for _ in range(runs)])
    a, b = np.median(pairs, axis=0) * 1e3
    row = {"what": what, "ms": a, "peer": peer, "peer_ms": b, "ratio": np.median(pairs[:, 0] / pairs[:, 1])}
    print(f"{what:44s} {a:9.1f} ms  {peer:24s} {b:9.1f} ms  ratio {row['ratio']:.2f}", flush=True)
    return row


def compare_searches(queries: int, gallery: int, length: int, runs: int) -> list[dict]:
    """Return rows of the 50 nearest of a gallery; raise AssertionError where the peers find others."""
    rng = np.random.default_rng(0)
    x, y = (rng.standard_normal((n, length), np.float32) for n in (queries, gallery))
    x, y = (points / np.linalg.norm(points, axis=1, keepdims=True) for points in (x, y))
    k = min(50, gallery)

    def ours():
        return metrics.search(x, y, k)[0]

    def by_faiss():
        index = faiss.IndexFlatL2(length)
        index.add(y)
        return index.search(x, k)[1]

    def by_sklearn():
        return NearestNeighbors(n_neighbors=k, algorithm="brute").fit(y).kneighbors(x, return_distance=False)

    what, rows = f"search, {queries} in {gallery} x {length}", []
    for peer, theirs in (("faiss IndexFlatL2", by_faiss), ("sklearn NearestNeighbors", by_sklearn)):
        same = (ours() == theirs()).mean()
        assert same > 0.999, f"{peer} agrees in {same:.2%} only"  # float32 against float64: a few neighbours swap
        rows.append(compare(what, peer, ours, theirs, runs))
    return rows


def compare_rankings(images: int, runs: int) -> list[dict]:
    rng = np.random.default_rng(0)
    attributes, category = (rng.standard_normal((images, n)).astype(np.float32) for n in (1000, 50))
    labels = rng.integers(50, size=images)

    def ours():
        return metrics.topk_accuracy(metrics.ranked(category, 3), labels, 3)

    def by_sklearn():
        return top_k_accuracy_score(labels, category, k=3, labels=np.arange(50))

    def argsort():
        return np.argsort(-attributes, axis=1, kind="stable")[:, :20]

    assert abs(ours() - by_sklearn()) < 1e-12
    assert (metrics.ranked(attributes, 20) == argsort()).all()
    return [
        compare(f"rank 1,000 attributes of {images}", "numpy argsort", lambda: metrics.ranked(attributes, 20), argsort, runs),
        compare(f"top-3 accuracy of {images}", "sklearn top_k_accuracy", ours, by_sklearn, runs),
    ]  # fmt: skip


def compare_pipelines(folder: Path, photos: int, runs: int) -> dict:
    """Return the row of reading JPEGs of about 400 x 300 pixels into squares of 108, the study's crops."""
    rng = np.random.default_rng(0)
    (folder / "class").mkdir()
    for number in range(photos):
        small = rng.integers(0, 256, (40, 30, 3), dtype=np.uint8)
        cv2.imwrite(str(folder / "class" / f"{number:05d}.jpg"), cv2.resize(small, (300, 400)))
    paths, box = sorted((folder / "class").iterdir()), np.array([0, 0, 300, 400])
    change = torchvision.transforms.Compose(
        [torchvision.transforms.Resize((108, 108)), torchvision.transforms.PILToTensor()]
    )
    images = torchvision.datasets.ImageFolder(str(folder), change)

    def ours():
        return [crops.crop(crops.read_photo(path), box, 108, 0.1) for path in paths]

    def by_torchvision():
        return list(torch.utils.data.DataLoader(images, batch_size=64))

    return compare(f"{photos} photos to crops", "torchvision ImageFolder", ours, by_torchvision, runs)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--tiny", action="store_true", help="small sizes, one call each: shows that it runs")
    parser.add_argument("--out", type=Path, help="also write the table to this csv")
    args = parser.parse_args()
    runs, scale, rows = (1, 64, []) if args.tiny else (7, 1, [])
    faiss.omp_set_num_threads(torch.get_num_threads())
    # The last is the size of the release's in-shop search.
    for queries, gallery in ((1000, 1000), (4000, 4000), (14_218, 12_612)):
        rows += compare_searches(queries // scale, gallery // scale, 256, min(runs, 3))
    for images in (1000, 4000, 16_000):
        rows += compare_rankings(images // scale, runs)
    for photos in (64, 256, 1024):
        with tempfile.TemporaryDirectory() as folder:
            rows.append(compare_pipelines(Path(folder), max(1, photos // scale), min(runs, 3)))
    table = pd.DataFrame(rows).assign(device=f"CPU, {torch.get_num_threads()} threads")
    if args.out:
        args.out.parent.mkdir(parents=True, exist_ok=True)
        table.to_csv(args.out, index=False, float_format="%.6g")
        print("wrote", args.out)


if __name__ == "__main__":
    main()
