"""Measure the codes of one cell with every metric."""

import argparse
import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from disentangle import dataset_files, files, params, plan, registry, streams
from disentangle.cells import dataset_folder
from disentangle.population import Population


def run(given: argparse.Namespace) -> None:
    """Read a cell's test codes and the factors of view 0, and write scores by code and metric."""
    settings, cell = params.load(), given.cell
    plan.require(given.digest, plan.measure(settings, cell))
    stored = files.read_arrays(cell.folder / "codes.npz")
    factors = dataset_files.read_factors(dataset_folder(cell.scale, cell.dataset), "test")
    first_view = {name: factor[:, 0] for name, factor in factors.items() if factor.ndim == 2}
    values, names = np.stack(list(first_view.values()), axis=1), tuple(first_view)
    codes = {name: stored[f"test_{name}"].astype(np.float64) for name in ("r", "z") if f"test_{name}" in stored}
    metrics = {
        name: registry.build("metrics", name, options)
        for name, options in settings.evaluation("metrics", cell.scale, cell.study).items()
    }
    scores = {code: measured(metrics, Population(x, values, names, complete=False)) for code, x in codes.items()}
    print(scores, flush=True)
    files.write_json(cell.folder / "metrics.json", {"scores": scores})


def measured(metrics: Mapping[str, Any], population: Population) -> dict[str, dict[str, float | None] | None]:
    """Return the scores of each metric, of the same draws for every run; None for a score that is not defined.

    A run that diverged has no codes to measure: None for every metric.
    """
    if not np.isfinite(population.codes).all():
        return dict.fromkeys(metrics)
    scores = {name: metric.scores(population, streams.rng(0, "measure", name)) for name, metric in metrics.items()}
    return {
        name: {key: None if math.isnan(value) else value for key, value in found.items()}
        for name, found in scores.items()
    }
