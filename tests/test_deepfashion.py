"""Readers of the official layouts: small folders written here, every form of a list, every fault, and real lists."""

import re
import shutil
from dataclasses import fields, replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from lib import deepfashion, lists
from lib.lists import DataError, Lacks

NAN = float("nan")
read_category_attribute = partial(deepfashion.read_benchmark, name="category_attribute")
read_inshop = partial(deepfashion.read_benchmark, name="inshop")
read_consumer2shop = partial(deepfashion.read_benchmark, name="consumer2shop")
NAMES = ["img/A Floral Dress/img_1.jpg", "img/Tee/img_2.jpg", "img/Jeans 501/img_3.jpg"]


def write(path: Path, rows: list[str], header: str | None = "image_name  columns") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = [str(len(rows)), *([header] if header else []), *rows]
    path.write_bytes("".join(f"{line}\n" for line in lines).encode())


def write_category_attribute(folder: Path, anno: str = "Anno_coarse") -> Path:
    """Three images: a dress (8 landmarks), a tee (6), jeans (4). Lists in different orders."""
    dress, tee, jeans = NAMES
    boxes = [f"{dress}   072  079  232  273", f"{tee}  001 002 200 65535", f"{jeans}  0 0 10.5 20"]
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
    names = ["WOMEN/Dresses/id_01/02_1_front.jpg", "MEN/Denim/id_02/01_3_back.jpg", "MEN/Denim/id_02/01_4_full.jpg"]
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
    write(folder / "Anno" / "list_landmarks_consumer2shop.txt", [f"{name} 3 1 " + "0 5 6 " * 8 for name in names])
    (folder / "Img" / "img").mkdir(parents=True)
    return folder


WRITERS = {
    "category_attribute": (write_category_attribute, read_category_attribute),
    "inshop": (write_inshop, read_inshop),
    "consumer2shop": (write_consumer2shop, read_consumer2shop),
}


def test_category_attribute_by_hand(tmp_path):
    folder = write_category_attribute(tmp_path)
    rows = [f"{NAMES[2]} " + "2 0 0 " * 14, f"{NAMES[0]} " + " ".join(f"0 {x} 7" for x in range(1, 15))]
    rows.append(f"{NAMES[1]} 1 3 4 " + "2 000 000 " * 13)
    write(folder / "Anno_coarse" / "list_joints.txt", rows)
    b = read_category_attribute(folder)
    assert (b.name, b.anno.name, b.images_root) == ("category_attribute", "Anno_coarse", tmp_path / "Img")
    assert b.box.dtype == np.float32 and b.box.tolist() == [[72, 79, 232, 273], [1, 2, 200, 65535], [0, 0, 10.5, 20]]
    assert b.category.tolist() == [2, 0, 1] and b.category.dtype == np.int16
    assert b.category_names == ("Tee", "Skinny Jeans", "Dress")
    assert b.clothes_type.tolist() == [3, 1, 2]
    assert b.attributes.tolist() == [[1, -1], [-1, 0], [-1, 1]] and b.attributes.dtype == np.int8
    assert b.attribute_names == ("a-line", "abstract chevron print") and b.attribute_groups.tolist() == [3, 1]
    assert b.rows("val", "test").tolist() == [1, 2] and b.rows().tolist() == []
    absent = [field for field, value in vars(b).items() if value is None]
    assert absent == ["item", "domain", "pose", "ceiling", "visible_ceiling", "pairs"]

    assert b.visibility.dtype == np.int8 and b.landmarks.dtype == np.float32
    dress = [[x, x + 100] for x in range(8)]
    tee = [[10, 11], [20, 21], [30, 31], [NAN, NAN], [NAN, NAN], [NAN, NAN], [70, 71], [NAN, NAN]]
    jeans = [[NAN, NAN]] * 4 + [[5, 6], [NAN, NAN], [7, 8], [9, 10]]
    np.testing.assert_array_equal(b.landmarks, [dress, tee, jeans])
    assert b.visibility[:2].tolist() == [[0] * 8, [0, 1, 0, 2, -1, -1, 0, 1]]
    assert b.visibility[2].tolist() == [-1, -1, -1, -1, 0, 1, 2, 1]  # "visible" at (0, 0) is not

    assert b.joints.shape == (3, 14, 2) and b.joint_visibility.dtype == np.int8
    assert b.joints[0].tolist() == [[x, 7] for x in range(1, 15)]
    assert b.joints[1, 0].tolist() == [3, 4] and np.isnan(b.joints[1, 1:]).all()
    assert b.joint_visibility[:, 0].tolist() == [0, 1, 2] and (b.joint_visibility[2] == 2).all()


@pytest.mark.parametrize(
    ("gap", "end", "mark"), [("\t", "\r\n", "\ufeff"), (" \t ", "\n", ""), ("   ", "\n", "\ufeff")]
)
def test_every_form_of_a_list_is_read_alike(tmp_path, gap, end, mark):
    """Separators, line ends, a byte order mark and blank lines at the end."""
    expected = read_category_attribute(write_category_attribute(tmp_path))
    for path in tmp_path.rglob("list_*.txt"):
        text = re.sub(r" +(?=(?:[\d.-]+|train|val|test)(?: |$))", gap, path.read_text(), flags=re.M)
        path.write_bytes((mark + text.replace("\n", end) + 2 * end).encode())
    found = read_category_attribute(tmp_path)
    for field in fields(found):
        np.testing.assert_array_equal(getattr(found, field.name), getattr(expected, field.name))


def test_images_for_pre_training_have_their_own_list(tmp_path):
    folder = write_category_attribute(tmp_path)
    dress, tee, jeans = NAMES
    write(folder / PARTITION, [f"{dress}  train", f"{tee}  val"])
    with pytest.raises(DataError, match=f"list_eval_partition.txt: no row for image {jeans}"):
        read_category_attribute(folder)
    write(folder / "Eval" / "list_pretrain.txt", [jeans], header="image_name")
    assert read_category_attribute(folder).split.tolist() == ["train", "val", "pretrain"]
    write(folder / "Eval" / "list_pretrain.txt", [jeans, tee], header="image_name")
    with pytest.raises(DataError, match="list_pretrain.txt, line 4: the image is in list_eval_partition.txt, too"):
        read_category_attribute(folder)


def test_coarse_is_preferred_and_fine_has_its_own_partition(tmp_path):
    older = read_category_attribute(write_category_attribute(tmp_path, "Anno"))
    assert older.anno.name == "Anno" and older.group_names == lists.ATTRIBUTE_GROUPS
    fine = tmp_path / "Anno_fine"
    fine.mkdir()
    write(fine / "list_bbox.txt", [f"{name} 1 1 9 9" for name in NAMES[:2]])
    for split, names in {"train": NAMES[1:2], "val": NAMES[:1], "test": []}.items():
        (fine / f"{split}.txt").write_text("".join(name + "\n" for name in names))
    assert read_category_attribute(tmp_path).anno.name == "Anno"
    shutil.rmtree(tmp_path / "Anno")
    b = read_category_attribute(tmp_path)
    assert b.anno.name == "Anno_fine" and b.split.tolist() == ["val", "train"]
    (fine / "val.txt").write_text("")
    with pytest.raises(DataError, match="no row for image img/A Floral Dress/img_1.jpg"):
        read_category_attribute(tmp_path)


def write_fine_release(folder: Path) -> Path:
    """Per split: names, then lists without names; a dress and jeans for training, a tee for validation."""
    fine, (dress, tee, jeans) = folder / "Anno_fine", NAMES
    write(fine / "list_category_cloth.txt", ["Tee  1", "Jeans  2", "Dress  3"])
    write(fine / "list_attr_cloth.txt", ["floral 1", "no_sleeve 2"], "attribute_name attribute_type")
    points = {name: [[x + 1, x + 2] for x in range(8)] for name in NAMES}
    points[jeans][:4], points[tee][4:6], points[dress][7] = [[0, 0]] * 4, [[0, 0]] * 2, [0, 0]
    box = {dress: "1 2 30 40", tee: "5 6 70 80", jeans: "0 0 9 9"}
    category, labels = {dress: 3, tee: 1, jeans: 2}, {dress: "1 0", tee: "0 0", jeans: "0 1"}
    for split, names in {"train": [dress, jeans], "val": [tee], "test": []}.items():
        rows = {"": names, "_bbox": [box[n] for n in names], "_cate": [str(category[n]) for n in names]}
        rows["_attr"] = [labels[n] for n in names]
        rows["_landmarks"] = [" ".join(str(v) for point in points[n] for v in point) for n in names]
        for kind, lines in rows.items():
            (fine / f"{split}{kind}.txt").write_text("".join(line + "\n" for line in lines))
    (folder / "Img" / "img").mkdir(parents=True)
    return folder


def test_the_faults_of_all_lists_of_the_fine_release_are_collected(tmp_path):
    write_fine_release(tmp_path)
    paths = [path for path in tmp_path.glob("Anno_fine/train_*.txt") if path.name != "train_bbox.txt"]
    for path in paths:
        path.write_text(path.read_text().replace("\n", " 7 7\n", 1))
    with lists.collecting() as problems:
        b = deepfashion.find_benchmarks(tmp_path)["category_attribute"]
    assert sorted(str(problem).split(", line 1: ")[0] for problem in problems) == sorted(map(str, paths))
    assert (b.category, b.landmarks, b.attributes) == (None, None, None)


def test_fine_release_by_hand(tmp_path):
    b = deepfashion.find_benchmarks(write_fine_release(tmp_path))["category_attribute"]
    assert b.anno.name == "Anno_fine" and b.images_root == tmp_path / "Img"
    assert b.image.tolist() == [NAMES[0], NAMES[2], NAMES[1]] and b.split.tolist() == ["train", "train", "val"]
    assert b.box.tolist() == [[1, 2, 30, 40], [0, 0, 9, 9], [5, 6, 70, 80]] and b.box.dtype == np.float32
    assert b.category.tolist() == [2, 1, 0] and b.category.dtype == np.int16
    assert b.clothes_type.tolist() == [3, 2, 1] and b.category_names == ("Tee", "Jeans", "Dress")
    assert b.attributes.tolist() == [[1, -1], [-1, 1], [-1, -1]] and b.attributes.dtype == np.int8
    assert b.attribute_groups.tolist() == [1, 2] and b.group_names == lists.FINE_GROUPS
    assert b.visibility.tolist() == [[0] * 7 + [1], [-1] * 4 + [0] * 4, [0] * 4 + [-1] * 2 + [0] * 2]
    seen = np.array([[x + 1, x + 2] for x in range(8)], np.float32)
    for row, visibility in zip(b.landmarks, b.visibility, strict=True):
        np.testing.assert_array_equal(row, np.where(visibility[:, None] == 0, seen, NAN))
    for kind in ("attr", "cate", "landmarks"):
        (tmp_path / "Anno_fine" / f"train_{kind}.txt").unlink()
    b = read_category_attribute(tmp_path)
    assert b.attributes is b.category is b.landmarks is b.visibility is b.clothes_type is None


def test_the_landmark_benchmark_stands_in_for_an_absent_one(tmp_path):
    """Read from its own folder, but not beside Category and Attribute Prediction, which has these labels and more."""
    landmarks = write_category_attribute(tmp_path / "Fashion Landmark Detection Benchmark")
    for name in ("list_attr_cloth.txt", "list_attr_img.txt", "list_category_cloth.txt", "list_category_img.txt"):
        (landmarks / "Anno_coarse" / name).unlink()
    (landmarks / "Anno_coarse").rename(landmarks / "Anno")
    for root in (tmp_path, landmarks):
        b = deepfashion.find_benchmarks(root)["category_attribute"]
        assert b.anno == landmarks / "Anno"
    assert b.landmarks is not None and b.category is None and b.attributes is None
    both = write_category_attribute(tmp_path / "Category and Attribute Prediction Benchmark")
    assert deepfashion.find_benchmarks(tmp_path)["category_attribute"].anno == both / "Anno_coarse"


def test_joints_of_unknown_order_are_not_used(tmp_path):
    """The Fashion Landmark Detection Benchmark has clothes type and variation type before its joints."""
    path = write_category_attribute(tmp_path) / "Anno_coarse" / "list_joints.txt"
    write(path, [f"{name} 2 1" + " 0 5 5" * 14 for name in NAMES])
    with pytest.warns(UserWarning, match="list_joints.txt: not used, because the order"):
        b = read_category_attribute(tmp_path)
    assert b.joints is None and b.landmarks is not None


def test_inshop_by_hand(tmp_path):
    b = read_inshop(write_inshop(tmp_path))
    assert b.images_root == tmp_path and b.anno.name == "Anno"
    assert b.split.tolist() == ["train", "query", "gallery"] and b.item.tolist() == ["id_01", "id_02", "id_02"]
    assert b.pose.tolist() == [1, 3, 4] and b.clothes_type.tolist() == [3, 2, 2]
    assert b.category_names == ("MEN/Denim", "WOMEN/Dresses") and b.category.tolist() == [1, 0, 0]
    assert b.box[0].tolist() == [1, 2, 30, 40]
    assert b.landmarks is None and b.attributes is None
    deepfashion.check_disjoint(b)


def test_consumer2shop_by_hand(tmp_path):
    b = read_consumer2shop(write_consumer2shop(tmp_path))
    assert b.domain.tolist() == ["consumer", "shop", "consumer", "shop", "shop"]
    assert b.pairs.tolist() == [[0, 1], [2, 3]]
    assert b.split.tolist() == ["train", "train", "test", "test", ""]
    assert b.item.tolist() == ["id_1", "id_1", "id_2", "id_2", "id_3"]
    assert b.category_names == ("DRESSES/Dress", "TOPS/Tee") and b.category.tolist() == [0, 0, 0, 0, 1]
    assert b.visibility.shape == (5, 8) and b.clothes_type.tolist() == [3] * 5
    deepfashion.check_disjoint(b)


def test_find_benchmarks(tmp_path):
    for name, (write_folder, _) in WRITERS.items():
        (tmp_path / lists.FOLDERS[name]).mkdir()
        write_folder(tmp_path / lists.FOLDERS[name])
    found = deepfashion.find_benchmarks(tmp_path)
    assert {name: b.name for name, b in found.items()} == {name: name for name in WRITERS}
    for name, folder in lists.FOLDERS.items():
        assert list(deepfashion.find_benchmarks(tmp_path / folder)) == [name]
    with pytest.raises(DataError, match="none of 'Category and Attribute.*name the folder"):
        deepfashion.find_benchmarks(tmp_path / "elsewhere")


ITEM_NAMES, ITEM_LABELS = "Anno/list_attr_cloth.txt", "Anno/list_attr_items.txt"


def write_item_attributes(folder: Path, columns: str, names: list[str], rows: list[str]) -> Path:
    write(folder / ITEM_NAMES, names, columns)
    write(folder / ITEM_LABELS, rows, "item_id  attribute_labels")
    return folder


@pytest.mark.parametrize(("folder", "counted"), [("Anno", True), ("Anno/attributes", False)])
def test_inshop_item_attributes_by_hand(tmp_path, counted, folder):
    """Names alone, with and without the row count; id_01 is not labelled; id_99 has no image."""
    write_inshop(tmp_path)
    write(tmp_path / folder / "list_attr_items.txt", ["id_99  1 1 1", "id_02    -1  0 1"], "item_id attribute_labels")
    path = tmp_path / folder / "list_attr_cloth.txt"
    write(path, ["denim", "long sleeve", "size 12"], "attribute_name")
    if not counted:
        path.write_text(path.read_text().removeprefix("3\n"))
    b = read_inshop(tmp_path)
    assert b.attributes.tolist() == [[0, 0, 0], [-1, 0, 1], [-1, 0, 1]] and b.attributes.dtype == np.int8
    assert b.attribute_names == ("denim", "long sleeve", "size 12")
    assert b.attribute_groups.tolist() == [0, 0, 0] and b.attribute_groups.dtype == np.int8
    assert b.group_names == {0: "all attributes"}


def test_consumer2shop_item_attributes_by_hand(tmp_path):
    columns = "attribute_name (Chinese)   attribute_name (English)   attribute_type"
    names = ["\u957f\u6b3e (80cm)      Long (longer than 80cm)     1", "\u62c9\u94fe\tZip  12"]
    folder = write_item_attributes(write_consumer2shop(tmp_path), columns, names, ["id_2  1 -1", "id_3  0  1"])
    for file in (ITEM_NAMES, ITEM_LABELS):
        path = folder / file
        path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n"))
    b = read_consumer2shop(folder)
    assert b.attribute_names == ("Long (longer than 80cm)", "Zip") and b.attribute_groups.tolist() == [1, 12]
    assert b.group_names == {1: "group 1", 12: "group 12"}
    assert b.attributes.tolist() == [[0, 0], [0, 0], [1, -1], [1, -1], [0, 1]]  # an image in no pair has an item, too


def test_ceiling_by_hand(tmp_path):
    """The three images with 60 attributes."""
    folder = write_category_attribute(tmp_path)
    write(folder / "Anno_coarse" / "list_attr_cloth.txt", [f"attribute {i}  {1 + i % 5}" for i in range(60)])
    write(folder / LABELS, [f"{name} " + " -1" * 60 for name in NAMES])
    first, second = list(range(10, 60)), list(range(49, -1, -1))
    rows = [f"{NAMES[2]}  {' '.join(map(str, first))}", f"{NAMES[1]}  {' '.join(map(str, second))}"]
    write(folder / "Eval" / "list_ceiling.txt", rows, "image_name  attributes")
    b = read_category_attribute(folder)
    assert b.ceiling.dtype == np.int16 and b.ceiling.tolist() == [[-1] * 50, second, first]
    write(folder / "Eval" / "list_ceiling.txt", [NAMES[0] + " 1" * 49 + " 60"])
    with pytest.raises(DataError, match="list_ceiling.txt, line 3: an attribute is not one of 0 to 59"):
        read_category_attribute(folder)


def test_measured_split(tmp_path):
    b = read_inshop(write_inshop(tmp_path))
    assert deepfashion.measured_split(b) == "query"
    for split, expected in ((["val", "train", "test"], "test"), (["val", "query", ""], "val")):
        assert deepfashion.measured_split(replace(b, split=np.array(split))) == expected
    with pytest.raises(DataError, match="no test, val or query split; list one"):
        deepfashion.measured_split(replace(b, split=np.array(["train", "pretrain", ""])))


def test_sides(tmp_path):
    inshop = read_inshop(write_inshop(tmp_path / "a"))
    query, gallery = deepfashion.sides(inshop)
    assert (query.tolist(), gallery.tolist()) == ([1], [2]) and query.dtype == gallery.dtype == np.int64
    with pytest.raises(Lacks, match="no query images or no gallery"):
        deepfashion.sides(replace(inshop, split=np.array(["train", "query", "query"])))
    street = read_consumer2shop(write_consumer2shop(tmp_path / "b"))
    val = replace(street, split=np.array(["train", "train", "val", "val", ""]))
    for b in (street, val):
        assert [side.tolist() for side in deepfashion.sides(b)] == [[2], [3]]


def test_without_drops_rows_and_their_pairs(world):
    street = world["consumer2shop"]
    gone = [int(street.pairs[0, 0]), int(street.pairs[-1, 1])]
    left = deepfashion.without(street, gone)
    kept = [i for i in range(len(street.image)) if i not in gone]
    assert left.skipped == 2 and left.image.tolist() == street.image[kept].tolist()
    for name in ("box", "split", "item", "domain", "attributes", "landmarks", "visibility"):
        np.testing.assert_array_equal(getattr(left, name), getattr(street, name)[kept])
    names = {tuple(pair) for pair in street.image[street.pairs].tolist() if not set(pair) & set(street.image[gone])}
    assert {tuple(pair) for pair in left.image[left.pairs].tolist()} == names and len(names) < len(street.pairs)
    assert deepfashion.without(left, [0]).skipped == 3


# Faults: every one is a DataError that names the file and, where there is one, the line

FINE, FAULTY = "Anno_fine/", WRITERS | {"fine": (write_fine_release, read_category_attribute)}
BOXES, PARTITION = "Anno_coarse/list_bbox.txt", "Eval/list_eval_partition.txt"
LANDMARKS, LABELS = "Anno_coarse/list_landmarks.txt", "Anno_coarse/list_attr_img.txt"
INSHOP, C2S = "Anno/list_bbox_inshop.txt", "Anno/list_bbox_consumer2shop.txt"
CATEGORIES, CATEGORY_NAMES = "Anno_coarse/list_category_img.txt", "Anno_coarse/list_category_cloth.txt"
NAMED = {PARTITION: 5, CATEGORIES: 4, LANDMARKS: 3, LABELS: 4}  # of images in the list of boxes; the tee's line
FAULTS = {  # file, what to replace, by what, the message
    "category_attribute": [
        (BOXES, "002 200", "wide 200", "line 4: '.*wide.* where 'image_name x_1 y_1 x_2 y_2' should be"),
        (BOXES, "079", "079 1", "line 3: '.*' where"),
        (BOXES, "232", "0", "line 3: the box has no area"),
        (BOXES, "072", "-1", "line 3: the box begins outside"),
        (BOXES, "65535", "65536", "line 4: the box ends beyond 65535 pixels"),
        (BOXES, "img/Tee/", r"img\\\\Tee/", "line 4: .*may leave the data folder"),
        (BOXES, "img/Tee/", "/etc/", "line 4: .*may leave the data folder"),
        (CATEGORIES, " 3", " 0", "line 3: the category is not one of"),
        (CATEGORIES, " 3", " 0.5", "line 3: the category is not one of"),
        (CATEGORIES, " 3", " 4", "line 3: the category is not one of 1 to 3"),
        (LANDMARKS, "070 071", "070", "line 3: clothes types 1, 2 and 3 have"),
        (LANDMARKS, "  1 2  0", "  4 2  0", "line 3: the clothes type is not one of 1 to 3"),
        (LANDMARKS, "0 010", "3 010", "line 3: a visibility is not one of 0 to 2"),
        (LANDMARKS, "0 5 6", "0 5 6000", "line 5: a landmark is more than 10 sides of its box away"),
        (LABELS, "^3\n", "99999999\n", "line 1: .*more than the file can hold"),
        (LABELS, "-1  0", "-1  2", "line 4: 2 labels where 2 should be, each 1, -1 or 0"),
        (LABELS, "-1  0", "-1  0 1", "line 4: 3 labels where 2 should be"),
        (LABELS, "  -1  0", "", "line 4: no image name with labels to its right"),
        (CATEGORY_NAMES, "Jeans  2", "Jeans  0", "line 4: clothes type is not one of 1 to 3"),
        (CATEGORY_NAMES, "Skinny Jeans", "Tee", "line 4: category 'Tee' is on line 3 already"),
        *((file, "^3", count, f"line 1: it says {count} rows and") for file in (BOXES, LABELS) for count in "24"),
        *((file, "(?s)^.+", t, f"line 1: '{t}' is not a row count") for file in (BOXES, LABELS) for t in ("", "0")),
        *((file, "img/Tee", "img/\udcff", "line 4: not UTF-8 text") for file in (BOXES, LABELS)),
        *((f, "img/Tee", "img/no", f"line {i}: image img/no/.* is not in the list of boxes") for f, i in NAMED.items()),
        *((file, "(?s)^3(.*\n)img/Tee[^\n]*\n", r"2\1", ": no row for image img/Tee/img_2.jpg") for file in NAMED),
        *(
            (file, "(?s)^3(.*\n)(img/Tee[^\n]*\n)", r"4\1\2\2", f"line {i + 1}: image .* is listed a second time")
            for file, i in (NAMED | {BOXES: 4}).items()
        ),
    ],
    "fine": [
        (FINE + "train_bbox.txt", "0 0 9 9", "0 0 nan 9", "line 2: '0 0 nan 9' where 'x_1 y_1 x_2 y_2' should be"),
        (FINE + "train_bbox.txt", "0 0 9 9\n", "", "1 rows for 2 image names"),
        (FINE + "train_cate.txt", "2\n", "4\n", "line 2: the category is not one of 1 to 3"),
        (FINE + "train_attr.txt", "0 1", "0 -1", "line 2: a label is not one of 0 to 1"),
        (FINE + "train.txt", "img/Jeans", "../Jeans", "line 2: image name .* may leave the data folder"),
        (FINE + "val.txt", NAMES[1], NAMES[0], "line 1: image .* is listed a second time"),
    ],
    "inshop": [
        ("Anno/list_attr_items.txt", "id_02 1 0", "id_01 1 0", "line 3: item id_01 is listed again with other labels"),
        (INSHOP, "2 3 5", "2 7 5", "line 4: the pose is not one of 1 to 6"),
        (PARTITION, "id_02 query", "id_09 query", "line 4: item id_09 is not in list_item_inshop.txt"),
        (PARTITION, "query", "val", "line 4: .* where 'image_name item_id train|query|gallery'"),
    ],
    "consumer2shop": [
        (C2S, "3 1 1 1", "3 3 1 1", "line 4: the source is not one of 1 to 2"),
        (PARTITION, "id_1/comsumer_01", "id_2/shop_01", "line 3: not a consumer and a shop image"),
        (PARTITION, "  id_1  train", "", "line 3: .* where 'image_pair_name_1"),
        (PARTITION, "  img/DRESSES/Dress/id_1/shop_01.jpg", "", "line 3: no two image names"),
        (PARTITION, "id_1/shop_01", "id_1/shop_09", "line 3: image .*shop_09.jpg is not in the list"),
        (PARTITION, "id_2/shop_01", "id_1/shop_01", "line 3: an image of this row is in another split"),
        (PARTITION, "(?s)id_2/shop_01(.*)test", r"id_1/shop_01\1train", "line 3: .* of another item"),
    ],
}


@pytest.mark.parametrize(
    ("name", "file", "old", "new", "message"), [(name, *fault) for name in FAULTS for fault in FAULTS[name]]
)
def test_faults_are_named(tmp_path, name, file, old, new, message):
    write_folder, read = FAULTY[name]
    path = write_folder(tmp_path) / file
    if name == "inshop":
        write_item_attributes(tmp_path, "attribute_name", ["denim", "knit"], ["id_02 1 0", "id_01 1 1"])
    text, changes = re.subn(old, new, path.read_text(), count=1)
    assert changes == 1
    path.write_bytes(text.encode(errors="surrogateescape"))
    with pytest.raises(DataError, match=message) as caught:
        read(tmp_path)
    assert str(caught.value).startswith(str(path)) and "\n" not in str(caught.value)
    assert "; " in str(caught.value)  # the cure


def test_an_absent_list_is_named(tmp_path):
    for file in (BOXES, PARTITION, "Anno_coarse/list_attr_cloth.txt", "Anno_coarse/list_category_cloth.txt"):
        path = write_category_attribute(tmp_path / Path(file).stem) / file
        path.unlink()
        with pytest.raises(DataError, match=f"{re.escape(str(path))}: No such file.*put the official file there"):
            read_category_attribute(tmp_path / Path(file).stem)


def test_links_that_leave_the_data_folder(tmp_path):
    folder, outside = write_category_attribute(tmp_path / "data"), tmp_path / "outside"
    outside.mkdir()
    (outside / "img_2.jpg").write_bytes(b"secret")
    image = folder / "Img" / "img" / "Tee"
    image.symlink_to(outside)
    with pytest.raises(DataError, match=r"list_bbox.txt, line 4: .*is a link out of"):
        read_category_attribute(folder)
    image.unlink()
    image.mkdir()
    (image / "inside.jpg").write_bytes(b"")
    (image / "img_2.jpg").symlink_to("inside.jpg")
    (tmp_path / "link").symlink_to(folder)  # the data folder itself may be a link
    read_category_attribute(tmp_path / "link")


def test_check_disjoint(tmp_path):
    b = read_inshop(write_inshop(tmp_path))
    with pytest.raises(DataError, match="item id_02 is in train and in query or gallery; keep"):
        deepfashion.check_disjoint(replace(b, item=np.array(["id_02"] * 3)))
    c = read_consumer2shop(write_consumer2shop(tmp_path / "c2s"))
    with pytest.raises(DataError, match="item id_1 is in train and in test"):
        deepfashion.check_disjoint(replace(c, item=np.array(["id_1"] * 5)))


# DeepFashion's real lists and a real sample; skipped where these are not beside the checkout

SHARED = Path(__file__).parents[2] / "shared" / "data"


@pytest.fixture(scope="module")
def real_lists() -> Path:
    if not (SHARED / "deepfashion_lists").is_dir():
        pytest.skip("the real DeepFashion lists are not beside this checkout")
    return SHARED / "deepfashion_lists"


def test_real_inshop_partition(real_lists, tmp_path):
    """The release has no boxes among these lists: every image gets one of its own, in reverse order."""
    partition = real_lists / "inshop" / "list_eval_partition.txt"
    names = [line.split()[0] for line in partition.read_text().splitlines()[2:]]
    boxes = [f"{name} 1 1 1 1 9 9" for name in reversed(names)]
    write(tmp_path / "Anno" / "list_bbox_inshop.txt", boxes)
    (tmp_path / "Eval").mkdir()
    (tmp_path / "Eval" / "list_eval_partition.txt").symlink_to(partition)
    (tmp_path / "Anno" / "list_item_inshop.txt").symlink_to(real_lists / "inshop" / "list_item_inshop.txt")
    (tmp_path / "Anno" / "list_attr_cloth.txt").symlink_to(real_lists / "inshop" / "list_attr_cloth_inshop.txt")
    write(tmp_path / "Anno" / "list_attr_items.txt", ["id_00000001 1" + " -1" * 462])
    (tmp_path / "img").mkdir()
    b = deepfashion.read_benchmark(tmp_path, "inshop")
    assert len(b.image) == 52_712 and len(np.unique(b.item)) == 7_982
    assert [len(b.rows(split)) for split in ("train", "query", "gallery")] == [25_882, 14_218, 12_612]
    assert len(np.unique(b.item[b.rows("train")])) == 3_997 and len(b.category_names) == 23
    first = (b.image[-1], b.item[-1], b.split[-1], b.category_names[b.category[-1]])
    assert first == (names[0], "id_00000001", "gallery", "WOMEN/Blouses_Shirts")
    assert len(b.attribute_names) == 463 and b.attribute_names[0] == "lightweight"
    labelled = b.item == "id_00000001"
    assert (b.attributes[labelled, 0] == 1).all() and (b.attributes[labelled, 1:] == -1).all()
    assert not b.attributes[~labelled].any()
    deepfashion.check_disjoint(b)


def test_real_consumer2shop_attributes_have_byte_order_marks_crlf_and_two_names(real_lists, tmp_path):
    image, other = "img/TOPS/Tee/id_1/comsumer_01.jpg", "img/TOPS/Tee/id_1/shop_01.jpg"
    write(tmp_path / "Anno" / "list_bbox_consumer2shop.txt", [f"{image} 1 2 1 1 9 9", f"{other} 1 1 1 1 9 9"])
    write(tmp_path / "Eval" / "list_eval_partition.txt", [f"{image} {other} id_1 test"])
    (tmp_path / "img").mkdir()
    for name in ("list_attr_cloth.txt", "list_attr_type.txt"):
        (tmp_path / "Anno" / name).symlink_to(real_lists / "consumer2shop" / name)
    write(tmp_path / "Anno" / "list_attr_items.txt", ["id_1".ljust(14) + " ".join(["-1"] * 302 + ["1"])])
    b = deepfashion.read_benchmark(tmp_path, "consumer2shop")
    assert len(b.attribute_names) == 303 and b.attribute_names[0] == "Regular length (51-65cm)"
    assert b.attribute_names[-1] == "Leg-of-mutton Sleeve" and "Appliqué" in b.attribute_names
    assert (b.attribute_groups[0], b.attribute_groups[-1]) == (1, 18) and len(b.group_names) == 18
    assert (b.group_names[1], b.group_names[18]) == ("length of upper-body clothes", "type of sleeves")
    assert (b.attributes[:, -1] == 1).all() and (b.attributes[:, :-1] == -1).all()
    items = lists.read_list(real_lists / "consumer2shop" / "list_item_consumer2shop.txt", header=1)
    assert len(set(items)) == len(items) == 33_881


def test_real_sample():
    if not (SHARED / "deepfashion_fine").is_dir():
        pytest.skip("the real DeepFashion sample is not beside this checkout")
    found = deepfashion.find_benchmarks(SHARED / "deepfashion_fine")
    b = found["category_attribute"]
    assert list(found) == ["category_attribute", "inshop"]
    assert b.anno.name == "Anno_fine" and b.images_root.name == "Img"
    assert len(b.image) == 6000 and len(b.rows("train")) == 5000 and len(b.rows("val")) == 1000
    assert (b.image[0], b.box[0].tolist()) == ("img/00000.jpg", [62, 62, 165, 300])
    first = [[76, 82], [112, 90], [77, 278], [148, 243], [NAN, NAN], [NAN, NAN], [86, 279], [139, 248]]
    np.testing.assert_array_equal(b.landmarks[0], first)
    assert b.visibility[0].tolist() == [0, 0, 0, 0, -1, -1, 0, 0] and b.clothes_type[0] == 1
    assert [(b.visibility == code).sum() for code in (0, 1, 2)] == [31_557, 6_257, 0]
    assert np.flatnonzero(b.attributes[0] == 1).tolist() == [5, 7, 12, 13, 19, 25]
    assert b.attributes.shape == (6000, 26) and (b.attributes == 1).sum() == 36_000
    assert len(b.group_names) == 6 and np.bincount(b.attribute_groups).tolist() == [0, 7, 3, 3, 4, 6, 3]
    assert b.joints[0, 0].tolist() == [113, 50] and ((b.joint_visibility != 2).any(1)).sum() == 5177
    assert b.category is None and b.item is None and b.ceiling is None

    b = found["inshop"]
    assert len(b.image) == 8106 and [len(b.rows(s)) for s in ("train", "query", "gallery")] == [3901, 160, 4045]
    assert len(np.unique(b.item)) == 7946 and len(b.category_names) == 23
    first = (b.image[0], b.item[0], b.box[0].tolist(), b.pose[0], b.clothes_type[0])
    assert first == ("img/WOMEN/Blouses_Shirts/id_00000001/02_1_front.jpg", "id_00000001", [49, 0, 184, 256], 1, 1)
    assert b.attributes.shape == (8106, 14) and b.group_names == {0: "all attributes"}
    assert np.flatnonzero(b.attributes[0] == 1).tolist() == [5, 10]  # chiffon, pure color
    assert b.landmarks is None and b.joints is None
    for b in found.values():
        deepfashion.check_disjoint(b)
