"""One list of pins for pip and conda, and an installation in which what was built apart works together."""

import re
import subprocess
import sys
import tomllib
from importlib import metadata
from pathlib import Path

import pytest
import torch
import torchvision

from lib import cli

ROOT = Path(__file__).parent.parent
REQUIREMENTS = (ROOT / "requirements.txt").read_text().splitlines()
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())


def test_requirements_are_exact_pins_each_with_its_reason():
    *lines, last = [line for line in REQUIREMENTS if not line.startswith("#")]
    assert last == "-e ."
    for line in lines:
        assert re.fullmatch(r"[A-Za-z0-9-]+==[0-9][0-9.]* +# .{5,}", line), line
    assert cli.pins() == dict(line.split("#")[0].strip().split("==") for line in lines)
    assert len(lines) == len(cli.pins()) > 10


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
    for name, version in cli.pins().items():
        assert metadata.version(name).split("+")[0] == version, name


def test_lib_is_imported_from_this_folder_wherever_python_stands(tmp_path):
    code = "import lib; print(lib.__file__)"
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True)
    assert done.stdout.strip() == str(ROOT / "lib" / "__init__.py"), done.stderr or "run: pip install -e ."


def test_the_package_is_lib_alone_with_all_of_its_files():
    assert PROJECT["tool"]["setuptools"]["packages"] == ["lib"]
    patterns = ["*.py", *PROJECT["tool"]["setuptools"]["package-data"]["lib"]]
    for path in (ROOT / "lib").iterdir():
        if path.is_file():
            assert any(path.match(pattern) for pattern in patterns), f"{path.name} would not be installed"


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


@pytest.mark.parametrize("name", [path.name for path in sorted((ROOT / "lib").glob("*.py"))])
def test_the_command_needs_only_the_standard_library(name):
    """lib/cli.py runs on a bare Python, so no module of lib may hide one of the standard library's."""
    assert name.removesuffix(".py") not in sys.stdlib_module_names
    if name == "cli.py":
        imports = re.findall(r"^(?:import|from) (\w+)", (ROOT / "lib" / name).read_text(), re.M)
        assert imports and set(imports) <= sys.stdlib_module_names


def test_no_photo_of_a_real_data_set_is_tracked():
    """DeepFashion's photos may not be passed on: no picture, executed notebook or figure named photos_ below
    outputs/real*, and every figure of a real data set that is tracked has a name that the notebooks give to curves."""
    listed = subprocess.run(["git", "ls-files", "outputs"], cwd=ROOT, capture_output=True, text=True)
    if listed.returncode:
        pytest.skip("not a git checkout")
    real = [Path(line) for line in listed.stdout.splitlines() if line.startswith("outputs/real")]
    curves = {"fig03", "fig07", "fig10a", "fig10a_diagonal", "fig10b", "fig_claims", "loss_curves", "loss_curves_ours"}
    curves |= {"pooling", "table2", "table2_ours"}
    wrong = [
        p for p in real if p.suffix not in {".csv", ".json"} and not (p.parts[2] == "figures" and p.stem in curves)
    ]
    assert wrong == []
