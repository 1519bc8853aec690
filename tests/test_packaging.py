"""One list of pins for pip and conda, a package that holds all of its files, and a CI that runs what there is."""

import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from importlib import metadata
from pathlib import Path

import pytest
from test_structure import imports

ROOT = Path(__file__).parent.parent
LINES = [line for line in (ROOT / "requirements.txt").read_text().splitlines() if not line.startswith("#")]
PINS = dict(line.split("#")[0].strip().split("==") for line in LINES)
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
# Modules whose name is not their package's. JupyterLab brings IPython, its kernel and the notebooks' format; papermill
# runs by nbclient.
PACKAGES = {"cv2": "opencv-python-headless", "PIL": "pillow", "sklearn": "scikit-learn", "faiss": "faiss-cpu"}
PACKAGES |= {"ipykernel": "jupyterlab", "IPython": "jupyterlab", "nbformat": "jupyterlab"}
COMMANDS = {"jupyterlab", "ipywidgets", "papermill", "nbval", "pytest", "ruff", "setuptools"}  # used without an import


def test_requirements_are_exact_pins_each_with_its_reason():
    for line in LINES:
        assert re.fullmatch(r"[A-Za-z0-9-]+==[0-9][0-9.]* +# .{5,}", line), line
    conda = (ROOT / "environment.yml").read_text()
    assert "-r requirements.txt" in conda and "==" not in conda


def test_installed_packages_are_the_pinned_ones():
    for name, version in PINS.items():
        assert metadata.version(name).split("+")[0] == version, name


def imported(*folders: str) -> set[str]:
    """Return the packages that Python files import."""
    paths = [path for folder in folders for path in (ROOT / folder).rglob("*.py")]
    found = {name.split(".")[0] for path in paths for name in imports(path.read_text(encoding="utf-8"))}
    own = {path.stem for path in paths} | {"lib", "benchmarks"}  # tests and benchmarks may import each other
    return {PACKAGES.get(name, name.replace("_", "-")) for name in found - sys.stdlib_module_names - own}


def test_every_import_is_pinned_and_every_pin_is_used():
    names = imported("lib", "tests", "benchmarks")
    assert names - PINS.keys() == set()
    assert PINS.keys() - names - COMMANDS == set()
    dependencies = {"jupyterlab" if name == "ipython" else name for name in PROJECT["project"]["dependencies"]}
    assert dependencies == imported("lib")


def test_the_package_holds_all_files_of_lib(tmp_path):
    """As `pip install .` builds it: weights, photos, tables and templates, too."""
    junk = shutil.ignore_patterns("__pycache__", "*.part")
    shutil.copytree(ROOT / "lib", tmp_path / "lib", ignore=junk)
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, tmp_path)
    build = "from setuptools import build_meta; print(build_meta.build_wheel('.'))"
    done = subprocess.run([sys.executable, "-c", build], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    with zipfile.ZipFile(next(tmp_path.glob("*.whl"))) as wheel:
        held = {name for name in wheel.namelist() if name.startswith("lib/")}
    assert held == {path.relative_to(tmp_path).as_posix() for path in (tmp_path / "lib").rglob("*") if path.is_file()}


def test_no_photo_of_a_real_data_set_is_tracked():
    """DeepFashion's photos may not be passed on: of a real data set outputs/ tracks tables and figures of curves, no
    executed notebook, and of a user's own results nothing at all."""
    listed = subprocess.run(["git", "ls-files", "-z", "outputs"], cwd=ROOT, capture_output=True, text=True)
    if listed.returncode:
        pytest.skip("not a git checkout")
    paths = [Path(name) for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]
    assert [path for path in paths if path.parts[1] != "reference"] == []
    real = [path for path in paths if path.parts[2].endswith("photos") and path.suffix not in (".csv", ".json")]
    curves = re.compile(r"(fig03|fig07|fig08b|fig09b|fig10|fig11|fig_claims|table2|loss_curves|pooling)[a-z_]*\.png")
    assert [path for path in real if not curves.fullmatch(path.name)] == []
