"""Posteriors of a whole grid: what a trained variational autoencoder makes of every image."""

import numpy as np
import torch
from torch import Tensor

from disentangle.data.grid import Seen
from disentangle.models.vae import VAE
from disentangle.training.packed import PackedGrid

CHUNK = 256
"""Images encoded at a time: few enough to stay in a processor's cache."""


@torch.inference_mode()
def encode(
    model: VAE, weights: dict[str, Tensor], grid: PackedGrid, observation: Seen, seed: int
) -> dict[str, np.ndarray]:
    """Return ``mean`` and ``logvar`` (N, D) float32 of q(z | x) for one observation x of every image of a grid.

    ``weights`` are those of one cell. Observations that are random are made with numbers drawn from ``seed`` in the
    order of the grid, on the CPU, so that all cells see the same, whatever device encodes them.
    """
    device, count = grid.images.device, len(grid)
    stacked = {name: tensor[None].to(device) for name, tensor in weights.items()}
    generator = torch.Generator().manual_seed(seed)
    noise, uniform = observation.noise_shape(grid.shape), None
    found: dict[str, list[Tensor]] = {"mean": [], "logvar": []}
    for start in range(0, count, CHUNK):
        index = torch.arange(start, min(start + CHUNK, count), device=device)
        if noise is not None:
            uniform = torch.rand(len(index), *noise, generator=generator).to(device)
        x = observation.observe(grid.batch(index), uniform, grid.shared)
        for part, values in zip(found.values(), model.encode(stacked, x[None]), strict=True):
            part.append(values[0].cpu())
    return {name: torch.cat(parts).numpy() for name, parts in found.items()}
