"""Burns 2021, Table 8: reruns of orthogonality with P on DC-BC, and of the control the paper lacks."""

from dataclasses import dataclass

from disentangle.studies.burns.analysis.reproducibility import ReproducibilityReport

NEEDS = {
    "dataset": "DC-BC",
    "tables": [8],
    "methods": ["infomax", "p_ortho"],
    "lam": [0, 0.1],
    "seeds": "rerun_seeds",
}
"""The cells this report reads: all entries of params.yaml that use one of these methods, at these strengths."""


@dataclass(frozen=True)
class Report(ReproducibilityReport):
    """Table 8 with its missing controls."""

    introduction = """\
# Burns et al. 2021, Table 8

Reproducibility on DC-BC of orthogonality with the permutation P at λ = 0.1: accuracy in percent for digit (DC) and
background (BC) classification from a linear classifier on the projection z or on a half of it, run by run."""
    method = "p_ortho"
    number = 8
