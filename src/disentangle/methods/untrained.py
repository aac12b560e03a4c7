"""Untrained: a control that keeps its initialisation, to tell what scores owe to training.

Its regularizer, which only the final evaluation sees, is that of the plain VAE: R = KL(q(z | x) || p(z)).
"""

from dataclasses import dataclass

from torch import Tensor

from disentangle.losses.posterior import Posterior, Regularization

REGULARIZED = False
FAMILY = "vae"
USES = ()


@dataclass(frozen=True)
class Objective(Regularization):
    """No update at all."""

    def steps(self, configured: int) -> int:  # noqa: ARG002
        """Return 0."""
        return 0

    def regularizer(self, posterior: Posterior, lam: Tensor) -> Tensor:  # noqa: ARG002
        """Return R (M,)."""
        return posterior.kl
