"""The batches of class-supervised trainings: images of some domains, as they are and augmented."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from disentangle.losses.labelled_batch import ClassSupervised, LabelledBatch
from disentangle.training.image_augment import augment, draw
from disentangle.training.labelled_images import DomainOrder, LabelledImages, seen


class DomainBatches:
    """As phase_step.Batches: the images and domains of ``LabelledImages``, for one objective."""

    purposes: Sequence[str] = ("augment", "noise")

    def __init__(
        self,
        config: Mapping[str, Any],
        images: LabelledImages,
        objective: ClassSupervised,
        distance: nn.Module | None,
    ) -> None:
        training, seed = config["training"], config["cell"]["seed"]
        self._images, self._objective, self._distance = images, objective, distance
        self._training, self._lam = training, config["cell"]["lam"]
        self.device = images.images.device
        domain = images.domain.cpu().numpy()
        self._order = DomainOrder(domain, training["domains"], training["each"], seed, self.device)
        self.samples = self._order.groups * int(training["each"])

    def index(self, step: int) -> Tensor:
        """Return the samples (samples,) int64 of a step, domain by domain."""
        return self._order.index(step)

    def at(self, index: Tensor, generators: Mapping[str, torch.Generator]) -> LabelledBatch:
        """Return images with as many augmented copies as the objective asks for."""
        x = seen(self._images.images.index_select(0, index))
        names = self._objective.augmentations
        copies = tuple(
            augment(x, names, draw(len(x), names, generators["augment"])) for _ in range(self._objective.copies)
        )
        # A method that lacks a key has no use for it: of no number, no loss would be finite.
        return LabelledBatch(
            x,
            copies,
            self._images.domain.index_select(0, index),
            index,
            self._order.groups,
            self._training.get("temperature", math.nan),
            self._lam,
            self._training.get("rebuilt", 0),
            generators["noise"],
            self._distance,
        )

    def given(self) -> Sequence[Any]:
        """Return nothing: every phase starts from what the one before has left."""
        return ()
