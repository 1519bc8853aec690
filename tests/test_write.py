"""Own labels in the official layout: what is written is read back equal, and what people have is read or named."""

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from lib import deepfashion
from lib.lists import FOLDERS, DataError
from lib.write import POINTS, write


def own(**columns) -> pd.DataFrame:
    images = [f"img/J.Crew été {i}/{i}.jpg" for i in range(4)]
    box = {"x1": 10, "y1": [10, 10.25, 10, 10], "x2": [60, 70.1, 80, 90], "y2": 95}
    return pd.DataFrame({"image": images, **box, "split": ["train", "val", "test", "pretrain"]} | columns)


def search(**columns) -> pd.DataFrame:
    items = ["dr.martens", "dr.martens", "A.P.C.", "A.P.C."]
    names = [f"img/WOMEN/{'Tees' if i < 2 else 'Skirts'}/{item}/{i}.jpg" for i, item in enumerate(items)]
    table = {"image": names, "x1": 1, "y1": 2, "x2": 30, "y2": 40, "item": items, "split": "train"}
    return pd.DataFrame(table | columns)


def points(**columns) -> dict:
    """Columns in which all landmarks but those given are cut off."""
    known = {name: 2 if "visibility" in name else 0 for name in POINTS}
    return known | {f"landmark_{name}": value for name, value in columns.items()}


def lists_in(folder) -> dict:
    return {path: path.read_bytes() for path in folder.rglob("*.txt")}


def same_as_found(b: deepfashion.Benchmark, folder) -> None:
    """Compare a benchmark with the only one that is found in a folder."""
    (other,) = deepfashion.find_benchmarks(folder).values()
    for name in b.__dataclass_fields__:
        np.testing.assert_array_equal(getattr(b, name), getattr(other, name), err_msg=name)


def test_categories_attributes_and_landmarks(tmp_path):
    points = {name: [20.0 + i, 7, 0, 4] for i, name in enumerate(POINTS)}
    points |= {name: [0, 1, 2, 0] for name in POINTS[::3]}
    table = own(
        category=["Long Dress", "Tee", "Jeans", "Tee"],
        clothes_type=["full", 1, "lower", "upper"],
        attributes=["floral; a-line", "", None, "floral"],
        **points,
    )
    b = write(tmp_path, table)
    same_as_found(b, tmp_path)
    assert [b.category_names[c] for c in b.category] == table.category.tolist()
    assert b.clothes_type.tolist() == [3, 1, 2, 1]
    assert b.attribute_names == ("a-line", "floral") and b.attributes.tolist() == [[1, 1], [-1, -1], [-1, -1], [-1, 1]]
    tees = [[code] * 4 + [-1, -1] + [code] * 2 for code in (1, 0)]
    assert b.visibility.tolist() == [[0] * 8, tees[0], [-1] * 4 + [2] * 4, tees[1]]
    assert b.landmarks[0, 1].tolist() == [20 + 4, 20 + 5] and b.landmarks[3, 7].tolist() == [4, 4]
    assert np.isnan(b.landmarks[2]).all()  # cut off, or no such landmark


def test_a_landmark_at_zero_is_unknown_as_in_the_lists(tmp_path):
    known = {"visibility_1": 0, "visibility_2": 0, "location_x_2": [30, 31, 32, np.nan], "location_y_2": 40}
    b = write(tmp_path, own(**points(**known)))
    assert b.visibility[:, :3].tolist() == [[1, 0, 2]] * 3 + [[1, 1, 2]]
    assert np.isnan(b.landmarks[:, 0]).all() and b.landmarks[:3, 1].tolist() == [[30, 40], [31, 40], [32, 40]]


def test_an_in_shop_table(tmp_path):
    splits, poses = ["train", "train", "query", "gallery"], ["side", 3, "front", 1]
    table = search(split=splits, pose=poses, attributes=["knit", "knit", "", ""])
    b = write(tmp_path, table)
    same_as_found(b, tmp_path)
    assert b.item.tolist() == table["item"].tolist() and b.split.tolist() == splits
    assert b.pose.tolist() == [2, 3, 1, 1] and b.attributes.tolist() == [[1], [1], [-1], [-1]]
    assert [b.category_names[c] for c in b.category] == ["WOMEN/Tees"] * 2 + ["WOMEN/Skirts"] * 2


def test_a_consumer_to_shop_table(tmp_path):
    table = search(split=["train", "train", "test", "test"], domain=["shop", "consumer", "consumer", "shop"])
    b = write(tmp_path, table)
    same_as_found(b, tmp_path)
    assert b.pairs.tolist() == [[1, 0], [2, 3]] and b.domain.tolist() == table.domain.tolist()
    assert b.item.tolist() == table["item"].tolist() and b.split.tolist() == table.split.tolist()


def test_lists_of_an_earlier_table_are_replaced_or_stay_whole(tmp_path):
    write(tmp_path, own(category="Dress"))
    root = write(tmp_path, own(category="Tee")).images_root.parent  # replaces all of it
    before = lists_in(tmp_path)
    with pytest.raises(DataError, match="category_cloth.txt: a list of an earlier table.*delete it, or name another"):
        write(tmp_path, own()[:2])
    # What only the reader finds is found before lists that are there are replaced.
    with pytest.raises(DataError, match="^row 1 of the table: the box ends beyond 65535 pixels; correct it$"):
        write(tmp_path, own(category="Tee", x2=70_000))
    assert lists_in(tmp_path) == before and not list(tmp_path.glob("*.part"))
    (root / "Eval" / "list_ceiling.txt").write_text("x")
    with pytest.raises(DataError, match="list_ceiling.txt: a list of an earlier table"):
        write(tmp_path, own(category="Tee"))


@pytest.mark.parametrize("text", ["category", "string", object])
@pytest.mark.parametrize("number", ["category", "Int64", "float32", object, str])
def test_every_dtype_is_read_alike(tmp_path, text, number):
    kinds = dict.fromkeys(("split", "item", "pose", "image"), text)
    kinds |= dict.fromkeys(("x1", "x2", "clothes_type"), number)
    whole = search(split=["train", "train", "query", "gallery"], pose="side", clothes_type=[1, 1, 2, 2])
    b, expected = write(tmp_path / "a", whole.astype(kinds)), write(tmp_path / "b", whole)
    for field in ("image", "split", "item", "pose", "clothes_type", "box"):
        np.testing.assert_array_equal(getattr(b, field), getattr(expected, field))


def test_labels_that_are_numbers_or_truths(tmp_path):
    b = write(tmp_path / "a", own(category=[True, False, True, False]))
    assert b.category_names == ("True", "False")
    b = write(tmp_path / "b", own(category=pd.array([3, 1, 3, 1], "Int64"), attributes=[1.0, None, 2, "x"]))
    assert b.category_names == ("3", "1") and b.attribute_names == ("1", "2", "x")


@pytest.mark.parametrize(
    ("encoding", "separator"),
    [("utf-8", ","), ("utf-8-sig", ";"), ("cp1252", ";"), ("cp1252", "\t"), ("utf-16", "\t"), ("utf-16", ",")],
)
@pytest.mark.parametrize("first", ["", "sep={}\n"])
def test_a_csv_as_excel_saves_it(tmp_path, encoding, separator, first):
    whole = own(category=["NA", "None", "nan", "null"], attributes=["NA;été", "", "None", "nan"], x1=10.5)
    text = whole.to_csv(index=False, sep=separator, decimal="." if separator == "," else ",", lineterminator="\r\n")
    rows = text.split("\r\n")
    rows[3:3] = ["", separator * 7]  # empty rows
    (tmp_path / "own.csv").write_bytes((first.format(separator) + "\r\n".join(rows)).encode(encoding))
    b = write(tmp_path, tmp_path / "own.csv")
    assert b.image.tolist() == whole.image.tolist() and b.box[0].tolist() == [10.5, 10, 60, 95]
    assert b.category_names == ("NA", "None", "nan", "null") and b.attribute_names == ("NA", "None", "nan", "été")
    rows[-2] = rows[-2].replace("pretrain", "tset")
    (tmp_path / "own.csv").write_bytes("\r\n".join(rows).encode(encoding))
    with pytest.raises(DataError, match="row 6 of the table: the split"):  # empty rows are counted, as Excel does
        write(tmp_path, tmp_path / "own.csv")


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"PK\x03\x04....", "own.csv: a workbook, not a CSV; save it as CSV UTF-8"),
        (own().to_csv(index=False).encode("utf-16-le"), "own.csv: not text in UTF-8, .* save it as CSV UTF-8"),
        (b"", "own.csv: no column 'image' in its first line, ''; begin it with the column names, apart by commas"),
        (b"My table;;;\nimage;x1;y1\n", "own.csv: no column 'image' in its first line, 'My table;;;'"),
        (b'image,category\nimg/1.jpg,"7 inch\n' + b"img/2.jpg,Tee\n" * 10_000, "own.csv: field larger .*; close its"),
        (b"image;x1;y1;x2;y2;split\nimg/1.jpg;1;1;99;99;train;a\n", "row 1 .*7 cells for the 6 columns; put .*quotes"),
    ],
)
def test_a_file_that_is_no_csv_is_named_with_its_cure(tmp_path, data, sentence):
    (tmp_path / "own.csv").write_bytes(data)
    with pytest.raises(DataError, match=sentence):
        write(tmp_path, tmp_path / "own.csv")


@pytest.mark.parametrize(
    ("table", "said"),
    [
        (own(colour="red"), "must not have the columns 'colour'"),
        (own().drop(columns="y2"), "lacks the columns 'y2'"),
        (own()[:0], "no rows"),
        (own(image=["img/1.jpg", "../2.jpg", "img/3.jpg", "img/4.jpg"]), "row 2 .*plain relative name"),
        (own(image=["img/1.jpg", "2.jpg", "img/3.jpg", "img/4.jpg"]), "row 2 .*no image in a folder"),
        (own(x1=[0, "wide", 2, 3]), "row 2 .*not four numbers"),
        (own(x2=[60, 12, 80, 90]), "row 2 .*too small to hold clothes"),
        (own(x1=0.1, y1=0.1, x2=1.02, y2=1), "row 1 .*shares of the photo, not in pixels; multiply x"),
        (own(image=["img/1.jpg", "img/\udce9.jpg", "img/3.jpg", "img/4.jpg"]), "row 2 .*image is no text; rename it"),
        (pd.concat([own(), own()[["x1"]]], axis=1), "has twice the columns 'x1'"),
        (own(clothes_type=[1, [2], 3, 3]), "row 2 .*clothes_type is not text"),
        (own(category=["a", "b\nc", "b", "c"]), "row 2 .*line break"),
        (own(split=["train", "dev", "test", "test"]), "row 2 .*split is not one of train, val, test, pretrain"),
        (own(category=["a", "", "b", "c"]), "row 2 .*no category"),
        (own(category=["a", "a", "b", "c"], clothes_type=[1, 2, 3, 3]), "row 1 .*more than one clothes type"),
        (own(category=["Dress", "Tee", "dress", "Tee"]), "row 3 .*'dress' looks like 'Dress' of an earlier row"),
        (own(attributes=""), "names none"),
        (own(attributes=[["floral"], ["maxi"], [], []]), "row 1 .*attributes is not text; join several names with ';'"),
        (own(attributes=["a;b", "floral,maxi", "", ""]), "row 2 .*holds a comma; separate names with ';'"),
        (own(attributes=["e\u0301te\u0301", "été", "", ""]), "row 2 .*attribute 'été' looks like"),
        (own(category=["Tee", "Tee\u200b"] * 2), "row 2 .*looks like 'Tee' of"),
        (own(category=["T-shirt", "T\u2212shirt"] * 2), "row 2 .*looks like 'T-shirt' of"),
        (own(category=["T-shirt", "T\u2011shirt"] * 2), "row 2 .*looks like 'T-shirt' of"),
        (own(category=["Men's", "Men\u2019s"] * 2), 'row 2 .*looks like "Men\'s" of'),
        (own(domain="shop"), "needs a column 'item'"),
        (own(pose="front"), "only In-shop lists"),
        (own(**dict.fromkeys(POINTS, 5)), "row 1 .*visibility of the left collar is not 0, 1 or 2"),
        (own(landmark_visibility_1=0), "lacks the columns 'landmark_location_x_1', "),
        (own(**points(location_x_3=60, location_y_3=[0, 0, 50, 0])), "row 1 .*sleeve is cut off.*COCO's 2 is 0 here"),
        (own(**points(visibility_1=0, location_x_1=[1.02, 0.4, 0.5, 0.5], location_y_1=1)), "row 1 .*marks are shares"),
        (own(**points(visibility_1=0, location_x_1=[20, 0.4, 30, 40], location_y_1=1)), "row 2 .*landmarks are"),
        (own(**points(visibility_1=0, location_x_1=[9, "60,5", 9, 9], location_y_1=7)), "row 2 .*x_1 is no number"),
        (own(**points(visibility_1=0, location_x_1=[9, 9, np.inf, 9], location_y_1=7)), "row 3 .*x_1 is no number"),
        (own(**points(visibility_1=0, location_x_1=-1, location_y_1=-1)), "row 1 .*collar has a negative position"),
        (search(category="Dress"), "leave the column out"),
        (search(item=["a", "b c", "d", "e"]), "row 2 .*one with blanks"),
        (search(item=["A", "A", "a", "a"]), "row 3 .*item 'a' looks like 'A'"),
        (search(split="test"), "row 1 .*split is not one of train, query, gallery"),
        (search(attributes=["a", "b", "", ""]), "row 1 .*other attributes"),
        (search(domain="shop"), "row 1 .*lacks the other side"),
        (search(split=["train", "test", "val", "val"], domain=["shop", "consumer"] * 2), "row 1 .*two splits"),
        (search(image=[*search().image[:3], "img/2.jpg"]), "row 4 .*the image's name has no category, and others have"),
    ],
)
def test_bad_tables_are_named_and_nothing_is_written(tmp_path, table, said):
    with pytest.raises(DataError, match=said):
        write(tmp_path / "out", table)
    assert not list(tmp_path.rglob("list_bbox*"))


def save(folder, images, colour="black"):
    for name in images:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (100, 100), colour).save(folder / name)


def test_photos_are_copied_or_left_where_they_are(tmp_path):
    save(tmp_path / "photos", own().image)
    own(category=["1", "2", "1", "1"]).to_csv(tmp_path / "own.csv", index=False)
    b = write(tmp_path / "out", str(tmp_path / "own.csv"), tmp_path / "photos")
    assert b.category_names == ("1", "2")
    photos = [(b.images_root / name).read_bytes() for name in b.image]
    assert photos == [(tmp_path / "photos" / name).read_bytes() for name in b.image]
    b = write(tmp_path / "out", str(tmp_path / "own.csv"), b.images_root)
    assert photos == [(b.images_root / name).read_bytes() for name in b.image]


@pytest.mark.parametrize("link", ["hardlink_to", "symlink_to"])
def test_no_photo_is_overwritten_through_a_link_or_otherwise(tmp_path, link):
    save(tmp_path / "photos", own().image)
    save(tmp_path / "other", own().image, "red")
    root = tmp_path / "out" / FOLDERS["category_attribute"]
    target = root / "Img" / own().image[2]
    target.parent.mkdir(parents=True)
    getattr(target, link)(tmp_path / "photos" / own().image[2])
    before = target.read_bytes()
    with pytest.raises(DataError, match="Img: other photos than in .*/2.jpg; delete them, or leave out photos="):
        write(tmp_path / "out", own(), tmp_path / "other")
    assert target.read_bytes() == before and not list(root.rglob("*.txt"))


def test_a_csv_with_carriage_returns_alone_is_read_and_a_guessed_encoding_said(tmp_path, capsys):
    text = own(category="Robe été", attributes="a;b;c;d;e;f;g;h").to_csv(index=False).replace("\n", "\r")
    (tmp_path / "own.csv").write_bytes(b"\r" + text.encode("cp1252"))
    assert write(tmp_path, tmp_path / "own.csv").category_names == ("Robe été",)
    assert "own.csv: not UTF-8, read as Windows-1252" in capsys.readouterr().err


def test_absent_photos_are_named_up_to_ten(tmp_path):
    images = [f"img/{i}.jpg" for i in range(12)]
    many = pd.DataFrame({"image": images, "x1": 1, "y1": 1, "x2": 90, "y2": 90, "split": "train"})
    save(tmp_path, images[:1])
    with pytest.raises(DataError, match=f"no such photo: {', '.join(images[1:11])} and 1 more; put them there"):
        write(tmp_path / "out", many, photos=tmp_path)
    assert not (tmp_path / "out").exists()
    (tmp_path / "img" / "0.jpg").rename(tmp_path / "img" / "0.JPG")
    with pytest.raises(DataError, match="one there is spelt '0.JPG'"):
        write(tmp_path / "out", many, photos=tmp_path)
