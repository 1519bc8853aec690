"""The paper's iterative training (section 3): samples, the two steps, fit and predict.

Every random choice is drawn from (seed, step), so that a resumed run and one of several processes see the same batches
and crops. Dropout differs between processes, and so do batch norms on CPUs, where PyTorch cannot synchronise them.
"""

import json
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import cache, cached_property, partial
from pathlib import Path

import numpy as np
import torch
from lightning_fabric import Fabric
from lightning_fabric.plugins.environments import LightningEnvironment, TorchElasticEnvironment
from lightning_fabric.strategies import DDPStrategy
from torch import Tensor, nn
from tqdm import tqdm

from lib import crops, losses, parts
from lib.artefact import read_tensors, write_tensors
from lib.config import Config, Schedule, Weights
from lib.crops import Jpegs, View
from lib.deepfashion import Benchmark
from lib.lists import CUT_OFF, VISIBLE, DataError
from lib.methods import Method

NOT_SUPERVISED = -30.0  # the score of an attribute without supervision: below all others, and equal for all
WEIGHTS = {1: "step1", 2: "step2", "all": "at_once"}  # of the losses in each step, as `config.Training` names them
WARM_UP = 3  # updates before one is recorded
SAVE_EVERY = 60.0  # seconds between checkpoints, at least
OUTPUTS = ("embedding", "category", "attributes", "landmarks", "visibility", "parts", "present")  # that are stored


@dataclass(frozen=True)
class Samples:
    """What training reads, one row per image; None where there are no labels."""

    crops: np.ndarray | Jpegs | Tensor | None = None  # (N, px, px, 3) uint8, on the device or memory-mapped
    landmarks: Tensor | None = None  # (N, 8, 2) in units of the crop, NaN where not annotated
    visibility: Tensor | None = None  # (N, 8) codes, 2 (cut off) where the clothes type lacks it
    category: Tensor | None = None  # (N,)
    attributes: Tensor | None = None  # (N, A) in {1, -1, 0}
    item: Tensor | None = None  # (N,) numbers
    domain: Tensor | None = None  # (N,) 0 shop, 1 consumer
    parts: Tensor | None = None  # (N, 2, P, 2) of a part detector, in units of the crop, plain and mirrored
    present: Tensor | None = None  # (N, 2, P)

    def to(self, device: torch.device) -> "Samples":
        """Move the labels to a device."""
        labels = {name: value for name, value in vars(self).items() if name != "crops" and value is not None}
        return replace(self, **{name: value.to(device) for name, value in labels.items()})

    def images(self, rows: Tensor, view: View, side: int) -> Tensor:
        """Return the normalised views (n, 3, side, side) of `rows` (n,) int64, on the device of `view`."""
        if isinstance(self.crops, Tensor):
            chosen = self.crops[rows]
        else:
            chosen = torch.from_numpy(self.crops[rows.cpu().numpy()]).to(view.size.device, non_blocking=True)
        return crops.images_in_view(chosen, view, side)

    def labels(self, rows: Tensor, view: View) -> dict[str, Tensor]:
        """Return the labels of these rows, landmarks and parts in units of the view."""
        out = {}
        if self.landmarks is not None:
            out["landmarks"] = crops.landmarks_in_view(self.landmarks[rows], view)
            out["visibility"] = crops.visibility_in_view(self.visibility[rows], out["landmarks"], view)
        for name in ("category", "attributes", "item", "domain"):
            if getattr(self, name) is not None:
                out[name] = getattr(self, name)[rows]
        if self.parts is not None:
            side = view.mirrored.long()
            out["parts"] = crops.points_in_view(self.parts[rows, side], view)
            out["present"] = self.present[rows, side]
        return out


def make_samples(benchmark: Benchmark, config: Config, method: Method, poselets: np.ndarray | None = None) -> Samples:
    """Return the labels that supervise a method. poselets: of `parts.arrangements`, for a detector of poselets."""
    margin = config.input.margin
    if method.network == "detector":
        points, present = parts.targets(method.pool_at, benchmark, margin, poselets)
        return Samples(parts=torch.from_numpy(points), present=torch.from_numpy(present))

    def tensor(array, dtype):
        return None if array is None else torch.from_numpy(np.ascontiguousarray(array)).to(dtype)

    labels = {}
    if benchmark.landmarks is not None and method.predicts_landmarks:
        landmarks = crops.to_crop(benchmark.landmarks, benchmark.box, margin)
        visibility = np.where(benchmark.visibility == -1, CUT_OFF, benchmark.visibility)  # closes their gates
        labels |= {"landmarks": tensor(landmarks, torch.float32), "visibility": tensor(visibility, torch.int64)}
    item = None if benchmark.item is None else np.unique(benchmark.item, return_inverse=True)[1]
    domain = None if benchmark.domain is None else benchmark.domain == "consumer"
    return Samples(
        category=tensor(benchmark.category, torch.int64),
        attributes=tensor(None if method.attributes == 0 else benchmark.attributes, torch.int8),
        item=tensor(item, torch.int64),
        domain=tensor(domain, torch.int64),
        **labels,
    )


def attribute_weights(
    samples: Samples, rows: np.ndarray, supervised: np.ndarray, power: float
) -> tuple[Tensor, Tensor]:
    """Return w_pos and w_neg (A,) of Equation 1 over the training rows, 0 for attributes without supervision."""
    mask = torch.from_numpy(supervised)
    w_pos, w_neg = torch.zeros(len(mask)), torch.zeros(len(mask))
    w_pos[mask], w_neg[mask] = losses.attribute_weights(samples.attributes[rows][:, mask], power)
    return w_pos, w_neg


def start_at_frequencies(
    model: nn.Module, samples: Samples, rows: np.ndarray, weights, config: Config, started: list[str]
) -> None:
    """Set new heads to the mean landmarks and label frequencies of the training rows, the best guess without an image.

    A thousand rare attributes would otherwise take epochs to be found rare. started: parameters that an earlier network
    gave, which stay. Attributes without supervision get one score below all others.
    """
    with torch.no_grad():
        landmarks = getattr(getattr(model, "pose", None), "landmarks", None)
        if samples.landmarks is not None and landmarks is not None and "pose.landmarks.bias" not in started:
            view = crops.fixed_view(len(rows), config.input)
            mean = crops.landmarks_in_view(samples.landmarks[rows], view).nanmean(0).nan_to_num(0.5)
            landmarks.bias.copy_(mean.flatten())
        if samples.category is not None and model.category is not None and "category.bias" not in started:
            counts = torch.bincount(samples.category[rows], minlength=len(model.category.bias))
            model.category.bias.copy_((counts.clamp_min(0.5) / len(rows)).log())
        if samples.attributes is not None and model.attributes is not None and "attributes.bias" not in started:
            logits = losses.prior_logits(losses.attribute_shares(samples.attributes[rows]), *weights)
            model.attributes.bias.copy_(torch.where(weights[0] > 0, logits, NOT_SUPERVISED))
            if isinstance(model.attributes, nn.Linear):  # otherwise random weights would rank them
                model.attributes.weight[weights[0] == 0] = 0


@cache
def make_fabric(precision: str) -> Fabric:
    """Return Fabric for one device, or for as many processes as torchrun started.

    precision: Fabric's name, or "auto", bf16-mixed where the machine has units. Raises DataError where the GPU fails.
    """
    if torch.cuda.is_available():
        try:
            torch.ones(2, device="cuda").sum()
        except RuntimeError as error:  # it has no kernels for this GPU, or another process has taken its memory
            why = str(error).splitlines()[0]
            raise DataError(f"the GPU fails ({why}); set CUDA_VISIBLE_DEVICES= to use the CPU") from None
    # A batch job of Slurm is one process, whatever its variables say, unless torchrun started more.
    started = TorchElasticEnvironment.detect()
    processes = int(os.environ["LOCAL_WORLD_SIZE"]) if started else 1
    nodes = int(os.environ["WORLD_SIZE"]) // processes if started else 1
    if precision == "auto":
        flags = Path("/proc/cpuinfo")  # of Linux
        if torch.cuda.is_available():
            fast = torch.cuda.is_bf16_supported(including_emulation=False)
        else:
            fast = flags.exists() and "avx512_bf16" in flags.read_text()
        precision = "bf16-mixed" if fast else "32-true"
    # A source may lack the labels that reach some parameter.
    strategy = DDPStrategy(find_unused_parameters=True) if processes * nodes > 1 else "auto"
    cluster = TorchElasticEnvironment() if started else LightningEnvironment()
    fabric = Fabric(strategy=strategy, devices=processes, num_nodes=nodes, precision=precision, plugins=cluster)
    fabric.launch()
    return fabric


def recorded(function: Callable) -> Callable:
    """Return `function` of CUDA tensors, recorded as a CUDA graph after a few calls and replayed from then on.

    A compact network's kernels take longer to launch one by one than to run; a replay launches them at once. All calls
    must have arguments of the same shapes and the same effect on the device (no synchronisation, no copy from the
    host). A replay's result is overwritten by the next one.
    """
    calls, graph, inputs, result = 0, torch.cuda.CUDAGraph(), (), None
    stream = torch.cuda.Stream()

    def call(*arguments: Tensor):
        nonlocal calls, inputs, result
        calls += 1
        if calls <= WARM_UP:  # allocates the optimizer's state, picks the convolutions' algorithms
            stream.wait_stream(torch.cuda.current_stream())
            with torch.cuda.stream(stream):
                result = function(*arguments)
            torch.cuda.current_stream().wait_stream(stream)
            return result
        if not inputs:
            inputs = tuple(argument.clone() for argument in arguments)
            with torch.cuda.graph(graph):
                result = function(*inputs)
        for recorded_argument, argument in zip(inputs, arguments, strict=True):
            recorded_argument.copy_(argument)
        graph.replay()
        return result

    return call


def phases(schedule: Schedule, steps: tuple) -> list[tuple[int, int | str]]:
    """Return (round, step) of every epoch, in order; 2 * epochs epochs a round for every method, whatever its steps."""
    each = 2 * schedule.epochs // len(steps)
    return [(r, step) for r in range(schedule.rounds) for step in steps for _ in range(each)]


def rate_share(step: int, steps: int) -> float:
    """Return the share of the peak rate at an update: a linear warm-up over the first tenth, then linear to 0."""
    warm = max(1, steps // 10)
    return (step + 1) / warm if step < warm else (steps - step) / max(1, steps - warm)


def views_of(rows: np.ndarray, item: np.ndarray | None) -> int:
    """Return 2 where every item (N,) has a single one of `rows`, else 1: how often an epoch holds an image.

    Two jittered views of a photo are then the positive pair.
    """
    return 2 if item is not None and len(np.unique(item[rows])) == len(rows) else 1


def _adjacent(labels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return an order in which equal labels (n,) are adjacent, and otherwise random; theirs stays."""
    numbers = np.unique(labels, return_inverse=True)[1]
    return np.argsort(rng.permutation(numbers.max(initial=0) + 1)[numbers], kind="stable")


def epoch_batches(
    rows: np.ndarray, item: np.ndarray | None, batch: int, seed: tuple[int, ...], design: np.ndarray | None = None
) -> Iterator[np.ndarray]:
    """Yield shuffled batches of exactly `batch` rows (fewer only where there are fewer rows in all).

    With items (N,), all images of an item are adjacent, so that a batch holds positives; where each has a single image,
    every row comes twice (see `views_of`). With designs (N,), half of each batch are whole designs, whose items differ
    in details alone, and half items of many, for the batch norms' sake. Every process draws the same.
    """
    rng = np.random.default_rng(seed)
    order = rng.permutation(rows)
    if item is not None:
        order = order[_adjacent(item[order], rng)]
    if design is not None:
        names = rng.permutation(np.unique(design[rows]))
        whole = np.isin(design[order], names[: len(names) // 2])
        hard, many = order[whole], order[~whole]
        hard, half = hard[_adjacent(design[hard], rng)], max(1, batch // 2)
        pieces = range(0, min(len(hard), len(many)), half)
        mixed = [part[at : at + half] for at in pieces for part in (hard, many)]
        order = np.concatenate([*mixed, *(part[len(pieces) * half :] for part in (hard, many))])
    order = np.repeat(order, views_of(rows, item))
    for begin in range(0, max(len(order) - batch, 0) + 1, batch):
        yield np.sort(order[begin : begin + batch])


def loss_terms(
    out: dict, labels: dict, attribute_weights, margin: float, fabric: Fabric | None = None
) -> dict[str, Tensor]:
    """Return the losses that these outputs and labels allow, unweighted, each a mean over the batch.

    fabric: gathers the embeddings of several processes, each with a share of the batch.
    """
    if "log_parts" in out:
        return {"detection": losses.detection_loss(out["log_parts"], labels["parts"], labels["present"])}
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
        embedding, item, domain = out["embedding"], labels["item"], labels.get("domain")
        if fabric is not None and fabric.world_size > 1:
            embedding = fabric.all_gather(embedding, sync_grads=True).flatten(0, 1)
            item = fabric.all_gather(item).flatten()
            domain = None if domain is None else fabric.all_gather(domain).flatten()
        if "same" in out:
            terms["pair"] = losses.pair_loss(embedding, item, out["same"], domain)
        else:
            terms["triplet"] = losses.triplet_loss(embedding, item, margin, domain)
    return terms


def total(terms: dict[str, Tensor], weights: Weights) -> Tensor:
    return sum(getattr(weights, name) * value for name, value in terms.items())


def extra_inputs(method: Method, labels: dict[str, Tensor]) -> dict[str, Tensor]:
    """Return what a network reads besides the picture: true landmarks (the oracle, also at test) or DARN's domain."""
    if method.pool_at == "truth" and "landmarks" in labels:
        return {"pool_at": (labels["landmarks"].nan_to_num(0.5), (labels["visibility"] == VISIBLE).float())}
    if method.network == "darn" and "domain" in labels:
        return {"domain": labels["domain"]}
    return {}


@dataclass
class Fit:
    """One training: what `fit` needs besides the network."""

    method: Method
    schedule: Schedule
    config: Config
    fabric: Fabric
    samples: Samples
    rows: np.ndarray  # trained on
    held_out: np.ndarray  # rows whose losses are logged after each epoch, and decide nothing
    seed: int
    checkpoint: Path
    weights: tuple[Tensor, Tensor] | None = None  # w_pos and w_neg of the attributes
    name: str = ""  # of the run, for the progress bar
    design: np.ndarray | None = None  # (N,) numbers, where known; see `epoch_batches`
    # Made by `fit`, which also moves the labels and weights to the device:
    forward: nn.Module = field(init=False)
    optimizer: torch.optim.Optimizer = field(init=False)
    rate: Tensor = field(init=False)  # read by a recorded update

    @cached_property
    def item(self) -> np.ndarray | None:
        return None if self.samples.item is None else self.samples.item.cpu().numpy()

    @cached_property
    def views(self) -> int:
        return views_of(self.rows, self.item)

    @property
    def updates_per_epoch(self) -> int:
        return max(1, self.views * len(self.rows) // self.schedule.batch)

    @property
    def updates(self) -> int:
        return len(phases(self.schedule, self.method.steps)) * self.updates_per_epoch

    def batches(self, epoch: int) -> Iterator[np.ndarray]:
        return epoch_batches(self.rows, self.item, self.schedule.batch, (self.seed, epoch), self.design)


def fit(model: nn.Module, job: Fit) -> list[dict]:
    """Train `model` in place to the end of the schedule, where the rate is 0; return one dict per epoch.

    A checkpoint is written at the end of an epoch, at most once a minute; where one exists, training resumes from it
    and ends with the same numbers. Raises NotFinite.
    """
    fabric, schedule = job.fabric, job.schedule
    device, first = fabric.device, fabric.global_rank == 0
    largest = min(schedule.batch, job.views * len(job.rows))
    if largest % fabric.world_size:  # the mean of unequal shares' losses is not the batch's loss
        raise DataError(f"batches of {largest} cannot be shared evenly by {fabric.world_size} processes")
    if fabric.world_size > 1 and device.type == "cuda":
        from timm.layers import convert_sync_batchnorm  # PyTorch's would drop the activations in timm's batch norms

        model = convert_sync_batchnorm(model)
    model.to(memory_format=torch.channels_last)
    job.rate = torch.zeros((), device=device)
    job.forward, job.optimizer = fabric.setup(model, make_optimizer(model, job.rate, job.config, device))
    job.samples = job.samples.to(device)
    job.weights = None if job.weights is None else tuple(w.to(device) for w in job.weights)
    updates = {step: partial(update, job, step) for step in job.method.steps}
    varies = job.method.network == "darn" and job.samples.domain is not None  # its streams' shares of a batch
    if device.type == "cuda" and isinstance(job.samples.crops, Tensor) and fabric.world_size == 1 and not varies:
        updates = {step: recorded(function) for step, function in updates.items()}
    plan = phases(schedule, job.method.steps)
    done, history = load_checkpoint(job.checkpoint, model, job.optimizer)
    saved, bar = time.monotonic(), tqdm(total=job.updates, desc=job.name, unit="step", mininterval=5, disable=not first)
    bar.update(done * job.updates_per_epoch)
    for epoch in range(done, len(plan)):
        begin, (round_, step) = time.perf_counter(), plan[epoch]
        row = {"epoch": epoch, "round": round_, "step": step}
        row["rate"] = schedule.rate * rate_share((epoch + 1) * job.updates_per_epoch, job.updates)
        row |= {f"train_{loss}": value for loss, value in run_epoch(job, updates[step], epoch, bar).items()}
        row |= {f"held_out_{loss}": value for loss, value in held_out_losses(job).items()}
        history.append(row | {"seconds": round(time.perf_counter() - begin, 2)})
        if first and time.monotonic() - saved > SAVE_EVERY:
            save_checkpoint(job.checkpoint, model, job.optimizer, epoch + 1, history)
            saved = time.monotonic()
        fabric.barrier()
    bar.close()
    return history


def make_optimizer(model: nn.Module, rate: Tensor, config: Config, device: torch.device) -> torch.optim.Optimizer:
    """Return AdamW over the parameters that are trained, whose weights alone decay."""
    trained = [p for p in model.parameters() if p.requires_grad]
    groups = [
        {"params": [p for p in trained if p.ndim > 1], "weight_decay": config.training.weight_decay},
        {"params": [p for p in trained if p.ndim <= 1], "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, rate, fused=True, capturable=device.type == "cuda")


def update(job: Fit, step: int | str, batch: Tensor, *view: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
    """Update the network once with the loss weights of a step; return the loss and its terms, unweighted."""
    labels = job.samples.labels(batch, View(*view))
    images = job.samples.images(batch, View(*view), job.config.input.view_px)
    out = job.forward(images, **extra_inputs(job.method, labels))
    terms = loss_terms(out, labels, job.weights, job.config.training.margin, job.fabric)
    if "landmarks" in out and not job.method.predicts_landmarks:
        raise ValueError(f"{job.method.name} predicts landmarks: write pool_at='landmarks' in its row of methods.py")
    if unknown := terms.keys() - set(job.method.losses):
        raise ValueError(f"{job.method.name} learns {', '.join(sorted(unknown))}: name them in methods.Method.losses")
    if not terms:
        raise DataError(f"{job.method.name}: the training images have no label that this method learns")
    loss = total(terms, getattr(job.config.training, WEIGHTS[step]))
    job.optimizer.zero_grad(set_to_none=True)
    job.fabric.backward(loss)
    job.optimizer.step()
    return loss.detach(), {name: value.detach() for name, value in terms.items()}


def run_epoch(job: Fit, one_update: Callable, epoch: int, bar: tqdm) -> dict[str, float]:
    """Train one epoch; return the mean of each loss over its images. Raises NotFinite."""
    fabric, device, sums, all_losses, seen = job.fabric, job.fabric.device, {}, [], 0
    rank, size = fabric.global_rank, fabric.world_size
    job.forward.train()
    for index, batch in enumerate(job.batches(epoch)):
        step = epoch * job.updates_per_epoch + index
        seed = job.seed * 1_000_003 + step
        view = crops.training_view(len(batch), job.config.input, torch.Generator().manual_seed(seed))
        torch.manual_seed(seed * size + rank)  # dropout
        share = slice(rank * len(batch) // size, (rank + 1) * len(batch) // size)
        mine = torch.from_numpy(batch[share])
        if isinstance(job.samples.crops, Tensor):  # otherwise they are read while the device computes
            mine = mine.to(device)
        job.rate.fill_(job.schedule.rate * rate_share(step, job.updates))
        loss, terms = one_update(mine, *(values[share].to(device, non_blocking=True) for values in view))
        all_losses.append(loss.clone())  # read at the end of the epoch: reading waits for the device
        for name, value in terms.items():
            sums[name] = sums.get(name, 0) + value * len(mine)
        seen += len(mine)
        bar.update()
    bad = torch.stack(all_losses).isfinite().logical_not().nonzero()
    if len(bad):
        index = int(bad[0])
        step = epoch * job.updates_per_epoch + index
        raise NotFinite(f"the loss is not finite at step {step} (epoch {epoch})", list(job.batches(epoch))[index])
    means = {name: fabric.all_reduce(value / seen, reduce_op="mean") for name, value in sums.items()}
    return {name: round(float(value), 6) for name, value in means.items()}


class NotFinite(FloatingPointError):
    """A loss was nan or infinite. Its arguments are a sentence and the rows (int array) of the batch."""


@torch.inference_mode()
def held_out_losses(job: Fit) -> dict[str, float]:
    """Return the mean held-out losses in the fixed view; images of an item are adjacent, to give triplets."""
    job.forward.eval()
    rows, sums, device = job.held_out, {}, job.fabric.device
    samples, view_px = job.samples, job.config.input.view_px
    if job.views == 2:  # without jitter, two views of a photo are the same image twice and no pair
        samples = replace(samples, item=None)
    if samples.item is not None:
        rows = rows[np.argsort(job.item[rows], kind="stable")]
    for begin in range(0, len(rows), 100):
        batch = torch.from_numpy(rows[begin : begin + 100]).to(device)
        view = crops.fixed_view(len(batch), job.config.input).to(device)
        labels = samples.labels(batch, view)
        out = job.forward(samples.images(batch, view, view_px), **extra_inputs(job.method, labels))
        for name, value in loss_terms(out, labels, job.weights, job.config.training.margin).items():
            sums[name] = sums.get(name, 0) + value * len(batch)
    return {name: round(float(value) / len(rows), 6) for name, value in sums.items()}


@torch.inference_mode()
def predict(
    model: nn.Module, samples: Samples, benchmark: Benchmark, rows, method: Method, config: Config, fabric: Fabric
) -> dict[str, np.ndarray]:
    """Return the outputs of `model` on `rows` in the fixed view, from pixels and boxes alone.

    float32 arrays, those that the method has: landmarks (n, 8, 2) and parts (n, P, 2) in pixels of the photo as
    (x, y), visibility (n, 8, 3) and present (n, P) probabilities, category (n, K) and attributes (n, A) scores,
    embedding (n, D). No label reaches the network, except the true landmarks that the oracle pools at; DARN also reads
    the domain.
    """
    model.to(fabric.device).eval()  # not set up by Fabric: one process predicts alone
    samples, collected = samples.to(fabric.device), {}
    for begin in range(0, len(rows), 250):
        batch = torch.from_numpy(rows[begin : begin + 250]).to(fabric.device)
        view = crops.fixed_view(len(batch), config.input).to(fabric.device)
        with fabric.autocast():
            labels = samples.labels(batch, view)
            images = samples.images(batch, view, config.input.view_px)
            out = model(images, **extra_inputs(method, labels))
        for name in [name for name in OUTPUTS if name in out]:
            value = out[name].softmax(2) if name == "visibility" else out[name].float()
            value = crops.landmarks_in_crop(value, view) if name in ("landmarks", "parts") else value
            collected.setdefault(name, []).append(value)
    arrays = {name: torch.cat(values).cpu().numpy() for name, values in collected.items()}
    for name in ("landmarks", "parts"):
        if name in arrays:
            arrays[name] = crops.to_pixels(arrays[name], benchmark.box[rows], config.input.margin).astype(np.float32)
    return arrays


def save_checkpoint(path: Path, model: nn.Module, optimizer, epochs: int, history: list[dict]) -> None:
    """Write the network, AdamW's state and the history in one file: everything that the next epoch needs."""
    tensors = {f"model.{name}": value for name, value in model.state_dict().items()}
    for name, parameter in model.named_parameters():
        for key, value in optimizer.state[parameter].items() if parameter.requires_grad else ():
            tensors[f"optimizer.{name}.{key}"] = value
    write_tensors(path, tensors, {"epochs": str(epochs), "history": json.dumps(history)})


def load_checkpoint(path: Path, model: nn.Module, optimizer) -> tuple[int, list[dict]]:
    """Restore a checkpoint and return the finished epochs and their history; (0, []) where there is none."""
    if not path.exists():
        return 0, []
    tensors, header = read_tensors(path)
    model.load_state_dict({n.removeprefix("model."): v for n, v in tensors.items() if n.startswith("model.")})
    for name, parameter in model.named_parameters():
        for key in ("step", "exp_avg", "exp_avg_sq"):
            value = tensors.get(f"optimizer.{name}.{key}")
            if value is not None:  # no loss may have reached this parameter yet
                value = value.to(parameter.device)
                optimizer.state[parameter][key] = value if key == "step" else torch.empty_like(parameter).copy_(value)
    return int(header["epochs"]), json.loads(header["history"])
