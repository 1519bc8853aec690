"""The geometry of a garment on a body: its outline, sleeves, legs and landmarks, which are its control points."""

import numpy as np

from lib.world.body import ARM, LEG, limb
from lib.world.canvas import SIDES
from lib.world.curves import mirrored, part_of_curve
from lib.world.garment import Garment
from lib.world.motifs import DRAWINGS

_LEVELS = (0.38, 0.5, 0.725, 0.955)  # y of the hem where Garment.length is 0, 1, 2, 3
_T = np.linspace(0, 1, 9)  # along a sleeve or leg
_SLEEVE_SHAPES = {  # what a kind of sleeve adds to its half widths
    "bell": 0.045 * np.clip(_T - 0.45, 0, 1) ** 1.2 * 2,
    "puff": 0.026 * np.sin(np.pi * _T),
    "dolman": 0.06 * (1 - _T) ** 1.5,
    "flutter": 0.024 * _T,
    "cap": 0.004 * _T,
}
_WIDE_SLEEVED = ("Poncho", "Cape", "Kimono", "Caftan", "Kaftan")


def control_points(g: Garment, body: dict) -> dict:
    """Return the garment's geometry in world coordinates: landmarks 0 to 7 by their number, the torso's outline and rim
    (its neckline or waist), sleeves and legs as points (9, 2) and half widths (9,), and the y of waist and end."""
    shoulder, waist, hip, x = body["shoulder"], body["waist"], body["hip"], body["middle"]
    out: dict = {"end": float(np.interp(g.length, range(4), _LEVELS)), "sleeves": {}, "legs": {}}
    waist_y = 0.39 if g.clothes_type != 2 else 0.47 - 0.08 * g.rise
    if g.waistline == "dropped":
        waist_y = 0.455
    taken = waist * (1.22 + 1.35 * g.fit - 0.28 * g.waist * (1 - min(g.fit, 1)))  # half the width at the waist
    if g.clothes_type == 2:
        taken = max(waist, np.interp(waist_y, [0.39, 0.49], [waist, hip])) * (1.06 + 0.25 * g.fit)
    neck_half, neck_y = DRAWINGS["necklines"].get(g.neckline, (0.044, 0.184))
    neck_half = min(neck_half, 0.9 * shoulder)
    if g.strap in ("spaghetti", "wide", "crossed"):
        neck_y, neck_half = 0.236, 0.6 * shoulder
    elif g.strap == "racerback":
        neck_y, neck_half = 0.19, 0.04
    out[0], out[1] = np.array([x - neck_half, neck_y]), np.array([x + neck_half, neck_y])
    if g.neckline == "one-shoulder":
        out[1] = np.array([x + 0.8 * shoulder, 0.26])
    _add_sleeves(out, g, body, neck_y)
    out[4], out[5] = np.array([0.5 * x - taken, waist_y]), np.array([0.5 * x + taken, waist_y])
    hip_half = max(hip * (1.04 + 0.55 * g.fit), taken)
    if g.shape in ("legs", "jumpsuit"):
        below = _add_legs(out, g, body, hip_half)
    else:
        below = _add_skirt(out, g, body, hip_half, taken, waist_y)
    if g.clothes_type == 2:
        rim, outline = np.array([out[4], out[5]]), [out[4], out[5], *below]
    else:
        rim = _neckline(g, out[0], out[1], x, shoulder)
        left, right = _sides(g, x, shoulder, taken, neck_y)
        outline = [*rim, *right, out[5], *below, out[4], *left]
    return out | {"outline": np.array(outline, float), "rim": rim, "waist_y": waist_y}


def _add_sleeves(out: dict, g: Garment, body: dict, neck_y: float) -> None:
    """Add the sleeves, None where a shoulder is bare, and landmarks 2 and 3."""
    width = 0.03 * (1 + 0.85 * g.fit)
    for j, (name, sign) in enumerate(SIDES, 2):
        shoulder, *arm = limb(body, name, ARM)
        line = [shoulder + ([sign * 0.004, 0.045] if g.neckline == "off-shoulder" else [-sign * 0.008, 0.012]), *arm]
        if g.sleeve < 0.03 or (g.neckline == "one-shoulder" and sign == 1):
            out["sleeves"][name] = None
            edge = body["shoulder"] * (0.9 if g.strap == "none" else 0.82)
            out[j] = np.array([body["middle"] + sign * edge, 0.24 if neck_y < 0.22 else neck_y + 0.012])
            continue
        points = part_of_curve(line, min(1.0, g.sleeve * 0.98))
        widths = np.linspace(width * 1.12, width * np.interp(g.sleeve, [0.2, 1], [1.0, 0.7]), 9)
        widths = widths + _SLEEVE_SHAPES.get(g.sleeve_kind, 0)
        if g.category in _WIDE_SLEEVED:
            widths = widths + 0.05 * (1 - 0.4 * _T)
        widths = widths * np.interp(_T, [0, 0.2, 1], [0.72, 1.0, 1.0])  # rounded at the shoulder
        out["sleeves"][name] = (points, widths)
        out[j] = points[-1] + 0.5 * widths[-1] * np.array([sign * 1.0, 0.0])


def _add_legs(out: dict, g: Garment, body: dict, hip_half: float) -> list:
    """Add the legs and landmarks 6 and 7; return the outline of the hips, from right to left."""
    dx, share = body["shift"], float(np.clip((out["end"] - 0.5) / 0.46, 0.05, 1))
    for j, (name, sign) in enumerate(SIDES, 6):
        points = part_of_curve(limb(body, name, LEG), share)
        slim = np.interp(_T * share, [0, 0.5, 1], [0.054, 0.042, 0.03]) * (1 + 0.9 * g.fit)
        widths = np.maximum(slim + 0.1 * g.flare * _T**2, 0.021)
        if g.hem == "ribbed" and share > 0.8:
            widths[-1] = min(widths[-1], 0.026)
        out["legs"][name] = (points, widths)
        out[j] = points[-1] + [sign * widths[-1], 0]
    out["low"] = 0.5
    half = max(hip_half, abs(body["right hip"][0] - dx) + 0.05 * (1 + g.fit))
    right = [[dx + half, 0.49], [dx + half * 0.9, 0.525], [dx + 0.012, 0.552]]
    return right + mirrored(right, dx)


def _add_skirt(out: dict, g: Garment, body: dict, hip_half: float, taken: float, waist_y: float) -> list:
    """Add landmarks 6 and 7, the ends of the hem; return the outline below the waist, from right to left."""
    dx, waist, hip, end = body["shift"], body["waist"], body["hip"], out["end"]
    reach = max(0.25, (end - waist_y) / 0.35)
    body_half = np.interp(end, [0.38, 0.49, 0.72, 0.95], [waist, hip, 0.088, 0.08]) * (1.05 + 0.5 * g.fit)
    half = max(body_half, taken * 1.02 if end < 0.47 else 0) + 0.14 * g.flare * reach
    factor, added = DRAWINGS["skirts"].get(g.skirt, (1.0, 0.0))
    half = half * factor + added
    lift = np.roll([0.075, 0.0], g.seed) if g.hem == "asymmetric" else np.zeros(2)  # of its left and its right end
    out[6], out[7] = np.array([dx - half, end - lift[0]]), np.array([dx + half, end - lift[1]])
    hips = [[dx + max(hip_half, taken) + 0.05 * g.flare, 0.485]] if end > 0.53 else []
    if g.skirt == "trumpet" and end > 0.6:
        hips.append([dx + max(hip, 0.08) * 1.05, end - 0.1])
    curve = {"curved": 0.06, "high-low": -0.09, "dolphin": 0.02}.get(g.hem, 0.012)
    right, left = ([dx + s * 0.5 * half, end + 0.7 * curve - 0.75 * up] for s, up in ((1, lift[1]), (-1, lift[0])))
    out["low"] = end
    return [*hips, out[7], right, [dx, end + curve - lift.sum() / 2], left, out[6], *mirrored(hips, dx)]


def _sides(g: Garment, x: float, shoulder: float, taken: float, neck_y: float) -> tuple[list, list]:
    """Return the outline from waist to shoulder at the left, and from shoulder to waist at the right."""
    arm = shoulder * (0.9 if g.strap == "none" else 0.8)
    if g.sleeve > 0.03:
        arm = shoulder * (1.0 + 0.1 * g.fit + (0.05 if g.sleeve_kind == "drop" else 0))
    chest = max(taken, shoulder * (0.84 + 0.4 * g.fit))
    right = [[x + arm, 0.203], [x + chest, 0.285]]
    if neck_y > 0.22:
        right = [[x + 0.96 * chest, neck_y + 0.004], [x + chest, 0.3]]
    if g.neckline == "halter" and g.strap == "none":  # tied behind the neck: the shoulders are bare
        right = [[x + 0.55 * shoulder, 0.225], [x + 0.97 * chest, 0.285]]
    return mirrored(right, x), [[x + chest, 0.285]] if g.neckline == "one-shoulder" else right


def _neckline(g: Garment, left, right, x: float, shoulder: float) -> np.ndarray:
    """Return the neckline's edge from the left to the right collar landmark."""
    y, depth, half, name = left[1], left[1] + 0.018 + 0.075 * g.neck_depth, right[0] - x, g.neckline
    t = np.linspace(-1, 1, 9)
    if name in ("v", "surplice", "split", "deep-v"):
        return np.array([left, [x, depth + (0.09 if name == "deep-v" else 0.03)], right])
    if name == "square":
        return np.array([left, [x - half, depth + 0.012], [x + half, depth + 0.012], right])
    if name == "one-shoulder":
        return np.array([left, [x + 0.3 * shoulder, 0.225], right])
    if name == "sweetheart":
        bow = np.abs(np.abs(t) - 0.5)
        return np.stack([x + half * t, y + 0.004 + 0.02 * (1 - bow * 2) - 0.03 * (bow < 0.3)], 1)
    if name in ("strapless", "off-shoulder", "turtle", "mock", "high", "illusion", "boat"):
        return np.stack([x + half * t, y + 0.008 * (1 - t**2)], 1)
    deep = depth - y + (0.02 if name in ("cowl", "scoop") else 0)
    return np.stack([x + half * t, y + deep * np.sqrt(np.clip(1 - t**2, 0, 1))], 1)
