"""What a class-supervised objective is told of one batch of labelled images, and what it says of its training."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from disentangle.losses.phased import Networks, Phased, Phases


@dataclass(frozen=True)
class LabelledBatch:
    """B = ``groups`` P images, P of each of some domains, domain by domain, as they are and augmented."""

    x: Tensor
    """(B, 3, S, S) in [0, 1]; grey images have three equal channels."""
    copies: tuple[Tensor, ...]
    """As many augmented copies of ``x`` as the objective asks for, each image with a draw of its own."""
    domain: Tensor
    """(B,) int64."""
    row: Tensor
    """(B,) int64: which of the training images each is."""
    groups: int
    temperature: float
    lam: float
    rebuilt: int
    """How many images of each domain a generator is trained on."""
    generator: torch.Generator
    """The run's "noise" stream, on the device of ``x``."""
    distance: Callable[[Tensor, Tensor], Tensor] | None = None
    """The perceptual distance (M,) of images (M, 3, S, S), for objectives that name one."""

    def some(self, part: Tensor) -> Tensor:
        """Return of (B, ...) the rows of the first ``rebuilt`` images of each domain; their order is random."""
        return self.grouped(part)[:, : self.rebuilt].flatten(0, 1)

    def grouped(self, part: Tensor) -> Tensor:
        """Return (B, ...) as (groups, P, ...)."""
        return torch.unflatten(part, 0, (self.groups, -1))

    def perceived(self, rebuilt: Tensor, x: Tensor) -> Tensor:
        """Return the mean perceptual distance of images (M, C, S, S) from those (M, 3, S, S) that they rebuild."""
        assert self.distance is not None
        return self.distance(rebuilt.expand_as(x), x).mean()

    def normal(self, like: Tensor) -> Tensor:
        """Draw numbers from N(0, 1), as many as ``like`` has."""
        return torch.randn(like.shape, generator=self.generator, device=like.device, dtype=like.dtype)


class Setting(NamedTuple):
    """What the networks of an objective must fit."""

    side: int
    channels: int
    domains: int
    images: int
    """Training images."""
    model: Mapping[str, Any]
    """The key ``model`` of the study's section."""
    encoder: Callable[[str, int, torch.Generator], nn.Module]
    """Builds what a key of ``model`` names, a network from images (M, 3, side, side) to (M, size), given the size."""


class ClassSupervised(Phased):
    """What every class-supervised objective has; methods/<name>.py override what differs."""

    phases: Phases = {"joint": {"loss": ("encoder",)}}
    copies: int = 0
    """Augmented copies that it asks for of each image."""
    augmentations: Sequence[str] = ()
    """Of which a copy gets one."""
    distance: str = ""
    """File name in models/distances, of objectives with a perceptual distance."""
    invariances: Sequence[str] = ()
    """Augmentations of which it is measured, once it is trained, how they move what it makes of an image."""
    smallest_domain: int = 0
    """Domains with fewer training images are left out of its training."""

    def networks(self, setting: Setting, generator: torch.Generator) -> dict[str, nn.Module]:
        """Return the networks by name, their weights drawn from ``generator``."""
        raise NotImplementedError

    def codes(self, networks: Networks, x: Tensor) -> Tensor:
        """Return the codes (M, D) of images (M, 3, S, S) that are evaluated."""
        raise NotImplementedError

    def rebuilt(self, networks: Networks, x: Tensor) -> Tensor:
        """Return what becomes of images (M, 3, S, S): (M, C, S, S); objectives with ``invariances`` have it."""
        raise NotImplementedError

    def swapped(self, networks: Networks, x: Tensor, other: Tensor, domain: Tensor) -> Tensor | None:  # noqa: ARG002
        """Return images (M, C, S, S) of the contents of ``x`` in the domains of ``other``, None without a generator.

        ``x`` and ``other`` are (M, 3, S, S), ``domain`` (M,) is that of ``other``.
        """
        return None
