"""Count photos that a data set holds twice, within and across its splits and benchmarks.

    python -m lib.commands.find_duplicates --data DIR

A photo in training and in the test, or in a search's gallery, makes a result better than it is. An exact copy has the
same bytes; a near copy's ImageNet features are closer than NEAR. Prints one row for each pair of splits.
"""

import argparse
import hashlib
import sys
from itertools import combinations_with_replacement
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from tqdm import tqdm

from lib import crops, metrics, predict
from lib.commands import one_sentence
from lib.deepfashion import Benchmark, find_benchmarks
from lib.photo import read_photo

NEAR = 0.25  # Euclidean distance of unit features


def photo_features(benchmark: Benchmark) -> np.ndarray:
    """Return the unit ImageNet features (N, 1280) float32 of a benchmark's boxes. Raises DataError for a bad photo."""
    model, found, config = predict.load_imagenet(), [], predict.INPUT
    for start in tqdm(range(0, len(benchmark.image), 64), desc=benchmark.name, unit="batch", mininterval=5):
        rows = range(start, min(start + 64, len(benchmark.image)))
        photos = [read_photo(benchmark.images_root / benchmark.image[row]) for row in rows]
        cut = [crops.crop(photo, benchmark.box[row], config.px, 0.0) for photo, row in zip(photos, rows, strict=True)]
        view = crops.fixed_view(len(cut), config)
        with torch.inference_mode():
            found.append(model(crops.images_in_view(torch.from_numpy(np.stack(cut)), view, config.view_px)))
    return torch.nn.functional.normalize(torch.cat(found), dim=1).numpy()


def count_copies(splits: dict[str, tuple[list[str], np.ndarray]]) -> pd.DataFrame:
    """Return for each pair of splits how many photos of the first have an exact, and a near, copy in the second.

    splits: by name digests and unit features (n, D). A photo is no copy of itself; near copies include exact ones.
    """
    rows = []
    for one, other in combinations_with_replacement(splits, 2):
        (digests, features), (theirs, gallery) = splits[one], splits[other]
        same = one == other
        exact = pd.Series(digests).duplicated(keep=False).to_numpy() if same else np.isin(digests, theirs)
        distance = metrics.search(features, gallery, 1 + same)[1][:, -1]  # the nearest of its own split is itself
        rows.append((one, other, len(digests), int(exact.sum()), int(((distance < NEAR) | exact).sum())))
    return pd.DataFrame(rows, columns=["photos of", "with a copy in", "photos", "exact", "near"])


@one_sentence("find_duplicates")
def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m lib.commands.find_duplicates", description=__doc__.split("\n")[0])
    parser.add_argument("--data", required=True, help="folder of the real DeepFashion, or any data set in its layout")
    args = parser.parse_args(arguments)
    splits = {}
    for name, benchmark in find_benchmarks(Path(args.data)).items():
        features = photo_features(benchmark)
        paths = [benchmark.images_root / image for image in benchmark.image]
        digests = np.array([hashlib.sha256(path.read_bytes()).hexdigest() for path in paths])
        for split in dict.fromkeys(benchmark.split.tolist()):
            rows = benchmark.split == split
            splits[f"{name}, {split or 'in no split'}"] = digests[rows].tolist(), features[rows]
    print(count_copies(splits).to_string(index=False))


if __name__ == "__main__":
    main(sys.argv[1:])
