"""Bodies and hangers: where the joints are, and how skin, hair and the plain other clothes are drawn."""

import numpy as np

from lib.world.canvas import SIDES, Canvas, shade_of
from lib.world.curves import CIRCLE, curve_through, mirrored, part_of_curve, quad, shrunk, smooth, strip_outline
from lib.world.details import Pen
from lib.world.garment import COLOURS, Garment

ARM, LEG = ("shoulder", "elbow", "wrist"), ("hip", "knee", "ankle")
SKIN = ((248, 220, 200), (238, 200, 170), (220, 172, 134), (190, 138, 100), (150, 100, 70), (112, 74, 52), (78, 52, 40))
HAIR = ((30, 24, 22), (58, 38, 26), (104, 70, 42), (180, 140, 84), (222, 190, 130), (140, 58, 34), (128, 126, 124))
_POSES = (0.55, 0.17, 0.1, 0.1, 0.08)  # how often arms hang, a hand or both are on the hip, one is bent, one raised
# Of an arm that does not hang, by pose: how far it is from the body and, with its direction, bent, in radians.
_ON_HIP, _BENT, _RAISED = (0.55, 0.85, -1, 1.3, 1.7), (0.1, 0.3, -1, 1.5, 2.2), (0.3, 0.7, 1, 1.9, 2.5)
_ARMS = {1: _ON_HIP, 2: _ON_HIP, 3: _BENT, 4: _RAISED}


def limb(body: dict, side: str, joints: tuple) -> list[np.ndarray]:
    """Return the three joints of an arm or a leg, from the trunk outwards."""
    return [body[f"{side} {joint}"] for joint in joints]


def make_body(rng: np.random.Generator, wearer: str, side: bool) -> dict:
    """Return joints (x, y) in world coordinates by name and the half widths of shoulder, waist and hip. Left and right
    are the picture's. A side view is narrower."""
    build = rng.uniform(0.85, 1.2)
    squeeze = rng.uniform(0.5, 0.75) if side else 1.0
    men = wearer == "men"
    shoulder = (0.112 if men else 0.098) * build**0.6 * squeeze
    waist, hip = (0.078 if men else 0.066) * build * squeeze, (0.086 if men else 0.09) * build * squeeze
    lean, shift = rng.normal(0, 0.01), rng.normal(0, 0.012)
    body = {"shoulder": shoulder, "waist": waist, "hip": hip, "middle": lean, "shift": shift}
    body |= {"head": np.array([lean * 1.6, 0.068]), "neck": np.array([lean, 0.165])}
    pose = rng.choice(5, p=_POSES)
    for k, (name, sign) in enumerate(SIDES):
        down, bend = rng.uniform(0.03, 0.3), rng.uniform(-0.2, 0.15)
        if pose == 2 or (pose in (1, 3, 4) and k == rng.integers(2)):
            low, high, direction, least, most = _ARMS[pose]
            down, bend = rng.uniform(low, high), direction * rng.uniform(least, most)
        if side:
            down, bend = down * 0.5, bend * 0.5
        start = [lean + sign * shoulder, 0.2]
        _add_limb(body, name, sign, ARM, start, (0.152, 0.14), down, bend)
        spread = rng.uniform(-0.02, 0.12) * squeeze
        bend = rng.uniform(-0.1, 0.06) * squeeze
        start = [shift + sign * 0.055 * build * squeeze, 0.5]
        _add_limb(body, name, sign, LEG, start, (0.235, 0.225), spread, bend)
    return body


def _add_limb(body: dict, name: str, sign: int, joints, start, lengths, angle: float, bend: float) -> None:
    """Add three joints: the first at `start`, the next at `angle` from straight down, the last bent by more."""
    at = np.array(start)
    body[f"{name} {joints[0]}"] = at
    for joint, length, turn in zip(joints[1:], lengths, (angle, angle + bend), strict=True):
        at = at + length * np.array([sign * np.sin(turn), np.cos(turn)])
        body[f"{name} {joint}"] = at


def make_hanger(g: Garment) -> dict:
    """Return the body that an unworn garment hangs on: its arms a little out."""
    body = make_body(np.random.default_rng([g.seed, 5]), g.wearer, False) | {"middle": 0.0, "shift": 0.0}
    for name, sign in SIDES:
        shoulder, hip = np.array([sign * body["shoulder"], 0.2]), np.array([sign * 0.055, 0.5])
        for joint, far in zip(ARM, (0.0, 0.15, 0.29), strict=True):
            body[f"{name} {joint}"] = shoulder + far * np.array([sign * 0.42, 0.9])
        for joint, far in zip(LEG, (0.0, 0.235, 0.46), strict=True):
            body[f"{name} {joint}"] = hip + far * np.array([sign * 0.09, 1.0])
    return body


def draw_body(canvas: Canvas, body: dict, skin, g: Garment, rng, light) -> None:
    """Draw a person's limbs and trunk, and plain clothes where the garment is not."""
    s, w, h, x, dx = body["shoulder"], body["waist"], body["hip"], body["middle"], body["shift"]
    shoe = shade_of(COLOURS[("black", "white", "brown", "red")[rng.integers(4)]], 0.9)
    for name, _ in SIDES:
        canvas.limb(limb(body, name, LEG), [0.05, 0.036, 0.021], skin)
        canvas.fill(smooth(quad(body[f"{name} ankle"], (0.02, 0.0), (0.028, 0.04)), rounds=1), shoe)
    canvas.limb([body["head"] + [0, 0.03], [x, 0.2]], [0.026, 0.03], shade_of(skin, 0.94))
    right = [[x + 0.03, 0.175], [x + s, 0.2], [x + 0.86 * s, 0.29], [w, 0.385], [dx + h, 0.49]]
    left = [[dx - h, 0.49], [-w, 0.385], *mirrored(right[:3], x)]
    torso = smooth([*left[3:], *right, [dx, 0.54], *left[:3]])
    canvas.fill(torso, shade_of(skin, 0.9))
    canvas.fill(shrunk(torso, [0.7, 0.94]), skin)
    other = shade_of(list(COLOURS.values())[rng.integers(len(COLOURS))], 0.95 * light)
    if g.clothes_type == 1:
        _draw_below(canvas, body, other, rng)
    if g.clothes_type == 2 or g.closure == "open":
        right = [[x + 0.045, 0.185], [x + 0.95 * s, 0.2], [x + 0.92 * s, 0.29], [w * 1.12, 0.385], [w * 1.25, 0.45]]
        left = [*mirrored(right[3:]), *mirrored(right[:3], x)]
        shirt = smooth([*left[3:], [x, 0.225], *right, *left[:3]], rounds=1)
        canvas.fill(shirt, shade_of(other, 0.86))
        canvas.fill(shrunk(shirt, [0.72, 0.97]), other)


def _draw_below(canvas: Canvas, body: dict, colour, rng) -> None:
    """Draw plain trousers or shorts, or a skirt."""
    w, h, dx = body["waist"], body["hip"], body["shift"]
    if rng.random() >= 0.72:
        canvas.fill([[-w * 1.1, 0.42], [w * 1.1, 0.42], [dx + h * 1.4, 0.66], [dx - h * 1.4, 0.66]], colour)
        return
    share = rng.choice([0.3, 1.0], p=(0.25, 0.75))
    for name, _ in SIDES:
        line = part_of_curve(limb(body, name, LEG), share)
        for inner, factor in ((1.0, 0.82), (0.6, 1.0)):
            canvas.fill(strip_outline(line, inner * np.linspace(0.06, 0.034, len(line))), shade_of(colour, factor))
    waistband = [[-w * 1.12, 0.42], [w * 1.12, 0.42], [dx + h * 1.12, 0.49], [dx, 0.56], [dx - h * 1.12, 0.49]]
    canvas.fill(smooth(waistband, rounds=1), shade_of(colour, 0.95))


def draw_head(pen: Pen, long_hair: bool, rng) -> None:
    """Draw a person's head and hair."""
    head, hair, back = pen.body["head"], pen.colours["hair"], pen.back
    if back:
        pen.fill(head + CIRCLE * [0.05, 0.068] - [0, 0.004], hair)
    else:
        pen.shapes("head", "face", head)
        crown = head + CIRCLE[10:] * [0.05, 0.07] - [0, 0.004]
        fringe = head + [[0.044, -0.012], [0.03, -0.036], [-0.02, -0.044], [-0.044, -0.01]]
        pen.fill([*crown, *fringe], hair)
    if long_hair and (back or rng.random() < 0.6):  # over one or both shoulders
        for sign in (-1, 1) if back else (-1, 1)[: rng.integers(1, 3)]:
            end = rng.uniform(0.13, 0.22)
            strand = head + np.array([[sign * 0.036, -0.02], [sign * 0.054, 0.07], [sign * 0.05, end]])
            widths = np.interp(np.arange(9), [0, 4, 8], [0.014, 0.018, 0.007])
            pen.fill(strip_outline(curve_through(strand), widths), shade_of(hair, 0.92), "top")
        if back:
            pen.fill(smooth(quad(head, (0.05, 0), (0.052, 0.15))), hair, "top")
