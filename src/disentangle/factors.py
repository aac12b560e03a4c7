"""Factor values and their place in a grid."""

from collections.abc import Mapping

import numpy as np


def index_of(values: np.ndarray, sizes: Mapping[str, int]) -> np.ndarray:
    """Return the index (...) of factor values (..., K) in a grid."""
    index: np.ndarray = np.ravel_multi_index(tuple(np.moveaxis(values, -1, 0)), tuple(sizes.values()))
    return index


def values_of(index: np.ndarray, sizes: Mapping[str, int]) -> np.ndarray:
    """Return the factor values (..., K) of an index (...) of a grid."""
    return np.stack(np.unravel_index(index, tuple(sizes.values())), axis=-1)
