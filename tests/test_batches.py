"""Batches of an epoch: full, of whole items, and of two views where an item has a single image."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from squares import make_squares, with_schedule
from test_train import Bench

from lib import train


@pytest.mark.parametrize("n, batch", [(37, 8), (5, 8)])
@pytest.mark.parametrize("per_item", [0, 1, 3])
def test_every_row_is_seen_once_per_epoch_in_full_batches(n, batch, per_item):
    """At most, and twice where no item has a second row."""
    rows = np.random.default_rng(0).permutation(200)[:n]
    item = None if not per_item else np.arange(200) // per_item
    views = 2 if per_item and max(Counter(item[rows]).values()) == 1 else 1
    assert train.views_of(rows, item) == views
    batches = list(train.epoch_batches(rows, item, batch, (0, 1)))
    assert len(batches) == max(1, views * n // batch) and all(len(b) == min(batch, views * n) for b in batches)
    seen = np.concatenate(batches)
    assert max(Counter(seen.tolist()).values()) == views and set(seen.tolist()) <= set(rows.tolist())
    again, other = (list(train.epoch_batches(rows, item, batch, (0, epoch))) for epoch in (1, 2))
    assert all(np.array_equal(a, b) for a, b in zip(batches, again, strict=True))
    if n > batch:
        assert not all(np.array_equal(a, b) for a, b in zip(batches, other, strict=True))


def test_an_item_is_cut_at_the_edges_of_batches_alone():
    item = np.random.default_rng(1).integers(0, 30, 100)
    batches = list(train.epoch_batches(np.arange(100), item, 16, (3, 4)))
    places = {number: [k for k, b in enumerate(batches) if (item[b] == number).any()] for number in set(item.tolist())}
    assert all(p == list(range(p[0], p[-1] + 1)) for p in places.values() if p)  # batches next to each other
    assert sum(len(p) > 1 for p in places.values()) <= len(batches) - 1  # one item at most at each edge


def test_without_items_every_image_is_in_some_epochs_batches():
    """What does not fill a batch is left out of an epoch, and is another part each time."""
    seen = [set(np.concatenate(list(train.epoch_batches(np.arange(20), None, 8, (0, e)))).tolist()) for e in range(9)]
    assert all(len(s) == 16 for s in seen) and set.union(*seen) == set(range(20))


def test_half_of_a_batch_holds_whole_designs():
    item, design = np.arange(64) // 2, np.arange(64) // 8  # eight designs of four items of two images
    batches = list(train.epoch_batches(np.arange(64), item, 16, (0, 1), design))
    assert sorted(np.concatenate(batches).tolist()) == list(range(64))
    for batch in batches:
        assert len(batch) == 16 and np.unique(design[batch], return_counts=True)[1].max() == 8  # one is whole
        assert (np.unique(item[batch], return_counts=True)[1] == 2).all()
    assert max(len(np.unique(design[batch])) for batch in batches) > 2
    odd = list(train.epoch_batches(np.arange(60), item, 16, (0, 1), design))  # 8 designs, the last of four images
    assert [len(batch) for batch in odd] == [16, 16, 16] and len(np.unique(np.concatenate(odd))) == 48


def test_two_views_of_a_photo_are_a_positive_pair(tmp_path, config):
    benchmark = make_squares(tmp_path, searches=True)
    items = np.array([f"id_{i:08d}" for i in range(len(benchmark.image))])
    bench = Bench("fashionnet-global", replace(benchmark, item=items), with_schedule(config, epochs=4), tmp_path)
    history = bench.fit()
    assert history[0]["train_triplet"] > 0 and history[-1]["train_triplet"] < history[0]["train_triplet"]
    assert "held_out_triplet" not in history[0] and "held_out_category" in history[0]
