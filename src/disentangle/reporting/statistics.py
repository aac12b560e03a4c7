"""Means, intervals and tests over seeds. All intervals are of 95 % and two-sided unless told otherwise."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np
from scipy import special

EXACT_UP_TO = 14
"""Most values whose 2^n subsets are all gone through."""
Bounds = tuple[float, float]
"""The ends between which every value of a quantity lies; infinite where there is none."""
SHARE, PERCENT, CORRELATION, POSITIVE = (0.0, 1.0), (0.0, 100.0), (-1.0, 1.0), (0.0, math.inf)


@dataclass(frozen=True)
class Estimate:
    """A mean over n seeds and the half width of its confidence interval (NaN for n < 2)."""

    mean: float
    half_width: float
    n: int

    def verdict(self, published: float) -> str:
        """Say how a single published run compares: ``=`` it could be one of ours, ``▲`` ours is above it, ``▼`` below.

        It could be one of ours if it lies in the prediction interval for one more run, mean ± t s sqrt(1 + 1/n), which
        is sqrt(n + 1) times as wide as the confidence interval of the mean. Without an interval there is no verdict.
        """
        if math.isnan(self.mean) or math.isnan(self.half_width):
            return ""
        if abs(self.mean - published) <= self.half_width * math.sqrt(self.n + 1):
            return "="
        return "▲" if self.mean > published else "▼"

    def __str__(self) -> str:
        if self.n == 0:
            return "–"
        return f"{self.mean:.1f}" if math.isnan(self.half_width) else f"{self.mean:.1f} ± {self.half_width:.1f}"


def estimate(values: Sequence[float], confidence: float = 0.95) -> Estimate:
    """Return the mean of finite values with Student's interval: t(confidence, n - 1) s / sqrt(n)."""
    x = _finite(values)
    if len(x) < 2:
        return Estimate(float(x[0]) if len(x) else math.nan, math.nan, len(x))
    t = special.stdtrit(len(x) - 1, (1 + confidence) / 2)
    return Estimate(float(x.mean()), float(t * x.std(ddof=1) / math.sqrt(len(x))), len(x))


@dataclass(frozen=True)
class Interval:
    """A value with its confidence interval (NaN where n is too small for one), its n, and the test behind it."""

    value: float
    low: float
    high: float
    n: int
    test: str

    def cut(self, bounds: Bounds) -> "Interval":
        """Return the part of the interval in which the value can lie: what is cut off could not hold it."""
        return replace(self, low=max(self.low, bounds[0]), high=min(self.high, bounds[1]))  # NaN stays, as it is first


def _finite(values: Sequence[float]) -> np.ndarray:
    return np.asarray([value for value in values if value is not None and math.isfinite(value)], dtype=float)


def _students(found: Estimate) -> Interval:
    """Return Student's interval of a mean."""
    low, high = found.mean - found.half_width, found.mean + found.half_width
    return Interval(found.mean, low, high, found.n, "Student's t")


def mean_interval(values: Sequence[float], confidence: float = 0.95) -> Interval:
    """Return the mean of finite values, such as differences paired by seed, with the best interval that n allows.

    Exact where 2^n subsets suffice for the confidence (from n = 6 at 95 %), else Student's.
    """
    x = _finite(values)
    if 2.0 ** (1 - len(x)) > 1 - confidence or len(x) > EXACT_UP_TO:
        return _students(estimate(x.tolist(), confidence))
    low, high = typical_values(x, confidence)
    return Interval(float(x.mean()), low, high, len(x), "exact sign flips")


def mean_within(values: Sequence[float], bounds: Bounds, confidence: float = 0.95) -> Interval:
    """Return the mean m of finite values of [a, b], such as accuracies, with an interval that lies in [a, b] too.

    It is Student's of the logit g, turned back (delta method); s is their standard deviation, t Student's quantile:

        g(x) = log (x - a) / (b - x),    g(m) -+ t(confidence, n - 1) g'(m) s / sqrt(n),    g' = 1/(m - a) + 1/(b - m).

    An infinite end takes no part: of [0, inf) g is the logarithm; without ends the interval is Student's. Of [-1, 1] g
    is twice Fisher's z. A value beyond an end, as of rounding, moves the end there. Of three draws of a beta
    distribution of mean 0.9 it holds the mean in 95 % of cases, Student's interval cut to [0, 1] in 90 %.

    Source: Agresti 2013, Categorical Data Analysis, sections 3.1 and 16.1, with Student's quantile, as R's
    ``survey::svyciprop`` has it. Deviation: none.
    """
    found, x = estimate(values, confidence), _finite(values).tolist()
    least, most = min([bounds[0], *x]), max([bounds[1], *x])
    if not found.half_width > 0 or found.mean in (least, most) or (math.isinf(least) and math.isinf(most)):
        return _students(found)
    half = min(found.half_width * (1 / (found.mean - least) + 1 / (most - found.mean)), 700.0)  # has an exponential
    low, high = (_turned_back(step, found.mean, least, most) for step in (-half, half))
    return Interval(found.mean, low, high, found.n, "Student's t of logits")


def _turned_back(step: float, mean: float, least: float, most: float) -> float:
    """Return x with g(x) = g(mean) + step of ``mean_within``."""
    if math.isinf(most):
        return least + (mean - least) * math.exp(step)
    if math.isinf(least):
        return most - (most - mean) * math.exp(-step)
    logit = math.log((mean - least) / (most - mean))
    return least + (most - least) * float(special.expit(logit + step))


def typical_values(x: np.ndarray, confidence: float = 0.95) -> tuple[float, float]:
    """Return the exact interval for the centre of symmetric, independent differences x (n,): inverted sign flips.

    The 2^n - 1 means of subsets of x cut the line into 2^n parts, each of which holds the centre with probability
    2^-n. The interval leaves out the floor((1 - confidence) 2^(n - 1)) outermost parts on either side.

    Source: Hartigan 1969 (J. Am. Stat. Assoc. 64, 1303), theorem on typical values. Deviation: none.
    Raises ValueError when n is too small for the confidence: with six values it is their range, at 96.9 %.
    """
    outermost = math.floor((1 - confidence) * 2 ** (len(x) - 1) + 1e-9)
    if outermost < 1:
        raise ValueError(f"{len(x)} values allow no exact interval at confidence {confidence}")
    means = sorted(
        float(np.mean(x[list(subset)])) for size in range(1, len(x) + 1) for subset in combinations(range(len(x)), size)
    )
    return means[outermost - 1], means[-outermost]


def two_sample_interval(a: Sequence[float], b: Sequence[float], confidence: float = 0.95) -> Interval:
    """Return the mean of a less that of b, which are not paired, with Welch's interval."""
    x, y = _finite(a), _finite(b)
    n = min(len(x), len(y))
    if n < 2:
        value = float(x.mean() - y.mean()) if n else math.nan
        return Interval(value, math.nan, math.nan, n, "Welch's t")
    vx, vy = x.var(ddof=1) / len(x), y.var(ddof=1) / len(y)
    value, freedom = float(x.mean() - y.mean()), len(x) + len(y) - 2.0
    if vx + vy > 0:
        freedom = (vx + vy) ** 2 / (vx**2 / (len(x) - 1) + vy**2 / (len(y) - 1))
    half = float(special.stdtrit(freedom, (1 + confidence) / 2) * math.sqrt(vx + vy))
    return Interval(value, value - half, value + half, n, "Welch's t")


def proportion_interval(successes: int, n: int, confidence: float = 0.95) -> Interval:
    """Return successes / n in percent with the exact binomial interval of Clopper and Pearson."""
    if n == 0:
        return Interval(math.nan, math.nan, math.nan, 0, "exact binomial")
    tail, failures = (1 - confidence) / 2, n - successes
    low = special.betaincinv(successes, failures + 1, tail) if successes else 0.0
    high = special.betaincinv(successes + 1, failures, 1 - tail) if failures else 1.0
    return Interval(100 * successes / n, 100 * float(low), 100 * float(high), n, "exact binomial")


def discordant_interval(first: int, discordant: int, pairs: int, confidence: float = 0.95) -> Interval:
    """Return in percent how many discordant pairs are of the first kind, with its exact binomial interval.

    Source: McNemar's test in its exact form. Deviation: none; n counts all pairs, concordant ones tell nothing.
    """
    found = proportion_interval(first, discordant, confidence)
    return Interval(found.value, found.low, found.high, pairs, "exact McNemar")


def odds_ratio_interval(first: tuple[int, int], second: tuple[int, int], confidence: float = 0.95) -> Interval:
    """Return the conditional odds ratio of two counts (successes, n) with the interval of Fisher's exact test."""
    (a, n), (b, m) = first, second
    smallest = min(n, m)
    if smallest == 0 or a + b in (0, n + m):
        return Interval(math.nan, math.nan, math.nan, smallest, "Fisher's exact")
    from scipy.stats import contingency  # which takes half a second, as long as a report

    found = contingency.odds_ratio([[a, n - a], [b, m - b]])
    bounds = found.confidence_interval(confidence)
    return Interval(float(found.statistic), float(bounds.low), float(bounds.high), smallest, "Fisher's exact")


def paired_variance_ratio(a: Sequence[float], b: Sequence[float], confidence: float = 0.95) -> Interval:
    """Return var(a) / var(b) of values paired by run, with the interval of Pitman and Morgan.

    With F the ratio, r the correlation and t Student's quantile at n - 2 degrees of freedom:
    K = 1 + 2 (1 - r^2) t^2 / (n - 2), bounds F (K -+ sqrt(K^2 - 1)). Exact for normal values.

    Source: Morgan 1939 (Biometrika 31, 13). Deviation: none.
    """
    pairs = [(x, y) for x, y in zip(a, b, strict=True) if math.isfinite(x) and math.isfinite(y)]
    n = len(pairs)
    x, y = np.array(pairs, dtype=float).reshape(-1, 2).T
    if n < 3 or x.std() == 0 or y.std() == 0:
        return Interval(math.nan, math.nan, math.nan, n, "Pitman-Morgan")
    ratio, r = float(x.var() / y.var()), float(np.corrcoef(x, y)[0, 1])
    t = special.stdtrit(n - 2, (1 + confidence) / 2)
    k = 1 + 2 * (1 - r**2) * t**2 / (n - 2)
    root = math.sqrt(max(k**2 - 1, 0.0))
    return Interval(ratio, ratio * (k - root), ratio * (k + root), n, "Pitman-Morgan")


def variance_ratio(a: Sequence[float], b: Sequence[float], confidence: float = 0.95) -> Interval:
    """Return var(a) / var(b) of independent values with the F interval, exact for normal values."""
    x, y = _finite(a), _finite(b)
    n = min(len(x), len(y))
    if n < 2 or x.std() == 0 or y.std() == 0:
        return Interval(math.nan, math.nan, math.nan, n, "F")
    ratio = float(x.var(ddof=1) / y.var(ddof=1))
    upper, lower = (special.fdtri(len(x) - 1, len(y) - 1, p) for p in ((1 + confidence) / 2, (1 - confidence) / 2))
    return Interval(ratio, ratio / float(upper), ratio / float(lower), n, "F")
