"""Curves of scores over strengths and who wins: Locatello 2019, section 5.5, "recipes for model selection"."""

import math
from collections.abc import Sequence

import numpy as np
import pandas as pd

from disentangle.reporting.statistics import SHARE, mean_within
from disentangle.studies.locatello.analysis.results import SCORES, by_dataset
from disentangle.studies.locatello.analysis.seeds import RESAMPLES, Statistic, weights

SETTING = ["dataset", "method", "lam", "strength"]


def curves(models: pd.DataFrame, scores: Sequence[str]) -> pd.DataFrame:
    """Return the mean of each score over the seeds of each setting, with its interval and n."""
    rows = []
    for setting, own in models.groupby(SETTING, sort=False):
        for score in scores:
            found = mean_within(own[score].to_list(), SHARE)
            rows.append((*setting, score, found.value, found.low, found.high, found.n, len(own)))
    return pd.DataFrame(rows, columns=[*SETTING, "score", "value", "low", "high", "seeds", "cells"])


def winners(models: pd.DataFrame) -> pd.DataFrame:
    """Return the setting with the highest mean over seeds, and the best of other methods, a row a dataset and score."""
    rows = []
    table = curves(models, [*SCORES]).dropna(subset=["value"])
    for (dataset, score), own in table.groupby(["dataset", "score"], sort=False):
        ranked = own.sort_values("value", ascending=False, kind="stable").drop_duplicates("method")
        first = ranked.iloc[0]
        second = ranked.iloc[1] if len(ranked) > 1 else None
        rows.append(
            {
                "dataset": dataset,
                "score": score,
                "method": first["method"],
                "lam": first["lam"],
                "value": first["value"],
                "low": first["low"],
                "high": first["high"],
                "next_method": "" if second is None else second["method"],
                "next_value": math.nan if second is None else second["value"],
                "seeds": first["seeds"],
            }
        )
    return pd.DataFrame(rows)


def most_wins(models: pd.DataFrame) -> Statistic:
    """Return the largest share, in percent, of (dataset, score) pairs that one method wins with its best setting.

    A method's best setting has the highest mean over seeds. A share of 100 is a method that is always the best.
    """
    wins: list[np.ndarray] = []
    methods = sorted(set(models["method"]))
    least = math.inf
    for own in by_dataset(models).values():
        counts = weights(own["seed"].to_numpy())
        setting = own.groupby(["method", "lam"]).ngroup().to_numpy()
        firsts = [int(np.flatnonzero(setting == number)[0]) for number in range(setting.max() + 1)]
        of_method = np.array([methods.index(method) for method in own["method"].to_numpy()[firsts]])
        member = np.eye(len(firsts))[setting]
        for score in SCORES:
            values = own[score].to_numpy(dtype=float)
            known = np.isfinite(values)
            if not known.any() or len(methods) < 2:
                continue
            least = min(least, own.loc[known, "seed"].nunique())
            size = counts[:, known] @ member[known]
            total = (counts[:, known] * values[known]) @ member[known]
            means = np.divide(total, size, out=np.full(size.shape, -math.inf), where=size > 0)
            wins.append(np.eye(len(methods))[of_method[means.argmax(axis=1)]])
    if not wins:
        return Statistic(np.full(1 + RESAMPLES, math.nan), 0, (0, 100))
    return Statistic(100 * np.mean(wins, axis=0).max(axis=1), int(least), (0, 100))
