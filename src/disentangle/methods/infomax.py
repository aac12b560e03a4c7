"""InfoMax alone: the control without a regularizer.

Paper: Burns et al. 2021 (arXiv 2108.06613), Eq. 1 and 2, with K = ``heads``.
Reading: joint labels define the positives (section 3.1); all views of a class are positives (SupCon's L_out).
Alternatives: ``heads=1`` is Eq. 1 on one joint embedding, the control of the Hessian; ``heads=2`` is Eq. 2, the control
of the other three.
Deviation: a mean over anchors. The paper has no run without a regularizer; effects of lam are told against this one.
"""

from dataclasses import dataclass
from typing import Literal

from torch import Tensor

from disentangle.losses.contrastive import sub_infomax
from disentangle.losses.embeddings import Embeddings

REGULARIZED = False
FAMILY = "contrastive"
USES = ("projection",)


@dataclass(frozen=True)
class Objective:
    """SubInfoMax over one head a subembedding (``heads=2``), or InfoMax over one head for all of r (``heads=1``)."""

    heads: Literal[2, 1] = 2

    def terms(self, batch: Embeddings) -> dict[str, Tensor]:
        """Return ``infomax_0``, and ``infomax_1`` with two heads."""
        return sub_infomax(batch.z, [batch.labels["joint"]] * self.heads, batch.temperature)
