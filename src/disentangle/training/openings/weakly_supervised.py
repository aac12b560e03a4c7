"""Opens weakly supervised models: networks of any kind, of images of a grid of which a few were labelled."""

import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from disentangle import registry
from disentangle.data import dataset_files
from disentangle.data.grid import told_sizes
from disentangle.data.relations import relations_of
from disentangle.errors import InputError
from disentangle.losses.weak_batch import Setting, WeaklySupervised
from disentangle.models.labelled_rows import LabelledRows
from disentangle.training import checkpoint
from disentangle.training.device import place
from disentangle.training.opened import Images, Opened


def opened(run: Mapping[str, Any], weights: Path, dataset: Path) -> "Weak":
    """Return the model of a cell; see training/opened.py."""
    return Weak(run, weights, dataset)


class Weak(Opened):
    """``z`` (M, D), whole codes; ``codes``, what of them is scored; ``values`` (M, K), the factor values they tell."""

    decoded = "z"

    def __init__(self, run: Mapping[str, Any], weights: Path, dataset: Path) -> None:
        known = dataset_files.read_known(dataset)
        super().__init__(run, dataset, known["binary"])
        told = told_sizes(known["sizes"], known["nuisance"])
        relations, images = relations_of(run.get("relations", {}), told), math.prod(known["sizes"].values())
        side, _, channels = self.shape
        self._objective: WeaklySupervised = registry.build("methods", run["method"]["name"], run["method"]["options"])
        setting = Setting(side, channels, tuple(told.values()), images, relations, run["model"], run["training"])
        labelled = LabelledRows(torch.zeros(run["labelled_images"], dtype=torch.int64))
        networks = self._objective.networks(setting, torch.Generator())
        self.networks = nn.ModuleDict({**networks, "labelled": labelled})
        checkpoint.load_weights(weights, self.networks)
        place(self, torch.device("cpu"))
        self.ready()

    def seen(self, images: Images) -> Iterator[Tensor]:
        """Yield images (m, C, S, S) in [0, 1]."""
        return (part.float().div_(255).permute(0, 3, 1, 2) for part in self.parts(images))

    def codes(self, x: Tensor) -> dict[str, Tensor]:
        """Return all three."""
        z = self._objective.codes(self.networks, x).float()
        told = self._objective.told(self.networks, z)
        return {"z": z, "codes": self._objective.scored(self.networks, z), "values": told}

    def images(self, z: Tensor) -> Tensor:
        """Return what the decoder makes of codes; raises InputError of a method without one."""
        made = self._objective.decoded(self.networks, z)
        if made is None:
            raise InputError(f"{self.name} has no decoder.")
        return made.float().clamp(0, 1).permute(0, 2, 3, 1)
