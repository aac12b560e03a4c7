"""Latent traversals: what a decoder makes of codes that differ in one dimension alone."""

from dataclasses import dataclass

from disentangle.reporting.picked import described
from disentangle.reporting.traversal_pictures import Traversals
from disentangle.reporting.traversals import CAPTION
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
class Figure(Traversals):
    """A block a model, a line a dimension."""

    def text(self, subject: Subject) -> dict[str, str]:
        """Return title, caption and alternative text."""
        of = f"{method_title(str(subject.method))} on {subject.dataset}"
        models = described(subject.picked, subject.cells)
        return {
            "title": f"Traversals of {of}",
            "caption": f"{CAPTION} Of {models}.",
            "alt": f"Lines of images that change along one dimension of the code each, of {models}.",
        }
