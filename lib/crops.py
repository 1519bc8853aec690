"""From photos to training batches: crops cut once, views cut on the device.

read -> crop -> view. A crop is the annotated box, widened by a margin and resized to a square, so that every box fills
the same part of every crop; landmarks are kept in units of that crop, (0, 0) its top left corner and (1, 1) its bottom
right. Crops are stored in a memory-mapped file, which any number of epochs and processes read: as pixels, or large ones
as JPEG. A view is the window of a crop that a network sees: fixed at test, jittered and mirrored in training.
"""

import json
import os
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
import simplejpeg
import torch
import torch.nn.functional as F
from torch import Tensor
from tqdm import tqdm

from lib.artefact import artefact, digest, write_beside, write_json
from lib.lists import CUT_OFF, DataError
from lib.photo import photo_size, read_photo

IMAGENET = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # mean and deviation of torchvision's VGG-16
CROPS_VERSION = 2  # raised by hand when `read_photo` or `crop` change
PIXELS, JPEGS, ENDS = "crops.npy", "crops.jpegs", "ends.int64"  # files of a store
CHUNK = 500  # photos after which progress is noted, from where a stopped store resumes
MOST_REPORTED = 10  # damaged photos; the rest is counted
LEAST_INSIDE = 0.05  # share of a box's area inside its photo; official boxes leave by a few pixels
SAMPLED = 100  # photos whose sizes are compared with their boxes
FEW_SAMPLED = 8  # photos say nothing of all
LEAST_REACH = 0.6  # of a photo's width or height, which nine in ten boxes stay below where the photos are enlarged


class Damaged(DataError):
    """Photos of a benchmark that cannot be read, up to MOST_REPORTED of them named; `rows` is the list of all."""

    def __init__(self, found: dict[int, str], benchmark):
        """found: row -> what is wrong with its photo."""
        more = len(found) - MOST_REPORTED
        named = [*list(found.values())[:MOST_REPORTED], *([f"and {more} more"] if more > 0 else [])]
        world = benchmark.images_root.parent.parent  # of drawn clothes, which are drawn again without it
        cure = "mend them, or go on without them by --skip-damaged"
        if (world / "world.json").exists():
            cure = f"delete the folder {world}"
        count = f"{len(found)} of {len(benchmark.image)} photos of {benchmark.name} cannot be read"
        super().__init__(f"{count}: {' | '.join(named)}; {cure}")
        self.rows = list(found)


def to_crop(points: np.ndarray, box: np.ndarray, margin: float) -> np.ndarray:
    """Convert pixels of the photo (N, L, 2) as (x, y) to units of the crop. box (N, 4) pixels x1 y1 x2 y2."""
    side = box[:, None, 2:] - box[:, None, :2]
    return ((points - box[:, None, :2]) / side + margin) / (1 + 2 * margin)


def to_pixels(points: np.ndarray, box: np.ndarray, margin: float) -> np.ndarray:
    """Convert units of the crop (N, L, 2) to pixels of the photo; the inverse of `to_crop`."""
    side = box[:, None, 2:] - box[:, None, :2]
    return (points * (1 + 2 * margin) - margin) * side + box[:, None, :2]


def crop(photo: np.ndarray, box: np.ndarray, px: int, margin: float) -> np.ndarray:
    """Cut the box out of a photo, widened by `margin` of its size on each side: (px, px, 3) uint8.

    Beyond the photo's edge its last pixel is repeated, so that the box keeps its position in the crop.
    """
    x1, y1, x2, y2 = (float(v) for v in box)
    width, height = (x2 - x1) * (1 + 2 * margin), (y2 - y1) * (1 + 2 * margin)
    left, top = x1 - margin * (x2 - x1), y1 - margin * (y2 - y1)
    # A large photo is shrunk by area first: a single bilinear sample per pixel would alias fine patterns.
    shrink = min(1.0, max(px / width, px / height))
    if shrink < 0.7:
        small = (max(1, round(photo.shape[1] * shrink)), max(1, round(photo.shape[0] * shrink)))
        sx, sy = small[0] / photo.shape[1], small[1] / photo.shape[0]
        photo = cv2.resize(photo, small, interpolation=cv2.INTER_AREA)
        left, width, top, height = left * sx, width * sx, top * sy, height * sy
    ax, ay = px / width, px / height
    # Pixel centres: the centre of pixel 0 lies at 0.5.
    matrix = np.array([[ax, 0, (0.5 - left) * ax - 0.5], [0, ay, (0.5 - top) * ay - 0.5]])
    return cv2.warpAffine(photo, matrix, (px, px), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)


class Jpegs:
    """Stored crops (N, px, px, 3), decoded when they are asked for: a file of JPEGs, and where in it each one ends."""

    def __init__(self, folder: Path, px: int):
        self.filename = folder / JPEGS
        self._ends = np.append(np.fromfile(folder / ENDS, np.int64), 0)  # so that the first begins at [-1]
        self.shape = (len(self._ends) - 1, px, px, 3)
        self.nbytes = int(np.prod(self.shape))  # when they are decoded
        self._data = np.memmap(self.filename, np.uint8, "r", shape=(int(self._ends[:-1].max(initial=1)),))

    def __getitem__(self, rows: np.ndarray) -> np.ndarray:
        """Decode the crops of rows (n,), in as many threads as PyTorch has: (n, px, px, 3) uint8."""
        out = np.empty((len(rows), *self.shape[1:]), np.uint8)

        def decode(places: range) -> None:
            for place in places:
                row = rows[place]
                simplejpeg.decode_jpeg(self._data[self._ends[row - 1] : self._ends[row]], buffer=out[place])

        threads = torch.get_num_threads()
        list(_pool(threads).map(decode, [range(first, len(rows), threads) for first in range(threads)]))
        return out

    def __array__(self, dtype=None, copy=None) -> np.ndarray:
        return self[np.arange(self.shape[0])]


_pool = cache(ThreadPoolExecutor)


def crop_store(benchmark, folder: Path, config) -> np.ndarray | Jpegs:
    """Return the crops of all images of a benchmark, (N, px, px, 3) uint8, memory-mapped; made once under `folder`.

    config: a `config.Input`. Boxes that leave their photos are counted on stderr. Raises Damaged for photos that cannot
    be read, and DataError for a box that is (almost) wholly outside its photo.
    """
    about = {"version": CROPS_VERSION, "dataset": benchmark.key, "px": config.px, "margin": config.margin}
    about |= {"jpeg": config.jpeg} if config.jpeg else {}
    path = folder / f"crops_{benchmark.name}_{digest(about)}"
    artefact(path, lambda part: _fill(part, benchmark, config), about)
    if (path / "damaged.json").exists():  # only these photos need to be read again
        known = [int(row) for row in json.loads((path / "damaged.json").read_text())]
        damaged = _use_photos(benchmark, known, read_photo, lambda *_: None)
        if len(damaged) == len(known):
            raise Damaged(damaged, benchmark)
        shutil.rmtree(path)  # the disk failed for a while
        return crop_store(benchmark, folder, config)
    try:
        return Jpegs(path, config.px) if config.jpeg else np.load(path / PIXELS, mmap_mode="r")
    except (OSError, ValueError, EOFError) as error:
        raise DataError(f"{path}: its crops cannot be read ({error}); delete it and start again") from None


def _fill(part: Path, benchmark, config) -> None:
    """Write crops into a folder, after those of a stopped call; or damaged.json, row -> sentence, where photos are."""
    file, progress = part / (JPEGS if config.jpeg else PIXELS), part / ENDS
    ends = np.fromfile(progress, np.int64) if progress.exists() else np.empty(0, np.int64)  # of crops on the disk
    leaving, damaged, done, total = [], {}, len(ends), len(benchmark.image)

    def use(row: int, path: Path, photo: np.ndarray) -> None:
        if _leaves(photo.shape[1::-1], benchmark.box[row], path):
            leaving.append(row)
        cut = crop(photo, benchmark.box[row], config.px, config.margin)
        jpeg = config.jpeg and simplejpeg.encode_jpeg(cut, config.jpeg, colorsubsampling="420")
        found[row] = jpeg or cut.tobytes()

    with open(file, "r+b" if done else "w+b") as out:
        if not done and not config.jpeg:
            about = {"descr": "|u1", "fortran_order": False, "shape": (total, config.px, config.px, 3)}
            np.lib.format.write_array_header_1_0(out, about)
        out.seek(ends[-1] if done else out.tell())
        out.truncate()  # what was written after the last note
        for rows in _chunks(done, total):
            found = {}
            damaged |= _use_photos(benchmark, rows, read_photo, use)
            if not damaged:
                ends = np.append(ends, out.tell() + np.cumsum([len(found[row]) for row in rows]))
                out.write(b"".join(found[row] for row in rows))
                out.flush()
                os.fsync(out.fileno())  # before the file that says so
                write_beside(progress, lambda path, ends=ends: path.write_bytes(ends.tobytes()))
    if leaving:
        count = f"{len(leaving)} of the {total - done} boxes cut now leave their photos"
        print(f"{benchmark.name}: {count} (--check names them)", file=sys.stderr)
    if damaged or not config.jpeg:
        progress.unlink(missing_ok=True)
    if damaged:
        write_json(part / "damaged.json", damaged)
        file.unlink()  # last: where a call is stopped before it, the next one begins again


def _chunks(done: int, total: int) -> Iterator[range]:
    with tqdm(total=total, initial=done, desc="decode photos", unit="image", mininterval=1) as bar:
        for start in range(done, total, CHUNK):
            rows = range(start, min(start + CHUNK, total))
            yield rows
            bar.update(len(rows))


def _use_photos(benchmark, rows: Iterable[int], read: Callable, use: Callable) -> dict[int, str]:
    """Call use(row, path, read(path)) for each photo, in threads; return row -> what is wrong with its photo."""

    def one(row: int) -> str:
        path = benchmark.images_root / benchmark.image[row]
        try:
            found = read(path)
        except DataError as error:
            return str(error)
        use(row, path, found)
        return ""

    with ThreadPoolExecutor() as pool:  # photos are decoded and resized outside Python's lock
        return {row: sentence for row, sentence in zip(rows, pool.map(one, rows), strict=True) if sentence}


def bad_photos(benchmark) -> tuple[dict[int, str], ...]:
    """Return row -> sentence for photos that cannot be read, boxes (almost) outside theirs, boxes that leave them."""
    damaged, outside, leaving = {}, {}, {}

    def use(row: int, path: Path, size: tuple[int, int]) -> None:
        try:
            if sentence := _leaves(size, benchmark.box[row], path):
                leaving[row] = sentence
        except DataError as error:
            outside[row] = str(error)

    for rows in _chunks(0, len(benchmark.image)):
        damaged |= _use_photos(benchmark, rows, photo_size, use)
    return damaged, dict(sorted(outside.items())), dict(sorted(leaving.items()))


def _leaves(size: tuple[int, int], box: np.ndarray, path: Path) -> str:
    """Return a sentence where the box leaves the photo, else "". Raises DataError where hardly any of it is inside."""
    width, height = size
    x1, y1, x2, y2 = (float(v) for v in box)
    if 0 <= x1 and 0 <= y1 and x2 <= width and y2 <= height:
        return ""
    sentence = f"{path}: box {x1:g} {y1:g} {x2:g} {y2:g} is not inside its {width} x {height} pixels"
    inside = max(0, min(x2, width) - max(x1, 0)) * max(0, min(y2, height) - max(y1, 0))
    if inside <= LEAST_INSIDE * (x2 - x1) * (y2 - y1):
        raise DataError(f"{sentence}, nor overlaps them enough; correct its row in the list of boxes")
    return f"{sentence}; the photo's edge is repeated there"


def check_sizes(benchmark) -> None:
    """Raise DataError where almost all boxes are in the top left of their photos, as in high-resolution releases."""
    reach, sides, n = [], [], len(benchmark.image)
    for i in np.unique(np.linspace(0, n - 1, min(n, SAMPLED)).round().astype(int)):
        try:
            size = photo_size(benchmark.images_root / benchmark.image[i])
        except DataError:
            continue
        reach.append((benchmark.box[i, 2:] / size).max())
        sides.append(max(size))
    if len(reach) >= FEW_SAMPLED and np.quantile(reach, 0.9) < LEAST_REACH:
        raise DataError(
            f"{benchmark.images_root}: the boxes reach {100 * np.median(reach):.0f} % of the photos' size"
            f" ({100 * np.quantile(reach, 0.9):.0f} % in nine of ten; photos of {np.median(sides):.0f} pixels): the"
            " photos are larger than those that the boxes were drawn on; unpack img.zip instead of img_highres.zip"
        )


@cache  # a CUDA graph cannot copy from the host
def imagenet(device: torch.device) -> tuple[Tensor, ...]:
    """Return ImageNet's mean and deviation, (3, 1, 1) float32 each."""
    return tuple(torch.tensor(values, device=device)[:, None, None] for values in IMAGENET)


def normalise(images: Tensor) -> Tensor:
    """Convert (n, H, W, 3) uint8 RGB to (n, 3, H, W) float32 with ImageNet's mean and deviation."""
    mean, deviation = imagenet(images.device)
    return (images.permute(0, 3, 1, 2).float() / 255 - mean) / deviation


def denormalise(images: Tensor) -> np.ndarray:
    """Undo `normalise`, to look at images: (n, 3, H, W) float -> (n, H, W, 3) uint8."""
    mean, deviation = imagenet(images.device)
    x = (images * deviation + mean) * 255
    return x.round().clamp(0, 255).byte().permute(0, 2, 3, 1).cpu().numpy()


class View(NamedTuple):
    """The window of each crop that is seen.

    size, centre: (n, 2) as (x, y) in units of the crop; mirrored: (n,) bool, applied to the crop before the window is
    cut; colour: (n, 3) factors of brightness, contrast and saturation, or None.
    """

    size: Tensor
    centre: Tensor
    mirrored: Tensor
    colour: Tensor | None = None

    def to(self, device: torch.device) -> "View":
        return View(*(None if value is None else value.to(device, non_blocking=True) for value in self))


def fixed_view(n: int, config) -> View:
    """Return the fixed window of the test: the middle of the crop, no mirror, no jitter."""
    return View(torch.full((n, 2), config.view), torch.full((n, 2), 0.5), torch.zeros(n, dtype=torch.bool))


def training_view(n: int, config, generator: torch.Generator) -> View:
    """Draw random windows, half of them mirrored, on the CPU, so that every device sees the same ones."""

    def within(*shape):
        return torch.rand(*shape, generator=generator) * 2 - 1

    size = config.view * (1 + config.jitter * within(n, 2))
    centre = 0.5 + 0.6 * config.jitter * within(n, 2)
    mirrored = torch.rand(n, generator=generator) < 0.5
    return View(size, centre, mirrored, 1 + config.colour * within(n, 3))


def landmarks_in_view(landmarks: Tensor, view: View) -> Tensor:
    """Convert (n, 8, 2) from units of the crop to units of the view, in the canonical order of the mirrored picture."""
    mirror = view.mirrored.to(landmarks.device)[:, None, None]
    x, y = swap_sides(landmarks).unbind(2)
    return points_in_view(torch.where(mirror, torch.stack([1 - x, y], dim=2), landmarks), view)


def swap_sides(values: Tensor) -> Tensor:
    """Swap left and right (n, 8, ...), which the canonical order lists in pairs: mirroring a picture does."""
    return values.unflatten(1, (-1, 2)).flip(2).flatten(1, 2)


def points_in_view(points: Tensor, view: View) -> Tensor:
    """Convert (n, L, 2) from units of the crop, mirrored already where the view is, to units of the view."""
    size, centre = view.size.to(points), view.centre.to(points)
    return (points - (centre - size / 2)[:, None]) / size[:, None]


def visibility_in_view(visibility: Tensor, landmarks: Tensor, view: View) -> Tensor:
    """Return (n, 8) codes in the mirrored order; 2 for landmarks (n, 8, 2), in units of the view, that it cuts off."""
    swapped = torch.where(view.mirrored.to(visibility.device)[:, None], swap_sides(visibility), visibility)
    outside = ((landmarks < 0) | (landmarks > 1)).any(2)  # False where the location is unknown (NaN)
    return torch.where(outside & (swapped >= 0), CUT_OFF, swapped)


def landmarks_in_crop(landmarks: Tensor, view: View) -> Tensor:
    """Undo `landmarks_in_view` for views that are not mirrored (those of the test)."""
    size, centre = view.size.to(landmarks), view.centre.to(landmarks)
    return landmarks * size[:, None] + (centre - size / 2)[:, None]


def resample(images: Tensor, view: View, side: int) -> Tensor:
    """Cut the windows of `view` out of (n, C, H, W) images: (n, C, side, side), bilinear, edges repeated."""
    n, C = images.shape[:2]
    turn = 1 - 2 * view.mirrored.float()  # a mirrored crop is read from right to left
    theta = view.size.new_zeros(n, 2, 3)
    theta[:, 0, 0], theta[:, 1, 1] = turn * view.size[:, 0], view.size[:, 1]
    theta[:, :, 2] = 2 * view.centre - 1
    theta[:, 0, 2] *= turn
    grid = F.affine_grid(theta, (n, C, side, side), align_corners=False)
    return F.grid_sample(images, grid, padding_mode="border", align_corners=False)


def recolour(images: Tensor, colour: Tensor) -> Tensor:
    """Multiply brightness, contrast and saturation of (n, 3, H, W) images of 0 to 255 by the columns of colour."""
    brightness, contrast, saturation = colour[:, :, None, None].unbind(1)  # (n, 1, 1) each
    grey = torch.full((3, 3), 1 / 3, device=images.device)
    mixed = saturation * torch.eye(3, device=images.device) + (1 - saturation) * grey
    offset = brightness * (1 - contrast) * images.mean((1, 2, 3))[:, None, None]
    return torch.baddbmm(offset, brightness * contrast * mixed, images.flatten(2)).clamp_(0, 255).view_as(images)


def images_in_view(crops: Tensor, view: View, side: int) -> Tensor:
    """Cut views out of (n, H, W, 3) uint8 crops: (n, 3, side, side) normalised images on the device of `crops`."""
    view = view.to(crops.device)
    with torch.autocast(crops.device.type, enabled=False):  # a grid in bfloat16 is off by a quarter of a pixel
        x = resample(crops.permute(0, 3, 1, 2).float(), view, side)
        x = x if view.colour is None else recolour(x, view.colour)
        return normalise(x.permute(0, 2, 3, 1)).contiguous(memory_format=torch.channels_last)
