"""Joints of real photos: COCO's keypoints become ours, and the list is read by the project's own reader."""

from dataclasses import replace

import cv2
import numpy as np
import pandas as pd
import pytest
import torch

from lib.commands import find_joints
from lib.deepfashion import find_benchmarks
from lib.lists import FOLDERS, JOINTS
from lib.write import write

BOX = np.array([10.0, 10, 60, 100])


def detections():
    """Three people as torchvision returns them: the first covers the box best, the third has too low a score."""
    keypoints = torch.stack([torch.arange(17.0), torch.arange(17.0) * 2, torch.ones(17)], dim=1).repeat(3, 1, 1)
    keypoints[1] += 100
    scores = torch.ones(3, 17)
    scores[0, find_joints.COCO.index("left wrist")] = -1
    boxes = torch.tensor([[0.0, 0, 60, 95], [60, 0, 90, 90], [0, 0, 95, 105]])
    people = torch.tensor([0.8, 0.99, 0.2])
    return {"boxes": boxes, "scores": people, "keypoints": keypoints, "keypoints_scores": scores}


class Detector(torch.nn.Module):
    def forward(self, images):
        assert images[0].shape == (3, 120, 80) and 0 < images[0].max() <= 1  # channels, rows, columns
        return [detections()]


@pytest.fixture
def benchmark(tmp_path):
    """An In-shop folder with three photos, without joints."""
    items = [f"id_0000000{i}" for i in range(1, 4)]
    names = [f"img/WOMEN/Dresses/{item}/01_1_front.jpg" for item in items]
    box = {"x1": 10, "y1": 10, "x2": 60, "y2": 100}
    b = write(tmp_path, pd.DataFrame({"image": names, "item": items, "split": "train"} | box))
    for name in names:
        cv2.imwrite(str(b.images_root / name), np.full((120, 80, 3), 200, np.uint8))
    return b


def test_cocos_keypoints_become_our_joints():
    points, codes = find_joints.joints_of(detections(), BOX)
    joints = dict(zip(JOINTS, zip(points.tolist(), codes.tolist(), strict=True), strict=True))
    assert joints["head"] == ([0, 0], 0)  # the nose, COCO's keypoint 0
    assert joints["neck"] == ([5.5, 11], 0)  # the middle of keypoints 5 and 6
    assert joints["left shoulder"] == ([5, 10], 0) and joints["right ankle"] == ([16, 32], 0)
    assert joints["left wrist"][1] == 2 and np.isnan(joints["left wrist"][0]).all()
    assert (codes == 0).sum() == 13


@pytest.mark.parametrize("box", [[200.0, 200, 300, 300], [90, 0, 95, 50]])
def test_nobody_in_the_box_is_code_2_throughout(box):
    points, codes = find_joints.joints_of(detections(), np.array(box))
    assert (codes == 2).all() and np.isnan(points).all()
    nobody = {name: value[:0] for name, value in detections().items()}
    assert (find_joints.joints_of(nobody, BOX)[1] == 2).all()


def test_the_list_is_read_back_with_the_benchmark(benchmark, tmp_path):
    assert benchmark.anno == tmp_path / FOLDERS["inshop"] / "Anno"
    find_joints.write_joints(benchmark, Detector())
    read = find_benchmarks(tmp_path)["inshop"]
    points, codes = find_joints.joints_of(detections(), BOX)
    assert read.joints.shape == (3, 14, 2) and (read.joint_visibility == codes).all()
    expected = np.maximum(np.round(points), 1)  # whole pixels; 0 would mean unknown
    np.testing.assert_array_equal(read.joints[2], np.where((codes == 0)[:, None], expected, np.nan))


def test_a_stopped_search_goes_on_with_the_rows_that_are_there(benchmark):
    folder, searched = benchmark.anno, []

    class Stopped(Detector):
        def forward(self, images):
            searched.append(1)
            if len(searched) == 2:
                raise KeyboardInterrupt
            return super().forward(images)

    with pytest.raises(KeyboardInterrupt):
        find_joints.write_joints(benchmark, Stopped())
    assert not (folder / "list_joints.txt").exists()
    find_joints.write_joints(benchmark, Stopped())
    assert len(searched) == 4 and not list(folder.glob("*.part"))
    text = (folder / "list_joints.txt").read_text()
    searched[:] = []
    with pytest.raises(KeyboardInterrupt):
        find_joints.write_joints(benchmark, Stopped())
    other = replace(benchmark, box=benchmark.box + 1)  # the row that is there is of another box
    find_joints.write_joints(other, Stopped())
    assert len(searched) == 2 + 3 and (folder / "list_joints.txt").read_text() == text


def test_damaged_photos_are_named_at_once_or_passed_over(benchmark, tmp_path, monkeypatch, capsys):
    (benchmark.images_root / benchmark.image[0]).write_bytes(b"no photo")
    (benchmark.images_root / benchmark.image[2]).unlink()
    monkeypatch.setattr(find_joints, "load_detector", lambda weights: pytest.fail("weights were loaded"))
    with pytest.raises(SystemExit, match="^find_joints: 2 of 3 photos .*id_00000001.*id_00000003.*--skip-damaged"):
        find_joints.main(["--data", str(tmp_path)])
    monkeypatch.setattr(find_joints, "load_detector", lambda weights: Detector())
    find_joints.main(["--data", str(tmp_path), "--skip-damaged"])
    assert "searching 1 of 3 photos" in capsys.readouterr().out
    monkeypatch.setattr(find_joints, "load_detector", lambda weights: pytest.fail("weights were loaded"))
    find_joints.main(["--data", str(tmp_path)])
    assert "has its joints already" in capsys.readouterr().out
    codes = find_benchmarks(tmp_path)["inshop"].joint_visibility
    assert (codes[[0, 2]] == 2).all() and (codes[1] == 0).sum() == 13


def test_errors_are_one_sentence(benchmark, tmp_path):
    with pytest.raises(SystemExit, match=r"^find_joints: [^\n]*none of 'Category[^\n]*$"):
        find_joints.main(["--data", str(tmp_path / "nowhere")])
    torch.save({"backbone": torch.zeros(1)}, tmp_path / "other.pth")
    (tmp_path / "text.pth").write_text("no network")
    for name in ("none", "other", "text"):
        with pytest.raises(SystemExit, match=rf"^find_joints: [^\n]*{name}.pth: not torchvision's[^\n]*$"):
            find_joints.main(["--data", str(tmp_path), "--weights", str(tmp_path / f"{name}.pth")])
