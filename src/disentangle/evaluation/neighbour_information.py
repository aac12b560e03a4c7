"""Mutual information, in nats, of a number with another or with a label, from the distances of nearest neighbours.

    I = psi(N) + < psi(k) - psi(n_x) - psi(n_y) >

of N rows, where psi is the digamma function: a row's k-th nearest neighbour lies at some distance, and n_x and n_y are
how many rows, itself among them, lie nearer than that in x alone and in y alone. An estimate below 0 is 0.

Source: Kraskov et al. 2004 (Physical Review E 69, 066138), Eq. 8; Ross 2014 (PLoS ONE 9, 2), Eq. 5; as scikit-learn's
``mutual_info_regression`` and ``mutual_info_classif`` have them, with an unnoticeable normal noise that parts values
that repeat, which else bias the estimate. Deviation: that noise is the same in every call.
"""

import numpy as np
from scipy.spatial import cKDTree
from scipy.special import digamma

from disentangle.evaluation.standardisation import standardised

NEIGHBOURS = 3

NOISE = 1e-10
"""In deviations."""

ROUNDING = 4 * np.finfo(np.float64).eps
"""Of a number up to 1: what is as near as the k-th neighbour is no nearer."""


def ksg(x: np.ndarray, y: np.ndarray, k: int = NEIGHBOURS) -> float:
    """Return the information of numbers x (N,) and y (N,), each standardised; 0 where one is constant.

    The distance of two rows is the larger of those in x and in y (Kraskov's first estimator).
    """
    k = min(k, len(x) - 1)
    if k < 1 or not np.ptp(x) or not np.ptp(y):
        return 0.0
    rows = np.stack([_noisy(x, 0), _noisy(y, 1)], axis=1)
    apart = cKDTree(rows).query(rows, [k + 1], p=np.inf)[0][:, 0]  # the first is the row itself
    n_x, n_y = (_nearer(np.sort(part), part, apart) for part in rows.T)
    return float(max(0.0, digamma(len(x)) + digamma(k) - (digamma(n_x) + digamma(n_y)).mean()))


def ross(x: np.ndarray, labels: np.ndarray, k: int = NEIGHBOURS) -> float:
    """Return the information of numbers x (N,) and labels (N,): a row's neighbours are those of its label.

    Labels of a single row are left out, and k is the number of its other rows for those of fewer.
    """
    _, y, counts = np.unique(labels, return_inverse=True, return_counts=True)
    x, y = x[counts[y] > 1], y[counts[y] > 1]
    if len(kept := np.unique(y)) < 2 or not np.ptp(x):
        return 0.0
    x = _noisy(x, 0)
    every = np.sort(x)
    total = 0.0
    for label in kept:
        own = np.sort(x[y == label])
        near = min(k, len(own) - 1)
        total += (digamma(near) - digamma(len(own)) - digamma(_nearer(every, own, _kth(own, near)))).sum()
    return float(max(0.0, digamma(len(x)) + total / len(x)))


def self_information(x: np.ndarray, k: int = NEIGHBOURS) -> float:
    """Return the most information that ``ksg`` finds of numbers x (N,): psi(N) - < psi(max(k + 1, n)) >.

    A row's value occurs n times: of numbers that do not repeat that is psi(N) - psi(k + 1), which grows with N, and of
    many rows of few values it is close to their entropy. It is 0 where x is constant.
    """
    _, place, counts = np.unique(x, return_inverse=True, return_counts=True)
    if len(counts) < 2:
        return 0.0
    return float(max(0.0, digamma(len(x)) - digamma(np.maximum(counts[place], min(k, len(x) - 1) + 1)).mean()))


def _noisy(x: np.ndarray, stream: int) -> np.ndarray:
    """Return x (N,) with mean 0, deviation 1 and the noise of a stream."""
    (z,) = standardised(x[:, None])
    found: np.ndarray = z[:, 0] + NOISE * np.random.default_rng(stream).standard_normal(len(x))
    return found


def _kth(x: np.ndarray, k: int) -> np.ndarray:
    """Return the distance (N,) of sorted x (N,) to the k-th nearest other: the least of windows of k + 1 around it."""
    padded = np.concatenate([np.full(k, -np.inf), x, np.full(k, np.inf)])
    windows = [np.maximum(x - padded[s : s + len(x)], padded[s + k : s + k + len(x)] - x) for s in range(k + 1)]
    found: np.ndarray = np.min(windows, axis=0)
    return found


def _nearer(every: np.ndarray, x: np.ndarray, apart: np.ndarray) -> np.ndarray:
    """Return how many (N,) of the sorted ``every`` are nearer to x (N,) than ``apart`` (N,), x itself among them."""
    reach = np.maximum(apart - ROUNDING * np.abs(every).max(), 0)
    found: np.ndarray = np.searchsorted(every, x + reach, "right") - np.searchsorted(every, x - reach, "left")
    return found
