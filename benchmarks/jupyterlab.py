"""Open every notebook in a real JupyterLab in a headless Chromium, run it from top to bottom, and say what a reader sees.

    python benchmarks/jupyterlab.py --out lab              # all notebooks, smoke profile, some minutes
    python benchmarks/jupyterlab.py --out lab --only 01 09

For each notebook: seconds, code cells that ran, cells that failed, headings in the table of contents, pictures that did not load,
outputs wider than their cell, and a screenshot. Exits with 1 where a cell failed or was not run, a picture is broken, an
output is too wide or the table of contents is empty. The notebooks themselves are copies: nothing is saved over them.
"""

import argparse
import base64
import itertools
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from contextlib import contextmanager
from pathlib import Path

import pandas as pd
import websocket

ROOT = Path(__file__).resolve().parents[1]
WIDTH, HEIGHT = 1400, 1000  # of the window, in pixels
OPEN = """new Promise(async resolve => {
    const app = window.jupyterapp;
    await app.restored;
    const panel = await app.commands.execute("docmanager:open", {path: "NAME", factory: "Notebook"});
    await panel.context.ready; await panel.sessionContext.ready;
    window.panel = panel;
    resolve(panel.content.widgets.length);
})"""
RUN = """new Promise(async resolve => {
    await window.jupyterapp.commands.execute("notebook:run-all-cells");
    resolve(true);
})"""
CONTENTS = """(() => {
    const shell = window.jupyterapp.shell;
    shell.activateById("table-of-contents");
    shell.activateById(window.panel.id);
    window.panel.content.activeCellIndex = 0;
    window.panel.content.scrollToItem(0, "start");
})()"""
SEEN = """(() => {
    const model = window.panel.content.model.sharedModel.cells.map(cell => cell.toJSON());
    const code = model.filter(cell => cell.cell_type === "code" && cell.source.length);
    const outputs = [...window.panel.node.querySelectorAll(".jp-OutputArea-output")];
    return {
        cells: code.length,
        ran: code.filter(cell => cell.execution_count).length,
        failed: code.filter(cell => cell.outputs.some(output => output.output_type === "error")).length,
        headings: document.querySelectorAll(".jp-TableOfContents .jp-tocItem").length,
        pictures: outputs.reduce((n, output) => n + output.querySelectorAll("img").length, 0),
        broken: [...window.panel.node.querySelectorAll("img")].filter(image => image.complete && !image.naturalWidth).length,
        wide: outputs.filter(output => output.scrollWidth > output.clientWidth + 1)
            .map(output => `${output.scrollWidth - output.clientWidth} px: ${output.innerText.trim().slice(0, 60)}`),
    };
})()"""


def free_port() -> int:
    with socket.socket() as opened:
        opened.bind(("127.0.0.1", 0))
        return opened.getsockname()[1]


def wait_for(url: str, seconds: float = 60) -> bytes:
    """Return what a local address answers, as soon as it does. Raises TimeoutError after `seconds`."""
    until = time.monotonic() + seconds
    while True:
        try:
            return urllib.request.urlopen(url, timeout=5).read()
        except OSError:
            if time.monotonic() > until:
                raise TimeoutError(f"{url} does not answer") from None
            time.sleep(0.2)


class Page:
    """A tab of Chromium, by its DevTools protocol."""

    def __init__(self, port: int):
        tabs = json.loads(wait_for(f"http://127.0.0.1:{port}/json"))
        address = next(tab["webSocketDebuggerUrl"] for tab in tabs if tab["type"] == "page")
        self.socket = websocket.create_connection(address, timeout=900, suppress_origin=True)
        self.number = itertools.count(1)

    def call(self, method: str, **parameters) -> dict:
        number = next(self.number)
        self.socket.send(json.dumps({"id": number, "method": method, "params": parameters}))
        while (answer := json.loads(self.socket.recv())).get("id") != number:
            pass
        if "error" in answer:
            raise RuntimeError(f"{method}: {answer['error']['message']}")
        return answer["result"]

    def run(self, script: str):
        """Return the value of a JavaScript expression, awaited where it is a promise. Raises RuntimeError where it throws."""
        result = self.call("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        if "exceptionDetails" in result:
            raise RuntimeError(result["exceptionDetails"]["exception"].get("description", script))
        return result["result"].get("value")


@contextmanager
def started(command: list[str], log: Path, **options):
    """Run a program until the block ends."""
    with open(log, "w") as file, subprocess.Popen(command, stdout=file, stderr=file, **options) as process:
        try:
            yield process
        finally:
            process.terminate()


def see(page: Page, address: str, name: str, out: Path) -> dict:
    """Open a notebook in JupyterLab, run it, and return one row of what is seen."""
    page.call("Page.navigate", url=f"{address}/lab?reset")
    until = time.monotonic() + 60
    while not page.run("Boolean(window.jupyterapp)"):
        if time.monotonic() > until:
            raise TimeoutError("JupyterLab did not start")
        time.sleep(0.5)
    page.run(OPEN.replace("NAME", name))
    begin = time.monotonic()
    page.run(RUN)
    seconds = time.monotonic() - begin
    page.run(CONTENTS)
    for kind in ("mousePressed", "mouseReleased"):  # the table of contents is of the notebook that was clicked on
        page.call("Input.dispatchMouseEvent", type=kind, x=700, y=300, button="left", clickCount=1)
    time.sleep(2)  # for the table of contents to be drawn
    row = {"notebook": Path(name).stem, "seconds": round(seconds, 1)} | page.run(SEEN)
    picture = base64.b64decode(page.call("Page.captureScreenshot")["data"])
    (out / f"{Path(name).stem}.png").write_bytes(picture)
    page.run('window.jupyterapp.commands.execute("kernelmenu:shutdown")')
    # Nothing is left to save: JupyterLab would ask before the page is left, and nobody answers.
    page.run("window.panel.context.save = () => {}; window.panel.context.model.dirty = false; true")
    return row


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--out", type=Path, required=True, help="folder of the table, the screenshots and the logs")
    parser.add_argument("--only", nargs="*", help="numbers of notebooks")
    parser.add_argument("--chromium", default=shutil.which("chromium") or shutil.which("google-chrome") or "chromium")
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    names = [path for path in sorted((ROOT / "notebooks").glob("[0-9][0-9]_*.ipynb"))
             if not args.only or path.name[:2] in args.only]  # fmt: skip
    rows, port, debugging = [], free_port(), free_port()
    with tempfile.TemporaryDirectory() as work:
        work = Path(work)
        for path in names:
            notebook = json.loads(path.read_text(encoding="utf-8"))
            for cell in notebook["cells"]:
                if cell["cell_type"] == "code":  # what is seen then was made here
                    cell["outputs"], cell["execution_count"] = [], None
            (work / path.name).write_text(json.dumps(notebook), encoding="utf-8")
        settings = {  # all cells in the page, no question about news
            "notebook-extension/tracker": {"windowingMode": "none"},
            "apputils-extension/notification": {"fetchNews": "false"},
        }
        for name, values in settings.items():
            path = work / "settings" / "@jupyterlab" / f"{name}.jupyterlab-settings"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps(values))
        env = os.environ | {"JUPYTERLAB_SETTINGS_DIR": str(work / "settings"), "JUPYTER_CONFIG_DIR": str(work / "config"),
                            "PYTHONPATH": str(ROOT)}  # fmt: skip
        lab = [sys.executable, "-m", "jupyter", "lab", "--no-browser", "--allow-root", f"--port={port}", "--port-retries=0",
               f"--ServerApp.root_dir={work}", "--IdentityProvider.token=", "--LabApp.expose_app_in_browser=True"]  # fmt: skip
        browser = [args.chromium, "--headless=new", "--no-sandbox", "--disable-gpu", f"--remote-debugging-port={debugging}",
                   f"--user-data-dir={work / 'browser'}", f"--window-size={WIDTH},{HEIGHT}", "about:blank"]  # fmt: skip
        with started(lab, args.out / "jupyterlab.log", env=env), started(browser, args.out / "chromium.log"):
            address = f"http://127.0.0.1:{port}"
            wait_for(f"{address}/api")
            page = Page(debugging)
            page.call("Page.enable")
            page.call("Emulation.setFocusEmulationEnabled", enabled=True)
            for path in names:
                rows.append(see(page, address, path.name, args.out))
                print(rows[-1], flush=True)
    table = pd.DataFrame(rows)
    table.to_csv(args.out / "jupyterlab.csv", index=False)
    bad = table[
        (table.failed > 0)
        | (table.ran < table.cells)
        | (table.broken > 0)
        | (table.wide.str.len() > 0)
        | (table.headings == 0)
    ]
    print(f"{len(table) - len(bad)} of {len(table)} notebooks ran whole and fit their page; screenshots in {args.out}")
    sys.exit(1 if len(bad) else 0)


if __name__ == "__main__":
    main()
