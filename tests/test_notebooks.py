"""The rules of every notebook: its shape, its parameters, what nbval compares, what it may not hold."""

import ast
import json
import re
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).parent.parent
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
IGNORED = {"nbval-ignore-output", "nbval-skip"}
MACHINE = re.compile(r"(?<![\w./-])/(?:home|root|Users|tmp|var|opt|mnt|srv|work)/[\w.-]+|\b[A-Z]:\\\\?Users")
NUMBER = re.compile(r"[-+\d.,eE% ]+")
REPR = re.compile(r"^\s*(\{|\[|True\b|False\b|<|array\(|\w+\(\w+=)")  # no table, picture or sentence


@pytest.fixture(params=NOTEBOOKS, ids=lambda path: path.stem)
def notebook(request):
    return nbformat.read(request.param, 4)


def code_cells(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def test_notebooks_are_numbered_and_small():
    assert [path.name[:2] for path in NOTEBOOKS] == [f"{i:02d}" for i in range(len(NOTEBOOKS))] and NOTEBOOKS
    assert sum(path.stat().st_size for path in NOTEBOOKS) < 3_000_000


def test_shape(notebook):
    nbformat.validate(notebook)
    assert notebook.metadata.kernelspec.name == "python3"
    assert not any({"execution", "papermill"} & set(holder.metadata) for holder in (notebook, *notebook.cells))
    first, last = notebook.cells[0], notebook.cells[-1]
    assert first.cell_type == "markdown" and re.match(r"# \d\d \w", first.source)
    assert {"Needs", "Takes"} <= set(re.findall(r"\w+", first.source)), "the first cell gives needs and time"
    assert last.cell_type == "markdown" and re.search(r"\*\*Wrote\*\*.*\*\*Next:\*\*", last.source, re.S)
    assert max(len(cell.source.splitlines()) for cell in code_cells(notebook)) <= 25
    nodes = [node for cell in code_cells(notebook) for node in ast.walk(ast.parse(cell.source))]
    tests = [node.test for node in nodes if isinstance(node, ast.Assert)]
    names = [node for test in tests for node in ast.walk(test) if isinstance(node, ast.Name)]
    assert names, "nothing computed is checked"


def test_parameters_are_plain_and_those_that_run_all_sets(notebook):
    tagged = [cell for cell in notebook.cells if "parameters" in cell.metadata.get("tags", [])]
    assert len(tagged) == 1 and tagged[0].cell_type == "code"
    values = {}
    for node in ast.parse(tagged[0].source).body:  # nothing derived: papermill would leave it at its default
        assert isinstance(node, ast.Assign) and len(node.targets) == 1, ast.unparse(node)
        values[node.targets[0].id] = ast.literal_eval(node.value)
    assert values == {"profile": "smoke", "data": "", "weights": "", "out": "", "skip_damaged": False}


def is_result(output) -> bool:
    """Return whether nbval compares a table or a number here, not a picture and not prose."""
    data = output.get("data", {})
    if output.output_type not in ("execute_result", "display_data"):
        return False
    return "<table" in data.get("text/html", "") or bool(NUMBER.fullmatch(data.get("text/plain", "")))


def test_nbval_compares_tables_or_numbers(notebook):
    cells = code_cells(notebook)
    assert [cell.source for cell in cells if cell.execution_count is None] == [], "run the notebook and store it"
    compared = [cell for cell in cells if not IGNORED & set(cell.metadata.get("tags", []))]
    assert sum(any(map(is_result, cell.outputs)) for cell in compared) >= 3


def test_outputs_are_results_of_no_one_machine(notebook):
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            assert output.output_type != "error", output.get("evalue")
            data = {kind: value for kind, value in output.get("data", {}).items() if not kind.startswith("image/")}
            shown = "text/html" in data or len(data) < len(output.get("data", {})) or len(data) > 1
            assert shown or not REPR.match(data.get("text/plain", "")), data
            assert not MACHINE.search(json.dumps([data, output.get("text", "")])), "a path of one machine"
        assert str(ROOT) not in cell.source and not MACHINE.search(cell.source)
