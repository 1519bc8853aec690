"""Does an ordering of the paper's Table 2 that the demo shows, or does not show, hold with another seed, more steps or more images?

    python benchmarks/orderings.py [--methods darn fashionnet ...] [--settings "another seed" ...]

Trains methods anew on the synthetic world, one thing changed at a time, and writes <out>/tables/orderings.csv: a row a setting
and method with category accuracy (top 3) and attribute recall (top 5) on test in per cent, their 95 % intervals, how far
`fashionnet` of the same setting is ahead in each (paired bootstrap, points), the epochs that were trained (it may stop
early) and the run. A world of more training images has other test images, too: compare within a setting. Finished runs are found
again; rows of runs that today's code and settings would not make are dropped.
"""

import argparse
from dataclasses import replace

import numpy as np
import pandas as pd

from lib import metrics, report, train
from lib.config import Config

METHODS = ("darn", "fashionnet+joints", "fashionnet", "fashionnet-joint", "fashionnet-global")
MORE = 4 / 3  # times the training images


def settings(config: Config) -> dict[str, tuple[Config, str]]:
    """Name -> (configuration, folder under the outputs that holds its world): as it is, and with one thing changed."""
    more = replace(config.world, train=round(MORE * config.world.train), inshop_items=0, consumer2shop_items=0)
    return {
        "as it is": (config, ""),
        "another seed": (replace(config, seed=config.seed + 1), ""),  # of training; the world stays
        "twice the steps": (replace(config, training=replace(config.training, rounds=2 * config.training.rounds)), ""),
        "a third more images": (replace(config, world=more), "more_images"),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--profile", default="demo")
    parser.add_argument("--out", default="")
    parser.add_argument("--methods", nargs="*", default=METHODS)
    parser.add_argument("--settings", nargs="*", default=[])
    args = parser.parse_args()
    original, out = report.open_run(args.profile, args.out)
    path = out / "tables" / "orderings.csv"
    rows, kept = pd.read_csv(path).to_dict("records") if path.exists() else [], []
    for name, (config, folder) in settings(original).items():
        old = {row["method"]: row for row in rows if row["setting"] == name}
        asked = not args.settings or name in args.settings
        if not (asked or old):
            continue
        world = config if folder else original  # another seed of training sees the same world
        data = report.open_benchmark(world, "", out / folder, "category_attribute", "category")
        names = {m: train.run_folder(out / folder, data, m, config).name for m in {*old, *args.methods, "fashionnet"}}
        kept += [row for m, row in old.items() if row["run"] == names[m] and not (asked and m in args.methods)]
        if not asked:
            continue
        test, found, epochs = data.rows("test"), {}, {}
        for method in dict.fromkeys((*args.methods, "fashionnet")):
            run = train.run(method, data, config, out / folder)
            found[method], epochs[method] = report.predictions(run, "test"), len(report.history(run))
        table = report.table2(found, data, test, config.seed).set_index("method")
        ones, labels = np.ones(len(test)), data.attributes[test]
        hits = {m: (metrics.topk_hits(p["category_scores"], data.category[test], 3), ones) for m, p in found.items()}
        matched = {
            m: (metrics.attribute_hits(p["attribute_scores"], labels, 5).sum(1), (labels == 1).sum(1))
            for m, p in found.items()
            if "attribute_scores" in p  # all but fashionnet-noattr
        }
        for method in args.methods:
            row = {"setting": name, "method": method, "epochs": epochs[method], "run": names[method]}
            for column in ("category_top3", "all_top5"):
                row |= {f"{column}{end}": table.loc[method].get(f"{column}{end}") for end in ("", "_lo", "_hi")}
            for column, counted in (("lead", hits), ("attribute_lead", matched)):
                if method not in counted:
                    continue
                lead = metrics.bootstrap_difference(
                    *counted["fashionnet"], *counted[method], report.units(data, test), seed=config.seed
                )
                row |= dict(zip((column, f"{column}_lo", f"{column}_hi"), (100 * value for value in lead), strict=True))
            kept.append(row)
            print(pd.DataFrame([row]).round(1).to_string(index=False), flush=True)
    print("wrote", report.save_table(pd.DataFrame(kept), out, "orderings"))


if __name__ == "__main__":
    main()
