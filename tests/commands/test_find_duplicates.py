"""Copies of photos: counts by hand, and a data set with one photo in two splits."""

import re
import shutil

import numpy as np

from lib.commands import find_duplicates
from lib.lists import FOLDERS


def test_copies_by_hand():
    """Of two training photos one is exactly in the test; the second is near to its twin within training."""
    angles = np.array([0.0, 1.0, 1.1]), np.array([0.0, 2.5])
    train, test = (np.stack([np.cos(a), np.sin(a)], axis=1).astype(np.float32) for a in angles)
    table = find_duplicates.count_copies({"train": (["a", "b", "c"], train), "test": (["a", "d"], test)})
    assert table.values.tolist() == [["train", "train", 3, 0, 2], ["train", "test", 3, 1, 1], ["test", "test", 2, 0, 0]]


def test_a_photo_in_two_splits_is_counted(world_root, tmp_path, capsys):
    root = tmp_path / "data"
    shutil.copytree(world_root, root)
    folder = root / FOLDERS["category_attribute"]
    partition = (folder / "Eval" / "list_eval_partition.txt").read_text().splitlines()[2:]
    train, test = (next(row.split()[0] for row in partition if row.split()[1] == split) for split in ("train", "test"))
    images = next(path for path in (folder / "Img", folder) if (path / train).exists())
    shutil.copyfile(images / train, images / test)
    for name in ("inshop", "consumer2shop"):
        shutil.rmtree(root / FOLDERS[name])
    find_duplicates.main(["--data", str(root)])
    pairs = "category_attribute, (train +category_attribute, test|test +category_attribute, train)"
    assert re.search(rf"{pairs} +\d+ +1 +\d+$", capsys.readouterr().out, re.M)
