"""Patterns and finishes of a garment's cloth: layers, drawn on a tile one over another.

Which layers each has, and in which colours, is data in drawings.toml.
"""

from itertools import product

import cv2
import numpy as np

from lib.world import motifs
from lib.world.fabrics import GRID, noise, structure
from lib.world.garment import COLOURS, Garment
from lib.world.motifs import AA, DRAWINGS, FIGURES, WHITE, T, read_colour


class Tile:
    """A tile (T, T, 3) uint8 RGB to draw layers on: every kind of layer in drawings.toml is a method."""

    def __init__(self, img: np.ndarray, g: Garment, ground, rng):
        accent, third = COLOURS[g.accent], list(COLOURS.values())[g.seed % len(COLOURS)]
        self.img, self.seed, self.rng = img, g.seed, rng
        self.colours = {"ground": ground, "accent": accent, "third": third, "white": WHITE}
        self.colours |= {"cream": (244, 242, 236), "gold": (240, 208, 76)}
        self.colours["second"] = third if third != accent else (240, 220, 120)
        self.colours["dark"] = ground if sum(ground) < 420 else (34, 44, 86)
        self.colours["checked"] = ground if sum(ground) < 600 else accent

    def draw(self, table: str, name: str) -> None:
        """Draw the layers of a pattern or a finish, if it has any."""
        for kind, *layer in DRAWINGS[table].get(name, ()):
            getattr(self, kind)(*layer)

    def colour(self, written) -> tuple:
        return read_colour(written, self.colours)

    def blend(self, colour, share: np.ndarray) -> None:
        """Mix towards a colour, by a share (T, T) in 0..1."""
        self.img[:] = np.clip(self.img + share[..., None] * (np.float32(self.colour(colour)) - self.img), 0, 255)

    def spots(self, per_side: int, jitter: float):
        """Yield centres on a jittered grid, every other row shifted: figures that neither clump nor line up."""
        step = T / per_side
        for row, column in np.ndindex(per_side, per_side):
            x = (column + 0.5 * (row % 2) + 0.25) * step + self.rng.uniform(-jitter, jitter) * step
            yield x, (row + 0.5) * step + self.rng.uniform(-jitter, jitter) * step

    def ground(self, colour) -> None:
        self.img[:] = self.colours["ground"] = self.colour(colour)

    def mask(self, colour, base, *layers) -> None:
        self.img[structure(base, *layers) > 0] = self.colour(colour)

    def zebra(self, colour) -> None:
        self.img[np.sin(GRID[1] * 2 * np.pi / 24 + 1.6 * noise(10, self.seed % 4)) > 0.15] = self.colour(colour)

    def clouds(self, colour, share, depth, blur, number, noises, most) -> None:
        self.blend(colour, np.clip(share + depth * noise(blur, number + self.seed % noises), 0, most))

    def veins(self, colour, share, depth, blur, number, noises, most) -> None:
        cloud = np.abs(noise(blur, number + self.seed % noises) + 0.3 * noise(3, 5))
        self.blend(colour, np.clip(share + depth * cloud, 0, most))

    def haze(self, colour, most, base, *layers) -> None:
        self.blend(colour, np.clip(structure(base, *layers), 0, most))

    def flakes(self, colour, share, blur, least) -> None:
        self.blend(colour, share * (noise(blur, self.seed % 4) > least))

    def scatter(self, figure, n, radius, jitter, colours=("accent", "third"), second="second", turn=2 * np.pi) -> None:
        for i, (x, y) in enumerate(self.spots(n, jitter)):
            one, two = self.colour(colours[i % len(colours)]), self.colour(second)
            angle = self.rng.uniform(0, turn) if turn else 0.0
            FIGURES[figure](self.img, x, y, radius * T / n, one, two, angle)

    def row(self, figure, start, step, y, radius, colour, second) -> None:
        for x in range(start, T, step):
            FIGURES[figure](self.img, x, y, radius, self.colour(colour), self.colour(second), 0)

    def bands(self, axis, *bands) -> None:
        for start, width, colour in bands:
            self.img.swapaxes(0, axis)[np.arange(start, start + width) % T] = self.colour(colour)

    def stripes(self, axis, period, width, colour) -> None:
        self.bands(axis, *((start, width, colour) for start in range(0, T, period)))

    def checks(self, cell, colour, share) -> None:
        """Draw crossing bands of half transparent colour: gingham, plaid."""
        for axis, start in product((0, 1), range(0, T, 2 * cell)):
            part = self.img.swapaxes(0, axis)[start : start + cell]
            part[:] = part * (1 - share) + np.float32(self.colour(colour)) * share

    def stars(self, count) -> None:
        for _ in range(count):
            motifs.draw_oval(self.img, *self.rng.uniform(0, T, 2), 1.3, 1.3, WHITE)

    def smear(self) -> None:
        self.img[:] = cv2.blur(np.tile(self.img, (3, 1, 1)), (1, 13))[T : 2 * T]

    def mosaic(self, colours, rows, columns) -> None:
        colours = np.float32([self.colour(colour) for colour in colours])
        cells = colours[self.rng.integers(0, len(colours), (rows, columns))]
        self.img[:] = np.kron(cells, np.ones((T // rows, T // columns, 1), np.float32))

    def patchwork(self, grounds, dots, lines) -> None:
        for (y, x), ground, dot in zip(product((0, 48), repeat=2), grounds, dots, strict=True):
            patch = self.img[y : y + 48, x : x + 48]
            patch[:] = self.colour(ground)
            if dot:
                for u, v in np.ndindex(3, 3):
                    cv2.circle(patch, (8 + 16 * u, 8 + 16 * v), 4, self.colour(dot), -1, AA)
            else:
                patch[:, ::12] = patch[:, 1::12] = self.colour(lines)

    def giraffe(self, colour) -> None:
        turns = motifs.TURNS[::2]
        for x, y in self.spots(4, 0.12):
            reach = 11 + 2 * np.sin(5 * turns + x)
            motifs.draw_polygon(self.img, motifs.arc(x, y, reach, reach, turns), colour)

    def abstract(self) -> None:
        for threshold, colour, number in ((0.5, "accent", 0), (0.9, "third", 1)):
            self.img[noise(7, (self.seed + number) % 5) > threshold] = self.colour(colour)
        for x, y in self.spots(2, 0.3):
            points = [(x - 20, y), (x, y + self.rng.uniform(-16, 16)), (x + 20, y)]
            motifs.draw_line(self.img, points, self.colours["third"], 3)

    def neon(self) -> None:
        hsv = cv2.cvtColor(self.img, cv2.COLOR_RGB2HSV)
        hsv[..., 1:] = np.clip(hsv[..., 1:].astype(int) + (140, 110), 0, 255)
        self.img[:] = cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB)

    def relief(self, *layers) -> None:
        self.img[:] = np.clip(self.img * structure(1, *layers)[..., None], 0, 255)
