"""Tables of the data, the training and the measures, to be shown and drawn.

Shares are in 0..1 unless a column says per cent or points; intervals are 95 % over units (designs where the clothes are
drawn, else items) and seeds. The pivots take rows of `measures.measure_all`, in which names that are no method
(the ceilings, prior, chance, mean landmark) are references. A paper value is left out where the source's groups or
data are not the paper's.
"""

import numpy as np
import pandas as pd

from lib import crops, paper, parts, runs
from lib.config import Config
from lib.deepfashion import Benchmark, sides
from lib.lists import ATTRIBUTE_GROUPS, FOLDERS, LANDMARKS, Lacks
from lib.methods import FASHIONNET, GLOBAL, METHODS
from lib.report.measures import each_attribute, printed, words
from lib.report.results import Results
from lib.runs import Run
from lib.train import WEIGHTS

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


def source_table(benchmarks: dict[str, Benchmark]) -> pd.DataFrame:
    """Return the images of each benchmark, the fields that it lacks and, where photos are damaged, how many."""
    lacks = {name: [f for f, value in vars(b).items() if value is None] for name, b in benchmarks.items()}
    rows = [(name, len(b.image), ", ".join(lacks[name]) or DASH) for name, b in benchmarks.items()]
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
    return counts | {f"{split} images": len(b.rows(split)) for split in ("train", "query", "gallery")}


def landmark_table(benchmark: Benchmark) -> pd.DataFrame:
    """Return one row per landmark: images that have it visible, occluded, cut off or not at all."""
    codes = {"visible": 0, "occluded": 1, "cut off": 2, "no such landmark": -1}
    visibility = np.full((len(benchmark.image), 8), -1) if benchmark.visibility is None else benchmark.visibility
    index = pd.Index(LANDMARKS, name="landmark")
    return pd.DataFrame({name: (visibility == code).sum(0) for name, code in codes.items()}, index)


def search_sizes(benchmark: Benchmark) -> pd.DataFrame:
    """Return the size of a search: images and items on both sides, and those without a counterpart."""
    query, gallery = sides(benchmark)
    asked, there = benchmark.item[query], benchmark.item[gallery]
    both, train = np.concatenate([asked, there]), benchmark.item[benchmark.rows("train")]
    rows = {
        "queries": asked,
        "gallery": there,
        "gallery items without a query": there[~np.isin(there, asked)],
        "queries without a match": asked[~np.isin(asked, there)],
        "also in training": both[np.isin(both, train)],
    }
    counts = [(len(items), len(np.unique(items))) for items in rows.values()]
    return pd.DataFrame(counts, pd.Index(rows, name="what"), ["images", "items"])


def history_table(trained: dict[str, list[Run]]) -> pd.DataFrame:
    """Return the loss history of each method's first run, one row per epoch, without seconds (they vary)."""
    histories = [pd.DataFrame(runs.info(first)["history"]).assign(method=m) for m, (first, *_) in trained.items()]
    table = pd.concat(histories, ignore_index=True).drop(columns="seconds")
    return table[["method", *table.columns.drop("method")]]


def loss_shares(history: pd.DataFrame, config: Config) -> pd.DataFrame:
    """Return each weighted loss's share in the last epoch of each step, one row per method and step of the history."""
    last, out = history.groupby(["method", "step"], sort=False).last(), {}
    for (method, step), row in last.filter(regex="^train_").iterrows():
        weights = getattr(config.training, WEIGHTS[step if step == "all" else int(step)])
        losses = row.rename(lambda name: name.removeprefix("train_"))
        weighted = losses * [getattr(weights, name) for name in losses.index]
        out[method, step] = weighted / weighted.sum()
    return pd.DataFrame(out).T.rename_axis(["method", "step"])


def runs_table(trained: dict[str, list[Run]]) -> pd.DataFrame:
    """Return what the finished runs were given and where they come from, one row per run, as run.json has it.

    Columns stage, method, seed, commit, date, device, seconds, versions, images, epochs, passes and final_rate.
    """
    finished = [runs.info(run) for several in trained.values() for run in several if run.folder.exists()]
    first = ["stage", "method", "seed", "commit", "date", "device", "seconds"]
    table = pd.DataFrame([run["about"] for run in finished])
    table["final_rate"] = [run["history"][-1]["rate"] for run in finished]
    return table[[*first, *table.columns.drop(first)]]


def equal_budgets(table: pd.DataFrame) -> pd.DataFrame:
    """Return the runs of each stage of `runs_table`, the least and most passes, and the highest final rate."""
    stages = table.groupby("stage", sort=False)
    out = stages.agg(runs=("method", "size"), least_passes=("passes", "min"), most_passes=("passes", "max"))
    return out.assign(final_rate=stages.final_rate.max())


def commits_line(table: pd.DataFrame) -> str:
    """Return one sentence: whether all runs of `runs_table` come from one commit, or which commits they come from."""
    commits = table.groupby("commit", sort=False).method.agg(lambda m: ", ".join(dict.fromkeys(m)))
    if len(commits) == 1:
        return f"All {len(table)} runs come from commit {commits.index[0]}."
    return "ROWS COME FROM DIFFERENT COMMITS: " + "; ".join(f"{commit} ({names})" for commit, names in commits.items())


def texts(values: pd.Series, form: str) -> list[str]:
    """Return numbers in a form of `format`, a dash for nan."""
    return [DASH if pd.isna(value) else format(value, form) for value in values]


def plus_minus(value: float, low: float, high: float) -> str:
    """Return a value ± half of its interval, the value alone without one, a dash for nan."""
    if np.isnan(value):
        return DASH
    return f"{value:.1f} ± {(high - low) / 2:.1f}" if high > low else f"{value:.1f}"


def reading(low: float, high: float) -> str:
    """Return what an interval tells: ahead, behind or not told apart."""
    if np.isnan(low) or np.isnan(high):
        return "cannot be told"
    return "ahead" if low > 0 else "behind" if high < 0 else "not told apart"


def rows_of(
    table: pd.DataFrame, measure: str, definition: str, k: float | None = None, group: str = ""
) -> pd.DataFrame:
    """Return the rows of one measure, of all its k and groups or of one."""
    rows = table[(table.measure == measure) & (table.definition == definition)]
    rows = rows if k is None else rows[rows.k == k]
    return rows[rows.group == group] if group else rows


def shown(rows: pd.DataFrame) -> pd.Series:
    """Return "value ± half of the interval" in per cent, by method."""
    numbers = 100 * rows.set_index("method")[["value", "lo", "hi"]].astype(float)
    return pd.Series([plus_minus(*row) for row in numbers.itertuples(index=False)], numbers.index, str)


def paper_top20(stage: str) -> dict[str, float]:
    """Return the paper's top-20 accuracies of a search, by method, those that its text or figure gives."""
    if stage == "inshop":
        main = paper.INSHOP_TOP20[FASHIONNET]
        return paper.INSHOP_TOP20 | {m: main - below for m, below in paper.INSHOP_BELOW_FASHIONNET.items()}
    return dict(paper.CONSUMER2SHOP_TOP20)


def beside_paper(table: pd.DataFrame) -> pd.DataFrame:
    """Return Table 2 as a long table: method, column, k, paper, ours, lo, hi; per cent.

    Columns are category, the attribute groups and "all"; without the paper's values where groups are not its five.
    """
    attributes = rows_of(table, "attributes", "micro")
    attributes = attributes[~attributes.group.str.startswith("ranks ")]
    rows = pd.concat([rows_of(table, "category", "micro").assign(group="category"), attributes])
    rows = rows[rows.k.isin((3, 5)) & (rows.stage == "category_attribute")]
    rows = rows.astype({"k": int}).rename(columns={"group": "column", "value": "ours"})
    same_groups = set(ATTRIBUTE_GROUPS.values()) == set(rows.column) - {"category", "all"}
    printed = []
    for method, column, k in zip(rows.method, rows.column, rows.k, strict=True):
        values = paper.TABLE2.get(method, {}).get(column) if same_groups or column == "category" else None
        printed.append(np.nan if values is None else values[(3, 5).index(k)])
    rows[["ours", "lo", "hi"]] *= 100
    rows = rows.assign(paper=printed)[["method", "column", "k", "paper", "ours", "lo", "hi"]]
    references = {name: place for place, name in enumerate(("ceiling", "visible ceiling", "prior", "chance"), 1)}
    return rows.sort_values("method", key=lambda names: names.map(references).fillna(0), kind="stable")


def leads(table: pd.DataFrame) -> pd.DataFrame:
    """Return FashionNet's paired lead over each method: measure, over, points, lo, hi, "fashionnet is"."""
    measures = {
        "category, top-3": rows_of(table, "category", "micro", 3),
        "attributes, top-5": rows_of(table, "attributes", "micro", 5, "all"),
        "landmarks, PDJ at 0.1": rows_of(table, "landmarks", "PDJ box", paper.PDJ_THRESHOLD, "all"),
    }
    out = []
    for measure, rows in measures.items():
        rows = rows[rows.method.isin([*METHODS, "mean landmark"]) & (rows.method != FASHIONNET)]
        for r in rows[rows.difference.notna()].itertuples():
            points, low, high = -100 * r.difference, -100 * r.d_hi, -100 * r.d_lo
            out.append((measure, r.method, points, low, high, reading(low, high)))
    return pd.DataFrame(out, columns=["measure", "over", "points", "lo", "hi", f"{FASHIONNET} is"])


def definitions(table: pd.DataFrame, measure: str, k: int) -> pd.DataFrame:
    """Return a measure's values at k, of all labels, by every definition in use: one row per method."""
    rows = table[(table.measure == measure) & (table.group == "all") & (table.k == k) & (table.method != "chance")]
    return rows.pivot_table("value", "method", "definition", sort=False, dropna=False).rename_axis(columns=None)


def landmark_summary(table: pd.DataFrame) -> pd.DataFrame:
    """Return the figures of merit in use, all landmarks pooled: one row per method, one column per definition."""
    rows = printed(table[(table.measure == "landmarks") & (table.group == "all")])
    rows = rows.assign(words=[words(row)[1] for row in rows.itertuples()])
    return rows.pivot_table("value", "method", "words", sort=False, dropna=False).rename_axis(columns=None)


def retrieval_display(table: pd.DataFrame, stage: str) -> pd.DataFrame:
    """Return the hits of a search to read: per cent at some k, the paper's at 20, the difference to FashionNet."""
    lines, last, printed = {}, min(paper.RETRIEVAL_TOP_K, table.k.max()), paper_top20(stage)
    for (search, method), r in table.groupby(["group", "method"], sort=False):
        r = 100 * r.set_index("k")[["value", "lo", "hi", "difference", "d_lo", "d_hi"]]
        line = {f"top-{k}, %": plus_minus(*r.loc[k].iloc[:3]) for k in (1, 5, 20, 50) if k in r.index}
        line["paper, top-20"] = f"{100 * printed[method]:.1f}" if method in printed and search == "all" else DASH
        gap, low, high = r.loc[last].iloc[3:]
        none = method == FASHIONNET or np.isnan(gap)
        ends = "" if np.isnan(low) else f" [{low:+.1f}, {high:+.1f}]"
        line[f"to {FASHIONNET}, points"] = DASH if none else f"{gap:+.1f}{ends}"
        line["the method is"] = DASH if none else reading(low, high)
        lines[search, method] = line
    return pd.DataFrame(list(lines.values()), pd.MultiIndex.from_tuples(lines, names=["search", "method"]))


def figure7(results: Results, methods: list[str]) -> pd.DataFrame:
    """Return figure 7: top-5 recall of the 14 most frequent training attributes of each group, mean over seeds.

    They replace the paper's choice of "representative" ones. Columns group, attribute, n (labels), one per method.
    """
    b, out = results.benchmark, []
    frequency = b.frequency(b.rows("train"))
    for number, group in b.group_names.items():
        columns = np.flatnonzero(b.attribute_groups == number)
        columns = columns[np.argsort(-frequency[columns], kind="stable")][: paper.FIGURE7_PER_GROUP]
        n = (results.truth("attributes")[:, columns] == 1).sum(0)
        part = pd.DataFrame({"group": group, "attribute": np.array(b.attribute_names)[columns], "n": n})
        for method in methods:
            hits, _ = each_attribute(results, method, paper.FIGURE7_TOP_K, columns)
            part[method] = hits.mean(0).sum(0) / np.where(n > 0, n, np.nan)
        out.append(part)
    return pd.concat(out, ignore_index=True)


def detector_table(results: Results, config: Config) -> pd.DataFrame:
    """Return how well joints and poselets are detected, first seed: one row per part and one for all of a kind.

    Columns kind, part, present (images whose box shows the part), detected (the gate passes it), found (of the present
    ones, the share detected less than 0.1 of the box from the truth), false (share of the detections that are
    elsewhere).
    """
    b, rows = results.benchmark, results.rows
    names = ["kind", "part", "present", "detected", "found", "false"]
    out = [pd.DataFrame(columns=names)]
    reach = (0.5 + config.input.margin) * config.input.view - 0.5  # what a view shows beyond the box on each side
    for method in results.having("parts"):
        kind, answers = METHODS[method].detector, results.answers[method][0]
        truth, present = parts.targets(kind, b, 0.0, answers.get("poselets"))  # margin 0: in units of the box
        truth, present = truth[rows, 0], present[rows, 0]
        present &= ((truth > -reach) & (truth < 1 + reach)).all(2)
        guess = crops.to_crop(answers["parts"], b.box[rows], 0)
        passed = answers["present"] > 0.5
        right = passed & present & (np.linalg.norm(guess - truth, axis=2) < paper.PDJ_THRESHOLD)
        counts = {"present": present.sum(0), "detected": passed.sum(0), "right": right.sum(0)}
        table = pd.DataFrame({"kind": kind, "part": parts.names(kind), **counts})
        table.loc[len(table)] = (kind, "all", *(count.sum() for count in counts.values()))
        table["found"] = table.right / table.present.where(table.present > 0)
        table["false"] = 1 - table.right / table.detected.where(table.detected > 0)
        out.append(table[names])
    return pd.concat(out[1:] or out, ignore_index=True)


def claims_display(judged: pd.DataFrame) -> pd.DataFrame:
    """Return the claims to read, in points: group, claim, the paper's effect, here with its interval, what the test
    could have seen, the corrected p-value, both verdicts, the dose and the reason; a dash where there is none.

    judged: of `claims.judge`. Columns that an earlier rule did not have are left out.
    """
    ours = [f"{100 * r.measured:+.1f} [{100 * r.lo:+.1f}, {100 * r.hi:+.1f}]" for r in judged.itertuples()]
    columns = {"paper": texts(100 * judged.paper, "+.1f"), "here": np.where(judged.measured.isna(), DASH, ours)}
    columns["could see"] = texts(100 * judged.detectable, ".1f")
    for name in [name for name in ("p", "direction", "size", "dose", "reason") if name in judged]:
        columns[name] = texts(judged[name].replace("", np.nan), ".3f" if name == "p" else "")
    return judged[["group", "claim"]].assign(**columns)


# What fashionnet-global must reach before methods are compared: group, definition, least share, and whether of what
# the visible ceiling reaches. Networks that have not learned cannot tell methods apart.
GATES = (
    ("all", "micro", 0.6, True),
    ("texture", "micro", 0.7, True),
    ("shape", "micro", 0.7, True),
    ("all", "macro", 0.15, False),
    ("ranks 101-500", "micro", 0.25, False),
)


def gates(measured: pd.DataFrame) -> pd.DataFrame:
    """Return the gates: what fashionnet-global recalls of attributes at top-5, the least that it must, whether it does.

    measured: rows of `measures.measure_all`. A gate is left out without the network or a ceiling by what pictures show.
    """
    best, rows = "visible ceiling", []
    recall = measured[(measured.measure == "attributes") & (measured.k == 5)]
    recall = recall.set_index(["method", "definition", "group"]).value
    for group, definition, least, of_visible in GATES:
        keys = [(GLOBAL, definition, group), (best, definition, group)]
        if any(key not in recall for key in keys[: 1 + of_visible]):
            continue
        value = recall[keys[0]] / (recall[keys[1]] if of_visible else 1)
        unit = f"share of the {best}" if of_visible else "recall"
        rows.append((f"attributes, top-5, {definition}, {group}", unit, value, least, value >= least))
    return pd.DataFrame(rows, columns=["what", "unit", "value", "least", "reached"])
