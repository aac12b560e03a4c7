"""Edges2Shoes: photographs of shoes and their edge maps; the shoe's type and whom it is for are the attributes.

Kahana and Hoshen 2022 (DCoDR), after Isola et al. 2017. As released, single images are drawn for testing: the
photograph of an edge map that is tested on may be trained on.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from disentangle.data.labelled import TEST_SHARE, Labelled, Pictures, labelled, split_at_random

DATA = "labelled images"
ROLES = ("images",)


@dataclass(frozen=True)
class Dataset:
    """Two domains; a random 90% of all images are trained on and fitted on, the rest tested on."""

    image_size: Literal[64, 32] = 64

    def generate(self, sources: Mapping[str, Any], stream: Callable[..., np.random.Generator]) -> Labelled:
        """Return the pictures of ``sources["images"]`` with their labels."""
        pictures: Pictures = sources["images"].load(stream("images"))
        test = split_at_random(len(pictures.images), TEST_SHARE, stream("split"))
        return labelled(pictures, self.image_size, ~test, ~test, test)
