"""Codes as the numbers of bins, so that trees that look for splits between bins alone lose little.

A split of sorted codes lies midway between two neighbours that differ. Where there are more such places than bins may
have edges, they are parted into as many neighbourhoods of about equally many points, and of each the place is kept that
parts its points' targets best: a gap between codes of unlike targets always is, however few points lie around it.
"""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Bins:
    """The edges (B - 1,) of the bins of each of D codes: a code on an edge is in the bin below."""

    edges: tuple[np.ndarray, ...]

    def of(self, codes: np.ndarray) -> np.ndarray:
        """Return the bins (M, D), from 1 up, of codes (M, D)."""
        found = np.empty(codes.shape)
        for d, edges in enumerate(self.edges):
            found[:, d] = np.searchsorted(edges, codes[:, d]) + 1
        return found


def fit(codes: np.ndarray, targets: np.ndarray, most: int) -> Bins:
    """Return at most ``most`` bins, 2 or more, a code, for codes (N, D) and targets (N, T) that trees are to tell.

    Source: this project. Which edges there are depends on the order of a code's values, and not on how far apart they
    are.
    """
    return Bins(tuple(_edges(code, targets, most) for code in codes.T))


def _edges(code: np.ndarray, targets: np.ndarray, most: int) -> np.ndarray:
    order = np.argsort(code, kind="stable")
    code = code[order]
    places = np.flatnonzero(code[1:] > code[:-1]) + 1  # how many points lie below
    if len(places) >= most:
        places = _best(places, targets[order], most - 1)
    below, above = code[places - 1], code[places]
    middle: np.ndarray = below / 2 + above / 2
    return np.where(middle < above, middle, below)


def _best(places: np.ndarray, targets: np.ndarray, count: int) -> np.ndarray:
    """Return of each of at most ``count`` neighbourhoods of places (P,) the one that parts targets (N, T) best.

    Best is the largest |sum t|^2 / n below plus that above, sums over the n points of the neighbourhood: what the
    squared error falls by. A value that many points have counts as one neighbourhood at most.
    """
    points = np.diff(places, prepend=0, append=len(targets))
    mass = np.cumsum(np.minimum(points, len(targets) / count))
    of = np.floor(count * mass[:-1] / mass[-1]).astype(np.int64)
    first = np.flatnonzero(np.diff(of, prepend=-1))
    size = np.diff(first, append=len(places))
    low = np.repeat(np.append(0, places[first[1:] - 1]), size)
    high = np.repeat(np.append(places[first[1:]], len(targets)), size)
    total = np.zeros((len(targets) + 1, targets.shape[1]))
    np.cumsum(targets, axis=0, out=total[1:])
    middle = total[places]
    gain = np.square(middle - total[low]).sum(axis=1) / (places - low)
    gain += np.square(total[high] - middle).sum(axis=1) / (high - places)
    return places[[start + int(gain[start : start + n].argmax()) for start, n in zip(first, size, strict=True)]]
