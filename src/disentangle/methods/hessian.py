"""Hessian: no entry of the loss's approximate Hessian may couple the two halves of an embedding.

Paper: Burns et al. 2021 (arXiv 2108.06613), Eq. 7 and 8. With g_n the gradient of InfoMax by z_n and g_nk its half k,

    R = mean_n | g_n0 g_n1^T |_F = mean_n |g_n0| |g_n1|

The Frobenius norm of an outer product is the product of the norms: per sample, Eq. 8 factorises exactly.
Reading: z is the normalised vector of the dot products, a free vector to the derivative; g_n is the gradient of anchor
n's own term; the norm is taken per sample, then averaged; the block (k, k') counts once, as printed.
Alternatives: ``gradient="whole_loss"`` differentiates the sum over all anchors, as Eq. 1 prints (of the mean, R would
shrink as 1/M^2); ``covariance="batch"`` is | mean_n g_n0 g_n1^T |_F, which does not factorise.
Deviation: g is written in closed form, so R needs one ordinary backward pass. As in the paper, R is made of an outer
product of loss gradients (an empirical Fisher matrix), which is not the Gauss-Newton matrix.
"""

from dataclasses import dataclass
from typing import Literal

from torch import Tensor

from disentangle.losses.contrastive import sub_infomax
from disentangle.losses.embeddings import Embeddings
from disentangle.losses.hessian_coupling import hessian_coupling

REGULARIZED = True
FAMILY = "contrastive"
USES = ("projection",)


@dataclass(frozen=True)
class Objective:
    """InfoMax of one head, and the coupling of the halves of its embedding."""

    gradient: Literal["own_term", "whole_loss"] = "own_term"
    covariance: Literal["per_sample", "batch"] = "per_sample"
    heads = 1

    def terms(self, batch: Embeddings) -> dict[str, Tensor]:
        """Return ``infomax_0`` and ``regularizer``."""
        z, labels = batch.z[0].flatten(0, 1), batch.labels["joint"].repeat_interleave(2)
        coupling = hessian_coupling(z, labels, batch.temperature, self.gradient, self.covariance)
        return sub_infomax(batch.z, [batch.labels["joint"]], batch.temperature) | {"regularizer": coupling}
