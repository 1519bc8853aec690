"""Training on a world small enough for a test: bright squares on noise, a landmark at each corner and edge middle."""

import contextlib
import json
import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from lib import losses, metrics, store, train
from lib.config import PROFILES, Input, Training
from lib.data import Benchmark, DataError
from lib.model import PartDetector

SMOKE = PROFILES["smoke"]
CONFIG = replace(
    SMOKE,
    input=Input(px=36, view_px=32),
    model=replace(SMOKE.model, trunk_width=1 / 32, window=2),
    training=replace(SMOKE.training, batch=8, epochs=1, rounds=1),
)
CORNERS = np.array([[0, 0], [1, 0], [0, 0.4], [1, 0.4], [0, 0.7], [1, 0.7], [0, 1], [1, 1]])


def make_benchmark(root: Path, n=24, seed=0, items=False) -> Benchmark:
    rng = np.random.default_rng(seed)
    (root / "img").mkdir(parents=True, exist_ok=True)
    names, boxes, landmarks, categories = [], [], [], []
    for i in range(n):
        image = rng.integers(0, 60, (64, 64, 3), dtype=np.uint8)
        left, top, side = rng.integers(8, 20), rng.integers(8, 20), rng.integers(20, 36)
        category = i // 3 % 3
        image[top : top + side, left : left + side, category] = 250
        names.append(f"img/{i:03d}.png")
        if not (root / names[-1]).exists():  # a run's name has a digest of its photos' times
            cv2.imwrite(str(root / names[-1]), image[..., ::-1])
        boxes.append([left - 4, top - 4, left + side + 4, top + side + 4])
        landmarks.append(np.array([left, top]) + CORNERS * side)
        categories.append(category)
    category = np.array(categories, np.int16)
    visibility = rng.choice(3, (n, 8), p=(0.8, 0.1, 0.1)).astype(np.int8)
    landmarks = np.where(visibility[..., None] == 0, landmarks, np.nan).astype(np.float32)
    return Benchmark(
        name="inshop" if items else "category_attribute",
        images_root=root,
        image=np.array(names),
        split=np.array(["train", "train", "test"] * (n // 3)),
        box=np.array(boxes, np.float32),
        clothes_type=np.full(n, 3, np.int8),
        category=category,
        category_names=("red", "green", "blue"),
        landmarks=landmarks,
        visibility=visibility,
        attributes=np.where(np.eye(3)[category] == 1, 1, -1).astype(np.int8),
        attribute_names=("r", "g", "b"),
        attribute_groups=np.array([1, 1, 2], np.int8),
        group_names={1: "texture", 2: "fabric"},
        item=np.array([f"id_{i % 4}" for i in range(n)]) if items else None,
    )


@pytest.fixture(scope="module")
def benchmark(tmp_path_factory):
    return make_benchmark(tmp_path_factory.mktemp("squares"))


@pytest.fixture(scope="module")
def finished(benchmark, tmp_path_factory):
    out = tmp_path_factory.mktemp("out")
    return train.run("fashionnet", benchmark, CONFIG, out), out


def history(folder):
    rows = json.loads((folder / "run.json").read_text())["history"]
    return [{k: v for k, v in row.items() if k != "seconds"} for row in rows]


def test_a_run_leaves_what_it_promises(finished):
    folder, _ = finished
    assert sorted(p.name for p in folder.iterdir()) == ["model.safetensors", "predictions_test.safetensors", "run.json"]
    about = json.loads((folder / "run.json").read_text())["about"]
    assert {"commit", "device", "weights", "precision", "seconds", "torch"} <= set(about)
    assert [(row["round"], row["step"]) for row in history(folder)] == [(0, 1), (0, 2)]


def test_predictions_are_in_pixels_and_in_the_order_of_their_names(finished, benchmark):
    arrays, images = train.read_predictions(finished[0] / "predictions_test.safetensors")
    rows = benchmark.rows("test")
    assert images.tolist() == benchmark.image[rows].tolist()
    assert {k: v.shape for k, v in arrays.items()} == {
        "landmarks": (8, 8, 2), "visibility": (8, 8, 3), "category_scores": (8, 3), "attribute_scores": (8, 3),
        "embedding": (8, 64),
    }  # fmt: skip
    np.testing.assert_allclose(arrays["visibility"].sum(2), 1, atol=1e-5)
    centre = (benchmark.box[rows, :2] + benchmark.box[rows, 2:]) / 2
    assert np.abs(arrays["landmarks"].mean(1) - centre).max() < 20  # a photo of 64 px: not units, not crops


def test_a_finished_run_is_found_not_trained_again(finished, benchmark, monkeypatch):
    monkeypatch.setattr(train, "fit", None)
    assert train.run("fashionnet", benchmark, CONFIG, finished[1]) == finished[0]


def test_other_settings_or_data_make_another_run(finished, benchmark, monkeypatch):
    folder, out = finished
    assert train.run_folder(out, benchmark, "fashionnet", replace(CONFIG, seed=1)) != folder
    others = dict(box=benchmark.box + 1, attribute_names=("a", "b", "c"), group_names={1: "a", 2: "b"})
    others |= dict(category_names=("x", "y", "z"), attribute_groups=np.array([1, 2, 2], np.int8))
    for field, value in others.items():
        other = replace(benchmark, **{field: value})
        assert train.run_folder(out, other, "fashionnet", CONFIG) != folder, field
    with monkeypatch.context() as m:
        m.setattr(train, "precision_here", lambda _: "64-true")
        assert train.run_folder(out, benchmark, "fashionnet", CONFIG) != folder
    with monkeypatch.context() as m:
        m.setattr(train, "SOURCES", ("config",))  # other code
        assert train.run_folder(out, benchmark, "fashionnet", CONFIG) != folder
    photo = benchmark.images_root / benchmark.image[0]
    stat = photo.stat()
    os.utime(photo, ns=(stat.st_atime_ns, stat.st_mtime_ns + 1))
    assert train.run_folder(out, benchmark, "fashionnet", CONFIG) != folder
    os.utime(photo, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert train.run_folder(out, benchmark, "fashionnet", CONFIG) == folder


@pytest.mark.parametrize("freeze", [False, True])
def test_a_stopped_run_ends_with_the_same_numbers(benchmark, tmp_path, monkeypatch, freeze):
    config = replace(CONFIG, training=replace(CONFIG.training, epochs=2, freeze_trunk=freeze))
    config = replace(config, model=replace(config.model, dropout=0.3))
    whole = train.run("fashionnet", benchmark, config, tmp_path / "whole")

    save = train.save_checkpoint

    def save_and_stop(*args):
        save(*args)
        if args[3] == 3:
            raise KeyboardInterrupt

    with monkeypatch.context() as m:
        m.setattr(train, "save_checkpoint", save_and_stop)
        with pytest.raises(KeyboardInterrupt):
            train.run("fashionnet", benchmark, config, tmp_path / "stopped")
    checkpoint = next((tmp_path / "stopped").rglob("checkpoint.safetensors"))
    assert not (checkpoint.parent / "run.json").exists()
    stopped = train.run("fashionnet", benchmark, config, tmp_path / "stopped")
    assert not checkpoint.exists()
    assert history(stopped) == history(whole)
    for name in ("model", "predictions_test"):
        a, b = load_file(whole / f"{name}.safetensors"), load_file(stopped / f"{name}.safetensors")
        assert a.keys() == b.keys() and all(torch.equal(a[k], b[k]) for k in a)


def test_a_checkpoint_cut_short_is_never_seen(tmp_path, monkeypatch):
    """Written beside and renamed: a failing write leaves the old file whole and nothing else."""
    path = tmp_path / "x.safetensors"
    train.save_beside({"a": torch.zeros(3)}, path, {})

    def fail(tensors, part, metadata):
        Path(part).write_bytes(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(train, "save_file", fail)
    with pytest.raises(DataError, match="No space left"):
        train.save_beside({"a": torch.ones(3)}, path, {})
    assert [p.name for p in tmp_path.iterdir()] == ["x.safetensors"]
    assert load_file(path)["a"].sum() == 0


TWO = """
import sys, torch
sys.path[:0] = {path!r}
torch.set_num_threads(1)
from test_train import CONFIG, make_benchmark
from lib import train
from dataclasses import replace
from pathlib import Path
root = Path(sys.argv[1])
for method in ("fashionnet", "wtbi"):
    print(train.run(method, make_benchmark(root / "data", items=True), CONFIG, root / sys.argv[2]))
"""


def run_group(command, env) -> tuple[int, str]:
    """Exit code and stderr of a command; none of the processes that it has started outlives it."""
    process = subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True, env=env,
                               start_new_session=True)  # fmt: skip
    try:
        said = process.communicate(timeout=300)[1]
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    return process.returncode, said


def test_two_processes_give_the_loss_of_one(tmp_path):
    """Every loss, the triplets and pairs across processes included, and every weight after two epochs."""
    script = tmp_path / "two.py"
    script.write_text(TWO.format(path=[str(Path(__file__).parent), str(Path(__file__).parent.parent)]))
    make_benchmark(tmp_path / "data", items=True)
    env = os.environ | {"OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""}
    one = [sys.executable, str(script), str(tmp_path), "one"]
    two = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    two += [str(script), str(tmp_path), "two"]
    for command in (one, two):
        code, said = run_group(command, env)
        assert code == 0, said[-2000:]
    for method, kind in (("fashionnet", "triplet"), ("wtbi", "pair")):
        one, two = (next((tmp_path / name / "runs").rglob(f"{method}_*/run.json")).parent for name in ("one", "two"))
        for a, b in zip(history(one), history(two), strict=True):
            assert a.keys() == b.keys() and {f"train_{kind}", f"monitor_{kind}"} <= set(a)
            for key in a:
                assert a[key] == pytest.approx(b[key], rel=2e-3), key
        a, b = load_file(one / "model.safetensors"), load_file(two / "model.safetensors")
        for name in a:
            torch.testing.assert_close(a[name], b[name], rtol=1e-2, atol=1e-4)


def test_no_label_reaches_the_predictions(benchmark, tmp_path):
    """With every label of the images turned to nonsense, a trained network says the same of them: at test the landmarks
    that pool are the predicted ones, in a view without jitter."""
    fabric = train.make_fabric(CONFIG)
    model = train.build("fashionnet", benchmark, CONFIG)
    crops = store.crop_store(benchmark, tmp_path, CONFIG.input)
    rows = benchmark.rows("test")
    honest = train.predict(
        model, train.make_samples(benchmark, {"crops": crops}, CONFIG), benchmark, rows, CONFIG, fabric
    )
    nonsense = replace(
        benchmark,
        landmarks=np.full_like(benchmark.landmarks, 7),
        visibility=np.full_like(benchmark.visibility, 2),
        category=np.zeros_like(benchmark.category),
        attributes=-benchmark.attributes,
    )
    samples = train.make_samples(nonsense, {"crops": crops}, CONFIG)
    again = train.predict(model, samples, nonsense, rows, CONFIG, fabric)
    assert honest.keys() == again.keys()
    for name in honest:
        np.testing.assert_array_equal(honest[name], again[name])


def test_the_test_split_is_never_trained_on(benchmark, tmp_path, monkeypatch):
    seen = []
    fetch = train.fetch

    def watch(maps, rows, view, device):
        if torch.is_grad_enabled():
            seen.append(rows)
        return fetch(maps, rows, view, device)

    monkeypatch.setattr(train, "fetch", watch)
    train.run("fashionnet", benchmark, CONFIG, tmp_path)
    assert set(np.concatenate(seen)) <= set(benchmark.rows("train")) and seen


def test_a_loss_that_is_not_finite_stops_with_step_and_images(benchmark, tmp_path, monkeypatch):
    monkeypatch.setattr(losses, "category_loss", lambda *args: torch.tensor(float("nan")))
    with pytest.raises(FloatingPointError, match=r"step 0 \(epoch 0\).*'category': nan.*rows \["):
        train.run("fashionnet", benchmark, CONFIG, tmp_path)


@pytest.mark.parametrize("method", ["fashionnet", "fashionnet-heatmap", "wtbi"])
def test_every_kind_of_method_learns_the_squares(method, tmp_path):
    """Enough steps on few images: the colour is named, and FashionNet finds the corners."""
    benchmark = make_benchmark(tmp_path / "data", n=48)
    t = Training(freeze_trunk=method == "wtbi", rounds=2, epochs=30, batch=16, rate=3e-3, precision="32-true")
    config = replace(CONFIG, input=replace(CONFIG.input, colour=0.0), training=t)
    folder = train.run(method, benchmark, config, tmp_path / "out")
    rows = history(folder)
    assert rows[-1]["train_category"] < rows[0]["train_category"]
    arrays, _ = train.read_predictions(folder / "predictions_test.safetensors")
    test = benchmark.rows("test")
    assert metrics.topk_accuracy(arrays["category_scores"], benchmark.category[test], 1) >= 0.9
    if "landmarks" in arrays:
        distances = metrics.landmark_distances(arrays["landmarks"], benchmark.landmarks[test], benchmark.box[test])
        assert metrics.pdj(distances, benchmark.visibility[test], [0.2])[1][0] >= 0.8


def test_a_frozen_trunk_does_not_move(benchmark, tmp_path):
    config = replace(CONFIG, training=replace(CONFIG.training, freeze_trunk=True))
    folder = train.run("fashionnet", benchmark, config, tmp_path)
    before = train.build("fashionnet", benchmark, config).state_dict()
    after = load_file(folder / "model.safetensors")
    for name in before:
        moved = not torch.equal(before[name], after[name])
        assert moved != name.startswith("trunk."), name


@pytest.mark.parametrize("method", ["fashionnet", "fashionnet-global", "darn", "fashionnet-heatmap"])
def test_a_given_conv5_does_not_move_and_is_read_from_its_maps(method, benchmark, tmp_path):
    t = replace(CONFIG.training, freeze_trunk=True, freeze_conv5=True)
    config = replace(CONFIG, training=t, input=replace(CONFIG.input, mirror=False))
    given = train.build("fashionnet", benchmark, replace(config, seed=9)).state_dict()
    if method == "fashionnet-heatmap":  # whose conv5_pose is not given: it trains
        given = {name: tensor for name, tensor in given.items() if not name.startswith("pose.")}
    save_file(given, tmp_path / "given.safetensors")
    folder = train.run(method, benchmark, config, tmp_path, str(tmp_path / "given.safetensors"))
    before = train.build(method, benchmark, config)
    train.load_weights(before, given, {})
    before, after = before.state_dict(), load_file(folder / "model.safetensors")
    for name in before:
        moved = not torch.equal(before[name], after[name])
        stays = name.startswith("trunk.") or ("conv5" in name and not (method.endswith("heatmap") and "pose" in name))
        assert moved != stays, name
    # From cached maps, as from the pixels: the crop as a whole, so that no map is resampled.
    rows, whole = np.arange(6), replace(config.input, px=32, view=1.0)
    config, fabric = replace(config, input=whole), train.make_fabric(config)
    model = train.build(method, benchmark, config).eval()
    train.freeze_conv5(model, [name for name, _ in model.named_parameters()])
    crops = store.crop_store(benchmark, tmp_path / "cache", whole)
    images = {"crops": crops}, train.load_maps(model, benchmark, config, tmp_path, fabric)
    assert "conv5_global" in images[1] and ("conv4" in images[1]) == hasattr(model, "landmark_pooling")
    slow, fast = (
        train.predict(model, train.make_samples(benchmark, maps, config), benchmark, rows, config, fabric)
        for maps in images
    )
    assert slow.keys() == fast.keys()
    for name in slow:
        np.testing.assert_allclose(fast[name], slow[name], atol=0.02, rtol=0.02, err_msg=name)


def test_two_streams_of_darn_share_a_frozen_conv5(benchmark):
    given = train.build("fashionnet", benchmark, replace(CONFIG, seed=9)).state_dict()
    domain = np.array(["shop", "consumer"])[np.arange(len(benchmark.image)) % 2]
    model = train.build("darn", replace(benchmark, domain=domain), CONFIG)
    train.freeze_conv5(model, [])
    assert all(p.requires_grad for stream in model.streams for p in stream["conv5"].parameters())
    train.freeze_conv5(model, train.load_weights(model, given, {}))
    assert len(model.streams) == 2
    for stream in model.streams:
        assert torch.equal(stream["conv5"][0].weight, given["conv5_global.0.weight"])
        assert not any(p.requires_grad for p in stream["conv5"].parameters())
        assert all(p.requires_grad for name, p in stream.named_parameters() if not name.startswith("conv5"))


def test_what_an_earlier_run_learned_goes_on_learning(benchmark, tmp_path):
    """conv5_pose is not in the weights: it trains, and trains on in fine-tuning; conv5_global is, and stays in both."""
    config = replace(CONFIG, training=replace(CONFIG.training, freeze_trunk=True, freeze_conv5=True))
    given = train.build("fashionnet", benchmark, replace(config, seed=9)).state_dict()
    save_file({n: t for n, t in given.items() if not n.startswith("pose.")}, tmp_path / "given.safetensors")
    weights = str(tmp_path / "given.safetensors")
    first = train.run("fashionnet", benchmark, config, tmp_path, weights)
    second = train.run("fashionnet", benchmark, config, tmp_path, weights, start=first)
    one, two = (load_file(folder / "model.safetensors") for folder in (first, second))
    assert torch.equal(one["conv5_global.0.weight"], two["conv5_global.0.weight"])
    assert torch.equal(one["conv5_global.0.weight"], given["conv5_global.0.weight"])
    assert not torch.equal(one["pose.conv5_pose.0.weight"], two["pose.conv5_pose.0.weight"])
    with pytest.raises(ValueError, match="neither 'train' nor 'pretrain'"):
        train.run("fashionnet", benchmark, config, tmp_path, weights, split="val")


def test_maps_are_mirrored_of_what_is_trained_on_alone(benchmark):
    split = np.array(["train", "val", "test", "pretrain", "query", "gallery"])
    mirrored = train.seen_mirrored(replace(benchmark, split=split), CONFIG)
    assert mirrored.tolist() == [True, False, False, True, False, False]
    assert not train.seen_mirrored(benchmark, replace(CONFIG, input=replace(CONFIG.input, mirror=False))).any()


def test_a_frozen_detector_is_asked_once_for_every_image_and_side(benchmark, tmp_path):
    model = train.build("fashionnet", benchmark, CONFIG)
    assert train.detect(model, {"conv4": None}, train.make_fabric(CONFIG)) is None
    torch.manual_seed(0)
    model.detector = PartDetector(CONFIG.model, 14)
    maps = np.random.default_rng(0).random((7, 2, 4, 4, model.trunk[-2].out_channels)).astype(np.float16)
    places, gate = train.detect(model, {"conv4": maps}, train.make_fabric(CONFIG))
    assert places.shape == (7, 2, 14, 2) and gate.shape == (7, 2, 14)
    with torch.inference_mode():
        alone = model.detector.branches(torch.from_numpy(maps[3:4, 1]).permute(0, 3, 1, 2).float())
    torch.testing.assert_close(places[3, 1], alone["parts"][0])
    assert torch.equal(gate[3, 1], (alone["present"][0] > 0.5).float())
    assert train.detect(model, {"crops": None}, train.make_fabric(CONFIG)) is None  # then it sees every view itself


def test_moved_boxes_make_other_conv4_maps(benchmark, tmp_path):
    """The same images, shapes and trunk: only the boxes differ."""
    config = replace(CONFIG, training=replace(CONFIG.training, freeze_trunk=True))
    model, fabric = train.build("fashionnet", benchmark, config), train.make_fabric(config)
    first = np.array(train.load_maps(model, benchmark, config, tmp_path, fabric)["conv4"])
    moved = replace(benchmark, box=benchmark.box + 6)
    assert not np.array_equal(train.load_maps(model, moved, config, tmp_path, fabric)["conv4"], first)


def test_two_trunks_do_not_share_their_maps(benchmark, tmp_path):
    config = replace(CONFIG, training=replace(CONFIG.training, freeze_trunk=True))
    fabric = train.make_fabric(config)
    for seed in (0, 1):
        model = train.build("fashionnet", benchmark, replace(config, seed=seed))
        maps = train.load_maps(model, benchmark, config, tmp_path, fabric)["conv4"]
        crops = store.crop_store(benchmark, tmp_path / "cache", config.input)
        with torch.inference_mode():
            expected = model.trunk(store.normalise(torch.from_numpy(np.array(crops[:2])))).permute(0, 2, 3, 1)
        torch.testing.assert_close(torch.from_numpy(np.array(maps[:2, 0])).float(), expected, atol=2e-3, rtol=2e-2)


def test_generic_features_are_those_of_the_fixed_view_and_of_their_own_weights(benchmark, tmp_path):
    fabric = train.make_fabric(CONFIG)
    for seed, px in ((0, 0), (1, 0), (1, 16)):
        config = replace(CONFIG, input=replace(CONFIG.input, generic_px=px))
        model = train.build("wtbi", benchmark, replace(config, seed=seed)).eval()
        features = train.load_maps(model, benchmark, config, tmp_path, fabric)["features"]
        crops = torch.from_numpy(np.array(store.crop_store(benchmark, tmp_path / "cache", config.input)[:3]))
        images = store.images_in_view(crops, store.fixed_view(3, config.input), px or config.input.view_px)
        with torch.inference_mode():
            expected = model.features(images)
            torch.testing.assert_close(model(images)["category"], model.branches(expected)["category"])
        torch.testing.assert_close(torch.from_numpy(np.array(features[:3])).float(), expected, atol=2e-3, rtol=2e-2)


def test_absent_slots_are_trained_as_cut_off_and_never_pool(tmp_path):
    """A skirt has no collar: after some steps its gate is closed, though no label says so at test."""
    benchmark = make_benchmark(tmp_path / "data", n=48)
    visibility, landmarks = benchmark.visibility.copy(), benchmark.landmarks.copy()
    visibility[:, :2], landmarks[:, :2] = -1, np.nan
    benchmark = replace(benchmark, visibility=visibility, landmarks=landmarks)
    samples = train.make_samples(benchmark, {"crops": np.zeros((48, 36, 36, 3), np.uint8)}, CONFIG)
    labels = samples.labels(np.arange(4), store.fixed_view(4, CONFIG.input), "cpu")
    assert (labels["visibility"][:, :2] == 2).all()
    left_out = replace(CONFIG, training=replace(CONFIG.training, absent=-1))
    labels = train.make_samples(benchmark, samples.maps, left_out).labels(
        np.arange(4), store.fixed_view(4, CONFIG.input), "cpu"
    )
    assert (labels["visibility"][:, :2] == -1).all()
    config = replace(CONFIG, training=replace(CONFIG.training, rounds=2, epochs=5, batch=16, rate=3e-3))
    folder = train.run("fashionnet", benchmark, config, tmp_path / "out")
    arrays, _ = train.read_predictions(folder / "predictions_test.safetensors")
    assert (arrays["visibility"][:, :2].argmax(2) == 2).all() and (
        arrays["visibility"][:, 2:].argmax(2) == 0
    ).mean() > 0.7


def test_landmarks_alone_are_learned_and_resumed(benchmark, tmp_path, monkeypatch):
    """No loss reaches the other branches: their parameters have no optimizer state to save or to load."""
    alone = replace(benchmark, category=None, category_names=None, attributes=None, attribute_names=None)
    save = train.save_checkpoint

    def save_and_stop(*args):
        save(*args)
        raise KeyboardInterrupt

    with monkeypatch.context() as m:
        m.setattr(train, "save_checkpoint", save_and_stop)
        with pytest.raises(KeyboardInterrupt):
            train.run("fashionnet", alone, CONFIG, tmp_path)
    folder = train.run("fashionnet", alone, CONFIG, tmp_path)
    assert len(history(folder)) == 2 and "train_landmark" in history(folder)[0]
    with pytest.raises(DataError, match="wtbi_.*no label that this method learns"):
        train.run("wtbi", alone, CONFIG, tmp_path)


def test_fine_tuning_goes_on_from_a_finished_run(finished, benchmark, tmp_path):
    """Everything but the head for other labels is where pre-training left it; with a rate of 0 it stays there."""
    pretrained, _ = finished
    labels = np.where(np.eye(4)[np.arange(24) % 4] == 1, 1, -1).astype(np.int8)
    groups = np.ones(4, np.int8)
    other = replace(benchmark, attributes=labels, attribute_names=tuple("abcd"), attribute_groups=groups)
    still = replace(CONFIG, training=replace(CONFIG.training, rate=0.0))
    folder = train.run("fashionnet", other, still, tmp_path, start=pretrained)
    assert folder != train.run_folder(tmp_path, other, "fashionnet", still)
    before, after = load_file(pretrained / "model.safetensors"), load_file(folder / "model.safetensors")
    for name in before:
        same = before[name].shape == after[name].shape and torch.equal(before[name], after[name])
        assert same != name.startswith("attributes."), name
    about = json.loads((folder / "run.json").read_text())["about"]
    assert about["start"] == pretrained.name and about["started"] == len(before) - 2
    save_file({"x": torch.zeros(1)}, tmp_path / "model.safetensors")
    with pytest.raises(DataError, match="no parameter of it fits"):
        train.run("wtbi", other, still, tmp_path, start=tmp_path)


def test_pre_training_takes_its_own_split(benchmark, tmp_path, monkeypatch):
    split = benchmark.split.astype("<U8")
    split[:6] = "pretrain"
    seen = []
    monkeypatch.setattr(train, "fit", lambda *args: seen.append(args[2:4]) or [{"seconds": 0.0}])
    train.run("fashionnet", replace(benchmark, split=split), CONFIG, tmp_path, split="pretrain")
    assert sorted([*seen[0][0], *seen[0][1]]) == list(range(6)) and len(seen[0][1]) == 1  # one image says when to stop


@pytest.mark.parametrize("splits", [["train"], ["test"], [""]])
def test_without_train_or_test_images_one_sentence_says_so(benchmark, tmp_path, splits):
    other = replace(benchmark, split=np.array(splits * len(benchmark.image)))
    with pytest.raises(DataError, match=f"splits: {splits[0] or 'none'}; training needs train and one of"):
        train.run("fashionnet", other, CONFIG, tmp_path)


def test_the_seconds_of_a_run_are_those_of_all_its_epochs(finished):
    content = json.loads((finished[0] / "run.json").read_text())
    assert content["about"]["seconds"] == pytest.approx(sum(row["seconds"] for row in content["history"]), abs=0.1)


def test_batches_hold_every_image_once_and_positives_together():
    item = torch.arange(40) // 4
    rows = np.arange(40)
    batches = list(train.epoch_batches(rows, item, 8, (0, 1)))
    assert sorted(np.concatenate(batches)) == rows.tolist()
    assert all(len(np.unique(item.numpy()[b])) == 2 for b in batches)  # two items of four images
    again = list(train.epoch_batches(rows, item, 8, (0, 1)))
    assert all(np.array_equal(a, b) for a, b in zip(batches, again, strict=True))
    other = list(train.epoch_batches(rows, None, 8, (0, 2)))
    assert sorted(np.concatenate(other)) == rows.tolist() and not np.array_equal(batches[0], other[0])


def test_a_consumer_photo_meets_a_shop_photo_of_its_item():
    """Items of 2 shop and 14 consumer photos: two groups of 8 each, of which each has a shop photo."""
    rows, item, domain = np.arange(80), torch.arange(80) // 16, (torch.arange(80) % 16 > 1).long()
    batches = list(train.epoch_batches(rows, item, 8, (0, 1), domain))
    assert sorted(np.concatenate(batches)) == rows.tolist()
    assert all(len(item[b].unique()) == 1 and domain[b].tolist().count(0) == 1 for b in batches)


def test_fewer_images_than_a_batch_make_one_batch():
    assert [len(b) for b in train.epoch_batches(np.arange(5), None, 8, (0, 0))] == [5]


def test_the_learning_rate_warms_up_and_ends_near_zero():
    rates = [train.learning_rate(s, 100) for s in range(100)]
    assert rates[0] == 0.1 and max(rates) == 1.0 and rates[9] == 1.0 and rates[-1] < 0.001
    assert train.learning_rate(0, 1) == 1.0


def test_steps_slow_the_branch_that_is_not_their_task(benchmark):
    model = train.build("fashionnet", benchmark, CONFIG)
    optimizer = torch.optim.AdamW(train.parameter_groups(model, ["trunk"]), 1.0)
    for weights, pose, rest in ((CONFIG.training.step1, 1, 0.3), (CONFIG.training.step2, 0.3, 1)):
        train.set_rates(optimizer, CONFIG, weights, 0.5)
        for group in optimizer.param_groups:
            expected = CONFIG.training.rate * 0.5 * (pose if group["pose"] else rest)
            expected *= CONFIG.training.trunk_rate if group["pretrained"] else 1
            assert group["lr"] == pytest.approx(expected)


def test_weights_that_cannot_be_read_are_named(tmp_path):
    path = tmp_path / "w.safetensors"
    path.write_bytes(b"not weights")
    with pytest.raises(DataError, match="w.safetensors: cannot be read"):
        train.read_weights(str(path))
    save_file({"x": torch.zeros(1)}, path)
    assert train.read_weights(str(path))[1].startswith("w.safetensors sha256 ")
    assert train.read_weights("none") == (None, "from scratch")


def test_the_shipped_weights_are_vgg16s_convolutions():
    state, origin = train.read_weights("")
    assert len(state) == 26 and origin.startswith("vgg16_conv.safetensors")
    assert state["features.0.weight"].shape == (64, 3, 3, 3) and state["features.0.weight"].dtype == torch.float32


def test_an_unknown_method_raises(benchmark):
    with pytest.raises(ValueError, match="no method 'magic'"):
        train.build("magic", benchmark, CONFIG)


def test_missing_predictions_say_what_to_run(tmp_path):
    with pytest.raises(DataError, match="run notebook 02_train first"):
        train.read_predictions(tmp_path / "none.safetensors")
