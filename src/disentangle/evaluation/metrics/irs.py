"""IRS, the interventional robustness score: whether one factor alone holds a code still, whatever the others do.

Papers: Suter et al. 2019 (arXiv 1811.00007), section 4; added to disentanglement_lib after Locatello et al. 2019.
"""

from dataclasses import dataclass
from typing import Annotated

import numpy as np

from disentangle.evaluation.population import Population

SCORES = ("irs",)

RANGES = {"irs": (-1, 1)}

CHANGES = {"scale": ("irs",)}
"""Codes count by their largest deviation."""


@dataclass(frozen=True)
class Metric:
    """``irs`` of ``points`` rows; ``quantile`` stands in for the largest deviation of a code under a factor.

    It is at most 1. Codes of noise have no fixed score: of 10,000 rows, those of a normal distribution have 0.38 to
    0.39 with the factors of dSprites and 0.36 to 0.44 with those of other sets, and more where fewer rows share a
    value, uniform ones 0.01, those of two values 0, or a little less, as a group's mean is not that of all.

    >>> from disentangle.metrics import irs
    >>> irs([[0, 0], [0, 1], [1, 1], [1, 2]] * 300, [[0, 0], [0, 1], [1, 0], [1, 1]] * 300)
    {'irs': 0.66...}
    """

    points: Annotated[int, ">= 2, <= 1e7"] = 10000
    quantile: Annotated[float, ">= 0, <= 1"] = 0.99

    def scores(self, population: Population, rng: np.random.Generator) -> dict[str, float]:
        """Return the robustness of freshly drawn rows; nan where no two of them share a value."""
        codes, factors = population.whole().draw(self.points, rng)
        return {"irs": robustness(codes, factors, self.quantile)}


def robustness(codes: np.ndarray, factors: np.ndarray, quantile: float) -> float:
    """Return how still codes (N, D) stay, each under the best of its factors (N, K); 0 where all are constant.

    1 - min_k mean_v Q[|z_d - E[z_d | f_k = v]| given f_k = v] / max |z_d - E[z_d]|, averaged over codes d with the
    weights max |z_d - E[z_d]|; Q is the quantile, and v each value that several rows have.

    Source: Suter et al. 2019, as disentanglement_lib has it. Deviation: there factors too are cut into 20 bins, here
    their values are taken as they are; a row alone with its value, which is as still as can be, is left out.
    """
    codes = codes[:, np.ptp(codes, axis=0) > 0]
    if codes.shape[1] == 0:
        return 0.0
    largest = np.abs(codes - codes.mean(axis=0)).max(axis=0)
    several = [factor for factor in factors.T if np.unique(factor, return_counts=True)[1].max() > 1]
    if not several:
        return float("nan")
    restless = np.stack([_deviation(codes, factor, quantile) for factor in several])
    return float(np.average(1 - (restless / largest).min(axis=0), weights=largest))


def _deviation(codes: np.ndarray, factor: np.ndarray, quantile: float) -> np.ndarray:
    """Return the mean over a factor's values of the quantile of deviations, (D,)."""
    values, counts = np.unique(factor, return_counts=True)
    groups = (codes[factor == value] for value in values[counts > 1])
    quantiles = [np.quantile(np.abs(group - group.mean(axis=0)), quantile, axis=0) for group in groups]
    found: np.ndarray = np.mean(quantiles, axis=0)
    return found
