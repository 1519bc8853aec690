"""The command behind run_all.sh: wrong calls, the choice of an environment, and real small notebooks."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import pytest

from lib.commands import run_all

ROOT = Path(__file__).parents[2]
PARAMETERS = 'profile = "smoke"\ndata = ""\nweights = ""\nout = ""'
VALUES = {"profile": "demo", "data": "", "weights": "", "out": ""}


def shell(*arguments, **kwargs):
    """run_all.sh itself, under the running Python."""
    env = (
        os.environ | {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"} | kwargs.pop("env", {})
    )
    return subprocess.run(
        ["bash", str(ROOT / "run_all.sh"), *arguments], capture_output=True, text=True, env=env, **kwargs
    )


def write_notebook(path, *sources, parameters=PARAMETERS):
    path.parent.mkdir(parents=True, exist_ok=True)
    cells = [nbformat.v4.new_code_cell(source) for source in (parameters, *sources)]
    cells[0].metadata["tags"] = ["parameters"]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": kernel}), path)
    return path


# ---- the command line -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "arguments, sentence",
    [
        (["--foo"], "unknown option --foo"),
        (["--prof", "demo"], "unknown option --prof"),
        (["demo"], "unknown option demo"),
        ([""], "unknown option ''"),
        (["--profile", "huge"], "huge"),
        (["--profile", ""], "invalid choice"),
        (["--data", "no such"], "--data no such: no such folder"),
        (["--data", str(ROOT / "LICENSE")], "no such folder"),
        (["--data", "", "--fresh"], "--data is empty"),
        (["--data="], "--data is empty"),
        (["--data", "--fresh"], "--data: expected one argument"),  # $UNSET without quotes
        (["--weights", "none.safetensors"], "no such file"),
        (["--weights", str(ROOT)], "no such file"),
        (["--weights", ""], "--weights is empty"),
        (["--only", "77"], "--only 77: the notebooks are 00_"),
        (["--only", ""], "--only : the notebooks are 00_"),
        (["--only"], "--only"),
        (["--minutes", "0"], "--minutes: a number above 0"),
        (["--minutes", "nan"], "--minutes: a number above 0"),
        (["--minutes", "ten"], "--minutes"),
        (["--test", "--fresh"], "--test takes no other option"),
        (["--check", "no such"], "--check no such: no such folder"),
        (["--check="], "--check is empty"),
        (["--check", str(ROOT), "--fresh"], "--check takes no other option than --profile"),
        (["--check", str(ROOT), "--data", str(ROOT)], "--check takes no other option than --profile"),
        (["--check", str(ROOT), "--skip-damaged"], "--check takes no other option than --profile"),
        (["--only", "03", "--fresh"], "--fresh"),
        (["--only", "", "--fresh"], "--fresh"),
        (["--profile", "smoke", "--weights", str(ROOT / "LICENSE")], "--weights: the network of the smoke profile"),
        (["--profile", "study", "--weights", str(ROOT / "LICENSE")], "--weights: the network of the study profile"),
        (["--data", str(ROOT), "--weights", str(ROOT / "LICENSE")], "--weights: the network of the photos profile"),
        (["--trunk", "resnet50"], "--trunk is about photos"),
        (["--trunk", "resnet50", "--data", str(ROOT), "--profile", "paper"], "--trunk is about photos"),
        (["--trunk", "resnet18", "--data", str(ROOT)], "invalid choice: 'resnet18'"),
    ],
)
def test_a_wrong_call_is_one_sentence_and_exit_2(arguments, sentence):
    with pytest.raises(run_all.Stop, match="^[^\n]+$") as stop:
        run_all.parse(arguments)
    assert stop.value.code == 2 and sentence in str(stop.value)


def test_an_empty_data_folder_deletes_nothing(tmp_path):
    done = shell("--data", os.environ.get("NEVER_SET", ""), "--fresh", cwd=tmp_path)
    assert done.returncode == 2 and "--data is empty" in done.stderr and done.stderr.count("\n") == 1


def test_the_shell_command_passes_the_sentence_and_the_code_on(tmp_path):
    done = shell("--foo", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "run_all.sh: unknown option --foo; see ./run_all.sh --help\n"


def test_help_fits_a_screen_and_is_fast(tmp_path):
    start = time.monotonic()
    done = shell("--help", cwd=tmp_path, env={"COLUMNS": "80"})
    assert done.returncode == 0 and not done.stderr
    assert time.monotonic() - start < 3  # a third of a second on a quiet machine
    lines = done.stdout.splitlines()
    assert len(lines) <= 30 and max(map(len, lines)) <= 80
    for option in (
        "--profile",
        "--data",
        "--weights",
        "--only",
        "--fresh",
        "--test",
        "--minutes",
        "--check",
        "--trunk",
    ):
        assert any(line.strip().startswith(option) for line in lines), option


def test_without_python_and_conda_the_shell_command_names_both(tmp_path):
    (tmp_path / "python3").write_text("#!/bin/sh\nexit 1\n")  # too old
    (tmp_path / "python3").chmod(0o755)
    done = subprocess.run(
        [shutil.which("bash"), str(ROOT / "run_all.sh")], capture_output=True, text=True, env={"PATH": str(tmp_path)}
    )
    assert done.returncode == 2 and "no Python 3.11 or newer and no conda" in done.stderr
    assert done.stderr.count("\n") == 1


def test_conda_brings_a_python_where_there_is_none(tmp_path):
    root = tmp_path / "a project"
    (root / "lib" / "commands").mkdir(parents=True)
    shutil.copy(ROOT / "run_all.sh", root)
    (root / "lib" / "commands" / "run_all.py").write_text("import sys\nprint(sys.executable, sys.argv[1:])\n")
    tools = tmp_path / "tools"
    tools.mkdir()
    (tools / "python3").write_text("#!/bin/sh\nexit 1\n")  # too old
    (tools / "conda").write_text(
        f'#!/bin/sh\necho "$@"\n{shutil.which("mkdir")} -p .conda/bin\n'
        f"{shutil.which('ln')} -s {sys.executable} .conda/bin/python\n"
    )
    for tool in tools.iterdir():
        tool.chmod(0o755)
    bash = [shutil.which("bash"), str(root / "run_all.sh"), "--only", "3"]
    done = subprocess.run(bash, cwd=tmp_path, capture_output=True, text=True, env={"PATH": str(tools)})
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        "Environment: making .conda with conda (6 GB, some minutes, once)",
        "env create -f environment.yml -p .conda",
        f"{root}/.conda/bin/python ['--only', '3']",
    ]


def test_paths_are_the_callers_and_the_defaults_are_the_demo(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("my data").mkdir()
    Path("w.safetensors").touch()
    args = run_all.parse(["--data", "my data", "--weights", "w.safetensors", "--profile", "paper"])
    assert args.data == str(tmp_path / "my data") and args.weights == str(tmp_path / "w.safetensors")
    args = run_all.parse([])
    assert (args.profile, args.data, args.weights, args.out) == ("demo", "", "", ROOT / "outputs" / "demo")
    assert [path.name[:2] for path in args.notebooks] == sorted(path.name[:2] for path in args.notebooks)
    assert [path.name[:3] for path in run_all.parse(["--only", "1"]).notebooks] == ["01_"]


def test_profiles_are_those_of_the_configuration():
    from lib.config import PROFILES, TRUNKS, find_profile

    assert run_all.PROFILES == tuple(PROFILES) and run_all.TRUNKS == tuple(TRUNKS)
    for trunk in TRUNKS:
        args = run_all.parse(["--data", str(ROOT), "--trunk", trunk])
        assert args.out.name == args.profile == f"photos-{trunk}"
        assert find_profile(args.profile).model.trunk == trunk
    weights = ["--weights", str(ROOT / "LICENSE")]
    assert run_all.parse(["--data", str(ROOT), "--trunk", "resnet50", *weights]).weights
    assert run_all.parse(["--check", str(ROOT), "--trunk", "resnet50"]).profile == "photos-resnet50"


def test_real_photos_and_the_synthetic_world_never_share_a_folder(tmp_path):
    data = ["--data", str(tmp_path)]
    profiles = [profile for profile in run_all.PROFILES if profile != "photos"]
    names = [run_all.parse(["--profile", profile, *more]).out.name for profile in profiles for more in ([], data)]
    assert run_all.parse(data).out.name == "photos" and run_all.parse(data).profile == "photos"
    assert names == [name for profile in profiles for name in (profile, f"{profile}_photos")]
    with pytest.raises(run_all.Stop, match="--profile photos is about photos: it needs --data"):
        run_all.parse(["--profile", "photos"])


# ---- notebooks ------------------------------------------------------------------------------------------------------

# In a process of its own, as in life: Jupyter's client leaves sockets open, which pytest would report.
RUN = """
import json, signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)  # a background job of a shell ignores it
from pathlib import Path
from lib.commands import run_all
run_all.ROOT = Path(sys.argv[1])
paths, out, values = run_all.notebooks(None), run_all.ROOT / "outputs" / "demo", json.loads(sys.argv[2])
run_all.os._exit(run_all.exit_code(lambda: run_all.run_notebooks(paths, out, values)))
"""


def command(checkout, values=VALUES):
    return [sys.executable, "-P", "-c", RUN, str(checkout), json.dumps(values)]


def execute(checkout, values=VALUES, **env):
    return subprocess.run(command(checkout, values), capture_output=True, text=True, env=os.environ | env)


def test_notebooks_run_in_their_folder_with_their_parameters(checkout, tmp_path):
    folder, out = checkout / "notebooks", checkout / "outputs" / "demo"
    write_notebook(
        folder / "00_first.ipynb",
        "import sys, pathlib\nprint(profile, pathlib.Path.cwd().name, sys.executable)",
        "from tqdm import tqdm\nfor _ in tqdm(range(3)): pass",
        "pathlib.Path(out, 'tables').mkdir()\npathlib.Path(out, 'tables', 'a.csv').touch()",
        "import matplotlib.pyplot as plt\nplt.plot([0, 1])\nplt.show()",
    )
    write_notebook(folder / "01_second.ipynb", "assert more", parameters=PARAMETERS + "\nmore = 1")
    wrong = tmp_path / "kernels" / "python3" / "kernel.json"  # another environment's kernel by the same name
    wrong.parent.mkdir(parents=True)
    wrong.write_text(json.dumps({"argv": ["false"], "display_name": "Python 3", "language": "python"}))
    done = execute(checkout, VALUES | {"out": str(out)}, MPLBACKEND="agg", JUPYTER_PATH=str(tmp_path))
    assert done.returncode == 0, done.stderr
    first, second, total, hint = done.stdout.splitlines()
    assert re.fullmatch(r"\[1/2\] 00_first: \d+ s, 1 figures and tables", first)
    assert re.fullmatch(r"\[2/2\] 01_second: \d+ s, 0 figures and tables", second)
    assert re.fullmatch(r"\d+ s in all. Tables, figures and executed notebooks: outputs/demo", total)
    assert hint.endswith("-m jupyter lab outputs/demo/notebooks")
    assert sorted(path.name for path in (out / "notebooks").iterdir()) == ["00_first.ipynb", "01_second.ipynb"]
    notebook = nbformat.read(out / "notebooks" / "00_first.ipynb", 4)
    nbformat.validate(notebook)
    outputs = [cell.outputs for cell in notebook.cells if cell.cell_type == "code"]
    assert outputs[2][0].text == f"demo notebooks {sys.executable}\n"
    assert outputs[3][0].name == "stderr" and "3/3" in outputs[3][0].text
    assert "image/png" in outputs[5][0].data
    assert "papermill" not in notebook.metadata and all("papermill" not in cell.metadata for cell in notebook.cells)


def test_a_failing_notebook_is_named_with_its_error(checkout):
    write_notebook(checkout / "notebooks" / "02_bad.ipynb", "1", "1 / 0")
    write_notebook(checkout / "notebooks" / "03_later.ipynb")
    done = execute(checkout)
    assert done.returncode == 1 and "03_later" not in done.stdout
    assert done.stderr.splitlines() == [
        "run_all.sh: 02_bad failed: ZeroDivisionError: division by zero (cell 4)",
        "The notebook as far as it came: outputs/demo/notebooks/02_bad.part.ipynb",
    ]
    left = list((checkout / "outputs" / "demo" / "notebooks").iterdir())
    assert [path.name for path in left] == ["02_bad.part.ipynb"]


def test_a_notebook_whose_subject_the_data_lack_is_skipped_and_named(checkout):
    write_notebook(
        checkout / "notebooks" / "02_a.ipynb", "class Lacks(ValueError): pass\nraise Lacks('d: no landmarks')"
    )
    write_notebook(checkout / "notebooks" / "03_later.ipynb")
    out = checkout / "outputs" / "demo"
    old = out / "notebooks" / "02_a.ipynb"  # left from other data
    for path in (old, out / "tables" / "old.csv", out / "tables" / "other.csv"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    notes = {"02_a": {"digest": "", "files": {"tables/old.csv": ""}, "seconds": 1.0}}
    run_all.save_notes(out, notes)
    done = execute(checkout)
    assert done.returncode == 0 and "[1/2] 02_a: skipped: d: no landmarks\n" in done.stdout
    assert [path.name for path in old.parent.iterdir()] == ["03_later.ipynb"]
    assert sorted(path.name for path in (out / "tables").iterdir()) == ["other.csv", "times.csv"]
    assert list(run_all.read_notes(out)) == ["03_later"]


def test_training_out_of_time_ends_with_75_and_goes_on(checkout):
    write_notebook(
        checkout / "notebooks" / "02_train.ipynb",
        "import os, time\nclass OutOfTime(Exception): pass",
        "if time.time() < float(os.environ['DEEPFASHION_DEADLINE']) < time.time() + 60: raise OutOfTime('a checkpoint')",
    )
    write_notebook(checkout / "notebooks" / "03_later.ipynb")
    deadline = {"DEEPFASHION_DEADLINE": str(time.time() + 59), "DEEPFASHION_MINUTES": "9"}
    done = execute(checkout, **deadline)
    assert done.returncode == 75 and "02_train: stopped after" in done.stdout and "03_later" not in done.stdout
    assert done.stderr == "run_all.sh: stopped after 9 minutes; the same command goes on from there\n"
    assert list((checkout / "outputs" / "demo" / "notebooks").iterdir()) == []
    done = execute(checkout, DEEPFASHION_DEADLINE=str(time.time() + 600))
    assert done.returncode == 0 and "[2/2] 03_later" in done.stdout


def test_no_notebook_starts_after_the_deadline(checkout, monkeypatch):
    path = write_notebook(checkout / "notebooks" / "00_a.ipynb", "1")
    monkeypatch.setenv("DEEPFASHION_DEADLINE", str(time.time() - 1))
    monkeypatch.delenv("DEEPFASHION_MINUTES", raising=False)
    monkeypatch.setattr(run_all, "register_kernel", lambda folder: None)
    monkeypatch.setattr(run_all, "run_notebook", lambda *arguments: pytest.fail("it was started"))
    with pytest.raises(run_all.Stop, match="^stopped at the time in DEEPFASHION_DEADLINE; the same") as stop:
        run_all.run_notebooks([path], checkout / "outputs" / "demo", VALUES)
    assert stop.value.code == 75


def test_minutes_become_a_deadline_that_the_second_start_inherits(checkout, monkeypatch):
    write_notebook(checkout / "notebooks" / "00_a.ipynb")
    monkeypatch.delenv("DEEPFASHION_DEADLINE", raising=False)
    environments = []
    monkeypatch.setattr(run_all, "find_environment", lambda: "another python")
    monkeypatch.setattr(run_all.os, "execv", lambda *_: environments.append(dict(os.environ)))
    monkeypatch.setattr(run_all, "run_notebooks", lambda *_, **__: None)
    for name in ("PYTHONPATH", "PYTHONNOUSERSITE", "MPLBACKEND", run_all.MINUTES, run_all.INSIDE):
        monkeypatch.setenv(name, "")  # restored after the test
    run_all.main(["--minutes", "1.5"])
    assert environments[0]["DEEPFASHION_MINUTES"] == "1.5"
    assert float(environments[0]["DEEPFASHION_DEADLINE"]) == pytest.approx(time.time() + 90, abs=5)
    monkeypatch.delenv("DEEPFASHION_DEADLINE")


def test_of_a_data_error_only_the_sentence_is_shown():
    error = Exception()
    error.ename, error.evalue, error.exec_count = "DataError", "list.txt, line 3: no box; correct it", 7
    assert run_all.reason(error) == "list.txt, line 3: no box; correct it"
    error.ename, error.evalue = "ValueError", "many\nlines"
    assert run_all.reason(error) == "ValueError: many (cell 7)"


def test_a_notebook_that_kills_its_python_is_explained(checkout):
    write_notebook(checkout / "notebooks" / "00_dies.ipynb", "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)")
    done = execute(checkout)
    assert done.returncode == 1 and "00_dies failed: its Python died" in done.stderr


@pytest.mark.parametrize("parameters", ['profile = "smoke"\ndata = ""\nweights = ""', "", "def broken(:"])
def test_a_missing_parameter_stops_before_anything_runs(checkout, parameters):
    path = write_notebook(checkout / "notebooks" / "00_a.ipynb", parameters=parameters)
    with pytest.raises(run_all.Stop, match="00_a.ipynb: .*parameter"):
        run_all.run_notebooks([path], checkout / "outputs" / "demo", VALUES)
    assert not (checkout / "outputs" / "demo").exists()


def test_a_second_call_runs_only_what_would_differ(checkout, monkeypatch, capsys):
    out, ran = checkout / "outputs" / "demo", []

    def fake(path, target, values, progress):
        ran.append(path.stem)
        for name in (target, out / "tables" / f"{path.stem}.csv"):
            name.parent.mkdir(parents=True, exist_ok=True)
            name.write_text("{}")
        return ""

    monkeypatch.setattr(run_all, "run_notebook", fake)
    monkeypatch.setattr(run_all, "register_kernel", lambda folder: None)
    paths = [write_notebook(checkout / "notebooks" / f"0{i}_{n}.ipynb", f"x = {i}") for i, n in enumerate("abc")]

    def call(values=VALUES, again=False):
        ran.clear()
        run_all.run_notebooks(paths, out, values, again)
        return [name[3] for name in ran]

    assert call() == ["a", "b", "c"] and call() == [] and "unchanged, skipped" in capsys.readouterr().out
    assert call(again=True) == ["a", "b", "c"]
    lines = (out / "tables" / "times.csv").read_text().splitlines()
    assert lines[0] == "notebook,seconds" and [line.split(",")[0] for line in lines[1:]] == ["00_a", "01_b", "02_c"]
    assert all(0 <= float(line.split(",")[1]) < 60 for line in lines[1:])
    for change in (Path.unlink, lambda path: path.write_text(""), lambda path: path.write_text("[]")):
        for path in (out / "tables" / "01_b.csv", out / "notebooks" / "01_b.ipynb"):
            change(path)
            assert call() == ["b"] and call() == []
    write_notebook(paths[1], "x = 5")  # what comes after it may read what it wrote
    assert call() == ["b", "c"]
    assert call(VALUES | {"profile": "smoke"}) == ["a", "b", "c"]
    (checkout / "lib" / "code.py").write_text("x = 2\n")
    assert call(VALUES | {"profile": "smoke"}) == ["a", "b", "c"]
    for text in ("half a file", "[]", '{"00_a": {"digest": ""}}', '{"00_a": 1}', '{"00_a": {"seconds": "x"}}'):
        (out / run_all.NOTES).write_text(text)
        assert call(VALUES | {"profile": "smoke"}) == ["a", "b", "c"]
    capsys.readouterr()
    for mark in (b"", b"\xff", b"half a di"):  # nobody knows what the results are of
        (out / run_all.SOURCE).write_bytes(mark)
        assert call(VALUES | {"profile": "smoke"}) == []
        assert "Deleting" not in capsys.readouterr().out and (out / run_all.SOURCE).stat().st_size == 64


def test_results_are_replaced_when_their_notebook_has_run_and_those_of_other_data_go_first(
    checkout, monkeypatch, capsys
):
    out, fails, names = checkout / "outputs" / "demo", [], ["old"]
    tables = out / "tables"

    def fake(path, target, values, progress):
        if path.stem in fails:
            raise run_all.Stop("stopped")
        for name in (target, *(tables / f"{path.stem}_{name}.csv" for name in names)):
            name.parent.mkdir(parents=True, exist_ok=True)
            name.write_text("{}")
        return ""

    monkeypatch.setattr(run_all, "run_notebook", fake)
    monkeypatch.setattr(run_all, "register_kernel", lambda folder: None)
    paths = [write_notebook(checkout / "notebooks" / f"0{i}_{n}.ipynb", f"x = {i}") for i, n in enumerate("ab")]

    def found():
        return sorted(path.name for path in out.rglob("0*"))

    run_all.run_notebooks(paths, out, VALUES, False)
    assert found() == ["00_a.ipynb", "00_a_old.csv", "01_b.ipynb", "01_b_old.csv"]
    (checkout / "lib" / "code.py").write_text("x = 2\n")
    fails.append("00_a")
    for again in (False, True):
        with pytest.raises(run_all.Stop):
            run_all.run_notebooks(paths, out, VALUES, again)
        assert found() == ["00_a.ipynb", "00_a_old.csv", "01_b.ipynb", "01_b_old.csv"]  # a stopped call costs nothing
    fails.clear()
    names[:] = ["new"]
    run_all.run_notebooks(paths, out, VALUES, False)
    assert found() == ["00_a.ipynb", "00_a_new.csv", "01_b.ipynb", "01_b_new.csv"]
    (tables / "01_b_orphan.csv").write_text("{}")  # of a notebook that was killed
    (out / "report.html").write_text("")
    with pytest.raises(run_all.Stop, match="--only: .* has results of other data; a call without") as stop:
        run_all.run_notebooks(paths[:1], out, VALUES | {"profile": "smoke"}, True)
    assert stop.value.code == 2 and len(found()) == 5
    fails.append("00_a")
    with pytest.raises(run_all.Stop):
        run_all.run_notebooks(paths, out, VALUES | {"profile": "smoke"}, False)
    assert "Deleting results of other data or parameters: 6 files" in capsys.readouterr().out
    assert found() == [] and not (out / "report.html").exists() and run_all.read_notes(out) == {}


def test_a_broken_notebook_file_is_named(checkout):
    path = write_notebook(checkout / "notebooks" / "00_a.ipynb")
    path.write_text(path.read_text()[:100])
    with pytest.raises(run_all.Stop, match="00_a.ipynb: not a notebook"):
        run_all.check_parameters(path, VALUES)


def test_ctrl_c_ends_the_run_and_its_kernel(checkout):
    pid = checkout / "notebooks" / "pid"
    write_notebook(
        pid.with_name("00_long.ipynb"),
        "import os, pathlib, time\npathlib.Path('part').write_text(str(os.getpid()))\nos.rename('part', 'pid')",
        "time.sleep(60)",
    )
    process = subprocess.Popen(
        command(checkout), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    try:
        wait_until(pid.exists, seconds=60)
        os.killpg(process.pid, signal.SIGINT)
        message = process.communicate(timeout=60)[1]
    finally:
        process.kill()
    assert (process.returncode, message) == (130, "\nrun_all.sh: stopped; the same command goes on from there\n")
    wait_until(lambda: not runs(int(pid.read_text())))


def wait_until(true, seconds=20):
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "took too long"
        time.sleep(0.05)


def runs(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_what_a_user_has_to_see_stays(capsys):
    progress = run_all.Progress("[1/1] 00_a")
    progress.write(
        "\rdecode photos:  10%|# | 1/10\nruns/x/model.safetensors: damaged (cut); kept as y and made again\n"
    )
    progress.write("runs/x is being trained by process 7; waiting for it to end\n\rtrain: 20%")
    assert capsys.readouterr().out.splitlines() == [
        "runs/x/model.safetensors: damaged (cut); kept as y and made again",
        "runs/x is being trained by process 7; waiting for it to end",
    ]


def test_progress_is_calm_in_a_log_file(capsys):
    progress = run_all.Progress("[1/1] 00_a", every=0.05)
    progress.write("too early")
    time.sleep(0.06)
    progress.write("\x1b[32mloss 1\x1b[0m\r  5%|# | 1/20\r 10%|## | 2/20\r")
    progress.write("too early again")
    time.sleep(0.06)
    progress.write("\n \n")  # nothing to show
    progress.end("0 s")
    assert capsys.readouterr().out.splitlines() == ["[1/1] 00_a: 0 s  10%|## | 2/20", "[1/1] 00_a: 0 s"]


def test_fresh_deletes_one_folder_of_outputs_and_nothing_else(checkout):
    inside, other = checkout / "outputs" / "demo", checkout / "outputs" / "paper"
    for folder in (inside, other, checkout / "elsewhere"):
        (folder / "tables").mkdir(parents=True)
    run_all.clear(inside)
    run_all.clear(inside)  # a missing folder is fine
    assert not inside.exists() and (other / "tables").exists()
    inside.symlink_to(checkout / "elsewhere")
    for folder in (inside, checkout, checkout / "outputs", checkout / "elsewhere", other / "tables"):
        with pytest.raises(run_all.Stop, match="leads out of the project's outputs folder"):
            run_all.clear(folder)
    assert (checkout / "elsewhere" / "tables").exists() and (other / "tables").exists()


def test_fresh_deletes_nothing_of_a_process_that_trains_beside_it(checkout):
    run = checkout / "outputs" / "demo" / "runs" / "inshop" / "darn_0_1"
    run.mkdir(parents=True)
    with run_all.hold(run.with_name("darn_0_1.lock"), "x"):
        with pytest.raises(BlockingIOError, match="outputs/demo/runs/inshop/darn_0_1 is being made by process"):
            run_all.clear(checkout / "outputs" / "demo")
        assert run.exists()
    run_all.clear(checkout / "outputs" / "demo")
    assert not run.exists()


def test_fresh_never_deletes_what_git_tracks(checkout):
    table = checkout / "outputs" / "demo" / "tables" / "table 2.csv"
    table.parent.mkdir(parents=True)
    table.touch()
    for command in (["init", "-q"], ["add", "outputs"]):
        subprocess.run(["git", *command], cwd=checkout, check=True)
    with pytest.raises(run_all.Stop, match="^--fresh: git tracks outputs/demo/tables/table 2.csv; delete"):
        run_all.clear(checkout / "outputs" / "demo")
    assert table.exists()
    subprocess.run(["git", "rm", "-q", "--cached", "-r", "outputs"], cwd=checkout, check=True)
    run_all.clear(checkout / "outputs" / "demo")
    assert not table.exists()


def test_the_users_results_are_ignored_and_ours_are_not():
    """So `git status` stays clean after any run, and --test compares the README with our results alone."""
    ignored = ["git", "check-ignore", "-q"]
    if subprocess.run(["git", "rev-parse"], cwd=ROOT, capture_output=True).returncode:
        pytest.skip("not a git checkout")
    names = [f"outputs/{profile}{more}/tables/table2.csv" for profile in run_all.PROFILES for more in ("", "_photos")]
    for name in (*names, "outputs/setup.log", "outputs/reference/photos/figures/fig08a.png"):
        assert subprocess.run([*ignored, name], cwd=ROOT).returncode == 0, name
    for name in ("demo/tables/table2.csv", "demo/notebooks/00_data.ipynb", "photos/figures/fig10a.png"):
        assert subprocess.run([*ignored, f"outputs/reference/{name}"], cwd=ROOT).returncode == 1, name


def test_start_up_files_of_the_user_change_no_notebook(checkout, tmp_path):
    startup = tmp_path / "ipython" / "profile_default" / "startup"
    startup.mkdir(parents=True)
    (startup / "00.py").write_text("raise_ = 1\nopen('started', 'w').close()\n")
    write_notebook(checkout / "notebooks" / "00_a.ipynb", "assert 'raise_' not in globals()")
    done = execute(checkout, IPYTHONDIR=str(tmp_path / "ipython"))
    assert done.returncode == 0 and not list(checkout.rglob("started")), done.stderr


def test_clock():
    shown = ["0 s", "119 s", "2 min 00 s", "12 min 34 s", "6 min 00 s"]
    assert [run_all.clock(s) for s in (0.4, 119, 120, 754, 359.6)] == shown


def test_a_kernel_has_as_many_threads_as_a_container_has_processors(tmp_path, monkeypatch):
    monkeypatch.setenv("JUPYTER_PATH", "")  # which is set
    monkeypatch.setattr(run_all.os, "cpu_count", lambda: 8)

    def env():
        run_all.register_kernel(tmp_path)
        return json.loads((tmp_path / "kernels" / "python3" / "kernel.json").read_text())["env"]

    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.setattr("joblib.cpu_count", lambda: 2)
    assert env()["OMP_NUM_THREADS"] == "2"
    monkeypatch.setenv("OMP_NUM_THREADS", "1")  # the user's own wish
    assert env()["OMP_NUM_THREADS"] == "1"
    monkeypatch.setattr("joblib.cpu_count", lambda: 8)
    assert "OMP_NUM_THREADS" not in env()  # PyTorch decides
