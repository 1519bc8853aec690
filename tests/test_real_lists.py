"""The readers on DeepFashion's real lists and a real sample; skipped where these are not beside the checkout."""

from pathlib import Path

import numpy as np
import pytest

from lib import deepfashion, lists

SHARED = Path(__file__).parents[2] / "shared" / "data"
NAN = float("nan")


def write(path: Path, rows: list[str]) -> None:
    lists.write_list(path, "columns", rows)


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
