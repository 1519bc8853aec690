"""python -m lib.commands.train_all: the order of the runs, what it returns, and what it says of a wrong call."""

from dataclasses import replace

import pytest
import torch

from lib import networks
from lib.commands import run_all, train_all
from lib.config import PROFILES
from lib.lists import DataError
from lib.runs import make_plan


def call(*arguments):
    with pytest.raises(SystemExit) as stopped:
        train_all.main([*arguments])
    return stopped.value.code


def test_an_error_is_one_sentence(tmp_path):
    assert call("--profile", "nope").startswith("train_all: no profile 'nope'; there are smoke")
    error = call("--profile", "smoke", "--data", "/nonexistent", "--out", str(tmp_path))
    assert error.startswith("train_all: /nonexistent") and "\n" not in error
    assert call("--jobs", "0") == 2


def test_results_are_where_run_all_looks_for_them(monkeypatch, tmp_path):
    seen = []
    monkeypatch.setattr(train_all, "train_all", lambda options, jobs: seen.append(options) or 0)
    data = ["--data", str(tmp_path)]
    for profile, arguments in {"photos": data, "paper": [*data, "--profile", "paper"]}.items():
        assert call(*data, "--profile", profile) == 0
        assert str(run_all.parse(arguments).out).endswith(seen.pop()[2] or profile)


@pytest.fixture
def plan(world, config, tmp_path, monkeypatch):
    """The plan of all methods with two seeds on the tests' world, for every call of `open_plan`."""
    config = replace(config, methods=PROFILES["smoke"].methods, seeds=(0, 1), start="scratch")
    plan = make_plan(world, config, tmp_path)
    monkeypatch.setattr(train_all, "open_plan", lambda *options: plan)
    return plan


def test_each_phase_needs_earlier_ones_alone(plan):
    done, phases = set(), train_all.phases(plan)
    detectors = {run.detector for run in plan.runs} - {None}
    assert detectors and len(phases) == 1 + 2 * 2
    for runs in phases:
        assert {run.parent for run in runs} <= done | {None} and {run.detector for run in runs} <= detectors | {None}
        done |= set(runs)
    assert done == set(plan.runs) - detectors
    assert [run.detector is not None for run in phases[0]][:3] == [True, True, False]


@pytest.mark.parametrize("errors", [[], [DataError("x")], [FloatingPointError("x"), ZeroDivisionError("x")]])
def test_an_error_stops_one_run_and_the_exit_code_tells(plan, monkeypatch, capfd, errors):
    trained = []

    def train_run(plan, run):
        trained.append(run)
        if len(trained) <= len(errors):
            raise errors[len(trained) - 1]

    monkeypatch.setattr(train_all.runs, "train_run", train_run)
    assert call("--profile", "smoke") == (1 if errors else 0)
    assert trained == sum(train_all.phases(plan), [])
    out, err = capfd.readouterr()
    assert len(out.splitlines()) == len(trained) and sum(": x" in line for line in out.splitlines()) == len(errors)
    assert ("Traceback" in err) == any(isinstance(error, ZeroDivisionError) for error in errors)


def test_pretrained_networks_are_shipped(plan, monkeypatch, tmp_path):
    def train_run(plan, run):
        networks.save(run.network, torch.nn.Linear(2, 2), {})

    monkeypatch.setattr(train_all.runs, "train_run", train_run)
    assert call("--ship", str(tmp_path / "shipped")) == 0
    names = {path.stem for path in (tmp_path / "shipped").iterdir()}
    assert names == {run.method for run in train_all.phases(plan)[0]} and "fashionnet" in names
