"""Pictures of garments: a body or a hanger, the cloth that hangs from it, the camera. See lib/synthetic.py for the world.

World coordinates: x to the picture's right, y down, 1 the height of a body, the head's top at y = 0, the body's middle
at x = 0. Garment sides follow the garment: its left is the picture's left in a front view, and the right in a back view.
Landmarks are the garment's own control points; one is occluded when something was drawn over it later, and cut off when
it lies outside the frame.
"""

from functools import lru_cache

import cv2
import numpy as np

from lib import cloth
from lib.data import JOINTS, SLOTS
from lib.garment import COLOURS, Garment

SKIN = ((248, 220, 200), (238, 200, 170), (220, 172, 134), (190, 138, 100), (150, 100, 70), (112, 74, 52), (78, 52, 40))
HAIR = ((30, 24, 22), (58, 38, 26), (104, 70, 42), (180, 140, 84), (222, 190, 130), (140, 58, 34), (128, 126, 124))
GROUND = ((252, 252, 252), (244, 244, 244), (236, 236, 238), (228, 224, 218), (214, 218, 222))
_CIRCLE = np.stack(
    [np.cos(np.linspace(0, 2 * np.pi, 20, endpoint=False)), np.sin(np.linspace(0, 2 * np.pi, 20, endpoint=False))], 1
)
_LEVELS = ((0, 0.38), (1, 0.5), (2, 0.725), (3, 0.955))  # Garment.length -> y of the hem
_SWAPPED = [1, 0, 3, 2, 5, 4, 7, 6]


# ---- lines ----------------------------------------------------------------------------------------------------------


def _smooth(points, closed: bool = True, rounds: int = 2) -> np.ndarray:
    """Corners cut, twice: a polygon becomes a curve."""
    points = np.asarray(points, float)
    for _ in range(rounds):
        after = np.roll(points, -1, 0) if closed else points[1:]
        before = points if closed else points[:-1]
        points = np.stack([0.75 * before + 0.25 * after, 0.25 * before + 0.75 * after], 1).reshape(-1, 2)
    return points


def _strip(points, widths) -> np.ndarray:
    """The outline of a bent strip through `points` (k, 2) with half widths (k,)."""
    points, widths = np.asarray(points, float), np.asarray(widths, float)
    along = np.gradient(points, axis=0)
    normal = np.stack([-along[:, 1], along[:, 0]], 1)
    normal /= np.linalg.norm(normal, axis=1, keepdims=True) + 1e-9
    return np.concatenate([points + normal * widths[:, None], (points - normal * widths[:, None])[::-1]])


def _curve(points, n: int = 9) -> np.ndarray:
    """n points evenly along a polyline whose corners are rounded; the ends stay."""
    points = np.asarray(points, float)
    soft = np.concatenate([points[:1], _smooth(points, closed=False), points[-1:]])
    steps = np.r_[0, np.cumsum(np.linalg.norm(np.diff(soft, axis=0), axis=1))]
    at = np.linspace(0, steps[-1], n)
    return np.stack([np.interp(at, steps, soft[:, 0]), np.interp(at, steps, soft[:, 1])], 1)


def _along(points, share: float) -> np.ndarray:
    """The part of a curve from its start to `share` of its length, as 9 points."""
    line = _curve(points, 33)
    return _curve(line[: max(2, round(32 * share) + 1)], 9)


def _shade(colour, factor: float) -> tuple[float, ...]:
    return tuple(float(v) for v in np.clip(np.asarray(colour, float) * factor, 0, 255))


def hem_y(length: float) -> float:
    return float(np.interp(length, *zip(*_LEVELS, strict=True)))


@lru_cache(maxsize=8)
def _wrinkles(number: int) -> np.ndarray:
    """Smooth noise (256, 256) float32 of mean 0, long along y: folds; never written to."""
    raw = np.random.default_rng([number, 77]).normal(size=(256, 256)).astype(np.float32)
    folds = cv2.GaussianBlur(raw, (0, 0), sigmaX=5, sigmaY=34)
    creases = cv2.GaussianBlur(raw[::-1], (0, 0), sigmaX=12, sigmaY=3)
    return 0.9 * folds / folds.std() + 0.25 * creases / creases.std()


# ---- the canvas -----------------------------------------------------------------------------------------------------


class Canvas:
    """An image being drawn: world coordinates in, uint8 RGB out. Masks (H, W) uint8: cloth, the garment; over, what was
    drawn over its torso and legs (arms, sleeves, hair, things); top, what was drawn over its sleeves too."""

    def __init__(self, ground: np.ndarray, scale: float, shift: np.ndarray, tilt: float):
        self.image = ground
        self.height, self.width = ground.shape[:2]
        cos, sin = np.cos(tilt), np.sin(tilt)
        self.matrix = scale * np.array([[cos, -sin], [sin, cos]])
        self.shift, self.scale, self.tilt = shift, scale, tilt
        self.cloth, self.over, self.top = (np.zeros((self.height, self.width), np.uint8) for _ in range(3))

    def pixels(self, points) -> np.ndarray:
        return np.asarray(points, float) @ self.matrix.T + self.shift

    def _fixed(self, polygon, offset=(0, 0)) -> np.ndarray:
        points = np.clip(self.pixels(polygon) - offset, -2000, 3000)
        return np.round(points * 16).astype(np.int32)

    def fill(self, polygon, colour, covers: str = "") -> None:
        """A polygon of one colour. covers: "" nothing, "over" what hides torso and legs, "top" sleeves too."""
        points = self._fixed(polygon)
        cv2.fillPoly(self.image, [points], [float(c) for c in colour], cv2.LINE_AA, 4)
        if covers:
            cv2.fillPoly(self.over, [points], 255, cv2.LINE_8, 4)
        if covers == "top":
            cv2.fillPoly(self.top, [points], 255, cv2.LINE_8, 4)

    def limb(self, points, widths, colour, covers: str = "") -> None:
        """A rounded limb, lighter along its middle."""
        line = _curve(points)
        at = np.interp(np.linspace(0, len(widths) - 1, 9), np.arange(len(widths)), widths)
        for share, factor in ((1.0, 0.86), (0.62, 1.0)):
            strip = _strip(line, at * share)
            self.fill(strip, _shade(colour, factor), covers if share == 1.0 else "")
            for end, width in ((line[0], at[0]), (line[-1], at[-1])):
                self.disc(end, width * share, _shade(colour, factor), covers if share == 1.0 else "")

    def disc(self, centre, radius, colour, covers: str = "") -> None:
        self.fill(np.asarray(centre) + radius * _CIRCLE, colour, covers)

    def line(self, points, colour, width: float) -> None:
        thick = max(1, round(width * self.scale))
        cv2.polylines(self.image, [self._fixed(points)], False, [float(c) for c in colour], thick, cv2.LINE_AA, 4)

    def part(
        self, polygon, tile, cover, angle: float, light, g: Garment, covers: bool, span=None, size: float | None = None
    ) -> None:
        """A piece of cloth: its tile turned by `angle` (radians), in folds and shaded towards its edges. span: the
        garment's lowest and highest y in the world, along which dip-dyes and blocks of colour run."""
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
        """Colours that run along the garment: dip-dye and ombre fade, blocks end sharply."""
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
        """An RGBA picture laid on the cloth, `side` its width in the world."""
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


# ---- bodies ---------------------------------------------------------------------------------------------------------


def make_body(rng: np.random.Generator, wearer: str, side: bool) -> dict:
    """Joints (x, y) in world coordinates by name, left and right the picture's; half widths of shoulder, waist and hip;
    how a side view narrows it."""
    build = rng.uniform(0.85, 1.2)
    squeeze = rng.uniform(0.5, 0.75) if side else 1.0
    men = wearer == "men"
    shoulder = (0.112 if men else 0.098) * build**0.6 * squeeze
    waist, hip = (0.078 if men else 0.066) * build * squeeze, (0.086 if men else 0.09) * build * squeeze
    lean, shift = rng.normal(0, 0.01), rng.normal(0, 0.012)
    body = {"head": np.array([lean * 1.6, 0.068]), "neck": np.array([lean, 0.165])}
    pose = rng.choice(
        5, p=(0.55, 0.17, 0.1, 0.1, 0.08)
    )  # hanging, a hand on the hip, both, one bent across, one raised
    for k, (name, sign) in enumerate((("left", -1), ("right", 1))):
        down, bend = rng.uniform(0.03, 0.3), rng.uniform(-0.2, 0.15)
        special = pose == 2 or (pose in (1, 3, 4) and k == rng.integers(2))
        if special and pose in (1, 2):
            down, bend = rng.uniform(0.55, 0.85), -rng.uniform(1.3, 1.7)
        elif special and pose == 3:
            down, bend = rng.uniform(0.1, 0.3), -rng.uniform(1.5, 2.2)
        elif special and pose == 4:
            down, bend = rng.uniform(0.3, 0.7), rng.uniform(1.9, 2.5)
        if side:
            down, bend = down * 0.5, bend * 0.5
        start = np.array([lean + sign * shoulder, 0.2])
        elbow = start + 0.152 * np.array([sign * np.sin(down), np.cos(down)])
        body |= {f"{name} shoulder": start, f"{name} elbow": elbow}
        body[f"{name} wrist"] = elbow + 0.14 * np.array([sign * np.sin(down + bend), np.cos(down + bend)])
        spread = rng.uniform(-0.02, 0.12) * squeeze
        start = np.array([shift + sign * 0.055 * build * squeeze, 0.5])
        knee = start + 0.235 * np.array([sign * np.sin(spread), np.cos(spread)])
        spread += rng.uniform(-0.1, 0.06) * squeeze
        body |= {f"{name} hip": start, f"{name} knee": knee}
        body[f"{name} ankle"] = knee + 0.225 * np.array([sign * np.sin(spread), np.cos(spread)])
    return body | {"shoulder": shoulder, "waist": waist, "hip": hip, "middle": lean, "shift": shift, "men": men}


def make_hanger(g: Garment) -> dict:
    """A garment without a person: as a body with its arms a little out."""
    body = make_body(np.random.default_rng([g.seed, 5]), g.wearer, False)
    for name, sign in (("left", -1), ("right", 1)):
        start = np.array([sign * body["shoulder"], 0.2])
        body[f"{name} shoulder"] = start
        for joint, far in (("elbow", 0.15), ("wrist", 0.29)):
            body[f"{name} {joint}"] = start + far * np.array([sign * 0.42, 0.9])
        body[f"{name} hip"] = np.array([sign * 0.055, 0.5])
        for joint, far in (("knee", 0.235), ("ankle", 0.46)):
            body[f"{name} {joint}"] = body[f"{name} hip"] + far * np.array([sign * 0.09, 1.0])
    return body | {"middle": 0.0, "shift": 0.0}


def _draw_body(canvas: Canvas, body: dict, skin, g: Garment, rng, light) -> None:
    s, w, h, x, dx = body["shoulder"], body["waist"], body["hip"], body["middle"], body["shift"]
    shoe = _shade(COLOURS[("black", "white", "brown", "red")[rng.integers(4)]], 0.9)
    for name in ("left", "right"):
        canvas.limb([body[f"{name} hip"], body[f"{name} knee"], body[f"{name} ankle"]], [0.05, 0.036, 0.021], skin)
        foot = body[f"{name} ankle"]
        canvas.fill(
            _smooth([foot + [-0.02, 0.0], foot + [0.02, 0.0], foot + [0.028, 0.04], foot + [-0.028, 0.04]], rounds=1),
            shoe,
        )
    canvas.limb([body["head"] + [0, 0.03], [x, 0.2]], [0.026, 0.03], _shade(skin, 0.94))
    torso = [[x - s, 0.2], [x - 0.03, 0.175], [x + 0.03, 0.175], [x + s, 0.2], [x + 0.86 * s, 0.29], [w, 0.385], [dx + h, 0.49], [dx, 0.54],
             [dx - h, 0.49], [-w, 0.385], [x - 0.86 * s, 0.29]]  # fmt: skip
    torso = _smooth(torso)
    canvas.fill(torso, _shade(skin, 0.9))
    canvas.fill((torso - torso.mean(0)) * [0.7, 0.94] + torso.mean(0), skin)
    other = _shade(list(COLOURS.values())[rng.integers(len(COLOURS))], 0.95 * light)
    if g.clothes_type == 1:  # plain clothes below
        if rng.random() < 0.72:
            share = rng.choice([0.3, 1.0], p=(0.25, 0.75))
            for name in ("left", "right"):
                line = _along([body[f"{name} hip"], body[f"{name} knee"], body[f"{name} ankle"]], share)
                for inner, factor in ((1.0, 0.82), (0.6, 1.0)):
                    canvas.fill(_strip(line, inner * np.linspace(0.06, 0.034, len(line))), _shade(other, factor))
            waistband = [[-w * 1.12, 0.42], [w * 1.12, 0.42], [dx + h * 1.12, 0.49], [dx, 0.56], [dx - h * 1.12, 0.49]]
            canvas.fill(_smooth(waistband, rounds=1), _shade(other, 0.95))
        else:
            canvas.fill([[-w * 1.1, 0.42], [w * 1.1, 0.42], [dx + h * 1.4, 0.66], [dx - h * 1.4, 0.66]], other)
    if g.clothes_type == 2 or g.closure == "open":  # plain clothes above
        shirt = [[x - 0.95 * s, 0.2], [x - 0.045, 0.185], [x, 0.225], [x + 0.045, 0.185], [x + 0.95 * s, 0.2], [x + 0.92 * s, 0.29], [w * 1.12, 0.385],
                 [w * 1.25, 0.45], [-w * 1.25, 0.45], [-w * 1.12, 0.385], [x - 0.92 * s, 0.29]]  # fmt: skip
        shirt = _smooth(shirt, rounds=1)
        canvas.fill(shirt, _shade(other, 0.86))
        canvas.fill((shirt - shirt.mean(0)) * [0.72, 0.97] + shirt.mean(0), other)


def _draw_head(canvas: Canvas, body: dict, skin, hair, back: bool, long_hair: bool, rng) -> None:
    head = body["head"]
    oval = head + _CIRCLE * [0.043, 0.062]
    if back:
        canvas.fill(head + _CIRCLE * [0.05, 0.068] - [0, 0.004], hair)
    else:
        canvas.fill(oval, _shade(skin, 0.92))
        canvas.fill(head + _CIRCLE * [0.036, 0.055] - [0.003, 0.002], skin)
        for sign in (-1, 1):
            canvas.disc(head + [sign * 0.016, -0.004], 0.0045, (46, 36, 32))
            canvas.line([head + [sign * 0.024, -0.017], head + [sign * 0.009, -0.018]], _shade(hair, 0.8), 0.004)
        canvas.line([head + [0.0, 0.004], head + [0.003, 0.016]], _shade(skin, 0.78), 0.004)
        canvas.line([head + [-0.012, 0.032], head + [0, 0.035], head + [0.012, 0.032]], (176, 84, 84), 0.006)
        cap = np.concatenate(
            [
                head + _CIRCLE[10:] * [0.05, 0.07] - [0, 0.004],
                head + [[0.044, -0.012], [0.03, -0.036], [-0.02, -0.044], [-0.044, -0.01]],
            ]
        )
        canvas.fill(cap, hair)
    if long_hair and (back or rng.random() < 0.6):  # over one or both shoulders
        signs = (-1, 1) if back else (-1, 1)[: rng.integers(1, 3)]
        for sign in signs:
            end = rng.uniform(0.13, 0.22)
            strand = [head + [sign * 0.036, -0.02], head + [sign * 0.054, 0.07], head + [sign * 0.05, end]]
            canvas.fill(
                _strip(_curve(strand), np.interp(np.arange(9), [0, 4, 8], [0.014, 0.018, 0.007])),
                _shade(hair, 0.92),
                "top",
            )
        if back:
            canvas.fill(
                _smooth([head + [-0.05, 0], head + [0.05, 0], head + [0.052, 0.15], head + [-0.052, 0.15]]), hair, "top"
            )


# ---- the garment ----------------------------------------------------------------------------------------------------


def control_points(g: Garment, body: dict) -> dict:
    """The garment's geometry in world coordinates: landmarks 0 to 7 by their number, the torso's outline, sleeves, legs."""
    s, waist, hip, x, dx = body["shoulder"], body["waist"], body["hip"], body["middle"], body["shift"]
    loose = 1 + g.fit
    out: dict = {}
    end = hem_y(g.length)
    waist_y = 0.39 if g.clothes_type != 2 else 0.455 - 0.055 * g.rise
    if g.waistline == "dropped":
        waist_y = 0.455
    taken = waist * (1.22 + 1.35 * g.fit - 0.28 * g.waist * (1 - min(g.fit, 1)))
    if g.clothes_type == 2:
        taken = max(waist, np.interp(waist_y, [0.39, 0.49], [waist, hip])) * (1.06 + 0.25 * g.fit)
    wide = {"boat": 0.078, "off-shoulder": 0.11, "strapless": 0.085, "sweetheart": 0.08, "square": 0.058, "scoop": 0.056, "turtle": 0.034,
            "mock": 0.036, "high": 0.038, "halter": 0.032, "illusion": 0.05, "deep-v": 0.05, "v": 0.046, "cowl": 0.055}  # fmt: skip
    neck_half = min(wide.get(g.neckline, 0.044), 0.9 * s)
    neck_y = {
        "turtle": 0.15,
        "mock": 0.163,
        "high": 0.17,
        "strapless": 0.262,
        "sweetheart": 0.255,
        "off-shoulder": 0.238,
    }.get(g.neckline, 0.184)
    if g.strap in ("spaghetti", "wide", "crossed", "racerback"):
        neck_y, neck_half = (0.236, 0.6 * s) if g.strap != "racerback" else (0.19, 0.04)
    out[0], out[1] = np.array([x - neck_half, neck_y]), np.array([x + neck_half, neck_y])
    if g.neckline == "one-shoulder":
        out[1] = np.array([x + 0.8 * s, 0.26])

    width = 0.03 * (1 + 0.85 * g.fit)
    sleeves = {}
    for sign, name, j in ((-1, "left", 2), (1, "right", 3)):
        line = [body[f"{name} shoulder"] + [-sign * 0.008, 0.012], body[f"{name} elbow"], body[f"{name} wrist"]]
        if g.neckline == "off-shoulder":
            line[0] = body[f"{name} shoulder"] + [sign * 0.004, 0.045]
        bare = g.sleeve < 0.03 or (g.neckline == "one-shoulder" and sign == 1)
        if bare:
            sleeves[name] = None
            edge = s * (0.9 if g.strap == "none" else 0.82)
            at = 0.24 if neck_y < 0.22 else neck_y + 0.012
            out[j] = np.array([x + sign * edge, at])
            continue
        points = _along(line, min(1.0, g.sleeve * 0.98))
        a, b = width * 1.12, width * np.interp(g.sleeve, [0.2, 1], [1.0, 0.7])
        widths = np.linspace(a, b, 9)
        t = np.linspace(0, 1, 9)
        if g.sleeve_kind == "bell":
            widths = widths + 0.045 * np.clip(t - 0.45, 0, 1) ** 1.2 * 2
        elif g.sleeve_kind == "puff":
            widths = widths + 0.026 * np.sin(np.pi * t)
        elif g.sleeve_kind == "dolman":
            widths = widths + 0.06 * (1 - t) ** 1.5
        elif g.sleeve_kind in ("flutter", "cap"):
            widths = widths + (0.024 if g.sleeve_kind == "flutter" else 0.004) * t
        if g.category in ("Poncho", "Cape", "Kimono", "Caftan", "Kaftan"):
            widths = widths + 0.05 * (1 - 0.4 * t)
        widths = widths * np.interp(t, [0, 0.2, 1], [0.72, 1.0, 1.0])  # rounded at the shoulder
        sleeves[name] = (points, widths)
        normal = np.array([sign * 1.0, 0.0])
        out[j] = points[-1] + 0.5 * widths[-1] * normal
    out["sleeves"] = sleeves

    out[4], out[5] = np.array([0.5 * x - taken, waist_y]), np.array([0.5 * x + taken, waist_y])
    hip_half = max(hip * (1.04 + 0.55 * g.fit), taken)
    legs = {}
    if g.shape in ("legs", "jumpsuit"):
        for sign, name, j in ((-1, "left", 6), (1, "right", 7)):
            line = [body[f"{name} hip"], body[f"{name} knee"], body[f"{name} ankle"]]
            share = float(np.clip((end - 0.5) / 0.46, 0.05, 1))
            points = _along(line, share)
            t = np.linspace(0, 1, 9) * share
            slim = np.interp(t, [0, 0.5, 1], [0.054, 0.042, 0.03]) * (1 + 0.9 * g.fit)
            widths = np.maximum(slim + 0.1 * g.flare * np.linspace(0, 1, 9) ** 2, 0.021)
            if g.hem in ("ribbed", "drawstring") and share > 0.8:
                widths[-1] = min(widths[-1], 0.026)
            legs[name] = (points, widths)
            out[j] = points[-1] + [sign * widths[-1], 0]
        low = 0.5
        hip_half = max(hip_half, abs(body["right hip"][0] - dx) + 0.05 * loose)
        below = [
            [dx + hip_half, 0.49],
            [dx + hip_half * 0.9, 0.525],
            [dx + 0.012, 0.552],
            [dx - 0.012, 0.552],
            [dx - hip_half * 0.9, 0.525],
            [dx - hip_half, 0.49],
        ]
    else:
        low = end
        reach = max(0.25, (end - waist_y) / 0.35)
        body_half = np.interp(end, [0.38, 0.49, 0.72, 0.95], [waist, hip, 0.088, 0.08]) * (1.05 + 0.5 * g.fit)
        half = max(body_half, taken * 1.02 if end < 0.47 else 0) + 0.14 * g.flare * reach
        if g.skirt == "trumpet":
            half += 0.035
        elif g.skirt == "tulip":
            half *= 0.86
        elif g.skirt in ("gathered", "pleated", "box-pleated", "tiered"):
            half += 0.02
        lift = np.roll([0.075, 0.0], g.seed) if g.hem == "asymmetric" else np.zeros(2)  # of its left and its right end
        out[6], out[7] = np.array([dx - half, end - lift[0]]), np.array([dx + half, end - lift[1]])
        hips = [[dx + max(hip_half, taken) + 0.05 * g.flare, 0.485]] if end > 0.53 else []
        if g.skirt == "trumpet" and end > 0.6:
            hips.append([dx + max(hip, 0.08) * 1.05, end - 0.1])
        curve = {"curved": 0.035, "high-low": -0.09, "dolphin": 0.02}.get(g.hem, 0.012)
        below = [*hips, out[7], [dx + 0.5 * half, end + 0.7 * curve - 0.75 * lift[1]], [dx, end + curve - lift.sum() / 2], [dx - 0.5 * half, end + 0.7 * curve - 0.75 * lift[0]],
                 out[6], *[[2 * dx - px, py] for px, py in hips[::-1]]]  # fmt: skip
    out |= {"legs": legs, "low": low, "end": end}
    if g.clothes_type == 2:
        outline, rim = [out[4], out[5], *below], np.array([out[4], out[5]])
    else:
        rim = _neckline(g, out[0], out[1], x, s)
        arm = (
            s * (1.0 + 0.1 * g.fit + (0.05 if g.sleeve_kind == "drop" else 0))
            if g.sleeve > 0.03
            else s * (0.9 if g.strap == "none" else 0.8)
        )
        chest = max(taken, s * (0.84 + 0.4 * g.fit))
        high = neck_y > 0.22
        side = (
            [[x + arm, 0.203], [x + chest, 0.285]]
            if not high
            else [[x + 0.96 * chest, neck_y + 0.004], [x + chest, 0.3]]
        )
        left = [[2 * x - px, py] for px, py in side[::-1]]
        if g.neckline == "one-shoulder":
            side = [[x + chest, 0.285]]
        if g.neckline == "halter" and g.strap == "none":  # tied behind the neck: the shoulders are bare
            side = [[x + 0.55 * s, 0.225], [x + 0.97 * chest, 0.285]]
            left = [[2 * x - px, py] for px, py in side[::-1]]
        outline = [*rim, *side, out[5], *below, out[4], *left]
    out |= {"outline": np.array(outline, float), "rim": rim, "waist_y": waist_y}
    return out


def _neckline(g: Garment, left, right, x: float, s: float) -> np.ndarray:
    """The neckline's edge from the left to the right collar landmark."""
    depth = left[1] + 0.018 + 0.075 * g.neck_depth
    name = g.neckline
    half = right[0] - x
    t = np.linspace(-1, 1, 9)
    if name in ("v", "surplice", "split", "henley"):
        return np.array([left, [x, depth + 0.03], right])
    if name == "deep-v":
        return np.array([left, [x, depth + 0.09], right])
    if name == "square":
        return np.array([left, [x - half, depth + 0.012], [x + half, depth + 0.012], right])
    if name == "sweetheart":
        dip = left[1] + 0.004 + 0.02 * (1 - np.abs(np.abs(t) - 0.5) * 2)
        return np.stack([x + half * t, dip - 0.03 * (np.abs(np.abs(t) - 0.5) < 0.3)], 1)
    if name in ("strapless", "off-shoulder", "turtle", "mock", "high", "illusion", "boat"):
        return np.stack([x + half * t, left[1] + 0.008 * (1 - t**2)], 1)
    if name == "one-shoulder":
        return np.array([left, [x + 0.3 * s, 0.225], right])
    if name in ("cowl", "scoop"):
        return np.stack([x + half * t, left[1] + (depth - left[1] + 0.02) * np.sqrt(np.clip(1 - t**2, 0, 1))], 1)
    return np.stack([x + half * t, left[1] + (depth - left[1]) * np.sqrt(np.clip(1 - t**2, 0, 1))], 1)


def _draw_garment(
    canvas: Canvas, g: Garment, body: dict, c: dict, light: float, back: bool, skin, rng, hanger: bool
) -> None:
    """The garment's parts from behind to front, arms and sleeves last."""
    tile, cover = cloth.tile(g), cloth.cover(g)
    ground, accent = COLOURS[g.colour], _shade(COLOURS[g.accent], light)
    dark = _shade(ground, 0.5 * light) if sum(ground) > 150 else _shade((90, 90, 96), light)
    x, dx = body["middle"], body["shift"]
    runs = g.finish == "dip-dye" or g.pattern in ("ombre", "two-tone", "colorblock")
    span = (c["outline"][:, 1].min(), c["end"]) if runs else None
    panel, panel_cover = cloth.panel_cloth(g.panel, g) if g.panel != "none" else (None, None)

    for points, widths in c["legs"].values():
        angle = np.arctan2(*(points[-1] - points[0])[::-1]) - np.pi / 2
        canvas.part(_strip(points, widths), tile, cover, angle, light, g, False, span)
        if g.panel_at == "sides":
            outer = 1 if points[0][0] > dx else -1
            canvas.part(
                _strip(points + [outer * widths.mean() * 0.6, 0], 0.35 * widths),
                panel,
                panel_cover,
                angle,
                light,
                g,
                False,
                size=1.0,
            )
    canvas.part(c["outline"], tile, cover, 0.0, light, g, False, span)
    left, right = c[4], c[5]
    if g.panel != "none" and g.panel_at in ("yoke", "sides", "hem", "waist"):
        _draw_panel(canvas, g, c, panel, panel_cover, light)
    if not hanger and g.finish == "cutout" and g.clothes_type != 2:
        for sign in (-1, 1):
            canvas.fill(
                np.array([0.5 * x + sign * 0.7 * abs(right[0] - 0.5 * x), left[1] - 0.02]) + _CIRCLE * [0.018, 0.026],
                skin,
            )
    if g.finish == "layered":
        for share in (0.45, 0.75):
            y = left[1] + share * (c["low"] - left[1])
            canvas.line(
                _curve([[-abs(right[0]) * 1.1 + dx, y], [dx, y + 0.015], [abs(right[0]) * 1.1 + dx, y]]), dark, 0.006
            )
    _draw_skirt(canvas, g, c, dark, dx)
    emblem = cloth.emblem(g)
    if emblem is not None and not back:
        canvas.stamp(emblem, [x, 0.3], 0.11, light)
    if g.shape in ("legs", "jumpsuit"):
        (inner, reach), (other, wide) = c["legs"].values()  # wide legs meet: a line parts them
        meet = min(c["end"], 0.55 + 0.4 * max(0.0, reach.mean() + wide.mean() - 0.07))
        canvas.line([[dx, c["waist_y"] + 0.03], [dx, 0.55]], dark, 0.004)
        canvas.line([[dx, 0.55], 0.5 * (inner[-1] + other[-1]) if meet > 0.58 else [dx, meet]], dark, 0.008)
    _draw_waist(canvas, g, c, dark, accent, light)
    _draw_pockets(canvas, g, c, dark, accent, x)
    for _ in range(int(round(6 * g.distress))):
        legs = list(c["legs"].values())
        if legs:
            points, widths = legs[rng.integers(len(legs))]
            px, py = points[rng.integers(2, 8)] + [rng.uniform(-0.5, 0.5) * widths.mean(), 0]
        else:
            px, py = rng.uniform(-0.05, 0.05), rng.uniform(left[1], c["low"])
        for k in range(3):
            canvas.line(
                [[px - 0.016, py + 0.006 * k], [px + 0.016, py + 0.006 * k]],
                (232, 232, 228) if k % 2 == 0 else skin,
                0.006,
            )
    (_draw_back if back else _draw_closure)(canvas, g, c, dark, accent, skin, x, light, hanger)
    _draw_hem(canvas, g, c, dark, accent)
    _draw_trim(canvas, g, c, dark, accent, light)
    strap = _shade(ground, 0.85 * light)
    if g.strap in ("spaghetti", "wide", "crossed"):
        for j, sign in ((0, -1), (1, 1)):
            over = (
                [x + sign * 0.62 * body["shoulder"], 0.188]
                if g.strap != "crossed" or not back
                else [x - sign * 0.5 * body["shoulder"], 0.19]
            )
            canvas.line(
                [c[j] + [0, 0.006], over],
                strap,
                0.006 if g.strap == "spaghetti" else 0.022 if g.strap == "wide" else 0.012,
            )
    elif g.strap in ("bib", "suspender"):
        top = 0.27 if g.strap == "bib" else c["waist_y"]
        if g.strap == "bib":
            canvas.part(
                np.array([[x - 0.055, 0.27], [x + 0.055, 0.27], [x + 0.07, c["waist_y"]], [x - 0.07, c["waist_y"]]]),
                tile,
                cover,
                0,
                light,
                g,
                False,
            )
        for sign in (-1, 1):
            canvas.line([[x + sign * 0.048, top], [x + sign * 0.056, 0.19]], strap, 0.018)

    arm_covers = "over"
    for name in ("left", "right"):
        arm = [body[f"{name} shoulder"] + [0, 0.012], body[f"{name} elbow"], body[f"{name} wrist"]]
        sleeve = c["sleeves"].get(name) if g.clothes_type != 2 else None
        if not hanger:
            start = 0 if sleeve is None else 1
            if (
                sleeve is None
                and g.clothes_type != 2
                and g.strap == "none"
                and g.neckline not in ("strapless", "sweetheart", "one-shoulder")
            ):
                line = _along(arm, 1.0)[1:]
                canvas.limb(line, [0.024, 0.022, 0.018, 0.014], skin, arm_covers)
            else:
                canvas.limb(arm[start:], [0.026, 0.021, 0.014][start:], skin, arm_covers)
            hand = arm[2] + 0.02 * (arm[2] - arm[1]) / (np.linalg.norm(arm[2] - arm[1]) + 1e-9)
            canvas.disc(hand, 0.015, skin, arm_covers)
        if sleeve is not None:
            _draw_sleeve(
                canvas,
                g,
                sleeve,
                (panel, panel_cover) if g.panel_at == "sleeves" else (tile, cover),
                dark,
                accent,
                light,
                span,
                skin,
                hanger,
            )
    if g.sleeve_kind == "raglan" and g.clothes_type != 2:
        for j, name in ((0, "left"), (1, "right")):
            canvas.line([c[j], body[f"{name} shoulder"] + [0, 0.07]], dark, 0.005)
    _draw_collar(canvas, g, c, dark, accent, back, light, tile, x)


def _draw_sleeve(canvas, g, sleeve, material, dark, accent, light, span, skin, hanger) -> None:
    points, widths = sleeve
    angle = np.arctan2(*(points[-1] - points[0])[::-1]) - np.pi / 2
    tile, cover = material
    if g.pattern == "two-tone" and g.panel_at != "sleeves":
        span = None
    canvas.part(_strip(points, widths), tile, cover, angle, light * 0.95, g, True, span)
    along = (points[-1] - points[-2]) / (np.linalg.norm(points[-1] - points[-2]) + 1e-9)
    across = np.array([-along[1], along[0]]) * widths[-1]
    ends = np.array([points[-1] + across, points[-1] - across])
    if g.sleeve_kind in ("cuffed", "rolled"):
        width = 0.028 if g.sleeve_kind == "cuffed" else 0.02
        canvas.fill(
            np.array([ends[0], ends[1], ends[1] - along * width, ends[0] - along * width]),
            dark if g.sleeve_kind == "cuffed" else _shade(dark, 1.6),
            "over",
        )
    elif g.hem == "ribbed" or (g.category in ("Sweater", "Hoodie", "Bomber") and g.sleeve > 0.8):
        canvas.line(ends - along * 0.007, dark, 0.014)
    elif g.sleeve_kind in ("flutter", "bell"):
        t = np.linspace(0, 1, 9)[:, None]
        canvas.line(ends[0] + (ends[1] - ends[0]) * t + along * 0.006 * np.sin(9 * t), dark, 0.005)
    elif g.sleeve_kind == "puff":
        canvas.line(ends - along * 0.004, dark, 0.008)
    if g.sleeve_kind == "drop":
        normal = np.array([-along[1], along[0]]) * widths[0]
        canvas.line([points[1] + normal, points[1] - normal], dark, 0.004)
    if g.sleeve_kind == "open-shoulder" and not hanger:
        canvas.fill(points[1] + _CIRCLE * [0.8 * widths[0], 0.026], skin, "over")
    if g.trim in ("tipped", "contrast", "piping"):
        canvas.line(ends - along * 0.006, accent, 0.01 if g.trim != "piping" else 0.004)
    elif g.trim in ("lace", "ruffle", "scallop", "fringe", "crochet"):
        _edge_figures(canvas, ends, g.trim, _shade(COLOURS[g.accent], light))


def _draw_panel(canvas, g, c, panel, cover, light) -> None:
    left, right = c[4], c[5]
    if g.panel_at == "yoke":
        y = 0.265
        edge = abs(c["outline"][np.abs(c["outline"][:, 1] - 0.203) < 0.02][:, 0]).max(initial=0.09)
        polygon = np.array([*c["rim"], [edge, 0.205], [0.92 * edge, y], [-0.92 * edge, y], [-edge, 0.205]])
        canvas.part(polygon, panel, cover, 0.0, light, g, False, size=1.0)
    elif g.panel_at == "hem" and not c["legs"]:
        y = c["end"]
        share = 0.82
        top = left[1] + share * (y - left[1])
        half = abs(left[0]) + share * (abs(c[6][0]) - abs(left[0]))
        canvas.part(np.array([[-half, top], [half, top], c[7], c[6]]), panel, cover, 0.0, light, g, False, size=1.0)
    elif g.panel_at == "sides":
        for sign, corner, hem in ((-1, left, c[6]), (1, right, c[7])):
            low = hem if not c["legs"] else np.array([corner[0], 0.5])
            upper = (
                []
                if g.clothes_type == 2
                else [[0.92 * corner[0] + sign * 0.01, 0.29], [0.92 * corner[0] - sign * 0.022, 0.29]]
            )
            polygon = [corner, low, low - [sign * 0.03, 0], corner - [sign * 0.026, 0], *upper[::-1]]
            canvas.part(np.array(polygon), panel, cover, 0.0, light, g, False, size=1.0)


def _draw_skirt(canvas, g, c, dark, dx) -> None:
    if c["legs"] and g.skirt != "wrap":
        return
    y0, y1 = c["waist_y"] + 0.01, c["low"]
    top, bottom = abs(c[5][0] - dx), abs(c[7][0] - dx)
    if g.skirt in ("pleated", "box-pleated", "gathered"):
        n = {"pleated": 12, "box-pleated": 6, "gathered": 16}[g.skirt]
        for share in np.linspace(-0.9, 0.9, n):
            stop = 1.0 if g.skirt != "gathered" else 0.3
            foot = [dx + share * (top + stop * (bottom - top)), y0 + stop * (y1 - y0)]
            canvas.line([[dx + share * top, y0], foot], dark, 0.007 if g.skirt == "box-pleated" else 0.004)
    elif g.skirt == "tiered":
        for share in (0.36, 0.7):
            y, half = y0 + share * (y1 - y0), top + share * (bottom - top)
            t = np.linspace(-1, 1, 25)
            canvas.line(np.stack([dx + half * t, y + 0.006 * np.sin(20 * t)], 1), dark, 0.008)
    elif g.skirt in ("tulip", "wrap"):
        canvas.line(
            _curve([[dx + 0.8 * top, y0], [dx + 0.1 * top, y0 + 0.5 * (y1 - y0)], [dx - 0.55 * bottom, y1]]),
            dark,
            0.006,
        )
        if g.skirt == "tulip":
            canvas.line(
                _curve([[dx - 0.8 * top, y0], [dx - 0.1 * top, y0 + 0.5 * (y1 - y0)], [dx + 0.55 * bottom, y1]]),
                dark,
                0.006,
            )
    elif g.skirt == "peplum":
        y = c["waist_y"]
        flap = np.array([c[4], c[5], c[5] + [0.03, 0.075], [dx, y + 0.09], c[4] + [-0.03, 0.075]])
        canvas.fill(_smooth(flap, rounds=1), _shade(COLOURS[g.colour], 0.82))
        for share in np.linspace(-0.8, 0.8, 6):
            canvas.line([[dx + share * top, y], [dx + 1.3 * share * top, y + 0.078]], dark, 0.004)
    elif g.skirt == "trumpet":
        y = y1 - 0.1
        canvas.line([[dx - 0.9 * top, y], [dx + 0.9 * top, y]], dark, 0.005)
        for share in np.linspace(-0.8, 0.8, 7):
            canvas.line([[dx + 0.8 * share * top, y], [dx + share * bottom, y1]], dark, 0.004)


def _draw_waist(canvas, g, c, dark, accent, light) -> None:
    left, right, name = c[4], c[5], g.waistline
    if name == "none":
        if g.clothes_type == 2:
            canvas.fill([left, right, right + [0.001, 0.014], left + [-0.001, 0.014]], dark)
        return
    middle = (left + right) / 2
    high = {"belt": 0.018, "sash": 0.03, "drawstring": 0.02, "elastic": 0.022, "smocked": 0.06, "foldover": 0.045, "gathered": 0.02,
            "corset": 0.09, "buttoned": 0.02, "bow": 0.02, "braided": 0.02, "dropped": 0.006}[name]  # fmt: skip
    colour = (
        accent if name in ("belt", "sash", "bow") else _shade(COLOURS["brown"], light) if name == "braided" else dark
    )
    band = np.array([left, right, right + [0.003, high], left + [-0.003, high]]) - (
        [0, high / 2] if g.clothes_type != 2 else [0, 0]
    )
    if name == "corset":
        band = band - [0, 0.045]
    if name not in ("smocked", "drawstring", "gathered"):
        canvas.fill(band, colour)
    if name == "belt":
        canvas.disc(middle + [0, 0.009 if g.clothes_type == 2 else 0], 0.012, (214, 190, 110))
        canvas.disc(middle + [0, 0.009 if g.clothes_type == 2 else 0], 0.006, colour)
    elif name in ("sash", "bow"):
        at = middle + [0.03 if name == "sash" else 0, 0]
        for sign in (-1, 1):
            canvas.fill([at, at + [sign * 0.035, -0.016], at + [sign * 0.035, 0.016]], _shade(colour, 0.9))
            canvas.line([at, at + [sign * 0.014, 0.07]], _shade(colour, 0.9), 0.01)
    elif name == "drawstring":
        canvas.line([left + [0, 0.012], right + [0, 0.012]], dark, 0.004)
        for sign in (-1, 1):
            canvas.line([middle + [sign * 0.004, 0.01], middle + [sign * 0.016, 0.075]], (244, 242, 236), 0.006)
    elif name in ("elastic", "smocked", "gathered"):
        for share in np.linspace(0.03, 0.97, 14):
            p = left + share * (right - left)
            canvas.line(
                [p - [0, high / 2 if g.clothes_type != 2 else 0], p + [0, high]],
                _shade(dark, 0.8 if name != "smocked" else 1.0),
                0.003,
            )
        if name == "smocked":
            for k in range(4):
                canvas.line([left + [0, -0.03 + 0.02 * k], right + [0, -0.03 + 0.02 * k]], dark, 0.003)
    elif name == "buttoned":
        for k in (-1, 0, 1):
            canvas.disc(middle + [0.012 * k, 0.01], 0.005, accent)
    elif name == "corset":
        for k in range(5):
            y = left[1] - 0.04 + 0.02 * k
            canvas.line([[middle[0] - 0.014, y], [middle[0] + 0.014, y + 0.014]], accent, 0.004)
            canvas.line([[middle[0] + 0.014, y], [middle[0] - 0.014, y + 0.014]], accent, 0.004)
    elif name == "braided":
        for share in np.linspace(0, 1, 16):
            canvas.disc(left + share * (right - left), 0.006, _shade(COLOURS["tan"], light))
    elif name == "foldover":
        canvas.line([left + [0, 0.045], right + [0, 0.045]], _shade(dark, 1.6), 0.005)


def _draw_pockets(canvas, g, c, dark, accent, x) -> None:
    if g.pocket == "none":
        return
    y = c["waist_y"]
    half = abs(c[5][0])
    if g.pocket in ("chest", "contrast"):
        px = x + 0.042
        shape = [[px - 0.02, 0.285], [px + 0.02, 0.285], [px + 0.02, 0.325], [px, 0.333], [px - 0.02, 0.325]]
        if g.pocket == "contrast":
            canvas.fill(shape, accent)
        canvas.line([*shape, shape[0]], dark, 0.004)
    elif g.pocket == "kangaroo":
        top = min(y + 0.01, c["end"] - 0.08)
        canvas.line(
            [
                [-0.03, top],
                [0.03, top],
                [0.058, top + 0.05],
                [0.058, top + 0.075],
                [-0.058, top + 0.075],
                [-0.058, top + 0.05],
                [-0.03, top],
            ],
            dark,
            0.006,
        )
    elif g.pocket == "slant":
        for sign in (-1, 1):
            canvas.line([[sign * 0.45 * half, y + 0.018], [sign * 0.92 * half, y + 0.055]], dark, 0.006)
    elif g.pocket == "cargo":
        for sign, (points, _) in zip((-1, 1), list(c["legs"].values()) or [(None, None)] * 2, strict=True):
            px, py = (
                points[4] + [sign * 0.02, 0] if points is not None else (sign * 0.05, min(c["end"] - 0.05, y + 0.06))
            )
            box = np.array(
                [[px - 0.022, py - 0.02], [px + 0.022, py - 0.02], [px + 0.022, py + 0.032], [px - 0.022, py + 0.032]]
            )
            canvas.fill(box, _shade(COLOURS[g.colour], 0.8))
            canvas.line([*box, box[0]], dark, 0.004)
            canvas.line([box[0] + [0, 0.014], box[1] + [0, 0.014]], dark, 0.004)
    else:
        py = min(c["end"] - 0.06, y + 0.05) if g.clothes_type != 2 else y + 0.05
        for sign in (-1, 1):
            px = sign * 0.6 * half
            if g.pocket == "patch":
                box = [[px - 0.024, py], [px + 0.024, py], [px + 0.022, py + 0.048], [px - 0.022, py + 0.048]]
                canvas.line([*box, box[0]], dark, 0.005)
            else:
                canvas.line(
                    [[px - 0.024, py + 0.01 * sign], [px + 0.024, py - 0.01 * sign]],
                    (200, 200, 206) if g.pocket == "zip" else dark,
                    0.007,
                )


def _draw_closure(canvas, g, c, dark, accent, skin, x, light, hanger) -> None:
    name = g.closure
    if g.neckline == "keyhole" and not hanger:
        canvas.fill(np.array([x, c["rim"][:, 1].max() + 0.024]) + _CIRCLE * [0.01, 0.018], skin)
    elif g.neckline == "surplice":
        canvas.line([c[1], [c[4][0] * 0.8, c["waist_y"]]], dark, 0.006)
    elif g.neckline == "split" and not hanger:
        y = c["rim"][:, 1].max()
        canvas.fill([[x - 0.008, y - 0.01], [x + 0.008, y - 0.01], [x, y + 0.045]], skin)
    elif g.neckline == "twist":
        canvas.fill(np.array([x, 0.29]) + _CIRCLE * [0.02, 0.012], dark)
        for sign in (-1, 1):
            canvas.line([[x, 0.29], [x + sign * 0.06, 0.26]], dark, 0.004)
            canvas.line([[x, 0.29], [x + sign * 0.06, 0.32]], dark, 0.004)
    elif g.neckline == "cowl":
        for k in range(3):
            canvas.line(
                _curve([c[0] + [0.006, 0.008], [x, c["rim"][:, 1].max() + 0.016 * (k + 1)], c[1] + [-0.006, 0.008]]),
                dark,
                0.004,
            )
    elif g.neckline == "illusion":
        canvas.line(_curve([[x - 0.09, 0.24], [x, 0.27], [x + 0.09, 0.24]]), dark, 0.005)
    if name == "none" or (name == "open" and g.clothes_type == 2):
        return
    end = min(c["low"], 0.9) if not c["legs"] else 0.53
    start = c["rim"][:, 1].max() if g.clothes_type != 2 else c["waist_y"] + 0.016
    if g.clothes_type == 2:
        end = min(c["end"], start + (0.06 if c["legs"] else 0.5))
    if name in ("half-zip", "henley"):
        end = start + 0.075
    if name in ("one-button", "two-button"):
        canvas.line([[x, start], [0, end]], dark, 0.004)
        for k in range(1 if name == "one-button" else 2):
            canvas.disc([0.006, c["waist_y"] - 0.005 + 0.035 * k], 0.008, accent)
    elif name in ("buttons", "double-breasted", "henley", "snap", "toggle"):
        canvas.line([[x, start], [0, end]], dark, 0.003)
        for y in np.arange(start + 0.018, end - 0.006, 0.024 if name == "henley" else 0.042):
            for px in (-0.024, 0.024) if name == "double-breasted" else (0.007,):
                if name == "toggle":
                    canvas.line([[px - 0.026, y], [px + 0.012, y]], (120, 84, 50), 0.008)
                else:
                    canvas.disc(
                        [px, y],
                        0.006 if name != "double-breasted" else 0.008,
                        (206, 206, 212) if name == "snap" else accent,
                    )
    elif name in ("zip", "half-zip"):
        canvas.line([[x, start], [0 if name == "zip" else x, end]], (70, 70, 76), 0.011)
        canvas.line([[x, start], [0 if name == "zip" else x, end]], (206, 206, 212), 0.005)
    elif name == "open":
        gap = 0.018 + 0.03 * g.fit
        inner = [[x - 0.012, start], [x + 0.012, start], [gap, end], [-gap, end]]
        canvas.fill(inner, _shade((236, 234, 228), 0.92 * light))
        for sign in (-1, 1):
            canvas.line([[x + sign * 0.012, start], [sign * gap, end]], dark, 0.006)
    elif name == "wrap":
        top = c[1] if g.clothes_type != 2 else c[5]
        canvas.line(_curve([top, [-0.5 * abs(c[4][0]), c["waist_y"] + 0.01], [c[6][0] * 0.4, end]]), dark, 0.007)
    elif name == "lace-up":
        for k in range(5):
            y = start + 0.006 + 0.017 * k
            canvas.line([[x - 0.013, y], [x + 0.013, y + 0.013]], (244, 242, 236), 0.004)
            canvas.line([[x + 0.013, y], [x - 0.013, y + 0.013]], (244, 242, 236), 0.004)


def _draw_back(canvas, g, c, dark, accent, skin, x, light, hanger) -> None:
    if g.clothes_type == 2 or g.back == "plain" or hanger:
        return
    top, y = c["rim"][:, 1].min() + 0.006, 0.3
    half = 0.055
    shapes = {
        "low": [[x - half, top], [x + half, top], [x + 0.03, 0.35], [x, 0.36], [x - 0.03, 0.35]],
        "v": [[x - half, top], [x + half, top], [x, 0.34]],
        "split": [[x - 0.01, top], [x + 0.01, top], [x + 0.018, 0.38], [x - 0.018, 0.38]],
        "tulip": [[x, 0.3], [x + 0.06, c["waist_y"] + 0.05], [x - 0.06, c["waist_y"] + 0.05]],
        "tie": [[x - half, top], [x + half, top], [x + 0.02, 0.29], [x - 0.02, 0.29]],
        "crossed": [[x - half, top], [x + half, top], [x + 0.05, 0.33], [x - 0.05, 0.33]],
        "ladder": [[x - 0.03, top], [x + 0.03, top], [x + 0.03, 0.36], [x - 0.03, 0.36]],
        "t": [[x - half, top], [x + half, top], [x + 0.05, 0.3], [x - 0.05, 0.3]],
        "y": [[x - half, top], [x + half, top], [x + 0.055, 0.32], [x - 0.055, 0.32]],
    }
    cloth_colour = _shade(COLOURS[g.colour], 0.85 * light)
    if g.back in ("cutout", "bow"):
        canvas.fill(np.array([x, 0.3]) + _CIRCLE * [0.04, 0.03], skin)
    elif g.back == "lace":
        canvas.fill([[x - half, top], [x + half, top], [x + 0.045, 0.33], [x - 0.045, 0.33]], skin)
        for k in range(5):
            for m in range(5):
                canvas.disc([x - 0.04 + 0.02 * k, top + 0.02 + 0.022 * m], 0.006, cloth_colour)
    else:
        canvas.fill(shapes[g.back], skin)
    if g.back == "bow":
        for sign in (-1, 1):
            canvas.fill([[x, 0.27], [x + sign * 0.04, 0.255], [x + sign * 0.04, 0.288]], accent)
    elif g.back == "crossed":
        canvas.line([[x - half, top], [x + 0.05, 0.33]], cloth_colour, 0.012)
        canvas.line([[x + half, top], [x - 0.05, 0.33]], cloth_colour, 0.012)
    elif g.back == "ladder":
        for k in range(5):
            canvas.line([[x - 0.03, top + 0.03 * k + 0.01], [x + 0.03, top + 0.03 * k + 0.01]], cloth_colour, 0.008)
    elif g.back == "tie":
        for sign in (-1, 1):
            canvas.line([[x, 0.225], [x + sign * 0.02, 0.33]], accent, 0.007)
    elif g.back in ("t", "y"):
        canvas.line([[x, y], [x, top + (0.0 if g.back == "t" else 0.05)]], cloth_colour, 0.022)
        if g.back == "y":
            for sign in (-1, 1):
                canvas.line([[x, top + 0.05], [x + sign * 0.05, top]], cloth_colour, 0.016)


def _edge_figures(canvas, ends, kind: str, colour) -> None:
    """Small figures along an edge from ends[0] to ends[1]: fringe, lace, scallops, beads and so on, hanging down."""
    a, b = ends
    n = max(3, int(np.linalg.norm(b - a) / 0.012))
    edge = a + (b - a) * np.linspace(0, 1, n)[:, None]
    if kind in ("fringe", "tassel"):
        for point in edge if kind == "fringe" else edge[::3]:
            canvas.line(
                [point, point + [0, 0.03 if kind == "fringe" else 0.036]], colour, 0.004 if kind == "fringe" else 0.008
            )
    elif kind in ("lace", "crochet", "scallop", "pom-pom", "bead"):
        radius = {"lace": 0.008, "crochet": 0.009, "scallop": 0.012, "pom-pom": 0.01, "bead": 0.005}[kind]
        for point in edge if kind in ("lace", "bead") else edge[::2]:
            canvas.disc(point + [0, 0.3 * radius], radius, colour)
            if kind in ("lace", "crochet"):
                canvas.disc(point + [0, 0.3 * radius], 0.4 * radius, _shade(colour, 0.6))
    elif kind == "ruffle":
        wave = edge + np.stack([0 * edge[:, 0], 0.009 * np.sin(np.arange(n) * 2.2)], 1)
        canvas.line(wave, _shade(colour, 0.85), 0.014)
        canvas.line(wave + [0, 0.007], _shade(colour, 0.6), 0.003)


def _draw_hem(canvas, g: Garment, c: dict, dark, accent) -> None:
    own = _shade(COLOURS[g.colour], 0.8)
    if c["legs"]:
        ends = [_strip(p, w)[[len(p) - 1, len(p)]] for p, w in c["legs"].values()]
    else:
        ends = [np.array([c[6], c[7]])]
    for pair in ends:
        a, b = pair
        up = np.array([0, -1.0])
        if g.hem == "fringed":
            _edge_figures(canvas, pair, "fringe", own)
        elif g.hem == "raw":
            _edge_figures(canvas, pair - [0, 0.012], "fringe", (236, 234, 228))
        elif g.hem == "ribbed":
            canvas.line(pair + up * 0.009, dark, 0.018)
        elif g.hem == "ruffled":
            _edge_figures(canvas, pair, "ruffle", own)
        elif g.hem == "flounced":
            flap = [a + up * 0.06, b + up * 0.06, b + [0.012, 0.0], a - [0.012, 0.0]]
            canvas.fill(flap, own)
            _edge_figures(canvas, pair, "ruffle", own)
            canvas.line([a + up * 0.06, b + up * 0.06], dark, 0.005)
        elif g.hem == "lace":
            _edge_figures(canvas, pair, "lace", (246, 242, 236))
        elif g.hem == "scalloped":
            _edge_figures(canvas, pair, "scallop", own)
        elif g.hem == "rolled":
            canvas.fill([a, b, b + up * 0.026, a + up * 0.026], _shade(COLOURS[g.colour], 1.25))
            canvas.line([a + up * 0.026, b + up * 0.026], dark, 0.003)
        elif g.hem == "drawstring":
            canvas.line(pair + up * 0.006, dark, 0.006)
        elif g.hem == "dolphin":
            canvas.line(_curve([a + up * 0.03, a + [0.02, 0], b]), accent, 0.006)
    if c["legs"]:
        return
    a, b = ends[0]
    middle = (a + b) / 2
    slits = {"side-slit": [(b, 0.07)], "slit": [(middle + [0.03, 0], 0.1)], "high-slit": [(middle + [0.04, 0], 0.24)],
             "m-slit": [(middle - [0.045, 0], 0.2), (middle + [0.045, 0], 0.2)], "vented": [(a, 0.05), (b, 0.05)]}.get(g.hem, [])  # fmt: skip
    for at, high in slits:
        wide = 0.009 if g.hem in ("side-slit", "vented", "slit") else 0.018
        canvas.fill([at + [-wide, 0.004], at + [wide, 0.004], at + [0, -high]], _shade(COLOURS[g.colour], 0.35))
        canvas.line([at + [0, -high], at + [0, 0.004]], dark, 0.004)
    if g.hem == "tied":
        for sign in (-1, 1):
            canvas.fill([middle, middle + [sign * 0.032, -0.012], middle + [sign * 0.03, 0.03]], own)
        canvas.disc(middle, 0.01, dark)
    elif g.hem == "high-low":
        canvas.line(_curve([a, middle + [0, -0.08], b]), dark, 0.005)


def _draw_trim(canvas, g: Garment, c: dict, dark, accent, light) -> None:
    if g.trim == "none":
        return
    rim = c["rim"]
    hems = [_strip(p, w)[[len(p) - 1, len(p)]] for p, w in c["legs"].values()] or [np.array([c[6], c[7]])]
    if g.trim in ("contrast", "tipped", "piping", "leather", "mesh"):
        colour = _shade((58, 40, 34), light) if g.trim == "leather" else dark if g.trim == "mesh" else accent
        width = {"contrast": 0.014, "tipped": 0.009, "piping": 0.005, "leather": 0.016, "mesh": 0.018}[g.trim]
        if g.clothes_type != 2:
            canvas.line(rim, colour, width)
        for pair in hems:
            canvas.line(pair - [0, 0.006], colour, width)
    elif g.trim == "bow":
        at = rim.mean(0) + [0, 0.02] if g.clothes_type != 2 else (c[4] + c[5]) / 2
        for sign in (-1, 1):
            canvas.fill([at, at + [sign * 0.034, -0.017], at + [sign * 0.034, 0.017]], accent)
        canvas.disc(at, 0.008, _shade(accent, 0.8))
    elif g.trim == "bead":
        for a, b in zip(rim[:-1], rim[1:], strict=True):
            _edge_figures(canvas, np.array([a, b]), "bead", (236, 226, 190))
    else:
        for pair in hems:
            _edge_figures(canvas, pair, g.trim, accent)
        if g.trim in ("lace", "ruffle", "crochet", "fringe") and g.clothes_type != 2:
            y = 0.29
            half = 0.8 * abs(c[5][0])
            _edge_figures(canvas, np.array([[-half, y], [half, y]]), g.trim, accent)


def _draw_collar(canvas, g: Garment, c: dict, dark, accent, back: bool, light: float, tile, x: float) -> None:
    if g.clothes_type == 2:
        return
    left, right = c[0], c[1]
    own = _shade(COLOURS[g.colour], 0.78 * light)
    if g.neckline in ("turtle", "mock"):
        high = 0.026 if g.neckline == "turtle" else 0.012
        canvas.fill([left - [0, high], right - [0, high], right + [0.006, 0.012], left + [-0.006, 0.012]], own)
        canvas.line([left + [0, 0.004], right + [0, 0.004]], dark, 0.003)
    name = g.collar
    if name == "hood":
        if back:
            canvas.fill(_smooth([left + [-0.03, 0], right + [0.03, 0], [x + 0.03, 0.29], [x - 0.03, 0.29]]), own)
        else:
            rolled = [
                left + [-0.022, -0.045],
                left + [-0.026, 0.01],
                [x, 0.238],
                right + [0.026, 0.01],
                right + [0.022, -0.045],
            ]
            canvas.fill(_strip(_curve(rolled), np.full(9, 0.017)), own)
            for sign in (-1, 1):
                canvas.line([[x + sign * 0.014, 0.225], [x + sign * 0.016, 0.29]], (240, 238, 232), 0.005)
    elif name == "none":
        if g.neckline not in (
            "strapless",
            "sweetheart",
            "off-shoulder",
            "turtle",
            "mock",
            "surplice",
        ) and g.closure not in ("open", "wrap"):
            canvas.line(c["rim"], dark, 0.006)
    elif back:
        canvas.fill([left - [0, 0.012], right - [0, 0.012], right + [0.008, 0.014], left + [-0.008, 0.014]], own)
    elif name == "bow":
        at = np.array([x, c["rim"][:, 1].max() + 0.005])
        for sign in (-1, 1):
            canvas.fill([at, at + [sign * 0.04, -0.018], at + [sign * 0.038, 0.02]], own)
            canvas.line([at, at + [sign * 0.014, 0.08]], own, 0.013)
        canvas.line(c["rim"], dark, 0.006)
    elif name == "stand":
        canvas.fill([left - [0, 0.02], [x - 0.006, left[1] + 0.01], [x + 0.006, left[1] + 0.01], right - [0, 0.02], right + [0.006, 0.014], [x, left[1] + 0.034],
                     left + [-0.006, 0.014]], own)  # fmt: skip
    else:
        reach, wide = {"shirt": (0.046, 0.026), "polo": (0.04, 0.026), "peter-pan": (0.038, 0.04), "notched": (0.12, 0.036), "shawl": (0.15, 0.03),
                       "fur": (0.12, 0.045)}[name]  # fmt: skip
        colour = (246, 243, 238) if name == "peter-pan" else _shade((150, 116, 84), light) if name == "fur" else own
        for point, sign in ((left, -1), (right, 1)):
            tip = np.array([x + sign * 0.008, point[1] + reach])
            outer = np.array([point[0] + sign * wide, point[1] + 0.5 * reach])
            if name in ("peter-pan", "shawl", "fur"):
                shape = _smooth(
                    [point - [0, 0.014], outer, tip + [sign * 0.016, 0.0], [x + sign * 0.006, point[1] + 0.3 * reach]]
                )
            elif name == "notched":
                shape = np.array(
                    [point - [0, 0.014], outer - [0, 0.012], outer - [sign * 0.016, 0.004], outer + [0, 0.006], tip]
                )
            else:
                shape = np.array([point - [0, 0.014], outer, tip + [sign * 0.016, 0.0]])
            canvas.fill(shape, colour)
            canvas.line([*shape, shape[0]], dark, 0.003)
            if name == "fur":
                for k in range(8):
                    p = shape[k * len(shape) // 8]
                    canvas.disc(p, 0.009, _shade(colour, 0.8 + 0.05 * (k % 4)))
        if name == "polo":
            canvas.line([[x, left[1] + 0.02], [x, left[1] + 0.09]], dark, 0.004)
            for k in range(2):
                canvas.disc([x, left[1] + 0.045 + 0.025 * k], 0.004, accent)


# ---- grounds, things, camera ----------------------------------------------------------------------------------------


@lru_cache(maxsize=24)
def _texture(number: int) -> np.ndarray:
    """A cluttered ground (320, 320, 3) uint8, one of a fixed pool: rooms, streets, foliage; never written to."""
    rng = np.random.default_rng([number, 99])
    kind = number % 4
    out = np.empty((320, 320, 3), np.float32)
    if kind == 3:  # foliage
        base = np.float32([(70, 110, 60), (100, 120, 70), (60, 90, 70)][rng.integers(3)])
        n = sum(
            w * cv2.GaussianBlur(rng.normal(size=(320, 320)).astype(np.float32), (0, 0), s) * s
            for s, w in ((2, 0.9), (5, 1.0), (14, 1.2))
        )
        out[:] = base
        out *= (1 + 0.28 * n)[..., None]
    else:
        # Rooms and streets are rather grey: a colour is mixed with its own brightness.
        wall, floor = (0.3 * c + 0.7 * c.mean() for c in (rng.uniform(90, 245, 3), rng.uniform(50, 200, 3)))
        out[:] = wall
        edge = int(rng.uniform(0.6, 0.9) * 320)
        out[edge:] = floor
        if kind == 0:  # bricks or tiles
            step = int(rng.integers(14, 30))
            out[:edge:step] *= 0.82
            for row in range(0, edge, step):
                out[row : row + step, (row // step % 2) * step :: 2 * step] *= 0.82
        for _ in range(int(rng.integers(4, 12))):
            raw = rng.uniform(20, 240, 3)
            colour = [float(v) for v in 0.45 * raw + 0.55 * raw.mean()]
            x, y, w, h = rng.integers(0, 320), rng.integers(0, 320), rng.integers(12, 110), rng.integers(20, 160)
            if kind == 1 or rng.random() < 0.7:
                cv2.rectangle(out, (int(x), int(y)), (int(x + w), int(y + h)), colour, -1 if rng.random() < 0.7 else 4)
            else:
                cv2.circle(out, (int(x), int(y)), int(w // 2), colour, -1, cv2.LINE_AA)
        if kind == 2:  # a street: lines towards a point
            cx = int(rng.integers(80, 240))
            for x in range(-320, 640, 60):
                cv2.line(out, (cx, edge - 40), (x, 320), [float(v) for v in floor * 0.8], 2, cv2.LINE_AA)
        light = cv2.resize(rng.normal(size=(4, 4)).astype(np.float32), (320, 320), interpolation=cv2.INTER_CUBIC)
        out *= (1 + 0.12 * light)[..., None]
        out = cv2.GaussianBlur(out, (0, 0), rng.uniform(0.7, 2.5))
    out += 4 * rng.normal(size=out.shape)
    return np.clip(out, 0, 255).astype(np.uint8)


def _ground(rng, height: int, width: int, consumer: bool) -> np.ndarray:
    if not consumer:
        ground = np.empty((height, width, 3), np.uint8)
        colour = np.array(GROUND[rng.integers(len(GROUND))], float)
        ramp = np.linspace(1.0, rng.uniform(0.9, 1.0), height)[:, None, None]
        ground[:] = np.clip(colour * ramp, 0, 255)
        return ground
    texture = _texture(int(rng.integers(24)))
    size = rng.uniform(0.6, 1.0)
    w = int(320 * size * min(1.0, width / height))
    h = int(320 * size)
    x, y = rng.integers(0, 321 - w), rng.integers(0, 321 - h)
    ground = cv2.resize(texture[y : y + h, x : x + w], (width, height), interpolation=cv2.INTER_LINEAR)
    if rng.random() < 0.5:
        ground = np.ascontiguousarray(ground[:, ::-1])
    return cv2.convertScaleAbs(ground, alpha=rng.uniform(0.75, 1.15))


def _draw_occluders(canvas: Canvas, body: dict, skin, rng) -> None:
    if rng.random() < 0.3:
        colour = [float(v) for v in rng.integers(20, 230, 3)]
        at = body[("left wrist", "right wrist")[rng.integers(2)]] + [0, 0.02]
        w, h = rng.uniform(0.035, 0.07), rng.uniform(0.06, 0.11)
        canvas.line(_curve([at + [-0.6 * w, 0], at + [0, -0.05], at + [0.6 * w, 0]]), _shade(colour, 0.7), 0.008)
        bag = at + np.array([[-w, 0], [w, 0], [w * 1.1, h], [-w * 1.1, h]])
        canvas.fill(bag, _shade(colour, 0.85), "top")
        canvas.fill((bag - bag.mean(0)) * 0.8 + bag.mean(0), colour)
    if rng.random() < 0.25:  # a phone before the face or the chest, with its hand
        at = body["head"] + [rng.uniform(-0.05, 0.05), rng.uniform(0.02, 0.18)]
        canvas.fill(
            at + np.array([[-0.024, -0.045], [0.024, -0.045], [0.024, 0.045], [-0.024, 0.045]]), (26, 26, 30), "top"
        )
        canvas.disc(at + [0.0, 0.035], 0.02, skin, "top")
    if rng.random() < 0.08:  # somebody else's arm
        sign = -1 if rng.random() < 0.5 else 1
        canvas.limb(
            [[sign * 0.3, rng.uniform(0.2, 0.5)], [sign * 0.16, 0.4], [sign * 0.05, rng.uniform(0.25, 0.5)]],
            [0.03, 0.025, 0.02],
            skin,
            "top",
        )


def _camera(image: np.ndarray, rng) -> np.ndarray:
    """Colour cast, blur and noise of a phone's picture."""
    if rng.random() < 0.5:
        image = cv2.GaussianBlur(image, (0, 0), rng.uniform(0.3, 1.1))
    cast = (rng.uniform(0.86, 1.1, 3) * rng.uniform(0.75, 1.15)).astype(np.float32)
    strength = rng.uniform(1, 7)
    noise = _grain(int(rng.integers(4)))[: image.shape[0], : image.shape[1], None]
    return np.clip(image * cast + strength * noise, 0, 255).astype(np.uint8)


@lru_cache(maxsize=4)
def _grain(number: int) -> np.ndarray:
    return np.random.default_rng([number, 55]).normal(size=(1024, 1024)).astype(np.float32)


# ---- a picture ------------------------------------------------------------------------------------------------------


def render(
    g: Garment, rng: np.random.Generator, px: int, view: str = "front", consumer: bool = False, room=(0.03, 0.12)
):
    """One picture of a garment, `px` pixels high; a pure function of its arguments.

    view: "front", "side", "back", "zoom-in" or "zoom-out". A seventh of the shop's pictures show the garment without a
    person. room: the least and most that the box leaves around the cloth on each side, as a share of its size.
    Returns (H, W, 3) uint8 RGB and labels: zoom, the garment's size in the frame (above 1: larger than it); box (4,) pixels, landmarks (8, 2) and visibility (8,) (nan and -1 for slots
    that the clothes type lacks), joints (14, 2) and joint_visibility (14,), the person's own left and right.
    """
    back, side = view == "back", view == "side"
    height, width = px, int(px * rng.uniform(0.62, 0.8))
    hanger = not consumer and view in ("front", "zoom-out") and rng.random() < 0.2
    body = make_hanger(g) if hanger else make_body(rng, g.wearer, side)
    c = control_points(g, body)
    light = rng.uniform(0.9, 1.12)
    skin = _shade(SKIN[rng.integers(len(SKIN))], min(light, 1.02))
    hair = HAIR[rng.integers(len(HAIR))]

    spread = np.concatenate([c["outline"], [c[j] for j in SLOTS[g.clothes_type]]])
    low, high = spread.min(0), spread.max(0)
    if view == "zoom-in":
        factor, centre = rng.uniform(1.0, 1.4), (low + high) / 2 + rng.uniform(-0.12, 0.12, 2) * (high - low)
    elif view == "zoom-out":
        factor, centre = rng.uniform(0.42, 0.55), (low + high) / 2
    else:
        factor, centre = rng.uniform(0.58, 0.86), (low + high) / 2 + rng.uniform(-0.06, 0.06, 2) * (high - low)
    scale = min(factor * min(height / (high[1] - low[1]), width / (high[0] - low[0])), 3.2 * px)
    tilt = rng.normal(0, 0.1) if consumer else rng.normal(0, 0.015)
    turn = np.array([[np.cos(tilt), -np.sin(tilt)], [np.sin(tilt), np.cos(tilt)]])
    shift = np.array([width / 2, height / 2]) - scale * turn @ centre
    canvas = Canvas(_ground(rng, height, width, consumer), scale, shift, tilt)

    long_hair = g.wearer == "women" and rng.random() < 0.65
    if hanger:
        shadow = c["outline"] + [0.012, 0.012]
        canvas.fill(_smooth(shadow, rounds=1), _shade(canvas.image[0, 0], 0.93))
        if g.clothes_type != 2:
            canvas.line([[-0.05, 0.2], [0, 0.155], [0.05, 0.2]], (150, 120, 90), 0.008)
    else:
        if long_hair and not back:
            canvas.fill(
                _smooth(body["head"] + np.array([[-0.055, -0.03], [0.055, -0.03], [0.07, 0.15], [-0.07, 0.15]])),
                _shade(hair, 0.85),
            )
        _draw_body(canvas, body, skin, g, rng, light)
    _draw_garment(canvas, g, body, c, light, back, skin, rng, hanger)
    if not hanger:
        _draw_head(canvas, body, skin, hair, back, long_hair, rng)
    if consumer:
        _draw_occluders(canvas, body, skin, rng)
    image = _camera(canvas.image, rng) if consumer else canvas.image

    landmarks = np.full((8, 2), np.nan)
    visibility = np.full(8, -1, np.int8)
    for j in SLOTS[g.clothes_type]:
        landmarks[j] = canvas.pixels(c[j])
        x, y = np.floor(landmarks[j]).astype(int)
        if not (0 <= x < width and 0 <= y < height):
            visibility[j] = 2
        else:
            hidden = canvas.top if j in (2, 3) else canvas.over  # a sleeve does not hide its own end
            visibility[j] = int(hidden[y, x] > 127)
    if back:  # the garment's left is at the picture's right
        landmarks, visibility = landmarks[_SWAPPED], visibility[_SWAPPED]
    box = _box(canvas, landmarks[visibility == 0], rng, room)
    joints, joint_visibility = _joints(canvas, body, back, hanger)
    return image, {
        "box": box,
        "landmarks": landmarks,
        "visibility": visibility,
        "joints": joints,
        "joint_visibility": joint_visibility,
        "zoom": factor,
    }


def _box(canvas: Canvas, seen: np.ndarray, rng, room) -> np.ndarray:
    """The cloth in the picture and some room around it, as annotators leave it; it holds every visible landmark."""
    x, y, w, h = cv2.boundingRect(canvas.cloth)
    corners = np.array([x, y, x + max(w, 2), y + max(h, 2)], float)
    if len(seen):
        corners = np.concatenate([np.minimum(corners[:2], seen.min(0)), np.maximum(corners[2:], seen.max(0))])
    side = np.tile(corners[2:] - corners[:2], 2)
    corners += np.array([-1, -1, 1, 1]) * rng.uniform(*room, 4) * side
    limits = (canvas.width, canvas.height) * 2
    return np.clip(np.concatenate([np.floor(corners[:2]), np.ceil(corners[2:])]), 0, limits).astype(np.int64)


def _joints(canvas: Canvas, body: dict, back: bool, hanger: bool) -> tuple[np.ndarray, np.ndarray]:
    """The person's own left is the picture's right, unless seen from behind; code 2 throughout without a person."""
    own = {"left": "left", "right": "right"} if back else {"left": "right", "right": "left"}
    points, codes = np.empty((14, 2)), np.zeros(14, np.int8)
    for i, name in enumerate(JOINTS):
        first, _, rest = name.partition(" ")
        points[i] = canvas.pixels(body[f"{own[first]} {rest}" if rest else name])
        if hanger or not (0 <= points[i][0] < canvas.width and 0 <= points[i][1] < canvas.height):
            codes[i] = 2
    return points, codes
