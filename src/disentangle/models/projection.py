"""The projection head between a representation and the contrastive loss.

Source: a reading of Burns et al. 2021, section 2, which does not state it, after the SupCon code of three of its
authors (google-research, supcon/projection_head.py): one hidden layer, no bias on the output.
"""

import torch
from torch import Tensor, nn

from disentangle.losses.contrastive import unit


class ProjectionHead(nn.Module):
    """Linear, ReLU, Linear without bias, optionally a batch norm without scale and shift; then unit length.

    ``init_std``: standard deviation of normal weights with zero biases; None for PyTorch's default, uniform within
    1 / sqrt(fan_in). Weights are drawn from ``generator`` alone.
    """

    def __init__(
        self,
        generator: torch.Generator,
        in_dim: int,
        hidden_dim: int,
        out_dim: int,
        batch_norm_output: bool = False,
        init_std: float | None = 0.01,
    ) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            _linear(in_dim, hidden_dim, True, init_std, generator),
            nn.ReLU(inplace=True),
            _linear(hidden_dim, out_dim, False, init_std, generator),
        )
        if batch_norm_output:
            self.layers.append(nn.BatchNorm1d(out_dim, affine=False))

    def forward(self, r: Tensor) -> Tensor:
        """Map (N, in_dim) to unit vectors (N, out_dim), in fp32 or better."""
        return unit(self.layers(r))


def _linear(in_dim: int, out_dim: int, bias: bool, std: float | None, generator: torch.Generator) -> nn.Linear:
    with torch.random.fork_rng(devices=[]):  # the constructor draws weights from the global stream
        linear = nn.Linear(in_dim, out_dim, bias)
    if std is None:
        bound = in_dim**-0.5
        for parameter in linear.parameters():
            nn.init.uniform_(parameter, -bound, bound, generator=generator)
        return linear
    nn.init.normal_(linear.weight, std=std, generator=generator)
    if bias:
        nn.init.zeros_(linear.bias)
    return linear
