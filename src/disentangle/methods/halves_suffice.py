"""Halves suffice: the whole embedding shall be no better than either half, which the paper proposes and does not try.

Paper: Burns et al. 2021 (arXiv 2108.06613), section 5: "additional constraints enforcing the full representation
performs no better than either subembedding may help to prevent" the loss of information.

    R = sum_k max(0, InfoMax(z_k / |z_k|) - InfoMax(z)) + hessian R_Hess

Reading: "performs" is measured by the training loss itself. One head, as for the Hessian, which is what loses
information; z_0 and z_1 are the halves of its z. Both sides of the constraint move: for lam < 1/2 the whole still
gains from a lower InfoMax(z). The option ``hessian`` adds Eq. 8 with a weight against the constraint.
Alternatives: a probe's loss instead of InfoMax, which needs the factors. Deviation: the paper gives no formula.
"""

from dataclasses import dataclass
from typing import Annotated

import torch
from torch import Tensor

from disentangle.losses.contrastive import info_nce, sub_infomax, unit
from disentangle.losses.embeddings import Embeddings
from disentangle.losses.hessian_coupling import hessian_coupling

REGULARIZED = True
FAMILY = "contrastive"
USES = ("projection",)


@dataclass(frozen=True)
class Objective:
    """InfoMax of one head, and by how much each half of its embedding falls short of the whole."""

    hessian: Annotated[float, ">= 0, <= 1e6"] = 0.0
    heads = 1

    def terms(self, batch: Embeddings) -> dict[str, Tensor]:
        """Return ``infomax_0`` and ``regularizer``."""
        z, labels = batch.z[0].flatten(0, 1), batch.labels["joint"].repeat_interleave(2)
        terms = sub_infomax(batch.z, [batch.labels["joint"]], batch.temperature)
        losses = [info_nce(unit(half), labels, batch.temperature) for half in z.chunk(2, dim=-1)]
        shortfalls = [loss - terms["infomax_0"] for loss in losses]
        regularizer = torch.stack(shortfalls).clamp(min=0).sum()
        if self.hessian:
            regularizer = regularizer + self.hessian * hessian_coupling(z, labels, batch.temperature)
        return terms | {"regularizer": regularizer}
