"""Build a method's network and load what it starts from: a pre-training run, a shipped network or ImageNet weights."""

import json
import re
from pathlib import Path

import torch
from torch import Tensor, nn

from lib import parts, trunks
from lib.artefact import read_tensors, write_tensors
from lib.config import Config
from lib.deepfashion import Benchmark
from lib.fashionnet import FashionNet
from lib.lists import ATTRIBUTE_GROUPS, DataError
from lib.methods import Method
from lib.rivals import DARN, WTBI, PartDetector

LIB = Path(__file__).parent
SHIPPED = LIB / "pretrained"  # <method>.safetensors: each method's pre-training on the study's synthetic world
SHIPPED_ATTRIBUTES = 1000  # of the synthetic world
HEADS = ("category.", "attributes.")
CONV5 = (24, 26, 28)  # torchvision's features.N of VGG-16's conv5


def classes(benchmark: Benchmark) -> dict[str, list[str]]:
    """Return the names behind the outputs of each head that the benchmark has labels for."""
    names = {"category": benchmark.category_names, "attributes": benchmark.attribute_names}
    labels = {"category": benchmark.category, "attributes": benchmark.attributes}
    return {head: list(names[head]) for head in names if labels[head] is not None}


def build(method: Method, benchmark: Benchmark, config: Config, seed: int, earlier: Path | None = None) -> nn.Module:
    """Return a method's network, random from `seed`, with heads for the benchmark's labels.

    earlier: of a search, the network that it goes on from. DARN keeps its branches, which are its embedding: the official
    lists of items have no attribute groups to make others of.
    """
    sizes = {head: len(names) for head, names in classes(benchmark).items()}
    categories, attributes = sizes.get("category", 0), 0 if method.attributes == 0 else sizes.get("attributes", 0)
    torch.manual_seed(seed)
    if method.network == "detector":
        return PartDetector(config.model, len(parts.names(method.pool_at)))
    if method.network == "wtbi":
        return WTBI(config.model, categories, attributes)
    if method.network == "darn":
        groups = torch.from_numpy(benchmark.attribute_groups).long() if attributes else None
        branches = tuple(benchmark.group_names or ATTRIBUTE_GROUPS) if earlier is None else branches_of(earlier)
        streams = 1 if benchmark.domain is None else len(set(benchmark.domain))
        return DARN(config.model, config.input.view_px, categories, groups, branches, streams)
    detector = PartDetector(config.model, len(parts.names(method.detector))) if method.detector else None
    return FashionNet(config.model, config.input.view_px, categories, attributes, method.head, detector,
                      local=bool(method.pool_at))  # fmt: skip


# ---- what a network starts from -------------------------------------------------------------------------------------


def save(path: Path, model: nn.Module, header: dict) -> None:
    """Write a network. header: JSON-serialisable, with "classes" as of `classes` and "supervised" attribute names."""
    write_tensors(path, dict(model.state_dict()), {key: json.dumps(value) for key, value in header.items()})


def branches_of(path: Path) -> tuple[int, ...]:
    """Return the attribute groups that DARN has branches for, in their order, by its file."""
    found = {int(m[1]) for name in load(path)[0] if (m := re.match(r"streams\.0\.fc7\.group_(\d+)\.", name))}
    return tuple(sorted(found))


def load(path: Path) -> tuple[dict[str, Tensor], dict]:
    """Read the state and the header of `save` or `ship`. Raises DataError where the file is absent or damaged."""
    state, header = read_tensors(path)
    header = {key: json.loads(value) for key, value in header.items()}
    return unpack(state), header


def start(model: nn.Module, state: dict[str, Tensor], then: dict, now: dict) -> list[str]:
    """Copy the parameters and buffers of an earlier network that fit this one; return their names.

    then, now: the `classes` of the earlier network and of this one. A head is copied only where they are the same names
    in the same order. Both streams of a two-stream DARN start from the single stream of its pre-training.
    """
    copied = {}
    for name, value in model.state_dict().items():
        head = next((head for head in HEADS if name.startswith(head)), "")
        if head and then.get(head[:-1]) != now.get(head[:-1]):
            continue
        source = state.get(name, state.get(name.replace("streams.1.", "streams.0.")))
        if source is not None and source.shape == value.shape:
            copied[name] = source.to(value.dtype)
    model.load_state_dict(copied, strict=False)
    return sorted(copied)


def start_generic(model: WTBI, config: Config, weights: str) -> str:
    """Load WTBI's frozen ImageNet features; return where they are from."""
    if config.model.generic != "vgg16":
        return trunks.load(model.generic, config.model.generic, weights)[1]
    state, origin = read_vgg16(weights)
    layers = {f"{n}.{kind}": state[f"features.{n}.{kind}"] for n in vgg16_numbers() for kind in ("weight", "bias")}
    model.generic[0].load_state_dict(layers)
    return origin


def vgg16_numbers() -> list[int]:
    """Return the numbers of VGG-16's convolutions in torchvision's `features`."""
    return [0, 2, 5, 7, 10, 12, 14, 17, 19, 21, *CONV5]


def vgg16_shapes() -> dict[int, tuple[int, int, int, int]]:
    """Return the shapes of VGG-16's convolutions by their numbers in torchvision's `features`."""
    channels = [3, 64, 64, 128, 128, 256, 256, 256, 512, 512, 512, 512, 512, 512]
    pairs = zip(channels, channels[1:], strict=False)
    return {number: (n_out, n_in, 3, 3) for number, (n_in, n_out) in zip(vgg16_numbers(), pairs, strict=True)}


def read_vgg16(weights: str) -> tuple[dict[str, Tensor], str]:
    """Return the weights of a VGG-16 under torchvision's names and their origin.

    weights: a .safetensors file, or "" to download torchvision's ImageNet weights, whose checksum is verified.
    """
    if weights:
        cure = "name a torchvision VGG-16, saved as .safetensors"
        state, _ = read_tensors(Path(weights), cure=cure)
        for number, shape in vgg16_shapes().items():
            for kind, expected in (("weight", shape), ("bias", shape[:1])):
                found = state.get(f"features.{number}.{kind}")
                if found is None or tuple(found.shape) != expected:
                    what = "is absent" if found is None else f"is {tuple(found.shape)}, not {expected}"
                    raise DataError(f"{weights}: features.{number}.{kind} {what}; {cure}")
        return {name: tensor.float() for name, tensor in state.items()}, Path(weights).name
    from torchvision.models import VGG16_Weights

    state = VGG16_Weights.IMAGENET1K_V1.get_state_dict(progress=True, check_hash=True)
    return state, "torchvision VGG16_Weights.IMAGENET1K_V1"


def start_imagenet(model: nn.Module, config: Config, weights: str) -> tuple[list[str], str]:
    """Give a network's convolutions ImageNet's weights; return the parameter names and the weights' origin."""
    return (
        start_vgg16(model, weights)
        if config.model.trunk == "vgg16"
        else trunks.load(model, config.model.trunk, weights)
    )


def start_vgg16(model: nn.Module, weights: str) -> tuple[list[str], str]:
    """Copy VGG-16's convolutions into every trunk and conv5 block of their shape; return the parameter names and the
    origin. Raises DataError where a trunk's width differs from VGG-16's."""
    state, origin = read_vgg16(weights)
    trunks = [name for name, block in model.named_modules() if name.endswith("trunk") or name.endswith("conv.0")]
    conv5s = [
        name for name, _ in model.named_modules() if name.split(".")[-1].startswith("conv5") or name.endswith("conv.2")
    ]
    state_now, copied = model.state_dict(), {}
    for block, numbers, within in [*((b, vgg16_numbers()[:10], vgg16_numbers()[:10]) for b in trunks),
                                   *((b, CONV5, (0, 2, 4)) for b in conv5s)]:  # fmt: skip
        for number, i in zip(numbers, within, strict=True):
            for kind in ("weight", "bias"):
                name, value = f"{block}.{i}.{kind}", state[f"features.{number}.{kind}"]
                if name in state_now and state_now[name].shape == value.shape:
                    copied[name] = value
                elif block in trunks:
                    raise DataError(
                        f"{block}.{i}.{kind} of this network has not VGG-16's shape; take the paper profile to start from its weights"
                    )
    model.load_state_dict(copied, strict=False)
    return sorted(copied), origin


# ---- shipped networks -----------------------------------------------------------------------------------------------


def ship(model_file: Path, path: Path, about: dict) -> None:
    """Write a trained network small enough for the repository: matrices as int8 with one float32 scale per output
    channel, all else as float16. WTBI's generic features are left out, since they are shipped once."""
    state, header = load(model_file)
    packed = {}
    for name, value in state.items():
        if name.startswith("generic."):
            continue
        if value.ndim >= 2 and value.is_floating_point() and value.isfinite().all():
            scale = (value.flatten(1).abs().amax(1) / 127).clamp_min(1e-8)
            shape = (-1,) + (1,) * (value.ndim - 1)
            packed[name] = (value / scale.view(shape)).round().to(torch.int8)
            packed[f"{name}.scale"] = scale  # float32: in float16 the error would exceed half a step
        else:
            packed[name] = value.half() if value.is_floating_point() else value
    write_tensors(path, packed, {key: json.dumps(value) for key, value in (header | about).items()})


def unpack(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """Undo the packing of `ship`: float32 for every parameter."""
    out = {}
    for name, value in state.items():
        if name.endswith(".scale") and name.removesuffix(".scale") in state:
            continue
        scale = state.get(f"{name}.scale")
        if scale is not None:
            value = value.float() * scale.float().view((-1,) + (1,) * (value.ndim - 1))
        out[name] = value.float() if value.is_floating_point() else value
    return out
