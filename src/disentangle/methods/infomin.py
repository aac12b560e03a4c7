"""InfoMin: lower the mutual information between the two subembeddings of a sample.

Paper: Burns et al. 2021 (arXiv 2108.06613), Eq. 4, for one view of B samples:

    R = sum_{k != k'} mean_i log( exp(z_ik.z_ik' / tau) / sum_{a != i} exp(z_ik.z_ak / tau) )

averaged over the two views and minimised (Fig. 5 plots -R).
Reading: as printed. The numerator crosses heads, the denominator stays in head k ("same_head"); A is all other samples
of the same view. R is then no log-probability, and its global minimum is a collapse: every z_i0 alike and z_i1 = -z_i0.
Alternative: ``negatives="cross_head"`` is minus the ordinary InfoNCE between the heads, whose denominator sums
exp(z_ik.z_ak' / tau) over all a, i included.
Deviation: a mean over samples where Eq. 4 prints a sum.
"""

from dataclasses import dataclass
from itertools import permutations
from typing import Literal

import torch
from torch import Tensor

from disentangle.losses.contrastive import similarity, sub_infomax
from disentangle.losses.embeddings import Embeddings

REGULARIZED = True
FAMILY = "contrastive"
USES = ("projection",)


@dataclass(frozen=True)
class Objective:
    """SubInfoMax and the log ratio of Eq. 4; needs two samples or more."""

    negatives: Literal["same_head", "cross_head"] = "same_head"
    heads = 2

    def terms(self, batch: Embeddings) -> dict[str, Tensor]:
        """Return ``infomax_0``, ``infomax_1`` and ``regularizer``."""
        views = [z.transpose(0, 1) for z in batch.z]  # (2, B, d): the regularizer stays within a view
        ratios = [self._log_ratio(a, b, batch.temperature).mean() for a, b in permutations(views, 2)]
        terms = sub_infomax(batch.z, [batch.labels["joint"]] * 2, batch.temperature)
        return terms | {"regularizer": torch.stack(ratios).sum()}

    def _log_ratio(self, z: Tensor, other: Tensor, temperature: float) -> Tensor:
        across = similarity(z, other, temperature)
        if self.negatives == "cross_head":
            candidates = across
        else:
            itself = torch.eye(z.shape[1], dtype=torch.bool, device=z.device)
            candidates = similarity(z, z, temperature).masked_fill(itself, -torch.inf)
        return across.diagonal(dim1=-2, dim2=-1) - candidates.logsumexp(-1)
