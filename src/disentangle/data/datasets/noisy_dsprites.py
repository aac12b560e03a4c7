"""Noisy-dSprites: white dSprites on coloured noise.

Locatello et al. 2019, section 5.1; details follow disentanglement_lib (data/ground_truth/dsprites.py).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from disentangle.data import grid
from disentangle.data.factors import DSPRITES

DATA = "a grid of factors"
ROLES = ("images",)
POOLS = ()


@dataclass(frozen=True)
class Dataset(grid.GridDataset):
    """Sprites of dSprites; each observation of one has another background."""

    image_size: Literal[64, 32] = 64
    every: Annotated[list[int], ">= 1, <= 1000, len <= 10"] = (1, 1, 1, 1, 1)  # type: ignore[assignment]  # a default must not be mutable

    factors = DSPRITES

    def channels(self, shape: tuple[int, int, int]) -> int:
        """Return 3: observations are in colour."""
        return 3

    def noise_shape(self, shape: tuple[int, int, int]) -> tuple[int, ...]:
        """Return that of one number a pixel and channel."""
        return (*shape[:2], 3)

    def observe(self, images: Any, uniform: Any, shared: Mapping[str, Any]) -> Any:
        """Return min(sprite + noise, 1), (..., S, S, 3), with noise of U(0, 1)."""
        return (images + uniform).clip(max=1)
