"""Factor values as numbers in [0, 1) that a sigmoid can reach.

Source: google-research/disentanglement_lib, methods/semi_supervised/semi_supervised_vae.py, ``normalize_labels``.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

CLIPPED = 0.25
"""The label, in steps of 1 / V, whose logit stands for value 0, as that of 0 is infinite: still nearest to 0."""


class ScaledLabels(nn.Module):
    """Scale value v of V to v / V; ``sizes`` (K,) are the numbers of values of the factors."""

    sizes: Tensor

    def __init__(self, sizes: Sequence[int]) -> None:
        super().__init__()
        self.register_buffer("sizes", torch.tensor(sizes))

    def forward(self, values: Tensor) -> Tensor:
        """Return the labels (M, K) of values (M, K)."""
        labels: Tensor = values / self.sizes
        return labels

    def told(self, logits: Tensor) -> Tensor:
        """Return the values (M, K) whose labels are the nearest to the sigmoids of logits (M, K)."""
        # At least 0, which NaN, of a run that diverged, is not.
        return (logits.sigmoid() * self.sizes).round().long().clamp(min=0).minimum(self.sizes - 1)

    def logits(self) -> list[Tensor]:
        """Return for each factor what stands for its values, (V,)."""
        steps = [torch.arange(int(size), device=self.sizes.device) for size in self.sizes]
        return [(own.clamp(min=CLIPPED) / size).logit() for own, size in zip(steps, self.sizes, strict=True)]
