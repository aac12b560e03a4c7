"""What Burns 2021 propose in sections 4.3.1 and 5 and did not run, beside what they did."""

from dataclasses import dataclass

from disentangle.studies.burns.analysis.accuracy_table import CONTROLS, MEASURED, AccuracyReport

NEEDS = {
    "dataset": "DC-BC",
    "tables": [],
    "methods": ["infomax", "p_ortho", "hessian", "hessian_ortho", "halves_suffice"],
}
"""The cells this report reads: all entries of params.yaml that use one of these methods."""


@dataclass(frozen=True)
class Report(AccuracyReport):
    """The proposals as rows of one table."""

    introduction = """\
# What Burns et al. 2021 propose and did not run

Accuracy in percent for digit (DC) and background (BC) classification on DC-BC, from a linear classifier on the
projection z or on a half of it. *Hessian and Ortho* applies both terms together (section 4.3.1). *Halves suffice* is
the constraint that the full representation performs no better than either half (section 5), alone and beside the
Hessian. The third proposal, to look at the representations, is a figure for every method."""
    tasks = ("DC", "BC")
    codes = ("z",)
    legend = (
        CONTROLS,
        MEASURED,
    )
