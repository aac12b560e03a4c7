"""MNIST's IDX files: two zero bytes, a type byte, the number of axes, the axes as big-endian uint32, then the data."""

import gzip
import math
import zlib
from pathlib import Path

import numpy as np

from disentangle.data.instances import Instances
from disentangle.errors import InputError

UNSIGNED_BYTE = 8
DIGITS = tuple("0123456789")


def read_idx(path: Path) -> np.ndarray:
    """Read one IDX file of bytes, plain or gzip-compressed.

    Raises InputError that names the file when it is missing, damaged, not IDX, or not as long as its header says.
    """
    try:
        raw = path.read_bytes()
        data = gzip.decompress(raw) if raw[:2] == b"\x1f\x8b" else raw
    except (OSError, EOFError, zlib.error) as error:
        raise InputError(f"{path}: not a readable IDX file ({error}).") from error
    if len(data) < 4 or data[:3] != bytes([0, 0, UNSIGNED_BYTE]) or len(data) < 4 + 4 * data[3]:
        raise InputError(f"{path}: not an IDX file of bytes: it begins with {data[:4].hex(' ') or 'nothing'}.")
    start = 4 + 4 * data[3]
    shape = tuple(int(axis) for axis in np.frombuffer(data[4:start], ">u4"))
    if len(data) - start != math.prod(shape):
        raise InputError(
            f"{path}: truncated or damaged: its header announces {math.prod(shape)} bytes of shape {shape}, "
            f"found {len(data) - start}."
        )
    return np.frombuffer(data, np.uint8, offset=start).reshape(shape)


def read_digits(images: list[Path], labels: list[Path]) -> Instances:
    """Read pairs of IDX files, images (N, 28, 28) and labels (N,) in 0..9, and concatenate them in the order given.

    Raises InputError that names the file whose shape, count or labels do not fit.
    """
    if not images or len(images) != len(labels):
        raise InputError(f"found {len(images)} image and {len(labels)} label files; allowed: equally many, not 0.")
    pairs = [_read_pair(*paths) for paths in zip(images, labels, strict=True)]
    return Instances(np.concatenate([x for x, _ in pairs]), np.concatenate([y for _, y in pairs]), DIGITS)


def _read_pair(images: Path, labels: Path) -> tuple[np.ndarray, np.ndarray]:
    x, y = read_idx(images), read_idx(labels)
    if x.shape[1:] != (28, 28):
        raise InputError(f"{images}: found an array of shape {x.shape}; allowed: (N, 28, 28).")
    if y.shape != x.shape[:1]:
        raise InputError(f"{labels}: found labels of shape {y.shape} for the {len(x)} images of {images}.")
    if y.size and y.max() > 9:
        raise InputError(f"{labels}: found label {y.max()}; allowed: 0 to 9.")
    return x, y.astype(np.int64)
