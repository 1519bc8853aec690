"""Write one page to read, outputs/<profile>/report.html, from the tables and figures of a run.

The page holds its pictures and styles and asks for nothing from the network. Whatever stands in a table, such as the
names of a data set's attributes, is text and never HTML. A part whose table or figure is absent is left out, with the
reason.
"""

import base64
import json
from pathlib import Path

import jinja2
import pandas as pd
from markupsafe import Markup
from PIL import Image

from lib import paper
from lib.artefact import write_beside
from lib.report import tables
from lib.report.files import read_table
from lib.report.measures import COLUMNS
from lib.report.results import STAGES
from lib.runs import SEARCHES

# As tables and bars order them.
DIRECTIONS = ("held", "no difference", "opposite", "undecided", "by construction", "not testable here")
VERDICTS = {
    "What replicates": "held",
    "What goes the other way": "opposite",
    "What makes no difference here": "no difference",
    "What cannot be told": "undecided",
    "What drawn clothes have by construction": "by construction",
}
GROUPS = {  # the page's title of each group of claims.csv
    "categories": "Order of the methods",
    "attributes": "Attributes",
    "landmarks": "Landmarks",
    "in-shop": "Searches",
    "consumer-to-shop": "Searches",
    "variations": "Variations",
}
FIGURES = {
    "The data": ("fig02", "fig03", "fig04", "photos_views", "contact_sheet"),
    "The network and its training": (
        *("fig05_paper", "fig05", "pooling", "loss_curves_pretrain", "loss_curves"),
        *("loss_curves_inshop", "loss_curves_consumer2shop"),
    ),
    "Categories and attributes": ("table2", "fig07"),
    "Searches": ("fig08a", "fig08b", "fig09a", "fig09b"),
    "The ladder": ("ladder", "ladder_dose", "ladder_images", "ladder_passes"),
    "Landmarks": ("photos_own", "photos_landmarks", "fig10a", "fig10a_each", "fig10b"),
    "Variations": ("fig11a", "fig11b"),
    "All claims at a glance": ("fig_claims",),
}
RUNS = ("runs", "inshop_runs", "consumer2shop_runs")
# Rows that are no methods.
REFERENCES = ("ceiling", "visible ceiling", "prior", "before fine-tuning", "design known", "chance", "mean landmark")
LABELS = {"category": "Category", "all": "All attributes"}
WIDE = 1.5  # width / height from which a figure scrolls on a phone, so that its words stay legible


def beside(long: pd.DataFrame, bold: bool = False) -> pd.DataFrame | None:
    """Return one row per method and two columns, "here" and "paper", per title; None without rows.

    long: columns title, method, ours, lo, hi and paper, per cent. bold: the best of the paper's methods per column.
    """
    parts = list(long.groupby("title", sort=False))
    methods = list(dict.fromkeys(method for _, part in parts for method in part.method))
    shown = {("", "method"): methods}
    for title, part in parts:
        part = part.set_index("method").reindex(methods)
        here = [tables.plus_minus(*row) for row in part[["ours", "lo", "hi"]].itertuples(index=False)]
        for name, column, text in (("here", "ours", here), ("paper", "paper", tables.texts(part.paper, ".1f"))):
            text = pd.Series(text, methods)
            values = part[column][part.index.isin(paper.METHODS)]
            if bold and values.notna().any():
                text[values.idxmax()] = Markup("<b>{}</b>").format(text[values.idxmax()])
            shown[title, name] = text.to_list()
    return pd.DataFrame(shown) if parts else None


def table2(measured: pd.DataFrame) -> dict:
    """Return Table 2 beside the paper's: its headline columns, and those of the attribute groups for each k."""
    long = tables.beside_paper(measured)
    long = long[long.groupby(["column", "k"]).ours.transform("count") > 0]
    names = zip(long.column, long.k, strict=True)
    long = long.assign(title=[f"{LABELS.get(name, name.capitalize())}, top-{k}" for name, k in names])
    single = ~long.column.isin(LABELS)
    return {
        "headline": beside(long[~single], bold=True),
        "by_group": {k: beside(long[single & (long.k == k)], bold=True) for k in ((3, 5) if single.any() else ())},
        "style_note": paper.STYLE_NOTE if "style" in set(long.column) and long.paper.notna().any() else "",
    }


def search(measured: pd.DataFrame, stage: str) -> pd.DataFrame:
    """Return top-20 accuracy of a search beside the paper's, in per cent, as `beside` takes it."""
    found = tables.rows_of(measured[measured.stage == stage], "search", "hit", paper.RETRIEVAL_TOP_K, "all")
    found = found.rename(columns={"value": "ours"}).astype({"ours": float, "lo": float, "hi": float})
    found[["ours", "lo", "hi"]] *= 100
    return found.assign(paper=100 * found.method.map(tables.paper_top20(stage)).astype(float))


def landmarks(measured: pd.DataFrame) -> pd.DataFrame | None:
    """Return the landmarks by every measure in use, None without landmarks."""
    if "landmarks" not in set(measured.measure):
        return None
    shown = tables.landmark_summary(measured)
    for name in shown:
        shown[name] = shown[name].map("{:.3f}".format) if name == "NE" else (100 * shown[name]).map("{:.1f}".format)
    return shown.reset_index()


def claims(found: pd.DataFrame | None) -> dict:
    """Return the claims in the page's groups, each with a line of numbers, and how many got which verdict."""
    if found is None:
        return {"claims": None}
    starts = {"paper": "paper ", "here": "here ", "p": "p ", "size": "size: ", "dose": "dose: ", "reason": ""}
    lines = []
    for where, row in zip(found["where"], tables.claims_display(found).to_dict("records"), strict=True):
        said = [start + row[name] for name, start in starts.items() if row.get(name, tables.DASH) != tables.DASH]
        lines.append(f"{where}. {'; '.join(said)}")
    found = found.assign(about=lines, title=found.group.map(lambda name: GROUPS.get(name, name)))
    return {
        "claims": found,
        "count": found.direction.value_counts().reindex(DIRECTIONS, fill_value=0).to_dict(),
        "sized": int(found["size"].notna().sum()),
        "same": int((found["size"] == "same").sum()),
        "groups": dict(tuple(found.groupby("title", sort=False))),
        "verdicts": VERDICTS,
    }


def figures(out: Path) -> dict:
    """Return every figure of the run with its caption, in groups, and the names of those that are absent."""
    paths = {path.stem: path for path in sorted((out / "figures").glob("*.png"))}
    known = {name for names in FIGURES.values() for name in names}
    others = [name for name in paths if name not in known]
    groups = FIGURES | ({"Other figures": others} if others else {})
    return {
        group: {
            "drawn": [figure(paths[name]) for name in names if name in paths],
            "missing": [f"{name}.png" for name in names if name not in paths],
        }
        for group, names in groups.items()
    }


def figure(path: Path) -> dict:
    """Return a picture in base64 with its size and caption."""
    with Image.open(path) as image:
        (width, height), caption = image.size, image.info.get("Description", "")
    title, _, sentence = caption.partition(". ")
    data = base64.b64encode(path.read_bytes()).decode("ascii")
    about = {"title": title or path.stem, "sentence": sentence, "wide": width > WIDE * height}
    return about | {"data": data, "width": width, "height": height}


def runs(out: Path) -> dict:
    """Return where the numbers come from: one row per stage, and the tables of runs that are absent."""
    found = {name: read_table(out, name) for name in RUNS}
    rows, known = [], [table for table in found.values() if table is not None]
    for stage, part in pd.concat(known).groupby("stage", sort=False) if known else ():
        part["commit"] = part.commit.astype(str) + part.dirty.map({True: ", changed", False: ""})
        row = {"stage": STAGES.get(stage, stage), "runs": str(len(part)), "methods": str(part.method.nunique())}
        for name in ("seed", "images", "epochs", "seconds", "commit", "date", "device", "python", "torch"):
            row[name] = ", ".join(str(value) for value in part[name].unique())
        rows.append(row | {"seconds": clock(part.seconds.sum())})
    names = {"seed": "seeds", "seconds": "training", "python": "Python", "torch": "PyTorch"}
    shown = pd.DataFrame(rows).rename(columns=names) if rows else None
    return {"runs": shown, "no_runs": [name for name, table in found.items() if table is None]}


def counts(out: Path) -> dict:
    """Return the counts of the data beside the paper's, and the time that each notebook took."""
    counted, times = read_table(out, "counts"), read_table(out, "times")
    if counted is not None:
        counted = counted.replace({"benchmark": STAGES})
        for name in ("paper", "release", "here"):
            counted[name] = tables.texts(counted[name], ",.0f")
    if times is not None:
        each = "; ".join(f"{row.notebook} {clock(row.seconds)}" for row in times.itertuples())
        times = f"{clock(times.seconds.sum())} in all. {each}."
    return {"counts": counted, "times": times}


def clock(seconds: float) -> str:
    """Return a duration as hours, minutes or seconds: "2 h 05 min", "7 min", "12 s"."""
    minutes = round(seconds / 60)
    if seconds < 100:
        return f"{seconds:.0f} s"
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02d} min"


def notebooks(out: Path) -> dict[str, str]:
    """Return the titles of the executed notebooks beside the page, by file name."""
    titles = {}
    for path in sorted((out / "notebooks").glob("[0-9]*.ipynb")):
        if not path.name.endswith(".part.ipynb"):  # the remainder of a failed run
            cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
            titles[path.name] = "".join(cells[0]["source"]).splitlines()[0].lstrip("# ")
    return titles


def page(out: Path, profile: str, data: str) -> str:
    """Return a run's page as HTML. data: "" for drawn clothes. Raises DataError where a table cannot be read."""
    loader = jinja2.FileSystemLoader(Path(__file__).parent)
    blocks = {"trim_blocks": True, "lstrip_blocks": True, "keep_trailing_newline": True}
    template = jinja2.Environment(loader=loader, autoescape=True, **blocks).get_template("page.html.jinja")
    measured = read_table(out, "measures")
    measured = pd.DataFrame(columns=COLUMNS) if measured is None else measured
    searches = {stage: search(measured, stage).assign(title=STAGES[stage]) for stage in SEARCHES}
    parts = table2(measured) | claims(read_table(out, "claims")) | runs(out) | counts(out)
    parts |= {
        "searches": beside(pd.concat(searches.values())),
        "landmarks": landmarks(measured),
        "top": paper.RETRIEVAL_TOP_K,
    }
    parts["no_search"] = [stage for stage, table in searches.items() if table.empty]
    parts |= {"figures": figures(out), "notebooks": notebooks(out), "references": REFERENCES, "stages": STAGES}
    title = f"DeepFashion, replicated: the profile {profile}"
    real = bool(data) and not (Path(data) / "world.json").exists()  # a drawn world may be given by --data, too
    return template.render(parts | {"title": title, "profile": profile, "real": real})


def write(out: Path, profile: str, data: str) -> Path:
    """Write <out>/report.html, see `page`, and return its path."""
    text = page(out, profile, data)
    return write_beside(out / "report.html", lambda part: part.write_text(text, encoding="utf-8"))
