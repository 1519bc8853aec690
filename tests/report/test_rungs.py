"""Tables and figures of the ladder: values beside the registry's, leads by hand, sources without categories."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from answers import answers, make, search_results, value

from lib.report import measures, rungs
from lib.report.results import Results


@pytest.fixture
def found() -> dict[str, Results]:
    b = make(attribute_names=(*"abcdefghi", "v-neck", "maxi", "long sleeve"))
    rows = b.rows("test")
    each = {name: [answers(b, len(rows), 10 * i + s) for s in range(2)] for i, name in enumerate(("base", "rung"))}
    search = search_results()
    searched = {name: search.answers["fashionnet"] * 2 for name in each}
    stages = {"category_attribute": Results("category_attribute", b, rows, each)}
    return stages | {"inshop": replace(search, answers=searched)}


def test_values_are_the_registrys_and_leads_their_differences(found):
    table = rungs.measure_all(found, "base").set_index(["row", "stage", "measure", "definition", "group"])
    r = found["category_attribute"]
    for name, definition, k, group in (("attributes", "micro", 5, "texture"), ("category", "micro", 3, "all")):
        ours = table.loc["rung", "category_attribute", name, definition, group]
        base = value(r, name, definition, k, "base", group)
        assert ours.value == pytest.approx(value(r, name, definition, k, "rung", group))
        assert ours.lead == pytest.approx(ours.value - base) and ours.lead_lo <= ours.lead <= ours.lead_hi
    assert table.loc["base"].lead.eq(0).all() and (table.seeds == 2).all()
    assert table.loc["rung", "inshop", "search", "hit", "all"].lead == 0


def test_attributes_near_landmarks_are_those_with_such_words(found):
    r = rungs.near_landmarks(found["category_attribute"])
    assert r.members(rungs.NEAR_LANDMARKS).tolist() == [False] * 9 + [True] * 3
    matched, true = measures.attributes(r, "rung", 5, rungs.NEAR_LANDMARKS)
    labels = r.truth("attributes")[:, 9:] == 1
    answered = [(ranked[:, :5, None] == np.arange(9, 12)).any(1) for ranked in r.each("rung", "attributes")]
    assert true.sum() == labels.sum() and (matched == [(labels & a).sum(1) for a in answered]).all()


def test_a_source_of_attributes_alone_has_its_table_and_figures(found):
    r = found["category_attribute"]
    bare = replace(r, benchmark=replace(r.benchmark, category=None, landmarks=None))
    bare = replace(bare, answers={n: [{"attributes": a["attributes"]} for a in each] for n, each in r.answers.items()})
    table = rungs.measure_all({"category_attribute": bare}, "base")
    assert set(table.measure) == {"attributes"} and "attributes, top-5" in rungs.display(table)
    assert rungs.leads(table).loc["rung"].str.contains(r", [+-]\d+\.\d \[").all()
    figures = [rungs.draw_leads(table, "base"), rungs.draw_leads(table.assign(source="drawn"), "base")]
    assert [len(figure.axes) for figure in figures] == [3, 3]


def test_a_source_without_a_measure_keeps_the_colour_that_it_has_elsewhere(found):
    drawn = rungs.measure_all(found, "base").assign(source="drawn")
    bare = drawn[drawn.measure != "category"].assign(source="bare")
    axes = rungs.draw_leads(pd.concat([bare, drawn]), "base").axes
    colours = {axis.get_title(): [bars.lines[0].get_color() for bars in axis.containers] for axis in axes}
    assert colours["category\ntop-3"] == colours["attributes\ntop-5"] == rungs.PALETTE[:2]
