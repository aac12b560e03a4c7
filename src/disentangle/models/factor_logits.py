"""A network whose outputs are the logits of several factors, side by side."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn


class FactorLogits(nn.Module):
    """Map images to logits (M, sum of sizes) by a ``network``; ``split`` parts them by factor."""

    def __init__(self, network: nn.Module, sizes: Sequence[int]) -> None:
        super().__init__()
        self.network, self.sizes = network, tuple(sizes)

    def forward(self, x: Tensor) -> Tensor:
        """Return the logits, in the precision of the images."""
        logits: Tensor = self.network(x).to(x.dtype)
        return logits

    def split(self, logits: Tensor) -> tuple[Tensor, ...]:
        """Return the logits (M, V) of each factor."""
        return torch.split(logits, [*self.sizes], 1)
