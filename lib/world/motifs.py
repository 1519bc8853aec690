"""Figures that patterns and emblems are made of, drawn on a tile that wraps on both axes.

Every figure takes (image, x, y, radius, colour, second colour, turn); FIGURES has them by name. Those that are a few
fixed shapes are data, in drawings.toml.
"""

import tomllib
from functools import partial
from itertools import product
from pathlib import Path

import cv2
import numpy as np

T = 96  # tile side; about a fifth of a body's height at scale 1
AA = cv2.LINE_AA
WHITE, LEFT_OUT = (255, 255, 255), (1, 1, 1)  # LEFT_OUT: where an emblem leaves the cloth bare
TURNS = np.linspace(0, 2 * np.pi, 16, endpoint=False)
DRAWINGS = tomllib.loads(Path(__file__).with_name("drawings.toml").read_text(encoding="utf-8"))


def mix(a, b, share: float) -> tuple[float, ...]:
    """Return a colour between a and b."""
    return tuple((1 - share) * float(x) + share * float(y) for x, y in zip(a, b, strict=True))


def _wrapped(points, margin: float = 0.0):
    """Yield points (k, 2) int32 in 1/16 pixel, as they are and at the tile's other side where they leave it."""
    points = np.asarray(points, float)
    low, high = points.min(0) - margin, points.max(0) + margin
    for dx, dy in product((-T, 0, T), repeat=2):
        if low[0] + dx < T and high[0] + dx > 0 and low[1] + dy < T and high[1] + dy > 0:
            yield np.round((points + (dx, dy)) * 16).astype(np.int32)


def draw_polygon(img, points, colour) -> None:
    for moved in _wrapped(points):
        cv2.fillPoly(img, [moved], colour, AA, 4)


def draw_line(img, points, colour, width: int = 2) -> None:
    for moved in _wrapped(points, width):
        cv2.polylines(img, [moved], False, colour, width, AA, 4)


def draw_oval(img, x, y, rx, ry, colour, turn: float = 0.0) -> None:
    draw_polygon(img, place(x, y, 1, arc(0, 0, rx, ry, TURNS), turn), colour)


def place(x, y, r, points, turn: float = 0.0) -> np.ndarray:
    """Return points (k, 2) of a figure of radius 1 where it is drawn, turned by radians."""
    c, s = np.cos(turn), np.sin(turn)
    return (x, y) + r * (np.asarray(points, float) @ [[c, s], [-s, c]])


def arc(x, y, rx, ry, angles) -> np.ndarray:
    """Return the points (..., 2) of an ellipse at these angles (...)."""
    return np.stack([x + rx * np.cos(angles), y + ry * np.sin(angles)], -1)


def spots(rng, per_side: int, jitter: float = 0.3):
    """Yield centres on a jittered grid, every other row shifted: figures that neither clump nor line up."""
    step = T / per_side
    for row, column in np.ndindex(per_side, per_side):
        x = (column + 0.5 * (row % 2) + 0.25) * step + rng.uniform(-jitter, jitter) * step
        yield x, (row + 0.5) * step + rng.uniform(-jitter, jitter) * step


def _shapes(img, x, y, r, c1, c2, turn, name):
    """Draw a figure of drawings.toml; birds and elephants look to either side."""
    flip = [-1 if name in ("bird", "elephants-head") and turn >= np.pi else 1, 1]
    colours = {"ink": c1, "second": c2, "pale": mix(c1, WHITE, 0.35), "gap": LEFT_OUT}
    for kind, colour, numbers, *second in DRAWINGS["figures"][name]:
        kind, _, width = kind.partition(" ")
        colour, *second = (colours[c] if isinstance(c, str) else c for c in (colour, *second))
        if kind in FIGURES:
            dx, dy, share, *angle = numbers
            FIGURES[kind](img, x + dx * r, y + dy * r, share * r, colour, *second, *(angle or [turn]))
            continue
        if kind == "oval":
            (dx, dy, rx, ry), lean = numbers[:4], sum(numbers[4:])
            draw_oval(img, x + dx * flip[0] * r, y + dy * r, rx * r, ry * r, colour, lean * flip[0])
            continue
        if kind == "arc":
            *oval, first, last = numbers
            numbers = arc(*oval, np.linspace(first, last, 12 if last > np.pi else 9))
        points = place(x, y, r, np.multiply(numbers, flip))
        if width:
            draw_line(img, points, colour, int(width))
        else:
            draw_polygon(img, points, colour)


def _nested(img, x, y, r, c1, c2, turn, outline, shares=(1.0,), turned=False):
    """Draw an outline (k, 2) of radius 1 and smaller copies inside, in the two colours by turns."""
    for k, share in enumerate(shares):
        draw_polygon(img, place(x, y, share * r, outline, turn if turned else 0.0), c2 if k % 2 else c1)


def flower(img, x, y, r, c1, c2, turn, petals=4, slim=0.42):
    for a in turn + 2 * np.pi * np.arange(petals) / petals:
        draw_oval(img, *arc(x, y, 0.58 * r, 0.58 * r, a), 0.5 * r, slim * r, c1, a)
    draw_oval(img, x, y, 0.28 * r, 0.28 * r, c2)


def rose(img, x, y, r, c1, c2, turn):
    draw_oval(img, x, y, r, r, c1)
    for k, share in enumerate((0.75, 0.5, 0.25)):
        a = turn + k * 1.8 + np.linspace(0, 4.2, 9)
        draw_line(img, arc(x, y, share * r, share * r, a), mix(c1, (30, 10, 10), 0.45), 2)
    leaf(img, *arc(x, y, 1.2 * r, 1.2 * r, turn), 0.6 * r, (60, 110, 60), c2, turn)


def wildflower(img, x, y, r, c1, c2, turn):
    a = -np.pi / 2 + 0.5 * np.sin(turn)
    draw_line(img, [(x, y), (x - r * np.cos(a), y - 1.5 * r * np.sin(a))], (70, 120, 60), 2)
    flower(img, x, y, 0.7 * r, c1, c2, turn)


def leaf(img, x, y, r, c1, c2, turn):
    t = np.linspace(-1, 1, 9)
    side = np.stack([t, 0.42 * (1 - t**2)], 1)
    draw_polygon(img, place(x, y, r, [*side, *(side[::-1] * [1, -1])], turn), c1)
    draw_line(img, place(x, y, r, [(-0.8, 0), (0.8, 0)], turn), mix(c1, WHITE, 0.4), 1)


def palm(img, x, y, r, c1, c2, turn):
    for a in turn + 0.42 * np.arange(-3, 4):
        leaf(img, *arc(x, y, 0.6 * r, 0.6 * r, a), 0.6 * r, c1, c2, a)


def botanical(img, x, y, r, c1, c2, turn):
    draw_line(img, place(x, y, r, [(-1, 0), (1, 0)], turn), (80, 110, 70), 2)
    for share, sign in product((-0.6, -0.1, 0.4, 0.9), (-1, 1)):
        leaf(img, *place(x, y, r, (share, sign * 0.3), turn), 0.36 * r, (96, 136, 84), c2, turn + sign * 0.8)


def pineapple(img, x, y, r, c1, c2, turn):
    for a in (-2.2, -1.57, -0.94):
        leaf(img, *arc(x, y - 0.45 * r, 0.5 * r, 0.5 * r, a), 0.5 * r, (60, 130, 70), c2, a)
    _shapes(img, x, y, r, c1, c2, turn, "fruit")


def rosette(img, x, y, r, c1, c2, turn):
    draw_oval(img, x, y, 0.62 * r, 0.5 * r, mix(c1, (130, 80, 30), 0.6), turn)
    for start in (0, 2.2, 4.3):
        a = turn + start + np.linspace(0, 1.5, 5)
        draw_line(img, arc(x, y, 0.85 * r, 0.7 * r, a), (38, 26, 18), max(2, int(r / 3)))


def cheetah(img, x, y, r, c1, c2, turn):
    draw_oval(img, x, y, 0.6 * r, 0.45 * r, (38, 26, 18), turn)


def triangle(img, x, y, r, c1, c2, turn):
    draw_polygon(img, place(x, y, r, [(0, -1), (0.9, 0.7), (-0.9, 0.7)]), c1 if turn < np.pi else c2)


def scroll(img, x, y, r, c1, c2, turn):
    a = np.linspace(0, 4.5, 14)
    for side in (0, np.pi):
        draw_line(img, place(x, y, r, arc(0, 0, 0.2 + 0.18 * a, 0.2 + 0.18 * a, a), turn + side), c1, 3)
    draw_oval(img, x, y, 0.2 * r, 0.2 * r, c2)


def stroke(img, x, y, r, c1, c2, turn):
    for k in (-0.25, 0, 0.25):
        draw_line(img, place(x, y + k * r, r, [(-1, 0), (1, 0)], turn + k * 0.3), c1, 4)


def blob(img, x, y, r, c1, c2, turn):
    reach = r * (0.8 + 0.3 * np.sin(3 * TURNS + turn) + 0.15 * np.sin(5 * TURNS))
    draw_polygon(img, arc(x, y, 1.3 * reach, 0.8 * reach, TURNS), c1)


def splash(img, x, y, r, c1, c2, turn):
    draw_oval(img, x, y, 0.5 * r, 0.5 * r, c1)
    for k in range(5):
        far = r * (0.6 + 0.12 * k)
        draw_oval(img, *arc(x, y, far, far, turn + k * 1.3), 0.14 * r, 0.14 * r, c1)


def dreamcatcher(img, x, y, r, c1, c2, turn):
    y = y - 0.4 * r
    draw_line(img, arc(x, y, 0.6 * r, 0.6 * r, np.linspace(0, 2 * np.pi, 20)), c1, 3)
    for k in range(5):
        draw_line(img, [(x, y), arc(x, y, 0.6 * r, 0.6 * r, 1.26 * k)], c1, 1)
    for dx in (-0.4, 0, 0.4):
        leaf(img, x + dx * r, y + 1.05 * r, 0.35 * r, c1, c2, np.pi / 2)


_DRAWN = (rose, wildflower, leaf, palm, botanical, rosette, cheetah, triangle, scroll, stroke, blob, splash)
_CIRCLE, _DIAMOND = arc(0, 0, 1, 1, TURNS), [(0, -1), (0.62, 0), (0, 1), (-0.62, 0)]
_STEPS = [(-1, 0), (-0.5, 0), (-0.5, -0.5), (0, -0.5), (0, -1), (0.5, -0.5), (1, 0), (0.5, 0.5), (0, 1), (-0.5, 0.5)]
_t = np.linspace(0, 2 * np.pi, 20)
_HEART = [np.sin(_t) ** 3, -(13 * np.cos(_t) - 5 * np.cos(2 * _t) - 2 * np.cos(3 * _t) - np.cos(4 * _t)) / 16]
_t = np.linspace(0, 2 * np.pi, 18, endpoint=False)
_up = np.maximum(0, -np.sin(_t))
_DROP = [0.62 * np.cos(_t) * (1 - 0.75 * _up) + 0.5 * _up**2, np.sin(_t)]
_REACH = np.where(np.arange(10) % 2 == 0, 1, 0.42)
_STAR = arc(0, 0, _REACH, _REACH, -np.pi / 2 + np.arange(10) * np.pi / 5)
FIGURES = {figure.__name__: figure for figure in (*_DRAWN, pineapple, dreamcatcher)}
FIGURES |= {name: partial(flower, petals=petals, slim=slim) for name, (petals, slim) in DRAWINGS["flowers"].items()}
FIGURES |= {name: partial(_shapes, name=name) for name in DRAWINGS["figures"]}
FIGURES |= {
    "heart": partial(_nested, outline=np.transpose(_HEART)),
    "star": partial(_nested, outline=_STAR),
    "disc": partial(_nested, outline=_CIRCLE),
    "ring": partial(_nested, outline=_CIRCLE, shares=(1.0, 0.68, 0.36)),
    "diamond": partial(_nested, outline=_DIAMOND, shares=(1.0, 0.5)),
    "hexagon": partial(_nested, outline=arc(0, 0, 1, 1, np.arange(6) * np.pi / 3), shares=(1.0, 0.62)),
    "cross": partial(_nested, outline=_STEPS, shares=(1.0, 0.7, 0.4)),
    "paisley": partial(_nested, outline=np.transpose(_DROP), shares=(1.0, 0.72, 0.4), turned=True),
}
