"""SimCLR: draw the two augmented views of an image together and all other images apart, whatever their domain.

Paper: Chen et al. 2020 (arXiv 2002.05709), Eq. 1, as a baseline of Kahana & Hoshen 2022, which states none of its
settings.
Reading: both views are augmented, by ``augmentations`` of which each view gets one ("simsiam" is a composed set);
the encoder is that of DCoDR, and its output is both contrasted and evaluated. Alternative: the twin of DCoDR-norec
that differs in its negatives alone is that method with ``negatives="batch"``.
Deviation: no projection head, so that the code is what is contrasted, as DCoDR's is.
"""

from dataclasses import dataclass
from typing import Annotated, Literal

import torch
from torch import Tensor, nn

from disentangle.losses.contrastive import info_nce, unit
from disentangle.losses.labelled_batch import ClassSupervised, LabelledBatch, Setting
from disentangle.losses.phased import Networks

REGULARIZED = False
FAMILY = "class_supervised"
USES = ("model.encoder", "training.temperature")


@dataclass(frozen=True)
class Objective(ClassSupervised):
    """InfoNCE of two views an image."""

    augmentations: Annotated[list[str], "len >= 1, len <= 100"] = ("simsiam",)  # type: ignore[assignment]  # a default must not be mutable
    lr: Annotated[float, "> 0, <= 1000"] = 0.0001
    schedule: Literal["steps", "cosine", "constant"] = "steps"

    copies = 2

    def networks(self, setting: Setting, generator: torch.Generator) -> dict[str, nn.Module]:
        """Return the encoder."""
        return {"encoder": setting.encoder("encoder", setting.model["code"], generator)}

    def rates(self, phase: str) -> dict[str, float]:  # noqa: ARG002
        """Return the encoder's learning rate."""
        return {"encoder": self.lr}

    def losses(self, networks: Networks, batch: LabelledBatch, phase: str) -> dict[str, Tensor]:  # noqa: ARG002
        """Return ``loss``."""
        z = unit(networks["encoder"](torch.cat(batch.copies)))
        image = torch.arange(len(batch.x), device=z.device).repeat(2)
        return {"loss": info_nce(z, image, batch.temperature)}

    def codes(self, networks: Networks, x: Tensor) -> Tensor:
        """Return what the encoder makes of images."""
        codes: Tensor = networks["encoder"](x)
        return codes
