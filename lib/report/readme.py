"""The generated parts of the README, docs/METRICS.md and the results page, from the tables kept in outputs/reference/.

    python -m lib.report.readme

Tests check that these pages show what the tables hold.
"""

import pandas as pd

from lib import networks, paper, photo_network
from lib.artefact import write_beside
from lib.lists import LANDMARKS
from lib.methods import FASHIONNET, METHODS
from lib.report import rungs
from lib.report.claims import RULE_DATE
from lib.report.files import ROOT, read_table, save_figure
from lib.report.measures import printed, words
from lib.report.page import REFERENCES, RUNS, beside, search
from lib.report.tables import DASH, beside_paper, claims_display, rows_of, shown
from lib.runs import SEARCHES

README, PAGE, REFERENCE = ROOT / "README.md", ROOT / "docs" / "METRICS.md", ROOT / "outputs" / "reference"
PROFILES = {
    "study": "the study, two seeds of FashionNet and DARN, one of the others",
    "study_clipped": "the study with clipped gradients, superseded: another seed",
    "first_study": "the first study, superseded: three seeds of fine-tuning",
    "demo": "the demo, one seed",
    "photos": "real photos, one seed",
}
LADDERS = {  # the kept table of each source
    "drawn clothes": "ladder/tables/ladder.csv",
    "real photos": "ladder_photos/tables/ladder.csv",
    "drawn clothes, end to end": "benchmarks/places.csv",
    "real photos, end to end": "benchmarks/places_photos.csv",
}
MAIN, TOP = "category_attribute", paper.RETRIEVAL_TOP_K
HEADLINE = {  # column: stage, measure, definition and k
    "category, top-3": (MAIN, "category", "micro", 3),
    "attributes, top-5": (MAIN, "attributes", "micro", 5),
    f"in-shop, top-{TOP}": ("inshop", "search", "hit", TOP),
    f"consumer-to-shop, top-{TOP}": ("consumer2shop", "search", "hit", TOP),
}
ROOM = (
    "*Of the room*: as a share of what the rival leaves below the ceiling (in the paper: below 100 %); sizes are"
    " judged so where the room is less than the paper's effect. *No room*: the rival leaves too little to tell."
)
START, END = "<!-- {}: written by python -m lib.report.readme, checked by a test -->\n", "<!-- end of {} -->"


def read(profile: str, name: str) -> pd.DataFrame | None:
    """Read one kept table, None where there is none."""
    return read_table(REFERENCE / profile, name)


def kept() -> list[str]:
    """Return the kept profiles."""
    return [profile for profile in PROFILES if read(profile, "measures") is not None]


def markdown(table: pd.DataFrame) -> str:
    """Return a table as Markdown."""
    rows = [[str(cell) for cell in row] for row in table.itertuples(index=False)]
    lines = [list(table.columns), ["---"] * len(table.columns), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


def in_order(columns: dict[str, pd.Series]) -> pd.DataFrame:
    """Return texts by method as a table, methods in the order of all tables, a dash where there is none."""
    table = pd.DataFrame(columns)
    table = table.loc[[method for method in (*METHODS, *REFERENCES) if method in table.index]]
    return table.fillna(DASH).rename_axis("method").reset_index()


def headline(profile: str) -> pd.DataFrame:
    """Return the headline numbers of each method, in per cent: the paper's, then ours ± half a 95 % interval."""
    measured = read(profile, "measures")
    table2 = beside_paper(measured)
    parts = [table2[(table2.column == column) & (table2.k == k)] for column, k in (("category", 3), ("all", 5))]
    parts += [search(measured, stage) for stage in SEARCHES]
    titled = [part.assign(title=title) for title, part in zip(HEADLINE, parts, strict=True)]
    both = beside(pd.concat(titled)).set_index(("", "method"))
    titles = both.columns.get_level_values(0).unique()
    return in_order({f"{title}: {kind}": both[title, kind] for title in titles for kind in ("paper", "here")})


def leads(profile: str) -> pd.DataFrame:
    """Return FashionNet's lead over each other method, in points with its 95 % interval."""
    table, columns = read(profile, "measures"), {}
    for title, (stage, *names) in HEADLINE.items():
        rows = rows_of(table[(table.stage == stage) & (table.method != FASHIONNET)], *names, "all").set_index("method")
        numbers = -100 * rows.loc[rows.index.isin(METHODS), ["difference", "d_hi", "d_lo"]].astype(float)
        texts = [f"{lead:+.1f} [{lo:+.1f}, {hi:+.1f}]" for lead, lo, hi in numbers.itertuples(index=False)]
        if texts:
            columns[title] = pd.Series(texts, numbers.index)
    return in_order(columns).rename(columns={"method": f"{FASHIONNET} over"})


def macro(profile: str) -> pd.Series:
    """Return top-5 attribute recall, averaged over attributes, by method."""
    return shown(rows_of(read(profile, "measures"), "attributes", "macro", 5, "all"))


def frequency(profile: str) -> pd.DataFrame:
    """Return top-5 attribute recall by the rank of an attribute's frequency in training, and the macro mean."""
    rows = rows_of(read(profile, "measures"), "attributes", "micro", 5)
    columns = {group: shown(part) for group, part in rows.groupby("group", sort=False) if group.startswith("ranks ")}
    return in_order(columns | {"macro, all": macro(profile)})


def real_photos() -> pd.DataFrame:
    """Return one row per method on real photos, in per cent: attributes and landmarks of the val photos, then
    categories and search of in-shop's test photos, ± half a 95 % interval where there is one."""
    measured = read("photos", "measures")
    titles = {
        "attributes, top-5, micro": (MAIN, "attributes", "micro", 5),
        "macro": (MAIN, "attributes", "macro", 5),
        "landmarks, PDJ at 0.1": (MAIN, "landmarks", "PDJ box", paper.PDJ_THRESHOLD),
        "category, top-3 (in-shop)": ("inshop", "category", "micro", 3),
        f"in-shop, top-{TOP}": ("inshop", "search", "hit", TOP),
    }
    at = dict(tuple(measured.groupby("stage")))
    return in_order({title: shown(rows_of(at[stage], *names, "all")) for title, (stage, *names) in titles.items()})


def landmarks(profile: str) -> pd.DataFrame:
    """Return PDJ at 0.1 of the box in per cent, one row per method, one column per landmark."""
    rows = rows_of(read(profile, "measures"), "landmarks", "PDJ box", paper.PDJ_THRESHOLD)
    wide = rows.pivot(index="method", columns="group", values="value").loc[rows.method.unique(), ["all", *LANDMARKS]]
    return (100 * wide).map("{:.1f}".format).reset_index()


def claims(profile: str) -> pd.DataFrame:
    """Return the number of claims with each verdict on their direction, then on their size."""
    table = read(profile, "claims")
    verdicts = pd.concat([table.direction, "size: " + table["size"].dropna()])
    return verdicts.value_counts(sort=False).to_frame("claims").T.reset_index(names="")


def rule(profile: str) -> str:
    """Return which rule has judged the kept claims of a profile."""
    table = read(profile, "claims")
    if "rule" in table:
        return f"Judged by the rule of {table.rule[0]}, which `lib/report/claims.py` states."
    return f"Judged by the rule before {RULE_DATE}; its intervals of searches are over items of a few designs."


def claims_full(profile: str) -> pd.DataFrame:
    """Return every claim with its two verdicts, in points, with its p-value and dose where the rule knows them."""
    table = claims_display(read(profile, "claims")).drop(columns="could see")
    return table.assign(reason=table.reason.replace(DASH, ""))


def parts() -> dict[str, str]:
    """Return the README's generated parts by name; its numbers are of the first kept profile."""
    profile = kept()[0]
    about = networks.load(photo_network.FILE)[1]["figures"].items()
    shares = {name: f"{value:.1f}" for name, value in about if name.endswith(("%", "points"))}
    photo = pd.DataFrame({"of validation photos": shares.keys(), "": shares.values()})
    results = headline(profile)
    without_landmarks = [name for name, method in METHODS.items() if method.pool_at in ("", "grid")]
    results = results[results.method.isin([*paper.METHODS, *without_landmarks, *REFERENCES])]
    short = {"method": results.method}
    for title in [name.removesuffix(": here") for name in results if name.endswith(": here")]:
        printed = results[f"{title}: paper"].map(lambda value: "" if value == DASH else f" ({value})")
        short[f"{title} (paper)"] = results[f"{title}: here"] + printed
    results = pd.DataFrame(short)
    results.insert(3, "macro", results.method.map(macro(profile)).fillna(DASH))
    ahead = leads(profile)
    ahead = ahead[ahead[f"{FASHIONNET} over"].isin(results.method)]
    texts = {"results": results, "leads": ahead, "claims": claims(profile), "photo": photo}
    return {name: markdown(table) for name, table in texts.items()}


def definitions() -> dict[str, str]:
    """Return the generated part of docs/METRICS.md: FashionNet's numbers of a kept profile, by every definition."""
    profile, lines = kept()[0], []
    rows = printed(read(profile, "measures"))
    rows = rows[(rows.method == FASHIONNET) & rows.group.isin(("all", "within category"))]
    searched = (rows.measure == "search") & rows.k.isin((1, TOP)) & (rows.stage == "inshop")
    rows = rows[searched | (rows.measure != "search") & (rows.stage == MAIN)]
    for row in rows.itertuples():
        measure, definition = words(row)
        measure = measure.replace("search", "in-shop") + (f", {row.group}" if row.group != "all" else "")
        lines.append((measure, definition, f"{row.value:.3f}" if definition == "NE" else f"{100 * row.value:.1f}"))
    title = f"FashionNet of the {profile}, the mean of its seeds, in per cent; NE in units of the box.\n\n"
    return {"numbers": title + markdown(pd.DataFrame(lines, columns=["measure", "definition", "value"]))}


def results_page() -> str:
    """Return outputs/reference/README.md: every kept profile's headline numbers, landmarks, claims and provenance."""
    out = [
        "# Results\n",
        "Written by `python -m lib.report.readme` from the tables beside it. Intervals are 95 %, over items"
        " (in searches of drawn clothes over designs, except in the first study; for attributes and landmarks of real"
        " photos over photos) and fine-tuning seeds, where there are several.\n",
        "The clothes of study and demo are drawn: compare methods with each other, not with the paper's levels."
        " The study's networks learned more, so that it counts where they disagree."
        " The executed notebooks are the demo's, in [demo/notebooks](demo/notebooks). The measures are"
        " defined in [docs/METRICS.md](../../docs/METRICS.md), the verdicts in"
        " [notebook 08](../../notebooks/08_claims.ipynb), the methods in the [README](../../README.md#results).\n",
    ]
    for profile in kept():
        out += [f"## {PROFILES[profile]}\n", markdown(real_photos() if profile == "photos" else headline(profile))]
        runs = pd.concat([read(profile, name) for name in RUNS])[["commit", "date", "device"]]
        out += ["Runs by commit, date and device:\n", markdown(runs.drop_duplicates())]
        if "landmarks" in set(read(profile, "measures").measure):
            out += ["Landmarks, PDJ at 0.1 of the box, in per cent:\n", markdown(landmarks(profile))]
        by_rank = frequency(profile)
        if "ranks 21-100" in by_rank:
            out += ["Top-5 recall by an attribute's rank in frequency, in per cent:\n", markdown(by_rank)]
        out += [f"Claims, in points. {rule(profile)} {ROOM}\n", markdown(claims_full(profile))]
    out += [
        "## The ladder of places\n",
        "Notebook 10, five seeds on frozen ImageNet maps: attribute recall at top-5 in per cent, then the lead over"
        " *nothing, as many parameters* in points, with all attributes, those near landmarks and the others. The rows"
        " with 4 x 4 cells were added when the other results were known. End to end: networks trained from the images"
        " (`python -m benchmarks.trials places 3`). There all rows read a map in 4 x 4 cells as well, landmarks and"
        " joints are gated by visibility, and *darn*, which is DARN, has no local branch.\n",
        markdown(ladder()),
    ]
    return "\n".join(out)


def ladder() -> pd.DataFrame:
    """Return each rung's attribute recall and lead, a column for each source and place of the attributes."""
    columns = []
    for source, path in LADDERS.items():
        rows = rows_of(pd.read_csv(REFERENCE / path), "attributes", "micro", 5)
        rows = rows[rows.group.isin(("all", rungs.NEAR_LANDMARKS, rungs.ELSEWHERE))]
        columns.append(rungs.leads(rows).rename(columns=lambda name, source=source: f"{source}: {name}"))
    return pd.concat(columns, axis=1).fillna(DASH).rename_axis("local branch pools at").reset_index()


def draw_ladder() -> None:
    """Draw the kept ladders side by side, as far as the README discusses them."""
    table = pd.concat([pd.read_csv(REFERENCE / path).assign(source=source) for source, path in LADDERS.items()])
    left_out = (table.definition == "macro") | (table.stage == "inshop") | table.row.str.contains("gated|listed|darn")
    caption = "The ladder of places. Lead over a network with as many parameters that pools nowhere."
    save_figure(rungs.draw_leads(table[~left_out]), REFERENCE / "ladder", "ladder_both", caption)


def fill(text: str, contents: dict[str, str]) -> str:
    """Return a page's text with its generated parts, each between its marks. Raises ValueError without a mark."""
    for name, content in contents.items():
        first, last = START.format(name), END.format(name)
        head, rest = text.split(first)
        text = head + first + content + last + rest[rest.index(last) + len(last) :]
    return text


def main() -> None:
    pages = {page: fill(page.read_text(), parts) for page, parts in ((README, parts()), (PAGE, definitions()))}
    for page, text in (pages | {REFERENCE / "README.md": results_page()}).items():
        write_beside(page, lambda part, text=text: part.write_text(text))
    draw_ladder()


if __name__ == "__main__":
    main()
