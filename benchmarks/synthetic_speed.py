"""Synthetic images a second, for one and more workers, and as a ratio against encoding a JPEG of the same size alone.

python benchmarks/synthetic_speed.py [--images 400] [--px 256] [--out outputs/demo]
"""

import argparse
import os
import tempfile
import time
from pathlib import Path

import cv2
import numpy as np
import pandas as pd

from lib import report, synthetic
from lib.config import World


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--images", type=int, default=400)
    parser.add_argument("--px", type=int, default=256)
    parser.add_argument("--out", default="", help="folder of a run's outputs, for tables/world_speed.csv")
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
    rows = [("encode_images_per_s", encoding, f"JPEG encoding alone, {args.px} px, one core")]
    start = time.perf_counter()
    for i in range(args.images):
        cv2.imencode(".jpg", draw(i))
    drawing = args.images / (time.perf_counter() - start)
    rows += [("draw_images_per_s", drawing, f"drawing and encoding, {args.px} px, one core")]
    rows += [("draw_to_encode", encoding / drawing, "drawing and encoding in times of encoding alone")]
    for workers in sorted({1, 2, os.cpu_count() or 1}):
        for images in (args.images * workers, 4 * args.images * workers):
            size = World(pretrain=0, train=images, val=0, test=0, inshop_items=0, consumer2shop_items=0, px=args.px)
            with tempfile.TemporaryDirectory() as folder:
                start = time.perf_counter()
                synthetic.write_world(Path(folder) / "world", size, seed=0, workers=workers, progress=False)
                rate = images / (time.perf_counter() - start)
            rows += [
                (f"world_{images}_by_{workers}", rate, f"images/s with labels, {images} images, {workers} worker(s)")
            ]
    table = pd.DataFrame(rows, columns=["figure", "value", "how"])
    print(table.round(1).to_string(index=False))
    print(f"image {np.shape(image)}, OpenCV {cv2.__version__}")
    if args.out:
        print("wrote", report.save_table(table, Path(args.out), "world_speed"))


if __name__ == "__main__":
    main()
