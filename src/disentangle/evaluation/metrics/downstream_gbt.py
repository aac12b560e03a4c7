"""Downstream tasks of boosted trees: the accuracy with which they tell factors from codes."""

from dataclasses import dataclass
from typing import Annotated

import numpy as np

from disentangle.evaluation import downstream
from disentangle.evaluation.classifiers import boosting
from disentangle.evaluation.population import Population

SCORES = ("mean", "min", "efficiency")
"""The first two once a size: ``mean_10``, ``min_10``, ``mean_100``, ..."""

RANGES = {"efficiency": (0, None)}

CHANGES = {"duplicate": ("mean", "min", "efficiency")}
"""Which copy of a code is split is random.

A test point that lies just on a split is left to rounding, as of codes that are whole numbers: in another unit a few
fall on its other side.
"""


@dataclass(frozen=True)
class Metric:
    """Accuracies after 10, 100, ... training points, and how much of the last are reached after 100.

    Source: Locatello et al. 2019, section 5.5 (gradient-boosted trees). Deviation: of ``boosting``.

    >>> from disentangle.metrics import downstream_gbt
    >>> downstream_gbt([[0, 0], [0, 1], [1, 1], [1, 2]] * 300, [[0, 0], [0, 1], [1, 0], [1, 1]] * 300)["mean_100"]
    1.0
    """

    sizes: Annotated[list[int], ">= 1, <= 1e7, len >= 1, len <= 100, distinct"] = (10, 100, 1000, 10000)  # type: ignore[assignment]  # dataclasses refuse a list here
    test_points: Annotated[int, ">= 1, <= 1e7"] = 5000

    def scores(self, population: Population, rng: np.random.Generator) -> dict[str, float]:
        """Return the scores of a population, all in [0, 1] but ``efficiency``, which may exceed 1."""
        return downstream.scores(population, rng, boosting.fit, self.sizes, self.test_points)
