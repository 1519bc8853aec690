"""FashionNet (Liu et al., CVPR 2016, section 3, figure 5) as a PyTorch module.

    conv1-conv4 (VGG-16) -> pose branch: conv5_pose, fc6_pose, fc7_pose -> 8 landmarks, 3 visibility logits each
                         -> global branch: conv5_global, pool5, fc6_global
                         -> local branch: landmark pooling of conv4 at the *estimated* landmarks, pool5_local, fc6_local
    fc6_global + fc6_local -> fc7_fusion -> category, attributes, embedding

Without batch norm the trunk keeps torchvision's VGG-16 numbering: `trunk.N` is its `features.N`. All locations are
(x, y) in units of the view that the network sees, (0, 0) its top left corner and (1, 1) its bottom right.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from lib import efficientnet
from lib.config import Model
from lib.landmark_pooling import LandmarkPooling
from lib.lists import LANDMARKS, VISIBLE

N_LANDMARKS = len(LANDMARKS)
GRID = tuple((x, y) for y in (0.2, 0.4, 0.6, 0.8) for x in (0.3, 0.7))  # eight places of a view, as (x, y)
CONV1_TO_4 = (64, 64, "M", 128, 128, "M", 256, 256, 256, "M", 512, 512, 512)  # torchvision's features.0 to 22


def make_convs(plan: tuple, inputs: int, batch_norm: bool, vgg16: int) -> nn.Sequential:
    """Return 3 x 3 convolutions with ReLU, and batch norm between them where asked; "M" is a 2 x 2 max pooling.

    vgg16: the number that the first of them has in torchvision's `features`, see `networks.start_imagenet`.
    """
    layers = []
    for entry in plan:
        if entry == "M":
            layers.append(nn.MaxPool2d(2))
            continue
        layers.append(nn.Conv2d(inputs, entry, 3, padding=1, bias=not batch_norm))
        if batch_norm:
            layers.append(nn.BatchNorm2d(entry))
        layers.append(nn.ReLU(inplace=True))
        inputs = entry
    block = nn.Sequential(*layers)
    block.vgg16 = vgg16
    return block


def make_trunk(config: Model) -> nn.Sequential:
    """Return conv1-conv4: (n, 3, H, W) -> (n, trunk_channels, H / 8, W / 8)."""
    if config.trunk == "efficientnet_lite0":
        return efficientnet.stages("shared")
    plan = tuple(entry if entry == "M" else round(entry * config.width) for entry in CONV1_TO_4)
    return make_convs(plan, 3, config.batch_norm, vgg16=0)


def trunk_channels(config: Model) -> int:
    if config.trunk == "efficientnet_lite0":
        return efficientnet.CHANNELS["shared"]
    return round(512 * config.width)


def make_conv5(config: Model, branch: str, cells: int) -> tuple[nn.Module, nn.Module, nn.Module, int, int]:
    """Return pool4, conv5, pool5 of a branch ("global", "pose") on a map of `cells` a side; then channels and side."""
    if config.trunk == "efficientnet_lite0":
        channels = efficientnet.CHANNELS["conv5"]
        # No ReLU precedes them: fully connected layers learn slowly from a deviation of about 5 (benchmarks/LOG.md).
        pool5 = nn.Sequential(nn.AvgPool2d(2), nn.BatchNorm2d(channels, affine=False))
        return nn.Identity(), efficientnet.stages("conv5"), pool5, channels, cells // 4
    halved = branch == "global" or config.pool4_pose
    channels = config.conv5 if branch == "global" else config.conv5_pose
    conv5 = make_convs((channels,) * 3, trunk_channels(config), config.batch_norm, vgg16=24)
    pool4, side = (nn.MaxPool2d(2), cells // 2) if halved else (nn.Identity(), cells)
    return pool4, conv5, nn.MaxPool2d(2), channels, side // 2


def fully_connected(inputs: int, outputs: int, dropout: float) -> nn.Sequential:
    return nn.Sequential(nn.Linear(inputs, outputs), nn.ReLU(inplace=True), nn.Dropout(dropout))


def exact(layer: nn.Module, x: Tensor) -> Tensor:
    """Apply `layer` in float32 under autocast: bfloat16 puts landmarks on a grid of half a pixel, and ties scores."""
    if x.is_meta:  # a network that is only counted: this device has no autocast
        return layer(x)
    with torch.autocast(x.device.type, enabled=False):
        return layer(x.to(layer.weight.dtype))


def initialise(module: nn.Module) -> None:
    """Apply He's initialisation, as torchvision's VGG does, to linear layers too: a deviation of 0.01 barely trains.

    EfficientNet-Lite0's stages, which hold ImageNet's weights, are left as they are.
    """
    if isinstance(module, nn.Conv2d | nn.ConvTranspose2d | nn.Linear):
        nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
        if module.bias is not None:
            nn.init.zeros_(module.bias)
    if not getattr(module, "imagenet", False):
        for child in module.children():
            initialise(child)


def make_head(inputs: int, outputs: int) -> nn.Linear | None:
    """Return a linear layer with small weights, or None for 0 outputs."""
    if not outputs:
        return None
    head = nn.Linear(inputs, outputs)
    nn.init.normal_(head.weight, std=0.01)
    nn.init.zeros_(head.bias)
    return head


def answers(network: nn.Module, fc7: Tensor) -> dict[str, Tensor]:
    """Return category and attributes logits of the heads that a network has, and the embedding of unit length."""
    heads = {"category": network.category, "attributes": network.attributes}
    out = {name: exact(head, fc7) for name, head in heads.items() if head is not None}
    return out | {"embedding": F.normalize(fc7.float(), dim=1)}


class PoseBranch(nn.Module):
    """The blue branch of figure 5: conv5_pose, fc6_pose, fc7_pose -> landmarks and visibility.

    With head="heatmap" (not in the paper) conv5_pose is upsampled to one map per landmark, whose expectation is its
    location (soft-argmax). Visibility is read off fc7_pose in both cases.
    """

    def __init__(self, cells: int, config: Model, head: str = "regression"):
        super().__init__()
        self.pool4, self.conv5_pose, self.pool5, channels, side = make_conv5(config, "pose", cells)
        self.fc6_pose = fully_connected(channels * side**2, config.fc_pose, config.dropout_pose)
        self.fc7_pose = fully_connected(config.fc_pose, config.fc_pose, config.dropout_pose)
        self.visibility = nn.Linear(config.fc_pose, N_LANDMARKS * 3)
        initialise(self)
        nn.init.zeros_(self.visibility.weight)
        self.landmarks = self.upsample = self.heatmap = None
        if head == "heatmap":
            self.upsample, self.heatmap = make_heatmap(channels, N_LANDMARKS)
        else:
            self.landmarks = nn.Linear(config.fc_pose, N_LANDMARKS * 2)
            nn.init.zeros_(self.landmarks.weight)
            nn.init.constant_(self.landmarks.bias, 0.5)

    def forward(self, conv4: Tensor) -> dict[str, Tensor]:
        """Return landmarks (n, 8, 2), visibility logits (n, 8, 3), and of a heatmap head log_heatmap (n, 8, H, W)."""
        conv5 = self.conv5_pose(self.pool4(conv4))
        fc7 = self.fc7_pose(self.fc6_pose(self.pool5(conv5).flatten(1)))
        out = {"visibility": exact(self.visibility, fc7).unflatten(1, (N_LANDMARKS, 3))}
        if self.landmarks is not None:
            return out | {"landmarks": exact(self.landmarks, fc7).unflatten(1, (N_LANDMARKS, 2))}
        log_heatmap, landmarks = soft_argmax(exact(self.heatmap, F.relu(self.upsample(conv5))))
        return out | {"log_heatmap": log_heatmap, "landmarks": landmarks}


def make_heatmap(channels: int, maps: int) -> tuple[nn.ConvTranspose2d, nn.Conv2d]:
    """Return a layer that doubles the resolution of a conv5 map, and one that reads `maps` heatmaps off it."""
    middle = max(8, channels // 2)
    layers = nn.ConvTranspose2d(channels, middle, 4, stride=2, padding=1), nn.Conv2d(middle, maps, 3, padding=1)
    for layer in layers:
        initialise(layer)
    return layers


def soft_argmax(heatmap: Tensor) -> tuple[Tensor, Tensor]:
    """Return the log probabilities of heatmaps (n, L, H, W) over their cells, and the expected (x, y) in [0, 1],
    (n, L, 2), with the centres of cells at (i + 0.5) / W."""
    log_heatmap = heatmap.flatten(2).log_softmax(2).view_as(heatmap)
    probability = log_heatmap.exp()
    H, W = probability.shape[2:]
    xs = (torch.arange(W, device=probability.device) + 0.5) / W
    ys = (torch.arange(H, device=probability.device) + 0.5) / H
    # Sums of products, not a matrix product: autocast would turn that into bfloat16.
    return log_heatmap, torch.stack([(probability.sum(2) * xs).sum(2), (probability.sum(3) * ys).sum(2)], dim=2)


class FashionNet(nn.Module):
    """The whole network. Where `categories` or `attributes` is 0, that head is absent.

    view_px: side of the square input in pixels. head: of the pose branch, "regression" or "heatmap". detector: a
    trained `rivals.PartDetector`, whose detections replace the landmarks in pooling, at training and test
    (FashionNet+Joints and +Poselets); this network then predicts no landmarks. pool_at: of `methods.Method`; "" drops
    the local and the pose branch, "grid" the pose branch alone.
    """

    def __init__(
        self,
        config: Model,
        view_px: int,
        categories: int,
        attributes: int,
        head="regression",
        detector=None,
        pool_at="landmarks",
    ):
        super().__init__()
        channels, cells = trunk_channels(config), view_px // 8
        self.trunk = make_trunk(config)
        self.pose = PoseBranch(cells, config, head) if pool_at in ("landmarks", "truth") else None
        self.detector = None if detector is None else detector.requires_grad_(False)
        self.register_buffer("places", torch.tensor(GRID), persistent=False)

        self.pool4, self.conv5_global, self.pool5, conv5, side = make_conv5(config, "global", cells)
        self.fc6_global = fully_connected(conv5 * side**2, config.fc_global, config.dropout)

        self.fc6_local = None
        if pool_at:
            regions = N_LANDMARKS if detector is None else detector.heatmap.out_channels
            self.landmark_pooling = LandmarkPooling(window=config.window, bins=config.bins)  # -> pool5_local
            light = config.trunk == "efficientnet_lite0"
            self.norm_local = nn.BatchNorm2d(channels, affine=False) if light else nn.Identity()  # see `make_conv5`
            self.fc6_local = fully_connected(regions * channels * config.bins**2, config.fc_local, config.dropout)

        fused = config.fc_global + (config.fc_local if pool_at else 0)
        self.fc7_fusion = fully_connected(fused, config.fc_fusion, config.dropout)
        for part in filter(None, (self.trunk, self.conv5_global, self.fc6_global, self.fc6_local, self.fc7_fusion)):
            initialise(part)
        self.category, self.attributes = (make_head(config.fc_fusion, n) for n in (categories, attributes))

    def train(self, mode: bool = True):
        """Keep a frozen detector's batch norms at their trained statistics."""
        super().train(mode)
        if self.detector is not None:
            self.detector.eval()
        return self

    def forward(self, images: Tensor, pool_at: tuple[Tensor, Tensor] | None = None) -> dict[str, Tensor]:
        """images (n, 3, view_px, view_px), normalised as for VGG-16.

        pool_at: locations (n, L, 2) and gate (n, L) to pool at instead of the estimated ones: the true landmarks of an
        upper bound. Returns float32 tensors, whichever of these the network has: landmarks (n, 8, 2); visibility
        (n, 8, 3) logits of visible, occluded, cut off; category (n, K) and attributes (n, A) logits; embedding
        (n, fc_fusion) of unit length; log_heatmap (n, 8, H, W); of a detector parts (n, P, 2) and present (n, P).
        """
        conv4 = self.trunk(images)
        out = {} if self.pose is None else self.pose(conv4)
        features = [self.fc6_global(self.pool5(self.conv5_global(self.pool4(conv4))).flatten(1))]
        if self.fc6_local is not None:
            if self.detector is not None:
                with torch.no_grad():
                    found = self.detector(images)
                out = {"parts": found["parts"], "present": found["present"]}
                pool_at = out["parts"], (out["present"] > 0.5).float()
            elif self.pose is None:
                places = self.places.expand(len(images), -1, -1)
                pool_at = places, torch.ones_like(places[..., 0])
            elif pool_at is None:
                pool_at = out["landmarks"], (out["visibility"].argmax(2) == VISIBLE).float()
            pool5_local = self.landmark_pooling(self.norm_local(conv4), *pool_at)
            features.append(self.fc6_local(pool5_local.flatten(1)))
        fc7_fusion = self.fc7_fusion(torch.cat(features, dim=1))
        return out | answers(self, fc7_fusion)
