"""Images of a dataset, drawn at random, as models see them."""

from dataclasses import dataclass

from disentangle.reporting.grid_sheets import Samples

SECTION = "Data"
NEEDS = {"of": "every dataset", "files": [], "seeds": 0}
"""It shows a dataset, and reads no cell."""


@dataclass(frozen=True)
class Figure(Samples):
    """Lines of images."""
