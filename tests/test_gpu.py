"""Training on a GPU: an update recorded as a CUDA graph trains as an eager one, and a stopped fit goes on."""

from dataclasses import replace

import numpy as np
import pytest
import test_train
import torch
from squares import with_schedule
from test_train import Bench

from lib import train
from lib.methods import DETECTORS, METHODS

on_a_gpu = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")


def on_gpu(name, benchmark, config, folder, seed=0):
    bench = Bench(name, benchmark, config, folder, seed)
    bench.samples = replace(bench.samples, crops=torch.from_numpy(np.array(bench.samples.crops)).cuda())
    return bench


@pytest.mark.gpu
@on_a_gpu
@pytest.mark.parametrize("name", [*METHODS, *DETECTORS])
def test_a_recorded_update_trains_as_an_eager_one(name, squares, config, tmp_path, monkeypatch):
    """Same batches, views and dropout; what differs is the order of sums."""
    if METHODS.get(name) and METHODS[name].attributes:
        squares = replace(
            squares,
            attributes=np.tile(squares.attributes, 200)[:, :501],
            attribute_names=[str(i) for i in range(501)],
            attribute_groups=np.resize(squares.attribute_groups, 501),
        )
    config = replace(with_schedule(config, rounds=3, epochs=2), model=replace(config.model, dropout=0.2))
    calls = []
    recorded = train.recorded
    monkeypatch.setattr(train, "recorded", lambda function: calls.append(name) or recorded(function))
    ours = on_gpu(name, squares, config, tmp_path).fit("recorded")
    assert calls  # this path was taken
    monkeypatch.setattr(train, "recorded", lambda function: function)
    eager = on_gpu(name, squares, config, tmp_path).fit("eager")
    for a, b in zip(ours, eager, strict=True):
        assert a.keys() == b.keys()
        for key in a.keys() - {"seconds", "step"}:
            assert a[key] == pytest.approx(b[key], rel=0.15, abs=0.005), (key, a, b)


@pytest.mark.gpu
@on_a_gpu
def test_a_stopped_fit_on_a_gpu_goes_on_in_bf16(squares, config, tmp_path, monkeypatch):
    monkeypatch.setattr(test_train, "FABRIC", train.make_fabric("bf16-mixed"))
    config = with_schedule(config, epochs=2)
    history = on_gpu("fashionnet", squares, config, tmp_path).fit("whole")
    for epoch in (1, 2, 3):
        with pytest.raises(KeyboardInterrupt), monkeypatch.context() as patch:
            test_train.stop_before(patch, epoch)
            on_gpu("fashionnet", squares, config, tmp_path).fit("stopped")
    resumed = on_gpu("fashionnet", squares, config, tmp_path, seed=9).fit("stopped")
    for a, b in zip(history, resumed, strict=True):
        assert a["train_category"] == pytest.approx(b["train_category"], rel=0.1, abs=0.05)
