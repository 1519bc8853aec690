"""Readers of DeepFashion's three official folders: category and attribute, in-shop, consumer-to-shop.

The list of boxes defines the images and their order; every other list is brought into that order. Lists that contradict
each other raise DataError with the file, the line and a cure. Nothing is dropped or mended, with one exception: a
landmark at (0, 0) has no position.
"""

import hashlib
import os
import re
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from functools import cached_property
from itertools import islice
from pathlib import Path

import numpy as np

from lib import lists
from lib.lists import ATTRIBUTE_GROUPS, FINE_GROUPS, FOLDERS, LISTS, ONE_RELEASE, DataError, Lacks, Rows, attempt

STAND_IN = "Fashion Landmark Detection Benchmark"  # of Category and Attribute Prediction
BOXES = {name: Path(next(iter(table))).name for name, table in LISTS.items()}  # each benchmark's list of boxes
# The fine annotation as released has train_bbox.txt and so on, without names, for each split. By the official list with
# the same content: its kind and columns. Landmarks are x y of all eight, (0, 0) where there is none.
FINE = {
    "list_bbox.txt": ("bbox", lists.BOX),
    "list_category_img.txt": ("cate", {"category": lists.CATEGORIES["category"]}),
    "list_landmarks.txt": ("landmarks", {"landmarks": lists.Column("x y " * 8, lists.PIXEL)}),
}
NOT_PER_IMAGE = ("attribute_groups", "pairs")  # arrays of a Benchmark that have no row per image


@dataclass(frozen=True)
class Benchmark:
    """One benchmark as arrays with one row per image. A field that the source lacks is None."""

    name: str  # "category_attribute", "inshop" or "consumer2shop"
    images_root: Path  # the folder that image names are relative to
    image: np.ndarray  # (N,) str, with "/" on every system
    split: np.ndarray  # (N,) str: one of lists.SPLITS, or "" for an image in no split
    box: np.ndarray  # (N, 4) float32, pixels x1 y1 x2 y2, as written
    clothes_type: np.ndarray | None = None  # (N,) int8: 1 upper, 2 lower, 3 full body; of the landmark list first
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
    visible_ceiling: np.ndarray | None = None  # the same, of someone who sees no more than the picture shows
    pairs: np.ndarray | None = None  # (P, 2) int64: row of a consumer image, row of a shop image
    anno: Path = Path()  # the folder of its lists of boxes and labels, such as Anno_coarse
    skipped: int = 0  # listed images that were left out because their photos are damaged

    def rows(self, *splits: str) -> np.ndarray:
        """Return the rows (int64) of the images in these splits, in the order of the list."""
        return np.flatnonzero(np.isin(self.split, splits))

    def frequency(self, rows: np.ndarray) -> np.ndarray:
        """Return (A,) int64: how many of the images `rows` have each attribute."""
        return (self.attributes[rows] == 1).sum(0)

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
                state.update(f"{field.name} {array.dtype} {array.shape}".encode())
                state.update(np.ascontiguousarray(array).tobytes())
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


def without(benchmark: Benchmark, rows: Sequence[int]) -> Benchmark:
    """Return the benchmark without these rows, which are counted in `skipped`, and without the pairs that show them."""
    kept = np.ones(len(benchmark.image), bool)
    kept[list(rows)] = False
    arrays = {name: value for name, value in vars(benchmark).items() if isinstance(value, np.ndarray)}
    changes = {name: value[kept] for name, value in arrays.items() if name not in NOT_PER_IMAGE}
    changes["skipped"] = benchmark.skipped + int((~kept).sum())
    if benchmark.pairs is not None:
        whole = benchmark.pairs[kept[benchmark.pairs].all(1)]
        changes["pairs"] = (np.cumsum(kept) - 1)[whole]
    return replace(benchmark, **changes)


def _read_lists(folder: Path, name: str, anno: Path, fine: Rows | None) -> dict[str, Rows]:
    """Read the lists that there are as file name -> Rows. fine: names and splits of the fine release, or None."""
    found = {"list_eval_partition.txt": fine} if fine else {}
    for file, columns in LISTS[name].items():
        path = anno / Path(file).name if file.startswith("Anno") else folder / file
        if fine and file.startswith("Eval"):  # about the coarse images
            continue
        needed = "bbox" in file or "partition" in file or ("cloth" in file and "list_category_img.txt" in found)
        with attempt():
            if fine and path.name in FINE and not path.exists():
                kind, columns = FINE[path.name]
                if needed or (anno / f"train_{kind}.txt").exists():
                    found[path.name] = _joined(fine, kind, columns)
            elif path.name == "list_joints.txt" and path.exists() and _without_order(path):
                warnings.warn(f"{path}: not used, because the order of its joints is not known", stacklevel=2)
            elif needed or path.exists():
                found[path.name] = lists.read(path, columns)
    return found


def _without_order(path: Path) -> bool:
    """Return whether joints are Fashion Landmark Detection's: two more numbers in a row, and no order to mirror by."""
    with open(path, encoding="utf-8", errors="replace") as file:
        return re.search(r"([ \t]+[\d.+-]+){44}\s*$", next(islice(file, 2, 3), "")) is not None


def _splits(read: dict[str, Rows], index: dict[str, int], folder: Path) -> dict:
    """Return the split of each image; images for pre-training are in a list of their own and not in the partition."""
    listed, own = read.get("list_eval_partition.txt"), folder / "Eval" / "list_pretrain.txt"
    split = np.full(len(index), "", "<U5" if listed and listed.parts else "<U8")  # the fine release has none of these
    if listed:
        split[listed.rows_in(index)] = listed["split"]
    split[_own_rows(read, own.name, index, split)] = "pretrain"
    if listed and (own.name in read or not own.exists()):  # else images without a split may be in the refused list
        listed.fail_missing(split == "", index)
    return {"split": split}


def _own_rows(read: dict[str, Rows], file: str, index: dict[str, int], split: np.ndarray) -> np.ndarray:
    """Return the rows of the images in a list of this project, where it was read; none of them may have a split yet."""
    if file not in read:
        return np.empty(0, np.int64)
    rows = read[file].rows_in(index)
    read[file].fail_where(split[rows] != "", "the image is in list_eval_partition.txt, too")
    return rows


def _check_items(partition: Rows, items: Rows | None) -> None:
    """Raise DataError for an item of the partition that the list of items, where it exists, does not have."""
    if items:
        known = set(items["item"])
        bad = [item not in known for item in partition["item"]]
        partition.fail_where(bad, f"item {{}} is not in {items.path.name}", ONE_RELEASE, partition["item"])


def _items(partition: Rows, read: dict[str, Rows], index: dict[str, int]) -> dict:
    """Return item and split of each image of In-shop."""
    _check_items(partition, read.get("list_item_inshop.txt"))
    order = partition.order(index)
    return {"item": np.array(partition["item"])[order], "split": np.array(partition["split"])[order]}


def _pairs(partition: Rows, read: dict[str, Rows], index: dict[str, int], domain: np.ndarray) -> dict:
    """Return pairs of a consumer and a shop image, items and splits ("" in no pair)."""
    pairs = np.array([_pair(partition, i, index) for i in range(len(partition["pair"]))])
    wrong = (domain[pairs] != ["consumer", "shop"]).any(1)
    partition.fail_where(wrong, "not a consumer and a shop image, by the source column of the list of boxes")
    _check_items(partition, read.get("list_item_consumer2shop.txt"))
    # An image in no pair still shows the item of its folder.
    folders = [name.split("/")[-2:-1] for name in index]
    item = np.array([part[0] if part and part[0].startswith("id_") else "" for part in folders], object)
    split = np.full(len(index), "", object)
    for of_image, field, what in ((split, "split", "in another split"), (item, "item", "of another item")):
        of_pair = np.array(partition[field], object)[:, None]
        of_image[pairs] = of_pair
        # Each image now has the value of its last row; a row with another value contradicts that one.
        partition.fail_where((of_image[pairs] != of_pair).any(1), f"an image of this row is {what}, too")
    rows = _own_rows(read, "list_distractors.txt", index, split)
    if len(rows):
        read["list_distractors.txt"].fail_where(domain[rows] != "shop", "not a shop image")
    split[rows] = "test"
    return {"pairs": pairs, "item": item.astype(str), "split": split.astype(str)}


def _pair(partition: Rows, row: int, index: dict[str, int]) -> tuple[int, int]:
    """Return the rows of a consumer's and a shop's image, one name behind the other; both may hold blanks and dots."""
    names = partition["pair"][row]
    found = [(names[: end.end()], names[end.end() :].strip()) for end in lists.EXTENSION.finditer(names)][:-1]
    if not found:
        partition.fail(row, "no two image names")
    one, other = next((pair for pair in found if pair[0] in index and pair[1] in index), found[0])
    if one not in index or other not in index:
        unknown = one if one not in index else other
        partition.fail(row, f"image {unknown} is not in the list of boxes", ONE_RELEASE)
    return index[one], index[other]


def _categories(read: dict[str, Rows], index: dict[str, int]) -> dict:
    """Return the categories of images, where they and the names of categories were read."""
    cloth, listed = read.get("list_category_cloth.txt"), read.get("list_category_img.txt")
    if not listed or not cloth:
        return {}
    order, names, types = listed.order(index), cloth["category_name"], cloth["clothes_type"].astype(np.int8)
    for i, name in enumerate(names):
        if (first := names.index(name)) < i:
            cloth.fail(i, f"category {name!r} is on line {first + cloth.first} already", "give each its own name")
    listed.fail_where(listed["category"] > len(names), f"the category is not one of 1 to {len(names)}")
    category = listed["category"].astype(np.int16)[order] - np.int16(1)
    return {"category": category, "category_names": tuple(names), "clothes_type": types[category]}


def _path_categories(path: Path, images: np.ndarray) -> dict:
    """Return categories such as "WOMEN/Dresses" of names such as img/WOMEN/Dresses/id_00000002/02_1_front.jpg.

    Nothing where no image has such a name. Raises DataError where some have; path: of the list that names the images.
    """
    parts = [name.split("/") for name in images]
    short = np.array([len(part) < 4 for part in parts])
    if short.all():
        return {}
    Rows(path, {}).fail_where(short, "the image's name has no category, and others have one")
    names, category = np.unique(["/".join(part[1:-2]) for part in parts], return_inverse=True)
    return {"category": category.astype(np.int16), "category_names": tuple(names.tolist())}


def _points(rows: Rows, index: dict[str, int], known: dict, field: str, codes: str) -> dict:
    """Return landmarks or joints, their codes, and the clothes type where it is listed."""
    order, values = rows.order(index), rows[field]
    plain = values.ndim == 2  # of the fine release, which does not tell which landmarks a clothes type lacks
    if plain:
        values = np.insert(values.reshape(-1, 8, 2), 0, lists.VISIBLE, axis=2)
    position, visibility = lists.points(values)
    lists.check_near(rows, position, known["box"][np.argsort(order)], field.removesuffix("s"))
    found = {field: position[order], codes: visibility[order]}
    if "clothes_type" in rows.columns:
        found["clothes_type"] = rows["clothes_type"].astype(np.int8)[order]
    elif plain and "clothes_type" in known:
        found[codes][~lists.HAS_SLOT[known["clothes_type"]] & (found[codes] != lists.VISIBLE)] = -1
    return found


def _attributes(anno: Path, index: dict[str, int], released: Rows | bool) -> dict:
    """Read the attributes of images, where their list exists. released: names and splits of the fine release."""
    path = anno / ("train_attr.txt" if released else "list_attr_img.txt")
    if not path.exists():
        return {}
    group_names = FINE_GROUPS if anno.name == "Anno_fine" else ATTRIBUTE_GROUPS
    fields = lists.read_attribute_names(anno / "list_attr_cloth.txt", group_names)
    number = len(fields["attribute_names"])
    if released:  # 1 or 0 each
        column = lists.Column("label " * number, range(2), "a label")
        labels = _joined(released, "attr", {"label": column})["label"].reshape(-1, number).astype(np.int8) * 2 - 1
    else:
        images, labels = lists.read_attribute_labels(path, number)
        order = Rows(path, {"image": images}).order(index)
        if (order != np.arange(len(order))).any():  # a second copy of 289 MB is made only where it is needed
            labels = labels[order]
    return fields | {"attributes": labels}


def _item_attributes(anno: Path, item: np.ndarray) -> dict:
    """Give the labels of items, where both lists exist, to their images; zeros where an item is not listed."""
    for folder in (anno, anno / "attributes"):  # later releases have a folder of their own for them
        path, cloth = folder / "list_attr_items.txt", folder / "list_attr_cloth.txt"
        if path.exists() and cloth.exists():
            break
    else:
        return {}
    fields = lists.read_attribute_names(cloth)
    items, labels = lists.read_attribute_labels(path, len(fields["attribute_names"]), items=True)
    row = {name: i for i, name in enumerate(items)}
    bad = [(labels[i] != labels[row[name]]).any() for i, name in enumerate(items)]
    Rows(path, {}).fail_where(bad, "item {} is listed again with other labels", "keep one of the two rows", items)
    rows = np.array([row.get(name, -1) for name in item.tolist()])
    labels = labels[rows]
    labels[rows < 0] = 0
    return fields | {"attributes": labels}


def _ceiling(rows: Rows, index: dict[str, int], attribute_names: tuple[str, ...], field: str) -> dict:
    """Return the most likely attributes of each image, numbers from 0, as a field of `Benchmark`."""
    bad = (rows[field] >= len(attribute_names)).any(1)
    rows.fail_where(bad, f"an attribute is not one of 0 to {len(attribute_names) - 1}")
    ceiling = np.full((len(index), lists.CEILING), -1, np.int16)
    ceiling[rows.rows_in(index)] = rows[field]
    return {field: ceiling}


def read_benchmark(folder: Path, name: str) -> Benchmark | None:
    """Read the official folder of the benchmark `name` (the paper's section 2.3).

    Of Category and Attribute Prediction, Anno_coarse or the older Anno is read where it exists, otherwise Anno_fine.
    Boxes and partition must exist, every other list may be absent. An item and split of Consumer-to-shop are those of
    an image's pairs; an image in no pair is in no split, and its item is the id_... folder of its name, or "".
    Categories of the searches are those of the image names, "WOMEN/Dresses", or None. Raises DataError. Within
    `lists.collecting`, what a faulty list would tell is missing from the benchmark: to be looked at, not trained on;
    it is None where that is the list of boxes.
    """
    folder = Path(folder)
    anno = folder / "Anno"
    if name == "category_attribute":
        places = [folder / "Anno_coarse", anno, folder / "Anno_fine"]
        anno = next((path for path in places if path.is_dir()), places[0])
    boxes = anno / BOXES[name]
    names = _fine_names(anno) if anno.name == "Anno_fine" and (anno / "train.txt").exists() else None
    released = names if names and not boxes.exists() else False
    read = _read_lists(folder, name, anno, names)
    if boxes.name not in read:
        return None
    listed = released or read[boxes.name]
    index = {image: i for i, image in enumerate(listed["image"])}
    listed.rows_in(index)  # refuses duplicates
    known = {"images_root": lists.images_root(folder, listed), "image": np.array(listed["image"])}
    known |= {"split": np.full(len(index), ""), "box": read[boxes.name]["box"].astype(np.float32)}
    for field in {"clothes_type", "pose", "domain"} & listed.columns.keys():
        known[field] = listed[field].astype(np.int8)
    if "domain" in known:
        known["domain"] = np.array(["", "shop", "consumer"])[known["domain"]]

    def add(function, *arguments) -> None:
        if not any(argument is None for argument in arguments):  # of a list that is absent or refused
            with attempt():
                known.update(function(*arguments))

    if name == "category_attribute":
        add(_splits, read, index, folder)
        add(_categories, read, index)
    else:
        partition = read.get("list_eval_partition.txt")
        if name == "inshop":
            add(_items, partition, read, index)
        else:
            add(_pairs, partition, read, index, known["domain"])
        add(_path_categories, boxes, known["image"])
    add(_points, read.get(boxes.name.replace("bbox", "landmarks")), index, known, "landmarks", "visibility")
    add(_points, read.get("list_joints.txt"), index, known, "joints", "joint_visibility")
    if name == "category_attribute":
        add(_attributes, anno, index, released)
        for field in ("ceiling", "visible_ceiling"):
            add(_ceiling, read.get(f"list_{field}.txt"), index, known.get("attribute_names"), field)
    else:
        add(_item_attributes, anno, known.get("item", np.full(len(index), "")))
    return Benchmark(name, anno=anno, **known)


def _fine_names(anno: Path) -> Rows:
    """Return the image names and splits in the fine release's train.txt, val.txt and test.txt."""
    names = {split: lists.read_list(anno / f"{split}.txt", 0) for split in ("train", "val", "test")}
    listed = [(line.strip(), split) for split, lines in names.items() for line in lines]
    if not listed:
        raise DataError(f"{anno}: no image in train.txt, val.txt or test.txt; download them again")
    columns = {"image": [name for name, _ in listed], "split": [split for _, split in listed]}
    parts = tuple((anno / f"{split}.txt", len(lines)) for split, lines in names.items())
    return Rows(anno / "train.txt, val.txt and test.txt", columns, 1, parts)


def _joined(names: Rows, kind: str, column: dict[str, lists.Column]) -> Rows:
    """Return a column that the fine release has in a list per split, in the order of the names."""
    (field,), parts = column, []
    for path, number in names.parts:
        rows = lists.read(path.with_name(f"{path.stem}_{kind}.txt"), column)
        if len(rows[field]) != number:
            raise DataError(f"{rows.path}: {len(rows[field])} rows for {number} image names; {ONE_RELEASE}")
        parts.append(rows)
    columns = {"image": names["image"], field: np.concatenate([rows[field] for rows in parts])}
    return Rows(names.path, columns, 1, tuple((rows.path, len(rows[field])) for rows in parts))


def find_benchmarks(root: Path) -> dict[str, Benchmark]:
    """Read the official folders under `root`, or `root` itself where it is one of them, as name -> Benchmark.

    Fashion Landmark Detection is read where Category and Attribute Prediction is absent. Raises DataError without any,
    and as `read_benchmark` does.
    """
    root, folders, found = Path(root), {}, {}
    for name, boxes in BOXES.items():
        places, files = [root / FOLDERS[name]], [boxes]
        if name == "category_attribute":
            places, files = [*places, root / STAND_IN], [boxes, "train_bbox.txt"]  # of the fine release
        if any((root / anno / file).exists() for anno in ("Anno", "Anno_coarse", "Anno_fine") for file in files):
            places.append(root)
        if place := next((place for place in places if place.is_dir()), None):
            folders[name] = place
    if not folders:
        wanted = ", ".join(f"'{folder}'" for folder in (*FOLDERS.values(), STAND_IN))
        raise DataError(f"{root}: holds none of {wanted}; name the folder that does")
    for name, folder in folders.items():
        with attempt():
            found[name] = read_benchmark(folder, name)
    return {name: benchmark for name, benchmark in found.items() if benchmark is not None}


def measured_split(benchmark: Benchmark) -> str:
    """Return the split that is measured: test, or val or query without a test. Raises DataError without any."""
    for split in ("test", "val", "query"):
        if (benchmark.split == split).any():
            return split
    raise DataError(f"{benchmark.images_root}: no test, val or query split; list one in list_eval_partition.txt")


def sides(benchmark: Benchmark) -> tuple[np.ndarray, np.ndarray]:
    """Return the query rows (Q,) and gallery rows (G,), int64, of a retrieval benchmark.

    In-shop: the splits of these names; else consumers' and shops' images of the measured split. Raises Lacks.
    """
    query, gallery = benchmark.rows("query"), benchmark.rows("gallery")
    if benchmark.domain is not None:
        rows = benchmark.rows(measured_split(benchmark))
        query, gallery = (rows[benchmark.domain[rows] == side] for side in ("consumer", "shop"))
    if not len(query) or not len(gallery):
        raise Lacks(f"{benchmark.images_root}: no query images or no gallery; take a partition that has both")
    return query, gallery


def measured_rows(benchmark: Benchmark) -> tuple[np.ndarray, np.ndarray | None, np.ndarray | None]:
    """Return the rows that are measured and, of a search, its queries and gallery; see `measured_split` and `sides`."""
    if benchmark.name == "category_attribute":
        return benchmark.rows(measured_split(benchmark)), None, None
    query, gallery = sides(benchmark)
    return np.concatenate([query, gallery]), query, gallery


def check_disjoint(benchmark: Benchmark) -> None:
    """Raise DataError where an item is in two of train, val and test.

    The paper's section 4: "no item overlaps". Query and gallery count as one split, because they show the same items.
    """
    if benchmark.item is None:
        return
    merged = np.where(np.isin(benchmark.split, ("query", "gallery")), "query or gallery", benchmark.split)
    used, seen = (merged != "") & (benchmark.item != ""), {}
    for item, place in zip(benchmark.item[used].tolist(), merged[used].tolist(), strict=True):
        if seen.setdefault(item, place) != place:
            where = f"{benchmark.name}, Eval/list_eval_partition.txt"
            raise DataError(f"{where}: item {item} is in {seen[item]} and in {place}; keep it in one of them")
