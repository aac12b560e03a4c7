"""How much each code alone tells of the domain.

What no code tells, several may tell together: this is a lower bound of what a classifier can find.
"""

from dataclasses import dataclass
from typing import Annotated

import numpy as np

from disentangle.evaluation import mutual_information
from disentangle.evaluation.labelled_codes import LabelledCodes
from disentangle.evaluation.population import Population

SCORES = ("mean", "largest")
ASKED = True
"""Scored if it is asked for: factors of any origin name no domain."""

CHANGES = {"constant": ("mean",)}
"""A constant code tells nothing, and is one of the codes."""


@dataclass(frozen=True)
class Metric:
    """``mean`` and ``largest`` over codes, in [0, 1], of ``points`` rows, each code cut into ``bins``.

    >>> from disentangle.metrics import domain_information
    >>> domain_information([[0, 0], [0, 1], [1, 1], [1, 2]] * 300, [[0, 0], [0, 1], [1, 0], [1, 1]] * 300)
    {'mean': nan, 'largest': nan}
    """

    points: Annotated[int, ">= 2, <= 1e7"] = 10000
    bins: Annotated[int, ">= 2, <= 10000"] = 20

    def scores(self, population: Population, rng: np.random.Generator) -> dict[str, float]:
        """Return the shares of freshly drawn rows; nan where there is no domain, or but one."""
        codes, factors = population.whole().draw(self.points, rng)
        if not isinstance(population, LabelledCodes) or population.domain not in population.names:
            return dict.fromkeys(SCORES, float("nan"))
        told = shares(codes, factors[:, population.names.index(population.domain)], self.bins)
        return {"mean": float(told.mean()), "largest": float(told.max())}

    def remarks(self, population: Population) -> list[str]:
        """Return what bins of equal width make of codes with outliers."""
        return mutual_information.remarks(population.codes, np.zeros(1, dtype=bool), self.bins)


def shares(codes: np.ndarray, domain: np.ndarray, bins: int) -> np.ndarray:
    """Return I(z_d; y) / H(y), (D,), of binned codes z (N, D) and domains y (N,); nan where there is but one domain.

    Source: as the mutual information of Chen et al. 2018, Eq. 6 (``mig``), of the domain. Deviation: none.
    """
    (entropy,) = mutual_information.entropies(domain[:, None])
    if entropy == 0:
        return np.full(codes.shape[1], np.nan)
    found: np.ndarray = (
        mutual_information.matrix(mutual_information.binned(codes, bins), domain[:, None])[:, 0] / entropy
    )
    return found
