"""Draw a profile's synthetic world, or one shard of it, so that several machines share the work.

    python -m lib.commands.draw_world --profile study --shard 2/8

Each machine draws one shard. They may share the folder world/; if they do not, copy their folders into one. The same command
without --shard then writes the lists, and draws what is missing; so do the notebooks and train_all. A world of another profile is
never replaced.
"""

import argparse
import re
import sys

import joblib

from lib.commands.endings import ending
from lib.config import PROFILES
from lib.methods import METHODS
from lib.report.results import open_run
from lib.world import write_shard, write_world


def parse_shard(text: str) -> tuple[int, int]:
    """Convert "2/8" to (2, 8). Raises ArgumentTypeError for anything else."""
    found = re.fullmatch(r"([0-9]+)/([0-9]+)", text)
    number, count = map(int, found.groups()) if found else (0, 0)
    if not 1 <= number <= count:
        raise argparse.ArgumentTypeError(f"{text!r}: write 2/8 for the second of eight shards")
    return number, count


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m lib.commands.draw_world", description=__doc__.split("\n")[0])
    parser.add_argument("--profile", default="study", help="whose world: smoke, demo, study (the default) or paper")
    parser.add_argument("--out", default="", help="folder of the results; outputs/<profile> without it")
    shard = "draw the I-th of N shards; once all are in one folder, a call without --shard writes the lists"
    parser.add_argument("--shard", type=parse_shard, metavar="I/N", help=shard)
    args = parser.parse_args(arguments)
    with ending("draw_world"):
        if args.profile not in PROFILES or PROFILES[args.profile].methods != tuple(METHODS):
            parser.error(f"--profile {args.profile}: no profile with a synthetic world")
        config, folder = open_run(args.profile, args.out)
        world = folder / "world", config.world, config.seed
        workers = joblib.cpu_count()
        if args.shard is None:
            write_world(*world, workers, replace=False)
            print(f"{world[0]}: finished")
        elif written := write_shard(*world, *args.shard, workers):
            print(f"{written}: finished; with all {args.shard[1]} of them, a call without --shard writes the lists")
        else:
            print(f"{world[0]}: finished")


if __name__ == "__main__":
    main(sys.argv[1:])
