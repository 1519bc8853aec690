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
import csv
import difflib
import json
import re
import sys
from pathlib import Path

import numpy as np
import pandas as pd

from lib import deepfashion, runs
from lib.artefact import read_tensors, write_beside
from lib.deepfashion import Benchmark
from lib.lists import FOLDERS, DataError, fail
from lib.report.measures import measure_all, printed, words
from lib.report.results import SEARCHES, Results

POINTS = tuple(f"{axis}{slot}" for slot in range(1, 9) for axis in "xy")
COLUMNS = ("file", "measure", "definition", "group", "k", "value", "lo", "hi", "n")

Predictions = tuple[np.ndarray, dict[str, np.ndarray], list[str]]  # image names, scores, where each row stands


# ---- reading --------------------------------------------------------------------------------------------------------


def read(path: Path, benchmarks: dict[str, Benchmark]) -> Predictions:
    """Read predictions: image names (n,) str, arrays as `runs.rank` takes them, and each row's place in words.

    Arrays are "category" (n, C), "attributes" (n, A), "landmarks" (n, 8, 2) pixels or "embedding" (n, D), float32.
    Raises DataError with file and line for anything that is not one of the forms above.
    """
    return _read_tensors(path) if path.suffix == ".safetensors" else _read_csv(path, benchmarks)


def _read_tensors(path: Path) -> Predictions:
    if not path.exists():
        raise DataError(f"{path}: no such file; name one that holds predictions")
    scores, header = read_tensors(path, "np", "write it as a run does")
    try:
        names = json.loads(header["images"])
    except (KeyError, ValueError):
        names = None
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise DataError(f"{path}: its header has no list of images; write it as a run does")
    images = np.array(names, str)
    places = [f"{path}, image {i + 1}" for i in range(len(images))]
    scores = {name: scores[name] for name in ("category", "attributes", "landmarks", "embedding") if name in scores}
    for name, values in scores.items():
        if values.shape[:1] != (len(images),):
            raise DataError(f"{path}: {name} is {values.shape} for {len(images)} images; write it as a run does")
        if name == "embedding" and (values.ndim != 2 or not values.shape[1]):
            raise DataError(f"{path}: an embedding of shape {values.shape}; write one row of numbers per image")
    return images, {name: values.astype(np.float32) for name, values in scores.items()}, places


def _read_csv(path: Path, benchmarks: dict[str, Benchmark]) -> Predictions:
    images, lines, rows = [], [], []
    try:
        with open(path, newline="", encoding="utf-8-sig") as file:
            reader = csv.reader(file)
            names = [name.strip() for name in next(reader, [])]
            kind, order = _columns(path, names, benchmarks)
            for row in reader:
                if not row:
                    continue
                if len(row) != len(names):
                    fail(path, reader.line_num, f"{len(row)} columns where {len(names)} should be", "mend the row")
                try:
                    rows.append(np.array(row[1:], np.float32))
                except ValueError:
                    wrong = next(cell for cell in row[1:] if not _is_number(cell))
                    fail(path, reader.line_num, f"{wrong[:40]!r} is not a number", "write it as in 12.5")
                images.append(row[0].strip())
                lines.append(f"{path}, line {reader.line_num}")
    except OSError as error:
        raise DataError(f"{path}: {error.strerror or error}; name a file of predictions") from None
    except UnicodeDecodeError:
        raise DataError(f"{path}: not UTF-8 text; save it as UTF-8") from None
    except csv.Error as error:
        raise DataError(f"{path}: not a CSV ({error}); save it as CSV again") from None
    if not rows:
        fail(path, 2, "no predictions follow the column names", "write a row per image")
    values = np.stack(rows)[:, order]
    if kind == "landmarks" and np.nanmax(np.abs(values)) <= 1:
        fail(
            path, 2, "no landmark is farther than a pixel from the corner", "give pixels of the photo, not shares of it"
        )
    return np.array(images), {kind: values.reshape(len(rows), 8, 2) if kind == "landmarks" else values}, lines


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def _columns(path: Path, names: list[str], benchmarks: dict[str, Benchmark]) -> tuple[str, np.ndarray]:
    """Return what the columns behind `image` hold, and their order, (columns,) int: canonical, or that of the list."""
    if not any(names):
        fail(path, 1, "no column names", "begin with a line such as image,x1,y1,...,x8,y8")
    if names[0] != "image":
        cures = {";": "separate columns with commas", "": "save a DataFrame with index=False"}
        cure = cures.get(";" if ";" in names[0] else names[0], "name it so")
        fail(path, 1, f"the first column is {names[0][:60]!r}, not 'image'", cure)
    if len(names) < 2:
        fail(path, 1, "no column but `image`", "add the predictions to its right")
    names = names[1:]
    if len(set(names)) < len(names):
        twice = next(name for i, name in enumerate(names) if name in names[:i])
        fail(path, 1, f"column {twice!r} is there twice", "keep one of the two")
    b = benchmarks.get("category_attribute")
    categories = b.category_names if b is not None and b.category_names else ()
    attributes = b.attribute_names if b is not None and b.attribute_names else ()
    embedding = tuple(f"e{i}" for i in range(len(names))) if all(re.fullmatch(r"e\d+", n) for n in names) else ()
    if gap := [name for name in embedding if name not in names]:
        fail(path, 1, f"no column {gap[0]!r} among {len(names)} of an embedding", "number them from e0 without a gap")
    forms = {"landmarks": POINTS, "embedding": embedding, "category": categories, "attributes": attributes}
    kind = max(forms, key=lambda form: len(set(forms[form]) & set(names)))
    wanted = forms[kind]
    if unknown := [name for name in names if name not in wanted]:
        near = difflib.get_close_matches(unknown[0], [*categories, *attributes, *POINTS], 1)
        known = ["x1, y1 .. x8, y8", "e0 .. eN", *(f"the {len(of)} names of {file}" for of, file in (
            (categories, "list_category_cloth.txt"), (attributes, "list_attr_cloth.txt")) if of)]  # fmt: skip
        fail(path, 1, f"unknown column {unknown[0][:60]!r}", f"did you mean {near[0]!r}?" if near else
             f"columns are of one kind: {', or '.join(known)}; this source has no other")  # fmt: skip
    if missing := [name for name in wanted if name not in names]:
        fail(path, 1, f"no column {missing[0]!r}, of {len(wanted)} for {kind}", "add it")
    place = {name: i for i, name in enumerate(names)}
    return kind, np.array([place[name] for name in wanted])


# ---- beside the truth -----------------------------------------------------------------------------------------------


def match(path: Path, predictions: Predictions, benchmarks: dict[str, Benchmark], seed: int = 0) -> Results:
    """Return predictions, under the method name "predictions", as the `Results` of the benchmark that has their images.

    Rows are brought into the benchmark's order. seed: of the bootstrap. Raises DataError for an image that no benchmark
    has, or that is not in the measured split, for one that is there twice or missing, for NaN, and for columns that do
    not fit.
    """
    images, scores, places = predictions
    stage = next((s for s, b in benchmarks.items() if len(images) and images[0] in set(b.image.tolist())), None)
    if stage is None:
        raise DataError(
            f"{places[0] if places else path}: image {str(images[0]) if len(images) else ''!r}"
            " is in none of the benchmarks; "
            "name images as the official lists do"
        )
    b, query, gallery = benchmarks[stage], None, None
    if stage in SEARCHES:
        query, gallery = deepfashion.sides(b)
        rows = np.concatenate([query, gallery])
        split = "queries and gallery"
    else:
        split = deepfashion.measured_split(b)
        rows = b.rows(split)
    place = {name: i for i, name in enumerate(b.image[rows].tolist())}
    order = np.full(len(rows), -1)
    if others := [i for i, name in enumerate(images.tolist()) if name not in place]:
        name, more = str(images[others[0]]), f" and {len(others) - 1:,} more such" if len(others) > 1 else ""
        raise DataError(
            f"{places[others[0]]}: image {name!r} is not among the {split} of {FOLDERS[stage]}, which are measured; "
            f"leave out this row{more}"
        )
    for i, name in enumerate(images.tolist()):
        if order[place[name]] >= 0:
            raise DataError(f"{places[i]}: image {name} is there a second time; keep one of the two rows")
        order[place[name]] = i
    if (order < 0).any():
        name = b.image[rows[int((order < 0).argmax())]]
        raise DataError(f"{path}: no row for image {name}, one of {int((order < 0).sum())} that are missing from the "
                        f"{split} of {FOLDERS[stage]}; predict all of them")  # fmt: skip
    wanted = ("embedding",) if stage in SEARCHES else ("category", "attributes", "landmarks")
    scores = {name: scores[name] for name in wanted if name in scores}
    _check(path, scores, places, b)
    if not scores:
        raise DataError(f"{path}: nothing to score: {FOLDERS[stage]} is measured by {', '.join(wanted)}; predict that")
    scores = {name: values[order] for name, values in scores.items()}
    answers = runs.rank(scores, b, rows, None if query is None else len(query))
    return Results(stage, b, rows, {"predictions": [answers]}, query=query, gallery=gallery, seed=seed)


def _check(path: Path, scores: dict[str, np.ndarray], places: list[str], b: Benchmark) -> None:
    for name, values in scores.items():
        finite = name in ("landmarks", "embedding")  # a score of -inf is no answer
        wrong = ~np.isfinite(values) if finite else np.isnan(values) | (values == np.inf)
        wrong = wrong.reshape(len(values), -1).any(1)
        if wrong.any():
            raise DataError(f"{places[int(wrong.argmax())]}: {name} holds NaN or infinity; predict a number")
        known = {"category": b.category_names, "attributes": b.attribute_names}.get(name, ())
        if known is None or (name == "landmarks" and b.landmarks is None):
            raise DataError(f"{path}: {name} cannot be scored, since the source has none; take the whole release")
        shape = {"landmarks": (8, 2), "embedding": values.shape[1:]}.get(name, (len(known),))
        if values.shape[1:] != shape:
            raise DataError(
                f"{path}: {name} has {values.shape[1:]} columns where {shape} should be; take the same lists"
            )


# ---- the command ----------------------------------------------------------------------------------------------------


def score(files: list[Path], benchmarks: dict[str, Benchmark], seed: int = 0) -> pd.DataFrame:
    """Return the measures of each file, one below the other: COLUMNS. Raises DataError, see `read` and `match`."""
    tables = []
    for path in files:
        results = match(path, read(path, benchmarks), benchmarks, seed)
        split = " and ".join(sorted(set(results.benchmark.split[results.rows]), reverse=True))
        print(f"{path}: {len(results.rows):,} images of {FOLDERS[results.stage]}, {split}", file=sys.stderr)
        table = printed(measure_all(results, alone=True))
        tables.append(table.assign(file=str(path)))
    return pd.concat(tables, ignore_index=True)[list(COLUMNS)]


def shown(table: pd.DataFrame) -> str:
    """Return the rows of the groups "all" and "within category" to read: per cent with intervals, NE as it is."""
    out = []
    for row in table[table.group.isin(("all", "within category"))].itertuples():
        scale, digits = (1, 4) if row.definition == "NE" else (100, 2)
        value, low, high = (f"{scale * number:.{digits}f}" for number in (row.value, row.lo, row.hi))
        measure, definition = words(row)
        definition += f", {row.group}" if row.group != "all" else ""
        file = "/".join(Path(row.file).parts[-2:])
        out.append((file, measure, definition, f"{value} [{low}, {high}]", row.n))
    names = ["file", "measure", "definition", "% (NE: box units) [95 % interval]", "n"]
    return pd.DataFrame(out, columns=names).to_string(index=False)


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m lib.report.evaluate", description=__doc__.split("\n")[0])
    parser.add_argument("--data", required=True, type=Path, help="the folder that holds the official folders")
    parser.add_argument("--predictions", required=True, type=Path, nargs="+", metavar="FILE",
                        help="scores.safetensors of a run, or a CSV: see docs/METRICS.md")  # fmt: skip
    parser.add_argument("--out", type=Path, metavar="FILE.csv", help="write all rows there, those of single groups too")
    parser.add_argument("--seed", type=int, default=0, help="of the bootstrap (0)")
    options = parser.parse_args(arguments)
    try:
        table = score(options.predictions, deepfashion.find_benchmarks(options.data), options.seed)
        if options.out:
            text = table.to_csv(index=False, float_format="%.6g")
            write_beside(options.out, lambda part: part.write_text(text, encoding="utf-8"))
    except DataError as error:
        print(f"evaluate: {error}", file=sys.stderr)
        sys.exit(2)
    print(shown(table))


if __name__ == "__main__":
    main(sys.argv[1:])
