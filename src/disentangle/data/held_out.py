"""Images of a grid that no training sees, the same for every method and seed of training."""

import numpy as np

from disentangle.streams import rng

SHARE = 0.15
MOST = 10_000


def held_out(count: int, seed: int) -> np.ndarray:
    """Return (N,) bool: which of a grid's ``count`` images are held out, 15% but at most 10,000 of them.

    They are drawn at random of the ``seed`` of the dataset.
    """
    chosen = np.zeros(count, bool)
    chosen[rng(seed, "held out").choice(count, how_many(count), replace=False)] = True
    return chosen


def how_many(count: int) -> int:
    """Return how many of so many images are held out."""
    return min(round(SHARE * count), MOST)
