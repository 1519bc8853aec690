"""The 1,000 attributes of DeepFashion as conditions on a garment's parameters.

attributes.csv has a row an attribute: name, group (1 texture, 2 fabric, 3 shape, 4 part, 5 style), `holds`, the condition
under which it is a positive label, and a note where the word alone does not say what it is mapped to. A condition is a
conjunction: `shape=dress|skirt & length>2.5` reads "a dress or a skirt, longer than 2.5". `tone` (dark, light, bright,
earth) and `contrast` (0 to 1) are properties of the two colours. It is parsed, never evaluated as code.
"""

import csv
import difflib
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np

from lib.garment import (
    CATEGORIES,
    CATEGORY_NAMES,
    CATEGORY_WEIGHTS,
    RANGES,
    TONES,
    VALUES,
    Garment,
    choices,
    sample,
    settle,
)

TABLE = Path(__file__).with_name("attributes.csv")
_FIXED = {
    "category": CATEGORY_NAMES,
    "shape": ("top", "skirt", "legs", "dress", "jumpsuit"),
    "clothes_type": ("1", "2", "3"),
}
_KNOWN = VALUES | _FIXED | {"tone": tuple(TONES)}
_NUMBERS = RANGES | {"contrast": (0.0, 1.0)}


class Clause(NamedTuple):
    field: str
    sign: str  # "=", "!=", "<" or ">"
    values: tuple[str, ...]  # of "=" and "!="
    bound: float  # of "<" and ">"

    def holds(self, g: Garment) -> bool:
        value = getattr(g, self.field)
        if self.sign == "<":
            return value < self.bound
        if self.sign == ">":
            return value > self.bound
        return (str(value) in self.values) == (self.sign == "=")


def parse(condition: str) -> tuple[Clause, ...]:
    """The clauses of a condition. Raises ValueError naming what is not understood."""
    out = []
    for part in condition.split("&"):
        match = re.fullmatch(r"\s*(\w+)\s*(!=|=|<|>)\s*(.+?)\s*", part)
        if match is None:
            raise ValueError(f"{part.strip()!r} is not field, sign, value")
        field, sign, value = match.groups()
        if field in _NUMBERS:
            if sign not in "<>" or not re.fullmatch(r"-?\d+(\.\d+)?", value):
                raise ValueError(f"{part.strip()!r}: {field} is a number and takes < or >")
            out.append(Clause(field, sign, (), float(value)))
        elif field == "emblem" or field in _KNOWN:
            values = tuple(value.split("|"))
            unknown = [] if field == "emblem" else [v for v in values if v not in _KNOWN[field]]
            if unknown or sign not in ("=", "!="):
                raise ValueError(f"{part.strip()!r}: {field} has no {' or '.join(unknown) or sign}")
            out.append(Clause(field, sign, values, 0.0))
        else:
            raise ValueError(f"{part.strip()!r}: a garment has no {field}")
    return tuple(out)


def read_table(path: Path = TABLE) -> tuple[tuple[str, ...], np.ndarray, list[tuple[Clause, ...]], tuple[str, ...]]:
    """Names, groups (A,) int8, conditions, notes. Raises ValueError with file and line."""
    names, groups, conditions, notes = [], [], [], []
    with open(path, newline="", encoding="utf-8") as file:
        for line, row in enumerate(csv.DictReader(file), 2):
            try:
                names.append(row["name"])
                groups.append(int(row["group"]))
                conditions.append(parse(row["holds"]))
                notes.append(row["note"])
            except (KeyError, TypeError, ValueError) as error:
                raise ValueError(f"{path.name}, line {line}: {error}") from None
    return tuple(names), np.array(groups, np.int8), conditions, tuple(notes)


NAMES, GROUPS, CONDITIONS, NOTES = read_table()
_NUMBER = {name: i for i, name in enumerate(NAMES)}
# Attributes wished for by a world's items have a long tail of their own: a fixed order, weights falling with the rank.
_RANKS = np.random.default_rng(2016).permutation(len(NAMES))
_WISH_WEIGHTS = 1 / (10 + _RANKS)
_WISH_WEIGHTS = _WISH_WEIGHTS / _WISH_WEIGHTS.sum()


def holds(garment: Garment) -> np.ndarray:
    """(A,) bool: which attributes the garment has, in the order of NAMES."""
    return np.array([all(clause.holds(garment) for clause in clauses) for clauses in CONDITIONS])


def has(garment: Garment, name: str) -> bool:
    return all(clause.holds(garment) for clause in CONDITIONS[_NUMBER[name]])


def check_names(names: Sequence[str]) -> None:
    """Raise ValueError naming the first that is no attribute, with those that are written alike."""
    for name in names:
        if name not in _NUMBER:
            close = difflib.get_close_matches(name, NAMES, 3) or ["see lib/attributes.csv"]
            raise ValueError(f"no attribute {name!r}; did you mean {', '.join(close)}?")


def _fits(category: str, name: str) -> bool:
    """Whether the attribute's clauses on category, shape and clothes type allow the category."""
    kind, shape, _, _ = CATEGORIES[category]
    fixed = {"category": category, "shape": shape, "clothes_type": str(kind)}
    return all((fixed[c.field] in c.values) == (c.sign == "=") for c in CONDITIONS[_NUMBER[name]] if c.field in fixed)


def wear(g: Garment, name: str, rng: np.random.Generator, keep: Sequence[str] = ()) -> Garment | None:
    """The garment changed so that the attribute holds and those in `keep` still do; None where that cannot be."""
    if not _fits(g.category, name):
        return None
    ranges, new = choices(g.category), {}
    own = CATEGORIES[g.category][3]
    for clause in CONDITIONS[_NUMBER[name]]:
        if clause.field in _FIXED or clause.holds(g):
            continue
        field = clause.field
        if field in ("tone", "contrast"):
            if field == "tone":
                tried = [replace(g, colour=c) for c in own.get("colour", VALUES["colour"]) if c != g.accent]
            else:
                tried = [replace(g, accent=a) for a in VALUES["accent"] if a != g.colour]
            tried = [t for t in tried if clause.holds(t)]
            if not tried:
                return None
            chosen = tried[rng.integers(len(tried))]
            new |= {"colour": chosen.colour, "accent": chosen.accent}
        elif clause.sign in "<>":
            low, high = RANGES[field]
            if isinstance(ranges[field], tuple) and field in own and field in ("length", "sleeve"):
                low, high = ranges[field]  # what makes it this category
                low, high = low - 0.12, high + 0.12
            low, high = (low, min(high, clause.bound)) if clause.sign == "<" else (max(low, clause.bound), high)
            for other in CONDITIONS[_NUMBER[name]]:
                if other.field == field and other.sign == "<":
                    high = min(high, other.bound)
                elif other.field == field and other.sign == ">":
                    low = max(low, other.bound)
            if low >= high:
                return None
            reach = min(high - low, 0.25)  # stay near what the category is like
            low, high = (high - reach, high) if getattr(g, field) > high else (low, low + reach)
            new[field] = float(rng.uniform(low + 0.02 * reach, high - 0.02 * reach))
        else:
            if field == "emblem":
                allowed = clause.values if clause.sign == "=" else ("star", "heart", "sun", "moon", "eagle", "city")
            else:
                allowed = [v for v in VALUES[field] if (v in clause.values) == (clause.sign == "=")]
            if field in own and isinstance(own[field], dict) and len(own[field]) == 1:
                allowed = [v for v in allowed if v in own[field]]  # a parka without a hood is none
            if not allowed:
                return None
            new[field] = allowed[rng.integers(len(allowed))]
    if new.get("emblem", "none") != "none":
        new |= {"pattern": "solid"} if g.pattern != "solid" and not _needs(keep, "pattern") else {}
        new |= {"closure": "none"} if g.closure != "none" and "closure" not in own else {}
    changed = settle(replace(g, **new))
    return changed if has(changed, name) and all(has(changed, k) for k in keep) else None


def _needs(names: Sequence[str], field: str) -> bool:
    return any(clause.field == field for name in names for clause in CONDITIONS[_NUMBER[name]])


def dress(
    category: str, names: Sequence[str], rng: np.random.Generator, all_of_them: bool
) -> tuple[Garment, list[str]]:
    """A garment of the category with as many of the attributes as go together, in their order, and those that it got.
    With `all_of_them`, several draws are tried until it has all."""
    best: tuple[Garment, list[str]] = (sample(category, rng), [])
    for attempt in range(30 if all_of_them else 1):
        g, got = (best[0] if attempt == 0 else sample(category, rng)), []
        for name in names:
            changed = g if has(g, name) else wear(g, name, rng, got)
            if changed is not None:
                g, got = changed, [*got, name]
        if len(got) >= len(best[1]):
            best = g, got
        if len(got) == len(names):
            break
    return best


def compose(category: str | None = None, names: Sequence[str] = (), seed: int = 0) -> Garment:
    """A garment of a category (of the first that fits, tried by frequency, where None) with all these attributes.
    Raises ValueError for an unknown name, and where the attributes contradict each other or the category."""
    check_names(names)
    if category is not None and category not in CATEGORIES:
        close = difflib.get_close_matches(category, CATEGORY_NAMES, 3) or CATEGORY_NAMES[:3]
        raise ValueError(f"no category {category!r}; did you mean {', '.join(close)}?")
    rng = np.random.default_rng([seed, 3])
    tried = [category] if category else [CATEGORY_NAMES[i] for i in np.argsort(-CATEGORY_WEIGHTS, kind="stable")]
    best: tuple[str, list[str]] = ("", [])
    for one in tried:
        if category is None and not all(_fits(one, name) for name in names):
            continue
        g, got = dress(one, names, rng, all_of_them=True)
        if len(got) == len(names):
            return g
        if len(got) >= len(best[1]):
            best = one, got
    missing = next((name for name in names if name not in best[1]), "")
    others = [name for name in names if name != missing]
    beside = f" and {', '.join(others)}" if others else ""
    where = f" of a {category}" if category else ""
    raise ValueError(f"{missing}{beside} cannot hold together{where}; see their conditions in lib/attributes.csv")


def draw(rng: np.random.Generator, wishes: Sequence[str] = (), category: str = "") -> Garment:
    """A garment of the world: its category by frequency, among those that the first wish fits, or as given; then the
    wishes as far as they go together, and up to three more attributes drawn with a long tail."""
    order = rng.choice(len(CATEGORY_NAMES), len(CATEGORY_NAMES), replace=False, p=CATEGORY_WEIGHTS)
    if category:
        order = [CATEGORY_NAMES.index(category)]
    own = [NAMES[i] for i in rng.choice(len(NAMES), rng.integers(1, 4), replace=False, p=_WISH_WEIGHTS)]
    for number in order:
        if wishes and not category and not _fits(CATEGORY_NAMES[number], wishes[0]):
            continue
        g, got = dress(CATEGORY_NAMES[number], [*wishes, *own], rng, all_of_them=False)
        if category or not wishes or wishes[0] in got:
            break
    return g
