"""SmallNORB: a toy; category, instance, elevation, azimuth and lighting vary, the instance as a nuisance.

LeCun, Huang and Bottou 2004; as used by Locatello et al. 2019.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from disentangle import grid
from disentangle.factors import SMALLNORB

ROLES = ("images",)
POOLS = ()


@dataclass(frozen=True)
class Dataset(grid.Seen):
    """Grey images of toys of five categories, seen as they are stored.

    ``image_size`` 32 is the 2x2 mean, rounded half up, of the image of 64. ``every`` is a stride a factor, in official
    order: of a factor with stride e the values 0, e, 2 e, ... are kept.
    """

    image_size: Literal[64, 32] = 64
    every: list[int] = (1, 1, 1, 1, 1)  # type: ignore[assignment]  # a default must not be mutable

    def __post_init__(self) -> None:
        grid.strides(self.every, SMALLNORB)

    def generate(self, sources: Mapping[str, Any], stream: Callable[..., np.random.Generator]) -> grid.Grid:
        """Return the grid of images of ``sources["images"]``; raises InputError for a source of other factors."""
        return grid.load(sources["images"], stream("images"), self.every, SMALLNORB, self.image_size)
