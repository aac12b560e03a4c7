"""Generators of images from a code and the embedding of a domain, which sets the statistics of every channel (AdaIN).

Source of ``lord``: Gabbay & Hoshen 2020 (LORD, arXiv 1906.11796) as Kahana & Hoshen 2022 use it (supplement;
model/modules.py of the authors' code). Deviation: none. ``light`` is made for a minute on one core.
"""

from collections.abc import Callable
from itertools import pairwise
from typing import NamedTuple

import torch
from torch import Tensor, nn

from disentangle.errors import InputError, did_you_mean
from disentangle.models.initial import drawn_from

EPSILON = 1e-5


def adain(h: Tensor, scale: Tensor, bias: Tensor) -> Tensor:
    """Return adaptive instance normalisation: each channel of each image gets the statistics that it is told.

    scale (h - mean) / sqrt(var + 1e-5) + bias, mean and variance over positions

    Shapes: h (M, C, H, W), scale and bias (M, C). Source: Huang & Belongie 2017 (arXiv 1703.06868), Eq. 8. Deviation:
    1e-5 is added to the variance, as the authors' code does.
    """
    centred = h - h.mean((2, 3), keepdim=True)
    var = centred.square().mean((2, 3), keepdim=True)
    return centred * (scale[:, :, None, None] * torch.rsqrt(var + EPSILON)) + bias[:, :, None, None]


class AdaIN(nn.Module):
    """``adain`` with scale and bias from a linear layer of the domain's embedding."""

    def __init__(self, width: int, domain_dim: int) -> None:
        super().__init__()
        self.linear = nn.Linear(domain_dim, 2 * width)

    def forward(self, h: Tensor, domain: Tensor) -> Tensor:
        """Map (M, width, H, W) and embeddings (M, domain_dim) to (M, width, H, W)."""
        scale, bias = self.linear(domain).chunk(2, dim=1)
        return adain(h, scale, bias)


class Form(NamedTuple):
    """Fully connected widths, the side of the map that they fill, what doubles it, its width each time, and the end."""

    fc: tuple[int, ...]
    side: int
    blocks: list[nn.Module]
    widths: list[int]
    end: nn.Module


def _lord(side: int, channels: int) -> Form:
    start, width = side // 16, 256
    blocks: list[nn.Module] = [
        nn.Sequential(nn.Upsample(scale_factor=2), nn.Conv2d(width, width, 3, padding=1), nn.LeakyReLU())
        for _ in range(4)
    ]
    end = nn.Sequential(
        nn.Conv2d(width, 64, 5, padding=2), nn.LeakyReLU(), nn.Conv2d(64, channels, 7, padding=3), nn.Sigmoid()
    )
    fc = (start**2 * width // 8, start**2 * width // 4, start**2 * width)
    return Form(fc, start, blocks, [width] * 4, end)


def _light(side: int, channels: int) -> Form:
    start = 4
    doublings = (side // start).bit_length() - 1
    widths = [64] * (doublings - 2) + [32]
    blocks: list[nn.Module] = [
        nn.Sequential(nn.ConvTranspose2d(inputs, outputs, 4, stride=2, padding=1), nn.LeakyReLU())
        for inputs, outputs in pairwise([64, *widths])
    ]
    end = nn.Sequential(nn.ConvTranspose2d(widths[-1], channels, 4, stride=2, padding=1), nn.Sigmoid())
    return Form((256, start**2 * 64), start, blocks, widths, end)


FORMS: dict[str, Callable[[int, int], Form]] = {"lord": _lord, "light": _light}


class AdaINGenerator(nn.Module):
    """G(z, e): images from codes (M, code) and embeddings of their domains (M, domain_dim).

    ``lord``: LeakyReLU after each of three fully connected layers, then four times [double the resolution, 3x3
    convolution of 256, LeakyReLU, AdaIN], a 5x5 convolution of 64, LeakyReLU, a 7x7 convolution, sigmoid.
    ``light``: two fully connected layers, then 4x4 transposed convolutions of stride 2 with LeakyReLU and AdaIN after
    each but the last, sigmoid. Weights are drawn from ``generator`` alone. ``side`` is a power of 2.
    Raises InputError for an unknown form or another side.
    """

    def __init__(
        self, generator: torch.Generator, code: int, domain_dim: int, side: int, channels: int = 3, form: str = "lord"
    ) -> None:
        super().__init__()
        if form not in FORMS:
            raise InputError(f"unknown form of the generator '{form}': {did_you_mean(form, FORMS)}")
        if side < 16 or side & (side - 1):
            raise InputError(f"the generator's images: found a side of {side} pixels; allowed: a power of 2 from 16.")
        with drawn_from(generator):
            fc, self.start, blocks, widths, self.end = FORMS[form](side, channels)
            linear = (nn.Linear(inputs, outputs) for inputs, outputs in pairwise((code, *fc)))
            self.fc = nn.Sequential(*(nn.Sequential(layer, nn.LeakyReLU()) for layer in linear))
            self.blocks = nn.ModuleList(blocks)
            self.norms = nn.ModuleList(AdaIN(width, domain_dim) for width in widths)

    def forward(self, z: Tensor, domain: Tensor) -> Tensor:
        """Return images (M, channels, side, side) in [0, 1]."""
        h = self.fc(z).unflatten(1, (-1, self.start, self.start)).contiguous(memory_format=torch.channels_last)
        for block, norm in zip(self.blocks, self.norms, strict=True):
            h = norm(block(h), domain)
        images: Tensor = self.end(h)
        return images
