"""python -m lib.commands.train_all: what it returns, and what it says of a wrong call."""

import sys

import pytest

from lib import locks
from lib.commands import run_all, train_all
from lib.config import PROFILES
from lib.lists import DataError


def call(monkeypatch, *arguments):
    monkeypatch.setattr(sys, "argv", ["train_all", *arguments])
    with pytest.raises(SystemExit) as stopped:
        train_all.main()
    if isinstance(stopped.value.code, str):  # which Python prints, with exit code 1
        print(stopped.value.code, file=sys.stderr)
        return 1
    return stopped.value.code


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--profile", "nope"], "train_all: no profile 'nope'; there are smoke"),
        (["--profile", "smoke", "--data", "/nonexistent", "--out", "OUT"], "train_all: /nonexistent"),
    ],
)
def test_an_error_is_one_sentence(monkeypatch, tmp_path, capsys, arguments, said):
    arguments = [str(tmp_path) if word == "OUT" else word for word in arguments]
    assert call(monkeypatch, *arguments) == 1
    error = capsys.readouterr().err
    assert error.startswith(said) and error.count("\n") == 1


@pytest.mark.parametrize("arguments", [[], ["--data", "D"], ["--data", "D", "--profile", "paper"]])
def test_results_are_where_run_all_looks_for_them(monkeypatch, tmp_path, arguments):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "D").mkdir()
    expected = run_all.parse(arguments).out
    given = arguments if "--profile" in arguments else [*arguments, "--profile", "photos" if arguments else "demo"]
    seen = []
    monkeypatch.setattr(
        train_all, "train_all", lambda profile, data, out, *_: seen.append(out or f"outputs/{profile}") or 0
    )
    assert call(monkeypatch, *given) == 0
    assert str(expected).endswith(seen[0])


@pytest.mark.parametrize("arguments", [["--jobs", "0"], ["--minutes", "0"], ["--minutes", "-1"], ["--minutes", "nan"]])
def test_numbers_out_of_range_are_a_wrong_call(monkeypatch, arguments):
    assert call(monkeypatch, *arguments) == 2


@pytest.mark.parametrize(
    ("errors", "code"),
    [
        ([], 0),
        ([locks.OutOfTime("x")], 75),
        ([DataError("x")], 1),
        ([FloatingPointError("x"), locks.OutOfTime("x")], 1),
        ([ZeroDivisionError("x")], 1),
    ],
)
def test_the_exit_code_tells_a_failure_from_time_that_ran_out(monkeypatch, world_root, tmp_path, capfd, errors, code):
    """Each error stops one run; all others are trained."""
    trained = []

    def train_run(method, stage, *_):
        trained.append((method, stage))
        if len(trained) <= len(errors):
            raise errors[len(trained) - 1]

    monkeypatch.setattr(train_all.runs, "train_run", train_run)
    monkeypatch.setattr(train_all, "crop_store", lambda *_: None)
    monkeypatch.setitem(PROFILES, "smoke", PROFILES["smoke"])
    train_all._opened.cache_clear()
    assert train_all.train_all("smoke", str(world_root), str(tmp_path)) == code
    assert len(trained) == len(set(trained)) > 20
    lines = capfd.readouterr().out.splitlines()
    assert len(lines) == len(trained) and sum(": x" in line for line in lines) == len(errors)
