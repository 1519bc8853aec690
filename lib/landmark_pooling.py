"""The landmark pooling layer (Liu et al., CVPR 2016, section 3, figure 6).

The layer takes feature maps and estimated landmarks. Responses of invisible landmarks are gated to zero, the region
around each landmark is max-pooled, the maps of all landmarks are stacked, and the error flows back "as RoI pooling".

Not specified in the paper, chosen here:
- a region is a square of `window` whole cells that holds the landmark near its middle (the cell edges nearest to it);
- a region is cut into `bins` x `bins` equal bins, so that the layer equals RoI pooling on the same whole-cell boxes;
- cells outside the map are ignored; a bin that lies wholly outside gives zero;
- no gradient reaches the landmark locations or the gate (RoI pooling has none either).
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn


def window_corners(landmarks: Tensor, height: int, width: int, window: int) -> Tensor:
    """Top-left cells of the regions.

    landmarks: (N, L, 2) as (x, y) in units of the map, 0 at its left or top edge, 1 at its right or bottom edge; any
    finite value is allowed, also outside. Returns (N, L, 2) int64 (column, row); may be negative or beyond the map.
    """
    x, y = landmarks.unbind(-1)
    # Far outside is as good as just outside; the clamps keep the integers small.
    column = torch.floor(x * width - window / 2 + 0.5).clamp(-window, width)
    row = torch.floor(y * height - window / 2 + 0.5).clamp(-window, height)
    return torch.stack([column, row], dim=-1).long()


def landmark_pooling(features: Tensor, landmarks: Tensor, gate: Tensor, window: int, bins: int) -> Tensor:
    """Max-pool `features` around each landmark and gate the result.

    features: (N, C, H, W), any strides and any floating dtype. landmarks: (N, L, 2) as (x, y) in units of the map, see
    `window_corners`. gate: (N, L) in [0, 1], 0 for an invisible landmark (its location may then be anything, NaN too).
    window: side of a region in cells, a multiple of `bins`. Returns (N, L * C, bins, bins) in the dtype of `features`,
    the L local maps stacked along the channels. Raises ValueError for shapes that do not fit.
    """
    N, C, H, W = features.shape
    L = landmarks.shape[1]
    if landmarks.shape != (N, L, 2) or gate.shape != (N, L):
        raise ValueError(
            f"features {tuple(features.shape)} need landmarks (N, L, 2) and a gate (N, L),"
            f" not {tuple(landmarks.shape)} and {tuple(gate.shape)}"
        )
    if window < bins or window % bins:
        raise ValueError(f"window {window} is not a multiple of bins {bins}")
    landmarks = torch.where((gate > 0)[..., None], landmarks.detach(), 0.5)

    corners = window_corners(landmarks, H, W, window)  # (N, L, 2)
    steps = torch.arange(window, device=features.device)
    columns = corners[..., 0, None] + steps  # (N, L, window)
    rows = corners[..., 1, None] + steps
    # A cell outside is read as the nearest one inside: it lies in the same bin, or the bin lies wholly outside.
    cells = rows.clamp(0, H - 1)[..., :, None] * W + columns.clamp(0, W - 1)[..., None, :]  # (N, L, window, window)
    cells = cells + (torch.arange(N, device=features.device) * (H * W))[:, None, None, None]

    # One row of C channels per cell: a region is then a gather of whole rows, and its gradient a scatter of whole rows.
    flat = features.permute(0, 2, 3, 1).reshape(N * H * W, C)
    regions = flat.gather(0, cells.reshape(-1, 1).expand(-1, C))
    regions = regions.reshape(N * L, window, window, C).permute(0, 3, 1, 2)  # channels last, as max_pool2d likes it
    pooled = F.max_pool2d(regions, window // bins).reshape(N, L, C, bins, bins)
    inside = [((at >= 0) & (at < size)).unflatten(2, (bins, -1)).any(3) for at, size in ((rows, H), (columns, W))]
    gate = gate.detach()[..., None, None] * (inside[0][..., :, None] & inside[1][..., None, :])  # (N, L, bins, bins)
    return (pooled * gate[:, :, None].to(pooled.dtype)).reshape(N, L * C, bins, bins)


class LandmarkPooling(nn.Module):
    """`landmark_pooling` as a layer; see there."""

    def __init__(self, *, window: int, bins: int):
        super().__init__()
        self.window = window
        self.bins = bins

    def forward(self, features: Tensor, landmarks: Tensor, gate: Tensor) -> Tensor:
        return landmark_pooling(features, landmarks, gate, self.window, self.bins)
