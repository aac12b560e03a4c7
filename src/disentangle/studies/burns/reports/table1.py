"""Burns 2021, Table 1: accuracy on DC-BC where each half of r is told its own factor."""

from dataclasses import dataclass

from disentangle.studies.burns.analysis.accuracy_table import MEASURED, PUBLISHED, AccuracyReport

NEEDS = {"dataset": "DC-BC", "tables": [1], "methods": ["supervised"]}
"""The cells this report reads: all entries of params.yaml that use one of these methods."""


@dataclass(frozen=True)
class Report(AccuracyReport):
    """Table 1, the reference of ideal disentanglement."""

    introduction = """\
# Burns et al. 2021, Table 1

Accuracy in percent for digit (DC) and background (BC) classification on DC-BC, from a linear classifier on the
representation r or on a half of it, where InfoMax on r0 is told the digit's class and InfoMax on r1 the background's.
This is what disentanglement should look like: each half at chance on the other's task."""
    tasks = ("DC", "BC")
    codes = ("r",)
    legend = (MEASURED, PUBLISHED)
