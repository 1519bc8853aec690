"""Copy the results of a run to outputs/reference, which git tracks and the README reads.

    python -m lib.commands.keep PROFILE

A run writes to outputs/<profile>/, which git ignores. This command copies its tables and figures to
outputs/reference/<profile>/, in place of the earlier copy; of the demo its executed notebooks 02 to 08 instead of most
figures (00, 01 and 09 look as those in notebooks/ do, and 10's tables are copied).
DeepFashion's photos may not be passed on: of a run on a real data set only tables are copied.
"""

import argparse
import json
import shutil
import sys
from pathlib import Path

from lib.commands import one_sentence
from lib.lists import DataError

OUTPUTS = Path(__file__).resolve().parents[2] / "outputs"
TABLES = ("tables/*.csv",)
KEPT = {"demo": (*TABLES, "notebooks/0[2-8]_*.ipynb", "figures/photos_landmarks.png", "figures/photos_own.png")}
OTHERS = (*TABLES, "figures/*.png")


def patterns(run: Path) -> tuple[str, ...]:
    """Return what may be copied of a run: pictures only where each of its notebooks says that its data were drawn."""
    sources = []
    for path in run.glob("notebooks/*.ipynb"):
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        given = [cell for cell in cells if "injected-parameters" in cell["metadata"].get("tags", [])]
        sources += ["".join(cell["source"]).splitlines() for cell in given]
    drawn = bool(sources) and all('data = ""' in lines for lines in sources)
    return KEPT.get(run.name, OTHERS) if drawn else TABLES


def copy(path: Path, target: Path) -> None:
    """Copy a file; a notebook without what its cells wrote to stderr: progress bars, and warnings with paths."""
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(path, target)
    if path.suffix == ".ipynb":
        content = json.loads(path.read_text(encoding="utf-8"))
        for cell in [cell for cell in content["cells"] if "outputs" in cell]:
            cell["outputs"] = [output for output in cell["outputs"] if output.get("name") != "stderr"]
        target.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


@one_sentence("keep")
def main(arguments: list[str]) -> None:
    """Copy a run's results and print their new folder. Raises DataError where there is no run of that name."""
    parser = argparse.ArgumentParser(prog="python -m lib.commands.keep", description=__doc__.split("\n")[0])
    parser.add_argument("profile", help="name of a folder under outputs/, such as demo or photos")
    profile = parser.parse_args(arguments).profile
    run, target = OUTPUTS / profile, OUTPUTS / "reference" / profile
    if run.parent != OUTPUTS or not list(run.glob(*TABLES)):
        raise DataError(f"outputs/{profile} holds no table; run ./run_all.sh for it first")
    shutil.rmtree(target, ignore_errors=True)
    for path in [path for pattern in patterns(run) for path in run.glob(pattern)]:
        copy(path, target / path.relative_to(run))
    print(target)


if __name__ == "__main__":
    main(sys.argv[1:])
