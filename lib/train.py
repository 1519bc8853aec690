"""Train a method on a benchmark, or load its finished run, and write its predictions.

`run` is the one entry: it makes the crops (and conv4 maps, where the trunk is frozen), trains with the paper's two
alternating steps (section 3.2), and leaves in <out>/runs/<benchmark>/<method>_<digest>/

    run.json                         configuration, history, provenance
    model.safetensors                the trained network
    predictions_<split>.safetensors  image names, scores, landmarks, visibility, embeddings: any evaluator can read them
    checkpoint.safetensors           while it trains: where a stopped run goes on; its header holds the history so far

The digest is of everything that a result depends on, this code included, so that a run of other settings is never taken
for this one. Every random choice is drawn from (seed, step): a resumed run, and one of several processes, see the same
batches and views. Dropout alone differs between processes, since each draws its own share's.

Several processes: torchrun --nproc-per-node 2 -m lib.train --method fashionnet
"""

import argparse
import hashlib
import json
import os
import platform
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from lightning_fabric import Fabric
from lightning_fabric.strategies import DDPStrategy
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from tqdm import tqdm

from lib import losses, store
from lib.config import Config, Weights
from lib.data import Benchmark, DataError
from lib.model import WTBI, FashionNet, load_vgg16

METHODS = ("wtbi", "fashionnet", "fashionnet-heatmap")
SOURCES = (
    "store",
    "landmark_pooling",
    "model",
    "losses",
    "train",
)  # code that a trained network depends on; the data are in the digest themselves
SHIPPED_WEIGHTS = Path(__file__).parent / "vgg16_conv.safetensors"


# ---- samples --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Samples:
    """What training reads, one row an image. maps: crops (N, px, px, 3) uint8 or conv4 maps (N, 2, h, w, C) float16,
    memory-mapped or a tensor on the device. landmarks (N, 8, 2) in units of the crop, NaN where not annotated;
    visibility (N, 8) codes, `config.training.absent` where the clothes type has no such landmark; category (N,); attributes (N, A) in
    {1, -1, 0}; item (N,) numbers. A field that the benchmark lacks is None."""

    maps: np.ndarray | Tensor
    landmarks: Tensor | None
    visibility: Tensor | None
    category: Tensor | None
    attributes: Tensor | None
    item: Tensor | None

    def labels(self, rows: np.ndarray, view: store.View, device) -> dict[str, Tensor]:
        rows = torch.from_numpy(rows)
        out = {}
        if self.landmarks is not None:
            out["landmarks"] = store.landmarks_in_view(self.landmarks[rows].to(device), view)
            out["visibility"] = store.visibility_in_view(self.visibility[rows].to(device), out["landmarks"], view)
        for name in ("category", "attributes", "item"):
            if getattr(self, name) is not None:
                out[name] = getattr(self, name)[rows].to(device)
        return out


def make_samples(benchmark: Benchmark, maps, config: Config) -> Samples:
    """The labels of a benchmark as tensors beside its crops or conv4 maps."""

    def tensor(array, dtype):
        return None if array is None else torch.from_numpy(np.ascontiguousarray(array)).to(dtype)

    landmarks = visibility = item = None
    if benchmark.landmarks is not None:
        margin = config.input.margin
        landmarks = tensor(store.to_crop(benchmark.landmarks, benchmark.box, margin), torch.float32)
        visibility = tensor(benchmark.visibility, torch.int64)
        visibility[visibility == -1] = config.training.absent
    if benchmark.item is not None:
        item = tensor(np.unique(benchmark.item, return_inverse=True)[1], torch.int64)
    category = tensor(benchmark.category, torch.int64)
    return Samples(maps, landmarks, visibility, category, tensor(benchmark.attributes, torch.int8), item)


def fetch(maps, rows: np.ndarray, view: store.View, device) -> Tensor:
    """The chosen rows of a memory-mapped array, or of a tensor that lies on the device already: crops, or conv4 maps of
    the side (plain or mirrored) that the view asks for."""
    chosen = (rows,) if maps.ndim == 4 else (rows, view.mirrored.long().numpy())
    if isinstance(maps, Tensor):
        return maps[tuple(torch.from_numpy(index).to(maps.device) for index in chosen)]
    return torch.from_numpy(maps[chosen]).to(device, non_blocking=True)


def keep_on_device(maps: np.ndarray, device: torch.device):
    """Put the maps on a GPU once and for all where they fill at most half of what is free there."""
    if device.type == "cuda" and maps.nbytes < torch.cuda.mem_get_info(device)[0] // 2:
        return torch.from_numpy(np.array(maps)).to(device)
    return maps


# ---- model and device -----------------------------------------------------------------------------------------------


def precision_here(config: Config) -> str:
    """Fabric's name of the precision: bf16-mixed where "auto" finds units for it. Emulated, it is slower than float32."""
    if config.training.precision != "auto":
        return config.training.precision
    if torch.cuda.is_available():
        fast = torch.cuda.is_bf16_supported(including_emulation=False)
    else:
        fast = torch.cpu._is_avx512_bf16_supported()
    return "bf16-mixed" if fast else "32-true"


def make_fabric(config: Config) -> Fabric:
    """One device, or as many processes as torchrun started. Raises DataError where a batch cannot be shared evenly."""
    processes = int(os.environ.get("LOCAL_WORLD_SIZE", 1))
    nodes = int(os.environ.get("WORLD_SIZE", 1)) // processes
    world = processes * nodes
    if config.training.batch % world:  # the mean of unequal shares' losses would not be the batch's loss
        raise DataError(
            f"a batch of {config.training.batch} cannot be shared evenly by {world} processes; start a divisor"
        )
    # A source may lack the labels that reach some parameter.
    strategy = DDPStrategy(find_unused_parameters=True) if world > 1 else "auto"
    fabric = Fabric(strategy=strategy, devices=processes, num_nodes=nodes, precision=precision_here(config))
    fabric.launch()
    return fabric


def read_weights(weights: str) -> tuple[dict[str, Tensor] | None, str]:
    """VGG-16 weights and where they are from. weights: a .safetensors file of torchvision's names, "torchvision" for
    its ImageNet weights, "" for the file shipped with the project, "none" to start from scratch."""
    if weights == "none":
        return None, "from scratch"
    if weights == "torchvision":
        from torchvision.models import VGG16_Weights

        state = VGG16_Weights.IMAGENET1K_V1.get_state_dict(progress=True, check_hash=True)
        return state, "torchvision VGG16_Weights.IMAGENET1K_V1"
    path = Path(weights) if weights else SHIPPED_WEIGHTS
    try:
        state = load_file(path)
    except Exception as error:  # safetensors raises its own type for a broken file
        raise DataError(f"{path}: cannot be read as safetensors ({error}); give a VGG-16 in that format") from error
    digest = hashlib.sha256(path.read_bytes()).hexdigest()[:12]
    return {name: tensor.float() for name, tensor in state.items()}, f"{path.name} sha256 {digest}"


def build(method: str, benchmark: Benchmark, config: Config) -> nn.Module:
    """The network of a method, with heads for what the benchmark has labels of. Random, from config.seed."""
    if method not in METHODS:
        raise ValueError(f"no method {method!r}; there are {', '.join(METHODS)}")
    categories = len(benchmark.category_names) if benchmark.category is not None else 0
    attributes = len(benchmark.attribute_names) if benchmark.attributes is not None else 0
    torch.manual_seed(config.seed)
    if method == "wtbi":
        return WTBI(config.model, categories, attributes)
    head = "heatmap" if method == "fashionnet-heatmap" else config.model.head
    return FashionNet(replace(config.model, head=head), config.input.view_px, categories, attributes)


def parameter_groups(model: nn.Module, pretrained: list[str]) -> list[dict]:
    """AdamW's groups: name, parameters, and whether they start from ImageNet weights."""
    groups = {}
    for name, parameter in model.named_parameters():
        if parameter.requires_grad:
            old = any(name.startswith(block + ".") for block in pretrained)
            groups.setdefault((name.startswith("pose."), old), []).append(parameter)
    return [{"params": p, "pose": pose, "pretrained": old} for (pose, old), p in sorted(groups.items())]


# ---- the steps ------------------------------------------------------------------------------------------------------


def phases(config: Config) -> list[tuple[int, int]]:
    """(round, step) of every epoch, in order: step 1 then step 2, `rounds` times."""
    t = config.training
    return [(r, step) for r in range(t.rounds) for step in (1, 2) for _ in range(t.epochs)]


def epoch_batches(rows: np.ndarray, item: Tensor | None, batch: int, seed: tuple[int, ...]) -> Iterator[np.ndarray]:
    """Shuffled batches of exactly `batch` rows (fewer only where there are fewer rows in all), the same in every
    process. With items, images of one item lie side by side, up to 4 at a time, so that a batch holds positives."""
    order = np.random.default_rng(seed).permutation(rows)
    if item is not None:
        numbers = item.numpy()[order]
        rank = np.zeros(len(order), np.int64)  # how many images of the same item came before
        by_item = np.argsort(numbers, kind="stable")
        starts = np.flatnonzero(np.r_[True, np.diff(numbers[by_item]) != 0])
        rank[by_item] = np.arange(len(order)) - np.repeat(starts, np.diff(np.r_[starts, len(order)]))
        chunk = {}
        first = [chunk.setdefault((n, r // 4), i) for i, (n, r) in enumerate(zip(numbers, rank, strict=True))]
        order = order[np.argsort(first, kind="stable")]
    for start in range(0, max(len(order) - batch, 0) + 1, batch):
        yield np.sort(order[start : start + batch])


def learning_rate(step: int, steps: int) -> float:
    """Share of the peak: a warm-up over the first tenth, then a cosine down to zero."""
    warm = max(1, steps // 10)
    if step < warm:
        return (step + 1) / warm
    return 0.5 * (1 + np.cos(np.pi * (step - warm) / max(1, steps - warm)))


def set_rates(optimizer, config: Config, weights: Weights, share: float) -> None:
    """AdamW divides a gradient by its own size, so a small loss weight would not slow a branch that only that loss
    reaches. The learning rate of the pose branch and of the rest is therefore scaled as the loss weights are."""
    t = config.training
    pose = weights.landmark / max(t.step1.landmark, t.step2.landmark)
    rest = weights.attribute / max(t.step1.attribute, t.step2.attribute)
    for group in optimizer.param_groups:
        scale = (pose if group["pose"] else rest) * (t.trunk_rate if group["pretrained"] else 1)
        group["lr"] = t.rate * share * scale


def loss_terms(out: dict, labels: dict, attribute_weights, config: Config, fabric: Fabric) -> dict[str, Tensor]:
    """The losses that these outputs and labels allow, unweighted, each a mean over the batch."""
    terms = {}
    if "landmarks" in out and "landmarks" in labels:
        terms["landmark"] = losses.landmark_loss(out["landmarks"], labels["landmarks"], labels["visibility"])
        terms["visibility"] = losses.visibility_loss(out["visibility"], labels["visibility"])
        if "log_heatmap" in out:
            terms["heatmap"] = losses.heatmap_loss(out["log_heatmap"], labels["landmarks"], labels["visibility"])
    if "category" in out and "category" in labels:
        terms["category"] = losses.category_loss(out["category"], labels["category"])
    if "attributes" in out and "attributes" in labels:
        terms["attribute"] = losses.attribute_loss(out["attributes"], labels["attributes"], *attribute_weights)
    if "item" in labels:
        embedding, item = out["embedding"], labels["item"]
        if fabric.world_size > 1:  # triplets reach across the processes' shares of the batch
            embedding = fabric.all_gather(embedding, sync_grads=True).flatten(0, 1)
            item = fabric.all_gather(item).flatten()
        terms["triplet"] = losses.triplet_loss(embedding, item, config.training.margin)
    return terms


def total(terms: dict[str, Tensor], weights: Weights) -> Tensor:
    return sum(getattr(weights, name) * value for name, value in terms.items())


class Forward(nn.Module):
    """From fetched maps and a view to a method's outputs; one module, so that DDP and the compiler see it whole."""

    def __init__(self, model: nn.Module, config: Config):
        super().__init__()
        self.model = model
        self.config = config

    def forward(self, maps: Tensor, view: store.View) -> dict[str, Tensor]:
        side = self.config.input.view_px
        if maps.dtype == torch.uint8:
            return self.model(store.images_in_view(maps, view, side))
        return self.model.branches(store.conv4_in_view(maps, view, side // 8))


# ---- fit and predict ------------------------------------------------------------------------------------------------


def fit(model, samples: Samples, rows: np.ndarray, monitor: np.ndarray, config: Config, fabric: Fabric,
        checkpoint: Path, pretrained: list[str] = ()) -> list[dict]:  # fmt: skip
    """Train `model` in place on `rows`; returns the history, a dict an epoch.

    monitor: rows whose losses are logged after each epoch; nothing is chosen by them. A checkpoint is written beside
    and renamed after each epoch; where one exists, training goes on from it and ends with the same numbers. Raises
    FloatingPointError naming step and images when a loss is not finite.
    """
    t = config.training
    device = fabric.device
    weights = {1: t.step1, 2: t.step2}
    balance = None
    if samples.attributes is not None:
        w_pos, w_neg = losses.attribute_weights(samples.attributes[rows], t.attribute_balance)
        balance = w_pos.to(device), w_neg.to(device)
    model.to(memory_format=torch.channels_last)
    optimizer = torch.optim.AdamW(parameter_groups(model, pretrained), t.rate, weight_decay=t.weight_decay, fused=True)
    forward, optimizer = fabric.setup(Forward(model, config), optimizer)
    if len(rows) < t.batch and len(rows) % fabric.world_size:
        raise DataError(f"{len(rows)} training images cannot be shared evenly by {fabric.world_size} processes")
    plan = phases(config)
    done, history = load_checkpoint(checkpoint, model, optimizer)
    steps = len(plan) * max(1, len(rows) // t.batch)
    bar = tqdm(total=steps, initial=done * (steps // len(plan)), desc=checkpoint.parent.name, unit="step",
               mininterval=5, disable=fabric.global_rank > 0)  # fmt: skip
    for epoch in range(done, len(plan)):
        start, (round_, step_), sums, seen = time.perf_counter(), plan[epoch], {}, 0
        forward.train()
        for index, batch in enumerate(epoch_batches(rows, samples.item, t.batch, (config.seed, epoch))):
            step = epoch * (steps // len(plan)) + index
            generator = torch.Generator().manual_seed(config.seed * 1_000_003 + step)
            view = store.training_view(len(batch), config.input, generator)
            torch.manual_seed((config.seed * 1_000_003 + step) * fabric.world_size + fabric.global_rank)  # dropout
            share = slice(fabric.global_rank * len(batch) // fabric.world_size,
                          (fabric.global_rank + 1) * len(batch) // fabric.world_size)  # fmt: skip
            mine, view = batch[share], view.part(share)
            set_rates(optimizer, config, weights[step_], learning_rate(step, steps))
            out = forward(fetch(samples.maps, mine, view, device), view)
            terms = loss_terms(out, samples.labels(mine, view, device), balance, config, fabric)
            if not terms:
                raise DataError(f"{checkpoint.parent.name}: the training images have no label that this method learns")
            loss = total(terms, weights[step_])
            if not torch.isfinite(loss):
                values = {name: round(float(value.detach()), 4) for name, value in terms.items()}
                raise FloatingPointError(f"step {step} (epoch {epoch}): loss {values} on the images of rows {mine}")
            optimizer.zero_grad(set_to_none=True)
            fabric.backward(loss)
            fabric.clip_gradients(forward, optimizer, max_norm=5.0)
            optimizer.step()
            for name, value in terms.items():
                sums[name] = sums.get(name, 0) + value.detach() * len(mine)
            seen += len(mine)
            bar.update()
        row = {"epoch": epoch, "round": round_, "step": step_, "seconds": round(time.perf_counter() - start, 2)}
        means = {name: fabric.all_reduce(value / seen, reduce_op="mean") for name, value in sums.items()}
        row |= {f"train_{name}": round(float(value), 6) for name, value in means.items()}
        row |= monitor_losses(forward, samples, monitor, balance, config, fabric)
        history.append(row)
        bar.set_postfix({k: v for k, v in row.items() if k.startswith("monitor")}, refresh=False)
        if fabric.global_rank == 0:
            save_checkpoint(checkpoint, model, optimizer, epoch + 1, history)
        fabric.barrier()
    bar.close()
    return history


@torch.inference_mode()
def monitor_losses(forward, samples, rows, balance, config, fabric) -> dict[str, float]:
    """Mean losses over `rows` in the fixed view, each process over all of them."""
    forward.eval()
    sums = {}
    for start in range(0, len(rows), 100):
        batch = rows[start : start + 100]
        view = store.fixed_view(len(batch), config.input)
        out = forward(fetch(samples.maps, batch, view, fabric.device), view)
        labels = samples.labels(batch, view, fabric.device)
        labels.pop("item", None)  # triplets of a small batch in file order say little
        for name, value in loss_terms(out, labels, balance, config, fabric).items():
            sums[name] = sums.get(name, 0) + float(value) * len(batch)
    return {f"monitor_{name}": round(value / len(rows), 6) for name, value in sums.items()}


@torch.inference_mode()
def predict(model, samples: Samples, benchmark: Benchmark, rows: np.ndarray, config: Config, fabric: Fabric) -> dict:
    """The outputs of `model` on `rows` in the fixed view, from pixels and boxes alone: no label reaches it.

    Returns numpy arrays: landmarks (n, 8, 2) pixels of the photo as (x, y), visibility (n, 8, 3) probabilities,
    category_scores (n, K), attribute_scores (n, A), embedding (n, D); those that the method gives.
    """
    forward = Forward(model, config).to(fabric.device).eval()  # not set up by Fabric: one process predicts alone
    parts = []
    for start in range(0, len(rows), 100):
        batch = rows[start : start + 100]
        view = store.fixed_view(len(batch), config.input)
        with fabric.autocast():
            out = forward(fetch(samples.maps, batch, view, fabric.device), view)
        part = {"embedding": out["embedding"]}
        if "landmarks" in out:
            part["landmarks"] = store.landmarks_in_crop(out["landmarks"], view)
            part["visibility"] = out["visibility"].softmax(2)
        if "category" in out:
            part["category_scores"] = out["category"]
        if "attributes" in out:
            part["attribute_scores"] = out["attributes"]
        parts.append({name: value.float().cpu().numpy() for name, value in part.items()})
    out = {name: np.concatenate([p[name] for p in parts]) for name in (parts[0] if parts else ())}
    if "landmarks" in out:
        pixels = store.to_pixels(out["landmarks"], benchmark.box[rows], config.input.margin)
        out["landmarks"] = pixels.astype(np.float32)
    return out


# ---- files ----------------------------------------------------------------------------------------------------------


def save_beside(tensors: dict[str, Tensor], path: Path, metadata: dict[str, str]) -> None:
    """Write a safetensors file beside its place and rename it, so that it is whole or not there."""
    part = path.with_name(path.name + f".{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        save_file({name: tensor.contiguous() for name, tensor in tensors.items()}, part, metadata)
        os.replace(part, path)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise DataError(f"{path}: cannot be written ({error.strerror or error}); free some room") from error


def write_json(path: Path, content) -> None:
    """JSON written beside and renamed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + ".part")
    part.write_text(json.dumps(content, indent=1, default=str) + "\n")
    os.replace(part, path)


def save_checkpoint(path: Path, model, optimizer, epochs: int, history: list[dict]) -> None:
    """One file with everything that the next epoch needs: trained parameters and AdamW's state."""
    tensors = {}
    for name, parameter in model.named_parameters():
        if parameter.requires_grad:
            tensors[f"model.{name}"] = parameter.detach()
            for key, value in optimizer.state[parameter].items():
                tensors[f"optimizer.{name}.{key}"] = value.detach()
    save_beside(tensors, path, {"epochs": str(epochs), "history": json.dumps(history)})


def load_checkpoint(path: Path, model, optimizer) -> tuple[int, list[dict]]:
    """Put a checkpoint back in place; (0, []) where there is none."""
    if not path.exists():
        return 0, []
    with safe_open(path, "pt") as file:
        metadata, held = file.metadata(), set(file.keys())
        for name, parameter in model.named_parameters():
            if not parameter.requires_grad:
                continue
            with torch.no_grad():
                parameter.copy_(file.get_tensor(f"model.{name}"))
            for key in ("step", "exp_avg", "exp_avg_sq"):
                if f"optimizer.{name}.{key}" not in held:
                    continue  # no loss has reached this parameter yet
                value = file.get_tensor(f"optimizer.{name}.{key}").to(parameter.device)
                if key != "step":
                    value = torch.empty_like(parameter).copy_(value)  # the parameter's strides
                optimizer.state[parameter][key] = value
    return int(metadata["epochs"]), json.loads(metadata["history"])


def write_predictions(path: Path, predictions: dict, images: np.ndarray, about: dict) -> None:
    """safetensors; the header's "images" is a JSON list of image names in row order, "about" says what made them."""
    tensors = {name: torch.from_numpy(value) for name, value in predictions.items()}
    save_beside(tensors, path, {"images": json.dumps(list(map(str, images))), "about": json.dumps(about)})


def read_predictions(path: Path) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """The arrays of `write_predictions` and the image names. Raises DataError where the file is not there."""
    if not path.exists():
        raise DataError(f"{path}: no such predictions; run notebook 02_train first")
    with safe_open(path, "np") as file:
        return {name: file.get_tensor(name) for name in file.keys()}, np.array(json.loads(file.metadata()["images"]))


def provenance(fabric: Fabric) -> dict:
    """Which code, versions and device made a result."""
    root = Path(__file__).parent.parent
    git = ["git", "-C", str(root)]
    head = subprocess.run([*git, "rev-parse", "--short", "HEAD"], capture_output=True, text=True)
    same = subprocess.run([*git, "diff", "--quiet", "HEAD", "--", ".", ":!outputs"], capture_output=True)  # 1: changed
    cuda = fabric.device.type == "cuda"
    return {
        "commit": (head.stdout.strip() or "unknown") + ("-dirty" if same.returncode == 1 else ""),
        "date": time.strftime("%Y-%m-%d", time.gmtime()),
        "device": torch.cuda.get_device_name(fabric.device) if cuda else f"CPU, {torch.get_num_threads()} threads",
        "processes": fabric.world_size,
        "precision": fabric._precision.precision,
        "python": platform.python_version(),
        "torch": torch.__version__,
    }


# ---- the entry ------------------------------------------------------------------------------------------------------


def run_folder(out: Path, benchmark: Benchmark, method: str, config: Config, weights_from: str,
               start: Path | None = None, split: str = "train") -> Path:  # fmt: skip
    """Where a run lies; the name's digest is of everything that its result depends on: photos, labels and their names,
    settings, precision, and the code that trains."""
    labels = hashlib.sha256(store.photos_key(benchmark).encode())
    for array in (benchmark.split, benchmark.box, benchmark.landmarks, benchmark.visibility, benchmark.category,
                  benchmark.attributes, benchmark.item):  # fmt: skip
        labels.update(b"-" if array is None else np.ascontiguousarray(array).tobytes())
    names = [benchmark.category_names, benchmark.attribute_names, benchmark.group_names]
    groups = None if benchmark.attribute_groups is None else benchmark.attribute_groups.tolist()
    code = [hashlib.sha256((Path(__file__).parent / f"{name}.py").read_bytes()).hexdigest() for name in SOURCES]
    settings = config.as_dict() | {"methods": None}  # which other methods are trained changes nothing
    parts = [labels.hexdigest(), names, groups, settings, precision_here(config), weights_from, method, code]
    parts += [start.name if start else None, split]  # a run's name has a digest of all that went before
    digest = hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:8]
    return out / "runs" / benchmark.name / f"{method}_{digest}"


def run(method: str, benchmark: Benchmark, config: Config, out: Path, weights: str = "", fabric=None,
        start: Path | None = None, split: str = "train") -> Path:  # fmt: skip
    """Train `method` on a split of `benchmark`, or find its finished run; returns the run's folder.

    weights: see `read_weights`; empty for the profile's own. start: the folder of a finished run whose parameters it
    goes on from, where names and shapes agree (pre-training, then fine-tuning). Predictions are written for every other split that the benchmark has.
    """
    state, weights_from = read_weights(weights or config.weights)
    folder = run_folder(out, benchmark, method, config, weights_from, start, split)
    splits = [s for s in ("val", "test", "query", "gallery") if (benchmark.split == s).any()]
    if not splits or not (benchmark.split == split).any():
        there = ", ".join(sorted(set(benchmark.split.tolist()) - {""})) or "none"
        raise DataError(f"{benchmark.images_root}: splits: {there}; training needs {split} and one of val, test, query")
    wanted = [folder / f"predictions_{s}.safetensors" for s in splits]
    if (folder / "run.json").exists() and all(p.exists() for p in wanted):
        return folder
    fabric = fabric or make_fabric(config)
    about = provenance(fabric)  # of the code that is loaded now, not of what lies there when training has ended
    model = build(method, benchmark, config)
    pretrained = load_vgg16(model, state) if state else []
    samples = load_samples(benchmark, model, config, out, fabric)
    if config.training.freeze_trunk:
        model.trunk.requires_grad_(False)
    train_rows, monitor = benchmark.rows(split), benchmark.rows(splits[0])
    if samples.landmarks is not None and hasattr(model, "pose"):
        fixed = store.landmarks_in_view(samples.landmarks[train_rows], store.fixed_view(len(train_rows), config.input))
        model.pose.start_at(fixed.nanmean(0).nan_to_num(0.5))
    start_at_frequencies(model, samples, train_rows, config)
    started = load_start(model, start) if start else []
    checkpoint = folder / "checkpoint.safetensors"
    history = fit(model, samples, train_rows, monitor, config, fabric, checkpoint, pretrained)
    if fabric.global_rank == 0:
        about |= {"method": method, "benchmark": benchmark.name, "weights": weights_from}
        # Of all epochs, those before a stop too.
        about |= {"start": start.name if start else "", "started": len(started), "split": split}
        about |= {"pretrained_blocks": pretrained, "seconds": round(sum(row["seconds"] for row in history), 1)}
        for held, path in zip(splits, wanted, strict=True):
            rows = benchmark.rows(held)
            predictions = predict(model, samples, benchmark, rows, config, fabric)
            write_predictions(path, predictions, benchmark.image[rows], about | {"predicted": held})
        save_beside(dict(model.state_dict()), folder / "model.safetensors", {"method": method})
        write_json(folder / "run.json", {"config": config.as_dict(), "about": about, "history": history})
        checkpoint.unlink(missing_ok=True)
    fabric.barrier()
    return folder


def start_at_frequencies(model: nn.Module, samples: Samples, rows: np.ndarray, config: Config) -> None:
    """Let the heads start at the label frequencies of the training rows, which a thousand rare attributes would else take
    epochs to learn."""
    with torch.no_grad():
        if samples.category is not None:
            counts = torch.bincount(samples.category[rows], minlength=len(model.category.bias))
            model.category.bias.copy_((counts.clamp_min(0.5) / len(rows)).log())
        if samples.attributes is not None:
            labels = samples.attributes[rows]
            weights = losses.attribute_weights(labels, config.training.attribute_balance)
            model.attributes.bias.copy_(losses.prior_logits(losses.attribute_shares(labels), *weights))


def load_start(model: nn.Module, start: Path) -> list[str]:
    """Copy the parameters of a finished run into `model` where name and shape agree (other labels have other heads).
    Returns their names. Raises DataError where none does."""
    own, there = model.state_dict(), load_file(start / "model.safetensors")
    fit = {name: value for name, value in there.items() if name in own and own[name].shape == value.shape}
    if not fit:
        raise DataError(f"{start}: no parameter of it fits this network")
    model.load_state_dict(fit, strict=False)
    return sorted(fit)


def load_samples(benchmark, model, config: Config, out: Path, fabric: Fabric) -> Samples:
    """Crops, or conv4 maps where the trunk is frozen, beside the labels. Made by the first process, read by all."""
    cache = out / "cache"
    with fabric.rank_zero_first():
        maps = store.crop_store(benchmark, cache, config.input)
        if config.training.freeze_trunk:
            dtype = torch.bfloat16 if "bf16" in fabric._precision.precision else torch.float32
            key = store.crops_key(benchmark, config.input)
            maps = store.conv4_store(model.trunk, maps, benchmark.name, cache, key, fabric.device, dtype)
    return make_samples(benchmark, keep_on_device(maps, fabric.device), config)


def main() -> None:
    from lib import report  # the command line alone needs it; report reads what this module writes

    parser = argparse.ArgumentParser(prog="python -m lib.train", description=__doc__.split("\n")[0])
    parser.add_argument("--method", choices=METHODS, default="fashionnet")
    parser.add_argument("--benchmark", default="category_attribute")
    parser.add_argument("--profile", default="demo", help="smoke, demo or paper")
    parser.add_argument("--data", default="", help="folder of the real DeepFashion; the synthetic world without it")
    parser.add_argument("--weights", default="", help="VGG-16 as .safetensors, 'torchvision' or 'none'")
    parser.add_argument("--out", default="", help="folder of the results; outputs/<profile> without it")
    parser.add_argument("--split", default="train", help="what to learn from: train, or pretrain")
    args = parser.parse_args()
    config, out = report.open_run(args.profile, args.out)
    fabric = make_fabric(config)
    with fabric.rank_zero_first():  # one process writes the synthetic world
        benchmarks = report.open_data(config, args.data, out)
    if args.benchmark not in benchmarks:
        parser.error(f"no benchmark {args.benchmark} in this source; there are {', '.join(benchmarks)}")
    print(run(args.method, benchmarks[args.benchmark], config, out, args.weights, fabric, split=args.split))


if __name__ == "__main__":
    main()
