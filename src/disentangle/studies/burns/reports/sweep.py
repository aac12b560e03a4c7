"""Every method of params.yaml on DC-BC, on the representation and on the projection."""

from dataclasses import dataclass

from disentangle.studies.burns.analysis.accuracy_table import LESS_CONTROL, MEASURED, AccuracyReport

NEEDS = {"dataset": "DC-BC", "tables": [], "methods": []}
"""The cells this report reads: all of the study; no table of the paper is shown beside them."""


@dataclass(frozen=True)
class Report(AccuracyReport):
    """All accuracies of all methods, a new one included."""

    introduction = """\
# All methods on DC-BC

Accuracy in percent for digit (DC) and background (BC) classification on DC-BC, from each of `probes` on the
representation r, on the projection z, or on a half of one, for every entry under `methods` in `params.yaml`.
A method without projection heads has no z."""
    tasks = ("DC", "BC")
    codes = ("r", "z")
    titles = {}
    legend = (MEASURED, LESS_CONTROL)
