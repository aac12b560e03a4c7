"""A generated dataset as one of PyTorch: images and factors, a row an item, whatever kind it is of."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from disentangle import registry
from disentangle.data import dataset_files
from disentangle.data.grid import values_of


class Content(NamedTuple):
    """What a dataset of one kind holds."""

    images: Sequence[np.ndarray]
    """Arrays (n, ..., S, S, C) uint8, one below another, memory-mapped; packed (n, S S C / 8) if they are binary."""
    factors: Mapping[str, np.ndarray]
    """Values (N, ...) int64 by name."""
    sizes: Mapping[str, int]
    """How many values each has."""
    words: Mapping[str, tuple[str, ...]] = {}
    """What the values are called, of factors whose values have names."""
    uses: Mapping[str, np.ndarray] = {}
    """Rows (n,) by what they are for, where the dataset says so."""
    binary: bool = False


class TorchDataset(Dataset[tuple[Tensor, Tensor]]):
    """Item n is an image (S, S, C) uint8 and its factors (K,) int64; of view pairs (2, S, S, C) and (2, K).

    An index may be a slice or an array as well: then both begin with a dimension more. ``encode`` of a model takes such
    images. Factors are all that are known, nuisances and, of labelled images, the domain among them.
    """

    def __init__(self, folder: Path) -> None:
        """``folder`` is that of a generated dataset; raises InputError where a file of it is missing or damaged."""
        self.manifest = dataset_files.read_manifest(folder)
        self.kind: str = registry.constant("datasets", self.manifest["definition"]["generator"], "DATA")
        found = KINDS[self.kind](folder)
        self.shape = dataset_files.read_shape(folder)
        self.names, self.sizes, self.words, self.uses = (*found.factors,), found.sizes, found.words, found.uses
        self.factors = np.stack([*found.factors.values()], axis=-1)
        self._images, self._binary, self._rows = found.images, found.binary, np.arange(len(self.factors))

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, index: Any) -> tuple[Tensor, Tensor]:
        rows = self._rows[index]
        images, start = np.empty((rows.size, *self._images[0].shape[1:]), np.uint8), 0
        for part in self._images:
            own = (rows.ravel() >= start) & (rows.ravel() < start + len(part))
            images[own] = part[rows.ravel()[own] - start]
            start += len(part)
        if self._binary:
            images = (np.unpackbits(images, axis=1) * np.uint8(255)).reshape(-1, *self.shape)
        return torch.from_numpy(images.reshape(*rows.shape, *images.shape[1:])), torch.tensor(self.factors[rows])


def _grid(folder: Path) -> Content:
    grid = dataset_files.read_grid(folder)
    rows = np.arange(len(grid["images"]))
    factors = dict(zip(grid["sizes"], values_of(rows, grid["sizes"]).T, strict=True))
    return Content([grid["images"]], factors, grid["sizes"], binary=grid["binary"])


def _pairs(folder: Path) -> Content:
    """Return train and test pairs, one below the other; ``digit`` and ``background`` count the instances of a split."""
    splits = {name: dataset_files.read(folder, name) for name in dataset_files.SPLITS}
    starts = np.cumsum([0, *(len(split.images) for split in splits.values())])
    uses = {name: np.arange(*ends) for name, *ends in zip(splits, starts, starts[1:], strict=False)}
    names = next(iter(splits.values())).factors
    whole = {name: np.concatenate([split.factors[name] for split in splits.values()]) for name in names}
    # Views of a pair share one label.
    factors = {name: own if own.ndim == 2 else np.stack([own, own], axis=1) for name, own in whole.items()}
    sizes = {name: int(own.max()) + 1 for name, own in factors.items()}
    return Content([split.images for split in splits.values()], factors, sizes)._replace(uses=uses)


def _labelled(folder: Path) -> Content:
    found = dataset_files.read_labelled(folder)
    sizes = {name: len(words) for name, words in found["values"].items()}
    uses = {use: np.flatnonzero(found[use]) for use in dataset_files.USES}
    return Content([found["images"]], found["labels"], sizes, found["values"], uses)


KINDS: dict[str, Callable[[Path], Content]] = {
    "a grid of factors": _grid,
    "view pairs": _pairs,
    "labelled images": _labelled,
}
"""By DATA of the generator's file."""
