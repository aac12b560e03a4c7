"""Images of a factor grid: what a generator makes, a dataset on disk holds, and training draws from."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Grid:
    """All N = prod(sizes) images of a grid: image n shows the factor values of index n, the last factor fastest.

    ``images`` is (N, S, S, C) uint8 with values 0..255, or, of ``binary`` ones with values 0 and 1, (N, S * S * C / 8)
    uint8 packed by ``numpy.packbits`` along each image. A factor in ``nuisance`` is drawn like the others, but no score
    is told of it.
    """

    images: np.ndarray
    sizes: Mapping[str, int]
    shape: tuple[int, int, int]
    """Height, width and channels of an image."""
    binary: bool = False
    nuisance: tuple[str, ...] = ()


def index_of(values: np.ndarray, sizes: Mapping[str, int]) -> np.ndarray:
    """Return the index (...) of factor values (..., K) in a grid."""
    index: np.ndarray = np.ravel_multi_index(tuple(np.moveaxis(values, -1, 0)), tuple(sizes.values()))
    return index


def values_of(index: np.ndarray, sizes: Mapping[str, int]) -> np.ndarray:
    """Return the factor values (..., K) of an index (...) of a grid."""
    return np.stack(np.unravel_index(index, tuple(sizes.values())), axis=-1)
