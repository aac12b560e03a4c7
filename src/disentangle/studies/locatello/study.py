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
