"""The canvas of a picture: world coordinates in, pixels out.

World coordinates: x to the picture's right, y down, 1 the height of a body, the head's top at y = 0, the body's middle
at x = 0.
"""

from functools import lru_cache
from typing import NamedTuple

import cv2
import numpy as np

from lib.world.curves import CIRCLE, curve_through, strip_outline
from lib.world.garment import COLOURS, Garment
from lib.world.motifs import DRAWINGS, T

SIDES = (("left", -1), ("right", 1))  # of the picture, and their direction


def shade_of(colour, factor: float) -> tuple[float, ...]:
    """Return a colour made darker (factor below 1) or lighter, within 0 to 255."""
    return tuple(min(max(float(v) * float(factor), 0.0), 255.0) for v in colour)


@lru_cache(maxsize=8)
def _wrinkles(number: int) -> np.ndarray:
    """Return smooth noise (256, 256) float32 of mean 0, long along y: folds; never written to."""
    raw = np.random.default_rng([number, 77]).normal(size=(256, 256)).astype(np.float32)
    folds = cv2.GaussianBlur(raw, (0, 0), sigmaX=5, sigmaY=34)
    creases = cv2.GaussianBlur(raw[::-1], (0, 0), sigmaX=12, sigmaY=3)
    return 0.9 * folds / folds.std() + 0.25 * creases / creases.std()


class Material(NamedTuple):
    tile: np.ndarray  # (T, T, 3) uint8, see cloth.py
    cover: np.ndarray | None  # (T, T) uint8
    span: tuple[float, float] | None = None  # lowest and highest y, along which dip-dyes and blocks of colour run
    size: float | None = None  # of the tile; None: the garment's


def _turn(zoom: float, angle: float) -> np.ndarray:
    """Return the matrix (2, 2) that scales and turns by radians."""
    cos, sin = zoom * np.cos(angle), zoom * np.sin(angle)
    return np.array([[cos, -sin], [sin, cos]])


def _warp(picture: np.ndarray, matrix: np.ndarray, shift, size, flags=cv2.INTER_LINEAR, border=cv2.BORDER_WRAP):
    return cv2.warpAffine(picture, np.column_stack([matrix, shift]), size, flags=flags, borderMode=border)


class Canvas:
    """An image being drawn: world coordinates in, uint8 RGB out.

    scale: pixels per unit; centre: the place (x, y) in the picture's middle; tilt: radians.
    Masks (H, W) uint8: cloth, the garment; over, what was drawn over its torso and legs (arms, sleeves, hair, things);
    top, what was drawn over its sleeves too.
    """

    def __init__(self, ground: np.ndarray, scale: float, centre, tilt: float):
        self.image = ground
        self.height, self.width = ground.shape[:2]
        self.matrix, self.scale, self.tilt = _turn(scale, tilt), scale, tilt
        self.shift = np.array([self.width / 2, self.height / 2]) - self.matrix @ centre
        self.cloth, self.over, self.top = (np.zeros((self.height, self.width), np.uint8) for _ in range(3))

    def pixels(self, points) -> np.ndarray:
        return np.asarray(points, float) @ self.matrix.T + self.shift

    def inside(self, point) -> bool:
        return 0 <= point[0] < self.width and 0 <= point[1] < self.height

    def _fixed(self, polygon) -> np.ndarray:
        points = np.minimum(np.maximum(self.pixels(polygon), -2000), 3000)
        return np.rint(points * 16).astype(np.int32)

    def fill(self, polygon, colour, covers: str = "") -> None:
        """Fill a polygon with one colour. covers: "" nothing, "over" what hides torso and legs, "top" sleeves too."""
        points = self._fixed(polygon)
        cv2.fillPoly(self.image, [points], [float(c) for c in colour], cv2.LINE_AA, 4)
        for covered in {"": (), "over": (self.over,), "top": (self.over, self.top)}[covers]:
            cv2.fillPoly(covered, [points], 255, cv2.LINE_8, 4)

    def limb(self, points, widths, colour, covers: str = "") -> None:
        """Draw a rounded limb, lighter along its middle."""
        line = curve_through(points)
        at = np.interp(np.linspace(0, len(widths) - 1, 9), np.arange(len(widths)), widths)
        for share, factor, hides in ((1.0, 0.86, covers), (0.62, 1.0, "")):
            shade = shade_of(colour, factor)
            self.fill(strip_outline(line, at * share), shade, hides)
            for end in (0, -1):
                self.disc(line[end], at[end] * share, shade, hides)

    def disc(self, centre, radius, colour, covers: str = "") -> None:
        self.fill(np.asarray(centre) + radius * CIRCLE, colour, covers)

    def line(self, points, colour, width: float) -> None:
        thick = max(1, round(width * self.scale))
        cv2.polylines(self.image, [self._fixed(points)], False, [float(c) for c in colour], thick, cv2.LINE_AA, 4)

    def part(self, polygon, material: Material, angle: float, light: float, g: Garment, covers: bool) -> None:
        """Draw a piece of cloth: its tile turned by `angle` (radians), in folds and shaded towards its edges."""
        pixels = np.clip(self.pixels(polygon), -2000, 3000)
        x0, y0 = np.maximum(np.floor(pixels.min(0)).astype(int) - 1, 0)
        x1, y1 = np.minimum(np.ceil(pixels.max(0)).astype(int) + 2, (self.width, self.height))
        if x1 <= x0 or y1 <= y0:
            return
        size = w, h = int(x1 - x0), int(y1 - y0)
        mask = np.zeros((h, w), np.uint8)
        cv2.fillPoly(mask, [np.round((pixels - (x0, y0)) * 16).astype(np.int32)], 255, cv2.LINE_AA, 4)
        middle = pixels.mean(0) - (x0, y0)
        matrix = _turn((material.size or g.scale) * self.scale * 0.19 / T, angle + self.tilt)
        what = _warp(material.tile, matrix, middle, size).astype(np.float32)
        if material.span is not None:
            self._run(what, g, material.span, y0)
        folds = self._light(what, mask, angle, light, g)
        gloss = DRAWINGS["gloss"]
        shine = gloss.get(g.finish, gloss.get(g.fabric, 0))
        if shine:
            what += (70 * shine * np.clip(folds - 0.9, 0, 1))[..., None]
        np.clip(what, 0, 255, out=what)
        if material.cover is not None:
            mask = cv2.multiply(mask, _warp(material.cover, matrix, middle, size), scale=1 / 255)
        region = self.image[y0:y1, x0:x1]
        alpha = mask.astype(np.float32) * (1 / 255)
        region[:] = cv2.blendLinear(what.astype(np.uint8), np.ascontiguousarray(region), alpha, 1 - alpha)
        for covered in (self.cloth, self.over) if covers else (self.cloth,):
            cv2.fillPoly(covered, [self._fixed(polygon)], 255, cv2.LINE_8, 4)

    def _light(self, what: np.ndarray, mask: np.ndarray, angle: float, light: float, g: Garment) -> np.ndarray:
        """Shade a piece of cloth (H, W, 3), darker towards its edges and in folds; return the folds (H, W)."""
        h, w = mask.shape
        small = cv2.resize(mask, (max(2, w // 4), max(2, h // 4)), interpolation=cv2.INTER_AREA)
        edge = cv2.GaussianBlur(small, (0, 0), max(0.8, 0.024 * self.scale / 4), borderType=cv2.BORDER_CONSTANT)
        edge = cv2.resize(edge, (w, h), interpolation=cv2.INTER_LINEAR).astype(np.float32) * (1 / 255)
        turn, shift = _turn(256 / max(0.55 * self.scale, 1), -angle), (g.seed % 97, g.seed % 89)
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        folds = _warp(_wrinkles(g.seed % 8), turn, shift, (w, h), flags, cv2.BORDER_REFLECT)
        depth = 0.05 + 0.07 * DRAWINGS["flow"].get(g.fabric, 0.5)
        what *= ((0.62 + 0.4 * edge) * (1 + depth * folds) * light)[..., None]
        return folds

    def _run(self, what: np.ndarray, g: Garment, span, y0: int) -> None:
        """Mix in the colours that run along the garment: dip-dye and ombre fade, blocks end sharply."""
        top, bottom = self.pixels([[0, span[0]], [0, span[1]]])[:, 1]
        share = ((np.arange(what.shape[0], dtype=np.float32) + y0 - top) / max(bottom - top, 1))[:, None, None]
        if g.finish == "dip-dye":
            mix = np.clip((share - 0.55) * 5, 0, 1)
        elif g.pattern == "ombre":
            mix = np.clip(share * 1.1 - 0.05, 0, 1)
        elif g.pattern == "two-tone":
            mix = np.float32(share > 0.5)
        else:
            mix = np.float32((share > 0.33) & (share < 0.62))
        what += mix * (np.float32(COLOURS[g.accent]) - what)

    def stamp(self, picture: np.ndarray, centre, side: float, light: float) -> None:
        """Lay an RGBA picture on the cloth, `side` its width in the world."""
        n, middle = picture.shape[0], self.pixels(centre)
        reach = int(0.75 * side * self.scale) + 2
        x0, y0 = np.maximum(middle.astype(int) - reach, 0)
        x1, y1 = np.minimum(middle.astype(int) + reach, (self.width, self.height))
        if x1 <= x0 or y1 <= y0:
            return
        zoom = side * self.scale / n
        matrix, flags = _turn(zoom, self.tilt), cv2.INTER_AREA if zoom < 1 else cv2.INTER_LINEAR
        shift = middle - (x0, y0) - matrix.sum(1) * n / 2
        laid = _warp(picture, matrix, shift, (int(x1 - x0), int(y1 - y0)), flags, cv2.BORDER_CONSTANT)
        region = self.image[y0:y1, x0:x1]
        alpha = (laid[..., 3] & self.cloth[y0:y1, x0:x1]).astype(np.float32)[..., None] / 255
        region[:] = np.clip(region + alpha * (laid[..., :3] * light - region), 0, 255).astype(np.uint8)
