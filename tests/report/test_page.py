"""The report page: its structure, what it says, hostile names, absent parts, and a real browser where there is one."""

import json
import re
import shutil
import subprocess
from html import escape
from html.parser import HTMLParser
from pathlib import Path

import pandas as pd
import pytest

from lib.lists import DataError
from lib.report import captions, page
from lib.report.results import ROOT

KEPT = ROOT / "outputs" / "reference" / "study"
NOTEBOOKS = ROOT / "outputs" / "reference" / "demo" / "notebooks"
HOSTILE = '<script>alert("x")</script><img src=x onerror=alert(1)> & \'"'
VOID = {"meta", "link", "img"}
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


class Page(HTMLParser):
    """Elements with their attributes, the text, and whether all elements are closed in order."""

    def __init__(self, text: str):
        super().__init__()
        self.elements, self.text, self.open = [], "", []
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
    return Path(shutil.copytree(KEPT, tmp_path / "demo", dirs_exist_ok=True))


def change(run: Path, name: str, edit) -> None:
    table = pd.read_csv(run / "tables" / f"{name}.csv")
    edit(table)
    table.to_csv(run / "tables" / f"{name}.csv", index=False)


@pytest.fixture(scope="module")
def kept() -> Page:
    return Page(page.page(KEPT, "demo"))


def test_the_page_is_whole_and_asks_for_nothing(kept):
    assert kept.open == []
    tags = {tag for tag, _ in kept.elements}
    assert not tags & {"script", "iframe", "object", "embed", "form", "video"}
    images = kept.named("img")
    assert len(images) == len(list((KEPT / "figures").glob("*.png"))) > 15
    assert all(image["src"].startswith("data:image/png;base64,") and image["alt"] for image in images)
    assert [link["href"] for link in kept.named("link")] == ["data:,"]
    assert not re.search(r"url\(|@import", page.STYLE)
    assert {"name": "viewport", "content": "width=device-width, initial-scale=1"} in kept.named("meta")


def test_links_lead_to_parts_of_the_page_and_to_notebooks_beside_it(kept):
    ids = {attrs["id"] for _, attrs in kept.elements if "id" in attrs}
    targets = [a["href"] for a in kept.named("a")]
    inside = [t[1:] for t in targets if t.startswith("#")]
    assert inside and set(inside) <= ids
    beside = [t for t in targets if t.startswith("notebooks/")]
    assert sorted(beside) == sorted(f"notebooks/{path.name}" for path in (KEPT / "notebooks").glob("*.ipynb"))


def test_all_that_can_be_wide_is_in_a_box_that_scrolls():
    text = page.page(KEPT, "demo")
    assert text.count('<div class="scroll" tabindex="0"><table>') == text.count("<table>") > 4
    assert text.count('<div class="scroll" tabindex="0"><img ') == text.count("<img ") > 15


def test_counts_and_numbers_are_those_of_the_tables(kept):
    claims = pd.read_csv(KEPT / "tables" / "claims.csv")
    for direction in page.DIRECTIONS:
        assert f"{(claims.direction == direction).sum()} {direction}" in kept.text
    for claim in claims.claim:
        assert claim in kept.text
    table = pd.read_csv(KEPT / "tables" / "table2.csv").set_index("method")
    low, high = table.loc["fashionnet", ["category_top3_lo", "category_top3_hi"]]
    assert (
        f"{table.loc['fashionnet', 'category_top3']:.1f} ± {(high - low) / 2:.1f}82.6" in kept.text
    )  # then the paper's
    for commit in pd.read_csv(KEPT / "tables" / "runs.csv").commit:
        assert commit in kept.text


def test_the_best_of_the_papers_methods_is_bold(run):
    def edit(table):
        table.loc[(table.column == "category") & (table.k == 3), ["ours", "lo", "hi"]] = [1.0, 0.5, 1.5]
        for method, value in (("darn", 50.0), ("fashionnet-oracle", 99.0)):  # an upper bound is not the best
            table.loc[
                (table.method == method) & (table.column == "category") & (table.k == 3), ["ours", "lo", "hi"]
            ] = value

    change(run, "table2_paper", edit)
    text = page.table2(run)
    assert "<b>50.0</b>" in text and "<b>99.0</b>" not in text and "<td>99.0</td>" in text
    assert '<td class="paper"><b>82.6</b></td>' in text


@pytest.mark.parametrize(
    "table, column",
    [("claims", "claim"), ("claims", "group"), ("claims", "reason"), ("claims", "direction"), ("table2_paper", "method"),
     ("table2_paper", "column"), ("inshop", "method"), ("landmark_summary", "method"), ("runs", "device"),
     ("runs", "commit"), ("counts", "what"), ("times", "notebook"), ("variations", "value"), ("pdj", "landmark")],
)  # fmt: skip
def test_names_are_text_and_never_html(run, table, column):
    change(run, table, lambda t: t.__setitem__(column, t[column].astype(str) + HOSTILE))
    parsed = Page(page.page(run, "demo"))
    assert parsed.open == [] and not parsed.named("script")
    assert all(image["src"].startswith("data:") and "onerror" not in image for image in parsed.named("img"))
    assert HOSTILE.lower() in parsed.text.lower()


def test_a_hostile_title_profile_and_file_name_are_text(run):
    notebook = {"cells": [{"cell_type": "markdown", "source": [f"# {HOSTILE}\n"]}]}
    (run / "notebooks" / "10_\"x'.ipynb").write_text(json.dumps(notebook))
    shutil.copy(run / "figures" / "pooling.png", run / "figures" / "<b onclick=x>.png")
    parsed = Page(page.page(run, HOSTILE))
    assert parsed.open == [] and not parsed.named("script") and parsed.text.count(HOSTILE) == 4
    assert "notebooks/10_\"x'.ipynb" in [a["href"] for a in parsed.named("a")]
    assert not any("onclick" in attrs for _, attrs in parsed.elements)


@pytest.mark.parametrize(
    "file, said",
    [("tables/claims.csv", "tables/claims.csv"), ("tables/table2.csv", "Table 2"), ("tables/inshop.csv", "the in-shop"),
     ("tables/consumer2shop.csv", "the consumer-to-shop"), ("tables/landmark_summary.csv", "landmark_summary"),
     ("tables/counts.csv", "tables/counts.csv"), ("tables/runs.csv", "tables/runs.csv"), ("figures/fig07.png", "fig07.png")],
)  # fmt: skip
def test_what_is_absent_is_left_out_with_its_reason(run, file, said):
    (run / file).unlink()
    parsed = Page(page.page(run, "demo"))
    reasons = re.findall(r"Left out[^.]*\.[^.]*\.", parsed.text)
    assert any(said in reason and re.search(r"0\d_", reason) for reason in reasons), reasons
    assert parsed.open == []


def test_a_run_with_nothing_but_one_table_has_a_page(tmp_path):
    (tmp_path / "tables").mkdir()
    shutil.copy(KEPT / "tables" / "counts.csv", tmp_path / "tables")
    parsed = Page(page.page(tmp_path, "demo", ""))
    assert parsed.open == [] and "289,222" in parsed.text and not parsed.named("img")


@pytest.mark.parametrize(("file", "content"), [("tables/claims.csv", ""), ("figures/fig07.png", "no picture"),
                                               ("notebooks/00_data.ipynb", "{}")])  # fmt: skip
def test_damaged_files_are_named(run, file, content):
    (run / file).write_text(content)
    with pytest.raises(DataError, match=Path(file).name):
        page.page(run, "demo")


def test_every_figure_of_the_notebooks_has_a_sentence():
    names = set()
    for path in (ROOT / "notebooks").glob("*.ipynb"):
        for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
            names |= set(re.findall(r'save_figure\(\w+, folder, "(\w+)"\)', "".join(cell["source"])))
    described = {name: caption for group in captions.FIGURES.values() for name, caption in group.items()}
    assert names and described.keys() == names
    for name, caption in described.items():
        assert caption.sentence.endswith((".", "?")) and len(caption.sentence) > 40, name
        assert (ROOT / "notebooks" / f"{caption.notebook}.ipynb").exists(), name


def test_findings_are_computed(run):
    def best(table):
        table.loc[table.method == "darn", "category_top3"] = 99.5
        table.loc[table.method == "wtbi", "all_top5"] = 98.5

    change(run, "table2", best)
    change(
        run, "inshop", lambda t: t.__setitem__("accuracy", t.method.map({"wtbi": 0.9, "fashionnet": 0.5}).fillna(0.1))
    )
    change(run, "fig07_leads", lambda t: t.__setitem__("ahead", 3))
    found = {
        name: captions.finding(name, lambda table: page.read(run, table))
        for g in captions.FIGURES.values()
        for name in g
    }
    assert found["table2"].startswith(
        "Here darn leads categories at top-3 (99.5 %) and wtbi leads attributes at top-5 (98.5 %)."
    )
    assert "wtbi finds most (90.0 %)" in found["fig08b"] and "fashionnet is number 2 of 7" in found["fig08b"]
    assert found["fig07"].startswith("Here it is ahead on 15,")
    assert "Claims about it: 1 " in found["fig07"]
    assert found["fig02"] == ""
    assert set(captions.finding(name, lambda table: None) for name in found) == {""}


def test_the_data_are_named_and_photos_are_not_passed_on(tmp_path):
    assert page.source(KEPT, None) == ("the synthetic clothes world", False)
    assert page.source(tmp_path, None)[1] and page.source(tmp_path, "/data")[1]
    assert not page.source(tmp_path, "")[1]
    (tmp_path / "world").mkdir()
    assert not page.source(tmp_path, None)[1]
    assert "may not be passed on" in page.page(tmp_path, "photos", "/data")
    assert "may not be passed on" not in page.page(tmp_path, "demo", "")


@pytest.mark.parametrize(("seconds", "said"), [(12.4, "12 s"), (300, "5 min"), (7500, "2 h 05 min")])
def test_durations(seconds, said):
    assert page.clock(seconds) == said


def test_the_page_is_written_whole(run, monkeypatch):
    path = page.write(run, "demo")
    assert path == run / "report.html" and path.read_text(encoding="utf-8").endswith("</html>\n")
    monkeypatch.setattr(page, "ROOT", run.parent)
    with pytest.raises(SystemExit, match="holds no table"):
        page.main(["nothing"])
    (run.parent / "outputs").mkdir()
    shutil.move(run, run.parent / "outputs" / "demo")
    page.main(["demo"])
    assert (run.parent / "outputs" / "demo" / "report.html").exists()


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")
def test_in_a_browser_of_a_phones_width(tmp_path):
    """At 390 px nothing scrolls sideways but the boxes, all pictures are drawn, and the console stays silent."""
    # A window is never narrower than 500 px: the page is opened in a frame of a phone's width.
    frame = f'<iframe width="390" height="844" style="border:0" srcdoc="{escape(page.page(KEPT, "demo"))}"></iframe>'
    look = (
        "<script>addEventListener('load', () => { const inside = document.querySelector('iframe').contentWindow;"
        "const root = inside.document, broken = [...root.images].filter(image => !image.naturalWidth).length;"
        "document.title = [inside.innerWidth, root.documentElement.scrollWidth, root.images.length, broken].join(' ');"
        "});</script>"
    )
    path = tmp_path / "report.html"
    path.write_text(f'<!DOCTYPE html><title></title><link rel="icon" href="data:,">{frame}{look}', encoding="utf-8")
    command = [CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--enable-logging=stderr",
               f"--user-data-dir={tmp_path / 'user'}", "--dump-dom", path.as_uri()]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    width, scroll, images, broken = map(int, re.search(r"<title>([\d ]+)</title>", done.stdout).group(1).split())
    assert width == 390 and scroll <= 390
    assert images > 15 and broken == 0
    assert "CONSOLE" not in done.stderr
