"""M-AE: a Modular autoencoder with an adaptive prior a factor, and a relational learner (ReL) that edits one at a time.

Paper: Valenti & Bacciu 2022, "Modular Representations for Weak Disentanglement", Eqs. 1 to 3, as losses/partitions.py
has them, with a partition for each factor. lam weighs the divergence from the priors; 0.2 in the released code of the
authors' earlier paper, against a binary cross-entropy summed over pixels.

Reading: as written, labels act once, through the means and covariances at the end of the warm-up. Nothing then ties
partition i to factor i, and nothing keeps partitions from copying each other. Alternatives that the text lacks:
``warmup_cross_entropy`` weighs a linear classifier of each partition in warm-up, ``mixture_cross_entropy``
-log p(c | z) under the mixture afterwards, ``conditional`` tells discriminators the labels, and ``joint`` weighs a
discriminator of all partitions together, whose real codes are independent draws of each.
Deviation: ``ridge`` keeps covariances regular, see losses/mixtures.py; ``reconstruction`` weighs a mean over pixels.
"""

from dataclasses import dataclass
from typing import Annotated, Literal

import torch
from torch import nn

from disentangle.losses.partitions import Partitions
from disentangle.losses.weak_batch import Setting
from disentangle.models import partitioned

REGULARIZED = True
FAMILY = "weakly_supervised"
USES = (
    "relations",
    "model.partition",
    "model.discriminator",
    "model.joint",
    "model.learner",
    "training.warmup",
    "training.relation_batch",
)


@dataclass(frozen=True)
class Objective(Partitions):
    """A partition a factor."""

    covariance: Annotated[float, "> 0, <= 1000"] = 0.1
    ridge: Annotated[float, ">= 0, <= 1000"] = 0.001
    reconstruction: Annotated[float, "> 0, <= 1e6"] = 60.0
    warmup_cross_entropy: Annotated[float, ">= 0, <= 1e6"] = 0.0
    mixture_cross_entropy: Annotated[float, ">= 0, <= 1e6"] = 0.0
    conditional: bool = False
    joint: Annotated[float, ">= 0, <= 1e6"] = 0.0
    beta1: Annotated[float, ">= 0, < 1"] = 0.9
    lr: Annotated[float, "> 0, <= 1000"] = 0.0001
    discriminator_lr: Annotated[float, "> 0, <= 1000"] = 0.0001
    learner_lr: Annotated[float, "> 0, <= 1000"] = 0.0001
    schedule: Literal["constant", "cosine"] = "constant"

    def parts(self, factors: int) -> tuple[tuple[int, ...], ...]:
        """Return a partition for each factor."""
        return tuple((place,) for place in range(factors))

    def networks(self, setting: Setting, generator: torch.Generator) -> dict[str, nn.Module]:
        """Return the networks of these partitions."""
        wanted = bool(self.warmup_cross_entropy), self.conditional, bool(self.joint)
        return partitioned.networks(setting, self.parts(len(setting.sizes)), *wanted, generator)
