"""What a figure shows of a method: the codes of one cell, and the images that they are of."""

from dataclasses import dataclass

import numpy as np

from disentangle import files
from disentangle.reporting.labelled_sheets import LabelledData
from disentangle.reporting.results import CellResult, Shown


@dataclass(frozen=True)
class Subject(LabelledData):
    """All a figure reads: one cell, the first of its seeds."""

    method: str
    """The entry under ``methods``."""
    cell: CellResult
    codes: np.ndarray
    """(N, D), of all images."""

    @classmethod
    def of(cls, found: Shown) -> "Subject":
        """Return what was read with images, labels and the codes of the first cell."""
        first = found.cells[0]
        codes = files.read_arrays(first.cell.folder / "codes.npz")["codes"]
        return cls(**vars(LabelledData.of(found)), method=str(found.method), cell=first, codes=codes)
