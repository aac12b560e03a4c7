"""CelebA: faces, with the person as the domain and landmarks as what is predicted.

Kahana and Hoshen 2022 (DCoDR): an encoder is trained on the people of the official training part; predictors are fitted
and tested on others, those of the official testing part of whom there is more than one picture, 70% to 30%.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np

from disentangle.data.labelled import Labelled, Pictures, labelled, split_in_domains
from disentangle.errors import InputError

DATA = "labelled images"
ROLES = ("images",)

TEST_SHARE = 0.3
"""Of the pictures of each person of the testing part."""


@dataclass(frozen=True)
class Dataset:
    """Colour images; ``landmarks`` are in pixels of the image, whatever its size."""

    image_size: Literal[64, 32] = 64

    def generate(self, sources: Mapping[str, Any], stream: Callable[..., np.random.Generator]) -> Labelled:
        """Return the pictures of ``sources["images"]`` but for those that nothing is done with.

        Raises InputError unless the source tells the people of the testing part, as ``Pictures.test``.
        """
        pictures: Pictures = sources["images"].load(stream("images"))
        if pictures.test is None:
            raise InputError("images: the source does not say which people are for testing.")
        words = np.array(pictures.words[pictures.domain])
        _, person, count = np.unique(words, return_inverse=True, return_counts=True)
        used = ~pictures.test | (count[person] > 1)
        evaluated = pictures.test[used]
        test = np.zeros(len(evaluated), bool)
        test[evaluated] = split_in_domains(person[used][evaluated], TEST_SHARE, stream("split"))
        numbers = {name: found[used] * (self.image_size / 64) for name, found in pictures.numbers.items()}
        chosen = replace(
            pictures, images=pictures.images[used], words={pictures.domain: [*words[used]]}, numbers=numbers
        )
        return labelled(chosen, self.image_size, ~evaluated, evaluated & ~test, test)
