"""Copies of results for git: what is copied, what never is, and where it comes from."""

import json

import pytest

from lib.commands import keep


@pytest.fixture
def outputs(tmp_path, monkeypatch):
    monkeypatch.setattr(keep, "OUTPUTS", tmp_path / "outputs")
    return tmp_path / "outputs"


def write_run(folder, data="", files=()):
    cells = [{"cell_type": "code", "metadata": {"tags": ["injected-parameters"]}, "source": f"data = {data!r}\n"}]
    texts = {
        "tables/table2.csv": "method,category\nfashionnet,0.9\n",
        "tables/runs.csv": "method,commit,date,device\na,f00,2026-01-02,CPU\nb,f00,2026-01-02,CPU\nc,bad,2026-01-03,H100\n",
        "figures/table2.png": "bars",
        "figures/fig02.png": "clothes",
        "notebooks/00_data.ipynb": json.dumps({"cells": cells}),
        "runs/inshop/a/model.safetensors": "heavy",
        "notebooks.json": "{}",
        "world/img/a.jpg": "heavy",
        **dict.fromkeys(files, "more"),
    }
    for name, text in texts.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)


def names(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_a_kept_notebook_has_no_progress_bars_and_no_paths_of_one_machine():
    outputs = [{"output_type": "stream", "name": name, "text": [f"{name} /home/me"]} for name in ("stderr", "stdout")]
    picture = {"output_type": "display_data", "data": {"image/png": "x"}, "metadata": {}}
    cells = [{"cell_type": "markdown", "source": "a"}, {"cell_type": "code", "outputs": [*outputs, picture]}]
    kept = json.loads(keep.without_stderr(json.dumps({"cells": cells, "nbformat": 4})))
    assert kept == {"cells": [cells[0], {"cell_type": "code", "outputs": [outputs[1], picture]}], "nbformat": 4}


def test_tables_figures_and_notebooks_replace_the_earlier_copy(outputs, capsys):
    write_run(outputs / "demo", files=["figures/photos_own.png"])
    (outputs / "reference" / "demo" / "tables").mkdir(parents=True)
    (outputs / "reference" / "demo" / "tables" / "old.csv").touch()
    keep.main(["demo"])
    copy = outputs / "reference" / "demo"
    assert names(outputs / "reference") == [
        "demo/figures/photos_own.png",
        "demo/notebooks/00_data.ipynb",
        "demo/provenance.json",
        "demo/tables/runs.csv",
        "demo/tables/table2.csv",
    ]
    assert (copy / "tables" / "table2.csv").read_bytes() == (outputs / "demo" / "tables" / "table2.csv").read_bytes()
    assert capsys.readouterr().out.startswith(
        "5 files, 0.0 MB: outputs/reference/demo\nleft out: fig02.png, table2.png"
    )
    provenance = json.loads((copy / "provenance.json").read_text())
    assert provenance["profile"] == "demo" and provenance["data"] == "the synthetic clothes world"
    assert provenance["runs"] == [
        {"commit": "bad", "date": "2026-01-03", "device": "H100", "rows": 1},
        {"commit": "f00", "date": "2026-01-02", "device": "CPU", "rows": 2},
    ]


@pytest.mark.parametrize("folder, data", [("photos", ""), ("paper_photos", ""), ("paper", "/some/where")])
def test_no_photo_of_a_real_data_set_is_copied(outputs, capsys, folder, data):
    drawn = ["fig07", "fig10a", "fig10a_diagonal", "fig10b", "fig11a", "fig_claims", "loss_curves_ours", "fig08b"]
    photos = ["fig04", "fig08a", "fig09a", "photos_landmarks", "table2.jpg_sheet", "contact_sheet", "fig08b2"]
    write_run(outputs / folder, data, [f"figures/{stem}.png" for stem in drawn + photos])
    keep.main([folder])
    copy = outputs / "reference" / folder
    assert names(copy / "figures") == sorted(f"{stem}.png" for stem in [*drawn, "table2"])
    assert not (copy / "notebooks").exists() and len(names(copy / "tables")) == 2
    out = capsys.readouterr().out
    assert all(f"{stem}.png" in out for stem in [*photos, "fig02"]) and "00_data.ipynb" in out
    assert json.loads((copy / "provenance.json").read_text())["data"] == "a real data set"


def test_what_cannot_be_kept_is_one_sentence(outputs):
    for name in ("demo", "../demo", "reference/demo"):
        with pytest.raises(SystemExit, match="^keep: .* holds no table; run ./run_all.sh"):
            keep.main([name])
    write_run(outputs / "demo", files=["notebooks/03_table2.part.ipynb"])
    with pytest.raises(SystemExit, match="^keep: 03_table2.part.ipynb is the remainder of a failed notebook"):
        keep.main(["demo"])
    (outputs / "demo" / "notebooks" / "03_table2.part.ipynb").unlink()
    (outputs / "demo" / "notebooks" / "01_model.ipynb").write_text('{"cells": [')
    with pytest.raises(SystemExit, match="^keep: .*01_model.ipynb: not a whole notebook"):
        keep.main(["demo"])
    assert not (outputs / "reference").exists()
