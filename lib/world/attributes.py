"""The 1,000 attributes of DeepFashion as conditions on a garment's parameters.

attributes.csv is the one place where a word's visible meaning can be read. It has one row per attribute:

- `name` and `group` (1 texture, 2 fabric, 3 shape, 4 part, 5 style), as in the release.
- `holds`: when the garment shows it (see garment.parse). `shape=dress|skirt & length>2.5` reads "a dress or a skirt,
  longer than 2.5".
  Alternatives are joined by " or ". A seller writes the phrase on account of the first alternative only; the others are
  looks for which the word is also true when another phrase brings it ("lace" in "lace trim").
- `place` in a title (see titles.PLACES), and `salience`, 0 to 9: how readily a seller mentions it. 0: it appears only
  inside other phrases.
- `title`: the words that a seller writes, where they are more than the name.
- `note`: where the word alone does not say what it is mapped to.

Rows with the same first alternative are synonyms: wordings of one concept. `tone` (dark, light, bright, earth) and
`contrast` (0 to 1) are properties of the two colours. Conditions are parsed, never evaluated as code.
"""

import csv
import difflib
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from lib.world.garment import Condition, Garment, parse

TABLE = Path(__file__).with_name("attributes.csv")


class Row(NamedTuple):
    """One attribute of the table."""

    name: str
    group: int
    condition: Condition
    place: str
    salience: int
    title: str  # the words in a title; the name where the table leaves them out
    note: str


def read_table(path: Path = TABLE) -> tuple[Row, ...]:
    """Return the rows of the table. Raises ValueError with file and line."""
    rows = []
    with open(path, newline="", encoding="utf-8") as file:
        for line, row in enumerate(csv.DictReader(file), 2):
            try:
                salience, title = int(row["salience"]), row["title"] or row["name"]
                if not 0 <= salience <= 9:
                    raise ValueError(f"salience {salience} is not in 0 to 9")
                if f" {row['name']} " not in f" {title} ":
                    raise ValueError(f"the title {title!r} does not hold the name {row['name']!r}")
                condition = parse(row["holds"])
                rows.append(Row(row["name"], int(row["group"]), condition, row["place"], salience, title, row["note"]))
            except (KeyError, TypeError, ValueError) as error:
                raise ValueError(f"{path.name}, line {line}: {error}") from None
    return tuple(rows)


ROWS = read_table()
NAMES = tuple(row.name for row in ROWS)
GROUPS = np.array([row.group for row in ROWS], np.int8)
NUMBER = {name: i for i, name in enumerate(NAMES)}

# Every clause is evaluated once per garment; a condition then looks up the clauses that it is made of.
_CLAUSES = {clause: i for i, clause in enumerate(dict.fromkeys(c for row in ROWS for o in row.condition for c in o))}
_OPTIONS = [option for row in ROWS for option in row.condition]
_LOOKUP = np.full((len(_OPTIONS), max(map(len, _OPTIONS))), len(_CLAUSES))  # the entry after the last is always true
for _i, _option in enumerate(_OPTIONS):
    _LOOKUP[_i, : len(_option)] = [_CLAUSES[clause] for clause in _option]
_FIRST = np.cumsum([0, *(len(row.condition) for row in ROWS)])[:-1]  # each row's first alternative


def _options_hold(garment: Garment) -> np.ndarray:
    clauses = np.array([*(clause.holds(garment) for clause in _CLAUSES), True])
    return clauses[_LOOKUP].all(1)


def holds(garment: Garment) -> np.ndarray:
    """Return which attributes the garment shows, (A,) bool in the order of NAMES."""
    return np.logical_or.reduceat(_options_hold(garment), _FIRST)


def shows(garment: Garment) -> tuple[np.ndarray, np.ndarray]:
    """Return which attributes the garment shows and which a seller may write on their own account, (A,) bool each."""
    options = _options_hold(garment)
    return np.logical_or.reduceat(options, _FIRST), options[_FIRST]


def has(garment: Garment, name: str) -> bool:
    """Return whether the garment shows the attribute."""
    return any(all(clause.holds(garment) for clause in option) for option in ROWS[NUMBER[name]].condition)


def check_names(names: Sequence[str]) -> None:
    """Raise ValueError naming the first that is no attribute, with those that are written alike."""
    for name in names:
        if name not in NUMBER:
            close = difflib.get_close_matches(name, NAMES, 3) or ["see lib/world/attributes.csv"]
            raise ValueError(f"no attribute {name!r}; did you mean {', '.join(close)}?")
