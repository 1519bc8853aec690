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


def word(lists, name, i, column, value):
    lists.rows[name][i][column] = value
    return i + 3


def ragged(lists, name, i, more):
    lists.rows[name][i] = [*lists.rows[name][i], "1"] if more else lists.rows[name][i][:-1]
    return i + 3


def miscounted(lists, name, i, by):
    lists.count[name] += by
    return f"(1|{lists.count[name] + 2})"  # a blank line at the end may be taken for the row that is lacking


def twice(lists, name, i):
    lists.rows[name].append(lists.rows[name][i])
    lists.count[name] += 1
    return lists.count[name] + 2


def not_utf8(lists, name, i):
    rows = [" ".join(row).encode() for row in lists.rows[name]]
    rows[i] = b"img/\xff" + rows[i]
    lists.raw[name] = b"\n".join([str(len(rows)).encode(), b"columns", *rows])
    return i + 3


def empty(lists, name, i):
    lists.raw[name] = b""
    return 1


def missing(lists, name, i):
    del lists.rows[name][i]
    lists.count[name] -= 1
    return None  # the image and its line in the list of boxes are named instead


NAMED = (PARTITION, CATEGORIES, LANDMARKS, LABELS)  # whose rows are of the images in the list of boxes
FAULTS = {
    "box without width": (BOXES, word, 3, "0"),
    "box from outside": (BOXES, word, 1, "-1"),
    "box beyond any photo": (BOXES, word, 4, "65536"),
    "box beyond a million": (BOXES, word, 4, "1000001"),
    "box of letters": (BOXES, word, 2, "ten"),
    "name that leaves the folder": (BOXES, word, 0, "../x.jpg"),
    "name that is absolute": (BOXES, word, 0, "/etc/x.jpg"),
    "unknown split": (PARTITION, word, 1, "training"),
    "category 0": (CATEGORIES, word, 1, "0"),
    "category after the last": (CATEGORIES, word, 1, "5"),
    "half a category": (CATEGORIES, word, 1, "0.5"),
    "clothes type 4": (LANDMARKS, word, 1, "4"),
    "visibility 3": (LANDMARKS, word, 3, "3"),
    "landmark far away": (LANDMARKS, word, 4, "5000"),
    "clothes type of a category": (CATEGORY_NAMES, word, 1, "0"),
    "attribute group": (LABEL_NAMES, word, 1, "6"),
    "label 2": (LABELS, word, 1, "2"),
    "label of letters": (LABELS, word, 1, "yes"),
    **{f"too few words in {name}": (name, ragged, False) for name in (BOXES, *NAMED)},
    **{f"too many words in {name}": (name, ragged, True) for name in (BOXES, CATEGORIES, LANDMARKS, LABELS)},
    **{f"too few rows in {name}": (name, miscounted, 1) for name in (BOXES, *NAMED)},
    **{f"too many rows in {name}": (name, miscounted, -1) for name in (BOXES, *NAMED)},
    **{f"unknown image in {name}": (name, word, 0, "img/none.jpg") for name in NAMED},
    **{f"no row for an image in {name}": (name, missing) for name in NAMED},
    **{f"{f.__name__} {name}": (name, f) for f in (twice, not_utf8, empty) for name in (BOXES, *NAMED)},
}


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_named_with_file_and_line(tmp_path, fault, seed):
    lists = Lists(100 + seed)
    name, change, *arguments = FAULTS[fault]
    line = change(lists, name, int(lists.rng.integers(len(lists.rows[name]))), *arguments)
    with pytest.raises(DataError) as error:
        read_benchmark(lists.write(tmp_path), "category_attribute")
    place = re.escape(name.split("/")[1]) + (f", line {line}: " if line else ": ")
    assert re.search(rf"{place}.*; \S", str(error.value)) and "\n" not in str(error.value)


@pytest.mark.parametrize("name, column, value", [(BOXES, 4, "65535"), (BOXES, 1, "0"), (LANDMARKS, 3, "2")])
def test_the_bound_itself_is_allowed(tmp_path, name, column, value):
    lists = Lists(7)
    word(lists, name, 0, column, value)
    assert len(read_benchmark(lists.write(tmp_path), "category_attribute").image) == len(lists.images)
