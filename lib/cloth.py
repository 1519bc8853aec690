"""The cloth of a garment of the synthetic world: a tile that repeats, in the garment's colours, with the structure of
its fabric and its finish; where skin shows through; and what is printed on the chest.

A tile is (T, T, 3) uint8 RGB and wraps on both axes. The random parts come from the garment's own seed: the same garment
has the same cloth in every picture, process and run.
"""

from collections.abc import Callable
from functools import lru_cache

import cv2
import numpy as np

from lib.garment import COLOURS, Garment

T = 96  # tile side; about a fifth of a body's height at scale 1
AA = cv2.LINE_AA
_TURNS = np.linspace(0, 2 * np.pi, 16, endpoint=False)


def mix(a, b, share: float) -> tuple[float, ...]:
    """A colour between a and b."""
    return tuple((1 - share) * float(x) + share * float(y) for x, y in zip(a, b, strict=True))


# ---- drawing that wraps ---------------------------------------------------------------------------------------------


def _poly(img, points, colour) -> None:
    """A filled polygon, repeated at the tile's other side where it leaves it."""
    points = np.asarray(points, float)
    low, high = points.min(0), points.max(0)
    for dx in (-T, 0, T):
        for dy in (-T, 0, T):
            if low[0] + dx < T and high[0] + dx > 0 and low[1] + dy < T and high[1] + dy > 0:
                cv2.fillPoly(img, [np.round((points + (dx, dy)) * 16).astype(np.int32)], colour, AA, 4)


def _oval(img, x, y, rx, ry, colour, turn: float = 0.0) -> None:
    c, s = np.cos(turn), np.sin(turn)
    px, py = rx * np.cos(_TURNS), ry * np.sin(_TURNS)
    _poly(img, np.stack([x + c * px - s * py, y + s * px + c * py], 1), colour)


def _line(img, points, colour, width: int = 2) -> None:
    points = np.asarray(points, float)
    low, high = points.min(0) - width, points.max(0) + width
    for dx in (-T, 0, T):
        for dy in (-T, 0, T):
            if low[0] + dx < T and high[0] + dx > 0 and low[1] + dy < T and high[1] + dy > 0:
                moved = np.round((points + (dx, dy)) * 16).astype(np.int32)
                cv2.polylines(img, [moved], False, colour, width, AA, 4)


def _spots(rng, per_side: int, jitter: float = 0.3):
    """Centres on a jittered grid, every other row shifted: figures that neither clump nor line up."""
    step = T / per_side
    for row in range(per_side):
        for column in range(per_side):
            x = (column + 0.5 * (row % 2) + 0.25) * step + rng.uniform(-jitter, jitter) * step
            yield x, (row + 0.5) * step + rng.uniform(-jitter, jitter) * step


# ---- figures: (image, x, y, radius, colour, second colour, turn) ----------------------------------------------------


def _flower(img, x, y, r, c1, c2, turn, petals=5, slim=0.42):
    for i in range(petals):
        a = turn + 2 * np.pi * i / petals
        _oval(img, x + 0.58 * r * np.cos(a), y + 0.58 * r * np.sin(a), 0.5 * r, slim * r, c1, a)
    _oval(img, x, y, 0.28 * r, 0.28 * r, c2)


def _rose(img, x, y, r, c1, c2, turn):
    _oval(img, x, y, r, r, c1)
    for k, share in enumerate((0.75, 0.5, 0.25)):
        a = turn + k * 1.8 + np.linspace(0, 4.2, 9)
        _line(img, np.stack([x + share * r * np.cos(a), y + share * r * np.sin(a)], 1), mix(c1, (30, 10, 10), 0.45), 2)
    _leaf(img, x + 1.2 * r * np.cos(turn), y + 1.2 * r * np.sin(turn), 0.6 * r, (60, 110, 60), c2, turn)


def _daisy(img, x, y, r, c1, c2, turn):
    _flower(img, x, y, r, (250, 248, 240), (236, 190, 50), turn, petals=9, slim=0.16)


def _sunflower(img, x, y, r, c1, c2, turn):
    _flower(img, x, y, r, (244, 190, 40), (90, 54, 26), turn, petals=11, slim=0.17)
    _oval(img, x, y, 0.42 * r, 0.42 * r, (90, 54, 26))


def _wildflower(img, x, y, r, c1, c2, turn):
    a = -np.pi / 2 + 0.5 * np.sin(turn)
    _line(img, [(x, y), (x - r * np.cos(a), y - 1.5 * r * np.sin(a))], (70, 120, 60), 2)
    _flower(img, x, y, 0.7 * r, c1, c2, turn, petals=4)


def _leaf(img, x, y, r, c1, c2, turn):
    t = np.linspace(-1, 1, 9)
    side = 0.42 * (1 - t**2)
    shape = np.concatenate([np.stack([t, side], 1), np.stack([t[::-1], -side[::-1]], 1)]) * r
    c, s = np.cos(turn), np.sin(turn)
    _poly(img, shape @ np.array([[c, s], [-s, c]]) + (x, y), c1)
    _line(
        img, [(x - 0.8 * r * c, y - 0.8 * r * s), (x + 0.8 * r * c, y + 0.8 * r * s)], mix(c1, (255, 255, 255), 0.4), 1
    )


def _palm(img, x, y, r, c1, c2, turn):
    for i in range(7):
        a = turn + (i - 3) * 0.42
        _leaf(img, x + 0.6 * r * np.cos(a), y + 0.6 * r * np.sin(a), 0.6 * r, c1, c2, a)


def _tropical(img, x, y, r, c1, c2, turn):
    _palm(img, x, y, 1.1 * r, (40, 120, 80), c2, turn)
    _flower(img, x, y, 0.55 * r, c1, (240, 210, 80), turn)


def _botanical(img, x, y, r, c1, c2, turn):
    c, s = np.cos(turn), np.sin(turn)
    _line(img, [(x - r * c, y - r * s), (x + r * c, y + r * s)], (80, 110, 70), 2)
    for share in (-0.6, -0.1, 0.4, 0.9):
        for sign in (-1, 1):
            _leaf(img, x + share * r * c - sign * 0.3 * r * s, y + share * r * s + sign * 0.3 * r * c, 0.36 * r,
                  (96, 136, 84), c2, turn + sign * 0.8)  # fmt: skip


def _pineapple(img, x, y, r, c1, c2, turn):
    for a in (-2.2, -1.57, -0.94):
        _leaf(img, x + 0.5 * r * np.cos(a), y - 0.45 * r + 0.5 * r * np.sin(a), 0.5 * r, (60, 130, 70), c2, a)
    _oval(img, x, y + 0.2 * r, 0.5 * r, 0.75 * r, (236, 184, 52))
    for k in (-0.3, 0.1, 0.5):
        _line(img, [(x - 0.4 * r, y + k * r), (x + 0.4 * r, y + (k + 0.3) * r)], (170, 110, 30), 1)
        _line(img, [(x + 0.4 * r, y + k * r), (x - 0.4 * r, y + (k + 0.3) * r)], (170, 110, 30), 1)


def _bird(img, x, y, r, c1, c2, turn):
    side = 1 if turn < np.pi else -1
    _oval(img, x, y, 0.8 * r, 0.36 * r, c1, 0.25 * side)
    _oval(img, x + 0.7 * side * r, y - 0.1 * r, 0.26 * r, 0.26 * r, c1)
    _poly(img, [(x - 0.1 * side * r, y), (x - 0.6 * side * r, y - 0.9 * r), (x + 0.3 * side * r, y - 0.1 * r)], c2)
    _poly(img, [(x - 0.6 * side * r, y), (x - 1.2 * side * r, y - 0.1 * r), (x - 1.1 * side * r, y + 0.3 * r)], c1)


def _butterfly(img, x, y, r, c1, c2, turn):
    for side in (-1, 1):
        _oval(img, x + 0.5 * side * r, y - 0.3 * r, 0.52 * r, 0.4 * r, c1, -0.6 * side)
        _oval(img, x + 0.4 * side * r, y + 0.4 * r, 0.38 * r, 0.3 * r, c2, 0.6 * side)
    _line(img, [(x, y - 0.6 * r), (x, y + 0.6 * r)], (30, 24, 24), 2)


def _elephant(img, x, y, r, c1, c2, turn):
    side = 1 if turn < np.pi else -1
    _oval(img, x, y, 0.72 * r, 0.5 * r, c1)
    for dx in (-0.5, -0.2, 0.2, 0.5):
        _poly(img, [(x + (dx - 0.11) * r, y + 0.2 * r), (x + (dx + 0.11) * r, y + 0.2 * r), (x + (dx + 0.11) * r, y + 0.9 * r),
                    (x + (dx - 0.11) * r, y + 0.9 * r)], c1)  # fmt: skip
    _oval(img, x + 0.75 * side * r, y - 0.25 * r, 0.4 * r, 0.36 * r, c1)
    _oval(img, x + 0.6 * side * r, y - 0.25 * r, 0.2 * r, 0.3 * r, mix(c1, (255, 255, 255), 0.35))
    _line(
        img,
        [(x + 1.05 * side * r, y - 0.2 * r), (x + 1.2 * side * r, y + 0.3 * r), (x + 1.05 * side * r, y + 0.6 * r)],
        c1,
        3,
    )


def _heart(img, x, y, r, c1, c2, turn):
    t = np.linspace(0, 2 * np.pi, 20)
    px, py = np.sin(t) ** 3, -(13 * np.cos(t) - 5 * np.cos(2 * t) - 2 * np.cos(3 * t) - np.cos(4 * t)) / 16
    _poly(img, np.stack([x + r * px, y + r * py], 1), c1)


def _star(img, x, y, r, c1, c2, turn):
    a = -np.pi / 2 + np.arange(10) * np.pi / 5
    reach = r * np.where(np.arange(10) % 2 == 0, 1, 0.42)
    _poly(img, np.stack([x + reach * np.cos(a), y + reach * np.sin(a)], 1), c1)


def _paisley(img, x, y, r, c1, c2, turn):
    t = np.linspace(0, 2 * np.pi, 18, endpoint=False)
    bend = 0.5 * np.maximum(0, -np.sin(t)) ** 2
    shape = np.stack([0.62 * np.cos(t) * (1 - 0.75 * np.maximum(0, -np.sin(t))) + bend, np.sin(t)], 1)
    c, s = np.cos(turn), np.sin(turn)
    turned = shape @ np.array([[c, s], [-s, c]])
    for share, colour in ((1.0, c1), (0.72, c2), (0.4, c1)):
        _poly(img, turned * share * r + (x, y), colour)


def _rosette(img, x, y, r, c1, c2, turn):
    _oval(img, x, y, 0.62 * r, 0.5 * r, mix(c1, (130, 80, 30), 0.6), turn)
    for start in (0, 2.2, 4.3):
        a = turn + start + np.linspace(0, 1.5, 5)
        _line(img, np.stack([x + 0.85 * r * np.cos(a), y + 0.7 * r * np.sin(a)], 1), (38, 26, 18), max(2, int(r / 3)))


def _cheetah(img, x, y, r, c1, c2, turn):
    _oval(img, x, y, 0.6 * r, 0.45 * r, (38, 26, 18), turn)


def _disc(img, x, y, r, c1, c2, turn):
    _oval(img, x, y, r, r, c1)


def _ring(img, x, y, r, c1, c2, turn):
    for share, colour in ((1.0, c1), (0.68, c2), (0.36, c1)):
        _oval(img, x, y, share * r, share * r, colour)


def _diamond(img, x, y, r, c1, c2, turn):
    _poly(img, [(x, y - r), (x + 0.62 * r, y), (x, y + r), (x - 0.62 * r, y)], c1)
    _poly(img, [(x, y - 0.5 * r), (x + 0.31 * r, y), (x, y + 0.5 * r), (x - 0.31 * r, y)], c2)


def _triangle(img, x, y, r, c1, c2, turn):
    _poly(img, [(x, y - r), (x + 0.9 * r, y + 0.7 * r), (x - 0.9 * r, y + 0.7 * r)], c1 if turn < np.pi else c2)


def _hexagon(img, x, y, r, c1, c2, turn):
    a = np.arange(6) * np.pi / 3
    for share, colour in ((1.0, c1), (0.62, c2)):
        _poly(img, np.stack([x + share * r * np.cos(a), y + share * r * np.sin(a)], 1), colour)


def _medallion(img, x, y, r, c1, c2, turn):
    _oval(img, x, y, r, r, c1)
    _flower(img, x, y, 0.8 * r, c2, c1, 0, petals=8, slim=0.2)


def _mandala(img, x, y, r, c1, c2, turn):
    for share, petals, colour in ((1.0, 12, c1), (0.7, 8, c2), (0.4, 6, c1)):
        _flower(img, x, y, share * r, colour, c2, 0, petals=petals, slim=0.14)


def _scroll(img, x, y, r, c1, c2, turn):
    a = np.linspace(0, 4.5, 14)
    for side in (0, np.pi):
        spiral = np.stack([(0.2 + 0.18 * a) * np.cos(a + turn + side), (0.2 + 0.18 * a) * np.sin(a + turn + side)], 1)
        _line(img, (x, y) + r * spiral, c1, 3)
    _oval(img, x, y, 0.2 * r, 0.2 * r, c2)


def _cross(img, x, y, r, c1, c2, turn):
    for k in range(3):
        s = (1 - 0.3 * k) * r
        colour = (c1, c2, c1)[k]
        _poly(img, [(x - s, y), (x - 0.5 * s, y), (x - 0.5 * s, y - 0.5 * s), (x, y - 0.5 * s), (x, y - s), (x + 0.5 * s, y - 0.5 * s),
                    (x + s, y), (x + 0.5 * s, y + 0.5 * s), (x, y + s), (x - 0.5 * s, y + 0.5 * s)], colour)  # fmt: skip


def _stroke(img, x, y, r, c1, c2, turn):
    for k in (-0.25, 0, 0.25):
        a = turn + k * 0.3
        _line(
            img, [(x - r * np.cos(a), y - r * np.sin(a) + k * r), (x + r * np.cos(a), y + r * np.sin(a) + k * r)], c1, 4
        )


def _blob(img, x, y, r, c1, c2, turn):
    reach = r * (0.8 + 0.3 * np.sin(3 * _TURNS + turn) + 0.15 * np.sin(5 * _TURNS))
    _poly(img, np.stack([x + 1.3 * reach * np.cos(_TURNS), y + 0.8 * reach * np.sin(_TURNS)], 1), c1)


def _splash(img, x, y, r, c1, c2, turn):
    _oval(img, x, y, 0.5 * r, 0.5 * r, c1)
    for k in range(5):
        a, far = turn + k * 1.3, r * (0.6 + 0.12 * k)
        _oval(img, x + far * np.cos(a), y + far * np.sin(a), 0.14 * r, 0.14 * r, c1)


# pattern: (figure, figures a side, radius as a share of their distance, jitter)
_SCATTERED: dict[str, tuple[Callable, int, float, float]] = {
    "floral": (_flower, 3, 0.42, 0.2), "ditsy": (_flower, 5, 0.36, 0.2), "rose": (_rose, 2, 0.32, 0.1),
    "daisy": (_daisy, 3, 0.46, 0.15), "sunflower": (_sunflower, 2, 0.44, 0.1), "wildflower": (_wildflower, 4, 0.44, 0.25),
    "leaf": (_leaf, 3, 0.5, 0.2), "palm": (_palm, 2, 0.5, 0.1), "tropical": (_tropical, 2, 0.46, 0.1),
    "botanical": (_botanical, 2, 0.5, 0.1), "pineapple": (_pineapple, 2, 0.42, 0.05), "bird": (_bird, 3, 0.36, 0.15),
    "butterfly": (_butterfly, 3, 0.4, 0.15), "elephant": (_elephant, 2, 0.34, 0.05), "heart": (_heart, 3, 0.36, 0.0),
    "star": (_star, 3, 0.4, 0.0), "paisley": (_paisley, 3, 0.46, 0.1), "leopard": (_rosette, 5, 0.42, 0.2),
    "cheetah": (_cheetah, 6, 0.4, 0.25), "dots": (_disc, 4, 0.26, 0.0), "polka": (_disc, 2, 0.3, 0.0),
    "speckle": (_disc, 8, 0.22, 0.45), "circle": (_ring, 2, 0.44, 0.0), "diamond": (_diamond, 4, 0.48, 0.0),
    "triangle": (_triangle, 4, 0.42, 0.0), "geo": (_hexagon, 3, 0.5, 0.0), "medallion": (_medallion, 2, 0.44, 0.0),
    "mandala": (_mandala, 1, 0.46, 0.0), "baroque": (_scroll, 2, 0.42, 0.0), "damask": (_scroll, 3, 0.46, 0.0),
    "tribal": (_triangle, 6, 0.5, 0.0), "southwestern": (_cross, 2, 0.5, 0.0), "brushstroke": (_stroke, 4, 0.5, 0.3),
    "camo": (_blob, 3, 0.6, 0.3), "splatter": (_splash, 4, 0.5, 0.4), "folk": (_flower, 4, 0.4, 0.0),
}  # fmt: skip


# ---- patterns -------------------------------------------------------------------------------------------------------


def _bands(img, bands, axis: int) -> None:
    """Stripes: (start, width, colour), along the rows (axis 0) or the columns."""
    for start, width, colour in bands:
        where = np.arange(start, start + width) % T
        if axis == 0:
            img[where] = colour
        else:
            img[:, where] = colour


@lru_cache(maxsize=1)
def _grid() -> tuple[np.ndarray, np.ndarray]:
    return np.meshgrid(np.arange(T), np.arange(T))


@lru_cache(maxsize=16)
def _noise(blur: float, number: int) -> np.ndarray:
    """Smooth noise that wraps, (T, T) float32 of mean 0 and deviation 1; never written to."""
    raw = np.random.default_rng([number, int(10 * blur)]).normal(size=(T, T)).astype(np.float32)
    raw = cv2.GaussianBlur(np.tile(raw, (3, 3)), (0, 0), blur)[T : 2 * T, T : 2 * T] if blur else raw
    return (raw - raw.mean()) / raw.std()


def _blend(img, colour, share: np.ndarray) -> None:
    """Towards a colour, by a share (T, T) in 0..1."""
    img[:] = np.clip(img + share[..., None] * (np.float32(colour) - img), 0, 255)


def _checks(img, cell: int, colour, share: float) -> None:
    """Crossing bands of half transparent colour: gingham, plaid."""
    for axis in (0, 1):
        for start in range(0, T, 2 * cell):
            part = img[start : start + cell] if axis == 0 else img[:, start : start + cell]
            part[:] = part * (1 - share) + np.float32(colour) * share


def _pattern(img: np.ndarray, g: Garment, c1, c2, c3, rng) -> None:
    """Draw the pattern on the ground colour c1, with c2 and c3."""
    xs, ys = _grid()
    name = g.pattern
    if name in _SCATTERED:
        figure, n, radius, jitter = _SCATTERED[name]
        colours = [c2, c3]
        if name in ("leopard", "cheetah"):
            img[:] = c1 = mix(c1, (206, 158, 100), 0.75)
        if name == "camo":
            img[:] = c1 = mix(c1, (110, 112, 74), 0.7)
            colours = [mix(c1, (60, 50, 30), 0.5), mix(c1, (30, 40, 20), 0.6), mix(c1, (190, 180, 140), 0.4)]
        elif name in ("leaf", "palm"):
            colours = [mix(c2, (40, 120, 70), 0.6)]
        elif name in (
            "dots",
            "polka",
            "heart",
            "star",
            "circle",
            "damask",
            "baroque",
            "speckle",
            "brushstroke",
            "diamond",
        ):
            colours = [c2]
        second = c1 if name in ("paisley", "circle", "medallion", "diamond") else c3 if c3 != c2 else (240, 220, 120)
        for i, (x, y) in enumerate(_spots(rng, n, jitter)):
            figure(img, x, y, radius * T / n, colours[i % len(colours)], second, rng.uniform(0, 2 * np.pi))
        if name == "tribal":
            _bands(img, [(0, 5, c3), (T // 2, 5, c2)], 0)
        if name == "folk":
            _bands(img, [(0, 4, c3), (T // 2, 4, c3)], 0)
    elif name == "stripes":
        _bands(img, [(s, 12, c2) for s in range(0, T, 24)], 0)
    elif name == "vertical-stripes":
        _bands(img, [(s, 8, c2) for s in range(0, T, 16)], 1)
    elif name == "pinstripe":
        _bands(img, [(s, 2, c2) for s in range(0, T, 12)], 1)
    elif name == "breton":
        img[:] = (244, 242, 236)
        dark = c1 if sum(c1) < 420 else (34, 44, 86)
        _bands(img, [(s, 6, dark) for s in range(0, T, 16)], 0)
    elif name == "rugby":
        _bands(img, [(0, 48, c2)], 0)
        _bands(img, [(46, 4, (244, 242, 236)), (94, 4, (244, 242, 236))], 0)
    elif name == "multi-stripe":
        colours = [c2, c3, (240, 208, 76), (52, 98, 178), (240, 240, 236)]
        _bands(img, [(8 * i, 8, colours[int(k)]) for i, k in enumerate(rng.integers(0, 5, T // 8))], 0)
    elif name == "geo-stripe":
        _bands(img, [(0, 6, c2), (48, 6, c2)], 0)
        for x in range(0, T, 16):
            _diamond(img, x, 27, 10, c3, c1, 0)
            _triangle(img, x, 75, 9, c2, c2, 0)
    elif name in ("chevron", "zigzag", "wave"):
        period, bend = (32, 16) if name == "chevron" else (16, 8)
        shift = bend * np.abs((xs / period) % 1 * 2 - 1) if name != "wave" else 8 * np.sin(xs * 2 * np.pi / 48)
        img[((ys + shift) % (32 if name != "zigzag" else 24)) < (14 if name != "zigzag" else 6)] = c2
    elif name == "plaid":
        _checks(img, 24, c2, 0.5)
        _bands(img, [(35, 3, c3)], 0)
        _bands(img, [(35, 3, c3)], 1)
    elif name == "tartan":
        _checks(img, 32, c2, 0.55)
        for axis in (0, 1):
            _bands(img, [(14, 3, c3), (20, 3, c3), (46, 2, (240, 208, 76)), (78, 2, (240, 208, 76))], axis)
    elif name == "gingham":
        img[:] = (246, 246, 242)
        _checks(img, 8, c1 if sum(c1) < 600 else c2, 0.5)
    elif name == "checkered":
        img[((xs // 16 + ys // 16) % 2) == 0] = c2
    elif name in ("grid", "windowpane"):
        step = 16 if name == "grid" else 48
        for axis in (0, 1):
            _bands(img, [(s, 2 if name == "grid" else 3, c2) for s in range(0, T, step)], axis)
    elif name == "houndstooth":
        u, v = xs % 24, ys % 24
        tooth = (
            ((u < 12) & (v < 12))
            | ((u >= 12) & (v < 12) & ((u + v) % 12 < 6))
            | ((u < 12) & (v >= 12) & ((u + v) % 12 < 6))
        )
        img[tooth] = c2
    elif name == "herringbone":
        img[((ys + np.where((xs // 12) % 2 == 0, xs, -xs)) % 12) < 5] = mix(c1, c2, 0.8)
    elif name == "tile":
        for x, y in _spots(rng, 3, 0):
            _poly(img, [(x - 14, y - 14), (x + 14, y - 14), (x + 14, y + 14), (x - 14, y + 14)], c2)
            _flower(img, x, y, 13, c3, c1, 0.785, petals=4)
    elif name == "mosaic":
        colours = np.float32([c1, c2, c3, mix(c1, c2, 0.5)])
        img[:] = np.kron(colours[rng.integers(0, 4, (8, 8))], np.ones((12, 12, 1), np.float32))
        _bands(img, [(s, 2, (236, 232, 224)) for s in range(0, T, 12)], 0)
        _bands(img, [(s, 2, (236, 232, 224)) for s in range(0, T, 12)], 1)
    elif name == "kaleidoscope":
        part = np.minimum(xs % 48, 47 - xs % 48), np.minimum(ys % 48, 47 - ys % 48)
        wave = np.sin(0.5 * np.maximum(*part)) + np.cos(0.7 * np.minimum(*part))
        img[wave > 0.5] = c2
        img[wave < -0.5] = c3
    elif name == "bandana":
        _bands(img, [(0, 3, c2), (90, 3, c2)], 0)
        for x, y in _spots(rng, 3, 0):
            _paisley(img, x, y, 12, (244, 242, 236), c1, rng.uniform(0, 6))
        for x, y in _spots(rng, 6, 0):
            _oval(img, x + 8, y + 8, 1.8, 1.8, (244, 242, 236))
    elif name == "ikat":
        for x, y in _spots(rng, 2, 0):
            _diamond(img, x, y, 26, c2, c3, 0)
        smear = cv2.blur(np.tile(img, (3, 1, 1)), (1, 13))[T : 2 * T]
        img[:] = smear
    elif name == "fair-isle":
        for y, figure in ((8, _diamond), (32, _star), (56, _cross), (80, _heart)):
            for x in range(6, T, 16):
                figure(img, x, y, 7, c2 if y % 16 else c3, c1, 0)
        _bands(img, [(20, 3, c3), (44, 3, c2), (68, 3, c3), (92, 3, c2)], 0)
    elif name == "giraffe":
        img[:] = mix(c1, (236, 214, 170), 0.8)
        for x, y in _spots(rng, 4, 0.12):
            reach = 11 + 2 * np.sin(5 * _TURNS[::2] + x)
            _poly(img, np.stack([x + reach * np.cos(_TURNS[::2]), y + reach * np.sin(_TURNS[::2])], 1), (150, 92, 44))
    elif name == "zebra":
        img[:] = (240, 238, 232)
        img[np.sin(ys * 2 * np.pi / 24 + 1.6 * _noise(10, g.seed % 4)) > 0.15] = (34, 32, 34)
    elif name == "marble":
        vein = np.abs(_noise(9, g.seed % 4) + 0.3 * _noise(3, 5))
        _blend(img, c2, np.clip(1 - 3.5 * vein, 0, 1))
    elif name == "watercolor":
        _blend(img, c2, np.clip(0.5 + 0.6 * _noise(10, g.seed % 4), 0, 1))
        _blend(img, c3, np.clip(0.6 * _noise(8, 4 + g.seed % 3), 0, 0.9))
        _blend(img, (255, 255, 255), np.clip(0.5 * _noise(6, 2), 0, 0.7))
    elif name == "abstract":
        for threshold, colour, number in ((0.5, c2, 0), (0.9, c3, 1)):
            img[_noise(7, (g.seed + number) % 5) > threshold] = colour
        for x, y in _spots(rng, 2, 0.3):
            _line(img, [(x - 20, y), (x, y + rng.uniform(-16, 16)), (x + 20, y)], c3, 3)
    elif name == "galaxy":
        img[:] = (24, 20, 48)
        _blend(img, (120, 60, 170), np.clip(0.5 * _noise(10, g.seed % 4), 0, 0.8))
        _blend(img, c2, np.clip(0.4 * _noise(8, 4), 0, 0.6))
        for _ in range(40):
            x, y = rng.uniform(0, T, 2)
            _oval(img, x, y, 1.3, 1.3, (255, 255, 255))
    elif name == "patchwork":
        for i, (x, y) in enumerate(((0, 0), (48, 0), (0, 48), (48, 48))):
            patch = img[y : y + 48, x : x + 48]
            patch[:] = (c1, c2, c3, mix(c2, (255, 255, 255), 0.5))[i]
            if i % 2:
                patch[:, ::12] = patch[:, 1::12] = mix(c1, (255, 255, 255), 0.4)
            else:
                for u in range(8, 48, 16):
                    for v in range(8, 48, 16):
                        cv2.circle(patch, (u, v), 4, c3 if i == 0 else c1, -1, AA)


# ---- fabrics and finishes: factors around 1 on the colours ------------------------------------------------------------


@lru_cache(maxsize=64)
def _weave(fabric: str) -> np.ndarray | None:
    """The structure of a fabric as factors (T, T) float32; never written to."""
    xs, ys = _grid()
    fine = _noise(0, 1)
    if fabric in ("denim", "chambray", "twill", "canvas"):
        weave = ((xs + ys) % 6 < 3) * 0.2 if fabric in ("denim", "twill") else ((xs // 3 + ys // 3) % 2) * 0.12
        fleck = cv2.blur(np.tile(fine, (3, 1)), (1, 5))[T : 2 * T]
        return np.float32(0.92 + weave + (0.3 if fabric in ("denim", "chambray") else 0.06) * fleck)
    if fabric == "corduroy":
        return np.float32(0.82 + 0.3 * np.abs(np.sin(xs * np.pi / 8)))
    if fabric in ("knit", "fleece", "terry", "eyelash-knit", "loose-knit", "pointelle"):
        if fabric == "knit":
            return np.float32(0.86 + 0.22 * (np.abs(xs % 8 - 3.5 + np.where(ys % 8 < 4, 0.8, -0.8)) < 2.2))
        if fabric == "terry":
            return np.float32(1 + 0.12 * _noise(0.8, 2))
        if fabric == "fleece":
            return np.float32(1 + 0.09 * _noise(2.5, 3))
        if fabric == "eyelash-knit":
            return np.float32(1 + 0.2 * cv2.blur(np.tile(fine, (1, 3)), (7, 2))[:, T : 2 * T])
        return np.float32(0.85 + 0.25 * ((xs % 12 < 8) & (ys % 12 < 8)))
    if fabric == "cable-knit":
        braid = np.abs(np.sin((xs % 32 - 16) * 0.35 + 1.6 * np.sin(ys * 2 * np.pi / 32)))
        return np.float32(np.where(xs % 32 < 24, 0.72 + 0.4 * braid, 0.7 + 0.3 * (ys % 6 < 3)))
    if fabric == "rib-knit":
        return np.float32(0.8 + 0.3 * (xs % 8 < 5))
    if fabric == "waffle":
        return np.float32(0.82 + 0.24 * ((xs % 12 < 8) & (ys % 12 < 8)))
    if fabric == "tweed":
        return np.float32(1 + 0.22 * _noise(0.7, 3) + 0.06 * ((xs // 3 + ys // 3) % 2))
    if fabric in ("fur", "shearling", "feather"):
        long = {"fur": 9, "shearling": 3, "feather": 15}[fabric]
        hair = cv2.blur(np.tile(_noise(0, 4), (3, 1)), (2 if fabric != "shearling" else 3, long))[T : 2 * T]
        return np.float32(1 + (0.75 if fabric != "shearling" else 0.5) * hair)
    if fabric == "sequin":
        centre = np.hypot((xs + 6 * ((ys // 10) % 2)) % 12 - 6, ys % 10 - 5)
        return np.float32(np.clip(0.75 + 0.12 * (5 - centre), 0.6, 1.4) + 0.35 * (_noise(0.6, 5) > 1.6))
    if fabric == "quilted":
        seam = np.minimum(np.abs((xs + ys) % 32 - 16), np.abs((xs - ys) % 32 - 16))
        return np.float32(0.72 + 0.35 * np.clip((16 - np.abs(16 - seam)) / 7, 0, 1))
    if fabric == "puffer":
        return np.float32(0.62 + 0.52 * np.sqrt(np.clip(np.sin((ys % 48) * np.pi / 48), 0, 1)))
    if fabric in ("velvet", "suede"):
        return np.float32(1 + (0.14 if fabric == "velvet" else 0.07) * _noise(6, 6) + 0.04 * fine)
    if fabric == "crepe":
        return np.float32(1 + 0.08 * _noise(1.2, 8))
    if fabric == "jersey":
        return np.float32(0.97 + 0.06 * (xs % 4 < 2))
    if fabric in ("linen", "gauze", "woven"):
        thread = (
            cv2.blur(np.tile(fine, (1, 3)), (15, 1))[:, T : 2 * T] + cv2.blur(np.tile(fine, (3, 1)), (1, 15))[T : 2 * T]
        )
        return np.float32(1 + (0.24 if fabric != "woven" else 0.12) * thread)
    if fabric == "jacquard":
        return np.float32(0.9 + 0.2 * (np.sin(xs * 2 * np.pi / 32) * np.sin(ys * 2 * np.pi / 32) > 0.2))
    if fabric == "leather":
        return np.float32(1 + 0.07 * _noise(1.5, 7))
    if fabric == "scuba":
        return np.float32(1 + 0.03 * _noise(8, 7))
    if fabric == "nylon":
        return np.float32(0.97 + 0.07 * ((xs % 16 < 1) | (ys % 16 < 1)))
    if fabric in ("lace", "crochet", "mesh", "net", "eyelet", "tulle", "chiffon", "satin"):
        return np.float32(1 + 0.02 * fine) if fabric in ("chiffon", "satin", "tulle") else None
    return np.float32(1 + 0.035 * fine)  # cotton


@lru_cache(maxsize=16)
def _holes(fabric: str) -> np.ndarray | None:
    """How much a fabric covers, (T, T) uint8, 255 opaque; never written to. None where it covers all."""
    xs, ys = _grid()
    if fabric in ("chiffon", "gauze", "tulle"):
        return np.full((T, T), {"chiffon": 205, "gauze": 215, "tulle": 165}[fabric], np.uint8)
    if fabric in ("lace", "crochet"):
        ring = np.hypot(xs % 24 - 12, ys % 24 - 12)
        small = np.hypot((xs + 12) % 24 - 12, (ys + 12) % 24 - 12)
        open_ = ((ring > 4) & (ring < 8)) | (small < 3.5) if fabric == "lace" else (ring < 6) | (small < 4)
        return np.where(open_, 95 if fabric == "lace" else 60, 245).astype(np.uint8)
    if fabric in ("mesh", "net"):
        step, hole = (6, 4) if fabric == "mesh" else (12, 9)
        return np.where((xs % step < hole) & (ys % step < hole), 110 if fabric == "mesh" else 30, 250).astype(np.uint8)
    if fabric == "eyelet":
        return np.where(np.hypot(xs % 24 - 12, ys % 24 - 12) < 4, 40, 255).astype(np.uint8)
    if fabric in ("loose-knit", "pointelle"):
        step = 12 if fabric == "loose-knit" else 24
        return np.where(np.hypot(xs % step - 6, ys % 12 - 6) < 2.8, 70, 255).astype(np.uint8)
    return None


def _finish(img: np.ndarray, g: Garment, c2, rng) -> np.ndarray:
    xs, ys = _grid()
    name = g.finish
    white = (255, 255, 255)
    if name in ("washed", "faded", "bleached", "acid-wash", "cloud-wash", "mineral-wash"):
        blur, strength, lift = {"washed": (12, 0.1, 0.22), "faded": (12, 0.08, 0.42), "bleached": (7, 0.45, 0.3), "acid-wash": (3, 0.4, 0.3),
                                "cloud-wash": (10, 0.4, 0.35), "mineral-wash": (1.5, 0.3, 0.25)}[name]  # fmt: skip
        _blend(
            img,
            white if name != "mineral-wash" else (200, 205, 210),
            np.clip(lift + strength * _noise(blur, g.seed % 4), 0, 0.9),
        )
    elif name == "tie-dye":
        radius = np.hypot(xs - T / 2, ys - T / 2) + 3 * _noise(6, 1)
        _blend(img, c2, np.clip(0.5 + 0.6 * np.sin(radius * 0.35), 0, 1))
        _blend(img, white, np.clip(np.sin(radius * 0.35 + 1.6), 0, 0.6))
    elif name in ("heathered", "marled", "slub"):
        fibre = cv2.blur(np.tile(_noise(0, 2), (1, 3)), (9, 1) if name != "slub" else (31, 1))[:, T : 2 * T]
        strength = {"heathered": 0.9, "marled": 1.6, "slub": 1.2}[name]
        _blend(img, white if name != "marled" else c2, np.clip(strength * fibre, 0, 0.6))
    elif name in ("coated", "metallic", "foil"):
        sheen = np.clip(
            (0.35 if name == "metallic" else 0.15) + (0.35 if name == "metallic" else 0.2) * _noise(7, g.seed % 4),
            0,
            0.8,
        )
        _blend(img, white if name != "foil" else (236, 204, 120), sheen if name != "foil" else (sheen > 0.4) * 0.85)
    elif name in ("glitter", "rhinestones", "beaded", "studded", "swiss-dot", "perforated"):
        n, radius = {"glitter": (14, 0.9), "rhinestones": (5, 3.2), "beaded": (9, 2.2), "studded": (5, 3.6), "swiss-dot": (7, 2.2),
                     "perforated": (9, 1.8)}[name]  # fmt: skip
        colour = {
            "studded": (190, 190, 196),
            "perforated": mix(img[0, 0], (0, 0, 0), 0.6),
            "beaded": mix(c2, white, 0.3),
        }.get(name, white)
        for x, y in _spots(rng, n, 0.4 if name == "glitter" else 0.1):
            _oval(img, x, y, radius, radius, colour)
            if name in ("studded", "rhinestones"):
                _oval(img, x + 0.8, y + 0.8, 0.45 * radius, 0.45 * radius, mix(colour, (70, 70, 90), 0.5))
    elif name in ("embroidered", "applique"):
        n = 3 if name == "embroidered" else 2
        for x, y in _spots(rng, n, 0.1):
            turn = rng.uniform(0, 6)
            _flower(img, x, y, 12 if n == 3 else 18, c2, mix(c2, white, 0.6), turn, petals=6, slim=0.2)
            _line(img, [(x - 16, y + 14), (x, y + 10), (x + 16, y + 14)], mix(c2, (40, 100, 50), 0.5), 2)
    elif name == "embossed":
        img[:] = np.clip(img * (1 + 0.16 * np.sign(np.sin(xs * 0.39) * np.sin(ys * 0.39)))[..., None], 0, 255)
    elif name == "burnout":
        _blend(img, white, 0.4 * (_noise(4, g.seed % 4) > 0.4))
    elif name == "crinkled":
        img[:] = np.clip(img * (1 + 0.16 * _noise(2, 1))[..., None], 0, 255)
    elif name in ("pintucked", "pressed", "ribs", "seams", "bandage", "ruched"):
        step, depth = {"pintucked": (12, 0.3), "pressed": (48, 0.25), "ribs": (8, 0.2), "seams": (48, 0.45), "bandage": (24, 0.35),
                       "ruched": (14, 0.35)}[name]  # fmt: skip
        along = ys if name in ("bandage", "ribs") else ys + 3 * np.sin(xs * 0.3) if name == "ruched" else xs
        img[:] = np.clip(img * (1 - depth * np.clip(1 - (along % step) / 4, 0, 1))[..., None], 0, 255)
    elif name in ("quilted", "lattice"):
        seam = np.minimum(np.abs((xs + ys) % 32 - 16), np.abs((xs - ys) % 32 - 16))
        img[:] = np.clip(img * np.where(seam < 2, 0.6 if name == "quilted" else 0.35, 1)[..., None], 0, 255)
    elif name == "patched":
        for x, y in _spots(rng, 1, 0.2):
            _poly(img, [(x, y), (x + 26, y + 3), (x + 23, y + 28), (x - 2, y + 25)], mix(c2, img[0, 0], 0.3))
    elif name == "neon":
        hsv = cv2.cvtColor(img, cv2.COLOR_RGB2HSV)
        hsv[..., 1] = np.clip(hsv[..., 1].astype(int) + 140, 0, 255)
        hsv[..., 2] = np.clip(hsv[..., 2].astype(int) + 110, 0, 255)
        img[:] = cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB)
    return img


def tile(g: Garment) -> np.ndarray:
    """The garment's cloth, (T, T, 3) uint8 RGB, repeating on both axes."""
    rng = np.random.default_rng(g.seed)
    names = list(COLOURS)
    c1, c2 = COLOURS[g.colour], COLOURS[g.accent]
    c3 = COLOURS[names[g.seed % len(names)]]
    img = np.empty((T, T, 3), np.uint8)
    img[:] = c1
    if g.pattern not in ("solid", "colorblock", "two-tone", "ombre"):
        _pattern(img, g, c1, c2, c3, rng)
    if g.abstract > 0:
        xs, ys = _grid()
        bend = 7 * g.abstract
        img = cv2.remap(img, np.float32(xs + bend * _noise(9, 0)), np.float32(ys + bend * _noise(9, 3)), cv2.INTER_LINEAR,
                        borderMode=cv2.BORDER_WRAP)  # fmt: skip
    weave = _weave(g.fabric)
    if weave is not None:
        img = np.clip(img * weave[..., None], 0, 255).astype(np.uint8)
    return _finish(img, g, c2, rng) if g.finish != "none" else img


def cover(g: Garment) -> np.ndarray | None:
    """How much the cloth covers what is behind it, (T, T) uint8, 255 opaque; None where it is opaque throughout."""
    return _holes(g.fabric)


def panel_cloth(panel: str, g: Garment) -> tuple[np.ndarray, np.ndarray | None]:
    """Tile and cover of a panel of another material."""
    base = COLOURS[g.accent] if panel in ("contrast", "leather") else mix(COLOURS[g.colour], (255, 255, 255), 0.25)
    fabric = {"sheer": "tulle", "contrast": "cotton"}.get(panel, panel)
    img = np.empty((T, T, 3), np.uint8)
    img[:] = (40, 34, 34) if panel == "leather" and sum(base) > 600 else base
    weave = _weave(fabric)
    if weave is not None:
        img = np.clip(img * weave[..., None], 0, 255).astype(np.uint8)
    return img, _holes(fabric)


def gloss(g: Garment) -> float:
    """0 matt to 1 shining."""
    if g.finish in ("metallic", "coated", "foil"):
        return 0.9
    return {"leather": 0.8, "satin": 0.8, "sequin": 0.9, "puffer": 0.6, "nylon": 0.5, "velvet": 0.4, "scuba": 0.2}.get(
        g.fabric, 0.0
    )


def flow(g: Garment) -> float:
    """How deep the folds are: 0 stiff to 1 flowing."""
    soft = {
        "chiffon": 1.0,
        "tulle": 0.9,
        "gauze": 0.9,
        "satin": 0.9,
        "jersey": 0.7,
        "lace": 0.6,
        "crepe": 0.8,
        "velvet": 0.7,
    }
    stiff = {
        "leather": 0.3,
        "denim": 0.3,
        "puffer": 0.1,
        "quilted": 0.1,
        "scuba": 0.2,
        "tweed": 0.25,
        "fur": 0.1,
        "shearling": 0.1,
    }
    return soft.get(g.fabric, stiff.get(g.fabric, 0.5))


# ---- what is printed on the chest -----------------------------------------------------------------------------------

_ICONS: dict[str, Callable] = {"heart": _heart, "star": _star, "sun": _sunflower, "palm springs": _palm, "tree": _palm}
EMBLEM = 96


def _moon(img, x, y, r, c1, c2, turn):
    _oval(img, x, y, r, r, c1)
    _oval(img, x + 0.45 * r, y - 0.2 * r, 0.85 * r, 0.85 * r, (1, 1, 1))


def _cat(img, x, y, r, c1, c2, turn):
    for side in (-1, 1):
        _poly(
            img,
            [(x + 0.25 * side * r, y - 0.5 * r), (x + 0.85 * side * r, y - 1.1 * r), (x + 0.9 * side * r, y - 0.1 * r)],
            c1,
        )
    _oval(img, x, y, 0.95 * r, 0.8 * r, c1)
    for side in (-1, 1):
        _oval(img, x + 0.4 * side * r, y - 0.1 * r, 0.14 * r, 0.2 * r, (1, 1, 1))
    _oval(img, x, y + 0.25 * r, 0.12 * r, 0.08 * r, (1, 1, 1))


def _mouse(img, x, y, r, c1, c2, turn):
    for side in (-1, 1):
        _oval(img, x + 0.7 * side * r, y - 0.65 * r, 0.45 * r, 0.45 * r, c1)
    _oval(img, x, y, 0.75 * r, 0.75 * r, c1)


def _smile(img, x, y, r, c1, c2, turn):
    _oval(img, x, y, r, r, (246, 206, 60))
    for side in (-1, 1):
        _oval(img, x + 0.35 * side * r, y - 0.25 * r, 0.1 * r, 0.18 * r, (1, 1, 1))
    a = np.linspace(0.4, np.pi - 0.4, 9)
    _line(img, np.stack([x + 0.6 * r * np.cos(a), y + 0.1 * r + 0.5 * r * np.sin(a)], 1), (1, 1, 1), 3)


def _bolt(img, x, y, r, c1, c2, turn):
    _poly(img, [(x + 0.2 * r, y - r), (x - 0.5 * r, y + 0.15 * r), (x, y + 0.1 * r), (x - 0.2 * r, y + r), (x + 0.55 * r, y - 0.2 * r),
                (x + 0.05 * r, y - 0.15 * r)], c1)  # fmt: skip


def _tower(img, x, y, r, c1, c2, turn):
    _poly(img, [(x, y - r), (x + 0.15 * r, y - 0.2 * r), (x + 0.6 * r, y + r), (x + 0.3 * r, y + r), (x, y + 0.3 * r), (x - 0.3 * r, y + r),
                (x - 0.6 * r, y + r), (x - 0.15 * r, y - 0.2 * r)], c1)  # fmt: skip


def _slice(img, x, y, r, c1, c2, turn):
    _poly(img, [(x, y + r), (x - 0.8 * r, y - 0.6 * r), (x + 0.8 * r, y - 0.6 * r)], (244, 196, 80))
    for dx, dy in ((-0.2, -0.2), (0.25, -0.3), (0, 0.3)):
        _oval(img, x + dx * r, y + dy * r, 0.16 * r, 0.16 * r, (190, 40, 36))


def _cup(img, x, y, r, c1, c2, turn):
    _poly(
        img,
        [
            (x - 0.6 * r, y - 0.5 * r),
            (x + 0.6 * r, y - 0.5 * r),
            (x + 0.45 * r, y + 0.8 * r),
            (x - 0.45 * r, y + 0.8 * r),
        ],
        c1,
    )
    _line(img, [(x - 0.2 * r, y - 0.6 * r), (x - 0.1 * r, y - 0.8 * r), (x - 0.2 * r, y - r)], c1, 3)


def _taco(img, x, y, r, c1, c2, turn):
    a = np.linspace(np.pi, 2 * np.pi, 12)
    _poly(img, np.stack([x + r * np.cos(a), y + 0.4 * r + r * np.sin(a)], 1), (240, 200, 90))
    _line(img, np.stack([x + 0.8 * r * np.cos(a), y + 0.3 * r + 0.9 * r * np.sin(a)], 1), (70, 150, 60), 4)


def _camera(img, x, y, r, c1, c2, turn):
    _poly(img, [(x - r, y - 0.5 * r), (x + r, y - 0.5 * r), (x + r, y + 0.7 * r), (x - r, y + 0.7 * r)], c1)
    _oval(img, x, y + 0.1 * r, 0.45 * r, 0.45 * r, (1, 1, 1))
    _oval(img, x, y + 0.1 * r, 0.25 * r, 0.25 * r, c1)


def _shark(img, x, y, r, c1, c2, turn):
    _poly(img, [(x - r, y + 0.5 * r), (x - 0.2 * r, y - 0.9 * r), (x + 0.5 * r, y + 0.5 * r)], c1)
    _line(
        img,
        [(x - r, y + 0.7 * r), (x - 0.4 * r, y + 0.55 * r), (x + 0.2 * r, y + 0.7 * r), (x + r, y + 0.55 * r)],
        (90, 150, 210),
        4,
    )


def _catcher(img, x, y, r, c1, c2, turn):
    a = np.linspace(0, 2 * np.pi, 20)
    _line(img, np.stack([x + 0.6 * r * np.cos(a), y - 0.4 * r + 0.6 * r * np.sin(a)], 1), c1, 3)
    for k in range(5):
        _line(
            img, [(x, y - 0.4 * r), (x + 0.6 * r * np.cos(1.26 * k), y - 0.4 * r + 0.6 * r * np.sin(1.26 * k))], c1, 1
        )
    for dx in (-0.4, 0, 0.4):
        _leaf(img, x + dx * r, y + 0.65 * r, 0.35 * r, c1, c2, np.pi / 2)


_ICONS |= {"moon": _moon, "night": _moon, "cat": _cat, "kitty": _cat, "meow": _cat, "fox": _cat, "mickey": _mouse, "minnie": _mouse,
           "mickey mouse": _mouse, "minnie mouse": _mouse, "smile": _smile, "lightning": _bolt, "power": _bolt, "tower": _tower,
           "eiffel": _tower, "paris": _tower, "pizza": _slice, "coffee": _cup, "taco": _taco, "camera": _camera, "shark": _shark,
           "eagle": _bird, "dreamcatcher": _catcher, "love": _heart, "kiss": _heart, "sea": _shark, "morning": _sunflower}  # fmt: skip


@lru_cache(maxsize=256)
def _word(word: str) -> np.ndarray:
    """Lettering, (EMBLEM, EMBLEM) uint8 mask; never written to."""
    mask = np.zeros((EMBLEM, EMBLEM), np.uint8)
    lines = word.upper().split(" ")
    face = (cv2.FONT_HERSHEY_DUPLEX, cv2.FONT_HERSHEY_TRIPLEX, cv2.FONT_HERSHEY_SCRIPT_SIMPLEX)[sum(map(ord, word)) % 3]
    if face == cv2.FONT_HERSHEY_SCRIPT_SIMPLEX:
        lines = [line.capitalize() for line in lines]
    for i, line in enumerate(lines):
        (width, height), _ = cv2.getTextSize(line, face, 1.0, 3)
        size = min(90 / width, 34 / height)
        y = EMBLEM // 2 + int(size * height / 2) + int((i - (len(lines) - 1) / 2) * 38)
        cv2.putText(mask, line, (int((EMBLEM - size * width) / 2), y), face, size, 255, 3 if size > 0.8 else 2, AA)
    return mask


def emblem(g: Garment) -> np.ndarray | None:
    """What is printed on the chest, (EMBLEM, EMBLEM, 4) uint8 RGBA: an icon, with its word below where it is one of the
    words, or the word alone. None where there is nothing."""
    if g.emblem == "none":
        return None
    ground, ink = COLOURS[g.colour], COLOURS[g.accent]
    if g.contrast < 0.35:
        ink = (246, 246, 242) if sum(ground) < 400 else (30, 30, 34)
    out = np.zeros((EMBLEM, EMBLEM, 4), np.uint8)
    if g.emblem in _ICONS:
        canvas = np.zeros((EMBLEM, EMBLEM, 3), np.uint8)
        _ICONS[g.emblem](canvas, EMBLEM / 2, 0.36 * EMBLEM, 0.3 * EMBLEM, tuple(max(4, v) for v in ink), ground, 0.5)
        out[..., :3] = np.where(canvas.max(2, keepdims=True) > 2, canvas, np.uint8(ink))
        word = np.roll(_word(g.emblem), int(0.34 * EMBLEM), 0)
        out[..., 3] = np.maximum(255 * (canvas.max(2) > 2), word * (np.arange(EMBLEM) > 0.6 * EMBLEM)[:, None])
        return out
    out[..., :3] = ink
    out[..., 3] = _word(g.emblem)
    return out
