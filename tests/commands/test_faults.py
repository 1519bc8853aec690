"""Two runs at once, and the short form of benchmarks/faults.py: a run of small notebooks, killed and damaged."""

import csv
import signal
import sys
import time
from pathlib import Path

import pytest

from lib import locks
from lib.commands import run_all

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "benchmarks"))
import faults  # noqa: E402

sys.path.pop(0)

# Writes a table of three rows, a second apart, and goes on with those that are there.
SLOW = """
import os, sys, time
from pathlib import Path
out = Path(sys.argv[1])
(out / "tables").mkdir(parents=True, exist_ok=True)
for i in range(3):
    if not (out / f"{i}.row").exists():
        time.sleep(0.3)
        (out / "part").write_text(str(i * i))
        os.replace(out / "part", out / f"{i}.row")
rows = [(out / f"{i}.row").read_text() + "," + str(time.time()) for i in range(3)]
(out / "tables" / "a.csv").write_text("\\n".join(["square,seconds", *rows]) + "\\n")
"""


def test_killed_runs_are_told_from_lost_ones(tmp_path):
    """The script's own oracle: a command that goes on ends with the same tables, one that loses a row does not."""
    table = faults.survey(
        [sys.executable, "-c", SLOW, str(tmp_path / "out")], tmp_path / "out", 4, tmp_path / "t.csv", seed=1
    )
    killed = [row for row in table if row["fault"].startswith("SIG")]
    assert [row["fault"] for row in killed] == ["SIGKILL", "SIGTERM", "SIGHUP", "SIGINT"]
    assert {row["same tables"] for row in killed} == {"yes"} and any(row["exit"] for row in killed)
    assert [row["same tables"] for row in table if row["sentence"].startswith("not tried")].count("") > 5
    lossy = SLOW.replace('if not (out / f"{i}.row").exists():', "if not list(out.glob('*.row')):").replace(
        '(out / f"{i}.row").read_text()', '((out / f"{i}.row").read_text() if (out / f"{i}.row").exists() else "lost")'
    )
    lost = faults.Faults(
        [sys.executable, "-c", SLOW, str(tmp_path / "lossy")], tmp_path / "lossy", 0, tmp_path / "l.csv"
    )
    lost.command = [sys.executable, "-c", lossy, str(tmp_path / "lossy")]
    lost.killed(signal.SIGKILL)
    assert lost.rows[0]["same tables"] == "NO"


def test_tables_are_compared_without_what_varies(tmp_path):
    for name, seconds in (("a", 1), ("b", 2)):
        (tmp_path / name / "tables").mkdir(parents=True)
        with open(tmp_path / name / "tables" / "t.csv", "w", newline="") as file:
            csv.writer(file).writerows([["value", "seconds"], [0.5, seconds]])
        (tmp_path / name / "tables" / "times.csv").write_text(str(seconds))
    assert faults.read_tables(tmp_path / "a") == faults.read_tables(tmp_path / "b") == {"t.csv": [{"value": "0.5"}]}


def test_damage_is_damage(tmp_path):
    data = bytes(range(100))
    for how, expected in ((faults.cut, data[:50]), (faults.flip, data[:80] + bytes([80 ^ 64]) + data[81:])):
        (tmp_path / "x").write_bytes(data)
        how(tmp_path / "x")
        assert (tmp_path / "x").read_bytes() == expected


@pytest.fixture
def ready(checkout, monkeypatch):
    """A checkout whose environment is there and whose notebooks are not really run."""
    (checkout / "notebooks").mkdir()
    (checkout / "notebooks" / "00_a.ipynb").touch()
    started = []
    monkeypatch.setattr(run_all, "find_environment", lambda: sys.executable)
    monkeypatch.setattr(run_all, "run_notebooks", lambda *arguments: started.append(arguments))
    return checkout, started


def test_a_second_run_in_one_folder_stops_with_the_first_ones_process(ready, capsys):
    checkout, started = ready
    with locks.hold(checkout / "outputs" / "demo.lock", "the first run"):
        code = run_all.exit_code(lambda: run_all.main([]))
        said = capsys.readouterr().err
        assert run_all.exit_code(lambda: run_all.main(["--profile", "smoke"])) == 0, "another folder is free"
    assert code == 75 and len(started) == 1
    process = f"process {locks.os.getpid()} on {locks.platform.node()}"
    assert said == f"run_all.sh: outputs/demo is in use by {process}; wait until it ends, or stop it\n"
    assert run_all.exit_code(lambda: run_all.main([])) == 0
    assert list((checkout / "outputs").glob("*.lock")) == []


def test_fresh_deletes_nothing_of_a_running_one(ready):
    checkout, _ = ready
    (checkout / "outputs" / "demo").mkdir()
    with locks.hold(checkout / "outputs" / "demo.lock", "the first run"):
        assert run_all.exit_code(lambda: run_all.main(["--fresh"])) == 75
    assert (checkout / "outputs" / "demo").is_dir()
    assert run_all.exit_code(lambda: run_all.main(["--fresh"])) == 0 and not (checkout / "outputs" / "demo").exists()


def test_skip_damaged_reaches_the_notebooks(ready, tmp_path):
    _, started = ready
    run_all.main(["--data", str(tmp_path), "--skip-damaged"])
    run_all.main(["--data", str(tmp_path)])
    assert [arguments[2]["skip_damaged"] for arguments in started] == [True, False]
    with pytest.raises(run_all.Stop, match="--skip-damaged is about the photos of --data"):
        run_all.parse(["--skip-damaged"])


def test_the_environment_is_made_once(checkout, monkeypatch):
    """What the process that was waited for has installed is taken."""
    made, found = [], iter(["", str(checkout / ".venv" / "bin" / "python")])
    monkeypatch.setattr(run_all, "unsatisfied", lambda packages: ["nothing"])
    monkeypatch.setattr(run_all, "complete_environment", lambda: next(found))
    monkeypatch.setattr(run_all, "make_environment", lambda *arguments: made.append(arguments))
    begin = time.monotonic()
    assert run_all.find_environment() == str(checkout / ".venv" / "bin" / "python")
    assert made == [] and time.monotonic() - begin < 5 and not list((checkout / "outputs").glob("*.lock"))
