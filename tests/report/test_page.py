"""The report page: its structure, what it says, hostile names and absent parts."""

import ast
import json
import re
import shutil
from html.parser import HTMLParser
from pathlib import Path

import matplotlib.pyplot as plt
import pandas as pd
import pytest
from PIL import Image

from lib.lists import DataError
from lib.report import files, page
from lib.report.files import ROOT

KEPT = ROOT / "outputs" / "reference" / "study"
NOTEBOOKS = ROOT / "outputs" / "reference" / "demo" / "notebooks"
HOSTILE = '<script>alert("x")</script><img src=x onerror=alert(1)> & \'"'
VOID = {"meta", "link", "img"}


class Page(HTMLParser):
    """Elements with their attributes, the text, and whether all elements are closed in order."""

    def __init__(self, text: str):
        super().__init__()
        self.source, self.elements, self.text, self.open = text, [], "", []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open and self.open.pop() == tag, f"</{tag}> at {self.getpos()}"

    def handle_data(self, data):
        self.text += data if self.open[-1:] != ["style"] else ""

    def named(self, tag: str) -> list[dict]:
        return [attrs for name, attrs in self.elements if name == tag]


@pytest.fixture
def run(tmp_path) -> Path:
    """A copy of the kept study with executed notebooks, which a test may change."""
    shutil.copytree(NOTEBOOKS, tmp_path / "demo" / "notebooks")
    files.save_table(pd.DataFrame({"notebook": ["00_data"], "seconds": [9]}), tmp_path / "demo", "times")
    return Path(shutil.copytree(KEPT, tmp_path / "demo", dirs_exist_ok=True))


@pytest.fixture(scope="module")
def kept() -> Page:
    return Page(page.page(KEPT, "demo", ""))


def test_the_page_is_whole_and_asks_for_nothing(kept):
    text = kept.source
    assert kept.open == []
    tags = {tag for tag, _ in kept.elements}
    assert not tags & {"script", "iframe", "object", "embed", "form", "video"}
    images = kept.named("img")
    assert len(images) == len(list((KEPT / "figures").glob("*.png"))) > 15
    assert all(image["src"].startswith("data:image/png;base64,") and image["alt"] for image in images)
    assert [link["href"] for link in kept.named("link")] == ["data:,"]
    inside = {a["href"] for a in kept.named("a") if a["href"].startswith("#")}
    assert len(inside) == 8 and inside == {f"#{attrs['id']}" for _, attrs in kept.elements if "id" in attrs}
    assert not re.search(r"url\(|@import", text.split("</style>")[0])
    assert {"name": "viewport", "content": "width=device-width, initial-scale=1"} in kept.named("meta")
    for element in ("table", "img"):  # what can be wide scrolls
        assert text.count(f'<div class="scroll" tabindex="0"><{element}') == text.count(f"<{element}") > 4


def test_counts_and_numbers_are_those_of_the_tables(kept):
    claims = pd.read_csv(KEPT / "tables" / "claims.csv")
    for direction in page.DIRECTIONS:
        assert f"{(claims.direction == direction).sum()} {direction}" in kept.text
    for claim in claims.claim:
        assert claim in kept.text
    table = pd.read_csv(KEPT / "tables" / "measures.csv").query("stage == 'category_attribute'")
    table = table.set_index(["method", "measure", "definition", "k"])
    row = 100 * table.loc[[("fashionnet", "category", "micro", 3)], ["value", "lo", "hi"]].iloc[0]
    shown = f"{row.value:.1f} ± {(row.hi - row.lo) / 2:.1f}"
    assert shown + "82.6" in kept.text  # then the paper's
    for commit in pd.read_csv(KEPT / "tables" / "runs.csv").commit:
        assert commit in kept.text


def test_the_best_of_the_papers_methods_is_bold_and_reference_rows_are_grey(kept):
    rows = [("darn", 50.0, 42.2), ("fashionnet", 40.0, 82.6), ("fashionnet-oracle", 99.0, None), ("ceiling", 100, None)]
    part = pd.DataFrame(rows, columns=["method", "ours", "paper"]).assign(lo=39.0, hi=41.0)
    shown = page.beside(pd.concat([part.assign(title="a"), part.drop(index=1).assign(title="b")]), bold=True)
    assert shown["a", "here"].tolist() == ["<b>50.0 ± 1.0</b>", "40.0 ± 1.0", "99.0 ± 1.0", "100.0 ± 1.0"]
    assert shown["a", "paper"].tolist() == ["42.2", "<b>82.6</b>", "–", "–"]  # an upper bound is not the best
    assert shown["b", "here"].tolist()[1] == shown["b", "paper"].tolist()[1] == "–"
    assert page.beside(part.assign(title="a"))["a", "here"].tolist()[0] == "50.0 ± 1.0"
    assert '<tr class="reference"><td>ceiling</td>' in re.sub(r">\s+", ">", kept.source)


def test_names_are_text_and_never_html(run):
    """Of tables, of a notebook, a caption, a figure and the profile."""
    columns = {"claims": "claim", "measures": "method", "runs": "device", "counts": "what", "times": "notebook"}
    for table, column in columns.items():
        path = run / "tables" / f"{table}.csv"
        rows = pd.read_csv(path)
        rows.assign(**{column: rows[column].astype(str) + column + HOSTILE}).to_csv(path, index=False)
    notebook = {"cells": [{"cell_type": "markdown", "source": [f"# {HOSTILE}\n"]}]}
    (run / "notebooks" / "10_\"x'.ipynb").write_text(json.dumps(notebook))
    shutil.copy(run / "figures" / "fig10a.png", run / "figures" / "<b onclick=x>.png")
    files.save_figure(plt.figure(figsize=(1, 1)), run, "fig07", f"{HOSTILE}. {HOSTILE}")
    parsed = Page(page.page(run, HOSTILE, ""))
    assert parsed.open == [] and not parsed.named("script")
    assert all(image["src"].startswith("data:") and "onerror" not in image for image in parsed.named("img"))
    assert not any("onclick" in attrs for _, attrs in parsed.elements)
    assert all(column + HOSTILE in parsed.text for column in columns.values())
    assert "notebooks/10_\"x'.ipynb" in [a["href"] for a in parsed.named("a")]


@pytest.mark.parametrize(
    "file", [*(f"tables/{name}.csv" for name in ("claims", "measures", "counts", "runs")), "figures/fig07.png"]
)
def test_what_is_absent_is_left_out_with_its_reason(run, file):
    (run / file).unlink()
    parsed = Page(page.page(run, "demo", ""))
    reasons = re.findall(r"Left out[^.]*\.[^.]*\.", parsed.text)
    assert any(file.removeprefix("figures/") in reason for reason in reasons), reasons


def test_a_table_that_cannot_be_read_is_named(run):
    (run / "tables" / "claims.csv").write_text("")
    with pytest.raises(DataError, match="claims.csv"):
        page.page(run, "demo", "")


def test_a_figure_says_what_it_was_saved_with(tmp_path):
    caption = "Figure 7, the recall. What – “to see” at 0.1."
    path = files.save_figure(plt.figure(figsize=(4, 1)), tmp_path, "fig07", caption)
    files.save_figure(plt.figure(figsize=(1, 1)), tmp_path, "mine")
    with Image.open(path) as image:
        assert image.info["Description"] == caption
    found = page.figures(tmp_path)
    shown, mine = found["Categories and attributes"]["drawn"][0], found["Other figures"]["drawn"][0]
    assert (shown["title"], shown["sentence"]) == ("Figure 7, the recall", "What – “to see” at 0.1.") and shown["wide"]
    assert (mine["title"], mine["sentence"]) == ("mine", "") and not mine["wide"]
    assert found["Categories and attributes"]["missing"] == ["table2.png"]


def test_every_figure_of_the_notebooks_has_its_place_and_a_caption():
    names, captions = set(), []
    for path in (ROOT / "notebooks").glob("*.ipynb"):
        for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
            source = "".join(cell["source"])
            names |= set(re.findall(r'save_figure\(\w+, folder, "(\w+)"', source))
            if "files.save_figure" in source:
                assigned = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Assign)]
                values = {ast.unparse(node.targets[0]): node.value for node in assigned}
                captions.append(ast.literal_eval(values["caption"]))
    assert names == {name for group in page.FIGURES.values() for name in group}
    assert len(captions) > 5
    for caption in captions:
        title, _, sentence = caption.partition(". ")
        assert len(title) < 40 < len(sentence) and sentence.endswith((".", "?")), caption


@pytest.mark.parametrize(("data", "said"), [("", False), ("/data", True)])
def test_the_data_are_named_and_photos_are_not_passed_on(data, said):
    parsed = Page(page.page(KEPT, "photos", data))
    assert ("may not be passed on" in parsed.text) == ("on a real data set" in parsed.text) == said
    assert ("the synthetic clothes world." in parsed.text) != said


def test_the_page_is_written_whole(run):
    path = page.write(run, "demo", "")
    assert path == run / "report.html" and path.read_text(encoding="utf-8").endswith("</html>\n")
    assert [page.clock(seconds) for seconds in (12.4, 300, 7500)] == ["12 s", "5 min", "2 h 05 min"]
