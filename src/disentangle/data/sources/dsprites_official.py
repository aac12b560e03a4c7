"""dSprites as published: 737,280 binary images, from the official HDF5 file or its NumPy twin."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from disentangle.data.download import verify
from disentangle.data.factors import DSPRITES
from disentangle.data.foreign import reading
from disentangle.data.grid import Every, Grid, kept, rows_of, sizes_of, values_of
from disentangle.data.official import hdf5_blocks, npz_blocks, taken
from disentangle.errors import InputError

STAND_IN = ""
CREDITS = "Sprites: dSprites, L. Matthey, I. Higgins, D. Hassabis and A. Lerchner, 2017 (zlib/libpng licence)."
ARCHIVES = (
    {
        "url": "https://github.com/deepmind/dsprites-dataset/raw/master/dsprites_ndarray_co1sh3sc6or40x32y32_64x64.hdf5",
        "path": "data/raw/dsprites/dsprites_ndarray_co1sh3sc6or40x32y32_64x64.hdf5",
        "md5": "b331c4447a651c44bf5e8ae09022e230",
        # Its twin, of which no checksum is published, does as well.
        "instead": ("data/raw/dsprites/dsprites_ndarray_co1sh3sc6or40x32y32_64x64.npz",),
    },
)

HDF5 = Path("data/raw/dsprites/dsprites_ndarray_co1sh3sc6or40x32y32_64x64.hdf5")
NPZ = HDF5.with_suffix(".npz")
SIDE = 64


@dataclass(frozen=True)
class Source:
    """Read the HDF5 file, checked by its MD5, or, where that is not there, the NPZ, checked by its factor table.

    The table's first factor, a colour that never varies, is left out.
    """

    def files(self) -> list[Path]:
        """Return the NPZ if it alone is there, else the HDF5 file."""
        return [NPZ] if NPZ.exists() and not HDF5.exists() else [HDF5]

    def load(self, rng: np.random.Generator, every: Every) -> Grid:
        """Return the grid of (64, 64, 1) binary images.

        Raises InputError that names a file that is missing, damaged or another one; for an unknown factor, stride or
        value.
        """
        values = kept(DSPRITES, every)
        count = int(np.prod(list(DSPRITES.values())))
        path, shape = self.files()[0], (count, SIDE, SIDE)
        if path == HDF5:
            verify(HDF5, str(ARCHIVES[0]["md5"]), advice=f"Put {ARCHIVES[0]['url']} or its .npz twin there.")
        with reading(path):
            if path == NPZ:
                _check_factors(count)
            blocks = hdf5_blocks(HDF5, "imgs", shape) if path == HDF5 else npz_blocks(NPZ, "imgs", shape)
            images = taken(blocks, rows_of(values, DSPRITES), _packed, (SIDE * SIDE // 8,))
        return Grid(images, sizes_of(values), (SIDE, SIDE, 1), binary=True)


def _packed(images: np.ndarray) -> np.ndarray:
    if images.max() > 1:
        raise ValueError(f"pixels of {images.max()}, not 0 or 1")
    return np.packbits(images.reshape(len(images), -1), axis=1)


def _check_factors(count: int) -> None:
    """Raise InputError unless the NPZ's table tells every combination of the factors once, the last one fastest."""
    expected = np.pad(values_of(np.arange(count), DSPRITES), ((0, 0), (1, 0)))
    blocks = npz_blocks(NPZ, "latents_classes", expected.shape, np.int64)
    if not np.array_equal(np.concatenate([*blocks]), expected):
        sizes = ", ".join(f"{name} {size}" for name, size in DSPRITES.items())
        raise InputError(
            f"{NPZ}: its latents_classes are not those of the official file (colour 1, {sizes}, in order)."
        )
