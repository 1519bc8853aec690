"""Readers of DeepFashion's three official folders: category and attribute, in-shop, consumer-to-shop.

Every list has its row count on line 1, its column names on line 2, then one row an image; names may hold
spaces, so a row is split from the right. The list of boxes says which images there are, and in which order;
every other list is brought into that order. What does not fit together raises DataError with the file, the
line and a cure. Nothing is dropped or mended, with one exception: a landmark at (0, 0) is the lists' way to
write "no position".
"""

import os
import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, fields
from pathlib import Path
from typing import NoReturn

import numpy as np
from PIL import Image

from lib.paper import ATTRIBUTE_GROUPS

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
# Which of them a row lists, by clothes type: 1 upper-body, 2 lower-body, 3 full-body.
SLOTS = {1: (0, 1, 2, 3, 6, 7), 2: (4, 5, 6, 7), 3: (0, 1, 2, 3, 4, 5, 6, 7)}
JOINTS = (
    "head", "neck", "left shoulder", "right shoulder", "left elbow", "right elbow", "left wrist",
    "right wrist", "left hip", "right hip", "left knee", "right knee", "left ankle", "right ankle",
)  # fmt: skip

FINE_GROUPS = {1: "texture", 2: "sleeve", 3: "length", 4: "neckline", 5: "material", 6: "fit"}
POSES = {1: "front", 2: "side", 3: "back", 4: "zoom-out", 5: "zoom-in", 6: "stand-alone"}

MOST_PIXELS = 100_000_000  # a photo beyond this is more likely a fault or an attack than a photo
CURE = "correct it or download the list again"
ONE_RELEASE = "take all lists from one release"

_EXTENSION = re.compile(r"\.[A-Za-z]\w*$")
# Bytes to labels: "0", "1", "1" with the top bit set by a minus; line ends stay; anything else becomes 100.
_LABELS = bytes({48: 0, 49: 1, 49 + 128: 255, 10: 10}.get(i, 100) for i in range(256))
_EXTENSION_IN_ROW = re.compile(rb"\.[A-Za-z]\w*(?=[ \t])")
# Absolute, with a drive letter, with an empty, "." or ".." part, with a backslash or a control character.
_UNSAFE = re.compile(r"(^|/)\.{0,2}(/|$)|^[A-Za-z]:|[\\\x00-\x1f]")


class DataError(ValueError):
    """The data set is not as it should be. The message is one sentence with the file, the line and a cure."""


class Lacks(DataError):
    """The source does not have what is asked of it. A notebook that ends with this is skipped, not failed."""


@dataclass(frozen=True)
class Benchmark:
    """One benchmark, one row an image. A field that the source lacks is None."""

    name: str  # "category_attribute", "inshop" or "consumer2shop"
    images_root: Path  # the folder that image names are relative to
    image: np.ndarray  # (N,) str, with "/" on every system
    split: np.ndarray  # (N,) str: one of SPLITS, or "" for an image in no split
    box: np.ndarray  # (N, 4) float32, pixels x1 y1 x2 y2, as written
    # (N,) int8: 1 upper-body, 2 lower-body, 3 full-body; the landmark list's where more than one list has it
    clothes_type: np.ndarray | None = None
    category: np.ndarray | None = None  # (N,) int16, counted from 0
    category_names: tuple[str, ...] | None = None
    category_types: np.ndarray | None = None  # (categories,) int8 clothes type
    item: np.ndarray | None = None  # (N,) str
    domain: np.ndarray | None = None  # (N,) str: "shop" or "consumer"
    pose: np.ndarray | None = None  # (N,) int8, see POSES
    variation: np.ndarray | None = None  # (N,) int8: 1 normal, 2, 3 larger pose, 4, 5 zoom-in
    # (N, 8, 2) float32 pixels (x, y) in the order of LANDMARKS; nan where the clothes type has no such
    # landmark and where no position is known. (N, 8) int8: 0 visible, 1 occluded, 2 cut off, -1 no such
    # landmark.
    landmarks: np.ndarray | None = None
    visibility: np.ndarray | None = None
    joints: np.ndarray | None = None  # (N, 14, 2) float32 pixels (x, y) in the order of JOINTS
    joint_visibility: np.ndarray | None = None  # (N, 14) int8; codes and nan as for landmarks
    attributes: np.ndarray | None = None  # (N, A) int8: 1 yes, -1 no, 0 unknown
    attribute_names: tuple[str, ...] | None = None
    attribute_groups: np.ndarray | None = None  # (A,) int8
    group_names: dict[int, str] | None = None
    pairs: np.ndarray | None = None  # (P, 2) int64: row of a consumer image, row of a shop image
    pair_split: np.ndarray | None = None  # (P,) str
    annotation: str = ""  # "coarse" or "fine"; "" for the retrieval benchmarks

    def rows(self, *splits: str) -> np.ndarray:
        """Indices (int64) of the images in these splits, in the order of the list."""
        return np.flatnonzero(np.isin(self.split, splits)).astype(np.int64)

    def lacks(self) -> list[str]:
        """Names of the fields that the source does not have."""
        return [field.name for field in fields(self) if getattr(self, field.name) is None]


# ---- lists -------------------------------------------------------------------------------------------------


def _fail(path: Path, line: int, what: str, cure: str = CURE) -> NoReturn:
    raise DataError(f"{path}, line {line}: {what}; {cure}") from None


def _fail_where(bad: np.ndarray, path: Path, what: str, first: int = 3) -> None:
    """Raise for the first True of `bad` (N,), whose row 0 stands on line `first`."""
    if bad.any():
        _fail(path, int(bad.argmax()) + first, what)


def _fail_to_open(path: Path, error: OSError) -> NoReturn:
    missing = isinstance(error, FileNotFoundError)
    cure = "put the official file there" if missing else "check the disk and permissions"
    raise DataError(f"{path}: {error.strerror or error}; {cure}") from None


def _row_count(path: Path, first_line: str) -> int:
    if not re.fullmatch(r"\s*\d{1,12}\s*", first_line) or int(first_line) == 0:
        _fail(path, 1, f"{first_line.strip()[:40]!r} is not a row count")
    return int(first_line)


def _read_lines(path: Path) -> list[str]:
    try:
        text = path.read_text(encoding="utf-8-sig")  # takes off a byte order mark; line ends become \n
    except OSError as error:
        _fail_to_open(path, error)
    except UnicodeDecodeError as error:
        _fail(path, error.object[: error.start].count(b"\n") + 1, "not UTF-8 text", "save it as UTF-8")
    lines = text.split("\n")
    while lines and not lines[-1].strip():
        lines.pop()
    return lines


def _read_list(path: Path, header: int = 2) -> list[str]:
    """The rows below the row count and, with `header` 2, the column names."""
    lines = _read_lines(path)
    count = _row_count(path, lines[0] if lines else "")
    if len(lines) - header != count:
        _fail(path, 1, f"it says {count} rows and {max(0, len(lines) - header)} follow")
    return lines[header:]


def _split_right(path: Path, rows: list[str], right: int) -> list[list[str]]:
    """Each row as a name, which may hold spaces, and `right` words to its right."""
    out = [row.strip().rsplit(None, right) for row in rows]
    for i, words in enumerate(out):
        if len(words) != right + 1:
            _fail(path, i + 3, f"{len(words)} words where a name and {right} more should be")
    return out


def _read_numbers(path: Path, widths: tuple[int, ...]) -> tuple[list[str], np.ndarray, np.ndarray]:
    """Rows of an image name and numbers: names, how many numbers each row has (N,), all of them (sum,)
    float64."""
    names, numbers = [], []
    counts = np.empty(len(rows := _read_list(path)), np.int64)
    for i, row in enumerate(rows):
        name = row.rstrip("0123456789+-. \t")  # an image name ends in the letters of .jpg or the like
        rest = row[len(name) :]
        if not _EXTENSION.search(name) or rest[:1].strip():
            word = (name.split() or [""])[-1] + re.match(r"\S*", rest).group()
            _fail(path, i + 3, f"{word!r} where an image name and numbers should be")
        names.append(name.strip())
        numbers.append(rest)
        counts[i] = len(rest.split())
        if counts[i] not in widths:
            expected = " or ".join(map(str, widths))
            _fail(path, i + 3, f"{counts[i]} numbers after the image name where {expected} should be")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # NumPy only warns of text that it cannot read
            values = np.fromstring(" ".join(numbers), np.float64, sep=" ")
    except (ValueError, DeprecationWarning):
        values = np.array([_number(path, i + 3, word) for i, row in enumerate(numbers) for word in row.split()])
    far = np.abs(values) > 1e6
    _fail_where(np.bitwise_or.reduceat(far, np.cumsum(counts) - counts), path, "a number beyond a million")
    return names, counts, values


def _number(path: Path, line: int, word: str) -> float:
    try:
        return float(word)
    except ValueError:
        _fail(path, line, f"{word!r} is not a number")


def _read_table(path: Path, columns: int) -> tuple[list[str], np.ndarray]:
    names, _, values = _read_numbers(path, (columns,))
    return names, values.reshape(-1, columns)


def _codes(values: np.ndarray, allowed: range, path: Path, what: str) -> np.ndarray:
    """Whole numbers of a range as int16; `values` is (N,) or (N, columns)."""
    bad = ~np.isin(values, allowed)
    what = f"{what} is not one of {allowed.start} to {allowed.stop - 1}"
    _fail_where(bad.reshape(len(bad), -1).any(1), path, what)
    return values.astype(np.int16)


def _rows_of(path: Path, names: list[str], index: dict[str, int], first: int = 3) -> np.ndarray:
    """Rows of the benchmark (int64) that a list speaks of; each image at most once."""
    rows = np.fromiter((index.get(name, -1) for name in names), np.int64, len(names))
    if (rows < 0).any():
        i = int((rows < 0).argmax())
        _fail(path, i + first, f"image {names[i]} is not in the list of boxes", ONE_RELEASE)
    _, firsts = np.unique(rows, return_index=True)
    if len(firsts) < len(rows):
        again = np.ones(len(rows), bool)
        again[firsts] = False
        i = int(again.argmax())
        _fail(path, i + first, f"image {names[i]} is listed a second time", "keep one of the two rows")
    return rows


def _order(path: Path, names: list[str], index: dict[str, int]) -> np.ndarray:
    """For each image of the benchmark its row in this list, which must have all of them."""
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


# ---- attributes --------------------------------------------------------------------------------------------


def read_attribute_labels(path: Path, attributes: int, block: int = 1 << 19) -> tuple[list[str], np.ndarray]:
    """Image names and their labels (N, attributes) int8 in {1, -1, 0}, of a list_attr_img.txt.

    The official list holds 289 million labels, so it is read in blocks of bytes, each parsed by a few array
    operations and handed to a slow parser where anything about it is unusual. Raises DataError.
    """
    names: list[str] = []
    try:
        with open(path, "rb") as file:
            count = _row_count(path, file.readline().removeprefix(b"\xef\xbb\xbf").decode("ascii", "replace"))
            file.readline()
            # Two bytes a label at the least: a wrong count must not reserve the machine's memory.
            if count * attributes * 2 > os.fstat(file.fileno()).st_size:
                _fail(path, 1, f"it says {count} rows of {attributes} labels, more than the file can hold")
            labels = np.empty((count, attributes), np.int8)
            rest = b""
            while data := file.read(block):
                data = rest + data
                end = data.rfind(b"\n") + 1
                rest = data[end:]
                _parse_labels(path, data[:end].split(b"\n")[:-1], names, labels)
            _parse_labels(path, [rest] if rest else [], names, labels)
    except OSError as error:
        _fail_to_open(path, error)
    if len(names) < count:
        _fail(path, 1, f"it says {count} rows and {len(names)} follow")
    return names, labels


def _parse_labels(path: Path, rows: list[bytes], names: list[str], labels: np.ndarray) -> None:
    """Append the rows' names to `names` and write their labels to the rows of `labels` that follow."""
    start, (count, attributes) = len(names), labels.shape
    if any(row.strip() for row in rows[count - start :]):
        _fail(path, 1, f"it says {count} rows and more follow")
    if not (rows := rows[: count - start]):
        return
    parts = []
    for row in rows:
        end = _EXTENSION_IN_ROW.match(row, max(0, row.rfind(b".")))
        if end is None:
            _fail(path, len(names) + 3, "no image name with labels to its right")
        try:
            names.append(row[: end.end()].decode().strip())
        except UnicodeDecodeError:
            _fail(path, len(names) + 3, "not UTF-8 text", "save it as UTF-8")
        parts.append(row[end.end() :].rstrip())
    text = b"\n".join(parts) + b"\n"
    text = text.replace(b"\t", b" ") if b"\t" in text else text

    # A minus sets the top bit of the byte that follows, and a table turns bytes into labels. What is left
    # without blanks and minus signs is a byte a label and a line end a row, unless there is anything else.
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
        if len(found) != attributes:
            _fail(path, i + 3, f"{len(found)} labels where {attributes} should be")
        for word in found:
            if word not in (b"1", b"-1", b"0"):
                _fail(path, i + 3, f"label {word.decode('utf-8', 'replace')[:40]!r} is not 1, -1 or 0")
        labels[i] = [int(word) for word in found]


def _read_attributes(folder: Path, index: dict[str, int], group_names: dict[int, str]) -> dict:
    path = folder / "list_attr_cloth.txt"
    words = _split_right(path, _read_list(path), 1)
    groups = _integers(path, [group for _, group in words], group_names, "attribute group")
    path = folder / "list_attr_img.txt"
    names, labels = read_attribute_labels(path, len(words))
    order = _order(path, names, index)
    if (order != np.arange(len(order))).any():  # a second copy of 289 MB is made only where it is needed
        labels = labels[order]
    return {
        "attributes": labels,
        "attribute_names": tuple(name for name, _ in words),
        "attribute_groups": groups,
        "group_names": dict(group_names),
    }


def _integers(path: Path, words: list[str], allowed, what: str) -> np.ndarray:
    for i, word in enumerate(words):
        if not re.fullmatch(r"\d{1,4}", word) or int(word) not in allowed:
            _fail(path, i + 3, f"{what} {word!r} is not one of {', '.join(map(str, allowed))}")
    return np.array(words).astype(np.int8)


# ---- boxes, landmarks, joints, categories ------------------------------------------------------------------


def _read_boxes(folder: Path, path: Path, columns: int) -> tuple[dict[str, int], np.ndarray, dict]:
    """The list that says which images there are: name -> row, columns before the box, fields of a
    Benchmark."""
    names, values = _read_table(path, columns + 4)
    index = {name: i for i, name in enumerate(names)}
    _rows_of(path, names, index)  # duplicates
    x1, y1, x2, y2 = values[:, columns:].T
    _fail_where((x1 < 0) | (y1 < 0), path, "the box begins outside the image")
    _fail_where((x2 <= x1) | (y2 <= y1), path, "the box has no area (x2 must exceed x1, and y2 y1)")
    for i, name in enumerate(names):
        if _UNSAFE.search(name):
            _fail(path, i + 3, f"image name {name!r} may leave the data folder", "use a plain relative name")
    top = names[0].split("/")[0]
    roots = [root for root in (folder / "Img", folder) if (root / top).exists()]
    if not roots:
        raise DataError(f"{folder}: neither Img/{top} nor {top} is there; unpack the images (img.zip)")
    _check_links(path, names, roots[0])
    known = {
        "images_root": roots[0],
        "image": np.array(names),
        "box": values[:, columns:].astype(np.float32),
    }
    return index, values[:, :columns], known


def _check_links(path: Path, names: list[str], root: Path) -> None:
    """No folder or image may be a link out of the data folder. One look a folder: one an image would be
    slow."""
    inside = os.path.join(os.path.realpath(root), "")
    members: dict[str, dict[str, int]] = {}
    for i, name in enumerate(names):
        parent, _, last = name.rpartition("/")
        members.setdefault(parent, {})[last] = i
    for parent, rows in members.items():
        real = os.path.join(os.path.realpath(root / parent), "")
        linked = [] if real.startswith(inside) else list(rows)
        if not linked:
            try:
                with os.scandir(real) as entries:
                    links = [entry for entry in entries if entry.name in rows and entry.is_symlink()]
            except OSError:
                links = []  # no such folder: check_images reports its images as missing
            linked = [link.name for link in links if not os.path.realpath(link.path).startswith(inside)]
        if linked:
            i = min(rows[name] for name in linked)
            _fail(path, i + 3, f"image {names[i]} is a link out of {root}", "put the image itself there")


def _points(values: np.ndarray, path: Path) -> tuple[np.ndarray, np.ndarray]:
    """(n, L, 3) of visibility x y -> positions (n, L, 2) float32 and codes (n, L) int8."""
    visibility = _codes(values[..., 0], range(3), path, "a visibility").astype(np.int8)
    position = values[..., 1:].astype(np.float32)
    # The lists write (0, 0) where a point was not annotated: it has no position, and even where the list
    # calls it visible it must never count as seen, or as found.
    unknown = (position == 0).all(-1)
    position[unknown] = np.nan
    visibility[unknown & (visibility == 0)] = 1
    return position, visibility


def _read_landmarks(path: Path, index: dict[str, int]) -> dict:
    """Fields of a Benchmark from rows of clothes type, variation, then 6, 4 or 8 times visibility x y."""
    widths = {kind: 2 + 3 * len(slots) for kind, slots in SLOTS.items()}
    names, counts, values = _read_numbers(path, tuple(sorted(widths.values())))
    starts = np.cumsum(counts) - counts
    kinds = _codes(values[starts], range(1, 4), path, "the clothes type").astype(np.int8)
    expected = np.array([0] + [widths[kind] for kind in (1, 2, 3)])[kinds]
    _fail_where(counts != expected, path, "clothes types 1, 2 and 3 have 6, 4 and 8 landmarks")
    variation = _codes(values[starts + 1], range(128), path, "the variation type").astype(np.int8)
    table = np.zeros((len(names), 8, 3))
    for kind, slots in SLOTS.items():
        rows = np.flatnonzero(kinds == kind)
        points = values[starts[rows, None] + np.arange(2, widths[kind])]
        table[rows[:, None], slots] = points.reshape(len(rows), len(slots), 3)
    landmarks, visibility = _points(table, path)
    for kind, slots in SLOTS.items():
        absent = [slot for slot in range(8) if slot not in slots]
        visibility[np.ix_(kinds == kind, absent)] = -1
    order = _order(path, names, index)
    return {
        "clothes_type": kinds[order],
        "variation": variation[order],
        "landmarks": landmarks[order],
        "visibility": visibility[order],
    }


def _read_joints(path: Path, index: dict[str, int]) -> dict:
    names, values = _read_table(path, 3 * len(JOINTS))
    joints, visibility = _points(values.reshape(len(names), -1, 3), path)
    order = _order(path, names, index)
    return {"joints": joints[order], "joint_visibility": visibility[order]}


def _read_points(folder: Path, landmarks: str, index: dict[str, int]) -> dict:
    """Landmarks and human joints, each where its list exists."""
    known = {}
    if (folder / landmarks).exists():
        known |= _read_landmarks(folder / landmarks, index)
    if (folder / "list_joints.txt").exists():
        known |= _read_joints(folder / "list_joints.txt", index)
    return known


def _read_categories(folder: Path, index: dict[str, int]) -> dict:
    path = folder / "list_category_cloth.txt"
    words = _split_right(path, _read_list(path), 1)
    types = _integers(path, [kind for _, kind in words], SLOTS, "clothes type")
    path = folder / "list_category_img.txt"
    names, values = _read_table(path, 1)
    category = _codes(values[:, 0], range(1, len(words) + 1), path, "the category") - np.int16(1)
    category = category[_order(path, names, index)]
    return {
        "category": category,
        "category_names": tuple(name for name, _ in words),
        "category_types": types,
        "clothes_type": types[category],  # the landmark list's own, where there is one, takes its place
    }


def _path_categories(images: np.ndarray) -> dict:
    """Categories such as "WOMEN/Dresses" from image names such as
    img/WOMEN/Dresses/id_00000002/02_1_front.jpg; nothing where an image has no such name."""
    parts = [name.split("/") for name in images]
    if min(map(len, parts)) < 4:
        return {}
    names, category = np.unique(["/".join(part[1:-2]) for part in parts], return_inverse=True)
    return {"category": category.astype(np.int16), "category_names": tuple(str(name) for name in names)}


# ---- partitions --------------------------------------------------------------------------------------------


def _check_status(path: Path, status: list[str], allowed: tuple[str, ...]) -> None:
    for i, word in enumerate(status):
        if word not in allowed:
            _fail(path, i + 3, f"split {word!r} is not one of {', '.join(allowed)}")


def _check_items(path: Path, items: list[str], list_of_items: Path) -> None:
    """Each item of the partition must be in the list of items, where there is one."""
    if list_of_items.exists():
        known = {row.strip() for row in _read_list(list_of_items, header=1)}
        for i, item in enumerate(items):
            if item not in known:
                _fail(path, i + 3, f"item {item} is not in {list_of_items.name}", ONE_RELEASE)


def _read_partition(path: Path, index: dict[str, int]) -> np.ndarray:
    """The split of each image. Beside the official list may lie list_pretrain.txt, ours: row count, "image_name", then
    names of images for pre-training alone, which the partition then does not list."""
    words = _split_right(path, _read_list(path), 1)
    status = [word for _, word in words]
    _check_status(path, status, ("train", "val", "test"))
    split = np.full(len(index), "", "<U8")
    split[_rows_of(path, [name for name, _ in words], index)] = status
    pretrain = path.with_name("list_pretrain.txt")
    if pretrain.exists():
        rows = _rows_of(pretrain, [row.strip() for row in _read_list(pretrain)], index)
        _fail_where(split[rows] != "", pretrain, f"the image is in {path.name}, too")
        split[rows] = "pretrain"
    _fail_missing(path, split == "", index)
    return split


def _read_fine_partition(folder: Path, index: dict[str, int]) -> np.ndarray:
    """train.txt, val.txt and test.txt, an image name a line: the fine release's own partition."""
    split = np.full(len(index), "", "<U5")
    for name in ("train", "val", "test"):
        path = folder / f"{name}.txt"
        images = [line.strip() for line in _read_lines(path)]
        rows = _rows_of(path, images, index, first=1)
        _fail_where(split[rows] != "", path, "the image is in another split, too", first=1)
        split[rows] = name
    _fail_missing(folder / "train.txt, val.txt and test.txt", split == "", index)
    return split


# ---- the three benchmarks ----------------------------------------------------------------------------------


def read_category_attribute(folder: Path, fine: bool | None = None) -> Benchmark:
    """Category and Attribute Prediction Benchmark (the paper's section 4). fine: True for Anno_fine, False
    for Anno_coarse or the older Anno, None for the coarse one where it exists. Boxes and partition must be
    there, every other list may be absent. Raises DataError."""
    folder = Path(folder)
    coarse = [folder / name for name in ("Anno_coarse", "Anno") if (folder / name).is_dir()]
    if fine is None:
        fine = not coarse and (folder / "Anno_fine").is_dir()
    anno = folder / "Anno_fine" if fine else (coarse or [folder / "Anno_coarse"])[0]
    index, _, known = _read_boxes(folder, anno / "list_bbox.txt", 0)
    # Eval/list_eval_partition.txt of the official release is that of the coarse images.
    if fine and (anno / "train.txt").exists():
        known["split"] = _read_fine_partition(anno, index)
    else:
        known["split"] = _read_partition(folder / "Eval" / "list_eval_partition.txt", index)
    if (anno / "list_category_img.txt").exists():
        known |= _read_categories(anno, index)
    known |= _read_points(anno, "list_landmarks.txt", index)
    if (anno / "list_attr_img.txt").exists():
        known |= _read_attributes(anno, index, FINE_GROUPS if fine else ATTRIBUTE_GROUPS)
    return Benchmark("category_attribute", annotation="fine" if fine else "coarse", **known)


def read_inshop(folder: Path) -> Benchmark:
    """In-shop Clothes Retrieval Benchmark (the paper's section 4). Category is gender and category of the
    image name, "WOMEN/Dresses". The attributes of items are not read. Raises DataError."""
    folder = Path(folder)
    path = folder / "Anno" / "list_bbox_inshop.txt"
    index, values, known = _read_boxes(folder, path, 2)
    known["clothes_type"] = _codes(values[:, 0], range(1, 4), path, "the clothes type").astype(np.int8)
    known["pose"] = _codes(values[:, 1], range(1, 7), path, "the pose").astype(np.int8)
    path = folder / "Eval" / "list_eval_partition.txt"
    words = _split_right(path, _read_list(path), 2)
    images, items, status = zip(*words, strict=True)
    _check_status(path, status, ("train", "query", "gallery"))
    _check_items(path, items, folder / "Anno" / "list_item_inshop.txt")
    order = _order(path, images, index)
    known |= {"item": np.array(items)[order], "split": np.array(status)[order]}
    known |= _path_categories(known["image"])
    known |= _read_points(folder / "Anno", "list_landmarks_inshop.txt", index)
    return Benchmark("inshop", **known)


def read_consumer2shop(folder: Path) -> Benchmark:
    """Consumer-to-shop Clothes Retrieval Benchmark (the paper's section 4). Item and split of an image are
    those of its pairs; an image in no pair is in no split, and its item is the id_... folder of its name, or
    "". Category is clothing type and category of the image name, "DRESSES/Dress", or None. The attributes of
    items are not read. Raises DataError."""
    folder = Path(folder)
    path = folder / "Anno" / "list_bbox_consumer2shop.txt"
    index, values, known = _read_boxes(folder, path, 2)
    known["clothes_type"] = _codes(values[:, 0], range(1, 4), path, "the clothes type").astype(np.int8)
    source = _codes(values[:, 1], range(1, 3), path, "the source")
    known["domain"] = np.array(["", "shop", "consumer"])[source]
    path = folder / "Eval" / "list_eval_partition.txt"
    known |= _read_pairs(path, index, known["domain"], folder / "Anno" / "list_item_consumer2shop.txt")
    known |= _path_categories(known["image"])
    known |= _read_points(folder / "Anno", "list_landmarks_consumer2shop.txt", index)
    return Benchmark("consumer2shop", **known)


def _read_pairs(path: Path, index: dict[str, int], domain: np.ndarray, list_of_items: Path) -> dict:
    words = _split_right(path, _read_list(path), 2)
    pairs = np.empty((len(words), 2), np.int64)
    for i, (names, _, _) in enumerate(words):
        match = re.fullmatch(r"(.+\.[A-Za-z]\w*)\s+(.+\.[A-Za-z]\w*)", names)
        if match is None:
            _fail(path, i + 3, "no two image names")
        for j, name in enumerate(match.groups()):
            if name not in index:
                _fail(path, i + 3, f"image {name} is not in the list of boxes", ONE_RELEASE)
            pairs[i, j] = index[name]
    wrong = (domain[pairs] != ["consumer", "shop"]).any(1)
    _fail_where(wrong, path, "not a consumer and a shop image, by the source column of the list of boxes")
    status = [word for _, _, word in words]
    _check_status(path, status, ("train", "val", "test"))

    item_of_pair = np.array([word for _, word, _ in words])
    _check_items(path, item_of_pair.tolist(), list_of_items)
    split_of_pair = np.array(status)

    folders = [name.split("/")[-2:-1] for name in index]
    item = np.array([part[0] if part and part[0].startswith("id_") else "" for part in folders], object)
    split = np.full(len(index), "", "<U5")
    for column in pairs.T:
        item[column], split[column] = item_of_pair, split_of_pair
    # Each image now has the item and split of its last row; a row that says otherwise contradicts that one.
    _fail_where((split[pairs] != split_of_pair[:, None]).any(1), path, "an image of this row is in another split, too")
    _fail_where((item[pairs] != item_of_pair[:, None]).any(1), path, "an image of this row is of another item, too")
    return {"pairs": pairs, "pair_split": split_of_pair, "item": item.astype(str), "split": split}


READERS = {
    "category_attribute": (read_category_attribute, "list_bbox.txt"),
    "inshop": (read_inshop, "list_bbox_inshop.txt"),
    "consumer2shop": (read_consumer2shop, "list_bbox_consumer2shop.txt"),
}


def find_benchmarks(root: Path) -> dict[str, Benchmark]:
    """Read whichever of the three official folders lie under `root`, or `root` itself where it is one of
    them: name -> Benchmark. Coarse annotation is read where a folder holds both. Raises DataError where
    there is none."""
    root = Path(root)
    found = {}
    for name, (read, boxes) in READERS.items():
        if (root / FOLDERS[name]).is_dir():
            found[name] = read(root / FOLDERS[name])
        elif any((root / anno / boxes).exists() for anno in ("Anno", "Anno_coarse", "Anno_fine")):
            found[name] = read(root)
    if not found:
        wanted = ", ".join(f"'{folder}'" for folder in FOLDERS.values())
        raise DataError(f"{root}: none of {wanted} is there; name the folder that holds them, or one of them")
    return found


# ---- checks ------------------------------------------------------------------------------------------------


def check_disjoint(benchmark: Benchmark) -> None:
    """Raise DataError where an image is in two splits, or an item on both sides of train, val and test ("no
    item overlaps", the paper's section 4). Query and gallery are one side: they show the same items."""
    split = benchmark.split
    side = np.where(np.isin(split, ("query", "gallery")), "query or gallery", split)
    for what, value, group in (("image", benchmark.image, split), ("item", benchmark.item, side)):
        if value is None:
            continue
        used = (split != "") & (value != "")
        seen: dict[str, str] = {}
        for one, place in zip(value[used].tolist(), group[used].tolist(), strict=True):
            if seen.setdefault(one, place) != place:
                where = f"{benchmark.name}, Eval/list_eval_partition.txt"
                raise DataError(f"{where}: {what} {one} is in {seen[one]} and in {place}; keep it in one of them")


def check_images(benchmark: Benchmark) -> Iterator[str]:
    """One sentence for each image that is missing, no whole JPEG or PNG, larger than MOST_PIXELS, or that
    does not hold its box. Reads headers and last bytes only; never raises."""
    for name, box in zip(benchmark.image.tolist(), benchmark.box, strict=True):
        path = Path(benchmark.images_root) / name
        try:
            problem = _image_problem(path, box)
        except Exception as error:  # a broken file makes Pillow raise many kinds; none may end the check
            problem = f"cannot be read ({type(error).__name__}: {error}); download it again"
        if problem:
            yield f"{path}: {problem}"


def _image_problem(path: Path, box: np.ndarray) -> str:
    if not path.is_file():
        return "no such image; unpack the images again"
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow warns of large images, which are refused below
            with Image.open(path, formats=("JPEG", "PNG")) as image:
                (width, height), kind = image.size, image.format
    except Image.DecompressionBombError:
        width = height = MOST_PIXELS
    if width * height > MOST_PIXELS:
        return f"more than {MOST_PIXELS // 1_000_000} megapixels, which are refused; shrink it"
    with open(path, "rb") as file:
        file.seek(max(0, path.stat().st_size - 4096))
        if (b"\xff\xd9" if kind == "JPEG" else b"IEND") not in file.read():
            return "cut short; download it again"
    x1, y1, x2, y2 = (float(value) for value in box)
    if not (0 <= x1 < x2 <= width and 0 <= y1 < y2 <= height):
        return f"box {x1:g} {y1:g} {x2:g} {y2:g} is not inside {width} x {height} pixels; correct its row"
    return ""
