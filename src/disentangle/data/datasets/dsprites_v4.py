"""dSprites.v4: shape, scale, orientation and position are told, 1,080 combinations.

Valenti and Bacciu 2022, Table 1; the factors are inferred, see data/variants.py, and so are the five scales, all but
the smallest, and the eight orientations, of five official ones in a row each. Images do not tell all of these apart: a
square is itself again after a quarter turn, an ellipse after half a turn, and official orientation 39 is that of 0.
"""

from dataclasses import dataclass
from typing import Annotated, Literal

from disentangle.data.factors import DSPRITES
from disentangle.data.variants import POSITIONS, Variant, singly

DATA = "a grid of factors"
ROLES = ("images",)
POOLS = ()


@dataclass(frozen=True)
class Dataset(Variant):
    """Sprites of three shapes and five scales, turned eight ways, at 3 x 3 places of 5 x 5 positions each."""

    image_size: Literal[64, 32] = 64
    every: Annotated[list[int], ">= 1, <= 1000, len <= 10"] = (1, 1, 1)  # type: ignore[assignment]  # a default must not be mutable

    factors = DSPRITES
    told = {
        "shape": singly(range(3)),
        "scale": singly(range(1, 6)),
        "orientation": [range(first, first + 5) for first in range(0, 40, 5)],
        "x": POSITIONS,
        "y": POSITIONS,
    }
