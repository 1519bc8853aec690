"""The generated parts of the README and of the results page, from the tables kept under outputs/reference/.

    python -m lib.report.readme

A test checks that the README shows what the tables hold.
"""

from pathlib import Path

import pandas as pd

from lib import paper
from lib.artefact import write_beside
from lib.lists import LANDMARKS, DataError
from lib.methods import FASHIONNET, METHODS
from lib.report.page import RUNS
from lib.report.results import ROOT
from lib.report.tables import DASH, plus_minus

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


def headline(profile: str) -> pd.DataFrame:
    """Return the four headline numbers of each method, in per cent: the paper's, then ours ± half a 95 % interval."""
    table2 = read(profile, "table2").set_index("method")
    searches = {name: read(profile, name) for name in ("inshop", "consumer2shop")}
    out = []
    for method in [m for m in METHODS if m in table2.index] + ["ceiling", "prior", "chance"]:
        if method not in table2.index:
            continue
        row, printed = {"method": method}, paper.TABLE2.get(method, {})
        for title, column, k in (("category, top-3", "category", 0), ("attributes, top-5", "all", 1)):
            name = f"{column}_top{(3, 5)[k]}"
            value = plus_minus(*(table2.loc[method].get(f"{name}{end}", float("nan")) for end in ("", "_lo", "_hi")))
            row |= {f"{title}: paper": f"{printed[column][k]:.1f}" if printed else DASH, f"{title}: here": value}
        for title, name in (("in-shop, top-20", "inshop"), ("consumer-to-shop, top-20", "consumer2shop")):
            table = searches[name]
            value = DASH
            if table is not None:
                at = table[(table.method == method) & (table.search == "all") & (table.k == paper.RETRIEVAL_TOP_K)]
                value = plus_minus(*(100 * at[["accuracy", "lo", "hi"]].iloc[0])) if len(at) else DASH
            row |= {f"{title}: paper": _top20(name, method), f"{title}: here": value}
        out.append(row)
    return pd.DataFrame(out)


def _inshop_category(method: str) -> str:
    """Return the top-3 category accuracy on in-shop's test images in per cent, or a dash."""
    table = read("photos", "inshop_categories")
    at = None if table is None else table[(table.get("method") == method) & (table.get("k") == 3)]
    return DASH if at is None or not len(at) else plus_minus(*(100 * at[["micro", "lo", "hi"]].iloc[0]))


def _top20(search: str, method: str) -> str:
    """Return the paper's top-20 accuracy of a method in per cent, or a dash."""
    if search == "inshop":
        main = paper.INSHOP_TOP20[FASHIONNET] if method in paper.INSHOP_BELOW_FASHIONNET else None
        value = paper.INSHOP_TOP20.get(method, main and main - paper.INSHOP_BELOW_FASHIONNET[method])
    else:
        value = paper.CONSUMER2SHOP_TOP20.get(method)
    return DASH if value is None else f"{100 * value:.1f}"


def real_photos() -> pd.DataFrame:
    """Return one row per method on real photos, in per cent: attributes and landmarks of the val photos, then
    categories and search of in-shop's test photos, ± half a 95 % interval where there is one."""
    table2, definitions = read("photos", "table2").set_index("method"), read("photos", "attribute_definitions")
    macro = definitions[(definitions.group == "all") & (definitions.k == 5)].set_index("method").macro
    pdj, search = read("photos", "landmark_summary"), read("photos", "inshop")
    far, found = {}, {}
    if pdj is not None:
        far = dict(zip(pdj.method, 100 * pdj[["PDJ@0.1 box", "lo", "hi"]].to_numpy(), strict=True))
    if search is not None:
        at = search[(search.search == "all") & (search.k == paper.RETRIEVAL_TOP_K)]
        found = dict(zip(at.method, 100 * at[["accuracy", "lo", "hi"]].to_numpy(), strict=True))
    out = []
    for method in [m for m in [*METHODS, "ceiling", "prior"] if m in table2.index]:
        ours = [table2.loc[method].get(f"all_top5{end}", float("nan")) for end in ("", "_lo", "_hi")]
        out.append({
            "method": method,
            "attributes, top-5, micro": plus_minus(*ours),
            "macro": f"{100 * macro[method]:.1f}" if method in macro.index and macro[method] >= 0 else DASH,
            "landmarks, PDJ at 0.1": plus_minus(*far[method]) if method in far else DASH,
            "category, top-3 (in-shop)": _inshop_category(method),
            "in-shop, top-20": plus_minus(*found[method]) if method in found else DASH,
        })  # fmt: skip
    return pd.DataFrame(out)


def landmarks(profile: str) -> pd.DataFrame:
    """Return PDJ at 0.1 of the box in per cent, one row per method, one column per landmark."""
    table = read(profile, "pdj")
    at = table[(table.threshold == paper.PDJ_THRESHOLD) & (table.norm == "box")]
    wide = 100 * at.pivot(index="method", columns="landmark", values="pdj").loc[at.method.unique(), ["all", *LANDMARKS]]
    return wide.map(lambda share: f"{share:.1f}").reset_index()


def claims(profile: str) -> pd.DataFrame:
    """Return the number of claims by direction and group."""
    table = read(profile, "claims")
    counts = pd.crosstab(table.group, table.direction).loc[table.group.unique()]
    counts.loc["all"] = counts.sum()
    return counts.reset_index().rename_axis(columns=None)


def claims_full(profile: str) -> pd.DataFrame:
    """Return every claim with its two verdicts, in points."""
    table = read(profile, "claims").fillna({"paper": float("nan")})
    shown = table[["group", "claim"]].copy()
    shown["paper"] = [DASH if pd.isna(p) else f"{100 * p:+.1f}" for p in table.paper]
    shown["here"] = [
        DASH if pd.isna(r.measured) else f"{100 * r.measured:+.1f} [{100 * r.lo:+.1f}, {100 * r.hi:+.1f}]"
        for r in table.itertuples()
    ]
    shown["direction"], shown["size"] = table.direction, table["size"].fillna(DASH)
    shown["reason"] = table.reason.fillna("")
    return shown


def parts() -> dict[str, str]:
    """Return the README's generated parts by name."""
    kept = [name for name in PROFILES if (REFERENCE / name / "tables" / "table2.csv").exists()]
    if not kept:
        raise DataError(f"{REFERENCE}: no kept results; run python -m lib.commands.keep demo after ./run_all.sh")
    profile = kept[0]
    return {"results": markdown(headline(profile)), "claims": markdown(claims(profile))}


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
        if not (REFERENCE / profile / "tables" / "table2.csv").exists():
            continue
        out += [f"## {title}\n", markdown(real_photos() if profile == "photos" else headline(profile))]
        if read(profile, "runs") is not None:
            runs = pd.concat([read(profile, name) for name in RUNS if read(profile, name) is not None])
            shown = runs[["commit", "date", "device"]].drop_duplicates()
            out += ["Runs by commit, date and device:\n", markdown(shown.astype(str))]
        if read(profile, "pdj") is not None:
            out += ["Landmarks, PDJ at 0.1 of the box, in per cent:\n", markdown(landmarks(profile))]
        if read(profile, "claims") is not None:
            out += ["Claims, in points:\n", markdown(claims_full(profile).astype(str))]
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
