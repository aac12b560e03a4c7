"""Posteriors of a whole grid: what trained variational autoencoders make of every image."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from disentangle.data.grid import Seen
from disentangle.models.stacked import stack
from disentangle.models.vae import VAE
from disentangle.training.packed import PackedGrid
from disentangle.training.stack import AT_ONCE

CHUNK = 256
"""Images encoded at a time: few enough to stay in a processor's cache."""


@torch.inference_mode()
def encode(
    model: VAE, weights: Sequence[dict[str, Tensor]], grid: PackedGrid, observation: Seen, seed: int
) -> list[dict[str, np.ndarray]]:
    """Return, for each model, ``mean`` and ``logvar`` (N, D) float32 of q(z | x) of one observation x of every image.

    ``weights`` are those of each model, of one architecture. Observations that are random are made with numbers drawn
    from ``seed`` in the order of the grid, on the CPU and once for all models, so that all see the same, whatever
    device encodes them.
    """
    device, count, models = grid.images.device, len(grid), len(weights)
    at_once = AT_ONCE.get(device.type, models)
    stacks = [stack(weights[start : start + at_once]) for start in range(0, models, at_once)]
    stacks = [{name: tensor.to(device) for name, tensor in part.items()} for part in stacks]
    generator = torch.Generator().manual_seed(seed)
    noise, uniform = observation.noise_shape(grid.shape), None
    found = {name: np.empty((models, count, model.latent), np.float32) for name in ("mean", "logvar")}
    for start in range(0, count, CHUNK):
        rows = slice(start, min(start + CHUNK, count))
        index = torch.arange(rows.start, rows.stop, device=device)
        if noise is not None:
            uniform = torch.rand(len(index), *noise, generator=generator).to(device)
        x = observation.observe(grid.batch(index), uniform, grid.shared)
        for part, first in zip(stacks, range(0, models, at_once), strict=True):
            codes = model.encode(part, x.expand(min(at_once, models - first), *x.shape))
            for array, values in zip(found.values(), codes, strict=True):
                array[first : first + at_once, rows] = values.cpu().numpy()
    return [{name: array[k] for name, array in found.items()} for k in range(models)]
