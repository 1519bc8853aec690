"""Runs: one method trained on one stage with one seed, identified by everything its result depends on.

Every method is pre-trained from its own supervision and then fine-tuned on each benchmark. A run leaves, under
<out>/runs/<stage>/<method>_<seed>_<digest>/,

    run.json              configuration, history, provenance
    model.safetensors     the trained network
    answers.safetensors   ranked answers of the measured split: what every table reads
    scores.safetensors    all scores, landmarks and embeddings with image names, for any other evaluator
    checkpoint.safetensors  while it trains: where a stopped run resumes

The digest covers settings, data, seed, the run that it starts from and VERSION.
"""

import hashlib
import json
import os
import platform
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, replace
from functools import cache
from pathlib import Path

import numpy as np
import torch
from lightning_fabric import Fabric

from lib import crops, efficientnet, metrics, networks, parts, train
from lib.config import Config
from lib.deepfashion import Benchmark, measured_split, sides
from lib.files import CURE, digest, read_header, read_tensors, set_aside, write_json, write_tensors
from lib.lists import DataError, Lacks
from lib.locks import OutOfTime, deadline, hold
from lib.methods import METHODS, Method, find, reason_to_skip, supervised

VERSION = 1  # raised by hand when the same settings and data would train another network
LATER = {
    "trunk": "vgg16"
}  # options newer than VERSION, at the value that all earlier runs had: it leaves their identity
STAGES = ("pretrain", "category_attribute", "inshop", "consumer2shop")
SEARCHES = STAGES[2:]
NEAREST = 50  # figures 8 and 9 show k = 1 to 50
TOP = 20  # ranked categories and attributes that are kept
IN_GROUP = 5
HELD_OUT = 0.05  # share of the training items held out where the source has no validation split to spare
MOST_HELD_OUT = 400  # images; their losses are shown and decide nothing
NO_ROWS = "no image to train on; list some as train in list_eval_partition.txt"


# ---- which runs there are -------------------------------------------------------------------------------------------


def benchmark_of(stage: str, benchmarks: dict[str, Benchmark]) -> Benchmark:
    """Return the benchmark that a stage trains on. Raises Lacks where the source does not have it."""
    name = "category_attribute" if stage == "pretrain" else stage
    if name not in benchmarks or (stage == "pretrain" and not len(benchmarks[name].rows("pretrain"))):
        raise Lacks(f"this source has no images for {stage}")
    return benchmarks[name]


def has_pretraining(benchmarks: dict[str, Benchmark]) -> bool:
    """Return whether the source has a pre-training split."""
    return "category_attribute" in benchmarks and len(benchmarks["category_attribute"].rows("pretrain")) > 0


def skipped(stage: str, benchmarks: dict[str, Benchmark], config: Config) -> dict[str, str]:
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
        if not len(rows):
            out[name] = NO_ROWS
        elif stage in SEARCHES and not METHODS[name].retrieval:
            out[name] = "measured on categories, attributes and landmarks only"
        elif shipped and not has_pretraining(benchmarks) and not shipped_network(METHODS[name]).exists():
            out[name] = "no pre-trained network is shipped for it"
        elif reason := reason_to_skip(name, benchmark, joints, attributes):
            out[name] = reason
    return out


def trained(stage: str, benchmarks: dict[str, Benchmark], config: Config) -> list[str]:
    """Return the profile's methods that are trained on this stage, in the order of all tables."""
    without = skipped(stage, benchmarks, config)
    return [name for name in config.methods if name not in without]


def shipped_network(method: Method) -> Path:
    """Return the file of the shipped network that a method starts from, whether or not it exists.

    A detector is shipped inside the network that pools at what it finds.
    """
    if method.network == "detector":
        method = next(user for user in METHODS.values() if user.detector == method.pool_at)
    return networks.SHIPPED / f"{method.pretraining or method.name}.safetensors"


def predecessor(method: Method, stage: str, benchmarks: dict[str, Benchmark], config: Config) -> tuple[str, str] | None:
    """Return the (method, stage) of the run that a run starts from, or None where it starts from shipped or ImageNet
    weights or from scratch.

    Fine-tuning starts from the pre-training; without one, the searches start from the category-and-attribute run.
    """
    if stage == "pretrain" or (not has_pretraining(benchmarks) and config.start == "shipped"):
        return None
    if has_pretraining(benchmarks):
        return (method.pretraining or method.name, "pretrain") if method.network != "detector" else None
    if stage in SEARCHES and method.name in METHODS and "category_attribute" in benchmarks:
        if not reason_to_skip(method.name, benchmarks["category_attribute"]):
            return method.name, "category_attribute"
    return None


def detector_run(
    method: Method, stage: str, benchmarks: dict[str, Benchmark], config: Config
) -> tuple[str, str] | None:
    """Return the (detector, stage) of the run that finds the parts a method pools at; None where the network that the
    method starts from holds its detector already."""
    if not method.detector or predecessor(method, stage, benchmarks, config) is not None:
        return None
    if config.start == "shipped":
        return None
    return method.detector, "pretrain" if has_pretraining(benchmarks) else "category_attribute"


# ---- identity -------------------------------------------------------------------------------------------------------

_DATA: dict[int, tuple[Benchmark, str]] = {}  # the benchmark is kept, so that its id stays its own


def data_identity(benchmark: Benchmark) -> str:
    """Identify a benchmark's labels and photos, wherever they are. Covers its arrays and, of a synthetic world, what it was drawn
    from; otherwise the size of each JPEG or PNG and the contents of any other photo, since uncompressed formats give equal
    sizes."""
    known = _DATA.get(id(benchmark))
    if known:
        return known[1]
    world = benchmark.images_root.parent.parent / "world.json"
    state = hashlib.sha256(benchmark.name.encode())
    for name, value in sorted(vars(benchmark).items()):
        if isinstance(value, np.ndarray):
            array = value.astype("U") if value.dtype == object else value
            state.update(f"{name} {array.dtype} {array.shape}".encode() + np.ascontiguousarray(array).tobytes())
        elif isinstance(value, tuple | dict):  # names of categories, attributes and groups
            state.update(f"{name} {value}".encode())
    if world.exists():  # sizes of the same pictures differ between versions of libjpeg
        state.update(world.read_bytes())
    else:
        for name in benchmark.image.tolist():
            path = benchmark.images_root / name
            if path.suffix.lower() in (".jpg", ".jpeg", ".png"):
                state.update(f"{path.stat().st_size if path.exists() else -1} ".encode())
            else:
                state.update(f"{_file_digest(path)} ".encode())
    _DATA[id(benchmark)] = benchmark, state.hexdigest()
    return _DATA[id(benchmark)][1]


@cache
def _file_digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "absent"


def identity(
    method: Method, stage: str, benchmarks: dict[str, Benchmark], config: Config, seed: int, weights: str
) -> str:
    """Return the digest of a run: the settings that reach it, data, seed, the runs that it starts from, and VERSION."""
    schedule = config.training.schedule(stage)
    training = {k: v for k, v in asdict(config.training).items() if k not in (*STAGES, "step1", "step2", "at_once")}
    for step in method.steps:
        weights_of_step = train.step_weights(config)[step]
        training[str(step)] = {loss: getattr(weights_of_step, loss) for loss in method.losses}
    spec = {k: v for k, v in asdict(method).items() if k not in ("difference", "retrieval", "photos")}
    origins = []
    for run in (predecessor(method, stage, benchmarks, config), detector_run(method, stage, benchmarks, config)):
        if run is not None:
            origins.append(identity(find(run[0]), run[1], benchmarks, config, config.seed, weights))
    imagenet = _file_digest(Path(weights)) if weights else "torchvision"
    if predecessor(method, stage, benchmarks, config) is None and stage != "pretrain":
        if config.start == "shipped":
            origins.append(_file_digest(shipped_network(method)))
    if config.start == "imagenet":
        shipped = config.model.trunk == "efficientnet_lite0"
        origins.append(_file_digest(efficientnet.WEIGHTS) if shipped else imagenet)
    if method.network == "wtbi":
        origins.append(_file_digest(efficientnet.WEIGHTS) if config.model.generic == "efficientnet_lite0" else imagenet)
    model = {k: v for k, v in asdict(config.model).items() if LATER.get(k) != v}
    return digest(VERSION, spec, stage, seed, config.seed, asdict(schedule), training, asdict(config.input), model, config.start,
                  origins, data_identity(benchmark_of(stage, benchmarks)))  # fmt: skip


def run_folder(method: str, stage: str, benchmarks: dict[str, Benchmark], config: Config, out: Path, seed: int,
               weights: str = "") -> Path:  # fmt: skip
    """Return the folder of a run, whether or not it exists. Pre-training has the seed `config.seed`."""
    seed = config.seed if stage == "pretrain" else seed
    key = identity(find(method), stage, benchmarks, config, seed, weights)
    return out / "runs" / stage / f"{method}_{seed}_{key}"


def is_finished(folder: Path) -> bool:
    return (folder / "run.json").exists()


def finished(method: str, stage: str, benchmarks: dict[str, Benchmark], config: Config, out: Path, seed: int = 0,
             weights: str = "") -> Path:  # fmt: skip
    """Return the folder of a finished run, whose damaged files are made again.

    Raises DataError where there is none with these settings on this data.
    """
    folder = run_folder(method, stage, benchmarks, config, out, seed, weights)
    if not is_finished(folder):
        raise DataError(f"{folder}: no finished run of {method}; run the notebook that trains it first")
    return folder if is_whole(folder) else train_run(method, stage, benchmarks, config, out, seed, weights)


def is_whole(folder: Path, network: bool = False) -> bool:
    """Return whether the files of a finished run can be read: about, answers and network.

    A measured run may lack its network, unless another run starts from it (`network`): its answers are what is reported.
    """
    measured, model, kept = _answers(folder), folder / "model.safetensors", folder / "scores.safetensors"
    paths = [folder / "answers.safetensors"] * measured + [model] * (network or not measured or model.exists())
    paths += [kept] * kept.exists()
    try:
        _ = info(folder)["about"], info(folder)["history"]
        for path in paths:
            stat = path.stat()
            _verify(path, stat.st_size, stat.st_mtime_ns)
            _check_owner(path)
    except (DataError, KeyError, TypeError, OSError):
        return False
    return True


@cache
def _verify(path: Path, size: int, changed: int) -> None:
    """Read a file to its end; once per process, unless its size or time of change (ns) differ. Raises DataError."""
    read_tensors(path)


def _name(folder: Path) -> str:
    """Return what the headers of a run's files call it."""
    return json.dumps(f"{folder.parent.name}/{folder.name}")


def _check_owner(path: Path) -> None:
    """Raise DataError where a file in a run's folder is not that run's, by its header."""
    owner = read_header(path).get("run", "no run")
    if owner != _name(path.parent):
        raise DataError(f"{path}: a file of {owner.strip(chr(34))}; {CURE}")


def _answers(folder: Path) -> bool:
    """Return whether a run is measured: all but pre-training and detectors are."""
    return folder.parent.name != "pretrain" and find(folder.name.split("_")[0]).network != "detector"


def _set_damage_aside(folder: Path, network: bool) -> None:
    """Rename what cannot be read of a finished run, so that it is made again: its answers by the trained network, all
    else by training."""
    model = folder / "model.safetensors"
    had = model.exists()
    for name, read in (("answers", answers), ("scores", scores), ("model", networks.load)):
        path = folder / f"{name}.safetensors"
        try:
            if path.exists():
                read(path if name == "model" else folder)
                _check_owner(path)
        except (DataError, KeyError, ValueError) as error:
            set_aside(path, str(error))
            if name == "scores" and had:  # the network makes both
                (folder / "answers.safetensors").unlink(missing_ok=True)
    try:
        _ = info(folder)["about"], info(folder)["history"]
        answered = _answers(folder) and (folder / "answers.safetensors").exists()
        if (network or had or not answered) and not model.exists():
            set_aside(folder / "run.json", "its network is gone")
    except (DataError, KeyError, TypeError) as error:
        set_aside(folder / "run.json", str(error))


# ---- training a run -------------------------------------------------------------------------------------------------


def training_rows(stage: str, benchmark: Benchmark, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the rows that a stage trains on, and the rows whose losses are logged.

    The latter are the val split where results are measured on another one, otherwise a twentieth of the training items
    (of the images, where there are no items), which are then not trained on. Raises Lacks where there is nothing to train on.
    """
    rows, val = benchmark.rows("pretrain" if stage == "pretrain" else "train"), benchmark.rows("val")
    if not len(rows):
        raise Lacks(f"{benchmark.images_root}: {NO_ROWS}")
    rng = np.random.default_rng(seed)
    if len(val) and measured_split(benchmark) != "val":
        return rows, np.sort(rng.permutation(val)[:MOST_HELD_OUT])
    units = np.arange(len(benchmark.split)) if benchmark.item is None else benchmark.item
    names = np.unique(units[rows])
    kept = rng.choice(names, min(len(names) - 1, max(1, round(HELD_OUT * len(names)))), replace=False)
    held = np.isin(units[rows], kept)
    return rows[~held], rows[held]


def train_run(method: str, stage: str, benchmarks: dict[str, Benchmark], config: Config, out: Path, seed: int = 0,
              weights: str = "", network: bool = False) -> Path:  # fmt: skip
    """Return the folder of a run; train it, and the runs that it starts from, where they are not finished.

    weights: ImageNet's as .safetensors, for profiles that start from them. network: the caller needs the trained network,
    too. A second process that wants the same run waits for the first; damaged files are set aside and made again. Raises
    Lacks where the source cannot train the method, OutOfTime at the deadline (`locks.deadline`).
    """
    spec = find(method)
    folder = run_folder(method, stage, benchmarks, config, out, seed, weights)
    if is_finished(folder) and is_whole(folder, network):
        return folder
    benchmark = benchmark_of(stage, benchmarks)
    seed = config.seed if stage == "pretrain" else seed
    earlier = predecessor(spec, stage, benchmarks, config)
    detector = detector_run(spec, stage, benchmarks, config)
    paths = [None if run is None else train_run(*run, benchmarks, config, out, config.seed, weights, True) / "model.safetensors"
             for run in (earlier, detector)]  # fmt: skip
    if spec.network == "detector" and benchmark.joints is None:
        raise Lacks(f"{benchmark.images_root}: no list_joints.txt to train a detector of {method} with")

    fabric = train.make_fabric(config.training.precision)
    with _alone(folder, fabric, network):
        if not (is_finished(folder) and is_whole(folder, network)):  # otherwise made by the process that was waited for
            _train(spec, stage, benchmark, config, folder, seed, weights, paths, fabric)
    return folder


@contextmanager
def _alone(folder: Path, fabric: Fabric, network: bool) -> Iterator[None]:
    """Let one program at a time, of one process or several, work on a run; its damaged files are set aside before.

    Raises OutOfTime in each of its processes where another program still holds the run at the deadline.
    """
    first, late = fabric.global_rank == 0, ""
    with ExitStack() as stack:
        if first:
            try:
                stack.enter_context(hold(folder.with_name(f"{folder.name}.lock"), f"{folder} is being trained"))
            except OutOfTime as error:
                late = str(error)
        if late := fabric.broadcast(late):
            raise OutOfTime(late)
        if first and is_finished(folder) and not is_whole(folder, network):
            _set_damage_aside(folder, network)
        fabric.barrier()
        yield


def _train(spec: Method, stage: str, benchmark: Benchmark, config: Config, folder: Path, seed: int, weights: str,
           paths: list[Path | None], fabric: Fabric) -> None:  # fmt: skip
    """Train a run into its folder. paths: of the networks that it starts from, see `_start`."""
    method, schedule = spec.name, config.training.schedule(stage)
    about = provenance(fabric)  # of the code that is loaded now, not at the end of the training
    rows, held_out = training_rows(stage, benchmark, config.seed)
    if paths[0] is None and config.start == "shipped":
        paths = [shipped_network(spec), paths[1]]
    model = networks.build(spec, benchmark, config, seed, paths[0] if stage in SEARCHES else None)
    started, origin, supervising = _start(model, spec, benchmark, config, weights, paths)
    poselets = None
    if spec.network == "detector" and spec.pool_at == "poselets":
        poselets = model.poselets.numpy()  # of a shipped detector, whose heatmaps are in their order
        if np.isnan(poselets).all():
            poselets = parts.arrangements(benchmark, rows, config.seed)
            model.poselets.copy_(torch.from_numpy(poselets))
    samples = train.make_samples(benchmark, config, spec, poselets)
    samples = replace(samples, crops=load_crops(benchmark, config, folder.parents[2], fabric))
    balance = mask = None
    if samples.attributes is not None:
        mask = (
            supervised(method, benchmark, rows)
            if supervising is None
            else np.isin(benchmark.attribute_names, supervising)
        )
        balance = train.attribute_weights(samples, rows, mask, config.training.attribute_balance)
    train.start_at_frequencies(model, samples, rows, balance, config, started)

    checkpoint = folder / "checkpoint.safetensors"
    if fabric.global_rank == 0 and checkpoint.exists():
        try:
            train.check_checkpoint(checkpoint, model)
        except DataError as error:
            set_aside(checkpoint, str(error))
    fabric.barrier()
    if is_finished(folder):  # all but its answers is there; the training is still that of its own day and device
        model.load_state_dict(networks.load(folder / "model.safetensors")[0])
        about, history = info(folder)["about"], info(folder)["history"]
    else:
        try:
            history = train.fit(
                model, samples, rows, held_out, spec, schedule, config, fabric, checkpoint, seed, balance, deadline()
            )
        except train.NotFinite as error:
            images = ", ".join(benchmark.image[error.rows].tolist())
            raise FloatingPointError(f"{error}, images {images}; look at these photos and their labels") from None
    if fabric.global_rank == 0:
        names = None if mask is None or mask.all() else [benchmark.attribute_names[i] for i in np.flatnonzero(mask)]
        about |= {"method": method, "stage": stage, "seed": seed, "start": origin, "started": len(started),
                  "images": len(rows), "epochs": len(history),
                  "passes": len(rows) * len(history) * train.views_of(rows, benchmark.item),
                  "parameters": sum(p.numel() for p in model.parameters() if p.requires_grad),
                  "seconds": round(sum(epoch["seconds"] for epoch in history), 1)}  # fmt: skip
        header = {
            "classes": networks.classes(benchmark),
            "supervised": names,
            "about": about,
            "run": json.loads(_name(folder)),
        }
        if stage != "pretrain" and spec.network != "detector":
            _write_answers(folder, model, samples, benchmark, spec, config, fabric, about)
        networks.save(folder / "model.safetensors", model, header)
        write_json(folder / "run.json", {"about": about, "history": history, "config": config.as_dict()})
        checkpoint.unlink(missing_ok=True)
    fabric.barrier()


def _start(model, spec: Method, benchmark: Benchmark, config: Config, weights: str, paths: list[Path | None]):
    """Load what a network starts from: return the parameters that were filled, their origin in words, and the attribute
    names that supervised the earlier network (None: all)."""
    earlier, detector = paths
    started, origin, supervising = [], "scratch", None
    now = networks.classes(benchmark)
    if spec.network == "wtbi":
        origin = networks.start_generic(model, config, weights)
    if earlier is not None:
        state, header = networks.load(earlier)
        if spec.network == "detector" and earlier.stem != "model":
            state = {n.removeprefix("detector."): value for n, value in state.items() if n.startswith("detector.")}
        started = networks.start(model, state, header["classes"], now)
        if header["classes"].get("attributes") == now.get("attributes"):
            supervising = header["supervised"]
        origin = (
            f"{earlier.parent.parent.name}/{earlier.parent.name}"
            if earlier.stem == "model"
            else f"shipped {earlier.stem}"
        )
        if not started:
            raise DataError(f"{earlier}: no parameter of it fits this network; take the profile that it was made for")
    elif config.start == "imagenet" and spec.network != "wtbi":
        started, origin = networks.start_imagenet(model, config, weights)
    if detector is not None:
        state, _ = networks.load(detector)
        names = networks.start(model.detector, state, {}, {})
        started += [f"detector.{name}" for name in names]
        origin += f", detector {detector.parent.name}"
    return started, origin, supervising


_CROPS: dict[str, object] = {}  # of this process: the runs of a study share them


def load_crops(benchmark: Benchmark, config: Config, out: Path, fabric: Fabric):
    """Return the crops of a benchmark, on the GPU where they fit. Decoded by the first process, read by all."""
    with fabric.rank_zero_first():
        stored = crops.crop_store(benchmark, out / "cache", config.input)
    key = f"{stored.filename} {fabric.device}"
    if key not in _CROPS:
        _CROPS[key] = train.on_device(stored, fabric.device)
    return _CROPS[key]


# ---- answers --------------------------------------------------------------------------------------------------------


def _write_answers(
    folder: Path, model, samples, benchmark: Benchmark, spec: Method, config: Config, fabric, about
) -> None:
    """Predict the measured rows, rank the scores, write both."""
    if benchmark.name in SEARCHES:
        query, gallery = sides(benchmark)
        rows = np.concatenate([query, gallery])
    else:
        query, rows = None, benchmark.rows(measured_split(benchmark))
    scores = train.predict(model, samples, benchmark, rows, spec, config, fabric)
    answers = ranked_answers(scores, benchmark, rows, None if query is None else len(query), str(fabric.device))
    if "parts" in answers:  # to measure a detector of poselets against its own
        answers["poselets"] = model.detector.poselets.cpu().numpy()
    ranked = {name: torch.from_numpy(value) for name, value in answers.items()}
    write_tensors(folder / "answers.safetensors", ranked, {"run": _name(folder)})
    header = {"images": json.dumps(benchmark.image[rows].tolist()), "about": json.dumps(about), "run": _name(folder)}
    stored = {name: torch.from_numpy(value) for name, value in scores.items()}
    write_tensors(folder / "scores.safetensors", stored, header)


def ranked_answers(scores: dict[str, np.ndarray], benchmark: Benchmark, rows: np.ndarray, queries: int | None = None,
                   device: str = "cpu") -> dict[str, np.ndarray]:  # fmt: skip
    """Rank scores: what tables read. Equal scores rank by the lower number.

    scores: of `train.predict` on `rows`; the first `queries` rows search the rest. Returns category and attributes
    (n, up to 20) int16 numbers, best first; attributes_in_group (n, G, 5) int16, -1 where a group has fewer; landmarks,
    visibility (n, 8) uint8 codes, parts, present; for searches nearest and nearest_in_category (queries, 50) int32
    indices into the gallery rows, -1 where there are fewer.
    """
    out = {}
    if "category" in scores:
        out["category"] = metrics.ranked(scores["category"], TOP).astype(np.int16)
    if "attributes" in scores and queries is None:
        out["attributes"] = metrics.ranked(scores["attributes"], TOP).astype(np.int16)
        best = metrics.ranked_in_groups(scores["attributes"], benchmark.attribute_groups, IN_GROUP)
        out["attributes_in_group"] = best.astype(np.int16)
    for name in ("landmarks", "parts", "present"):
        if name in scores:
            out[name] = scores[name]
    if "visibility" in scores:
        out["visibility"] = scores["visibility"].argmax(2).astype(np.uint8)
    if queries is not None:
        first, second = scores["embedding"][:queries], scores["embedding"][queries:]
        out["nearest"] = metrics.search(first, second, NEAREST, device=device)[0].astype(np.int32)
        if benchmark.category is not None:
            groups = {
                "query_group": benchmark.category[rows[:queries]],
                "gallery_group": benchmark.category[rows[queries:]],
            }
            out["nearest_in_category"] = metrics.search(first, second, NEAREST, device=device, **groups)[0].astype(
                np.int32
            )
    return out


def answers(folder: Path) -> dict[str, np.ndarray]:
    """Read the ranked answers of a run, see `ranked_answers`."""
    return read_tensors(folder / "answers.safetensors", "np")[0]


def scores(folder: Path) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Read all scores of a run (see `train.predict`) and the image names. Raises DataError where they are not kept."""
    tensors, header = read_tensors(folder / "scores.safetensors", "np")
    return tensors, np.array(json.loads(header["images"]))


def info(folder: Path) -> dict:
    """Read run.json: about, history, config. Raises DataError where it is absent or damaged."""
    try:
        return json.loads((folder / "run.json").read_text())
    except (OSError, ValueError) as error:
        raise DataError(f"{folder / 'run.json'}: cannot be read ({error}); delete the folder and train again") from None


def provenance(fabric: Fabric) -> dict:
    """Return the code, versions and device that make a result."""
    git = ["git", "-C", str(Path(__file__).parent)]
    head = subprocess.run([*git, "rev-parse", "--short", "HEAD"], capture_output=True, text=True)
    same = subprocess.run([*git, "diff", "--quiet", "HEAD", "--", "."], capture_output=True)  # 1: changed
    commit = os.environ.get("DEEPFASHION_COMMIT") or head.stdout.strip() or "unknown"  # set where git is absent
    cuda = fabric.device.type == "cuda"
    return {
        "commit": commit,
        "dirty": head.returncode == 0 and same.returncode == 1,
        "date": time.strftime("%Y-%m-%d", time.gmtime()),
        "device": torch.cuda.get_device_name(fabric.device) if cuda else f"CPU, {torch.get_num_threads()} threads",
        "processes": fabric.world_size,
        "python": platform.python_version(),
        "torch": torch.__version__,
    }
