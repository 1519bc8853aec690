"""What tests share: a very small synthetic world, and pictures of squares (squares.py)."""

import os
from pathlib import Path

import pytest
import torch
from squares import CONFIG, make_squares

from lib.config import Config
from lib.deepfashion import Benchmark, find_benchmarks
from lib.world import World, write_world

torch.set_num_threads(1)  # networks this small are slower on several threads, and far slower on busy cores


@pytest.fixture(autouse=True)
def environment():
    """Undo what a test, or a command that it calls, sets in the environment: a deadline would stop later trainings."""
    before = dict(os.environ)
    yield
    os.environ.clear()
    os.environ.update(before)


@pytest.fixture(scope="session")
def config() -> Config:
    """A network of a sixteenth of VGG-16's width at 32 px, one round of two epochs in batches of 8."""
    return CONFIG


@pytest.fixture(scope="session")
def size() -> World:
    """A very small world, with all three benchmarks, that all tests share."""
    return World(
        pretrain=16, train=24, val=6, test=8, inshop_train_items=4, inshop_test_items=8, consumer2shop_train_items=4,
        consumer2shop_val_items=4, consumer2shop_test_items=4, distractors=2, views=2, px=96, line=2,
    )  # fmt: skip


@pytest.fixture(scope="session")
def world_root(tmp_path_factory, size) -> Path:
    return write_world(tmp_path_factory.mktemp("world") / "world", size, seed=5, progress=False)


@pytest.fixture(scope="session")
def world(world_root) -> dict[str, Benchmark]:
    return find_benchmarks(world_root)


@pytest.fixture(scope="session")
def squares(tmp_path_factory) -> Benchmark:
    return make_squares(tmp_path_factory.mktemp("squares"))


@pytest.fixture(scope="session")
def search_squares(tmp_path_factory) -> Benchmark:
    return make_squares(tmp_path_factory.mktemp("search_squares"), searches=True)
