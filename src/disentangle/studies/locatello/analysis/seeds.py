"""Uncertainty over training seeds: statistics of many models, recomputed on resampled seeds.

A seed is resampled with all models that have it, as they share initialisation and images; settings stay as they are.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import special

from disentangle import streams
from disentangle.reporting.statistics import Interval

RESAMPLES = 500
BOOTSTRAP, JACKKNIFE = "bootstrap over seeds", "jackknife over seeds"
Limits = tuple[float, float]
ANY: Limits = (-math.inf, math.inf)


def weights(seeds: np.ndarray, resamples: int = RESAMPLES) -> np.ndarray:
    """Return how often each model counts, (1 + resamples, n): once each, then by resampled seeds; ``seeds`` is (n,).

    One draw is S seeds with replacement of the S that there are, the same for every table of the same seeds.
    """
    distinct, place = np.unique(seeds, return_inverse=True)
    count = max(1, len(distinct))
    rng = streams.rng(0, "bootstrap over seeds", count)
    drawn = rng.multinomial(count, np.full(count, 1 / count), size=resamples)
    return np.vstack([np.ones((1, count)), drawn])[:, place]


def left_out(seeds: np.ndarray) -> np.ndarray:
    """Return how often each model counts, (1 + S, n): once each, then without the models of one seed after another."""
    distinct, place = np.unique(seeds, return_inverse=True)
    return np.vstack([np.ones((1, len(distinct))), 1 - np.eye(len(distinct))])[:, place]


@dataclass(frozen=True)
class Statistic:
    """A number and what it is on other seeds: ``draws`` (1 + m,), of which the first is the number.

    The others are of ``weights``, a bootstrap, or of ``left_out``, a jackknife.
    """

    draws: np.ndarray
    seeds: int
    limits: Limits = ANY
    test: str = BOOTSTRAP

    @property
    def value(self) -> float:
        """The number on the models as they are."""
        return float(self.draws[0])

    def interval(self, confidence: float = 0.95) -> Interval:
        """Return the number with its interval over S seeds: value ± t(confidence, S − 1) f s, NaN for S < 2.

        s is the standard deviation of the draws, f = sqrt(S / (S − 1)) of a bootstrap and sqrt(S − 1) of a jackknife.
        For a mean either is Student's interval; a percentile interval of S seeds would at best be their range, which
        for S < 6 holds less than 95 %.

        Source: Efron and Tibshirani 1993, chapters 11 and 13; f: Hesterberg 2015 (Am. Stat. 69, 371), section 3.2.
        Deviation: f stretches a standard interval, not the percentiles.
        """
        n = self.seeds if math.isfinite(self.value) else 0
        drawn = self.draws[1:]
        drawn = drawn[np.isfinite(drawn)]
        # Resamples without a value are few, or there is no interval; every seed must be left out once.
        enough = (len(self.draws) - 1) * (1 if self.test == JACKKNIFE else 0.5)
        if n < 2 or len(drawn) < enough:
            return Interval(self.value, math.nan, math.nan, n, self.test)
        t = float(special.stdtrit(n - 1, (1 + confidence) / 2))
        half = t * math.sqrt(n - 1 if self.test == JACKKNIFE else n / (n - 1)) * float(drawn.std())
        least, most = self.limits
        return Interval(self.value, max(least, self.value - half), min(most, self.value + half), n, self.test)


def combined(
    function: Callable[[np.ndarray], np.ndarray], statistics: Sequence[Statistic], limits: Limits = ANY
) -> Statistic:
    """Return a function of several statistics of one kind, which maps (k, 1 + m) to (1 + m,); k = 0 gives NaN.

    Jackknives of different numbers of seeds have no draws in common, and together no interval.
    """
    known = [found for found in statistics if math.isfinite(found.value)]
    if not known:
        return Statistic(np.full(1, math.nan), 0, limits)
    least = min(found.seeds for found in known)
    alike = len({len(found.draws) for found in known}) == 1
    draws = function(np.stack([found.draws[: None if alike else 1] for found in known]))
    return Statistic(draws, least if alike else 1, limits, known[0].test)


def average(statistics: Sequence[Statistic], limits: Limits = ANY) -> Statistic:
    """Return the mean of the statistics that have a value."""
    return combined(lambda draws: draws.mean(axis=0), statistics, limits)


def difference(first: Statistic, second: Statistic) -> Statistic:
    """Return one statistic less another of its kind, without a value where either has none."""
    if math.isnan(first.value) or math.isnan(second.value):
        return Statistic(np.full(1, math.nan), 0, test=first.test)
    return combined(lambda draws: draws[0] - draws[1], [first, second])
