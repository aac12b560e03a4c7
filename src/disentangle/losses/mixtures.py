"""Mixtures of normals that are estimated from labelled codes: what a value of a factor looks like in a partition.

P partitions of a code have d dimensions each; partition p has a component for each of its V values (padded to the most
that any has). Source: Valenti & Bacciu 2022, section 3. All is computed in fp32 or better, under autocast too.
"""

import math
from typing import NamedTuple

import torch
from torch import Tensor

SMALLEST_VARIANCE = 1e-8
"""Of any direction, so that codes that have collapsed to a point still have a density."""
SMALLEST_RIDGE = 1e-6
"""What keeps a covariance of fewer codes than dimensions regular in float64."""


class Mixture(NamedTuple):
    """Components N(mean, L L^T); those of values without a label are not known: never drawn, never told."""

    mean: Tensor
    """(P, V, d)."""
    factor: Tensor
    """L (P, V, d, d), lower triangular."""
    whitening: Tensor
    """L^-1 (P, V, d, d)."""
    known: Tensor
    """(P, V) bool."""


def estimate(codes: Tensor, component: Tensor, values: int, scale: float, ridge: float) -> Mixture:
    """Return the mixture of labelled codes (N, P, d), of which each is of a ``component`` (N, P) below ``values``.

    mean_v is the mean of the n_v codes of a value, its covariance scale S_v + ridge m I, with S_v the sample
    covariance (over n_v - 1) and m the mean of the diagonals of the S_v. A value with one code has the mean of the
    partition's S_v for its own, or, where none has two, the covariance of all its codes.
    Source: Valenti & Bacciu 2022, section 3 (sample mean and covariance). Deviation: ``scale``, 0.1 in the released
    code of the authors' earlier paper, sets components apart; ``ridge`` makes those of fewer codes than dimensions
    regular, and is SMALLEST_RIDGE at least. Codes that are not finite, of a training that has diverged, make components
    that are not either. Computed in float64 on the CPU, once a training.
    """
    count, parts, size = codes.shape
    z = codes.detach().cpu().double().transpose(0, 1)
    of = component.cpu().T + values * torch.arange(parts)[:, None]  # (P, N), one number a component of any partition

    def summed(rows: Tensor) -> Tensor:
        found = torch.zeros(parts * values, *rows.shape[2:], dtype=rows.dtype)
        return torch.unflatten(found.index_add_(0, of.flatten(), rows.flatten(0, 1)), 0, (parts, values))

    counts = summed(torch.ones(parts, count, dtype=torch.float64))
    mean = summed(z) / counts.clamp(min=1)[..., None]
    within = z - mean.flatten(0, 1)[of]
    covariance = summed(within[..., None] * within[..., None, :]) / (counts - 1).clamp(min=1)[..., None, None]
    several = (counts > 1).double()[..., None, None]
    whole = z - z.mean(1, keepdim=True)
    everything = whole.mT @ whole / max(count - 1, 1)
    pooled = (covariance * several).sum(1) / several.sum(1).clamp(min=1)
    pooled = torch.where(several.sum(1) > 0, pooled, everything)
    covariance = torch.where(several > 0, covariance, pooled[:, None])
    spread = pooled.diagonal(dim1=1, dim2=2).mean(1)
    floor = (max(ridge, SMALLEST_RIDGE) * spread).clamp(min=SMALLEST_VARIANCE)[:, None, None, None]
    eye = torch.eye(size, dtype=torch.float64)
    regular = scale * covariance + floor * eye
    factor = torch.linalg.cholesky(regular) if regular.isfinite().all() else torch.full_like(regular, torch.nan)
    whitening = torch.linalg.solve_triangular(factor, eye.expand_as(factor), upper=False)
    return Mixture(mean.to(codes), factor.to(codes), whitening.to(codes), (counts > 0).to(codes.device))


def sample(mixture: Mixture, component: Tensor, noise: Tensor) -> Tensor:
    """Return mean_c + L_c noise (M, P, d) for components c (M, P) and standard normal noise (M, P, d)."""
    part = torch.arange(component.shape[1], device=component.device)
    with torch.autocast(noise.device.type, enabled=False):
        return mixture.mean[part, component] + (mixture.factor[part, component] @ noise[..., None]).squeeze(-1)


def log_density(mixture: Mixture, z: Tensor) -> Tensor:
    """Return log N(z_p; mean_pv, L_pv L_pv^T), (M, P, V), of codes (M, P, d); -inf of components that are not known.

    -(|L^-1 (z - mean)|^2 + d log 2 pi) / 2 - sum_i log L_ii
    """
    apart = z[:, :, None] - mixture.mean
    with torch.autocast(z.device.type, enabled=False):
        distance = torch.einsum("pvij,mpvj->mpvi", mixture.whitening, apart).square().sum(-1)
    logdet = mixture.factor.diagonal(dim1=-2, dim2=-1).log().sum(-1)
    density = -0.5 * (distance + z.shape[-1] * math.log(2 * math.pi)) - logdet
    return density.masked_fill(~mixture.known, -math.inf)
