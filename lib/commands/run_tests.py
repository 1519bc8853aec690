"""The checks of ./run_all.sh --test: ruff, the tests, and the notebooks against their stored outputs."""

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

from lib.commands.progress import clock
from lib.locks import hold

ROOT = Path(__file__).resolve().parents[2]


def main() -> None:
    """Run all checks, alone in outputs/smoke; exit at the first that fails, with one sentence and its code."""
    try:
        with hold(ROOT / "outputs" / "smoke.lock", "outputs/smoke is in use", wait=False):
            check()
    except BlockingIOError as error:
        print(f"run_all.sh: {error}; wait until it ends, or stop it", file=sys.stderr)
        sys.exit(75)


def check() -> None:
    """Run all checks in order."""
    for folder in ("runs", "cache"):  # the stored outputs must be reproduced by training with this code
        shutil.rmtree(ROOT / "outputs" / "smoke" / folder, ignore_errors=True)
    env = os.environ | {"OMP_NUM_THREADS": "1"}  # tiny networks train fastest on one thread
    nbval = "pytest --nbval --nbval-current-env --nbval-cell-timeout 900"
    for command in ("ruff check .", "ruff format --check .", "pytest tests", f"{nbval} notebooks"):
        print(f"== {command}", flush=True)
        start = time.monotonic()
        if code := subprocess.run([sys.executable, "-m", *command.split()], cwd=ROOT, env=env).returncode:
            print(f"run_all.sh: {command} failed", file=sys.stderr)
            sys.exit(code)
        print(f"== {command}: passed in {clock(time.monotonic() - start)}", flush=True)


if __name__ == "__main__":
    main()
