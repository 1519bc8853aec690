"""A photo of one's own: orientation, boxes, catalogues, and that a prediction is the network's own answer in pixels."""

import numpy as np
import pytest
import torch
from PIL import Image

from lib import crops, predict
from lib.commands import photo as command
from lib.lists import DataError

EXAMPLE = predict.EXAMPLES / "dress_1.jpg"


def test_a_prediction_is_the_networks_answer_in_pixels_of_the_photo():
    picture = predict.read_photo(EXAMPLE)
    box = np.array([20, 10, 200, 300], np.float32)
    found, (model, names), i = predict.predict(EXAMPLE, box), predict.load(), predict.CONFIG.input
    crop = torch.from_numpy(crops.crop(picture, box, i.px, i.margin))[None]
    with torch.inference_mode():
        out = model(crops.images_in_view(crop, crops.fixed_view(1, i), i.view_px))
    assert found.category[0][0] == names["category"][int(out["category"].argmax())]
    assert [score for _, score in found.attributes] == sorted(out["attributes"][0].sigmoid().tolist(), reverse=True)[:5]
    unit = out["landmarks"][0].numpy() * i.view + (1 - i.view) / 2
    expected = (unit * (1 + 2 * i.margin) - i.margin) * [180, 290] + [20, 10]
    np.testing.assert_allclose(found.landmarks, expected, atol=0.05)
    assert np.linalg.norm(found.embedding) == pytest.approx(1, abs=1e-3) and found.visibility.shape == (8,)
    assert len(found.category) == len(found.attributes) == predict.SHOWN


def test_without_a_box_the_whole_picture_is_meant():
    picture = predict.read_photo(EXAMPLE)
    height, width = picture.shape[:2]
    whole, given = predict.predict(picture), predict.predict(picture, (0, 0, width, height))
    assert whole.box.tolist() == [0, 0, width, height] and whole.category == given.category
    np.testing.assert_array_equal(whole.landmarks, given.landmarks)


@pytest.mark.parametrize(
    "box", [(0, 0, 0, 9), (5, 5, 2, 9), (-1, 0, 9, 9), (0, 0, 9999, 9), (0, 0, 9), (0, 0, np.nan, 9), (20, 10, 200, 25)]
)
def test_a_box_outside_the_photo_is_refused(box):
    with pytest.raises(DataError, match="at least 16 x 16 pixels inside the photo's 240 x 320 pixels, with x1 < x2"):
        predict.predict(EXAMPLE, box)


def test_a_catalogue_finds_a_photo_itself_first_and_is_computed_once(tmp_path, monkeypatch):
    index = predict.index(predict.EXAMPLES, tmp_path)
    assert len(index[0]) == len(index[1]) == 24
    near = predict.nearest(predict.predict(EXAMPLE).embedding, index)
    assert near[0][0] == EXAMPLE and near[0][1] < 1e-3 and len(near) == predict.SHOWN
    assert [far for _, far in near] == sorted(far for _, far in near)
    monkeypatch.setattr(predict, "read_photo", None)  # a second call reads no photo
    np.testing.assert_array_equal(predict.index(predict.EXAMPLES, tmp_path)[1], index[1])


def test_a_wrong_box_is_one_sentence():
    with pytest.raises(SystemExit, match="'1,2,3' is not x1,y1,x2,y2"):
        command.main([str(EXAMPLE)], "1,2,3")


def test_the_command_prints_what_was_found_and_draws_it(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(command, "OUT", tmp_path)
    command.main([str(EXAMPLE)], "20,10,200,300", str(predict.EXAMPLES))
    printed = capsys.readouterr().out
    found = predict.predict(EXAMPLE, (20, 10, 200, 300))
    assert "box 20,10,200,300\n" in printed and f"category    {found.category[0][0]}" in printed
    assert (
        f"attributes  {found.attributes[0][0]}" in printed and "nearest     " in printed and "drawn clothes" in printed
    )
    assert f"{EXAMPLE} 0." not in printed  # the photo itself is no finding
    with Image.open(tmp_path / "figures" / "dress_1.png") as picture:
        assert min(picture.size) > 200


def test_photos_of_one_name_get_a_picture_each(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(command, "OUT", tmp_path / "out")
    paths = [tmp_path / name for name in ("x/a.b.jpg", "y/a.b.jpg", "z/a.b_2.jpg")]
    for path in paths:
        path.parent.mkdir()
        path.write_bytes(EXAMPLE.read_bytes())
    command.main([str(path) for path in paths])
    assert sorted(path.name for path in (tmp_path / "out" / "figures").iterdir()) == [
        "a.b.png",
        "a.b_2.png",
        "a.b_2_2.png",
    ]
