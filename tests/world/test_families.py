"""Families: versions of one design that differ in a few details, all of which can be seen."""

from dataclasses import replace

import numpy as np
import pytest

from lib.world import figure
from lib.world.families import DETAILS, differences, draw_line, sizes
from lib.world.garment import settle


@pytest.fixture(scope="module")
def lines():
    return [draw_line((5, 8, 4), np.random.default_rng(seed), details=3) for seed in range(3)]


def test_family_sizes_fill_the_split():
    rng = np.random.default_rng(0)
    for items in (*range(40), 997, 1000):
        counts = sizes(items, rng)
        assert sum(counts) == items and all(4 <= n <= 8 or items < 4 for n in counts)


def test_a_line_shares_its_design_and_its_families_differ_in_one_to_three_details(lines):
    for line in lines:
        garments = [g for family in line for g in family]
        assert len(set(garments)) == len(garments) == 17 and all(settle(g) == g for g in garments)
        assert len({(g.category, g.fabric, g.colour, g.accent, g.length, g.fit, g.seed) for g in garments}) == 1
        for family in line:
            pairs = [differences(a, b) for i, a in enumerate(family) for b in family[:i]]
            assert all(1 <= len(pair) <= 3 for pair in pairs)
            assert set().union(*pairs) <= set(DETAILS) and len(set().union(*pairs)) <= 3


def test_details_limit_the_differences():
    (family,) = draw_line((6,), np.random.default_rng(4), details=2)
    assert max(len(differences(a, b)) for a in family for b in family) <= 2
    with pytest.raises(RuntimeError, match="no design with 400 versions in 1 details was found"):
        draw_line((400,), np.random.default_rng(0), details=1)


def test_differences_are_seen_from_the_front(lines):
    for family in lines[0]:
        pictures = [figure.Picture(g, np.random.default_rng(3), 96).image.astype(int) for g in family]
        for i, one in enumerate(pictures):
            assert all((np.abs(one - two).max(2) > 20).sum() >= 6 for two in pictures[:i])


def test_differences_by_hand(lines):
    g = replace(lines[0][0][0], panel="none", panel_at="none", trim="none")
    assert differences(g, g) == set()
    assert differences(g, replace(g, panel="lace", panel_at="hem", trim="tassel")) == {"panel", "trim"}
