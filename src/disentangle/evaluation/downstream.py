"""Downstream tasks: how well a classifier of codes tells each factor, from few training points and from many.

Source: Locatello et al. 2019, section 5.5.
"""

from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np

from disentangle.errors import InputError
from disentangle.evaluation.population import Population


class Model(Protocol):
    """A classifier that was fitted."""

    def predict(self, codes: np.ndarray) -> np.ndarray:
        """Return labels (M,) of codes (M, D)."""


Fit = Callable[[np.ndarray, np.ndarray], Model]
"""Maps codes (N, D) and labels (N,) to a model."""


def scores(
    population: Population, rng: np.random.Generator, fit: Fit, sizes: Sequence[int], test_points: int
) -> dict[str, float]:
    """Return ``mean_n`` and ``min_n`` over factors of the test accuracy after n training points, and ``efficiency``.

    Each size n draws training and test points of its own; those beyond the pool of training points are left out.
    efficiency = mean_100 / mean_10000, nan where one of the two is absent or the last is 0.
    Raises InputError for a size below 1.
    """
    if min(sizes, default=0) < 1:
        raise InputError(f"sizes: found {list(sizes)}; allowed: one or more integers >= 1.")
    train, test = population.split(rng)
    found: dict[str, float] = {}
    for size in sizes:
        if size <= len(train):
            told = accuracies(fit, train.draw(size, rng), test.draw(test_points, rng))
            found |= {f"mean_{size}": float(told.mean()), f"min_{size}": float(told.min())}
    few, many = (found.get(f"mean_{size}", float("nan")) for size in (100, 10000))
    return found | {"efficiency": few / many if many else float("nan")}


def accuracies(fit: Fit, train: tuple[np.ndarray, np.ndarray], test: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
    """Return the test accuracy (K,) of a model per factor, for codes (N, D) and factors (N, K) of both."""
    (codes, factors), (test_codes, test_factors) = train, test
    models = (fit(codes, labels) for labels in factors.T)
    return np.array([np.mean(m.predict(test_codes) == y) for m, y in zip(models, test_factors.T, strict=True)])
