"""What a figure shows: the cells of one method on a dataset, with their codes and the images that these are of."""

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.axes import Axes

from disentangle import files
from disentangle.cells import dataset_folder
from disentangle.data.relations import Relation, related_rows, relations_of
from disentangle.reporting.grid_images import GridImages
from disentangle.reporting.picked import picked
from disentangle.reporting.results import CellResult, Shown
from disentangle.reporting.sheets import GAP, coloured, mosaic
from disentangle.studies.modular.analysis.results import title_of, told_sizes, true_values

if TYPE_CHECKING:
    from disentangle.reporting.traversals import Traversal
    from disentangle.training.opened import Opened

CODE = "raw"
"""The codes whose MIG tells the best model, the median one and the worst."""


@dataclass(frozen=True)
class Subject:
    """All a figure reads: one cell, the first of its seeds, and what it asks for of the others."""

    dataset: str
    method: str
    cell: CellResult
    grid: Mapping[str, Any]
    """That of the dataset's manifest."""
    codes: Mapping[str, np.ndarray]
    """The content of codes.npz."""
    images: GridImages
    metrics: Mapping[str, Mapping[str, Any]]
    """The options of the study's metrics."""
    cells: tuple[CellResult, ...] = ()
    """All that the figure asks for, ``cell`` first."""
    picked: tuple[tuple[str, CellResult], ...] = ()
    """The best, the median and the worst of them, with what each is; none where metrics.json is not read."""
    folder: Path = Path()
    """Of the dataset."""

    @classmethod
    def of(cls, found: Shown) -> "Subject":
        """Return what was read, with the codes of the first cell and the images."""
        images = GridImages.read(found.scale, found.manifest)
        codes = files.read_arrays(found.cells[0].cell.folder / "codes.npz")
        return cls(
            found.dataset,
            str(found.method),
            found.cells[0],
            found.manifest["grid"],
            codes,
            images,
            found.metrics,
            found.cells,
            tuple(picked(found.cells, CODE)) if "metrics.json" in found.files else (),
            dataset_folder(found.scale, found.dataset),
        )

    @property
    def title(self) -> str:
        """What the figure is of."""
        diverged = ", which diverged" if self.cell.run["status"] == "diverged" else ""
        return f"{title_of(self.method)} on {self.dataset}{diverged}"

    @functools.cached_property
    def sizes(self) -> dict[str, int]:
        """How many values each factor has that is told."""
        return told_sizes(self.grid)

    @functools.cached_property
    def relations(self) -> tuple[Relation, ...]:
        """The relations by which the cell edits."""
        return relations_of(self.cell.run["relations"], self.sizes)

    @functools.cached_property
    def widths(self) -> list[int]:
        """The dimensions of each partition that the prior has components of; none where there is no prior."""
        found: list[int] = []
        while f"mean_{len(found)}" in self.codes:
            found.append(self.codes[f"mean_{len(found)}"].shape[1])
        return found

    @property
    def names(self) -> list[str]:
        """What the dimensions of codes are called: by the factor of their partition, where each has its own."""
        if len(self.widths) != len(self.sizes):
            return []
        pairs = zip(self.sizes, self.widths, strict=True)
        return [f"{factor}.{place}" for factor, width in pairs for place in range(width)]

    @functools.cached_property
    def traversals(self) -> list["Traversal"]:
        """The walks of each model that is picked."""
        from disentangle.reporting import traversals
        from disentangle.training.openings import weakly_supervised

        def opened(result: CellResult) -> tuple["Opened", Mapping[str, np.ndarray]]:
            weights = result.cell.folder / "checkpoint.safetensors"
            return weakly_supervised.opened(result.run, weights, self.folder), self.codes

        return traversals.of_models(self.picked, opened, self.images, self.metrics.get("mig", {}), CODE, self.names)

    def values(self, rows: np.ndarray) -> np.ndarray:
        """Return the told factors (N, K) of rows (N,)."""
        return true_values(rows, self.grid)

    def wanted(self, rows: np.ndarray, relation: Relation) -> np.ndarray:
        """Return the rows (N,) of what a relation wants of rows (N,): its factor changed, all else as it was."""
        return related_rows(rows, relation, dict(self.grid["sizes"]), [*self.sizes])

    def pictures(self, rows: np.ndarray) -> np.ndarray:
        """Return the images (N, S, S, 3) uint8 of rows (N,)."""
        return coloured(self.images.stored(rows))


def show(ax: Axes, pictures: np.ndarray, above: Sequence[str]) -> None:
    """Draw pictures (R, C, S, S, 3) as one, with a name ``above`` each column, a word a line."""
    side = pictures.shape[2]
    ax.imshow(mosaic(pictures), interpolation="nearest")
    middle = (side + GAP) * np.arange(pictures.shape[1]) + side / 2 - 0.5
    ax.set_xticks(middle, [name.replace("_", "\n") for name in above], fontsize=7)
    ax.tick_params(top=True, labeltop=True, bottom=False, labelbottom=False, length=0)
    ax.set_yticks([])
    ax.spines[:].set_visible(False)
