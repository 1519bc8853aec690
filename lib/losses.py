"""The paper's losses (Liu et al., CVPR 2016, section 3, Equations 1 and 2).

Each is divided by the batch size, never by a count that depends on the data: the mean of the losses of equal shards,
one per process, is then the loss of the whole batch. Triplets and pairs reach across shards, so several processes must
gather their embeddings first. An empty batch, or one without supervision, gives 0 with a gradient of 0. Half precision
is summed in float32. No loss waits for the device.

Not specified in the paper, chosen here: the scale of `attribute_weights`, and that all triplets of a batch are used.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from lib.lists import VISIBLE


def _wide(values: Tensor) -> Tensor:
    return values.to(torch.promote_types(values.dtype, torch.float32))


def landmark_loss(pred: Tensor, true: Tensor, visibility: Tensor) -> Tensor:
    """Return sum_j || v_j * (l_hat_j - l_j) ||^2, averaged over the batch; v_j is 1 for code 0 (visible), else 0.

    pred, true (N, L, 2) as (x, y) in units of the view, true NaN where not visible; visibility (N, L) codes.
    """
    visible = (visibility == VISIBLE)[..., None]
    # torch.where, not a product: 0 * nan would be nan.
    error = torch.where(visible, _wide(pred) - true, 0)
    return error.square().sum() / max(len(pred), 1)


def heatmap_loss(log_heatmap: Tensor, true: Tensor, visibility: Tensor, sigma: float = 1.5) -> Tensor:
    """Return the cross-entropy of maps and Gaussians at the true locations, which keeps maps peaked; not in the paper.

    Summed over visible landmarks, averaged over the batch. log_heatmap (N, L, H, W) log probabilities; true (N, L, 2)
    as (x, y) in [0, 1] of the map, outside which it adds nothing; visibility (N, L) codes; sigma in cells.
    """
    visible = (visibility == VISIBLE) & ((true >= 0) & (true <= 1)).all(2)
    target = _gaussians(torch.where(visible[..., None], true, 0.5), *log_heatmap.shape[2:], sigma)
    each = -(target * _wide(log_heatmap)).sum((2, 3))
    return torch.where(visible, each, 0).sum() / max(len(true), 1)


def _gaussians(locations: Tensor, H: int, W: int, sigma: float) -> Tensor:
    """Return (N, L, H, W) Gaussians that sum to 1 around locations (N, L, 2) as (x, y) in [0, 1]; sigma in cells."""
    xs = (torch.arange(W, device=locations.device) + 0.5) / W
    ys = (torch.arange(H, device=locations.device) + 0.5) / H
    across = torch.exp(-0.5 * ((xs - locations[..., :1]) * W / sigma) ** 2)
    down = torch.exp(-0.5 * ((ys - locations[..., 1:]) * H / sigma) ** 2)
    target = down[..., :, None] * across[..., None, :]
    return target / target.sum((2, 3), keepdim=True)


def detection_loss(log_parts: Tensor, true: Tensor, present: Tensor, sigma: float = 1.0) -> Tensor:
    """Return the cross-entropy of a part detector, summed over parts, averaged over the batch. Not in the paper.

    log_parts (N, P, H * H + 1) log probabilities of a square map's cells and of "absent"; true (N, P, 2) as (x, y) in
    units of the view, outside which a part is absent; present (N, P) bool. The target is a Gaussian of `sigma` cells.
    """
    side = round((log_parts.shape[2] - 1) ** 0.5)
    present = present & ((true >= 0) & (true <= 1)).all(2)
    target = _gaussians(torch.where(present[..., None], true, 0.5), side, side, sigma).flatten(2)
    log_parts = _wide(log_parts)
    each = torch.where(present, (target * log_parts[..., :-1]).sum(2), log_parts[..., -1])
    return -each.sum() / max(len(true), 1)


def visibility_loss(logits: Tensor, visibility: Tensor) -> Tensor:
    """Return the softmax cross-entropy of each landmark's visibility, summed over landmarks, averaged over the batch.

    logits (N, L, 3) for visible, occluded, cut off; visibility (N, L) codes, of which -1 is left out of the sum.
    """
    codes = visibility.flatten().long()
    return F.cross_entropy(_wide(logits).flatten(0, 1), codes, ignore_index=-1, reduction="sum") / max(len(logits), 1)


def category_loss(logits: Tensor, category: Tensor) -> Tensor:
    """Return the softmax cross-entropy, averaged over the batch. logits (N, K), category (N,) int in 0..K-1."""
    return F.cross_entropy(_wide(logits), category.long(), reduction="sum") / max(len(logits), 1)


def attribute_loss(logits: Tensor, labels: Tensor, w_pos: Tensor, w_neg: Tensor) -> Tensor:
    """Return Equation 1, weighted cross-entropy, summed over attributes as in the paper, averaged over the batch.

    logits (N, A); labels (N, A) in {1, -1, 0}, of which 1 is positive, and a row of zeros adds nothing (but counts in
    N); w_pos, w_neg (A,) of `attribute_weights`, 0 without supervision. The paper's equation lacks the minus sign.
    """
    logits, positive = _wide(logits), labels == 1
    labelled = (labels != 0).any(1, keepdim=True)
    weight = (torch.where(positive, w_pos, w_neg) * labelled).to(logits.dtype)
    total = F.binary_cross_entropy_with_logits(logits, positive.to(logits.dtype), weight, reduction="sum")
    return total / max(len(labels), 1)


def expected_attribute_loss(logits: Tensor, odds: Tensor, w_pos: Tensor, w_neg: Tensor) -> Tensor:
    """Return the mean of `attribute_loss` over labels that are drawn with these probabilities, odds (N, A)."""
    logits = _wide(logits)
    loss = w_pos * odds * F.softplus(-logits) + w_neg * (1 - odds) * F.softplus(logits)
    return loss.sum() / max(len(odds), 1)


def attribute_weights(labels: Tensor, power: float = 1.0) -> tuple[Tensor, Tensor]:
    """Return w_pos and w_neg of Equation 1, (A,) float32 each, from the training split's labels (N, A) in {1, -1, 0}.

    For an attribute that a share p of the images has, w_pos = c * (1 - p)^power and w_neg = c * p^power, power in 0..1:
    at 1 positives and negatives weigh the same in all, at 0 there are no weights. One constant c makes the loss of the
    label frequencies themselves (`prior_logits`) 1: a loss weight then means the same on every source.
    """
    share = attribute_shares(labels)
    w_pos, w_neg = (1 - share) ** power, share**power
    logits = prior_logits(share, w_pos, w_neg)
    c = 1 / -(share * w_pos * F.logsigmoid(logits) + (1 - share) * w_neg * F.logsigmoid(-logits)).sum()
    return (c * w_pos).float(), (c * w_neg).float()


def attribute_shares(labels: Tensor) -> Tensor:
    """Return (A,) float64 shares of the labelled rows of (N, A), at least half a row; zeros are not labelled."""
    labelled = (labels != 0).any(1)
    positive = labels[labelled] == 1
    N = max(1, len(positive))
    return positive.sum(0).double().clamp(0.5, N - 0.5) / N


def prior_logits(share: Tensor, w_pos: Tensor, w_neg: Tensor) -> Tensor:
    """Return (A,), the logits that minimise the weighted cross-entropy where nothing but the shares (A,) is known."""
    return (w_pos * share / (w_neg * (1 - share))).log()


def triplet_loss(embeddings: Tensor, items: Tensor, margin: float, domain: Tensor | None = None) -> Tensor:
    """Return Equation 2, max(0, m + d(x, x+) - d(x, x-)): the mean over an anchor's triplets, averaged over the batch.

    embeddings (N, D), d is their Euclidean distance; items (N,) int. An anchor without a triplet adds 0 and counts in
    N. domain (N,) int, 0 shop and 1 consumer: anchors are then the consumers' images, the others the shops'.
    """
    embeddings = _wide(embeddings)
    N = len(embeddings)
    squared = (embeddings[:, None] - embeddings[None]).square().sum(2)
    distance = squared.clamp_min(1e-12).sqrt()  # the gradient of sqrt at 0 is infinite
    same = items[:, None] == items[None]
    pair = ~torch.eye(N, dtype=torch.bool, device=items.device)
    if domain is not None:
        pair = (domain == 1)[:, None] & (domain == 0)[None]
    positive, negative = same & pair, ~same & pair
    triplet = positive[:, :, None] & negative[:, None, :]  # (anchor, positive, negative)
    each = (margin + distance[:, :, None] - distance[:, None, :]).clamp_min(0)
    per_anchor = torch.where(triplet, each, 0).sum((1, 2)) / triplet.sum((1, 2)).clamp_min(1)
    return per_anchor.sum() / max(N, 1)


def pair_loss(embeddings: Tensor, items: Tensor, same: Tensor, domain: Tensor | None = None) -> Tensor:
    """Return the loss of WTBI's metric network, is a pair of the same item or not, over all pairs of the batch.

    Binary cross-entropy in which each kind of pair carries half the weight. embeddings (N, D); items (N,) int; same
    (2,): slope and threshold, with sigmoid(slope * (threshold - d^2)) the probability of "same". domain as in
    `triplet_loss`: a pair then has one image of each domain. Without a pair of either kind the loss is 0.
    """
    embeddings = _wide(embeddings)
    squared = (embeddings[:, None] - embeddings[None]).square().sum(2)
    pair = torch.ones_like(squared, dtype=torch.bool).triu(1)
    if domain is not None:
        pair &= domain[:, None] != domain[None]
    alike, different = (items[:, None] == items[None]) & pair, (items[:, None] != items[None]) & pair
    logits = same[0] * (same[1] - squared)
    each = F.binary_cross_entropy_with_logits(logits, alike.to(logits.dtype), reduction="none")
    both = alike.any() & different.any()
    means = [torch.where(mask, each, 0).sum() / mask.sum().clamp_min(1) for mask in (alike, different)]
    return torch.where(both, sum(means) / 2, 0 * each.sum())
