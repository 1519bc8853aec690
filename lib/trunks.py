"""Networks trained on ImageNet as FashionNet's trunk: their stages take the place of conv1-conv4 and of conv5.

VGG-16, the paper's, is in lib/fashionnet.py; its weights and those of resnet50 and convnext_tiny are torchvision's.
"""

from pathlib import Path

import torch
import torchvision
from torch import Tensor, nn

from lib import efficientnet
from lib.artefact import read_tensors
from lib.lists import DataError

# Channels at stride 8, where landmarks are pooled; of the pose branch's stages, at stride 16; of the global branch's, at 32.
CHANNELS = {
    "efficientnet_lite0": efficientnet.CHANNELS,
    "resnet50": {"shared": 512, "pose": 1024, "global": 2048},
    "convnext_tiny": {"shared": 192, "pose": 384, "global": 768},
}


def make_part(trunk: str, part: str) -> nn.Sequential:
    """Return the layers of one part of a network: with ImageNet's weights, of EfficientNet-Lite0; else random.

    "shared": images (n, 3, H, W) normalised as for VGG-16 -> (n, C, H / 8, W / 8), in the place of conv1-conv4. On top of it
    "pose": -> (n, C, H / 16, W / 16), and "global": -> (n, C, H / 32, W / 32), in the place of conv5. C: see CHANNELS.
    """
    network = None if trunk == "efficientnet_lite0" else torchvision.models.get_model(trunk, weights=None)
    layers = nn.Sequential(*_layers(trunk, part, network))
    for layer in layers.modules():
        if isinstance(layer, nn.Conv2d) and layer.groups > 1 and (layer.stride[0] > 1 or layer.kernel_size[0] > 3):
            _run_wide(layer)
    layers.imagenet = part  # `fashionnet.initialise` leaves it as it is
    return layers


def _layers(trunk: str, part: str, network: nn.Module | None) -> list[nn.Module]:
    """Return the layers of a part. network: torchvision's, whose layers they are."""
    if trunk == "efficientnet_lite0":
        return efficientnet.layers(part)
    if trunk == "resnet50":
        stem = [network.conv1, network.bn1, network.relu, network.maxpool, network.layer1, network.layer2]
        return {"shared": stem, "pose": [network.layer3], "global": [network.layer3, network.layer4]}[part]
    stages = list(network.features)  # of convnext_tiny: each second one halves the map
    return {"shared": stages[:4], "pose": stages[4:6], "global": stages[4:]}[part]


def load(model: nn.Module, trunk: str, weights: str) -> tuple[list[str], str]:
    """Give every part of `model` ImageNet's weights; return the names of these parameters and the weights' origin.

    weights: a .safetensors file under torchvision's names, or "" to download torchvision's, whose checksum is verified.
    Raises DataError where the file lacks one.
    """
    parts = {name: module for name, module in model.named_modules() if getattr(module, "imagenet", False)}
    names = [n for n, _ in model.named_parameters() if n.startswith(tuple(f"{part}." for part in parts))]
    if trunk == "efficientnet_lite0":  # `make_part` has loaded them
        return names, efficientnet.load()[1]
    if weights:
        state, origin = (
            {
                name: value.float()
                for name, value in read_tensors(
                    Path(weights), cure=f"name a torchvision {trunk}, saved as .safetensors"
                )[0].items()
            },
            Path(weights).name,
        )
    else:
        from torchvision.models import get_model_weights

        chosen = get_model_weights(trunk).IMAGENET1K_V1
        state, origin = chosen.get_state_dict(progress=True, check_hash=True), f"torchvision {chosen}"
    network = torchvision.models.get_model(trunk, weights=None)
    shapes, found = (
        {name: value.shape for name, value in of.items() if value.ndim and not name.startswith(("fc.", "classifier."))}
        for of in (network.state_dict(), state)
    )
    if wrong := sorted(name for name in shapes.keys() | found.keys() if shapes.get(name) != found.get(name)):
        lacks = (
            "has no"
            if wrong[0] not in found
            else "should have no"
            if wrong[0] not in shapes
            else "has another shape of"
        )
        raise DataError(f"{weights}: {lacks} {wrong[0]}; give a torchvision {trunk}")
    network.load_state_dict(state, strict=False)
    for part in parts.values():
        part.load_state_dict(nn.Sequential(*_layers(trunk, part.imagenet, network)).state_dict())
    return names, origin


def _run_wide(conv: nn.Conv2d) -> None:
    """Let a convolution compute in float32 on a CPU, under autocast too; its output keeps the input's type.

    In bfloat16, PyTorch 2.11 takes 5 to 100 times as long for the backward pass of a depthwise convolution with stride 2,
    and 3 times as long for one of 5 x 5 (benchmarks/LOG.md).
    """
    narrow = conv.forward

    def forward(x: Tensor) -> Tensor:
        if x.device.type != "cpu":
            return narrow(x)
        with torch.autocast("cpu", enabled=False):
            return narrow(x.float()).to(x.dtype)

    conv.forward = forward
