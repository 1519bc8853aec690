"""The official lists, as files."""

import csv

import numpy as np

from lib.lists import read_attribute_labels
from lib.world.attributes import NAMES
from lib.world.official import write_labels

IMAGES = ["img/a.jpg", "img/b c.jpg", "img/d.jpg"]


def test_labels_are_read_back(tmp_path):
    fired = [np.array([], np.int64), np.array([0, 999]), np.array([5])]
    write_labels(tmp_path / "a" / "list_attr_img.txt", "image_name  attribute_labels", IMAGES, fired)
    names, labels = read_attribute_labels(tmp_path / "a" / "list_attr_img.txt", len(NAMES))
    assert names == IMAGES
    assert [np.flatnonzero(row == 1).tolist() for row in labels] == [[], [0, 999], [5]]
    assert set(np.unique(labels)) == {-1, 1}


def test_titles_are_written_once_per_item(world):
    with open(world / "titles.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    keys = [(row["benchmark"], row["item"]) for row in rows]
    assert len(set(keys)) == len(keys) and set(rows[0]) == {"benchmark", "item", "title"}
    assert {key[0] for key in keys} == {"category_attribute", "inshop", "consumer2shop"}
