"""MNIST/STL-10: a digit on a picture, in pairs of views that share two of three factors.

Burns et al. 2021, "Unsupervised Disentanglement without Autoencoding", appendix A.1; details that the paper leaves open
follow the authors' generator (github.com/aburns4/UnsupDisent, MNIST_STL10_Data_Generator.ipynb).
Deviations: images are kept as they are, not as JPEG; beside the joint label, all labels of both views are kept.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np

from disentangle.data.digit_scene import DIGIT, LOCATIONS, SCENE
from disentangle.data.instances import Instances
from disentangle.data.views import Views
from disentangle.errors import InputError

DATA = "view pairs"
ROLES = ("digits", "backgrounds")
POOLS = ("digit", "background")
"""Factors that tell which instances an image was made of; images that share one are not independent."""
CHUNK = 256
"""Images composed at a time: few enough to stay in the processor's cache."""


@dataclass(frozen=True)
class Dataset:
    """Pairs of views that share the two factors in ``held`` and differ in the third.

    ``image_size`` 32 is the 2x2 mean, rounded half up, of the image of 64. ``background_brightness`` multiplies the
    background before the digit is laid over it.
    """

    held: Annotated[list[str], "len >= 2, len <= 2"]
    train_pairs: Annotated[int, ">= 1, <= 1e7"]
    test_pairs: Annotated[int, ">= 1, <= 1e7"]
    image_size: Literal[64, 32] = 64
    background_brightness: Annotated[float, "> 0, <= 1"] = 1.0

    def __post_init__(self) -> None:
        if len(self.held) != 2 or len({"DC", "BC", "DL"} & set(self.held)) != 2:
            raise InputError(f"held: found {list(self.held)}; allowed: two of DC, BC, DL.")

    def generate(self, digits: Instances, backgrounds: Instances, pairs: int, rng: np.random.Generator) -> Views:
        """Draw ``pairs`` pairs of views from pools of (N, 28, 28) digits and (N, 64, 64, 3) backgrounds.

        View 0: digit, background and location are uniform, with replacement. View 1: of a held factor, a uniform
        instance of the same class; of the varied one, a uniform instance or location of any other class.
        Factors: ``DC``, ``BC`` and ``DL`` are digit class, background class and digit location; ``digit`` and
        ``background`` are indices into the pools.
        Raises InputError when a pool's images have another shape, or a factor that is to vary has a single class.
        """
        _check(digits, (DIGIT, DIGIT), "digits")
        _check(backgrounds, (SCENE, SCENE, 3), "backgrounds")
        factors: dict[str, np.ndarray] = {}
        # A location is a class with one instance: itself.
        for name, instance, labels in (
            ("DC", "digit", digits.labels),
            ("BC", "background", backgrounds.labels),
            ("DL", "DL", np.arange(len(LOCATIONS))),
        ):
            if name not in self.held and (labels == labels[0]).all():
                raise InputError(f"held: {name} is to vary, but its pool has a single class.")
            factors[instance] = _draw(labels, name in self.held, pairs, rng)
            factors[name] = labels[factors[instance]]
        factors["joint"] = joint_label(factors, self.held, len(backgrounds.classes))
        return Views(self.compose(digits, backgrounds, factors), factors)

    def compose(self, digits: Instances, backgrounds: Instances, factors: Mapping[str, np.ndarray]) -> np.ndarray:
        """Return the images (..., S, S, 3) uint8 of ``digit``, ``background`` and ``DL``, three arrays of shape (...).

        The overlay is max(background, digit) in each channel.
        """
        digit, background, location = (factors[name].ravel() for name in ("digit", "background", "DL"))
        shrink = SCENE // self.image_size
        scenes = _dim(backgrounds.images, self.background_brightness)
        # Corners and sizes are even: outside the digit the mean of a composed scene is the mean of its background,
        # so backgrounds are averaged once, and of each image only the digit's part is averaged after the overlay.
        canvases = _mean(scenes, shrink)
        in_colour = np.repeat(digits.images[..., None], 3, axis=3)  # loops over 84 bytes of a row, not over 3
        images = np.empty((len(digit), self.image_size, self.image_size, 3), np.uint8)
        for start in range(0, len(digit), CHUNK):
            chunk = slice(start, start + CHUNK)
            np.take(canvases, background[chunk], axis=0, out=images[chunk], mode="clip")  # "raise" would copy twice
            for place, (y, x) in enumerate(LOCATIONS):
                here = start + np.flatnonzero(location[chunk] == place)
                behind = scenes[background[here], y : y + DIGIT, x : x + DIGIT]
                overlay = np.maximum(behind, in_colour[digit[here]])
                rows, columns = (slice(edge // shrink, (edge + DIGIT) // shrink) for edge in (y, x))
                images[here, rows, columns] = _mean(overlay, shrink)
        return images.reshape(*factors["digit"].shape, *images.shape[1:])


def joint_label(factors: Mapping[str, np.ndarray], held: Sequence[str], backgrounds: int) -> np.ndarray:
    """Return a pair's one label (N,) for the classes of both held factors: 10 DC + BC, 8 DC + DL, or 10 DL + BC.

    10 stands for the number of background classes. Source: the authors' generator.
    """
    major, minor = sorted(held, key=("DC", "DL", "BC").index)
    classes = len(LOCATIONS) if minor == "DL" else backgrounds
    label: np.ndarray = factors[major][:, 0] * classes + factors[minor][:, 0]
    return label


def _draw(labels: np.ndarray, same: bool, pairs: int, rng: np.random.Generator) -> np.ndarray:
    """Return instances (pairs, 2): a uniform one, then a uniform one of the same class or of any other class."""
    by_class = np.argsort(labels, kind="stable")
    count = np.bincount(labels)
    begin = np.cumsum(count) - count  # a class holds the ranks begin ... begin + count - 1 of by_class
    first = rng.integers(len(labels), size=pairs)
    own = labels[first]
    if same:
        rank = begin[own] + rng.integers(count[own])
    else:
        rank = rng.integers(len(labels) - count[own])
        rank += np.where(rank >= begin[own], count[own], 0)  # step over the own class
    return np.stack([first, by_class[rank]], axis=1)


def _dim(images: np.ndarray, brightness: float) -> np.ndarray:
    """Return round(brightness * images) by a table of all 256 values, without a float copy of the pool."""
    if brightness == 1:
        return images
    table = np.rint(np.arange(256) * brightness).astype(np.uint8)
    return np.frombuffer(images.tobytes().translate(table.tobytes()), np.uint8).reshape(images.shape)


def _mean(images: np.ndarray, shrink: int) -> np.ndarray:
    """Return the ``shrink`` x ``shrink`` block means of (N, H, W, 3) images, rounded half up."""
    if shrink == 1:
        return images
    rows = images[:, ::shrink].astype(np.uint16)
    for k in range(1, shrink):
        rows += images[:, k::shrink]
    total = rows[:, :, ::shrink] + np.uint16(shrink**2 // 2)
    for k in range(1, shrink):
        total += rows[:, :, k::shrink]
    mean: np.ndarray = (total // shrink**2).astype(np.uint8)
    return mean


def _check(pool: Instances, shape: tuple[int, ...], role: str) -> None:
    if pool.images.shape[1:] != shape:
        raise InputError(f"{role}: found images of shape {pool.images.shape[1:]}; allowed: {shape}.")
