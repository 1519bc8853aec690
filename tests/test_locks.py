"""Locks between processes, with real processes: who waits, who is named, and what a killed one leaves."""

import errno
import fcntl
import os
import platform
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from lib import locks

ROOT = Path(__file__).parents[1]
HOLD = """
import sys, time
from pathlib import Path
from lib.locks import hold
with hold(Path(sys.argv[1]), "x is being made"):
    print("held", flush=True)
    sys.stdin.read()  # until the test closes it
"""
ADD = """
import sys, time
from pathlib import Path
from lib.locks import hold
number = Path(sys.argv[2])
for _ in range(15):
    with hold(Path(sys.argv[1]), "the number is being raised"):
        value = int(number.read_text())
        time.sleep(0.002)
        number.write_text(str(value + 1))
"""


def start(code, *arguments):
    command = [sys.executable, "-c", code, *map(str, arguments)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    return subprocess.Popen(command, text=True, env=os.environ | {"PYTHONPATH": str(ROOT)}, **pipes)


@pytest.fixture
def holder(tmp_path):
    with start(HOLD, tmp_path / "x.lock") as process:
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def test_the_file_names_its_process_and_goes_with_it(tmp_path, holder):
    assert (tmp_path / "x.lock").read_text() == f"{holder.pid} on {platform.node()}"
    holder.communicate()
    assert holder.returncode == 0 and list(tmp_path.iterdir()) == []


def test_a_second_process_waits_with_one_sentence_that_names_the_first(tmp_path, holder):
    with start(HOLD, tmp_path / "x.lock") as second:
        said = second.stderr.readline()
        assert said == f"x is being made by process {holder.pid} on {platform.node()}; waiting for it to end\n"
        assert second.poll() is None
        holder.communicate()
        assert second.stdout.readline() == "held\n"
        assert (tmp_path / "x.lock").read_text() == f"{second.pid} on {platform.node()}"
        assert second.communicate() == ("", "")


def test_without_waiting_it_is_an_error(tmp_path, holder):
    with pytest.raises(BlockingIOError, match=f"^it is being made by process {holder.pid} on {platform.node()}$"):
        with locks.hold(tmp_path / "x.lock", "it is being made", wait=False):
            pytest.fail("two processes hold it")
    assert (tmp_path / "x.lock").read_text() == f"{holder.pid} on {platform.node()}"


def test_waiting_ends_at_the_deadline(tmp_path, holder, capfd, monkeypatch):
    begin = time.time()
    monkeypatch.setenv("DEEPFASHION_DEADLINE", str(begin + 0.3))
    with pytest.raises(locks.OutOfTime, match=f"^it is being made by process {holder.pid} on {platform.node()}$"):
        with locks.hold(tmp_path / "x.lock", "it is being made"):
            pytest.fail("two processes hold it")
    assert 0.3 <= time.time() - begin < 20 and capfd.readouterr().err.count("waiting for it to end") == 1
    with pytest.raises(locks.OutOfTime), locks.hold(tmp_path / "x.lock", "it is being made"):
        pytest.fail("two processes hold it")
    assert capfd.readouterr().err == ""  # nothing to wait for
    holder.communicate()
    with locks.hold(tmp_path / "x.lock", "it is being made"):  # a free lock is never late
        pass


def test_a_killed_process_leaves_no_lock(tmp_path, holder, capfd):
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    with locks.hold(tmp_path / "x.lock", "x is being made", wait=False):
        assert (tmp_path / "x.lock").read_text() == f"{os.getpid()} on {platform.node()}"
    assert capfd.readouterr().err == "" and list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("text", "value"), [(None, float("inf")), ("", float("inf")), ("12.5", 12.5)])
def test_the_deadline_is_a_number_or_never(monkeypatch, text, value):
    monkeypatch.delenv("DEEPFASHION_DEADLINE", raising=False)
    if text is not None:
        monkeypatch.setenv("DEEPFASHION_DEADLINE", text)
    assert locks.deadline() == value
    monkeypatch.setenv("DEEPFASHION_DEADLINE", "soon")
    with pytest.raises(OSError, match="'soon' is not a Unix time"):
        locks.deadline()


def test_an_error_releases_it(tmp_path):
    for _ in range(2):
        with pytest.raises(KeyError), locks.hold(tmp_path / "new" / "x.lock", "x", wait=False):
            raise KeyError
    assert list((tmp_path / "new").iterdir()) == []


def test_processes_that_come_and_go_never_hold_it_together(tmp_path):
    """The file is deleted and made again all the time: a lock on a deleted one would count less than 60."""
    (tmp_path / "number").write_text("0")
    for process in [start(ADD, tmp_path / "x.lock", tmp_path / "number") for _ in range(4)]:
        process.communicate()
        assert process.returncode == 0
    assert (tmp_path / "number").read_text() == "60"


def test_a_file_system_without_locks_is_said_and_not_refused(tmp_path, monkeypatch, capsys):
    def refuse(file, how):
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", refuse)
    with locks.hold(tmp_path / "x.lock", "x is being made"):
        assert list(tmp_path.iterdir()) == []
    assert "has no locks; start one run at a time" in capsys.readouterr().err
