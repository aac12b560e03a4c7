"""MPI3D toy, realistic and real: an object on a robot's arm, drawn simply, drawn well, or photographed.

Gondal et al. 2019, "On the Transfer of Inductive Bias from Simulation to the Real World".
"""

from dataclasses import dataclass
from typing import Annotated, Literal

from disentangle.data.factors import MPI3D
from disentangle.data.mpi3d import Mpi3d

DATA = "a grid of factors"
ROLES = ("images",)
POOLS = ()


@dataclass(frozen=True)
class Dataset(Mpi3d):
    """1,036,800 colour images of six objects of six colours, seen as they are stored."""

    image_size: Literal[64, 32] = 64
    every: Annotated[list[int], ">= 1, <= 1000, len <= 10"] = (1, 1, 1, 1, 1, 1, 1)  # type: ignore[assignment]  # a default must not be mutable

    factors = MPI3D
