"""Every choice of a run as frozen dataclasses, and the profiles that fill them.

The paper leaves most of these numbers open. Each appears here with its reason. Notebooks and commands pick a
profile and hold no number of their own.
"""

from dataclasses import dataclass, replace

from lib.lists import DataError
from lib.methods import GRID, MAIN, METHODS
from lib.world.size import World


@dataclass(frozen=True)
class Input:
    """From a photo to what a network sees: a crop around the annotated box, and of that crop a view."""

    px: int = 104  # side of the stored square crop
    jpeg: int = 0  # quality of large crops, which are stored as JPEG; 0 stores pixels
    margin: float = 0.1  # of the crop on each side of the box, as a fraction of the box
    view: float = 0.92  # side of the window that a network sees at test, of the crop's; the rest is room for jitter
    view_px: int = 96  # side of that view, a multiple of 32 (of 16 with EfficientNet-Lite0)
    jitter: float = 0.1  # training views change their size by up to this fraction, their centre by 0.6 of it
    colour: float = 0.2  # brightness, contrast and saturation change by up to this fraction


@dataclass(frozen=True)
class Model:
    """Sizes of the networks. The defaults are the paper's: VGG-16 with 4096-d fully connected layers."""

    trunk: str = "vgg16"  # or "efficientnet_lite0", whose stages replace conv1-conv4 and conv5
    width: float = 1.0  # times VGG-16's 64 to 512 channels in conv1-conv4
    batch_norm: bool = False  # after each convolution; VGG-16 has none, without it, training from scratch fails
    conv5: int = 512  # channels of conv5_global
    conv5_pose: int = 512
    fc_global: int = 4096  # fc6_global, figure 5
    fc_fusion: int = 4096  # fc7_fusion, and so the length of the embedding
    fc_local: int = 1024  # fc6_local; not in the paper
    # Of each of DARN's branches; 0 shares fc_fusion out among them.
    fc_branch: int = 1024
    fc_pose: int = 1024  # fc6_pose and fc7_pose; not in the paper. 16 numbers and 24 logits need no 4096
    # At 224 px, pool4 leaves conv5_pose a map of 14 x 14. Smaller inputs skip it, to keep a map of about that size.
    pool4_pose: bool = True
    window: int = 4  # cells of conv4 around a landmark: 4 of 28, a seventh of the picture
    bins: int = 2  # a region is pooled to bins x bins values
    dropout: float = 0.5  # VGG-16's
    dropout_pose: float = 0.2  # of fc6_pose and fc7_pose; 0.5 blurs a regression
    generic: str = "vgg16"  # WTBI's ImageNet features, see `rivals.make_generic`


@dataclass(frozen=True)
class Weights:
    """Loss weights of one step of the iterative training (section 3). The paper orders them and gives no numbers."""

    landmark: float
    heatmap: float  # of the heatmap head alone
    visibility: float
    category: float
    attribute: float
    triplet: float
    pair: float  # WTBI's metric network learns from pairs instead of triplets
    detection: float = 1.0  # of a detector of joints or poselets, which has no other loss


@dataclass(frozen=True)
class Schedule:
    """Passes over the training images: `rounds` times step 1 and step 2, `epochs` passes each.

    A method with a single step makes the same 2 * rounds * epochs passes. The rate warms up linearly over the first
    tenth of the updates and falls linearly to 0.
    """

    rounds: int
    epochs: int
    rate: float  # AdamW's peak
    batch: int = 64


@dataclass(frozen=True)
class Training:
    """Schedules of the four stages, loss weights of the two steps, and the rest of the optimisation."""

    pretrain: Schedule
    category_attribute: Schedule
    inshop: Schedule
    consumer2shop: Schedule
    weight_decay: float = 0.05  # of weights; none on biases and batch norms
    # "Large" and "small" weights: in step 1 the losses that are not its task keep nine tenths of their weight, in step
    # 2 three tenths. At the start the squared distances of 8 landmarks sum to about 0.2, visibility to 9, category to
    # 4; the attribute loss is 1. Heavier landmarks take more from the shared trunk than pooling at them gives back.
    # Heavier attributes slow all else, and the attributes too: categories form the first features (benchmarks/LOG.md).
    step1: Weights = Weights(
        landmark=1, heatmap=0.1, visibility=0.03, category=0.27, attribute=0.9, triplet=0.9, pair=0.9
    )
    step2: Weights = Weights(landmark=0.3, heatmap=0.03, visibility=0.009, category=0.3, attribute=1, triplet=1, pair=1)
    at_once: Weights = Weights(landmark=1, heatmap=0.1, visibility=0.03, category=0.3, attribute=1, triplet=1, pair=1)
    # Power of the negative / positive ratio in w_pos and w_neg: 1 balances positives and negatives, 0 ignores it. Full
    # balance favours the rarest attributes, which costs recall among the top five.
    attribute_balance: float = 0.1
    margin: float = 0.3  # of the triplet loss, on Euclidean distances of unit-length embeddings (0 to 2)
    precision: str = "auto"  # bf16-mixed where the machine has bf16 units, else 32-true


@dataclass(frozen=True)
class Ladder:
    """Training on frozen maps, for the ladder of places (notebook 10)."""

    seeds: int = 5
    stride: int = 8  # of the map that is pooled at places, 8 or 16
    views: int = 2  # jittered views of each training picture whose maps are kept
    epochs: int = 8
    locator_epochs: int = 5  # of what finds landmarks and joints
    rate: float = 1e-3  # AdamW's peak, annealed as in `Schedule`
    batch: int = 256
    hidden: int = 512
    dropout: float = 0.5
    weight_decay: float = 0.05
    doses: tuple[int, ...] = (20, 100, 500)  # attributes that supervise, besides all
    shares: tuple[float, ...] = (1 / 9, 1 / 3)  # of the training images, besides all


@dataclass(frozen=True)
class Config:
    """Everything that a profile fixes."""

    profile: str
    training: Training
    seed: int = 0  # of the world, of every choice of examples, and of each pre-training that `seeds` do not repeat
    seeds: tuple[int, ...] = (0,)  # of the fine-tuning, and of the pre-training of `reseeded` methods
    world: World = World()
    input: Input = Input()
    model: Model = Model()
    methods: tuple[str, ...] = tuple(name for name in METHODS if name != GRID)
    reseeded: tuple[str, ...] = ()  # methods that are pre-trained for each of `seeds`, the others once
    ladder: Ladder = Ladder()
    # What a network is initialised from when this source has no pre-training run: "scratch"; "shipped", its own
    # pre-training on the synthetic world (lib/pretrained/); "imagenet", VGG-16's from --weights or torchvision.
    start: str = "scratch"


# VGG-16 with a quarter of the channels and batch norm, at 96 px: conv4 is a map of 12 x 12 cells, and a window of 2
# cells covers a sixth of the picture, about what 4 of 28 cover in the paper's size.
COMPACT = Model(
    width=1 / 4, batch_norm=True, conv5=128, conv5_pose=96, fc_global=256, fc_fusion=256, fc_local=256, fc_pose=128,
    fc_branch=0, pool4_pose=False, window=2, bins=1, dropout=0.2, dropout_pose=0.0, generic="efficientnet_lite0",
)  # fmt: skip
# ImageNet's features need no widths of VGG-16; a landmark's region keeps 2 x 2 values, since its maps have 40 channels.
PHOTOS = replace(
    COMPACT,
    trunk="efficientnet_lite0",
    bins=2,
    fc_global=512,
    fc_fusion=512,
    fc_branch=256,
    fc_pose=256,
    generic="conv5",
)
# No dropout: it slows learning, and two passes over 72,000 pictures leave held-out and training losses alike. Four over
# half as many cost the same, and overfit (benchmarks/LOG.md).
STUDY = replace(PHOTOS, fc_global=1024, fc_fusion=1024, fc_local=512, dropout=0.0)
TINY = replace(
    COMPACT, width=1 / 16, conv5=32, conv5_pose=32, fc_global=64, fc_fusion=64, fc_local=32, fc_pose=64, dropout=0.0
)

PROFILES = {
    # Every notebook in minutes: a sixteenth of the width, a few steps, a handful of images. It shows that everything
    # runs; its numbers are not results.
    "smoke": Config(
        profile="smoke",
        world=World(
            pretrain=96, train=192, val=48, test=96, inshop_train_items=12, inshop_test_items=12,
            consumer2shop_train_items=12, consumer2shop_val_items=6, consumer2shop_test_items=12, px=128,
        ),
        input=Input(px=72, view_px=64),
        model=TINY,
        training=Training(
            pretrain=Schedule(1, 1, 3e-3, 32), category_attribute=Schedule(2, 1, 3e-3, 32),
            inshop=Schedule(1, 1, 2e-3, 32), consumer2shop=Schedule(1, 1, 2e-3, 32), precision="32-true",
        ),
        ladder=Ladder(seeds=2, views=1, epochs=1, locator_epochs=1, hidden=32, doses=(20,), shares=(1 / 3,)),
    ),
    # The default: about half an hour on two CPU cores with bf16 units. Each method starts from its own pre-training.
    "demo": Config(
        profile="demo",
        world=World(
            pretrain=0, train=3_000, val=300, test=2_000, inshop_train_items=400, inshop_test_items=1_000,
            consumer2shop_train_items=400, consumer2shop_val_items=40, consumer2shop_test_items=1_000, distractors=200,
        ),
        model=COMPACT,
        training=Training(
            pretrain=Schedule(1, 1, 1e-3), category_attribute=Schedule(1, 1, 5e-4),
            inshop=Schedule(2, 1, 1e-4), consumer2shop=Schedule(2, 1, 1e-4),  # benchmarks/LOG.md, 2026-11-30
        ),
        methods=tuple(name for name, method in METHODS.items() if name != GRID and method.head == "regression"),
        ladder=Ladder(seeds=2, views=1, epochs=5, doses=(20, 100), shares=(1 / 3,)),
        start="shipped",
    ),
    # The evidence: every method from the same ImageNet network, pre-trained and then fine-tuned; a night on two cores
    # for each seed. Settings were judged on worlds of another seed (benchmarks/trials.py; category_attribute's rate on
    # val, after the test was known, see benchmarks/LOG.md): attributes weigh about
    # three times what `Training` gives them, since ImageNet has formed the first features. Triplets and WTBI's pairs
    # begin as a fifth to a quarter of a search's total loss: a pair cost six times as much as a triplet in the earlier
    # study. The tests of both searches have 300 designs of about 18 items, training has 600.
    "study": Config(
        profile="study",
        seed=33,
        seeds=(1, 2, 3),  # 0 was of the study with clipped gradients
        world=World(
            pretrain=72_000, train=6_000, val=1_000, test=4_000, inshop_train_items=3_600, inshop_test_items=5_400,
            consumer2shop_train_items=3_600, consumer2shop_val_items=100, consumer2shop_test_items=5_400,
            distractors=300, line=3,
        ),
        input=Input(px=139, view_px=128),
        model=STUDY,
        training=Training(
            pretrain=Schedule(1, 1, 1e-3), category_attribute=Schedule(1, 1, 1e-4),
            inshop=Schedule(1, 1, 1e-3), consumer2shop=Schedule(1, 1, 1e-3),
            step1=Weights(
                landmark=10, heatmap=1, visibility=0.1, category=0.15, attribute=1.5, triplet=6, pair=1
            ),
            step2=Weights(landmark=3, heatmap=0.3, visibility=0.03, category=0.3, attribute=3, triplet=12, pair=2),
            at_once=Weights(landmark=10, heatmap=1, visibility=0.1, category=0.3, attribute=3, triplet=12, pair=2),
        ),
        methods=tuple(METHODS),
        reseeded=MAIN,
        start="imagenet",
    ),
    # Real photos on a CPU: the three branches on EfficientNet-Lite0's stages, from ImageNet as in the paper. A few
    # thousand photos teach landmarks slowly, so that their losses weigh ten times as much as in the drawn world: chosen
    # for FashionNet on photos held out of train, before the maps were normalised and the first stages frozen
    # (benchmarks/LOG.md).
    "photos": Config(
        profile="photos",
        input=Input(px=139, view_px=128),
        model=PHOTOS,
        training=Training(
            pretrain=Schedule(1, 1, 1e-3), category_attribute=Schedule(6, 1, 5e-4),
            inshop=Schedule(1, 1, 1e-3), consumer2shop=Schedule(1, 1, 1e-3),
            step1=replace(Training.step1, landmark=10, heatmap=1),
            step2=replace(Training.step2, landmark=3, heatmap=0.3),
            at_once=replace(Training.at_once, landmark=10, heatmap=1),
        ),
        methods=tuple(name for name, method in METHODS.items() if method.photos),
        start="imagenet",
    ),
    # Notebook 10 alone (--only 10), on a world of its own: on frozen maps a run takes half a minute.
    "ladder": Config(
        profile="ladder",
        seed=16,
        world=World(
            pretrain=0, train=12_000, val=400, test=4_000, inshop_train_items=8, inshop_test_items=1_000,
            consumer2shop_train_items=8, consumer2shop_val_items=6, consumer2shop_test_items=1_000, distractors=300,
            line=1,
        ),
        input=Input(px=139, view_px=128),
        model=PHOTOS,
        training=Training(*[Schedule(1, 1, 1e-3)] * 4),
    ),
    # The paper's sizes, trained whole from ImageNet, on one GPU.
    "paper": Config(
        profile="paper",
        world=World(
            pretrain=40_000, train=40_000, val=4_000, test=16_000, inshop_train_items=4_000, inshop_test_items=4_000,
            consumer2shop_train_items=5_000, consumer2shop_val_items=500, consumer2shop_test_items=5_000,
        ),
        input=Input(px=244, view_px=224, jpeg=95),  # the release's take 10 GB instead of 107
        training=Training(
            pretrain=Schedule(2, 2, 3e-4), category_attribute=Schedule(2, 2, 3e-4),
            inshop=Schedule(2, 2, 1e-4), consumer2shop=Schedule(2, 2, 1e-4),
        ),
        start="imagenet",
    ),
}  # fmt: skip


# --trunk: the networks that the photos profile can be built on. The paper's VGG-16 needs its full width; no rate was
# tried for it (benchmarks/LOG.md).
TRUNKS = {
    "efficientnet_lite0": PHOTOS,
    "vgg16": replace(PHOTOS, trunk="vgg16", width=1.0, batch_norm=False, conv5=512, conv5_pose=512, generic="vgg16"),
}


def find_profile(name: str) -> Config:
    """Return a profile by its name; photos-<trunk> is the photos profile on that network. Raises DataError."""
    profiles = dict(PROFILES)
    for trunk, model in TRUNKS.items():
        profiles[f"photos-{trunk}"] = replace(PROFILES["photos"], profile=f"photos-{trunk}", model=model)
    if name not in profiles:
        raise DataError(f"no profile {name!r}; there are {', '.join(profiles)}")
    return profiles[name]
