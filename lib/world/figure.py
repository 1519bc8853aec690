"""A picture of a garment: a body or a hanger, the cloth that hangs from it, the camera.

Garment sides follow the garment: its left is the picture's left in a front view, and the right in a back view.
Landmarks are the garment's own control points; one is occluded when something was drawn over it later, and cut off when
it lies outside the frame.
"""

import cv2
import numpy as np

from lib.lists import JOINTS, SLOTS
from lib.world import cloth, details
from lib.world.body import ARM, HAIR, SKIN, draw_body, draw_head, limb, make_body, make_hanger
from lib.world.camera import draw_more_occluders, draw_occluders, make_ground, through_camera
from lib.world.canvas import SIDES, Canvas, Material, shade_of
from lib.world.curves import CIRCLE, part_of_curve, quad, smooth, strip_outline
from lib.world.details import Pen
from lib.world.garment import Garment
from lib.world.silhouette import control_points

# Landmarks and joints with left and right exchanged.
_SWAPPED = [1, 0, 3, 2, 5, 4, 7, 6]
_MIRRORED = [0, 1, 3, 2, 5, 4, 7, 6, 9, 8, 11, 10, 13, 12]


def _draw_garment(pen: Pen) -> None:
    """Draw the garment's parts from behind to front, arms and sleeves last."""
    g, c = pen.g, pen.c
    runs = g.finish == "dip-dye" or g.pattern in ("ombre", "two-tone", "colorblock")
    material = Material(cloth.tile(g), cloth.holes_of(g.fabric), (c["outline"][:, 1].min(), c["end"]) if runs else None)
    panel = Material(*cloth.panel_cloth(g.panel, g), size=1.5) if g.panel != "none" else None
    _draw_legs(pen, material, panel)
    _lay(pen, c["outline"], material)
    if panel:
        _draw_panel(pen, panel)
    _draw_finish(pen)
    details.draw_skirt(pen)
    emblem = cloth.emblem(g)
    if emblem is not None and not pen.back:
        pen.canvas.stamp(emblem, [pen.x, 0.322], 0.155, pen.light)
    _draw_crotch(pen)
    details.draw_waist(pen)
    details.draw_pockets(pen)
    _draw_distress(pen)
    if pen.back:
        details.draw_back(pen)
    else:
        details.draw_closure(pen)
    details.draw_hem(pen)
    details.draw_trim(pen)
    _draw_straps(pen, material)
    cut = material
    if g.panel_at == "sleeves":
        cut = panel._replace(span=material.span, size=None)
    elif g.pattern == "two-tone":
        cut = material._replace(span=None)
    for name, _ in SIDES:
        sleeve = c["sleeves"].get(name) if pen.upper else None
        if not pen.hanger:
            _draw_arm(pen, name, sleeve is not None)
        if sleeve is not None:
            _draw_sleeve(pen, *sleeve, cut)
    if g.sleeve_kind == "raglan" and pen.upper:
        for j, (name, _) in enumerate(SIDES):
            pen.line([c[j], pen.body[f"{name} shoulder"] + [0, 0.07]], 0.009)
    details.draw_collar(pen)


def _lay(pen: Pen, polygon, material: Material, angle: float = 0.0, shade: float = 1.0, covers: bool = False) -> None:
    pen.canvas.part(polygon, material, angle, pen.light * shade, pen.g, covers)


def _hanging(points: np.ndarray) -> float:
    """Return how far a sleeve or leg is turned from hanging straight down, in radians."""
    return np.arctan2(*(points[-1] - points[0])[::-1]) - np.pi / 2


def _draw_legs(pen: Pen, material: Material, panel: Material | None) -> None:
    for points, widths in pen.c["legs"].values():
        angle = _hanging(points)
        _lay(pen, strip_outline(points, widths), material, angle)
        if pen.g.panel_at == "sides":
            outer = 1 if points[0][0] > pen.dx else -1
            _lay(pen, strip_outline(points + [outer * widths.mean() * 0.6, 0], 0.35 * widths), panel, angle)


def _draw_panel(pen: Pen, panel: Material) -> None:
    c, place = pen.c, pen.g.panel_at
    if place == "yoke":
        edge = abs(c["outline"][np.abs(c["outline"][:, 1] - 0.203) < 0.02][:, 0]).max(initial=0.09)
        _lay(pen, [*c["rim"], [edge, 0.205], [0.92 * edge, 0.265], [-0.92 * edge, 0.265], [-edge, 0.205]], panel)
    elif place == "hem" and not c["legs"]:
        x, top = c[4]
        half, top = abs(x) + 0.82 * (abs(c[6][0]) - abs(x)), top + 0.82 * (c["end"] - top)
        _lay(pen, [[-half, top], [half, top], c[7], c[6]], panel)
    elif place == "sides":
        for j, sign in ((4, -1), (5, 1)):
            corner = c[j]
            low = c[j + 2] if not c["legs"] else np.array([corner[0], 0.5])
            polygon = [corner, low, low - [sign * 0.03, 0], corner - [sign * 0.026, 0]]
            if pen.upper:
                x = 0.92 * corner[0]
                polygon += [[x - sign * 0.022, 0.29], [x + sign * 0.01, 0.29]]
            _lay(pen, polygon, panel)


def _draw_finish(pen: Pen) -> None:
    """Draw the finishes that belong to a place: cut-outs at the waist, layers."""
    finish, dx, (right, top), middle = pen.g.finish, pen.dx, pen.c[5], 0.5 * pen.x
    if finish == "cutout" and pen.upper and not pen.hanger:
        for sign in (-1, 1):
            pen.fill([middle + sign * 0.7 * abs(right - middle), top - 0.02] + CIRCLE * [0.018, 0.026], pen.skin)
    elif finish == "layered":
        half = abs(right) * 1.1
        for y in top + np.array([0.45, 0.75]) * (pen.c["low"] - top):
            pen.curve([[-half + dx, y], [dx, y + 0.015], [half + dx, y]], 0.006)


def _draw_crotch(pen: Pen) -> None:
    c, dx = pen.c, pen.dx
    if c["legs"]:
        (inner, reach), (other, wide) = c["legs"].values()  # wide legs meet: a line parts them
        meet = min(c["end"], 0.55 + 0.4 * max(0.0, reach.mean() + wide.mean() - 0.07))
        pen.line([[dx, c["waist_y"] + 0.03], [dx, 0.55]], 0.004)
        pen.line([[dx, 0.55], 0.5 * (inner[-1] + other[-1]) if meet > 0.58 else [dx, meet]], 0.008)


def _draw_distress(pen: Pen) -> None:
    legs, rng = list(pen.c["legs"].values()), np.random.default_rng(pen.g.seed)
    for _ in range(round(6 * pen.g.distress)):
        if legs:
            points, widths = legs[rng.integers(len(legs))]
            x, y = points[rng.integers(2, 8)] + [rng.uniform(-0.5, 0.5) * widths.mean(), 0]
        else:
            x, y = rng.uniform(-0.05, 0.05), rng.uniform(pen.c[4][1], pen.c["low"])
        for k, colour in enumerate(((232, 232, 228), pen.skin, (232, 232, 228))):
            pen.line([[x - 0.022, y + 0.008 * k], [x + 0.022, y + 0.008 * k]], 0.009, colour)


def _draw_straps(pen: Pen, material: Material) -> None:
    strap, x = pen.g.strap, pen.x
    if strap == "bib":
        _lay(pen, quad([x, 0], (0.055, 0.27), (0.07, pen.c["waist_y"])), material._replace(span=None))
    aside, high = (-0.5, 0.19) if strap == "crossed" and pen.back else (0.62, 0.188)
    ends = {f"{name} up": (x + sign * aside * pen.body["shoulder"], high) for name, sign in SIDES}
    pen.shapes("strap", strap, (x, 0), left=pen.c[0], right=pen.c[1], **ends)


def _draw_arm(pen: Pen, name: str, sleeved: bool) -> None:
    """Draw a person's arm, with a bare shoulder where the garment leaves it free."""
    g, (shoulder, elbow, wrist) = pen.g, limb(pen.body, name, ARM)
    arm, widths = [shoulder + [0, 0.012], elbow, wrist], [0.026, 0.021, 0.014]
    covered = g.strap == "none" and g.neckline not in ("strapless", "sweetheart", "one-shoulder")
    if sleeved:
        arm, widths = arm[1:], widths[1:]
    elif pen.upper and covered:
        arm, widths = part_of_curve(arm, 1.0)[1:], [0.024, 0.022, 0.018, 0.014]
    pen.canvas.limb(arm, widths, pen.skin, "over")
    pen.disc(wrist + 0.02 * _direction(elbow, wrist), 0.015, pen.skin, "over")


def _direction(start: np.ndarray, end: np.ndarray) -> np.ndarray:
    return (end - start) / (np.linalg.norm(end - start) + 1e-9)


def _draw_sleeve(pen: Pen, points: np.ndarray, widths: np.ndarray, material: Material) -> None:
    g, kind, trim = pen.g, pen.g.sleeve_kind, pen.g.trim
    _lay(pen, strip_outline(points, widths), material, _hanging(points), shade=0.95, covers=True)
    along = _direction(points[-2], points[-1])
    across = np.array([-along[1], along[0]])
    ends = np.array([points[-1] + across * widths[-1], points[-1] - across * widths[-1]])
    if kind in ("cuffed", "rolled"):
        width, colour = (0.028, pen.dark) if kind == "cuffed" else (0.03, shade_of(pen.dark, 1.6))
        pen.fill([ends[0], ends[1], ends[1] - along * width, ends[0] - along * width], colour, "over")
    elif g.hem == "ribbed" or (g.category in ("Sweater", "Hoodie", "Bomber") and g.sleeve > 0.8):
        pen.line(ends - along * 0.007, 0.014)
    elif kind in ("flutter", "bell"):
        t = np.linspace(0, 1, 9)[:, None]
        pen.line(ends[0] + (ends[1] - ends[0]) * t + along * 0.006 * np.sin(9 * t), 0.005)
    elif kind == "puff":
        pen.line(ends - along * 0.004, 0.008)
    if kind == "drop":
        pen.line([points[1] + across * widths[0], points[1] - across * widths[0]], 0.008)
    if kind == "open-shoulder" and not pen.hanger:
        pen.fill(points[1] + CIRCLE * [0.8 * widths[0], 0.026], pen.skin, "over")
    if trim in ("tipped", "contrast", "piping"):
        pen.line(ends - along * 0.006, 0.01 if trim != "piping" else 0.004, pen.accent)
    elif trim in ("lace", "ruffle", "scallop", "fringe", "crochet"):
        pen.edge(ends, trim, pen.accent)


def _frame(rng, low, high, height: int, width: int, view: str, consumer: bool, hardness: float):
    """Return how large the garment, which spans `low` to `high` (x, y), is in the frame (above 1: larger than it), the
    pixels per unit, and the place in the picture's middle."""
    size, centre = high - low, (low + high) / 2
    least, most, aside = {"zoom-in": (1.0, 1.4, 0.12), "zoom-out": (0.42, 0.55, 0.0)}.get(view, (0.58, 0.86, 0.06))
    factor = rng.uniform(least, most)
    if aside:
        centre = centre + rng.uniform(-aside, aside, 2) * size
    if consumer and hardness and rng.random() < 0.6 * hardness:  # a strong crop
        factor, centre = factor * rng.uniform(1.1, 1.6), centre + rng.uniform(-0.16, 0.16, 2) * size
    return factor, min(factor * min(height / size[1], width / size[0]), 3.2 * height), centre


class Picture:
    """A picture of a garment, and the same picture with another garment in its place: a pure function of its arguments.

    view: "front", "side", "back", "zoom-in" or "zoom-out". A seventh of the shop's pictures show the garment without a
    person. room: the least and most that the box leaves around the cloth on each side, as a share of its size.
    hardness: 0 to 1, how often a consumer's photo is cropped, covered, dark or blurred.
    image: (H, W, 3) uint8 RGB, H = px. labels: zoom, the garment's size in the frame; box (4,) pixels, landmarks (8, 2)
    and visibility (8,), nan and -1 for slots that the clothes type lacks; joints (14, 2) and joint_visibility (14,).
    """

    def __init__(self, g: Garment, rng, px: int, view="front", consumer=False, room=(0.03, 0.12), hardness=0.0):
        self.back, self.consumer, self.hardness = view == "back", consumer, hardness
        height, width = px, int(px * rng.uniform(0.62, 0.8))
        self.hanger = not consumer and view in ("front", "zoom-out") and rng.random() < 0.2
        self.body = make_hanger(g) if self.hanger else make_body(rng, g.wearer, view == "side")
        c = control_points(g, self.body)
        self.light = rng.uniform(0.9, 1.12)
        self.skin = shade_of(SKIN[rng.integers(len(SKIN))], min(self.light, 1.02))
        self.hair = HAIR[rng.integers(len(HAIR))]
        spread = np.concatenate([c["outline"], [c[j] for j in SLOTS[g.clothes_type]]])
        self.low, self.high = spread.min(0), spread.max(0)
        zoom, *frame = _frame(rng, self.low, self.high, height, width, view, consumer, hardness)
        tilt = rng.normal(0, 0.1) if consumer else rng.normal(0, 0.015)
        self.ground, self.frame = make_ground(rng, height, width, consumer), (*frame, tilt)
        self.long_hair = g.wearer == "women" and rng.random() < 0.65
        self.before, self.open = rng.bit_generator.state, g.closure == "open"
        pen = Pen(self, Canvas(self.ground.copy(), *self.frame), g, c)
        self._draw_body(pen, rng)
        self.behind, self.after = pen.canvas.image.copy(), rng.bit_generator.state
        self.image = self._draw(pen, rng)
        landmarks, visibility = _landmarks(pen.canvas, c, SLOTS[g.clothes_type], self.back)
        self.points, slots = c, list(SLOTS[g.clothes_type])
        self.seen = visibility[[_SWAPPED[j] for j in slots] if self.back else slots] == 0
        box = _box(pen.canvas, landmarks[visibility == 0], rng, room)
        self.scale, self.bare = pen.canvas.scale, cv2.bitwise_and(pen.canvas.cloth, ~pen.canvas.top)
        joints, joint_visibility = _joints(pen.canvas, self.body, self.back, self.hanger)
        self.labels = dict(zoom=zoom, box=box, landmarks=landmarks, visibility=visibility)
        self.labels |= dict(joints=joints, joint_visibility=joint_visibility)

    def with_garment(self, g: Garment) -> np.ndarray:
        """Return the picture (H, W, 3) with another garment of the same clothes type; all else stays as it is."""
        rng = np.random.Generator(np.random.PCG64(0))
        same = not self.hanger and (g.closure == "open") == self.open
        canvas = Canvas((self.behind if same else self.ground).copy(), *self.frame)
        pen = Pen(self, canvas, g, control_points(g, self.body))
        rng.bit_generator.state = self.after if same else self.before
        if not same:
            self._draw_body(pen, rng)
        return self._draw(pen, rng)

    def moves(self, g: Garment, per_pixel) -> float:
        """Return how far the farthest visible landmark would move with another garment, in pixels times `per_pixel`."""
        points, slots = control_points(g, self.body), SLOTS[g.clothes_type]
        moved = np.abs(np.array([points[j] - self.points[j] for j in slots])) * self.scale * per_pixel
        return float(moved[self.seen].max(initial=0))

    def _draw_body(self, pen: Pen, rng) -> None:
        """Draw what is behind the garment."""
        if self.hanger:
            shadow = pen.c["outline"] + [0.012, 0.012]
            pen.fill(smooth(shadow, rounds=1), shade_of(pen.canvas.image[0, 0], 0.93))
            if pen.upper:
                pen.line([[-0.05, 0.2], [0, 0.155], [0.05, 0.2]], 0.008, (150, 120, 90))
            return
        if self.long_hair and not self.back:
            behind = smooth(quad(self.body["head"], (0.055, -0.03), (0.07, 0.15)))
            pen.canvas.fill(behind, shade_of(self.hair, 0.85))
        draw_body(pen.canvas, self.body, self.skin, pen.g, rng, self.light)

    def _draw(self, pen: Pen, rng) -> np.ndarray:
        """Draw the garment and what is before it; return what the camera sees."""
        canvas, body, skin = pen.canvas, self.body, self.skin
        _draw_garment(pen)
        if not self.hanger:
            draw_head(pen, self.long_hair, rng)
        if not self.consumer:
            return canvas.image
        draw_occluders(canvas, body, skin, rng)
        if self.hardness:
            draw_more_occluders(canvas, body, skin, self.hair, self.low, self.high, self.hardness, rng)
        return through_camera(canvas.image, rng, self.hardness)


def _landmarks(canvas: Canvas, c: dict, slots, back: bool) -> tuple[np.ndarray, np.ndarray]:
    """Return landmarks (8, 2) pixels (x, y) and their codes (8,); nan and -1 outside the slots."""
    landmarks, visibility = np.full((8, 2), np.nan), np.full(8, -1, np.int8)
    for j in slots:
        landmarks[j] = canvas.pixels(c[j])
        x, y = np.floor(landmarks[j]).astype(int)
        hidden = canvas.top if j in (2, 3) else canvas.over  # a sleeve does not hide its own end
        visibility[j] = int(hidden[y, x] > 127) if canvas.inside((x, y)) else 2
    if back:  # the garment's left is at the picture's right
        landmarks, visibility = landmarks[_SWAPPED], visibility[_SWAPPED]
    return landmarks, visibility


def _box(canvas: Canvas, seen: np.ndarray, rng, room) -> np.ndarray:
    """Return the box (4,) of the cloth with some room, as annotators leave it; it holds every visible landmark."""
    x, y, w, h = cv2.boundingRect(canvas.cloth)
    corners = np.array([x, y, x + max(w, 2), y + max(h, 2)], float)
    if len(seen):
        corners = np.concatenate([np.minimum(corners[:2], seen.min(0)), np.maximum(corners[2:], seen.max(0))])
    side = np.tile(corners[2:] - corners[:2], 2)
    corners += np.array([-1, -1, 1, 1]) * rng.uniform(*room, 4) * side
    limits = (canvas.width, canvas.height) * 2
    return np.clip(np.concatenate([np.floor(corners[:2]), np.ceil(corners[2:])]), 0, limits).astype(np.int64)


def _joints(canvas: Canvas, body: dict, back: bool, hanger: bool) -> tuple[np.ndarray, np.ndarray]:
    """Return joints (14, 2) pixels (x, y) and their codes (14,), 2 throughout without a person. The person's own left
    is the picture's right, unless seen from behind."""
    points = np.array([canvas.pixels(body[name]) for name in JOINTS])
    if not back:
        points = points[_MIRRORED]
    codes = [0 if canvas.inside(point) and not hanger else 2 for point in points]
    return points, np.array(codes, np.int8)
