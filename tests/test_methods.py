"""The table of methods: what each row means, which labels supervise it, and which sources can train it."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from squares import LABELS, only

from lib import networks, train
from lib.methods import METHODS, Method, find, missing, supervised

JOINTLY, DARN = ("fashionnet+joints", "fashionnet+poselets"), ("darn", "darn-one-stream")
ALL = (*LABELS, "item")


def with_labels(benchmark, *names):
    """Return a benchmark that has these labels alone."""
    items = np.array([f"id_{i // 4}" for i in range(len(benchmark.image))]) if "item" in names else None
    return replace(only(benchmark, *names), item=items)


def test_the_oracle_alone_reads_true_landmarks(squares, config):
    labels = {"landmarks": torch.rand(3, 8, 2), "visibility": torch.tensor([[0, 1, 2, 0, 0, 1, 2, 0]] * 3)}
    labels["landmarks"][0, 1] = torch.nan
    labels |= {"domain": torch.zeros(3, dtype=torch.long), "category": torch.zeros(3), "item": torch.zeros(3)}
    for name, method in METHODS.items():
        expected = ({"fashionnet-oracle": {"pool_at"}} | dict.fromkeys(DARN, {"domain"})).get(name, set())
        assert set(train.extra_inputs(method, labels)) == expected, name
    places, gate = train.extra_inputs(METHODS["fashionnet-oracle"], labels)["pool_at"]
    assert places.isfinite().all() and torch.equal(gate, (labels["visibility"] == 0).float())
    assert torch.equal(places[1:], labels["landmarks"][1:])


def test_the_most_frequent_attributes_of_the_training_rows_supervise(squares, monkeypatch):
    """By hand: 5, 2, 2, 3 and 0 positives among the training rows; of equal ones the first counts."""
    assert [METHODS[f"fashionnet+{number}"].attributes for number in (100, 500)] == [100, 500]
    labels = -np.ones((24, 5), np.int8)
    rows = np.arange(0, 24, 2)
    for column, count in enumerate((5, 2, 2, 3, 0)):
        labels[rows[:count], column] = 1
    labels[1::2, 4] = 1  # frequent in other rows alone
    labels[rows[5:], 4] = 0  # unknown is no positive
    benchmark = replace(squares, attributes=labels, attribute_names=tuple("abcde"))
    for number, expected in [(0, ""), (1, "a"), (2, "ad"), (3, "abd"), (4, "abcd"), (5, "abcde"), (9, "abcde")]:
        monkeypatch.setitem(METHODS, "some", Method("some", "", attributes=number))
        mask = supervised("some", benchmark, rows)
        assert mask.dtype == bool and "".join(n for n, m in zip("abcde", mask, strict=True) if m) == expected
    assert supervised("fashionnet", benchmark, rows).all() and supervised("wtbi", benchmark, rows).all()
    assert supervised("fashionnet", replace(squares, attributes=None), rows) is None


# labels -> the methods that can be trained; none of those that choose among attributes: there are three
SPELLED_OUT = [
    ((), ()),
    (("landmarks",), ("fashionnet", "fashionnet-heatmap", "fashionnet-joint", "fashionnet-oracle")),
    (("category",), ("wtbi", *DARN, "fashionnet", "fashionnet-global", "fashionnet-grid")),
    (("item",), ("wtbi", *DARN, "fashionnet", "fashionnet-global", "fashionnet-grid")),
    (("joints",), ()),
    (("category", "joints"), ("wtbi", *DARN, *JOINTLY, "fashionnet", "fashionnet-global", "fashionnet-grid")),
    (ALL, tuple(name for name in METHODS if name not in ("fashionnet+100", "fashionnet+500"))),
    (("category", "attributes", "landmarks"), ("wtbi", *DARN, "fashionnet", "fashionnet-heatmap", "fashionnet-noattr",
                                               "fashionnet-joint", "fashionnet-global", "fashionnet-grid",
                                               "fashionnet-oracle")),
]  # fmt: skip


@pytest.mark.parametrize("labels, expected", SPELLED_OUT)
def test_sources_spelled_out(labels, expected, squares):
    benchmark = with_labels(squares, *labels)
    got = {name for name in METHODS if not missing(name, benchmark)}
    assert got == set(expected)


def test_reasons(squares):
    everything = with_labels(squares, *ALL)
    landmarks, plain = with_labels(squares, "landmarks"), with_labels(squares, "category", "attributes", "landmarks")
    assert missing("fashionnet+100", everything) == "at most 3 attributes: it would equal FashionNet"
    assert missing("fashionnet+100", everything, attributes=101) == ""
    assert missing("fashionnet+100", everything, attributes=100).startswith("at most 100")
    assert missing("fashionnet+joints", everything, joints=False) == "needs joints, which this data set lacks"
    assert missing("fashionnet+poselets", plain) == "needs joints, which this data set lacks"
    assert missing("fashionnet+poselets", plain, joints=True) == ""
    assert missing("joints", plain) and not missing("joints", everything)
    assert missing("fashionnet-noattr", landmarks) == "needs attributes, which this data set lacks"
    assert missing("fashionnet-noattr", landmarks, attributes=1000) == ""
    assert missing("fashionnet-oracle", with_labels(squares, "category")).startswith("needs landmarks")
    assert missing("darn", landmarks).startswith("needs categories, attributes or items")


def test_a_method_is_one_row_whatever_its_name(squares, config, monkeypatch):
    """An underscore in a name, or a thirteenth method, changes nothing for the others."""
    monkeypatch.setitem(METHODS, "my_net", Method("my_net", "", pool_at="", attributes=0))
    assert find("my_net").losses == ("category", "triplet") and missing("my_net", squares) == ""
    assert not supervised("my_net", squares, squares.rows("train")).any()
    assert networks.build(find("my_net"), squares, config, 0).attributes is None
