"""Product titles: what a seller writes about a garment, and which attributes fire.

A seller goes through what can be mentioned, the most telling first (`salience` in attributes.csv), and mentions each
with a probability that falls with the number of phrases already there. One wording is chosen among synonyms. The
phrases are put into a seller's order and the category's noun ends the title: "Abstract Floral Print Maxi Dress".

An attribute fires where its words are contiguous in the title, and screening drops what the garment does not show. The
title depends on the garment alone, so the probability of each attribute given the garment is computed exactly, by
going through every title that the seller may write.
"""

from collections.abc import Iterator
from functools import lru_cache
from itertools import combinations
from typing import NamedTuple

import numpy as np

from lib.world.attributes import NAMES, ROWS, shows
from lib.world.garment import CATEGORIES, Garment

# A seller's order of phrases, from the front.
PLACES = ("look", "lead", "finish", "pattern", "fabric", "neck", "sleeve", "detail", "cut", "length")
# Probability that the next phrase is mentioned, after 0, 1 and 2 phrases; no title has more than three.
MENTIONED = (0.98, 0.9, 0.4)
# A less telling phrase is mentioned less: factor by salience 0 to 9.
STRENGTH = (0.0, 0.15, 0.25, 0.4, 0.6, 0.78, 0.9, 0.95, 0.98, 1.0)
CONSIDERED = 6  # a seller thinks of this many of the most telling phrases
COMMON = 0.55  # share of the most usual wording among synonyms; the others share the rest evenly
_SAME = dict(flower="floral", pattern="print", patterned="print", lacy="lace", skinny="slim")
_SAME |= dict(embroidery="embroider", zipper="zip", zippered="zip")
_WORDS = {tuple(name.split()): i for i, name in enumerate(NAMES)}


class Wording(NamedTuple):
    words: tuple[str, ...]
    place: tuple[int, int]  # in the seller's order
    row: int  # of the table
    share: float
    stems: frozenset[str]


class Concept(NamedTuple):
    """What can be mentioned: one visible meaning and its wordings."""

    salience: int
    wordings: tuple[Wording, ...]
    row: int  # of the first wording


def _concepts() -> tuple[Concept, ...]:
    meanings: dict = {}
    for i, row in enumerate(ROWS):
        if row.salience:
            meanings.setdefault(frozenset(row.condition[0]), []).append(i)
    out = []
    for rows in meanings.values():
        # The usual wording has the most of the other wordings' words inside.
        usual = max(rows, key=lambda i: (sum(f" {ROWS[k].name} " in f" {ROWS[i].title} " for k in rows), -i))
        share, wordings = COMMON if len(rows) > 1 else 1.0, []
        for i in rows:
            title, place = ROWS[i].title, (PLACES.index(ROWS[i].place), i)
            own = share if i == usual else (1 - share) / (len(rows) - 1)
            wordings.append(Wording(tuple(title.split()), place, i, own, _stems(title)))
        out.append(Concept(max(ROWS[i].salience for i in rows), tuple(wordings), rows[0]))
    # The most telling first; among equals the more specific, then the order of the table.
    return tuple(sorted(out, key=lambda c: (-c.salience, -len(ROWS[c.row].condition[0]), c.row)))


@lru_cache(maxsize=4096)
def _stems(title: str) -> frozenset[str]:
    """Return what a title's words have in common with their other forms: "lace-paneled" has lace and panel."""
    return frozenset(_stem(part) for word in title.split() for part in word.split("-"))


def _stem(word: str) -> str:
    if word in _SAME:
        return _SAME[word]
    short = word.removesuffix("ed")
    if short != word and len(short) > 2 and short[-1] == short[-2]:
        short = short[:-1]  # dotted, cropped
    return short.removesuffix("e").rstrip("s")


CONCEPTS = _concepts()
_CONCEPT_ROWS = np.array([c.row for c in CONCEPTS])


@lru_cache(maxsize=1 << 16)
def matches(words: tuple[str, ...]) -> tuple[int, ...]:
    """Return the numbers of the attributes whose words are contiguous in a title."""
    found = {_WORDS.get(words[start:end]) for start, end in combinations(range(len(words) + 1), 2)}
    return tuple(sorted(found - {None}))


def compose_title(phrases: tuple[Wording, ...], last: tuple[str, ...]) -> tuple[str, ...]:
    """Return a title's words: the phrases in a seller's order, then the noun."""
    return (*(word for phrase in sorted(phrases, key=lambda p: p.place) for word in phrase.words), *last)


def mentionable(may: np.ndarray) -> list[Concept]:
    """Return the most telling concepts of a garment, given which rows a seller may write, (A,) bool."""
    return [CONCEPTS[i] for i in np.flatnonzero(may[_CONCEPT_ROWS])[:CONSIDERED]]


def _free(concept: Concept, taken: frozenset[str]) -> list[Wording]:
    """Return the wordings that repeat no word of the title, in whatever form."""
    return [w for w in concept.wordings if not taken & w.stems]


def write_title(g: Garment, rng: np.random.Generator) -> tuple[str, np.ndarray]:
    """Return one title, as a shop prints it, and the numbers of the attributes that fire."""
    (held, may), last = shows(g), CATEGORIES[g.category].noun
    phrases: tuple[Wording, ...] = ()
    taken = _stems(" ".join(last))
    for concept in mentionable(may):
        options = _free(concept, taken)
        able = options and len(phrases) < len(MENTIONED)
        if able and rng.random() < MENTIONED[len(phrases)] * STRENGTH[concept.salience]:
            shares = np.array([w.share for w in options])
            chosen = options[rng.choice(len(options), p=shares / shares.sum())]
            phrases, taken = (*phrases, chosen), taken | chosen.stems
    words = compose_title(phrases, last)
    return " ".join(words).title(), np.array([i for i in matches(words) if held[i]], np.int64)


def every_title(may: np.ndarray, last: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], float]]:
    """Yield every title that a seller may write for a garment, as its words, with its probability. may: which rows a
    seller may write, (A,) bool; last: the garment's noun."""

    def walk(concepts, phrases, taken, probability):
        for k, concept in enumerate(concepts if len(phrases) < len(MENTIONED) else (), 1):
            if options := _free(concept, taken):
                mention = MENTIONED[len(phrases)] * STRENGTH[concept.salience]
                total = sum(w.share for w in options)
                for w in options:
                    share = probability * mention * w.share / total
                    yield from walk(concepts[k:], (*phrases, w), taken | w.stems, share)
                probability *= 1 - mention
        yield compose_title(phrases, last), probability

    yield from walk(mentionable(may), (), _stems(" ".join(last)), 1.0)


def probabilities(g: Garment) -> np.ndarray:
    """Return the probability that each attribute fires given the garment, (A,) float64."""
    held, may = shows(g)
    return _in_titles(may.tobytes(), CATEGORIES[g.category].noun) * held


@lru_cache(maxsize=256)
def _in_titles(may: bytes, last: tuple[str, ...]) -> np.ndarray:
    """Return the probability that each attribute's words are in a title, (A,) float64; never written to."""
    out = np.zeros(len(NAMES))
    for words, probability in every_title(np.frombuffer(may, bool), last):
        for i in matches(words):
            out[i] += probability
    return out
