"""Burns 2021, Table 3: accuracy on DC-BC with the orthogonality and Hessian regularizers, and the controls it lacks."""

from dataclasses import dataclass

from disentangle.studies.burns.analysis.accuracy_table import CONTROLS, HALVES, MEASURED, PUBLISHED, AccuracyReport

NEEDS = {
    "dataset": "DC-BC",
    "tables": [3],
    "methods": ["infomax", "ortho", "p_ortho", "hessian"],
}
"""The cells this report reads: all entries of params.yaml that use one of these methods."""


@dataclass(frozen=True)
class Report(AccuracyReport):
    """Table 3 with its missing controls."""

    introduction = """\
# Burns et al. 2021, Table 3

Accuracy in percent for digit (DC) and background (BC) classification on DC-BC, from a linear classifier on the
projection z or on a half of it, with orthogonality (with and without the permutation P) and Hessian regularization."""
    tasks = ("DC", "BC")
    codes = ("z",)
    legend = (CONTROLS, MEASURED, PUBLISHED, HALVES)
