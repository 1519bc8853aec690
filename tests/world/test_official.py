"""The official lists, as files."""

import csv


def test_titles_are_written_once_per_item(world):
    with open(world / "titles.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    keys = [(row["benchmark"], row["item"]) for row in rows]
    assert len(set(keys)) == len(keys) and set(rows[0]) == {"benchmark", "item", "title"}
    assert {key[0] for key in keys} == {"category_attribute", "inshop", "consumer2shop"}
