"""Downstream tasks of one logistic regression of all classes: the accuracy with which it tells factors from codes."""

from dataclasses import dataclass
from typing import Annotated

import numpy as np

from disentangle.evaluation import downstream
from disentangle.evaluation.classifiers import logistic_cv
from disentangle.evaluation.population import Population

SCORES = ("mean", "min", "efficiency")
"""The first two once a size: ``mean_10``, ``min_10``, ``mean_100``, ..."""

ASKED = True
"""No published number is of it, and of many codes and values it takes longer than all other metrics together."""

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

    Source: what the code of Locatello et al. 2019, section 5.5, does in scikit-learn since 0.22; no published number is
    of it, and ``downstream_lr`` has what is. Deviation: of ``logistic_cv``.

    >>> from disentangle.metrics import downstream_lr_multinomial
    >>> downstream_lr_multinomial([[0], [1], [2]] * 400, [0, 1, 2] * 400)["mean_100"]
    1.0
    """

    sizes: Annotated[list[int], ">= 1, <= 1e7, len >= 1, len <= 100, distinct"] = (10, 100, 1000, 10000)  # type: ignore[assignment]  # dataclasses refuse a list here
    test_points: Annotated[int, ">= 1, <= 1e7"] = 5000

    def scores(self, population: Population, rng: np.random.Generator) -> dict[str, float]:
        """Return the scores of a population, all in [0, 1] but ``efficiency``, which may exceed 1."""
        return downstream.scores(population, rng, logistic_cv.fit, self.sizes, self.test_points)
