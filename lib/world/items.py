"""The items of a world: which there are, their garments and titles, and the images that show them.

One image is a pure function of (seed, item, view), so any number of workers draws the same world.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from lib.lists import CEILING, SLOTS, points_text
from lib.world import figure, screen, titles, wardrobe
from lib.world.attributes import NAMES
from lib.world.families import draw_line, sizes
from lib.world.garment import CATEGORY_NAMES, Garment
from lib.world.size import World

BENCHMARK_CODE = {"category_attribute": 1, "inshop": 2, "consumer2shop": 3}
POSE_CODES = {"front": 1, "side": 2, "back": 3, "zoom-out": 4, "zoom-in": 5}
INSHOP_VIEWS = ("front", "side", "back", "zoom-out", "zoom-in")
# How often the category-and-attribute benchmark shows each. In the real sample 8 % of the people turn their back.
VIEWS = {"front": 0.66, "side": 0.12, "back": 0.06, "zoom-in": 0.08, "zoom-out": 0.08}
TURNED = 0.6  # how often a garment with something to see at the back is shown from there instead
CONSUMERS = 0.4  # share of consumer photos in the category-and-attribute benchmark


class Job(NamedTuple):
    """Items that are drawn together: one of the category-and-attribute benchmark, or a line of a search."""

    benchmark: str
    split: str  # "test" covers query and gallery
    first: int  # number of its first item
    families: tuple[int, ...]  # items of each family
    views: int  # images of each item; 0 where the search decides


class Image(NamedTuple):
    """One image and what the official lists say about it."""

    benchmark: str
    split: str
    item: int
    name: str
    category: int  # official number, from 1
    clothes_type: int
    variation: int  # pose and zoom
    title: str
    code: int  # In-shop: pose; Consumer-to-shop: 1 shop, 2 consumer
    box: str
    landmarks: str
    joints: str
    fired: list[int]  # attribute numbers
    ceiling: str | None  # CEILING attribute numbers, most likely first given garment and view
    visible_ceiling: str | None  # the same, given what the picture shows


def plan(size: World, seed: int) -> list[Job]:
    """Return all jobs of a world. Items of different splits and benchmarks differ."""
    jobs = []
    for split in ("pretrain", "train", "val", "test"):
        each = size.views if split in ("pretrain", "train") else 1
        for left in range(getattr(size, split), 0, -each):
            jobs.append(Job("category_attribute", split, len(jobs), (1,), min(left, each)))
    searches = {"inshop": ("train", "test"), "consumer2shop": ("train", "val", "test", "distractor")}
    for benchmark, splits in searches.items():
        first, rng = 0, np.random.default_rng([seed, BENCHMARK_CODE[benchmark], 11])
        for split in splits:
            items = size.distractors if split == "distractor" else getattr(size, f"{benchmark}_{split}_items")
            counts = sizes(items, rng)
            line = size.line if split == "test" else 1  # all other splits have as many designs as they can
            for k in range(0, len(counts), line):
                jobs.append(Job(benchmark, split, first, tuple(counts[k : k + line]), 0))
                first += sum(jobs[-1].families)
    return jobs


def images_of(job: Job) -> int:
    if job.benchmark == "category_attribute":
        return job.views
    return sum(len(_shots(job, item, 0)) for item in range(job.first, job.first + sum(job.families)))


def garments_of(job: Job, size: World, seed: int) -> list[Garment]:
    rng = np.random.default_rng([seed, BENCHMARK_CODE[job.benchmark], job.first])
    if job.benchmark == "category_attribute":
        return [wardrobe.draw(rng, overlap=size.overlap)]
    return [g for family in draw_line(job.families, rng, size.details, size.overlap) for g in family]


def _shots(job: Job, item: int, seed: int, g: Garment | None = None) -> list[tuple[str, bool, str]]:
    """Return the images of an item: kind of view, whether a consumer took it, and split."""
    rng = np.random.default_rng([seed, BENCHMARK_CODE[job.benchmark], item, 0, 3])
    if job.benchmark == "category_attribute":
        shots = []
        for _ in range(job.views):
            view, consumer = str(rng.choice(list(VIEWS), p=list(VIEWS.values()))), bool(rng.random() < CONSUMERS)
            turned = rng.random() < TURNED and g is not None and g.back != "plain"
            shots.append(("back" if turned else view, consumer, job.split))
        return shots
    if job.benchmark == "inshop":
        # Every other view asks, starting with another one for every other item: each kind of view asks and is found.
        sides = ["query" if (number + item // 2) % 2 else "gallery" for number in range(5)]
        views = INSHOP_VIEWS if item % 2 else INSHOP_VIEWS[:4]
        return [(v, False, side if job.split == "test" else "train") for v, side in zip(views, sides, strict=False)]
    consumers = 0 if job.split == "distractor" else 2 + item % 2
    kinds = ("front", "side", "zoom-in", "zoom-out")
    views = [kinds[rng.choice(4, p=(0.4, 0.2, 0.25, 0.15))] for _ in range(consumers)]
    return [("front", False, job.split), *((v, True, job.split) for v in views)]


def draw_job(job: Job, size: World, seed: int) -> Iterator[tuple[np.ndarray, int, Image]]:
    """Yield every image of a job as RGB, JPEG quality and labels."""
    benchmark = BENCHMARK_CODE[job.benchmark]
    hardness = size.hardness if job.benchmark == "consumer2shop" else 0.0
    for item, g in enumerate(garments_of(job, size, seed), job.first):
        title, fired = titles.write_title(g, np.random.default_rng([seed, benchmark, item, 0, 7]))
        ceilings, kind, category = (None, None), g.clothes_type, CATEGORY_NAMES.index(g.category) + 1
        for number, (view, consumer, split) in enumerate(_shots(job, item, seed, g)):
            rng = np.random.default_rng([seed, benchmark, item, number + 1])
            picture = figure.Picture(g, rng, size.px, view, consumer, size.box_room, hardness)
            about = picture.labels
            if job.benchmark == "category_attribute" or number == 0:  # an item of a search is screened by its first
                seen = screen.View(g, picture, size.view)
                shown = [int(i) for i in fired if screen.is_shown(i, seen)]
            if job.benchmark == "category_attribute" and split in ("val", "test"):
                donors = wardrobe.donors(g.category, size.overlap)
                odds = screen.probabilities(seen), screen.visible_probabilities(seen, donors)
                ceilings = ["  ".join(map(str, np.argsort(-p, kind="stable")[:CEILING])) for p in odds]
            quality = int(rng.integers(40, 80)) if consumer else 92
            code = POSE_CODES[view] if job.benchmark == "inshop" else 1 + consumer
            box = " ".join(f"{v:03d}" for v in about["box"])
            landmarks = points_text(about["landmarks"], about["visibility"], SLOTS[kind])
            joints = points_text(about["joints"], about["joint_visibility"], range(14))
            name = _name(job.benchmark, g, title, item, number, view)
            labels = (category, kind, variation(view, about["zoom"]), title, code, box, landmarks, joints, shown)
            yield picture.image, quality, Image(job.benchmark, split, item, name, *labels, *ceilings)


def label_odds(shot: tuple[Job, int], size: World, seed: int) -> np.ndarray:
    """Return the probability that each attribute is labelled, (A,) float64, given garment and picture."""
    job, number = shot  # of the category-and-attribute benchmark, and which of its pictures
    (g,) = garments_of(job, size, seed)
    view, consumer, _ = _shots(job, job.first, seed, g)[number]
    rng = np.random.default_rng([seed, BENCHMARK_CODE[job.benchmark], job.first, number + 1])
    picture = figure.Picture(g, rng, size.px, view, consumer, size.box_room)  # as `draw_job` draws it
    return screen.probabilities(screen.View(g, picture, size.view))


def _name(benchmark: str, g: Garment, title: str, item: int, number: int, view: str) -> str:
    """Return an image's official name; the title is the folder of the category-and-attribute benchmark."""
    folder, number = item_id(item), number + 1
    if benchmark == "category_attribute":
        return f"img/{title.replace(' ', '_')}_{item:06d}/img_{number:08d}.jpg"
    if benchmark == "inshop":
        shot = f"{number:02d}_{POSE_CODES[view]}_{view.replace('-', '')}"
        return f"img/{g.wearer.upper()}/{g.category}/{folder}/{shot}.jpg"
    kind = {1: "TOPS", 2: "BOTTOMS", 3: "DRESSES"}[g.clothes_type]
    kept = "shop_01" if number == 1 else f"comsumer_{number - 1:02d}"  # spelt as in the release
    return f"img/{kind}/{g.category}/{folder}/{kept}.jpg"


def item_id(item: int) -> str:
    return f"id_{item + 1:08d}"


def variation(view: str, zoom: float) -> int:
    """Return the official code of pose and zoom: 1 normal, 2 medium and 3 large pose, 4 medium and 5 large zoom-in."""
    if view == "zoom-in":
        return 4 if zoom < 1.2 else 5
    return {"side": 2, "back": 3}.get(view, 1)


def sheet(items: int = 40, seed: int = 0, px: int = 256) -> list[tuple[np.ndarray, str, list[str]]]:
    """Return items of the category-and-attribute benchmark to look at: (H, W, 3) uint8 RGB, title, fired attributes."""
    size = World(pretrain=0, train=0, val=0, test=items, px=px)
    drawn = [image for job in plan(size, seed)[:items] for image in draw_job(job, size, seed)]
    return [(pixels, about.title, [NAMES[i] for i in about.fired]) for pixels, _, about in drawn]
