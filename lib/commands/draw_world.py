"""Draw a profile's synthetic world before anything is trained: python -m lib.commands.draw_world --profile study"""

import argparse
import sys

from lib.commands import one_sentence
from lib.report.results import open_data, open_run


@one_sentence("draw_world")
def main(arguments: list[str]) -> None:
    """Draw the world where the notebooks and train_all look for it, and read it once."""
    parser = argparse.ArgumentParser(prog="python -m lib.commands.draw_world", description=__doc__)
    parser.add_argument("--profile", default="study", help="whose world: smoke, demo, study (the default) or paper")
    parser.add_argument("--out", default="", help="folder of the results; outputs/<profile> without it")
    args = parser.parse_args(arguments)
    config, folder = open_run(args.profile, args.out)
    benchmarks = open_data(config, "", folder)
    print(f"{folder}: a world of {sum(len(benchmark.image) for benchmark in benchmarks.values()):,} pictures")


if __name__ == "__main__":
    main(sys.argv[1:])
