"""Results that several tests of the report share."""

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pytest
from answers import OTHER, answers, make
from squares import blank

from lib.methods import FASHIONNET
from lib.report.results import Results

matplotlib.use("Agg")


@pytest.fixture(autouse=True)
def closed():
    yield
    plt.close("all")


@pytest.fixture
def found() -> Results:
    b = make()
    rows = b.rows("test")
    return Results("category_attribute", b, rows, {"m": [answers(b, len(rows), 10 * s) for s in range(3)]})


@pytest.fixture
def landmarks():
    """Three tested images with all landmarks at the box's middle; the last image's are occluded, one slot is absent."""
    visibility = np.zeros((4, 8), np.int8)
    visibility[3], visibility[1, 7] = 1, -1
    split, box = np.array(["train", "test", "test", "test"]), np.tile(np.float32([10, 20, 110, 220]), (4, 1))
    benchmark = blank(
        4, split=split, box=box, landmarks=np.full((4, 8, 2), (60, 120), np.float32), visibility=visibility
    )
    guess = benchmark.landmarks[1:].copy()
    guess[0, 0] += (15, 0)  # 0.15 of the box's width
    guess[1, 1] += (0, 10)  # 0.05 of its height
    found = {"landmarks": guess, "visibility": np.zeros((3, 8), np.uint8)}
    truth = {"landmarks": benchmark.landmarks[1:], "visibility": np.full((3, 8), 2, np.uint8)}
    answers = {FASHIONNET: [found], OTHER: [found, truth]}
    return Results("category_attribute", benchmark, np.arange(1, 4), answers)
