"""Images with a labelled domain: what a generator makes, a dataset on disk holds, and class-supervised methods read."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from disentangle.errors import InputError

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


def split_in_domains(domain: np.ndarray, share: float, rng: np.random.Generator) -> np.ndarray:
    """Return, (N,) bool, a random share of the images of each domain (N,), at least one of each of several."""
    chosen = np.zeros(len(domain), bool)
    for value in np.unique(domain):
        rows = np.flatnonzero(domain == value)
        count = min(max(1, round(share * len(rows))), len(rows) - 1)
        chosen[rng.choice(rows, count, replace=False)] = True
    return chosen
