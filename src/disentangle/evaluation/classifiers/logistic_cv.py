"""Multinomial logistic regression whose penalty is chosen by cross-validation.

For each of five folds of successive points and each of ten C, a model is fitted to the other folds and tested on this
one. The C of the highest accuracy, mean over folds, is taken, the smallest of equals, and a model fitted with it to all
points. A fit minimises sum_n -log p[y_n, n] + |W|^2 / (2 C), where biases cost nothing; two classes share one vector.

Source: scikit-learn's LogisticRegressionCV(Cs=10, cv=KFold(5)) since 0.22. The code of Locatello et al. 2019, section
5.5, says the same, and said ``one_vs_rest_cv`` in the versions of its time.
Deviation: each fit is carried to its optimum (scikit-learn stops L-BFGS after 100 steps or at a gradient of 1e-4).
Where a class is absent from a fit, that optimum is at a bias of minus infinity and leaves the others as if it did not
exist, so a fit knows its own classes only; one of a single class predicts that, which scikit-learn refuses to do.
"""

from dataclasses import dataclass

import numpy as np

from disentangle.evaluation.classifiers import softmax_regression
from disentangle.evaluation.classifiers.columns import Columns, columns
from disentangle.evaluation.classifiers.logistic_regression import MAX_ITERATIONS, reached

STRENGTHS = np.logspace(-4, 4, 10)
"""The values of C, from the strongest penalty to the weakest."""
FOLDS = 5

TOLERANCE = 1e-4
"""Of ``softmax_regression``; a tighter one changes no choice of C and hardly ever a prediction."""


@dataclass(frozen=True)
class Model:
    """Classes (K,), weights (K, D + 1), of codes in ``columns``, whose last column is the bias, and the C chosen."""

    classes: np.ndarray
    weights: np.ndarray
    C: float
    columns: Columns

    def predict(self, codes: np.ndarray) -> np.ndarray:
        """Return the most probable class (M,) of codes (M, D), in the spelling of the labels."""
        return _predict(self.classes, self.weights, self.columns.of(codes))


def fit(codes: np.ndarray, labels: np.ndarray) -> Model:
    """Choose C and fit to codes (N, D) and labels (N,) of any values; fewer than five points are a fold each.

    Raises InputError if Newton's method does not reach an optimum, which no finite codes are known to cause.
    """
    scaled = columns(codes)
    x, strengths = scaled.of(codes), STRENGTHS[:, None] * np.square(scaled.unit)
    classes = np.unique(labels)
    if len(classes) == 1:
        return Model(classes, np.zeros((1, codes.shape[1] + 1)), float(STRENGTHS[0]), scaled)
    if len(classes) == 2:
        strengths = strengths / 2  # one weight vector v is a pair -v / 2, v / 2 that costs half as much
    accuracy = np.zeros(len(strengths))
    for held in folds(len(labels)):
        seen = np.ones(len(labels), dtype=bool)
        seen[held] = False
        known, path = _path(x[seen], labels[seen], strengths)
        accuracy += [np.mean(_predict(known, weights, x[held]) == labels[held]) for weights in path]
    best = int(accuracy.argmax())
    _, (weights,) = _path(x, labels, strengths[best : best + 1])
    return Model(classes, weights, float(STRENGTHS[best]), scaled)


def folds(points: int) -> list[np.ndarray]:
    """Return the numbers of the points of each fold: successive ones."""
    return np.array_split(np.arange(points), min(FOLDS, points))


def _path(x: np.ndarray, labels: np.ndarray, strengths: np.ndarray) -> tuple[np.ndarray, list[np.ndarray]]:
    """Return the classes and, for each C, the weights, found from where those of the one before are."""
    classes, y = np.unique(labels, return_inverse=True)
    path: list[np.ndarray] = []
    for C in strengths:  # noqa: N806
        start = path[-1] if path else None
        path.append(reached(softmax_regression.fit(x, y, C, TOLERANCE, MAX_ITERATIONS, start)))
    return classes, path


def _predict(classes: np.ndarray, weights: np.ndarray, x: np.ndarray) -> np.ndarray:
    chosen: np.ndarray = classes[softmax_regression.logits(weights, x).argmax(1)]
    return chosen
