"""The contrastive and cosine maths that the methods share, as pure functions.

Notation of Burns et al. 2021 (arXiv 2108.06613): M embeddings z_i of unit length, one a view, with labels y_i and the
temperature tau. In the SupCon "out" reading of Eq. 1,

    P(i) = {p != i : y_p = y_i}                                     positives of anchor i
    Q_ia = exp(z_i.z_a / tau) / sum_{b != i} exp(z_i.z_b / tau)     what the embeddings predict, Q_ii = 0
    T_ia = 1 / |P(i)| if a in P(i) else 0                           what the labels say

An anchor without positives has no term: its rows count as zero and it is left out of every mean. Losses are in nats.

All is computed in fp32 or better, under autocast too. No shape depends on a value and nothing waits for the host, so a
training step can be captured as one CUDA graph.
"""

import math
from collections.abc import Sequence
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor


def unit(x: Tensor) -> Tensor:
    """Return ``x`` divided by its L2 norm over the last axis, in fp32 or better; zero stays zero."""
    return F.normalize(_precise(x), dim=-1)


def matmul(a: Tensor, b: Tensor) -> Tensor:
    """Return ``a @ b`` in fp32 or better, also under autocast."""
    with torch.autocast(a.device.type, enabled=False):
        return _precise(a) @ _precise(b)


def similarity(a: Tensor, b: Tensor, temperature: float) -> Tensor:
    """Return a_i.b_j / tau: (..., M, d) and (..., N, d) to (..., M, N)."""
    return matmul(a, b.mT) / temperature


def info_nce(z: Tensor, labels: Tensor, temperature: float) -> Tensor:
    """Return the contrastive loss InfoMax of unit embeddings, a scalar.

    L = mean_i -1/|P(i)| sum_{p in P(i)} log Q_ip

    Shapes: z (M, d), labels (M,).
    Source: Burns 2021, Eq. 1; SupCon's L_out (Khosla 2020, arXiv 2004.11362, Eq. 2).
    Deviation: a mean over anchors where Eq. 1 prints a sum, so that the strength lam does not depend on the batch size.
    """
    positive = _positives(labels)
    count = positive.sum(1)
    terms = torch.where(positive, _log_q(z, temperature), 0).sum(1) / count.clamp(min=1)
    return -terms.sum() / _anchors(count)


def sub_infomax(z: Sequence[Tensor], labels: Sequence[Tensor], temperature: float) -> dict[str, Tensor]:
    """Return the terms of SubInfoMax, ``infomax_<k>``: InfoMax of subembedding k under its labels, over all views.

    Shapes: each z (B, 2, d) of unit length, each labels (B,).
    Source: Burns 2021, Eq. 2. Deviation: that of ``info_nce``.
    """
    return {
        f"infomax_{k}": info_nce(z_k.flatten(0, 1), labels_k.repeat_interleave(2), temperature)
        for k, (z_k, labels_k) in enumerate(zip(z, labels, strict=True))
    }


def info_nce_gradient(z: Tensor, labels: Tensor, temperature: float) -> Tensor:
    """Return dL/dz of ``info_nce`` in closed form, (M, d), itself differentiable by one ordinary backward.

    dL/dz = ((Q - T) + (Q - T)^T) z / (tau M), where M counts the anchors that have positives

    Shapes: z (M, d), labels (M,). Source: derivative of Burns 2021, Eq. 1, by each z_i as free vector. Deviation: none.
    """
    residual, anchors = _residual(z, labels, temperature)
    return matmul(residual + residual.mT, z) / temperature / anchors


def info_nce_own_gradient(z: Tensor, labels: Tensor, temperature: float) -> Tensor:
    """Return, for each anchor, the gradient of its own term of InfoMax by its own embedding, (M, d).

    g_i = 1/tau sum_a (Q - T)_ia z_a

    Shapes: z (M, d), labels (M,). Source: derivative of one summand of Burns 2021, Eq. 1. Deviation: none.
    """
    residual, _ = _residual(z, labels, temperature)
    return matmul(residual, z) / temperature


def collapse_level(views: int) -> float:
    """Return ``info_nce`` of ``views`` equal embeddings, log(M - 1): the height of the start-up plateau."""
    return math.log(views - 1)


def factor_level(labels: Tensor) -> Tensor:
    """Return the limit, as tau -> 0, of ``info_nce`` when the embeddings encode ``labels`` alone, a scalar.

    mean_i log |P(i)|

    With the joint label this is the loss's floor; with one held factor, the plateau of a run that has learned only
    that factor. Shape: labels (M,), one a view.
    """
    count = _positives(labels).sum(1)
    return count.clamp(min=1).log().sum() / _anchors(count)


def absolute_cosine(a: Tensor, b: Tensor, pairs: Literal["matched", "all"]) -> Tensor:
    """Return the mean of |cos(a_i, b_j)| over all views i and their partners j, a scalar.

    "matched": j is view i itself or the other view of its sample. "all": j is any view of the batch.

    Shapes: a and b (B, 2, d). Source: the summand of Burns 2021, Eq. 5. Deviation: a mean where Eq. 5 prints a sum.
    """
    if pairs == "all":
        a, b = a.flatten(0, 1), b.flatten(0, 1)
    return matmul(unit(a), unit(b).mT).abs().mean()


def _precise(x: Tensor) -> Tensor:
    return x.to(torch.promote_types(x.dtype, torch.float32))


def _positives(labels: Tensor) -> Tensor:
    return (labels[:, None] == labels).fill_diagonal_(False)


def _anchors(count: Tensor) -> Tensor:
    return (count > 0).sum().clamp(min=1)


def _log_q(z: Tensor, temperature: float) -> Tensor:
    return similarity(z, z, temperature).fill_diagonal_(-torch.inf).log_softmax(dim=1)


def _residual(z: Tensor, labels: Tensor, temperature: float) -> tuple[Tensor, Tensor]:
    """Return Q - T, (M, M), and the number of anchors that have positives."""
    q = _log_q(z, temperature).exp()
    positive = _positives(labels)
    count = positive.sum(1, keepdim=True)
    return (q - positive.to(q.dtype) / count.clamp(min=1)) * (count > 0), _anchors(count)
