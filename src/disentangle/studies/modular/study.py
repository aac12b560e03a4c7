"""Valenti & Bacciu 2022: modular representations for weak disentanglement (M-AE)."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from disentangle import registry
from disentangle.data import relations
from disentangle.data.factors import CARS3D, DSPRITES, SHAPES3D, SMALLNORB
from disentangle.data.held_out import how_many
from disentangle.errors import InputError
from disentangle.pipeline import scales

if TYPE_CHECKING:
    from disentangle.reporting.grid_images import GridData
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
ASKED = (
    "Do partitions of a code, one a factor and each held to a mixture of normals that a few labels place, give a "
    "representation that can be edited by relations, and more exactly than one mixture over all combinations of "
    "values?"
)
EASY = (
    "The data are grids that can be rendered. Relations are learned on codes that are drawn from the prior, in "
    "seconds and without an image, and so is the published accuracy computed."
)
HARD = (
    "There is no code of the method: the authors' repository is of the method before it, and does not run as it is. "
    "The text leaves open what ties a partition to its factor, what makes partitions independent, which factors a "
    "variant has, how the reconstruction is summed, on which lambda depends, and which variant and which "
    "implementation the scores are of. Some published scores are above what perfect values can have."
)
FAMILY = "weakly_supervised"
CODES = "codes, decoded factor values, and edited images"
EVALUATED = ("measure",)
PICTURE = "edits"
COMPARED = (
    "*_edits.relation_accuracy.changed",
    "*_edits.relation_accuracy.all",
    "values.value_accuracy.mean",
    "values.dci.disentanglement",
    "values.mig.mig",
    "values.sap.sap",
)


def results(found: "Results", needs: Mapping[str, Any]) -> "EditResults":
    """Return what a report of this study is given: the cells and, where its NEEDS name codes, what these tell."""
    from disentangle.studies.modular.analysis.results import EditResults

    return EditResults.of(found, "codes.npz" in needs.get("files", ()))


def subject(found: "Shown") -> "Subject | GridData":
    """Return what a figure of this study is given: a dataset, or a cell, its codes, and the images that they are of."""
    from disentangle.reporting.grid_images import GridData
    from disentangle.studies.modular.analysis.subject import Subject

    return GridData.of(found) if found.method is None else Subject.of(found)


def check(section: Mapping[str, Any], datasets: Mapping[str, Mapping[str, Any]], where: str) -> None:
    """Raise InputError for a relation of a factor that no dataset has, and for numbers that do not fit a dataset."""
    grids = {name: definition["built"] for name, definition in datasets.items()}
    told = {name: grid.told_sizes for name, grid in grids.items()}
    elsewhere = (*DSPRITES, *SHAPES3D, *CARS3D, *SMALLNORB)
    relations.check(section.get("relations", {}), told.values(), elsewhere, f"{where}.relations")
    for name, grid in grids.items():
        place, stated = f"{where}.by_dataset.{name}", section.get("by_dataset", {}).get(name, {})
        own = scales.laid(section, stated, place, where)
        for entry, options in own["methods"].items():
            if name in options.get("datasets", [name]):
                place = f"{where}.methods.{entry}.over"
                whole = scales.laid(own, options.get("over", {}), place, where)
                uses = registry.constant("methods", options.get("method", entry), "USES")
                _check_fit(whole, grid, uses, f"{where}: of method '{entry}' and dataset '{name}'")


def _check_fit(section: Mapping[str, Any], grid: Any, uses: Sequence[str], whose: str) -> None:
    """Raise InputError unless what a method ``uses`` of a section fits the images of a grid."""
    model, training, told = section["model"], section["training"], grid.told_sizes
    images = grid.count - how_many(grid.count)
    for key in ("labels", "batch"):
        if training[key] > images:
            found = f"training.{key}: found {training[key]}"
            raise InputError(f"{whose}, {found}; allowed: at most {images}, the images to train on.")
    widths, halvings = model["widths"], (grid.image_size & -grid.image_size).bit_length() - 1
    if len(widths) > halvings:
        found = f"model.widths: found {len(widths)}"
        raise InputError(f"{whose}, {found}; allowed: at most {halvings}, which halve {grid.image_size} pixels.")
    if "relations" in uses and not relations.relations_of(section.get("relations", {}), told):
        raise InputError(f"{whose}, relations: found none; allowed: one or more of {', '.join(told)}.")
    if "model.latent" in uses and model["latent"] < len(told):
        found = f"model.latent: found {model['latent']}"
        raise InputError(f"{whose}, {found}; allowed: {len(told)} or more, one a factor.")
