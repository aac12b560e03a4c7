"""Edits of codes or of images: what a relation wanted of each told factor, and what was told afterwards."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from disentangle.data.relations import Relation


@dataclass(frozen=True)
class Edits:
    """E edits by each of R relations, each of one of the K told factors; values are 0-based, (R, E, K) int64."""

    sizes: Mapping[str, int]
    """How many values each told factor has, in order."""
    relations: tuple[str, ...]
    factor: np.ndarray
    """(R,): the place of the factor that a relation changes."""
    start: np.ndarray
    wanted: np.ndarray
    told: np.ndarray
    """What is read, by whatever reads it, where ``wanted`` should be."""
    numbers: Mapping[str, np.ndarray] = field(default_factory=dict)
    """Pixel errors (R, E) by what is compared with the image wanted: ``edited``, ``still`` and ``rebuilt``; or none."""

    @classmethod
    def of(
        cls,
        relations: Sequence[Relation],
        sizes: Mapping[str, int],
        start: np.ndarray,
        told: np.ndarray,
        numbers: Mapping[str, np.ndarray],
    ) -> "Edits":
        """Return the edits of values ``start`` (R, E, K): a relation wants its target of its factor, the others kept.

        wanted_k = target(start_k) of the factor k of a relation, and start_k of the others.
        """
        wanted = start.copy()
        for values, relation in zip(wanted, relations, strict=True):
            values[:, relation.factor] = np.array(relation.target)[values[:, relation.factor]]
        factor = np.array([relation.factor for relation in relations], np.int64)
        return cls(sizes, tuple(relation.name for relation in relations), factor, start, wanted, told, numbers)

    @property
    def finite(self) -> bool:
        """Whether what was edited can be scored: the pixels of a broken model are no numbers."""
        return all(bool(np.isfinite(part).all()) for part in self.numbers.values())

    def changed(self, values: np.ndarray) -> np.ndarray:
        """Return, (R, E), what values (R, E, K) say of the factor that each relation changes."""
        found: np.ndarray = values[np.arange(len(self.factor)), :, self.factor]
        return found
