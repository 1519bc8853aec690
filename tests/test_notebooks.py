"""The rules of every notebook: its shape, its parameters, what nbval compares, what it may not hold."""

import ast
import json
import re
import statistics
from pathlib import Path

import nbformat
import pytest

from lib.commands import run_all

ROOT = Path(__file__).parent.parent
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
IGNORED = {"nbval-ignore-output", "nbval-skip"}
MACHINE = re.compile(r"(?<![\w./-])/(?:home|root|Users|tmp|var|opt|mnt|srv|work)/[\w.-]+|\b[A-Z]:\\\\?Users")
SECTIONS = {"2", "2.1", "2.2", "2.3", "3", "4", "4.1", "4.2"}  # of the paper
MOST_BYTES = 3_000_000  # of all notebooks with their outputs
# What a cell's result may not be: a dict, a list, a bool or an object instead of a table, a number or a sentence.
REPR = re.compile(r"^\s*(\{|\[|True\b|False\b|<|array\(|\w+\(\w+=)")


@pytest.fixture(params=NOTEBOOKS, ids=lambda path: path.stem)
def notebook(request):
    return nbformat.read(request.param, 4)


def code_cells(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def test_there_are_notebooks_and_all_of_them_are_run():
    assert NOTEBOOKS and run_all.notebooks(None) == NOTEBOOKS
    numbers = [path.name[:2] for path in NOTEBOOKS]
    assert numbers == [f"{i:02d}" for i in range(len(numbers))]


def test_size_and_shape(notebook):
    nbformat.validate(notebook)
    assert notebook.metadata.kernelspec.name == "python3"
    assert 18 <= len(notebook.cells) <= 28
    first, last = notebook.cells[0], notebook.cells[-1]
    assert first.cell_type == "markdown" and re.match(r"# \d\d \w", first.source)
    assert {"Needs", "Takes"} <= set(re.findall(r"\w+", first.source)), "the first cell gives needs and time"
    assert last.cell_type == "markdown" and re.search(r"\*\*Wrote\*\*.*\*\*Next:\*\*", last.source, re.S)
    lengths = [len(cell.source.splitlines()) for cell in code_cells(notebook)]
    assert statistics.median(lengths) <= 6 and max(lengths) <= 25 and min(lengths) >= 1
    for cell in code_cells(notebook):
        assert cell.source.strip(), "an empty cell"
        defined = [n for n in ast.walk(ast.parse(cell.source)) if isinstance(n, ast.FunctionDef | ast.ClassDef)]
        assert not defined, f"{defined[0].name} belongs in lib"


def test_parameters_are_plain_and_those_that_run_all_sets(notebook):
    tagged = [cell for cell in notebook.cells if "parameters" in cell.metadata.get("tags", [])]
    assert len(tagged) == 1 and tagged[0].cell_type == "code"
    values = {}
    for node in ast.parse(tagged[0].source).body:  # nothing derived: papermill would leave it at its default
        assert isinstance(node, ast.Assign) and len(node.targets) == 1, ast.unparse(node)
        values[node.targets[0].id] = ast.literal_eval(node.value)
    assert values == {"profile": "smoke", "data": "", "weights": "", "out": "", "skip_damaged": False}


def test_nbval_compares_tables_or_numbers(notebook):
    cells = code_cells(notebook)
    assert [cell.source for cell in cells if cell.execution_count is None] == [], "run the notebook and store it"
    compared = [
        c for c in cells if not IGNORED & set(c.metadata.get("tags", [])) and any(map(holds_results, c.outputs))
    ]
    assert len(compared) >= 3


def holds_results(output) -> bool:
    """Whether nbval compares a table or a number here: a DataFrame, or a result with a digit; not a picture, not prose."""
    data = output.get("data", {})
    if output.output_type not in ("execute_result", "display_data"):
        return False
    return "<table" in "".join(data.get("text/html", "")) or bool(
        re.fullmatch(r"[-+\d.,eE% ]+", data.get("text/plain", ""))
    )


def test_something_computed_is_asserted(notebook):
    asserts = [
        n for cell in code_cells(notebook) for n in ast.walk(ast.parse(cell.source)) if isinstance(n, ast.Assert)
    ]
    assert [a for a in asserts if any(isinstance(n, ast.Name) for n in ast.walk(a.test))], (
        "no check of a computed value"
    )


def test_results_are_tables_pictures_or_sentences(notebook):
    for cell in code_cells(notebook):
        for output in cell.outputs:
            assert output.output_type != "stream" or output.name != "stdout" or "match True" not in output.text
            text = "".join(output.get("data", {}).get("text/plain", ""))
            picture = any(
                kind.startswith(("image/", "application/vnd.jupyter.widget")) for kind in output.get("data", {})
            )
            assert picture or "text/html" in output.get("data", {}) or not REPR.match(text), text[:200]


def test_sections_that_are_cited_are_the_papers(notebook):
    for cell in notebook.cells:
        for text in re.findall(r"[Ss]ections? (\d(?:\.\d)?)", cell.source):
            assert text in SECTIONS, cell.source


def test_the_profile_of_the_outputs_is_printed_not_typed(notebook):
    sources = [cell.source for cell in code_cells(notebook)]
    assert any("profile_line(config, data)" in s for s in sources) or not any("open_data" in s for s in sources)
    prose = " ".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    assert "smoke" not in prose and not re.search(r"\b(the|this) demo\b", prose)


def test_no_error_and_no_path_of_one_machine_is_stored(notebook):
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            assert output.output_type != "error", output.get("evalue")
        outputs = [drop_pictures(output) for output in cell.get("outputs", [])]
        for text in (cell.source, json.dumps(outputs)):
            assert str(ROOT) not in text and not MACHINE.search(text), text[:300]


def test_stored_outputs_are_small_and_without_timings():
    sizes = {path.stem: path.stat().st_size for path in NOTEBOOKS}
    assert sum(sizes.values()) < MOST_BYTES and sizes["00_data"] < 700_000, sizes
    for path in NOTEBOOKS:
        content = json.loads(path.read_text())
        for holder in (content, *content["cells"]):
            assert not {"execution", "papermill"} & set(holder["metadata"]), path


def drop_pictures(output) -> dict:
    data = {kind: value for kind, value in output.get("data", {}).items() if not kind.startswith("image/")}
    return dict(output) | {"data": data}


@pytest.mark.parametrize(
    ("output", "is_result"),
    [
        ({"output_type": "execute_result", "data": {"text/html": "<table></table>", "text/plain": "a"}}, True),
        ({"output_type": "execute_result", "data": {"text/plain": "0.25"}}, True),
        ({"output_type": "execute_result", "data": {"text/plain": "'fig01'"}}, False),
        ({"output_type": "display_data", "data": {"image/png": "", "text/plain": "<Figure>"}}, False),
        ({"output_type": "stream", "name": "stdout", "text": "profile 7"}, False),
    ],
)
def test_what_counts_as_a_compared_result(output, is_result):
    assert holds_results(nbformat.from_dict(output)) is is_result


@pytest.mark.parametrize("text", ["{'a': 1}", "[1, 2]", "True", "<Axes: >", "Weights(landmark=10)", "array([1])"])
def test_what_is_no_table(text):
    assert REPR.match(text) and not REPR.match("0.25") and not REPR.match("'table.csv'")
