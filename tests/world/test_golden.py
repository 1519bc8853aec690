"""200 pictures as they were when they were last looked at; each line of golden.txt: a digest and a picture.

A picture is kept as the mean colours of 5 x 5 cells, since OpenCV rounds differently on other processors. The garment's
parameters and its labels are in the digest. After a change that is meant, raise `writer.VERSION` and run this file.
"""

import hashlib
from dataclasses import astuple, replace
from pathlib import Path

import cv2
import numpy as np

from lib.world import figure
from lib.world.attributes import ROWS
from lib.world.garment import CATEGORY_NAMES, VALUES, sample, settle
from lib.world.items import INSHOP_VIEWS

FILE = Path(__file__).with_name("golden.txt")
WORDS = sorted({v for row in ROWS for option in row.condition for c in option if c.field == "emblem" for v in c.values})


def draw(number):
    """Return a garment of a category in turn, with a third of its fields at their values in turn; picture, labels."""
    rng = np.random.default_rng([2016, number])
    values = {field: VALUES[field][number % len(VALUES[field])] for field in ("pattern", "fabric", "finish")}
    for k, (field, known) in enumerate(VALUES.items()):
        if (number + k) % 3 == 0 and field not in values:
            values[field] = known[number // 3 % len(known)]
    if number % 5 == 0:
        values |= dict(emblem=str(rng.choice(WORDS)), pattern="solid", closure="none", fabric="cotton")
        values["distress"] = 0.8
    g = settle(replace(sample(CATEGORY_NAMES[7 * number % 50], rng, 0.5), **values))
    view, consumer, hardness = INSHOP_VIEWS[number // 3 % 5], number // 15 % 2 == 1, number // 30 % 3 / 2
    picture = figure.Picture(g, rng, (128, 192, 256)[number % 3], view, consumer, hardness=hardness)
    return g, picture.image, picture.labels


def line(number):
    g, image, labels = draw(number)
    fields = [value if isinstance(value, str) else f"{value:.6f}" for value in astuple(g)]
    digest = hashlib.sha256(" ".join(fields).encode())
    for _, value in sorted(labels.items()):
        digest.update(np.round(np.asarray(value, float), 3).tobytes())
    cells = cv2.resize(image.astype(np.float32), (5, 5), interpolation=cv2.INTER_AREA)
    return f"{digest.hexdigest()[:12]} {np.rint(cells).astype(np.uint8).tobytes().hex()}"


def test_pictures_and_labels_are_as_they_were():
    for number, before in enumerate(FILE.read_text().splitlines()):
        (digest, picture), (digest_before, picture_before) = line(number).split(), before.split()
        colours, colours_before = (
            np.frombuffer(bytes.fromhex(p), np.uint8).astype(int) for p in (picture, picture_before)
        )
        assert np.abs(colours - colours_before).max() <= 1, (number, draw(number)[0])
        assert digest == digest_before, (number, draw(number)[0])


if __name__ == "__main__":
    FILE.write_text("".join(f"{line(number)}\n" for number in range(200)))
