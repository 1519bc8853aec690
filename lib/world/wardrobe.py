"""Garments with wished-for attributes: how the world's items are drawn, and garments by their attributes.

Most items are drawn around a theme, a concept of titles.CONCEPTS that the garment shows: themes have a long tail with a
floor, so that rare attributes get their chance. The rest comes from the category's ranges.
"""

import difflib
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from lib.world.attributes import NUMBER, ROWS, check_names
from lib.world.garment import (
    CATEGORIES,
    CATEGORY_NAMES,
    CATEGORY_WEIGHTS,
    FIXED,
    RANGES,
    VALUES,
    Clause,
    Garment,
    sample,
    settle,
)
from lib.world.titles import CONCEPTS, STRENGTH

# Themes have a long tail in a fixed order. The floor is per wording, divided by the share of the rarest one, so that
# each of the 1,000 attributes can be expected several times in 40,000 items.
FLOOR = 0.0004
TAIL = 6
NO_THEME = 0.3  # share of garments that are drawn from their category's ranges alone
ICONS = ("star", "sun", "moon", "eagle", "city")


def _theme_weights() -> np.ndarray:
    ranks = np.random.default_rng(2016).permutation(len(CONCEPTS))
    tail = 1 / (TAIL + ranks)
    floor = np.array([FLOOR / min(w.share for w in c.wordings) / STRENGTH[c.salience] for c in CONCEPTS])
    return floor + (1 - NO_THEME - floor.sum()) * tail / tail.sum()


THEMES = _theme_weights()  # they sum to 1 - NO_THEME


def _clauses(name: str):
    """Return the clauses under which a seller writes the attribute: its first alternative."""
    return ROWS[NUMBER[name]].condition[0]


def _meets(g: Garment, name: str) -> bool:
    """Return whether a seller may write the attribute on account of what the garment shows."""
    return all(clause.holds(g) for clause in _clauses(name))


def _fits(category: str, name: str) -> bool:
    """Return whether the attribute's clauses on category, shape and clothes type allow the category."""
    kind, shape, _, _ = CATEGORIES[category]
    fixed = {"category": category, "shape": shape, "clothes_type": str(kind)}
    return all((fixed[c.field] in c.values) == (c.sign == "=") for c in _clauses(name) if c.field in fixed)


def wear(g: Garment, name: str, rng: np.random.Generator, keep: Sequence[str] = ()) -> Garment | None:
    """Return the garment changed so that the attribute holds and those in `keep` still do; None where it cannot."""
    if not _fits(g.category, name):
        return None
    new: dict = {}
    for clause in _clauses(name):
        if clause.field in FIXED or clause.holds(g):
            continue
        if clause.field in ("tone", "contrast"):
            changes = _colours(g, clause, rng)
        elif clause.sign in "<>":
            changes = _number(g, clause, _clauses(name), rng)
        else:
            changes = _value(g, clause, rng)
        if changes is None:
            return None
        new |= changes
    if new.get("emblem", "none") != "none":
        if g.pattern != "solid" and not _needs(keep, "pattern"):
            new["pattern"] = "solid"
        if g.closure != "none" and "closure" not in CATEGORIES[g.category].ranges:
            new["closure"] = "none"
    changed = settle(replace(g, **new))
    if _strange(changed) - _strange(g):
        return None
    return changed if _meets(changed, name) and all(_meets(changed, k) for k in keep) else None


def _colours(g: Garment, clause: Clause, rng: np.random.Generator) -> dict | None:
    """Return another ground colour of the clause's tone, or an accent of its contrast; None where there is none."""
    if clause.field == "tone":
        grounds = CATEGORIES[g.category].ranges.get("colour", VALUES["colour"])
        tried = [replace(g, colour=c) for c in grounds if c != g.accent]
    else:
        tried = [replace(g, accent=a) for a in VALUES["accent"] if a != g.colour]
    tried = [t for t in tried if clause.holds(t)]
    if not tried:
        return None
    chosen = tried[rng.integers(len(tried))]
    return {"colour": chosen.colour, "accent": chosen.accent}


def _number(g: Garment, clause: Clause, clauses: Sequence[Clause], rng: np.random.Generator) -> dict | None:
    """Return a number within all clauses and near what the category is like; None where there is none."""
    field, own = clause.field, CATEGORIES[g.category].ranges
    low, high = RANGES[field]
    if field in ("length", "sleeve") and isinstance(own.get(field), tuple):  # what makes it this category
        low, high = max(low, own[field][0] - 0.12), min(high, own[field][1] + 0.12)
    for other in clauses:
        if other.field == field and other.sign == "<":
            high = min(high, other.bound)
        elif other.field == field and other.sign == ">":
            low = max(low, other.bound)
    if low >= high:
        return None
    reach = min(high - low, 0.25)
    low, high = (high - reach, high) if getattr(g, field) > high else (low, low + reach)
    return {field: float(rng.uniform(low + 0.02 * reach, high - 0.02 * reach))}


def _value(g: Garment, clause: Clause, rng: np.random.Generator) -> dict | None:
    """Return a value that the clause allows; None where there is none. What makes the category stays."""
    field, own = clause.field, CATEGORIES[g.category].ranges.get(clause.field)
    if field == "emblem":
        allowed = clause.values if clause.sign == "=" else ICONS
    else:
        allowed = [v for v in VALUES[field] if (v in clause.values) == (clause.sign == "=")]
    if isinstance(own, dict) and len(own) == 1:
        allowed = [v for v in allowed if v in own]  # a parka without a hood is none
    return {field: allowed[rng.integers(len(allowed))]} if allowed else None


def _strange(g: Garment) -> set[str]:
    """Return the fields in which the garment is not like its category: a blazer with straps, a parka without a hood."""
    out = set()
    for field, choice in CATEGORIES[g.category].ranges.items():
        value = getattr(g, field)
        if isinstance(choice, tuple):
            if field in ("length", "sleeve") and not choice[0] - 0.15 <= value <= choice[1] + 0.15:
                out.add(field)
        elif field == "sleeve":
            if not min(choice) - 0.15 <= value <= max(choice) + 0.15:
                out.add(field)
        elif len(choice) == 1 and value not in choice:
            out.add(field)
    return out


def _needs(names: Sequence[str], field: str) -> bool:
    return any(clause.field == field for name in names for clause in _clauses(name))


def dress(
    category: str, names: Sequence[str], rng: np.random.Generator, all_of_them: bool, overlap: float = 0.0
) -> tuple[Garment, list[str]]:
    """Return a garment of the category with as many of the attributes as go together, and the names of these.

    Earlier names come first. With `all_of_them`, several draws are tried until one has all.
    """
    best: tuple[Garment, list[str]] = (sample(category, rng, overlap), [])
    for attempt in range(30 if all_of_them else 1):
        g, got = (best[0] if attempt == 0 else sample(category, rng)), []
        for name in names:
            changed = g if _meets(g, name) else wear(g, name, rng, got)
            if changed is not None:
                g, got = changed, [*got, name]
        if len(got) >= len(best[1]):
            best = g, got
        if len(got) == len(names):
            break
    return best


def compose(category: str | None = None, names: Sequence[str] = (), seed: int = 0) -> Garment:
    """Return a garment of a category (where None, of the most frequent that fits) with all these attributes.

    Raises ValueError for an unknown name, and where the attributes contradict each other or the category.
    """
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
    raise ValueError(f"{missing}{beside} cannot hold together{where}; see their conditions in lib/world/attributes.csv")


def draw(rng: np.random.Generator, category: str = "", theme: int | None = None, overlap: float = 0.0) -> Garment:
    """Return a garment of the world: a theme, a category that can show it, by frequency, and the rest from its ranges.

    theme: number of a concept, -1 for none; None draws one. overlap: see `garment.sample`.
    """
    if theme is None:
        theme = int(rng.choice(len(CONCEPTS) + 1, p=[*THEMES, 1 - THEMES.sum()]))
    order = rng.choice(len(CATEGORY_NAMES), len(CATEGORY_NAMES), replace=False, p=CATEGORY_WEIGHTS)
    if theme in (-1, len(CONCEPTS)):
        return sample(category or CATEGORY_NAMES[order[0]], rng, overlap)
    wish = ROWS[CONCEPTS[theme].row].name
    for number in [CATEGORY_NAMES.index(category)] if category else order:
        if not _fits(CATEGORY_NAMES[number], wish) and not category:
            continue
        g, got = dress(CATEGORY_NAMES[number], [wish], rng, all_of_them=False, overlap=overlap)
        if got or category:
            break
    return g
