"""Every benchmark runs, in a tiny size, and writes the table that it announces."""

import subprocess
import sys
from pathlib import Path

import joblib
import pandas as pd
import pytest
import torch

from benchmarks import faults, gpu

ROOT = Path(__file__).parent.parent


def run(*command: str) -> None:
    done = subprocess.run([sys.executable, *command], cwd=ROOT, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr


@pytest.mark.slow
def test_the_gpus_benchmark_runs_on_a_cpu(tmp_path):
    run("-m", "benchmarks.gpu", "--device", "cpu", "--tiny", "--out", str(tmp_path / "table.csv"))
    rows = pd.read_csv(tmp_path / "table.csv")
    assert {"part", "ms", "tflops", "share_of_peak", "peer", "times_peer", "device"} <= set(rows) and len(rows) > 5
    assert (rows.ms > 0).all()


@pytest.mark.slow
def test_every_figure_is_measured_beside_its_peer_or_its_bar(tmp_path):
    run("-m", "benchmarks", "--tiny", "--out", str(tmp_path))
    details, summary = (pd.read_csv(tmp_path / f"{name}.csv") for name in ("details", "summary"))
    workers = len({1, joblib.cpu_count()})  # each number of them is a figure of the world's
    no_gpu = details[details.device == "no GPU"].figure.tolist()
    assert len(no_gpu) == (0 if torch.cuda.is_available() else 1)
    details = details[details.device.str.startswith("CPU")]
    assert len(details) == 14 + workers and details.bar.notna().sum() == 13 + workers and (details.ours > 0).all()
    assert (details.ratio.notna() == details.peer.notna()).all()
    measured = summary[~summary.figure.isin(no_gpu)]
    assert set(measured.figure) >= set(details.figure[details.bar.notna()]) and measured.met.isin([True, False]).all()


@pytest.mark.slow
def test_the_release_is_measured_on_copies_of_a_share_of_it(tmp_path):
    run("-m", "benchmarks.release", "--tiny", "--copies", "2", "--out", str(tmp_path))
    rows = pd.read_csv(tmp_path / "release.csv")
    assert len(rows) >= 16 and (rows.ours > 0).all()
    assert int(rows["size"][0].removesuffix(" photos")) > 400


def test_operations_are_counted_as_by_hand():
    """One linear layer: forward, and backward for its weights; the images need no gradient. 2 operations a product."""
    net = gpu.nn.Sequential(gpu.nn.Flatten(), gpu.nn.Linear(3 * 4 * 4, 5))
    assert gpu.floating_point_operations(net, 4, "cpu") == 2 * (2 * 48 * 5)


def test_tables_are_compared_without_what_varies(tmp_path):
    for name, value, seconds in (("a", 0.5, 1), ("b", 0.5, 2), ("c", 0.6, 1)):
        (tmp_path / name / "tables").mkdir(parents=True)
        pd.DataFrame({"value": [value], "seconds": [seconds]}).to_csv(tmp_path / name / "tables" / "t.csv")
        (tmp_path / name / "tables" / "times.csv").write_text(str(seconds))
    a, b, c = (faults.read_tables(tmp_path / name) for name in "abc")
    assert a == b != c
