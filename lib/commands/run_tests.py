"""The checks of ./run_all.sh --test: ruff, then, side by side, the tests and the notebooks against their outputs."""

import os
import shutil
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from lib.artefact import alone

ROOT = Path(__file__).resolve().parents[2]
OUT = ROOT / "outputs" / "smoke"
NBVAL = "pytest --nbval --nbval-current-env --nbval-cell-timeout 900"
# The same kernels on every x86 CPU: those of AVX-512 round differently, and smoke's tables with them.
KERNELS = {"ATEN_CPU_CAPABILITY": "avx2", "ONEDNN_MAX_CPU_ISA": "AVX2"}
LADDER = "notebooks/10_ladder.ipynb"  # it needs the data alone, which notebook 00 has drawn by then
LANES = (("pytest tests -p no:nbval --durations=20", f"{NBVAL} {LADDER}"), (f"{NBVAL} notebooks --ignore={LADDER}",))


def run_lane(commands: tuple[str, ...], log: Path) -> int:
    """Run Python modules one after the other, with their output in a log; return the worst exit code.

    After Ctrl-C, which reaches them too, no further one begins.
    """
    print(f"== {'; '.join(commands)} > {log}", flush=True)
    env = os.environ | KERNELS | {"OMP_NUM_THREADS": "1"}  # tiny networks train fastest on one thread
    env.pop("MPLBACKEND", None)  # the notebooks' figures are drawn inline
    with log.open("w") as file:
        pipes = {"stdout": file, "stderr": subprocess.STDOUT}
        worst = 0
        for command in commands:
            code = abs(subprocess.run([sys.executable, "-m", *command.split()], cwd=ROOT, env=env, **pipes).returncode)
            worst = max(worst, code)
            if code == signal.SIGINT:  # pytest's own code for it is the same number
                break
        return worst


def run(lanes: tuple[tuple[str, ...], ...], folder: Path) -> int:
    """Run lanes side by side; print their logs, failures last, and return the worst exit code."""
    logs = [folder / f"lane{number}.log" for number in range(len(lanes))]
    with ThreadPoolExecutor(len(lanes)) as pool:
        codes = list(pool.map(run_lane, lanes, logs))
    for code, log in sorted(zip(codes, logs, strict=True)):
        print(f"== {log}: {'failed' if code else 'passed'}\n{log.read_text()}", flush=True)
    return max(codes)


def main() -> int:
    """Run all checks in outputs/smoke; return the exit code of ruff where it fails, else the largest."""
    with alone(OUT):
        shutil.rmtree(OUT, ignore_errors=True)  # the stored outputs must be reproduced by training with this code
        OUT.mkdir(parents=True)
        for command in ("ruff check .", "ruff format --check ."):
            print(f"== {command}", flush=True)
            if code := subprocess.run([sys.executable, "-m", *command.split()], cwd=ROOT).returncode:
                return code
        return run(LANES, OUT)
