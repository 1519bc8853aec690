"""The command that draws a world."""

from dataclasses import replace

from squares import NO_PICTURES

from lib.commands import draw_world
from lib.config import PROFILES
from lib.deepfashion import find_benchmarks


def test_a_world_is_drawn_where_the_notebooks_look_for_it(tmp_path, monkeypatch, capsys):
    size = replace(NO_PICTURES, train=5, val=2, test=2)
    monkeypatch.setitem(PROFILES, "smoke", replace(PROFILES["smoke"], world=size))
    for _ in range(2):
        draw_world.main(["--profile", "smoke", "--out", str(tmp_path)])
        assert capsys.readouterr().out.endswith("a world of 9 pictures\n")
    (world,) = tmp_path.glob("world*/")
    assert len(find_benchmarks(world)["category_attribute"].rows("train")) == 5
