"""The command that draws a world."""

from dataclasses import replace

from lib.commands import draw_world
from lib.config import PROFILES, World
from lib.deepfashion import find_benchmarks

NONE = ("pretrain", "inshop_train_items", "inshop_test_items", "consumer2shop_train_items", "consumer2shop_val_items")
NONE += ("consumer2shop_test_items", "distractors")
SIZE = World(**dict.fromkeys(NONE, 0), train=5, val=2, test=2, px=48)


def test_a_world_is_drawn_where_the_notebooks_look_for_it(tmp_path, monkeypatch, capsys):
    monkeypatch.setitem(PROFILES, "smoke", replace(PROFILES["smoke"], world=SIZE))
    for _ in range(2):
        draw_world.main(["--profile", "smoke", "--out", str(tmp_path)])
        assert capsys.readouterr().out.endswith("a world of 9 pictures\n")
    (world,) = tmp_path.glob("world*/")
    assert len(find_benchmarks(world)["category_attribute"].rows("train")) == 5
