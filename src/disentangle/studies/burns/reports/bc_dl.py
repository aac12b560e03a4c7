"""BC-DL, which Burns 2021 defines and never runs: every method of the paper on background and location."""

from dataclasses import dataclass

from disentangle.studies.burns.analysis.accuracy_table import CONTROLS, MEASURED, AccuracyReport

NEEDS = {
    "dataset": "BC-DL",
    "tables": [],
    "methods": ["supervised", "infomax", "infomin", "ortho", "p_ortho", "hessian"],
}
"""The cells this report reads: all entries of params.yaml that use one of these methods."""


@dataclass(frozen=True)
class Report(AccuracyReport):
    """The table that the paper has no counterpart of."""

    introduction = """\
# BC-DL, the variant that Burns et al. 2021 never run

Accuracy in percent for background (BC) and location (DL) classification on BC-DL, in whose view pairs the digit varies,
from a linear classifier on the representation r, on the projection z, or on a half of one. The paper defines this
variant and shows no result on it. The supervised pipeline has no z."""
    tasks = ("BC", "DL")
    codes = ("r", "z")
    legend = (
        CONTROLS,
        MEASURED,
    )
