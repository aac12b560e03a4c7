"""S2-beta-VAE: a beta-VAE whose first dimensions a few labels tell what to be.

Paper: Locatello et al. 2020 (arXiv 1905.01258), "Disentangling Factors of Variation Using Few Labels":

    L = mean_i [ -log p(x_i | z_i) + beta KL(q(z | x_i) || p(z)) ] + gamma mean_j sum_k CE(sigmoid(mu_jk), v_jk / V_k)

of images i without labels and labelled images j; beta = lam, mu_k dimension k of the K that factors have. Labels
scaled as in google-research/disentanglement_lib. Reading: a value is told by the label nearest to sigmoid(mu_k), and an
edit sets mu_k to the logit of the target's label, see models/scaled_labels.py; the paper has neither. No value of gamma
is released. Deviation: the mean over labelled images, as the released sum depends on how many a batch has; networks.
"""

from dataclasses import dataclass
from typing import Annotated, Any, Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from disentangle.errors import InputError
from disentangle.losses.phased import Networks
from disentangle.losses.posterior import kl_divergence
from disentangle.losses.variational import Variational, drawn, encoded, reconstruction
from disentangle.losses.weak_batch import Setting, WeakBatch
from disentangle.models import weak_vae
from disentangle.models.relations import Relations
from disentangle.models.scaled_labels import ScaledLabels

REGULARIZED = True
FAMILY = "weakly_supervised"
USES = ("relations", "model.latent")


@dataclass(frozen=True)
class Objective(Variational):
    """The divergence times beta, and the cross-entropy of labels times gamma."""

    gamma: Annotated[float, ">= 0, <= 1e6"] = 50.0
    lr: Annotated[float, "> 0, <= 1000"] = 0.0001
    schedule: Literal["constant", "cosine"] = "constant"

    def networks(self, setting: Setting, generator: torch.Generator) -> dict[str, nn.Module]:
        """Return encoder and decoder, and beside them labels and relations as tensors."""
        latent, factors = setting.model["latent"], len(setting.sizes)
        if latent < factors:
            raise InputError(f"model.latent: found {latent}; allowed: at least {factors}, one for each factor told.")
        beside = {"labels": ScaledLabels(setting.sizes), "relations": Relations(setting.relations)}
        return {**weak_vae.networks(setting, generator), **beside}

    def losses(self, networks: Networks, batch: WeakBatch, phase: str) -> dict[str, Tensor]:  # noqa: ARG002
        """Return ``loss`` and its terms."""
        parts = (part.tensor_split([len(batch.x)]) for part in encoded(networks, torch.cat([batch.x, batch.labelled])))
        (mean, told), (logvar, _) = parts
        labels = networks["labels"](batch.values)
        terms = {
            "reconstruction": reconstruction(networks, drawn(mean, logvar, batch), batch.x),
            "divergence": kl_divergence(mean[None], logvar[None])[0],
            "cross_entropy": F.binary_cross_entropy_with_logits(told[:, : labels.shape[1]], labels, reduction="sum")
            / len(labels),
        }
        loss = terms["reconstruction"] + batch.lam * terms["divergence"] + self.gamma * terms["cross_entropy"]
        return {"loss": loss, **terms}

    def told(self, networks: Networks, z: Tensor) -> Tensor:
        """Return the values whose labels are the nearest."""
        labels: Any = networks["labels"]
        values: Tensor = labels.told(z[:, : len(labels.sizes)])
        return values

    def edited(self, networks: Networks, z: Tensor, relation: int) -> Tensor:
        """Return codes with the logit of the target's label in its factor's dimension."""
        labels: Any = networks["labels"]
        relations: Any = networks["relations"]
        edited: Tensor = relations.assigned(z, self.told(networks, z), relation, labels.logits())
        return edited
