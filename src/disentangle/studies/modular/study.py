"""Valenti & Bacciu 2022: modular representations for weak disentanglement (M-AE)."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from disentangle import registry
from disentangle.data import relations
from disentangle.evaluation.measured_codes import check_measured

if TYPE_CHECKING:
    from disentangle.reporting.results import Results, Shown
    from disentangle.studies.modular.analysis.results import EditResults
    from disentangle.studies.modular.analysis.subject import Subject

PAPER = "Valenti & Bacciu 2022"
TITLE = "A partition for each factor, a few labels, and edits by relation"
LEAD = (
    "Tables 1 and 2 of Valenti & Bacciu 2022 (modular representations, M-AE) beside ours: edits of codes and of "
    "images, what labels do and how many it takes, whether the published accuracy says anything of images, and the "
    "paper's claims put to the test."
)
FAMILY = "weakly_supervised"
GRID = "a grid of factors"
CODES = "codes, decoded factor values, and edited images"
EVALUATED = ("measure",)
PICTURE = "edits"


def results(found: "Results", needs: Mapping[str, Any]) -> "EditResults":
    """Return what a report of this study is given: the cells and, where its NEEDS name codes, what these tell."""
    from disentangle.studies.modular.analysis.results import EditResults

    return EditResults.of(found, "codes.npz" in needs.get("files", ()))


def subject(found: "Shown") -> "Subject":
    """Return what a figure of this study is given: a cell, its codes, and the images that they are of."""
    from disentangle.studies.modular.analysis.subject import Subject

    return Subject.of(found)


def check(section: Mapping[str, Any], datasets: Mapping[str, Mapping[str, Any]], where: str) -> None:
    """Raise InputError for a relation of a factor that no dataset has, and for a metric of what it does not score."""
    told = [_told(definition["generator"], definition["options"]) for definition in datasets.values()]
    grids = [name for name in registry.names("datasets") if registry.constant("datasets", name, "DATA") == GRID]
    elsewhere = [factor for name in grids for factor in _told(name, {})]
    relations.check(section.get("relations", {}), told, elsewhere, f"{where}.relations")
    check_measured(section["measured"], f"{where}.measured")


def _told(generator: str, options: Mapping[str, Any]) -> Mapping[str, int]:
    """Return how many values each factor of a grid has that is told."""
    sizes: Mapping[str, int] = registry.build("datasets", generator, dict(options)).told_sizes
    return sizes
