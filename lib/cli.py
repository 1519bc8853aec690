"""What ./run_all.sh does: make the environment, run the notebooks in order, say what was made.

Only the standard library is imported at the top: this file runs on a bare Python before anything is installed, finds or
makes an environment that satisfies requirements.txt, and starts itself again inside it.
"""

import argparse
import ast
import csv
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from importlib import metadata
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PROFILES = ("smoke", "demo", "photos", "paper")
LOG = ROOT / "outputs" / "setup.log"
TIMES = "times.csv"  # this command's own table
INSIDE = "DEEPFASHION_ENVIRONMENT"  # set to this checkout for the second start, so that it cannot go round
# What pip, venv or conda say when they fail, and what helps.
CURES = {
    "No space left on device": "the disk is full; free about 6 GB and start again",
    "ensurepip is not|No module named '?(venv|ensurepip)": "this Python lacks its venv module; install your system's"
    " package python3-venv and start again",
    "Temporary failure in name resolution|Failed to establish|ConnectTimeout|ReadTimeout|Network is unreachable"
    "|Connection refused|CONNECTION FAILED|No matching distribution found for setuptools": "the package index cannot be"
    " reached; connect and start again",
    "No matching distribution found": "a pinned package is not to be had for this Python or system; try Python 3.12",
}


class Stop(Exception):
    """Ends the command with one sentence and an exit code: 2 for a wrong call, 1 for what failed."""

    def __init__(self, sentence: str, code: int = 1):
        super().__init__(sentence)
        self.code = code


# ---- the command line -----------------------------------------------------------------------------------------------


class Parser(argparse.ArgumentParser):
    def error(self, message: str):
        raise Stop(f"{message}; see ./run_all.sh --help", 2)


def parse(arguments: list[str]) -> argparse.Namespace:
    """The options, with `data` and `weights` absolute paths or "", `notebooks` to run and `out`, the folder of the
    outputs. Raises Stop (exit code 2) for a wrong call."""
    parser = Parser(
        prog="./run_all.sh",
        description="Run the notebooks in order and leave tables and figures under outputs/.",
        epilog="Without options: the demo profile on the synthetic clothes world, about half an hour on two CPU cores."
        " Run it again to go on where it was stopped.",
        allow_abbrev=False,
    )
    parser.add_argument("--profile", choices=PROFILES, help="size of the run (default: demo; photos with --data)")
    parser.add_argument("--data", metavar="DIR", default="", help="the real DeepFashion, or any set in its layout")
    parser.add_argument("--weights", metavar="FILE", default="", help="VGG-16 as .safetensors, torchvision's names")
    parser.add_argument("--only", metavar="NN", help="run one notebook, by its number")
    parser.add_argument("--fresh", action="store_true", help="delete the outputs of this profile and data set first")
    parser.add_argument("--test", action="store_true", help="set up and run the tests instead")
    args, rest = parser.parse_known_args(arguments)
    if rest:
        parser.error(f"unknown option {rest[0]}")
    if args.test and len(arguments) > 1:
        parser.error("--test takes no other option")
    args.profile = args.profile or ("photos" if args.data else "demo")
    if args.fresh and args.only:
        parser.error("--fresh deletes what the other notebooks made, so it cannot stand beside --only")
    for name, kind, is_there in (("data", "folder", Path.is_dir), ("weights", "file", Path.is_file)):
        if value := getattr(args, name):
            path = Path(value).expanduser().resolve()
            if not is_there(path):
                parser.error(f"--{name} {value}: there is no such {kind}")
            setattr(args, name, str(path))
    if args.weights and args.profile in ("smoke", "demo"):
        parser.error(
            f"--weights: the {args.profile} profile's network is narrower than VGG-16 and cannot start from it"
        )
    args.notebooks = notebooks(args.only)
    args.out = ROOT / "outputs" / output_name(args.profile, args.data)
    return args


def notebooks(only: str | None) -> list[Path]:
    """The numbered notebooks in order, or the one with that number."""
    found = sorted((ROOT / "notebooks").glob("[0-9][0-9]_*.ipynb"))
    chosen = [path for path in found if only is None or path.name.startswith(f"{only:0>2}_")]
    if not chosen:
        raise Stop(f"--only {only}: there are {', '.join(path.stem for path in found)}", 2)
    return chosen


def output_name(profile: str, data: str) -> str:
    """The folder under outputs/: the profile's name for the synthetic world; real_fine or real_coarse for a data set
    given by --data, after the annotation that it has, with the profile's name behind it unless it is photos."""
    if not data:
        return profile
    folders = [Path(data), Path(data) / "Category and Attribute Prediction Benchmark"]
    coarse = any((folder / name).is_dir() for folder in folders for name in ("Anno_coarse", "Anno"))
    fine = any((folder / "Anno_fine").is_dir() for folder in folders)
    name = "real_fine" if fine and not coarse else "real_coarse"
    return name if profile == "photos" else f"{name}_{profile}"


# ---- the environment ------------------------------------------------------------------------------------------------


def pins() -> dict[str, str]:
    """Package to version, from requirements.txt."""
    lines = [line.split("#")[0].strip() for line in (ROOT / "requirements.txt").read_text().splitlines()]
    return dict(line.split("==") for line in lines if "==" in line)


def unsatisfied(packages: list[str]) -> list[str]:
    """What the packages in these folders (a Python's sys.path) lack of the pins and of `lib` from this checkout."""
    out = []
    for name, version in pins().items():
        found = next(iter(metadata.distributions(name=name, path=packages)), None)
        if found is None or found.files is None:  # no list of files: pip was stopped while it unpacked this package
            out.append(f"no {name}")
        elif found.version.split("+")[0] != version:  # torch 2.11.0+cpu is torch 2.11.0
            out.append(f"{name} {found.version} instead of {version}")
    ours = next(iter(metadata.distributions(name="deepfashion-replication", path=packages)), None)
    origin = json.loads((ours and ours.read_text("direct_url.json")) or "{}")
    if origin.get("url") != ROOT.as_uri() or not origin.get("dir_info", {}).get("editable"):
        out.append("lib is not installed from this folder")
    return out


def stamp() -> str:
    """Stands in an environment whose installation has ended; changes when that must be done again."""
    files = (ROOT / "requirements.txt", ROOT / "environment.yml", ROOT / "pyproject.toml")
    return hashlib.sha256(b"".join(path.read_bytes() for path in files)).hexdigest()


def runs(python: Path) -> bool:
    """Whether that Python starts: the one that it was made from may be gone."""
    return python.exists() and subprocess.run([python, "-c", ""], capture_output=True).returncode == 0


def complete(folder: Path) -> bool:
    """Whether an environment holds all that it should. One without a stamp was made by hand."""
    mark = folder / "deepfashion_stamp"
    if not runs(folder / "bin" / "python") or (mark.exists() and mark.read_text() != stamp()):
        return False
    return not unsatisfied([str(path) for path in folder.glob("lib/python3*/site-packages")])


def find_environment() -> str:
    """A Python that satisfies the pins: the running one, else that of .conda or .venv, one of which is made if need be.
    Raises Stop where that fails."""
    if not unsatisfied(sys.path):
        return sys.executable
    for name in (".conda", ".venv"):
        if complete(ROOT / name):
            return str(ROOT / name / "bin" / "python")
    LOG.parent.mkdir(exist_ok=True)
    LOG.unlink(missing_ok=True)
    if conda := next(filter(None, map(shutil.which, ("mamba", "conda", "micromamba"))), None):
        try:
            return make_environment(ROOT / ".conda", [conda, "env", "create", "-f", "environment.yml", "-p"])
        except Stop as stop:
            print(f"{stop}. Trying without {Path(conda).name}.", flush=True)
            shutil.rmtree(ROOT / ".conda", ignore_errors=True)
    return make_environment(ROOT / ".venv", [sys.executable, "-m", "venv"])


def make_environment(folder: Path, create: list[str]) -> str:
    """Bring the environment in `folder` up to date, or make it with the command `create`. Returns its Python."""
    python, mark = folder / "bin" / "python", folder / "deepfashion_stamp"
    update = mark.exists() and runs(python)
    print(f"Environment: {'updating' if update else 'making'} {folder.name} (6 GB, some minutes, once)", flush=True)
    mark.unlink(missing_ok=True)
    if not update:
        if folder.exists():  # an installation that was stopped may hold half a package: start anew
            shutil.rmtree(folder)
        install("Python", [*create, str(folder)])
    install("packages", [str(python), "-m", "pip", "install", "--no-input", "-r", "requirements.txt"])
    mark.write_text(stamp())
    return str(python)


def install(what: str, command: list[str]) -> None:
    """Run a command that installs. What it says goes to outputs/setup.log, its last line is shown. Raises Stop with the
    likely reason and its cure."""
    # No questions; and a user's own packages and settings must neither hide in the environment nor be changed.
    yes = {"CONDA_ALWAYS_YES": "true", "MAMBA_ALWAYS_YES": "true", "PIP_USER": "0", "PYTHONNOUSERSITE": "1"}
    said = []
    with LOG.open("a") as file, Progress(f"Environment: {what}") as progress:
        print("$", *command, file=file, flush=True)
        with subprocess.Popen(
            command, cwd=ROOT, env=os.environ | yes, text=True, errors="replace",
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        ) as process:  # fmt: skip
            for line in process.stdout:
                said.append(line)
                file.write(line)
                progress.write(line)
        if process.returncode:
            cure = next((cure for sign, cure in CURES.items() if re.search(sign, "".join(said))), "see its end")
            raise Stop(f"the environment could not be made: {cure} (log: outputs/setup.log)")


# ---- tests ----------------------------------------------------------------------------------------------------------


def run_tests() -> None:
    """ruff, the tests, and the notebooks against their stored outputs; stops at the first that fails."""
    for folder in ("runs", "cache"):  # the notebooks train anew: their stored outputs must come from this code
        shutil.rmtree(ROOT / "outputs" / "smoke" / folder, ignore_errors=True)
    commands = (
        "ruff check .",
        "ruff format --check .",
        "pytest tests",
        "pytest --nbval --nbval-current-env --nbval-cell-timeout 900 notebooks",
    )
    for command in commands:
        print(f"== {command}", flush=True)
        start = time.monotonic()
        code = subprocess.run([sys.executable, "-m", *command.split()], cwd=ROOT).returncode
        if code:
            raise Stop(f"{command} failed", code)
        print(f"== {command}: passed in {clock(time.monotonic() - start)}", flush=True)


# ---- notebooks ------------------------------------------------------------------------------------------------------


def run_notebooks(paths: list[Path], out: Path, values: dict[str, str], again: bool = True) -> None:
    """Run each notebook with the parameters `values`; executed copies go to <out>/notebooks. Ends with a summary. Without
    `again`, notebooks from the first on that ran before and would do the same now are left as they are."""
    for path in paths:
        check_parameters(path, values)
    (out / "notebooks").mkdir(parents=True, exist_ok=True)
    start, rows, said = time.monotonic(), [], digest(out, values)
    with tempfile.TemporaryDirectory() as kernels:
        register_kernel(Path(kernels))
        for number, path in enumerate(paths, 1):
            label, begin, now = f"[{number}/{len(paths)}] {path.stem}", time.monotonic(), time.time()
            said = hashlib.sha256(f"{said} {sources(path)}".encode()).hexdigest()  # and of all that ran before it
            target = out / "notebooks" / path.name
            if not again and is_done(target, said, out):
                print(f"{label}: was done", flush=True)
                continue
            with Progress(label) as progress:
                lacks = run_notebook(path, target, values, progress)
            took = time.monotonic() - begin
            figures = made(out, "figures/*.png", now)
            tables = [path for path in made(out, "tables/*.csv", now) if path.name != TIMES]
            if lacks:
                print(f"{label}: skipped: {lacks}", flush=True)
            else:
                mark(target, said, [*figures, *tables])
                note_time(out, path.stem, took)
            rows.append((path.stem, took, len(figures), len(tables)))
    print(summary(rows, out, time.monotonic() - start), flush=True)


def sources(path: Path) -> str:
    """What a notebook's cells say, without their outputs."""
    return json.dumps([cell["source"] for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]])


def digest(out: Path, values: dict[str, str]) -> str:
    """Of what all notebooks depend on: the code, the parameters, the lists of a data set that was given."""
    parts = [json.dumps(values), str(out)]
    code = [p for p in sorted(Path(__file__).parent.iterdir()) if p.suffix in (".py", ".csv", ".safetensors")]
    parts += [hashlib.sha256(path.read_bytes()).hexdigest() for path in code]
    given = sorted(Path(values["data"]).rglob("*.txt")) if values.get("data") else []
    for path in [*given, *([Path(values["weights"])] if Path(values.get("weights") or "-").is_file() else [])]:
        parts.append(f"{path} {path.stat().st_size} {path.stat().st_mtime_ns}")
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def mark(target: Path, said: str, files: list[Path]) -> None:
    """Note what an executed notebook was made from and which files it wrote."""
    place = note_of(target)
    place.parent.mkdir(parents=True, exist_ok=True)
    part = place.with_suffix(".part")
    part.write_text(json.dumps({"digest": said, "files": [str(f.relative_to(target.parent.parent)) for f in files]}))
    os.replace(part, place)


def note_time(out: Path, notebook: str, seconds: float) -> None:
    """Put into tables/TIMES how long a notebook took, in the call that ended it."""
    path, times = out / "tables" / TIMES, {}
    if path.exists():
        with open(path, newline="") as file:
            times = {row["notebook"]: row["seconds"] for row in csv.DictReader(file)}
    times[notebook] = f"{seconds:.1f}"
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    with open(part, "w", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([("notebook", "seconds"), *sorted(times.items())])
    os.replace(part, path)


def note_of(target: Path) -> Path:
    return target.parent.parent / "cache" / f"{target.stem}.done"


def is_done(target: Path, said: str, out: Path) -> bool:
    """Whether an executed notebook was made from the same, and all that it wrote is still there."""
    try:
        note = json.loads(note_of(target).read_text())
        return target.exists() and note["digest"] == said and all((out / name).exists() for name in note["files"])
    except (OSError, ValueError, KeyError):
        return False


def check_parameters(path: Path, values: dict[str, str]) -> None:
    """Stop where the notebook's cell tagged `parameters` lacks a name of `values`, of which papermill only warns."""
    try:
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        source = ["".join(c["source"]) for c in cells if "parameters" in c["metadata"].get("tags", [])]
        assigned = {target.id for node in ast.parse(source[0]).body for target in node.targets} if source else set()
    except (ValueError, KeyError, AttributeError, SyntaxError) as error:
        raise Stop(f"{path}: not a notebook with plain parameters ({error}); restore it") from None
    if absent := [name for name in values if name not in assigned]:
        raise Stop(f"{path}: no parameter {', '.join(absent)} in its cell tagged parameters; add it there")


def register_kernel(folder: Path) -> None:
    """Make this very Python the kernel `python3`, whatever other environments have registered by that name."""
    from ipykernel.kernelspec import get_kernel_dict

    argv = [sys.executable, "-P", "-m", "ipykernel_launcher", "--log-level=CRITICAL", "-f", "{connection_file}"]
    # Neither the user's way of drawing nor the size of the terminal may change what a notebook shows.
    env = {"MPLBACKEND": "module://matplotlib_inline.backend_inline", "TQDM_NCOLS": "80", "TQDM_NROWS": "20"}
    spec = get_kernel_dict() | {"argv": argv, "env": env}
    (folder / "kernels" / "python3").mkdir(parents=True)
    (folder / "kernels" / "python3" / "kernel.json").write_text(json.dumps(spec))
    os.environ["JUPYTER_PATH"] = str(folder)  # searched before all others


def run_notebook(path: Path, target: Path, values: dict[str, str], progress) -> str:
    """Run one notebook in its own folder; the executed copy takes its place only when all cells have passed. Returns ""
    or, where the notebook found that the data set lacks what it is about (`lib.data.Lacks`), a sentence that says so."""
    import papermill

    part, failure = target.with_suffix(".part.ipynb"), []

    def execute():
        try:
            papermill.execute_notebook(
                path, part, values, cwd=path.parent, kernel_name="python3", progress_bar=False,
                stdout_file=progress, stderr_file=progress, coalesce_streams=True,
            )  # fmt: skip
        except BaseException as error:
            failure.append(error)

    # Not in the main thread, where papermill's client would take Ctrl-C for itself and report a dead kernel.
    thread = threading.Thread(target=execute, daemon=True)
    thread.start()
    thread.join()
    if failure and getattr(failure[0], "ename", "") == "Lacks":
        part.unlink(missing_ok=True)
        target.unlink(missing_ok=True)  # of an earlier run on other data
        return reason(failure[0])
    if failure:
        raise Stop(f"{path.stem} failed: {reason(failure[0])}\nThe notebook as far as it came: {shown(part)}") from None
    notebook = json.loads(part.read_text(encoding="utf-8"))
    for holder in (notebook, *notebook["cells"]):  # papermill's notes: times, and paths of this machine
        for note in ("papermill", "execution"):
            holder["metadata"].pop(note, None)
    part.write_text(json.dumps(notebook, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    os.replace(part, target)
    return ""


def reason(error: BaseException) -> str:
    """What stopped a notebook, in one line."""
    if type(error).__name__ == "DeadKernelError":
        return "its Python died, most often for want of memory"
    name, text = getattr(error, "ename", type(error).__name__), getattr(error, "evalue", str(error))
    first = next(iter(text.strip().splitlines()), "")
    return first if name in ("DataError", "Lacks") else f"{name}: {first} (cell {getattr(error, 'exec_count', '?')})"


class Progress:
    """What a notebook or an installer writes, as one live line: its label, the time so far and the last line written.
    On a terminal that line is redrawn each second; in a log file a new one appears each minute."""

    REDRAW = "\r\x1b[K"  # back to the line's start, and clear it

    def __init__(self, label: str, every: float | None = None):
        self.label, self.text, self.live = label, "", sys.stdout.isatty()
        self.every = every or (1 if self.live else 60)
        self.start, self.ended = time.monotonic(), threading.Event()
        self.thread = threading.Thread(target=self._draw, daemon=True)

    def write(self, text: str) -> None:
        lines = re.split(r"[\r\n]", re.sub(r"\x1b\[[0-9;]*[A-Za-z]", "", text))
        self.text = next((line.strip() for line in reversed(lines) if line.strip()), self.text)

    def flush(self) -> None:
        pass

    def _draw(self) -> None:
        while not self.ended.wait(self.every):
            line = f"{self.label} {clock(time.monotonic() - self.start)}  {self.text}"
            width = shutil.get_terminal_size((110, 24)).columns - 1
            print(self.REDRAW + line[:width] if self.live else line[:150], end="" if self.live else "\n", flush=True)

    def __enter__(self):
        print(f"{self.label} ...", end="" if self.live else "\n", flush=True)
        self.thread.start()
        return self

    def __exit__(self, error, *_):
        self.ended.set()
        self.thread.join()
        line = f"{self.label}: {'stopped' if error else 'done'} after {clock(time.monotonic() - self.start)}"
        print(self.REDRAW + line if self.live else line, flush=True)


def made(out: Path, pattern: str, since: float) -> list[Path]:
    """The files that were written since that time."""
    return [
        path for path in out.glob(pattern) if path.stat().st_mtime >= since - 0.01
    ]  # file clocks are a little coarse


def summary(rows: list[tuple[str, float, int, int]], out: Path, seconds: float) -> str:
    """What was made, where, and how long each notebook took."""
    lines = ["", f"{'notebook':24s} {'time':>12s} {'figures':>8s} {'tables':>8s}"]
    lines += [f"{name:24s} {clock(took):>12s} {figures:8d} {tables:8d}" for name, took, figures, tables in rows]
    figures, tables = sum(row[2] for row in rows), sum(row[3] for row in rows)
    lines += [f"{'all':24s} {clock(seconds):>12s} {figures:8d} {tables:8d}", ""]
    python = shown(Path(sys.executable))
    lines += [f"They lie in {shown(out)}: figures, tables and the executed notebooks. To open these:"]
    return "\n".join([*lines, f"  {python} -m jupyter lab {shown(out / 'notebooks')}"])


def shown(path: Path) -> str:
    """A path as a person at the project's folder would type it."""
    text = str(path.relative_to(ROOT) if path.is_relative_to(ROOT) else path)
    return f'"{text}"' if " " in text else text


def clock(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds // 60:.0f} min {seconds % 60:02.0f} s"


def clear(out: Path) -> None:
    """Delete a folder of outputs; one that does not lie in this project's outputs/ is refused."""
    if out.resolve().parent != (ROOT / "outputs").resolve():
        raise Stop(f"--fresh: {out} leads out of the project's outputs folder; delete it yourself")
    if out.exists():
        shutil.rmtree(out)


def main(arguments: list[str]) -> None:
    args = parse(arguments)
    if os.environ.pop(INSIDE, None) != str(ROOT):
        python = find_environment()
        if python != sys.executable:
            os.environ.pop("PYTHONPATH", None)
            os.environ |= {"PYTHONNOUSERSITE": "1", INSIDE: str(ROOT)}
            os.execv(python, [python, "-P", __file__, *arguments])
    elif lacks := unsatisfied(sys.path):
        raise Stop(f"{sys.prefix} is not as requirements.txt says: {lacks[0]}; delete it and start again")
    os.environ.pop("MPLBACKEND", None)  # figures must come out the same whatever the user draws with
    if args.test:
        return run_tests()
    if args.fresh:
        clear(args.out)
    # Notebooks find outputs/<profile> themselves: so their executed copies name no folder of this machine.
    out = str(args.out) if args.data else ""
    values = {"profile": args.profile, "data": args.data, "weights": args.weights, "out": out}
    run_notebooks(args.notebooks, args.out, values, again=bool(args.only))


def exit_code(run) -> int:
    """Call `run`; whatever stops it becomes one sentence on stderr and an exit code."""
    try:
        run()
        code, said = 0, ""
    except Stop as stop:
        code, said = stop.code, f"run_all.sh: {stop}"
    except KeyboardInterrupt:
        code, said = 130, "\nrun_all.sh: stopped; the same command goes on from there"
    except OSError as error:
        code, said = 1, f"run_all.sh: {error.filename or 'a file'}: {error.strerror or error}"
    if said:
        print(said, file=sys.stderr, flush=True)
    return code


if __name__ == "__main__":
    sys.stdout.reconfigure(errors="replace")  # not every terminal has the blocks of a progress bar
    # At once, whatever a notebook's thread is doing; its kernel ends when this process has.
    os._exit(exit_code(lambda: main(sys.argv[1:])))
