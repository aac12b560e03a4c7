"""The coupling of an embedding's two halves in the approximate Hessian of InfoMax, which several methods lower.

Burns et al. 2021 (arXiv 2108.06613), Eq. 7 and 8: with g_n the gradient of InfoMax by z_n and g_nk its half k,

    R = mean_n | g_n0 g_n1^T |_F = mean_n |g_n0| |g_n1|

The Frobenius norm of an outer product is the product of the norms: per sample, Eq. 8 factorises exactly.
"""

from typing import Literal

from torch import Tensor
from torch.linalg import vector_norm

from disentangle.losses.contrastive import info_nce_gradient, info_nce_own_gradient, matmul


def hessian_coupling(
    z: Tensor,
    labels: Tensor,
    temperature: float,
    gradient: Literal["own_term", "whole_loss"] = "own_term",
    covariance: Literal["per_sample", "batch"] = "per_sample",
) -> Tensor:
    """Return R, a scalar, of unit embeddings z (M, d) with labels (M,), one a view.

    ``gradient``: g_n is that of anchor n's own term, or of the sum over all anchors, as Eq. 1 prints (of the mean, R
    would shrink as 1 / M^2). ``covariance="batch"`` is | mean_n g_n0 g_n1^T |_F, which does not factorise.
    Source: Burns 2021, Eq. 7 and 8. Deviation: g is written in closed form, so R needs one ordinary backward pass; a
    mean over samples.
    """
    if gradient == "own_term":
        g = info_nce_own_gradient(z, labels, temperature)
    else:
        g = len(z) * info_nce_gradient(z, labels, temperature)  # of the sum: every view has a positive
    g0, g1 = g.chunk(2, dim=-1)
    # vector_norm has the gradient 0 at 0, where collapsed embeddings put g
    if covariance == "per_sample":
        norms: Tensor = vector_norm(g0, dim=1) * vector_norm(g1, dim=1)
        return norms.mean()
    norm: Tensor = vector_norm(matmul(g0.mT, g1) / len(g0))
    return norm
