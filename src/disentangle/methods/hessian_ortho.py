"""Hessian and orthogonality together, which the paper proposes and does not try.

Paper: Burns et al. 2021 (arXiv 2108.06613), section 4.3.1: both terms "may also better balance the goal of
disentanglement and high downstream accuracy". With R_Hess of Eq. 8 and R_Ortho of Eq. 5,

    R = R_Hess + ortho R_Ortho(z_0, z_1)

Reading: one head and one InfoMax, as for the Hessian; z_0 and z_1 are the halves of its z. lam weighs both terms, the
option ``ortho`` the second against the first. Alternatives: two heads, on which Eq. 8 has no unified z.
Deviation: means over samples and pairs where the equations print sums.
"""

from dataclasses import dataclass
from typing import Annotated

from torch import Tensor

from disentangle.losses.contrastive import absolute_cosine, sub_infomax
from disentangle.losses.embeddings import Embeddings
from disentangle.losses.hessian_coupling import hessian_coupling

REGULARIZED = True
FAMILY = "contrastive"
USES = ("projection",)


@dataclass(frozen=True)
class Objective:
    """InfoMax of one head, the coupling of the halves of its embedding, and their unsigned cosine."""

    ortho: Annotated[float, ">= 0, <= 1e6"] = 1.0
    heads = 1

    def terms(self, batch: Embeddings) -> dict[str, Tensor]:
        """Return ``infomax_0`` and ``regularizer``."""
        z, labels = batch.z[0].flatten(0, 1), batch.labels["joint"].repeat_interleave(2)
        coupling = hessian_coupling(z, labels, batch.temperature)
        z0, z1 = batch.z[0].chunk(2, dim=-1)
        cosine = 2 * absolute_cosine(z0, z1, "matched")  # the same in both orders
        terms = sub_infomax(batch.z, [batch.labels["joint"]], batch.temperature)
        return terms | {"regularizer": coupling + self.ortho * cosine}
