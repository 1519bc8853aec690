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
    garments = [synthetic.item_of(0, "inshop", i) for i in range(args.images)]
    views = (*synthetic.INSHOP_VIEWS, "front")

    def draw(i: int):
        arguments = (garments[i], 0, "inshop", i, 0, args.px, views[i % len(views)], bool(i % 2))
        return synthetic.picture(*arguments)[0]

    image = draw(1)
    start = time.perf_counter()
    for _ in range(args.images):
        cv2.imencode(".jpg", image)
    encoding = args.images / (time.perf_counter() - start)
    print(f"encoding alone: {encoding:.0f} images/s")
    start = time.perf_counter()
    for i in range(args.images):
        cv2.imencode(".jpg", draw(i))
    drawing = args.images / (time.perf_counter() - start)
    print(
        f"drawing and encoding, one core: {drawing:.0f} images/s, {encoding / drawing:.1f} times the time of encoding"
    )
    for workers in sorted({1, 2, os.cpu_count() or 1}):
        for images in (args.images * workers, 4 * args.images * workers):
            size = World(pretrain=0, train=images, val=0, test=0, inshop_items=0, consumer2shop_items=0, px=args.px)
            with tempfile.TemporaryDirectory() as folder:
                start = time.perf_counter()
                synthetic.write_world(Path(folder) / "world", size, seed=0, workers=workers, progress=False)
                rate = images / (time.perf_counter() - start)
            print(
                f"world of {images} with labels, {workers} worker(s): {rate:.0f} images/s, {rate / workers:.0f} a worker"
            )
    print(f"image {np.shape(image)}, OpenCV {cv2.__version__}")


if __name__ == "__main__":
    main()
