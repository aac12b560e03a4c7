"""3D Shapes: a body in a room; the hues of floor, wall and body, its scale and shape, and the view vary.

Burgess and Kim 2018; as used by Locatello et al. 2019.
"""

from dataclasses import dataclass
from typing import Annotated, Literal

from disentangle.data import grid
from disentangle.data.factors import SHAPES3D

DATA = "a grid of factors"
ROLES = ("images",)
POOLS = ()


@dataclass(frozen=True)
class Dataset(grid.GridDataset):
    """Colour images of a cube, a cylinder, a sphere or a capsule, seen as they are stored."""

    image_size: Literal[64, 32] = 64
    every: Annotated[list[int], ">= 1, <= 1000, len <= 10"] = (1, 1, 1, 1, 1, 1)  # type: ignore[assignment]  # a default must not be mutable

    factors = SHAPES3D
