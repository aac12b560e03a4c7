"""Pixel error: how far an edited image is from the true image of the values wanted, with all else as it was."""

from dataclasses import dataclass

import numpy as np

from disentangle.evaluation.edits import Edits
from disentangle.evaluation.population import Population

SCORES = ("edited", "still", "rebuilt")

OF = "edits"


@dataclass(frozen=True)
class Metric:
    """Mean over edits of mean_p (a_p - b_p)^2, in [0, 1], of pixels in [0, 1], b being the true image wanted.

    a is the ``edited`` image, the ``still`` one, which is not edited, or b itself as it is ``rebuilt`` by encoding and
    decoding: what an edit must be below, and what it can reach.
    """

    def scores(self, population: Population | Edits, rng: np.random.Generator) -> dict[str, float]:  # noqa: ARG002
        """Return the errors; nan where no image is edited.

        Source: none. Valenti & Bacciu 2022, section 4, score codes of the prior, of which there is no image.
        """
        errors = population.numbers if isinstance(population, Edits) else {}
        known = {key: float(error.mean(dtype=np.float64)) for key, error in errors.items() if error.size}
        return dict.fromkeys(SCORES, float("nan")) | known
