"""Multinomial logistic regression as a classifier: fitted to its optimum, told by classes.

What disentanglement_lib leaves to the defaults of whichever scikit-learn is installed (one classifier a class in
those of 2019, one of all classes since) is stated here: one of all classes, C = 1, and no penalty on the bias.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import softmax

from disentangle.errors import InputError
from disentangle.evaluation.classifiers import softmax_regression

TOLERANCE = 1e-7
"""Largest derivative of the mean loss, of codes up to 1."""

MAX_ITERATIONS = 200


@dataclass(frozen=True)
class Classifier:
    """V classes, and weights (V, D + 1) whose last column is the bias."""

    classes: np.ndarray
    weights: np.ndarray

    def probabilities(self, codes: np.ndarray) -> np.ndarray:
        """Return the probability (N, V) of each class, for codes (N, D)."""
        found: np.ndarray = softmax(softmax_regression.logits(self.weights, codes), axis=1)
        return found

    def accuracy(self, codes: np.ndarray, labels: np.ndarray) -> float:
        """Return the share of labels (N,) that codes (N, D) tell."""
        told = self.classes[softmax_regression.logits(self.weights, codes).argmax(axis=1)]
        return float((told == labels).mean())


def fit(codes: np.ndarray, labels: np.ndarray, C: float) -> Classifier:  # noqa: N803
    """Return the minimiser of sum_n -log p(y_n | x_n) + |W|^2 / (2 C), of codes (N, D) and labels (N,).

    Raises InputError if Newton's method does not reach it, which no finite codes are known to cause.
    """
    classes, y = np.unique(labels, return_inverse=True)
    # The same problem in a unit that leaves no code above 1: derivatives are then of one size.
    unit = max(1.0, float(np.abs(codes).max()))
    strength = C * unit**2
    if len(classes) == 2:
        strength /= 2  # scikit-learn's one weight vector v is a pair -v / 2, v / 2 here, which costs half as much
    weights = softmax_regression.fit(codes / unit, y, strength, TOLERANCE, MAX_ITERATIONS)
    if weights is None:
        raise InputError(f"logistic regression: no optimum after {MAX_ITERATIONS} steps; are the codes finite?")
    weights[:, :-1] /= unit
    return Classifier(classes, weights)
