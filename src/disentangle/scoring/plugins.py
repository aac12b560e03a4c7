"""Metrics as `score` takes them from their files, and what a file's author is told where it does not do as it says."""

import dataclasses
import math
from collections.abc import Mapping
from typing import Any

from disentangle import registry
from disentangle.errors import InputError
from disentangle.evaluation.population import Population
from disentangle.evaluation.scores import keys_of
from disentangle.scoring.undefined import Found, listed

SLACK = 1e-9
"""What rounding may add to a score."""


def built(options: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Return metrics by name, built from all their ``options``.

    Raises InputError that names the file of one that cannot be imported, names no scores, or is no dataclass.
    """
    metrics = dict[str, Any]()
    for name, given in options.items():
        file = registry.path("metrics", name)
        scores = registry.constant("metrics", name, "SCORES")
        if not isinstance(scores, tuple | list) or not all(isinstance(score, str) for score in scores):
            raise InputError(f"{file}: found SCORES = {scores!r}; allowed: names, as in SCORES = ('{name}',).")
        try:
            metrics[name] = registry.build("metrics", name, dict(given))
        except ImportError as error:
            raise InputError(f"{file}: cannot be imported ({error}).") from error
        if not dataclasses.is_dataclass(metrics[name]):
            raise InputError(f"{file}: its Metric is no dataclass; allowed: @dataclass(frozen=True).")
    return metrics


def check_scores(name: str, metric: Any, population: Population, found: Found) -> None:
    """Raise InputError that names the file of a metric whose scores are not those that its SCORES names.

    A score of a number of points, such as ``mean_100``, is named by its word.
    """
    scores = registry.constant("metrics", name, "SCORES")
    each = keys_of(metric, population.names)
    for key in found:
        if key not in scores and key not in each and key.rpartition("_")[0] not in scores:
            raise _broken(name, f"returns '{key}', which it does not name")
    for key in scores:
        if key not in found and "<" not in key and not listed(metric):
            raise _broken(name, f"does not return '{key}'")


def remarks_of(name: str, found: Found) -> list[str]:
    """Return a sentence of each score that is out of its range."""
    ranges = registry.constant("metrics", name, "RANGES", {})
    said = []
    for key, value in found.items():
        lowest, highest = ranges.get(key if key in ranges else key.rpartition("_")[0], (0, 1))
        lowest, highest = -math.inf if lowest is None else lowest, math.inf if highest is None else highest
        if value is not None and not lowest - SLACK <= value <= highest + SLACK:
            said.append(f"'{key}' is {value:g}, outside [{lowest}, {highest}], its range by RANGES of its file.")
    return said


def _broken(name: str, what: str) -> InputError:
    return InputError(f"{registry.path('metrics', name)}: its Metric {what} in SCORES.")
