"""What FashionNet's attribute recall must beat: logistic regression on frozen VGG-16 features, same crops, same split.

The bar is the first row, `logistic`: labels as they are. `logistic, balanced` is beside it because class weights buy macro
recall with micro recall; no one model need win both ends of that trade.

    python benchmarks/attribute_baseline.py --data DIR [--weights FILE] --out DIR

Features: conv5 of the frozen VGG-16 on the same cached conv4 maps, averaged over the crop, standardised. One scikit-learn
LogisticRegression an attribute, on the train split; its C is chosen on a tenth of the train split by top-5 recall. Two
rows: labels as they are (C chosen by `micro`), and class_weight="balanced" (C chosen by `macro`).
Writes <out>/tables/attribute_baseline.csv with the columns of attributes.csv.
"""

import argparse
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import torch
import torch.nn.functional as F
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from lib import metrics, report, store, train
from lib.config import Model
from lib.model import WTBI, load_vgg16

STRENGTHS = (0.0003, 0.001, 0.003, 0.01, 0.03)


@torch.inference_mode()
def features(net: WTBI, benchmark, config, folder: Path) -> np.ndarray:
    """conv5 of every crop, averaged over the crop: (N, 512), from the conv4 maps that the photos profile trains on."""
    crops = store.crop_store(benchmark, folder / "cache", config.input)
    dtype = torch.bfloat16 if "bf16" in train.precision_here(config) else torch.float32  # as training's
    key = store.crops_key(benchmark, config.input)
    mirrored = train.seen_mirrored(benchmark, config)
    place = folder / "cache", key, torch.device("cpu"), dtype
    conv4 = store.conv4_store(net.trunk, crops, benchmark.name, *place, mirrored)
    out = []
    for start in range(0, len(conv4), 100):
        maps = torch.from_numpy(np.array(conv4[start : start + 100, 0])).permute(0, 3, 1, 2).float()
        out.append(net.conv5(F.max_pool2d(maps, 2)).mean((2, 3)).numpy())
    return np.concatenate(out)


def fit_scores(x, labels, fit_rows, score_rows, strength, weight) -> np.ndarray:
    """Decision values (n, A); an attribute with one class only in `fit_rows` gets that class's sign for every image."""
    scaler = StandardScaler().fit(x[fit_rows])
    train, test = scaler.transform(x[fit_rows]), scaler.transform(x[score_rows])
    out = np.empty((len(score_rows), labels.shape[1]))
    for a in range(labels.shape[1]):
        y = labels[fit_rows, a] == 1
        if y.all() or not y.any():
            out[:, a] = 1e3 if y.all() else -1e3
            continue
        model = LogisticRegression(C=strength, class_weight=weight, max_iter=200)
        out[:, a] = model.fit(train, y).decision_function(test)
    return out


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--data", required=True)
    parser.add_argument("--weights", default="")
    parser.add_argument("--profile", default="photos")
    parser.add_argument("--out", required=True)
    args = parser.parse_args()
    warnings.simplefilter("ignore", ConvergenceWarning)  # 200 iterations leave the ranking settled
    config, folder = report.open_run(args.profile, args.out)
    benchmark = report.open_data(config, args.data, folder)["category_attribute"]
    state, origin = train.read_weights(args.weights)
    net = WTBI(Model(fc_fusion=8), 0, 0).eval()
    load_vgg16(net, state)
    x, groups, labels = features(net, benchmark, config, folder), benchmark.attribute_groups, benchmark.attributes
    order = np.random.default_rng(config.seed).permutation(benchmark.rows("train"))
    held, fit = order[: len(order) // 10], order[len(order) // 10 :]
    test = benchmark.rows(report.test_split(benchmark))
    tables = []
    for name, weight, by in (("logistic", None, "micro"), ("logistic, balanced", "balanced", "macro")):
        tried = {}
        for strength in STRENGTHS:
            scores = fit_scores(x, labels, fit, held, strength, weight)
            tried[strength] = metrics.attribute_recall(scores, labels[held], 5, groups, by)[0]["all"]
        best = max(tried, key=tried.get)
        print(f"{name}: C by {by} on held-out train images: {tried}, chosen {best}", flush=True)
        scores = fit_scores(x, labels, order, test, best, weight)
        tables.append(report.attribute_table({name: scores}, benchmark, test))
    table = pd.concat(tables)
    print(f"features from {origin}")
    print(table[table.group == "all"].round(4).to_string(index=False))
    print("wrote", report.save_table(table, Path(folder), "attribute_baseline"))


if __name__ == "__main__":
    main()
