"""The paper's metrics (Liu et al., CVPR 2016, section 4) and those that later papers put beside them.

NumPy in, floats or arrays out; only `search` uses torch. A share is always a sum divided once by a sum, never
a mean of batch means, and 0 / 0 is nan, never a perfect score. Ties have one order everywhere: the lower
index comes first.
"""

from collections.abc import Iterable

import numpy as np
import torch

ATTRIBUTE_DEFINITIONS = ("micro", "macro", "group", "image", "best50")


def _share(part: float, whole: float) -> float:
    return float(part / whole) if whole > 0 else float("nan")


def _mean(values: np.ndarray) -> float:
    return _share(values.sum(), len(values))


def _checked_scores(scores: np.ndarray, k: int) -> np.ndarray:
    scores = np.asarray(scores)
    if scores.ndim != 2:
        raise ValueError(f"scores must be (images, classes), not {scores.shape}")
    if np.isnan(scores).any():
        raise ValueError(f"scores hold NaN in row {int(np.isnan(scores).any(1).argmax())}")
    if k < 1:
        raise ValueError(f"k must be 1 or more, not {k}")
    return scores


# Category (Table 2, first column)


def topk_hits(scores: np.ndarray, labels: np.ndarray, k: int) -> np.ndarray:
    """(N,) bool: is the true category among the k highest scores?

    scores (N, K) float, labels (N,) int in 0..K-1. Equal scores rank by the lower category index. A k beyond
    K keeps all. Raises ValueError for NaN scores, labels out of range or shapes that do not fit.
    """
    scores, labels = _checked_scores(scores, k), np.asarray(labels).astype(np.int64)
    N, K = scores.shape
    if labels.shape != (N,):
        raise ValueError(f"scores {scores.shape} need labels ({N},), not {labels.shape}")
    if N and (labels.min() < 0 or labels.max() >= K):
        raise ValueError(f"labels must lie in 0..{K - 1}, not {labels.min()}..{labels.max()}")
    true = np.take_along_axis(scores, labels[:, None], axis=1)  # (N, 1)
    earlier = np.arange(K) < labels[:, None]
    return ((scores > true) | ((scores == true) & earlier)).sum(1) < k


def topk_accuracy(scores: np.ndarray, labels: np.ndarray, k: int, average: str = "micro") -> float:
    """Top-k category accuracy in 0..1 (Table 2): the share of images with a hit, see `topk_hits`.

    average: "micro" over images, the paper's; "macro" the mean over the categories that occur in `labels`
    (mmfashion). nan without images.
    """
    hits = topk_hits(scores, labels, k)
    if average == "micro":
        return _mean(hits)
    if average != "macro":
        raise ValueError(f'average must be "micro" or "macro", not {average!r}')
    _, category = np.unique(labels, return_inverse=True)
    return _mean(np.bincount(category, weights=hits) / np.bincount(category))


# Attributes (Table 2, the other columns; Figure 7)


def topk_mask(scores: np.ndarray, k: int) -> np.ndarray:
    """(N, A) bool with exactly min(k, A) True a row: the highest scores, equal ones by the lower index.

    scores (N, A) float. Raises ValueError for NaN.
    """
    scores = _checked_scores(scores, k)
    A = scores.shape[1]
    if k >= A:
        return np.ones(scores.shape, bool)
    last = np.partition(scores, A - k, axis=1)[:, A - k, None]  # the k-th highest of each row
    mask = scores >= last
    tied = np.flatnonzero(mask.sum(1) > k)
    equal = scores[tied] == last[tied]
    room = k - (scores[tied] > last[tied]).sum(1, keepdims=True)
    mask[tied] &= ~equal | (np.cumsum(equal, axis=1) <= room)
    return mask


def _positives(scores: np.ndarray, labels: np.ndarray) -> np.ndarray:
    if np.shape(scores) != np.shape(labels):
        raise ValueError(f"scores {np.shape(scores)} and labels {np.shape(labels)} must have one shape")
    # -1 is a negative and 0 is unknown in DeepFashion's files: neither is a label to be found.
    return np.asarray(labels) == 1


def attribute_hits(scores: np.ndarray, labels: np.ndarray, k: int) -> np.ndarray:
    """(N, A) bool: attributes that the image has and that are among its k highest scores of all A.

    scores (N, A) float, labels (N, A) in {1, -1, 0}, only 1 counts. Row sums over row sums of `labels == 1`
    are the numerators and denominators for `bootstrap_interval`.
    """
    return _positives(scores, labels) & topk_mask(scores, k)


def attribute_recall_per_attribute(scores: np.ndarray, labels: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """Top-k recall of each attribute (Figure 7) and its number of positives.

    Arguments as in `attribute_hits`. Returns (A,) float64, nan for an attribute without positives, and (A,)
    int64.
    """
    matched = attribute_hits(scores, labels, k).sum(0)
    counts = _positives(scores, labels).sum(0)
    return np.where(counts > 0, matched / np.maximum(counts, 1), np.nan), counts


def attribute_recall(
    scores: np.ndarray,
    labels: np.ndarray,
    k: int,
    groups: np.ndarray,
    definition: str = "micro",
) -> tuple[dict[int | str, float], dict[int | str, int]]:
    """Top-k attribute recall in 0..1 (Table 2) of every group and of "all", by one of five definitions.

    scores (N, A) float; labels (N, A) in {1, -1, 0}, only 1 counts; groups (A,) int, the group of each
    attribute. The paper ranks the attributes of an image, takes the top k and counts matched attributes, but
    not over what:
    - "micro" (our reading): true labels in the top k of all A / true labels; a group counts its own labels
      within that same ranking;
    - "macro": the mean of the attributes' own recalls, over those with positives, same ranking;
    - "group": as "micro", but ranked among the group's own attributes; "all" pools the groups;
    - "image": the mean of the images' own recalls, over images with true labels (of the group), same ranking;
    - "best50": as "macro", over the 50 best recalls only (mmfashion), chosen on the test labels, so
      flattering.
    Returns two dicts with the keys "all" and each group (int): the recall, nan for a group without positives,
    and what it is an average over: true labels ("micro", "group"), attributes ("macro", "best50") or images
    ("image").
    """
    if definition not in ATTRIBUTE_DEFINITIONS:
        raise ValueError(f"definition must be one of {ATTRIBUTE_DEFINITIONS}, not {definition!r}")
    positives, groups = _positives(scores, labels), np.asarray(groups)
    if groups.shape != positives.shape[1:]:
        raise ValueError(f"scores {positives.shape} need groups {positives.shape[1:]}, not {groups.shape}")
    members: dict[int | str, np.ndarray] = {"all": np.ones(len(groups), bool)}
    members |= {int(group): groups == group for group in np.unique(groups)}

    if definition == "group":
        top = np.zeros(positives.shape, bool)
        for group in list(members)[1:]:
            top[:, members[group]] = topk_mask(np.asarray(scores)[:, members[group]], k)
    else:
        top = topk_mask(scores, k)
    matched = positives & top

    recall, counts = {}, {}
    for name, columns in members.items():
        axis = 1 if definition == "image" else 0
        found, true = matched[:, columns].sum(axis), positives[:, columns].sum(axis)
        if definition in ("micro", "group"):
            recall[name], counts[name] = _share(found.sum(), true.sum()), int(true.sum())
            continue
        own = np.sort(found[true > 0] / true[true > 0])  # of each attribute, or of each image
        own = own[-50:] if definition == "best50" else own
        recall[name], counts[name] = _mean(own), len(own)
    return recall, counts


# Retrieval (Figures 8, 9 and 11)


def search(
    query: np.ndarray,
    gallery: np.ndarray,
    k: int,
    block: int = 1024,
    device: str = "cpu",
    query_group: np.ndarray | None = None,
    gallery_group: np.ndarray | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """The k nearest gallery rows of each query, nearest first, by Euclidean distance of the given embeddings.

    query (Q, D), gallery (G, D) float, finite. With query_group (Q,) and gallery_group (G,) a query sees its
    own group only (search within a category). Works on `block` x `block` distances at a time, so the memory
    does not grow with Q and G. Returns indices (Q, k) int64 and distances (Q, k) float32; where fewer than k
    candidates exist, -1 and inf. Raises ValueError for NaN, infinite or huge (length 1e18) embeddings and for
    shapes that do not fit.

    Equal distances rank by the lower gallery index. To keep that true for duplicates, distances are computed
    in float64 and compared in float32, and a distance below 1e-6 of the query's length is zero.
    """
    query, gallery = np.asarray(query), np.asarray(gallery)
    if query.ndim != 2 or gallery.ndim != 2 or query.shape[1] != gallery.shape[1]:
        raise ValueError(f"embeddings must be (Q, D) and (G, D), not {query.shape} and {gallery.shape}")
    if k < 1 or block < 1:
        raise ValueError(f"k and block must be 1 or more, not {k} and {block}")
    Q, G = len(query), len(gallery)
    if query_group is not None and gallery_group is not None:
        query_group, gallery_group = _coded(query_group, gallery_group)
        if (len(query_group), len(gallery_group)) != (Q, G):
            raise ValueError(f"{Q} queries and {G} gallery rows need one group each")
        query_group, gallery_group = torch.from_numpy(query_group), torch.from_numpy(gallery_group)
    elif query_group is not None or gallery_group is not None:
        raise ValueError("query_group and gallery_group go together")

    # One int64 key holds a distance (the bits of a float32 >= 0 sort as it does) and, below it, the gallery
    # index: the k smallest keys are the k nearest with ties in order, whatever topk does with equal values.
    nothing = int(np.float32(np.inf).view(np.int32)) << 32
    indices, distances = np.empty((Q, k), np.int64), np.empty((Q, k), np.float32)
    for q in (slice(start, start + block) for start in range(0, Q, block)):
        x, x2 = _float64_rows(query[q], device)
        best = torch.full((len(x), k), nothing, device=device)
        for g in (slice(start, start + block) for start in range(0, G, block)):
            y, y2 = _float64_rows(gallery[g], device)
            squared = torch.addmm(x2[:, None] + y2, x, y.T, alpha=-2)
            squared = squared.masked_fill_(squared < 1e-12 * x2[:, None], 0).float()
            if query_group is not None:
                other = query_group[q].to(device)[:, None] != gallery_group[g].to(device)
                squared.masked_fill_(other, torch.inf)
            keys = squared.view(torch.int32).long() << 32
            keys += torch.arange(g.start, g.start + len(y), device=device)
            nearest = keys.topk(min(k, len(y)), largest=False).values
            best = torch.cat([best, nearest], 1).topk(k, largest=False).values
        found = best < nothing
        indices[q] = torch.where(found, best & 0xFFFFFFFF, -1).cpu().numpy()
        distances[q] = (best >> 32).int().view(torch.float32).sqrt().cpu().numpy()
    return indices, distances


def search_faiss(
    query: np.ndarray,
    gallery: np.ndarray,
    k: int,
    query_group: np.ndarray | None = None,
    gallery_group: np.ndarray | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """`search` by faiss's exact index, an option for large catalogues.

    Arguments and results as there, for float32. faiss rounds to float32 and leaves the order of equal distances open: so more are fetched
    than k, until the last is farther than the k-th by more than rounding can be, and these are ranked as `search` does.
    """
    import faiss  # loaded where it is used: it brings its own threads

    query, gallery = (np.ascontiguousarray(array, np.float32) for array in (query, gallery))
    if not (np.isfinite(query).all() and np.isfinite(gallery).all()):
        raise ValueError("embeddings must be finite")
    if query_group is None:
        query_group, gallery_group = np.zeros(len(query)), np.zeros(len(gallery))
    indices = np.full((len(query), k), -1, np.int64)
    distances = np.full((len(query), k), np.inf, np.float32)
    for group in np.unique(query_group):
        asks, rows = np.flatnonzero(query_group == group), np.flatnonzero(gallery_group == group)
        index, most = faiss.IndexFlatL2(query.shape[1]), min(k, len(rows))
        if not most:
            continue
        index.add(gallery[rows])
        longest = np.square(gallery[rows], dtype=np.float64).sum(1).max()
        slack = 1e-5 * (np.square(query, dtype=np.float64).sum(1) + longest)
        for start in range(0, len(asks), 256):  # memory does not grow with the queries
            left, fetched = asks[start : start + 256], min(most + 1, len(rows))
            while len(left):
                squared, found = index.search(query[left], fetched)
                enough = (squared[:, -1] - squared[:, most - 1] > slack[left]) | (fetched == len(rows))
                for row, near in zip(left[enough], rows[found[enough]], strict=True):
                    x = query[row].astype(np.float64)
                    far = np.square(gallery[near] - x).sum(1)
                    far = np.where(far < 1e-12 * (x @ x), 0, far).astype(np.float32)
                    order = np.lexsort((near, far))[:most]
                    indices[row, :most], distances[row, :most] = near[order], np.sqrt(far[order])
                left, fetched = left[~enough], min(2 * fetched, len(rows))
    return indices, distances


def _float64_rows(embeddings: np.ndarray, device: str) -> tuple[torch.Tensor, torch.Tensor]:
    rows = torch.tensor(embeddings, device=device).double()
    squares = (rows * rows).sum(1)
    if not bool((squares < 1e36).all()):  # false for NaN, too
        raise ValueError("embeddings must be finite and shorter than 1e18")
    return rows, squares


def _coded(first: np.ndarray, second: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Names as integers, the same integer for the same name in both arrays."""
    first, second = np.asarray(first), np.asarray(second)
    codes = np.unique(np.concatenate([first, second]), return_inverse=True)[1]
    return codes[: len(first)], codes[len(first) :]


def retrieval_matches(ranked: np.ndarray, query_items: np.ndarray, gallery_items: np.ndarray) -> np.ndarray:
    """(Q, k) bool: is the image at this rank of the query's item?

    ranked (Q, k) int, gallery indices as `search` returns them, -1 for none; query_items (Q,) and
    gallery_items (G,) item names or numbers. `matches[:, :k].any(1)` are the hits for `bootstrap_interval`.
    """
    ranked = np.asarray(ranked)
    if not np.issubdtype(ranked.dtype, np.integer):
        raise ValueError(f"ranked must hold gallery indices, not {ranked.dtype}")
    if ranked.ndim != 2 or len(ranked) != len(query_items):
        raise ValueError(f"ranked {ranked.shape} does not fit {len(query_items)} queries")
    if ranked.size and not -1 <= ranked.min() <= ranked.max() < len(gallery_items):
        raise ValueError(f"ranked must lie in -1..{len(gallery_items) - 1}")
    query_items, gallery_items = _coded(query_items, gallery_items)
    # An item that nobody asks for stands at the end, where -1 points.
    return np.append(gallery_items, -1)[ranked] == query_items[:, None]


def retrieval_accuracy(
    ranked: np.ndarray, query_items: np.ndarray, gallery_items: np.ndarray, ks: Iterable[int]
) -> dict[str, dict[int, float] | int]:
    """Top-k retrieval accuracy (Figures 8, 9 and 11), arguments as in `retrieval_matches`; ks up to k.

    Returns a dict:
    - "accuracy": {k: share of all queries with at least one image of their item among the top k}, the
      paper's; a query whose item the gallery lacks cannot hit and stays in as a miss;
    - "recall": {k: share of the item's gallery images found, mean over the queries that have any}
      (mmfashion's);
    - "queries": number of queries; "without_match": how many of them the gallery has no image for.
    """
    matches = retrieval_matches(ranked, query_items, gallery_items)
    query_codes, gallery_codes = _coded(query_items, gallery_items)
    in_gallery = np.bincount(gallery_codes, minlength=query_codes.max(initial=-1) + 1)[query_codes]  # (Q,)
    some = in_gallery > 0
    accuracy, recall = {}, {}
    for k in ks:
        if not 1 <= k <= matches.shape[1]:
            raise ValueError(f"k = {k} needs a ranking of that many; it has {matches.shape[1]}")
        accuracy[k] = _mean(matches[:, :k].any(1))
        recall[k] = _mean(matches[some, :k].sum(1) / in_gallery[some])
    return {
        "accuracy": accuracy,
        "recall": recall,
        "queries": len(matches),
        "without_match": int((~some).sum()),
    }


# Landmarks (Figure 10)


def landmark_distances(pred: np.ndarray, true: np.ndarray, box: np.ndarray, norm: str = "box") -> np.ndarray:
    """(N, L) float64 normalised distances of predicted to true landmarks; nan where the truth is nan.

    pred, true (N, L, 2) as (x, y), box (N, 4) as (x1, y1, x2, y2), all in pixels of one image frame. norm:
    "box", dx by the box's width and dy by its height, the box as a unit square (our reading of the paper's
    "normalised distance"); "diagonal", the pixel distance by the box's diagonal. Raises ValueError for
    predictions that are not finite, boxes without area and shapes that do not fit.
    """
    pred, true, box = (np.asarray(array, np.float64) for array in (pred, true, box))
    N = len(pred)
    if pred.ndim != 3 or pred.shape[2] != 2 or true.shape != pred.shape or box.shape != (N, 4):
        raise ValueError(f"shapes do not fit: pred {pred.shape}, true {true.shape}, box {box.shape}")
    if not np.isfinite(pred).all():
        raise ValueError(f"prediction {int((~np.isfinite(pred)).any((1, 2)).argmax())} is not finite")
    size = box[:, 2:] - box[:, :2]  # (N, 2) width, height
    if not (size > 0).all():
        raise ValueError(f"box {int((~(size > 0)).any(1).argmax())} has no area")
    if norm == "diagonal":
        size = np.linalg.norm(size, axis=1, keepdims=True)
    elif norm != "box":
        raise ValueError(f'norm must be "box" or "diagonal", not {norm!r}')
    return np.linalg.norm((pred - true) / size[:, None], axis=2)


def _counted(distances: np.ndarray, visibility: np.ndarray, codes: tuple[int, ...]) -> np.ndarray:
    if np.ndim(distances) != 2 or np.shape(distances) != np.shape(visibility):
        raise ValueError(f"distances {np.shape(distances)} and visibility {np.shape(visibility)} must be one (N, L)")
    return np.isin(visibility, codes)


def pdj(
    distances: np.ndarray,
    visibility: np.ndarray,
    thresholds: Iterable[float],
    invisible: str = "left_out",
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Percentage of detected joints (Figure 10): the share of landmarks whose distance is below a threshold.

    distances (N, L) as `landmark_distances` gives them; visibility (N, L) codes; thresholds (T,), strictly
    "below". Only visible landmarks (code 0) can be right, and one whose true place is nan never is.
    invisible: "left_out" of the count, or counted as "errors" (codes 1 and 2); slots that a clothes type
    lacks (-1) never count. Returns the shares of each landmark (T, L), of all of them pooled (T,), and the
    counts (L,); 0 / 0 is nan.
    """
    if invisible not in ("left_out", "errors"):
        raise ValueError(f'invisible must be "left_out" or "errors", not {invisible!r}')
    visible = _counted(distances, visibility, (0,))
    counts = (visible if invisible == "left_out" else _counted(distances, visibility, (0, 1, 2))).sum(0)
    right = np.array([(visible & (distances < threshold)).sum(0) for threshold in thresholds])  # (T, L)
    right = right.reshape(-1, len(counts))  # also without thresholds
    total = counts.sum()
    per_landmark = np.where(counts > 0, right / np.maximum(counts, 1), np.nan)
    pooled = right.sum(1) / total if total else np.full(len(right), np.nan)
    return per_landmark, pooled, counts


def pck(distances: np.ndarray, visibility: np.ndarray, threshold: float = 0.2) -> tuple[np.ndarray, float, np.ndarray]:
    """PCK, as later papers give it: `pdj` at one threshold. Returns (L,), pooled, counts (L,)."""
    per_landmark, pooled, counts = pdj(distances, visibility, [threshold])
    return per_landmark[0], float(pooled[0]), counts


def normalised_error(distances: np.ndarray, visibility: np.ndarray) -> tuple[np.ndarray, float, np.ndarray]:
    """NE, as later papers give it: the mean distance over visible landmarks (code 0).

    Arguments as in `pdj`. Returns the mean of each landmark (L,), of all pooled, and the counts (L,); nan
    without any. A visible landmark must have a true place: a nan distance there raises ValueError.
    """
    visible = _counted(distances, visibility, (0,))
    if np.isnan(np.asarray(distances)[visible]).any():
        raise ValueError("a visible landmark has no true position")
    counts, sums = visible.sum(0), np.where(visible, distances, 0).sum(0)
    return (
        np.where(counts > 0, sums / np.maximum(counts, 1), np.nan),
        _share(sums.sum(), counts.sum()),
        counts,
    )


def within_pixels(
    pred: np.ndarray,
    true: np.ndarray,
    box: np.ndarray,
    visibility: np.ndarray,
    pixels: float = 10,
    side: int = 224,
) -> tuple[np.ndarray, float, np.ndarray]:
    """The share of visible landmarks less than `pixels` off after the box is scaled to side x side pixels.

    "10 pixels of 224" is said of the network's input; we take that to be the annotated box, whatever margin
    the crop has, stretched to a square. Arguments as in `landmark_distances` and `pdj`; returns (L,), pooled,
    counts (L,).
    """
    return pck(landmark_distances(pred, true, box) * side, visibility, pixels)


# Intervals (the claims)


def resampled_sums(columns: list[np.ndarray], units: np.ndarray | None, n: int, seed: int) -> np.ndarray:
    """(n + 1, columns) sums: of the sample as it is, then of n resamples of its units with replacement."""
    rows = np.column_stack([np.asarray(column, np.float64) for column in columns])
    if not np.isfinite(rows).all():
        raise ValueError("numerators and denominators must be finite")
    if units is not None:
        _, code = np.unique(units, return_inverse=True)
        if len(code) != len(rows):
            raise ValueError(f"{len(rows)} rows need as many units, not {len(code)}")
        rows = np.column_stack([np.bincount(code, weights=column) for column in rows.T])
    rng, size = np.random.default_rng(seed), len(rows)
    sums = [rows.sum(0)]
    for _ in range(n if size else 0):
        sums.append(np.bincount(rng.integers(size, size=size), minlength=size) @ rows)
    return np.array(sums)


def percentiles(values: np.ndarray, level: float) -> tuple[float, float, float]:
    """The first value and the percentile interval of the rest, less the resamples that divide by 0."""
    rest = values[1:][np.isfinite(values[1:])]
    if not 0 < level < 1:
        raise ValueError(f"level must lie between 0 and 1, not {level}")
    if not np.isfinite(values[0]) or not len(rest):
        return float(values[0]) if np.isfinite(values[0]) else float("nan"), float("nan"), float("nan")
    low, high = np.quantile(rest, [(1 - level) / 2, (1 + level) / 2])
    return float(values[0]), float(low), float(high)


def _ratios(numerators: np.ndarray, denominators: np.ndarray) -> np.ndarray:
    return np.where(denominators > 0, numerators / np.where(denominators > 0, denominators, 1), np.nan)


def bootstrap_interval(
    numerator: np.ndarray,
    denominator: np.ndarray,
    units: np.ndarray | None = None,
    n: int = 1000,
    seed: int = 0,
    level: float = 0.95,
) -> tuple[float, float, float]:
    """sum(numerator) / sum(denominator) with its percentile bootstrap interval: (value, low, high).

    numerator, denominator (N,): one row an image, for example matched and true attributes, or hit and 1.
    units (N,): what is drawn with replacement where images are not independent, for example the item; rows by
    default. n resamples. nan where the denominator is 0. All hits or none give an interval of no width: the
    bootstrap cannot see further.
    """
    sums = resampled_sums([numerator, denominator], units, n, seed)
    return percentiles(_ratios(sums[:, 0], sums[:, 1]), level)


def bootstrap_difference(
    numerator: np.ndarray,
    denominator: np.ndarray,
    other_numerator: np.ndarray,
    other_denominator: np.ndarray,
    units: np.ndarray | None = None,
    n: int = 1000,
    seed: int = 0,
    level: float = 0.95,
) -> tuple[float, float, float]:
    """The difference of two such ratios measured on the same rows (two methods, the same images), paired.

    Both see the same resamples, so what is hard for both cancels. Otherwise as `bootstrap_interval`.
    """
    sums = resampled_sums([numerator, denominator, other_numerator, other_denominator], units, n, seed)
    return percentiles(_ratios(sums[:, 0], sums[:, 1]) - _ratios(sums[:, 2], sums[:, 3]), level)
