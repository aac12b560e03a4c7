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
        """Return the views (2B, 3, S, S) in [-1, 1], a pair's two views side by side, and the labels (B,)."""
        return normalise(self.images[index].flatten(0, 1)), {name: label[index] for name, label in self.labels.items()}


def normalise(images: Tensor) -> Tensor:
    """Map (M, S, S, 3) uint8 to (M, 3, S, S) float32 in [-1, 1], channels last in memory: x / 127.5 - 1."""
    return images.permute(0, 3, 1, 2).float().div_(127.5).sub_(1)


class Order:
    """The order of samples: each epoch is a permutation drawn from (seed, epoch); a last partial batch is dropped."""

    def __init__(self, samples: int, batch: int, seed: int) -> None:
        self.samples, self.batch, self.seed = samples, batch, seed
        self.steps_per_epoch = samples // batch
        self._epoch, self._permutation = -1, torch.empty(0, dtype=torch.int64)

    def index(self, step: int) -> Tensor:
        """Return the samples (B,) int64 of a step, which depend on the seed and the step alone."""
        epoch, position = divmod(step, self.steps_per_epoch)
        if epoch != self._epoch:
            generator = torch.Generator().manual_seed(seed_of(self.seed, "order", epoch))
            self._epoch, self._permutation = epoch, torch.randperm(self.samples, generator=generator)
        return self._permutation[position * self.batch : (position + 1) * self.batch]
