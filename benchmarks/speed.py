"""Speed of the model's parts, each as a ratio against a named peer in the same run, with its growth over sizes.

    python benchmarks/speed.py [--device cuda]

- landmark pooling, forward and backward, against torchvision's roi_pool on the same whole-cell boxes;
- a FashionNet training step against a plain torchvision VGG-16 training step (aim: at most 1.25 times).
Each pair is timed in turn, A B A B ..., and the median of the pairwise ratios is printed.
"""

import argparse
import time

import numpy as np
import torch
import torchvision

from lib.config import PROFILES
from lib.landmark_pooling import landmark_pooling, window_corners
from lib.model import FashionNet


def seconds(function, device) -> float:
    start = time.perf_counter()
    function()
    if device == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter() - start


def compare(name: str, ours, theirs, device: str, runs: int) -> None:
    ours(), theirs()
    pairs = np.array([(seconds(ours, device), seconds(theirs, device)) for _ in range(runs)])
    a, b = np.median(pairs, axis=0) * 1e3
    print(f"{name:58s} {a:9.1f} ms {b:9.1f} ms  ratio {np.median(pairs[:, 0] / pairs[:, 1]):.2f}", flush=True)


def pooling(device: str, n: int, side: int, channels: int, layout: torch.memory_format) -> tuple:
    generator = torch.Generator().manual_seed(0)
    features = torch.randn(n, channels, side, side, generator=generator).to(device).contiguous(memory_format=layout)
    features.requires_grad_()
    landmarks = (torch.rand(n, 8, 2, generator=generator) * 0.6 + 0.2).to(device)
    gate = torch.ones(n, 8, device=device)

    def ours():
        landmark_pooling(features, landmarks, gate, 4, 2).sum().backward()

    corners = window_corners(landmarks, side, side, 4).reshape(-1, 2)
    image = torch.arange(n, device=device).repeat_interleave(8)
    boxes = torch.cat([image[:, None], corners, corners + 3], dim=1).float()

    def theirs():
        torchvision.ops.roi_pool(features, boxes, 2).sum().backward()

    return ours, theirs


def training_steps(device: str, n: int) -> tuple:
    """Full-size networks at 224 px, forward, backward and AdamW, the same number of images."""
    config = PROFILES["paper"]
    images = torch.randn(n, 3, 224, 224, device=device).contiguous(memory_format=torch.channels_last)

    def step(net, loss):
        net = net.to(device, memory_format=torch.channels_last).train()
        optimizer = torch.optim.AdamW(net.parameters(), 1e-5, fused=True)

        def run():
            optimizer.zero_grad()
            with torch.autocast(device, torch.bfloat16):
                out = net(images)
            loss(out).backward()
            optimizer.step()

        return run

    ours = step(FashionNet(config.model, 224, 50, 1000), lambda out: sum(v.square().mean() for v in out.values()))
    theirs = step(torchvision.models.vgg16(weights=None), lambda out: out.float().square().mean())
    return ours, theirs


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    device = parser.parse_args().device
    name = torch.cuda.get_device_name() if device == "cuda" else f"CPU, {torch.get_num_threads()} threads"
    print(f"{name}, torch {torch.__version__}; columns: ours, the peer, ratio ours / peer")
    for n, side, channels in ((16, 14, 512), (64, 14, 512), (64, 28, 512), (256, 16, 512)):
        size = f"pooling fwd+bwd, {n} x {channels} x {side} x {side}"
        compare(f"{size}, NCHW", *pooling(device, n, side, channels, torch.contiguous_format), device, 15)
        compare(f"{size}, NHWC", *pooling(device, n, side, channels, torch.channels_last), device, 15)
    for n in (4, 8) if device == "cpu" else (32, 64, 128):
        compare(f"training step against VGG-16, {n} images of 224 px", *training_steps(device, n), device, 3)


if __name__ == "__main__":
    main()
