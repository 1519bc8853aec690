"""Every measure against another library, a case worked by hand, or a simulation."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from answers import OTHER, make, rng, search_results, value
from sklearn.metrics import top_k_accuracy_score
from squares import blank
from torchmetrics.functional.classification import multiclass_accuracy, multilabel_recall
from torchmetrics.utilities.data import select_topk

from lib import metrics, runs
from lib.methods import FASHIONNET
from lib.report import measures, tables
from lib.report.measures import measure_all
from lib.report.results import Results


def test_chance_by_hand():
    """The gallery's four images hold one of a, two of b, none of c and d: of two answers 1 / 6 have neither of b's."""
    found = [measures.computed(search_results(), "search", k)["chance"] for k in (1, 2, 4, 9)]
    assert found == pytest.approx([(1 / 4 + 2 / 4) / 4, (1 / 2 + 5 / 6) / 4, 2 / 4, 2 / 4])
    other = Results("category_attribute", make(), np.arange(4), {})
    shares = [measures.computed(other, name, k)["chance"] for name in ("category", "attributes") for k in (3, 50)]
    assert shares == [0.5, 1, 0.25, 1]


def test_a_mean_over_labels_keeps_what_a_resample_has_not_drawn():
    values = np.array([[0.2, 0.8, np.nan], [np.nan, 0.6, 0.9]])
    assert measures.mean_of_best(values, 10**6)[0].tolist() == [0.5, 0.4] and measures.mean_of_best(values, 1)[1] == 1
    assert np.isnan(measures.mean_of_best(values[:, 2:], 5)[0]).all()


def test_groups_by_frequency_follow_the_training_labels(found):
    b = found.benchmark
    order = np.argsort(-(b.attributes[b.rows("train")] == 1).sum(0), kind="stable")
    assert set(np.flatnonzero(found.members("ranks 2-4"))) == set(order[1:4])
    table = measure_all(found, ("attributes",))
    parts = table[(table.group == "ranks 1-20") & (table.k == 5)].set_index(["method", "definition"])
    whole = table[(table.group == "all") & (table.k == 5)].set_index(["method", "definition"])
    assert parts.value["m", "micro"] == whole.value["m", "micro"]  # there are twelve
    assert {"prior", "ceiling", "chance"} <= set(table.method)


def scored(scores: np.ndarray, **labels) -> Results:
    """Return results of scores (n, classes) that rank categories or attributes."""
    n, (name, truth) = len(scores), next(iter(labels.items()))
    names = tuple(map(str, range(scores.shape[1])))
    if name == "category":
        b, answers = blank(n, category=truth, category_names=names), {name: metrics.ranked(scores, len(names))}
    else:
        groups, words = np.arange(len(names)) % 5 + 1, {number: f"g{number}" for number in range(1, 6)}
        b = blank(n, attributes=truth, attribute_names=names, attribute_groups=groups, group_names=words)
        answers = {name: metrics.ranked(scores, 20), "attributes_in_group": metrics.ranked_in_groups(scores, groups)}
    return Results(b.name, b, np.arange(n), {"m": [answers]})


@pytest.mark.parametrize("k", [1, 3, 5])
def test_category_accuracy_equals_torchmetrics_and_sklearn(k):
    scores, labels = rng().standard_normal((400, 50)), rng(1).integers(50, size=400)
    r = scored(scores, category=labels)
    theirs = multiclass_accuracy(torch.tensor(scores), torch.tensor(labels), num_classes=50, average="micro", top_k=k)
    assert value(r, "category", "micro", k, "m") == pytest.approx(theirs.item(), abs=1e-6)
    rows = [labels == c for c in set(labels)]
    each = [top_k_accuracy_score(labels[row], scores[row], k=k, labels=np.arange(50)) for row in rows]
    assert value(r, "category", "macro", k, "m") == pytest.approx(np.mean(each))


@pytest.mark.parametrize("k", [2, 5])
def test_attribute_recall_equals_torchmetrics(k):
    scores, labels = rng().standard_normal((300, 40)), np.where(rng(1).random((300, 40)) < 0.1, 1, -1).astype(np.int8)
    r, truth = scored(scores, attributes=labels), torch.tensor(labels == 1).long()
    mask = select_topk(torch.tensor(scores), k).float()
    for group in ("all", "g2"):
        columns = np.flatnonzero(r.members(group))
        theirs = multilabel_recall(mask[:, columns], truth[:, columns], num_labels=len(columns), average="micro")
        assert value(r, "attributes", "micro", k, "m", group) == pytest.approx(theirs.item(), abs=1e-6)
    each = multilabel_recall(mask, truth, num_labels=40, average="none").numpy()
    assert value(r, "attributes", "macro", k, "m") == pytest.approx(each.mean(), abs=1e-6)


def test_accuracy_at_every_k_and_the_difference():
    every = measure_all(search_results(), ("search",))
    table = tables.rows_of(every, "search", "hit").set_index(["group", "method", "k"]).sort_index()
    main, other = table.loc["all", FASHIONNET], table.loc["all", OTHER]
    assert main.value[[1, 2, 3, 50]].tolist() == [0.25, 0.25, 0.5, 0.5]
    assert other.value[[1, 2, 3]].tolist() == [0, 0.25, 0.5]
    assert other.difference[[1, 2, 3]].tolist() == [-0.25, 0, 0] and (main.difference == 0).all()
    assert (table.n == 4).all() and (table.lo <= table.value).all() and (table.value <= table.hi).all()
    assert table.loc["within category", FASHIONNET].value[[1, 2]].tolist() == [0.5, 0.5]
    every = every.set_index(["method", "definition", "group", "k"])
    recall = [every.value[FASHIONNET, "share found", "all", k] for k in (1, 2, 3, 4)]
    assert recall == [0.5, 0.5, 0.75, 1]  # a has one gallery image, b two


def test_the_display_has_the_papers_numbers_for_the_whole_gallery_alone():
    hits = tables.rows_of(measure_all(search_results(), ("search",)), "search", "hit")
    table = tables.retrieval_display(hits, "inshop")
    assert table.loc[("all", FASHIONNET), "paper, top-20"] == "76.4"
    assert table.loc[("all", OTHER), "paper, top-20"] == "67.5"
    assert (table.loc["within category", "paper, top-20"] == tables.DASH).all()
    assert table.loc[("all", FASHIONNET), "top-5, %"].startswith("50.0 ± ")
    assert table.loc[("all", FASHIONNET), "the method is"] == tables.DASH
    assert table.loc[("all", OTHER), "the method is"] == "not told apart"
    alone = tables.retrieval_display(hits.assign(d_lo=np.nan, d_hi=np.nan), "inshop").loc["all", OTHER]  # of one unit
    assert (alone["to fashionnet, points"], alone["the method is"]) == ("+0.0", "cannot be told")
    # At random: the gallery's four images hold one of a, two of b, none of c and d.
    assert table.loc[("all", "chance"), ["top-1, %", "the method is"]].tolist() == ["18.8", tables.DASH]


def test_variations_count_their_own_queries_alone():
    every = measure_all(search_results(), ("variations",))
    table = every[every.method == FASHIONNET].set_index(["group", "k"])
    assert table.value["pose front", 1] == 1 and table.n["pose front", 1] == 1
    assert table.value["pose side", 2] == 0 and table.value["pose side", 3] == 1
    assert table.value["scale zoom-in", 50] == 0 and table.n["scale zoom-in", 50] == 1
    assert table.value["category WOMEN/Dresses", 20] == 1 and table.n["category MEN/Shorts", 20] == 2
    assert table.loc["category MEN/Shorts"].index.tolist() == list(measures.FEW)


def test_pdj_by_hand(landmarks):
    every = measure_all(landmarks, ("landmarks",))
    table = tables.rows_of(every, "landmarks", "PDJ box")
    at = table[table.k == 0.1].set_index(["method", "group"])
    assert at.value[FASHIONNET, "left collar"] == 0.5 and at.value[FASHIONNET, "right collar"] == 1
    assert at.value[OTHER, "left collar"] == 0.75  # the mean of two seeds
    assert at.n[FASHIONNET, "left collar"] == 2 and at.n[FASHIONNET, "right hem"] == 1 and at.n[FASHIONNET, "all"] == 15
    assert at.value[FASHIONNET, "all"] == pytest.approx(14 / 15)
    assert at.difference[OTHER, "all"] == pytest.approx(0.5 / 15) and at.difference[FASHIONNET, "all"] == 0
    assert (table.value[table.k == 0] == 0).all()  # below is strict
    assert list(every.method.unique()) == [FASHIONNET, OTHER, "mean landmark"]
    leads = tables.leads(every).set_index("over")
    assert leads.points[OTHER] == pytest.approx(-100 * 0.5 / 15)


def test_the_file_keeps_other_stages_and_measures(landmarks, tmp_path):
    first = measure_all(landmarks, ("landmarks",))
    measures.save(first, tmp_path)
    measures.save(measure_all(search_results(), ("search",)), tmp_path)
    measures.save(first, tmp_path)  # in place of the earlier rows
    kept = measures.read_table(tmp_path, "measures")
    assert kept.groupby("stage").size()["category_attribute"] == len(first) and "inshop" in set(kept.stage)


def test_a_known_design_leaves_a_guess_within_it(monkeypatch):
    """Design 0 has the items a and b, with one and two gallery images, design 1 all others."""
    numbers = np.array([0, 0, 1, 1, 0, 0, 0, 1])  # of the queries, then of the gallery
    monkeypatch.setattr(runs, "designs", lambda benchmark: numbers)
    known = [measures.computed(search_results(), "search", k)["design known"] for k in (1, 2)]
    assert known == pytest.approx([(1 / 3 + 2 / 3) / 4, (2 / 3 + 1) / 4])


def test_a_single_unit_has_no_interval():
    """All queries are of one item: every resample is the sample, and a width of 0 would look exact."""
    found = search_results()
    same = replace(found, benchmark=replace(found.benchmark, item=np.full(9, "a")))
    for results, known in ((found, True), (same, False)):
        row = measure_all(results, ("search",)).query("method == 'fashionnet' and k == 3 and group == 'all'").iloc[0]
        assert np.isfinite(row.value) and np.isfinite(row.lo) == np.isfinite(row.hi) == known
