"""Ortho: make the two subembeddings orthogonal.

Paper: Burns et al. 2021 (arXiv 2108.06613), Eq. 5:

    R = sum_{k != k'} mean_i mean_j |z_ik.z_jk'| / (|z_ik| |z_jk'|)

Reading: j is view i itself or its positive, the other view of the sample ("matched"): z_j is the positive in Eq. 1, and
the degenerate solution that the paper names, z_1 a rotation of z_0, zeroes matched pairs only.
Alternative: ``pairs="all"``, j is every view of the batch.
Deviation: means over i and j where Eq. 5 prints sums.
"""

from dataclasses import dataclass
from itertools import permutations
from typing import Literal

import torch
from torch import Tensor

from disentangle.losses.contrastive import absolute_cosine, sub_infomax
from disentangle.losses.embeddings import Embeddings

REGULARIZED = True
FAMILY = "contrastive"
USES = ("projection",)


@dataclass(frozen=True)
class Objective:
    """SubInfoMax and the unsigned cosine between the subembeddings."""

    pairs: Literal["matched", "all"] = "matched"
    heads = 2

    def terms(self, batch: Embeddings) -> dict[str, Tensor]:
        """Return ``infomax_0``, ``infomax_1`` and ``regularizer``."""
        cosines = [absolute_cosine(a, b, self.pairs) for a, b in permutations(batch.z, 2)]
        terms = sub_infomax(batch.z, [batch.labels["joint"]] * 2, batch.temperature)
        return terms | {"regularizer": torch.stack(cosines).sum()}
