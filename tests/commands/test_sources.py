"""Digests of what results are made from: what changes them and what does not."""

import os

import pytest

from lib.commands.sources import code_digest, data_digest


@pytest.fixture
def data(tmp_path):
    """A data set whose photos lie behind a link, as on another disk, with a link that leads back to itself."""
    (tmp_path / "disk" / "shoes").mkdir(parents=True)
    for photo in ("1.JPG", "2.webp", "3.BMP"):
        (tmp_path / "disk" / "shoes" / photo).write_bytes(b"photo")
    (tmp_path / "data" / "Anno").mkdir(parents=True)
    (tmp_path / "data" / "Anno" / "list_bbox.txt").write_text("1\n")
    (tmp_path / "data" / "img").symlink_to(tmp_path / "disk")
    (tmp_path / "disk" / "back").symlink_to(tmp_path / "data")
    (tmp_path / "data" / "gone.jpg").symlink_to(tmp_path / "nowhere")
    return tmp_path / "data"


def grow(path):
    path.write_bytes(path.read_bytes() + b".")


def touch(path):
    os.utime(path, (1, 1))


@pytest.mark.parametrize("name", ["Anno/list_bbox.txt", "img/shoes/1.JPG", "img/shoes/2.webp", "img/shoes/3.BMP"])
@pytest.mark.parametrize("change", [grow, touch, os.unlink])
def test_a_changed_list_or_photo_changes_the_digest(data, tmp_path, name, change):
    first = data_digest(tmp_path / "out", {"data": str(data)})
    assert data_digest(tmp_path / "out", {"data": str(data)}) == first
    change(data / name)
    assert data_digest(tmp_path / "out", {"data": str(data)}) != first


def test_files_that_nothing_reads_do_not(data, tmp_path):
    first = data_digest(tmp_path / "out", {"data": str(data)})
    for name in ("img.zip", "README.md", ".DS_Store", "Anno/notes"):
        (data / name).write_text("x")
    assert data_digest(tmp_path / "out", {"data": str(data)}) == first


def test_parameters_weights_and_the_place_of_the_results_do(tmp_path):
    weights = tmp_path / "w.safetensors"
    weights.write_bytes(b"1")
    calls = [({}, "a"), ({}, "b"), ({"profile": "smoke"}, "a"), ({"weights": str(weights)}, "a"), ({"data": ""}, "a")]
    digests = [data_digest(tmp_path / out, values) for values, out in calls]
    assert len(set(digests)) == len(calls)
    grow(weights)
    assert data_digest(tmp_path / "a", {"weights": str(weights)}) not in digests


def test_commands_are_no_part_of_the_code(tmp_path):
    (tmp_path / "commands").mkdir()
    (tmp_path / "train.py").write_text("")
    first = code_digest(tmp_path)
    (tmp_path / "commands" / "run_all.py").write_text("")
    (tmp_path / "README.md").write_text("")
    assert code_digest(tmp_path) == first
    (tmp_path / "methods.csv").write_text("")
    assert code_digest(tmp_path) != first
