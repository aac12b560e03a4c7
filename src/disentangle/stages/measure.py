"""Measure the codes of one cell with every metric."""

import argparse
import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from disentangle import dataset_files, files, params, plan, populations, registry, streams
from disentangle.cells import Cell, dataset_folder
from disentangle.population import Population


def run(given: argparse.Namespace) -> None:
    """Read a cell's codes and what they are codes of, and write scores by code and metric."""
    settings, cell = params.load(), given.cell
    plan.require(given.digest, plan.measure(settings, cell))
    metrics = {
        name: registry.build("metrics", name, options)
        for name, options in settings.evaluation("metrics", cell.scale, cell.study).items()
    }
    diverged = files.read_json(cell.folder / "run.json")["status"] == "diverged"
    scores: dict[str, Any] = {}
    for code, population in _populations(cell).items():
        chosen = settings.measured(cell.scale, cell.study, code)
        # A model that diverged may have finite codes, which mean nothing.
        scores[code] = (
            dict.fromkeys(chosen) if diverged else measured({name: metrics[name] for name in chosen}, population)
        )
    print(scores, flush=True)
    files.write_json(cell.folder / "metrics.json", {"scores": scores})


def _populations(cell: Cell) -> dict[str, Population]:
    stored = files.read_arrays(cell.folder / "codes.npz")
    folder = dataset_folder(cell.scale, cell.dataset)
    grid = dataset_files.read_manifest(folder).get("grid")
    if grid is None:
        return populations.of_views(stored, dataset_files.read_factors(folder, "test"))
    return populations.of_grid(stored, dict(grid["sizes"]), tuple(grid["nuisance"]))


def measured(metrics: Mapping[str, Any], population: Population) -> dict[str, dict[str, float | None] | None]:
    """Return the scores of each metric, of the same draws for every run; None for a score that is not defined.

    Codes that are not finite have no scores: None for every metric.
    """
    if not all(np.isfinite(part).all() for part in (population.codes, population.deviation) if part is not None):
        return dict.fromkeys(metrics)
    scores = {name: metric.scores(population, streams.rng(0, "measure", name)) for name, metric in metrics.items()}
    return {
        name: {key: value if math.isfinite(value) else None for key, value in found.items()}
        for name, found in scores.items()
    }
