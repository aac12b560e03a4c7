"""DCoDR without reconstruction: contrast each image with others of its own domain alone.

Paper: Kahana & Hoshen 2022, "A Contrastive Objective for Learning Disentangled Representations":

    L = L_con (losses/domains.py: domain_contrast)

Negatives of one domain make its codes uniform on the sphere; as every domain's are, a code does not tell its domain.
Alternatives, the paper's ablations: ``negatives="batch"`` contrasts with all images of the batch, ``positives="none"``
draws no image to its copy, ``augmentations`` other than the paper's four (["simsiam"] is its composed set).
Reading: a copy gets one of the ``augmentations``, not their composition, as released. ``head`` is the released code's
three layers after the encoder. Deviation: a learning rate falls by the shape that ``schedule`` names (the paper's text
has none; "steps" is the released one).
"""

from dataclasses import dataclass
from typing import Annotated, Literal

import torch
from torch import Tensor, nn

from disentangle.losses.domains import contrast
from disentangle.losses.labelled_batch import ClassSupervised, LabelledBatch, Setting
from disentangle.losses.phased import Networks
from disentangle.models import configured

REGULARIZED = False
FAMILY = "class_supervised"
USES = ("model.encoder", "training.temperature")


@dataclass(frozen=True)
class Objective(ClassSupervised):
    """The contrastive term alone."""

    negatives: Literal["domain", "batch"] = "domain"
    positives: Literal["augmented", "none"] = "augmented"
    augmentations: Annotated[list[str], "len >= 1, len <= 100"] = (  # type: ignore[assignment]
        "gaussian_blur",
        "high_contrast",
        "high_saturation",
        "crop",
    )
    head: bool = False
    smallest_domain: Annotated[int, ">= 0, <= 1e9"] = 0
    lr: Annotated[float, "> 0, <= 1000"] = 0.0001
    schedule: Literal["steps", "cosine", "constant"] = "steps"

    copies = 1

    def networks(self, setting: Setting, generator: torch.Generator) -> dict[str, nn.Module]:
        """Return the encoder."""
        return {"encoder": configured.headed_encoder(setting, self.head, generator)}

    def rates(self, phase: str) -> dict[str, float]:  # noqa: ARG002
        """Return the encoder's learning rate."""
        return {"encoder": self.lr}

    def losses(self, networks: Networks, batch: LabelledBatch, phase: str) -> dict[str, Tensor]:  # noqa: ARG002
        """Return ``loss``."""
        _, loss = contrast(networks["encoder"], batch, self.negatives, self.positives)
        return {"loss": loss}

    def codes(self, networks: Networks, x: Tensor) -> Tensor:
        """Return what the encoder makes of images."""
        codes: Tensor = networks["encoder"](x)
        return codes
