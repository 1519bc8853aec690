"""A picture of a garment: a body or a hanger, the cloth that hangs from it, the camera.

Garment sides follow the garment: its left is the picture's left in a front view, and the right in a back view.
Landmarks are the garment's own control points; one is occluded when something was drawn over it later, and cut off when
it lies outside the frame.
"""

import cv2
import numpy as np

from lib.lists import JOINTS, SLOTS
from lib.world import cloth, emblems
from lib.world.body import HAIR, SKIN, draw_body, draw_head, make_body, make_hanger
from lib.world.camera import draw_more_occluders, draw_occluders, make_ground, through_camera
from lib.world.canvas import CIRCLE, Canvas, curve_through, part_of_curve, shade_of, smooth, strip_outline
from lib.world.details import (
    draw_back,
    draw_closure,
    draw_collar,
    draw_edge,
    draw_hem,
    draw_pockets,
    draw_skirt,
    draw_trim,
    draw_waist,
)
from lib.world.garment import COLOURS, Garment
from lib.world.silhouette import control_points

_SWAPPED = [1, 0, 3, 2, 5, 4, 7, 6]


def _draw_garment(
    canvas: Canvas, g: Garment, body: dict, c: dict, light: float, back: bool, skin, rng, hanger: bool
) -> None:
    """Draw the garment's parts from behind to front, arms and sleeves last."""
    tile, cover = cloth.tile(g), cloth.cover(g)
    ground, accent = COLOURS[g.colour], shade_of(COLOURS[g.accent], light)
    dark = shade_of(ground, 0.5 * light) if sum(ground) > 150 else shade_of((90, 90, 96), light)
    x, dx = body["middle"], body["shift"]
    runs = g.finish == "dip-dye" or g.pattern in ("ombre", "two-tone", "colorblock")
    span = (c["outline"][:, 1].min(), c["end"]) if runs else None
    panel, panel_cover = cloth.panel_cloth(g.panel, g) if g.panel != "none" else (None, None)

    for points, widths in c["legs"].values():
        angle = np.arctan2(*(points[-1] - points[0])[::-1]) - np.pi / 2
        canvas.part(strip_outline(points, widths), tile, cover, angle, light, g, False, span)
        if g.panel_at == "sides":
            outer = 1 if points[0][0] > dx else -1
            canvas.part(
                strip_outline(points + [outer * widths.mean() * 0.6, 0], 0.35 * widths),
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
                np.array([0.5 * x + sign * 0.7 * abs(right[0] - 0.5 * x), left[1] - 0.02]) + CIRCLE * [0.018, 0.026],
                skin,
            )
    if g.finish == "layered":
        for share in (0.45, 0.75):
            y = left[1] + share * (c["low"] - left[1])
            canvas.line(
                curve_through([[-abs(right[0]) * 1.1 + dx, y], [dx, y + 0.015], [abs(right[0]) * 1.1 + dx, y]]),
                dark,
                0.006,
            )
    draw_skirt(canvas, g, c, dark, dx)
    emblem = emblems.emblem(g)
    if emblem is not None and not back:
        canvas.stamp(emblem, [x, 0.322], 0.155, light)
    if g.shape in ("legs", "jumpsuit"):
        (inner, reach), (other, wide) = c["legs"].values()  # wide legs meet: a line parts them
        meet = min(c["end"], 0.55 + 0.4 * max(0.0, reach.mean() + wide.mean() - 0.07))
        canvas.line([[dx, c["waist_y"] + 0.03], [dx, 0.55]], dark, 0.004)
        canvas.line([[dx, 0.55], 0.5 * (inner[-1] + other[-1]) if meet > 0.58 else [dx, meet]], dark, 0.008)
    draw_waist(canvas, g, c, dark, accent, light)
    draw_pockets(canvas, g, c, dark, accent, x)
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
    (draw_back if back else draw_closure)(canvas, g, c, dark, accent, skin, x, light, hanger)
    draw_hem(canvas, g, c, dark, accent)
    draw_trim(canvas, g, c, dark, accent, light)
    strap = shade_of(ground, 0.85 * light)
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
                line = part_of_curve(arm, 1.0)[1:]
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
    draw_collar(canvas, g, c, dark, accent, back, light, tile, x)


def _draw_sleeve(canvas, g, sleeve, material, dark, accent, light, span, skin, hanger) -> None:
    points, widths = sleeve
    angle = np.arctan2(*(points[-1] - points[0])[::-1]) - np.pi / 2
    tile, cover = material
    if g.pattern == "two-tone" and g.panel_at != "sleeves":
        span = None
    canvas.part(strip_outline(points, widths), tile, cover, angle, light * 0.95, g, True, span)
    along = (points[-1] - points[-2]) / (np.linalg.norm(points[-1] - points[-2]) + 1e-9)
    across = np.array([-along[1], along[0]]) * widths[-1]
    ends = np.array([points[-1] + across, points[-1] - across])
    if g.sleeve_kind in ("cuffed", "rolled"):
        width = 0.028 if g.sleeve_kind == "cuffed" else 0.02
        canvas.fill(
            np.array([ends[0], ends[1], ends[1] - along * width, ends[0] - along * width]),
            dark if g.sleeve_kind == "cuffed" else shade_of(dark, 1.6),
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
        canvas.fill(points[1] + CIRCLE * [0.8 * widths[0], 0.026], skin, "over")
    if g.trim in ("tipped", "contrast", "piping"):
        canvas.line(ends - along * 0.006, accent, 0.01 if g.trim != "piping" else 0.004)
    elif g.trim in ("lace", "ruffle", "scallop", "fringe", "crochet"):
        draw_edge(canvas, ends, g.trim, shade_of(COLOURS[g.accent], light))


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


def render(
    g: Garment,
    rng: np.random.Generator,
    px: int,
    view: str = "front",
    consumer: bool = False,
    room=(0.03, 0.12),
    hardness: float = 0.0,
):
    """Draw one picture of a garment, `px` pixels high: a pure function of its arguments.

    view: "front", "side", "back", "zoom-in" or "zoom-out". A seventh of the shop's pictures show the garment without a
    person. room: the least and most that the box leaves around the cloth on each side, as a share of its size.
    hardness: 0 to 1, how often a consumer's photo is cropped, covered, dark or blurred.
    Returns (H, W, 3) uint8 RGB and labels: zoom, the garment's size in the frame (above 1: larger than it); box (4,) pixels, landmarks (8, 2) and visibility (8,) (nan and -1 for slots
    that the clothes type lacks), joints (14, 2) and joint_visibility (14,), the person's own left and right.
    """
    back, side = view == "back", view == "side"
    height, width = px, int(px * rng.uniform(0.62, 0.8))
    hanger = not consumer and view in ("front", "zoom-out") and rng.random() < 0.2
    body = make_hanger(g) if hanger else make_body(rng, g.wearer, side)
    c = control_points(g, body)
    light = rng.uniform(0.9, 1.12)
    skin = shade_of(SKIN[rng.integers(len(SKIN))], min(light, 1.02))
    hair = HAIR[rng.integers(len(HAIR))]

    spread = np.concatenate([c["outline"], [c[j] for j in SLOTS[g.clothes_type]]])
    low, high = spread.min(0), spread.max(0)
    if view == "zoom-in":
        factor, centre = rng.uniform(1.0, 1.4), (low + high) / 2 + rng.uniform(-0.12, 0.12, 2) * (high - low)
    elif view == "zoom-out":
        factor, centre = rng.uniform(0.42, 0.55), (low + high) / 2
    else:
        factor, centre = rng.uniform(0.58, 0.86), (low + high) / 2 + rng.uniform(-0.06, 0.06, 2) * (high - low)
    if consumer and hardness and rng.random() < 0.6 * hardness:  # a strong crop
        factor, centre = factor * rng.uniform(1.1, 1.6), centre + rng.uniform(-0.16, 0.16, 2) * (high - low)
    scale = min(factor * min(height / (high[1] - low[1]), width / (high[0] - low[0])), 3.2 * px)
    tilt = rng.normal(0, 0.1) if consumer else rng.normal(0, 0.015)
    turn = np.array([[np.cos(tilt), -np.sin(tilt)], [np.sin(tilt), np.cos(tilt)]])
    shift = np.array([width / 2, height / 2]) - scale * turn @ centre
    canvas = Canvas(make_ground(rng, height, width, consumer), scale, shift, tilt)

    long_hair = g.wearer == "women" and rng.random() < 0.65
    if hanger:
        shadow = c["outline"] + [0.012, 0.012]
        canvas.fill(smooth(shadow, rounds=1), shade_of(canvas.image[0, 0], 0.93))
        if g.clothes_type != 2:
            canvas.line([[-0.05, 0.2], [0, 0.155], [0.05, 0.2]], (150, 120, 90), 0.008)
    else:
        if long_hair and not back:
            canvas.fill(
                smooth(body["head"] + np.array([[-0.055, -0.03], [0.055, -0.03], [0.07, 0.15], [-0.07, 0.15]])),
                shade_of(hair, 0.85),
            )
        draw_body(canvas, body, skin, g, rng, light)
    _draw_garment(canvas, g, body, c, light, back, skin, rng, hanger)
    if not hanger:
        draw_head(canvas, body, skin, hair, back, long_hair, rng)
    if consumer:
        draw_occluders(canvas, body, skin, rng)
        if hardness:
            draw_more_occluders(canvas, body, skin, hair, low, high, hardness, rng)
    image = through_camera(canvas.image, rng, hardness) if consumer else canvas.image

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
    """Return joints (14, 2) pixels (x, y) and their codes (14,). The person's own left is the picture's right, unless seen from behind; code 2 throughout without a person."""
    own = {"left": "left", "right": "right"} if back else {"left": "right", "right": "left"}
    points, codes = np.empty((14, 2)), np.zeros(14, np.int8)
    for i, name in enumerate(JOINTS):
        first, _, rest = name.partition(" ")
        points[i] = canvas.pixels(body[f"{own[first]} {rest}" if rest else name])
        if hanger or not (0 <= points[i][0] < canvas.width and 0 <= points[i][1] < canvas.height):
            codes[i] = 2
    return points, codes
