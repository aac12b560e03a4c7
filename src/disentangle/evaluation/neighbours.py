"""The nearest neighbours of codes among all others, found exactly."""

import numpy as np

from disentangle.evaluation.standardisation import in_unit

TIE = 1e-12
"""Squared distances that differ by less, in units of that of the code farthest from the mean, are the same."""

BLOCK = 2**24
"""Distances that are held at a time."""


def nearest(codes: np.ndarray, queries: np.ndarray, count: int = 1, block: int = BLOCK) -> np.ndarray:
    """Return row numbers (Q, n), nearest first, of the n = ``count`` codes (N, D) nearest to the rows ``queries`` (Q,).

    argmin_{b != a} |a - b|^2 = argmax_{b != a} (a.b - |b|^2 / 2), in Euclidean distance; of codes at one distance the
    first comes first. A query is told from its neighbours by its row, so that its duplicates are found.

    Source: Kahana & Hoshen 2022, released code. Deviation: there the nearest code is dropped as the query itself, which
    is one of its duplicates where it has some.
    """
    codes = in_unit(codes)
    centred = codes - codes.mean(axis=0)
    half = (centred**2).sum(axis=1) / 2
    scale = 2 * half.max()
    if scale > 0:
        centred, half = centred / np.sqrt(scale), half / scale
    found = np.empty((len(queries), count), dtype=np.int64)
    size = max(1, block // len(codes))
    for start in range(0, len(queries), size):
        rows = queries[start : start + size]
        own = np.arange(len(rows))
        near = centred[rows] @ centred.T
        near -= half
        near[own, rows] = -np.inf
        for place in range(count):
            # The order in which products are summed depends on the block: what is within rounding is a tie.
            first = (near >= near.max(axis=1, keepdims=True) - TIE / 2).argmax(axis=1)
            found[start : start + size, place] = first
            near[own, first] = -np.inf
    return found
