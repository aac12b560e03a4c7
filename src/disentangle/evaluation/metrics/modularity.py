"""Modularity and explicitness: whether a code tells one factor only, and codes tell factors plainly.

Papers: Ridgeway and Mozer 2018 (arXiv 1802.05312), section 3; Locatello et al. 2019 (arXiv 1811.12359), appendix.
"""

from dataclasses import dataclass
from typing import Annotated

import numpy as np

from disentangle.evaluation import mutual_information
from disentangle.evaluation.classifiers import logistic_regression
from disentangle.evaluation.population import Population
from disentangle.evaluation.standardisation import standardised

SCORES = ("as_published", "bias_corrected", "explicitness_train", "explicitness_test")

CONTINUOUS = True

CHANGES = {"constant": ("as_published",), "duplicate": ("explicitness_train", "explicitness_test")}
"""As published, a constant code has a modularity of 0; the penalty on weights is less of a code that is given twice."""


@dataclass(frozen=True)
class Metric:
    """Modularity twice, in [0, 1], and explicitness, in [0, 1] with 1/2 by chance.

    ``as_published`` gives a code of pure noise 0.65 on the factors of dSprites: its mutual information is all bias,
    which grows with the number of a factor's values. ``bias_corrected`` is the mean over informative codes alone, those
    whose information on some factor is no chance at ``level`` (see ``beyond_chance``); nan where there is none.

    The information of a continuous factor is that of nearest neighbours, in nats as that of others; explicitness is of
    discrete factors alone, nan where there is none.

    >>> from disentangle.metrics import modularity
    >>> modularity([[0, 0], [0, 1], [1, 1], [1, 2]] * 300, [[0, 0], [0, 1], [1, 0], [1, 1]] * 300)
    {'as_published': 0.50..., 'bias_corrected': 0.50..., 'explicitness_train': 1.0, 'explicitness_test': 1.0}
    """

    train_points: Annotated[int, ">= 2, <= 1e7"] = 10000
    test_points: Annotated[int, ">= 1, <= 1e7"] = 5000
    bins: Annotated[int, ">= 2, <= 10000"] = 20
    level: Annotated[float, "> 0, <= 1"] = 1e-6
    C: Annotated[float, "> 0, <= 1e6"] = 1.0

    def scores(self, population: Population, rng: np.random.Generator) -> dict[str, float]:
        """Return modularity of the training rows, and explicitness of training and test rows."""
        pools = population.split(rng)
        train, test = (pool.draw(n, rng) for pool, n in zip(pools, (self.train_points, self.test_points), strict=True))
        kinds = population.kinds
        information = mutual_information.information(*train, kinds, self.bins)
        left = mutual_information.beyond_chance(information, *train, kinds, self.bins, self.level)
        informative = left.max(axis=1) > 0
        told, told_new = float("nan"), float("nan")
        if not kinds.all():
            train, test = ((codes, factors[:, ~kinds].astype(np.int64)) for codes, factors in (train, test))
            told, told_new = explicitness(train, test, self.C)
        return {
            "as_published": _mean(modularity(information)),
            "bias_corrected": _mean(modularity(left[informative])),
            "explicitness_train": told,
            "explicitness_test": told_new,
        }

    def remarks(self, population: Population) -> list[str]:
        """Return what bins of equal width make of codes with outliers."""
        return mutual_information.remarks(population.codes, population.kinds, self.bins)


def modularity(information: np.ndarray) -> np.ndarray:
    """Return the modularity (D,) of codes with mutual information m (D, K): 1 if it is of one factor alone.

    1 - sum_{k != k*} m_k^2 / (m_k*^2 (K - 1)), with k* the factor of the largest m; 0 if that is 0, nan if K = 1.

    Source: Ridgeway and Mozer 2018, Eq. 2 and 3; 0 as disentanglement_lib has it. Deviation: none.
    """
    kinds = information.shape[1]
    if kinds < 2:
        return np.full(len(information), np.nan)
    square = information**2
    best = square.max(axis=1)
    rest = (square.sum(axis=1) - best) / (np.where(best > 0, best, 1) * (kinds - 1))
    return np.where(best > 0, 1 - rest, 0)


def explicitness(
    train: tuple[np.ndarray, np.ndarray],
    test: tuple[np.ndarray, np.ndarray],
    C: float,  # noqa: N803
) -> tuple[float, float]:
    """Return the mean over factors of the areas of logistic regressions, on ``train`` and on ``test``.

    Both are codes (N, D), standardised by the training rows, and factors (N, K). The area of a factor is the mean over
    its values of the area under the ROC curve of that value against the others, by its probability.

    Source: Ridgeway and Mozer 2018, section 3; Locatello et al. 2019. Deviation: multinomial logistic regression at its
    optimum (see ``logistic_regression``); a constant code is left at 0; factors of one value are left out, and values
    that do not occur on both sides.
    """
    codes, new = standardised(train[0], test[0])
    areas = []
    for labels, new_labels in zip(train[1].T, test[1].T, strict=True):
        fitted = logistic_regression.fit(codes, labels, C)
        areas.append([area(fitted, codes, labels), area(fitted, new, new_labels)])
    told, told_new = np.transpose(areas)
    return _mean(told), _mean(told_new)


def area(classifier: logistic_regression.Classifier, codes: np.ndarray, labels: np.ndarray) -> float:
    """Return the mean over classes of P(p > p') + P(p = p') / 2, with p and p' of a row of the class and of another."""
    found = []
    for p, value in zip(classifier.probabilities(codes).T, classifier.classes, strict=True):
        own, others = p[labels == value], np.sort(p[labels != value])
        if len(own) and len(others):
            below = np.searchsorted(others, own, "left") + np.searchsorted(others, own, "right")
            found.append(below.mean() / (2 * len(others)))
    return _mean(np.array(found))


def _mean(values: np.ndarray) -> float:
    """Return the mean of what is defined, nan if nothing is."""
    defined = values[~np.isnan(values)]
    return float(defined.mean()) if len(defined) else float("nan")
