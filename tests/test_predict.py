"""A photo of one's own: orientation, boxes, catalogues, and that a prediction is the network's own answer in pixels."""

import numpy as np
import pytest
import torch
from PIL import Image
from torchvision.ops import box_iou

from lib import crops, photo_network, predict
from lib.commands import photo as command
from lib.lists import DataError
from lib.photo_network import INPUT, KINDS, NONE

EXAMPLE = predict.EXAMPLES / "dress_1.jpg"


def test_a_prediction_is_the_networks_answer_in_pixels_of_the_photo():
    picture, box = predict.read_photo(EXAMPLE), np.array([20, 10, 200, 300], np.float32)
    found, (model, names) = predict.predict(EXAMPLE, box), predict.load()

    def both(net):
        crop = torch.from_numpy(crops.crop(picture, box, INPUT.px, INPUT.margin))[None]
        images = crops.images_in_view(crop, crops.fixed_view(1, INPUT), INPUT.view_px)
        with torch.inference_mode():
            return net(images), net(images.flip(3))

    plain, mirror = both(model)
    kind = ((plain["kind"] + mirror["kind"]) / 2).softmax(1)[0]
    right, k = photo_network.right_categories(names["category"]), int(kind.argmax())
    assert found.kind[0] == (list(KINDS)[k], pytest.approx(float(kind[k]), abs=1e-4))
    assert right[k, names["category"].index(found.category[0][0])] and found.category[0][1] >= float(kind[k]) - 1e-4
    features = (plain["features"] + mirror["features"]) / 2
    scale, shift = (values.view(len(KINDS), -1)[k] for values in (model.scale, model.shift))
    said = model.attribute(features * scale + shift).sigmoid()[0]
    sure = (said >= model.threshold) & ~model.absent[k]
    assert set(found.attributes) <= {names["attributes"][a] for a in sure.nonzero()[:, 0].tolist()}
    assert len(found.attributes) == min(int(sure.sum()), predict.SHOWN) and found.clothes
    plain, mirror = both(predict.load_landmarks())
    back = mirror["landmarks"][0].view(4, 2, 2).flip(1).reshape(8, 2) * torch.tensor([-1, 1]) + torch.tensor([1, 0])
    unit = ((plain["landmarks"][0] + back) / 2).numpy() * INPUT.view + (1 - INPUT.view) / 2
    expected = (unit * (1 + 2 * INPUT.margin) - INPUT.margin) * [180, 290] + [20, 10]
    np.testing.assert_allclose(found.landmarks, expected, atol=0.05)


@pytest.mark.parametrize(("name", "absent"), [("pants_1", [0, 1, 2, 3]), ("t_shirt_1", [4, 5]), ("dress_1", [])])
def test_landmarks_that_a_kind_has_not_are_not_seen(name, absent):
    assert np.flatnonzero(predict.predict(predict.EXAMPLES / f"{name}.jpg").visibility == -1).tolist() == absent


def test_guesses_by_hand():
    """Tee is right for t-shirts and long sleeves, Jeans for pants; hats and shoes are no clothes of the 50."""
    kind = dict.fromkeys(KINDS, 0.0) | {"t-shirt": 0.5, "long sleeve": 0.3, "pants": 0.2}
    names = sorted({name for right in KINDS.values() for name in right})
    found = predict.guesses(np.array(list(kind.values())), names)
    assert found[:2] == [("Tee", pytest.approx(0.8)), ("Jeans", pytest.approx(0.2))]
    kind = dict.fromkeys(KINDS, 0.0) | {"skirt": 0.4, "t-shirt": 0.35, "long sleeve": 0.25}
    found = predict.guesses(np.array(list(kind.values())), names)
    assert found[:2] == [("Tee", pytest.approx(0.6)), ("Skirt", pytest.approx(0.4))]
    none = dict.fromkeys(KINDS, 0.0) | {"hat": 0.6, "shoes": 0.4}
    assert predict.guesses(np.array(list(none.values())), names)[0] == (NONE, pytest.approx(1))


def test_the_clothes_in_a_large_picture_are_found():
    """An example in the lower right quarter of a grey picture."""
    photo = predict.read_photo(EXAMPLE)
    height, width = photo.shape[:2]
    large = np.full((2 * height, 2 * width, 3), 128, np.uint8)
    large[height:, width:] = photo
    box, whole = predict.find_box(large), predict.check_box(large, None)
    assert predict.find_box(photo).tolist() == predict.check_box(photo, None).tolist()
    truth = torch.tensor([[width, height, 2 * width, 2 * height]])
    ours, theirs = box_iou(torch.from_numpy(np.stack([box, whole]).astype(int)), truth)[:, 0].tolist()
    assert ours > theirs == 0.25


def test_the_shipped_network_describes_the_examples():
    """The figures on the validation photos are in the network's file; here the 24 examples, which it was trained on."""
    right = []
    for path in sorted(predict.EXAMPLES.glob("*.jpg")):
        kind = path.stem.rpartition("_")[0].replace("_", " ").replace("t shirt", "t-shirt")
        right.append(predict.predict(path).category[0][0] in KINDS[kind])
    assert len(right) == 24 and np.mean(right) > 0.8
    assert photo_network.FILE.stat().st_size + photo_network.LANDMARKS_FILE.stat().st_size <= 8e6


@pytest.mark.parametrize(
    "box", [(0, 0, 0, 9), (5, 5, 2, 9), (-1, 0, 9, 9), (0, 0, 9999, 9), (0, 0, 9), (0, 0, np.nan, 9), (20, 10, 200, 25)]
)
def test_a_box_outside_the_photo_is_refused(box):
    with pytest.raises(DataError, match="at least 16 x 16 pixels inside the photo's 240 x 320 pixels, with x1 < x2"):
        predict.predict(EXAMPLE, box)


@pytest.fixture(scope="module")
def out(tmp_path_factory):
    """A folder of results, with the catalogue of the examples as soon as a test has made it."""
    return tmp_path_factory.mktemp("photo")


def test_a_catalogue_finds_a_photo_itself_first_and_is_computed_once(out, monkeypatch):
    index = predict.index(predict.EXAMPLES, out / "cache")
    assert len(index[0]) == len(index[1]) == 24
    photo = predict.read_photo(EXAMPLE)
    near = predict.nearest(predict.features(photo, predict.find_box(photo)), index)
    assert near[0][0] == EXAMPLE and near[0][1] < 1e-3 and len(near) == predict.SHOWN
    assert [far for _, far in near] == sorted(far for _, far in near)
    monkeypatch.setattr(predict, "read_photo", None)  # a second call reads no photo
    np.testing.assert_array_equal(predict.index(predict.EXAMPLES, out / "cache")[1], index[1])


def test_the_command_prints_what_was_found_and_draws_it(out, capsys, monkeypatch):
    monkeypatch.setattr(command, "OUT", out)
    command.main([str(EXAMPLE)], "20,10,200,300", str(predict.EXAMPLES))
    printed = capsys.readouterr().out
    found = predict.predict(EXAMPLE, (20, 10, 200, 300))
    assert "box 20,10,200,300 (given)\n" in printed and f"category    {found.category[0][0]}" in printed
    assert f"kind        {found.kind[0][0]}" in printed
    assert "attributes  " in printed and "nearest     " in printed
    assert f"{EXAMPLE} 0." not in printed  # the photo itself is no finding
    with Image.open(out / "figures" / "dress_1.png") as picture:
        assert min(picture.size) > 200


def test_photos_of_one_name_get_a_picture_each(tmp_path, monkeypatch):
    monkeypatch.setattr(command, "OUT", tmp_path)
    photo, used = predict.read_photo(EXAMPLE), set()
    found = predict.predict(photo)
    names = [command.draw(stem, photo, found, used).name for stem in ("a.b", "a.b", "a.b_2")]
    assert names == ["a.b.png", "a.b_2.png", "a.b_2_2.png"]
