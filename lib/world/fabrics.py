"""Structures of cloth: the light on a fabric or a finish, where skin shows through, and what a pattern fills."""

from functools import lru_cache

import cv2
import numpy as np

from lib.world.motifs import DRAWINGS, T

GRID = np.meshgrid(np.arange(T), np.arange(T))  # x and y


@lru_cache(maxsize=16)
def noise(blur: float, number: int) -> np.ndarray:
    """Return smooth noise that wraps, (T, T) float32 of mean 0 and deviation 1; never written to."""
    raw = np.random.default_rng([number, int(10 * blur)]).normal(size=(T, T)).astype(np.float32)
    raw = cv2.GaussianBlur(np.tile(raw, (3, 3)), (0, 0), blur)[T : 2 * T, T : 2 * T] if blur else raw
    return (raw - raw.mean()) / raw.std()


def _hair(number: int, width: int, height: int) -> np.ndarray:
    """Return noise drawn out to width x height, (T, T) float32; it wraps along the longer."""
    if height >= width:
        return cv2.blur(np.tile(noise(0, number), (3, 1)), (width, height))[T : 2 * T]
    return cv2.blur(np.tile(noise(0, number), (1, 3)), (width, height))[:, T : 2 * T]


def _diagonals(x, y) -> np.ndarray:
    """Return the distance from crossing seams."""
    return np.minimum(np.abs((x + y) % 32 - 16), np.abs((x - y) % 32 - 16))


def _cable(x, y) -> np.ndarray:
    braid = np.abs(np.sin((x % 32 - 16) * 0.35 + 1.6 * np.sin(y * 2 * np.pi / 32)))
    return np.where(x % 32 < 24, 0.72 + 0.4 * braid, 0.7 + 0.3 * (y % 6 < 3))


def _sequins(x, y) -> np.ndarray:
    centre = np.hypot((x + 6 * ((y // 10) % 2)) % 12 - 6, y % 10 - 5)
    return np.clip(0.75 + 0.12 * (5 - centre), 0.6, 1.4) + 0.35 * (noise(0.6, 5) > 1.6)


def _houndstooth(x, y) -> np.ndarray:
    left, upper = x % 24 < 12, y % 24 < 12
    return (left & upper) | ((left != upper) & ((x + y) % 12 < 6))


def _mirrors(x, y) -> np.ndarray:
    part = [np.minimum(axis % 48, 47 - axis % 48) for axis in (x, y)]
    return np.sin(0.5 * np.maximum(*part)) + np.cos(0.7 * np.minimum(*part))


_STRUCTURES = {  # of x and y, and of numbers in drawings.toml
    "noise": lambda x, y, *which: noise(*which),
    "hair": lambda x, y, *which: _hair(*which),
    "threads": lambda x, y: _hair(1, 15, 1) + _hair(1, 1, 15),
    "twill": lambda x, y, period: (x + y) % period < period / 2,
    "checks": lambda x, y, cell: (x // cell + y // cell) % 2,
    "squares": lambda x, y, step, size: (x % step < size) & (y % step < size),
    "dots": lambda x, y, shift, radius: np.hypot((x + shift) % 24 - 12, (y + shift) % 24 - 12) < radius,
    "holes": lambda x, y, step: np.hypot(x % step - 6, y % 12 - 6) < 2.8,
    "knit": lambda x, y: np.abs(x % 8 - 3.5 + np.where(y % 8 < 4, 0.8, -0.8)) < 2.2,
    "cable": _cable,
    "sequins": _sequins,
    "quilt": lambda x, y: np.clip(_diagonals(x, y) / 7, 0, 1),
    "diamonds": lambda x, y: _diagonals(x, y) < 2,
    "cord": lambda x, y: np.abs(np.sin(x * np.pi / 8)),
    "ribs": lambda x, y: x % 8 < 5,
    "tubes": lambda x, y: np.sqrt(np.clip(np.sin((y % 48) * np.pi / 48), 0, 1)),
    "jersey": lambda x, y: (x + 2 * (y % 8 < 4)) % 6 < 3,
    "figures": lambda x, y: np.sin(x * np.pi / 16) * np.sin(y * np.pi / 16) > 0.2,
    "grid": lambda x, y: (x % 16 < 2) | (y % 16 < 2),
    "pleats": lambda x, y, period, shift: np.clip(1 - (x + shift) % period / 4, 0, 1),
    "tucks": lambda x, y, period, bend: np.clip(1 - (y + bend * np.sin(x * 0.3)) % period / 4, 0, 1),
    "zigzag": lambda x, y, height, step, period: (y + height * np.abs((x / step) % 1 * 2 - 1)) % period,
    "wave": lambda x, y: (y + 8 * np.sin(x * 2 * np.pi / 48)) % 32,
    "herringbone": lambda x, y: (y + np.where((x // 12) % 2 == 0, x, -x)) % 12,
    "houndstooth": _houndstooth,
    "mirrors": _mirrors,
    "swirl": lambda x, y, shift: np.sin((np.hypot(x - T / 2, y - T / 2) + 3 * noise(6, 1)) * 0.35 + shift),
    "bumps": lambda x, y: np.sign(np.sin(x * 0.39) * np.sin(y * 0.39)),
}


def structure(base: float, *layers):
    """Return a base with structures of drawings.toml added, each times its depth: (T, T), or the base alone."""
    return sum((depth * _STRUCTURES[kind](*GRID, *numbers) for depth, kind, *numbers in layers), base)


@lru_cache(maxsize=64)
def weave_of(fabric: str) -> np.ndarray | None:
    """Return the structure of a fabric as factors (T, T) float32; never written to. None where it is holes alone."""
    return np.float32(structure(*DRAWINGS["weaves"][fabric])) if fabric in DRAWINGS["weaves"] else None


@lru_cache(maxsize=16)
def holes_of(fabric: str) -> np.ndarray | None:
    """Return how much a fabric covers, (T, T) uint8, 255 opaque; never written to. None where it covers all."""
    holes = DRAWINGS["holes"].get(fabric)
    return np.full((T, T), structure(*holes), np.uint8) if holes else None
