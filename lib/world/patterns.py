"""Patterns of a garment's cloth, drawn on a tile in the garment's colours."""

from collections.abc import Callable
from functools import lru_cache

import cv2
import numpy as np

from lib.world import motifs
from lib.world.garment import Garment
from lib.world.motifs import AA, T, mix

CREAM, GOLD, WHITE = (244, 242, 236), (240, 208, 76), (255, 255, 255)

# pattern: figure, figures a side, radius as a share of their distance, jitter
_SCATTERED: dict[str, tuple[Callable, int, float, float]] = {
    "floral": (motifs.flower, 3, 0.42, 0.2), "ditsy": (motifs.flower, 5, 0.36, 0.2),
    "rose": (motifs.rose, 2, 0.32, 0.1), "daisy": (motifs.daisy, 3, 0.46, 0.15),
    "sunflower": (motifs.sunflower, 2, 0.44, 0.1), "wildflower": (motifs.wildflower, 4, 0.44, 0.25),
    "leaf": (motifs.leaf, 3, 0.5, 0.2), "palm": (motifs.palm, 2, 0.5, 0.1),
    "tropical": (motifs.tropical, 2, 0.46, 0.1), "botanical": (motifs.botanical, 2, 0.5, 0.1),
    "pineapple": (motifs.pineapple, 2, 0.42, 0.05), "bird": (motifs.bird, 3, 0.36, 0.15),
    "butterfly": (motifs.butterfly, 3, 0.4, 0.15), "elephant": (motifs.elephant, 2, 0.34, 0.05),
    "heart": (motifs.heart, 3, 0.36, 0.0), "star": (motifs.star, 3, 0.4, 0.0),
    "paisley": (motifs.paisley, 3, 0.46, 0.1), "leopard": (motifs.rosette, 5, 0.42, 0.2),
    "cheetah": (motifs.cheetah, 6, 0.4, 0.25), "dots": (motifs.disc, 4, 0.26, 0.0),
    "polka": (motifs.disc, 2, 0.3, 0.0), "speckle": (motifs.disc, 8, 0.22, 0.45),
    "circle": (motifs.ring, 2, 0.44, 0.0), "diamond": (motifs.diamond, 4, 0.48, 0.0),
    "triangle": (motifs.triangle, 4, 0.42, 0.0), "geo": (motifs.hexagon, 3, 0.5, 0.0),
    "medallion": (motifs.medallion, 2, 0.44, 0.0), "mandala": (motifs.mandala, 1, 0.46, 0.0),
    "baroque": (motifs.scroll, 2, 0.42, 0.0), "damask": (motifs.scroll, 3, 0.46, 0.0),
    "tribal": (motifs.triangle, 6, 0.5, 0.0), "southwestern": (motifs.cross, 2, 0.5, 0.0),
    "brushstroke": (motifs.stroke, 4, 0.5, 0.3), "camo": (motifs.blob, 3, 0.6, 0.3),
    "splatter": (motifs.splash, 4, 0.5, 0.4), "folk": (motifs.flower, 4, 0.4, 0.0),
}  # fmt: skip
_OF_ONE_COLOUR = "dots polka heart star circle damask baroque speckle brushstroke diamond".split()
# pattern: along the rows (0), the columns (1) or both; period and width of stripes in the second colour
_STRIPES = {
    "stripes": ((0,), 24, 12), "vertical-stripes": ((1,), 16, 8), "pinstripe": ((1,), 12, 2), "grid": ((0, 1), 16, 2),
    "windowpane": ((0, 1), 48, 3),
}  # fmt: skip


def _bands(img, bands, axis: int) -> None:
    """Draw stripes: (start, width, colour), along the rows (axis 0) or the columns."""
    for start, width, colour in bands:
        where = np.arange(start, start + width) % T
        if axis == 0:
            img[where] = colour
        else:
            img[:, where] = colour


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


def _checks(img, cell: int, colour, share: float) -> None:
    """Draw crossing bands of half transparent colour: gingham, plaid."""
    for axis in (0, 1):
        for start in range(0, T, 2 * cell):
            part = img[start : start + cell] if axis == 0 else img[:, start : start + cell]
            part[:] = part * (1 - share) + np.float32(colour) * share


def draw_pattern(img: np.ndarray, g: Garment, c1, c2, c3, rng) -> None:
    """Draw the pattern on the ground colour c1, with c2 and c3."""
    if g.pattern in _SCATTERED:
        _scatter(img, g.pattern, c1, c2, c3, rng)
    elif g.pattern in _STRIPES:
        axes, period, width = _STRIPES[g.pattern]
        for axis in axes:
            _bands(img, [(start, width, c2) for start in range(0, T, period)], axis)
    else:
        for draw in (_draw_bands, _draw_checks, _draw_figures, _draw_clouds):
            draw(img, g, c1, c2, c3, rng)


def _scatter(img, name: str, c1, c2, c3, rng) -> None:
    figure, n, radius, jitter = _SCATTERED[name]
    colours = [c2] if name in _OF_ONE_COLOUR else [c2, c3]
    if name in ("leopard", "cheetah"):
        img[:] = c1 = mix(c1, (206, 158, 100), 0.75)
    elif name == "camo":
        img[:] = c1 = mix(c1, (110, 112, 74), 0.7)
        colours = [mix(c1, (60, 50, 30), 0.5), mix(c1, (30, 40, 20), 0.6), mix(c1, (190, 180, 140), 0.4)]
    elif name in ("leaf", "palm"):
        colours = [mix(c2, (40, 120, 70), 0.6)]
    second = c3 if c3 != c2 else (240, 220, 120)
    if name in ("paisley", "circle", "medallion", "diamond"):
        second = c1
    for i, (x, y) in enumerate(motifs.spots(rng, n, jitter)):
        figure(img, x, y, radius * T / n, colours[i % len(colours)], second, rng.uniform(0, 2 * np.pi))
    if name == "tribal":
        _bands(img, [(0, 5, c3), (T // 2, 5, c2)], 0)
    elif name == "folk":
        _bands(img, [(0, 4, c3), (T // 2, 4, c3)], 0)


def _draw_bands(img, g: Garment, c1, c2, c3, rng) -> None:
    name, (xs, ys) = g.pattern, grid()
    if name == "breton":
        img[:] = CREAM
        dark = c1 if sum(c1) < 420 else (34, 44, 86)
        _bands(img, [(start, 6, dark) for start in range(0, T, 16)], 0)
    elif name == "rugby":
        _bands(img, [(0, 48, c2), (46, 4, CREAM), (94, 4, CREAM)], 0)
    elif name == "multi-stripe":
        colours = [c2, c3, GOLD, (52, 98, 178), (240, 240, 236)]
        _bands(img, [(8 * i, 8, colours[int(k)]) for i, k in enumerate(rng.integers(0, 5, T // 8))], 0)
    elif name == "geo-stripe":
        _bands(img, [(0, 6, c2), (48, 6, c2)], 0)
        for x in range(0, T, 16):
            motifs.diamond(img, x, 27, 10, c3, c1, 0)
            motifs.triangle(img, x, 75, 9, c2, c2, 0)
    elif name == "chevron":
        img[((ys + 16 * np.abs((xs / 32) % 1 * 2 - 1)) % 32) < 14] = c2
    elif name == "zigzag":
        img[((ys + 8 * np.abs((xs / 16) % 1 * 2 - 1)) % 24) < 6] = c2
    elif name == "ikat":
        for x, y in motifs.spots(rng, 2, 0):
            motifs.diamond(img, x, y, 26, c2, c3, 0)
        img[:] = cv2.blur(np.tile(img, (3, 1, 1)), (1, 13))[T : 2 * T]
    elif name == "wave":
        img[((ys + 8 * np.sin(xs * 2 * np.pi / 48)) % 32) < 14] = c2


def _draw_checks(img, g: Garment, c1, c2, c3, rng) -> None:
    name, (xs, ys) = g.pattern, grid()
    if name in ("plaid", "tartan"):
        cell, share, bands = 24, 0.5, [(35, 3, c3)]
        if name == "tartan":
            cell, share, bands = 32, 0.55, [(14, 3, c3), (20, 3, c3), (46, 2, GOLD), (78, 2, GOLD)]
        _checks(img, cell, c2, share)
        _bands(img, bands, 0)
        _bands(img, bands, 1)
    elif name == "gingham":
        img[:] = (246, 246, 242)
        _checks(img, 8, c1 if sum(c1) < 600 else c2, 0.5)
    elif name == "checkered":
        img[((xs // 16 + ys // 16) % 2) == 0] = c2
    elif name == "houndstooth":
        left, upper, slanted = xs % 24 < 12, ys % 24 < 12, (xs + ys) % 12 < 6
        img[(left & upper) | ((left != upper) & slanted)] = c2
    elif name == "herringbone":
        img[((ys + np.where((xs // 12) % 2 == 0, xs, -xs)) % 12) < 5] = mix(c1, c2, 0.8)
    elif name == "mosaic":
        colours = np.float32([c1, c2, c3, mix(c1, c2, 0.5)])
        img[:] = np.kron(colours[rng.integers(0, 4, (8, 8))], np.ones((12, 12, 1), np.float32))
        for axis in (0, 1):
            _bands(img, [(start, 2, (236, 232, 224)) for start in range(0, T, 12)], axis)
    elif name == "kaleidoscope":
        part = [np.minimum(axis % 48, 47 - axis % 48) for axis in (xs, ys)]
        wave = np.sin(0.5 * np.maximum(*part)) + np.cos(0.7 * np.minimum(*part))
        img[wave > 0.5] = c2
        img[wave < -0.5] = c3


def _draw_figures(img, g: Garment, c1, c2, c3, rng) -> None:
    name = g.pattern
    if name == "tile":
        for x, y in motifs.spots(rng, 3, 0):
            motifs.draw_polygon(img, [(x - 14, y - 14), (x + 14, y - 14), (x + 14, y + 14), (x - 14, y + 14)], c2)
            motifs.flower(img, x, y, 13, c3, c1, 0.785, petals=4)
    elif name == "bandana":
        _bands(img, [(0, 3, c2), (90, 3, c2)], 0)
        for x, y in motifs.spots(rng, 3, 0):
            motifs.paisley(img, x, y, 12, CREAM, c1, rng.uniform(0, 6))
        for x, y in motifs.spots(rng, 6, 0):
            motifs.draw_oval(img, x + 8, y + 8, 1.8, 1.8, CREAM)
    elif name == "fair-isle":
        for y, figure in ((8, motifs.diamond), (32, motifs.star), (56, motifs.cross), (80, motifs.heart)):
            for x in range(6, T, 16):
                figure(img, x, y, 7, c2 if y % 16 else c3, c1, 0)
        _bands(img, [(20, 3, c3), (44, 3, c2), (68, 3, c3), (92, 3, c2)], 0)
    elif name == "patchwork":
        for i, (x, y) in enumerate(((0, 0), (48, 0), (0, 48), (48, 48))):
            _draw_patch(img[y : y + 48, x : x + 48], i, (c1, c2, c3, mix(c2, WHITE, 0.5)))


def _draw_patch(patch, number: int, colours) -> None:
    patch[:] = colours[number]
    if number % 2:
        patch[:, ::12] = patch[:, 1::12] = mix(colours[0], WHITE, 0.4)
    else:
        for u, v in np.ndindex(3, 3):
            cv2.circle(patch, (8 + 16 * u, 8 + 16 * v), 4, colours[2] if number == 0 else colours[0], -1, AA)


def _draw_clouds(img, g: Garment, c1, c2, c3, rng) -> None:
    name, (_, ys) = g.pattern, grid()
    if name == "giraffe":
        img[:] = mix(c1, (236, 214, 170), 0.8)
        turns = motifs.TURNS[::2]
        for x, y in motifs.spots(rng, 4, 0.12):
            reach = 11 + 2 * np.sin(5 * turns + x)
            motifs.draw_polygon(img, np.stack([x + reach * np.cos(turns), y + reach * np.sin(turns)], 1), (150, 92, 44))
    elif name == "zebra":
        img[:] = (240, 238, 232)
        img[np.sin(ys * 2 * np.pi / 24 + 1.6 * noise(10, g.seed % 4)) > 0.15] = (34, 32, 34)
    elif name == "marble":
        vein = np.abs(noise(9, g.seed % 4) + 0.3 * noise(3, 5))
        blend(img, c2, np.clip(1 - 3.5 * vein, 0, 1))
    elif name == "watercolor":
        blend(img, c2, np.clip(0.5 + 0.6 * noise(10, g.seed % 4), 0, 1))
        blend(img, c3, np.clip(0.6 * noise(8, 4 + g.seed % 3), 0, 0.9))
        blend(img, WHITE, np.clip(0.5 * noise(6, 2), 0, 0.7))
    elif name == "abstract":
        for threshold, colour, number in ((0.5, c2, 0), (0.9, c3, 1)):
            img[noise(7, (g.seed + number) % 5) > threshold] = colour
        for x, y in motifs.spots(rng, 2, 0.3):
            motifs.draw_line(img, [(x - 20, y), (x, y + rng.uniform(-16, 16)), (x + 20, y)], c3, 3)
    elif name == "galaxy":
        img[:] = (24, 20, 48)
        blend(img, (120, 60, 170), np.clip(0.5 * noise(10, g.seed % 4), 0, 0.8))
        blend(img, c2, np.clip(0.4 * noise(8, 4), 0, 0.6))
        for _ in range(40):
            motifs.draw_oval(img, *rng.uniform(0, T, 2), 1.3, 1.3, WHITE)
