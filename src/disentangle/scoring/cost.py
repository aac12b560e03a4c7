"""How long a metric will take, told from runs of parts of what it is given."""

import dataclasses
import time
from typing import Any

import numpy as np

from disentangle import streams
from disentangle.errors import InputError
from disentangle.evaluation.population import Population
from disentangle.evaluation.scores import scores_of

PARTS = 20, 10
"""A twentieth and a tenth of rows, and of points drawn from them."""

LARGE = 1 << 18
"""Numbers in the codes, of as many rows as are drawn at most, from which on parts are run before the whole."""

DRAWN = 10_000
"""Rows that metrics draw by default."""

COUNTS = 1000
"""Options from which on they count points, and cost time."""


def seconds(name: str, metric: Any, population: Population) -> float:
    """Return about how many seconds a metric takes; 0 where that is short for all that is known without running it."""
    rows, dim = population.codes.shape
    if min(rows, DRAWN) * dim < LARGE:
        return 0
    try:
        few, many = (_run(name, metric, population, part) for part in PARTS)
    except InputError:  # of so few rows
        return 0
    return extrapolated(few, many)


def extrapolated(few: float, many: float) -> float:
    """Return the seconds of the whole from those of a twentieth and a tenth: on a line, or on a power if that is more.

    t_10 + 18 (t_10 - t_20), and t_10 10^p with p = log2 (t_10 / t_20), at most 2.
    """
    power = min(np.log2(many / few), 2.0)
    return float(max(many + 18 * (many - few), many * 10**power))


def _run(name: str, metric: Any, population: Population, part: int) -> float:
    """Return the seconds of a metric with one ``part``-th of its rows and points."""
    rows = streams.rng(0, "cost").permutation(len(population.codes))[::part]
    deviation = None if population.deviation is None else population.deviation[rows]
    some = dataclasses.replace(
        population, codes=population.codes[rows], factors=population.factors[rows], deviation=deviation, complete=False
    )
    start = time.perf_counter()
    scores_of({name: fewer(metric, part)}, some)
    return time.perf_counter() - start


def fewer(metric: Any, part: int) -> Any:
    """Return a metric whose options that count points are one ``part``-th, as far as they remain counts."""
    found: dict[str, Any] = {}
    for field in dataclasses.fields(metric):
        value = getattr(metric, field.name)
        if isinstance(value, int) and value >= COUNTS:
            found[field.name] = value // part
        elif isinstance(value, list | tuple) and max(value, default=0) >= COUNTS:
            found[field.name] = list(dict.fromkeys(max(1, one // part) for one in value))
    return dataclasses.replace(metric, **found)
