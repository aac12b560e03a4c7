"""View pairs on the device: one uint8 tensor, of which a batch is an index."""

from dataclasses import dataclass

import torch
from torch import Tensor

from disentangle.streams import seed_of


@dataclass(frozen=True)
class ViewPairs:
    """Images (N, 2, S, S, 3) uint8 and the labels (N,) int64 that a pair shares, on one device."""

    images: Tensor
    labels: dict[str, Tensor]

    def __len__(self) -> int:
        return len(self.images)

    def batch(self, index: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
        """Return images (B, 2, S, S, 3) uint8 and labels (B,) of the samples ``index`` (B,)."""
        return self.images.index_select(0, index), {name: label[index] for name, label in self.labels.items()}


def normalise(images: Tensor) -> Tensor:
    """Map (M, S, S, 3) uint8 to (M, 3, S, S) float32 in [-1, 1], channels last in memory: x / 127.5 - 1."""
    return (images.permute(0, 3, 1, 2) / 127.5).sub_(1)


class Order:
    """The order of samples: each epoch is a permutation drawn from (seed, epoch); a last partial batch is dropped.

    It is drawn on the CPU, the same for every device, and kept on ``device``, where a batch is a slice of it.
    """

    def __init__(self, samples: int, batch: int, seed: int, device: torch.device | None = None) -> None:
        self.samples, self.batch, self.seed, self.device = samples, batch, seed, device or torch.device("cpu")
        self.steps_per_epoch = samples // batch
        self._epoch, self._permutation = -1, torch.empty(0, dtype=torch.int64)

    def index(self, step: int) -> Tensor:
        """Return the samples (B,) int64 of a step, which depend on the seed and the step alone."""
        epoch, position = divmod(step, self.steps_per_epoch)
        if epoch != self._epoch:
            generator = torch.Generator().manual_seed(seed_of(self.seed, "order", epoch))
            self._epoch = epoch
            drawn = torch.randperm(self.samples, generator=generator)
            self._permutation = drawn.to(self.device, non_blocking=True)
        return self._permutation[position * self.batch : (position + 1) * self.batch]
