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
    picture = predict.read_upright(EXAMPLE)
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


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_photo_is_turned_as_its_exif_orientation_asks(orientation, tmp_path):
    """Each file shows the same picture once it is turned: the inverse turn of each orientation, by hand."""
    upright = np.zeros((32, 48, 3), np.uint8)
    upright[:16, :24, 0] = 250  # top left is red
    upright[16:, 24:, 2] = 250  # bottom right is blue
    stored = {
        1: upright,
        2: upright[:, ::-1],
        3: upright[::-1, ::-1],
        4: upright[::-1],
        5: upright.transpose(1, 0, 2),
        6: np.rot90(upright, 1),
        7: np.rot90(upright, 2).transpose(1, 0, 2),
        8: np.rot90(upright, -1),
    }[orientation]
    exif = Image.Exif()
    exif[0x0112] = orientation
    for name in ("turned.png", "turned.tif"):  # OpenCV turns TIFF itself
        Image.fromarray(np.ascontiguousarray(stored)).save(tmp_path / name, exif=exif)
        np.testing.assert_array_equal(predict.read_upright(tmp_path / name), upright)


def test_without_a_box_the_whole_picture_is_meant():
    picture = predict.read_upright(EXAMPLE)
    height, width = picture.shape[:2]
    whole, given = predict.predict(picture), predict.predict(picture, (0, 0, width, height))
    assert whole.box.tolist() == [0, 0, width, height] and whole.category == given.category
    np.testing.assert_array_equal(whole.landmarks, given.landmarks)


@pytest.mark.parametrize(
    "box", [(0, 0, 0, 9), (5, 5, 2, 9), (-1, 0, 9, 9), (0, 0, 9999, 9), (0, 0, 9), (0, 0, np.nan, 9)]
)
def test_a_box_outside_the_photo_is_refused(box):
    with pytest.raises(DataError, match="not x1 < x2 and y1 < y2 inside the photo's 240 x 320 pixels"):
        predict.predict(EXAMPLE, box)


def test_sixteen_bits_are_turned_as_they_are_decoded(tmp_path):
    grey = np.full((20, 30), 120 * 257, np.uint16)
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(grey).save(tmp_path / "grey.png", exif=exif)
    turned = predict.read_upright(tmp_path / "grey.png")
    assert turned.shape == (30, 20, 3) and (abs(turned.astype(int) - 120) <= 1).all()


def test_a_catalogue_finds_a_photo_itself_first_and_is_computed_once(tmp_path, monkeypatch):
    index = predict.index(predict.EXAMPLES, tmp_path)
    assert len(index[0]) == len(index[1]) == 24
    near = predict.nearest(predict.predict(EXAMPLE).embedding, index)
    assert near[0][0] == EXAMPLE and near[0][1] < 1e-3 and len(near) == predict.SHOWN
    assert [far for _, far in near] == sorted(far for _, far in near)
    monkeypatch.setattr(predict, "read_upright", None)  # a second call reads no photo
    np.testing.assert_array_equal(predict.index(predict.EXAMPLES, tmp_path)[1], index[1])


def test_a_catalogue_leaves_out_what_cannot_be_read_and_says_so(tmp_path, capsys):
    photos, cache = tmp_path / "photos", tmp_path / "cache"
    photos.mkdir()
    (photos / "a.jpg").write_text("no picture")
    with pytest.raises(DataError, match="none of its 1 photos can be read"):
        predict.index(photos, cache)
    (photos / "b.jpg").write_bytes(EXAMPLE.read_bytes())
    capsys.readouterr()
    sentences = "a.jpg: not a whole JPEG or PNG picture", "1 of 2 photos cannot be read and are left out"
    for call in range(2):  # named when the index is made, counted whenever it is read
        paths, embeddings = predict.index(photos, cache)
        assert paths == [photos / "b.jpg"] and len(embeddings) == 1
        err = capsys.readouterr().err
        assert [sentence in err for sentence in sentences] == [call == 0, True]
    np.testing.assert_allclose(embeddings[0], predict.predict(EXAMPLE).embedding, atol=1e-5)


def test_what_cannot_be_read_is_one_sentence(tmp_path):
    (tmp_path / "no.jpg").write_bytes(b"\xff\xd8 no picture")
    with pytest.raises(DataError, match="no.jpg"):
        predict.predict(tmp_path / "no.jpg")
    with pytest.raises(DataError, match="none: no such folder; name a folder with photos"):
        predict.index(tmp_path / "none", tmp_path)
    (tmp_path / "none").mkdir()
    with pytest.raises(DataError, match="no .jpg, .png or .webp photo"):
        predict.index(tmp_path / "none", tmp_path)
    with pytest.raises(DataError, match="too small to show clothes; give one of at least 16 x 16 pixels"):
        predict.predict(EXAMPLE, (20, 10, 200, 25))
    with pytest.raises(SystemExit, match=r"absent\.jpg: no such file; check the path"):
        command.main([str(tmp_path / "absent.jpg")])
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
