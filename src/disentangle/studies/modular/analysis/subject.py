"""What a figure shows: the cells of one method on a dataset, with their codes and the images that these are of."""

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from disentangle import files
from disentangle.data.relations import Relation, related_rows, relations_of
from disentangle.reporting.grid_images import GridImages
from disentangle.reporting.results import CellResult, Shown
from disentangle.reporting.sheets import GAP, coloured, mosaic
from disentangle.studies.modular.analysis.results import title_of, told_sizes, true_values


@dataclass(frozen=True)
class Subject:
    """All a figure reads: one cell, the first of its seeds."""

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

    @classmethod
    def of(cls, found: Shown) -> "Subject":
        """Return what was read, with the codes of the first cell and the images."""
        images = GridImages.read(found.scale, found.manifest)
        codes = files.read_arrays(found.cells[0].cell.folder / "codes.npz")
        return cls(
            found.dataset, str(found.method), found.cells[0], found.manifest["grid"], codes, images, found.metrics
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
