"""Train every run of a profile, with several processes where one does not fill the device.

    python -m lib.commands.train_all --profile study --jobs 6
    torchrun --nproc-per-node 2 -m lib.commands.train_all --profile paper

The first trains several runs side by side on one device, the second shares each batch among devices. The notebooks find
the finished runs. Stopped at any point, the same command resumes.
"""

import argparse
import multiprocessing
import os
import sys
import time
import traceback
from contextlib import ExitStack
from functools import cache, partial
from itertools import groupby
from pathlib import Path

import joblib
import torch

from lib import networks, runs
from lib.commands import KEEP_MEMORY, one_sentence
from lib.crops import crop_store
from lib.lists import DataError
from lib.report.files import ROOT
from lib.report.results import open_data, open_run
from lib.train import make_fabric


@cache
def open_plan(profile: str, data: str, out: str, weights: str, skip_damaged: bool) -> runs.Plan:
    """Return the plan of a profile, once per process; its world is drawn and its photos are decoded."""
    config, folder = open_run(profile, out)
    with make_fabric(config.training.precision).rank_zero_first():  # one process draws and decodes
        benchmarks = open_data(config, data, folder, skip_damaged)
        for benchmark in benchmarks.values():
            crop_store(benchmark, folder / "cache", config.input)
    return runs.make_plan(benchmarks, config, folder, weights)


def phases(plan: runs.Plan) -> list[list[runs.Run]]:
    """Return the runs in lists, each of which needs those of earlier lists alone: of a seed each stage in order.

    A detector is trained by the first run that pools at what it finds; runs with one come first, as they take longest.
    """
    detectors = {run.detector for run in plan.runs}
    wanted = [run for run in plan.runs if run not in detectors]
    phases = groupby(wanted, key=lambda run: (run.stage == "pretrain", run.stage in runs.SEARCHES))
    return [sorted(phase, key=lambda run: run.detector is None) for _, phase in phases]


def train(options: tuple, run: runs.Run) -> tuple[runs.Run, float, str]:
    """Train a run in a worker process; return it, its seconds, and why it failed, or ""."""
    begin, problem = time.monotonic(), ""
    try:
        runs.train_run(open_plan(*options), run)
    except Exception as error:  # one failed run must not end the others; it is reported, and the exit code tells
        if not isinstance(error, DataError | FloatingPointError):
            traceback.print_exc()
        problem = f"{type(error).__name__}: {error}"
    return run, time.monotonic() - begin, problem


def train_all(options: tuple, jobs: int = 1) -> int:
    """Train all runs of `open_plan(*options)`; return the exit code, 1 where one failed."""
    begin, failed = time.monotonic(), 0
    plan = open_plan(*options)
    fabric = make_fabric(plan.config.training.precision)
    with ExitStack() as stack:
        trained = map
        if jobs > 1:
            os.environ |= KEEP_MEMORY
            threads = max(1, joblib.cpu_count() // jobs)
            pool = multiprocessing.get_context("spawn").Pool(jobs, torch.set_num_threads, (threads,))
            trained = stack.enter_context(pool).imap_unordered
        for some in phases(plan):
            for done, (run, seconds, problem) in enumerate(trained(partial(train, options), some), 1):
                failed += bool(problem)
                said = f"{run.stage} {run.method} seed {run.seed}: {problem or f'{seconds:.0f} s'}"
                if problem or fabric.global_rank == 0:  # of torchrun's processes the first speaks for all
                    print(f"{time.monotonic() - begin:6.0f} s  {done}/{len(some)}  {said}", flush=True)
    return int(failed > 0)


@one_sentence("train_all")
def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m lib.commands.train_all", description=__doc__.split("\n")[0])
    parser.add_argument("--profile", default="study")
    parser.add_argument("--data", default="", help="folder of the real DeepFashion; the synthetic world without it")
    parser.add_argument("--out", default="", help="folder of the results; that of ./run_all.sh without it")
    parser.add_argument("--weights", default="", help="ImageNet's as .safetensors, for profiles that start from them")
    parser.add_argument("--jobs", type=int, default=1, choices=range(1, 100), metavar="N", help="runs side by side")
    parser.add_argument("--skip-damaged", action="store_true", help="go on without photos that cannot be read")
    parser.add_argument("--ship", metavar="DIR", help="write the pre-trained networks to this folder at the end")
    args = parser.parse_args(arguments)
    if args.data and not args.out and not args.profile.startswith("photos"):  # where ./run_all.sh looks
        args.out = str(ROOT / "outputs" / f"{args.profile}_photos")
    options = (args.profile, args.data, args.out, args.weights, args.skip_damaged)
    code = train_all(options, args.jobs)
    if args.ship and not code:
        plan = open_plan(*options)
        for method in plan.methods("pretrain"):  # detectors are shipped inside the networks that pool at what they find
            run = plan.of("pretrain", method)[0]
            networks.ship(run.network, Path(args.ship) / f"{run.method}.safetensors", {"run": run.folder.name})
    sys.exit(code)


if __name__ == "__main__":
    main(sys.argv[1:])
