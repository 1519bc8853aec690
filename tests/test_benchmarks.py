"""Every benchmark runs, in a tiny size, and writes the table that it announces."""

import csv
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
TINY = {  # arguments, and columns of the table; None: it writes none
    "gpu.py": (
        ["--device", "cpu", "--tiny"],
        {"part", "ms", "tflops", "share_of_peak", "peer", "times_peer", "device"},
    ),
    "speed.py": (["--tiny"], {"what", "ms", "peer", "peer_ms", "ratio", "device"}),
    "synthetic_speed.py": (["--images", "2", "--px", "64"], {"figure", "value", "how"}),
    "parse_attributes.py": (["--rows", "64"], None),
}


def test_all_benchmarks_are_listed():
    """faults.py has its short form in tests/commands/test_faults.py."""
    assert {path.name for path in (ROOT / "benchmarks").glob("*.py")} == {*TINY, "faults.py"}


@pytest.mark.parametrize("name", TINY)
def test_benchmark_runs(name, tmp_path):
    arguments, columns = TINY[name]
    out = tmp_path / "new" / "table.csv"
    command = [sys.executable, "-W", "error::FutureWarning", str(ROOT / "benchmarks" / name), *arguments]
    command += ["--out", str(out)] if columns else []
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    if columns:
        rows = list(csv.DictReader(out.read_text().splitlines()))
        assert columns <= rows[0].keys() and done.stdout.strip().endswith(str(out))
        times = [float(row["ms"] if "ms" in row else row["value"]) for row in rows]
        assert len(rows) > 5 and min(times) > 0  # NaN, a variant that did not compile, fails here
    else:
        assert len(done.stdout.splitlines()) == 4


def test_gpu_compares_each_part_with_its_peer(tmp_path):
    """The rows that the README's ratios are read from."""
    sys.path.insert(0, str(ROOT / "benchmarks"))
    try:
        import gpu
    finally:
        sys.path.pop(0)
    model = gpu.PROFILES["paper"].model
    ours, peer = gpu.measure_pooling("cpu", 1, 8, 16, model, "NHWC", 1)
    assert ours["peer"] == "roi_pool" and ours["times_peer"] == ours["ms"] / peer["ms"]
    peak = gpu.measure_peak("cpu", 64)
    assert peak["tflops"] == pytest.approx(2 * 64**3 / (peak["ms"] * 1e-3) / 1e12)
    # One linear layer: forward, and backward for its weights; the images need no gradient. 2 operations per product.
    net = gpu.nn.Sequential(gpu.nn.Flatten(), gpu.nn.Linear(3 * 4 * 4, 5))
    assert gpu.floating_point_operations(net, 4, "cpu") == 2 * (2 * 48 * 5)
