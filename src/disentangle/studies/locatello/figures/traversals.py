"""Latent traversals: what a decoder makes of codes that differ in one dimension alone."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib.figure import Figure as Drawing

from disentangle.reporting import traversal_pictures, traversals
from disentangle.reporting.picked import described
from disentangle.studies.locatello.analysis.results import method_title
from disentangle.studies.locatello.analysis.subject import Subject

SECTION = "Images decoded"
NEEDS = {
    "of": "every method",
    "without": ["untrained"],
    "files": ["run.json", "metrics.json", "checkpoint.safetensors", "codes.npz"],
    "seeds": None,
}
"""It shows the best, the median and the worst model of a method, and reads these files of each."""
ANIMATED = True


@dataclass(frozen=True)
class Figure:
    """A block a model, a line a dimension."""

    def table(self, subject: Subject) -> pd.DataFrame:
        """Return one row a (model, dimension, step): what it carries, and the value that is decoded."""
        return traversals.rows(subject.traversals)

    def draw(self, subject: Subject, table: pd.DataFrame) -> Drawing:  # noqa: ARG002
        """Draw the models one below another."""
        return traversal_pictures.draw(subject.traversals)

    def frames(self, subject: Subject, table: pd.DataFrame) -> tuple[np.ndarray, float]:  # noqa: ARG002
        """Return frames (L, H, W, 3) uint8, and seconds of each."""
        return traversal_pictures.frames(subject.traversals)

    def text(self, subject: Subject) -> dict[str, str]:
        """Return title, caption and alternative text."""
        of = f"{method_title(str(subject.method))} on {subject.dataset}"
        models = described(subject.picked, subject.cells)
        return {
            "title": f"Traversals of {of}",
            "caption": f"{traversals.CAPTION} Of {models}.",
            "alt": f"Lines of images that change along one dimension of the code each, of {models}.",
        }
