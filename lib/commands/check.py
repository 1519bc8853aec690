"""Inspect a data folder before any training, by ./run_all.sh --check DIR [--profile P | --trunk NAME].

Every list is read, and every photo decoded; nothing is written. Exit code 0: no problem; 1: problems, each with its
file, its line and a cure. What a folder lacks is no problem: notebooks and methods that need it are skipped.
"""

import time
from pathlib import Path

import pandas as pd

from lib import crops, deepfashion, runs
from lib.commands import clock, one_sentence
from lib.config import find_profile
from lib.deepfashion import BOXES, Benchmark
from lib.lists import FOLDERS, SPLITS, attempt, collecting
from lib.report import tables

# The labels that a benchmark can have, as fields of a Benchmark.
LABELS = {
    "category_attribute": ("category", "attributes", "landmarks", "joints"),
    "inshop": ("item", "category", "attributes", "landmarks", "joints", "pose"),
    "consumer2shop": ("item", "category", "attributes", "landmarks", "joints", "domain", "pairs"),
}
BYTES_PER_PIXEL, JPEG_BYTES_PER_PIXEL = 3, 0.3  # of a stored crop; at quality 95, of drawn and of real photos


def found_lines(benchmarks: dict[str, Benchmark]) -> list[str]:
    """Return the counts beside the paper's and the release's, and each benchmark's splits and labels."""
    counts = tables.counts_table(benchmarks)
    lines = [f"  {'':<36}{'paper':>10}{'release':>10}{'here':>10}"]
    for row in counts[counts.benchmark.isin(list(benchmarks))].itertuples():
        numbers = [tables.DASH if value is pd.NA else f"{value:,}" for value in (row.paper, row.release, row.here)]
        lines.append(f"  {row.benchmark + ', ' + row.what:<36}" + "".join(f"{number:>10}" for number in numbers))
    for name, benchmark in benchmarks.items():
        splits = {split: len(benchmark.rows(split)) for split in (*SPLITS, "")}
        words = [f"{number:,} {split or 'in no split'}" for split, number in splits.items() if number]
        has = [label for label in LABELS[name] if getattr(benchmark, label) is not None]
        lacks = [label for label in LABELS[name] if label not in has]
        lines.append(f"  {name}: {', '.join(words)}")
        lines.append(f"    has {', '.join(has) or 'no labels'}" + (f"; lacks {', '.join(lacks)}" if lacks else ""))
    return lines + [f"  no {folder} that can be read" for name, folder in FOLDERS.items() if name not in benchmarks]


def method_lines(plan: runs.Plan) -> list[str]:
    """Return one line per stage and reason with the methods that are not trained."""
    lines = []
    for stage in plan.benchmarks:
        reasons: dict[str, list[str]] = {}
        for method, reason in plan.missing[stage].items():
            reasons.setdefault(reason, []).append(method)
        lines += [f"  not trained on {stage}: {', '.join(names)} ({reason})" for reason, names in reasons.items()]
    return lines or ["  all can be trained" if plan.benchmarks else "  none can be trained: no benchmark can be read"]


def photo_faults(benchmark: Benchmark) -> tuple[list[str], list[str], float]:
    """Decode all photos; return problems, notes, and photos per second. Up to MOST_REPORTED of a kind are named."""
    start, n, out, boxes = time.perf_counter(), len(benchmark.image), [], BOXES[benchmark.name]
    kinds = crops.bad_photos(benchmark)
    rate = n / (time.perf_counter() - start)
    titles = ("photos cannot be read", "boxes lie outside their photos", "boxes leave their photos")
    for title, found in zip(titles, kinds, strict=True):
        text = [f"{benchmark.name}: {len(found):,} of {n:,} {title}"]
        for row in list(found)[: crops.MOST_REPORTED]:
            split, line = benchmark.split[row], f"line {row + 3} of {boxes}"
            if not (benchmark.anno / boxes).exists():  # the fine release names the images of each split
                line = f"line {row - benchmark.rows(split)[0] + 1} of {split}.txt"
            text.append(f"     {found[row]} ({line})")
        text += [f"     and {len(found) - crops.MOST_REPORTED:,} more"] * (len(found) > crops.MOST_REPORTED)
        out.append(["\n".join(text)] if found else [])
    return out[0] + out[1], out[2], rate


def cost_lines(plan: runs.Plan, rates: dict[str, float]) -> list[str]:
    """Return the disk of the crops and the time to decode the photos. rates: photos per second by benchmark."""
    size, lines = plan.config.input, []
    for name, rate in rates.items():
        n = len(plan.benchmarks[name].image)
        room = f"{n * size.px**2 * (JPEG_BYTES_PER_PIXEL if size.jpeg else BYTES_PER_PIXEL) / 1e6:,.1f} MB"
        decoded = f"{n:,} photos at {rate:,.0f} per second are decoded in {clock(n / rate)}"
        lines.append(f"  {name}: crops of {size.px} px take {room}; {decoded}")
    return lines or ["  nothing to train on"]


def report(root: Path, profile: str) -> tuple[str, bool]:
    """Inspect a folder; return the text, and whether there is no problem. Raises DataError without a benchmark."""
    config, broken, notes, rates = find_profile(profile), [], [], {}
    with collecting() as problems:
        benchmarks = deepfashion.find_benchmarks(root)
        for name, benchmark in benchmarks.items():
            with attempt():
                deepfashion.check_disjoint(benchmark)
            with attempt():
                crops.check_sizes(benchmark)
            faults, leaving, rates[name] = photo_faults(benchmark)
            broken, notes = broken + faults, notes + leaving
        plan = runs.make_plan(benchmarks, config, root)
    sentences = list(dict.fromkeys([*map(str, problems), *broken]))
    aside = " (once the problems are mended; a list with a problem counts as absent)" if sentences else ""
    text = [f"{root}, for the profile {profile}", "", "Found", *found_lines(benchmarks)]
    text += ["", f"Methods{aside}", *method_lines(plan)]
    text += ["", f"Problems: {len(sentences) or 'none'}", *(f"  {i}. {words}" for i, words in enumerate(sentences, 1))]
    text += ["", "Notes: nothing of this stops a run", *(f"  {note}" for note in notes)] if notes else []
    text += ["", "Disk and decoding", *cost_lines(plan, rates)]
    # Paths are given from the folder that the first line names, or no line would fit a screen.
    return "\n".join([text[0], *(line.replace(f"{root}/", "") for line in text[1:])]), not sentences


@one_sentence("run_all.sh")
def main(folder: str, profile: str) -> int:
    text, whole = report(Path(folder), profile)
    print(text)
    return 0 if whole else 1
