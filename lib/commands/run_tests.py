"""The checks of ./run_all.sh --test: ruff, then, side by side, the tests and the notebooks against their outputs."""

import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from lib.artefact import alone

ROOT = Path(__file__).resolve().parents[2]
OUT = ROOT / "outputs" / "smoke"
NBVAL = "pytest --nbval --nbval-current-env --nbval-cell-timeout 900"
LADDER = "notebooks/10_ladder.ipynb"  # it needs the data alone, which notebook 00 has drawn by then
LANES = (
    ("pytest tests -p no:nbval --durations=20", f"{NBVAL} {LADDER}"),
    (f"{NBVAL} notebooks --ignore={LADDER}",),
)


def run_lane(commands: tuple[str, ...], log: Path) -> int:
    """Run Python modules one after the other, with their output in a log; return the worst exit code."""
    env = os.environ | {"OMP_NUM_THREADS": "1"}  # tiny networks train fastest on one thread
    env.pop("MPLBACKEND", None)  # the notebooks' figures are drawn inline
    codes = []
    with log.open("w") as file:
        for command in commands:
            words = [sys.executable, "-m", *command.split()]
            codes.append(subprocess.run(words, cwd=ROOT, env=env, stdout=file, stderr=subprocess.STDOUT).returncode)
    return max(map(abs, codes))


def run(lanes: tuple[tuple[str, ...], ...], folder: Path) -> int:
    """Run lanes side by side; print their logs, failures last, and return the worst exit code."""
    logs = [folder / f"lane{number}.log" for number in range(len(lanes))]
    for commands, log in zip(lanes, logs, strict=True):
        print(f"== {'; '.join(commands)} > {log}", flush=True)
    with ThreadPoolExecutor(len(lanes)) as pool:
        ended = list(zip(pool.map(run_lane, lanes, logs), lanes, logs, strict=True))
    for code, commands, log in sorted(ended):
        print(f"== {'; '.join(commands)}: {'failed' if code else 'passed'}\n{log.read_text()}", flush=True)
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
