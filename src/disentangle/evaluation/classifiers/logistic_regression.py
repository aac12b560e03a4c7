"""Multinomial logistic regression as a classifier: fitted to its optimum, told by classes.

What disentanglement_lib leaves to the defaults of whichever scikit-learn is installed (one classifier a class in
those of 2019, one of all classes since) is stated here: one of all classes, C = 1, and no penalty on the bias.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import softmax

from disentangle.errors import InputError
from disentangle.evaluation.classifiers import softmax_regression
from disentangle.evaluation.classifiers.columns import RAW, Columns, columns

TOLERANCE = 1e-5
"""Of ``softmax_regression``: what a last step gains is 1e-10 nats a sample at most."""

MAX_ITERATIONS = 1000


@dataclass(frozen=True)
class Classifier:
    """V classes, and weights (V, D + 1), of codes in ``columns``, whose last column is the bias."""

    classes: np.ndarray
    weights: np.ndarray
    columns: Columns = RAW

    def probabilities(self, codes: np.ndarray) -> np.ndarray:
        """Return the probability (N, V) of each class, for codes (N, D)."""
        found: np.ndarray = softmax(self._logits(codes), axis=1)
        return found

    def accuracy(self, codes: np.ndarray, labels: np.ndarray) -> float:
        """Return the share of labels (N,) that codes (N, D) tell."""
        told = self.classes[self._logits(codes).argmax(axis=1)]
        return float((told == labels).mean())

    def _logits(self, codes: np.ndarray) -> np.ndarray:
        return softmax_regression.logits(self.weights, self.columns.of(codes))


def fit(codes: np.ndarray, labels: np.ndarray, C: float) -> Classifier:  # noqa: N803
    """Return the minimiser of sum_n -log p(y_n | x_n) + |W|^2 / (2 C), of codes (N, D) and labels (N,).

    Raises InputError if Newton's method does not reach it, which no finite codes are known to cause.
    """
    classes, y = np.unique(labels, return_inverse=True)
    scaled = columns(codes)
    strengths = C * np.square(scaled.unit)
    if len(classes) == 2:
        strengths = strengths / 2  # scikit-learn's one vector v is a pair -v / 2, v / 2 here, which costs half as much
    weights = softmax_regression.fit(scaled.of(codes), y, strengths, TOLERANCE, MAX_ITERATIONS)
    return Classifier(classes, reached(weights), scaled)


def reached(weights: np.ndarray | None) -> np.ndarray:
    """Return the weights of an optimum; raises InputError where ``MAX_ITERATIONS`` steps did not reach it."""
    if weights is None:
        raise InputError(f"logistic regression: no optimum after {MAX_ITERATIONS} steps; are the codes finite?")
    return weights
