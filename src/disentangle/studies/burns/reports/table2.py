"""Burns 2021, Table 2: accuracy on DC-BC with the InfoMin regularizer, and the control it lacks."""

from dataclasses import dataclass

from disentangle.studies.burns.analysis.accuracy_table import CONTROLS, MEASURED, PUBLISHED, AccuracyReport

NEEDS = {"dataset": "DC-BC", "tables": [2], "methods": ["infomax", "infomin"]}
"""The cells this report reads: all entries of params.yaml that use one of these methods."""


@dataclass(frozen=True)
class Report(AccuracyReport):
    """Table 2 with its missing control, on the representation and on the projection."""

    introduction = """\
# Burns et al. 2021, Table 2

Accuracy in percent for digit (DC) and background (BC) classification on DC-BC with the InfoMin regularizer, from a
linear classifier on the representation r, on the projection z, or on a half of one."""
    tasks = ("DC", "BC")
    codes = ("r", "z")
    legend = (CONTROLS, MEASURED, PUBLISHED)
