"""The canvas of a picture: world coordinates in, pixels out; and the curves that everything is drawn with.

World coordinates: x to the picture's right, y down, 1 the height of a body, the head's top at y = 0, the body's middle
at x = 0.
"""

from functools import lru_cache

import cv2
import numpy as np

from lib.world import cloth
from lib.world.garment import COLOURS, Garment

CIRCLE = np.stack(
    [np.cos(np.linspace(0, 2 * np.pi, 20, endpoint=False)), np.sin(np.linspace(0, 2 * np.pi, 20, endpoint=False))], 1
)


# ---- lines ----------------------------------------------------------------------------------------------------------


def smooth(points, closed: bool = True, rounds: int = 2) -> np.ndarray:
    """Cut the corners of a polygon, `rounds` times, so that it becomes a curve."""
    points = np.asarray(points, float)
    for _ in range(rounds):
        after = np.roll(points, -1, 0) if closed else points[1:]
        before = points if closed else points[:-1]
        points = np.stack([0.75 * before + 0.25 * after, 0.25 * before + 0.75 * after], 1).reshape(-1, 2)
    return points


def strip_outline(points, widths) -> np.ndarray:
    """Return the outline of a bent strip through `points` (k, 2) with half widths (k,)."""
    points, widths = np.asarray(points, float), np.asarray(widths, float)
    along = np.gradient(points, axis=0)
    normal = np.stack([-along[:, 1], along[:, 0]], 1)
    normal /= np.linalg.norm(normal, axis=1, keepdims=True) + 1e-9
    return np.concatenate([points + normal * widths[:, None], (points - normal * widths[:, None])[::-1]])


def curve_through(points, n: int = 9) -> np.ndarray:
    """Return n points evenly along a polyline with rounded corners; the ends stay."""
    points = np.asarray(points, float)
    soft = np.concatenate([points[:1], smooth(points, closed=False), points[-1:]])
    along = soft[1:] - soft[:-1]
    steps = np.concatenate([[0.0], np.cumsum(np.sqrt((along**2).sum(1)))])
    at = np.linspace(0, steps[-1], n)
    return np.stack([np.interp(at, steps, soft[:, 0]), np.interp(at, steps, soft[:, 1])], 1)


def part_of_curve(points, share: float) -> np.ndarray:
    """Return the part of a curve from its start to `share` of its length, as 9 points."""
    line = curve_through(points, 33)
    return curve_through(line[: max(2, round(32 * share) + 1)], 9)


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


# ---- the canvas -----------------------------------------------------------------------------------------------------


class Canvas:
    """An image being drawn: world coordinates in, uint8 RGB out.

    Masks (H, W) uint8: cloth, the garment; over, what was drawn over its torso and legs (arms, sleeves, hair, things);
    top, what was drawn over its sleeves too.
    """

    def __init__(self, ground: np.ndarray, scale: float, shift: np.ndarray, tilt: float):
        self.image = ground
        self.height, self.width = ground.shape[:2]
        cos, sin = np.cos(tilt), np.sin(tilt)
        self.matrix = scale * np.array([[cos, -sin], [sin, cos]])
        self.shift, self.scale, self.tilt = shift, scale, tilt
        self.cloth, self.over, self.top = (np.zeros((self.height, self.width), np.uint8) for _ in range(3))

    def pixels(self, points) -> np.ndarray:
        return np.asarray(points, float) @ self.matrix.T + self.shift

    def _fixed(self, polygon) -> np.ndarray:
        points = self.pixels(polygon)
        np.maximum(points, -2000, out=points)
        np.minimum(points, 3000, out=points)
        points *= 16
        return np.rint(points, out=points).astype(np.int32)

    def fill(self, polygon, colour, covers: str = "") -> None:
        """Fill a polygon with one colour. covers: "" nothing, "over" what hides torso and legs, "top" sleeves too."""
        points = self._fixed(polygon)
        cv2.fillPoly(self.image, [points], [float(c) for c in colour], cv2.LINE_AA, 4)
        if covers:
            cv2.fillPoly(self.over, [points], 255, cv2.LINE_8, 4)
        if covers == "top":
            cv2.fillPoly(self.top, [points], 255, cv2.LINE_8, 4)

    def limb(self, points, widths, colour, covers: str = "") -> None:
        """Draw a rounded limb, lighter along its middle."""
        line = curve_through(points)
        at = np.interp(np.linspace(0, len(widths) - 1, 9), np.arange(len(widths)), widths)
        for share, factor in ((1.0, 0.86), (0.62, 1.0)):
            strip = strip_outline(line, at * share)
            self.fill(strip, shade_of(colour, factor), covers if share == 1.0 else "")
            for end, width in ((line[0], at[0]), (line[-1], at[-1])):
                self.disc(end, width * share, shade_of(colour, factor), covers if share == 1.0 else "")

    def disc(self, centre, radius, colour, covers: str = "") -> None:
        self.fill(np.asarray(centre) + radius * CIRCLE, colour, covers)

    def line(self, points, colour, width: float) -> None:
        thick = max(1, round(width * self.scale))
        cv2.polylines(self.image, [self._fixed(points)], False, [float(c) for c in colour], thick, cv2.LINE_AA, 4)

    def part(
        self, polygon, tile, cover, angle: float, light, g: Garment, covers: bool, span=None, size: float | None = None
    ) -> None:
        """Draw a piece of cloth: its tile turned by `angle` (radians), in folds and shaded towards its edges.

        span: the garment's lowest and highest y in the world, along which dip-dyes and blocks of colour run.
        """
        pixels = np.clip(self.pixels(polygon), -2000, 3000)
        x0, y0 = np.maximum(np.floor(pixels.min(0)).astype(int) - 1, 0)
        x1, y1 = np.minimum(np.ceil(pixels.max(0)).astype(int) + 2, (self.width, self.height))
        if x1 <= x0 or y1 <= y0:
            return
        w, h = int(x1 - x0), int(y1 - y0)
        mask = np.zeros((h, w), np.uint8)
        cv2.fillPoly(mask, [np.round((pixels - (x0, y0)) * 16).astype(np.int32)], 255, cv2.LINE_AA, 4)
        middle = pixels.mean(0) - (x0, y0)
        zoom = (size or g.scale) * self.scale * 0.19 / cloth.T
        cos, sin = zoom * np.cos(angle + self.tilt), zoom * np.sin(angle + self.tilt)
        matrix = np.array([[cos, -sin, middle[0]], [sin, cos, middle[1]]])
        what = cv2.warpAffine(tile, matrix, (w, h), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_WRAP).astype(
            np.float32
        )
        if span is not None:
            self._run(what, g, span, x0, y0)
        # light: towards the edges darker, folds, gloss
        small = cv2.resize(mask, (max(2, w // 4), max(2, h // 4)), interpolation=cv2.INTER_AREA)
        edge = cv2.GaussianBlur(small, (0, 0), max(0.8, 0.024 * self.scale / 4), borderType=cv2.BORDER_CONSTANT)
        edge = cv2.resize(edge, (w, h), interpolation=cv2.INTER_LINEAR).astype(np.float32) * (1 / 255)
        shine = cloth.gloss(g)
        zoom = 256 / max(0.55 * self.scale, 1)
        turn = np.array(
            [
                [zoom * np.cos(angle), zoom * np.sin(angle), g.seed % 97],
                [-zoom * np.sin(angle), zoom * np.cos(angle), g.seed % 89],
            ]
        )
        folds = cv2.warpAffine(
            _wrinkles(g.seed % 8),
            turn,
            (w, h),
            flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_REFLECT,
        )
        depth = 0.05 + 0.07 * cloth.flow(g)
        shade = (0.62 + 0.4 * edge) * (1 + depth * folds) * light
        what *= shade[..., None]
        if shine:
            what += (70 * shine * np.clip(folds - 0.9, 0, 1))[..., None]
        np.clip(what, 0, 255, out=what)
        if cover is not None:
            mask = cv2.multiply(
                mask,
                cv2.warpAffine(cover, matrix, (w, h), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_WRAP),
                scale=1 / 255,
            )
        region = self.image[y0:y1, x0:x1]
        alpha = mask.astype(np.float32) * (1 / 255)
        region[:] = cv2.blendLinear(what.astype(np.uint8), np.ascontiguousarray(region), alpha, 1 - alpha)
        shape = [self._fixed(polygon)]
        cv2.fillPoly(self.cloth, shape, 255, cv2.LINE_8, 4)
        if covers:
            cv2.fillPoly(self.over, shape, 255, cv2.LINE_8, 4)

    def _run(self, what: np.ndarray, g: Garment, span, x0: int, y0: int) -> None:
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
        n = picture.shape[0]
        zoom = side * self.scale / n
        cos, sin = zoom * np.cos(self.tilt), zoom * np.sin(self.tilt)
        x, y = self.pixels(centre)
        reach = int(0.75 * side * self.scale) + 2
        x0, y0, x1, y1 = (
            max(0, int(x) - reach),
            max(0, int(y) - reach),
            min(self.width, int(x) + reach),
            min(self.height, int(y) + reach),
        )
        if x1 <= x0 or y1 <= y0:
            return
        matrix = np.array([[cos, -sin, x - x0 - (cos - sin) * n / 2], [sin, cos, y - y0 - (sin + cos) * n / 2]])
        laid = cv2.warpAffine(
            picture, matrix, (x1 - x0, y1 - y0), flags=cv2.INTER_AREA if zoom < 1 else cv2.INTER_LINEAR
        )
        region = self.image[y0:y1, x0:x1]
        alpha = (laid[..., 3] & self.cloth[y0:y1, x0:x1]).astype(np.float32)[..., None] / 255
        region[:] = np.clip(region + alpha * (laid[..., :3] * light - region), 0, 255).astype(np.uint8)
