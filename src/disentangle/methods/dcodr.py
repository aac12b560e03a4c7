"""DCoDR: contrast within domains, and a generator that rebuilds images from code and domain.

Paper: Kahana & Hoshen 2022, "A Contrastive Objective for Learning Disentangled Representations":

    L = L_con + lam L_rec,  L_rec = mean_i distance(G(z_i, e_{d_i}), x_i)

with L_con as DCoDR-norec has it, e_d a learned embedding of the domain and the perceptual ``distance`` named in
models/distances. Reconstruction counters shortcuts: features that solve the contrast and tell too little.
Reading: lam is 0.3. Deviation: the generator may be trained on a part of the batch (``training.rebuilt``).
"""

from dataclasses import dataclass
from typing import Annotated, Literal

import torch
from torch import Tensor, nn

from disentangle.losses.contrastive import unit
from disentangle.losses.domains import contrast
from disentangle.losses.labelled_batch import ClassSupervised, LabelledBatch, Setting
from disentangle.losses.phased import Networks
from disentangle.models import configured

REGULARIZED = True
FAMILY = "class_supervised"
USES = (
    "model.encoder",
    "model.domain",
    "model.generator",
    "training.temperature",
    "training.rebuilt",
)


@dataclass(frozen=True)
class Objective(ClassSupervised):
    """The contrastive term, and lam times the reconstruction."""

    distance: str = "vgg16"
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
    generator_lr: Annotated[float, "> 0, <= 1000"] = 0.0003
    domain_lr: Annotated[float, "> 0, <= 1000"] = 0.003
    schedule: Literal["steps", "cosine", "constant"] = "steps"

    phases = {"joint": {"loss": ("encoder", "generator", "domains")}}
    copies = 1

    def networks(self, setting: Setting, generator: torch.Generator) -> dict[str, nn.Module]:
        """Return encoder, generator and the table of domains."""
        return {
            "encoder": configured.headed_encoder(setting, self.head, generator),
            "generator": configured.adain_generator(setting, generator),
            "domains": configured.table(setting.domains, setting.model["domain"], generator),
        }

    def rates(self, phase: str) -> dict[str, float]:  # noqa: ARG002
        """Return the learning rates."""
        return {"encoder": self.lr, "generator": self.generator_lr, "domains": self.domain_lr}

    def losses(self, networks: Networks, batch: LabelledBatch, phase: str) -> dict[str, Tensor]:  # noqa: ARG002
        """Return ``loss`` and its terms."""
        z, contrastive = contrast(networks["encoder"], batch, self.negatives, self.positives)
        rebuilt = networks["generator"](batch.some(z), networks["domains"](batch.some(batch.domain)))
        reconstruction = batch.perceived(rebuilt, batch.some(batch.x))
        loss = contrastive + batch.lam * reconstruction
        return {"loss": loss, "contrastive": contrastive, "reconstruction": reconstruction}

    def codes(self, networks: Networks, x: Tensor) -> Tensor:
        """Return what the encoder makes of images."""
        codes: Tensor = networks["encoder"](x)
        return codes

    def swapped(self, networks: Networks, x: Tensor, other: Tensor, domain: Tensor) -> Tensor:  # noqa: ARG002
        """Return what the generator makes of the codes of ``x`` in other domains."""
        images: Tensor = networks["generator"](unit(self.codes(networks, x)), networks["domains"](domain))
        return images
