"""Runs: one method trained on one stage with one seed, named by everything that its result depends on.

From a photo to a row of Table 2:

    report/results.py   open_data         the source of a profile: draw the world where no data are named, check photos
    deepfashion.py      find_benchmarks   official lists -> Benchmark, arrays with a row per image
    runs.py             make_plan         every Run of a profile, each behind those that it starts from
    runs.py             train_run         load_crops (crops.py cuts each photo once), then fit (train.py)
    runs.py             rank              the scores of predict (train.py) -> ranked answers of the measured split
    report/results.py   gather            the rankings of a stage's runs, with the truth
    report/measures.py  measure_all       one row per method and measure, with intervals
    report/tables.py    beside_paper      Table 2, ours beside the paper's

Every method is pre-trained from its own supervision and then fine-tuned on each benchmark. `make_plan` lists all runs
of a profile; training and tables read that list. A run is an artefact, <out>/runs/<stage>/<method>_<seed>_<key>/, with

    run.json             history and provenance
    model.safetensors    the trained network
    ranking.safetensors  ranked answers of the measured split: what every table reads
    scores.safetensors   all scores, landmarks and embeddings with image names, for any other evaluator
    before.safetensors   of FashionNet in a search, what ranking.safetensors was before the fine-tuning
"""

import hashlib
import json
import platform
import subprocess
import time
from dataclasses import asdict, dataclass, replace
from functools import cache
from pathlib import Path

import numpy as np
import torch
from lightning_fabric import Fabric

from lib import crops, efficientnet, metrics, networks, parts, train
from lib.artefact import artefact, digest, read_tensors, write_json, write_tensors
from lib.config import Config
from lib.deepfashion import Benchmark, measured_rows, measured_split
from lib.lists import DataError, Lacks
from lib.methods import FASHIONNET, METHODS, Method, find, missing, supervised
from lib.world import items
from lib.world.size import World
from lib.world.writer import VERSION as WORLD_VERSION

VERSION = 5  # raised by hand when the same settings and data would train another network
ALL_STAGES = ("pretrain", "category_attribute", "inshop", "consumer2shop")
SEARCHES = ALL_STAGES[2:]
NEAREST = 50  # figures 8 and 9 show k = 1 to 50
KEPT = 20  # ranked categories and attributes that are kept
HELD_OUT = 0.05  # share of the training items held out where the source has no validation split to spare
MOST_HELD_OUT = 400  # images; their losses are shown and decide nothing
NO_ROWS = "no image to train on; list some as train in list_eval_partition.txt"


@dataclass(frozen=True)
class Run:
    """One training. It starts from the networks of `parent` and `detector`, and otherwise from `start`."""

    method: str  # of METHODS or DETECTORS
    stage: str
    seed: int
    key: str  # digest of settings, data, seeds and all that it starts from
    folder: Path
    parent: "Run | None"
    detector: "Run | None"
    start: str  # "scratch", "imagenet" or the file of a shipped network

    @property
    def network(self) -> Path:
        return self.folder / "model.safetensors"

    @property
    def earlier(self) -> Path | None:
        """The file of the network that this run starts from, None for ImageNet's and for none."""
        if self.parent is not None:
            return self.parent.network
        return None if self.start in ("scratch", "imagenet") else Path(self.start)


@dataclass(frozen=True)
class Plan:
    """All runs of a profile on a data set, each behind those that it starts from."""

    benchmarks: dict[str, Benchmark]
    config: Config
    out: Path
    weights: str  # ImageNet's as .safetensors; "": the profile's own
    runs: tuple[Run, ...]
    missing: dict[str, dict[str, str]]  # stage -> method -> why it is not trained there

    def of(self, stage: str, method: str | None = None) -> list[Run]:
        """Return the runs of a stage, of one method or of all, in the order of the seeds and then of the tables."""
        return [run for run in self.runs if run.stage == stage and method in (None, run.method)]

    def methods(self, stage: str) -> list[str]:
        """Return the methods of METHODS that are trained on a stage, in the order of the tables."""
        return list(dict.fromkeys(run.method for run in self.of(stage) if run.method in METHODS))


def make_plan(benchmarks: dict[str, Benchmark], config: Config, out: Path, weights: str = "") -> Plan:
    """Return the plan of a profile on a data set.

    Detectors have the seed `config.seed`, and so has the pre-training of methods that are not in `config.reseeded`.
    """
    runs: dict[tuple[str, str, int], Run] = {}
    stages = [stage for stage in ALL_STAGES if has_stage(stage, benchmarks)]
    without = {stage: missing_methods(stage, benchmarks, config) for stage in stages}

    def add(name: str, stage: str, seed: int) -> Run:
        if (name, stage, seed) not in runs:
            method = find(name)
            before = predecessor(method, stage, benchmarks, config)
            parent = None
            if before:
                parent = add(*before, seed if before[0] in config.reseeded else config.seed)
            detector = None
            if method.detector and parent is None and config.start != "shipped":  # no network that holds it already
                detector = add(method.detector, stages[0], config.seed)
            start = "scratch" if parent or config.start == "scratch" else config.start
            if start == "shipped":
                start = str(shipped_network(method))
            key = run_key(method, stage, seed, benchmarks, config, weights, (parent, detector), start)
            folder = out / "runs" / stage / f"{name}_{seed}_{key}"
            runs[name, stage, seed] = Run(name, stage, seed, key, folder, parent, detector, start)
        return runs[name, stage, seed]

    ordered: list[Run] = []
    for seed in config.seeds:  # all that one seed needs comes before the next seed: a night on a CPU
        for stage in stages:
            for name in config.methods:
                if stage != "pretrain" and name not in without[stage]:
                    add(name, stage, seed)
        new = list(runs.values())[len(ordered) :]
        ordered += sorted(new, key=lambda run: ALL_STAGES.index(run.stage))
    return Plan(benchmarks, config, out, weights, tuple(ordered), without)


def has_stage(stage: str, benchmarks: dict[str, Benchmark]) -> bool:
    """Return whether the source has the benchmark, or the images, of a stage."""
    if stage == "pretrain":
        return "category_attribute" in benchmarks and len(benchmarks["category_attribute"].rows("pretrain")) > 0
    return stage in benchmarks


def benchmark_of(stage: str, benchmarks: dict[str, Benchmark]) -> Benchmark:
    """Return the benchmark that a stage trains on. Raises Lacks where the source does not have it."""
    if not has_stage(stage, benchmarks):
        raise Lacks(f"this source has no images for {stage}")
    return benchmarks["category_attribute" if stage == "pretrain" else stage]


def missing_methods(stage: str, benchmarks: dict[str, Benchmark], config: Config) -> dict[str, str]:
    """Return the profile's methods that are not trained on this stage, with the reason."""
    benchmark, out = benchmark_of(stage, benchmarks), {}
    shipped = config.start == "shipped"
    labelled = benchmarks.get("category_attribute")  # detectors are trained on its joints
    joints = shipped or (labelled is not None and labelled.joints is not None)
    attributes = None  # a search goes on with the supervision of the stage before it
    if stage in SEARCHES and shipped:
        attributes = networks.SHIPPED_ATTRIBUTES
    elif stage in SEARCHES and labelled is not None:
        attributes = len(labelled.attribute_names or ())
    rows = benchmark.rows("pretrain" if stage == "pretrain" else "train")
    for name in config.methods:
        method = METHODS[name]
        if not len(rows):
            out[name] = NO_ROWS
        elif stage != "pretrain" and stage not in method.stages:
            out[name] = f"fine-tuned on {', '.join(method.stages).replace('_', ' and ').replace('2', '-to-')} only"
        elif shipped and not shipped_network(method).exists():
            out[name] = "no pre-trained network is shipped for it"
        elif reason := missing(name, benchmark, joints, attributes):
            out[name] = reason
    return out


def shipped_network(method: Method) -> Path:
    """Return the file of the shipped network that a method starts from; a detector is inside the one that uses it."""
    if method.network == "detector":
        method = next(user for user in METHODS.values() if user.detector == method.pool_at)
    return networks.SHIPPED / f"{method.pretraining or method.name}.safetensors"


def predecessor(method: Method, stage: str, benchmarks: dict[str, Benchmark], config: Config) -> tuple[str, str] | None:
    """Return (method, stage) that a run starts from, None where there is none: pre-training, or categories."""
    pretraining = has_stage("pretrain", benchmarks)
    if stage == "pretrain" or method.network == "detector" or (not pretraining and config.start == "shipped"):
        return None
    if pretraining:
        return method.pretraining or method.name, "pretrain"
    if stage in SEARCHES and "category_attribute" in benchmarks:
        if not missing(method.name, benchmarks["category_attribute"]):
            return method.pretraining or method.name, "category_attribute"
    return None


def run_key(
    method: Method, stage: str, seed: int, benchmarks: dict, config: Config, weights: str, parents: tuple, start: str
) -> str:
    """Return the digest of a run: settings, data, seeds, what it starts from, and VERSION."""
    spec = {name: value for name, value in asdict(method).items() if name != "difference"}
    training = {name: value for name, value in asdict(config.training).items() if name not in ALL_STAGES}
    inputs = {name: value for name, value in asdict(config.input).items() if name != "jpeg" or value}
    settings = (training, asdict(getattr(config.training, stage)), inputs, asdict(config.model))
    origins = [run.key for run in parents if run]
    kind = start if start in ("scratch", "imagenet") else "shipped"
    if kind == "shipped":
        origins.append(file_digest(Path(start)))
    if start == "imagenet" or method.network == "wtbi":
        origins.append(file_digest(Path(weights)) if weights else file_digest(efficientnet.WEIGHTS))
    data = benchmark_of(stage, benchmarks).key
    return digest(VERSION, spec, stage, seed, config.seed, settings, kind, origins, data)


@cache
def file_digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def training_rows(stage: str, benchmark: Benchmark, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the rows that a stage trains on, and the rows whose losses are logged.

    The latter are the val split where results are measured on another one, otherwise a twentieth of the training
    designs (of the items where no design is known, of the images where there are no items), which are then not trained
    on. Raises Lacks without rows to train on.
    """
    rows, val = benchmark.rows("pretrain" if stage == "pretrain" else "train"), benchmark.rows("val")
    if not len(rows):
        raise Lacks(f"{benchmark.images_root}: {NO_ROWS}")
    rng = np.random.default_rng(seed)
    if len(val) and measured_split(benchmark) != "val":
        return rows, np.sort(rng.permutation(val)[:MOST_HELD_OUT])
    units = designs(benchmark)
    if units is None:
        units = np.arange(len(benchmark.split)) if benchmark.item is None else benchmark.item
    names = np.unique(units[rows])
    kept = rng.choice(names, min(len(names) - 1, max(1, round(HELD_OUT * len(names)))), replace=False)
    held = np.isin(units[rows], kept)
    return rows[~held], rows[held]


def drawn_from(benchmark: Benchmark) -> tuple[World, int] | None:
    """Return size and seed of the world that a benchmark is of, None for photos; DataError of another version."""
    path = benchmark.images_root.parent.parent / "world.json"
    if not path.exists():
        return None
    world = json.loads(path.read_text())
    if world["version"] != WORLD_VERSION:
        raise DataError(f"{path}: drawn by version {world['version']} of the world, now {WORLD_VERSION}; draw it again")
    return World(**world["size"] | {"box_room": tuple(world["size"]["box_room"])}), world["seed"]


def designs(benchmark: Benchmark) -> np.ndarray | None:
    """Return (N,) the number of each row's design, in a search of drawn clothes; None elsewhere.

    The items of a design are a line of families: they share cut, fabric and palette, and are not independent.
    """
    world = drawn_from(benchmark)
    if benchmark.item is None or world is None:
        return None
    jobs = items.plan(*world)
    first = [items.item_id(job.first) for job in jobs if job.benchmark == benchmark.name]
    return np.searchsorted(np.array(first), benchmark.item, side="right") - 1


def train_run(plan: Plan, run: Run) -> Path:
    """Return the folder of a run; train it, and the runs that it starts from, where they are not finished.

    A second process that wants the same run waits for the first; one that was killed goes on from its last checkpoint.
    Of the processes of torchrun the first holds the lock and tells the others whether to begin. Raises Lacks where the
    source cannot train the method.
    """
    for earlier in filter(None, (run.parent, run.detector)):
        train_run(plan, earlier)
    if run.folder.exists():
        return run.folder
    fabric = train.make_fabric(plan.config.training.precision)
    about = {"method": run.method, "stage": run.stage, "seed": run.seed, "config": asdict(plan.config)}
    begun = []

    def begin(part: Path) -> None:
        begun.append(fabric.broadcast(True))
        _train(plan, run, part, fabric)

    if fabric.global_rank == 0:
        artefact(run.folder, begin, about)
        if not begun:  # made by the program that was waited for
            fabric.broadcast(False)
    elif fabric.broadcast(False):
        _train(plan, run, run.folder.with_name(f"{run.folder.name}.part"), fabric)
    fabric.barrier()
    return run.folder


def _train(plan: Plan, run: Run, folder: Path, fabric: Fabric) -> None:
    """Train a run into its unfinished folder."""
    method, config, benchmark = find(run.method), plan.config, benchmark_of(run.stage, plan.benchmarks)
    rows, held = training_rows(run.stage, benchmark, config.seed)
    model = networks.build(method, benchmark, config, run.seed, run.earlier if run.stage in SEARCHES else None)
    started, origin, supervising = _start(model, run, benchmark, plan)
    about = provenance(fabric) | {"start": origin, "started": len(started)}  # now: the code may change in training
    detector = method.network == "detector"
    if detector and method.pool_at == "poselets" and model.poselets.isnan().all():  # it starts from none that has them
        model.poselets.copy_(torch.from_numpy(parts.arrangements(benchmark, rows, config.seed)))
    poselets = model.poselets.numpy() if detector else None
    samples = train.make_samples(benchmark, config, method, poselets)
    samples = replace(samples, crops=load_crops(benchmark, config, plan.out, fabric))
    mask = balance = None
    if samples.attributes is not None:
        mask = supervised(run.method, benchmark, rows)
        mask = mask if supervising is None else np.isin(benchmark.attribute_names, supervising)
        balance = train.attribute_weights(samples, rows, mask, config.training.attribute_balance)
    train.start_at_frequencies(model, samples, rows, balance, config, started)
    schedule, checkpoint, name = getattr(config.training, run.stage), folder / "checkpoint.safetensors", run.folder.name
    job = train.Fit(
        method, schedule, config, fabric, samples, rows, held, run.seed, checkpoint, balance, name, designs(benchmark)
    )
    if run.method == FASHIONNET and run.stage in SEARCHES and run.earlier is not None and fabric.global_rank == 0:
        write_tensors(folder / "before.safetensors", _answers(model, job, benchmark)[1])
    try:
        history = train.fit(model, job)
    except train.NotFinite as error:
        sentence, images = error.args[0], ", ".join(benchmark.image[error.args[1]].tolist())
        raise FloatingPointError(
            f"{name}: {sentence}, images {images}; look at these photos and their labels"
        ) from None
    if fabric.global_rank > 0:
        return
    about |= {"method": run.method, "stage": run.stage, "seed": run.seed, "images": len(rows), "epochs": len(history)}
    about |= {
        "passes": len(rows) * len(history) * job.views,
        "parameters": sum(p.numel() for p in model.parameters() if p.requires_grad),
        "seconds": round(sum(epoch["seconds"] for epoch in history), 1),
    }
    names = None if mask is None or mask.all() else np.array(benchmark.attribute_names)[mask].tolist()
    header = {"classes": networks.classes(benchmark), "supervised": names, "about": about}
    if run.stage != "pretrain" and not detector:
        predicted, ranked, rows = _answers(model, job, benchmark)
        words = {"images": json.dumps(benchmark.image[rows].tolist()), "about": json.dumps(about)}
        write_tensors(folder / "ranking.safetensors", ranked)
        write_tensors(folder / "scores.safetensors", predicted, words)
    networks.save(folder / "model.safetensors", model, header)
    write_json(folder / "run.json", {"about": about, "history": history})
    checkpoint.unlink(missing_ok=True)


def _start(model, run: Run, benchmark: Benchmark, plan: Plan) -> tuple[list[str], str, list[str] | None]:
    """Load what a network starts from: return the parameters that were filled, their origin in words, and the attribute
    names that supervised the earlier network (None: all)."""
    method, config, earlier = find(run.method), plan.config, run.earlier
    started, origin, supervising = [], "scratch", None
    now = networks.classes(benchmark)
    if method.network == "wtbi":
        origin = networks.start_generic(model, config, plan.weights)
    if earlier is not None:
        state, header = networks.load(earlier)
        if method.network == "detector":  # shipped inside the network that pools at what it finds
            state = {n.removeprefix("detector."): value for n, value in state.items() if n.startswith("detector.")}
        started = networks.start(model, state, header["classes"], now)
        if header["classes"].get("attributes") == now.get("attributes"):
            supervising = header["supervised"]
        origin = f"{run.parent.stage}/{run.parent.folder.name}" if run.parent else f"shipped {earlier.stem}"
        if not started:
            raise DataError(f"{earlier}: no parameter of it fits this network; take the profile that it was made for")
    elif run.start == "imagenet" and method.network != "wtbi":
        started, imagenet = networks.start_imagenet(model, config, plan.weights)
        origin = imagenet if started else origin  # a network of one's own may have no layer that they fit
    if run.detector is not None:
        state, _ = networks.load(run.detector.network)
        started += [f"detector.{name}" for name in networks.start(model.detector, state, {}, {})]
        origin += f", detector {run.detector.folder.name}"
    return started, origin, supervising


_CROPS: dict[str, object] = {}  # of this process: the runs of a study share them


def load_crops(benchmark: Benchmark, config: Config, out: Path, fabric: Fabric):
    """Return the crops of a benchmark, as uint8 on a GPU where pixels fill at most half of its free memory.

    Photos are decoded by the first process; all read the crops.
    """
    with fabric.rank_zero_first():
        stored = crops.crop_store(benchmark, out / "cache", config.input)
    key = f"{stored.filename} {fabric.device}"
    if key not in _CROPS:
        small = fabric.device.type == "cuda" and stored.nbytes < torch.cuda.mem_get_info(fabric.device)[0] // 2
        _CROPS[key] = torch.from_numpy(np.array(stored)).to(fabric.device) if small else stored
    return _CROPS[key]


def _answers(model, job: train.Fit, benchmark: Benchmark) -> tuple[dict, dict, np.ndarray]:
    """Return the scores of the measured rows, their ranking, and these rows."""
    rows, query, _ = measured_rows(benchmark)
    model.to(job.fabric.device)  # not in predict, whose inference mode would move parameters that cannot be trained
    predicted = train.predict(model, job.samples, benchmark, rows, job.method, job.config, job.fabric)
    ranked = rank(predicted, benchmark, rows, None if query is None else len(query), str(job.fabric.device))
    if "parts" in ranked:  # to measure a detector of poselets against its own
        ranked["poselets"] = model.detector.poselets.cpu().numpy()
    return predicted, ranked, rows


def rank(
    scores: dict, benchmark: Benchmark, rows: np.ndarray, queries: int | None = None, device: str = "cpu"
) -> dict[str, np.ndarray]:
    """Rank scores: what tables read. Equal scores rank by the lower number.

    scores: of `train.predict` on `rows`; the first `queries` rows search the rest. Returns category and attributes
    (n, up to 20) int16 numbers, best first; attributes_in_group (n, G, 5) int16, -1 where a group has fewer; landmarks,
    visibility (n, 8) uint8 codes, parts, present; for searches nearest and nearest_in_category (queries, 50) int32
    indices into the gallery rows, -1 where there are fewer.
    """
    out = {}
    if "category" in scores:
        out["category"] = metrics.ranked(scores["category"], KEPT)
    if "attributes" in scores and queries is None:
        out["attributes"] = metrics.ranked(scores["attributes"], KEPT)
        out["attributes_in_group"] = metrics.ranked_in_groups(scores["attributes"], benchmark.attribute_groups)
    out |= {name: scores[name] for name in ("landmarks", "parts", "present") if name in scores}
    if "visibility" in scores:
        out["visibility"] = scores["visibility"].argmax(2).astype(np.uint8)
    if queries is not None:
        embeddings = scores["embedding"][:queries], scores["embedding"][queries:]
        out["nearest"] = metrics.search(*embeddings, NEAREST, device)[0].astype(np.int32)
        if benchmark.category is not None:
            categories = benchmark.category[rows[:queries]], benchmark.category[rows[queries:]]
            inside = metrics.search(*embeddings, NEAREST, device, *categories)[0]
            out["nearest_in_category"] = inside.astype(np.int32)
    return out


def ranking(run: Run) -> dict[str, np.ndarray]:
    """Read the ranked answers of a finished run, see `rank`. Raises DataError where it is not finished."""
    return read_tensors(run.folder / "ranking.safetensors", "np")[0]


def before(run: Run) -> dict[str, np.ndarray]:
    """Read the ranking of FashionNet in a search before its fine-tuning; an empty dict for other runs."""
    path = run.folder / "before.safetensors"
    return read_tensors(path, "np")[0] if path.exists() else {}


def info(run: Run) -> dict:
    """Read run.json of a finished run: about and history."""
    return json.loads((run.folder / "run.json").read_text())


def provenance(fabric: Fabric) -> dict:
    """Return the code, versions and device that make a result."""
    git = ["git", "-C", str(Path(__file__).parent)]
    head = subprocess.run([*git, "rev-parse", "--short", "HEAD"], capture_output=True, text=True)
    same = subprocess.run([*git, "diff", "--quiet", "HEAD", "--", "."], capture_output=True)  # 1: changed
    cuda = fabric.device.type == "cuda"
    return {
        "commit": head.stdout.strip() or "unknown",
        "dirty": head.returncode == 0 and same.returncode == 1,
        "date": time.strftime("%Y-%m-%d", time.gmtime()),
        "device": torch.cuda.get_device_name(fabric.device) if cuda else f"CPU, {torch.get_num_threads()} threads",
        "processes": fabric.world_size,
        "python": platform.python_version(),
        "torch": torch.__version__,
    }
