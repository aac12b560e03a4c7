"""Scores of codes and of edits as they are written: by metric, each with its own draws."""

import math
import sys
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from disentangle import streams
from disentangle.errors import InputError
from disentangle.evaluation.edits import Edits
from disentangle.evaluation.population import Population

Scores = dict[str, dict[str, float | None] | None]


def scores_of(metrics: Mapping[str, Any], population: Population | Edits, seed: int = 0) -> Scores:
    """Return the scores of each metric, of the same draws for every model; None for a score that is not defined.

    What is not finite has no scores: None for every metric. A metric is given what :func:`handed` returns: what it says
    of each factor is None of one that is left out, and where none is left all that it says, unless its scores do not
    depend on factors, as the constant ``UNSUPERVISED`` of its module says.
    Raises InputError for a metric that returns something else than numbers by name.
    """
    if not population.finite:
        return dict.fromkeys(metrics)
    return {name: _scores(name, metric, population, seed) for name, metric in metrics.items()}


def _scores(name: str, metric: Any, population: Population | Edits, seed: int) -> dict[str, float | None]:
    given, declared = handed(metric, population), constant(metric, "SCORES", ())
    found: Any = {key: math.nan for key in declared if "<" not in key}
    if isinstance(given, Edits) or given.names or constant(metric, "UNSUPERVISED"):
        found = metric.scores(given, streams.rng(seed, "measure", name))
    if not isinstance(found, Mapping):
        raise InputError(f"{name}: returns a {type(found).__name__}; allowed: floats by name.")
    absent = [factor for factor in _left_out(population, given) if factor != getattr(population, "domain", None)]
    numbers = {key: _number(name, key, value) for key, value in found.items()}
    return numbers | dict.fromkeys(keys_of(metric, absent))


def _number(name: str, key: str, value: Any) -> float | None:
    """Return a score as JSON has it, None where it is not defined; raises InputError for what is no number."""
    if np.ndim(value) or np.asarray(value).dtype.kind not in "fiub":
        found = " ".join(repr(value).split())[:60]
        raise InputError(f"{name}: returns {found} for '{key}'; allowed: a float, nan where it is not defined.")
    return float(value) if math.isfinite(value) else None


def keys_of(metric: Any, factors: Iterable[str]) -> list[str]:
    """Return the names of the scores that are of these factors each, as the constant ``SCORES`` spells them."""
    each = [key.partition("<")[0] for key in constant(metric, "SCORES", ()) if "<" in key]
    return [key + factor for key in each for factor in factors]


def remarks_of(metrics: Mapping[str, Any], population: Population | Edits) -> dict[str, list[str]]:
    """Return what a reader of a metric's scores must know of these codes, in sentences; of most metrics nothing.

    It is which factors are left out, of scores that depend on factors, and what the metric says itself in
    ``remarks(population)``, if it has that.
    """
    if not population.finite:
        return {}
    found: dict[str, list[str]] = {}
    for name, metric in metrics.items():
        given = handed(metric, population)
        absent = {} if constant(metric, "UNSUPERVISED") else _left_out(population, given)
        left = [f"Without {', '.join(f'{key} ({why})' for key, why in absent.items())}."] if absent else []
        found[name] = left + (metric.remarks(given) if hasattr(metric, "remarks") else [])
    return {name: remarks for name, remarks in found.items() if remarks}


def handed(metric: Any, population: Population | Edits) -> Any:
    """Return what of a population a metric is given: the factors that vary, of them those that it can take.

    A metric whose module has the constant ``CONTINUOUS`` takes continuous factors too, and one with ``CONSTANT`` those
    of one value.
    """
    if isinstance(population, Edits):
        return population
    keep = population.varying | bool(constant(metric, "CONSTANT", False))
    keep &= ~population.kinds | bool(constant(metric, "CONTINUOUS", False))
    return population if keep.all() else population.of(keep)


def constant(metric: Any, name: str, default: Any = None) -> Any:
    """Return a constant of the module that a metric is defined in."""
    return getattr(sys.modules.get(type(metric).__module__), name, default)


def _left_out(population: Any, given: Any) -> dict[str, str]:
    """Return why each factor is left out that a metric is not given."""
    if isinstance(population, Edits):
        return {}
    why = ("continuous" if varies else "of one value" for varies in population.varying)
    return {name: said for name, said in zip(population.names, why, strict=True) if name not in given.names}
