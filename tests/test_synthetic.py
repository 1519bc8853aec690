import hashlib
import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from test_cli import wait_until

from lib import attributes, figure, garment, report, synthetic
from lib.config import World
from lib.data import SLOTS, check_disjoint, check_images, find_benchmarks

SIZE = World(pretrain=20, train=150, val=40, test=60, inshop_items=8, consumer2shop_items=10, px=96)


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    root = tmp_path_factory.mktemp("world")
    return synthetic.write_world(root / "one", SIZE, seed=3, progress=False)


def digests(root):
    return {
        str(p.relative_to(root)): hashlib.sha256(p.read_bytes()).hexdigest() for p in root.rglob("*") if p.is_file()
    }


def test_two_workers_write_the_same_bytes_as_one(world, tmp_path):
    two = synthetic.write_world(tmp_path / "two", SIZE, seed=3, workers=2, progress=False)
    assert digests(two) == digests(world) and len(digests(two)) > 300


def test_another_seed_is_another_world(world, tmp_path):
    small = replace(SIZE, pretrain=0, train=4, val=0, test=0, inshop_items=0, consumer2shop_items=0)
    one = digests(synthetic.write_world(tmp_path / "a", small, seed=3, progress=False))
    other = digests(synthetic.write_world(tmp_path / "b", small, seed=4, progress=False))
    assert not set(one.values()) & {value for name, value in other.items() if name.endswith(".jpg")}


def test_the_readers_read_back_what_was_drawn(world):
    benchmarks = find_benchmarks(world)
    assert list(benchmarks) == ["category_attribute", "inshop", "consumer2shop"]
    for b in benchmarks.values():
        check_disjoint(b)
        assert list(check_images(b)) == []
    b = benchmarks["category_attribute"]
    jobs = [job for job in synthetic._plan(SIZE, 3) if job["benchmark"] == b.name]
    assert b.image.tolist() == [job["name"] for job in jobs] and b.split.tolist() == [job["split"] for job in jobs]
    hidden = positives = 0
    for i, job in enumerate(jobs):
        g = job["garment"]
        arguments = (g, 3, b.name, job["item"], job["number"], SIZE.px, job["view"], job["consumer"], SIZE.box_room)
        image, truth, quality = synthetic.picture(*arguments)
        assert b.box[i].tolist() == truth["box"].tolist()
        assert b.category_names[b.category[i]] == g.category
        assert b.clothes_type[i] == g.clothes_type
        assert b.variation[i] == synthetic._variation(job | truth)
        assert b.visibility[i].tolist() == truth["visibility"].tolist()
        seen = truth["visibility"] == 0
        np.testing.assert_allclose(b.landmarks[i][seen], truth["landmarks"][seen], atol=1.01)
        inside = truth["joint_visibility"] == 0
        np.testing.assert_allclose(b.joints[i][inside], truth["joints"][inside], atol=1.01)
        held = attributes.holds(g)
        assert not (b.attributes[i] == 1)[~held].any()  # tags miss labels, they do not invent them
        asked = np.isin(attributes.NAMES, job["wishes"])
        assert (b.attributes[i] == 1)[held & asked].all()
        hidden, positives = hidden + (b.attributes[i] != 1)[held & ~asked].sum(), positives + (held & ~asked).sum()
        jpeg = cv2.imencode(".jpg", image[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
        assert (b.images_root / b.image[i]).read_bytes() == jpeg.tobytes()
    assert hidden / positives == pytest.approx(SIZE.label_noise, abs=0.02)


def test_every_attribute_and_category_has_positives_in_a_split_that_is_large_enough():
    size = World(pretrain=0, train=0, val=400, test=0, inshop_items=0, consumer2shop_items=0)
    jobs = synthetic._plan(size, 5)
    key = (5, "category_attribute")
    tagged = [synthetic.tags(job["garment"], *key, job["item"], job["wishes"], 0.05) for job in jobs]
    assert np.any(tagged, axis=0).all() and 4 < np.sum(tagged, axis=1).mean() < 10
    assert {job["garment"].category for job in jobs} == set(garment.CATEGORY_NAMES)


def test_pose_and_zoom_have_their_official_codes():
    views = [("front", 0.7), ("zoom-out", 0.5), ("side", 0.7), ("back", 0.7), ("zoom-in", 1.1), ("zoom-in", 1.3)]
    codes = [synthetic._variation({"view": view, "zoom": zoom}) for view, zoom in views]
    assert codes == [1, 1, 2, 3, 4, 5]
    g = plain()
    assert (
        figure.render(g, np.random.default_rng(0), 96, "zoom-in")[1]["zoom"]
        > 1
        > figure.render(g, np.random.default_rng(0), 96)[1]["zoom"]
    )
    with pytest.raises(ValueError, match="no view 'top'; there are front"):
        synthetic.garment(view="top")


def test_pre_training_shares_no_item_with_another_split(world):
    b = find_benchmarks(world)["category_attribute"]
    assert len(b.rows("pretrain")) == SIZE.pretrain
    items = [{name.split("/")[1] for name in b.image[b.rows(split)]} for split in ("pretrain", "train", "val", "test")]
    assert all(not a & c for k, a in enumerate(items) for c in items[k + 1 :]) and all(items)


def test_retrieval_benchmarks_have_their_views(world):
    benchmarks = find_benchmarks(world)
    inshop, street = benchmarks["inshop"], benchmarks["consumer2shop"]
    assert set(inshop.item[inshop.rows("query")]) <= set(inshop.item[inshop.rows("gallery")])
    assert {len(np.flatnonzero(inshop.item == item)) for item in set(inshop.item)} == {4, 5}
    assert len(street.pairs) == 3 * SIZE.consumer2shop_items
    assert (street.domain[street.pairs[:, 0]] == "consumer").all() and (
        street.domain[street.pairs[:, 1]] == "shop"
    ).all()


def test_slots_follow_the_clothes_type_and_boxes_hold_what_is_visible(world):
    for b in find_benchmarks(world).values():
        for i in range(len(b.image)):
            assert set(np.flatnonzero(b.visibility[i] >= 0)) == set(SLOTS[b.clothes_type[i]])
            seen = b.landmarks[i][b.visibility[i] == 0]
            assert (seen >= b.box[i, :2] - 1).all() and (seen <= b.box[i, 2:] + 1).all()


def test_landmarks_are_not_joints(world):
    table = report.landmark_table(find_benchmarks(world)["category_attribute"])
    assert (table["to nearest joint"] > 0.05).all()  # of the box


def plain(**changes):
    g = garment.sample("Tee", np.random.default_rng(0))
    values = {name: choices[0] for name, choices in garment.VALUES.items()} | dict(colour="red", accent="white")
    values |= dict(length=1.0, sleeve=0.3, fit=0.2, flare=0.0, waist=0.0, scale=1.0, abstract=0.0, distress=0.0, seed=1)
    return garment.settle(replace(g, **(values | changes)))


def test_a_visible_landmark_lies_on_the_edge_of_the_cloth():
    """The hem's corners of a plain red tee: red just inside, not red just outside. An arm may hang beside a corner
    without hiding it, so a few may fail."""
    inside, outside = [], []
    for seed in range(30):
        image, truth = figure.render(plain(), np.random.default_rng(seed), 256)
        red = (image[..., 0] > image[..., 1].astype(int) + 40) & (image[..., 0] > image[..., 2].astype(int) + 40)
        for j, outward in ((6, -1), (7, 1)):
            x, y = np.nan_to_num(truth["landmarks"][j]).astype(int)
            if truth["visibility"][j] == 0 and 6 <= x < image.shape[1] - 6:
                inside.append(red[y - 4, x - 4 * outward])
                outside.append(red[y - 4, x + 6 * outward])
    assert len(inside) > 20 and np.mean(inside) > 0.9 and np.mean(outside) < 0.15


def test_what_is_drawn_over_a_landmark_occludes_it():
    """Worked by hand: a mask over a known place turns code 0 to 1, and a place outside the frame is code 2."""
    canvas = figure.Canvas(np.zeros((100, 80, 3), np.uint8), 100.0, np.array([40.0, 0.0]), 0.0)
    assert canvas.pixels([[0.1, 0.5]]).tolist() == [[50.0, 50.0]]
    square = [[0.05, 0.45], [0.15, 0.45], [0.15, 0.55], [0.05, 0.55]]
    canvas.fill(square, (9, 9, 9), "over")
    assert canvas.over[50, 50] == 255 and canvas.over[50, 30] == 0 and canvas.image[50, 50].tolist() == [9, 9, 9]


def test_zooming_in_cuts_landmarks_off_and_bags_hide_them():
    def codes(view, consumer):
        out = []
        for seed in range(60):
            rng = np.random.default_rng(seed)
            g = garment.sample("Dress", rng)
            out.append(figure.render(g, rng, 128, view, consumer)[1]["visibility"])
        return np.array(out)

    near, plain_view, street = codes("zoom-in", False), codes("front", False), codes("front", True)
    assert (near == 2).mean() > (plain_view == 2).mean() + 0.1
    assert (street == 1).mean() > (plain_view == 1).mean()


def test_seen_from_behind_the_garments_left_is_at_the_right():
    for view, sign in (("front", 1), ("back", -1)):
        landmarks = figure.render(plain(), np.random.default_rng(1), 256, view)[1]["landmarks"]
        assert sign * (landmarks[7, 0] - landmarks[6, 0]) > 0


def test_the_persons_left_is_the_pictures_right_in_front_views():
    for view, sign in (("front", 1), ("back", -1)):
        joints = figure.render(plain(), np.random.default_rng(1), 256, view)[1]["joints"]
        left, right = joints[2], joints[3]  # shoulders
        assert sign * (left[0] - right[0]) > 0


def test_a_stopped_world_goes_on_and_a_finished_one_is_left_alone(world, tmp_path, monkeypatch):
    draw, drawn = synthetic._draw_job, []

    def draw_some(job):
        if len(drawn) == 50:
            raise KeyboardInterrupt
        drawn.append(job)
        return draw(job)

    with monkeypatch.context() as m:
        m.setattr(synthetic, "_draw_job", draw_some)
        with pytest.raises(KeyboardInterrupt):
            synthetic.write_world(tmp_path / "w", SIZE, seed=3, progress=False)
    assert not (tmp_path / "w" / "world.json").exists()
    first = next((tmp_path / "w").rglob("*.jpg"))
    before = first.stat().st_mtime_ns
    synthetic.write_world(tmp_path / "w", SIZE, seed=3, progress=False)
    assert digests(tmp_path / "w") == digests(world) and first.stat().st_mtime_ns == before
    monkeypatch.setattr(synthetic, "_draw_job", None)
    synthetic.write_world(tmp_path / "w", SIZE, seed=3, progress=False)


def test_a_world_of_another_size_is_made_anew(tmp_path):
    tiny = World(pretrain=0, train=3, val=1, test=1, inshop_items=0, consumer2shop_items=0, px=48)
    synthetic.write_world(tmp_path / "w", tiny, seed=0, progress=False)
    synthetic.write_world(tmp_path / "w", replace(tiny, train=5), seed=0, progress=False)
    assert json.loads((tmp_path / "w" / "world.json").read_text())["size"]["train"] == 5
    assert len(find_benchmarks(tmp_path / "w")["category_attribute"].rows("train")) == 5


def test_a_mark_that_cannot_be_read_counts_as_none(tmp_path):
    tiny = World(pretrain=0, train=3, val=1, test=1, inshop_items=0, consumer2shop_items=0, px=48)
    first = digests(synthetic.write_world(tmp_path / "w", tiny, seed=0, progress=False))
    (tmp_path / "w" / "world.json").write_text("{")
    (tmp_path / "w" / "started.json").write_text("")
    assert digests(synthetic.write_world(tmp_path / "w", tiny, seed=0, progress=False)) == first


def test_your_own_garment():
    image, labels = synthetic.garment(category="Dress", attributes=["floral maxi", "belted"], seed=3)
    assert image.shape[0] == 256 and image.dtype == np.uint8
    assert labels["garment"].category == "Dress" and {"floral maxi", "belted"} <= set(labels["names"])
    again = synthetic.garment(category="Dress", attributes=["floral maxi", "belted"], seed=3)[0]
    assert np.array_equal(image, again)
    assert not np.array_equal(image, synthetic.garment("Dress", ["floral maxi", "belted"], seed=4)[0])
    with pytest.raises(ValueError, match="no attribute 'florall'; did you mean floral"):
        synthetic.garment("Dress", ["florall"])


# Fields whose every value must be seen in a front view, and a category to see it on. `back` is seen from behind.
SEEN_ON = {"neckline": "Tee", "collar": "Blouse", "closure": "Top", "hem": "Dress", "back": "Tank", "waistline": "Dress", "pocket": "Top",
           "skirt": "Dress", "sleeve_kind": "Top", "trim": "Top", "panel": "Top", "fabric": "Top", "finish": "Top", "pattern": "Top",
           "colour": "Tee", "strap": "Tank"}  # fmt: skip


@pytest.mark.parametrize("field", SEEN_ON)
def test_every_value_of_a_field_is_drawn(field):
    """Against the plain value, nothing else changed; where the category cannot have a value, another one that can."""
    rng = np.random.default_rng(0)
    view = "back" if field == "back" else "front"
    for value in garment.VALUES[field][1:]:
        for category in (SEEN_ON[field], "Jeans", "Skirt", "Jumpsuit", "Shorts", "Jacket", "Sweater"):
            base = replace(
                garment.sample(category, rng), **{name: values[0] for name, values in garment.VALUES.items()}
            )
            if field in ("sleeve_kind", "panel"):
                base = replace(base, sleeve=0.55, panel_at="sides" if field == "panel" else "none")
            if (field, value) in (("pattern", "ombre"), ("pattern", "two-tone"), ("pattern", "colorblock")):
                base = replace(base, accent="yellow", colour="navy")
            base = garment.settle(
                replace(
                    base, colour="blue" if field != "colour" else "black", accent="coral", length=max(base.length, 0.9)
                )
            )
            changed = garment.settle(replace(base, **{field: value}))
            if getattr(changed, field) == value:
                break
        else:
            pytest.fail(f"no category can have {field} {value}")
        before, after = (figure.render(g, np.random.default_rng(4), 192, view)[0] for g in (base, changed))
        small = min(before.shape[1], after.shape[1])
        differs = np.abs(before[:, :small].astype(int) - after[:, :small]).max(2) > 12
        assert differs.sum() > 25, f"{field} {value} on {category}"


@pytest.mark.parametrize("view", synthetic.INSHOP_VIEWS)
@pytest.mark.parametrize("consumer", [False, True])
def test_a_picture_is_a_pure_function_of_its_arguments(view, consumer):
    g = garment.sample("Blouse", np.random.default_rng(2))
    one, two = (figure.render(g, np.random.default_rng(8), 128, view, consumer) for _ in range(2))
    assert np.array_equal(one[0], two[0]) and one[0].shape[0] == 128
    assert all(np.array_equal(one[1][name], two[1][name], equal_nan=True) for name in one[1])


@pytest.mark.skipif(not Path("/proc").exists(), reason="looks for processes in /proc")
def test_no_worker_outlives_a_killed_process(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(
        "import sys\nfrom lib import synthetic\nfrom lib.config import World\nif __name__ == '__main__':\n"
        "    size = World(pretrain=0, train=2000, val=1, test=1, inshop_items=0, consumer2shop_items=0, views=1)\n"
        "    synthetic.write_world(sys.argv[1], size, 0, workers=2, progress=False)\n"
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

    process = subprocess.Popen([sys.executable, str(script), str(tmp_path / "w")], stderr=subprocess.DEVNULL)
    try:
        wait_until(lambda: len(workers()) == 2, seconds=60)
        started = workers()
    finally:
        process.kill()
        process.wait()
    wait_until(lambda: not any(folder.exists() for folder in started))
