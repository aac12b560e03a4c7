"""Perceptual distances as frozen modules."""

from collections.abc import Callable, Sequence
from typing import Self

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from disentangle.losses.image_distance import feature_l1

REFERENCES, SIDE, PATCHES = 16, 32, 4
"""Pictures on which activations are measured: how many, their side, and the side of their random patches."""


class PixelDistance(nn.Module):
    """A distance that needs no network."""

    def __init__(self, distance: Callable[[Tensor, Tensor], Tensor]) -> None:
        super().__init__()
        self.distance = distance

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        """Return the distance of each image, (M,), for images (M, 3, S, S) in [0, 1]."""
        return self.distance(x, y)


class FeatureDistance(nn.Module):
    """L1 of pixels and of a frozen network's maps, each divided by its scale; always in evaluation mode."""

    def __init__(self, network: nn.Module, scales: Sequence[float]) -> None:
        super().__init__()
        self.network = network.requires_grad_(False)
        self.scales = scales
        self.train()

    def train(self, mode: bool = True) -> Self:  # noqa: ARG002
        """Stay in evaluation mode."""
        return super().train(False)

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        """Return the distance of each image, (M,), for images (M, 3, S, S) in [0, 1]."""
        # One pass each: where y needs no gradient, nothing of its pass is kept.
        return feature_l1(x, y, self.network(x), self.network(y), self.scales)


def mean_activations(network: nn.Module) -> list[float]:
    """Return the mean absolute value of each of a network's maps over fixed pictures of blurred random colours."""
    patches = torch.rand(REFERENCES, 3, PATCHES, PATCHES, generator=torch.Generator().manual_seed(0))
    pictures = F.interpolate(patches, size=(SIDE, SIDE), mode="bilinear")
    with torch.no_grad():
        return [float(found.abs().mean()) for found in network.eval()(pictures)]
