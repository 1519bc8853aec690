"""EfficientNet-Lite0 trained on ImageNet (`efficientnet_lite0.safetensors`): WTBI's frozen features, and a trunk with a
fortieth of VGG-16's multiplications, whose stages take the place of conv1-conv4 and of conv5 on real photos."""

from functools import cache
from pathlib import Path

import torch
from torch import Tensor, nn

from lib.artefact import read_tensors
from lib.crops import imagenet

WEIGHTS = Path(__file__).parent / "efficientnet_lite0.safetensors"  # timm's tf_efficientnet_lite0, without classifier
# A cell of the shared map, where landmarks are pooled, sees 35 px of the view: as local as VGG-16's conv4 at 224 px, of
# which a cell sees 92 px. The second block of that stage would widen it to 67 px.
# Channels at stride 8, where landmarks are pooled; at stride 16, as VGG-16's conv5; at stride 32, of the whole network.
CHANNELS = {"shared": 40, "conv5": 112, "last": 1280}
FROZEN = 5  # first layers, up to stride 4, that stay ImageNet's, as Fast R-CNN's first convolutions


class Stages(nn.Sequential):
    """Consecutive layers with ImageNet's weights. The first `frozen` keep them, and their batch norms' statistics."""

    imagenet = True  # `fashionnet.initialise` leaves them as they are

    def __init__(self, *layers: nn.Module, frozen: int = 0):
        super().__init__(*layers)
        self.frozen = frozen
        for layer in layers[:frozen]:
            layer.requires_grad_(False)

    def train(self, mode: bool = True):
        super().train(mode)
        for layer in list(self)[: self.frozen]:
            layer.eval()
        return self


class Renormalise(nn.Module):
    """Turn images normalised as for VGG-16 into EfficientNet-Lite0's range of -1 to 1."""

    def forward(self, images: Tensor) -> Tensor:
        mean, deviation = imagenet(images.device)
        return (images * deviation + mean) * 2 - 1


def load() -> nn.Module:
    """Return timm's network with its ImageNet weights."""
    import timm  # loaded where it is needed: its import takes seconds

    network = timm.create_model("tf_efficientnet_lite0", pretrained=False, num_classes=0)
    if not network.conv_stem.weight.is_meta:  # a network that is only counted holds no weights
        state = {name: value.float() for name, value in read_tensors(WEIGHTS)[0].items()}
        network.load_state_dict(state, strict=False)
    return network


# The network as ImageNet has trained it, for `maps`.
frozen = cache(lambda: load().eval().requires_grad_(False).to(memory_format=torch.channels_last))


def maps(network: nn.Module, images: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Return what a network of `load` sees at stride 8, 16 and 32 of images (n, 3, H, W) normalised as for VGG-16.

    (n, 40, H / 8, W / 8), whose cells see 67 px, (n, 112, H / 16, W / 16) and (n, 1280, H / 32, W / 32).
    """
    fine = network.blocks[:3](network.bn1(network.conv_stem(Renormalise()(images))))
    middle = network.blocks[3:5](fine)
    return fine, middle, network.bn2(network.conv_head(network.blocks[5:](middle)))


def stages(part: str) -> nn.Sequential:
    """Return the layers of a part of the network, with ImageNet's weights.

    "shared": images (n, 3, H, W) normalised as for VGG-16 -> (n, 40, H / 8, W / 8). On top of it "conv5":
    -> (n, 112, H / 16, W / 16), or "last": -> (n, 1280, H / 32, W / 32).
    """
    network = load()
    layers = {
        "shared": [Renormalise(), network.conv_stem, network.bn1, *network.blocks[:2], network.blocks[2][:1]],
        "conv5": [network.blocks[2][1:], *network.blocks[3:5]],
        "last": [network.blocks[2][1:], *network.blocks[3:], network.conv_head, network.bn2],
    }
    part_of_it = Stages(*layers[part], frozen=FROZEN if part == "shared" else 0)
    for layer in part_of_it.modules():
        if isinstance(layer, nn.Conv2d) and layer.groups > 1 and (layer.stride[0] > 1 or layer.kernel_size[0] > 3):
            run_wide(layer)
    return part_of_it


def run_wide(conv: nn.Conv2d) -> None:
    """Let a convolution compute in float32 on a CPU, under autocast too; its output keeps the input's type.

    In bfloat16, PyTorch 2.11 takes 5 to 100 times as long for the backward pass of a depthwise convolution with
    stride 2, and 3 times as long for one of 5 x 5 (benchmarks/LOG.md).
    """
    narrow = conv.forward

    def forward(x: Tensor) -> Tensor:
        if x.device.type != "cpu":
            return narrow(x)
        with torch.autocast("cpu", enabled=False):
            return narrow(x.float()).to(x.dtype)

    conv.forward = forward
