"""Kill and starve runs; call each again and compare its tables with those of a run that nothing happened to.

    python -m benchmarks.faults --kills 8 --out faults.csv
    python -m benchmarks.faults --only SIGKILL disk --out faults.csv

Works in outputs/smoke of this checkout, which is deleted first; four to six minutes a fault on two cores. Writes a row
as soon as it is known: fault, moment (share of an undisturbed run's time, or MB), the run's last sentence and exit
code, the exit code of the next call, and whether its tables are the same.
"""

import argparse
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pandas as pd

ROOT = Path(__file__).resolve().parents[1]
OUT = ROOT / "outputs" / "smoke"
COMMAND = [sys.executable, "-m", "lib.commands.run_all", "--profile", "smoke"]
SIGNALS = (signal.SIGKILL, signal.SIGTERM, signal.SIGINT)
VARIES = ["seconds", "date", "device", "commit"]  # columns that differ between two runs of the same result
FULL = (1, 8, 40)  # MB of disks that are too small


def read_tables(out: Path) -> dict[str, str]:
    """Return the tables of a run by name, as CSV without the columns that vary."""
    paths = [path for path in sorted(out.glob("tables/*.csv")) if path.name != "times.csv"]
    return {path.name: pd.read_csv(path).drop(columns=VARIES, errors="ignore").to_csv() for path in paths}


def start(command: list[str]) -> subprocess.Popen:
    """Start a command in a process group of its own."""
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True, "errors": "replace"}
    return subprocess.Popen(command, cwd=ROOT, start_new_session=True, **pipes)


def end(process: subprocess.Popen, after: float | None = None, number: signal.Signals | None = None) -> tuple[int, str]:
    """Return exit code and last line of a command, which gets a signal after some seconds; Ctrl-C reaches its group."""
    try:
        said = process.communicate(timeout=after)[0]
    except subprocess.TimeoutExpired:
        (os.killpg if number == signal.SIGINT else os.kill)(process.pid, number)
        said = process.communicate()[0]
    return process.returncode, said.strip().rpartition("\n")[2].replace(f"{ROOT}/", "")


def kill(number: signal.Signals, share: float, seconds: float) -> tuple[int, str]:
    """Kill a run."""
    return end(start(COMMAND), share * seconds, number)


def two_at_once() -> tuple[int, str]:
    """Start two runs in one folder; return the worse end."""
    with ThreadPoolExecutor() as pool:
        return max(pool.map(lambda _: end(start(COMMAND)), range(2)))


def fill_disk(megabytes: int) -> tuple[int, str]:
    """Run on a disk that is too small, which must be mounted by root. Raises CalledProcessError elsewhere."""
    OUT.mkdir(parents=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", OUT], check=True)
    try:
        return end(start(COMMAND))
    finally:
        subprocess.run(["umount", OUT], check=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--kills", type=int, default=6, help="runs that are killed, each at a random moment")
    parser.add_argument("--seed", type=int, default=0, help="of the moments")
    parser.add_argument("--only", nargs="*", default=[], help="words in the names of faults")
    parser.add_argument("--out", type=Path, required=True, help="table to write")
    args = parser.parse_args()
    shutil.rmtree(OUT, ignore_errors=True)
    begin = time.monotonic()
    code, sentence = end(start(COMMAND))
    if code:
        sys.exit(f"faults: the undisturbed run ends with {code}: {sentence}")
    seconds, expected, rows = time.monotonic() - begin, read_tables(OUT), []
    moments = random.Random(args.seed)
    faults = [(SIGNALS[i % len(SIGNALS)].name, moments.random()) for i in range(args.kills)]
    faults += [("two at once", None), *((f"disk of {megabytes} MB", megabytes) for megabytes in FULL)]
    for name, value in faults:
        if args.only and not any(word in name for word in args.only):
            continue
        shutil.rmtree(OUT, ignore_errors=True)
        if name.startswith("SIG"):
            code, sentence = kill(signal.Signals[name], value, seconds)
        else:
            code, sentence = two_at_once() if value is None else fill_disk(value)
        again = end(start(COMMAND))[0]
        row = {"fault": name, "moment": value, "sentence": sentence, "exit": code, "next exit": again}
        rows.append(row | {"same tables": read_tables(OUT) == expected})
        print(rows[-1], flush=True)
        pd.DataFrame(rows).to_csv(args.out, index=False)
    print(f"{sum(row['same tables'] for row in rows)} of {len(rows)} faults survived: {args.out}")


if __name__ == "__main__":
    main()
