"""One page to read: outputs/<profile>/report.html, written from the tables and figures of a run.

    python -m lib.report.page PROFILE

The page holds its pictures and styles and asks for nothing from the network. Whatever stands in a table, such as the
names of a data set's attributes, is text and never HTML. A part whose table or figure is absent is left out, with the reason.
"""

import argparse
import base64
import json
import re
import sys
from collections.abc import Sequence
from functools import partial
from html import escape
from pathlib import Path

import pandas as pd

from lib import paper
from lib.files import write_beside
from lib.lists import DataError
from lib.report.captions import FIGURES, finding
from lib.report.curves import paper_top20
from lib.report.results import ROOT, SEARCHES, STAGES
from lib.report.tables import DASH, plus_minus

DIRECTIONS = ("held", "no difference", "not held", "undecided", "not testable here")  # as tables and bars order them
GROUPS = {  # five to read, of the seven that claims.csv has
    "Order of the methods": ("categories", "number of attributes"),
    "Attributes": ("attributes",),
    "Landmarks": ("landmarks",),
    "Searches": ("in-shop", "consumer-to-shop"),
    "Variations": ("variations",),
}
RUNS = ("runs", "inshop_runs", "consumer2shop_runs")
HEADLINE = (("category", 3), ("category", 5), ("all", 3), ("all", 5))  # of Table 2
LABELS = {"category": "Category", "all": "All attributes"}
WIDE = 1.5  # width / height from which a figure scrolls on a phone, so that its words stay legible

STYLE = """
:root{--ink:#1d2329;--soft:#5b6570;--line:#d9dee3;--wash:#f5f7f9;--held:#0072b2;--none:#a8418f;--not:#c44e00;
--open:#6b747d;color-scheme:light}
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%;text-size-adjust:100%}
body{margin:0;color:var(--ink);background:#fff;font:16px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif}
main,header,nav,footer{max-width:66rem;margin:0 auto;padding:0 1rem}
header{padding-top:2.2rem}
h1{font-size:1.75rem;line-height:1.2;margin:0 0 .6rem}
h2{font-size:1.3rem;margin:2.6rem 0 .6rem;padding-top:.9rem;border-top:2px solid var(--ink)}
h3{font-size:1.02rem;margin:1.5rem 0 .4rem}
p{margin:.5rem 0;max-width:44rem}
a{color:#00568a}
code{overflow-wrap:anywhere}
.soft,figcaption{color:var(--soft)}
.soft{font-size:.88rem}
nav{padding-top:.4rem;padding-bottom:.4rem;font-size:.92rem}
nav a{margin-right:1rem;white-space:nowrap;display:inline-block;padding:.2rem 0}
.scroll{overflow-x:auto;margin:.6rem 0 .4rem;-webkit-overflow-scrolling:touch}
table{border-collapse:separate;border-spacing:0;font-size:.88rem;font-variant-numeric:tabular-nums}
th,td{padding:.32rem .6rem;text-align:right;border-bottom:1px solid var(--line);white-space:nowrap}
th:first-child,td:first-child{text-align:left;position:sticky;left:0;background:#fff}
thead th{font-weight:600;vertical-align:bottom;border-bottom:1px solid var(--ink)}
thead tr:first-child th[colspan]{text-align:center;border-bottom:1px solid var(--line)}
tr.reference td{color:var(--soft);font-style:italic}
td.paper{color:var(--soft)}
td.text{text-align:left;white-space:normal;min-width:8rem}
.bar{display:flex;height:1.5rem;border-radius:4px;overflow:hidden;margin:.9rem 0 .5rem;gap:2px}
.bar span{display:block}
.key{display:flex;flex-wrap:wrap;gap:.2rem 1.2rem;padding:0;margin:0 0 1rem;list-style:none;font-size:.92rem}
.key i,h3 i{display:inline-block;width:.8rem;height:.8rem;border-radius:2px;margin-right:.4rem}
.held{background:var(--held)}.no-difference{background:var(--none)}.not-held{background:var(--not)}
.undecided{background:var(--open)}.not-testable-here{background:#c3c9cf}
.two{display:grid;gap:0 2rem;grid-template-columns:repeat(auto-fit,minmax(min(100%,14rem),1fr))}
.two ul{padding-left:1.1rem;margin:.3rem 0}
.claims{list-style:none;padding:0;margin:0}
.claims li{display:grid;grid-template-columns:8.2rem 1fr;gap:0 .9rem;padding:.5rem 0;border-bottom:1px solid var(--line)}
.badge{justify-self:start;align-self:start;color:#fff;border-radius:3px;padding:.05rem .5rem;font-size:.82rem;
white-space:nowrap}
.badge.not-testable-here{color:var(--ink)}
.claims p{margin:0}
figure{margin:1.2rem 0 1.8rem;break-inside:avoid}
figure img{display:block;max-width:100%;height:auto}
figcaption{margin-top:.4rem;font-size:.94rem;max-width:44rem}
figcaption b{color:var(--ink)}
.note{background:var(--wash);border-left:3px solid var(--open);padding:.6rem .9rem;margin:1rem 0;max-width:44rem}
footer{padding-bottom:3rem}
@media(max-width:40rem){th,td{padding:.3rem .4rem}.claims li{grid-template-columns:1fr;gap:.25rem}h1{font-size:1.45rem}
figure.wide img{max-width:44rem}}
@media print{body{font-size:10pt}nav{display:none}main,header,footer{max-width:none;padding:0}.scroll{overflow:visible}
table{font-size:7.5pt}th,td{padding:.2rem .3rem}h2,h3{break-after:avoid}.claims li,tr{break-inside:avoid}
figure.wide img{max-width:100%;width:auto}figure img{max-height:22cm}
.bar span,.badge,.key i,h3 i{print-color-adjust:exact;-webkit-print-color-adjust:exact}a{color:inherit}}
"""


# ---- pieces of HTML: these functions escape, so that their callers pass plain text ----------------------------------


def table_html(
    columns: Sequence[str | tuple[str, str]], rows: Sequence[Sequence[str]], caption: str = "", marks=(), soft=()
) -> str:
    """Return a table in a box of its own that scrolls sideways. All cells are plain text.

    columns: names, or (above, below) for two lines of names, where equal neighbours above share a cell. marks: (row, column)
    of cells to set in bold. soft: numbers of rows that are no methods. Cells below a column named "paper" are grey.
    """
    pairs = [name if isinstance(name, tuple) else ("", name) for name in columns]
    head, start = "", 0
    while any(above for above, _ in pairs) and start < len(pairs):
        end = start + 1
        while end < len(pairs) and pairs[end][0] == pairs[start][0]:
            end += 1
        head += f'<th colspan="{end - start}" scope="colgroup">{escape(pairs[start][0])}</th>'
        start = end
    head = f"<tr>{head}</tr>" if head else ""
    head += "<tr>" + "".join(f'<th scope="col">{escape(below)}</th>' for _, below in pairs) + "</tr>"
    body = ""
    for i, row in enumerate(rows):
        cells = ""
        for j, (cell, (_, below)) in enumerate(zip(row, pairs, strict=True)):
            text = escape(cell)
            kind = ' class="paper"' if below == "paper" else ' class="text"' if len(cell) > 30 else ""
            cells += f"<td{kind}>{f'<b>{text}</b>' if (i, j) in marks else text}</td>"
        body += f"<tr>{cells}</tr>" if i not in soft else f'<tr class="reference">{cells}</tr>'
    note = paragraph(caption, "soft") if caption else ""
    return f'<div class="scroll" tabindex="0"><table><thead>{head}</thead><tbody>{body}</tbody></table></div>{note}'


def paragraph(text: str, kind: str = "") -> str:
    """Return a paragraph of plain text."""
    return f'<p class="{kind}">{escape(text)}</p>' if kind else f"<p>{escape(text)}</p>"


def absent(what: str, notebook: str) -> str:
    """Return why a part is left out: its table or figure is not there."""
    return paragraph(
        f"Left out: {what}, which notebook {notebook} writes where it has been run and the data allow it.", "soft"
    )


def slug(text: str) -> str:
    """Return a name for CSS and links."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")


# ---- the parts ------------------------------------------------------------------------------------------------------


def read(out: Path, name: str) -> pd.DataFrame | None:
    """Return <out>/tables/<name>.csv, None where it is absent. Raises DataError where it cannot be read."""
    path = out / "tables" / f"{name}.csv"
    try:
        return pd.read_csv(path) if path.exists() else None
    except ValueError as error:  # of pandas: no columns, or rows of other lengths
        raise DataError(f"{path}: cannot be read ({error}); run its notebook again") from None


def grouped(claims: pd.DataFrame) -> dict[str, tuple[str, ...]]:
    """Return GROUPS, and any other group of the claims under its own name."""
    known = {name for names in GROUPS.values() for name in names}
    return GROUPS | {str(group): (group,) for group in dict.fromkeys(claims.group) if group not in known}


def summary(out: Path) -> str:
    """Return what replicates and what does not: counts, a bar, and the claims by verdict."""
    claims = read(out, "claims")
    if claims is None:
        return absent("the verdicts on the paper's claims (tables/claims.csv)", "08_claims")
    count = claims.direction.value_counts().reindex(DIRECTIONS, fill_value=0)
    tested = len(claims) - count["not testable here"]
    bar = "".join(f'<span class="{slug(d)}" style="flex:{n}" title="{d}: {n}"></span>' for d, n in count.items() if n)
    key = "".join(f'<li><i class="{slug(d)}"></i>{n} {d}</li>' for d, n in count.items())
    text = (
        f"Of {len(claims)} claims of the paper, {tested} can be tested on this run: the direction of {count['held']} held, "
        f"{count['not held']} went the other way, {count['no difference']} showed no difference that matters, "
        f"and {count['undecided']} could not be told."
    )
    if claims["size"].notna().any():
        same = int((claims["size"] == "same").sum())
        text += f" Of {int(claims['size'].notna().sum())} with a number, {same} had the paper's size."
    lists = ""
    for title, direction in (
        ("What replicates", "held"),
        ("What goes the other way", "not held"),
        ("What makes no difference here", "no difference"),
        ("What cannot be told", "undecided"),
    ):
        items = ""
        for group, names in grouped(claims).items():
            said = claims.claim[claims.group.isin(names) & (claims.direction == direction)]
            items += f"<li><b>{escape(group)}:</b> {escape('; '.join(said))}.</li>" if len(said) else ""
        lists += f'<div><h3><i class="{slug(direction)}"></i>{title}</h3><ul>{items or "<li>nothing</li>"}</ul></div>'
    return f'{paragraph(text)}<div class="bar">{bar}</div><ul class="key">{key}</ul><div class="two">{lists}</div>'


def _beside(long: pd.DataFrame, columns: Sequence[tuple[str, int]], note: str) -> str:
    """Return columns of Table 2, each "here" beside "paper", from the long table; the best method of each is bold."""
    methods = list(dict.fromkeys(long.method))
    at = long.set_index(["method", "column", "k"])
    columns = [c for c in columns if at.ours.unstack([1, 2]).get(c, pd.Series(dtype=float)).notna().any()]
    names, rows = [("", "method")], [[m] for m in methods]
    marks = []
    for column, k in columns:
        title = f"{LABELS.get(column, column.capitalize())}, top-{k}"
        both = {"ours": [], "paper": []}
        for row, method in zip(rows, methods, strict=True):
            known = (method, column, k) in at.index
            ours, low, high, printed = (at.loc[(method, column, k), ["ours", "lo", "hi", "paper"]] if known
                                        else [float("nan")] * 4)  # fmt: skip
            row += [plus_minus(ours, low, high), DASH if pd.isna(printed) else f"{printed:.1f}"]
            for kind, value in (("ours", ours), ("paper", printed)):
                both[kind].append(value if method in paper.METHODS else float("nan"))
        names += [(title, "here"), (title, "paper")]
        for place, values in enumerate(both.values()):
            if pd.Series(values).notna().any():
                marks.append((int(pd.Series(values).idxmax()), len(names) - 2 + place))
    soft = [i for i, method in enumerate(methods) if method in ("ceiling", "prior", "chance")]
    return table_html(names, rows, note, marks, soft)


def table2(out: Path) -> str:
    """Return Table 2 beside the paper's: the headline columns, then the attribute groups."""
    long = read(out, "table2_paper") if read(out, "table2") is not None else None
    if long is None:
        return absent("Table 2 (tables/table2.csv)", "03_table2")
    groups = [c for c in dict.fromkeys(long.column) if c not in LABELS]
    note = "Per cent, ± half of the 95 % interval; bold: the best of the paper's methods."
    html = _beside(long, HEADLINE, note)
    for k in (3, 5) if groups else ():
        html += f"<h3>By attribute group, top-{k}</h3>" + _beside(long, [(g, k) for g in groups], note)
    return html + (paragraph(paper.STYLE_NOTE, "soft") if "style" in groups and long.paper.notna().any() else "")


def searches(out: Path) -> str:
    """Return top-20 accuracy of both searches beside the paper's, and why one is missing."""
    found, html = {}, ""
    for stage in SEARCHES:
        table = read(out, stage)
        if table is None:
            html += absent(f"the {STAGES[stage]} search (tables/{stage}.csv)", f"0{4 + SEARCHES.index(stage)}_{stage}")
            continue
        found[stage] = table[(table.search == "all") & (table.k == paper.RETRIEVAL_TOP_K)].set_index("method")
    if not found:
        return html
    methods = list(dict.fromkeys(method for table in found.values() for method in table.index))
    names, rows = [("", "method")], [[m] for m in methods]
    for stage, table in found.items():
        names += [(STAGES[stage], "here"), (STAGES[stage], "paper")]
        printed = paper_top20(stage)
        for row, method in zip(rows, methods, strict=True):
            here = 100 * table.loc[method, ["accuracy", "lo", "hi"]] if method in table.index else [float("nan")] * 3
            row += [plus_minus(*here), f"{100 * printed[method]:.1f}" if method in printed else DASH]
    note = f"Queries whose item is among the first {paper.RETRIEVAL_TOP_K}, in per cent, ± half of the 95 % interval."
    soft = [i for i, method in enumerate(methods) if method == "chance"]
    return table_html(names, rows, note, soft=soft) + html


def landmarks(out: Path) -> str:
    """Return the landmarks by every measure in use."""
    table = read(out, "landmark_summary")
    if table is None:
        return absent("the landmarks by every measure in use (tables/landmark_summary.csv)", "06_landmarks")
    names = [c for c in table if c not in ("method", "lo", "hi", "n")]
    rows = [[str(r["method"]), *(f"{r[c]:.3f}" if c == "NE" else f"{100 * r[c]:.1f}" for c in names)]
            for _, r in table.iterrows()]  # fmt: skip
    soft = [i for i, row in enumerate(rows) if row[0] == "mean landmark"]
    return table_html(
        ["method", *names], rows, "Per cent of visible landmarks; NE is a distance: less is better.", soft=soft
    )


def claims_list(out: Path) -> str:
    """Return every claim in five groups: verdict, sentence, the paper's effect and ours."""
    claims = read(out, "claims")
    if claims is None:
        return absent("the claims (tables/claims.csv)", "08_claims")
    html = paragraph(
        "Each number is above 0 where the claim is true, in points, with its 95 % interval. “No difference” means within a "
        "quarter of the paper's effect around 0, or within a point where the paper gives no number.", "soft")  # fmt: skip
    for title, names in grouped(claims).items():
        items = ""
        for r in claims[claims.group.isin(names)].itertuples():
            numbers = [] if pd.isna(r.paper) else [f"paper {100 * r.paper:+.1f}"]
            if not pd.isna(r.measured):
                numbers.append(f"here {100 * r.measured:+.1f} [{100 * r.lo:+.1f}, {100 * r.hi:+.1f}]")
            size = claims.loc[r.Index, "size"]
            numbers += [] if pd.isna(size) else [f"size: {size}"]
            numbers += [] if pd.isna(r.reason) else [str(r.reason)]
            about = f"{r.where}. " + "; ".join(numbers)
            items += (
                f'<li><span class="badge {slug(r.direction)}">{escape(r.direction)}</span><div>'
                f"{paragraph(r.claim)}{paragraph(about, 'soft')}</div></li>"
            )
        html += f'<h3>{escape(title)}</h3><ul class="claims">{items}</ul>' if items else ""
    return html


def figures(out: Path) -> str:
    """Return every figure of the run with its sentence; those of FIGURES in their groups, then any other by its name."""
    html, known = "", set()
    for group, captions in FIGURES.items():
        drawn, missing = "", []
        for name, caption in captions.items():
            known.add(name)
            path = out / "figures" / f"{name}.png"
            if path.exists():
                drawn += _figure(path, caption.title, caption.sentence, finding(name, partial(read, out)))
            else:
                missing.append(f"{caption.title} ({name}.png, notebook {caption.notebook})")
        if missing:
            drawn += paragraph(f"Left out, as this run has not drawn them: {'; '.join(missing)}.", "soft")
        html += f"<h3>{escape(group)}</h3>{drawn}"
    rest = [path for path in sorted((out / "figures").glob("*.png")) if path.stem not in known]
    if rest:
        html += "<h3>Other figures</h3>" + "".join(_figure(path, path.stem, "", "") for path in rest)
    return html


def _figure(path: Path, title: str, sentence: str, found: str) -> str:
    content = path.read_bytes()
    if content[:8] != b"\x89PNG\r\n\x1a\n":
        raise DataError(f"{path}: not a PNG picture; run its notebook again")
    width, height = (int.from_bytes(content[i : i + 4], "big") for i in (16, 20))
    data = base64.b64encode(content).decode("ascii")
    kind = ' class="wide"' if width > WIDE * height else ""
    said = " ".join(filter(None, (sentence, found)))
    return (
        f'<figure{kind}><div class="scroll" tabindex="0"><img src="data:image/png;base64,{data}" width="{width}" '
        f'height="{height}" alt="{escape(f"{title}. {sentence}")}"></div>'
        f"<figcaption><b>{escape(title)}.</b> {escape(said)}</figcaption></figure>\n"
    )


def provenance(out: Path) -> str:
    """Return where the numbers come from: runs by stage, times, and the data's counts beside the paper's."""
    html, rows = "", []
    for name in RUNS:
        table = read(out, name)
        if table is None:
            html += absent(f"tables/{name}.csv", "02_train, 04_inshop or 05_consumer2shop")
            continue
        for stage, part in table.groupby("stage", sort=False):
            changed = part.get("dirty", pd.Series(False, part.index)).astype(bool)
            commits = part.commit.astype(str).where(~changed, part.commit.astype(str) + ", changed")
            rows.append([STAGES.get(stage, stage), str(len(part)), str(part.method.nunique()), _listed(part.seed),
                         *(_listed(part[c]) for c in ("images", "epochs") if c in part), clock(part.seconds.sum()),
                         _listed(commits), _listed(part.date), _listed(part.device),
                         *(_listed(part[c]) for c in ("python", "torch") if c in part)])  # fmt: skip
    if rows:
        names = ["stage", "runs", "methods", "seeds", "images", "epochs", "training", "commit", "date", "device",
                 "Python", "PyTorch"]  # fmt: skip
        html = table_html(names, rows, "Fine-tuning runs behind the numbers.") + html
    counts = read(out, "counts")
    if counts is None:
        html += absent("the counts of the data (tables/counts.csv)", "00_data")
    else:
        rows = [[STAGES.get(r.benchmark, str(r.benchmark)), str(r.what),
                 *(DASH if pd.isna(n) else f"{int(n):,}" for n in (r.paper, r.release, r.here))]
                for r in counts.itertuples()]  # fmt: skip
        html += "<h3>The data</h3>" + table_html(["benchmark", "what", "paper", "release", "here"], rows)
    times = read(out, "times")
    if times is not None:
        each = "; ".join(f"{r.notebook} {clock(r.seconds)}" for r in times.itertuples())
        html += "<h3>Time per notebook</h3>" + paragraph(f"{clock(times.seconds.sum())} in all. {each}.")
    return html


def _listed(values: pd.Series) -> str:
    return ", ".join(str(value) for value in dict.fromkeys(values))


def clock(seconds: float) -> str:
    """Return a duration as hours, minutes or seconds: "2 h 05 min", "7 min", "12 s"."""
    minutes = round(seconds / 60)
    if seconds < 100:
        return f"{seconds:.0f} s"
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02d} min"


def notebooks(out: Path) -> str:
    """Return links to the executed notebooks beside the page, by their own titles."""
    items = ""
    for path in sorted((out / "notebooks").glob("[0-9]*.ipynb")):
        if path.name.endswith(".part.ipynb"):
            continue  # the remainder of a failed run
        try:
            cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
            title = "".join(cells[0]["source"]).splitlines()[0].lstrip("# ")
        except (ValueError, KeyError, IndexError, TypeError) as error:
            raise DataError(f"{path}: not a notebook ({error}); run it again") from None
        items += f'<li><a href="notebooks/{escape(path.name)}">{escape(title)}</a></li>'
    if not items:
        return paragraph("Left out: no executed notebook is beside this page; ./run_all.sh writes them.", "soft")
    return paragraph("To open in JupyterLab, or in any viewer of notebooks:") + f"<ul>{items}</ul>"


PARTS = {
    "What replicates": summary,
    "Table 2": table2,
    "Searches": searches,
    "Landmarks": landmarks,
    "Figures": figures,
    "Claims": claims_list,
    "Provenance": provenance,
    "Notebooks": notebooks,
}


def source(out: Path, data: str | None) -> tuple[str, bool]:
    """Return the data of a run in words, and whether they are a real data set.

    data: the notebooks' parameter; None where it is not known: a run on the synthetic world keeps it in world/, and one kept
    under outputs/reference/ says it in provenance.json.
    """
    if data is None and (out / "provenance.json").exists():
        said = json.loads((out / "provenance.json").read_text(encoding="utf-8"))["data"]
        return said, "synthetic" not in said
    real = bool(data) if data is not None else not (out / "world").is_dir()
    return ("a real data set" if real else "the synthetic clothes world"), real


def page(out: Path, profile: str, data: str | None = None) -> str:
    """Return the page of a run as HTML. Raises DataError where a table, figure or notebook cannot be read."""
    words, real = source(out, data)
    title = f"DeepFashion, replicated: the profile {profile}"
    note = paragraph(f"Written from the tables of a run of the profile {profile}, on {words}.")
    if profile == "smoke":
        note += paragraph("This profile shows that every step runs; its numbers are not results.", "note")
    if real:
        note += paragraph("The figures may show photos of the data set, which may not be passed on: keep this page to "
                          "yourself.", "note")  # fmt: skip
    else:
        note += paragraph("These are drawn clothes: the numbers compare methods with each other, not with the paper's "
                          "levels.", "note")  # fmt: skip
    links = "".join(f'<a href="#{slug(name)}">{name}</a>' for name in PARTS)
    parts = "".join(
        f'<section><h2 id="{slug(name)}">{name}</h2>{part(out)}</section>\n' for name, part in PARTS.items()
    )
    return (
        f'<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">\n'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f'<link rel="icon" href="data:,">\n<title>{escape(title)}</title>\n<style>{STYLE}</style></head>\n<body>'
        f"<header><h1>{escape(title)}</h1>"
        f'<p>A replication of <a href="https://openaccess.thecvf.com/content_cvpr_2016/html/'
        f'Liu_DeepFashion_Powering_Robust_CVPR_2016_paper.html">DeepFashion: Powering Robust Clothes Recognition and '
        f"Retrieval with Rich Annotations</a> (Liu et al., CVPR 2016).</p>{note}</header>\n"
        f"<nav>{links}</nav>\n<main>{parts}</main>\n"
        f"<footer>{paragraph('Written by python -m lib.report.page from the tables and figures beside it.', 'soft')}"
        f"</footer></body></html>\n"
    )


def write(out: Path, profile: str, data: str | None = None) -> Path:
    """Write <out>/report.html, see `page`, and return its path."""
    text = page(out, profile, data)
    return write_beside(out / "report.html", lambda part: part.write_text(text, encoding="utf-8"))


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m lib.report.page", description=__doc__.split("\n")[0])
    parser.add_argument("profile", help="name of a folder under outputs/, such as demo or reference/demo")
    profile = parser.parse_args(arguments).profile.strip("/")
    out = ROOT / "outputs" / profile
    if not list(out.glob("tables/*.csv")):
        sys.exit(f"page: {out} holds no table; run ./run_all.sh for it first")
    try:
        print(write(out, Path(profile).name))
    except DataError as error:
        sys.exit(f"page: {error}")


if __name__ == "__main__":
    main(sys.argv[1:])
