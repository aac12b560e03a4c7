"""Ada-GVAE: pairs of images that differ in some factors share what of their codes differs least.

Paper: Locatello et al. 2020 (arXiv 2002.02886), "Weakly-Supervised Disentanglement Without Compromises", section 4. Of
images x and x' of a pair, dimension d of q(z | x) and q(z | x') is shared where

    delta_d = KL(q(z_d | x) || q(z_d | x')) < (max_d delta_d + min_d delta_d) / 2

and both then have the mean of the two means and the mean of the two variances. With these q^ and beta = lam

    L = mean over pairs and their two images of -log p(x | z^) + beta KL(q^(z | x) || p(z)),  z^ ~ q^

``changed`` factors of a pair differ, 0: a number drawn anew for each, the paper's two settings. No label is used in
training. Reading: values are told, afterwards, by a normal for each value of a factor over the whole code that the
labelled images tell, see losses/mixtures.py; the paper has none. It cannot edit. Deviation: networks.
"""

import math
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import torch
from torch import Tensor, nn

from disentangle.losses.phased import Networks
from disentangle.losses.posterior import kl_divergence
from disentangle.losses.variational import Variational, drawn, encoded, reconstruction
from disentangle.losses.weak_batch import Given, Setting, WeakBatch
from disentangle.models import weak_vae
from disentangle.models.mixture_prior import MixturePrior

REGULARIZED = True
FAMILY = "weakly_supervised"
USES = ("model.latent",)

RIDGE = 0.001
"""Of the covariances of values, as a share of the mean variance: codes have dimensions that tell nothing."""


@dataclass(frozen=True)
class Objective(Variational):
    """The beta-VAE of both images of a pair, from posteriors of which they share dimensions."""

    changed: Annotated[int, ">= 0, <= 100"] = 0
    lr: Annotated[float, "> 0, <= 1000"] = 0.0001
    schedule: Literal["constant", "cosine"] = "constant"

    def networks(self, setting: Setting, generator: torch.Generator) -> dict[str, nn.Module]:
        """Return encoder and decoder, and normals of the values of each factor, each over the whole code."""
        parts = [(place,) for place in range(len(setting.sizes))]
        normals = MixturePrior(setting.sizes, parts, setting.model["latent"])
        return {**weak_vae.networks(setting, generator), "normals": normals}

    def losses(self, networks: Networks, batch: WeakBatch, phase: str) -> dict[str, Tensor]:  # noqa: ARG002
        """Return ``loss`` and its terms; ``shared`` is the share of dimensions that pairs share."""
        x = torch.cat([batch.x, batch.partner])
        mean, logvar = (torch.unflatten(part, 0, (2, -1)) for part in encoded(networks, x))
        same = shared(mean, logvar)
        mean, logvar = averaged(mean, logvar, same)
        mean, logvar = mean.flatten(0, 1), logvar.flatten(0, 1)
        terms = {
            "reconstruction": reconstruction(networks, drawn(mean, logvar, batch), x),
            "divergence": kl_divergence(mean[None], logvar[None])[0],
        }
        loss = terms["reconstruction"] + batch.lam * terms["divergence"]
        return {"loss": loss, **terms, "shared": same.float().mean()}

    def finish(self, networks: Networks, given: Given) -> None:
        """Estimate the normals of values from the labelled images."""
        normals: Any = networks["normals"]
        with torch.inference_mode():
            z = torch.cat([self.codes(networks, x) for x, _ in given])
        normals.estimate(_repeated(networks, z), torch.cat([value for _, value in given]), 1.0, RIDGE)

    def told(self, networks: Networks, z: Tensor) -> Tensor:
        """Return the values of the densest normals."""
        normals: Any = networks["normals"]
        told: Tensor = normals.told(_repeated(networks, z))
        return told


def shared(mean: Tensor, logvar: Tensor) -> Tensor:
    """Return which dimensions (B, D) pairs share, of means and log-variances (2, B, D)."""
    (first, second), (of_first, of_second) = mean.unbind(), logvar.unbind()
    ratio = (of_first - of_second).exp() + (first - second).square() / of_second.exp()
    delta = 0.5 * (ratio - 1 + of_second - of_first)
    return delta < 0.5 * (delta.amax(1, keepdim=True) + delta.amin(1, keepdim=True))


def averaged(mean: Tensor, logvar: Tensor, same: Tensor) -> tuple[Tensor, Tensor]:
    """Return means and log-variances (2, B, D) of pairs with the dimensions ``same`` (B, D) averaged."""
    logvar_of_both = logvar.logsumexp(0) - math.log(2)
    return torch.where(same, mean.mean(0), mean), torch.where(same, logvar_of_both, logvar)


def _repeated(networks: Networks, z: Tensor) -> Tensor:
    """Return a code (M, D) for each factor, (M, K, D)."""
    normals: Any = networks["normals"]
    repeated: Tensor = z[:, None].expand(-1, len(normals.parts), -1)
    return repeated
