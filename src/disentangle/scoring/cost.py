"""How long a metric will take, told from runs of some of the codes that it is given."""

import dataclasses
import time
from typing import Any

import numpy as np

from disentangle.errors import InputError
from disentangle.evaluation.population import Population
from disentangle.evaluation.scores import scores_of

SHARE = 32
"""One in so many codes are run first, and then twice as many: a tenth of what most metrics take."""

LARGE = 1 << 18
"""Numbers in the codes, of as many rows as are drawn at most, from which on some are run before all."""

DRAWN = 10_000
"""Rows that metrics draw by default."""

FLATTEST, STEEPEST = 0.75, 3.0
"""Powers of codes that a cost may grow by: where the first run met a machine that was busy, and as of solving for
weights."""


def seconds(name: str, metric: Any, population: Population) -> float:
    """Return about how many seconds a metric takes; 0 where there is little to do."""
    rows, dim = population.codes.shape
    if min(rows, DRAWN) * dim < LARGE:
        return 0
    few = max(2, dim // SHARE)
    try:
        return extrapolated(_run(name, metric, population, few), _run(name, metric, population, 2 * few), dim / few)
    except InputError:  # of so few codes
        return 0


def extrapolated(few: float, many: float, times: float) -> float:
    """Return the seconds of ``times`` as many codes from those of ``few`` and of twice as many.

    They grow as a line does, t + (t_2 - t) (times - 1), or, if that is more, as a power, t_2 (times / 2)^p with
    p = log2 (t_2 / t), from ``FLATTEST`` to ``STEEPEST``.
    """
    power = np.clip(np.log2(many / few), FLATTEST, STEEPEST)
    return float(max(few + (many - few) * (times - 1), many * (times / 2) ** power))


def _run(name: str, metric: Any, population: Population, count: int) -> float:
    """Return the seconds of a metric with so many of the codes, from first to last."""
    chosen = np.linspace(0, population.codes.shape[1] - 1, count).astype(np.int64)
    deviation = None if population.deviation is None else population.deviation[:, chosen]
    start = time.perf_counter()
    scores_of({name: metric}, dataclasses.replace(population, codes=population.codes[:, chosen], deviation=deviation))
    return time.perf_counter() - start
