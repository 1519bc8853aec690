"""Sources that hold only some labels: each method is trained or skipped with its reason, and what
the notebooks call answers or says what is lacking."""

import json
import re
from dataclasses import replace

import numpy as np
import pytest
import torch
from squares import LABELS, only
from test_train import Bench

from lib import crops, networks, runs, train
from lib.lists import Lacks
from lib.methods import FASHIONNET, METHODS, find
from lib.report import claims, files, results, tables
from lib.report.measures import measure_all

EVERY = [(), *((label,) for label in LABELS), tuple(LABELS)]
NAMES = [", ".join(part) or "nothing" for part in EVERY]


@pytest.mark.parametrize("kept", EVERY, ids=NAMES)
@pytest.mark.parametrize("searches", [False, True])
def test_each_method_is_trained_or_skipped_with_its_reason(squares, search_squares, config, tmp_path, kept, searches):
    """The oracle is the loss itself: a method that is not skipped has one, on a batch of this source's labels."""
    whole = search_squares if searches else squares
    benchmark, config = only(whole, *kept), replace(config, methods=tuple(METHODS))
    plan = runs.make_plan({benchmark.name: benchmark}, config, networks.SHIPPED)
    trained, skipped = plan.methods(benchmark.name), plan.missing[benchmark.name]
    assert sorted([*trained, *skipped]) == sorted(METHODS) and all(skipped.values())
    rows = torch.from_numpy(benchmark.rows("train")[:8])
    view = crops.fixed_view(len(rows), config.input)
    for name in trained:
        bench = Bench(name, benchmark, config, tmp_path)
        labels, images = bench.samples.labels(rows, view), bench.samples.images(rows, view, config.input.view_px)
        with torch.inference_mode():
            out = bench.model.eval()(images, **train.extra_inputs(bench.method, labels))
            assert train.loss_terms(out, labels, bench.weights, 0.2), f"{name} has nothing to learn from {kept}"
    if not kept and not searches:
        assert trained == []


def test_the_data_are_shown_where_all_labels_are_lacking(squares, config, tmp_path, capsys):
    """Notebook 00 on this source; with all labels see the notebook's stored outputs."""
    main = only(squares)
    names = {"benchmarks": {main.name: main}, "main": main, "config": config, "folder": tmp_path, "data": "elsewhere"}
    cells = json.loads((files.ROOT / "notebooks" / "00_data.ipynb").read_text())["cells"]
    sources = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    exec("\n".join(line for line in sources[1].splitlines() if re.match("import|from", line)), names)
    for source in sources[3:]:
        exec(source, names)
    lacks = tables.source_table({main.name: main}).lacks[main.name]
    assert set(LABELS) <= set(lacks.split(", "))
    assert names["frequencies"].empty and names["labels"].empty
    assert [path.stem for path in (tmp_path / "figures").glob("*.png")] == ["photos_views"]


def made_up(benchmark, config):
    """Answers at random of each method that this source can train."""
    rng, stage, rows, answers = np.random.default_rng(0), benchmark.name, benchmark.rows("test"), {}
    n, plan = len(rows), runs.make_plan({stage: benchmark}, config, networks.SHIPPED)
    for name in plan.methods(stage):
        scores = {}
        if benchmark.category is not None:
            scores["category"] = rng.random((n, 3))
        if benchmark.attributes is not None and find(name).attributes != 0:
            scores["attributes"] = rng.random((n, 3))
        if find(name).predicts_landmarks and benchmark.landmarks is not None:
            scores |= {"landmarks": 60 * rng.random((n, 8, 2)), "visibility": rng.random((n, 8, 3))}
        answers[name] = [runs.rank(scores, benchmark, rows)]
    return results.Results(stage, benchmark, rows, answers, plan.missing[stage], None, None)


@pytest.mark.parametrize("kept", EVERY, ids=NAMES)
def test_results_are_shown_or_their_lack_is_said(squares, config, kept):
    """What notebooks 02, 03, 06 and 08 call: no exception but Lacks, with a sentence, and only where it must be."""
    benchmark, config = only(squares, *kept), replace(config, methods=tuple(METHODS))
    benchmarks, measured = {benchmark.name: benchmark}, made_up(benchmark, config)
    if not measured.answers:
        with pytest.raises(Lacks, match="no method of this profile can be trained"):
            results.gather(benchmark.name, runs.make_plan(benchmarks, config, networks.SHIPPED))
        return
    table = measure_all(measured)
    found = set(table.measure[table.method == FASHIONNET])
    assert found == set(kept) - {"joints"}
    tables.beside_paper(table)
    tables.leads(table)
    if "attributes" not in kept:
        with pytest.raises(Lacks, match="no attributes"):
            tables.need(benchmarks, benchmark.name, "attributes")
    else:
        assert len(tables.figure7(measured, [m for m in METHODS if measured.has(m, "attributes")]))
    assert FASHIONNET in measured.answers and measured.first(FASHIONNET) is measured.answers[FASHIONNET][0]
    if "landmarks" in kept:
        assert len(tables.landmark_summary(table))
    else:
        with pytest.raises(Lacks, match="no landmarks"):
            tables.need(benchmarks, benchmark.name, "landmarks")
    evidence = {benchmark.name: measured}
    judged = claims.judge(evidence, claims.doses(evidence, config), drawn=True)
    untold = judged[judged.direction == "not testable here"]
    assert len(judged) == len(claims.CLAIMS) and untold.reason.str.len().gt(0).all()
    assert (judged.group == "in-shop").sum() == (untold.group == "in-shop").sum()


@pytest.mark.parametrize("stage", ["category_attribute", "inshop"])
def test_no_method_is_trained_without_images_and_one_is_enough(squares, search_squares, config, tmp_path, stage):
    whole = squares if stage == "category_attribute" else search_squares
    rows = whole.rows("train")
    gone = replace(whole, split=np.where(np.isin(np.arange(len(whole.split)), rows), "", whole.split))
    plan = runs.make_plan({stage: gone}, config, tmp_path)
    assert plan.runs == () and "no image to train on; list some" in plan.missing[stage]["fashionnet"]
    with pytest.raises(Lacks, match=f"{whole.images_root}: no image to train on"):
        runs.training_rows(stage, gone, 0)
    split = gone.split.copy()
    split[rows[:1] if whole.item is None else rows[whole.item[rows] == whole.item[rows[0]]]] = "train"
    one = replace(gone, split=split)
    assert len(runs.training_rows(stage, one, 0)[0])
    plan = runs.make_plan({stage: one}, replace(config, methods=("fashionnet",)), tmp_path)
    assert runs.train_run(plan, plan.runs[0]).exists()
