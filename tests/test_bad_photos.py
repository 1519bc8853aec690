"""A source with damaged photos stops, or goes on without them."""

import shutil
from dataclasses import replace

import numpy as np
import pytest

from lib.config import PROFILES, Input
from lib.deepfashion import without
from lib.lists import DataError
from lib.report import results, tables

CONFIG = replace(PROFILES["smoke"], input=Input(px=72, view_px=64))


@pytest.fixture
def root(world_root, tmp_path):
    """A source of its own: without world.json, which marks drawn clothes."""
    shutil.copytree(world_root, tmp_path / "source")
    (tmp_path / "source" / "world.json").unlink()
    return tmp_path / "source"


def test_without_drops_rows_and_their_pairs(world):
    street = world["consumer2shop"]
    gone = [int(street.pairs[0, 0]), int(street.pairs[-1, 1])]
    left = without(street, gone)
    kept = [i for i in range(len(street.image)) if i not in gone]
    assert left.skipped == 2 and left.image.tolist() == street.image[kept].tolist()
    for name in ("box", "split", "item", "domain", "attributes", "landmarks", "visibility"):
        np.testing.assert_array_equal(getattr(left, name), getattr(street, name)[kept])
    names = {tuple(pair) for pair in street.image[street.pairs].tolist() if not set(pair) & set(street.image[gone])}
    assert {tuple(pair) for pair in left.image[left.pairs].tolist()} == names and len(names) < len(street.pairs)
    assert without(left, [0]).skipped == 3


def test_a_source_with_damaged_photos_stops_or_goes_on_without_them(root, world_root, world, tmp_path, capsys):
    bad = {"category_attribute": [3, 7], "inshop": [1]}
    for name, rows in bad.items():
        for row in rows:
            path = root / (world[name].images_root / world[name].image[row]).relative_to(world_root)
            path.write_bytes(path.read_bytes()[:700])
    with pytest.raises(DataError) as stopped:
        results.open_data(CONFIG, str(root), tmp_path)
    assert all(world["category_attribute"].image[row] in str(stopped.value) for row in bad["category_attribute"])

    opened = results.open_data(CONFIG, str(root), tmp_path, skip_damaged=True)
    said = capsys.readouterr().err
    assert "category_attribute: 2 of 54 photos cannot be read and are left out" in said
    for name, benchmark in world.items():
        rows = [i for i in range(len(benchmark.image)) if i not in bad.get(name, [])]
        assert opened[name].image.tolist() == benchmark.image[rows].tolist()
        assert opened[name].skipped == len(bad.get(name, []))
    counts = tables.counts_table(opened)
    left_out = counts[counts.what == "photos left out, damaged"].set_index("benchmark").here
    assert left_out.to_dict() == {"category_attribute": 2, "inshop": 1}
    assert tables.source_table(opened).skipped.to_dict() == {"category_attribute": 2, "inshop": 1, "consumer2shop": 0}
    assert "skipped" not in tables.source_table(world)


def test_a_source_that_lost_all_of_a_split_is_not_measured_on_another(root, world_root, world, tmp_path):
    b = world["category_attribute"]
    for row in b.rows("test"):
        (root / (b.images_root / b.image[row]).relative_to(world_root)).unlink()
    with pytest.raises(DataError, match="none of the test photos can be read; unpack them again"):
        results.open_data(CONFIG, str(root), tmp_path, skip_damaged=True)
