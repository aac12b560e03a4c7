"""How far codes are from independent: scores that need no factors.

Paper: Locatello et al. 2019 (arXiv 1811.12359), section 5.2 and appendix.
"""

from dataclasses import dataclass
from typing import Annotated

import numpy as np

from disentangle.evaluation import mutual_information
from disentangle.evaluation.population import Population

SCORES = ("total_correlation", "wasserstein_correlation", "wasserstein_correlation_normalised", "mutual_information")

UNSUPERVISED = True

RANGES = {
    "total_correlation": (0, None),
    "wasserstein_correlation": (0, None),
    "wasserstein_correlation_normalised": (0, 2),
    "mutual_information": (0, None),
}

CHANGES = {
    "unit": ("wasserstein_correlation",),
    "scale": ("wasserstein_correlation", "wasserstein_correlation_normalised"),
    "constant": ("mutual_information",),
    "duplicate": (
        "total_correlation",
        "wasserstein_correlation",
        "wasserstein_correlation_normalised",
        "mutual_information",
    ),
}
"""Distances are in units of the codes, and of a mean over pairs those with a constant code are some; copies depend."""


@dataclass(frozen=True)
class Metric:
    """Scores of ``points`` rows, 0 where codes are independent: two of the normal distribution of their covariance.

    ``total_correlation`` and ``mutual_information`` in nats, from 0 up; ``wasserstein_correlation`` in squared units of
    the codes, from 0 up, and ``wasserstein_correlation_normalised``, in [0, 2).

    >>> from disentangle.metrics import gaussian
    >>> gaussian([[0, 0], [0, 1], [1, 1], [1, 2]] * 300, [[0, 0], [0, 1], [1, 0], [1, 1]] * 300)["total_correlation"]
    0.3465...
    """

    points: Annotated[int, ">= 2, <= 1e7"] = 10000
    bins: Annotated[int, ">= 2, <= 10000"] = 20

    def scores(self, population: Population, rng: np.random.Generator) -> dict[str, float]:
        """Return the scores of freshly drawn rows; nan where one is not defined."""
        codes, _ = population.whole().draw(self.points, rng)
        varying = codes[:, (codes != codes[0]).any(axis=0)]
        # Squares of what is much larger or smaller than 1 are no numbers; to scale by a power of 2 changes no digit.
        powers = np.frexp(np.abs(varying).max(axis=0))[1]
        scaled = np.cov(np.ldexp(varying, -powers), rowvar=False).reshape(len(powers), len(powers))
        largest = max(powers, default=0)
        covariance = np.ldexp(scaled, powers[:, None] + powers - 2 * largest)
        distance, variance = wasserstein_correlation(covariance), float(np.trace(covariance))
        with np.errstate(over="ignore"):
            in_units = float(np.ldexp(distance, 2 * largest))
        return {
            "total_correlation": total_correlation(scaled),
            "wasserstein_correlation": in_units if np.isfinite(in_units) else float("nan"),
            "wasserstein_correlation_normalised": distance / variance if variance else float("nan"),
            "mutual_information": mean_mutual_information(codes, self.bins),
        }

    def remarks(self, population: Population) -> list[str]:
        """Return what bins of equal width make of codes with outliers."""
        return mutual_information.remarks(population.codes, np.zeros(1, dtype=bool), self.bins)


def total_correlation(covariance: np.ndarray) -> float:
    """Return KL(N(0, S) | N(0, diag S)) of a covariance S (D, D) with a positive diagonal; nan if S is singular.

    (sum_i log S_ii - log det S) / 2 = -sum_i log r_i / 2, with r the eigenvalues of the correlations, whatever the
    scales of the codes.

    Source: Locatello et al. 2019, section 5.2. Deviation: constant codes are dropped before; nan where it is infinite.
    """
    deviation = np.sqrt(np.diag(covariance))
    r = np.linalg.eigvalsh(covariance / np.outer(deviation, deviation))
    if len(r) and r[0] <= len(r) * np.finfo(float).eps * r[-1]:
        return float("nan")
    return float(max(0.0, -np.log(r).sum() / 2))


def wasserstein_correlation(covariance: np.ndarray) -> float:
    """Return the squared 2-Wasserstein distance of N(0, S) and N(0, V), with V = diag S, for a covariance S (D, D).

    tr S + tr V - 2 tr (V^1/2 S V^1/2)^1/2 = 2 tr S - 2 sum_i q_i^1/2, with q the eigenvalues of V^1/2 S V^1/2.

    Source: Dowson and Landau 1982, Eq. 16; Locatello et al. 2019, appendix. Deviation: none; disentanglement_lib takes
    the root of S V, which has the same eigenvalues but is not symmetric.
    """
    deviation = np.sqrt(np.diag(covariance))
    q = np.linalg.eigvalsh(covariance * np.outer(deviation, deviation))
    return float(max(0.0, 2 * np.trace(covariance) - 2 * np.sqrt(np.maximum(q, 0)).sum()))


def mean_mutual_information(codes: np.ndarray, bins: int) -> float:
    """Return the mean mutual information of two different binned codes of (N, D); nan where there is one alone.

    Source: Locatello et al. 2019, as disentanglement_lib has it. Deviation: none.
    """
    dim = codes.shape[1]
    if dim < 2:
        return float("nan")
    cut = mutual_information.binned(codes, bins)
    pairs = (mutual_information.matrix(cut[:, d + 1 :], cut[:, d : d + 1]) for d in range(dim - 1))
    return float(sum(found.sum() for found in pairs) / (dim * (dim - 1) / 2))
