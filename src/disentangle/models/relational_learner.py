"""The relational learner (ReL): a perceptron that edits codes, and the relations that it knows.

Source: Valenti & Bacciu 2022, section 3.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from disentangle.data.relations import Relation
from disentangle.models.relations import Relations


class RelationalLearner(Relations):
    """A ``network`` from a code and a one-hot relation, (M, 1, D + R), to a code (M, 1, D), trained on ``batch`` codes.

    ``held`` (R, P) is which partitions hold the factor that a relation changes.
    """

    held: Tensor

    def __init__(
        self, network: nn.Module, relations: Sequence[Relation], parts: Sequence[Sequence[int]], batch: int
    ) -> None:
        super().__init__(relations)
        self.network, self.batch = network, batch
        held = [[relation.factor in part for part in parts] for relation in relations]
        self.register_buffer("held", torch.tensor(held))
