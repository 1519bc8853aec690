"""The synthetic clothes world: garments worn by bodies, drawn with OpenCV, written in DeepFashion's official layout.

An item fixes the garment (lib/garment.py); a view draws body, pose, camera, ground and light. One image is a pure
function of (seed, item, view), so any number of workers writes the same bytes. Landmarks are the garment's own control
points; a landmark is occluded when something was drawn over it later, and cut off when it lies outside the frame.

World coordinates: x to the picture's right, y down, 1 the height of a body, the head's top at y = 0, the body's middle
at x = 0. Garment sides follow the garment: its left is the picture's left in a front view, and the right in a back view.
"""

import json
import os
import shutil
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict
from multiprocessing import get_context
from pathlib import Path

import cv2
import numpy as np
from tqdm import tqdm

from lib.config import World
from lib.data import FOLDERS, JOINTS, SLOTS, DataError
from lib.garment import (
    ATTRIBUTE_GROUPS,
    ATTRIBUTE_NAMES,
    CATEGORIES,
    CATEGORY_NAMES,
    COLOURS,
    Garment,
    attributes,
    sample,
)

VERSION = 1  # raise it when the same (seed, item, view) would look different
SKIN = ((244, 214, 190), (226, 184, 150), (198, 146, 108), (156, 104, 74), (110, 72, 50), (74, 48, 36))
HAIR = ((36, 28, 24), (70, 46, 30), (122, 84, 48), (196, 160, 96), (150, 60, 36), (120, 118, 116))
GROUND = ((250, 250, 250), (236, 236, 238), (224, 220, 214), (208, 214, 220))
POSE_CODES = {"front": 1, "side": 2, "back": 3, "zoom-out": 4, "zoom-in": 5}
INSHOP_VIEWS = ("front", "side", "back", "zoom-out", "zoom-in")
ATTRIBUTE_TYPES = {1: "texture", 2: "fabric", 3: "shape", 4: "part", 5: "style"}


# ---- bodies ---------------------------------------------------------------------------------------------------------


def _body(rng: np.random.Generator, side: bool) -> dict[str, np.ndarray]:
    """Joints (x, y) in world coordinates by name, left and right the picture's; and the half widths of the body."""
    build = rng.uniform(0.85, 1.2)
    squeeze = 0.55 if side else 1.0
    shoulder, hip = 0.105 * build * squeeze, 0.062 * build * squeeze
    lean = rng.normal(0, 0.012)
    joints = {"head": np.array([lean * 1.5, 0.07]), "neck": np.array([lean, 0.17])}
    for name, sign in (("left", -1), ("right", 1)):
        down, bend = rng.uniform(0.05, 0.55), rng.uniform(-0.25, 0.5)
        if rng.random() < 0.2:  # a hand on the hip
            down, bend = rng.uniform(0.5, 0.8), -rng.uniform(1.2, 1.7)
        if side:
            down, bend = down * 0.6, bend * 0.6
        joints[f"{name} shoulder"] = np.array([lean + sign * shoulder, 0.195])
        joints[f"{name} elbow"] = joints[f"{name} shoulder"] + 0.155 * np.array([sign * np.sin(down), np.cos(down)])
        joints[f"{name} wrist"] = joints[f"{name} elbow"] + 0.14 * np.array(
            [sign * np.sin(down + bend), np.cos(down + bend)]
        )
        spread = rng.uniform(0.0, 0.14) * squeeze
        joints[f"{name} hip"] = np.array([sign * hip, 0.5])
        joints[f"{name} knee"] = joints[f"{name} hip"] + 0.235 * np.array([sign * np.sin(spread), np.cos(spread)])
        spread += rng.uniform(-0.08, 0.06) * squeeze
        joints[f"{name} ankle"] = joints[f"{name} knee"] + 0.225 * np.array([sign * np.sin(spread), np.cos(spread)])
    joints["widths"] = np.array([shoulder, 0.068 * build * squeeze, 0.088 * build * squeeze])  # shoulder, waist, hip
    return joints


# ---- cloth ----------------------------------------------------------------------------------------------------------


def _shade(colour, factor: float) -> np.ndarray:
    return np.clip(np.array(colour, float) * factor, 0, 255)


def _tile(g: Garment) -> np.ndarray:
    """The cloth's pattern as a (64, 64, 3) uint8 tile that repeats."""
    base, accent = np.array(COLOURS[g.colour], float), COLOURS[g.accent]
    rng = np.random.default_rng(g.pattern_seed)
    tile = np.empty((64, 64, 3), np.uint8)
    tile[:] = base
    if g.pattern == "striped":
        for y in range(0, 64, 32):
            tile[y : y + 14] = accent
    elif g.pattern == "pinstripe":
        tile[:, ::16] = accent
        tile[:, 1::16] = accent
    elif g.pattern == "plaid":
        blend = (0.5 * base + 0.5 * np.array(accent)).astype(np.uint8)
        tile[:, 8:24] = blend
        tile[8:24] = blend
        tile[8:24, 8:24] = accent
        tile[46:49] = accent
        tile[:, 46:49] = accent
    elif g.pattern == "dotted":
        for x, y in ((16, 16), (48, 48)):
            cv2.circle(tile, (x, y), 8, accent, -1, cv2.LINE_AA)
    elif g.pattern in ("floral", "leopard"):
        for _ in range(7):
            x, y = rng.integers(0, 64, 2)
            second = COLOURS[list(COLOURS)[rng.integers(len(COLOURS))]] if g.pattern == "floral" else (40, 28, 20)
            for dx in (-64, 0, 64):
                for dy in (-64, 0, 64):
                    if g.pattern == "floral":
                        for petal in range(5):
                            angle = petal * 2 * np.pi / 5
                            at = (int(x + dx + 6 * np.cos(angle)), int(y + dy + 6 * np.sin(angle)))
                            cv2.circle(tile, at, 5, second, -1, cv2.LINE_AA)
                        cv2.circle(tile, (int(x + dx), int(y + dy)), 3, accent, -1, cv2.LINE_AA)
                    else:
                        cv2.ellipse(tile, (int(x + dx), int(y + dy)), (7, 5), 0, 20, 320, second, 3, cv2.LINE_AA)
    elif g.pattern == "chevron":
        xs, ys = np.meshgrid(np.arange(64), np.arange(64))
        tile[((ys + np.abs(xs % 32 - 16)) % 32) < 14] = accent
    if g.fabric in ("denim", "knit", "fur", "leather", "lace"):
        grain = np.zeros((64, 64), float)
        if g.fabric == "denim":
            xs, ys = np.meshgrid(np.arange(64), np.arange(64))
            grain = 12 * ((xs + ys) % 4 < 2) + rng.normal(0, 9, (64, 64))
        elif g.fabric == "knit":
            grain = 26 * (np.abs((np.arange(64) % 8) - 3.5)[None] < 1.6) + 10 * (np.arange(64) % 6 < 2)[:, None]
        elif g.fabric == "fur":
            grain = cv2.blur(rng.normal(0, 90, (64, 64)), (1, 5), borderType=cv2.BORDER_REFLECT)
        elif g.fabric == "lace":
            xs, ys = np.meshgrid(np.arange(64), np.arange(64))
            grain = 60 * (np.hypot(xs % 16 - 8, ys % 16 - 8) < 4.5)
        tile = np.clip(tile.astype(float) + (grain if g.fabric != "lace" else -grain)[..., None], 0, 255).astype(
            np.uint8
        )
    return tile


class _Canvas:
    """An image being drawn: world coordinates in, uint8 RGB out. Masks: cloth, the garment; over, what was drawn over its
    torso and legs (arms, sleeves, hair, things); top, what was drawn over its sleeves too (hair, things)."""

    def __init__(self, ground: np.ndarray, scale: float, shift: np.ndarray, tilt: float):
        self.image = ground
        self.height, self.width = ground.shape[:2]
        cos, sin = np.cos(tilt), np.sin(tilt)
        self.matrix = scale * np.array([[cos, -sin], [sin, cos]])
        self.shift = shift
        self.scale = scale
        self.over = np.zeros((self.height, self.width), np.uint8)
        self.top = np.zeros((self.height, self.width), np.uint8)
        self.cloth = np.zeros((self.height, self.width), np.uint8)

    def pixels(self, points) -> np.ndarray:
        return np.asarray(points, float) @ self.matrix.T + self.shift

    def mask(self, polygon) -> np.ndarray:
        out = np.zeros((self.height, self.width), np.uint8)
        points = np.clip(self.pixels(polygon), -4 * self.width, 5 * self.width)
        cv2.fillPoly(out, [np.round(points * 16).astype(np.int32)], 255, cv2.LINE_AA, 4)
        return out

    def blend(self, mask: np.ndarray, what: np.ndarray) -> None:
        alpha = mask.astype(np.float32) / 255
        self.image = cv2.blendLinear(what, self.image, alpha, 1 - alpha)

    def fill(self, polygon, colour, covers: bool = False) -> None:
        mask = self.mask(polygon)
        what = np.empty_like(self.image)
        what[:] = np.clip(colour, 0, 255)
        self.blend(mask, what)
        if covers:
            self.over |= mask

    def limb(self, points, widths, colour, covers: bool = False) -> None:
        self.fill(_strip(points, widths), colour, covers)
        for point, width in ((points[0], widths[0]), (points[-1], widths[-1])):
            self.disc(point, width, colour, covers)

    def disc(self, centre, radius, colour, covers: bool = False) -> None:
        angles = np.linspace(0, 2 * np.pi, 16, endpoint=False)
        self.fill(np.asarray(centre) + radius * np.stack([np.cos(angles), np.sin(angles)], 1), colour, covers)

    def line(self, points, colour, width: float) -> None:
        points = np.round(self.pixels(points) * 16).astype(np.int32)
        thick = max(1, round(width * self.scale))
        cv2.polylines(self.image, [points], False, [float(c) for c in colour], thick, cv2.LINE_AA, 4)

    def cloth_part(self, polygon, g: Garment, tile: np.ndarray, angle: float, light: float, covers: bool) -> None:
        """A piece of the garment: its pattern, turned by `angle` (radians), shaded towards its edges and in folds."""
        mask = self.mask(polygon)
        middle = self.pixels(np.mean(polygon, axis=0))
        zoom = g.scale * self.scale / 900
        turn = angle + np.arctan2(self.matrix[1, 0], self.matrix[0, 0])
        cos, sin = zoom * np.cos(turn), zoom * np.sin(turn)
        matrix = np.array([[cos, -sin, middle[0]], [sin, cos, middle[1]]])
        size = (self.width, self.height)
        what = cv2.warpAffine(tile, matrix, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_WRAP)
        x, y, w, h = cv2.boundingRect(mask)
        if w == 0:
            return
        inside = mask[y : y + h, x : x + w]
        edge = cv2.GaussianBlur(inside, (0, 0), max(1.0, 0.022 * self.scale), borderType=cv2.BORDER_CONSTANT)
        across = np.arange(w, dtype=np.float32) / max(self.scale, 1)
        folds = 1 + 0.06 * np.sin(across * (55 + g.pattern_seed % 30) + g.pattern_seed % 7)
        gloss = 0.5 if g.fabric in ("leather", "satin") else 0.3
        shade = (1 - gloss + gloss * edge.astype(np.float32) / 255) * folds * light
        if g.fabric in ("leather", "satin"):
            shade = shade + 0.25 * np.exp(-(((across - across.mean()) / 0.03) ** 2))
        part = what[y : y + h, x : x + w].astype(np.float32) * shade[..., None]
        what[y : y + h, x : x + w] = np.clip(part, 0, 255).astype(np.uint8)
        see_through = 0.78 if g.fabric == "chiffon" else 0.88 if g.fabric == "lace" else 1.0
        self.blend((mask * see_through).astype(np.uint8), what)
        if covers:
            self.over |= mask
        self.cloth |= mask


def _strip(points, widths) -> np.ndarray:
    """The outline of a bent strip through `points` (k, 2) with half widths (k,)."""
    points, widths = np.asarray(points, float), np.asarray(widths, float)
    along = np.gradient(points, axis=0)
    normal = np.stack([-along[:, 1], along[:, 0]], 1)
    normal /= np.linalg.norm(normal, axis=1, keepdims=True) + 1e-9
    return np.concatenate([points + normal * widths[:, None], (points - normal * widths[:, None])[::-1]])


def _along(points, share: float) -> np.ndarray:
    """The part of a polyline from its start to `share` of its length, as points (at least two)."""
    points = np.asarray(points, float)
    steps = np.linalg.norm(np.diff(points, axis=0), axis=1)
    left, out = share * steps.sum(), [points[0]]
    for a, b, step in zip(points, points[1:], steps, strict=False):
        out.append(a + (b - a) * min(1, left / step))
        left -= step
        if left <= 0:
            break
    return np.array(out)


# ---- a picture ------------------------------------------------------------------------------------------------------

_LEVELS = ((0, 0.36), (1, 0.50), (2, 0.73), (3, 0.955))  # Garment.length -> y of the hem


def _hem_y(length: float) -> float:
    return float(np.interp(length, *zip(*_LEVELS, strict=True)))


def render(g: Garment, rng: np.random.Generator, px: int, view: str = "front", consumer: bool = False):
    """One picture of a garment.

    Returns (H, W, 3) uint8 RGB and labels: box (4,) pixels, landmarks (8, 2) and visibility (8,) (nan and -1 for slots
    that the clothes type lacks), joints (14, 2) and joint_visibility (14,), the person's own left and right.
    """
    back, side = view == "back", view == "side"
    height, width = px, int(px * rng.uniform(0.62, 0.8))
    body = _body(rng, side)
    control = _control_points(g, body)
    light = rng.uniform(0.85, 1.1)
    skin = np.array(SKIN[rng.integers(len(SKIN))]) * light
    hair = np.array(HAIR[rng.integers(len(HAIR))])

    spread = np.concatenate([control["outline"], [control[j] for j in SLOTS[g.clothes_type]]])
    low, high = spread.min(0), spread.max(0)
    if view == "zoom-in":
        factor, centre = rng.uniform(1.0, 1.4), (low + high) / 2 + rng.uniform(-0.12, 0.12, 2) * (high - low)
    elif view == "zoom-out":
        factor, centre = rng.uniform(0.42, 0.55), (low + high) / 2
    else:
        factor, centre = rng.uniform(0.6, 0.88), (low + high) / 2 + rng.uniform(-0.05, 0.05, 2) * (high - low)
    scale = factor * min(height / (high[1] - low[1]), width / (high[0] - low[0]))
    scale = min(scale, 3.2 * px)
    tilt = rng.normal(0, 0.12) if consumer else rng.normal(0, 0.015)
    middle = np.array([width / 2, height / 2])
    turn = np.array([[np.cos(tilt), -np.sin(tilt)], [np.sin(tilt), np.cos(tilt)]])
    canvas = _Canvas(_ground(rng, height, width, consumer), scale, middle - scale * turn @ centre, tilt)

    long_hair = rng.random() < 0.45
    _draw_body(canvas, body, skin, hair, long_hair and not back, g, rng)
    tile = _tile(g)
    _draw_garment(canvas, g, body, control, tile, light, back, skin, rng)
    _draw_head(canvas, body, skin, hair, back, long_hair, rng)
    if consumer:
        _draw_occluders(canvas, body, skin, rng)
    image = _camera(canvas.image, rng) if consumer else canvas.image

    landmarks = np.full((8, 2), np.nan)
    visibility = np.full(8, -1, np.int8)
    for j in SLOTS[g.clothes_type]:
        landmarks[j] = canvas.pixels(control[j])
        x, y = np.floor(landmarks[j]).astype(int)
        if not (0 <= x < width and 0 <= y < height):
            visibility[j] = 2
        else:
            hidden = canvas.top if j in (2, 3) else canvas.over  # a sleeve does not hide its own end
            visibility[j] = int(hidden[y, x] > 127)
    if back:  # the garment's left is at the picture's right
        landmarks, visibility = landmarks[[1, 0, 3, 2, 5, 4, 7, 6]], visibility[[1, 0, 3, 2, 5, 4, 7, 6]]
    x, y, w, h = cv2.boundingRect((canvas.cloth > 127).astype(np.uint8))
    box = np.array([x, y, x + max(w, 2), y + max(h, 2)], np.int64)
    # Half a cloth's edge may lie a pixel outside what was drawn: boxes hold every visible landmark.
    seen = landmarks[visibility == 0]
    if len(seen):
        box[:2] = np.minimum(box[:2], np.floor(seen.min(0)))
        box[2:] = np.maximum(box[2:], np.ceil(seen.max(0)))
    joints, joint_visibility = _joints(canvas, body, back)
    return image, {
        "box": np.clip(box, 0, (width, height, width, height)), "landmarks": landmarks, "visibility": visibility,
        "joints": joints, "joint_visibility": joint_visibility,
    }  # fmt: skip


def _control_points(g: Garment, body: dict) -> dict:
    """The garment's geometry: landmarks 0 to 7, torso outline, arms, legs, all in world coordinates."""
    shoulder, waist, hip = body["widths"]
    middle = body["neck"][0]
    loose = 1 + g.fit
    out: dict = {}
    hem_y = _hem_y(g.length)
    waist_y = 0.385
    taken = waist * (1.25 + 1.4 * g.fit - 0.3 * g.waist * (1 - min(g.fit, 1)))
    neck_half = {"boat": 0.075, "turtleneck": 0.034, "strapless": 0.09, "halter": 0.03}.get(g.neckline, 0.045)
    neck_half = min(neck_half, 0.8 * shoulder)
    neck_y = 0.165 if g.neckline == "turtleneck" else 0.185
    if g.straps or g.neckline == "strapless":
        neck_y = 0.225
    out[0], out[1] = np.array([middle - neck_half, neck_y]), np.array([middle + neck_half, neck_y])

    arms = {}
    for sign, name, j in ((-1, "left", 2), (1, "right", 3)):
        line = [body[f"{name} shoulder"] + [-sign * 0.012, 0.012], body[f"{name} elbow"], body[f"{name} wrist"]]
        arms[name] = _along(line, g.sleeve) if g.sleeve > 0.02 else None
        out[j] = arms[name][-1] if arms[name] is not None else body[f"{name} shoulder"] + [0, 0.045]
    out["arms"] = arms

    if g.clothes_type == 2:
        waist_y = 0.43
        taken = waist * 1.22
    out[4], out[5] = np.array([-taken, waist_y]), np.array([taken, waist_y])
    hip_half = hip * loose * 1.05
    if g.shape in ("legs", "jumpsuit"):
        legs = {}
        for sign, name, j in ((-1, "left", 6), (1, "right", 7)):
            line = [body[f"{name} hip"], body[f"{name} knee"], body[f"{name} ankle"]]
            share = (hem_y - 0.5) / (0.955 - 0.5)
            points = _along(line, float(np.clip(share, 0.06, 1)))
            start = 0.052 * loose
            end = max(0.022, start * np.interp(share, [0, 1], [1, 0.62]) + 0.09 * g.flare)
            widths = np.linspace(start, end, len(points))
            legs[name] = (points, widths)
            out[j] = points[-1] + [sign * end, 0]
        out["legs"] = legs
        low = 0.5
        hip_half = max(hip_half, abs(body["right hip"][0]) + 0.05 * loose)
        below = [[hip_half, 0.5], [0.02, 0.53], [-0.02, 0.53], [-hip_half, 0.5]]
    else:
        low = hem_y
        reach = (hem_y - waist_y) / 0.35
        hem_half = max(taken, hip_half) if hem_y > 0.46 else taken * 1.05
        hem_half = hem_half + 0.2 * g.flare * max(reach, 0.3)
        if g.shape == "skirt" or g.shape == "dress":
            hem_half = hem_half * (1 - 0.12 * (g.flare < 0.1))
        drop = 0.07 if g.hem == "asymmetric" else 0.0
        out[6], out[7] = np.array([-hem_half, hem_y - drop]), np.array([hem_half, hem_y])
        hips = [[hip_half + 0.1 * g.flare, 0.5]] if hem_y > 0.53 else []
        below = [*hips, out[7], [0.0, hem_y + 0.012 - drop / 2], out[6], *[[-x, y] for x, y in hips]]
    if g.clothes_type == 2:
        outline = [out[4], out[5], *below]
    else:
        edge = shoulder * (1.03 if g.sleeve > 0.02 else 0.86) * (1 + 0.08 * g.fit)
        arm_y = 0.2 if not g.straps else 0.235
        depth = neck_y + 0.02 + 0.1 * g.neck_depth * (g.neckline not in ("turtleneck", "boat"))
        dip = [[middle, depth]] if g.neckline in ("v-neck", "halter") else (
            [[middle + neck_half * 0.8, depth], [middle - neck_half * 0.8, depth]] if g.neckline in ("square",)
            else [[middle + neck_half * 0.6, depth - 0.012], [middle, depth], [middle - neck_half * 0.6, depth - 0.012]])  # fmt: skip
        chest = max(taken, shoulder * 0.9 * (1 + 0.35 * g.fit))
        outline = [out[0], *dip[::-1], out[1], [middle + edge, arm_y], [chest, 0.29], out[5],
                   *below, out[4], [-chest, 0.29], [middle - edge, arm_y]]  # fmt: skip
    out["outline"] = np.array(outline, float)
    out["low"] = low
    return out


def _draw_body(canvas, body, skin, hair, hair_behind, g, rng) -> None:
    shoulder, waist, hip = body["widths"]
    if hair_behind:
        canvas.fill(body["head"] + np.array([[-0.06, -0.03], [0.06, -0.03], [0.075, 0.17], [-0.075, 0.17]]), hair)
    for name in ("left", "right"):
        canvas.limb([body[f"{name} hip"], body[f"{name} knee"], body[f"{name} ankle"]], [0.045, 0.034, 0.02], skin)
    torso = [[-shoulder, 0.195], [-0.03, 0.17], [0.03, 0.17], [shoulder, 0.195], [shoulder * 0.8, 0.28], [waist, 0.385],
             [hip, 0.5], [0.0, 0.54], [-hip, 0.5], [-waist, 0.385], [-shoulder * 0.8, 0.28]]  # fmt: skip
    canvas.fill(torso, skin)
    canvas.fill([[-0.024, 0.12], [0.024, 0.12], [0.03, 0.2], [-0.03, 0.2]], skin * 0.92)
    other = np.array(COLOURS[list(COLOURS)[rng.integers(len(COLOURS))]]) * 0.9
    if g.clothes_type == 1:  # plain clothes below
        if rng.random() < 0.75:
            share = rng.choice([0.35, 1.0])
            for name in ("left", "right"):
                line = _along([body[f"{name} hip"], body[f"{name} knee"], body[f"{name} ankle"]], share)
                canvas.fill(_strip(line, np.linspace(0.056, 0.034, len(line))), other)
            canvas.fill(
                [[-waist * 1.1, 0.41], [waist * 1.1, 0.41], [hip * 1.1, 0.5], [0, 0.56], [-hip * 1.1, 0.5]], other
            )
        else:
            canvas.fill([[-waist * 1.1, 0.41], [waist * 1.1, 0.41], [hip * 1.4, 0.66], [-hip * 1.4, 0.66]], other)
    if g.clothes_type == 2 or g.closure == "open":  # plain clothes above
        canvas.fill([[-shoulder * 0.9, 0.2], [-0.04, 0.19], [0, 0.22], [0.04, 0.19], [shoulder * 0.9, 0.2], [waist * 1.1, 0.38],
                     [waist * 1.2, 0.46], [-waist * 1.2, 0.46], [-waist * 1.1, 0.38]], other)  # fmt: skip
    for name in ("left", "right"):
        arm = [body[f"{name} shoulder"] + [0, 0.03], body[f"{name} elbow"], body[f"{name} wrist"]]
        if g.clothes_type != 2:  # arms of lower-body pictures are drawn after the garment: they may hang over it
            canvas.limb(arm, [0.026, 0.02, 0.015], skin)


def _draw_garment(canvas, g: Garment, body, control, tile, light, back, skin, rng) -> None:
    """The garment's parts from behind to front, arms and sleeves last."""
    dark = _shade(COLOURS[g.colour], 0.55) * light
    accent = np.array(COLOURS[g.accent]) * light
    if g.shape in ("legs", "jumpsuit"):
        for points, widths in control["legs"].values():
            angle = np.arctan2(*(points[-1] - points[0])[::-1]) - np.pi / 2
            canvas.cloth_part(_strip(points, widths), g, tile, angle, light, covers=False)
    outline = control["outline"]
    canvas.cloth_part(outline, g, tile, 0.0, light, covers=False)
    low = control["low"]
    middle = body["neck"][0]
    waist = abs(control[5][0])

    if g.pattern == "colorblock":
        canvas.fill([[-waist, 0.3], [waist, 0.3], control[5], control[4]], accent)
    if g.pattern == "graphic" and g.clothes_type != 2 and not back:
        canvas.disc([middle, 0.3], 0.035, accent)
        canvas.fill(
            [[middle - 0.03, 0.345], [middle + 0.03, 0.345], [middle + 0.03, 0.36], [middle - 0.03, 0.36]], accent
        )
    if g.pleats and g.shape in ("skirt", "dress"):
        for share in np.linspace(-0.8, 0.8, 7):
            canvas.line([[share * waist, control[4][1]], [share * abs(control[7][0]), low]], dark, 0.004)
    if g.shape in ("legs", "jumpsuit"):
        canvas.line([[0, 0.45], [0, 0.535]], dark, 0.004)
    if g.belt or g.clothes_type == 2:
        band = accent if g.belt else dark
        y = control[4][1]
        canvas.fill([control[4], control[5], control[5] + [0.002, 0.018], control[4] + [-0.002, 0.018]], band)
        if g.belt:
            canvas.disc([0, y + 0.009], 0.011, (214, 190, 110))
    if g.pockets:
        y = 0.47 if g.clothes_type != 3 else 0.46
        if min(low, _hem_y(g.length)) > y + 0.02 or g.shape in ("legs", "jumpsuit"):
            for sign in (-1, 1):
                canvas.line([[sign * 0.03, y], [sign * 0.062, y + 0.03]], dark, 0.006)
    if g.distressed:
        for _ in range(4):
            x, y = rng.uniform(-0.07, 0.07), rng.uniform(control[4][1], max(low, _hem_y(g.length)))
            canvas.line([[x - 0.015, y], [x + 0.015, y]], (225, 225, 222), 0.007)
    if not back:
        end = min(low, 0.9)
        start = outline[2][1] if g.clothes_type != 2 else control[4][1]
        if g.closure in ("buttons", "double-breasted") and g.clothes_type != 2:
            canvas.line([[middle, start], [0, end]], dark, 0.003)
            for y in np.arange(start + 0.02, end - 0.01, 0.045):
                for x in (-0.02, 0.02) if g.closure == "double-breasted" else (0.008,):
                    canvas.disc([x, y], 0.006, accent)
        elif g.closure == "zip":
            canvas.line([[middle, start], [0, end]], (196, 196, 200), 0.007)
        elif g.closure == "open" and g.clothes_type != 2:
            canvas.line([[middle - 0.012, start], [-0.022, end]], dark, 0.006)
            canvas.line([[middle + 0.012, start], [0.022, end]], dark, 0.006)
        elif g.closure == "wrap":
            canvas.line([control[1] if g.clothes_type == 3 else control[5], [-0.03, 0.4], control[6]], dark, 0.005)
    _draw_hem(canvas, g, control, dark, accent)
    if g.straps:
        for j in (0, 1):
            canvas.line([control[j], [control[j][0] * 1.15, 0.185]], _shade(COLOURS[g.colour], 0.8), 0.012)

    # arms and sleeves hang over torso and legs
    for name in ("left", "right"):
        arm = [body[f"{name} shoulder"] + [0, 0.012], body[f"{name} elbow"], body[f"{name} wrist"]]
        if g.clothes_type == 2:
            canvas.limb(arm, [0.026, 0.02, 0.015], skin, covers=True)
        line = control["arms"][name] if g.clothes_type != 2 else None
        if line is None and g.clothes_type != 2 and not g.straps:
            canvas.limb(arm[1:], [0.02, 0.015], skin, covers=True)
        elif line is None and g.clothes_type != 2:
            canvas.limb(arm, [0.024, 0.02, 0.015], skin, covers=True)
        elif line is not None:
            canvas.limb(arm[1:], [0.02, 0.015], skin, covers=True)
            width = 0.031 * (1 + 0.9 * g.fit)
            widths = np.linspace(width * 1.08, width * (0.72 if g.sleeve > 0.8 else 0.95), len(line))
            angle = np.arctan2(*(line[-1] - line[0])[::-1]) - np.pi / 2
            canvas.cloth_part(_strip(line, widths), g, tile, angle, light * 0.94, covers=True)
            if g.cuffs and g.sleeve >= 0.5 or g.hem == "ribbed":
                canvas.line(_strip(line, widths)[[len(line) - 1, len(line)]], dark, 0.014)
    _draw_collar(canvas, g, body, control, dark, accent, back)


def _draw_hem(canvas, g: Garment, control, dark, accent) -> None:
    if g.shape in ("legs", "jumpsuit"):
        ends = [(_strip(p, w)[[len(p) - 1, len(p)]]) for p, w in control["legs"].values()]
    else:
        ends = [np.array([control[6], control[7]])]
    for a, b in ends:
        steps = np.linspace(0, 1, max(3, int(np.linalg.norm(b - a) / 0.012)))[:, None]
        edge = a + (b - a) * steps
        if g.hem == "fringed":
            for point in edge:
                canvas.line([point, point + [0, 0.026]], _shade(COLOURS[g.colour], 0.8), 0.004)
        elif g.hem == "ribbed":
            canvas.line([a - [0, 0.008], b - [0, 0.008]], dark, 0.014)
        elif g.hem == "ruffled":
            wave = edge + np.stack([0 * steps[:, 0], 0.008 * np.sin(np.arange(len(edge)) * 2.2)], 1)
            canvas.line(wave, _shade(COLOURS[g.colour], 0.7), 0.012)
        elif g.hem == "lace-trim":
            for point in edge[::2]:
                canvas.disc(point, 0.008, (244, 240, 234))


def _draw_collar(canvas, g: Garment, body, control, dark, accent, back) -> None:
    if g.clothes_type == 2:
        return
    left, right = control[0], control[1]
    middle = body["neck"][0]
    if g.neckline == "turtleneck":
        canvas.fill([left - [0, 0.03], right - [0, 0.03], right + [0.004, 0.01], left + [-0.004, 0.01]], dark)
    elif g.collar == "hood":
        canvas.fill([left + [-0.03, 0.012], left - [0.01, 0.05], right + [0.01, -0.05], right + [0.03, 0.012], [middle, 0.225]],
                    _shade(COLOURS[g.colour], 0.75))  # fmt: skip
    elif g.collar in ("shirt", "peter-pan", "lapel") and not back:
        reach = 0.1 if g.collar == "lapel" else 0.045
        colour = (245, 242, 236) if g.collar == "peter-pan" else _shade(COLOURS[g.colour], 0.78)
        for point, sign in ((left, -1), (right, 1)):
            tip = [middle + sign * 0.012, point[1] + reach]
            outer = [point[0] + sign * 0.028, point[1] + reach * 0.55]
            canvas.fill([point - [0, 0.012], tip, outer], colour)
            canvas.line([point - [0, 0.012], tip, outer], dark, 0.003)
    elif g.neckline != "strapless" and not g.straps:
        rim = control["outline"]
        n = 3 if g.neckline in ("v-neck", "halter") else 4 if g.neckline == "square" else 5
        canvas.line(rim[:n], dark, 0.007)


def _draw_head(canvas, body, skin, hair, back, long_hair, rng) -> None:
    head = body["head"]
    angles = np.linspace(0, 2 * np.pi, 20, endpoint=False)
    oval = head + np.stack([0.042 * np.cos(angles), 0.06 * np.sin(angles)], 1)
    canvas.fill(oval, hair if back else skin)
    if not back:
        cap = head + np.stack([0.047 * np.cos(angles[10:]), -0.005 + 0.064 * np.sin(angles[10:])], 1)
        canvas.fill(np.concatenate([cap, [head + [0.03, -0.03], head + [-0.03, -0.03]]]), hair)
        for sign in (-1, 1):
            canvas.disc(head + [sign * 0.016, 0.0], 0.0045, (50, 40, 36))
        canvas.line([head + [-0.012, 0.03], head + [0.012, 0.03]], (170, 80, 80), 0.005)
    before = canvas.image
    if long_hair and rng.random() < 0.6:  # a strand over one or both shoulders
        for sign in (-1, 1)[: rng.integers(1, 3)]:
            strand = [
                head + [sign * 0.04, -0.02],
                head + [sign * 0.052, 0.08],
                head + [sign * 0.05, rng.uniform(0.13, 0.22)],
            ]
            mask = canvas.mask(_strip(strand, [0.014, 0.017, 0.008]))
            what = np.empty_like(before)
            what[:] = hair
            canvas.blend(mask, what)
            canvas.over |= mask
            canvas.top |= mask


def _draw_occluders(canvas, body, skin, rng) -> None:
    for kind in ("bag", "phone"):
        if rng.random() > 0.35:
            continue
        colour = rng.integers(20, 230, 3)
        if kind == "bag":
            at = body[("left wrist", "right wrist")[rng.integers(2)]] + [0, 0.02]
            w, h = rng.uniform(0.04, 0.075), rng.uniform(0.06, 0.11)
            shape = at + np.array([[-w, 0], [w, 0], [w * 1.1, h], [-w * 1.1, h]])
        else:
            at = body["head"] + [rng.uniform(-0.05, 0.05), rng.uniform(0.02, 0.2)]
            shape = at + np.array([[-0.024, -0.045], [0.024, -0.045], [0.024, 0.045], [-0.024, 0.045]])
            colour = rng.integers(10, 60, 3)
        mask = canvas.mask(shape)
        what = np.empty_like(canvas.image)
        what[:] = colour
        canvas.blend(mask, what)
        canvas.over |= mask
        canvas.top |= mask


def _ground(rng, height, width, consumer) -> np.ndarray:
    ground = np.empty((height, width, 3), np.uint8)
    if not consumer:
        ground[:] = GROUND[rng.integers(len(GROUND))]
        return ground
    ground[:] = rng.integers(60, 235, 3)
    for _ in range(rng.integers(5, 14)):
        colour = [int(c) for c in rng.integers(20, 240, 3)]
        a, b = rng.integers(0, (width, height)), rng.integers(0, (width, height))
        if rng.random() < 0.7:
            cv2.rectangle(ground, [int(v) for v in a], [int(v) for v in b], colour, -1 if rng.random() < 0.7 else 3)
        else:
            cv2.circle(ground, [int(v) for v in a], int(rng.integers(4, height // 5)), colour, -1, cv2.LINE_AA)
    return cv2.GaussianBlur(ground, (0, 0), rng.uniform(0.8, 3))


def _camera(image, rng) -> np.ndarray:
    """Colour cast, blur and noise of a phone's picture."""
    if rng.random() < 0.5:
        image = cv2.GaussianBlur(image, (0, 0), rng.uniform(0.3, 1.0))
    cast = rng.uniform(0.8, 1.12, 3).astype(np.float32) * np.float32(rng.uniform(0.75, 1.1))
    noise = rng.normal(0, rng.uniform(1, 7), image.shape[:2]).astype(np.float32)[..., None]
    return np.clip(image * cast + noise, 0, 255).astype(np.uint8)


def _joints(canvas, body, back) -> tuple[np.ndarray, np.ndarray]:
    """The person's own left is the picture's right, unless seen from behind."""
    own = {"left": "left", "right": "right"} if back else {"left": "right", "right": "left"}
    points, codes = np.empty((14, 2)), np.zeros(14, np.int8)
    for i, name in enumerate(JOINTS):
        first, _, rest = name.partition(" ")
        points[i] = canvas.pixels(body[f"{own[first]} {rest}" if rest else name])
        if not (0 <= points[i][0] < canvas.width and 0 <= points[i][1] < canvas.height):
            codes[i] = 2
    return points, codes


# ---- the world ------------------------------------------------------------------------------------------------------

_BENCHMARK_CODE = {"category_attribute": 1, "inshop": 2, "consumer2shop": 3}


def item_of(seed: int, benchmark: str, item: int) -> Garment:
    """The garment of an item: a pure function of its three numbers. The first 50 items of a benchmark's split are one of
    each category; after them categories have a long tail."""
    rng = np.random.default_rng([seed, _BENCHMARK_CODE[benchmark], item])
    weights = np.array([entry[2] for entry in CATEGORIES.values()])
    return sample(CATEGORY_NAMES[rng.choice(len(weights), p=weights / weights.sum())], rng)


def picture(seed: int, benchmark: str, item: int, number: int, px: int, view: str, consumer: bool):
    """Image and labels of one view of an item (see `render`): a pure function of its arguments."""
    garment = item_of(seed, benchmark, item)
    rng = np.random.default_rng([seed, _BENCHMARK_CODE[benchmark], item, number + 1])
    image, labels = render(garment, rng, px, view, consumer)
    noise = np.random.default_rng([seed, _BENCHMARK_CODE[benchmark], item, number + 1, 7]).random(len(ATTRIBUTE_NAMES))
    quality = int(rng.integers(40, 80)) if consumer else 92
    return image, labels | {"garment": garment, "attributes": attributes(garment), "noise": noise, "quality": quality}


def _plan(size: World, seed: int) -> list[dict]:
    """Every image to draw: benchmark, item, view, name, split. Items of different splits and benchmarks differ."""
    jobs = []
    item = 0
    views = np.random.default_rng([seed, 0])
    for split in ("train", "val", "test"):
        left = getattr(size, split)
        while left > 0:
            for number in range(min(left, 2)):  # two pictures an item, as looks of a shop and its customers
                consumer = bool(views.random() < 0.4)
                view = ("front", "front", "side", "back", "zoom-in", "zoom-out")[views.integers(6)]
                jobs.append(
                    dict(
                        benchmark="category_attribute",
                        item=item,
                        number=number,
                        view=view,
                        consumer=consumer,
                        split=split,
                    )
                )
                left -= 1
            item += 1
    for item in range(size.inshop_items):
        chosen = INSHOP_VIEWS if item % 2 else INSHOP_VIEWS[:4]
        for number, view in enumerate(chosen):
            split = "train" if item < size.inshop_items // 2 else "query" if number % 2 else "gallery"
            jobs.append(dict(benchmark="inshop", item=item, number=number, view=view, consumer=False, split=split))
    for item in range(size.consumer2shop_items):
        share = item / size.consumer2shop_items
        split = "train" if share < 0.5 else "val" if share < 0.6 else "test"
        for number in range(4):
            view = "front" if number == 0 else ("front", "side", "zoom-in", "zoom-out")[views.integers(4)]
            jobs.append(
                dict(benchmark="consumer2shop", item=item, number=number, view=view, consumer=number > 0, split=split)
            )
    for job in jobs:
        job["name"] = _name(job, item_of(seed, job["benchmark"], job["item"]))
    return jobs


def _name(job: dict, g: Garment) -> str:
    look = f"{g.colour}_{g.pattern}_{g.fabric}".title().replace(" ", "_")
    kind = {1: "TOPS", 2: "BOTTOMS", 3: "DRESSES"}[g.clothes_type]
    person = ("WOMEN", "MEN")[g.pattern_seed % 2]
    item, number = f"id_{job['item'] + 1:08d}", job["number"] + 1
    if job["benchmark"] == "category_attribute":
        return f"img/{look}_{g.category}_{job['item']:06d}/img_{number:08d}.jpg"
    if job["benchmark"] == "inshop":
        return f"img/{person}/{g.category}/{item}/{number:02d}_{POSE_CODES[job['view']]}_{job['view'].replace('-', '')}.jpg"
    kept = "shop_01" if number == 1 else f"comsumer_{number - 1:02d}"  # spelt as in the release
    return f"img/{kind}/{g.category}/{item}/{kept}.jpg"


def _draw_job(args) -> dict:
    """Draw one image into its file, unless it is there, and return its labels."""
    root, seed, px, job = args
    image, labels = picture(seed, job["benchmark"], job["item"], job["number"], px, job["view"], job["consumer"])
    path = Path(root) / FOLDERS[job["benchmark"]] / "Img" / job["name"]
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(".part")
        code = cv2.imencode(".jpg", image[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, labels["quality"]])[1]
        part.write_bytes(code.tobytes())
        os.replace(part, path)
    return job | labels


def write_world(root: Path, size: World, seed: int, workers: int = 1, progress: bool = True) -> Path:
    """Write the three benchmarks under `root` and return it.

    A finished world (world.json) of the same size, seed and version is left as it is; of another, it is made anew. An
    interrupted one goes on: images that are there are not drawn to disk again. Raises DataError when the disk fails.
    """
    root = Path(root)
    about = {"version": VERSION, "seed": seed, "size": asdict(size)}
    mark, started = root / "world.json", root / "started.json"
    if mark.exists() and json.loads(mark.read_text()) == about:
        return root
    try:
        if root.exists() and not (started.exists() and json.loads(started.read_text()) == about):
            shutil.rmtree(root)
        root.mkdir(parents=True, exist_ok=True)
        started.write_text(json.dumps(about))
        jobs = [(str(root), seed, size.px, job) for job in _plan(size, seed)]
        bar = tqdm(total=len(jobs), desc="synthetic world", unit="image", mininterval=1, disable=not progress)
        drawn = []
        if workers > 1 and len(jobs) > 200:
            with ProcessPoolExecutor(
                workers, mp_context=get_context("spawn"), initializer=cv2.setNumThreads, initargs=(1,)
            ) as pool:
                for labels in pool.map(_draw_job, jobs, chunksize=32):
                    drawn.append(labels)
                    bar.update()
        else:
            for job in jobs:
                drawn.append(_draw_job(job))
                bar.update()
        bar.close()
        for benchmark in _BENCHMARK_CODE:
            _write_lists(root, benchmark, [d for d in drawn if d["benchmark"] == benchmark], size)
        part = mark.with_suffix(".part")
        part.write_text(json.dumps(about))
        os.replace(part, mark)
        started.unlink()
    except OSError as error:
        raise DataError(
            f"{root}: cannot be written ({error.strerror or error}); free some room and start again"
        ) from error
    return root


# ---- the official lists ---------------------------------------------------------------------------------------------


def _write_list(path: Path, columns: str, rows: list[str]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join([str(len(rows)), columns, *rows]) + "\n")


def _points(points: np.ndarray, codes: np.ndarray, slots) -> str:
    out = []
    for j in slots:
        known = codes[j] != 2 and np.isfinite(points[j]).all()
        # Pixels as the official lists have them: whole, and never (0, 0), which means unknown.
        x, y = np.maximum(np.round(points[j]), 1).astype(int) if known else (0, 0)
        out.append(f"{codes[j]} {x:03d} {y:03d}")
    return "  ".join(out)


def _write_lists(root: Path, benchmark: str, drawn: list[dict], size: World) -> None:
    folder = root / FOLDERS[benchmark]
    anno = folder / ("Anno_coarse" if benchmark == "category_attribute" else "Anno")
    suffix = {"category_attribute": "", "inshop": "_inshop", "consumer2shop": "_consumer2shop"}[benchmark]
    (folder / "Img" / "img").mkdir(parents=True, exist_ok=True)
    if not drawn:
        shutil.rmtree(folder)
        return
    names = [d["name"] for d in drawn]
    items = [f"id_{d['item'] + 1:08d}" for d in drawn]
    boxes = [" ".join(f"{v:03d}" for v in d["box"]) for d in drawn]
    types = [d["garment"].clothes_type for d in drawn]

    columns = "image_name  clothes_type  variation_type  " + "  ".join(
        f"landmark_visibility_{j}  landmark_location_x_{j}  landmark_location_y_{j}" for j in range(1, 9)
    )
    rows = [f"{n}  {d['garment'].clothes_type}  1  {_points(d['landmarks'], d['visibility'], SLOTS[d['garment'].clothes_type])}"
            for n, d in zip(names, drawn, strict=True)]  # fmt: skip
    _write_list(anno / f"list_landmarks{suffix}.txt", columns, rows)
    columns = "image_name  " + "  ".join(f"{j.replace(' ', '_')}_{c}" for j in JOINTS for c in ("visibility", "x", "y"))
    rows = [f"{n}  {_points(d['joints'], d['joint_visibility'], range(14))}" for n, d in zip(names, drawn, strict=True)]
    _write_list(anno / "list_joints.txt", columns, rows)

    if benchmark == "category_attribute":
        _write_list(anno / "list_bbox.txt", "image_name  x_1  y_1  x_2  y_2", _rows(names, boxes))
        _write_list(anno / "list_category_cloth.txt", "category_name  category_type",
                    [f"{name}  {entry[0]}" for name, entry in CATEGORIES.items()])  # fmt: skip
        numbers = [CATEGORY_NAMES.index(d["garment"].category) + 1 for d in drawn]
        _write_list(anno / "list_category_img.txt", "image_name  category_label", _rows(names, numbers))
        _write_list(anno / "list_attr_cloth.txt", "attribute_name  attribute_type",
                    _rows(ATTRIBUTE_NAMES, ATTRIBUTE_GROUPS))  # fmt: skip
        labels = [
            np.where((d["attributes"] == 1) & (d["noise"] < size.label_noise), -1, d["attributes"]) for d in drawn
        ]
        _write_list(anno / "list_attr_img.txt", "image_name  attribute_labels", [
            f"{n}  {' '.join(map(str, row))}" for n, row in zip(names, labels, strict=True)])  # fmt: skip
        _write_list(folder / "Eval" / "list_eval_partition.txt", "image_name  evaluation_status",
                    _rows(names, [d["split"] for d in drawn]))  # fmt: skip
        return
    if benchmark == "inshop":
        second, codes = "pose_type", [POSE_CODES[d["view"]] for d in drawn]
        partition = _rows(names, [f"{item}  {d['split']}" for item, d in zip(items, drawn, strict=True)])
        columns = "image_name  item_id  evaluation_status"
    else:
        second, codes = "source_type", [2 if d["consumer"] else 1 for d in drawn]
        shop = {item: n for item, n, d in zip(items, names, drawn, strict=True) if not d["consumer"]}
        partition = [f"{n}  {shop[item]}  {item}  {d['split']}"
                     for n, item, d in zip(names, items, drawn, strict=True) if d["consumer"]]  # fmt: skip
        columns = "image_pair_name_1  image_pair_name_2  item_id  evaluation_status"
    rows = [f"{t}  {c}  {b}" for t, c, b in zip(types, codes, boxes, strict=True)]
    _write_list(
        anno / f"list_bbox{suffix}.txt", f"image_name  clothes_type  {second}  x_1  y_1  x_2  y_2", _rows(names, rows)
    )
    unique = sorted(set(items))
    item_list = anno / f"list_item{suffix}.txt"
    item_list.write_text("\n".join([str(len(unique)), *unique]) + "\n")
    _write_list(folder / "Eval" / "list_eval_partition.txt", columns, partition)


def _rows(names, values) -> list[str]:
    return [f"{name}  {value}" for name, value in zip(names, values, strict=True)]
