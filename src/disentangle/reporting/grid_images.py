"""The images of a factor grid as pictures show them: seen as models see them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from disentangle import registry
from disentangle.cells import dataset_folder
from disentangle.data import dataset_files
from disentangle.data.grid import Grid, Seen
from disentangle.reporting.results import Shown
from disentangle.reporting.sheets import coloured


@dataclass(frozen=True)
class GridImages:
    """A grid, and how models see its images."""

    grid: Grid
    observation: Seen
    """The dataset."""

    @classmethod
    def read(cls, scale: str, manifest: Mapping[str, Any]) -> "GridImages":
        """Return the grid of a dataset, given its manifest."""
        grid = Grid(**dataset_files.read_grid(dataset_folder(scale, manifest["dataset"])))
        definition = manifest["definition"]
        return cls(grid, registry.build("datasets", definition["generator"], definition["options"]))

    @property
    def random(self) -> bool:
        """Whether an image looks different each time that it is seen."""
        return self.observation.noise_shape(self.grid.shape) is not None

    def stored(self, rows: np.ndarray) -> np.ndarray:
        """Return the images (N, S, S, C) uint8 of rows (N,), as they are stored."""
        found = np.stack([self.grid.images[row] for row in rows])
        if self.grid.binary:
            found = np.unpackbits(found, axis=1) * np.uint8(255)
        return found.reshape(-1, *self.grid.shape)

    def observed(self, rows: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Return the observations (N, S, S, C') of rows (N,), float32 in [0, 1]: what a model is given.

        Where they are random, each is made with numbers of ``rng`` of its own.
        """
        images, noise = self.stored(rows).astype(np.float32) / 255, self.observation.noise_shape(self.grid.shape)
        uniform = None if noise is None else rng.random((len(rows), *noise), np.float32)
        return np.asarray(self.observation.observe(images, uniform, self.grid.shared))

    def seen(self, rows: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Return the same as pictures (N, S, S, 3) uint8, grey where they have one channel."""
        return pictures(self.observed(rows, rng))


def pictures(images: np.ndarray) -> np.ndarray:
    """Return images (..., S, S, C) in [0, 1], of one channel or three, as pictures (..., S, S, 3) uint8."""
    return coloured(np.rint(255 * np.clip(images, 0, 1)).astype(np.uint8))


@dataclass(frozen=True)
class GridData:
    """A dataset of a grid, as its figures show it."""

    dataset: str
    manifest: Mapping[str, Any]
    images: GridImages

    @classmethod
    def of(cls, found: Shown) -> "GridData":
        """Return what was read with the images."""
        return cls(found.dataset, found.manifest, GridImages.read(found.scale, found.manifest))
