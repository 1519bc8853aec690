"""The curves and shapes that pictures are made of: points (k, 2), in whatever coordinates."""

import numpy as np

_ANGLES = np.linspace(0, 2 * np.pi, 20, endpoint=False)
CIRCLE = np.stack([np.cos(_ANGLES), np.sin(_ANGLES)], 1)


def smooth(points, closed: bool = True, rounds: int = 2) -> np.ndarray:
    """Cut the corners of a polygon, `rounds` times, so that it becomes a curve."""
    points = np.asarray(points, float)
    for _ in range(rounds):
        before, after = (points, np.concatenate([points[1:], points[:1]])) if closed else (points[:-1], points[1:])
        points = np.empty((2 * len(before), 2))
        points[::2], points[1::2] = 0.75 * before + 0.25 * after, 0.25 * before + 0.75 * after
    return points


def strip_outline(points, widths) -> np.ndarray:
    """Return the outline of a bent strip through `points` (k, 2) with half widths (k,)."""
    points, widths = np.asarray(points, float), np.asarray(widths, float)[:, None]
    along = np.empty_like(points)
    along[1:-1], along[0], along[-1] = (points[2:] - points[:-2]) / 2, points[1] - points[0], points[-1] - points[-2]
    normal = along[:, ::-1] * (-1, 1)
    normal /= np.sqrt((normal * normal).sum(1, keepdims=True)) + 1e-9
    out = normal * widths
    return np.concatenate([points + out, (points - out)[::-1]])


def curve_through(points, n: int = 9) -> np.ndarray:
    """Return n points evenly along a polyline with rounded corners; the ends stay."""
    points = np.asarray(points, float)
    soft = np.concatenate([points[:1], smooth(points, closed=False), points[-1:]])
    along = soft[1:] - soft[:-1]
    steps = np.zeros(len(soft))
    np.cumsum(np.sqrt((along**2).sum(1)), out=steps[1:])
    at, out = np.linspace(0, steps[-1], n), np.empty((n, 2))
    out[:, 0], out[:, 1] = np.interp(at, steps, soft[:, 0]), np.interp(at, steps, soft[:, 1])
    return out


def part_of_curve(points, share: float) -> np.ndarray:
    """Return the part of a curve from its start to `share` of its length, as 9 points."""
    line = curve_through(points, 33)
    return curve_through(line[: max(2, round(32 * share) + 1)], 9)


def quad(at, top, bottom) -> np.ndarray:
    """Return four corners around `at`; top, bottom: half the width, and y, of the upper and the lower edge."""
    return at + np.array([[-top[0], top[1]], top, bottom, [-bottom[0], bottom[1]]])


def mirrored(points, x: float = 0.0) -> list:
    """Return points on the other side of x, in reverse order: both together outline a symmetric shape."""
    return [[2 * x - px, py] for px, py in points[::-1]]


def shrunk(points: np.ndarray, share) -> np.ndarray:
    """Return points drawn towards their middle, by one share or by one of x and one of y."""
    middle = points.mean(0)
    return (points - middle) * share + middle
