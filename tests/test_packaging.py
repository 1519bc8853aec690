"""One list of pins for pip and conda, and an installation in which what was built apart works together."""

import ast
import re
import subprocess
import sys
import tomllib
from importlib import metadata
from pathlib import Path

import pytest
import torch
import torchvision

from lib.commands import keep, run_all

ROOT = Path(__file__).parent.parent
REQUIREMENTS = (ROOT / "requirements.txt").read_text().splitlines()
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())


def test_requirements_are_exact_pins_each_with_its_reason():
    *lines, last = [line for line in REQUIREMENTS if not line.startswith("#")]
    assert last == "-e ."
    for line in lines:
        assert re.fullmatch(r"[A-Za-z0-9-]+==[0-9][0-9.]* +# .{5,}", line), line
    assert run_all.pins() == dict(line.split("#")[0].strip().split("==") for line in lines)
    assert len(lines) == len(run_all.pins()) > 10


# Modules whose name is not their package's. JupyterLab brings IPython, its kernel and the notebooks' format.
PACKAGES = {"cv2": "opencv-python-headless", "PIL": "pillow", "sklearn": "scikit-learn", "faiss": "faiss-cpu"}
PACKAGES |= {
    "ipykernel": "jupyterlab",
    "IPython": "jupyterlab",
    "nbformat": "jupyterlab",
    "websocket": "websocket-client",
}


def imported(folder: str) -> dict[str, str]:
    """Package -> a Python file of the folder that imports it."""
    found = {}
    for path in (ROOT / folder).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module] if isinstance(node, ast.ImportFrom) and node.level == 0 else []
            for name in {name.split(".")[0] for name in names} - sys.stdlib_module_names:
                found[PACKAGES.get(name, name.replace("_", "-"))] = str(path.relative_to(ROOT))
    return found


def test_every_pin_is_used():
    """A package that nothing imports is not installed; those that are used as commands are named here."""
    commands = {"jupyterlab", "papermill", "nbval", "pytest", "ruff"}
    commands |= {"ipywidgets"} if "import ipywidgets" in (ROOT / "notebooks/09_own_photo.ipynb").read_text() else set()
    everywhere = imported("lib") | imported("tests") | imported("benchmarks")
    assert run_all.pins().keys() - commands - everywhere.keys() == set()


def test_every_import_is_pinned():
    """What lib and its tests import must not depend on what another package happens to bring along."""
    folders = ("lib", "tests", "benchmarks")
    scripts = {
        path.stem.replace("_", "-") for folder in folders for path in (ROOT / folder).rglob("*.py")
    }  # may import each other
    for folder in folders:
        used = imported(folder)
        assert {
            name: used[name] for name in used.keys() - run_all.pins().keys() - scripts - {"lib", "benchmarks"}
        } == {}


def test_environment_yml_names_no_pin_of_its_own():
    lines = [line.split("#")[0].rstrip() for line in (ROOT / "environment.yml").read_text().splitlines()]
    lines = [line for line in lines if line]
    assert lines[0] == "name: deepfashion"
    inside = lines[lines.index("dependencies:") + 1 :]
    python, *rest = [line.strip() for line in inside]
    assert re.fullmatch(r"- python=3\.1[1-9]", python)
    assert rest == ["- pip", "- pip:", "- -r requirements.txt"]


def test_the_project_has_no_second_list_of_pins():
    assert "dependencies" not in PROJECT["project"] and "dynamic" not in PROJECT["project"]
    assert PROJECT["project"]["requires-python"] == ">=3.11"


def test_installed_packages_are_the_pinned_ones():
    for name, version in run_all.pins().items():
        assert metadata.version(name).split("+")[0] == version, name


def test_lib_is_imported_from_this_folder_wherever_python_stands(tmp_path):
    code = "import lib; print(lib.__file__)"
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True)
    assert done.stdout.strip() == str(ROOT / "lib" / "__init__.py"), done.stderr or "run: pip install -e ."


def test_the_package_is_lib_with_all_of_its_files():
    tool = PROJECT["tool"]["setuptools"]
    folders = sorted({path.parent for path in (ROOT / "lib").rglob("*.py")})
    assert sorted(tool["packages"]) == [".".join(folder.relative_to(ROOT).parts) for folder in folders]
    for package in tool["packages"]:
        folder = ROOT.joinpath(*package.split("."))
        patterns = ["*.py", *tool["package-data"].get(package, [])]
        installed = {path for pattern in patterns for path in folder.glob(pattern)}
        inside = [path for path in folder.rglob("*") if path.is_file() and not path.name.endswith((".pyc", ".part"))]
        others = [ROOT.joinpath(*name.split(".")) for name in tool["packages"] if name.startswith(f"{package}.")]
        for path in inside:
            if not any(path.is_relative_to(other) for other in others):
                assert path in installed, f"{path.relative_to(ROOT)} would not be installed"


def test_shell_scripts_can_be_run():
    for name in ("run_all.sh", ".ci/run"):
        path = ROOT / name
        assert path.stat().st_mode & 0o111 and path.read_text().startswith("#!/usr/bin/env bash\n"), name
        assert subprocess.run(["bash", "-n", path]).returncode == 0


def test_torchvision_was_built_for_this_torch():
    """A torchvision built for another torch imports, but has no operators of its own."""
    image = torch.arange(16.0).reshape(1, 1, 4, 4)
    box = torch.tensor([[0.0, 0, 0, 3, 3]])  # image 0; x1, y1, x2, y2, ends included
    pooled = torchvision.ops.roi_pool(image, box, output_size=2)
    assert pooled.tolist() == [[[[5, 7], [13, 15]]]]


def test_the_command_needs_only_the_standard_library():
    """lib/commands/run_all.py runs on a bare Python, before anything is installed."""
    path = ROOT / "lib" / "commands" / "run_all.py"
    imports = re.findall(r"^(?:import|from) (\w+)", path.read_text(), re.M)
    assert imports and set(imports) <= sys.stdlib_module_names
    assert len(path.read_text().splitlines()) < 450
    code = "import sys, runpy; runpy.run_path(sys.argv[1]); print('done')"
    done = subprocess.run([sys.executable, "-I", "-S", "-c", code, path], capture_output=True, text=True)
    assert done.stdout == "done\n", done.stderr


@pytest.mark.parametrize("path", sorted((ROOT / "lib").rglob("*.py")), ids=lambda path: str(path.relative_to(ROOT)))
def test_no_module_hides_one_of_the_standard_library(path):
    assert path.stem not in sys.stdlib_module_names


def test_no_photo_of_a_real_data_set_is_tracked():
    """DeepFashion's photos may not be passed on: of a real data set outputs/ tracks tables and figures of curves, no
    executed notebook, and of a user's own results nothing at all."""
    listed = subprocess.run(["git", "ls-files", "outputs"], cwd=ROOT, capture_output=True, text=True)
    if listed.returncode:
        pytest.skip("not a git checkout")
    paths = [Path(line) for line in listed.stdout.splitlines()]
    assert [path for path in paths if path.parts[1] != "reference"] == []
    real = [path for path in paths if path.parts[2].endswith("photos")]
    pictures = [path for path in real if path.suffix not in {".csv", ".json"}]
    assert [path for path in pictures if path.parts[3] != "figures" or not keep.is_drawn(path.stem)] == []
