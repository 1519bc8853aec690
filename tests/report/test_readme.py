"""The README and the results page show what the kept tables hold."""

import pandas as pd
import pytest

from lib import paper
from lib.methods import METHODS
from lib.report import readme

KEPT = [name for name in readme.PROFILES if (readme.REFERENCE / name / "tables" / "table2.csv").exists()]


def test_the_readme_and_the_results_page_are_as_the_tables_are():
    assert KEPT, "no results are kept under outputs/reference"
    text = (readme.ROOT / "README.md").read_text()
    assert readme.fill(text, readme.parts()) == text, "run python -m lib.report.readme"
    assert (readme.REFERENCE / "README.md").read_text() == readme.results_page(), "run python -m lib.report.readme"


@pytest.mark.parametrize("profile", KEPT)
def test_headline_numbers_are_the_tables_and_the_papers(profile):
    shown = readme.headline(profile).set_index("method")
    table = pd.read_csv(readme.REFERENCE / profile / "tables" / "table2.csv").set_index("method")
    for method in [m for m in METHODS if m in table.index]:
        assert shown.loc[method, "attributes, top-5: here"].split(" ")[0] in (
            f"{table.all_top5[method]:.1f}",
            readme.DASH,
        )
        printed = paper.TABLE2.get(method)
        assert shown.loc[method, "category, top-3: paper"] == (
            f"{printed['category'][0]:.1f}" if printed else readme.DASH
        )
    assert shown.loc["fashionnet", "in-shop, top-20: paper"] == "76.4"
    assert shown.loc["fashionnet+joints", "in-shop, top-20: paper"] == "68.4"  # eight points below
    assert shown.loc["fashionnet", "consumer-to-shop, top-20: paper"] == "18.8"


def test_a_table_becomes_markdown():
    table = pd.DataFrame({"a": ["x", "y"], "b": [1, 2]})
    assert readme.markdown(table) == "| a | b |\n| --- | --- |\n| x | 1 |\n| y | 2 |\n"


def test_a_readme_without_its_marks_is_refused():
    with pytest.raises(ValueError):
        readme.fill("no marks", readme.parts())
