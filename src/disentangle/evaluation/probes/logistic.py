"""Multinomial logistic regression on frozen codes, the linear classifier C of Burns 2021, section 3.3."""

from dataclasses import dataclass
from typing import Annotated

import numpy as np

from disentangle.errors import InputError
from disentangle.evaluation.classifiers import softmax_regression


@dataclass(frozen=True)
class Probe:
    """Minimises f = sum_n CE(W x_n + b, y_n) + |W|^2 / (2 C) over standardised codes x, to max |df| / N <= tolerance.

    Source: section 3.3 (one linear classifier a task; optimiser and penalty are not stated).
    Deviation: none known; other implementations stop SGD after 90-100 epochs, which depends on a learning rate.
    """

    C: Annotated[float, "> 0, <= 1e6"] = 1.0
    tolerance: Annotated[float, "> 0, <= 1"] = 1e-8
    max_iterations: Annotated[int, ">= 1, <= 1e6"] = 100

    def correct(self, train: tuple[np.ndarray, np.ndarray], test: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
        """Fit on (codes (N, D), labels (N,)) and return, (M,) bool, which test labels it tells right."""
        classes, labels = np.unique(train[1], return_inverse=True)
        if len(classes) < 2:
            raise InputError("train_pairs: the training labels of a task are all of one class; allow more pairs.")
        codes = train[0].astype(np.float64)
        mean, scale = codes.mean(0), np.where(np.ptp(codes, axis=0) > 0, codes.std(0), 1)
        weights = softmax_regression.fit((codes - mean) / scale, labels, self.C, self.tolerance, self.max_iterations)
        if weights is None:
            found = self.max_iterations
            raise InputError(f"probes.logistic.max_iterations: {found} do not reach the optimum; allow more.")
        scores = softmax_regression.logits(weights, (test[0].astype(np.float64) - mean) / scale)
        right: np.ndarray = classes[scores.argmax(1)] == test[1]
        return right
