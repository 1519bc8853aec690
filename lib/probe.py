"""Reference rows for any network of timm's: its frozen features as they are, by a linear probe and by neighbours.

    features = probe.make_features(benchmark, rows, config, out, "vit_small_patch14_dinov2", "dinov2.safetensors")

DINOv2, SigLIP, CLIP and ConvNeXt are such networks; the project ships EfficientNet-Lite0 alone.
"""

from pathlib import Path

import numpy as np
import timm
import torch
from torch import Tensor, nn
from tqdm import tqdm

from lib import crops, efficientnet, losses, metrics, networks, runs, train
from lib.artefact import artefact, digest, read_tensors, write_tensors
from lib.config import Config
from lib.deepfashion import Benchmark
from lib.ladder import Branches, fit_heads, labels_of, predict
from lib.lists import DataError

SHIPPED = "tf_efficientnet_lite0"
NEIGHBOURS = 20


def load(name: str, weights: str, view_px: int) -> tuple[nn.Module, tuple, tuple]:
    """Return a network of timm's without its classifier, and the mean and deviation that its images have.

    weights: a file under timm's names; "" for the shipped network, and for random weights of any other. Raises
    DataError for a name that timm lacks and for weights that are not the network's.
    """
    if name == SHIPPED and not weights:
        return efficientnet.load().eval(), (0.5, 0.5, 0.5), (0.5, 0.5, 0.5)
    if not timm.is_model(name):
        raise DataError(f"{name!r} is no network of timm {timm.__version__}; timm.list_models() names them")
    fixed = timm.get_pretrained_cfg(name).fixed_input_size
    try:
        options = {"img_size": view_px} if fixed else {}
        network = timm.create_model(name, num_classes=0, checkpoint_path=weights, **options).eval()
    except (RuntimeError, OSError, ValueError) as error:
        raise DataError(f"{weights}: not the weights of {name} ({error or 'no such file'})") from None
    return network, network.pretrained_cfg["mean"], network.pretrained_cfg["std"]


def make_features(
    benchmark: Benchmark, rows: np.ndarray, config: Config, out: Path, name: str = SHIPPED, weights: str = ""
) -> Tensor:
    """Return a network's features (n, D) float32 of `rows` (n,) in the fixed view, computed once under `out`/cache."""
    about = {"dataset": benchmark.key, "rows": digest(rows.tolist()), "input": vars(config.input), "network": name}
    about["weights"] = runs.file_digest(Path(weights)) if weights else ""
    folder = out / "cache" / f"features_{benchmark.name}_{digest(about)}"

    @torch.inference_mode()
    def make(part: Path) -> None:
        network, mean, deviation = load(name, weights, config.input.view_px)
        mean, deviation = (torch.tensor(values)[:, None, None] for values in (mean, deviation))
        samples, found = train.Samples(crops=crops.crop_store(benchmark, out / "cache", config.input)), []
        ours = crops.imagenet(torch.device("cpu"))
        for batch in tqdm(torch.from_numpy(rows).split(100), desc=name, unit="batch", mininterval=5):
            view = crops.fixed_view(len(batch), config.input)
            images = samples.images(batch, view, config.input.view_px) * ours[1] + ours[0]
            found.append(network((images - mean) / deviation))
        write_tensors(part / "features.safetensors", {"features": torch.cat(found)})

    artefact(folder, make, about)
    return read_tensors(folder / "features.safetensors")[0]["features"]


def neighbours(features: Tensor, benchmark: Benchmark, rows: np.ndarray, asked: Tensor) -> dict[str, np.ndarray]:
    """Return category and attributes scores of `asked` (m, D), the share of the nearest training rows that have each,
    and the embedding of unit length. features (n, D) are those of `rows`."""
    known, query = (nn.functional.normalize(values, dim=1).numpy() for values in (features, asked))
    nearest = metrics.search(query, known, min(NEIGHBOURS, len(known)))[0]
    out = {"embedding": query}
    if benchmark.attributes is not None:
        out["attributes"] = (benchmark.attributes[rows] == 1)[nearest].mean(1)
    if benchmark.category is not None:
        classes = np.eye(len(benchmark.category_names), dtype=np.float32)
        out["category"] = classes[benchmark.category[rows]][nearest].mean(1)
    return out


def linear(
    features: Tensor, benchmark: Benchmark, rows: np.ndarray, asked: Tensor, config: Config, seed: int
) -> dict[str, np.ndarray]:
    """Return category and attributes scores of `asked` (m, D) by a linear probe of the training rows' features."""
    samples, heads, every = labels_of(benchmark, rows), networks.classes(benchmark), np.arange(len(rows))
    weights = losses.attribute_weights(samples.attributes, config.training.attribute_balance)
    torch.manual_seed(seed)
    model = Branches(features.shape[1], 0, 0.0, heads)
    fit_heads(model, features[:, None], samples, every, weights, config, config.ladder.epochs, seed)
    return predict(model, asked[:, None])
