"""dSprites: a white sprite on black; shape, scale, orientation and position vary.

Matthey et al. 2017; as used by Locatello et al. 2019. The factor colour, which has one value, is left out.
"""

from dataclasses import dataclass
from typing import Annotated, Literal

from disentangle.data import grid
from disentangle.data.factors import DSPRITES

DATA = "a grid of factors"
ROLES = ("images",)
POOLS = ()


@dataclass(frozen=True)
class Dataset(grid.GridDataset):
    """Binary images of a square, an ellipse or a heart, seen as they are stored."""

    image_size: Literal[64, 32] = 64
    every: Annotated[list[int], ">= 1, <= 1000, len <= 10"] = (1, 1, 1, 1, 1)  # type: ignore[assignment]  # a default must not be mutable

    factors = DSPRITES
