"""Losses against cases worked by hand and slow loops."""

import itertools
import math

import pytest
import torch

from lib import losses

NAN = float("nan")
LN2 = math.log(2)


def batch():
    """A batch with a bit of everything in double precision: by loss, what it takes."""
    g = torch.Generator().manual_seed(0)

    def random(*shape):
        return torch.randn(*shape, generator=g, dtype=torch.float64).requires_grad_()

    visibility = torch.randint(-1, 3, (8, 8), generator=g)
    true = torch.where(visibility[..., None] == 0, random(8, 8, 2).detach(), NAN)
    labels = torch.randint(-1, 2, (8, 6), generator=g).to(torch.int8)
    return {
        losses.landmark_loss: (random(8, 8, 2), true, visibility),
        losses.visibility_loss: (random(8, 8, 3), visibility),
        losses.category_loss: (random(8, 5), torch.randint(5, (8,), generator=g).short()),
        losses.attribute_loss: (random(8, 6), labels, *(torch.rand(2, 6, generator=g) + 0.5)),
    }


def test_landmark_loss_by_hand():
    pred = torch.tensor([[[0.0, 0], [1, 1], [5, 5]], [[2, 2], [0, 0], [0, 0]]], requires_grad=True)
    true = torch.tensor([[[3.0, 4], [1, 2], [NAN, NAN]], [[0, 0], [9, 9], [9, 9]]])
    visibility = torch.tensor([[0, 0, -1], [0, 1, 2]])
    # 9 + 16, 0 + 1, 4 + 4 over a batch of 2; the occluded and the cut off one cost nothing
    loss = losses.landmark_loss(pred, true, visibility)
    assert loss.item() == (25 + 1 + 8) / 2
    loss.backward()  # only visible landmarks get a gradient, and NaN poisons none
    assert torch.equal(pred.grad, torch.where(visibility[..., None] == 0, pred.detach() - true, 0))


def test_visibility_loss_by_hand():
    logits = torch.zeros(2, 3, 3)
    logits[1, 0] = torch.tensor([0.0, LN2, 0])  # probabilities 1/4, 1/2, 1/4
    visibility = torch.tensor([[0, 2, -1], [1, -1, -1]])
    expected = (2 * math.log(3) + LN2) / 2  # summed over slots, divided by the batch, not by the 3 known slots
    assert losses.visibility_loss(logits, visibility).item() == pytest.approx(expected)


def test_heatmap_loss_equals_a_slow_loop():
    g = torch.Generator().manual_seed(0)
    logits = torch.randn(2, 3, 4, 5, generator=g, dtype=torch.float64).requires_grad_()
    log_heatmap = logits.flatten(2).log_softmax(2).view(2, 3, 4, 5)  # 4 rows, 5 columns
    true = torch.tensor([[[0.3, 0.9], [0.5, 0.5], [NAN, NAN]], [[1.0, 0], [1.2, 0.5], [0.1, 0.1]]])
    visibility = torch.tensor([[0, 0, 2], [0, 0, 1]])  # one of the visible is outside
    total = 0.0
    for n, j in [(0, 0), (0, 1), (1, 0)]:
        x, y = true[n, j].tolist()
        cells = [(r, c) for r in range(4) for c in range(5)]
        places = [math.exp(-((c + 0.5 - 5 * x) ** 2 + (r + 0.5 - 4 * y) ** 2) / (2 * 1.5**2)) for r, c in cells]
        for (r, c), value in zip(cells, places, strict=True):
            total -= value / sum(places) * log_heatmap[n, j, r, c].item()
    loss = losses.heatmap_loss(log_heatmap, true, visibility)
    assert loss.item() == pytest.approx(total / 2)
    loss.backward()
    assert logits.grad.isfinite().all()
    assert not logits.grad[0, 2].any() and not logits.grad[1, 1:].any()


def test_an_image_without_attribute_labels_adds_nothing():
    labels = torch.tensor([[1, -1, 0], [0, 0, 0]], dtype=torch.int8)
    logits = torch.randn(2, 3, generator=torch.Generator().manual_seed(0), requires_grad=True)
    weights = torch.tensor([1.0, 2.0, 3.0]), torch.tensor([0.5, 0.5, 0.5])
    loss = losses.attribute_loss(logits, labels, *weights)
    assert 2 * loss.item() == pytest.approx(losses.attribute_loss(logits[:1], labels[:1], *weights).item())
    loss.backward()
    assert (logits.grad[0] != 0).all() and (logits.grad[1] == 0).all()
    three = torch.cat([labels, -torch.ones(1, 3, dtype=torch.int8)])
    assert losses.attribute_shares(three).tolist() == [0.5, 0.25, 0.25]  # of two labelled images; 0 counts as a half


def test_the_expected_attribute_loss_is_the_mean_over_all_labels():
    """Against every labelling of three attributes, weighted by its probability."""
    logits, odds = torch.tensor([[0.5, -2.0, 3.0]]), torch.tensor([[0.2, 0.9, 0.0]])
    w_pos, w_neg = torch.tensor([2.0, 1.0, 3.0]), torch.tensor([0.5, 1.5, 0.1])
    mean = 0.0
    for labels in itertools.product((1, -1), repeat=3):
        chance = math.prod(float(p) if label == 1 else 1 - float(p) for label, p in zip(labels, odds[0], strict=True))
        mean += chance * float(losses.attribute_loss(logits, torch.tensor([labels]), w_pos, w_neg))
    assert float(losses.expected_attribute_loss(logits, odds, w_pos, w_neg)) == pytest.approx(mean, rel=1e-5)


def test_attribute_loss_equals_equation_1_with_its_sign():
    logits, labels, w_pos, w_neg = batch()[losses.attribute_loss]
    total = 0.0
    for x, row in zip(logits.tolist(), labels.tolist(), strict=True):
        for j, (logit, label) in enumerate(zip(x, row, strict=True)):
            p = 1 / (1 + math.exp(-logit))
            total += w_pos[j].item() * math.log(p) if label == 1 else w_neg[j].item() * math.log(1 - p)
    loss = losses.attribute_loss(logits, labels, w_pos, w_neg)
    assert loss.item() == pytest.approx(-total / 8)
    loss.backward()
    # Going down the gradient raises positives and lowers the rest; the equation as printed does the reverse.
    assert (logits.grad.sign() == torch.where(labels == 1, -1, 1)).all()


@pytest.mark.parametrize("power", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("A", [3, 20])
def test_attribute_weights_make_the_label_frequencies_cost_one_and_temper_the_ratio(power, A):
    labels = (torch.rand(500, A, generator=torch.Generator().manual_seed(0)) < 0.1).to(torch.int8) * 2 - 1
    w_pos, w_neg = losses.attribute_weights(labels, power)
    positives = (labels == 1).sum(0)
    torch.testing.assert_close(w_pos / w_neg, ((500 - positives) / positives) ** power)
    logits = losses.prior_logits(losses.attribute_shares(labels), w_pos, w_neg).expand(500, A).clone().requires_grad_()
    loss = losses.attribute_loss(logits, labels, w_pos, w_neg)
    assert loss.item() == pytest.approx(1, abs=1e-5)
    loss.backward()  # nothing better exists without an image
    torch.testing.assert_close(logits.grad.sum(0), torch.zeros(A, dtype=logits.dtype), atol=1e-6, rtol=0)


def test_attribute_weights_are_finite_where_all_or_none_have_a_label():
    for labels in ([[1, -1]] * 3, [[0, 0]] * 3, [[1]], [[0]]):
        for power in (0, 0.5, 1):
            weights = torch.stack(losses.attribute_weights(torch.tensor(labels), power))
            assert (weights > 0).all() and weights.isfinite().all()


def slow_triplets(x, items, margin, domain=None):
    """Return Equation 2 by a loop over anchors, positives and negatives."""
    x, items, total = x.tolist(), items.tolist(), 0.0
    domain = None if domain is None else domain.tolist()
    for a in range(len(x)):
        if domain is not None and domain[a] == 0:
            continue  # a shop's image asks for nothing
        others = [i for i in range(len(x)) if i != a and (domain is None or domain[i] == 0)]
        costs = [
            max(0, margin + math.dist(x[a], x[p]) - math.dist(x[a], x[n]))
            for p in others
            for n in others
            if items[p] == items[a] != items[n]
        ]
        total += sum(costs) / max(len(costs), 1)
    return total / len(x)


@pytest.mark.parametrize("domain", [None, torch.tensor([0, 1, 1, 0, 1, 0, 0, 0, 0, 1, 0, 1])])
def test_triplet_loss_equals_a_slow_loop(domain):
    """One item has a single image; across domains one item has consumer images alone."""
    x = torch.randn(12, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    items = torch.tensor([0, 0, 0, 1, 1, 2, 2, 2, 2, 3, 4, 4])
    expected = slow_triplets(x, items, 0.8, domain)
    loss = losses.triplet_loss(x.requires_grad_(), items, 0.8, domain)
    assert expected > 0 and loss.item() == pytest.approx(expected)
    loss.backward()
    assert x.grad.isfinite().all() and x.grad.abs().sum() > 0


SAME = torch.tensor([5.0, 1.0])  # slope and threshold
PAIRWISE = {
    "triplet": lambda x, items, domain=None: losses.triplet_loss(x, items, 0.5, domain),
    "pair": lambda x, items, domain=None: losses.pair_loss(x, items, SAME, domain),
}


@pytest.mark.parametrize(
    "items, domain",
    [([], None), ([1], None), ([1, 1, 1], None), ([1, 2, 3], None), ([1, 1, 2, 2], 0), ([1, 1, 2, 2], 1)],
)
@pytest.mark.parametrize("loss", ["triplet", "pair"])
def test_without_a_triplet_or_a_pair_of_each_kind_the_loss_is_zero_with_a_gradient(loss, items, domain):
    """One image, one item, no item twice, all of one domain."""
    x = torch.rand(len(items), 4, requires_grad=True)
    domain = None if domain is None else torch.full((len(items),), domain)
    value = PAIRWISE[loss](x, torch.tensor(items, dtype=torch.long), domain)
    value.backward()
    assert value.item() == 0 and (x.grad == 0).all()


@pytest.mark.parametrize("loss", ["triplet", "pair"])
def test_collapsed_embeddings_have_finite_gradients(loss):
    x = torch.ones(6, 4, requires_grad=True)
    value = PAIRWISE[loss](x, torch.arange(6) // 2)
    value.backward()
    assert x.grad.isfinite().all() and (loss == "pair" or value.item() == 0.5)


@pytest.mark.parametrize("domain", [None, torch.tensor([0, 1, 1, 0, 1, 0, 0, 0, 1, 1])])
def test_pair_loss_equals_a_slow_loop(domain):
    x = torch.randn(10, 3, generator=torch.Generator().manual_seed(4), dtype=torch.float64)
    items, same = torch.tensor([0, 0, 0, 1, 1, 2, 2, 2, 3, 3]), torch.tensor([1.5, 2.0], dtype=torch.float64)
    costs = {True: [], False: []}
    for a in range(10):
        for b in range(a):
            if domain is None or domain[a] != domain[b]:
                p = 1 / (1 + math.exp(-1.5 * (2.0 - math.dist(x[a].tolist(), x[b].tolist()) ** 2)))
                alike = bool(items[a] == items[b])
                costs[alike].append(-math.log(p if alike else 1 - p))
    assert all(len(c) > 2 for c in costs.values())
    expected = sum(sum(c) / len(c) for c in costs.values()) / 2
    assert losses.pair_loss(x, items, same, domain).item() == pytest.approx(expected)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_half_precision_is_summed_in_float32(dtype):
    for loss, given in batch().items():
        half = [value.to(dtype) if value.dtype == torch.float64 else value for value in given]
        ours = loss(*half)
        assert ours.dtype == torch.float32 and ours.item() == pytest.approx(loss(*given).item(), rel=0.02)
    x = torch.randn(8, 4, generator=torch.Generator().manual_seed(0)).to(dtype).requires_grad_()
    for loss in PAIRWISE.values():
        ours, exact = loss(x, torch.arange(8) // 2), loss(x.detach().double(), torch.arange(8) // 2)
        assert ours.dtype == torch.float32 and ours.item() == pytest.approx(exact.item(), rel=1e-4)
        ours.backward()
        assert x.grad.isfinite().all() and x.grad.abs().sum() > 0


def test_detection_loss_by_hand():
    """One part, a map of 2 x 2: a sharp target in the second cell, right of the first, and one outside the view."""
    log_parts = torch.tensor([[[0.1, 0.4, 0.1, 0.2, 0.2]], [[0.1, 0.2, 0.3, 0.1, 0.3]]]).log()
    true, present = torch.tensor([[[0.75, 0.25]], [[1.5, 0.5]]]), torch.tensor([[True], [True]])
    loss = losses.detection_loss(log_parts, true, present, sigma=0.01)
    assert loss.item() == pytest.approx(-(math.log(0.4) + math.log(0.3)) / 2)
    absent = losses.detection_loss(log_parts, torch.full_like(true, NAN), ~present, sigma=0.01)
    assert absent.item() == pytest.approx(-(math.log(0.2) + math.log(0.3)) / 2)
