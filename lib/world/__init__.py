"""A synthetic clothes world in DeepFashion's official layout; see README.md."""

from lib.world.items import sheet
from lib.world.size import World
from lib.world.writer import garment, label_probabilities, write_world

__all__ = ["World", "garment", "label_probabilities", "sheet", "write_world"]
