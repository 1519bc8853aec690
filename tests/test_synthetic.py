import hashlib
import json
from dataclasses import replace

import cv2
import numpy as np
import pytest

from lib import garment, report, synthetic
from lib.config import World
from lib.data import SLOTS, check_disjoint, check_images, find_benchmarks

SIZE = World(train=150, val=40, test=60, inshop_items=8, consumer2shop_items=10, px=96)


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
    small = replace(SIZE, train=4, val=0, test=0, inshop_items=0, consumer2shop_items=0)
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
        image, truth = synthetic.picture(3, b.name, job["item"], job["number"], SIZE.px, job["view"], job["consumer"])
        assert b.box[i].tolist() == truth["box"].tolist()
        assert b.category_names[b.category[i]] == truth["garment"].category
        assert b.clothes_type[i] == truth["garment"].clothes_type
        assert b.visibility[i].tolist() == truth["visibility"].tolist()
        seen = truth["visibility"] == 0
        np.testing.assert_allclose(b.landmarks[i][seen], truth["landmarks"][seen], atol=1.01)
        inside = truth["joint_visibility"] == 0
        np.testing.assert_allclose(b.joints[i][inside], truth["joints"][inside], atol=1.01)
        wrong = b.attributes[i] != truth["attributes"]
        assert (b.attributes[i][wrong] == -1).all()  # tags miss labels, they do not invent them
        hidden, positives = hidden + wrong.sum(), positives + (truth["attributes"] == 1).sum()
        jpeg = cv2.imencode(".jpg", image[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, truth["quality"]])[1]
        assert (b.images_root / b.image[i]).read_bytes() == jpeg.tobytes()
    assert hidden / positives == pytest.approx(SIZE.label_noise, abs=0.02)


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
    values = dict(length=1.0, sleeve=0.3, fit=0.2, flare=0.0, waist=0.0, closure="none", hem="plain", pattern="solid")
    values |= dict(fabric="cotton", colour="red", pockets=False, belt=False, pleats=False, straps=False)
    return replace(g, **(values | changes))


def test_a_visible_landmark_lies_on_the_edge_of_the_cloth():
    """The hem's corners of a plain red tee: red just inside, not red just outside. An arm may hang beside a corner
    without hiding it, so a few may fail."""
    inside, outside = [], []
    for seed in range(30):
        image, truth = synthetic.render(plain(), np.random.default_rng(seed), 256)
        red = (image[..., 0] > image[..., 1].astype(int) + 40) & (image[..., 0] > image[..., 2].astype(int) + 40)
        for j, outward in ((6, -1), (7, 1)):
            x, y = np.nan_to_num(truth["landmarks"][j]).astype(int)
            if truth["visibility"][j] == 0 and 6 <= x < image.shape[1] - 6:
                inside.append(red[y - 4, x - 4 * outward])
                outside.append(red[y - 4, x + 6 * outward])
    assert len(inside) > 20 and np.mean(inside) > 0.9 and np.mean(outside) < 0.15


def test_what_is_drawn_over_a_landmark_occludes_it():
    """Worked by hand: a mask over a known place turns code 0 to 1, and a place outside the frame is code 2."""
    canvas = synthetic._Canvas(np.zeros((100, 80, 3), np.uint8), 100.0, np.array([40.0, 0.0]), 0.0)
    assert canvas.pixels([[0.1, 0.5]]).tolist() == [[50.0, 50.0]]
    square = [[0.05, 0.45], [0.15, 0.45], [0.15, 0.55], [0.05, 0.55]]
    canvas.fill(square, (9, 9, 9), covers=True)
    assert canvas.over[50, 50] == 255 and canvas.over[50, 30] == 0 and canvas.image[50, 50].tolist() == [9, 9, 9]


def test_zooming_in_cuts_landmarks_off_and_bags_hide_them():
    def codes(view, consumer):
        out = []
        for seed in range(60):
            rng = np.random.default_rng(seed)
            g = garment.sample("Dress", rng)
            out.append(synthetic.render(g, rng, 128, view, consumer)[1]["visibility"])
        return np.array(out)

    near, plain_view, street = codes("zoom-in", False), codes("front", False), codes("front", True)
    assert (near == 2).mean() > (plain_view == 2).mean() + 0.1
    assert (street == 1).mean() > (plain_view == 1).mean()


def test_seen_from_behind_the_garments_left_is_at_the_right():
    for view, sign in (("front", 1), ("back", -1)):
        landmarks = synthetic.render(plain(), np.random.default_rng(1), 256, view)[1]["landmarks"]
        assert sign * (landmarks[7, 0] - landmarks[6, 0]) > 0


def test_the_persons_left_is_the_pictures_right_in_front_views():
    for view, sign in (("front", 1), ("back", -1)):
        joints = synthetic.render(plain(), np.random.default_rng(1), 256, view)[1]["joints"]
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
    tiny = World(train=3, val=1, test=1, inshop_items=0, consumer2shop_items=0, px=48)
    synthetic.write_world(tmp_path / "w", tiny, seed=0, progress=False)
    synthetic.write_world(tmp_path / "w", replace(tiny, train=5), seed=0, progress=False)
    assert json.loads((tmp_path / "w" / "world.json").read_text())["size"]["train"] == 5
    assert len(find_benchmarks(tmp_path / "w")["category_attribute"].rows("train")) == 5


def test_attributes_say_what_was_drawn():
    g = plain(pattern="striped", sleeve=0.3)
    has = {n for n, v in zip(garment.ATTRIBUTE_NAMES, garment.attributes(g), strict=True) if v == 1}
    assert {"striped", "cotton", "short sleeve"} <= has and not has & {"solid", "sleeveless", "long sleeve", "denim"}


def test_every_category_and_attribute_can_be_drawn():
    rng = np.random.default_rng(0)
    seen = np.zeros(len(garment.ATTRIBUTE_NAMES), bool)
    for _ in range(60):
        for name in garment.CATEGORY_NAMES:
            g = garment.sample(name, rng)
            assert g.category == name
            seen |= garment.attributes(g) == 1
    assert [n for n, s in zip(garment.ATTRIBUTE_NAMES, seen, strict=True) if not s] == []
    assert len(garment.CATEGORIES) == 50 and set(garment.ATTRIBUTE_GROUPS) == {1, 2, 3, 4, 5}
