"""Describe a photo with the shipped FashionNet: category, attributes, landmarks, and the nearest photos of a catalogue.

    from lib import predict
    found = predict.predict("photo.jpg")            # the whole picture
    found = predict.predict("photo.jpg", (40, 10, 300, 420))

The network (lib/pretrained/fashionnet.safetensors) has been trained on drawn clothes alone.
"""

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import torch

from lib import crops, metrics, networks
from lib.artefact import artefact, digest, read_tensors, write_tensors
from lib.config import PROFILES
from lib.fashionnet import FashionNet
from lib.lists import DataError
from lib.photo import photos_under, read_photo

CONFIG = PROFILES["demo"]
NETWORK = networks.SHIPPED / "fashionnet.safetensors"
LEAST_SIDE = 16  # pixels of a box
SHOWN = 5  # categories, attributes and photos of a catalogue
EXAMPLES = Path(__file__).parent / "photos"  # real photos, CC0, named by their kind of clothes


@dataclass(frozen=True)
class Prediction:
    """What the network sees in one box of one photo."""

    box: np.ndarray  # (4,) pixels of the upright photo, x1 y1 x2 y2
    category: tuple[tuple[str, float], ...]  # the first few and their probabilities, best first
    attributes: tuple[tuple[str, float], ...]  # the first few and their scores in 0..1, best first; they rank, no more
    landmarks: np.ndarray  # (8, 2) float32 pixels of the upright photo as (x, y), in the order of lists.LANDMARKS
    visibility: np.ndarray  # (8,) 0 visible, 1 occluded, 2 cut off
    embedding: np.ndarray  # (D,) float32 of unit length


@cache
def load() -> tuple[FashionNet, dict[str, list[str]]]:
    """Return the shipped network, ready to predict, and the names behind its outputs."""
    state, header = networks.load(NETWORK)
    names = header["classes"]
    model = FashionNet(CONFIG.model, CONFIG.input.view_px, len(names["category"]), len(names["attributes"]))
    model.load_state_dict(state)
    return model.eval(), names


def check_box(photo: np.ndarray, box: Sequence[float] | None) -> np.ndarray:
    """Return a box x1 y1 x2 y2 as (4,) float32, the whole photo (H, W, 3) for None. Raises DataError where it is none.

    A box lies inside the photo and has at least LEAST_SIDE pixels a side.
    """
    height, width = photo.shape[:2]
    if box is None:
        return np.array([0, 0, width, height], np.float32)
    box = np.asarray(box, np.float32)
    x1, y1, x2, y2 = box if box.shape == (4,) else (0, 0, 0, 0)
    if not (0 <= x1 <= x2 - LEAST_SIDE and x2 <= width and 0 <= y1 <= y2 - LEAST_SIDE and y2 <= height):
        inside = f"inside the photo's {width} x {height} pixels, with x1 < x2 and y1 < y2"
        raise DataError(f"box {box.tolist()}: give one of at least {LEAST_SIDE} x {LEAST_SIDE} pixels {inside}")
    return box


@torch.inference_mode()
def _outputs(photo: np.ndarray, box: np.ndarray) -> dict[str, np.ndarray]:
    """Return the outputs for one box of a photo, without a dimension of batches; landmarks (8, 2) in its pixels."""
    i = CONFIG.input
    cut, view = crops.crop(photo, box, i.px, i.margin), crops.fixed_view(1, i)
    out = load()[0](crops.images_in_view(torch.from_numpy(cut[None]), view, i.view_px))
    landmarks = crops.landmarks_in_crop(out["landmarks"], view).numpy()
    return {
        "category": out["category"][0].softmax(0).numpy(),
        "attributes": out["attributes"][0].sigmoid().numpy(),
        "landmarks": crops.to_pixels(landmarks, box[None], i.margin)[0].astype(np.float32),
        "visibility": out["visibility"][0].argmax(1).numpy(),
        "embedding": out["embedding"][0].numpy(),
    }


def predict(photo: Path | str | np.ndarray, box: Sequence[float] | None = None) -> Prediction:
    """Describe the clothes in one box of a photo.

    photo: a file, or (H, W, 3) uint8 RGB. box: x1 y1 x2 y2 in pixels of the upright photo, by default the whole
    picture. Raises DataError for a photo that cannot be read and for a box outside of it.
    """
    photo = photo if isinstance(photo, np.ndarray) else read_photo(photo)
    box = check_box(photo, box)
    names, out = load()[1], _outputs(photo, box)

    def first(head: str) -> tuple[tuple[str, float], ...]:
        best = metrics.ranked(out[head][None], SHOWN)[0]
        return tuple((names[head][n], float(out[head][n])) for n in best)

    return Prediction(
        box, first("category"), first("attributes"), out["landmarks"], out["visibility"], out["embedding"]
    )


def index(folder: Path | str, cache_folder: Path) -> tuple[list[Path], np.ndarray]:
    """Return the photos under a folder and their embeddings (N, D) float32, of their whole pictures.

    They are computed once and kept in `cache_folder`, named by the network and the photos' names, sizes and times.
    Photos that cannot be read are named on stderr then, and counted whenever the index is read. Raises DataError where
    none can.
    """
    paths = photos_under(folder)
    state = [(str(path), _state(path)) for path in paths]
    about = {"folder": str(Path(folder).resolve()), "photos": state, "network": NETWORK.stat().st_mtime_ns}
    made = artefact(cache_folder / f"catalogue_{digest(about)}", lambda part: _embed(part, paths), about)
    stored = read_tensors(made / "embeddings.safetensors", "np")[0]
    kept = stored["kept"]
    if len(kept) < len(paths):
        left = f"{len(paths) - len(kept)} of {len(paths)} photos cannot be read and are left out"
        print(f"{folder}: {left}", file=sys.stderr)
    if not len(kept):
        raise DataError(f"{folder}: none of its {len(paths)} photos can be read; name another folder")
    return [paths[number] for number in kept], stored["embedding"]


def _state(path: Path) -> tuple[int, int] | None:
    """Return what tells whether a photo has changed; None while it may not be read."""
    return (path.stat().st_size, path.stat().st_mtime_ns) if os.access(path, os.R_OK) else None


def _embed(part: Path, paths: list[Path]) -> None:
    """Write the embeddings (N, D) of the photos that can be read, and their numbers (N,); name the others on stderr."""
    found, kept = [torch.zeros(0, CONFIG.model.fc_fusion)], []
    for number, path in enumerate(paths):
        try:
            photo = read_photo(path)
        except DataError as error:
            print(f"{error}; left out of the catalogue", file=sys.stderr)
            continue
        found.append(torch.from_numpy(_outputs(photo, check_box(photo, None))["embedding"])[None])
        kept.append(number)
    write_tensors(part / "embeddings.safetensors", {"embedding": torch.cat(found), "kept": torch.tensor(kept)})


def nearest(
    embedding: np.ndarray, catalogue: tuple[list[Path], np.ndarray], k: int = SHOWN
) -> list[tuple[Path, float]]:
    """Return the k photos of a catalogue (of `index`) nearest to an embedding (D,), with their distances, 0 to 2."""
    paths, embeddings = catalogue
    numbers, distances = metrics.search(embedding[None], embeddings, min(k, len(paths)))
    return [(paths[n], float(d)) for n, d in zip(numbers[0], distances[0], strict=True)]
