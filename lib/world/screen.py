"""Screening: which of a garment's fields a picture shows, measured at the size at which a network sees it.

A field is shown where the same picture looks clearly different with another, plausible value. A fired attribute is kept
for a picture that shows the fields that decide it. What the category fixes need not be seen.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import lru_cache

import cv2
import numpy as np

from lib.world import cloth, titles
from lib.world.attributes import ROWS, allowed
from lib.world.figure import Picture
from lib.world.garment import RANGES, VALUES, Clause, Garment, choices, settle

CLEAR = 24  # how far a pixel must differ in a colour, of 255
SEEN, ALL_OVER = 80, 300  # how many pixels of the view must, of 16,384; where the weave alone differs
_CLOTH = set(cloth.Cloth._fields)
# Fields of which nothing is drawn from the front and from the back; that are plain in a shop's picture of the whole;
# that move landmarks.
_BACK, _FRONT = {"back"}, {"emblem"}
_STRIKING = {"distress", "emblem", "skirt"}
_EDGES = {"neckline": (0, 1), "collar": (0, 1), "sleeve_kind": (2, 3), "waistline": (4, 5), "hem": (6, 7)}
_CUT = {"length", "sleeve", "fit", "flare", "waist", "rise"}
_KNOWN = ("category", "shape", "clothes_type")  # fields that stay: a reader sees them in any picture
# Fields whose first value is that nothing is there, which needs no proof where something else decides.
_NOTHING = VALUES.keys() - {"wearer", "neckline", "fabric", "colour", "accent"} | {"emblem"}


@lru_cache(maxsize=1 << 14)
def _values(category: str, field: str) -> tuple:
    """Return what a field of a category's garments can be, the most likely first, then anything else it may be."""
    own = choices(category).get(field, ())
    if isinstance(own, dict):
        own = sorted(own, key=own.get, reverse=True)
    elif own:
        middle = sum(own) / 2
        own = sorted(np.linspace(*own, 9).tolist(), key=lambda value: abs(value - middle))
    rest = np.linspace(*RANGES[field], 9).tolist() if field in RANGES else VALUES.get(field, ("none", "star"))
    return (*own, *rest)


@lru_cache(maxsize=1 << 14)
def _fixed(category: str, clause: Clause) -> bool:
    """Return whether a clause holds for every garment of a category."""
    own = choices(category).get(clause.field, {"none": 1} if clause.field == "emblem" else ())
    return bool(own) and all(clause.allows(value) for value in own)


class View:
    """A picture as a network sees it: its box as a square of `px` pixels."""

    def __init__(self, g: Garment, picture: Picture, px: int):
        self.g, self.picture, self.px = g, picture, px
        x0, y0, x1, y1 = self.box = picture.labels["box"]
        self.per_pixel = px / (x1 - x0), px / (y1 - y0)  # of the picture
        self.own, self.known = self.seen(picture.image), {}

    def seen(self, image: np.ndarray) -> np.ndarray:
        """Return what the network sees of a picture, (px, px, 3) uint8."""
        x0, y0, x1, y1 = self.box
        return cv2.resize(image[y0:y1, x0:x1], (self.px, self.px), interpolation=cv2.INTER_AREA)

    def shows(self, other: Garment) -> bool:
        """Return whether the picture of another garment, which differs in one field, looks different."""
        if other not in self.known:
            known = self._obvious(other)
            self.known[other] = self.differs(other) if known is None else known
        return self.known[other]

    def shows_edge(self, field: str) -> bool:
        """Return whether a landmark is visible where the field's values are drawn."""
        visibility, back = self.picture.labels["visibility"], self.picture.back
        ends = {} if back and field in ("neckline", "collar") else _EDGES
        return bool((visibility[list(ends.get(field, ()))] == 0).any())

    def differs(self, other: Garment) -> bool:
        """Draw the picture of another garment and compare."""
        differs = cv2.absdiff(self.seen(self.picture.with_garment(other)), self.own).max(2) > CLEAR
        return int(np.count_nonzero(differs)) >= (ALL_OVER if self._changes(other) == {"fabric"} else SEEN)

    def _changes(self, other: Garment) -> set[str]:
        return {name for name, value in vars(self.g).items() if value != getattr(other, name)}

    def _obvious(self, other: Garment) -> bool | None:
        """Return whether another garment looks different, where nothing needs to be drawn to know it, else None."""
        picture = self.picture
        fields = self._changes(other)
        if fields <= (_FRONT if picture.back else _BACK):
            return False
        plain = not (picture.back or picture.consumer or picture.labels["zoom"] > 0.9)
        if plain and fields & _STRIKING:
            return True
        if fields <= _CUT:
            return True if picture.moves(other, self.per_pixel) > 4 else None
        return True if fields <= _CLOTH - {"fabric"} and self._other_cloth(other) else None

    def _other_cloth(self, other: Garment) -> bool:
        """Return whether so much of another cloth looks different that any picture with some of it must."""
        size = self.g.scale * self.picture.scale * 0.19  # of the tile
        width, height = (max(1, round(size * per)) for per in self.per_pixel)
        one, two = (cv2.resize(_on_grey(g), (width, height), interpolation=cv2.INTER_AREA) for g in (self.g, other))
        share = np.count_nonzero(cv2.absdiff(one, two).max(2) > 1.5 * CLEAR) / (width * height)
        return bool(share * np.count_nonzero(self.picture.bare) * np.prod(self.per_pixel) > 3 * ALL_OVER)


def _on_grey(g: Garment) -> np.ndarray:
    """Return the cloth on a grey ground, (T, T, 3) uint8."""
    tile, cover = cloth.tile(g), cloth.holes_of(g.fabric)
    if cover is None:
        return tile
    share = cover / np.float32(255)
    return cv2.blendLinear(tile, np.full_like(tile, 150), share, 1 - share)


def _others(g: Garment, field: str, share: float = 0.0) -> Iterator[Garment]:
    """Yield the garment with each value of a field, the most likely first; numbers by `share` of their range away."""
    low, high = RANGES.get(field, (0, 0))
    for value in _values(g.category, field):
        if field not in RANGES or abs(value - getattr(g, field)) >= share * (high - low):
            yield settle(replace(g, **{field: value}))


def otherwise(g: Garment, clauses: tuple[Clause, ...]) -> Garment | None:
    """Return the garment with the clauses' field at the most likely value for which they do not hold together; None
    where what the other fields are leaves no choice."""
    field = clauses[0].field
    field = "accent" if field == "contrast" else field
    return next((other for other in _others(g, field) if not all(clause.holds(other) for clause in clauses)), None)


def _to_see(g: Garment, option: tuple[Clause, ...]) -> Iterator[tuple[Clause, ...]]:
    """Yield the clauses of an alternative that a picture must show, those of one field together."""
    fields: dict[str, list[Clause]] = {}
    for clause in option:
        if clause.field not in _KNOWN and not _fixed(g.category, clause):
            fields.setdefault(clause.field, []).append(clause)
    for field, clauses in fields.items():
        if field not in _NOTHING or getattr(g, field) not in ("none", VALUES.get(field, ("none",))[0]):
            yield tuple(clauses)


def is_shown(number: int, view: View) -> bool:
    """Return whether a view shows an attribute: all fields of one of its alternatives that hold."""
    g = view.g
    for option in ROWS[number].condition:
        if all(clause.holds(g) for clause in option):
            others = [otherwise(g, clauses) for clauses in _to_see(g, option)]
            if all(other is None or view.shows(other) for other in others):
                return True
    return False


# What titles depend on, with "panel_at" as a part of "panel"; "neck_depth" decides next to nothing.
_TOLD = {c.field for row in ROWS if row.salience for c in row.condition[0]} | {"accent"}
_TOLD = tuple(sorted(_TOLD - {*_KNOWN, "contrast", "panel_at", "neck_depth"}))


def hidden(view: View, donors: Sequence[Garment]) -> list[str]:
    """Return the fields that a view does not show: another plausible value looks the same. Left out are fields that
    tell a seller the same of all donors. What is at a landmark is shown with it."""
    out = []
    for field in _TOLD:
        told = [allowed(field, getattr(g, field)) for g in (view.g, *donors)]
        if any(one != told[0] for one in told) and not view.shows_edge(field):
            different = (g for g in _others(view.g, field, 0.1) if getattr(g, field) != getattr(view.g, field))
            other = next(different, None)
            if other is not None and not view.shows(other):
                out.append(field)
    return out


def probabilities(view: View) -> np.ndarray:
    """Return the probability that each attribute is labelled, given garment and picture, (A,) float64."""
    told = titles.probabilities(view.g)
    return told * [p > 0 and is_shown(i, view) for i, p in enumerate(told)]


def visible_probabilities(view: View, donors: Sequence[Garment]) -> np.ndarray:
    """Return the mean probability that each attribute is in the title, (A,) float64, where the fields that the view
    does not show are those of each donor, garments of the same category, in turn."""
    fields = hidden(view, donors)
    fields += ["panel_at"] if "panel" in fields else []
    garments = Counter(settle(replace(view.g, **{f: getattr(d, f) for f in fields})) for d in donors)
    return sum(n * titles.probabilities(g) for g, n in garments.items()) / len(donors)
