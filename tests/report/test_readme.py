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


def test_real_photos_are_read_from_their_tables(tmp_path, monkeypatch):
    tables = tmp_path / "photos" / "tables"
    tables.mkdir(parents=True)
    monkeypatch.setattr(readme, "REFERENCE", tmp_path)

    def write(name, **columns):
        pd.DataFrame(columns).to_csv(tables / f"{name}.csv", index=False)

    write(
        "table2",
        method=["wtbi", "fashionnet", "prior"],
        all_top5=[60, 70, 40],
        all_top5_lo=[59, 68, 40],
        all_top5_hi=[61, 72, 40],
    )
    write("attribute_definitions", method=["wtbi", "fashionnet"], group="all", k=5, macro=[0.5, 0.55])
    shown = readme.real_photos().set_index("method")
    assert shown["attributes, top-5, micro"].tolist() == ["60.0 ± 1.0", "70.0 ± 2.0", "40.0"]
    assert shown.macro.tolist() == ["50.0", "55.0", readme.DASH]
    assert set(shown["landmarks, PDJ at 0.1"]) == set(shown["in-shop, top-20"]) == {readme.DASH}
    write("landmark_summary", **{"method": ["fashionnet"], "PDJ@0.1 box": 0.75, "lo": 0.74, "hi": 0.76})
    write(
        "inshop", method=["wtbi", "fashionnet"], search="all", k=20, accuracy=[0.3, 0.5], lo=[0.2, 0.4], hi=[0.4, 0.6]
    )
    write("inshop_categories", method=["fashionnet"], k=3, micro=[0.88], lo=[0.87], hi=[0.89])
    assert readme.real_photos().set_index("method").loc["fashionnet"].tolist() == [
        "70.0 ± 2.0", "55.0", "75.0 ± 1.0", "88.0 ± 1.0", "50.0 ± 10.0",
    ]  # fmt: skip
