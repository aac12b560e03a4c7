"""Encoder and decoder of the weakly supervised methods.

Source: released code of Valenti & Bacciu 2022's predecessor: convolutions of size 4 and stride 2, LeakyReLU of slope
0.1, a fully connected layer, and the mirror image, without an activation at its end. Deviation: widths, the number of
convolutions and batch norm are free; initial weights are PyTorch's.
"""

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import nn

from disentangle.errors import InputError
from disentangle.models.initial import drawn_from

SLOPE = 0.1


def encoder(
    generator: torch.Generator,
    side: int,
    channels: int,
    size: int,
    widths: Sequence[int],
    hidden: int,
    batch_norm: bool,
) -> nn.Sequential:
    """Return a network from images (M, channels, side, side) to (M, size), drawn from ``generator`` alone.

    Raises InputError unless ``side`` can be halved as often as there are widths.
    """
    features = widths[-1] * _smallest(side, widths) ** 2
    layers: list[nn.Module] = []
    with drawn_from(generator):
        for inputs, outputs in pairwise((channels, *widths)):
            layers += [nn.Conv2d(inputs, outputs, 4, 2, 1), *_norm(batch_norm, outputs), nn.LeakyReLU(SLOPE, True)]
        layers += [nn.Flatten(), nn.Linear(features, hidden), nn.LeakyReLU(SLOPE, True), nn.Linear(hidden, size)]
    return nn.Sequential(*layers)


def decoder(
    generator: torch.Generator,
    side: int,
    channels: int,
    size: int,
    widths: Sequence[int],
    hidden: int,
    batch_norm: bool,
) -> nn.Sequential:
    """Return a network from codes (M, size) to the logits (M, channels, side, side) of pixels: the encoder mirrored."""
    start = _smallest(side, widths)
    layers: list[nn.Module] = []
    with drawn_from(generator):
        layers += [nn.Linear(size, hidden), nn.LeakyReLU(SLOPE, True)]
        layers += [nn.Linear(hidden, widths[-1] * start**2), nn.LeakyReLU(SLOPE, True)]
        layers.append(nn.Unflatten(1, (widths[-1], start, start)))
        for inputs, outputs in pairwise((*widths[::-1], channels)):
            layers += [nn.ConvTranspose2d(inputs, outputs, 4, 2, 1), *_norm(batch_norm, outputs)]
            layers.append(nn.LeakyReLU(SLOPE, True))
    return nn.Sequential(*layers[: -2 if batch_norm else -1])


def _smallest(side: int, widths: Sequence[int]) -> int:
    start = side >> len(widths)
    if not widths or start << len(widths) != side:
        raise InputError(f"model.widths: found {len(widths)} for a side of {side} pixels, which each of them halves.")
    return start


def _norm(batch_norm: bool, channels: int) -> list[nn.Module]:
    return [nn.BatchNorm2d(channels)] if batch_norm else []
