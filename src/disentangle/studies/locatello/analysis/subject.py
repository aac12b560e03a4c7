"""What a figure shows: a dataset, or the models of one method on it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from disentangle import files
from disentangle.cells import Cell
from disentangle.reporting.grid_images import GridImages
from disentangle.reporting.results import CellResult, Shown
from disentangle.studies.locatello.analysis.picked import picked


@dataclass(frozen=True)
class Subject:
    """All a figure reads."""

    dataset: str
    manifest: Mapping[str, Any]
    images: GridImages
    method: str | None
    """The entry under ``methods``; None where the dataset itself is shown."""
    cells: tuple[CellResult, ...]
    picked: tuple[tuple[str, CellResult], ...]
    """Those that are shown of them, with what each is; none where metrics.json is not read."""
    codes: Mapping[Cell, Mapping[str, np.ndarray]]
    """The content of codes.npz of each that is picked, where the figure asks for it."""
    metrics: Mapping[str, Mapping[str, Any]]
    """The options of the study's metrics."""

    @classmethod
    def of(cls, found: Shown) -> "Subject":
        """Return what was read with the images, and the codes of the models that are picked."""
        shown = tuple(picked(found.cells)) if "metrics.json" in found.files else ()
        codes = {
            result.cell: files.read_arrays(result.cell.folder / "codes.npz")
            for _, result in shown
            if "codes.npz" in found.files
        }
        images = GridImages.read(found.scale, found.manifest)
        return cls(found.dataset, found.manifest, images, found.method, found.cells, shown, codes, found.metrics)
