"""What the paper compares FashionNet with: DARN, WTBI, and the detector behind FashionNet+Joints and +Poselets."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from lib import efficientnet
from lib.config import Model
from lib.fashionnet import (
    answers,
    exact,
    fully_connected,
    initialise,
    make_conv5,
    make_head,
    make_heatmap,
    make_trunk,
    soft_argmax,
)


class PartDetector(nn.Module):
    """Find the parts of a body, joints or poselets (lib/parts.py), by one heatmap per part over conv4.

    The paper writes that they were detected, not how. This detector is trained on its own and then frozen. A softmax
    runs over the cells of a part's map and one more answer, "absent".
    """

    def __init__(self, config: Model, parts: int):
        super().__init__()
        self.trunk = make_trunk(config)
        _, self.conv5, _, channels, _ = make_conv5(config, "pose", 0)
        initialise(self)
        self.upsample, self.heatmap = make_heatmap(channels, parts)
        self.absent = nn.Linear(channels, parts)
        # The poselets that it was trained on (parts.arrangements), kept with it and not used here.
        self.register_buffer("poselets", torch.full((7, 3, 8), torch.nan))

    def forward(self, images: Tensor) -> dict[str, Tensor]:
        """images (n, 3, view_px, view_px), normalised as for VGG-16.

        Returns float32: log_parts (n, P, cells + 1) log probabilities, the last one of "absent"; parts (n, P, 2) the
        expected location of each as (x, y) in units of the view; present (n, P) probability.
        """
        conv5 = self.conv5(self.trunk(images))
        heatmap = exact(self.heatmap, F.relu(self.upsample(conv5)))
        return found_parts(heatmap, exact(self.absent, conv5.amax((2, 3))))


def found_parts(heatmap: Tensor, absent: Tensor) -> dict[str, Tensor]:
    """Return what `PartDetector` does for maps (n, P, H, W) and the scores of "absent" (n, P)."""
    log_parts = torch.cat([heatmap.flatten(2), absent[..., None]], dim=2).log_softmax(2)
    return {"log_parts": log_parts, "parts": soft_argmax(heatmap)[1], "present": 1 - log_parts[..., -1].exp()}


class DARN(nn.Module):
    """Dual Attribute-aware Ranking Network (Huang et al., ICCV 2015).

    A stream for shop photos and one for street photos, each a CNN that ends in one branch of fully connected layers per
    kind of attribute; triplets rank across the domains. One stream where there is one domain. Here: VGG-16's
    convolutions, a branch fc7 per attribute group and one for the category, FashionNet's losses, and as embedding the
    branches concatenated.

    groups: (A,) the group of each attribute, None without attributes. branches: the group numbers. Attributes of a
    group without a branch are read off all branches together.
    """

    def __init__(
        self, config: Model, view_px: int, categories: int, groups: Tensor | None, branches: tuple[int, ...], streams=1
    ):
        super().__init__()
        names = [*(f"group_{number}" for number in branches), "category"]
        share, rest = (config.fc_branch, 0) if config.fc_branch else divmod(config.fc_fusion, len(names))
        widths = {name: share + (i < rest) for i, name in enumerate(names)}
        self.streams = nn.ModuleList()
        for _ in range(streams):
            trunk = make_trunk(config)
            pool4, conv5, pool5, channels, side = make_conv5(config, "global", view_px // 8)
            conv = nn.Sequential(trunk, pool4, conv5, pool5)
            fc6 = fully_connected(channels * side**2, config.fc_global, config.dropout)
            fc7 = {name: fully_connected(config.fc_global, width, config.dropout) for name, width in widths.items()}
            stream = nn.ModuleDict({"conv": conv, "fc6": fc6, "fc7": nn.ModuleDict(fc7)})
            initialise(stream)
            self.streams.append(stream)
        # The heads are shared: both streams must describe a garment in the same words.
        self.category = make_head(widths["category"], categories)
        self.attributes = None if groups is None else GroupedHeads(widths, groups, branches)
        self.widths = widths

    def forward(self, images: Tensor, domain: Tensor | None = None) -> dict[str, Tensor]:
        """As FashionNet's, without landmarks. domain (n,): the stream of each image, 0 shop and 1 street."""
        if len(self.streams) == 1:
            fc7 = self._stream(self.streams[0], images)
        else:
            fc7 = images.new_empty(len(images), sum(self.widths.values()), dtype=torch.float32)
            for number, stream in enumerate(self.streams):
                rows = (domain == number).nonzero()[:, 0]
                if len(rows):
                    fc7 = fc7.index_copy(0, rows, self._stream(stream, images[rows]).float())
        parts = dict(zip(self.widths, fc7.split(list(self.widths.values()), dim=1), strict=True))
        out = {}
        if self.category is not None:
            out["category"] = exact(self.category, parts["category"])
        if self.attributes is not None:
            out["attributes"] = self.attributes(parts)
        out["embedding"] = F.normalize(fc7.float(), dim=1)
        return out

    def _stream(self, stream: nn.ModuleDict, images: Tensor) -> Tensor:
        fc6 = stream["fc6"](stream["conv"](images).flatten(1))
        return torch.cat([branch(fc6) for branch in stream["fc7"].values()], dim=1)


class GroupedHeads(nn.Module):
    """Attribute scores in the data set's order, each read off its own group's features or off those of all groups."""

    def __init__(self, widths: dict[str, int], groups: Tensor, branches: tuple[int, ...]):
        super().__init__()
        self.heads, found = nn.ModuleDict(), set(groups.tolist())
        numbers = [*(number for number in branches if number in found), *sorted(found - set(branches))]
        for number in numbers:
            name = f"group_{number}"
            width = widths.get(name, sum(widths.values()))
            self.heads[name] = nn.Linear(width, int((groups == number).sum()), bias=False)
            nn.init.normal_(self.heads[name].weight, std=0.01)
        columns = torch.cat([torch.nonzero(groups == number)[:, 0] for number in numbers])
        self.register_buffer("order", torch.argsort(columns), persistent=False)
        self.bias = nn.Parameter(torch.zeros(len(groups)))

    def forward(self, fc7: dict[str, Tensor]) -> Tensor:
        whole = torch.cat(list(fc7.values()), dim=1)
        scores = [exact(head, fc7.get(name, whole)) for name, head in self.heads.items()]
        return torch.cat(scores, dim=1)[:, self.order] + self.bias


class WTBI(nn.Module):
    """Where To Buy It (Kiapour et al., ICCV 2015) as the paper's baseline: ImageNet features, never trained on clothes,
    and a perceptron; for retrieval trained on pairs of the same and of different items.

    The original's metric network judges a pair of concatenated features. Here one perceptron serves both sides, and the
    distance between its outputs tells same from different.
    """

    def __init__(self, config: Model, categories: int, attributes: int):
        super().__init__()
        self.generic, channels = make_generic(config.generic)
        self.norm = nn.BatchNorm1d(channels, affine=False) if config.generic == "conv5" else nn.Identity()
        self.mlp = nn.Sequential(
            fully_connected(channels, 2 * config.fc_fusion, config.dropout),
            fully_connected(2 * config.fc_fusion, config.fc_fusion, config.dropout),
        )
        initialise(self.mlp)
        self.category, self.attributes = (make_head(config.fc_fusion, n) for n in (categories, attributes))
        self.same = nn.Parameter(torch.tensor([5.0, 1.0]))  # of losses.pair_loss, on squared distances in 0 to 4

    def train(self, mode: bool = True):
        """Keep the generic features in evaluation mode."""
        super().train(mode)
        self.generic.eval()
        return self

    def features(self, images: Tensor) -> Tensor:
        """Return the frozen features of normalised images, (n, channels) float32 of unit mean square."""
        with torch.no_grad():
            features = self.generic(images).float()
            return F.normalize(features, dim=1) * features.shape[1] ** 0.5

    def forward(self, images: Tensor) -> dict[str, Tensor]:
        """As FashionNet's, without landmarks, and same (2,): how a distance is read, see losses.pair_loss."""
        out = answers(self, self.mlp(self.norm(self.features(images))))
        return out | {"same": self.same.clone()}  # a parameter itself would look unused to DDP


def make_generic(name: str) -> tuple[nn.Module, int]:
    """Return a frozen feature extractor (n, 3, H, W) -> (n, channels) and its channels.

    name: "vgg16" (torchvision's, conv5 max-pooled to 3 x 3); or, with their weights already, "efficientnet_lite0", the
    last map averaged, and "conv5" of it, averaged to 4 x 4: what FashionNet's global branch reads on that trunk.
    """
    if name == "vgg16":
        from torchvision.models import vgg16

        net = nn.Sequential(vgg16(weights=None).features[:30], nn.AdaptiveMaxPool2d(3), nn.Flatten())
        return net.requires_grad_(False), 512 * 9
    if name == "conv5":
        stages = efficientnet.stages("shared"), efficientnet.stages("conv5")
        net = nn.Sequential(*stages, nn.AdaptiveAvgPool2d(4), nn.Flatten())
        return net.requires_grad_(False), efficientnet.CHANNELS["conv5"] * 16
    net = nn.Sequential(efficientnet.Renormalise(), efficientnet.load())
    return net.requires_grad_(False), efficientnet.CHANNELS["last"]
