#!/usr/bin/env bash
# What needs a GPU, in about eight minutes: its tests, the network, pooling and loader beside their peers, then the paper
# profile's training on drawn photos of the release's size. A part whose file is there is not run again.
#
#   benchmarks/gpu.sh [OUT]
set -euo pipefail
cd "$(dirname "$0")/.."
out=${1:-outputs/benchmarks_gpu} python=${PYTHON:-.venv/bin/python}
mkdir -p "$out"
if [ ! -e "$out/gpu_tests.txt" ]; then
    "$python" -m pytest -q -m gpu tests | tee "$out/gpu_tests.part"
    mv "$out/gpu_tests.part" "$out/gpu_tests.txt"
fi
[ -e "$out/details.csv" ] || "$python" -m benchmarks --only on_a_gpu --out "$out"
[ -e "$out/release.csv" ] || "$python" -m benchmarks.release --scale 0.01 --only training --batch 256 --out "$out"
