"""Copies of results for git: what is copied, and what never is."""

import json

import pytest

from lib.commands import keep


@pytest.fixture
def outputs(tmp_path, monkeypatch):
    monkeypatch.setattr(keep, "OUTPUTS", tmp_path / "outputs")
    return tmp_path / "outputs"


def write_run(folder, data='""', notebooks=("03_table2",)):
    cells = [
        {"cell_type": "markdown", "metadata": {}, "source": "a"},
        {"cell_type": "code", "metadata": {"tags": ["injected-parameters"]}, "source": ["b = 1\n", f"data = {data}\n"]},
    ]
    texts = dict.fromkeys([f"notebooks/{name}.ipynb" for name in notebooks], json.dumps({"cells": cells}))
    for name in ("tables/runs.csv", "tables/table2.csv", "figures/table2.png", "figures/photos_own.png"):
        texts[name] = f"the {name}"
    for name in ("runs/inshop/a/model.safetensors", "world/img/a.jpg", "notebooks.json"):
        texts[name] = "heavy"
    for name, text in texts.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)


def names(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_of_drawn_clothes_tables_and_pictures_replace_the_earlier_copy(outputs, capsys):
    for profile, shown in {"study": "figures/table2.png", "demo": "notebooks/03_table2.ipynb"}.items():
        write_run(outputs / profile)
        copy = outputs / "reference" / profile
        (copy / "tables").mkdir(parents=True)
        (copy / "tables" / "old.csv").touch()
        keep.main([profile])
        assert names(copy) == ["figures/photos_own.png", shown, "tables/runs.csv", "tables/table2.csv"]
        assert capsys.readouterr().out == f"{copy}\n"


@pytest.mark.parametrize("data", ['"/some/where"', "'/some/where'", '" "', None])
def test_no_picture_and_no_notebook_of_a_real_data_set_is_copied(outputs, data):
    """Nor of one that does not say what its data were."""
    write_run(outputs / "demo", notebooks=("03_table2",) if data else ())
    if data:
        write_run(outputs / "demo", data, ["09_own_photo"])  # one of its notebooks is enough
    keep.main(["demo"])
    assert names(outputs / "reference" / "demo") == ["tables/runs.csv", "tables/table2.csv"]


def test_a_kept_notebook_has_no_progress_bars_and_no_paths_of_one_machine(tmp_path):
    outputs = [{"output_type": "stream", "name": name, "text": [f"{name} /home/me"]} for name in ("stderr", "stdout")]
    picture = {"output_type": "display_data", "data": {"image/png": "x"}, "metadata": {}}
    cells = [{"cell_type": "markdown", "source": "a"}, {"cell_type": "code", "outputs": [*outputs, picture]}]
    (tmp_path / "a.ipynb").write_text(json.dumps({"cells": cells, "nbformat": 4}))
    keep.copy(tmp_path / "a.ipynb", tmp_path / "kept" / "a.ipynb")
    kept = json.loads((tmp_path / "kept" / "a.ipynb").read_text())
    assert kept == {"cells": [cells[0], {"cell_type": "code", "outputs": [outputs[1], picture]}], "nbformat": 4}


@pytest.mark.parametrize("profile", ["demo", "../demo", "reference/demo", ".."])
def test_what_is_no_run_is_refused_in_one_sentence(outputs, profile):
    (outputs / "reference" / "demo" / "tables").mkdir(parents=True)
    (outputs / "reference" / "demo" / "tables" / "a.csv").touch()
    with pytest.raises(SystemExit, match="^keep: .* holds no table; run ./run_all.sh"):
        keep.main([profile])
    assert (outputs / "reference" / "demo" / "tables" / "a.csv").exists()
