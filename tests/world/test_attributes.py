"""The 1,000 attributes: DeepFashion's names, and conditions that can be read and can hold."""

import csv
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from lib import lists
from lib.world import attributes
from lib.world.garment import Clause, parse, sample
from lib.world.titles import PLACES

LISTS = Path(__file__).parent.parent.parent.parent / "shared" / "data" / "deepfashion_lists"


def test_names_and_groups_are_deepfashions():
    path = LISTS / "list_attr_cloth.txt"
    if not path.exists():
        pytest.skip("the real lists are not here")
    rows = [line.rsplit(None, 1) for line in path.read_text().splitlines()[2:]]
    assert [name.strip() for name, _ in rows] == list(attributes.NAMES)
    assert [int(group) for _, group in rows] == attributes.GROUPS.tolist()


def test_groups_have_deepfashions_sizes():
    sizes = {lists.ATTRIBUTE_GROUPS[group]: int((attributes.GROUPS == group).sum()) for group in lists.ATTRIBUTE_GROUPS}
    assert sizes == {"texture": 156, "fabric": 218, "shape": 180, "part": 216, "style": 230}
    assert len(set(attributes.NAMES)) == 1000


def test_fast_holds_agrees_with_a_slow_loop():
    rng = np.random.default_rng(0)
    for category in ("Dress", "Tee", "Jeans", "Skirt", "Jacket"):
        g = sample(category, rng)
        slow = [any(all(c.holds(g) for c in option) for option in row.condition) for row in attributes.ROWS]
        first = [all(c.holds(g) for c in row.condition[0]) for row in attributes.ROWS]
        held, may = attributes.shows(g)
        assert attributes.holds(g).tolist() == held.tolist() == slow and may.tolist() == first


def test_every_row_can_be_used():
    """Titles hold the names; emblems are words; no meaning depends on the size of figures."""
    with open(attributes.TABLE, newline="") as file:
        notes = [row["note"] for row in csv.DictReader(file)]
    for row, note in zip(attributes.ROWS, notes, strict=True):
        assert 0 <= row.salience <= 9 and row.place in PLACES and f" {row.name} " in f" {row.title} ", row
        assert note or row.group != 5 or len(row.condition[0]) == 1, row  # a style's meaning is told
        clauses = [clause for option in row.condition for clause in option]
        assert not {clause.field for clause in clauses} & {"scale", "seed"}, row
        assert all(re.fullmatch(r"[a-z ]+", v) for c in clauses if c.field == "emblem" for v in c.values), row


def test_a_condition_by_hand():
    (first,), both = parse("shape=dress|skirt"), parse("length>2.5 & closure!=zip or hem=lace")
    assert first == (Clause("shape", "=", ("dress", "skirt"), 0.0),)
    assert [len(option) for option in both] == [2, 1]
    g = replace(sample("Dress", np.random.default_rng(0)), length=2.6, closure="none", hem="plain")

    def truth(g):
        return any(all(c.holds(g) for c in option) for option in both)

    assert truth(g) and not truth(replace(g, closure="zip")) and truth(replace(g, closure="zip", hem="lace"))
    assert not truth(replace(g, length=2.5))


@pytest.mark.parametrize("clause", ["length", "lenght>2", "length=2", "fabric=silk", "fabric<lace", "fabric=lace|silk"])
def test_a_condition_that_is_not_understood_is_named_with_its_line(clause, tmp_path):
    path = tmp_path / "a.csv"
    head = "name,group,holds,place,salience,title,note\nx,1,pattern=solid,look,3,,\n"
    path.write_text(head + f"y,1,pattern=solid & {clause},look,3,,\n")
    with pytest.raises(ValueError, match=re.escape(f"a.csv, line 3: {clause!r} is no condition")):
        attributes.read_table(path)
