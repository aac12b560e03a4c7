"""The maths of class-supervised disentanglement, as pure functions.

Notation of Kahana & Hoshen 2022: z_i is the unit code of image i of a batch, z_i+ that of an augmented copy of it, d_i
its domain, s(a, b) = a.b and tau the temperature. Losses are in nats unless they say otherwise.
"""

import math
from collections.abc import Callable
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor

from disentangle.losses.contrastive import similarity, unit
from disentangle.losses.labelled_batch import LabelledBatch


def domain_contrast(
    z: Tensor, positive: Tensor | None, domain: Tensor, temperature: float, negatives: Literal["domain", "batch"]
) -> Tensor:
    """Return the contrast of each image with the others of its own domain, a scalar.

    L_con = mean_i -log exp(s(z_i, z_i+) / tau) / [exp(s(z_i, z_i+) / tau) + sum_{j in N(i)} exp(s(z_i, z_j) / tau)]

    N(i) = {j != i : d_j = d_i}, or all j != i where ``negatives`` is "batch". Without ``positive``, s(z_i, z_i+) is 1.

    Shapes: z and positive (B, D) of unit length, domain (B,).
    Source: Kahana & Hoshen 2022, objective of DCoDR as released. Deviation: there N(i) has at most 64 images.
    """
    among = similarity(z, z, temperature)
    if negatives == "domain":
        among = among.masked_fill(domain[:, None] != domain, -torch.inf)
    told = torch.ones_like(among[0]) if positive is None else (z * positive).sum(1)
    itself = torch.eye(len(z), dtype=torch.bool, device=z.device)
    logits = torch.where(itself, (told / temperature)[:, None], among)
    return -logits.log_softmax(1).diagonal().mean()


def contrast(
    encoder: Callable[[Tensor], Tensor], batch: LabelledBatch, negatives: str, positives: str
) -> tuple[Tensor, Tensor]:
    """Return the unit codes (B, D) of a batch and its L_con; images and copies pass the encoder as one batch."""
    z, *copies = unit(encoder(torch.cat([batch.x, *batch.copies]))).chunk(1 + len(batch.copies))
    positive = copies[0] if positives == "augmented" else None
    return z, domain_contrast(z, positive, batch.domain, batch.temperature, negatives)  # type: ignore[arg-type]


def product_of_normals(mean: Tensor, logvar: Tensor) -> tuple[Tensor, Tensor]:
    """Return mean and log-variance (K, D) of the normalised product of each group's P normal densities.

    1 / var = sum_p 1 / var_p,  mean = var sum_p mean_p / var_p

    Shapes: mean and logvar (K, P, D). Source: Bouchacourt et al. 2018 (arXiv 1705.08841), Eq. 4. Deviation: none.
    """
    precision = (-logvar).exp()
    total = precision.sum(1)
    return (precision * mean).sum(1) / total, -total.log()


def normal_divergence(mean: Tensor, logvar: Tensor) -> Tensor:
    """Return the KL divergence of normals (..., D) from the standard normal, summed over all of them, in nats."""
    return 0.5 * (mean.square() + logvar.exp() - logvar - 1).sum()


def normal_likelihood(x: Tensor, mean: Tensor, logvar: Tensor) -> Tensor:
    """Return log p(x), summed over all elements, of a normal of the means ``mean`` and one log-variance, in nats."""
    return -0.5 * ((x - mean).square() * (-logvar).exp() + logvar + math.log(2 * math.pi)).sum()


def undecided(logits: Tensor) -> Tensor:
    """Return the cross-entropy of a binary classifier with the answer 1/2, a scalar; least, log 2, at logits of 0.

    mean -[log sigmoid(l) + log sigmoid(-l)] / 2

    Source: Denton & Birodkar 2017 (arXiv 1705.10915), Eq. 4. Deviation: none.
    """
    return (F.softplus(logits) - logits / 2).mean()


def told_apart(same: Tensor, different: Tensor) -> Tensor:
    """Return the binary cross-entropy of a classifier's logits for pairs of one class and of two, a scalar.

    mean -log sigmoid(l_same) / 2 + mean -log sigmoid(-l_different) / 2

    Source: Denton & Birodkar 2017, Eq. 3. Deviation: a mean over all pairs.
    """
    return (F.softplus(-same).mean() + F.softplus(different).mean()) / 2
