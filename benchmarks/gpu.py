"""Speed of the network on one device, each part beside a named peer in the same run.

    python benchmarks/gpu.py --out gpu.csv              # about two minutes on one GPU
    python benchmarks/gpu.py --device cpu --tiny        # seconds: shows that it runs, not how fast

- The measured peak: a product of two random bf16 matrices of 8192 x 8192.
- Landmark pooling, forward and backward in float32, beside torchvision's roi_pool on the same windows, on the maps of both
  networks, in both memory layouts. The aim: at most roi_pool's time.
- A training step (forward, backward, AdamW; bf16, channels_last) of FashionNet at 224 px in batches of 256, as it is,
  recorded as a CUDA graph (`train.recorded`) and compiled, beside torchvision's VGG-16, each with its share of the measured
  peak; and of the compact FashionNet that the study trains at 96 px. The aim: at most 1.1 times VGG-16's time.
- The loader: random jittered views of stored crops, on the device and on the host, beside the fastest of those steps. The
  aim: less than its time, so that the loader is never the limit.

Times are medians of single calls between two CUDA events (on a CPU: of a clock).
"""

import argparse
import time
from functools import partial
from pathlib import Path
from statistics import median

import pandas as pd
import torch
import torchvision
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from lib.config import PROFILES, Config
from lib.crops import training_view
from lib.fashionnet import FashionNet
from lib.landmark_pooling import landmark_pooling, window_corners
from lib.train import Samples, recorded

LANDMARKS = 8
LAYOUTS = {"NCHW": torch.contiguous_format, "NHWC": torch.channels_last}


def milliseconds(function, device: str, runs: int) -> float:
    """Return the median time of a call in ms, after up to three calls that do not count."""
    for _ in range(min(runs, 3)):
        function()
    times = []
    for _ in range(runs):
        if device == "cuda":
            start, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
            start.record()
            function()
            end.record()
            end.synchronize()
            times.append(start.elapsed_time(end))
        else:
            begin = time.perf_counter()
            function()
            times.append((time.perf_counter() - begin) * 1e3)
    return median(times)


def measure_peak(device: str, side: int) -> dict:
    """Return the row of the matrix product, whose TFLOP/s are the peak that training steps are compared with."""
    generator = torch.Generator(device).manual_seed(0)
    # Random data: a GPU multiplies zeros, which flip no bits, faster than it ever could real numbers.
    a, b = (torch.randn(side, side, device=device, dtype=torch.bfloat16, generator=generator) for _ in range(2))
    ms = milliseconds(lambda: a @ b, device, 20)
    return {"part": f"matrix product {side}", "variant": "bf16", "ms": ms, "tflops": 2 * side**3 / ms / 1e9}


def step_of(net: nn.Module, images: Tensor, device: str):
    """Return a function that makes one training step. The loss is any scalar that every output reaches."""
    optimizer = torch.optim.AdamW(net.parameters(), 1e-5, fused=True, capturable=device == "cuda")

    def step(images: Tensor = images):
        optimizer.zero_grad()
        with torch.autocast(device, torch.bfloat16):
            out = net(images)
        outputs = list(out.values()) if isinstance(out, dict) else [out]
        loss = sum(output.float().square().mean() for output in outputs)
        loss.backward()
        optimizer.step()
        return loss.detach()

    return step


def floating_point_operations(net: nn.Module, px: int, device: str) -> int:
    """Count the operations of forward and backward for one image (of two: batch norm needs a batch)."""
    images = torch.randn(2, 3, px, px, device=device)
    with FlopCounterMode(display=False) as counter:
        out = net(images)
        sum(output.sum() for output in (out.values() if isinstance(out, dict) else [out])).backward()
    net.zero_grad()
    return counter.get_total_flops() // 2


def measure_steps(
    name: str, net: nn.Module, px: int, batch: int, device: str, runs: int, variants: tuple[str, ...]
) -> list[dict]:
    """Return one row per variant of a network's training step."""
    net = net.to(device, memory_format=torch.channels_last).train()
    images = torch.randn(batch, 3, px, px, device=device).contiguous(memory_format=torch.channels_last)
    operations = floating_point_operations(net, px, device) * batch
    rows = []
    for variant in variants:
        step = step_of(torch.compile(net) if variant == "compiled" else net, images, device)
        if variant == "recorded":
            step = partial(recorded(step), images)
        try:
            ms = milliseconds(step, device, runs)
        except Exception as error:  # no compiler on this machine: the other rows are worth having
            if variant != "compiled":
                raise
            print(f"{name}: not compiled: {str(error).splitlines()[0]}", flush=True)
            ms = float("nan")
        rows.append({"part": f"step {name}, {batch} x {px} px", "variant": variant, "ms": ms,
                     "per_s": batch / ms * 1e3, "tflops": operations / ms / 1e9})  # fmt: skip
        print(f"{rows[-1]['part']:46s} {variant:9s} {ms:9.2f} ms", flush=True)
    return rows


def measure_pooling(device: str, batch: int, side: int, channels: int, model, layout: str, runs: int) -> list[dict]:
    """Return the rows of landmark pooling and roi_pool, forward and backward, on the same windows inside the map."""
    generator = torch.Generator().manual_seed(0)
    features = torch.randn(batch, channels, side, side, generator=generator).to(device)
    features = features.contiguous(memory_format=LAYOUTS[layout]).requires_grad_()
    landmarks = (torch.rand(batch, LANDMARKS, 2, generator=generator) * 0.6 + 0.2).to(device)
    gate = torch.ones(batch, LANDMARKS, device=device)
    corners = window_corners(landmarks, side, side, model.window).reshape(-1, 2)
    image = torch.arange(batch, device=device).repeat_interleave(LANDMARKS)
    boxes = torch.cat([image[:, None], corners, corners + model.window - 1], dim=1).float()  # ends included

    def pool_landmarks() -> Tensor:
        return landmark_pooling(features, landmarks, gate, model.window, model.bins)

    def roi_pool() -> Tensor:
        return torchvision.ops.roi_pool(features, boxes, model.bins)

    expected = roi_pool().reshape(batch, LANDMARKS * channels, model.bins, model.bins)
    torch.testing.assert_close(pool_landmarks(), expected, rtol=0, atol=0)
    rows = []
    for name, function in (("landmark pooling", pool_landmarks), ("roi_pool", roi_pool)):
        gradient = torch.ones_like(function())

        def forward_and_backward(function=function, gradient=gradient):
            features.grad = None
            function().backward(gradient)

        ms = milliseconds(forward_and_backward, device, runs)
        rows.append({"part": f"{name}, {batch} x {channels} x {side} x {side}", "variant": layout, "ms": ms})
        print(f"{rows[-1]['part']:46s} {layout:9s} {ms:9.2f} ms", flush=True)
    rows[0] |= {"peer": "roi_pool", "times_peer": rows[0]["ms"] / rows[1]["ms"]}
    return rows


def measure_loader(config: Config, images: int, batch: int, device: str, runs: int) -> list[dict]:
    """Return the rows of the loader: random views of stored crops, which are on the device or, pinned, on the host."""
    px, rows = config.input.px, []
    crops = torch.randint(256, (images, px, px, 3), dtype=torch.uint8)
    generator = torch.Generator().manual_seed(0)
    for where in ("device", "host"):
        samples = Samples(crops.to(device) if where == "device" else crops.numpy())

        def load(samples=samples) -> Tensor:
            chosen = torch.randint(images, (batch,), generator=generator).to(device)
            view = training_view(batch, config.input, generator).to(device)
            return samples.images(chosen, view, config.input.view_px)

        ms = milliseconds(load, device, runs)
        rows.append({"part": f"loader, {batch} x {config.input.view_px} px", "variant": f"crops on the {where}", "ms": ms,
                     "per_s": batch / ms * 1e3})  # fmt: skip
        print(f"{rows[-1]['part']:46s} {where:9s} {ms:9.2f} ms", flush=True)
    return rows


def vgg16(tiny: bool) -> nn.Module:
    """Return torchvision's VGG-16; a tiny run drops its 120 million fully connected weights."""
    net = torchvision.models.vgg16(weights=None)
    if tiny:
        net.classifier = nn.Linear(512 * 7 * 7, 10)
    return net


def measure(device: str, tiny: bool) -> pd.DataFrame:
    """Return all rows: part, variant, ms, per_s (images), tflops, share_of_peak, peer, times_peer, device, torch."""
    torch.manual_seed(0)
    peak = measure_peak(device, 256 if tiny else 8192)
    print(f"{peak['part']:46s} {'bf16':9s} {peak['ms']:9.2f} ms  {peak['tflops']:.1f} TFLOP/s", flush=True)
    full, compact = PROFILES["smoke" if tiny else "paper"], PROFILES["smoke" if tiny else "study"]
    runs = 1 if tiny else 15
    rows = [peak]
    for side, channels, config in ((28, 512, full), (12, 128, compact)):
        for layout in ("NHWC", "NCHW"):
            rows += measure_pooling(device, 2 if tiny else 256, side, channels, config.model, layout, 1 if tiny else 50)
    px, batch = full.input.view_px, 2 if tiny else 256
    networks = {  # name -> its constructor, input and batch
        "compact FashionNet": (lambda: FashionNet(compact.model, compact.input.view_px, 50, 1000), compact.input.view_px,
                               2 if tiny else compact.training.pretrain.batch),
        "FashionNet": (lambda: FashionNet(full.model, px, 50, 1000), px, batch),
        "VGG-16": (lambda: vgg16(tiny), px, batch),
    }  # fmt: skip
    steps = {name: [] for name in networks}
    for variants in (
        (("eager", "recorded"), ("compiled",)) if device == "cuda" else (("eager",),)
    ):  # compiling takes minutes
        for name, (make, side, size) in networks.items():
            steps[name] += measure_steps(name, make(), side, size, device, runs, variants)
    for row, peer in zip(steps["FashionNet"], steps["VGG-16"], strict=True):
        row |= {"peer": "VGG-16", "times_peer": row["ms"] / peer["ms"]}
    for row in sum(steps.values(), []):
        row["share_of_peak"] = row["tflops"] / peak["tflops"]
        rows.append(row)
    for config, name, images in ((compact, "compact FashionNet", 36_000), (full, "FashionNet", 4_000)):
        fastest = min(step["ms"] for step in steps[name])
        loader = measure_loader(config, 200 if tiny else images, networks[name][2], device, 1 if tiny else 50)
        rows += [row | {"peer": "fastest step", "times_peer": row["ms"] / fastest} for row in loader]
    name = torch.cuda.get_device_name() if device == "cuda" else f"CPU, {torch.get_num_threads()} threads"
    return pd.DataFrame(rows).assign(device=name, torch=torch.__version__)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu", choices=("cpu", "cuda"))
    parser.add_argument("--tiny", action="store_true", help="small networks and batches, a few calls each")
    parser.add_argument("--out", type=Path, help="also write the table to this csv")
    args = parser.parse_args()
    if args.device == "cuda":
        torch.set_float32_matmul_precision("high")
    table = measure(args.device, args.tiny)
    print(table.drop(columns=["device", "torch"]).round(3).to_string(index=False, na_rep=""))
    print(f"{table.device[0]}, torch {table.torch[0]}")
    if args.out:
        args.out.parent.mkdir(parents=True, exist_ok=True)
        table.to_csv(args.out, index=False, float_format="%.6g")
        print("wrote", args.out)


if __name__ == "__main__":
    main()
