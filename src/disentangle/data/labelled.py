"""Images with a labelled domain: what a generator makes, a dataset on disk holds, and class-supervised methods read.

A dataset of this kind has ``generate(sources, stream) -> Labelled``: the sources by their roles (its constant
``ROLES``), not yet loaded, and ``stream(purpose)``, which opens a named random stream. Its sources are those of grids,
or of pictures with labels, whose ``load(rng)`` returns ``Pictures``.
"""

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from disentangle.data.grid import Grid, reduced
from disentangle.errors import InputError
from disentangle.streams import rng

TAKEN = ("domain", "all", "same_domain")
"""Names under which scores tell of more than one attribute."""
TEST_SHARE = 0.1
"""Of the images of each domain (Kahana & Hoshen 2022, released code)."""


@dataclass(frozen=True)
class Labelled:
    """N images, what is known of each, and what each is used for.

    The ``domain`` (the paper's "class") is told in training; the other labels are the attributes, which only an
    evaluation is told. Every image is a neighbour that a retrieval may find, whatever else it is used for.
    """

    images: np.ndarray
    """(N, S, S, C) uint8; C is 1 or 3."""
    labels: Mapping[str, np.ndarray]
    """0-based values (N,) int64 of the domain and of each attribute, by name."""
    values: Mapping[str, tuple[str, ...]]
    """What the values of each label are called, in their order."""
    domain: str
    """The name of the label that is the domain."""
    train: np.ndarray
    """(N,) bool: an encoder is trained on it."""
    fit: np.ndarray
    """(N,) bool: predictors are fitted on its code."""
    test: np.ndarray
    """(N,) bool: predictors are tested on its code, and neighbours are looked for of it."""
    margins: Mapping[str, int] = field(default_factory=dict)
    """Of attributes that go round: by how many steps, either way, another value may differ and still match."""
    numbers: Mapping[str, np.ndarray] = field(default_factory=dict)
    """Attributes (N, K) float32 that are no values but numbers, by name."""

    def __post_init__(self) -> None:
        for name in self.attributes:
            if name in TAKEN or name.startswith("chance_"):
                raise InputError(f"the attribute '{name}': scores have this name already; give it another one.")
        shared = self.fit & self.test
        if shared.any():
            raise InputError(f"{int(shared.sum())} images are both fitted and tested on; allowed: none.")

    @property
    def attributes(self) -> tuple[str, ...]:
        """The names of the labels but for the domain."""
        return tuple(name for name in self.labels if name != self.domain)

    def sizes(self) -> dict[str, int]:
        """Return how many values each label has."""
        return {name: len(found) for name, found in self.values.items()}


@dataclass(frozen=True)
class Pictures:
    """N labelled pictures as a source has them, before it is said what each is used for."""

    images: np.ndarray
    """(N, 64, 64, 3) uint8."""
    words: Mapping[str, Sequence[str]]
    """N words of the domain and of each attribute, by name."""
    domain: str
    """The name of the words that are the domain."""
    test: np.ndarray | None = None
    """(N,) bool: not to be trained on, where the source says so."""
    numbers: Mapping[str, np.ndarray] = field(default_factory=dict)
    """As of ``Labelled``, where they are of pixels in those of the images."""


def labelled(pictures: Pictures, side: int, train: np.ndarray, fit: np.ndarray, test: np.ndarray) -> Labelled:
    """Return pictures at ``side`` pixels, 64 or 32, with their uses (N,) bool; values are in the order of the words.

    Images of 32 are the 2x2 means, rounded half up. Words that are numbers, such as -1 or 0.5, are what they print as.
    """
    labels, values = {}, {}
    for name, given in pictures.words.items():
        words = [*map(str, given)]
        values[name] = tuple(sorted({*words}))
        place = {word: k for k, word in enumerate(values[name])}
        labels[name] = np.fromiter((place[word] for word in words), np.int64, len(words))
    images = resized(pictures.images, side)
    return Labelled(images, labels, values, pictures.domain, train, fit, test, numbers=pictures.numbers)


def resized(images: np.ndarray, side: int) -> np.ndarray:
    """Return images (N, S, S, C) at ``side`` pixels: themselves, or their 2x2 means, rounded half up."""
    height, width, channels = images.shape[1:]
    return reduced(Grid(images, {"image": len(images)}, (height, width, channels)), side).images


def split_at_random(count: int, share: float, rng: np.random.Generator) -> np.ndarray:
    """Return, (count,) bool, a random share of so many images, whatever their domain."""
    chosen = np.zeros(count, bool)
    chosen[rng.choice(count, round(share * count), replace=False)] = True
    return chosen


def split_in_domains(domain: np.ndarray, share: float, rng: np.random.Generator) -> np.ndarray:
    """Return, (N,) bool, a random share of the images of each domain (N,), at least one of each of several."""
    chosen = np.zeros(len(domain), bool)
    for value in np.unique(domain):
        rows = np.flatnonzero(domain == value)
        chosen[rng.choice(rows, share_of(len(rows), share), replace=False)] = True
    return chosen


def share_of(count: int, share: float) -> int:
    """Return how many of the ``count`` images of a domain make up a share: at least one, and not all."""
    return min(max(1, round(share * count)), count - 1)


def shown_rows(domain: np.ndarray, test: np.ndarray, count: int) -> np.ndarray:
    """Return at most ``count`` test images for pictures, of domains in turn, drawn at random and the same each time.

    ``domain`` is (N,), ``test`` (N,) bool; domains without test images are not shown.
    """
    random = rng(0, "shown")
    domains = random.permutation(np.unique(domain[test]))
    of_each = [random.permutation(np.flatnonzero(test & (domain == value))) for value in domains]
    turns = (rows[turn] for turn in range(count) for rows in of_each if turn < len(rows))
    return np.fromiter(itertools.islice(turns, count), np.int64)
