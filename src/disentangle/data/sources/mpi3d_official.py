"""MPI3D toy, realistic and real as published: 1,036,800 images each.

Checksums are those that disent (github.com/nmichlo/disent) has of the authors' first addresses, which are gone. Of what
lies at today's none is published, and the array may be packed anew there: a file that is placed in ``repacked`` is
checked by its array's shape and by the sum that is packed with it.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from disentangle.data.download import addresses, verify
from disentangle.data.factors import MPI3D
from disentangle.data.grid import Every, Grid
from disentangle.data.mpi3d import read

STAND_IN = ""
CREDITS = "Robot's arm: MPI3D, M. W. Gondal et al., NeurIPS 2019 (CC BY 4.0)."
ARCHIVES = (
    {
        "url": "https://huggingface.co/datasets/waleedgondal/mpi3d/resolve/main/mpi3d_toy.npz",
        "mirrors": ("https://storage.googleapis.com/mpi3d_disentanglement_dataset/data/mpi3d_toy.npz",),
        "path": "data/raw/mpi3d/mpi3d_toy.npz",
        "md5": "55889cb7c7dfc655d6e0277beee88868",
        "when": {"variant": "toy"},
        "instead": ("data/raw/mpi3d/repacked/mpi3d_toy.npz",),
    },
    {
        "url": "https://huggingface.co/datasets/waleedgondal/mpi3d/resolve/main/mpi3d_realistic.npz",
        "mirrors": ("https://storage.googleapis.com/mpi3d_disentanglement_dataset/data/mpi3d_realistic.npz",),
        "path": "data/raw/mpi3d/mpi3d_realistic.npz",
        "md5": "59a6225b88b635365f70c91b3e52f70f",
        "when": {"variant": "realistic"},
        "instead": ("data/raw/mpi3d/repacked/mpi3d_realistic.npz",),
    },
    {
        "url": "https://huggingface.co/datasets/waleedgondal/mpi3d/resolve/main/mpi3d_real.npz",
        "mirrors": ("https://storage.googleapis.com/mpi3d_disentanglement_dataset/data/real.npz",),
        "path": "data/raw/mpi3d/mpi3d_real.npz",
        "md5": "0f33f609918fb5c97996692f91129802",
        "when": {"variant": "real"},
        "instead": ("data/raw/mpi3d/repacked/mpi3d_real.npz",),
    },
)


@dataclass(frozen=True)
class Source:
    """Read the array ``images`` of the variant's file, in the order of the factors."""

    variant: Literal["toy", "realistic", "real"]

    def files(self) -> list[Path]:
        """Return the repacked file if it alone is there, else the official one."""
        path, repacked = Path(self._archive["path"]), Path(self._archive["instead"][0])
        return [repacked] if repacked.exists() and not path.exists() else [path]

    def load(self, rng: np.random.Generator, every: Every) -> Grid:
        """Return the grid of (64, 64, 3) images.

        Raises InputError when the file is missing, damaged or another one; for an unknown factor, stride or value.
        """
        archive = self._archive
        (path,) = self.files()
        if path == Path(archive["path"]):
            repacked = f", or what has its array as {archive['instead'][0]}"
            verify(path, archive["md5"], advice=f"Put {addresses(archive)} there{repacked}.")
        return read(path, MPI3D, every)

    @property
    def _archive(self) -> dict[str, Any]:
        return next(archive for archive in ARCHIVES if archive["when"] == {"variant": self.variant})
