"""Shapes3D.v5: all but the orientation is told, 12,000 combinations.

Valenti and Bacciu 2022, Table 1; the factors are inferred, see data/variants.py, and so are the three scales, of two
official ones each, with one left out between them.
"""

from dataclasses import dataclass
from typing import Annotated, Literal

from disentangle.data.factors import SHAPES3D
from disentangle.data.variants import SCALES, Variant, singly

DATA = "a grid of factors"
ROLES = ("images",)
POOLS = ()


@dataclass(frozen=True)
class Dataset(Variant):
    """Colour images of four shapes, small, middling or large, of ten hues each of floor, wall and object."""

    image_size: Literal[64, 32] = 64
    every: Annotated[list[int], ">= 1, <= 1000, len <= 10"] = (1, 1)  # type: ignore[assignment]  # a default must not be mutable

    factors = SHAPES3D
    told = {
        **{name: singly(range(10)) for name in ("floor_hue", "wall_hue", "object_hue")},
        "scale": SCALES,
        "shape": singly(range(4)),
    }
