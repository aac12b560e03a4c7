"""What the four sets of MPI3D share: seven factors of the same names, and an array of images in their order."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from disentangle.data import grid
from disentangle.data.foreign import reading
from disentangle.data.official import npz_blocks, taken
from disentangle.errors import InputError

SHAPE = (64, 64, 3)


class Mpi3d(grid.GridDataset):
    """A dataset of one of the sets, whose sources have factors of the same names and other numbers of values."""

    def generate(self, sources: Mapping[str, Any], stream: Callable[..., np.random.Generator]) -> grid.Grid:
        """Return the grid of images of ``sources["images"]``; raises InputError for a source of other values."""
        found = super().generate(sources, stream)
        if dict(found.sizes) != self.told_sizes:
            sizes, allowed = ([*map(str, of.values())] for of in (found.sizes, self.told_sizes))
            raise InputError(f"images: found a source of {' x '.join(sizes)} values; allowed: {' x '.join(allowed)}.")
        return found


def read(path: Path, sizes: Mapping[str, int], every: grid.Every) -> grid.Grid:
    """Return a sub-grid of the array ``images`` (prod(sizes), 64, 64, 3) of an ``.npz`` file, read block by block.

    Raises InputError when it is missing or damaged or the array is another one; for an unknown factor, stride or value.
    """
    values = grid.kept(sizes, every)
    with reading(path):
        blocks = npz_blocks(path, "images", (int(np.prod(list(sizes.values()))), *SHAPE))
        images = taken(blocks, grid.rows_of(values, sizes), lambda block: block, SHAPE)
    return grid.Grid(images, grid.sizes_of(values), SHAPE)
