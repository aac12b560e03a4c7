"""How a number of a model changes with the strength of its regularizer, seed by seed: Locatello 2019, section 5.2."""

import math
from dataclasses import replace

import numpy as np
import pandas as pd

from disentangle.reporting.statistics import Interval, mean_interval
from disentangle.studies.locatello.analysis.results import by_dataset

LEAST, EXACT = 3, 6
"""Strengths below which there is no trend; seeds from which sign flips tell whether one agrees by chance."""


def trends(models: pd.DataFrame, method: str, score: str) -> list[float]:
    """Return, a number a seed, Spearman's correlation of strength and score over a method's models, mean of datasets.

    A seed of a dataset with fewer than three strengths, or a constant score, has none.
    """
    own = models[models["method"] == method]
    found: dict[int, list[float]] = {}
    for rows in by_dataset(own).values():
        for seed, line in rows.dropna(subset=[score]).groupby("seed"):
            if len(line) >= LEAST and np.ptp(line[score]) > 0:
                value = float(line["strength"].corr(line[score], method="spearman"))
                found.setdefault(int(str(seed)), []).append(value)
    return [sum(values) / len(values) for values in found.values()]


def trend(models: pd.DataFrame, method: str, score: str, confidence: float = 0.95) -> Interval:
    """Return the mean over seeds of ``trends`` with its interval, NaN where there is none.

    Few seeds that agree exactly, as on so coarse a number they may by chance, have no interval.
    """
    found = mean_interval(trends(models, method, score), confidence)
    if found.low == found.high and found.n < EXACT:
        return replace(found, low=math.nan, high=math.nan)
    return replace(found, low=max(-1.0, found.low), high=min(1.0, found.high))


def curve(models: pd.DataFrame, method: str, score: str) -> pd.DataFrame:
    """Return median, quartiles and n of a score over seeds, by strength."""
    own = models[models["method"] == method].dropna(subset=[score])
    rows = [
        (lam, strength, *np.quantile(values, [0.25, 0.5, 0.75]), len(values))
        for (lam, strength), values in own.groupby(["lam", "strength"])[score]
    ]
    return pd.DataFrame(rows, columns=["lam", "strength", "low", "median", "high", "seeds"])
