import pytest

from lib.world import World, write_world

SPLITS = dict(pretrain=20, train=60, val=15, test=25, distractors=5)
ITEMS = dict(inshop_train=8, inshop_test=12, consumer2shop_train=6, consumer2shop_val=5, consumer2shop_test=12)
SIZE = World(**SPLITS, **{f"{name}_items": items for name, items in ITEMS.items()}, px=96, views=2, line=2)


@pytest.fixture(scope="session")
def size():
    return SIZE


@pytest.fixture(scope="session")
def world(tmp_path_factory):
    return write_world(tmp_path_factory.mktemp("world") / "one", SIZE, seed=3, progress=False)
