"""The inspection of a data folder: counts, what can run, and every fault of every list and photo."""

import re
import shutil
from collections import Counter

import pytest

from lib.commands import check
from lib.config import PROFILES
from lib.lists import FOLDERS

MAIN, INSHOP = FOLDERS["category_attribute"], FOLDERS["inshop"]


@pytest.fixture
def folder(world_root, tmp_path):
    """A copy of the very small world, to be damaged."""
    return shutil.copytree(world_root, tmp_path / "data")


def change(path, line, old, new):
    """Replace text in one line of a list, counted from 1."""
    rows = path.read_text().split("\n")
    assert re.search(old, rows[line - 1]), rows[line - 1]
    rows[line - 1] = re.sub(old, new, rows[line - 1], count=1)
    path.write_text("\n".join(rows))


def inspect(folder, capsys, profile="photos"):
    """Return exit code and text."""
    return check.main(str(folder), profile), capsys.readouterr().out


def section(text, title):
    """The lines below a title, up to the next blank line."""
    return re.search(rf"^{title}.*\n((?:.+\n?)*)", text, re.M).group(1).splitlines()


def state(folder):
    return {path: (path.stat().st_size, path.stat().st_mtime_ns) for path in folder.rglob("*")}


def test_a_whole_world_has_no_problem(folder, capsys, monkeypatch, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    before = state(tmp_path)
    code, text = inspect(folder, capsys)
    assert code == 0 and "Problems: none" in text and "skipped" not in text
    assert state(tmp_path) == before, "something was written"
    assert len(text.splitlines()) < 60

    images = int((folder / MAIN / "Anno_coarse" / "list_bbox.txt").read_text().split("\n")[0])
    assert re.search(rf"^  category_attribute, images +63,720 +289,222 +{images}$", text, re.M)
    rows = (folder / INSHOP / "Eval" / "list_eval_partition.txt").read_text().splitlines()[2:]
    splits = Counter(row.split()[-1] for row in rows)
    assert f"inshop: {splits['train']} train, {splits['query']} query, {splits['gallery']} gallery" in text
    items = len({row.split()[1] for row in rows})
    assert re.search(rf"^  inshop, items +11,735 +7,982 +{items}$", text, re.M)
    assert all("fine-tuned on category and attribute only" in line for line in section(text, "Methods"))
    cost = "\n".join(section(text, "Disk and decoding"))
    px = PROFILES["photos"].input.px
    assert f"crops of {px} px take {images * px * px * 3 / 1e6:.1f} MB" in cost


def test_four_separate_faults_are_all_reported(folder, capsys):
    boxes = folder / MAIN / "Anno_coarse" / "list_bbox.txt"
    photo = boxes.read_text().split("\n")[11].split(".jpg")[0] + ".jpg"  # of line 12
    change(folder / FOLDERS["consumer2shop"] / "Anno" / "list_bbox_consumer2shop.txt", 7, "$", " 5")
    change(folder / MAIN / "Anno_coarse" / "list_category_img.txt", 9, "img/", "img/other ")
    path = folder / MAIN / "Img" / photo
    path.write_bytes(path.read_bytes()[:300])
    path = folder / INSHOP / "Eval" / "list_eval_partition.txt"
    line = next(i for i, row in enumerate(path.read_text().split("\n"), 1) if row.endswith("train"))
    change(path, line, "train$", "query")
    code, text = inspect(folder, capsys)
    problems = section(text, "Problems: 4")
    assert code == 1 and len(problems) == 5, text  # the photo takes two lines
    assert "keep it in one of them" in problems[2]
    assert "list_bbox_consumer2shop.txt, line 7: 'img/" in problems[1] and "correct it" in problems[1]
    assert f"{MAIN}/Anno_coarse/list_category_img.txt, line 9: image img/other" in problems[0]
    assert "category_attribute: 1 of 54 photos cannot be read" in problems[3]
    assert photo in problems[4] and "download it again" in problems[4]


def test_no_broken_list_hides_another(folder, capsys):
    """Line 4 of every list is made ragged; the list of items has no form that a word could break.

    Attributes alone are read last, where the list of boxes was read.
    """
    lists = [path for path in folder.rglob("*.txt") if not path.name.startswith("list_item")]
    lists = [path for path in lists if path.name != "list_ceiling.txt" and "list_attr" not in path.name]
    assert len(lists) > 12
    for path in lists:
        change(path, 4, r"\s*\S+$" if "partition" in path.name else "$", "" if "partition" in path.name else " x")
    code, text = inspect(folder, capsys)
    problems = "\n".join(section(text, "Problems"))
    assert code == 1
    for path in lists:
        assert f"{path.relative_to(folder)}, line 4: " in problems, path


def test_boxes_that_leave_photos_are_a_note_and_those_outside_a_problem(folder, capsys):
    boxes = folder / MAIN / "Anno_coarse" / "list_bbox.txt"
    change(boxes, 4, r"\d+ +\d+$", "9999 9999")
    change(boxes, 5, r"\d+ +\d+$", "97 97")
    code, text = inspect(folder, capsys)
    assert code == 1
    outside, leaving = section(text, "Problems: 1"), section(text, "Notes")
    assert "1 of 54 boxes lie outside" in outside[0] and "(line 4 of list_bbox.txt)" in outside[1]
    assert "1 of 54 boxes leave their photos" in leaving[0] and "(line 5 of list_bbox.txt)" in leaving[1]
    change(boxes, 4, r"9999 9999$", "90 90")
    assert inspect(folder, capsys)[0] == 0, "a note is no problem"


def test_some_lists_train_some_methods_and_the_reasons_are_given(folder, capsys):
    for pattern in ("list_attr*", "list_landmarks*", "list_joints*"):
        for path in folder.rglob(pattern):
            path.unlink()
    (folder / FOLDERS["consumer2shop"]).rename(folder / "not official")
    code, text = inspect(folder, capsys, "smoke")
    assert code == 0 and "Problems: none" in text, "what a source lacks is no problem"
    assert "for the profile smoke" in text and "crops of 72 px" in text
    assert "has category; lacks attributes, landmarks, joints" in text
    assert f"no {FOLDERS['consumer2shop']}" in text
    assert re.search(r"not trained on category_attribute: .*fashionnet-noattr.* \(needs \w+, which this data set", text)


def test_an_official_folder_without_lists_and_one_without_photos(folder, capsys):
    shutil.rmtree(folder / MAIN)
    (folder / MAIN).mkdir()
    shutil.rmtree(folder / FOLDERS["consumer2shop"])
    shutil.rmtree(folder / INSHOP / "Img")
    code, text = inspect(folder, capsys)
    problems = section(text, "Problems: 3")
    assert code == 1 and "list_bbox.txt: No such file or directory; put the official file there" in problems[0]
    assert "list_eval_partition.txt: No such file" in problems[1] and "unpack the images (img.zip)" in problems[2]
    shutil.rmtree(folder / INSHOP)
    code, text = inspect(folder, capsys)
    assert code == 1 and "none can be trained" in text and "nothing to train on" in text
