"""Pictures of squares that a network learns in seconds, a network small enough for them, and benchmarks of no photo."""

from dataclasses import fields, replace
from pathlib import Path

import cv2
import numpy as np

from lib.config import TINY, Config, Input, Schedule, Training
from lib.deepfashion import Benchmark
from lib.world import World

SCHEDULE = Schedule(rounds=1, epochs=1, rate=1e-3, batch=8)
TRAINING = Training(SCHEDULE, SCHEDULE, SCHEDULE, SCHEDULE, precision="32-true")
CONFIG = Config(profile="test", seed=1, training=TRAINING, input=Input(px=36, view_px=32), model=TINY)
COUNTS = {"pretrain", "train", "val", "test", "distractors"} | {f.name for f in fields(World) if "items" in f.name}
NO_PICTURES = World(**dict.fromkeys(COUNTS, 0), px=48)
LABELS = {  # the fields of a benchmark that come with one list
    "category": ("category", "category_names"),
    "attributes": ("attributes", "attribute_names", "attribute_groups", "group_names"),
    "landmarks": ("landmarks", "visibility"),
    "joints": ("joints", "joint_visibility"),
}
CORNERS = np.array([[0, 0], [1, 0], [0, 0.4], [1, 0.4], [0, 0.7], [1, 0.7], [0, 1], [1, 1]])  # of eight landmarks


def with_schedule(config: Config, **changes) -> Config:
    """Return the configuration with other settings of training; `rounds` to `batch` change every stage."""
    both = {k: changes.pop(k) for k in ("rounds", "epochs", "rate", "batch") if k in changes}
    schedule = replace(config.training.pretrain, **both)
    stages = dict.fromkeys(("pretrain", "category_attribute", "inshop", "consumer2shop"), schedule)
    return replace(config, training=replace(config.training, **stages | changes))


def only(benchmark: Benchmark, *kept: str) -> Benchmark:
    """Return a benchmark that has of LABELS these alone."""
    gone = [field for label, names in LABELS.items() if label not in kept for field in names]
    return replace(benchmark, **dict.fromkeys(gone))


def blank(n: int, **fields) -> Benchmark:
    """Return a benchmark of n test images in boxes of 100 x 100 pixels, without photos, and with these fields."""
    full = dict(name="category_attribute", images_root=Path("nowhere"), image=np.array([f"{i}.jpg" for i in range(n)]))
    full |= dict(split=np.array(["test"] * n), box=np.tile(np.float32([0, 0, 100, 100]), (n, 1)))
    return Benchmark(**full | fields)


def make_squares(root: Path, n: int = 24, seed: int = 0, searches: bool = False) -> Benchmark:
    """Write n photos of a bright square on noise: its colour is the category, its corners and edges the landmarks.

    Two of three images are for training, the third is for the test. Attributes say the colour once more, and joints are
    places of the same square. searches: the images are those of In-shop items instead, each of one colour.
    """
    rng = np.random.default_rng(seed)
    (root / "img").mkdir(parents=True, exist_ok=True)
    names, boxes, corners, sides, categories = [], [], [], [], []
    for i in range(n):
        image = rng.integers(0, 60, (64, 64, 3), dtype=np.uint8)
        left, top, side = rng.integers(8, 20), rng.integers(8, 20), rng.integers(20, 36)
        category = i // 3 % 3
        image[top : top + side, left : left + side, category] = 250
        names.append(f"img/{i:03d}.png")
        cv2.imwrite(str(root / names[-1]), image[..., ::-1])
        room = rng.integers(0, 9, 4)  # landmarks are at other places of each box
        boxes.append([left - room[0], top - room[1], left + side + room[2], top + side + room[3]])
        corners.append([left, top])
        sides.append(side)
        categories.append(category)
    category, corner, side = np.array(categories, np.int16), np.array(corners)[:, None], np.array(sides)[:, None, None]
    visibility = rng.choice(3, (n, 8), p=(0.8, 0.1, 0.1)).astype(np.int8)
    landmarks = np.where(visibility[..., None] == 0, corner + CORNERS * side, np.nan)
    joints = corner + np.stack([np.linspace(0, 1, 14), np.linspace(1, 0, 14) ** 2], axis=1) * side
    split = np.array(["train", "train", "query" if searches else "test"] * (n // 3), "<U7")
    if searches:
        split[5::6] = "gallery"
    labels = dict(category=category, category_names=("red", "green", "blue"), clothes_type=np.full(n, 3, np.int8))
    labels |= dict(landmarks=landmarks.astype(np.float32), visibility=visibility)
    labels |= dict(joints=joints.astype(np.float32), joint_visibility=np.zeros((n, 14), np.int8))
    labels |= dict(attributes=np.where(np.eye(3)[category] == 1, 1, -1).astype(np.int8), attribute_names=tuple("rgb"))
    labels |= dict(attribute_groups=np.array([1, 1, 2], np.int8), group_names={1: "texture", 2: "fabric"})
    if searches:
        labels |= dict(name="inshop", item=np.array([f"id_{i // 6 * 10 + i // 3 % 2}" for i in range(n)]))
    return blank(n, images_root=root, image=np.array(names), split=split, box=np.array(boxes, np.float32), **labels)
