"""The shape of the project: its import graph, where methods may be named, and how large files may be."""

import ast
import json
import re
import subprocess
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

from lib.methods import METHODS

ROOT = Path(__file__).parent.parent
MODULES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
    for path in sorted((ROOT / "lib").rglob("*.py"))
}
NAMES_METHODS = {"lib.methods", "lib.paper", "lib.report.claims"}  # the table, and the paper's numbers and sentences
NO_SUCH_SECTION = re.compile(r"(?:§|\bsec(?:tions?|\.)?)\s*(?:\d[\d.]*\s*(?:,|and|to|or|-)\s*)*(3\.\d|4\.[3-9])", re.I)


def parsed(module: str) -> ast.Module:
    return ast.parse(MODULES[module].read_text(encoding="utf-8"))


def imports(module: str, tree: ast.Module) -> set[str]:
    """The modules of lib that a module imports, anywhere in its text."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            package = module if MODULES[module].name == "__init__.py" else module.rpartition(".")[0]
            for _ in range(node.level - 1):
                package = package.rpartition(".")[0]
            base = ".".join(filter(None, [package if node.level else "", node.module]))
            # `from lib import paper` imports lib.paper; `from lib.paper import PDJ` imports lib.paper.
            names = [f"{base}.{alias.name}" if f"{base}.{alias.name}" in MODULES else base for alias in node.names]
        else:
            continue
        found |= {name for name in names if name in MODULES}
    return found - {module}


GRAPH = {module: imports(module, parsed(module)) for module in MODULES}


def belongs(module: str, package: str) -> bool:
    return module == package or module.startswith(f"{package}.")


def test_the_graph_sees_every_kind_of_import():
    text = "import lib.paper\nfrom lib import crops, lists\ndef f():\n    from lib.world import garment\nimport numpy\n"
    assert imports("lib.config", ast.parse(text)) == {"lib.paper", "lib.crops", "lib.lists", "lib.world.garment"}
    text = "from . import size\nfrom .garment import Garment\nfrom .. import lists\nfrom ..paper import METHODS\n"
    expected = {"lib.world.size", "lib.world.garment", "lib.lists", "lib.paper"}
    assert imports("lib.world.writer", ast.parse(text)) == expected
    assert GRAPH["lib.report.results"] and "lib.lists" in GRAPH["lib.deepfashion"]


def test_imports_have_no_circle():
    # A package is imported before its modules; that edge is left out, as it is the language's, not ours.
    try:
        list(TopologicalSorter(GRAPH).static_order())
    except CycleError as error:
        pytest.fail(f"circle of imports: {' <- '.join(error.args[1])}")


def test_lib_imports_neither_the_report_nor_the_commands():
    for module, others in GRAPH.items():
        forbidden = {"lib.commands"} if belongs(module, "lib.report") else {"lib.report", "lib.commands"}
        if belongs(module, "lib.commands"):
            continue
        wrong = [other for other in others if any(belongs(other, package) for package in forbidden)]
        assert wrong == [], f"{module} imports {wrong}"


def test_the_world_imports_the_list_formats_and_locks_alone():
    """So that its workers start without PyTorch."""
    for module, others in GRAPH.items():
        if belongs(module, "lib.world"):
            wrong = {other for other in others if not belongs(other, "lib.world")} - {"lib.lists", "lib.locks"}
            assert not wrong, f"{module} imports {wrong}"


def method_names(tree: ast.Module) -> list[tuple[int, str]]:
    """Line and value of each string constant that is a method's name. Kinds of network, which share three of these
    names, are left out: constants compared with an attribute `network` or looked up by one."""

    def is_kind(node: ast.AST) -> bool:
        return isinstance(node, ast.Attribute) and node.attr == "network"

    kinds = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Compare) and any(map(is_kind, [node.left, *node.comparators])):
            kinds |= set(ast.walk(node))
        elif isinstance(node, ast.Subscript) and is_kind(node.slice) and isinstance(node.value, ast.Dict):
            kinds |= set(node.value.keys)
        elif isinstance(node, ast.Match) and is_kind(node.subject):
            kinds |= {part for case in node.cases for part in ast.walk(case.pattern)}
    constants = [node for node in ast.walk(tree) if isinstance(node, ast.Constant) and node not in kinds]
    names = [node for node in constants if isinstance(node.value, str) and node.value in METHODS]
    return sorted((node.lineno, node.value) for node in names)


def test_the_search_for_names_tells_methods_from_kinds_of_network():
    text = (
        'if method == "darn": pass\nif method.network == "darn": pass\nmake = {"darn": 1}[method.network]\nx = "darn"\n'
    )
    assert method_names(ast.parse(text)) == [(1, "darn"), (4, "darn")]


@pytest.mark.parametrize("module", sorted(MODULES.keys() - NAMES_METHODS))
def test_methods_are_named_in_their_table_alone(module):
    assert method_names(parsed(module)) == []


@pytest.mark.parametrize("folder", ["lib", "tests", "benchmarks"])
def test_no_file_is_longer_than_600_lines(folder):
    lines = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in (ROOT / folder).rglob("*.py")}
    assert {str(path.relative_to(ROOT)): n for path, n in lines.items() if n > 600} == {}


def test_cited_sections_of_the_paper_exist():
    """The paper has 2.1 to 2.3, 3 without numbered parts, 4, 4.1 and 4.2."""
    assert [
        bool(NO_SUCH_SECTION.search(text)) for text in ("section " + "3.2", "Sections 2.1 and 4.3", "§4.4", "Sec. 3.1")
    ] == [True] * 4
    assert not any(
        map(NO_SUCH_SECTION.search, ("section 4.2", "section 3", "Sections 4.1 and 4.2", "0.3.2", "python 3.1"))
    )
    texts = {}
    for path in [
        ROOT / "README.md",
        *(ROOT / "lib").rglob("*"),
        *(ROOT / "tests").rglob("*"),
        *(ROOT / "benchmarks").glob("*"),
    ]:
        if path.suffix in (".py", ".md", ".csv") and path != Path(__file__):
            texts[path] = path.read_text(encoding="utf-8")
    for path in (ROOT / "notebooks").glob("*.ipynb"):
        texts[path] = "\n".join("".join(c["source"]) for c in json.loads(path.read_text(encoding="utf-8"))["cells"])
    wrong = {str(p.relative_to(ROOT)): m.group() for p, text in texts.items() if (m := NO_SUCH_SECTION.search(text))}
    assert wrong == {}


def test_the_checkout_is_small():
    """So that it is cloned in seconds: no tracked file above 10 MB, all together below 45 MB."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True)
    if listed.returncode:
        pytest.skip("not a git checkout")
    paths = [ROOT / name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]
    sizes = {str(path.relative_to(ROOT)): path.stat().st_size for path in paths}
    assert {name: size for name, size in sizes.items() if size > 10e6} == {}
    assert sum(sizes.values()) < 45e6
