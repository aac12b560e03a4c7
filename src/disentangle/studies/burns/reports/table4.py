"""Burns 2021, Table 4: accuracy on DC-DL where each half of r is told its own factor."""

from dataclasses import dataclass

from disentangle.studies.burns.analysis.accuracy_table import MEASURED, PUBLISHED, AccuracyReport

NEEDS = {"dataset": "DC-DL", "tables": [4], "methods": ["supervised"]}
"""The cells this report reads: all entries of params.yaml that use one of these methods."""


@dataclass(frozen=True)
class Report(AccuracyReport):
    """Table 4, the reference of ideal disentanglement on DC-DL."""

    introduction = """\
# Burns et al. 2021, Table 4

Accuracy in percent for digit (DC) and location (DL) classification on DC-DL, from a linear classifier on the
representation r or on a half of it, where InfoMax on r0 is told the digit's class and InfoMax on r1 its location.
This is what disentanglement should look like: each half at chance on the other's task."""
    tasks = ("DC", "DL")
    codes = ("r",)
    legend = (MEASURED, PUBLISHED)
