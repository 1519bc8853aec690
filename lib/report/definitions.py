"""The generated parts of docs/METRICS.md: the three-image example, and one model's numbers under every definition.

    python -m lib.report.definitions

The example is scored by `lib.report.measures`; a test works it out again from the sums that the page shows. The numbers
of the model are those of the tables kept under outputs/reference/.
"""

from pathlib import Path

import numpy as np
import pandas as pd

from lib import metrics, paper
from lib.artefact import write_beside
from lib.deepfashion import Benchmark
from lib.methods import FASHIONNET
from lib.report.measures import printed, value, words
from lib.report.readme import PROFILES, fill, kept, markdown, read
from lib.report.results import ROOT, Results

PAGE = ROOT / "docs" / "METRICS.md"

METHOD, K = "example", 2
# Three images. Attributes 0 and 1 are of group 1, 2 and 3 of group 2; scores rank each image's list, k = 2. Two are of
# category 0. One landmark per image, pixels, in boxes of 100 x 200; all are visible but the last, which is cut off.
IMAGES = Benchmark(
    "category_attribute", Path(), np.array(["1.jpg", "2.jpg", "3.jpg"]), np.array(["test"] * 3),
    np.tile([0.0, 0, 100, 200], (3, 1)), category=np.array([0, 0, 1]), category_names=("0", "1"),
    attributes=np.array([[1, -1, 1, -1], [1, -1, -1, -1], [-1, 1, -1, 1]]), attribute_names=tuple("0123"),
    attribute_groups=np.array([1, 1, 2, 2]), group_names={1: "1", 2: "2"},
    landmarks=np.pad([[[20.0, 40]], [[20, 40]], [[np.nan, np.nan]]], ((0, 0), (0, 7), (0, 0))),
    visibility=np.pad([[0], [0], [2]], ((0, 0), (0, 7)), constant_values=-1),
)  # fmt: skip
SCORES = np.array([[0.9, 0.1, 0.8, 0.2], [0.7, 0.3, 0.6, 0.5], [0.8, 0.9, 0.1, 0.5]])
GUESSES = np.array([[0, 1], [1, 0], [1, 0]])  # categories
FOUND = np.pad([[[24.0, 40]], [[20, 62]], [[50, 50]]], ((0, 0), (0, 7), (0, 0)))
# Three queries; the gallery has two photos of item a, one of b, none of c. NEAREST lists the gallery by distance.
SHOP = Benchmark(
    "inshop", Path(), np.arange(6).astype(str), np.array(["query"] * 3 + ["gallery"] * 3),
    np.zeros((6, 4)), item=np.array(list("abcaba")),
)  # fmt: skip
NEAREST = np.array([[0, 1, 2], [2, 0, 1], [1, 0, 2]])


def example() -> pd.DataFrame:
    """Return the three-image example: columns measure, definition, worked (the sum in full), value."""
    answers = {"category": GUESSES, "landmarks": FOUND, "attributes": metrics.ranked(SCORES, 4)}
    answers["attributes_in_group"] = metrics.ranked_in_groups(SCORES, IMAGES.attribute_groups, 1)
    images = Results("category_attribute", IMAGES, np.arange(3), {METHOD: [answers]})
    rows = np.arange(6)
    shop = Results("inshop", SHOP, rows, {METHOD: [{"nearest": NEAREST}]}, query=rows[:3], gallery=rows[3:])
    table = [
        (images, "attributes", "micro", K, "micro", "(2 + 1 + 1) / (2 + 1 + 2)"),
        (images, "attributes", "macro", K, "macro", "(2/2 + 1/1 + 1/1 + 0/1) / 4"),
        (images, "attributes", "group", 1, "ranked inside the group, k = 1", "(2 + 1 + 2) / (2 + 1 + 2)"),
        (images, "attributes", "image", K, "mean per image", "(2/2 + 1/1 + 1/2) / 3"),
        (images, "attributes", "best50", K, "best 50 (here all 4)", "(2/2 + 1/1 + 1/1 + 0/1) / 4"),
        (images, "category", "micro", 1, "micro", "(1 + 0 + 1) / 3"),
        (images, "category", "macro", 1, "macro", "(1/2 + 1/1) / 2"),
        (images, "landmarks", "PDJ box", 0.1, "PDJ at 0.1 of the box", "(1 + 0) / 2"),
        (images, "landmarks", "PDJ diagonal", 0.1, "PDJ at 0.1 of the diagonal", "(1 + 1) / 2"),
        (images, "landmarks", "PDJ errors", 0.1, "PDJ, invisible as errors", "(1 + 0 + 0) / 3"),
        (images, "landmarks", "NE", np.nan, "NE", "(4/100 + 22/200) / 2"),
        (images, "landmarks", "PCK", 0.2, "PCK@0.2", "(1 + 1) / 2"),
        (images, "landmarks", "PCK side", 0.2, "PCK@0.2, longer side", "(1 + 1) / 2"),
        (images, "landmarks", "pixels", 10, "10 pixels of 224", "(1 + 0) / 2"),
        (shop, "search", "hit", 1, "hit at 1", "(1 + 0 + 0) / 3"),
        (shop, "search", "hit", 3, "hit at 3", "(1 + 1 + 0) / 3"),
        (shop, "search", "share found", 1, "share found at 1", "(1/2 + 0/1) / 2"),
        (shop, "search", "share found", 3, "share found at 3", "(2/2 + 1/1) / 2"),
    ]
    out = []
    for results, measure, definition, k, words_, worked in table:
        title = "category, top-1" if measure == "category" else measure
        out.append((title, words_, worked, value(results, measure, definition, k, METHOD)))
    return pd.DataFrame(out, columns=["measure", "definition", "worked", "value"])


def numbers(profile: str) -> pd.DataFrame:
    """Return FashionNet's numbers of a kept profile by definition: columns measure, definition, value (text)."""
    rows = printed(read(profile, "measures"))
    rows = rows[(rows.method == FASHIONNET) & rows.group.isin(("all", "within category"))]
    searched = (rows.measure == "search") & rows.k.isin((1, paper.RETRIEVAL_TOP_K)) & (rows.stage == "inshop")
    rows = rows[searched | (rows.measure != "search") & (rows.stage == "category_attribute")]
    out = []
    for row in rows.itertuples():
        measure, definition = words(row)
        measure = measure.replace("search", "in-shop") + (f", {row.group}" if row.group != "all" else "")
        out.append((measure, definition, f"{row.value:.3f}" if definition == "NE" else f"{100 * row.value:.1f}"))
    return pd.DataFrame(out, columns=["measure", "definition", "value"])


def parts() -> dict[str, str]:
    """Return the page's generated parts by name."""
    shown, profile = example(), kept()[0]
    shown["value"] = shown.value.map("{:.3f}".format)
    title = f"FashionNet of {PROFILES[profile]}, in per cent; NE in units of the box.\n\n"
    return {"example": markdown(shown), "numbers": title + markdown(numbers(profile))}


def filled() -> str:
    """Return the text of the page with its parts as they are now."""
    return fill(PAGE.read_text(encoding="utf-8"), parts(), "lib.report.definitions")


if __name__ == "__main__":
    text = filled()
    write_beside(PAGE, lambda part: part.write_text(text, encoding="utf-8"))
