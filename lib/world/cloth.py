"""The cloth of a garment of the synthetic world: a tile that repeats, in the garment's colours, with the structure of
its fabric and its finish; where skin shows through; and what is printed on the chest: an icon, a word, or both.

A tile is (T, T, 3) uint8 RGB and wraps on both axes. The random parts come from the garment's own seed: the same
garment has the same cloth in every picture, process and run.
"""

from collections import namedtuple
from functools import lru_cache

import cv2
import numpy as np

from lib.world.fabrics import GRID, holes_of, noise, weave_of
from lib.world.garment import COLOURS, Garment
from lib.world.motifs import AA, DRAWINGS, FIGURES, WHITE, T, mix
from lib.world.patterns import Tile

# What of a garment its cloth depends on.
Cloth = namedtuple("Cloth", ("colour", "accent", "seed", "pattern", "abstract", "fabric", "finish"))
_ICON_ROWS = 64  # an icon takes the rows above, its word those below
_ICONS = {word: FIGURES[icon] for icon, words in DRAWINGS["emblems"].items() for word in words}


def tile(g: Garment) -> np.ndarray:
    """Return the garment's cloth, (T, T, 3) uint8 RGB, repeating on both axes."""
    return _tile(Cloth(*(getattr(g, field) for field in Cloth._fields))).copy()


@lru_cache(maxsize=32)
def _tile(g: Cloth) -> np.ndarray:
    img = _woven(_printed(g._replace(fabric="", finish="")).copy(), g.fabric)
    if g.finish in DRAWINGS["finishes"]:
        Tile(img, g, tuple(img[0, 0].tolist()), np.random.default_rng([g.seed, 1])).draw("finishes", g.finish)
    return img


@lru_cache(maxsize=32)
def _printed(g: Cloth) -> np.ndarray:
    img = np.full((T, T, 3), COLOURS[g.colour], np.uint8)
    Tile(img, g, COLOURS[g.colour], np.random.default_rng(g.seed)).draw("patterns", g.pattern)
    if g.abstract > 0:
        bent = [np.float32(axis + 5 * g.abstract * noise(9, k)) for axis, k in zip(GRID, (0, 3), strict=True)]
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


@lru_cache(maxsize=512)
def _lettering(word: str, height: int) -> np.ndarray:
    """Return lettering that fills (height, T) uint8 as far as letters stretch; never written to."""
    mask, lines = np.zeros((height, T), np.uint8), []
    for part in word.upper().split(" "):  # no line has more than six letters: large letters are read from afar
        count = -(-len(part) // 6)
        step = -(-len(part) // count)
        lines += [part[k : k + step] for k in range(0, len(part), step)]
    face = (cv2.FONT_HERSHEY_DUPLEX, cv2.FONT_HERSHEY_TRIPLEX)[sum(map(ord, word)) % 2]
    space = height // len(lines)
    for i, line in enumerate(lines):
        (width, tall), below = cv2.getTextSize(line, face, 2.0, 7)
        drawn = np.zeros((tall + below + 8, width + 8), np.uint8)
        cv2.putText(drawn, line, (4, tall + 4), face, 2.0, 255, 7, AA)
        x, y, w, h = cv2.boundingRect(drawn)
        drawn = drawn[y : y + h, x : x + w]
        wide = min(T - 4, int(1.6 * (space - 4) * w / h))
        high = min(space - 4, int(1.8 * wide * h / w))
        x, y = (T - wide) // 2, i * space + (space - high) // 2
        mask[y : y + high, x : x + wide] = cv2.resize(drawn, (wide, high), interpolation=cv2.INTER_AREA)
    return mask


def emblem(g: Garment) -> np.ndarray | None:
    """Return what is printed on the chest, (T, T, 4) uint8 RGBA, or None where there is nothing. An icon has
    its word below; other words are lettering alone."""
    if g.emblem == "none":
        return None
    ground, ink = COLOURS[g.colour], COLOURS[g.accent]
    if g.contrast < 0.5:
        ink = (246, 246, 242) if sum(ground) < 400 else (30, 30, 34)
    out = np.zeros((T, T, 4), np.uint8)
    out[..., :3] = ink
    if g.emblem not in _ICONS:
        out[..., 3] = _lettering(g.emblem, T)
        return out
    icon = np.zeros((T, T, 3), np.uint8)
    visible = tuple(max(4, v) for v in ink)
    _ICONS[g.emblem](icon, T / 2, 0.33 * T, 0.3 * T, visible, ground, 0.5)
    drawn = icon.max(2) > 2
    out[drawn, :3] = icon[drawn]
    out[_ICON_ROWS:, :, 3] = _lettering(g.emblem, T - _ICON_ROWS)
    out[drawn, 3] = 255
    return out
