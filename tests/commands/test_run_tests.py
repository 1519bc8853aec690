"""./run_all.sh --test runs its lanes side by side and ends with the worst exit code."""

import pytest

from lib.commands import run_tests


@pytest.mark.parametrize("code", [0, 1, 2])  # 2: interrupted, after which no further command begins
def test_lanes_run_at_once_and_the_failing_log_is_printed_last(tmp_path, monkeypatch, capsys, code):
    monkeypatch.setattr(run_tests, "ROOT", tmp_path)
    wait = "import sys, time\nfrom pathlib import Path\nPath('{}').touch()\n"
    wait += "while not Path('{}').exists(): time.sleep(0.01)\n"
    (tmp_path / "first.py").write_text(wait.format("a", "b") + f"print('first ends')\nsys.exit({code})")
    (tmp_path / "second.py").write_text(wait.format("b", "a") + "print('second ends')")
    (tmp_path / "third.py").write_text("print('third ends')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    assert run_tests.run((("first", "third"), ("second",)), tmp_path) == code
    printed = capsys.readouterr().out
    assert (printed.index("first ends") > printed.index("second ends")) == (code > 0)
    assert ("third ends" in printed) == (code < 2)
    assert code == 2 or printed.index("first ends") < printed.index("third ends")
    assert f"lane0.log: {'failed' if code else 'passed'}\n" in printed and "lane1.log: passed\n" in printed
