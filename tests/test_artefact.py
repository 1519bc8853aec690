"""Artefacts: whole or absent, resumed, made by one process at a time, and one sentence where the disk says no."""

import errno
import json
import os
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest
import torch

from lib import artefact
from lib.lists import DataError

ROOT = Path(__file__).parents[1]


def script(text: str, *arguments) -> subprocess.Popen:
    command = [sys.executable, "-W", "ignore::DeprecationWarning", "-c", textwrap.dedent(text), *map(str, arguments)]
    return subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True)


COUNT = """
    import os, signal, sys
    from pathlib import Path
    from lib.artefact import artefact
    folder, log = Path(sys.argv[1]), Path(sys.argv[2])
    def make(part):
        for number in range(10):
            if not (part / str(number)).exists():
                with open(log, "a") as file: file.write(f"{number} ")
                if number == 3 and child == 0: os.kill(os.getpid(), signal.SIGKILL)
                (part / str(number)).write_text("x")
    child = os.fork() if "kill" in sys.argv else None
    if child:
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL and not folder.exists()
    artefact(folder, make, {})
"""  # makes a thing; with "kill" a copy of this process has begun it, and was killed


def test_killed_it_is_gone_on_with(tmp_path):
    process = script(COUNT, tmp_path / "thing", tmp_path / "log", "kill")
    assert process.communicate()[1] == "" and process.returncode == 0 and (tmp_path / "thing").is_dir()
    assert (tmp_path / "log").read_text().split() == list("01233456789")


def test_another_process_waits_and_finds_it_made(tmp_path):
    thing, waiting = tmp_path / "below" / "thing", []

    def make(part):
        assert part.name == "thing.part"
        (part / "a.txt").write_text("1")
        waiting.append(script(COUNT, thing, tmp_path / "log"))
        assert "is being made by another process; waiting for it to end" in waiting[0].stderr.readline()

    assert artefact.artefact(thing, make, {"seed": 3}) == thing
    assert waiting[0].communicate()[1] == "" and waiting[0].returncode == 0 and not (tmp_path / "log").exists()
    assert json.loads((thing / "about.json").read_text()) == {"seed": 3}
    assert {path.name for path in thing.iterdir()} == {"a.txt", "about.json"}
    assert {path.name for path in thing.parent.iterdir()} == {"thing", "thing.lock"}


@pytest.mark.parametrize(
    "number, cure",
    [
        (errno.ENOSPC, "free some disk space"),
        (errno.EROFS, "name, or copy the project to, a writable folder"),
        (errno.ENOLCK, "its file system lacks locks or memory maps: use a folder on a local disk"),
        (errno.EIO, "see whether the folder exists and can be written"),
    ],
)
def test_what_the_disk_says_becomes_a_sentence_with_its_cure(tmp_path, number, cure):
    def fail(path):
        raise OSError(number, os.strerror(number))

    expected = rf"cannot be written \({os.strerror(number)}\); {cure}"
    with pytest.raises(DataError, match=rf"{tmp_path}/a.json: {expected}"):
        artefact.write_beside(tmp_path / "a.json", fail)
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(DataError, match=expected):
        artefact.artefact(tmp_path / "thing", fail, {})
    assert not (tmp_path / "thing").exists()


def test_a_disk_without_memory_maps_is_no_damage():
    with pytest.raises(DataError, match="No such device.*; its file system lacks locks or memory maps"):
        artefact.read_tensors(Path("/proc/self/maps"))  # like every file of /proc, not to be mapped


def test_tensors_come_back_in_every_type(tmp_path):
    tensors = {"a": torch.rand(3, 2).t(), "b": torch.arange(4, dtype=torch.int16), "empty": torch.zeros(0, 3)}
    tensors["c"] = torch.ones(2, dtype=torch.bfloat16)
    path = artefact.write_tensors(tmp_path / "x.safetensors", tensors, {"about": "this"})
    read, header = artefact.read_tensors(path)
    assert header == {"about": "this"} and all(torch.equal(read[name], tensors[name]) for name in tensors)
    arrays, _ = artefact.read_tensors(path, "np")
    assert arrays["c"].dtype == np.float32 and arrays["b"].dtype == np.int16


def test_a_cut_file_is_one_sentence(tmp_path):
    path = artefact.write_tensors(tmp_path / "x.safetensors", {"a": torch.ones(100)})
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(DataError, match=f"x.safetensors: cannot be read .*delete {tmp_path} and start again"):
        artefact.read_tensors(path)
    with pytest.raises(DataError, match="y.safetensors: no such file; run the notebook that writes it first"):
        artefact.read_tensors(tmp_path / "y.safetensors")


def test_digests_do_not_depend_on_the_order_of_names():
    assert artefact.digest({"a": 1, "b": 2}) == artefact.digest({"b": 2, "a": 1}) != artefact.digest({"a": 1, "b": 3})
