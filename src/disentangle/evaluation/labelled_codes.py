"""Codes of images with a labelled domain, beside all that is known of the images."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from disentangle.evaluation.population import Population, Rows


@dataclass(frozen=True, kw_only=True)
class LabelledCodes(Population):
    """Unit codes of labelled images: a sample whose factors are the labels, parted as its dataset says."""

    domain: str
    """The name of the label that is the domain; all others are attributes."""
    fit: np.ndarray
    """(N,) bool: classifiers are fitted on it."""
    test: np.ndarray
    """(N,) bool: classifiers are tested on it, and neighbours are looked for of it."""
    sizes: Mapping[str, int]
    """How many values each label has."""
    margins: Mapping[str, int]
    """Of attributes that go round: by how many steps, either way, another value may differ and still match."""
    numbers: Mapping[str, np.ndarray]
    """Attributes (N, K) float32 that are no values but numbers."""

    @property
    def labels(self) -> dict[str, np.ndarray]:
        """The values (N,) of the domain and of each attribute."""
        return dict(zip(self.names, self.factors.T, strict=True))

    def split(self, rng: np.random.Generator) -> tuple[Rows, Rows]:  # noqa: ARG002
        """Return the pools of the images to fit on and of the images to test on."""
        return Rows(self, np.flatnonzero(self.fit)), Rows(self, np.flatnonzero(self.test))


def unit(codes: np.ndarray) -> np.ndarray:
    """Return codes (N, D), float64, divided by their L2 norms; a code of zeros stays what it is.

    Source: Kahana & Hoshen 2022, released code. Deviation: none.
    """
    codes = codes.astype(np.float64)
    with np.errstate(invalid="ignore"):  # of a model that diverged, codes may be infinite: they become nan
        norm = np.linalg.norm(codes, axis=1, keepdims=True)
        return codes / np.where(norm > 0, norm, 1)
