"""Copy the results of a run to outputs/reference, which git tracks and the README reads.

    python -m lib.commands.keep PROFILE

A run writes to outputs/<profile>/, which git ignores. This command copies its tables (csv) and figures of curves and bars (png)
to outputs/reference/<profile>/, in place of the earlier copy, and writes provenance.json: commits, dates and devices of the runs
behind the tables. Of the demo it copies the executed notebooks, which show the figures, and two sheets of pictures. Of a real data set nothing that may show
a photo is ever copied.
"""

import argparse
import csv
import json
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

from lib.commands.endings import ending
from lib.lists import DataError

OUTPUTS = Path(__file__).resolve().parents[2] / "outputs"
# The figures of a real data set that hold curves, bars and numbers alone. Any other name may show a photo.
DRAWN = re.compile(
    r"(fig(03|07|08b|09b|10|11|_claims)|table2|loss_curves|loss_curves_consumer2shop|pooling|budget|power)([a-z_]*)"
)
WHOLE = "demo"  # the profile whose executed notebooks are kept: once, as the checkout must stay small
SHEETS = {
    "photos_landmarks",
    "photos_own",
}  # its sheets of pictures that the README shows; the notebooks have the others
ORIGIN = ("commit", "date", "device")


def is_drawn(stem: str) -> bool:
    """Return whether a figure of that name is drawn from numbers, so that it shows no photo."""
    return DRAWN.fullmatch(stem) is not None


def shows_real_photos(run: Path) -> bool:
    """Return whether a run is of a real data set: by its folder's name, or by the parameters of its notebooks. Raises DataError
    for a notebook that is not whole."""
    if "photos" in run.name:  # photos, photos-resnet50, demo_photos
        return True
    for path in run.glob("notebooks/*.ipynb"):
        try:
            cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        except (ValueError, KeyError, TypeError):
            raise DataError(f"{path}: not a whole notebook; run it again") from None
        for cell in cells:
            tagged = {"parameters", "injected-parameters"} & set(cell["metadata"].get("tags", []))
            if tagged and re.search(r"^data = (?!''|\"\")", "".join(cell["source"]), re.M):
                return True
    return False


def origins(run: Path) -> list[dict[str, str]]:
    """Return the distinct (commit, date, device) of all tables that name them, with their number of rows."""
    count: dict[tuple, int] = {}
    for path in sorted(run.glob("tables/*.csv")):
        with open(path, newline="", encoding="utf-8") as file:
            for row in csv.DictReader(file):
                if set(ORIGIN) <= row.keys():
                    key = tuple(row[name] for name in ORIGIN)
                    count[key] = count.get(key, 0) + 1
    return [dict(zip(ORIGIN, key, strict=True)) | {"rows": rows} for key, rows in sorted(count.items())]


def git(*arguments: str) -> str:
    """Return the output of a git command in this checkout; "" where it fails."""
    if not shutil.which("git"):
        return ""
    return subprocess.run(["git", *arguments], cwd=OUTPUTS.parent, capture_output=True, text=True).stdout.strip()


def without_stderr(notebook: str) -> str:
    """Return a notebook's JSON without what its cells wrote to stderr: progress bars, and warnings with paths."""
    content = json.loads(notebook)
    for cell in content["cells"]:
        if "outputs" in cell:
            cell["outputs"] = [output for output in cell["outputs"] if output.get("name") != "stderr"]
    return json.dumps(content, indent=1, ensure_ascii=False) + "\n"


def keep(profile: str) -> tuple[Path, list[Path]]:
    """Copy a run's results. Returns their new folder and the files that were left out because they may show photos.

    Raises DataError where there is no run of that name, or one without a table.
    """
    run, target = OUTPUTS / profile, OUTPUTS / "reference" / profile
    if run.parent != OUTPUTS or not list(run.glob("tables/*.csv")):
        raise DataError(f"outputs/{profile} holds no table; run ./run_all.sh for it first")
    if parts := list(run.glob("notebooks/*.part.ipynb")):
        raise DataError(f"{parts[0].name} is the remainder of a failed notebook; run it again or delete it first")
    real = shows_real_photos(run)
    files = [path for pattern in ("tables/*.csv", "figures/*.png", "notebooks/*.ipynb") for path in run.glob(pattern)]
    sheets = SHEETS if profile == WHOLE and not real else set()
    kept = {
        ".csv": lambda p: True,
        ".png": lambda p: p.stem in sheets if sheets else is_drawn(p.stem),
        ".ipynb": lambda p: bool(sheets),
    }
    left_out = [path for path in files if not kept[path.suffix](path)]
    part = target.with_name(f"{profile}.part")
    shutil.rmtree(part, ignore_errors=True)
    for path in files:
        if path not in left_out:
            copy = part / path.relative_to(run)
            copy.parent.mkdir(parents=True, exist_ok=True)
            if path.suffix == ".ipynb":
                copy.write_text(without_stderr(path.read_text(encoding="utf-8")), encoding="utf-8")
            else:
                shutil.copyfile(path, copy)
    newest = max(path.stat().st_mtime for path in files)
    provenance = {
        "profile": profile,
        "data": "a real data set" if real else "the synthetic clothes world",
        "written": time.strftime("%Y-%m-%d", time.gmtime(newest)),
        "kept_at_commit": git("rev-parse", "--short", "HEAD")
        + ("-dirty" if git("status", "--porcelain", "lib") else ""),
        "runs": origins(run),
    }
    (part / "provenance.json").write_text(json.dumps(provenance, indent=1) + "\n", encoding="utf-8")
    shutil.rmtree(target, ignore_errors=True)
    part.rename(target)
    return target, left_out


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m lib.commands.keep", description=__doc__.split("\n")[0])
    parser.add_argument("profile", help="name of a folder under outputs/, such as demo or photos")
    args = parser.parse_args(arguments)
    with ending("keep"):
        target, left_out = keep(args.profile)
    files = [path for path in target.rglob("*") if path.is_file()]
    size = sum(path.stat().st_size for path in files)
    print(f"{len(files)} files, {size / 1e6:.1f} MB: {target.relative_to(OUTPUTS.parent)}")
    if left_out:
        print("left out:", ", ".join(sorted(path.name for path in left_out)))


if __name__ == "__main__":
    main(sys.argv[1:])
