"""Beta-VAE: weigh the divergence of the codes from their prior.

Paper: Higgins et al. 2017, as in Locatello et al. 2019 (arXiv 1811.12359), appendix A:

    R = beta KL(q(z | x) || p(z)), beta = lam

Deviation: none.
"""

from dataclasses import dataclass

from torch import Tensor

from disentangle.losses.posterior import Posterior, Regularization

REGULARIZED = True
FAMILY = "vae"
USES = ()


@dataclass(frozen=True)
class Objective(Regularization):
    """The divergence times beta."""

    def regularizer(self, posterior: Posterior, lam: Tensor) -> Tensor:
        """Return R (M,)."""
        return lam * posterior.kl
