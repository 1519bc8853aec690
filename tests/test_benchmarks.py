"""Every benchmark runs, in a tiny size, and writes the table that it announces."""

import csv
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

ROOT = Path(__file__).parent.parent
PYTHON = [sys.executable, "-W", "error::FutureWarning"]


def run(*command: str, folder: Path) -> str:
    """Return what a benchmark prints; fail where it fails."""
    done = subprocess.run([*PYTHON, *command], cwd=folder, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_gpus_benchmark_runs_on_a_cpu(tmp_path):
    out = tmp_path / "new" / "table.csv"
    printed = run(str(ROOT / "benchmarks/gpu.py"), "--device", "cpu", "--tiny", "--out", str(out), folder=tmp_path)
    rows = list(csv.DictReader(out.read_text().splitlines()))
    assert {"part", "ms", "tflops", "share_of_peak", "peer", "times_peer", "device"} <= rows[0].keys()
    assert printed.strip().endswith(str(out)) and len(rows) > 5
    assert min(float(row["ms"]) for row in rows) > 0  # NaN, a variant that did not compile, fails here


def test_every_figure_is_measured_beside_its_peer_or_its_bar(tmp_path):
    run("-m", "benchmarks", "--tiny", "--out", str(tmp_path), folder=ROOT)
    details, summary = (pd.read_csv(tmp_path / f"{name}.csv") for name in ("details", "summary"))
    assert len(details) >= 18 and (details.ours > 0).all() and details.bar.notna().sum() >= 16
    assert (details.ratio.notna() == details.peer.notna()).all()
    assert set(summary.figure) == set(details.figure[details.bar.notna()]) and summary.met.isin([True, False]).all()
    beside = summary[summary.peer.notna()]
    assert ((beside.ratio <= beside.bar) == beside.met).all() and (beside.lo <= beside.hi).all()
    assert (tmp_path / "summary.png").stat().st_size > 5000


def test_settings_for_photos_are_tried_on_held_out_training_images(world_root, tmp_path):
    out = tmp_path / "settings.csv"
    small = ["--photos", "4", "--items", "1", "--rounds", "1", "--only", "global, compact", "fashionnet, compact"]
    run(str(ROOT / "benchmarks/photos.py"), "--data", str(world_root), "--out", str(out), *small, folder=tmp_path)
    rows = pd.read_csv(out)
    assert rows.variant.tolist() == ["global, compact", "fashionnet, compact"]
    assert rows.pdj.notna().tolist() == [False, True]
    assert (
        rows[["attributes", "attributes_macro", "category", "mirrored"]]
        .apply(lambda c: c.between(0, 100))
        .all(axis=None)
    )


def test_development_rows_are_of_train_alone_and_not_trained_on(world):
    sys.path.insert(0, str(ROOT / "benchmarks"))
    try:
        import photos
    finally:
        sys.path.pop(0)
    for name, units in (("category_attribute", "image"), ("inshop", "item")):
        benchmark = world[name]
        left, held = photos.develop(benchmark, 2, share=0.5)
        assert set(benchmark.split[held]) == {"train"} and len(set(getattr(benchmark, units)[held])) == 2
        assert set(left.split) == {"", "train"}
        kept = left.rows("train")
        assert set(kept) < set(benchmark.rows("train"))
        assert not set(getattr(benchmark, units)[kept]) & set(getattr(benchmark, units)[held])


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
