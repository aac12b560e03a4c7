"""MPI3D complex as published: 460,800 images, from a file placed by the user: no checksum of it is published."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from disentangle.data.factors import MPI3D_COMPLEX
from disentangle.data.grid import Every, Grid
from disentangle.data.mpi3d import read
from disentangle.errors import InputError

STAND_IN = ""
CREDITS = "Robot's arm: MPI3D complex, M. W. Gondal et al., NeurIPS 2019 (CC BY 4.0)."
ARCHIVES = ()

NPZ = Path("data/raw/mpi3d/real3d_complicated_shapes_ordered.npz")
ADDRESSES = (
    "https://drive.google.com/file/d/1Tp8eTdHxgUMtsZv5uAoYAbJR1BOa_OQm",  # the authors'
    "https://huggingface.co/datasets/randall-lab/mpi3d-complex/resolve/main/real3d_complicated_shapes_ordered.npz",
)
FIRST: Every = {name: [0] for name in MPI3D_COMPLEX}
"""The first image alone: planning looks whether the file can be read, which reads all of it and keeps little."""


@dataclass(frozen=True)
class Source:
    """Read the array ``images`` of the file, in the order of the factors.

    It is checked by the array's shape and by the sum that is packed with it; its hash is recorded with the dataset.
    """

    def files(self) -> list[Path]:
        """Return the file."""
        return [NPZ]

    def load(self, rng: np.random.Generator, every: Every = FIRST) -> Grid:
        """Return the grid of (64, 64, 3) images.

        Raises InputError when the file is missing, damaged or another one; for an unknown factor, stride or value.
        """
        if not NPZ.exists():
            raise InputError(f"{NPZ}: not found. Put {' or '.join(ADDRESSES)} there.")
        return read(NPZ, MPI3D_COMPLEX, every)
