"""A classifier of each factor, trained on the labelled images alone: the ceiling that their number sets.

Source: none. It has the encoder of the weakly supervised methods, and no use for images without labels; its code is
the logits of all factors.
"""

from dataclasses import dataclass
from typing import Annotated, Any, Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from disentangle.losses.phased import Networks
from disentangle.losses.weak_batch import Setting, WeakBatch, WeaklySupervised
from disentangle.models import conv_autoencoder
from disentangle.models.factor_logits import FactorLogits

REGULARIZED = False
FAMILY = "weakly_supervised"
USES = ()


@dataclass(frozen=True)
class Objective(WeaklySupervised):
    """The cross-entropy of every factor."""

    lr: Annotated[float, "> 0, <= 1000"] = 0.001
    schedule: Literal["constant", "cosine"] = "cosine"

    phases = {"joint": {"loss": ("classifier",)}}

    def networks(self, setting: Setting, generator: torch.Generator) -> dict[str, nn.Module]:
        """Return the classifier."""
        conv = [setting.model[key] for key in ("widths", "hidden", "batch_norm")]
        shape = setting.side, setting.channels, sum(setting.sizes)
        return {"classifier": FactorLogits(conv_autoencoder.encoder(generator, *shape, *conv), setting.sizes)}

    def rates(self, phase: str) -> dict[str, float]:  # noqa: ARG002
        """Return the learning rate."""
        return {"classifier": self.lr}

    def momentum(self, loss: str) -> float:  # noqa: ARG002
        """Return PyTorch's default."""
        return 0.9

    def losses(self, networks: Networks, batch: WeakBatch, phase: str) -> dict[str, Tensor]:  # noqa: ARG002
        """Return ``loss``: the sum over factors of the mean cross-entropy."""
        classifier: Any = networks["classifier"]
        told = zip(classifier.split(classifier(batch.labelled)), batch.values.T, strict=True)
        return {"loss": torch.stack([F.cross_entropy(own, value) for own, value in told]).sum()}

    def codes(self, networks: Networks, x: Tensor) -> Tensor:
        """Return the logits of all factors, side by side."""
        codes: Tensor = networks["classifier"](x)
        return codes

    def told(self, networks: Networks, z: Tensor) -> Tensor:
        """Return the likeliest value of each factor."""
        classifier: Any = networks["classifier"]
        return torch.stack([own.argmax(1) for own in classifier.split(z)], 1)
