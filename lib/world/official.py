"""The official lists of a world, written from its images."""

import csv
from collections.abc import Sequence
from pathlib import Path

from lib.lists import FOLDERS, write_attributes, write_benchmark
from lib.world.attributes import GROUPS, NAMES
from lib.world.garment import CATEGORIES
from lib.world.items import Image, item_id


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
    for benchmark, folder in FOLDERS.items():
        if here := [i for i in images if i.benchmark == benchmark]:
            _write_lists(root / folder, benchmark, here)


def _write_lists(folder: Path, benchmark: str, images: list[Image]) -> None:
    table = dict(zip(Image._fields, zip(*images, strict=True), strict=True))
    _, table["variation"], table["landmarks"] = zip(*(text.split("  ", 2) for text in table["landmarks"]), strict=True)
    table |= {"image": table["name"], "item": [item_id(item) for item in table["item"]]}
    table["pose"] = table["domain"] = table["code"]
    for field in ("ceiling", "visible_ceiling"):
        table[field] = [numbers and "  ".join(map(str, numbers)) for numbers in table[field]]
    if benchmark == "category_attribute":
        types = [entry[0] for entry in CATEGORIES.values()]
        others = {"Anno/list_category_cloth.txt": {"category_name": list(CATEGORIES), "clothes_type": types}}
        write_attributes(folder / "Anno_coarse", NAMES, GROUPS, "image", {i.name: i.fired for i in images})
    else:
        items = {item_id(i.item): i.fired for i in images}
        others = {f"Anno/list_item_{benchmark}.txt": {"item": list(items)}}
        write_attributes(folder / "Anno", NAMES, GROUPS, "item", items)
    if benchmark == "consumer2shop":
        shop = {i.item: i.name for i in images if i.code == 1}
        asked = [i for i in images if i.code == 2]
        others["Eval/list_eval_partition.txt"] = {
            "pair": [f"{i.name}  {shop[i.item]}" for i in asked],
            "item": [item_id(i.item) for i in asked],
            "split": [i.split for i in asked],
        }
    write_benchmark(folder, benchmark, table, others)
