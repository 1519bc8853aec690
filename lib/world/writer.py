"""Write the synthetic clothes world in DeepFashion's official layout, and draw single garments."""

import json
import os
import shutil
import threading
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from dataclasses import asdict
from functools import partial
from multiprocessing import get_context, parent_process
from pathlib import Path

import cv2
import numpy as np
from tqdm import tqdm

from lib.lists import FOLDERS, DataError
from lib.locks import hold
from lib.world import figure
from lib.world.attributes import NAMES, holds
from lib.world.items import POSE_CODES, Image, Job, draw_job, images_of, plan
from lib.world.official import write_lists, write_titles
from lib.world.size import World
from lib.world.wardrobe import compose

VERSION = 6  # raise it when the same (seed, item, view) would look different or be named differently
_WORTH_A_POOL = 200  # images; fewer are drawn faster than workers start


def garment(
    category: str | None = None,
    attributes: Sequence[str] = (),
    seed: int = 0,
    px: int = 256,
    view: str = "front",
    consumer: bool = False,
):
    """Return a picture of your own: a garment of a category (any that fits, where None) with all these attributes.

    Returns (H, W, 3) uint8 RGB and the labels of `figure.render`, with "garment", its parameters, and "names", all of
    the 1,000 attributes that it shows. Raises ValueError for an unknown name or view, and where the attributes
    contradict each other.
    """
    if view not in POSE_CODES:
        raise ValueError(f"no view {view!r}; there are {', '.join(POSE_CODES)}")
    g = compose(category, attributes, seed)
    image, labels = figure.render(g, np.random.default_rng([seed, 9]), px, view, consumer)
    return image, labels | {"garment": g, "names": [NAMES[i] for i in np.flatnonzero(holds(g))]}


def _draw_job(root: Path, size: World, seed: int, job: Job) -> list[Image]:
    """Draw a job's images into their files, unless they are there, and return what the lists need."""
    out = []
    for pixels, quality, about in draw_job(job, size, seed):
        path = root / FOLDERS[job.benchmark] / "Img" / about.name
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            part = path.with_suffix(".part")
            code = cv2.imencode(".jpg", pixels[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
            part.write_bytes(code.tobytes())
            os.replace(part, path)
        out.append(about)
    return out


def _start_worker() -> None:
    """Give each worker one thread of OpenCV, and end it with the process that started it, however that was killed."""
    cv2.setNumThreads(1)
    threading.Thread(target=lambda: (parent_process().join(), os._exit(1)), daemon=True).start()


def write_world(root: Path, size: World, seed: int, workers: int = 1, progress: bool = True) -> Path:
    """Write the three benchmarks under `root` and return it.

    A finished world (world.json) of the same size, seed and version is left as it is; another one is replaced. An
    interrupted one goes on: images that are there are not written again. A second process waits for the first. Raises
    DataError when the disk fails.
    """
    root = Path(root)
    about = json.loads(json.dumps({"version": VERSION, "seed": seed, "size": asdict(size)}))  # as it is read back
    mark, started = root / "world.json", root / "started.json"
    if _read_mark(mark) == about:
        return root
    try:
        with hold(root.with_name(f"{root.name}.lock"), f"{root} is being drawn"):
            if _read_mark(mark) != about:  # otherwise the process that was waited for has drawn it
                if root.exists() and _read_mark(started) != about:
                    shutil.rmtree(root)
                root.mkdir(parents=True, exist_ok=True)
                _write_mark(started, about)
                _draw(root, size, seed, workers, progress)
                _write_mark(mark, about)
                started.unlink()
    except OSError as error:
        raise DataError(
            f"{root}: cannot be written ({error.strerror or error}); free some room and start again"
        ) from error
    return root


def _draw(root: Path, size: World, seed: int, workers: int, progress: bool) -> None:
    """Draw the images that are not there, then write the lists of all."""
    jobs = plan(size, seed)
    total = sum(images_of(job) for job in jobs)
    images: list[Image] = []
    with ExitStack() as stack:
        map_ = map
        if workers > 1 and total > _WORTH_A_POOL:
            pool = ProcessPoolExecutor(workers, mp_context=get_context("spawn"), initializer=_start_worker)
            map_ = partial(stack.enter_context(pool).map, chunksize=8)
        bar = stack.enter_context(
            tqdm(None, "synthetic world", total, unit="image", mininterval=1, disable=not progress)
        )
        for drawn in map_(partial(_draw_job, root, size, seed), jobs):
            images += drawn
            bar.update(len(drawn))
    write_lists(root, images)
    write_titles(root / "titles.csv", images)


def _read_mark(path: Path) -> dict | None:
    """Return what a mark says, or None where there is none or it cannot be read."""
    try:
        return json.loads(path.read_text())
    except (OSError, ValueError):
        return None


def _write_mark(path: Path, about: dict) -> None:
    part = path.with_suffix(".part")
    part.write_text(json.dumps(about))
    os.replace(part, path)
