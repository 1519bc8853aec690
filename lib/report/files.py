"""Save the tables and figures of a run, and read its tables back."""

from pathlib import Path

import pandas as pd

from lib.artefact import write_beside
from lib.lists import DataError

CHECKOUT = Path(__file__).parent.parent.parent
ROOT = CHECKOUT if (CHECKOUT / "notebooks").exists() else Path.cwd()  # of outputs/; an installed package has none


def save_table(table: pd.DataFrame, out: Path, name: str) -> Path:
    """Write <out>/tables/<name>.csv with six digits and return its path."""
    text = table.to_csv(index=False, float_format="%.6g")
    return write_beside(out / "tables" / f"{name}.csv", lambda part: part.write_text(text))


def save_figure(figure, out: Path, name: str, caption: str = "") -> Path:
    """Write <out>/figures/<name>.png with the figure's own dots per inch and return its path.

    caption: "Title. What to see in it.", kept inside the picture; report.html shows it below.
    """
    form = {"format": "png", "bbox_inches": "tight", "metadata": {"Description": caption}}
    path = out / "figures" / f"{name}.png"
    return write_beside(path, lambda part: figure.savefig(part, dpi=figure.dpi, **form))


def read_table(out: Path, name: str) -> pd.DataFrame | None:
    """Return <out>/tables/<name>.csv, None where it is absent. Raises DataError where it cannot be read."""
    path = out / "tables" / f"{name}.csv"
    try:
        return pd.read_csv(path) if path.exists() else None
    except ValueError as error:  # of pandas: no columns, or rows of other lengths
        raise DataError(f"{path}: cannot be read ({error}); run its notebook again") from None
