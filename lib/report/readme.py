"""The generated parts of the README and of the results page, from the tables kept under outputs/reference/.

    python -m lib.report.readme

A test checks that the README shows what the tables hold.
"""

from pathlib import Path

import pandas as pd

from lib import networks, paper, photo_network
from lib.artefact import write_beside
from lib.lists import LANDMARKS, DataError
from lib.methods import METHODS
from lib.report.claims import RULE_DATE
from lib.report.page import REFERENCES, RUNS
from lib.report.results import ROOT
from lib.report.tables import DASH, by_frequency, paper_top20, rows_of, shown

REFERENCE = ROOT / "outputs" / "reference"
PROFILES = {
    "study": "the study, three seeds of fine-tuning",
    "demo": "the demo, one seed",
    "photos": "real photos, one seed",
}
START, END = "<!-- {name}: written by python -m lib.report.readme, checked by a test -->\n", "<!-- end of {name} -->"


def read(profile: str, name: str) -> pd.DataFrame | None:
    """Read one kept table, None where there is none."""
    path = REFERENCE / profile / "tables" / f"{name}.csv"
    return pd.read_csv(path) if path.exists() else None


def markdown(table: pd.DataFrame) -> str:
    """Return a table of strings as Markdown."""
    rows = [[str(cell) for cell in row] for row in table.itertuples(index=False)]
    lines = [list(table.columns), ["---"] * len(table.columns), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


def cells(profile: str, stage: str, measure: str, definition: str, k: float, group: str = "all") -> dict[str, str]:
    """Return "value ± half of the interval" in per cent by method, of one measure of a kept profile."""
    rows = read(profile, "measures")
    return shown(rows_of(rows[rows.stage == stage], measure, definition, k, group)).to_dict()


def headline(profile: str) -> pd.DataFrame:
    """Return the headline numbers of each method, in per cent: the paper's, then ours ± half a 95 % interval."""
    main, top = "category_attribute", paper.RETRIEVAL_TOP_K
    titles = {
        "category, top-3": (cells(profile, main, "category", "micro", 3), _printed("category", 0)),
        "attributes, top-5": (cells(profile, main, "attributes", "micro", 5), _printed("all", 1)),
        f"in-shop, top-{top}": (cells(profile, "inshop", "search", "hit", top), paper_top20("inshop")),
        f"consumer-to-shop, top-{top}": (
            cells(profile, "consumer2shop", "search", "hit", top),
            paper_top20("consumer2shop"),
        ),
    }
    out = pd.DataFrame(
        {"method": [m for m in (*METHODS, *REFERENCES) if any(m in here for here, _ in titles.values())]}
    )
    for title, (here, values) in titles.items():
        out[f"{title}: paper"] = [f"{100 * values[m]:.1f}" if m in values else DASH for m in out.method]
        out[f"{title}: here"] = [here.get(m, DASH) for m in out.method]
    return out


def _printed(column: str, place: int) -> dict[str, float]:
    return {method: row[column][place] / 100 for method, row in paper.TABLE2.items()}


def frequency(profile: str) -> pd.DataFrame:
    """Return top-5 attribute recall by the rank of an attribute's frequency in training, and the macro mean."""
    return by_frequency(read(profile, "measures")).reset_index()


def real_photos() -> pd.DataFrame:
    """Return one row per method on real photos, in per cent: attributes and landmarks of the val photos, then
    categories and search of in-shop's test photos, ± half a 95 % interval where there is one."""
    main, top = "category_attribute", paper.RETRIEVAL_TOP_K
    titles = {
        "attributes, top-5, micro": cells("photos", main, "attributes", "micro", 5),
        "macro": cells("photos", main, "attributes", "macro", 5),
        "landmarks, PDJ at 0.1": cells("photos", main, "landmarks", "PDJ box", paper.PDJ_THRESHOLD),
        "category, top-3 (in-shop)": cells("photos", "inshop", "category", "micro", 3),
        f"in-shop, top-{top}": cells("photos", "inshop", "search", "hit", top),
    }
    out = pd.DataFrame({"method": [m for m in (*METHODS, *REFERENCES) if any(m in here for here in titles.values())]})
    for title, here in titles.items():
        out[title] = [here.get(m, DASH) for m in out.method]
    return out


def landmarks(profile: str) -> pd.DataFrame:
    """Return PDJ at 0.1 of the box in per cent, one row per method, one column per landmark."""
    rows = rows_of(read(profile, "measures"), "landmarks", "PDJ box", paper.PDJ_THRESHOLD)
    wide = (
        100 * rows.pivot(index="method", columns="group", values="value").loc[rows.method.unique(), ["all", *LANDMARKS]]
    )
    return wide.map(lambda share: f"{share:.1f}").reset_index()


def claims(profile: str) -> pd.DataFrame:
    """Return the number of claims by group: each direction, then each size."""
    table = read(profile, "claims")
    parts = [pd.crosstab(table.group, table[name]).add_prefix(prefix)
             for name, prefix in (("direction", ""), ("size", "size: "))]  # fmt: skip
    counts = pd.concat(parts, axis=1).fillna(0).astype(int).loc[table.group.unique()]
    counts.loc["all"] = counts.sum()
    return counts.reset_index().rename_axis(columns=None)


def rule(profile: str) -> str:
    """Return which rule has judged the kept claims of a profile."""
    table = read(profile, "claims")
    if "rule" in table:
        return f"Judged by the rule of {table.rule[0]}, which `lib/report/claims.py` states."
    return f"Judged by the rule before {RULE_DATE}; its intervals of searches are over items of a few designs."


def claims_full(profile: str) -> pd.DataFrame:
    """Return every claim with its two verdicts, in points, with its p-value and dose where the rule knows them."""
    table = read(profile, "claims")
    out = table[["group", "claim"]].copy()
    out["paper"] = [DASH if pd.isna(p) else f"{100 * p:+.1f}" for p in table.paper]
    ours = [f"{100 * r.measured:+.1f} [{100 * r.lo:+.1f}, {100 * r.hi:+.1f}]" for r in table.itertuples()]
    out["here"] = table.measured.notna().map({True: "", False: DASH}).where(table.measured.isna(), ours)
    if "p" in table:
        out["p"] = table.p.map("{:.3f}".format).where(table.p.notna(), DASH)
    out["direction"], out["size"] = table.direction, table["size"].fillna(DASH)
    if "dose" in table:
        out["dose"] = table.dose.fillna(DASH)
    out["reason"] = table.reason.fillna("")
    return out


def parts() -> dict[str, str]:
    """Return the README's generated parts by name."""
    kept = [name for name in PROFILES if read(name, "measures") is not None]
    if not kept:
        raise DataError(f"{REFERENCE}: no kept results; run python -m lib.commands.keep demo after ./run_all.sh")
    profile = kept[0]
    about = networks.load(photo_network.FILE)[1]["figures"]
    photo = pd.DataFrame({"of photos held back": about.keys(), "": [f"{value:.1f}" for value in about.values()]})
    return {"results": markdown(headline(profile)), "claims": markdown(claims(profile)), "photo": markdown(photo)}


def results_page() -> str:
    """Return outputs/reference/README.md: every kept profile's headline numbers, landmarks, claims and provenance."""
    out = [
        "# Results\n",
        "Written by `python -m lib.report.readme` from the tables beside it. Intervals are 95 %, over items"
        " (for attributes and landmarks of real photos,"
        " over photos) and fine-tuning seeds.\n",
        "The clothes of study and demo are drawn: compare methods with each other, not with the paper's levels."
        " The study is the"
        " evidence; the demo has one seed, and where they disagree the study counts."
        " The executed notebooks beside it are the demo's. The measures are"
        " defined in [docs/METRICS.md](../../docs/METRICS.md), the verdicts in"
        " [notebook 08](../../notebooks/08_claims.ipynb), the methods in the [README](../../README.md#results).\n",
    ]
    for profile, title in PROFILES.items():
        if read(profile, "measures") is None:
            continue
        out += [f"## {title}\n", markdown(real_photos() if profile == "photos" else headline(profile))]
        if read(profile, "runs") is not None:
            runs = pd.concat([read(profile, name) for name in RUNS if read(profile, name) is not None])
            shown = runs[["commit", "date", "device"]].drop_duplicates()
            out += ["Runs by commit, date and device:\n", markdown(shown.astype(str))]
        if "landmarks" in set(read(profile, "measures").measure):
            out += ["Landmarks, PDJ at 0.1 of the box, in per cent:\n", markdown(landmarks(profile))]
        if read(profile, "claims") is not None:
            out += [f"Claims, in points. {rule(profile)}\n", markdown(claims_full(profile).astype(str))]
    return "\n".join(out)


def fill(text: str, contents: dict[str, str], start: str = START) -> str:
    """Return a page's text with these generated parts, each between its marks. Raises ValueError where a mark is
    absent."""
    for name, content in contents.items():
        first, last = start.format(name=name), END.format(name=name)
        head, rest = text.split(first)
        text = head + first + content + last + rest.split(last, 1)[1]
    return text


def main() -> None:
    readme: Path = ROOT / "README.md"
    text = fill(readme.read_text(), parts())
    write_beside(readme, lambda part: part.write_text(text))
    write_beside(REFERENCE / "README.md", lambda part: part.write_text(results_page()))


if __name__ == "__main__":
    main()
