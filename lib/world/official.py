"""The official lists of a world, written from its images."""

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from lib.lists import FOLDERS, joints_columns, write_list
from lib.world.attributes import GROUPS, NAMES
from lib.world.garment import CATEGORIES
from lib.world.items import BENCHMARK_CODE, CEILING, Image, item_id


def write_labels(path: Path, columns: str, names: Sequence[str], fired: Iterable[np.ndarray]) -> None:
    """Write a row of 1 or -1 for each of the 1,000 attributes behind each name, row by row."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "w", encoding="utf-8", newline="\n") as file:
        file.write(f"{len(names)}\n{columns}\n")
        for name, numbers in zip(names, fired, strict=True):
            words = ["-1"] * len(NAMES)
            for number in numbers:
                words[number] = "1"
            file.write(f"{name}  {' '.join(words)}\n")


def write_titles(path: Path, images: Sequence[Image]) -> None:
    """Write benchmark, item (the number that ends a category-and-attribute folder) and title of every item."""
    rows = {(i.benchmark, i.item): i.title for i in images}
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("benchmark", "item", "title"))
        for (benchmark, item), title in rows.items():
            name = f"{item:06d}" if benchmark == "category_attribute" else item_id(item)
            writer.writerow((benchmark, name, title))


def write_lists(root: Path, images: Sequence[Image]) -> None:
    """Write the official lists of all benchmarks that have images."""
    for benchmark in BENCHMARK_CODE:
        if here := [i for i in images if i.benchmark == benchmark]:
            _write_lists(root / FOLDERS[benchmark], benchmark, here)


def _write_lists(folder: Path, benchmark: str, images: list[Image]) -> None:
    anno = folder / ("Anno_coarse" if benchmark == "category_attribute" else "Anno")
    suffix = {"category_attribute": "", "inshop": "_inshop", "consumer2shop": "_consumer2shop"}[benchmark]
    names = [i.name for i in images]
    columns = "image_name  clothes_type  variation_type  " + "  ".join(
        f"landmark_visibility_{j}  landmark_location_x_{j}  landmark_location_y_{j}" for j in range(1, 9)
    )
    write_list(anno / f"list_landmarks{suffix}.txt", columns, [f"{i.name}  {i.landmarks}" for i in images])
    write_list(anno / "list_joints.txt", joints_columns(), [f"{i.name}  {i.joints}" for i in images])
    rows = [f"{name}  {group}" for name, group in zip(NAMES, GROUPS, strict=True)]
    write_list(anno / "list_attr_cloth.txt", "attribute_name  attribute_type", rows)
    if benchmark == "category_attribute":
        _write_category_lists(folder, anno, images, names)
        return
    second = "pose_type" if benchmark == "inshop" else "source_type"
    rows = [f"{i.name}  {i.clothes_type}  {i.code}  {i.box}" for i in images]
    write_list(anno / f"list_bbox{suffix}.txt", f"image_name  clothes_type  {second}  x_1  y_1  x_2  y_2", rows)
    items = {item_id(i.item): i.fired for i in images}
    (anno / f"list_item{suffix}.txt").write_text("\n".join([str(len(items)), *items]) + "\n", encoding="utf-8")
    write_labels(anno / "list_attr_items.txt", "item_id  attribute_labels", list(items), items.values())
    if benchmark == "inshop":
        rows = [f"{i.name}  {item_id(i.item)}  {i.split}" for i in images]
        write_list(folder / "Eval" / "list_eval_partition.txt", "image_name  item_id  evaluation_status", rows)
        return
    shop = {i.item: i.name for i in images if i.code == 1}
    rows = [f"{i.name}  {shop[i.item]}  {item_id(i.item)}  {i.split}" for i in images if i.code == 2]
    columns = "image_pair_name_1  image_pair_name_2  item_id  evaluation_status"
    write_list(folder / "Eval" / "list_eval_partition.txt", columns, rows)
    # A shop image without a consumer's photo is in no official pair: this list, ours, puts it into the gallery.
    if names := [i.name for i in images if i.split == "distractor"]:
        write_list(folder / "Eval" / "list_distractors.txt", "image_name", names)


def _write_category_lists(folder: Path, anno: Path, images: list[Image], names: list[str]) -> None:
    write_list(anno / "list_bbox.txt", "image_name  x_1  y_1  x_2  y_2", [f"{i.name}  {i.box}" for i in images])
    rows = [f"{name}  {entry[0]}" for name, entry in CATEGORIES.items()]
    write_list(anno / "list_category_cloth.txt", "category_name  category_type", rows)
    rows = [f"{i.name}  {i.category}" for i in images]
    write_list(anno / "list_category_img.txt", "image_name  category_label", rows)
    write_labels(anno / "list_attr_img.txt", "image_name  attribute_labels", names, (i.fired for i in images))
    rows = [f"{i.name}  {i.split}" for i in images if i.split != "pretrain"]
    write_list(folder / "Eval" / "list_eval_partition.txt", "image_name  evaluation_status", rows)
    if rows := [i.name for i in images if i.split == "pretrain"]:
        write_list(folder / "Eval" / "list_pretrain.txt", "image_name", rows)
    if ranked := [i for i in images if i.ceiling is not None]:
        columns = "image_name  " + "  ".join(f"attribute_{k + 1}" for k in range(CEILING))
        rows = [f"{i.name}  {'  '.join(map(str, i.ceiling))}" for i in ranked]
        write_list(folder / "Eval" / "list_ceiling.txt", columns, rows)
