"""Every choice of a run, as frozen dataclasses, and the profiles that fill them.

The paper leaves most of these numbers open. Each stands here once, with its reason; notebooks and command lines pick a
profile and never hold a number of their own.
"""

from dataclasses import asdict, dataclass, field, replace

from lib import paper

# The methods in the one order of all tables and figures: the paper's seven, then ours.
# fashionnet-heatmap  a soft-argmax head instead of the regression of landmarks; of the shipped pre-training it takes the joint
#                     detector's conv5, since there is none for it
# fashionnet-noattr   without attributes (figure 10b)
# fashionnet-joint    all losses at once instead of two alternating steps
# fashionnet-global   without the local branch and so without landmarks
# fashionnet-oracle   pools at the true landmarks, also at test: never compared as if that were fair
VARIANTS = tuple(f"fashionnet-{kind}" for kind in ("heatmap", "noattr", "joint", "global", "oracle"))
METHODS = (*paper.METHODS, *VARIANTS)


@dataclass(frozen=True)
class World:
    """Size of the synthetic clothes world; the default data set where no real one is given."""

    pretrain: int = 1000  # category-and-attribute images for pre-training alone; of no item of another split
    train: int = 4000  # category-and-attribute images
    val: int = 400
    test: int = 1200
    inshop_items: int = 300  # of 4 or 5 views
    consumer2shop_items: int = 300  # of one shop and three consumer images
    views: int = 2  # pictures of each item that is learned from; each val and test image has an item of its own
    px: int = 256  # the longest side of an image
    label_noise: float = 0.05  # share of attribute labels that the tags missed
    # What boxes leave around the cloth on each side, least and most, as a share of its size. Annotators leave room: in the
    # real sample collars lie at 0.09 and hems at 0.89 of the box's height.
    box_room: tuple[float, float] = (0.03, 0.12)


@dataclass(frozen=True)
class Input:
    """From a photo to what the network sees. All windows are given by their margin around the annotated box."""

    px: int = 144  # side of the stored square crop
    margin: float = 0.1  # on each side of the box, as a share of its width and height: the stored crop
    view: float = 0.92  # share of the stored crop that the network sees at test; the rest is room for jitter
    view_px: int = 128  # that view is resampled to this side (images; conv4 maps to an eighth of it)
    mirror: bool = (
        True  # half of the training views are mirrored; cached maps of training images are then of both sides
    )
    # The view of WTBI's generic features is resampled to this side; 0: to view_px. Full-width VGG-16 is slow on a CPU.
    generic_px: int = 0
    jitter: float = 0.1  # training views change their size and place by up to this share
    colour: float = 0.2  # brightness, contrast and saturation change by up to this share (images only)


@dataclass(frozen=True)
class Model:
    """FashionNet's sizes. The defaults are the paper's: VGG-16 with 4096-d fully connected layers."""

    trunk_width: float = 1.0  # times VGG-16's 64 to 512 channels in conv1-conv4
    generic_width: float = 1.0  # the same of WTBI's generic features
    conv5: int = 512  # channels of conv5_global
    conv5_pose: int = 512
    fc_global: int = 4096  # fc6_global; the paper's figure 5
    fc_fusion: int = 4096  # fc7_fusion
    fc_local: int = 1024  # fc6_local: silent in the paper; a quarter of fc6_global, as it sees a quarter of the cells
    fc_pose: int = 1024  # fc6_pose and fc7_pose: silent; 16 numbers and 24 logits need no 4096
    # At 224 px VGG's pool4 leaves conv5_pose a map of 14 x 14. Smaller inputs skip pool4 in the pose branch, so that
    # a landmark is still read off a map of about that size.
    pool4_pose: bool = True
    # Cells of conv4 around a landmark: 4 of 28 at 224 px is a seventh of the picture, about a collar's or cuff's size.
    window: int = 4
    bins: int = 2  # 2 x 2 bins keep left from right inside a region, at a quarter of the weights of fc6_local
    head: str = "regression"  # the paper's; "heatmap" is a soft-argmax head that is NOT in the paper
    dropout: float = 0.5  # VGG-16's
    # Of fc6_pose and fc7_pose. 0.5 blurs a regression: on 5,000 real photos PDJ at 0.1 fell from 74 to 60 per cent.
    dropout_pose: float = 0.2


@dataclass(frozen=True)
class Weights:
    """Loss weights of one step of the iterative training (section 3.2 of the paper gives the order, no numbers)."""

    landmark: float
    heatmap: float  # of the heatmap head alone
    visibility: float
    category: float
    attribute: float
    triplet: float
    pair: float = 1.0  # WTBI's pairs of the same or of different items, instead of triplets; 0.7 at the start
    detection: float = 1.0  # of a detector of joints or poselets, which has no other loss


# "Large" and "small" in the paper's words, which gives no numbers: the losses that are not a step's task keep three tenths
# of their weight. Within a step the weights bring the losses, as they stand at the start of training, to one size: the
# squared landmark distances of 8 landmarks sum to about 0.2, visibility to about 3, category to 4; the attributes' loss is 1
# at the label frequencies (see losses.attribute_weights).
STEP1 = Weights(landmark=10, heatmap=1, visibility=0.3, category=0.06, attribute=0.3, triplet=0.3)
STEP2 = Weights(landmark=3, heatmap=0.3, visibility=0.09, category=0.2, attribute=1, triplet=1)
# In pre-training attributes weigh four times as much: else the trunk learns shapes and hardly any texture, and what a frozen
# trunk does not see no branch can name.
PRETRAIN1, PRETRAIN2 = (replace(step, attribute=4 * step.attribute) for step in (STEP1, STEP2))
# All at once, each with its large weight: fashionnet-joint, which tests whether the two steps are worth it.
AT_ONCE = Weights(landmark=10, heatmap=1, visibility=0.3, category=0.2, attribute=1, triplet=1)


@dataclass(frozen=True)
class Training:
    freeze_trunk: bool = True  # conv1-conv4 stay as given; their conv4 maps are computed once and cached
    # conv5 of every branch that starts from given weights, too: its maps are cached, and what lies above it is all that trains.
    freeze_conv5: bool = False
    rounds: int = 2  # of step 1 and step 2, at most; training stops after one that does not improve on validation
    epochs: int = 3  # of each step in each round
    batch: int = 32  # a hundred and more steps an epoch even on the few thousand photos of the real sample
    rate: float = 1e-3  # AdamW's usual peak; one warm-up, then a cosine over the whole run
    trunk_rate: float = 0.1  # of `rate`, so as not to undo ImageNet weights or pre-training
    weight_decay: float = 0.05  # between AdamW's default and what ImageNet recipes take
    step1: Weights = STEP1
    step2: Weights = STEP2
    at_once: Weights = AT_ONCE
    # Power of the negative/positive ratio in w_pos, w_neg: 1 balances, 0 ignores it. On the demo's val split top-5 recall was
    # 16.0, 17.6 and 17.6 % at 0.5, 0.25 and 0; of the last two this one finds more of the rare.
    attribute_balance: float = 0.25
    # Of the triplet loss, on Euclidean distances of unit-length embeddings (0..2), as a search ranks them. Items that differ in
    # one detail lie close together: a larger margin would push them as far apart as items that differ in all.
    margin: float = 0.3
    # All triplets of a batch: of 32 images about 8 have an item in common, too few for hard ones to be more than noise.
    mining: str = "all"
    precision: str = "auto"  # bf16-mixed where the machine has bf16 units, else 32-true
    # Visibility code that a landmark slot which the clothes type lacks is trained as. The paper is silent. 2 (cut off)
    # teaches the gate to close it; -1 leaves it out of the loss, and the slot then pools wherever it is guessed to be.
    absent: int = 2


@dataclass(frozen=True)
class Config:
    profile: str
    seed: int = 0
    world: World = field(default_factory=World)
    input: Input = field(default_factory=Input)
    model: Model = field(default_factory=Model)
    training: Training = field(default_factory=Training)
    methods: tuple[str, ...] = METHODS
    search: str = (
        "blocks"  # how galleries are searched: exactly by blocks on the device, or "faiss", for millions on a CPU
    )
    weights: str = ""  # where the trunk starts unless --weights says otherwise; see train.read_weights

    def as_dict(self) -> dict:
        return asdict(self)


# Sizes of the CPU profiles. The frozen trunk turns a crop of 144 px into an 18 x 18 map, of which the network sees about
# 16 x 16 cells: as much as conv5_pose sees of 224 px in the paper. A narrow pose branch and 1024-d layers train in
# minutes; conv5_global keeps VGG's width, so that it can start from ImageNet weights.
PHOTOS_MODEL = Model(
    conv5_pose=128, fc_global=1024, fc_fusion=1024, fc_local=512, pool4_pose=False, dropout=0.3, dropout_pose=0.1
)  # fmt: skip
# On the synthetic world a quarter of VGG-16's channels, trained on that world from the first layer on, find landmarks
# better than VGG-16's frozen ones, at a tenth of their cost.
WORLD_MODEL = Model(
    trunk_width=1 / 4, conv5=256, conv5_pose=128, fc_global=512, fc_fusion=512, fc_local=512, fc_pose=512,
    pool4_pose=False, dropout=0.3, dropout_pose=0.1,
)  # fmt: skip

PRETRAIN_WORLD = World(pretrain=20_000, train=0, val=600, test=0, inshop_items=0, consumer2shop_items=0, views=1)

PROFILES = {
    # Every notebook in minutes: a network of a sixteenth of the width, trained whole for a few steps on a handful of
    # images. Its numbers show that everything runs; they are not results.
    "smoke": Config(
        profile="smoke",
        world=World(pretrain=32, train=192, val=48, test=96, inshop_items=12, consumer2shop_items=12, px=128),
        input=Input(px=72, view_px=64),
        model=Model(
            trunk_width=1 / 16,
            generic_width=1 / 16,
            conv5=32,
            conv5_pose=32,
            fc_global=64,
            fc_fusion=64,
            fc_local=32,
            fc_pose=64,
            pool4_pose=False,
            dropout=0.0,
            dropout_pose=0.0,
        ),  # fmt: skip
        training=Training(freeze_trunk=False, rounds=2, epochs=4, batch=32, rate=2e-3, precision="32-true"),
        weights="none",
    ),
    # The default: what two CPU cores without a GPU do in half an hour, on the synthetic world. conv1-conv5 are pre-trained,
    # shipped and frozen, so that a pass costs a tenth of one through conv5, and every method can be given more of them. Settings
    # are the same for all methods and were judged on val with fashionnet and fashionnet-global, where two measures of one setting
    # differ by about a point: with 12,000 images six and eight epochs gave 91.0 and 91.5 % category top-3, dropout 0.3 in both;
    # 9,000 in both mirrored sides and six epochs gave 90.2 %. 9,000 as they are took 32 minutes, so 7,000. As in the release, more
    # items are searched from consumer photos than in-shop; worlds of 400 and 600 items had been so small that hardly any method
    # could fail in either (notebook 08 compares the two in galleries alike). WTBI's full-width VGG-16 sees 64 px: at 128 px it alone
    # would take 17 minutes.
    "demo": Config(
        profile="demo",
        world=World(pretrain=0, train=7000, val=600, test=2500, inshop_items=300, consumer2shop_items=900, views=1),
        input=Input(jitter=0.05, mirror=False, generic_px=64),
        model=WORLD_MODEL,
        training=Training(
            rounds=3, epochs=1, batch=64, rate=1.5e-3, trunk_rate=0.3, attribute_balance=0.1, freeze_conv5=True
        ),
        weights="world",
    ),
    # Real photos on a CPU: VGG-16's convolutions, frozen, conv5_global with them: trained, it is two thirds of a pass. conv5_pose
    # starts from scratch and is trained, here and in fine-tuning. VGG's responses are large: at a rate of 1e-3 the layers above
    # them hardly learned (FashionNet and DARN below WTBI on the real sample), at 3e-4 they do. With three rounds every method's
    # validation loss was still falling; with six it ends level.
    "photos": Config(
        profile="photos",
        model=PHOTOS_MODEL,
        training=Training(rounds=6, epochs=1, rate=3e-4, freeze_conv5=True),
        methods=(*paper.METHODS, "fashionnet-heatmap", "fashionnet-noattr"),  # figure 10's besides Table 2's
    ),
    # Pre-training of the demo's network, done once: `python -m lib.train --profile pretrain --ship lib/pretrained.safetensors`.
    # A world of its own: another seed, so that no item of the demo is in it.
    "pretrain": Config(
        profile="pretrain",
        seed=1,
        world=PRETRAIN_WORLD,
        model=WORLD_MODEL,
        training=Training(
            freeze_trunk=False,
            rounds=2,
            epochs=3,
            batch=64,
            step1=PRETRAIN1,
            step2=PRETRAIN2,
        ),
        methods=("fashionnet",),
        weights="none",
    ),
    # Its second part, on the frozen trunk and new images: conv5 and the pose branch go on. They are what the demo keeps as
    # it is, and a trained trunk costs three times as much: `python -m lib.train --profile pretrain_branches --ship ...`.
    "pretrain_branches": Config(
        profile="pretrain_branches",
        seed=2,
        world=PRETRAIN_WORLD,
        model=WORLD_MODEL,
        training=Training(
            rounds=1,
            epochs=3,
            batch=64,
            trunk_rate=0.5,
            step1=PRETRAIN1,
            step2=PRETRAIN2,
        ),
        methods=("fashionnet",),
        weights="world",
    ),
    # Its third part: what lies above conv5_pose, from scratch, on what the frozen conv5_pose makes of yet other images. A tenth of a
    # pass, so that they can see many: on the demo's 9,000 images alone a wider fc6_pose learned them by heart.
    "pretrain_pose": Config(
        profile="pretrain_pose",
        seed=3,
        world=replace(PRETRAIN_WORLD, pretrain=30_000),
        input=Input(jitter=0.05, mirror=False),
        model=WORLD_MODEL,
        training=Training(rounds=1, epochs=4, batch=64, step1=PRETRAIN1, step2=PRETRAIN2, freeze_conv5=True),
        methods=("fashionnet",),
        weights="world",
    ),
    # The paper's sizes, trained whole, on one GPU.
    "paper": Config(
        profile="paper",
        world=World(
            pretrain=40_000, train=80_000, val=4_000, test=16_000, inshop_items=8_000, consumer2shop_items=10_000
        ),
        input=Input(px=244, view_px=224),
        training=Training(freeze_trunk=False, rounds=2, epochs=4, batch=64, rate=3e-4, trunk_rate=0.3),
    ),
}
