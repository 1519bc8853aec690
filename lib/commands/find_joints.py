"""Find the human joints in the photos of a real data set, once, and write them beside its landmarks as list_joints.txt.

    python -m lib.commands.find_joints --data DIR

FashionNet+Joints and +Poselets learn their detectors from that list, from training images alone. The joints are found by
torchvision's Keypoint R-CNN, trained on COCO; its weights are downloaded unless --weights names a file. COCO's nose is
taken for the head, and the middle of the shoulders for the neck, which COCO lacks. In each photo the person counts that
covers most of the annotated box. A data set that already has the list keeps it.
"""

import argparse
import hashlib
import os
import pickle
import sys
from collections.abc import Collection
from itertools import takewhile
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torchvision.models.detection import KeypointRCNN_ResNet50_FPN_Weights, keypointrcnn_resnet50_fpn
from tqdm import tqdm

from lib.commands.endings import ending
from lib.commands.sources import file_digest
from lib.crops import damage_error, inspect_photos, photos_digest, read_photo
from lib.deepfashion import Benchmark, find_benchmarks
from lib.files import digest
from lib.lists import JOINTS, DataError, joints_columns, points_text, write_list
from lib.locks import hold

PERSON = 0.7  # lowest score of a person
KEYPOINT = 0.0  # lowest logit of a keypoint: more likely present than not
CUT_OFF = 2
COCO = ("nose", "left eye", "right eye", "left ear", "right ear", *JOINTS[2:])  # its 17 keypoints, in order


def joints_of(found: dict[str, Tensor], box: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return one photo's joints (14, 2) in pixels (x, y), nan where not found, and codes (14,): 0 visible, 2 not found.

    found: torchvision's boxes (n, 4), scores (n,), keypoints (n, 17, 3) and keypoints_scores (n, 17). box (4,): the
    annotated one, pixels x1 y1 x2 y2.
    """
    points, codes = np.full((len(JOINTS), 2), np.nan), np.full(len(JOINTS), CUT_OFF)
    boxes, scores = found["boxes"].numpy(), found["scores"].numpy()
    common = np.clip(np.minimum(boxes[:, 2:], box[2:]) - np.maximum(boxes[:, :2], box[:2]), 0, None).prod(axis=1)
    common[scores < PERSON] = 0
    if not len(common) or common.max() == 0:
        return points, codes
    person = common.argmax()
    places = found["keypoints"][person, :, :2].numpy()
    present = found["keypoints_scores"][person].numpy() > KEYPOINT
    for j, name in enumerate(JOINTS):
        sources = {"head": ["nose"], "neck": ["left shoulder", "right shoulder"]}.get(name, [name])
        numbers = [COCO.index(source) for source in sources]
        if present[numbers].all():
            points[j], codes[j] = places[numbers].mean(0), 0
    return points, codes


@torch.inference_mode()
def write_joints(folder: Path, benchmark: Benchmark, model: nn.Module, device: str, skip: Collection[int] = (),
                 weights: str = "") -> Path:  # fmt: skip
    """Run the detector on every photo of a benchmark, write `folder`/list_joints.txt and return its path.

    skip: rows of photos that cannot be read, whose joints are not found. weights: the file that the model is of. A stopped search
    of the same photos, boxes and weights resumes. Raises DataError where the list exists or a photo cannot be read,
    BlockingIOError where another process searches.
    """
    path, model = folder / "list_joints.txt", model.to(device).eval()
    key = digest(
        photos_digest(benchmark), hashlib.sha256(benchmark.box.tobytes()).hexdigest(), file_digest(Path(weights))
    )
    part = folder / f"list_joints.{key}.part"
    with hold(folder / "list_joints.lock", f"{path} is being written", wait=False):
        if path.exists():
            raise DataError(f"{path}: exists already; delete it to find the joints again")
        rows = _found_already(part, benchmark)
        with open(part, "w", encoding="utf-8") as file:
            file.writelines(f"{row}\n" for row in rows)
            numbers = range(len(rows), len(benchmark.image))
            for i in tqdm(numbers, "joints", len(benchmark.image), initial=len(rows), unit="photo", mininterval=1):
                name, found = benchmark.image[i], (np.full((len(JOINTS), 2), np.nan), np.full(len(JOINTS), CUT_OFF))
                if i not in skip:
                    photo = torch.from_numpy(read_photo(benchmark.images_root / name)).to(device).permute(2, 0, 1) / 255
                    found = joints_of({key: value.cpu() for key, value in model([photo])[0].items()}, benchmark.box[i])
                rows.append(f"{name}  {points_text(*found, range(len(JOINTS)))}")
                file.write(f"{rows[-1]}\n")
        write_list(part, joints_columns(), rows)
        os.replace(part, path)
        for other in folder.glob("list_joints.*.part"):  # of other photos, boxes or weights
            other.unlink()
    return path


def _found_already(part: Path, benchmark: Benchmark) -> list[str]:
    """Return the rows that a stopped search has written whole."""
    text = part.read_text(encoding="utf-8", errors="replace") if part.exists() else ""
    pairs = zip(text.split("\n")[:-1], benchmark.image, strict=False)  # without a line that was cut
    whole = takewhile(lambda pair: pair[0].startswith(f"{pair[1]}  "), pairs)
    return [row for row, _ in whole]


def lists_of(benchmark: Benchmark) -> Path:
    """Return the folder where the readers look for a benchmark's joints. Raises DataError where there is none."""
    names = {"fine": ("Anno_fine",), "coarse": ("Anno_coarse", "Anno")}.get(benchmark.annotation, ("Anno",))
    for root in (benchmark.images_root, *benchmark.images_root.parents):
        for name in names:
            if (root / name).is_dir():
                return root / name
    raise DataError(f"{benchmark.images_root}: no folder {names[0]} above it to put the joints into; unpack it there")


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m lib.commands.find_joints", description=__doc__.split("\n")[0])
    parser.add_argument("--data", required=True, help="folder of the real DeepFashion, or any data set in its layout")
    parser.add_argument("--skip-damaged", action="store_true", help="go on without photos that cannot be read")
    parser.add_argument("--weights", default="", help="Keypoint R-CNN as torchvision saves it; downloaded by default")
    args = parser.parse_args(arguments)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    with ending("find_joints"):
        benchmarks = find_benchmarks(Path(args.data))
        for benchmark in benchmarks.values():  # before anything is downloaded
            if (lists_of(benchmark) / "list_joints.txt").exists():
                print(f"{lists_of(benchmark)}: has its joints already")
        benchmarks = [b for b in benchmarks.values() if not (lists_of(b) / "list_joints.txt").exists()]
        if not benchmarks:
            return
        model = None if not args.weights else keypointrcnn_resnet50_fpn(weights=None, weights_backbone=None)
        if model is not None:
            try:
                model.load_state_dict(torch.load(args.weights, weights_only=True))
            except (OSError, EOFError, RuntimeError, pickle.UnpicklingError, KeyError, AttributeError) as error:
                why = next(iter(str(error).splitlines()), type(error).__name__)
                raise DataError(f"{args.weights}: not torchvision's Keypoint R-CNN ({why}); name its .pth") from None
        damaged = [inspect_photos(benchmark)[0] for benchmark in benchmarks]  # before a download and hours of search
        for benchmark, found in zip(benchmarks, damaged, strict=True):
            if found and not args.skip_damaged:
                raise damage_error(found, benchmark)
            if found:
                total = len(benchmark.image)
                print(f"{benchmark.name}: {len(found)} of {total} photos cannot be read; no joints in them")
        if model is None:
            try:
                model = keypointrcnn_resnet50_fpn(weights=KeypointRCNN_ResNet50_FPN_Weights.DEFAULT)
            except (RuntimeError, OSError) as error:  # a checksum, or no network
                why = str(error).splitlines()[0]
                raise DataError(f"Keypoint R-CNN's weights: {why}; connect, or name a file with --weights") from None
        try:
            for benchmark, skip in zip(benchmarks, damaged, strict=True):
                print("wrote", write_joints(lists_of(benchmark), benchmark, model, device, skip, args.weights))
        except torch.OutOfMemoryError:
            raise DataError("the GPU is out of memory; hide it by CUDA_VISIBLE_DEVICES= to use the CPU") from None


if __name__ == "__main__":
    main(sys.argv[1:])
