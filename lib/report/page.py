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
from PIL import Image, UnidentifiedImageError

from lib import paper
from lib.artefact import write_beside
from lib.lists import DataError
from lib.report.files import read_table
from lib.report.results import SEARCHES, STAGES
from lib.report.tables import DASH, beside_paper, landmark_summary, paper_top20, plus_minus, rows_of

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
    "Landmarks": ("photos_own", "photos_landmarks", "fig10a", "fig10a_each", "fig10b"),
    "Variations": ("fig11a", "fig11b"),
    "All claims at a glance": ("fig_claims",),
}
RUNS = ("runs", "inshop_runs", "consumer2shop_runs")
# Rows that are no methods.
REFERENCES = ("ceiling", "visible ceiling", "prior", "design known", "chance", "mean landmark")
LABELS = {"category": "Category", "all": "All attributes"}
WIDE = 1.5  # width / height from which a figure scrolls on a phone, so that its words stay legible


def table(out: Path, name: str) -> pd.DataFrame | None:
    """Return a table of the run by its name, None where it is absent."""
    return read_table(out, name)


def number(value: float, form: str = ".1f") -> str:
    """Return a number to read, a dash for nan."""
    return DASH if pd.isna(value) else format(value, form)


# ---- methods beside the paper ---------------------------------------------------------------------------------------


def beside(columns: dict[str, pd.DataFrame], bold: bool = False) -> pd.DataFrame:
    """Return one row per method and two columns, "here" and "paper", per title.

    columns: {title: table with the columns method, ours, lo, hi and paper, per cent}. bold: of each column, the best of
    the paper's methods is bold.
    """
    methods = list(dict.fromkeys(method for part in columns.values() for method in part.method))
    shown = {("", "method"): methods}
    for title, part in columns.items():
        part = part.set_index("method").reindex(methods)
        here = [plus_minus(*row) for row in part[["ours", "lo", "hi"]].itertuples(index=False)]
        texts = {"ours": pd.Series(here, methods), "paper": part.paper.map(number)}
        for column, text in texts.items():
            values = part[column][part.index.isin(paper.METHODS)]
            if bold and values.notna().any():
                text[values.idxmax()] = Markup("<b>{}</b>").format(text[values.idxmax()])
        shown |= {(title, "here"): texts["ours"], (title, "paper"): texts["paper"]}
    return pd.DataFrame({name: list(cells) for name, cells in shown.items()})


def table2(out: Path) -> dict:
    """Return Table 2 beside the paper's: its headline columns, and those of the attribute groups for each k."""
    measured = table(out, "measures")
    if measured is None or measured[measured.stage == "category_attribute"].query("definition == 'micro'").empty:
        return {"headline": None}
    long = beside_paper(measured)

    def columns(names, ks: tuple[int, ...]) -> dict[str, pd.DataFrame]:
        titles = {(name, k): f"{LABELS.get(name, name.capitalize())}, top-{k}" for name in names for k in ks}
        parts = {title: long[(long.column == name) & (long.k == k)] for (name, k), title in titles.items()}
        return {title: part for title, part in parts.items() if part.ours.notna().any()}

    groups = [name for name in long.column.unique() if name not in LABELS]
    styled = "style" in groups and long.paper.notna().any()
    return {
        "headline": beside(columns(LABELS, (3, 5)), bold=True),
        "by_group": {k: beside(columns(groups, (k,)), bold=True) for k in ((3, 5) if groups else ())},
        "style_note": paper.STYLE_NOTE if styled else "",
    }


def searches(out: Path) -> dict:
    """Return top-20 accuracy of both searches beside the paper's, and the notebooks of those that are absent."""
    measured, columns, absent = table(out, "measures"), {}, {}
    for place, stage in enumerate(SEARCHES, 4):
        at = measured[measured.stage == stage] if measured is not None else pd.DataFrame()
        if at.empty:
            absent[stage] = f"0{place}_{stage}"
            continue
        found = rows_of(at, "search", "hit", paper.RETRIEVAL_TOP_K, "all").rename(columns={"value": "ours"})
        found[["ours", "lo", "hi"]] *= 100
        columns[STAGES[stage]] = found.assign(paper=100 * found.method.map(paper_top20(stage)).astype(float))
    return {"searches": beside(columns) if columns else None, "no_search": absent, "stages": STAGES}


def landmarks(out: Path) -> dict:
    """Return the landmarks by every measure in use."""
    measured = table(out, "measures")
    if measured is None or "landmarks" not in set(measured.measure):
        return {"landmarks": None}
    shown = landmark_summary(measured)
    for name in shown:
        shown[name] = shown[name].map("{:.3f}".format) if name == "NE" else (100 * shown[name]).map("{:.1f}".format)
    return {"landmarks": shown.reset_index()}


# ---- claims, figures, provenance ------------------------------------------------------------------------------------


def claims(out: Path) -> dict:
    """Return the claims in the page's groups, each with a line of numbers, and how many got which verdict."""
    found = table(out, "claims")
    if found is None:
        return {"claims": None}
    lines = []
    for row in found.to_dict("records"):
        said = [f"paper {100 * row['paper']:+.1f}"] if pd.notna(row["paper"]) else []
        if pd.notna(row["measured"]):
            measured, low, high = (f"{100 * row[name]:+.1f}" for name in ("measured", "lo", "hi"))
            said.append(f"here {measured} [{low}, {high}]")
        said += [f"p {row['p']:.3f}"] if pd.notna(row.get("p")) else []
        said += [f"size: {row['size']}"] if pd.notna(row["size"]) else []
        said += [f"dose: {row['dose']}"] if pd.notna(row.get("dose")) else []
        said += [str(row["reason"])] if pd.notna(row["reason"]) else []
        lines.append(f"{row['where']}. {'; '.join(said)}")
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
    """Return a picture in base64 with its size and caption. Raises DataError where it is none."""
    try:
        with Image.open(path) as image:
            (width, height), caption = image.size, image.info.get("Description", "")
    except UnidentifiedImageError:
        raise DataError(f"{path}: not a PNG picture; run its notebook again") from None
    title, _, sentence = caption.partition(". ")
    data = base64.b64encode(path.read_bytes()).decode("ascii")
    about = {"title": title or path.stem, "sentence": sentence, "wide": width > WIDE * height}
    return about | {"data": data, "width": width, "height": height}


def runs(out: Path) -> dict:
    """Return where the numbers come from: one row per stage, and the tables of runs that are absent."""
    found = {name: table(out, name) for name in RUNS}
    rows = []
    for made in [made for made in found.values() if made is not None]:
        changed = made["dirty"].astype(bool) if "dirty" in made else pd.Series(False, made.index)
        commits = made.commit.astype(str).where(~changed, made.commit.astype(str) + ", changed")
        for stage, part in made.assign(commit=commits).groupby("stage", sort=False):
            row = {"stage": STAGES.get(stage, stage), "runs": str(len(part)), "methods": str(part.method.nunique())}
            names = ("seed", "images", "epochs", "seconds", "commit", "date", "device", "python", "torch")
            for name in [name for name in names if name in part]:
                row[name] = ", ".join(str(value) for value in part[name].unique())
            rows.append(row | {"seconds": clock(part.seconds.sum())})
    names = {"seed": "seeds", "seconds": "training", "python": "Python", "torch": "PyTorch"}
    shown = pd.DataFrame(rows).rename(columns=names) if rows else None
    return {"runs": shown, "no_runs": [name for name, made in found.items() if made is None]}


def counts(out: Path) -> dict:
    """Return the counts of the data beside the paper's, and the time that each notebook took."""
    counted, times = table(out, "counts"), table(out, "times")
    if counted is not None:
        counted = counted.replace({"benchmark": STAGES})
        for name in ("paper", "release", "here"):
            counted[name] = [number(value, ",.0f") for value in counted[name]]
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
    """Return the page of a run as HTML. data: the notebooks' parameter, "" for the synthetic clothes world.

    Raises DataError where a table or figure cannot be read.
    """
    loader = jinja2.FileSystemLoader(Path(__file__).parent)
    blocks = {"trim_blocks": True, "lstrip_blocks": True, "keep_trailing_newline": True}
    template = jinja2.Environment(loader=loader, autoescape=True, **blocks).get_template("page.html.jinja")
    parts = table2(out) | searches(out) | landmarks(out) | claims(out) | runs(out) | counts(out)
    parts |= {"figures": figures(out), "notebooks": notebooks(out), "references": REFERENCES}
    title = f"DeepFashion, replicated: the profile {profile}"
    about = {"title": title, "profile": profile, "real": bool(data), "top": paper.RETRIEVAL_TOP_K}
    return template.render(parts | about)


def write(out: Path, profile: str, data: str) -> Path:
    """Write <out>/report.html, see `page`, and return its path."""
    text = page(out, profile, data)
    return write_beside(out / "report.html", lambda part: part.write_text(text, encoding="utf-8"))
