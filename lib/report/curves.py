"""Tables behind the curves: retrieval (figures 8 and 9), variations (figure 11) and landmarks (figure 10).

`Results` in, DataFrames out. Shares are in 0..1 unless a column says per cent or points; intervals are 95 % over items
and seeds. "mean landmark" is a reference row: the mean landmark of the train split in every box.
"""

from dataclasses import replace

import numpy as np
import pandas as pd

from lib import metrics, paper, parts
from lib.config import Config
from lib.deepfashion import Benchmark, sides
from lib.lists import LANDMARKS, POSES, Lacks
from lib.methods import FASHIONNET, METHODS
from lib.report.results import Results, mean_landmarks
from lib.report.tables import DASH, plus_minus, reading

THRESHOLDS = np.round(np.arange(0, 0.305, 0.01), 2)


# ---- retrieval: figures 8, 9 and 11 ---------------------------------------------------------------------------------


def search_sizes(benchmark: Benchmark) -> pd.DataFrame:
    """Return the size of a search: queries and gallery images, their items, and queries whose item the gallery
    lacks."""
    b, (query, gallery) = benchmark, sides(benchmark)
    train = set(b.item[b.rows("train")])
    rows = {
        "queries": (len(query), len(set(b.item[query]))),
        "gallery": (len(gallery), len(set(b.item[gallery]))),
        "gallery items without a query": (
            int((~np.isin(b.item[gallery], b.item[query])).sum()),
            len(set(b.item[gallery]) - set(b.item[query])),
        ),
        "queries without a match": (
            int((~np.isin(b.item[query], b.item[gallery])).sum()),
            len(set(b.item[query]) - set(b.item[gallery])),
        ),
        "also in training": (
            int(np.isin(b.item[[*query, *gallery]], list(train)).sum()),
            len(train & set(b.item[[*query, *gallery]])),
        ),
    }
    return pd.DataFrame(rows.values(), pd.Index(rows, name="what"), ["images", "items"])


def retrieval_curves(results: Results) -> pd.DataFrame:
    """Return figure 8b or 9b: top-k accuracy for k = 1..50, over the whole gallery and within the query's category.

    Columns method, search, k, accuracy, lo, hi; difference to FashionNet, paired, with difference_lo and _hi; recall
    (the share of the item's gallery images found, mmfashion's); queries.
    """
    out = []
    for search, within in {"all": False, "within category": True}.items():
        have = results.having("nearest_in_category" if within else "nearest")
        curves = {m: _curve(results.matches(m, within), None) for m in have}
        values = {m: results.values(m, counts) for m, counts in curves.items()}
        for m in have:
            here = [metrics.interval(v, seeds=results.seeds(m)) for v in values[m].T]
            seeds = min(results.seeds(m), results.seeds(FASHIONNET)) if FASHIONNET in values else 1
            gap = values[m] - values[FASHIONNET] if FASHIONNET in values else np.full_like(values[m], np.nan)
            gaps = [metrics.interval(v, seeds=seeds) for v in gap.T]
            recall = _found(results, m, within)
            for k, (i, g) in enumerate(zip(here, gaps, strict=True), 1):
                out.append((m, search, k, i.value, i.lo, i.hi, g.value, g.lo, g.hi, recall[k - 1], len(results.query)))
    names = [
        "method",
        "search",
        "k",
        "accuracy",
        "lo",
        "hi",
        "difference",
        "difference_lo",
        "difference_hi",
        "recall",
        "queries",
    ]
    return pd.DataFrame(out, columns=names)


def _curve(matches: np.ndarray, mask: np.ndarray | None):
    """Return hits (seeds, Q, K) at every k and (1, Q, K) ones, 0 where `mask` (Q,) is False."""
    hits = np.maximum.accumulate(matches, axis=2)
    mask = np.ones(hits.shape[1], bool) if mask is None else mask
    ones = np.broadcast_to(mask[None, :, None], (1, *hits.shape[1:]))
    return (hits & ones).astype(np.float64), ones.astype(np.float64)


def _found(results: Results, method: str, within: bool) -> np.ndarray:
    """Return (K,) the share of an item's gallery images among the top k, mean over seeds and queries that have any."""
    b, matches = results.benchmark, results.matches(method, within)
    items, number = np.unique(b.item[results.gallery], return_counts=True)
    count = pd.Series(number, items).reindex(b.item[results.query]).fillna(0).to_numpy()
    some = count > 0
    return (
        (np.cumsum(matches[:, some], axis=2) / count[some][None, :, None]).mean((0, 1))
        if some.any()
        else np.full(matches.shape[2], np.nan)
    )


def retrieval_display(table: pd.DataFrame, printed: dict[str, float], ks=(1, 5, 20, 50)) -> pd.DataFrame:
    """Return accuracy in per cent at some k, the paper's at 20, and the difference to FashionNet there, to read.

    table: of `retrieval_curves`; printed: {method: the paper's top-20 accuracy}.
    """
    lines, last = {}, min(paper.RETRIEVAL_TOP_K, table.k.max())
    for (search, method), r in table.groupby(["search", "method"], sort=False):
        r = r.set_index("k")
        line = {f"top-{k}, %": plus_minus(*(100 * r.loc[k, ["accuracy", "lo", "hi"]])) for k in ks if k in r.index}
        line["paper, top-20"] = f"{100 * printed[method]:.1f}" if method in printed and search == "all" else DASH
        at = 100 * r.loc[last, ["difference", "difference_lo", "difference_hi"]]
        gap = method == FASHIONNET or np.isnan(at.iloc[0])
        line[f"to {FASHIONNET}, points"] = DASH if gap else f"{at.iloc[0]:+.1f} [{at.iloc[1]:+.1f}, {at.iloc[2]:+.1f}]"
        line["reading"] = DASH if gap else reading(*at.iloc[1:])
        lines[search, method] = line
    return pd.DataFrame(list(lines.values()), pd.MultiIndex.from_tuples(lines, names=["search", "method"]))


def paper_top20(stage: str) -> dict[str, float]:
    """Return the paper's top-20 accuracies of a search, by method, those that its text or figure gives."""
    if stage == "inshop":
        main = paper.INSHOP_TOP20[FASHIONNET]
        return paper.INSHOP_TOP20 | {m: main - below for m, below in paper.INSHOP_BELOW_FASHIONNET.items()}
    return dict(paper.CONSUMER2SHOP_TOP20)


VARIATIONS = {"pose": ("front", "side"), "scale": ("zoom-in", "zoom-out")}


def variation_table(results: Results, methods: list[str], few=(1, 5, 20)) -> pd.DataFrame:
    """Return figure 11: in-shop accuracy of the queries of each pose and scale (a), at all k, and of each category (b),
    at the k in `few`.

    Columns method, by ("pose", "scale" or "category"), value, k, accuracy, lo, hi, queries. Raises Lacks without
    FashionNet.
    """
    if FASHIONNET not in methods:
        raise Lacks(f"{FASHIONNET} cannot be trained on this source's labels, and the figure is about it")
    b, query, out = results.benchmark, results.query, []
    pose = np.array([POSES.get(int(code), "") for code in b.pose[query]])
    groups = [(by, value, pose == value) for by, values in VARIATIONS.items() for value in values]
    if b.category is not None:
        numbers, counts = np.unique(b.category[query], return_counts=True)
        order = numbers[np.argsort(-counts, kind="stable")]
        groups += [("category", b.category_names[c], b.category[query] == c) for c in order]
    for method in methods:
        matches = results.matches(method)
        for by, value, mask in groups:
            ks = np.arange(1, matches.shape[2] + 1)
            ks = ks[np.isin(ks, few)] if by == "category" else ks
            hits, ones = _curve(matches, mask)
            values = results.values(method, (hits[:, :, ks - 1], ones[:, :, ks - 1]))
            for k, v in zip(ks, values.T, strict=True):
                i = metrics.interval(v, seeds=results.seeds(method))
                out.append((method, by, value, k, i.value, i.lo, i.hi, int(mask.sum())))
    return pd.DataFrame(out, columns=["method", "by", "value", "k", "accuracy", "lo", "hi", "queries"])


def matched_searches(searches: dict[str, Results], seed: int, ks=(1, 5, 10)) -> pd.DataFrame:
    """Return both searches' accuracy in galleries of one size: as many items in both, one photo of each, drawn by seed.

    The ranking is the run's 50 nearest, less the photos that were not drawn. open: the share of queries without a hit
    whose list is then shorter than k, which count as misses. Columns benchmark, method, k, accuracy, lo, hi, open,
    queries, gallery.
    """
    first = {}
    for name, r in searches.items():
        item = r.benchmark.item
        first[name] = np.intersect1d(item[r.gallery], item[r.query])
    n, out = min(map(len, first.values())), []
    for name, r in searches.items():
        items = np.random.default_rng(seed).choice(first[name], n, replace=False)
        gallery_items, query_items = r.benchmark.item[r.gallery], r.benchmark.item[r.query]
        drawn = np.zeros(len(r.gallery) + 1, bool)  # the last one is where -1 points
        drawn[[np.flatnonzero(gallery_items == item)[0] for item in items]] = True
        asked = np.isin(query_items, items)
        for method in r.having("nearest"):
            for k in [k for k in ks if k < n]:
                hits, short = [], []
                for nearest, match in zip(r._each(method, "nearest"), r.matches(method), strict=True):
                    kept = drawn[nearest]
                    among = kept & (np.cumsum(kept, axis=1) <= k)
                    hits.append((among & match).any(1) & asked)
                    short.append((asked & ~hits[-1] & (among.sum(1) < k)).sum() / asked.sum())
                i = r.interval(method, (np.array(hits, float), asked[None].astype(float)))
                out.append((name, method, k, i.value, i.lo, i.hi, np.mean(short), int(asked.sum()), n))
    return pd.DataFrame(out, columns=["benchmark", "method", "k", "accuracy", "lo", "hi", "open", "queries", "gallery"])


# ---- landmarks: figure 10 -------------------------------------------------------------------------------------------


def with_mean_landmarks(results: Results) -> Results:
    """Return the same with the reference row "mean landmark" behind the methods."""
    mean = mean_landmarks(results.benchmark, results.rows)
    return replace(results, answers=results.answers | {"mean landmark": [mean]})


def pdj_table(results: Results, methods: list[str]) -> pd.DataFrame:
    """Return figure 10a: the share of visible landmarks nearer than a threshold, mean over seeds.

    Columns method, norm ("box", our reading, or "diagonal" of the box), landmark (or "all"), threshold, pdj, n.
    """
    visible, out = results.benchmark.visibility[results.rows] == 0, []
    slots = {name: [j] for j, name in enumerate(LANDMARKS)} | {"all": list(range(8))}
    for method in methods:
        for norm in ("box", "diagonal"):
            far = results.distances(method, norm)  # (seeds, n, 8)
            for name, slot in slots.items():
                known = far[:, :, slot][:, visible[:, slot]]  # (seeds, visible ones)
                for threshold in THRESHOLDS:
                    share = (known < threshold).mean() if known.size else np.nan
                    out.append((method, norm, name, threshold, share, known.shape[1]))
    return pd.DataFrame(out, columns=["method", "norm", "landmark", "threshold", "pdj", "n"])


def pdj_differences(results: Results, methods: list[str], thresholds=THRESHOLDS[::2]) -> pd.DataFrame:
    """Return figure 10b: PDJ of all landmarks by the box, and the paired difference to FashionNet.

    Columns method, threshold, pdj, lo, hi, difference, difference_lo, difference_hi.
    """
    out = []
    for method in methods:
        for t in thresholds:
            counts, main = (results.landmarks(m, threshold=t) for m in (method, FASHIONNET))
            i, g = results.interval(method, counts), results.difference(method, counts, FASHIONNET, main)
            out.append((method, t, i.value, i.lo, i.hi, g.value, g.lo, g.hi))
    ends = ["pdj", "lo", "hi", "difference", "difference_lo", "difference_hi"]
    return pd.DataFrame(out, columns=["method", "threshold", *ends])


def pdj_display(table: pd.DataFrame) -> pd.DataFrame:
    """Return PDJ at 0.1 of the box in per cent: one row per landmark, one column per method. table: of `pdj_table`."""
    at = table[(table.threshold == paper.PDJ_THRESHOLD) & (table.norm == "box")]
    wide = at.pivot(index="landmark", columns="method", values="pdj").loc[[*LANDMARKS, "all"]]
    return (100 * wide)[list(dict.fromkeys(at.method))].rename_axis(columns=None)


def landmark_summary(results: Results, methods: list[str]) -> pd.DataFrame:
    """Return the figures of merit in use, all landmarks pooled, mean over seeds: one row per method.

    lo and hi are the 95 % interval of "PDJ@0.1 box", over items and seeds.
    """
    b, rows = results.benchmark, results.rows
    true, box, visibility = b.landmarks[rows], b.box[rows], b.visibility[rows]
    out = []
    for method in methods:
        each = []
        for answers in results.answers[method]:
            far = metrics.landmark_distances(answers["landmarks"], true, box)
            by_diagonal = metrics.landmark_distances(answers["landmarks"], true, box, "diagonal")
            each.append({
                "PDJ@0.1 box": metrics.pdj(far, visibility, [0.1])[1][0],
                "PDJ@0.1 diagonal": metrics.pdj(by_diagonal, visibility, [0.1])[1][0],
                "PDJ@0.1 box, invisible as errors": metrics.pdj(far, visibility, [0.1], "errors")[1][0],
                "NE": metrics.normalised_error(far, visibility)[1],
                "PCK@0.2": metrics.pck(far, visibility)[1],
                "within 10 of 224 px": metrics.within_pixels(answers["landmarks"], true, box, visibility)[1],
            })  # fmt: skip
        found = results.interval(method, results.landmarks(method))
        ends = {"lo": found.lo, "hi": found.hi, "n": int((visibility == 0).sum())}
        out.append({"method": method} | pd.DataFrame(each).mean().to_dict() | ends)
    return pd.DataFrame(out)


def visibility_table(results: Results, methods: list[str]) -> pd.DataFrame:
    """Return how well visibility is predicted, mean over seeds: one row per method and one for the commonest code.

    Columns right (share of landmark slots whose code is right) and "absent closed" (share of the slots that the clothes
    type lacks whose gate is closed).
    """
    codes = results.benchmark.visibility[results.rows]
    known = codes >= 0
    out = {"commonest code": (max(np.mean(codes[known] == code) for code in (0, 1, 2)), np.nan)}
    for method in methods:
        guess = np.stack([answers["visibility"] for answers in results.answers[method]])
        closed = (guess[:, ~known] != 0).mean() if (~known).any() else np.nan
        out[method] = ((guess == codes)[:, known].mean(), closed)
    return pd.DataFrame(out.values(), pd.Index(out, name="method"), ["right", "absent closed"])


def detector_table(results: Results, config: Config) -> pd.DataFrame:
    """Return how well joints and poselets are detected, first seed: one row per part and one for all of a kind.

    Columns kind, part, present (images whose box shows the part), detected (the gate passes it), found (of the present
    ones, the share detected less than 0.1 of the box from the truth), false (share of the detections that are
    elsewhere).
    """
    b, rows, out = results.benchmark, results.rows, []
    reach = (0.5 + config.input.margin) * config.input.view - 0.5  # what a view shows beyond the box on each side
    for method in results.having("parts"):
        kind, answers = METHODS[method].detector, results.answers[method][0]
        if kind == "poselets" and "poselets" not in answers:
            continue
        truth, present = parts.targets(kind, b, 0.0, answers.get("poselets"))  # margin 0: in units of the box
        truth, present = truth[rows, 0], present[rows, 0]
        present &= ((truth > -reach) & (truth < 1 + reach)).all(2)
        box = b.box[rows][:, None]
        guess = (answers["parts"] - box[..., :2]) / (box[..., 2:] - box[..., :2])
        passed = answers["present"] > 0.5
        right = passed & present & (np.linalg.norm(guess - truth, axis=2) < paper.PDJ_THRESHOLD)
        table = pd.DataFrame(
            {"kind": kind, "part": parts.names(kind), "present": present.sum(0), "detected": passed.sum(0)}
        )
        table["right"] = right.sum(0)
        table.loc[len(table)] = (kind, "all", present.sum(), passed.sum(), right.sum())
        table["found"] = table.right / table.present.where(table.present > 0)
        table["false"] = 1 - table.right / table.detected.where(table.detected > 0)
        out.append(table.drop(columns="right"))
    names = ["kind", "part", "present", "detected", "found", "false"]
    return pd.concat(out, ignore_index=True) if out else pd.DataFrame(columns=names)
