"""AnnealedVAE: hold the divergence at a capacity that grows over training.

Paper: Burgess et al. 2018 (arXiv 1804.03599), Eq. 8, as in Locatello et al. 2019 (arXiv 1811.12359), appendix A:

    R = gamma |mean_i KL(q(z | x_i) || p(z)) - C|, C = c_max min(step / ramp_steps, 1), c_max = lam in nats

``gamma`` and ``ramp_steps`` are those of disentanglement_lib. Deviation: the divergence is the mean over a batch, as
disentanglement_lib has it; Eq. 8 is of one image, each of which would then be held at C.
"""

from dataclasses import dataclass
from typing import Annotated

from torch import Tensor

from disentangle.losses.posterior import Posterior, Regularization

REGULARIZED = True
FAMILY = "vae"
USES = ()


@dataclass(frozen=True)
class Objective(Regularization):
    """The distance of the divergence from the capacity, times gamma."""

    gamma: Annotated[float, ">= 0, <= 1e6"] = 1000.0
    ramp_steps: Annotated[int, ">= 1, <= 1e9"] = 100000

    def regularizer(self, posterior: Posterior, lam: Tensor) -> Tensor:
        """Return R (M,)."""
        capacity = lam * (posterior.step / self.ramp_steps).clamp(max=1)
        return self.gamma * (posterior.kl - capacity).abs()
