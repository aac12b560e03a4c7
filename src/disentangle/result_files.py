"""The results of cells on disk, as reports and figures read them."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from disentangle import dataset_files, files, plan
from disentangle.cells import Cell, dataset_folder
from disentangle.reporting.results import CellResult
from disentangle.studies import STUDIES


def read_cell(cell: Cell, names: Iterable[str] | None = None) -> CellResult:
    """Read the files ``names`` of a cell's folder, by default all that its study has; of others it knows nothing."""
    found: dict[str, Any] = {"run": {}, "timing": {}, "probe": {}, "metrics": {}, "history": pd.DataFrame()}
    for path in map(Path, STUDIES[cell.study].reported if names is None else names):
        if path.suffix == ".json":
            found[path.stem] = files.read_json(cell.folder / path)
        elif path.suffix == ".csv":
            found[path.stem] = files.read_table(cell.folder / path)
    return CellResult(cell, **found)


def read_codes(cell: Cell) -> dict[str, np.ndarray]:
    """Read the codes of the test pairs, ``r`` and, with projection heads, ``z``."""
    stored = files.read_arrays(cell.folder / "codes.npz")
    return {name: stored[f"test_{name}"] for name in ("r", "z") if f"test_{name}" in stored}


def read_manifest(scale: str, dataset: str) -> dict[str, Any]:
    """Read what a dataset is and is made of, with what it stands in for and whom to credit."""
    manifest = dataset_files.read_manifest(dataset_folder(scale, dataset))
    credit = plan.credits_of(manifest["definition"])
    made_of = {role: made | credit[role] for role, made in manifest["made_of"].items()}
    return {**manifest, "made_of": made_of}


def read_manifests(datasets: Sequence[tuple[str, str]]) -> dict[str, dict[str, Any]]:
    """Read the manifests of some (scale, dataset), by dataset."""
    return {name: read_manifest(scale, name) for scale, name in datasets}
