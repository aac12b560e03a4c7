"""Means and intervals over seeds."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats


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
    x = np.asarray([value for value in values if value is not None and math.isfinite(value)], dtype=float)
    if len(x) < 2:
        return Estimate(float(x[0]) if len(x) else math.nan, math.nan, len(x))
    t = stats.t.ppf((1 + confidence) / 2, len(x) - 1)
    return Estimate(float(x.mean()), float(t * x.std(ddof=1) / math.sqrt(len(x))), len(x))
