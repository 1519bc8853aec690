"""The environment of run_all.sh: which one is taken, how one is made, and what is said where that fails."""

import json
import os
import shutil
import sys
from pathlib import Path

import pytest

from lib.commands import run_all


def fake_environment(root, folder, changes=(), files="ok"):
    """The metadata of all pins, as pip would leave them, and a Python that starts."""
    packages = root / folder / "lib" / "python3.12" / "site-packages"
    (root / folder / "bin").mkdir(parents=True)
    os.symlink(sys.executable, root / folder / "bin" / "python")
    for name, version in (run_all.pins() | {"deepfashion-replication": "0.1.0"} | dict(changes)).items():
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
    commands = []

    def install(what, command):
        commands.append(" ".join(command))
        if command[1:3] == ["-m", "venv"] or "create" in command:
            assert not Path(command[-1]).exists()
            (Path(command[-1]) / "bin").mkdir(parents=True)

    monkeypatch.setattr(run_all, "install", install)
    monkeypatch.setattr(run_all.shutil, "which", lambda name: None)
    # The running Python has none of the pins, unless a test says so.
    unsatisfied = run_all.unsatisfied
    monkeypatch.setattr(run_all, "unsatisfied", lambda path: ["nothing"] if path is sys.path else unsatisfied(path))
    return commands


def test_pins_are_compared_exactly_but_for_the_build(checkout):
    packages = fake_environment(checkout, "env", {"torch": "2.11.0+cpu"})
    assert run_all.unsatisfied([str(packages)]) == []
    other = fake_environment(checkout, "other", {"torch": "2.13.0"})
    assert run_all.unsatisfied([str(other)]) == ["torch 2.13.0 instead of 2.11.0"]
    stopped = fake_environment(checkout, "stopped", files=None)  # pip writes the list of files last
    assert len(run_all.unsatisfied([str(stopped)])) == len(run_all.pins())
    assert set(run_all.unsatisfied([])) == {f"no {name}" for name in run_all.pins()} | {
        "lib is not installed from this folder"
    }


def test_lib_must_come_from_this_folder(checkout, monkeypatch):
    packages = fake_environment(checkout, "env")
    monkeypatch.setattr(run_all, "ROOT", checkout.parent)
    shutil.copy(checkout / "requirements.txt", checkout.parent)
    assert run_all.unsatisfied([str(packages)]) == ["lib is not installed from this folder"]


def test_the_running_python_is_taken_where_it_satisfies_the_pins(checkout, commands, monkeypatch):
    monkeypatch.setattr(run_all, "unsatisfied", lambda path: [])
    assert run_all.find_environment() == sys.executable and commands == []


@pytest.mark.parametrize("name", [".venv", ".conda"])
def test_a_complete_environment_is_taken_as_it_is(checkout, commands, capsys, name):
    fake_environment(checkout, name)
    assert run_all.find_environment() == str(checkout / name / "bin" / "python")
    assert commands == [] and capsys.readouterr().out == ""


def test_an_interrupted_installation_is_made_from_nothing(checkout, commands):
    fake_environment(checkout, ".venv")
    (checkout / ".venv.part").touch()
    assert run_all.find_environment() == str(checkout / ".venv" / "bin" / "python")
    assert commands == [
        f"{sys.executable} -m venv {checkout / '.venv'}",
        f"{checkout / '.venv/bin/python'} -m pip install --no-input -r requirements.txt",
    ]
    assert not (checkout / ".venv" / "lib").exists() and not (checkout / ".venv.part").exists()


def test_changed_pins_are_installed_into_the_environment(checkout, commands):
    packages = fake_environment(checkout, ".venv", {"torch": "2.13.0"})
    assert run_all.find_environment() == str(checkout / ".venv" / "bin" / "python")
    assert commands == [f"{checkout / '.venv/bin/python'} -m pip install --no-input -r requirements.txt"]
    assert packages.exists() and not (checkout / ".venv.part").exists()


def test_an_environment_whose_python_is_gone_is_made_again(checkout, commands):
    fake_environment(checkout, ".venv")
    (checkout / ".venv" / "bin" / "python").unlink()
    os.symlink(checkout / "gone", checkout / ".venv" / "bin" / "python")
    run_all.find_environment()
    assert "-m venv" in commands[0] and "pip install" in commands[1]


def test_a_failed_installation_is_not_taken_for_a_complete_one(checkout, commands, monkeypatch):
    def fails(what, command):
        fake_environment(checkout, ".venv")
        raise run_all.Stop("no")

    monkeypatch.setattr(run_all, "install", fails)
    with pytest.raises(run_all.Stop, match="no"):
        run_all.find_environment()
    assert (checkout / ".venv.part").exists()
    monkeypatch.setattr(run_all, "install", lambda what, command: commands.append(what))
    run_all.find_environment()
    assert commands == ["Python", "packages"]


def test_conda_is_the_way_out_where_venv_is_missing(checkout, commands, monkeypatch):
    monkeypatch.setattr(run_all.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(run_all.Stop, match="lacks its venv module, and no conda was found; install python3-venv"):
        run_all.find_environment()
    monkeypatch.setattr(run_all.shutil, "which", lambda name: "/opt/conda" if name == "conda" else None)
    assert run_all.find_environment() == str(checkout / ".conda" / "bin" / "python")
    assert commands[0] == f"/opt/conda env create -f environment.yml -p {checkout / '.conda'}"


@pytest.mark.parametrize(
    "message, cure",
    [
        ("ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device", "disk is full"),
        ("The virtual environment was not created successfully because ensurepip is not\navailable.", "python3-venv"),
        ("/usr/bin/python3: No module named venv", "python3-venv"),
        ("Temporary failure in name resolution\nERROR: No matching distribution found for setuptools", "index"),
        ("ERROR: No matching distribution found for setuptools>=77", "index"),  # offline, without retries
        ("ERROR: No matching distribution found for torch==2.11.0", "Python 3.12"),
        ("error: uninstall-no-record-file", "half a package"),
        ("something else", "setup.log"),
    ],
)
def test_a_failed_installation_names_its_cure(checkout, message, cure):
    with pytest.raises(run_all.Stop, match="^[^\n]+$") as stop:
        run_all.install("packages", [sys.executable, "-c", f"print({message!r}); raise SystemExit(3)"])
    assert stop.value.code == 1 and cure in str(stop.value)
    assert message in (checkout / "outputs" / "setup.log").read_text()


def test_an_environment_that_changed_after_the_second_start_does_not_go_round(checkout, monkeypatch):
    monkeypatch.setenv(run_all.INSIDE, str(checkout))
    monkeypatch.setattr(run_all, "unsatisfied", lambda path: ["no torch"])
    (checkout / "notebooks").mkdir()
    (checkout / "notebooks" / "00_a.ipynb").touch()
    with pytest.raises(run_all.Stop, match="is not as requirements.txt demands: no torch"):
        run_all.main([])
