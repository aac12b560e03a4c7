"""What a reader is told of scores that are not defined: which, and why as far as that is known."""

import dataclasses
import inspect
import re
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from disentangle.data.foreign import told
from disentangle.evaluation.population import Population
from disentangle.evaluation.scores import constant, handed, keys_of

Found = dict[str, float | None]
"""The scores of one metric, of one draw; None where not defined."""

SAYS_WHEN = re.compile(r"\bnan (?:where|of|for) [^.;:]+")
"""What a metric says of it in the docstring of its ``scores``."""


def applicable(metric: Any, population: Population, found: Found) -> Found:
    """Return scores less those of a domain, as their names have it, where codes are of none."""
    if hasattr(population, "domain"):
        return found
    absent = {key for key in constant(metric, "SCORES", ()) if "domain" in key.split("_")}
    return {key: value for key, value in found.items() if key not in absent}


def names_of(metric: Any, population: Population, found: Found) -> list[str]:
    """Return the scores that are not defined, or not there for want of rows, but for those of factors left out."""
    given = handed(metric, population)
    left_out = keys_of(metric, [factor for factor in population.names if factor not in given.names])
    return [*(key for key, value in found.items() if value is None and key not in left_out), *_absent(metric, found)]


def remarks(
    name: str, metric: Any, population: Population, found: Found, but: Iterable[str] = (), how: str = ""
) -> list[str]:
    """Return a sentence of the scores that are not defined, if there are any ``but`` those.

    It says what is special of the population, and when the metric says that a score is nan; ``how`` they were computed
    stands in it.
    """
    undefined = [key for key in names_of(metric, population, found) if key not in {*but}]
    if not undefined:
        return []
    given = handed(metric, population)
    counts = {"code": given.codes.shape[1]}
    if not constant(metric, "UNSUPERVISED"):
        counts = {"factor": len(given.names)} | counts
    few = [f"{'one' if count else 'no'} {what}" for what, count in counts.items() if count < 2]
    few += [f"{_training(given)} of {len(given.codes)} rows to train on"] * bool(
        {*undefined} & {*_absent(metric, found)}
    )
    asked = counts.get("factor", 1) and inspect.getdoc(metric.scores)  # without a factor it is not
    says = SAYS_WHEN.search(" ".join((asked or "").split()))
    why = f" ({says[0]})" if says else "" if few else f", see help(disentangle.metrics.{name})"
    with_few = f" with {' and '.join(few)}" if few else ""
    return [f"Not defined{how}{with_few}: {told(', '.join(undefined), 200)}{why}."]


def _absent(metric: Any, found: Mapping[str, Any]) -> list[str]:
    """Return the scores of numbers of points, such as ``mean_100``, that there are too few rows for."""
    words = [key for key in constant(metric, "SCORES", ()) if "<" not in key and key not in found]
    return [key for size in listed(metric) for word in words if (key := f"{word}_{size}") not in found]


def listed(metric: Any) -> list[Any]:
    """Return what a metric's options list, such as numbers of points."""
    values = (getattr(metric, field.name) for field in dataclasses.fields(metric))
    return [entry for value in values if isinstance(value, list | tuple) for entry in value]


def _training(population: Population) -> int:
    return len(population.split(np.random.default_rng(0))[0])
