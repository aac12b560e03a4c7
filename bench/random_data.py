"""Datasets of random images on disk, of the form that params.yaml gives them, where no official file is at hand."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from disentangle import registry
from disentangle.data import dataset_files
from disentangle.data.factors import DSPRITES, SMALLNORB
from disentangle.data.grid import Every, Grid, kept, sizes_of
from disentangle.data.labelled import Labelled, Pictures
from disentangle.data.views import Views
from disentangle.errors import InputError
from disentangle.streams import rng

IMAGES = 2**15
"""At most: of these no batch is a large part, and they are written in a second."""
PAIRS = 2**12
DOMAINS = {"edges2shoes": 2}
"""Of pictures that are of few domains: photographs and edge maps."""
MANY = 64


class TooManyError(Exception):
    """A grid has more images than are to be drawn."""


@dataclass(frozen=True)
class RandomGrid:
    """A source of grids of given factors: sprites of two values, or bytes."""

    factors: Mapping[str, int]

    def load(self, generator: np.random.Generator, every: Every) -> Grid:
        """Return random images of 64 pixels of the sub-grid that ``every`` keeps; raises TooManyError."""
        sizes, binary = sizes_of(kept(self.factors, every)), self.factors == DSPRITES
        shape, count = (64, 64, 1 if binary or self.factors == SMALLNORB else 3), math.prod(sizes.values())
        if count > IMAGES:
            raise TooManyError
        stored = (math.prod(shape) // 8,) if binary else shape
        return Grid(generator.integers(256, size=(count, *stored), dtype=np.uint8), sizes, shape, binary)


@dataclass(frozen=True)
class RandomPicture:
    """A source of one picture."""

    def load(self, generator: np.random.Generator) -> np.ndarray:
        """Return it, (400, 400, 3) uint8."""
        return generator.integers(256, size=(400, 400, 3), dtype=np.uint8)


@dataclass(frozen=True)
class RandomPictures:
    """A source of pictures of some domains."""

    domains: int

    def load(self, generator: np.random.Generator) -> Pictures:
        """Return PAIRS pictures, every second one to be tested on."""
        rows = np.arange(PAIRS)
        images = generator.integers(256, size=(PAIRS, 64, 64, 3), dtype=np.uint8)
        domain = [str(row % self.domains) for row in rows]
        return Pictures(images, {"domain": domain, "attribute": ["a", "b"] * (PAIRS // 2)}, "domain", rows % 2 > 0)


def form(definition: Mapping[str, Any]) -> str:
    """Return what of a dataset's form a batch depends on: view pairs, or images of few or of many domains."""
    generator = definition["generator"]
    if registry.constant("datasets", generator, "DATA") == "view pairs":
        return "pairs"
    return f"{DOMAINS.get(generator, MANY)} domains"


def write(folder: Path, definition: Mapping[str, Any]) -> None:
    """Write a dataset as ``Params.dataset`` defines it, but of random images, and of few: a grid is thinned out.

    Of view pairs there are 10 values a factor; of pictures, labels are made up.
    """
    manifest = {"dataset": folder.name, "definition": definition}
    if form(definition) == "pairs":
        pairs = _pairs(definition["options"])
        dataset_files.write(folder, dict.fromkeys(dataset_files.SPLITS, pairs), manifest)
    elif isinstance(found := _thinned(definition), Labelled):
        dataset_files.write_labelled(folder, vars(found), manifest)
    else:
        dataset_files.write_grid(folder, vars(found), manifest)


def _pairs(options: Mapping[str, Any]) -> Views:
    draw, side = rng(0, "pairs"), options["image_size"]
    held = {name: draw.integers(10, size=PAIRS) for name in options["held"]}
    joint = sum(10**place * values for place, values in enumerate(held.values()))
    factors = {name: np.stack([values, values], 1) for name, values in held.items()}
    return Views(draw.integers(256, size=(PAIRS, 2, side, side, 3), dtype=np.uint8), {**factors, "joint": joint})


def _thinned(definition: Mapping[str, Any]) -> Any:
    """Return what a dataset makes of random sources, every second value of the longest axis left out until few are."""
    options = {**definition["options"]}
    if "train_images" in options:
        options["train_images"] = 0
    dataset = registry.build("datasets", definition["generator"], options)
    if not hasattr(dataset, "factors"):
        pictures = RandomPictures(DOMAINS.get(definition["generator"], MANY))
        return dataset.generate({"images": pictures}, lambda *purpose: rng(0, *purpose))
    every, factors = [*dataset.every], [*dataset.factors.values()]
    # Where not every factor has a stride, those that have are nuisances, of which none matters more than another.
    left = factors if len(every) == len(factors) else [2**10] * len(every)
    while True:
        try:
            given = {"images": RandomGrid(dataset.factors), "painting": RandomPicture()}
            return dataset.generate(given, lambda *purpose: rng(0, *purpose))
        except TooManyError:
            axis = max(range(len(every)), key=lambda axis: (left[axis] / every[axis], axis))
            try:
                thinner = [2 * stride if k == axis else stride for k, stride in enumerate(every)]
                dataset = registry.build("datasets", definition["generator"], {**options, "every": thinner})
                every = thinner
            except InputError:
                left = [0 if k == axis else size for k, size in enumerate(left)]
