"""The generated parts of docs/METRICS.md: the three-image example, and one model's numbers under every definition.

    python -m lib.report.definitions

The example is scored by `lib.metrics` here; a test works it out again from the sums that the page shows. The numbers of
the model are those of the tables kept under outputs/reference/.
"""

import numpy as np
import pandas as pd

from lib import metrics, paper
from lib.artefact import write_beside
from lib.lists import DataError
from lib.methods import FASHIONNET
from lib.report.measures import printed, words
from lib.report.readme import PROFILES, REFERENCE, fill, markdown, read
from lib.report.results import ROOT

PAGE = ROOT / "docs" / "METRICS.md"
START = "<!-- {name}: written by python -m lib.report.definitions, checked by a test -->\n"

# Three images. Attributes 0 and 1 are of group 1, 2 and 3 of group 2; scores rank each image's list, k = 2.
ATTRIBUTES = np.array([[1, -1, 1, -1], [1, -1, -1, -1], [-1, 1, -1, 1]])
GROUPS = np.array([1, 1, 2, 2])
SCORES = np.array([[0.9, 0.1, 0.8, 0.2], [0.7, 0.3, 0.6, 0.5], [0.8, 0.9, 0.1, 0.5]])
K = 2
CATEGORY, GUESSES = np.array([0, 0, 1]), np.array([[0, 1], [1, 0], [1, 0]])  # two of category 0; first guesses
# One landmark per image, pixels, in boxes of 100 x 200; all are visible but the last, which is cut off.
TRUE = np.array([[[20.0, 40]], [[20, 40]], [[np.nan, np.nan]]])
FOUND = np.array([[[24.0, 40]], [[20, 62]], [[50, 50]]])
VISIBILITY, BOX = np.array([[0], [0], [2]]), np.tile([0.0, 0, 100, 200], (3, 1))
# Three queries; the gallery has two photos of item a, one of b, none of c. NEAREST lists the gallery by distance.
QUERY_ITEMS, GALLERY_ITEMS = np.array(["a", "b", "c"]), np.array(["a", "b", "a"])
NEAREST = np.array([[0, 1, 2], [2, 0, 1], [1, 0, 2]])


def example() -> pd.DataFrame:
    """Return the three-image example: columns measure, definition, worked (the sum in full), value."""
    ranked, inside = metrics.ranked(SCORES, K), metrics.ranked_in_groups(SCORES, GROUPS, 1)
    recall = {
        d: metrics.attribute_recall(
            inside if d == "group" else ranked, ATTRIBUTES, 1 if d == "group" else K, GROUPS, d
        )[0]
        for d in metrics.ATTRIBUTE_DEFINITIONS
    }
    by_box, by_diagonal = (metrics.landmark_distances(np.nan_to_num(FOUND), TRUE, BOX, n) for n in ("box", "diagonal"))
    near = [paper.PDJ_THRESHOLD]
    search = metrics.retrieval_accuracy(NEAREST, QUERY_ITEMS, GALLERY_ITEMS, (1, 3))
    rows = [
        ("attributes", "micro", "(2 + 1 + 1) / (2 + 1 + 2)", recall["micro"]["all"]),
        ("attributes", "macro", "(2/2 + 1/1 + 1/1 + 0/1) / 4", recall["macro"]["all"]),
        ("attributes", "ranked inside the group, k = 1", "(2 + 1 + 2) / (2 + 1 + 2)", recall["group"]["all"]),
        ("attributes", "mean per image", "(2/2 + 1/1 + 1/2) / 3", recall["image"]["all"]),
        ("attributes", "best 50 (here all 4)", "(2/2 + 1/1 + 1/1 + 0/1) / 4", recall["best50"]["all"]),
        ("category, top-1", "micro", "(1 + 0 + 1) / 3", metrics.topk_accuracy(GUESSES, CATEGORY, 1)),
        ("category, top-1", "macro", "(1/2 + 1/1) / 2", metrics.topk_accuracy(GUESSES, CATEGORY, 1, "macro")),
        ("landmarks", "PDJ at 0.1 of the box", "(1 + 0) / 2", metrics.pdj(by_box, VISIBILITY, near)[1][0]),
        ("landmarks", "PDJ at 0.1 of the diagonal", "(1 + 1) / 2", metrics.pdj(by_diagonal, VISIBILITY, near)[1][0]),
        (
            "landmarks",
            "PDJ, invisible as errors",
            "(1 + 0 + 0) / 3",
            metrics.pdj(by_box, VISIBILITY, near, "errors")[1][0],
        ),
        ("landmarks", "NE", "(4/100 + 22/200) / 2", metrics.normalised_error(by_box, VISIBILITY)[1]),
        ("landmarks", "PCK@0.2", "(1 + 1) / 2", metrics.pck(by_box, VISIBILITY)[1]),
        ("landmarks", "10 pixels of 224", "(1 + 0) / 2", metrics.within_pixels(FOUND, TRUE, BOX, VISIBILITY)[1]),
        ("search", "hit at 1", "(1 + 0 + 0) / 3", search["accuracy"][1]),
        ("search", "hit at 3", "(1 + 1 + 0) / 3", search["accuracy"][3]),
        ("search", "share found at 1", "(1/2 + 0/1) / 2", search["recall"][1]),
        ("search", "share found at 3", "(2/2 + 1/1) / 2", search["recall"][3]),
    ]
    return pd.DataFrame(rows, columns=["measure", "definition", "worked", "value"])


def numbers(profile: str) -> pd.DataFrame:
    """Return FashionNet's numbers of a kept profile by definition: columns measure, definition, value (text)."""
    rows = printed(read(profile, "measures"))
    rows = rows[
        (rows.method == FASHIONNET) & rows.group.isin(("all", "within category")) & (rows.measure != "variations")
    ]
    rows = rows[(rows.measure != "search") | rows.k.isin((1, paper.RETRIEVAL_TOP_K)) & (rows.stage == "inshop")]
    rows = rows[(rows.measure != "category") | (rows.stage == "category_attribute")]
    shown = pd.DataFrame([words(row) for row in rows.itertuples()], columns=["measure", "definition"])
    inside = rows.group.to_numpy() == "within category"
    shown["measure"] = np.where(shown.measure == "search", "in-shop", shown.measure) + np.where(
        inside, ", within category", ""
    )
    shown["value"] = [
        f"{value:.3f}" if nearness == "NE" else f"{100 * value:.1f}"
        for value, nearness in zip(rows.value, rows.definition, strict=True)
    ]
    return shown


def kept() -> str:
    """Return the first kept profile. Raises DataError without one."""
    for profile in PROFILES:
        if read(profile, "measures") is not None:
            return profile
    raise DataError(f"{REFERENCE}: no kept results; run python -m lib.commands.keep demo after ./run_all.sh")


def parts() -> dict[str, str]:
    """Return the page's generated parts by name."""
    shown = example()
    shown["value"] = [f"{value:.3f}" for value in shown.value]
    profile = kept()
    return {
        "example": markdown(shown),
        "numbers": f"FashionNet of {PROFILES[profile]}, in per cent; NE in units of the box.\n\n"
        + markdown(numbers(profile)),
    }


def main() -> None:
    text = fill(PAGE.read_text(encoding="utf-8"), parts(), START)
    write_beside(PAGE, lambda part: part.write_text(text, encoding="utf-8"))


if __name__ == "__main__":
    main()
