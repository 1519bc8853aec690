"""Garments by wish: every attribute can be worn, contradictions are named."""

import numpy as np
import pytest

from lib.world.attributes import NAMES, holds
from lib.world.garment import (
    CATEGORY_NAMES,
    CATEGORY_WEIGHTS,
    NEIGHBOURS,
    RANGES,
    VALUES,
    category_ceiling,
    choices,
    sample,
    settle,
)
from lib.world.wardrobe import compose, draw


def test_every_attribute_can_be_worn():
    for number, name in enumerate(NAMES):
        g = compose(names=[name])
        assert holds(g)[number] and settle(g) == g, name


def test_drawn_garments_hold_known_values_and_are_settled():
    rng = np.random.default_rng(0)
    drawn = [draw(rng, overlap=0.25) for _ in range(500)]
    assert len({g.category for g in drawn}) > 35
    for g in drawn:
        assert settle(g) == g and g.colour != g.accent
        assert all(getattr(g, field) in values for field, values in VALUES.items())
        assert all(low - 1e-9 <= getattr(g, field) <= high + 1e-9 for field, (low, high) in RANGES.items())


def test_a_neighbours_cut_is_drawn_as_often_as_asked():
    """Sweatpants get narrow towards the hem only with the cut of some neighbours."""
    rng, others = np.random.default_rng(1), NEIGHBOURS["Sweatpants"]
    share_of_narrow = np.mean([choices(name)["flare"][1] < 0 for name in others])
    narrow = [np.mean([sample("Sweatpants", rng, share).flare < 0 for _ in range(400)]) for share in (0.0, 0.5)]
    assert narrow[0] == 0 and narrow[1] == pytest.approx(0.5 * share_of_narrow, abs=0.07) and share_of_narrow > 0


def test_the_ceiling_of_categories_is_what_a_viewer_of_cuts_can_reach(monkeypatch):
    """Garments are sampled; which cut each has is noted where `sample` asks for it."""
    rng, seen, cuts = np.random.default_rng(0), {}, []
    monkeypatch.setitem(sample.__globals__, "choices", lambda name: cuts.append(name) or choices(name))
    for number in rng.choice(len(CATEGORY_NAMES), 4000, p=CATEGORY_WEIGHTS):
        g = sample(CATEGORY_NAMES[number], rng, overlap=0.5)
        seen.setdefault((cuts[-1], g.wearer), []).append(g.category)
    frequencies = dict(zip(CATEGORY_NAMES, CATEGORY_WEIGHTS.tolist(), strict=True))
    for k in (1, 3):
        hits = sum(sum(sorted(map(names.count, set(names)))[-k:]) for names in seen.values())
        assert category_ceiling(k, 0.5, frequencies) == pytest.approx(hits / 4000, abs=0.02)
    assert category_ceiling(1, 0, frequencies) == pytest.approx(1) == category_ceiling(50, 0.5, frequencies)


@pytest.mark.parametrize(
    "category, names, message",
    [
        (None, ["maxi", "mini"], "m(axi|ini) and m(axi|ini) cannot hold together"),
        ("Jeans", ["v-neck"], "v-neck cannot hold together of a Jeans"),
        ("Jean", [], "no category 'Jean'; did you mean Jeans"),
        (None, ["stripy"], "no attribute 'stripy'; did you mean strip"),
    ],
)
def test_what_cannot_be_is_one_sentence(category, names, message):
    with pytest.raises(ValueError, match=message):
        compose(category, names)
