"""Is the synthetic world worth training on? Each answer is a row of <out>/tables/world.csv: figure, value, how.

    python benchmarks/world.py [--real DIR] [--out outputs/demo]

Needs a finished `./run_all.sh` (demo profile) and reuses its runs. --real: the real sample in the official fine layout;
without it the rows that compare with reality are left out, and said so. Trains two more networks: about half an hour on
two CPU cores.
"""

import argparse
from pathlib import Path

import numpy as np
import pandas as pd
from attribute_baseline import features
from safetensors.torch import load_file
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from lib import metrics, report, train
from lib.config import Model
from lib.model import WTBI, load_vgg16

STRENGTHS = (0.001, 0.01, 0.1)


def frozen_features(benchmark, config, out: Path) -> np.ndarray:
    """Generic ImageNet features of every image, (N, 512): see attribute_baseline.py."""
    net = WTBI(Model(fc_fusion=8), 0, 0).eval()
    load_vgg16(net, train.read_weights(config.weights)[0])
    return features(net, benchmark, config, out)


def probe_accuracy(x: np.ndarray, benchmark, seed: int) -> float:
    """Top-1 category accuracy on test of a linear classifier on frozen features; its C is chosen on a tenth of train."""
    order = np.random.default_rng(seed).permutation(benchmark.rows("train"))
    held, fit, test = order[: len(order) // 10], order[len(order) // 10 :], benchmark.rows("test")

    def score(rows, on, strength):
        model = make_pipeline(StandardScaler(), LogisticRegression(C=strength, max_iter=300))
        return model.fit(x[rows], benchmark.category[rows]).score(x[on], benchmark.category[on])

    best = max(STRENGTHS, key=lambda strength: score(fit, held, strength))
    return score(order, test, best)


def recall_at_1(embedding: np.ndarray, benchmark) -> float:
    """Share of in-shop queries whose nearest gallery image is of their item."""
    query, gallery = benchmark.rows("query"), benchmark.rows("gallery")
    ranked, _ = metrics.search(embedding[query], embedding[gallery], 1)
    return metrics.retrieval_accuracy(ranked, benchmark.item[query], benchmark.item[gallery], (1,))["accuracy"][1]


def pdj(predicted: np.ndarray, benchmark, rows: np.ndarray) -> float:
    """PDJ at 0.1 over all visible landmarks, the annotated box as a unit square."""
    distances = metrics.landmark_distances(predicted, benchmark.landmarks[rows], benchmark.box[rows])
    return float(metrics.pdj(distances, benchmark.visibility[rows], [0.1])[1][0])


def predict_elsewhere(folder: Path, method: str, trained_on, benchmark, split: str, config, out: Path) -> np.ndarray:
    """Landmarks (n, 8, 2) that a finished run predicts on a split of another benchmark, which it has never seen."""
    model = train.build(method, trained_on, config)
    train.fill(model, load_file(folder / "model.safetensors"))
    fabric = train.make_fabric(config)
    samples = train.make_samples(benchmark, train.load_maps(model, benchmark, config, out, fabric), config)
    return train.predict(model, samples, benchmark, benchmark.rows(split), config, fabric)["landmarks"]


def joint_distances(benchmark, name: str, where: str) -> list[tuple[str, float, str]]:
    """Rows: the mean distance of each visible landmark to the nearest joint, in units of the box."""
    table = report.landmark_table(benchmark)["to nearest joint"]
    how = f"mean distance to the nearest joint, box units, {where}"
    return [(f"{name}_{landmark.replace(' ', '_')}", float(value), how) for landmark, value in table.items()]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--real", default="", help="folder of the real sample")
    parser.add_argument("--out", default="", help="folder of the outputs; outputs/photos without it")
    args = parser.parse_args()
    config, out = report.open_run("photos", args.out)
    benchmarks = report.open_data(config, "", out)
    world, inshop = benchmarks["category_attribute"], benchmarks["inshop"]
    test = world.rows("test")
    rows = []

    def add(figure: str, value: float, how: str) -> None:
        rows.append((figure, value, how))
        print(f"{figure}: {value:.4g} ({how})", flush=True)

    splits = ("pretrain", "train", "val", "test")
    positives = {s: (world.attributes[world.rows(s)] == 1).sum(0) for s in splits if len(world.rows(s))}
    categories = pd.Series(world.category).value_counts(normalize=True)
    add("categories", len(categories), "categories with at least one image")
    add("top20_categories_share", categories[:20].sum(), "images of the 20 most frequent of the 50 categories")
    add("attributes", len(world.attribute_names), "attributes")
    add("attributes_per_image", (world.attributes == 1).sum(1).mean(), "positive labels an image, label noise applied")
    for split, counts in positives.items():
        add(f"attributes_absent_{split}", int((counts == 0).sum()), f"attributes without a positive in {split}")
    tail = np.sort(positives["train"])[::-1]
    add(
        "top100_attributes_share",
        tail[:100].sum() / tail.sum(),
        "positive train labels of the 100 most frequent attributes",
    )

    x = frozen_features(world, config, out)
    add(
        "probe_category_top1", probe_accuracy(x, world, config.seed), "logistic regression on frozen VGG-16 conv5, test"
    )
    scores = report.predictions(report.finished("fashionnet", world, config, out, ""), "test")["category_scores"]
    add(
        "fashionnet_category_top1",
        metrics.topk_accuracy(scores, world.category[test], 1),
        "fashionnet on frozen VGG-16 (photos profile), test",
    )
    add(
        "probe_inshop_r1",
        recall_at_1(frozen_features(inshop, config, out), inshop),
        "frozen VGG-16 conv5, query to gallery",
    )
    folder = train.run("fashionnet", inshop, config, out, start=report.finished("fashionnet", world, config, out, ""))
    embedding = np.zeros((len(inshop.image), config.model.fc_fusion), np.float32)
    for split in ("query", "gallery"):
        embedding[inshop.rows(split)] = report.predictions(folder, split)["embedding"]
    add("fashionnet_inshop_r1", recall_at_1(embedding, inshop), "fashionnet, fine-tuned on the in-shop train items")
    for row in joint_distances(world, "to_joint", "synthetic"):
        add(*row)

    if args.real:
        real = report.open_data(config, args.real, out)["category_attribute"]
        real_out, val = Path(out).parent / "real_fine", real.rows("val")
        for row in joint_distances(real, "real_to_joint", "the real sample"):
            add(*row)
        add(
            "mean_landmark_real_pdj",
            pdj(report.mean_landmarks(real)[val], real, val),
            "mean landmark of the real train split",
        )
        add(
            "synthetic_mean_landmark_real_pdj",
            pdj(report.mean_landmarks(world, real)[val], real, val),
            "mean landmark of the synthetic world",
        )
        for method, name in (
            ("fashionnet-heatmap", "synthetic_to_real_pdj"),
            ("fashionnet", "synthetic_to_real_pdj_regression"),
        ):
            folder = report.finished(method, world, config, out, "")
            predicted = predict_elsewhere(folder, method, world, real, "val", config, real_out)
            add(name, pdj(predicted, real, val), f"{method} trained on synthetic images alone, real val photos")
        folder = report.finished("fashionnet-heatmap", world, config, out, "")
        for start, name in ((None, "real_pdj"), (folder, "synthetic_then_real_pdj")):
            run = train.run("fashionnet-heatmap", real, config, real_out, start=start)
            how = "the real train split, after the synthetic world" if start else "the real train split alone"
            add(
                name,
                pdj(report.predictions(run, "val")["landmarks"], real, val),
                f"fashionnet-heatmap trained on {how}, real val",
            )
    else:
        print("no --real: rows that compare with reality are left out")
    table = pd.DataFrame(rows, columns=["figure", "value", "how"])
    print("wrote", report.save_table(table, out, "world"))


if __name__ == "__main__":
    main()
