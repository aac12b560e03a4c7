"""What each code tells of each factor, as two matrices: those that MIG and DCI are scores of, of the same draws."""

import numpy as np

from disentangle.evaluation import mutual_information, scores
from disentangle.evaluation.classifiers import boosting
from disentangle.evaluation.metrics import dci, mig
from disentangle.evaluation.population import Population
from disentangle.streams import rng


def information_shares(population: Population, metric: mig.Metric) -> np.ndarray:
    """Return I(code d; factor k) / H(factor k), (D, K) in [0, 1], of the rows and bins of MIG as it is measured.

    So MIG is the mean over factors of what the best code of a factor has before the second. Factors are those that
    vary. Source: Chen et al. 2018, Eq. 6.
    """
    given = scores.handed(metric, population)
    codes, factors = given.whole().draw(metric.points, rng(0, "measure", "mig"))
    information = mutual_information.information(codes, factors, given.kinds, metric.bins)
    found: np.ndarray = information / mutual_information.normalisers(factors, given.kinds)
    return found


def importance_shares(population: Population, metric: dci.Metric) -> np.ndarray:
    """Return the importance of code d for factor k, (D, K) in [0, 1], each column of sum 1, of DCI as it is measured.

    The importances are those of boosted trees that tell factor k, which are shares already; a column is 0 where codes
    are constant. Factors are those that vary. Source: Eastwood & Williams 2018, section 3.
    """
    given = scores.handed(metric, population)
    random = rng(0, "measure", "dci")
    codes, factors = given.split(random)[0].draw(metric.train_points, random)
    fitted = (
        (boosting.fit_numbers if continuous else boosting.fit)(codes, factor)
        for continuous, factor in zip(given.kinds, factors.T, strict=True)
    )
    return np.stack([trees.importances for trees in fitted], axis=1)


def order(shares: np.ndarray, least: float = 0.05) -> np.ndarray:
    """Return the codes (D,) of shares (D, K) by the factor that each tells most of, and by how much.

    Codes that tell less than ``least`` of every factor come last, by how much.
    """
    most, factor = shares.max(axis=1), shares.argmax(axis=1)
    return np.lexsort((-most, np.where(most < least, shares.shape[1], factor)))
