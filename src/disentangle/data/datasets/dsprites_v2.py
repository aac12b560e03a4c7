"""dSprites.v2: shape and position are told, 27 combinations; scale and orientation are nuisances.

Valenti and Bacciu 2022, Table 1; the factors are inferred, see data/variants.py.
"""

from dataclasses import dataclass
from typing import Annotated, Literal

from disentangle.data.factors import DSPRITES
from disentangle.data.variants import POSITIONS, RESTRICTED, Variant, singly

DATA = "a grid of factors"
ROLES = ("images",)
POOLS = ()


@dataclass(frozen=True)
class Dataset(Variant):
    """Sprites of three shapes at 3 x 3 places, of 5 x 5 positions each."""

    image_size: Literal[64, 32] = 64
    every: Annotated[list[int], ">= 1, <= 1000, len <= 10"] = (1, 1, 1, 1)  # type: ignore[assignment]  # a default must not be mutable
    nuisances: Literal["free", "restricted"] = "free"

    factors = DSPRITES
    told = {"shape": singly(range(3)), "x": POSITIONS, "y": POSITIONS}
    restricted = RESTRICTED
