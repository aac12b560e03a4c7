"""DIP-VAE-II: bring the covariance of the sampled codes to the identity.

Paper: Kumar et al. 2018 (arXiv 1711.00848), Eq. 6, as in Locatello et al. 2019 (arXiv 1811.12359), appendix A:

    R = KL(q(z | x) || p(z)) + lambda_od sum_{i != j} c_ij^2 + lambda_d sum_i (c_ii - 1)^2

where c = Cov[mu] + E[diag(exp(logvar))], the covariance of the codes z, lambda_od = lam and lambda_d = ``ratio`` lam.
Deviation: none; over a batch, c is the biased estimate.
"""

from dataclasses import dataclass
from typing import Annotated

import torch
from torch import Tensor

from disentangle.losses.covariance import covariance, distance_from_identity
from disentangle.losses.posterior import Posterior, Regularization

REGULARIZED = True
FAMILY = "vae"
USES = ()


@dataclass(frozen=True)
class Objective(Regularization):
    """The divergence and the distance of the covariance of the codes from the identity."""

    ratio: Annotated[float, ">= 0, <= 1e6"] = 1.0

    def regularizer(self, posterior: Posterior, lam: Tensor) -> Tensor:
        """Return R (M,)."""
        matrix = covariance(posterior.mean) + torch.diag_embed(posterior.logvar.exp().mean(1))
        return posterior.kl + distance_from_identity(matrix, lam, self.ratio * lam)
