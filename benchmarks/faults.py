"""Kill, damage and starve runs; call each again and compare its tables with those of a run that nothing happened to.

    python benchmarks/faults.py --kills 20 --out faults.csv
    python benchmarks/faults.py --only disk SIG --kills 4 --out faults.csv

Works in outputs/smoke of this checkout, which is deleted first; about four minutes per kill and two per other fault on two cores.
Writes a row as soon as it is known: fault, moment (share of an undisturbed run's time), the run's last sentence and exit code, the
exit code of the next call, and whether its tables are the same.
"""

import argparse
import csv
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
COMMAND = [sys.executable, "-P", str(ROOT / "lib" / "commands" / "run_all.py"), "--profile", "smoke"]
SIGNALS = (signal.SIGKILL, signal.SIGTERM, signal.SIGHUP, signal.SIGINT)
VARIES = {"seconds", "date", "device", "commit"}  # columns that differ between two runs of the same result
SENTENCE = re.compile("^run_all.sh: |made again")
COLUMNS = ("fault", "moment", "sentence", "exit", "next exit", "same tables", "commit")


def read_tables(out: Path) -> dict[str, list[dict[str, str]]]:
    """Return the rows of all tables of a run by name, without the columns that vary."""
    found = {}
    for path in sorted(out.glob("tables/*.csv")):
        if path.name != "times.csv":
            rows = csv.DictReader(path.read_text(encoding="utf-8").splitlines())
            found[path.name] = [{k: v for k, v in row.items() if k not in VARIES} for row in rows]
    return found


def call(command: list[str], kill: tuple[signal.Signals, float] | None = None, **env: str) -> tuple[int, str]:
    """Run a command, with a signal after some seconds where one is given; return its exit code and its last sentence.

    Ctrl-C reaches the whole process group, as on a terminal; every other signal the command alone.
    """
    process = subprocess.Popen(
        command, env=os.environ | env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        errors="replace", start_new_session=True,
    )  # fmt: skip
    try:
        said = process.communicate(timeout=kill[1] if kill else None)[0]
    except subprocess.TimeoutExpired:
        send = os.killpg if kill[0] == signal.SIGINT else os.kill
        send(process.pid, kill[0])
        said = process.communicate()[0]
    lines = [line for line in said.splitlines() if SENTENCE.search(line)]
    return process.returncode, "".join(lines[-1:]).replace(f"{ROOT}/", "")


def cut(path: Path) -> None:
    """Cut a file in half, as a power cut or a stopped copy does."""
    os.truncate(path, path.stat().st_size // 2)


def flip(path: Path) -> None:
    """Change one bit near the end of a file."""
    with open(path, "r+b") as file:
        file.seek(-min(20, path.stat().st_size), os.SEEK_END)
        byte = file.read(1)[0]
        file.seek(-1, os.SEEK_CUR)
        file.write(bytes([byte ^ 64]))


DAMAGE: dict[str, tuple[str, Callable[[Path], None]]] = {  # what, where, how
    "crops cut": ("cache/crops_*.npy", cut),
    "run.json cut": ("runs/*/*/run.json", cut),
    "network cut": ("runs/*/*/model.safetensors", cut),
    "network changed": ("runs/*/*/model.safetensors", flip),
    "answers cut": ("runs/*/*/answers.safetensors", cut),
    "answers changed": ("runs/*/*/answers.safetensors", flip),
    "mark of the world cut": ("world/world.json", cut),
    "notebooks' marks cut": ("notebooks.json", cut),
    "scores cut": ("runs/*/*/scores.safetensors", cut),
    "scores changed": ("runs/*/*/scores.safetensors", flip),
    "executed notebook cut": ("notebooks/*.ipynb", cut),
    "table cut": ("tables/[!t]*.csv", cut),  # not times.csv, which each call writes
}
NOTICED = ("notebooks' marks cut", "executed notebook cut", "table cut")  # by run_all.sh, the others by the notebooks


class Faults:
    """Runs of one command, and the table of what became of them, which is written to `table`."""

    def __init__(self, command: list[str], out: Path, seed: int, table: Path):
        self.command, self.out, self.random, self.rows, self.table = command, out, random.Random(seed), [], table
        git = ["git", "-C", str(ROOT), "rev-parse", "--short", "HEAD"]
        self.commit = subprocess.run(git, capture_output=True, text=True).stdout.strip()
        self.fresh()
        begin = time.monotonic()
        code, sentence = call(command)
        if code:
            raise SystemExit(f"faults: the undisturbed run ends with {code}: {sentence}")
        self.seconds, self.expected = time.monotonic() - begin, read_tables(out)

    def fresh(self) -> None:
        if self.out.exists():
            shutil.rmtree(self.out)

    def note(self, fault: str, moment: str, code: int | str, sentence: str, again: bool = True) -> None:
        """Call the command again and add a row. Without `again` the fault could not be tried, and `sentence` says why."""
        following = call(self.command)[0] if again else ""
        same = ("yes" if read_tables(self.out) == self.expected else "NO") if again else ""
        self.rows.append(dict(zip(COLUMNS, (fault, moment, sentence, code, following, same, self.commit), strict=True)))
        with open(self.table, "w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, COLUMNS)
            writer.writeheader()
            writer.writerows(self.rows)
        print("  ".join(str(value) for value in self.rows[-1].values()), flush=True)

    def killed(self, number: signal.Signals) -> None:
        self.fresh()
        share = self.random.random()
        code, sentence = call(self.command, (number, share * self.seconds))
        sentence = sentence if code else "ended before the signal"
        self.note(number.name, f"{share:.2f}", code, sentence)

    def damaged(self, fault: str) -> None:
        """Damage one file of a finished run, and have the notebooks read it again."""
        pattern, how = DAMAGE[fault]
        paths = sorted(self.out.glob(pattern))
        if not paths:
            return self.note(fault, "end", "", f"not tried: no {pattern}", again=False)
        how(self.random.choice(paths))
        if fault not in NOTICED:
            (self.out / "notebooks.json").unlink(missing_ok=True)
        code, sentence = call(self.command)
        self.note(fault, "end", code, sentence)

    def foreign_network(self) -> None:
        """Put the network of one method in the place of another's, and have all notebooks run again."""
        paths = sorted(self.out.glob("runs/category_attribute/*/model.safetensors"))
        if len(paths) < 2:
            return self.note("network of another run", "end", "", "not tried: fewer than two networks", again=False)
        shutil.copyfile(paths[0], paths[-1])
        (self.out / "notebooks.json").unlink(missing_ok=True)
        code, sentence = call(self.command)
        self.note("network of another run", "end", code, sentence)

    def clock_set_back(self) -> None:
        """Date every file of a finished run one day into the future, and have all notebooks run again."""
        (self.out / "notebooks.json").unlink(missing_ok=True)
        tomorrow = time.time() + 86_400
        for path in self.out.rglob("*"):
            os.utime(path, (tomorrow, tomorrow))
        code, sentence = call(self.command)
        self.note("clock set back by a day", "end", code, sentence)

    def no_home(self) -> None:
        """Run without a home folder, and with one whose kernel python3 is broken."""
        self.fresh()
        code, sentence = call(self.command, HOME="/dev/null")
        self.note("no home folder", "", code, sentence)
        with tempfile.TemporaryDirectory() as home:
            kernel = Path(home) / ".local" / "share" / "jupyter" / "kernels" / "python3" / "kernel.json"
            kernel.parent.mkdir(parents=True)
            kernel.write_text('{"argv": ["false"], "display_name": "broken", "language": "python"}')
            (self.out / "notebooks.json").unlink(missing_ok=True)
            code, sentence = call(self.command, HOME=home)
        self.note("the user's kernel is broken", "end", code, sentence)

    def little_memory(self, gigabytes: float) -> None:
        self.fresh()
        limited = ["sh", "-c", f'ulimit -v {round(gigabytes * 1e6)}; exec "$@"', "sh", *self.command]
        code, sentence = call(limited)
        self.note(f"{gigabytes:g} GB of address space", "", code, sentence)

    def damaged_checkpoint(self) -> None:
        self.fresh()
        for share in (0.3, 0.5, 0.7):  # a deadline that falls into a training leaves a checkpoint
            call(self.command, DEEPFASHION_DEADLINE=str(time.time() + share * self.seconds))
            if paths := sorted(self.out.glob("runs/*/*/checkpoint.safetensors")):
                cut(paths[0])
                code, sentence = call(self.command)
                return self.note("checkpoint cut", f"{share:.2f}", code, sentence)
        self.note("checkpoint cut", "", "", "not tried: no deadline fell into a training", again=False)

    def full_disk(self, megabytes: int) -> None:
        fault = f"disk of {megabytes} MB"
        self.fresh()
        self.out.mkdir(parents=True)
        mount = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", str(self.out)]
        if shutil.which("mount") is None or subprocess.run(mount, capture_output=True).returncode:
            return self.note(fault, "", "", "not tried: no tmpfs can be mounted here", again=False)
        try:
            code, sentence = call(self.command)
        finally:
            subprocess.run(["umount", str(self.out)], check=True)
        self.note(fault, "", code, sentence)

    def read_only(self) -> None:
        if os.geteuid() == 0:
            return self.note("outputs read-only", "", "", "not tried: root may write everywhere", again=False)
        self.fresh()
        self.out.mkdir(parents=True)
        self.out.chmod(0o555)
        try:
            code, sentence = call(self.command)
        finally:
            self.out.chmod(0o755)
        self.note("outputs read-only", "", code, sentence)


def survey(
    command: list[str], out: Path, kills: int, table: Path, seed: int = 0, only: Sequence[str] = ()
) -> list[dict]:
    """Try all faults on a command that writes to `out`, or those with one of the words `only` in their names; return the rows
    of the table."""
    faults = Faults(command, out, seed, table)
    tries: dict[str, Callable[[], None]] = {name: partial(faults.damaged, name) for name in DAMAGE}
    tries |= {"network of another run": faults.foreign_network, "clock set back": faults.clock_set_back}
    tries["checkpoint cut"] = faults.damaged_checkpoint
    tries |= {f"disk of {megabytes} MB": partial(faults.full_disk, megabytes) for megabytes in (1, 8, 40)}
    tries |= {"outputs read-only": faults.read_only, "memory": partial(faults.little_memory, 2), "home": faults.no_home}
    signals = [SIGNALS[i % len(SIGNALS)] for i in range(kills)]
    tries |= {f"{number.name}, {i}": partial(faults.killed, number) for i, number in enumerate(signals)}
    for name, attempt in tries.items():
        if not only or any(word in name for word in only):
            attempt()
    return faults.rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--kills", type=int, default=20, help="runs that are killed, each at a random moment")
    parser.add_argument("--seed", type=int, default=0, help="of the moments")
    parser.add_argument("--only", nargs="*", default=(), help="words in the names of faults")
    parser.add_argument("--out", type=Path, required=True, help="table to write")
    args = parser.parse_args()
    args.out.parent.mkdir(parents=True, exist_ok=True)
    for number in (signal.SIGHUP, signal.SIGINT):  # nohup and `&` have them ignored, also by all that is started here
        signal.signal(number, signal.SIG_DFL)
    rows = survey(COMMAND, ROOT / "outputs" / "smoke", args.kills, args.out, args.seed, args.only)
    tried = [row for row in rows if row["same tables"]]
    print(f"{sum(row['same tables'] == 'yes' for row in tried)} of {len(tried)} faults survived: {args.out}")


if __name__ == "__main__":
    main()
