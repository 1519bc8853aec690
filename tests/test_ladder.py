"""The ladder of places: maps beside timm's own, places by hand, and a task that only the right places can solve."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from squares import CONFIG

from lib import crops, efficientnet, ladder, losses, parts, train
from lib.config import Input, Ladder
from lib.ladder import EQUAL, NOTHING, POOLED, RUNGS, TRUE, Job
from lib.lists import Lacks

SMALL = Ladder(stride=16, views=2, epochs=30, locator_epochs=1, batch=32, hidden=16, dropout=0.0)
AT = replace(CONFIG, input=Input(px=72, view_px=64), ladder=SMALL)


@pytest.fixture(scope="module")
def task(squares, tmp_path_factory):
    return ladder.make_task({"category_attribute": squares}, AT, tmp_path_factory.mktemp("ladder"))


def test_the_fixed_views_maps_are_timms(squares, task):
    """Mean of the last map: timm's pooled features; the map at stride 16: the input of its sixth stage."""
    rows, network = squares.rows("test"), efficientnet.load().eval()
    stored = crops.crop_store(squares, task.folder.parent / "cache", AT.input)
    images = crops.images_in_view(torch.from_numpy(stored[rows]), crops.fixed_view(len(rows), AT.input), 64)
    seen = []
    network.blocks[5].register_forward_pre_hook(lambda module, inputs: seen.append(inputs[0]))
    with torch.inference_mode():
        expected = network(efficientnet.Renormalise()(images))
    maps = task.measured["category_attribute"][3]
    torch.testing.assert_close(maps["pooled"][:, 0, : POOLED // 2].float(), expected, atol=2e-2, rtol=1e-2)
    torch.testing.assert_close(maps["map16"][:, 0].float(), seen[0].permute(0, 2, 3, 1), atol=5e-2, rtol=1e-2)
    assert maps["map8"].shape == (len(rows), 1, 8, 8, 40) and task.maps["map8"].shape[:2] == (len(task.rows), 2)


def test_maps_know_where_landmarks_and_joints_are(squares, task):
    maps, rows = task.measured["category_attribute"][3], squares.rows("test")
    unit = crops.to_crop(squares.landmarks[rows], squares.box[rows], AT.input.margin)
    np.testing.assert_allclose(maps["landmarks"][:, 0], (unit - 0.04) / 0.92, atol=1e-5)
    points, present = parts.targets("joints", squares, AT.input.margin)
    np.testing.assert_allclose(maps["parts"][:, 0], (points[rows, 0] - 0.04) / 0.92, atol=1e-5)
    assert (maps["present"][:, 0].numpy() == present[rows, 0]).all()


def test_places_by_hand(task):
    others = [task.measured["category_attribute"][3]]
    rows = np.arange(len(task.rows))

    def found(kind):
        return ladder.places_of(kind, task.maps, rows, others, SMALL, 0)

    (_, _), (where, gate) = found("truth")
    visible = others[0]["visibility"][:, 0] == 0
    assert (gate[:, 0] == visible).all() and (where[:, 0][visible] == others[0]["landmarks"][:, 0][visible]).all()
    seen = task.maps["visibility"] == 0
    mean = torch.stack([task.maps["landmarks"][..., j, :][seen[..., j]].mean(0) for j in range(8)])
    torch.testing.assert_close(found("mean")[1][0][0, 0], mean)
    torch.testing.assert_close(where[:, 0][~visible], mean.expand_as(where[:, 0])[~visible])
    assert found("grid")[1][0][0, 0].tolist() == torch.tensor(ladder.GRID).tolist()
    random = found("random")[0][0]
    assert 0.1 <= random.min() and random.max() <= 0.9 and len(random.flatten().unique()) == random.numel()
    joints = found("listed")[1][0][:, 0]
    assert (joints == others[0]["parts"][:, 0, ladder.JOINT_PLACES]).all()
    for kind in ("regression", "heatmap", "joints"):
        where, gate = found(kind)[0]
        assert where.shape == (len(rows), 2, 8, 2) and set(gate.unique().tolist()) <= {0.0, 1.0}
    with pytest.raises(Lacks, match="has no joints"):
        ladder.places_of("joints", {"map16": task.maps["map16"]}, rows, others, SMALL, 0)
    bare = {"map16": others[0]["map16"]}
    assert ladder.places_of("truth", task.maps, rows, [bare], SMALL, 0)[1] is None


def test_gates_by_hand(task):
    """Open everywhere, closed where a place's own gate is, or where the true landmark is not visible."""
    maps = task.measured["category_attribute"][3]
    visible = maps["visibility"][:, 0] == 0
    names = ("heatmaps, gated", "estimated by heatmaps")
    (where, _), (again, everywhere) = (task.places(Job(name, 0))[1] for name in names)
    assert (everywhere == 1).all() and (where == again).all()
    assert (task.places(Job("mean, gated by truth", 0))[1][1][:, 0] == visible).all()
    assert (task.places(Job("true, gated", 0))[1][1][:, 0] == visible).all()
    assert (task.places(Job(TRUE, 0))[1][1] == 1).all()


def test_the_wide_network_has_as_many_parameters():
    settings, classes = Ladder(), {"category": ["a"] * 50, "attributes": ["b"] * 1000}

    def count(inputs, hidden):
        return sum(p.numel() for p in ladder.Branches(inputs, hidden, 0.0, classes).parameters())

    at_places = count(POOLED + 8 * 40 * 4, settings.hidden)
    assert count(POOLED, ladder.width(settings, 1050)) == pytest.approx(at_places, rel=2e-3)
    assert count(POOLED, settings.hidden) < 0.8 * at_places


def test_cells_are_means_of_the_map(task):
    layout = ladder.features_of(task.maps, None, 8, in_cells=True)[:, :, POOLED:]
    cells = task.maps["map16"].float()
    side = cells.shape[2] // ladder.CELLS
    by_hand = cells[0, 0, side : 2 * side, :side].mean((0, 1))  # second row, first column
    found = layout[0, 0].float().view(-1, ladder.CELLS, ladder.CELLS)[:, 1, 0]
    torch.testing.assert_close(found, by_hand, rtol=1e-2, atol=1e-2)


def test_weights_of_labels():
    """The label frequencies score 1 however many attributes are supervised, and the others weigh nothing."""
    labels = torch.from_numpy(np.where(np.random.default_rng(0).random((200, 6)) < 0.3, 1, -1)).to(torch.int8)
    mask = np.array([True, True, False, False, True, False])
    mean = train.attribute_weights(train.Samples(attributes=labels), np.arange(200), mask, 0.1)
    logits = losses.prior_logits(losses.attribute_shares(labels), *(torch.where(w > 0, w, 1) for w in mean))
    loss = losses.attribute_loss(logits.expand(200, 6), labels, *mean)
    assert float(loss) == pytest.approx(1, abs=1e-4)
    assert all((w[~torch.from_numpy(mask)] == 0).all() for w in mean)


def test_doses_are_nested(task):
    for chosen in ("frequent", "random"):
        two, all_of_them = (ladder.supervised(task, Job(TRUE, 0, attributes=n, chosen=chosen)) for n in (2, 0))
        assert two.sum() == 2 and all_of_them.all()
    one = ladder.supervised(task, Job(TRUE, 0, attributes=1))
    counts = task.benchmark.frequency(task.rows)
    assert counts[one] == counts.max()


def test_only_the_right_places_solve_a_task_whose_labels_are_at_landmarks(task, tmp_path):
    """The last map is empty; a label is written into the cell of the first landmark alone."""
    rng, n = np.random.default_rng(0), 240
    labels = np.where(rng.random((n, 3)) < 0.5, 1, -1).astype(np.int8)
    where = torch.from_numpy(rng.random((n, 1, 8, 2))).float()
    cells = torch.zeros(n, 1, 8, 8, 112)
    column, row = (where[:, 0, 0] * 8).long().clamp(max=7).unbind(1)
    cells[torch.arange(n), 0, row, column, :3] = torch.from_numpy(labels).float() * 5 + 5
    maps = {"pooled": torch.zeros(n, 1, POOLED), "map16": cells, "landmarks": where}
    maps["visibility"] = torch.zeros(n, 1, 8, dtype=torch.long)
    names = np.array([f"img/{i}.jpg" for i in range(n)])
    b = replace(task.benchmark, image=names, attributes=labels, category=None, split=np.repeat("test", n))
    b = replace(b, landmarks=None, visibility=None, box=np.tile(np.float32([0, 0, 9, 9]), (n, 1)))
    halves = np.split(np.arange(n), 2)
    train, test = ({name: value[half] for name, value in maps.items()} for half in halves)
    config, measured = replace(AT, ladder=replace(SMALL, epochs=60, rate=3e-3)), (b, halves[1], None, test)
    planted = replace(task, benchmark=b, rows=halves[0], maps=train, folder=tmp_path, config=config)
    planted = replace(planted, measured={"category_attribute": measured})
    planted.odds = torch.from_numpy(labels[halves[0]] == -1).float()  # the contrary of the labels
    right = {}
    for job in (*(Job(name, 0) for name in (NOTHING, EQUAL, "fixed grid", TRUE)), Job(TRUE, 0, exact=True)):
        answers = ladder.run(planted, job)["category_attribute"]["attributes"]
        first = np.take_along_axis(labels[halves[1]], answers[:, :1].astype(int), 1)[:, 0] == 1
        right[job.rung, job.exact] = first[(labels[halves[1]] == 1).any(1)].mean()
    true, contrary = right.pop((TRUE, False)), right.pop((TRUE, True))
    assert true > 0.8 > 0.7 > max(right.values()) and contrary < 0.6, (true, contrary, right)


def test_every_rung_is_trained_without_labels_at_test(task):
    """Rankings of a test whose labels are gone are the same, except where true places are pooled."""
    maps = task.measured["category_attribute"][3]
    blind = {name: maps[name] for name in ("pooled", "map8", "map16")}
    for name, rung in RUNGS.items():
        if rung.places and rung.places not in ("truth", "listed") and rung.gate != "truth":
            places, rows = task.places(Job(name, 0))[1], task.chosen(Job(name, 0))
            again = ladder.places_of(rung.places, task.maps, rows, [blind], SMALL, 0)[1]
            assert all((a == b).all() for a, b in zip(places, again, strict=True)), name


def test_locators_learn(squares, task):
    """The loss of the heatmap locator falls on squares whose corners are its landmarks."""
    many = replace(SMALL, locator_epochs=200, rate=3e-3)
    model = ladder.fit_locator(task.maps, np.arange(len(task.rows)), "heatmap", many, 0)
    seen = task.maps["visibility"] == 0
    far = (ladder.locate(model, task.maps)[0] - task.maps["landmarks"]).norm(dim=3)[seen]
    mean = ladder.places_of("mean", task.maps, np.arange(len(task.rows)), [], SMALL, 0)[0][0]
    assert far.mean() < (mean - task.maps["landmarks"]).norm(dim=3)[seen].mean()


def test_a_finished_job_is_not_trained_again(task, monkeypatch):
    job = Job("fixed grid", 0, images=8)
    found = ladder.run(task, job)
    monkeypatch.setattr(ladder, "minimise", lambda *_: pytest.fail("trained again"))
    again = ladder.run(task, job)
    assert (found["category_attribute"]["attributes"] == again["category_attribute"]["attributes"]).all()
