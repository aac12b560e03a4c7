"""Opens class-supervised models: networks of any kind, of images whose domain was told in training."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from disentangle import registry
from disentangle.data import dataset_files
from disentangle.errors import InputError
from disentangle.losses.labelled_batch import ClassSupervised, Setting
from disentangle.training import checkpoint
from disentangle.training.device import place
from disentangle.training.labelled_images import seen
from disentangle.training.opened import CHUNK, Images, Opened


def opened(run: Mapping[str, Any], weights: Path, dataset: Path) -> "Domains":
    """Return the model of a cell; see training/opened.py."""
    return Domains(run, weights, dataset)


class Domains(Opened):
    """``codes`` (M, D) float32; a generator is given a code and a domain, so it has ``swap`` instead of ``decode``."""

    def __init__(self, run: Mapping[str, Any], weights: Path, dataset: Path) -> None:
        super().__init__(run, dataset)
        known = dataset_files.read_manifest(dataset)["labelled"]
        domains = len(dict(known["values"])[known["domain"]])
        self._objective: ClassSupervised = registry.build("methods", run["method"]["name"], run["method"]["options"])
        side, _, channels = self.shape
        setting = Setting(side, channels, domains, run["training_images"], run["model"], self._encoder)
        self.networks = nn.ModuleDict(self._objective.networks(setting, torch.Generator()))
        checkpoint.load_weights(weights, self.networks)
        place(self, torch.device("cpu"))
        self.ready()

    def seen(self, images: Images) -> Iterator[Tensor]:
        """Yield images (m, 3, S, S) in [0, 1]."""
        return map(seen, self.parts(images))

    def codes(self, x: Tensor) -> dict[str, Tensor]:
        """Return what is evaluated."""
        return {"codes": self._objective.codes(self.networks, x).float()}

    def decode(self, codes: Images) -> Tensor:  # noqa: ARG002
        """Raise InputError: no generator of this family is given codes alone."""
        generates = type(self._objective).swapped is not ClassSupervised.swapped
        instead = " that is given codes alone: use swap(images, others, domains)" if generates else ""
        raise InputError(f"{self.name} has no decoder{instead}.")

    def swap(self, images: Images, others: Images, domains: Images) -> Tensor:
        """Return the contents of ``images`` in the domains of ``others``, (M, S, S, C) in [0, 1].

        Both are as of ``encode``; ``domains`` (M,) int64 are the values of the domain of ``others``. Raises InputError
        for arrays of different lengths, and of a method without a generator.
        """
        images, others, told = self.checked(images), self.checked(others), torch.as_tensor(domains)
        if not len(images) == len(others) == len(told) or told.dtype != torch.int64 or told.ndim != 1:
            raise InputError(
                f"swap: found {len(images)} images, {len(others)} others and domains {told.dtype} {tuple(told.shape)}; "
                "allowed: as many of each, domains int64 (M,)."
            )
        found = []
        for x, other, domain in zip(self.seen(images), self.seen(others), torch.split(told, CHUNK), strict=True):
            made = self._objective.swapped(self.networks, x, other, domain.to(self.device))
            if made is None:
                raise InputError(f"{self.name} has no generator.")
            found.append(made.float().clamp(0, 1).permute(0, 2, 3, 1))
        return torch.cat(found)

    def _encoder(self, key: str, size: int, generator: torch.Generator) -> nn.Module:
        """Build what a key of ``model`` names, without pre-trained weights: the checkpoint has its own."""
        told = self.run["encoders"][key]
        weights = registry.options("encoders", told["network"]).get("weights")
        without = {"weights": "none"} if weights and "none" in weights.choices else {}
        encoder = registry.build("encoders", told["network"], told["options"] | without)
        network: nn.Module = encoder.build(generator, self.shape[0], size)
        return network
