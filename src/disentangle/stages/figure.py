"""Draw one figure: the SVG, the table it shows, and its words."""

import argparse
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from disentangle import dataset_files, files, params, plan, registry
from disentangle.cells import Cell, dataset_folder
from disentangle.reporting.drawing import svg
from disentangle.reporting.results import CellResult
from disentangle.reporting.subject import Subject
from disentangle.stages.report import read_manifest


def run(given: argparse.Namespace) -> None:
    """Read what a figure shows and write ``reports/figures/<name>/<dataset>[/<method>].{svg,csv,json}``."""
    settings = params.load()
    plan.require(given.digest, plan.figure(settings, given.name, given.dataset, given.method))
    needs = registry.constant("figures", given.name, "NEEDS")
    cells = params.figure_cells(settings, given.name, given.dataset, given.method)
    subject = Subject(
        given.dataset,
        read_manifest(settings.scale, given.dataset),
        dataset_files.read(dataset_folder(settings.scale, given.dataset), "test"),
        given.method,
        tuple(_read(cell, needs["files"]) for cell in cells),
        {cell: _codes(cell) for cell in cells if "codes.npz" in needs["files"]},
    )
    figure = registry.build("figures", given.name, {})
    table = figure.table(subject)
    place = params.figure_path(given.name, given.dataset, given.method)
    with files.atomic(place.with_suffix(".svg")) as file:
        file.write(svg(figure.draw(subject, table)))
    files.write_text(place.with_suffix(".csv"), table.to_csv(index=False))
    files.write_json(place.with_suffix(".json"), figure.text(subject))


def _read(cell: Cell, names: Iterable[str]) -> CellResult:
    """Read the files of a cell that a figure needs; of the others it knows nothing."""
    found: dict[str, Any] = {"run": {}, "timing": {}, "probe": {}, "metrics": {}, "history": None}
    for path in map(Path, names):
        if path.suffix == ".json":
            found[path.stem] = files.read_json(cell.folder / path)
        elif path.suffix == ".csv":
            found[path.stem] = files.read_table(cell.folder / path)
    return CellResult(cell, **found)


def _codes(cell: Cell) -> dict[str, np.ndarray]:
    stored = files.read_arrays(cell.folder / "codes.npz")
    return {name: stored[f"test_{name}"] for name in ("r", "z") if f"test_{name}" in stored}
