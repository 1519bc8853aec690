"""Tables that people have: what is written of them, and the sentence with the cure where they are refused."""

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from lib.deepfashion import read_benchmark
from lib.lists import DataError
from lib.write import POINTS, write


def table(**columns) -> pd.DataFrame:
    images = [f"img/J.Crew été {i}/{i}.jpg" for i in range(4)]
    box = {"x1": 10, "y1": 10, "x2": [60, 70, 80, 90], "y2": 95}
    return pd.DataFrame({"image": images, **box, "split": ["train", "train", "val", "test"]} | columns)


def search(**columns) -> pd.DataFrame:
    return table(**{"item": ["dr.martens", "dr.martens", "A.P.C.", "A.P.C."], "split": "train"} | columns)


def points(**columns) -> dict:
    """Left collar and right collar by hand, all other landmarks cut off."""
    known = {name: 2 if "visibility" in name else 0 for name in POINTS}
    return known | {f"landmark_{name}": value for name, value in columns.items()}


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
    b = write(tmp_path / "a", table(category=[True, False, True, False]))
    assert b.category_names == ("True", "False")
    b = write(tmp_path / "b", table(category=pd.array([3, 1, 3, 1], "Int64"), attributes=[1.0, None, 2, "x"]))
    assert b.category_names == ("3", "1") and b.attribute_names == ("1", "2", "x")


@pytest.mark.parametrize(
    ("encoding", "separator"),
    [("utf-8", ","), ("utf-8-sig", ";"), ("cp1252", ";"), ("cp1252", "\t"), ("utf-16", "\t"), ("utf-16", ",")],
)
@pytest.mark.parametrize("first", ["", "sep={}\n"])
def test_a_csv_as_excel_saves_it(tmp_path, encoding, separator, first):
    whole = table(category=["NA", "None", "nan", "null"], attributes=["NA;été", "", "None", "nan"], x1=10.5)
    text = whole.to_csv(index=False, sep=separator, decimal="." if separator == "," else ",", lineterminator="\r\n")
    rows = text.split("\r\n")
    rows[3:3] = ["", separator * 7]  # empty rows
    (tmp_path / "own.csv").write_bytes((first.format(separator) + "\r\n".join(rows)).encode(encoding))
    b = write(tmp_path, tmp_path / "own.csv")
    assert b.image.tolist() == whole.image.tolist() and b.box[0].tolist() == [10.5, 10, 60, 95]
    assert b.category_names == ("NA", "None", "nan", "null") and b.attribute_names == ("NA", "None", "nan", "été")
    rows[-2] = rows[-2].replace("test", "tset")
    (tmp_path / "own.csv").write_bytes("\r\n".join(rows).encode(encoding))
    with pytest.raises(DataError, match="row 6 of the table: the split"):  # empty rows are counted, as Excel does
        write(tmp_path, tmp_path / "own.csv")


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"PK\x03\x04....", "own.csv: a workbook, not a CSV; save it as CSV UTF-8"),
        (table().to_csv(index=False).encode("utf-16-le"), "own.csv: not text in UTF-8, .* save it as CSV UTF-8"),
        (b"", "no column 'image'; add it"),
        (b"image;x1;y1;x2;y2;split\nimg/1.jpg;1;1;99;99;train;a\n", "row 1 .*7 cells for the 6 columns; put .*quotes"),
    ],
)  # fmt: skip
def test_a_file_that_is_no_csv_is_named_with_its_cure(tmp_path, data, sentence):
    (tmp_path / "own.csv").write_bytes(data)
    with pytest.raises(DataError, match=sentence):
        write(tmp_path, tmp_path / "own.csv")


def test_brands_with_dots_in_pairs(tmp_path):
    b = write(tmp_path, search(domain=["shop", "consumer"] * 2))
    assert b.pairs.tolist() == [[1, 0], [3, 2]] and b.item.tolist() == search()["item"].tolist()


def test_a_landmark_at_zero_is_unknown_as_in_the_lists(tmp_path):
    b = write(
        tmp_path, table(**points(visibility_1=0, visibility_2=0, location_x_2=[30, 31, 32, np.nan], location_y_2=40))
    )
    assert b.visibility[:, :3].tolist() == [[1, 0, 2]] * 3 + [[1, 1, 2]]
    assert np.isnan(b.landmarks[:, 0]).all() and b.landmarks[:3, 1].tolist() == [[30, 40], [31, 40], [32, 40]]


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        (table(**points(location_x_3=60, location_y_3=[0, 0, 50, 0])), "row 1 .*sleeve is cut off.*COCO's 2 is 0 here"),
        (table(**points(visibility_1=0, location_x_1=0.5, location_y_1=0.2)), "row 1 .*landmarks are shares of"),
        (table(x2=[60, 12, 80, 90]), "row 2 .*too small to hold clothes"),
        (table(x1=0.1, y1=0.1, x2=0.9, y2=1), "row 1 .*shares of the photo, not in pixels; multiply x"),
        (table(category=["Dress", "Tee", "dress", "Tee"]), "row 3 .*'dress' looks like 'Dress' of an earlier row"),
        (table(attributes=["e\u0301te\u0301", "été", "", ""]), "row 2 .*attribute 'été' looks like"),
        (search(item=["A", "A", "a", "a"]), "row 3 .*item 'a' looks like 'A'"),
    ],
)  # fmt: skip
def test_what_would_be_misread_is_refused_by_row(tmp_path, wrong, sentence):
    with pytest.raises(DataError, match=sentence):
        write(tmp_path, wrong)


def test_official_boxes_that_are_too_small_are_named_by_line(tmp_path):
    write(tmp_path, table())
    path = next(tmp_path.rglob("list_bbox.txt"))
    path.write_text(path.read_text().replace("70  95", "11  95"))
    with pytest.raises(DataError, match="list_bbox.txt, line 4: the box is smaller than 3 x 8 pixels"):
        read_benchmark(path.parents[1], "category_attribute")


# Photos


def save(folder, images, size=(100, 100), orientation=1):
    exif = Image.Exif()
    exif[0x0112] = orientation
    for name in images:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", size).save(folder / name, exif=exif)


def test_photos_that_are_in_place_are_left_there(tmp_path):
    b = write(tmp_path, table())
    save(b.images_root, table().image)
    before = [(b.images_root / name).read_bytes() for name in b.image]
    b = write(tmp_path, table(), photos=b.images_root)
    assert [(b.images_root / name).read_bytes() for name in b.image] == before


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


def test_boxes_are_compared_with_the_upright_photo(tmp_path):
    """A photo of 200 x 100 pixels that lies on its side is 100 x 200 upright."""
    save(tmp_path, table().image, (200, 100), orientation=6)
    b = write(tmp_path / "out", table(y1=110, y2=190), photos=tmp_path)
    assert b.box[0].tolist() == [10, 110, 60, 190]
    with pytest.raises(DataError, match="row 2 .*outside the 100 x 200 pixels of .*; give pixels of the upright photo"):
        write(tmp_path / "other", table(x1=[10, 110, 10, 10], x2=[60, 190, 60, 60]), photos=tmp_path)
