"""The shape of the project: how its modules import each other, where methods are named, and how large it may be."""

import ast
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from lib.methods import METHODS

ROOT = Path(__file__).parent.parent
MODULES = {path.relative_to(ROOT).as_posix(): path.read_text() for path in sorted((ROOT / "lib").rglob("*.py"))}
# What a part of lib may not import: commands use the report, the report uses the flat modules, these use neither.
FORBIDDEN = {
    "lib/report/": r"lib\.commands",
    "lib/world/": r"lib\.(?!world|lists|artefact|write)",  # usable alone
    "lib/": r"lib\.(report|commands)",
}
NAMES_METHODS = {"lib/methods.py", "lib/paper.py", "lib/report/claims.py"}  # the table; the paper's numbers, sentences
NO_SUCH_SECTION = re.compile(r"(?:§|\bsec(?:tions?|\.)?)\s*(?:\d[\d.]*\s*(?:,|and|to|or|-)\s*)*(3\.\d|4\.[3-9])", re.I)


def imports(text: str) -> set[str]:
    """Return the modules that a text imports, anywhere, as "lib.paper" for `from lib import paper`, too."""
    found = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found |= {f"{'lib.' * (node.level > 0)}{node.module}.{alias.name}" for alias in node.names}
    return found


@pytest.mark.parametrize("folder", FORBIDDEN)
def test_each_layer_imports_lower_ones_alone(folder):
    others = [other for other in (*FORBIDDEN, "lib/commands/") if other != folder and other.startswith(folder)]
    wrong = {
        name: [other for other in imports(text) if re.match(FORBIDDEN[folder], other)]
        for name, text in MODULES.items()
        if name.startswith(folder) and not name.startswith(tuple(others))
    }
    assert {name: found for name, found in wrong.items() if found} == {}


def test_a_photo_waits_for_no_package_that_it_does_not_need():
    slow = set("lightning_fabric seaborn scipy sklearn".split())  # timm, which the network needs, brings torchvision
    used = "from lib import predict; predict.predict(predict.EXAMPLES / 'dress_1.jpg')"
    code = f"import sys; from lib.commands import run_all, photo; {used}; print({slow} & set(sys.modules))"
    assert subprocess.check_output([sys.executable, "-c", code], cwd=ROOT, text=True) == "set()\n"


def kinds_of_network(tree: ast.Module) -> set[ast.AST]:
    """Return the constants compared with, or looked up by, an attribute `network`: kinds share methods' names."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Compare | ast.Subscript | ast.Match):
            attributes = {part.attr for part in ast.walk(node) if isinstance(part, ast.Attribute)}
            found |= set(ast.walk(node)) if "network" in attributes else set()
    return found


@pytest.mark.parametrize("name", sorted(MODULES.keys() - NAMES_METHODS))
def test_methods_are_named_in_their_table_alone(name):
    tree = ast.parse(MODULES[name])
    kinds = kinds_of_network(tree)
    constants = [node for node in ast.walk(tree) if isinstance(node, ast.Constant) and node not in kinds]
    assert [(node.lineno, node.value) for node in constants if node.value in tuple(METHODS)] == []


def test_public_names_are_documented():
    """But for functions of a few lines, whose name and code say it."""
    bare = []
    for name, text in MODULES.items():
        tree = ast.parse(text)
        assert ast.get_docstring(tree) or not tree.body, name
        for node in tree.body:
            named = isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_")
            if named and node.name != "main" and node.end_lineno - node.lineno > 10 and not ast.get_docstring(node):
                bare.append(f"{name} {node.name}")
    assert bare == []


def test_the_project_is_small():
    """Numbers for the whole: a file is as long as its idea."""
    paths = [path for folder in ("lib", "tests", "benchmarks") for path in (ROOT / folder).rglob("*.py")]
    assert sum(path.read_text().count("# fmt: " + "skip") for path in paths) <= 20
    lines = {name: len(text.splitlines()) for name, text in MODULES.items()}
    world = sum(number for name, number in lines.items() if name.startswith("lib/world/"))
    assert world <= 3_065 and sum(lines.values()) - world <= 9_426  # about what there are


def test_the_tests_of_inputs_exist():
    named = re.findall(r"`([\w/]+\.py)::(\w+)`", (ROOT / "tests" / "README.md").read_text())
    assert named and all(f"def {test}(" in (ROOT / "tests" / file).read_text() for file, test in named)


def test_cited_sections_of_the_paper_exist():
    """The paper has 2.1 to 2.3, 3 without numbered parts, 4, 4.1 and 4.2."""
    cited = ("section " + "3.2", "Sections 2.1 and 4.3", "§4.4", "Sec. 3.1", "section 4.2", "Sections 4.1 and 4.2")
    assert [bool(NO_SUCH_SECTION.search(text)) for text in cited] == [True, True, True, True, False, False]
    kinds = (".py", ".md", ".csv")
    folders = (ROOT / "lib", ROOT / "tests", ROOT / "benchmarks")
    paths = [ROOT / "README.md", *(path for folder in folders for path in folder.rglob("*") if path.suffix in kinds)]
    texts = {path: path.read_text(encoding="utf-8") for path in paths if path != Path(__file__)}
    for path in (ROOT / "notebooks").glob("*.ipynb"):
        texts[path] = "\n".join("".join(cell["source"]) for cell in json.loads(path.read_text())["cells"])
    assert [path.name for path, text in texts.items() if NO_SUCH_SECTION.search(text)] == []
