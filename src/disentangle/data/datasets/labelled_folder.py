"""Pictures of your own: a table says the domain and the attributes of each."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from disentangle.data.labelled import TEST_SHARE, Labelled, Pictures, labelled, split_in_domains

DATA = "labelled images"
ROLES = ("images",)


@dataclass(frozen=True)
class Dataset:
    """What is not tested on is trained on and fitted on: as the source says or, if it does not, 90% of each domain."""

    image_size: Literal[64, 32] = 64

    def generate(self, sources: Mapping[str, Any], stream: Callable[..., np.random.Generator]) -> Labelled:
        """Return the pictures of ``sources["images"]`` with their labels."""
        pictures: Pictures = sources["images"].load(stream("images"))
        test = pictures.test
        if test is None:
            domain = np.unique(np.array(pictures.words[pictures.domain]), return_inverse=True)[1]
            test = split_in_domains(domain, TEST_SHARE, stream("split"))
        return labelled(pictures, self.image_size, ~test, ~test, test)
