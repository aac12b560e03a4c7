"""Variational autoencoders: trained on the images of a factor grid, drawn i.i.d., many cells in one stack."""

import hashlib
import itertools
import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from disentangle import registry
from disentangle.data import dataset_files
from disentangle.data.grid import Grid
from disentangle.streams import seed_of
from disentangle.training import checkpoint, stack
from disentangle.training.job import Fitted, Job, Trained
from disentangle.training.packed import PackedGrid
from disentangle.training.posteriors import encode as posteriors_of
from disentangle.training.stacked_step import build_model

DATA = "a grid of factors"
OPTIONAL = ("training.discriminator",)
"""Keys of a study's section that only those methods read whose USES names them."""
STACKED = True
"""Cells of one dataset and method that train together share every kernel launch."""
COMPILED = True
"""Whether ``--execution compiled`` is one of a step."""
ENCODED = 32
"""Cells encoded at once, whose codes wait in memory till all are made: of dSprites, 59 MB each."""


def train(
    jobs: Sequence[Job], dataset: Path, device: torch.device, execution: str, checkpoint_every: float
) -> Iterator[tuple[Job, Trained]]:
    """Train cells of one dataset and method in one stack, each to what it would be alone, and yield them at the end.

    ``execution`` is that of training.stacked_step.Step; ``checkpoint_every`` is in seconds.
    """
    configs = [job.config for job in jobs]
    method, batch = configs[0]["method"], configs[0]["training"]["batch"]
    training = stack.StackedTraining(
        configs,
        registry.build("methods", method["name"], method["options"]),
        _on_device(dataset, device),
        _observation(dataset),
        jobs[0].resume,
        hashlib.sha256(" ".join(job.digest for job in jobs).encode()).hexdigest(),
        execution,
        jobs[0].say,
    )
    for job, cell in zip(jobs, training.run(checkpoint_every), strict=True):
        facts = {
            "status": "diverged" if cell.diverged else "done",
            "final": {name: None if math.isnan(value) else value for name, value in cell.final.items()},
            "parameters": sum(weight.numel() for weight in cell.weights.values()),
        }
        yield job, Trained(cell.weights, cell.history, facts, cell.seconds, cell.steps, batch)


def encode(cells: Sequence[Fitted], dataset: Path, device: torch.device) -> Iterator[dict[str, np.ndarray]]:
    """Yield for each cell ``mean`` and ``logvar`` (N, D) float32 of q(z | x) of every image of the grid, in its order.

    Where observations are random, each image is observed once, with the same noise for every model of the dataset.
    """
    grid, observation = _on_device(dataset, device), _observation(dataset)
    seed = seed_of(dataset_files.read_manifest(dataset)["definition"]["seed"], "observe")
    for architecture, alike in itertools.groupby(cells, lambda cell: cell.run["model"]):
        model, left = build_model(architecture, grid, observation), [*alike]
        for start in range(0, len(left), ENCODED):
            weights = [checkpoint.read_weights(cell.weights) for cell in left[start : start + ENCODED]]
            print(f"{len(grid)} images, {len(weights)} cells", flush=True)
            yield from posteriors_of(model, weights, grid, observation, seed)


def _on_device(dataset: Path, device: torch.device) -> PackedGrid:
    return PackedGrid.of(Grid(**dataset_files.read_grid(dataset)), device)


def _observation(dataset: Path) -> Any:
    definition = dataset_files.read_manifest(dataset)["definition"]
    return registry.build("datasets", definition["generator"], definition["options"])
