"""Run the notebooks in order and say what each one wrote: the command behind run_all.sh.

Each notebook finds the finished runs of an earlier call, so that a second call takes minutes and a stopped one goes on.
"""

import argparse
import atexit
import gc
import json
import os
import shutil
import signal
import sys
import tempfile
import time
from pathlib import Path

from lib.commands import KEEP_MEMORY, clock, one_sentence
from lib.config import PROFILES, TRUNKS
from lib.lists import DataError

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOKS = {path.name[:2]: path for path in sorted((ROOT / "notebooks").glob("[0-9][0-9]_*.ipynb"))}


def existing(text: str) -> str:
    """Return the absolute path of a file or folder. Raises argparse's error, also for "", an unset variable."""
    path = Path(text).expanduser()
    if not text or not path.exists():
        raise argparse.ArgumentTypeError(f"{text!r}: no such file or folder")
    return str(path.resolve())


def parse(arguments: list[str]) -> argparse.Namespace:
    """Read the options; add `out`, the folder of the results. Exits with 2 and one sentence for a wrong call."""
    parser = argparse.ArgumentParser(
        prog="./run_all.sh",
        usage="./run_all.sh [options]",
        description="Run the notebooks in order; write tables, figures and executed notebooks to outputs/<profile>/.",
        epilog="Without options: the demo on drawn clothes, about half an hour on two cores. A second call goes on.",
        allow_abbrev=False,
    )
    add = parser.add_argument
    add("--profile", choices=PROFILES, help="size of the run (default: demo; with --data: photos)")
    add("--data", metavar="DIR", type=existing, help="the real DeepFashion, or any data set in its layout")
    add("--trunk", choices=TRUNKS, help="with --data or --check: the ImageNet network under FashionNet")
    add("--weights", metavar="FILE", type=existing, help="ImageNet's, for --trunk or --profile paper")
    add("--only", metavar="NN", type=lambda text: f"{text:0>2}", choices=NOTEBOOKS, help="run one notebook")
    add("--skip-damaged", action="store_true", help="go on without photos that cannot be read")
    add("--fresh", action="store_true", help="delete this profile's earlier outputs first")
    instead = parser.add_mutually_exclusive_group()
    instead.add_argument("--check", metavar="DIR", type=existing, help="inspect a data folder instead")
    instead.add_argument("--photo", metavar="FILE", nargs="+", help="describe photos, or folders of them, instead")
    instead.add_argument("--test", action="store_true", help="run ruff, the tests and the notebooks' tests instead")
    add("--box", metavar="x1,y1,x2,y2", help="with --photo: the clothes, in pixels; else they are looked for")
    add("--catalogue", metavar="DIR", type=existing, help="with --photo: find the nearest photos of this folder")
    args = parser.parse_args(arguments)

    def require(condition, sentence: str) -> None:
        if not condition:
            parser.error(sentence)

    photos = args.data or args.check
    run = args.data or args.weights or args.only or args.skip_damaged or args.fresh
    require(not run or not (args.check or args.photo or args.test), "--check, --photo and --test train nothing")
    require(args.photo or not (args.box or args.catalogue), "--box and --catalogue need --photo")
    require(args.data or not args.skip_damaged, "--skip-damaged needs --data")
    require(not args.profile or not (args.photo or args.test), "--photo and --test have no --profile")
    require(photos or args.profile != "photos", "--profile photos needs --data or --check")
    require(not args.trunk or (photos and not args.profile), "--trunk needs --data or --check, and no --profile")
    require(args.trunk or args.profile == "paper" or not args.weights, "--weights needs --trunk or --profile paper")
    require(not (args.only and args.fresh), "--fresh deletes what the other notebooks wrote: not with --only")
    args.profile = args.profile or ("photos" if photos else "demo")
    args.profile += f"-{args.trunk}" if args.trunk else ""
    # Results on drawn clothes and on real photos never share a folder.
    args.out = ROOT / "outputs" / args.profile
    if args.data and not args.profile.startswith("photos"):
        args.out = args.out.with_name(f"{args.profile}_photos")
    return args


@one_sentence("run_all.sh")
def main(arguments: list[str]) -> None:
    args = parse(arguments)
    # These bring PyTorch and more, for which a wrong call need not wait.
    from lib.artefact import alone
    from lib.commands import photo, run_tests

    if args.test:
        sys.exit(run_tests.main())
    if args.check:
        from lib.commands import check  # brings PyTorch Lightning, too, for which a photo need not wait

        sys.exit(check.main(args.check, args.profile))
    if args.photo:
        return photo.main(args.photo, args.box, args.catalogue)
    signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored in the background of a shell
    args.out.parent.mkdir(exist_ok=True)
    with alone(args.out):
        if args.fresh:
            shutil.rmtree(args.out, ignore_errors=not args.out.exists())
        run_notebooks([NOTEBOOKS[args.only]] if args.only else list(NOTEBOOKS.values()), args)


def run_notebooks(paths: list[Path], args: argparse.Namespace) -> None:
    """Run notebooks with the options as their parameters and print a line for each. Raises DataError at a failure."""
    from lib.artefact import write_json

    # Notebooks find outputs/<profile> themselves, so that their executed copies name no folder of this machine.
    values = {"profile": args.profile, "data": args.data or "", "weights": args.weights or ""}
    values |= {"out": str(args.out) if args.data else "", "skip_damaged": args.skip_damaged}
    about, times = args.out / "about.json", {}
    if about.exists() and json.loads(about.read_text()) != values:
        print(f"Removing results of other data or parameters from {os.path.relpath(args.out)}", flush=True)
        for name in ("tables", "figures", "notebooks"):
            shutil.rmtree(args.out / name, ignore_errors=True)
    (args.out / "tables").mkdir(parents=True, exist_ok=True)
    write_json(about, values)
    with tempfile.TemporaryDirectory() as scratch:
        set_kernels_environment(Path(scratch))
        for number, path in enumerate(paths, 1):
            start = time.time()
            lacks = run_notebook(path, args.out / "notebooks" / path.name, values)
            times[path.stem] = time.time() - start
            files = [*args.out.glob("figures/*.png"), *args.out.glob("tables/*.csv")]
            made = sum(name.stat().st_mtime >= start for name in files)
            said = f"skipped: {lacks}" if lacks else f"{clock(times[path.stem])}, {made} figures and tables"
            print(f"[{number}/{len(paths)}] {path.stem}: {said}", flush=True)
    if len(paths) > 1:
        lines = [f"{name},{seconds:.1f}\n" for name, seconds in times.items()]
        (args.out / "tables" / "times.csv").write_text("notebook,seconds\n" + "".join(lines))
    shown = os.path.relpath(args.out)
    print(f"{clock(sum(times.values()))} in all. Tables, figures and executed notebooks: {shown}")
    print(f'To open them: {os.path.relpath(sys.executable)} -m jupyterlab "{shown}/notebooks"', flush=True)


def set_kernels_environment(scratch: Path) -> None:
    """Set what the notebooks' kernels inherit, so that figures and times are the same whatever the user has set."""
    import joblib

    os.environ.pop("MPLBACKEND", None)
    os.environ |= KEEP_MEMORY | {"IPYTHONDIR": str(scratch), "TQDM_NCOLS": "80"}  # without the user's start-up files
    settings = scratch / "profile_default" / "ipython_kernel_config.py"
    settings.parent.mkdir()
    settings.write_text("c.IPKernelApp.log_level = 50\n")  # kernels say nothing of their own start and end
    if joblib.cpu_count() < os.cpu_count():  # PyTorch does not ask how many of them a container may use
        os.environ.setdefault("OMP_NUM_THREADS", str(joblib.cpu_count()))


def run_notebook(path: Path, target: Path, values: dict) -> str:
    """Run a notebook in its own folder; the executed copy takes the place of the last one when all cells have passed.

    Returns "", or why the notebook is skipped (`lib.lists.Lacks`). Raises DataError where a cell fails.
    """
    import papermill

    part = target.with_suffix(".part.ipynb")
    part.parent.mkdir(exist_ok=True)
    names = [str(name).replace("{", "{{").replace("}", "}}") for name in (path, part)]  # papermill formats them
    options = {"cwd": path.parent, "kernel_name": "python3", "stderr_file": sys.stderr, "coalesce_streams": True}
    try:
        papermill.execute_notebook(*names, values, **options)
    except RuntimeError:  # nbclient's DeadKernelError, or of a kernel that did not start
        raise DataError(f"{path.stem}: its Python died, most often for lack of memory") from None
    except papermill.PapermillExecutionError as error:
        sentence = error.evalue.strip().split("\n")[0]
        if error.ename == "Lacks":
            part.unlink()
            target.unlink(missing_ok=True)
            return sentence
        if error.ename != "DataError":
            sentence = f"{error.ename}: {sentence} (cell {error.exec_count}); see {part}"
        raise DataError(f"{path.stem}: {sentence}") from None
    notebook = json.loads(part.read_text(encoding="utf-8"))
    for holder in (notebook, *notebook["cells"]):  # papermill's notes: times, and paths of this machine
        holder["metadata"] = {k: v for k, v in holder["metadata"].items() if k not in ("papermill", "execution")}
    part.write_text(json.dumps(notebook, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    os.replace(part, target)
    return ""


if __name__ == "__main__":
    atexit.register(gc.freeze)  # Python then does not take apart at its end what was imported, which takes a second
    main(sys.argv[1:])
