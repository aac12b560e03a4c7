"""Cars3D: a car; elevation, azimuth and which car vary.

Reed et al. 2015; as used by Locatello et al. 2019.
"""

from dataclasses import dataclass
from typing import Annotated, Literal

from disentangle.data import grid
from disentangle.data.factors import CARS3D

DATA = "a grid of factors"
ROLES = ("images",)
POOLS = ()


@dataclass(frozen=True)
class Dataset(grid.GridDataset):
    """Colour images of 183 cars, seen as they are stored."""

    image_size: Literal[64, 32] = 64
    every: Annotated[list[int], ">= 1, <= 1000, len <= 10"] = (1, 1, 1)  # type: ignore[assignment]  # a default must not be mutable

    factors = CARS3D
