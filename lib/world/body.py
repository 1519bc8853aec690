"""Bodies and hangers: where the joints are, and how skin, hair and the plain other clothes are drawn."""

import numpy as np

from lib.world.canvas import CIRCLE, Canvas, curve_through, part_of_curve, shade_of, smooth, strip_outline
from lib.world.garment import COLOURS, Garment

SKIN = ((248, 220, 200), (238, 200, 170), (220, 172, 134), (190, 138, 100), (150, 100, 70), (112, 74, 52), (78, 52, 40))
HAIR = ((30, 24, 22), (58, 38, 26), (104, 70, 42), (180, 140, 84), (222, 190, 130), (140, 58, 34), (128, 126, 124))


def make_body(rng: np.random.Generator, wearer: str, side: bool) -> dict:
    """Return joints (x, y) in world coordinates by name and the half widths of shoulder, waist and hip.

    Left and right are the picture's. A side view is narrower.
    """
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
    """Return the body that an unworn garment hangs on: its arms a little out."""
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


def draw_body(canvas: Canvas, body: dict, skin, g: Garment, rng, light) -> None:
    """Draw a person's limbs and trunk."""
    s, w, h, x, dx = body["shoulder"], body["waist"], body["hip"], body["middle"], body["shift"]
    shoe = shade_of(COLOURS[("black", "white", "brown", "red")[rng.integers(4)]], 0.9)
    for name in ("left", "right"):
        canvas.limb([body[f"{name} hip"], body[f"{name} knee"], body[f"{name} ankle"]], [0.05, 0.036, 0.021], skin)
        foot = body[f"{name} ankle"]
        canvas.fill(
            smooth([foot + [-0.02, 0.0], foot + [0.02, 0.0], foot + [0.028, 0.04], foot + [-0.028, 0.04]], rounds=1),
            shoe,
        )
    canvas.limb([body["head"] + [0, 0.03], [x, 0.2]], [0.026, 0.03], shade_of(skin, 0.94))
    right = [[x + 0.03, 0.175], [x + s, 0.2], [x + 0.86 * s, 0.29], [w, 0.385], [dx + h, 0.49]]
    left = [[dx - h, 0.49], [-w, 0.385], [x - 0.86 * s, 0.29]]
    torso = [[x - s, 0.2], [x - 0.03, 0.175], *right, [dx, 0.54], *left]
    torso = smooth(torso)
    canvas.fill(torso, shade_of(skin, 0.9))
    canvas.fill((torso - torso.mean(0)) * [0.7, 0.94] + torso.mean(0), skin)
    other = shade_of(list(COLOURS.values())[rng.integers(len(COLOURS))], 0.95 * light)
    if g.clothes_type == 1:  # plain clothes below
        if rng.random() < 0.72:
            share = rng.choice([0.3, 1.0], p=(0.25, 0.75))
            for name in ("left", "right"):
                line = part_of_curve([body[f"{name} hip"], body[f"{name} knee"], body[f"{name} ankle"]], share)
                for inner, factor in ((1.0, 0.82), (0.6, 1.0)):
                    canvas.fill(
                        strip_outline(line, inner * np.linspace(0.06, 0.034, len(line))), shade_of(other, factor)
                    )
            waistband = [[-w * 1.12, 0.42], [w * 1.12, 0.42], [dx + h * 1.12, 0.49], [dx, 0.56], [dx - h * 1.12, 0.49]]
            canvas.fill(smooth(waistband, rounds=1), shade_of(other, 0.95))
        else:
            canvas.fill([[-w * 1.1, 0.42], [w * 1.1, 0.42], [dx + h * 1.4, 0.66], [dx - h * 1.4, 0.66]], other)
    if g.clothes_type == 2 or g.closure == "open":  # plain clothes above
        neck = [[x - 0.95 * s, 0.2], [x - 0.045, 0.185], [x, 0.225], [x + 0.045, 0.185], [x + 0.95 * s, 0.2]]
        right = [[x + 0.92 * s, 0.29], [w * 1.12, 0.385], [w * 1.25, 0.45]]
        shirt = [*neck, *right, [-w * 1.25, 0.45], [-w * 1.12, 0.385], [x - 0.92 * s, 0.29]]
        shirt = smooth(shirt, rounds=1)
        canvas.fill(shirt, shade_of(other, 0.86))
        canvas.fill((shirt - shirt.mean(0)) * [0.72, 0.97] + shirt.mean(0), other)


def draw_head(canvas: Canvas, body: dict, skin, hair, back: bool, long_hair: bool, rng) -> None:
    """Draw a person's head, hair and neck."""
    head = body["head"]
    oval = head + CIRCLE * [0.043, 0.062]
    if back:
        canvas.fill(head + CIRCLE * [0.05, 0.068] - [0, 0.004], hair)
    else:
        canvas.fill(oval, shade_of(skin, 0.92))
        canvas.fill(head + CIRCLE * [0.036, 0.055] - [0.003, 0.002], skin)
        for sign in (-1, 1):
            canvas.disc(head + [sign * 0.016, -0.004], 0.0045, (46, 36, 32))
            canvas.line([head + [sign * 0.024, -0.017], head + [sign * 0.009, -0.018]], shade_of(hair, 0.8), 0.004)
        canvas.line([head + [0.0, 0.004], head + [0.003, 0.016]], shade_of(skin, 0.78), 0.004)
        canvas.line([head + [-0.012, 0.032], head + [0, 0.035], head + [0.012, 0.032]], (176, 84, 84), 0.006)
        cap = np.concatenate(
            [
                head + CIRCLE[10:] * [0.05, 0.07] - [0, 0.004],
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
                strip_outline(curve_through(strand), np.interp(np.arange(9), [0, 4, 8], [0.014, 0.018, 0.007])),
                shade_of(hair, 0.92),
                "top",
            )
        if back:
            canvas.fill(
                smooth([head + [-0.05, 0], head + [0.05, 0], head + [0.052, 0.15], head + [-0.052, 0.15]]), hair, "top"
            )
