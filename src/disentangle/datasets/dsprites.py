"""dSprites: a white sprite on black; shape, scale, orientation and position vary.

Matthey et al. 2017; as used by Locatello et al. 2019. The factor colour, which has one value, is left out.
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
    """Binary images of a square, an ellipse or a heart, seen as they are stored.

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
