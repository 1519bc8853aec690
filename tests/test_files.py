"""Files that are whole or absent."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors import SafetensorError

from lib import files
from lib.lists import DataError


def test_a_digest_depends_on_values_and_not_on_the_order_of_keys():
    assert files.digest({"a": 1, "b": [2, 3]}) == files.digest({"b": [2, 3], "a": 1})
    different = {
        files.digest(*parts) for parts in [(), (1,), (1, 2), ((1, 2),), ("1",), (None,), ({"a": 1},), (1.0000001,)]
    }
    assert len(different) == 8
    assert len(files.digest()) == 12 and set(files.digest()) <= set("0123456789abcdef")


def test_a_failing_write_leaves_the_old_file_whole_and_nothing_else(tmp_path, monkeypatch):
    path = tmp_path / "x.safetensors"
    files.write_tensors(path, {"a": torch.zeros(3)})

    def fail(tensors, part, metadata):
        Path(part).write_bytes(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(files, "save_file", fail)
    with pytest.raises(DataError, match=r"x.safetensors: cannot be written \(No space left on device\); free"):
        files.write_tensors(path, {"a": torch.ones(3)})
    assert [p.name for p in tmp_path.iterdir()] == ["x.safetensors"]
    assert files.read_tensors(path)[0]["a"].sum() == 0


def test_a_disk_that_fills_up_under_a_network_is_one_sentence(tmp_path, monkeypatch):
    def full(tensors, path, header):
        path.write_bytes(b"half")
        raise SafetensorError("Error while serializing: I/O error: No space left on device (os error 28)")

    monkeypatch.setattr(files, "save_file", full)
    with pytest.raises(DataError, match="x.safetensors: cannot be written .*No space left.*; free some disk space"):
        files.write_tensors(tmp_path / "x.safetensors", {"a": torch.zeros(1)})
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_a_file_is_one_sentence(tmp_path):
    (tmp_path / "runs").write_text("")
    with pytest.raises(DataError, match="run.json: cannot be written"):
        files.write_json(tmp_path / "runs" / "run.json", {})


def test_tensors_come_back_with_their_header(tmp_path):
    path = tmp_path / "new" / "x.safetensors"
    strided = torch.arange(6.0).reshape(2, 3).T.requires_grad_()
    tensors = {"a": strided, "empty": torch.zeros(0, 4), "h": torch.ones(2).half(), "n": torch.tensor(7)}
    assert files.write_tensors(path, tensors, {"about": "ö"}) == path
    back, header = files.read_tensors(path)
    assert header == {"about": "ö"} and back.keys() == tensors.keys()
    assert all(torch.equal(back[name], tensors[name]) and back[name].dtype == tensors[name].dtype for name in tensors)
    arrays = files.read_tensors(path, "np")[0]
    assert isinstance(arrays["a"], np.ndarray) and arrays["a"].tolist() == [[0, 3], [1, 4], [2, 5]]


def test_tensors_without_a_header(tmp_path):
    assert files.read_tensors(files.write_tensors(tmp_path / "x", {}))[1] == {}


@pytest.mark.parametrize("content", [b"", b"not weights", None])
def test_damaged_and_absent_files_are_named(tmp_path, content):
    path = tmp_path / "w.safetensors"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(DataError, match="w.safetensors: " + ("no such file" if content is None else "cannot be read")):
        files.read_tensors(path)


def test_a_file_cut_short_is_named(tmp_path):
    path = files.write_tensors(tmp_path / "w.safetensors", {"a": torch.zeros(1000)})
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(DataError, match="w.safetensors: cannot be read as safetensors"):
        files.read_tensors(path)


def test_json_is_indented_and_ends_with_a_line_end(tmp_path):
    text = files.write_json(tmp_path / "x.json", {"a": [1], "path": Path("b")}).read_text()
    assert json.loads(text) == {"a": [1], "path": "b"} and text.endswith("}\n") and text.count("\n") > 3
