"""Shapes3D.v2: the hue of the object and its shape are told, 40 combinations; all else is a nuisance.

Valenti and Bacciu 2022, Table 1; the factors are inferred, see data/variants.py.
"""

from dataclasses import dataclass
from typing import Annotated, Literal

from disentangle.data.factors import SHAPES3D
from disentangle.data.variants import Variant, singly

DATA = "a grid of factors"
ROLES = ("images",)
POOLS = ()


@dataclass(frozen=True)
class Dataset(Variant):
    """Colour images of four shapes of ten hues."""

    image_size: Literal[64, 32] = 64
    every: Annotated[list[int], ">= 1, <= 1000, len <= 10"] = (1, 1, 1, 1)  # type: ignore[assignment]  # a default must not be mutable

    factors = SHAPES3D
    told = {"object_hue": singly(range(10)), "shape": singly(range(4))}
