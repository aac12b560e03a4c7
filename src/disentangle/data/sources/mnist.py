"""MNIST as the paper uses it: the official 60,000 + 10,000 digits."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from disentangle.data.download import addresses, verify
from disentangle.data.idx import read_digits
from disentangle.data.instances import Instances, split_in_order

STAND_IN = ""
CREDITS = "Digits: MNIST, Y. LeCun, C. Cortes and C. J. C. Burges (CC BY-SA 3.0)."
ARCHIVES = (
    {
        "url": "https://ossci-datasets.s3.amazonaws.com/mnist/train-images-idx3-ubyte.gz",
        "mirrors": ("https://storage.googleapis.com/cvdf-datasets/mnist/train-images-idx3-ubyte.gz",),
        "path": "data/raw/mnist/train-images-idx3-ubyte.gz",
        "md5": "f68b3c2dcbeaaa9fbdd348bbdeb94873",
    },
    {
        "url": "https://ossci-datasets.s3.amazonaws.com/mnist/train-labels-idx1-ubyte.gz",
        "mirrors": ("https://storage.googleapis.com/cvdf-datasets/mnist/train-labels-idx1-ubyte.gz",),
        "path": "data/raw/mnist/train-labels-idx1-ubyte.gz",
        "md5": "d53e105ee54ea40749a09fcbcd1e9432",
    },
    {
        "url": "https://ossci-datasets.s3.amazonaws.com/mnist/t10k-images-idx3-ubyte.gz",
        "mirrors": ("https://storage.googleapis.com/cvdf-datasets/mnist/t10k-images-idx3-ubyte.gz",),
        "path": "data/raw/mnist/t10k-images-idx3-ubyte.gz",
        "md5": "9fb629c4189551a2d022fa330f9573f3",
    },
    {
        "url": "https://ossci-datasets.s3.amazonaws.com/mnist/t10k-labels-idx1-ubyte.gz",
        "mirrors": ("https://storage.googleapis.com/cvdf-datasets/mnist/t10k-labels-idx1-ubyte.gz",),
        "path": "data/raw/mnist/t10k-labels-idx1-ubyte.gz",
        "md5": "ec29112dd5afa0611ce80d1b7f02629c",
    },
)


@dataclass(frozen=True)
class Source:
    """Concatenate train and test digits; the first 90% (63,000) are the train pool (the authors' generator).

    Deviation: the order is that of the files, not that of TensorFlow Datasets, which that generator read.
    """

    def files(self) -> list[Path]:
        """Return the four official files, images before labels in each part."""
        return [Path(str(archive["path"])) for archive in ARCHIVES]

    def load(self, rng: np.random.Generator) -> tuple[Instances, Instances]:
        """Return the train and test pools of (63000, 28, 28) and (7000, 28, 28) digits.

        Raises InputError that names a file that is missing or is not the official one.
        """
        for archive in ARCHIVES:
            advice = f"Put {addresses(archive)} there. For recompressed or other files use the source 'mnist_idx'."
            verify(Path(str(archive["path"])), str(archive["md5"]), advice=advice)
        files = self.files()
        return split_in_order(read_digits(files[0::2], files[1::2]), files[0].parent)
