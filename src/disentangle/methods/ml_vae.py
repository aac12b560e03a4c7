"""ML-VAE: a variational autoencoder with a style an image, and a class code that the images of a domain share.

Paper: Bouchacourt et al. 2018 (arXiv 1705.08841), as a baseline of Kahana & Hoshen 2022. For the G groups of a batch:

    L = [-sum_i log p(x_i | s_i, c_i) + lam (sum_i KL(q(s | x_i) || p) + sum_g KL(q(c | x_g) || p))] / G

The posterior of a group's class is the product of its images' normals (losses/domains.py: product_of_normals). The
representation is the mean of the style. lam is 1.
Reading: as the author corrected it: one divergence a group, a fresh draw of the class for each image, a normal
likelihood with one learned variance. Deviation: encoder and decoder are ``model.generative_encoder`` and
``model.decoder``; a group is a domain's part of the batch.
"""

from dataclasses import dataclass
from typing import Annotated, Literal

import torch
from torch import Tensor, nn

from disentangle.losses.domains import normal_divergence, normal_likelihood, product_of_normals
from disentangle.losses.labelled_batch import ClassSupervised, LabelledBatch, Setting
from disentangle.losses.phased import Networks
from disentangle.models import configured

REGULARIZED = True
FAMILY = "class_supervised"
USES = ("model.domain", "model.decoder", "model.generative_encoder")


@dataclass(frozen=True)
class Objective(ClassSupervised):
    """The negative bound of a batch, a group."""

    lr: Annotated[float, "> 0, <= 1000"] = 0.001
    noise_lr: Annotated[float, "> 0, <= 1000"] = 0.001
    schedule: Literal["steps", "cosine", "constant"] = "constant"

    phases = {"joint": {"loss": ("encoder", "decoder", "noise")}}

    def networks(self, setting: Setting, generator: torch.Generator) -> dict[str, nn.Module]:
        """Return the encoder of all four parts of the posterior, the decoder, and the log-variance of pixels."""
        model = setting.model
        size = 2 * (model["code"] + model["domain"])
        return {
            "encoder": Posteriors(
                setting.encoder("generative_encoder", size, generator),
                [model["code"], model["code"], model["domain"], model["domain"]],
            ),
            "decoder": configured.decoder(setting, model["code"] + model["domain"], generator),
            "noise": LogVariance(),
        }

    def rates(self, phase: str) -> dict[str, float]:  # noqa: ARG002
        """Return the learning rates, that of the variance apart."""
        return {"encoder": self.lr, "decoder": self.lr, "noise": self.noise_lr}

    def losses(self, networks: Networks, batch: LabelledBatch, phase: str) -> dict[str, Tensor]:  # noqa: ARG002
        """Return ``loss`` and its terms, in nats a group."""
        mean, logvar, of_class, class_logvar = networks["encoder"](batch.x)
        group, group_logvar = product_of_normals(batch.grouped(of_class), batch.grouped(class_logvar))
        style = _drawn(mean, logvar, batch)
        each = batch.grouped(style)
        shared = _drawn(group[:, None].expand(-1, each.shape[1], -1), group_logvar[:, None], batch)
        rebuilt = networks["decoder"](torch.cat([style, shared.flatten(0, 1)], 1))
        likelihood = normal_likelihood(batch.x[:, : rebuilt.shape[1]], rebuilt, networks["noise"]())
        terms = {
            "reconstruction": -likelihood / batch.groups,
            "style_kl": normal_divergence(mean, logvar) / batch.groups,
            "class_kl": normal_divergence(group, group_logvar) / batch.groups,
        }
        return {"loss": terms["reconstruction"] + batch.lam * (terms["style_kl"] + terms["class_kl"]), **terms}

    def codes(self, networks: Networks, x: Tensor) -> Tensor:
        """Return the means of the styles of images."""
        codes: Tensor = networks["encoder"](x)[0]
        return codes

    def swapped(self, networks: Networks, x: Tensor, other: Tensor, domain: Tensor) -> Tensor:  # noqa: ARG002
        """Return what the decoder makes of the styles of ``x`` and the classes of ``other``."""
        images: Tensor = networks["decoder"](torch.cat([self.codes(networks, x), networks["encoder"](other)[2]], 1))
        return images


class Posteriors(nn.Module):
    """What an encoder tells of an image, in parts: mean and log-variance of its style and of its class."""

    def __init__(self, encoder: nn.Module, sizes: list[int]) -> None:
        super().__init__()
        self.encoder, self._sizes = encoder, sizes

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """Return the parts, each (M, size), in the precision of the images: losses are not of half precision."""
        parts: tuple[Tensor, ...] = self.encoder(x).to(x.dtype).split(self._sizes, 1)
        return parts


class LogVariance(nn.Module):
    """The log-variance of a pixel, 0 at first."""

    def __init__(self) -> None:
        super().__init__()
        self.value = nn.Parameter(torch.zeros(()))

    def forward(self) -> Tensor:
        """Return it."""
        return self.value


def _drawn(mean: Tensor, logvar: Tensor, batch: LabelledBatch) -> Tensor:
    """Return draws from normals."""
    return mean + (0.5 * logvar).exp() * batch.normal(mean)
