"""The command behind run_all.sh: its options, and real kernels that run small notebooks."""

import json
import re
import signal
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import nbformat
import papermill
import pytest

from lib import commands
from lib.commands import clock, photo, run_all
from lib.config import PROFILES
from lib.lists import DataError

ROOT = Path(__file__).parents[2]
LICENSE = str(ROOT / "LICENSE")


@pytest.mark.parametrize(
    "arguments, sentence",
    [
        (["--foo"], "unrecognized arguments: --foo"),
        (["--data", "no such"], "'no such': no such file or folder"),
        (["--data", ""], "'': no such file or folder"),  # "$UNSET"
        (["--data", "--fresh"], "--data: expected one argument"),  # $UNSET without quotes
        (["--only", "77"], "invalid choice: '77' (choose from '00', "),
        (["--test", "--fresh"], "--check, --photo and --test train nothing"),
        (["--check", str(ROOT), "--data", str(ROOT)], "--check, --photo and --test train nothing"),
        (["--box", "1,2,3,4"], "--box and --catalogue need --photo"),
        (["--skip-damaged"], "--skip-damaged needs --data"),
        (["--only", "3", "--fresh"], "--fresh deletes what the other notebooks wrote"),
        (["--profile", "photos"], "--profile photos needs --data or --check"),
        (["--profile", "study", "--weights", LICENSE], "--weights needs --trunk or --profile paper"),
        (["--trunk", "vgg16"], "--trunk needs --data or --check, and no --profile"),
    ],
)
def test_a_wrong_call_ends_with_its_reason_and_2(arguments, sentence, capsys):
    with pytest.raises(SystemExit) as stopped:
        run_all.parse(arguments)
    assert stopped.value.code == 2
    usage, error = capsys.readouterr().err.splitlines()
    assert usage == "usage: ./run_all.sh [options]" and sentence in error


def test_paths_are_the_callers_and_results_of_real_photos_have_a_folder_of_their_own(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("my data").mkdir()
    Path("w.safetensors").touch()
    data = ["--data", "my data"]
    args = run_all.parse([*data, "--weights", "w.safetensors", "--profile", "paper"])
    assert (args.data, args.weights) == (str(tmp_path / "my data"), str(tmp_path / "w.safetensors"))
    calls = [[], data, [*data, "--trunk", "vgg16"], ["--profile", "smoke"], [*data, "--profile", "smoke"]]
    names = [run_all.parse(call).out.relative_to(ROOT).as_posix() for call in calls]
    assert names == [f"outputs/{name}" for name in ("demo", "photos", "photos-vgg16", "smoke", "smoke_photos")]
    assert run_all.parse(["--only", "3"]).only == "03"
    assert run_all.parse(["--check", "my data"]).profile == "photos"


def test_other_commands_get_their_options(monkeypatch):
    called = []
    monkeypatch.setattr(photo, "main", lambda *arguments: called.append(arguments))
    run_all.main(["--box", "1,2,3,4", "--photo", "a.jpg", "b.jpg", "--catalogue", str(ROOT)])
    assert called == [(["a.jpg", "b.jpg"], "1,2,3,4", str(ROOT))]
    checked = SimpleNamespace(main=lambda *arguments: called.append(arguments) or 1)
    monkeypatch.setattr(commands, "check", checked, raising=False)
    assert call("--check", str(ROOT)) == 1 and called[1] == (str(ROOT), "photos")
    assert photo.box_of("1,2,3,4.5") == [1, 2, 3, 4.5]
    for wrong in ("1,2,3", "1,2,3,x", "", "1,2,3,4,5"):
        with pytest.raises(DataError, match="is not x1,y1,x2,y2"):
            photo.box_of(wrong)


def test_the_users_results_are_ignored_and_ours_are_not():
    """So `git status` stays clean after any run, and --test compares the README with our results alone."""
    if subprocess.run(["git", "rev-parse"], cwd=ROOT, capture_output=True).returncode:
        pytest.skip("not a git checkout")
    names = [f"outputs/{profile}{more}/tables/table2.csv" for profile in PROFILES for more in ("", "_photos")]
    names += ["outputs/demo.lock", "outputs/reference/photos/figures/fig08a.png", ".venv.lock"]
    kept = ["outputs/reference/demo/tables/table2.csv", "outputs/reference/demo/notebooks/00_data.ipynb"]
    done = subprocess.run(["git", "check-ignore", *names, *kept], cwd=ROOT, capture_output=True, text=True)
    assert done.stdout.splitlines() == names


def test_clock():
    shown = ["0 s", "119 s", "2 min 00 s", "12 min 34 s", "6 min 00 s"]
    assert [clock(s) for s in (0.4, 119, 120, 754, 359.6)] == shown


def call(*arguments) -> int:
    """Run the command; return its exit code."""
    try:
        run_all.main([*arguments])
    except SystemExit as stopped:
        if isinstance(stopped.code, str):
            print(stopped.code, file=sys.stderr)
            return 1
        return stopped.code
    return 0


@pytest.fixture
def project(tmp_path, monkeypatch):
    """Return a function that writes notebooks, each a list of cells, into a project of its own; it returns its folder.

    There is a blank and there are braces in its path.
    """
    root = tmp_path / "a {project}"

    def write(*notebooks):
        (root / "notebooks").mkdir(parents=True)
        for number, sources in enumerate(notebooks):
            cells = [nbformat.v4.new_code_cell(source) for source in (PARAMETERS, *sources)]
            cells[0].metadata["tags"] = ["parameters"]
            kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
            notebook = nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": kernel})
            nbformat.write(notebook, root / "notebooks" / f"{number:02d}_notebook.ipynb")
        paths = sorted((root / "notebooks").iterdir())
        monkeypatch.setattr(run_all, "ROOT", root)
        monkeypatch.setattr(run_all, "NOTEBOOKS", {path.name[:2]: path for path in paths})
        return root

    return write


PARAMETERS = 'profile = "smoke"\ndata = ""\nweights = ""\nout = ""\nskip_damaged = False'
FIRST = [
    "import sys, pathlib\nprint(profile, pathlib.Path.cwd().name, sys.executable)\nprint('seen', file=sys.stderr)",
    "table = pathlib.Path('..', 'outputs', profile, 'tables', 'a.csv')\ntable.touch()",
    "import matplotlib.pyplot as plt\nplt.plot([0, 1])\nplt.show()",
]
LACKS = ["class Lacks(ValueError): pass\nraise Lacks('d: no landmarks')"]


def test_notebooks_run_in_their_folder_with_their_parameters(project, monkeypatch, capfd):
    root = project(FIRST, LACKS, ["1 / 0"])
    out = root / "outputs" / "demo"
    monkeypatch.setenv("MPLBACKEND", "agg")  # a figure would not be shown
    old = out / "notebooks" / "01_notebook.ipynb"
    old.parent.mkdir(parents=True)
    old.touch()
    assert call() == 1
    printed = capfd.readouterr()
    first, second = printed.out.splitlines()
    assert re.fullmatch(r"\[1/3\] 00_notebook: \d+ s, 1 figures and tables", first)
    assert second == "[2/3] 01_notebook: skipped: d: no landmarks"
    assert "seen\n" in printed.err
    part = out / "notebooks" / "02_notebook.part.ipynb"
    last = f"run_all.sh: 02_notebook: ZeroDivisionError: division by zero (cell 3); see {part}"
    assert printed.err.splitlines()[-1] == last and "Traceback" not in printed.err
    assert sorted(path.name for path in (out / "notebooks").iterdir()) == ["00_notebook.ipynb", part.name]
    notebook = nbformat.read(out / "notebooks" / "00_notebook.ipynb", 4)
    outputs = [cell.outputs for cell in notebook.cells if cell.cell_type == "code"]
    assert outputs[2][0].text == f"demo notebooks {sys.executable}\n"
    assert "image/png" in outputs[4][0].data
    assert "papermill" not in notebook.metadata and all("papermill" not in cell.metadata for cell in notebook.cells)


@pytest.fixture
def fake(monkeypatch):
    """Run no kernel: return a list of (notebook's name, parameters) that are run, and of errors to raise."""
    ran, errors = [], []

    def execute(path, part, values, **_):
        ran.append((Path(path).stem, values))
        if errors:
            raise errors.pop()
        Path(part.format()).write_text(json.dumps({"metadata": {}, "cells": []}))

    monkeypatch.setattr(papermill, "execute_notebook", execute)
    monkeypatch.setattr(run_all, "set_kernels_environment", lambda scratch: None)
    return ran, errors


def test_what_fails_is_one_sentence(project, fake, capsys):
    project([], [])
    cells = {"cell_index": 1, "exec_count": 7, "source": "", "traceback": []}
    data = papermill.PapermillExecutionError(**cells, ename="DataError", evalue="list.txt, line 3: no box; correct it")
    full = OSError(28, "No space left on device", "x.part.ipynb")
    sentences = {
        data: "00_notebook: list.txt, line 3: no box; correct it",
        RuntimeError("Kernel died"): "00_notebook: its Python died, most often for lack of memory",
        full: "[Errno 28] No space left on device: 'x.part.ipynb'; free some disk space",
    }
    for error, sentence in sentences.items():
        fake[1].append(error)
        assert call() == 1
        assert capsys.readouterr().err == f"run_all.sh: {sentence}\n"


def test_results_of_other_data_are_removed_first(project, fake, tmp_path, capsys):
    out = project([], []) / "outputs" / "smoke_photos"
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    smoke = ["--profile", "smoke", "--data"]
    assert call(*smoke, str(tmp_path / "one")) == 0
    values = {"profile": "smoke", "data": str(tmp_path / "one"), "weights": "", "out": str(out), "skip_damaged": False}
    assert fake[0] == [("00_notebook", values), ("01_notebook", values)]
    kept = [out / "tables" / "a.csv", out / "runs" / "a"]
    for path in kept:
        path.parent.mkdir(exist_ok=True)
        path.touch()
    fake[0].clear()
    assert call(*smoke, str(tmp_path / "one"), "--only", "1") == 0
    assert [name for name, _ in fake[0]] == ["01_notebook"] and kept[0].exists()
    assert "Removing" not in capsys.readouterr().out
    assert call(*smoke, str(tmp_path / "two"), "--only", "1") == 0
    assert [path.exists() for path in kept] == [False, True]
    assert "Removing results of other data or parameters from" in capsys.readouterr().out
    assert call(*smoke, str(tmp_path / "two"), "--fresh") == 0 and not kept[1].exists()


def test_ctrl_c_ends_a_run_with_a_sentence(project, fake, monkeypatch, capsys):
    project([])
    monkeypatch.setattr(papermill, "execute_notebook", lambda *_, **__: signal.raise_signal(signal.SIGINT))
    assert call() == 130
    assert capsys.readouterr().err == "\nrun_all.sh: stopped; the same command goes on from there\n"
