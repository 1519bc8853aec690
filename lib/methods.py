"""The methods of Table 2 and ours, as one table: how each differs from FashionNet.

Outside the claims, which quote the paper, no other module compares a method's name. A new method is one row here, one
network class where it needs one, and its test.
"""

from dataclasses import dataclass

import numpy as np

FINE_TUNED = ("category_attribute", "inshop", "consumer2shop")
LABELS_ALONE = FINE_TUNED[:1]


@dataclass(frozen=True)
class Method:
    """How a method differs from FashionNet, whose values are the defaults."""

    name: str
    difference: str  # in words, for tables
    network: str = "fashionnet"  # its class, see networks.build: "fashionnet", "darn", "wtbi" or "detector"
    # What the local branch pools at: "landmarks", which the network predicts; "joints" or "poselets", which a detector
    # finds; "truth", the true landmarks, which it predicts too; "grid", `fashionnet.GRID`, and it has no landmarks; "":
    # there is no such branch, and no landmarks.
    pool_at: str = "landmarks"
    attributes: int | None = None  # supervised with that many most frequent attributes; None: all
    head: str = "regression"  # of the landmarks; "heatmap" is a soft-argmax
    steps: tuple = (1, 2)  # of a training round; ("all",) trains all losses at once
    pretraining: str = ""  # the method whose pre-training it starts from; "": its own
    stages: tuple = FINE_TUNED  # that it is fine-tuned on
    streams: int = 2  # of DARN, at most: one for each domain
    photos: bool = True  # part of the photos profile

    @property
    def predicts_landmarks(self) -> bool:
        return self.pool_at in ("landmarks", "truth")

    @property
    def losses(self) -> tuple[str, ...]:
        """The losses that train it, by their names in `config.Weights`, where the data has their labels."""
        if self.network == "detector":
            return ("detection",)
        landmarks = ("landmark", "visibility") if self.predicts_landmarks else ()
        heatmap = ("heatmap",) if landmarks and self.head == "heatmap" else ()
        attribute = () if self.attributes == 0 else ("attribute",)
        return (*landmarks, *heatmap, "category", *attribute, "pair" if self.network == "wtbi" else "triplet")

    @property
    def detector(self) -> str:
        """The kind of parts that a frozen detector finds for this method, or ""."""
        return self.pool_at if self.network != "detector" and self.pool_at in DETECTORS else ""


DETECTORS = {
    kind: Method(kind, f"finds {kind} in pixels", network="detector", pool_at=kind, attributes=0, steps=(1,))
    for kind in ("joints", "poselets")
}

_ROWS = (
    Method("wtbi", "ImageNet features, never trained on clothes, and a perceptron; pairs instead of triplets",
           network="wtbi", pool_at="", steps=(2,)),
    Method("darn", "no landmarks; one branch of layers per attribute group, one stream per domain",
           network="darn", pool_at="", steps=(2,)),
    Method("fashionnet+100", "supervised with the 100 most frequent attributes", attributes=100),
    Method("fashionnet+500", "supervised with the 500 most frequent attributes", attributes=500),
    Method("fashionnet+joints", "pools at detected human joints instead of landmarks", pool_at="joints", steps=(2,)),
    Method("fashionnet+poselets", "pools at detected poselets instead of landmarks", pool_at="poselets", steps=(2,)),
    Method("fashionnet", "the paper's method"),
    Method("fashionnet-heatmap", "landmarks by soft-argmax over heatmaps; not in the paper", head="heatmap",
           stages=LABELS_ALONE),
    Method("fashionnet-noattr", "no attributes (figure 10b)", attributes=0, stages=LABELS_ALONE),
    Method("fashionnet-joint", "all losses at once instead of two steps", steps=("all",), stages=LABELS_ALONE,
           photos=False),
    Method("fashionnet-global", "no local branch and no landmarks", pool_at="", steps=(2,)),
    Method("fashionnet-oracle", "pools at the true landmarks, at test too: meant as an upper bound", pool_at="truth",
           pretraining="fashionnet", stages=LABELS_ALONE, photos=False),
    Method("darn-one-stream", "DARN with one stream for both domains; not in the paper", network="darn", pool_at="",
           steps=(2,), pretraining="darn", stages=("consumer2shop",), streams=1, photos=False),
    Method("fashionnet-grid", "pools at the same eight places of all pictures, and has no landmarks", pool_at="grid",
           steps=(2,), stages=LABELS_ALONE, photos=False),
)  # fmt: skip
METHODS: dict[str, Method] = {method.name: method for method in _ROWS}
FASHIONNET = "fashionnet"  # the method that all others are compared with
GLOBAL = "fashionnet-global"  # without landmarks: the gates ask what it has learned
GRID = "fashionnet-grid"  # the control of where FashionNet pools; of the study alone, since it takes long
MAIN = ("wtbi", "darn", "fashionnet+joints", FASHIONNET, GLOBAL)  # pre-trained with each seed of the study


def find(name: str) -> Method:
    """Return the method or detector of that name."""
    return (METHODS | DETECTORS)[name]


def missing(name: str, benchmark, joints: bool | None = None, attributes: int | None = None) -> str:
    """Return why this benchmark cannot train the method, or "" where it can.

    joints: whether a detector of human joints is available; attributes: how many the method's earlier stages choose
    from. By default both are the benchmark's.
    """
    method = find(name)
    count = attributes or (0 if benchmark.attributes is None else benchmark.attributes.shape[1])
    labelled = any(label is not None for label in (benchmark.category, benchmark.attributes, benchmark.item))
    trained = method.network != "detector"
    # Without landmarks the paper's method is still trained, as far as it goes: its variants would all equal it.
    landmarks = benchmark.landmarks is not None or (name == FASHIONNET and labelled)
    for what, needed, there in (
        ("joints", not trained or method.detector, benchmark.joints is not None if joints is None else joints),
        ("landmarks", method.predicts_landmarks, landmarks),
        ("categories, attributes or items", trained and not method.predicts_landmarks, labelled),
        ("attributes", trained and method.attributes == 0, count > 0),  # which it leaves out
    ):
        if needed and not there:
            return f"needs {what}, which this data set lacks"
    if method.attributes and count <= method.attributes:
        return f"at most {count} attributes: it would equal FashionNet"
    return ""


def supervised(name: str, benchmark, rows: np.ndarray) -> np.ndarray | None:
    """Return (A,) bool, the most frequent attributes of training `rows` that supervise the method; None without any."""
    if benchmark.attributes is None:
        return None
    mask, number = np.ones(benchmark.attributes.shape[1], bool), find(name).attributes
    if number is not None:
        mask[np.argsort(-benchmark.frequency(rows), kind="stable")[number:]] = False
    return mask
