"""The 1,000 attributes: DeepFashion's names, conditions that can hold and that differ."""

from pathlib import Path

import numpy as np
import pytest

from lib import attributes, garment, paper

LISTS = Path(__file__).parent.parent.parent / "shared" / "data" / "deepfashion_lists"


@pytest.fixture(scope="module")
def drawn():
    rng = np.random.default_rng(0)
    garments = [attributes.draw(rng) for _ in range(3000)]
    return garments, np.array([attributes.holds(g) for g in garments])


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


def test_every_attribute_can_be_worn():
    for name in attributes.NAMES:
        g = attributes.compose(names=[name])
        assert attributes.has(g, name) and garment.settle(g) == g, name


def test_no_two_conditions_are_the_same(drawn):
    conditions = [frozenset(clauses) for clauses in attributes.CONDITIONS]
    assert len(set(conditions)) == len(conditions)
    _, held = drawn
    frequent = np.flatnonzero(held.sum(0) >= 20)
    columns = {held[:, i].tobytes(): attributes.NAMES[i] for i in frequent}
    assert len(columns) == len(frequent)


def test_garments_have_a_few_attributes_each_with_a_long_tail(drawn):
    _, held = drawn
    assert 4 <= held.sum(1).mean() <= 8
    counts = np.sort(held.sum(0))[::-1]
    assert counts[:100].sum() > 0.45 * counts.sum() and counts[500] < 0.1 * counts[5]


def test_settling_twice_is_settling_once(drawn):
    garments, _ = drawn
    assert all(garment.settle(g) == g for g in garments[:500])
    assert {g.category for g in garments} >= set(garment.CATEGORY_NAMES) - {
        "Sarong",
        "Nightdress",
        "Gauchos",
        "Jodhpurs",
    }


def test_fields_hold_known_values(drawn):
    garments, _ = drawn
    for g in garments[:500]:
        assert all(getattr(g, field) in values for field, values in garment.VALUES.items())
        assert all(low - 1e-9 <= getattr(g, field) <= high + 1e-9 for field, (low, high) in garment.RANGES.items())
        assert g.colour != g.accent


def test_a_condition_by_hand():
    clauses = attributes.parse("shape=dress|skirt & length>2.5 & closure!=zip")
    g = attributes.compose("Dress", ["maxi"])
    assert g.length > 2.5 and [c.holds(g) for c in clauses] == [True, True, g.closure != "zip"]
    tee = attributes.compose("Tee")
    assert [c.holds(tee) for c in clauses[:2]] == [False, False]


@pytest.mark.parametrize(
    "condition, said",
    [
        ("length", "'length' is not field, sign, value"),
        ("lenght>2", "a garment has no lenght"),
        ("length=2", "length is a number and takes < or >"),
        ("fabric=silk", "fabric has no silk"),
        ("fabric<lace", "fabric has no <"),
    ],
)
def test_a_condition_that_is_not_understood_is_named_with_its_line(condition, said, tmp_path):
    path = tmp_path / "a.csv"
    path.write_text(f"name,group,holds,note\nx,1,pattern=solid,\ny,1,{condition},\n")
    with pytest.raises(ValueError, match="a.csv, line 3: .*" + said.replace("|", "\\|")):
        attributes.read_table(path)


@pytest.mark.parametrize(
    "category, names, said",
    [
        (None, ["maxi", "mini"], "m(axi|ini) and m(axi|ini) cannot hold together"),
        ("Jeans", ["v-neck"], "v-neck cannot hold together of a Jeans"),
        ("Jean", [], "no category 'Jean'; did you mean Jeans"),
        (None, ["stripy"], "no attribute 'stripy'; did you mean strip"),
    ],
)
def test_what_cannot_be_is_one_sentence(category, names, said):
    with pytest.raises(ValueError, match=said):
        attributes.compose(category, names)


def test_several_attributes_hold_together():
    g = attributes.compose("Dress", ["polka dot", "fit flare", "sweetheart"], seed=2)
    assert all(attributes.has(g, name) for name in ("polka dot", "fit flare", "sweetheart"))


def test_words_without_a_plain_meaning_have_a_note():
    for name, group, note in zip(attributes.NAMES, attributes.GROUPS, attributes.NOTES, strict=True):
        assert note or group != 5, name
