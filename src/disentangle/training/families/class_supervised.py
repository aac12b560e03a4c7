"""Class-supervised methods: networks of any kind, trained on images of whose labels they are told the domain alone."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from disentangle import registry
from disentangle.data import dataset_files
from disentangle.data.labelled import Labelled, shown_rows
from disentangle.errors import InputError
from disentangle.losses.labelled_batch import ClassSupervised, Setting
from disentangle.streams import seed_of
from disentangle.training import checkpoint
from disentangle.training.device import place
from disentangle.training.domain_batches import DomainBatches
from disentangle.training.invariance import invariances
from disentangle.training.job import Fitted, Job, Trained
from disentangle.training.labelled_images import LabelledImages, seen
from disentangle.training.phase_step import placed
from disentangle.training.phased_training import PhasedTraining

DATA = "labelled images"
OPTIONAL = (
    "model.encoder",
    "model.generative_encoder",
    "model.domain",
    "model.generator",
    "model.decoder",
    "training.temperature",
    "training.rebuilt",
)
"""Keys of a study's section that only those methods read whose USES names them."""
PLUGINS = {
    "encoders": ("model.encoder.network", "model.generative_encoder.network"),
    "distances": ("method.options.distance",),
}
"""Where a cell's parameters name other plugins, by their kind."""
STACKED = False
"""Cells that train together share a device, not their kernels."""
COMPILED = False
"""Whether ``--execution compiled`` is one of a step."""

INVARIANCE_IMAGES = 2000
"""Test images, at most, on which invariances are measured."""
CHUNK = 256
"""Images encoded at a time."""
SHOWN = 6
"""Images whose contents and domains are swapped for pictures."""


def train(
    jobs: Sequence[Job], dataset: Path, device: torch.device, execution: str, checkpoint_every: float
) -> Iterator[tuple[Job, Trained]]:
    """Train cells of one dataset one after another, and yield each at its end.

    ``execution`` is that of training.phase_step.PhaseStep; ``checkpoint_every`` is in seconds.
    """
    labelled = Labelled(**dataset_files.read_labelled(dataset))
    for job in jobs:
        objective = _objective(job.config)
        chosen = training_rows(labelled, objective.smallest_domain, f"{dataset.name}, {job.config['method']['name']}")
        images = LabelledImages(
            torch.from_numpy(labelled.images[chosen]).to(device),
            torch.from_numpy(labelled.labels[labelled.domain][chosen]).to(device),
        )
        told: dict[str, Any] = {}
        networks = placed(_networks(objective, job.config, labelled, len(chosen)), device)
        distance = None
        if objective.distance:
            distance = place(registry.build("distances", objective.distance, {}).build(), device)
            told["distance"] = registry.constant("distances", objective.distance, "ABOUT")
        batches = DomainBatches(job.config, images, objective, distance)
        # A training that nobody holds lets its recorded step go, and with it the memory that what follows may need.
        run = PhasedTraining(job.config, networks, objective, batches, job.resume, job.digest, execution, job.say).run(
            checkpoint_every
        )
        if objective.invariances:
            rows = np.flatnonzero(labelled.test)[:INVARIANCE_IMAGES]
            tested = torch.from_numpy(labelled.images[rows]).to(device)
            told["invariance"] = invariances(objective, networks, distance, tested, job.config["cell"]["seed"])
        names = dict.fromkeys(name for row in run.history for name in row)
        facts = {
            "status": "diverged" if run.diverged else "done",
            "parameters": sum(weight.numel() for weight in networks.parameters()),
            "training_images": len(chosen),
            "encoders": {
                key: dict(zip(("network", "options"), _encoder(job.config, key), strict=True))
                for key in ("encoder", "generative_encoder")
                if key in job.config["model"]
            },
            **told,
        }
        history = [{name: row.get(name, float("nan")) for name in names} for row in run.history]
        yield job, Trained(networks.state_dict(), history, facts, run.seconds, run.steps, batches.samples)


def encode(cells: Sequence[Fitted], dataset: Path, device: torch.device) -> Iterator[dict[str, np.ndarray]]:
    """Yield for each cell ``codes`` (N, D) float32 of every image and, where it has a generator, what swaps look like.

    ``swapped`` (K, K, S, S, C) uint8 holds in row k and column j the content of image ``swapped_rows`` [j] in the
    domain of image ``swapped_rows`` [k].
    """
    labelled = Labelled(**dataset_files.read_labelled(dataset))
    return (_encode(cell, labelled, device) for cell in cells)


@torch.inference_mode()
def _encode(cell: Fitted, labelled: Labelled, device: torch.device) -> dict[str, np.ndarray]:
    objective = _objective(cell.run)
    networks = nn.ModuleDict(_networks(objective, cell.run, labelled, cell.run["training_images"]))
    checkpoint.load_weights(cell.weights, networks)
    networks = place(networks, device).eval()
    codes = [objective.codes(networks, x).float().cpu().numpy() for x in _chunks(labelled.images, device)]
    print(f"{len(labelled.images)} images", flush=True)
    found = {"codes": np.concatenate(codes)}
    rows = shown_rows(labelled.labels[labelled.domain], labelled.test, SHOWN)
    x = seen(torch.from_numpy(labelled.images[rows]).to(device))
    domain = torch.from_numpy(labelled.labels[labelled.domain][rows]).to(device)
    content = torch.arange(len(rows), device=device).repeat(len(rows))
    other = torch.arange(len(rows), device=device).repeat_interleave(len(rows))
    swapped = objective.swapped(networks, x[content], x[other], domain[other])
    if swapped is not None:
        pictures = (255 * swapped.float().clamp(0, 1)).round().to(torch.uint8).permute(0, 2, 3, 1).cpu().numpy()
        found |= {"swapped": pictures.reshape(len(rows), len(rows), *pictures.shape[1:]), "swapped_rows": rows}
    return found


def training_rows(labelled: Labelled, smallest_domain: int, whose: str) -> np.ndarray:
    """Return the rows (n,) of the images that are trained on: those of domains with at least ``smallest_domain`` ones.

    Raises InputError that names ``whose`` training it is where fewer than two domains are left.
    """
    rows: np.ndarray = np.flatnonzero(labelled.train)
    domain = labelled.labels[labelled.domain][rows]
    count = np.bincount(domain, minlength=len(labelled.values[labelled.domain]))
    rows = rows[count[domain] >= smallest_domain]
    if len(np.unique(labelled.labels[labelled.domain][rows])) < 2:
        raise InputError(f"{whose}: smallest_domain: {smallest_domain} leaves fewer than 2 domains to train on.")
    return rows


def _objective(config: Mapping[str, Any]) -> ClassSupervised:
    objective: ClassSupervised = registry.build("methods", config["method"]["name"], config["method"]["options"])
    return objective


def _networks(
    objective: ClassSupervised, config: Mapping[str, Any], labelled: Labelled, images: int
) -> dict[str, nn.Module]:
    _, side, _, channels = labelled.images.shape
    domains = len(labelled.values[labelled.domain])
    generator = torch.Generator().manual_seed(seed_of(config["cell"]["seed"], "init"))

    def encoder(key: str, size: int, generator: torch.Generator) -> nn.Module:
        network, options = _encoder(config, key)
        built: nn.Module = registry.build("encoders", network, options).build(generator, side, size)
        return built

    return objective.networks(Setting(side, channels, domains, images, config["model"], encoder), generator)


def _encoder(config: Mapping[str, Any], key: str) -> tuple[str, dict[str, Any]]:
    """Return the network that a key of ``model`` names, and its completed options."""
    given = dict(config["model"][key])
    network = given.pop("network")
    return network, registry.check_options("encoders", network, given, f"model.{key}")


def _chunks(images: np.ndarray, device: torch.device) -> Iterator[Tensor]:
    for start in range(0, len(images), CHUNK):
        yield seen(torch.from_numpy(np.array(images[start : start + CHUNK])).to(device))
