"""The example and the numbers of docs/METRICS.md are what the measures and the kept tables give."""

import re

import numpy as np
import pytest
from answers import value
from squares import blank

from lib import metrics
from lib.report import measures, readme
from lib.report.results import Results

TEXT = readme.PAGE.read_text(encoding="utf-8")
TABLE = TEXT.split("| worked | value |\n")[1].split("<!-- end of example -->")[0]
EXAMPLE = [line.strip("| ").split(" | ") for line in TABLE.splitlines()[1:]]

METHOD, K = "example", 2
# Three images. Attributes 0 and 1 are of group 1, 2 and 3 of group 2; scores rank each image's list, k = 2. Two are of
# category 0. One landmark per image, pixels, in boxes of 100 x 200; all are visible but the last, which is cut off.
IMAGES = blank(
    3, box=np.tile([0.0, 0, 100, 200], (3, 1)), category=np.array([0, 0, 1]), category_names=("0", "1"),
    attributes=np.array([[1, -1, 1, -1], [1, -1, -1, -1], [-1, 1, -1, 1]]), attribute_names=tuple("0123"),
    attribute_groups=np.array([1, 1, 2, 2]), group_names={1: "1", 2: "2"},
    landmarks=np.pad([[[20.0, 40]], [[20, 40]], [[np.nan, np.nan]]], ((0, 0), (0, 7), (0, 0))),
    visibility=np.pad([[0], [0], [2]], ((0, 0), (0, 7)), constant_values=-1),
)  # fmt: skip
SCORES = np.array([[0.9, 0.1, 0.8, 0.2], [0.7, 0.3, 0.6, 0.5], [0.8, 0.9, 0.1, 0.5]])
GUESSES = np.array([[0, 1], [1, 0], [1, 0]])  # categories
FOUND = np.pad([[[24.0, 40]], [[20, 62]], [[50, 50]]], ((0, 0), (0, 7), (0, 0)))
# Three queries; the gallery has two photos of item a, one of b, none of c. NEAREST lists the gallery by distance.
SHOP = blank(6, name="inshop", split=np.array(["query"] * 3 + ["gallery"] * 3), item=np.array(list("abcaba")))
NEAREST = np.array([[0, 1, 2], [2, 0, 1], [1, 0, 2]])


def example() -> dict:
    """Return the value of each row of the page's example, by its measure and definition there."""
    answers = {"category": GUESSES, "landmarks": FOUND, "attributes": metrics.ranked(SCORES, 4)}
    answers["attributes_in_group"] = metrics.ranked_in_groups(SCORES, IMAGES.attribute_groups, 1)
    images = Results("category_attribute", IMAGES, np.arange(3), {METHOD: [answers]})
    rows = np.arange(6)
    shop = Results("inshop", SHOP, rows, {METHOD: [{"nearest": NEAREST}]}, query=rows[:3], gallery=rows[3:])
    cases = {
        ("attributes", "micro"): ("micro", K),
        ("attributes", "macro"): ("macro", K),
        ("attributes", "ranked inside the group, k = 1"): ("group", 1),
        ("attributes", "mean per image"): ("image", K),
        ("attributes", "best 50 (here all 4)"): ("best50", K),
        ("category, top-1", "micro"): ("micro", 1),
        ("category, top-1", "macro"): ("macro", 1),
        ("landmarks", "PDJ at 0.1 of the box"): ("PDJ box", 0.1),
        ("landmarks", "PDJ at 0.1 of the diagonal"): ("PDJ diagonal", 0.1),
        ("landmarks", "PDJ, invisible as errors"): ("PDJ errors", 0.1),
        ("landmarks", "NE"): ("NE", np.nan),
        ("landmarks", "PCK@0.2"): ("PCK", 0.2),
        ("landmarks", "PCK@0.2, longer side"): ("PCK side", 0.2),
        ("landmarks", "10 pixels of 224"): ("pixels", 10),
        ("search", "hit at 1"): ("hit", 1),
        ("search", "hit at 3"): ("hit", 3),
        ("search", "share found at 1"): ("share found", 1),
        ("search", "share found at 3"): ("share found", 3),
    }
    return {
        (title, words): value(shop if title == "search" else images, title.split(",")[0], *case, METHOD)
        for (title, words), case in cases.items()
    }


def test_the_numbers_are_as_the_tables_are():
    assert readme.fill(TEXT, readme.definitions()) == TEXT, "run python -m lib.report.readme"


@pytest.mark.parametrize("measure, definition, worked, value", EXAMPLE)
def test_the_example_is_what_its_sum_says(measure, definition, worked, value):
    assert re.fullmatch(r"[\d /+()]+", worked)
    assert eval(worked) == pytest.approx(example()[measure, definition])
    assert f"{eval(worked):.3f}" == value


def test_every_definition_in_use_is_on_the_page():
    assert {(measure, definition) for measure, definition, *_ in EXAMPLE} == example().keys()
    wanted = {m.definition for m in measures.MEASURES if m.name == "attributes"}
    assert sum(measure == "attributes" for measure, *_ in EXAMPLE) == len(wanted) == 5
    for _, definition, *_ in EXAMPLE:
        name = definition.split(",")[0].split(" (")[0]
        assert f"**{name}" in TEXT or f"**{name.split(' at ')[0]}" in TEXT, name
