"""Kahana & Hoshen 2022, Table 4: what codes tell of Shapes3D."""

from dataclasses import dataclass

from disentangle.studies.dcodr.analysis.prediction import Prediction

NEEDS = {
    "dataset": "shapes3d_by_shape",
    "entries": ["simclr", "lord", "drnet", "ml_vae", "dcodr_norec", "dcodr", "contrast_all"],
}
"""The cells this report reads."""

INTRODUCTION = """\
# Kahana & Hoshen 2022, Table 4: what codes tell of Shapes3D

The domain is the shape, of four. A code should not tell it, and should tell everything else."""


@dataclass(frozen=True)
class Report(Prediction):
    """Domain and attributes of Shapes3D."""

    number = 4
    needs = NEEDS
    introduction = INTRODUCTION
