"""The README and the results page show what the kept tables hold."""

import re

import pandas as pd
import pytest

from lib import paper
from lib.report import files, readme


def test_the_readme_and_the_results_page_are_as_the_tables_are():
    text = (readme.ROOT / "README.md").read_text()
    assert readme.fill(text, readme.parts()) == text, "run python -m lib.report.readme"
    assert re.search(r"\| fashionnet \|.* ± \d\.\d \(76\.4\) \|.* \(18\.8\) \|\n", readme.parts()["results"])
    assert (readme.REFERENCE / "README.md").read_text() == readme.results_page(), "run python -m lib.report.readme"


@pytest.mark.parametrize("profile", [profile for profile in readme.kept() if profile != "photos"])
def test_headline_numbers_are_the_tables_and_the_papers(profile):
    shown = readme.headline(profile).set_index("method")
    table = pd.read_csv(readme.REFERENCE / profile / "tables" / "measures.csv")
    table = table[(table.measure == "attributes") & (table.definition == "micro") & (table.k == 5)]
    for row in table[table.group == "all"].itertuples():
        assert shown.loc[row.method, "attributes, top-5: here"].split(" ")[0] == f"{100 * row.value:.1f}"
        printed = paper.TABLE2.get(row.method)
        wanted = f"{printed['category'][0]:.1f}" if printed else readme.DASH
        assert shown.loc[row.method, "category, top-3: paper"] == wanted
    assert shown.loc["darn", "in-shop, top-20: paper"] == "67.5"


def test_leads_are_differences_to_fashionnet_turned_round(tmp_path, monkeypatch):
    monkeypatch.setattr(readme, "REFERENCE", tmp_path)
    names = ["stage", "method", "measure", "definition", "group", "k", "difference", "d_lo", "d_hi"]
    main, inshop = ("category_attribute", "attributes", "micro"), ("inshop", "search", "hit")
    rows = [(main, "fashionnet", 5, 0, 0, 0), (main, "darn", 5, 0.02, 0.01, 0.04), (main, "prior", 5, -0.5, -0.6, -0.4)]
    rows += [(inshop, "wtbi", 20, -0.1, -0.2, 0.05)]
    rows = [(stage, method, *kind, "all", k, *numbers) for (stage, *kind), method, k, *numbers in rows]
    files.save_table(pd.DataFrame(rows, columns=names), tmp_path / "demo", "measures")
    shown = readme.leads("demo").set_index("fashionnet over")
    assert shown.to_dict("index") == {
        "wtbi": {"attributes, top-5": readme.DASH, "in-shop, top-20": "+10.0 [-5.0, +20.0]"},
        "darn": {"attributes, top-5": "-2.0 [-4.0, -1.0]", "in-shop, top-20": readme.DASH},
    }


def test_real_photos_are_read_from_their_table(tmp_path, monkeypatch):
    monkeypatch.setattr(readme, "REFERENCE", tmp_path)
    main = "category_attribute"
    rows = [(main, "wtbi", "attributes", "micro", "all", 5, 0.6, 0.59, 0.61)]
    rows.append((main, "prior", "attributes", "micro", "all", 5, 0.4, 0.39, 0.41))
    rows.append((main, "wtbi", "attributes", "macro", "all", 5, 0.5, None, None))
    rows.append(("inshop", "wtbi", "search", "hit", "all", 20, 0.3, 0.2, 0.4))
    names = ["stage", "method", "measure", "definition", "group", "k", "value", "lo", "hi"]
    files.save_table(pd.DataFrame(rows, columns=names), tmp_path / "photos", "measures")
    shown = readme.real_photos().set_index("method")
    assert shown.loc["wtbi"].tolist() == ["60.0 ± 1.0", "50.0", readme.DASH, readme.DASH, "30.0 ± 10.0"]
    assert shown.loc["prior"].tolist() == ["40.0 ± 1.0", *[readme.DASH] * 4]


def test_the_rule_of_a_table_is_the_one_in_its_column(tmp_path, monkeypatch):
    """A table that an earlier rule has judged says so, whatever today's rule is; p-values and doses are shown."""
    monkeypatch.setattr(readme, "REFERENCE", tmp_path)
    row = {"group": "a", "claim": "one", "where": "4.1", "paper": 0.2, "measured": 0.1, "lo": 0.05, "hi": 0.15}
    row |= {"detectable": 0.1, "p": 0.0321}
    row |= {"direction": "held", "size": "smaller", "dose": "joints: 60 % found", "reason": "far", "rule": "2001-02-03"}
    files.save_table(pd.DataFrame([row]), tmp_path / "demo", "claims")
    assert "2001-02-03" in readme.rule("demo") and readme.RULE_DATE not in readme.rule("demo")
    shown = readme.claims_full("demo").iloc[0]
    assert (shown.p, shown.dose, shown.here) == ("0.032", "joints: 60 % found", "+10.0 [+5.0, +15.0]")
