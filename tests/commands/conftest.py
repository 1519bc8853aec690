"""A project folder for the tests of commands."""

import shutil
from pathlib import Path

import pytest

from lib.commands import run_all

ROOT = Path(__file__).parents[2]


@pytest.fixture
def checkout(tmp_path, monkeypatch):
    """A project folder of its own, with a space in its path."""
    root = tmp_path / "a project"
    (root / "outputs").mkdir(parents=True)
    (root / "lib").mkdir()
    (root / "lib" / "code.py").write_text("x = 1\n")
    for name in ("requirements.txt", "environment.yml", "pyproject.toml"):
        shutil.copy(ROOT / name, root)
    monkeypatch.setattr(run_all, "ROOT", root)
    monkeypatch.setattr(run_all, "LOG", root / "outputs" / "setup.log")
    return root
