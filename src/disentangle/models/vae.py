"""Encoder and decoder of the six variational autoencoders, stacked.

Source: Locatello et al. 2019 (arXiv 1811.12359), appendix, table of the architecture; sizes and defaults that it leaves
open as in google-research/disentanglement_lib, ``architectures.py``: convolutions of size 4, 4, 2, 2 and stride 2,
every layer's padding "same", ReLU, kernels Glorot-uniform, biases zero.
Deviations: images may have another size than 64, which changes the fully connected layers alone, and layers other
widths than the published default. Features are flattened as (row, column, channel).
"""

from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor, unflatten

from disentangle.models.stacked import conv_k2, conv_k4, deconv_k4, glorot, layer, linear

KERNELS = (4, 4, 2, 2)
"""Sizes of the encoder's convolutions."""


@dataclass(frozen=True)
class VAE:
    """q(z | x) and p(x | z) for images (size, size, channels); ``size`` is a multiple of 16.

    ``conv`` holds the channels of the four convolutions; the decoder has them in reverse.
    """

    size: int
    channels: int
    latent: int = 10
    conv: tuple[int, int, int, int] = (32, 32, 64, 64)
    hidden: int = 256

    def initial(self, generator: torch.Generator) -> dict[str, Tensor]:
        """Return the parameters of one model, drawn from ``generator``."""
        side = self.size // 16
        weights: dict[str, Tensor] = {}
        features = side * side * self.conv[-1]
        for k, (size, outputs, inputs) in enumerate(zip(KERNELS, self.conv, (self.channels, *self.conv), strict=False)):
            weights |= glorot(f"encoder.conv{k}", (outputs, inputs, size, size), outputs, generator)
        weights |= glorot("encoder.fc", (self.hidden, features), self.hidden, generator)
        for head in ("mean", "logvar"):
            weights |= glorot(f"encoder.{head}", (self.latent, self.hidden), self.latent, generator)
        weights |= glorot("decoder.fc0", (self.hidden, self.latent), self.hidden, generator)
        weights |= glorot("decoder.fc1", (features, self.hidden), features, generator)
        back = (*self.conv[::-1], self.channels)
        for k, (inputs, outputs) in enumerate(pairwise(back)):
            weights |= glorot(f"decoder.deconv{k}", (inputs, outputs, 4, 4), outputs, generator)
        return weights

    def encode(self, weights: dict[str, Tensor], x: Tensor) -> tuple[Tensor, Tensor]:
        """Return mean and log-variance (M, B, latent) of q(z | x) for images (M, B, size, size, channels)."""
        for k, size in enumerate(KERNELS):
            conv = conv_k4 if size == 4 else conv_k2
            x = conv(x, *layer(weights, f"encoder.conv{k}"), torch.relu_)
        h = linear(x.flatten(2), *layer(weights, "encoder.fc"), torch.relu_)
        return linear(h, *layer(weights, "encoder.mean")), linear(h, *layer(weights, "encoder.logvar"))

    def decode(self, weights: dict[str, Tensor], z: Tensor) -> Tensor:
        """Return the logits (M, B, size, size, channels) of p(x | z) for codes (M, B, latent)."""
        h = linear(z, *layer(weights, "decoder.fc0"), torch.relu_)
        h = linear(h, *layer(weights, "decoder.fc1"), torch.relu_)
        x = unflatten(h, 2, (self.size // 16, self.size // 16, -1))
        for k in range(len(self.conv)):
            last = k == len(self.conv) - 1
            x = deconv_k4(x, *layer(weights, f"decoder.deconv{k}"), None if last else torch.relu_)
        return x
