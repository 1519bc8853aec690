"""Find the human joints in a real data set's photos, once, and write them beside its landmarks as `list_joints.txt`.

    python -m lib.joints --data DIR

FashionNet+Joints and +Poselets learn their detectors from that list (training images alone). The detector here is
torchvision's Keypoint R-CNN, trained on COCO; its weights are downloaded, or given by --weights. COCO's nose is taken for
the head and the middle of the shoulders for the neck, which COCO lacks. In each photo the person counts that covers most
of the annotated box. A data set that has the list keeps it.
"""

import argparse
import os
import sys
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torchvision.models.detection import KeypointRCNN_ResNet50_FPN_Weights, keypointrcnn_resnet50_fpn
from tqdm import tqdm

from lib.data import JOINTS, DataError, find_benchmarks
from lib.store import read_photo
from lib.synthetic import joints_columns, points_text, write_list

PERSON = 0.7  # least score of a person
KEYPOINT = 0.0  # least logit of a keypoint: more likely there than not
CUT_OFF = 2
COCO = ("nose", "left eye", "right eye", "left ear", "right ear", *(name for name in JOINTS[2:]))  # its 17, in order


def joints_of(found: dict[str, Tensor], box: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """One photo's joints (14, 2) in pixels and their codes (14,): 0 visible, 2 not found.

    found: torchvision's boxes (n, 4), scores (n,), keypoints (n, 17, 3) and keypoints_scores (n, 17). box (4,): the
    annotated one.
    """
    points, codes = np.full((len(JOINTS), 2), np.nan), np.full(len(JOINTS), CUT_OFF)
    boxes, scores = found["boxes"].numpy(), found["scores"].numpy()
    common = np.clip(np.minimum(boxes[:, 2:], box[2:]) - np.maximum(boxes[:, :2], box[:2]), 0, None).prod(axis=1)
    common[scores < PERSON] = 0
    if not len(common) or common.max() == 0:
        return points, codes
    person = common.argmax()
    places = found["keypoints"][person, :, :2].numpy()
    there = found["keypoints_scores"][person].numpy() > KEYPOINT
    for j, name in enumerate(JOINTS):
        coco = {"head": ["nose"], "neck": ["left shoulder", "right shoulder"]}.get(name, [name])
        numbers = [COCO.index(n) for n in coco]
        if there[numbers].all():
            points[j], codes[j] = places[numbers].mean(0), 0
    return points, codes


@torch.inference_mode()
def write_joints(folder: Path, benchmark, model, device: str) -> Path:
    """Run the detector on every photo of a benchmark whose lists lie in `folder`; returns the list's path."""
    path = folder / "list_joints.txt"
    if path.exists():
        raise DataError(f"{path}: is there already; delete it to have the joints found anew")
    rows, model = [], model.to(device).eval()
    for name, box in zip(tqdm(benchmark.image, desc="joints", unit="photo", mininterval=1), benchmark.box, strict=True):
        photo = torch.from_numpy(read_photo(benchmark.images_root / name)).to(device).permute(2, 0, 1) / 255
        found = {key: value.cpu() for key, value in model([photo])[0].items()}
        rows.append(f"{name}  {points_text(*joints_of(found, box), range(len(JOINTS)))}")
    part = path.with_suffix(".part")
    write_list(part, joints_columns(), rows)
    os.replace(part, path)
    return path


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m lib.joints", description=__doc__.split("\n")[0])
    parser.add_argument("--data", required=True, help="folder of the real DeepFashion")
    parser.add_argument("--weights", default="", help="Keypoint R-CNN as torchvision saves it; downloaded without it")
    args = parser.parse_args()
    device = "cuda" if torch.cuda.is_available() else "cpu"
    if args.weights:
        model = keypointrcnn_resnet50_fpn(weights=None, weights_backbone=None)
        model.load_state_dict(torch.load(args.weights, weights_only=True))
    else:
        model = keypointrcnn_resnet50_fpn(weights=KeypointRCNN_ResNet50_FPN_Weights.DEFAULT)
    try:
        for benchmark in find_benchmarks(Path(args.data)).values():
            print("wrote", write_joints(lists_of(benchmark), benchmark, model, device))
    except DataError as error:
        sys.exit(f"lib.joints: {error}")


def lists_of(benchmark) -> Path:
    """The folder that holds a benchmark's landmark list."""
    root = next(p for p in (benchmark.images_root, *benchmark.images_root.parents) if list(p.glob("Anno*")))
    found = sorted(root.glob("Anno*/list_landmarks*.txt"))
    if not found:
        raise DataError(f"{root}: no list_landmarks.txt to put the joints beside; unpack the annotations")
    return next((path for path in found if path.parent.name.endswith(benchmark.annotation or "Anno")), found[0]).parent


if __name__ == "__main__":
    main()
