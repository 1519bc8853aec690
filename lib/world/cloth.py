"""The cloth of a garment of the synthetic world: a tile that repeats, in the garment's colours, with the structure of
its fabric and its finish; and where skin shows through.

A tile is (T, T, 3) uint8 RGB and wraps on both axes. The random parts come from the garment's own seed: the same
garment has the same cloth in every picture, process and run.
"""

from collections import namedtuple
from functools import lru_cache

import cv2
import numpy as np

from lib.world.fabrics import grid, holes_of, noise, weave_of
from lib.world.garment import COLOURS, Garment
from lib.world.motifs import WHITE, T, mix
from lib.world.patterns import Tile

# What of a garment its cloth depends on.
Cloth = namedtuple("Cloth", ("colour", "accent", "seed", "pattern", "abstract", "fabric", "finish"))


def tile(g: Garment) -> np.ndarray:
    """Return the garment's cloth, (T, T, 3) uint8 RGB, repeating on both axes."""
    return _tile(Cloth(*(getattr(g, field) for field in Cloth._fields))).copy()


@lru_cache(maxsize=32)
def _tile(g: Cloth) -> np.ndarray:
    img = _woven(_printed(g._replace(fabric="", finish="")).copy(), g.fabric)
    Tile(img, g, tuple(img[0, 0].tolist()), np.random.default_rng([g.seed, 1])).draw("finishes", g.finish)
    return img


@lru_cache(maxsize=32)
def _printed(g: Cloth) -> np.ndarray:
    img = np.full((T, T, 3), COLOURS[g.colour], np.uint8)
    Tile(img, g, COLOURS[g.colour], np.random.default_rng(g.seed)).draw("patterns", g.pattern)
    if g.abstract > 0:
        bent = [np.float32(axis + 5 * g.abstract * noise(9, k)) for axis, k in zip(grid(), (0, 3), strict=True)]
        img = cv2.remap(img, *bent, cv2.INTER_LINEAR, borderMode=cv2.BORDER_WRAP)
    return img


def _woven(img: np.ndarray, fabric: str) -> np.ndarray:
    weave = weave_of(fabric)
    if weave is None:
        return img
    deep = np.maximum(img, 70).astype(np.float32)  # the weave of a dark cloth is seen by its light
    return np.clip(img + (weave[..., None] - 1) * deep, 0, 255).astype(np.uint8)


def panel_cloth(panel: str, g: Garment) -> tuple[np.ndarray, np.ndarray | None]:
    """Return tile and cover of a panel of another material."""
    base = COLOURS[g.accent] if panel in ("contrast", "leather") else mix(COLOURS[g.colour], WHITE, 0.25)
    if panel == "leather" and sum(base) > 600:
        base = (40, 34, 34)
    fabric = {"sheer": "tulle", "contrast": "cotton"}.get(panel, panel)
    return _woven(np.full((T, T, 3), base, np.uint8), fabric), holes_of(fabric)
