"""Families: one design in several versions, as shops sell it.

The items of a family share cut, fabric and palette. Each pair differs in one to `details` of a few fields, and every
difference can be seen in a front view. A line holds several families of one design, each with a mark of its own, such
as another neckline: a search that finds the line has still to find the item.
"""

from collections.abc import Sequence
from dataclasses import fields, replace
from itertools import product

import numpy as np

from lib.world import figure
from lib.world.garment import CATEGORIES, VALUES, Garment, settle
from lib.world.wardrobe import draw

LEAST, MOST = 4, 8  # items of a family
# How often a family varies in each detail, relative to the others. A pattern is told apart from far away: rare.
DETAILS = dict(collar=2, closure=2, sleeve_kind=2, hem=2, pocket=2, trim=2, neckline=2, panel=1.5, waistline=1.5)
DETAILS |= dict(skirt=1, strap=1, pattern=0.2)
_SMALL, _SEEN = 64, 8  # height in pixels of the pictures that are compared, and how many of their pixels must differ


def sizes(items: int, rng: np.random.Generator) -> list[int]:
    """Return family sizes that sum to `items`: LEAST to MOST each, unless there are fewer items than LEAST."""
    out = []
    while items > MOST:
        out.append(int(rng.integers(LEAST, min(MOST, items - LEAST) + 1)))
        items -= out[-1]
    return [*out, items] if items else out


def differences(a: Garment, b: Garment) -> set[str]:
    """Return the details in which two garments differ; a panel and its place are one."""
    names = {f.name for f in fields(a) if getattr(a, f.name) != getattr(b, f.name)}
    return {"panel" if name == "panel_at" else name for name in names}


def _changed(g: Garment, values: dict) -> Garment | None:
    """Return the garment with these details, or None where one of them cannot be or changes something else."""
    if values.get("panel", "none") != "none" and g.panel_at == "none":
        values = values | {"panel_at": "sides"}
    other = settle(replace(g, **values))
    kept = all(getattr(other, name) == value for name, value in values.items())
    return other if kept and differences(g, other) <= set(values) else None


def _picture(g: Garment) -> np.ndarray:
    return figure.Picture(g, np.random.default_rng(1), _SMALL).image.astype(np.int16)


def _options(g: Garment, detail: str, picture: np.ndarray, rng: np.random.Generator, most: int) -> list[str]:
    """Return up to `most` values of a detail, the garment's own first, that can be told from it in a front view."""
    fixed = CATEGORIES[g.category].ranges.get(detail)
    if isinstance(fixed, dict) and len(fixed) == 1:  # what makes it this category
        return []
    found = [getattr(g, detail)]
    for value in rng.permutation([v for v in VALUES[detail] if v != found[0]])[: 2 * most]:
        if len(found) == most:
            break
        other = _changed(g, {detail: str(value)})
        if other is not None and (np.abs(_picture(other) - picture).max(2) > 24).sum() >= _SEEN:
            found.append(str(value))
    return found if len(found) > 1 else []


def _versions(base: Garment, count: int, details: int, used: set[str], rng: np.random.Generator) -> list[Garment]:
    """Return up to `count` versions of a design that differ in at most `details` details outside `used`."""
    picture = _picture(base)
    weights = np.array([0.0 if name in used else weight for name, weight in DETAILS.items()])
    chosen: dict[str, list[str]] = {}
    for detail in rng.choice(list(DETAILS), np.count_nonzero(weights), replace=False, p=weights / weights.sum()):
        if options := _options(base, str(detail), picture, rng, 4):
            chosen[str(detail)] = options
        if len(chosen) == details:
            break
    versions = [_changed(base, dict(zip(chosen, values, strict=True))) for values in product(*chosen.values())]
    unique = [g for g in dict.fromkeys(versions) if g is not None and differences(base, g) <= set(chosen)]
    return [unique[i] for i in rng.permutation(len(unique))[:count]]


def draw_line(counts: Sequence[int], rng, details: int = 3, overlap: float = 0.0) -> list[list[Garment]]:
    """Return one line of a shop: families of `counts` garments that share a design, and differ in one detail more. No
    two garments are alike. Raises RuntimeError where no design has so many versions."""
    for _ in range(50):
        base, used = draw(rng, overlap=overlap), set()
        designs = [base]
        if len(counts) > 1:
            for detail in rng.permutation([name for name in DETAILS if name != "pattern"]):
                options = _options(base, str(detail), _picture(base), rng, len(counts))
                if len(options) >= len(counts):
                    used = {str(detail)}
                    designs = [_changed(base, {str(detail): value}) for value in options[: len(counts)]]
                    break
            else:
                continue
        families = [_versions(g, n, details, used, rng) for g, n in zip(designs, counts, strict=True)]
        if all(len(family) == n for family, n in zip(families, counts, strict=True)):
            return families
    raise RuntimeError(f"no design with {sum(counts)} versions in {details} details was found; allow more details")
