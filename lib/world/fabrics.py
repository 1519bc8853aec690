"""Fabrics and finishes: the structure of a cloth as factors on its colours, where skin shows through, how it shines."""

from functools import lru_cache

import cv2
import numpy as np

from lib.world import motifs
from lib.world.garment import Garment
from lib.world.motifs import WHITE, T, mix
from lib.world.patterns import blend, grid, noise

_SHEER = {"chiffon": 205, "gauze": 215, "tulle": 165}  # how much they cover, of 255


def _hair(number: int, width: int, height: int) -> np.ndarray:
    """Return noise drawn out to width x height, (T, T) float32; it wraps along the longer."""
    if height >= width:
        return cv2.blur(np.tile(noise(0, number), (3, 1)), (width, height))[T : 2 * T]
    return cv2.blur(np.tile(noise(0, number), (1, 3)), (width, height))[:, T : 2 * T]


def _twill(fabric, xs, ys):
    weave = ((xs + ys) % 6 < 3) * 0.2 if fabric in ("denim", "twill") else ((xs // 3 + ys // 3) % 2) * 0.12
    return 0.92 + weave + (0.3 if fabric in ("denim", "chambray") else 0.06) * _hair(1, 1, 5)


def _knit(fabric, xs, ys):
    return 0.86 + 0.22 * (np.abs(xs % 8 - 3.5 + np.where(ys % 8 < 4, 0.8, -0.8)) < 2.2)


def _cable(fabric, xs, ys):
    braid = np.abs(np.sin((xs % 32 - 16) * 0.35 + 1.6 * np.sin(ys * 2 * np.pi / 32)))
    return np.where(xs % 32 < 24, 0.72 + 0.4 * braid, 0.7 + 0.3 * (ys % 6 < 3))


def _squares(fabric, xs, ys):
    low, depth = (0.82, 0.24) if fabric == "waffle" else (0.85, 0.25)
    return low + depth * ((xs % 12 < 8) & (ys % 12 < 8))


def _fur(fabric, xs, ys):
    width, height, depth = {"fur": (2, 9, 0.75), "shearling": (3, 3, 0.5), "feather": (2, 15, 0.75)}[fabric]
    return 1 + depth * _hair(4, width, height)


def _sequin(fabric, xs, ys):
    centre = np.hypot((xs + 6 * ((ys // 10) % 2)) % 12 - 6, ys % 10 - 5)
    return np.clip(0.75 + 0.12 * (5 - centre), 0.6, 1.4) + 0.35 * (noise(0.6, 5) > 1.6)


def _diagonals(xs, ys):
    """Return the distance from crossing seams."""
    return np.minimum(np.abs((xs + ys) % 32 - 16), np.abs((xs - ys) % 32 - 16))


def _quilted(fabric, xs, ys):
    return 0.72 + 0.35 * np.clip((16 - np.abs(16 - _diagonals(xs, ys))) / 7, 0, 1)


def _threads(fabric, xs, ys):
    return 1 + (0.24 if fabric != "woven" else 0.12) * (_hair(1, 15, 1) + _hair(1, 1, 15))


_WEAVES = {
    "denim": _twill, "chambray": _twill, "twill": _twill, "canvas": _twill, "knit": _knit, "cable-knit": _cable,
    "loose-knit": _squares, "pointelle": _squares, "waffle": _squares, "fur": _fur, "shearling": _fur, "feather": _fur,
    "sequin": _sequin, "quilted": _quilted, "linen": _threads, "gauze": _threads, "woven": _threads,
    "corduroy": lambda fabric, xs, ys: 0.82 + 0.3 * np.abs(np.sin(xs * np.pi / 8)),
    "terry": lambda fabric, xs, ys: 1 + 0.12 * noise(0.8, 2),
    "fleece": lambda fabric, xs, ys: 1 + 0.09 * noise(2.5, 3),
    "eyelash-knit": lambda fabric, xs, ys: 1 + 0.2 * _hair(1, 7, 2),
    "rib-knit": lambda fabric, xs, ys: 0.8 + 0.3 * (xs % 8 < 5),
    "tweed": lambda fabric, xs, ys: 1 + 0.22 * noise(0.7, 3) + 0.06 * ((xs // 3 + ys // 3) % 2),
    "puffer": lambda fabric, xs, ys: 0.62 + 0.52 * np.sqrt(np.clip(np.sin((ys % 48) * np.pi / 48), 0, 1)),
    "velvet": lambda fabric, xs, ys: 1 + 0.14 * noise(6, 6) + 0.04 * noise(0, 1),
    "suede": lambda fabric, xs, ys: 1 + 0.07 * noise(6, 6) + 0.04 * noise(0, 1),
    "crepe": lambda fabric, xs, ys: 1 + 0.08 * noise(1.2, 8),
    "jersey": lambda fabric, xs, ys: 0.97 + 0.06 * (xs % 4 < 2),
    "jacquard": lambda fabric, xs, ys: 0.9 + 0.2 * (np.sin(xs * np.pi / 16) * np.sin(ys * np.pi / 16) > 0.2),
    "leather": lambda fabric, xs, ys: 1 + 0.07 * noise(1.5, 7),
    "scuba": lambda fabric, xs, ys: 1 + 0.03 * noise(8, 7),
    "nylon": lambda fabric, xs, ys: 0.97 + 0.07 * ((xs % 16 < 1) | (ys % 16 < 1)),
    "chiffon": lambda fabric, xs, ys: 1 + 0.02 * noise(0, 1),
    "satin": lambda fabric, xs, ys: 1 + 0.02 * noise(0, 1),
    "tulle": lambda fabric, xs, ys: 1 + 0.02 * noise(0, 1),
    "cotton": lambda fabric, xs, ys: 1 + 0.035 * noise(0, 1),
}  # fmt: skip


@lru_cache(maxsize=64)
def weave_of(fabric: str) -> np.ndarray | None:
    """Return the structure of a fabric as factors (T, T) float32; never written to. None where it is holes alone."""
    if fabric in ("lace", "crochet", "mesh", "net", "eyelet"):
        return None
    return np.float32(_WEAVES[fabric](fabric, *grid()))


@lru_cache(maxsize=16)
def holes_of(fabric: str) -> np.ndarray | None:
    """Return how much a fabric covers, (T, T) uint8, 255 opaque; never written to. None where it covers all."""
    xs, ys = grid()
    if fabric in _SHEER:
        return np.full((T, T), _SHEER[fabric], np.uint8)
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


# finish: blur of its clouds, how strong they are, how much lighter it is
_WASHES = {
    "washed": (12, 0.1, 0.22), "faded": (12, 0.08, 0.42), "bleached": (7, 0.45, 0.3), "acid-wash": (3, 0.4, 0.3),
    "cloud-wash": (10, 0.4, 0.35), "mineral-wash": (1.5, 0.3, 0.25),
}  # fmt: skip
_FIBRES = {"heathered": (0.9, 9), "marled": (1.6, 9), "slub": (1.2, 31)}  # strength, length
_SHEENS = {"metallic": (0.35, 0.35), "coated": (0.15, 0.2), "foil": (0.15, 0.2)}  # least, and how it varies
_SPOTS = {  # number a side, radius
    "glitter": (14, 0.9), "rhinestones": (5, 3.2), "beaded": (9, 2.2), "studded": (5, 3.6), "swiss-dot": (7, 2.2),
    "perforated": (9, 1.8),
}  # fmt: skip
_LINES = {  # period, depth
    "pintucked": (12, 0.3), "pressed": (48, 0.25), "ribs": (8, 0.2), "seams": (48, 0.45), "bandage": (24, 0.35),
    "ruched": (14, 0.35),
}  # fmt: skip


def draw_finish(img: np.ndarray, g: Garment, c2, rng) -> np.ndarray:
    """Draw the finish on a tile (T, T, 3) uint8 RGB, in place, and return it. c2: the accent."""
    name = g.finish
    if name in _WASHES:
        blur, strength, lift = _WASHES[name]
        colour = (200, 205, 210) if name == "mineral-wash" else WHITE
        blend(img, colour, np.clip(lift + strength * noise(blur, g.seed % 4), 0, 0.9))
    elif name in _FIBRES:
        strength, length = _FIBRES[name]
        blend(img, c2 if name == "marled" else WHITE, np.clip(strength * _hair(2, length, 1), 0, 0.6))
    elif name in _SHEENS:
        low, depth = _SHEENS[name]
        sheen = np.clip(low + depth * noise(7, g.seed % 4), 0, 0.8)
        blend(img, (236, 204, 120) if name == "foil" else WHITE, (sheen > 0.4) * 0.85 if name == "foil" else sheen)
    elif name in _SPOTS or name in ("embroidered", "applique", "patched"):
        _draw_on_top(img, name, c2, rng)
    elif name == "tie-dye":
        xs, ys = grid()
        radius = np.hypot(xs - T / 2, ys - T / 2) + 3 * noise(6, 1)
        blend(img, c2, np.clip(0.5 + 0.6 * np.sin(radius * 0.35), 0, 1))
        blend(img, WHITE, np.clip(np.sin(radius * 0.35 + 1.6), 0, 0.6))
    elif name == "burnout":
        blend(img, WHITE, 0.4 * (noise(4, g.seed % 4) > 0.4))
    elif name == "neon":
        hsv = cv2.cvtColor(img, cv2.COLOR_RGB2HSV)
        hsv[..., 1:] = np.clip(hsv[..., 1:].astype(int) + (140, 110), 0, 255)
        img[:] = cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB)
    else:
        img[:] = np.clip(img * _relief(name)[..., None], 0, 255)
    return img


def _draw_on_top(img, name: str, c2, rng) -> None:
    """Draw studs, beads, embroidery and patches."""
    if name in ("embroidered", "applique"):
        n, radius = (3, 12) if name == "embroidered" else (2, 18)
        for x, y in motifs.spots(rng, n, 0.1):
            motifs.flower(img, x, y, radius, c2, mix(c2, WHITE, 0.6), rng.uniform(0, 6), petals=6, slim=0.2)
            motifs.draw_line(img, [(x - 16, y + 14), (x, y + 10), (x + 16, y + 14)], mix(c2, (40, 100, 50), 0.5), 2)
        return
    if name == "patched":
        for x, y in motifs.spots(rng, 1, 0.2):
            corners = [(x, y), (x + 26, y + 3), (x + 23, y + 28), (x - 2, y + 25)]
            motifs.draw_polygon(img, corners, mix(c2, img[0, 0], 0.3))
        return
    n, radius = _SPOTS[name]
    colours = {"studded": (190, 190, 196), "perforated": mix(img[0, 0], (0, 0, 0), 0.6), "beaded": mix(c2, WHITE, 0.3)}
    colour = colours.get(name, WHITE)
    for x, y in motifs.spots(rng, n, 0.4 if name == "glitter" else 0.1):
        motifs.draw_oval(img, x, y, radius, radius, colour)
        if name in ("studded", "rhinestones"):
            motifs.draw_oval(img, x + 0.8, y + 0.8, 0.45 * radius, 0.45 * radius, mix(colour, (70, 70, 90), 0.5))


def _relief(name: str) -> np.ndarray:
    """Return the light on a finish that is not flat as factors, (T, T) float64."""
    xs, ys = grid()
    if name in _LINES:
        period, depth = _LINES[name]
        along = {"bandage": ys, "ribs": ys, "ruched": ys + 3 * np.sin(xs * 0.3)}.get(name, xs)
        return 1 - depth * np.clip(1 - (along % period) / 4, 0, 1)
    if name in ("quilted", "lattice"):
        return np.where(_diagonals(xs, ys) < 2, 0.6 if name == "quilted" else 0.35, 1)
    if name == "embossed":
        return 1 + 0.16 * np.sign(np.sin(xs * 0.39) * np.sin(ys * 0.39))
    return 1 + 0.16 * noise(2, 1) if name == "crinkled" else np.ones((T, T))
