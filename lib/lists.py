"""The official list formats of DeepFashion: constants, errors, readers and writers of single lists. Needs NumPy only.

A list has its row count on line 1, its column names on line 2 and then one row per image or item. Names may hold
spaces, so rows are split from the right. A list that breaks its format raises DataError with the file, the line and a
cure.
"""

import os
import re
import warnings
from collections.abc import Callable, Collection, Iterable, Sequence
from pathlib import Path
from typing import NoReturn

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
JOINTS = (
    "head", "neck", "left shoulder", "right shoulder", "left elbow", "right elbow", "left wrist",
    "right wrist", "left hip", "right hip", "left knee", "right knee", "left ankle", "right ankle",
)  # fmt: skip

ATTRIBUTE_GROUPS = {1: "texture", 2: "fabric", 3: "shape", 4: "part", 5: "style"}
FINE_GROUPS = {1: "texture", 2: "sleeve", 3: "length", 4: "neckline", 5: "material", 6: "fit"}
POSES = {1: "front", 2: "side", 3: "back", 4: "zoom-out", 5: "zoom-in", 6: "stand-alone"}

MOST_CATEGORIES = 1 << 14  # fits the int16 of a category
MOST_PIXELS = 100_000_000  # a larger photo is more likely a fault or an attack than a photo
LARGEST_SIDE = 65_535  # pixels of a JPEG
FARTHEST = 10  # sides of its box that a landmark may be away, where the box has LEAST_SIDE pixels or more
LEAST_SIDE = 100
CURE = "correct it or download the list again"
ONE_RELEASE = "take all lists from one release"

# Absolute, with a drive letter, with an empty, "." or ".." part, with a backslash or a control character.
_UNSAFE = re.compile(r"(^|/)\.{0,2}(/|$)|^[A-Za-z]:|[\\\x00-\x1f]")
# What ends an image name, in text and in bytes.
_EXTENSION = re.compile(r"\.[A-Za-z]\w*$")
_EXTENSION_IN_ROW = re.compile(rb"\.[A-Za-z]\w*(?=[ \t])")
_IMAGE_IN_ROW = re.compile(r"\S[^\n]*?\.[A-Za-z]\w*(?=\s|$)")
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


def fail_where(bad: np.ndarray, path: Path, what: str, first: int = 3) -> None:
    """Raise DataError for the first True of `bad` (N,), whose row 0 is line `first` of the file."""
    if bad.any():
        fail(path, int(bad.argmax()) + first, what)


def _fail_to_open(path: Path, error: OSError) -> NoReturn:
    missing = isinstance(error, FileNotFoundError)
    cure = "put the official file there" if missing else "check the disk and permissions"
    raise DataError(f"{path}: {error.strerror or error}; {cure}") from None


def attempt(problems: list[DataError] | None, read: Callable, *args, otherwise=None):
    """Return read(*args). Where it raises DataError, add that to `problems`, unless None, and return `otherwise`.

    So a reader of several lists either stops at the first fault (None) or goes on to those of the other lists.
    """
    try:
        return read(*args)
    except DataError as error:
        if problems is None:
            raise
        problems.append(error)
        return otherwise


# ---- images ----------------------------------------------------------------------------------------------------------


def images_root(folder: Path, path: Path, names: list[str], first: int = 3) -> Path:
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


def images_named(path: Path) -> list[str]:
    """Return the image names in a list that its reader refuses, each once; none where there is no such file.

    Names that may leave the data folder are left out.
    """
    text = path.read_text(encoding="utf-8", errors="replace") if path.is_file() else ""
    names = dict.fromkeys(name for row in text.split("\n") for name in _IMAGE_IN_ROW.findall(row))
    return [name for name in names if not _UNSAFE.search(name)]


# ---- reading rows ----------------------------------------------------------------------------------------------------


def _row_count(path: Path, first_line: str) -> int:
    if not re.fullmatch(r"\s*\d{1,12}\s*", first_line) or int(first_line) == 0:
        fail(path, 1, f"{first_line.strip()[:40]!r} is not a row count")
    return int(first_line)


def read_lines(path: Path) -> list[str]:
    """Return the lines of a UTF-8 text, without line ends, a byte order mark or blank lines at the end."""
    try:
        text = path.read_text(encoding="utf-8-sig")  # any line end becomes \n
    except OSError as error:
        _fail_to_open(path, error)
    except UnicodeDecodeError as error:
        fail(path, error.object[: error.start].count(b"\n") + 1, "not UTF-8 text", "save it as UTF-8")
    lines = text.split("\n")
    while lines and not lines[-1].strip():
        lines.pop()
    return lines


def read_list(path: Path, header: int = 2) -> list[str]:
    """Return the rows below the row count and, with `header` 2, the column names."""
    lines = read_lines(path)
    count = _row_count(path, lines[0] if lines else "")
    if len(lines) - header != count:
        fail(path, 1, f"it says {count} rows and {max(0, len(lines) - header)} follow")
    return lines[header:]


def split_right(path: Path, rows: list[str], right: int) -> list[list[str]]:
    """Split each row into a name, which may hold spaces, and the `right` words after it."""
    out = [row.strip().rsplit(None, right) for row in rows]
    for i, words in enumerate(out):
        if len(words) != right + 1:
            fail(path, i + 3, f"{len(words)} words where a name and {right} more should be")
    return out


def read_numbers(path: Path, widths: tuple[int, ...]) -> tuple[list[str], np.ndarray, np.ndarray]:
    """Read rows of an image name and numbers, as many as one of `widths`.

    Return the N names, how many numbers each row has, (N,) int64, and the numbers of all rows, (sum,) float64.
    """
    names, numbers = [], []
    counts = np.empty(len(rows := read_list(path)), np.int64)
    for i, row in enumerate(rows):
        name = row.rstrip("0123456789+-. \t")  # an image name ends in the letters of .jpg or the like
        rest = row[len(name) :]
        if not _EXTENSION.search(name) or rest[:1].strip():
            word = (name.split() or [""])[-1] + re.match(r"\S*", rest).group()
            fail(path, i + 3, f"{word!r} where an image name and numbers should be")
        names.append(name.strip())
        numbers.append(rest)
        counts[i] = len(rest.split())
        if counts[i] not in widths:
            expected = " or ".join(map(str, widths))
            fail(path, i + 3, f"{counts[i]} numbers after the image name where {expected} should be")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # NumPy only warns of text that it cannot read
            values = np.fromstring(" ".join(numbers), np.float64, sep=" ")
    except (ValueError, DeprecationWarning):
        values = np.array([_number(path, i + 3, word) for i, row in enumerate(numbers) for word in row.split()])
    far = np.abs(values) > 1e6
    fail_where(np.bitwise_or.reduceat(far, np.cumsum(counts) - counts), path, "a number beyond a million")
    return names, counts, values


def _number(path: Path, line: int, word: str) -> float:
    try:
        return float(word)
    except ValueError:
        fail(path, line, f"{word!r} is not a number")


def read_table(path: Path, columns: int) -> tuple[list[str], np.ndarray]:
    """Read rows of an image name and `columns` numbers: the N names and (N, columns) float64."""
    names, _, values = read_numbers(path, (columns,))
    return names, values.reshape(-1, columns)


def read_columns(path: Path, columns: int) -> np.ndarray:
    """Read a list of numbers without row count, column names and image names: (N, columns) float64."""
    rows = [line.split() for line in read_lines(path)]
    for i, row in enumerate(rows):
        if len(row) != columns:
            fail(path, i + 1, f"{len(row)} numbers where {columns} should be")
    values = np.array([_number(path, i + 1, word) for i, row in enumerate(rows) for word in row])
    values = values.reshape(-1, columns)
    fail_where(~(np.abs(values) <= 1e6).all(1), path, "a number beyond a million", first=1)
    return values


def codes(values: np.ndarray, allowed: range, path: Path, what: str, first: int = 3) -> np.ndarray:
    """Return `values`, (N,) or (N, columns), as int16; DataError unless all are whole numbers of the range.

    `first` is the line of row 0 in the file.
    """
    bad = ~np.isin(values, allowed)
    what = f"{what} is not one of {allowed.start} to {allowed.stop - 1}"
    fail_where(bad if bad.ndim == 1 else bad.any(1), path, what, first)
    return values.astype(np.int16)


def integers(path: Path, words: list[str], allowed: Collection[int], what: str) -> np.ndarray:
    """Return `words`, one per row of a list, as (N,) int8; DataError unless all are among `allowed`."""
    for i, word in enumerate(words):
        if not re.fullmatch(r"\d{1,4}", word) or int(word) not in allowed:
            fail(path, i + 3, f"{what} {word!r} is not one of {', '.join(map(str, allowed))}")
    return np.array(words).astype(np.int8)


def points(values: np.ndarray, path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Split (N, L, 3) of visibility, x, y into pixels (N, L, 2) float32 (x, y) and codes (N, L) int8.

    (0, 0) is how the lists write "not annotated": the position becomes nan and code 0, visible, becomes 1, so that such
    a point never counts as seen or as found.
    """
    visibility = codes(values[..., 0], range(3), path, "a visibility").astype(np.int8)
    position = values[..., 1:].astype(np.float32)
    unknown = (position == 0).all(-1)
    position[unknown] = np.nan
    visibility[unknown & (visibility == 0)] = 1
    return position, visibility


def boxes(values: np.ndarray, path: Path, first: int = 3) -> np.ndarray:
    """Return boxes (N, 4) as float32 pixels x1 y1 x2 y2; DataError where one has no area or no photo could hold it."""
    x1, y1, x2, y2 = values.T
    fail_where((x1 < 0) | (y1 < 0), path, "the box begins outside the image", first)
    fail_where((x2 <= x1) | (y2 <= y1), path, "the box has no area (x2 must exceed x1, and y2 y1)", first)
    fail_where(np.maximum(x2, y2) > LARGEST_SIDE, path, f"the box ends beyond {LARGEST_SIDE} pixels", first)
    return values.astype(np.float32)


def check_near(points: np.ndarray, box: np.ndarray, path: Path, what: str, first: int = 3) -> None:
    """Raise DataError for points (N, L, 2) that are far from their boxes (N, 4), both in the order of the list's rows.

    A single one would move the mean position at which training starts. Unknown positions (nan) are near.
    """
    corner, far = box[:, :2], box[:, 2:]
    reach = FARTHEST * np.maximum((far - corner).max(1), LEAST_SIDE)
    away = np.abs(points - (corner + far)[:, None] / 2).max(2)
    bad = (away > reach[:, None]).any(1)  # a comparison with nan is False
    fail_where(bad, path, f"a {what} is more than {FARTHEST} sides of its box away from it", first)


def read_category_names(path: Path) -> tuple[tuple[str, ...], np.ndarray]:
    """Return the names of the categories and their clothes types, (categories,) int8."""
    words = split_right(path, read_list(path), 1)
    types = integers(path, [kind for _, kind in words], SLOTS, "clothes type")
    names = tuple(name for name, _ in words)
    for i, name in enumerate(names):
        if name in names[:i]:
            fail(path, i + 3, f"category {name!r} is on line {names.index(name) + 3} already", "give each its own name")
    return names, types


# ---- a list's rows and those of the list of boxes --------------------------------------------------------------------


def rows_of(path: Path, names: Sequence[str], index: dict[str, int], first: int = 3) -> np.ndarray:
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


def order_of(path: Path, names: Sequence[str], index: dict[str, int]) -> np.ndarray:
    """Return each benchmark image's row in a list that must name all of them."""
    rows = rows_of(path, names, index)
    order = np.full(len(index), -1)
    order[rows] = np.arange(len(rows))
    fail_missing(path, order < 0, index)
    return order


def fail_missing(path: Path, missing: np.ndarray, index: dict[str, int]) -> None:
    if missing.any():
        i = int(missing.argmax())
        what = f"no row for image {list(index)[i]}, which is on line {i + 3} of the list of boxes"
        raise DataError(f"{path}: {what}; {ONE_RELEASE}")


def check_status(path: Path, status: Sequence[str], allowed: tuple[str, ...]) -> None:
    for i, word in enumerate(status):
        if word not in allowed:
            fail(path, i + 3, f"split {word!r} is not one of {', '.join(allowed)}")


def check_items(path: Path, items: Sequence[str], list_of_items: Path) -> None:
    """Raise DataError for an item of the partition that the list of items, where it exists, does not have."""
    if list_of_items.exists():
        known = {row.strip() for row in read_list(list_of_items, header=1)}
        for i, item in enumerate(items):
            if item not in known:
                fail(path, i + 3, f"item {item} is not in {list_of_items.name}", ONE_RELEASE)


# ---- reading attributes ----------------------------------------------------------------------------------------------


def read_attribute_names(
    path: Path, allowed: Collection[int] = range(1, 128)
) -> tuple[tuple[str, ...], np.ndarray | None]:
    """Read a list_attr_cloth.txt: the A names and their group numbers among `allowed`, (A,) int8, or None.

    The columns, told by the line of column names, differ by benchmark: a name and a group; only a name (In-shop, whose
    row count may be missing); a Chinese name, an English name and a group (Consumer-to-shop; the English one counts).
    """
    lines = read_lines(path)
    header = 1 if len(lines) > 1 and lines[0].split() == ["attribute_name"] else 2
    rows = lines[1:] if header == 1 else read_list(path)
    columns = lines[header - 1].count("attribute_")
    if columns == 1:
        names = [row.strip() for row in rows]
        fail_where(np.array([not name for name in names]), path, "no attribute name", first=header + 1)
        return tuple(names), None
    words = split_right(path, rows, 1)
    groups = integers(path, [group for _, group in words], allowed, "attribute group")
    names = [name for name, _ in words]
    if columns == 3:  # only these are sure to be two blanks apart; either may hold single ones
        names = [re.split(r"\s{2,}|\t", name)[-1] for name in names]
    return tuple(names), groups


def read_group_names(path: Path, groups: np.ndarray) -> dict[int, str]:
    """Return the names of the group numbers (A,): from Consumer-to-shop's list_attr_type.txt, else those of the
    paper."""
    if path.exists():  # rows of a Chinese and an English name, two blanks apart, in the order of the numbers
        rows = read_list(path)
        names = {i: re.split(r"\s{2,}|\t", row.strip())[-1] for i, row in enumerate(rows, 1)}
    else:
        names = ATTRIBUTE_GROUPS
    used = np.unique(groups).tolist()
    return dict(names) if names.keys() >= set(used) else {number: f"group {number}" for number in used}


def read_attribute_labels(
    path: Path, attributes: int | None, block: int = 1 << 19, items: bool = False
) -> tuple[list[str], np.ndarray]:
    """Read a list_attr_img.txt or, with `items`, a list_attr_items.txt.

    attributes: None for as many as the first row has, where the list of their names cannot be read.
    Return the N names of images or items and their labels (N, attributes) int8 in {1, -1, 0}. The official list of
    images holds 289 million labels, so it is read in blocks of `block` bytes, each parsed by a few array operations and
    handed to a slow parser where anything in it is unusual. Raises DataError.
    """
    names: list[str] = []
    try:
        with open(path, "rb") as file:
            count = _row_count(path, file.readline().removeprefix(b"\xef\xbb\xbf").decode("ascii", "replace"))
            file.readline()
            if attributes is None:
                start = file.tell()
                attributes = len(re.findall(rb"(?<=[ \t])-?[01](?=\s)", file.readline()))
                file.seek(start)
            # A label takes two bytes or more: a wrong count must not reserve all of the machine's memory.
            if count * attributes * 2 > os.fstat(file.fileno()).st_size:
                fail(path, 1, f"it says {count} rows of {attributes} labels, more than the file can hold")
            labels = np.empty((count, attributes), np.int8)
            rest = b""
            while data := file.read(block):
                data = rest + data
                end = data.rfind(b"\n") + 1
                rest = data[end:]
                _parse_labels(path, data[:end].split(b"\n")[:-1], names, labels, items)
            _parse_labels(path, [rest] if rest else [], names, labels, items)
    except OSError as error:
        _fail_to_open(path, error)
    if len(names) < count:
        fail(path, 1, f"it says {count} rows and {len(names)} follow")
    return names, labels


def _parse_labels(path: Path, rows: list[bytes], names: list[str], labels: np.ndarray, items: bool) -> None:
    """Append the rows' names to `names` and write their labels to the rows of `labels` that follow."""
    start, (count, attributes) = len(names), labels.shape
    if any(row.strip() for row in rows[count - start :]):
        fail(path, 1, f"it says {count} rows and more follow")
    if not (rows := rows[: count - start]):
        return
    parts = []
    for row in rows:
        name = _ITEM_IN_ROW.match(row) if items else _EXTENSION_IN_ROW.match(row, max(0, row.rfind(b".")))
        if name is None:
            fail(path, len(names) + 3, f"no {'item' if items else 'image name'} with labels to its right")
        try:
            names.append(row[: name.end()].decode().strip())
        except UnicodeDecodeError:
            fail(path, len(names) + 3, "not UTF-8 text", "save it as UTF-8")
        parts.append(row[name.end() :].rstrip())
    text = b"\n".join(parts) + b"\n"
    text = text.replace(b"\t", b" ") if b"\t" in text else text

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
        if len(found) != attributes:
            fail(path, i + 3, f"{len(found)} labels where {attributes} should be")
        for word in found:
            if word not in (b"1", b"-1", b"0"):
                fail(path, i + 3, f"label {word.decode('utf-8', 'replace')[:40]!r} is not 1, -1 or 0")
        labels[i] = [int(word) for word in found]


# ---- writing ---------------------------------------------------------------------------------------------------------


def write_list(path: Path, columns: str, rows: list[str]) -> None:
    """Write a list in the official form: row count, column names, rows. Its folder is made where it is missing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join([str(len(rows)), columns, *rows]) + "\n", encoding="utf-8")


def joints_columns() -> str:
    """Return the column names of `list_joints.txt`, the project's own list of human joints."""
    return "image_name  " + "  ".join(f"{j.replace(' ', '_')}_{c}" for j in JOINTS for c in ("visibility", "x", "y"))


def points_text(points: np.ndarray, codes: np.ndarray, slots: Iterable[int]) -> str:
    """Format the landmarks or joints `slots` as "visibility x y" each, from pixels (L, 2) (x, y) and codes (L,).

    Pixels are rounded to whole numbers of at least 1, because (0, 0) means unknown. A point that is cut off (code 2) or
    has no position is written as (0, 0).
    """
    out = []
    for j in slots:
        known = codes[j] != 2 and np.isfinite(points[j]).all()
        x, y = np.maximum(np.round(points[j]), 1).astype(int) if known else (0, 0)
        out.append(f"{codes[j]} {x:03d} {y:03d}")
    return "  ".join(out)
