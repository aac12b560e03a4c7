"""MIG, the mutual information gap: whether each factor is told by one code alone.

Papers: Chen et al. 2018 (arXiv 1802.04942), Eq. 6; Locatello et al. 2019 (arXiv 1811.12359), appendix.
"""

from dataclasses import dataclass
from typing import Annotated

import numpy as np

from disentangle.evaluation import mutual_information
from disentangle.evaluation.population import Population

SCORES = ("mig",)

CONTINUOUS = True

CHANGES = {"duplicate": ("mig",)}
"""A copy is the second best code."""


@dataclass(frozen=True)
class Metric:
    """``mig`` in [0, 1] of ``points`` rows, with each code cut into ``bins`` of equal width.

    Of a continuous factor, codes are not cut, and its information is that of nearest neighbours.

    >>> from disentangle.metrics import mig
    >>> mig([[0, 0], [0, 1], [1, 1], [1, 2]] * 300, [[0, 0], [0, 1], [1, 0], [1, 1]] * 300)
    {'mig': 0.5}
    """

    points: Annotated[int, ">= 2, <= 1e7"] = 10000
    bins: Annotated[int, ">= 2, <= 10000"] = 20

    def scores(self, population: Population, rng: np.random.Generator) -> dict[str, float]:
        """Return the gap of freshly drawn rows."""
        codes, factors = population.whole().draw(self.points, rng)
        return {"mig": gap(codes, factors, population.kinds, self.bins)}

    def remarks(self, population: Population) -> list[str]:
        """Return what bins of equal width make of codes with outliers."""
        return mutual_information.remarks(population.codes, population.kinds, self.bins)


def gap(codes: np.ndarray, factors: np.ndarray, kinds: np.ndarray, bins: int) -> float:
    """Return how far the best code of a factor is ahead of the second, for codes (N, D) and factors (N, K).

    mean_k (I_(1)k - I_(2)k) / H_k, with I_(i)k the i-th largest mutual information of a binned code and factor k. Of a
    factor that is continuous, where ``kinds`` (K,) is true, I and H are estimates of nearest neighbours.

    Source: Chen et al. 2018, Eq. 6; bins as Locatello et al. 2019. Deviation: factors of one value, which have no
    entropy, are left out; nan where none is left or there is no second code; of continuous factors see
    ``mutual_information.normalisers``.
    """
    entropy = mutual_information.normalisers(factors, kinds)
    several = entropy > 0
    if codes.shape[1] < 2 or not several.any():
        return float("nan")
    ranked = np.sort(mutual_information.information(codes, factors, kinds, bins), axis=0)
    return float(((ranked[-1] - ranked[-2])[several] / entropy[several]).mean())
