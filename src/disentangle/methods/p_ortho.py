"""P(Ortho): make the two subembeddings orthogonal in whatever order one's elements come.

Paper: Burns et al. 2021 (arXiv 2108.06613), Eq. 6:

    R = sum_{k != k'} mean_i mean_j |P z_ik.z_jk'| / (|z_ik| |z_jk'|)

Reading: P permutes the elements of z_k, the first of each ordered pair. One P serves the whole batch and both orders,
and is redrawn every step: a fixed P would only relabel the outputs of a head. j as in Ortho.
Alternatives: ``permutation="per_sample"`` draws a P for each view of each sample; ``pairs="all"`` as in Ortho.
Deviation: means over i and j where Eq. 6 prints sums.
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
    """SubInfoMax and the unsigned cosine between the subembeddings, one of them permuted."""

    pairs: Literal["matched", "all"] = "matched"
    permutation: Literal["shared", "per_sample"] = "shared"
    heads = 2

    def terms(self, batch: Embeddings) -> dict[str, Tensor]:
        """Return ``infomax_0``, ``infomax_1`` and ``regularizer``; draws one permutation from ``batch.generator``."""
        p = self._permutation(batch)
        cosines = [absolute_cosine((p * a[..., None, :]).sum(-1), b, self.pairs) for a, b in permutations(batch.z, 2)]
        terms = sub_infomax(batch.z, [batch.labels["joint"]] * 2, batch.temperature)
        return terms | {"regularizer": torch.stack(cosines).sum()}

    def _permutation(self, batch: Embeddings) -> Tensor:
        """Return P as a matrix (..., d, d): the derivative of indexing would make a GPU wait, to be repeatable."""
        z, generator = batch.z[0], batch.generator
        shape = (1, 1, z.shape[-1]) if self.permutation == "shared" else z.shape
        order = torch.rand(shape, generator=generator, device=generator.device).argsort(dim=-1).to(z.device)
        return (order[..., None] == torch.arange(z.shape[-1], device=z.device)).to(z.dtype)
