"""How large a synthetic clothes world is, and how hard."""

from dataclasses import dataclass


@dataclass(frozen=True)
class World:
    """Size and difficulty of the synthetic clothes world, the default data set where no real one is given.

    Retrieval items come in families of 4 to 8 that share cut, fabric and palette; a family lies wholly in one split.
    """

    pretrain: int = 1000  # category-and-attribute images for pre-training alone; of no item of another split
    train: int = 4000  # category-and-attribute images
    val: int = 400
    test: int = 1200
    inshop_train_items: int = 500  # of 4 or 5 views
    inshop_test_items: int = 500  # half of the views are queries, half gallery
    consumer2shop_train_items: int = 500  # of one shop and two or three consumer images
    consumer2shop_val_items: int = 100
    consumer2shop_test_items: int = 500
    distractors: int = 100  # further items, with a shop image alone, in the consumer-to-shop test gallery
    views: int = 1  # pictures of each item of pretrain and train; each val and test image has an item of its own
    px: int = 256  # height of an image in pixels, its longer side
    view: int = 128  # side in pixels of what a network sees of an image's box: what does not show there is no label
    # Room that boxes leave around the cloth on each side, least and most, as a share of its size. Annotators leave
    # room: in the real sample collars lie at 0.09 and hems at 0.89 of the box's height.
    box_room: tuple[float, float] = (0.03, 0.12)
    details: int = 2  # the items of a family differ in one to this many details: fewer are harder to tell apart
    # Families of one design in a test, each with a mark of its own: more are harder to tell apart. Elsewhere one.
    line: int = 6
    hardness: float = 1.0  # of consumer-to-shop's consumer photos, 0 to 1: crops, things in front, darkness, blur
    overlap: float = 0.5  # share of garments whose cut is a neighbouring category's, such as a joggers-like sweatpants
