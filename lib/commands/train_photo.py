"""Train the two networks behind `--photo` and notebook 09: on drawn clothes and photos, and on drawn clothes alone.

    python -m lib.commands.train_photo --photos clothing-dataset-small --out outputs/photo_network

--photos: a folder with train/ and validation/, in each one folder of photos per kind (`lib.photo_network`), such as
the small part of https://github.com/alexeygrigorev/clothing-dataset (CC0). An hour and a half on two cores. In the
first network what ImageNet has taught up to stride 8, and all batch norms, stay as they are: edges and textures of
photos, not of drawings. The second finds landmarks on ImageNet's maps, all of which stay. Both go to --out, the first
with its figures on the validation photos in its header.
"""

import argparse
import sys
from dataclasses import replace
from pathlib import Path

import joblib
import numpy as np
import torch
from sklearn.linear_model import LogisticRegression
from torch import Tensor, nn
from torchvision.transforms import v2
from tqdm import tqdm

from lib import crops, efficientnet, networks, train
from lib.commands import one_sentence
from lib.config import PROFILES, Input, Weights
from lib.deepfashion import Benchmark, find_benchmarks
from lib.fashionnet import FashionNet, fully_connected, initialise
from lib.methods import METHODS
from lib.photo import read_photo
from lib.photo_network import FOLDERS, INPUT, KINDS, MODEL, NONE, LandmarkNet, PhotoNet, right_categories
from lib.predict import check_box, see
from lib.world.attributes import holds
from lib.world.items import Job, garments_of
from lib.world.size import World
from lib.world.writer import write_world

WORLD, SEED = World(pretrain=16_000, val=400, test=1_000), 7  # of the drawn clothes
METHOD = next(method for method in METHODS.values() if method.head == "heatmap")
CONFIG = replace(PROFILES["photos"], input=INPUT)
STEPS, RATE, BATCH = 1500, 5e-4, 32  # updates, and pictures of each of the two sources in a batch
LANDMARK_STEPS, LANDMARK_RATE, LANDMARK_BATCH = 2500, 2e-3, 128  # of the network that finds landmarks
# A thousand photos a kind at most teach landmarks nothing, drawings alone do: they weigh as in the photos profile.
WEIGHTS = Weights(landmark=10, heatmap=1, visibility=0.1, category=0.3, attribute=1, triplet=0, pair=0)
ABSENT = 0.3  # weight of the attributes that a photo's kind excludes; the kind's own loss has weight 1
PRECISION = 0.9  # of an attribute on drawn clothes, from which it is said of a photo
FEWEST = 10  # pictures that its precision is measured on
DOUBTED = 0.03  # share of validation photos that may be doubted by either sign that a photo shows no clothes
EPOCHS = 12  # of the classifier of attributes
REGULAR = 0.01  # scikit-learn's C of the classifier of kinds


def read_photos(folder: Path) -> tuple[np.ndarray, np.ndarray]:
    """Return the crops (N, px, px, 3) of a folder with one folder of photos per kind, and the kinds' numbers (N,)."""
    cut, kind = [], []
    for number, name in enumerate(KINDS):
        for path in sorted((folder / FOLDERS.get(name, name)).iterdir()):
            photo = read_photo(path)
            cut.append(crops.crop(photo, check_box(photo, None), INPUT.px, INPUT.margin))
            kind.append(number)
    return np.stack(cut), np.array(kind)


def kind_loss(logits: Tensor, right: Tensor) -> Tensor:
    """Return the mean negative logarithm of the summed probability of the right categories; both (n, categories)."""
    return -logits.log_softmax(1).masked_fill(~right, -torch.inf).logsumexp(1).mean()


def roughen(images: Tensor, generator: torch.Generator) -> Tensor:
    """Blur, grey or add noise to normalised images (n, 3, H, W), eight at a time: drawings are cleaner than photos."""
    out = []
    for part in images.split(8):
        blur, grey, noise, strength = torch.rand(4, generator=generator).tolist()
        if blur < 0.25:
            part = v2.functional.gaussian_blur(part, [5, 5], [0.3 + 1.2 * strength])
        if grey < 0.1:
            part = part.mean(1, keepdim=True).expand_as(part)
        if noise < 0.4:
            part = part + 0.25 * strength * torch.randn(part.shape, generator=generator)
        out.append(part)
    return torch.cat(out).contiguous(memory_format=torch.channels_last)


def training_mode(model: FashionNet) -> None:
    """Freeze the trunk, and all batch norms at the values that they start with."""
    model.train()
    model.trunk.requires_grad_(False)
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.eval().requires_grad_(False)


def batches(n: int, seed: int, steps: int, batch: int) -> np.ndarray:
    """Return the rows of n, each as often as any other, for every update: (steps, batch)."""
    rng = np.random.default_rng(seed)
    rows = np.concatenate([rng.permutation(n) for _ in range(steps * batch // n + 1)])
    return rows[: steps * batch].reshape(steps, batch)


def fit(drawn: Benchmark, photos: tuple[np.ndarray, np.ndarray], out: Path) -> tuple[FashionNet, Tensor]:
    """Return FashionNet trained on both sources, and (kinds, A) bool: attributes that a kind excludes."""
    rows = drawn.rows("pretrain", "train")
    samples = replace(train.make_samples(drawn, CONFIG, METHOD), crops=crops.crop_store(drawn, out / "cache", INPUT))
    weights = train.attribute_weights(samples, rows, np.ones(samples.attributes.shape[1], bool), 0.1)
    torch.manual_seed(SEED)
    categories, attributes = len(drawn.category_names) + 1, len(drawn.attribute_names)
    model = FashionNet(MODEL, INPUT.view_px, categories, attributes, METHOD.head)
    # Its global branch reads the last map, whose features tell kinds of photos apart best.
    model.conv5_global, model.pool5 = efficientnet.stages("last"), nn.AdaptiveAvgPool2d(1)
    model.fc6_global = fully_connected(efficientnet.CHANNELS["last"], MODEL.fc_global, MODEL.dropout)
    initialise(model.fc6_global)
    model.to(memory_format=torch.channels_last)
    train.start_at_frequencies(model, replace(samples, category=None), rows, weights, CONFIG, [])
    right = right_categories([*drawn.category_names, NONE])
    together = torch.zeros(categories, attributes)  # how many garments of a category have an attribute
    together.index_add_(0, samples.category[rows], (samples.attributes[rows] == 1).float())
    absent = (right.float() @ together) == 0
    training_mode(model)
    rate = torch.tensor(RATE)
    optimizer = train.make_optimizer(model, rate, CONFIG, rate.device)
    generator = torch.Generator().manual_seed(SEED)
    sources = zip(*(batches(n, SEED, STEPS, BATCH) for n in (len(rows), len(photos[0]))), strict=True)
    for step, (d, p) in enumerate(tqdm(sources, total=STEPS, unit="update", mininterval=10)):
        d = torch.from_numpy(np.sort(rows[d]))
        views = [crops.training_view(BATCH, INPUT, generator) for _ in range(2)]
        of_photos = crops.images_in_view(torch.from_numpy(photos[0][p]), views[1], INPUT.view_px)
        images = torch.cat([samples.images(d, views[0], INPUT.view_px), of_photos])
        found = model(roughen(images, generator))
        first = {name: value[:BATCH] for name, value in found.items()}
        kind = torch.from_numpy(photos[1][p])
        terms = train.loss_terms(first, samples.labels(d, views[0]), weights, CONFIG.training.margin)
        wrong = nn.functional.softplus(found["attributes"][BATCH:]) * absent[kind] * weights[1]
        loss = train.total(terms, WEIGHTS) + ABSENT * wrong.sum() / BATCH
        loss = loss + kind_loss(found["category"][BATCH:], right[kind])
        rate.fill_(RATE * train.rate_share(step, STEPS))
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
    return model.eval(), absent


def fit_landmarks(drawn: Benchmark, out: Path) -> LandmarkNet:
    """Return the network that finds landmarks, trained on drawn clothes."""
    rows = drawn.rows("pretrain", "train")
    samples = replace(train.make_samples(drawn, CONFIG, METHOD), crops=crops.crop_store(drawn, out / "cache", INPUT))
    torch.manual_seed(SEED)
    model, fabric = LandmarkNet().train(), train.make_fabric(CONFIG.training.precision)
    optimizer = torch.optim.AdamW(model.parameters(), weight_decay=CONFIG.training.weight_decay)
    generator = torch.Generator().manual_seed(SEED)
    for step, batch in enumerate(tqdm(batches(len(rows), SEED, LANDMARK_STEPS, LANDMARK_BATCH), unit="update")):
        batch = torch.from_numpy(np.sort(rows[batch]))
        view = crops.training_view(len(batch), Input(), generator)  # with less jitter than INPUT's
        with fabric.autocast():
            found = model(samples.images(batch, view, INPUT.view_px))
        loss = train.total(train.loss_terms(found, samples.labels(batch, view), None, 0), WEIGHTS)
        optimizer.param_groups[0]["lr"] = LANDMARK_RATE * train.rate_share(step, LANDMARK_STEPS)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
    return model.eval()


def fit_kinds(model: PhotoNet, photos, validation) -> dict[str, float]:
    """Fit the classifier of kinds to the training photos' features, and its temperature to the validation photos.

    Return its figures on the validation photos, the calibration error with temperatures of the other half of them.
    """
    cut, kind = photos[0], np.tile(photos[1], 2)
    features = torch.cat([see(model, cut, mirrored=mirrored)["features"] for mirrored in (False, True)]).numpy()
    fitted = LogisticRegression(C=REGULAR, max_iter=1000).fit(features, kind)
    unit = features / np.linalg.norm(features, axis=1, keepdims=True)
    centres = np.stack([unit[kind == number].mean(0) for number in range(len(KINDS))])
    model.centres.copy_(torch.from_numpy(centres / np.linalg.norm(centres, axis=1, keepdims=True)))
    model.kind.weight.data.copy_(torch.from_numpy(fitted.coef_))
    model.kind.bias.data.copy_(torch.from_numpy(fitted.intercept_))
    logits = sum(see(model, validation[0], mirrored=mirrored)["kind"] for mirrored in (False, True)) / 2
    truth = torch.from_numpy(validation[1])
    crossed = torch.empty_like(logits)
    for half, other in ((0, 1), (1, 0)):
        crossed[half::2] = logits[half::2] / temperature(logits[other::2], truth[other::2])
    whole = temperature(logits, truth)
    model.kind.weight.data /= whole
    model.kind.bias.data /= whole
    alike = nn.functional.cosine_similarity(see(model, validation[0])["features"][:, None], model.centres, dim=2).max(1)
    sure = (logits / whole).softmax(1).max(1)
    model.least.copy_(torch.stack([alike.values.quantile(DOUBTED), sure.values.quantile(DOUBTED)]))
    best = crossed.softmax(1).max(1)
    right = (best.indices == truth).float()
    top3 = (logits.topk(3, 1).indices == truth[:, None]).any(1).float()
    shares = {"kind right, %": float(right.mean()), "among three, %": float(top3.mean())}
    shares["calibration error, points"] = calibration_error(best.values, right)
    return {name: 100 * share for name, share in shares.items()} | {"temperature": whole}


def temperature(logits: Tensor, truth: Tensor) -> float:
    """Return what logits (n, K) are divided by for the least cross-entropy."""
    return float(min(torch.arange(0.3, 5, 0.05), key=lambda t: nn.functional.cross_entropy(logits / t, truth)))


def calibration_error(probability: Tensor, right: Tensor) -> float:
    """Return the expected calibration error of probabilities (n,) of what is right (n,) 0 or 1, in ten equal bins."""
    place = (probability * 10).long().clamp(max=9)
    parts = [place == b for b in place.unique()]
    return float(sum((probability[part].mean() - right[part].mean()).abs() * part.float().mean() for part in parts))


def shown(drawn: Benchmark, rows: np.ndarray) -> np.ndarray:
    """Return which attributes the garments of drawn pictures have, (n, A) bool, whether their seller mentions them."""
    items = [int(name.split("/")[-2].rpartition("_")[2]) for name in drawn.image[rows].tolist()]
    jobs = [Job("category_attribute", "test", item, (1,), 1) for item in items]
    return np.stack([holds(garments_of(job, WORLD, SEED)[0]) for job in jobs])


def fit_attributes(model: PhotoNet, drawn: Benchmark, photos, out: Path) -> None:
    """Fit the classifiers of categories and attributes to drawn garments, and from where each attribute is said.

    That is the least probability from which PRECISION of the val and test pictures show it, inf where there is none.
    Photos are given the mean and deviation that the features of drawn clothes of their kind have.
    """
    stored, generator = crops.crop_store(drawn, out / "cache", INPUT), torch.Generator().manual_seed(SEED)
    rows, held_out = drawn.rows("pretrain", "train")[::2], drawn.rows("val", "test")
    features, truth = see(model, stored[rows])["features"], torch.from_numpy(shown(drawn, rows)).float()
    mean, deviation = features.mean(0), features.std(0, correction=0) + 1e-3
    head = nn.Linear(features.shape[1], truth.shape[1])
    head.weight.data.zero_()
    head.bias.data.copy_(truth.mean(0).clamp(1e-4, 1 - 1e-4).logit())
    optimizer = torch.optim.AdamW(head.parameters(), lr=2e-3, weight_decay=0.05)
    for epoch in range(EPOCHS):
        for part in torch.randperm(len(rows), generator=generator).split(128):
            logits = head((features[part] - mean) / deviation)
            loss = nn.functional.binary_cross_entropy_with_logits(logits, truth[part], reduction="sum") / len(part)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        optimizer.param_groups[0]["lr"] = 2e-3 * (1 - (epoch + 1) / EPOCHS)
    model.attribute.weight.data.copy_(head.weight.data / deviation)
    model.attribute.bias.data.copy_(head.bias.data - model.attribute.weight.data @ mean)
    right_for = right_categories([*drawn.category_names, NONE])[:, drawn.category[rows]]
    of_photos = see(model, photos[0])["features"]
    for number in right_for.any(1).nonzero()[:, 0].tolist():
        theirs, ours = of_photos[photos[1] == number], features[right_for[number]]
        scale, shift = (values.view(len(KINDS), -1)[number] for values in (model.scale, model.shift))
        scale.copy_((ours.std(0, correction=0) + 1e-3) / (theirs.std(0, correction=0) + 1e-3))
        shift.copy_(ours.mean(0) - theirs.mean(0) * scale)
    with torch.inference_mode():
        probability = model.attribute(see(model, stored[held_out])["features"]).sigmoid().numpy()
    right = shown(drawn, held_out)
    counted = np.arange(1, len(held_out) + 1)
    for a in range(right.shape[1]):
        order = np.argsort(-probability[:, a])
        enough = np.flatnonzero((right[order, a].cumsum() / counted >= PRECISION) & (counted >= FEWEST))
        model.threshold[a] = float(probability[order[enough[-1]], a]) if len(enough) else torch.inf
    _, first = np.unique(right, axis=1, return_index=True)  # of words of one meaning the first
    model.threshold[np.setdiff1d(np.arange(right.shape[1]), first)] = torch.inf


def only_said(model: PhotoNet, names: list[str]) -> list[str]:
    """Drop the attributes that are never said from a network; return the names of the others."""
    said = model.threshold.isfinite().nonzero()[:, 0]
    model.threshold, model.absent = model.threshold[said], model.absent[:, said]
    for values in model.attribute.parameters():
        values.data = values.data[said]
    return [names[a] for a in said.tolist()]


@one_sentence("train_photo")
def main(arguments: list[str]) -> None:
    """Draw the clothes, train both networks, fit the classifier of kinds and the thresholds, and write them."""
    parser = argparse.ArgumentParser(prog="python -m lib.commands.train_photo", description=__doc__.split("\n")[0])
    parser.add_argument("--photos", required=True, type=Path, help="folder with train/ and validation/, one per kind")
    parser.add_argument("--out", required=True, type=Path, help="folder of what is made")
    options = parser.parse_args(arguments)
    world = write_world(options.out / "world", WORLD, SEED, joblib.cpu_count())
    drawn = find_benchmarks(world)["category_attribute"]
    photos, validation = (read_photos(options.photos / split) for split in ("train", "validation"))
    names = networks.classes(drawn)
    names["category"] = [*names["category"], NONE]
    landmarks, (network, absent) = fit_landmarks(drawn, options.out), fit(drawn, photos, options.out)
    torch.manual_seed(SEED)
    model = PhotoNet(len(names["attributes"])).eval()
    model.trunk.load_state_dict(network.trunk.state_dict())
    model.conv5_global.load_state_dict(network.conv5_global.state_dict())
    model.absent.copy_(absent)
    figures = fit_kinds(model, photos, validation)
    fit_attributes(model, drawn, photos, options.out)
    names["attributes"] = only_said(model, names["attributes"])
    figures["attributes that are said"] = len(names["attributes"])
    headers = {"photo": {"classes": names, "figures": figures}, "photo_landmarks": {"updates": LANDMARK_STEPS}}
    for (name, header), each in zip(headers.items(), (model, landmarks), strict=True):
        networks.save(options.out / f"{name}_whole.safetensors", each, header)
        networks.ship(options.out / f"{name}_whole.safetensors", options.out / f"{name}.safetensors", {})
    print(figures)


if __name__ == "__main__":
    main(sys.argv[1:])
