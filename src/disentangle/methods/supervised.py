"""The supervised reference: each half of the representation is told its own factor.

Paper: Burns et al. 2021 (arXiv 2108.06613), appendix A.2: SubInfoMax with disjoint labels, no projection head.

    L = InfoMax(r_0 / |r_0|, labels of the first held factor) + InfoMax(r_1 / |r_1|, labels of the second)

Reading: the halves of r take the place of z, so each is normalised to unit length like a z.
Alternatives: none stated. Deviation: a mean over anchors.
"""

from dataclasses import dataclass

from torch import Tensor

from disentangle.losses.contrastive import sub_infomax, unit
from disentangle.losses.embeddings import Embeddings

REGULARIZED = False
FAMILY = "contrastive"
USES = ()


@dataclass(frozen=True)
class Objective:
    """SubInfoMax on the halves of r, one held factor each."""

    heads = 0

    def terms(self, batch: Embeddings) -> dict[str, Tensor]:
        """Return ``infomax_0`` of the first held factor and ``infomax_1`` of the second."""
        halves = [unit(half) for half in batch.r.chunk(2, dim=-1)]
        return sub_infomax(halves, [batch.labels[factor] for factor in batch.held], batch.temperature)
