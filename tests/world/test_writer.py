"""A world on disk: read back by the readers, the same bytes for any number of workers, resumable."""

import csv
import hashlib
import json
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from squares import NO_PICTURES

from lib.deepfashion import check_disjoint, sides
from lib.lists import SLOTS
from lib.world import garment, sheet, titles, write_world, writer
from lib.world.attributes import NAMES, holds
from lib.world.items import draw_job, garments_of, images_of, plan

SEED = 5  # of the world that tests share
TINY = replace(NO_PICTURES, train=3, val=1, test=1)


def digests(root):
    files = [path for path in root.rglob("*") if path.is_file()]
    return {str(path.relative_to(root)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """The size of an even smaller world, and what its files hold."""
    size = replace(NO_PICTURES, train=20, inshop_test_items=4, consumer2shop_test_items=4, distractors=2)
    found = digests(write_world(tmp_path_factory.mktemp("small") / "world", size, SEED, progress=False))
    assert len(found) > sum(map(images_of, plan(size, SEED))) > 40
    return size, found


def test_two_workers_write_the_same_bytes_as_one(small, tmp_path, monkeypatch):
    monkeypatch.setattr(writer, "_WORTH_A_POOL", 0)
    size, found = small
    assert digests(write_world(tmp_path / "two", size, SEED, workers=2, progress=False)) == found


def test_the_readers_read_back_what_was_drawn(world_root, size, world):
    assert list(world) == ["category_attribute", "inshop", "consumer2shop"]
    drawn, garments = {name: [] for name in world}, {}
    for job in plan(size, SEED):
        here = list(draw_job(job, size, SEED))
        garments |= {(job.benchmark, item): g for item, g in enumerate(garments_of(job, size, SEED), job.first)}
        assert len(here) == images_of(job)
        drawn[job.benchmark] += here
    for name, b in world.items():
        check_disjoint(b)
        assert b.attribute_names == NAMES
        order = {image: i for i, image in enumerate(b.image)}
        assert sorted(order) == sorted(about.name for _, _, about in drawn[name])
        for pixels, quality, about in drawn[name]:
            i = order[about.name]
            assert " ".join(f"{int(v):03d}" for v in b.box[i]) == about.box
            g = garments[name, about.item]
            assert b.clothes_type[i] == about.clothes_type == g.clothes_type
            if name == "category_attribute":
                assert b.category_names[b.category[i]] == g.category and b.split[i] == about.split
            assert set(np.flatnonzero(b.visibility[i] >= 0)) == set(SLOTS[b.clothes_type[i]])
            seen = b.landmarks[i][b.visibility[i] == 0]
            assert (seen >= b.box[i, :2] - 1).all() and (seen <= b.box[i, 2:] + 1).all()
            assert np.flatnonzero(b.attributes[i] == 1).tolist() == about.fired
            assert holds(g)[about.fired].all()
            jpeg = cv2.imencode(".jpg", pixels[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
            assert (b.images_root / b.image[i]).read_bytes() == jpeg.tobytes()


def test_titles_name_the_folders_and_the_labels_fire_in_them(world_root, world):
    with open(world_root / "titles.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    written = {(row["benchmark"], row["item"]): row["title"] for row in rows}
    assert len(written) == len(rows) and set(rows[0]) == {"benchmark", "item", "title"}
    assert {benchmark for benchmark, _ in written} == set(world)
    b = world["category_attribute"]
    for image, labels in zip(b.image, b.attributes, strict=True):
        title, _, item = image.split("/")[1].rpartition("_")
        assert written["category_attribute", item] == title.replace("_", " ")
        words = tuple(title.lower().split("_"))
        assert set(np.flatnonzero(labels == 1)) <= set(titles.matches(words))


def test_ceilings_rank_each_val_and_test_image(size, world):
    b = world["category_attribute"]
    measured = np.isin(b.split, ["val", "test"])
    garments = {j.first: garments_of(j, size, SEED)[0] for j in plan(size, SEED) if j.split == "test" and j.views}
    for i in np.flatnonzero(b.split == "test"):
        p = titles.probabilities(garments[int(b.image[i].split("/")[1].rpartition("_")[2])])
        seen = p[b.ceiling[i]]  # what the picture does not show comes after all that it shows
        shown = np.flatnonzero(np.diff(seen) > 0)[:1].tolist() or [len(seen)]
        assert set(np.flatnonzero(b.attributes[i] == 1)) <= set(b.ceiling[i, : shown[0] + 1])
    for ceiling, least in ((b.ceiling, 0.75), (b.visible_ceiling, 0.65)):
        assert ((ceiling >= 0).all(1) == measured).all() and measured.sum() == size.val + size.test
        found = np.mean([(b.attributes[i][ceiling[i, :5]] == 1).sum() for i in np.flatnonzero(measured)])
        assert found / (b.attributes[measured] == 1).sum(1).mean() > least


def test_label_probabilities_rank_as_the_list_of_ceilings(size, world):
    """They are those of the picture that was drawn: what is labelled is possible, and the most likely come first."""
    b = world["category_attribute"]
    rows = np.flatnonzero(b.split == "test")[::4]
    odds = writer.label_probabilities(size, SEED, rows)
    for row, p in zip(rows, odds, strict=True):
        possible = np.flatnonzero(np.sort(p)[::-1][:50] > 0)
        assert (np.argsort(-p, kind="stable")[possible] == b.ceiling[row][possible]).all()
        assert (p[b.attributes[row] == 1] > 0).all() and p.max() <= 1


def test_splits_share_no_item(size, world):
    b = world["category_attribute"]
    items = [{name.split("/")[1] for name in b.image[b.split == s]} for s in ("pretrain", "train", "val", "test")]
    assert all(not a & c for k, a in enumerate(items) for c in items[k + 1 :])
    assert [len(i) for i in items] == [size.pretrain // 2, size.train // 2, size.val, size.test]
    garments = [set(), set()]
    for job in plan(size, SEED):
        if job.benchmark == "inshop":
            garments[job.split == "test"] |= set(garments_of(job, size, SEED))
    assert not garments[0] & garments[1] and [len(g) for g in garments] == [4, 8]


def test_retrieval_benchmarks_have_their_views(size, world):
    inshop, street = world["inshop"], world["consumer2shop"]
    assert set(inshop.item[inshop.split == "query"]) == set(inshop.item[inshop.split == "gallery"])
    assert {int((inshop.item == item).sum()) for item in set(inshop.item)} == {4, 5}
    paired = size.consumer2shop_train_items + size.consumer2shop_val_items + size.consumer2shop_test_items
    assert len(street.pairs) == 2 * paired + sum(item % 2 for item in range(paired))
    assert (street.domain[street.pairs] == ["consumer", "shop"]).all()


def test_distractors_are_in_the_gallery_alone(world_root, size, world):
    lines = (next(world_root.glob("Consumer*")) / "Eval" / "list_distractors.txt").read_text().splitlines()
    assert int(lines[0]) == size.distractors == len(lines) - 2
    b = world["consumer2shop"]
    query, gallery = sides(b)
    assert set(lines[2:]) <= set(b.image[gallery]) and not set(lines[2:]) & set(b.image[np.ravel(b.pairs)])
    assert len(gallery) == size.consumer2shop_test_items + size.distractors


def test_a_stopped_world_goes_on_and_a_finished_one_is_left_alone(small, tmp_path, monkeypatch):
    draw, drawn, (size, found) = writer._draw_job, [], small

    def draw_some(*arguments):
        if len(drawn) == 15:
            raise KeyboardInterrupt
        drawn.append(arguments[-1])
        return draw(*arguments)

    monkeypatch.setattr(writer, "CHUNK", 10)
    monkeypatch.setattr(writer, "_draw_job", draw_some)
    with pytest.raises(KeyboardInterrupt):
        write_world(tmp_path / "w", size, seed=SEED, progress=False)
    (part,) = tmp_path.glob("w_*.part")
    assert not part.with_suffix("").exists()
    before, drawn[:] = set(drawn), []
    monkeypatch.setattr(writer, "_draw_job", lambda *arguments: drawn.append(arguments[-1]) or draw(*arguments))
    again = write_world(tmp_path / "w", size, seed=SEED, progress=False)
    assert digests(again) == found and not part.exists()
    assert before | set(drawn) == set(plan(size, SEED)) and sum(map(images_of, before & set(drawn))) <= 2 * 10
    monkeypatch.setattr(writer, "_draw_job", None)
    assert write_world(tmp_path / "w", size, seed=SEED, progress=False) == again


def test_the_folder_is_named_by_what_the_world_is_made_from(tmp_path):
    made = ((TINY, 0), (TINY, 1), (replace(TINY, train=4), 0), (TINY, 0))
    folders = [write_world(tmp_path / "w", size, seed, progress=False) for size, seed in made]
    assert folders[0] == folders[3] and len(set(folders)) == 3
    assert all(folder.parent == tmp_path and folder.name.startswith("w_") for folder in folders)
    about = json.loads((folders[1] / "world.json").read_text())
    assert (about["version"], about["seed"], about["size"]["train"]) == (writer.VERSION, 1, 3)
    assert not list(folders[0].rglob("*.part")) and not (folders[0] / "labels").exists()
    one, other = (digests(folder) for folder in folders[:2])  # no picture of one seed is of the other
    assert not set(one.values()) & {value for name, value in other.items() if name.endswith(".jpg")}


def test_your_own_garment():
    image, labels = garment(category="Dress", attributes=["floral maxi", "belted"], seed=3)
    assert image.shape[0] == 256 and image.dtype == np.uint8
    assert labels["garment"].category == "Dress" and {"floral maxi", "belted"} <= set(labels["names"])
    again = garment(category="Dress", attributes=["floral maxi", "belted"], seed=3)[0]
    assert np.array_equal(image, again)
    assert not np.array_equal(image, garment("Dress", ["floral maxi", "belted"], seed=4)[0])
    with pytest.raises(ValueError, match="no view 'top'; there are front"):
        garment(view="top")


def test_a_sheet_shows_items_with_titles_and_fired_names():
    rows = sheet(3, seed=1, px=64)
    assert len(rows) == 3
    for image, title, names in rows:
        assert image.shape[0] == 64 and all(f" {name} " in f" {title.lower()} " for name in names)


@pytest.mark.skipif(not Path("/proc/thread-self/children").exists(), reason="looks for processes in /proc")
def test_no_worker_outlives_a_killed_process(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(
        "import sys\nfrom lib.world import World, write_world\nif __name__ == '__main__':\n"
        "    write_world(sys.argv[1], World(train=5000), 0, workers=2, progress=False)\n"
    )

    def workers():
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        folders = [Path("/proc") / child for child in children]
        return [folder for folder in folders if b"spawn_main" in (folder / "cmdline").read_bytes()]

    def wait_until(true, seconds=60):
        deadline = time.monotonic() + seconds
        while not true():
            assert time.monotonic() < deadline, "took too long"
            time.sleep(0.05)

    process = subprocess.Popen([sys.executable, str(script), str(tmp_path / "w")], stderr=subprocess.DEVNULL)
    try:
        wait_until(lambda: len(workers()) == 2)
        started = workers()
    finally:
        process.kill()
        process.wait()
    wait_until(lambda: not any(folder.exists() for folder in started))
