"""Latent traversals: what a decoder makes of codes that differ in one dimension alone."""

from dataclasses import dataclass

from disentangle.reporting.picked import described
from disentangle.reporting.traversal_pictures import Traversals
from disentangle.reporting.traversals import CAPTION
from disentangle.studies.modular.analysis.results import title_of
from disentangle.studies.modular.analysis.subject import Subject

SECTION = "Images decoded"
NEEDS = {
    "of": "every method",
    "methods": ["modular", "weak", "few_labels", "zerodim"],
    "files": ["run.json", "metrics.json", "checkpoint.safetensors", "codes.npz"],
    "seeds": None,
}
"""It shows the best, the median and the worst model of a method that decodes, and reads these files of each."""
ANIMATED = True


@dataclass(frozen=True)
class Figure(Traversals):
    """A block a model, a line a dimension."""

    def text(self, subject: Subject) -> dict[str, str]:
        """Return title, caption and alternative text."""
        models = described(subject.picked, subject.cells)
        named = " Dimensions are called by the partition that they are of." if subject.names else ""
        return {
            "title": f"Traversals of {title_of(subject.method)} on {subject.dataset}",
            "caption": f"{CAPTION}{named} Of {models}.",
            "alt": f"Lines of images that change along one dimension of the code each, of {models}.",
        }
