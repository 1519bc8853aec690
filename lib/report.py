"""From predictions to tables: what the notebooks show and what lies under outputs/<profile>/.

Tables are csv, figures png and svg, both written beside and renamed. Every number in a notebook or the README comes
from here; none is typed.
"""

import json
import os
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from safetensors.torch import load_file

from lib import losses, metrics, paper, store, train
from lib.cli import clock
from lib.config import PROFILES, Config
from lib.data import FOLDERS, LANDMARKS, POSES, SPLITS, Benchmark, DataError, Lacks, check_disjoint, find_benchmarks
from lib.garment import CATEGORY_NAMES
from lib.parts import KINDS, names, targets
from lib.store import read_photo
from lib.synthetic import garment, write_world

ROOT = Path(__file__).parent.parent
PHOTOS = (
    "photos_",
    "contact_sheet",
    "attribute_page",
    "fig02",
    "fig04",
    "fig08a",
    "fig09a",
)  # figures that show photos
THRESHOLDS = np.round(np.arange(0, 0.305, 0.01), 2)


# ---- opening --------------------------------------------------------------------------------------------------------


def open_run(profile: str, out: str) -> tuple[Config, Path]:
    """The profile's configuration and the folder of its outputs: `out`, or outputs/<profile> where `out` is empty."""
    if profile not in PROFILES:
        raise DataError(f"no profile {profile!r}; there are {', '.join(PROFILES)}")
    folder = Path(out) if out else ROOT / "outputs" / profile
    for name in ("tables", "figures"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    return PROFILES[profile], folder


def open_data(config: Config, data: str, out: Path) -> dict[str, Benchmark]:
    """The benchmarks under `data`, or of the synthetic world of this profile, which is written where absent. Raises
    DataError where an image or an item stands on both sides of a split."""
    if data:
        benchmarks = find_benchmarks(Path(data))
    else:
        world = write_world(out / "world", config.world, config.seed, workers=os.cpu_count() or 1)
        benchmarks = find_benchmarks(world)
    for benchmark in benchmarks.values():
        check_disjoint(benchmark)
    return benchmarks


def open_benchmark(config: Config, data: str, out: Path, name: str, *needs: str) -> Benchmark:
    """One benchmark of `open_data`. Raises Lacks where the source does not have it, or none of the fields `needs`."""
    benchmarks = open_data(config, data, out)
    if name not in benchmarks:
        raise Lacks(f"{data}: no {FOLDERS[name]}, which this notebook is about")
    benchmark = benchmarks[name]
    if needs and all(getattr(benchmark, field) is None for field in needs):
        raise Lacks(f"{benchmark.images_root}: no {' and no '.join(needs)}, which this notebook is about")
    return benchmark


def skipped(config: Config, benchmark: Benchmark) -> dict[str, str]:
    """The profile's methods that this source has no use for, and why."""
    out, b = {}, benchmark
    labelled = b.category is not None or b.attributes is not None
    for method in config.methods:
        wish = method.partition("+")[2]
        if method in ("wtbi", "darn", "fashionnet-global") and not labelled:
            out[method] = "no categories and no attributes, and it knows no landmarks"
        elif wish in KINDS and b.joints is None:
            out[method] = "no joints to teach a detector with"
        elif wish in KINDS and not labelled:
            out[method] = "no categories and no attributes"
        elif wish.isdigit() and (b.attributes is None or b.attributes.shape[1] <= int(wish)):
            out[method] = f"no more than {wish} attributes: it would be fashionnet"
        elif method == "fashionnet-noattr" and b.attributes is None:
            out[method] = "no attributes: it would be fashionnet"
        elif method in ("fashionnet-heatmap", "fashionnet-joint", "fashionnet-oracle") and b.landmarks is None:
            out[method] = "no landmarks"
    return out


def methods(config: Config, benchmark: Benchmark) -> list[str]:
    """The profile's methods that have something to learn here, in the order of all tables."""
    without = skipped(config, benchmark)
    return [method for method in config.methods if method not in without]


def test_split(benchmark: Benchmark) -> str:
    """The split that results are measured on: test, or val where a source has no test. No run looks at it, but whoever
    chose the settings may have: see the README on the real sample."""
    for split in ("test", "val", "query"):
        if (benchmark.split == split).any():
            return split
    raise DataError(f"{benchmark.images_root}: no test, val or query split; list one in list_eval_partition.txt")


test_split.__test__ = False  # not a test, whatever pytest thinks of the name


def finished(method: str, benchmark: Benchmark, config: Config, out: Path, weights: str, start: Path | None = None):
    """The folder of a finished run. Raises DataError where there is none with these settings on this data."""
    folder = train.run_folder(out, benchmark, method, config, weights, start)
    if not (folder / "run.json").exists():
        raise DataError(
            f"{folder}: no finished run of {method} with these settings; run the notebook that trains it first"
        )
    return folder


def pretrained(method: str, benchmarks: dict[str, Benchmark], config: Config, out: Path, weights: str) -> Path | None:
    """The finished category-and-attribute run that a method's fine-tuning for retrieval starts from; None where the source
    has no such benchmark, or the method no use for it."""
    benchmark = benchmarks.get("category_attribute")
    if benchmark is None or method in skipped(config, benchmark):
        return None
    return finished(method, benchmark, config, out, weights)


def fine_tune(name: str, benchmarks: dict[str, Benchmark], config: Config, out: Path, weights: str) -> dict[str, Path]:
    """The paper's methods, each fine-tuned for retrieval on benchmark `name` from its own run: {method: folder}."""
    b, runs = benchmarks[name], {}
    for method in [m for m in config.methods if m in paper.METHODS]:
        start = pretrained(method, benchmarks, config, out, weights)
        if start is not None or method not in skipped(config, replace(b, attributes=None)):
            runs[method] = train.run(method, b, config, out, weights, start=start)
    return runs


def predictions(folder: Path, split: str) -> dict[str, np.ndarray]:
    return train.read_predictions(folder / f"predictions_{split}.safetensors")[0]


def units(benchmark: Benchmark, rows: np.ndarray) -> np.ndarray:
    """What a bootstrap draws, for each of `rows`: its item; in the category-and-attribute benchmark, which lists none, the
    folder below img/ that holds an item's photos; the image itself where there is no such folder."""
    if benchmark.item is not None:
        return benchmark.item[rows]
    names = benchmark.image[rows].tolist()
    return np.array([name.rpartition("/")[0] if name.count("/") > 1 else name for name in names])


def history(folder: Path) -> pd.DataFrame:
    """One row an epoch: epoch, round, step, seconds, train_* and monitor_* losses."""
    return pd.DataFrame(json.loads((folder / "run.json").read_text())["history"])


def about(folder: Path) -> dict:
    return json.loads((folder / "run.json").read_text())["about"]


def all_histories(histories: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """The histories of several methods below each other, without the seconds (they differ from run to run)."""
    return pd.concat([h.assign(method=m).drop(columns="seconds") for m, h in histories.items()], ignore_index=True)


def first_and_last(histories: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """The held-out losses of the first and of the last epoch: a row a method and loss."""
    out = {}
    for method, h in histories.items():
        for column in h.filter(like="monitor_"):
            out[method, column.removeprefix("monitor_")] = h[column].iloc[[0, -1]].to_list()
    index = pd.MultiIndex.from_tuples(out, names=["method", "loss"])
    return pd.DataFrame(list(out.values()), index, ["first epoch", "last epoch"])


def runs_table(runs: dict[str, Path]) -> pd.DataFrame:
    """Where the numbers come from: a row a method with commit, date, device, precision, weights and seconds."""
    return pd.DataFrame([about(folder) for folder in runs.values()]).drop(columns=["pretrained_blocks", "before"])


def budget(runs: dict[str, Path]) -> pd.DataFrame:
    """What each method was given: training images, epochs until it stopped, passes, seconds; then the least validation loss, the
    epochs that the network had seen by then, which is the one that is kept, and the share of the peak learning rate that was left
    there: above 0 after an early stop, or where the last round was no better."""
    rows = []
    for method, folder in runs.items():
        here, h = about(folder), history(folder)
        t = json.loads((folder / "run.json").read_text())["config"]["training"]
        kept = int(h.validation.idxmin()) + 1
        left = train.learning_rate(1000 * kept, 1000 * 2 * t["rounds"] * t["epochs"])
        passes = here["images"] * len(h)
        rows.append((method, here["images"], len(h), passes, here["seconds"], h.validation.min(), kept, left))
    columns = ["method", "images", "epochs", "passes", "seconds", "validation", "kept", "rate_left"]
    return pd.DataFrame(rows, columns=columns)


def frequency_loss(benchmark: Benchmark, config: Config) -> float | None:
    """The attribute loss of the training labels' frequencies on the held-out images: what training starts at (1 on the training
    images; here more where rare attributes are more frequent). None without attributes."""
    samples = train.make_samples(benchmark, None, config)
    if samples.attributes is None:
        return None
    rows, monitor = train.validation(benchmark, "train", config.seed)
    balance = train.attribute_balance(samples, rows, np.ones(samples.attributes.shape[1], bool), config)
    logits = losses.prior_logits(losses.attribute_shares(samples.attributes[rows]), *balance)
    return float(losses.attribute_loss(logits.expand(len(monitor), -1), samples.attributes[monitor], *balance))


# ---- the data set ----------------------------------------------------------------------------------------------------


def counts_table(benchmarks: dict[str, Benchmark]) -> pd.DataFrame:
    """What the paper says, what its public release holds, what is here: a row a benchmark and quantity."""
    out = []
    for name, wanted in paper.COUNTS.items():
        b = benchmarks.get(name)
        here = {} if b is None else _counts(b)
        out += [(name, what, *numbers, here.get(what)) for what, numbers in wanted.items()]
    table = pd.DataFrame(out, columns=["benchmark", "what", "paper", "release", "here"])
    return table.astype({column: "Int64" for column in ("paper", "release", "here")})


def _counts(b: Benchmark) -> dict[str, int]:
    counts = {"images": len(b.image)}
    for what, field in (("categories", b.category_names), ("attributes", b.attribute_names), ("pairs", b.pairs)):
        if field is not None:
            counts[what] = len(field)
    if b.item is not None:
        counts["items"] = len(np.unique(b.item))
        counts["train items"] = len(np.unique(b.item[b.rows("train")]))
    for split in ("train", "query", "gallery"):
        counts[f"{split} images"] = len(b.rows(split))
    return counts


def splits_table(benchmarks: dict[str, Benchmark]) -> pd.DataFrame:
    """Images of each split of each benchmark."""
    table = pd.DataFrame({name: pd.Series(b.split).value_counts() for name, b in benchmarks.items()})
    order = [split for split in SPLITS if split in table.index]
    return table.reindex(order).astype("Int64")


def category_counts(benchmark: Benchmark, top: int) -> pd.Series | None:
    """Images of the most frequent categories by name; None where the source has no categories."""
    if benchmark.category is None:
        return None
    names = pd.Series(np.array(benchmark.category_names)[benchmark.category])
    return names.value_counts()[:top]


def attribute_counts(benchmark: Benchmark, top: int) -> dict[str, pd.Series]:
    """Images of the most frequent attributes of each group, by name."""
    if benchmark.attributes is None:
        return {}
    counts = pd.Series((benchmark.attributes == 1).sum(0), benchmark.attribute_names)
    return {
        name: counts[benchmark.attribute_groups == group].sort_values(ascending=False, kind="stable")[:top]
        for group, name in benchmark.group_names.items()
    }


def photo(benchmark: Benchmark, row: int) -> np.ndarray:
    """One photo of a benchmark, (H, W, 3) uint8."""
    return read_photo(benchmark.images_root / benchmark.image[row])


def cutout(benchmark: Benchmark, row: int) -> np.ndarray:
    """One photo cut to its annotated box, with a tenth around it as far as there is one."""
    image, (x1, y1, x2, y2) = photo(benchmark, row), benchmark.box[row]
    dx, dy = 0.1 * (x2 - x1), 0.1 * (y2 - y1)
    return image[max(0, int(y1 - dy)) : int(y2 + dy) + 1, max(0, int(x1 - dx)) : int(x2 + dx) + 1]


def example_rows(benchmark: Benchmark, n: int, seed: int) -> dict[str, list[tuple[str, np.ndarray]]]:
    """Figure 2: photos of the n most frequent categories, and of n frequent attributes of each group; chosen by seed."""
    rng, out = np.random.default_rng(seed), {}
    if (counts := category_counts(benchmark, n)) is not None:
        numbers = [benchmark.category_names.index(name) for name in counts.index]
        rows = [rng.choice(np.flatnonzero(benchmark.category == number)) for number in numbers]
        out["categories"] = [(name, photo(benchmark, row)) for name, row in zip(counts.index, rows, strict=True)]
    for group, counts in attribute_counts(benchmark, n).items():
        numbers = [benchmark.attribute_names.index(name) for name in counts.index[counts > 0]]
        rows = [rng.choice(np.flatnonzero(benchmark.attributes[:, number] == 1)) for number in numbers]
        out[group] = [(name, photo(benchmark, row)) for name, row in zip(counts.index, rows, strict=False)]
    return out


def attribute_rows(benchmark: Benchmark, per_group: int, copies: int, seed: int) -> dict[str, list]:
    """A page of the most frequent attributes of each group, `copies` photos each below each other: what
    `plots.examples` draws. Photos are cut to their boxes and chosen by seed; labels are those of the lists."""
    rng, out = np.random.default_rng(seed), {}
    for group, counts in attribute_counts(benchmark, per_group).items():
        lines = [[] for _ in range(copies)]
        for name in counts.index[counts >= copies]:
            positives = np.flatnonzero(benchmark.attributes[:, benchmark.attribute_names.index(name)] == 1)
            for i, row in enumerate(rng.choice(positives, copies, replace=False)):
                lines[i].append((name if i == 0 else "", cutout(benchmark, row)))
        out |= {group if i == 0 else " " * i + group: line for i, line in enumerate(lines)}
    return out


def contact_sheet(seed: int) -> dict[str, list]:
    """Every category of the synthetic world, as a shop shows it and below as a consumer does: what `plots.examples`
    draws."""
    out = {}
    for start in range(0, len(CATEGORY_NAMES), 10):
        for number, consumer in enumerate((False, True)):
            heading = ("shop", "consumer")[number] + " " * start  # a name of its own for each row
            out[heading] = [
                ("" if consumer else name, garment(name, seed=seed + start + i, consumer=consumer)[0])
                for i, name in enumerate(CATEGORY_NAMES[start : start + 10])
            ]
    return out


def figure4(benchmarks: dict[str, Benchmark], main: Benchmark, seed: int):
    """What `plots.landmarks_and_pairs` draws: marked photos of each clothes type, pairs where there are any, and the
    share of each landmark's states."""
    rng = np.random.default_rng(seed)
    marked = []
    for kind, name in {1: "upper body", 2: "lower body", 3: "full body"}.items():
        rows = np.flatnonzero(main.clothes_type == kind)
        for row in rng.choice(rows, min(3, len(rows)), replace=False):
            marked.append((name, photo(main, row), main.box[row], main.landmarks[row], main.visibility[row]))
    pairs, b = [], benchmarks.get("consumer2shop")
    if b is not None:
        for consumer, shop in b.pairs[rng.choice(len(b.pairs), min(9, len(b.pairs)), replace=False)]:
            pairs.append((b.category_names[b.category[shop]].split("/")[-1], photo(b, consumer), photo(b, shop)))
    counts = landmark_table(main)[["visible", "occluded", "cut off"]]
    return marked, pairs, counts.div(counts.sum(axis=1), axis=0)


def points(benchmark: Benchmark) -> tuple[np.ndarray, np.ndarray]:
    """Landmarks (N, 8, 2) and visibility (N, 8) to draw: nan and -1 throughout where the source has none."""
    if benchmark.landmarks is not None:
        return benchmark.landmarks, benchmark.visibility
    n = len(benchmark.image)
    return np.full((n, 8, 2), np.nan, np.float32), np.full((n, 8), -1, np.int8)


def landmark_table(benchmark: Benchmark) -> pd.DataFrame:
    """A row a landmark: how many images have it visible, occluded, cut off, or not at all, and how far it lies from the
    nearest human joint (mean over images, in units of the box), where the source has joints."""
    codes = {"visible": 0, "occluded": 1, "cut off": 2, "no such landmark": -1}
    visibility = points(benchmark)[1]
    table = pd.DataFrame({name: (visibility == code).sum(0) for name, code in codes.items()}, LANDMARKS)
    if benchmark.joints is not None and benchmark.landmarks is not None:
        joints = np.where(benchmark.joint_visibility[..., None] == 0, benchmark.joints, np.nan)
        side = (benchmark.box[:, 2:] - benchmark.box[:, :2])[:, None]
        for j, name in enumerate(LANDMARKS):
            far = np.linalg.norm((joints - benchmark.landmarks[:, j : j + 1]) / side, axis=2)  # (N, 14)
            known = (benchmark.visibility[:, j] == 0) & np.isfinite(far).any(1)
            table.loc[name, "to nearest joint"] = np.nanmin(far[known], axis=1).mean() if known.any() else np.nan
    return table


# ---- tables ---------------------------------------------------------------------------------------------------------


def mean_landmarks(benchmark: Benchmark, target: Benchmark | None = None) -> np.ndarray:
    """What a network must beat: the mean visible landmark of the train split in box units, put into every box of
    `target`, by default the benchmark itself. Returns (N, 8, 2) pixels."""
    corner, side = benchmark.box[:, None, :2], benchmark.box[:, None, 2:] - benchmark.box[:, None, :2]
    unit = np.where(benchmark.visibility[..., None] == 0, (benchmark.landmarks - corner) / side, np.nan)
    mean = np.nan_to_num(np.nanmean(unit[benchmark.rows("train")], axis=0), nan=0.5)
    box = (target or benchmark).box[:, None]
    return mean * (box[..., 2:] - box[..., :2]) + box[..., :2]


def pdj_table(landmarks: dict[tuple[str, str], np.ndarray], benchmark: Benchmark, rows: np.ndarray):
    """Figure 10 as a table. landmarks: {(method, head): (n, 8, 2) pixels of `rows`}.

    Columns method, head, norm ("box", our reading, or "diagonal", of the box), landmark (or "all"), threshold, pdj, n;
    visible landmarks only.
    """
    out = []
    for (method, head), predicted in landmarks.items():
        for norm in ("box", "diagonal"):
            distances = metrics.landmark_distances(predicted, benchmark.landmarks[rows], benchmark.box[rows], norm)
            each, pooled, counts = metrics.pdj(distances, benchmark.visibility[rows], THRESHOLDS)
            for t, threshold in enumerate(THRESHOLDS):
                for j, name in enumerate(LANDMARKS):
                    out.append((method, head, norm, name, threshold, each[t, j], counts[j]))
                out.append((method, head, norm, "all", threshold, pooled[t], counts.sum()))
    return pd.DataFrame(out, columns=["method", "head", "norm", "landmark", "threshold", "pdj", "n"])


def landmark_summary(landmarks: dict[tuple[str, str], np.ndarray], benchmark: Benchmark, rows: np.ndarray):
    """The other figures of merit in use, all landmarks pooled: one row a method."""
    true, box, visibility = benchmark.landmarks[rows], benchmark.box[rows], benchmark.visibility[rows]
    out = []
    for (method, head), predicted in landmarks.items():
        by_box = metrics.landmark_distances(predicted, true, box)
        by_diagonal = metrics.landmark_distances(predicted, true, box, "diagonal")
        out.append({
            "method": method,
            "head": head,
            "PDJ@0.1 box": metrics.pdj(by_box, visibility, [0.1])[1][0],
            "PDJ@0.1 diagonal": metrics.pdj(by_diagonal, visibility, [0.1])[1][0],
            "PDJ@0.1 box, invisible as errors": metrics.pdj(by_box, visibility, [0.1], "errors")[1][0],
            "NE": metrics.normalised_error(by_box, visibility)[1],
            "PCK@0.2": metrics.pck(by_box, visibility)[1],
            "within 10 of 224 px": metrics.within_pixels(predicted, true, box, visibility)[1],
            "n": int((visibility == 0).sum()),
        })  # fmt: skip
    return pd.DataFrame(out)


def prior(benchmark: Benchmark, rows: np.ndarray) -> dict[str, np.ndarray]:
    """What a network must beat: every image ranked by how frequent categories and attributes are in the train split."""
    train, out = benchmark.rows("train"), {}
    if benchmark.category is not None:
        counts = np.bincount(benchmark.category[train], minlength=len(benchmark.category_names))
        out["category_scores"] = np.tile(counts / len(train), (len(rows), 1))
    if benchmark.attributes is not None:
        frequency = (benchmark.attributes[train] == 1).mean(0, dtype=np.float64)
        out["attribute_scores"] = np.tile(frequency, (len(rows), 1))
    return out


def chance(table: pd.DataFrame, benchmark: Benchmark) -> pd.DataFrame:
    """Table 2 with a last row: what a random order would find."""
    row = {"method": "chance"}
    for column in table.columns[1:]:
        name, _, rest = column.rpartition("_top")
        if rest.isdigit():
            classes = len(benchmark.category_names if name == "category" else benchmark.attribute_names)
            row[column] = row[f"{column}_lo"] = row[f"{column}_hi"] = 100 * min(1, int(rest) / classes)
    return pd.concat([table, pd.DataFrame([row])], ignore_index=True)


def margins(table: pd.DataFrame) -> pd.DataFrame:
    """By how many times a trained method beats the label prior, and chance, in each column of Table 2: a row a rival, k and
    method; inf where the rival finds nothing, nan where neither does."""
    out = []
    for times in ("prior", "chance"):
        for k in (3, 5):
            rows = table.set_index("method")[[c for c in table.columns if c.endswith(f"_top{k}")]]
            ratio = rows.drop(index=["prior", "chance"], errors="ignore") / rows.loc[times]
            ratio = ratio.rename(columns=lambda c: c.rpartition("_")[0])
            out.append(ratio.assign(times=times, k=k).reset_index())
    return pd.concat(out, ignore_index=True).set_index(["times", "k", "method"]).reset_index()


def lead(predicted: dict, benchmark: Benchmark, rows: np.ndarray, method: str, over: list[str], k: int, seed: int):
    """By how much a method's top-k category accuracy exceeds others', in points, with a paired 95 % interval over items."""
    labels, out = benchmark.category[rows], []
    hits = {m: metrics.topk_hits(predicted[m]["category_scores"], labels, k) for m in [method, *over]}
    one, drawn = np.ones(len(rows)), units(benchmark, rows)
    for other in over:
        values = metrics.bootstrap_difference(hits[method], one, hits[other], one, drawn, seed=seed)
        out.append((method, other, k, *(100 * v for v in values)))
    return pd.DataFrame(out, columns=["method", "over", "k", "points", "lo", "hi"])


def figure7(scores: dict[str, np.ndarray], benchmark: Benchmark, rows: np.ndarray) -> pd.DataFrame:
    """Figure 7: top-5 recall of the 14 most frequent training attributes of each group, which stand for the paper's choice
    of representative ones. scores: {method: (n, A)}. Columns group, attribute, n, and one a method."""
    train, labels = benchmark.rows("train"), benchmark.attributes[rows]
    frequency = (benchmark.attributes[train] == 1).sum(0)
    recall = {m: metrics.attribute_recall_per_attribute(s, labels, paper.FIGURE7_TOP_K) for m, s in scores.items()}
    out = []
    for number, group in benchmark.group_names.items():
        columns = np.flatnonzero(benchmark.attribute_groups == number)
        columns = columns[np.argsort(-frequency[columns], kind="stable")][: paper.FIGURE7_PER_GROUP]
        for j in columns:
            n = int((labels[:, j] == 1).sum())
            out.append((group, benchmark.attribute_names[j], n, *(value[0][j] for value in recall.values())))
    return pd.DataFrame(out, columns=["group", "attribute", "n", *scores])


def detections(kind: str, folder: Path, benchmark: Benchmark, rows: np.ndarray, config: Config, out: Path) -> dict:
    """What the detector inside a finished run of FashionNet+Joints or +Poselets finds on `rows`: parts (n, P, 2) in pixels
    and present (n, P) probabilities; and the poselets that it was taught (see parts.arrangements)."""
    model = train.build(f"fashionnet+{kind}", benchmark, config)
    train.fill(model, load_file(folder / "model.safetensors"))
    fabric = train.make_fabric(config)
    maps = train.load_maps(model.detector, benchmark, config, out, fabric)
    if "conv4" in maps:  # FashionNet pools at what was found there, once
        places, gate = (t[:, 0].numpy() for t in train.detect(model, {"conv4": maps["conv4"][rows]}, fabric))
        found = {"parts": store.to_pixels(places, benchmark.box[rows], config.input.margin), "present": gate}
    else:
        samples = train.make_samples(benchmark, maps, config)
        found = train.predict(model.detector, samples, benchmark, rows, config, fabric)
    return found | {"poselets": model.detector.poselets.cpu().numpy()}


def detector_table(kind: str, predicted: dict, benchmark: Benchmark, rows: np.ndarray, config: Config) -> pd.DataFrame:
    """How well joints or poselets are detected: a row a part and one for all.

    predicted: of `detections` on `rows`. there: images whose box has the part visible; found: of
    those, the share that the detector's gate passes, less than 0.1 of the box from the truth; false: share of the gate's
    detections where the part is not there or farther off.
    """
    places, there = targets(kind, benchmark, 0.0, predicted["poselets"])  # margin 0: in units of the box
    places, there = places[rows, 0], there[rows, 0]
    # Of the crop, or of the part of it that is seen where no maps of whole crops are cached.
    share = 1 if config.training.freeze_trunk else config.input.view
    reach = (0.5 + config.input.margin) * share - 0.5
    there &= ((places > -reach) & (places < 1 + reach)).all(2)
    box = benchmark.box[rows][:, None]
    guess = (predicted["parts"] - box[..., :2]) / (box[..., 2:] - box[..., :2])
    passed = predicted["present"] > 0.5
    right = passed & there & (np.linalg.norm(guess - places, axis=2) < paper.PDJ_THRESHOLD)
    table = pd.DataFrame({"kind": kind, "part": names(kind), "there": there.sum(0), "detected": passed.sum(0)})
    table["right"] = right.sum(0)
    table.loc[len(table)] = (kind, "all", there.sum(), passed.sum(), right.sum())
    table["found"] = table.right / table.there.where(table.there > 0)
    table["false"] = 1 - table.right / table.detected.where(table.detected > 0)
    return table.drop(columns="right")


def attribute_table(scores: dict[str, np.ndarray], benchmark: Benchmark, rows: np.ndarray, ks=(3, 5)):
    """Top-k attribute recall. scores: {method: (n, A)}. Columns method, group (or "all"), k, macro, micro, n."""
    return _recall_rows(scores, benchmark, rows, ks, ("macro", "micro"))


def attribute_definitions(scores: dict[str, np.ndarray], benchmark: Benchmark, rows: np.ndarray, ks=(3, 5)):
    """The same by all five definitions that are in use (see `metrics.attribute_recall`)."""
    return _recall_rows(scores, benchmark, rows, ks, metrics.ATTRIBUTE_DEFINITIONS)


def _recall_rows(scores, benchmark, rows, ks, definitions):
    labels, groups, names = benchmark.attributes[rows], benchmark.attribute_groups, benchmark.group_names
    out = []
    for method, values in scores.items():
        for k in ks:
            by = {d: metrics.attribute_recall(values, labels, k, groups, d)[0] for d in definitions}
            counts = metrics.attribute_recall(values, labels, k, groups, "micro")[1]
            for group in counts:
                name = names.get(group, group)
                out.append((method, name, k, *(by[d][group] for d in definitions), counts[group]))
    columns = ["within_group" if d == "group" else d for d in definitions]
    return pd.DataFrame(out, columns=["method", "group", "k", *columns, "n"])


def category_table(scores: dict[str, np.ndarray], benchmark: Benchmark, rows: np.ndarray, ks=(1, 3, 5)):
    """Top-k category accuracy over images (micro, the paper's) and as the mean over categories (macro, mmfashion's).
    scores: {method: (n, K)}. Columns method, k, micro, macro, n."""
    labels, out = benchmark.category[rows], []
    for method, values in scores.items():
        for k in ks:
            both = [metrics.topk_accuracy(values, labels, k, average) for average in ("micro", "macro")]
            out.append((method, k, *both, len(rows)))
    return pd.DataFrame(out, columns=["method", "k", "micro", "macro", "n"])


def best_and_worst(recall: np.ndarray, count: np.ndarray, names: tuple[str, ...], n: int = 8, least: int = 5):
    """The n best and n worst found attributes among those with at least `least` labels: name, recall, labels."""
    table = pd.DataFrame({"attribute": names, "recall": recall.round(3), "labels": count})
    table = table[table.labels >= least].sort_values(["recall", "labels"], ascending=False, kind="stable")
    return pd.concat([table[:n], table[n:][-n:]]).reset_index(drop=True)


def table2(scores: dict[str, dict[str, np.ndarray]], benchmark: Benchmark, rows: np.ndarray, seed: int = 0):
    """The paper's Table 2: {method: predictions} -> one row a method, `<column>_top3` and `_top5` in per cent, each
    with `_lo` and `_hi`, the ends of a 95 % bootstrap interval over items. What the benchmark lacks is left out."""
    labels = benchmark.attributes[rows] if benchmark.attributes is not None else None
    out, drawn = [], units(benchmark, rows)
    for method, predicted in scores.items():
        row = {"method": method}
        for k in (3, 5):
            if benchmark.category is not None and "category_scores" in predicted:
                hits = metrics.topk_hits(predicted["category_scores"], benchmark.category[rows], k)
                _add(row, f"category_top{k}", hits, np.ones(len(hits)), drawn, seed)
            if labels is not None and "attribute_scores" in predicted:
                matched = metrics.attribute_hits(predicted["attribute_scores"], labels, k)
                for group, name in [*benchmark.group_names.items(), (None, "all")]:
                    columns = benchmark.attribute_groups == group if group is not None else slice(None)
                    true = (labels[:, columns] == 1).sum(1)
                    _add(row, f"{name}_top{k}", matched[:, columns].sum(1), true, drawn, seed)
        out.append(row)
    return pd.DataFrame(out)


def _add(row, column, numerator, denominator, drawn, seed):
    value, low, high = metrics.bootstrap_interval(numerator, denominator, drawn, seed=seed)
    row |= {column: 100 * value, f"{column}_lo": 100 * low, f"{column}_hi": 100 * high}


def beside_paper(table: pd.DataFrame, benchmark: Benchmark) -> pd.DataFrame:
    """Rows (method, column): the paper's value, ours with its interval, the difference; per cent. The paper's value is
    left out where the source's attribute groups are not the paper's five (the fine release has 26 attributes in six)."""
    same_groups = benchmark.group_names == paper.ATTRIBUTE_GROUPS
    out = []
    for _, row in table.iterrows():
        for column in [c for c in table.columns if c.endswith(("_top3", "_top5"))]:
            name, k = column.rsplit("_top", 1)
            comparable = same_groups or name == "category"
            printed = paper.TABLE2.get(row["method"], {}).get(name) if comparable else None
            value = printed[0 if k == "3" else 1] if printed else np.nan
            ours, low, high = row[column], row[f"{column}_lo"], row[f"{column}_hi"]
            out.append((row["method"], name, int(k), value, ours, low, high, ours - value))
    return pd.DataFrame(out, columns=["method", "column", "k", "paper", "ours", "lo", "hi", "difference"])


def beside_text(beside: pd.DataFrame, k: int) -> pd.DataFrame:
    """`beside_paper` to read, a row a method: "ours [lo, hi]" and, where the paper has the number, "paper p, difference"."""
    rows = beside[(beside.k == k) & beside.ours.notna()]
    text = [
        f"{r.ours:.1f} [{r.lo:.1f}, {r.hi:.1f}]"
        + ("" if np.isnan(r.paper) else f", paper {r.paper:.1f}, {r.difference:+.1f}")
        for r in rows.itertuples()
    ]
    table = rows.assign(text=text).pivot(index="method", columns="column", values="text").fillna("")
    table = table.loc[rows.method.unique(), rows.column.unique()].rename(columns=lambda name: f"{name}, top-{k}")
    return table.rename_axis(index="method", columns=None)


# ---- retrieval ------------------------------------------------------------------------------------------------------


def sides(benchmark: Benchmark) -> tuple[np.ndarray, np.ndarray]:
    """Rows that ask and rows that are searched: the query and gallery splits, or the consumers' and the shops' images of
    the test split (of val, where there is no test)."""
    query, gallery = benchmark.rows("query"), benchmark.rows("gallery")
    if benchmark.domain is not None:
        rows = benchmark.rows(test_split(benchmark))
        query, gallery = (rows[benchmark.domain[rows] == side] for side in ("consumer", "shop"))
    if not len(query) or not len(gallery):
        raise Lacks(f"{benchmark.images_root}: no images that ask or none to be searched")
    return query, gallery


def predicted_rows(folder: Path, benchmark: Benchmark, rows: np.ndarray, *fields: str) -> dict[str, np.ndarray]:
    """What a run predicts on `rows`, of whatever splits, in their order: those of the `fields` that it has."""
    out = {}
    for split in SPLITS:
        path, inside = folder / f"predictions_{split}.safetensors", benchmark.split[rows] == split
        if path.exists() and inside.any():
            place = np.searchsorted(benchmark.rows(split), rows[inside])
            for name, values in train.read_predictions(path, fields)[0].items():
                out.setdefault(name, np.empty((len(rows), *values.shape[1:]), values.dtype))[inside] = values[place]
    return out


def ranking(
    folder: Path, benchmark: Benchmark, within: bool = False, search: str = "blocks"
) -> tuple[np.ndarray, np.ndarray]:
    """The nearest gallery images of each query, as far as k goes: (Q, k) indices into the gallery, and whether each is of
    the query's item. within: search the query's own category only; search: see config.Config.search."""
    query, gallery = sides(benchmark)
    asks, searched = (predicted_rows(folder, benchmark, rows, "embedding")["embedding"] for rows in (query, gallery))
    groups = (benchmark.category[query], benchmark.category[gallery]) if within else (None, None)
    k = min(max(paper.RETRIEVAL_KS), len(gallery))
    if search == "faiss":
        ranked = metrics.search_faiss(asks, searched, k, *groups)[0]
    else:
        device = "cuda" if torch.cuda.is_available() else "cpu"
        ranked = metrics.search(asks, searched, k, device=device, query_group=groups[0], gallery_group=groups[1])[0]
    return ranked, metrics.retrieval_matches(ranked, benchmark.item[query], benchmark.item[gallery])


def matched_searches(runs: dict[str, dict[str, Path]], benchmarks: dict[str, Benchmark], seed: int, ks=(1, 20)):
    """Both searches in galleries alike: the same number of items, drawn by seed, one photo of each (the list's first), and all
    queries for them; for those k that are fewer than the items. runs: {benchmark: {method: folder}}. Columns benchmark, method, k, accuracy, lo, hi, queries, gallery."""
    first = {}
    for name in runs:
        gallery = sides(benchmarks[name])[1]
        first[name] = gallery[np.unique(benchmarks[name].item[gallery], return_index=True)[1]]
    n, out = min(map(len, first.values())), []
    ks = [k for k in ks if k < n]
    for name, folders in runs.items():
        b = benchmarks[name]
        gallery = np.sort(np.random.default_rng(seed).choice(first[name], n, replace=False))
        query = sides(b)[0]
        query = query[np.isin(b.item[query], b.item[gallery])]
        for method, folder in folders.items():
            asks, searched = (predicted_rows(folder, b, rows, "embedding")["embedding"] for rows in (query, gallery))
            ranked = metrics.search(asks, searched, n)[0]
            matches = metrics.retrieval_matches(ranked, b.item[query], b.item[gallery])
            for k, interval in zip(ks, accuracies(matches, ks, b.item[query], seed), strict=True):
                out.append((name, method, k, *interval, len(query), n))
    return pd.DataFrame(out, columns=["benchmark", "method", "k", "accuracy", "lo", "hi", "queries", "gallery"])


SEARCHES = {"all": False, "within category": True}


def retrieval_table(runs: dict[str, Path], benchmark: Benchmark, config: Config) -> pd.DataFrame:
    """Figures 8b and 9b: top-k accuracy for k = 1..50, over everything and within the query's category.

    Columns method, search, k, accuracy with its 95 % interval lo, hi (bootstrap over items: the photos of one item are not
    independent), recall (share of the item's gallery images found, mmfashion's), queries, without_match (queries whose item
    the gallery lacks: they stay in as misses).
    """
    query, gallery = sides(benchmark)
    items, out = benchmark.item[query], []
    for method, folder in runs.items():
        for search, within in SEARCHES.items():
            if within and benchmark.category is None:
                continue
            ranked, matches = ranking(folder, benchmark, within, config.search)
            ks = range(1, ranked.shape[1] + 1)
            all_of = metrics.retrieval_accuracy(ranked, items, benchmark.item[gallery], ks)
            counts = all_of["queries"], all_of["without_match"]
            for k, interval in zip(ks, accuracies(matches, ks, items, config.seed), strict=True):
                out.append((method, search, k, *interval, all_of["recall"][k], *counts))
    columns = ["method", "search", "k", "accuracy", "lo", "hi", "recall", "queries", "without_match"]
    return pd.DataFrame(out, columns=columns)


def accuracies(
    matches: np.ndarray, ks: Iterable[int], items: np.ndarray, seed: int
) -> list[tuple[float, float, float]]:
    """Top-k accuracy with its 95 % interval over items for each k, from matches (Q, K) bool; one set of resamples for all k."""
    found = [matches[:, :k].any(1) for k in ks]
    sums = metrics.resampled_sums([*found, np.ones(len(matches))], items, 1000, seed)
    with np.errstate(invalid="ignore"):
        return [metrics.percentiles(sums[:, i] / sums[:, -1], 0.95) for i in range(len(found))]


def retrieval_examples(folder: Path, benchmark: Benchmark, n: int, top: int, seed: int, search: str = "blocks"):
    """Figures 8a and 9a: n queries chosen by seed, not by success, each with its `top` nearest: what
    `plots.retrieval_rows` draws: lists of (photo, predicted landmarks or None, codes, hit or None for the query)."""
    query, gallery = sides(benchmark)
    ranked, matches = ranking(folder, benchmark, search=search)
    chosen = np.sort(np.random.default_rng(seed).choice(len(query), min(n, len(query)), replace=False))
    rows = np.column_stack([query[chosen], gallery[ranked[chosen, :top]]])
    found = predicted_rows(folder, benchmark, rows.ravel(), "landmarks", "visibility")

    def shown(i: int, j: int) -> tuple:
        at = i * rows.shape[1] + j
        marks = (found["landmarks"][at], found["visibility"][at].argmax(1)) if "landmarks" in found else (None, None)
        return photo(benchmark, rows[i, j]), *marks, matches[chosen[i], j - 1] if j else None

    return [[shown(i, j) for j in range(rows.shape[1])] for i in range(len(rows))]


VARIATIONS = {"pose": ("front", "side"), "scale": ("zoom-in", "zoom-out")}


def variation_table(runs: dict[str, Path], benchmark: Benchmark, ks: Iterable[int], config: Config) -> pd.DataFrame:
    """Figure 11: in-shop accuracy of the queries of each pose and scale (a), and of each category (b).

    Columns method, by ("pose", "scale" or "category"), value, k, accuracy, lo, hi (bootstrap over items), queries.
    """
    query, _ = sides(benchmark)
    kinds = {number: name for number, name in POSES.items()}
    pose = np.array([kinds.get(int(code), "") for code in benchmark.pose[query]])
    groups = [(by, value, pose == value) for by, values in VARIATIONS.items() for value in values]
    if benchmark.category is not None:
        categories = benchmark.category[query]
        order = pd.Series(categories).value_counts().index  # the most frequent first
        groups += [("category", benchmark.category_names[c], categories == c) for c in order]
    out = []
    for method, folder in runs.items():
        matches = ranking(folder, benchmark, search=config.search)[1]
        for by, value, mask in groups:
            intervals = accuracies(matches[mask], ks, benchmark.item[query][mask], config.seed)
            out += [(method, by, value, k, *i, int(mask.sum())) for k, i in zip(ks, intervals, strict=True)]
    return pd.DataFrame(out, columns=["method", "by", "value", "k", "accuracy", "lo", "hi", "queries"])


# ---- files ----------------------------------------------------------------------------------------------------------


def save_table(table: pd.DataFrame, out: Path, name: str) -> Path:
    """<out>/tables/<name>.csv, six digits."""
    path = out / "tables" / f"{name}.csv"
    part = path.with_suffix(".part")
    table.to_csv(part, index=False, float_format="%.6g")
    os.replace(part, path)
    return path


def save_figure(figure, out: Path, name: str) -> None:
    """<out>/figures/<name>.png and .svg; of sheets that hold nothing but photos a png alone. Figures that show photos of
    a real data set stay out of the repository: see .gitignore."""
    photos = name.startswith(PHOTOS)
    for kind in ("png", "svg") if name.startswith("fig") or not photos else ("png",):
        path = out / "figures" / f"{name}.{kind}"
        part = path.with_name(path.name + ".part")
        metadata = {"Date": None} if kind == "svg" else {}
        figure.savefig(part, format=kind, dpi=72 if photos else 150, bbox_inches="tight", metadata=metadata)
        os.replace(part, path)


def versions() -> str:
    return f"torch {torch.__version__}, numpy {np.__version__}, pandas {pd.__version__}"


# ---- the README's results -------------------------------------------------------------------------------------------

README_START = "<!-- results: written by `python -m lib.report`, checked by a test -->\n"
README_END = "<!-- end of results -->"
DEMO_START = "<!-- demo: written by `python -m lib.report`, checked by a test -->\n"
DEMO_END = "<!-- end of demo -->"
WORLD_START = "<!-- world: written by `python -m lib.report`, checked by a test -->\n"
WORLD_END = "<!-- end of world -->"
ORDERINGS_START = "<!-- orderings: written by `python -m lib.report`, checked by a test -->\n"
ORDERINGS_END = "<!-- end of orderings -->"
TIMES_START = "<!-- times: written by `python -m lib.report`, checked by a test -->\n"
TIMES_END = "<!-- end of times -->"


def pdj_markdown(folder: Path) -> list[str]:
    """Lines of a table: PDJ at 0.1 of each method and landmark, from pdj.csv."""
    pdj = pd.read_csv(folder / "tables" / "pdj.csv")
    pdj = pdj[(pdj.threshold == paper.PDJ_THRESHOLD) & (pdj.norm == "box")]
    lines = ["| landmarks, PDJ at 0.1 in % | all | " + " | ".join(LANDMARKS) + " |", "|---" * 10 + "|"]
    for (method, head), rows in pdj.groupby(["method", "head"], sort=False):
        share = 100 * rows.set_index("landmark").pdj
        name = method if head in ("none", method.rpartition("-")[2]) else f"{method}, {head}"
        lines.append(f"| {name} | **{share['all']:.1f}** | " + " | ".join(f"{share[j]:.1f}" for j in LANDMARKS) + " |")
    return lines


def results_markdown(folder: Path) -> str:
    """The README's tables of real photos, from the csv files under `folder`."""
    lines = pdj_markdown(folder)
    tables = [pd.read_csv(folder / "tables" / f"{name}.csv") for name in ("attributes", "attribute_baseline")]
    attributes = pd.concat(tables)
    attributes = attributes[attributes.k == 5]
    groups = [group for group in attributes.group.unique() if group != "all"]
    lines += [
        "",
        "| attributes, top-5 recall in % | macro | micro | " + " | ".join(f"{g}, micro" for g in groups) + " |",
    ]
    lines.append("|---" * (3 + len(groups)) + "|")
    for method, rows in attributes.groupby("method", sort=False):
        rows = rows.set_index("group")
        cells = [rows.macro["all"], rows.micro["all"], *(rows.micro[g] for g in groups)]
        lines.append(f"| {method} | " + " | ".join(f"{100 * c:.1f}" for c in cells) + " |")
    return "\n".join(lines) + "\n"


def demo_markdown(folder: Path) -> str:
    """The README's tables of the demo: Table 2 as the paper prints it, top-3 / top-5, the landmarks, both searches, and the
    claims."""
    table = pd.read_csv(folder / "tables" / "table2.csv").set_index("method")
    columns = [column.removesuffix("_top3") for column in table.columns if column.endswith("_top3")]
    lines = ["| top-3 / top-5 in % | " + " | ".join(columns) + " |", "|---" * (1 + len(columns)) + "|"]
    for method, row in table.iterrows():
        cells = [f"{row[f'{c}_top3']:.1f} / {row[f'{c}_top5']:.1f}" for c in columns]
        lines.append(f"| {method} | " + " | ".join(cell if "nan" not in cell else "" for cell in cells) + " |")
    return (
        "\n".join([*lines, "", *pdj_markdown(folder), "", *retrieval_markdown(folder), "", *claims_markdown(folder)])
        + "\n"
    )


def retrieval_markdown(folder: Path) -> list[str]:
    """Lines of a table: top-20 accuracy of both searches with its interval, over everything and within the query's category."""
    tables = {
        title: pd.read_csv(folder / "tables" / f"{name}.csv")
        for name, title in (("inshop", "in-shop"), ("consumer2shop", "consumer-to-shop"))
    }
    columns = [(title, search) for title, table in tables.items() for search in table.search.unique()]
    lines = ["| top-20 in % | " + " | ".join(f"{title}, {search}" for title, search in columns) + " |"]
    lines.append("|---" * (1 + len(columns)) + "|")
    for method in tables["in-shop"].method.unique():
        cells = []
        for title, search in columns:
            table = tables[title]
            row = table[(table.method == method) & (table.search == search) & (table.k == paper.RETRIEVAL_TOP_K)].iloc[
                0
            ]
            cells.append(f"{100 * row.accuracy:.1f} [{100 * row.lo:.1f}, {100 * row.hi:.1f}]")
        lines.append(f"| {method} | " + " | ".join(cells) + " |")
    return lines


def claims_markdown(folder: Path) -> list[str]:
    """Lines of a table: the paper's claims and their verdicts, those that have an interval with it."""
    claims = pd.read_csv(folder / "tables" / "claims.csv")
    counts = claims.verdict.value_counts()
    said = ", ".join(f"{counts.get(verdict, 0)} {verdict}" for verdict in ("held", "not held", "undecided"))
    lines = [f"<details><summary>{len(claims)} claims of the paper: {said}</summary>", ""]
    lines += ["| claim | paper | here | verdict |", "|---|---|---|---|"]
    for row in claims.itertuples():
        printed = "" if np.isnan(row.paper) else f"{row.paper:+.3f}"
        here = "" if np.isnan(row.measured) else f"{row.measured:+.3f}"
        here += "" if np.isnan(row.lo) else f" [{row.lo:+.3f}, {row.hi:+.3f}]"
        lines.append(f"| {row.claim} | {printed} | {here} | {row.verdict} |")
    note = (
        "A claim that compares with several shows its weakest comparison, and is *not held* only where that is so at a level that "
        "allows for their number: hence *undecided* beside some intervals below 0. One without an interval has too few hits or misses."
    )
    return [*lines, "", note, "", "</details>"]


def orderings_markdown(folder: Path) -> str:
    """The README's table of `benchmarks/orderings.py`: category top-3 and attribute top-5 of each setting and method, and how
    far FashionNet of that setting is ahead in both."""
    table = pd.read_csv(folder / "tables" / "orderings.csv")
    columns = (
        "changed",
        "method",
        "epochs",
        "category, top-3 in %",
        "attributes, top-5 in %",
        "FashionNet's category lead",
        "its attribute lead",
    )
    lines = [f"| {' | '.join(columns)} |", "|---" * len(columns) + "|"]
    for row in table.itertuples():
        values = (
            (row.lead, row.lead_lo, row.lead_hi),
            (row.attribute_lead, row.attribute_lead_lo, row.attribute_lead_hi),
        )
        leads = ("" if row.method == "fashionnet" else "{:+.1f} [{:+.1f}, {:+.1f}]".format(*three) for three in values)
        lines.append(
            f"| {row.setting} | {row.method} | {row.epochs} | {row.category_top3:.1f} | {row.all_top5:.1f} | {' | '.join(leads)} |"
        )
    return "\n".join(lines) + "\n"


def times_markdown(folder: Path) -> str:
    """The README's table of how long each notebook of the demo took, from times.csv."""
    times = pd.read_csv(folder / "tables" / "times.csv").set_index("notebook").seconds
    said = [*times.items(), ("**all**", times.sum())]
    return (
        "\n".join(["| notebook | time |", "|---|---|", *(f"| {name} | {clock(took)} |" for name, took in said)]) + "\n"
    )


def world_markdown(folder: Path) -> str:
    """The README's table of what the synthetic world is like, from world.csv (without the distances of single landmarks)
    and world_speed.csv."""
    table = pd.concat([pd.read_csv(folder / "tables" / f"{name}.csv") for name in ("world", "world_speed")])
    table = table[~table.figure.str.contains("to_joint_")]
    lines = ["| figure | value | |", "|---|---|---|"]
    lines += [f"| {row.figure} | {row.value:.4g} | {row.how} |" for row in table.itertuples()]
    return "\n".join(lines) + "\n"


def readme_parts() -> list[tuple[str, str, str]]:
    """(first mark, last mark, what must stand between them) of the README."""
    return [
        (README_START, README_END, results_markdown(ROOT / "outputs" / "real_fine")),
        (DEMO_START, DEMO_END, demo_markdown(ROOT / "outputs" / "demo")),
        (ORDERINGS_START, ORDERINGS_END, orderings_markdown(ROOT / "outputs" / "demo")),
        (TIMES_START, TIMES_END, times_markdown(ROOT / "outputs" / "demo")),
        (WORLD_START, WORLD_END, world_markdown(ROOT / "outputs" / "demo")),
    ]


def update_readme() -> None:
    """Put the current results between the README's marks."""
    path = ROOT / "README.md"
    text = path.read_text()
    for first, last, content in readme_parts():
        before, rest = text.split(first)
        text = before + first + content + last + rest.split(last, 1)[1]
    part = path.with_suffix(".part")
    part.write_text(text)
    os.replace(part, path)


if __name__ == "__main__":
    update_readme()
