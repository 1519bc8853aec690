"""Scores anyone's predictions on the official splits, by every definition in use, with 95 % intervals.

    python -m lib.report.evaluate --data DIR --predictions FILE... [--out FILE.csv]

DIR holds the official folders. A file of predictions is a run's scores.safetensors, or a CSV with a line of column
names: `image` and x1, y1 .. x8, y8 (landmarks in pixels, in the order of lists.LANDMARKS); or `image` and one column
per category, or one per attribute, named as in the official list (scores: higher is likelier, -inf for no answer); or
`image` and e0 .. eN (an embedding, to search by Euclidean distance). Each image of the measured split must be there
once: test, or val where the source has no test; for a search its queries and its gallery. docs/METRICS.md defines the
measures.
"""

import argparse
import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd

from lib import deepfashion, runs
from lib.artefact import read_tensors, write_beside
from lib.deepfashion import Benchmark, measured_rows
from lib.lists import FOLDERS, DataError, fail
from lib.report.measures import measure_all, printed, words
from lib.report.results import Results
from lib.runs import SEARCHES

POINTS = tuple(f"{axis}{slot}" for slot in range(1, 9) for axis in "xy")
COLUMNS = ("file", "measure", "definition", "group", "k", "value", "lo", "hi", "n")

Predictions = tuple[np.ndarray, dict[str, np.ndarray], list[str]]  # image names, scores, where each row stands


def read(path: Path, benchmarks: dict[str, Benchmark]) -> Predictions:
    """Read predictions: image names (n,) str, arrays as `runs.rank` takes them, and each row's place in words.

    Arrays are "category" (n, C), "attributes" (n, A), "landmarks" (n, 8, 2) pixels or "embedding" (n, D), float32.
    Raises DataError with file and line for anything that is not one of the forms above.
    """
    return _read_tensors(path) if path.suffix == ".safetensors" else _read_csv(path, benchmarks)


def _read_tensors(path: Path) -> Predictions:
    scores, header = read_tensors(path, "np", "name a file that a run has written")
    try:
        images = np.array(json.loads(header["images"]), str)
    except (KeyError, ValueError):
        raise DataError(f"{path}: no image names in its header; write it as a run does") from None
    scores = {name: scores[name] for name in ("category", "attributes", "landmarks", "embedding") if name in scores}
    for name, values in scores.items():
        if values.shape[:1] != images.shape or (name == "embedding" and values.ndim != 2):
            raise DataError(f"{path}: {name} is {values.shape} for {images.size} images; write it as a run does")
    return images, scores, [f"{path}, image {i + 1}" for i in range(len(images))]


def _read_csv(path: Path, benchmarks: dict[str, Benchmark]) -> Predictions:
    form = {"encoding": "utf-8-sig", "skipinitialspace": True, "skip_blank_lines": False, "low_memory": False}
    try:
        table = pd.read_csv(path, dtype={"image": str}, **form)
    except (OSError, ValueError) as error:
        raise DataError(f"{path}: {str(error).strip()}; name a CSV of predictions in UTF-8") from None
    kind, names = _columns(path, list(table), benchmarks)
    if not isinstance(table.index, pd.RangeIndex):  # pandas took the first cells for the rows' names
        fail(path, 2, "more cells than column names", "end no row with a comma")
    table = table.dropna(how="all")
    if table.empty:
        fail(path, 2, "no predictions follow the column names", "write a row per image")
    numbers = table[names].apply(pd.to_numeric, errors="coerce")
    wrong = (numbers.isna() & table[names].notna()).to_numpy()
    if wrong.any():
        row, column = np.argwhere(wrong)[0]
        what = f"{table[names].iloc[row, column]!r} is no number"
        fail(path, table.index[row] + 2, what, "write numbers as in 12.5")
    values = numbers.to_numpy(np.float32)
    if kind == "landmarks":
        values = values.reshape(len(values), 8, 2)
        known = np.abs(values[np.isfinite(values)])
        if known.size and known.max() <= 2:  # some shares may be above 1
            fail(path, 2, "no landmark is 2 pixels from the corner", "give pixels of the photo, not shares")
    images = table.image.astype(str).str.strip().to_numpy(str)
    return images, {kind: values}, [f"{path}, line {line + 2}" for line in table.index]


def _columns(path: Path, names: list[str], benchmarks: dict[str, Benchmark]) -> tuple[str, list[str]]:
    """Return what the columns behind `image` hold, and their names in the canonical order, or that of the list."""
    if names[:1] != ["image"]:
        cure = "begin with a line such as image,x1,y1,...,x8,y8, columns apart by commas"
        fail(path, 1, f"the first column is {''.join(names[:1])[:60]!r}, not 'image'", cure)
    names, b = names[1:], benchmarks.get("category_attribute")
    forms = {
        "landmarks": POINTS,
        "embedding": tuple(f"e{i}" for i in range(len(names))),
        "category": (b.category_names or ()) if b else (),
        "attributes": (b.attribute_names or ()) if b else (),
    }
    kind = max(forms, key=lambda form: len(set(forms[form]) & set(names)))
    known = f"columns are x1, y1 .. x8, y8, or e0 .. eN, or those of one list of {FOLDERS['category_attribute']}"
    for name in names:
        if name not in forms[kind]:
            fail(path, 1, f"unknown column {name[:60]!r}", known)
    for name in forms[kind]:
        if name not in names:
            fail(path, 1, f"no column {name!r}, one of {len(forms[kind])} for {kind}", known)
    return kind, list(forms[kind])


def match(path: Path, predictions: Predictions, benchmarks: dict[str, Benchmark]) -> Results:
    """Return predictions, under the method name "predictions", as the `Results` of the benchmark that has their images.

    Rows are brought into the benchmark's order. Raises DataError for an image that no benchmark has, or that is not in
    the measured split, for one that is there twice or missing, for NaN, and for columns that do not fit.
    """
    images, scores, places = predictions
    stage = next((name for name, b in benchmarks.items() if np.isin(images[:1], b.image).any()), None)
    if stage is None:
        what = f"image {str(images[0])!r} is" if len(images) else "no images are"
        raise DataError(f"{path}: {what} in none of the benchmarks; name images as the official lists do")
    b = benchmarks[stage]
    rows, query, gallery = measured_rows(b)
    wanted, given = pd.Index(b.image[rows]), pd.Index(images)
    place = wanted.get_indexer(given)
    other = f"is not among those of {FOLDERS[stage]} that are measured; leave out this row"
    for wrong, what in ((place < 0, other), (given.duplicated(), "is there a second time; keep one of the two rows")):
        if wrong.any():
            raise DataError(f"{places[wrong.argmax()]}: image {str(images[wrong.argmax()])!r} {what}")
    if len(missing := wanted.difference(given, sort=False)):
        what = f"no row for image {missing[0]}, one of {len(missing)} that are missing; predict all of them"
        raise DataError(f"{path}: {what}")
    order = np.argsort(place)
    names = {"category": b.category_names, "attributes": b.attribute_names}
    shapes = {name: (len(known),) for name, known in names.items() if known}
    shapes |= {"landmarks": (8, 2)} if b.landmarks is not None else {}
    if stage in SEARCHES:
        shapes = {"embedding": scores["embedding"].shape[1:]} if "embedding" in scores else {}
    scores = {name: values for name, values in scores.items() if name in shapes}
    if not scores:
        wanted = "embedding" if stage in SEARCHES else "category, attributes and landmarks"
        raise DataError(f"{path}: nothing to score; predict {wanted}, where {FOLDERS[stage]} has them")
    for name, values in scores.items():
        if values.shape[1:] != shapes[name]:
            raise DataError(f"{path}: {name} is {values.shape[1:]} and not {shapes[name]}; take the same lists")
        finite = name in ("landmarks", "embedding")  # a score of -inf is no answer
        wrong = ~np.isfinite(values) if finite else np.isnan(values) | (values == np.inf)
        if wrong.any():
            raise DataError(f"{places[int(np.argwhere(wrong)[0, 0])]}: {name} holds NaN or infinity; predict a number")
    answers = runs.rank({k: v[order] for k, v in scores.items()}, b, rows, None if query is None else len(query))
    return Results(stage, b, rows, {"predictions": [answers]}, query=query, gallery=gallery)


def score(files: list[Path], benchmarks: dict[str, Benchmark]) -> pd.DataFrame:
    """Return the measures of each file, one below the other: COLUMNS. Raises DataError, see `read` and `match`."""
    tables = []
    for path in files:
        results = match(path, read(path, benchmarks), benchmarks)
        split = " and ".join(sorted(set(results.benchmark.split[results.rows]), reverse=True))
        print(f"{path}: {len(results.rows):,} images of {FOLDERS[results.stage]}, {split}", file=sys.stderr)
        tables.append(printed(measure_all(results, alone=True)).assign(file=str(path)))
    return pd.concat(tables, ignore_index=True)[list(COLUMNS)]


def shown(table: pd.DataFrame) -> str:
    """Return the rows of the groups "all" and "within category" to read: per cent with intervals, NE as it is."""
    out = []
    for row in table[table.group.isin(("all", "within category"))].itertuples():
        scale, digits = (1, 4) if row.definition == "NE" else (100, 2)
        value, low, high = (f"{scale * number:.{digits}f}" for number in (row.value, row.lo, row.hi))
        measure, definition = words(row)
        definition += f", {row.group}" if row.group != "all" else ""
        out.append(("/".join(Path(row.file).parts[-2:]), measure, definition, f"{value} [{low}, {high}]", row.n))
    names = ["file", "measure", "definition", "% (NE: box units) [95 % interval]", "n"]
    return pd.DataFrame(out, columns=names).to_string(index=False)


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m lib.report.evaluate", description=__doc__.split("\n")[0])
    parser.add_argument("--data", required=True, type=Path, help="the folder that holds the official folders")
    form = "scores.safetensors of a run, or a CSV: see docs/METRICS.md"
    parser.add_argument("--predictions", required=True, type=Path, nargs="+", metavar="FILE", help=form)
    parser.add_argument("--out", type=Path, metavar="FILE.csv", help="write all rows there, those of single groups too")
    options = parser.parse_args(arguments)
    sys.stdout.reconfigure(errors="backslashreplace")  # names of files may be no text
    try:
        table = score(options.predictions, deepfashion.find_benchmarks(options.data))
        if options.out:
            text = table.to_csv(index=False, float_format="%.6g").encode(errors="backslashreplace")
            write_beside(options.out, lambda part: part.write_bytes(text))
    except DataError as error:
        print(f"evaluate: {error}", file=sys.stderr)
        sys.exit(2)
    print(shown(table))


if __name__ == "__main__":
    main(sys.argv[1:])
