"""MNIST's IDX files: two zero bytes, a type byte, the number of axes, the axes as big-endian uint32, then the data."""

import gzip
import math
import struct
from pathlib import Path

import numpy as np

from disentangle.data.foreign import MOST, at_most, reading, told
from disentangle.data.instances import Instances
from disentangle.errors import InputError

UNSIGNED_BYTE = 8
GZIP = b"\x1f\x8b"
DIGITS = tuple("0123456789")


def read_idx(path: Path, item: tuple[int, ...]) -> np.ndarray:
    """Read one IDX file of bytes of shape (N, *item), plain or gzip-compressed, of which at most 1 GiB is inflated.

    Raises InputError that names the file when it is missing, damaged, not IDX, of another shape, or not as long as its
    header says, which is read before all else.
    """
    with reading(path, "not a readable IDX file") as size, open(path, "rb") as file:
        packed = file.read(len(GZIP)) == GZIP
        file.seek(0)
        stream = gzip.GzipFile(fileobj=file) if packed else file
        head = stream.read(4)
        axes = stream.read(4 * head[3]) if head[:3] == bytes([0, 0, UNSIGNED_BYTE]) and len(head) == 4 else None
        if axes is None or len(axes) < 4 * head[3]:
            raise InputError(f"{told(path)}: not an IDX file of bytes: it begins with {head.hex(' ') or 'nothing'}.")
        shape = struct.unpack(f">{head[3]}I", axes)
        if not shape or shape[1:] != item:
            allowed = f"(N{''.join(f', {axis}' for axis in item)})"
            raise InputError(f"{told(path)}: found an array of shape {told(shape)}; allowed: {allowed}.")
        count = math.prod(shape)
        announced = f"its header announces {count} bytes of shape {shape}"
        if packed and count > MOST:
            raise InputError(f"{told(path)}: {announced}; allowed: {MOST} in a compressed file.")
        there = size - file.tell()
        content = at_most(stream.read, count) if packed else stream.read() if there == count else b""
        found = len(content) if packed else there
        if found != count:
            more = " or more" if found > count else ""
            raise InputError(f"{told(path)}: truncated or damaged: {announced}, found {found}{more}.")
        return np.frombuffer(content, np.uint8).reshape(shape)


def read_digits(images: list[Path], labels: list[Path]) -> Instances:
    """Read pairs of IDX files, images (N, 28, 28) and labels (N,) in 0..9, and concatenate them in the order given.

    Raises InputError that names the file whose shape, count or labels do not fit.
    """
    if not images or len(images) != len(labels):
        raise InputError(f"found {len(images)} image and {len(labels)} label files; allowed: equally many, not 0.")
    pairs = [_read_pair(*paths) for paths in zip(images, labels, strict=True)]
    return Instances(np.concatenate([x for x, _ in pairs]), np.concatenate([y for _, y in pairs]), DIGITS)


def _read_pair(images: Path, labels: Path) -> tuple[np.ndarray, np.ndarray]:
    x, y = read_idx(images, (28, 28)), read_idx(labels, ())
    if len(y) != len(x):
        raise InputError(
            f"{told(labels)}: found labels of shape {y.shape} for the {len(x)} images of {told(images.name)}."
        )
    if y.size and y.max() > 9:
        raise InputError(f"{told(labels)}: found label {y.max()}; allowed: 0 to 9.")
    return x, y.astype(np.int64)
