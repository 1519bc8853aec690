"""A project folder of small notebooks for the tests of commands."""

import nbformat
import pytest

from lib.commands import run_all

PARAMETERS = 'profile = "smoke"\ndata = ""\nweights = ""\nout = ""\nskip_damaged = False'


@pytest.fixture
def project(tmp_path, monkeypatch):
    """Return a function that writes notebooks into a project of its own and returns its folder.

    There is a blank and there are braces in its path. The function's arguments are notebooks, each a list of the
    sources of its cells, numbered from 00.
    """
    root = tmp_path / "a {project}"

    def write(*notebooks):
        (root / "notebooks").mkdir(parents=True)
        for number, sources in enumerate(notebooks):
            cells = [nbformat.v4.new_code_cell(source) for source in (PARAMETERS, *sources)]
            cells[0].metadata["tags"] = ["parameters"]
            kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
            notebook = nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": kernel})
            nbformat.write(notebook, root / "notebooks" / f"{number:02d}_notebook.ipynb")
        paths = sorted((root / "notebooks").iterdir())
        monkeypatch.setattr(run_all, "ROOT", root)
        monkeypatch.setattr(run_all, "NOTEBOOKS", {path.name[:2]: path for path in paths})
        return root

    return write
