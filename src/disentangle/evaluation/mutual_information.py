"""Plug-in mutual information, in nats, of binned codes and discrete factors.

Of two variables with joint counts n_ab of N rows, and margins n_a and n_b:

    I = sum_ab n_ab / N log(N n_ab / (n_a n_b))

Source: Locatello et al. 2019, appendix; bins, MI and their defaults as in disentanglement_lib. Deviation: none.
"""

import numpy as np

from disentangle.evaluation import neighbour_information


def binned(codes: np.ndarray, bins: int) -> np.ndarray:
    """Return the bin (N, D), 0 .. ``bins`` - 1, of codes (N, D): of equal width, over each code's own range."""
    found = np.empty(codes.shape, dtype=np.int64)
    for d, code in enumerate(codes.T):
        edges = np.linspace(code.min(), code.max(), bins + 1)[:-1]
        found[:, d] = np.digitize(code, edges) - 1
    return found


def joint_counts(codes: np.ndarray, factor: np.ndarray) -> np.ndarray:
    """Return how often (D, A, B) each of D discrete codes (N, D) and a factor (N,) have the values a and b."""
    dim, values, kinds = codes.shape[1], codes.max(initial=0) + 1, factor.max() + 1
    cell = (np.arange(dim) * values + codes) * kinds + factor[:, None]
    return np.bincount(cell.ravel(), minlength=dim * values * kinds).reshape(dim, values, kinds)


def of_counts(joint: np.ndarray) -> np.ndarray:
    """Return I (...) of joint counts (..., A, B); exactly 0 where one variable is constant."""
    a, b = joint.sum(-1, keepdims=True), joint.sum(-2, keepdims=True)
    total = a.sum(-2, keepdims=True)
    ratio = np.where(joint > 0, joint * total / np.maximum(a * b, 1), 1)
    found: np.ndarray = (joint / total * np.log(ratio)).sum((-2, -1))
    return found


def matrix(codes: np.ndarray, factors: np.ndarray) -> np.ndarray:
    """Return I (D, K) of discrete codes (N, D) and factors (N, K)."""
    return np.stack([of_counts(joint_counts(codes, factor)) for factor in factors.T], axis=1)


def entropies(factors: np.ndarray) -> np.ndarray:
    """Return the entropy (K,) of factors (N, K): what each tells of itself."""
    return np.array([_entropy(factor) for factor in factors.T])


def _entropy(factor: np.ndarray) -> float:
    shares = np.unique(factor, return_counts=True)[1] / len(factor)
    return float(-(shares * np.log(shares)).sum())


def information(codes: np.ndarray, factors: np.ndarray, kinds: np.ndarray, bins: int) -> np.ndarray:
    """Return I (D, K) of codes (N, D), which are numbers, and factors (N, K), continuous where ``kinds`` (K,) is true.

    Of a discrete factor it is the plug-in estimate of codes cut into ``bins``, of a continuous one that of nearest
    neighbours, at most what they find of the factor itself: both are in nats, but their errors differ.
    """
    found = np.empty((codes.shape[1], len(kinds)))
    if not kinds.all():
        found[:, ~kinds] = matrix(binned(codes, bins), factors[:, ~kinds].astype(np.int64))
    for k in np.flatnonzero(kinds):
        most = neighbour_information.self_information(factors[:, k])
        found[:, k] = [min(most, neighbour_information.ksg(code, factors[:, k])) for code in codes.T]
    return found


def normalisers(factors: np.ndarray, kinds: np.ndarray) -> np.ndarray:
    """Return the most (K,) that can be found of factors (N, K): 0 for one value.

    Of a discrete factor it is its entropy, of one that is continuous, where ``kinds`` (K,) is true, what nearest
    neighbours can find at most. Deviation: a continuous variable tells infinitely much of itself, psi(N) - psi(4) of N
    rows grows with their number.
    """
    most = (neighbour_information.self_information if kind else _entropy for kind in kinds)
    return np.array([of(factor) for of, factor in zip(most, factors.T, strict=True)])


def degrees_of_freedom(codes: np.ndarray, factors: np.ndarray) -> np.ndarray:
    """Return (A - 1)(B - 1), (D, K), with A and B how many values of a code and of a factor occur.

    Where code and factor are independent, 2 N I tends to a chi-square variable of that many degrees of freedom, so that
    I is (A - 1)(B - 1) / 2 N on average.

    Source: Wilks 1938 (G-test); Miller 1955 (bias). Deviation: none. Where counts of 0 or 1 are expected, in the tails
    of a code, the bias is smaller than that.
    """
    a, b = ([len(np.unique(x)) - 1 for x in part.T] for part in (codes, factors))
    return np.outer(a, b)
