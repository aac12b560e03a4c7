"""Plug-in mutual information, in nats, of binned codes and discrete factors.

Of two variables with joint counts n_ab of N rows, and margins n_a and n_b:

    I = sum_ab n_ab / N log(N n_ab / (n_a n_b))

Source: Locatello et al. 2019, appendix; bins, MI and their defaults as in disentanglement_lib. Deviation: none.
"""

import numpy as np
from scipy.special import chdtrc, ndtri

from disentangle.evaluation import neighbour_information

SPREAD = 0.85
"""Of independent numbers of any distribution, nearest neighbours find 0 +- 0.82 / N^1/2 at most, of 100 to 10,000."""


def binned(codes: np.ndarray, bins: int) -> np.ndarray:
    """Return the bin (N, D), 0 .. ``bins`` - 1, of codes (N, D): of equal width, over each code's own range."""
    found = np.empty(codes.shape, dtype=np.int64, order="F")  # codes are counted one by one
    for d, code in enumerate(codes.T):
        edges = np.linspace(code.min(), code.max(), bins + 1)[:-1]
        found[:, d] = np.digitize(code, edges) - 1
    return found


def remarks(codes: np.ndarray, kinds: np.ndarray, bins: int) -> list[str]:
    """Return, where outliers leave most rows of codes (N, D) in few bins, which codes those are; else nothing.

    A code is named whose rows but one in a thousand at either end, and at least one, span less than a quarter of its
    range. Of continuous factors, where ``kinds`` (K,) is true, information does not rest on bins.
    """
    if kinds.all():
        return []
    ranked, out = np.sort(codes, axis=0), max(1, len(codes) // 1000)
    inner, whole = ranked[-1 - out] / 4 - ranked[out] / 4, ranked[-1] / 4 - ranked[0] / 4
    crowded = np.flatnonzero((whole > 0) & (inner < whole / 4)).astype(str).tolist()
    if not crowded:
        return []
    named = ", ".join(crowded[:5]) + (f" and {len(crowded) - 5} more" if len(crowded) > 5 else "")
    return [
        f"Outliers stretch the {bins} bins of equal width of code {named}: all rows but {out} at either end lie in a "
        "quarter of them or less, so that little information is found, as published."
    ]


def joint_counts(codes: np.ndarray, factor: np.ndarray) -> np.ndarray:
    """Return how often (D, A, B) each of D discrete codes (N, D) and a factor (N,) have the values a and b."""
    values, kinds = codes.max(initial=0) + 1, factor.max() + 1
    found = np.empty((codes.shape[1], kinds * values), dtype=np.int64)
    start = factor * values
    for counts, code in zip(found, codes.T, strict=True):
        counts[:] = np.bincount(start + code, minlength=len(counts))
    return found.reshape(-1, kinds, values).swapaxes(1, 2)


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


def beyond_chance(
    information: np.ndarray, codes: np.ndarray, factors: np.ndarray, kinds: np.ndarray, bins: int, level: float
) -> np.ndarray:
    """Return the ``information`` (D, K) of codes and factors without its bias, and 0 where it may be chance.

    It may be if independent variables have as much with a probability of ``level`` or more.
    """
    left = by_distance(information, len(codes), level)
    degrees = degrees_of_freedom(binned(codes, bins), factors[:, ~kinds])
    left[:, ~kinds] = without_bias(information[:, ~kinds], degrees, len(codes), level)
    return left


def without_bias(information: np.ndarray, degrees: np.ndarray, samples: int, level: float) -> np.ndarray:
    """Return mutual information (D, K) less its bias, degrees / 2 N, and 0 where it may be bias alone.

    It may be if independent variables have as much with a probability of ``level`` or more (G-test): to subtract and
    cut at 0 would leave half of the entries of a code of pure noise, and with them its modularity.

    Source: this project; the bias is Miller's of 1955. Deviation: none.
    """
    by_chance = np.where(degrees > 0, chdtrc(np.maximum(degrees, 1), 2 * samples * information), 1)
    return np.where(by_chance < level, np.maximum(information - degrees / (2 * samples), 0), 0)


def by_distance(information: np.ndarray, samples: int, level: float) -> np.ndarray:
    """Return information (D, K) of nearest neighbours, which has no bias, and 0 where it may be chance.

    Source: this project. Deviation: none.
    """
    return np.where(information > SPREAD * ndtri(1 - level) / np.sqrt(samples), information, 0)
