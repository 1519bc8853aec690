"""Train every method of a profile on every stage and seed, with several processes where one does not fill the device.

    python -m lib.commands.train_all --profile study --jobs 6 --minutes 9
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
from functools import cache
from pathlib import Path

import joblib
import torch

from lib import runs
from lib.commands.endings import ending
from lib.crops import crop_store
from lib.lists import DataError
from lib.locks import OutOfTime, deadline
from lib.networks import ship
from lib.report.results import ROOT, open_data, open_run
from lib.train import make_fabric


@cache
def _opened(profile: str, data: str, out: str, skip_damaged: bool):
    config, folder = open_run(profile, out)
    with make_fabric(config.training.precision).rank_zero_first():  # one process writes the synthetic world
        return config, folder, open_data(config, data, folder, skip_damaged)


def _train(task: tuple) -> tuple[tuple, float, str]:
    """Train one run in a worker process; return the task, its seconds, and why it did not finish, or ""."""
    profile, data, out, weights, method, stage, seed, skip_damaged = task
    begin = time.monotonic()
    try:
        if time.time() > deadline():
            raise OutOfTime("not started")
        config, folder, benchmarks = _opened(profile, data, out, skip_damaged)
        runs.train_run(method, stage, benchmarks, config, folder, seed, weights)
    except Exception as error:  # one failed run must not end the others; it is reported, and the exit code tells
        if not isinstance(error, OutOfTime | DataError | FloatingPointError):
            traceback.print_exc()
        return task, time.monotonic() - begin, f"{type(error).__name__}: {error}"
    return task, time.monotonic() - begin, ""


def _prepare_worker(jobs: int) -> None:
    """Give each of several processes its share of the cores, and import what is slow while the world is drawn."""
    import timm  # noqa: F401

    torch.set_num_threads(max(1, joblib.cpu_count() // jobs))


def phases(profile: str, data: str, out: str, weights: str, skip_damaged: bool) -> list[list[tuple]]:
    """Return the tasks in parts, each of which needs only runs of earlier parts: pre-training, then the benchmarks, first
    seed first. What a part shares, it trains before several processes ask for it."""
    config, _, benchmarks = _opened(profile, data, out, skip_damaged)
    groups = []
    if runs.has_pretraining(benchmarks):
        names = dict.fromkeys(runs.find(m).pretraining or m for m in runs.trained("pretrain", benchmarks, config))
        # Those with a detector to train first take longest.
        order = sorted(names, key=lambda name: not runs.find(name).detector)
        groups.append([(profile, data, out, weights, name, "pretrain", config.seed, skip_damaged) for name in order])
    for seed in config.seeds:
        for stages in (("category_attribute",), runs.SEARCHES):
            tasks = [(profile, data, out, weights, m, stage, seed, skip_damaged) for stage in stages if stage in benchmarks
                     for m in runs.trained(stage, benchmarks, config)]  # fmt: skip
            groups.append(tasks)
    return [tasks for tasks in groups if tasks]


def train_all(
    profile: str, data: str = "", out: str = "", weights: str = "", jobs: int = 1, skip_damaged: bool = False
) -> int:
    """Train all runs; return the exit code: 0 where all are finished, 75 ("try again later") where time ran out, 1 where one
    failed. skip_damaged: see `open_data`."""
    begin, problems = time.monotonic(), set()
    with ExitStack() as stack:
        map_ = map
        if jobs > 1:
            map_ = stack.enter_context(
                multiprocessing.get_context("spawn").Pool(jobs, _prepare_worker, (jobs,))
            ).imap_unordered
        config, folder, benchmarks = _opened(profile, data, out, skip_damaged)
        with make_fabric(config.training.precision).rank_zero_first():
            for benchmark in benchmarks.values():  # once, before several processes ask for them
                crop_store(benchmark, folder / "cache", config.input)
        for tasks in phases(profile, data, out, weights, skip_damaged):
            phase = time.monotonic()
            for done, (task, seconds, problem) in enumerate(map_(_train, tasks), 1):
                left = (len(tasks) - done) * (time.monotonic() - phase) / done / 60
                problems.add(problem.split(":")[0])
                if os.environ.get("RANK", "0") != "0" and not problem:  # of torchrun: the first process speaks for all
                    continue
                outcome = problem or f"{seconds:.0f} s, {left:.0f} min left of this part"
                print(
                    f"{time.monotonic() - begin:6.0f} s  {done}/{len(tasks)}  {task[5]} {task[4]} seed {task[6]}: {outcome}",
                    flush=True,
                )
    return 1 if problems - {"", "OutOfTime"} else 75 if problems - {""} else 0


def ship_all(profile: str, out: str, folder: Path) -> None:
    """Write the finished pre-trained networks for the repository, see `networks.ship`."""
    config, results, benchmarks = _opened(profile, "", out, False)
    for name in dict.fromkeys(runs.find(m).pretraining or m for m in runs.trained("pretrain", benchmarks, config)):
        run = runs.run_folder(name, "pretrain", benchmarks, config, results, config.seed)
        if runs.is_finished(run):
            ship(run / "model.safetensors", folder / f"{name}.safetensors", {"run": run.name})


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m lib.commands.train_all", description=__doc__.split("\n")[0])
    parser.add_argument("--profile", default="study")
    parser.add_argument("--data", default="", help="folder of the real DeepFashion; the synthetic world without it")
    parser.add_argument("--out", default="", help="folder of the results; that of ./run_all.sh without it")
    parser.add_argument("--weights", default="", help="ImageNet's as .safetensors, for profiles that start from them")
    parser.add_argument("--jobs", type=int, default=1, help="processes that train side by side")
    parser.add_argument("--skip-damaged", action="store_true", help="go on without photos that cannot be read")
    parser.add_argument("--minutes", type=float, help="stop at a checkpoint after this time")
    parser.add_argument("--ship", metavar="DIR", help="write the pre-trained networks to this folder at the end")
    args = parser.parse_args()
    if args.jobs < 1 or (args.minutes is not None and not args.minutes > 0):
        parser.error("--jobs: a number from 1; --minutes: a number above 0")
    if args.minutes:
        os.environ["DEEPFASHION_DEADLINE"] = str(time.time() + 60 * args.minutes)
    if args.data and not args.out and not args.profile.startswith("photos"):  # where ./run_all.sh looks
        args.out = str(ROOT / "outputs" / f"{args.profile}_photos")
    with ending("train_all"):
        code = train_all(args.profile, args.data, args.out, args.weights, args.jobs, args.skip_damaged)
        if args.ship:
            ship_all(args.profile, args.out, Path(args.ship))
        sys.exit(code)


if __name__ == "__main__":
    main()
