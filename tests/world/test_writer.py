"""A world on disk: read back by the readers, the same bytes for any number of workers, resumable."""

import csv
import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from lib import locks
from lib.deepfashion import check_disjoint, find_benchmarks, sides
from lib.lists import SLOTS, DataError
from lib.locks import hold
from lib.world import World, garment, sheet, titles, write_shard, write_world, writer
from lib.world.attributes import NAMES, holds
from lib.world.items import draw_job, garments_of, images_of, plan

NONE = World(
    pretrain=0, train=0, val=0, test=0, inshop_train_items=0, inshop_test_items=0, consumer2shop_train_items=0,
    consumer2shop_val_items=0, consumer2shop_test_items=0, distractors=0, px=48,
)  # fmt: skip
TINY = replace(NONE, train=3, val=1, test=1)


def digests(root):
    return {
        str(p.relative_to(root)): hashlib.sha256(p.read_bytes()).hexdigest() for p in root.rglob("*") if p.is_file()
    }


@pytest.fixture(scope="module")
def benchmarks(world):
    return find_benchmarks(world)


def test_two_workers_write_the_same_bytes_as_one(world, size, tmp_path):
    two = write_world(tmp_path / "two", size, seed=3, workers=2, progress=False)
    assert digests(two) == digests(world) and len(digests(two)) > 200


def test_another_seed_is_another_world(tmp_path):
    one, other = (digests(write_world(tmp_path / str(s), replace(NONE, train=4), s, progress=False)) for s in (3, 4))
    assert not set(one.values()) & {value for name, value in other.items() if name.endswith(".jpg")}


def test_the_readers_read_back_what_was_drawn(world, size, benchmarks):
    assert list(benchmarks) == ["category_attribute", "inshop", "consumer2shop"]
    drawn, garments = {name: [] for name in benchmarks}, {}
    for job in plan(size, 3):
        here = list(draw_job(job, size, 3))
        garments |= {(job.benchmark, item): g for item, g in enumerate(garments_of(job, size, 3), job.first)}
        assert len(here) == images_of(job)
        drawn[job.benchmark] += here
    for name, b in benchmarks.items():
        check_disjoint(b)
        order = {image: i for i, image in enumerate(b.image)}
        assert sorted(order) == sorted(about.name for _, _, about in drawn[name])
        for pixels, quality, about in drawn[name]:
            i = order[about.name]
            assert " ".join(f"{int(v):03d}" for v in b.box[i]) == about.box
            g = garments[name, about.item]
            assert b.clothes_type[i] == about.clothes_type == g.clothes_type
            assert set(np.flatnonzero(b.visibility[i] >= 0)) == set(SLOTS[b.clothes_type[i]])
            seen = b.landmarks[i][b.visibility[i] == 0]
            assert (seen >= b.box[i, :2] - 1).all() and (seen <= b.box[i, 2:] + 1).all()
            assert np.flatnonzero(b.attributes[i] == 1).tolist() == about.fired.tolist()
            assert holds(g)[about.fired].all()
            jpeg = cv2.imencode(".jpg", pixels[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
            assert (b.images_root / b.image[i]).read_bytes() == jpeg.tobytes()
    b = benchmarks["category_attribute"]
    for _, _, about in drawn["category_attribute"]:
        i = b.image.tolist().index(about.name)
        assert b.category_names[b.category[i]] == garments[b.name, about.item].category and b.split[i] == about.split


def test_titles_name_the_folders_and_the_labels_fire_in_them(world, benchmarks):
    with open(world / "titles.csv", newline="") as file:
        written = {(row["benchmark"], row["item"]): row["title"] for row in csv.DictReader(file)}
    b = benchmarks["category_attribute"]
    for image, labels in zip(b.image, b.attributes, strict=True):
        title, _, item = image.split("/")[1].rpartition("_")
        assert written["category_attribute", item] == title.replace("_", " ")
        words = tuple(title.lower().split("_"))
        assert set(np.flatnonzero(labels == 1)) <= set(titles.matches(words))


def test_all_benchmarks_list_the_same_attributes(benchmarks):
    assert {b.attribute_names for b in benchmarks.values()} == {NAMES}


def test_the_ceiling_ranks_each_val_and_test_image(size, benchmarks):
    b = benchmarks["category_attribute"]
    measured = np.isin(b.split, ["val", "test"])
    assert ((b.ceiling >= 0).all(1) == measured).all() and measured.sum() == size.val + size.test
    garments = {j.first: garments_of(j, size, 3)[0] for j in plan(size, 3) if j.split == "test" and j.views}
    for i in np.flatnonzero(b.split == "test")[:5]:
        p = titles.probabilities(garments[int(b.image[i].split("/")[1].rpartition("_")[2])])
        assert (np.diff(p[b.ceiling[i]]) <= 0).all() and p[b.ceiling[i, 0]] == p.max()
    found = np.mean([(b.attributes[i][b.ceiling[i, :5]] == 1).sum() for i in np.flatnonzero(measured)])
    assert found / (b.attributes[measured] == 1).sum(1).mean() > 0.7


def test_splits_share_no_item(size, benchmarks):
    b = benchmarks["category_attribute"]
    items = [{name.split("/")[1] for name in b.image[b.split == s]} for s in ("pretrain", "train", "val", "test")]
    assert all(not a & c for k, a in enumerate(items) for c in items[k + 1 :])
    assert [len(i) for i in items] == [size.pretrain // 2, size.train // 2, size.val, size.test]
    garments = [{g for j in plan(size, 3) if (j.benchmark, j.split) == ("inshop", s) for g in garments_of(j, size, 3)}
                for s in ("train", "test")]  # fmt: skip
    assert not garments[0] & garments[1] and [len(g) for g in garments] == [8, 12]


def test_retrieval_benchmarks_have_their_views(size, benchmarks):
    inshop, street = benchmarks["inshop"], benchmarks["consumer2shop"]
    assert set(inshop.item[inshop.split == "query"]) == set(inshop.item[inshop.split == "gallery"])
    assert {int((inshop.item == item).sum()) for item in set(inshop.item)} == {4, 5}
    paired = size.consumer2shop_train_items + size.consumer2shop_val_items + size.consumer2shop_test_items
    assert len(street.pairs) == 2 * paired + sum(item % 2 for item in range(paired))
    assert (street.domain[street.pairs[:, 0]] == "consumer").all() and (
        street.domain[street.pairs[:, 1]] == "shop"
    ).all()


def test_distractors_are_in_the_gallery_alone(world, size, benchmarks):
    lines = (next(world.glob("Consumer*")) / "Eval" / "list_distractors.txt").read_text().splitlines()
    assert int(lines[0]) == size.distractors == len(lines) - 2
    b = benchmarks["consumer2shop"]
    query, gallery = sides(b)
    assert set(lines[2:]) <= set(b.image[gallery]) and not set(lines[2:]) & set(b.image[np.ravel(b.pairs)])
    assert len(gallery) == size.consumer2shop_test_items + size.distractors


def test_a_stopped_world_goes_on_and_a_finished_one_is_left_alone(world, size, tmp_path, monkeypatch):
    draw, drawn = writer._draw_job, []

    def draw_some(*arguments):
        if len(drawn) == 20:
            raise KeyboardInterrupt
        drawn.append(arguments)
        return draw(*arguments)

    with monkeypatch.context() as m:
        m.setattr(writer, "_draw_job", draw_some)
        with pytest.raises(KeyboardInterrupt):
            write_world(tmp_path / "w", size, seed=3, progress=False)
    assert not (tmp_path / "w" / "world.json").exists()
    first = next((tmp_path / "w").rglob("*.jpg"))
    before = first.stat().st_mtime_ns
    write_world(tmp_path / "w", size, seed=3, progress=False)
    assert digests(tmp_path / "w") == digests(world) and first.stat().st_mtime_ns == before
    monkeypatch.setattr(writer, "_draw_job", None)
    write_world(tmp_path / "w", size, seed=3, progress=False)


@pytest.mark.parametrize("workers", [1, 2])
def test_drawing_ends_at_the_deadline_and_goes_on(world, size, tmp_path, monkeypatch, workers):
    """Each call draws something that no earlier one has drawn, so that calls that are too short get there, too."""
    monkeypatch.setenv("DEEPFASHION_DEADLINE", "1")
    done = [0]
    for _ in range(3):
        with pytest.raises(locks.OutOfTime, match=r"w: stopped after [0-9]+ of [0-9]+ images; start again to res") as e:
            write_world(tmp_path / "w", size, seed=3, workers=workers, progress=False)
        done.append(int(str(e.value).split(" after ")[1].split()[0]))
        assert not (tmp_path / "w" / "world.json").exists()
    assert done == sorted(set(done))
    monkeypatch.delenv("DEEPFASHION_DEADLINE")
    count, draw = [], writer._draw_job
    monkeypatch.setattr(writer, "_draw_job", lambda *args: count.append(images_of(args[-1])) or draw(*args))
    write_world(tmp_path / "w", size, seed=3, progress=False)
    assert done[-1] + sum(count) == len(list(world.rglob("*.jpg"))) and digests(tmp_path / "w") == digests(world)


def test_a_shard_that_ends_at_the_deadline_is_resumed(world, size, tmp_path, monkeypatch):
    for number in (1, 2):
        with monkeypatch.context() as late:
            late.setenv("DEEPFASHION_DEADLINE", "1")
            with pytest.raises(locks.OutOfTime):
                write_shard(tmp_path / "w", size, 3, number, 2, progress=False)
        write_shard(tmp_path / "w", size, 3, number, 2, progress=False)
    monkeypatch.setattr(writer, "_draw_job", lambda *_: pytest.fail("drawn twice"))
    write_world(tmp_path / "w", size, seed=3, progress=False)
    assert digests(tmp_path / "w") == digests(world)


def test_a_world_of_another_size_is_written_from_scratch_and_that_is_said(tmp_path, capsys):
    write_world(tmp_path / "w", TINY, seed=0, progress=False)
    assert capsys.readouterr().err == ""
    write_world(tmp_path / "w", replace(TINY, train=5), seed=0, progress=False)
    assert "w: its mark is damaged, or of another size, seed or version; made again" in capsys.readouterr().err
    assert json.loads((tmp_path / "w" / "world.json").read_text())["size"]["train"] == 5
    assert len(find_benchmarks(tmp_path / "w")["category_attribute"].rows("train")) == 5


def test_a_folder_of_other_files_is_not_emptied(tmp_path):
    (tmp_path / "thesis.tex").write_text("x")
    with pytest.raises(DataError, match="holds other files"):
        write_world(tmp_path, TINY, seed=0, progress=False)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


def test_shards_of_several_machines_make_the_same_world(world, size, tmp_path, monkeypatch):
    for number in (1, 2, 3):  # each on a machine of its own
        written = write_shard(tmp_path / str(number), size, 3, number, 3, progress=False)
        assert written == tmp_path / str(number) / "shards" / f"{number}_of_3.jsonl"
        with monkeypatch.context() as m:
            m.setattr(writer, "_draw_job", lambda *_: pytest.fail("drawn again"))
            assert write_shard(tmp_path / str(number), size, 3, number, 3, progress=False) == written
        shutil.copytree(tmp_path / str(number), tmp_path / "all", dirs_exist_ok=True)
    with monkeypatch.context() as m:
        m.setattr(writer, "_draw_job", lambda *_: pytest.fail("drawn again"))
        write_world(tmp_path / "all", size, seed=3, progress=False)
        assert write_shard(tmp_path / "all", size, 3, 1, 3) is None  # a finished world is left alone
    assert digests(tmp_path / "all") == digests(world)


@pytest.mark.parametrize("loss", ["a shard", "a photo", "half a shard", "another world's shard"])
def test_what_a_shard_lacks_is_drawn(world, size, tmp_path, loss):
    root = tmp_path / "w"
    shards = [write_shard(root, size, 3, number, 2, progress=False) for number in (1, 2)]
    photo = next(root.rglob("*.jpg"))
    if loss == "a shard":
        shards[0].unlink()
    elif loss == "a photo":
        photo.unlink()
    elif loss == "half a shard":
        os.truncate(shards[0], shards[0].stat().st_size // 2)
    else:
        shards[0].write_text(shards[0].read_text().replace('"seed": 3', '"seed": 4', 1))
    write_world(root, size, seed=3, progress=False)
    assert digests(root) == digests(world)


def test_a_shard_is_drawn_by_one_process_and_has_a_number(tmp_path):
    for number in (0, 3):
        with pytest.raises(ValueError, match=f"shard {number}/2"):
            write_shard(tmp_path / "w", TINY, 0, number, 2)
    write_shard(tmp_path / "w", TINY, 0, 2, 2, progress=False)
    with hold(tmp_path / "w" / "shards" / "1_of_2.lock", "x"):
        with pytest.raises(BlockingIOError, match="shard 1_of_2 is being drawn by process"):
            write_shard(tmp_path / "w", TINY, 0, 1, 2, progress=False)


def test_a_full_disk_at_the_start_is_gone_on_from(tmp_path, monkeypatch):
    with monkeypatch.context() as m:
        m.setattr(writer.os, "replace", lambda *_: (_ for _ in ()).throw(OSError(28, "No space left on device")))
        with pytest.raises(DataError, match="cannot be written .No space left on device.; free some room"):
            write_world(tmp_path / "w", TINY, 0, progress=False)
    assert [path.name for path in (tmp_path / "w").iterdir()] == ["started.part"]
    whole = write_world(tmp_path / "whole", TINY, 0, progress=False)
    assert digests(write_world(tmp_path / "w", TINY, 0, progress=False)) == digests(whole)


def test_a_world_is_not_replaced_under_a_process_that_draws_a_shard(tmp_path, monkeypatch):
    """Its images would be taken for those of the new world."""
    write_shard(tmp_path / "w", TINY, 0, 2, 2, progress=False)
    waited, lock = [], tmp_path / "w" / "shards" / "1_of_2.lock"
    lock.touch()
    hold_ = writer.hold

    def hold_and_tell(path, *arguments, **options):
        waited.append((path, lock.parent.exists()))
        return hold_(path, *arguments, **options)

    monkeypatch.setattr(writer, "hold", hold_and_tell)
    other = replace(TINY, px=64)
    write_world(tmp_path / "w", other, 0, progress=False)
    assert waited[1] == (lock, True)  # before anything is deleted
    whole = write_world(tmp_path / "whole", other, 0, progress=False)
    assert digests(tmp_path / "w") == digests(whole) and not (tmp_path / "w.deleted").exists()


def test_a_killed_deletion_leaves_nothing_that_counts_as_foreign(tmp_path, monkeypatch):
    write_world(tmp_path / "w", TINY, 0, progress=False)
    with monkeypatch.context() as m:
        m.setattr(
            writer.shutil, "rmtree", lambda path, **_: path.name == "w.deleted" and path.exists() and exit("killed")
        )
        with pytest.raises(SystemExit):
            write_world(tmp_path / "w", replace(TINY, train=4), 0, progress=False)
    assert (tmp_path / "w.deleted" / "world.json").exists() and not (tmp_path / "w").exists()
    write_world(tmp_path / "w", replace(TINY, train=4), 0, progress=False)
    write_world(tmp_path / "w", replace(TINY, train=5), 0, progress=False)
    assert len(find_benchmarks(tmp_path / "w")["category_attribute"].rows("train")) == 5
    assert not (tmp_path / "w.deleted").exists()


def test_more_shards_than_items_leave_some_empty(tmp_path):
    for number in range(1, 8):
        write_shard(tmp_path / "w", TINY, 0, number, 7, progress=False)
    whole = write_world(tmp_path / "whole", TINY, 0, progress=False)
    assert digests(write_world(tmp_path / "w", TINY, 0, progress=False)) == digests(whole)


def test_a_mark_that_cannot_be_read_counts_as_none(tmp_path):
    first = digests(write_world(tmp_path / "w", TINY, seed=0, progress=False))
    (tmp_path / "w" / "world.json").write_text("{")
    (tmp_path / "w" / "started.json").write_text("")
    assert digests(write_world(tmp_path / "w", TINY, seed=0, progress=False)) == first


def test_your_own_garment():
    image, labels = garment(category="Dress", attributes=["floral maxi", "belted"], seed=3)
    assert image.shape[0] == 256 and image.dtype == np.uint8
    assert labels["garment"].category == "Dress" and {"floral maxi", "belted"} <= set(labels["names"])
    again = garment(category="Dress", attributes=["floral maxi", "belted"], seed=3)[0]
    assert np.array_equal(image, again)
    assert not np.array_equal(image, garment("Dress", ["floral maxi", "belted"], seed=4)[0])
    with pytest.raises(ValueError, match="no attribute 'florall'; did you mean floral"):
        garment("Dress", ["florall"])
    with pytest.raises(ValueError, match="no view 'top'; there are front"):
        garment(view="top")


def test_a_sheet_shows_items_with_titles_and_fired_names():
    rows = sheet(3, seed=1, px=64)
    assert len(rows) == 3
    for image, title, names in rows:
        assert image.shape[0] == 64 and all(f" {name} " in f" {title.lower()} " for name in names)


@pytest.mark.skipif(not Path("/proc").exists(), reason="looks for processes in /proc")
def test_no_worker_outlives_a_killed_process(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(
        "import sys\nfrom lib.world import World, write_world\nif __name__ == '__main__':\n"
        "    write_world(sys.argv[1], World(train=5000), 0, workers=2, progress=False)\n"
    )

    def workers():
        found = []
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                parent = (folder / "stat").read_text().rpartition(") ")[2].split()[1]
                if int(parent) == process.pid and b"spawn_main" in (folder / "cmdline").read_bytes():
                    found.append(folder)
            except OSError:
                continue  # ended meanwhile
        return found

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
