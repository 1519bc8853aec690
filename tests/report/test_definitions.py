"""docs/METRICS.md shows what the metrics and the kept tables give, and its example is right by hand."""

import re

import pytest

from lib.report import definitions, measures


def test_the_page_is_as_the_tables_are():
    assert definitions.filled() == definitions.PAGE.read_text(encoding="utf-8"), "run python -m lib.report.definitions"


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
