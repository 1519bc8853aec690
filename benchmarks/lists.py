"""Lists of DeepFashion's own size, and what reads them, in a process of its own so that its peak memory is its own."""

import multiprocessing
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from lib.lists import read_attribute_labels, write_list

ATTRIBUTES = 1000


def in_a_process(function: Callable, *arguments) -> tuple:
    """Return seconds, peak MB and result of a call in a process of its own."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(_measured, (function, arguments))


def _measured(function: Callable, arguments: tuple) -> tuple:
    start = time.perf_counter()
    result = function(*arguments)
    seconds = time.perf_counter() - start
    lines = (
        Path("/proc/self/status").read_text().splitlines()
    )  # getrusage would count the process that started this one
    return seconds, next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 2**10, result


def write_labels(path: Path, images: list[str], seed: int = 0) -> None:
    """Write names padded to 70 columns, then labels of three columns; 0.3 per cent of them are positive."""
    rng = np.random.default_rng(seed)
    with open(path, "wb") as file:
        file.write(b"%d\nimage_name  attribute_labels\n" % len(images))
        for start in range(0, len(images), 2000):
            part = images[start : start + 2000]
            for name, row in zip(part, rng.random((len(part), ATTRIBUTES)) < 0.003, strict=True):
                file.write(name.encode().ljust(70) + b"".join(np.where(row, b"  1", b" -1").tolist()) + b"\n")


def names(number: int) -> list[str]:
    return [f"img/Abstract_Print_Dress_{i // 50:05d}/img_{i % 50:08d}.jpg" for i in range(number)]


def labels_of(path: Path) -> list[int]:
    """Return the sums of the columns, by the project's reader."""
    return read_attribute_labels(path, ATTRIBUTES)[1].sum(0, dtype=np.int64).tolist()


def labels_by_pandas(path: Path) -> list[int]:
    """Return the same by pandas."""
    return pd.read_csv(path, sep=r"\s+", skiprows=2, header=None, index_col=0).to_numpy().sum(0).tolist()


def write_release(root: Path, number: int) -> None:
    """Write the lists of a category and attribute benchmark of `number` images, without their photos."""
    images, rng, anno = names(number), np.random.default_rng(0), root / "Anno_coarse"
    (root / "Img" / "img").mkdir(parents=True)
    points = " ".join(f"0 {20 + i} {30 + i}" for i in range(8))
    split = np.array(["train", "val", "test"])[np.searchsorted([0.72, 0.86], np.arange(number) / number, side="right")]
    categories = [f"Category{i}  {1 + i % 3}" for i in range(50)]
    attributes = [f"attribute {i}  {1 + i % 5}" for i in range(ATTRIBUTES)]
    write_list(anno / "list_category_cloth.txt", "category_name category_type", categories)
    write_list(anno / "list_attr_cloth.txt", "attribute_name attribute_type", attributes)
    texts = {
        anno / "list_bbox.txt": ["10 10 200 250"] * number,
        anno / "list_category_img.txt": rng.integers(1, 51, number).tolist(),
        anno / "list_landmarks.txt": [f"3 1 {points}"] * number,
        root / "Eval" / "list_eval_partition.txt": split.tolist(),
    }
    for path, column in texts.items():
        write_list(path, "image_name ...", [f"{name}  {text}" for name, text in zip(images, column, strict=True)])
    write_labels(anno / "list_attr_img.txt", images)


def first_labels(root: Path) -> int:
    """Read a benchmark and return the number of images of FashionNet's training labels."""
    # Here, since PyTorch's 700 MB would count as the list's in the other measurements.
    from lib.config import PROFILES
    from lib.deepfashion import read_benchmark
    from lib.methods import METHODS
    from lib.train import make_samples

    benchmark = read_benchmark(root, "category_attribute")
    return len(make_samples(benchmark, PROFILES["paper"], METHODS["fashionnet"]).category)
