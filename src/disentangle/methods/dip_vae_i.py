"""DIP-VAE-I: bring the covariance of the mean codes to the identity.

Paper: Kumar et al. 2018 (arXiv 1711.00848), Eq. 5, as in Locatello et al. 2019 (arXiv 1811.12359), appendix A:

    R = KL(q(z | x) || p(z)) + lambda_od sum_{i != j} c_ij^2 + lambda_d sum_i (c_ii - 1)^2

where c = Cov[mu], the covariance of the posteriors' means over the batch, lambda_od = lam and lambda_d = ``ratio`` lam.
Deviation: none; over a batch, c is the biased estimate.
"""

from dataclasses import dataclass
from typing import Annotated

from torch import Tensor

from disentangle.losses.covariance import covariance, distance_from_identity
from disentangle.losses.posterior import Posterior, Regularization

REGULARIZED = True
FAMILY = "vae"
USES = ()


@dataclass(frozen=True)
class Objective(Regularization):
    """The divergence and the distance of the covariance of the means from the identity."""

    ratio: Annotated[float, ">= 0, <= 1e6"] = 10.0

    def regularizer(self, posterior: Posterior, lam: Tensor) -> Tensor:
        """Return R (M,)."""
        matrix = covariance(posterior.mean)
        return posterior.kl + distance_from_identity(matrix, lam, self.ratio * lam)
