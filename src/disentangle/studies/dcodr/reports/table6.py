"""Kahana & Hoshen 2022, Table 6: what nearest neighbours share on Shapes3D."""

from dataclasses import dataclass

from disentangle.studies.dcodr.analysis.retrieval import Retrieval

NEEDS = {
    "dataset": "shapes3d_by_shape",
    "entries": ["simclr", "lord", "drnet", "ml_vae", "dcodr_norec", "dcodr", "contrast_all"],
    "files": ["codes.npz"],
}
"""The cells this report reads, with their codes for the picture."""
DRAWS = True

INTRODUCTION = """\
# Kahana & Hoshen 2022, Table 6: neighbours on Shapes3D

The domain is the shape. Only the images of the other shapes can agree in every attribute."""


@dataclass(frozen=True)
class Report(Retrieval):
    """Neighbours on Shapes3D."""

    number = 6
    needs = NEEDS
    introduction = INTRODUCTION
