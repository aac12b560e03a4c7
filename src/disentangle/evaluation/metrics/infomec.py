"""InfoMEC: whether each code tells one factor, plain models tell factors from codes, and one code tells a factor.

Modularity, explicitness and compactness as shares of information, of codes that are numbers.

Source: Hsu et al. 2023 (arXiv 2305.18378), their section on InfoMEC, and the released code.
"""

from dataclasses import dataclass
from typing import Annotated

import numpy as np

from disentangle.evaluation import mutual_information
from disentangle.evaluation.classifiers.cross_entropy import cross_entropy
from disentangle.evaluation.neighbour_information import ksg, ross, self_information
from disentangle.evaluation.population import Population
from disentangle.evaluation.standardisation import standardised

SCORES = ("modularity", "explicitness", "compactness")
CONTINUOUS = True

ACTIVE = 1 / 20
"""The range of a code that counts, as a share of the largest."""

RECURRING = 0.1
"""The share of rows of one value from which a remark is made."""

CHANGES = {"scale": ("modularity", "compactness"), "duplicate": ("explicitness", "compactness")}
"""A code is active by its range against the largest; a copy has a weight of its own, and is a code of a factor more."""


@dataclass(frozen=True)
class Metric:
    """``modularity`` InfoM, ``explicitness`` InfoE and ``compactness`` InfoC in [0, 1], of the same ``points`` rows.

    InfoM and InfoC are of ratios, which of codes of noise are of bias alone: 10 of them have .67 and .3 to .5 of the
    factors of dSprites. InfoE of D codes of noise and N rows is (V - 1) D / (2 N H) for a factor of V values and
    entropy H, and D / N for a continuous one.

    Deviation: codes are numbers. Of quantised ones, an option there, information is nearly that of counts, as there, if
    values recur more often than ``neighbours``; plain models are given numbers too, not vectors of 0 and 1.

    >>> from disentangle.metrics import infomec
    >>> infomec([[0, 0], [0, 1], [1, 1], [1, 2]] * 300, [[0, 0], [0, 1], [1, 0], [1, 1]] * 300)
    {'modularity': 0.47..., 'explicitness': 0.99..., 'compactness': 0.60...}
    """

    points: Annotated[int, ">= 2, <= 1e7"] = 10000
    neighbours: Annotated[int, ">= 1, <= 100"] = 10
    steps: Annotated[int, ">= 1, <= 1e6"] = 100

    def scores(self, population: Population, rng: np.random.Generator) -> dict[str, float]:
        """Return the three scores of freshly drawn rows; InfoM is nan for one factor, InfoC for one active code."""
        codes, factors = population.whole().draw(self.points, rng, once=True)
        varies = np.ptp(factors, axis=0) > 0
        factors, kinds = factors[:, varies], population.kinds[varies]
        shares = normalised_information(codes[:, active(codes)], factors, kinds, self.neighbours)
        found = ratio(shares), explicitness(codes, factors, kinds, self.steps), ratio(shares.T)
        return dict(zip(SCORES, found, strict=True))

    def remarks(self, population: Population) -> list[str]:
        """Return how many codes do not count, if any, and which are of values that recur."""
        counts = active(population.codes)
        idle, dim = int((~counts).sum()), len(counts)
        found = [f"{idle} of {dim} codes have too small a range to count."] if idle else []
        if again := [str(d) for d in np.flatnonzero(counts) if recurring(population.codes[:, d]) > RECURRING]:
            named = ", ".join(again[:5]) + " and others" * (len(again) > 5)
            found.append(
                f"Modularity and compactness rest on the noise that parts equal numbers, as of code {named}: another "
                "draw of it may change them by some hundredths."
            )
        return found


def recurring(code: np.ndarray) -> float:
    """Return the share of the rows (N,) of a code that have its most frequent value."""
    return float(np.unique(code, return_counts=True)[1].max() / len(code))


def active(codes: np.ndarray) -> np.ndarray:
    """Return which codes (D,) of (N, D) have more than a twentieth of the largest range.

    Source: released code of Hsu et al. 2023. Deviation: none.
    """
    reach = np.ptp(codes, axis=0)
    found: np.ndarray = reach > ACTIVE * reach.max()
    return found


def normalised_information(codes: np.ndarray, factors: np.ndarray, kinds: np.ndarray, neighbours: int) -> np.ndarray:
    """Return I(z_d; f_k) / H(f_k), (D, K), of codes (N, D) and factors (N, K), continuous where ``kinds`` (K,) is true.

    Source: Hsu et al. 2023, released code; Ross 2014 for discrete factors, Kraskov et al. 2004 for continuous ones.
    Deviation: H of a continuous factor is what the estimate finds of it and itself.
    """
    found = np.empty((codes.shape[1], len(kinds)))
    for k, (factor, continuous) in enumerate(zip(factors.T, kinds, strict=True)):
        estimate = ksg if continuous else ross
        entropy = self_information(factor, neighbours) if continuous else mutual_information.entropies(factor[:, None])
        found[:, k] = [estimate(code, factor, neighbours) for code in codes.T]
        found[:, k] /= entropy
    return found


def ratio(shares: np.ndarray) -> float:
    """Return InfoM of normalised information S (D, K) of active codes, and InfoC of its transpose.

    (mean_d max_k S_dk / sum_k S_dk - 1 / K) / (1 - 1 / K): 1 if each code is of one factor alone, 0 if it is of all
    alike.

    Source: Hsu et al. 2023, InfoM and InfoC. Deviation: codes with no information are left out; there they divide by 0.
    """
    kinds = shares.shape[1]
    told = shares[shares.sum(axis=1) > 0]
    if kinds < 2 or not len(told):
        return float("nan")
    return float(((told.max(axis=1) / told.sum(axis=1)).mean() - 1 / kinds) / (1 - 1 / kinds))


def explicitness(codes: np.ndarray, factors: np.ndarray, kinds: np.ndarray, steps: int) -> float:
    """Return InfoE, the mean over factors of 1 - H(f_k | z) / H(f_k), for codes (N, D) and factors (N, K).

    H is the least loss of a plain model that is given the codes, or nothing: the cross-entropy of a logistic
    regression, or, where ``kinds`` (K,) is true, the squared error of a linear one, for which this is R^2.

    Source: Hsu et al. 2023, InfoE, and the released code. Deviation: there logistic regressions weigh classes as if all
    were as frequent, but their losses do not.
    """
    (z,) = standardised(codes)
    x = np.column_stack([z, np.ones(len(z))])
    shares = []
    for factor, continuous in zip(factors.T, kinds, strict=True):
        if continuous:
            (f,) = standardised(factor[:, None])
            error = float(((f - x @ np.linalg.lstsq(x, f)[0]) ** 2).mean())
            shares.append(1 - min(error, 1))  # rounding may leave more than f has
        else:
            (entropy,) = mutual_information.entropies(factor[:, None])
            loss = cross_entropy(x, np.unique(factor, return_inverse=True)[1], steps)
            shares.append(1 - min(loss / entropy, 1))  # it may end before the loss of the best biases alone
    return float(np.mean(shares)) if shares else float("nan")
