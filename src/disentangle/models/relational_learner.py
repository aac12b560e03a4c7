"""The relational learner (ReL): a perceptron that edits codes, and the relations that it knows.

Source: Valenti & Bacciu 2022, section 3.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from disentangle.data.relations import Relation


class RelationalLearner(nn.Module):
    """A ``network`` from a code and a one-hot relation, (M, 1, D + R), to a code (M, 1, D), trained on ``batch`` codes.

    Beside it, as tensors: ``factor`` (R,), which factor each relation changes, ``target`` (R, V), the value that each
    of its values becomes, and ``held`` (R, P), which partitions hold the factor.
    """

    factor: Tensor
    target: Tensor
    held: Tensor

    def __init__(
        self, network: nn.Module, relations: Sequence[Relation], parts: Sequence[Sequence[int]], batch: int
    ) -> None:
        super().__init__()
        self.network, self.batch = network, batch
        most = max(len(relation.target) for relation in relations)
        padded = [[*relation.target, *[0] * (most - len(relation.target))] for relation in relations]
        held = [[relation.factor in part for part in parts] for relation in relations]
        self.register_buffer("factor", torch.tensor([relation.factor for relation in relations]))
        self.register_buffer("target", torch.tensor(padded))
        self.register_buffer("held", torch.tensor(held))
