"""What a figure shows: a dataset, or the cells of one method on it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from disentangle import files
from disentangle.cells import Cell, dataset_folder
from disentangle.data import dataset_files
from disentangle.data.views import Views
from disentangle.reporting.results import Shown
from disentangle.studies.burns.analysis.results import BurnsCell

NAMES = {"DC": "digit", "BC": "background", "DL": "location"}
"""What the factors are called."""


@dataclass(frozen=True)
class Subject:
    """All a figure reads."""

    dataset: str
    manifest: dict[str, Any]
    views: Views
    """The test pairs."""
    method: str | None
    """The entry under ``methods``; None where the dataset itself is shown."""
    cells: tuple[BurnsCell, ...]
    codes: Mapping[Cell, Mapping[str, np.ndarray]]
    """Codes of view 0 of the test pairs, ``r`` and, with projection heads, ``z``, where the figure asks for them."""

    @classmethod
    def of(cls, found: Shown) -> "Subject":
        """Return what was read with the test pairs, and the codes of cells where they were asked for."""
        folder = dataset_folder(found.scale, found.dataset)
        cells = tuple(BurnsCell(**vars(cell), through=found.listed["probes"][0]) for cell in found.cells)
        codes = {cell.cell: _codes(cell.cell) for cell in cells if "codes.npz" in found.files}
        return cls(found.dataset, found.manifest, dataset_files.read(folder, "test"), found.method, cells, codes)

    @property
    def tasks(self) -> tuple[str, str]:
        """The two held factors."""
        first, second = self.manifest["definition"]["options"]["held"]
        return first, second

    def class_name(self, factor: str, value: int) -> str:
        """Return the name of a class as a reader knows it; locations count from 1, as in the paper."""
        if factor == "DL":
            return f"location {value + 1}"
        role = {"DC": "digits", "BC": "backgrounds"}[factor]
        return str(self.manifest["made_of"][role]["classes"][value])

    @property
    def images_are(self) -> str:
        """Sentences on what the images are: generated, dimmed, and what they stand in for."""
        kinds = [made["STAND_IN"] for made in self.manifest["made_of"].values() if made["STAND_IN"]]
        dimmed = self.manifest["definition"]["options"]["background_brightness"]
        sentences = [
            "Every image is generated.",
            f"Backgrounds are dimmed to {dimmed:g} of their brightness." if dimmed < 1 else "",
            f"Stand-in data: {'; '.join(kinds)}." if kinds else "",
        ]
        return " ".join(filter(None, sentences))


def _codes(cell: Cell) -> dict[str, np.ndarray]:
    stored = files.read_arrays(cell.folder / "codes.npz")
    return {name: stored[f"test_{name}"] for name in ("r", "z") if f"test_{name}" in stored}
