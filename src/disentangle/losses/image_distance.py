"""Distances between images (M, C, S, S) in [0, 1], one number an image, as pure functions.

All is computed in fp32 or better, under autocast too, and nothing waits for the host.
"""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

WINDOW, SIGMA = 11, 1.5
K1, K2 = 0.01, 0.03


def l1(x: Tensor, y: Tensor) -> Tensor:
    """Return the mean absolute difference of each image or map, (M,)."""
    return (_precise(x) - _precise(y)).abs().flatten(1).mean(1)


def feature_l1(
    x: Tensor, y: Tensor, maps_x: Sequence[Tensor], maps_y: Sequence[Tensor], scales: Sequence[float]
) -> Tensor:
    """Return the perceptual distance of each image, (M,), from what a network makes of both.

    d = mean|x - y| + sum_l mean|phi_l(x) - phi_l(y)| / scale_l

    Shapes: maps (M, C_l, S_l, S_l). Source: Kahana & Hoshen 2022, supplement, all scales 1. Deviation: none.
    """
    terms = (l1(a, b) / scale for a, b, scale in zip(maps_x, maps_y, scales, strict=True))
    return sum(terms, start=l1(x, y))


def multi_scale_l1(x: Tensor, y: Tensor, factors: Sequence[int] = (2, 4)) -> Tensor:
    """Return L1 of the images plus L1 of their means over squares of ``factors`` pixels, (M,)."""
    difference = _precise(x) - _precise(y)
    means = [difference, *(F.avg_pool2d(difference, factor) for factor in factors)]
    return torch.stack([mean.abs().flatten(1).mean(1) for mean in means]).sum(0)


def ssim(x: Tensor, y: Tensor) -> Tensor:
    """Return the structural similarity of each image, (M,), at most 1.

    SSIM = mean (2 m_x m_y + C1)(2 s_xy + C2) / (m_x^2 + m_y^2 + C1)(s_x^2 + s_y^2 + C2), C1 = .01^2, C2 = .03^2

    Means, variances and covariance are weighted by a Gaussian of sigma 1.5 in a window of 11x11 pixels; the mean is
    over the positions where it fits, and over channels. Source: Wang et al. 2004. Deviation: none.
    """
    with torch.autocast(x.device.type, enabled=False):
        x, y = _precise(x), _precise(y)
        window = _window(x)
        mean_x, mean_y, square_x, square_y, product = (
            window @ moment @ window.mT for moment in (x, y, x * x, y * y, x * y)
        )
        both, squares = mean_x * mean_y, mean_x**2 + mean_y**2
        covariance, variances = product - both, square_x + square_y - squares
        c1, c2 = K1**2, K2**2
        return ((2 * both + c1) * (2 * covariance + c2) / ((squares + c1) * (variances + c2))).flatten(1).mean(1)


def multi_scale_ssim(x: Tensor, y: Tensor) -> Tensor:
    """Return the mean of ``ssim`` over the sides S, S / 2, ... that are no smaller than its window, (M,).

    Source: Wang et al. 2003. Deviation: a mean in place of the product of powers, which has no gradient where a
    covariance is negative.
    """
    x, y = _precise(x), _precise(y)
    found = [ssim(x, y)]
    while x.shape[-1] // 2 >= WINDOW:
        x, y = F.avg_pool2d(x, 2), F.avg_pool2d(y, 2)
        found.append(ssim(x, y))
    return torch.stack(found).mean(0)


def _window(x: Tensor) -> Tensor:
    """Return the Gaussian weights (S - 10, S) of each place where the window fits along one side."""
    pixel = torch.arange(x.shape[-1], device=x.device, dtype=x.dtype)
    offset = pixel - pixel[: 1 - WINDOW, None] - WINDOW // 2
    weights = torch.where(offset.abs() <= WINDOW // 2, (-0.5 * (offset / SIGMA) ** 2).exp(), 0)
    return weights / weights.sum(1, keepdim=True)


def _precise(x: Tensor) -> Tensor:
    return x.to(torch.promote_types(x.dtype, torch.float32))
