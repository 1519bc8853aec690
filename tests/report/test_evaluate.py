"""Anyone's predictions: a run's own scores against the project's tables, as tensors and as CSV, and bad input."""

import json
import os
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from squares import blank

from lib import deepfashion, runs
from lib.artefact import write_tensors
from lib.deepfashion import Benchmark
from lib.lists import DataError
from lib.report import evaluate
from lib.report.measures import measure_all, printed
from lib.report.results import Results


@pytest.fixture
def three() -> dict[str, Benchmark]:
    """Three test images with categories and landmarks."""
    images = np.array(["img/a/1.jpg", "img/b/2.jpg", "img/c/3.jpg"])
    labels = dict(category=np.array([0, 0, 1], np.int16), category_names=("Tee", "Dress"))
    labels |= dict(landmarks=np.full((3, 8, 2), 20, np.float32), visibility=np.zeros((3, 8), np.int8))
    return {"category_attribute": blank(3, image=images, **labels)}


def random_scores(b: Benchmark, rows: np.ndarray, kinds) -> dict[str, np.ndarray]:
    rng, n = np.random.default_rng(3), len(rows)
    made = {
        "category": rng.normal(size=(n, len(b.category_names))),
        "attributes": rng.normal(size=(n, len(b.attribute_names))),
        "landmarks": np.nan_to_num(b.landmarks[rows], nan=40) + rng.normal(0, 6, (n, 8, 2)),
        "visibility": rng.normal(size=(n, 8, 3)),
        "embedding": rng.normal(size=(n, 6)),
    }
    return {kind: made[kind].astype(np.float32) for kind in kinds}


def as_a_run(folder: Path, b: Benchmark, rows: np.ndarray, scores) -> Path:
    header = {"images": json.dumps(b.image[rows].tolist())}
    return write_tensors(folder / "scores.safetensors", {k: torch.from_numpy(v) for k, v in scores.items()}, header)


@pytest.mark.parametrize("stage", ["category_attribute", "inshop", "consumer2shop"])
def test_a_runs_scores_give_the_numbers_of_the_tables(world, tmp_path, stage):
    b, query, gallery = world[stage], None, None
    if stage == "category_attribute":
        rows, kinds = b.rows("test"), ("category", "attributes", "landmarks", "visibility")
    else:
        query, gallery = deepfashion.sides(b)
        rows, kinds = np.concatenate([query, gallery]), ("embedding",)
    scores = random_scores(b, rows, kinds)
    shuffled = np.random.default_rng(0).permutation(len(rows))  # the order of a file does not matter
    path = as_a_run(tmp_path, b, rows[shuffled], {k: v[shuffled] for k, v in scores.items()})
    names = {"category": b.category_names, "attributes": b.attribute_names, "landmarks": evaluate.POINTS}
    names["embedding"] = [f"e{i}" for i in range(6)]
    files = []
    for kind in set(kinds) - {"visibility"}:  # as a CSV, whose columns may be in any order
        table = pd.DataFrame(scores[kind].reshape(len(rows), -1), b.image[rows], names[kind]).iloc[:, ::-1]
        files.append(tmp_path / f"{kind}.csv")
        table.to_csv(files[-1], index_label="image")
    answers = {"predictions": [runs.rank(scores, b, rows, None if query is None else len(query))]}
    own = measure_all(Results(stage, b, rows, answers, query=query, gallery=gallery), alone=True)
    keys = ["measure", "definition", "group", "k"]
    own, *others = (
        table[list(evaluate.COLUMNS[1:])].sort_values(keys, ignore_index=True)
        for table in (printed(own), evaluate.score([path], world), evaluate.score(files, world))
    )
    for table in others:
        pd.testing.assert_frame_equal(table, own)


HEAD = "image,Tee,Dress\nimg/a/1.jpg,2,1\n"
PLACES = "image," + ",".join(evaluate.POINTS) + "\nimg/a/1.jpg"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (f"{HEAD}img/z/9.jpg,1,2\n", r"p\.csv, line 3: image 'img/z/9.jpg' is not among those of .*; leave out this"),
        (f"{HEAD}img/a/1.jpg,1,2\n", r"line 3: image .img/a/1.jpg. is there a second time"),
        (f"{HEAD}img/c/3.jpg,1,2\n", r"p\.csv: no row for image img/b/2.jpg, one of 1"),
        (f"{HEAD}img/b/2.jpg,1,nan\nimg/c/3.jpg,1,2\n", r"line 3: category holds NaN"),
        (f"{HEAD}\nimg/b/2.jpg,1,2,3\n", r"p\.csv: .*line 4"),
        (f"{HEAD}\nimg/b/2.jpg,1,high\n", r"line 4: 'high' is no number; write numbers"),
        ("image,Tee,Dress\nimg/z/9.jpg,1,2\n", r"p\.csv: image 'img/z/9.jpg' is in none of the benchmarks"),
        ("image,Tee,Dress\n", r"line 2: no predictions follow"),
        ("image,Tee,Dress,Kilt\n", r"line 1: unknown column 'Kilt'; columns are x1, y1 .* or those of one list"),
        ("image,Tee\n", r"line 1: no column 'Dress', one of 2 for category"),
        ("image;Tee;Dress\n", r"line 1: the first column is 'image;Tee;Dress', not 'image'; .* apart by commas"),
        ("", r"p\.csv: .*; name a CSV of predictions"),
        ("image,e0\nimg/a/1.jpg,1\nimg/b/2.jpg,2\nimg/c/3.jpg,3\n", r"p\.csv: nothing to score"),
        ("\nimage,Tee,Dress\nimg/a/1.jpg,1,2\n", r"line 1: the first column is '', not 'image'"),
        (f"{PLACES},1.2{',0.9' * 15}", r"line 2: .* give pixels of the photo, not shares"),
        (f"{PLACES}{',' * 16}", r"no row for image img/b/2.jpg, .*; predict"),
        ("image,Tee,Dress\nimg/a/1.jpg,1,2,\n", r"line 2: more cells than column names; end no row with a comma"),
    ],
)
def test_bad_input_is_one_sentence_with_file_and_line(three, tmp_path, text, said):
    path = tmp_path / "p.csv"
    path.write_text(text)
    with pytest.raises(DataError, match=said) as error:
        evaluate.score([path], three)
    assert "\n" not in str(error.value) and ";" in str(error.value)  # the cure follows


@pytest.mark.parametrize(
    ("scores", "said"),
    [
        ({"category": np.zeros((2, 2), np.float32)}, r"category is \(2, 2\) for 3 images"),
        ({"category": np.zeros((3, 5), np.float32)}, r"category is \(5,\) and not \(2,\)"),
        ({"landmarks": np.full((3, 8, 2), np.nan, np.float32)}, "image 1: landmarks holds NaN"),
    ],
)
def test_bad_tensors_are_named(three, tmp_path, scores, said):
    with pytest.raises(DataError, match=said):
        evaluate.score([as_a_run(tmp_path, three["category_attribute"], np.arange(3), scores)], three)


def test_the_command_prints_and_writes(world, world_root, tmp_path, capsys):
    b = world["category_attribute"]
    rows = b.rows("test")
    scores = random_scores(b, rows, ("category",))
    path, other = as_a_run(tmp_path, b, rows, scores), tmp_path / os.fsdecode(b"pr\xe9d.csv")  # no text in UTF-8
    pd.DataFrame(scores["category"], b.image[rows], b.category_names).to_csv(other, index_label="image")
    out = tmp_path / "scores.csv"
    sys.stderr.reconfigure(errors="backslashreplace")  # as Python's own
    evaluate.main(["--data", str(world_root), "--predictions", str(path), str(other), "--out", str(out)])
    printed = capsys.readouterr().out
    table = pd.read_csv(out)
    assert tuple(table.columns) == evaluate.COLUMNS and len(table) == 2 * 6
    assert f"{100 * table.value[0]:.2f} [" in printed and "macro" in printed
    for name in ("no.csv", "no.safetensors"):
        with pytest.raises(SystemExit) as stopped:
            evaluate.main(["--data", str(world_root), "--predictions", str(tmp_path / name)])
        assert stopped.value.code == 2 and name in capsys.readouterr().err
