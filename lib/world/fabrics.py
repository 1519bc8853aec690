"""Fabrics and finishes that are structures: factors on the colours of a cloth, and where skin shows through."""

from functools import lru_cache

import cv2
import numpy as np

from lib.world.motifs import DRAWINGS, T


@lru_cache(maxsize=1)
def grid() -> tuple[np.ndarray, np.ndarray]:
    return np.meshgrid(np.arange(T), np.arange(T))


@lru_cache(maxsize=16)
def noise(blur: float, number: int) -> np.ndarray:
    """Return smooth noise that wraps, (T, T) float32 of mean 0 and deviation 1; never written to."""
    raw = np.random.default_rng([number, int(10 * blur)]).normal(size=(T, T)).astype(np.float32)
    raw = cv2.GaussianBlur(np.tile(raw, (3, 3)), (0, 0), blur)[T : 2 * T, T : 2 * T] if blur else raw
    return (raw - raw.mean()) / raw.std()


def hair(number: int, width: int, height: int) -> np.ndarray:
    """Return noise drawn out to width x height, (T, T) float32; it wraps along the longer."""
    if height >= width:
        return cv2.blur(np.tile(noise(0, number), (3, 1)), (width, height))[T : 2 * T]
    return cv2.blur(np.tile(noise(0, number), (1, 3)), (width, height))[:, T : 2 * T]


def _threads() -> np.ndarray:
    return hair(1, 15, 1) + hair(1, 1, 15)


def _squares(x, y, step: int, size: int) -> np.ndarray:
    return (x % step < size) & (y % step < size)


def _diagonals(x, y) -> np.ndarray:
    """Return the distance from crossing seams."""
    return np.minimum(np.abs((x + y) % 32 - 16), np.abs((x - y) % 32 - 16))


def _cable(x, y) -> np.ndarray:
    braid = np.abs(np.sin((x % 32 - 16) * 0.35 + 1.6 * np.sin(y * 2 * np.pi / 32)))
    return np.where(x % 32 < 24, 0.72 + 0.4 * braid, 0.7 + 0.3 * (y % 6 < 3))


def _sequin(x, y) -> np.ndarray:
    centre = np.hypot((x + 6 * ((y // 10) % 2)) % 12 - 6, y % 10 - 5)
    return np.clip(0.75 + 0.12 * (5 - centre), 0.6, 1.4) + 0.35 * (noise(0.6, 5) > 1.6)


def _rings(x, y) -> np.ndarray:
    """Return the distance from points 24 pixels apart."""
    return np.hypot(x % 24 - 12, y % 24 - 12)


_WEAVES = {  # factors; those that are noise alone are in drawings.toml
    "denim": lambda x, y: 0.86 + ((x + y) % 8 < 4) * 0.3 + 0.3 * hair(1, 1, 5),
    "twill": lambda x, y: 0.84 + ((x + y) % 12 < 6) * 0.32 + 0.06 * hair(1, 1, 5),
    "chambray": lambda x, y: 0.88 + ((x // 4 + y // 4) % 2) * 0.22 + 0.3 * hair(1, 1, 5),
    "canvas": lambda x, y: 0.88 + ((x // 4 + y // 4) % 2) * 0.22 + 0.06 * hair(1, 1, 5),
    "knit": lambda x, y: 0.86 + 0.22 * (np.abs(x % 8 - 3.5 + np.where(y % 8 < 4, 0.8, -0.8)) < 2.2),
    "cable-knit": _cable,
    "waffle": lambda x, y: 0.82 + 0.24 * _squares(x, y, 12, 8),
    "loose-knit": lambda x, y: 0.85 + 0.25 * _squares(x, y, 12, 8),
    "pointelle": lambda x, y: 0.85 + 0.25 * _squares(x, y, 12, 8),
    "fur": lambda x, y: 1 + 0.75 * hair(4, 2, 9),
    "feather": lambda x, y: 1 + 0.75 * hair(4, 2, 15),
    "shearling": lambda x, y: 1 + 0.5 * hair(4, 3, 3),
    "eyelash-knit": lambda x, y: 1 + 0.6 * hair(1, 11, 2),
    "sequin": _sequin,
    "quilted": lambda x, y: 0.72 + 0.35 * np.clip((16 - np.abs(16 - _diagonals(x, y))) / 7, 0, 1),
    "linen": lambda x, y: 1 + 0.42 * _threads(),
    "gauze": lambda x, y: 1 + 0.24 * _threads(),
    "woven": lambda x, y: 0.86 + 0.24 * ((x // 8 + y // 8) % 2) + 0.06 * _threads(),
    "corduroy": lambda x, y: 0.82 + 0.3 * np.abs(np.sin(x * np.pi / 8)),
    "rib-knit": lambda x, y: 0.8 + 0.3 * (x % 8 < 5),
    "tweed": lambda x, y: 1 + 0.22 * noise(0.7, 3) + 0.06 * ((x // 3 + y // 3) % 2),
    "puffer": lambda x, y: 0.62 + 0.52 * np.sqrt(np.clip(np.sin((y % 48) * np.pi / 48), 0, 1)),
    "scuba": lambda x, y: 1 - 0.22 * (_rings(x, y) < 5) - 0.22 * (_rings(x + 12, y + 12) < 5),
    "jersey": lambda x, y: 0.86 + 0.28 * ((x + 2 * (y % 8 < 4)) % 6 < 3),
    "jacquard": lambda x, y: 0.9 + 0.2 * (np.sin(x * np.pi / 16) * np.sin(y * np.pi / 16) > 0.2),
    "nylon": lambda x, y: 0.97 + 0.25 * ((x % 16 < 2) | (y % 16 < 2)),
}
_COVERS = {  # of 255
    "chiffon": lambda x, y: np.full_like(x, 175),
    "gauze": lambda x, y: np.full_like(x, 190),
    "tulle": lambda x, y: np.full_like(x, 140),
    "lace": lambda x, y: np.where((np.abs(_rings(x, y) - 6) < 2) | (_rings(x + 12, y + 12) < 3.5), 95, 245),
    "crochet": lambda x, y: np.where((_rings(x, y) < 6) | (_rings(x + 12, y + 12) < 4), 60, 245),
    "eyelet": lambda x, y: np.where(_rings(x, y) < 4, 40, 255),
    "mesh": lambda x, y: np.where(_squares(x, y, 8, 5), 70, 250),
    "net": lambda x, y: np.where(_squares(x, y, 12, 9), 30, 250),
    "loose-knit": lambda x, y: np.where(np.hypot(x % 12 - 6, y % 12 - 6) < 2.8, 70, 255),
    "pointelle": lambda x, y: np.where(np.hypot(x % 24 - 6, y % 12 - 6) < 2.8, 70, 255),
}


@lru_cache(maxsize=64)
def weave_of(fabric: str) -> np.ndarray | None:
    """Return the structure of a fabric as factors (T, T) float32; never written to. None where it is holes alone."""
    if fabric in _WEAVES:
        return np.float32(_WEAVES[fabric](*grid()))
    if fabric in DRAWINGS["rough"]:
        return sum((depth * noise(blur, number) for depth, blur, number in DRAWINGS["rough"][fabric]), 1)
    return None


@lru_cache(maxsize=16)
def holes_of(fabric: str) -> np.ndarray | None:
    """Return how much a fabric covers, (T, T) uint8, 255 opaque; never written to. None where it covers all."""
    return _COVERS[fabric](*grid()).astype(np.uint8) if fabric in _COVERS else None


def _folds(along, period: int, depth: float) -> np.ndarray:
    return 1 - depth * np.clip(1 - (along % period) / 4, 0, 1)


RELIEFS = {  # the light on a finish that is not flat, as factors
    "pintucked": lambda x, y: _folds(x, 16, 0.45),
    "pressed": lambda x, y: _folds(x, 48, 0.5),
    "seams": lambda x, y: _folds(x, 48, 0.6) * _folds(x + 10, 48, 0.6),
    "ribs": lambda x, y: _folds(y, 8, 0.2),
    "bandage": lambda x, y: _folds(y, 24, 0.35),
    "ruched": lambda x, y: _folds(y + 3 * np.sin(x * 0.3), 14, 0.35),
    "quilted": lambda x, y: np.where(_diagonals(x, y) < 2, 0.6, 1),
    "lattice": lambda x, y: np.where(_diagonals(x, y) < 2, 0.35, 1),
    "embossed": lambda x, y: 1 + 0.16 * np.sign(np.sin(x * 0.39) * np.sin(y * 0.39)),
    "crinkled": lambda x, y: 1 + 0.16 * noise(2, 1),
}
