"""A plain convolutional decoder, as DCGAN's: a fully connected layer, then transposed convolutions.

Source: Radford et al. 2016 (arXiv 1511.06434), as in Denton & Birodkar 2017. Deviation: widths are free, initial
weights are PyTorch's, and the end is a sigmoid, as images are in [0, 1].
"""

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import nn

from disentangle.errors import InputError
from disentangle.models.initial import drawn_from

SLOPE = 0.2


class Decoder(nn.Sequential):
    """Map codes (M, size) to images (M, channels, side, side) in [0, 1].

    ``widths`` are the channels that each transposed convolution, of size 4 and stride 2, is given. Weights are drawn
    from ``generator`` alone. Raises InputError unless ``side`` can be halved as often as there are widths.
    """

    def __init__(self, generator: torch.Generator, size: int, side: int, channels: int, widths: Sequence[int]) -> None:
        start = side >> len(widths)
        if not widths or start << len(widths) != side:
            raise InputError(f"the decoder's widths: found {len(widths)} for a side of {side}, which they must halve.")
        with drawn_from(generator):
            full = nn.Linear(size, widths[0] * start**2), nn.Unflatten(1, (widths[0], start, start))
            layers: list[nn.Module] = [*full, nn.BatchNorm2d(widths[0]), nn.LeakyReLU(SLOPE)]
            for inputs, outputs in pairwise([*widths, channels]):
                layers += [nn.ConvTranspose2d(inputs, outputs, 4, 2, 1), nn.BatchNorm2d(outputs), nn.LeakyReLU(SLOPE)]
        super().__init__(*layers[:-2], nn.Sigmoid())
