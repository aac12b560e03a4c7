"""What variational autoencoders among the weakly supervised methods share: q(z | x), a draw of it, p(x | z)."""

from torch import Tensor
from torch.nn import functional as F

from disentangle.losses.phased import Networks
from disentangle.losses.weak_batch import WeakBatch, WeaklySupervised


class Variational(WeaklySupervised):
    """An encoder to the mean and log-variances of a diagonal normal, and a decoder; a code is the mean."""

    lr: float

    phases = {"joint": {"loss": ("encoder", "decoder")}}

    def rates(self, phase: str) -> dict[str, float]:
        """Return the learning rate."""
        return dict.fromkeys(self.phases[phase]["loss"], self.lr)

    def momentum(self, loss: str) -> float:  # noqa: ARG002
        """Return that of the papers."""
        return 0.9

    def codes(self, networks: Networks, x: Tensor) -> Tensor:
        """Return the means."""
        return encoded(networks, x)[0]

    def decoded(self, networks: Networks, z: Tensor) -> Tensor:
        """Return the means of p(x | z)."""
        images: Tensor = networks["decoder"](z).sigmoid()
        return images


def encoded(networks: Networks, x: Tensor) -> tuple[Tensor, Tensor]:
    """Return mean and log-variance (M, D) of q(z | x)."""
    mean, logvar = networks["encoder"](x).float().chunk(2, 1)
    return mean, logvar


def drawn(mean: Tensor, logvar: Tensor, batch: WeakBatch) -> Tensor:
    """Return a draw of each q(z | x)."""
    return mean + (0.5 * logvar).exp() * batch.normal(mean)


def reconstruction(networks: Networks, z: Tensor, x: Tensor) -> Tensor:
    """Return mean_i -log p(x_i | z_i) of a Bernoulli likelihood, summed over pixels, in nats."""
    logits = networks["decoder"](z).float()
    return F.binary_cross_entropy_with_logits(logits, x, reduction="sum") / len(x)
