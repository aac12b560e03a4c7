"""Images of a factor grid on the device: bytes or packed bits, of which a batch is an index."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

from disentangle.data.grid import Grid


@dataclass(frozen=True)
class PackedGrid:
    """Images (N, S, S, C) uint8 of 0..255, or of ``binary`` ones (N, S S C / 8) uint8 as ``numpy.packbits`` packs them.

    ``shared`` holds by name what observations need beside the images.
    """

    images: Tensor
    shape: tuple[int, int, int]
    binary: bool = False
    shared: Mapping[str, Tensor] = field(default_factory=dict)

    @classmethod
    def of(cls, grid: Grid, device: torch.device) -> "PackedGrid":
        """Return a grid on a device."""
        shared = {name: torch.from_numpy(array).to(device) for name, array in grid.shared.items()}
        return cls(torch.from_numpy(np.array(grid.images)).to(device), grid.shape, grid.binary, shared)

    def __len__(self) -> int:
        return len(self.images)

    def batch(self, index: Tensor) -> Tensor:
        """Return the images (..., S, S, C) of an index (...) as floats in [0, 1]."""
        found = self.images.index_select(0, index.flatten())
        if self.binary:
            shifts = torch.arange(7, -1, -1, dtype=torch.uint8, device=found.device)
            found = (found[..., None] >> shifts) & 1
        return found.view(*index.shape, *self.shape).float().div_(1 if self.binary else 255)
