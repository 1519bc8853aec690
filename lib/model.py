"""FashionNet (Liu et al., CVPR 2016, section 3.1, figure 5) and what the paper compares it with, as PyTorch modules.

    conv1-conv4 (VGG-16) -> pose branch: conv5_pose, fc6_pose, fc7_pose -> 8 landmarks, 3 visibility logits each
                         -> global branch: conv5_global, pool5, fc6_global
                         -> local branch: landmark pooling of conv4 at the *estimated* landmarks, pool5_local, fc6_local
    fc6_global + fc6_local -> fc7_fusion -> category, attributes, embedding

`PartDetector` finds human joints or poselets for FashionNet+Joints and +Poselets; `DARN` and `WTBI` are the two rivals.

Layers keep torchvision's VGG-16 numbering: `trunk.N` is its `features.N`. All locations are (x, y) in units of the
view that the network sees, (0, 0) its top left corner and (1, 1) its bottom right.
"""

from collections.abc import Mapping

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from lib.config import Model
from lib.landmark_pooling import LandmarkPooling

LANDMARKS = 8
VISIBLE = 0  # the visibility code of a visible landmark
CONV1_TO_4 = (64, 64, "M", 128, 128, "M", 256, 256, 256, "M", 512, 512, 512)  # torchvision's features.0 to 22
CONV5 = (24, 26, 28)  # torchvision's features.N of conv5


def make_trunk(width: float) -> nn.Sequential:
    """conv1-conv4 of VGG-16 with `width` times its channels: (n, 3, H, W) -> (n, 512 * width, H / 8, W / 8)."""
    layers, channels = [], 3
    for entry in CONV1_TO_4:
        if entry == "M":
            layers.append(nn.MaxPool2d(2))
        else:
            out = max(1, round(entry * width))
            layers += [nn.Conv2d(channels, out, 3, padding=1), nn.ReLU()]
            channels = out
    return nn.Sequential(*layers)


def make_conv5(channels_in: int, channels: int) -> nn.Sequential:
    """The three convolutions of a conv5 block, without pooling."""
    layers = []
    for _ in range(3):
        layers += [nn.Conv2d(channels_in, channels, 3, padding=1), nn.ReLU()]
        channels_in = channels
    return nn.Sequential(*layers)


def _fc(inputs: int, outputs: int, dropout: float) -> nn.Sequential:
    return nn.Sequential(nn.Linear(inputs, outputs), nn.ReLU(), nn.Dropout(dropout))


def _exact(layer: nn.Module, x: Tensor) -> Tensor:
    """`layer` in the precision of its own weights, whatever autocast says: 8 bits of mantissa would put landmarks on a
    grid of half a pixel and make scores tie."""
    if not torch.amp.is_autocast_available(x.device.type):  # the meta device, which counts without memory
        return layer(x)
    with torch.autocast(x.device.type, enabled=False):
        return layer(x.to(layer.weight.dtype))


def _initialise(module: nn.Module) -> None:
    """He's initialisation, as torchvision's VGG, but for linear layers too: from scratch, 0.01 barely moves."""
    for layer in module.modules():
        if isinstance(layer, nn.Conv2d | nn.Linear):
            nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
            nn.init.zeros_(layer.bias)


class PoseBranch(nn.Module):
    """conv5_pose, fc6_pose, fc7_pose -> landmarks and visibility: the blue branch of figure 5.

    With head="heatmap" (NOT in the paper) conv5_pose is followed by an upsampling layer and one map a landmark, whose
    expectation is its location (soft-argmax); visibility is still read off fc7_pose.
    """

    def __init__(self, channels: int, cells: int, config: Model):
        super().__init__()
        self.pool4 = nn.MaxPool2d(2) if config.pool4_pose else nn.Identity()
        self.conv5_pose = make_conv5(channels, config.conv5_pose)
        self.pool5 = nn.MaxPool2d(2)
        side = (cells // 2 if config.pool4_pose else cells) // 2
        self.fc6_pose = _fc(config.conv5_pose * side**2, config.fc_pose, config.dropout_pose)
        self.fc7_pose = _fc(config.fc_pose, config.fc_pose, config.dropout_pose)
        self.visibility = nn.Linear(config.fc_pose, LANDMARKS * 3)
        _initialise(self)
        nn.init.zeros_(self.visibility.weight)
        if config.head == "heatmap":
            middle = max(8, config.conv5_pose // 2)
            self.upsample = nn.ConvTranspose2d(config.conv5_pose, middle, 4, stride=2, padding=1)
            self.heatmap = nn.Conv2d(middle, LANDMARKS, 3, padding=1)
            nn.init.zeros_(self.heatmap.bias)
        elif config.head == "regression":
            self.landmarks = nn.Linear(config.fc_pose, LANDMARKS * 2)
            nn.init.zeros_(self.landmarks.weight)
            nn.init.constant_(self.landmarks.bias, 0.5)
        else:
            raise ValueError(f"head {config.head!r} is neither 'regression' nor 'heatmap'")

    def start_at(self, mean: Tensor) -> None:
        """Let training start at the mean landmarks (8, 2) of the training set, in units of the view."""
        if hasattr(self, "landmarks"):
            with torch.no_grad():
                self.landmarks.bias.copy_(mean.flatten())

    def forward(self, conv4: Tensor, conv5: Tensor | None = None) -> dict[str, Tensor]:
        """conv4 (n, C, h, w), or what conv5_pose makes of it."""
        conv5 = self.conv5_pose(self.pool4(conv4)) if conv5 is None else conv5
        fc7 = self.fc7_pose(self.fc6_pose(self.pool5(conv5).flatten(1)))
        out = {"visibility": _exact(self.visibility, fc7).unflatten(1, (LANDMARKS, 3))}
        if hasattr(self, "landmarks"):
            out["landmarks"] = _exact(self.landmarks, fc7).unflatten(1, (LANDMARKS, 2))
        else:
            heatmap = _exact(self.heatmap, F.relu(self.upsample(conv5)))  # (n, 8, 2h, 2w)
            out["log_heatmap"] = heatmap.flatten(2).log_softmax(2).view_as(heatmap)
            out["landmarks"] = soft_argmax(out["log_heatmap"])
        return out


def soft_argmax(log_heatmap: Tensor) -> Tensor:
    """Expected (x, y) in [0, 1] of (n, L, H, W) log probabilities, cell centres at (i + 0.5) / W: (n, L, 2)."""
    probability = log_heatmap.exp()
    H, W = probability.shape[2:]
    xs = (torch.arange(W, device=probability.device) + 0.5) / W
    ys = (torch.arange(H, device=probability.device) + 0.5) / H
    # Sums of products, not a matrix product: autocast would turn that into bfloat16.
    return torch.stack([(probability.sum(2) * xs).sum(2), (probability.sum(3) * ys).sum(2)], dim=2)


class PartDetector(nn.Module):
    """Finds the parts of a body: joints, or poselets (lib/parts.py). One map a part over conv4, as a softmax over the map's
    cells and one more answer, "not there".

    The paper says that joints and poselets were *detected*, and not how. Ours reads the same conv4 as everybody, is trained
    on its own, and is then frozen: no gradient of FashionNet+Joints or +Poselets reaches it. It keeps a trunk of its own,
    since theirs may move.
    """

    def __init__(self, config: Model, parts: int):
        super().__init__()
        self.trunk = make_trunk(config.trunk_width)
        self.conv5 = make_conv5(self.trunk[-2].out_channels, config.conv5_pose)
        middle = max(8, config.conv5_pose // 2)
        self.upsample = nn.ConvTranspose2d(config.conv5_pose, middle, 4, stride=2, padding=1)
        self.heatmap = nn.Conv2d(middle, parts, 3, padding=1)
        self.absent = nn.Linear(config.conv5_pose, parts)
        _initialise(self)
        # Not used here: what the poselets are that it was taught; see parts.arrangements.
        self.register_buffer("poselets", torch.full((7, 3, 8), torch.nan))

    def forward(self, images: Tensor) -> dict[str, Tensor]:
        """images (n, 3, view_px, view_px), normalised as for VGG-16. Returns the outputs of `branches`."""
        return self.branches(self.trunk(images))

    def branches(self, conv4: Tensor) -> dict[str, Tensor]:
        """conv4 (n, C, h, w). Returns float32: log_parts (n, P, 2h * 2w + 1) log probabilities, the last one of "not
        there"; parts (n, P, 2) the expected place of each as (x, y) in units of the view; present (n, P) probability."""
        conv5 = self.conv5(conv4)
        heatmap = _exact(self.heatmap, F.relu(self.upsample(conv5)))
        absent = _exact(self.absent, conv5.amax((2, 3)))
        log_parts = torch.cat([heatmap.flatten(2), absent[..., None]], dim=2).log_softmax(2)
        there = heatmap.flatten(2).log_softmax(2).view_as(heatmap)
        return {"log_parts": log_parts, "parts": soft_argmax(there), "present": 1 - log_parts[..., -1].exp()}

    def detect(self, out: dict[str, Tensor]) -> tuple[Tensor, Tensor]:
        """Where FashionNet pools (n, P, 2), and its gate (n, P): 1 where a part is more likely there than not."""
        return out["parts"], (out["present"] > 0.5).float()


class FashionNet(nn.Module):
    """The whole network. categories or attributes may be 0: that head is then absent.

    view_px: side of the square input in pixels, a multiple of 32. detector: a trained PartDetector, at whose detections
    local features are pooled instead of landmarks: FashionNet+Joints and +Poselets, "which replace fashion landmarks"
    in training and test; they predict none. local: without it there is neither local nor pose branch
    (fashionnet-global, not in the paper). oracle: pool at the true landmarks that `given` tells (not in the paper).
    """

    def __init__(self, config: Model, view_px: int, categories: int, attributes: int,
                 detector: PartDetector | None = None, local: bool = True, oracle: bool = False):  # fmt: skip
        super().__init__()
        self.trunk = make_trunk(config.trunk_width)
        _initialise(self.trunk)
        channels, cells = self.trunk[-2].out_channels, view_px // 8
        self.oracle = oracle
        self.detector = detector.requires_grad_(False) if detector else None
        self.pose = PoseBranch(channels, cells, config) if local and not detector else None

        self.pool4 = nn.MaxPool2d(2)
        self.conv5_global = make_conv5(channels, config.conv5)
        self.pool5 = nn.MaxPool2d(2)
        self.fc6_global = _fc(config.conv5 * (cells // 4) ** 2, config.fc_global, config.dropout)

        self.fc6_local = None
        if local:
            regions = detector.heatmap.out_channels if detector else LANDMARKS
            self.landmark_pooling = LandmarkPooling(window=config.window, bins=config.bins)  # -> pool5_local
            self.fc6_local = _fc(regions * channels * config.bins**2, config.fc_local, config.dropout)

        inputs = config.fc_global + (config.fc_local if local else 0)
        self.fc7_fusion = _fc(inputs, config.fc_fusion, config.dropout)
        for part in filter(None, (self.conv5_global, self.fc6_global, self.fc6_local, self.fc7_fusion)):
            _initialise(part)
        self.category, self.attributes = _heads(config.fc_fusion, categories, attributes)

    def forward(self, images: Tensor, **given) -> dict[str, Tensor]:
        """images: (n, 3, view_px, view_px), normalised as for VGG-16. Returns the outputs of `branches`."""
        if self.detector is not None:  # whose own trunk has not moved
            with torch.no_grad():
                given["pool_at"] = self.detector.detect(self.detector(images))
        return self.branches(self.trunk(images), **given)

    def conv5_blocks(self) -> dict[str, nn.Sequential]:
        """From conv4 to each conv5 map that `branches` takes."""
        blocks = {"conv5_global": nn.Sequential(self.pool4, self.conv5_global)}
        return blocks | ({"conv5_pose": nn.Sequential(self.pose.pool4, self.pose.conv5_pose)} if self.pose else {})

    def branches(self, conv4: Tensor, conv5_global: Tensor | None = None, conv5_pose: Tensor | None = None,
                 pool_at: tuple[Tensor, Tensor] | None = None) -> dict[str, Tensor]:  # fmt: skip
        """conv4: (n, C, h, w). conv5_global, conv5_pose: what `conv5_blocks` make of it, where that is known already.
        pool_at: locations (n, P, 2) and gate (n, P) to pool at instead of the estimated ones.

        Returns float32 tensors: landmarks (n, 8, 2), visibility (n, 8, 3) logits of visible, occluded, cut off,
        category (n, K) logits, attributes (n, A) logits, embedding (n, fc_fusion) of unit length, and log_heatmap
        (n, 8, H, W) where the head is "heatmap"; those that this network has.
        """
        out = self.pose(conv4, conv5_pose) if self.pose is not None else {}
        conv5_global = self.conv5_global(self.pool4(conv4)) if conv5_global is None else conv5_global
        features = [self.fc6_global(self.pool5(conv5_global).flatten(1))]
        if self.fc6_local is not None:
            if pool_at is None and self.detector is not None:
                with torch.no_grad():
                    pool_at = self.detector.detect(self.detector.branches(conv4))
            if pool_at is None:
                pool_at = out["landmarks"], (out["visibility"].argmax(2) == VISIBLE).float()
            pool5_local = self.landmark_pooling(conv4, *pool_at)
            features.append(self.fc6_local(pool5_local.flatten(1)))
        fc7_fusion = self.fc7_fusion(torch.cat(features, dim=1))
        if self.category is not None:
            out["category"] = _exact(self.category, fc7_fusion)
        if self.attributes is not None:
            out["attributes"] = _exact(self.attributes, fc7_fusion)
        out["embedding"] = F.normalize(fc7_fusion.float(), dim=1)
        return out


def _heads(inputs: int, categories: int, attributes: int) -> tuple[nn.Linear | None, nn.Linear | None]:
    heads = [nn.Linear(inputs, outputs) if outputs else None for outputs in (categories, attributes)]
    for head in filter(None, heads):
        nn.init.normal_(head.weight, std=0.01)
        nn.init.zeros_(head.bias)
    return tuple(heads)


class DARN(nn.Module):
    """Dual Attribute-aware Ranking Network (Huang et al., ICCV 2015): a stream for shop photos and one for street photos,
    each a CNN that ends in a tree of fully connected layers, one branch for each kind of attribute; triplets rank across
    the domains. One stream where there is one domain: classification, and in-shop.

    The original's convolutions are a Network in Network and its attributes nine groups of exclusive values. Here: conv5 and
    fc6 on everybody's trunk, a branch fc7 for each attribute group of the data set, and one for the category, which the
    paper's Table 2 measures and the original lacks; the attributes keep everybody's loss. The original's embedding adds
    PCA-compressed local conv features to the branches; here it is the branches, concatenated.

    groups: (A,) the group of each attribute, None without attribute labels. branches: numbers of the groups.
    """

    def __init__(self, config: Model, view_px: int, categories: int, groups: Tensor | None, branches: tuple[int, ...],
                 streams: int = 1):  # fmt: skip
        super().__init__()
        self.trunk = make_trunk(config.trunk_width)
        _initialise(self.trunk)
        channels, width = self.trunk[-2].out_channels, max(8, config.fc_fusion // 4)
        names = [*(f"group_{number}" for number in branches), "category"]
        self.streams = nn.ModuleList()
        for _ in range(streams):
            stream = nn.ModuleDict({
                "conv5": make_conv5(channels, config.conv5),
                "fc6": _fc(config.conv5 * (view_px // 32) ** 2, config.fc_global, config.dropout),
                "fc7": nn.ModuleDict({name: _fc(config.fc_global, width, config.dropout) for name in names}),
            })  # fmt: skip
            _initialise(stream)
            self.streams.append(stream)
        # The heads are shared by the streams: both must speak of attributes in the same words.
        self.category = _heads(width, categories, 0)[0]
        self.attributes = None
        if groups is not None:
            self.attributes = GroupedHeads(width, groups, branches)

    def forward(self, images: Tensor, **given) -> dict[str, Tensor]:
        """As FashionNet's, without landmarks and visibility."""
        return self.branches(self.trunk(images), **given)

    def conv5_blocks(self) -> dict[str, nn.Sequential]:
        """From conv4 to the conv5 map that `branches` takes: of the first stream, for streams whose conv5 agree."""
        return {"conv5_global": nn.Sequential(nn.MaxPool2d(2), self.streams[0]["conv5"])}

    def branches(self, conv4: Tensor | None, conv5_global: Tensor | None = None,
                 domain: Tensor | None = None) -> dict[str, Tensor]:  # fmt: skip
        """conv4 (n, C, h, w), or conv5_global, what `conv5_blocks` make of it; domain (n,) number of the stream that each
        image takes, 0 shop and 1 street, for two."""
        if len(self.streams) == 1:
            fc7 = self._stream(self.streams[0], conv4, conv5_global)
        else:
            both = [self._stream(stream, conv4, conv5_global) for stream in self.streams]
            street = (domain == 1)[:, None]
            fc7 = {name: torch.where(street, both[1][name], both[0][name]) for name in both[0]}
        out = {}
        if self.category is not None:
            out["category"] = _exact(self.category, fc7["category"])
        if self.attributes is not None:
            out["attributes"] = self.attributes(fc7)
        out["embedding"] = F.normalize(torch.cat(list(fc7.values()), dim=1).float(), dim=1)
        return out

    def _stream(self, stream: nn.ModuleDict, conv4: Tensor | None, conv5: Tensor | None) -> dict[str, Tensor]:
        conv5 = stream["conv5"](F.max_pool2d(conv4, 2)) if conv5 is None else conv5
        fc6 = stream["fc6"](F.max_pool2d(conv5, 2).flatten(1))
        return {name: fc7(fc6) for name, fc7 in stream["fc7"].items()}


class GroupedHeads(nn.Module):
    """Attribute scores in the data set's order, each read off its own group's features. bias (A,) is common."""

    def __init__(self, inputs: int, groups: Tensor, branches: tuple[int, ...]):
        super().__init__()
        self.heads = nn.ModuleDict()
        for number in branches:
            self.heads[f"group_{number}"] = nn.Linear(inputs, int((groups == number).sum()), bias=False)
            nn.init.normal_(self.heads[f"group_{number}"].weight, std=0.01)
        columns = torch.cat([torch.nonzero(groups == number)[:, 0] for number in branches])
        self.register_buffer("order", torch.argsort(columns), persistent=False)
        self.bias = nn.Parameter(torch.zeros(len(groups)))

    def forward(self, fc7: dict[str, Tensor]) -> Tensor:
        scores = [_exact(head, fc7[name]) for name, head in self.heads.items()]
        return torch.cat(scores, dim=1)[:, self.order] + self.bias


class WTBI(nn.Module):
    """Where To Buy It (Kiapour et al., ICCV 2015) as the paper's baseline: generic ImageNet features of the clothes
    box and a multi-layer perceptron on top; for retrieval a category-independent metric network, trained on pairs of the
    same and of different items. The features are never trained on clothes; no landmarks.

    The original reads AlexNet's fc6, and its metric network judges a pair of concatenated features. Here: conv5 of VGG-16,
    max-pooled to 3 x 3, since the weights at hand may hold no fully connected layers; and one perceptron for both sides,
    whose distance says same or different, so that a gallery can be searched by distance as everybody's. The features are
    fixed, so they are computed once, of the plain test view: no jitter, no mirror.
    """

    def __init__(self, config: Model, categories: int, attributes: int):
        super().__init__()
        self.trunk = make_trunk(config.generic_width)
        channels = self.trunk[-2].out_channels
        self.conv5 = make_conv5(channels, channels)
        _initialise(self)
        self.trunk.requires_grad_(False)
        self.conv5.requires_grad_(False)
        self.mlp = nn.Sequential(
            _fc(channels * 9, config.fc_fusion, config.dropout),
            _fc(config.fc_fusion, config.fc_fusion, config.dropout),
        )
        _initialise(self.mlp)
        self.category, self.attributes = _heads(config.fc_fusion, categories, attributes)
        self.same = nn.Parameter(torch.tensor([5.0, 1.0]))  # of losses.pair_loss, on squared distances in 0..4

    def features(self, images: Tensor) -> Tensor:
        """images as FashionNet's -> (n, 9 * channels) of unit mean square: ImageNet activations are large and sparse."""
        with torch.no_grad():
            conv5 = self.conv5(F.max_pool2d(self.trunk(images), 2))
            features = F.adaptive_max_pool2d(conv5, 3).flatten(1).float()
            return F.normalize(features, dim=1) * features.shape[1] ** 0.5

    def forward(self, images: Tensor) -> dict[str, Tensor]:
        """As FashionNet's, without landmarks and visibility."""
        return self.branches(self.features(images))

    def branches(self, features: Tensor) -> dict[str, Tensor]:
        """features (n, 9 * channels) of `features`. As FashionNet's, and same (2,), how a distance is read: see
        losses.pair_loss."""
        fc7 = self.mlp(features)
        out = {}
        if self.category is not None:
            out["category"] = _exact(self.category, fc7)
        if self.attributes is not None:
            out["attributes"] = _exact(self.attributes, fc7)
        out["embedding"] = F.normalize(fc7.float(), dim=1)
        out["same"] = self.same.clone()  # a parameter itself would look unused to DDP
        return out


def load_vgg16(model: nn.Module, weights: Mapping[str, Tensor]) -> list[str]:
    """Copy torchvision's VGG-16 conv layers (`features.N.weight`, `.bias`) into the trunk and every conv5 block of the
    same shape. Returns the names of the blocks that were filled. Raises ValueError when the trunk does not fit."""

    def copy(block: nn.Sequential, numbers) -> bool:
        pairs = [(block[i], n) for i, n in numbers]
        for layer, n in pairs:
            if f"features.{n}.weight" not in weights or f"features.{n}.bias" not in weights:
                raise ValueError(f"no features.{n}.weight and .bias in the weights: not a torchvision VGG-16")
            if layer.weight.shape != weights[f"features.{n}.weight"].shape:
                return False
        with torch.no_grad():
            for layer, n in pairs:
                layer.weight.copy_(weights[f"features.{n}.weight"])
                layer.bias.copy_(weights[f"features.{n}.bias"])
        return True

    convs = [(i, i) for i, layer in enumerate(model.trunk) if isinstance(layer, nn.Conv2d)]
    if not copy(model.trunk, convs):
        raise ValueError("the trunk's width differs from VGG-16's: give trunk_width=1 to start from its weights")
    filled = ["trunk"]
    for name, block in model.named_modules():
        if name.rsplit(".", 1)[-1] in ("conv5", "conv5_pose", "conv5_global") and not name.startswith("detector"):
            if copy(block, list(zip((0, 2, 4), CONV5, strict=True))):
                filled.append(name)
    return filled
