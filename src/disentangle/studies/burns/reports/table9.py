"""Burns 2021, Table 9: reruns of the Hessian on DC-BC, and of the control the paper lacks."""

from dataclasses import dataclass

from disentangle.studies.burns.analysis.reproducibility import ReproducibilityReport

NEEDS = {
    "dataset": "DC-BC",
    "tables": [9],
    "methods": ["infomax", "hessian"],
    "lam": [0, 0.1],
    "seeds": "rerun_seeds",
}
"""The cells this report reads: all entries of params.yaml that use one of these methods, at these strengths."""


@dataclass(frozen=True)
class Report(ReproducibilityReport):
    """Table 9 with its missing controls."""

    introduction = """\
# Burns et al. 2021, Table 9

Reproducibility on DC-BC of the Hessian at λ = 0.1: accuracy in percent for digit (DC) and background (BC)
classification from a linear classifier on the projection z or on a half of it, run by run."""
    method = "hessian"
    number = 9
