"""Anyone's predictions: three images worked by hand, a run's own scores against the project's tables, bad input."""

import csv
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from lib import deepfashion, runs
from lib.artefact import write_tensors
from lib.deepfashion import Benchmark
from lib.lists import DataError
from lib.report import evaluate
from lib.report.measures import measure_all
from lib.report.results import Results

IMAGES = ["img/a/1.jpg", "img/b/2.jpg", "img/c/3.jpg"]


@pytest.fixture
def three() -> dict[str, Benchmark]:
    """Three test images with boxes of 100 x 200 pixels: two categories, four attributes in two groups, two
    landmarks."""
    landmarks, visibility = np.full((3, 8, 2), np.nan, np.float32), np.full((3, 8), -1, np.int8)
    landmarks[:, :2], visibility[:, :2] = [[20, 20], [80, 20]], 0
    visibility[2, 1], landmarks[2, 1] = 2, np.nan  # cut off
    b = Benchmark(
        "category_attribute", Path("nowhere"), np.array(IMAGES), np.array(["test"] * 3),
        np.tile(np.array([[0, 0, 100, 200]], np.float32), (3, 1)), category=np.array([0, 0, 1], np.int16),
        category_names=("Tee", "Dress"), landmarks=landmarks, visibility=visibility,
        attributes=np.array([[1, -1, 1, -1], [-1, 1, -1, -1], [-1, -1, -1, 1]], np.int8),
        attribute_names=("floral", "striped", "lace", "knit"), attribute_groups=np.array([1, 1, 2, 2], np.int8),
        group_names={1: "texture", 2: "fabric"},
    )  # fmt: skip
    return {"category_attribute": b}


def write(path: Path, columns, rows, images=IMAGES) -> Path:
    with open(path, "w", newline="") as file:
        writer = csv.writer(file)
        writer.writerows([["image", *columns], *([image, *row] for image, row in zip(images, rows, strict=True))])
    return path


def values(path: Path, benchmarks) -> dict[tuple, float]:
    table = evaluate.score([path], benchmarks)
    return {(r.definition, r.group, None if np.isnan(r.k) else r.k): r.value for r in table.itertuples()}


def test_attributes_by_hand(three, tmp_path):
    """Top 3 of four: image 1 has floral and lace, and finds both; image 2 misses striped; image 3 finds knit."""
    scores = [[9, 8, 7, 1], [9, 1, 8, 7], [9, 1, 7, 8]]
    path = write(tmp_path / "a.csv", ["floral", "striped", "lace", "knit"], scores)
    found = values(path, three)
    assert found["micro", "all", 3] == 3 / 4
    assert found["macro", "all", 3] == (1 + 0 + 1 + 1) / 4
    assert found["image", "all", 3] == pytest.approx((1 + 0 + 1) / 3)
    assert found["best50", "all", 3] == 3 / 4
    assert found["group", "all", 3] == 1  # groups of two: all are among their group's first three
    assert found["micro", "texture", 3] == 1 / 2 and found["image", "fabric", 3] == 1
    other = write(tmp_path / "b.csv", ["knit", "lace", "floral", "striped"], np.array(scores)[:, [3, 2, 0, 1]])
    pd.testing.assert_frame_equal(*(evaluate.score([p], three).drop(columns="file") for p in (path, other)))


def test_categories_by_hand(three, tmp_path):
    """At top-1 one of the two tees and the dress are right: 2 of 3 images; a half and 1 over the two categories."""
    found = values(write(tmp_path / "c.csv", ["Tee", "Dress"], [[2, 1], [1, 2], [1, 2]]), three)
    assert found["micro", "all", 1] == pytest.approx(2 / 3) and found["macro", "all", 1] == 3 / 4
    assert found["micro", "all", 3] == 1


def test_landmarks_by_hand(three, tmp_path):
    """Distances in units of the box: image 1 0.05 and 0; image 2 0.12 (by height) and 0.15; image 3 0.3, the other is
    cut off."""
    points = np.zeros((3, 8, 2))
    points[:, :2] = [[20, 20], [80, 20]]
    points[0, 0, 0] += 5
    points[1, 0, 1] += 24
    points[1, 1, 0] += 15
    points[2, 0, 0] += 30
    found = values(write(tmp_path / "l.csv", evaluate.POINTS, points.reshape(3, 16)), three)
    diagonal = np.hypot(100, 200)
    assert found["PDJ box", "all", 0.1] == 2 / 5
    assert found["PDJ diagonal", "all", 0.1] == np.mean(np.array([5, 0, 24, 15, 30]) / diagonal < 0.1) == 3 / 5
    assert found["PDJ errors", "all", 0.1] == pytest.approx(2 / 6)
    assert found["NE", "all", None] == pytest.approx((0.05 + 0 + 0.12 + 0.15 + 0.3) / 5)
    assert found["PCK", "all", 0.2] == 4 / 5
    assert found["pixels", "all", 10] == 1 / 5  # 0.05 of 224 is 11.2 pixels
    assert found["PDJ box", "left collar", 0.1] == pytest.approx(1 / 3) and np.isnan(found["NE", "left hem", None])


def test_a_search_by_hand(tmp_path):
    """Two queries of item id_1 and one of id_2; the gallery has two photos of id_1, none of id_2."""
    names = [
        f"img/WOMEN/Tees/{item}/{n}.jpg"
        for item, n in (("id_1", 1), ("id_1", 2), ("id_2", 3), ("id_1", 4), ("id_1", 5), ("id_3", 6))
    ]
    b = Benchmark(
        "inshop", Path("nowhere"), np.array(names), np.array(["query"] * 3 + ["gallery"] * 3),
        np.tile(np.array([[0, 0, 9, 9]], np.float32), (6, 1)), item=np.array([name.split("/")[3] for name in names]),
    )  # fmt: skip
    places = [[0.0], [10.0], [20.0], [1.0], [30.0], [11.0]]  # query 1: right at once; query 2: another item first
    found = values(write(tmp_path / "e.csv", ["e0"], places, names), {"inshop": b})
    assert found["hit", "all", 1] == pytest.approx(1 / 3) and found["hit", "all", 5] == pytest.approx(2 / 3)
    assert found["share found", "all", 1] == (1 / 2 + 0) / 2 and found["share found", "all", 5] == 1
    assert ("hit", "within category", 1) not in found  # no categories in this source


# ---- a run's own scores ---------------------------------------------------------------------------------------------


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
    got = evaluate.score([path], world).drop(columns="file")
    answers = {"predictions": [runs.rank(scores, b, rows, None if query is None else len(query))]}
    own = measure_all(Results(stage, b, rows, answers, query=query, gallery=gallery))
    names = ["measure", "definition", "group", "k"]
    both = got.merge(own[own.method == "predictions"], on=names, suffixes=("", "_own"))
    assert len(both) == len(got) >= 20
    for name in ("value", "lo", "hi"):  # those of the tables are left out where they take long
        known = both[f"{name}_own"].notna() & both[name].notna()
        np.testing.assert_allclose(both[name][known], both[f"{name}_own"][known], rtol=1e-12)


# ---- bad input ------------------------------------------------------------------------------------------------------

HEAD = "image,Tee,Dress\nimg/a/1.jpg,2,1\n"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            f"{HEAD}img/z/9.jpg,1,2\n",
            r"p\.csv, line 3: image 'img/z/9.jpg' is not among those of .*; leave out this",
        ),
        (f"{HEAD}img/a/1.jpg,1,2\n", r"line 3: image img/a/1.jpg is there a second time"),
        (f"{HEAD}img/c/3.jpg,1,2\n", r"p\.csv: no row for image img/b/2.jpg, one of 1"),
        (f"{HEAD}img/b/2.jpg,1,nan\nimg/c/3.jpg,1,2\n", r"line 3: category holds NaN"),
        (f"{HEAD}img/b/2.jpg,1,inf\nimg/c/3.jpg,1,2\n", r"line 3: category holds NaN or inf"),
        (f"{HEAD}img/b/2.jpg,1\n", r"line 3: 2 columns where 3 should be"),
        (f"{HEAD}img/b/2.jpg,1,high\n", r"line 3: .*'high'.*; write numbers"),
        ("image,Tee,Dress\nimg/z/9.jpg,1,2\n", r"p\.csv: image 'img/z/9.jpg' is in none of the benchmarks"),
        ("image,Tee,Dress\n", r"line 2: no predictions follow"),
        ("image,Tee,Dress,Kilt\n", r"line 1: unknown column 'Kilt'; columns are x1, y1 .* or those of one list"),
        ("image,Tee\n", r"line 1: 0 columns 'Dress' where one should be, of 2 for category"),
        ("image,Tee,Tee,Dress\n", r"line 1: 2 columns 'Tee'"),
        ("image;Tee;Dress\n", r"line 1: the first column is 'image;Tee;Dress', not 'image'; .* apart by commas"),
        ("", r"line 1: the first column is ''"),
        ("image,x1,y1\n", r"line 1: 0 columns 'x2' where one should be, of 16 for landmarks"),
        ("image,e1,e2\n", r"line 1: unknown column 'e2'"),
        ("image,e0\nimg/a/1.jpg,1\nimg/b/2.jpg,2\nimg/c/3.jpg,3\n", r"p\.csv: nothing to score"),
        ("image," + ",".join(evaluate.POINTS) + "\nimg/a/1.jpg" + ",0.9" * 16, r"line 2: .* give pixels of the photo"),
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
    path = as_a_run(tmp_path, b, rows, random_scores(b, rows, ("category",)))
    out = tmp_path / "scores.csv"
    evaluate.main(["--data", str(world_root), "--predictions", str(path), str(path), "--out", str(out)])
    printed = capsys.readouterr().out
    table = pd.read_csv(out)
    assert tuple(table.columns) == evaluate.COLUMNS and len(table) == 2 * 6
    assert f"{100 * table.value[0]:.2f} [" in printed and "macro" in printed
    for name in ("no.csv", "no.safetensors"):
        with pytest.raises(SystemExit) as stopped:
            evaluate.main(["--data", str(world_root), "--predictions", str(tmp_path / name)])
        assert stopped.value.code == 2 and name in capsys.readouterr().err
