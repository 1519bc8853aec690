"""Titles: what a seller writes, what fires, and how likely."""

from dataclasses import replace

import numpy as np
import pytest

from lib.world import titles
from lib.world.attributes import GROUPS, NAMES, NUMBER, has, shows
from lib.world.garment import VALUES, sample, settle
from lib.world.wardrobe import THEMES, compose, draw


@pytest.fixture(scope="module")
def drawn():
    rng = np.random.default_rng(0)
    garments = [draw(rng, overlap=0.25) for _ in range(1600)]
    fired = np.zeros((len(garments), len(NAMES)), bool)
    for row, g in zip(fired, garments, strict=True):
        row[titles.write_title(g, rng)[1]] = True
    return garments, fired


@pytest.fixture(scope="module")
def expected(drawn):
    return np.array([titles.probabilities(g) for g in drawn[0][:600]])


def ceiling_recall(expected, k):
    """The best possible micro recall among the top k, given each image's probabilities (N, A)."""
    return -np.sort(-expected, axis=1)[:, :k].sum() / expected.sum()


def test_a_phrase_fires_all_names_inside_it():
    """The example of the design, by hand."""
    names = [NAMES[i] for i in titles.matches(("abstract", "floral", "print", "dress"))]
    assert set(names) == {"abstract", "abstract floral", "abstract floral print", "floral", "floral print", "print"}
    assert titles.matches(("floral", "lace", "print")) == tuple(
        sorted(NUMBER[n] for n in ("floral", "lace", "print", "floral lace", "lace print"))
    )
    assert titles.matches(("printing",)) == () and titles.matches(()) == ()


def test_what_fires_stands_in_the_title_and_is_shown(drawn):
    garments, _ = drawn
    rng = np.random.default_rng(1)
    for g in garments[:300]:
        words, fired = titles.write_title(g, rng)
        for i in fired:
            assert f" {NAMES[i]} " in f" {' '.join(words)} " and has(g, NAMES[i])
        for name in NAMES:  # and nothing that is in the title and shown is missing
            if f" {name} " in f" {' '.join(words)} " and has(g, name):
                assert NUMBER[name] in fired


def test_screening_drops_what_the_garment_does_not_show():
    """A deep v-neck tee called "Classic V-Neck": "classic" asks for a notched collar."""
    g = compose("Tee", ["classic v-neck"], seed=1)
    fired = {NAMES[i] for _ in range(30) for i in titles.write_title(g, np.random.default_rng(_))[1]}
    assert "classic v-neck" in fired and "classic" not in fired
    assert NUMBER["classic"] in titles.matches(("classic", "v-neck", "tee"))


def test_titles_end_in_the_noun_and_repeat_no_word(drawn):
    garments, _ = drawn
    rng = np.random.default_rng(2)
    for g in garments[:300]:
        words, _ = titles.write_title(g, rng)
        last = titles.noun(g)
        assert words[-len(last) :] == last and len(words) == len(set(words))


def test_phrases_stand_in_a_sellers_order_before_the_noun():
    maxi = titles.Wording(("maxi",), (9, 5), 5, 1.0, frozenset({"maxi"}))
    floral = titles.Wording(("floral", "print"), (3, 7), 7, 1.0, frozenset({"floral", "print"}))
    assert titles.compose_title((maxi, floral), ("dress",)) == ("floral", "print", "maxi", "dress")
    assert titles.compose_title((), ("gaucho", "pants")) == ("gaucho", "pants")


def test_probabilities_agree_with_many_titles():
    """The exact enumeration against the frequencies of 1,500 drawn titles."""
    rng = np.random.default_rng(3)
    for g in (compose("Dress", ["floral maxi", "belted"]), compose("Tee", ["notorious"]), draw(rng)):
        counts = np.zeros(len(NAMES))
        for _ in range(1500):
            counts[titles.write_title(g, rng)[1]] += 1
        p = titles.probabilities(g)
        assert np.abs(counts / 1500 - p).max() < 5 * 0.5 / np.sqrt(1500)
        assert sum(share for _, share in titles.every_title(g, shows(g)[1])) == pytest.approx(1)


def test_a_plain_garment_is_only_its_noun():
    plain = {name: values[0] for name, values in VALUES.items()}
    g = replace(sample("Leggings", np.random.default_rng(0)), **plain, length=2.4, fit=0.3, flare=0.0, rise=0.3)
    g = settle(replace(g, fabric="jersey", abstract=0.0, distress=0.0, emblem="none"))
    assert titles.mentionable(shows(g)[1]) == []
    assert titles.write_title(g, np.random.default_rng(0))[0] == ("leggings",)
    assert titles.probabilities(g).sum() == 0


def test_titles_are_written_as_shops_print_them():
    assert titles.in_words(("abstract", "v-neck", "dress")) == "Abstract V-Neck Dress"


def test_three_to_four_attributes_fire_with_a_long_tail(drawn):
    _, fired = drawn
    assert 3 <= fired.sum(1).mean() <= 4 and (fired.sum(1) == 0).mean() < 0.02
    counts = np.sort(fired.sum(0))[::-1]
    assert counts[:100].sum() > 0.4 * counts.sum() and counts[500] < 0.1 * counts[5]


def test_each_group_has_its_share_and_the_prior_finds_little(drawn):
    _, fired = drawn
    share = np.array([fired[:, GROUPS == group].sum() for group in range(1, 6)]) / fired.sum()
    assert (
        (np.array([0.22, 0.15, 0.15, 0.1, 0.08]) < share) & (share < np.array([0.36, 0.28, 0.26, 0.22, 0.18]))
    ).all()
    assert np.sort(fired.sum(0))[-5:].sum() / fired.sum() < 0.2


def test_the_ceiling_is_above_seventy_per_cent_and_is_reached(drawn, expected):
    _, fired = drawn
    fired = fired[: len(expected)]
    best = np.argsort(-expected, axis=1)[:, :5]
    reached = np.take_along_axis(fired, best, 1).sum() / fired.sum()
    assert 0.7 < ceiling_recall(expected, 5) < 0.9
    assert reached == pytest.approx(ceiling_recall(expected, 5), abs=0.02)


def test_two_samples_of_the_process_agree(drawn):
    """Frequencies of two halves: no more attributes differ by over three deviations than chance allows."""
    _, fired = drawn
    half = len(fired) // 2
    one, two = fired[:half].mean(0), fired[half : 2 * half].mean(0)
    both = (one + two) / 2
    frequent = both > 0.005
    z = (one - two)[frequent] / np.sqrt(2 * both[frequent] * (1 - both[frequent]) / half)
    assert frequent.sum() > 80 and (np.abs(z) > 3).mean() < 0.02 and 0.7 < z.std() < 1.3


def test_every_attribute_is_expected_in_forty_thousand_items():
    """Draw garments for each theme, weighted by how frequent it is: each name must be expected more than twice.

    What two garments per theme leave open is looked at again with more garments of the name's own theme.
    """
    rng, counts = np.random.default_rng(5), np.zeros(len(NAMES))

    def expect(theme, draws):
        p = sum(titles.probabilities(draw(rng, theme=theme, overlap=0.25)) for _ in range(draws)) / draws
        return 40_000 * THEMES[theme] * p

    own = {}
    for theme, concept in enumerate(titles.CONCEPTS):
        counts += expect(theme, 2)
        own |= {wording.row: theme for wording in concept.wordings}
    rare = {NAMES[i]: expect(own[i], 20)[i] if i in own else 0 for i in np.flatnonzero(counts < 2)}
    assert len(rare) < 20 and all(count > 2 for count in rare.values()), rare


def test_a_theme_shows_in_its_garment():
    rng = np.random.default_rng(6)
    missed = [NAMES[c.row] for k, c in enumerate(titles.CONCEPTS) if not shows(draw(rng, theme=k))[1][c.row]]
    assert len(missed) < 0.01 * len(titles.CONCEPTS), missed
