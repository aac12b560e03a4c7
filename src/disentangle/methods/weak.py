"""Weakly disentangled representations: one code, with a component of its prior for each combination of factor values.

Paper: Valenti & Bacciu 2022 (WCCI), "Leveraging Relational Information for Learning Weakly Disentangled
Representations", the predecessor of the Modular autoencoder: Eqs. 1 to 3 of losses/partitions.py with all factors in
one partition, and so as many labels a combination as the other needs a value. Labels are as many of each combination.
Reading: lam is 0.2, as released. The released sampler always draws component 0; here it draws every one, uniformly.
Alternatives: those of the other, for a comparison at equal use of labels. Deviation: ``ridge`` and ``reconstruction``.
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
    """One partition of all factors."""

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

    balanced = True

    def parts(self, factors: int) -> tuple[tuple[int, ...], ...]:
        """Return one partition that holds every factor."""
        return (tuple(range(factors)),)

    def networks(self, setting: Setting, generator: torch.Generator) -> dict[str, nn.Module]:
        """Return the networks of this partition."""
        wanted = bool(self.warmup_cross_entropy), self.conditional, bool(self.joint)
        return partitioned.networks(setting, self.parts(len(setting.sizes)), *wanted, generator)
