"""Garments of the synthetic clothes world as parameters: what an item fixes, and what its labels describe.

categories.toml has the values of each field, the ranges that each category's garments are drawn from, and rules for
what cannot be. attributes.csv tells what an attribute means in these parameters; both write conditions in one language.
"""

import re
import tomllib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np

_DATA = tomllib.loads(Path(__file__).with_name("categories.toml").read_text(encoding="utf-8"))
COLOURS = {name: tuple(rgb) for name, rgb in _DATA["colours"].items()}
VALUES = {field: tuple(values) for field, values in _DATA["values"].items()}
VALUES |= {"colour": tuple(COLOURS), "accent": tuple(COLOURS)}
RANGES = {field: tuple(limits) for field, limits in _DATA["numbers"].items()}
UNPRINTED = tuple(_DATA["unprinted"])


@dataclass(frozen=True)
class Garment:
    """The parameters of a garment.

    Lengths are shares: sleeve 0 (none) to 1 (wrist); length of the body 0 (waist) to 1 (hip) to 2 (knee) to 3
    (ankle); fit is the gap between body and cloth, flare what the hem adds, both in shares of half the body's width;
    waist, how far it is taken in; rise, where the waistline of lower-body clothes sits, 0 low to 1 high; scale, the
    size of the pattern's figures; abstract, how far they are distorted; emblem, "none", an icon or a word on the chest.
    """

    category: str
    clothes_type: int  # 1 upper, 2 lower, 3 full
    shape: str  # "top", "skirt", "legs", "dress" or "jumpsuit"
    wearer: str
    length: float
    sleeve: float
    fit: float
    flare: float
    waist: float
    rise: float
    neckline: str
    neck_depth: float
    strap: str
    collar: str
    closure: str
    hem: str
    back: str
    waistline: str
    pocket: str
    skirt: str
    sleeve_kind: str
    trim: str
    panel: str
    panel_at: str
    fabric: str
    finish: str
    pattern: str
    scale: float
    abstract: float
    emblem: str
    colour: str
    accent: str
    distress: float
    seed: int  # of the pattern's random parts

    @property
    def contrast(self) -> float:
        """Return how far the accent is from the ground colour, 0 to 1."""
        difference = np.subtract(COLOURS[self.colour], COLOURS[self.accent])
        return float(min(1.0, np.sqrt((difference**2).sum()) / 300))


class Clause(NamedTuple):
    """A condition on one field of a garment."""

    field: str
    sign: str  # "=", "!=", "<" or ">"
    values: tuple[str, ...]  # of "=" and "!="
    bound: float  # of "<" and ">"

    def holds(self, g) -> bool:
        return self.allows(getattr(g, self.field))

    def allows(self, value) -> bool:
        if self.values:
            return (str(value) in self.values) == (self.sign == "=")
        return value < self.bound if self.sign == "<" else value > self.bound


Condition = tuple[tuple[Clause, ...], ...]  # alternatives of clauses that hold together


def parse(condition: str) -> Condition:
    """Return the alternatives of a condition. Raises ValueError naming what is not understood."""
    return tuple(tuple(_parse_clause(part) for part in option.split("&")) for option in condition.split(" or "))


def _parse_clause(part: str) -> Clause:
    match = re.fullmatch(r"\s*(\w+)\s*(!=|=|<|>)\s*(.+?)\s*", part)
    field, sign, value = match.groups() if match else ("", "", "")
    if field in (*RANGES, "contrast") and sign in "<>":
        return Clause(field, sign, (), float(value))
    values = tuple(value.split("|"))
    known = values if field == "emblem" else _KNOWN.get(field, ())
    if sign in ("=", "!=") and set(values) <= set(known):
        return Clause(field, sign, values, 0.0)
    raise ValueError(f"{part.strip()!r} is no condition; field and values must be in categories.toml")


class Category(NamedTuple):
    clothes_type: int
    shape: str
    frequency: float
    ranges: dict  # by field: a pair is a uniform range, a dict a choice with weights
    noun: tuple[str, ...]  # the words that end a title


def _choice(field: str, written: list | str) -> tuple | dict:
    """Read a range: [low, high], or text such as "none 6, belt" of values with weights."""
    if isinstance(written, list):
        return tuple(written)
    parts = (part.strip().partition(" ") for part in written.split(","))
    return {float(value) if field in RANGES else value: float(weight or 1) for value, _, weight in parts}


def _ranges(entry: dict) -> dict:
    """Return the ranges of an entry of categories.toml, over those of the kind that it is like."""
    base = _ranges(_DATA["like"][entry["like"]]) if "like" in entry else {}
    return base | {f: _choice(f, value) for f, value in entry.items() if f not in ("is", "like", "noun")}


@lru_cache(maxsize=1 << 10)
def _shares(weights: tuple[float, ...]) -> np.ndarray:
    return np.array(weights) / np.array(weights).sum()


CATEGORIES = {
    name: Category(*entry["is"], _ranges(entry), tuple(entry.get("noun", name.lower()).split()))
    for name, entry in _DATA["categories"].items()
}
CATEGORY_NAMES = tuple(CATEGORIES)
_COLOUR_SHARES = _shares(tuple(3.0 if colour in _DATA["frequent"] else 1.0 for colour in COLOURS))
CATEGORY_WEIGHTS = _shares(tuple(category.frequency for category in CATEGORIES.values()))
NEIGHBOURS: dict[str, tuple[str, ...]] = {}  # categories whose cut a garment of this one may have
for _row in _DATA["mixed_up"]:
    for _name in _row:
        _others = [other for other in _row if other != _name]
        NEIGHBOURS[_name] = tuple(dict.fromkeys([*NEIGHBOURS.get(_name, ()), *_others]))

_KNOWN = VALUES | {"category": CATEGORY_NAMES, "clothes_type": ("1", "2", "3")}
_KNOWN["shape"] = ("top", "skirt", "legs", "dress", "jumpsuit")
_RULES = [(parse(condition)[0], values) for condition, values in _DATA["rules"]]


@lru_cache(maxsize=64)
def choices(category: str) -> dict:
    """Return the ranges that garments of a category are drawn from, by field."""
    return _ranges(_DATA["like"]["any"]) | CATEGORIES[category].ranges


def sample(category: str, rng: np.random.Generator, overlap: float = 0.0) -> Garment:
    """Return a garment of a category, drawn from its ranges or, in a share `overlap` of cases, from a neighbour's."""
    kind, shape, *_ = CATEGORIES[category]
    values = dict(category=category, clothes_type=kind, shape=shape, emblem="none", seed=int(rng.integers(2**31)))
    ranges = choices(category)
    if overlap and category in NEIGHBOURS and rng.random() < overlap:
        ranges = choices(NEIGHBOURS[category][rng.integers(len(NEIGHBOURS[category]))])
    for name, choice in ranges.items():
        if isinstance(choice, tuple):
            values[name] = float(rng.uniform(*choice))
        else:
            known, share = tuple(choice), tuple(choice.values())
            values[name] = known[rng.choice(len(known), p=_shares(share))]
    ground, *others = rng.choice(VALUES["colour"], 4, replace=False, p=_COLOUR_SHARES).tolist()
    values = {"colour": ground} | values
    own = COLOURS[values["colour"]]  # what is printed can be told from its ground
    values["accent"] = max(others, key=lambda name: np.abs(np.subtract(COLOURS[name], own)).sum())
    if category in _DATA["women"]:
        values["wearer"] = "women"
    unprinted = values["fabric"] in UNPRINTED and values["pattern"] not in _DATA["unprinted_patterns"]
    if unprinted and rng.random() < 0.95:
        values["pattern"] = "solid"
    if values["finish"] != "none" and values["pattern"] != "solid" and rng.random() < 0.9:
        values |= {"finish": "none"} if rng.random() < 0.85 else {"pattern": "solid"}
    return settle(Garment(**values))


def category_ceiling(k: int, overlap: float, frequencies: dict[str, float]) -> float:
    """Return the best possible top-k accuracy in categories of these frequencies, which sum to 1: that of someone who
    sees a garment's cut and whether a woman or a man wears it.

    A share `overlap` of the garments of a category have a neighbour's cut. Whoever recognises a cut can name the k
    likeliest of the categories that have it.
    """
    odds: dict[tuple[str, str], list[float]] = {}
    for name, frequency in frequencies.items():
        others = NEIGHBOURS.get(name, ())
        cuts = {name: 1 - overlap if others else 1.0} | dict.fromkeys(others, overlap / max(1, len(others)))
        for cut, share in cuts.items():
            wearers = {"women": 1.0} if name in _DATA["women"] else choices(cut)["wearer"]
            for wearer, weight in wearers.items():
                odds.setdefault((cut, wearer), []).append(frequency * share * weight / sum(wearers.values()))
    return float(sum(sum(sorted(weights)[-k:]) for weights in odds.values()))


def settle(g: Garment) -> Garment:
    """Return the garment without what cannot be, such as a sleeve without a shoulder; twice is as good as once."""
    new = dict(vars(g))
    for clauses, values in _RULES:
        for clause in clauses:
            if not clause.allows(new[clause.field]):
                break
        else:
            new |= values
    if new["accent"] == new["colour"]:
        new["accent"] = "white" if new["colour"] != "white" else "black"
    return Garment(**new)
