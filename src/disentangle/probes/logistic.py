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

    def correct(self, train: tuple[np.ndarray, np.ndarray], test: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
        """Fit on (codes (N, D), labels (N,)) and return, (M,) bool, which test labels it tells right."""
        if len(np.unique(train[1])) < 2:
            raise InputError("train_pairs: the training labels of a task are all of one class; allow more pairs.")
        scaler = StandardScaler().fit(train[0].astype(np.float64))
        codes = scaler.transform(train[0].astype(np.float64))
        # Newton's method is at the optimum at a tolerance where L-BFGS is not; but its line search can fail.
        classifier = self._fit("newton-cg", self.tolerance, codes, train[1])
        classifier = classifier or self._fit("lbfgs", self.tolerance / 100, codes, train[1])
        if classifier is None:
            found = self.max_iterations
            raise InputError(f"probes.logistic.max_iterations: {found} do not reach the optimum; allow more.")
        right: np.ndarray = classifier.predict(scaler.transform(test[0].astype(np.float64))) == test[1]
        return right

    def _fit(self, solver: str, tolerance: float, codes: np.ndarray, labels: np.ndarray) -> LogisticRegression | None:
        """Return the classifier, or None if the solver warned that it did not reach the optimum."""
        classifier = LogisticRegression(C=self.C, tol=tolerance, max_iter=self.max_iterations, solver=solver)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            classifier.fit(codes, labels)
        failed = (issubclass(w.category, ConvergenceWarning) or "line search" in str(w.message).lower() for w in caught)
        return None if any(failed) else classifier
