"""Weakly supervised methods: trained on a grid of factors, of whose images a few are labelled with the told factors."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from disentangle import registry
from disentangle.data import dataset_files
from disentangle.data.grid import Grid, told_sizes, told_values
from disentangle.data.held_out import held_out
from disentangle.data.relations import Relation, relations_of
from disentangle.errors import InputError
from disentangle.losses.weak_batch import Given, Setting, WeaklySupervised
from disentangle.models.labelled_rows import LabelledRows
from disentangle.streams import seed_of
from disentangle.training import checkpoint, edits
from disentangle.training.device import place
from disentangle.training.job import Fitted, Job, Trained
from disentangle.training.packed import PackedGrid
from disentangle.training.phase_step import placed
from disentangle.training.phased_training import PhasedTraining
from disentangle.training.weak_batches import WeakBatches, WeakImages, labelled_rows

DATA = "a grid of factors"
OPTIONAL = (
    "relations",
    "model.partition",
    "model.latent",
    "model.discriminator",
    "model.joint",
    "model.learner",
    "training.warmup",
    "training.relation_batch",
)
"""Keys of a study's section that only those methods read whose USES names them."""
STACKED = False
"""Cells that train together share a device, not their kernels."""
COMPILED = False
"""Whether ``--execution compiled`` is one of a step."""


def train(
    jobs: Sequence[Job], dataset: Path, device: torch.device, execution: str, checkpoint_every: float
) -> Iterator[tuple[Job, Trained]]:
    """Train cells of one dataset one after another, and yield each at its end.

    ``execution`` is that of training.phase_step.PhaseStep; ``checkpoint_every`` is in seconds.
    """
    images, told = _images(dataset, device)
    for job in jobs:
        objective, training = _objective(job.config), job.config["training"]
        trained_on = int((~images.test).sum())
        for key in ("labels", "batch"):
            if training[key] > trained_on:
                raise InputError(
                    f"training.{key}: found {training[key]}; {dataset.name} has {trained_on} images to train on."
                )
        labelled = labelled_rows(images, training["labels"], objective.balanced, job.config["cell"]["seed"])
        networks = placed(_networks(objective, job.config, images, told, dataset.name, labelled), device)
        batches = WeakBatches(job.config, images, objective, labelled)
        run = PhasedTraining(job.config, networks, objective, batches, job.resume, job.digest, execution, job.say).run(
            checkpoint_every
        )
        networks.eval()
        # A last step may ruin weights without a row of losses that tells.
        relations = len(_relations(job.config, told, dataset.name))
        diverged = run.diverged or not _finite(objective, networks, batches.given(), relations)
        if not diverged:
            objective.finish(networks, batches.given())
        names = dict.fromkeys(name for row in run.history for name in row)
        facts = {
            "status": "diverged" if diverged else "done",
            "parameters": sum(weight.numel() for weight in networks.parameters()),
            "training_images": trained_on,
            "labelled_images": len(labelled),
            **objective.facts(networks),
        }
        history = [{name: row.get(name, float("nan")) for name in names} for row in run.history]
        yield job, Trained(networks.state_dict(), history, facts, run.seconds, run.steps, batches.samples)


@torch.inference_mode()
def _finite(objective: WeaklySupervised, networks: nn.ModuleDict, given: Given, relations: int) -> bool:
    """Say whether the codes of all labelled images are finite, and what relations make of them."""
    for x, _ in given:
        z = objective.codes(networks, x).float()
        edited = (objective.edited(networks, z, relation) for relation in range(relations))
        if not all(bool(codes.isfinite().all()) for codes in (z, *edited) if codes is not None):
            return False
    return True


def encode(cells: Sequence[Fitted], dataset: Path, device: torch.device) -> Iterator[dict[str, np.ndarray]]:
    """Yield for each cell what is measured of held-out images, of draws from a prior, and of images that are edited.

    ``rows`` (T,), ``codes`` (T, D) and told ``values`` (T, K) of the images; what else there is, training/edits.py
    describes.
    """
    images, told = _images(dataset, device)
    return (_encode(cell, images, told, dataset.name, device) for cell in cells)


@torch.inference_mode()
def _encode(
    cell: Fitted, images: WeakImages, told: Mapping[str, int], dataset: str, device: torch.device
) -> dict[str, np.ndarray]:
    run = cell.run
    objective = _objective(run)
    unknown = np.zeros(run["labelled_images"], np.int64)
    networks = nn.ModuleDict(_networks(objective, run, images, told, dataset, unknown))
    checkpoint.load_weights(cell.weights, networks)
    networks = place(networks, device).eval()
    rows = np.flatnonzero(images.test)
    codes = [objective.codes(networks, x).float() for x, _ in images.chunks(rows)]
    print(f"{len(rows)} images", flush=True)
    found = {
        "rows": rows,
        "codes": torch.cat([objective.scored(networks, z) for z in codes]).cpu().numpy(),
        "values": torch.cat([objective.told(networks, z) for z in codes]).cpu().numpy(),
    }
    for part, (mean, covariance) in enumerate(objective.components(networks)):
        found |= {f"mean_{part}": mean.cpu().numpy(), f"covariance_{part}": covariance.cpu().numpy()}
    relations = _relations(run, told, dataset)
    found |= edits.of_prior(objective, networks, relations, device)
    return found | edits.of_images(objective, networks, relations, images, rows)


def _images(dataset: Path, device: torch.device) -> tuple[WeakImages, dict[str, int]]:
    """Return a dataset on the device, and how many values each told factor has."""
    grid = Grid(**dataset_files.read_grid(dataset))
    told = told_sizes(grid.sizes, grid.nuisance)
    values = torch.from_numpy(told_values(np.arange(len(grid.images)), grid.sizes, grid.nuisance)).to(device)
    test = held_out(len(grid.images), dataset_files.read_manifest(dataset)["definition"]["seed"])
    return WeakImages(PackedGrid.of(grid, device), grid.sizes, tuple(told), values, test), told


def _objective(config: Mapping[str, Any]) -> WeaklySupervised:
    objective: WeaklySupervised = registry.build("methods", config["method"]["name"], config["method"]["options"])
    return objective


def _relations(config: Mapping[str, Any], told: Mapping[str, int], dataset: str) -> tuple[Relation, ...]:
    """Return the relations of a method that reads them; raises InputError where the dataset has none of them."""
    if "relations" not in config:
        return ()
    found = relations_of(config["relations"], told)
    if not found:
        raise InputError(f"relations: none is of a factor of {dataset}, which has {', '.join(told)}.")
    return found


def _networks(
    objective: WeaklySupervised,
    config: Mapping[str, Any],
    images: WeakImages,
    told: Mapping[str, int],
    dataset: str,
    labelled: np.ndarray,
) -> dict[str, nn.Module]:
    """Return the networks of an objective, and which images are labelled, as a checkpoint holds them."""
    _, side, channels = images.grid.shape
    relations = _relations(config, told, dataset)
    sizes = tuple(told.values())
    setting = Setting(side, channels, sizes, len(images.grid), relations, config["model"], config["training"])
    generator = torch.Generator().manual_seed(seed_of(config["cell"]["seed"], "init"))
    return {**objective.networks(setting, generator), "labelled": LabelledRows(torch.from_numpy(labelled))}
