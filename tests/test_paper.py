"""The published numbers: complete, and consistent with the paper's own text."""

from lib import paper
from lib.lists import ATTRIBUTE_GROUPS


def test_table2_is_complete():
    assert tuple(paper.TABLE2) == paper.METHODS and len(set(paper.METHODS)) == 7
    for row in paper.TABLE2.values():
        assert tuple(row) == paper.TABLE2_COLUMNS
        assert all(0 < top3 < top5 < 100 for top3, top5 in row.values())


def test_a_row_and_a_column_as_printed():
    row = [
        (82.58, 90.17),
        (37.46, 49.52),
        (39.30, 49.84),
        (39.47, 48.59),
        (44.13, 54.02),
        (66.43, 73.16),
        (45.52, 54.61),
    ]
    column = [43.73, 59.48, 47.38, 57.44, 72.30, 75.34, 82.58]
    assert list(paper.TABLE2["fashionnet"].values()) == row
    assert [paper.TABLE2[method]["category"][0] for method in paper.METHODS] == column


def test_orders_that_the_text_states():
    for k in (0, 1):
        for column in ("category", "all"):
            value = {method: paper.TABLE2[method][column][k] for method in paper.METHODS}
            assert max(value, key=value.get) == "fashionnet"
            assert value["fashionnet+100"] < value["fashionnet+500"] < value["fashionnet"]
            assert value["fashionnet+joints"] < value["fashionnet+poselets"] < value["fashionnet"]
            assert value["wtbi"] < value["darn"] < value["fashionnet"]


def test_every_method_of_figure_8_has_a_number():
    assert set(paper.INSHOP_TOP20) | set(paper.INSHOP_BELOW_FASHIONNET) == set(paper.METHODS)
    assert set(paper.FIGURE7_METHODS) <= set(paper.METHODS)


def test_counts_add_up():
    inshop = {what: release for what, (_, release) in paper.COUNTS["inshop"].items()}
    assert inshop["train images"] + inshop["query images"] + inshop["gallery images"] == inshop["images"]
    assert set(ATTRIBUTE_GROUPS.values()) < set(paper.TABLE2_COLUMNS)


def test_the_style_note_quotes_the_table():
    for value in paper.TABLE2["fashionnet"]["style"]:
        assert f"{value:.2f}" in paper.STYLE_NOTE
    assert paper.FIGURE7_PER_GROUP * len(ATTRIBUTE_GROUPS) == 70
