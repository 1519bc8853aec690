"""run_all.sh makes its environment once, whatever stops it; a stand-in for Python records what would be installed."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
# Answers what run_all.sh asks of a Python. `-m venv FOLDER` puts a copy of it there; pip fails or waits as told.
PYTHON = """#!/usr/bin/env bash
echo "$@" >> "$LOG"
case "$*" in
    -\\ *) exec REAL "$@" ;;
    -m\\ venv*) mkdir -p "$3/bin" && cp -- "$0" "$3/bin/python" && touch "$3/pyvenv.cfg"
        mkdir -p "$3/lib/python3.12/site-packages" ;;
    *pip*) touch "${0%/bin/python}/half"; sleep "${PIP_SLEEP:-0}"; exit "${PIP_EXIT:-0}" ;;
    *run_all*) echo "$0 $PWD $*" && echo "$HOME $USER" >> "$LOG.home" ;;
esac
"""


@pytest.fixture
def copy(tmp_path):
    """A checkout with a blank and braces in its path, and a folder of tools whose python3 is the stand-in."""
    root, tools = tmp_path / "a {project}", tmp_path / "tools"
    root.mkdir()
    tools.mkdir()
    shutil.copy(ROOT / "run_all.sh", root)
    (root / "requirements.txt").write_text("one==1\n")
    python = tools / "python3"
    python.write_text(PYTHON.replace("REAL", f'"{sys.executable}"'))
    python.chmod(0o755)
    return root


def start(root: Path, *arguments: str, **env: str) -> subprocess.Popen:
    tools = root.parent / "tools"
    env = {"PATH": f"{tools}:/usr/bin:/bin", "LOG": str(root.parent / "log"), "HOME": "/dev/null"} | env
    command = ["bash", str(root / "run_all.sh"), *arguments]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    return subprocess.Popen(command, cwd=root.parent, env=env, start_new_session=True, **pipes)


def call(root: Path, *arguments: str, **env: str) -> tuple[int, str, str]:
    process = start(root, *arguments, **env)
    out, err = process.communicate(timeout=60)
    return process.returncode, out, err


def installed(root: Path) -> list[str]:
    """Return what was made since the last question: "venv" and "pip"."""
    log = root.parent / "log"
    words = [line.split()[1] for line in log.read_text().splitlines() if line.startswith("-m ")]
    log.unlink()
    return [word for word in words if word in ("venv", "pip")]


@pytest.mark.parametrize("venv", [None, "else where/env"])
def test_the_environment_is_made_once_and_options_reach_the_command(copy, venv):
    folder = copy / ".venv" if venv is None else copy.parent / venv
    env = {} if venv is None else {"VENV": str(folder)}
    expected = f"{folder}/bin/python {copy.parent} -P -m lib.commands.run_all --data a b\n"
    code, out, err = call(copy, "--data", "a b", **env)
    assert (code, out) == (0, expected) and "installing the packages" in err and installed(copy) == ["venv", "pip"]
    assert call(copy, "--data", "a b", **env) == (0, expected, "") and installed(copy) == []
    (copy / "requirements.txt").write_text("one==2\n")
    assert call(copy, **env)[0] == 0 and installed(copy) == ["pip"]
    assert call(copy, **env)[0] == 0 and installed(copy) == []
    (folder / "bin" / "python").unlink()  # the Python that it was made by is gone
    assert call(copy, **env)[0] == 0 and installed(copy) == ["venv", "pip"] and not (folder / "old").exists()


@pytest.mark.parametrize("killed", [False, True])
def test_an_installation_that_failed_or_was_killed_is_made_from_nothing_the_next_time(copy, killed):
    process = start(copy, PIP_SLEEP="60") if killed else start(copy, PIP_EXIT="3")
    end = time.monotonic() + 30
    while not (copy / ".venv" / "half").exists():
        assert time.monotonic() < end
        time.sleep(0.02)
    if killed:
        os.killpg(process.pid, signal.SIGKILL)
    out, err = process.communicate(timeout=60)
    assert out == "" and process.returncode == (-signal.SIGKILL if killed else 3)
    assert killed or err.endswith("could not be made, see above; mend that and start again\n")
    installed(copy)
    (copy / ".venv" / "rest").touch()
    assert call(copy)[0] == 0 and installed(copy) == ["venv", "pip"] and not (copy / ".venv" / "rest").exists()


def test_of_two_calls_at_once_one_installs(copy):
    calls = [start(copy, PIP_SLEEP="1") for _ in range(2)]
    assert [process.communicate(timeout=60) and process.returncode for process in calls] == [0, 0]
    assert installed(copy) == ["venv", "pip"]


def test_a_folder_that_is_no_environment_keeps_its_files(copy):
    (copy.parent / "home").mkdir()
    (copy.parent / "home" / "thesis").touch()
    assert call(copy, VENV=str(copy.parent / "home"))[0] == 0 and (copy.parent / "home" / "thesis").exists()


def test_a_checkout_that_was_moved_keeps_its_environment(copy):
    assert call(copy)[0] == 0 and installed(copy) == ["venv", "pip"]
    moved = copy.rename(copy.parent / "moved")
    assert call(moved)[::2] == (0, "") and installed(moved) == []
    assert next(moved.glob(".venv/lib/*/site-packages/checkout.pth")).read_text() == f"{moved}\n"


def test_a_folder_that_cannot_be_made_is_named_with_a_cure(copy):
    code, out, err = call(copy, VENV="/proc/env/one")  # as on a disk that is read-only
    assert (code, out) == (1, "")
    assert err.endswith("run_all.sh: /proc/env/one cannot be made: choose another folder, VENV=FOLDER ./run_all.sh\n")


def test_without_locks_a_home_and_the_users_name(copy):
    """As on some network disks, and as in a container of a user that it does not know."""
    flock = copy.parent / "tools" / "flock"
    flock.write_text("#!/bin/sh\necho 'flock: 9: No locks available' >&2; exit 1\n")
    flock.chmod(0o755)
    assert call(copy, HOME="")[0] == 0 and installed(copy) == ["venv", "pip"]
    assert (copy.parent / "log.home").read_text() == "/ user\n"


def test_an_old_python_is_not_taken(copy):
    for tool in ("bash", "dirname"):
        (copy.parent / "tools" / tool).symlink_to(shutil.which(tool))
    (copy.parent / "tools" / "python3").write_text("#!/bin/sh\nexit 1\n")
    code, out, err = call(copy, PATH=str(copy.parent / "tools"))
    assert (code, out) == (2, "")
    assert err == "run_all.sh: no Python 3.11 or newer on the PATH: install one and start again\n"
