"""Details drawn on a garment: skirts, waists, pockets, closures, backs, hems, trims and collars."""

import numpy as np

from lib.world.canvas import CIRCLE, curve_through, shade_of, smooth, strip_outline
from lib.world.garment import COLOURS, Garment


def draw_skirt(canvas, g, c, dark, dx) -> None:
    if c["legs"] and g.skirt != "wrap":
        return
    y0, y1 = c["waist_y"] + 0.01, c["low"]
    top, bottom = abs(c[5][0] - dx), abs(c[7][0] - dx)
    if g.skirt in ("pleated", "box-pleated", "gathered"):
        n = {"pleated": 12, "box-pleated": 6, "gathered": 16}[g.skirt]
        for share in np.linspace(-0.9, 0.9, n):
            stop = 1.0 if g.skirt != "gathered" else 0.3
            foot = [dx + share * (top + stop * (bottom - top)), y0 + stop * (y1 - y0)]
            canvas.line([[dx + share * top, y0], foot], dark, 0.007 if g.skirt == "box-pleated" else 0.004)
    elif g.skirt == "tiered":
        for share in (0.36, 0.7):
            y, half = y0 + share * (y1 - y0), top + share * (bottom - top)
            t = np.linspace(-1, 1, 25)
            canvas.line(np.stack([dx + half * t, y + 0.006 * np.sin(20 * t)], 1), dark, 0.008)
    elif g.skirt in ("tulip", "wrap"):
        canvas.line(
            curve_through([[dx + 0.8 * top, y0], [dx + 0.1 * top, y0 + 0.5 * (y1 - y0)], [dx - 0.55 * bottom, y1]]),
            dark,
            0.006,
        )
        if g.skirt == "tulip":
            canvas.line(
                curve_through([[dx - 0.8 * top, y0], [dx - 0.1 * top, y0 + 0.5 * (y1 - y0)], [dx + 0.55 * bottom, y1]]),
                dark,
                0.006,
            )
    elif g.skirt == "peplum":
        y = c["waist_y"]
        flap = np.array([c[4], c[5], c[5] + [0.03, 0.075], [dx, y + 0.09], c[4] + [-0.03, 0.075]])
        canvas.fill(smooth(flap, rounds=1), shade_of(COLOURS[g.colour], 0.82))
        for share in np.linspace(-0.8, 0.8, 6):
            canvas.line([[dx + share * top, y], [dx + 1.3 * share * top, y + 0.078]], dark, 0.004)
    elif g.skirt == "trumpet":
        y = y1 - 0.1
        canvas.line([[dx - 0.9 * top, y], [dx + 0.9 * top, y]], dark, 0.005)
        for share in np.linspace(-0.8, 0.8, 7):
            canvas.line([[dx + 0.8 * share * top, y], [dx + share * bottom, y1]], dark, 0.004)


def draw_waist(canvas, g, c, dark, accent, light) -> None:
    left, right, name = c[4], c[5], g.waistline
    if name == "none":
        if g.clothes_type == 2:
            canvas.fill([left, right, right + [0.001, 0.014], left + [-0.001, 0.014]], dark)
        return
    middle = (left + right) / 2
    high = {"belt": 0.018, "sash": 0.03, "drawstring": 0.02, "elastic": 0.022, "smocked": 0.06, "foldover": 0.045, "gathered": 0.02,
            "corset": 0.09, "buttoned": 0.02, "bow": 0.02, "braided": 0.02, "dropped": 0.006}[name]  # fmt: skip
    colour = (
        accent if name in ("belt", "sash", "bow") else shade_of(COLOURS["brown"], light) if name == "braided" else dark
    )
    band = np.array([left, right, right + [0.003, high], left + [-0.003, high]]) - (
        [0, high / 2] if g.clothes_type != 2 else [0, 0]
    )
    if name == "corset":
        band = band - [0, 0.045]
    if name not in ("smocked", "drawstring", "gathered"):
        canvas.fill(band, colour)
    if name == "belt":
        canvas.disc(middle + [0, 0.009 if g.clothes_type == 2 else 0], 0.012, (214, 190, 110))
        canvas.disc(middle + [0, 0.009 if g.clothes_type == 2 else 0], 0.006, colour)
    elif name in ("sash", "bow"):
        at = middle + [0.03 if name == "sash" else 0, 0]
        for sign in (-1, 1):
            canvas.fill([at, at + [sign * 0.035, -0.016], at + [sign * 0.035, 0.016]], shade_of(colour, 0.9))
            canvas.line([at, at + [sign * 0.014, 0.07]], shade_of(colour, 0.9), 0.01)
    elif name == "drawstring":
        canvas.line([left + [0, 0.012], right + [0, 0.012]], dark, 0.004)
        for sign in (-1, 1):
            canvas.line([middle + [sign * 0.004, 0.01], middle + [sign * 0.016, 0.075]], (244, 242, 236), 0.006)
    elif name in ("elastic", "smocked", "gathered"):
        for share in np.linspace(0.03, 0.97, 14):
            p = left + share * (right - left)
            canvas.line(
                [p - [0, high / 2 if g.clothes_type != 2 else 0], p + [0, high]],
                shade_of(dark, 0.8 if name != "smocked" else 1.0),
                0.003,
            )
        if name == "smocked":
            for k in range(4):
                canvas.line([left + [0, -0.03 + 0.02 * k], right + [0, -0.03 + 0.02 * k]], dark, 0.003)
    elif name == "buttoned":
        for k in (-1, 0, 1):
            canvas.disc(middle + [0.012 * k, 0.01], 0.005, accent)
    elif name == "corset":
        for k in range(5):
            y = left[1] - 0.04 + 0.02 * k
            canvas.line([[middle[0] - 0.014, y], [middle[0] + 0.014, y + 0.014]], accent, 0.004)
            canvas.line([[middle[0] + 0.014, y], [middle[0] - 0.014, y + 0.014]], accent, 0.004)
    elif name == "braided":
        for share in np.linspace(0, 1, 16):
            canvas.disc(left + share * (right - left), 0.006, shade_of(COLOURS["tan"], light))
    elif name == "foldover":
        canvas.line([left + [0, 0.045], right + [0, 0.045]], shade_of(dark, 1.6), 0.005)


def draw_pockets(canvas, g, c, dark, accent, x) -> None:
    if g.pocket == "none":
        return
    y = c["waist_y"]
    half = abs(c[5][0])
    if g.pocket in ("chest", "contrast"):
        px = x + 0.042
        shape = [[px - 0.02, 0.285], [px + 0.02, 0.285], [px + 0.02, 0.325], [px, 0.333], [px - 0.02, 0.325]]
        if g.pocket == "contrast":
            canvas.fill(shape, accent)
        canvas.line([*shape, shape[0]], dark, 0.004)
    elif g.pocket == "kangaroo":
        top = min(y + 0.01, c["end"] - 0.08)
        canvas.line(
            [
                [-0.03, top],
                [0.03, top],
                [0.058, top + 0.05],
                [0.058, top + 0.075],
                [-0.058, top + 0.075],
                [-0.058, top + 0.05],
                [-0.03, top],
            ],
            dark,
            0.006,
        )
    elif g.pocket == "slant":
        for sign in (-1, 1):
            canvas.line([[sign * 0.45 * half, y + 0.018], [sign * 0.92 * half, y + 0.055]], dark, 0.006)
    elif g.pocket == "cargo":
        for sign, (points, _) in zip((-1, 1), list(c["legs"].values()) or [(None, None)] * 2, strict=True):
            px, py = (
                points[4] + [sign * 0.02, 0] if points is not None else (sign * 0.05, min(c["end"] - 0.05, y + 0.06))
            )
            box = np.array(
                [[px - 0.022, py - 0.02], [px + 0.022, py - 0.02], [px + 0.022, py + 0.032], [px - 0.022, py + 0.032]]
            )
            canvas.fill(box, shade_of(COLOURS[g.colour], 0.8))
            canvas.line([*box, box[0]], dark, 0.004)
            canvas.line([box[0] + [0, 0.014], box[1] + [0, 0.014]], dark, 0.004)
    else:
        py = min(c["end"] - 0.06, y + 0.05) if g.clothes_type != 2 else y + 0.05
        for sign in (-1, 1):
            px = sign * 0.6 * half
            if g.pocket == "patch":
                box = [[px - 0.024, py], [px + 0.024, py], [px + 0.022, py + 0.048], [px - 0.022, py + 0.048]]
                canvas.line([*box, box[0]], dark, 0.005)
            else:
                canvas.line(
                    [[px - 0.024, py + 0.01 * sign], [px + 0.024, py - 0.01 * sign]],
                    (200, 200, 206) if g.pocket == "zip" else dark,
                    0.007,
                )


def draw_closure(canvas, g, c, dark, accent, skin, x, light, hanger) -> None:
    name = g.closure
    if g.neckline == "keyhole" and not hanger:
        canvas.fill(np.array([x, c["rim"][:, 1].max() + 0.024]) + CIRCLE * [0.01, 0.018], skin)
    elif g.neckline == "surplice":
        canvas.line([c[1], [c[4][0] * 0.8, c["waist_y"]]], dark, 0.006)
    elif g.neckline == "split" and not hanger:
        y = c["rim"][:, 1].max()
        canvas.fill([[x - 0.008, y - 0.01], [x + 0.008, y - 0.01], [x, y + 0.045]], skin)
    elif g.neckline == "twist":
        canvas.fill(np.array([x, 0.29]) + CIRCLE * [0.02, 0.012], dark)
        for sign in (-1, 1):
            canvas.line([[x, 0.29], [x + sign * 0.06, 0.26]], dark, 0.004)
            canvas.line([[x, 0.29], [x + sign * 0.06, 0.32]], dark, 0.004)
    elif g.neckline == "cowl":
        for k in range(3):
            canvas.line(
                curve_through(
                    [c[0] + [0.006, 0.008], [x, c["rim"][:, 1].max() + 0.016 * (k + 1)], c[1] + [-0.006, 0.008]]
                ),
                dark,
                0.004,
            )
    elif g.neckline == "illusion":
        canvas.line(curve_through([[x - 0.09, 0.24], [x, 0.27], [x + 0.09, 0.24]]), dark, 0.005)
    if name == "none" or (name == "open" and g.clothes_type == 2):
        return
    end = min(c["low"], 0.9) if not c["legs"] else 0.53
    start = c["rim"][:, 1].max() if g.clothes_type != 2 else c["waist_y"] + 0.016
    if g.clothes_type == 2:
        end = min(c["end"], start + (0.06 if c["legs"] else 0.5))
    if name in ("half-zip", "henley"):
        end = start + 0.075
    if name in ("one-button", "two-button"):
        canvas.line([[x, start], [0, end]], dark, 0.004)
        for k in range(1 if name == "one-button" else 2):
            canvas.disc([0.006, c["waist_y"] - 0.005 + 0.035 * k], 0.008, accent)
    elif name in ("buttons", "double-breasted", "henley", "snap", "toggle"):
        canvas.line([[x, start], [0, end]], dark, 0.003)
        for y in np.arange(start + 0.018, end - 0.006, 0.024 if name == "henley" else 0.042):
            for px in (-0.024, 0.024) if name == "double-breasted" else (0.007,):
                if name == "toggle":
                    canvas.line([[px - 0.026, y], [px + 0.012, y]], (120, 84, 50), 0.008)
                else:
                    canvas.disc(
                        [px, y],
                        0.006 if name != "double-breasted" else 0.008,
                        (206, 206, 212) if name == "snap" else accent,
                    )
    elif name in ("zip", "half-zip"):
        canvas.line([[x, start], [0 if name == "zip" else x, end]], (70, 70, 76), 0.011)
        canvas.line([[x, start], [0 if name == "zip" else x, end]], (206, 206, 212), 0.005)
    elif name == "open":
        gap = 0.018 + 0.03 * g.fit
        inner = [[x - 0.012, start], [x + 0.012, start], [gap, end], [-gap, end]]
        canvas.fill(inner, shade_of((236, 234, 228), 0.92 * light))
        for sign in (-1, 1):
            canvas.line([[x + sign * 0.012, start], [sign * gap, end]], dark, 0.006)
    elif name == "wrap":
        top = c[1] if g.clothes_type != 2 else c[5]
        canvas.line(curve_through([top, [-0.5 * abs(c[4][0]), c["waist_y"] + 0.01], [c[6][0] * 0.4, end]]), dark, 0.007)
    elif name == "lace-up":
        for k in range(5):
            y = start + 0.006 + 0.017 * k
            canvas.line([[x - 0.013, y], [x + 0.013, y + 0.013]], (244, 242, 236), 0.004)
            canvas.line([[x + 0.013, y], [x - 0.013, y + 0.013]], (244, 242, 236), 0.004)


def draw_back(canvas, g, c, dark, accent, skin, x, light, hanger) -> None:
    if g.clothes_type == 2 or g.back == "plain" or hanger:
        return
    top, y = c["rim"][:, 1].min() + 0.006, 0.3
    half = 0.055
    shapes = {
        "low": [[x - half, top], [x + half, top], [x + 0.03, 0.35], [x, 0.36], [x - 0.03, 0.35]],
        "v": [[x - half, top], [x + half, top], [x, 0.34]],
        "split": [[x - 0.01, top], [x + 0.01, top], [x + 0.018, 0.38], [x - 0.018, 0.38]],
        "tulip": [[x, 0.3], [x + 0.06, c["waist_y"] + 0.05], [x - 0.06, c["waist_y"] + 0.05]],
        "tie": [[x - half, top], [x + half, top], [x + 0.02, 0.29], [x - 0.02, 0.29]],
        "crossed": [[x - half, top], [x + half, top], [x + 0.05, 0.33], [x - 0.05, 0.33]],
        "ladder": [[x - 0.03, top], [x + 0.03, top], [x + 0.03, 0.36], [x - 0.03, 0.36]],
        "t": [[x - half, top], [x + half, top], [x + 0.05, 0.3], [x - 0.05, 0.3]],
        "y": [[x - half, top], [x + half, top], [x + 0.055, 0.32], [x - 0.055, 0.32]],
    }
    cloth_colour = shade_of(COLOURS[g.colour], 0.85 * light)
    if g.back in ("cutout", "bow"):
        canvas.fill(np.array([x, 0.3]) + CIRCLE * [0.04, 0.03], skin)
    elif g.back == "lace":
        canvas.fill([[x - half, top], [x + half, top], [x + 0.045, 0.33], [x - 0.045, 0.33]], skin)
        for k in range(5):
            for m in range(5):
                canvas.disc([x - 0.04 + 0.02 * k, top + 0.02 + 0.022 * m], 0.006, cloth_colour)
    else:
        canvas.fill(shapes[g.back], skin)
    if g.back == "bow":
        for sign in (-1, 1):
            canvas.fill([[x, 0.27], [x + sign * 0.04, 0.255], [x + sign * 0.04, 0.288]], accent)
    elif g.back == "crossed":
        canvas.line([[x - half, top], [x + 0.05, 0.33]], cloth_colour, 0.012)
        canvas.line([[x + half, top], [x - 0.05, 0.33]], cloth_colour, 0.012)
    elif g.back == "ladder":
        for k in range(5):
            canvas.line([[x - 0.03, top + 0.03 * k + 0.01], [x + 0.03, top + 0.03 * k + 0.01]], cloth_colour, 0.008)
    elif g.back == "tie":
        for sign in (-1, 1):
            canvas.line([[x, 0.225], [x + sign * 0.02, 0.33]], accent, 0.007)
    elif g.back in ("t", "y"):
        canvas.line([[x, y], [x, top + (0.0 if g.back == "t" else 0.05)]], cloth_colour, 0.022)
        if g.back == "y":
            for sign in (-1, 1):
                canvas.line([[x, top + 0.05], [x + sign * 0.05, top]], cloth_colour, 0.016)


def draw_edge(canvas, ends, kind: str, colour) -> None:
    """Draw small figures along an edge from ends[0] to ends[1]: fringe, lace, scallops, beads and so on, hanging down."""
    a, b = ends
    n = max(3, int(np.linalg.norm(b - a) / 0.012))
    edge = a + (b - a) * np.linspace(0, 1, n)[:, None]
    if kind in ("fringe", "tassel"):
        for point in edge if kind == "fringe" else edge[::3]:
            canvas.line(
                [point, point + [0, 0.03 if kind == "fringe" else 0.036]], colour, 0.004 if kind == "fringe" else 0.008
            )
    elif kind in ("lace", "crochet", "scallop", "pom-pom", "bead"):
        radius = {"lace": 0.008, "crochet": 0.009, "scallop": 0.012, "pom-pom": 0.01, "bead": 0.005}[kind]
        for point in edge if kind in ("lace", "bead") else edge[::2]:
            canvas.disc(point + [0, 0.3 * radius], radius, colour)
            if kind in ("lace", "crochet"):
                canvas.disc(point + [0, 0.3 * radius], 0.4 * radius, shade_of(colour, 0.6))
    elif kind == "ruffle":
        wave = edge + np.stack([0 * edge[:, 0], 0.009 * np.sin(np.arange(n) * 2.2)], 1)
        canvas.line(wave, shade_of(colour, 0.85), 0.014)
        canvas.line(wave + [0, 0.007], shade_of(colour, 0.6), 0.003)


def draw_hem(canvas, g: Garment, c: dict, dark, accent) -> None:
    own = shade_of(COLOURS[g.colour], 0.8)
    if c["legs"]:
        ends = [strip_outline(p, w)[[len(p) - 1, len(p)]] for p, w in c["legs"].values()]
    else:
        ends = [np.array([c[6], c[7]])]
    for pair in ends:
        a, b = pair
        up = np.array([0, -1.0])
        if g.hem == "fringed":
            draw_edge(canvas, pair, "fringe", own)
        elif g.hem == "raw":
            draw_edge(canvas, pair - [0, 0.012], "fringe", (236, 234, 228))
        elif g.hem == "ribbed":
            canvas.line(pair + up * 0.009, dark, 0.018)
        elif g.hem == "ruffled":
            draw_edge(canvas, pair, "ruffle", own)
        elif g.hem == "flounced":
            flap = [a + up * 0.06, b + up * 0.06, b + [0.012, 0.0], a - [0.012, 0.0]]
            canvas.fill(flap, own)
            draw_edge(canvas, pair, "ruffle", own)
            canvas.line([a + up * 0.06, b + up * 0.06], dark, 0.005)
        elif g.hem == "lace":
            draw_edge(canvas, pair, "lace", (246, 242, 236))
        elif g.hem == "scalloped":
            draw_edge(canvas, pair, "scallop", own)
        elif g.hem == "rolled":
            canvas.fill([a, b, b + up * 0.026, a + up * 0.026], shade_of(COLOURS[g.colour], 1.25))
            canvas.line([a + up * 0.026, b + up * 0.026], dark, 0.003)
        elif g.hem == "drawstring":
            canvas.line(pair + up * 0.006, dark, 0.006)
        elif g.hem == "dolphin":
            canvas.line(curve_through([a + up * 0.03, a + [0.02, 0], b]), accent, 0.006)
    if c["legs"]:
        return
    a, b = ends[0]
    middle = (a + b) / 2
    slits = {"side-slit": [(b, 0.07)], "slit": [(middle + [0.03, 0], 0.1)], "high-slit": [(middle + [0.04, 0], 0.24)],
             "m-slit": [(middle - [0.045, 0], 0.2), (middle + [0.045, 0], 0.2)], "vented": [(a, 0.05), (b, 0.05)]}.get(g.hem, [])  # fmt: skip
    for at, high in slits:
        wide = 0.009 if g.hem in ("side-slit", "vented", "slit") else 0.018
        canvas.fill([at + [-wide, 0.004], at + [wide, 0.004], at + [0, -high]], shade_of(COLOURS[g.colour], 0.35))
        canvas.line([at + [0, -high], at + [0, 0.004]], dark, 0.004)
    if g.hem == "tied":
        for sign in (-1, 1):
            canvas.fill([middle, middle + [sign * 0.032, -0.012], middle + [sign * 0.03, 0.03]], own)
        canvas.disc(middle, 0.01, dark)
    elif g.hem == "high-low":
        canvas.line(curve_through([a, middle + [0, -0.08], b]), dark, 0.005)


def draw_trim(canvas, g: Garment, c: dict, dark, accent, light) -> None:
    if g.trim == "none":
        return
    rim = c["rim"]
    hems = [strip_outline(p, w)[[len(p) - 1, len(p)]] for p, w in c["legs"].values()] or [np.array([c[6], c[7]])]
    if g.trim in ("contrast", "tipped", "piping", "leather", "mesh"):
        colour = shade_of((58, 40, 34), light) if g.trim == "leather" else dark if g.trim == "mesh" else accent
        width = {"contrast": 0.014, "tipped": 0.009, "piping": 0.005, "leather": 0.016, "mesh": 0.018}[g.trim]
        if g.clothes_type != 2:
            canvas.line(rim, colour, width)
        for pair in hems:
            canvas.line(pair - [0, 0.006], colour, width)
    elif g.trim == "bow":
        at = rim.mean(0) + [0, 0.02] if g.clothes_type != 2 else (c[4] + c[5]) / 2
        for sign in (-1, 1):
            canvas.fill([at, at + [sign * 0.034, -0.017], at + [sign * 0.034, 0.017]], accent)
        canvas.disc(at, 0.008, shade_of(accent, 0.8))
    elif g.trim == "bead":
        for a, b in zip(rim[:-1], rim[1:], strict=True):
            draw_edge(canvas, np.array([a, b]), "bead", (236, 226, 190))
    else:
        for pair in hems:
            draw_edge(canvas, pair, g.trim, accent)
        if g.trim in ("lace", "ruffle", "crochet", "fringe") and g.clothes_type != 2:
            y = 0.29
            half = 0.8 * abs(c[5][0])
            draw_edge(canvas, np.array([[-half, y], [half, y]]), g.trim, accent)


def draw_collar(canvas, g: Garment, c: dict, dark, accent, back: bool, light: float, tile, x: float) -> None:
    if g.clothes_type == 2:
        return
    left, right = c[0], c[1]
    own = shade_of(COLOURS[g.colour], 0.78 * light)
    if g.neckline in ("turtle", "mock"):
        high = 0.026 if g.neckline == "turtle" else 0.012
        canvas.fill([left - [0, high], right - [0, high], right + [0.006, 0.012], left + [-0.006, 0.012]], own)
        canvas.line([left + [0, 0.004], right + [0, 0.004]], dark, 0.003)
    name = g.collar
    if name == "hood":
        if back:
            canvas.fill(smooth([left + [-0.03, 0], right + [0.03, 0], [x + 0.03, 0.29], [x - 0.03, 0.29]]), own)
        else:
            rolled = [
                left + [-0.022, -0.045],
                left + [-0.026, 0.01],
                [x, 0.238],
                right + [0.026, 0.01],
                right + [0.022, -0.045],
            ]
            canvas.fill(strip_outline(curve_through(rolled), np.full(9, 0.017)), own)
            for sign in (-1, 1):
                canvas.line([[x + sign * 0.014, 0.225], [x + sign * 0.016, 0.29]], (240, 238, 232), 0.005)
    elif name == "none":
        if g.neckline not in (
            "strapless",
            "sweetheart",
            "off-shoulder",
            "turtle",
            "mock",
            "surplice",
        ) and g.closure not in ("open", "wrap"):
            canvas.line(c["rim"], dark, 0.006)
    elif back:
        canvas.fill([left - [0, 0.012], right - [0, 0.012], right + [0.008, 0.014], left + [-0.008, 0.014]], own)
    elif name == "bow":
        at = np.array([x, c["rim"][:, 1].max() + 0.005])
        for sign in (-1, 1):
            canvas.fill([at, at + [sign * 0.04, -0.018], at + [sign * 0.038, 0.02]], own)
            canvas.line([at, at + [sign * 0.014, 0.08]], own, 0.013)
        canvas.line(c["rim"], dark, 0.006)
    elif name == "stand":
        canvas.fill([left - [0, 0.02], [x - 0.006, left[1] + 0.01], [x + 0.006, left[1] + 0.01], right - [0, 0.02], right + [0.006, 0.014], [x, left[1] + 0.034],
                     left + [-0.006, 0.014]], own)  # fmt: skip
    else:
        reach, wide = {"shirt": (0.046, 0.026), "polo": (0.04, 0.026), "peter-pan": (0.038, 0.04), "notched": (0.12, 0.036), "shawl": (0.15, 0.03),
                       "fur": (0.12, 0.045)}[name]  # fmt: skip
        colour = (246, 243, 238) if name == "peter-pan" else shade_of((150, 116, 84), light) if name == "fur" else own
        for point, sign in ((left, -1), (right, 1)):
            tip = np.array([x + sign * 0.008, point[1] + reach])
            outer = np.array([point[0] + sign * wide, point[1] + 0.5 * reach])
            if name in ("peter-pan", "shawl", "fur"):
                shape = smooth(
                    [point - [0, 0.014], outer, tip + [sign * 0.016, 0.0], [x + sign * 0.006, point[1] + 0.3 * reach]]
                )
            elif name == "notched":
                shape = np.array(
                    [point - [0, 0.014], outer - [0, 0.012], outer - [sign * 0.016, 0.004], outer + [0, 0.006], tip]
                )
            else:
                shape = np.array([point - [0, 0.014], outer, tip + [sign * 0.016, 0.0]])
            canvas.fill(shape, colour)
            canvas.line([*shape, shape[0]], dark, 0.003)
            if name == "fur":
                for k in range(8):
                    p = shape[k * len(shape) // 8]
                    canvas.disc(p, 0.009, shade_of(colour, 0.8 + 0.05 * (k % 4)))
        if name == "polo":
            canvas.line([[x, left[1] + 0.02], [x, left[1] + 0.09]], dark, 0.004)
            for k in range(2):
                canvas.disc([x, left[1] + 0.045 + 0.025 * k], 0.004, accent)
