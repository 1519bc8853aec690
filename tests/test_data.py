"""Readers of the official layouts: small folders written here, every fault, and the real lists if present."""

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from lib import data
from lib.data import DataError

SHARED = Path(__file__).parents[2] / "shared" / "data"
NAN = float("nan")
NAMES = ["img/A Floral Dress/img_1.jpg", "img/Tee/img_2.jpg", "img/Jeans 501/img_3.jpg"]


def write(path: Path, rows: list[str], header: str | None = "image_name  columns", count=None, end="\n") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = [str(len(rows) if count is None else count)] + ([header] if header else []) + rows
    path.write_bytes((end.join(lines) + end).encode())


def write_category_attribute(folder: Path, anno: str = "Anno_coarse") -> Path:
    """Three images: a dress (8 landmarks), a tee (6), jeans (4). Lists in different orders."""
    dress, tee, jeans = NAMES
    boxes = [f"{dress}   072  079  232  273", f"{tee}  001 002 200 300", f"{jeans}  0 0 10.5 20"]
    write(folder / anno / "list_bbox.txt", boxes)
    status = [f"{jeans}  test", f"{dress}  train", f"{tee}  val"]
    write(folder / "Eval" / "list_eval_partition.txt", status)
    write(folder / anno / "list_category_cloth.txt", ["Tee  1", "Skinny Jeans  2", "Dress  3"])
    write(folder / anno / "list_category_img.txt", [f"{dress} 3", f"{tee} 1", f"{jeans} 2"])
    landmarks = [
        f"{tee}  1 2  0 010 011  1 020 021  0 030 031  2 000 000  0 070 071  1 000 000",
        f"{dress}  3 1 " + "  ".join(f"0 {x} {x + 100}" for x in range(8)),
        f"{jeans}  2 5  0 5 6  0 000 000  2 7 8  1 9 10",
    ]
    write(folder / anno / "list_landmarks.txt", landmarks)
    write(folder / anno / "list_attr_cloth.txt", ["a-line  3", "abstract chevron print  1"])
    write(folder / anno / "list_attr_img.txt", [f"{dress}   1 -1", f"{tee}  -1  0", f"{jeans}  -1  1"])
    (folder / "Img" / "img").mkdir(parents=True)
    return folder


def write_inshop(folder: Path) -> Path:
    names = [
        "WOMEN/Dresses/id_01/02_1_front.jpg",
        "MEN/Denim/id_02/01_3_back.jpg",
        "MEN/Denim/id_02/01_4_full.jpg",
    ]
    first, second, third = ("img/" + name for name in names)
    boxes = [f"{first} 3 1 1 2 30 40", f"{second} 2 3 5 6 70 80", f"{third} 2 4 5 6 70 80"]
    write(folder / "Anno" / "list_bbox_inshop.txt", boxes)
    status = [f"{first} id_01 train", f"{second} id_02 query", f"{third} id_02 gallery"]
    write(folder / "Eval" / "list_eval_partition.txt", status)
    write(folder / "Anno" / "list_item_inshop.txt", ["id_01", "id_02"], header=None)
    (folder / "img").mkdir()
    return folder


def write_consumer2shop(folder: Path) -> Path:
    names = [f"img/DRESSES/Dress/id_{i}/{kind}_01.jpg" for i in (1, 2) for kind in ("comsumer", "shop")]
    names.append("img/TOPS/Tee/id_3/shop_01.jpg")
    boxes = [f"{name} 3 {1 if 'shop_' in name else 2} 1 1 9 9" for name in names]
    write(folder / "Anno" / "list_bbox_consumer2shop.txt", boxes)
    pairs = [f"{names[0]}  {names[1]}  id_1  train", f"{names[2]}  {names[3]}  id_2  test"]
    write(folder / "Eval" / "list_eval_partition.txt", pairs)
    write(
        folder / "Anno" / "list_landmarks_consumer2shop.txt",
        [f"{name} 3 1 " + "0 5 6 " * 8 for name in names],
    )
    (folder / "Img" / "img").mkdir(parents=True)
    return folder


WRITERS = {
    "category_attribute": (write_category_attribute, data.read_category_attribute),
    "inshop": (write_inshop, data.read_inshop),
    "consumer2shop": (write_consumer2shop, data.read_consumer2shop),
}

# The layouts


def test_category_attribute_by_hand(tmp_path):
    b = data.read_category_attribute(write_category_attribute(tmp_path))
    assert (b.name, b.annotation, b.images_root) == ("category_attribute", "coarse", tmp_path / "Img")
    assert b.image.tolist() == NAMES
    assert b.split.tolist() == ["train", "val", "test"]
    assert b.box.dtype == np.float32 and b.box.tolist() == [
        [72, 79, 232, 273],
        [1, 2, 200, 300],
        [0, 0, 10.5, 20],
    ]
    assert b.category.tolist() == [2, 0, 1] and b.category.dtype == np.int16
    assert b.category_names == ("Tee", "Skinny Jeans", "Dress") and b.category_types.tolist() == [1, 2, 3]
    assert b.clothes_type.tolist() == [3, 1, 2] and b.variation.tolist() == [1, 2, 5]
    assert b.attributes.tolist() == [[1, -1], [-1, 0], [-1, 1]] and b.attributes.dtype == np.int8
    assert b.attribute_names == ("a-line", "abstract chevron print") and b.attribute_groups.tolist() == [3, 1]
    assert b.group_names[1] == "texture" and b.group_names[5] == "style"
    assert b.rows("val", "test").tolist() == [1, 2] and b.rows().tolist() == []
    assert b.lacks() == ["item", "domain", "pose", "joints", "joint_visibility", "pairs", "pair_split"]


def test_landmarks_fill_the_slots_of_their_clothes_type(tmp_path):
    b = data.read_category_attribute(write_category_attribute(tmp_path))
    assert b.visibility.dtype == np.int8 and b.landmarks.dtype == np.float32
    assert b.visibility[0].tolist() == [0] * 8
    assert b.landmarks[0].tolist() == [[x, x + 100] for x in range(8)]
    tee = [[10, 11], [20, 21], [30, 31], [NAN, NAN], [NAN, NAN], [NAN, NAN], [70, 71], [NAN, NAN]]
    np.testing.assert_array_equal(b.landmarks[1], tee)
    assert b.visibility[1].tolist() == [0, 1, 0, 2, -1, -1, 0, 1]
    jeans = [[NAN, NAN]] * 4 + [[5, 6], [NAN, NAN], [7, 8], [9, 10]]
    np.testing.assert_array_equal(b.landmarks[2], jeans)
    assert b.visibility[2].tolist() == [-1, -1, -1, -1, 0, 1, 2, 1]  # "visible" at (0, 0) is not


def test_joints_lie_beside_the_landmarks(tmp_path):
    folder = write_category_attribute(tmp_path)
    rows = [f"{NAMES[2]} " + "2 0 0 " * 14, f"{NAMES[0]} " + " ".join(f"0 {x} 7" for x in range(1, 15))]
    rows.append(f"{NAMES[1]} 1 3 4 " + "2 000 000 " * 13)
    write(folder / "Anno_coarse" / "list_joints.txt", rows)
    b = data.read_category_attribute(folder)
    assert b.joints.shape == (3, 14, 2) and b.joint_visibility.dtype == np.int8
    assert b.joints[0].tolist() == [[x, 7] for x in range(1, 15)]
    assert b.joints[1, 0].tolist() == [3, 4] and np.isnan(b.joints[1, 1:]).all()
    assert b.joint_visibility[:, 0].tolist() == [0, 1, 2] and (b.joint_visibility[2] == 2).all()


@pytest.mark.parametrize(("anno", "annotation"), [("Anno", "coarse"), ("Anno_fine", "fine")])
def test_older_and_fine_folders(tmp_path, anno, annotation):
    b = data.read_category_attribute(write_category_attribute(tmp_path, anno))
    assert b.annotation == annotation and b.image.tolist() == NAMES
    assert b.group_names == (data.FINE_GROUPS if annotation == "fine" else data.ATTRIBUTE_GROUPS)


def test_images_for_pre_training_stand_in_a_list_of_their_own(tmp_path):
    folder = write_category_attribute(tmp_path)
    dress, tee, jeans = NAMES
    write(folder / PARTITION, [f"{dress}  train", f"{tee}  val"])
    with pytest.raises(DataError, match=f"list_eval_partition.txt: no row for image {jeans}"):
        data.read_category_attribute(folder)
    write(folder / "Eval" / "list_pretrain.txt", [jeans], header="image_name")
    assert data.read_category_attribute(folder).split.tolist() == ["train", "val", "pretrain"]
    write(folder / "Eval" / "list_pretrain.txt", [jeans, tee], header="image_name")
    with pytest.raises(DataError, match="list_pretrain.txt, line 4: the image is in list_eval_partition.txt, too"):
        data.read_category_attribute(folder)


def test_coarse_is_preferred_and_fine_has_its_own_partition(tmp_path):
    write_category_attribute(tmp_path)
    fine = tmp_path / "Anno_fine"
    write(fine / "list_bbox.txt", [f"{name} 1 1 9 9" for name in NAMES[:2]])
    for split, names in {"train": NAMES[1:2], "val": NAMES[:1], "test": []}.items():
        (fine / f"{split}.txt").write_text("".join(name + "\n" for name in names))
    assert data.read_category_attribute(tmp_path).annotation == "coarse"
    b = data.read_category_attribute(tmp_path, fine=True)
    assert b.annotation == "fine" and b.split.tolist() == ["val", "train"]
    assert b.clothes_type is None and b.landmarks is None and b.attributes is None and b.category is None
    (fine / "test.txt").write_text(NAMES[0] + "\n")
    with pytest.raises(DataError, match=r"test.txt, line 1: .*another split"):
        data.read_category_attribute(tmp_path, fine=True)
    (fine / "test.txt").write_text("")
    (fine / "val.txt").write_text("")
    with pytest.raises(DataError, match="no row for image img/A Floral Dress/img_1.jpg"):
        data.read_category_attribute(tmp_path, fine=True)


def test_inshop_by_hand(tmp_path):
    b = data.read_inshop(write_inshop(tmp_path))
    assert b.images_root == tmp_path and b.annotation == ""
    assert b.split.tolist() == ["train", "query", "gallery"] and b.item.tolist() == [
        "id_01",
        "id_02",
        "id_02",
    ]
    assert b.pose.tolist() == [1, 3, 4] and b.clothes_type.tolist() == [3, 2, 2]
    assert b.category_names == ("MEN/Denim", "WOMEN/Dresses") and b.category.tolist() == [1, 0, 0]
    assert b.box[0].tolist() == [1, 2, 30, 40]
    assert "landmarks" in b.lacks() and "attributes" in b.lacks()
    data.check_disjoint(b)


def test_consumer2shop_by_hand(tmp_path):
    b = data.read_consumer2shop(write_consumer2shop(tmp_path))
    assert b.domain.tolist() == ["consumer", "shop", "consumer", "shop", "shop"]
    assert b.pairs.tolist() == [[0, 1], [2, 3]] and b.pair_split.tolist() == ["train", "test"]
    assert b.split.tolist() == ["train", "train", "test", "test", ""]
    assert b.item.tolist() == ["id_1", "id_1", "id_2", "id_2", "id_3"]
    assert b.category_names == ("DRESSES/Dress", "TOPS/Tee") and b.category.tolist() == [0, 0, 0, 0, 1]
    assert b.visibility.shape == (5, 8) and b.clothes_type.tolist() == [3] * 5
    data.check_disjoint(b)


def test_byte_order_mark_crlf_tabs_and_blank_last_lines(tmp_path):
    folder = write_category_attribute(tmp_path)
    plain = data.read_category_attribute(folder)
    for path in folder.rglob("*.txt"):
        text = path.read_bytes().replace(b"\n", b"\r\n").replace(b"  ", b"\t ")
        path.write_bytes(b"\xef\xbb\xbf" + text + b"\r\n \r\n")
    other = data.read_category_attribute(folder)
    for field in (
        "image",
        "split",
        "box",
        "landmarks",
        "visibility",
        "category",
        "attributes",
        "attribute_groups",
    ):
        np.testing.assert_array_equal(getattr(plain, field), getattr(other, field))
    assert other.attribute_names == plain.attribute_names


def test_find_benchmarks(tmp_path):
    for name, (write_folder, _) in WRITERS.items():
        (tmp_path / data.FOLDERS[name]).mkdir()
        write_folder(tmp_path / data.FOLDERS[name])
    found = data.find_benchmarks(tmp_path)
    assert {name: b.name for name, b in found.items()} == {name: name for name in WRITERS}
    for name, folder in data.FOLDERS.items():
        assert list(data.find_benchmarks(tmp_path / folder)) == [name]
    with pytest.raises(DataError, match="none of 'Category and Attribute.*name the folder"):
        data.find_benchmarks(tmp_path / "elsewhere")


# Faults: every one is a DataError that names the file and, where there is one, the line

BOXES, PARTITION = "Anno_coarse/list_bbox.txt", "Eval/list_eval_partition.txt"
LANDMARKS, LABELS = "Anno_coarse/list_landmarks.txt", "Anno_coarse/list_attr_img.txt"
INSHOP, C2S = "Anno/list_bbox_inshop.txt", "Anno/list_bbox_consumer2shop.txt"
FAULTS = {  # file, what to replace, by what, the message
    "category_attribute": [
        (BOXES, "^3\n", "4\n", "line 1: it says 4 rows and 3 follow"),
        (BOXES, "^3\n", "three\n", "line 1: 'three' is not a row count"),
        (BOXES, "(?s).*", "", "line 1: '' is not a row count"),
        (BOXES, "(?s).*", "0\nimage_name\n", "line 1: '0' is not a row count"),
        (BOXES, "  273", "", "line 3: 3 numbers after the image name where 4 should be"),
        (BOXES, "273", "273 1", "line 3: 5 numbers"),
        (BOXES, "002 200", "wide 200", "line 4: 'wide' where"),
        (BOXES, "002 200", "2x2 200", "line 4: '2x2' where"),
        (BOXES, "002 200", "1e3 200", "line 4: '1e3' where"),
        (BOXES, "002 200", "nan 200", "line 4: 'nan' where"),
        (BOXES, "002 200", "2.0.0 200", "line 4: '2.0.0' is not a number"),
        (BOXES, "002 200", "2-0 200", "line 4: '2-0' is not a number"),
        (BOXES, "10.5", "9" * 30, "line 5: a number beyond a million"),
        (BOXES, "001 002 200", "201 002 200", "line 4: the box has no area"),
        (BOXES, "002 200 300", "300 200 300", "line 4: the box has no area"),
        (BOXES, "001 002", "-1 002", "line 4: the box begins outside"),
        (BOXES, "Tee/img_2.jpg", "../img_2.jpg", "line 4: .*may leave the data folder"),
        (BOXES, "img/Tee", "/img/Tee", "line 4: .*may leave the data folder"),
        (BOXES, "img/Tee/", "C:/Tee/", "line 4: .*may leave the data folder"),
        (BOXES, "img/Tee/", r"img\\\\Tee/", "line 4: .*may leave the data folder"),
        (BOXES, "img/Tee/", "img/./Tee/", "line 4: .*may leave the data folder"),
        (BOXES, "img/Tee/img_2.jpg", NAMES[2], "line 5: .*listed a second time"),
        (BOXES, "img/Tee/img_2.jpg", "img_2", "line 4: 'img_2' where an image name"),
        (PARTITION, "img/Tee/", "img/Tea/", "line 5: image img/Tea/img_2.jpg is not in the list"),
        (PARTITION, "  val", " valid", "line 5: split 'valid' is not one of train, val, test"),
        (PARTITION, "(?m)^.*  val\n", "", "line 1: it says 3 rows and 2 follow"),
        (PARTITION, r"(?s)3(\n.*\n)[^\n]*val\n", r"2\1", "no row for image img/Tee/img_2.jpg"),
        (PARTITION, "img/Tee/img_2.jpg", NAMES[2], "line 5: .*listed a second time"),
        (PARTITION, "img/Tee/img_2.jpg  ", "", "line 5: 1 words where a name and 1 more"),
        (LANDMARKS, "070 071", "070", "line 3: 19 numbers after the image name where 14 or"),
        (LANDMARKS, "  1 2  0", "  2 2  0", "line 3: clothes types 1, 2 and 3 have"),
        (LANDMARKS, "  1 2  0", "  4 2  0", "line 3: the clothes type is not one of 1 to 3"),
        (LANDMARKS, "2 7 8", "3 7 8", "line 5: a visibility is not one of 0 to 2"),
        (LANDMARKS, "2 7 8", "0.5 7 8", "line 5: a visibility is not one of 0 to 2"),
        (LANDMARKS, "img/Tee/", "img/Tea/", "line 3: image img/Tea/img_2.jpg is not in"),
        (LABELS, "-1  0", "-1", "line 4: 1 labels where 2 should be"),
        (LABELS, "-1  0", "-1  0 1", "line 4: 3 labels where 2 should be"),
        (LABELS, "-1  0", "-1  2", "line 4: label '2' is not 1, -1 or 0"),
        (LABELS, "img/Tee/img_2.jpg", NAMES[0], "line 4: .*listed a second time"),
        (LABELS, "img/Tee/", "img/Tea/", "line 4: image img/Tea/img_2.jpg is not in"),
        (LABELS, "img/Tee/img_2.jpg", "", "line 4: no image name"),
        (LABELS, "^3\n", "2\n", "line 1: it says 2 rows and more follow"),
        (LABELS, "^3\n", "4\n", "line 1: it says 4 rows and 3 follow"),
        (LABELS, "^3\n", "99999999\n", "line 1: .*more than the file can hold"),
        ("Anno_coarse/list_attr_cloth.txt", "print  1", "print  6", "line 4: attribute group '6'"),
        ("Anno_coarse/list_category_cloth.txt", "Jeans  2", "Jeans", "line 4: clothes type 'Jeans'"),
        ("Anno_coarse/list_category_img.txt", " 3\n", " 4\n", "line 3: the category is not one of 1"),
        ("Anno_coarse/list_category_img.txt", " 3\n", " 0\n", "line 3: the category is not one of 1"),
    ],
    "inshop": [
        (INSHOP, "2 3 5", "2 7 5", "line 4: the pose is not one of 1 to 6"),
        (INSHOP, "2 3 5", "0 3 5", "line 4: the clothes type is not one of 1 to 3"),
        (PARTITION, "query", "val", "line 4: split 'val' is not one of train, query, gallery"),
        (PARTITION, "id_02 query", "id_09 query", "line 4: item id_09 is not in list_item_inshop.txt"),
    ],
    "consumer2shop": [
        (C2S, "3 1 1 1", "3 3 1 1", "line 4: the source is not one of 1 to 2"),
        (PARTITION, "id_1/comsumer_01", "id_2/shop_01", "line 3: not a consumer and a shop image"),
        (PARTITION, "  id_1  train", "", "line 3: 2 words where a name and 2 more"),
        (PARTITION, "  img/DRESSES/Dress/id_1/shop_01.jpg", "", "line 3: no two image names"),
        (PARTITION, "train", "query", "line 3: split 'query' is not one of train, val, test"),
        (PARTITION, "id_1/shop_01", "id_1/shop_09", "line 3: image .*shop_09.jpg is not in the list"),
        (PARTITION, "id_2/shop_01", "id_1/shop_01", "line 3: an image of this row is in another split"),
        (PARTITION, "(?s)id_2/shop_01(.*)test", r"id_1/shop_01\1train", "line 3: .* of another item"),
    ],
}  # fmt: skip


@pytest.mark.parametrize(
    ("name", "file", "old", "new", "message"), [(name, *fault) for name in FAULTS for fault in FAULTS[name]]
)
def test_faults_are_named(tmp_path, name, file, old, new, message):
    write_folder, read = WRITERS[name]
    path = write_folder(tmp_path) / file
    text, changes = re.subn(old, new, path.read_text(), count=1)
    assert changes == 1
    path.write_text(text)
    with pytest.raises(DataError, match=message) as caught:
        read(tmp_path)
    assert str(caught.value).startswith(str(path)) and "\n" not in str(caught.value)
    assert "; " in str(caught.value)  # the cure


@pytest.mark.parametrize("file", [BOXES, PARTITION, LABELS, "Anno_coarse/list_attr_cloth.txt"])
def test_missing_files(tmp_path, file):
    path = write_category_attribute(tmp_path) / file
    path.unlink()
    if file == LABELS:  # without labels the attributes are absent, no fault
        assert data.read_category_attribute(tmp_path).attributes is None
        return
    with pytest.raises(DataError, match=f"{re.escape(str(path))}: No such file.*put the official file there"):
        data.read_category_attribute(tmp_path)


def test_text_that_is_not_utf8(tmp_path):
    path = write_category_attribute(tmp_path) / PARTITION
    path.write_bytes(path.read_bytes().replace(b"img/Tee", b"img/T\xe9e"))
    with pytest.raises(DataError, match="line 5: not UTF-8"):
        data.read_category_attribute(tmp_path)
    write_category_attribute(tmp_path / "other")
    path = tmp_path / "other" / LABELS
    path.write_bytes(path.read_bytes().replace(b"img/Tee", b"img/T\xe9e"))
    with pytest.raises(DataError, match="line 4: not UTF-8"):
        data.read_category_attribute(tmp_path / "other")


def test_images_that_were_not_unpacked(tmp_path):
    write_category_attribute(tmp_path)
    (tmp_path / "Img" / "img").rmdir()
    with pytest.raises(DataError, match="neither Img/img nor img is there; unpack"):
        data.read_category_attribute(tmp_path)
    (tmp_path / "img").mkdir()
    assert data.read_category_attribute(tmp_path).images_root == tmp_path


def test_links_that_leave_the_data_folder(tmp_path):
    folder, outside = write_category_attribute(tmp_path / "data"), tmp_path / "outside"
    outside.mkdir()
    (outside / "img_2.jpg").write_bytes(b"secret")
    image = folder / "Img" / "img" / "Tee"
    image.symlink_to(outside)
    with pytest.raises(DataError, match=r"list_bbox.txt, line 4: .*is a link out of"):
        data.read_category_attribute(folder)
    image.unlink()
    image.mkdir()
    (image / "img_2.jpg").symlink_to(outside / "img_2.jpg")
    with pytest.raises(DataError, match=r"list_bbox.txt, line 4: .*is a link out of"):
        data.read_category_attribute(folder)
    (image / "img_2.jpg").unlink()
    (image / "inside.jpg").write_bytes(b"")
    (image / "img_2.jpg").symlink_to("inside.jpg")
    data.read_category_attribute(folder)
    (tmp_path / "link").symlink_to(folder)  # the data folder itself may be a link
    data.read_category_attribute(tmp_path / "link")


# The labels of list_attr_img.txt: array operations against an obvious parser


def slow_labels(path: Path) -> tuple[list[str], list[list[int]]]:
    rows = [line.rsplit(None, 7) for line in path.read_text().splitlines()[2:]]
    return [row[0].strip() for row in rows], [[int(word) for word in row[1:]] for row in rows]


@pytest.mark.parametrize("seed", range(6))
def test_labels_equal_an_obvious_parser(tmp_path, seed):
    rng = np.random.default_rng(seed)
    names = [f"img/A 1 -1 0 dress {i}/{rng.integers(10 ** rng.integers(1, 9))}.jpg" for i in range(200)]
    labels = rng.integers(-1, 2, (200, 7))
    blanks = [[" " * rng.integers(1, 4) for _ in range(7)] for _ in names]
    rows = [
        name + "".join(gap + str(label) for gap, label in zip(gaps, row, strict=True)) + " " * rng.integers(0, 3)
        for name, gaps, row in zip(names, blanks, labels, strict=True)
    ]
    path = tmp_path / "list_attr_img.txt"
    write(path, rows)
    assert slow_labels(path) == (names, labels.tolist())
    for block in (1, 17, 100, 1 << 19):  # blocks end anywhere
        found_names, found = data.read_attribute_labels(path, 7, block)
        assert found_names == names and found.dtype == np.int8
        np.testing.assert_array_equal(found, labels)
    path.write_bytes(path.read_bytes().rstrip())  # no line end at the end
    np.testing.assert_array_equal(data.read_attribute_labels(path, 7)[1], labels)


FOREIGN = (
    "2",
    "-2",
    "-3",
    "/",
    "+1",
    "1.0",
    "-0",
    "--1",
    "-",
    "1-",
    "01",
    "-11",
    "x",
    "\u00b1",
    "\u00e91",
    "1\x00",
)


@pytest.mark.parametrize("word", FOREIGN)
def test_labels_other_than_the_three_are_refused(tmp_path, word):
    path = tmp_path / "list_attr_img.txt"
    write(path, ["img/a.jpg  1 -1  0", f"img/b.jpg  1 {word}  1", "img/c.jpg  1  1 -1"])
    with pytest.raises(DataError, match=r"list_attr_img.txt, line 4: (label|no image name)"):
        data.read_attribute_labels(path, 3)


@pytest.mark.parametrize("row", ["11 -1 0 -1", "1-1 0 1 1", "1 - 1 0 1", "1 -1 0 1 1 1", "1 -1 0", ""])
def test_ragged_label_rows_are_refused(tmp_path, row):
    """Also where another row makes up for it, so that the total is right."""
    path = tmp_path / "list_attr_img.txt"
    write(
        path,
        [
            "img/a.jpg  1 -1 0 1",
            f"img/b.jpg {row}",
            "img/c.jpg 1 1 1 1",
            "img/d.jpg 1 1 1",
            "img/e.jpg 1 1 1 1 1",
        ],
    )
    with pytest.raises(DataError, match=r"list_attr_img.txt, line 4: (label|\d labels|no image name)"):
        data.read_attribute_labels(path, 4)


def test_no_random_change_of_a_label_list_is_misread(tmp_path):
    """Whatever one changed byte does, the result is that of the obvious parser, or a DataError."""
    rng = np.random.default_rng(0)
    path = tmp_path / "list_attr_img.txt"
    write(path, [f"img/{i}.jpg " + " ".join(map(str, rng.integers(-1, 2, 7))) for i in range(4)])
    sound = path.read_bytes()
    start, read = sound.index(b"img/"), 0
    for _ in range(2000):
        changed = bytearray(sound)
        changed[rng.integers(start, len(sound) - 1)] = rng.choice(bytearray(b"-01 \t\n/23.xg\xb1"))
        path.write_bytes(changed)
        try:
            names, labels = data.read_attribute_labels(path, 7)
        except DataError:
            continue
        assert (names, labels.tolist()) == slow_labels(path)
        read += 1
    assert read > 100


# Checks


def test_check_disjoint(tmp_path):
    b = data.read_inshop(write_inshop(tmp_path))
    with pytest.raises(DataError, match="item id_02 is in train and in query or gallery; keep"):
        data.check_disjoint(replace(b, item=np.array(["id_02"] * 3)))
    with pytest.raises(DataError, match="image img/x.jpg is in query and in gallery; keep"):
        data.check_disjoint(replace(b, image=np.array(["img/y.jpg", "img/x.jpg", "img/x.jpg"])))
    c = data.read_consumer2shop(write_consumer2shop(tmp_path / "c2s"))
    with pytest.raises(DataError, match="item id_1 is in train and in test"):
        data.check_disjoint(replace(c, item=np.array(["id_1"] * 5)))


def test_check_images(tmp_path, monkeypatch):
    photo = np.random.default_rng(0).integers(0, 255, (60, 40, 3), np.uint8)
    names = [
        "good.jpg",
        "good.png",
        "missing.jpg",
        "cut.jpg",
        "cut.png",
        "text.jpg",
        "folder.jpg",
        "empty.jpg",
        "small.jpg",
    ]
    for name in ("good.jpg", "good.png", "cut.jpg", "cut.png", "small.jpg"):
        Image.fromarray(photo).save(tmp_path / name)
    for name in ("cut.jpg", "cut.png"):
        (tmp_path / name).write_bytes((tmp_path / name).read_bytes()[:-100])
    (tmp_path / "text.jpg").write_text("no picture")
    (tmp_path / "empty.jpg").touch()
    (tmp_path / "folder.jpg").mkdir()
    box = np.tile(np.float32([0, 0, 40, 60]), (len(names), 1))
    box[-1, 2] = 41
    b = data.Benchmark("inshop", tmp_path, np.array(names), np.array(["train"] * len(names)), box)
    problems = dict(p.removeprefix(f"{tmp_path}/").split(": ", 1) for p in data.check_images(b))
    assert list(problems) == names[2:]
    assert problems["missing.jpg"].startswith("no such image") and problems["folder.jpg"].startswith("no such image")
    assert problems["cut.jpg"].startswith("cut short") and problems["cut.png"].startswith("cut short")
    assert "cannot be read" in problems["text.jpg"] and "cannot be read" in problems["empty.jpg"]
    assert problems["small.jpg"].startswith("box 0 0 41 60 is not inside 40 x 60 pixels")

    monkeypatch.setattr(data, "MOST_PIXELS", 60 * 40 - 1)
    assert "megapixels" in next(iter(data.check_images(b)))
    monkeypatch.undo()
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 1000)  # Pillow itself refuses beyond twice that
    assert "megapixels" in next(iter(data.check_images(b)))


# The real lists and the real sample


@pytest.fixture(scope="module")
def lists() -> Path:
    if not (SHARED / "deepfashion_lists").is_dir():
        pytest.skip("the real DeepFashion lists are not beside this checkout")
    return SHARED / "deepfashion_lists"


def link(folder: Path, **files: Path) -> None:
    for name, target in files.items():
        (folder / name.replace("__", "/")).parent.mkdir(parents=True, exist_ok=True)
        (folder / (name.replace("__", "/") + ".txt")).symlink_to(target)


def test_real_attributes_and_categories(lists, tmp_path):
    write(tmp_path / "Anno" / "list_bbox.txt", ["img/a.jpg 1 1 9 9"])
    write(tmp_path / "Eval" / "list_eval_partition.txt", ["img/a.jpg train"])
    write(tmp_path / "Anno" / "list_category_img.txt", ["img/a.jpg 50"])
    write(tmp_path / "Anno" / "list_attr_img.txt", ["img/a.jpg " + " -1" * 999 + " 1"])
    for name in ("list_attr_cloth", "list_category_cloth"):
        (tmp_path / "Anno" / f"{name}.txt").symlink_to(lists / f"{name}.txt")
    (tmp_path / "img").mkdir()
    b = data.read_category_attribute(tmp_path)
    assert b.attribute_names[:3] == ("a-line", "abstract", "abstract chevron")
    assert b.attribute_names[3] == "abstract chevron print" and b.attribute_names[-1] == "zippered"
    assert np.bincount(b.attribute_groups).tolist() == [0, 156, 218, 180, 216, 230]
    assert b.category_names[:2] == ("Anorak", "Blazer") and b.category_names[-1] == "Sundress"
    assert np.bincount(b.category_types).tolist() == [0, 20, 16, 14] and b.clothes_type.tolist() == [3]


def test_real_inshop_partition(lists, tmp_path):
    """The release has no boxes among these lists: every image gets one of its own, in reverse order."""
    partition = lists / "inshop" / "list_eval_partition.txt"
    names = [line.split()[0] for line in partition.read_text().splitlines()[2:]]
    write(tmp_path / "Anno" / "list_bbox_inshop.txt", [f"{name} 1 1 1 1 9 9" for name in reversed(names)])
    (tmp_path / "Eval").mkdir()
    (tmp_path / "Eval" / "list_eval_partition.txt").symlink_to(partition)
    (tmp_path / "Anno" / "list_item_inshop.txt").symlink_to(lists / "inshop" / "list_item_inshop.txt")
    (tmp_path / "img").mkdir()
    b = data.read_inshop(tmp_path)
    assert len(b.image) == 52_712 and len(np.unique(b.item)) == 7_982
    assert [len(b.rows(split)) for split in ("train", "query", "gallery")] == [25_882, 14_218, 12_612]
    assert len(np.unique(b.item[b.rows("train")])) == 3_997 and len(b.category_names) == 23
    first = (b.image[-1], b.item[-1], b.split[-1], b.category_names[b.category[-1]])
    assert first == (names[0], "id_00000001", "gallery", "WOMEN/Blouses_Shirts")
    data.check_disjoint(b)


def test_real_consumer2shop_lists_have_byte_order_marks_and_crlf(lists):
    folder = lists / "consumer2shop"
    attributes = data._read_list(folder / "list_attr_cloth.txt")
    assert len(attributes) == 303 and data._split_right(folder, attributes, 1)[0][1] == "1"
    assert len(data._read_list(folder / "list_attr_type.txt")) == 18
    assert len(set(data._read_list(folder / "list_item_consumer2shop.txt", header=1))) == 33_881


def test_real_sample():
    if not (SHARED / "deepfashion_fine").is_dir():
        pytest.skip("the real DeepFashion sample is not beside this checkout")
    found = data.find_benchmarks(SHARED / "deepfashion_fine")
    b = found["category_attribute"]
    assert list(found) == ["category_attribute"] and b.annotation == "fine" and b.images_root.name == "Img"
    assert len(b.image) == 6000 and len(b.rows("train")) == 5000 and len(b.rows("val")) == 1000
    assert (b.image[0], b.box[0].tolist()) == ("img/00000.jpg", [62, 62, 165, 300])
    first = [[76, 82], [112, 90], [77, 278], [148, 243], [NAN, NAN], [NAN, NAN], [86, 279], [139, 248]]
    np.testing.assert_array_equal(b.landmarks[0], first)
    assert b.visibility[0].tolist() == [0, 0, 0, 0, -1, -1, 0, 0] and b.clothes_type[0] == 1
    assert np.flatnonzero(b.attributes[0] == 1).tolist() == [5, 7, 12, 13, 19, 25]
    assert b.attributes.shape == (6000, 26) and (b.attributes == 1).sum() == 36_000
    assert len(b.group_names) == 6 and np.bincount(b.attribute_groups).tolist() == [0, 7, 3, 3, 4, 6, 3]
    assert [(b.visibility == code).sum() for code in (0, 1, 2)] == [31_557, 6_257, 0]
    assert np.isnan(b.landmarks[b.visibility == 1]).all() and np.isfinite(b.landmarks[b.visibility == 0]).all()
    assert b.joints.shape == (6000, 14, 2) and b.joints[0, 0].tolist() == [113, 50]
    assert ((b.joint_visibility != 2).any(1)).sum() == 5177
    assert b.category is None and b.item is None
    data.check_disjoint(b)
    part = replace(b, image=b.image[::50], box=b.box[::50])
    assert list(data.check_images(part)) == []
