"""Readers of DeepFashion's three official folders: category and attribute, in-shop, consumer-to-shop.

The list of boxes defines the images and their order; every other list is brought into that order. Lists that contradict
each other raise DataError with the file, the line and a cure. Nothing is dropped or mended, with one exception: a
landmark at (0, 0) has no position.
"""

import os
import re
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path

import numpy as np

from lib import lists
from lib.lists import ATTRIBUTE_GROUPS, FINE_GROUPS, FOLDERS, JOINTS, ONE_RELEASE, SLOTS, DataError, Lacks, fail

CEILING = 50  # attributes per image in list_ceiling.txt
UNGROUPED = {0: "all attributes"}
PER_IMAGE = (  # the fields of a Benchmark with one row per image
    "image", "split", "box", "clothes_type", "category", "item", "domain", "pose", "landmarks", "visibility", "joints",
    "joint_visibility", "attributes", "ceiling",
)  # fmt: skip

_SLOTS = np.array([[slot in SLOTS.get(kind, ()) for slot in range(8)] for kind in range(4)])  # by clothes type
# Absolute, with a drive letter, with an empty, "." or ".." part, with a backslash or a control character.
_UNSAFE = re.compile(r"(^|/)\.{0,2}(/|$)|^[A-Za-z]:|[\\\x00-\x1f]")


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


# ---- a list's rows and the benchmark's -------------------------------------------------------------------------------


def _rows_of(path: Path, names: Sequence[str], index: dict[str, int], first: int = 3) -> np.ndarray:
    """Return the benchmark's row (int64) of each image that a list names; DataError if unknown or named twice."""
    rows = np.fromiter((index.get(name, -1) for name in names), np.int64, len(names))
    if (rows < 0).any():
        i = int((rows < 0).argmax())
        fail(path, i + first, f"image {names[i]} is not in the list of boxes", ONE_RELEASE)
    _, firsts = np.unique(rows, return_index=True)
    if len(firsts) < len(rows):
        i = int(np.delete(np.arange(len(rows)), firsts)[0])
        fail(path, i + first, f"image {names[i]} is listed a second time", "keep one of the two rows")
    return rows


def _order(path: Path, names: Sequence[str], index: dict[str, int]) -> np.ndarray:
    """Return each benchmark image's row in a list that must name all of them."""
    rows = _rows_of(path, names, index)
    order = np.full(len(index), -1)
    order[rows] = np.arange(len(rows))
    _fail_missing(path, order < 0, index)
    return order


def _fail_missing(path: Path, missing: np.ndarray, index: dict[str, int]) -> None:
    if missing.any():
        i = int(missing.argmax())
        what = f"no row for image {list(index)[i]}, which is on line {i + 3} of the list of boxes"
        raise DataError(f"{path}: {what}; {ONE_RELEASE}")


# ---- boxes, landmarks, joints, categories ----------------------------------------------------------------------------


def _read_boxes(folder: Path, path: Path, columns: int) -> tuple[dict[str, int], np.ndarray, dict]:
    """Read the list that defines the images.

    Return each image name's row, the `columns` numbers before each box (N, columns) and fields of a Benchmark.
    """
    names, values = lists.read_table(path, columns + 4)
    index = {name: i for i, name in enumerate(names)}
    _rows_of(path, names, index)  # refuses duplicates
    box = lists.boxes(values[:, columns:], path)
    root = _check_names(folder, path, names)
    return index, values[:, :columns], {"images_root": root, "image": np.array(names), "box": box}


def _check_names(folder: Path, path: Path, names: list[str], first: int = 3) -> Path:
    """Return the folder that image names are relative to; DataError where a name or a link leaves it."""
    for i, name in enumerate(names):
        if _UNSAFE.search(name):
            fail(path, i + first, f"image name {name!r} may leave the data folder", "use a plain relative name")
    top = names[0].split("/")[0]
    root = next((root for root in (folder / "Img", folder) if (root / top).exists()), None)
    if root is None:
        raise DataError(f"{folder}: neither Img/{top} nor {top} is there; unpack the images (img.zip)")
    inside = os.path.join(os.path.realpath(root), "")
    members: dict[str, dict[str, int]] = {}
    for i, name in enumerate(names):
        parent, _, last = name.rpartition("/")
        members.setdefault(parent, {})[last] = i
    for parent, rows in members.items():  # one scan per folder, because one look per image is slow
        real = os.path.join(os.path.realpath(root / parent), "")
        linked = [] if real.startswith(inside) else list(rows)
        if not linked:
            try:
                with os.scandir(real) as entries:
                    links = [entry for entry in entries if entry.name in rows and entry.is_symlink()]
            except OSError:
                links = []  # a missing folder: whatever opens its images reports them
            linked = [link.name for link in links if not os.path.realpath(link.path).startswith(inside)]
        if linked:
            i = min(rows[name] for name in linked)
            fail(path, i + first, f"image {names[i]} is a link out of {root}", "put the image itself there")
    return root


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
    order = _order(path, names, index)
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
    order = _order(path, names, index)
    lists.check_near(joints, box[np.argsort(order)], path, "joint")
    return {"joints": joints[order], "joint_visibility": visibility[order]}


def _read_points(anno: Path, landmarks: str, index: dict[str, int], box: np.ndarray) -> dict:
    """Read landmarks and human joints, each where its list exists."""
    known = {}
    if (anno / landmarks).exists():
        known |= _read_landmarks(anno / landmarks, index, box)
    if (anno / "list_joints.txt").exists():
        known |= _read_joints(anno / "list_joints.txt", index, box)
    return known


def _read_category_names(path: Path) -> tuple[tuple[str, ...], np.ndarray]:
    """Return the names of the categories and their clothes types, (categories,) int8."""
    words = lists.split_right(path, lists.read_list(path), 1)
    types = lists.integers(path, [kind for _, kind in words], SLOTS, "clothes type")
    return tuple(name for name, _ in words), types


def _read_categories(anno: Path, index: dict[str, int]) -> dict:
    category_names, types = _read_category_names(anno / "list_category_cloth.txt")
    path = anno / "list_category_img.txt"
    names, values = lists.read_table(path, 1)
    category = lists.codes(values[:, 0], range(1, len(types) + 1), path, "the category") - np.int16(1)
    category = category[_order(path, names, index)]
    return {"category": category, "category_names": category_names, "clothes_type": types[category]}


def _path_categories(images: np.ndarray) -> dict:
    """Return categories such as "WOMEN/Dresses" of names such as img/WOMEN/Dresses/id_00000002/02_1_front.jpg.

    Empty where an image has no such name.
    """
    parts = [name.split("/") for name in images]
    if min(map(len, parts)) < 4:
        return {}
    names, category = np.unique(["/".join(part[1:-2]) for part in parts], return_inverse=True)
    return {"category": category.astype(np.int16), "category_names": tuple(names.tolist())}


# ---- attributes ------------------------------------------------------------------------------------------------------


def _read_attributes(anno: Path, index: dict[str, int], group_names: dict[int, str]) -> dict:
    """Read the attributes of images, where list_attr_img.txt exists."""
    path = anno / "list_attr_img.txt"
    if not path.exists():
        return {}
    attribute_names, groups = lists.read_attribute_names(anno / "list_attr_cloth.txt", group_names)
    names, labels = lists.read_attribute_labels(path, len(attribute_names))
    order = _order(path, names, index)
    if (order != np.arange(len(order))).any():  # a second copy of 289 MB is made only where it is needed
        labels = labels[order]
    return _attribute_fields(labels, attribute_names, groups, group_names)


def _read_item_attributes(anno: Path, item: np.ndarray) -> dict:
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
    attribute_names, groups = lists.read_attribute_names(folders[0] / both[1])
    items, labels = lists.read_attribute_labels(path, len(attribute_names), items=True)
    row = {name: i for i, name in enumerate(items)}
    for i, name in enumerate(items if len(row) < len(items) else []):
        if (labels[i] != labels[row[name]]).any():
            fail(path, i + 3, f"item {name} is listed again with other labels", "keep one of the two rows")
    rows = np.fromiter((row.get(name, -1) for name in item.tolist()), np.int64, len(item))
    labels = labels[rows]
    labels[rows < 0] = 0
    group_names = {} if groups is None else _group_names(folders[0] / "list_attr_type.txt", groups)
    return _attribute_fields(labels, attribute_names, groups, group_names)


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


def _group_names(path: Path, groups: np.ndarray) -> dict[int, str]:
    """Return the names of group numbers: from Consumer-to-shop's list_attr_type.txt, else those of the paper."""
    if path.exists():  # rows of a Chinese and an English name, two blanks apart, in the order of the numbers
        rows = lists.read_list(path)
        names = {i: re.split(r"\s{2,}|\t", row.strip())[-1] for i, row in enumerate(rows, 1)}
    else:
        names = ATTRIBUTE_GROUPS
    used = np.unique(groups).tolist()
    return dict(names) if names.keys() >= set(used) else {number: f"group {number}" for number in used}


def _read_ceiling(path: Path, index: dict[str, int], attribute_names: tuple[str, ...] | None) -> dict:
    """Read list_ceiling.txt, a list of this project: an image name, then its CEILING most likely attributes from 0."""
    if attribute_names is None or not path.exists():
        return {}
    names, values = lists.read_table(path, CEILING)
    ceiling = np.full((len(index), CEILING), -1, np.int16)
    ceiling[_rows_of(path, names, index)] = lists.codes(values, range(len(attribute_names)), path, "an attribute")
    return {"ceiling": ceiling}


# ---- partitions ------------------------------------------------------------------------------------------------------


def _check_status(path: Path, status: Sequence[str], allowed: tuple[str, ...]) -> None:
    for i, word in enumerate(status):
        if word not in allowed:
            fail(path, i + 3, f"split {word!r} is not one of {', '.join(allowed)}")


def _check_items(path: Path, items: Sequence[str], list_of_items: Path) -> None:
    """Raise DataError for an item of the partition that the list of items, where it exists, does not have."""
    if list_of_items.exists():
        known = {row.strip() for row in lists.read_list(list_of_items, header=1)}
        for i, item in enumerate(items):
            if item not in known:
                fail(path, i + 3, f"item {item} is not in {list_of_items.name}", ONE_RELEASE)


def _read_partition(path: Path, index: dict[str, int]) -> np.ndarray:
    """Return the split of each image, (N,) str.

    Images for pre-training are in a list of this project beside the partition and not in it: list_pretrain.txt with a
    row count, "image_name", then names.
    """
    words = lists.split_right(path, lists.read_list(path), 1)
    status = [word for _, word in words]
    _check_status(path, status, ("train", "val", "test"))
    split = np.full(len(index), "", "<U8")
    split[_rows_of(path, [name for name, _ in words], index)] = status
    pretrain = path.with_name("list_pretrain.txt")
    if pretrain.exists():
        rows = _rows_of(pretrain, [row.strip() for row in lists.read_list(pretrain)], index)
        lists.fail_where(split[rows] != "", pretrain, f"the image is in {path.name}, too")
        split[rows] = "pretrain"
    _fail_missing(path, split == "", index)
    return split


def _read_fine_partition(names: dict[Path, list[str]], index: dict[str, int]) -> np.ndarray:
    """Return the split of each image, (N,) str, from the fine release's train.txt, val.txt and test.txt of names."""
    split = np.full(len(index), "", "<U5")
    for path, images in names.items():
        rows = _rows_of(path, images, index, first=1)
        lists.fail_where(split[rows] != "", path, "the image is in another split, too", first=1)
        split[rows] = path.stem
    _fail_missing(next(iter(names)).with_name("train.txt, val.txt and test.txt"), split == "", index)
    return split


def _read_pairs(path: Path, index: dict[str, int], domain: np.ndarray, list_of_items: Path) -> dict:
    """Read rows of a consumer image, a shop image, their item and split; images in no pair have split "".

    Shop images that are only searched are in a list of this project beside the partition: list_distractors.txt with a
    row count, "image_name", then names. Their split is "test".
    """
    words = lists.split_right(path, lists.read_list(path), 2)
    pairs = np.empty((len(words), 2), np.int64)
    for i, (names, _, _) in enumerate(words):
        match = re.fullmatch(r"(.+\.[A-Za-z]\w*)\s+(.+\.[A-Za-z]\w*)", names)
        if match is None:
            fail(path, i + 3, "no two image names")
        for j, name in enumerate(match.groups()):
            if name not in index:
                fail(path, i + 3, f"image {name} is not in the list of boxes", ONE_RELEASE)
            pairs[i, j] = index[name]
    wrong = (domain[pairs] != ["consumer", "shop"]).any(1)
    lists.fail_where(wrong, path, "not a consumer and a shop image, by the source column of the list of boxes")
    _, items, status = zip(*words, strict=True)
    _check_status(path, status, ("train", "val", "test"))
    _check_items(path, items, list_of_items)

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
    distractors = path.with_name("list_distractors.txt")
    if distractors.exists():
        rows = _rows_of(distractors, [row.strip() for row in lists.read_list(distractors)], index)
        lists.fail_where(split[rows] != "", distractors, f"the image is in {path.name}, too")
        lists.fail_where(domain[rows] != "shop", distractors, "not a shop image")
        split[rows] = "test"
    return {"pairs": pairs, "item": item.astype(str), "split": split.astype(str)}


# ---- the three benchmarks --------------------------------------------------------------------------------------------


def read_category_attribute(folder: Path, fine: bool | None = None) -> Benchmark:
    """Read the Category and Attribute Prediction Benchmark (the paper's section 2.3).

    fine: True for Anno_fine, False for Anno_coarse or the older Anno, None for the coarse one where it exists. Boxes
    and partition must exist, every other list may be absent. Raises DataError.
    """
    folder = Path(folder)
    coarse = [folder / name for name in ("Anno_coarse", "Anno") if (folder / name).is_dir()]
    if fine is None:
        fine = not coarse and (folder / "Anno_fine").is_dir()
    anno = folder / "Anno_fine" if fine else (coarse or [folder / "Anno_coarse"])[0]
    # In the official release Eval/list_eval_partition.txt is about the coarse images.
    fine_names = {}
    if fine and (anno / "train.txt").exists():
        paths = [anno / f"{split}.txt" for split in ("train", "val", "test")]
        fine_names = {path: [line.strip() for line in lists.read_lines(path)] for path in paths}
        if not (anno / "list_bbox.txt").exists():
            return _read_fine_release(folder, fine_names)
    index, _, known = _read_boxes(folder, anno / "list_bbox.txt", 0)
    if fine_names:
        known["split"] = _read_fine_partition(fine_names, index)
    else:
        known["split"] = _read_partition(folder / "Eval" / "list_eval_partition.txt", index)
    if (anno / "list_category_img.txt").exists():
        known |= _read_categories(anno, index)
    known |= _read_points(anno, "list_landmarks.txt", index, known["box"])
    known |= _read_attributes(anno, index, FINE_GROUPS if fine else ATTRIBUTE_GROUPS)
    known |= _read_ceiling(folder / "Eval" / "list_ceiling.txt", index, known.get("attribute_names"))
    return Benchmark("category_attribute", annotation="fine" if fine else "coarse", **known)


def _read_fine_release(folder: Path, names: dict[Path, list[str]]) -> Benchmark:
    """Read the fine annotation as released: per split a list of names, and lists without names in the same order.

    train_bbox.txt: x1 y1 x2 y2. train_cate.txt: category from 1. train_attr.txt: 1 or 0 (read as -1) per attribute.
    train_landmarks.txt: x y of all eight, (0, 0) where there is none. The same for val and test.
    """
    anno = next(iter(names)).parent

    def read(kind: str, columns: int, convert: Callable[[np.ndarray, Path], np.ndarray]) -> np.ndarray:
        parts = []
        for path, images in names.items():
            values = lists.read_columns(path := path.with_name(f"{path.stem}_{kind}.txt"), columns)
            if len(values) != len(images):
                raise DataError(f"{path}: {len(values)} rows for {len(images)} image names; {ONE_RELEASE}")
            parts.append(convert(values, path))
        return np.concatenate(parts)

    def exists(kind: str) -> bool:
        return (anno / f"train_{kind}.txt").exists()

    images = [name for part in names.values() for name in part]
    if not images:
        raise DataError(f"{anno}: no image in train.txt, val.txt or test.txt; download them again")
    index = {name: i for i, name in enumerate(dict.fromkeys(images))}  # the partition refuses duplicates
    known = {"image": np.array(images), "split": _read_fine_partition(names, index)}
    for path, part in names.items():
        if part:
            known["images_root"] = _check_names(folder, path, part, first=1)
    known["box"] = read("bbox", 4, lambda values, path: lists.boxes(values, path, first=1))
    if exists("cate"):
        category_names, types = _read_category_names(anno / "list_category_cloth.txt")
        allowed = range(1, len(types) + 1)
        category = read("cate", 1, lambda values, path: lists.codes(values[:, 0], allowed, path, "the category", 1) - 1)
        known |= {"category": category, "category_names": category_names, "clothes_type": types[category]}
    if exists("landmarks"):
        points = read("landmarks", 16, lambda values, path: values).reshape(-1, 8, 2)
        known["landmarks"], visibility = lists.points(np.insert(points, 0, 0, axis=2), anno / "train_landmarks.txt")
        if exists("cate"):
            visibility[~_SLOTS[known["clothes_type"]] & (visibility != 0)] = -1
        known["visibility"] = visibility
        ends = np.cumsum([len(part) for part in names.values()])[:-1]
        for path, near, box in zip(
            names, np.split(known["landmarks"], ends), np.split(known["box"], ends), strict=True
        ):
            lists.check_near(near, box, path.with_name(f"{path.stem}_landmarks.txt"), "landmark", first=1)
    if exists("attr"):
        attribute_names, groups = lists.read_attribute_names(anno / "list_attr_cloth.txt", FINE_GROUPS)
        width = len(attribute_names)
        labels = read("attr", width, lambda values, path: lists.codes(values, range(2), path, "a label", 1) * 2 - 1)
        known |= _attribute_fields(labels.astype(np.int8), attribute_names, groups, FINE_GROUPS)
    return Benchmark("category_attribute", annotation="fine", **known)


def read_inshop(folder: Path) -> Benchmark:
    """Read the In-shop Clothes Retrieval Benchmark (the paper's section 2.3).

    Category is gender and category of the image name, "WOMEN/Dresses". Raises DataError.
    """
    anno, path = Path(folder) / "Anno", Path(folder) / "Eval" / "list_eval_partition.txt"
    boxes = anno / "list_bbox_inshop.txt"
    index, values, known = _read_boxes(Path(folder), boxes, 2)
    known["clothes_type"] = lists.codes(values[:, 0], range(1, 4), boxes, "the clothes type").astype(np.int8)
    known["pose"] = lists.codes(values[:, 1], range(1, 7), boxes, "the pose").astype(np.int8)
    images, items, status = zip(*lists.split_right(path, lists.read_list(path), 2), strict=True)
    _check_status(path, status, ("train", "query", "gallery"))
    _check_items(path, items, anno / "list_item_inshop.txt")
    order = _order(path, images, index)
    known |= {"item": np.array(items)[order], "split": np.array(status)[order]}
    known |= _path_categories(known["image"])
    known |= _read_points(anno, "list_landmarks_inshop.txt", index, known["box"])
    return Benchmark("inshop", **known, **_read_item_attributes(anno, known["item"]))


def read_consumer2shop(folder: Path) -> Benchmark:
    """Read the Consumer-to-shop Clothes Retrieval Benchmark (the paper's section 2.3).

    Item and split of an image are those of its pairs; an image in no pair is in no split, and its item is the id_...
    folder of its name, or "". Category is clothing type and category of the image name, "DRESSES/Dress", or None.
    Raises DataError.
    """
    anno, path = Path(folder) / "Anno", Path(folder) / "Eval" / "list_eval_partition.txt"
    boxes = anno / "list_bbox_consumer2shop.txt"
    index, values, known = _read_boxes(Path(folder), boxes, 2)
    known["clothes_type"] = lists.codes(values[:, 0], range(1, 4), boxes, "the clothes type").astype(np.int8)
    known["domain"] = np.array(["", "shop", "consumer"])[lists.codes(values[:, 1], range(1, 3), boxes, "the source")]
    known |= _read_pairs(path, index, known["domain"], anno / "list_item_consumer2shop.txt")
    known |= _path_categories(known["image"])
    known |= _read_points(anno, "list_landmarks_consumer2shop.txt", index, known["box"])
    return Benchmark("consumer2shop", **known, **_read_item_attributes(anno, known["item"]))


READERS = {  # the function, and files of which one is in an annotation folder
    "category_attribute": (read_category_attribute, ("list_bbox.txt", "train_bbox.txt")),
    "inshop": (read_inshop, ("list_bbox_inshop.txt",)),
    "consumer2shop": (read_consumer2shop, ("list_bbox_consumer2shop.txt",)),
}


def find_benchmarks(root: Path) -> dict[str, Benchmark]:
    """Read the official folders under `root`, or `root` itself where it is one of them, as name -> Benchmark.

    Coarse annotation is read where a folder holds both. Raises DataError where none of the three is found.
    """
    root = Path(root)
    found = {}
    for name, (read, boxes) in READERS.items():
        if (root / FOLDERS[name]).is_dir():
            found[name] = read(root / FOLDERS[name])
        elif any((root / anno / file).exists() for anno in ("Anno", "Anno_coarse", "Anno_fine") for file in boxes):
            found[name] = read(root)
    if not found:
        wanted = ", ".join(f"'{folder}'" for folder in FOLDERS.values())
        raise DataError(f"{root}: none of {wanted} is there; name the folder that holds them, or one of them")
    return found


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
