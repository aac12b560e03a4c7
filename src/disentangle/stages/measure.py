"""Measure the codes of one cell with every metric."""

import argparse
from typing import Any

from disentangle import dataset_files, files, params, plan, populations, registry
from disentangle.cells import Cell, dataset_folder
from disentangle.measured import measured
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
