"""MIG-sup, the supplement of MIG: whether each code tells one factor alone.

The gap between the two factors that a code tells most of, as shares of their entropies.

Source: Li et al. 2020 (arXiv 2002.10549), section 4, and the released code.
"""

from dataclasses import dataclass
from typing import Annotated

import numpy as np

from disentangle.evaluation import mutual_information
from disentangle.evaluation.population import Population

SCORES = ("mig_sup",)
CONTINUOUS = True

ACTIVE = 0.01
"""The variance of a code that counts, as a share of the largest."""

CHANGES = {"scale": ("mig_sup",)}
"""A code is active by its variance against the largest."""


@dataclass(frozen=True)
class Metric:
    """``mig_sup`` in [0, 1] of ``points`` rows, with each code cut into ``bins`` of equal width.

    Codes of noise are near 0. A factor that two codes tell costs nothing, which `mig` sees; two factors in one code do.

    >>> from disentangle.metrics import mig_sup
    >>> mig_sup([[0, 0], [0, 1], [1, 1], [1, 2]] * 300, [[0, 0], [0, 1], [1, 0], [1, 1]] * 300)
    {'mig_sup': 0.5}
    """

    points: Annotated[int, ">= 2, <= 1e7"] = 10000
    bins: Annotated[int, ">= 2, <= 10000"] = 20

    def scores(self, population: Population, rng: np.random.Generator) -> dict[str, float]:
        """Return the gap of freshly drawn rows; nan where there is no second factor or no code that varies."""
        codes, factors = population.whole().draw(self.points, rng)
        most = mutual_information.normalisers(factors, population.kinds)
        information = mutual_information.information(codes[:, active(codes)], factors, population.kinds, self.bins)
        return {"mig_sup": gap(information[:, most > 0] / most[most > 0])}

    def remarks(self, population: Population) -> list[str]:
        """Return how many codes do not count, if any, and what bins of equal width make of codes with outliers."""
        count, dim = int(active(population.codes).sum()), population.codes.shape[1]
        idle = [f"{dim - count} of {dim} codes vary too little to count."] if count < dim else []
        return idle + mutual_information.remarks(population.codes, population.kinds, self.bins)


def active(codes: np.ndarray) -> np.ndarray:
    """Return which codes (D,) of (N, D) have more than a hundredth of the largest variance.

    Source: released code of Li et al. 2020. Deviation: there a variance above 0.01, which is the same of codes whose
    largest variance is 1, as a prior has it, but depends on the unit of others.
    """
    deviation = (codes / (np.abs(codes).max() or 1)).std(axis=0)
    found: np.ndarray = (np.ptp(codes, axis=0) > 0) & (deviation**2 > ACTIVE * deviation.max() ** 2)
    return found


def gap(shares: np.ndarray) -> float:
    """Return how far the factor that a code tells most of is ahead of the second, for shares I / H (D, K).

    mean_d (S_d(1) - S_d(2)), with S_d(i) the i-th largest of I_dk / H_k; nan for one factor or no code.

    Source: Li et al. 2020, section 4. Deviation: none.
    """
    if shares.shape[1] < 2 or not len(shares):
        return float("nan")
    ranked = np.sort(shares, axis=1)
    return float((ranked[:, -1] - ranked[:, -2]).mean())
