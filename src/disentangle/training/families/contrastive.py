"""Contrastive methods: an encoder with projection heads, trained on pairs of views."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from disentangle import registry
from disentangle.data import dataset_files
from disentangle.data.views import Views
from disentangle.training import checkpoint, loop, plateau
from disentangle.training.batches import ViewPairs
from disentangle.training.encode import encode as codes_of
from disentangle.training.job import Fitted, Job, Trained

DATA = "view pairs"
OPTIONAL = ("projection",)
"""Keys of a study's section that only those methods read whose USES names them."""
STACKED = False
"""Cells that train together share a device, not their kernels."""
COMPILED = True
"""Whether ``--execution compiled`` is one of a step."""


def train(
    jobs: Sequence[Job], dataset: Path, device: torch.device, execution: str, checkpoint_every: float
) -> Iterator[tuple[Job, Trained]]:
    """Train cells of one dataset side by side on one device, each to what it would be alone, and yield each at its end.

    ``execution`` is that of training.step.Step; ``checkpoint_every`` is in seconds.
    """
    held = tuple(dataset_files.read_manifest(dataset)["definition"]["options"]["held"])
    views = _view_pairs(dataset_files.read(dataset, "train"), held, device)
    trainings: dict[loop.Training, Job] = {}
    for job in jobs:
        method = job.config["method"]
        objective = registry.build("methods", method["name"], method["options"])
        training = loop.Training(job.config, objective, views, held, job.resume, job.digest, execution, job.say)
        trainings[training] = job
    for training in loop.fit([*trainings], checkpoint_every):
        yield trainings[training], _trained(trainings[training].config, training.result())


def encode(cells: Sequence[Fitted], dataset: Path, device: torch.device) -> Iterator[dict[str, np.ndarray]]:
    """Yield for each cell the codes of view 0 of every pair of both splits, what probes are trained and tested on.

    Keys are ``<split>_r`` and, with projection heads, ``<split>_z``.
    """
    splits = {split: dataset_files.read(dataset, split).images[:, 0] for split in dataset_files.SPLITS}
    for cell in cells:
        method = cell.run["method"]
        model = loop.build_model(cell.run, registry.build("methods", method["name"], method["options"]).heads)
        checkpoint.load_weights(cell.weights, model)
        codes: dict[str, np.ndarray] = {}
        for split, images in splits.items():
            codes |= {f"{split}_{name}": code for name, code in codes_of(model, images, device).items()}
            print(f"{split}: {len(images)} images", flush=True)
        yield codes


def _view_pairs(split: Views, held: tuple[str, ...], device: torch.device) -> ViewPairs:
    labels = {factor: split.factors[factor][:, 0] for factor in held} | {"joint": split.factors["joint"]}
    on_device = {name: torch.from_numpy(np.ascontiguousarray(label)).to(device) for name, label in labels.items()}
    return ViewPairs(torch.from_numpy(np.array(split.images)).to(device), on_device)


def _trained(config: dict[str, Any], run: loop.Run) -> Trained:
    facts = {
        "status": "diverged" if run.diverged else "done",
        "plateau": plateau.describe(run.history, run.levels),
        "parameters": sum(p.numel() for p in run.model.parameters()),
    }
    images = 2 * config["training"]["batch"]
    return Trained(run.model.state_dict(), run.history, facts, run.seconds, run.steps, images)
