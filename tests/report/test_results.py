"""Answers beside the truth: reference rows, opening, gathering, files."""

import os
import shutil
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from answers import A, N, answers, make, rng, search_results

from lib import runs
from lib.config import PROFILES
from lib.lists import DataError, Lacks
from lib.report import files, results, tables
from lib.report.results import Results


def test_missing_answers_and_labels_are_named(found):
    with pytest.raises(Lacks, match="other has no answers 'category' in category and attributes"):
        found.each("other", "category")
    partly = replace(found, answers={"m": [*found.answers["m"][:2], {}]})
    assert found.has("m", "landmarks") and not partly.has("m", "landmarks") and partly.having("category") == []
    with pytest.raises(Lacks, match="no category in this source's category and attributes benchmark"):
        replace(found, benchmark=make(category=None)).truth("category")
    with pytest.raises(Lacks, match="no landmarks in this source"):
        replace(found, benchmark=make(landmarks=None)).truth("landmarks")


def test_units_are_items_folders_or_images():
    def units(rows, **fields):
        return Results("category_attribute", make(**fields), np.array(rows), {}).units

    assert len(set(units(range(N)))) == N // 2
    assert len(set(units(range(N), image=np.array([f"img/{i}.jpg" for i in range(N)])))) == N
    assert units([5, 15], item=np.arange(N) // 10).tolist() == [0, 1]


def test_designs_of_drawn_clothes_are_lines_of_families(world):
    b = world["inshop"]
    rows = np.arange(len(b.item))
    numbers = runs.designs(b)[rows]
    for design in np.unique(numbers):
        splits = set(b.split[numbers == design]) - {"query", "gallery"}
        assert splits in (set(), {"train"})  # a line is wholly in one split
        assert len(set(b.category[numbers == design])) == 1  # families of a line share the cut
    assert all(runs.drawn_from(benchmark) for benchmark in world.values())
    assert not runs.drawn_from(replace(b, images_root=b.images_root.parent))
    assert (Results("inshop", b, rows, {}).units == numbers).all() and runs.designs(world["category_attribute"]) is None


def test_prior_ranks_by_training_frequency(found):
    b = found.benchmark
    mine = results.prior(b, found.rows)
    train = b.rows("train")
    counts = [(b.category[train] == c).sum() for c in range(6)]
    assert mine["category"].shape == (30, 6)
    assert mine["category"][7].tolist() == sorted(range(6), key=lambda c: (-counts[c], c))
    labels = (b.attributes[train] == 1).sum(0)
    assert mine["attributes"][3].tolist() == sorted(range(A), key=lambda j: (-labels[j], j))
    assert mine["attributes_in_group"].shape == (30, 3, 5)
    assert mine["attributes_in_group"][0, 0].tolist() == [*sorted((5, 6, 7), key=lambda j: (-labels[j], j)), -1, -1]
    # The test split has no part in it.
    shuffled = np.where((b.split == "test")[:, None], 1, b.attributes).astype(np.int8)
    assert (results.prior(make(attributes=shuffled), found.rows)["attributes"] == mine["attributes"]).all()


def test_ceiling_is_what_the_source_lists():
    best = np.full((N, 50), -1, np.int16)
    best[1::2, :A] = rng().permuted(np.tile(np.arange(A), (N // 2, 1)), axis=1)
    b = make(ceiling=best)
    rows = b.rows("test")
    mine = results.ceiling(b, rows)
    assert (mine["attributes"][:, :A] == best[rows, :A]).all() and mine["attributes"].shape == (30, 20)
    assert results.ceiling(b, b.rows("train")) == results.ceiling(make(), rows[:0]) == {}
    assert results.ceiling(make(attributes=None), rows) == {}
    found = Results("category_attribute", b, rows, {"m": [answers(b, 30, 0)]}).with_references()
    assert list(found.answers) == ["m", "ceiling", "prior", "mean landmark"] and not found.has("ceiling", "category")


def test_mean_landmarks_are_in_box_units():
    b = make(visibility=np.zeros((N, 8), np.int8))
    b.visibility[:, 5] = 1  # never visible
    b.box[1] = [0, 0, 10, 50]
    mine = results.mean_landmarks(b, np.array([1, 3]))
    train = b.rows("train")
    mean = ((b.landmarks[train] - [10, 20]) / 100).mean(0)
    mean[5] = 0.5
    assert mine["landmarks"][0] == pytest.approx(mean * [10, 50], rel=1e-4)
    assert mine["landmarks"][1] == pytest.approx(mean * 100 + [10, 20], rel=1e-4)
    assert mine["visibility"].shape == (2, 8)


def test_open_run(tmp_path):
    config, folder = results.open_run("smoke", str(tmp_path / "here"))
    assert config is PROFILES["smoke"] and (folder / "tables").is_dir() and (folder / "figures").is_dir()


def test_open_data_checks_and_names_what_is_missing(tmp_path, monkeypatch):
    b, made = make(), []
    monkeypatch.setattr(results.deepfashion, "find_benchmarks", lambda root: {b.name: replace(b, images_root=root)})
    monkeypatch.setattr(results, "write_world", lambda root, *_: made.append("drawn") or root)
    monkeypatch.setattr(results.crops, "crop_store", lambda *_: made.append("decoded"))
    opened = [results.open_data(PROFILES["smoke"], data, tmp_path) for data in ("", str(tmp_path))]
    assert [found[b.name].images_root for found in opened] == [tmp_path / "world", tmp_path]
    assert made == ["drawn", "decoded"], "a source's photos are decoded at once"
    b = make(item=np.array(["id_1"] * N))
    with pytest.raises(DataError):
        results.open_data(PROFILES["smoke"], "x", tmp_path)


@pytest.fixture
def root(world_root, tmp_path):
    """A source of its own: without world.json, which marks drawn clothes."""
    shutil.copytree(world_root, tmp_path / "source")
    (tmp_path / "source" / "world.json").unlink()
    return tmp_path / "source"


def test_a_source_with_damaged_photos_stops_or_goes_on_without_them(root, world_root, world, tmp_path, capsys):
    bad = {"category_attribute": [3, 7], "inshop": [1]}
    for name, rows in bad.items():
        for row in rows:
            path = root / (world[name].images_root / world[name].image[row]).relative_to(world_root)
            path.write_bytes(path.read_bytes()[:700])
    with pytest.raises(DataError) as stopped:
        results.open_data(PROFILES["smoke"], str(root), tmp_path)
    assert all(world["category_attribute"].image[row] in str(stopped.value) for row in bad["category_attribute"])

    opened = results.open_data(PROFILES["smoke"], str(root), tmp_path, skip_damaged=True)
    said = capsys.readouterr().err
    assert "category_attribute: 2 of 54 photos cannot be read and are left out" in said
    for name, benchmark in world.items():
        rows = [i for i in range(len(benchmark.image)) if i not in bad.get(name, [])]
        assert opened[name].image.tolist() == benchmark.image[rows].tolist()
        assert opened[name].skipped == len(bad.get(name, []))
    counts = tables.counts_table(opened)
    left_out = counts[counts.what == "photos left out, damaged"].set_index("benchmark").here
    assert left_out.to_dict() == {"category_attribute": 2, "inshop": 1}
    assert tables.source_table(opened).skipped.to_dict() == {"category_attribute": 2, "inshop": 1, "consumer2shop": 0}
    assert "skipped" not in tables.source_table(world)


def test_a_source_that_lost_all_of_a_split_is_not_measured_on_another(root, world_root, world, tmp_path):
    b = world["category_attribute"]
    for row in b.rows("test"):
        (root / (b.images_root / b.image[row]).relative_to(world_root)).unlink()
    with pytest.raises(DataError, match="none of the test photos can be read; unpack them again"):
        results.open_data(PROFILES["smoke"], str(root), tmp_path, skip_damaged=True)


def test_a_damaged_list_of_drawn_clothes_is_cured_by_drawing_them_again(tmp_path, world_root, monkeypatch):
    shutil.copytree(world_root, tmp_path / "world")
    (path,) = (tmp_path / "world").rglob("list_category_img.txt")
    os.truncate(path, path.stat().st_size // 2)
    monkeypatch.setattr(results, "write_world", lambda *_: tmp_path / "world")
    with pytest.raises(DataError, match=r"list_category_img.txt.*delete the folder .*/world instead\)$"):
        results.open_data(PROFILES["smoke"], "", tmp_path)
    with pytest.raises(DataError) as error:  # of somebody else
        results.open_data(PROFILES["smoke"], str(tmp_path / "world"), tmp_path)
    assert "delete the folder" not in str(error.value)


def test_gather_reads_all_finished_seeds(tmp_path, monkeypatch):
    b, shop = make(), search_results().benchmark
    config = replace(PROFILES["smoke"], seeds=(3, 4, 5), methods=("wtbi", "fashionnet"))
    plan = results.runs.make_plan({b.name: b}, config, tmp_path)
    search = [replace(run, stage="inshop", folder=tmp_path / run.key) for run in plan.runs]
    missing = {"category_attribute": {"darn": "a reason"}, "inshop": {}}
    plan = replace(plan, benchmarks={b.name: b, "inshop": shop}, runs=(*plan.runs, *search), missing=missing)
    for run in plan.runs:
        if (run.method, run.seed) != ("fashionnet", 4):
            run.folder.mkdir(parents=True)
    monkeypatch.setattr(results.runs, "ranking", lambda run: {"name": f"{run.method} {run.stage} {run.seed}"})
    found = results.gather("category_attribute", plan)
    assert list(found.answers) == ["wtbi", "fashionnet"] and found.skipped == {"darn": "a reason"}
    read = [ranking["name"] for ranking in found.answers["fashionnet"]]
    assert read == [f"fashionnet category_attribute {seed}" for seed in (3, 5)]
    assert len(found.answers["wtbi"]) == 3 and (found.rows == b.rows("test")).all() and found.query is None
    found = results.gather("inshop", plan)
    assert found.query.tolist() == [0, 1, 2, 3] and found.rows.tolist() == list(range(8))
    with pytest.raises(Lacks):
        results.gather("consumer2shop", plan)


def test_tables_are_written_whole(tmp_path):
    table = pd.DataFrame({"a": [1, 2], "b": [1 / 3, np.nan]})
    path = files.save_table(table, tmp_path, "t")
    assert path.read_text() == "a,b\n1,0.333333\n2,\n" and [p.name for p in path.parent.iterdir()] == ["t.csv"]
