"""3D Shapes with the shape as the domain.

Kahana and Hoshen 2022 (DCoDR), which trains and fits on 50,000 of the 432,000 images that are not tested on.
"""

from dataclasses import dataclass
from typing import Annotated, Literal

from disentangle.data.by_domain import GridByDomain
from disentangle.data.factors import SHAPES3D

DATA = "labelled images"
ROLES = ("images",)


@dataclass(frozen=True)
class Dataset(GridByDomain):
    """Colour images of four shapes; hues, scale and orientation are the attributes."""

    image_size: Literal[64, 32] = 64
    every: Annotated[list[int], ">= 1, <= 1000, len <= 10"] = (1, 1, 1, 1, 1, 1)  # type: ignore[assignment]  # a default must not be mutable
    train_images: Annotated[int, ">= 0, <= 1e9"] = 0

    factors = SHAPES3D
    labels = {"shape": ("shape",)} | {name: (name,) for name in SHAPES3D if name != "shape"}
    called = {"shape": ("cube", "cylinder", "sphere", "capsule")}
