"""Measure the codes and the edits of one cell with every metric."""

import argparse
from collections.abc import Mapping
from typing import Any

from disentangle import files, registry
from disentangle.cells import Cell, dataset_folder
from disentangle.data import dataset_files
from disentangle.evaluation import measured_codes
from disentangle.evaluation.edits import Edits
from disentangle.evaluation.population import Population
from disentangle.evaluation.scores import scores_of
from disentangle.pipeline import plan
from disentangle.pipeline.jobs import Jobs
from disentangle.pipeline.sealed import kept_parts, making


def run(given: argparse.Namespace) -> None:
    """Read a cell's codes and what they are codes of, and write scores by code and metric.

    Scores of the same codes by metrics that have not changed are those of the last time.
    """
    settings, cell = given.settings, given.cell
    with making(Jobs(settings).evaluate("measure", cell), given.digest, given.anew) as work:
        if work.done:
            return
        metrics = {
            name: registry.build("metrics", name, options)
            for name, options in settings.evaluation("metrics", cell.scale, cell.study).items()
        }
        work.told["parts"] = plan.parts(settings, "measure", cell)
        kept = kept_parts(work)
        earlier = files.read_json(cell.folder / "metrics.json")["scores"] if kept else {}
        diverged = files.read_json(cell.folder / "run.json")["status"] == "diverged"
        scores: dict[str, Any] = {}
        for code, population in _populations(cell).items():
            chosen = settings.measured(cell.scale, cell.study, code)
            known = {name: found for name, found in earlier.get(code, {}).items() if name in kept and name in chosen}
            new = {name: metrics[name] for name in chosen if name not in known}
            # A model that diverged may have finite codes, which mean nothing.
            found = dict.fromkeys(new) if diverged else scores_of(new, population)
            for name, values in found.items():
                print(f"{code}, {name}: {_told(values)}", flush=True)
            scores[code] = known | found
        files.write_json(cell.folder / "metrics.json", {"scores": scores})


def _told(scores: Mapping[str, float | None] | None) -> str:
    numbers = ((key, "not defined" if value is None else f"{value:.4f}") for key, value in (scores or {}).items())
    return ", ".join(f"{key} {number}" for key, number in numbers) or "not defined"


def _populations(cell: Cell) -> dict[str, Population | Edits]:
    stored = files.read_arrays(cell.folder / "codes.npz")
    folder = dataset_folder(cell.scale, cell.dataset)
    manifest = dataset_files.read_manifest(folder)
    if "labelled" in manifest:
        return {**measured_codes.of_labelled(stored, dataset_files.read_labels(folder))}
    if "grid" in manifest:
        grid = manifest["grid"]
        sizes, nuisance = dict(grid["sizes"]), tuple(grid["nuisance"])
        if "rows" in stored:
            relations = files.read_json(cell.folder / "run.json").get("relations", {})
            return measured_codes.of_rows(stored, sizes, nuisance, relations)
        return {**measured_codes.of_grid(stored, sizes, nuisance)}
    return {**measured_codes.of_views(stored, dataset_files.read_factors(folder, "test"))}
