"""The factors of a dataset: each varied alone from one image."""

from dataclasses import dataclass

from disentangle.reporting.grid_sheets import Factors

SECTION = "Data"
NEEDS = {"of": "every dataset", "files": [], "seeds": 0}
"""It shows a dataset, and reads no cell."""


@dataclass(frozen=True)
class Figure(Factors):
    """A line a factor."""
