"""Sheets of drawn clothes for readers: is the name below a picture true of it? Half of the names are foils.

    python -m benchmarks.readers FOLDER

Writes sheets of 40 pictures of 128 px and key.csv, which readers do not see. A picture's true name is one that fired;
its foil is another picture's, of the same group, and shares no word with what fired. Foils may happen to be true: a
printed dress whose title names its flowers. The answers of two readers are in
outputs/reference/readers/drawn_labels.csv, of world 7 (commit 5c14e25).
"""

import sys
from pathlib import Path

import cv2
import numpy as np
import pandas as pd

from lib.crops import crop
from lib.world import World
from lib.world.attributes import GROUPS, NAMES
from lib.world.items import draw_job, plan

SEED, PICTURES, SIDE, ROW, SHEET = 77, 205, 128, 10, 40
NONE = dict.fromkeys(("inshop_train_items", "inshop_test_items", "consumer2shop_train_items", "distractors"), 0)
NONE |= dict.fromkeys(("pretrain", "val", "test", "consumer2shop_val_items", "consumer2shop_test_items"), 0)


def words(numbers: list[int]) -> set[str]:
    return {word for number in numbers for word in NAMES[number].replace("-", " ").split()}


def tile(picture: np.ndarray, text: str) -> np.ndarray:
    """Return a picture with a text below it, (196, 160, 3)."""
    out = np.full((196, 160, 3), 255, np.uint8)
    out[2:158, 2:158] = cv2.resize(picture, (156, 156), interpolation=cv2.INTER_CUBIC)
    return cv2.putText(out, text, (2, 176), cv2.FONT_HERSHEY_SIMPLEX, 0.42, (0, 0, 0), 1, cv2.LINE_AA)


def main(folder: Path) -> None:
    size, rng = World(train=PICTURES, **NONE), np.random.default_rng(SEED)
    drawn = [found for job in plan(size, SEED) for found in draw_job(job, size, SEED)]
    shown = [
        (crop(p, np.array(image.box.split(), float), SIDE, 0.05), image.fired) for p, _, image in drawn if image.fired
    ]
    rows = []
    for number, (_, fired) in enumerate(shown):
        true = int(rng.choice(fired))
        others = [a for k, (_, names) in enumerate(shown) if k != number for a in names if GROUPS[a] == GROUPS[true]]
        pool = [a for a in others if a not in fired and not words(fired) & words([a])]
        rows += [(number, true, 1), (number, int(rng.choice(pool)), 0)]
    rows = [rows[i] for i in rng.permutation(len(rows))]
    tiles = [tile(shown[k][0], f"{i} {NAMES[a]}") for i, (k, a, _) in enumerate(rows, 1)]
    tiles += [np.full_like(tiles[0], 255)] * (-len(tiles) % SHEET)
    folder.mkdir(parents=True, exist_ok=True)
    for start in range(0, len(tiles), SHEET):
        lines = [np.concatenate(tiles[i : i + ROW], axis=1) for i in range(start, start + SHEET, ROW)]
        cv2.imwrite(str(folder / f"sheet_{start // SHEET + 1:02d}.png"), np.concatenate(lines)[..., ::-1])
    key = [(i, k, NAMES[a], int(GROUPS[a]), true) for i, (k, a, true) in enumerate(rows, 1)]
    table = pd.DataFrame(key, columns=["number", "picture", "name", "group", "true"])
    table.to_csv(folder / "key.csv", index=False)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
