"""SmallNORB as published: fifty toys of five categories, from 9 elevations and 18 sides, under 6 lights."""

import gzip
import math
import struct
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from disentangle.data.factors import SMALLNORB
from disentangle.data.foreign import MOST, at_most, reading
from disentangle.data.grid import Every, Grid, index_of, kept, rows_of, sizes_of
from disentangle.data.official import resized, verify_all
from disentangle.errors import InputError

STAND_IN = ""
CREDITS = "Toys: SmallNORB, Y. LeCun, F. J. Huang and L. Bottou, 2004 (for research only)."
ARCHIVES = (
    {
        "url": "https://cs.nyu.edu/~ylclab/data/norb-v1.0-small/smallnorb-5x46789x9x18x6x2x96x96-training-dat.mat.gz",
        "path": "data/raw/smallnorb/smallnorb-5x46789x9x18x6x2x96x96-training-dat.mat.gz",
        "md5": "66054832f9accfe74a0f4c36a75bc0a2",
    },
    {
        "url": "https://cs.nyu.edu/~ylclab/data/norb-v1.0-small/smallnorb-5x46789x9x18x6x2x96x96-training-cat.mat.gz",
        "path": "data/raw/smallnorb/smallnorb-5x46789x9x18x6x2x96x96-training-cat.mat.gz",
        "md5": "23c8b86101fbf0904a000b43d3ed2fd9",
    },
    {
        "url": "https://cs.nyu.edu/~ylclab/data/norb-v1.0-small/smallnorb-5x46789x9x18x6x2x96x96-training-info.mat.gz",
        "path": "data/raw/smallnorb/smallnorb-5x46789x9x18x6x2x96x96-training-info.mat.gz",
        "md5": "51dee1210a742582ff607dfd94e332e3",
    },
    {
        "url": "https://cs.nyu.edu/~ylclab/data/norb-v1.0-small/smallnorb-5x01235x9x18x6x2x96x96-testing-dat.mat.gz",
        "path": "data/raw/smallnorb/smallnorb-5x01235x9x18x6x2x96x96-testing-dat.mat.gz",
        "md5": "e4ad715691ed5a3a5f138751a4ceb071",
    },
    {
        "url": "https://cs.nyu.edu/~ylclab/data/norb-v1.0-small/smallnorb-5x01235x9x18x6x2x96x96-testing-cat.mat.gz",
        "path": "data/raw/smallnorb/smallnorb-5x01235x9x18x6x2x96x96-testing-cat.mat.gz",
        "md5": "5aa791cd7e6016cf957ce9bdb93b8603",
    },
    {
        "url": "https://cs.nyu.edu/~ylclab/data/norb-v1.0-small/smallnorb-5x01235x9x18x6x2x96x96-testing-info.mat.gz",
        "path": "data/raw/smallnorb/smallnorb-5x01235x9x18x6x2x96x96-testing-info.mat.gz",
        "md5": "a9454f3864d7fd4bb3ea7fc3eb84924e",
    },
)

TYPES = {"u1": 0x1E3D4C55, "<i4": 0x1E3D4C54}
"""The number that a file begins with by the type of its elements."""
STORED, SIDE = 96, 64
LAYOUT = (("u1", (2, STORED, STORED)), ("<i4", ()), ("<i4", (4,)))
"""Type and shape of a row of each part's three files."""


@dataclass(frozen=True)
class Source:
    """Concatenate training and testing files; of each pair of images the left one is taken and resized to 64x64.

    The azimuth, stored as 0, 2, ..., 34, is halved.
    """

    def files(self) -> list[Path]:
        """Return the six files: images, categories and the other factors of each part."""
        return [Path(archive["path"]) for archive in ARCHIVES]

    def load(self, rng: np.random.Generator, every: Every) -> Grid:
        """Return the grid of (64, 64, 1) images, the instance a nuisance.

        Raises InputError that names a file that is missing, damaged or another one, or the folder when its files do not
        hold each combination of factors once; for an unknown factor, stride or value.
        """
        values = kept(SMALLNORB, every)
        verify_all(ARCHIVES)
        files = self.files()
        pairs, categories, others = ([read_norb(path, *LAYOUT[k]) for path in files[k::3]] for k in range(3))
        place = _places(np.column_stack([np.concatenate(categories), np.concatenate(others)]), files[0].parent)
        for path, stored, labels in zip(files[0::3], pairs, categories, strict=True):
            if stored.shape != (allowed := (len(labels), 2, STORED, STORED)):
                raise InputError(f"{path}: found images of shape {stored.shape}; allowed: {allowed}.")
        left = [pair[:, 0] for pair in pairs]
        images = np.empty((len(rows := rows_of(values, SMALLNORB)), SIDE, SIDE, 1), np.uint8)
        for image, k in zip(images, place[rows], strict=True):
            part, row = (0, k) if k < len(left[0]) else (1, k - len(left[0]))
            image[..., 0] = resized(left[part][row], SIDE)
        return Grid(images, sizes_of(values), (SIDE, SIDE, 1), nuisance=("instance",))


def _places(factors: np.ndarray, folder: Path) -> np.ndarray:
    """Return at which row of the files (N, 5) each image of the grid (N,) lies."""
    stored = factors // np.array([1, 1, 1, 2, 1])
    sizes = np.array(list(SMALLNORB.values()))
    whole = len(stored) == sizes.prod() and (stored >= 0).all() and (stored < sizes).all()
    index = index_of(stored, SMALLNORB) if whole else np.zeros(0, int)
    if not whole or len(np.unique(index)) != len(index):
        raise InputError(f"{folder}: the files do not hold each of {sizes.prod()} combinations of the factors once.")
    return np.argsort(index)


def read_norb(path: Path, dtype: str, row: tuple[int, ...]) -> np.ndarray:
    """Read one compressed file of shape (N, *row): int32 type, number of axes, the axes (three at least), the data.

    Raises InputError that names the file when it is damaged, of another type or shape, or not as long as it says.
    """
    with reading(path), gzip.open(path) as file:
        kind, axes = struct.unpack("<2i", file.read(8))
        if kind != TYPES[dtype] or axes != 1 + len(row):
            raise ValueError(f"it begins with {kind:#x} and {axes} axes, not {TYPES[dtype]:#x} and {1 + len(row)}")
        shape = struct.unpack(f"<{max(3, axes)}I", file.read(4 * max(3, axes)))[:axes]
        size = math.prod(shape) * np.dtype(dtype).itemsize
        if shape[1:] != row or size > MOST:
            raise ValueError(f"found an array of shape {shape}; allowed: rows of {row}, {MOST} bytes")
        if len(content := at_most(file.read, size)) != size:
            raise ValueError(f"its header announces {size} bytes, which it does not hold")
        return np.frombuffer(content, dtype).reshape(shape)
