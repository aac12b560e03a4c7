"""Estimates of the total correlation KL(q(z) || prod_d q(z_d)) of stochastic codes, for M models at once.

Notation as in ``posterior``: mean, logvar and z are (M, B, D).
"""

import math

import torch
from torch import Tensor

SMALLEST_PROBABILITY = 1e-6


def minibatch_estimate(z: Tensor, mean: Tensor, logvar: Tensor) -> Tensor:
    """Return the total correlation as estimated from a batch, up to a constant, in nats, (M,).

    TC = mean_i [ log sum_j prod_d q(z_id | x_j) - sum_d log sum_j q(z_id | x_j) ]

    Source: Chen et al. 2018 (arXiv 1802.04942), section 4.1 and appendix C.1, minibatch-weighted sampling.
    Deviation: the constant (D - 1) log(N B), which has no gradient, is left out, as in disentanglement_lib; the value
    may be negative.
    """
    log_q = _log_densities(z, mean, logvar)
    return (log_q.sum(3).logsumexp(2) - log_q.logsumexp(2).sum(2)).mean(1)


def _log_densities(z: Tensor, mean: Tensor, logvar: Tensor) -> Tensor:
    """Return log q(z_id | x_j), (M, B, B, D): sample i, posterior j."""
    deviation = z[:, :, None] - mean[:, None]
    return -0.5 * (deviation.square() * (-logvar[:, None]).exp() + logvar[:, None] + math.log(2 * math.pi))


def density_ratio_estimate(logits: Tensor) -> Tensor:
    """Return the total correlation as a discriminator sees it, in nats, (M,).

    TC = mean_i [ logit_i0 - logit_i1 ], the log odds that z_i is real and not permuted

    Shape: the logits of real codes (M, B, 2).
    Source: Kim & Mnih 2018 (arXiv 1802.05983), Eq. 3. Deviation: none.
    """
    return (logits[..., 0] - logits[..., 1]).mean(1)


def discriminator_loss(real: Tensor, permuted: Tensor) -> Tensor:
    """Return the loss of telling real from permuted codes, in nats, (M,); log 2 is chance.

    L = -1/2 mean_i log p_0(z_i) - 1/2 mean_i log p_1(z'_i), p = softmax of the logits, within [1e-6, 1 - 1e-6]

    Shapes: logits (M, B, 2). Source: Kim & Mnih 2018, Algorithm 1; the bounds of disentanglement_lib, beyond which a
    sample has no gradient. Deviation: z' are the permuted codes of the same batch, as there, and not of a second one.
    """
    smallest, largest = SMALLEST_PROBABILITY, 1 - SMALLEST_PROBABILITY
    p = torch.stack([real.softmax(2)[..., 0], permuted.softmax(2)[..., 1]]).clamp(smallest, largest)
    return -p.log().mean((0, 2))
