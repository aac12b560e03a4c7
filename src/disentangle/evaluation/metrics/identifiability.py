"""Identifiability: whether codes are factors up to their order and units, or up to a linear or a smooth map.

The mean correlation (MCC) of factors with codes of their own, and how much of factors regressions of codes explain.

Sources: MCC, Hyvärinen & Morioka 2016 (arXiv 1605.06336) and Khemakhem et al. 2020 (arXiv 1907.04809), experiments;
R^2, von Kügelgen et al. 2021 (arXiv 2106.04619) and Yao et al. 2024 (arXiv 2311.04056), experiments and released codes.
"""

from dataclasses import dataclass
from itertools import product
from typing import Annotated

import numpy as np
from scipy.linalg import cho_factor, cho_solve
from scipy.optimize import linear_sum_assignment
from scipy.stats import rankdata

from disentangle.evaluation.population import Population
from disentangle.evaluation.standardisation import standardised

SCORES = ("mcc_pearson", "mcc_spearman", "r2_linear", "r2_kernel")
CONTINUOUS = True

RIDGES = (1.0, 0.1, 0.01, 0.001)
WIDTHS = tuple(np.logspace(-2, 2, 4))
FOLDS = 3
"""What kernel ridge regression chooses from, and how, in the released codes of both."""

RANGES = {"r2_linear": (None, 1), "r2_kernel": (None, 1)}

CHANGES = {"duplicate": ("r2_kernel",)}
"""Distances of the kernel grow with copies."""


@dataclass(frozen=True)
class Metric:
    """``mcc_*`` in [0, 1] of training rows, and ``r2_*``, at most 1, of test rows, means over factors.

    The values of a discrete factor are taken as 0, 1, .. in their order: where distances differ, as of 1, 10 and 100,
    tell it as continuous, and where order means nothing, as of names of shapes, neither does a low score.
    Of N independent normal rows, one code and one factor, MCC is sqrt(2 / pi N); more codes find more. A linear R^2 of
    D codes of noise is about -D / N.

    ``r2_kernel`` is of the first ``kernel_points`` training rows, as its costs are cubic.

    >>> from disentangle.metrics import identifiability
    >>> identifiability([[0, 0], [0, 1], [1, 1], [1, 2]] * 300, [[0, 0], [0, 1], [1, 0], [1, 1]] * 300)["mcc_pearson"]
    0.85...
    """

    train_points: Annotated[int, ">= 2, <= 1e7"] = 10000
    test_points: Annotated[int, ">= 1, <= 1e7"] = 5000
    kernel_points: Annotated[int, ">= 3, <= 10000"] = 1000

    def scores(self, population: Population, rng: np.random.Generator) -> dict[str, float]:
        """Return the four scores of freshly drawn rows; nan where no factor varies in them."""
        train, test = population.split(rng)
        codes, factors = train.draw(self.train_points, rng)
        new, truth = test.draw(self.test_points, rng)
        codes, new = standardised(codes, new)
        factors, truth = standardised(factors.astype(np.float64), truth.astype(np.float64))
        few = slice(self.kernel_points)
        found = (
            mean_correlation(codes, factors),
            mean_correlation(rankdata(codes, axis=0), rankdata(factors, axis=0)),
            explained(linear_regression(codes, factors, new), truth),
            explained(kernel_regression(codes[few], factors[few], new), truth),
        )
        return dict(zip(SCORES, found, strict=True))


def mean_correlation(codes: np.ndarray, factors: np.ndarray) -> float:
    """Return the mean over factors of |corr(z_d(k), f_k)|, for codes (N, D) and factors (N, K).

    d(k) is the one-to-one assignment of codes to factors with the largest mean. Of ranks it is Spearman's.

    Source: Hyvärinen & Morioka 2016; Khemakhem et al. 2020. Deviation: there are as many codes as factors there. Here
    codes that are left over do not count, and factors that are have 0; a constant code has no correlation.
    """
    varies = np.ptp(factors, axis=0) > 0
    if not varies.any():
        return float("nan")
    (z,), (f,) = standardised(codes), standardised(factors[:, varies])
    correlation = np.abs(z.T @ f) / len(z)
    return float(correlation[linear_sum_assignment(correlation, maximize=True)].sum() / varies.sum())


def explained(told: np.ndarray, factors: np.ndarray) -> float:
    """Return R^2 = 1 - sum_n (f_nk - g_nk)^2 / sum_n (f_nk - mean f_k)^2 of what is told, g (N, K), mean over factors.

    Factors (N, K) of one value are left out; nan where none is left.
    """
    varies = np.ptp(factors, axis=0) > 0
    if not varies.any():
        return float("nan")
    errors = ((factors - told) ** 2).mean(axis=0)
    return float((1 - errors[varies] / factors.var(axis=0)[varies]).mean())


def linear_regression(codes: np.ndarray, factors: np.ndarray, new: np.ndarray) -> np.ndarray:
    """Return what least squares on codes (N, D) and factors (N, K) tells of ``new`` codes (M, D), (M, K).

    Of several solutions, as for copies of codes, it is the one of the smallest weights.
    """
    x, x_new = (np.column_stack([np.ones(len(part)), part]) for part in (codes, new))
    found: np.ndarray = x_new @ np.linalg.lstsq(x, factors)[0]
    return found


def kernel_regression(codes: np.ndarray, factors: np.ndarray, new: np.ndarray) -> np.ndarray:
    """Return what kernel ridge regression tells of ``new`` codes (M, D), (M, K), of the kernel exp(-g |z - z'|^2).

    Ridge a and g, one for all factors, are those of ``RIDGES`` and ``WIDTHS`` with the largest R^2 in ``FOLDS`` folds
    of successive rows, the first of equals.

    Source: as above, released code. Deviation: none; as g is not by the number of codes, of hundreds of codes rows are
    too far apart to tell each other.
    """
    apart = _squared_distances(codes, codes)
    folds = np.array_split(np.arange(len(codes)), min(FOLDS, len(codes)))
    reached = np.zeros((len(WIDTHS), len(RIDGES)))
    for i, width in enumerate(WIDTHS):
        kernel = np.exp(-width * apart)
        for (j, ridge), held in product(enumerate(RIDGES), folds):
            seen = np.delete(np.arange(len(codes)), held)
            weights = _ridge(kernel[np.ix_(seen, seen)], factors[seen], ridge)
            reached[i, j] += np.nan_to_num(explained(kernel[np.ix_(held, seen)] @ weights, factors[held]))
    # The order of a grid that is searched by name: ridges first.
    ridge, width = list(product(RIDGES, WIDTHS))[int(reached.T.argmax())]
    weights = _ridge(np.exp(-width * apart), factors, ridge)
    found: np.ndarray = np.exp(-width * _squared_distances(new, codes)) @ weights
    return found


def _ridge(kernel: np.ndarray, factors: np.ndarray, ridge: float) -> np.ndarray:
    """Return the weights (N, K) that solve (kernel + ridge) w = factors."""
    kernel = kernel + ridge * np.eye(len(kernel))
    found: np.ndarray = cho_solve(cho_factor(kernel, overwrite_a=True, check_finite=False), factors)
    return found


def _squared_distances(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    found: np.ndarray = np.maximum((a**2).sum(axis=1)[:, None] + (b**2).sum(axis=1) - 2 * a @ b.T, 0)
    return found
