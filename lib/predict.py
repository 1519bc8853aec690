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
import pandas as pd
import torch
from PIL import Image, ImageOps

from lib import crops, metrics, networks
from lib.config import PROFILES
from lib.fashionnet import FashionNet
from lib.files import digest, read_tensors, set_aside, write_tensors
from lib.lists import DataError

CONFIG = PROFILES["demo"]
NETWORK = networks.SHIPPED / "fashionnet.safetensors"
ORIENTATION = 0x0112  # EXIF's tag
LEAST_SIDE = 16  # pixels of a box
SHOWN = 5  # categories, attributes and photos of a catalogue
EXAMPLES = Path(__file__).parent / "photos"  # real photos, CC0, named by their kind of clothes
# The categories that are right for each kind.
KINDS = {
    "dress": ("Dress", "Shirtdress", "Sundress", "Nightdress", "Caftan", "Kaftan", "Coverup"),
    "long_sleeve": ("Henley", "Sweater", "Turtleneck", "Tee", "Top", "Jersey", "Hoodie", "Cardigan"),
    "outerwear": ("Anorak", "Blazer", "Bomber", "Jacket", "Parka", "Peacoat", "Coat", "Cape", "Poncho", "Cardigan"),
    "pants": (
        "Chinos",
        "Jeans",
        "Jeggings",
        "Jodhpurs",
        "Joggers",
        "Leggings",
        "Sweatpants",
        "Capris",
        "Culottes",
        "Gauchos",
    ),
    "shirt": ("Button-Down", "Flannel", "Blouse"),
    "shorts": ("Shorts", "Sweatshorts", "Cutoffs", "Trunks"),
    "skirt": ("Skirt", "Sarong"),
    "t_shirt": ("Tee", "Top", "Jersey", "Tank"),
}
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
def _outputs(photos: list[np.ndarray], boxes: list[np.ndarray]) -> dict[str, np.ndarray]:
    i = CONFIG.input
    cut = np.stack([crops.crop(photo, box, i.px, i.margin) for photo, box in zip(photos, boxes, strict=True)])
    view = crops.fixed_view(len(cut), i)
    out = load()[0](crops.images_in_view(torch.from_numpy(cut), view, i.view_px))
    points = crops.landmarks_in_crop(out["landmarks"], view).numpy()
    return {
        "category": out["category"].softmax(1).numpy(),
        "attributes": out["attributes"].sigmoid().numpy(),
        "landmarks": crops.to_pixels(points, np.stack(boxes), i.margin).astype(np.float32),
        "visibility": out["visibility"].argmax(2).numpy(),
        "embedding": out["embedding"].numpy(),
    }


def predict(photo: Path | str | np.ndarray, box: Sequence[float] | None = None) -> Prediction:
    """Describe the clothes in one box of a photo.

    photo: a file, or (H, W, 3) uint8 RGB. box: x1 y1 x2 y2 in pixels of the upright photo; the whole picture without it.
    Raises DataError for a photo that cannot be read and for a box outside of it.
    """
    if not isinstance(photo, np.ndarray):
        photo = read_upright(photo)
    box = whole(photo) if box is None else check_box(photo, box)
    out, names = {name: values[0] for name, values in _outputs([photo], [box]).items()}, load()[1]

    def first(head: str) -> tuple[tuple[str, float], ...]:
        return tuple((names[head][n], float(out[head][n])) for n in metrics.ranked(out[head][None], SHOWN)[0])

    return Prediction(
        box, first("category"), first("attributes"), out["landmarks"], out["visibility"], out["embedding"]
    )


def index(folder: Path | str, cache_folder: Path) -> tuple[list[Path], np.ndarray]:
    """Return the photos under a folder and their embeddings (N, D) float32, of their whole pictures.

    They are computed once and kept in `cache_folder` under a name that changes with the network and the photos' names, sizes
    and times; a damaged file is set aside and made again. Photos that cannot be read are left out: they are named on stderr
    when the index is made, and counted whenever it is read. Raises DataError if no readable photo remains.
    """
    folder = Path(folder)
    paths = sorted(path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES and path.is_file())
    if not paths:
        what = "no .jpg, .png or .webp photo under it" if folder.is_dir() else "no such folder"
        raise DataError(f"{folder}: {what}; name a folder with photos")
    state = [(str(path.relative_to(folder)), path.stat().st_size, path.stat().st_mtime_ns) for path in paths]
    key = digest(str(folder.resolve()), state, NETWORK.stat().st_size, NETWORK.stat().st_mtime_ns)
    file = cache_folder / f"catalogue_2_{key}.safetensors"  # 2: the format of the file
    stored = None
    if file.exists():
        try:
            stored = read_tensors(file, "np")[0]
            if left_out := len(paths) - len(stored["kept"]):
                print(f"{folder}: {left_out} of {len(paths)} photos cannot be read and are left out", file=sys.stderr)
        except DataError as error:
            set_aside(file, str(error))
    if stored is None:
        parts, kept = [], []
        for begin in range(0, len(paths), BATCH):
            photos = []
            for number, path in enumerate(paths[begin : begin + BATCH], begin):
                try:
                    photos.append(read_upright(path))
                    kept.append(number)
                except DataError as error:
                    print(f"{error}; left out of the catalogue", file=sys.stderr)
            if photos:
                parts.append(_outputs(photos, [whole(photo) for photo in photos])["embedding"])
        if not kept:
            raise DataError(f"{folder}: none of its {len(paths)} photos can be read; name another folder")
        tensors = {"embedding": torch.from_numpy(np.concatenate(parts)), "kept": torch.tensor(kept)}
        write_tensors(file, tensors)
        stored = read_tensors(file, "np")[0]
    return [paths[number] for number in stored["kept"]], stored["embedding"]


def nearest(
    embedding: np.ndarray, catalogue: tuple[list[Path], np.ndarray], k: int = SHOWN
) -> list[tuple[Path, float]]:
    """Return the k photos of a catalogue (of `index`) nearest to an embedding (D,), with their distances, 0 to 2."""
    paths, embeddings = catalogue
    numbers, distances = metrics.search(embedding[None], embeddings, min(k, len(paths)))
    return [(paths[n], float(d)) for n, d in zip(numbers[0], distances[0], strict=True)]


def kind_of(path: Path) -> str:
    """Return the kind of clothes that the name of an example says: "t_shirt" of t_shirt_2.jpg."""
    return path.stem.rpartition("_")[0]


def judge_examples() -> pd.DataFrame:
    """Return one row per example: photo, kind, the first category, and whether it and the first three hold a right one."""
    rows = []
    for path in sorted(EXAMPLES.glob("*.jpg")):
        names = [name for name, _ in predict(path).category]
        right = [name in KINDS[kind_of(path)] for name in names]
        rows.append((path.stem, kind_of(path).replace("_", " "), names[0], right[0], any(right[:3])))
    return pd.DataFrame(rows, columns=["photo", "kind", "predicted", "right", "right among three"])


def chance() -> tuple[float, float]:
    """Return how often one guess, and three different ones, would hold a right category of the examples."""
    total, kinds = len(load()[1]["category"]), [kind_of(path) for path in EXAMPLES.glob("*.jpg")]
    right = [len(KINDS[kind]) for kind in kinds]
    missed = [np.prod([(total - r - i) / (total - i) for i in range(3)]) for r in right]
    return float(np.mean(right)) / total, 1 - float(np.mean(missed))
