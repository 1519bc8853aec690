"""docs/METRICS.md shows what the metrics and the kept tables give, and its example is right by hand."""

import re

import pytest

from lib.report import definitions


def test_the_page_is_as_the_tables_are():
    assert definitions.filled() == definitions.PAGE.read_text(encoding="utf-8"), "run python -m lib.report.definitions"


@pytest.mark.parametrize(
    "row", definitions.example().to_dict("records"), ids=lambda row: f"{row['measure']} {row['definition']}"
)
def test_the_example_is_what_its_sum_says(row):
    assert re.fullmatch(r"[\d /+()]+", row["worked"])
    assert eval(row["worked"]) == pytest.approx(row["value"])
