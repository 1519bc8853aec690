"""Train every method of a profile on every stage and seed, with several processes where one does not fill the device.

    python -m lib.commands.train_all --profile study --jobs 4 --minutes 9

The notebooks find the finished runs. Stopped at any point, the same command resumes.
"""

import argparse
import multiprocessing
import os
import sys
import time
from functools import cache
from pathlib import Path

from lib import runs
from lib.lists import DataError
from lib.networks import ship
from lib.report.results import open_data, open_run
from lib.train import OutOfTime


@cache
def _opened(profile: str, data: str, out: str):
    config, folder = open_run(profile, out)
    return config, folder, open_data(config, data, folder)


def _train(task: tuple) -> tuple[tuple, float, str]:
    """Train one run in a worker process; return the task, its seconds, and why it did not finish, or ""."""
    profile, data, out, weights, method, stage, seed = task
    begin = time.monotonic()
    try:
        config, folder, benchmarks = _opened(profile, data, out)
        runs.train_run(method, stage, benchmarks, config, folder, seed, weights)
    except (OutOfTime, DataError, FloatingPointError) as error:
        return task, time.monotonic() - begin, f"{type(error).__name__}: {error}"
    return task, time.monotonic() - begin, ""


def phases(profile: str, data: str, out: str, weights: str) -> list[list[tuple]]:
    """Return the tasks of the pre-training, then those of the fine-tuning, seeds last: a first seed of everything comes
    before a second seed of anything."""
    config, _, benchmarks = _opened(profile, data, out)
    groups = []
    if runs.has_pretraining(benchmarks):
        names = dict.fromkeys(runs.find(m).pretraining or m for m in runs.trained("pretrain", benchmarks, config))
        # Those with a detector to train first take longest.
        order = sorted(names, key=lambda name: not runs.find(name).detector)
        groups.append([(profile, data, out, weights, name, "pretrain", config.seed) for name in order])
    tuned = []
    for seed in config.seeds:
        for stage in runs.STAGES[1:]:
            name = stage if stage in benchmarks else None
            tuned += [
                (profile, data, out, weights, m, stage, seed)
                for m in (runs.trained(stage, benchmarks, config) if name else ())
            ]
    return [*groups, tuned]


def train_all(profile: str, data: str = "", out: str = "", weights: str = "", jobs: int = 1) -> bool:
    """Train all runs; return whether all of them are finished."""
    begin, failed = time.monotonic(), []
    with multiprocessing.get_context("spawn").Pool(jobs) as pool:
        for tasks in phases(profile, data, out, weights):
            done = 0
            for task, seconds, problem in pool.imap_unordered(_train, tasks):
                done += 1
                took = time.monotonic() - begin
                left = (len(tasks) - done) * took / done if not problem else 0
                print(f"{took:6.0f} s  {done}/{len(tasks)}  {task[5]} {task[4]} seed {task[6]}: {problem or f'{seconds:.0f} s'}"
                      f"  (about {left / 60:.0f} min left of this part)", flush=True)  # fmt: skip
                failed += [problem] if problem else []
            if failed:
                break
    return not failed


def ship_all(profile: str, out: str = "", folder: Path | None = None) -> None:
    """Write the pre-trained network of every method for the repository, see `networks.ship`."""
    config, results, benchmarks = _opened(profile, "", out)
    for name in dict.fromkeys(runs.find(m).pretraining or m for m in runs.trained("pretrain", benchmarks, config)):
        run = runs.finished(name, "pretrain", benchmarks, config, results, config.seed)
        ship(run / "model.safetensors", (folder or runs.networks.SHIPPED) / f"{name}.safetensors", {"run": run.name})


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m lib.commands.train_all", description=__doc__.split("\n")[0])
    parser.add_argument("--profile", default="study")
    parser.add_argument("--data", default="", help="folder of the real DeepFashion; the synthetic world without it")
    parser.add_argument("--out", default="", help="folder of the results; outputs/<profile> without it")
    parser.add_argument("--weights", default="", help="VGG-16 as .safetensors, for the paper profile")
    parser.add_argument("--jobs", type=int, default=1, help="processes that train side by side")
    parser.add_argument("--minutes", type=float, help="stop at a checkpoint after this time")
    parser.add_argument("--ship", metavar="DIR", help="write the pre-trained networks to this folder at the end")
    args = parser.parse_args()
    if args.minutes:
        os.environ["DEEPFASHION_DEADLINE"] = str(time.time() + 60 * args.minutes)
    finished = train_all(args.profile, args.data, args.out, args.weights, args.jobs)
    if args.ship and finished:
        ship_all(args.profile, args.out, Path(args.ship))
    sys.exit(0 if finished else 75)


if __name__ == "__main__":
    main()
