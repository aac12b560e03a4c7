"""LORD: learn a code an image and one a domain with a generator, then encoders that reach them.

Paper: Gabbay & Hoshen 2020 (arXiv 1906.11796), as a baseline of Kahana & Hoshen 2022. Phase "latent":

    L = mean_i distance(G(c_i + eps, e_{d_i}), x_i) + lam mean_i |c_i|^2,  eps ~ N(0, 1)

over tables of codes c_i and embeddings e_d, and the generator. Phase "amortized", from these tables and this generator:

    L = mean_i distance(G(E_c(x_i), E_d(x_i)), x_i) + 10 MSE(E_c(x_i), c_i) + 10 MSE(E_d(x_i), e_{d_i})

over two encoders and the generator. The representation is E_c(x). Numbers are those of avivga/lord-pytorch.
Reading: a batch is of a few domains, as the other methods' are. Deviation: encoders are those of the section's
``model.generative_encoder``; MSE is a mean over batch and dimensions.
"""

from dataclasses import dataclass
from typing import Annotated, Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from disentangle.losses.labelled_batch import ClassSupervised, LabelledBatch, Setting
from disentangle.losses.phased import Networks
from disentangle.models import configured

REGULARIZED = True
FAMILY = "class_supervised"
USES = ("model.domain", "model.generator", "model.generative_encoder", "training.rebuilt")

REGRESSION = 10.0
"""Weight of each encoder's distance from its table."""


@dataclass(frozen=True)
class Objective(ClassSupervised):
    """Latent optimisation, then amortisation."""

    distance: str = "vgg16"
    generator_lr: Annotated[float, "> 0, <= 1000"] = 0.0003
    table_lr: Annotated[float, "> 0, <= 1000"] = 0.003
    amortized_lr: Annotated[float, "> 0, <= 1000"] = 0.0001
    schedule: Literal["steps", "cosine", "constant"] = "cosine"

    phases = {
        "latent": {"loss": ("contents", "domains", "generator")},
        "amortized": {"loss": ("content_encoder", "domain_encoder", "generator")},
    }

    def networks(self, setting: Setting, generator: torch.Generator) -> dict[str, nn.Module]:
        """Return tables, generator and both encoders."""
        model = setting.model
        return {
            "contents": configured.table(setting.images, model["code"], generator),
            "domains": configured.table(setting.domains, model["domain"], generator),
            "generator": configured.adain_generator(setting, generator),
            "content_encoder": setting.encoder("generative_encoder", model["code"], generator),
            "domain_encoder": setting.encoder("generative_encoder", model["domain"], generator),
        }

    def rates(self, phase: str) -> dict[str, float]:
        """Return the learning rates."""
        if phase == "latent":
            return {"contents": self.table_lr, "domains": self.table_lr, "generator": self.generator_lr}
        return dict.fromkeys(self.phases["amortized"]["loss"], self.amortized_lr)

    def losses(self, networks: Networks, batch: LabelledBatch, phase: str) -> dict[str, Tensor]:
        """Return ``loss`` and its terms."""
        x, row, domain = batch.some(batch.x), batch.some(batch.row), batch.some(batch.domain)
        content, embedding = networks["contents"](row), networks["domains"](domain)
        if phase == "latent":
            rebuilt = networks["generator"](content + batch.normal(content), embedding)
            reconstruction = batch.perceived(rebuilt, x)
            decay = content.square().sum(1).mean()
            return {"loss": reconstruction + batch.lam * decay, "reconstruction": reconstruction, "decay": decay}
        found, told = networks["content_encoder"](x), networks["domain_encoder"](x)
        reconstruction = batch.perceived(networks["generator"](found, told), x)
        contents, domains = F.mse_loss(found, content.detach()), F.mse_loss(told, embedding.detach())
        loss = reconstruction + REGRESSION * (contents + domains)
        return {"loss": loss, "reconstruction": reconstruction, "contents": contents, "domains": domains}

    def codes(self, networks: Networks, x: Tensor) -> Tensor:
        """Return what the content encoder makes of images."""
        codes: Tensor = networks["content_encoder"](x)
        return codes

    def swapped(self, networks: Networks, x: Tensor, other: Tensor, domain: Tensor) -> Tensor:  # noqa: ARG002
        """Return what the generator makes of the contents of ``x`` and the domains of ``other``."""
        images: Tensor = networks["generator"](self.codes(networks, x), networks["domain_encoder"](other))
        return images
