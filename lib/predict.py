"""Describe a photo: kind of clothes, attributes, landmarks, and the nearest photos of a catalogue.

    from lib import predict
    found = predict.predict("photo.jpg")            # the clothes are found
    found = predict.predict("photo.jpg", (40, 10, 300, 420))

`lib.photo_network` has the networks. Attributes that it is not sure of are left out.
"""

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from lib import crops, efficientnet, metrics, photo_network
from lib.artefact import artefact, digest, read_tensors, write_tensors
from lib.lists import HAS_SLOT, DataError
from lib.photo import photos_under, read_photo
from lib.photo_network import INPUT, KINDS, NONE, TYPES

LEAST_SIDE = 16  # pixels of a box
SHOWN = 5  # attributes and photos of a catalogue
GUESSES = 3  # categories
EXAMPLES = Path(__file__).parent / "photos"  # real photos, CC0, named by their kind of clothes
BATCH = 64
SCALES, PLACES = (0.7, 0.5), (0.0, 0.5, 1.0)  # of the windows in which clothes are looked for
SURE = 0.95  # probability of a window's kind: the best of many windows is surer than it should be


@dataclass(frozen=True)
class Prediction:
    """What the network sees in one box of one photo."""

    box: np.ndarray  # (4,) pixels of the upright photo, x1 y1 x2 y2
    kind: tuple[tuple[str, float], ...]  # the likeliest kinds of photo_network.KINDS with their probabilities
    category: tuple[tuple[str, float], ...]  # guesses and the probability that each is right, see `guesses`
    attributes: tuple[str, ...]  # sure ones, the surest first; none where this may be no clothes
    landmarks: np.ndarray  # (8, 2) float32 pixels of the upright photo as (x, y), in the order of lists.LANDMARKS
    visibility: np.ndarray  # (8,) 0 visible, 1 occluded, 2 cut off, -1 where the kind has no such landmark
    clothes: bool  # False: this may be no clothes


load, load_landmarks = cache(photo_network.load), cache(photo_network.load_landmarks)


@torch.inference_mode()
def see(model: nn.Module, cut: np.ndarray, mirrored: bool = False) -> dict[str, Tensor]:
    """Return a network's outputs for crops (n, px, px, 3) uint8, on the CPU; landmarks (n, 8, 2) in units of the crop.

    mirrored: looked at in a mirror; landmarks and their visibility are those of the plain picture.
    """
    parts = []
    for part in torch.from_numpy(cut).split(BATCH):
        view = crops.fixed_view(len(part), INPUT)
        view = view._replace(mirrored=torch.full_like(view.mirrored, mirrored))
        out = model.eval()(crops.images_in_view(part, view, INPUT.view_px))
        if "landmarks" in out:
            out["landmarks"] = crops.landmarks_in_crop(out["landmarks"], view)
            if mirrored:
                out["landmarks"] = crops.swap_sides(out["landmarks"]) * torch.tensor([-1.0, 1]) + torch.tensor([1.0, 0])
                out["visibility"] = crops.swap_sides(out["visibility"])
        parts.append(out)
    return {name: torch.cat([part[name].float() for part in parts]) for name in parts[0]}


def look(photo: np.ndarray, boxes: np.ndarray, model: nn.Module) -> dict[str, Tensor]:
    """Return a network's outputs for boxes (n, 4) of a photo, the mean of the plain and of the mirrored picture."""
    return both(model, np.stack([crops.crop(photo, box, INPUT.px, INPUT.margin) for box in boxes]))


def both(model: nn.Module, cut: np.ndarray) -> dict[str, Tensor]:
    """Return the mean of what `see` returns for the plain and for the mirrored crops."""
    plain, mirror = (see(model, cut, mirrored) for mirrored in (False, True))
    return {name: (plain[name] + mirror[name]) / 2 for name in plain}


def check_box(photo: np.ndarray, box: Sequence[float] | None) -> np.ndarray:
    """Return a box x1 y1 x2 y2 as (4,) float32, the whole photo (H, W, 3) for None.

    Raises DataError where a given box leaves the photo or has a side below LEAST_SIDE pixels.
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


def find_box(photo: np.ndarray) -> np.ndarray:
    """Return the box (4,) float32 of the clothes in a photo (H, W, 3): the whole picture, unless that is doubted.

    Then it is the window that shows clothes most surely, where one does by SURE.
    """
    whole = check_box(photo, None)
    shares = [(x * (1 - s), y * (1 - s), s) for s in SCALES for y in PLACES for x in PLACES]
    boxes = np.array([[x, y, x + s, y + s] for x, y, s in shares], np.float32) * np.tile(whole[2:], 2)
    if not doubted(look(photo, whole[None], load()[0]))[0] or min(whole[2:]) * min(SCALES) < LEAST_SIDE:
        return whole
    out = look(photo, boxes, load()[0])
    clothes = torch.tensor([NONE not in right for right in KINDS.values()])[out["kind"].argmax(1)]
    sure = torch.where(clothes & ~doubted(out), out["kind"].softmax(1).max(1).values, 0)
    return boxes[int(sure.argmax())] if sure.max() >= SURE else whole


def doubted(out: dict[str, Tensor]) -> Tensor:
    """Return whether each of n pictures is unlike the photos of each kind, or of no kind surely, (n,) bool."""
    model = load()[0]
    alike = nn.functional.cosine_similarity(out["features"][:, None], model.centres, dim=2).max(1).values
    return (alike < model.least[0]) | (out["kind"].softmax(1).max(1).values < model.least[1])


def guesses(kind: np.ndarray, names: list[str]) -> list[tuple[str, float]]:
    """Return the GUESSES likeliest categories for a photo of kinds (kinds,), and the probability that each is right.

    Photos of known kinds were at hand, none of known categories: only the commonest one of each kind is considered. One
    may be right for several kinds, whose probabilities are summed.
    """
    right, commonest = photo_network.right_categories(names).numpy(), {common[0] for common in KINDS.values()}
    found = [(name, float(kind @ right[:, names.index(name)])) for name in sorted(commonest)]
    return sorted(found, key=lambda guess: -guess[1])[:GUESSES]


def predict(photo: Path | str | np.ndarray, box: Sequence[float] | None = None) -> Prediction:
    """Describe the clothes in one box of a photo.

    photo: a file, or (H, W, 3) uint8 RGB. box: x1 y1 x2 y2 in pixels of the upright photo; without one the clothes are
    found by `find_box`. Raises DataError for a photo that cannot be read and for a box outside of it.
    """
    photo = photo if isinstance(photo, np.ndarray) else read_photo(photo)
    box = find_box(photo) if box is None else check_box(photo, box)
    model, names = load()
    seen, marks = (look(photo, box[None], network) for network in (model, load_landmarks()))
    kind, features = seen["kind"][0].softmax(0), seen["features"]
    with torch.inference_mode():
        sure = model.sureness(features, kind.argmax()[None])[0]
    clothes = not doubted(seen)[0]
    has = HAS_SLOT[TYPES.get(tuple(KINDS)[kind.argmax()], 1)] if clothes else True  # a doubted kind decides nothing
    order = [a for a in sure.argsort(descending=True).tolist() if clothes and sure[a] >= 1][:SHOWN]
    return Prediction(
        box,
        tuple((tuple(KINDS)[k], float(kind[k])) for k in kind.argsort(descending=True).tolist()[:GUESSES]),
        tuple(guesses(kind.numpy(), names["category"])),
        tuple(names["attributes"][a] for a in order),
        crops.to_pixels(marks["landmarks"].numpy(), box[None], INPUT.margin)[0].astype(np.float32),
        np.where(has, marks["visibility"][0].softmax(1).argmax(1).numpy(), -1),
        clothes,
    )


def index(folder: Path | str, cache_folder: Path) -> tuple[list[Path], np.ndarray]:
    """Return the photos under a folder and their features (N, D) float32, of the clothes in them; see `features`.

    They are computed once and kept in `cache_folder`, named by the network and the photos' names, sizes and times.
    Photos that cannot be read are named on stderr then, and counted later. Raises DataError where none can.
    """
    paths = photos_under(folder)
    stats = [path.stat() if os.access(path, os.R_OK) else None for path in paths]  # a link's photo may be gone, too
    photos = [(str(path), s and (s.st_size, s.st_mtime_ns)) for path, s in zip(paths, stats, strict=True)]
    about = {"folder": str(Path(folder).resolve()), "photos": photos, "network": photo_network.FILE.stat().st_mtime_ns}
    about["features"] = efficientnet.WEIGHTS.stat().st_mtime_ns
    made = artefact(cache_folder / f"catalogue_{digest(about)}", lambda part: _describe(part, paths), about)
    stored = read_tensors(made / "features.safetensors", "np")[0]
    kept = stored["kept"]
    if len(kept) < len(paths):
        left = f"{len(paths) - len(kept)} of {len(paths)} photos cannot be read and are left out"
        print(f"{folder}: {left}", file=sys.stderr)
    if not len(kept):
        raise DataError(f"{folder}: none of its {len(paths)} photos can be read; name another folder")
    return [paths[number] for number in kept], stored["features"]


def _describe(part: Path, paths: list[Path]) -> None:
    """Write the features (N, D) of the photos that can be read, and their numbers (N,); name the others on stderr."""
    found, kept = [torch.zeros(0, efficientnet.CHANNELS["last"])], []
    for number, path in enumerate(paths):
        try:
            photo = read_photo(path)
        except DataError as error:
            print(f"{error}; left out of the catalogue", file=sys.stderr)
            continue
        found.append(torch.from_numpy(features(photo, find_box(photo)))[None])
        kept.append(number)
    write_tensors(part / "features.safetensors", {"features": torch.cat(found), "kept": torch.tensor(kept)})


@torch.inference_mode()
def features(photo: np.ndarray, box: np.ndarray) -> np.ndarray:
    """Return ImageNet's features of a box, (D,) float32 of unit length: trained ones find worse (benchmarks/LOG.md)."""
    cut, view = crops.crop(photo, box, INPUT.px, INPUT.margin), crops.fixed_view(1, INPUT)
    images = crops.images_in_view(torch.from_numpy(cut[None]), view, INPUT.view_px)
    found = efficientnet.maps(efficientnet.frozen(), images)[2].mean((2, 3))
    return nn.functional.normalize(found[0], dim=0).numpy()


def nearest(query: np.ndarray, catalogue: tuple[list[Path], np.ndarray], k: int = SHOWN) -> list[tuple[Path, float]]:
    """Return the k photos of a catalogue (of `index`) nearest to a photo's features (D,), with distances, 0 to 2."""
    paths, stored = catalogue
    numbers, distances = metrics.search(query[None], stored, min(k, len(paths)))
    return [(paths[n], float(d)) for n, d in zip(numbers[0], distances[0], strict=True)]
