"""Rank correlations between scores over the models of a dataset: Locatello 2019, Figs. 2, 5 and its model selection."""

import math
from collections.abc import Sequence

import numpy as np
import pandas as pd

from disentangle.studies.locatello.analysis.results import SCORES, by_dataset
from disentangle.studies.locatello.analysis.seeds import Statistic, average, weights

LEAST = 3
"""Models below which no correlation is told."""
Pair = tuple[str, str]


def ranks(values: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Return the midranks (B, n) of values (n,) of which each occurs as often as ``counts`` (B, n) says.

    The rank of a value is the number of smaller ones plus half of one more than that of equal ones.
    """
    order = np.argsort(values, kind="stable")
    starts = np.flatnonzero(np.concatenate([[True], np.diff(values[order]) != 0]))
    equal = np.add.reduceat(counts[:, order], starts, axis=1)
    of_group = np.cumsum(equal, axis=1) - equal + (equal + 1) / 2
    group = np.empty(len(values), dtype=int)
    group[order] = np.repeat(np.arange(len(starts)), np.diff([*starts, len(values)]))
    found: np.ndarray = of_group[:, group]
    return found


def correlation(x: np.ndarray, y: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Return Pearson's correlation (B,) of x and y, (B, n) each, weighted by ``counts``; NaN where one is constant."""
    total = np.maximum(counts.sum(axis=1, keepdims=True), 1)
    x, y = (values - (counts * values).sum(axis=1, keepdims=True) / total for values in (x, y))
    cross, of_x, of_y = ((counts * a * b).sum(axis=1) for a, b in ((x, y), (x, x), (y, y)))
    scale = np.sqrt(of_x * of_y)
    found: np.ndarray = np.divide(cross, scale, out=np.full(len(cross), math.nan), where=scale > 1e-9)
    return found


def rank_correlations(models: pd.DataFrame, pairs: Sequence[Pair]) -> dict[Pair, Statistic]:
    """Return Spearman's correlation of each pair of columns over the models that have both, with its resamples."""
    counts = weights(models["seed"].to_numpy())
    ranked: dict[tuple[str, bytes], np.ndarray] = {}
    found = {}
    for pair in pairs:
        columns = models[list(pair)].to_numpy(dtype=float)
        known = np.isfinite(columns).all(axis=1)
        seeds = models.loc[known, "seed"].nunique()
        if known.sum() < LEAST:
            found[pair] = Statistic(np.full(len(counts), math.nan), seeds, (-1, 1))
            continue
        for name, values in zip(pair, columns[known].T, strict=True):
            if (name, known.tobytes()) not in ranked:
                ranked[name, known.tobytes()] = ranks(values, counts[:, known])
        x, y = (ranked[name, known.tobytes()] for name in pair)
        found[pair] = Statistic(correlation(x, y, counts[:, known]), seeds, (-1, 1))
    return found


def correlate(models: pd.DataFrame, first: Sequence[str], second: Sequence[str]) -> pd.DataFrame:
    """Return Spearman's correlation of each of ``first`` with each of ``second``, a row a dataset and pair."""
    rows = []
    for dataset, own in by_dataset(models).items():
        pairs = [(a, b) for a in first for b in second]
        for (a, b), statistic in rank_correlations(own, pairs).items():
            found = statistic.interval()
            known = int(own[[a, b]].notna().all(axis=1).sum())
            rows.append((dataset, a, b, found.value, found.low, found.high, known, statistic.seeds))
    return pd.DataFrame(rows, columns=["dataset", "first", "second", "value", "low", "high", "models", "seeds"])


def pairs_of(scores: Sequence[str]) -> list[Pair]:
    """Return every pair of scores once."""
    return [(a, b) for place, a in enumerate(scores) for b in scores[place + 1 :]]


def agreement(models: pd.DataFrame) -> dict[str, Statistic]:
    """Return, of one dataset, the mean rank correlation of the pairs without Modularity, and of those with it.

    A pair that cannot be told, of a constant score, say, is left out; NaN, of no seeds, where a score of some pair was
    not measured at all, as the mean would be of other pairs than its name says.
    """
    found = rank_correlations(models, pairs_of([*SCORES]))
    absent = {score for score in SCORES if models[score].isna().all()}

    def mean(pairs: list[Pair]) -> Statistic:
        if any(score in absent for pair in pairs for score in pair):
            return Statistic(np.full(1, math.nan), 0, (-1, 1))
        return average([found[pair] for pair in pairs], (-1, 1))

    return {
        "without Modularity": mean([pair for pair in found if "Modularity" not in pair]),
        "with Modularity": mean([pair for pair in found if "Modularity" in pair]),
    }
