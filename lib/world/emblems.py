"""What is printed on the chest: an icon, a word, or both."""

from functools import lru_cache

import cv2
import numpy as np

from lib.world.garment import COLOURS, Garment
from lib.world.motifs import AA, DRAWINGS, FIGURES

EMBLEM = 96
_ICON_ROWS = 64  # an icon takes the rows above, its word those below
_ICONS = {word: FIGURES[icon] for icon, words in DRAWINGS["emblems"].items() for word in words}


@lru_cache(maxsize=512)
def _lettering(word: str, height: int) -> np.ndarray:
    """Return lettering that fills (height, EMBLEM) uint8 as far as letters stretch; never written to."""
    mask, lines = np.zeros((height, EMBLEM), np.uint8), []
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
        wide = min(EMBLEM - 4, int(1.6 * (space - 4) * w / h))
        high = min(space - 4, int(1.8 * wide * h / w))
        x, y = (EMBLEM - wide) // 2, i * space + (space - high) // 2
        mask[y : y + high, x : x + wide] = cv2.resize(drawn, (wide, high), interpolation=cv2.INTER_AREA)
    return mask


def emblem(g: Garment) -> np.ndarray | None:
    """Return what is printed on the chest, (EMBLEM, EMBLEM, 4) uint8 RGBA, or None where there is nothing.

    An icon has its word below; other words are lettering alone.
    """
    if g.emblem == "none":
        return None
    ground, ink = COLOURS[g.colour], COLOURS[g.accent]
    if g.contrast < 0.5:
        ink = (246, 246, 242) if sum(ground) < 400 else (30, 30, 34)
    out = np.zeros((EMBLEM, EMBLEM, 4), np.uint8)
    out[..., :3] = ink
    if g.emblem not in _ICONS:
        out[..., 3] = _lettering(g.emblem, EMBLEM)
        return out
    icon = np.zeros((EMBLEM, EMBLEM, 3), np.uint8)
    visible = tuple(max(4, v) for v in ink)
    _ICONS[g.emblem](icon, EMBLEM / 2, 0.33 * EMBLEM, 0.3 * EMBLEM, visible, ground, 0.5)
    drawn = icon.max(2) > 2
    out[drawn, :3] = icon[drawn]
    out[_ICON_ROWS:, :, 3] = _lettering(g.emblem, EMBLEM - _ICON_ROWS)
    out[drawn, 3] = 255
    return out
