"""Synthetic images a second, for one and more workers, and as a ratio against encoding a JPEG of the same size alone.

python benchmarks/synthetic_speed.py [--images 400] [--px 256]
"""

import argparse
import os
import tempfile
import time
from pathlib import Path

import cv2
import numpy as np

from lib import synthetic
from lib.config import World


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--images", type=int, default=400)
    parser.add_argument("--px", type=int, default=256)
    args = parser.parse_args()
    cv2.setNumThreads(1)
    image = synthetic.picture(0, "inshop", 0, 0, args.px, "front", True)[0]
    start = time.perf_counter()
    for _ in range(args.images):
        cv2.imencode(".jpg", image)
    encoding = args.images / (time.perf_counter() - start)
    print(f"encoding alone: {encoding:.0f} images/s")
    start = time.perf_counter()
    for i in range(args.images):
        synthetic.picture(0, "inshop", i, 0, args.px, "front", bool(i % 2))
    drawing = args.images / (time.perf_counter() - start)
    print(f"drawing alone, one core: {drawing:.0f} images/s, {encoding / drawing:.0f} times the time of encoding")
    for workers in sorted({1, 2, os.cpu_count() or 1}):
        size = World(train=args.images * workers, val=0, test=0, inshop_items=0, consumer2shop_items=0, px=args.px)
        with tempfile.TemporaryDirectory() as folder:
            start = time.perf_counter()
            synthetic.write_world(Path(folder) / "world", size, seed=0, workers=workers, progress=False)
            rate = size.train / (time.perf_counter() - start)
        print(f"whole world with labels, {workers} worker(s): {rate:.0f} images/s, {rate / workers:.0f} a worker")
    print(f"image {np.shape(image)}, OpenCV {cv2.__version__}")


if __name__ == "__main__":
    main()
