"""Garments of the synthetic clothes world as parameters: what an item fixes, and what its labels describe.

A garment is drawn from the ranges of its category. attributes.csv tells what an attribute means in these parameters.
"""

from dataclasses import dataclass, replace

import numpy as np

# Every value that a field may have; the first is the plain one.
VALUES = {
    "wearer": ("women", "men"),
    "neckline": ("crew", "v", "deep-v", "scoop", "boat", "square", "sweetheart", "halter", "turtle", "mock", "cowl", "keyhole",
                 "surplice", "split", "high", "one-shoulder", "off-shoulder", "strapless", "illusion", "twist"),
    "strap": ("none", "spaghetti", "wide", "racerback", "crossed", "bib", "suspender"),
    "collar": ("none", "shirt", "polo", "notched", "shawl", "hood", "peter-pan", "stand", "bow", "fur"),
    "closure": ("none", "buttons", "one-button", "two-button", "double-breasted", "zip", "half-zip", "henley", "toggle", "snap",
                "open", "wrap", "lace-up"),
    "hem": ("plain", "ribbed", "ruffled", "flounced", "fringed", "lace", "scalloped", "raw", "rolled", "curved", "dolphin",
            "asymmetric", "high-low", "side-slit", "slit", "high-slit", "m-slit", "vented", "tied"),
    "back": ("plain", "low", "cutout", "crossed", "bow", "lace", "v", "ladder", "tie", "split", "t", "y", "tulip"),
    "waistline": ("none", "belt", "sash", "drawstring", "elastic", "smocked", "foldover", "dropped", "gathered", "corset",
                  "buttoned", "bow", "braided"),
    "pocket": ("none", "chest", "patch", "slant", "cargo", "kangaroo", "zip", "welt", "contrast"),
    "skirt": ("plain", "pleated", "box-pleated", "tiered", "tulip", "gathered", "wrap", "peplum", "trumpet"),
    "sleeve_kind": ("set-in", "raglan", "dolman", "bell", "flutter", "puff", "drop", "cuffed", "open-shoulder", "rolled", "cap"),
    "trim": ("none", "contrast", "piping", "lace", "leather", "fringe", "tassel", "pom-pom", "ruffle", "scallop", "bead",
             "crochet", "mesh", "tipped", "bow"),
    "panel": ("none", "lace", "mesh", "leather", "sheer", "crochet", "contrast", "chiffon"),
    "panel_at": ("none", "yoke", "sleeves", "sides", "hem"),
    "fabric": ("cotton", "linen", "denim", "chambray", "leather", "suede", "fur", "shearling", "knit", "cable-knit", "rib-knit",
               "loose-knit", "eyelash-knit", "pointelle", "waffle", "lace", "crochet", "eyelet", "mesh", "net", "chiffon", "tulle",
               "gauze", "satin", "velvet", "tweed", "corduroy", "quilted", "puffer", "sequin", "terry", "fleece", "scuba", "nylon",
               "jersey", "canvas", "twill", "crepe", "woven", "jacquard", "feather"),
    "finish": ("none", "washed", "acid-wash", "cloud-wash", "mineral-wash", "bleached", "faded", "dip-dye", "tie-dye", "coated",
               "metallic", "foil", "glitter", "heathered", "marled", "slub", "ribs", "crinkled", "embossed", "burnout", "embroidered",
               "beaded", "studded", "rhinestones", "patched", "applique", "perforated", "cutout", "lattice", "pintucked", "pressed",
               "seams", "ruched", "quilted", "layered", "neon", "bandage", "swiss-dot"),
    "pattern": ("solid", "stripes", "vertical-stripes", "pinstripe", "breton", "rugby", "multi-stripe", "geo-stripe", "chevron",
                "zigzag", "wave", "plaid", "tartan", "gingham", "checkered", "grid", "windowpane", "houndstooth", "herringbone",
                "dots", "polka", "speckle", "circle", "diamond", "triangle", "geo", "tile", "mosaic", "kaleidoscope", "floral",
                "ditsy", "rose", "daisy", "sunflower", "wildflower", "leaf", "palm", "tropical", "botanical", "pineapple", "paisley",
                "bandana", "baroque", "damask", "medallion", "mandala", "ikat", "tribal", "southwestern", "fair-isle", "folk",
                "leopard", "cheetah", "giraffe", "zebra", "bird", "butterfly", "elephant", "heart", "star", "camo", "marble",
                "watercolor", "splatter", "brushstroke", "abstract", "galaxy", "colorblock", "two-tone", "patchwork", "ombre"),
}  # fmt: skip
COLOURS = {  # RGB, by tone
    "black": (30, 30, 34), "charcoal": (70, 72, 78), "navy": (34, 44, 86), "burgundy": (104, 24, 44), "purple": (98, 56, 124),
    "white": (242, 240, 236), "grey": (160, 162, 166), "light-blue": (164, 194, 222), "mint": (170, 216, 192),
    "blush": (238, 208, 200), "lavender": (198, 180, 222),
    "blue": (52, 98, 178), "teal": (36, 128, 132), "green": (56, 128, 74), "yellow": (240, 208, 76), "orange": (230, 124, 48),
    "coral": (240, 128, 112), "red": (192, 34, 42), "pink": (234, 118, 164),
    "olive": (104, 104, 62), "mustard": (202, 152, 48), "brown": (104, 70, 48), "tan": (182, 142, 100), "camel": (196, 154, 108),
    "beige": (220, 200, 170),
}  # fmt: skip
TONES = {
    "dark": ("black", "charcoal", "navy", "burgundy", "purple"),
    "light": ("white", "grey", "light-blue", "mint", "blush", "lavender"),
    "bright": ("blue", "teal", "green", "yellow", "orange", "coral", "red", "pink"),
    "earth": ("olive", "mustard", "brown", "tan", "camel", "beige"),
}
_TONE = {colour: tone for tone, colours in TONES.items() for colour in colours}
VALUES |= {"colour": tuple(COLOURS), "accent": tuple(COLOURS)}
# Lowest and highest value of the fields that are numbers.
RANGES = {
    "length": (0.35, 3.0), "sleeve": (0.0, 1.0), "fit": (0.0, 1.3), "flare": (-0.2, 1.0), "waist": (0.0, 1.0), "rise": (0.0, 1.0),
    "neck_depth": (0.0, 1.0), "scale": (0.6, 1.6), "abstract": (0.0, 1.0), "distress": (0.0, 1.0),
}  # fmt: skip


@dataclass(frozen=True)
class Garment:
    """The parameters of a garment.

    Lengths are shares: sleeve 0 (none) to 1 (wrist); length of the body 0 (waist) to 1 (hip) to 2 (knee) to 3
    (ankle); fit is the gap between body and cloth, flare what the hem adds, both in shares of half the body's width;
    waist, how far it is taken in; rise, where the waistline of lower-body clothes sits, 0 low to 1 high; scale, the size
    of the pattern's figures; abstract, how far they are distorted. `emblem` is "none", an icon or a word on the chest.
    """

    category: str
    clothes_type: int  # 1 upper, 2 lower, 3 full
    shape: str  # "top", "skirt", "legs", "dress" or "jumpsuit"
    wearer: str
    length: float
    sleeve: float
    fit: float
    flare: float
    waist: float
    rise: float
    neckline: str
    neck_depth: float
    strap: str
    collar: str
    closure: str
    hem: str
    back: str
    waistline: str
    pocket: str
    skirt: str
    sleeve_kind: str
    trim: str
    panel: str
    panel_at: str
    fabric: str
    finish: str
    pattern: str
    scale: float
    abstract: float
    emblem: str
    colour: str
    accent: str
    distress: float
    seed: int  # of the pattern's random parts

    @property
    def tone(self) -> str:
        return _TONE[self.colour]

    @property
    def contrast(self) -> float:
        """Return how far the accent is from the ground colour, 0 to 1."""
        difference = np.subtract(COLOURS[self.colour], COLOURS[self.accent])
        return float(min(1.0, np.sqrt((difference**2).sum()) / 300))


def _r(low, high):
    return (low, high)


# Ranges of a category: a pair is a uniform range, a dict a choice with weights. What is not named keeps the defaults.
_DEFAULTS = dict(
    length=_r(0.75, 1.1), sleeve=_r(0, 0), fit=_r(0.05, 0.25), flare=_r(0, 0.12), waist=_r(0, 0.3), rise=_r(0.3, 0.7),
    neckline={"crew": 6, "v": 3, "scoop": 2, "boat": 1, "square": 0.6, "halter": 0.3, "cowl": 0.3, "keyhole": 0.3, "high": 0.3,
              "off-shoulder": 0.3, "one-shoulder": 0.2, "strapless": 0.3, "sweetheart": 0.2, "surplice": 0.3, "deep-v": 0.3},
    neck_depth=_r(0.2, 0.6), strap={"none": 1}, collar={"none": 1}, closure={"none": 1},
    hem={"plain": 12, "ruffled": 0.6, "lace": 0.6, "asymmetric": 0.6, "fringed": 0.3, "scalloped": 0.4, "curved": 0.8, "high-low": 0.5,
         "side-slit": 0.5, "slit": 0.3},
    back={"plain": 12, "low": 0.5, "cutout": 0.4, "crossed": 0.4, "bow": 0.3, "lace": 0.3, "v": 0.3},
    waistline={"none": 1}, pocket={"none": 12, "chest": 1.5, "patch": 0.7}, skirt={"plain": 1},
    sleeve_kind={"set-in": 12, "raglan": 0.8, "dolman": 0.8, "bell": 0.5, "flutter": 0.5, "puff": 0.5, "drop": 0.8, "cuffed": 1,
                 "rolled": 0.8, "cap": 0.5, "open-shoulder": 0.3},
    trim={"none": 16, "contrast": 0.8, "piping": 0.6, "lace": 0.5, "fringe": 0.3, "ruffle": 0.5, "tipped": 0.3},
    panel={"none": 16, "lace": 0.6, "mesh": 0.5, "contrast": 0.6, "sheer": 0.4, "leather": 0.3},
    panel_at={"yoke": 1, "sleeves": 1, "sides": 1, "hem": 1},
    fabric={"cotton": 6, "jersey": 3, "chiffon": 1.5, "woven": 1.5, "lace": 0.8, "satin": 0.8, "knit": 0.8, "linen": 0.6, "crepe": 0.6,
            "rib-knit": 0.5, "mesh": 0.4, "crochet": 0.4, "velvet": 0.3, "denim": 0.3, "leather": 0.3, "gauze": 0.4},
    finish={"none": 16, "embroidered": 1, "heathered": 1, "marled": 0.4, "slub": 0.5, "washed": 0.5, "ruched": 0.4, "beaded": 0.4,
            "crinkled": 0.3, "cutout": 0.4, "tie-dye": 0.4, "dip-dye": 0.3, "metallic": 0.3, "studded": 0.2, "layered": 0.3},
    pattern={"solid": 18, "stripes": 5, "floral": 5, "plaid": 2, "dots": 1.5, "polka": 1.5, "leopard": 1, "chevron": 0.7, "colorblock": 1,
             "paisley": 0.8, "geo": 1, "leaf": 0.6, "tropical": 0.6, "abstract": 0.8, "tribal": 0.6, "rose": 0.5, "ditsy": 0.7, "breton": 0.6,
             "pinstripe": 0.4, "checkered": 0.4, "gingham": 0.4, "ikat": 0.4, "camo": 0.3, "watercolor": 0.4, "star": 0.4, "ombre": 0.4},
    scale=_r(0.6, 1.6), abstract={0: 9, 0.8: 1}, distress={0: 1}, wearer={"women": 3, "men": 1},
)  # fmt: skip
_TOP = dict(length=_r(0.75, 1.1))
_COAT = dict(
    sleeve=_r(0.92, 1), fit=_r(0.25, 0.5), collar={"notched": 4, "shirt": 1, "hood": 1, "shawl": 1, "fur": 0.3}, neckline={"v": 1},
    closure={"buttons": 2, "open": 2, "double-breasted": 1}, fabric={"tweed": 3, "canvas": 2, "cotton": 2, "suede": 0.5, "leather": 0.4, "shearling": 0.3},
    pattern={"solid": 8, "plaid": 1.5, "pinstripe": 0.5, "houndstooth": 0.5, "herringbone": 0.5}, pocket={"welt": 4, "patch": 2, "zip": 1, "none": 3}, waistline={"none": 3, "belt": 1}, hem={"plain": 1},
)  # fmt: skip
_JACKET = _COAT | dict(
    length=_r(0.6, 1.0),
    fit=_r(0.15, 0.4),
    closure={"zip": 2, "open": 2, "buttons": 1},
    fabric={
        "cotton": 2,
        "nylon": 1,
        "leather": 1,
        "suede": 0.4,
        "fur": 0.4,
        "denim": 0.8,
        "quilted": 0.4,
        "puffer": 0.4,
    },
)
_LEGS = dict(
    fit=_r(0.05, 0.2),
    flare=_r(0, 0.1),
    rise=_r(0, 1),
    pocket={"slant": 6, "none": 3, "cargo": 0.5, "welt": 0.5, "zip": 0.3},
    hem={"plain": 9, "rolled": 1, "raw": 0.6},
    waistline={"none": 6, "elastic": 1, "drawstring": 1, "belt": 0.7, "buttoned": 0.5},
)
_JEANS = dict(fabric={"denim": 1}, colour={"blue": 4, "navy": 3, "black": 2, "grey": 1}, pattern={"solid": 1},
              pocket={"slant": 9, "cargo": 0.4, "none": 0.5}, distress={0: 6, 0.4: 2, 0.9: 1}, waistline={"none": 8, "belt": 1},
              finish={"none": 5, "washed": 3, "acid-wash": 1, "bleached": 0.7, "faded": 1.2, "coated": 0.4, "patched": 0.4})  # fmt: skip
_SKIRT = dict(
    length=_r(0.9, 2.7),
    flare={0: 1, 0.3: 1, 0.6: 1, 0.8: 0.5},
    rise=_r(0.2, 1),
    fit=_r(0.03, 0.2),
    fabric={"cotton": 4, "denim": 1, "leather": 0.5, "chiffon": 1, "scuba": 0.5, "knit": 0.5, "satin": 0.5},
    skirt={
        "plain": 6,
        "pleated": 1.5,
        "box-pleated": 0.6,
        "tiered": 0.6,
        "tulip": 0.5,
        "wrap": 0.5,
        "trumpet": 0.4,
        "gathered": 0.8,
    },
)
_DRESS = dict(
    length=_r(1.15, 2.8), sleeve={0: 5, 0.15: 1, 0.25: 2, 0.6: 1, 1: 1}, flare={0.05: 2, 0.3: 2, 0.5: 2, 0.7: 1}, waist=_r(0.1, 0.9),
    strap={"none": 6, "spaghetti": 2, "wide": 1.5, "crossed": 0.5}, waistline={"none": 6, "belt": 1.5, "sash": 1, "elastic": 1, "gathered": 0.5, "smocked": 0.5, "dropped": 0.4},
    skirt={"plain": 8, "pleated": 1, "tiered": 0.8, "tulip": 0.3, "trumpet": 0.4, "gathered": 1, "peplum": 0.3, "wrap": 0.4}, fabric={"cotton": 4, "chiffon": 2, "jersey": 2, "lace": 1, "satin": 1, "crepe": 1, "scuba": 0.5, "velvet": 0.4, "linen": 0.4},
)  # fmt: skip
_SUIT = dict(
    length=_r(2.7, 3),
    sleeve={0: 4, 0.25: 2, 1: 1},
    strap={"none": 2, "spaghetti": 1, "wide": 1},
    waist=_r(0.3, 0.8),
    waistline={"none": 2, "belt": 1, "sash": 1, "elastic": 1},
)

# name: (clothes type, shape, how frequent, ranges). Names and types are DeepFashion's 50.
CATEGORIES: dict[str, tuple[int, str, float, dict]] = {
    "Anorak": (1, "top", 0.6, _COAT | dict(length=_r(1, 1.3), collar={"hood": 1}, closure={"zip": 1})),
    "Blazer": (1, "top", 3, _JACKET | dict(length=_r(0.9, 1.1), collar={"notched": 1}, closure={"buttons": 2, "open": 1})),
    "Blouse": (1, "top", 9, _TOP | dict(sleeve=_r(0.3, 1), fit=_r(0.2, 0.45), collar={"none": 2, "shirt": 1, "peter-pan": 1},
                                        fabric={"chiffon": 4, "satin": 2, "cotton": 2, "lace": 1})),
    "Bomber": (1, "top", 0.5, _JACKET | dict(length=_r(0.7, 0.85), collar={"none": 1}, closure={"zip": 1}, hem={"ribbed": 1})),
    "Button-Down": (1, "top", 0.5, _TOP | dict(sleeve=_r(0.3, 1), collar={"shirt": 1}, closure={"buttons": 1}, pocket={"chest": 1, "none": 1})),
    "Cardigan": (1, "top", 4, _TOP | dict(sleeve=_r(0.85, 1), fabric={"knit": 1}, closure={"open": 2, "buttons": 1},
                                          neckline={"v": 1}, hem={"ribbed": 1}, length=_r(0.9, 1.5))),
    "Flannel": (1, "top", 0.5, _TOP | dict(sleeve=_r(0.9, 1), collar={"shirt": 1}, closure={"buttons": 1}, pattern={"plaid": 1}, finish={"none": 1})),
    "Halter": (1, "top", 0.3, _TOP | dict(neckline={"halter": 1})),
    "Henley": (1, "top", 0.6, _TOP | dict(sleeve={0.25: 1, 1: 2}, closure={"henley": 1}, neckline={"crew": 1})),
    "Hoodie": (1, "top", 2, _TOP | dict(sleeve=_r(0.95, 1), collar={"hood": 1}, closure={"none": 1, "zip": 1}, pocket={"kangaroo": 3, "none": 1},
                                        hem={"ribbed": 1}, fit=_r(0.25, 0.45))),
    "Jacket": (1, "top", 4, _JACKET),
    "Jersey": (1, "top", 0.6, _TOP | dict(sleeve=_r(0.2, 0.35), pattern={"solid": 2, "stripes": 1}, fit=_r(0.25, 0.45))),
    "Parka": (1, "top", 0.6, _COAT | dict(length=_r(1.2, 1.7), collar={"hood": 1}, closure={"zip": 1}, colour={"olive": 1, "navy": 1})),
    "Peacoat": (1, "top", 0.4, _COAT | dict(length=_r(1.1, 1.3), collar={"notched": 1}, closure={"double-breasted": 1})),
    "Poncho": (1, "top", 0.6, dict(length=_r(0.9, 1.3), fit=_r(0.9, 1.3), flare=_r(0.6, 1), sleeve=_r(0.3, 0.5), hem={"fringed": 2, "plain": 1})),
    "Sweater": (1, "top", 6, _TOP | dict(sleeve=_r(0.9, 1), fabric={"knit": 1}, fit=_r(0.2, 0.45), hem={"ribbed": 1},
                                         neckline={"crew": 3, "turtle": 1, "v": 1})),
    "Tank": (1, "top", 6, _TOP | dict(neckline={"scoop": 2, "crew": 1, "v": 1}, strap={"none": 3, "wide": 1, "spaghetti": 1, "racerback": 1})),
    "Tee": (1, "top", 14, _TOP | dict(sleeve=_r(0.18, 0.35), fabric={"cotton": 1})),
    "Top": (1, "top", 4, _TOP | dict(sleeve={0: 1, 0.25: 1, 0.6: 1}, length=_r(0.45, 1.05))),
    "Turtleneck": (1, "top", 0.4, _TOP | dict(sleeve=_r(0.9, 1), neckline={"turtle": 1}, fabric={"knit": 1})),
    "Capris": (2, "legs", 0.3, _LEGS | dict(length=_r(2.2, 2.5))),
    "Chinos": (2, "legs", 0.4, _LEGS | dict(length=_r(2.85, 3), colour={"beige": 2, "olive": 1, "navy": 1}, pattern={"solid": 1})),
    "Culottes": (2, "legs", 0.3, _LEGS | dict(length=_r(1.9, 2.3), fit=_r(0.4, 0.7), flare=_r(0.3, 0.6))),
    "Cutoffs": (2, "legs", 0.8, _LEGS | _JEANS | dict(length=_r(0.9, 1.3), hem={"raw": 1}, distress={0: 1, 0.6: 2})),
    "Gauchos": (2, "legs", 0.2, _LEGS | dict(length=_r(2.1, 2.5), fit=_r(0.5, 0.8), flare=_r(0.5, 0.8))),
    "Jeans": (2, "legs", 4, _LEGS | _JEANS | dict(length=_r(2.85, 3))),
    "Jeggings": (2, "legs", 0.4, _LEGS | _JEANS | dict(length=_r(2.8, 3), fit=_r(0.0, 0.04), flare=_r(0, 0))),
    "Jodhpurs": (2, "legs", 0.2, _LEGS | dict(length=_r(2.8, 3), fit=_r(0.15, 0.3), flare=_r(-0.2, -0.1))),
    "Joggers": (2, "legs", 1, _LEGS | dict(length=_r(2.75, 2.95), fit=_r(0.2, 0.4), flare=_r(-0.15, -0.05), hem={"ribbed": 1})),
    "Leggings": (2, "legs", 2, _LEGS | dict(length=_r(2.8, 3), fit=_r(0, 0.04), flare=_r(0, 0), pocket={"none": 1})),
    "Sarong": (2, "skirt", 0.2, _SKIRT | dict(length=_r(1.8, 2.8), closure={"wrap": 1}, hem={"asymmetric": 2, "fringed": 1})),
    "Shorts": (2, "legs", 9, _LEGS | dict(length=_r(0.95, 1.6), fit=_r(0.1, 0.4))),
    "Skirt": (2, "skirt", 8, _SKIRT),
    "Sweatpants": (2, "legs", 1, _LEGS | dict(length=_r(2.85, 3), fit=_r(0.25, 0.45), fabric={"cotton": 1, "knit": 1}, hem={"ribbed": 1})),
    "Sweatshorts": (2, "legs", 0.5, _LEGS | dict(length=_r(1.1, 1.6), fit=_r(0.25, 0.45), fabric={"knit": 1}, hem={"ribbed": 1})),
    "Trunks": (2, "legs", 0.3, _LEGS | dict(length=_r(1.0, 1.3), fit=_r(0.2, 0.35), pattern={"floral": 2, "stripes": 1, "solid": 1})),
    "Caftan": (3, "dress", 0.3, _DRESS | dict(length=_r(2.3, 3), fit=_r(0.7, 1), sleeve={0.6: 1, 1: 1}, waist=_r(0, 0.1))),
    "Cape": (3, "dress", 0.3, _COAT | dict(length=_r(1.1, 1.7), fit=_r(0.9, 1.2), sleeve={0.5: 1})),
    "Coat": (3, "dress", 2, _COAT | dict(length=_r(1.4, 2.1))),
    "Coverup": (3, "dress", 0.4, _DRESS | dict(fabric={"chiffon": 2, "lace": 1}, closure={"open": 1, "none": 1}, fit=_r(0.4, 0.6))),
    "Dress": (3, "dress", 22, _DRESS),
    "Jumpsuit": (3, "jumpsuit", 2, _SUIT),
    "Kaftan": (3, "dress", 0.3, _DRESS | dict(length=_r(2.0, 2.9), fit=_r(0.8, 1.1), sleeve={0.6: 1, 0.8: 1}, neckline={"v": 1}, waist=_r(0, 0.1))),
    "Kimono": (3, "dress", 1, _DRESS | dict(length=_r(1.2, 2), sleeve={0.7: 1, 0.9: 1}, closure={"open": 1}, neckline={"v": 1},
                                            pattern={"floral": 3, "solid": 1}, fit=_r(0.4, 0.6), waist=_r(0, 0.2))),
    "Nightdress": (3, "dress", 0.2, _DRESS | dict(fabric={"satin": 1}, strap={"spaghetti": 1}, sleeve={0: 1}, length=_r(1.3, 1.8), hem={"lace": 1})),
    "Onesie": (3, "jumpsuit", 0.3, _SUIT | dict(sleeve={1: 1}, fit=_r(0.3, 0.5), collar={"hood": 1, "none": 1}, closure={"zip": 1})),
    "Robe": (3, "dress", 0.4, _DRESS | dict(sleeve={0.9: 1}, closure={"wrap": 1}, waistline={"sash": 1}, neckline={"v": 1}, pattern={"solid": 2, "floral": 1},
                                            fit=_r(0.3, 0.5), strap={"none": 1})),
    "Romper": (3, "jumpsuit", 2.5, _SUIT | dict(length=_r(1.1, 1.5))),
    "Shirtdress": (3, "dress", 0.3, _DRESS | dict(collar={"shirt": 1}, closure={"buttons": 1}, sleeve={0.25: 1, 1: 1}, strap={"none": 1})),
    "Sundress": (3, "dress", 0.3, _DRESS | dict(strap={"spaghetti": 1}, sleeve={0: 1}, pattern={"floral": 3, "dots": 1}, flare=_r(0.4, 0.8))),
}  # fmt: skip
CATEGORY_NAMES = tuple(CATEGORIES)
CATEGORY_WEIGHTS = np.array([entry[2] for entry in CATEGORIES.values()])
CATEGORY_WEIGHTS = CATEGORY_WEIGHTS / CATEGORY_WEIGHTS.sum()
# What men are seldom shown in.
_WOMEN = {"Halter", "Blouse", "Skirt", "Sundress", "Nightdress", "Dress", "Shirtdress", "Romper", "Kaftan", "Caftan", "Coverup", "Jeggings",
          "Leggings", "Culottes", "Gauchos", "Sarong", "Cape", "Kimono", "Capris", "Top", "Jumpsuit", "Poncho"}  # fmt: skip
_BARE = ("strapless", "off-shoulder", "one-shoulder")  # necklines that leave a shoulder free
_OWN_COLLAR = (
    *_BARE,
    "turtle",
    "mock",
    "cowl",
    "illusion",
    "halter",
    "high",
    "twist",
    "sweetheart",
    "keyhole",
    "surplice",
)
_SLEEVES = {  # how long a sleeve of that kind is at least and at most
    "raglan": (0.2, 1), "dolman": (0.5, 1), "bell": (0.6, 1), "flutter": (0.12, 0.3), "puff": (0.2, 1), "drop": (0.3, 1),
    "cuffed": (0.5, 1), "open-shoulder": (0.2, 1), "rolled": (0.3, 0.7), "cap": (0.1, 0.16),
}  # fmt: skip
_CLOTH_FIGURES = {"solid", "colorblock", "two-tone", "ombre"}  # patterns for cloth that is not printed
_UNPRINTED = {
    "fur",
    "shearling",
    "leather",
    "suede",
    "sequin",
    "feather",
    "puffer",
    "cable-knit",
    "corduroy",
    "denim",
    "eyelash-knit",
}


def choices(category: str) -> dict:
    """Return the ranges that garments of a category are drawn from, by field."""
    return _DEFAULTS | CATEGORIES[category][3]


# Categories of one shape whose names sellers mix up: a garment of one may have the cut of another in its row.
MIXED_UP = (
    ("Anorak", "Blazer", "Bomber", "Jacket", "Parka", "Peacoat"), ("Jacket", "Cardigan", "Blazer"),
    ("Blouse", "Button-Down", "Henley", "Tee", "Top", "Jersey"), ("Blouse", "Button-Down", "Flannel"),
    ("Tank", "Halter", "Top", "Blouse"), ("Hoodie", "Sweater", "Turtleneck", "Cardigan", "Jersey"),
    ("Sweater", "Top", "Tee"), ("Chinos", "Jeans", "Jodhpurs", "Joggers", "Sweatpants"),
    ("Jeans", "Jeggings", "Leggings"), ("Capris", "Culottes", "Gauchos", "Leggings"),
    ("Shorts", "Cutoffs", "Sweatshorts", "Trunks"), ("Skirt", "Sarong"), ("Jumpsuit", "Onesie", "Romper"),
    ("Dress", "Sundress", "Nightdress", "Shirtdress", "Caftan", "Kaftan", "Coverup"),
    ("Kimono", "Robe", "Coverup", "Cape"),
)  # fmt: skip
NEIGHBOURS = {
    name: tuple(dict.fromkeys(other for row in MIXED_UP if name in row for other in row if other != name))
    for name in dict.fromkeys(name for row in MIXED_UP for name in row)
}


def sample(category: str, rng: np.random.Generator, overlap: float = 0.0) -> Garment:
    """Return a garment of a category, drawn from its ranges or, in a share `overlap` of cases, from a neighbour's."""
    kind, shape, _, _ = CATEGORIES[category]
    values = {
        "category": category,
        "clothes_type": kind,
        "shape": shape,
        "emblem": "none",
        "seed": int(rng.integers(2**31)),
    }
    ranges = choices(category)
    if overlap and category in NEIGHBOURS and rng.random() < overlap:
        ranges = choices(NEIGHBOURS[category][rng.integers(len(NEIGHBOURS[category]))])
    for name, choice in ranges.items():
        if isinstance(choice, tuple):
            values[name] = float(rng.uniform(*choice))
        else:
            weights = np.array(list(choice.values()), float)
            values[name] = list(choice)[rng.choice(len(weights), p=weights / weights.sum())]
    colours = tuple(COLOURS)
    weights = np.array([3 if c in ("black", "white", "navy", "grey", "blue", "red") else 1 for c in colours], float)
    picked = rng.choice(len(colours), 2, replace=False, p=weights / weights.sum())
    values.setdefault("colour", colours[picked[0]])
    values["accent"] = colours[picked[1]]
    if category in _WOMEN:
        values["wearer"] = "women"
    if values["fabric"] in _UNPRINTED and values["pattern"] not in _CLOTH_FIGURES and rng.random() < 0.95:
        values["pattern"] = "solid"
    if values["finish"] in ("tie-dye", "dip-dye", "metallic") and rng.random() < 0.9:
        values["pattern"] = "solid"
    return settle(Garment(**values))


def settle(g: Garment) -> Garment:
    """Return the garment without what cannot be: no sleeve without a shoulder, no neckline below the waist.

    Settling twice is settling once.
    """
    new: dict = {}
    top = g.clothes_type != 2
    if not top:
        new |= dict(
            neckline="crew",
            collar="none",
            sleeve=0.0,
            sleeve_kind="set-in",
            emblem="none",
            back="plain",
            neck_depth=0.4,
        )
        new["strap"] = g.strap if g.strap in ("bib", "suspender") else "none"
        if g.closure not in ("none", "buttons", "zip", "wrap", "lace-up", "snap"):
            new["closure"] = "none"
        if g.pocket in ("chest", "kangaroo", "contrast"):
            new["pocket"] = "none"
        if g.trim == "tipped":
            new["trim"] = "none"
        if g.finish == "cutout":
            new["finish"] = "none"
    else:
        new |= _settle_top(g)
    g = replace(g, **new)
    new = {}
    if g.shape in ("legs", "jumpsuit"):
        if not (g.shape == "legs" and g.skirt == "wrap" and g.length < 1.3):
            new["skirt"] = "plain"
        if g.hem in ("asymmetric", "high-low", "high-slit", "m-slit", "tied", "slit", "curved"):
            new["hem"] = "plain"
    elif g.hem == "dolphin":
        new["hem"] = "plain"
    if g.shape != "top":
        new["emblem"] = "none"
    if g.shape == "top":
        if g.skirt != "peplum":
            new["skirt"] = "plain"
        if g.hem in ("high-slit", "m-slit"):
            new["hem"] = "plain"
        if g.waistline in ("dropped", "foldover", "buttoned"):
            new["waistline"] = "none"
    if g.shape in ("skirt", "legs") and g.waistline in ("dropped", "corset"):
        new["waistline"] = "none"
    if g.hem == "tied" and g.shape != "top":
        new["hem"] = "plain"
    if (
        g.panel == "none"
        or (g.panel_at == "sleeves" and g.sleeve < 0.3)
        or (g.panel_at == "yoke" and (not top or g.strap != "none"))
    ):
        new |= dict(panel="none", panel_at="none")
    elif g.panel_at == "none":
        new["panel_at"] = "sides"
    if g.pattern in ("solid", "colorblock", "two-tone", "ombre"):
        new["abstract"] = 0.0
    if g.accent == g.colour:
        new["accent"] = "white" if g.colour != "white" else "black"
    return replace(g, **new)


def _settle_top(g: Garment) -> dict:
    neckline, strap, collar, sleeve, kind = g.neckline, g.strap, g.collar, g.sleeve, g.sleeve_kind
    closure, emblem = g.closure, g.emblem
    if neckline in _BARE:
        strap, collar = "none", "none"
        sleeve = 0.0 if neckline == "strapless" else sleeve
        kind = kind if neckline == "off-shoulder" and kind in ("bell", "puff", "flutter", "set-in") else "set-in"
    if strap != "none":
        sleeve, collar, kind = 0.0, "none", "set-in"
        if neckline in ("turtle", "mock", "high", "illusion", "boat"):
            neckline = "scoop"
    if collar != "none" and neckline in (*_OWN_COLLAR, "boat", "square", "scoop"):
        neckline = "v" if collar in ("notched", "shawl", "fur") else "crew"
    if kind != "set-in":
        low, high = _SLEEVES[kind]
        if sleeve < 0.04 and kind not in ("cap", "flutter", "puff"):
            kind = "set-in"
        else:
            sleeve = float(np.clip(sleeve, low, high))
    if neckline in _BARE or neckline in ("halter", "turtle", "mock", "sweetheart", "illusion"):
        closure = closure if closure in ("none", "zip", "lace-up") else "none"
    if closure in ("one-button", "two-button") and g.shape != "top":
        closure = "none"
    if emblem != "none" and (closure not in ("none",) or g.pattern != "solid" or g.fabric in _UNPRINTED - {"denim"}):
        emblem = "none"
    pocket = "none" if g.pocket == "slant" or (g.pocket == "chest" and emblem != "none") else g.pocket
    if neckline in _BARE and pocket == "chest":
        pocket = "none"
    return dict(neckline=neckline, strap=strap, collar=collar, sleeve=sleeve, sleeve_kind=kind, closure=closure, emblem=emblem,
                pocket=pocket)  # fmt: skip
