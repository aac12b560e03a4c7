"""dSprites without a download: the official factor grid, rendered anew."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from disentangle.data.factors import DSPRITES
from disentangle.data.grid import Every, Grid, kept, sizes_of
from disentangle.data.rendering import sprites

STAND_IN = "a re-rendering of dSprites (of 302 published frames, 289 matched to the pixel)"
CREDITS = "Sprites: rendered by this project after dSprites, L. Matthey, I. Higgins, D. Hassabis and A. Lerchner, 2017."
ARCHIVES = ()


@dataclass(frozen=True)
class Source:
    """Render square, ellipse and heart of scales 0.5 to 1, turned in 40 steps, at 32 x 32 positions."""

    def files(self) -> list[Path]:
        """Return no file: everything is rendered."""
        return []

    def load(self, rng: np.random.Generator, every: Every) -> Grid:
        """Return the grid of (64, 64, 1) binary images; raises InputError for an unknown factor, stride or value."""
        values = kept(DSPRITES, every)
        x, y = (sprites.CENTRES[values[axis]] for axis in ("x", "y"))
        block = len(x) * len(y)
        images = np.empty(
            (len(values["shape"]) * len(values["scale"]) * len(values["orientation"]) * block, 512), np.uint8
        )
        start = 0
        for shape in values["shape"]:
            for scale in sprites.SCALES[values["scale"]]:
                for angle in sprites.ANGLES[values["orientation"]]:
                    frames = sprites.frames(shape, scale, angle, x, y)
                    images[start : start + block] = np.packbits(frames.reshape(block, -1), axis=1)
                    start += block
        return Grid(images, sizes_of(values), (sprites.SIDE, sprites.SIDE, 1), binary=True)
