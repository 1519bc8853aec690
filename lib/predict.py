"""Describe a photo with the shipped FashionNet: category, attributes, landmarks, and the nearest photos of a catalogue.

    from lib import predict
    found = predict.predict("photo.jpg")            # the whole picture
    found = predict.predict("photo.jpg", (40, 10, 300, 420))

The network (lib/pretrained/fashionnet.safetensors) has been trained on drawn clothes alone.
"""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageOps

from lib import crops, metrics, networks
from lib.artefact import artefact, digest, read_tensors, write_tensors
from lib.config import PROFILES
from lib.fashionnet import FashionNet
from lib.lists import DataError

CONFIG = PROFILES["demo"]
NETWORK = networks.SHIPPED / "fashionnet.safetensors"
ORIENTATION = 0x0112  # EXIF's tag
LEAST_SIDE = 16  # pixels of a box
SHOWN = 5  # categories, attributes and photos of a catalogue
EXAMPLES = Path(__file__).parent / "photos"  # real photos, CC0, named by their kind of clothes
SUFFIXES = (".jpg", ".jpeg", ".png", ".webp")
BATCH = 64


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


def read_upright(path: Path | str) -> np.ndarray:
    """Read a photo as (H, W, 3) uint8 RGB, turned as its EXIF orientation asks.

    Raises DataError where it cannot be read whole or has more than 100 megapixels.
    """
    path = Path(path)
    photo = crops.read_photo(path)  # refuses what is damaged, huge or no picture
    with Image.open(path) as image:
        turned = image.getexif().get(ORIENTATION, 1)
        turned_already = image.format == "TIFF"  # by OpenCV, whatever its flags
    if turned == 1 or turned_already:
        return photo
    upright = Image.fromarray(photo)  # as OpenCV has decoded it: Pillow clips 16 bits
    upright.getexif()[ORIENTATION] = turned
    return np.asarray(ImageOps.exif_transpose(upright))


def whole(photo: np.ndarray) -> np.ndarray:
    """Return the box of a photo (H, W, 3) that is meant without one: the whole picture."""
    return np.array([0, 0, photo.shape[1], photo.shape[0]], np.float32)


def check_box(photo: np.ndarray, box: Sequence[float]) -> np.ndarray:
    """Return a box x1 y1 x2 y2 as (4,) float32. Raises DataError where it is no box of this photo."""
    box = np.asarray(box, np.float32)
    height, width = photo.shape[:2]
    x1, y1, x2, y2 = box if box.shape == (4,) and np.isfinite(box).all() else (0, 0, 0, 0)
    if not (0 <= x1 < x2 <= width and 0 <= y1 < y2 <= height):
        raise DataError(f"box {box.tolist()}: not x1 < x2 and y1 < y2 inside the photo's {width} x {height} pixels")
    if min(x2 - x1, y2 - y1) < LEAST_SIDE:
        raise DataError(
            f"box {box.tolist()}: too small to show clothes; give one of at least {LEAST_SIDE} x {LEAST_SIDE} pixels"
        )
    return box


@torch.inference_mode()
def _outputs(cut: np.ndarray) -> dict[str, np.ndarray]:
    """Return the outputs for crops (n, px, px, 3) uint8; landmarks (n, 8, 2) in units of the crop."""
    view = crops.fixed_view(len(cut), CONFIG.input)
    out = load()[0](crops.images_in_view(torch.from_numpy(cut), view, CONFIG.input.view_px))
    return {
        "category": out["category"].softmax(1).numpy(),
        "attributes": out["attributes"].sigmoid().numpy(),
        "landmarks": crops.landmarks_in_crop(out["landmarks"], view).numpy(),
        "visibility": out["visibility"].argmax(2).numpy(),
        "embedding": out["embedding"].numpy(),
    }


def predict(photo: Path | str | np.ndarray, box: Sequence[float] | None = None) -> Prediction:
    """Describe the clothes in one box of a photo.

    photo: a file, or (H, W, 3) uint8 RGB. box: x1 y1 x2 y2 in pixels of the upright photo, by default the whole
    picture. Raises DataError for a photo that cannot be read and for a box outside of it.
    """
    if not isinstance(photo, np.ndarray):
        photo = read_upright(photo)
    box = whole(photo) if box is None else check_box(photo, box)
    i, names = CONFIG.input, load()[1]
    out = _outputs(crops.crop(photo, box, i.px, i.margin)[None])
    landmarks = crops.to_pixels(out["landmarks"], box[None], i.margin).astype(np.float32)

    def first(head: str) -> tuple[tuple[str, float], ...]:
        best = metrics.ranked(out[head], SHOWN)[0]
        return tuple((names[head][n], float(out[head][0, n])) for n in best)

    return Prediction(
        box, first("category"), first("attributes"), landmarks[0], out["visibility"][0], out["embedding"][0]
    )


def index(folder: Path | str, cache_folder: Path) -> tuple[list[Path], np.ndarray]:
    """Return the photos under a folder and their embeddings (N, D) float32, of their whole pictures.

    They are computed once and kept in `cache_folder`, named by the network and the photos' names, sizes and times.
    Photos that cannot be read are named on stderr when the index is made, and counted whenever it is read. Raises
    DataError if no readable photo remains.
    """
    folder = Path(folder)
    paths = sorted(path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES and path.is_file())
    if not paths:
        what = "no .jpg, .png or .webp photo under it" if folder.is_dir() else "no such folder"
        raise DataError(f"{folder}: {what}; name a folder with photos")
    state = [(str(path.relative_to(folder)), path.stat().st_size, path.stat().st_mtime_ns) for path in paths]
    about = {"folder": str(folder.resolve()), "photos": state, "network": NETWORK.stat().st_mtime_ns}
    made = artefact(cache_folder / f"catalogue_{digest(about)}", lambda part: _embed(part, paths), about)
    stored = read_tensors(made / "embeddings.safetensors", "np")[0]
    kept = stored["kept"]
    if len(kept) < len(paths):
        print(
            f"{folder}: {len(paths) - len(kept)} of {len(paths)} photos cannot be read and are left out",
            file=sys.stderr,
        )
    if not len(kept):
        raise DataError(f"{folder}: none of its {len(paths)} photos can be read; name another folder")
    return [paths[number] for number in kept], stored["embedding"]


def _embed(part: Path, paths: list[Path]) -> None:
    """Write the embeddings (N, D) of the photos that can be read, and their numbers (N,)."""
    cut, kept = [], []
    i = CONFIG.input
    for number, path in enumerate(paths):
        try:
            photo = read_upright(path)
        except DataError as error:
            print(f"{error}; left out of the catalogue", file=sys.stderr)
            continue
        cut.append(crops.crop(photo, whole(photo), i.px, i.margin))
        kept.append(number)
    found = [_outputs(np.stack(cut[at : at + BATCH]))["embedding"] for at in range(0, len(kept), BATCH)]
    embedding = torch.from_numpy(np.concatenate(found)) if found else torch.zeros(0, CONFIG.model.fc_fusion)
    write_tensors(part / "embeddings.safetensors", {"embedding": embedding, "kept": torch.tensor(kept)})


def nearest(
    embedding: np.ndarray, catalogue: tuple[list[Path], np.ndarray], k: int = SHOWN
) -> list[tuple[Path, float]]:
    """Return the k photos of a catalogue (of `index`) nearest to an embedding (D,), with their distances, 0 to 2."""
    paths, embeddings = catalogue
    numbers, distances = metrics.search(embedding[None], embeddings, min(k, len(paths)))
    return [(paths[n], float(d)) for n, d in zip(numbers[0], distances[0], strict=True)]
