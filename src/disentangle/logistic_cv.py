"""Multinomial logistic regression whose penalty is chosen by cross-validation, as by scikit-learn's
LogisticRegressionCV with 10 penalties and five unshuffled folds, which Locatello et al. 2019 used.

For each fold of successive points and each C, a model is fitted to the other folds and tested on this one. The C of the
highest accuracy, averaged over folds, is taken, the smallest one of equals, and a model fitted with it to all points.
Each fit minimises sum_n -log p[y_n, n] + |W|^2 / (2 C), where biases cost nothing; of two classes, W is one vector.

Deviation: each fit is carried to its optimum (scikit-learn stops L-BFGS after 100 steps or at a gradient of 1e-4).
Where a class is absent from a fit, that optimum is at a bias of minus infinity and leaves the others as if it did not
exist, so a fit knows its own classes only; one of a single class predicts that, which scikit-learn refuses to do.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from disentangle import softmax_regression
from disentangle.errors import InputError

STRENGTHS = np.logspace(-4, 4, 10)
"""The values of C, from the strongest penalty to the weakest."""
FOLDS = 5

TOLERANCE = 1e-6
"""Of the gradient by the number of points, for codes within [-1, 1]; for larger ones, times the largest."""
MAX_ITERATIONS = 1000


@dataclass(frozen=True)
class Model:
    """Classes (K,), weights (K, D + 1) whose last column is the bias, and the C that was chosen."""

    classes: np.ndarray
    weights: np.ndarray
    C: float

    def predict(self, codes: np.ndarray) -> np.ndarray:
        """Return the most probable class (M,) of codes (M, D), in the spelling of the labels."""
        chosen: np.ndarray = self.classes[(codes @ self.weights[:, :-1].T + self.weights[:, -1]).argmax(1)]
        return chosen


def fit(codes: np.ndarray, labels: np.ndarray) -> Model:
    """Choose C and fit to codes (N, D) and labels (N,) of any values; fewer than five points are a fold each.

    Raises InputError when codes are too badly scaled to reach an optimum.
    """
    # One weight vector v is a pair -v / 2, v / 2 that costs half as much.
    strengths = STRENGTHS / 2 if len(np.unique(labels)) == 2 else STRENGTHS
    accuracy = np.zeros(len(strengths))
    for held in np.array_split(np.arange(len(labels)), min(FOLDS, len(labels))):
        seen = np.ones(len(labels), dtype=bool)
        seen[held] = False
        path = _path(codes[seen], labels[seen], strengths)
        accuracy += [np.mean(model.predict(codes[held]) == labels[held]) for model in path]
    best = int(accuracy.argmax())
    (model,) = _path(codes, labels, strengths[best : best + 1])
    return Model(model.classes, model.weights, float(STRENGTHS[best]))


def _path(codes: np.ndarray, labels: np.ndarray, strengths: np.ndarray) -> Iterator[Model]:
    """Yield a model for each C, from where that of the one before stands."""
    classes, y = np.unique(labels, return_inverse=True)
    tolerance = TOLERANCE * max(1, np.abs(codes).max())
    weights = np.zeros((len(classes), codes.shape[1] + 1))
    for C in strengths:  # noqa: N806
        found = softmax_regression.fit(codes, y, C, tolerance, MAX_ITERATIONS, weights)
        if found is None:
            raise InputError(f"logistic regression: no optimum within {MAX_ITERATIONS} steps; are codes of odd scales?")
        weights = found
        yield Model(classes, weights, C)
