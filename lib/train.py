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

from lib import losses, paper, parts, store
from lib.config import METHODS, PROFILES, Config, Weights
from lib.data import Benchmark, DataError, Lacks
from lib.model import DARN, WTBI, FashionNet, PartDetector, load_vgg16

# Code that a trained network depends on; the data are in the digest themselves.
SOURCES = ("store", "landmark_pooling", "model", "losses", "parts", "train")
SHIPPED_WEIGHTS = Path(__file__).parent / "vgg16_conv.safetensors"
PRETRAINED = Path(__file__).parent / "pretrained.safetensors"  # the demo's pre-training, done once; see `ship`
PRETRAINED_PARTS = ("trunk.", "pose.", "conv5_global.", "streams.0.conv5.", "streams.1.conv5.")  # what it gives to all
NOT_SUPERVISED = -30.0  # the score of an attribute that the network was not taught: below all others, and equal for all
HELD_OUT = 0.05  # share of the training items kept for validation where the source has no validation split to spare


# ---- samples --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Samples:
    """What training reads, one row an image. maps: of `load_maps`, by name: crops (N, px, px, 3) uint8, conv4 and conv5 maps
    (N, sides, h, w, C) float16, plain and, unless `Input.mirror` is off, mirrored (of images that are never trained on these may
    be 0); features (N, D) float16; memory-mapped or tensors on the device. landmarks (N, 8, 2) in units of the crop, NaN where
    not annotated; visibility (N, 8) codes, `config.training.absent` where the clothes type has no such landmark; category (N,); attributes (N, A) in
    {1, -1, 0}; item (N,) numbers. A field that the benchmark lacks is None."""

    maps: dict[str, np.ndarray | Tensor] | None
    landmarks: Tensor | None
    visibility: Tensor | None
    category: Tensor | None
    attributes: Tensor | None
    item: Tensor | None
    domain: Tensor | None = None  # (N,) 0 shop, 1 consumer: no label, a search knows which side it looks at
    parts: Tensor | None = None  # (N, 2, P, 2) in units of the crop, plain and mirrored; there (N, 2, P): of a detector
    there: Tensor | None = None
    # Where a frozen detector finds its parts, (N, sides, P, 2) and its gate (N, sides, P): no label, it has seen pixels alone.
    detected: tuple[Tensor, Tensor] | None = None

    def labels(self, rows: np.ndarray, view: store.View, device) -> dict[str, Tensor]:
        rows = torch.from_numpy(rows)
        out = {}
        if self.landmarks is not None:
            out["landmarks"] = store.landmarks_in_view(self.landmarks[rows].to(device), view)
            out["visibility"] = store.visibility_in_view(self.visibility[rows].to(device), out["landmarks"], view)
        for name in ("category", "attributes", "item", "domain"):
            if getattr(self, name) is not None:
                out[name] = getattr(self, name)[rows].to(device)
        if self.parts is not None:
            side = view.mirrored.long()
            out["parts"] = store.places_in_view(self.parts[rows, side].to(device), view)
            out["there"] = self.there[rows, side].to(device)
        return out


def make_samples(benchmark: Benchmark, maps, config: Config, kind: str = "", poselets=None) -> Samples:
    """The labels of a benchmark as tensors beside its crops or conv4 maps; for a detector of joints or poselets (`kind`, in
    these arrangements) those of the body's parts alone."""
    if kind:
        places, there = parts.targets(kind, benchmark, config.input.margin, poselets)
        return Samples(
            maps, None, None, None, None, None, parts=torch.from_numpy(places), there=torch.from_numpy(there)
        )

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
    domain = None if benchmark.domain is None else torch.from_numpy((benchmark.domain == "consumer").astype(np.int64))
    return Samples(maps, landmarks, visibility, category, tensor(benchmark.attributes, torch.int8), item, domain)


def fetch(maps: dict, rows: np.ndarray, view: store.View, device) -> dict[str, Tensor]:
    """The chosen rows of memory-mapped arrays, or of tensors that lie on the device already: crops, or maps of the side
    (plain or mirrored) that the view asks for, or features that are the same for every view."""
    out = {}
    for name, array in maps.items():
        chosen = (rows,) if array.ndim != 5 else (rows, view.mirrored.long().numpy())
        if isinstance(array, Tensor):
            out[name] = array[tuple(torch.from_numpy(index).to(array.device) for index in chosen)]
        else:
            out[name] = torch.from_numpy(array[chosen]).to(device, non_blocking=True)
    return out


def keep_on_device(maps: dict[str, np.ndarray], device: torch.device) -> dict:
    """Put the maps on a GPU once and for all where they fill at most half of what is free there."""
    if device.type == "cuda" and sum(array.nbytes for array in maps.values()) < torch.cuda.mem_get_info(device)[0] // 2:
        return {name: torch.from_numpy(np.array(array)).to(device) for name, array in maps.items()}
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
    """The weights to start from and where they are from. weights: a .safetensors file of VGG-16 under torchvision's names,
    "torchvision" for its ImageNet weights, "" for the VGG-16 shipped with the project, "world" for the shipped
    pre-training on the synthetic world (see `ship`), "none" to start from scratch."""
    if weights == "none":
        return None, "from scratch"
    if weights == "torchvision":
        from torchvision.models import VGG16_Weights

        state = VGG16_Weights.IMAGENET1K_V1.get_state_dict(progress=True, check_hash=True)
        return state, "torchvision VGG16_Weights.IMAGENET1K_V1"
    path = Path(weights) if weights not in ("", "world") else PRETRAINED if weights else SHIPPED_WEIGHTS
    try:
        state = load_file(path)
    except Exception as error:  # safetensors raises its own type for a broken file
        raise DataError(f"{path}: cannot be read as safetensors ({error}); give a VGG-16 in that format") from error
    digest = hashlib.sha256(path.read_bytes()).hexdigest()[:12]
    return {name: tensor.float() for name, tensor in state.items()}, f"{path.name} sha256 {digest}"


def build(method: str, benchmark: Benchmark, config: Config) -> nn.Module:
    """The network of a method, with heads for what the benchmark has labels of. Random, from config.seed. method: one of
    METHODS, or of parts.KINDS for the detector that FashionNet+Joints or +Poselets stands on."""
    if method not in (*METHODS, *parts.KINDS):
        raise ValueError(f"no method {method!r}; there are {', '.join(METHODS)}")
    categories = len(benchmark.category_names) if benchmark.category is not None else 0
    attributes = len(benchmark.attribute_names) if benchmark.attributes is not None else 0
    sizes = config.model, config.input.view_px, categories
    torch.manual_seed(config.seed)
    if method in parts.KINDS:
        return PartDetector(config.model, len(parts.names(method)))
    if method == "wtbi":
        return WTBI(config.model, categories, attributes)
    if method == "darn":
        groups = torch.from_numpy(benchmark.attribute_groups).long() if attributes else None
        streams = 1 if benchmark.domain is None else len(set(benchmark.domain))
        return DARN(*sizes, groups, tuple(benchmark.group_names or paper.ATTRIBUTE_GROUPS), streams)
    variant = method.removeprefix("fashionnet")[1:]
    if variant == "heatmap":
        sizes = replace(config.model, head="heatmap"), *sizes[1:]
    detector = PartDetector(config.model, len(parts.names(variant))) if variant in parts.KINDS else None
    attributes = 0 if variant == "noattr" else attributes
    return FashionNet(*sizes, attributes, detector, local=variant != "global", oracle=variant == "oracle")


def taught(method: str, benchmark: Benchmark, rows: np.ndarray) -> np.ndarray | None:
    """(A,) bool: the attributes that a method is supervised with: all, or for FashionNet+100 and +500 that many, the most
    frequent of the training rows. None without attributes."""
    if benchmark.attributes is None:
        return None
    mask, number = np.ones(benchmark.attributes.shape[1], bool), method.partition("+")[2]
    if number.isdigit():
        frequency = (benchmark.attributes[rows] == 1).sum(0)
        mask[np.argsort(-frequency, kind="stable")[int(number) :]] = False
    return mask


def attribute_balance(samples: Samples, rows: np.ndarray, mask: np.ndarray, config: Config) -> tuple[Tensor, Tensor]:
    """w_pos and w_neg (A,) of Equation 1 over the training rows, 0 for what is not taught."""
    mask = torch.from_numpy(mask)
    w_pos, w_neg = torch.zeros(len(mask)), torch.zeros(len(mask))
    w_pos[mask], w_neg[mask] = losses.attribute_weights(
        samples.attributes[rows][:, mask], config.training.attribute_balance
    )
    return w_pos, w_neg


def starts_from(pretrained: list[str], name: str) -> bool:
    """Whether a parameter starts from ImageNet or pre-training. pretrained: names of parameters or of blocks."""
    return any((name + ".").startswith(block + ".") for block in pretrained)


def parameter_groups(model: nn.Module, pretrained: list[str]) -> list[dict]:
    """AdamW's groups: parameters, whether they are the pose branch's, and whether they start from ImageNet or pre-training
    (see `starts_from`)."""
    groups = {}
    for name, parameter in model.named_parameters():
        if parameter.requires_grad:
            pose = name.startswith("pose.") or isinstance(model, PartDetector)
            groups.setdefault((pose, starts_from(pretrained, name)), []).append(parameter)
    return [{"params": p, "pose": pose, "pretrained": old} for (pose, old), p in sorted(groups.items())]


# ---- the steps ------------------------------------------------------------------------------------------------------


def steps_of(method: str, model: nn.Module) -> tuple[int, ...]:
    """Steps of a round: the paper's 1 (landmarks) and 2 (the rest); 2 alone without landmarks, 1 alone for a detector of
    joints or poselets; 3, all losses at once."""
    if isinstance(model, PartDetector):
        return (1,)
    if method == "fashionnet-joint":
        return (3,)
    return (1, 2) if getattr(model, "pose", None) is not None else (2,)


def phases(config: Config, steps: tuple[int, ...] = (1, 2)) -> list[tuple[int, int]]:
    """(round, step) of every epoch, in order. A round has 2 * epochs epochs for every method, whatever its steps; a detector
    trains as long as landmarks are FashionNet's main task."""
    t = config.training
    epochs = 2 * t.epochs if steps in ((2,), (3,)) else t.epochs
    return [(r, step) for r in range(t.rounds) for step in steps for _ in range(epochs)]


def validation(benchmark: Benchmark, split: str, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Rows to train on, and rows that say when to stop: the val split where results are measured on another one, else
    a twentieth of the training items (of the images, where there are no items), which are then not trained on."""
    rows, val = benchmark.rows(split), benchmark.rows("val")
    if len(val) and np.isin(benchmark.split, ("test", "query")).any():
        return rows, val
    units = np.arange(len(benchmark.split)) if benchmark.item is None else benchmark.item
    names = np.unique(units[rows])
    kept = np.random.default_rng(seed).choice(names, max(1, round(HELD_OUT * len(names))), replace=False)
    out = np.isin(units[rows], kept)
    return rows[~out], rows[out]


def epoch_batches(rows: np.ndarray, item: Tensor | None, batch: int, seed: tuple[int, ...],
                  domain: Tensor | None = None) -> Iterator[np.ndarray]:  # fmt: skip
    """Shuffled batches of exactly `batch` rows (fewer only where there are fewer rows in all), the same in every
    process. With items, images of one item lie side by side, so that a batch holds positives: up to 4, or about 8 where they are
    of two domains; shop and consumer photos are then spread over an item's groups, since each needs one of the other side."""
    order = np.random.default_rng(seed).permutation(rows)
    if item is not None:
        items = np.unique(item.numpy()[order], return_inverse=True)[1]
        sides = np.zeros(len(order), np.int64) if domain is None else domain.numpy()[order]
        groups = -(-np.bincount(items) // (4 if domain is None else 8))  # of each item
        chunk = _rank_among_equals(items * 2 + sides) % groups[items]
        first = {}
        place = [first.setdefault(key, i) for i, key in enumerate(zip(items, chunk, strict=True))]
        order = order[np.argsort(place, kind="stable")]
    for start in range(0, max(len(order) - batch, 0) + 1, batch):
        yield np.sort(order[start : start + batch])


def _rank_among_equals(values: np.ndarray) -> np.ndarray:
    """(n,) how many equal values stand before each."""
    order = np.argsort(values, kind="stable")
    starts = np.flatnonzero(np.r_[True, np.diff(values[order]) != 0])
    rank = np.zeros(len(values), np.int64)
    rank[order] = np.arange(len(values)) - np.repeat(starts, np.diff(np.r_[starts, len(values)]))
    return rank


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


def loss_terms(out: dict, labels: dict, attribute_weights, config: Config, shared: Fabric | None) -> dict[str, Tensor]:
    """The losses that these outputs and labels allow, unweighted, each a mean over the batch. shared: the processes that
    have a share of the batch each; None where this one has all of it."""
    terms = {}
    if "log_parts" in out:
        return {"detection": losses.detection_loss(out["log_parts"], labels["parts"], labels["there"])}
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
        embedding, item, domain = out["embedding"], labels["item"], labels.get("domain")
        if shared is not None and shared.world_size > 1:  # triplets reach across the processes' shares
            embedding = shared.all_gather(embedding, sync_grads=True).flatten(0, 1)
            item = shared.all_gather(item).flatten()
            domain = None if domain is None else shared.all_gather(domain).flatten()
        if "same" in out:
            terms["pair"] = losses.pair_loss(embedding, item, out["same"], domain)
        else:
            t = config.training
            terms["triplet"] = losses.triplet_loss(embedding, item, t.margin, mining=t.mining, domain=domain)
    return terms


def total(terms: dict[str, Tensor], weights: Weights) -> Tensor:
    return sum(getattr(weights, name) * value for name, value in terms.items())


class Forward(nn.Module):
    """From fetched maps and a view to a method's outputs; one module, so that DDP sees it whole."""

    def __init__(self, model: nn.Module, config: Config):
        super().__init__()
        self.model = model
        self.config = config

    def forward(self, maps: dict[str, Tensor], view: store.View, given: dict) -> dict[str, Tensor]:
        px, side = self.config.input.px, self.config.input.view_px
        if "crops" in maps:
            return self.model(store.images_in_view(maps["crops"], view, side), **given)
        if "features" in maps:
            return self.model.branches(maps["features"].float(), **given)
        seen = {name: store.maps_in_view(m, view, round(m.shape[1] * side / px)) for name, m in maps.items()}
        return self.model.branches(seen.pop("conv4", None), **seen, **given)


def given(model: nn.Module, samples: Samples, rows: np.ndarray, view: store.View, device) -> dict:
    """What a network is told besides the picture: the oracle the true landmarks, in test as in training; DARN's two
    streams which of them a picture belongs to."""
    if getattr(model, "oracle", False):
        labels = samples.labels(rows, view, device)
        return {"pool_at": (labels["landmarks"].nan_to_num(0.5), (labels["visibility"] == 0).float())}
    if samples.detected is not None:
        places, gate = (t[torch.from_numpy(rows), view.mirrored.long()].to(device) for t in samples.detected)
        places = store.places_in_view(places, view)
        seen = ((places >= 0) & (places <= 1)).all(2)  # the others are cut off by this view
        return {"pool_at": (places, gate * seen)}
    if len(getattr(model, "streams", ())) > 1:
        return {"domain": samples.domain[torch.from_numpy(rows)].to(device)}
    return {}


# ---- fit and predict ------------------------------------------------------------------------------------------------


def fit(model, samples: Samples, rows: np.ndarray, monitor: np.ndarray, config: Config, fabric: Fabric,
        checkpoint: Path, steps: tuple[int, ...] = (1, 2), balance=None, pretrained: list[str] = ()) -> list[dict]:  # fmt: skip
    """Train `model` in place on `rows`; returns the history, a dict an epoch.

    monitor: validation rows, whose losses are logged after each epoch. A round that does not lower their sum, weighted as
    in step 2, is the last, and the network is left as the best round left it ("until convergence" in the paper). balance:
    the attributes' w_pos and w_neg. pretrained: see `parameter_groups`.

    A checkpoint is written beside and renamed after each epoch; where one exists, training goes on from it and ends with
    the same numbers. Raises FloatingPointError naming step and images when a loss is not finite.
    """
    t = config.training
    device = fabric.device
    weights = {1: t.step1, 2: t.step2, 3: t.at_once}
    balance = None if balance is None else tuple(w.to(device) for w in balance)
    best = checkpoint.with_name("best.safetensors")
    model.to(memory_format=torch.channels_last)
    optimizer = torch.optim.AdamW(parameter_groups(model, pretrained), t.rate, weight_decay=t.weight_decay, fused=True)
    forward, optimizer = fabric.setup(Forward(model, config), optimizer)
    if len(rows) < t.batch and len(rows) % fabric.world_size:
        raise DataError(f"{len(rows)} training images cannot be shared evenly by {fabric.world_size} processes")
    plan = phases(config, steps)
    done, history = load_checkpoint(checkpoint, model, optimizer)
    in_epoch = max(1, len(rows) // t.batch)
    bar = tqdm(total=len(plan) * in_epoch, initial=done * in_epoch, desc=checkpoint.parent.name, unit="step",
               mininterval=5, disable=fabric.global_rank > 0)  # fmt: skip
    for epoch in range(done, len(plan)):
        if converged(history):
            break
        start, (round_, step_), sums, seen = time.perf_counter(), plan[epoch], {}, 0
        forward.train()
        for index, batch in enumerate(epoch_batches(rows, samples.item, t.batch, (config.seed, epoch), samples.domain)):
            step = epoch * in_epoch + index
            generator = torch.Generator().manual_seed(config.seed * 1_000_003 + step)
            view = store.training_view(len(batch), config.input, generator)
            torch.manual_seed((config.seed * 1_000_003 + step) * fabric.world_size + fabric.global_rank)  # dropout
            share = slice(fabric.global_rank * len(batch) // fabric.world_size,
                          (fabric.global_rank + 1) * len(batch) // fabric.world_size)  # fmt: skip
            mine, view = batch[share], view.part(share)
            set_rates(optimizer, config, weights[step_], learning_rate(step, len(plan) * in_epoch))
            out = forward(fetch(samples.maps, mine, view, device), view, given(model, samples, mine, view, device))
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
        if epoch + 1 == len(plan) or plan[epoch + 1][0] > round_:  # a round ends
            row["validation"] = round(total_of(row, t.step2), 6)
            if len(ended := round_ends(history)) == 1 or ended[-1] < min(ended[:-1]):
                if fabric.global_rank == 0:
                    save_beside(dict(model.state_dict()), best, {"epoch": str(epoch)})
        bar.set_postfix({k: v for k, v in row.items() if k.startswith("monitor")}, refresh=False)
        if fabric.global_rank == 0:
            save_checkpoint(checkpoint, model, optimizer, epoch + 1, history)
        fabric.barrier()
    bar.close()
    fabric.barrier()
    model.load_state_dict(load_file(best))
    fabric.barrier()  # read by all before the first process deletes it
    return history


def total_of(row: dict, weights: Weights) -> float:
    """The weighted sum of an epoch's validation losses."""
    return sum(getattr(weights, n.removeprefix("monitor_")) * v for n, v in row.items() if n.startswith("monitor_"))


def round_ends(history: list[dict]) -> list[float]:
    """The validation loss after each round."""
    return [row["validation"] for row in history if "validation" in row]


def converged(history: list[dict]) -> bool:
    """Whether the last round, just ended, was no better than one before it."""
    ended = round_ends(history)
    return len(ended) > 1 and "validation" in history[-1] and ended[-1] >= min(ended[:-1])


@torch.inference_mode()
def monitor_losses(forward, samples, rows, balance, config, fabric) -> dict[str, float]:
    """Mean losses over `rows` in the fixed view, each process over all of them; images of one item side by side, so that
    there are triplets."""
    forward.eval()
    sums = {}
    if samples.item is not None:
        rows = rows[np.argsort(samples.item.numpy()[rows], kind="stable")]
    for start in range(0, len(rows), 100):
        batch = rows[start : start + 100]
        view = store.fixed_view(len(batch), config.input)
        inputs = given(forward.model, samples, batch, view, fabric.device)
        out = forward(fetch(samples.maps, batch, view, fabric.device), view, inputs)
        labels = samples.labels(batch, view, fabric.device)
        for name, value in loss_terms(out, labels, balance, config, None).items():
            sums[name] = sums.get(name, 0) + float(value) * len(batch)
    return {f"monitor_{name}": round(value / len(rows), 6) for name, value in sums.items()}


@torch.inference_mode()
def predict(model, samples: Samples, benchmark: Benchmark, rows: np.ndarray, config: Config, fabric: Fabric) -> dict:
    """The outputs of `model` on `rows` in the fixed view, from pixels and boxes alone: no label reaches it, but the true
    landmarks the oracle.

    Returns numpy arrays: landmarks (n, 8, 2) pixels of the photo as (x, y), visibility (n, 8, 3) probabilities,
    category_scores (n, K), attribute_scores (n, A), embedding (n, D); of a detector parts (n, P, 2) in pixels and present
    (n, P) probabilities; those that the method gives.
    """
    forward = Forward(model, config).to(fabric.device).eval()  # not set up by Fabric: one process predicts alone
    parts = []
    for start in range(0, len(rows), 100):
        batch = rows[start : start + 100]
        view = store.fixed_view(len(batch), config.input)
        with fabric.autocast():
            inputs = given(model, samples, batch, view, fabric.device)
            out = forward(fetch(samples.maps, batch, view, fabric.device), view, inputs)
        part = {name: out[name] for name in ("embedding", "present") if name in out}
        if "parts" in out:
            part["parts"] = store.landmarks_in_crop(out["parts"], view)
        if "landmarks" in out:
            part["landmarks"] = store.landmarks_in_crop(out["landmarks"], view)
            part["visibility"] = out["visibility"].softmax(2)
        if "category" in out:
            part["category_scores"] = out["category"]
        if "attributes" in out:
            part["attribute_scores"] = out["attributes"]
        parts.append({name: value.float().cpu().numpy() for name, value in part.items()})
    out = {name: np.concatenate([p[name] for p in parts]) for name in (parts[0] if parts else ())}
    for name in ("landmarks", "parts"):
        if name in out:
            pixels = store.to_pixels(out[name], benchmark.box[rows], config.input.margin)
            out[name] = pixels.astype(np.float32)
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


def read_predictions(path: Path, fields: tuple[str, ...] = ()) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """The arrays of `write_predictions` (those of `fields` that are there, or all) and the image names. Raises DataError where
    the file is not there."""
    if not path.exists():
        raise DataError(f"{path}: no such predictions; run notebook 02_train first")
    with safe_open(path, "np") as file:
        names = [name for name in file.keys() if not fields or name in fields]
        return {name: file.get_tensor(name) for name in names}, np.array(json.loads(file.metadata()["images"]))


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


def before(method: str, benchmark: Benchmark, config: Config, weights: str, start: Path | None, split: str):
    """The runs that a run stands on, as (method, split): FashionNet's pre-training, whose conv1-conv5 and pose branch all
    take that have them, where the data have a pre-training split; and the detector of FashionNet+Joints or +Poselets. None of
    them where a run goes on from another, or from the shipped pre-training."""
    if start is not None or (weights or config.weights) == "world" or method == "wtbi":
        return []
    out, pretrain = [], (benchmark.split == "pretrain").any()
    if pretrain and (method, split) != ("fashionnet", "pretrain"):
        out.append(("fashionnet", "pretrain"))
    if (kind := method.partition("+")[2]) in parts.KINDS:
        out.append((kind, "pretrain" if pretrain else "train"))
    return out


def weights_of(method: str, config: Config, weights: str) -> str:
    """The weights that a method starts from: those given, else the profile's; WTBI stands on generic ones in any case."""
    weights = weights or config.weights
    return "" if method == "wtbi" and weights == "world" else weights


def run_folder(out: Path, benchmark: Benchmark, method: str, config: Config, weights: str = "",
               start: Path | None = None, split: str = "train") -> Path:  # fmt: skip
    """Where a run lies; the name's digest is of everything that its result depends on: photos, labels and their names,
    settings, precision, the code that trains, and the runs that it stands on."""
    digests = hashlib.sha256(store.photos_key(benchmark).encode())
    for array in (benchmark.split, benchmark.box, benchmark.landmarks, benchmark.visibility, benchmark.category,
                  benchmark.attributes, benchmark.item, benchmark.domain, benchmark.joints, benchmark.joint_visibility):  # fmt: skip
        digests.update(b"-" if array is None else np.ascontiguousarray(array).tobytes())
    names = [benchmark.category_names, benchmark.attribute_names, benchmark.group_names]
    groups = None if benchmark.attribute_groups is None else benchmark.attribute_groups.tolist()
    code = [hashlib.sha256((Path(__file__).parent / f"{name}.py").read_bytes()).hexdigest() for name in SOURCES]
    settings = config.as_dict() | {"methods": None, "search": None}  # other methods and the search change no run
    origin = read_weights(weights_of(method, config, weights))[1]
    key = [digests.hexdigest(), names, groups, settings, precision_here(config), origin, method, code]
    key += [start.name if start else None, split]  # a run's name has a digest of all that went before
    for earlier, its_split in before(method, benchmark, config, weights, start, split):
        key.append(run_folder(out, benchmark, earlier, config, weights, split=its_split).name)
    digest = hashlib.sha256(json.dumps(key).encode()).hexdigest()[:8]
    return out / "runs" / benchmark.name / f"{method}_{digest}"


def run(method: str, benchmark: Benchmark, config: Config, out: Path, weights: str = "", fabric=None,
        start: Path | None = None, split: str = "train") -> Path:  # fmt: skip
    """Train `method` on a split of `benchmark`, or find its finished run; returns the run's folder. What it stands on
    (see `before`) is trained first.

    weights: see `read_weights`; empty for the profile's own. start: the folder of a finished run whose parameters it
    goes on from, where names and shapes agree (fine-tuning on another benchmark). Predictions are written for every
    other split that the benchmark has.
    """
    if split not in ("train", "pretrain"):
        raise ValueError(f"split {split!r} is neither 'train' nor 'pretrain'")
    folder = run_folder(out, benchmark, method, config, weights, start, split)
    splits = [s for s in ("val", "test", "query", "gallery") if (benchmark.split == s).any()]
    if not splits or not (benchmark.split == split).any():
        there = ", ".join(sorted(set(benchmark.split.tolist()) - {""})) or "none"
        raise DataError(f"{benchmark.images_root}: splits: {there}; training needs {split} and one of val, test, query")
    wanted = [folder / f"predictions_{s}.safetensors" for s in splits]
    if (folder / "run.json").exists() and all(p.exists() for p in wanted):
        return folder
    fabric = fabric or make_fabric(config)
    earlier = {}
    for name, its_split in before(method, benchmark, config, weights, start, split):
        earlier[name] = run(name, benchmark, config, out, weights, fabric, split=its_split) / "model.safetensors"
    about = provenance(fabric)  # of the code that is loaded now, not of what lies there when training has ended
    model = build(method, benchmark, config)
    state, weights_from = read_weights(weights_of(method, config, weights))
    train_rows, monitor = validation(benchmark, split, config.seed)
    is_detector = method in parts.KINDS
    if is_detector and benchmark.joints is None:
        raise Lacks(
            f"{benchmark.images_root}: no list_joints.txt beside its landmarks to teach a detector of {method} with"
        )
    poselets = None
    if method == "poselets":
        poselets = parts.arrangements(benchmark, train_rows, config.seed)
        model.poselets.copy_(torch.from_numpy(poselets))
    samples = make_samples(benchmark, None, config, method if is_detector else "", poselets)
    balance = None
    if samples.attributes is not None:
        balance = attribute_balance(samples, train_rows, taught(method, benchmark, train_rows), config)
    start_at_frequencies(model, samples, train_rows, balance, config)
    if start:
        started = fill(model, load_file(start / "model.safetensors"))
        pretrained = [name for name in started if name.startswith(PRETRAINED_PARTS)]
        if not started:
            raise DataError(f"{start}: no parameter of it fits this network")
    else:
        pretrained, started = load_weights(model, state, earlier), []
    if config.training.freeze_trunk or is_detector:
        model.trunk.requires_grad_(False)
    if config.training.freeze_trunk and config.training.freeze_conv5 and state is not None:
        # What the weights give, not what an earlier run learned: that goes on learning.
        freeze_conv5(model, load_weights(build(method, benchmark, config), state, {}))
    samples = replace(samples, maps=load_maps(model, benchmark, config, out, fabric))
    samples = replace(samples, detected=detect(model, samples.maps, fabric))
    checkpoint = folder / "checkpoint.safetensors"
    steps = steps_of(method, model)
    history = fit(model, samples, train_rows, monitor, config, fabric, checkpoint, steps, balance, pretrained)
    if fabric.global_rank == 0:
        about |= {"method": method, "benchmark": benchmark.name, "weights": weights_from}
        # Of all epochs, those before a stop too.
        about |= {
            "start": start.name if start else "",
            "started": len(started),
            "split": split,
            "before": [f.parent.name for f in earlier.values()],
        }
        about |= {"images": len(train_rows), "epochs": len(history)}
        about |= {"pretrained_blocks": pretrained, "seconds": round(sum(row["seconds"] for row in history), 1)}
        for held, path in zip(splits, wanted, strict=True):
            rows = benchmark.rows(held)
            predictions = predict(model, samples, benchmark, rows, config, fabric)
            write_predictions(path, predictions, benchmark.image[rows], about | {"predicted": held})
        save_beside(dict(model.state_dict()), folder / "model.safetensors", {"method": method})
        write_json(folder / "run.json", {"config": config.as_dict(), "about": about, "history": history})
        for finished in (checkpoint, folder / "best.safetensors"):
            finished.unlink(missing_ok=True)
    fabric.barrier()
    return folder


def start_at_frequencies(model: nn.Module, samples: Samples, rows: np.ndarray, balance, config: Config) -> None:
    """Let training start where pictures say nothing yet: at the mean landmarks and the label frequencies of the training
    rows. A thousand rare attributes would else take epochs to be found rare."""
    with torch.no_grad():
        if samples.landmarks is not None and getattr(model, "pose", None) is not None:
            view = store.fixed_view(len(rows), config.input)
            model.pose.start_at(store.landmarks_in_view(samples.landmarks[rows], view).nanmean(0).nan_to_num(0.5))
        if samples.category is not None and model.category is not None:
            counts = torch.bincount(samples.category[rows], minlength=len(model.category.bias))
            model.category.bias.copy_((counts.clamp_min(0.5) / len(rows)).log())
        if samples.attributes is not None and model.attributes is not None:
            logits = losses.prior_logits(losses.attribute_shares(samples.attributes[rows]), *balance)
            model.attributes.bias.copy_(torch.where(balance[0] > 0, logits, NOT_SUPERVISED))
            if isinstance(model.attributes, nn.Linear):  # else their order would be that of random weights
                model.attributes.weight[balance[0] == 0] = 0


def fill(model: nn.Module, state: dict[str, Tensor], *begin: str) -> list[str]:
    """Copy into `model` what agrees with it in name and shape; into both streams of DARN that of a single one, or their
    conv5 from FashionNet's conv5_global. begin: take only names that start so. Returns the names that were filled."""
    own, filled = model.state_dict(), {}
    for name, value in own.items():
        first = name.replace("streams.1.", "streams.0.")
        source = state.get(name, state.get(first, state.get(first.replace("streams.0.conv5.", "conv5_global."))))
        if source is not None and source.shape == value.shape and (not begin or name.startswith(begin)):
            filled[name] = source.to(value.dtype)
    model.load_state_dict(filled, strict=False)
    return sorted(filled)


def load_weights(model: nn.Module, state: dict | None, earlier: dict[str, Path]) -> list[str]:
    """Start a network from ImageNet weights or from pre-training; returns the blocks or parameters that were filled.

    state: of `read_weights`: a VGG-16, or the shipped pre-training, whose detectors' names begin with their kind; of that the
    heatmap head's conv5_pose and upsampling are the joint detector's. earlier: the models of `before`.
    """
    shipped = state is not None and "trunk.0.weight" in state
    pretrained = load_vgg16(model, state) if state and not shipped else []
    if "fashionnet" in earlier:
        pretrained = fill(model, load_file(earlier["fashionnet"]), *PRETRAINED_PARTS)
    elif shipped:
        if state["trunk.0.weight"].shape != model.trunk[0].weight.shape:
            raise DataError(
                "the shipped pre-training has another width than this profile's trunk; give other --weights"
            )
        if hasattr(getattr(model, "pose", None), "heatmap"):
            # A conv5_pose that was trained for the regression knows no places: these maps start as the joint detector's,
            # and what lies above the regression's conv5_pose would not fit them.
            names = (("joints.conv5.", "pose.conv5_pose."), ("joints.upsample.", "pose.upsample."))
            own = {n.replace(a, b): v for n, v in state.items() for a, b in names if n.startswith(a)}
            state = {n: v for n, v in state.items() if not n.startswith("pose.")} | own
        pretrained = fill(model, state, *PRETRAINED_PARTS)
    if (detector := getattr(model, "detector", None)) is not None:
        kind = next(kind for kind in parts.KINDS if len(parts.names(kind)) == detector.heatmap.out_channels)
        if kind in earlier:
            fill(detector, load_file(earlier[kind]))
        else:
            fill(detector, state, "trunk.")
            fill(detector, {n.removeprefix(kind + "."): v for n, v in state.items() if n.startswith(kind + ".")})
    return pretrained


def freeze_conv5(model: nn.Module, pretrained: list[str]) -> None:
    """Leave conv5 of every branch that starts from given weights (see `starts_from`) as it is; DARN's streams then share one.
    A detector's is its own to train."""
    for name, parameter in model.named_parameters():
        if "conv5" in name and not isinstance(model, PartDetector) and starts_from(pretrained, name):
            parameter.requires_grad_(False)
    for stream in getattr(model, "streams", ()):
        if not stream["conv5"][0].weight.requires_grad:
            stream["conv5"].load_state_dict(model.streams[0]["conv5"].state_dict())


def seen_mirrored(benchmark: Benchmark, config: Config) -> np.ndarray:
    """(N,) bool: the images that training sees mirrored; those of the other splits are seen as they are. `run` trains on no
    other."""
    return np.isin(benchmark.split, ("train", "pretrain")) & config.input.mirror


def load_maps(model: nn.Module, benchmark: Benchmark, config: Config, out: Path, fabric: Fabric) -> dict:
    """What a network is trained on, by name: "crops"; "conv4" maps where the trunk is frozen, and "conv5_..." maps of branches
    where that is frozen, too; "features" where all below the perceptron is. Made by the first process, read by all."""
    dtype = torch.bfloat16 if "bf16" in fabric._precision.precision else torch.float32
    cache, t = out / "cache", config.training
    place = benchmark.name, cache, store.crops_key(benchmark, config.input), fabric.device, dtype
    with fabric.rank_zero_first():
        maps = {"crops": store.crop_store(benchmark, cache, config.input)}
        if isinstance(model, WTBI):
            maps = {"features": store.feature_store(model, maps["crops"], config.input, *place)}
        elif t.freeze_trunk:
            mirrored = seen_mirrored(benchmark, config)
            maps = {"conv4": store.conv4_store(model.trunk, maps["crops"], *place, mirrored)}
        if t.freeze_trunk and t.freeze_conv5 and hasattr(model, "conv5_blocks"):
            blocks = model.conv5_blocks()
            frozen = [name for name, b in blocks.items() if not any(p.requires_grad for p in b.parameters())]
            for name in frozen:
                maps[name] = store.conv5_store(
                    blocks[name], maps["conv4"], f"{name}_{benchmark.name}", cache, fabric.device, dtype
                )
            if len(frozen) == len(blocks) and getattr(model, "fc6_local", None) is None:  # nobody reads conv4
                del maps["conv4"]
    return keep_on_device(maps, fabric.device)


@torch.inference_mode()
def detect(model: nn.Module, maps: dict, fabric: Fabric) -> tuple[Tensor, Tensor] | None:
    """What the detector of FashionNet+Joints or +Poselets finds in the cached conv4 maps of plain and mirrored crops: see
    `Samples.detected`. None without a detector or cached maps."""
    detector = getattr(model, "detector", None)
    if detector is None or "conv4" not in maps:
        return None
    detector.to(fabric.device).eval()
    shape = *maps["conv4"].shape[:2], detector.heatmap.out_channels
    places, gate = torch.zeros(*shape, 2), torch.zeros(shape)
    for start in range(0, len(maps["conv4"]), 100):
        part = maps["conv4"][start : start + 100]
        sides = store.sides_there(part)
        part = part[:, :sides]
        part = (part if isinstance(part, Tensor) else torch.from_numpy(np.array(part))).to(fabric.device)
        conv4 = part.flatten(0, 1).permute(0, 3, 1, 2).float().contiguous(memory_format=torch.channels_last)
        with fabric.autocast():
            found = detector.detect(detector.branches(conv4))
        for whole, values in zip((places, gate), found, strict=True):
            whole[start : start + 100, :sides] = values.float().unflatten(0, (-1, sides)).cpu()
    return places, gate


def ship(runs: dict[str, Path], path: Path) -> None:
    """Put what pre-training taught into one file: FashionNet's conv1-conv5 and pose branch, the detectors without their
    trunk, which is the same. Half precision; the header says which runs it is from. Where the file is there, what `runs`
    lacks stays as it is in it."""
    state, about = {}, {}
    if path.exists():
        with safe_open(path, "pt") as file:
            about, state = file.metadata(), {name: file.get_tensor(name) for name in file.keys()}
    for run_name, folder in runs.items():
        own = load_file(folder / "model.safetensors")
        if run_name in parts.KINDS:
            state |= {f"{run_name}.{name}": value for name, value in own.items() if not name.startswith("trunk.")}
        else:
            state |= {name: value for name, value in own.items() if name.startswith(PRETRAINED_PARTS)}
        said = json.loads((folder / "run.json").read_text())["about"]
        if path.name in said["weights"]:  # it went on from what this file held
            said["earlier"] = json.loads(about[run_name])
        about[run_name] = json.dumps(said)
    save_beside({name: value.half() for name, value in state.items()}, path, about)


def main() -> None:
    from lib import report  # the command line alone needs it; report reads what this module writes

    parser = argparse.ArgumentParser(prog="python -m lib.train", description=__doc__.split("\n")[0])
    parser.add_argument("--method", choices=METHODS, default="fashionnet")
    parser.add_argument("--benchmark", default="category_attribute")
    parser.add_argument("--profile", default="demo", help=f"one of {', '.join(PROFILES)}")
    parser.add_argument("--data", default="", help="folder of the real DeepFashion; the synthetic world without it")
    parser.add_argument("--weights", default="", help="VGG-16 as .safetensors, 'torchvision', 'world' or 'none'")
    parser.add_argument("--out", default="", help="folder of the results; outputs/<profile> without it")
    parser.add_argument("--split", choices=("train", "pretrain"), default="train", help="what to learn from")
    parser.add_argument(
        "--ship", default="", help="pre-train, and write the network for others to start from to this file"
    )
    args = parser.parse_args()
    config, out = report.open_run(args.profile, args.out)
    fabric = make_fabric(config)
    with fabric.rank_zero_first():  # one process writes the synthetic world
        benchmarks = report.open_data(config, args.data, out)
    if args.benchmark not in benchmarks:
        parser.error(f"no benchmark {args.benchmark} in this source; there are {', '.join(benchmarks)}")
    benchmark = benchmarks[args.benchmark]
    if args.ship:
        # The detectors are taught with the trunk, which they share.
        names = ["fashionnet"] if config.training.freeze_trunk else ["fashionnet", *parts.KINDS]
        runs = {name: run(name, benchmark, config, out, args.weights, fabric, split="pretrain") for name in names}
        return ship(runs, Path(args.ship))
    print(run(args.method, benchmark, config, out, args.weights, fabric, split=args.split))


if __name__ == "__main__":
    main()
