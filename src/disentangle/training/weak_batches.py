"""The batches of weakly supervised trainings: images without labels, labelled ones, and partners that share factors."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from disentangle.data.grid import index_of, values_of
from disentangle.errors import InputError
from disentangle.losses.weak_batch import Given, WeakBatch, WeaklySupervised
from disentangle.streams import rng
from disentangle.training.batches import Order
from disentangle.training.packed import PackedGrid

BLOCK = 256
"""Steps whose labelled images are drawn at once."""
CHUNK = 256
"""Images handed on at a time where all of some are wanted."""
TRIES = 20
"""How often a partner is drawn anew that no training may see; after that, an image is its own."""


@dataclass(frozen=True)
class WeakImages:
    """A grid on the device, and what is known of its images."""

    grid: PackedGrid
    sizes: Mapping[str, int]
    """Of all factors of the grid."""
    names: tuple[str, ...]
    """Of the told factors."""
    told: Tensor
    """(N, K) int64: their values, on the device."""
    test: np.ndarray
    """(N,) bool: no training sees these."""

    def seen(self, rows: Tensor) -> Tensor:
        """Return images (M, C, S, S) in [0, 1], channels last in memory."""
        return self.grid.batch(rows).permute(0, 3, 1, 2)

    def chunks(self, rows: np.ndarray) -> Given:
        """Return the images of rows (m,) with their values, part by part."""
        parts = (torch.from_numpy(rows[start : start + CHUNK]) for start in range(0, len(rows), CHUNK))
        return [(self.seen(part), self.told[part]) for part in (part.to(self.told.device) for part in parts)]


class WeakBatches:
    """As phase_step.Batches: ``batch`` images, as many of the ``labelled`` ones as training says, and partners."""

    purposes: Sequence[str] = ("noise", "prior", "relation")

    def __init__(
        self, config: Mapping[str, Any], images: WeakImages, objective: WeaklySupervised, labelled: np.ndarray
    ) -> None:
        training = config["training"]
        self._images, self._labelled, self._changed = images, labelled, objective.changed
        self._batch, self._given = training["batch"], training["labelled"]
        self._seed, self._lam = config["cell"]["seed"], config["cell"]["lam"]
        self.device = images.told.device
        factors = sum(size > 1 for size in images.sizes.values())
        if self._changed is not None and self._changed > factors:
            raise InputError(f"changed: found {self._changed}; allowed: 0 to {factors}, the factors that vary.")
        self._rows = np.flatnonzero(~images.test)
        self._order = Order(len(self._rows), self._batch, self._seed)
        self._block, self._drawn = -1, np.empty(0, np.int64)
        self.samples = self._batch + self._given + (self._batch if self._changed is not None else 0)

    def index(self, step: int) -> Tensor:
        """Return the rows (samples,) int64 of a step: images without labels, labelled ones, partners."""
        rows = self._rows[self._order.index(step).numpy()]
        block, place = divmod(step, BLOCK)
        if block != self._block:
            size = BLOCK, self._given
            self._block = block
            self._drawn = rng(self._seed, "labelled", block).choice(self._labelled, size)
        parts = [rows, self._drawn[place]]
        if self._changed is not None:
            parts.append(partners(rows, self._images, self._changed, rng(self._seed, "partners", step)))
        return torch.from_numpy(np.concatenate(parts)).to(self.device, non_blocking=True)

    def at(self, index: Tensor, generators: Mapping[str, torch.Generator]) -> WeakBatch:
        """Return the images of a step."""
        x, labelled, partner = self._images.seen(index).tensor_split([self._batch, self._batch + self._given])
        row, labelled_row = index[: self._batch], index[self._batch : self._batch + self._given]
        values = self._images.told.index_select(0, labelled_row)
        return WeakBatch(x, row, labelled, labelled_row, values, partner, self._lam, generators)

    def given(self) -> Given:
        """Return all labelled images with their values."""
        return self._images.chunks(self._labelled)


def labelled_rows(images: WeakImages, count: int, balanced: bool, seed: int) -> np.ndarray:
    """Return ``count`` rows (n,), drawn at random, of images that are trained on; more labels are the same and others.

    ``balanced``: every combination of told values has as many, or one more than another.
    """
    random = rng(seed, "labels")
    rows = random.permutation(np.flatnonzero(~images.test))
    if balanced:
        _, combination = np.unique(images.told.cpu().numpy()[rows], axis=0, return_inverse=True)
        sorted_by = np.argsort(combination, kind="stable")
        starts = np.searchsorted(combination[sorted_by], combination[sorted_by])
        rank = np.empty(len(rows), np.int64)
        rank[sorted_by] = np.arange(len(rows)) - starts
        rows = rows[np.argsort(rank, kind="stable")]
    return rows[:count]


def partners(rows: np.ndarray, images: WeakImages, changed: int, random: np.random.Generator) -> np.ndarray:
    """Return rows (B,) of images that differ from those of ``rows`` in some factors, drawn uniformly, nuisances too.

    They are ``changed`` factors, 0: of each pair, a number of them drawn from 1 to all but one. A new value is drawn
    uniformly, and may be the old one. Source: Locatello et al. 2020 (arXiv 2002.02886), section 5; released code.
    """
    sizes = np.array([*images.sizes.values()])
    places = np.flatnonzero(sizes > 1)
    found, waiting = rows.copy(), np.arange(len(rows))
    for _ in range(TRIES):
        values = values_of(rows[waiting], images.sizes)
        most = len(places) if changed else len(places) - 1
        count = np.full(len(waiting), changed) if changed else random.integers(1, max(most, 1) + 1, len(waiting))
        rank = random.random((len(waiting), len(places))).argsort(1).argsort(1)
        drawn = (random.random((len(waiting), len(places))) * sizes[places]).astype(np.int64)
        values[:, places] = np.where(rank < count[:, None], drawn, values[:, places])
        new = index_of(values, images.sizes)
        seen = ~images.test[new]
        found[waiting[seen]] = new[seen]
        waiting = waiting[~seen]
        if not len(waiting):
            break
    return found
