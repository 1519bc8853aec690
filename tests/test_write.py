"""Own labels in the official layout: what is written is read back equal, and bad tables are named."""

import numpy as np
import pandas as pd
import pytest

from lib import deepfashion
from lib.lists import DataError
from lib.write import POINTS, write


def own(**columns) -> pd.DataFrame:
    table = {
        "image": [f"img/a b/{i}.jpg" for i in range(4)],
        "x1": [0, 1.5, 2, 3],
        "y1": [4, 5, 6, 7.25],
        "x2": [50, 60.1, 70, 65535],
        "y2": [80, 90, 100, 110],
        "split": ["train", "val", "test", "pretrain"],
    }
    return pd.DataFrame(table | columns)


def search(**columns) -> pd.DataFrame:
    names = [
        f"img/WOMEN/{kind}/{item}/{i}.jpg"
        for i, (kind, item) in enumerate([("Tees", "id_1"), ("Tees", "id_1"), ("Skirts", "id_2"), ("Skirts", "id_2")])
    ]
    table = {"image": names, "x1": 1, "y1": 2, "x2": 30, "y2": 40, "item": ["id_1", "id_1", "id_2", "id_2"]}
    return pd.DataFrame(table | columns)


def same_as_found(b: deepfashion.Benchmark, folder) -> None:
    """Compare a benchmark with the only one that is found in a folder."""
    (other,) = deepfashion.find_benchmarks(folder).values()
    for name in b.__dataclass_fields__:
        np.testing.assert_array_equal(getattr(b, name), getattr(other, name), err_msg=name)


def test_boxes_and_splits_alone(tmp_path):
    b = write(tmp_path, own())
    same_as_found(b, tmp_path)
    assert b.image.tolist() == own().image.tolist() and b.split.tolist() == own().split.tolist()
    np.testing.assert_array_equal(b.box, own()[["x1", "y1", "x2", "y2"]].to_numpy(np.float32))
    assert b.category is None and b.attributes is None and b.landmarks is None


def test_categories_attributes_and_landmarks(tmp_path):
    points = {name: [20.0 + i, 7, 0, 4] for i, name in enumerate(POINTS)}
    points |= {name: [0, 1, 2, 0] for name in POINTS[::3]}
    table = own(category=["Long Dress", "Tee", "Jeans", "Tee"], clothes_type=["full", 1, "lower", "upper"],
                attributes=["floral; a-line", "", None, "floral"], **points)  # fmt: skip
    b = write(tmp_path, table)
    same_as_found(b, tmp_path)
    assert [b.category_names[c] for c in b.category] == table.category.tolist()
    assert b.clothes_type.tolist() == [3, 1, 2, 1]
    assert b.attribute_names == ("a-line", "floral") and b.attributes.tolist() == [[1, 1], [-1, -1], [-1, -1], [-1, 1]]
    assert b.visibility.tolist() == [
        [0] * 8,
        [1, 1, 1, 1, -1, -1, 1, 1],
        [-1] * 4 + [2] * 4,
        [0, 0, 0, 0, -1, -1, 0, 0],
    ]
    assert b.landmarks[0, 1].tolist() == [20 + 4, 20 + 5] and b.landmarks[3, 7].tolist() == [4, 4]
    assert np.isnan(b.landmarks[2]).all()  # cut off, or no such landmark


def test_an_in_shop_table(tmp_path):
    table = search(
        split=["train", "train", "query", "gallery"], pose=["side", 3, "front", 1], attributes=["knit", "knit", "", ""]
    )
    b = write(tmp_path, table)
    same_as_found(b, tmp_path)
    assert b.item.tolist() == table["item"].tolist() and b.split.tolist() == table.split.tolist()
    assert b.pose.tolist() == [2, 3, 1, 1] and b.attributes.tolist() == [[1], [1], [-1], [-1]]
    assert [b.category_names[c] for c in b.category] == ["WOMEN/Tees"] * 2 + ["WOMEN/Skirts"] * 2


def test_a_consumer_to_shop_table(tmp_path):
    table = search(split=["train", "train", "test", "test"], domain=["shop", "consumer", "consumer", "shop"])
    b = write(tmp_path, table)
    same_as_found(b, tmp_path)
    assert b.pairs.tolist() == [[1, 0], [2, 3]] and b.domain.tolist() == table.domain.tolist()
    assert b.item.tolist() == table["item"].tolist() and b.split.tolist() == table.split.tolist()


def test_a_world_comes_back_equal(world, tmp_path):
    """The lists of all kinds of labels, from a benchmark that other code wrote."""
    b = world["category_attribute"]
    names = np.array(b.attribute_names)
    table = pd.DataFrame(b.box, columns=["x1", "y1", "x2", "y2"]).assign(
        image=b.image, split=b.split, clothes_type=b.clothes_type, category=np.array(b.category_names)[b.category],
        attributes=[";".join(names[labels == 1]) for labels in b.attributes])  # fmt: skip
    points = np.concatenate([b.visibility[..., None], b.landmarks], axis=2).reshape(len(b.image), -1)
    own = write(tmp_path, pd.concat([table, pd.DataFrame(points, columns=POINTS)], axis=1))
    for name in ("image", "split", "box", "clothes_type", "landmarks", "visibility"):
        np.testing.assert_array_equal(getattr(own, name), getattr(b, name), err_msg=name)
    for i in range(len(b.image)):
        assert own.category_names[own.category[i]] == b.category_names[b.category[i]]
        assert set(np.array(own.attribute_names)[own.attributes[i] == 1]) == set(names[b.attributes[i] == 1])


def test_a_csv_and_its_photos(tmp_path):
    for name in own().image:
        (tmp_path / "photos" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "photos" / name).write_bytes(name.encode())
    own(category=["1", "2", "1", "1"]).to_csv(tmp_path / "own.csv", index=False)
    b = write(tmp_path / "out", str(tmp_path / "own.csv"), tmp_path / "photos")
    assert b.category_names == ("1", "2")
    assert [(b.images_root / name).read_bytes().decode() for name in b.image] == b.image.tolist()
    (tmp_path / "photos" / own().image[2]).unlink()
    with pytest.raises(DataError, match="no such photo: img/a b/2.jpg; put them there"):
        write(tmp_path / "again", own(), tmp_path / "photos")


@pytest.mark.parametrize(
    ("table", "said"),
    [
        (own(colour="red"), "unknown column 'colour'"),
        (own().drop(columns="y2"), "no column 'y2'"),
        (own()[:0], "no rows"),
        (own(image=["img/1.jpg"] * 4), "row 2 of the table: image img/1.jpg is listed a second time"),
        (own(image=["img/1.jpg", "img/2", "img/3.jpg", "img/4.jpg"]), "row 2 .*where an image name"),
        (own(image=["img/1.jpg", "../2.jpg", "img/3.jpg", "img/4.jpg"]), "row 2 .*plain relative name"),
        (own(image=["img/1.jpg", "2.jpg", "img/3.jpg", "img/4.jpg"]), "row 2 .*no image in a folder"),
        (own(x1=[0, "wide", 2, 3]), "row 2 .*not four numbers"),
        (own(x1=[0, 1, 99, 3]), "row 3 .*no area"),
        (own(y1=[0, -1, 2, 3]), "row 2 .*begins outside"),
        (own(x2=[50, 70_000, 70, 70]), "row 2 .*ends beyond 65535 pixels"),
        (pd.concat([own(), own()[["x1"]]], axis=1), "two columns 'x1'"),
        (own(clothes_type=[1, [2], 3, 3]), "row 2 .*clothes_type is not text"),
        (own(category=["a", "b\nc", "b", "c"]), "row 2 .*line break"),
        (own(attributes=["a", "b\r\nc", "b", "c"]), "row 2 .*line break"),
        (own(split=["train", "dev", "test", "test"]), "row 2 .*split is not one of train, val, test, pretrain"),
        (own(clothes_type=[1, 2, 3, 4]), "row 4 .*clothes type"),
        (own(category=["a", "", "b", "c"]), "row 2 .*no category"),
        (own(category=["a", "a", "b", "c"], clothes_type=[1, 2, 3, 3]), "row 1 .*more than one clothes type"),
        (own(attributes=""), "names none"),
        (own(attributes=[["floral"], ["maxi"], [], []]), "row 1 .*attributes is not text; join several names with ';'"),
        (own(attributes=["a;b", "floral,maxi", "", ""]), "row 2 .*holds a comma; separate names with ';'"),
        (own(domain="shop"), "needs a column 'item'"),
        (own(pose="front"), "only In-shop lists"),
        (own(**dict.fromkeys(POINTS, 5)), "row 1 .*visibility of the left collar is not 0, 1 or 2"),
        (own(landmark_visibility_1=0), "no column 'landmark_location_x_1'"),
        (search(split="train", category="Dress"), "leave the column out"),
        (search(split="train", item=["a", "b c", "d", "e"]), "row 2 .*one with blanks"),
        (search(split="test"), "row 1 .*split is not one of train, query, gallery"),
        (search(split="train", attributes=["a", "b", "", ""]), "row 1 .*other attributes"),
        (search(split="train", domain="shop"), "row 1 .*lacks the other side"),
        (search(split="train", domain=["shop", "web", "shop", "shop"]), "row 2 .*domain"),
        (search(split=["train", "test", "val", "val"], domain=["shop", "consumer"] * 2), "row 1 .*two splits"),
        (search(split="train", pose="sideways"), "row 1 .*pose"),
    ],
)  # fmt: skip
def test_bad_tables_are_named_and_nothing_is_written(tmp_path, table, said):
    with pytest.raises(DataError, match=said):
        write(tmp_path / "out", table)
    assert not list(tmp_path.rglob("list_bbox*"))


def test_lists_of_an_earlier_table_are_replaced_or_stay_whole(tmp_path):
    write(tmp_path, own(category="Dress"))
    root = write(tmp_path, own(category="Tee")).images_root.parent  # replaces all of it
    lists = {path: path.read_bytes() for path in tmp_path.rglob("*.txt")}
    stale = "list_category_cloth.txt: a list of an earlier table.*delete it, or name another"
    with pytest.raises(DataError, match=stale):
        write(tmp_path, own()[:2])
    # What only the reader finds is found before lists that are there are replaced.
    with pytest.raises(DataError, match="^row 1 of the table: the box ends beyond 65535 pixels; correct it$"):
        write(tmp_path, own(category="Tee", x2=70_000))
    assert lists == {path: path.read_bytes() for path in tmp_path.rglob("*.txt")} and not list(tmp_path.glob("*.part"))
    (root / "Eval" / "list_ceiling.txt").write_text("x")
    with pytest.raises(DataError, match="list_ceiling.txt: a list of an earlier table"):
        write(tmp_path, own(category="Tee"))


def test_an_image_without_the_category_of_all_others_is_named(tmp_path):
    """One odd name of 50,000 must not take the categories of all away without a word."""
    table = search(split=["train", "train", "query", "gallery"])
    assert write(tmp_path / "short", table.assign(image=[f"img/{i}.jpg" for i in range(4)])).category is None
    with pytest.raises(DataError, match="row 2 of the table: the image's name has no category, and others have"):
        write(tmp_path, table.assign(image=[table.image[0], "img/2.jpg", *table.image[2:]]))
