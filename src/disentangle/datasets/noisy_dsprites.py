"""Noisy-dSprites: white dSprites on coloured noise.

Locatello et al. 2019, section 5.1; details follow disentanglement_lib (data/ground_truth/dsprites.py).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from disentangle import grid
from disentangle.factors import DSPRITES

ROLES = ("images",)
POOLS = ()


@dataclass(frozen=True)
class Dataset(grid.Seen):
    """Sprites of dSprites; each observation of one has another background.

    ``image_size`` 32 is the 2x2 mean, rounded half up, of the image of 64. ``every`` is a stride a factor, in official
    order: of a factor with stride e the values 0, e, 2 e, ... are kept.
    """

    image_size: Literal[64, 32] = 64
    every: list[int] = (1, 1, 1, 1, 1)  # type: ignore[assignment]  # a default must not be mutable

    def __post_init__(self) -> None:
        grid.strides(self.every, DSPRITES)

    def generate(self, sources: Mapping[str, Any], stream: Callable[..., np.random.Generator]) -> grid.Grid:
        """Return the grid of images of ``sources["images"]``; raises InputError for a source of other factors."""
        return grid.load(sources["images"], stream("images"), self.every, DSPRITES, self.image_size)

    def channels(self, shape: tuple[int, int, int]) -> int:
        """Return 3: observations are in colour."""
        return 3

    def noise_shape(self, shape: tuple[int, int, int]) -> tuple[int, ...]:
        """Return that of one number a pixel and channel."""
        return (*shape[:2], 3)

    def observe(self, images: Any, uniform: Any, shared: Mapping[str, Any]) -> Any:
        """Return min(sprite + noise, 1), (..., S, S, 3), with noise of U(0, 1)."""
        return (images + uniform).clip(max=1)
