"""The synthetic clothes world, written in DeepFashion's official layout.

An item fixes the garment (lib/garment.py, lib/attributes.py); a view draws body, pose, camera, ground and light
(lib/figure.py). One image is a pure function of (seed, item, view), so any number of workers writes the same bytes.
"""

import json
import os
import shutil
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from dataclasses import asdict
from functools import partial
from itertools import repeat
from multiprocessing import get_context, parent_process
from pathlib import Path

import cv2
import numpy as np
from tqdm import tqdm

from lib import attributes as vocabulary
from lib import figure
from lib.config import World
from lib.data import FOLDERS, JOINTS, SLOTS, DataError
from lib.garment import CATEGORIES, CATEGORY_NAMES, Garment

VERSION = 4  # raise it when the same (seed, item, view) would look different
POSE_CODES = {"front": 1, "side": 2, "back": 3, "zoom-out": 4, "zoom-in": 5}
INSHOP_VIEWS = ("front", "side", "back", "zoom-out", "zoom-in")
# How often the category-and-attribute benchmark shows each. In the real sample 8 % of the people turn their back.
VIEWS = {"front": 0.64, "side": 0.12, "back": 0.08, "zoom-in": 0.08, "zoom-out": 0.08}
MOST_WISHES = 40  # attributes that an item of a covering split is asked to wear; a few go together


# ---- the world ------------------------------------------------------------------------------------------------------

_BENCHMARK_CODE = {"category_attribute": 1, "inshop": 2, "consumer2shop": 3}


def item_of(seed: int, benchmark: str, item: int, wishes: Sequence[str] = (), category: str = "") -> Garment:
    """The garment of an item: a pure function of its arguments."""
    return vocabulary.draw(np.random.default_rng([seed, _BENCHMARK_CODE[benchmark], item]), wishes, category)


def tags(g: Garment, seed: int, benchmark: str, item: int, wishes: Sequence[str], label_noise: float) -> np.ndarray:
    """(A,) bool: the attributes that the labels of an item name. As tags from meta-data do, they miss a share of what
    holds; never what the item was asked to wear."""
    noise = np.random.default_rng([seed, _BENCHMARK_CODE[benchmark], item, 0, 7]).random(len(vocabulary.NAMES))
    asked = np.isin(vocabulary.NAMES, wishes)
    return vocabulary.holds(g) & ((noise >= label_noise) | asked)


def picture(
    g: Garment, seed: int, benchmark: str, item: int, number: int, px: int, view: str, consumer: bool, room=(0.03, 0.12)
):
    """Image and labels of one view of an item (see `figure.render`), and the JPEG quality that it is written with: a
    pure function of its arguments."""
    rng = np.random.default_rng([seed, _BENCHMARK_CODE[benchmark], item, number + 1])
    image, labels = figure.render(g, rng, px, view, consumer, room)
    return image, labels, int(rng.integers(40, 80)) if consumer else 92


def garment(
    category: str | None = None,
    attributes: Sequence[str] = (),
    seed: int = 0,
    px: int = 256,
    view: str = "front",
    consumer: bool = False,
):
    """A picture of your own: a garment of a category (any that fits, where None) with all these attributes.

    Returns (H, W, 3) uint8 RGB and the labels of `figure.render`, with "garment", its parameters, and "names", all of
    the 1,000 attributes that hold. Raises ValueError for an unknown name or view, and where the attributes contradict
    each other.
    """
    if view not in POSE_CODES:
        raise ValueError(f"no view {view!r}; there are {', '.join(POSE_CODES)}")
    g = vocabulary.compose(category, attributes, seed)
    image, labels = figure.render(g, np.random.default_rng([seed, 9]), px, view, consumer)
    names = [name for name, held in zip(vocabulary.NAMES, vocabulary.holds(g), strict=True) if held]
    return image, labels | {"garment": g, "names": names}


def cover(seed: int, benchmark: str, items: range, label_noise: float) -> dict[int, tuple[str, ...]]:
    """What each of these items is asked to wear, so that together their labels have all 1,000 attributes, as far as there
    are items enough: each is asked for those that none before it has, the longest waiting first."""
    order = np.random.default_rng([seed, _BENCHMARK_CODE[benchmark], items.start, 11]).permutation(
        len(vocabulary.NAMES)
    )
    missing = dict.fromkeys(vocabulary.NAMES[i] for i in order)
    out = {}
    for item in items:
        wishes = tuple(missing)[:MOST_WISHES]
        if not wishes:
            break
        out[item] = wishes
        g = item_of(seed, benchmark, item, wishes)
        tagged = tags(g, seed, benchmark, item, wishes, label_noise)
        for name in wishes:
            missing[name] = missing.pop(name)  # asked once: to the end of the queue
        for number in np.flatnonzero(tagged):
            missing.pop(vocabulary.NAMES[number], None)
    return out


def _plan(size: World, seed: int, map_: Callable = map) -> list[dict]:
    """Every image to draw: benchmark, item, garment, number and kind of view, split, wishes, name. Items of different
    splits and benchmarks differ. map_: one that uses a pool, as each garment is drawn by itself."""
    jobs: list[dict] = []

    def garments_of(benchmark, items, wishes=None):
        asked = [(wishes or {}).get(item, ()) for item in items]
        return dict(zip(items, map_(item_of, repeat(seed), repeat(benchmark), items, asked), strict=True))

    def add(benchmark, split, item, g, number, view, consumer, wishes=()):
        job = dict(benchmark=benchmark, split=split, item=item, garment=g, number=number, view=view, consumer=consumer)
        jobs.append(job | {"wishes": wishes, "name": _name(job)})

    views, first = np.random.default_rng([seed, 0]), 0
    for split in ("pretrain", "train", "val", "test"):
        left, each = getattr(size, split), size.views if split in ("pretrain", "train") else 1
        items = range(first, first - (-left // each))  # each test image has its own item
        wishes = cover(seed, "category_attribute", items, size.label_noise)
        garments = garments_of("category_attribute", items, wishes)
        free = [i for i in reversed(items) if i not in wishes]  # a category that nobody drew is given to one of these
        absent = [name for name in CATEGORY_NAMES if name not in {g.category for g in garments.values()}]
        for item, name in zip(free, absent, strict=False):
            garments[item] = item_of(seed, "category_attribute", item, (), name)
        for item, g in garments.items():
            for number in range(min(left, each)):
                view, consumer = str(views.choice(list(VIEWS), p=list(VIEWS.values()))), bool(views.random() < 0.4)
                add("category_attribute", split, item, g, number, view, consumer, wishes.get(item, ()))
            left -= each
        first = items.stop
    for item, g in garments_of("inshop", range(size.inshop_items)).items():
        for number, view in enumerate(INSHOP_VIEWS if item % 2 else INSHOP_VIEWS[:4]):
            # Every other view asks, starting with another one for every other item: each kind of view asks and is found.
            asks = (number + item // 2) % 2
            split = "train" if item < size.inshop_items // 2 else "query" if asks else "gallery"
            add("inshop", split, item, g, number, view, False)
    for item, g in garments_of("consumer2shop", range(size.consumer2shop_items)).items():
        share = item / size.consumer2shop_items
        split = "train" if share < 0.5 else "val" if share < 0.6 else "test"
        for number in range(4):
            view = "front" if number == 0 else ("front", "side", "zoom-in", "zoom-out")[views.integers(4)]
            add("consumer2shop", split, item, g, number, view, number > 0)
    return jobs


def _name(job: dict) -> str:
    g = job["garment"]
    look = f"{g.colour}_{g.pattern}_{g.fabric}".title().replace(" ", "_")
    kind = {1: "TOPS", 2: "BOTTOMS", 3: "DRESSES"}[g.clothes_type]
    person = g.wearer.upper()
    item, number = f"id_{job['item'] + 1:08d}", job["number"] + 1
    if job["benchmark"] == "category_attribute":
        return f"img/{look}_{g.category}_{job['item']:06d}/img_{number:08d}.jpg"
    if job["benchmark"] == "inshop":
        return f"img/{person}/{g.category}/{item}/{number:02d}_{POSE_CODES[job['view']]}_{job['view'].replace('-', '')}.jpg"
    kept = "shop_01" if number == 1 else f"comsumer_{number - 1:02d}"  # spelt as in the release
    return f"img/{kind}/{g.category}/{item}/{kept}.jpg"


def _draw_job(args) -> dict:
    """Draw one image into its file, unless it is there, and return its labels."""
    root, seed, size, job = args
    g, key = job["garment"], (seed, job["benchmark"], job["item"])
    image, labels, quality = picture(g, *key, job["number"], size.px, job["view"], job["consumer"], size.box_room)
    path = Path(root) / FOLDERS[job["benchmark"]] / "Img" / job["name"]
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(".part")
        code = cv2.imencode(".jpg", image[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
        part.write_bytes(code.tobytes())
        os.replace(part, path)
    tagged = tags(g, *key, job["wishes"], size.label_noise) if job["benchmark"] == "category_attribute" else None
    return job | labels | {"tags": tagged}


def _start_worker() -> None:
    """One thread of OpenCV a worker, and none that outlives the process that started it, however that was killed."""
    cv2.setNumThreads(1)
    threading.Thread(target=lambda: (parent_process().join(), os._exit(1)), daemon=True).start()


def write_world(root: Path, size: World, seed: int, workers: int = 1, progress: bool = True) -> Path:
    """Write the three benchmarks under `root` and return it.

    A finished world (world.json) of the same size, seed and version is left as it is; of another, it is made anew. An
    interrupted one goes on: images that are there are not drawn to disk again. Raises DataError when the disk fails.
    """
    root = Path(root)
    about = json.loads(json.dumps({"version": VERSION, "seed": seed, "size": asdict(size)}))  # as it is read back
    mark, started = root / "world.json", root / "started.json"
    if _read_mark(mark) == about:
        return root
    try:
        if root.exists() and _read_mark(started) != about:
            shutil.rmtree(root)
        root.mkdir(parents=True, exist_ok=True)
        _write_mark(started, about)
        with ExitStack() as stack:
            map_, images = map, size.pretrain + size.train + size.val + size.test
            if (
                workers > 1 and images + 4 * (size.inshop_items + size.consumer2shop_items) > 200
            ):  # else not worth a pool
                pool = ProcessPoolExecutor(workers, mp_context=get_context("spawn"), initializer=_start_worker)
                map_ = partial(stack.enter_context(pool).map, chunksize=32)
            jobs = [(str(root), seed, size, job) for job in _plan(size, seed, map_)]
            bar = tqdm(
                map_(_draw_job, jobs), "synthetic world", len(jobs), unit="image", mininterval=1, disable=not progress
            )
            drawn = list(bar)
        for benchmark in _BENCHMARK_CODE:
            _write_lists(root, benchmark, [d for d in drawn if d["benchmark"] == benchmark], size)
        _write_mark(mark, about)
        started.unlink()
    except OSError as error:
        raise DataError(
            f"{root}: cannot be written ({error.strerror or error}); free some room and start again"
        ) from error
    return root


def _read_mark(path: Path) -> dict | None:
    """None where there is no mark, or one that cannot be read."""
    try:
        return json.loads(path.read_text())
    except (OSError, ValueError):
        return None


def _write_mark(path: Path, about: dict) -> None:
    part = path.with_suffix(".part")
    part.write_text(json.dumps(about))
    os.replace(part, path)


# ---- the official lists ---------------------------------------------------------------------------------------------


def write_list(path: Path, columns: str, rows: list[str]) -> None:
    """A list as the official ones: row count, column names, rows."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join([str(len(rows)), columns, *rows]) + "\n")


def joints_columns() -> str:
    """The second line of `list_joints.txt`."""
    return "image_name  " + "  ".join(f"{j.replace(' ', '_')}_{c}" for j in JOINTS for c in ("visibility", "x", "y"))


def points_text(points: np.ndarray, codes: np.ndarray, slots) -> str:
    """Visibility and place of some landmarks or joints, as the official lists write them."""
    out = []
    for j in slots:
        known = codes[j] != 2 and np.isfinite(points[j]).all()
        # Pixels as the official lists have them: whole, and never (0, 0), which means unknown.
        x, y = np.maximum(np.round(points[j]), 1).astype(int) if known else (0, 0)
        out.append(f"{codes[j]} {x:03d} {y:03d}")
    return "  ".join(out)


def _variation(drawn: dict) -> int:
    """The official code of pose and zoom: 1 normal, 2 medium and 3 large pose, 4 medium and 5 large zoom-in."""
    if drawn["view"] == "zoom-in":
        return 4 if drawn["zoom"] < 1.2 else 5
    return {"side": 2, "back": 3}.get(drawn["view"], 1)


def _write_lists(root: Path, benchmark: str, drawn: list[dict], size: World) -> None:
    folder = root / FOLDERS[benchmark]
    anno = folder / ("Anno_coarse" if benchmark == "category_attribute" else "Anno")
    suffix = {"category_attribute": "", "inshop": "_inshop", "consumer2shop": "_consumer2shop"}[benchmark]
    (folder / "Img" / "img").mkdir(parents=True, exist_ok=True)
    if not drawn:
        shutil.rmtree(folder)
        return
    names = [d["name"] for d in drawn]
    items = [f"id_{d['item'] + 1:08d}" for d in drawn]
    boxes = [" ".join(f"{v:03d}" for v in d["box"]) for d in drawn]
    types = [d["garment"].clothes_type for d in drawn]

    columns = "image_name  clothes_type  variation_type  " + "  ".join(
        f"landmark_visibility_{j}  landmark_location_x_{j}  landmark_location_y_{j}" for j in range(1, 9)
    )
    rows = [f"{n}  {d['garment'].clothes_type}  {_variation(d)}  {points_text(d['landmarks'], d['visibility'], SLOTS[d['garment'].clothes_type])}"
            for n, d in zip(names, drawn, strict=True)]  # fmt: skip
    write_list(anno / f"list_landmarks{suffix}.txt", columns, rows)
    rows = [
        f"{n}  {points_text(d['joints'], d['joint_visibility'], range(14))}" for n, d in zip(names, drawn, strict=True)
    ]
    write_list(anno / "list_joints.txt", joints_columns(), rows)

    if benchmark == "category_attribute":
        write_list(anno / "list_bbox.txt", "image_name  x_1  y_1  x_2  y_2", _rows(names, boxes))
        write_list(anno / "list_category_cloth.txt", "category_name  category_type",
                    [f"{name}  {entry[0]}" for name, entry in CATEGORIES.items()])  # fmt: skip
        numbers = [CATEGORY_NAMES.index(d["garment"].category) + 1 for d in drawn]
        write_list(anno / "list_category_img.txt", "image_name  category_label", _rows(names, numbers))
        write_list(anno / "list_attr_cloth.txt", "attribute_name  attribute_type",
                    _rows(vocabulary.NAMES, vocabulary.GROUPS))  # fmt: skip
        write_list(anno / "list_attr_img.txt", "image_name  attribute_labels", [
            f"{n}  {' '.join(np.where(row, '1', '-1'))}" for n, row in zip(names, (d["tags"] for d in drawn), strict=True)])  # fmt: skip
        listed = [(n, d["split"]) for n, d in zip(names, drawn, strict=True) if d["split"] != "pretrain"]
        write_list(
            folder / "Eval" / "list_eval_partition.txt",
            "image_name  evaluation_status",
            _rows(*zip(*listed, strict=True)),
        )
        if pretrain := [n for n, d in zip(names, drawn, strict=True) if d["split"] == "pretrain"]:
            write_list(folder / "Eval" / "list_pretrain.txt", "image_name", pretrain)
        return
    if benchmark == "inshop":
        second, codes = "pose_type", [POSE_CODES[d["view"]] for d in drawn]
        partition = _rows(names, [f"{item}  {d['split']}" for item, d in zip(items, drawn, strict=True)])
        columns = "image_name  item_id  evaluation_status"
    else:
        second, codes = "source_type", [2 if d["consumer"] else 1 for d in drawn]
        shop = {item: n for item, n, d in zip(items, names, drawn, strict=True) if not d["consumer"]}
        partition = [f"{n}  {shop[item]}  {item}  {d['split']}"
                     for n, item, d in zip(names, items, drawn, strict=True) if d["consumer"]]  # fmt: skip
        columns = "image_pair_name_1  image_pair_name_2  item_id  evaluation_status"
    rows = [f"{t}  {c}  {b}" for t, c, b in zip(types, codes, boxes, strict=True)]
    write_list(
        anno / f"list_bbox{suffix}.txt", f"image_name  clothes_type  {second}  x_1  y_1  x_2  y_2", _rows(names, rows)
    )
    unique = sorted(set(items))
    item_list = anno / f"list_item{suffix}.txt"
    item_list.write_text("\n".join([str(len(unique)), *unique]) + "\n")
    write_list(folder / "Eval" / "list_eval_partition.txt", columns, partition)


def _rows(names, values) -> list[str]:
    return [f"{name}  {value}" for name, value in zip(names, values, strict=True)]
