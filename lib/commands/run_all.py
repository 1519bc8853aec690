"""Find or make the environment, run the notebooks in order and report what each one wrote: the code of run_all.sh.

This file starts on a bare Python, with the standard library alone, and again inside the environment that it finds or makes.
"""

import argparse
import ast
import hashlib
import importlib.util
import json
import os
import re
import runpy
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from importlib import metadata
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PROFILES = ("smoke", "demo", "study", "photos", "paper")
TRUNKS = ("efficientnet_lite0", "resnet50", "convnext_tiny", "vgg16")
LOG = ROOT / "outputs" / "setup.log"
TIMES, NOTES, SOURCE = "times.csv", "notebooks.json", "source.txt"  # what this command writes itself
INSIDE = "DEEPFASHION_ENVIRONMENT"  # set to this checkout for the second start, so that there is no third
DEADLINE = "DEEPFASHION_DEADLINE"  # unix seconds; the training in a notebook's kernel inherits it
MINUTES = "DEEPFASHION_MINUTES"  # the value of --minutes, for the sentence at the end
LIB = Path(__file__).parents[1]
locks_ = runpy.run_path(str(LIB / "locks.py"))  # a bare Python has no package lib
hold, deadline = locks_["hold"], locks_["deadline"]
progress_ = runpy.run_path(str(LIB / "commands" / "progress.py"))
Progress, clock = progress_["Progress"], progress_["clock"]
sources_ = runpy.run_path(str(LIB / "commands" / "sources.py"))
data_digest, code_digest, file_digest = (sources_[f"{what}_digest"] for what in ("data", "code", "file"))
# Messages of pip, venv and conda, and what helps.
CURES = {
    "No space left on device": "the disk is full; free about 6 GB and start again",
    "ensurepip is not|No module named '?(venv|ensurepip)": "this Python lacks its venv module; install python3-venv",
    "name resolution|Failed to establish|ConnectTimeout|ReadTimeout|Network is unreachable|Connection refused"
    "|CONNECTION FAILED|distribution found for setuptools": "the package index cannot be reached; connect and start again",
    "No matching distribution found": "a pinned package does not exist for this Python or system; try Python 3.12",
    "no-record-file|no RECORD file": "it holds half a package; delete it and start again",
}


class Stop(Exception):
    """End the command with one sentence and an exit code: 2 for a wrong call, 1 for a failure."""

    def __init__(self, sentence: str, code: int = 1):
        super().__init__(sentence)
        self.code = code


class Parser(argparse.ArgumentParser):
    def error(self, message: str):
        raise Stop(f"{message}; see ./run_all.sh --help", 2)


def parse(arguments: list[str]) -> argparse.Namespace:
    """Read the options; `data`, `check`, `weights` become absolute paths or "". Raises Stop (code 2) for a wrong call."""
    parser = Parser(
        prog="./run_all.sh",
        description="Run the notebooks in order; write tables, figures and executed notebooks to outputs/<profile>/.",
        epilog="Without options: the demo on the synthetic clothes world, about 20 minutes on two cores. A second call goes on.",
        allow_abbrev=False,
    )
    parser.add_argument("--profile", choices=PROFILES, help="size of the run (default: demo; with --data: photos)")
    parser.add_argument("--data", metavar="DIR", help="the real DeepFashion, or any data set in its layout")
    parser.add_argument("--trunk", metavar="NAME", choices=TRUNKS, help="with --data: resnet50, convnext_tiny, vgg16")
    parser.add_argument("--weights", metavar="FILE", help="ImageNet's, for --trunk or --profile paper")
    parser.add_argument("--only", metavar="NN", help="run one notebook, by its number, even if nothing changed")
    parser.add_argument("--minutes", metavar="N", type=float, help="stop at the first checkpoint after N minutes")
    parser.add_argument("--skip-damaged", action="store_true", help="go on without photos that cannot be read")
    parser.add_argument("--fresh", action="store_true", help="delete this profile's earlier outputs first")
    parser.add_argument("--check", metavar="DIR", help="inspect a data folder instead, before any training")
    parser.add_argument("--photo", metavar="FILE", nargs="...", help="describe a photo; --box, --catalogue")
    parser.add_argument("--test", action="store_true", help="run ruff, the tests and the notebooks' tests instead")
    if "--photo" in arguments:  # which takes all other options, wherever they are
        arguments = arguments[(place := arguments.index("--photo")) :] + arguments[:place]
    args, rest = parser.parse_known_args(arguments)
    others = (args.data, args.weights, args.only, args.minutes, args.skip_damaged or None, args.fresh or None)
    wrong = {
        f"unknown option {next(iter(rest), '') or repr('')}": rest,
        "--test takes no other option": args.test and len(arguments) > 1,
        "--check takes no other option than --profile or --trunk": args.check is not None and others != (None,) * 6,
        "--fresh deletes what the other notebooks wrote: it cannot be combined with --only": args.fresh and args.only is not None,
        "--skip-damaged is about the photos of --data": args.skip_damaged and args.data is None,
        "--trunk is about photos: it needs --data or --check, and no --profile": args.trunk and (args.profile or (args.data is None and args.check is None)),
        "--profile photos is about photos: it needs --data or --check": args.profile == "photos" and args.data is None and args.check is None,
        "--minutes: a number above 0": args.minutes is not None and not 0 < args.minutes < 1e6,
    }  # fmt: skip
    if sentence := next((sentence for sentence, holds in wrong.items() if holds), ""):
        parser.error(sentence)
    for name in ("data", "check", "weights"):
        value, kind = getattr(args, name), "file" if name == "weights" else "folder"
        path = Path(value or "").expanduser().resolve()
        if value is not None and not (value and (path.is_file() if kind == "file" else path.is_dir())):
            parser.error(f"--{name} {value}: no such {kind}" if value else f"--{name} is empty (an unset variable?)")
        setattr(args, name, str(path) if value else "")
    args.profile = args.profile or ("photos" if args.data or args.check else "demo") + (
        f"-{args.trunk}" if args.trunk else ""
    )
    if args.weights and args.profile != "paper" and args.trunk in (None, TRUNKS[0]):
        parser.error(f"--weights: the network of the {args.profile} profile has its own")
    args.notebooks = notebooks(args.only)
    # Results on the synthetic world and on real photos never share a folder.
    args.out = ROOT / "outputs" / (args.profile + ("_photos" if args.data and args.profile[:6] != "photos" else ""))
    return args


def notebooks(only: str | None) -> list[Path]:
    """Return the numbered notebooks in order, or the one with that number."""
    found = sorted((ROOT / "notebooks").glob("[0-9][0-9]_*.ipynb"))
    chosen = [path for path in found if only is None or (only and path.name.startswith(f"{only:0>2}_"))]
    if not chosen:
        raise Stop(f"--only {only}: the notebooks are {', '.join(path.stem for path in found)}", 2)
    return chosen


# ---- the environment ------------------------------------------------------------------------------------------------


def pins() -> dict[str, str]:
    """Return package -> version from requirements.txt."""
    lines = [line.split("#")[0].strip() for line in (ROOT / "requirements.txt").read_text().splitlines()]
    return dict(line.split("==") for line in lines if "==" in line)


def unsatisfied(packages: list[str]) -> list[str]:
    """List the pins that the packages in these folders (a Python's sys.path) do not meet; `lib` counts as one."""
    problems = []
    for name, version in pins().items():
        found = next(iter(metadata.distributions(name=name, path=packages)), None)
        if found is None or found.files is None:  # without a list of files: pip was stopped while it unpacked this one
            problems.append(f"no {name}")
        elif found.version.split("+")[0] != version:  # torch 2.11.0+cpu is torch 2.11.0
            problems.append(f"{name} {found.version} instead of {version}")
    project = next(iter(metadata.distributions(name="deepfashion-replication", path=packages)), None)
    origin = json.loads((project and project.read_text("direct_url.json")) or "{}")
    if origin.get("url") != ROOT.as_uri() or not origin.get("dir_info", {}).get("editable"):
        problems.append("lib is not installed from this folder")
    return problems


def find_environment() -> str:
    """Return a Python that satisfies the pins, in an environment that is made if there is none. Raises Stop."""
    if python := complete_environment() if unsatisfied(sys.path) else sys.executable:
        return python
    with hold(LOG.with_suffix(".lock"), "The environment is being made"):
        if python := complete_environment():  # made by the process that was waited for
            return python
        replace(LOG, "")
        if importlib.util.find_spec("ensurepip"):  # Debian and Ubuntu ship it as python3-venv
            return make_environment(ROOT / ".venv", [sys.executable, "-m", "venv"])
        if conda := next(filter(None, map(shutil.which, ("mamba", "conda", "micromamba"))), None):
            return make_environment(ROOT / ".conda", [conda, "env", "create", "-f", "environment.yml", "-p"])
    raise Stop("this Python lacks its venv module, and no conda was found; install python3-venv and start again")


def complete_environment() -> str:
    """Return the Python of .venv or .conda, where one of them satisfies the pins, else ""."""
    for folder in (ROOT / ".venv", ROOT / ".conda"):
        packages = [str(path) for path in folder.glob("lib/python3*/site-packages")]
        if (folder / "bin" / "python").exists() and not Path(f"{folder}.part").exists() and not unsatisfied(packages):
            return str(folder / "bin" / "python")
    return ""


def make_environment(folder: Path, create: list[str]) -> str:
    """Install the pins into the environment `folder`, made by `create` unless it exists, and return its Python."""
    python, mark = folder / "bin" / "python", Path(f"{folder}.part")  # which exists until the end
    update = python.exists() and not mark.exists()  # python may be a link to one that is gone
    print(f"Environment: {'updating' if update else 'making'} {folder.name} (6 GB, some minutes, once)", flush=True)
    if not update:
        mark.touch()
        shutil.rmtree(folder, ignore_errors=True)  # an interrupted installation may hold half a package
        install("Python", [*create, str(folder)])
    install("packages", [str(python), "-m", "pip", "install", "--no-input", "-r", "requirements.txt"])
    mark.unlink(missing_ok=True)
    return str(python)


def install(what: str, command: list[str]) -> None:
    """Run a command with its output in outputs/setup.log. Raises Stop with the likely reason and its cure."""
    # No questions; a user's other packages and settings must neither hide in the environment nor be changed.
    settings = {"CONDA_ALWAYS_YES": "true", "MAMBA_ALWAYS_YES": "true", "PIP_USER": "0", "PYTHONNOUSERSITE": "1"}
    lines, progress = [], Progress(f"Environment: {what}")
    with LOG.open("a") as file, subprocess.Popen(
        command, cwd=ROOT, env=os.environ | settings, text=True, errors="replace",
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    ) as process:  # fmt: skip
        for line in process.stdout:
            lines.append(line)
            file.write(line)
            progress.write(line)
    progress.end(f"{'failed' if process.returncode else 'done'} after {clock(progress.seconds())}")
    if process.returncode:
        cure = next((cure for sign, cure in CURES.items() if re.search(sign, "".join(lines))), "see its end")
        raise Stop(f"the environment could not be made: {cure} (log: outputs/setup.log)")


# ---- notebooks ------------------------------------------------------------------------------------------------------


def run_notebooks(paths: list[Path], out: Path, values: dict[str, str], again: bool = True) -> None:
    """Run each notebook with the parameters `values`, with one printed line; executed copies go to <out>/notebooks.
    Without `again`, those whose inputs and outputs are unchanged are skipped. Results of other data or parameters are deleted
    first, those of other code when a notebook has run. Raises Stop at a failure or deadline."""
    sources = [check_parameters(path, values) for path in paths]
    (out / "notebooks").mkdir(parents=True, exist_ok=True)
    start, inputs = time.monotonic(), f"{data_digest(out, values)} {code_digest(ROOT / 'lib')}"
    delete_others(out, inputs.split()[0], again)
    with tempfile.TemporaryDirectory() as kernels:
        register_kernel(Path(kernels))
        for number, (path, cells) in enumerate(zip(paths, sources, strict=True), 1):
            earlier, progress = written(out), Progress(f"[{number}/{len(paths)}] {path.stem}")
            inputs = hashlib.sha256(f"{inputs} {cells}".encode()).hexdigest()  # includes those of all before it
            target, notes = out / "notebooks" / path.name, read_notes(out)
            note = notes.pop(path.stem, {})
            files = {out / name: kept for name, kept in note.get("files", {}).items()}
            whole = all(file_digest(file) == kept for file, kept in files.items())
            if not again and note.get("digest") == inputs and whole:
                progress.end("unchanged, skipped")
                continue
            if time.time() > deadline():
                raise out_of_time()
            try:
                lacks = run_notebook(path, target, values, progress)
            except Stop:
                progress.end(f"stopped after {clock(progress.seconds())}")
                raise
            new = {target, *(file for file, when in written(out).items() if when != earlier.get(file))}
            for file in (
                (new | files.keys()) if lacks else (files.keys() - new)
            ):  # of an earlier version of the notebook
                file.unlink(missing_ok=True)
            if lacks:
                save_notes(out, notes)
                progress.end(f"skipped: {lacks}")
                continue
            made = {str(file.relative_to(out)): file_digest(file) for file in sorted(new)}
            save_notes(out, notes | {path.stem: {"digest": inputs, "files": made, "seconds": progress.seconds()}})
            progress.end(f"{clock(progress.seconds())}, {len(made) - 1} figures and tables")
    print(f"{clock(time.monotonic() - start)} in all. Tables, figures and executed notebooks: {shown(out)}", flush=True)
    print(f"To open them: {shown(Path(sys.executable))} -m jupyter lab {shown(out / 'notebooks')}", flush=True)


def delete_others(out: Path, source: str, again: bool) -> None:
    """Delete all results of other data or parameters, and say so. Raises Stop where one notebook alone is to run `again`."""
    path, files = out / SOURCE, [*written(out), *out.glob("notebooks/*.ipynb")]
    earlier = path.read_bytes() if path.exists() else b""
    if (
        re.fullmatch(rb"[0-9a-f]{64}", earlier) and earlier != source.encode() and files
    ):  # a damaged mark deletes nothing
        if again:
            raise Stop(f"--only: {shown(out)} has results of other data; a call without --only replaces them", 2)
        print(f"Deleting results of other data or parameters: {len(files)} files in {shown(out)}", flush=True)
        for file in files:
            file.unlink()
        save_notes(out, {})
    replace(path, source)


def replace(path: Path, text: str) -> None:
    """Write a file beside its place and rename it: whoever reads it finds the old text or the new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.part")
    part.write_text(text, encoding="utf-8")
    os.replace(part, path)


def read_notes(out: Path) -> dict[str, dict]:
    """Return notebook -> {digest of its inputs, files that it wrote with theirs, seconds}; empty where that cannot be read."""
    try:
        notes = json.loads((out / NOTES).read_text(encoding="utf-8"))
        return {name: {"digest": str(note["digest"]), "files": dict(note["files"]), "seconds": float(note["seconds"])}
                for name, note in notes.items()}  # fmt: skip
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return {}


def save_notes(out: Path, notes: dict[str, dict]) -> None:
    """Write the notes, and from them tables/times.csv."""
    replace(out / NOTES, json.dumps(notes, indent=1))
    rows = [f"{name},{note['seconds']:.1f}" for name, note in sorted(notes.items())]
    replace(out / "tables" / TIMES, "\n".join(["notebook,seconds", *rows, ""]))


def check_parameters(path: Path, values: dict[str, str]) -> str:
    """Return a notebook's source. Raises Stop where its cell tagged `parameters` lacks a name (papermill only warns)."""
    try:
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        source = ["".join(c["source"]) for c in cells if "parameters" in c["metadata"].get("tags", [])]
        assigned = {target.id for node in ast.parse(source[0]).body for target in node.targets} if source else set()
    except (ValueError, KeyError, AttributeError, SyntaxError) as error:
        raise Stop(f"{path}: not a notebook with plain parameters ({error}); restore it") from None
    if absent := [name for name in values if name not in assigned]:
        raise Stop(f"{path}: no parameter {', '.join(absent)} in its cell tagged parameters; add it there")
    return json.dumps([cell["source"] for cell in cells])


def register_kernel(folder: Path) -> None:
    """Register the running Python as the kernel `python3`, whatever other environments have registered by that name."""
    from ipykernel.kernelspec import get_kernel_dict
    from joblib import cpu_count

    kernel = [sys.executable, "-P", "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    # `sh` drops what a kernel writes of its own shutdown. Neither the user's plots nor the terminal may change a notebook.
    env = {"MPLBACKEND": "module://matplotlib_inline.backend_inline", "TQDM_NCOLS": "80", "TQDM_NROWS": "20"}
    # glibc would return large tensors' memory and fault it in again at every step, a quarter of its time on a CPU.
    env |= {"MALLOC_MMAP_THRESHOLD_": str(2**32), "MALLOC_TRIM_THRESHOLD_": str(2**32)}
    env["IPYTHONDIR"] = str(folder / "ipython")  # without the user's start-up files
    if (count := cpu_count()) < (os.cpu_count() or 1):  # PyTorch does not ask how many of them a container may use
        env["OMP_NUM_THREADS"] = os.environ.get("OMP_NUM_THREADS", str(count))
    spec = get_kernel_dict() | {"argv": ["sh", "-c", 'exec "$0" "$@" 2>/dev/null', *kernel], "env": env}
    replace(folder / "kernels" / "python3" / "kernel.json", json.dumps(spec))
    os.environ["JUPYTER_PATH"] = str(folder)  # searched before all others


def run_notebook(path: Path, target: Path, values: dict[str, str], progress) -> str:
    """Run one notebook in its own folder; the executed copy replaces the last one only when all cells have passed.
    Returns "" or, where the data set lacks what the notebook needs (`lib.lists.Lacks`), one sentence. Raises Stop where
    a cell fails, with exit code 75 where training ran out of time (`lib.locks.OutOfTime`)."""
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
    kind = getattr(failure[0], "ename", "") if failure else ""
    if kind in ("OutOfTime", "Lacks"):
        part.unlink(missing_ok=True)
    if kind == "OutOfTime":
        raise out_of_time() from None
    if kind == "Lacks":
        target.unlink(missing_ok=True)  # left from other data
        return reason(failure[0])
    if failure:
        raise Stop(f"{path.stem} failed: {reason(failure[0])}\nThe notebook as far as it came: {shown(part)}") from None
    notebook = json.loads(part.read_text(encoding="utf-8"))
    for holder in (notebook, *notebook["cells"]):  # papermill's notes: times, and paths of this machine
        holder["metadata"] = {k: v for k, v in holder["metadata"].items() if k not in ("papermill", "execution")}
    replace(target, json.dumps(notebook, indent=1, ensure_ascii=False) + "\n")
    part.unlink()
    return ""


def out_of_time() -> Stop:
    """Return the end of a run whose deadline has passed. 75 is sysexits' "try again later"."""
    when = f"after {os.environ[MINUTES]} minutes" if MINUTES in os.environ else f"at the time in {DEADLINE}"
    return Stop(f"stopped {when}; the same command goes on from there", 75)


def reason(error: BaseException) -> str:
    """Return in one line what stopped a notebook."""
    name, text = getattr(error, "ename", type(error).__name__), getattr(error, "evalue", str(error))
    if name == "DeadKernelError":
        return "its Python died, most often for lack of memory"
    first = next(iter(text.strip().splitlines()), "")
    return first if name in ("DataError", "Lacks") else f"{name}: {first} (cell {getattr(error, 'exec_count', '?')})"


def written(out: Path) -> dict[Path, int]:
    """Return figure, table or report -> time of its last change, in ns."""
    files = sorted([*out.glob("figures/*.png"), *out.glob("tables/*.csv"), *out.glob("*.html")])
    return {path: path.stat().st_mtime_ns for path in files if path.name != TIMES}


def shown(path: Path) -> str:
    """Return a path as one would type it in the project's folder."""
    text = str(path.relative_to(ROOT) if path.is_relative_to(ROOT) else path)
    return f'"{text}"' if " " in text else text


def clear(out: Path) -> None:
    """Delete a folder of outputs. Raises Stop where it is not in this project's outputs/ or git tracks a file of it."""
    if out.resolve().parent != (ROOT / "outputs").resolve():
        raise Stop(f"--fresh: {out} leads out of the project's outputs folder; delete it yourself")
    git = ["git", "ls-files", str(out)]
    if shutil.which("git") and (tracked := subprocess.run(git, cwd=ROOT, capture_output=True, text=True).stdout):
        raise Stop(f"--fresh: git tracks {tracked.splitlines()[0]}; delete {shown(out)} yourself if you mean it")
    for lock in sorted(out.rglob("*.lock")):  # of a process that draws, decodes or trains there without this command
        with hold(lock, f"{shown(lock.with_suffix(''))} is being made", wait=False):
            pass
    shutil.rmtree(out, ignore_errors=not out.exists())


def main(arguments: list[str]) -> None:
    args = parse(arguments)
    if os.environ.pop(INSIDE, None) != str(ROOT):
        if args.minutes:
            os.environ |= {MINUTES: f"{args.minutes:g}", DEADLINE: f"{time.time() + 60 * args.minutes:.3f}"}
        if (python := find_environment()) != sys.executable:
            os.environ.pop("PYTHONPATH", None)
            os.environ |= {"PYTHONNOUSERSITE": "1", INSIDE: str(ROOT)}
            os.execv(python, [python, "-P", __file__, *arguments])
    elif lacks := unsatisfied(sys.path):
        raise Stop(f"{sys.prefix} is not as requirements.txt demands: {lacks[0]}; delete it and start again")
    os.environ.pop("MPLBACKEND", None)  # figures must come out the same whatever the user draws with
    deadline()  # which is wrong before anything is deleted, or not at all
    photo = None if args.photo is None else ["--photo", *args.photo]
    check = [args.check, "--profile", args.profile] if args.check else None
    for module, rest in (("photo", photo), ("check", check), ("run_tests", [] if args.test else None)):
        if rest is not None:
            os.execv(sys.executable, [sys.executable, "-P", "-m", f"lib.commands.{module}", *rest])
    # Notebooks find outputs/<profile> themselves, so that their executed copies name no folder of this machine.
    values = {"profile": args.profile, "data": args.data, "weights": args.weights, "out": args.data and str(args.out)}
    with hold(Path(f"{args.out}.lock"), f"{shown(args.out)} is in use", wait=False):
        if args.fresh:
            clear(args.out)
        run_notebooks(args.notebooks, args.out, values | {"skip_damaged": args.skip_damaged}, args.only is not None)


def exit_code(run) -> int:
    """Call `run`; turn whatever stops it into one sentence on stderr and an exit code."""
    try:
        run()
        return 0
    except Stop as stop:
        code, sentence = stop.code, f"run_all.sh: {stop}"
    except KeyboardInterrupt:
        code, sentence = 130, "\nrun_all.sh: stopped; the same command goes on from there"
    except BlockingIOError as error:  # of `hold`; 75 is sysexits' "try again later"
        code, sentence = 75, f"run_all.sh: {error}; wait until it ends, or stop it"
    except OSError as error:
        code, sentence = 1, f"run_all.sh: {error.filename or 'outputs'}: {error.strerror or error}; mend that first"
    print(sentence, file=sys.stderr, flush=True)
    return code


if __name__ == "__main__":
    sys.stdout.reconfigure(errors="replace")  # not every terminal has the blocks of a progress bar
    # At once, whatever a notebook's thread is doing; its kernel ends when this process has.
    os._exit(exit_code(lambda: main(sys.argv[1:])))
