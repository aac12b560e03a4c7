"""Relations as tensors, kept beside the weights of a method that edits by them."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from disentangle.data.relations import Relation


class Relations(nn.Module):
    """Of R relations ``factor`` (R,), which each changes, and ``target`` (R, V), what each of its values becomes."""

    factor: Tensor
    target: Tensor

    def __init__(self, relations: Sequence[Relation]) -> None:
        super().__init__()
        most = max((len(relation.target) for relation in relations), default=0)
        padded = [[*relation.target, *[0] * (most - len(relation.target))] for relation in relations]
        self.register_buffer("factor", torch.tensor([relation.factor for relation in relations], dtype=torch.int64))
        self.register_buffer("target", torch.tensor(padded, dtype=torch.int64))

    def assigned(self, z: Tensor, told: Tensor, number: int, scalars: Sequence[Tensor]) -> Tensor:
        """Return codes (M, D) with the scalar of the target value in the dimension of the factor that is changed.

        ``told`` (M, K) are the values of the codes; ``scalars`` holds for each factor, which has the dimension of its
        own number, what stands for each of its values, (V,).
        """
        factor = int(self.factor[number])
        edited = z.clone()
        edited[:, factor] = scalars[factor][self.target[number, told[:, factor]]]
        return edited
