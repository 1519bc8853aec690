"""Does an ordering of the paper's Table 2 that the demo shows, or does not show, hold under another seed, with fewer images,
or with more steps?

    python benchmarks/orderings.py [--methods darn fashionnet ...] [--settings "seed 1" ...]

Trains methods anew on the demo's world, one thing changed at a time, and writes <out>/tables/orderings.csv: a row a setting
and method with top-3 category accuracy and top-5 attribute recall on test, in per cent. Finished runs are found again.
"""

import argparse
from dataclasses import replace

import numpy as np
import pandas as pd

from lib import report, train


def settings(config, benchmark) -> dict:
    """Name -> (configuration, benchmark): as it is, and with one thing changed."""
    t, rows = config.training, benchmark.rows("train")
    half, dropped = benchmark.split.copy(), np.random.default_rng(config.seed).permutation(rows)[: len(rows) // 2]
    half[dropped] = ""
    return {
        "as it is": (config, benchmark),
        "seed 1": (replace(config, seed=config.seed + 1), benchmark),
        "half the images": (config, replace(benchmark, split=half)),
        "twice the steps": (replace(config, training=replace(t, rounds=2 * t.rounds)), benchmark),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--profile", default="demo")
    parser.add_argument("--out", default="")
    parser.add_argument("--methods", nargs="*", default=[])
    parser.add_argument("--settings", nargs="*", default=[])
    args = parser.parse_args()
    config, out = report.open_run(args.profile, args.out)
    benchmark = report.open_benchmark(config, "", out, "category_attribute", "category")
    test = benchmark.rows("test")
    methods = args.methods or report.methods(config, benchmark)
    rows = []
    for name, (changed, data) in settings(config, benchmark).items():
        if args.settings and name not in args.settings:
            continue
        for method in methods:
            folder = train.run(method, data, changed, out)
            table = report.table2({method: report.predictions(folder, "test")}, benchmark, test, config.seed)
            row = table.iloc[0]
            columns = [f"{column}{end}" for column in ("category_top3", "all_top5") for end in ("", "_lo", "_hi")]
            rows.append({"setting": name, "method": method} | {column: row.get(column) for column in columns})
            print(pd.DataFrame(rows[-1:]).round(1).to_string(index=False, header=len(rows) == 1), flush=True)
    print("wrote", report.save_table(pd.DataFrame(rows), out, "orderings"))


if __name__ == "__main__":
    main()
