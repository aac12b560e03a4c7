"""What the objective of a variational autoencoder is told of a batch, for M models at once.

Notation: q(z | x_i) of sample i is a diagonal normal of mean mu_i and variances exp(logvar_i), z_i one draw from it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor


@dataclass(frozen=True)
class Posterior:
    """The codes of a batch of B samples by M models, with the KL divergence from the prior."""

    mean: Tensor
    """(M, B, D)."""
    logvar: Tensor
    z: Tensor
    kl: Tensor
    """(M,), as ``kl_divergence`` returns it."""
    step: Tensor
    """Updates made before this one, 0-dimensional."""
    order: Tensor | None = None
    """(M, B, D) int64: for each model and dimension a permutation of the batch; adversarial methods have it."""
    discriminator: Callable[[Tensor], Tensor] | None = None
    """Codes (M, B, D) to the logits (M, B, 2) of "real" and "permuted"; adversarial methods have it."""

    @property
    def logits(self) -> Tensor:
        """The discriminator's logits (M, B, 2) of z, through which gradients reach the encoder."""
        return self._judged[0]

    @property
    def permuted_logits(self) -> Tensor:
        """The discriminator's logits (M, B, 2) of codes whose elements come from different samples of the batch."""
        return self._judged[1]

    @cached_property
    def _judged(self) -> tuple[Tensor, Tensor]:
        """Both logits, of one pass: a GPU reads the discriminators' weights, most of what it reads, half as often."""
        assert self.discriminator is not None and self.order is not None
        permuted = self.z.detach().gather(1, self.order)
        real, other = self.discriminator(torch.cat((self.z, permuted), 1)).chunk(2, 1)
        return real, other


class Regularization:
    """What every objective of a variational autoencoder has; methods/<name>.py override what differs."""

    adversarial = False
    """Whether a discriminator is trained beside each model; its loss is then ``discriminator_loss``."""

    def steps(self, configured: int) -> int:
        """Return how many updates a training makes that is configured to make ``configured``."""
        return configured

    def regularizer(self, posterior: Posterior, lam: Tensor) -> Tensor:
        """Return what is added to the reconstruction loss, in nats an image, (M,), at the strengths ``lam`` (M,)."""
        raise NotImplementedError

    def discriminator_loss(self, posterior: Posterior) -> Tensor:
        """Return what the discriminators of adversarial objectives minimise, (M,)."""
        raise NotImplementedError


def kl_divergence(mean: Tensor, logvar: Tensor) -> Tensor:
    """Return the divergence of q(z | x) from the standard normal prior, averaged over the batch, in nats, (M,).

    KL = mean_i 1/2 sum_d (mu_id^2 + exp(logvar_id) - logvar_id - 1)

    Shapes: mean and logvar (M, B, D). Source: Kingma & Welling 2014, appendix B. Deviation: none.
    """
    return 0.5 * (mean.square() + logvar.exp() - logvar - 1).sum(2).mean(1)
