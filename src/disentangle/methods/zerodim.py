"""ZeroDIM: a scalar a factor, of which few images' values are told, and a residual code an image, learned in a table.

Paper: Gabbay et al. 2021 (arXiv 2106.15610), "An Image is Worth More Than a Thousand Words"; numbers are those of
avivga/zerodim for dSprites. Factor k has an embedding e_kv, a scalar, of each value, and a classifier p_k(v | x).
Phase "latent", over images i without labels and labelled images j:

    L = R_i + decay D_i + entropy mean_ik H(p_k(. | x_i)) + supervised (R_j + decay D_j + classification sum_k CE_jk)
    R = mean BCE(G(f, r + eps), x),  eps ~ N(0, 1),  D = mean r^2,  f_jk = e_kv,  f_ik = sum_v p_k(v | x_i) e_kv

with r of the table, and e_kv not trained by f_i. Phase "amortized": MSE(E(x_i), r_i). Phase "tuned", with f_i for f:

    L = mean BCE(G(f, E(x)), x) + 10 MSE(E(x), r)

A code is f and E(x); f alone is scored, as in the paper. Reading: a value is told by the embedding nearest to f_k, and
an edit sets f_k to the target's. Deviations: one network has the logits of all factors; BCE whatever the images; no
minimum of the learning rates; entropy from the first step, not after a tenth of them; beta_1 is 0.9; a labelled image
that is drawn among those without labels is one of them; networks.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from disentangle.losses import factor_scalars as scalars
from disentangle.losses.phased import Networks
from disentangle.losses.weak_batch import Setting, WeakBatch, WeaklySupervised
from disentangle.models import configured, conv_autoencoder
from disentangle.models.factor_logits import FactorLogits
from disentangle.models.relations import Relations

REGULARIZED = False
FAMILY = "weakly_supervised"
USES = ("relations",)

REGRESSION = 10.0
"""Weight of the residual encoder's distance from the table in the last phase."""


@dataclass(frozen=True)
class Objective(WeaklySupervised):
    """Latent optimisation, amortisation, and tuning; the last two have ``amortized`` times the steps of the first."""

    residual: Annotated[int, ">= 1, <= 65536"] = 7
    decay: Annotated[float, ">= 0, <= 1e6"] = 0.00001
    entropy: Annotated[float, ">= 0, <= 1e6"] = 0.001
    classification: Annotated[float, ">= 0, <= 1e6"] = 0.001
    supervised: Annotated[float, ">= 0, <= 1e6"] = 10.0
    amortized: Annotated[float, "> 0, <= 1000"] = 1.0
    table_lr: Annotated[float, "> 0, <= 1000"] = 0.01
    decoder_lr: Annotated[float, "> 0, <= 1000"] = 0.001
    classifier_lr: Annotated[float, "> 0, <= 1000"] = 0.0001
    encoder_lr: Annotated[float, "> 0, <= 1000"] = 0.001
    tuned_lr: Annotated[float, "> 0, <= 1000"] = 0.0001
    schedule: Literal["constant", "cosine"] = "cosine"

    phases = {
        "latent": {"loss": ("classifier", "embeddings", "residuals", "decoder")},
        "amortized": {"loss": ("encoder",)},
        "tuned": {"loss": ("encoder", "decoder")},
    }

    def networks(self, setting: Setting, generator: torch.Generator) -> dict[str, nn.Module]:
        """Return tables, classifier, decoder and residual encoder, and beside them relations as tensors."""
        sizes, conv = setting.sizes, [setting.model[key] for key in ("widths", "hidden", "batch_norm")]
        shape = setting.side, setting.channels
        classifier = conv_autoencoder.encoder(generator, *shape, sum(sizes), *conv)
        return {
            "classifier": FactorLogits(classifier, sizes),
            "embeddings": configured.table(sum(sizes), 1, generator),
            "residuals": configured.table(setting.images, self.residual, generator),
            "decoder": conv_autoencoder.decoder(generator, *shape, len(sizes) + self.residual, *conv),
            "encoder": conv_autoencoder.encoder(generator, *shape, self.residual, *conv),
            "relations": Relations(setting.relations),
        }

    def steps(self, phase: str, training: Mapping[str, Any]) -> int:
        """Return the steps of the first phase, or that share of them which the others have."""
        share = 1.0 if phase == "latent" else self.amortized
        return max(1, round(share * int(training["steps"])))

    def rates(self, phase: str) -> dict[str, float]:
        """Return the learning rates."""
        if phase == "latent":
            tables = dict.fromkeys(("embeddings", "residuals"), self.table_lr)
            return {"classifier": self.classifier_lr, **tables, "decoder": self.decoder_lr}
        return dict.fromkeys(self.phases[phase]["loss"], self.encoder_lr if phase == "amortized" else self.tuned_lr)

    def momentum(self, loss: str) -> float:  # noqa: ARG002
        """Return PyTorch's default."""
        return 0.9

    def losses(self, networks: Networks, batch: WeakBatch, phase: str) -> dict[str, Tensor]:
        """Return ``loss`` and its terms."""
        if phase == "latent":
            return self._latent(networks, batch)
        found = networks["encoder"](batch.x).float()
        regression = F.mse_loss(found, networks["residuals"](batch.row).detach())
        if phase == "amortized":
            return {"loss": regression}
        factors = scalars.expected(networks, batch.x).detach()
        rebuilt = networks["decoder"](torch.cat([factors, found], 1)).float()
        error = F.binary_cross_entropy_with_logits(rebuilt, batch.x)
        return {"loss": error + REGRESSION * regression, "reconstruction": error, "regression": regression}

    def codes(self, networks: Networks, x: Tensor) -> Tensor:
        """Return the scalars of factors, and what the residual encoder makes of images."""
        return torch.cat([scalars.expected(networks, x), networks["encoder"](x).float()], 1)

    def scored(self, networks: Networks, z: Tensor) -> Tensor:
        """Return the scalars of factors."""
        return z[:, : len(scalars.embeddings(networks))]

    def told(self, networks: Networks, z: Tensor) -> Tensor:
        """Return the values of the nearest embeddings."""
        return scalars.nearest(networks, z)

    def decoded(self, networks: Networks, z: Tensor) -> Tensor:
        """Return what the decoder makes of codes."""
        images: Tensor = networks["decoder"](z).sigmoid()
        return images

    def edited(self, networks: Networks, z: Tensor, relation: int) -> Tensor:
        """Return codes with the embedding of the target value in its factor's dimension."""
        relations: Any = networks["relations"]
        edited: Tensor = relations.assigned(z, self.told(networks, z), relation, scalars.embeddings(networks))
        return edited

    def _latent(self, networks: Networks, batch: WeakBatch) -> dict[str, Tensor]:
        count = len(batch.x)
        told = scalars.log_probabilities(networks, torch.cat([batch.x, batch.labelled]))
        without, labelled = [own[:count] for own in told], [own[count:] for own in told]
        factors = torch.cat([scalars.mixed(networks, without), scalars.embedded(networks, batch.values)])
        residual = networks["residuals"](torch.cat([batch.row, batch.labelled_row]))
        rebuilt = networks["decoder"](torch.cat([factors, residual + batch.normal(residual)], 1)).float()
        terms = {
            "reconstruction": F.binary_cross_entropy_with_logits(rebuilt[:count], batch.x),
            "decay": residual[:count].square().mean(),
            "entropy": scalars.entropy(without),
            "labelled_reconstruction": F.binary_cross_entropy_with_logits(rebuilt[count:], batch.labelled),
            "labelled_decay": residual[count:].square().mean(),
            "classification": scalars.cross_entropy(labelled, batch.values),
        }
        unlabelled = terms["reconstruction"] + self.decay * terms["decay"] + self.entropy * terms["entropy"]
        supervised = terms["labelled_reconstruction"] + self.classification * terms["classification"]
        supervised = supervised + self.decay * terms["labelled_decay"]
        return {"loss": unlabelled + self.supervised * supervised, **terms}
