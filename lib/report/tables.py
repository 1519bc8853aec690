"""Tables of the data, the network, the training and Table 2: benchmarks, runs and `Results` in, DataFrames out.

Shares are in 0..1 unless a column says per cent or points; intervals are 95 % over items and seeds (see `metrics`).
Names that are no method (ceiling, prior, chance) are reference rows. A paper value is left out where the source's
groups or data are not the paper's.
"""

import numpy as np
import pandas as pd

from lib import metrics, paper, runs
from lib.config import Config
from lib.deepfashion import Benchmark
from lib.lists import FOLDERS, LANDMARKS, SPLITS, Lacks
from lib.methods import FASHIONNET
from lib.report.results import Results, ceiling, chance
from lib.runs import Run

DASH = "–"  # an empty cell of a display table


def profile_line(config: Config, data: str) -> str:
    """Return one sentence for the top of a notebook: which profile and data its outputs come from."""
    source = "the data set of the parameters cell" if data else f"the synthetic clothes world of seed {config.seed}"
    note = " They show that every step runs and are not results." if config.profile == "smoke" else ""
    return f"The outputs below are of the profile {config.profile}, on {source}.{note}"


def need(benchmarks: dict[str, Benchmark], name: str, *fields: str) -> Benchmark:
    """Return one benchmark. Raises Lacks where the source does not have it, or has none of the fields."""
    if name not in benchmarks:
        raise Lacks(f"this source has no {FOLDERS[name]}, which this notebook is about")
    benchmark = benchmarks[name]
    if fields and all(getattr(benchmark, field) is None for field in fields):
        raise Lacks(f"{benchmark.images_root}: no {' and no '.join(fields)}, which this notebook is about")
    return benchmark


# ---- the data set ---------------------------------------------------------------------------------------------------


def source_table(benchmarks: dict[str, Benchmark]) -> pd.DataFrame:
    """Return one row per benchmark: its images, and the fields that the source lacks.

    Column "skipped": the images that were left out because their photos are damaged, where there are any.
    """
    rows = [(name, len(b.image), ", ".join(b.lacks()) or DASH) for name, b in benchmarks.items()]
    table = pd.DataFrame(rows, columns=["benchmark", "images", "lacks"]).set_index("benchmark")
    skipped = [b.skipped for b in benchmarks.values()]
    return table.assign(skipped=skipped) if any(skipped) else table


def counts_table(benchmarks: dict[str, Benchmark]) -> pd.DataFrame:
    """Return the counts of the paper, of its public release and of this source: one row per benchmark and quantity."""
    out = []
    for name, wanted in paper.COUNTS.items():
        here = _counts(benchmarks[name]) if name in benchmarks else {}
        out += [(name, what, *numbers, here.get(what)) for what, numbers in wanted.items()]
    out += [(name, "photos left out, damaged", None, None, b.skipped) for name, b in benchmarks.items() if b.skipped]
    table = pd.DataFrame(out, columns=["benchmark", "what", "paper", "release", "here"])
    return table.astype({column: "Int64" for column in ("paper", "release", "here")})


def _counts(b: Benchmark) -> dict[str, int]:
    counts = {"images": len(b.image)}
    for what, field in (("categories", b.category_names), ("attributes", b.attribute_names), ("pairs", b.pairs)):
        if field is not None:
            counts[what] = len(field)
    if b.item is not None:
        counts["items"] = len(np.unique(b.item))
        counts["train items"] = len(np.unique(b.item[b.rows("train")]))
    for split in ("train", "query", "gallery"):
        counts[f"{split} images"] = len(b.rows(split))
    return counts


def category_counts(benchmark: Benchmark, top: int) -> pd.Series | None:
    """Return the images of the most frequent categories by name; None where the source has no categories."""
    if benchmark.category is None:
        return None
    names = pd.Series(np.array(benchmark.category_names)[benchmark.category])
    return names.value_counts()[:top]


def attribute_counts(benchmark: Benchmark, top: int) -> dict[str, pd.Series]:
    """Return the images of the most frequent attributes of each group, by name."""
    if benchmark.attributes is None:
        return {}
    counts = pd.Series((benchmark.attributes == 1).sum(0), benchmark.attribute_names)
    return {
        name: counts[benchmark.attribute_groups == group].sort_values(ascending=False, kind="stable")[:top]
        for group, name in benchmark.group_names.items()
    }


def label_table(benchmark: Benchmark) -> pd.DataFrame:
    """Return one row per attribute group and one for all: attributes, labels per image by split, attributes that never
    fire.

    Columns attributes, labels per image (all images), one "<split>" each with the labels per image, "never in train".
    """
    if benchmark.attributes is None:
        return pd.DataFrame(columns=["attributes"])
    splits = [split for split in SPLITS if (benchmark.split == split).any()]
    positive, first, out = benchmark.attributes == 1, splits[0], {}
    for number, name in [*benchmark.group_names.items(), (None, "all")]:
        columns = np.ones(positive.shape[1], bool) if number is None else benchmark.attribute_groups == number
        row = {"attributes": int(columns.sum())}
        row |= {f"per {split} image": positive[benchmark.rows(split)][:, columns].sum(1).mean() for split in splits}
        row[f"never in {first}"] = int((~positive[benchmark.rows(first)][:, columns].any(0)).sum())
        out[name] = row
    return pd.DataFrame(out.values(), pd.Index(out, name="group"))


def frequency_table(benchmark: Benchmark) -> pd.DataFrame:
    """Return how well the train split's label frequencies, and the best possible ranking, name the labels of each
    split.

    Columns images, "label loss" (cross-entropy of the frequencies of the pretrain and train splits, 1 on those splits
    together) and, where the source knows the ceiling, "ceiling, top-3" and "ceiling, top-5" (per cent of labels found).
    """
    if benchmark.attributes is None:
        return pd.DataFrame(columns=["images"])
    positive = benchmark.attributes == 1
    learn = benchmark.rows("pretrain", "train")
    share = (positive[learn].sum(0) + 0.5) / (len(learn) + 1)  # never 0 or 1
    splits = [split for split in SPLITS if (benchmark.split == split).any()]
    whole, out = _cross_entropy(share, positive[learn]), {}
    for split in splits:
        rows = benchmark.rows(split)
        out[split] = {"images": len(rows), "label loss": _cross_entropy(share, positive[rows]) / whole}
        if best := ceiling(benchmark, rows):
            r = Results("category_attribute", benchmark, rows, {"ceiling": [best]})
            for k in (3, 5):
                matched, true = r.attributes("ceiling", k)
                out[split][f"ceiling, top-{k}"] = 100 * matched.sum() / true.sum()
    return pd.DataFrame(out.values(), pd.Index(out, name="split"))


def _cross_entropy(share: np.ndarray, positive: np.ndarray) -> float:
    """Return the mean binary cross-entropy of constant probabilities (A,) on labels (n, A) bool."""
    rate = positive.mean(0)
    return float(-(rate * np.log(share) + (1 - rate) * np.log(1 - share)).mean())


def landmark_table(benchmark: Benchmark) -> pd.DataFrame:
    """Return one row per landmark: images that have it visible, occluded, cut off or not at all.

    Where the source has joints, "to nearest joint" is the mean distance to the nearest visible one, in units of the
    box.
    """
    codes = {"visible": 0, "occluded": 1, "cut off": 2, "no such landmark": -1}
    visibility = np.full((len(benchmark.image), 8), -1) if benchmark.visibility is None else benchmark.visibility
    index = pd.Index(LANDMARKS, name="landmark")
    table = pd.DataFrame({name: (visibility == code).sum(0) for name, code in codes.items()}, index)
    if benchmark.joints is not None and benchmark.landmarks is not None:
        joints = np.where(benchmark.joint_visibility[..., None] == 0, benchmark.joints, np.nan)
        side = (benchmark.box[:, 2:] - benchmark.box[:, :2])[:, None]
        for j, name in enumerate(LANDMARKS):
            far = np.linalg.norm((joints - benchmark.landmarks[:, j : j + 1]) / side, axis=2)  # (N, 14)
            known = (benchmark.visibility[:, j] == 0) & np.isfinite(far).any(1)
            table.loc[name, "to nearest joint"] = np.nanmin(far[known], axis=1).mean() if known.any() else np.nan
    return table


# ---- training -------------------------------------------------------------------------------------------------------


def history_table(trained: dict[str, list[Run]]) -> pd.DataFrame:
    """Return the loss histories of the first run of each method, one row per epoch, without seconds (they vary).

    Columns method, epoch, round, step, rate, train_<loss>, held_out_<loss>.
    """
    histories = [pd.DataFrame(runs.info(first)["history"]).assign(method=m) for m, (first, *_) in trained.items()]
    table = pd.concat(histories, ignore_index=True).drop(columns="seconds", errors="ignore")
    return table[["method", *(column for column in table if column != "method")]]


def budget(stage: str, trained: dict[str, list[Run]]) -> pd.DataFrame:
    """Return what each method was trained with: one row per run.

    Columns stage, method, seed, images, epochs, passes (images times epochs), final_rate (after the last update),
    seconds. Raises Lacks where no method was trained, since the source has no label that one learns.
    """
    if not trained:
        raise Lacks(f"no method of this profile can be trained on this source's labels in {stage}")
    out = []
    for method, run in [(method, run) for method, several in trained.items() for run in several if run.finished]:
        info = runs.info(run)
        about, last = info["about"], info["history"][-1]
        row = (about["seed"], about["images"], about["epochs"], about["passes"], last["rate"], about["seconds"])
        out.append((stage, method, *row))
    columns = ["stage", "method", "seed", "images", "epochs", "passes", "final_rate", "seconds"]
    return pd.DataFrame(out, columns=columns)


def equal_budgets(table: pd.DataFrame) -> pd.DataFrame:
    """Return, per stage, the number of runs, the least and most passes, and the highest final rate. table: of
    `budget`."""
    stages = table.groupby("stage", sort=False)
    out = stages.agg(runs=("method", "size"), least_passes=("passes", "min"), most_passes=("passes", "max"))
    return out.assign(final_rate=stages.final_rate.max())


def runs_table(trained: dict[str, list[Run]]) -> pd.DataFrame:
    """Return where the numbers come from: one row per run with stage, method, seed, commit, date, device, versions and
    seconds, as run.json has them."""
    first = ["stage", "method", "seed", "commit", "date", "device", "seconds"]
    table = pd.DataFrame([runs.info(run)["about"] for several in trained.values() for run in several if run.finished])
    return table[[*first, *(column for column in table if column not in first)]]


def commits_line(table: pd.DataFrame) -> str:
    """Return one sentence: whether all runs of `runs_table` come from one commit, or which commits they come from."""
    commits = table.groupby("commit", sort=False).method.agg(lambda m: ", ".join(dict.fromkeys(m)))
    if len(commits) < 2:
        return f"All {len(table)} runs come from commit {commits.index[0] if len(commits) else 'unknown'}."
    return "ROWS COME FROM DIFFERENT COMMITS: " + "; ".join(f"{commit} ({names})" for commit, names in commits.items())


# ---- categories and attributes: Table 2 and figure 7 ----------------------------------------------------------------


def table2(results: Results, ks=(3, 5)) -> pd.DataFrame:
    """Return Table 2: one row per method, then ceiling, prior and chance; per cent.

    Columns `<column>_top<k>` with `_lo` and `_hi`; columns are category, each attribute group and all. What the source
    or a method lacks is nan, and a column that nobody has is left out. A ceiling by the true labels alone is of all
    groups: which labels come first is arbitrary.
    """
    r, b, out = results.with_references(), results.benchmark, []
    groups = [] if b.attributes is None else [*b.group_names.items(), (None, "all")]
    for method in [*results.methods, *(m for m in ("ceiling", "prior") if m in r.answers)]:
        row = {"method": method}
        for k in ks:
            if b.category is not None and r.has(method, "category"):
                row |= _interval(f"category_top{k}", r.interval(method, r.category(method, k)))
            if r.has(method, "attributes"):
                for group, name in groups[-1:] if method == "ceiling" and b.ceiling is None else groups:
                    row |= _interval(f"{name}_top{k}", r.interval(method, r.attributes(method, k, group)))
        out.append(row)
    row = {"method": "chance"}
    for k in ks:
        found = chance(results, k)
        for name in ["category", *(name for _, name in groups)]:
            share = found.get("category" if name == "category" else "attributes")
            row |= {} if share is None else {f"{name}_top{k}{end}": 100 * share for end in ("", "_lo", "_hi")}
    return pd.DataFrame([*out, row])


def _interval(name: str, interval) -> dict[str, float]:
    return {name: 100 * interval.value, f"{name}_lo": 100 * interval.lo, f"{name}_hi": 100 * interval.hi}


def beside_paper(table: pd.DataFrame, benchmark: Benchmark) -> pd.DataFrame:
    """Return Table 2 as a long table: method, column, k, paper, ours, lo, hi, difference; per cent.

    The paper's values are left out where the source's attribute groups are not the paper's five.
    """
    same_groups = benchmark.group_names == paper.ATTRIBUTE_GROUPS
    out = []
    for _, row in table.iterrows():
        for column in [c for c in table.columns if c.rpartition("_top")[2].isdigit()]:
            name, _, k = column.rpartition("_top")
            printed = paper.TABLE2.get(row.method, {}).get(name) if same_groups or name == "category" else None
            value = np.nan if printed is None else printed[(3, 5).index(int(k))]
            ours, low, high = (row[f"{column}{end}"] for end in ("", "_lo", "_hi"))
            out.append((row.method, name, int(k), value, ours, low, high, ours - value))
    return pd.DataFrame(out, columns=["method", "column", "k", "paper", "ours", "lo", "hi", "difference"])


def table2_display(beside: pd.DataFrame, k: int) -> pd.DataFrame:
    """Return Table 2 at top-k to read: per method a line "here", value ± half its interval, and a line "paper"."""
    rows = beside[(beside.k == k) & beside.ours.notna()]
    columns, lines = list(dict.fromkeys(rows.column)), {}
    for method, part in rows.groupby("method", sort=False):
        part = part.set_index("column").reindex(columns)
        lines[method, "here"] = [plus_minus(p.ours, p.lo, p.hi) for p in part.itertuples()]
        if part.paper.notna().any():
            lines[method, "paper"] = [DASH if np.isnan(p) else f"{p:.1f}" for p in part.paper]
    index = pd.MultiIndex.from_tuples(lines, names=["method", f"top-{k}, %"])
    return pd.DataFrame(list(lines.values()), index, columns)


def plus_minus(value: float, low: float, high: float, digits: int = 1) -> str:
    if np.isnan(value):
        return DASH
    return f"{value:.{digits}f}" + ("" if not high > low else f" ± {(high - low) / 2:.{digits}f}")


def leads(results: Results) -> pd.DataFrame:
    """Return FashionNet's lead over each other method, paired, in points: columns measure, over, points, lo, hi,
    reading.

    Measures are category top-3, attributes top-5 and PDJ at 0.1, where both methods have them.
    """
    measures = {
        "category, top-3": ("category", lambda m: results.category(m, 3)),
        "attributes, top-5": ("attributes", lambda m: results.attributes(m, 5)),
        "landmarks, PDJ at 0.1": ("landmarks", results.landmarks),
    }
    out = []
    for measure, (answers, counts) in measures.items():
        have = results.having(answers)
        for other in [m for m in have if m != FASHIONNET and FASHIONNET in have]:
            i = results.difference(FASHIONNET, counts(FASHIONNET), other, counts(other))
            out.append((measure, other, 100 * i.value, 100 * i.lo, 100 * i.hi, reading(100 * i.lo, 100 * i.hi)))
    return pd.DataFrame(out, columns=["measure", "over", "points", "lo", "hi", "reading"])


def reading(low: float, high: float) -> str:
    """Return what an interval in points tells: ahead, behind, or equal within its farther end."""
    if np.isnan(low) or np.isnan(high):
        return "cannot be told"
    return "ahead" if low > 0 else "behind" if high < 0 else f"equal within {max(abs(low), abs(high)):.1f}"


def category_table(results: Results, ks=(1, 3, 5)) -> pd.DataFrame:
    """Return top-k category accuracy over images (micro, the paper's) and over categories (macro, mmfashion's).

    Columns method, k, micro, lo, hi, macro, n.
    """
    labels, out = results.benchmark.category[results.rows], []
    number = pd.factorize(labels)[0]
    for method in results.having("category"):
        for k in ks:
            hits, ones = results.category(method, k)
            macro = np.mean(np.bincount(number, hits.mean(0)) / np.bincount(number))
            i = results.interval(method, (hits, ones))
            out.append((method, k, i.value, i.lo, i.hi, macro, len(labels)))
    return pd.DataFrame(out, columns=["method", "k", "micro", "lo", "hi", "macro", "n"])


def attribute_definitions(results: Results, ks=(3, 5)) -> pd.DataFrame:
    """Return top-k attribute recall by all five definitions in use (see `metrics.attribute_recall`), mean over seeds.

    Columns method, group (or "all"), k, micro, macro, within_group, image, best50, n (labels); prior and ceiling
    included.
    """
    r, b = results.with_references(), results.benchmark
    labels, out = b.attributes[r.rows], []
    for method in r.having("attributes"):
        for k in ks:
            by = {}
            for definition in metrics.ATTRIBUTE_DEFINITIONS:
                name = "attributes_in_group" if definition == "group" else "attributes"
                each = [
                    metrics.attribute_recall(a[name], labels, k, b.attribute_groups, definition)[0]
                    for a in r.answers[method]
                ]
                by[definition] = pd.DataFrame(each).mean()
            groups = [*b.group_names.items(), ("all", "all")]
            if method == "ceiling":  # the list of the best 50 does not hold each group's best five
                by["group"] = by["group"] * np.nan
            if method == "ceiling" and b.ceiling is None:  # the order of the true labels is arbitrary
                by["macro"], by["best50"], groups = by["macro"] * np.nan, by["best50"] * np.nan, groups[-1:]
            for group, name in groups:
                n = int((labels[:, r.group(group)] == 1).sum())
                out.append((method, name, k, *(by[d][group] for d in metrics.ATTRIBUTE_DEFINITIONS), n))
    names = ["within_group" if d == "group" else d for d in metrics.ATTRIBUTE_DEFINITIONS]
    return pd.DataFrame(out, columns=["method", "group", "k", *names, "n"])


def figure7(results: Results, methods: list[str]) -> pd.DataFrame:
    """Return figure 7: top-5 recall of the 14 most frequent training attributes of each group, mean over seeds.

    They replace the paper's choice of "representative" ones. Columns group, attribute, n (labels), one per method.
    """
    b, out = results.benchmark, []
    frequency = (b.attributes[b.rows("train")] == 1).sum(0)
    for number, group in b.group_names.items():
        columns = np.flatnonzero(b.attribute_groups == number)
        columns = columns[np.argsort(-frequency[columns], kind="stable")][: paper.FIGURE7_PER_GROUP]
        table = pd.DataFrame({"group": group, "attribute": np.array(b.attribute_names)[columns]})
        for method in methods:
            hits, true = results.per_attribute(method, paper.FIGURE7_TOP_K, columns)
            table["n"] = true[0].sum(0).astype(int)
            table[method] = hits.mean(0).sum(0) / np.where(table.n > 0, table.n, np.nan)
        out.append(table)
    return pd.concat(out, ignore_index=True)


def figure7_leads(table: pd.DataFrame, methods: list[str]) -> pd.DataFrame:
    """Return, per group, on how many attributes FashionNet is ahead of, level with and behind the best of the others.

    Raises Lacks where FashionNet is not among them.
    """
    if FASHIONNET not in methods:
        raise Lacks(f"{FASHIONNET} cannot be trained on this source's labels, and all others are compared with it")
    best = table[[m for m in methods if m != FASHIONNET]].max(axis=1)
    words = np.select([table[FASHIONNET] > best, table[FASHIONNET] < best], ["ahead", "behind"], "level")
    words = pd.Categorical(
        np.where(table[FASHIONNET].isna(), "no labels", words), ["ahead", "level", "behind", "no labels"]
    )
    return pd.crosstab(table.group, words, dropna=False).loc[table.group.unique()].rename_axis(columns=None)


def best_and_worst(results: Results, n: int = 6, least: int = 5) -> pd.DataFrame:
    """Return FashionNet's n best and n worst found attributes among those with at least `least` labels: top-5
    recall."""
    hits, true = results.per_attribute(FASHIONNET, 5, np.arange(len(results.benchmark.attribute_names)))
    table = pd.DataFrame({"attribute": results.benchmark.attribute_names, "labels": true[0].sum(0).astype(int)})
    table["recall"] = hits.mean(0).sum(0) / np.maximum(table.labels, 1)
    table = table[table.labels >= least].sort_values(["recall", "labels"], ascending=False, kind="stable")
    return pd.concat([table[:n], table[n:][-n:]]).reset_index(drop=True)


# ---- claims ---------------------------------------------------------------------------------------------------------


def claims_display(judged: pd.DataFrame, *groups: str) -> pd.DataFrame:
    """Return the claims of some groups to read, in points: claim, the paper's effect, here with its interval, what the
    test could have seen, both verdicts and the reason. judged: of `claims.judge`."""
    rows = judged[judged.group.isin(groups)]
    table = pd.DataFrame({
        "claim": rows.claim,
        "paper": [DASH if np.isnan(p) else f"{100 * p:+.1f}" for p in rows.paper],
        "here": [DASH if np.isnan(r.measured) else f"{100 * r.measured:+.1f} [{100 * r.lo:+.1f}, {100 * r.hi:+.1f}]"
                 for r in rows.itertuples()],
        "could see": [DASH if np.isnan(d) else f"{100 * d:.1f}" for d in rows.detectable],
        "direction": rows.direction,
        "size": rows["size"].replace("", DASH),
        "reason": rows.reason.replace("", DASH),
    })  # fmt: skip
    return table.set_index("claim")
