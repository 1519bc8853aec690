"""EfficientNet-Lite0 trained on ImageNet (`efficientnet_lite0.safetensors`): WTBI's frozen features, and a trunk with a
fortieth of VGG-16's multiplications for FashionNet and its rivals on real photos."""

from pathlib import Path

from torch import Tensor, nn

from lib.artefact import read_tensors
from lib.crops import imagenet
from lib.lists import DataError

WEIGHTS = Path(__file__).parent / "efficientnet_lite0.safetensors"  # timm's tf_efficientnet_lite0, without classifier
SHARED = 3  # stages up to stride 8, where landmarks are pooled: 40 channels
CHANNELS = {"shared": 40, "pose": 112, "global": 1280}


class Renormalise(nn.Module):
    """Turn images normalised as for VGG-16 into EfficientNet-Lite0's range of -1 to 1."""

    def forward(self, images: Tensor) -> Tensor:
        mean, deviation = imagenet(images.device)
        return (images * deviation + mean) * 2 - 1


def load() -> tuple[nn.Module, str]:
    """Return timm's network with its ImageNet weights, and where they are from. Raises DataError for a damaged file."""
    import timm  # loaded where it is needed: its import takes seconds

    network = timm.create_model("tf_efficientnet_lite0", pretrained=False, num_classes=0)
    state, about = read_tensors(WEIGHTS)
    if network.conv_stem.weight.is_meta:  # a network that is only counted holds no weights
        return network, about["from"]
    incomplete = network.load_state_dict({name: value.float() for name, value in state.items()}, strict=False)
    if [name for name in incomplete.missing_keys if not name.endswith("num_batches_tracked")]:
        raise DataError(f"{WEIGHTS}: does not hold tf_efficientnet_lite0; restore the file from the repository")
    return network, about["from"]


def layers(part: str) -> list[nn.Module]:
    """Return the layers of a part with their ImageNet weights, see `trunks.make_part`."""
    network, _ = load()
    return {
        "shared": [Renormalise(), network.conv_stem, network.bn1, *network.blocks[:SHARED]],
        "pose": list(network.blocks[SHARED:5]),
        "global": [*network.blocks[SHARED:], network.conv_head, network.bn2],
    }[part]
