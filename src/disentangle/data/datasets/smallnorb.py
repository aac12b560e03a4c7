"""SmallNORB: a toy; category, instance, elevation, azimuth and lighting vary, the instance as a nuisance.

LeCun, Huang and Bottou 2004; as used by Locatello et al. 2019.
"""

from dataclasses import dataclass
from typing import Annotated, Literal

from disentangle.data import grid
from disentangle.data.factors import SMALLNORB

DATA = "a grid of factors"
ROLES = ("images",)
POOLS = ()


@dataclass(frozen=True)
class Dataset(grid.GridDataset):
    """Grey images of toys of five categories, seen as they are stored."""

    image_size: Literal[64, 32] = 64
    every: Annotated[list[int], ">= 1, <= 1000, len <= 10"] = (1, 1, 1, 1, 1)  # type: ignore[assignment]  # a default must not be mutable

    factors = SMALLNORB
