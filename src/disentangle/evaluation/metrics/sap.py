"""SAP, separated attribute predictability: whether each factor is predicted by one code alone.

Papers: Kumar et al. 2018 (arXiv 1711.00848), section 3; Locatello et al. 2019 (arXiv 1811.12359), appendix.
"""

from dataclasses import dataclass
from typing import Annotated

import numpy as np

from disentangle.evaluation.classifiers import linear_svm
from disentangle.evaluation.population import Population
from disentangle.evaluation.standardisation import standardised

SCORES = ("sap",)

CONTINUOUS = True

CHANGES = {"unit": ("sap",), "scale": ("sap",), "origin": ("sap",), "constant": ("sap",), "duplicate": ("sap",)}
"""The penalty is in units of the codes; a constant code tells the most frequent value, a copy is the second best."""


@dataclass(frozen=True)
class Metric:
    """``sap`` in [0, 1]: mean_k (A_(1)k - A_(2)k), with A_(i)k the i-th best accuracy of a code alone on factor k.

    Of a continuous factor A is the squared correlation, over the training points, of the code and the factor.
    Codes are not standardised, as in disentanglement_lib: with a penalty on slope and intercept, ``sap`` changes with
    their scale and origin, though not with their sign.

    >>> from disentangle.metrics import sap
    >>> sap([[0, 0], [0, 1], [1, 1], [1, 2]] * 300, [[0, 0], [0, 1], [1, 0], [1, 1]] * 300)
    {'sap': 0.2...}
    """

    train_points: Annotated[int, ">= 2, <= 1e7"] = 10000
    test_points: Annotated[int, ">= 1, <= 1e7"] = 5000
    C: Annotated[float, "> 0, <= 1e6"] = 0.01

    def scores(self, population: Population, rng: np.random.Generator) -> dict[str, float]:
        """Return the gap of freshly drawn rows; nan where there is no second code.

        Source: as above; Locatello et al. take every factor as discrete. Deviation: none.
        """
        train, test = population.split(rng)
        drawn = train.draw(self.train_points, rng), test.draw(self.test_points, rng)
        if population.codes.shape[1] < 2:
            return {"sap": float("nan")}
        (codes, factors), (new, told) = drawn
        kinds = population.kinds
        found = np.empty((codes.shape[1], len(kinds)))
        found[:, kinds] = squared_correlations(codes, factors[:, kinds])
        found[:, ~kinds] = accuracies((codes, factors[:, ~kinds]), (new, told[:, ~kinds]), self.C)
        ranked = np.sort(found, axis=0)
        return {"sap": float((ranked[-1] - ranked[-2]).mean())}


def accuracies(
    train: tuple[np.ndarray, np.ndarray],
    test: tuple[np.ndarray, np.ndarray],
    C: float,  # noqa: N803
) -> np.ndarray:
    """Return the test accuracy (D, K) of a support vector machine of each code on each factor.

    ``train`` and ``test`` are codes (N, D) and factors (N, K).
    """
    (codes, factors), (new_codes, new_factors) = train, test
    found = np.empty((codes.shape[1], factors.shape[1]))
    for d, k in np.ndindex(found.shape):
        classifier = linear_svm.fit(codes[:, d], factors[:, k], C)
        found[d, k] = (classifier.predict(new_codes[:, d]) == new_factors[:, k]).mean()
    return found


def squared_correlations(codes: np.ndarray, factors: np.ndarray) -> np.ndarray:
    """Return cov(z_d, y_k)^2 / (var z_d var y_k), (D, K), of codes (N, D) and numbers (N, K); 0 where one is constant.

    Source: Kumar et al. 2018, section 3. Deviation: none.
    """
    (z,), (y,) = standardised(codes), standardised(factors)
    found: np.ndarray = np.square(z.T @ y / len(z))
    return found
