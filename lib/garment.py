"""Garments of the synthetic clothes world as parameters: what is fixed by an item, and what its labels say of it.

A garment is drawn from its category's ranges; a category is a name, a clothes type and those ranges. An attribute is a
predicate on the parameters: a label says what was drawn, never the other way round.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

PATTERNS = ("solid", "striped", "pinstripe", "plaid", "dotted", "floral", "leopard", "chevron", "graphic", "colorblock")
FABRICS = ("cotton", "denim", "leather", "knit", "lace", "chiffon", "fur", "satin")
NECKLINES = ("crew", "v-neck", "scoop", "boat", "turtleneck", "strapless", "square", "halter")
COLLARS = ("none", "shirt", "lapel", "hood", "peter-pan")
CLOSURES = ("none", "buttons", "zip", "open", "wrap", "double-breasted")
HEMS = ("plain", "fringed", "ribbed", "ruffled", "lace-trim", "asymmetric")
COLOURS = {  # RGB
    "black": (30, 30, 34), "white": (240, 238, 232), "grey": (140, 142, 146), "navy": (34, 44, 86),
    "blue": (58, 104, 178), "red": (188, 38, 44), "pink": (232, 150, 170), "green": (62, 120, 76),
    "olive": (104, 104, 62), "yellow": (232, 200, 84), "orange": (222, 122, 52), "brown": (112, 74, 50),
    "beige": (212, 190, 158), "purple": (112, 66, 134), "teal": (40, 128, 132), "burgundy": (104, 24, 44),
}  # fmt: skip


@dataclass(frozen=True)
class Garment:
    """Lengths are shares: sleeve 0 (none) to 1 (wrist); length of the body 0 (waist) to 1 (hip) to 2 (knee) to 3
    (ankle), for lower-body clothes from the waistline; fit is the gap between body and cloth, flare what the hem adds,
    both in shares of half the body's width."""

    category: str
    clothes_type: int  # 1 upper, 2 lower, 3 full
    shape: str  # "top", "skirt", "legs", "dress" or "jumpsuit"
    length: float
    sleeve: float
    fit: float
    flare: float
    waist: float  # how far the waist is taken in, 0 to 1
    neckline: str
    neck_depth: float
    collar: str
    closure: str
    hem: str
    pattern: str
    fabric: str
    colour: str
    accent: str
    scale: float  # of the pattern
    pockets: bool
    belt: bool
    pleats: bool
    straps: bool
    cuffs: bool
    distressed: bool
    pattern_seed: int


def _r(low, high):
    return (low, high)


# Ranges of a category: a pair is a uniform range, a dict a choice with weights. What is not named keeps the defaults.
_DEFAULTS = dict(
    sleeve=_r(0, 0), fit=_r(0.05, 0.25), flare=_r(0, 0.15), waist=_r(0, 0.3), neck_depth=_r(0.2, 0.6),
    neckline={"crew": 4, "v-neck": 3, "scoop": 2, "boat": 1, "square": 1}, collar={"none": 1}, closure={"none": 1},
    hem={"plain": 8, "ruffled": 1, "lace-trim": 1, "asymmetric": 1, "fringed": 0.5},
    pattern={"solid": 9, "striped": 3, "floral": 3, "plaid": 1.5, "dotted": 1.5, "graphic": 1, "leopard": 0.7,
             "chevron": 0.7, "colorblock": 0.7, "pinstripe": 0.5},
    fabric={"cotton": 8, "chiffon": 1.5, "lace": 1, "satin": 1, "knit": 1, "denim": 0.5, "leather": 0.3},
    pockets=0.1, belt=0.1, pleats=0.05, straps=0.0, cuffs=0.1, distressed=0.03,
)  # fmt: skip
_TOP = dict(length=_r(0.75, 1.1))
_COAT = dict(
    sleeve=_r(0.92, 1), fit=_r(0.25, 0.5), collar={"lapel": 4, "shirt": 1, "hood": 1}, neckline={"v-neck": 1},
    closure={"buttons": 2, "open": 2, "double-breasted": 1}, fabric={"cotton": 5, "knit": 1, "leather": 0.4},
    pattern={"solid": 8, "plaid": 1.5, "pinstripe": 0.5}, pockets=0.7, belt=0.25, hem={"plain": 1}, cuffs=0.3,
)  # fmt: skip
_JACKET = _COAT | dict(
    length=_r(0.6, 1.0),
    fit=_r(0.15, 0.4),
    closure={"zip": 2, "open": 2, "buttons": 1},
    fabric={"cotton": 3, "leather": 1, "fur": 0.4, "denim": 0.6},
)
_LEGS = dict(fit=_r(0.05, 0.2), flare=_r(0, 0.1), pockets=0.6, hem={"plain": 9, "fringed": 1})
_JEANS = dict(fabric={"denim": 1}, colour={"blue": 4, "navy": 3, "black": 2, "grey": 1}, pattern={"solid": 1},
              pockets=0.95, distressed=0.25)  # fmt: skip
_SKIRT = dict(length=_r(0.8, 2.2), flare=_r(0.1, 0.8), pleats=0.2)
_DRESS = dict(length=_r(1.3, 2.2), sleeve={0: 5, 0.25: 3, 0.6: 1, 1: 1}, flare=_r(0.05, 0.7), waist=_r(0.2, 0.9),
              straps=0.35, belt=0.25, pleats=0.1)  # fmt: skip
_SUIT = dict(length=_r(2.7, 3), sleeve={0: 4, 0.25: 2, 1: 1}, straps=0.4, waist=_r(0.3, 0.8), belt=0.4)

# name: (clothes type, shape, how frequent, ranges). Names and types are DeepFashion's 50.
CATEGORIES: dict[str, tuple[int, str, float, dict]] = {
    "Anorak": (1, "top", 0.6, _COAT | dict(length=_r(1, 1.3), collar={"hood": 1}, closure={"zip": 1})),
    "Blazer": (1, "top", 3, _JACKET | dict(length=_r(0.9, 1.1), collar={"lapel": 1}, closure={"buttons": 2, "open": 1})),
    "Blouse": (1, "top", 9, _TOP | dict(sleeve=_r(0.3, 1), fit=_r(0.2, 0.45), collar={"none": 2, "shirt": 1, "peter-pan": 1},
                                        fabric={"chiffon": 4, "satin": 2, "cotton": 2, "lace": 1})),
    "Bomber": (1, "top", 0.5, _JACKET | dict(length=_r(0.7, 0.85), collar={"none": 1}, closure={"zip": 1}, hem={"ribbed": 1})),
    "Button-Down": (1, "top", 0.5, _TOP | dict(sleeve=_r(0.3, 1), collar={"shirt": 1}, closure={"buttons": 1}, cuffs=0.7)),
    "Cardigan": (1, "top", 4, _TOP | dict(sleeve=_r(0.85, 1), fabric={"knit": 1}, closure={"open": 2, "buttons": 1},
                                          neckline={"v-neck": 1}, hem={"ribbed": 1}, length=_r(0.9, 1.5))),
    "Flannel": (1, "top", 0.5, _TOP | dict(sleeve=_r(0.9, 1), collar={"shirt": 1}, closure={"buttons": 1}, pattern={"plaid": 1})),
    "Halter": (1, "top", 0.3, _TOP | dict(neckline={"halter": 1})),
    "Henley": (1, "top", 0.6, _TOP | dict(sleeve={0.25: 1, 1: 2}, closure={"buttons": 1}, neckline={"crew": 1})),
    "Hoodie": (1, "top", 2, _TOP | dict(sleeve=_r(0.95, 1), collar={"hood": 1}, closure={"none": 1, "zip": 1}, pockets=0.8,
                                        hem={"ribbed": 1}, fit=_r(0.25, 0.45))),
    "Jacket": (1, "top", 4, _JACKET),
    "Jersey": (1, "top", 0.6, _TOP | dict(sleeve=_r(0.2, 0.35), pattern={"graphic": 2, "striped": 1}, fit=_r(0.25, 0.45))),
    "Parka": (1, "top", 0.6, _COAT | dict(length=_r(1.2, 1.7), collar={"hood": 1}, closure={"zip": 1}, colour={"olive": 1, "navy": 1})),
    "Peacoat": (1, "top", 0.4, _COAT | dict(length=_r(1.1, 1.3), collar={"lapel": 1}, closure={"double-breasted": 1})),
    "Poncho": (1, "top", 0.6, dict(length=_r(0.9, 1.3), fit=_r(0.9, 1.3), flare=_r(0.6, 1), sleeve=_r(0.3, 0.5), hem={"fringed": 2, "plain": 1})),
    "Sweater": (1, "top", 6, _TOP | dict(sleeve=_r(0.9, 1), fabric={"knit": 1}, fit=_r(0.2, 0.45), hem={"ribbed": 1},
                                         neckline={"crew": 3, "turtleneck": 1, "v-neck": 1})),
    "Tank": (1, "top", 6, _TOP | dict(neckline={"scoop": 2, "crew": 1, "v-neck": 1}, straps=0.4)),
    "Tee": (1, "top", 14, _TOP | dict(sleeve=_r(0.18, 0.35), fabric={"cotton": 1})),
    "Top": (1, "top", 4, _TOP | dict(sleeve={0: 1, 0.25: 1, 0.6: 1}, length=_r(0.45, 1.05))),
    "Turtleneck": (1, "top", 0.4, _TOP | dict(sleeve=_r(0.9, 1), neckline={"turtleneck": 1}, fabric={"knit": 1})),
    "Capris": (2, "legs", 0.3, _LEGS | dict(length=_r(2.2, 2.5))),
    "Chinos": (2, "legs", 0.4, _LEGS | dict(length=_r(2.85, 3), colour={"beige": 2, "olive": 1, "navy": 1}, pattern={"solid": 1})),
    "Culottes": (2, "legs", 0.3, _LEGS | dict(length=_r(1.9, 2.3), fit=_r(0.4, 0.7), flare=_r(0.3, 0.6))),
    "Cutoffs": (2, "legs", 0.8, _LEGS | _JEANS | dict(length=_r(0.9, 1.3), hem={"fringed": 1}, distressed=0.7)),
    "Gauchos": (2, "legs", 0.2, _LEGS | dict(length=_r(2.1, 2.5), fit=_r(0.5, 0.8), flare=_r(0.5, 0.8))),
    "Jeans": (2, "legs", 4, _LEGS | _JEANS | dict(length=_r(2.85, 3))),
    "Jeggings": (2, "legs", 0.4, _LEGS | _JEANS | dict(length=_r(2.8, 3), fit=_r(0.0, 0.04), flare=_r(0, 0))),
    "Jodhpurs": (2, "legs", 0.2, _LEGS | dict(length=_r(2.8, 3), fit=_r(0.15, 0.3), flare=_r(-0.2, -0.1))),
    "Joggers": (2, "legs", 1, _LEGS | dict(length=_r(2.75, 2.95), fit=_r(0.2, 0.4), flare=_r(-0.15, -0.05), hem={"ribbed": 1})),
    "Leggings": (2, "legs", 2, _LEGS | dict(length=_r(2.8, 3), fit=_r(0, 0.04), flare=_r(0, 0), pockets=0)),
    "Sarong": (2, "skirt", 0.2, _SKIRT | dict(length=_r(1.8, 2.8), closure={"wrap": 1}, hem={"asymmetric": 2, "fringed": 1})),
    "Shorts": (2, "legs", 9, _LEGS | dict(length=_r(0.95, 1.6), fit=_r(0.1, 0.4))),
    "Skirt": (2, "skirt", 8, _SKIRT),
    "Sweatpants": (2, "legs", 1, _LEGS | dict(length=_r(2.85, 3), fit=_r(0.25, 0.45), fabric={"cotton": 1, "knit": 1}, hem={"ribbed": 1})),
    "Sweatshorts": (2, "legs", 0.5, _LEGS | dict(length=_r(1.1, 1.6), fit=_r(0.25, 0.45), fabric={"knit": 1}, hem={"ribbed": 1})),
    "Trunks": (2, "legs", 0.3, _LEGS | dict(length=_r(1.0, 1.3), fit=_r(0.2, 0.35), pattern={"floral": 2, "striped": 1, "solid": 1})),
    "Caftan": (3, "dress", 0.3, _DRESS | dict(length=_r(2.3, 3), fit=_r(0.7, 1), sleeve={0.6: 1, 1: 1}, waist=_r(0, 0.1))),
    "Cape": (3, "dress", 0.3, _COAT | dict(length=_r(1.1, 1.7), fit=_r(0.9, 1.2), sleeve={0.5: 1})),
    "Coat": (3, "dress", 2, _COAT | dict(length=_r(1.4, 2.1))),
    "Coverup": (3, "dress", 0.4, _DRESS | dict(fabric={"chiffon": 2, "lace": 1}, closure={"open": 1, "none": 1}, fit=_r(0.4, 0.6))),
    "Dress": (3, "dress", 22, _DRESS),
    "Jumpsuit": (3, "jumpsuit", 2, _SUIT),
    "Kaftan": (3, "dress", 0.3, _DRESS | dict(length=_r(2.0, 2.9), fit=_r(0.8, 1.1), sleeve={0.6: 1, 0.8: 1}, neckline={"v-neck": 1}, waist=_r(0, 0.1))),
    "Kimono": (3, "dress", 1, _DRESS | dict(length=_r(1.2, 2), sleeve={0.7: 1, 0.9: 1}, closure={"open": 1}, neckline={"v-neck": 1},
                                            pattern={"floral": 3, "solid": 1}, fit=_r(0.4, 0.6), waist=_r(0, 0.2))),
    "Nightdress": (3, "dress", 0.2, _DRESS | dict(fabric={"satin": 1}, straps=1, sleeve={0: 1}, length=_r(1.3, 1.8), hem={"lace-trim": 1})),
    "Onesie": (3, "jumpsuit", 0.3, _SUIT | dict(sleeve={1: 1}, fit=_r(0.3, 0.5), collar={"hood": 1, "none": 1}, closure={"zip": 1})),
    "Robe": (3, "dress", 0.4, _DRESS | dict(sleeve={0.9: 1}, closure={"wrap": 1}, belt=1, neckline={"v-neck": 1}, pattern={"solid": 2, "floral": 1},
                                            fit=_r(0.3, 0.5), straps=0.0)),
    "Romper": (3, "jumpsuit", 2.5, _SUIT | dict(length=_r(1.1, 1.5))),
    "Shirtdress": (3, "dress", 0.3, _DRESS | dict(collar={"shirt": 1}, closure={"buttons": 1}, sleeve={0.25: 1, 1: 1}, straps=0.0)),
    "Sundress": (3, "dress", 0.3, _DRESS | dict(straps=1, sleeve={0: 1}, pattern={"floral": 3, "dotted": 1}, flare=_r(0.4, 0.8))),
}  # fmt: skip
CATEGORY_NAMES = tuple(CATEGORIES)


def sample(category: str, rng: np.random.Generator) -> Garment:
    """A garment of a category, drawn from its ranges."""
    kind, shape, _, own = CATEGORIES[category]
    ranges = _DEFAULTS | own
    values = {}
    for name in Garment.__dataclass_fields__:
        choice = ranges.get(name)
        if isinstance(choice, tuple):
            values[name] = float(rng.uniform(*choice))
        elif isinstance(choice, dict):
            weights = np.array(list(choice.values()), float)
            values[name] = list(choice)[rng.choice(len(weights), p=weights / weights.sum())]
        elif choice is not None:
            values[name] = bool(rng.random() < choice)
    colours = list(COLOURS)
    weights = np.linspace(3, 1, len(colours))
    picked = rng.choice(len(colours), 2, replace=False, p=weights / weights.sum())
    values.setdefault("colour", colours[picked[0]])
    accent = colours[picked[1]]
    values |= {"accent": accent if accent != values["colour"] else "white" if accent != "white" else "black"}
    values |= {"category": category, "clothes_type": kind, "shape": shape, "scale": float(rng.uniform(0.6, 1.6))}
    values["pattern_seed"] = int(rng.integers(2**31))
    garment = Garment(**values)
    if garment.fabric in ("denim", "fur", "lace") and garment.pattern not in ("solid", "colorblock"):
        garment = replace(garment, pattern="solid")
    if garment.straps and garment.sleeve > 0:
        garment = replace(garment, straps=False)
    if garment.straps and garment.neckline not in ("v-neck", "square", "scoop"):
        garment = replace(garment, neckline="scoop")
    return garment


def _top(g: Garment) -> bool:
    return g.clothes_type != 2


# name: (group, predicate). Groups are DeepFashion's: 1 texture, 2 fabric, 3 shape, 4 part, 5 style.
ATTRIBUTES: dict[str, tuple[int, Callable[[Garment], bool]]] = {
    **{name: (1, lambda g, p=name: g.pattern == p) for name in PATTERNS},
    "print": (1, lambda g: g.pattern in ("floral", "leopard", "graphic", "chevron")),
    "multicolor stripe": (1, lambda g: g.pattern == "striped" and g.scale > 1.1),
    "ditsy floral": (1, lambda g: g.pattern == "floral" and g.scale < 0.95),
    "polka dot": (1, lambda g: g.pattern == "dotted" and g.scale > 1),
    "black": (1, lambda g: g.colour == "black"),
    "red floral": (1, lambda g: g.pattern == "floral" and "red" in (g.colour, g.accent)),
    **{name: (2, lambda g, f=name: g.fabric == f) for name in FABRICS},
    "washed denim": (2, lambda g: g.fabric == "denim" and g.colour in ("grey", "blue")),
    "distressed": (2, lambda g: g.distressed),
    "ribbed": (2, lambda g: g.fabric == "knit" and g.hem == "ribbed"),
    "sheer": (2, lambda g: g.fabric in ("chiffon", "lace")),
    "faux leather": (2, lambda g: g.fabric == "leather" and g.colour != "brown"),
    "floral lace": (2, lambda g: g.fabric == "lace" and g.scale > 1),
    "a-line": (3, lambda g: g.shape in ("dress", "skirt") and g.flare > 0.35 and g.length < 2.4),
    "bodycon": (3, lambda g: g.shape in ("dress", "skirt") and g.flare < 0.2 and g.fit < 0.15),
    "maxi": (3, lambda g: g.shape in ("dress", "skirt") and g.length >= 2.1),
    "midi": (3, lambda g: g.shape in ("dress", "skirt") and 1.8 <= g.length < 2.1),
    "mini": (3, lambda g: g.shape in ("dress", "skirt") and g.length < 1.5),
    "fit and flare": (3, lambda g: g.shape == "dress" and g.flare > 0.35 and g.waist > 0.5),
    "crop": (3, lambda g: g.shape == "top" and g.length < 0.7),
    "longline": (3, lambda g: g.shape == "top" and g.length > 1.15),
    "oversized": (3, lambda g: g.fit > 0.42),
    "slim": (3, lambda g: g.fit < 0.12),
    "skinny": (3, lambda g: g.shape == "legs" and g.length > 2.6 and g.fit < 0.1),
    "flared": (3, lambda g: g.flare > 0.5),
    "swing": (3, lambda g: g.shape == "dress" and g.flare > 0.5 and g.waist < 0.5),
    "high-low": (3, lambda g: g.hem == "asymmetric"),
    "long": (3, lambda g: g.length > 2.5),
    "cropped leg": (3, lambda g: g.shape in ("legs", "jumpsuit") and 1.7 < g.length < 2.7),
    "sleeveless": (4, lambda g: _top(g) and g.sleeve == 0),
    "cap-sleeve": (4, lambda g: _top(g) and 0 < g.sleeve < 0.24),
    "short sleeve": (4, lambda g: _top(g) and 0.24 <= g.sleeve < 0.5),
    "three-quarter sleeve": (4, lambda g: _top(g) and 0.5 <= g.sleeve < 0.85),
    "long sleeve": (4, lambda g: _top(g) and g.sleeve >= 0.85),
    **{name: (4, lambda g, n=name: _top(g) and g.neckline == n and g.collar == "none") for name in NECKLINES if name != "strapless"},
    "strap": (4, lambda g: g.straps),
    "collared": (4, lambda g: g.collar in ("shirt", "lapel")),
    "peter pan collar": (4, lambda g: g.collar == "peter-pan"),
    "hooded": (4, lambda g: g.collar == "hood"),
    "button": (4, lambda g: g.closure in ("buttons", "double-breasted")),
    "zip": (4, lambda g: g.closure == "zip"),
    "open-front": (4, lambda g: g.closure == "open"),
    "wrap": (4, lambda g: g.closure == "wrap"),
    "double-breasted": (4, lambda g: g.closure == "double-breasted"),
    "pocket": (4, lambda g: g.pockets),
    "belted": (4, lambda g: g.belt),
    "pleated": (4, lambda g: g.pleats),
    "fringed hem": (4, lambda g: g.hem == "fringed"),
    "ruffle hem": (4, lambda g: g.hem == "ruffled"),
    "lace trim": (4, lambda g: g.hem == "lace-trim"),
    "cuffed": (4, lambda g: g.cuffs and g.sleeve >= 0.5),
    "boho": (5, lambda g: g.pattern == "floral" and (g.hem == "fringed" or g.length > 1.9 or g.fabric == "chiffon")),
    "classic": (5, lambda g: g.pattern in ("solid", "pinstripe") and g.colour in ("black", "navy", "grey", "beige")),
    "summer": (5, lambda g: g.sleeve < 0.3 and g.colour in ("white", "yellow", "pink", "orange") and g.fabric != "knit"),
    "retro": (5, lambda g: g.pattern in ("dotted", "chevron") or g.collar == "peter-pan"),
    "moto": (5, lambda g: g.fabric == "leather" and g.closure == "zip"),
    "sporty": (5, lambda g: g.collar == "hood" or (g.shape == "legs" and g.hem == "ribbed")),
    "party": (5, lambda g: g.fabric in ("satin", "lace") and g.shape == "dress"),
    "nautical": (5, lambda g: g.pattern == "striped" and {"navy", "white"} & {g.colour, g.accent} != set()),
    "workwear": (5, lambda g: g.collar in ("lapel", "shirt") and g.pattern in ("solid", "pinstripe")),
    "grunge": (5, lambda g: g.distressed or (g.pattern == "plaid" and g.fit > 0.2)),
    "romantic": (5, lambda g: g.hem in ("ruffled", "lace-trim") and g.colour in ("pink", "white", "red", "purple")),
    "wild": (5, lambda g: g.pattern == "leopard"),
}  # fmt: skip
ATTRIBUTE_NAMES = tuple(ATTRIBUTES)
ATTRIBUTE_GROUPS = np.array([group for group, _ in ATTRIBUTES.values()], np.int8)


def attributes(garment: Garment) -> np.ndarray:
    """(A,) int8 labels in the order of ATTRIBUTE_NAMES: 1 where the predicate holds, else -1."""
    return np.array([1 if holds(garment) else -1 for _, holds in ATTRIBUTES.values()], np.int8)
