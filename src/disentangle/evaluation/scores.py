"""Scores of codes and of edits as they are written: by metric, each with its own draws."""

import math
from collections.abc import Mapping
from typing import Any

from disentangle import streams
from disentangle.evaluation.edits import Edits
from disentangle.evaluation.population import Population

Scores = dict[str, dict[str, float | None] | None]


def scores_of(metrics: Mapping[str, Any], population: Population | Edits, seed: int = 0) -> Scores:
    """Return the scores of each metric, of the same draws for every model; None for a score that is not defined.

    What is not finite has no scores: None for every metric.
    """
    if not population.finite:
        return dict.fromkeys(metrics)
    scores = {name: metric.scores(population, streams.rng(seed, "measure", name)) for name, metric in metrics.items()}
    return {
        name: {key: value if math.isfinite(value) else None for key, value in found.items()}
        for name, found in scores.items()
    }
