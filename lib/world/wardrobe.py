"""Garments with wished-for attributes: how the world's items are drawn, and garments by their attributes.

Most items are drawn around a theme, a concept of titles.CONCEPTS that the garment shows: themes have a long tail with a
floor, so that rare attributes get their chance. The rest comes from the category's ranges.
"""

import difflib
from collections.abc import Collection, Sequence
from dataclasses import replace
from functools import lru_cache

import numpy as np

from lib.world.attributes import NAMES, ROWS
from lib.world.garment import CATEGORIES, CATEGORY_WEIGHTS, RANGES, UNPRINTED, VALUES, Clause, Garment, sample, settle
from lib.world.titles import CONCEPTS, STRENGTH

# Themes have a long tail in a fixed order. The floor is per wording, divided by the share of the rarest one, so that
# each of the 1,000 attributes can be expected several times in 40,000 items.
FLOOR = 0.0004
TAIL = 6
NO_THEME = 0.3  # share of garments that are drawn from their category's ranges alone
ICONS = ("star", "sun", "moon", "eagle", "city")
_ROWS = [ROWS[c.row] for c in CONCEPTS]  # by theme
# Moods come last: styles that several things together stand for, which a reader may doubt.
_MOODS = np.array([row.group == 5 and len(row.condition[0]) > 1 for row in _ROWS])
_RANKS = np.argsort(np.argsort(np.random.default_rng(2016).permutation(len(_ROWS)) + len(_ROWS) * _MOODS))
_TAILS = 1 / (TAIL + _RANKS)
_FLOORS = np.array([FLOOR / min(w.share for w in c.wordings) / STRENGTH[c.salience] for c in CONCEPTS])
THEMES = _FLOORS + (1 - NO_THEME - _FLOORS.sum()) * _TAILS / _TAILS.sum()  # they sum to 1 - NO_THEME
_WITH_NONE = np.append(THEMES, 1 - THEMES.sum())
_WISHES = [*([row.name] for row in _ROWS), []]  # by theme; the last is none
_CLAUSES = {row.name: row.condition[0] for row in ROWS}  # a seller writes an attribute on account of it


def _meets(g: Garment, name: str) -> bool:
    """Return whether a seller may write the attribute on account of what the garment shows."""
    return all(clause.holds(g) for clause in _CLAUSES[name])


def _fits(category: str, name: str) -> bool:
    """Return whether the attribute's clauses on category, shape and clothes type allow the category."""
    kind, shape, *_ = CATEGORIES[category]
    fixed = {"category": category, "shape": shape, "clothes_type": kind}
    return all(clause.allows(fixed[clause.field]) for clause in _CLAUSES[name] if clause.field in fixed)


def wear(g: Garment, name: str, rng: np.random.Generator, keep: Sequence[str] = ()) -> Garment | None:
    """Return the garment changed so that the attribute holds and those in `keep` still do; None where it cannot."""
    if not _fits(g.category, name):
        return None
    new: dict = {}
    for clause in _CLAUSES[name]:
        if clause.holds(g):
            continue
        field = "accent" if clause.field == "contrast" else clause.field
        if clause.sign in "<>" and field != "accent":
            new[field] = _number(g, field, _CLAUSES[name], rng)
        else:
            new[field] = _value(g, clause, rng)
        if new[field] is None:
            return None
    if new.get("emblem", "none") != "none":
        if g.pattern != "solid" and not any(c.field == "pattern" for kept in keep for c in _CLAUSES[kept]):
            new["pattern"] = "solid"
        if g.closure != "none" and "closure" not in CATEGORIES[g.category].ranges:
            new["closure"] = "none"
    changed = settle(replace(g, **new | _plainer(replace(g, **new), new, (name, *keep))))
    whole = _strange(changed) <= _strange(g) and all(_meets(changed, kept) for kept in (name, *keep))
    return changed if whole else None


def _plainer(g: Garment, new: dict, names: Sequence[str]) -> dict:
    """Return what is left out so that a new print, weave or finish can be seen, but for what the names ask for."""
    asked = {clause.field for name in names for clause in _CLAUSES[name]} | CATEGORIES[g.category].ranges.keys()
    out: dict = {}
    if new.get("pattern", "solid") != "solid":
        out = {"finish": "none"} | ({"fabric": "cotton"} if g.fabric in UNPRINTED else {})
    elif "finish" in new or new.get("fabric") in UNPRINTED:
        out = {"pattern": "solid"} | ({"finish": "none"} if "fabric" in new else {})
    return {field: value for field, value in out.items() if field not in asked}


def _number(g: Garment, field: str, clauses: Sequence[Clause], rng: np.random.Generator) -> float | None:
    """Return a number within all clauses and near what the category is like; None where there is none."""
    (low, high), own = RANGES[field], CATEGORIES[g.category].ranges.get(field)
    if field in ("length", "sleeve") and isinstance(own, tuple):  # what makes it this category
        low, high = max(low, own[0] - 0.12), min(high, own[1] + 0.12)
    high = min([high, *(c.bound for c in clauses if c.field == field and c.sign == "<")])
    low = max([low, *(c.bound for c in clauses if c.field == field and c.sign == ">")])
    if low >= high:
        return None
    reach = min(high - low, 0.25)
    low, high = (high - reach, high) if getattr(g, field) > high else (low, low + reach)
    return float(rng.uniform(low + 0.02 * reach, high - 0.02 * reach))


def _value(g: Garment, clause: Clause, rng: np.random.Generator) -> str | None:
    """Return a value that the clause allows, an accent for one on contrast; None where there is none. What makes the
    category stays."""
    own = CATEGORIES[g.category].ranges.get(clause.field)
    if clause.field == "contrast":
        allowed = [a for a in VALUES["accent"] if a != g.colour and clause.holds(replace(g, accent=a))]
    elif clause.field == "emblem":
        allowed = clause.values if clause.sign == "=" else ICONS
    else:
        allowed = [v for v in VALUES[clause.field] if clause.allows(v)]
    if isinstance(own, dict) and len(own) == 1:
        allowed = [v for v in allowed if v in own]  # a parka without a hood is none
    return allowed[rng.integers(len(allowed))] if allowed else None


def _strange(g: Garment) -> set[str]:
    """Return the fields in which the garment is not like its category: a blazer with straps, a parka without a hood."""
    out = set()
    for field, choice in CATEGORIES[g.category].ranges.items():
        value = getattr(g, field)
        if field == "sleeve" or (field == "length" and isinstance(choice, tuple)):
            strange = not min(choice) - 0.15 <= value <= max(choice) + 0.15
        else:
            strange = isinstance(choice, dict) and len(choice) == 1 and value not in choice
        if strange:
            out.add(field)
    return out


def dress(category: str, names: Sequence[str], rng, tries: int = 1, overlap: float = 0.0) -> tuple[Garment, list[str]]:
    """Return a garment of the category with as many of the attributes as go together, and the names of these. Earlier
    names come first. Of several tries the first that has all attributes counts."""
    best: tuple = (None, [])
    for _ in range(tries):
        g, got = sample(category, rng, overlap), []
        for name in names:
            changed = g if _meets(g, name) else wear(g, name, rng, got)
            if changed is not None:
                g, got = changed, [*got, name]
        if len(got) >= len(best[1]):
            best = g, got
        if len(got) == len(names):
            break
    return best


def _check(kind: str, name: str, known: Collection[str], file: str) -> None:
    if name not in known:
        close = difflib.get_close_matches(name, known, 3) or [f"see lib/world/{file}"]
        raise ValueError(f"no {kind} {name!r}; did you mean {', '.join(close)}?")


def compose(category: str | None = None, names: Sequence[str] = (), seed: int = 0) -> Garment:
    """Return a garment of a category (where None, of the most frequent that fits) with all these attributes. Raises
    ValueError for an unknown name, and where the attributes contradict each other or the category."""
    for name in names:
        _check("attribute", name, NAMES, "attributes.csv")
    if category is not None:
        _check("category", category, CATEGORIES, "categories.toml")
    rng = np.random.default_rng([seed, 3])
    by_frequency = sorted(CATEGORIES, key=lambda name: -CATEGORIES[name].frequency)
    fitting = (one for one in by_frequency if all(_fits(one, name) for name in names))
    most: list[str] = []
    for one in [category] if category else fitting:
        g, got = dress(one, names, rng, tries=30)
        if len(got) == len(names):
            return g
        most = max(got, most, key=len)
    missing = next(name for name in names if name not in most)
    together = " and ".join([missing, ", ".join(name for name in names if name != missing)]).removesuffix(" and ")
    where = f" of a {category}" if category else ""
    raise ValueError(f"{together} cannot hold together{where}; see their conditions in lib/world/attributes.csv")


@lru_cache(maxsize=1)
def _theme_fits() -> np.ndarray:
    """Return whether each theme can be shown by each category, (themes, categories) bool."""
    return np.array([[_fits(category, row.name) for category in CATEGORIES] for row in _ROWS])


@lru_cache(maxsize=256)
def donors(category: str, overlap: float, count: int = 20) -> tuple[Garment, ...]:
    """Return garments of a category as `draw` draws them, always the same."""
    number, fits = list(CATEGORIES).index(category), _theme_fits()
    rng = np.random.default_rng([number, 13])
    shares = THEMES * fits[:, number] / np.maximum(fits @ CATEGORY_WEIGHTS, 1e-9)
    shares = np.append(shares, 1 - THEMES.sum())
    themes = rng.choice(len(shares), count, p=shares / shares.sum())
    return tuple(dress(category, _WISHES[theme], rng, overlap=overlap)[0] for theme in themes)


def draw(rng: np.random.Generator, theme: int | None = None, overlap: float = 0.0) -> Garment:
    """Return a garment of the world: a theme, a category that can show it, by frequency, and the rest from its ranges.

    theme: number of a concept; None draws one, or none. overlap: see `garment.sample`.
    """
    if theme is None:
        theme = rng.choice(len(_WISHES), p=_WITH_NONE)
    wish = _WISHES[theme]
    for category in rng.choice(list(CATEGORIES), len(CATEGORIES), replace=False, p=CATEGORY_WEIGHTS).tolist():
        if all(_fits(category, name) for name in wish):
            g, got = dress(category, wish, rng, overlap=overlap)
            if got == wish:
                break
    return g
