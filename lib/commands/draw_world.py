"""Draw a profile's synthetic world, or one shard of it, so that several machines share the work.

    python -m lib.commands.draw_world --profile study --shard 2/8

Each machine draws one shard. They may share the folder; if they do not, copy their folders into one. The notebooks, train_all or
this command without --shard then write the lists of all.
"""

import argparse
import re
import sys

import joblib

from lib.lists import DataError
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
    parser.add_argument("--profile", default="study")
    parser.add_argument("--out", default="", help="folder of the results; outputs/<profile> without it")
    parser.add_argument("--shard", type=parse_shard, metavar="I/N", help="draw the I-th of N shards alone")
    args = parser.parse_args(arguments)
    try:
        config, folder = open_run(args.profile, args.out)
        world = folder / "world", config.world, config.seed
        workers = joblib.cpu_count()
        written = write_shard(*world, *args.shard, workers) if args.shard else write_world(*world, workers)
        print(f"wrote {written}" if written else f"{folder / 'world'}: finished already")
    except BlockingIOError as error:
        print(f"draw_world: {error}; wait until it ends, or stop it", file=sys.stderr)
        sys.exit(75)
    except DataError as error:
        sys.exit(f"draw_world: {error}")


if __name__ == "__main__":
    main(sys.argv[1:])
