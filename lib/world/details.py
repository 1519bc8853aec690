"""Details drawn on a garment: skirts, waists, pockets, closures, backs, hems, trims and collars.

Those that are a few fixed shapes are data, in drawings.toml.
"""

import numpy as np

from lib.world.canvas import SIDES, Canvas, shade_of
from lib.world.curves import CIRCLE, curve_through, smooth, strip_outline
from lib.world.garment import COLOURS, Garment
from lib.world.motifs import DRAWINGS

_NO_EDGE = ("strapless", "sweetheart", "off-shoulder", "turtle", "mock", "surplice")  # necklines without a line


class Pen:
    """What details are drawn with: a canvas, the garment, its control points and colours, how a picture shows it."""

    def __init__(self, picture, canvas: Canvas, g: Garment, points: dict):
        ground, body, skin, light = COLOURS[g.colour], picture.body, picture.skin, picture.light
        self.canvas, self.g, self.body, self.c, self.skin = canvas, g, body, points, skin
        self.light, self.back, self.hanger = light, picture.back, picture.hanger
        self.accent = shade_of(COLOURS[g.accent], light)
        self.dark = shade_of(ground, 0.5 * light) if sum(ground) > 150 else shade_of((90, 90, 96), light)
        self.colours = {"skin": skin, "hair": picture.hair, "accent": self.accent, "dark": self.dark, "own": ground}
        self.colours |= {"cloth": shade_of(ground, 0.85 * light), "collar": shade_of(ground, 0.78 * light)}
        self.colours |= {name: shade_of(COLOURS[name], light) for name in ("brown", "tan")}
        self.colours |= {name: shade_of(rgb, light) for name, rgb in DRAWINGS["materials"].items()}
        self.x, self.dx = body["middle"], body["shift"]
        self.points = {"chest": (self.x, 0), "waist": (self.x, points["waist_y"]), "middle": (0, points["waist_y"])}
        self.points["rim"] = (self.x, points["rim"][:, 1].max())
        self.upper = g.clothes_type != 2  # whether it hangs from the shoulders
        self.fill, self.disc = canvas.fill, canvas.disc
        self.ends = [np.array([points[6], points[7]])]  # of each hem, left and right
        if points["legs"]:
            self.ends = [strip_outline(p, w)[[len(p) - 1, len(p)]] for p, w in points["legs"].values()]

    def line(self, points, width: float, colour=None) -> None:
        self.canvas.line(points, self.dark if colour is None else colour, width)

    def curve(self, points, width: float, colour=None) -> None:
        self.line(curve_through(points), width, colour)

    def outline(self, points, width: float, colour=None) -> None:
        self.line([*points, points[0]], width, colour)

    def colour(self, written) -> tuple[float, ...]:
        """Read a colour of drawings.toml: a name, a name and how much lighter, or RGB."""
        if isinstance(written, str):
            return self.colours[written]
        return shade_of(self.colours[written[0]], written[1]) if isinstance(written[0], str) else tuple(written)

    def shapes(self, field: str, value: str, at, **points) -> None:
        """Draw the shapes of a field's value, if it has any, around `at` (x, y); points: further names."""
        known = {"": at} | self.points | points
        for kind, colour, *size, corners in DRAWINGS[field].get(value, ()):
            named = [("", *corner) if len(corner) == 2 else corner for corner in corners]
            place = np.array([(known[name][0] + x, known[name][1] + y) for name, x, y in named], float)
            getattr(self, kind)(place, *size, self.colour(colour))

    def blob(self, points, colour) -> None:
        self.fill(smooth(points), colour)

    def wing(self, points, colour) -> None:
        self.fill(points, colour)
        self.outline(points, 0.003)

    def round_wing(self, points, colour) -> None:
        self.wing(smooth(points), colour)

    def fur(self, points, colour) -> None:
        self.round_wing(points, colour)
        for k, point in enumerate(smooth(points)[::2]):
            self.disc(point, 0.009, shade_of(colour, 0.8 + 0.05 * (k % 4)))

    def roll(self, points, width: float, colour) -> None:
        self.fill(strip_outline(curve_through(points), np.full(9, width)), colour)

    def ovals(self, middles, radius, colour) -> None:
        for middle in middles:
            self.fill(middle + CIRCLE * radius, colour)

    def lines(self, points, width: float, colour) -> None:
        for ends in points.reshape(-1, 2, 2):
            self.line(ends, width, colour)

    def bow(self, knot, corners, colour) -> None:
        """Draw two loops from a knot to their corners (x outwards, y), each with a ribbon where corners has one."""
        (at,), (up, down, *ribbon) = knot, corners
        for side in ((-1, 1), (1, 1)):
            self.fill([at, at + np.multiply(side, up), at + np.multiply(side, down)], colour)
            if ribbon:
                self.line([at, at + np.multiply(side, ribbon[0])], ribbon[1], colour)

    def edge(self, ends, kind: str, colour) -> None:
        """Draw small figures along an edge from ends[0] to ends[1]: fringe, lace, scallops, beads and so on."""
        a, b = ends
        n = max(3, int(np.linalg.norm(b - a) / 0.012))
        edge = a + (b - a) * np.linspace(0, 1, n)[:, None]
        if kind in ("fringe", "tassel"):
            step, long, width = (1, 0.03, 0.004) if kind == "fringe" else (3, 0.036, 0.008)
            for point in edge[::step]:
                self.line([point, point + [0, long]], width, colour)
        elif kind in DRAWINGS["beads"]:
            radius = DRAWINGS["beads"][kind]
            for point in edge[::2] + [0, 0.3 * radius]:
                self.disc(point, radius, colour)
                if kind in ("lace", "crochet"):
                    self.disc(point, 0.4 * radius, shade_of(colour, 0.6))
        elif kind == "ruffle":
            wave = edge + np.stack([0 * edge[:, 0], 0.009 * np.sin(np.arange(n) * 2.2)], 1)
            self.line(wave, 0.014, shade_of(colour, 0.85))
            self.line(wave + [0, 0.007], 0.003, shade_of(colour, 0.6))


def draw_skirt(pen: Pen) -> None:
    """Draw pleats, tiers and slits of a skirt."""
    c, dx, skirt = pen.c, pen.dx, pen.g.skirt
    if c["legs"] and skirt != "wrap":
        return
    y0, y1 = c["waist_y"] + 0.01, c["low"]
    top, bottom = abs(c[5][0] - dx), abs(c[7][0] - dx)
    if skirt in DRAWINGS["pleats"]:
        number, width, stop = DRAWINGS["pleats"][skirt]
        for share in np.linspace(-0.9, 0.9, number):
            foot = [dx + share * (top + stop * (bottom - top)), y0 + stop * (y1 - y0)]
            pen.line([[dx + share * top, y0], foot], width)
    elif skirt == "tiered":
        t = np.linspace(-1, 1, 25)
        for share in (0.36, 0.7):
            y, half = y0 + share * (y1 - y0), top + share * (bottom - top)
            pen.line(np.stack([dx + half * t, y + 0.006 * np.sin(20 * t)], 1), 0.008)
    elif skirt in ("tulip", "wrap"):
        for sign in (1, -1) if skirt == "tulip" else (1,):
            middle = [dx + sign * 0.1 * top, y0 + 0.5 * (y1 - y0)]
            pen.curve([[dx + sign * 0.8 * top, y0], middle, [dx - sign * 0.55 * bottom, y1]], 0.006)
    elif skirt == "peplum":
        y = c["waist_y"]
        flap = np.array([c[4], c[5], c[5] + [0.03, 0.075], [dx, y + 0.09], c[4] + [-0.03, 0.075]])
        pen.fill(smooth(flap, rounds=1), pen.colour(("own", 0.82)))
        for share in np.linspace(-0.8, 0.8, 6):
            pen.line([[dx + share * top, y], [dx + 1.3 * share * top, y + 0.078]], 0.004)
    elif skirt == "trumpet":
        y = y1 - 0.1
        pen.line([[dx - 0.9 * top, y], [dx + 0.9 * top, y]], 0.005)
        for share in np.linspace(-0.8, 0.8, 7):
            pen.line([[dx + 0.8 * share * top, y], [dx + share * bottom, y1]], 0.004)


def draw_waist(pen: Pen) -> None:
    """Draw the belt, sash or drawstring."""
    left, right, name = pen.c[4], pen.c[5], pen.g.waistline
    high, colour = DRAWINGS["waistbands"].get(name, (0.0, ""))
    if colour:
        lift = (high / 2 if pen.upper else 0) + (0.045 if name == "corset" else 0)
        band = np.array([left, right, right + [0.003, high], left + [-0.003, high]]) - [0, lift]
        pen.fill(band, pen.colours[colour])
    if name in ("elastic", "smocked", "gathered"):
        shade = shade_of(pen.dark, 0.8 if name != "smocked" else 1.0)
        for at in left + (right - left) * np.linspace(0.03, 0.97, 14)[:, None]:
            pen.line([at - [0, high / 2 if pen.upper else 0], at + [0, high]], 0.003, shade)
    elif name == "braided":
        for at in left + (right - left) * np.linspace(0, 1, 16)[:, None]:
            pen.disc(at, 0.006, pen.colours["tan"])
    if name != "none" or not pen.upper:
        at = (left + right) / 2 + [0, 0.009 if name == "belt" and not pen.upper else 0]
        pen.shapes("waistline", "high" if name == "none" and pen.g.rise > 0.75 else name, at, left=left, right=right)


def draw_pockets(pen: Pen) -> None:
    """Draw the pockets."""
    name, c, y, half = pen.g.pocket, pen.c, pen.c["waist_y"], abs(pen.c[5][0])
    pen.shapes("pocket", name, (0, min(y + 0.01, c["end"] - 0.08)))
    for side, sign in SIDES:
        at = (sign * 0.6 * half, min(c["end"] - 0.06, y + 0.05) if pen.upper else y + 0.05)
        if name == "cargo":
            leg = c["legs"].get(side)
            at = leg[0][4] + [sign * 0.02, 0] if leg else (sign * 0.05, min(c["end"] - 0.05, y + 0.06))
        pen.shapes("pocket", f"{side} {name}", at)
        if name == "slant":
            pen.line([[sign * 0.45 * half, y + 0.018], [sign * 0.92 * half, y + 0.055]], 0.006)


def draw_closure(pen: Pen) -> None:
    """Draw what closes the front, and what a neckline has below its edge."""
    name, neckline, c, x = pen.g.closure, pen.g.neckline, pen.c, pen.x
    if not (pen.hanger and neckline in ("keyhole", "split")):
        wrap = (0.8 * c[4][0], c["waist_y"])
        pen.shapes("neckline", neckline, (x, 0), left=c[0], right=c[1], wrap=wrap)
    if name == "none" or (name == "open" and not pen.upper):
        return
    start = pen.points["rim"][1] if pen.upper else c["waist_y"] + 0.016
    end = 0.53 if c["legs"] else min(c["low"], 0.9)
    if not pen.upper:
        end = min(c["end"], start + (0.06 if c["legs"] else 0.5))
    if name == "henley":
        end = start + 0.075
    if name in DRAWINGS["closure"]:
        gap = 0.018 + 0.03 * pen.g.fit
        feet = {"left foot": (-gap, end), "right foot": (gap, end)}
        pen.shapes("closure", name, (0, 0), start=(x, start), end=(0, end), **feet)
    elif name == "wrap":
        start = c[1] if pen.upper else c[5]
        pen.curve([start, [-0.5 * abs(c[4][0]), c["waist_y"] + 0.01], [c[6][0] * 0.4, end]], 0.013)
    else:
        pen.line([[x, start], [0, end]], 0.003)
        for y in np.arange(start + 0.018, end - 0.006, 0.024 if name == "henley" else 0.042):
            pen.shapes("buttons", name, (0, y))


def draw_back(pen: Pen) -> None:
    if pen.upper and not pen.hanger:
        top = pen.c["rim"][:, 1].min() + 0.006
        pen.shapes("back", pen.g.back, (pen.x, 0), top=(pen.x, top))


def draw_hem(pen: Pen) -> None:
    for left, right in pen.ends:
        pen.shapes("hem", pen.g.hem, (0, 0), left=left, right=right)
    if not pen.c["legs"]:
        pen.shapes("skirt_hem", pen.g.hem, (left + right) / 2, left=left, right=right)


def draw_trim(pen: Pen) -> None:
    """Draw trim along the edges."""
    trim, rim, accent = pen.g.trim, pen.c["rim"], pen.accent
    if trim in DRAWINGS["bands"]:
        width, colour = DRAWINGS["bands"][trim]
        for edge in [rim] * pen.upper + [ends - [0, 0.006] for ends in pen.ends]:
            pen.line(edge, width, pen.colour(colour))
    elif trim == "bow":
        at = rim.mean(0) + [0, 0.02] if pen.upper else (pen.c[4] + pen.c[5]) / 2
        pen.shapes("trim", trim, at)
    elif trim == "bead":
        for k in range(len(rim) - 1):
            pen.edge(rim[k : k + 2], "bead", (236, 226, 190))
    elif trim != "none":
        for ends in pen.ends:
            pen.edge(ends, trim, accent)
        if trim in ("lace", "ruffle", "crochet", "fringe") and pen.upper:
            half = 0.8 * abs(pen.c[5][0])
            pen.edge(np.array([[-half, 0.29], [half, 0.29]]), trim, accent)


def draw_collar(pen: Pen) -> None:
    """Draw the collar."""
    if not pen.upper:
        return
    name, neckline, x, left, right = pen.g.collar, pen.g.neckline, pen.x, pen.c[0], pen.c[1]
    at, ends = (x, left[1]), {"left": left, "right": right}
    pen.shapes("collar", neckline, at, **ends)
    if pen.back and name != "none":
        pen.shapes("collar", "hood back" if name == "hood" else "back", at, **ends)
    elif not pen.back:
        pen.shapes("collar", name, at, **ends)
    edged = name == "none" and neckline not in _NO_EDGE and pen.g.closure not in ("open", "wrap")
    if edged or (name == "bow" and not pen.back):
        pen.line(pen.c["rim"], 0.006)
