"""Anyone's predictions: three images worked by hand, a run's own scores against the project's tables, bad input."""

import csv
import json
from dataclasses import replace
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
    found = values(write(tmp_path / "a.csv", ["floral", "striped", "lace", "knit"], scores), three)
    assert found["micro", "all", 3] == 3 / 4
    assert found["macro", "all", 3] == (1 + 0 + 1 + 1) / 4
    assert found["image", "all", 3] == pytest.approx((1 + 0 + 1) / 3)
    assert found["best50", "all", 3] == 3 / 4
    assert found["group", "all", 3] == 1  # groups of two: all are among their group's first three
    assert found["micro", "texture", 3] == 1 / 2 and found["image", "fabric", 3] == 1


def test_the_interval_of_a_macro_mean_is_not_above_it(three, tmp_path):
    """One attribute of all images, always found, and twenty of one image each, never found: 1 of 21, in each
    resample."""
    n = 20
    b, labels = three["category_attribute"], np.full((n, n + 1), -1, np.int8)
    labels[:, 0], labels[np.arange(n), np.arange(1, n + 1)] = 1, 1
    images, names = [f"img/{i}/{i}.jpg" for i in range(n)], [f"a{i}" for i in range(n + 1)]
    b = replace(b, image=np.array(images), split=np.array(["test"] * n), box=np.tile(b.box[:1], (n, 1)), category=None,
                category_names=None, landmarks=None, visibility=None, attributes=labels, attribute_names=tuple(names),
                attribute_groups=np.ones(n + 1, np.int8), group_names={1: "texture"})  # fmt: skip
    scores = 1.0 * (labels == -1) + 2 * (np.arange(n + 1) == 0)  # an image's own rare attribute comes last
    table = evaluate.score([write(tmp_path / "a.csv", names, scores, images)], {"category_attribute": b})
    rows = table[(table.definition == "macro") & (table.k == 3)]
    assert rows[["value", "lo", "hi"]].to_numpy() == pytest.approx(np.full((2, 3), 1 / 21)) and (rows.n == 21).all()


def test_columns_may_be_in_any_order(three, tmp_path):
    first = write(tmp_path / "a.csv", ["floral", "striped", "lace", "knit"], [[9, 8, 7, 1], [9, 1, 8, 7], [9, 1, 7, 8]])
    other = [[1, 7, 9, 8], [7, 8, 9, 1], [8, 7, 9, 1]]
    second = write(tmp_path / "b.csv", ["knit", "lace", "floral", "striped"], other)
    pd.testing.assert_frame_equal(*(evaluate.score([p], three).drop(columns="file") for p in (first, second)))


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
    got = evaluate.score([path], world, seed=4).drop(columns="file")
    answers = {"predictions": [runs.rank(scores, b, rows, None if query is None else len(query))]}
    own = measure_all(Results(stage, b, rows, answers, query=query, gallery=gallery, seed=4))
    names = ["measure", "definition", "group", "k"]
    both = got.merge(own[own.method == "predictions"], on=names, suffixes=("", "_own"))
    assert len(both) == len(got) >= 20
    for name in ("value", "lo", "hi"):  # those of the tables are left out where they take long
        known = both[f"{name}_own"].notna() & both[name].notna()
        np.testing.assert_allclose(both[name][known], both[f"{name}_own"][known], rtol=1e-12)


# ---- bad input ------------------------------------------------------------------------------------------------------

GOOD = [[2, 1], [1, 2], [1, 2]]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("image,Tee,Dress\nimg/a/1.jpg,2,1\nimg/z/9.jpg,1,2\n",
         r"p\.csv, line 3: image 'img/z/9.jpg' is not among the test.*, which are measured; leave out this row$"),
        ("image,Tee,Dress\nimg/a/1.jpg,2,1\nimg/z/9.jpg,1,2\n ,1,2\n", r"line 3: .*leave out this row and 1 more such"),
        ("image,Tee,Dress\nimg/z/9.jpg,1,2\n", r"p\.csv, line 2: .*in none of the benchmarks"),
        ("image,Tee,Dress\nimg/a/1.jpg,2,1\nimg/c/3.jpg,1,2\n", r"p\.csv: no row for image img/b/2.jpg, one of 1"),
        ("image,Tee,Dress\nimg/a/1.jpg,2,1\nimg/a/1.jpg,1,2\n", r"line 3: image img/a/1.jpg is there a second time"),
        ("image,Tee,Dress\nimg/a/1.jpg,2,nan\nimg/b/2.jpg,1,2\nimg/c/3.jpg,1,2\n", r"line 2: category holds NaN"),
        ("image,Tee,Dress\nimg/a/1.jpg,2,inf\nimg/b/2.jpg,1,2\nimg/c/3.jpg,1,2\n",
         r"line 2: category holds NaN or inf"),
        ("image,Tee,Dress\nimg/a/1.jpg,2\n", r"line 2: 2 columns where 3 should be"),
        ("image,Tee,Dress\nimg/a/1.jpg,2,high\n", r"line 2: 'high' is not a number"),
        ("image,Tee,Dress,Kilt\n",
         r"line 1: unknown column 'Kilt'; columns are of one kind: .*the 2 names of list_category"),
        ("image,Tee,Dres\n", r"line 1: unknown column 'Dres'; did you mean 'Dress'\?"),
        ("image,Tee\n", r"line 1: no column 'Dress', of 2 for category"),
        ("image,Tee,Tee\n", r"line 1: column 'Tee' is there twice"),
        ("name,Tee,Dress\n", r"line 1: the first column is 'name', not 'image'; name it so"),
        ("image\n", r"line 1: no column but `image`; add the predictions to its right"),
        ("image;Tee;Dress\n", r"not 'image'; separate columns with commas"),
        (",image,Tee,Dress\n", r"the first column is '', not 'image'; save a DataFrame with index=False"),
        ("", r"line 1: no column names"),
        ("image,Tee,Dress\n", r"line 2: no predictions follow"),
        ("image,x1,y1\n", r"line 1: no column 'x2', of 16 for landmarks"),
        ("image,e1,e2\n", r"line 1: no column 'e0' among 2 of an embedding; number them from e0 without a gap"),
        ("image,e0\nimg/a/1.jpg,1\nimg/b/2.jpg,2\nimg/c/3.jpg,3\n", r"p\.csv: nothing to score"),
    ],
)  # fmt: skip
def test_bad_input_is_one_sentence_with_file_and_line(three, tmp_path, text, said):
    path = tmp_path / "p.csv"
    path.write_text(text)
    with pytest.raises(DataError, match=said) as error:
        evaluate.score([path], three)
    assert "\n" not in str(error.value) and ";" in str(error.value)  # the cure follows


def test_bad_tensors_are_named(three, tmp_path):
    b = three["category_attribute"]
    with pytest.raises(DataError, match="no such file"):
        evaluate.read(tmp_path / "none.safetensors", three)
    path = write_tensors(tmp_path / "a.safetensors", {"category": torch.zeros(3, 2)})
    with pytest.raises(DataError, match="no list of images"):
        evaluate.read(path, three)
    for images in ("3", '{"a": 1}', "[1, 2, 3]"):
        path = write_tensors(tmp_path / "a.safetensors", {"category": torch.zeros(3, 2)}, {"images": images})
        with pytest.raises(DataError, match="no list of images"):
            evaluate.read(path, three)
    half = {"category": torch.zeros(1, 2, dtype=torch.bfloat16)}
    read = evaluate.read(write_tensors(tmp_path / "half.safetensors", half, {"images": '["x"]'}), three)
    assert read[1]["category"].dtype == np.float32
    rows = np.arange(3)
    for scores, said in (
        ({"category": np.zeros((2, 2), np.float32)}, r"category is \(2, 2\) for 3 images"),
        ({"category": np.zeros((), np.float32)}, r"category is \(\) for 3 images"),
        ({"embedding": np.zeros(3, np.float32)}, r"an embedding of shape \(3,\)"),
        ({"embedding": np.zeros((3, 0), np.float32)}, r"an embedding of shape \(3, 0\)"),
        ({"category": np.zeros((3, 5), np.float32)}, r"\(5,\) columns where \(2,\)"),
        ({"landmarks": np.full((3, 8, 2), np.nan, np.float32)}, "image 1: landmarks holds NaN"),
    ):
        with pytest.raises(DataError, match=said):
            evaluate.score([as_a_run(tmp_path, b, rows, scores)], three)


def test_what_the_source_lacks_is_named(three, tmp_path):
    bare = {"category_attribute": replace(three["category_attribute"], landmarks=None, visibility=None)}
    path = write(tmp_path / "l.csv", evaluate.POINTS, np.full((3, 16), 9))
    with pytest.raises(DataError, match="landmarks cannot be scored, since the source has none"):
        evaluate.score([path], bare)
    path = write(tmp_path / "shares.csv", evaluate.POINTS, np.full((3, 16), 0.9))
    with pytest.raises(DataError, match=r"shares.csv, line 2: .* give pixels of the photo, not shares of it"):
        evaluate.score([path], three)


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
    with pytest.raises(SystemExit) as stopped:
        evaluate.main(["--data", str(world_root), "--predictions", str(tmp_path / "no.csv")])
    assert stopped.value.code == 2 and "no.csv" in capsys.readouterr().err
