"""Burns 2021, Table 6: accuracy on DC-DL with the orthogonality and Hessian regularizers, and the controls it lacks."""

from dataclasses import dataclass

from disentangle.reporting.accuracy_table import HALVES, MEASURED, PUBLISHED, AccuracyReport

NEEDS = {
    "study": "burns",
    "dataset": "DC-DL",
    "tables": [6],
    "methods": ["infomax", "ortho", "p_ortho", "hessian"],
}
"""The cells this report reads: all entries of params.yaml that use one of these methods."""


@dataclass(frozen=True)
class Report(AccuracyReport):
    """Table 6 with its missing controls."""

    introduction = """\
# Burns et al. 2021, Table 6

Accuracy in percent for digit (DC) and location (DL) classification on DC-DL, from a linear classifier on the
projection z or on a half of it, with orthogonality (with and without the permutation P) and Hessian regularization.
The λ = 0 columns are controls that the paper does not have: the same model without a regularizer."""
    tasks = ("DC", "DL")
    codes = ("z",)
    titles = {
        "infomax": "Control",
        "ortho": "Ortho without P",
        "p_ortho": "Ortho with P",
        "hessian": "Hessian",
    }
    legend = (MEASURED, PUBLISHED, HALVES)
