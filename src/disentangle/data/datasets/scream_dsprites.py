"""Scream-dSprites: dSprites that invert the colours of a patch of Munch's The Scream.

Locatello et al. 2019, section 5.1; details follow disentanglement_lib (data/ground_truth/dsprites.py).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Annotated, Any, Literal

import numpy as np
from PIL import Image

from disentangle.data import grid
from disentangle.data.factors import DSPRITES
from disentangle.errors import InputError

DATA = "a grid of factors"
ROLES = ("images", "painting")
POOLS = ()

BOX = 350, 274
"""Width and height, in pixels, into which the painting is shrunk for images of 64 pixels."""


@dataclass(frozen=True)
class Dataset(grid.GridDataset):
    """Sprites of dSprites; each observation of one has another background."""

    image_size: Literal[64, 32] = 64
    every: Annotated[list[int], ">= 1, <= 1000, len <= 10"] = (1, 1, 1, 1, 1)  # type: ignore[assignment]  # a default must not be mutable

    factors = DSPRITES

    def generate(self, sources: Mapping[str, Any], stream: Callable[..., np.random.Generator]) -> grid.Grid:
        """Return the grid of images of ``sources["images"]``, which shares the painting of ``sources["painting"]``.

        Shared are ``painting`` (H, W, 3) float32 in [0, 1], shrunk into a box of 350 x 274 pixels for images of 64, and
        ``pixels``, the numbers 0 to S - 1.
        Raises InputError for a source of other factors, or a painting that is no larger than an image.
        """
        sprites = super().generate(sources, stream)
        painting = Image.fromarray(sources["painting"].load(stream("painting")))
        box = (BOX[0] * self.image_size // 64, BOX[1] * self.image_size // 64)
        painting.thumbnail(box, Image.Resampling.BICUBIC, reducing_gap=None)
        if min(painting.size) <= self.image_size:
            raise InputError(
                f"painting: found {painting.size} pixels once shrunk; allowed: over {self.image_size} a side."
            )
        shared = {
            "painting": np.asarray(painting, np.float32) / 255,
            "pixels": np.arange(self.image_size),
        }
        return replace(sprites, shared=shared)

    def channels(self, shape: tuple[int, int, int]) -> int:
        """Return 3: observations are in colour."""
        return 3

    def noise_shape(self, shape: tuple[int, int, int]) -> tuple[int, ...]:
        """Return that of a place and a colour."""
        return (5,)

    def observe(self, images: Any, uniform: Any, shared: Mapping[str, Any]) -> Any:
        """Return b + s (1 - 2 b), (..., S, S, 3): the background b where the sprite s is 0, inverted where it is 1.

        b is the mean of an S x S patch of the painting (H, W) and a colour. Of ``uniform``'s five numbers, two tell the
        patch's top left, floor(u (H - S)) and floor(u (W - S)), and three are the colour. As released, the last row
        and column of the painting are never reached.
        """
        painting, pixels = shared["painting"], shared["pixels"]
        side = len(pixels)
        rows, columns = (
            _whole(uniform[..., axis] * places).clip(max=places - 1)[..., None] + pixels  # a float32 may round up to 1
            for axis, places in enumerate((painting.shape[0] - side, painting.shape[1] - side))
        )
        patch = painting[rows[..., :, None], columns[..., None, :]]
        background = (patch + uniform[..., None, None, 2:]) / 2
        return background + images * (1 - 2 * background)


def _whole(numbers: Any) -> Any:
    """Return numbers >= 0 rounded down to integers, as torch or as NumPy calls it."""
    return numbers.long() if hasattr(numbers, "long") else numbers.astype(np.int64)
