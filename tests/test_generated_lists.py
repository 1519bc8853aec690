"""Lists made at random: every form that is allowed is read as it was written, every fault is named with file and
line."""

import re

import numpy as np
import pytest

from lib.deepfashion import read_benchmark
from lib.lists import FOLDERS, SLOTS, DataError

WORDS = ("Tee", "Sheer_Blouse", "V neck", "Été", "連衣裙", "a.b", "1 2", "x-1")
BOXES, PARTITION = "Anno_coarse/list_bbox.txt", "Eval/list_eval_partition.txt"
CATEGORIES, CATEGORY_NAMES = "Anno_coarse/list_category_img.txt", "Anno_coarse/list_category_cloth.txt"
LANDMARKS = "Anno_coarse/list_landmarks.txt"
LABELS, LABEL_NAMES = "Anno_coarse/list_attr_img.txt", "Anno_coarse/list_attr_cloth.txt"
LISTS = (BOXES, PARTITION, CATEGORIES, CATEGORY_NAMES, LANDMARKS, LABELS, LABEL_NAMES)


class Lists:
    """A category-and-attribute benchmark at random: `truth` by image, and the rows of each list as words."""

    def __init__(self, seed: int):
        rng = self.rng = np.random.default_rng(seed)
        n, categories, attributes = rng.integers(2, 9), int(rng.integers(1, 5)), int(rng.integers(1, 6))
        self.images = [
            f"img/{rng.choice(WORDS)}_{i}/{rng.choice(WORDS)}.{rng.choice(['jpg', 'JPG', 'png'])}" for i in range(n)
        ]
        self.types = rng.integers(1, 4, categories).tolist()
        self.truth, rows = {}, {name: [] for name in LISTS}
        for image in self.images:
            corner, side = rng.integers(0, 100, 2), rng.integers(8, 100, 2)
            kind = int(rng.integers(1, 4))
            points = np.concatenate([rng.integers(0, 3, (8, 1)), corner + rng.integers(0, 2, (8, 2)) * side], axis=1)
            points[rng.random(8) < 0.2, 1:] = 0
            t = self.truth[image] = {
                "box": [*corner, *(corner + side)],
                "category": int(rng.integers(categories)),
                "split": str(rng.choice(["train", "val", "test"])),
                "attributes": rng.integers(-1, 2, attributes).tolist(),
                "kind": kind,
                "points": points,
            }
            rows[BOXES].append([image, *t["box"]])
            rows[PARTITION].append([image, t["split"]])
            rows[CATEGORIES].append([image, t["category"] + 1])
            rows[LANDMARKS].append([image, kind, rng.integers(1, 4), *points[list(SLOTS[kind])].flatten()])
            rows[LABELS].append([image, *t["attributes"]])
        rows[CATEGORY_NAMES] = [[f"{rng.choice(WORDS)} {i}", kind] for i, kind in enumerate(self.types)]
        rows[LABEL_NAMES] = [[f"{rng.choice(WORDS)} {i}", rng.integers(1, 6)] for i in range(attributes)]
        self.rows = {name: [[str(word) for word in row] for row in found] for name, found in rows.items()}
        for name in (PARTITION, CATEGORIES, LANDMARKS, LABELS):  # in an order of their own
            rng.shuffle(self.rows[name])
        self.count = {name: len(found) for name, found in self.rows.items()}
        self.columns = {LABEL_NAMES: "attribute_name  attribute_type"}
        self.raw: dict[str, bytes] = {}  # instead of what would be written

    def write(self, root):
        """Write all lists, each with its own separators, line ends, byte order mark and blank lines at the end."""
        folder = root / FOLDERS["category_attribute"]
        (folder / "Img" / "img").mkdir(parents=True)
        for name, rows in self.rows.items():
            gap, end = self.rng.choice([" ", "   ", "\t", " \t "]), self.rng.choice(["\n", "\r\n"])
            lines = [str(self.count[name]), self.columns.get(name, "some column_names"), *map(gap.join, rows)]
            text = end.join(lines) + end * int(self.rng.integers(0, 3))
            data = self.rng.choice([b"", b"\xef\xbb\xbf"]) + text.encode()
            (folder / name).parent.mkdir(exist_ok=True)
            (folder / name).write_bytes(self.raw.get(name, bytes(data)))
        return folder


@pytest.mark.parametrize("seed", range(20))
def test_what_is_read_is_what_was_written(tmp_path, seed):
    lists = Lists(seed)
    b = read_benchmark(lists.write(tmp_path), "category_attribute")
    assert b.image.tolist() == lists.images
    assert b.category_names == tuple(row[0] for row in lists.rows[CATEGORY_NAMES])
    assert b.attribute_names == tuple(row[0] for row in lists.rows[LABEL_NAMES])
    assert b.attribute_groups.tolist() == [int(row[1]) for row in lists.rows[LABEL_NAMES]]
    for i, t in enumerate(lists.truth.values()):
        assert (b.box[i].tolist(), b.split[i], b.category[i]) == (t["box"], t["split"], t["category"])
        assert b.attributes[i].tolist() == t["attributes"] and b.clothes_type[i] == t["kind"]
        for slot, (code, x, y) in enumerate(t["points"].tolist()):
            if slot not in SLOTS[t["kind"]]:
                expected = -1, [None, None]
            elif x == y == 0:  # not annotated, so that it is not visible
                expected = code or 1, [None, None]
            else:
                expected = code, [x, y]
            position = [None if np.isnan(v) else v for v in b.landmarks[i, slot].tolist()]
            assert (b.visibility[i, slot], position) == expected


# ---- faults: each changes the lists at row `i` and returns the list and the line that must be named ------------------


def word(name, column, value):
    def change(lists, i):
        i %= len(lists.rows[name])
        lists.rows[name][i][column] = value(lists) if callable(value) else value
        return name, i + 3

    return change


def ragged(name, more):
    def change(lists, i):
        i %= len(lists.rows[name])
        lists.rows[name][i] = [*lists.rows[name][i], "1"] if more else lists.rows[name][i][:-1]
        return name, i + 3

    return change


def miscounted(name, by):
    def change(lists, i):
        lists.count[name] += by
        return name, f"(1|{lists.count[name] + 2})"  # a blank line at the end may be taken for the row that is lacking

    return change


def twice(name):
    def change(lists, i):
        lists.rows[name].append(lists.rows[name][i % len(lists.rows[name])])
        lists.count[name] += 1
        return name, lists.count[name] + 2

    return change


def not_utf8(name):
    def change(lists, i):
        i %= len(lists.rows[name])
        rows = [" ".join(row).encode() for row in lists.rows[name]]
        rows[i] = b"img/\xff" + rows[i]
        columns = lists.columns.get(name, "x").encode()
        lists.raw[name] = b"\n".join([str(len(rows)).encode(), columns, *rows])
        return name, i + 3

    return change


def empty(name):
    def change(lists, i):
        lists.raw[name] = b""
        return name, 1

    return change


def missing(name):
    def change(lists, i):
        del lists.rows[name][i % len(lists.rows[name])]
        lists.count[name] -= 1
        return name, None  # the image and its line in the list of boxes are named instead

    return change


FAULTS = {
    "box without width": word(BOXES, 3, "0"),
    "box from outside": word(BOXES, 1, "-1"),
    "box beyond any photo": word(BOXES, 4, "65536"),
    "box beyond a million": word(BOXES, 4, "1000001"),
    "box of letters": word(BOXES, 2, "ten"),
    "name that leaves the folder": word(BOXES, 0, "../x.jpg"),
    "name that is absolute": word(BOXES, 0, "/etc/x.jpg"),
    "unknown split": word(PARTITION, 1, "training"),
    "category 0": word(CATEGORIES, 1, "0"),
    "category after the last": word(CATEGORIES, 1, lambda lists: str(len(lists.types) + 1)),
    "half a category": word(CATEGORIES, 1, "0.5"),
    "clothes type 4": word(LANDMARKS, 1, "4"),
    "visibility 3": word(LANDMARKS, 3, "3"),
    "landmark far away": word(LANDMARKS, 4, "5000"),
    "clothes type of a category": word(CATEGORY_NAMES, 1, "0"),
    "attribute group": word(LABEL_NAMES, 1, "6"),
    "label 2": word(LABELS, 1, "2"),
    "label of letters": word(LABELS, 1, "yes"),
} | {
    f"{what} in {name}": fault(name)
    for name in (BOXES, PARTITION, CATEGORIES, LANDMARKS, LABELS)
    for what, fault in {
        "a word too few": lambda name: ragged(name, more=False),
        "a row too few": lambda name: miscounted(name, 1),
        "a row too many": lambda name: miscounted(name, -1),
        "a row twice": twice,
        "no UTF-8": not_utf8,
        "nothing": empty,
    }.items()
}  # fmt: skip
FAULTS |= {f"a word too many in {name}": ragged(name, more=True) for name in (BOXES, CATEGORIES, LANDMARKS, LABELS)}
FAULTS |= {
    f"unknown image in {name}": word(name, 0, "img/none.jpg") for name in (PARTITION, CATEGORIES, LANDMARKS, LABELS)
}
FAULTS |= {f"no row for an image in {name}": missing(name) for name in (PARTITION, CATEGORIES, LANDMARKS, LABELS)}


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_named_with_file_and_line(tmp_path, fault, seed):
    lists = Lists(100 + seed)
    name, line = FAULTS[fault](lists, int(lists.rng.integers(100)))
    with pytest.raises(DataError) as error:
        read_benchmark(lists.write(tmp_path), "category_attribute")
    place = re.escape(name.split("/")[1]) + (f", line {line}: " if line else ": ")
    assert re.search(rf"{place}.*; \S", str(error.value)) and "\n" not in str(error.value)


@pytest.mark.parametrize("name, column, value", [(BOXES, 4, "65535"), (BOXES, 1, "0"), (LANDMARKS, 3, "2")])
def test_the_bound_itself_is_allowed(tmp_path, name, column, value):
    lists = Lists(7)
    word(name, column, value)(lists, 0)
    assert len(read_benchmark(lists.write(tmp_path), "category_attribute").image) == len(lists.images)
