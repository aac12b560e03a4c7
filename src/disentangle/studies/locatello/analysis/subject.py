"""What a figure shows: a dataset, or the models of one method on it."""

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from disentangle import files
from disentangle.cells import Cell, dataset_folder
from disentangle.reporting.grid_images import GridImages
from disentangle.reporting.picked import picked
from disentangle.reporting.results import CellResult, Shown

if TYPE_CHECKING:
    from disentangle.reporting.traversals import Traversal
    from disentangle.training.opened import Opened

CODE = "mean"
"""The codes whose MIG tells the best model, the median one and the worst."""


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
    folder: Path = Path()
    """Of the dataset."""

    @classmethod
    def of(cls, found: Shown) -> "Subject":
        """Return what was read with the images, and the codes of the models that are picked."""
        shown = tuple(picked(found.cells, CODE)) if "metrics.json" in found.files else ()
        codes = {
            result.cell: files.read_arrays(result.cell.folder / "codes.npz")
            for _, result in shown
            if "codes.npz" in found.files
        }
        images = GridImages.read(found.scale, found.manifest)
        folder = dataset_folder(found.scale, found.dataset)
        return cls(
            found.dataset, found.manifest, images, found.method, found.cells, shown, codes, found.metrics, folder
        )

    def opened(self, result: CellResult) -> "Opened":
        """Return a model, of a figure that asks for checkpoints."""
        from disentangle.training.openings import vae

        return vae.opened(result.run, result.cell.folder / "checkpoint.safetensors", self.folder)

    @functools.cached_property
    def traversals(self) -> list["Traversal"]:
        """The walks of each model that is picked."""
        from disentangle.reporting import traversals

        def opened(result: CellResult) -> tuple["Opened", Mapping[str, np.ndarray]]:
            return self.opened(result), self.codes[result.cell]

        return traversals.of_models(self.picked, opened, self.images, self.metrics.get("mig", {}), CODE)
