"""Synthetic images a second, for one and more workers, and as a ratio against encoding a JPEG of the same size alone.

    python benchmarks/synthetic_speed.py [--images 400] [--px 256] [--out world_speed.csv]

The aim: at least 100 images a second and core at 256 px.
"""

import argparse
import os
import tempfile
import time
from dataclasses import fields
from pathlib import Path

import cv2
import pandas as pd

from lib.world import World, garment, write_world

VIEWS = ("front", "side", "back", "zoom-out", "zoom-in")


def measure(images: int, px: int) -> pd.DataFrame:
    """Return the table: figure, value, how."""

    def draw(number: int):
        view, consumer = VIEWS[number % len(VIEWS)], bool(number % 2)
        return garment(seed=number, px=px, view=view, consumer=consumer)[0]

    image = draw(1)
    start = time.perf_counter()
    for _ in range(images):
        cv2.imencode(".jpg", image)
    encoding = images / (time.perf_counter() - start)
    start = time.perf_counter()
    for number in range(images):
        cv2.imencode(".jpg", draw(number))
    drawing = images / (time.perf_counter() - start)
    rows = [
        ("encode_images_per_s", encoding, f"JPEG encoding alone, {px} px, one core"),
        ("draw_images_per_s", drawing, f"choosing a garment, drawing and encoding, {px} px, one core"),
        ("draw_to_encode", encoding / drawing, "drawing and encoding in times of encoding alone"),
    ]
    counts = ("pretrain", "train", "val", "test", "distractors")
    nothing = {f.name: 0 for f in fields(World) if f.name in counts or f.name.endswith("_items")}
    for workers in sorted({1, 2, os.cpu_count() or 1}):
        for number in (images * workers, 4 * images * workers):
            size = World(**nothing | {"train": number, "views": 1, "px": px})
            with tempfile.TemporaryDirectory() as folder:
                start = time.perf_counter()
                write_world(Path(folder) / "world", size, seed=0, workers=workers, progress=False)
                rate = number / (time.perf_counter() - start)
            how = f"images/s with titles and labels, {number} images, {workers} worker(s)"
            rows.append((f"world_{number}_by_{workers}", rate, how))
    return pd.DataFrame(rows, columns=["figure", "value", "how"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--images", type=int, default=400)
    parser.add_argument("--px", type=int, default=256)
    parser.add_argument("--out", type=Path, help="also write the table to this csv")
    args = parser.parse_args()
    cv2.setNumThreads(1)
    table = measure(args.images, args.px)
    print(table.round(1).to_string(index=False))
    if args.out:
        args.out.parent.mkdir(parents=True, exist_ok=True)
        table.to_csv(args.out, index=False, float_format="%.6g")
        print("wrote", args.out)


if __name__ == "__main__":
    main()
