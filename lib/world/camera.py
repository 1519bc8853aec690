"""What surrounds a garment in a picture: the ground, things before it, and the camera's faults."""

from functools import lru_cache

import cv2
import numpy as np

from lib.world.canvas import Canvas, shade_of
from lib.world.curves import curve_through, quad, shrunk, smooth

GROUND = ((252, 252, 252), (244, 244, 244), (236, 236, 238), (228, 224, 218), (214, 218, 222))


@lru_cache(maxsize=24)
def _texture(number: int) -> np.ndarray:
    """Return a cluttered ground (320, 320, 3) uint8, one of a fixed pool: rooms, streets, foliage; never written to."""
    rng = np.random.default_rng([number, 99])
    kind = number % 4
    out = _foliage(rng) if kind == 3 else _built(rng, ("bricks", "boxes", "street")[kind])
    out += 4 * rng.normal(size=out.shape)
    return np.clip(out, 0, 255).astype(np.uint8)


def _normal(rng, *size: int) -> np.ndarray:
    return rng.normal(size=size).astype(np.float32)


def _foliage(rng) -> np.ndarray:
    out = np.full((320, 320, 3), [(70, 110, 60), (100, 120, 70), (60, 90, 70)][rng.integers(3)], np.float32)
    blurs = ((2, 0.9), (5, 1.0), (14, 1.2))
    leaves = sum(weight * cv2.GaussianBlur(_normal(rng, 320, 320), (0, 0), blur) * blur for blur, weight in blurs)
    out *= (1 + 0.28 * leaves)[..., None]
    return out


def _built(rng, kind: str) -> np.ndarray:
    """Return a wall, a floor and things before them. All is rather grey: a colour is mixed with its own brightness."""
    wall, floor = (0.3 * c + 0.7 * c.mean() for c in (rng.uniform(90, 245, 3), rng.uniform(50, 200, 3)))
    out = np.full((320, 320, 3), wall, np.float32)
    edge = int(rng.uniform(0.6, 0.9) * 320)
    out[edge:] = floor
    if kind == "bricks":
        step = int(rng.integers(14, 30))
        out[:edge:step] *= 0.82
        for row in range(0, edge, step):
            out[row : row + step, (row // step % 2) * step :: 2 * step] *= 0.82
    for _ in range(int(rng.integers(4, 12))):
        raw = rng.uniform(20, 240, 3)
        colour = [float(v) for v in 0.45 * raw + 0.55 * raw.mean()]
        x, y, w, h = (int(rng.integers(*limits)) for limits in ((0, 320), (0, 320), (12, 110), (20, 160)))
        if kind == "boxes" or rng.random() < 0.7:
            cv2.rectangle(out, (x, y), (x + w, y + h), colour, -1 if rng.random() < 0.7 else 4)
        else:
            cv2.circle(out, (x, y), w // 2, colour, -1, cv2.LINE_AA)
    if kind == "street":  # lines towards a point
        cx = int(rng.integers(80, 240))
        for x in range(-320, 640, 60):
            cv2.line(out, (cx, edge - 40), (x, 320), [float(v) for v in floor * 0.8], 2, cv2.LINE_AA)
    light = cv2.resize(_normal(rng, 4, 4), (320, 320), interpolation=cv2.INTER_CUBIC)
    out *= (1 + 0.12 * light)[..., None]
    return cv2.GaussianBlur(out, (0, 0), rng.uniform(0.7, 2.5))


def make_ground(rng, height: int, width: int, consumer: bool) -> np.ndarray:
    """Return the background of a view, (height, width, 3) uint8."""
    if not consumer:
        colour = np.array(GROUND[rng.integers(len(GROUND))], float)
        ramp = np.linspace(1.0, rng.uniform(0.9, 1.0), height)[:, None, None]
        return np.tile(colour * ramp, (1, width, 1)).astype(np.uint8)
    texture = _texture(int(rng.integers(24)))
    size = rng.uniform(0.6, 1.0)
    w, h = int(320 * size * min(1.0, width / height)), int(320 * size)
    x, y = rng.integers(0, 321 - w), rng.integers(0, 321 - h)
    ground = cv2.resize(texture[y : y + h, x : x + w], (width, height), interpolation=cv2.INTER_LINEAR)
    if rng.random() < 0.5:
        ground = np.ascontiguousarray(ground[:, ::-1])
    return cv2.convertScaleAbs(ground, alpha=rng.uniform(0.75, 1.15))


def draw_occluders(canvas: Canvas, body: dict, skin, rng) -> None:
    """Draw what hides part of the clothes: bags, hands, hair."""
    if rng.random() < 0.3:
        colour = _colour(rng, 20, 230)
        at = body[("left wrist", "right wrist")[rng.integers(2)]] + [0, 0.02]
        w, h = rng.uniform(0.035, 0.07), rng.uniform(0.06, 0.11)
        handle = at + np.array([[-0.6 * w, 0], [0, -0.05], [0.6 * w, 0]])
        canvas.line(curve_through(handle), shade_of(colour, 0.7), 0.008)
        bag = quad(at, (w, 0), (w * 1.1, h))
        canvas.fill(bag, shade_of(colour, 0.85), "top")
        canvas.fill(shrunk(bag, 0.8), colour)
    if rng.random() < 0.25:  # a phone before the face or the chest, with its hand
        at = body["head"] + [rng.uniform(-0.05, 0.05), rng.uniform(0.02, 0.18)]
        canvas.fill(quad(at, (0.024, -0.045), (0.024, 0.045)), (26, 26, 30), "top")
        canvas.disc(at + [0.0, 0.035], 0.02, skin, "top")
    if rng.random() < 0.08:  # somebody else's arm
        sign = _side(rng)
        arm = [[sign * 0.3, rng.uniform(0.2, 0.5)], [sign * 0.16, 0.4], [sign * 0.05, rng.uniform(0.25, 0.5)]]
        canvas.limb(arm, [0.03, 0.025, 0.02], skin, "top")


def draw_more_occluders(canvas: Canvas, body: dict, skin, hair, low, high, hardness: float, rng) -> None:
    """Draw what hides a part of the garment, which spans `low` to `high` (x, y): a bag, an arm, hair, a thing."""
    width, height = high - low
    middle = (low + high) / 2
    if rng.random() < 0.5 * hardness:  # a bag worn across
        colour, sign = _colour(rng, 20, 220), _side(rng)
        end = middle + [sign * rng.uniform(0.2, 0.45) * width, rng.uniform(0.05, 0.35) * height]
        canvas.line([[-sign * 0.07, min(low[1], 0.2)], end], shade_of(colour, 0.7), 0.012)
        w, h = rng.uniform(0.04, 0.07), rng.uniform(0.04, 0.06)
        canvas.fill(quad(end, (w, -h), (w * 1.05, h)), colour, "top")
        canvas.line([end - [w, 0], end + [w, 0]], shade_of(colour, 0.7), 0.006)
    if rng.random() < 0.45 * hardness:  # an arm held before the body
        start = body["left elbow" if _side(rng) < 0 else "right elbow"]
        end = middle + rng.uniform(-0.25, 0.25, 2) * (width, height)
        canvas.limb([start, (start + end) / 2, end], [0.024, 0.02, 0.016], skin, "top")
        canvas.disc(end, 0.018, skin, "top")
    if rng.random() < 0.4 * hardness and low[1] < 0.3:  # hair over a shoulder
        sign = _side(rng)
        x, end = body["head"][0] + sign * rng.uniform(0.03, 0.07), rng.uniform(0.27, 0.36)
        lock = np.array([[x - 0.03, 0.1], [x + 0.025, 0.1], [x + 0.03, 0.22], [x + 0.008, end], [x - 0.024, 0.24]])
        canvas.fill(smooth(lock), shade_of(hair, 0.9), "top")
    if rng.random() < 0.35 * hardness:  # furniture, a pillar or a child at an edge
        sign = _side(rng)
        x = middle[0] + sign * rng.uniform(0.2, 0.5) * width
        top = low[1] + rng.uniform(0.1, 0.75) * height
        thing = [[x, top], [x + sign * 0.6, top], [x + sign * 0.6, 1.4], [x, 1.4]]
        canvas.fill(thing, _colour(rng, 30, 200), "top")


def _side(rng) -> int:
    return -1 if rng.random() < 0.5 else 1


def _colour(rng, low: int, high: int) -> list[float]:
    return [float(v) for v in rng.integers(low, high, 3)]


def through_camera(image: np.ndarray, rng, hardness: float = 0.0) -> np.ndarray:
    """Return the picture with a phone's colour cast, blur and noise; harder ones may be dark, blurred or moved."""
    if rng.random() < 0.5:
        image = cv2.GaussianBlur(image, (0, 0), rng.uniform(0.3, 1.1))
    cast = (rng.uniform(0.86, 1.1, 3) * rng.uniform(0.75, 1.15)).astype(np.float32)
    strength = rng.uniform(1, 7)
    if hardness:
        if rng.random() < 0.5 * hardness:
            image = cv2.GaussianBlur(image, (0, 0), rng.uniform(0.003, 0.008) * image.shape[0])
        if rng.random() < 0.35 * hardness:  # moved while it was taken
            image = cv2.blur(image, (max(1, round(rng.uniform(0.01, 0.03) * image.shape[0])), 1))
        if rng.random() < 0.5 * hardness:  # dark, and so with more noise
            cast, strength = cast * np.float32(rng.uniform(0.35, 0.7)), strength + rng.uniform(0, 8)
        if rng.random() < 0.4 * hardness:  # lamp light or shade
            cast = cast * np.array([(1.15, 1.0, 0.72), (0.8, 0.95, 1.15)][rng.integers(2)], np.float32)
    noise = _grain(int(rng.integers(4)))[: image.shape[0], : image.shape[1], None]
    return np.clip(image * cast + strength * noise, 0, 255).astype(np.uint8)


@lru_cache(maxsize=4)
def _grain(number: int) -> np.ndarray:
    return _normal(np.random.default_rng([number, 55]), 1024, 1024)
