"""Locatello et al. 2019: the common assumptions of unsupervised disentanglement, challenged (arXiv 1811.12359)."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from disentangle.reporting.results import Results, Shown
    from disentangle.studies.locatello.analysis.subject import Subject

PAPER = "Locatello et al. 2019"
TITLE = "Common assumptions in unsupervised disentanglement, challenged anew"
LEAD = (
    "The five key results of Locatello et al. 2019 (arXiv 1811.12359) on our own models: published numbers beside "
    "ours, its theorem as a program, and its claims put to the test."
)
ASKED = (
    "Do methods without supervision disentangle reliably? Does a regularizer make codes independent, do scores agree, "
    "do method and strength matter more than the random seed, can a good model be told without labels, and does a "
    "high score help downstream?"
)
EASY = (
    "Networks, objectives, strengths and scores are stated in full, and the authors' library is public. Data sets are "
    "grids of factors that are encoded once, after which every score is a lookup. The theorem is a short program."
)
HARD = (
    "The models that were released can no longer be had, so that there are tables to compare with and no model. The "
    "published study is of years of a GPU: with few seeds, shares of variance compare only once they are adjusted. "
    "Scores depend on versions of their libraries, which are not told. How the rival of the trial of transfer is "
    "drawn, how its ties count, and the names and signs in a table of unsupervised scores are left open."
)
FAMILY = "vae"
CODES = "mean and log-variance of every image of the grid"
EVALUATED = ("measure",)
PICTURE = "methods_and_seeds"
COMPARED = (
    "mean.beta_vae_score.test",
    "mean.factor_vae_score.test",
    "mean.mig.mig",
    "mean.dci.disentanglement",
    "mean.modularity.as_published",
    "mean.sap.sap",
)


def results(found: "Results", needs: Mapping[str, Any]) -> "Results":  # noqa: ARG001
    """Return what a report of this study is given: its cells as they are, and all tables of the paper."""
    return found


def subject(found: "Shown") -> "Subject":
    """Return what a figure of this study is given: a dataset's images, and models with their codes where it asks."""
    from disentangle.studies.locatello.analysis.subject import Subject

    return Subject.of(found)
