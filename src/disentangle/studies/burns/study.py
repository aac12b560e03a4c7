"""Burns et al. 2021: contrastive disentanglement without autoencoding (arXiv 2108.06613)."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from disentangle.errors import InputError

if TYPE_CHECKING:
    from disentangle.reporting.results import Results, Shown
    from disentangle.studies.burns.analysis.results import BurnsResults
    from disentangle.studies.burns.analysis.subject import Subject

PAPER = "Burns et al. 2021"
TITLE = "Unsupervised disentanglement without autoencoding, reproduced"
LEAD = (
    "The tables of Burns et al. 2021 (arXiv 2108.06613) beside ours, with the controls it lacks, its figures drawn "
    "from our data and runs, and its claims put to the test."
)
ASKED = (
    "Can contrastive learning take the factors of pairs of views apart without a decoder? A regularizer (InfoMin, "
    "orthogonality with and without a permutation P, or a Hessian) is to make each half of a projection tell a factor "
    "of its own."
)
EASY = (
    "The authors released what draws their data, so pools, places and classes can be made anew; the losses are a line "
    "each; a linear classifier of frozen codes leaves little to choose."
)
HARD = (
    "No training code was released: batch, steps, optimizer, temperature, initial weights and the training of the "
    "classifier are not stated, and are taken from other projects of the authors. The equations leave open which "
    "samples are a pair, how often P is drawn, and whether the Hessian is of a sample or a batch. Most settings have "
    "a single run and none is without a regularizer, so that the published differences cannot be told from chance. A "
    "small encoder stays on its plateau unless backgrounds are dimmed and the outputs of the head are standardised."
)
FAMILY = "contrastive"
CODES = "r and z of view 0"
EVALUATED = (
    "probe",
    "measure",
)
NOT_TRAINING = ("rerun_seeds",)
REPORTS = ""
"""Its reports lie in reports/ itself."""
PICTURE = "pairs"
COMPARED = ("logistic.z*",)
NEEDS = ("tables",)


def results(found: "Results", needs: Mapping[str, Any]) -> "BurnsResults":
    """Return what a report of this study is given; its NEEDS name the ``tables`` of the paper that it shows."""
    from disentangle.studies.burns.analysis.results import BurnsResults

    return BurnsResults.of(found, needs.get("tables", ()))


def subject(found: "Shown") -> "Subject":
    """Return what a figure of this study is given: test pairs, and codes where it asks for them."""
    from disentangle.studies.burns.analysis.subject import Subject

    return Subject.of(found)


def check(section: Mapping[str, Any], datasets: Mapping[str, Mapping[str, Any]], where: str) -> None:
    """Raise InputError for numbers of its section of params.yaml that do not fit each other or its datasets."""
    encoder, training = section["encoder"], section["training"]
    if len(encoder["blocks"]) != len(encoder["widths"]):
        raise InputError(f"{where}.encoder: blocks and widths need one number a stage each.")
    if training["warmup"] > training["steps"]:
        raise InputError(f"{where}.training.warmup: found {training['warmup']}; allowed: <= steps.")
    for name, definition in datasets.items():
        pairs, batch = definition["options"]["train_pairs"], training["batch"]
        if batch > pairs:
            raise InputError(f"{where}.training.batch: found {batch}; {name} has only {pairs} train_pairs.")
