"""Find the human joints in the photos of a real data set, once, and write them beside its landmarks as list_joints.txt.

    python -m lib.commands.find_joints --data DIR

FashionNet+Joints and +Poselets learn their detectors from that list. The joints are found by torchvision's Keypoint
R-CNN, trained on COCO. COCO's nose is taken for the head, and the middle of the shoulders for the neck, which COCO
lacks. In each photo the person counts that covers most of the annotated box.
"""

import argparse
import pickle
import sys
from collections.abc import Collection
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torchvision.models.detection import KeypointRCNN_ResNet50_FPN_Weights, keypointrcnn_resnet50_fpn
from tqdm import tqdm

from lib import crops
from lib.artefact import OFFLINE, alone, cure_of, digest, write_beside
from lib.commands import one_sentence
from lib.deepfashion import Benchmark, find_benchmarks
from lib.lists import CUT_OFF, JOINT_LIST, JOINTS, DataError, points_text, titles, write_list

PERSON = 0.7  # lowest score of a person
KEYPOINT = 0.0  # lowest logit of a keypoint: more likely present than not
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
    if common.max(initial=0) == 0:
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
def write_joints(benchmark: Benchmark, model: nn.Module, skip: Collection[int] = (), weights: str = "") -> Path:
    """Run the detector on every photo of a benchmark, write the list of its joints and return its path.

    skip: rows of photos that cannot be read, whose joints are not found. weights: the file that the model is of. A
    stopped search of the same photos, boxes and weights goes on with the rows that it wrote to a .part beside the list.
    """
    device = "cuda" if torch.cuda.is_available() else "cpu"
    path, model = benchmark.anno / "list_joints.txt", model.to(device).eval()
    photos = [benchmark.images_root / name for name in benchmark.image]
    part = path.with_name(f"list_joints.{digest(benchmark.key, weights)}.part")
    with alone(path):
        part.touch()
        rows = [row for row in part.read_text(encoding="utf-8").splitlines(True) if row.endswith("\n")]  # whole ones
        part.write_text("".join(rows), encoding="utf-8")
        with part.open("a", encoding="utf-8", buffering=1) as file:
            for i in tqdm(range(len(rows), len(photos)), "joints", initial=len(rows), total=len(photos), unit="photo"):
                found = {"boxes": torch.zeros(0, 4), "scores": torch.zeros(0)}
                if i not in skip:
                    photo = torch.from_numpy(crops.read_photo(photos[i])).to(device)
                    found = model([photo.permute(2, 0, 1) / 255])[0]
                points, codes = joints_of({name: value.cpu() for name, value in found.items()}, benchmark.box[i])
                file.write(f"{benchmark.image[i]}  {points_text(points, codes, range(len(JOINTS)))}\n")
        rows = part.read_text(encoding="utf-8").splitlines()
        write_beside(path, lambda name: write_list(name, titles(JOINT_LIST), rows))
        for old in path.parent.glob("list_joints.*.part"):
            old.unlink()
    return path


def load_detector(weights: str) -> nn.Module:
    """Return Keypoint R-CNN with the weights of a file, or with torchvision's. Raises DataError without them."""
    if not weights:
        try:
            return keypointrcnn_resnet50_fpn(weights=KeypointRCNN_ResNet50_FPN_Weights.DEFAULT)
        except (RuntimeError, OSError) as error:  # a checksum, or no network
            why = str(error).split("\n")[0]
            raise DataError(f"Keypoint R-CNN's weights: {why}; {cure_of(error, OFFLINE)}") from None
    model = keypointrcnn_resnet50_fpn(weights=None, weights_backbone=None)
    try:
        model.load_state_dict(torch.load(weights, weights_only=True))
    except (OSError, EOFError, RuntimeError, pickle.UnpicklingError, KeyError, AttributeError):
        raise DataError(f"{weights}: not torchvision's Keypoint R-CNN; name its .pth") from None
    return model


@one_sentence("find_joints")
def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m lib.commands.find_joints", description=__doc__.split("\n")[0])
    parser.add_argument("--data", required=True, help="folder of the real DeepFashion, or any data set in its layout")
    parser.add_argument("--skip-damaged", action="store_true", help="go on without photos that cannot be read")
    parser.add_argument("--weights", default="", help="Keypoint R-CNN as torchvision saves it; downloaded by default")
    args = parser.parse_args(arguments)
    damaged = {}
    for name, benchmark in find_benchmarks(Path(args.data)).items():
        if (benchmark.anno / "list_joints.txt").exists():
            print(f"{benchmark.anno}: has its joints already")
            continue
        damaged[name] = benchmark, crops.bad_photos(benchmark)[0]  # before a download and hours of search
        if damaged[name][1] and not args.skip_damaged:
            raise crops.Damaged(damaged[name][1], benchmark)
    model = load_detector(args.weights) if damaged else None
    for name, (benchmark, skip) in damaged.items():
        print(f"{name}: searching {len(benchmark.image) - len(skip)} of {len(benchmark.image)} photos")
        print("wrote", write_joints(benchmark, model, skip, args.weights))


if __name__ == "__main__":
    main(sys.argv[1:])
