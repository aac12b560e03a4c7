"""What an objective with few labels is told of one batch of images, and what it says of its training and its codes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from disentangle.data.relations import Relation
from disentangle.losses.phased import Networks, Phased

Given = Sequence[tuple[Tensor, Tensor]]
"""All labelled images (m, C, S, S) with their factor values (m, K), part by part."""


@dataclass(frozen=True)
class WeakBatch:
    """B images without labels, b of the labelled ones, drawn with replacement, and perhaps B partners of the first."""

    x: Tensor
    """(B, C, S, S) in [0, 1]."""
    row: Tensor
    """(B,) int64: which image of the dataset each is."""
    labelled: Tensor
    """(b, C, S, S) in [0, 1]."""
    labelled_row: Tensor
    """(b,) int64."""
    values: Tensor
    """(b, K) int64: the told factors of ``labelled``."""
    partner: Tensor
    """(B, C, S, S): images that differ from ``x`` in some factors; (0, C, S, S) where no objective asks for them."""
    lam: float
    generators: Mapping[str, torch.Generator]
    """The run's streams "noise", "prior" and "relation", on the device of ``x``."""

    def normal(self, like: Tensor) -> Tensor:
        """Draw numbers from N(0, 1), as many as ``like`` has."""
        return torch.randn(like.shape, generator=self.generators["noise"], device=like.device, dtype=like.dtype)


class Setting(NamedTuple):
    """What the networks of an objective must fit."""

    side: int
    channels: int
    sizes: tuple[int, ...]
    """How many values each told factor has."""
    images: int
    """Of the dataset."""
    relations: tuple[Relation, ...]
    model: Mapping[str, Any]
    """The key ``model`` of the study's section."""
    training: Mapping[str, Any]


class WeaklySupervised(Phased):
    """What every objective of this kind has; methods/<name>.py override what differs.

    A code z is (M, D). What is None in the end, a method cannot do.
    """

    balanced: bool = False
    """Whether as many images of each combination of factor values are labelled, as far as that goes."""
    changed: int | None = None
    """Of objectives of pairs: in how many factors a partner differs, 0: in a random number of them."""

    def networks(self, setting: Setting, generator: torch.Generator) -> dict[str, nn.Module]:
        """Return the networks by name, their weights drawn from ``generator``."""
        raise NotImplementedError

    def begin(self, phase: str, networks: Networks, given: Given) -> None:
        """Change what a phase starts from, such as a prior that labelled images tell."""

    def finish(self, networks: Networks, given: Given) -> None:
        """Set what a trained method needs to tell factor values from codes, where that is not trained."""

    def losses(self, networks: Networks, batch: WeakBatch, phase: str) -> dict[str, Tensor]:
        """Return the losses that a phase names, and their terms, as scalars."""
        raise NotImplementedError

    def codes(self, networks: Networks, x: Tensor) -> Tensor:
        """Return the codes (M, D) of images (M, C, S, S)."""
        raise NotImplementedError

    def scored(self, networks: Networks, z: Tensor) -> Tensor:  # noqa: ARG002
        """Return what of a code is scored as the representation; by default all of it."""
        return z

    def told(self, networks: Networks, z: Tensor) -> Tensor:
        """Return the factor values (M, K) int64 that codes tell."""
        raise NotImplementedError

    def decoded(self, networks: Networks, z: Tensor) -> Tensor | None:  # noqa: ARG002
        """Return the images (M, C, S, S) in [0, 1] of codes, None without a decoder."""
        return None

    def edited(self, networks: Networks, z: Tensor, relation: int) -> Tensor | None:  # noqa: ARG002
        """Return codes to which the relation of this number is applied, None of a method that cannot."""
        return None

    def drawn(self, networks: Networks, count: int, generator: torch.Generator) -> tuple[Tensor, Tensor] | None:  # noqa: ARG002
        """Return codes (count, D) drawn from a prior, and their factor values (count, K), None without such a prior."""
        return None

    def components(self, networks: Networks) -> list[tuple[Tensor, Tensor]]:  # noqa: ARG002
        """Return means (V, d) and covariances (V, d, d) of the prior's components, partition by partition, if any."""
        return []

    def facts(self, networks: Networks) -> dict[str, Any]:  # noqa: ARG002
        """Return what run.json tells of a trained method beside what it tells of all."""
        return {}
