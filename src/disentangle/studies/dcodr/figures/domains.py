"""Images of a dataset by domain, drawn at random."""

from dataclasses import dataclass

from disentangle.reporting.labelled_sheets import Domains

SECTION = "Data"
NEEDS = {"of": "every dataset", "files": [], "seeds": 0}
"""It shows a dataset, and reads no cell."""


@dataclass(frozen=True)
class Figure(Domains):
    """A line a domain."""
