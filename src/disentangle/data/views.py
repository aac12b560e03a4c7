"""View pairs: what a generator makes, a dataset on disk holds, and training reads."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Views:
    """Images (N, 2, S, S, 3) uint8 of both views of N pairs, and their factors, each (N, 2) int64.

    A factor is a 0-based class of each view or an index into the pool that it was drawn from. ``joint``, (N,), is the
    class of both held factors, which the views of a pair share.
    """

    images: np.ndarray
    factors: dict[str, np.ndarray]
