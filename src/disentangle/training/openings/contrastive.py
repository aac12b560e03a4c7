"""Opens contrastive encoders with their projection heads."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from disentangle import registry
from disentangle.training import checkpoint, loop
from disentangle.training.batches import normalise
from disentangle.training.device import place
from disentangle.training.opened import Images, Opened


def opened(run: Mapping[str, Any], weights: Path, dataset: Path) -> "Contrastive":
    """Return the model of a cell; see training/opened.py."""
    return Contrastive(run, weights, dataset)


class Contrastive(Opened):
    """``r`` (M, D) and, with projection heads, ``z`` (M, K d), their outputs side by side."""

    def __init__(self, run: Mapping[str, Any], weights: Path, dataset: Path) -> None:
        super().__init__(run, dataset)
        objective = registry.build("methods", run["method"]["name"], run["method"]["options"])
        self.model = loop.build_model(run, objective.heads)
        checkpoint.load_weights(weights, self.model)
        place(self, torch.device("cpu"))
        self.ready()

    def seen(self, images: Images) -> Iterator[Tensor]:
        """Yield images (m, 3, S, S) in [-1, 1]."""
        return map(normalise, self.parts(images))

    def codes(self, x: Tensor) -> dict[str, Tensor]:
        """Return the representation and the projections."""
        r, z = self.model(x)
        return {"r": r, "z": torch.cat(z, 1)} if z else {"r": r}
