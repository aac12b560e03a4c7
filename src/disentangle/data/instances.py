"""Instance pools: labelled images of one kind, from which a dataset draws, and their 90/10 split."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from disentangle.data.dataset_checks import check_integers
from disentangle.data.foreign import told
from disentangle.errors import InputError

MIN_PER_CLASS = 10
"""The fewest images of a class that a 90/10 split leaves with an image in both parts and the stated proportions."""


@dataclass(frozen=True)
class Instances:
    """Images (N, H, W) or (N, H, W, 3) uint8, their 0-based class ids (N,) int64, and the names of the classes."""

    images: np.ndarray
    labels: np.ndarray
    classes: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.images)

    def take(self, index: np.ndarray | slice) -> "Instances":
        """Return the pool of the instances at ``index``."""
        return Instances(self.images[index], self.labels[index], self.classes)


def split_in_order(pool: Instances, origin: object) -> tuple[Instances, Instances]:
    """Return the first 90% as the train pool and the rest as the test pool (Burns et al. 2021, data generator).

    Raises InputError that names ``origin`` (the files) when a part misses a class, as of images that are sorted by it,
    or for a label that is none of its classes.
    """
    _check_labels(pool, origin)
    train = len(pool) * 9 // 10
    parts = pool.take(slice(train)), pool.take(slice(train, None))
    present = set(pool.labels.tolist()) or set(range(len(pool.classes)))
    for part, name in zip(parts, ("first 90%", "last 10%"), strict=True):
        if missing := sorted(present - set(part.labels.tolist())):
            raise InputError(
                f"{told(origin)}: the {name} of {len(pool)} images lack classes {missing}; allowed: all in both."
            )
    return parts


def check_count(count: Sequence[int] | np.ndarray, classes: Sequence[str], origin: object) -> None:
    """Raise InputError that names ``origin`` (the file or folder) when one of the classes has fewer than 10 images."""
    fewest = int(np.argmin(count))
    if count[fewest] < MIN_PER_CLASS:
        raise InputError(
            f"{told(origin)}: class '{told(classes[fewest], 60)}' has {count[fewest]} images; "
            f"allowed: at least {MIN_PER_CLASS}, for 90% to train on and 10% to test on."
        )


def split_by_class(pool: Instances, rng: np.random.Generator, origin: object) -> tuple[Instances, Instances]:
    """Return train and test pools with a random 90/10 split inside every class, so that both know all classes.

    Raises InputError that names ``origin`` (the file or folder) when a class has fewer than 10 images, or for a label
    that is none of its classes.
    """
    _check_labels(pool, origin)
    check_count(np.bincount(pool.labels, minlength=len(pool.classes)), pool.classes, origin)
    shuffled = [rng.permutation(np.flatnonzero(pool.labels == label)) for label in range(len(pool.classes))]
    train = np.concatenate([index[: len(index) * 9 // 10] for index in shuffled])
    test = np.concatenate([index[len(index) * 9 // 10 :] for index in shuffled])
    return pool.take(train), pool.take(test)


def _check_labels(pool: Instances, origin: object) -> None:
    check_integers(f"{told(origin)}: label", pool.labels, len(pool), len(pool.classes))
