"""The results of cells on disk, as reports and figures read them."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from disentangle import files
from disentangle.cells import Cell, dataset_folder
from disentangle.data import dataset_files
from disentangle.pipeline import plan
from disentangle.pipeline.study import study_of
from disentangle.reporting.results import CellResult


def read_cell(cell: Cell, names: Iterable[str] | None = None) -> CellResult:
    """Read the files ``names`` of a cell's folder, by default all that its study has; of others it knows nothing."""
    found: dict[str, Any] = {"run": {}, "timing": {}, "probe": {}, "metrics": {}, "history": pd.DataFrame()}
    for path in map(Path, study_of(cell.study).reported if names is None else names):
        if path.suffix == ".json":
            found[path.stem] = files.read_json(cell.folder / path)
        elif path.suffix == ".csv":
            found[path.stem] = files.read_table(cell.folder / path)
    return CellResult(cell, **found)


def read_published(study: str) -> dict[str, pd.DataFrame]:
    """Read the tables of a study's paper, by the name of their file."""
    return {path.stem: files.read_table(path) for path in study_of(study).published}


def read_manifest(scale: str, dataset: str) -> dict[str, Any]:
    """Read what a dataset is and is made of, with what it stands in for and whom to credit."""
    manifest = dataset_files.read_manifest(dataset_folder(scale, dataset))
    credit = plan.credits_of(manifest["definition"])
    made_of = {role: made | credit.pop(role) for role, made in manifest["made_of"].items()}
    made_of |= {role: told for role, told in credit.items() if role not in manifest["definition"]["sources"]}
    return {**manifest, "made_of": made_of}


def read_manifests(datasets: Sequence[tuple[str, str]]) -> dict[str, dict[str, Any]]:
    """Read the manifests of some (scale, dataset), by dataset."""
    return {name: read_manifest(scale, name) for scale, name in datasets}
