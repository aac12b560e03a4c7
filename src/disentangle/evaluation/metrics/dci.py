"""DCI: whether each code serves one factor, each factor is served by one code, and how well codes tell factors.

Source: Eastwood & Williams 2018 (ICLR), section 3, with the boosted trees of Locatello et al. 2019, appendix C.
"""

from dataclasses import dataclass
from typing import Annotated

import numpy as np

from disentangle.evaluation.classifiers import boosting
from disentangle.evaluation.population import Population

SCORES = ("disentanglement", "completeness", "informativeness_train", "informativeness_test")


@dataclass(frozen=True)
class Metric:
    """Importances R (D, K) of codes in boosted trees that predict a factor each, and the accuracies of the trees.

    ``disentanglement`` and ``completeness`` of R are in [0, 1] (functions below). ``informativeness_*`` is the accuracy
    on training and test points, mean over factors. Deviation: Eastwood & Williams report errors of a regression.
    """

    train_points: Annotated[int, ">= 2, <= 1e7"] = 10000
    test_points: Annotated[int, ">= 1, <= 1e7"] = 5000

    def scores(self, population: Population, rng: np.random.Generator) -> dict[str, float]:
        """Return the four scores of a population."""
        train, test = population.split(rng)
        codes, factors = train.draw(self.train_points, rng)
        test_codes, test_factors = test.draw(self.test_points, rng)
        importances, fitted, told = [], [], []
        for labels, test_labels in zip(factors.T, test_factors.T, strict=True):
            model = boosting.fit(codes, labels)
            importances.append(model.importances)
            fitted.append(np.mean(model.fitted == labels))
            told.append(np.mean(model.predict(test_codes) == test_labels))
        r = np.stack(importances, axis=1)
        found = disentanglement(r), completeness(r), float(np.mean(fitted)), float(np.mean(told))
        return dict(zip(SCORES, found, strict=True))


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
    return float(r.sum(1) @ (1 - entropy) / r.sum()) if r.any() else 0.0


def completeness(r: np.ndarray) -> float:
    """Return sum_j rho_j (1 - H_D(R_j)) of importances R (D, K): disentanglement with codes and factors exchanged."""
    return disentanglement(r.T)
