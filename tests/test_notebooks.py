"""What every notebook must be, so that nbval compares something and papermill can set the parameters."""

import ast
import json
import re
from pathlib import Path

import nbformat
import pytest

from lib import cli

ROOT = Path(__file__).parent.parent
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
IGNORED = {"nbval-ignore-output", "nbval-skip"}
MACHINE = re.compile(r"(?<![\w./-])/(?:home|root|Users|tmp|var|opt|mnt|srv|work)/[\w.-]+|\b[A-Z]:\\\\?Users")


@pytest.fixture(params=NOTEBOOKS, ids=lambda path: path.stem)
def notebook(request):
    return nbformat.read(request.param, 4)


def code_cells(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def test_there_are_notebooks_and_all_of_them_are_run():
    assert NOTEBOOKS and cli.notebooks(None) == NOTEBOOKS
    numbers = [path.name[:2] for path in NOTEBOOKS]
    assert len(set(numbers)) == len(numbers)


def test_size_and_shape(notebook):
    nbformat.validate(notebook)
    assert notebook.metadata.kernelspec.name == "python3"
    assert 18 <= len(notebook.cells) <= 28
    first, last = notebook.cells[0], notebook.cells[-1]
    assert first.cell_type == "markdown" and re.match(r"# \d\d \w", first.source)
    assert last.cell_type == "markdown" and re.search(r"\b[Nn]ext\b", last.source), "the last cell says what comes next"
    for cell in code_cells(notebook):
        assert cell.source.strip(), "an empty cell"
        assert len(cell.source.splitlines()) <= 25, cell.source
        defined = [n for n in ast.walk(ast.parse(cell.source)) if isinstance(n, (ast.FunctionDef, ast.ClassDef))]
        assert not defined, f"{defined[0].name} belongs in lib"


def test_parameters_are_plain_and_those_that_run_all_sets(notebook):
    tagged = [cell for cell in notebook.cells if "parameters" in cell.metadata.get("tags", [])]
    assert len(tagged) == 1 and tagged[0].cell_type == "code"
    values = {}
    for node in ast.parse(tagged[0].source).body:  # nothing derived: papermill would leave it at its default
        assert isinstance(node, ast.Assign) and len(node.targets) == 1, ast.unparse(node)
        values[node.targets[0].id] = ast.literal_eval(node.value)
    assert all(isinstance(value, (str, int, float, bool)) for value in values.values())
    assert values.items() >= {"profile": "smoke", "data": "", "weights": "", "out": ""}.items()


def test_nbval_compares_something(notebook):
    cells = code_cells(notebook)
    assert [cell.source for cell in cells if cell.execution_count is None] == []
    compared = [c for c in cells if not IGNORED & set(c.metadata.get("tags", [])) and any(map(is_compared, c.outputs))]
    assert len(compared) >= 3


def is_compared(output) -> bool:
    """nbval compares text, and no picture; this project leaves out stderr too (notebooks/conftest.py)."""
    if output.output_type == "stream":
        return output.name == "stdout"
    return bool({"text/html"} & set(output.get("data", {}))) or output.output_type == "execute_result"


def test_no_error_and_no_path_of_one_machine_is_stored(notebook):
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            assert output.output_type != "error", output.get("evalue")
        outputs = [drop_pictures(output) for output in cell.get("outputs", [])]
        for text in (cell.source, json.dumps(outputs)):
            assert str(ROOT) not in text and not MACHINE.search(text), text[:300]


def drop_pictures(output) -> dict:
    data = {kind: value for kind, value in output.get("data", {}).items() if not kind.startswith("image/")}
    return dict(output) | {"data": data}
