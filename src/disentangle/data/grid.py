"""Images of a factor grid: what a generator makes, a dataset on disk holds, and training draws from.

Three parts make such a dataset, and each is told what the others are by these contracts:

- a source of a grid has ``load(rng, every) -> Grid``. ``every`` maps names of factors to strides or to values (a factor
  that is not named has stride 1), and the source makes or reads the images of that sub-grid alone, see ``kept``;
- a dataset has ``generate(sources, stream) -> Grid``: the sources by their roles (its constant ``ROLES``), not yet
  loaded, and ``stream(purpose)``, which opens a named random stream;
- what a model sees is said by the dataset too, as ``Seen`` describes.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np

from disentangle.errors import InputError, did_you_mean

Every = Mapping[str, int | Sequence[int]]
"""What a sub-grid keeps of factors, by name: every how manyth official value, or the official values themselves."""

CHUNK = 1024
"""Images reduced at a time: few enough to stay in the processor's cache."""


@dataclass(frozen=True)
class Grid:
    """All N = prod(sizes) images of a grid: image n shows the factor values of index n, the last factor fastest.

    ``images`` is (N, S, S, C) uint8 with values 0..255, or, of ``binary`` ones with values 0 and 1, (N, S * S * C / 8)
    uint8 packed by ``numpy.packbits`` along each image. A factor in ``nuisance`` is drawn like the others, but no score
    is told of it. ``shared`` holds by name what ``observe`` needs beside the images.
    """

    images: np.ndarray
    sizes: Mapping[str, int]
    shape: tuple[int, int, int]
    """Height, width and channels of an image."""
    binary: bool = False
    nuisance: tuple[str, ...] = ()
    shared: Mapping[str, np.ndarray] = field(default_factory=dict)


class Seen:
    """How a model sees images of a grid, here: as they are. A dataset whose observations are random overrides all.

    Arrays may be NumPy's or torch's, on any device; they are used with what both have in common.
    """

    def channels(self, shape: tuple[int, int, int]) -> int:
        """Return the channels of an observation, given the ``shape`` of a grid's images; its sides are those."""
        return shape[2]

    def noise_shape(self, shape: tuple[int, int, int]) -> tuple[int, ...] | None:
        """Return the shape of the U[0, 1) numbers that one observation is made with, None if it needs none."""
        return None

    def observe(self, images: Any, uniform: Any, shared: Mapping[str, Any]) -> Any:
        """Return observations (..., S, S, C') of images (..., S, S, C), floats in [0, 1].

        ``uniform`` is (..., *noise_shape) of numbers from U[0, 1), or None where there is no noise; ``shared`` is that
        of the grid, on the same device.
        """
        return images


class GridDataset(Seen):
    """A dataset of all images of its ``factors``, in official order, seen as they are stored unless it says otherwise.

    A frozen dataclass of datasets/<name>.py extends it by two options. ``image_size`` 32 is the 2x2 mean, rounded half
    up, of the image of 64. ``every`` is a stride a factor: of one with stride e the values 0, e, 2 e, ... are kept.
    """

    factors: ClassVar[Mapping[str, int]]
    image_size: int
    every: list[int]

    def __post_init__(self) -> None:
        strides(self.every, self.factors)

    @property
    def told_sizes(self) -> dict[str, int]:
        """How many values each factor has; all are told to methods but those that a source calls nuisances."""
        return sizes_of(kept(self.factors, strides(self.every, self.factors)))

    @property
    def count(self) -> int:
        """How many images there are."""
        return math.prod(self.told_sizes.values())

    def generate(self, sources: Mapping[str, Any], stream: Callable[..., np.random.Generator]) -> Grid:
        """Return the grid of images of ``sources["images"]``; raises InputError for a source of other factors."""
        found: Grid = sources["images"].load(stream("images"), strides(self.every, self.factors))
        return reduced(found, self.image_size)


def index_of(values: np.ndarray, sizes: Mapping[str, int]) -> np.ndarray:
    """Return the index (...) of factor values (..., K) in a grid."""
    index: np.ndarray = np.ravel_multi_index(tuple(np.moveaxis(values, -1, 0)), tuple(sizes.values()))
    return index


def values_of(index: np.ndarray, sizes: Mapping[str, int]) -> np.ndarray:
    """Return the factor values (..., K) of an index (...) of a grid."""
    return np.stack(np.unravel_index(index, tuple(sizes.values())), axis=-1)


def told_sizes(sizes: Mapping[str, int], nuisance: Sequence[str]) -> dict[str, int]:
    """Return how many values each factor of a grid has but the nuisances, in order."""
    return {name: size for name, size in sizes.items() if name not in nuisance}


def told_values(index: np.ndarray, sizes: Mapping[str, int], nuisance: Sequence[str]) -> np.ndarray:
    """Return the values (..., K) of all factors but the nuisances of an index (...) of a grid."""
    told = [place for place, name in enumerate(sizes) if name not in nuisance]
    found: np.ndarray = values_of(index, sizes)[..., told]
    return found


def strides(every: Sequence[int], sizes: Mapping[str, int]) -> dict[str, int]:
    """Return the strides of a grid's factors by name; raises InputError unless there is one a factor, in its range."""
    if len(every) != len(sizes):
        raise InputError(
            f"every: found {len(every)} strides; allowed: {len(sizes)}, one for each of {', '.join(sizes)}."
        )
    named = dict(zip(sizes, every, strict=True))
    kept(sizes, named)
    return named


def kept(sizes: Mapping[str, int], every: Every) -> dict[str, np.ndarray]:
    """Return the official values of each factor that a sub-grid keeps, as they are listed or, of a stride e, 0, e, ...

    So value v of a factor of the sub-grid is the official value v e, or entry v of the list.
    Raises InputError for a factor that is not one of the grid's, a stride outside 1..size, or a list that is empty or
    holds a value twice or one outside 0..size - 1.
    """
    found = {name: np.arange(size) for name, size in sizes.items()}
    for name, asked in every.items():
        if name not in sizes:
            raise InputError(f"every: no factor '{name}': {did_you_mean(name, sizes)}")
        if isinstance(asked, int):
            if not 1 <= asked <= sizes[name]:
                raise InputError(f"every: found stride {asked} of '{name}'; allowed: 1 to {sizes[name]}, its values.")
            found[name] = np.arange(0, sizes[name], asked)
        else:
            if not 0 < len(asked) == len({*asked} & {*range(sizes[name])}):
                values = ", ".join(map(str, asked)) or "none"
                allowed = f"at least one, each once, of 0 to {sizes[name] - 1}"
                raise InputError(f"every: found values {values} of '{name}'; allowed: {allowed}.")
            found[name] = np.array(asked)
    return found


def sizes_of(values: Mapping[str, np.ndarray]) -> dict[str, int]:
    """Return how many values each factor has."""
    return {name: len(found) for name, found in values.items()}


def rows_of(values: Mapping[str, np.ndarray], sizes: Mapping[str, int]) -> np.ndarray:
    """Return the indices (N,), in the whole grid of ``sizes``, of the images that show the ``values`` kept of it."""
    table = np.stack(np.meshgrid(*values.values(), indexing="ij"), axis=-1)
    return index_of(table, sizes).ravel()


def reduced(grid: Grid, side: int) -> Grid:
    """Return a grid of images of ``side`` pixels: itself, or that of the 2x2 means, rounded half up.

    Binary images become grey ones of the values 0, 64, 128, 191 and 255.
    Raises InputError for another side.
    """
    height, width, channels = grid.shape
    if (height, width) == (side, side):
        return grid
    if (height, width) != (2 * side, 2 * side):
        raise InputError(f"image_size: found {side} for images of {height}x{width}; allowed: their sides or half.")
    images = np.empty((len(grid.images), side, side, channels), np.uint8)
    for start in range(0, len(images), CHUNK):
        chunk = grid.images[start : start + CHUNK]
        if grid.binary:
            chunk = np.unpackbits(chunk, axis=1) * np.uint8(255)
        whole = chunk.reshape(-1, side, 2, side, 2, channels).astype(np.uint16)
        rows = whole[:, :, 0] + whole[:, :, 1]
        images[start : start + CHUNK] = (rows[:, :, :, 0] + rows[:, :, :, 1] + np.uint16(2)) >> 2
    return Grid(images, grid.sizes, (side, side, channels), False, grid.nuisance, grid.shared)
