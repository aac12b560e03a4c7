"""FactorVAE: lower the total correlation of the codes, as a discriminator sees it.

Paper: Kim & Mnih 2018 (arXiv 1802.05983), Eq. 2 and Algorithm 2, as in Locatello et al. 2019 (arXiv 1811.12359),
appendix A:

    R = KL(q(z | x) || p(z)) + gamma mean_i [ logit_i0 - logit_i1 ], gamma = lam

A discriminator, trained in every step beside the model, tells codes from codes whose elements are permuted over the
batch each on its own. Neither gradient reaches the other's parameters.
Reading: ``updates="paper_text"`` makes as many updates as every other method. Alternative: ``as_released`` makes half,
since in disentanglement_lib both optimizers advance the counter at which training stops.
Deviation: real and permuted codes are of the same batch, as in disentanglement_lib.
"""

from dataclasses import dataclass
from typing import Literal

from torch import Tensor

from disentangle.losses.posterior import Posterior, Regularization
from disentangle.losses.total_correlation import density_ratio_estimate, discriminator_loss

REGULARIZED = True
FAMILY = "vae"
USES = ("training.discriminator",)


@dataclass(frozen=True)
class Objective(Regularization):
    """The divergence and the discriminator's log odds times gamma."""

    updates: Literal["paper_text", "as_released"] = "paper_text"
    adversarial = True

    def steps(self, configured: int) -> int:
        """Return ``configured``, or half of them as released."""
        return configured if self.updates == "paper_text" else configured // 2

    def regularizer(self, posterior: Posterior, lam: Tensor) -> Tensor:
        """Return R (M,)."""
        return posterior.kl + lam * density_ratio_estimate(posterior.logits)

    def discriminator_loss(self, posterior: Posterior) -> Tensor:
        """Return the loss of the discriminators (M,)."""
        return discriminator_loss(posterior.logits, posterior.permuted_logits)
