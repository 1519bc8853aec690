"""Inspect a data folder before any training: what is there, what can run, every problem, how much disk and time.

    python -m lib.commands.check DIR [--profile photos-vgg16]

The same as ./run_all.sh --check DIR [--profile P | --trunk NAME]. Every list is read, and every photo decoded; nothing
is written. Exit code 0: no problem; 1: problems, each with its file, its line and a cure; 2: a wrong call. What a
folder lacks is no problem: the notebooks about it are skipped.
"""

import argparse
import sys
import time
import warnings
from pathlib import Path

import numpy as np
import pandas as pd

from lib import crops, deepfashion, runs
from lib.commands import clock, one_sentence
from lib.config import Input, find_profile
from lib.deepfashion import BOXES, Benchmark
from lib.lists import FOLDERS, SPLITS, Lacks, attempt, collecting
from lib.methods import FASHIONNET
from lib.report import results, tables, zero_shot

# The labels that a benchmark can have, as fields of a Benchmark.
LABELS = {
    "category_attribute": ("category", "attributes", "landmarks", "joints"),
    "inshop": ("item", "category", "attributes", "landmarks", "joints", "pose"),
    "consumer2shop": ("item", "category", "attributes", "landmarks", "joints", "domain", "pairs"),
}
NEEDS = {  # by notebook: the benchmark that it is about, and the labels one of which it needs
    "02": ("category_attribute",),
    "03": ("category_attribute", "attributes"),
    "04": ("inshop", "item"),
    "05": ("consumer2shop", "item"),
    "06": ("category_attribute", "landmarks"),
    "07": ("inshop", "pose"),
    "10": ("category_attribute", "attributes"),
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


def reason_to_skip(number: str, plan: runs.Plan) -> str:
    """Return why a notebook is skipped on this source, in the words that it ends with itself; "" where it runs.

    Raises DataError where the source has no split to measure on.
    """
    if number not in NEEDS:
        return ""
    stage, *labels = NEEDS[number]
    try:
        tables.need(plan.benchmarks, stage, *labels)
        if number == "10":  # it trains networks of its own
            results.measured_rows(plan.benchmarks[stage])
            return ""
        measured = results.gather(stage, plan, answers=False)
        if number != "02":
            measured.first(FASHIONNET)  # all other methods are compared with it
    except Lacks as reason:
        return str(reason)
    return ""


def notebook_lines(plan: runs.Plan) -> list[str]:
    """Return one line per notebook, and one per stage and reason with the methods that are not trained."""
    if not plan.benchmarks:
        return ["  none can run: no benchmark can be read"]
    lines = []
    for path in sorted((Path(__file__).parents[2] / "notebooks").glob("[0-9][0-9]_*.ipynb")):
        reason = "see the problems"
        with attempt():
            reason = reason_to_skip(path.stem[:2], plan)
        lines.append(f"  {path.stem:<18}" + (f"skipped: {reason}" if reason else "runs"))
    for stage in plan.benchmarks:
        reasons: dict[str, list[str]] = {}
        for method, reason in plan.missing[stage].items():
            reasons.setdefault(reason, []).append(method)
        lines += [f"  not trained on {stage}: {', '.join(names)} ({reason})" for reason, names in reasons.items()]
    return lines


def lines_of(folder: Path, name: str, wanted: list[str]) -> dict[str, str]:
    """Return image -> "line 7 of list_bbox.txt", the place where the lists of the benchmark `name` name it first."""
    places = {}
    files = [*BOXES[name], "train.txt", "val.txt", "test.txt"] if wanted else []
    for path in [folder / anno / file for anno in ("Anno_coarse", "Anno", "Anno_fine") for file in files]:
        rows = path.read_text("utf-8-sig", "replace").split("\n") if path.is_file() else []
        for number, row in enumerate(rows, 1):
            for image in wanted:  # a few
                if row.startswith(image) and not row[len(image) :][:1].strip():
                    places.setdefault(image, f"line {number} of {path.name}")
    return places


def photo_faults(folder: Path, benchmark: Benchmark) -> tuple[list[str], list[str], float]:
    """Decode all photos; return problems, notes, and the photos decoded per second.

    Of each kind of fault, up to `crops.MOST_REPORTED` are named and the rest counted.
    """
    start, n, out = time.perf_counter(), len(benchmark.image), []
    kinds = crops.bad_photos(benchmark)
    rate = n / (time.perf_counter() - start)
    titles = ("photos cannot be read", "boxes lie outside their photos", "boxes leave their photos")
    for title, found in zip(titles, kinds, strict=True):
        named = {str(benchmark.image[i]): found[i] for i in list(found)[: crops.MOST_REPORTED]}
        places = lines_of(folder, benchmark.name, list(named))
        text = [f"{benchmark.name}: {len(found):,} of {n:,} {title}"]
        text += [f"     {words} ({places.get(image, 'not in the list of boxes')})" for image, words in named.items()]
        text += [f"     and {len(found) - len(named):,} more"] if len(found) > len(named) else []
        out.append(["\n".join(text)] if found else [])
    return out[0] + out[1], out[2], rate


def room(photos: int, config: Input) -> str:
    """Return the disk that the crops of some photos take, in words."""
    megabytes = photos * config.px**2 * (JPEG_BYTES_PER_PIXEL if config.jpeg else BYTES_PER_PIXEL) / 1e6
    return f"{megabytes / 1000:,.1f} GB" if megabytes > 1000 else f"{megabytes:,.1f} MB"


def cost_lines(plan: runs.Plan, rates: dict[str, float]) -> list[str]:
    """Return the disk of the crops, the time to decode the photos, and the passes of training; no guess of its time.

    rates: photos per second by benchmark.
    """
    config, lines = plan.config, []
    for name, rate in rates.items():
        n = len(plan.benchmarks[name].image)
        decoded = f"{n:,} photos at {rate:,.0f} per second are decoded in {clock(n / rate)}"
        lines.append(f"  {name}: crops of {config.input.px} px take {room(n, config.input)}; {decoded}")
    if n := sum(len(zero_shot.measured_rows(plan.benchmarks[name])) for name in rates):
        small = zero_shot.CONFIG.input
        lines.append(f"  notebook 09, zero-shot: crops of {n:,} photos at {small.px} px take {room(n, small)} more")
    if config.start == "imagenet" and config.model.trunk != "efficientnet_lite0":
        source = f"torchvision's {config.model.trunk}, downloaded by the first run"
        lines.append(f"  weights: {source}; offline, give --weights FILE")
    for stage in runs.ALL_STAGES:
        name, split = ("category_attribute", "pretrain") if stage == "pretrain" else (stage, "train")
        if name in plan.benchmarks and (n := len(plan.benchmarks[name].rows(split))):
            passes = f"each {config.training.schedule(stage).passes} passes of {n:,} images"
            number = len(plan.of(stage))
            lines.append(f"  training, {stage}: {number} runs (methods, detectors, seeds), {passes}")
    return lines or ["  nothing to train on"]


def report(root: Path, profile: str) -> tuple[str, bool]:
    """Inspect a folder; return the text, and whether there is no problem. Raises DataError without a benchmark."""
    config, folders = find_profile(profile), deepfashion.find_folders(root)
    broken, rates = [], {}
    with collecting() as problems:
        with warnings.catch_warnings(record=True) as warned:
            warnings.simplefilter("always")
            benchmarks = deepfashion.find_benchmarks(root)
        notes = [str(warning.message) for warning in warned]
        for name, benchmark in benchmarks.items():
            with attempt():
                deepfashion.check_disjoint(benchmark)
            with attempt():
                if np.isfinite(benchmark.box).all():
                    crops.check_sizes(benchmark)
            if (
                benchmark.images_root / benchmark.image[0].split("/")[0]
            ).exists():  # else all are missing: said already
                faults, leaving, rates[name] = photo_faults(folders[name], benchmark)
                broken, notes = broken + faults, notes + leaving
        plan, number = runs.make_plan(benchmarks, config, root), len(problems)
        able = notebook_lines(plan)
        if number:  # that there is no split to measure on may follow from them
            del problems[number:]
    sentences = list(dict.fromkeys([*map(str, problems), *broken]))
    aside = " (once the problems are mended; a list with a problem counts as absent)" if sentences else ""
    text = [f"{root}, for the profile {profile}", "", "Found", *found_lines(benchmarks)]
    text += ["", f"Notebooks{aside}", *able]
    text += ["", f"Problems: {len(sentences) or 'none'}", *(f"  {i}. {words}" for i, words in enumerate(sentences, 1))]
    text += ["", "Notes: nothing of this stops a run", *(f"  {note}" for note in notes)] if notes else []
    text += ["", "Disk, decoding and training", *cost_lines(plan, rates)]
    # Paths are given from the folder that the first line names, or no line would fit a screen.
    return "\n".join([text[0], *(line.replace(f"{root}/", "") for line in text[1:])]), not sentences


@one_sentence("check")
def main(arguments: list[str]) -> int:
    """Print the report; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m lib.commands.check", description=__doc__.split("\n")[0])
    parser.add_argument("folder", metavar="DIR", type=Path, help="the folder that --data would take")
    parser.add_argument("--profile", default="photos", help="whose methods and sizes (photos)")
    args = parser.parse_args(arguments)
    if not args.folder.is_dir():
        parser.error(f"{args.folder}: no such folder")
    text, whole = report(args.folder, args.profile)
    print(text)
    return 0 if whole else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
