"""The command behind run_all.sh: wrong calls, the choice of an environment, and real small notebooks."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import pytest

from lib import cli
from lib.config import PROFILES

ROOT = Path(__file__).parent.parent
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


@pytest.fixture
def checkout(tmp_path, monkeypatch):
    """A project folder of its own, with a space in its path."""
    root = tmp_path / "a project"
    (root / "outputs").mkdir(parents=True)
    for name in ("requirements.txt", "environment.yml", "pyproject.toml"):
        shutil.copy(ROOT / name, root)
    monkeypatch.setattr(cli, "ROOT", root)
    monkeypatch.setattr(cli, "LOG", root / "outputs" / "setup.log")
    return root


# ---- the command line -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "arguments, said",
    [
        (["--foo"], "unknown option --foo"),
        (["--prof", "demo"], "unknown option --prof"),
        (["demo"], "unknown option demo"),
        (["--profile", "huge"], "huge"),
        (["--data", "no such"], "--data no such: there is no such folder"),
        (["--data", str(ROOT / "LICENSE")], "there is no such folder"),
        (["--weights", "none.safetensors"], "there is no such file"),
        (["--weights", str(ROOT)], "there is no such file"),
        (["--only", "77"], "--only 77: there are 00_"),
        (["--only"], "--only"),
        (["--test", "--fresh"], "--test takes no other option"),
        (["--only", "03", "--fresh"], "--fresh"),
        (["--profile", "smoke", "--weights", str(ROOT / "LICENSE")], "--weights: the smoke profile"),
    ],
)
def test_a_wrong_call_is_one_sentence_and_exit_2(arguments, said):
    with pytest.raises(cli.Stop, match="^[^\n]+$") as stop:
        cli.parse(arguments)
    assert stop.value.code == 2 and said in str(stop.value)


def test_the_shell_command_passes_the_sentence_and_the_code_on(tmp_path):
    done = shell("--foo", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "run_all.sh: unknown option --foo; see ./run_all.sh --help\n"
    done = shell("--help", cwd=tmp_path)
    assert done.returncode == 0 and "--profile" in done.stdout and not done.stderr


def test_without_a_python_the_shell_command_says_so(tmp_path):
    (tmp_path / "python3").write_text("#!/bin/sh\nexit 1\n")  # too old
    (tmp_path / "python3").chmod(0o755)
    done = subprocess.run(
        [shutil.which("bash"), str(ROOT / "run_all.sh")], capture_output=True, text=True, env={"PATH": str(tmp_path)}
    )
    assert done.returncode == 2 and "no Python 3.11 or newer" in done.stderr and done.stderr.count("\n") == 1


def test_paths_are_the_callers_and_the_defaults_are_the_demo(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("my data").mkdir()
    Path("w.safetensors").touch()
    args = cli.parse(["--data", "my data", "--weights", "w.safetensors"])
    assert args.data == str(tmp_path / "my data") and args.weights == str(tmp_path / "w.safetensors")
    args = cli.parse([])
    assert (args.profile, args.data, args.weights, args.out) == ("demo", "", "", ROOT / "outputs" / "demo")
    assert [path.name[:2] for path in args.notebooks] == sorted(path.name[:2] for path in args.notebooks)
    assert [path.name[:3] for path in cli.parse(["--only", "1"]).notebooks] == ["01_"]


def test_profiles_are_those_of_the_configuration():
    assert set(cli.PROFILES) == set(PROFILES) - {
        "pretrain",
        "pretrain_branches",
        "pretrain_pose",
    }  # whose results are shipped; the notebooks do not run it


@pytest.mark.parametrize(
    "folders, name",
    [
        (["Anno_fine"], "real_fine"),
        (["Anno_coarse", "Anno_fine"], "real_coarse"),
        (["Anno", "Anno_fine"], "real_coarse"),
        (["Category and Attribute Prediction Benchmark/Anno_fine"], "real_fine"),
        (["In-shop Clothes Retrieval Benchmark/Anno"], "real_coarse"),
    ],
)
def test_output_name(tmp_path, folders, name):
    for folder in folders:
        (tmp_path / folder).mkdir(parents=True)
    assert cli.output_name("photos", str(tmp_path)) == name
    assert cli.output_name("paper", str(tmp_path)) == f"{name}_paper"
    assert cli.output_name("paper", "") == "paper"


# ---- the environment ------------------------------------------------------------------------------------------------


def fake_environment(root, folder, changes=(), files="ok"):
    """The metadata of all pins, as pip would leave them, and a Python that starts."""
    packages = root / folder / "lib" / "python3.12" / "site-packages"
    (root / folder / "bin").mkdir(parents=True)
    os.symlink(sys.executable, root / folder / "bin" / "python")
    for name, version in (cli.pins() | {"deepfashion-replication": "0.1.0"} | dict(changes)).items():
        info = packages / f"{name.replace('-', '_')}-{version}.dist-info"
        info.mkdir(parents=True)
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
        if files:
            (info / "RECORD").write_text("METADATA,,\n")
        if name == "deepfashion-replication":
            (info / "direct_url.json").write_text(json.dumps({"dir_info": {"editable": True}, "url": root.as_uri()}))
    return packages


@pytest.fixture
def commands(checkout, monkeypatch):
    """What would be installed, without installing."""
    said = []

    def install(what, command):
        said.append(" ".join(command))
        if command[1:3] == ["-m", "venv"] or "create" in command:
            assert not Path(command[-1]).exists()
            (Path(command[-1]) / "bin").mkdir(parents=True)

    monkeypatch.setattr(cli, "install", install)
    monkeypatch.setattr(cli.shutil, "which", lambda name: None)
    # The running Python has none of the pins, unless a test says so.
    unsatisfied = cli.unsatisfied
    monkeypatch.setattr(cli, "unsatisfied", lambda path: ["nothing"] if path is sys.path else unsatisfied(path))
    return said


def test_pins_are_compared_exactly_but_for_the_build(checkout):
    packages = fake_environment(checkout, "env", {"torch": "2.11.0+cpu"})
    assert cli.unsatisfied([str(packages)]) == []
    other = fake_environment(checkout, "other", {"torch": "2.13.0"})
    assert cli.unsatisfied([str(other)]) == ["torch 2.13.0 instead of 2.11.0"]
    stopped = fake_environment(checkout, "stopped", files=None)  # pip writes the list of files last
    assert len(cli.unsatisfied([str(stopped)])) == len(cli.pins())
    assert set(cli.unsatisfied([])) == {f"no {name}" for name in cli.pins()} | {"lib is not installed from this folder"}


def test_lib_must_come_from_this_folder(checkout, monkeypatch):
    packages = fake_environment(checkout, "env")
    monkeypatch.setattr(cli, "ROOT", checkout.parent)
    shutil.copy(checkout / "requirements.txt", checkout.parent)
    assert cli.unsatisfied([str(packages)]) == ["lib is not installed from this folder"]


def test_the_running_python_is_taken_where_it_satisfies_the_pins(checkout, commands, monkeypatch):
    monkeypatch.setattr(cli, "unsatisfied", lambda path: [])
    assert cli.find_environment() == sys.executable and commands == []


def test_a_complete_environment_is_taken_as_it_is(checkout, commands, capsys):
    fake_environment(checkout, ".venv")
    assert cli.find_environment() == str(checkout / ".venv" / "bin" / "python")
    (checkout / ".venv" / "deepfashion_stamp").write_text(cli.stamp())
    assert cli.find_environment() == str(checkout / ".venv" / "bin" / "python")
    assert commands == [] and capsys.readouterr().out == ""


def test_an_installation_that_was_stopped_is_made_anew(checkout, commands):
    fake_environment(checkout, ".venv", {"torch": "2.13.0"})
    assert cli.find_environment() == str(checkout / ".venv" / "bin" / "python")
    assert commands == [
        f"{sys.executable} -m venv {checkout / '.venv'}",
        f"{checkout / '.venv/bin/python'} -m pip install --no-input -r requirements.txt",
    ]
    assert not (checkout / ".venv" / "lib").exists()
    assert (checkout / ".venv" / "deepfashion_stamp").read_text() == cli.stamp()


def test_changed_pins_are_installed_into_the_environment(checkout, commands):
    fake_environment(checkout, ".venv")
    (checkout / ".venv" / "deepfashion_stamp").write_text(cli.stamp())
    with (checkout / "requirements.txt").open("a") as file:
        file.write("six==1.17.0\n")
    cli.find_environment()
    assert len(commands) == 1 and "pip install" in commands[0]
    assert (checkout / ".venv" / "deepfashion_stamp").read_text() == cli.stamp()


def test_an_environment_whose_python_is_gone_is_made_anew(checkout, commands):
    fake_environment(checkout, ".venv")
    (checkout / ".venv" / "deepfashion_stamp").write_text(cli.stamp())
    (checkout / ".venv" / "bin" / "python").unlink()
    os.symlink(checkout / "gone", checkout / ".venv" / "bin" / "python")
    cli.find_environment()
    assert "-m venv" in commands[0] and "pip install" in commands[1]


def test_a_failed_installation_leaves_no_stamp(checkout, commands, monkeypatch):
    def fails(what, command):
        raise cli.Stop("no")

    monkeypatch.setattr(cli, "install", fails)
    with pytest.raises(cli.Stop, match="no"):
        cli.find_environment()
    assert not (checkout / ".venv" / "deepfashion_stamp").exists()


def test_conda_is_taken_where_found_and_left_where_it_fails(checkout, commands, monkeypatch):
    monkeypatch.setattr(cli.shutil, "which", lambda name: "/opt/conda" if name == "conda" else None)
    assert cli.find_environment() == str(checkout / ".conda" / "bin" / "python")
    assert commands[0] == f"/opt/conda env create -f environment.yml -p {checkout / '.conda'}"
    install = cli.install

    def conda_fails(what, command):
        install(what, command)
        if "env" in command:
            raise cli.Stop("no room for conda")

    shutil.rmtree(checkout / ".conda")
    monkeypatch.setattr(cli, "install", conda_fails)
    assert cli.find_environment() == str(checkout / ".venv" / "bin" / "python")
    assert not (checkout / ".conda").exists()


@pytest.mark.parametrize(
    "said, cure",
    [
        ("ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device", "disk is full"),
        ("The virtual environment was not created successfully because ensurepip is not\navailable.", "python3-venv"),
        ("/usr/bin/python3: No module named venv", "python3-venv"),
        ("Temporary failure in name resolution\nERROR: No matching distribution found for setuptools", "index"),
        ("ERROR: No matching distribution found for setuptools>=77", "index"),  # offline, without retries
        ("ERROR: No matching distribution found for torch==2.11.0", "Python 3.12"),
        ("something else", "setup.log"),
    ],
)
def test_a_failed_installation_names_its_cure(checkout, said, cure):
    with pytest.raises(cli.Stop, match="^[^\n]+$") as stop:
        cli.install("packages", [sys.executable, "-c", f"print({said!r}); raise SystemExit(3)"])
    assert stop.value.code == 1 and cure in str(stop.value)
    assert said in (checkout / "outputs" / "setup.log").read_text()


def test_an_environment_that_changed_after_the_second_start_does_not_go_round(checkout, monkeypatch):
    monkeypatch.setenv(cli.INSIDE, str(checkout))
    monkeypatch.setattr(cli, "unsatisfied", lambda path: ["no torch"])
    write_notebook(checkout / "notebooks" / "00_a.ipynb")
    with pytest.raises(cli.Stop, match="is not as requirements.txt says: no torch"):
        cli.main([])


# ---- notebooks ------------------------------------------------------------------------------------------------------

# In a process of its own, as in life: Jupyter's client leaves sockets open, which pytest would report.
RUN = """
import json, signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)  # a background job of a shell ignores it
from pathlib import Path
from lib import cli
cli.ROOT = Path(sys.argv[1])
paths, out, values = cli.notebooks(None), cli.ROOT / "outputs" / "demo", json.loads(sys.argv[2])
cli.os._exit(cli.exit_code(lambda: cli.run_notebooks(paths, out, values)))
"""


def command(checkout, values=VALUES):
    return [sys.executable, "-P", "-c", RUN, str(checkout), json.dumps(values)]


def run(checkout, values=VALUES, **env):
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
    done = run(checkout, VALUES | {"out": str(out)}, MPLBACKEND="agg", JUPYTER_PATH=str(tmp_path))
    assert done.returncode == 0, done.stderr
    assert (
        done.stdout.startswith("[1/2] 00_first ...\n[1/2] 00_first: done after ") and "[2/2] 01_second: " in done.stdout
    )
    rows = {
        line.split()[0]: line.split()[-2:] for line in done.stdout.splitlines() if line[:3] in ("00_", "01_", "all")
    }
    assert rows == {"00_first": ["0", "1"], "01_second": ["0", "0"], "all": ["0", "1"]}
    assert "-m jupyter lab outputs/demo/notebooks" in done.stdout
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
    done = run(checkout)
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
    old = checkout / "outputs" / "demo" / "notebooks" / "02_a.ipynb"
    old.parent.mkdir(parents=True)
    old.touch()
    done = run(checkout)
    assert done.returncode == 0 and "[1/2] 02_a: skipped: d: no landmarks\n" in done.stdout
    assert [path.name for path in old.parent.iterdir()] == ["03_later.ipynb"]


def test_of_a_data_error_only_the_sentence_is_shown():
    error = Exception()
    error.ename, error.evalue, error.exec_count = "DataError", "list.txt, line 3: no box; correct it", 7
    assert cli.reason(error) == "list.txt, line 3: no box; correct it"
    error.ename, error.evalue = "ValueError", "many\nlines"
    assert cli.reason(error) == "ValueError: many (cell 7)"


def test_a_notebook_that_kills_its_python_is_explained(checkout):
    write_notebook(checkout / "notebooks" / "00_dies.ipynb", "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)")
    done = run(checkout)
    assert done.returncode == 1 and "00_dies failed: its Python died" in done.stderr


@pytest.mark.parametrize("parameters", ['profile = "smoke"\ndata = ""\nweights = ""', "", "def broken(:"])
def test_a_missing_parameter_stops_before_anything_runs(checkout, parameters):
    path = write_notebook(checkout / "notebooks" / "00_a.ipynb", parameters=parameters)
    with pytest.raises(cli.Stop, match="00_a.ipynb: .*parameter"):
        cli.run_notebooks([path], checkout / "outputs" / "demo", VALUES)
    assert not (checkout / "outputs" / "demo").exists()


def test_a_second_call_runs_only_what_would_differ(checkout, monkeypatch, capsys):
    out, ran = checkout / "outputs" / "demo", []

    def execute(path, target, values, progress):
        ran.append(path.stem)
        for name in (target, out / "tables" / f"{path.stem}.csv"):
            name.parent.mkdir(parents=True, exist_ok=True)
            name.write_text("{}")
        return ""

    monkeypatch.setattr(cli, "run_notebook", execute)
    monkeypatch.setattr(cli, "register_kernel", lambda folder: None)
    paths = [write_notebook(checkout / "notebooks" / f"0{i}_{n}.ipynb", f"x = {i}") for i, n in enumerate("abc")]

    def call(values=VALUES, again=False):
        ran.clear()
        cli.run_notebooks(paths, out, values, again)
        return [name[3] for name in ran]

    assert call() == ["a", "b", "c"] and call() == [] and "was done" in capsys.readouterr().out
    assert call(again=True) == ["a", "b", "c"]
    lines = (out / "tables" / "times.csv").read_text().splitlines()
    assert lines[0] == "notebook,seconds" and [line.split(",")[0] for line in lines[1:]] == ["00_a", "01_b", "02_c"]
    assert all(0 <= float(line.split(",")[1]) < 60 for line in lines[1:])
    (out / "tables" / "01_b.csv").unlink()
    assert call() == ["b"] and call() == []
    write_notebook(paths[1], "x = 5")  # what comes after it may read what it wrote
    assert call() == ["b", "c"]
    assert call(VALUES | {"profile": "smoke"}) == ["a", "b", "c"]
    (out / "cache" / "00_a.done").write_text("half a mark")
    assert call(VALUES | {"profile": "smoke"}) == ["a"]


def test_a_broken_notebook_file_is_named(checkout):
    path = write_notebook(checkout / "notebooks" / "00_a.ipynb")
    path.write_text(path.read_text()[:100])
    with pytest.raises(cli.Stop, match="00_a.ipynb: not a notebook"):
        cli.check_parameters(path, VALUES)


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
        said = process.communicate(timeout=60)[1]
    finally:
        process.kill()
    assert (process.returncode, said) == (130, "\nrun_all.sh: stopped; the same command goes on from there\n")
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


def test_progress_is_calm_in_a_log_file(capsys):
    with cli.Progress("[1/1] 00_a", every=0.05) as progress:
        progress.write("\x1b[32mloss 1\x1b[0m\r  5%|# | 1/20\r 10%|## | 2/20\r")
        time.sleep(0.12)
    first, *lines, last = capsys.readouterr().out.splitlines()
    assert first == "[1/1] 00_a ..." and set(lines) == {"[1/1] 00_a 0 s  10%|## | 2/20"} and len(lines) <= 2
    assert last == "[1/1] 00_a: done after 0 s"


def test_fresh_deletes_one_folder_of_outputs_and_nothing_else(checkout):
    inside, other = checkout / "outputs" / "demo", checkout / "outputs" / "paper"
    for folder in (inside, other, checkout / "elsewhere"):
        (folder / "tables").mkdir(parents=True)
    cli.clear(inside)
    cli.clear(inside)  # nothing there is fine
    assert not inside.exists() and (other / "tables").exists()
    inside.symlink_to(checkout / "elsewhere")
    for folder in (inside, checkout, checkout / "outputs", checkout / "elsewhere", other / "tables"):
        with pytest.raises(cli.Stop, match="leads out of the project's outputs folder"):
            cli.clear(folder)
    assert (checkout / "elsewhere" / "tables").exists() and (other / "tables").exists()


def test_clock():
    assert [cli.clock(s) for s in (0.4, 119, 120, 754)] == ["0 s", "119 s", "2 min 00 s", "12 min 34 s"]
