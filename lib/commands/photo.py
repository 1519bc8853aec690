"""Describe photos of your own, and find the nearest ones of a catalogue.

./run_all.sh --photo shirt.jpg
./run_all.sh --photo shirt.jpg --box 40,10,300,420
./run_all.sh --photo my_photos/ --catalogue shop_photos/
"""

import os
import re
import sys
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

from lib import predict
from lib.commands import one_sentence
from lib.lists import LANDMARKS, DataError
from lib.photo import photos_under, read_photo
from lib.report import files, photos

OUT = files.ROOT / "outputs" / "photo"
STATES = ("visible", "occluded", "cut off")
LEAST = 0.01  # probability of a further guess that is printed


def box_of(text: str) -> list[float]:
    """Convert "x1,y1,x2,y2" in pixels. Raises DataError for anything else."""
    if not re.fullmatch(r"\d+(\.\d+)?(,\d+(\.\d+)?){3}", text):
        raise DataError(f"{text!r} is not x1,y1,x2,y2")
    return [float(number) for number in text.split(",")]


def describe(path: Path, box: list[float] | None, catalogue) -> tuple[str, np.ndarray, predict.Prediction]:
    """Return what was found in one photo as text, the upright photo and the prediction."""
    photo = read_photo(path)
    try:
        found = predict.predict(photo, box)
    except DataError as error:
        raise DataError(f"{path}: {error}") from None
    whole = np.array_equal(found.box, predict.check_box(photo, None))
    how = "given" if box is not None else "the whole picture" if whole else "found; --box x1,y1,x2,y2 for another"
    x1, y1, x2, y2 = found.box.round()
    lines = [f"{path}  box {x1:g},{y1:g},{x2:g},{y2:g} ({how})"]
    lines += [] if found.clothes else ["  unlike the flat lays that it knows: this may be no clothes"]
    for title, guesses in (("kind", found.kind), ("category", found.category)):
        likely = [f"{name} {100 * share:.0f} %" for name, share in guesses if share >= min(LEAST, guesses[0][1])]
        lines += [f"  {title:<11} " + ", ".join(likely)]
    lines += ["  attributes  " + (", ".join(found.attributes) or "none that it is sure of")]
    places = zip(LANDMARKS, found.landmarks, found.visibility, strict=True)
    visible = [f"{name} {x:.0f},{y:.0f}" for name, (x, y), state in places if state == 0]
    lines += ["  landmarks   " + (", ".join(visible) or "none visible")]
    hidden = [f"{name} {STATES[state]}" for name, state in zip(LANDMARKS, found.visibility, strict=True) if state > 0]
    lines += ["              " + ", ".join(hidden)] if hidden else []
    if catalogue is not None:
        near = predict.nearest(predict.features(photo, found.box), catalogue, predict.SHOWN + 1)
        others = [(other, far) for other, far in near if other.resolve() != path.resolve()][: predict.SHOWN]
        listed = ", ".join(f"{other} {far:.2f}" for other, far in others) or "no other photo in the catalogue"
        lines += [f"  nearest     {listed}" + " (distance, 0 to 2)" * bool(others)]
    return "\n".join(lines), photo, found


@one_sentence("run_all.sh")
def main(names: list[str], box: str | None = None, catalogue: str | None = None) -> None:
    """Print what is found in each photo, and draw it with its box and visible landmarks into outputs/photo/figures/.

    names: photos, and folders with photos. Those that cannot be described are named; then the exit code is 1.
    """
    corners = None if box is None else box_of(box)
    index = None if catalogue is None else predict.index(catalogue, OUT / "cache")
    paths, used, failed = [], set(), 0
    for name in names:
        try:
            paths += photos_under(name) if os.path.isdir(name) else [Path(name)]  # "", an unset variable, is none
        except DataError as error:
            print(f"run_all.sh: {error}", file=sys.stderr, flush=True)
            failed += 1
    total = len(paths) + failed
    for path in paths:
        try:
            text, photo, found = describe(path, corners, index)
        except (DataError, MemoryError) as error:
            print(f"run_all.sh: {error}", file=sys.stderr, flush=True)
            failed += 1
            continue
        print(text)
        print(f"  wrote       {draw(path.stem, photo, found, used)}", flush=True)
    if failed < total:
        print("Per cent are probabilities, calibrated on photos of flat lays. A category is the commonest of its kind.")
    if failed:
        raise DataError(f"{failed} of {total} photos could not be described, see above")


def draw(stem: str, photo: np.ndarray, found: predict.Prediction, used: set[str]) -> Path:
    """Draw a photo with what was found; return the file, whose name becomes a member of `used`."""
    name, number = stem, 1
    while name in used:  # by a photo of the same name
        number += 1
        name = f"{stem}_{number}"
    used.add(name)
    cell = photos.Cell(photo, found.kind[0][0], found.box, found.landmarks, found.visibility)
    sheet = photos.grid([cell], 1, size=3)
    path = files.save_figure(sheet, OUT, name)
    plt.close(sheet)
    return path
