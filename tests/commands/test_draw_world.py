"""The command that draws a world, whole or in shards."""

import json
from dataclasses import replace

import pytest

from lib.commands import draw_world
from lib.config import PROFILES, World
from lib.deepfashion import find_benchmarks
from lib.locks import hold

SIZE = World(
    pretrain=0, train=5, val=2, test=2, inshop_train_items=0, inshop_test_items=0, consumer2shop_train_items=0,
    consumer2shop_val_items=0, consumer2shop_test_items=0, distractors=0, px=48,
)  # fmt: skip


@pytest.fixture(autouse=True)
def tiny(monkeypatch):
    monkeypatch.setitem(PROFILES, "smoke", replace(PROFILES["smoke"], world=SIZE))


def draw(out, *arguments):
    draw_world.main(["--profile", "smoke", "--out", str(out), *arguments])


def test_shards_then_the_lists(tmp_path, capsys):
    draw(tmp_path, "--shard", "1/2")
    draw(tmp_path, "--shard", "2/2")
    for line, name in zip(capsys.readouterr().out.splitlines(), ("1_of_2.jsonl", "2_of_2.jsonl"), strict=True):
        assert line.startswith(f"{tmp_path / 'world' / 'shards' / name}: finished; with all 2 of them")
    draw(tmp_path)
    assert json.loads((tmp_path / "world" / "world.json").read_text())["size"]["train"] == SIZE.train
    assert len(find_benchmarks(tmp_path / "world")["category_attribute"].rows("train")) == 5
    draw(tmp_path, "--shard", "1/2")
    assert capsys.readouterr().out == f"{tmp_path / 'world'}: finished\n" * 2


def test_a_world_of_another_profile_is_not_replaced(tmp_path, monkeypatch):
    draw(tmp_path)
    monkeypatch.setitem(PROFILES, "demo", replace(PROFILES["smoke"], world=replace(SIZE, train=6)))
    for shard in ([], ["--shard", "1/2"]):
        with pytest.raises(SystemExit, match="^draw_world: .*world: holds a world of another size, seed or version"):
            draw_world.main(["--profile", "demo", "--out", str(tmp_path), *shard])
    assert (tmp_path / "world" / "world.json").exists()


@pytest.mark.parametrize("shard", ["0/2", "3/2", "1", "a/b", "1/2/3", ""])
def test_a_wrong_shard_is_refused(tmp_path, capsys, shard):
    with pytest.raises(SystemExit) as stopped:
        draw(tmp_path, "--shard", shard)
    assert stopped.value.code == 2 and "write 2/8 for the second of eight shards" in capsys.readouterr().err
    assert not (tmp_path / "world").exists()


def test_a_shard_that_another_process_draws_is_left_to_it(tmp_path, capsys):
    draw(tmp_path, "--shard", "2/2")
    with hold(tmp_path / "world" / "shards" / "1_of_2.lock", "x"), pytest.raises(SystemExit) as stopped:
        draw(tmp_path, "--shard", "1/2")
    assert stopped.value.code == 75 and "is being drawn by process" in capsys.readouterr().err


def test_a_world_that_is_not_finished_at_the_deadline_is_resumed(tmp_path, monkeypatch, capsys):
    with monkeypatch.context() as late:
        late.setenv("DEEPFASHION_DEADLINE", "1")
        with pytest.raises(SystemExit) as stopped:
            draw(tmp_path)
    assert stopped.value.code == 75
    assert capsys.readouterr().err.endswith("of 9 images; start again to resume\n")
    draw(tmp_path)
    assert "finished" in capsys.readouterr().out


def test_a_wrong_deadline_is_not_blamed_on_the_disk(tmp_path, monkeypatch):
    monkeypatch.setenv("DEEPFASHION_DEADLINE", "soon")
    with pytest.raises(SystemExit, match="^draw_world: DEEPFASHION_DEADLINE: 'soon' is not a Unix time"):
        draw(tmp_path)


@pytest.mark.parametrize(("error", "code"), [(KeyboardInterrupt, 130), (OSError(28, "No space left on device"), None)])
def test_what_stops_a_command_is_one_sentence(monkeypatch, tmp_path, capsys, error, code):
    monkeypatch.setattr(draw_world, "write_world", lambda *_, **__: (_ for _ in ()).throw(error))
    with pytest.raises(SystemExit) as stopped:
        draw(tmp_path)
    if code:
        assert stopped.value.code == code and capsys.readouterr().err == "draw_world: stopped\n"
    else:
        assert stopped.value.code == "draw_world: No space left on device; mend that first"


def test_errors_are_one_sentence(tmp_path, capsys):
    (tmp_path / "world").mkdir()
    (tmp_path / "world" / "notes.txt").write_text("x")
    with pytest.raises(SystemExit, match="^draw_world: .*holds other files"):
        draw(tmp_path)
    for profile in ("large", "photos", "photos-resnet50"):  # the last ones read real photos
        with pytest.raises(SystemExit) as stopped:
            draw_world.main(["--profile", profile, "--out", str(tmp_path)])
        assert stopped.value.code == 2
        assert f"--profile {profile}: no profile with a synthetic world" in capsys.readouterr().err
