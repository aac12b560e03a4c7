"""Beta-TCVAE: lower the total correlation of the codes, as estimated from the posteriors of a batch.

Paper: Chen et al. 2018 (arXiv 1802.04942), Eq. 4 with alpha = gamma = 1, as in Locatello et al. 2019 (arXiv
1811.12359), appendix A:

    R = KL(q(z | x) || p(z)) + (beta - 1) TC(z), beta = lam

Deviation: TC is without its constant, as in disentanglement_lib.
"""

from dataclasses import dataclass

from torch import Tensor

from disentangle.losses.posterior import Posterior, Regularization
from disentangle.losses.total_correlation import minibatch_estimate

REGULARIZED = True
FAMILY = "vae"
USES = ()


@dataclass(frozen=True)
class Objective(Regularization):
    """The divergence and the total correlation times beta - 1."""

    def regularizer(self, posterior: Posterior, lam: Tensor) -> Tensor:
        """Return R (M,)."""
        return posterior.kl + (lam - 1) * minibatch_estimate(posterior.z, posterior.mean, posterior.logvar)
