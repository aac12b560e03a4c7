"""3D Shapes as published: 480,000 images of one body in a room."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from disentangle.data.factors import SHAPES3D
from disentangle.data.foreign import reading
from disentangle.data.grid import Every, Grid, kept, rows_of, sizes_of
from disentangle.data.official import hdf5_blocks, taken, verify_all

STAND_IN = ""
CREDITS = "Scenes: 3D Shapes, C. Burgess and H. Kim, 2018 (Apache-2.0)."
ARCHIVES = (
    {
        "url": "https://storage.googleapis.com/3d-shapes/3dshapes.h5",
        "path": "data/raw/shapes3d/3dshapes.h5",
        "md5": "099a2078d58cec4daad0702c55d06868",
    },
)

HDF5 = Path("data/raw/shapes3d/3dshapes.h5")
SHAPE = (64, 64, 3)


@dataclass(frozen=True)
class Source:
    """Read the official file; its images are in the order of the factors."""

    def files(self) -> list[Path]:
        """Return the official file."""
        return [HDF5]

    def load(self, rng: np.random.Generator, every: Every) -> Grid:
        """Return the grid of (64, 64, 3) images.

        Raises InputError when the file is missing, damaged or another one; for an unknown factor, stride or value.
        """
        values = kept(SHAPES3D, every)
        verify_all(ARCHIVES)
        with reading(HDF5):
            blocks = hdf5_blocks(HDF5, "images", (int(np.prod(list(SHAPES3D.values()))), *SHAPE))
            images = taken(blocks, rows_of(values, SHAPES3D), lambda block: block, SHAPE)
        return Grid(images, sizes_of(values), SHAPE)
