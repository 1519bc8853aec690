"""What to see in each figure, and what this run's tables say about it.

The sentences of FIGURES hold for every profile and data set; what a run found is computed from its tables by `finding`.
"""

from collections.abc import Callable
from typing import NamedTuple

import pandas as pd

from lib import paper
from lib.methods import FASHIONNET

Tables = Callable[[str], pd.DataFrame | None]  # a table's name -> the table, None where the run has none


class Caption(NamedTuple):
    """One figure of a run: its heading, one sentence that says what to see in it, the notebook that draws it."""

    title: str
    sentence: str
    notebook: str
    where: str = ""  # as the claims cite it, for example "figure 7"


FIGURES = {
    "The data": {
        "fig02": Caption("Figure 2", "Photos of the most frequent categories, and of attributes of each group: a label "
                         "should be visible in its picture.", "00_data"),
        "fig03": Caption("Figure 3", "A few categories and attributes have most of the images, so that averages over "
                         "images hide the rare ones.", "00_data"),
        "fig04": Caption("Figure 4", "Landmarks sit on collars, sleeves, waist and hem; pairs show one item as a consumer "
                         "and as a shop photographs it.", "00_data"),
        "photos_views": Caption("What the network sees", "Crops, jittered and mirrored: the marks must stay on the same "
                                "places of the clothes.", "00_data"),
        "contact_sheet": Caption("The drawn clothes", "Each category of the synthetic world, as a shop shows it and as a "
                                 "consumer does.", "00_data"),
    },
    "The network and its training": {
        "fig05_paper": Caption("Figure 5, the paper's network", "VGG-16 up to conv4, then three branches: landmarks, the "
                               "whole picture, and the places of the landmarks.", "01_model"),
        "fig05": Caption("Figure 5, the network of this run", "The same layers and branches at the size that this "
                         "profile trains.", "01_model"),
        "pooling": Caption("Figure 6", "Landmark pooling cuts a window around each landmark from a feature map; a landmark "
                           "that is not visible gives zeros.", "01_model"),
        "loss_curves_pretrain": Caption("Losses of the pre-training", "Falling held-out curves mean that a method still "
                                        "learns, rising ones that it begins to learn by heart.", "02_train"),
        "loss_curves": Caption("Losses of the fine-tuning", "The last epochs should be nearly flat: a curve that still "
                               "falls belongs to a method that was stopped too early.", "02_train"),
        "loss_curves_inshop": Caption("Losses of the in-shop search", "The triplet loss should fall for each method, on "
                                      "held-out items, too.", "04_inshop"),
        "loss_curves_consumer2shop": Caption("Losses of the consumer-to-shop search", "As above; pairs of two kinds of "
                                             "photos are harder to bring together.", "05_consumer2shop"),
    },
    "Categories and attributes": {
        "table2": Caption("Table 2", "This run beside the paper: compare the order of the methods within a column; the levels "
                          "can agree only on the paper's own data.",
                          "03_table2", "Table 2"),
        "fig07": Caption("Figure 7", "Recall of single attributes: the paper has FashionNet ahead of DARN and WTBI on each; "
                         "look for the groups in which it is ahead here.", "03_table2", "figure 7"),
    },
    "Searches": {
        "fig08a": Caption("Figure 8a", "Queries and the photos that come out nearest; a framed one shows the query's own "
                          "item, and the rest show what the network takes for similar.",
                          "04_inshop"),
        "fig08b": Caption("Figure 8b", "A higher curve finds the item earlier; the paper's order has FashionNet on top "
                          "and WTBI at the bottom.", "04_inshop", "figure 8b"),
        "fig09a": Caption("Figure 9a", "Consumers' photos and the shops' photos that come out nearest; a framed one is the "
                          "right item.",
                          "05_consumer2shop"),
        "fig09b": Caption("Figure 9b", "The same curves with consumers' photos as queries: the paper finds far fewer items "
                          "than in-shop.", "05_consumer2shop", "figure 9b"),
    },
    "Landmarks": {
        "photos_own": Caption("Real photos", "24 public-domain photos of clothes. Above each: its kind, and the category and attributes "
                              "predicted by a network that was trained on drawings alone; the marks are its landmarks.", "09_own_photo"),
        "photos_landmarks": Caption("Predicted landmarks", "Where the network puts its marks on photos that it has not "
                                    "seen: on the garment's own collar, sleeves, waist and hem, or beside them?", "06_landmarks"),
        "fig10a": Caption("Figure 10a", "The share of landmarks found within a distance: the paper has all eight above "
                          "80 % at 0.1.", "06_landmarks", "figure 10a"),
        "fig10a_each": Caption("Figure 10a, one panel per landmark", "The same curves apart, so that the methods can be "
                               "compared on each landmark.", "06_landmarks"),
        "fig10b": Caption("Figure 10b", "The network with attributes against the one without: the paper's finds more "
                          "landmarks with them.", "06_landmarks", "figure 10b"),
    },
    "Variations": {
        "fig11a": Caption("Figure 11a", "In-shop accuracy by the pose of the query: the paper finds scale (zoomed in or "
                          "out) harder than pose.", "07_variations", "figure 11a"),
        "fig11b": Caption("Figure 11b", "In-shop accuracy by category: the paper has dresses as the easiest and shorts as "
                          "the hardest.", "07_variations", "figure 11b"),
    },
    "All claims at a glance": {
        "fig_claims": Caption("The claims", "Each line is one claim, a dot with its interval: right of zero its direction holds, and "
                              "the black bar is the size of the paper's effect.", "08_claims"),
    },
}  # fmt: skip


def finding(name: str, tables: Tables) -> str:
    """Return what this run found in a figure, in one or two sentences; "" where its tables say nothing about it."""
    caption = next((c for group in FIGURES.values() for key, c in group.items() if key == name), None)
    parts = [_FINDINGS[name](tables)] if name in _FINDINGS else []
    if caption is not None and caption.where:
        parts.append(_verdicts(tables("claims"), caption.where))
    return " ".join(filter(None, parts))


def _verdicts(claims: pd.DataFrame | None, where: str) -> str:
    """Return how many of the claims that cite a figure got which verdict."""
    if claims is None:
        return ""
    found = claims[claims["where"].str.endswith(where)].direction
    if found.empty:
        return ""
    counts = ", ".join(f"{number} {verdict}" for verdict, number in found.value_counts().items())
    return f"Claims about it: {counts}."


def _table2(tables: Tables) -> str:
    table = tables("table2")
    if table is None:
        return ""
    table, said = table[table.method.isin(paper.METHODS)].set_index("method"), []
    for column, words in (("category_top3", "categories at top-3"), ("all_top5", "attributes at top-5")):
        if column in table and table[column].notna().any():
            said.append(f"{table[column].idxmax()} leads {words} ({table[column].max():.1f} %)")
    return f"Here {' and '.join(said)}." if said else ""


def _figure7(tables: Tables) -> str:
    leads = tables("fig07_leads")
    if leads is None:
        return ""
    ahead, level, behind = (int(leads[word].sum()) for word in ("ahead", "level", "behind"))
    return f"Here it is ahead on {ahead}, level on {level} and behind on {behind} attributes."


def _search(name: str) -> Callable[[Tables], str]:
    def say(tables: Tables) -> str:
        table = tables(name)
        if table is None:
            return ""
        at = table[(table.search == "all") & (table.k == paper.RETRIEVAL_TOP_K) & table.method.isin(paper.METHODS)]
        at = 100 * at.set_index("method").accuracy.dropna()
        if at.empty:
            return ""
        place = (
            f"; {FASHIONNET} is number {int((at > at[FASHIONNET]).sum()) + 1} of {len(at)}" if FASHIONNET in at else ""
        )
        best = f"{at.idxmax()} finds most ({at.max():.1f} %), {at.idxmin()} fewest ({at.min():.1f} %)"
        return f"Here, at k = {paper.RETRIEVAL_TOP_K}, {best}{place}."

    return say


def _figure10(tables: Tables) -> str:
    table = tables("pdj")
    if table is None:
        return ""
    at = table[(table.method == FASHIONNET) & (table.norm == "box") & (table.threshold == paper.PDJ_THRESHOLD)]
    at = 100 * at[at.landmark != "all"].set_index("landmark").pdj.dropna()
    if at.empty:
        return ""
    most, least = f"{at.idxmax()} ({at.max():.1f} %)", f"{at.idxmin()} ({at.min():.1f} %)"
    return f"Here, at {paper.PDJ_THRESHOLD}, the {most} is found most often and the {least} least."


def _variation(*by: str) -> Callable[[Tables], str]:
    def say(tables: Tables) -> str:
        table = tables("variations")
        if table is None:
            return ""
        at = table[(table.method == FASHIONNET) & table.by.isin(by) & (table.k == paper.RETRIEVAL_TOP_K)]
        at = 100 * at.set_index("value").accuracy.dropna()
        if at.empty:
            return ""
        most, least = f"{at.idxmax()} ({at.max():.1f} %)", f"{at.idxmin()} ({at.min():.1f} %)"
        return f"Here, at k = {paper.RETRIEVAL_TOP_K}, {most} is the easiest and {least} the hardest."

    return say


_FINDINGS: dict[str, Callable[[Tables], str]] = {
    "table2": _table2,
    "fig07": _figure7,
    "fig08b": _search("inshop"),
    "fig09b": _search("consumer2shop"),
    "fig10a": _figure10,
    "fig11a": _variation("pose", "scale"),
    "fig11b": _variation("category"),
}
