"""What is printed on the chest: an icon, a word, or both."""

from collections.abc import Callable
from functools import lru_cache

import cv2
import numpy as np

from lib.world import motifs
from lib.world.garment import COLOURS, Garment
from lib.world.motifs import AA

_ICONS: dict[str, Callable] = {
    "heart": motifs.heart,
    "star": motifs.star,
    "sun": motifs.sunflower,
    "palm springs": motifs.palm,
    "tree": motifs.palm,
}
EMBLEM = 96
_ICON_ROWS = 64  # an icon takes the rows above, its word those below


def _moon(img, x, y, r, c1, c2, turn):
    motifs.draw_oval(img, x, y, r, r, c1)
    motifs.draw_oval(img, x + 0.45 * r, y - 0.2 * r, 0.85 * r, 0.85 * r, (1, 1, 1))


def _cat(img, x, y, r, c1, c2, turn):
    for side in (-1, 1):
        motifs.draw_polygon(
            img,
            [(x + 0.25 * side * r, y - 0.5 * r), (x + 0.85 * side * r, y - 1.1 * r), (x + 0.9 * side * r, y - 0.1 * r)],
            c1,
        )
    motifs.draw_oval(img, x, y, 0.95 * r, 0.8 * r, c1)
    for side in (-1, 1):
        motifs.draw_oval(img, x + 0.4 * side * r, y - 0.1 * r, 0.14 * r, 0.2 * r, (1, 1, 1))
    motifs.draw_oval(img, x, y + 0.25 * r, 0.12 * r, 0.08 * r, (1, 1, 1))


def _mouse(img, x, y, r, c1, c2, turn):
    for side in (-1, 1):
        motifs.draw_oval(img, x + 0.7 * side * r, y - 0.65 * r, 0.45 * r, 0.45 * r, c1)
    motifs.draw_oval(img, x, y, 0.75 * r, 0.75 * r, c1)


def _smile(img, x, y, r, c1, c2, turn):
    motifs.draw_oval(img, x, y, r, r, (246, 206, 60))
    for side in (-1, 1):
        motifs.draw_oval(img, x + 0.35 * side * r, y - 0.25 * r, 0.1 * r, 0.18 * r, (1, 1, 1))
    a = np.linspace(0.4, np.pi - 0.4, 9)
    motifs.draw_line(img, np.stack([x + 0.6 * r * np.cos(a), y + 0.1 * r + 0.5 * r * np.sin(a)], 1), (1, 1, 1), 3)


def _bolt(img, x, y, r, c1, c2, turn):
    motifs.draw_polygon(img, [(x + 0.2 * r, y - r), (x - 0.5 * r, y + 0.15 * r), (x, y + 0.1 * r), (x - 0.2 * r, y + r), (x + 0.55 * r, y - 0.2 * r),
                (x + 0.05 * r, y - 0.15 * r)], c1)  # fmt: skip


def _tower(img, x, y, r, c1, c2, turn):
    motifs.draw_polygon(img, [(x, y - r), (x + 0.15 * r, y - 0.2 * r), (x + 0.6 * r, y + r), (x + 0.3 * r, y + r), (x, y + 0.3 * r), (x - 0.3 * r, y + r),
                (x - 0.6 * r, y + r), (x - 0.15 * r, y - 0.2 * r)], c1)  # fmt: skip


def _slice(img, x, y, r, c1, c2, turn):
    motifs.draw_polygon(img, [(x, y + r), (x - 0.8 * r, y - 0.6 * r), (x + 0.8 * r, y - 0.6 * r)], (244, 196, 80))
    for dx, dy in ((-0.2, -0.2), (0.25, -0.3), (0, 0.3)):
        motifs.draw_oval(img, x + dx * r, y + dy * r, 0.16 * r, 0.16 * r, (190, 40, 36))


def _cup(img, x, y, r, c1, c2, turn):
    motifs.draw_polygon(
        img,
        [
            (x - 0.6 * r, y - 0.5 * r),
            (x + 0.6 * r, y - 0.5 * r),
            (x + 0.45 * r, y + 0.8 * r),
            (x - 0.45 * r, y + 0.8 * r),
        ],
        c1,
    )
    motifs.draw_line(img, [(x - 0.2 * r, y - 0.6 * r), (x - 0.1 * r, y - 0.8 * r), (x - 0.2 * r, y - r)], c1, 3)


def _taco(img, x, y, r, c1, c2, turn):
    a = np.linspace(np.pi, 2 * np.pi, 12)
    motifs.draw_polygon(img, np.stack([x + r * np.cos(a), y + 0.4 * r + r * np.sin(a)], 1), (240, 200, 90))
    motifs.draw_line(img, np.stack([x + 0.8 * r * np.cos(a), y + 0.3 * r + 0.9 * r * np.sin(a)], 1), (70, 150, 60), 4)


def _camera(img, x, y, r, c1, c2, turn):
    motifs.draw_polygon(
        img, [(x - r, y - 0.5 * r), (x + r, y - 0.5 * r), (x + r, y + 0.7 * r), (x - r, y + 0.7 * r)], c1
    )
    motifs.draw_oval(img, x, y + 0.1 * r, 0.45 * r, 0.45 * r, (1, 1, 1))
    motifs.draw_oval(img, x, y + 0.1 * r, 0.25 * r, 0.25 * r, c1)


def _shark(img, x, y, r, c1, c2, turn):
    motifs.draw_polygon(img, [(x - r, y + 0.5 * r), (x - 0.2 * r, y - 0.9 * r), (x + 0.5 * r, y + 0.5 * r)], c1)
    motifs.draw_line(
        img,
        [(x - r, y + 0.7 * r), (x - 0.4 * r, y + 0.55 * r), (x + 0.2 * r, y + 0.7 * r), (x + r, y + 0.55 * r)],
        (90, 150, 210),
        4,
    )


def _catcher(img, x, y, r, c1, c2, turn):
    a = np.linspace(0, 2 * np.pi, 20)
    motifs.draw_line(img, np.stack([x + 0.6 * r * np.cos(a), y - 0.4 * r + 0.6 * r * np.sin(a)], 1), c1, 3)
    for k in range(5):
        motifs.draw_line(
            img, [(x, y - 0.4 * r), (x + 0.6 * r * np.cos(1.26 * k), y - 0.4 * r + 0.6 * r * np.sin(1.26 * k))], c1, 1
        )
    for dx in (-0.4, 0, 0.4):
        motifs.leaf(img, x + dx * r, y + 0.65 * r, 0.35 * r, c1, c2, np.pi / 2)


_ICONS |= {"moon": _moon, "night": _moon, "cat": _cat, "kitty": _cat, "meow": _cat, "fox": _cat, "mickey": _mouse, "minnie": _mouse,
           "mickey mouse": _mouse, "minnie mouse": _mouse, "smile": _smile, "lightning": _bolt, "power": _bolt, "tower": _tower,
           "eiffel": _tower, "paris": _tower, "pizza": _slice, "coffee": _cup, "taco": _taco, "camera": _camera, "shark": _shark,
           "eagle": motifs.bird, "dreamcatcher": _catcher, "love": motifs.heart, "kiss": motifs.heart, "sea": _shark, "morning": motifs.sunflower}  # fmt: skip


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
        _ICONS[g.emblem](canvas, EMBLEM / 2, 0.33 * EMBLEM, 0.3 * EMBLEM, tuple(max(4, v) for v in ink), ground, 0.5)
        out[..., :3] = np.where(canvas.max(2, keepdims=True) > 2, canvas, np.uint8(ink))
        letters = np.zeros((EMBLEM, EMBLEM), np.uint8)
        letters[_ICON_ROWS:] = _lettering(g.emblem, EMBLEM - _ICON_ROWS)
        out[..., 3] = np.maximum(255 * (canvas.max(2) > 2), letters)
        return out
    out[..., :3] = ink
    out[..., 3] = _lettering(g.emblem, EMBLEM)
    return out
