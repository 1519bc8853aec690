"""Zero-shot rows against slow loops over what the shipped networks see."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from lib import probe
from lib.report.zero_shot import COLUMNS, CONFIG, FEATURES, PHOTO, outputs, zero_shot


@pytest.fixture(scope="module")
def table(world, tmp_path_factory):
    return zero_shot(world, tmp_path_factory.mktemp("zero_shot"), k=2).set_index(["measure", "method"])


def test_landmarks(world, table, tmp_path):
    main = world["category_attribute"]
    rows = main.rows("test")
    for method in ("fashionnet", PHOTO):
        found, hits, visible = outputs(method, main, rows, tmp_path)["landmarks"], 0, 0
        for n, row in enumerate(rows):
            side = main.box[row, 2:] - main.box[row, :2]
            for j in np.flatnonzero(main.visibility[row] == 0):
                visible += 1
                hits += np.linalg.norm((found[n, j] - main.landmarks[row, j]) / side) < 0.1
        value = table.loc[("PDJ at 0.1", method)]
        assert value.value == pytest.approx(100 * hits / visible) and value.images == len(rows)
        assert value.lo <= value.value <= value.hi
    # Networks that were trained on such clothes are far ahead of the mean.
    assert table.loc[("PDJ at 0.1", "fashionnet")].value > table.loc[("PDJ at 0.1", "mean landmark")].value + 10


@pytest.mark.parametrize("method", ["fashionnet", "wtbi", FEATURES])
def test_searches(world, table, tmp_path, method):
    shop = world["inshop"]
    query, gallery = shop.rows("query"), shop.rows("gallery")
    rows = np.concatenate([query, gallery])
    seen = dict(zip(rows, outputs(method, shop, rows, tmp_path)["embedding"], strict=True))
    far = lambda a, b: np.linalg.norm(seen[a].astype(np.float64) - seen[b])  # noqa: E731
    found = [shop.item[q] in shop.item[sorted(gallery, key=lambda g: far(q, g))[:2]] for q in query]
    assert table.loc[("in-shop, top-2", method)].value == pytest.approx(100 * np.mean(found))


def test_what_a_source_lacks_is_left_out(world, tmp_path):
    main, shop = world["category_attribute"], world["inshop"]
    closed = replace(shop, split=np.where(shop.split == "gallery", "train", shop.split))
    bare = {"category_attribute": replace(main, landmarks=None, visibility=None), "inshop": closed}
    for benchmarks in ({}, bare):
        found = zero_shot(benchmarks, tmp_path)
        assert found.empty and list(found) == COLUMNS


def test_imagenet_features_are_a_probes(world, tmp_path):
    shop = world["inshop"]
    rows = shop.rows("query")[:3]
    exact = torch.nn.functional.normalize(probe.make_features(shop, rows, CONFIG, tmp_path), dim=1).numpy()
    found = outputs(FEATURES, shop, rows, tmp_path)["embedding"]
    assert ((found @ exact.T) > 0.99).tolist() == np.eye(len(rows), dtype=bool).tolist()  # bfloat16 where there is any
