"""MPI3D complex: a cup, a ball, a croissant or a beer cup on a robot's arm, photographed.

Gondal et al. 2019, "On the Transfer of Inductive Bias from Simulation to the Real World"; released later.
"""

from dataclasses import dataclass
from typing import Annotated, Literal

from disentangle.data.factors import MPI3D_COMPLEX
from disentangle.data.mpi3d import Mpi3d

DATA = "a grid of factors"
ROLES = ("images",)
POOLS = ()


@dataclass(frozen=True)
class Dataset(Mpi3d):
    """460,800 colour images of four things of four colours, seen as they are stored."""

    image_size: Literal[64, 32] = 64
    every: Annotated[list[int], ">= 1, <= 1000, len <= 10"] = (1, 1, 1, 1, 1, 1, 1)  # type: ignore[assignment]  # a default must not be mutable

    factors = MPI3D_COMPLEX
