"""What the shipped networks, which no photo has trained, find on a source's photos. WTBI's features saw ImageNet's."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
from torch import nn

from lib import crops, metrics, networks, paper, photo_network, predict, train
from lib.config import PROFILES
from lib.deepfashion import Benchmark, measured_rows, without
from lib.lists import DataError
from lib.methods import FASHIONNET, METHODS, find
from lib.report import results
from lib.report.measures import measure_all
from lib.report.tables import rows_of

PHOTO = "the network of --photo"  # for landmarks
GENERIC = next(name for name, method in METHODS.items() if method.network == "wtbi")
FEATURES = "ImageNet features"  # of WTBI, without its perceptron
CONFIG = PROFILES["demo"]  # whose networks are shipped
COLUMNS = ["measure", "method", "value", "lo", "hi", "images"]


def zero_shot(benchmarks: dict[str, Benchmark], out: Path, k: int = paper.RETRIEVAL_TOP_K) -> pd.DataFrame:
    """Return one row per measure and shipped network, in per cent with 95 % intervals over items: PDJ at 0.1 of the box
    on the measured split, and how many in-shop queries find their item among the first k. Measures that the source has
    no labels or no split for are left out.

    References: "ImageNet features" have learned nothing of clothes, "mean landmark" puts the mean of the training split
    into each box, "chance" is a random order. Crops are kept under `out`/cache, of the measured images alone.
    """
    parts = [pd.DataFrame(columns=COLUMNS)]
    for name, b in benchmarks.items():
        if name == "consumer2shop" or (name == "category_attribute" and b.landmarks is None):
            continue
        try:
            rows, query, gallery = measured_rows(b)
        except DataError:  # other notebooks say what is lacking
            continue
        methods = (FASHIONNET, PHOTO) if query is None else (FASHIONNET, GENERIC, FEATURES)
        answers = {method: [outputs(method, b, rows, out)] for method in methods}
        title, wanted = "PDJ at 0.1", ("landmarks", "PDJ box", paper.PDJ_THRESHOLD, "all")
        if query is not None:
            title, wanted = f"in-shop, top-{k}", ("search", "hit", k, "all")
            for (found,) in answers.values():
                embedding = found["embedding"]
                found["nearest"] = metrics.search(embedding[: len(query)], embedding[len(query) :], k)[0]
        measured = results.Results(name, b, rows, answers, query=query, gallery=gallery)
        part = rows_of(measure_all(measured, (wanted[0],)), *wanted)
        parts.append(part.assign(measure=title, images=len(rows if query is None else query)))
    table = pd.concat(parts[1:] or parts, ignore_index=True)[COLUMNS]
    return table.assign(**{name: 100 * table[name] for name in ("value", "lo", "hi")})


def outputs(method: str, benchmark: Benchmark, rows: np.ndarray, out: Path) -> dict[str, np.ndarray]:
    """Return what a shipped network, or FEATURES, sees in `rows`, as `train.predict` does. Its heads for other names
    than the source's are not filled: landmarks and embeddings alone mean something."""
    few = without(benchmark, np.setdiff1d(np.arange(len(benchmark.image)), rows))
    order = np.searchsorted(np.sort(rows), rows)
    if method == PHOTO:
        cut = np.asarray(crops.crop_store(few, out / "cache", photo_network.INPUT))[order]
        found = predict.both(predict.load_landmarks(), cut)["landmarks"].numpy()
        return {"landmarks": crops.to_pixels(found, few.box[order], photo_network.INPUT.margin)}
    spec = find(GENERIC if method == FEATURES else method)
    fabric = train.make_fabric(CONFIG.training.precision)
    model = networks.build(spec, few, CONFIG, 0)
    if spec.network == "wtbi":
        networks.start_generic(model, CONFIG, "")
    if method == FEATURES:
        model.mlp, model.category, model.attributes = nn.Identity(), None, None
    else:
        state, header = networks.load(networks.SHIPPED / f"{method}.safetensors")
        networks.start(model, state, header["classes"], networks.classes(few))
    samples = replace(train.make_samples(few, CONFIG, spec), crops=crops.crop_store(few, out / "cache", CONFIG.input))
    return train.predict(model, samples, few, order, spec, CONFIG, fabric)
