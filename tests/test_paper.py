"""The published numbers: complete, and consistent with the paper's own text."""

from lib import paper


def test_a_row_and_a_column_as_printed():
    row = [(82.58, 90.17), (37.46, 49.52), (39.30, 49.84), (39.47, 48.59)]
    row += [(44.13, 54.02), (66.43, 73.16), (45.52, 54.61)]
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
