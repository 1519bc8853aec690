"""Describe photos of your own with the shipped FashionNet, and find the nearest ones of a catalogue.

./run_all.sh --photo shirt.jpg
./run_all.sh --photo shirt.jpg --box 40,10,300,420
./run_all.sh --photo shirt.jpg --catalogue my_photos/
"""

import argparse
import sys
from pathlib import Path

import numpy as np

from lib import predict
from lib.commands.endings import ending
from lib.lists import LANDMARKS, DataError

OUT = Path(__file__).resolve().parents[2] / "outputs" / "photo"
STATES = ("visible", "occluded", "cut off")


def box_of(text: str) -> list[float]:
    """Convert "x1,y1,x2,y2". Raises argparse's error for anything else."""
    try:
        numbers = [float(part) for part in text.split(",")]
    except ValueError:
        numbers = []
    if len(numbers) != 4:
        raise argparse.ArgumentTypeError(f"{text!r} is not x1,y1,x2,y2")
    return numbers


def describe(path: Path, box: list[float] | None, catalogue) -> tuple[str, np.ndarray, predict.Prediction]:
    """Return what was found in one photo as text, the upright photo and the prediction."""
    photo = predict.read_upright(path)
    try:
        found = predict.predict(photo, box)
    except DataError as error:
        raise DataError(f"{path}: {error}") from None
    x1, y1, x2, y2 = found.box
    lines = [f"{path}  box {x1:g},{y1:g},{x2:g},{y2:g}" + (" (the whole picture)" if box is None else "")]
    lines += ["  category    " + ", ".join(f"{name} {100 * share:.0f} %" for name, share in found.category)]
    lines += ["  attributes  " + ", ".join(f"{name} {score:.2f}" for name, score in found.attributes)]
    places = zip(LANDMARKS, found.landmarks, found.visibility, strict=True)
    lines += ["  landmarks   " + ", ".join(f"{name} {x:.0f},{y:.0f}" for name, (x, y), state in places if state == 0)]
    hidden = [f"{name} {STATES[state]}" for name, state in zip(LANDMARKS, found.visibility, strict=True) if state]
    lines += ["              " + ", ".join(hidden)] if hidden else []
    if catalogue is not None:
        near = predict.nearest(found.embedding, catalogue, predict.SHOWN + 1)
        others = [(other, far) for other, far in near if other.resolve() != path.resolve()][: predict.SHOWN]
        shown = ", ".join(f"{other} {far:.2f}" for other, far in others) or "no other photo in the catalogue"
        lines += [f"  nearest     {shown}" + " (distance, 0 to 2)" * bool(others)]
    return "\n".join(lines), photo, found


def draw(photo: np.ndarray, found: predict.Prediction, target: Path) -> Path:
    """Write the photo with its box and its visible landmarks as a PNG."""
    from lib.report import photos, results  # matplotlib is slow to import, and `--help` needs none

    sheet = photos.photo_grid(
        [photo], [found.category[0][0]], 1, [found.box], [found.landmarks], [found.visibility], size=3
    )
    return results.save_figure(sheet, target.parent.parent, target.stem)


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="./run_all.sh", description=__doc__.split("\n")[0])
    parser.add_argument("--photo", metavar="FILE", nargs="+", type=Path, required=True)
    parser.add_argument("--box", metavar="x1,y1,x2,y2", type=box_of, help="pixels; the whole picture without it")
    parser.add_argument("--catalogue", metavar="DIR", help="also find the nearest photos of this folder")
    args = parser.parse_args(["-h"] if {"-h", "--help"} & set(arguments) else arguments)
    with ending("run_all.sh"):
        catalogue = None if args.catalogue is None else predict.index(args.catalogue, OUT / "cache")
        used = set()
        for path in args.photo:
            if not path.is_file():
                what = (
                    "a folder; name a photo, and the folder with --catalogue"
                    if path.is_dir()
                    else "no such file; check the path"
                )
                raise DataError(f"{path}: {what}")
            text, photo, found = describe(path, args.box, catalogue)
            print(text)
            name, number = path.stem, 1
            while name in used:  # by a photo of another folder
                number += 1
                name = f"{path.stem}_{number}"
            used.add(name)
            print("  wrote       ", draw(photo, found, OUT / "figures" / f"{name}.png"), flush=True)
    print("The network has seen drawn clothes alone: on photos it is often wrong (notebook 09).")


if __name__ == "__main__":
    main(sys.argv[1:])
