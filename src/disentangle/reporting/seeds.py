"""Numbers that there is one of a training seed: scores of cells, differences and rank correlations seed by seed."""

import functools
import math
from collections.abc import Sequence
from functools import partial

import pandas as pd

from disentangle.reporting.claim import PaperEffect, Region
from disentangle.reporting.results import CellResult, Results
from disentangle.reporting.statistics import Bounds, Interval, mean_interval

CELL = ["dataset", "entry", "lam", "seed"]


def key_of(result: CellResult) -> tuple[str, str, float, int]:
    """Return what a table tells cells apart by: dataset, entry, lam and seed."""
    cell = result.cell
    return cell.dataset, cell.method, cell.lam, cell.seed


@functools.lru_cache(maxsize=1)
def measured_scores(results: Results) -> pd.DataFrame:
    """Return one row a cell, code, metric and score; NaN where it is not defined, none of a cell that diverged."""
    rows = [
        (*key_of(result), code, metric, score, math.nan if value is None else value)
        for result in results.cells
        for code, metrics in result.metrics["scores"].items()
        for metric, found in metrics.items()
        for score, value in (found or {}).items()
    ]
    return pd.DataFrame(rows, columns=[*CELL, "code", "metric", "score", "value"])


def effect(
    what: str,
    values: Sequence[float],
    region: Region,
    published: float = math.nan,
    unit: str = "",
    bounds: Bounds = (-math.inf, math.inf),
) -> PaperEffect:
    """Return the effect of a number a seed; it is a mean over seeds, with its interval within ``bounds``."""
    return PaperEffect(what, partial(_mean, values, bounds), region, unit, published)


def _mean(values: Sequence[float], bounds: Bounds, confidence: float) -> Interval:
    return mean_interval(values, confidence).cut(bounds)


def less(a: pd.Series, b: pd.Series) -> list[float]:
    """Return a - b of the seeds that both have."""
    shared = a.index.intersection(b.index)
    return [float(value) for value in a[shared] - b[shared]]


def rank_correlations(table: pd.DataFrame, first: str, second: str) -> list[float]:
    """Return Spearman's correlation of two columns over the rows of a ``seed``, a number a seed; of three at least."""
    found = []
    for _, own in table.groupby("seed"):
        both = own[[first, second]].dropna()
        if len(both) > 2:
            ranks = both.rank()
            found.append(float(ranks[first].corr(ranks[second])))
    return found
