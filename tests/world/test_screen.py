"""Screening: what a picture shows, by hand and against the same measurement written plainly."""

import cv2
import numpy as np
import pytest

from lib.world import figure, screen, titles, wardrobe
from lib.world.attributes import NAMES, ROWS
from lib.world.figure import Picture
from lib.world.garment import choices, settle
from lib.world.items import INSHOP_VIEWS
from lib.world.wardrobe import compose, draw

PX = 128


def look(g, seed=0, view="front", consumer=False):
    return screen.View(g, Picture(g, np.random.default_rng(seed), 256, view, consumer), PX)


def shown(fired, view):
    return [i for i in fired if screen.is_shown(i, view)]


@pytest.fixture(scope="module")
def views():
    """Drawn garments in every kind of view."""
    rng = np.random.default_rng(0)
    return [look(draw(rng, overlap=0.5), n, INSHOP_VIEWS[n % 5], n % 2 == 1) for n in range(60)]


def plainly(number, view):
    """Whether a view shows an attribute, every picture drawn anew."""
    g = view.g
    x0, y0, x1, y1 = view.picture.labels["box"]
    for option in ROWS[number].condition:
        shown = all(clause.holds(g) for clause in option)
        for field in {c.field for c in option} - {"category", "shape", "clothes_type"}:
            clauses = [c for c in option if c.field == field]
            own = choices(g.category).get(field, ("none",) if field == "emblem" else ())
            fixed = all(len(own) and all(c.allows(v) for v in own) for c in clauses)
            empty = field in screen._NOTHING and getattr(g, field) in ("none", "plain", "set-in", "solid")
            clauses = [c for c in clauses if not (len(own) and all(c.allows(v) for v in own))]
            if not shown or fixed or empty or (other := screen.otherwise(g, tuple(clauses))) is None:
                continue
            one, two = (
                cv2.resize(image[y0:y1, x0:x1], (PX, PX), interpolation=cv2.INTER_AREA).astype(int)
                for image in (view.picture.image, view.picture.with_garment(other))
            )
            changed = {name for name, value in vars(g).items() if value != getattr(other, name)}
            least = screen.ALL_OVER if changed == {"fabric"} else screen.SEEN
            shown = (np.abs(one - two) > screen.CLEAR).any(2).sum() >= least
        if shown:
            return True
    return False


def test_screening_agrees_with_every_picture_drawn_anew(views):
    kept, dropped = 0, 0
    for n, view in enumerate(views):
        fired = titles.write_title(view.g, np.random.default_rng(n))[1].tolist()
        slow = [i for i in fired if plainly(i, view)]
        assert shown(fired, view) == slow, view.g
        kept, dropped = kept + len(slow), dropped + len(fired) - len(slow)
    assert kept > 100 and dropped > 3


@pytest.mark.parametrize("name", ["bow-back", "cutout-back", "crisscross"])
def test_a_back_is_seen_from_the_back_alone(name):
    g = compose("Top", [name])
    fired = [NAMES.index(name)]
    assert shown(fired, look(g)) == [] and shown(fired, look(g, view="back")) == fired


def test_a_collar_under_a_thing_is_dropped(monkeypatch):
    g, fired = compose("Top", ["mandarin"]), [NAMES.index("mandarin")]
    assert shown(fired, look(g, consumer=True)) == fired

    def cover(canvas, body, skin, rng):
        canvas.fill([[-0.2, 0.05], [0.2, 0.05], [0.2, 0.3], [-0.2, 0.3]], (90, 90, 90), "top")

    monkeypatch.setattr(figure, "draw_occluders", cover)
    assert shown(fired, look(g, consumer=True)) == []


def test_visible_probabilities_are_those_of_the_garment_where_all_is_seen(views, monkeypatch):
    monkeypatch.setattr(screen, "hidden", lambda view, donors: [])
    for view in views[:5]:
        assert np.allclose(screen.visible_probabilities(view, (view.g,) * 3), titles.probabilities(view.g))


def test_no_more_is_found_by_what_is_visible_than_by_the_garment(views):
    best, found, hidden = 0.0, 0.0, set()
    for view in views[:30]:
        donors = wardrobe.donors(view.g.category, 0.5)
        assert {g.category for g in donors} == {view.g.category} and all(settle(g) == g for g in donors)
        p, visible = screen.probabilities(view), screen.visible_probabilities(view, donors)
        one, two = (p[np.argsort(-odds, kind="stable")[:5]].sum() for odds in (p, visible))
        assert two <= one + 1e-9 and (p <= titles.probabilities(view.g) + 1e-9).all()
        best, found, hidden = best + one, found + two, hidden | set(screen.hidden(view, donors))
    assert 0.8 * best < found < best and "back" in hidden and "pattern" not in hidden
