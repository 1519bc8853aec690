"""Training on squares that a network learns in seconds: the schedule, batches, resuming, faults, and that it learns."""

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from squares import CONFIG, make_squares, only, with_schedule

from lib import crops, losses, networks, parts, train
from lib.artefact import read_tensors, write_json, write_tensors
from lib.config import Schedule, Weights
from lib.lists import DataError
from lib.methods import DETECTORS, METHODS, find, supervised

FABRIC = train.make_fabric("32-true")
CPU = torch.device("cpu")


class Bench:
    """A method's network, labels and crops of a benchmark, ready to fit; the test images are held out."""

    def __init__(self, name, benchmark, config, folder: Path, seed=0):
        self.method, self.benchmark, self.config, self.folder = find(name), benchmark, config, folder
        self.rows, self.held_out = benchmark.rows("train"), benchmark.rows("test", "query", "gallery")
        self.model = networks.build(self.method, benchmark, config, seed)
        poselets = parts.arrangements(benchmark, self.rows, 0) if name == "poselets" else None
        samples = train.make_samples(benchmark, config, self.method, poselets)
        self.samples = replace(samples, crops=crops.crop_store(benchmark, folder / "cache", config.input))
        self.weights = None
        if self.samples.attributes is not None:
            mask = supervised(name, benchmark, self.rows)
            self.weights = train.attribute_weights(self.samples, self.rows, mask, config.training.attribute_balance)
        train.start_at_frequencies(self.model, self.samples, self.rows, self.weights, config, [])

    def fit(self, run="run", seed=0, schedule=None, fabric=None):
        schedule, checkpoint = schedule or self.config.training.pretrain, self.folder / run / "checkpoint.safetensors"
        data = fabric or FABRIC, self.samples, self.rows, self.held_out
        job = train.Fit(self.method, schedule, self.config, *data, seed, checkpoint, self.weights, run)
        return train.fit(self.model, job)

    def predict(self, rows):
        return train.predict(self.model, self.samples, self.benchmark, rows, self.method, self.config, FABRIC)

    def state(self):
        return {name: value.clone() for name, value in self.model.state_dict().items()}


def without_seconds(history):
    return [{k: v for k, v in row.items() if k != "seconds"} for row in history]


def equal(a, b):
    return a.keys() == b.keys() and all(torch.equal(a[n].nan_to_num(9), b[n].nan_to_num(9)) for n in a)


def test_phases_by_hand():
    schedule = Schedule(2, 2, 1e-3)
    assert train.phases(schedule, (1, 2)) == [(r, s) for r in (0, 1) for s in (1, 1, 2, 2)]
    assert train.phases(schedule, (2,)) == [(0, 2)] * 4 + [(1, 2)] * 4
    assert train.phases(schedule, ("all",)) == [(0, "all")] * 4 + [(1, "all")] * 4


def test_the_rate_by_hand():
    """100 updates: ten of warm-up, the peak at the tenth, then down by a ninetieth each, to 0 after the last."""
    shares = [train.rate_share(step, 100) for step in range(101)]
    assert shares[:10] == pytest.approx([0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0])
    assert shares[10] == 1.0 and shares[55] == pytest.approx(0.5) and shares[99] == pytest.approx(1 / 90)
    assert shares[100] == 0
    for steps in (1, 2, 3, 9, 10, 11, 57):
        few = [train.rate_share(step, steps) for step in range(steps + 1)]
        assert max(few) == 1.0 and few[-1] == 0 and all(share > 0 for share in few[:-1])


@pytest.mark.parametrize("n, batch", [(37, 8), (5, 8)])
@pytest.mark.parametrize("per_item", [0, 1, 3])
def test_every_row_is_seen_once_per_epoch_in_full_batches(n, batch, per_item):
    """At most, and twice where no item has a second row."""
    rows = np.random.default_rng(0).permutation(200)[:n]
    item = None if not per_item else np.arange(200) // per_item
    views = 2 if per_item and max(Counter(item[rows]).values()) == 1 else 1
    assert train.views_of(rows, item) == views
    batches = list(train.epoch_batches(rows, item, batch, (0, 1)))
    assert len(batches) == max(1, views * n // batch) and all(len(b) == min(batch, views * n) for b in batches)
    seen = np.concatenate(batches)
    assert max(Counter(seen.tolist()).values()) == views and set(seen.tolist()) <= set(rows.tolist())
    again, other = (list(train.epoch_batches(rows, item, batch, (0, epoch))) for epoch in (1, 2))
    assert all(np.array_equal(a, b) for a, b in zip(batches, again, strict=True))
    if n > batch:
        assert not all(np.array_equal(a, b) for a, b in zip(batches, other, strict=True))


def test_an_item_is_cut_at_the_edges_of_batches_alone():
    item = np.random.default_rng(1).integers(0, 30, 100)
    batches = list(train.epoch_batches(np.arange(100), item, 16, (3, 4)))
    places = {number: [k for k, b in enumerate(batches) if (item[b] == number).any()] for number in set(item.tolist())}
    assert all(p == list(range(p[0], p[-1] + 1)) for p in places.values() if p)  # batches next to each other
    assert sum(len(p) > 1 for p in places.values()) <= len(batches) - 1  # one item at most at each edge


def test_half_of_a_batch_holds_whole_designs():
    item, design = np.arange(64) // 2, np.arange(64) // 8  # eight designs of four items of two images
    batches = list(train.epoch_batches(np.arange(64), item, 16, (0, 1), design))
    assert sorted(np.concatenate(batches).tolist()) == list(range(64))
    for batch in batches:
        assert len(batch) == 16 and np.unique(design[batch], return_counts=True)[1].max() == 8  # one is whole
        assert (np.unique(item[batch], return_counts=True)[1] == 2).all()
    assert max(len(np.unique(design[batch])) for batch in batches) > 2
    odd = list(train.epoch_batches(np.arange(60), item, 16, (0, 1), design))  # 8 designs, the last of four images
    assert [len(batch) for batch in odd] == [16, 16, 16] and len(np.unique(np.concatenate(odd))) == 48


def test_two_views_of_a_photo_are_a_positive_pair(search_squares, tmp_path, config):
    alone = replace(search_squares, item=np.array([f"id_{i:08d}" for i in range(24)]))
    bench = Bench("fashionnet-global", alone, with_schedule(config, epochs=4), tmp_path)
    history = bench.fit()
    assert history[0]["train_triplet"] > 0 and history[-1]["train_triplet"] < history[0]["train_triplet"]
    assert "held_out_triplet" not in history[0] and "held_out_category" in history[0]


def test_a_fit_runs_to_the_end_of_the_schedule_at_rate_0(squares, config, tmp_path):
    bench, rates = Bench("fashionnet", squares, with_schedule(config, rounds=2), tmp_path), []
    step = torch.optim.AdamW.step

    def watch(self, *args, **kwargs):
        rates.append([float(group["lr"]) for group in self.param_groups])
        return step(self, *args, **kwargs)

    with pytest.MonkeyPatch.context() as m:
        m.setattr(torch.optim.AdamW, "step", watch)
        history = bench.fit()
    assert [(row["round"], row["step"]) for row in history] == train.phases(Schedule(2, 1, 1e-3), bench.method.steps)
    assert history[-1]["rate"] == 0 and [row["epoch"] for row in history] == [0, 1, 2, 3]
    assert len(rates) == 4 * 2  # 16 images in batches of 8
    assert [each[0] for each in rates] == pytest.approx([1e-3 * train.rate_share(i, 8) for i in range(8)])
    assert all(len(set(each)) == 1 for each in rates)  # one rate for every parameter in every step


def test_slots_that_a_clothes_type_lacks_are_trained_as_cut_off(squares, config):
    visibility = squares.visibility.copy()
    visibility[:, :2] = -1
    samples = train.make_samples(replace(squares, visibility=visibility), config, METHODS["fashionnet"])
    assert (samples.visibility[:, :2] == 2).all() and visibility[0, 0] == -1
    assert torch.equal(samples.visibility[:, 2:], torch.from_numpy(squares.visibility[:, 2:]).long())


def test_labels_of_a_mirrored_view(squares, config):
    """Landmarks are swapped and turned round, parts are of the mirrored crop, and both are in units of the view."""
    view = crops.View(torch.full((2, 2), 0.8), torch.full((2, 2), 0.45), torch.tensor([False, True]))
    side = squares.box[4, 2:] - squares.box[4, :2]
    cases = (
        (METHODS["fashionnet"], "landmarks", squares.landmarks, [1, 0, 3, 2, 5, 4, 7, 6]),
        (DETECTORS["joints"], "parts", squares.joints, list(parts.MIRRORED_JOINTS)),
    )
    for method, name, points, mirrored in cases:
        labels = train.make_samples(squares, config, method).labels(torch.tensor([4, 4]), view)
        unit = ((points[4] - squares.box[4, :2]) / side + 0.1) / 1.2
        other = unit[mirrored] * [-1, 1] + [1, 0]
        np.testing.assert_allclose(labels[name], (np.stack([unit, other]) - 0.05) / 0.8, atol=1e-5)
    assert labels["present"].all()


def test_heads_start_at_the_label_frequencies_and_mean_landmarks(squares, config, tmp_path):
    bench = Bench("fashionnet", squares, config, tmp_path)
    rows = bench.rows
    counts = np.bincount(squares.category[rows], minlength=3)
    torch.testing.assert_close(bench.model.category.bias.softmax(0), torch.from_numpy(counts / len(rows)).float())
    logits = losses.prior_logits(losses.attribute_shares(bench.samples.attributes[rows]), *bench.weights)
    torch.testing.assert_close(bench.model.attributes.bias, logits.float())
    mean = crops.landmarks_in_view(bench.samples.landmarks[rows], crops.fixed_view(len(rows), config.input))
    for j in range(8):
        seen = [mean[i, j] for i in range(len(rows)) if not mean[i, j].isnan().any()]
        torch.testing.assert_close(bench.model.pose.landmarks.bias.view(8, 2)[j], torch.stack(seen).mean(0))
    # What an earlier network gave stays.
    bench.model.category.bias.data.fill_(7)
    train.start_at_frequencies(bench.model, bench.samples, rows, bench.weights, config, ["category.bias"])
    assert (bench.model.category.bias == 7).all()


def test_the_total_by_hand():
    terms = {"landmark": torch.tensor(2.0), "category": torch.tensor(3.0), "pair": torch.tensor(5.0)}
    assert train.total(terms, Weights(10, 1, 0.3, 0.1, 0.9, 0.6, 0.5)).item() == pytest.approx(20 + 0.3 + 2.5)
    assert train.total({"detection": torch.tensor(4.0)}, Weights(0, 0, 0, 0, 0, 0, 0)).item() == 4


def test_steps_differ_in_loss_weights_alone(squares, config, tmp_path):
    """With equal weights, two steps are the same training as all losses at once."""
    t = config.training
    same, fits = with_schedule(config, step1=t.at_once, step2=t.at_once), []
    for name in ("fashionnet", "fashionnet-joint"):
        bench = Bench(name, squares, same, tmp_path)
        history = [{k: v for k, v in row.items() if k != "step"} for row in without_seconds(bench.fit(name))]
        fits.append((history, bench.state()))
    (two, state), (at_once, other) = fits
    assert two == at_once and equal(state, other)
    bench = Bench("fashionnet", squares, config, tmp_path)
    assert without_seconds(bench.fit("weighted"))[-1] != two[-1] and not equal(bench.state(), state)


def test_heavy_landmarks_leave_the_gradients_of_labels_as_they_are(squares, config, tmp_path):
    """Clipped together, the labels' would shrink to where AdamW's epsilon counts, and rare ones stay unlearned."""
    gradients = []
    for weight in (1.0, 1e4):
        heavy = replace(config.training.at_once, landmark=weight)
        bench = Bench("fashionnet-joint", squares, with_schedule(config, rate=0.0, at_once=heavy), tmp_path)
        bench.fit(f"{weight}")
        gradients.append(bench.model.attributes.weight.grad)
    assert gradients[0].abs().max() > 0 and torch.equal(*gradients)


@pytest.mark.parametrize("name", [*METHODS, *DETECTORS])
def test_a_fit_moves_what_learns_and_nothing_else(name, search_squares, config, tmp_path):
    """Weight decay is off: it would move parameters that no loss reaches."""
    bench = Bench(name, search_squares, with_schedule(config, weight_decay=0.0, rate=3e-3), tmp_path)
    initial = bench.state()
    history = bench.fit()
    frozen = {n for n, p in bench.model.named_parameters() if not p.requires_grad}
    assert all(n.startswith(("generic.", "detector.")) for n in frozen)
    assert bool(frozen) == (name == "wtbi" or bool(bench.method.detector))
    for n, value in bench.state().items():
        moved = not torch.equal(value.nan_to_num(9), initial[n].nan_to_num(9))
        stays = n.startswith(("generic.", "detector.")) or n == "poselets"
        assert moved != stays, n
    terms = {key.removeprefix("train_") for key in history[0] if key.startswith("train_")}
    assert terms == set(bench.method.losses)


def test_the_losses_of_a_history_are_those_of_the_batches(squares, config, tmp_path, monkeypatch):
    seen, terms = [], train.loss_terms

    def watch(*args):
        out = terms(*args)
        seen.append({name: float(value.detach()) for name, value in out.items()})
        return out

    monkeypatch.setattr(train, "loss_terms", watch)
    bench = Bench("fashionnet", squares, config, tmp_path)
    history = bench.fit()
    for epoch, row in enumerate(history):
        first, second, held_out = seen[3 * epoch : 3 * epoch + 3]  # two batches of eight, then the held-out images
        for name in first:
            assert row[f"train_{name}"] == pytest.approx((first[name] + second[name]) / 2, abs=2e-6)
            assert row[f"held_out_{name}"] == pytest.approx(held_out[name], abs=2e-6)
    scores = [bench.predict(bench.held_out[i : i + 1])["category"][0] for i in range(len(bench.held_out))]
    labels = torch.from_numpy(squares.category[bench.held_out]).long()
    alone = torch.nn.functional.cross_entropy(torch.from_numpy(np.stack(scores)), labels)
    assert row["held_out_category"] == pytest.approx(alone.item(), abs=1e-4)


def test_held_out_and_test_images_are_never_trained_on(search_squares, config, tmp_path, monkeypatch):
    seen, images = {True: [], False: []}, train.Samples.images

    def watch(self, rows, *args):
        seen[torch.is_grad_enabled()].append(rows)
        return images(self, rows, *args)

    monkeypatch.setattr(train.Samples, "images", watch)
    bench = Bench("fashionnet", search_squares, config, tmp_path)
    bench.fit()
    trained, looked_at = (set(np.concatenate(seen[grad]).tolist()) for grad in (True, False))
    assert trained == set(bench.rows.tolist()) and looked_at == set(bench.held_out.tolist())
    assert not trained & looked_at


@contextlib.contextmanager
def stopped_before(epoch):
    """Let every fit save each epoch, and stop it as by Ctrl-C before `epoch`."""
    run_epoch = train.run_epoch

    def run(job, update, number, bar):
        if number == epoch:
            raise KeyboardInterrupt
        return run_epoch(job, update, number, bar)

    with pytest.MonkeyPatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(train, "SAVE_EVERY", -1.0)
        patch.setattr(train, "run_epoch", run)
        yield


@pytest.mark.parametrize("name, alone, epochs", [("fashionnet", False, 2), ("fashionnet", True, 1), ("wtbi", False, 1)])
def test_a_stopped_fit_ends_with_the_same_numbers(name, alone, epochs, squares, config, tmp_path):
    """Stopped after every epoch; each time another process goes on with a network of another start.

    With landmarks alone no loss reaches the other branches: their parameters have no optimizer state to write or read.
    """
    squares = only(squares, "landmarks") if alone else squares
    config = replace(with_schedule(config, epochs=epochs), model=replace(config.model, dropout=0.3, dropout_pose=0.2))
    whole = Bench(name, squares, config, tmp_path)
    history = whole.fit("whole")
    assert ("train_category" in history[0]) != alone
    assert not (tmp_path / "whole").exists()  # shorter than a minute: no checkpoint is written
    for epoch in range(1, len(history)):
        stopped = Bench(name, squares, config, tmp_path, seed=epoch if epoch > 1 else 0)
        with stopped_before(epoch):
            stopped.fit("stopped")
    resumed = Bench(name, squares, config, tmp_path, seed=9)
    assert without_seconds(resumed.fit("stopped")) == without_seconds(history)
    assert equal(resumed.state(), whole.state())
    ours, exact = resumed.predict(resumed.held_out), whole.predict(whole.held_out)
    assert all(np.array_equal(ours[key], exact[key]) for key in exact)


def test_without_a_label_to_learn_from_one_sentence_says_so(squares, config, tmp_path):
    with pytest.raises(DataError, match="fashionnet-global: the training images have no label that this method learns"):
        Bench("fashionnet-global", only(squares, "landmarks"), config, tmp_path).fit()


def test_landmarks_that_would_not_be_trained_are_refused(squares, config, tmp_path):
    bench = Bench("fashionnet", squares, config, tmp_path)
    bench.method = replace(bench.method, name="mine", pool_at="")
    with pytest.raises(ValueError, match="mine predicts landmarks: write pool_at='landmarks'"):
        bench.fit()


def test_a_loss_that_is_not_finite_stops_with_step_and_rows(squares, config, tmp_path, monkeypatch):
    """NaN in the second step of the second epoch: update 3 of 4."""
    category_loss, calls = losses.category_loss, []

    def broken(logits, labels):
        if torch.is_grad_enabled():
            calls.append(1)
        return category_loss(logits, labels) * (torch.nan if len(calls) == 4 else 1)

    monkeypatch.setattr(losses, "category_loss", broken)
    bench = Bench("fashionnet", squares, config, tmp_path)
    batch = list(train.epoch_batches(bench.rows, None, 8, (0, 1)))[1].tolist()
    with pytest.raises(train.NotFinite) as error:
        bench.fit("a_run")
    sentence, rows = error.value.args
    assert sentence == "the loss is not finite at step 3 (epoch 1)" and rows.tolist() == batch


@pytest.mark.parametrize("batch, images, refused", [(7, 16, 7), (8, 15, None), (99, 16, None), (99, 15, 15)])
def test_unequal_shares_are_refused(batch, images, refused, squares, config, tmp_path):
    """Of two processes; a batch is never larger than all images."""
    bench = Bench("fashionnet-global", squares, with_schedule(config, batch=batch), tmp_path)
    bench.rows = bench.rows[:images]
    two = SimpleNamespace(world_size=2, device=CPU, global_rank=0)  # what it lacks is asked for after the check
    said = f"batches of {refused} cannot be shared evenly" if refused else "no attribute 'setup'"
    with pytest.raises((DataError, AttributeError), match=said):
        bench.fit(fabric=two)


def test_predictions_equal_one_image_at_a_time_and_are_in_pixels(squares, config, tmp_path):
    bench = Bench("fashionnet", squares, config, tmp_path)
    bench.fit()
    rows = np.array([5, 0, 23, 5])
    together = bench.predict(rows)
    model, i = bench.model.eval(), config.input
    for k, row in enumerate(rows):
        photo = crops.read_photo(squares.images_root / squares.image[row])
        crop = torch.from_numpy(crops.crop(photo, squares.box[row], i.px, i.margin))[None]
        with torch.inference_mode():
            out = model(crops.images_in_view(crop, crops.fixed_view(1, i), i.view_px))
        for name in ("category", "attributes", "embedding"):
            np.testing.assert_allclose(together[name][k], out[name][0], rtol=1e-3, atol=1e-4)
        np.testing.assert_allclose(together["visibility"][k], out["visibility"][0].softmax(1), rtol=1e-3, atol=1e-4)
        unit = out["landmarks"][0].numpy() * i.view + (1 - i.view) / 2  # of the crop
        x1, y1, x2, y2 = squares.box[row]
        pixels = (unit * (1 + 2 * i.margin) - i.margin) * [x2 - x1, y2 - y1] + [x1, y1]
        np.testing.assert_allclose(together["landmarks"][k], pixels, atol=0.02)
    assert all(value.dtype == np.float32 and len(value) == 4 for value in together.values())


@pytest.mark.parametrize("name", ["darn", "fashionnet", "fashionnet+joints", "fashionnet-oracle"])
def test_no_label_reaches_the_predictions_but_the_oracles(name, squares, config, tmp_path):
    bench = Bench(name, squares, config, tmp_path)
    if bench.model.__class__.__name__ == "FashionNet" and bench.model.pose is not None:
        torch.nn.init.normal_(bench.model.pose.visibility.weight)
    honest, old = bench.predict(bench.held_out), bench.samples
    nonsense = {"category": torch.zeros(24, dtype=torch.long), "attributes": -old.attributes}
    if old.landmarks is not None:
        nonsense |= {"landmarks": torch.rand(24, 8, 2), "visibility": torch.randint(3, (24, 8))}
    bench.samples = replace(old, **nonsense)
    changed = {key for key, value in bench.predict(bench.held_out).items() if not np.array_equal(value, honest[key])}
    assert changed == ({"category", "attributes", "embedding"} if bench.method.pool_at == "truth" else set())


def still(config, **training):
    """Return a configuration whose training views are those of the test, mirrored half of the time."""
    return replace(with_schedule(config, **training), input=replace(config.input, jitter=0.0, colour=0.0))


@pytest.mark.parametrize(
    "name, epochs, furthest, gates",
    # The map of a heatmap at 32 px has 8 x 8 cells, and its targets are three cells wide.
    [("fashionnet", 60, 1 / 15, 0.95), ("fashionnet-heatmap", 60, 1 / 5, 0.85), ("darn", 20, 0, 0), ("wtbi", 20, 0, 0)],
)
def test_a_handful_of_images_is_learned_by_heart(name, epochs, furthest, gates, squares, config, tmp_path):
    """Eight images: every category and attribute, every visible landmark, and nearly every gate."""
    few = replace(squares, split=np.array(["train" if i < 8 else "test" for i in range(24)]))
    bench = Bench(name, few, still(config, rounds=1, epochs=epochs, rate=3e-3), tmp_path)
    if name == "wtbi":
        networks.start_generic(bench.model, config, "")
    bench.held_out = bench.held_out[:1]
    bench.fit()
    found = bench.predict(bench.rows)
    assert np.array_equal(found["category"].argmax(1), squares.category[bench.rows])
    assert np.array_equal(found["attributes"] > found["attributes"].mean(), squares.attributes[bench.rows] == 1)
    if furthest:
        visible, side = squares.visibility[bench.rows] == 0, squares.box[bench.rows, 2:] - squares.box[bench.rows, :2]
        errors = np.linalg.norm((found["landmarks"] - squares.landmarks[bench.rows]) / side[:, None], axis=2)
        assert errors[visible].max() < furthest
        assert ((found["visibility"].argmax(2) == 0) == visible).mean() > gates


def test_a_detector_finds_its_joints(squares, config, tmp_path):
    bench = Bench("joints", squares, still(config, rounds=1, epochs=30, rate=3e-3), tmp_path)
    history = bench.fit()
    found = bench.predict(bench.rows)
    side = (squares.box[bench.rows, 2:] - squares.box[bench.rows, :2])[:, None]
    error = np.linalg.norm((found["parts"] - squares.joints[bench.rows]) / side, axis=2)
    assert np.median(error) < 0.05 and found["present"].mean() > 0.9
    assert history[-1]["train_detection"] < 0.7 * history[0]["train_detection"]


@pytest.mark.parametrize(
    "names",
    [
        # of `#SBATCH --ntasks=8`, in which nothing has started eight
        "SLURM_JOB_ID=1 SLURM_NTASKS=8 SLURM_NPROCS=8 SLURM_NNODES=1 SLURM_PROCID=0 SLURM_LOCALID=0 SLURM_NODEID=0",
        "WORLD_SIZE=2 RANK=0 MASTER_ADDR=127.0.0.1 MASTER_PORT=29511",  # of a cluster's operator
        "WORLD_SIZE= LOCAL_WORLD_SIZE=4",
    ],
)
def test_what_torchrun_has_not_started_is_one_process(monkeypatch, names):
    for name in names.split():
        monkeypatch.setenv(*name.split("="))
    assert train.make_fabric.__wrapped__("32-true").world_size == 1


def test_a_gpu_that_cannot_be_used_is_named_with_the_way_around_it(monkeypatch):
    def ones(*_, device):
        raise RuntimeError("CUDA error: no kernel image is available for execution on the device\nCompile with")

    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch, "ones", ones)
    expected = r"\(CUDA error: no kernel image is .* the device\); set CUDA_VISIBLE_DEVICES= to use the CPU$"
    with pytest.raises(train.DataError, match=expected):
        train.make_fabric.__wrapped__("auto")


on_a_gpu = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")


def on_gpu(name, benchmark, config, folder, seed=0):
    bench = Bench(name, benchmark, config, folder, seed)
    bench.samples = replace(bench.samples, crops=torch.from_numpy(np.array(bench.samples.crops)).cuda())
    return bench


@pytest.mark.gpu
@on_a_gpu
@pytest.mark.parametrize("name", [*METHODS, *DETECTORS])
def test_an_update_recorded_as_a_cuda_graph_trains_as_an_eager_one(name, squares, config, tmp_path, monkeypatch):
    """Same batches, views and dropout; what differs is the order of sums."""
    if METHODS.get(name) and METHODS[name].attributes:
        names, groups = [str(i) for i in range(501)], np.resize(squares.attribute_groups, 501)
        labels = np.tile(squares.attributes, 200)[:, :501]
        squares = replace(squares, attributes=labels, attribute_names=names, attribute_groups=groups)
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
    monkeypatch.setitem(globals(), "FABRIC", train.make_fabric("bf16-mixed"))
    config = with_schedule(config, epochs=2)
    history = on_gpu("fashionnet", squares, config, tmp_path).fit("whole")
    for epoch in (1, 2, 3):
        with stopped_before(epoch):
            on_gpu("fashionnet", squares, config, tmp_path).fit("stopped")
    resumed = on_gpu("fashionnet", squares, config, tmp_path, seed=9).fit("stopped")
    for a, b in zip(history, resumed, strict=True):
        assert a["train_category"] == pytest.approx(b["train_category"], rel=0.1, abs=0.05)


SCRIPT = """
import sys
sys.path[:0] = {path!r}
from pathlib import Path
from torch.distributed.launcher.api import LaunchConfig, elastic_launch
import test_train
config = LaunchConfig(1, 1, 2, rdzv_backend="c10d", rdzv_endpoint="localhost:0", start_method="fork")
elastic_launch(config, test_train.fit_in_processes)(Path(sys.argv[1]))
"""  # as torchrun starts two processes, but as copies of one that has imported all


def fit_in_processes(root: Path) -> None:
    """Fit two methods in as many processes as there are; the first writes their histories and networks into root.

    They have no batch norm, whose statistics would be those of a share.
    """
    rank, config = os.environ.get("RANK", "0"), replace(CONFIG, model=replace(CONFIG.model, batch_norm=False))
    for method in ("fashionnet", "wtbi"):
        folder = root / rank / method
        bench = Bench(method, make_squares(folder / "data", searches=True), config, folder)
        history = bench.fit(fabric=train.make_fabric.__wrapped__("32-true"))
        if rank == "0":
            write_json(root / f"{method}.json", history)
            write_tensors(root / f"{method}.safetensors", bench.state())


def test_two_processes_give_the_losses_and_weights_of_one(tmp_path):
    """Triplets and pairs across processes too."""
    here = Path(__file__).parent
    command = [sys.executable, "-c", SCRIPT.format(path=[str(here), str(here.parent)]), str(tmp_path / "two")]
    env = os.environ | {"OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""}
    pipes = dict(stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    process = subprocess.Popen(command, env=env, start_new_session=True, **pipes)
    try:
        fit_in_processes(tmp_path / "one")
        stderr = process.communicate(timeout=300)[1]
    finally:  # none of the processes that it has started outlives it
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    assert process.returncode == 0, stderr[-2000:]
    assert (tmp_path / "two" / "1").is_dir()  # of the second process
    for method, kind in (("fashionnet", "triplet"), ("wtbi", "pair")):
        one, two = (json.loads((tmp_path / name / f"{method}.json").read_text()) for name in ("one", "two"))
        assert len(one) == 2 and {f"train_{kind}", f"held_out_{kind}"} <= set(one[0])
        for a, b in zip(one, two, strict=True):
            assert a.keys() == b.keys()
            for key in set(a) - {"seconds"}:
                assert a[key] == pytest.approx(b[key], rel=2e-3, abs=1e-5), key
        a, b = (read_tensors(tmp_path / name / f"{method}.safetensors")[0] for name in ("one", "two"))
        for name in a:
            torch.testing.assert_close(a[name], b[name], rtol=1e-2, atol=2e-4)
