"""Speed of the network on one device, each part beside a named peer in the same run.

    python -m benchmarks.gpu --out gpu.csv              # about two minutes on one GPU
    python -m benchmarks.gpu --device cpu --tiny        # seconds: shows that it runs, not how fast

- The measured peak: a product of two random bf16 matrices of 8192 x 8192.
- Landmark pooling, forward and backward in float32, beside torchvision's roi_pool on the same windows, on the
  channels-last maps of both networks. The aim: at most roi_pool's time.
- A training step (forward, backward, AdamW; bf16, channels_last) of FashionNet at 224 px in batches of 256, as it is,
  recorded as a CUDA graph (`train.recorded`) and compiled, beside torchvision's VGG-16, each with its share of the
  measured peak; and of the study's FashionNet on EfficientNet-Lite0. The aim: at most 1.1 times VGG-16's time.
- The loader: random jittered views of stored crops, on the device and on the host, beside the fastest of those steps.
  The aim: less than its time, so that the loader is never the limit.

Times are medians of single calls, by torch.utils.benchmark, which waits for the device.
"""

import argparse
import subprocess
import sys
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import torch
import torchvision
from torch import Tensor, nn
from torch.utils.benchmark import Timer
from torch.utils.flop_counter import FlopCounterMode

from lib.config import PROFILES, Config
from lib.crops import training_view
from lib.fashionnet import FashionNet
from lib.landmark_pooling import landmark_pooling, window_corners
from lib.train import Samples, recorded

LANDMARKS = 8


def milliseconds(function, runs: int) -> float:
    """Return the median time of a call in ms; the device has finished when the clock stops."""
    timer = Timer("function()", globals={"function": function}, num_threads=torch.get_num_threads())
    return 1e3 * sorted(timer.timeit(1).mean for _ in range(runs))[runs // 2]


def row_of(part: str, variant: str, ms: float, images: int = 0, operations: float = 0) -> dict:
    """Print and return a row. operations: floating-point operations of the call."""
    print(f"{part:46s} {variant:20s} {ms:9.2f} ms", flush=True)
    row = {"part": part, "variant": variant, "ms": ms}
    row |= {"per_s": images / ms * 1e3} if images else {}
    return row | ({"tflops": operations / ms / 1e9} if operations else {})


def measure_peak(device: str, side: int) -> dict:
    """Return the row of the matrix product, whose TFLOP/s are the peak that training steps are compared with."""
    generator = torch.Generator(device).manual_seed(0)
    # Random data: a GPU multiplies zeros, which flip no bits, faster than it ever could real numbers.
    a, b = (torch.randn(side, side, device=device, dtype=torch.bfloat16, generator=generator) for _ in range(2))
    return row_of(f"matrix product {side}", "bf16", milliseconds(lambda: a @ b, 20), operations=2 * side**3)


def step_of(net: nn.Module, images: Tensor):
    """Return a function that makes one training step, in bf16 on a GPU; its loss is reached by every output."""
    device = images.device.type
    optimizer = torch.optim.AdamW(net.parameters(), 1e-6, fused=True, capturable=device == "cuda")

    def step(images: Tensor = images):
        optimizer.zero_grad()
        with torch.autocast(device, torch.bfloat16, enabled=device == "cuda"):
            out = net(images)
        loss = sum(output.float().square().mean() for output in (out.values() if isinstance(out, dict) else [out]))
        loss.backward()
        optimizer.step()
        return loss.detach()

    return step


def steps_beside_another(tiny: bool) -> np.ndarray:
    """Return seconds (runs, 2) of training steps of the demo's FashionNet on a CPU, beside a busy process and alone."""
    profile, runs = PROFILES["smoke" if tiny else "demo"], 1 if tiny else 7
    px = profile.input.view_px
    network = FashionNet(profile.model, px, 50, 1000).to(memory_format=torch.channels_last).train()
    step = step_of(network, torch.randn(64, 3, px, px).contiguous(memory_format=torch.channels_last))
    step()
    times = []
    for _ in range(runs):
        with subprocess.Popen([sys.executable, "-c", "while True: pass"]) as other:
            try:
                beside = milliseconds(step, 3)
            finally:
                other.kill()
        times.append((beside / 1e3, milliseconds(step, 3) / 1e3))
    return np.array(times)


def floating_point_operations(net: nn.Module, px: int, device: str) -> int:
    """Count the operations of forward and backward for one image (of two: batch norm needs a batch)."""
    images = torch.randn(2, 3, px, px, device=device)
    with FlopCounterMode(display=False) as counter:
        out = net(images)
        sum(output.sum() for output in (out.values() if isinstance(out, dict) else [out])).backward()
    net.zero_grad()
    return counter.get_total_flops() // 2


def measure_step(name: str, net: nn.Module, px: int, batch: int, device: str, runs: int, variant: str) -> dict:
    """Return the row of a network's training step: "eager", "recorded" or "compiled"."""
    net = net.to(device, memory_format=torch.channels_last).train()
    images = torch.randn(batch, 3, px, px, device=device).contiguous(memory_format=torch.channels_last)
    operations = floating_point_operations(net, px, device) * batch
    step = step_of(torch.compile(net) if variant == "compiled" else net, images)
    if variant == "recorded":
        step = partial(recorded(step), images)
    try:
        ms = milliseconds(step, runs)
    except Exception as error:  # no compiler on this machine: the other rows are worth having
        if variant != "compiled":
            raise
        print(f"{name}: not compiled: {str(error).splitlines()[0]}", flush=True)
        ms = float("nan")
    return row_of(f"step {name}, {batch} x {px} px", variant, ms, batch, operations)


def pools(device: str, batch: int, side: int, channels: int, model) -> dict:
    """Return landmark pooling and roi_pool, forward and backward, on the same windows inside a channels-last map.

    Their results are compared before.
    """
    generator = torch.Generator().manual_seed(0)
    features = torch.randn(batch, channels, side, side, generator=generator).to(device)
    features = features.contiguous(memory_format=torch.channels_last).requires_grad_()
    landmarks = (torch.rand(batch, LANDMARKS, 2, generator=generator) * 0.6 + 0.2).to(device)
    gate = torch.ones(batch, LANDMARKS, device=device)
    corners = window_corners(landmarks, side, side, model.window).reshape(-1, 2)
    image = torch.arange(batch, device=device).repeat_interleave(LANDMARKS)
    boxes = torch.cat([image[:, None], corners, corners + model.window - 1], dim=1).float()  # ends included
    functions = {
        "landmark pooling": lambda: landmark_pooling(features, landmarks, gate, model.window, model.bins),
        "roi_pool": lambda: torchvision.ops.roi_pool(features, boxes, model.bins),
    }
    ours, theirs = (function() for function in functions.values())
    torch.testing.assert_close(ours, theirs.reshape(ours.shape), rtol=0, atol=0)

    def forward_and_backward(function) -> None:
        features.grad = None
        out = function()
        out.backward(torch.ones_like(out))

    return {name: partial(forward_and_backward, function) for name, function in functions.items()}


def measure_pooling(device: str, batch: int, side: int, channels: int, model, runs: int) -> list[dict]:
    """Return the rows of landmark pooling and roi_pool."""
    functions = pools(device, batch, side, channels, model)
    size = f"{batch} x {channels} x {side} x {side}"
    rows = [
        row_of(f"{name}, {size}", "forward and backward", milliseconds(function, runs))
        for name, function in functions.items()
    ]
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

        part = f"loader, {batch} x {config.input.view_px} px"
        rows.append(row_of(part, f"crops on the {where}", milliseconds(load, runs), batch))
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
    full, study = PROFILES["smoke" if tiny else "paper"], PROFILES["smoke" if tiny else "study"]
    px, small_px = full.input.view_px, study.input.view_px
    batch, small_batch, runs = (2, 2, 1) if tiny else (256, study.training.pretrain.batch, 15)
    rows = [measure_peak(device, 256 if tiny else 8192)]
    for side, channels, config in ((28, 512, full), (16, 40, study)):
        rows += measure_pooling(device, batch, side, channels, config.model, 1 if tiny else 50)
    fastest = {}
    for variant in ("eager", "recorded", "compiled") if device == "cuda" else ("eager",):
        networks = (
            ("study's FashionNet", FashionNet(study.model, small_px, 50, 1000), small_px, small_batch),
            ("FashionNet", FashionNet(full.model, px, 50, 1000), px, batch),
            ("VGG-16", vgg16(tiny), px, batch),
        )
        steps = [measure_step(*network, device, runs, variant) for network in networks]
        steps[1] |= {"peer": "VGG-16", "times_peer": steps[1]["ms"] / steps[2]["ms"]}
        rows += [row | {"share_of_peak": row["tflops"] / rows[0]["tflops"]} for row in steps]
        for place, row in enumerate(steps[:2]):
            fastest[place] = min(row["ms"], fastest.get(place, row["ms"]))
    loaders = ((study, small_batch, 72_000), (full, batch, 4_000))
    for place, (config, size, images) in enumerate(loaders):
        found = measure_loader(config, 200 if tiny else images, size, device, 1 if tiny else 50)
        rows += [row | {"peer": "fastest step", "times_peer": row["ms"] / fastest[place]} for row in found]
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
