"""Digits from IDX files of your own: parts of MNIST, recompressed copies, or other sets in MNIST's format."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np

from disentangle.data.idx import read_digits
from disentangle.data.instances import Instances, split_in_order

STAND_IN = "digits from IDX files given by the user"
CREDITS = "Digits: IDX files given by the user (their licence is the user's to state)."
ARCHIVES = ()


@dataclass(frozen=True)
class Source:
    """Concatenate pairs of IDX files in the order given; the first 90% of the digits are the train pool.

    ``images`` and ``labels`` are lists of paths of equal length, plain or gzip-compressed.
    """

    images: Annotated[list[str], "len >= 1, len <= 100"]
    labels: Annotated[list[str], "len >= 1, len <= 100"]

    def files(self) -> list[Path]:
        """Return the image and label files."""
        return [Path(path) for path in (*self.images, *self.labels)]

    def load(self, rng: np.random.Generator) -> tuple[Instances, Instances]:
        """Return train and test pools of (N, 28, 28) digits; raises InputError that names a file that does not fit."""
        pool = read_digits([Path(path) for path in self.images], [Path(path) for path in self.labels])
        return split_in_order(pool, ", ".join(self.images))
