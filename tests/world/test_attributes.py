"""The 1,000 attributes: DeepFashion's names, and conditions that can be read and can hold."""

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from lib import paper
from lib.world import attributes
from lib.world.garment import VALUES, Clause, parse, sample

LISTS = Path(__file__).parent.parent.parent.parent / "shared" / "data" / "deepfashion_lists"


def test_names_and_groups_are_deepfashions():
    path = LISTS / "list_attr_cloth.txt"
    if not path.exists():
        pytest.skip("the real lists are not here")
    rows = [line.rsplit(None, 1) for line in path.read_text().splitlines()[2:]]
    assert [name.strip() for name, _ in rows] == list(attributes.NAMES)
    assert [int(group) for _, group in rows] == attributes.GROUPS.tolist()


def test_groups_have_deepfashions_sizes():
    sizes = {paper.ATTRIBUTE_GROUPS[group]: int((attributes.GROUPS == group).sum()) for group in paper.ATTRIBUTE_GROUPS}
    assert sizes == paper.ATTRIBUTES_PER_GROUP and len(set(attributes.NAMES)) == 1000


def test_fast_holds_agrees_with_a_slow_loop():
    rng = np.random.default_rng(0)
    for category in ("Dress", "Tee", "Jeans", "Skirt", "Jacket"):
        g = sample(category, rng)
        slow = [any(all(c.holds(g) for c in option) for option in row.condition) for row in attributes.ROWS]
        first = [all(c.holds(g) for c in row.condition[0]) for row in attributes.ROWS]
        held, may = attributes.shows(g)
        assert attributes.holds(g).tolist() == held.tolist() == slow and may.tolist() == first
        assert [attributes.has(g, name) for name in attributes.NAMES] == slow


def test_no_meaning_depends_on_tone_or_on_the_size_of_figures():
    fields = {clause.field for row in attributes.ROWS for option in row.condition for clause in option}
    assert not fields & {"tone", "scale", "seed"}


def test_a_condition_by_hand():
    (first,), both = parse("shape=dress|skirt"), parse("length>2.5 & closure!=zip or hem=lace")
    assert first == (Clause("shape", "=", ("dress", "skirt"), 0.0),)
    assert [len(option) for option in both] == [2, 1]
    g = replace(sample("Dress", np.random.default_rng(0)), length=2.6, closure="none", hem="plain")

    def truth(g):
        return any(all(c.holds(g) for c in option) for option in both)

    assert truth(g) and not truth(replace(g, closure="zip")) and truth(replace(g, closure="zip", hem="lace"))
    assert not truth(replace(g, length=2.5))


@pytest.mark.parametrize(
    "condition, message",
    [
        ("length", "'length' is not field, sign, value"),
        ("lenght>2", "a garment has no lenght"),
        ("length=2", "length is a number and takes < or >"),
        ("fabric=silk", "fabric has no silk"),
        ("fabric<lace", "fabric has no <"),
        ("fabric=lace or fabric=silk", "fabric has no silk"),
    ],
)
def test_a_condition_that_is_not_understood_is_named_with_its_line(condition, message, tmp_path):
    path = tmp_path / "a.csv"
    head = "name,group,holds,place,salience,title,note\n"
    path.write_text(head + f"x,1,pattern=solid,look,3,,\ny,1,{condition},look,3,,\n")
    with pytest.raises(ValueError, match="a.csv, line 3: .*" + re.escape(message)):
        attributes.read_table(path)


@pytest.mark.parametrize(
    "row, message",
    [("x,1,pattern=solid,look,11,,", "salience 11"), ("x,1,pattern=solid,look,3,y z,", "does not hold the name")],
)
def test_salience_and_title_are_checked(row, message, tmp_path):
    path = tmp_path / "a.csv"
    path.write_text(f"name,group,holds,place,salience,title,note\n{row}\n")
    with pytest.raises(ValueError, match=f"a.csv, line 2: .*{message}"):
        attributes.read_table(path)


def test_every_emblem_of_the_table_is_a_word_or_an_icon_that_is_drawn():
    words = {v for row in attributes.ROWS for o in row.condition for c in o if c.field == "emblem" for v in c.values}
    assert len(words) > 80 and all(re.fullmatch(r"[a-z ]+", word) for word in words)
    assert all(value in VALUES["pattern"] for value in ("floral", "solid"))


def test_words_without_a_plain_meaning_have_a_note():
    for row in attributes.ROWS:
        assert row.note or row.group != 5 or len(row.condition[0]) == 1, row.name
