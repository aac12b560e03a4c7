"""Opens variational autoencoders."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from disentangle import registry
from disentangle.data import dataset_files
from disentangle.streams import seed_of
from disentangle.training import checkpoint
from disentangle.training.opened import Images, Opened
from disentangle.training.packed import PackedGrid
from disentangle.training.stacked_step import build_model


def opened(run: Mapping[str, Any], weights: Path, dataset: Path) -> "Autoencoder":
    """Return the model of a cell; see training/opened.py."""
    return Autoencoder(run, checkpoint.read_weights(weights), dataset)


class Autoencoder(Opened):
    """q(z | x) as ``mean`` and ``logvar`` (M, D) float32, and the means of p(x | z)."""

    decoded = "mean"

    def __init__(self, run: Mapping[str, Any], weights: Mapping[str, Tensor], dataset: Path) -> None:
        known, definition = dataset_files.read_known(dataset), dataset_files.read_manifest(dataset)["definition"]
        super().__init__(run, dataset, known["binary"])
        self.weights = _tree(weights)
        self._shared = {name: torch.from_numpy(array) for name, array in known["shared"].items()}
        self._observation = registry.build("datasets", definition["generator"], definition["options"])
        grid = PackedGrid(torch.empty(0), self.shape)  # of which the shape is all that an architecture asks for
        self._model = build_model(run["model"], grid, self._observation)
        self._seed = seed_of(definition["seed"], "observe")
        self.ready()

    def observed(self, images: Images) -> Tensor:
        """Return observations, of which ``encode`` makes its codes.

        Where they are random, the n-th image is observed with the n-th draw that the pipeline makes: all images of the
        grid, in order, are what codes.npz holds the codes of.
        """
        return torch.cat([*self.seen(self.checked(images))])

    def seen(self, images: Images) -> Iterator[Tensor]:
        """Yield observations (m, S, S, C') in [0, 1]."""
        generator, noise = torch.Generator().manual_seed(self._seed), self._observation.noise_shape(self.shape)
        shared = {name: tensor.to(self.device) for name, tensor in self._shared.items()}
        for part in self.parts(images):
            uniform = None if noise is None else torch.rand(len(part), *noise, generator=generator).to(self.device)
            yield self._observation.observe(part.float().div_(255), uniform, shared)

    def codes(self, x: Tensor) -> dict[str, Tensor]:
        """Return both."""
        mean, logvar = self._model.encode(self._stacked(), x[None])
        return {"mean": mean[0], "logvar": logvar[0]}

    def images(self, z: Tensor) -> Tensor:
        """Return the means of pixels, of as many channels as observations have."""
        return self._model.decode(self._stacked(), z[None])[0].sigmoid()

    def _stacked(self) -> dict[str, Tensor]:
        """Return the weights as those of a stack of one model."""
        return {name: weight[None] for name, weight in self.weights.named_parameters()}


def _tree(weights: Mapping[str, Tensor]) -> nn.Module:
    """Return weights as parameters of modules in modules, so that their names are those of the checkpoint."""
    root = nn.Module()
    for name, weight in weights.items():
        *outer, last = name.split(".")
        place = root
        for part in outer:
            if not hasattr(place, part):
                place.add_module(part, nn.Module())
            place = place.get_submodule(part)
        place.register_parameter(last, nn.Parameter(weight))
    return root
