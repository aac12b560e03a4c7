"""Official files of images, too large to hold as they are: read block by block, and what is damaged in them said."""

import io
import math
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import DTypeLike
from PIL import Image

from disentangle.data.download import addresses, verify
from disentangle.data.foreign import told
from disentangle.errors import InputError

BLOCK = 4096
"""Images read at a time."""
HEADER, COMPRESSED = 128, 15
"""Bytes before the first element of a MATLAB file, and the type of an element that is compressed."""
MOST = 1 << 26
"""Bytes that a MATLAB file may unpack to: a car of Cars3D is of 5 MB, the names of UT-Zappos50K of less than 20."""


def verify_all(archives: Sequence[Mapping[str, Any]]) -> None:
    """Raise InputError unless each of a source's ARCHIVES is there as published."""
    for archive in archives:
        verify(Path(archive["path"]), archive["md5"], advice=f"Put {addresses(archive)} there.")


def hdf5_blocks(path: Path, name: str, shape: tuple[int, ...]) -> Iterator[np.ndarray]:
    """Yield an HDF5 file's dataset of uint8, up to 4,096 rows at a time; raises InputError for another shape.

    Raises ValueError for chunks, which are unpacked whole, that are larger than these.
    """
    import h5py  # not before it is needed: planning imports the sources

    with h5py.File(path, "r") as file:
        images = file[name]
        _check(path, name, images.shape, images.dtype, shape)
        if images.chunks and math.prod(images.chunks) > BLOCK * math.prod(shape[1:]):
            raise ValueError(f"chunks of {images.chunks}")
        for start in range(0, len(images), BLOCK):
            yield images[start : start + BLOCK]


def npz_blocks(path: Path, name: str, shape: tuple[int, ...], dtype: DTypeLike = np.uint8) -> Iterator[np.ndarray]:
    """Yield an array of an ``.npz`` in the same way; raises ValueError where it is shorter or longer than it says."""
    with zipfile.ZipFile(path) as archive, archive.open(f"{name}.npy") as file:
        np.lib.format.read_magic(file)
        found, by_column, of = np.lib.format.read_array_header_1_0(file)
        _check(path, name, found, of, shape, dtype)
        if by_column:
            raise ValueError(f"{name} is stored column by column")
        row = math.prod(shape[1:]) * of.itemsize
        for start in range(0, shape[0], BLOCK):
            count = min(BLOCK, shape[0] - start)
            yield np.frombuffer(file.read(count * row), of).reshape(count, *shape[1:])
        if file.read(1):  # which also checks the sum of what was read
            raise ValueError(f"{name} goes on behind its {shape[0]} rows")


def _check(
    path: Path,
    name: str,
    shape: tuple[int, ...],
    dtype: np.dtype,
    allowed: tuple[int, ...],
    kind: DTypeLike = np.uint8,
) -> None:
    if tuple(shape) != allowed or dtype != kind:
        found = f"shape {told(tuple(shape))}, {told(dtype)}"
        raise InputError(f"{told(path)}: found '{name}' of {found}; allowed: {allowed}, {np.dtype(kind)}.")


def mat_variable(content: bytes, name: str) -> Any:
    """Return a variable of a MATLAB 5 file, of which at most 64 MiB are unpacked; raises for one that is damaged.

    Its compressed elements are unpacked first: in memory, a reader finds no more than there is.
    """
    from scipy.io import loadmat  # not before it is needed: planning imports the sources

    plain, at = io.BytesIO(), HEADER
    plain.write(content[:HEADER])
    while at + 8 <= len(content):
        kind, size = (int(number) for number in np.frombuffer(content, "<u4", 2, at))
        element = content[at : at + 8 + size]
        at += len(element)
        if kind == COMPRESSED:
            element = zlib.decompressobj().decompress(element[8:], MOST)
        plain.write(element)
        if plain.tell() > MOST:
            raise ValueError(f"it unpacks to more than {MOST} bytes")
    plain.seek(0)
    return loadmat(plain, variable_names=[name])[name]


def taken(
    blocks: Iterable[np.ndarray], rows: np.ndarray, convert: Callable[[np.ndarray], np.ndarray], shape: tuple[int, ...]
) -> np.ndarray:
    """Return the ``rows`` (N,), in any order, of consecutive blocks, each ``convert``-ed to (n, *shape) uint8."""
    images = np.empty((len(rows), *shape), np.uint8)
    order = np.argsort(rows)
    ascending = rows[order]
    start = 0
    for block in blocks:
        first, last = np.searchsorted(ascending, (start, start + len(block)))
        if first < last:
            images[order[first:last]] = convert(block[ascending[first:last] - start])
        start += len(block)
    return images


def resized(picture: np.ndarray, side: int) -> np.ndarray:
    """Return a picture (H, W) or (H, W, 3) uint8 at ``side`` x ``side`` pixels, by Lanczos's filter as published."""
    return np.asarray(Image.fromarray(picture).resize((side, side), Image.Resampling.LANCZOS))
