"""What a figure shows: the cells of one method on a dataset, with their codes and the images that these are of."""

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from disentangle import files
from disentangle.cells import dataset_folder
from disentangle.data import dataset_files
from disentangle.data.relations import Relation, related_rows, relations_of
from disentangle.reporting.results import CellResult, Shown
from disentangle.studies.modular.analysis.results import title_of, told_sizes, true_values

GAP = 2
"""Pixels between the pictures of a figure."""


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
    images: np.ndarray
    """Those of the dataset, as a ``grid.Grid`` holds them."""

    @classmethod
    def of(cls, found: Shown) -> "Subject":
        """Return what was read, with the codes of the first cell and the images."""
        images = dataset_files.read_grid(dataset_folder(found.scale, found.dataset))["images"]
        codes = files.read_arrays(found.cells[0].cell.folder / "codes.npz")
        return cls(found.dataset, str(found.method), found.cells[0], found.manifest["grid"], codes, images)

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

    def values(self, rows: np.ndarray) -> np.ndarray:
        """Return the told factors (N, K) of rows (N,)."""
        return true_values(rows, self.grid)

    def wanted(self, rows: np.ndarray, relation: Relation) -> np.ndarray:
        """Return the rows (N,) of what a relation wants of rows (N,): its factor changed, all else as it was."""
        return related_rows(rows, relation, dict(self.grid["sizes"]), [*self.sizes])

    def pictures(self, rows: np.ndarray) -> np.ndarray:
        """Return the images (N, S, S, 3) uint8 of rows (N,)."""
        found = np.stack([self.images[row] for row in rows])
        if self.grid["binary"]:
            found = np.unpackbits(found, axis=1) * np.uint8(255)
        return coloured(found.reshape(-1, *self.grid["shape"]))


def coloured(pictures: np.ndarray) -> np.ndarray:
    """Return pictures (..., S, S, C) in three channels, grey where they have one."""
    return np.broadcast_to(pictures, (*pictures.shape[:-1], 3))


def mosaic(pictures: np.ndarray, gap: int = GAP) -> np.ndarray:
    """Return pictures (R, C, S, S, 3) as one, a row below another, white ``gap`` pixels between them."""
    rows, columns, side = pictures.shape[:3]
    whole = np.full((rows, side + gap, columns, side + gap, 3), 255, np.uint8)
    whole[:, :side, :, :side] = pictures.transpose(0, 2, 1, 3, 4)
    return whole.reshape(rows * (side + gap), columns * (side + gap), 3)[:-gap, :-gap]


def show(ax: Axes, pictures: np.ndarray, above: Sequence[str]) -> None:
    """Draw pictures (R, C, S, S, 3) as one, with a name ``above`` each column, a word a line."""
    side = pictures.shape[2]
    ax.imshow(mosaic(pictures), interpolation="nearest")
    middle = (side + GAP) * np.arange(pictures.shape[1]) + side / 2 - 0.5
    ax.set_xticks(middle, [name.replace("_", "\n") for name in above], fontsize=7)
    ax.tick_params(top=True, labeltop=True, bottom=False, labelbottom=False, length=0)
    ax.set_yticks([])
    ax.spines[:].set_visible(False)
