"""Perceptrons of one shape side by side, a matrix product a layer for all of them: one for each partition of a code."""

import math
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "relu": torch.relu,
    "tanh": torch.tanh,
    "leaky_relu": lambda x: F.leaky_relu(x, 0.1),
}


class Perceptrons(nn.Module):
    """Map (M, P, inputs) to (M, P, outputs) by P networks, each of ``layers`` hidden layers of ``hidden`` units.

    Weights are drawn from ``generator`` as ``torch.nn.Linear`` draws its own: U(-1, 1) / sqrt(inputs).
    """

    def __init__(
        self,
        generator: torch.Generator,
        parts: int,
        inputs: int,
        outputs: int,
        layers: int,
        hidden: int,
        activation: str = "relu",
    ) -> None:
        super().__init__()
        self._activation = ACTIVATIONS[activation]
        self.weights, self.biases = nn.ParameterList(), nn.ParameterList()
        for fan_in, fan_out in pairwise([inputs, *[hidden] * layers, outputs]):
            bound = 1 / math.sqrt(fan_in)
            for kept, shape in ((self.weights, (parts, fan_in, fan_out)), (self.biases, (parts, 1, fan_out))):
                kept.append(nn.Parameter(torch.empty(shape).uniform_(-bound, bound, generator=generator)))

    def forward(self, x: Tensor) -> Tensor:
        """Return the outputs."""
        h: Any = x.transpose(0, 1)
        for place, (weight, bias) in enumerate(zip(self.weights, self.biases, strict=True)):
            h = torch.baddbmm(bias, self._activation(h) if place else h, weight)
        found: Tensor = h.transpose(0, 1)
        return found
