import pytest

from lib.world import World, write_world

SIZE = World(
    pretrain=20, train=60, val=15, test=25, inshop_train_items=8, inshop_test_items=12, consumer2shop_train_items=6,
    consumer2shop_val_items=5, consumer2shop_test_items=12, distractors=5, px=96, views=2, line=2,
)  # fmt: skip


@pytest.fixture(scope="session")
def size():
    return SIZE


@pytest.fixture(scope="session")
def world(tmp_path_factory):
    return write_world(tmp_path_factory.mktemp("world") / "one", SIZE, seed=3, progress=False)
