"""Logistic regressions of each class against the rest, the penalty of each chosen by cross-validation.

A class has its own C of ten: that of the highest accuracy in telling the class from the rest, a mean over five folds of
successive points; of equals, the smallest. A point is told to be of the class whose regression, fitted with its C to
all points, is most sure of it. Two classes are one regression.

Source: Locatello et al. 2019, section 5.5, whose code calls LogisticRegressionCV(Cs=10, cv=KFold(5)): this is what that
did in scikit-learn before 0.22, where multi_class was "ovr" (since then it is one regression of all classes, which is
``logistic_cv``). Deviation: each fit is carried to its optimum (scikit-learn stopped L-BFGS after 100 steps or at a
gradient of 1e-4). Where a class is absent from a fit, or all of it, the optimum is at an infinite bias, and is taken to
be there; a single class predicts that, which scikit-learn refused to do.
"""

from dataclasses import dataclass

import numpy as np

from disentangle.evaluation.classifiers import binary_regressions
from disentangle.evaluation.classifiers.columns import Columns, columns
from disentangle.evaluation.classifiers.logistic_cv import STRENGTHS, folds
from disentangle.evaluation.classifiers.logistic_regression import MAX_ITERATIONS, reached
from disentangle.evaluation.classifiers.softmax_regression import logits

TOLERANCE = 1e-4
"""Of ``binary_regressions``; a tighter one changes no choice of C and hardly ever a prediction."""


@dataclass(frozen=True)
class Model:
    """Classes (K,), and of each the weights (D + 1), the bias last, of codes in ``columns``, and the C that was chosen.

    Of two classes, ``weights`` (1, D + 1) and ``C`` (1,) are of the second.
    """

    classes: np.ndarray
    weights: np.ndarray
    C: np.ndarray
    columns: Columns

    def predict(self, codes: np.ndarray) -> np.ndarray:
        """Return the class (M,) that codes (M, D) are most surely of, in the spelling of the labels."""
        z = logits(self.weights, self.columns.of(codes))
        chosen: np.ndarray = self.classes[z.argmax(1) if len(self.classes) != 2 else (z[:, 0] > 0).astype(int)]
        return chosen


def fit(codes: np.ndarray, labels: np.ndarray) -> Model:
    """Choose a C a class and fit to codes (N, D) and labels (N,) of any values; fewer than five points are a fold each.

    Raises InputError if Newton's method does not reach an optimum, which no finite codes are known to cause.
    """
    scaled = columns(codes)
    x, penalties = scaled.of(codes), 1 / np.square(np.broadcast_to(scaled.unit, codes.shape[1]))
    classes = np.unique(labels)
    own = labels == classes[:, None]
    if len(classes) == 1:
        return Model(classes, np.zeros((1, codes.shape[1] + 1)), STRENGTHS[:1], scaled)
    if len(classes) == 2:
        own = own[1:]
    basis = binary_regressions.leading(x, penalties)
    accuracy = np.zeros((len(STRENGTHS), len(own)))
    for held in folds(len(labels)):
        seen = np.setdiff1d(np.arange(len(labels)), held)
        accuracy += _accuracies(x, own, seen, held, penalties, basis)
    chosen = STRENGTHS[accuracy.argmax(axis=0)]
    return Model(classes, _solve(x, own, penalties / chosen[:, None], basis, None), chosen, scaled)


def _accuracies(
    x: np.ndarray, own: np.ndarray, seen: np.ndarray, held: np.ndarray, penalties: np.ndarray, basis: np.ndarray
) -> np.ndarray:
    """Return the accuracy by C and problem, (10, K), on the points ``held`` of fits to those ``seen``."""
    share = own[:, seen].mean(axis=1)
    both = (share > 0) & (share < 1)
    found = np.empty((len(STRENGTHS), len(own)))
    found[:, ~both] = (own[~both][:, held] == share[~both, None]).mean(axis=1)
    weights = None
    for accuracy, C in zip(found, STRENGTHS, strict=True):  # noqa: N806
        if both.any():
            cost = np.broadcast_to(penalties / C, (int(both.sum()), len(penalties)))
            weights = _solve(x[seen], own[both][:, seen], cost, basis, weights)
            accuracy[both] = ((logits(weights, x[held]).T > 0) == own[both][:, held]).mean(axis=1)
    return found


def _solve(
    x: np.ndarray, own: np.ndarray, penalties: np.ndarray, basis: np.ndarray, start: np.ndarray | None
) -> np.ndarray:
    return reached(binary_regressions.fit(x, own, penalties, basis, TOLERANCE, MAX_ITERATIONS, start))
