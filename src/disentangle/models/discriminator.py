"""The discriminator of FactorVAE, stacked: it tells codes from those whose elements come from different samples.

Source: Kim & Mnih 2018 (arXiv 1802.05983), appendix B: six fully connected layers of 1000, leaky ReLU of slope 0.2, two
logits. Kernels Glorot-uniform, biases zero, as in google-research/disentanglement_lib. Deviation: none.
"""

from dataclasses import dataclass
from functools import partial
from itertools import pairwise

import torch
from torch import Tensor
from torch.nn.functional import leaky_relu_

from disentangle.models.stacked import glorot, layer, linear

SLOPE = 0.2


@dataclass(frozen=True)
class Discriminator:
    """A multilayer perceptron of ``layers`` hidden layers of ``hidden`` units each."""

    latent: int = 10
    layers: int = 6
    hidden: int = 1000

    def initial(self, generator: torch.Generator) -> dict[str, Tensor]:
        """Return the parameters of one model, drawn from ``generator``."""
        weights: dict[str, Tensor] = {}
        for k, (inputs, outputs) in enumerate(pairwise([self.latent, *[self.hidden] * self.layers, 2])):
            weights |= glorot(f"fc{k}", (outputs, inputs), outputs, generator)
        return weights

    def logits(self, weights: dict[str, Tensor], z: Tensor) -> Tensor:
        """Return the logits (M, B, 2) of "real" and "permuted" for codes (M, B, latent)."""
        for k in range(self.layers):
            z = linear(z, *layer(weights, f"fc{k}"), partial(leaky_relu_, negative_slope=SLOPE))
        return linear(z, *layer(weights, f"fc{self.layers}"))
