"""Kahana & Hoshen 2022: a contrastive objective for learning disentangled representations (DCoDR, ECCV 2022)."""

import ast
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from disentangle import registry
from disentangle.errors import InputError, did_you_mean
from disentangle.pipeline import scales

if TYPE_CHECKING:
    from disentangle.reporting.labelled_sheets import LabelledData
    from disentangle.reporting.results import Results, Shown
    from disentangle.studies.dcodr.analysis.results import DomainResults

PAPER = "Kahana & Hoshen 2022"
TITLE = "Codes without their domain, by contrast within domains"
LEAD = (
    "Tables 1 to 7 and Fig. 1 of Kahana & Hoshen 2022 (DCoDR, ECCV 2022) beside ours: six methods under one protocol, "
    "how strong a predictor must be to find what a code still tells of its domain, and the paper's claims put to the "
    "test."
)
ASKED = (
    "Does it suffice to contrast an image with others of its own domain, with a generator beside, for a code that "
    "tells nothing of the domain and all else, where methods with a generator or an adversary alone leave the domain "
    "in it?"
)
EASY = (
    "Objective, augmentations, predictors and retrieval are short and public. How far apart methods are, from "
    "contrast within domains to contrast over all images, shows after minutes on a small scale."
)
HARD = (
    "Whether a domain is at chance depends on the predictor: near chance the published rule may stop before anything "
    "is learned, and a patient predictor finds more. The weights that encoder and perceptual distance start from must "
    "be fetched, and what stands in for them weighs the reconstruction anew. The other methods have no code in the "
    "authors' repository, nor has the study of augmentations; how many runs a number is of is not stated, and tables "
    "of the main paper are not among those that we have."
)
FAMILY = "class_supervised"
CODES = "a code of every image, and images whose domains are swapped"
EVALUATED = ("probe", "measure")
PICTURE = "table6"
COMPARED = ("predictor.patience *", "codes.retrieval.all")
PREDICTOR = "predictor"
"""The probe that reports and claims read, whatever others stand beside it."""


def results(found: "Results", needs: Mapping[str, Any]) -> "DomainResults":
    """Return what a report of this study is given: all tables of the paper, and codes where its NEEDS name them."""
    from disentangle.studies.dcodr.analysis.results import DomainResults

    return DomainResults.of(found, "codes.npz" in needs.get("files", ()))


def subject(found: "Shown") -> "LabelledData":
    """Return what a figure of this study is given: a dataset, or with it a cell and its codes."""
    from disentangle.reporting.labelled_sheets import LabelledData
    from disentangle.studies.dcodr.analysis.subject import Subject

    return LabelledData.of(found) if found.method is None else Subject.of(found)


def check(section: Mapping[str, Any], datasets: Mapping[str, Mapping[str, Any]], where: str) -> None:
    """Raise InputError for an encoder, a distance, an augmentation or a probe that is not there, or options of none."""
    if PREDICTOR not in section["probes"]:
        found = ", ".join(section["probes"])
        raise InputError(f"{where}.probes: found {found}; needed: {PREDICTOR}, which the reports and claims read.")
    _check_plugins(section, where)
    for dataset in datasets:
        place, stated = f"{where}.by_dataset.{dataset}", section.get("by_dataset", {}).get(dataset, {})
        own = scales.laid(section, stated, place, where)
        _check_plugins(own, place)
        for entry, options in own["methods"].items():
            place = f"{where}.methods.{entry}.over"
            _check_encoders(scales.laid(own, options.get("over", {}), place, where), place)


def _check_encoders(section: Mapping[str, Any], where: str) -> None:
    for key in ("encoder", "generative_encoder"):
        options = dict(section["model"].get(key, {}))
        if isinstance(network := options.pop("network", None), str):  # else the schema tells
            registry.check_options("encoders", network, options, f"{where}.model.{key}")


def _check_plugins(section: Mapping[str, Any], where: str) -> None:
    _check_encoders(section, where)
    for entry, options in section["methods"].items():
        place = f"{where}.methods.{entry}"
        if "distance" in options:
            try:
                registry.path("distances", options["distance"])
            except InputError as error:
                raise InputError(f"{place}.distance: {error}") from None
        for key in {"augmentations", "invariances"} & {*options}:
            _check_augmentations(options[key], f"{place}.{key}")


def _check_augmentations(given: Sequence[str], where: str) -> None:
    """Raise InputError unless all are in the table of them: it is read, as its module imports torch."""
    for node in registry.tree(registry.PACKAGE / "training/image_augment.py").body:
        match node:
            case ast.Assign(targets=[ast.Name(id="AUGMENTATIONS")], value=ast.Dict(keys=keys)):
                known = [str(key.value) for key in keys if isinstance(key, ast.Constant)]
    for name in given:
        if name not in known:
            raise InputError(f"{where}: unknown augmentation '{name}': {did_you_mean(name, known)}")
