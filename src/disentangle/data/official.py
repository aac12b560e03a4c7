"""Official files of images, too large to hold as they are: read block by block, and what is damaged in them said."""

import contextlib
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from disentangle.data.download import verify
from disentangle.errors import InputError

BLOCK = 4096
"""Images read at a time."""

DAMAGE = (OSError, EOFError, KeyError, ValueError, TypeError, zlib.error, zipfile.BadZipFile, tarfile.TarError)
"""What readers of archives raise, by the kind of damage."""


@contextlib.contextmanager
def reading(path: Path) -> Iterator[None]:
    """Raise InputError that names the file, on one line, where reading it fails."""
    try:
        yield
    except DAMAGE as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise InputError(f"{path}: missing or damaged ({reason}).") from error


def verify_all(archives: Sequence[Mapping[str, Any]]) -> None:
    """Raise InputError unless each of a source's ARCHIVES is there as published."""
    for archive in archives:
        verify(Path(archive["path"]), archive["md5"], advice=f"Put {archive['url']} there.")


def hdf5_blocks(path: Path, name: str, shape: tuple[int, ...]) -> Iterator[np.ndarray]:
    """Yield an HDF5 file's dataset of uint8, up to 4,096 rows at a time; raises InputError for another shape."""
    import h5py  # not before it is needed: planning imports the sources

    with h5py.File(path, "r") as file:
        images = file[name]
        _check(path, name, images.shape, images.dtype, shape)
        for start in range(0, len(images), BLOCK):
            yield images[start : start + BLOCK]


def npz_blocks(path: Path, name: str, shape: tuple[int, ...]) -> Iterator[np.ndarray]:
    """Yield an array of uint8 of an ``.npz`` in the same way."""
    with zipfile.ZipFile(path) as archive, archive.open(f"{name}.npy") as file:
        np.lib.format.read_magic(file)
        found, by_column, dtype = np.lib.format.read_array_header_1_0(file)
        _check(path, name, found, dtype, shape)
        if by_column:
            raise ValueError(f"{name} is stored column by column")
        row = int(np.prod(shape[1:]))
        for start in range(0, shape[0], BLOCK):
            count = min(BLOCK, shape[0] - start)
            content = file.read(count * row)
            yield np.frombuffer(content, np.uint8).reshape(count, *shape[1:])


def _check(path: Path, name: str, shape: tuple[int, ...], dtype: np.dtype, allowed: tuple[int, ...]) -> None:
    if tuple(shape) != allowed or dtype != np.uint8:
        raise InputError(f"{path}: found '{name}' of shape {tuple(shape)}, {dtype}; allowed: {allowed}, uint8.")


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
