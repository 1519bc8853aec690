"""What is printed on the chest: an icon, a word, or both."""

from functools import lru_cache

import cv2
import numpy as np

from lib.world import motifs
from lib.world.garment import COLOURS, Garment
from lib.world.motifs import AA, arc, place

EMBLEM = 96
_ICON_ROWS = 64  # an icon takes the rows above, its word those below
_INK, _GAP = None, (1, 1, 1)  # the print's own colour; where the cloth is seen
_UPPER_HALF = np.linspace(np.pi, 2 * np.pi, 12)
# Icons of radius 1, in the order in which they are drawn: ovals (x, y, half width, half height, colour), polygons
# (corners, colour) and lines (points, colour, width in pixels).
_CAT = [
    ([(-0.25, -0.5), (-0.85, -1.1), (-0.9, -0.1)], _INK), ([(0.25, -0.5), (0.85, -1.1), (0.9, -0.1)], _INK),
    (0, 0, 0.95, 0.8, _INK), (-0.4, -0.1, 0.14, 0.2, _GAP), (0.4, -0.1, 0.14, 0.2, _GAP), (0, 0.25, 0.12, 0.08, _GAP),
]  # fmt: skip
_MOON = [(0, 0, 1, 1, _INK), (0.45, -0.2, 0.85, 0.85, _GAP)]
_MOUSE = [(-0.7, -0.65, 0.45, 0.45, _INK), (0.7, -0.65, 0.45, 0.45, _INK), (0, 0, 0.75, 0.75, _INK)]
_SMILE = [
    (0, 0, 1, 1, (246, 206, 60)), (-0.35, -0.25, 0.1, 0.18, _GAP), (0.35, -0.25, 0.1, 0.18, _GAP),
    (arc(0, 0.1, 0.6, 0.5, np.linspace(0.4, np.pi - 0.4, 9)), _GAP, 3),
]  # fmt: skip
_BOLT = [([(0.2, -1), (-0.5, 0.15), (0, 0.1), (-0.2, 1), (0.55, -0.2), (0.05, -0.15)], _INK)]
_TOWER = [([(0, -1), (0.15, -0.2), (0.6, 1), (0.3, 1), (0, 0.3), (-0.3, 1), (-0.6, 1), (-0.15, -0.2)], _INK)]
_SLICE = [
    ([(0, 1), (-0.8, -0.6), (0.8, -0.6)], (244, 196, 80)), (-0.2, -0.2, 0.16, 0.16, (190, 40, 36)),
    (0.25, -0.3, 0.16, 0.16, (190, 40, 36)), (0, 0.3, 0.16, 0.16, (190, 40, 36)),
]  # fmt: skip
_CUP = [
    ([(-0.6, -0.5), (0.6, -0.5), (0.45, 0.8), (-0.45, 0.8)], _INK),
    ([(-0.2, -0.6), (-0.1, -0.8), (-0.2, -1)], _INK, 3),
]
_TACO = [
    (arc(0, 0.4, 1, 1, _UPPER_HALF), (240, 200, 90)),
    (arc(0, 0.3, 0.8, 0.9, _UPPER_HALF), (70, 150, 60), 4),
]
_CAMERA = [
    ([(-1, -0.5), (1, -0.5), (1, 0.7), (-1, 0.7)], _INK), (0, 0.1, 0.45, 0.45, _GAP), (0, 0.1, 0.25, 0.25, _INK),
]  # fmt: skip
_SHARK = [
    ([(-1, 0.5), (-0.2, -0.9), (0.5, 0.5)], _INK),
    ([(-1, 0.7), (-0.4, 0.55), (0.2, 0.7), (1, 0.55)], (90, 150, 210), 4),
]


def _catcher(img, x, y, r, c1, c2, turn):
    motifs.draw_line(img, arc(x, y - 0.4 * r, 0.6 * r, 0.6 * r, np.linspace(0, 2 * np.pi, 20)), c1, 3)
    for k in range(5):
        end = x + 0.6 * r * np.cos(1.26 * k), y - 0.4 * r + 0.6 * r * np.sin(1.26 * k)
        motifs.draw_line(img, [(x, y - 0.4 * r), end], c1, 1)
    for dx in (-0.4, 0, 0.4):
        motifs.leaf(img, x + dx * r, y + 0.65 * r, 0.35 * r, c1, c2, np.pi / 2)


_ICONS = {
    "moon": _MOON, "night": _MOON, "cat": _CAT, "kitty": _CAT, "meow": _CAT, "fox": _CAT, "mickey": _MOUSE,
    "minnie": _MOUSE, "mickey mouse": _MOUSE, "minnie mouse": _MOUSE, "smile": _SMILE, "lightning": _BOLT,
    "power": _BOLT, "tower": _TOWER, "eiffel": _TOWER, "paris": _TOWER, "pizza": _SLICE, "coffee": _CUP, "taco": _TACO,
    "camera": _CAMERA, "shark": _SHARK, "sea": _SHARK, "eagle": motifs.bird, "dreamcatcher": _catcher,
    "heart": motifs.heart, "love": motifs.heart, "kiss": motifs.heart, "star": motifs.star, "sun": motifs.sunflower,
    "morning": motifs.sunflower, "palm springs": motifs.palm, "tree": motifs.palm,
}  # fmt: skip


def _draw_icon(img, icon, x, y, r, ink, ground) -> None:
    if callable(icon):
        icon(img, x, y, r, ink, ground, 0.5)
        return
    for shape in icon:
        if len(shape) == 5:
            dx, dy, rx, ry, colour = shape
            motifs.draw_oval(img, x + dx * r, y + dy * r, rx * r, ry * r, colour or ink)
        elif len(shape) == 3:
            motifs.draw_line(img, place(x, y, r, shape[0]), shape[1] or ink, shape[2])
        else:
            motifs.draw_polygon(img, place(x, y, r, shape[0]), shape[1] or ink)


def _lines(word: str) -> list[str]:
    """Break lettering so that no line has more than six letters: large letters are read from afar."""
    out = []
    for part in word.upper().split(" "):
        count = -(-len(part) // 6)
        step = -(-len(part) // count)
        out += [part[k : k + step] for k in range(0, len(part), step)]
    return out


@lru_cache(maxsize=512)
def _lettering(word: str, height: int) -> np.ndarray:
    """Return lettering that fills (height, EMBLEM) uint8 as far as letters stretch; never written to."""
    mask = np.zeros((height, EMBLEM), np.uint8)
    lines = _lines(word)
    face = (cv2.FONT_HERSHEY_DUPLEX, cv2.FONT_HERSHEY_TRIPLEX)[sum(map(ord, word)) % 2]
    space = height // len(lines)
    for i, line in enumerate(lines):
        (width, tall), below = cv2.getTextSize(line, face, 2.0, 7)
        drawn = np.zeros((tall + below + 8, width + 8), np.uint8)
        cv2.putText(drawn, line, (4, tall + 4), face, 2.0, 255, 7, AA)
        rows, columns = np.flatnonzero(drawn.any(1)), np.flatnonzero(drawn.any(0))
        drawn = drawn[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
        w = min(EMBLEM - 4, int(1.6 * (space - 4) * drawn.shape[1] / drawn.shape[0]))
        h = min(space - 4, int(1.8 * w * drawn.shape[0] / drawn.shape[1]))
        x, y = (EMBLEM - w) // 2, i * space + (space - h) // 2
        mask[y : y + h, x : x + w] = cv2.resize(drawn, (w, h), interpolation=cv2.INTER_AREA)
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
    if g.emblem in _ICONS:
        canvas = np.zeros((EMBLEM, EMBLEM, 3), np.uint8)
        visible = tuple(max(4, v) for v in ink)
        _draw_icon(canvas, _ICONS[g.emblem], EMBLEM / 2, 0.33 * EMBLEM, 0.3 * EMBLEM, visible, ground)
        out[..., :3] = np.where(canvas.max(2, keepdims=True) > 2, canvas, np.uint8(ink))
        letters = np.zeros((EMBLEM, EMBLEM), np.uint8)
        letters[_ICON_ROWS:] = _lettering(g.emblem, EMBLEM - _ICON_ROWS)
        out[..., 3] = np.maximum(255 * (canvas.max(2) > 2), letters)
        return out
    out[..., :3] = ink
    out[..., 3] = _lettering(g.emblem, EMBLEM)
    return out
