"""The attributes of a dataset: each varied alone from one image, in its domain."""

from dataclasses import dataclass

from disentangle.reporting.labelled_sheets import Attributes

SECTION = "Data"
NEEDS = {"of": "every dataset", "files": [], "seeds": 0}
"""It shows a dataset, and reads no cell."""


@dataclass(frozen=True)
class Figure(Attributes):
    """A line an attribute."""
