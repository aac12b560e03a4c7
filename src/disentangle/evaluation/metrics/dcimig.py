"""DCIMIG: whether each factor has a code of its own that tells of it alone, and tells all of it.

The best gap of a code that is a factor's own, summed over factors, as a share of their entropies.

Source: Sepliarskaia et al. 2019 (arXiv 1910.05587), where it is called 3CharM; Zaidi et al. 2020 (arXiv 2012.09276),
who call it DCIMIG, and their released code.
"""

from dataclasses import dataclass
from typing import Annotated

import numpy as np

from disentangle.evaluation import mutual_information
from disentangle.evaluation.population import Population

SCORES = ("dcimig",)
CONTINUOUS = True


@dataclass(frozen=True)
class Metric:
    """``dcimig`` in [0, 1] of ``points`` rows, with each code cut into ``bins`` of equal width.

    It is near 0 for codes of noise. Deviation: 20 bins, as of `mig`, where the released code has 10, and cuts
    continuous factors into them too.

    >>> from disentangle.metrics import dcimig
    >>> dcimig([[0, 0], [0, 1], [1, 1], [1, 2]] * 300, [[0, 0], [0, 1], [1, 0], [1, 1]] * 300)
    {'dcimig': 0.5}
    """

    points: Annotated[int, ">= 2, <= 1e7"] = 10000
    bins: Annotated[int, ">= 2, <= 10000"] = 20

    def scores(self, population: Population, rng: np.random.Generator) -> dict[str, float]:
        """Return the score of freshly drawn rows; nan where there is no second factor."""
        codes, factors = population.whole().draw(self.points, rng)
        most = mutual_information.normalisers(factors, population.kinds)
        information = mutual_information.information(codes, factors, population.kinds, self.bins)
        return {"dcimig": gaps(information[:, most > 0], most[most > 0])}

    def remarks(self, population: Population) -> list[str]:
        """Return what bins of equal width make of codes with outliers."""
        return mutual_information.remarks(population.codes, population.kinds, self.bins)


def gaps(information: np.ndarray, most: np.ndarray) -> float:
    """Return sum_k max_{d of k} (I_d(1) - I_d(2)) / sum_k H_k, for I (D, K) and ``most`` H (K,) that can be told.

    I_d(i) is the i-th largest information of code d, which is k's where that of k is the largest; a factor that no code
    is of adds 0. nan for one factor.

    Source: Sepliarskaia et al. 2019; Zaidi et al. 2020, released code. Deviation: none.
    """
    if len(most) < 2:
        return float("nan")
    ranked = np.sort(information, axis=1)
    told = np.zeros(len(most))
    np.maximum.at(told, information.argmax(axis=1), ranked[:, -1] - ranked[:, -2])
    return float(told.sum() / most.sum())
