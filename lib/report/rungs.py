"""Measure and draw the ladder of places (notebook 10): rows are rungs, or rungs with fewer attributes or images."""

import re
from collections.abc import Sequence
from dataclasses import replace

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from tqdm import tqdm

from lib import ladder
from lib.ladder import EQUAL, Job, Task
from lib.report import measures
from lib.report.figures import GREY, PALETTE
from lib.report.results import STAGES, Results

# Attributes of what a landmark marks: collar, sleeve, waistline, hem and, by these, lengths.
NEAR = re.compile(
    r"collar|lapel|neck|crew|scoop|cowl|mock|deep-v|v-cut|halter|racerback|sleeve|cuff|shoulder|raglan|dolman|batwing"
    r"|flutter|strap|waist|-rise|hem\b|length|high-low|dolphin|crop|mini|midi|maxi|longline|ankle|capri"
)
NEAR_GROUPS = ("neckline", "sleeve", "length")  # of the fine annotation
NEAR_LANDMARKS, ELSEWHERE = "near landmarks", "elsewhere"
TITLES = {
    ("category", "micro", "all"): "category, top-3",
    ("attributes", "micro", "all"): "attributes, top-5",
    ("attributes", "micro", NEAR_LANDMARKS): "attributes near landmarks, top-5",
    ("attributes", "macro", "all"): "attributes, macro, top-5",
    ("search", "hit", "all"): "top-20",
}


def gather(task: Task, jobs: dict[str, list[Job]]) -> dict[str, Results]:
    """Return by stage the results of jobs, by the name of a row, one job per seed; trained where they are not there."""
    order = sorted(((name, job) for name, each in jobs.items() for job in each), key=lambda pair: pair[1].seed)
    found: dict[str, list[dict]] = {name: [] for name in jobs}
    for name, job in tqdm(order, desc="ladder", unit="run", mininterval=5):
        found[name].append(ladder.run(task, job))
    out = {}
    for stage, (benchmark, rows, queries, _) in task.measured.items():
        search = {} if queries is None else {"query": rows[:queries], "gallery": rows[queries:]}
        answers = {name: [rankings[stage] for rankings in each] for name, each in found.items() if stage in each[0]}
        out[stage] = Results(stage, benchmark, rows, answers, seed=task.config.seed, **search)
    return out


def near_landmarks(results: Results) -> Results:
    """Return results whose attributes are grouped by whether a landmark marks the place that they are about."""
    b = results.benchmark
    groups = [b.group_names[number] for number in b.attribute_groups.tolist()]
    pairs = zip(b.attribute_names, groups, strict=True)
    near = np.array([bool(NEAR.search(name.lower())) or group in NEAR_GROUPS for name, group in pairs], np.int8)
    names = {0: ELSEWHERE, 1: NEAR_LANDMARKS}
    return replace(results, benchmark=replace(b, attribute_groups=near, group_names=names))


def measure(results: Results, wanted: Sequence[tuple[str, str, float, str]], base: str = EQUAL) -> pd.DataFrame:
    """Return values of measures (name, definition, k, group) for each row, and its lead over the row `base`.

    Shares with 95 % intervals over images (searches: items or designs) and seeds; leads are paired over images.
    """
    rows = []
    for name, definition, k, group in wanted:
        chosen = measures.BY_NAME[name, definition]
        found, n = measures.compared(chosen, results, results.having(chosen.needs), k, group, results.bootstrap, base)
        about = (results.stage, name, definition, group, k)
        rows += [(row, *about, *numbers, len(results.answers[row]), n) for row, numbers in found.items()]
    columns = ["row", "stage", "measure", "definition", "group", "k", "value", "lo", "hi", "lead", "lead_lo", "lead_hi"]
    return pd.DataFrame(rows, columns=[*columns, "seeds", "n"])


def measure_all(found: dict[str, Results], base: str = EQUAL) -> pd.DataFrame:
    """Return what the ladder is judged by: categories, attributes by group, place and frequency, both searches."""
    r = found["category_attribute"]
    groups = ("all", *r.benchmark.group_names.values())
    wanted = [("attributes", "micro", 5, group) for group in (*groups, *measures.groups_of(r)["ranks"])]
    wanted += [("attributes", "macro", 5, "all")]
    wanted += [("category", "micro", 3, "all")] * (r.benchmark.category is not None)
    near = [("attributes", "micro", 5, group) for group in (NEAR_LANDMARKS, ELSEWHERE)]
    parts = [measure(r, wanted, base), measure(near_landmarks(r), near, base)]
    parts += [
        measure(search, [("search", "hit", 20, "all")], base) for stage, search in found.items() if search is not r
    ]
    return pd.concat(parts, ignore_index=True)


def display(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table with a row for each rung and a column for each measure, per cent."""
    wide = titled(table).pivot_table(index="row", columns="title", values="value", sort=False)
    return (100 * wide).rename_axis(index=None, columns=None)


def leads(table: pd.DataFrame) -> pd.DataFrame:
    """Return "value, lead [interval]" in per cent and points, a row for each rung and a column for each measure."""
    words = []
    for r in table.itertuples():
        lead = f", {100 * r.lead:+.1f} [{100 * r.lead_lo:+.1f}, {100 * r.lead_hi:+.1f}]" if r.lead == r.lead else ""
        words.append(f"{100 * r.value:.1f}{lead}")
    wide = titled(table).assign(words=words)
    wide = wide.pivot_table(index="row", columns="title", values="words", aggfunc="first", sort=False)
    return wide.rename_axis(index=None, columns=None)


def titled(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table with the column title: the name of each row's measure for a table or a panel."""
    titles = []
    for row in table.itertuples():
        title = TITLES.get((row.measure, row.definition, row.group), row.group)
        titles.append(f"{STAGES[row.stage]}, {title}" if row.measure == "search" else title)
    return table.assign(title=titles)


def draw_leads(table: pd.DataFrame, base: str = EQUAL):
    """Draw each rung's lead over `base` with its interval, a panel for each measure of TITLES, a colour per source."""
    table = titled(table[[(row.measure, row.definition, row.group) in TITLES for row in table.itertuples()]])
    if "source" not in table:
        table = table.assign(source="")
    sources, titles = table.source.unique(), list(dict.fromkeys(table.title))
    names = [name for name in dict.fromkeys(table.row) if name != base]
    size = (2.5 * len(titles) + 1.5, 0.36 * len(names) + 1.6)
    figure, axes = plt.subplots(1, len(titles), figsize=size, sharey=True, layout="constrained")
    for axis, title in zip(np.atleast_1d(axes), titles, strict=True):
        axis.axvline(0, color=GREY, lw=1)
        for number, source in enumerate(sources):
            part = table[(table.title == title) & (table.source == source)].set_index("row").reindex(names)
            y = np.arange(len(names)) + 0.18 * (number - (len(sources) - 1) / 2)
            spread = 100 * np.abs(np.array([part.lead - part.lead_lo, part.lead_hi - part.lead], float))
            axis.errorbar(100 * part.lead, y, xerr=spread, fmt="o", ms=4, lw=1.5, color=PALETTE[number], label=source)
        axis.set(title=title.replace(", ", "\n", 1).replace(" near", "\nnear"), xlabel="lead in points")
        axis.set_yticks(np.arange(len(names)), names)
        axis.grid(False, axis="y")
    np.atleast_1d(axes)[0].invert_yaxis()
    if len(sources) > 1:
        handles, names = np.atleast_1d(axes)[0].get_legend_handles_labels()
        figure.legend(handles, names, loc="outside lower center", ncols=len(names), fontsize=9)
    return figure
