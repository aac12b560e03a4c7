"""Kahana & Hoshen 2022: a contrastive objective for learning disentangled representations (DCoDR, ECCV 2022)."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from disentangle import registry
from disentangle.errors import InputError

if TYPE_CHECKING:
    from disentangle.reporting.results import Results
    from disentangle.studies.dcodr.analysis.results import DomainResults

PAPER = "Kahana & Hoshen 2022"
TITLE = "Codes without their domain, by contrast within domains"
LEAD = (
    "Tables 1 to 7 and Fig. 1 of Kahana & Hoshen 2022 (DCoDR, ECCV 2022) beside ours: six methods under one protocol, "
    "how strong a predictor must be to find what a code still tells of its domain, and the paper's claims put to the "
    "test."
)
FAMILY = "class_supervised"
CODES = "a code of every image, and images whose domains are swapped"
EVALUATED = ("probe", "measure")
PICTURE = "table6"


def results(found: "Results", needs: Mapping[str, Any]) -> "DomainResults":
    """Return what a report of this study is given: all tables of the paper, and codes where its NEEDS name them."""
    from disentangle.studies.dcodr.analysis.results import DomainResults

    return DomainResults.of(found, "codes.npz" in needs.get("files", ()))


def check(section: Mapping[str, Any], datasets: Mapping[str, Mapping[str, Any]], where: str) -> None:  # noqa: ARG001
    """Raise InputError for an encoder or a distance that is not there, or options that it does not have."""
    stated = [("", section)]
    stated += [(f".by_dataset.{name}", part) for name, part in section.get("by_dataset", {}).items()]
    stated += [(f".methods.{name}.over", entry.get("over", {})) for name, entry in section["methods"].items()]
    for place, part in stated:
        for key in ("encoder", "generative_encoder"):
            options = dict(part.get("model", {}).get(key, {}))
            if "network" in options:
                registry.check_options("encoders", options.pop("network"), options, f"{where}{place}.model.{key}")
        for entry, options in part.get("methods", {}).items():
            if "distance" in options:
                try:
                    registry.path("distances", options["distance"])
                except InputError as error:
                    raise InputError(f"{where}{place}.methods.{entry}.distance: {error}") from None
