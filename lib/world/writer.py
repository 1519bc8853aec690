"""Write the synthetic clothes world in DeepFashion's official layout, and draw single garments."""

import json
import os
import shutil
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from functools import partial
from multiprocessing import get_context, parent_process
from pathlib import Path

import cv2
import numpy as np
from tqdm import tqdm

from lib.lists import FOLDERS, DataError
from lib.locks import OutOfTime, deadline, hold
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
        path = _photo(root, about)
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            part = path.with_suffix(f".{os.getpid()}.part")
            code = cv2.imencode(".jpg", pixels[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
            part.write_bytes(code.tobytes())
            os.replace(part, path)
        out.append(about)
    return out


def _start_worker() -> None:
    """Give each worker one thread of OpenCV, and end it with the process that started it, however that was killed."""
    cv2.setNumThreads(1)
    threading.Thread(target=lambda: (parent_process().join(), os._exit(1)), daemon=True).start()


def write_world(
    root: Path, size: World, seed: int, workers: int = 1, progress: bool = True, replace: bool = True
) -> Path:
    """Write the three benchmarks under `root` and return it.

    A finished world (world.json) of the same size, seed and version is left as it is; another one is replaced or, without
    `replace`, refused. An interrupted one goes on: images that are there are not written again, and those of a finished
    `write_shard` not drawn. A second process waits for the first. Raises DataError when the disk fails, and for a folder of
    other files; OutOfTime at the deadline (`locks.deadline`).
    """
    with _started(root, size, seed, replace) as about:
        if about:
            _wait_for_shards(Path(root))  # whose images would be drawn twice
            _finish(Path(root), size, seed, workers, progress, about)
    return Path(root)


def write_shard(
    root: Path, size: World, seed: int, number: int, count: int, workers: int = 1, progress: bool = True
) -> Path | None:
    """Draw one of `count` shards of a world, so that as many machines draw it; number: from 1.

    Writes its images and shards/<number>_of_<count>.jsonl, which it returns: the labels, one line per job of `plan`. None
    where the world is finished. Machines may share `root`; if they do not, copy their folders into one. `write_world` then
    writes the lists, and draws what is not there. Raises DataError when the disk fails, and for a folder of other files or of
    another world; BlockingIOError where another process draws this shard; OutOfTime at the deadline; ValueError for a number that
    is not one of 1 to `count`.
    """
    if not 1 <= number <= count:
        raise ValueError(f"shard {number}/{count}: the first number goes from 1 to the second")
    path = Path(root) / "shards" / f"{number}_of_{count}.jsonl"
    with ExitStack() as stack:
        with _started(root, size, seed, replace=False) as about:
            if not about:
                return None
            stack.enter_context(
                hold(path.with_suffix(".lock"), f"{root}: shard {path.stem} is being drawn", wait=False)
            )
        mine = range(number - 1, len(plan(size, seed)), count)
        if path.exists() and _read_shard(Path(root), path, about).keys() == set(mine):
            return path
        with _disk(root):
            _write_labels(path, about, _draw(Path(root), size, seed, about, mine, workers, progress))
    return path


@contextmanager
def _disk(root: Path) -> Iterator[None]:
    """Raise DataError for an error of the disk; a lock that another process holds is none."""
    try:
        yield
    except BlockingIOError:
        raise
    except OSError as error:
        raise DataError(
            f"{root}: cannot be written ({error.strerror or error}); free some room and start again"
        ) from error


@contextmanager
def _started(root: Path, size: World, seed: int, replace: bool) -> Iterator[dict | None]:
    """Yield what the world's mark will say, with the folder locked and begun, or None where the world is finished.

    replace: delete a world of another size, seed or version instead of refusing it.
    """
    root = Path(root)
    about = json.loads(json.dumps({"version": VERSION, "seed": seed, "size": asdict(size)}))  # as it is read back
    if _read_mark(root / "world.json") == about:
        yield None
        return
    with _disk(root), hold(root.with_name(f"{root.name}.lock"), f"{root} is being drawn"):
        if _read_mark(root / "world.json") == about:  # drawn by the process that was waited for
            yield None
            return
        if root.exists() and _read_mark(root / "started.json") != about:
            marks = [path for path in (root / "world.json", root / "started.json") if path.exists()]
            if not marks and [path for path in root.iterdir() if path.suffix != ".part"]:
                raise DataError(
                    f"{root}: holds other files than a world's; name a new folder, since it would be emptied"
                )
            if marks and not replace:
                raise DataError(
                    f"{root}: holds a world of another size, seed or version; name another folder or delete it"
                )
            if marks:
                print(f"{root}: its mark is damaged, or of another size, seed or version; made again", file=sys.stderr)
            _wait_for_shards(root)
            _delete(root)
        root.mkdir(parents=True, exist_ok=True)
        _write_mark(root / "started.json", about)  # before anything else, which nobody would know the owner of
        (root / "shards").mkdir(exist_ok=True)
        yield about


def _wait_for_shards(root: Path) -> None:
    """Wait for the processes that draw a shard in this folder."""
    for lock in sorted(root.glob("shards/*.lock")):
        with hold(lock, f"{root}: shard {lock.stem} is being drawn"):
            pass


def _delete(root: Path) -> None:
    """Delete a world under another name, so that a process that is killed meanwhile leaves none without its mark."""
    deleted = root.with_name(f"{root.name}.deleted")
    shutil.rmtree(deleted, ignore_errors=not deleted.exists())
    root.rename(deleted)
    shutil.rmtree(deleted)


def _finish(root: Path, size: World, seed: int, workers: int, progress: bool, about: dict) -> None:
    """Draw the images that no shard has drawn, then write the lists of all images."""
    images = _draw(root, size, seed, about, range(len(plan(size, seed))), workers, progress)
    everything = [image for job in images.values() for image in job]
    write_lists(root, everything)
    write_titles(root / "titles.csv", everything)
    for part in root.rglob("*.part"):  # of processes that were killed
        part.unlink()
    _write_mark(root / "world.json", about)
    (root / "started.json").unlink()
    shutil.rmtree(root / "shards")


def _read_shard(root: Path, path: Path, about: dict) -> dict[int, list[Image]]:
    """Return the images of a shard by the numbers of their jobs, without jobs of which a file is missing; nothing of a shard
    of another world or one that cannot be read."""
    try:
        first, *lines = (json.loads(line) for line in path.read_text(encoding="utf-8").splitlines())
        jobs = {k: [_from_json(values) for values in rows] for k, *rows in lines} if first == about else {}
    except (OSError, ValueError, TypeError):
        return {}
    return {k: images for k, images in jobs.items() if all(_photo(root, image).exists() for image in images)}


def _as_json(image: Image) -> Image:
    """Replace an image's arrays by lists."""
    lists = {name: None if (value := getattr(image, name)) is None else value.tolist() for name in ("fired", "ceiling")}
    return image._replace(**lists)


def _from_json(values: list) -> Image:
    """Undo `_as_json`."""
    image = Image(*values)
    arrays = {name: None if (value := getattr(image, name)) is None else np.array(value, np.int64)
              for name in ("fired", "ceiling")}  # fmt: skip
    return image._replace(**arrays)


def _photo(root: Path, image: Image) -> Path:
    return root / FOLDERS[image.benchmark] / "Img" / image.name


def _draw(root: Path, size: World, seed: int, about: dict, numbers: Sequence[int], workers: int,
          progress: bool) -> dict[int, list[Image]]:  # fmt: skip
    """Draw the images of the jobs with these numbers, unless a shard or a stopped call has; return what the lists need by the
    numbers of the jobs, in their order. Raises OutOfTime at the deadline (`locks.deadline`), and keeps what was drawn."""
    jobs, images, drawn = plan(size, seed), {}, {}
    for path in sorted(root.glob("shards/*.jsonl")):
        images |= _read_shard(root, path, about)
    others = [k for k in numbers if k not in images]
    total, to_draw = (sum(images_of(jobs[k]) for k in some) for some in (numbers, others))
    with ExitStack() as stack:
        map_ = map
        if workers > 1 and to_draw > _WORTH_A_POOL:
            pool = ProcessPoolExecutor(workers, mp_context=get_context("spawn"), initializer=_start_worker)
            map_ = partial(stack.enter_context(pool).map, chunksize=8)
            stack.callback(pool.shutdown, cancel_futures=True)  # an error or Ctrl-C does not wait for what is queued
        bar = stack.enter_context(
            tqdm(None, "synthetic world", to_draw, unit="image", mininterval=1, disable=not progress)
        )
        for k, new in zip(others, map_(partial(_draw_job, root, size, seed), [jobs[k] for k in others]), strict=True):
            drawn[k] = new
            to_draw -= len(new)
            bar.update(len(new))
            if time.time() > deadline() and to_draw:
                _write_labels(root / "shards" / f"stopped_at_{k}.jsonl", about, drawn)
                raise OutOfTime(f"{root}: stopped after {total - to_draw} of {total} images; start again to resume")
    images |= drawn
    return {k: images[k] for k in numbers}


def _write_labels(path: Path, about: dict, images: dict[int, list[Image]]) -> None:
    """Write what `_read_shard` reads: the labels of drawn images, one line per job."""
    lines = [about, *([k, *map(_as_json, job)] for k, job in images.items())]
    part = path.with_suffix(".part")
    part.write_text("".join(f"{json.dumps(line)}\n" for line in lines), encoding="utf-8")
    os.replace(part, path)


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
