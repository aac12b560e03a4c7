"""Downstream tasks of logistic regression, one a class as published: the accuracy with which it tells factors."""

from dataclasses import dataclass
from typing import Annotated

import numpy as np

from disentangle.evaluation import downstream
from disentangle.evaluation.classifiers import one_vs_rest_cv
from disentangle.evaluation.population import Population

SCORES = ("mean", "min", "efficiency")
"""The first two once a size: ``mean_10``, ``min_10``, ``mean_100``, ..."""

RANGES = {"efficiency": (0, None)}

CHANGES = {
    "unit": ("mean", "min", "efficiency"),
    "scale": ("mean", "min", "efficiency"),
    "duplicate": ("mean", "min", "efficiency"),
}
"""The penalty on weights is in units of the codes."""


@dataclass(frozen=True)
class Metric:
    """Accuracies after 10, 100, ... training points, and how much of the last are reached after 100.

    A class is told from all others by a half space of codes, so that a factor of ordered values is hardly told by its
    own code (dSprites' factors as codes, 1,000 points: 0.35): ``downstream_lr_multinomial`` tells it (0.99).

    Source: Locatello et al. 2019, section 5.5 (cross-validated logistic regression, in scikit-learn before 0.22).
    Deviation: of ``one_vs_rest_cv``.

    >>> from disentangle.metrics import downstream_lr
    >>> downstream_lr([[0], [1], [2]] * 400, [0, 1, 2] * 400)["mean_100"]
    0.6...
    """

    sizes: Annotated[list[int], ">= 1, <= 1e7, len >= 1, len <= 100, distinct"] = (10, 100, 1000, 10000)  # type: ignore[assignment]  # dataclasses refuse a list here
    test_points: Annotated[int, ">= 1, <= 1e7"] = 5000

    def scores(self, population: Population, rng: np.random.Generator) -> dict[str, float]:
        """Return the scores of a population, all in [0, 1] but ``efficiency``, which may exceed 1."""
        return downstream.scores(population, rng, one_vs_rest_cv.fit, self.sizes, self.test_points)
