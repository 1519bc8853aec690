"""The official list formats of DeepFashion as one table, LISTS, and how lists are read and written by it.

A list has its row count on line 1, its column names on line 2 and then one row per image or item. Names may hold
spaces, so rows are split from the right. A list that breaks its format raises DataError with the file, the line and a
cure. Needs NumPy only.
"""

import os
import re
from collections.abc import Iterable, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from textwrap import shorten
from typing import NamedTuple, NoReturn

import numpy as np

FOLDERS = {
    "category_attribute": "Category and Attribute Prediction Benchmark",
    "inshop": "In-shop Clothes Retrieval Benchmark",
    "consumer2shop": "Consumer-to-shop Clothes Retrieval Benchmark",
}
SPLITS = ("pretrain", "train", "val", "test", "query", "gallery")

LANDMARKS = (
    "left collar", "right collar", "left sleeve", "right sleeve",
    "left waistline", "right waistline", "left hem", "right hem",
)  # fmt: skip
# Which landmarks a row lists, by clothes type: 1 upper-body, 2 lower-body, 3 full-body.
SLOTS = {1: (0, 1, 2, 3, 6, 7), 2: (4, 5, 6, 7), 3: (0, 1, 2, 3, 4, 5, 6, 7)}
HAS_SLOT = np.array([[slot in SLOTS.get(kind, ()) for slot in range(8)] for kind in range(4)])
VISIBLE, CUT_OFF = 0, 2  # codes of a landmark or a joint; 1 is occluded
JOINTS = (
    "head", "neck", "left shoulder", "right shoulder", "left elbow", "right elbow", "left wrist",
    "right wrist", "left hip", "right hip", "left knee", "right knee", "left ankle", "right ankle",
)  # fmt: skip

ATTRIBUTE_GROUPS = {1: "texture", 2: "fabric", 3: "shape", 4: "part", 5: "style"}
FINE_GROUPS = {1: "texture", 2: "sleeve", 3: "length", 4: "neckline", 5: "material", 6: "fit"}
POSES = {1: "front", 2: "side", 3: "back", 4: "zoom-out", 5: "zoom-in", 6: "stand-alone"}

CEILING = 50  # attributes per image in list_ceiling.txt
MOST_PIXELS = 100_000_000  # a larger photo is more likely a fault or an attack than a photo
LARGEST_SIDE = 65_535  # pixels of a JPEG
FARTHEST = 10  # sides of its box that a landmark may be away, where the box has LEAST_SIDE pixels or more
LEAST_SIDE = 100
SMALLEST = 3, 8  # pixels of a box's shorter and longer side that can hold clothes; DeepFashion has sides of 5
CURE = "correct it or download the list again"
ONE_RELEASE = "take all lists from one release"

# What a column may hold, besides whole numbers (a range) and words (a tuple).
IMAGE, TEXT, WORD = "image", "text", "word"  # an image and a text are at the left and may hold blanks
WORDS = {IMAGE: r"\S.*\.[A-Za-z]\w*", TEXT: r"\S(?:.*\S)?", WORD: r"\S+"}  # an image ends in .jpg or the like
PIXEL, POINT, LANDMARK = "pixel", "point", "landmark"  # points are visibility, x, y; landmarks those of a clothes type


class Column(NamedTuple):
    """A column of a list, or several numbers that belong together."""

    title: str  # on line 2 of the list, blanks between those of several numbers
    allowed: range | tuple[str, ...] | str
    words: str = ""  # for an error


POINTS = [f"landmark_{what}_{slot}" for slot in range(1, 9) for what in ("visibility", "location_x", "location_y")]
IMAGES = {"image": Column("image_name", IMAGE)}
BOX = {"box": Column("x_1  y_1  x_2  y_2", PIXEL)}
CATEGORY_NAMES = {
    "category_name": Column("category_name", TEXT),
    "clothes_type": Column("category_type", range(1, 4), "clothes type"),
}
CATEGORIES = IMAGES | {"category": Column("category_label", range(1, 1 + (1 << 14)), "the category")}  # fits int16
_TYPE = IMAGES | {"clothes_type": Column("clothes_type", range(1, 4), "the clothes type")}
_LANDMARKS = _TYPE | {
    "variation": Column("variation_type", PIXEL),
    "landmarks": Column("  ".join(POINTS), LANDMARK, "a visibility"),
}
_JOINTS = [f"{joint.replace(' ', '_')}_{what}" for joint in JOINTS for what in ("visibility", "x", "y")]
JOINT_LIST = IMAGES | {"joints": Column("  ".join(_JOINTS), POINT, "a visibility")}
_PAIRS = {"pair": Column("image_pair_name_1  image_pair_name_2", IMAGE)}
_ITEM, _STATUS = {"item": Column("item_id", WORD)}, "evaluation_status"
_CEILING = Column("  ".join(f"attribute_{k}" for k in range(1, 1 + CEILING)), range(1 << 15), "an attribute")
LISTS = {  # by benchmark and file: the columns in their order, by the field of `Benchmark` that they fill
    "category_attribute": {
        "Anno/list_bbox.txt": IMAGES | BOX,
        "Eval/list_eval_partition.txt": IMAGES | {"split": Column(_STATUS, ("train", "val", "test"))},
        "Eval/list_pretrain.txt": IMAGES,
        "Anno/list_category_img.txt": CATEGORIES,
        "Anno/list_category_cloth.txt": CATEGORY_NAMES,
        "Anno/list_landmarks.txt": _LANDMARKS,
        "Anno/list_joints.txt": JOINT_LIST,
        "Eval/list_ceiling.txt": IMAGES | {"ceiling": _CEILING},
        "Eval/list_visible_ceiling.txt": IMAGES | {"visible_ceiling": _CEILING},
    },
    "inshop": {
        "Anno/list_bbox_inshop.txt": _TYPE | {"pose": Column("pose_type", range(1, 7), "the pose")} | BOX,
        "Eval/list_eval_partition.txt": IMAGES | _ITEM | {"split": Column(_STATUS, ("train", "query", "gallery"))},
        "Anno/list_item_inshop.txt": {"item": Column("", TEXT)},
        "Anno/list_landmarks_inshop.txt": _LANDMARKS,
        "Anno/list_joints.txt": JOINT_LIST,
    },
    "consumer2shop": {
        "Anno/list_bbox_consumer2shop.txt": _TYPE | {"domain": Column("source_type", range(1, 3), "the source")} | BOX,
        "Eval/list_eval_partition.txt": _PAIRS | _ITEM | {"split": Column(_STATUS, ("train", "val", "test"))},
        "Eval/list_distractors.txt": IMAGES,
        "Anno/list_item_consumer2shop.txt": {"item": Column("", TEXT)},
        "Anno/list_landmarks_consumer2shop.txt": _LANDMARKS,
        "Anno/list_joints.txt": JOINT_LIST,
    },
}
# This project's own lists are those of joints, the ceilings, and these of the images of one split.
OWN_SPLITS = {"Eval/list_pretrain.txt": "pretrain", "Eval/list_distractors.txt": "distractor"}

# Absolute, with a drive letter, with an empty, "." or ".." part, with a backslash or a control character.
UNSAFE = re.compile(r"(^|/)\.{0,2}(/|$)|^[A-Za-z]:|[\\\x00-\x1f]")
# What ends an image name: in text and in bytes.
EXTENSION = re.compile(r"\.[A-Za-z]\w*(?=\s|$)")
_EXTENSION_IN_ROW = re.compile(rb"\.[A-Za-z]\w*(?=[ \t])")
_ITEM_IN_ROW = re.compile(rb"\S+(?=[ \t])")
# Bytes to labels: "0", "1", "1" with the top bit set by a minus; line ends stay; anything else becomes 100.
_LABELS = bytes({48: 0, 49: 1, 49 + 128: 255, 10: 10}.get(i, 100) for i in range(256))


class DataError(ValueError):
    """A fault of the data set. The message is one sentence with the file, the line and a cure."""


class Lacks(DataError):
    """Data that the source does not have. A notebook that ends with this error is skipped, not failed."""


def fail(path: Path, line: int, what: str, cure: str = CURE) -> NoReturn:
    """Raise DataError for a line, counted from 1."""
    raise DataError(f"{path}, line {line}: {what}; {cure}") from None


def _fail_to_open(path: Path, error: OSError) -> NoReturn:
    missing = isinstance(error, FileNotFoundError)
    cure = "put the official file there" if missing else "check the disk and permissions"
    raise DataError(f"{path}: {error.strerror or error}; {cure}") from None


_problems: list[list[DataError]] = []  # of each `collecting` block that is running


@contextmanager
def collecting():
    """Yield a list to which `attempt` adds what it would raise, so that reading goes on to other lists' faults."""
    _problems.append([])
    try:
        yield _problems[-1]
    finally:
        _problems.pop()


@contextmanager
def attempt():
    """Within `collecting`, collect a DataError of the block and go on after it."""
    try:
        yield
    except DataError as error:
        if not _problems:
            raise
        _problems[-1].append(error)


@dataclass(frozen=True)
class Rows:
    """The rows of a list: by field of LISTS, a list or an array with one value, or one row of values, for each."""

    path: Path
    columns: dict[str, Sequence]
    first: int = 3  # line of row 0
    parts: tuple[tuple[Path, int], ...] = ()  # where several files were joined: each, and how many rows it has

    def __getitem__(self, field: str) -> Sequence:
        return self.columns[field]

    def fail_where(self, bad: np.ndarray, what: str, cure: str = CURE, value: Sequence = ()) -> None:
        """Raise DataError for the first row where `bad` (N,) is True; {} in `what` becomes that row's value."""
        if np.any(bad):
            i = int(np.argmax(bad))
            self.fail(i, what.format(value[i]) if len(value) else what, cure)

    def fail(self, i: int, what: str, cure: str = CURE) -> NoReturn:
        for path, number in self.parts:
            if i < number:
                fail(path, i + self.first, what, cure)
            i -= number
        fail(self.path, i + self.first, what, cure)

    def rows_in(self, index: dict[str, int]) -> np.ndarray:
        """Return the benchmark's row (int64) of each image; DataError where one is unknown or listed twice."""
        names = self["image"]
        rows = np.fromiter((index.get(name, -1) for name in names), np.int64, len(names))
        self.fail_where(rows < 0, "image {} is not in the list of boxes", ONE_RELEASE, names)
        again = np.ones(len(rows), bool)
        again[np.unique(rows, return_index=True)[1]] = False
        self.fail_where(again, "image {} is listed a second time", "keep one of the two rows", names)
        return rows

    def order(self, index: dict[str, int]) -> np.ndarray:
        """Return the row in this list (int64) of each of the benchmark's images; DataError where one has none."""
        order = np.full(len(index), -1)
        order[self.rows_in(index)] = np.arange(len(self["image"]))
        self.fail_missing(order < 0, index)
        return order

    def fail_missing(self, missing: np.ndarray, index: dict[str, int]) -> None:
        """Raise DataError for the first image that is `missing` (N,) from this list."""
        if missing.any():
            i = int(missing.argmax())
            what = f"no row for image {list(index)[i]}, which is on line {i + 3} of the list of boxes"
            raise DataError(f"{self.path}: {what}; {ONE_RELEASE}")


def _row_count(path: Path, first_line: str) -> int:
    if not re.fullmatch(r"\s*\d{1,12}\s*", first_line) or int(first_line) == 0:
        fail(path, 1, f"{first_line.strip()[:40]!r} is not a row count")
    return int(first_line)


def read_list(path: Path, header: int = 2) -> list[str]:
    """Return the lines below `header` lines (row count, column names), without line ends or blank lines at the end."""
    try:
        text = path.read_text(encoding="utf-8-sig")  # any line end becomes \n
    except OSError as error:
        _fail_to_open(path, error)
    except UnicodeDecodeError as error:
        fail(path, error.object[: error.start].count(b"\n") + 1, "not UTF-8 text", "save it as UTF-8")
    lines = text.split("\n")
    while lines and not lines[-1].strip():
        lines.pop()
    if header:
        rows, found = _row_count(path, lines[0] if lines else ""), max(0, len(lines) - header)
        if rows != found:
            fail(path, 1, f"it says {rows} rows and {found} follow")
    return lines[header:]


def read(path: Path, columns: dict[str, Column]) -> Rows:
    """Read a list by its columns; DataError for what they do not allow.

    Names and words are lists of str; numbers are float64, (N,), or (N, columns) where a column has several; points are
    (N, L, 3) of visibility, x, y, -1 where a clothes type lacks one. Lists of numbers alone have no header.
    """
    first = next(iter(columns.values()))
    header = 1 + bool(first.title) if first.allowed in (IMAGE, TEXT) else 0
    rows, lines = Rows(path, {}, header + 1), read_list(path, header)
    row = re.compile(r"\s+".join(f"({_form(column)})" for column in columns.values()))
    found = [row.fullmatch(line.strip()) for line in lines]
    if None in found:
        i = found.index(None)
        names = ["|".join(c.allowed) if isinstance(c.allowed, tuple) else c.title or "a name" for c in columns.values()]
        form, line = (shorten(text, 90, placeholder=" ...") for text in ("  ".join(names), lines[i]))
        rows.fail(i, f"{line!r} where {form!r} should be")
    for number, (field, (title, allowed, what)) in enumerate(columns.items(), 1):
        texts = [match[number] for match in found]
        if allowed in WORDS or isinstance(allowed, tuple):
            rows.columns[field] = texts
            continue
        if allowed == LANDMARK:
            values = _landmarks(rows, texts)
        else:
            values = np.array(" ".join(texts).split(), float).reshape(len(texts), len(title.split()))
            values = values.reshape(len(texts), -1, 3) if allowed == POINT else values
        rows.columns[field] = values[:, 0] if values.shape[1:] == (1,) else values
        if allowed in (POINT, LANDMARK):
            values, allowed = values[..., 0], range(-1, 3)  # -1 is a landmark that the row lacks
        if allowed != PIXEL:
            bad = ~np.isin(values, allowed).all(1)
            rows.fail_where(bad, f"{what} is not one of {max(0, allowed.start)} to {allowed.stop - 1}")
    if "box" in columns:
        check_boxes(rows)
    return rows


def _form(column: Column) -> str:
    if isinstance(column.allowed, tuple):
        return "|".join(column.allowed)
    number = r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)"
    more = "*" if column.allowed == LANDMARK else f"{{{len(column.title.split()) - 1}}}"
    return WORDS[column.allowed] if column.allowed in WORDS else rf"{number}(?:\s+{number}){more}"


def _landmarks(rows: Rows, texts: list[str]) -> np.ndarray:
    """Return the numbers of each row's landmarks as (N, 8, 3); -1 for landmarks that its clothes type lacks."""
    has = HAS_SLOT[rows["clothes_type"].astype(int)]
    bad = np.array([len(text.split()) for text in texts]) != 3 * has.sum(1)
    rows.fail_where(bad, "clothes types 1, 2 and 3 have 6, 4 and 8 landmarks of three numbers each")
    table = np.full((len(texts), len(LANDMARKS), 3), -1.0)
    table[has] = np.array(" ".join(texts).split(), float).reshape(-1, 3)
    return table


def check_boxes(rows: Rows) -> None:
    """Raise DataError for a box that has no area or that no photo could hold."""
    x1, y1, x2, y2 = rows["box"].T
    short, long = np.sort([x2 - x1, y2 - y1], axis=0)
    small, cure = "{} x {} pixels".format(*SMALLEST), "multiply x by the photo's width and y by its height"
    rows.fail_where((x1 < 0) | (y1 < 0), "the box begins outside the image")
    rows.fail_where(short <= 0, "the box has no area (x2 must exceed x1, and y2 y1)")
    rows.fail_where(np.maximum(x2, y2) <= 2, "the box is in shares of the photo, not in pixels", cure)
    bad = (short < SMALLEST[0]) | (long < SMALLEST[1])
    rows.fail_where(bad, f"the box is smaller than {small}, too small to hold clothes")
    rows.fail_where(np.maximum(x2, y2) > LARGEST_SIDE, f"the box ends beyond {LARGEST_SIDE} pixels")


def points(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Split (N, L, 3) of visibility, x, y into pixels (N, L, 2) float32 (x, y) and codes (N, L) int8.

    (0, 0) is how the lists write "not annotated": the position becomes nan and code 0, visible, becomes 1, so that such
    a point never counts as seen or as found. A point of code -1 has no position either.
    """
    codes, position = values[..., 0].astype(np.int8), values[..., 1:].astype(np.float32)
    unknown = (position == 0).all(-1)
    position[unknown | (codes < 0)] = np.nan
    codes[unknown & (codes == VISIBLE)] = 1
    return position, codes


def check_near(rows: Rows, points: np.ndarray, box: np.ndarray, what: str) -> None:
    """Raise DataError for points (N, L, 2) far from their boxes (N, 4), in the order of the rows; nan is near."""
    corner, far = box[:, :2], box[:, 2:]
    reach = FARTHEST * np.maximum((far - corner).max(1), LEAST_SIDE)
    away = np.abs(points - (corner + far)[:, None] / 2).max(2)
    bad = (away > reach[:, None]).any(1)  # a comparison with nan is False
    rows.fail_where(bad, f"a {what} is more than {FARTHEST} sides of its box away from it")


def images_root(folder: Path, rows: Rows) -> Path:
    """Return the folder that image names are relative to; DataError where a name or a link leaves it."""
    names = rows["image"]
    unsafe = [UNSAFE.search(name) is not None for name in names]
    rows.fail_where(unsafe, "image name {!r} may leave the data folder", "use a plain relative name", names)
    top = names[0].split("/")[0]
    root = next((root for root in (folder / "Img", folder) if (root / top).exists()), None)
    if root is None:
        raise DataError(f"{folder}: neither Img/{top} nor {top} is there; unpack the images (img.zip)")
    real = cache(lambda path: os.path.join(os.path.realpath(path), ""))
    for i, name in enumerate(names):
        path = f"{root}/{name}"
        target = os.path.realpath(path) if os.path.islink(path) else real(os.path.dirname(path))
        if not target.startswith(real(root)):
            rows.fail(i, f"image {name} is a link out of {root}", "put the image there, or link that whole folder")
    return root


def read_attribute_names(path: Path, group_names: dict[int, str] | None = None) -> dict:
    """Read a list_attr_cloth.txt as the fields attribute_names, attribute_groups and group_names of a `Benchmark`.

    The columns, told by the line of column names, differ by benchmark: a name and a group; only a name (In-shop, whose
    row count may be missing); a Chinese name, an English name and a group (Consumer-to-shop; the English one counts).
    group_names: those that there may be; by default they are in a list_attr_type.txt, or the paper's.
    """
    lines = read_list(path, 0)
    header = 1 if len(lines) > 1 and lines[0].split() == ["attribute_name"] else 2
    columns = "".join(lines[header - 1 : header]).count("attribute_")
    if columns == 1:
        names = [row.strip() for row in (lines[1:] if header == 1 else read_list(path))]
        Rows(path, {}, header + 1).fail_where([not name for name in names], "no attribute name")
        groups, group_names = np.zeros(len(names), np.int8), {0: "all attributes"}
    else:
        most = len(group_names) if group_names else 127  # fits int8
        group = Column("attribute_type", range(1, 1 + most), "attribute group")
        rows = read(path, {"attribute": Column("attribute_name", TEXT), "group": group})
        names = map(_english, rows["attribute"]) if columns == 3 else rows["attribute"]
        groups = rows["group"].astype(np.int8)
        types = path.with_name("list_attr_type.txt")  # of Consumer-to-shop, in the order of the numbers
        if group_names is None:
            group_names = dict(enumerate(map(_english, read_list(types)), 1)) if types.exists() else ATTRIBUTE_GROUPS
        if not group_names.keys() >= set(groups.tolist()):
            group_names = {number: f"group {number}" for number in np.unique(groups).tolist()}
    return {"attribute_names": tuple(names), "attribute_groups": groups, "group_names": group_names}


def _english(names: str) -> str:
    """Return the second of a Chinese and an English name, two blanks apart; either may hold single blanks."""
    return re.split(r"\s{2,}|\t", names.strip())[-1]


def read_attribute_labels(
    path: Path, attributes: int, block: int = 1 << 19, items: bool = False
) -> tuple[list[str], np.ndarray]:
    """Read a list_attr_img.txt or, with `items`, a list_attr_items.txt.

    Return the N names of images or items and their labels (N, attributes) int8 in {1, -1, 0}. The official list holds
    289 million: blocks of `block` bytes are parsed by a few array operations, unusual ones slowly. Raises DataError.
    """
    names: list[str] = []
    try:
        with open(path, "rb") as file:
            count = _row_count(path, file.readline().removeprefix(b"\xef\xbb\xbf").decode("ascii", "replace"))
            file.readline()
            # A label takes two bytes or more: a wrong count must not reserve all of the machine's memory.
            if count * attributes * 2 > os.fstat(file.fileno()).st_size:
                fail(path, 1, f"it says {count} rows of {attributes} labels, more than the file can hold")
            labels = np.empty((count, attributes), np.int8)
            while rows := file.readlines(block):
                _parse_labels(path, rows, names, labels, items)
    except OSError as error:
        _fail_to_open(path, error)
    if len(names) < count:
        fail(path, 1, f"it says {count} rows and {len(names)} follow")
    return names, labels


def _parse_labels(path: Path, rows: list[bytes], names: list[str], labels: np.ndarray, items: bool) -> None:
    """Append the rows' names to `names` and write their labels to the rows of `labels` that follow."""
    start, (count, attributes), parts = len(names), labels.shape, []
    if any(row.strip() for row in rows[count - start :]):
        fail(path, 1, f"it says {count} rows and more follow")
    rows = rows[: count - start]
    for row in rows:
        name = _ITEM_IN_ROW.match(row) if items else _EXTENSION_IN_ROW.match(row, max(0, row.rfind(b".")))
        if name is None:
            fail(path, len(names) + 3, f"no {'item' if items else 'image name'} with labels to its right")
        try:
            names.append(row[: name.end()].decode().strip())
        except UnicodeDecodeError:
            fail(path, len(names) + 3, "not UTF-8 text", "save it as UTF-8")
        parts.append(row[name.end() :].rstrip())
    text = (b"\n".join(parts) + b"\n").replace(b"\t", b" ")

    # A minus sets the top bit of the next byte, and a table turns bytes into labels. Without blanks and minus signs
    # one byte per label and one line end per row remain, unless the text holds anything else.
    byte = np.frombuffer(text, np.uint8)
    signed = byte.copy()
    signed[1:] |= (byte[:-1] == ord("-")).view(np.uint8) << 7
    kept = np.frombuffer(signed.tobytes().translate(_LABELS, b" -"), np.int8)
    blank = byte == ord(" ")
    words = np.count_nonzero(blank[:-1] > blank[1:])  # "11" for "1 1" would keep the number of bytes
    if text.isascii() and kept.size == len(rows) * (attributes + 1) and words == len(rows) * attributes:
        kept = kept.reshape(len(rows), attributes + 1)
        if (kept[:, -1] == ord("\n")).all() and (np.abs(kept[:, :-1]) <= 1).all():
            labels[start : start + len(rows)] = kept[:, :-1]
            return
    for i, part in enumerate(parts, start):
        found = part.split()
        if len(found) != attributes or not {b"1", b"-1", b"0"}.issuperset(found):
            fail(path, i + 3, f"{len(found)} labels where {attributes} should be, each 1, -1 or 0")
        labels[i] = [int(word) for word in found]


def write_list(path: Path, columns: str, rows: Sequence[str]) -> None:
    """Write row count, column names (no such line where they are "") and rows; make the folder where it is missing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "w", encoding="utf-8", newline="\n") as file:
        file.writelines(f"{line}\n" for line in (len(rows), *filter(None, [columns]), *rows))


def write_benchmark(folder: Path, name: str, images: dict[str, Sequence], others: dict[str, dict]) -> None:
    """Write each list of LISTS[name] that there are columns for, the inverse of `read`.

    images: by field, each image's value as a list shows it; a list is about the images of its splits, and about those
    without a None. others: by file of LISTS, the columns of the lists that do not have a row for each image.
    """
    for file, columns in LISTS[name].items():
        table = others.get(file, images)
        if columns.keys() <= table.keys():
            rows = list(zip(*(table[field] for field in columns), strict=True))
            splits = (OWN_SPLITS[file],) if file in OWN_SPLITS else "split" in columns and columns["split"].allowed
            if splits:
                rows = [row for row, split in zip(rows, table["split"], strict=True) if split in splits]
            texts = ["  ".join(map(str, row)) for row in rows if None not in row]
            if texts:
                path = folder / (file.replace("Anno/", "Anno_coarse/") if name == "category_attribute" else file)
                write_list(path, titles(columns), texts)


def titles(columns: dict[str, Column]) -> str:
    return "  ".join(column.title for column in columns.values())


def write_attributes(anno: Path, names: Sequence[str], groups, of: str, labels: dict[str, Iterable[int]]) -> None:
    """Write the names of attributes, with their group numbers unless these are None, and the labels of images or items.

    of: "image" or "item". labels: by its name, the numbers of the attributes that it has.
    """
    rows = names if groups is None else [f"{name}  {group}" for name, group in zip(names, groups, strict=True)]
    write_list(anno / "list_attr_cloth.txt", "attribute_name" + "  attribute_type" * (groups is not None), rows)
    rows = []
    for name, numbers in labels.items():
        words = ["-1"] * len(names)
        for number in numbers:
            words[number] = "1"
        rows.append(f"{name}  {' '.join(words)}")
    file, column = ("list_attr_img.txt", "image_name") if of == "image" else ("list_attr_items.txt", "item_id")
    write_list(anno / file, f"{column}  attribute_labels", rows)


def points_text(points: np.ndarray, codes: np.ndarray, slots: Iterable[int]) -> str:
    """Format the landmarks or joints `slots` as "visibility x y" each, from pixels (L, 2) (x, y) and codes (L,).

    Pixels are whole numbers of at least 1; (0, 0) is a point that is cut off (code 2) or has no position.
    """
    out = []
    for j in slots:
        known = codes[j] != CUT_OFF and np.isfinite(points[j]).all()
        x, y = np.maximum(np.round(points[j]), 1).astype(int) if known else (0, 0)
        out.append(f"{codes[j]} {x:03d} {y:03d}")
    return "  ".join(out)
