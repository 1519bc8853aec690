"""The checks of ./run_all.sh --test: ruff, then, side by side, the tests and the notebooks against their outputs."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from lib.artefact import alone

ROOT = Path(__file__).resolve().parents[2]
OUT = ROOT / "outputs" / "smoke"
LANES = (
    "pytest tests -p no:nbval --durations=20",
    "pytest notebooks --nbval --nbval-current-env --nbval-cell-timeout 900",
)


def run(lanes: tuple[str, ...], folder: Path) -> int:
    """Run Python modules side by side; print their logs, failures last, and return the worst exit code."""
    env = os.environ | {"OMP_NUM_THREADS": "1"}  # tiny networks train fastest on one thread
    env.pop("MPLBACKEND", None)  # the notebooks' figures are drawn inline
    logs = [folder / f"lane{number}.log" for number in range(len(lanes))]
    running = []
    for lane, log in zip(lanes, logs, strict=True):
        print(f"== {lane} > {log}", flush=True)
        words = [sys.executable, "-m", *lane.split()]
        with log.open("w") as file:
            running.append(subprocess.Popen(words, cwd=ROOT, env=env, stdout=file, stderr=subprocess.STDOUT))
    ended = [(abs(process.wait()), lane, log) for process, lane, log in zip(running, lanes, logs, strict=True)]
    for code, lane, log in sorted(ended):
        print(f"== {lane}: {'failed' if code else 'passed'}\n{log.read_text()}", flush=True)
    return max(code for code, _, _ in ended)


def main() -> int:
    """Run all checks in outputs/smoke; return the exit code of the first that fails."""
    with alone(OUT):
        shutil.rmtree(OUT, ignore_errors=True)  # the stored outputs must be reproduced by training with this code
        OUT.mkdir(parents=True)
        for command in ("ruff check .", "ruff format --check ."):
            print(f"== {command}", flush=True)
            if code := subprocess.run([sys.executable, "-m", *command.split()], cwd=ROOT).returncode:
                return code
        return run(LANES, OUT)
