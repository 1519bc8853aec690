import math

import pytest
import torch
from torchvision.ops import roi_pool

from lib.landmark_pooling import LandmarkPooling, landmark_pooling, window_corners


def slow_pooling(features, landmarks, gate, window, bins):
    """The obvious loop over images, landmarks, bins and cells."""
    N, C, H, W = features.shape
    L = landmarks.shape[1]
    side = window // bins
    out = features.new_zeros(N, L, C, bins, bins)
    for n in range(N):
        for j in range(L):
            if gate[n, j] == 0:
                continue
            left = math.floor(float(landmarks[n, j, 0]) * W - window / 2 + 0.5)
            top = math.floor(float(landmarks[n, j, 1]) * H - window / 2 + 0.5)
            for a in range(bins):
                for b in range(bins):
                    cells = [
                        features[n, :, y, x]
                        for y in range(top + a * side, top + (a + 1) * side)
                        for x in range(left + b * side, left + (b + 1) * side)
                        if 0 <= y < H and 0 <= x < W
                    ]
                    if cells:
                        out[n, j, :, a, b] = torch.stack(cells).amax(0) * gate[n, j]
    return out.reshape(N, L * C, bins, bins)


def random_case(seed, dtype=torch.float32, shape=(3, 5, 7, 9), landmarks=8):
    g = torch.Generator().manual_seed(seed)
    features = torch.randn(shape, generator=g, dtype=dtype)
    where = torch.rand(shape[0], landmarks, 2, generator=g, dtype=dtype) * 1.6 - 0.3  # some outside the map
    gate = torch.randint(0, 2, (shape[0], landmarks), generator=g).to(dtype)
    return features, where, gate


@pytest.mark.parametrize("window, bins", [(4, 2), (3, 3), (4, 1), (6, 2)])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
def test_equals_the_slow_loop(dtype, window, bins):
    features, landmarks, gate = random_case(0)
    for layout in (torch.contiguous_format, torch.channels_last):  # as a network has it, and as a fit has it
        case = features.to(dtype).contiguous(memory_format=layout), landmarks, gate
        found, expected = landmark_pooling(*case, window, bins), slow_pooling(*case, window, bins)
        torch.testing.assert_close(found, expected, rtol=0, atol=0)


def test_equals_torchvision_roi_pool_forward_and_backward():
    window, bins = 4, 2
    features, landmarks, gate = random_case(0, torch.float64)
    landmarks = landmarks.clamp(0.3, 0.7)  # RoI pooling has no box that hangs over the edge by whole bins
    gate = torch.ones_like(gate)
    N, C, H, W = features.shape
    ours_in = features.clone().requires_grad_()
    ours = landmark_pooling(ours_in, landmarks, gate, window, bins)

    corners = window_corners(landmarks, H, W, window).reshape(-1, 2)
    image = torch.arange(N).repeat_interleave(landmarks.shape[1])
    boxes = torch.cat([image[:, None], corners, corners + window - 1], dim=1).double()  # RoI ends are inclusive
    theirs_in = features.clone().requires_grad_()
    theirs = roi_pool(theirs_in, boxes, bins).reshape(ours.shape)
    torch.testing.assert_close(ours, theirs, rtol=0, atol=0)

    weight = torch.randn(ours.shape, dtype=torch.float64)
    (ours * weight).sum().backward()
    (theirs * weight).sum().backward()
    torch.testing.assert_close(ours_in.grad, theirs_in.grad)


FAR = ([-5.0, 0.5], [0.5, 7.0], [1e30, -1e30])


@pytest.mark.parametrize("gate, places", [(1, FAR), (0, ([0.0, 0.0], [0.5, 0.5], [math.nan, math.nan], *FAR))])
def test_a_landmark_far_outside_or_invisible_gives_zero_and_no_gradient(gate, places):
    features = torch.ones(1, 2, 4, 4, requires_grad=True)
    for where in places:
        pooled = landmark_pooling(features, torch.tensor([[where]]), torch.full((1, 1), float(gate)), 2, 1)
        pooled.sum().backward()
        assert pooled.abs().max() == 0 and features.grad.abs().max() == 0


def test_gradcheck_in_float64():
    features, landmarks, gate = random_case(0, torch.float64, shape=(2, 2, 4, 5), landmarks=3)
    assert torch.autograd.gradcheck(lambda x: landmark_pooling(x, landmarks, gate, 4, 2), (features.requires_grad_(),))


@pytest.mark.parametrize("landmarks, gate", [((2, 8, 3), (2, 8)), ((1, 8, 2), (2, 8)), ((2, 8, 2), (2, 7))])
def test_wrong_shapes_raise(landmarks, gate):
    with pytest.raises(ValueError, match="landmarks"):
        landmark_pooling(torch.zeros(2, 3, 4, 4), torch.zeros(landmarks), torch.zeros(gate), 2, 1)
    with pytest.raises(ValueError, match="multiple"):
        LandmarkPooling(window=5, bins=2)(torch.zeros(1, 1, 4, 4), torch.zeros(1, 1, 2), torch.ones(1, 1))


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_the_gpu_agrees_with_the_cpu():
    case = random_case(5)
    on_gpu = landmark_pooling(*(t.cuda() for t in case), 4, 2).cpu()
    torch.testing.assert_close(on_gpu, landmark_pooling(*case, 4, 2), rtol=0, atol=0)
