"""EfficientNet-Lite0 as encoder: weights pre-trained on ImageNet that come as a small package, so need no download.

Source: none; with ImageNet's labels it stands in for the MoCo-v2 ResNet-50 of Kahana & Hoshen 2022.
"""

from dataclasses import dataclass
from typing import Annotated, Literal

import torch
from torch import Tensor, nn

from disentangle.models.efficientnet_lite import EfficientNetLite0
from disentangle.models.initial import drawn_from

ARCHIVES = ()


@dataclass(frozen=True)
class Encoder:
    """``blocks``: how many of the network's seven stages are used; ``weights``: of ImageNet, or ``none``: random."""

    blocks: Annotated[int, ">= 1, <= 7"] = 7
    weights: Literal["none", "imagenet"] = "imagenet"

    def build(self, generator: torch.Generator, side: int, code: int) -> nn.Module:
        """Return the network from images (M, 3, side, side) to codes (M, code).

        What is not pre-trained is drawn from ``generator`` alone. Raises InputError where the weights' package is not
        installed.
        """
        network = EfficientNetLite0(generator, self.blocks, self.weights == "imagenet", "weights: none")
        return Pooled(network, network.stages[-1].width, generator, code)


class Pooled(nn.Module):
    """The last map of a network averaged over positions, then a linear layer."""

    def __init__(self, network: nn.Module, width: int, generator: torch.Generator, code: int) -> None:
        super().__init__()
        self.network = network
        with drawn_from(generator):
            self.code = nn.Linear(width, code)

    def forward(self, x: Tensor) -> Tensor:
        """Map images (M, 3, S, S) to codes (M, code)."""
        codes: Tensor = self.code(self.network(x)[-1].mean((2, 3)))
        return codes
