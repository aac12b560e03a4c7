"""BetaVAE score: whether a linear classifier tells which factor two batches share by how far apart their codes are.

Papers: Higgins et al. 2017 (beta-VAE), section 3; Locatello et al. 2019 (arXiv 1811.12359), appendix.
"""

from dataclasses import dataclass
from typing import Annotated

import numpy as np

from disentangle.evaluation.classifiers import logistic_regression
from disentangle.evaluation.population import Population, Rows

SCORES = ("train", "test")

CHUNK = 2**20
"""Numbers that are gathered at a time."""

CHANGES = {"unit": ("train", "test"), "scale": ("train", "test"), "duplicate": ("train", "test")}
"""The penalty on weights is in units of the codes: small ones count less, and one given twice counts more."""


@dataclass(frozen=True)
class Metric:
    """``train`` and ``test`` accuracy in [0, 1] of the classifier; 1 / K is chance for K factors, nan for one alone.

    Differences are not standardised, as in disentanglement_lib: with a penalty on the weights, small codes count less.

    >>> from disentangle.metrics import beta_vae_score
    >>> beta_vae_score([[0, 0], [0, 1], [1, 1], [1, 2]] * 300, [[0, 0], [0, 1], [1, 0], [1, 1]] * 300)
    {'train': 1.0, 'test': 1.0}
    """

    train_points: Annotated[int, ">= 2, <= 1e7"] = 10000
    test_points: Annotated[int, ">= 1, <= 1e7"] = 5000
    batch: Annotated[int, ">= 1, <= 10000"] = 64
    C: Annotated[float, "> 0, <= 1e6"] = 1.0

    def scores(self, population: Population, rng: np.random.Generator) -> dict[str, float]:
        """Return the accuracies of freshly drawn points; nan where no two rows share the value of some factor.

        Source: as above. Deviation: multinomial logistic regression at its optimum (see ``logistic_regression``); of a
        sample the two rows of a pair differ, as one row twice tells the factor of the fewest rows a value.
        """
        train, test = population.split(rng)
        if not (train.shares_each() and test.shares_each()):
            return dict.fromkeys(SCORES, float("nan"))
        codes, labels = points(train, self.train_points, self.batch, rng)
        classifier = logistic_regression.fit(codes, labels, self.C)
        return {
            "train": classifier.accuracy(codes, labels),
            "test": classifier.accuracy(*points(test, self.test_points, self.batch, rng)),
        }


def points(pool: Rows, count: int, batch: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Return mean absolute code differences (n, D) and the shared factors (n,) of n = ``count`` points, by factor.

    A point is mean_b |z_b - z'_b| over ``batch`` pairs of rows; all of its pairs share the value of one uniform factor
    k, each pair a value of its own.
    """
    dim, kinds = pool.population.codes.shape[1], pool.population.factors.shape[1]
    labels = np.sort(rng.integers(kinds, size=count))
    found = []
    for k, groups in enumerate(np.bincount(labels, minlength=kinds)):
        pairs = pool.draw_pairs(k, groups * batch, rng).reshape(groups, batch, 2)
        for part in np.array_split(pairs, -(-pairs.size * dim // CHUNK) or 1):
            codes = pool.population.codes_of(part, rng)
            found.append(np.abs(codes[:, :, 0] - codes[:, :, 1]).mean(axis=1))
    return np.concatenate(found), labels
