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
    return tuple((1 - share) * float(x) + share * float(y) for x, y in zip(a, b, strict=True))


def read_colour(written, named: dict) -> tuple:
    """Read a colour: a name, RGB, or two colours and the share of the second."""
    if isinstance(written, str):
        return named[written]
    if isinstance(written[0], int):
        return tuple(written)
    return mix(read_colour(written[0], named), read_colour(written[1], named), written[2])


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
    points = np.asarray(points, float)
    if turn:
        c, s = np.cos(turn), np.sin(turn)
        points = points @ [[c, s], [-s, c]]
    return (x, y) + r * points


def arc(x, y, rx, ry, angles) -> np.ndarray:
    """Return the points (..., 2) of an ellipse at these angles (...)."""
    return np.stack([x + rx * np.cos(angles), y + ry * np.sin(angles)], -1)


def _shapes(img, x, y, r, c1, c2, turn, shapes, how):
    """Draw a figure of drawings.toml. how: "upright", "turned" or "sided", looking to the left or to the right."""
    flip, angle = [-1 if how == "sided" and turn >= np.pi else 1, 1], turn if how == "turned" else 0.0
    colours = {"ink": c1, "second": c2, "gap": LEFT_OUT, "white": WHITE}
    for kind, colour, numbers, *second in shapes:
        kind, _, width = kind.partition(" ")
        colour, second = read_colour(colour, colours), read_colour(second[0] if second else "second", colours)
        if kind in FIGURES:
            dx, dy, share, *lean = numbers
            own = angle + lean[0] if lean else turn
            FIGURES[kind](img, *place(x, y, r, (dx, dy), angle), share * r, colour, second, own)
        elif kind == "oval":
            (dx, dy, rx, ry), lean = numbers[:4], sum(numbers[4:])
            at = place(x, y, r, (dx * flip[0], dy), angle)
            draw_oval(img, *at, rx * r, ry * r, colour, lean * flip[0] + angle)
        else:
            if kind == "arc":
                *oval, first, last, count = numbers
                numbers = arc(*oval, np.linspace(first, last, count))
            outline = OUTLINES[numbers] if isinstance(numbers, str) else numbers
            points = place(x, y, r, np.multiply(outline, flip), angle)
            if width:
                draw_line(img, points, colour, int(width))
            else:
                draw_polygon(img, points, colour)


def flower(img, x, y, r, c1, c2, turn, petals=4, slim=0.42):
    for a in turn + 2 * np.pi * np.arange(petals) / petals:
        draw_oval(img, *arc(x, y, 0.58 * r, 0.58 * r, a), 0.5 * r, slim * r, c1, a)
    draw_oval(img, x, y, 0.28 * r, 0.28 * r, c2)


def wildflower(img, x, y, r, c1, c2, turn):
    a = -np.pi / 2 + 0.5 * np.sin(turn)
    draw_line(img, [(x, y), (x - r * np.cos(a), y - 1.5 * r * np.sin(a))], (70, 120, 60), 2)
    flower(img, x, y, 0.7 * r, c1, c2, turn)


def rosette(img, x, y, r, c1, c2, turn):
    draw_oval(img, x, y, 0.62 * r, 0.5 * r, mix(c1, (130, 80, 30), 0.6), turn)
    for start in (0, 2.2, 4.3):
        a = turn + start + np.linspace(0, 1.5, 5)
        draw_line(img, arc(x, y, 0.85 * r, 0.7 * r, a), (38, 26, 18), max(2, int(r / 3)))


def triangle(img, x, y, r, c1, c2, turn):
    draw_polygon(img, place(x, y, r, [(0, -1), (0.9, 0.7), (-0.9, 0.7)]), c1 if turn < np.pi else c2)


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


_t = np.linspace(0, 2 * np.pi, 20)
_heart = [np.sin(_t) ** 3, -(13 * np.cos(_t) - 5 * np.cos(2 * _t) - 2 * np.cos(3 * _t) - np.cos(4 * _t)) / 16]
_t = np.linspace(0, 2 * np.pi, 18, endpoint=False)
_up = np.maximum(0, -np.sin(_t))
_drop = [0.62 * np.cos(_t) * (1 - 0.75 * _up) + 0.5 * _up**2, np.sin(_t)]
_reach = np.where(np.arange(10) % 2 == 0, 1, 0.42)
_star = arc(0, 0, _reach, _reach, -np.pi / 2 + np.arange(10) * np.pi / 5)
_t = np.linspace(0, 4.5, 14)
_spiral = arc(0, 0, 0.2 + 0.18 * _t, 0.2 + 0.18 * _t, _t)
OUTLINES = {"heart": np.transpose(_heart), "drop": np.transpose(_drop), "star": _star, "spiral": _spiral}
FIGURES = {figure.__name__: figure for figure in (wildflower, rosette, triangle, stroke, blob, splash)}
FIGURES |= {name: partial(flower, petals=petals, slim=slim) for name, (petals, slim) in DRAWINGS["flowers"].items()}
for _how, _figures in DRAWINGS["figures"].items():
    FIGURES |= {name: partial(_shapes, shapes=shapes, how=_how) for name, shapes in _figures.items()}
