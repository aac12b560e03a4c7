"""Grids of factors as images with a labelled domain: some of the factors make up the domain, the others attributes."""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

import numpy as np

from disentangle.data import grid
from disentangle.data.labelled import TEST_SHARE, Labelled, share_of, split_in_domains
from disentangle.errors import InputError


class GridByDomain:
    """All images of a grid; 90% of each domain, drawn at random, are trained on and fitted on, the rest tested on.

    A frozen dataclass of datasets/<name>.py extends it by the options of ``grid.GridDataset``. A label is made of one
    factor or of several, of which the last is the fastest; one of which ``every`` keeps a single value is no attribute.
    """

    factors: ClassVar[Mapping[str, int]]
    labels: ClassVar[Mapping[str, Sequence[str]]]
    """The factors of each label by its name; the first is the domain."""
    called: ClassVar[Mapping[str, Sequence[str]]] = {}
    """What the values of a factor are called, where not by their official numbers."""
    margins: ClassVar[Mapping[str, int]] = {}
    """Of labels that go round, as ``Labelled.margins``, in official steps."""
    image_size: int
    every: list[int]
    train_images: int = 0
    """How many images are drawn, of those that may be, to be trained on and fitted on; 0: all of them."""

    def __post_init__(self) -> None:
        sizes = grid.sizes_of(grid.kept(self.factors, grid.strides(self.every, self.factors)))
        domain = next(iter(self.labels))
        domains = math.prod(sizes[name] for name in self.labels[domain])
        if domains < 2:
            raise InputError(f"every: keeps {domains} {domain}; allowed: strides that keep 2 at least, as the domains.")
        each = math.prod(sizes.values()) // domains
        if each < 2:
            raise InputError(f"every: keeps {each} image of each {domain}; allowed: strides that keep 2 at least.")
        most = domains * (each - share_of(each, TEST_SHARE))
        if not 0 <= self.train_images <= most:
            raise InputError(f"train_images: found {self.train_images}; allowed: 0 (all) to {most}.")

    def generate(self, sources: Mapping[str, Any], stream: Callable[..., np.random.Generator]) -> Labelled:
        """Return the images of ``sources["images"]``; raises InputError for a source of other factors."""
        strides = grid.strides(self.every, self.factors)
        images = grid.reduced(sources["images"].load(stream("images"), strides), self.image_size).images
        kept = grid.kept(self.factors, strides)
        sizes = grid.sizes_of(kept)
        factors = dict(zip(sizes, grid.values_of(np.arange(len(images)), sizes).T, strict=True))
        domain, labels, values = next(iter(self.labels)), {}, {}
        for name, parts in self.labels.items():
            own = {part: sizes[part] for part in parts}
            if math.prod(own.values()) > 1:
                labels[name] = grid.index_of(np.stack([factors[part] for part in parts], axis=-1), own)
                names = [self._names(part, kept[part]) for part in parts]
                values[name] = tuple(
                    " ".join(words[k] for words, k in zip(names, index, strict=True))
                    for index in np.ndindex(*own.values())
                )
        test = split_in_domains(labels[domain], TEST_SHARE, stream("split"))
        train = ~test
        if self.train_images:
            train = np.isin(
                np.arange(len(test)), stream("train").choice(np.flatnonzero(~test), self.train_images, False)
            )
        margins = {name: steps // strides[name] for name, steps in self.margins.items() if name in labels}
        return Labelled(images, labels, values, domain, train, train, test, margins)

    def _names(self, factor: str, official: np.ndarray) -> list[str]:
        called = self.called.get(factor)
        return [called[value] if called else str(value) for value in official]
