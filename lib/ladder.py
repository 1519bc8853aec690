"""The ladder of places: what pooling at landmarks is worth, and what many attributes are worth (notebook 10).

ImageNet's maps of every picture are computed once and stay frozen; a small network is trained on top of them. Its
global branch reads the last map. Its local branch pools an earlier map around eight places, and the rungs of the ladder
differ in these places: at random, on a grid, at landmarks that are estimated or true, at human joints; the last three
in the gate, too, which closes at what is not visible. Not in the paper, which compares networks that differ in more.

All locations are (x, y) in units of the view, as in `fashionnet`.
"""

import contextlib
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import NamedTuple

import joblib
import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from tqdm import tqdm

from lib import crops, efficientnet, losses, networks, runs, train
from lib.artefact import artefact, digest, read_tensors, write_tensors
from lib.config import Config, Ladder, Weights
from lib.deepfashion import Benchmark, measured_rows, measured_split
from lib.fashionnet import GRID, N_LANDMARKS, answers, fully_connected, initialise, make_head, make_heatmap, soft_argmax
from lib.landmark_pooling import landmark_pooling
from lib.lists import JOINTS, VISIBLE, Lacks
from lib.methods import DETECTORS, FASHIONNET, find
from lib.rivals import found_parts
from lib.world import label_probabilities

VERSION = 2  # raised by hand when maps or training change
MOST = 20_000  # pictures that are trained on, and that are measured: their maps take 0.1 MB a view in memory
BINS = 2  # around a place, a side; a region is 32 pixels of the view wide
CELLS = 4  # as FashionNet's pool5 keeps them, at this size
# Channels of the two maps by their stride. A cell of the first sees 67 px of the view, one of the second all of 128 px,
# though mostly its middle.
CHANNELS = {8: efficientnet.CHANNELS["shared"], 16: efficientnet.CHANNELS["conv5"]}
POOLED = 2 * efficientnet.CHANNELS["last"]  # mean and maximum of the last map
# As many joints as there are landmarks, those nearest to collars, sleeves, waistline and hems.
JOINT_PLACES = tuple(
    JOINTS.index(f"{side} {j}") for j in ("shoulder", "wrist", "hip", "knee") for side in ("left", "right")
)


class Rung(NamedTuple):
    """Where the local branch pools. places: "" for no such branch, else a kind of `places_of`."""

    words: str
    places: str = ""
    # Which places are gated to zero, as in the paper's layer: "" none, "own" those found invisible, or by the "truth".
    gate: str = ""
    wide: bool = False  # as many parameters as with a local branch
    cells: bool = False  # reads the map at stride 16 in CELLS x CELLS cells, too


# What the training maps must have, by kind of places.
NEEDS = dict.fromkeys(("mean", "regression", "heatmap", "truth"), "landmarks")
NEEDS |= dict.fromkeys(("joints", "listed"), "parts")
NOTHING, EQUAL, MEAN, TRUE = "nothing", "nothing, as many parameters", "mean landmarks", "true landmarks"
LAYOUT = "4 x 4 cells"
RUNGS = {
    NOTHING: Rung("no local branch"),
    EQUAL: Rung("no local branch; a wider layer instead", wide=True),
    LAYOUT: Rung("no places; the map at stride 16 in 4 x 4 cells, a layout as pool5 keeps it", cells=True),
    "random places": Rung("eight places drawn at random for each view of a picture", "random"),
    "fixed grid": Rung("the same eight places for all pictures", "grid"),
    MEAN: Rung("where landmarks are on average in training", "mean"),
    "estimated landmarks": Rung("a regression on the frozen maps", "regression"),
    "estimated by heatmaps": Rung("a soft-argmax over heatmaps on the frozen maps", "heatmap"),
    TRUE: Rung("the annotation, in training and at test; one that is not visible is at its mean place", "truth"),
    "detected joints": Rung("eight joints, by a detector that is trained on the same pictures", "joints"),
    "listed joints": Rung("eight joints of list_joints.txt: the generator's, or on photos a pose detector's", "listed"),
    "cells and grid": Rung("the cells, and the fixed grid", "grid", cells=True),
    "cells and heatmaps": Rung("the cells, and landmarks estimated by heatmaps", "heatmap", cells=True),
    "cells and true landmarks": Rung("the cells, and the annotation", "truth", cells=True),
    "heatmaps, gated": Rung("estimated by heatmaps, those found invisible gated to zero", "heatmap", "own"),
    "true, gated": Rung("the annotation, those not visible gated to zero", "truth", "own"),
    "mean, gated by truth": Rung("mean landmarks, gated by the annotation: what the gate alone tells", "mean", "truth"),
}


Maps = dict[str, Tensor]


def make_maps(benchmark: Benchmark, rows: np.ndarray, config: Config, out: Path, views: int = 0) -> Maps:
    """Return the frozen maps of `rows` (n,) in V views each, computed once under `out`/cache.

    views: V jittered and mirrored views for training; 0 for the fixed view of the test, V = 1. Returns float16 pooled
    (n, V, POOLED), map8 (n, V, H, W, 40) and map16 (n, V, H / 2, W / 2, 112), and where the benchmark has them
    landmarks (n, V, 8, 2), visibility (n, V, 8), and of the joints parts (n, V, 14, 2) and present (n, V, 14).
    """
    about = {"version": VERSION, "dataset": benchmark.key, "rows": digest(rows.tolist()), "views": views}
    about |= {"input": vars(config.input), "seed": config.seed, "network": runs.file_digest(efficientnet.WEIGHTS)}
    folder = out / "cache" / f"maps_{benchmark.name}_{digest(about)}"
    samples = train.make_samples(benchmark, config, find(FASHIONNET))
    if benchmark.joints is not None:
        joints = train.make_samples(benchmark, config, DETECTORS["joints"])
        samples = replace(samples, parts=joints.parts, present=joints.present)
    samples = replace(samples, crops=crops.crop_store(benchmark, out / "cache", config.input))

    def make(part: Path) -> None:
        found = [_maps_of_view(samples, rows, config, view if views else None) for view in range(max(1, views))]
        tensors = {name: torch.stack([maps[name] for maps in found], dim=1) for name in found[0]}
        write_tensors(part / "maps.safetensors", tensors)

    artefact(folder, make, about)
    return read_tensors(folder / "maps.safetensors")[0]


@torch.inference_mode()
def _maps_of_view(samples: train.Samples, rows: np.ndarray, config: Config, number: int | None) -> Maps:
    """Return the maps of one view of each row: the jittered one of that number, or the fixed one for None."""
    network, side, found = efficientnet.frozen(), config.input.view_px, []
    batches = np.array_split(rows, max(1, -(-len(rows) // 100)))
    for index, batch in enumerate(tqdm(batches, desc="frozen maps", unit="batch", mininterval=5)):
        view = crops.fixed_view(len(batch), config.input)
        if number is not None:
            seed = (config.seed * 1000 + number) * 100_000 + index
            view = crops.training_view(len(batch), config.input, torch.Generator().manual_seed(seed))
        chosen = torch.from_numpy(batch)
        map8, map16, last = efficientnet.maps(network, samples.images(chosen, view, side))
        maps = {"pooled": torch.cat([last.mean((2, 3)), last.amax((2, 3))], dim=1).half()}
        maps |= {"map8": map8.permute(0, 2, 3, 1).half(), "map16": map16.permute(0, 2, 3, 1).half()}
        labels = samples.labels(chosen, view)
        places = {name: labels[name] for name in ("landmarks", "visibility", "parts", "present") if name in labels}
        found.append(maps | places)
    return {name: torch.cat([maps[name] for maps in found]) for name in found[0]}


class Locator(nn.Module):
    """Find landmarks or joints on the frozen maps.

    kind: "regression" or "heatmap", landmarks as FashionNet's two heads find them; "joints", by heatmaps with one more
    answer, "absent", as `rivals.PartDetector`. It starts at `mean` (L, 2), or at flat heatmaps.
    """

    def __init__(self, kind: str, cells: int, mean: Tensor):
        super().__init__()
        self.kind, count = kind, len(mean)
        self.convs = nn.Sequential(nn.BatchNorm2d(CHANNELS[16]), nn.Conv2d(CHANNELS[16], 64, 3, padding=1), nn.ReLU())
        self.state = nn.Linear(POOLED, count * (1 if kind == "joints" else 3))
        if kind == "regression":
            last = nn.Linear(256, 2 * count)
            self.fc = nn.Sequential(fully_connected(64 * (cells // 2) ** 2, 256, 0.2), last)
        else:
            self.upsample, self.heatmap = make_heatmap(64, count)
            last = self.heatmap
        initialise(self)
        for layer in (self.state, last):
            nn.init.zeros_(layer.weight)
        if kind == "regression":
            last.bias.data.copy_(mean.flatten())

    def forward(self, pooled: Tensor, cells: Tensor) -> dict[str, Tensor]:
        """pooled (n, POOLED), cells (n, 112, H, W). Returns what `fashionnet.PoseBranch` or a detector returns."""
        x, state = self.convs(cells), self.state(F.normalize(pooled, dim=1) * 10)
        if self.kind == "regression":
            landmarks = self.fc(F.max_pool2d(x, 2).flatten(1)).unflatten(1, (-1, 2))
            return {"landmarks": landmarks, "visibility": state.unflatten(1, (-1, 3))}
        heatmap = self.heatmap(F.relu(self.upsample(x)))
        if self.kind == "joints":
            return found_parts(heatmap, state)
        log_heatmap, landmarks = soft_argmax(heatmap)
        return {"log_heatmap": log_heatmap, "landmarks": landmarks, "visibility": state.unflatten(1, (-1, 3))}


def fit_locator(maps: Maps, rows: np.ndarray, kind: str, settings: Ladder, seed: int, share: float = 1) -> Locator:
    """Train a locator on these rows (n,) of the training maps, for a share of the usual passes."""
    torch.manual_seed(seed)
    joints = kind == "joints"
    weights = Weights(landmark=10, heatmap=1, visibility=0.1, category=0, attribute=0, triplet=0, pair=0)
    model = Locator(kind, maps["map16"].shape[2], mean_place(maps, rows, joints))

    def loss(rows: Tensor, view: int) -> Tensor:
        names = ("parts", "present") if joints else ("landmarks", "visibility")
        true = {name: maps[name][rows, view] for name in names}
        return train.total(train.loss_terms(model(*_inputs(maps, rows, view)), true, None, 0), weights)

    epochs = max(1, round(share * settings.locator_epochs))
    minimise(model, loss, rows, maps["map16"].shape[1], settings, epochs, seed)
    return model.eval()


def mean_place(maps: Maps, rows: np.ndarray, joints: bool) -> Tensor:
    """Return the mean location (L, 2) of each visible landmark, or of each joint that is present."""
    where, seen = (maps["parts"], maps["present"]) if joints else (maps["landmarks"], maps["visibility"] == VISIBLE)
    where, seen = where[rows], seen[rows][..., None]
    mean = torch.where(seen, where, 0).sum((0, 1)) / seen.sum((0, 1)).clamp_min(1)
    return torch.where(seen.any(0).any(0), mean, 0.5)


def _inputs(maps: Maps, rows: Tensor, view: int) -> tuple[Tensor, Tensor]:
    return maps["pooled"][rows, view].float(), maps["map16"][rows, view].float().permute(0, 3, 1, 2)


@torch.inference_mode()
def locate(model: Locator, maps: Maps) -> tuple[Tensor, Tensor]:
    """Return the locations (n, V, L, 2) and their gate (n, V, L) that a trained locator finds on maps."""
    n, views = maps["map16"].shape[:2]
    found = [[model(*_inputs(maps, rows, view)) for rows in torch.arange(n).split(500)] for view in range(views)]

    def gathered(name: str) -> Tensor:
        return torch.stack([torch.cat([out[name] for out in view]) for view in found], dim=1)

    if model.kind == "joints":
        return gathered("parts")[:, :, JOINT_PLACES], (gathered("present")[:, :, JOINT_PLACES] > 0.5).float()
    return gathered("landmarks"), (gathered("visibility").argmax(3) == VISIBLE).float()


Places = tuple[Tensor, Tensor]  # locations (n, V, 8, 2) and gates (n, V, 8)


def places_of(
    kind: str, maps: Maps, rows: np.ndarray, others: list[Maps], settings: Ladder, seed: int, share: float = 1
) -> list[Places | None]:
    """Return a kind of places for the training maps and for other maps; what is learned is learned from `rows`.

    None for other maps whose annotated places are not known. share: of the usual passes of what learns. Raises Lacks
    where the training maps have no such places.
    """
    if (wanted := NEEDS.get(kind)) and wanted not in maps:
        raise Lacks(f"this source has no {'joints' if wanted == 'parts' else wanted}")
    if kind in ("regression", "heatmap", "joints"):
        model = fit_locator(maps, rows, kind, settings, seed, share)
        return [locate(model, some) for some in (maps, *others)]
    return [_fixed_places(kind, maps, rows, some, 1000 * seed + i) for i, some in enumerate((maps, *others))]


def _fixed_places(kind: str, train_maps: Maps, rows: np.ndarray, maps: Maps, seed: int) -> Places | None:
    """Return places that are not estimated."""
    shape = maps["map16"].shape[:2]
    everywhere = torch.ones(*shape, N_LANDMARKS)
    if kind == "random":
        drawn = torch.rand(*shape, N_LANDMARKS, 2, generator=torch.Generator().manual_seed(seed))
        return 0.1 + 0.8 * drawn, everywhere
    if kind == "grid":
        return torch.tensor(GRID).expand(*shape, -1, -1), everywhere
    if kind == "mean":
        return mean_place(train_maps, rows, False).expand(*shape, -1, -1), everywhere
    if NEEDS[kind] not in maps:
        return None
    if kind == "truth":
        seen, where, mean = maps["visibility"] == VISIBLE, maps["landmarks"], mean_place(train_maps, rows, False)
    else:
        seen, where = (maps[name][:, :, JOINT_PLACES] for name in ("present", "parts"))
        mean = mean_place(train_maps, rows, True)[list(JOINT_PLACES)]
    return torch.where(seen[..., None], where, mean), seen.float()


def gated(places: list[Places | None], maps: list[Maps], gate: str) -> list[Places | None]:
    """Return places with the gate of a rung: open everywhere, the places' own, or that of the true landmarks."""
    if gate == "own":
        return places
    if gate == "truth":
        return [
            (found[0], (some["visibility"] == VISIBLE).float()) if "visibility" in some else None
            for found, some in zip(places, maps, strict=True)
        ]
    return [found and (found[0], torch.ones_like(found[1])) for found in places]


def width(settings: Ladder, outputs: int) -> int:
    """Return the width of a layer over the last map that has as many parameters as one over eight places, too."""
    at_places, more = N_LANDMARKS * CHANNELS[settings.stride] * BINS**2, outputs + 1
    return round(settings.hidden * (POOLED + at_places + more) / (POOLED + more))


class Branches(nn.Module):
    """A layer over frozen features, unless `hidden` is 0, and heads for classes, as of `networks.classes`."""

    def __init__(self, inputs: int, hidden: int, dropout: float, classes: dict[str, list[str]]):
        super().__init__()
        self.norm = nn.BatchNorm1d(inputs, affine=False)
        self.fc = fully_connected(inputs, hidden, dropout) if hidden else nn.Identity()
        initialise(self)
        sizes = (len(classes.get(head, ())) for head in ("category", "attributes"))
        self.category, self.attributes = (make_head(hidden or inputs, n) for n in sizes)

    def forward(self, features: Tensor) -> dict[str, Tensor]:
        """features (n, D) float32. Returns what `fashionnet.answers` returns."""
        return answers(self, self.fc(self.norm(features)))


@torch.inference_mode()
def features_of(maps: Maps, places: Places | None, stride: int, in_cells: bool = False) -> Tensor:
    """Return what a network reads of maps, (n, V, D) float16: pooled and, at places, the map of a stride around them.

    in_cells: and the map at stride 16 in cells. Nothing of it is learned, so that it is pooled once for all passes.
    """
    pooled = maps["pooled"]
    if in_cells:
        layout = [F.adaptive_avg_pool2d(view.permute(0, 3, 1, 2), CELLS).flatten(1) for view in maps["map16"].unbind(1)]
        pooled = torch.cat([pooled, torch.stack(layout, dim=1)], dim=2)
    if places is None:
        return pooled
    views = []
    for view in range(pooled.shape[1]):
        parts = []
        for rows in torch.arange(len(maps["pooled"])).split(500):
            cells = maps[f"map{stride}"][rows, view].permute(0, 3, 1, 2)
            where, gate = (values[rows, view] for values in places)
            parts.append(landmark_pooling(cells, where, gate, 32 // stride, BINS).flatten(1))
        views.append(torch.cat(parts))
    return torch.cat([pooled, torch.stack(views, dim=1)], dim=2)


def minimise(model, loss, rows: np.ndarray, views: int, settings: Ladder, epochs: int, seed: int) -> None:
    """Minimise loss(rows, view) by AdamW, one of `views` drawn at each step."""
    optimizer = torch.optim.AdamW(model.parameters(), settings.rate, weight_decay=settings.weight_decay, fused=True)
    step, updates = 0, epochs * -(-len(rows) // settings.batch)
    model.train()
    for epoch in range(epochs):
        rng = np.random.default_rng((seed, epoch))
        for batch in torch.from_numpy(rng.permutation(rows)).split(settings.batch):
            optimizer.param_groups[0]["lr"] = settings.rate * train.rate_share(step, updates)
            step += 1
            if len(batch) > 1:  # of one row there is no deviation
                optimizer.zero_grad(set_to_none=True)
                loss(batch, int(rng.integers(views))).backward()
                optimizer.step()


@torch.inference_mode()
def predict(model: Branches, features: Tensor) -> dict[str, np.ndarray]:
    """Return category (n, K) and attributes (n, A) scores and embedding (n, hidden) of features (n, 1, D)."""
    model.eval()
    out = [model(part.float()) for part in features[:, 0].split(500)]
    return {name: torch.cat([found[name] for found in out]).numpy() for name in out[0]}


class Job(NamedTuple):
    """One training: a rung, a seed, and what else is varied."""

    rung: str
    seed: int
    images: int = 0  # trained on; 0: all
    passes: float = 1  # share of the usual ones
    attributes: int = 0  # supervised; 0: all
    chosen: str = "frequent"  # which: the most "frequent" ones, or at "random"
    weight: str = "mean"  # the loss is 1 for the label frequencies ("mean"), or a label weighs the same ("sum", Eq. 1)
    exact: bool = False  # the generator's probabilities of the labels supervise instead of the labels


@dataclass
class Task:
    """The data of a ladder: training maps of the category-and-attribute benchmark, and what is measured.

    measured: by stage the benchmark, its measured rows, how many of these are queries (None: no search), their maps.
    """

    config: Config
    benchmark: Benchmark
    rows: np.ndarray
    maps: Maps
    measured: dict[str, tuple[Benchmark, np.ndarray, int | None, Maps]]
    folder: Path
    odds: Tensor | None = None  # (n, A) float32 probabilities of the attributes of `rows`, which a drawn world knows
    _places: dict = field(default_factory=dict, init=False)  # of the last job

    def chosen(self, job: Job) -> np.ndarray:
        """Return the numbers of the training maps that a job is trained on."""
        return np.random.default_rng(job.seed).permutation(len(self.rows))[: job.images or None]

    def places(self, job: Job) -> list[Places | None]:
        """Return a job's places for the training maps and each measured stage; kept for the next job with the same."""
        rung, maps = RUNGS[job.rung], [self.maps, *(entry[3] for entry in self.measured.values())]
        key = rung.places, job.seed, job.images, job.passes
        if key not in self._places:
            chosen, settings = self.chosen(job), self.config.ladder
            self._places = {key: places_of(rung.places, maps[0], chosen, maps[1:], settings, job.seed, job.passes)}
        return gated(self._places[key], maps, rung.gate)


def make_task(benchmarks: dict[str, Benchmark], config: Config, out: Path) -> Task:
    """Return the task of a source: trained on pretrain and train, measured on `measured_split` and both searches."""
    benchmark, rng = benchmarks["category_attribute"], np.random.default_rng(config.seed)
    rows, measured = benchmark.rows("pretrain", "train"), benchmark.rows(measured_split(benchmark))
    if not len(rows):
        raise Lacks(f"{benchmark.images_root}: {runs.NO_ROWS}")
    rows, measured = (np.sort(rng.permutation(some)[:MOST]) if len(some) > MOST else some for some in (rows, measured))
    stages = {"category_attribute": (benchmark, measured, None, make_maps(benchmark, measured, config, out))}
    for name in runs.SEARCHES:
        with contextlib.suppress(Lacks):  # of queries or of a gallery
            both, query, _ = measured_rows(runs.benchmark_of(name, benchmarks))
            stages[name] = (benchmarks[name], both, len(query), make_maps(benchmarks[name], both, config, out))
    maps = make_maps(benchmark, rows, config, out, config.ladder.views)
    return Task(config, benchmark, rows, maps, stages, out / "ladder")


def label_odds(task: Task) -> Tensor:
    """Return the probabilities of the attributes of a drawn task's training images, (n, A) float32, computed once."""
    about = {"dataset": task.benchmark.key, "rows": digest(task.rows.tolist())}

    def make(part: Path) -> None:
        odds = label_probabilities(task.config.world, task.config.seed, task.rows, joblib.cpu_count())
        write_tensors(part / "odds.safetensors", {"odds": torch.from_numpy(odds)})

    folder = artefact(task.folder.parent / "cache" / f"odds_{digest(about)}", make, about)
    return read_tensors(folder / "odds.safetensors")[0]["odds"]


def supervised(task: Task, job: Job) -> np.ndarray:
    """Return (A,) bool: the attributes that supervise a job. Random ones are the same for all seeds, and nested."""
    frequency = task.benchmark.frequency(task.rows)
    order = np.argsort(-frequency, kind="stable")
    if job.chosen == "random":
        order = np.random.default_rng(task.config.seed).permutation(len(order))
    mask = np.zeros(len(order), bool)
    mask[order[: job.attributes or len(order)]] = True
    return mask


def run(task: Task, job: Job) -> dict[str, dict[str, np.ndarray]]:
    """Return a job's rankings by stage, as `runs.rank` does; trained once. Stages that lack its places are missing."""
    settings = vars(task.config.ladder) | vars(task.config.input) | vars(task.config.training.step2)
    settings = {name: value for name, value in settings.items() if name not in ("seeds", "doses", "shares")}
    settings |= {"seed": task.config.seed, "network": runs.file_digest(efficientnet.WEIGHTS)}
    about = {"job": job._asdict(), "settings": settings, "version": VERSION, "rows": digest(task.rows.tolist())}
    about |= {"balance": task.config.training.attribute_balance, "groups": task.benchmark.attribute_groups.tolist()}
    about |= {stage: entry[0].key + digest(entry[1].tolist()) for stage, entry in task.measured.items()}
    name = job.rung.replace(",", "").replace(" ", "-")
    folder = artefact(task.folder / f"{name}_{job.seed}_{digest(about)}", lambda part: _run(task, job, part), about)
    files = {stage: folder / f"{stage}.safetensors" for stage in task.measured}
    return {stage: read_tensors(path, "np")[0] for stage, path in files.items() if path.exists()}


def _run(task: Task, job: Job, folder: Path) -> None:
    rung, chosen, benchmark = RUNGS[job.rung], task.chosen(job), task.benchmark
    settings, samples, heads = task.config.ladder, labels_of(benchmark, task.rows), networks.classes(benchmark)
    balance, mask = task.config.training.attribute_balance, supervised(task, job)
    weights = train.attribute_weights(samples, chosen, mask, balance)
    if job.weight == "sum":  # a label weighs the same however many are supervised, as Equation 1 sums them
        whole = losses.attribute_weights(samples.attributes[chosen], balance)
        weights = tuple(w * torch.from_numpy(mask) for w in whole)
    places = task.places(job) if rung.places else None  # locators are trained before the network is drawn
    torch.manual_seed(job.seed)
    features = features_of(task.maps, places and places[0], settings.stride, rung.cells)
    hidden = width(settings, sum(map(len, heads.values()))) if rung.wide else settings.hidden
    model = Branches(features.shape[2], hidden, settings.dropout, heads)
    epochs = max(1, round(job.passes * settings.epochs))
    odds = task.odds if job.exact else None
    fit_heads(model, features, samples, chosen, weights, task.config, epochs, job.seed, odds)
    for number, (stage, (measured, rows, queries, maps)) in enumerate(task.measured.items(), 1):
        if places is not None and places[number] is None:
            continue
        scores = predict(model, features_of(maps, places and places[number], settings.stride, rung.cells))
        scores = scores if queries is None else {"embedding": scores["embedding"]}
        ranked = runs.rank(scores, measured, rows, queries)
        write_tensors(folder / f"{stage}.safetensors", ranked)


def labels_of(benchmark: Benchmark, rows: np.ndarray) -> train.Samples:
    """Return the attributes and, where there are any, the categories of `rows` (n,)."""
    category = None if benchmark.category is None else torch.from_numpy(benchmark.category[rows]).long()
    return train.Samples(category=category, attributes=torch.from_numpy(benchmark.attributes[rows]))


def fit_heads(
    model: nn.Module,
    features: Tensor,
    samples: train.Samples,
    rows: np.ndarray,
    weights: tuple[Tensor, Tensor],
    config: Config,
    epochs: int,
    seed: int,
    odds: Tensor | None = None,
) -> None:
    """Train a network on `rows` of features (n, V, D), from the label frequencies on.

    odds: (n, A) probabilities of the attributes, which supervise instead of their labels.
    """
    train.start_at_frequencies(model, samples, rows, weights, config, [])

    def loss(chosen: Tensor, view: int) -> Tensor:
        out = model(features[chosen, view].float())
        terms = train.loss_terms(out, samples.labels(chosen, None), weights, 0)
        if odds is not None:
            terms["attribute"] = losses.expected_attribute_loss(out["attributes"], odds[chosen], *weights)
        return train.total(terms, config.training.step2)

    minimise(model, loss, rows, features.shape[1], config.ladder, epochs, seed)
