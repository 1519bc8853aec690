"""What ./run_all.sh does: make the environment, run the notebooks in order, say what was made.

Only the standard library is imported at the top: this file runs on a bare Python before anything is installed, finds or
makes an environment that satisfies requirements.txt, and starts itself again inside it.
"""

import argparse
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import time
from importlib import metadata
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PROFILES = ("smoke", "demo", "paper")
INSIDE = "DEEPFASHION_ENVIRONMENT_READY"  # set for the second start, so that it cannot go round


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
    parser = Parser(
        prog="./run_all.sh",
        description="Run the notebooks in order and leave tables and figures under outputs/.",
        epilog="Without options: the demo profile on the synthetic clothes world, about half an hour on two CPU cores.",
        allow_abbrev=False,
    )
    parser.add_argument("--profile", choices=PROFILES, default="demo", help="size of the run (default: demo)")
    parser.add_argument("--data", metavar="DIR", help="folder of the real DeepFashion, or of any set in its layout")
    parser.add_argument("--weights", metavar="FILE", help="VGG-16 weights (.safetensors with torchvision's names)")
    parser.add_argument("--only", metavar="NN", help="run one notebook, by its number")
    parser.add_argument("--fresh", action="store_true", help="delete the results of this profile first")
    parser.add_argument("--test", action="store_true", help="set up and run the tests instead")
    args = parser.parse_args(arguments)
    for name in ("data", "weights"):
        value = getattr(args, name)
        if value is not None:
            path = Path(value).expanduser().resolve()
            if not (path.is_dir() if name == "data" else path.is_file()):
                raise Stop(f"--{name} {value}: there is no such {'folder' if name == 'data' else 'file'}", 2)
            setattr(args, name, str(path))
    args.notebooks = notebooks(args.only)
    args.out = ROOT / "outputs" / output_name(args.profile, args.data)
    return args


def notebooks(only: str | None) -> list[Path]:
    """The numbered notebooks in order, or the one with that number."""
    found = sorted((ROOT / "notebooks").glob("[0-9][0-9]_*.ipynb"))
    if only is None:
        return found
    chosen = [path for path in found if path.name.startswith(f"{only:0>2}_")]
    if not chosen:
        raise Stop(f"--only {only}: there are {', '.join(path.name[:2] for path in found)}", 2)
    return chosen


def output_name(profile: str, data: str | None) -> str:
    """The folder under outputs/: the profile's name for the synthetic world; real_fine or real_coarse for a data set
    given by --data, after the annotation that it has, with the profile's name behind it unless it is demo."""
    if data is None:
        return profile
    folders = [Path(data), Path(data) / "Category and Attribute Prediction Benchmark"]
    coarse = any((folder / name).is_dir() for folder in folders for name in ("Anno_coarse", "Anno"))
    fine = any((folder / "Anno_fine").is_dir() for folder in folders)
    name = "real_fine" if fine and not coarse else "real_coarse"
    return name if profile == "demo" else f"{name}_{profile}"


# ---- the environment ------------------------------------------------------------------------------------------------


def pins() -> dict[str, str]:
    """Package to version, from requirements.txt."""
    lines = (ROOT / "requirements.txt").read_text().splitlines()
    return dict(line.split("#")[0].strip().split("==") for line in lines if "==" in line.split("#")[0])


def unsatisfied() -> list[str]:
    """What the running Python lacks of the pins, and whether it imports `lib` from this checkout."""
    out = []
    for package, version in pins().items():
        try:
            if metadata.version(package).split("+")[0] != version:
                out.append(f"{package} {metadata.version(package)} instead of {version}")
        except metadata.PackageNotFoundError:
            out.append(f"no {package}")
    where = subprocess.run(
        [sys.executable, "-c", "import lib; print(lib.__file__)"], capture_output=True, text=True, cwd="/"
    )
    if Path(where.stdout.strip() or "/").resolve() != ROOT / "lib" / "__init__.py":
        out.append("`lib` is not installed from this checkout")
    return out


def stamp() -> str:
    """Changes when the environment must be made again."""
    files = (ROOT / "requirements.txt", ROOT / "environment.yml", ROOT / "pyproject.toml")
    return hashlib.sha256(b"".join(path.read_bytes() for path in files) + str(ROOT).encode()).hexdigest()


def make_environment() -> str:
    """The path of a Python that satisfies the pins: the running one, else one made by conda, else .venv."""
    if not unsatisfied():
        return sys.executable
    conda = next((shutil.which(name) for name in ("mamba", "conda", "micromamba") if shutil.which(name)), None)
    folder = ROOT / (".conda" if conda else ".venv")
    python = folder / ("python.exe" if conda else "Scripts/python.exe") if os.name == "nt" else folder / "bin" / "python"
    mark = folder / "deepfashion_stamp"
    if python.exists() and mark.exists() and mark.read_text() == stamp():
        return str(python)
    log = ROOT / "outputs" / "setup.log"
    log.parent.mkdir(exist_ok=True)
    print(f"making the environment in {folder.name}/ (a few minutes and about 5 GB, once) ...", flush=True)
    start = time.perf_counter()
    mark.unlink(missing_ok=True)
    if conda:
        verb = "update" if python.exists() else "create"
        install(log, [conda, "env", verb, "-y", "-p", str(folder), "-f", str(ROOT / "environment.yml")])
    else:
        if not python.exists():
            install(log, [sys.executable, "-m", "venv", "--clear", str(folder)])
        install(log, [str(python), "-m", "pip", "install", "-r", str(ROOT / "requirements.txt")])
    mark.write_text(stamp())
    print(f"environment ready after {time.perf_counter() - start:.0f} s", flush=True)
    return str(python)


def install(log: Path, command: list[str]) -> None:
    with log.open("a") as file:
        print("$", *command, file=file, flush=True)
        done = subprocess.run(command, stdout=file, stderr=subprocess.STDOUT, cwd=ROOT)
    if done.returncode == 0:
        return
    tail = log.read_text(errors="replace")[-4000:]
    reasons = {
        "No space left on device": "the disk is full: free about 6 GB",
        "ensurepip is not available": "Python's venv module is incomplete: install your system's python3-venv package",
        "No module named venv": "Python has no venv module: install your system's python3-venv package",
        "No matching distribution": "a pinned package is not to be had for this Python or system",
    }
    reason = next((cure for sign, cure in reasons.items() if sign in tail), "see the end of the log")
    raise Stop(f"the environment could not be made: {reason} ({log.relative_to(ROOT)}), then start again")


# ---- tests ----------------------------------------------------------------------------------------------------------


def run_tests() -> None:
    """ruff, the tests, and the notebooks against their stored outputs; stops at the first that fails."""
    nbval = ["--nbval", "--nbval-current-env", "--nbval-cell-timeout", "900", "notebooks"]
    for name, command in {
        "ruff check": ["ruff", "check", "."],
        "ruff format": ["ruff", "format", "--check", "."],
        "pytest tests": ["pytest", "-q", "tests"],
        "pytest --nbval notebooks": ["pytest", "-q", *nbval],
    }.items():
        print(f"== {name}", flush=True)
        start = time.perf_counter()
        code = subprocess.run([sys.executable, "-m", *command], cwd=ROOT).returncode
        if code:
            raise Stop(f"{name} failed", code)
        print(f"== {name} passed in {time.perf_counter() - start:.0f} s", flush=True)


# ---- notebooks ------------------------------------------------------------------------------------------------------


def run_notebooks(args: argparse.Namespace) -> None:
    """Each notebook through papermill, into <out>/notebooks; then a summary."""
    out = args.out
    if args.fresh and out.exists():
        shutil.rmtree(out)
    (out / "notebooks").mkdir(parents=True, exist_ok=True)
    values = {"profile": args.profile, "data": args.data or "", "weights": args.weights or "", "out": str(out)}
    start, times = time.perf_counter(), {}
    for number, path in enumerate(args.notebooks, 1):
        print(f"[{number}/{len(args.notebooks)}] {path.stem}", flush=True)
        begin = time.perf_counter()
        run_notebook(path, out / "notebooks" / path.name, values)
        times[path.stem] = time.perf_counter() - begin
        print(f"[{number}/{len(args.notebooks)}] {path.stem} done in {times[path.stem]:.0f} s", flush=True)
    print(summary(out, times, time.perf_counter() - start), flush=True)


def run_notebook(path: Path, target: Path, values: dict[str, str]) -> None:
    """Run one notebook in its folder; its executed copy takes its place only when all cells passed."""
    import papermill

    known = papermill.inspect_notebook(str(path))
    unknown = [name for name in values if name not in known]
    if unknown:  # papermill itself would only warn
        raise Stop(f"{path.name} has no parameter {', '.join(unknown)} in its cell tagged parameters")
    part = target.with_name(target.stem + ".part.ipynb")
    # The kernel is this very Python, whatever kernel another environment has registered as python3.
    os.environ["JUPYTER_PREFER_ENV_PATH"] = "1"
    try:
        papermill.execute_notebook(
            str(path), str(part), values, cwd=str(path.parent), kernel_name="python3",
            progress_bar=False, stdout_file=Progress(sys.stdout), stderr_file=Progress(sys.stdout),
        )  # fmt: skip
    except papermill.exceptions.PapermillExecutionError as error:
        what = error.evalue if error.ename == "DataError" else f"{error.ename}: {error.evalue}"
        raise Stop(f"{path.stem}, cell {error.cell_index + 1}: {what.strip()} (all of it: {part})") from None
    os.replace(part, target)


class Progress:
    """A notebook's output as calm lines: of a progress bar that redraws itself, a line at most every ten seconds."""

    def __init__(self, stream, every: float = 10.0):
        self.stream, self.every, self.last, self.rest = stream, every, 0.0, ""

    def write(self, text: str) -> None:
        self.rest += re.sub(r"\x1b\[[0-9;]*[A-Za-z]", "", text)
        *lines, self.rest = re.split(r"[\r\n]", self.rest)
        bars = [line for line in lines if re.search(r"\d+%\|", line)]
        if bars and (time.monotonic() - self.last > self.every or "100%|" in bars[-1]):
            self.last = time.monotonic()
            print("      " + bars[-1].strip()[:150], file=self.stream, flush=True)

    def flush(self) -> None:
        self.stream.flush()


def summary(out: Path, times: dict[str, float], seconds: float) -> str:
    """What was made, where, and how long each notebook took."""
    lines = ["", "notebook                  seconds"]
    lines += [f"{name:24s} {took:8.0f}" for name, took in times.items()]
    lines += [f"{'all':24s} {seconds:8.0f}", ""]
    made = {"tables": "*.csv", "figures": "*.png", "notebooks": "*.ipynb"}
    where = out.relative_to(ROOT) if out.is_relative_to(ROOT) else out
    for folder, pattern in made.items():
        names = sorted(path.stem for path in (out / folder).glob(pattern) if not path.stem.endswith(".part"))
        lines.append(f"{where}/{folder}: {', '.join(names) or 'none'}")
    lines.append(f"open them with: jupyter lab {where}/notebooks")
    return "\n".join(lines)


def main(arguments: list[str]) -> None:
    args = parse(arguments)
    if os.environ.get(INSIDE) != str(ROOT):
        python = make_environment()
        os.environ[INSIDE] = str(ROOT)
        os.environ["PATH"] = str(Path(python).parent) + os.pathsep + os.environ["PATH"]
        sys.stdout.flush()
        done = subprocess.run([python, str(ROOT / "lib" / "cli.py"), *arguments])
        sys.exit(done.returncode)
    missing = unsatisfied()
    if missing:
        raise Stop(f"the environment is not as requirements.txt says ({missing[0]}): delete .venv or .conda, start again")
    run_tests() if args.test else run_notebooks(args)


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except Stop as stop:
        print(f"run_all.sh: {stop}", file=sys.stderr)
        sys.exit(stop.code)
    except KeyboardInterrupt:
        print("run_all.sh: stopped; start it again to go on", file=sys.stderr)
        sys.exit(130)
