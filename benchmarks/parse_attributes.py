"""Reading list_attr_img.txt, DeepFashion's largest list, against pandas, over three sizes.

    python benchmarks/parse_attributes.py                # the release's 289,222 x 1,000: 900 MB of disk
    python benchmarks/parse_attributes.py --rows 20000

Writes a list of random labels in the official format to a temporary folder, reads it in fresh processes (so
that each has its own peak memory; the file is in the system's cache), checks that both read the same, and
removes it.
"""

import argparse
import multiprocessing
import resource
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd

from lib.lists import read_attribute_labels

ATTRIBUTES = 1000


def write_list(path: Path, rows: int, seed: int = 0) -> None:
    """Names padded to 70 columns, then labels of three columns; 0.3 per cent of them are positive."""
    rng = np.random.default_rng(seed)
    with open(path, "wb") as file:
        file.write(b"%d\nimage_name  attribute_labels\n" % rows)
        for start in range(0, rows, 2000):
            positive = rng.random((min(2000, rows - start), ATTRIBUTES)) < 0.003
            for i, row in enumerate(positive, start):
                name = b"img/Abstract_Print_Dress_%05d/img_%08d.jpg" % (i // 50, i % 50)
                file.write(name.ljust(70) + b"".join(np.where(row, b"  1", b" -1").tolist()) + b"\n")


def ours(path: Path) -> np.ndarray:
    return read_attribute_labels(path, ATTRIBUTES)[1]


def with_pandas(path: Path) -> np.ndarray:
    return pd.read_csv(path, sep=r"\s+", skiprows=2, header=None, index_col=0).to_numpy()


def measure(read, path: Path) -> tuple[float, float, int, int]:
    """Seconds, peak MB of the process, and two numbers by which to compare what was read."""
    start = time.perf_counter()
    labels = read(path)
    seconds = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)
    weights = np.arange(labels.shape[1]) + 1
    return (
        seconds,
        peak,
        int(labels.sum(dtype=np.int64)),
        int((labels.sum(0, dtype=np.int64) * weights).sum()),
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rows", type=int, default=289_222, help="of the largest of the three lists")
    rows = parser.parse_args().rows
    print("    rows  file MB   ours s  pandas s  ratio  ours us/row  ours peak MB  pandas peak MB")
    context = multiprocessing.get_context("spawn")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "list_attr_img.txt"
        for size in (max(1, rows // 16), max(1, rows // 4), rows):
            write_list(path, size)
            results = []
            for read in (ours, with_pandas):
                with context.Pool(1) as pool:
                    results.append(pool.apply(measure, (read, path)))
            (seconds, peak, *read), (pandas_seconds, pandas_peak, *pandas_read) = results
            assert read == pandas_read, "the two readers disagree"
            print(
                f"{size:>8} {path.stat().st_size / 1e6:>8.0f} {seconds:>8.2f} {pandas_seconds:>9.2f}"
                f" {seconds / pandas_seconds:>6.2f} {seconds / size * 1e6:>12.1f}"
                f" {peak:>13.0f} {pandas_peak:>15.0f}",
                flush=True,
            )


if __name__ == "__main__":
    main()
