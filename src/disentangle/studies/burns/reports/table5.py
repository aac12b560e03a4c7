"""Burns 2021, Table 5: accuracy on DC-DL with the InfoMin regularizer, and the control it lacks."""

from dataclasses import dataclass

from disentangle.studies.burns.analysis.accuracy_table import CONTROLS, MEASURED, PUBLISHED, AccuracyReport

NEEDS = {"dataset": "DC-DL", "tables": [5], "methods": ["infomax", "infomin"]}
"""The cells this report reads: all entries of params.yaml that use one of these methods."""


@dataclass(frozen=True)
class Report(AccuracyReport):
    """Table 5 with its missing control, on the representation and on the projection."""

    introduction = """\
# Burns et al. 2021, Table 5

Accuracy in percent for digit (DC) and location (DL) classification on DC-DL with the InfoMin regularizer, from a
linear classifier on the representation r, on the projection z, or on a half of one. The paper gives one run, on r
alone, and does not say with which λ: its numbers stand beside both."""
    tasks = ("DC", "DL")
    codes = ("r", "z")
    legend = (CONTROLS, MEASURED, PUBLISHED)
