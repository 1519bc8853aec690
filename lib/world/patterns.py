"""Patterns of a garment's cloth, drawn on a tile in the garment's colours.

Most are layers, which are data in drawings.toml; the others are functions, below.
"""

from functools import lru_cache
from itertools import product

import cv2
import numpy as np

from lib.world import motifs
from lib.world.garment import Garment
from lib.world.motifs import AA, DRAWINGS, FIGURES, WHITE, T, mix

CREAM, GOLD = (244, 242, 236), (240, 208, 76)


@lru_cache(maxsize=1)
def grid() -> tuple[np.ndarray, np.ndarray]:
    return np.meshgrid(np.arange(T), np.arange(T))


@lru_cache(maxsize=16)
def noise(blur: float, number: int) -> np.ndarray:
    """Return smooth noise that wraps, (T, T) float32 of mean 0 and deviation 1; never written to."""
    raw = np.random.default_rng([number, int(10 * blur)]).normal(size=(T, T)).astype(np.float32)
    raw = cv2.GaussianBlur(np.tile(raw, (3, 3)), (0, 0), blur)[T : 2 * T, T : 2 * T] if blur else raw
    return (raw - raw.mean()) / raw.std()


def blend(img, colour, share: np.ndarray) -> None:
    """Mix towards a colour, by a share (T, T) in 0..1."""
    img[:] = np.clip(img + share[..., None] * (np.float32(colour) - img), 0, 255)


def draw_pattern(img: np.ndarray, g: Garment, c1, c2, c3, rng) -> None:
    """Draw the pattern on the ground colour c1, with c2 and c3."""
    if g.pattern in _DRAWN:
        _DRAWN[g.pattern](img, g, c1, c2, c3, rng)
        return
    named = {"ground": c1, "accent": c2, "third": c3, "cream": CREAM, "gold": GOLD, "white": WHITE}
    named["second"] = c3 if c3 != c2 else (240, 220, 120)
    named["dark"] = c1 if sum(c1) < 420 else (34, 44, 86)
    named["checked"] = c1 if sum(c1) < 600 else c2
    for kind, *layer in DRAWINGS["patterns"][g.pattern]:
        if kind == "ground":
            img[:] = named["ground"] = read_colour(layer[0], named)
        elif kind == "mask":
            colour, mask = layer
            img[MASKS[mask](*grid(), g.seed)] = read_colour(colour, named)
        elif kind in ("clouds", "veins"):
            colour, share, depth, blur, number, noises, most = layer
            cloud = noise(blur, number + g.seed % noises)
            if kind == "veins":
                cloud = np.abs(cloud + 0.3 * noise(3, 5))
            cloud = share + depth * cloud
            blend(img, read_colour(colour, named), np.clip(cloud, 0, most))
        else:
            _LAYERS[kind](img, named, rng, *layer)


def read_colour(written, named: dict) -> tuple:
    """Read a colour: a name, RGB, or two colours and the share of the second."""
    if isinstance(written, str):
        return named[written]
    if isinstance(written[0], int):
        return tuple(written)
    return mix(read_colour(written[0], named), read_colour(written[1], named), written[2])


def _scatter(img, named, rng, figure, n, radius, jitter, colours=("accent", "third"), second="second") -> None:
    colours = [read_colour(colour, named) for colour in colours]
    for i, (x, y) in enumerate(motifs.spots(rng, n, jitter)):
        turn = rng.uniform(0, 2 * np.pi)
        FIGURES[figure](img, x, y, radius * T / n, colours[i % len(colours)], named[second], turn)


def _row(img, named, rng, figure, start, step, y, radius, colour, second) -> None:
    for x in range(start, T, step):
        FIGURES[figure](img, x, y, radius, named[colour], named[second], 0)


def _bands(img, named, rng, axis, *bands) -> None:
    for start, width, colour in bands:
        img.swapaxes(0, axis)[np.arange(start, start + width) % T] = read_colour(colour, named)


def _stripes(img, named, rng, axis, period, width, colour) -> None:
    _bands(img, named, rng, axis, *((start, width, colour) for start in range(0, T, period)))


def _checks(img, named, rng, cell, colour, share) -> None:
    """Draw crossing bands of half transparent colour: gingham, plaid."""
    for axis, start in product((0, 1), range(0, T, 2 * cell)):
        part = img.swapaxes(0, axis)[start : start + cell]
        part[:] = part * (1 - share) + np.float32(read_colour(colour, named)) * share


def _stars(img, named, rng, count) -> None:
    for _ in range(count):
        motifs.draw_oval(img, *rng.uniform(0, T, 2), 1.3, 1.3, WHITE)


_LAYERS = {draw.__name__[1:]: draw for draw in (_scatter, _row, _bands, _stripes, _checks, _stars)}


def _houndstooth(x, y, seed):
    left, upper = x % 24 < 12, y % 24 < 12
    return (left & upper) | ((left != upper) & ((x + y) % 12 < 6))


def _mirrors(x, y):
    part = [np.minimum(axis % 48, 47 - axis % 48) for axis in (x, y)]
    return np.sin(0.5 * np.maximum(*part)) + np.cos(0.7 * np.minimum(*part))


MASKS = {
    "chevron": lambda x, y, seed: ((y + 16 * np.abs((x / 32) % 1 * 2 - 1)) % 32) < 14,
    "zigzag": lambda x, y, seed: ((y + 8 * np.abs((x / 16) % 1 * 2 - 1)) % 24) < 6,
    "wave": lambda x, y, seed: ((y + 8 * np.sin(x * 2 * np.pi / 48)) % 32) < 14,
    "checkered": lambda x, y, seed: ((x // 16 + y // 16) % 2) == 0,
    "herringbone": lambda x, y, seed: ((y + np.where((x // 12) % 2 == 0, x, -x)) % 12) < 5,
    "houndstooth": _houndstooth,
    "kaleidoscope": lambda x, y, seed: _mirrors(x, y) > 0.5,
    "kaleidoscope between": lambda x, y, seed: _mirrors(x, y) < -0.5,
    "zebra": lambda x, y, seed: np.sin(y * 2 * np.pi / 24 + 1.6 * noise(10, seed % 4)) > 0.15,
}


def _multi_stripe(img, g, c1, c2, c3, rng) -> None:
    colours = np.array([c2, c3, GOLD, (52, 98, 178), (240, 240, 236)])
    img[:] = np.repeat(colours[rng.integers(0, 5, T // 8)], 8, 0)[:, None]


def _ikat(img, g, c1, c2, c3, rng) -> None:
    for x, y in motifs.spots(rng, 2, 0):
        FIGURES["diamond"](img, x, y, 26, c2, c3, 0)
    img[:] = cv2.blur(np.tile(img, (3, 1, 1)), (1, 13))[T : 2 * T]


def _mosaic(img, g, c1, c2, c3, rng) -> None:
    colours = np.float32([c1, c2, c3, mix(c1, c2, 0.5)])
    img[:] = np.kron(colours[rng.integers(0, 4, (8, 8))], np.ones((12, 12, 1), np.float32))
    for part in (img[::12], img[1::12], img[:, ::12], img[:, 1::12]):
        part[:] = (236, 232, 224)


def _tile(img, g, c1, c2, c3, rng) -> None:
    for x, y in motifs.spots(rng, 3, 0):
        motifs.draw_polygon(img, motifs.place(x, y, 14, [(-1, -1), (1, -1), (1, 1), (-1, 1)]), c2)
        motifs.flower(img, x, y, 13, c3, c1, 0.785)


def _bandana(img, g, c1, c2, c3, rng) -> None:
    img[:3] = img[90:93] = c2
    for x, y in motifs.spots(rng, 3, 0):
        FIGURES["paisley"](img, x, y, 12, CREAM, c1, rng.uniform(0, 6))
    for x, y in motifs.spots(rng, 6, 0):
        motifs.draw_oval(img, x + 8, y + 8, 1.8, 1.8, CREAM)


def _patchwork(img, g, c1, c2, c3, rng) -> None:
    grounds, dots = (c1, c2, c3, mix(c2, WHITE, 0.5)), (c3, None, c1, None)
    for i, (x, y) in enumerate(((0, 0), (48, 0), (0, 48), (48, 48))):
        patch = img[y : y + 48, x : x + 48]
        patch[:] = grounds[i]
        if dots[i] is None:
            patch[:, ::12] = patch[:, 1::12] = mix(c1, WHITE, 0.4)
            continue
        for u, v in np.ndindex(3, 3):
            cv2.circle(patch, (8 + 16 * u, 8 + 16 * v), 4, dots[i], -1, AA)


def _giraffe(img, g, c1, c2, c3, rng) -> None:
    img[:] = mix(c1, (236, 214, 170), 0.8)
    turns = motifs.TURNS[::2]
    for x, y in motifs.spots(rng, 4, 0.12):
        reach = 11 + 2 * np.sin(5 * turns + x)
        motifs.draw_polygon(img, motifs.arc(x, y, reach, reach, turns), (150, 92, 44))


def _abstract(img, g, c1, c2, c3, rng) -> None:
    for threshold, colour, number in ((0.5, c2, 0), (0.9, c3, 1)):
        img[noise(7, (g.seed + number) % 5) > threshold] = colour
    for x, y in motifs.spots(rng, 2, 0.3):
        motifs.draw_line(img, [(x - 20, y), (x, y + rng.uniform(-16, 16)), (x + 20, y)], c3, 3)


_FUNCTIONS = (_multi_stripe, _ikat, _mosaic, _tile, _bandana, _patchwork, _giraffe, _abstract)
_DRAWN = {draw.__name__[1:].replace("_", "-"): draw for draw in _FUNCTIONS}
