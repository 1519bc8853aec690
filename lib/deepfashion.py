"""Readers of DeepFashion's three official folders: category and attribute, in-shop, consumer-to-shop.

The list of boxes defines the images and their order; every other list is brought into that order. Lists that contradict
each other raise DataError with the file, the line and a cure. Nothing is dropped or mended, with one exception: a
landmark at (0, 0) has no position.
"""

import hashlib
import os
import re
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace
from functools import cached_property, partial
from pathlib import Path

import numpy as np

from lib import lists
from lib.lists import ATTRIBUTE_GROUPS, FINE_GROUPS, FOLDERS, JOINTS, ONE_RELEASE, SLOTS, DataError, Lacks, attempt

CEILING = 50  # attributes per image in list_ceiling.txt
UNGROUPED = {0: "all attributes"}
_COLUMNS = {"clothes_type": "clothes type", "pose": "pose", "domain": "source"}  # before a box, in words
PER_IMAGE = (  # the fields of a Benchmark with one row per image
    "image", "split", "box", "clothes_type", "category", "item", "domain", "pose", "landmarks", "visibility", "joints",
    "joint_visibility", "attributes", "ceiling",
)  # fmt: skip

_SLOTS = np.array([[slot in SLOTS.get(kind, ()) for slot in range(8)] for kind in range(4)])  # by clothes type


@dataclass(frozen=True)
class Benchmark:
    """One benchmark as arrays with one row per image. A field that the source lacks is None."""

    name: str  # "category_attribute", "inshop" or "consumer2shop"
    images_root: Path  # the folder that image names are relative to
    image: np.ndarray  # (N,) str, with "/" on every system
    split: np.ndarray  # (N,) str: one of lists.SPLITS, or "" for an image in no split
    box: np.ndarray  # (N, 4) float32, pixels x1 y1 x2 y2, as written
    # (N,) int8: 1 upper-body, 2 lower-body, 3 full-body; from the landmark list where more than one list has it
    clothes_type: np.ndarray | None = None
    category: np.ndarray | None = None  # (N,) int16, counted from 0
    category_names: tuple[str, ...] | None = None
    item: np.ndarray | None = None  # (N,) str
    domain: np.ndarray | None = None  # (N,) str: "shop" or "consumer"
    pose: np.ndarray | None = None  # (N,) int8, see lists.POSES
    # (N, 8, 2) float32 pixels (x, y) in the order of lists.LANDMARKS; nan where the clothes type has no such landmark
    # and where no position is known. (N, 8) int8: 0 visible, 1 occluded, 2 cut off, -1 no such landmark.
    landmarks: np.ndarray | None = None
    visibility: np.ndarray | None = None
    joints: np.ndarray | None = None  # (N, 14, 2) float32 pixels (x, y) in the order of lists.JOINTS
    joint_visibility: np.ndarray | None = None  # (N, 14) int8; codes and nan as for landmarks
    # (N, A) int8: 1 yes, -1 no, 0 unknown; in a retrieval benchmark those of the image's item
    attributes: np.ndarray | None = None
    attribute_names: tuple[str, ...] | None = None  # Consumer-to-shop repeats some English names
    attribute_groups: np.ndarray | None = None  # (A,) int8, keys of group_names
    group_names: dict[int, str] | None = None
    # (N, 50) int16: the attributes most likely to be labelled, most likely first; rows of -1 where not listed
    ceiling: np.ndarray | None = None
    pairs: np.ndarray | None = None  # (P, 2) int64: row of a consumer image, row of a shop image
    annotation: str = ""  # "coarse" or "fine"; "" for the retrieval benchmarks
    skipped: int = 0  # listed images that were left out because their photos are damaged

    def rows(self, *splits: str) -> np.ndarray:
        """Return the rows (int64) of the images in these splits, in the order of the list."""
        return np.flatnonzero(np.isin(self.split, splits)).astype(np.int64)

    @cached_property
    def key(self) -> str:
        """Identify labels and photos, wherever they are, by 12 hex digits.

        Covers the arrays, the names and each photo's size and time of change (ns); of a drawn world, whose files may be
        copied, what it was drawn from instead of the photos.
        """
        state = hashlib.sha256(self.name.encode())
        for field in fields(self):
            value = getattr(self, field.name)
            if isinstance(value, np.ndarray):
                array = value.astype("U") if value.dtype == object else value
                state.update(
                    f"{field.name} {array.dtype} {array.shape}".encode() + np.ascontiguousarray(array).tobytes()
                )
            elif isinstance(value, tuple | dict):  # names of categories, attributes and groups
                state.update(f"{field.name} {value}".encode())
        world = self.images_root.parent.parent / "world.json"
        if world.exists():
            state.update(world.read_bytes())
        else:
            for name in self.image.tolist():
                try:
                    stat = os.stat(self.images_root / name)
                    state.update(f"{stat.st_size} {stat.st_mtime_ns} ".encode())
                except OSError:  # reported when the photo is read
                    state.update(b"absent ")
        return state.hexdigest()[:12]

    def lacks(self) -> list[str]:
        """Return the names of the fields that the source does not have."""
        return [field.name for field in fields(self) if getattr(self, field.name) is None]


def without(benchmark: Benchmark, rows: Sequence[int]) -> Benchmark:
    """Return the benchmark without these rows, which are counted in `skipped`, and without the pairs that show them."""
    kept = np.ones(len(benchmark.image), bool)
    kept[list(rows)] = False
    changes = {name: getattr(benchmark, name)[kept] for name in PER_IMAGE if getattr(benchmark, name) is not None}
    changes["skipped"] = benchmark.skipped + int((~kept).sum())
    if benchmark.pairs is not None:
        whole = benchmark.pairs[kept[benchmark.pairs].all(1)]
        changes["pairs"] = (np.cumsum(kept) - 1)[whole]
    return replace(benchmark, **changes)


# ---- boxes, landmarks, joints, categories ----------------------------------------------------------------------------


def _read_boxes(folder: Path, path: Path, columns: dict[str, range]) -> dict:
    """Read the list that defines the images and their order: fields of a Benchmark.

    columns: the names and allowed values of the numbers before each box, which become fields, (N,) int8, too.
    """
    names, values = lists.read_table(path, len(columns) + 4)
    lists.rows_of(path, names, {name: i for i, name in enumerate(names)})  # refuses duplicates
    box = lists.boxes(values[:, len(columns) :], path)
    known = {"images_root": lists.images_root(folder, path, names), "image": np.array(names), "box": box}
    for i, (name, allowed) in enumerate(columns.items()):
        known[name] = lists.codes(values[:, i], allowed, path, f"the {_COLUMNS[name]}").astype(np.int8)
    return known


def _read_images(
    folder: Path, path: Path, columns: dict[str, range], partition: Path, problems: list[DataError] | None
) -> tuple[dict[str, int], dict]:
    """Return each image's row and the fields that `_read_boxes` reads.

    Where `problems` are collected and the list of boxes is refused, so that the other lists can be compared: the images
    that it or, where it names none, the longest other list names, with unknown boxes (nan) and no split.
    """
    known = attempt(problems, _read_boxes, folder, path, columns)
    if known is None:
        others = [partition, *path.parent.glob("list_landmarks*.txt"), *path.parent.glob("list_category_img.txt")]
        names = lists.images_named(path) or max(map(lists.images_named, others), key=len)
        if not names:
            raise problems.pop()
        root = next((root for root in (folder / "Img", folder) if (root / names[0].split("/")[0]).exists()), folder)
        known = {"images_root": root, "image": np.array(names), "box": np.full((len(names), 4), np.nan, np.float32)}
    known["split"] = np.full(len(known["image"]), "")
    return {name: i for i, name in enumerate(known["image"].tolist())}, known


def _read_landmarks(path: Path, index: dict[str, int], box: np.ndarray) -> dict:
    """Read rows of clothes type, variation (not kept), then visibility x y of 6, 4 or 8 landmarks."""
    widths = {kind: 2 + 3 * len(slots) for kind, slots in SLOTS.items()}
    names, counts, values = lists.read_numbers(path, tuple(sorted(widths.values())))
    starts = np.cumsum(counts) - counts
    kinds = lists.codes(values[starts], range(1, 4), path, "the clothes type").astype(np.int8)
    expected = np.array([0] + [widths[kind] for kind in (1, 2, 3)])[kinds]
    lists.fail_where(counts != expected, path, "clothes types 1, 2 and 3 have 6, 4 and 8 landmarks")
    table = np.zeros((len(names), 8, 3))
    for kind, slots in SLOTS.items():
        rows = np.flatnonzero(kinds == kind)
        points = values[starts[rows, None] + np.arange(2, widths[kind])]
        table[rows[:, None], slots] = points.reshape(len(rows), len(slots), 3)
    landmarks, visibility = lists.points(table, path)
    visibility[~_SLOTS[kinds]] = -1
    order = lists.order_of(path, names, index)
    lists.check_near(landmarks, box[np.argsort(order)], path, "landmark")
    return {"clothes_type": kinds[order], "landmarks": landmarks[order], "visibility": visibility[order]}


def _read_joints(path: Path, index: dict[str, int], box: np.ndarray) -> dict:
    """Read this project's list of joints: visibility x y of each.

    The Fashion Landmark Detection Benchmark's list of that name has two more numbers and tells no order of its joints,
    without which pictures cannot be mirrored: it is not used, with a warning.
    """
    width = 3 * len(JOINTS)
    names, counts, values = lists.read_numbers(path, (width, width + 2))
    lists.fail_where(counts != counts[0], path, f"{width} or {width + 2} numbers, unlike the first row")
    if counts[0] != width:
        warnings.warn(f"{path}: not used, because the order of its joints is not known", stacklevel=2)
        return {}
    joints, visibility = lists.points(values.reshape(len(names), -1, 3), path)
    order = lists.order_of(path, names, index)
    lists.check_near(joints, box[np.argsort(order)], path, "joint")
    return {"joints": joints[order], "joint_visibility": visibility[order]}


def _read_points(anno: Path, landmarks: str, index: dict[str, int], box: np.ndarray, problems) -> dict:
    """Read landmarks and human joints, each where its list exists."""
    known = {}
    for path, read in ((anno / landmarks, _read_landmarks), (anno / "list_joints.txt", _read_joints)):
        if path.exists():
            known |= attempt(problems, read, path, index, box, otherwise={})
    return known


def _read_categories(anno: Path, index: dict[str, int], problems: list[DataError] | None) -> dict:
    """Read the categories of images, where list_category_img.txt exists."""
    path = anno / "list_category_img.txt"
    if not path.exists():
        return {}
    cloth = anno / "list_category_cloth.txt"
    category_names, types = attempt(problems, lists.read_category_names, cloth, otherwise=((), None))
    names, values = lists.read_table(path, 1)
    most = lists.MOST_CATEGORIES if types is None else len(types)
    category = lists.codes(values[:, 0], range(1, most + 1), path, "the category") - np.int16(1)
    category = category[lists.order_of(path, names, index)]
    if types is None:
        return {}
    return {"category": category, "category_names": category_names, "clothes_type": types[category]}


def _path_categories(path: Path, images: np.ndarray) -> dict:
    """Return categories such as "WOMEN/Dresses" of names such as img/WOMEN/Dresses/id_00000002/02_1_front.jpg; nothing
    where no image has such a name. Raises DataError where some have; path: of the list that names the images."""
    parts = [name.split("/") for name in images]
    short = np.array([len(part) < 4 for part in parts])
    if short.all():
        return {}
    lists.fail_where(short, path, "the image's name has no category, and others have one")
    names, category = np.unique(["/".join(part[1:-2]) for part in parts], return_inverse=True)
    return {"category": category.astype(np.int16), "category_names": tuple(names.tolist())}


# ---- attributes ------------------------------------------------------------------------------------------------------


def _read_attributes(anno: Path, index: dict[str, int], group_names: dict[int, str], problems) -> dict:
    """Read the attributes of images, where list_attr_img.txt exists."""
    path = anno / "list_attr_img.txt"
    if not path.exists():
        return {}
    cloth = anno / "list_attr_cloth.txt"
    known = attempt(problems, lists.read_attribute_names, cloth, group_names)
    names, labels = lists.read_attribute_labels(path, known and len(known[0]))
    order = lists.order_of(path, names, index)
    if (order != np.arange(len(order))).any():  # a second copy of 289 MB is made only where it is needed
        labels = labels[order]
    return {} if known is None else _attribute_fields(labels, *known, group_names)


def _read_item_attributes(anno: Path, item: np.ndarray, problems: list[DataError] | None) -> dict:
    """Read the attributes of items, where both lists exist, and give them to each item's images.

    Images of items that are not listed get zeros. Items without an image are passed over, so that a part of the release
    can keep its whole list.
    """
    both = ("list_attr_items.txt", "list_attr_cloth.txt")
    # Later releases have a folder of their own for them.
    folders = [f for f in (anno, anno / "attributes") if all((f / name).exists() for name in both)]
    if not folders:
        return {}
    path = folders[0] / both[0]
    known = attempt(problems, lists.read_attribute_names, folders[0] / both[1])
    items, labels = lists.read_attribute_labels(path, known and len(known[0]), items=True)
    row = {name: i for i, name in enumerate(items)}
    for i, name in enumerate(items if len(row) < len(items) else []):
        if (labels[i] != labels[row[name]]).any():
            lists.fail(path, i + 3, f"item {name} is listed again with other labels", "keep one of the two rows")
    rows = np.fromiter((row.get(name, -1) for name in item.tolist()), np.int64, len(item))
    labels = labels[rows]
    labels[rows < 0] = 0
    if known is None:
        return {}
    types, groups = folders[0] / "list_attr_type.txt", known[1]
    group_names = {} if groups is None else attempt(problems, lists.read_group_names, types, groups, otherwise={})
    return _attribute_fields(labels, *known, group_names)


def _attribute_fields(
    labels: np.ndarray, names: tuple[str, ...], groups: np.ndarray | None, group_names: dict[int, str]
) -> dict:
    if groups is None:
        groups, group_names = np.zeros(len(names), np.int8), UNGROUPED
    return {
        "attributes": labels,
        "attribute_names": names,
        "attribute_groups": groups,
        "group_names": dict(group_names),
    }


def _read_ceiling(path: Path, index: dict[str, int], attribute_names: tuple[str, ...] | None) -> dict:
    """Read list_ceiling.txt, a list of this project: an image name, then its CEILING most likely attributes from 0."""
    if attribute_names is None or not path.exists():
        return {}
    names, values = lists.read_table(path, CEILING)
    ceiling = np.full((len(index), CEILING), -1, np.int16)
    ceiling[lists.rows_of(path, names, index)] = lists.codes(values, range(len(attribute_names)), path, "an attribute")
    return {"ceiling": ceiling}


# ---- partitions ------------------------------------------------------------------------------------------------------


def _read_partition(path: Path, index: dict[str, int], problems: list[DataError] | None) -> np.ndarray:
    """Return the split of each image, (N,) str; images for pre-training are in list_pretrain.txt and not in the
    partition."""
    listed = attempt(problems, _read_splits, path, index)
    split = np.full(len(index), "", "<U8") if listed is None else listed
    rows = attempt(problems, _rows_beside, path, "list_pretrain.txt", index, split)
    if rows is not None:
        split[rows] = "pretrain"
    if rows is not None and listed is not None:  # otherwise the images without a split may be in the refused list
        lists.fail_missing(path, split == "", index)
    return split


def _read_splits(path: Path, index: dict[str, int]) -> np.ndarray:
    words = lists.split_right(path, lists.read_list(path), 1)
    status = [word for _, word in words]
    lists.check_status(path, status, ("train", "val", "test"))
    split = np.full(len(index), "", "<U8")
    split[lists.rows_of(path, [name for name, _ in words], index)] = status
    return split


def _rows_beside(path: Path, name: str, index: dict[str, int], split: np.ndarray) -> np.ndarray:
    """Return the rows of images in a list of this project beside a partition: a row count, "image_name", then names.

    None of them may have a split yet. No rows where there is no such list.
    """
    path, partition = path.with_name(name), path.name
    if not path.exists():
        return np.empty(0, np.int64)
    rows = lists.rows_of(path, [row.strip() for row in lists.read_list(path)], index)
    lists.fail_where(split[rows] != "", path, f"the image is in {partition}, too")
    return rows


def _read_inshop_partition(path: Path, index: dict[str, int], list_of_items: Path, problems) -> dict:
    """Read rows of an image, its item and its split."""
    images, items, status = zip(*lists.split_right(path, lists.read_list(path), 2), strict=True)
    lists.check_status(path, status, ("train", "query", "gallery"))
    attempt(problems, lists.check_items, path, items, list_of_items)
    order = lists.order_of(path, images, index)
    return {"item": np.array(items)[order], "split": np.array(status)[order]}


def _read_fine_partition(names: dict[Path, list[str]], index: dict[str, int]) -> np.ndarray:
    """Return the split of each image, (N,) str, from the fine release's train.txt, val.txt and test.txt of names."""
    split = np.full(len(index), "", "<U5")
    for path, images in names.items():
        rows = lists.rows_of(path, images, index, first=1)
        lists.fail_where(split[rows] != "", path, "the image is in another split, too", first=1)
        split[rows] = path.stem
    lists.fail_missing(next(iter(names)).with_name("train.txt, val.txt and test.txt"), split == "", index)
    return split


def _read_pairs(path: Path, index: dict[str, int], domain: np.ndarray | None, list_of_items: Path, problems) -> dict:
    """Read rows of a consumer image, a shop image, their item and split; images in no pair have split "".

    domain: None where it is not known.
    """
    words = lists.split_right(path, lists.read_list(path), 2)
    pairs = np.empty((len(words), 2), np.int64)
    for i, (names, _, _) in enumerate(words):
        match = re.fullmatch(r"(.+\.[A-Za-z]\w*)\s+(.+\.[A-Za-z]\w*)", names)
        if match is None:
            lists.fail(path, i + 3, "no two image names")
        for j, name in enumerate(match.groups()):
            if name not in index:
                lists.fail(path, i + 3, f"image {name} is not in the list of boxes", ONE_RELEASE)
            pairs[i, j] = index[name]
    if domain is not None:
        wrong = (domain[pairs] != ["consumer", "shop"]).any(1)
        lists.fail_where(wrong, path, "not a consumer and a shop image, by the source column of the list of boxes")
    _, items, status = zip(*words, strict=True)
    lists.check_status(path, status, ("train", "val", "test"))
    attempt(problems, lists.check_items, path, items, list_of_items)

    # An image in no pair still shows the item of its folder.
    folders = [name.split("/")[-2:-1] for name in index]
    item = np.array([part[0] if part and part[0].startswith("id_") else "" for part in folders], object)
    split = np.full(len(index), "", object)
    for of_image, of_pair, what in ((split, status, "in another split"), (item, items, "of another item")):
        of_pair = np.array(of_pair, object)
        for column in pairs.T:
            of_image[column] = of_pair
        # Each image now has the value of its last row; a row with another value contradicts that one.
        wrong = (of_image[pairs] != of_pair[:, None]).any(1)
        lists.fail_where(wrong, path, f"an image of this row is {what}, too")
    return {"pairs": pairs, "item": item.astype(str), "split": split.astype(str)}


def _distractors(path: Path, index: dict[str, int], split: np.ndarray, domain: np.ndarray | None) -> np.ndarray:
    """Return the rows of the shop images that are only searched, in list_distractors.txt; their split is "test"."""
    rows = _rows_beside(path, "list_distractors.txt", index, split)
    if domain is not None:
        lists.fail_where(domain[rows] != "shop", path.with_name("list_distractors.txt"), "not a shop image")
    return rows


# ---- the three benchmarks --------------------------------------------------------------------------------------------


def read_category_attribute(
    folder: Path, fine: bool | None = None, problems: list[DataError] | None = None
) -> Benchmark:
    """Read the Category and Attribute Prediction Benchmark (the paper's section 2.3).

    fine: True for Anno_fine, False for Anno_coarse or the older Anno, None for the coarse one where it exists. Boxes
    and partition must exist, every other list may be absent. Raises DataError; for `problems` see `find_benchmarks`.
    """
    folder = Path(folder)
    coarse = [folder / name for name in ("Anno_coarse", "Anno") if (folder / name).is_dir()]
    if fine is None:
        fine = not coarse and (folder / "Anno_fine").is_dir()
    anno = folder / "Anno_fine" if fine else (coarse or [folder / "Anno_coarse"])[0]
    # In the official release Eval/list_eval_partition.txt is about the coarse images.
    fine_names, partition = {}, folder / "Eval" / "list_eval_partition.txt"
    if fine and (anno / "train.txt").exists():
        for path in (anno / f"{split}.txt" for split in ("train", "val", "test")):
            if (lines := attempt(problems, lists.read_lines, path)) is not None:
                fine_names[path] = [line.strip() for line in lines]
        if not (anno / "list_bbox.txt").exists():
            return _read_fine_release(folder, fine_names, problems)
    index, known = _read_images(folder, anno / "list_bbox.txt", {}, partition, problems)
    if fine_names:
        split = attempt(problems, _read_fine_partition, fine_names, index)
    else:
        split = attempt(problems, _read_partition, partition, index, problems)
    known["split"] = known["split"] if split is None else split
    known |= attempt(problems, _read_categories, anno, index, problems, otherwise={})
    known |= _read_points(anno, "list_landmarks.txt", index, known["box"], problems)
    groups = FINE_GROUPS if fine else ATTRIBUTE_GROUPS
    known |= attempt(problems, _read_attributes, anno, index, groups, problems, otherwise={})
    ceiling = folder / "Eval" / "list_ceiling.txt"
    known |= attempt(problems, _read_ceiling, ceiling, index, known.get("attribute_names"), otherwise={})
    return Benchmark("category_attribute", annotation="fine" if fine else "coarse", **known)


def _read_fine_release(folder: Path, names: dict[Path, list[str]], problems: list[DataError] | None) -> Benchmark:
    """Read the fine annotation as released: per split a list of names, and lists without names in the same order.

    train_bbox.txt: x1 y1 x2 y2. train_cate.txt: category from 1. train_attr.txt: 1 or 0 (read as -1) per attribute.
    train_landmarks.txt: x y of all eight, (0, 0) where there is none. The same for val and test.
    """
    anno = folder / "Anno_fine"

    def read_one(path: Path, rows: int, columns: int, convert: Callable[[np.ndarray, Path], np.ndarray]) -> np.ndarray:
        values = lists.read_columns(path, columns)
        if len(values) != rows:
            raise DataError(f"{path}: {len(values)} rows for {rows} image names; {ONE_RELEASE}")
        return convert(values, path)

    def read(kind: str, columns: int, convert: Callable[[np.ndarray, Path], np.ndarray]) -> np.ndarray | None:
        parts = [
            attempt(problems, read_one, path.with_name(f"{path.stem}_{kind}.txt"), len(images), columns, convert)
            for path, images in names.items()
        ]
        return None if any(part is None for part in parts) else np.concatenate(parts)

    def exists(kind: str) -> bool:
        return (anno / f"train_{kind}.txt").exists()

    images = [name for part in names.values() for name in part]
    if not images:
        raise DataError(f"{anno}: no image in train.txt, val.txt or test.txt; download them again")
    index = {name: i for i, name in enumerate(dict.fromkeys(images))}  # the partition refuses duplicates
    known = {"image": np.array(images), "images_root": folder}
    split = attempt(problems, _read_fine_partition, names, index)
    known["split"] = np.full(len(images), "") if split is None else split
    for path, part in names.items():
        if part:
            known["images_root"] = attempt(problems, lists.images_root, folder, path, part, 1, otherwise=folder)
    box = read("bbox", 4, lambda values, path: lists.boxes(values, path, first=1))
    known["box"] = np.full((len(images), 4), np.nan, np.float32) if box is None else box
    if exists("cate"):
        cloth = anno / "list_category_cloth.txt"
        category_names, types = attempt(problems, lists.read_category_names, cloth, otherwise=((), None))
        allowed = range(1, (lists.MOST_CATEGORIES if types is None else len(types)) + 1)
        category = read("cate", 1, lambda values, path: lists.codes(values[:, 0], allowed, path, "the category", 1) - 1)
        if types is not None and category is not None:
            known |= {"category": category, "category_names": category_names, "clothes_type": types[category]}
    ends = np.cumsum([len(part) for part in names.values()])
    boxes = {path.stem: known["box"][end - len(names[path]) : end] for path, end in zip(names, ends, strict=True)}

    def points_of(values: np.ndarray, path: Path) -> np.ndarray:
        seen = np.insert(values.reshape(-1, 8, 2), 0, 0, axis=2)
        lists.check_near(
            lists.points(seen, path)[0], boxes[path.stem.removesuffix("_landmarks")], path, "landmark", first=1
        )
        return seen

    points = read("landmarks", 16, points_of) if exists("landmarks") else None
    if points is not None:
        known["landmarks"], visibility = lists.points(points, anno / "train_landmarks.txt")
        if "clothes_type" in known:
            visibility[~_SLOTS[known["clothes_type"]] & (visibility != 0)] = -1
        known["visibility"] = visibility
    if exists("attr"):
        named = attempt(problems, lists.read_attribute_names, anno / "list_attr_cloth.txt", FINE_GROUPS)
        if named is not None:
            check = partial(lists.codes, allowed=range(2), what="a label", first=1)
            labels = read("attr", len(named[0]), lambda values, path: check(values, path=path) * 2 - 1)
            if labels is not None:
                known |= _attribute_fields(labels.astype(np.int8), *named, FINE_GROUPS)
    return Benchmark("category_attribute", annotation="fine", **known)


def read_inshop(folder: Path, problems: list[DataError] | None = None) -> Benchmark:
    """Read the In-shop Clothes Retrieval Benchmark (the paper's section 2.3).

    Category is gender and category of the image name, "WOMEN/Dresses". Raises DataError; for `problems` see
    `find_benchmarks`.
    """
    return Benchmark("inshop", **_read_search(Path(folder), "inshop", {"pose": range(1, 7)}, problems))


def read_consumer2shop(folder: Path, problems: list[DataError] | None = None) -> Benchmark:
    """Read the Consumer-to-shop Clothes Retrieval Benchmark (the paper's section 2.3).

    Item and split of an image are those of its pairs; an image in no pair is in no split, and its item is the id_...
    folder of its name, or "". Category is clothing type and category of the image name, "DRESSES/Dress", or None.
    Raises DataError; for `problems` see `find_benchmarks`.
    """
    return Benchmark("consumer2shop", **_read_search(Path(folder), "consumer2shop", {"domain": range(1, 3)}, problems))


def _read_search(folder: Path, name: str, columns: dict[str, range], problems: list[DataError] | None) -> dict:
    """Read the lists of a retrieval benchmark, whose names end alike: fields of a Benchmark."""
    anno, path = folder / "Anno", folder / "Eval" / "list_eval_partition.txt"
    items = anno / f"list_item_{name}.txt"
    columns = {"clothes_type": range(1, 4)} | columns
    index, known = _read_images(folder, anno / f"list_bbox_{name}.txt", columns, path, problems)
    if name == "inshop":
        known |= attempt(problems, _read_inshop_partition, path, index, items, problems, otherwise={})
    else:
        if "domain" in known:
            known["domain"] = np.array(["", "shop", "consumer"])[known["domain"]]
        domain = known.get("domain")
        known |= attempt(problems, _read_pairs, path, index, domain, items, problems, otherwise={})
        rows = attempt(problems, _distractors, path, index, known["split"], domain, otherwise=())
        if len(rows):
            known["split"] = np.where(np.isin(np.arange(len(index)), rows), "test", known["split"])
    known |= attempt(problems, _path_categories, anno / f"list_bbox_{name}.txt", known["image"], otherwise={})
    known |= _read_points(anno, f"list_landmarks_{name}.txt", index, known["box"], problems)
    item = known.get("item", np.full(len(index), ""))
    return known | attempt(problems, _read_item_attributes, anno, item, problems, otherwise={})


STAND_INS = {"category_attribute": ("Fashion Landmark Detection Benchmark",)}
READERS = {  # the function, and files of which one is in an annotation folder
    "category_attribute": (read_category_attribute, ("list_bbox.txt", "train_bbox.txt")),
    "inshop": (read_inshop, ("list_bbox_inshop.txt",)),
    "consumer2shop": (read_consumer2shop, ("list_bbox_consumer2shop.txt",)),
}


def find_folders(root: Path) -> dict[str, Path]:
    """Return the official folders under `root`, or `root` itself where it is one of them, by benchmark.

    Fashion Landmark Detection, which lacks categories and attributes, is read in the place of Category and Attribute
    Prediction where that is absent. Raises DataError where none of them is found.
    """
    found = {}
    for name, (_, boxes) in READERS.items():
        places = [root / folder for folder in (FOLDERS[name], *STAND_INS.get(name, ()))]
        if any((root / anno / file).exists() for anno in ("Anno", "Anno_coarse", "Anno_fine") for file in boxes):
            places.append(root)
        if place := next((place for place in places if place.is_dir()), None):
            found[name] = place
    if not found:
        wanted = ", ".join(f"'{folder}'" for folder in (*FOLDERS.values(), *STAND_INS["category_attribute"]))
        names = sorted(path.name for path in root.glob("*"))
        here = ", ".join(names[:4]) + (", ..." if names[4:] else "") if names else "nothing"
        raise DataError(f"{root}: holds {here}, none of {wanted}; name the folder that holds them")
    return found


def find_benchmarks(root: Path, problems: list[DataError] | None = None) -> dict[str, Benchmark]:
    """Read the benchmarks of `find_folders` as name -> Benchmark; coarse annotation where a folder holds both.

    Raises DataError at the first fault. With a list of `problems`, the first fault of each list is added to that
    instead, and what a faulty list would tell is missing from the benchmark: to be looked at, not trained on.
    """
    found = {}
    for name, folder in find_folders(Path(root)).items():
        found[name] = attempt(problems, partial(READERS[name][0], problems=problems), folder)
    return {name: benchmark for name, benchmark in found.items() if benchmark is not None}


# ---- what is measured, and checks ------------------------------------------------------------------------------------


def measured_split(benchmark: Benchmark) -> str:
    """Return the split that results are measured on: test, or val or query where the source has no test.

    Raises DataError where it has none of them.
    """
    for split in ("test", "val", "query"):
        if (benchmark.split == split).any():
            return split
    raise DataError(f"{benchmark.images_root}: no test, val or query split; list one in list_eval_partition.txt")


def sides(benchmark: Benchmark) -> tuple[np.ndarray, np.ndarray]:
    """Return the query rows (Q,) and gallery rows (G,), int64, of a retrieval benchmark.

    In-shop: the splits of these names. Consumer-to-shop: the consumers' and the shops' images of the measured split.
    Raises Lacks where a side is empty.
    """
    query, gallery = benchmark.rows("query"), benchmark.rows("gallery")
    if benchmark.domain is not None:
        rows = benchmark.rows(measured_split(benchmark))
        query, gallery = (rows[benchmark.domain[rows] == side] for side in ("consumer", "shop"))
    if not len(query) or not len(gallery):
        raise Lacks(f"{benchmark.images_root}: no query images or no gallery; take a partition that has both")
    return query, gallery


def check_disjoint(benchmark: Benchmark) -> None:
    """Raise DataError where an image is in two splits, or an item in two of train, val and test.

    The paper's section 4: "no item overlaps". Query and gallery count as one split, because they show the same items.
    """
    split = benchmark.split
    merged = np.where(np.isin(split, ("query", "gallery")), "query or gallery", split)
    for what, value, group in (("image", benchmark.image, split), ("item", benchmark.item, merged)):
        if value is None:
            continue
        used = (split != "") & (value != "")
        seen: dict[str, str] = {}
        for one, place in zip(value[used].tolist(), group[used].tolist(), strict=True):
            if seen.setdefault(one, place) != place:
                where = f"{benchmark.name}, Eval/list_eval_partition.txt"
                raise DataError(f"{where}: {what} {one} is in {seen[one]} and in {place}; keep it in one of them")
