"""Cars3D with the car as the domain; elevation and azimuth together are one attribute, the pose.

Kahana and Hoshen 2022 (DCoDR).
"""

from dataclasses import dataclass
from typing import Annotated, Literal

from disentangle.data.by_domain import GridByDomain
from disentangle.data.factors import CARS3D

DATA = "labelled images"
ROLES = ("images",)


@dataclass(frozen=True)
class Dataset(GridByDomain):
    """Colour images of 183 cars from 96 sides; a pose is 24 times its elevation and its azimuth."""

    image_size: Literal[64, 32] = 64
    every: Annotated[list[int], ">= 1, <= 1000, len <= 10"] = (1, 1, 1)  # type: ignore[assignment]  # a default must not be mutable

    factors = CARS3D
    labels = {"car": ("object",), "pose": ("elevation", "azimuth")}
