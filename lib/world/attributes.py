"""The 1,000 attributes of DeepFashion as conditions on a garment's parameters, read from attributes.csv (README.md)."""

import csv
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np

from lib.world.garment import Clause, Condition, Garment, parse

TABLE = Path(__file__).with_name("attributes.csv")
COLUMNS = ("name", "group", "holds", "place", "salience", "title")  # and a note for readers


class Row(NamedTuple):
    name: str
    group: int
    condition: Condition
    place: str
    salience: int
    title: str  # the words in a title; the name where the table leaves them out


def read_table(path: Path = TABLE) -> tuple[Row, ...]:
    """Return the rows of the table. Raises ValueError naming file and line of a condition that is not understood."""
    rows = []
    with open(path, newline="", encoding="utf-8") as file:
        for line, row in enumerate(csv.DictReader(file), 2):
            name, group, holds, place, salience, title = (row[field] for field in COLUMNS)
            try:
                rows.append(Row(name, int(group), parse(holds), place, int(salience), title or name))
            except ValueError as error:
                raise ValueError(f"{path.name}, line {line}: {error}") from None
    return tuple(rows)


ROWS = read_table()
NAMES = tuple(row.name for row in ROWS)
GROUPS = np.array([row.group for row in ROWS], np.int8)

# Every clause is evaluated once per garment; a condition then looks up the clauses that it is made of.
_FIELDS: dict[str, list[Clause]] = {}
for _clause in dict.fromkeys(c for row in ROWS for o in row.condition for c in o):
    _FIELDS.setdefault(_clause.field, []).append(_clause)
_CLAUSES = {clause: i for i, clause in enumerate(clause for clauses in _FIELDS.values() for clause in clauses)}
_OPTIONS = [option for row in ROWS for option in row.condition]
_LOOKUP = np.array([_CLAUSES[clause] for option in _OPTIONS for clause in option])
_STARTS = np.cumsum([0, *map(len, _OPTIONS)])[:-1]  # each alternative's first clause
_FIRST = np.cumsum([0, *(len(row.condition) for row in ROWS)])[:-1]  # each row's first alternative


@lru_cache(maxsize=1 << 12)
def allowed(field: str, value) -> list[bool]:
    """Return which of the table's clauses on a field a value meets."""
    return [clause.allows(value) for clause in _FIELDS[field]]


def shows(garment: Garment) -> tuple[np.ndarray, np.ndarray]:
    """Return which attributes the garment shows and which a seller may write on their own account, (A,) bool each."""
    clauses = np.array([true for field in _FIELDS for true in allowed(field, getattr(garment, field))])
    options = np.logical_and.reduceat(clauses[_LOOKUP], _STARTS)
    return np.logical_or.reduceat(options, _FIRST), options[_FIRST]


def holds(garment: Garment) -> np.ndarray:
    """Return which attributes the garment shows, (A,) bool in the order of NAMES."""
    return shows(garment)[0]
