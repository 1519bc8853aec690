"""Write labels of your own in DeepFashion's official layout, which everything here reads.

    import pandas as pd
    from lib.write import write

    write("my_data", pd.DataFrame({"image": ["img/a/1.jpg"], "x1": [10], "y1": [20], "x2": [110], "y2": [220],
                                   "split": ["train"], "category": ["Dress"], "attributes": ["floral;maxi"]}))

Which benchmark a table becomes is told by its columns: with `item` and `domain` Consumer-to-shop, with `item` alone
In-shop, with neither Category and Attribute Prediction.
"""

import shutil
from pathlib import Path

import numpy as np
import pandas as pd

from lib.deepfashion import READERS, Benchmark
from lib.lists import FOLDERS, LANDMARKS, LARGEST_SIDE, POSES, SLOTS, DataError, points_text, write_list

BOX = ("x1", "y1", "x2", "y2")
POINTS = tuple(
    f"landmark_{what}_{slot}" for slot in range(1, 9) for what in ("visibility", "location_x", "location_y")
)  # as in the official lists; slots in the order of lists.LANDMARKS
SPLITS = {
    "category_attribute": ("pretrain", "train", "val", "test"),
    "inshop": ("train", "query", "gallery"),
    "consumer2shop": ("train", "val", "test"),
}
TYPES = {"upper": 1, "lower": 2, "full": 3}
FULL = 3  # body: the clothes type where a table does not say it
SEPARATOR = ";"  # between the attributes of a cell


def write(folder: str | Path, table: pd.DataFrame | str | Path, photos: str | Path | None = None) -> Benchmark:
    """Write a table, or the CSV of that name, into `folder` as one official benchmark, and return it as it is read
    back.

    table: one row per image. Columns image (a relative name such as img/a/1.jpg), x1, y1, x2, y2 (pixels), split;
    optionally - clothes_type: 1 or upper, 2 or lower, 3 or full (body), by default 3; of one category only one; -
    attributes: names with ";" between them, "" for none; an attribute that is not named is a negative; -
    landmark_visibility_1, landmark_location_x_1, landmark_location_y_1 .. _8: codes 0 visible, 1 occluded, 2 cut off,
    and
      pixels, rounded to whole ones; slots that the clothes type lacks are not read;
    - category: its name. Not for the searches, whose category is in the image's name:
    img/WOMEN/Dresses/id_00000001/1.jpg; - item: a name without blanks. With it the table is of a search, and attributes
    are the item's; - domain: shop or consumer; each of an item's consumer photos is paired with each of its shop
    photos; - pose: a name or number of lists.POSES, by default front; In-shop only. photos: a folder from which the
    images are copied by their names; without it they are put under <benchmark>/Img by hand.

    Splits are train, val, test and pretrain; In-shop's are train, query and gallery. Raises DataError for columns and
    values that cannot be written, naming the row (the first one is 1), for a photo that is missing, and where `folder`
    holds a list of an earlier table that this one does not replace.
    """
    table = _read(table)
    name = "category_attribute" if "item" not in table else "consumer2shop" if "domain" in table else "inshop"
    _check(table, name)
    table = table.assign(clothes_type=table.clothes_type.astype(int))  # a column that once had a gap holds 3.0
    root = Path(folder) / FOLDERS[name]
    part = root.with_name(f"{root.name}.part")
    _check_earlier(root, name, table)
    try:
        shutil.rmtree(part, ignore_errors=True)  # of a process that was killed
        _write_lists(part, name, table)
        (part / "Img" / table.image[0].split("/")[0]).mkdir(parents=True)
        try:
            READERS[name][0](
                part
            )  # which checks what is left to check, before anything of an earlier table is replaced
        except DataError as error:
            raise DataError(str(error).replace(f"{part}/", "the table as ")) from None
        for image in table.image:
            target = root / "Img" / image
            target.parent.mkdir(parents=True, exist_ok=True)
            if photos is not None:
                shutil.copyfile(Path(photos) / image, target)
        for path in sorted(part.glob("*/*.txt")):
            target = root / path.relative_to(part)
            target.parent.mkdir(exist_ok=True)
            path.replace(target)
    except FileNotFoundError as error:
        raise DataError(f"{error.filename}: no such photo; put it there or leave its row out") from None
    except OSError as error:
        raise DataError(f"{root}: cannot be written ({error.strerror or error}); free some room") from None
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return READERS[name][0](root)


def _read(table: pd.DataFrame | str | Path) -> pd.DataFrame:
    if isinstance(table, pd.DataFrame):
        table = table.reset_index(drop=True)
    else:
        try:
            table = pd.read_csv(
                table, dtype={name: str for name in ("image", "split", "category", "item", "attributes")}
            )
        except (OSError, ValueError) as error:
            raise DataError(f"{table}: cannot be read as CSV ({error}); name a file with a line of columns") from None
    known = {"image", *BOX, "split", "clothes_type", "attributes", "category", "item", "domain", "pose", *POINTS}
    if table.columns.duplicated().any():
        raise DataError(f"the table has two columns {table.columns[table.columns.duplicated()][0]!r}; leave one out")
    if unknown := [name for name in table if name not in known]:
        raise DataError(
            f"the table has an unknown column {unknown[0]!r}; columns are {', '.join(sorted(known - set(POINTS)))}"
        )
    points = POINTS if set(POINTS) & set(table) else ()
    if missing := [name for name in ("image", *BOX, "split", *points) if name not in table]:
        raise DataError(f"the table has no column {missing[0]!r}; add it")
    if table.empty:
        raise DataError("the table has no rows; list at least one image")
    table = table.assign(clothes_type=table["clothes_type"] if "clothes_type" in table else FULL)
    table["clothes_type"] = table.clothes_type.map(
        lambda value: TYPES.get(value, value) if isinstance(value, str) else value
    )
    return table.assign(attributes=table.attributes.fillna("")) if "attributes" in table else table


def _refuse(wrong, what: str, cure: str) -> None:
    """Raise DataError for the first row of `wrong` (N,) bool."""
    wrong = np.asarray(wrong, bool)
    if wrong.any():
        raise DataError(f"row {int(wrong.argmax()) + 1} of the table: {what}; {cure}")


def _check(table: pd.DataFrame, name: str) -> None:
    images = table.image.astype(str)
    _refuse(images.duplicated(), "the image is there a second time", "keep one of the two rows")
    bad = ~images.str.contains(r"\.[A-Za-z]\w*$") | images.str.contains(
        r"[\x00-\x1f\\]|^/|^[A-Za-z]:|(?:^|/)\.{0,2}(?:/|$)"
    )
    _refuse(bad, "the image has no plain relative name with an ending", "name it as in img/a/1.jpg")
    top = images.str.split("/").str[0]
    _refuse(top != top[0], f"the image is not below {top[0]}/, as the first one is", "put all of them into one folder")
    boxes = table[list(BOX)].apply(pd.to_numeric, errors="coerce").to_numpy(float)
    _refuse(~np.isfinite(boxes).all(1), "the box is not four numbers", "give x1, y1, x2, y2 in pixels")
    empty = (boxes[:, :2] < 0).any(1) | (boxes[:, 2:] <= boxes[:, :2]).any(1)
    _refuse(empty, "the box has no area, or begins outside the image", "give x1 < x2 and y1 < y2, from 0 on")
    far = boxes[:, 2:].max(1) > LARGEST_SIDE
    _refuse(far, f"the box ends beyond {LARGEST_SIDE} pixels", "give pixels of the photo")
    _refuse(~table.split.isin(SPLITS[name]), f"the split is not one of {', '.join(SPLITS[name])}", "correct it")
    _refuse(
        ~table.clothes_type.map(lambda value: isinstance(value, int | float) and value in SLOTS),
        "the clothes type is not 1, 2 or 3",
        "1 is upper-body, 2 lower-body, 3 full-body",
    )
    if "attributes" in table:
        texts = table.attributes.map(lambda cell: isinstance(cell, str))
        _refuse(~texts, "the attributes are not text", f"join their names with {SEPARATOR!r}")
        _refuse(
            table.attributes.str.contains(","),
            "an attribute's name holds a comma",
            f"separate names with {SEPARATOR!r}",
        )
        _refuse(
            table.attributes.str.contains(r"[\r\n]"), "an attribute's name has a line break", "write it in one line"
        )
    if "attributes" in table and not table.attributes.str.strip(f"{SEPARATOR} ").any():
        raise DataError("the column 'attributes' names none; leave it out")
    if "category" in table:
        if name != "category_attribute":
            raise DataError("the table has items and a column 'category'; a search has it in its image names, such as "
                            "img/WOMEN/Dresses/id_00000001/1.jpg, so leave the column out")  # fmt: skip
        _refuse(_blank(table.category), "no category", "give each image one, or none of them")
        breaks = table.category.astype(str).str.contains(r"[\r\n]")
        _refuse(breaks, "the category's name has a line break", "write it in one line")
        types = table.groupby("category").clothes_type.transform("nunique")
        _refuse(types > 1, "its category has more than one clothes type", "give a category one type")
    if name != "category_attribute":
        _refuse(
            _blank(table["item"]) | table["item"].astype(str).str.contains(r"\s"),
            "no item, or one with blanks",
            "name it",
        )
        if "attributes" in table:
            several = table.groupby("item").attributes.transform("nunique") > 1
            _refuse(
                several,
                "its item has other attributes elsewhere",
                "in a search attributes are an item's: make them equal",
            )
    if "domain" in table:
        if name != "consumer2shop":
            raise DataError("the table has a column 'domain' without 'item'; add the items or leave it out")
        _refuse(~table.domain.isin(("shop", "consumer")), "the domain is not shop or consumer", "correct it")
        _refuse(table.groupby("item").domain.transform("nunique") < 2, "its item lacks the other side of a pair",
                "give an item photos of both a shop and a consumer")  # fmt: skip
        _refuse(table.groupby("item").split.transform("nunique") > 1, "its item is in two splits", "keep it in one")
    if "pose" in table:
        poses = {*POSES, *POSES.values()}
        if name != "inshop":
            raise DataError("the table has a column 'pose', which only In-shop lists have; leave it out")
        _refuse(~table.pose.isin(poses), "the pose is not one of lists.POSES", "correct it")
    if POINTS[0] in table:
        codes = table[list(POINTS[::3])]
        for slot in range(8):
            has = table.clothes_type.map(lambda kind, slot=slot: slot in SLOTS[kind])
            _refuse(
                has & ~codes.iloc[:, slot].isin((0, 1, 2)),
                f"the visibility of the {LANDMARKS[slot]} is not 0, 1 or 2",
                "write 2 for one that is cut off",
            )


def _check_earlier(root: Path, name: str, table: pd.DataFrame) -> None:
    """Raise DataError for a list of an earlier table that this one would not replace: they would contradict each
    other."""
    suffix = "" if name == "category_attribute" else f"_{name}"
    optional = {
        "category": ("list_category_cloth.txt", "list_category_img.txt"),
        "attributes": ("list_attr_cloth.txt", "list_attr_img.txt", "list_attr_items.txt"),
        POINTS[0]: (f"list_landmarks{suffix}.txt",),
    }
    anno = root / ("Anno_coarse" if name == "category_attribute" else "Anno")
    left = [anno / file for column, files in optional.items() if column not in table for file in files]
    left += [root / "Eval" / "list_pretrain.txt"] * ("pretrain" not in set(table.split))
    left += [anno / "list_joints.txt", root / "Eval" / "list_ceiling.txt"]  # of the earlier boxes and attributes
    if there := [path for path in left if path.exists()]:
        raise DataError(
            f"{there[0]}: a list of an earlier table, which this one does not replace; delete it, or name another "
            "folder"
        )


def _blank(column: pd.Series) -> pd.Series:
    return column.isna() | (column.astype(str).str.strip() == "")


def _write_lists(root: Path, name: str, table: pd.DataFrame) -> None:
    anno = root / ("Anno_coarse" if name == "category_attribute" else "Anno")
    suffix = "" if name == "category_attribute" else f"_{name}"
    images = table.image.tolist()
    boxes = ["  ".join(_number(value) for value in box) for box in table[list(BOX)].to_numpy(np.float32)]
    if name == "category_attribute":
        _write_rows(anno / "list_bbox.txt", "image_name  x_1  y_1  x_2  y_2", images, boxes)
        _write_categories(anno, table)
        listed = table[table.split != "pretrain"]
        _write_rows(
            root / "Eval" / "list_eval_partition.txt", "image_name  evaluation_status", listed.image, listed.split
        )
        if len(listed) < len(table):
            write_list(
                root / "Eval" / "list_pretrain.txt", "image_name", table.image[table.split == "pretrain"].tolist()
            )
    else:
        second, codes = _second_code(name, table)
        rows = [f"{kind}  {code}  {box}" for kind, code, box in zip(table.clothes_type, codes, boxes, strict=True)]
        _write_rows(
            anno / f"list_bbox{suffix}.txt", f"image_name  clothes_type  {second}  x_1  y_1  x_2  y_2", images, rows
        )
        items = list(dict.fromkeys(table["item"].astype(str)))
        (anno / f"list_item{suffix}.txt").write_text("\n".join([str(len(items)), *items]) + "\n", encoding="utf-8")
        _write_partition(root / "Eval" / "list_eval_partition.txt", name, table)
    if "attributes" in table:
        _write_attributes(anno, name, table)
    if POINTS[0] in table:
        _write_landmarks(anno / f"list_landmarks{suffix}.txt", table)


def _number(value: np.float32) -> str:
    """Return a number in as few digits as give the same float32, never with an exponent, which no list has."""
    return np.format_float_positional(value, trim="-")


def _write_rows(path: Path, columns: str, names, texts) -> None:
    write_list(path, columns, [f"{name}  {text}" for name, text in zip(names, texts, strict=True)])


def _write_categories(anno: Path, table: pd.DataFrame) -> None:
    if "category" not in table:
        return
    types = table.groupby("category", sort=False).clothes_type.first()  # in the order in which they first appear
    _write_rows(anno / "list_category_cloth.txt", "category_name  category_type", types.index, types)
    number = {category: i for i, category in enumerate(types.index, 1)}
    _write_rows(anno / "list_category_img.txt", "image_name  category_label", table.image, table.category.map(number))


def _second_code(name: str, table: pd.DataFrame) -> tuple[str, pd.Series]:
    """Return the second number's column name and values in a search's list of boxes: the pose, or the source."""
    if name == "consumer2shop":
        return "source_type", table.domain.map({"shop": 1, "consumer": 2})
    numbers = {pose: number for number, pose in POSES.items()}
    poses = table.pose if "pose" in table else pd.Series(numbers["front"], table.index)
    return "pose_type", poses.map(lambda pose: numbers.get(pose, pose))


def _write_partition(path: Path, name: str, table: pd.DataFrame) -> None:
    if name == "inshop":
        rows = table["item"].astype(str) + "  " + table.split
        _write_rows(path, "image_name  item_id  evaluation_status", table.image, rows)
        return
    rows = []
    for item, part in table.groupby("item", sort=False):
        for consumer in part.image[part.domain == "consumer"]:
            rows += [f"{consumer}  {shop}  {item}  {part.split.iloc[0]}" for shop in part.image[part.domain == "shop"]]
    write_list(path, "image_pair_name_1  image_pair_name_2  item_id  evaluation_status", rows)


def _write_attributes(anno: Path, name: str, table: pd.DataFrame) -> None:
    """Write the attributes without groups: one of all attributes is then made in reading."""
    search = name != "category_attribute"
    rows = table.drop_duplicates("item") if search else table
    named = [[word.strip() for word in cell.split(SEPARATOR) if word.strip()] for cell in rows.attributes]
    names = sorted({word for words in named for word in words})
    write_list(anno / "list_attr_cloth.txt", "attribute_name", names)
    labels = [" ".join("1" if word in words else "-1" for word in names) for words in map(set, named)]
    file, column = ("list_attr_items.txt", "item_id") if search else ("list_attr_img.txt", "image_name")
    _write_rows(anno / file, f"{column}  attribute_labels", rows["item"] if search else rows.image, labels)


def _write_landmarks(path: Path, table: pd.DataFrame) -> None:
    values = table[list(POINTS)].apply(pd.to_numeric, errors="coerce").to_numpy(float).reshape(len(table), 8, 3)
    codes = np.where(np.isfinite(values[..., 0]), values[..., 0], 2).astype(int)
    rows = [
        f"{kind}  1  {points_text(values[i, :, 1:], codes[i], SLOTS[kind])}"
        for i, kind in enumerate(table.clothes_type)
    ]
    columns = "image_name  clothes_type  variation_type  " + "  ".join(POINTS)
    _write_rows(path, columns, table.image, rows)
