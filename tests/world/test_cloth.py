"""Every pattern, fabric, finish and print is drawn, wraps, and differs from the others."""

from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest

from lib.world import cloth
from lib.world.garment import COLOURS, VALUES, sample

BASE = replace(
    sample("Tee", np.random.default_rng(0)),
    **{name: values[0] for name, values in VALUES.items()} | dict(colour="blue", accent="coral", seed=3, abstract=0.0),
)
LAID_BY_THE_PART = {"ombre", "two-tone", "colorblock", "dip-dye", "cutout", "layered"}  # see figure.py


def looks(g):
    """Tile and cover together, as float."""
    cover = cloth.holes_of(g.fabric)
    share = 1.0 if cover is None else cover[..., None] / 255
    return cloth.tile(g) * share + 128 * (1 - share)


@pytest.mark.parametrize("field, least", [("pattern", 6), ("fabric", 1.0), ("finish", 1.0)])
def test_every_value_looks_different(field, least):
    values = [v for v in VALUES[field] if v not in LAID_BY_THE_PART]
    pictures = {v: looks(replace(BASE, **{field: v})) for v in values}
    for a, b in combinations(values, 2):
        assert np.abs(pictures[a] - pictures[b]).mean() > least, (a, b)


@pytest.mark.parametrize("pattern", VALUES["pattern"])
def test_a_tile_wraps(pattern):
    """The step across the seam is about as large as the largest inside."""
    tile = cloth.tile(replace(BASE, pattern=pattern, fabric="scuba")).astype(float)
    for axis in (0, 1):
        inside = np.abs(np.diff(tile, axis=axis)).mean((1 - axis, 2))
        seam = np.abs(tile.take(0, axis) - tile.take(-1, axis)).mean()
        assert seam <= 1.6 * inside.max() + 6, axis


def test_emblems_are_drawn_and_words_differ():
    assert cloth.emblem(BASE) is None
    words = [*cloth._ICONS, "brooklyn", "new york", "la", "woke", "marilyn monroe"]
    pictures = [cloth.emblem(replace(BASE, emblem=word)) for word in words]
    for picture, word in zip(pictures, words, strict=True):
        assert picture.shape == (96, 96, 4) and 300 < (picture[..., 3] > 0).sum() < 8000, word
    for (a, one), (b, two) in combinations(zip(words, pictures, strict=True), 2):
        assert (one != two).any(), (a, b)


def test_a_print_is_seen_on_its_ground():
    for colour in COLOURS:
        g = replace(BASE, colour=colour, accent="white" if colour != "white" else "beige", emblem="brooklyn")
        ink = cloth.emblem(g)[..., :3][48, 48].astype(int)
        assert np.abs(ink - COLOURS[colour]).max() > 60, colour


def test_panels_are_other_cloth():
    for panel in VALUES["panel"][1:]:
        tile, cover = cloth.panel_cloth(panel, BASE)
        covered = 255 if cover is None else cover.mean()
        assert np.abs(tile.astype(int) - cloth.tile(BASE)).mean() > 8 or covered < 250, panel
