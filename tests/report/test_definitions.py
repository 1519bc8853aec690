"""docs/METRICS.md shows what the metrics and the kept tables give, and its example is right by hand."""

import re

import pandas as pd
import pytest

from lib import paper
from lib.report import definitions, measures, readme


def test_the_page_is_as_the_tables_are():
    text = definitions.PAGE.read_text(encoding="utf-8")
    assert definitions.fill(text, definitions.parts(), definitions.START) == text, (
        "run python -m lib.report.definitions"
    )


@pytest.mark.parametrize(
    "row", definitions.example().to_dict("records"), ids=lambda row: f"{row['measure']} {row['definition']}"
)
def test_the_example_is_what_its_sum_says(row):
    assert re.fullmatch(r"[\d /+()]+", row["worked"])
    assert eval(row["worked"]) == pytest.approx(row["value"])


def test_every_definition_in_use_is_on_the_page():
    text = definitions.PAGE.read_text(encoding="utf-8")
    shown = definitions.example()
    wanted = {m.definition for m in measures.MEASURES if m.name == "attributes"}
    assert (shown.measure == "attributes").sum() == len(wanted) == 5
    for name in shown.definition.str.split(",").str[0].str.split(" \\(").str[0]:
        assert f"**{name}" in text or f"**{name.split(' at ')[0]}" in text, name


def test_the_numbers_are_the_tables():
    profile = definitions.kept()
    shown = definitions.numbers(profile).set_index(["measure", "definition"]).value
    table = pd.read_csv(readme.REFERENCE / profile / "tables" / "measures.csv")
    table = (
        table[table.method == "fashionnet"]
        .set_index(["stage", "measure", "definition", "group", "k"])
        .value.sort_index()
    )
    main = table["category_attribute", "attributes"]
    assert shown["attributes, top-5", "best 50"] == f"{100 * main['best50', 'all', 5]:.1f}"
    assert shown["attributes, top-5", "micro"] == f"{100 * main['micro', 'all', 5]:.1f}"
    wanted = table["inshop", "search", "share found", "all", paper.RETRIEVAL_TOP_K]
    assert shown["in-shop", "share found at 20"] == f"{100 * wanted:.1f}"


def test_a_page_without_its_marks_is_refused():
    with pytest.raises(ValueError):
        definitions.fill("no marks", definitions.parts(), definitions.START)
