"""Write labels of your own in DeepFashion's official layout, which everything here reads; docs/DATA.md has an example.

The columns of a table tell which benchmark it becomes: with `item` and `domain` Consumer-to-shop, with `item` alone
In-shop, with neither Category and Attribute Prediction.
"""

import csv
import filecmp
import io
import os
import re
import shutil
import sys
import unicodedata
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd

from lib import lists
from lib.artefact import cannot_write, write_beside
from lib.deepfashion import Benchmark, read_benchmark
from lib.lists import LISTS, POINTS, SLOTS, DataError

BOX = ("x1", "y1", "x2", "y2")
TEXTS = ("image", "split", "clothes_type", "attributes", "category", "item", "domain", "pose")
CODES = {
    "domain": {"shop": 1, "consumer": 2},
    "pose": {name: number for number, name in lists.POSES.items()} | {str(number): number for number in lists.POSES},
    "clothes_type": {"upper": 1, "lower": 2, "full": 3} | {str(number): number for number in SLOTS},
}
SEPARATOR = ";"  # between the attributes of a cell
MOST_NAMED = 10  # absent photos; the rest is counted


def write(folder: str | Path, table: pd.DataFrame | str | Path, photos: str | Path | None = None) -> Benchmark:
    """Write a table, or the CSV of that name, into `folder` as one official benchmark; return it as it is read back.

    table: one row per image, of any dtypes; empty rows are passed over. A CSV may be as Excel saves it: UTF-8, UTF-16
    or Windows-1252, with commas, semicolons or tabs. Columns image (a relative name such as img/a/1.jpg), x1, y1, x2,
    y2 (pixels of the upright photo), split; optionally
    - clothes_type: 1 or upper, 2 or lower, 3 or full (body), by default 3; of one category only one;
    - attributes: names with ";" between them, "" for none; an attribute that is not named is a negative;
    - landmark_visibility_1, landmark_location_x_1, landmark_location_y_1 .. _8: codes 0 visible, 1 occluded, 2 cut off,
      and pixels, rounded to whole ones, (0, 0) or empty where unknown; slots that the clothes type lacks are not used;
    - category: its name. Not for the searches, whose category is in the image's name:
      img/WOMEN/Dresses/id_00000001/1.jpg;
    - item: a name without blanks. With it the table is of a search, and attributes are the item's;
    - domain: shop or consumer; each of an item's consumer photos is paired with each of its shop photos;
    - pose: a name or number of lists.POSES, by default front; In-shop only.
    photos: a folder from which the images are copied by their names, unless they are there already; no photo is ever
    overwritten. Without it they are put under <benchmark>/Img by hand.

    Splits are train, val, test and pretrain; In-shop's are train, query and gallery. Raises DataError for what cannot
    be written, naming the row (the first one is 1), for photos that are missing, and where `folder` holds a list of an
    earlier table that this one does not replace.
    """
    table = _read(table)
    name = "category_attribute" if "item" not in table else "consumer2shop" if "domain" in table else "inshop"
    root = Path(folder) / lists.FOLDERS[name]
    part = root.with_name(f"{root.name}.part")
    _check_table(table, name)
    _check_labels(table)
    if photos is not None:
        _check_photos(table, Path(photos), root / "Img")
    try:
        shutil.rmtree(part, ignore_errors=True)  # of a process that was killed
        _write_lists(part, name, table)
        (part / "Img" / table["image"].iloc[0].split("/")[0]).mkdir(parents=True, exist_ok=True)
        _read_back(part, name, table)
        for path in sorted([*root.glob("Anno*/*.txt"), *root.glob("Eval/*.txt")]):
            if not (part / path.relative_to(root)).exists():
                what = "a list of an earlier table, which this one does not replace"
                raise DataError(f"{path}: {what}; delete it, or name another folder")
        for image in table["image"]:
            target = root / "Img" / image
            target.parent.mkdir(parents=True, exist_ok=True)
            if photos is not None and not target.exists():
                write_beside(target, partial(shutil.copyfile, Path(photos, image)))
        shutil.copytree(part, root, copy_function=os.replace, dirs_exist_ok=True)
    except OSError as error:
        raise cannot_write(root, error) from None
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return read_benchmark(root, name)


def _read(table: pd.DataFrame | str | Path) -> pd.DataFrame:
    """Return the known columns as text ("" where empty), CODES and float64, indexed from 0, without empty rows."""
    table = table.reset_index(drop=True) if isinstance(table, pd.DataFrame) else _read_csv(Path(table))
    required = ["image", *BOX, "split", *(POINTS if set(POINTS) & set(table) else ())]
    twice = table.columns[table.columns.duplicated()].tolist()
    unknown = [column for column in table if column not in (*required, *TEXTS)]
    absent = [column for column in required if column not in table]
    for columns, what in ((twice, "has twice"), (unknown, "has and must not have"), (absent, "lacks")):
        if columns:
            known = ", ".join(sorted({*BOX, *TEXTS}))
            raise DataError(f"the table {what} the columns {', '.join(map(repr, columns))}; columns are {known}")
    columns = {}
    for column, cells in table.items():
        scalar = [pd.api.types.is_scalar(cell) for cell in cells]
        _refuse(table, np.logical_not(scalar), f"{column} is not text", f"join several names with {SEPARATOR!r}")
        if column in TEXTS:
            columns[column] = pd.Series([_text(cell) for cell in cells], dtype=object)
        else:
            columns[column] = pd.to_numeric(cells.astype(object), errors="coerce").astype(float)
            given = np.array([column in POINTS and _text(cell) != "" for cell in cells], bool)
            bad = given & ~np.isfinite(columns[column])
            _refuse(table, bad, f"{column} is no number", "write one as in 12.5, or leave it empty")
    table = pd.DataFrame(columns)
    table = table[~(table.isna() | (table == "")).all(axis=1)].copy()
    if table.empty:
        raise DataError("the table has no rows; list at least one image")
    for column in [column for column in CODES if column in table]:
        what = f"the {column.replace('_', ' ')} is not one of {', '.join(CODES[column])}"
        _refuse(table, ~table[column].isin(CODES[column]), what, "correct it")
        table[column] = table[column].map(CODES[column])
    return table


def _text(cell) -> str:
    """Return a cell as text: "" where it is empty, 3 for the 3.0 of a column that has a gap."""
    if pd.isna(cell):
        return ""
    whole = isinstance(cell, float | np.floating) and float(cell).is_integer()
    return str(int(cell)) if whole else str(cell).strip()


def _read_csv(path: Path) -> pd.DataFrame:
    """Return a CSV as text, with the separators of Excel."""
    text = _read_text(path)
    first, _, rest = text.partition("\n")
    separator = max(",;\t", key=first.count)
    if first.lower().startswith("sep="):  # Excel's own line
        separator, text = first[4:5], rest
    try:
        header, *rows = [*csv.reader(io.StringIO(text), delimiter=separator)] or [[]]
    except csv.Error as error:  # a cell of more than 131,072 signs
        raise DataError(f"{path}: {error}; close its quotes") from None
    header = [cell.strip() for cell in header]
    if "image" not in header:
        cure = "begin it with the column names, apart by commas, semicolons or tabs"
        raise DataError(f"{path}: no column 'image' in its first line, {text.partition(chr(10))[0][:40]!r}; {cure}")
    while header and not header[-1]:
        header.pop()
    for i, row in enumerate(rows, 1):
        if any(cell.strip() for cell in row[len(header) :]):
            what = f"{len(row)} cells for the {len(header)} columns"
            raise DataError(f"row {i} of the table: {what}; put a cell that holds {separator!r} into quotes")
    table = pd.DataFrame([(row + [""] * len(header))[: len(header)] for row in rows], columns=header, dtype=object)
    for column in {*BOX, *POINTS} & set(table) if separator != "," else ():
        table[column] = table[column].str.replace(",", ".")  # decimals, where commas do not separate
    return table


def _read_text(path: Path) -> str:
    """Return the text of a file in the encodings of Excel, lines apart by newlines alone."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror or error}); name a CSV") from None
    if data.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        raise DataError(f"{path}: a workbook, not a CSV; save it as CSV UTF-8")
    try:
        text = data.decode("utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("cp1252", "replace").replace("\ufffd", "\0")
        if "\0" not in text:
            print(f"{path}: not UTF-8, read as Windows-1252", file=sys.stderr)
    if "\0" in text:
        raise DataError(f"{path}: not text in UTF-8, UTF-16 or Windows-1252; save it as CSV UTF-8")
    return text.replace("\r\n", "\n").replace("\r", "\n").lstrip("\n")


def _refuse(table: pd.DataFrame, wrong: Sequence[bool], what: str, cure: str) -> None:
    """Raise DataError for the first row of the table where `wrong` (N,) is True."""
    wrong = np.asarray(wrong, bool)
    if wrong.any():
        raise DataError(f"row {table.index[int(wrong.argmax())] + 1} of the table: {what}; {cure}")


def _check_table(table: pd.DataFrame, name: str) -> None:
    """Raise DataError for what the reader of the lists cannot see, or could not tell."""
    for column, wanted, cure in (
        ("category", "category_attribute", "a search has it in its image names, so leave the column out"),
        ("domain", "consumer2shop", "it needs a column 'item', so add that or leave it out"),
        ("pose", "inshop", "only In-shop lists have one, so leave it out"),
    ):
        if column in table and name != wanted:
            raise DataError(f"the table has a column {column!r}, which does not fit its others; {cure}")
    for column in [column for column in TEXTS if column in table and column not in CODES]:
        _refuse(table, table[column].str.contains(r"[\r\n]"), f"{column} has a line break", "write it in one line")
        _refuse(table, table[column].str.contains(r"[\ud800-\udfff]"), f"{column} is no text", "rename it")
    _refuse(table, ~table["image"].str.contains("/"), "no image in a folder", "name it as in img/a/1.jpg")
    numbers = np.isfinite(table[list(BOX)]).all(axis=1)
    _refuse(table, ~numbers, "the box is not four numbers", "give x1, y1, x2, y2 in pixels")
    splits = [*LISTS[name]["Eval/list_eval_partition.txt"]["split"].allowed]
    splits += ["pretrain"] * (name == "category_attribute")
    _refuse(table, ~table["split"].isin(splits), f"the split is not one of {', '.join(splits)}", "correct it")


def _check_labels(table: pd.DataFrame) -> None:
    """Raise the same for categories, items and attributes."""
    if "category" in table:
        _refuse(table, table["category"] == "", "no category", "give each image one, or none of them")
        _refuse_alike(table, "category", table["category"])
        if "clothes_type" in table:
            bad = _several(table, "category", "clothes_type")
            _refuse(table, bad, "its category has more than one clothes type", "give a category one type")
    if "item" in table:
        _refuse(table, ~table["item"].str.fullmatch(r"\S+"), "no item, or one with blanks", "name it")
        _refuse_alike(table, "item", table["item"])
    if "domain" in table:
        cure = "give an item photos of both a shop and a consumer"
        _refuse(table, ~_several(table, "item", "domain"), "its item lacks the other side of a pair", cure)
        _refuse(table, _several(table, "item", "split"), "its item is in two splits", "keep it in one")
    if "attributes" in table:
        cure = f"separate names with {SEPARATOR!r}"
        _refuse(table, table["attributes"].str.contains(","), "an attribute's name holds a comma", cure)
        names = _attributes(table).explode().dropna()
        if names.empty:
            raise DataError("the column 'attributes' names none; leave it out")
        _refuse_alike(table, "attribute", names)
        if "item" in table:
            cure = "in a search attributes are an item's: make them equal"
            _refuse(table, _several(table, "item", "attributes"), "its item has other attributes elsewhere", cure)


def _several(table: pd.DataFrame, of: str, what: str) -> pd.Series:
    return table.groupby(of)[what].transform("nunique") > 1


def _attributes(table: pd.DataFrame) -> pd.Series:
    return table["attributes"].map(lambda cell: [word.strip() for word in cell.split(SEPARATOR) if word.strip()])


def _looks(name: str) -> str:
    """Return what is the same for names that only case, blanks, dashes, apostrophes or Unicode form tell apart."""
    name = re.sub("[\u2018\u2019\u02bc`\u00b4]", "'", name.replace("\u2212", "-"))
    name = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())
    kinds = [(sign, unicodedata.category(sign)) for sign in name]
    return " ".join("".join("-" if kind == "Pd" else sign for sign, kind in kinds if kind != "Cf").split())


def _refuse_alike(table: pd.DataFrame, what: str, names: pd.Series) -> None:
    """Raise DataError for a name that looks like an earlier one: it would become another class. names: by row."""
    seen: dict[str, str] = {}
    for row, name in names.items():
        other = seen.setdefault(_looks(name), name)
        if other != name:
            fault = f"{what} {name!r} looks like {other!r} of an earlier row"
            _refuse(table, table.index == row, fault, "spell both alike, or make them differ in more")


def _check_photos(table: pd.DataFrame, photos: Path, images: Path) -> None:
    """Raise DataError that names up to MOST_NAMED photos that are not there, and what looks like the first; or those
    that would be overwritten in the folder `images`.
    """
    absent = [image for image in table["image"] if not (photos / image).is_file()]
    if absent:
        cure = "put them there or leave their rows out"
        path = photos / absent[0]
        for there in path.parent.glob("*") if path.parent.is_dir() else ():
            if _looks(there.name) == _looks(path.name):
                cure = f"one there is spelt {there.name!r} ({ascii(there.name)}), so spell it so"
        raise DataError(f"{photos}: no such photo: {_some(absent)}; {cure}")
    others = [image for image in table["image"] if _is_other(images / image, photos / image)]
    if others:
        raise DataError(f"{images}: other photos than in {photos}: {_some(others)}; delete them, or leave out photos=")


def _is_other(there: Path, photo: Path) -> bool:
    """Return whether something else than the photo, or a link to nothing, is there."""
    if not there.exists():
        return there.is_symlink()
    return not (there.samefile(photo) or filecmp.cmp(there, photo, shallow=False))


def _some(names: list[str]) -> str:
    more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
    return ", ".join(names[:MOST_NAMED]) + more


def _write_lists(root: Path, name: str, table: pd.DataFrame) -> None:
    search = name != "category_attribute"
    table = pd.DataFrame({"clothes_type": 3, "pose": 1, "domain": 1} | dict(table), table.index)
    images = {column: table[column].tolist() for column in TEXTS if column in table} | {"variation": [1] * len(table)}
    boxes = table[list(BOX)].to_numpy(np.float32)
    # In as few digits as give the same float32, never with an exponent, which no list has.
    images["box"] = ["  ".join(np.format_float_positional(value, trim="-") for value in box) for box in boxes]
    others = {}
    if name == "consumer2shop":
        others["Eval/list_eval_partition.txt"] = _pairs(table)
    if search:
        others[f"Anno/list_item_{name}.txt"] = {"item": list(dict.fromkeys(images["item"]))}
    if "category" in table:
        types = table.groupby("category", sort=False)["clothes_type"].first()  # in the order of their first images
        others["Anno/list_category_cloth.txt"] = {"category_name": list(types.index), "clothes_type": types.tolist()}
        images["category"] = (types.index.get_indexer(table["category"]) + 1).tolist()
    if POINTS[0] in table:
        images["landmarks"] = _landmarks(table)
    lists.write_benchmark(root, name, images, others)
    if "attributes" in table:  # without groups: one of all attributes is made in reading
        of, anno = ("item", "Anno") if search else ("image", "Anno_coarse")
        rows = _attributes(table.drop_duplicates(of).set_index(of))
        names = sorted({word for words in rows for word in words})
        number = {word: i for i, word in enumerate(names)}
        labels = {row: [number[word] for word in words] for row, words in rows.items()}
        lists.write_attributes(root / anno, names, None, of, labels)


def _pairs(table: pd.DataFrame) -> dict[str, list]:
    """Return each consumer photo of an item with each of its shop photos."""
    rows = []
    for item, photos in table.groupby("item", sort=False):
        consumer, shop = (photos["image"][photos["domain"] == code] for code in (2, 1))
        rows += [(f"{one}  {other}", item, photos["split"].iloc[0]) for one in consumer for other in shop]
    return dict(zip(("pair", "item", "split"), map(list, zip(*rows, strict=True)), strict=True))


def _landmarks(table: pd.DataFrame) -> list[str]:
    """Return each row's landmarks as a list shows them. Raises DataError for one that is no landmark of the lists."""
    values, kinds = table[list(POINTS)].to_numpy().reshape(len(table), 8, 3), table["clothes_type"]
    codes, position = values[..., 0], values[..., 1:].copy()
    position[(position == 0).all(-1)] = np.nan  # unknown, as in the lists
    has = lists.HAS_SLOT[kinds]
    placed = has & np.isfinite(position).all(-1)
    for slot, landmark in enumerate(lists.LANDMARKS):
        bad = placed[:, slot] & (position[:, slot] < 0).any(-1)
        _refuse(table, bad, f"the {landmark} has a negative position", "write 0 and 0 where it is unknown")
        bad = has[:, slot] & ~np.isin(codes[:, slot], range(3))
        _refuse(table, bad, f"the visibility of the {landmark} is not 0, 1 or 2", "write 2 for one that is cut off")
        bad = placed[:, slot] & (codes[:, slot] == lists.CUT_OFF)
        what = f"the {landmark} is cut off (visibility 2) and has a position"
        _refuse(table, bad, what, "visible is 0; COCO's 2 is 0 here")
    known = np.where(placed[..., None], position, np.nan)
    shares = ~(known > 2).any((1, 2)) & (known % 1 > 0).any((1, 2))  # some may be above 1
    cure = "multiply x by the width and y by the height of the photo"
    _refuse(table, shares, "the landmarks are shares of the photo, not pixels", cure)
    codes = np.nan_to_num(codes, nan=lists.CUT_OFF).astype(int)
    return [lists.points_text(*row, SLOTS[kind]) for *row, kind in zip(position, codes, kinds, strict=True)]


def _read_back(part: Path, name: str, table: pd.DataFrame) -> None:
    """Read the lists, which checks what is left to check before anything of an earlier table is replaced."""
    try:
        read_benchmark(part, name)
    except DataError as error:
        sentence = str(error).replace(f"{part}/", "the table as ").replace(lists.CURE, "correct it")
        place = re.match(r".*/list_(bbox|landmarks|category_img|attr_img)\w*\.txt, line (\d+): ", sentence)
        if place and int(place[2]) >= 3:  # these have a line for each row
            sentence = f"row {table.index[int(place[2]) - 3] + 1} of the table: {sentence[place.end() :]}"
        raise DataError(sentence) from None
