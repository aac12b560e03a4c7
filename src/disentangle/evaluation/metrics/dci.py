"""DCI: whether each code serves one factor, each factor is served by one code, and how well codes tell factors.

Source: Eastwood & Williams 2018 (ICLR), section 3, with the boosted trees of Locatello et al. 2019, appendix C.
"""

from dataclasses import dataclass
from typing import Annotated

import numpy as np

from disentangle.evaluation.classifiers import boosting
from disentangle.evaluation.population import Population

SCORES = ("disentanglement", "completeness", "informativeness_train", "informativeness_test")

CONTINUOUS = True

CHANGES = {"constant": ("completeness",), "duplicate": ("disentanglement", "completeness", "informativeness_test")}
"""Entropies of completeness are relative to the number of codes; which copy of a code is split is random.

So is which of two codes whose splits are equally good: copies change the draw, and with it informativeness on training
points by a thousandth, of codes that have such splits.
"""


@dataclass(frozen=True)
class Metric:
    """Importances R (D, K) of codes in boosted trees that predict a factor each, and how well the trees do.

    ``disentanglement`` and ``completeness`` of R are in [0, 1] (functions below). ``informativeness_*`` is the mean
    over factors of the accuracy on training and test points, of a continuous factor of R^2, and of 0 if that is less.
    Deviation: Eastwood & Williams report errors of a regression, of all factors.

    >>> from disentangle.metrics import dci
    >>> dci([[0, 0], [0, 1], [1, 1], [1, 2]] * 300, [[0, 0], [0, 1], [1, 0], [1, 1]] * 300)
    {'disentanglement': 0.6..., 'completeness': 0.6..., 'informativeness_train': 1.0, 'informativeness_test': 1.0}
    """

    train_points: Annotated[int, ">= 2, <= 1e7"] = 10000
    test_points: Annotated[int, ">= 1, <= 1e7"] = 5000

    def scores(self, population: Population, rng: np.random.Generator) -> dict[str, float]:
        """Return the four scores of a population."""
        train, test = population.split(rng)
        codes, factors = train.draw(self.train_points, rng)
        test_codes, test_factors = test.draw(self.test_points, rng)
        importances, fitted, told = [], [], []
        for continuous, y, test_y in zip(population.kinds, factors.T, test_factors.T, strict=True):
            model = (boosting.fit_numbers if continuous else boosting.fit)(codes, y)
            agreement = determination if continuous else accuracy
            importances.append(model.importances)
            fitted.append(agreement(model.fitted, y))
            told.append(agreement(model.predict(test_codes), test_y))
        r = np.stack(importances, axis=1)
        found = disentanglement(r), completeness(r), float(np.mean(fitted)), float(np.mean(told))
        return dict(zip(SCORES, found, strict=True))


def accuracy(told: np.ndarray, labels: np.ndarray) -> float:
    """Return the share of labels (N,) that are told."""
    return float(np.mean(told == labels))


def determination(told: np.ndarray, numbers: np.ndarray) -> float:
    """Return R^2 = 1 - sum (y - told)^2 / sum (y - mean y)^2 of numbers y (N,), 0 if that is less or y is constant."""
    spread = np.square(numbers - numbers.mean()).sum()
    return float(max(0.0, 1 - np.square(numbers - told).sum() / spread)) if spread else 0.0


def disentanglement(r: np.ndarray) -> float:
    """Return sum_i rho_i (1 - H_K(R_i)) of importances R (D, K), with rho_i the share of code i in all of R.

    H_K is the entropy of the code's importances plus 1e-11, as shares of their sum, to the base K. 0 if R is 0, and
    nan for a single factor. Source: Eastwood & Williams 2018, section 3. Deviation: the 1e-11, of Locatello's code.
    """
    if r.shape[1] == 1:
        return float("nan")
    p = r + 1e-11
    p /= p.sum(1, keepdims=True)
    entropy = -(p * np.log(p)).sum(1) / np.log(r.shape[1])
    return max(0.0, float(r.sum(1) @ (1 - entropy) / r.sum())) if r.any() else 0.0


def completeness(r: np.ndarray) -> float:
    """Return sum_j rho_j (1 - H_D(R_j)) of importances R (D, K): disentanglement with codes and factors exchanged."""
    return disentanglement(r.T)
