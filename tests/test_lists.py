"""The list formats: the fast parser of labels against an obvious one, names of attributes, what the writers write."""

from pathlib import Path

import numpy as np
import pytest
from test_deepfashion import write

from lib import lists
from lib.lists import DataError

NAN = float("nan")


def slow_labels(path: Path) -> tuple[list[str], list[list[int]]]:
    rows = [line.rsplit(None, 7) for line in path.read_text().splitlines()[2:]]
    return [row[0].strip() for row in rows], [[int(word) for word in row[1:]] for row in rows]


@pytest.mark.parametrize("seed, items", [(0, False), (1, False), (2, True)])
def test_labels_equal_an_obvious_parser(tmp_path, seed, items):
    """Of images, whose names have blanks; of items, with a byte order mark and Windows' line ends."""
    rng = np.random.default_rng(seed)
    name = "id_{:08d}{}" if items else "img/A 1 -1 0 dress {}/{}.jpg"
    names = [name.format(i, rng.integers(10 ** rng.integers(1, 9))) for i in range(200)]
    labels = rng.integers(-1, 2, (200, 7))
    blanks = [[" " * rng.integers(1, 4) for _ in range(7)] for _ in names]
    rows = [
        name + "".join(gap + str(label) for gap, label in zip(gaps, row, strict=True)) + " " * rng.integers(0, 3)
        for name, gaps, row in zip(names, blanks, labels, strict=True)
    ]
    path = tmp_path / "list_attr_img.txt"
    write(path, rows)
    if items:
        path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n"))
    assert slow_labels(path) == (names, labels.tolist())
    for block in (1, 17, 100, 1 << 19):  # blocks end anywhere
        found_names, found = lists.read_attribute_labels(path, 7, block, items=items)
        assert found_names == names and found.dtype == np.int8
        np.testing.assert_array_equal(found, labels)
    path.write_bytes(path.read_bytes().rstrip())  # no line end at the end
    np.testing.assert_array_equal(lists.read_attribute_labels(path, 7, items=items)[1], labels)


def test_no_random_change_of_a_label_list_is_misread(tmp_path):
    """Whatever one changed byte does, the result is that of the obvious parser, or a DataError."""
    rng = np.random.default_rng(0)
    path = tmp_path / "list_attr_img.txt"
    write(path, [f"img/{i}.jpg " + " ".join(map(str, rng.integers(-1, 2, 7))) for i in range(4)])
    sound = path.read_bytes()
    start, read = sound.index(b"img/"), 0
    for _ in range(2000):
        changed = bytearray(sound)
        changed[rng.integers(start, len(sound) - 1)] = rng.choice(bytearray(b"-+01 \t\n/23.xg\0\xb1"))
        path.write_bytes(changed)
        try:
            names, labels = lists.read_attribute_labels(path, 7)
        except DataError:
            continue
        assert (names, labels.tolist()) == slow_labels(path)
        read += 1
    assert read > 100


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("attribute_name\n", "line 1: 'attribute_name' is not a row count"),
        ("attribute_name\nknit\n\ncotton\n", "line 3: no attribute name"),
        ("1\nattribute_name  attribute_type\nknit\n", "line 3: 'knit' where 'attribute_name attribute_type' should be"),
        ("1\nattribute_name  attribute_type\nknit  7\n", "line 3: attribute group is not one of 1 to 5"),
    ],
)
def test_faulty_attribute_names_are_refused(tmp_path, text, message):
    path = tmp_path / "list_attr_cloth.txt"
    path.write_text(text)
    with pytest.raises(DataError, match=f"list_attr_cloth.txt, {message}"):
        lists.read_attribute_names(path, lists.ATTRIBUTE_GROUPS)


def test_points_are_written_in_whole_pixels_of_at_least_1():
    """A point that is cut off or has no position is at (0, 0)."""
    points = np.array([[3.4, 120.6], [0.2, -3], [NAN, 5], [7, 8], [9, 10]])
    codes = np.array([0, 1, 1, 2, 0])
    assert lists.points_text(points, codes, (0, 1, 2, 3)) == "0 003 121  1 001 001  1 000 000  2 000 000"
