"""Write the synthetic clothes world in DeepFashion's official layout, and draw single garments."""

import csv
import json
import os
import shutil
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict
from functools import partial
from itertools import islice
from multiprocessing import get_context, parent_process
from pathlib import Path

import cv2
import numpy as np
from tqdm import tqdm

from lib.lists import FOLDERS, write_attributes, write_benchmark
from lib.world import figure
from lib.world.attributes import GROUPS, NAMES, holds
from lib.world.garment import CATEGORIES
from lib.world.items import POSE_CODES, Image, Job, draw_job, images_of, item_id, label_odds, plan
from lib.world.size import World
from lib.world.wardrobe import compose

VERSION = 9  # raise it when the same (seed, item, view) would look different or be named differently
CHUNK = 500  # images; a call that goes on draws again what was not yet a chunk
_WORTH_A_POOL = 200  # images; fewer are drawn faster than workers start


def garment(category: str | None = None, attributes: Sequence[str] = (), seed=0, px=256, view="front", consumer=False):
    """Return a picture of your own: a garment of a category (any that fits, where None) with all these attributes.

    Returns (H, W, 3) uint8 RGB and the labels of `figure.Picture`, with "garment", its parameters, and "names", all of
    the 1,000 attributes that it shows. Raises ValueError for an unknown name or view, and where the attributes
    contradict each other.
    """
    if view not in POSE_CODES:
        raise ValueError(f"no view {view!r}; there are {', '.join(POSE_CODES)}")
    g = compose(category, attributes, seed)
    picture = figure.Picture(g, np.random.default_rng([seed, 9]), px, view, consumer)
    return picture.image, picture.labels | {"garment": g, "names": [NAMES[i] for i in np.flatnonzero(holds(g))]}


def write_world(root: Path, size: World, seed: int, workers: int = 1, progress: bool = True) -> Path:
    """Write the three benchmarks and return their folder, beside `root`: <root>_<digest of what it is made from>.

    The folder is whole as soon as it exists, and is then left as it is; its world.json has version, seed and size.
    What a killed call has drawn is not drawn again, but for the last images. A second process waits for the first.
    Raises DataError where the disk is full or cannot be written.
    """
    from lib.artefact import artefact, digest  # here: it imports torch, which workers need not

    about = {"version": VERSION, "seed": seed, "size": asdict(size)}
    root = Path(root)
    folder = root.with_name(f"{root.name}_{digest(VERSION, asdict(size), seed)}")
    fill = partial(_fill, size=size, seed=seed, workers=workers, progress=progress, about=about)
    return artefact(folder, fill, about)


def _fill(folder: Path, size: World, seed: int, workers: int, progress: bool, about: dict) -> None:
    """Draw a world into a folder, which may hold the finished chunks of an earlier call."""
    from lib.artefact import write_beside, write_json

    chunks = _chunks(plan(size, seed))
    left = [job for path, jobs in chunks.items() if not (folder / path).exists() for job in jobs]
    count = sum(map(images_of, left))
    bar = tqdm(None, "synthetic world", count, unit="image", mininterval=1, disable=not progress)
    with _mapping(workers, count) as map_, bar:
        drawn = map_(partial(_draw_job, folder, size, seed), left)
        images = []
        for path, jobs in chunks.items():
            if not (folder / path).exists():
                new = []
                for job in islice(drawn, len(jobs)):
                    new += job
                    bar.update(len(job))
                write_beside(folder / path, partial(Path.write_text, data=json.dumps(new)))
            images += [Image(*values) for values in json.loads((folder / path).read_text())]
    for benchmark, name in FOLDERS.items():
        if here := [image for image in images if image.benchmark == benchmark]:
            _write_lists(folder / name, benchmark, here)
    _write_titles(folder / "titles.csv", images)
    write_json(folder / "world.json", about)
    shutil.rmtree(folder / "labels", ignore_errors=True)


def _write_lists(folder: Path, benchmark: str, images: list[Image]) -> None:
    table = dict(zip(Image._fields, zip(*images, strict=True), strict=True))
    table |= {"image": table["name"], "item": [item_id(item) for item in table["item"]]}
    table["pose"] = table["domain"] = table["code"]
    if benchmark == "category_attribute":
        types = [category.clothes_type for category in CATEGORIES.values()]
        others = {"Anno/list_category_cloth.txt": {"category_name": list(CATEGORIES), "clothes_type": types}}
        write_attributes(folder / "Anno_coarse", NAMES, GROUPS, "image", {i.name: i.fired for i in images})
    else:
        items = {item_id(i.item): i.fired for i in images}
        others = {f"Anno/list_item_{benchmark}.txt": {"item": list(items)}}
        write_attributes(folder / "Anno", NAMES, GROUPS, "item", items)
    if benchmark == "consumer2shop":
        shop = {i.item: i.name for i in images if i.code == 1}
        asked = [i for i in images if i.code == 2]
        others["Eval/list_eval_partition.txt"] = {
            "pair": [f"{i.name}  {shop[i.item]}" for i in asked],
            "item": [item_id(i.item) for i in asked],
            "split": [i.split for i in asked],
        }
    write_benchmark(folder, benchmark, table, others)


def _write_titles(path: Path, images: list[Image]) -> None:
    """Write benchmark, item (the number that ends a category-and-attribute folder) and title of every item."""
    rows = {("benchmark", "item", "title"): None}
    for i in images:
        item = f"{i.item:06d}" if i.benchmark == "category_attribute" else item_id(i.item)
        rows[i.benchmark, item, i.title] = None
    with open(path, "w", newline="", encoding="utf-8") as file:
        csv.writer(file, lineterminator="\n").writerows(rows)


def label_probabilities(size: World, seed: int, rows: np.ndarray, workers: int = 1) -> np.ndarray:
    """Return the exact probability of each label of these images, (n, A) float32: that it is in the garment's title
    and that the picture, drawn again, shows it. rows: (n,) of the category-and-attribute benchmark's lists."""
    jobs = [job for job in plan(size, seed) if job.benchmark == "category_attribute"]
    shots = [(job, number) for job in jobs for number in range(job.views)]
    with _mapping(workers, len(rows)) as map_:
        odds = map_(partial(label_odds, size=size, seed=seed), [shots[row] for row in rows])
        return np.array(list(tqdm(odds, "probabilities", len(rows), unit="image", mininterval=5)), np.float32)


def _chunks(jobs: list[Job]) -> dict[str, list[Job]]:
    """Return the jobs by the file of their labels: a new file for every CHUNK images or so."""
    chunks, images = {}, 0
    for job in jobs:
        chunks.setdefault(f"labels/{images // CHUNK}.json", []).append(job)
        images += images_of(job)
    return chunks


@contextmanager
def _mapping(workers: int, images: int) -> Iterator:
    """Yield `map`, or that of a pool of processes where so many images are worth one."""
    if workers == 1 or images <= _WORTH_A_POOL:
        yield map
        return
    pool = ProcessPoolExecutor(workers, mp_context=get_context("spawn"), initializer=_start_worker)
    try:
        yield partial(pool.map, chunksize=8)
    finally:
        pool.shutdown(cancel_futures=True)  # an error or Ctrl-C does not wait for what is queued


def _start_worker() -> None:
    """Give each worker one thread of OpenCV, and end it with the process that started it, however that was killed."""
    cv2.setNumThreads(1)
    threading.Thread(target=lambda: (parent_process().join(), os._exit(1)), daemon=True).start()


def _draw_job(folder: Path, size: World, seed: int, job: Job) -> list[Image]:
    """Draw a job's images into their files and return what the lists need."""
    images = []
    for pixels, quality, image in draw_job(job, size, seed):
        path = folder / FOLDERS[image.benchmark] / "Img" / image.name
        path.parent.mkdir(parents=True, exist_ok=True)
        code = cv2.imencode(".jpg", pixels[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
        path.write_bytes(code.tobytes())
        images.append(image)
    return images
