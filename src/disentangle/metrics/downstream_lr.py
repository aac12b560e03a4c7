"""Downstream tasks of logistic regression: the accuracy with which it tells factors from codes."""

from dataclasses import dataclass

import numpy as np

from disentangle import downstream, logistic_cv
from disentangle.population import Population

SCORES = (
    "mean_10",
    "min_10",
    "mean_100",
    "min_100",
    "mean_1000",
    "min_1000",
    "mean_10000",
    "min_10000",
    "efficiency",
)
"""At the default sizes."""


@dataclass(frozen=True)
class Metric:
    """Accuracies after 10, 100, ... training points, and how much of the last are reached after 100.

    Source: Locatello et al. 2019, section 5.5 (logistic regression, cross-validated). Deviation: those of ``logistic_cv``.
    """

    sizes: list[int] = (10, 100, 1000, 10000)  # type: ignore[assignment]  # dataclasses refuse a list here
    test_points: int = 5000

    def scores(self, population: Population, rng: np.random.Generator) -> dict[str, float]:
        """Return the scores of a population, all in [0, 1] but ``efficiency``, which may exceed 1."""
        return downstream.scores(population, rng, logistic_cv.fit, self.sizes, self.test_points)
