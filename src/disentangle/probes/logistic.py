"""Multinomial logistic regression on frozen codes, the linear classifier C of Burns 2021, section 3.3."""

import warnings
from dataclasses import dataclass

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from disentangle.errors import InputError


@dataclass(frozen=True)
class Probe:
    """Minimises sum_n CE(W x_n + b, y_n) + |W|^2 / (2 C) over standardised codes x, to the optimum.

    Source: section 3.3 (one linear classifier a task; optimiser and penalty are not stated).
    Deviation: none known; other implementations stop SGD after 90-100 epochs, which depends on a learning rate.
    """

    C: float = 1.0
    tolerance: float = 0.0001
    max_iterations: int = 1000

    def accuracy(self, train: tuple[np.ndarray, np.ndarray], test: tuple[np.ndarray, np.ndarray]) -> float:
        """Fit on (codes (N, D), labels (N,)) and return the percentage of test labels that it tells right."""
        scaler = StandardScaler().fit(train[0].astype(np.float64))
        # Newton's method is at the optimum at this tolerance; L-BFGS needs a hundredth of it and twice the time.
        classifier = LogisticRegression(C=self.C, tol=self.tolerance, max_iter=self.max_iterations, solver="newton-cg")
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error", ConvergenceWarning)
                classifier.fit(scaler.transform(train[0].astype(np.float64)), train[1])
        except ConvergenceWarning:
            found = self.max_iterations
            raise InputError(f"probes.logistic.max_iterations: {found} do not reach the optimum; allow more.") from None
        return 100 * float(classifier.score(scaler.transform(test[0].astype(np.float64)), test[1]))
