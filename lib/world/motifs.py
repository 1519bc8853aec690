"""Figures that patterns are made of, drawn on a tile that wraps on both axes.

Every figure takes (image, x, y, radius, colour, second colour, turn).
"""

import cv2
import numpy as np

T = 96  # tile side; about a fifth of a body's height at scale 1
AA = cv2.LINE_AA
TURNS = np.linspace(0, 2 * np.pi, 16, endpoint=False)


def mix(a, b, share: float) -> tuple[float, ...]:
    """Return a colour between a and b."""
    return tuple((1 - share) * float(x) + share * float(y) for x, y in zip(a, b, strict=True))


# ---- drawing that wraps ---------------------------------------------------------------------------------------------


def _wrapped(points, margin: float = 0.0):
    """Yield points (k, 2) int32 in 1/16 pixel, as they are and at the tile's other side where they leave it."""
    points = np.asarray(points, float)
    low, high = points.min(0) - margin, points.max(0) + margin
    for dx in (-T, 0, T):
        for dy in (-T, 0, T):
            if low[0] + dx < T and high[0] + dx > 0 and low[1] + dy < T and high[1] + dy > 0:
                yield np.round((points + (dx, dy)) * 16).astype(np.int32)


def draw_polygon(img, points, colour) -> None:
    for moved in _wrapped(points):
        cv2.fillPoly(img, [moved], colour, AA, 4)


def draw_line(img, points, colour, width: int = 2) -> None:
    for moved in _wrapped(points, width):
        cv2.polylines(img, [moved], False, colour, width, AA, 4)


def draw_oval(img, x, y, rx, ry, colour, turn: float = 0.0) -> None:
    c, s = np.cos(turn), np.sin(turn)
    px, py = rx * np.cos(TURNS), ry * np.sin(TURNS)
    draw_polygon(img, np.stack([x + c * px - s * py, y + s * px + c * py], 1), colour)


def place(x, y, r, points) -> np.ndarray:
    """Return points (k, 2) of a figure of radius 1 where it is drawn."""
    return (x, y) + r * np.asarray(points, float)


def arc(x, y, rx, ry, angles) -> np.ndarray:
    """Return the points (k, 2) of an ellipse at these angles."""
    return np.stack([x + rx * np.cos(angles), y + ry * np.sin(angles)], 1)


def spots(rng, per_side: int, jitter: float = 0.3):
    """Yield centres on a jittered grid, every other row shifted: figures that neither clump nor line up."""
    step = T / per_side
    for row in range(per_side):
        for column in range(per_side):
            x = (column + 0.5 * (row % 2) + 0.25) * step + rng.uniform(-jitter, jitter) * step
            yield x, (row + 0.5) * step + rng.uniform(-jitter, jitter) * step


# ---- figures: (image, x, y, radius, colour, second colour, turn) ----------------------------------------------------


def flower(img, x, y, r, c1, c2, turn, petals=5, slim=0.42):
    for i in range(petals):
        a = turn + 2 * np.pi * i / petals
        draw_oval(img, x + 0.58 * r * np.cos(a), y + 0.58 * r * np.sin(a), 0.5 * r, slim * r, c1, a)
    draw_oval(img, x, y, 0.28 * r, 0.28 * r, c2)


def rose(img, x, y, r, c1, c2, turn):
    draw_oval(img, x, y, r, r, c1)
    for k, share in enumerate((0.75, 0.5, 0.25)):
        a = turn + k * 1.8 + np.linspace(0, 4.2, 9)
        draw_line(img, arc(x, y, share * r, share * r, a), mix(c1, (30, 10, 10), 0.45), 2)
    leaf(img, x + 1.2 * r * np.cos(turn), y + 1.2 * r * np.sin(turn), 0.6 * r, (60, 110, 60), c2, turn)


def daisy(img, x, y, r, c1, c2, turn):
    flower(img, x, y, r, (250, 248, 240), (236, 190, 50), turn, petals=9, slim=0.16)


def sunflower(img, x, y, r, c1, c2, turn):
    flower(img, x, y, r, (244, 190, 40), (90, 54, 26), turn, petals=11, slim=0.17)
    draw_oval(img, x, y, 0.42 * r, 0.42 * r, (90, 54, 26))


def wildflower(img, x, y, r, c1, c2, turn):
    a = -np.pi / 2 + 0.5 * np.sin(turn)
    draw_line(img, [(x, y), (x - r * np.cos(a), y - 1.5 * r * np.sin(a))], (70, 120, 60), 2)
    flower(img, x, y, 0.7 * r, c1, c2, turn, petals=4)


def leaf(img, x, y, r, c1, c2, turn):
    t = np.linspace(-1, 1, 9)
    side = 0.42 * (1 - t**2)
    shape = np.concatenate([np.stack([t, side], 1), np.stack([t[::-1], -side[::-1]], 1)]) * r
    c, s = np.cos(turn), np.sin(turn)
    draw_polygon(img, shape @ np.array([[c, s], [-s, c]]) + (x, y), c1)
    vein = [(x - 0.8 * r * c, y - 0.8 * r * s), (x + 0.8 * r * c, y + 0.8 * r * s)]
    draw_line(img, vein, mix(c1, (255, 255, 255), 0.4), 1)


def palm(img, x, y, r, c1, c2, turn):
    for i in range(7):
        a = turn + (i - 3) * 0.42
        leaf(img, x + 0.6 * r * np.cos(a), y + 0.6 * r * np.sin(a), 0.6 * r, c1, c2, a)


def tropical(img, x, y, r, c1, c2, turn):
    palm(img, x, y, 1.1 * r, (40, 120, 80), c2, turn)
    flower(img, x, y, 0.55 * r, c1, (240, 210, 80), turn)


def botanical(img, x, y, r, c1, c2, turn):
    c, s = np.cos(turn), np.sin(turn)
    draw_line(img, [(x - r * c, y - r * s), (x + r * c, y + r * s)], (80, 110, 70), 2)
    for share in (-0.6, -0.1, 0.4, 0.9):
        for sign in (-1, 1):
            at = x + share * r * c - sign * 0.3 * r * s, y + share * r * s + sign * 0.3 * r * c
            leaf(img, *at, 0.36 * r, (96, 136, 84), c2, turn + sign * 0.8)


def pineapple(img, x, y, r, c1, c2, turn):
    for a in (-2.2, -1.57, -0.94):
        leaf(img, x + 0.5 * r * np.cos(a), y - 0.45 * r + 0.5 * r * np.sin(a), 0.5 * r, (60, 130, 70), c2, a)
    draw_oval(img, x, y + 0.2 * r, 0.5 * r, 0.75 * r, (236, 184, 52))
    for k in (-0.3, 0.1, 0.5):
        for side in (1, -1):
            draw_line(img, place(x, y, r, [(-0.4 * side, k), (0.4 * side, k + 0.3)]), (170, 110, 30), 1)


def bird(img, x, y, r, c1, c2, turn):
    side = 1 if turn < np.pi else -1
    draw_oval(img, x, y, 0.8 * r, 0.36 * r, c1, 0.25 * side)
    draw_oval(img, x + 0.7 * side * r, y - 0.1 * r, 0.26 * r, 0.26 * r, c1)
    draw_polygon(img, place(x, y, r, [(-0.1 * side, 0), (-0.6 * side, -0.9), (0.3 * side, -0.1)]), c2)
    draw_polygon(img, place(x, y, r, [(-0.6 * side, 0), (-1.2 * side, -0.1), (-1.1 * side, 0.3)]), c1)


def butterfly(img, x, y, r, c1, c2, turn):
    for side in (-1, 1):
        draw_oval(img, x + 0.5 * side * r, y - 0.3 * r, 0.52 * r, 0.4 * r, c1, -0.6 * side)
        draw_oval(img, x + 0.4 * side * r, y + 0.4 * r, 0.38 * r, 0.3 * r, c2, 0.6 * side)
    draw_line(img, [(x, y - 0.6 * r), (x, y + 0.6 * r)], (30, 24, 24), 2)


def elephant(img, x, y, r, c1, c2, turn):
    """Draw an elephant."""
    side = 1 if turn < np.pi else -1
    draw_oval(img, x, y, 0.72 * r, 0.5 * r, c1)
    for dx in (-0.5, -0.2, 0.2, 0.5):
        leg = [(dx - 0.11, 0.2), (dx + 0.11, 0.2), (dx + 0.11, 0.9), (dx - 0.11, 0.9)]
        draw_polygon(img, place(x, y, r, leg), c1)
    draw_oval(img, x + 0.75 * side * r, y - 0.25 * r, 0.4 * r, 0.36 * r, c1)
    draw_oval(img, x + 0.6 * side * r, y - 0.25 * r, 0.2 * r, 0.3 * r, mix(c1, (255, 255, 255), 0.35))
    draw_line(img, place(x, y, r, [(1.05 * side, -0.2), (1.2 * side, 0.3), (1.05 * side, 0.6)]), c1, 3)


def heart(img, x, y, r, c1, c2, turn):
    t = np.linspace(0, 2 * np.pi, 20)
    px, py = np.sin(t) ** 3, -(13 * np.cos(t) - 5 * np.cos(2 * t) - 2 * np.cos(3 * t) - np.cos(4 * t)) / 16
    draw_polygon(img, np.stack([x + r * px, y + r * py], 1), c1)


def star(img, x, y, r, c1, c2, turn):
    reach = r * np.where(np.arange(10) % 2 == 0, 1, 0.42)
    draw_polygon(img, arc(x, y, reach, reach, -np.pi / 2 + np.arange(10) * np.pi / 5), c1)


def paisley(img, x, y, r, c1, c2, turn):
    t = np.linspace(0, 2 * np.pi, 18, endpoint=False)
    bend = 0.5 * np.maximum(0, -np.sin(t)) ** 2
    shape = np.stack([0.62 * np.cos(t) * (1 - 0.75 * np.maximum(0, -np.sin(t))) + bend, np.sin(t)], 1)
    c, s = np.cos(turn), np.sin(turn)
    turned = shape @ np.array([[c, s], [-s, c]])
    for share, colour in ((1.0, c1), (0.72, c2), (0.4, c1)):
        draw_polygon(img, turned * share * r + (x, y), colour)


def rosette(img, x, y, r, c1, c2, turn):
    draw_oval(img, x, y, 0.62 * r, 0.5 * r, mix(c1, (130, 80, 30), 0.6), turn)
    for start in (0, 2.2, 4.3):
        a = turn + start + np.linspace(0, 1.5, 5)
        draw_line(img, arc(x, y, 0.85 * r, 0.7 * r, a), (38, 26, 18), max(2, int(r / 3)))


def cheetah(img, x, y, r, c1, c2, turn):
    draw_oval(img, x, y, 0.6 * r, 0.45 * r, (38, 26, 18), turn)


def disc(img, x, y, r, c1, c2, turn):
    draw_oval(img, x, y, r, r, c1)


def ring(img, x, y, r, c1, c2, turn):
    for share, colour in ((1.0, c1), (0.68, c2), (0.36, c1)):
        draw_oval(img, x, y, share * r, share * r, colour)


def diamond(img, x, y, r, c1, c2, turn):
    for share, colour in ((1.0, c1), (0.5, c2)):
        draw_polygon(img, place(x, y, share * r, [(0, -1), (0.62, 0), (0, 1), (-0.62, 0)]), colour)


def triangle(img, x, y, r, c1, c2, turn):
    draw_polygon(img, place(x, y, r, [(0, -1), (0.9, 0.7), (-0.9, 0.7)]), c1 if turn < np.pi else c2)


def hexagon(img, x, y, r, c1, c2, turn):
    for share, colour in ((1.0, c1), (0.62, c2)):
        draw_polygon(img, arc(x, y, share * r, share * r, np.arange(6) * np.pi / 3), colour)


def medallion(img, x, y, r, c1, c2, turn):
    draw_oval(img, x, y, r, r, c1)
    flower(img, x, y, 0.8 * r, c2, c1, 0, petals=8, slim=0.2)


def mandala(img, x, y, r, c1, c2, turn):
    for share, petals, colour in ((1.0, 12, c1), (0.7, 8, c2), (0.4, 6, c1)):
        flower(img, x, y, share * r, colour, c2, 0, petals=petals, slim=0.14)


def scroll(img, x, y, r, c1, c2, turn):
    a = np.linspace(0, 4.5, 14)
    for side in (0, np.pi):
        draw_line(img, place(x, y, r, arc(0, 0, 0.2 + 0.18 * a, 0.2 + 0.18 * a, a + turn + side)), c1, 3)
    draw_oval(img, x, y, 0.2 * r, 0.2 * r, c2)


def cross(img, x, y, r, c1, c2, turn):
    """Draw a cross."""
    corners = [
        (-1, 0),
        (-0.5, 0),
        (-0.5, -0.5),
        (0, -0.5),
        (0, -1),
        (0.5, -0.5),
        (1, 0),
        (0.5, 0.5),
        (0, 1),
        (-0.5, 0.5),
    ]
    for k, colour in enumerate((c1, c2, c1)):
        draw_polygon(img, place(x, y, (1 - 0.3 * k) * r, corners), colour)


def stroke(img, x, y, r, c1, c2, turn):
    for k in (-0.25, 0, 0.25):
        c, s = r * np.cos(turn + k * 0.3), r * np.sin(turn + k * 0.3)
        draw_line(img, [(x - c, y - s + k * r), (x + c, y + s + k * r)], c1, 4)


def blob(img, x, y, r, c1, c2, turn):
    reach = r * (0.8 + 0.3 * np.sin(3 * TURNS + turn) + 0.15 * np.sin(5 * TURNS))
    draw_polygon(img, arc(x, y, 1.3 * reach, 0.8 * reach, TURNS), c1)


def splash(img, x, y, r, c1, c2, turn):
    draw_oval(img, x, y, 0.5 * r, 0.5 * r, c1)
    for k in range(5):
        a, far = turn + k * 1.3, r * (0.6 + 0.12 * k)
        draw_oval(img, x + far * np.cos(a), y + far * np.sin(a), 0.14 * r, 0.14 * r, c1)
