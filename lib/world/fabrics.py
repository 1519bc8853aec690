"""Fabrics and finishes: the structure of a cloth as factors on its colours, where skin shows through, how it shines."""

from functools import lru_cache

import cv2
import numpy as np

from lib.world import motifs
from lib.world.garment import Garment
from lib.world.motifs import T, mix
from lib.world.patterns import blend, grid, noise


@lru_cache(maxsize=64)
def weave_of(fabric: str) -> np.ndarray | None:
    """Return the structure of a fabric as factors (T, T) float32; never written to."""
    xs, ys = grid()
    fine = noise(0, 1)
    if fabric in ("denim", "chambray", "twill", "canvas"):
        weave = ((xs + ys) % 6 < 3) * 0.2 if fabric in ("denim", "twill") else ((xs // 3 + ys // 3) % 2) * 0.12
        fleck = cv2.blur(np.tile(fine, (3, 1)), (1, 5))[T : 2 * T]
        return np.float32(0.92 + weave + (0.3 if fabric in ("denim", "chambray") else 0.06) * fleck)
    if fabric == "corduroy":
        return np.float32(0.82 + 0.3 * np.abs(np.sin(xs * np.pi / 8)))
    if fabric in ("knit", "fleece", "terry", "eyelash-knit", "loose-knit", "pointelle"):
        if fabric == "knit":
            return np.float32(0.86 + 0.22 * (np.abs(xs % 8 - 3.5 + np.where(ys % 8 < 4, 0.8, -0.8)) < 2.2))
        if fabric == "terry":
            return np.float32(1 + 0.12 * noise(0.8, 2))
        if fabric == "fleece":
            return np.float32(1 + 0.09 * noise(2.5, 3))
        if fabric == "eyelash-knit":
            return np.float32(1 + 0.2 * cv2.blur(np.tile(fine, (1, 3)), (7, 2))[:, T : 2 * T])
        return np.float32(0.85 + 0.25 * ((xs % 12 < 8) & (ys % 12 < 8)))
    if fabric == "cable-knit":
        braid = np.abs(np.sin((xs % 32 - 16) * 0.35 + 1.6 * np.sin(ys * 2 * np.pi / 32)))
        return np.float32(np.where(xs % 32 < 24, 0.72 + 0.4 * braid, 0.7 + 0.3 * (ys % 6 < 3)))
    if fabric == "rib-knit":
        return np.float32(0.8 + 0.3 * (xs % 8 < 5))
    if fabric == "waffle":
        return np.float32(0.82 + 0.24 * ((xs % 12 < 8) & (ys % 12 < 8)))
    if fabric == "tweed":
        return np.float32(1 + 0.22 * noise(0.7, 3) + 0.06 * ((xs // 3 + ys // 3) % 2))
    if fabric in ("fur", "shearling", "feather"):
        long = {"fur": 9, "shearling": 3, "feather": 15}[fabric]
        hair = cv2.blur(np.tile(noise(0, 4), (3, 1)), (2 if fabric != "shearling" else 3, long))[T : 2 * T]
        return np.float32(1 + (0.75 if fabric != "shearling" else 0.5) * hair)
    if fabric == "sequin":
        centre = np.hypot((xs + 6 * ((ys // 10) % 2)) % 12 - 6, ys % 10 - 5)
        return np.float32(np.clip(0.75 + 0.12 * (5 - centre), 0.6, 1.4) + 0.35 * (noise(0.6, 5) > 1.6))
    if fabric == "quilted":
        seam = np.minimum(np.abs((xs + ys) % 32 - 16), np.abs((xs - ys) % 32 - 16))
        return np.float32(0.72 + 0.35 * np.clip((16 - np.abs(16 - seam)) / 7, 0, 1))
    if fabric == "puffer":
        return np.float32(0.62 + 0.52 * np.sqrt(np.clip(np.sin((ys % 48) * np.pi / 48), 0, 1)))
    if fabric in ("velvet", "suede"):
        return np.float32(1 + (0.14 if fabric == "velvet" else 0.07) * noise(6, 6) + 0.04 * fine)
    if fabric == "crepe":
        return np.float32(1 + 0.08 * noise(1.2, 8))
    if fabric == "jersey":
        return np.float32(0.97 + 0.06 * (xs % 4 < 2))
    if fabric in ("linen", "gauze", "woven"):
        thread = (
            cv2.blur(np.tile(fine, (1, 3)), (15, 1))[:, T : 2 * T] + cv2.blur(np.tile(fine, (3, 1)), (1, 15))[T : 2 * T]
        )
        return np.float32(1 + (0.24 if fabric != "woven" else 0.12) * thread)
    if fabric == "jacquard":
        return np.float32(0.9 + 0.2 * (np.sin(xs * 2 * np.pi / 32) * np.sin(ys * 2 * np.pi / 32) > 0.2))
    if fabric == "leather":
        return np.float32(1 + 0.07 * noise(1.5, 7))
    if fabric == "scuba":
        return np.float32(1 + 0.03 * noise(8, 7))
    if fabric == "nylon":
        return np.float32(0.97 + 0.07 * ((xs % 16 < 1) | (ys % 16 < 1)))
    if fabric in ("lace", "crochet", "mesh", "net", "eyelet", "tulle", "chiffon", "satin"):
        return np.float32(1 + 0.02 * fine) if fabric in ("chiffon", "satin", "tulle") else None
    return np.float32(1 + 0.035 * fine)  # cotton


@lru_cache(maxsize=16)
def holes_of(fabric: str) -> np.ndarray | None:
    """Return how much a fabric covers, (T, T) uint8, 255 opaque; never written to. None where it covers all."""
    xs, ys = grid()
    if fabric in ("chiffon", "gauze", "tulle"):
        return np.full((T, T), {"chiffon": 205, "gauze": 215, "tulle": 165}[fabric], np.uint8)
    if fabric in ("lace", "crochet"):
        ring = np.hypot(xs % 24 - 12, ys % 24 - 12)
        small = np.hypot((xs + 12) % 24 - 12, (ys + 12) % 24 - 12)
        open_ = ((ring > 4) & (ring < 8)) | (small < 3.5) if fabric == "lace" else (ring < 6) | (small < 4)
        return np.where(open_, 95 if fabric == "lace" else 60, 245).astype(np.uint8)
    if fabric in ("mesh", "net"):
        step, hole = (6, 4) if fabric == "mesh" else (12, 9)
        return np.where((xs % step < hole) & (ys % step < hole), 110 if fabric == "mesh" else 30, 250).astype(np.uint8)
    if fabric == "eyelet":
        return np.where(np.hypot(xs % 24 - 12, ys % 24 - 12) < 4, 40, 255).astype(np.uint8)
    if fabric in ("loose-knit", "pointelle"):
        step = 12 if fabric == "loose-knit" else 24
        return np.where(np.hypot(xs % step - 6, ys % 12 - 6) < 2.8, 70, 255).astype(np.uint8)
    return None


def draw_finish(img: np.ndarray, g: Garment, c2, rng) -> np.ndarray:
    """Draw the finish of a fabric over its texture."""
    xs, ys = grid()
    name = g.finish
    white = (255, 255, 255)
    if name in ("washed", "faded", "bleached", "acid-wash", "cloud-wash", "mineral-wash"):
        blur, strength, lift = {"washed": (12, 0.1, 0.22), "faded": (12, 0.08, 0.42), "bleached": (7, 0.45, 0.3), "acid-wash": (3, 0.4, 0.3),
                                "cloud-wash": (10, 0.4, 0.35), "mineral-wash": (1.5, 0.3, 0.25)}[name]  # fmt: skip
        blend(
            img,
            white if name != "mineral-wash" else (200, 205, 210),
            np.clip(lift + strength * noise(blur, g.seed % 4), 0, 0.9),
        )
    elif name == "tie-dye":
        radius = np.hypot(xs - T / 2, ys - T / 2) + 3 * noise(6, 1)
        blend(img, c2, np.clip(0.5 + 0.6 * np.sin(radius * 0.35), 0, 1))
        blend(img, white, np.clip(np.sin(radius * 0.35 + 1.6), 0, 0.6))
    elif name in ("heathered", "marled", "slub"):
        fibre = cv2.blur(np.tile(noise(0, 2), (1, 3)), (9, 1) if name != "slub" else (31, 1))[:, T : 2 * T]
        strength = {"heathered": 0.9, "marled": 1.6, "slub": 1.2}[name]
        blend(img, white if name != "marled" else c2, np.clip(strength * fibre, 0, 0.6))
    elif name in ("coated", "metallic", "foil"):
        sheen = np.clip(
            (0.35 if name == "metallic" else 0.15) + (0.35 if name == "metallic" else 0.2) * noise(7, g.seed % 4),
            0,
            0.8,
        )
        blend(img, white if name != "foil" else (236, 204, 120), sheen if name != "foil" else (sheen > 0.4) * 0.85)
    elif name in ("glitter", "rhinestones", "beaded", "studded", "swiss-dot", "perforated"):
        n, radius = {"glitter": (14, 0.9), "rhinestones": (5, 3.2), "beaded": (9, 2.2), "studded": (5, 3.6), "swiss-dot": (7, 2.2),
                     "perforated": (9, 1.8)}[name]  # fmt: skip
        colour = {
            "studded": (190, 190, 196),
            "perforated": mix(img[0, 0], (0, 0, 0), 0.6),
            "beaded": mix(c2, white, 0.3),
        }.get(name, white)
        for x, y in motifs.spots(rng, n, 0.4 if name == "glitter" else 0.1):
            motifs.draw_oval(img, x, y, radius, radius, colour)
            if name in ("studded", "rhinestones"):
                motifs.draw_oval(img, x + 0.8, y + 0.8, 0.45 * radius, 0.45 * radius, mix(colour, (70, 70, 90), 0.5))
    elif name in ("embroidered", "applique"):
        n = 3 if name == "embroidered" else 2
        for x, y in motifs.spots(rng, n, 0.1):
            turn = rng.uniform(0, 6)
            motifs.flower(img, x, y, 12 if n == 3 else 18, c2, mix(c2, white, 0.6), turn, petals=6, slim=0.2)
            motifs.draw_line(img, [(x - 16, y + 14), (x, y + 10), (x + 16, y + 14)], mix(c2, (40, 100, 50), 0.5), 2)
    elif name == "embossed":
        img[:] = np.clip(img * (1 + 0.16 * np.sign(np.sin(xs * 0.39) * np.sin(ys * 0.39)))[..., None], 0, 255)
    elif name == "burnout":
        blend(img, white, 0.4 * (noise(4, g.seed % 4) > 0.4))
    elif name == "crinkled":
        img[:] = np.clip(img * (1 + 0.16 * noise(2, 1))[..., None], 0, 255)
    elif name in ("pintucked", "pressed", "ribs", "seams", "bandage", "ruched"):
        step, depth = {"pintucked": (12, 0.3), "pressed": (48, 0.25), "ribs": (8, 0.2), "seams": (48, 0.45), "bandage": (24, 0.35),
                       "ruched": (14, 0.35)}[name]  # fmt: skip
        along = ys if name in ("bandage", "ribs") else ys + 3 * np.sin(xs * 0.3) if name == "ruched" else xs
        img[:] = np.clip(img * (1 - depth * np.clip(1 - (along % step) / 4, 0, 1))[..., None], 0, 255)
    elif name in ("quilted", "lattice"):
        seam = np.minimum(np.abs((xs + ys) % 32 - 16), np.abs((xs - ys) % 32 - 16))
        img[:] = np.clip(img * np.where(seam < 2, 0.6 if name == "quilted" else 0.35, 1)[..., None], 0, 255)
    elif name == "patched":
        for x, y in motifs.spots(rng, 1, 0.2):
            motifs.draw_polygon(
                img, [(x, y), (x + 26, y + 3), (x + 23, y + 28), (x - 2, y + 25)], mix(c2, img[0, 0], 0.3)
            )
    elif name == "neon":
        hsv = cv2.cvtColor(img, cv2.COLOR_RGB2HSV)
        hsv[..., 1] = np.clip(hsv[..., 1].astype(int) + 140, 0, 255)
        hsv[..., 2] = np.clip(hsv[..., 2].astype(int) + 110, 0, 255)
        img[:] = cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB)
    return img
