"""The geometry of a garment on a body: its outline, sleeves and legs, and the landmarks, which are its control points."""

import numpy as np

from lib.world.canvas import part_of_curve
from lib.world.garment import Garment

_LEVELS = ((0, 0.38), (1, 0.5), (2, 0.725), (3, 0.955))  # Garment.length -> y of the hem


def hem_y(length: float) -> float:
    return float(np.interp(length, *zip(*_LEVELS, strict=True)))


def control_points(g: Garment, body: dict) -> dict:
    """Return the garment's geometry in world coordinates: landmarks 0 to 7 by their number, the torso's outline, sleeves, legs."""
    s, waist, hip, x, dx = body["shoulder"], body["waist"], body["hip"], body["middle"], body["shift"]
    loose = 1 + g.fit
    out: dict = {}
    end = hem_y(g.length)
    waist_y = 0.39 if g.clothes_type != 2 else 0.47 - 0.08 * g.rise
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
        points = part_of_curve(line, min(1.0, g.sleeve * 0.98))
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
            points = part_of_curve(line, share)
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
    """Return the neckline's edge from the left to the right collar landmark."""
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
