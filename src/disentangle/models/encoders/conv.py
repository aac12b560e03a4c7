"""A small convolutional encoder, trained from scratch: what a minute on one core can train.

Source: none; it stands in for the pre-trained ResNet-50 of Kahana & Hoshen 2022.
"""

from dataclasses import dataclass
from itertools import pairwise
from typing import Annotated

import torch
from torch import nn

from disentangle.errors import InputError
from disentangle.models.initial import drawn_from

ARCHIVES = ()


@dataclass(frozen=True)
class Encoder:
    """A 4x4 convolution of stride 2, batch norm and LeakyReLU a width, then two fully connected layers."""

    widths: Annotated[list[int], ">= 1, <= 16384, len >= 1, len <= 6"] = (16, 32, 32)  # type: ignore[assignment]
    hidden: Annotated[int, ">= 1, <= 65536"] = 256

    def build(self, generator: torch.Generator, side: int, code: int) -> nn.Module:
        """Return the network from images (M, 3, side, side) to codes (M, code), drawn from ``generator`` alone.

        Raises InputError unless ``side`` can be halved as often as there are widths.
        """
        if not self.widths or side % 2 ** len(self.widths):
            raise InputError(
                f"encoder 'conv': widths {[*self.widths]} halve a side of {side} pixels {len(self.widths)} times; "
                f"allowed: one to {(side & -side).bit_length() - 1} widths."
            )
        layers: list[nn.Module] = []
        with drawn_from(generator):
            for inputs, outputs in pairwise((3, *self.widths)):
                convolution = nn.Conv2d(inputs, outputs, kernel_size=4, stride=2, padding=1, bias=False)
                layers += [convolution, nn.BatchNorm2d(outputs), nn.LeakyReLU(0.2, inplace=True)]
            features = self.widths[-1] * (side // 2 ** len(self.widths)) ** 2
            layers += [nn.Flatten(), nn.Linear(features, self.hidden), nn.LeakyReLU(0.2, inplace=True)]
            layers.append(nn.Linear(self.hidden, code))
        return nn.Sequential(*layers)
