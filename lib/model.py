"""FashionNet (Liu et al., CVPR 2016, section 3.1, figure 5) and the WTBI classifier, as PyTorch modules.

    conv1-conv4 (VGG-16) -> pose branch: conv5_pose, fc6_pose, fc7_pose -> 8 landmarks, 3 visibility logits each
                         -> global branch: conv5_global, pool5, fc6_global
                         -> local branch: landmark pooling of conv4 at the *estimated* landmarks, pool5_local, fc6_local
    fc6_global + fc6_local -> fc7_fusion -> category, attributes, embedding

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

    def forward(self, conv4: Tensor) -> dict[str, Tensor]:
        conv5 = self.conv5_pose(self.pool4(conv4))
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


class FashionNet(nn.Module):
    """The whole network. categories or attributes may be 0: that head is then absent.

    view_px: side of the square input in pixels, a multiple of 32.
    """

    def __init__(self, config: Model, view_px: int, categories: int, attributes: int):
        super().__init__()
        self.trunk = make_trunk(config.trunk_width)
        _initialise(self.trunk)
        channels, cells = self.trunk[-2].out_channels, view_px // 8
        self.pose = PoseBranch(channels, cells, config)

        self.pool4 = nn.MaxPool2d(2)
        self.conv5_global = make_conv5(channels, config.conv5)
        self.pool5 = nn.MaxPool2d(2)
        self.fc6_global = _fc(config.conv5 * (cells // 4) ** 2, config.fc_global, config.dropout)

        self.landmark_pooling = LandmarkPooling(window=config.window, bins=config.bins)  # -> pool5_local
        self.fc6_local = _fc(LANDMARKS * channels * config.bins**2, config.fc_local, config.dropout)

        self.fc7_fusion = _fc(config.fc_global + config.fc_local, config.fc_fusion, config.dropout)
        for part in (self.conv5_global, self.fc6_global, self.fc6_local, self.fc7_fusion):
            _initialise(part)
        self.category = nn.Linear(config.fc_fusion, categories) if categories else None
        self.attributes = nn.Linear(config.fc_fusion, attributes) if attributes else None
        for head in filter(None, (self.category, self.attributes)):
            nn.init.normal_(head.weight, std=0.01)
            nn.init.zeros_(head.bias)

    def forward(self, images: Tensor) -> dict[str, Tensor]:
        """images: (n, 3, view_px, view_px), normalised as for VGG-16. Returns the outputs of `branches`."""
        return self.branches(self.trunk(images))

    def branches(self, conv4: Tensor, pool_at: tuple[Tensor, Tensor] | None = None) -> dict[str, Tensor]:
        """conv4: (n, C, h, w). pool_at: locations (n, 8, 2) and gate (n, 8) to pool at instead of the estimated ones.

        Returns float32 tensors: landmarks (n, 8, 2), visibility (n, 8, 3) logits of visible, occluded, cut off,
        category (n, K) logits, attributes (n, A) logits, embedding (n, fc_fusion) of unit length, and log_heatmap
        (n, 8, H, W) where the head is "heatmap".
        """
        out = self.pose(conv4)
        if pool_at is None:
            gate = (out["visibility"].argmax(2) == VISIBLE).float()
            pool_at = out["landmarks"], gate
        pool5_local = self.landmark_pooling(conv4, *pool_at)
        fc6_local = self.fc6_local(pool5_local.flatten(1))
        fc6_global = self.fc6_global(self.pool5(self.conv5_global(self.pool4(conv4))).flatten(1))
        fc7_fusion = self.fc7_fusion(torch.cat([fc6_global, fc6_local], dim=1))
        if self.category is not None:
            out["category"] = _exact(self.category, fc7_fusion)
        if self.attributes is not None:
            out["attributes"] = _exact(self.attributes, fc7_fusion)
        out["embedding"] = F.normalize(fc7_fusion.float(), dim=1)
        return out


class WTBI(nn.Module):
    """Where To Buy It (Kiapour et al., ICCV 2015) as the paper's baseline: generic ImageNet features of the clothes
    box and a multi-layer perceptron on top. The features are never trained on clothes; no landmarks.

    The original reads AlexNet's fc6. Here: conv5 of the same VGG-16 as everybody's trunk, max-pooled to 3 x 3, since
    the weights at hand may hold no fully connected layers.
    """

    def __init__(self, config: Model, categories: int, attributes: int):
        super().__init__()
        self.trunk = make_trunk(config.trunk_width)
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
        self.category = nn.Linear(config.fc_fusion, categories) if categories else None
        self.attributes = nn.Linear(config.fc_fusion, attributes) if attributes else None

    def forward(self, images: Tensor) -> dict[str, Tensor]:
        """As FashionNet's, without landmarks and visibility."""
        return self.branches(self.trunk(images))

    def branches(self, conv4: Tensor) -> dict[str, Tensor]:
        with torch.no_grad():
            features = F.adaptive_max_pool2d(self.conv5(F.max_pool2d(conv4, 2)), 3).flatten(1)
        # ImageNet activations are large and sparse; unit length keeps the MLP's first layer in range.
        fc7 = self.mlp(F.normalize(features.float(), dim=1) * features.shape[1] ** 0.5)
        out = {}
        if self.category is not None:
            out["category"] = _exact(self.category, fc7)
        if self.attributes is not None:
            out["attributes"] = _exact(self.attributes, fc7)
        out["embedding"] = F.normalize(fc7.float(), dim=1)
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
        if name.rsplit(".", 1)[-1] in ("conv5", "conv5_pose", "conv5_global"):
            if copy(block, list(zip((0, 2, 4), CONV5, strict=True))):
                filled.append(name)
    return filled
