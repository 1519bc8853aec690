"""Build a method's network and load what it starts from: a pre-training run, a shipped network or ImageNet weights."""

import json
import re
from pathlib import Path

import torch
from torch import Tensor, nn

from lib import efficientnet, parts
from lib.artefact import OFFLINE, cure_of, read_tensors, write_tensors
from lib.config import Config
from lib.deepfashion import Benchmark
from lib.fashionnet import FashionNet
from lib.lists import ATTRIBUTE_GROUPS, DataError
from lib.methods import Method
from lib.rivals import DARN, WTBI, PartDetector

SHIPPED = Path(__file__).parent / "pretrained"  # <method>.safetensors: each method's pre-training on the study's world
SHIPPED_ATTRIBUTES = 1000  # of that world
HEADS = ("category.", "attributes.")
GENERIC = "generic."  # WTBI's ImageNet features, shipped once for all and not with it
VGG16 = "name a torchvision VGG-16, saved as .safetensors"


def classes(benchmark: Benchmark) -> dict[str, list[str]]:
    """Return the names behind the outputs of each head that the benchmark has labels for."""
    names = {"category": benchmark.category_names, "attributes": benchmark.attribute_names}
    labels = {"category": benchmark.category, "attributes": benchmark.attributes}
    return {head: list(names[head]) for head in names if labels[head] is not None}


def build(method: Method, benchmark: Benchmark, config: Config, seed: int, earlier: Path | None = None) -> nn.Module:
    """Return a method's network, random from `seed`, with heads for the benchmark's labels.

    earlier: of a search, the network that it goes on from. DARN keeps its branches, which are its embedding: the
    official lists of items have no attribute groups to make others of.
    """
    heads = classes(benchmark)
    categories = len(heads.get("category", ()))
    attributes = 0 if method.attributes == 0 else len(heads.get("attributes", ()))
    torch.manual_seed(seed)
    if method.network == "detector":
        return PartDetector(config.model, len(parts.names(method.pool_at)))
    if method.network == "wtbi":
        return WTBI(config.model, categories, attributes)
    if method.network == "darn":
        groups = torch.from_numpy(benchmark.attribute_groups).long() if attributes else None
        branches = tuple(benchmark.group_names or ATTRIBUTE_GROUPS)
        if earlier is not None:
            found = (re.match(r"streams\.0\.fc7\.group_(\d+)\.", name) for name in load(earlier)[0])
            branches = tuple(sorted({int(m[1]) for m in found if m}))
        streams = 1 if benchmark.domain is None else min(method.streams, len(set(benchmark.domain)))
        return DARN(config.model, config.input.view_px, categories, groups, branches, streams)
    if method.network != "fashionnet":
        raise ValueError(f"{method.name} has the network {method.network!r}: build it in networks.build")
    detector = PartDetector(config.model, len(parts.names(method.detector))) if method.detector else None
    return FashionNet(config.model, config.input.view_px, categories, attributes, method.head, detector, method.pool_at)


def save(path: Path, model: nn.Module, header: dict) -> None:
    """Write a network. header: JSON-serialisable, with "classes" as of `classes` and "supervised" attribute names."""
    write_tensors(path, dict(model.state_dict()), {key: json.dumps(value) for key, value in header.items()})


def load(path: Path) -> tuple[dict[str, Tensor], dict]:
    """Read the state and the header of `save` or `ship`. Raises DataError where the file is absent or cut."""
    state, header = read_tensors(path)
    return unpack(state), {key: json.loads(value) for key, value in header.items()}


def start(model: nn.Module, state: dict[str, Tensor], then: dict, now: dict) -> list[str]:
    """Copy the parameters and buffers of an earlier network that fit this one; return their names.

    then, now: the `classes` of the earlier network and of this one. A head is copied only where these are the same, in
    the same order. Both streams of a two-stream DARN start from the single stream of its pre-training. What else does
    not fit stays random, and is printed.
    """
    copied, left = {}, []
    for name, value in model.state_dict().items():
        head = name.split(".")[0]
        if name.startswith(HEADS) and then.get(head) != now.get(head):
            continue
        source = state.get(name, state.get(name.replace("streams.1.", "streams.0.")))
        if source is not None and source.shape == value.shape:
            copied[name] = source.to(value.dtype)
        elif not name.startswith((*HEADS, GENERIC)):
            left.append(name)
    if copied and left:
        some = ", ".join(left[:3]) + (", ..." if len(left) > 3 else "")
        print(f"{len(left)} tensors of this network do not fit the one that it starts from and stay random: {some}")
    model.load_state_dict(copied, strict=False)
    return sorted(copied)


def start_generic(model: WTBI, config: Config, weights: str) -> str:
    """Load WTBI's frozen ImageNet features; return where they are from."""
    if config.model.generic != "vgg16":  # loaded already
        return read_tensors(efficientnet.WEIGHTS)[1]["from"]
    state, origin = read_vgg16(weights)
    model.generic[0].load_state_dict(state)
    return origin


def start_imagenet(model: nn.Module, config: Config, weights: str) -> tuple[list[str], str]:
    """Give a network's convolutions ImageNet's weights; return the parameter names and the weights' origin.

    VGG-16's go into each trunk and each conv5 block of their shape. Raises DataError for a trunk of another width.
    """
    if config.model.trunk == "efficientnet_lite0":  # loaded already
        stages = tuple(f"{name}." for name, module in model.named_modules() if getattr(module, "imagenet", False))
        names = [name for name, _ in model.named_parameters() if name.startswith(stages)]
        return names, read_tensors(efficientnet.WEIGHTS)[1]["from"]
    state, origin = read_vgg16(weights)
    copied = {}
    for block, module in model.named_modules():
        for name, value in module.state_dict().items() if hasattr(module, "vgg16") else ():
            number, kind = name.split(".")
            theirs = state.get(f"{module.vgg16 + int(number)}.{kind}")
            if theirs is not None and theirs.shape == value.shape:
                copied[f"{block}.{name}"] = theirs
            elif module.vgg16 == 0:
                raise DataError(f"{block}.{name} of this network has not VGG-16's shape; take the paper profile for it")
    model.load_state_dict(copied, strict=False)
    return sorted(copied), origin


def read_vgg16(weights: str) -> tuple[dict[str, Tensor], str]:
    """Return the weights of VGG-16's convolutions under the names of torchvision's `features`, and their origin.

    weights: a .safetensors file under torchvision's names, or "" to download torchvision's ImageNet weights, whose
    checksum is verified. Raises DataError where the file lacks one, and where there is no connection.
    """
    from torchvision.models import VGG16_Weights, vgg16

    if weights:
        state, origin = read_tensors(Path(weights), cure=VGG16)[0], Path(weights).name
    else:
        origin = "torchvision VGG16_Weights.IMAGENET1K_V1"
        try:
            state = VGG16_Weights.IMAGENET1K_V1.get_state_dict(progress=True, check_hash=True)
        except (RuntimeError, OSError) as error:  # a checksum, or no network
            why = str(error).split("\n")[0]
            raise DataError(f"{origin}: {why}; {cure_of(error, OFFLINE)}") from None
    with torch.device("meta"):
        shapes = {name: value.shape for name, value in vgg16(weights=None).features.state_dict().items()}
    for name, shape in shapes.items():
        if f"features.{name}" not in state or state[f"features.{name}"].shape != shape:
            raise DataError(f"{weights}: no features.{name} of the shape {tuple(shape)}; {VGG16}")
    return {name: state[f"features.{name}"].float() for name in shapes}, origin


def ship(model_file: Path, path: Path, about: dict) -> None:
    """Write a trained network small enough for the repository: matrices as int8 with one float32 scale per output
    channel, all else as float16. WTBI's generic features are left out."""
    state, header = load(model_file)
    packed = {}
    for name, value in state.items():
        if name.startswith(GENERIC):
            continue
        if value.ndim >= 2 and value.is_floating_point() and value.isfinite().all():
            scale = (value.flatten(1).abs().amax(1) / 127).clamp_min(1e-8)
            packed[name] = (value.movedim(0, -1) / scale).movedim(-1, 0).round().to(torch.int8)
            packed[f"{name}.scale"] = scale  # float32: in float16 the error would exceed half a step
        else:
            packed[name] = value.half() if value.is_floating_point() else value
    write_tensors(path, packed, {key: json.dumps(value) for key, value in (header | about).items()})


def unpack(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """Undo the packing of `ship`: float32 for every parameter."""
    out = {name: value.float() if value.is_floating_point() else value for name, value in state.items()}
    for name in [name for name in state if f"{name}.scale" in state]:
        out[name] = (state[name].movedim(0, -1) * out.pop(f"{name}.scale")).movedim(-1, 0)
    return out
