"""The paper's metrics (Liu et al., CVPR 2016, section 4), those of later papers, and bootstrap intervals.

Functions take and return NumPy arrays. Methods are compared by ranked answers: class or gallery numbers, best first, -1
where a list ends early. Equal scores rank by the lower number. A share is one sum divided by one sum, never a mean of
batch means, and 0 / 0 is nan.
"""

import zlib
from typing import NamedTuple

import numpy as np
import torch

QUERIES, BLOCK = 512, 1 << 25  # that a search looks up at once, and distances that it holds at once
SPARE, GROUP = 14, 16  # candidates beyond the wanted ones; columns whose minimum is looked at first
CLOSE = 1 << 17  # numbers of candidates that are compared at once


def ranked(scores: np.ndarray, k: int) -> np.ndarray:
    """Return the numbers of the k highest scores (N, min(k, A)), int16.

    scores (N, A), compared as float32; -inf is no answer: -1. Raises ValueError for NaN.
    """
    scores = np.asarray(scores, np.float32)
    if np.isnan(scores).any():
        raise ValueError(f"scores hold NaN in row {int(np.isnan(scores).any(1).argmax())}")
    # 0 - scores, not -scores: both zeros become 0.0
    order = torch.from_numpy(0 - scores).argsort(dim=1, stable=True)[:, :k].numpy()
    return np.where(np.take_along_axis(scores, order, 1) == -np.inf, -1, order).astype(np.int16)


def ranked_in_groups(scores: np.ndarray, groups: np.ndarray, k: int = 5) -> np.ndarray:
    """Return the k best of scores (N, A) inside each of groups (A,), ascending: (N, G, k) int16."""
    numbers = np.unique(groups)
    out = np.full((len(scores), len(numbers), k), -1, np.int16)
    for g, number in enumerate(numbers):
        members = np.flatnonzero(groups == number)
        best = ranked(np.asarray(scores)[:, members], k)
        out[:, g, : best.shape[1]] = np.where(best < 0, -1, members[best])
    return out


def ranked_matches(ranked: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Return whether each of ranked (N, m) is 1 in labels (N, A) in {1, -1, 0}, (N, m) bool; False for a rank of -1."""
    return (np.take_along_axis(labels, np.maximum(ranked, 0).astype(np.int64), 1) == 1) & (ranked >= 0)


def search(
    query: np.ndarray, gallery: np.ndarray, k: int, device: str = "cpu", query_group=None, gallery_group=None
) -> tuple[np.ndarray, np.ndarray]:
    """Return the k nearest gallery rows per query, nearest first: indices (Q, k) int64, distances (Q, k) float32.

    query (Q, D), gallery (G, D) float; Euclidean distance. With query_group (Q,) and gallery_group (G,) a query sees
    its own group only. Where fewer than k candidates exist: -1 and inf. Raises ValueError for embeddings that are NaN,
    infinite or longer than 1e18.

    Equal distances rank by the lower index. For duplicates to be equal, distances are computed in float64 and compared
    in float32, and one below 1e-6 of the query's length is 0. A product in float32 finds the few candidates for this;
    a query with too many candidates within the product's error is compared with the whole gallery in float64.
    """
    Q, G, most = len(query), len(gallery), min(k, len(gallery))
    indices, distances = np.full((Q, k), -1, np.int64), np.full((Q, k), np.inf, np.float32)
    (x, x2), (y, y2) = (_rows_and_squares(embeddings, device) for embeddings in (query, gallery))
    if query_group is not None:
        codes = np.unique(np.concatenate([query_group, gallery_group]), return_inverse=True)[1]
        mine, theirs = torch.from_numpy(codes).to(device).split([Q, G])

    def seen(values: torch.Tensor, rows: torch.Tensor, columns: slice = slice(None)) -> torch.Tensor:
        return values if query_group is None else values.masked_fill_(mine[rows, None] != theirs[columns], torch.inf)

    def keep(rows: torch.Tensor, squared: torch.Tensor, numbers: torch.Tensor) -> torch.Tensor:
        """Write the nearest of (n, m) gallery rows, ascending `numbers`; return the square of the last kept (n,)."""
        squared = squared.masked_fill_(squared < 1e-12 * x2[rows, None], 0).float()
        squared, order = (values[:, :most] for values in squared.sort(dim=1, stable=True))
        indices[rows.cpu(), :most] = numbers.gather(1, order).masked_fill(squared.isinf(), -1).cpu().numpy()
        distances[rows.cpu(), :most] = squared.sqrt().cpu().numpy()
        return squared[:, -1].double()

    if not Q or not most:
        return indices, distances
    halves, farthest, unsure = (y2 / 2).float(), y2.max().sqrt(), []
    error = 2**-20 * x.shape[1] ** 0.5 * farthest * (x2.sqrt() + farthest) + 1e-30  # of float32, generously
    step = max(1, min(BLOCK // min(Q, QUERIES), G))
    buffer = halves.new_empty(min(Q, QUERIES), step)
    for rows in torch.arange(Q, device=device).split(QUERIES):
        lowest = halves.new_full((len(rows), 0), torch.inf), rows.new_empty(len(rows), 0)
        for columns in (slice(begin, begin + step) for begin in range(0, G, step)):
            scores = buffer[: len(rows), : G - columns.start]
            torch.addmm(halves[columns], x[rows].float(), y[columns].float().T, alpha=-1, out=scores)
            lowest = _lowest(seen(scores, rows, columns), most + SPARE, columns.start, *lowest)
        numbers, order = lowest[1].sort(1)
        scores = lowest[0].gather(1, order)
        kept = keep(rows, _squared_distances(x[rows], y, numbers).masked_fill_(scores.isinf(), torch.inf), numbers)
        others = 2 * scores.amax(1) + x2[rows] - error[rows]  # the squared distances of all others are larger
        sure = (others > (1 + 1e-6) * kept.maximum(1e-12 * x2[rows])) | others.isinf()
        unsure.append(rows[~sure & (numbers.shape[1] < G)])
    for rows in filter(len, torch.cat(unsure).split(max(1, BLOCK // G))):
        squared = torch.addmm(x2[rows, None] + y2, x[rows].double(), y.double().T, alpha=-2)
        keep(rows, seen(squared, rows), torch.arange(G, device=device).expand(len(rows), G))
    return indices, distances


def _rows_and_squares(embeddings: np.ndarray, device: str) -> tuple[torch.Tensor, torch.Tensor]:
    """Return embeddings (N, D) as a tensor and their squared lengths (N,) float64."""
    rows = torch.from_numpy(np.require(embeddings, requirements=["C", "W"])).to(device)  # W: without a warning
    rows = rows if rows.is_floating_point() else rows.double()
    lengths = torch.cat([torch.linalg.vector_norm(part.double(), dim=1) for part in rows.split(QUERIES)])
    if not bool((lengths < 1e18).all()):  # false for NaN, too
        raise ValueError("embeddings must be finite and shorter than 1e18")
    return rows, lengths * lengths


def _lowest(
    scores: torch.Tensor, k: int, first: int, lowest: torch.Tensor, numbers: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the k lowest of scores (n, m), numbered from `first`, and of earlier ones, and their numbers; unsorted."""
    n, m = scores.shape
    width = m // GROUP
    columns = torch.arange(m, device=scores.device).expand(n, m)
    if width > k:  # topk is slow on long rows; few groups, of every width-th column, have a minimum that is low enough
        minima = scores[:, : width * GROUP].unflatten(1, (GROUP, width)).amin(1)
        below = (minima < lowest.amax(1, keepdim=True)).sum(1) if lowest.shape[1] == k else minima.new_tensor(k)
        groups = minima.topk(min(k, int(below.max())), largest=False, sorted=False).indices
        members = (groups[:, None] + width * columns[0, :GROUP, None]).flatten(1)
        columns = torch.cat([members, columns[:, width * GROUP :]], 1)
        scores = scores.gather(1, columns)
    scores, numbers = torch.cat([lowest, scores], 1), torch.cat([numbers, columns + first], 1)
    lowest, places = scores.topk(min(k, scores.shape[1]), largest=False, sorted=False)
    return lowest, numbers.gather(1, places)


def _squared_distances(x: torch.Tensor, y: torch.Tensor, numbers: torch.Tensor) -> torch.Tensor:
    """Return the squared distances of x (n, D) to the rows `numbers` (n, m) of y: (n, m) float64."""
    (n, m), D = numbers.shape, x.shape[1]
    out = y.new_empty(n, m, dtype=torch.float64)
    for some in torch.arange(n, device=y.device).split(max(1, CLOSE // (m * D))):  # whose rows fit a cache
        gap = y.index_select(0, numbers[some].flatten()).double().view(-1, m, D) - x[some, None]
        out[some] = gap.square_().sum(2)  # the same for equal rows, and 0 for x itself
    return out


def retrieval_matches(ranked: np.ndarray, query_items: np.ndarray, gallery_items: np.ndarray) -> np.ndarray:
    """Return whether ranked (Q, k), gallery indices of `search`, are of query_items (Q,), by gallery_items (G,)."""
    return (gallery_items[ranked] == query_items[:, None]) & (ranked >= 0)


def landmark_distances(pred: np.ndarray, true: np.ndarray, box: np.ndarray, norm: str = "box") -> np.ndarray:
    """Return normalised distances of predicted to true landmarks (N, L) float64; nan where the truth is nan.

    pred, true (N, L, 2) as (x, y), box (N, 4) as (x1, y1, x2, y2), all in pixels of one frame. norm: "box" divides
    dx by the box's width and dy by its height (our reading of the paper's "normalised distance"); "diagonal" divides
    the pixel distance by the box's diagonal, "side" by its longer side (mmpose's). Raises ValueError for predictions
    that are not finite.
    """
    pred, true, box = (np.asarray(array, np.float64) for array in (pred, true, box))
    if not np.isfinite(pred).all():
        raise ValueError(f"prediction {int((~np.isfinite(pred)).any((1, 2)).argmax())} is not finite")
    size = box[:, 2:] - box[:, :2]  # (N, 2) width, height
    if norm != "box":
        size = np.linalg.norm(size, axis=1, keepdims=True) if norm == "diagonal" else size.max(1, keepdims=True)
    return np.linalg.norm((pred - true) / size[:, None], axis=2)


class Interval(NamedTuple):
    """A measured value with its percentile bootstrap interval."""

    value: float
    lo: float
    hi: float
    error: float  # standard error: the resamples' standard deviation


class Bootstrap:
    """Resamples of units with replacement, drawn once for any number of statistics, which are then paired.

    units (N,): what is drawn, for each row (the item of an image, for example), or their number where every row is one.
    """

    def __init__(self, units: np.ndarray | int, n: int = 1000, seed: int = 0):
        self.n, self.seed, self.rows = n, seed, units if isinstance(units, int) else len(units)
        self._order, size = None, self.rows
        if not isinstance(units, int):
            _, code = np.unique(units, return_inverse=True)
            size = code.max(initial=-1) + 1
            if size < len(code):  # rows sorted by unit, to be summed unit by unit
                self._order = np.argsort(code, kind="stable")
                self._starts = np.searchsorted(code[self._order], np.arange(size))
        rng = np.random.default_rng(seed)
        self.counts = np.ones((n + 1, size), np.uint8)  # row 0 is the sample itself
        for row in self.counts[1 : n + 1 if size else 1]:
            row[:] = np.bincount(rng.integers(size, size=size), minlength=size)

    def sums(self, columns: np.ndarray) -> np.ndarray:
        """Return the sums over rows of columns (N, ...) in the sample and each resample: (n + 1, ...) float64."""
        columns = np.asarray(columns, np.float64)
        flat = columns.reshape(self.rows, int(np.prod(columns.shape[1:])))
        if self._order is not None:
            flat = np.add.reduceat(flat[self._order], self._starts, axis=0)
        blocks = [self.counts[i : i + 16] @ flat for i in range(0, self.n + 1, 16)]  # small enough for the cache
        return np.concatenate(blocks).reshape(self.n + 1, *columns.shape[1:])

    def seed_weights(self, seeds: int, key: str) -> np.ndarray:
        """Return (n + 1, seeds) weights that sum to 1: equal in row 0, then those of resampled fine-tuning seeds.

        seeds - 1 of them are drawn with replacement: the variance of their mean is then unbiased. Methods, named by
        key, draw independently.
        """
        weights = np.full((self.n + 1, seeds), 1 / seeds)
        if seeds > 1:
            rng = np.random.default_rng([self.seed, zlib.crc32(key.encode())])
            drawn = rng.integers(seeds, size=(self.n, seeds - 1))
            weights[1:] = (drawn[..., None] == np.arange(seeds)).mean(1)
        return weights

    def ratios(self, numerators: np.ndarray, denominators: np.ndarray, key: str = "") -> np.ndarray:
        """Return sum(numerators) / sum(denominators), averaged over fine-tuning seeds, in the sample and each resample.

        numerators (N,), (S, N) or (S, N, C) for S seeds and C statistics, denominators alike or with S = 1. Items and
        seeds are resampled independently (two levels). Returns (n + 1,), or (n + 1, C).
        """
        parts, wholes = (np.atleast_2d(np.asarray(array, np.float64)) for array in (numerators, denominators))
        parts, wholes = (self.sums(np.moveaxis(array, 0, 1)) for array in (parts, wholes))  # (n + 1, S, ...)
        ratios = np.where(wholes > 0, parts / np.where(wholes > 0, wholes, 1), np.nan)  # 0 / 0 is nan
        return np.einsum("rs,rs...->r...", self.seed_weights(ratios.shape[1], key), ratios)


def interval(values: np.ndarray, level: float = 0.95) -> Interval:
    """Return the first of (n + 1,) values of `Bootstrap.ratios` with the percentile interval of the finite ones."""
    rest, nan = values[1:][np.isfinite(values[1:])], float("nan")
    if not np.isfinite(values[0]) or not len(rest):
        return Interval(float(values[0]), nan, nan, nan)
    low, high = np.quantile(rest, [(1 - level) / 2, (1 + level) / 2])
    return Interval(float(values[0]), float(low), float(high), float(rest.std()))
