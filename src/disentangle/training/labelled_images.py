"""Labelled images on the device: one uint8 tensor, of which a batch is an index, drawn domain by domain."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from disentangle.streams import rng

BLOCK = 256
"""Steps whose samples are drawn, and brought to the device, at once."""


@dataclass(frozen=True)
class LabelledImages:
    """Training images (N, S, S, C) uint8 and their domains (N,) int64, on one device."""

    images: Tensor
    domain: Tensor

    def __len__(self) -> int:
        return len(self.images)


def seen(images: Tensor) -> Tensor:
    """Return (M, S, S, C) uint8 as (M, 3, S, S) float32 in [0, 1], channels last in memory; grey in all channels."""
    return (images.permute(0, 3, 1, 2) / 255).expand(-1, 3, -1, -1).contiguous(memory_format=torch.channels_last)


class DomainOrder:
    """The samples of each step: ``domains`` distinct ones, drawn uniformly, and of each the next ``each`` images.

    Each domain is walked in random order, and in another each time around, whatever domains come between; one of fewer
    than ``each`` images comes around within a batch. Source: Kahana & Hoshen 2022, released code. Deviation: none.
    It is drawn on the CPU, the same for every device, and depends on the seed and the step alone.
    """

    def __init__(self, domain: np.ndarray, domains: int, each: int, seed: int, device: torch.device) -> None:
        self._rows = [np.flatnonzero(domain == value) for value in np.unique(domain)]
        self._domains, self._each, self._seed, self._device = min(domains, len(self._rows)), each, seed, device
        self._visits = np.zeros(len(self._rows), np.int64)
        self._block, self._samples = -1, torch.empty(0)

    @property
    def groups(self) -> int:
        """How many domains a batch is of: all of them, where there are fewer than asked for."""
        return self._domains

    def index(self, step: int) -> Tensor:
        """Return the samples (groups * each,) int64 of a step, domain by domain; steps may not go back."""
        block, place = divmod(step, BLOCK)
        while self._block < block:
            self._block += 1
            chosen = self._chosen(self._block)
            if self._block == block:
                self._samples = torch.from_numpy(self._walked(chosen)).to(self._device, non_blocking=True)
            self._visits += np.bincount(chosen.ravel(), minlength=len(self._rows))
        found: Tensor = self._samples[place]
        return found

    def _chosen(self, block: int) -> np.ndarray:
        """Return the domains (BLOCK, groups) of the steps of a block."""
        keys = rng(self._seed, "domains", block).random((BLOCK, len(self._rows)))
        return np.argsort(keys, axis=1)[:, : self._domains]

    def _walked(self, chosen: np.ndarray) -> np.ndarray:
        """Return the samples (BLOCK, groups * each) of a block that comes after ``_visits``."""
        samples = np.empty((*chosen.shape, self._each), np.int64)
        for number, rows in enumerate(self._rows):
            places = np.argwhere(chosen == number)
            if len(places):
                start = self._visits[number] * self._each
                walk = self._walk(number, start, start + len(places) * self._each)
                samples[places[:, 0], places[:, 1]] = rows[walk].reshape(len(places), self._each)
        return samples.reshape(len(chosen), -1)

    def _walk(self, number: int, start: int, end: int) -> np.ndarray:
        """Return the places start..end of the endless walk over a domain, a permutation each time around."""
        count = len(self._rows[number])
        rounds = range(start // count, -(-end // count))
        walks = [rng(self._seed, "order", number, turn).permutation(count) for turn in rounds]
        return np.concatenate(walks)[start - rounds[0] * count : end - rounds[0] * count]
